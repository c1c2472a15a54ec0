// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"

void log_event(const char *event, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	size_t used = (size_t)snprintf(line, sizeof(line), "event=%s ", event);
	va_start(arguments, format);
	int length = vsnprintf(line + used, sizeof(line) - used, format, arguments);
	va_end(arguments);
	used += length > 0 ? (size_t)length : 0;
	if (used > sizeof(line) - 1)
		used = sizeof(line) - 1;
	line[used++] = '\n';
	/* In one piece; if nobody can read it, nobody can be told. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

const char *log_quote(const char *text)
{
	static char quoted[768];
	size_t used = 0;
	quoted[used++] = '"';
	for (; *text && used < sizeof(quoted) - 4; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			quoted[used++] = '\\';
		/* Lines of complaints become one. */
		if (c == '\n' && !text[1])
			break;
		quoted[used++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
	}
	quoted[used++] = '"';
	quoted[used] = '\0';
	return quoted;
}
