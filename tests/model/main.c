// SPDX-License-Identifier: MIT
/* The model test: random operations on an ioas, each compared with what a plain model says. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test.h"
#include "threads.h"

struct args {
	uint64_t seed;
	uint64_t steps;
	unsigned int n_threads;
};

static int usage(FILE *out)
{
	fprintf(out,
		"usage: model --backend legacy|iommufd|compat [--seed N] [--steps N] [--trace] "
		"[--many N]\n"
		"             [--first BDF [--second BDF] | --threads N]\n"
		"Does random operations on an ioas and compares each with a model, on the fake\n"
		"kernel or on the real one with these devices, which are bound to vfio-pci and in\n"
		"groups of their own. Threads share the ioas and take the steps each. About "
		"--many\n"
		"mappings are kept, 48 to 900.\n");
	return out == stdout ? 0 : 2;
}

static void run(struct world *world, const struct args *args)
{
	static struct test test;
	test_open(&test, world, args->seed);
	world_learn(world, &test);
	for (uint64_t i = 0; i < args->steps; i++)
		test_step(&test);
	while (!is_attached(&test))
		attach_surely(&test);
	check_kernel(&test);
	uint64_t leaves = check_leaves(&test);
	if (leaves)
		printf("The page table agrees on %" PRIu64 " bytes.\n", leaves);
	test_close(&test);
}

static int parse(struct world *world, struct args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "seed", required_argument, NULL, 's' },
		{ "steps", required_argument, NULL, 'n' },
		{ "first", required_argument, NULL, '1' },
		{ "second", required_argument, NULL, '2' },
		{ "threads", required_argument, NULL, 't' },
		{ "trace", no_argument, NULL, 'v' },
		{ "many", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'b' && vioc_backend_from_name(optarg, &world->backend) < 0)
			return usage(stderr);
		if (option == 's')
			args->seed = strtoull(optarg, NULL, 0);
		if (option == 'n')
			args->steps = strtoull(optarg, NULL, 0);
		if (option == '1')
			world->names[0] = optarg;
		if (option == '2')
			world->names[1] = optarg;
		if (option == 't')
			args->n_threads = (unsigned int)strtoul(optarg, NULL, 0);
		if (option == 'm')
			world->many = strtoull(optarg, NULL, 0);
		if (option == 'v')
			world->trace = true;
		if (option == 'h')
			exit(usage(stdout));
		if (option == '?')
			return usage(stderr);
	}
	if (world->many < DEFAULT_MANY || world->many > MAX_MANY)
		return usage(stderr);
	if (world->backend == VIOC_BACKEND_AUTO || optind < argc)
		return usage(stderr);
	if (args->n_threads > MAX_THREADS || (args->n_threads && world->names[0]))
		return usage(stderr);
	return 0;
}

/* The command without seed and steps. */
static void write_command(const struct world *world, const struct args *args, const char *program,
			  char *text, size_t size)
{
	const char *names[N_DEVICES] = { world->names[0], world->names[1] };
	snprintf(text, size, "%s --backend %s --many %zu", program,
		 vioc_backend_name(world->backend), world->many);
	size_t used = strlen(text);
	if (args->n_threads)
		snprintf(text + used, size - used, " --threads %u", args->n_threads);
	else if (names[0] && names[1])
		snprintf(text + used, size - used, " --first %s --second %s", names[0], names[1]);
	else if (names[0])
		snprintf(text + used, size - used, " --first %s", names[0]);
}

int main(int argc, char **argv)
{
	static struct world world = { .many = DEFAULT_MANY };
	char repeat[1024];
	struct args args = { .seed = (uint64_t)time(NULL), .steps = 10000 };
	int error = parse(&world, &args, argc, argv);
	if (error)
		return error;
	write_command(&world, &args, argv[0], repeat, sizeof(repeat));
	world.repeat = repeat;
	printf("%s --seed %" PRIu64 " --steps %" PRIu64 "\n", world.repeat, args.seed, args.steps);
	fflush(stdout);
	world_open(&world);
	if (args.n_threads)
		run_threads(&world, args.n_threads, args.seed, args.steps);
	else
		run(&world, &args);
	world_close(&world);
	printf("%" PRIu64 " steps agree with the model.\n", args.steps);
	return 0;
}
