// SPDX-License-Identifier: MIT
/* The program: finds the benchmark that is asked for and runs it. */
#include <stdio.h>
#include <string.h>

#include <libvioc/vioc.h>

#include "bench.h"

/* In the order of scripts/bench: those that need fresh memory come first, the largest last. */
static const struct bench benches[] = {
	{ "bookkeeping", true, bench_bookkeeping },
	{ "lookup", true, bench_lookup },
	{ "cache-native", true, bench_cache_native },
	{ "fragment", true, bench_fragment },
	{ "memory", true, bench_memory_use },
	{ "memory-merged", true, bench_memory_merged },
	{ "superpage", false, bench_superpage },
	{ "prefault", false, bench_prefault },
	{ "overhead", false, bench_overhead },
	{ "auto-iova", false, bench_auto_iova },
	{ "batch", false, bench_batch },
	{ "unmap-many", false, bench_unmap_many },
	{ "deferred", false, bench_deferred },
	{ "cache", false, bench_cache },
	{ "parallel", false, bench_parallel },
	{ "scale", false, bench_scale },
};

#define N_BENCHES (sizeof(benches) / sizeof(*benches))

static int usage(FILE *file)
{
	fputs("usage: bench NAME [--backend legacy|iommufd|compat] [--device BDF] [--fake] "
	      "[--quick]\n"
	      "       bench --list native|kernel\n"
	      "Measures one thing and tells the results as lines of JSON. What is not native needs "
	      "a\n"
	      "device that is bound to vfio-pci, or --fake, whose numbers mean nothing.\n",
	      file);
	return file == stdout ? 0 : 2;
}

static int list(const char *kind)
{
	for (size_t i = 0; i < N_BENCHES; i++)
		if (benches[i].native == (strcmp(kind, "native") == 0))
			puts(benches[i].name);
	return 0;
}

/* Takes one option; how many words it has, or -1. */
static int take_option(char **argv, struct bench_args *args)
{
	if (strcmp(argv[0], "--fake") == 0) {
		args->fake = true;
		return 1;
	}
	if (strcmp(argv[0], "--quick") == 0) {
		args->quick = true;
		return 1;
	}
	if (!argv[1])
		return -1;
	if (strcmp(argv[0], "--device") == 0) {
		args->device = argv[1];
		return 2;
	}
	if (strcmp(argv[0], "--backend") == 0)
		return vioc_backend_from_name(argv[1], &args->backend) < 0 ? -1 : 2;
	return -1;
}

int main(int argc, char **argv)
{
	struct bench_args args = { .backend = VIOC_BACKEND_IOMMUFD };
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (argc == 3 && strcmp(argv[1], "--list") == 0)
		return list(argv[2]);
	for (int i = 2; i < argc;) {
		int n = take_option(argv + i, &args);
		if (n < 0)
			return usage(stderr);
		i += n;
	}
	for (size_t i = 0; argc > 1 && i < N_BENCHES; i++) {
		if (strcmp(benches[i].name, argv[1]) != 0)
			continue;
		benches[i].fn(&args);
		return 0;
	}
	return usage(stderr);
}
