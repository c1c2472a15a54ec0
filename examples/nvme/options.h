/* SPDX-License-Identifier: MIT */
#ifndef NVME_READ_OPTIONS_H
#define NVME_READ_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments.h"

struct options {
	struct basic_options basic;
	const char *device;
	const char *out;    /* NULL: nowhere; "-": stdout */
	uint32_t namespace; /* 0: the first there is */
	uint64_t lba;
	uint64_t count; /* 0: all to the end */
	bool identify;
};

/* 0 or, with one line on stderr, EXIT_USAGE. */
int options_parse(int argc, char **argv, struct options *ret_options);

#endif
