// SPDX-License-Identifier: MIT
/* The command line. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ls.h"

static void print_help(void)
{
	puts("usage: vioc-ls [OPTION...] [DEVICE...]\n"
	     "Lists PCI devices with their IOMMU groups, and says which VFIO can open.\n"
	     "\n"
	     "  -a, --all             bridges too\n"
	     "  -o, --output LIST     these columns; with a leading +, after the default ones\n"
	     "  -O, --output-all      all columns\n"
	     "  -J, --json            everything, as JSON\n"
	     "  -n, --noheadings      without a line of headings\n"
	     "  -r, --raw             without padding\n"
	     "  -p, --paths           nodes as full paths\n"
	     "  -t, --tree            by IOMMU, group and device\n"
	     "      --topology        by bridge\n"
	     "  -i, --iommus          IOMMUs in place of devices\n"
	     "  -v, --verbose         with -i, the fields of their registers\n"
	     "      --features        what this kernel can do\n"
	     "      --watch           what there is, then what changes, until it is ended\n"
	     "      --json-lines      with --watch, each event as a line of JSON\n"
	     "      --holders         which process has which device open\n"
	     "      --ids             numbers in place of names\n"
	     "      --color WHEN      auto, always or never\n"
	     "      --sysroot DIR     the machine whose /sys is in DIR\n"
	     "  -V, --version\n"
	     "  -h, --help\n"
	     "\n"
	     "Only devices that match all of:\n"
	     "  -s, --slot [[[DOMAIN:]BUS:]DEVICE][.FUNCTION]\n"
	     "  -d, --device [VENDOR]:[DEVICE][:CLASS]\n"
	     "  -c, --class CLASS     network, storage, nvme, display, audio, usb, accelerator, or "
	     "0c03\n"
	     "  -D, --driver DRIVER   \"\" for none\n"
	     "  -g, --group GROUP\n"
	     "      --ready           VFIO can open it\n"
	     "      --blocked         it is bound to VFIO, but can't be opened\n"
	     "\n"
	     "Or, of one device, everything that keeps VFIO from opening it, and what to do:\n"
	     "      --why DEVICE\n"
	     "      --as USER         for that user\n"
	     "      --backend NAME    legacy, iommufd, compat, or auto: whichever would do\n"
	     "      --memory BYTES    with that much mapped; k, M, G and T may follow\n"
	     "\n"
	     "Exit status: 0 fine, 1 error, 2 bad usage, 3 can't be opened (--why); of the named "
	     "devices 32 none, 64 some "
	     "found.\n"
	     "\n"
	     "Columns:");
	for (size_t i = 0; i < ls_n_columns; i++)
		printf("  %-12s %s\n", ls_columns[i].name, ls_columns[i].help);
}

__attribute__((noreturn)) static void refuse(const char *what, const char *value)
{
	fprintf(stderr, "vioc-ls: %s: \"%s\" (see --help)\n", what, value);
	exit(LS_USAGE);
}

static void set_group(struct ls_options *options, const char *text)
{
	char *end;
	unsigned long group = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || group > UINT32_MAX)
		refuse("no group number", text);
	options->filter.group = (uint32_t)group;
	options->filter.flags |= VIOC_ENUMERATE_GROUP;
}

static void set_class(struct ls_options *options, const char *text)
{
	if (!ls_class_is_known(text))
		refuse("no such class", text);
	options->class = text;
}

static void set_columns(struct ls_options *options, const char *text)
{
	size_t indexes[LS_MAX_COLUMNS];
	if (ls_columns_parse(text, indexes) < 0)
		exit(LS_USAGE);
	options->columns = text;
}

static void set_colour(struct ls_options *options, const char *when)
{
	if (strcmp(when, "auto") == 0)
		options->colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	else if (strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
		options->colour = *when == 'a';
	else
		refuse("neither auto, always nor never", when);
}

/* All of them, in one list. */
static const char *all_columns(void)
{
	static char list[1024];
	size_t used = 0;
	for (size_t i = 0; i < ls_n_columns; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? "," : "",
					 ls_columns[i].name);
	return list;
}

enum {
	OPT_TOPOLOGY = 256,
	OPT_HOLDERS,
	OPT_FEATURES,
	OPT_WATCH,
	OPT_JSON_LINES,
	OPT_IDS,
	OPT_COLOUR,
	OPT_SYSROOT,
	OPT_READY,
	OPT_BLOCKED,
	OPT_WHY,
	OPT_AS,
	OPT_BACKEND,
	OPT_MEMORY
};

static const struct option long_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "output", required_argument, NULL, 'o' },
	{ "output-all", no_argument, NULL, 'O' },
	{ "json", no_argument, NULL, 'J' },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "raw", no_argument, NULL, 'r' },
	{ "paths", no_argument, NULL, 'p' },
	{ "tree", no_argument, NULL, 't' },
	{ "topology", no_argument, NULL, OPT_TOPOLOGY },
	{ "iommus", no_argument, NULL, 'i' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "holders", no_argument, NULL, OPT_HOLDERS },
	{ "features", no_argument, NULL, OPT_FEATURES },
	{ "watch", no_argument, NULL, OPT_WATCH },
	{ "json-lines", no_argument, NULL, OPT_JSON_LINES },
	{ "ids", no_argument, NULL, OPT_IDS },
	{ "color", required_argument, NULL, OPT_COLOUR },
	{ "sysroot", required_argument, NULL, OPT_SYSROOT },
	{ "slot", required_argument, NULL, 's' },
	{ "device", required_argument, NULL, 'd' },
	{ "class", required_argument, NULL, 'c' },
	{ "driver", required_argument, NULL, 'D' },
	{ "group", required_argument, NULL, 'g' },
	{ "ready", no_argument, NULL, OPT_READY },
	{ "blocked", no_argument, NULL, OPT_BLOCKED },
	{ "why", required_argument, NULL, OPT_WHY },
	{ "as", required_argument, NULL, OPT_AS },
	{ "backend", required_argument, NULL, OPT_BACKEND },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void set_backend(struct ls_options *options, const char *name)
{
	if (vioc_backend_from_name(name, &options->backend) < 0)
		refuse("neither auto, legacy, iommufd nor compat", name);
}

static void set_memory(struct ls_options *options, const char *text)
{
	char *end;
	unsigned long long bytes = strtoull(text, &end, 10);
	const char *units = "kMGT", *unit = *end ? strchr(units, *end) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	if (*text < '0' || *text > '9' || end[unit != NULL] || bytes > UINT64_MAX >> shift)
		refuse("no number of bytes", text);
	options->memory = (uint64_t)bytes << shift;
}

static void take_question(struct ls_options *options, int option)
{
	switch (option) {
	case OPT_WHY:
		options->why = optarg;
		break;
	case OPT_AS:
		options->as = optarg;
		break;
	case OPT_BACKEND:
		set_backend(options, optarg);
		break;
	case OPT_MEMORY:
		set_memory(options, optarg);
		break;
	default:
		exit(LS_USAGE);
	}
}

static void take_filter(struct ls_options *options, int option)
{
	switch (option) {
	case 's':
		options->filter.slot = optarg;
		break;
	case 'd':
		options->filter.id = optarg;
		break;
	case 'c':
		set_class(options, optarg);
		break;
	case 'D':
		options->filter.driver = optarg;
		break;
	case 'g':
		set_group(options, optarg);
		break;
	case OPT_READY:
		options->only_ready = true;
		break;
	case OPT_BLOCKED:
		options->only_blocked = true;
		break;
	default:
		take_question(options, option);
	}
}

static void take_option(struct ls_options *options, int option)
{
	switch (option) {
	case 'a':
		options->filter.flags |= VIOC_ENUMERATE_BRIDGES;
		break;
	case 'o':
		set_columns(options, optarg);
		break;
	case 'O':
		options->columns = all_columns();
		break;
	case 'J':
		options->json = true;
		break;
	case 'n':
		options->no_headings = true;
		break;
	case 'r':
		options->raw = true;
		break;
	case 'p':
		options->full_paths = true;
		break;
	case 't':
		options->view = LS_TREE;
		break;
	case OPT_TOPOLOGY:
		options->view = LS_TOPOLOGY;
		options->filter.flags |= VIOC_ENUMERATE_BRIDGES;
		break;
	case 'i':
		options->view = LS_UNITS;
		break;
	case 'v':
		options->verbose = true;
		break;
	case OPT_HOLDERS:
		options->view = LS_HOLDERS;
		break;
	case OPT_FEATURES:
		options->features = true;
		break;
	case OPT_WATCH:
		options->watch = true;
		break;
	case OPT_JSON_LINES:
		options->json_lines = true;
		break;
	case OPT_IDS:
		options->filter.flags &= ~VIOC_ENUMERATE_NAMES;
		break;
	case OPT_COLOUR:
		set_colour(options, optarg);
		break;
	case OPT_SYSROOT:
		options->sysroot = optarg;
		break;
	case 'V':
		printf("vioc-ls, libvioc %s\n", vioc_version());
		exit(0);
	case 'h':
		print_help();
		exit(0);
	default:
		take_filter(options, option);
	}
}

/* What the library has to look for: only what is shown. */
static uint64_t what_is_wanted(const struct ls_options *options)
{
	size_t indexes[LS_MAX_COLUMNS];
	uint64_t flags = 0;
	if (options->json || options->json_lines)
		return VIOC_ENUMERATE_HOLDERS | VIOC_ENUMERATE_DETAILS;
	if (options->view == LS_HOLDERS)
		return VIOC_ENUMERATE_HOLDERS;
	int n = ls_columns_parse(options->columns, indexes);
	for (int i = 0; i < n; i++)
		flags |= ls_columns[indexes[i]].wants;
	return flags;
}

void ls_parse(struct ls_options *options, int argc, char **argv)
{
	int option;
	options->filter = (struct vioc_enumerator_opts)VIOC_SIZED(vioc_enumerator_opts);
	options->filter.flags = VIOC_ENUMERATE_NAMES;
	set_colour(options, "auto");
	while ((option = getopt_long(argc, argv, "ao:OJnrptivs:d:c:D:g:Vh", long_options, NULL)) !=
	       -1)
		take_option(options, option);
	if (options->json_lines && !options->watch)
		refuse("it goes with --watch", "--json-lines");
	options->filter.flags |= what_is_wanted(options);
	/* A device that is named is meant, bridge or not. */
	if (optind < argc)
		options->filter.flags |= VIOC_ENUMERATE_BRIDGES;
}
