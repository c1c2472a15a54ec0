// SPDX-License-Identifier: MIT
/* The program: finds the benchmark that is asked for and runs it. */
#include <stdio.h>
#include <string.h>

#include <libvioc/vioc.h>

#include "bench.h"

#ifdef BENCH_HAS_BATCH
#define IF_BATCH(fn) (fn), NULL
#else
#define IF_BATCH(fn) NULL, "vioc_ioas_map_batch()"
#endif
#ifdef BENCH_HAS_DEFER
#define IF_DEFER(fn) (fn), NULL
#else
#define IF_DEFER(fn) NULL, "VIOC_UNMAP_DEFER"
#endif
#ifdef BENCH_HAS_LOOKUP
#define IF_LOOKUP(fn) (fn), NULL
#else
#define IF_LOOKUP(fn) NULL, "vioc_ioas_get_iova()"
#endif
#ifdef BENCH_HAS_CACHE
#define IF_CACHE(fn) (fn), NULL
#else
#define IF_CACHE(fn) NULL, "<libvioc/cache.h>"
#endif

/* In the order of scripts/bench: those that need fresh memory come first, the largest last. */
static const struct bench benches[] = {
	{ "bookkeeping", true, bench_bookkeeping, NULL },
	{ "lookup", true, IF_LOOKUP(bench_lookup) },
	{ "cache-native", true, IF_CACHE(bench_cache_native) },
	{ "fragment", true, bench_fragment, NULL },
	{ "memory", true, bench_memory_use, NULL },
	{ "memory-merged", true, IF_BATCH(bench_memory_merged) },
	{ "superpage", false, bench_superpage, NULL },
	{ "prefault", false, IF_BATCH(bench_prefault) },
	{ "overhead", false, bench_overhead, NULL },
	{ "auto-iova", false, bench_auto_iova, NULL },
	{ "batch", false, IF_BATCH(bench_batch) },
	{ "unmap-many", false, bench_unmap_many, NULL },
	{ "deferred", false, IF_DEFER(bench_deferred) },
	{ "cache", false, IF_CACHE(bench_cache) },
	{ "parallel", false, bench_parallel, NULL },
	{ "scale", false, bench_scale, NULL },
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

static void run(const struct bench *bench, const struct bench_args *args)
{
	char why[128];
	struct bench_case about = {
		.bench = bench->name,
		.variant = "-",
		.backend = bench->native ? "-" : vioc_backend_name(args->backend),
	};
	if (bench->fn) {
		bench->fn(args);
		return;
	}
	snprintf(why, sizeof(why), "waits for %s", bench->waits_for);
	bench_tell_missing(&about, why);
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
		run(&benches[i], &args);
		return 0;
	}
	return usage(stderr);
}
