// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>

#include "core/text.h"

static void fail(struct vioci_text *text)
{
	free(text->data);
	*text = (struct vioci_text){ .failed = true };
}

static bool reserve(struct vioci_text *text, size_t extra)
{
	size_t needed = text->length + extra + 1;
	if (needed <= text->capacity)
		return true;
	size_t capacity = needed * 2;
	char *data = realloc(text->data, capacity);
	if (!data) {
		fail(text);
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void vioci_text_addv(struct vioci_text *text, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	if (length < 0)
		fail(text);
	else if (!text->failed && reserve(text, (size_t)length)) {
		vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
		text->length += (size_t)length;
	}
	va_end(again);
}

void vioci_text_add(struct vioci_text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vioci_text_addv(text, format, args);
	va_end(args);
}

char *vioci_text_take(struct vioci_text *text)
{
	if (!text->data)
		vioci_text_add(text, "%s", "");
	char *data = text->data;
	*text = (struct vioci_text){ .failed = text->failed };
	return data;
}
