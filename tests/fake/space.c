// SPDX-License-Identifier: MIT
/* An address space: mappings in a tree, memory accounted and checked as pinning would. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

/* Ranges that overlap compare as equal, so that a lookup finds an overlap. */
static int compare(struct fake_map *a, struct fake_map *b)
{
	if (a->last < b->iova)
		return -1;
	return a->iova > b->last ? 1 : 0;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
RB_GENERATE_INTERNAL(fake_map_tree, fake_map, node, compare, static)
#pragma GCC diagnostic pop

struct fake_space *fake_space_new(struct fake *fake)
{
	struct fake_space *space = calloc(1, sizeof(*space));
	if (!space)
		abort();
	space->fake = fake;
	RB_INIT(&space->maps);
	return space;
}

void fake_space_clear(struct fake_space *space)
{
	struct fake_map *map;
	while ((map = RB_MIN(fake_map_tree, &space->maps)))
		fake_space_remove(space, map);
}

void fake_space_free(struct fake_space *space)
{
	fake_space_clear(space);
	free(space);
}

bool fake_space_is_free(struct fake_space *space, uint64_t iova, uint64_t last)
{
	struct fake_map probe = { .iova = iova, .last = last };
	return !RB_FIND(fake_map_tree, &space->maps, &probe);
}

struct fake_map *fake_space_first(struct fake_space *space, uint64_t iova, uint64_t last)
{
	struct fake_map probe = { .iova = iova, .last = last };
	struct fake_map *map = RB_FIND(fake_map_tree, &space->maps, &probe);
	for (struct fake_map *before = map; before;) {
		map = before;
		before = RB_PREV(fake_map_tree, &space->maps, before);
		if (before && before->last < iova)
			before = NULL;
	}
	return map;
}

bool fake_space_is_usable(const struct fake_space *space, uint64_t iova, uint64_t last)
{
	if (last > space->fake->config.last_iova)
		return false;
	return last < MSI_START || iova > MSI_LAST;
}

static bool is_trusted(const struct fake *fake, uint64_t va, uint64_t last)
{
	return fake->trusted_last && fake->trusted_start <= va && last <= fake->trusted_last;
}

/* Whether the memory could be pinned with that access: what the process' own map says. */
bool fake_memory_is_there(uint64_t va, uint64_t last, bool write)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[512];
	uint64_t next = va;
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		unsigned long start, end;
		char access[5];
		if (sscanf(line, "%lx-%lx %4s", &start, &end, access) != 3 || end <= next)
			continue;
		if (start > next || access[0] != 'r' || (write && access[1] != 'w'))
			break;
		next = end;
		found = end > last;
	}
	if (file)
		fclose(file);
	return found;
}

/* Whether the last page is mapped but lies behind the end of its file, so that it can't be had. */
static bool ends_behind_file(uint64_t va_last)
{
	void *page = (void *)(uintptr_t)(va_last & ~UINT64_C(0xfff));
	return vioci_sys_populate(&vioci_sys_real, page, 0x1000, false) == -EFAULT;
}

/* Where its mappings count: in the process for type1, in the user for iommufd unless told otherwise. */
static uint64_t *account(const struct fake_space *space)
{
	return space->id && !space->per_process ? &space->fake->pinned : &space->fake->locked;
}

/* iommufd takes no mapped region, and nobody one whose device has its memory off. */
static bool takes_device_memory(const struct fake_space *space, uint64_t va)
{
	const struct fake_device *device = fake_mapped_device(space->fake, va);
	return !device || (!space->id && fake_device_has_memory(device));
}

int fake_space_map(struct fake_space *space, uint64_t iova, uint64_t va, uint64_t length,
		   bool readable, bool writable)
{
	struct fake *fake = space->fake;
	uint64_t last = iova + (length - 1);
	if (!fake_space_is_free(space, iova, last))
		return -EEXIST;
	uint64_t va_last = va + (length - 1);
	if (!is_trusted(fake, va, va_last) &&
	    (!fake_memory_is_there(va, va_last, writable) || ends_behind_file(va_last) ||
	     !takes_device_memory(space, va)))
		return -EFAULT;
	if (length > fake->memlock || *account(space) > fake->memlock - length)
		return -ENOMEM;

	struct fake_map *map = calloc(1, sizeof(*map));
	if (!map)
		abort();
	*map = (struct fake_map){
		.iova = iova,
		.last = last,
		.va = (char *)(uintptr_t)va,
		.readable = readable,
		.writable = writable,
	};
	RB_INSERT(fake_map_tree, &space->maps, map);
	space->n_maps++;
	space->bytes += length;
	*account(space) += length;
	return 0;
}

int fake_space_map_file(struct fake_space *space, uint64_t iova, int fd, uint64_t offset,
			uint64_t length, bool readable, bool writable)
{
	struct vioci_memory_file file;
	int error = vioci_sys_get_file(&vioci_sys_real, fd, &file);
	if (error == 0)
		error = fake_find_in_file(space->fake, fd, &offset);
	if (error < 0)
		return error;
	if (!file.is_memory || offset > file.length || length > file.length - offset)
		return -EINVAL;
	/* The real one doesn't look at how the fd is open. */
	int prot = PROT_READ | (file.is_writable ? PROT_WRITE : 0);
	void *va = mmap(NULL, length, prot, MAP_SHARED, fd, (off_t)offset);
	if (va == MAP_FAILED)
		return -ENOMEM;
	error = fake_space_map(space, iova, (uintptr_t)va, length, readable, writable);
	if (error < 0) {
		munmap(va, length);
		return error;
	}
	struct fake_map *map = fake_space_first(space, iova, iova);
	const struct fake_fd *known = fake_fd(space->fake, fd);
	map->of_file = true;
	map->offset = offset;
	map->device = known ? known->device : NULL;
	return 0;
}

void fake_space_remove(struct fake_space *space, struct fake_map *map)
{
	uint64_t length = map->last - map->iova + 1;
	RB_REMOVE(fake_map_tree, &space->maps, map);
	space->n_maps--;
	space->bytes -= length;
	*account(space) -= length;
	if (map->of_file)
		munmap(map->va, length);
	free(map);
}

void fake_space_for_each(struct fake_space *space,
			 void (*fn)(void *arg, const struct fake_mapping *mapping), void *arg)
{
	struct fake_map *map;
	RB_FOREACH(map, fake_map_tree, &space->maps)
	{
		const struct fake_mapping mapping = {
			.iova = map->iova,
			.last = map->last,
			.va = map->va,
			.of_file = map->of_file,
			.offset = map->offset,
			.readable = map->readable,
			.writable = map->writable,
		};
		fn(arg, &mapping);
	}
}

void fake_space_revoke(struct fake_space *space, const struct fake_device *device)
{
	struct fake_map *map;
	if (!space)
		return;
	RB_FOREACH(map, fake_map_tree, &space->maps)
	{
		if (map->device == device)
			map->revoked = true;
	}
}

char *fake_space_reach(struct fake_space *space, uint64_t iova, uint64_t length, bool write)
{
	struct fake_map probe = { .iova = iova, .last = iova };
	struct fake_map *map = RB_FIND(fake_map_tree, &space->maps, &probe);
	if (!map || map->revoked || map->last - iova < length - 1 ||
	    !(write ? map->writable : map->readable))
		return NULL;
	return map->va + (iova - map->iova);
}
