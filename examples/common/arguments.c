// SPDX-License-Identifier: MIT
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/container.h>

#include "arguments.h"
#include "message.h"

#define BUS_DEVICE_FUNCTION "%*2[0-9a-fA-F]:%*2[0-9a-fA-F].%*1[0-7]"

/* strtoull() alone takes spaces, signs, octal, and what follows the number. */
int parse_number(const char *name, const char *text, uint64_t least, uint64_t most,
		 uint64_t *ret_value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	char *end;

	errno = 0;
	unsigned long long value = strtoull(digits, &end, hex ? 16 : 10);
	if (!isxdigit((unsigned char)digits[0]) || *end || end == digits ||
	    (hex && strpbrk(digits, "xX")))
		return fail_usage("%s: \"%s\" is not a number", name, text);
	if (errno || value < least || value > most)
		return fail_usage("%s: %s is not between %llu and %llu", name, text,
				  (unsigned long long)least, (unsigned long long)most);
	*ret_value = value;
	return 0;
}

int parse_seconds(const char *name, const char *text, uint64_t least_ms, uint64_t *ret_ms)
{
	char *end;
	double seconds = isdigit((unsigned char)text[0]) ? strtod(text, &end) : -1;
	if (seconds < 0 || *end || strpbrk(text, "xXeE"))
		return fail_usage("%s: \"%s\" is not a number of seconds", name, text);
	if (seconds * 1000 < (double)least_ms || seconds > 86400)
		return fail_usage("%s: %s is not between %g and 86400", name, text,
				  (double)least_ms / 1000);
	*ret_ms = (uint64_t)(seconds * 1000 + 0.5);
	return 0;
}

static int parse_backend(const char *text, uint32_t *ret_backend)
{
	if (vioc_backend_from_name(text, ret_backend) < 0)
		return fail_usage("--backend: \"%s\" is none of auto, legacy, iommufd, compat",
				  text);
	return 0;
}

int check_address(const char *text)
{
	int used = 0;
	(void)sscanf(text, "%*8[0-9a-fA-F]:" BUS_DEVICE_FUNCTION "%n", &used);
	if (!used)
		(void)sscanf(text, BUS_DEVICE_FUNCTION "%n", &used);
	if (used && !text[used])
		return 0;
	return fail_usage("\"%s\" is no PCI address: write it as 0000:01:00.0 or 01:00.0", text);
}

static int take(int option, char **argv, const struct arguments *arguments,
		struct basic_options *basic)
{
	switch (option) {
	case 'b':
		return parse_backend(optarg, &basic->backend);
	case 'j':
		basic->json = true;
		return 0;
	case 'h':
		basic->help = true;
		fputs(arguments->help, stdout);
		return 0;
	case ':':
		return fail_usage("%s needs a value (see --help)", argv[optind - 1]);
	case '?':
		return fail_usage("unknown option %s (see --help)", argv[optind - 1]);
	default:
		return arguments->take(option, optarg, arguments->arg);
	}
}

int parse_options(int argc, char **argv, const struct arguments *arguments,
		  struct basic_options *basic)
{
	struct option known[ARGUMENTS_MAX + 4] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
	};
	int option, result = 0;

	for (int i = 0; arguments->options[i].name; i++) {
		assert(i < ARGUMENTS_MAX);
		known[3 + i] = arguments->options[i];
	}
	*basic = (struct basic_options){ .backend = VIOC_BACKEND_AUTO };
	while (result == 0 && !basic->help &&
	       (option = getopt_long(argc, argv, ":h", known, NULL)) != -1)
		result = take(option, argv, arguments, basic);
	return result;
}

int parse_device(int argc, char **argv, const char **ret_device)
{
	if (argc - optind != 1)
		return fail_usage("%s PCI address given (see --help)",
				  argc == optind ? "no" : "more than one");
	*ret_device = argv[optind];
	return check_address(*ret_device);
}
