// SPDX-License-Identifier: MIT
/* Gives devices to VFIO and takes them back, without tearing anything off that is in use. */
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"

static void print_help(void)
{
	puts("usage: vioc-bind [OPTION...] DEVICE...\n"
	     "Gives PCI devices to vfio-pci. A device is an address, or the name of a network\n"
	     "interface or disk.\n"
	     "\n"
	     "  -d, --driver DRIVER      to that driver instead\n"
	     "  -u, --unbind             to no driver\n"
	     "  -r, --restore            to the driver that the kernel chooses\n"
	     "      --undo               to what they had before: all devices, or those named\n"
	     "      --group-type[=TYPE]  show, or set, the type of their groups' default domains:\n"
	     "                           DMA, DMA-FQ, identity or auto\n"
	     "\n"
	     "  -g, --group              with all devices of their IOMMU groups\n"
	     "  -f, --force CLASS,...    though it is in use: network, other-netns, storage, "
	     "data,\n"
	     "                           console, has-vfs, or all\n"
	     "  -n, --dry-run            only say what would be done\n"
	     "  -J, --json               as JSON\n"
	     "      --undo-file FILE     where to note what they had; " BIND_UNDO_FILE
	     " if not given\n"
	     "      --no-undo-file       note nothing\n"
	     "      --timeout SECONDS    how long to wait for VFIO's nodes; 10 if not given\n"
	     "      --sysroot DIR        the machine whose /sys is in DIR, with --dry-run\n"
	     "  -V, --version\n"
	     "  -h, --help\n"
	     "\n"
	     "Exit status: 0 done, 1 failed and everything is as it was, 2 bad usage, 3 refused: "
	     "in\n"
	     "use, 4 failed and something is lost, 32 there is no such device.");
}

__attribute__((noreturn)) static void refuse(const char *what, const char *value)
{
	fprintf(stderr, "vioc-bind: %s%s%s%s (see --help)\n", what, value ? ": \"" : "",
		value ? value : "", value ? "\"" : "");
	exit(BIND_USAGE);
}

/* The reason with that name, if there is an option for it. */
static uint64_t parse_class(const char *name)
{
	uint64_t all = 0;
	for (uint32_t reason = 0; reason < 64; reason++) {
		if (!bind_can_be_forced(reason))
			continue;
		if (strcmp(vioc_reason_name(reason), name) == 0)
			return UINT64_C(1) << reason;
		all |= UINT64_C(1) << reason;
	}
	return strcmp(name, "all") == 0 ? all : 0;
}

static void force(struct bind_options *options, char *list)
{
	for (char *name; (name = strsep(&list, ","));) {
		uint64_t class = parse_class(name);
		if (!class)
			refuse("nothing that could be forced", name);
		options->forced |= class;
	}
}

static void set_timeout(struct bind_options *options, const char *text)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || seconds > 86400)
		refuse("no number of seconds up to 86400", text);
	options->timeout_ms = (uint32_t)seconds * 1000;
}

static void set_action(struct bind_options *options, enum bind_action action)
{
	if (options->action != BIND_BIND && options->action != action)
		refuse("--unbind, --restore and --undo exclude each other", NULL);
	options->action = action;
}

enum { OPT_UNDO = 256, OPT_GROUP_TYPE, OPT_UNDO_FILE, OPT_NO_UNDO_FILE, OPT_TIMEOUT, OPT_SYSROOT };

static const struct option long_options[] = {
	{ "driver", required_argument, NULL, 'd' },
	{ "unbind", no_argument, NULL, 'u' },
	{ "restore", no_argument, NULL, 'r' },
	{ "undo", no_argument, NULL, OPT_UNDO },
	{ "group-type", optional_argument, NULL, OPT_GROUP_TYPE },
	{ "group", no_argument, NULL, 'g' },
	{ "force", required_argument, NULL, 'f' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'J' },
	{ "undo-file", required_argument, NULL, OPT_UNDO_FILE },
	{ "no-undo-file", no_argument, NULL, OPT_NO_UNDO_FILE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "sysroot", required_argument, NULL, OPT_SYSROOT },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void take_setting(struct bind_options *options, int option)
{
	switch (option) {
	case 'g':
		options->whole_group = true;
		break;
	case 'f':
		force(options, optarg);
		break;
	case 'n':
		options->dry_run = true;
		break;
	case 'J':
		options->json = true;
		break;
	case OPT_UNDO_FILE:
		options->undo_file = optarg;
		break;
	case OPT_NO_UNDO_FILE:
		options->undo_file = NULL;
		break;
	case OPT_TIMEOUT:
		set_timeout(options, optarg);
		break;
	case OPT_SYSROOT:
		options->sysroot = optarg;
		break;
	case 'V':
		printf("vioc-bind, libvioc %s\n", vioc_version());
		exit(0);
	case 'h':
		print_help();
		exit(0);
	default:
		exit(BIND_USAGE);
	}
}

static void take_option(struct bind_options *options, int option)
{
	switch (option) {
	case 'd':
		options->driver = optarg;
		break;
	case 'u':
		set_action(options, BIND_UNBIND);
		break;
	case 'r':
		set_action(options, BIND_RESTORE);
		break;
	case OPT_UNDO:
		set_action(options, BIND_UNDO);
		break;
	case OPT_GROUP_TYPE:
		options->show_group_type = true;
		options->group_type = optarg;
		break;
	default:
		take_setting(options, option);
	}
}

static void check_options(const struct bind_options *options, bool has_names)
{
	if (!has_names && options->action != BIND_UNDO)
		refuse("no device is named", NULL);
	if (options->action == BIND_UNDO && !options->undo_file)
		refuse("--undo takes an undo file", NULL);
	if (options->action == BIND_UNDO && options->whole_group)
		refuse("--undo takes no --group", NULL);
	if (options->driver && options->action != BIND_BIND)
		refuse("--driver takes neither --unbind, --restore nor --undo", NULL);
	if (options->driver && (!*options->driver || strpbrk(options->driver, "/\n ") ||
				strlen(options->driver) >= VIOC_BINDING_NAME_SIZE))
		refuse("no name of a driver", options->driver);
	if (options->show_group_type && options->action != BIND_BIND)
		refuse("--group-type stands alone", NULL);
	if (options->sysroot && !options->dry_run)
		refuse("--sysroot takes --dry-run", NULL);
}

static int run(struct bind_plan *plan, char **names)
{
	const struct bind_options *options = plan->options;
	int status = bind_make_plan(plan, names);
	if (status != 0)
		return status;
	if (options->show_group_type)
		return bind_group_types(plan);
	status = bind_check_uses(plan);
	if (status == 0 && !options->dry_run)
		status = bind_carry_out(plan);
	int error = bind_report(plan);
	return status ? status : error;
}

int main(int argc, char **argv)
{
	struct bind_options options = { .undo_file = BIND_UNDO_FILE, .timeout_ms = 10000 };
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_ctx *ctx;
	int option;
	setlocale(LC_ALL, "");
	while ((option = getopt_long(argc, argv, "d:urgf:nJVh", long_options, NULL)) != -1)
		take_option(&options, option);
	check_options(&options, optind < argc);
	if (!options.driver)
		options.driver = "vfio-pci";
	opts.sysroot = options.sysroot;
	int error = vioc_ctx_new(&opts, &ctx);
	if (error < 0) {
		fprintf(stderr, "vioc-bind: %s\n", strerror(-error));
		return BIND_ERROR;
	}
	struct bind_plan plan = { .ctx = ctx, .options = &options };
	int status = run(&plan, argv + optind);
	bind_free_plan(&plan);
	vioc_ctx_unref(ctx);
	return status;
}
