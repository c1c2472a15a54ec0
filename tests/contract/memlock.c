// SPDX-License-Identifier: MIT
/* What there is of memory: locked memory, whose limit CAP_IPC_LOCK would lift; huge pages. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract.h"
#include "fake.h"

/* Takes the capability out of the effective set, or back into it from the permitted one. */
static void set_ipc_lock(int on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	if (on)
		data[0].effective |= 1u << CAP_IPC_LOCK;
	else
		data[0].effective &= ~(1u << CAP_IPC_LOCK);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

void world_limit_memlock(struct world *world, uint64_t bytes)
{
	if (world->fake) {
		fake_set_memlock(world->fake, bytes);
		return;
	}
	rlim_t value = bytes == UINT64_MAX ? RLIM_INFINITY : bytes;
	struct rlimit limit = { .rlim_cur = value, .rlim_max = RLIM_INFINITY };
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	set_ipc_lock(bytes == UINT64_MAX);
}

#define HUGE_PAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
#define THP	   "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

static bool write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return false;
	bool written = fputs(text, file) >= 0;
	return fclose(file) == 0 && written;
}

static void skip_because(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
}

void world_set_huge_pages(struct world *world, uint64_t count)
{
	char text[32] = "";
	unsigned long long got = 0;
	if (world->fake) {
		fake_set_huge_pages(world->fake, FAKE_2M, count);
		return;
	}
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)count);
	if (!write_text(HUGE_PAGES, text))
		skip_because("no right to write " HUGE_PAGES);
	FILE *file = fopen(HUGE_PAGES, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%llu", &got), 1);
	fclose(file);
	if (got < count)
		skip_because("memory is too scattered for huge pages");
}

void world_set_thp(struct world *world, bool on)
{
	if (world->fake)
		fake_set_thp(world->fake, on ? "always [advise] never" : "always advise [never]");
	else if (!write_text(THP, on ? "advise" : "never"))
		skip_because("no right to write " THP);
}
