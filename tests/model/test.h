/* SPDX-License-Identifier: MIT */
/* One run: an ioas, its model, the world both live in, and a stream of random operations. */
#ifndef TEST_H
#define TEST_H

#include <pthread.h>

#include "fake.h"
#include "model.h"

#define N_DEVICES	   2
#define N_PLACES	   8
#define TOP_PLACE	   5 /* the one at the end of the 64-bit space */
#define DEFAULT_MANY	   48
#define MAX_MANY	   900
#define DEFERRED_MAX_COUNT 8
#define DEFERRED_MAX_BYTES (96 * PAGE)
#define PLACE_PAGES	   48
#define MEMORY_PAGES	   ((uint64_t)2048)
#define N_HISTORY	   30
/* Fixed mappings start in its first PLACE_PAGES and are no longer than that. */
#define SLICE_LENGTH (4 * PLACE_PAGES * PAGE)
/* Slices of threads lie from here on, where no allocator begins. */
#define SLICES_START (UINT64_C(0x5a) << 39)

/* Shared by all threads of a run; does not change once set up. */
struct world {
	uint32_t backend;
	struct fake *fake;	      /* NULL: the real kernel */
	const char *names[N_DEVICES]; /* in groups of their own; the second may be NULL */
	/* Usable ranges, by the set of attached devices as a bit mask. */
	struct vioc_iova_range ranges[1 << N_DEVICES][MAX_RANGES];
	size_t n_ranges[1 << N_DEVICES];
	uint64_t places[N_PLACES]; /* where fixed mappings are tried, PLACE_PAGES long each */
	size_t n_places;
	char *memory; /* MEMORY_PAGES, of a file */
	int memory_fd;
	char *gone; /* a page that is not there, between guards */
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	size_t many;	    /* mappings; about as many are kept */
	bool trace;	    /* print every step */
	const char *repeat; /* the command that repeats the run, but for its numbers */
};

struct test {
	struct world *world;
	struct vioc_ioas *ioas;
	struct vioc_device *devices[N_DEVICES];
	struct model model;
	bool shared;	/* other threads use the ioas too: only the own slice can be checked */
	uint64_t slice; /* where it starts; SLICE_LENGTH long */
	uint64_t seed;
	uint64_t random;
	uint64_t step;
	uint64_t n_flushes;	      /* before the library chose */
	uint64_t n_steps;	      /* threads only */
	pthread_rwlock_t *quiet;      /* held for writing while all threads' work is compared */
	char history[N_HISTORY][256]; /* a ring, by step */
};

/* world.c */
void world_open(struct world *world);
void world_close(struct world *world);
/* Learns the usable ranges and sets the places; the ioas is empty and nothing is attached. */
void world_learn(struct world *world, struct test *test);

/* test.c */
void test_open(struct test *test, struct world *world, uint64_t seed);
/* Checks, empties and lets go of the ioas. */
void test_close(struct test *test);
/* One random operation, and what it should have done. */
void test_step(struct test *test);

/* A number below limit, which is not 0. */
uint64_t below(struct test *test, uint64_t limit);
/* True once in `times`. */
bool once_in(struct test *test, uint64_t times);

/* Adds to the history's current line. */
__attribute__((format(printf, 2, 3))) void note(struct test *test, const char *format, ...);
/* Says what is wrong, how it came to that and how to repeat it; ends the program. */
__attribute__((format(printf, 2, 3), noreturn)) void wrong(struct test *test, const char *format,
							   ...);

/* Compares a result and the diag that came with it. */
void expect(struct test *test, const char *what, int result, struct answer answer);

/* check.c: compares the whole state. */
void check_info(struct test *test);
void check_kernel(struct test *test);
#define MAX_VIEW 4096
/* What the fake kernel holds, ascending. */
struct kernel_view {
	const char *memory; /* the world's */
	struct fake_mapping mappings[MAX_VIEW];
	size_t count;
};
void look_at_kernel(struct test *test, struct kernel_view *view);
bool same_mapping(const struct piece *piece, const struct fake_mapping *mapping);
/* Asks for every mapping and every hole, and changes nothing. */
void check_all(struct test *test);
/* On Intel's IOMMU: the leaves of the page table. Returns their bytes; 0 if there is no such file. */
uint64_t check_leaves(struct test *test);

/* Operations. */
typedef void (*op_fn)(struct test *test);
struct op {
	unsigned int weight;
	op_fn run;
};
extern const struct op map_ops[];
extern const struct op attach_ops[];
/* Those of the whole engine: where the library has it. */
extern const struct op batch_ops[];
extern const struct op policy_ops[];

/* ops_map.c */
/* Around a call that chooses an IOVA: whether the choice was the library's to make. */
void before_choice(struct test *test);
void check_choice(struct test *test, const struct request *request);

/* ops_attach.c */
bool is_attached(const struct test *test);
/* Attached, and nobody else attaches or detaches: so what the kernel holds is known. */
bool knows_kernel(const struct test *test);
void attach(struct test *test, size_t index);
/* The first device, after unmapping what would keep it out; the kernel may still be told to fail. */
void attach_surely(struct test *test);
void detach(struct test *test, size_t index);

/* request.c: what to ask for. */
void draw_map(struct test *test, struct request *request);
/* 0 or one of VIOC_UNMAP_*, of those that there are. */
uint64_t draw_policy(struct test *test);
void draw_unmap(struct test *test, struct request *request);
/* The numbers as text, for the history. */
void note_request(struct test *test, const char *verb, const struct request *request);

#endif
