// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"

#define MAX_ROUNDS 31
#define MIN_ROUNDS 5
/* More rounds than the least are for what is quick. */
#define ENOUGH_NS 4e9

void bench_die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void *bench_alloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);
	if (!memory)
		bench_die("out of memory");
	return memory;
}

void *bench_memory(uint64_t length, bool populate)
{
	/* What is left over on both sides of an aligned part stays reserved and costs nothing. */
	uint64_t room = length % (2 * MIB) ? length : length + 2 * MIB;
	char *memory = mmap(NULL, room, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		bench_die("can't get %" PRIu64 " bytes", length);
	if (room != length)
		memory += -(uintptr_t)memory % (2 * MIB);
	if (populate)
		for (uint64_t i = 0; i < length; i += PAGE)
			memory[i] = 1;
	return memory;
}

void bench_memory_free(void *memory, uint64_t length)
{
	munmap(memory, length);
}

uint64_t bench_size(const struct bench_args *args, uint64_t n, uint64_t quick)
{
	return args->quick ? quick : n;
}

double bench_now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

uint64_t bench_random(void)
{
	static uint64_t state = 88172645463325252u;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

uint64_t bench_random_below(uint64_t bound)
{
	return (bench_random() >> 32) * bound >> 32;
}

uint32_t *bench_shuffled(uint64_t n)
{
	uint32_t *numbers = bench_alloc(n, sizeof(*numbers));
	for (uint32_t i = 0; i < n; i++)
		numbers[i] = i;
	for (uint64_t i = n; i > 1; i--) {
		uint64_t other = bench_random_below(i);
		uint32_t number = numbers[i - 1];
		numbers[i - 1] = numbers[other];
		numbers[other] = number;
	}
	return numbers;
}

static double measure(const struct bench_side *side)
{
	if (side->before)
		side->before(side->arg);
	double start = bench_now_ns();
	side->run(side->arg);
	double time = bench_now_ns() - start;
	if (side->after)
		side->after(side->arg);
	return time / (double)side->ops;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void begin_line(const struct bench_case *about)
{
	printf("{\"bench\":\"%s\",\"variant\":\"%s\",\"backend\":\"%s\",\"n\":%" PRIu64,
	       about->bench, about->variant, about->backend, about->n);
}

static void end_line(void)
{
	puts("}");
	fflush(stdout);
}

void bench_compare(const struct bench_args *args, const struct bench_case *about,
		   enum bench_kind kind, const struct bench_side *ours,
		   const struct bench_side *baseline)
{
	double own[MAX_ROUNDS], base[MAX_ROUNDS], ratios[MAX_ROUNDS];
	size_t n = 0, n_least = args->quick ? 1 : MIN_ROUNDS;
	double start = bench_now_ns();

	/* The first round warms up. Who goes first changes, as it may matter. */
	for (size_t round = 0; n < MAX_ROUNDS; round++) {
		bool first = round % 2;
		double a = first ? measure(ours) : 0;
		double b = measure(baseline);
		if (!first)
			a = measure(ours);
		if (round == 0 && !args->quick)
			continue;
		own[n] = a;
		base[n] = b;
		ratios[n++] = kind == BENCH_COST ? a / b : b / a;
		if (n >= n_least && (args->quick || bench_now_ns() - start > ENOUGH_NS))
			break;
	}
	double ratio = median(ratios, n);
	begin_line(about);
	printf(",\"ours\":\"%s\",\"ns_per_op\":%.1f,\"baseline\":\"%s\",\"baseline_ns\":%.1f,"
	       "\"ratio_of\":\"%s\",\"ratio\":%.4f,\"ratio_min\":%.4f,\"ratio_max\":%.4f,"
	       "\"rounds\":%zu",
	       ours->name, median(own, n), baseline->name, median(base, n),
	       kind == BENCH_COST ? "ours/baseline" : "baseline/ours", ratio, ratios[0],
	       ratios[n - 1], n);
	end_line();
}

void bench_tell(const struct bench_case *about, const char *unit, double value)
{
	begin_line(about);
	printf(",\"unit\":\"%s\",\"value\":%.3f", unit, value);
	end_line();
}

void bench_tell_missing(const struct bench_case *about, const char *why)
{
	begin_line(about);
	printf(",\"missing\":\"%s\"", why);
	end_line();
}
