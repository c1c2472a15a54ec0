/* SPDX-License-Identifier: MIT */
/* JSON, made in memory, so that nobody gets a part of a document. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdio.h>

struct document {
	FILE *out;
	char *text;
	size_t length;
};

/* 0 or -1. */
int document_begin(struct document *document);
/* Prints it on stdout, and ends it. 0; -1: it could not be made or written as a whole. */
int document_print(struct document *document);

/* A string in quotes, whatever bytes it has; null for NULL. */
void write_string(FILE *out, const char *string);
/* The same as a member of an object, after another. */
void write_member(FILE *out, const char *key, const char *string);

#endif
