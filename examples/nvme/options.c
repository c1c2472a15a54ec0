// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/container.h>

#include "options.h"

#define BUS_DEVICE_FUNCTION "%*2[0-9a-fA-F]:%*2[0-9a-fA-F].%*1[0-7]"

static const char help[] =
	"usage: nvme-read [OPTION]... BDF\n"
	"Reads blocks of the NVMe controller at PCI address BDF (0000:01:00.0), which a vfio\n"
	"driver must hold, with a driver of its own on top of libvioc.\n"
	"\n"
	"  --backend NAME  auto, legacy, iommufd or compat (default: auto)\n"
	"  --namespace N   namespace id (default: the first there is)\n"
	"  --lba N         first logical block (default: 0)\n"
	"  --count M       logical blocks (default: all to the end)\n"
	"  --out FILE      write them to FILE, - is stdout (default: read only)\n"
	"  --identify      only say what controller and namespaces there are\n"
	"  --json          report on stdout as one line of JSON (with --out -: on stderr)\n"
	"  --help          this text\n"
	"\n"
	"Numbers are decimal, or hexadecimal with 0x.\n"
	"Exit status: 0 fine, 1 failed, 2 bad arguments.\n";

void options_help(void)
{
	fputs(help, stdout);
}

int options_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("nvme-read: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return EXIT_USAGE;
}

/* strtoull() alone takes spaces, signs, octal, and what follows the number. */
static int parse_number(const char *name, const char *text, uint64_t least, uint64_t most,
			uint64_t *ret_value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	char *end;

	errno = 0;
	unsigned long long value = strtoull(digits, &end, hex ? 16 : 10);
	if (!isxdigit((unsigned char)digits[0]) || *end || end == digits ||
	    (hex && strpbrk(digits, "xX")))
		return options_fail("%s: \"%s\" is not a number", name, text);
	if (errno || value < least || value > most)
		return options_fail("%s: %s is not between %llu and %llu", name, text,
				    (unsigned long long)least, (unsigned long long)most);
	*ret_value = value;
	return 0;
}

static int parse_backend(const char *text, uint32_t *ret_backend)
{
	if (vioc_backend_from_name(text, ret_backend) < 0)
		return options_fail("--backend: \"%s\" is none of auto, legacy, iommufd, compat",
				    text);
	return 0;
}

static int parse_namespace(const char *text, uint32_t *ret_namespace)
{
	uint64_t value;
	/* The highest id means "all". */
	int result = parse_number("--namespace", text, 1, UINT32_MAX - 1, &value);
	if (result == 0)
		*ret_namespace = (uint32_t)value;
	return result;
}

static int parse_option(int option, char **argv, struct options *options)
{
	switch (option) {
	case 'b':
		return parse_backend(optarg, &options->backend);
	case 'n':
		return parse_namespace(optarg, &options->namespace);
	case 'l':
		return parse_number("--lba", optarg, 0, UINT64_MAX, &options->lba);
	case 'c':
		return parse_number("--count", optarg, 1, UINT64_MAX, &options->count);
	case 'o':
		options->out = optarg;
		return 0;
	case 'i':
		options->identify = true;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	case ':':
		return options_fail("%s needs a value (see --help)", argv[optind - 1]);
	default:
		return options_fail("unknown option %s (see --help)", argv[optind - 1]);
	}
}

/* Whether it looks like one; whether there is such a device, the library finds out. */
static bool is_address(const char *text)
{
	int used = 0;
	(void)sscanf(text, "%*8[0-9a-fA-F]:" BUS_DEVICE_FUNCTION "%n", &used);
	if (!used)
		(void)sscanf(text, BUS_DEVICE_FUNCTION "%n", &used);
	return used && !text[used];
}

static int check(const struct options *options, int n_arguments)
{
	if (!n_arguments)
		return options_fail("no PCI address given (see --help)");
	if (n_arguments > 1)
		return options_fail("more than one PCI address given (see --help)");
	if (!is_address(options->device))
		return options_fail("\"%s\" is no PCI address: write it as 0000:01:00.0 or 01:00.0",
				    options->device);
	if (options->identify && (options->out || options->lba || options->count))
		return options_fail("--identify reads no blocks: no --lba, --count or --out");
	if (options->out && !*options->out)
		return options_fail("--out: the name is empty");
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	static const struct option known[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "namespace", required_argument, NULL, 'n' },
		{ "lba", required_argument, NULL, 'l' },
		{ "count", required_argument, NULL, 'c' },
		{ "out", required_argument, NULL, 'o' },
		{ "identify", no_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options options = { .backend = VIOC_BACKEND_AUTO };
	int option, result;

	while ((option = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
		result = parse_option(option, argv, &options);
		if (result || options.help) {
			*ret_options = options;
			return result;
		}
	}
	options.device = argv[optind];
	result = check(&options, argc - optind);
	if (result)
		return result;
	*ret_options = options;
	return 0;
}
