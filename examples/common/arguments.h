/* SPDX-License-Identifier: MIT */
/* Arguments of a command line. Each returns 0 or, after one line on stderr, EXIT_USAGE. */
#ifndef EXAMPLE_ARGUMENTS_H
#define EXAMPLE_ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

/* name is that of the option, for the message. Decimal, or hexadecimal with 0x. */
int parse_number(const char *name, const char *text, uint64_t least, uint64_t most,
		 uint64_t *ret_value);
/* Seconds, also as "0.25"; at most a day. */
int parse_seconds(const char *name, const char *text, uint64_t least_ms, uint64_t *ret_ms);
/* Whether it looks like a PCI address; whether there is such a device, the library finds out. */
int check_address(const char *text);

/* What every program takes, besides options of its own. */
struct basic_options {
	uint32_t backend; /* --backend: a VIOC_BACKEND_* */
	bool json;	  /* --json */
	bool help;	  /* --help: the text was printed, and the program is done */
};

struct arguments {
	const char *help;
	/* The program's own, for getopt_long(), at most ARGUMENTS_MAX; their values are not b, j or h. */
	const struct option *options;
	int (*take)(int option, const char *value, void *arg);
	void *arg;
};

#define ARGUMENTS_MAX 16

/* Sets *basic and hands the other options to take(); argv[optind] is what follows them. */
int parse_options(int argc, char **argv, const struct arguments *arguments,
		  struct basic_options *basic);
/* After the options: the one thing that is left, a PCI address. */
int parse_device(int argc, char **argv, const char **ret_device);

#endif
