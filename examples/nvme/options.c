// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdio.h>

#include <libvioc/container.h>

#include "arguments.h"
#include "message.h"
#include "options.h"

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
	default:
		return fail_option(option, argv);
	}
}

static int check(const struct options *options, int n_arguments)
{
	if (!n_arguments)
		return fail_usage("no PCI address given (see --help)");
	if (n_arguments > 1)
		return fail_usage("more than one PCI address given (see --help)");
	if (options->identify && (options->out || options->lba || options->count))
		return fail_usage("--identify reads no blocks: no --lba, --count or --out");
	if (options->out && !*options->out)
		return fail_usage("--out: the name is empty");
	return check_address(options->device);
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
