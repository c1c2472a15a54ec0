// SPDX-License-Identifier: MIT
/* Opens devices for a program that may not, and becomes that program. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "wire.h"

void run_die(const char *format, ...)
{
	va_list arguments;
	fputs("vioc-run: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(RUN_FAILED);
}

static void print_help(void)
{
	puts("usage: vioc-run -d DEVICE [-d DEVICE...] [OPTION...] -- PROGRAM [ARGUMENT...]\n"
	     "Opens devices for VFIO, and runs a program that has them as file descriptors.\n"
	     "\n"
	     "  -d, --device DEVICE   its PCI address; it is bound to a vfio driver\n"
	     "  -b, --backend NAME    iommufd, legacy or compat; default: the first that would do\n"
	     "  -u, --user USER       run as that user, by name or number, with its groups\n"
	     "  -l, --memlock BYTES   how much memory may be locked; k, M, G, or \"unlimited\"\n"
	     "  -a, --accounting WHO  whose locked memory counts, with an iommufd: process or "
	     "user\n"
	     "  -s, --fd-style STYLE  how the program learns the numbers: listen, env or qemu\n"
	     "      --qemu            the same as --fd-style qemu\n"
	     "      --broker[=SOCKET] have vioc-broker open them\n"
	     "  -V, --version\n"
	     "  -h, --help\n"
	     "\n"
	     "{iommufd} and {dev0}, {dev1}, ... in arguments become numbers; with legacy "
	     "{container} "
	     "and\n"
	     "{group0}, {group1}, ... do. Style listen sets LISTEN_FDS, LISTEN_FDNAMES and "
	     "LISTEN_PID;\n"
	     "env sets VIOC_IOMMUFD, VIOC_DEV0 and so on; qemu adds QEMU's options.\n"
	     "\n"
	     "Exit status: the program's; 125 vioc-run failed, 126 the program can't be run, 127 "
	     "not "
	     "found.");
}

static void add_device(struct run_options *options, const char *name)
{
	struct handout_request *request = &options->request;
	if (request->n_devices == HANDOUT_DEVICES)
		run_die("more than %d devices", HANDOUT_DEVICES);
	request->devices[request->n_devices++] = name;
}

static void set_backend(struct run_options *options, const char *name)
{
	if (vioc_backend_from_name(name, &options->request.backend) < 0)
		run_die("--backend %s: neither auto, legacy, iommufd nor compat", name);
}

static void set_memlock(struct run_options *options, const char *text)
{
	char *end;
	options->has_memlock = true;
	options->memlock = RLIM_INFINITY;
	if (strcmp(text, "unlimited") == 0)
		return;
	errno = 0;
	unsigned long long bytes = strtoull(text, &end, 10);
	const char *units = "kMGT", *unit = *end ? strchr(units, *end) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	if (*text < '0' || *text > '9' || end[unit != NULL] || errno || bytes > UINT64_MAX >> shift)
		run_die("--memlock %s: neither a number of bytes nor \"unlimited\"", text);
	options->memlock = (rlim_t)bytes << shift;
}

static void set_accounting(struct run_options *options, const char *text)
{
	if (strcmp(text, "process") == 0)
		options->request.accounting = VIOC_MEMLOCK_PROCESS;
	else if (strcmp(text, "user") == 0)
		options->request.accounting = VIOC_MEMLOCK_USER;
	else
		run_die("--accounting %s: neither process nor user", text);
}

static void set_style(struct run_options *options, const char *text)
{
	static const char *const names[] = {
		[RUN_LISTEN] = "listen", [RUN_ENV] = "env", [RUN_QEMU] = "qemu"
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			options->style = (enum run_style)i;
			return;
		}
	}
	run_die("--fd-style %s: neither listen, env nor qemu", text);
}

enum { OPT_QEMU = 256, OPT_BROKER };

static void take_option(struct run_options *options, int option)
{
	switch (option) {
	case 'd':
		add_device(options, optarg);
		break;
	case 'b':
		set_backend(options, optarg);
		break;
	case 'u':
		options->user = run_find_user(optarg);
		break;
	case 'l':
		set_memlock(options, optarg);
		break;
	case 'a':
		set_accounting(options, optarg);
		break;
	case 's':
		set_style(options, optarg);
		break;
	case OPT_QEMU:
		options->style = RUN_QEMU;
		break;
	case OPT_BROKER:
		options->broker = optarg ? optarg : WIRE_SOCKET;
		break;
	case 'V':
		printf("vioc-run, libvioc %s\n", vioc_version());
		exit(0);
	case 'h':
		print_help();
		exit(0);
	default:
		exit(RUN_FAILED);
	}
}

static void parse(struct run_options *options, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "backend", required_argument, NULL, 'b' },
		{ "user", required_argument, NULL, 'u' },
		{ "memlock", required_argument, NULL, 'l' },
		{ "accounting", required_argument, NULL, 'a' },
		{ "fd-style", required_argument, NULL, 's' },
		{ "qemu", no_argument, NULL, OPT_QEMU },
		{ "broker", optional_argument, NULL, OPT_BROKER },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;
	/* The program's options are its own. */
	while ((option = getopt_long(argc, argv, "+d:b:u:l:a:s:Vh", long_options, NULL)) != -1)
		take_option(options, option);
	if (options->broker && options->request.accounting)
		run_die("with --broker, the broker decides on the accounting");
	if (!options->request.n_devices)
		run_die("which device? (see --help)");
	if (optind == argc)
		run_die("which program? (see --help)");
}

static int open_by_broker(struct vioc_ctx *ctx, const struct run_options *options, FILE *complaints,
			  struct handout *hand)
{
	/* Closed with all that the program does not get; the lease lasts as long as this process. */
	int broker = wire_connect(options->broker, complaints);
	return broker < 0 ? broker : wire_get(ctx, broker, &options->request, complaints, hand);
}

static int open_all(const struct run_options *options, FILE *complaints, struct handout *hand)
{
	struct vioc_ctx *ctx = NULL;
	int error = vioc_ctx_new(NULL, &ctx);
	if (error < 0) {
		fprintf(complaints, "%s\n", strerror(-error));
		return error;
	}
	error = options->broker ? open_by_broker(ctx, options, complaints, hand)
				: handout_open(ctx, &options->request, complaints, hand);
	vioc_ctx_unref(ctx);
	return error;
}

static void say_complaints(const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");
		fprintf(stderr, "%s%.*s\n", *text == ' ' ? "" : "vioc-run: ", length, text);
		text += length + (text[length] == '\n');
	}
}

static void open_handout(const struct run_options *options, struct handout *hand)
{
	char *text = NULL;
	size_t size;
	FILE *complaints = open_memstream(&text, &size);
	if (!complaints)
		run_die("out of memory");
	int error = open_all(options, complaints, hand);
	if (fclose(complaints) != 0)
		run_die("out of memory");
	say_complaints(text);
	free(text);
	if (error < 0)
		exit(RUN_FAILED);
}

int main(int argc, char **argv)
{
	struct run_options options = { 0 };
	struct handout hand;

	parse(&options, argc, argv);
	open_handout(&options, &hand);
	if (options.style == RUN_QEMU && hand.backend != VIOC_BACKEND_IOMMUFD)
		run_die("QEMU takes file descriptors of iommufd only, and this is %s",
			vioc_backend_name(hand.backend));
	run_place(&hand);
	run_drop(&options);
	run_tell(&hand, options.style);
	char **arguments = run_arguments(&hand, options.style, argv + optind);
	execvp(arguments[0], arguments);
	int error = errno;
	fprintf(stderr, "vioc-run: %s: %s\n", arguments[0], strerror(error));
	return error == ENOENT ? RUN_NO_PROGRAM : RUN_NO_EXEC;
}
