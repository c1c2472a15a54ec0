/* SPDX-License-Identifier: MIT */
/* A string that grows. After a failed allocation it stays empty and says so at the end. */
#ifndef VIOCI_TEXT_H
#define VIOCI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define VIOCI_PRINTF(index, first) __attribute__((format(printf, index, first)))

struct vioci_text {
	char *data;
	size_t length;
	size_t capacity;
	bool failed;
};

void vioci_text_addv(struct vioci_text *text, const char *format, va_list args) VIOCI_PRINTF(2, 0);
void vioci_text_add(struct vioci_text *text, const char *format, ...) VIOCI_PRINTF(2, 3);

/* The string, the caller's to free, or NULL if memory ran out. The text is empty again. */
char *vioci_text_take(struct vioci_text *text);

#endif
