// SPDX-License-Identifier: MIT
/*
 * libFuzzer's target for the bytes of a bundle. What the parser takes must make sense, and come out
 * of the writer as it went in.
 */
#include <stdlib.h>
#include <string.h>

#include "fds/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void check(const struct vioci_content *content, const uint8_t *data, size_t size)
{
	expect(vioci_content_size(content) == size);
	unsigned char *again = malloc(size);
	expect(again);
	vioci_content_write(content, again);
	expect(memcmp(again, data, size) == 0);
	free(again);
	for (size_t i = 0; i < content->n_fds; i++)
		expect(content->fds[i].fd == -1 && strlen(content->fds[i].device) < 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vioci_content content;
	const char *mistake = NULL;
	uint32_t n_fds = 0;
	/* As many fds came as it says; any other number is refused at once. */
	if (size >= sizeof(n_fds))
		memcpy(&n_fds, data, sizeof(n_fds));
	int error = vioci_content_parse(data, size, n_fds, &content, &mistake);
	if (error == 0) {
		check(&content, data, size);
		vioci_content_free(NULL, &content);
	} else {
		expect(mistake != NULL);
	}
	return 0;
}
