// SPDX-License-Identifier: MIT
/* What a test changes in the fake kernel, or asks it. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void fake_set_memlock(struct fake *fake, uint64_t bytes)
{
	pthread_mutex_lock(&fake->lock);
	fake->memlock = bytes;
	pthread_mutex_unlock(&fake->lock);
}

void fake_hold(struct fake *fake, const char *node, int pid, const char *command)
{
	pthread_mutex_lock(&fake->lock);
	fake_rule(fake, node)->held_by = pid;
	fake_file_hold(fake, node, pid, command);
	pthread_mutex_unlock(&fake->lock);
}

void fake_hold_mapped(struct fake *fake, const char *node, int pid, const char *command)
{
	pthread_mutex_lock(&fake->lock);
	fake_rule(fake, node)->held_by = pid;
	fake_file_mapped(fake, node, pid, command);
	pthread_mutex_unlock(&fake->lock);
}

void fake_release(struct fake *fake, const char *node, int pid)
{
	pthread_mutex_lock(&fake->lock);
	fake_rule(fake, node)->held_by = 0;
	fake_file_release(fake, pid);
	pthread_mutex_unlock(&fake->lock);
}

void fake_forbid(struct fake *fake, const char *node, bool forbidden)
{
	pthread_mutex_lock(&fake->lock);
	fake_rule(fake, node)->forbidden = forbidden;
	pthread_mutex_unlock(&fake->lock);
}

void fake_drop_capabilities(struct fake *fake, bool dropped)
{
	pthread_mutex_lock(&fake->lock);
	fake->unprivileged = dropped;
	pthread_mutex_unlock(&fake->lock);
}

void fake_hide(struct fake *fake, const char *node, bool hidden)
{
	pthread_mutex_lock(&fake->lock);
	fake_rule(fake, node)->hidden = hidden;
	pthread_mutex_unlock(&fake->lock);
}

void fake_request(struct fake *fake, const char *device)
{
	pthread_mutex_lock(&fake->lock);
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (strcmp(fake->devices[i].spec.name, device) == 0)
			fake_irq_request(&fake->devices[i]);
	pthread_mutex_unlock(&fake->lock);
}

void fake_set_entry_limit(struct fake *fake, uint32_t limit)
{
	pthread_mutex_lock(&fake->lock);
	fake->config.entry_limit = limit;
	pthread_mutex_unlock(&fake->lock);
}

void fake_fail_unmap(struct fake *fake, bool many, uint64_t iova)
{
	pthread_mutex_lock(&fake->lock);
	fake->fail_unmap_many = many;
	fake->fail_unmap_iova = iova;
	pthread_mutex_unlock(&fake->lock);
}

bool fake_fail_ioctl(struct fake *fake, enum fake_ioctl kind, unsigned int nth, int error)
{
	pthread_mutex_lock(&fake->lock);
	bool fired = fake->failure.fired;
	fake->failure = (struct fake_failure){ .kind = kind, .countdown = nth, .error = error };
	pthread_mutex_unlock(&fake->lock);
	return fired;
}

int fake_injected(struct fake *fake, enum fake_ioctl kind)
{
	struct fake_failure *failure = &fake->failure;
	if (failure->kind != kind || !failure->countdown || --failure->countdown)
		return 0;
	failure->fired = true;
	return failure->error;
}

void fake_trust_memory(struct fake *fake, const void *va, uint64_t length)
{
	pthread_mutex_lock(&fake->lock);
	fake->trusted_start = (uintptr_t)va;
	fake->trusted_last = (uintptr_t)va + (length - 1);
	pthread_mutex_unlock(&fake->lock);
}

unsigned int fake_count_open(struct fake *fake)
{
	unsigned int count = 0;
	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < MAX_FDS; i++)
		count += fake->fds[i] != NULL;
	for (size_t i = 0; i < MAX_MMAPS; i++)
		count += fake->mmaps[i].device != NULL;
	count += fake->memory_bytes != 0;
	pthread_mutex_unlock(&fake->lock);
	return count;
}

void fake_set_huge_pages(struct fake *fake, uint64_t page_size, uint64_t count)
{
	pthread_mutex_lock(&fake->lock);
	fake->n_huge[page_size > FAKE_2M] = count;
	if (count != UINT64_MAX)
		fake_file_huge(fake, page_size, count);
	pthread_mutex_unlock(&fake->lock);
}

void fake_set_thp(struct fake *fake, const char *state)
{
	fake_file_thp(fake, state);
}

/* Calls fn for each address space; a container may be found by several fds, so mark those seen. */
static void for_each_space(struct fake *fake, void (*fn)(struct fake_space *, void *), void *arg)
{
	struct fake_container *seen[MAX_FDS];
	size_t n_seen = 0;
	for (size_t i = 0; i < MAX_FDS; i++) {
		struct fake_container *container = fake->fds[i] ? fake->fds[i]->container : NULL;
		bool again = !container;
		for (size_t j = 0; j < n_seen && !again; j++)
			again = seen[j] == container;
		if (again)
			continue;
		seen[n_seen++] = container;
		for (struct fake_space *space = container->spaces; space; space = space->next)
			fn(space, arg);
	}
}

struct totals {
	unsigned int mappings;
	uint64_t bytes;
};

static void add_space(struct fake_space *space, void *arg)
{
	struct totals *totals = arg;
	totals->mappings += space->n_maps;
	totals->bytes += space->bytes;
}

static struct totals total(struct fake *fake)
{
	struct totals totals = { 0 };
	pthread_mutex_lock(&fake->lock);
	for_each_space(fake, add_space, &totals);
	pthread_mutex_unlock(&fake->lock);
	return totals;
}

unsigned int fake_count_mappings(struct fake *fake)
{
	return total(fake).mappings;
}

uint64_t fake_count_mapped_bytes(struct fake *fake)
{
	return total(fake).bytes;
}

static void remove_at(struct fake_space *space, void *arg)
{
	const uint64_t *iova = arg;
	struct fake_map *map = fake_space_first(space, *iova, *iova);
	if (map)
		fake_space_remove(space, map);
}

void fake_remove_mapping(struct fake *fake, uint64_t iova)
{
	pthread_mutex_lock(&fake->lock);
	for_each_space(fake, remove_at, &iova);
	pthread_mutex_unlock(&fake->lock);
}

struct visit {
	void (*fn)(void *arg, const struct fake_mapping *mapping);
	void *arg;
};

static void visit_space(struct fake_space *space, void *arg)
{
	const struct visit *visit = arg;
	fake_space_for_each(space, visit->fn, visit->arg);
}

void fake_for_each_mapping(struct fake *fake, void (*fn)(void *arg, const struct fake_mapping *),
			   void *arg)
{
	struct visit visit = { .fn = fn, .arg = arg };
	pthread_mutex_lock(&fake->lock);
	for_each_space(fake, visit_space, &visit);
	pthread_mutex_unlock(&fake->lock);
}
