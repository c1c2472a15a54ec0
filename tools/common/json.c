// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* How many bytes of well-formed UTF-8 the text begins with; 0 if it begins with none. */
static size_t utf8_length(const unsigned char *text)
{
	size_t length = *text < 0x80	   ? 1
			: *text >> 5 == 6  ? 2
			: *text >> 4 == 14 ? 3
			: *text >> 3 == 30 ? 4
					   : 0;
	for (size_t i = 1; i < length; i++)
		if (text[i] >> 6 != 2)
			return 0;
	bool overlong = (length == 2 && text[0] < 0xc2) ||
			(length == 3 && text[0] == 0xe0 && text[1] < 0xa0) ||
			(length == 4 && text[0] == 0xf0 && text[1] < 0x90);
	bool surrogate = length == 3 && text[0] == 0xed && text[1] > 0x9f;
	bool beyond = length == 4 && (text[0] > 0xf4 || (text[0] == 0xf4 && text[1] > 0x8f));
	return overlong || surrogate || beyond ? 0 : length;
}

void write_string(FILE *out, const char *string)
{
	const unsigned char *text = (const unsigned char *)string;
	if (!string) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	while (*text) {
		size_t length = utf8_length(text);
		if (length == 0)
			fprintf(out, "\\ufffd");
		else if (*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\u%04x", *text);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fwrite(text, 1, length, out);
		text += length ? length : 1;
	}
	putc('"', out);
}

void write_member(FILE *out, const char *key, const char *string)
{
	fprintf(out, ",\"%s\":", key);
	write_string(out, string);
}

int document_begin(struct document *document)
{
	document->text = NULL;
	document->out = open_memstream(&document->text, &document->length);
	return document->out ? 0 : -1;
}

int document_print(struct document *document)
{
	bool complete = !ferror(document->out);
	if (fclose(document->out) != 0 || !complete) {
		free(document->text);
		return -1;
	}
	size_t written = fwrite(document->text, 1, document->length, stdout);
	free(document->text);
	return written == document->length ? 0 : -1;
}
