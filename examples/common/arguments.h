/* SPDX-License-Identifier: MIT */
/* Arguments of a command line. Each returns 0 or, after one line on stderr, EXIT_USAGE. */
#ifndef EXAMPLE_ARGUMENTS_H
#define EXAMPLE_ARGUMENTS_H

#include <stdint.h>

/* name is that of the option, for the message. Decimal, or hexadecimal with 0x. */
int parse_number(const char *name, const char *text, uint64_t least, uint64_t most,
		 uint64_t *ret_value);
/* A VIOC_BACKEND_*, by its name. */
int parse_backend(const char *text, uint32_t *ret_backend);
/* Whether it looks like a PCI address; whether there is such a device, the library finds out. */
int check_address(const char *text);
/* For what getopt_long() returns when it does not know an option, or misses its value. */
int fail_option(int option, char **argv);

#endif
