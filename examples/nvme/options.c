// SPDX-License-Identifier: MIT
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

static int parse_namespace(const char *text, uint32_t *ret_namespace)
{
	uint64_t value;
	/* The highest id means "all". */
	int result = parse_number("--namespace", text, 1, UINT32_MAX - 1, &value);
	if (result == 0)
		*ret_namespace = (uint32_t)value;
	return result;
}

static int take_option(int option, const char *value, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'n':
		return parse_namespace(value, &options->namespace);
	case 'l':
		return parse_number("--lba", value, 0, UINT64_MAX, &options->lba);
	case 'c':
		return parse_number("--count", value, 1, UINT64_MAX, &options->count);
	case 'o':
		options->out = value;
		return 0;
	case 'i':
		options->identify = true;
		return 0;
	}
	return 0;
}

static int check(const struct options *options)
{
	if (options->identify && (options->out || options->lba || options->count))
		return fail_usage("--identify reads no blocks: no --lba, --count or --out");
	if (options->out && !*options->out)
		return fail_usage("--out: the name is empty");
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	static const struct option known[] = {
		{ "namespace", required_argument, NULL, 'n' },
		{ "lba", required_argument, NULL, 'l' },
		{ "count", required_argument, NULL, 'c' },
		{ "out", required_argument, NULL, 'o' },
		{ "identify", no_argument, NULL, 'i' },
		{ 0 },
	};
	struct options options = { 0 };
	const struct arguments arguments = { help, known, take_option, &options };
	int result = parse_options(argc, argv, &arguments, &options.basic);

	if (result == 0 && !options.basic.help)
		result = parse_device(argc, argv, &options.device);
	if (result == 0 && !options.basic.help)
		result = check(&options);
	if (result == 0)
		*ret_options = options;
	return result;
}
