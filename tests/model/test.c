// SPDX-License-Identifier: MIT
/* The stream of operations, and what is said when one goes wrong. */
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* splitmix64 */
static uint64_t next(struct test *test)
{
	uint64_t z = (test->random += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t below(struct test *test, uint64_t limit)
{
	return next(test) % limit;
}

bool once_in(struct test *test, uint64_t times)
{
	return below(test, times) == 0;
}

static char *line_of(struct test *test, uint64_t step)
{
	return test->history[step % N_HISTORY];
}

void note(struct test *test, const char *format, ...)
{
	char *line = line_of(test, test->step);
	size_t used = strlen(line);
	va_list args;
	va_start(args, format);
	vsnprintf(line + used, sizeof(test->history[0]) - used, format, args);
	va_end(args);
}

static void print_pieces(const struct test *test)
{
	const struct model *model = &test->model;
	printf("The model has %zu mappings:\n", model->n_pieces);
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		printf("  0x%" PRIx64 " to 0x%" PRIx64 " at %p, flags %" PRIu64
		       ", extent 0x%" PRIx64 " to 0x%" PRIx64 "%s%s\n",
		       piece->iova, piece->last, (void *)piece->va, piece->flags,
		       piece->extent_start, piece->extent_last, piece->waiting ? ", waits" : "",
		       piece->bad ? ", bad" : "");
	}
}

static void print_diag(const struct test *test)
{
	struct vioc_diag *diag;
	if (vioc_ctx_get_diag(test->world->ctx, &diag) < 0)
		return;
	printf("The last diag: %s\n", vioc_diag_get_text(diag));
	vioc_diag_unref(diag);
}

void wrong(struct test *test, const char *format, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	va_list args;
	pthread_mutex_lock(&lock);
	print_pieces(test);
	print_diag(test);
	uint64_t first = test->step >= N_HISTORY ? test->step - N_HISTORY + 1 : 0;
	printf("The last steps:\n");
	for (uint64_t step = first; step <= test->step; step++)
		printf("  %" PRIu64 ": %s\n", step, line_of(test, step));
	printf("WRONG: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\nRepeat: %s --seed %" PRIu64 " --steps %" PRIu64 "\n", test->world->repeat,
	       test->seed, test->step + 1);
	fflush(stdout);
	_Exit(1);
}

static void expect_diag(struct test *test, const char *what, struct answer answer)
{
	struct vioc_diag *diag;
	if (vioc_ctx_get_diag(test->world->ctx, &diag) < 0)
		wrong(test, "%s: no diag", what);
	if (vioc_diag_get_error(diag) != answer.error)
		wrong(test, "%s: returned %d, its diag says %d", what, answer.error,
		      vioc_diag_get_error(diag));
	if (answer.reason && vioc_diag_get_reason(diag) != answer.reason)
		wrong(test, "%s: reason %s, should be %s", what,
		      vioc_reason_name(vioc_diag_get_reason(diag)),
		      vioc_reason_name(answer.reason));
	vioc_diag_unref(diag);
}

void expect(struct test *test, const char *what, int result, struct answer answer)
{
	note(test, " = %d", result);
	if ((answer.or_error && result == answer.or_error) || (answer.or_success && !result))
		answer = (struct answer){ .error = result };
	if (result != answer.error)
		wrong(test, "%s returned %d, should be %d", what, result, answer.error);
	if (result < 0)
		expect_diag(test, what, answer);
}

static const struct op *const tables[] = {
	map_ops,
	attach_ops,
	batch_ops,
	policy_ops,
};

#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

static op_fn draw_op(struct test *test)
{
	uint64_t total = 0;
	for (size_t i = 0; i < N_TABLES; i++)
		for (const struct op *op = tables[i]; op->run; op++)
			total += op->weight;
	uint64_t drawn = below(test, total);
	for (size_t i = 0;; i++) {
		for (const struct op *op = tables[i]; op->run; op++) {
			if (drawn < op->weight)
				return op->run;
			drawn -= op->weight;
		}
	}
}

void test_step(struct test *test)
{
	line_of(test, test->step)[0] = '\0';
	draw_op(test)(test);
	if (test->world->trace)
		printf("%" PRIu64 ": %s\n", test->step, line_of(test, test->step));
	check_kernel(test);
	check_info(test);
	if (once_in(test, 100))
		check_all(test);
	if (!test->world->fake && once_in(test, 500))
		check_leaves(test);
	test->step++;
}

void test_open(struct test *test, struct world *world, uint64_t seed)
{
	struct vioc_ioas_opts opts = VIOC_SIZED(vioc_ioas_opts);
	opts.deferred_max_count = DEFERRED_MAX_COUNT;
	opts.deferred_max_bytes = DEFERRED_MAX_BYTES;
	*test = (struct test){ .world = world, .seed = seed, .random = seed };
	test->model.ranges[0].last = UINT64_MAX;
	test->model.n_ranges = 1;
	if (vioc_ioas_new(world->container, &opts, &test->ioas) < 0)
		wrong(test, "no ioas");
}

void test_close(struct test *test)
{
	uint64_t bytes = 77;
	line_of(test, test->step)[0] = '\0';
	note(test, "the end");
	check_all(test);
	int error = vioc_ioas_unmap_all(test->ioas, &bytes);
	if (error < 0 || bytes != model_bytes(&test->model))
		wrong(test,
		      "unmap_all returned %d and removed %" PRIu64 " bytes, should be %" PRIu64,
		      error, bytes, model_bytes(&test->model));
	test->model.n_pieces = 0;
	check_info(test);
	check_kernel(test);
	for (size_t i = 0; i < N_DEVICES; i++)
		detach(test, i);
	vioc_ioas_unref(test->ioas);
}
