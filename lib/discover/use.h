/* SPDX-License-Identifier: MIT */
/* Finding out what a device is used for. */
#ifndef VIOCI_USE_H
#define VIOCI_USE_H

#include "discover/discover.h"
#include "discover/findings.h"

struct vioci_uses {
	struct vioc_ctx *ctx;
	const struct vioc_enumerator *enumerator;
	struct vioc_found_device device;
	struct vioci_findings findings;
};

/* A draft of a finding; error is 0 for a note. */
struct vioci_diag_draft vioci_use_begin(const struct vioci_uses *uses, int error, uint32_t reason);

/* Calls fn for the device's entries in /sys/class/CLASS; non-zero stops and becomes the result. */
int vioci_use_list(const struct vioci_uses *uses, const char *class, vioci_list_fn fn, void *arg);

/* use_net.c */
void vioci_use_network(struct vioci_uses *uses);
/* use_disk.c */
void vioci_use_disks(struct vioci_uses *uses);

/*
 * What the first blocks of a disk show: "ext2", "GPT partition table"; NULL if nothing that is known.
 * -errno: they can't be read. (signature.c)
 */
int vioci_find_signature(const struct vioci_sys *sys, int fd, const char **ret_name);

#endif
