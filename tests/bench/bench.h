/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: measuring two things side by side, and telling the result as a line of
 * JSON. Anything that goes wrong ends the program with a line that says what.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE ((uint64_t)4096)
#define GIB  ((uint64_t)1 << 30)
#define MIB  ((uint64_t)1 << 20)

struct bench_args {
	uint32_t backend;   /* VIOC_BACKEND_* */
	const char *device; /* a PCI address */
	bool fake;	    /* run what needs a kernel on tests/fake, to see that it runs at all */
	bool quick;	    /* as little as possible, for the same reason */
};

typedef void (*bench_fn)(const struct bench_args *args);

struct bench {
	const char *name;
	bool native; /* needs no kernel, and measures no ioctl */
	bench_fn fn;
};

/* What a line is about. */
struct bench_case {
	const char *bench;
	const char *variant;
	const char *backend;
	uint64_t n;
};

/*
 * How a result is stated, so that it can be held against its bound in tests/bench/bounds: as ours /
 * baseline, as baseline / ours, or as a number of its own.
 */
enum bench_kind { BENCH_COST, BENCH_SPEEDUP };

/* One of two things to compare. before and after are not measured, and may be NULL. */
struct bench_side {
	const char *name;
	void (*before)(void *arg);
	void (*run)(void *arg);
	void (*after)(void *arg);
	void *arg;
	uint64_t ops; /* that one run does */
};

/*
 * Runs both sides in turns and tells the medians of their times per op and of the rounds' ratios.
 * Neighbouring runs see the same machine, so a ratio is worth more than its two times.
 */
void bench_compare(const struct bench_args *args, const struct bench_case *about,
		   enum bench_kind kind, const struct bench_side *ours,
		   const struct bench_side *baseline);

/* Tells a number that is no time. */
void bench_tell(const struct bench_case *about, const char *unit, double value);
/* Tells why there is no number. */
void bench_tell_missing(const struct bench_case *about, const char *why);

/* n, or what is enough to see that it runs. */
uint64_t bench_size(const struct bench_args *args, uint64_t n, uint64_t quick);

double bench_now_ns(void);
uint64_t bench_random(void); /* by one thread */
uint64_t bench_random_below(uint64_t bound);
/* The numbers below n in random order; the caller frees them. */
uint32_t *bench_shuffled(uint64_t n);

__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *format, ...);
void *bench_alloc(size_t count, size_t size);
/* Private anonymous memory; of whole huge pages if length is, and populated if asked for. */
void *bench_memory(uint64_t length, bool populate);
void bench_memory_free(void *memory, uint64_t length);

/* One per file of the same name; bench_dpdk is a program of its own. */
void bench_auto_iova(const struct bench_args *args);
void bench_batch(const struct bench_args *args);
void bench_bookkeeping(const struct bench_args *args);
void bench_cache(const struct bench_args *args);
void bench_cache_native(const struct bench_args *args);
void bench_deferred(const struct bench_args *args);
void bench_fragment(const struct bench_args *args);
void bench_lookup(const struct bench_args *args);
void bench_memory_use(const struct bench_args *args);
void bench_memory_merged(const struct bench_args *args);
void bench_overhead(const struct bench_args *args);
void bench_parallel(const struct bench_args *args);
void bench_prefault(const struct bench_args *args);
void bench_scale(const struct bench_args *args);
void bench_superpage(const struct bench_args *args);
void bench_unmap_many(const struct bench_args *args);

#endif
