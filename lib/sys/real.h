/* SPDX-License-Identifier: MIT */
/* The parts of the real operating system's operations, see sys.h for what they do. */
#ifndef VIOCI_REAL_H
#define VIOCI_REAL_H

#include "sys/sys.h"

/* Moves an fd away from 0, 1 and 2. It is closed on failure. */
int vioci_real_keep(int fd);

/* memory.c */
int vioci_real_make_memory(void *data, const char *name, uint64_t page_size, uint64_t length);
int vioci_real_dup(void *data, int fd);
int vioci_real_get_file(void *data, int fd, struct vioci_memory_file *ret_file);
int vioci_real_reserve(void *data, size_t length, void **ret_address);
int vioci_real_mmap_fixed(void *data, int fd, void *address, size_t length, int prot,
			  uint64_t offset);
int vioci_real_advise_huge(void *data, void *address, size_t length);
int vioci_real_bind_memory(void *data, void *address, size_t length, uint32_t node, bool strict);
int vioci_real_populate(void *data, void *address, size_t length, bool write);

#endif
