// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "contract.h"
#include "world.h"

static const struct contract_case *const tables[] = {
	batch_cases, policy_cases,  map_cases,	 attach_cases,	open_cases,    device_cases,
	irq_cases,   reset_cases,   vf_cases,	 mem_cases,	file_cases,    cache_cases,
	found_cases, explain_cases, peer_cases,	 memlock_cases, plug_cases,    monitor_cases,
	bind_cases,  fds_cases,	    adopt_cases, bundle_cases,	service_cases,
};

#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

#define MAX_CASES 512

struct run {
	struct world *world;
	const struct contract_case *contract_case;
};

static void run_case(void **state)
{
	const struct run *run = *state;
	const char *missing = world_missing(run->world, run->contract_case->needs);
	if (missing) {
		print_message("skipped: this machine has no %s\n", missing);
		skip();
	}
	run->contract_case->run(run->world);
}

static int set_up(void **state)
{
	world_set_up(((struct run *)*state)->world);
	return 0;
}

static int tear_down(void **state)
{
	return world_tear_down(((struct run *)*state)->world);
}

static char *make_name(const struct world *world, const struct contract_case *contract_case)
{
	char *name;
	if (asprintf(&name, "%s [%s, %s]", contract_case->name, vioc_backend_name(world->backend),
		     world->kernel) < 0)
		abort();
	return name;
}

/* Runs every case, or those whose name matches the filter. Returns how many failed. */
static int run_all(struct world *world, const regex_t *filter)
{
	struct CMUnitTest tests[MAX_CASES] = { 0 };
	struct run runs[MAX_CASES];
	size_t count = 0;

	for (size_t i = 0; i < N_TABLES; i++) {
		for (const struct contract_case *c = tables[i]; c->name; c++) {
			if (filter && regexec(filter, c->name, 0, NULL, 0) != 0)
				continue;
			if (count == MAX_CASES)
				abort();
			runs[count] = (struct run){ .world = world, .contract_case = c };
			tests[count] = (struct CMUnitTest){
				.name = make_name(world, c),
				.test_func = run_case,
				.setup_func = set_up,
				.teardown_func = tear_down,
				.initial_state = &runs[count],
			};
			count++;
		}
	}
	if (!count) {
		fprintf(stderr, "no case has such a name; see --list\n");
		return 1;
	}
	int failed = _cmocka_run_group_tests("contract", tests, count, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		free((char *)tests[i].name);
	return failed;
}

static int list_cases(void)
{
	for (size_t i = 0; i < N_TABLES; i++)
		for (const struct contract_case *c = tables[i]; c->name; c++)
			puts(c->name);
	return 0;
}

static int usage(FILE *out)
{
	fprintf(out,
		"usage: contract --backend legacy|iommufd|compat (--fake | --first BDF)\n"
		"         [--second BDF] [--edu BDF] [--pair BDF,BDF] [--kernel-bound BDF]\n"
		"         [--unbound BDF] [--no-group BDF] [--blocked BDF] [--pf BDF --vf BDF]\n"
		"         [--large BDF] [--mdev UUID] [--slot BDF] [--vf-netdev NAME]\n"
		"         [--case REGEX]\n"
		"       contract --list\n"
		"Runs the contract cases on the fake kernel, or on the real one with these\n"
		"devices; those named first, second, edu, pair, pf, vf, large are bound to "
		"vfio-pci.\n");
	return out == stdout ? 0 : 2;
}

static int parse_pair(struct world *world, char *text)
{
	world->pair[0] = strtok(text, ",");
	world->pair[1] = strtok(NULL, ",");
	return world->pair[1] ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "fake", no_argument, NULL, 'f' },
		{ "first", required_argument, NULL, '1' },
		{ "second", required_argument, NULL, '2' },
		{ "edu", required_argument, NULL, 'e' },
		{ "pair", required_argument, NULL, 'p' },
		{ "kernel-bound", required_argument, NULL, 'k' },
		{ "unbound", required_argument, NULL, 'u' },
		{ "no-group", required_argument, NULL, 'n' },
		{ "blocked", required_argument, NULL, 'l' },
		{ "pf", required_argument, NULL, 'P' },
		{ "vf", required_argument, NULL, 'V' },
		{ "large", required_argument, NULL, 'g' },
		{ "mdev", required_argument, NULL, 'm' },
		{ "slot", required_argument, NULL, 's' },
		{ "vf-netdev", required_argument, NULL, 'N' },
		{ "case", required_argument, NULL, 'c' },
		{ "drive", required_argument, NULL, 'D' },
		{ "list", no_argument, NULL, 'L' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct world world = { 0 };
	struct utsname system;
	regex_t filter;
	bool is_filtered = false;
	int option;

	uname(&system);
	world.kernel = system.release;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'b':
			if (vioc_backend_from_name(optarg, &world.backend) < 0)
				return usage(stderr);
			break;
		case 'f':
			world_use_fake(&world);
			break;
		case '1':
			world.first = optarg;
			break;
		case '2':
			world.second = optarg;
			break;
		case 'e':
			world.edu = optarg;
			break;
		case 'p':
			if (parse_pair(&world, optarg) < 0)
				return usage(stderr);
			break;
		case 'k':
			world.kernel_bound = optarg;
			break;
		case 'u':
			world.unbound = optarg;
			break;
		case 'n':
			world.no_group = optarg;
			break;
		case 'l':
			world.blocked = optarg;
			break;
		case 'P':
			world.pf = optarg;
			break;
		case 'V':
			world.vf = optarg;
			break;
		case 'm':
			world.mdev = optarg;
			break;
		case 'N':
			world.vf_netdev = optarg;
			break;
		case 'g':
			world.large = optarg;
			break;
		case 's':
			world.slot = optarg;
			break;
		case 'c':
			is_filtered = regcomp(&filter, optarg, REG_EXTENDED | REG_NOSUB) == 0;
			if (!is_filtered)
				return usage(stderr);
			break;
		case 'D':
			return drive_bundle(&world, atoi(optarg));
		case 'L':
			return list_cases();
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (world.backend == VIOC_BACKEND_AUTO || !world.first || optind < argc)
		return usage(stderr);
	int failed = run_all(&world, is_filtered ? &filter : NULL);
	if (is_filtered)
		regfree(&filter);
	return failed ? 1 : 0;
}
