/* SPDX-License-Identifier: MIT */
/* What a program needs of devices, as open fds: opening it, and sending it to another process. */
#ifndef TOOLS_HANDOUT_H
#define TOOLS_HANDOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <libvioc/vioc.h>

#define HANDOUT_DEVICES 64
#define HANDOUT_FDS	(1 + HANDOUT_DEVICES)

/* The first one is the container or iommufd; then there is one for each device. */
struct handout {
	struct handout_fd {
		char name[32];	 /* "iommufd", "dev0", "container", "group0" */
		char device[16]; /* "0000:01:00.0"; empty for the first */
		int fd;		 /* the same one for devices of one group */
	} fds[HANDOUT_FDS];
	size_t n;
	uint32_t backend; /* which it came to; never auto */
};

struct handout_request {
	const char *devices[HANDOUT_DEVICES]; /* with or without domain */
	size_t n_devices;
	uint32_t backend;    /* VIOC_BACKEND_* */
	uint32_t accounting; /* VIOC_MEMLOCK_*; NONE: per process where that may be set */
};

/*
 * Opens it all. On failure nothing is open, and why is written to complaints: a line for each reason,
 * and indented ones with what to do. Returns 0 or -errno.
 */
int handout_open(struct vioc_ctx *ctx, const struct handout_request *request, FILE *complaints,
		 struct handout *ret_handout);
void handout_close(struct handout *handout);

/* The PCI address as the kernel writes it, with domain and in small letters. False: it is none. */
bool handout_full_name(const char *name, char ret_name[16]);

#endif
