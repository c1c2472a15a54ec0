// SPDX-License-Identifier: MIT
/* Mappings of files, by the file where the kernel can. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract.h"

#define BASE   ((uint64_t)0x1000000)
#define MIB    (UINT64_C(1) << 20)
#define RW     (VIOC_MAP_READ | VIOC_MAP_WRITE)
#define OFFSET (3 * PAGE)

/* Pages of a memfd from OFFSET on, at va. */
struct memory {
	int fd;
	char *va;
	uint64_t length;
};

static struct memory memory_new(uint64_t length)
{
	struct memory memory = { .length = length };
	memory.fd = memfd_create("contract", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(memory.fd >= 0);
	assert_int_equal(ftruncate(memory.fd, (off_t)(OFFSET + length)), 0);
	memory.va =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd, (off_t)OFFSET);
	assert_true(memory.va != MAP_FAILED);
	return memory;
}

static void memory_free(const struct memory *memory)
{
	munmap(memory->va, memory->length);
	close(memory->fd);
}

static int map_at(struct rig *rig, uint64_t iova, const struct memory *memory)
{
	return vioc_ioas_map_file_fixed(rig->ioas, iova, memory->fd, OFFSET, memory->va,
					memory->length, RW);
}

static unsigned int count_fds(void)
{
	unsigned int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static uint64_t count_by_file(struct vioc_ioas *ioas)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	assert_int_equal(vioc_ioas_get_stats(ioas, &stats), 0);
	return stats.n_map_by_file;
}

static void is_reached(struct world *world)
{
	struct memory memory = memory_new(4 * PAGE);
	uint64_t iova = 0, length = 0;
	char byte = 0;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	edu_start(edu);
	assert_int_equal(map_at(&rig, BASE, &memory), 0);
	assert_int_equal(count_by_file(rig.ioas), world_maps_files(world));
	assert_true(edu_reaches(edu, rig.ioas, BASE + PAGE, memory.va + PAGE));
	edu_read(edu, BASE + PAGE, PAGE - 8);
	edu_write(edu, BASE + 3 * PAGE, PAGE - 8);
	assert_int_equal(pread(memory.fd, &byte, 1, (off_t)(OFFSET + 3 * PAGE)), 1);
	assert_int_equal(byte, memory.va[PAGE]);

	assert_int_equal(vioc_ioas_get_iova(rig.ioas, memory.va + PAGE, 8 * PAGE, &iova, &length),
			 0);
	assert_int_equal(iova, BASE + PAGE);
	assert_int_equal(length, 3 * PAGE);
	expect_maps(rig.ioas, 1, 4 * PAGE);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, 4 * PAGE, 0, &length), 0);
	assert_int_equal(length, 4 * PAGE);
	vioc_device_unref(edu);
	rig_close(&rig);
	memory_free(&memory);
}

/* Before the first attach and over the last detach, while the caller's fd is long closed. */
static void is_replayed(struct world *world)
{
	struct memory memory = memory_new(4 * PAGE);
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(map_at(&rig, BASE, &memory), 0);
	assert_int_equal(map_at(&rig, BASE + 4 * PAGE, &memory), 0);
	close(memory.fd);
	memory.fd = -1;
	for (int i = 0; i < 2; i++) {
		struct vioc_device *edu = rig_device(&rig, world->edu);
		edu_start(edu);
		assert_true(edu_reaches(edu, rig.ioas, BASE, memory.va));
		assert_true(edu_reaches(edu, rig.ioas, BASE + 7 * PAGE, memory.va + 3 * PAGE));
		vioc_device_unref(edu);
	}
	assert_int_equal(count_by_file(rig.ioas), world_maps_files(world) ? 4 : 0);
	expect_maps(rig.ioas, 2, 8 * PAGE);
	rig_close(&rig);
	memory_free(&memory);
}

/* Where the kernel maps files, it is the file that is mapped, whatever becomes of the VA. */
static void outlives_its_va(struct world *world)
{
	struct memory memory = memory_new(4 * PAGE);
	struct vioc_device *edu = NULL;
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(map_at(&rig, BASE, &memory), 0);
	assert_int_equal(munmap(memory.va, memory.length), 0);
	int error = vioc_device_open(rig.ioas, world->edu, NULL, &edu);
	if (!world_maps_files(world)) {
		expect_failure(rig.ctx, error, -EFAULT, VIOC_REASON_BAD_MEMORY);
		rig_close(&rig);
		close(memory.fd);
		return;
	}
	assert_int_equal(error, 0);
	memory.va = mmap(NULL, memory.length, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd,
			 (off_t)OFFSET);
	assert_true(memory.va != MAP_FAILED);
	edu_start(edu);
	assert_true(edu_reaches(edu, rig.ioas, BASE + PAGE, memory.va + PAGE));
	vioc_device_unref(edu);
	rig_close(&rig);
	memory_free(&memory);
}

/* The IOMMU's pages can be large where the place in the file is, wherever the memory is mapped. */
static void iova_is_like_offset(struct world *world)
{
	struct vioc_device *device;
	struct rig rig;
	uint64_t iova = 0;
	struct memory memory = memory_new(8 * MIB);
	rig_open(world, &rig);
	device = rig_device(&rig, world->first);
	assert_int_equal(
		vioc_ioas_map_file(rig.ioas, memory.fd, OFFSET, memory.va, 8 * MIB, RW, &iova), 0);
	assert_int_equal(iova % (2 * MIB), OFFSET);
	vioc_device_unref(device);
	rig_close(&rig);
	memory_free(&memory);
}

static void expect_bad(struct rig *rig, int fd, uint64_t offset, uint64_t length, uint64_t flags,
		       int error)
{
	char *va = pages_new(8);
	uint64_t iova = 77;
	expect_failure(rig->ctx,
		       vioc_ioas_map_file(rig->ioas, fd, offset, va, length, flags, &iova), error,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig->ctx,
		       vioc_ioas_map_file_fixed(rig->ioas, BASE, fd, offset, va, length, flags),
		       error, VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(iova, 77);
	expect_maps(rig->ioas, 0, 0);
	pages_free(va, 8);
}

static void bad_files(struct world *world)
{
	struct rig rig;
	int ends[2];
	rig_open(world, &rig);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const int fds[] = { null, program, ends[0], ends[1] };
	expect_bad(&rig, -1, 0, PAGE, RW, -EBADF);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		expect_bad(&rig, fds[i], 0, PAGE, VIOC_MAP_READ, -EINVAL);
		close(fds[i]);
	}
	expect_bad(&rig, null, 0, PAGE, RW, -EBADF);
	rig_close(&rig);
}

static void bad_ranges(struct world *world)
{
	struct memory memory = memory_new(5 * PAGE - 100);
	int fd = memory.fd;
	struct rig rig;
	rig_open(world, &rig);
	for (int attached = 0; attached < 2; attached++) {
		struct vioc_device *device = attached ? rig_device(&rig, world->first) : NULL;
		expect_bad(&rig, fd, 0, 0, RW, -EINVAL);
		expect_bad(&rig, fd, 0, 100, RW, -EINVAL);
		expect_bad(&rig, fd, 100, PAGE, RW, -EINVAL);
		expect_bad(&rig, fd, 0, 8 * PAGE, RW, -EINVAL);
		expect_bad(&rig, fd, 7 * PAGE, PAGE, RW, -EINVAL);
		expect_bad(&rig, fd, 8 * PAGE, PAGE, RW, -EINVAL);
		expect_bad(&rig, fd, 0 - PAGE, 2 * PAGE, RW, -EINVAL);
		expect_bad(&rig, fd, PAGE, 0 - PAGE, RW, -EINVAL);
		expect_bad(&rig, fd, 0, PAGE, 0, -EINVAL);
		expect_bad(&rig, fd, 0, PAGE, RW | 4, -EINVAL);
		vioc_device_unref(device);
	}
	expect_failure(rig.ctx, vioc_ioas_map_file(rig.ioas, fd, 0, memory.va, PAGE, RW, NULL),
		       -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	expect_bad(&rig, fd, 0, PAGE, RW, -EINVAL);
	assert_int_equal(vioc_ioas_map_file_fixed(rig.ioas, BASE, fd, OFFSET, memory.va, PAGE,
						  VIOC_MAP_READ),
			 0);
	struct vioc_device *device = rig_device(&rig, world->first);
	expect_maps(rig.ioas, 1, PAGE);
	vioc_device_unref(device);
	rig_close(&rig);
	memory_free(&memory);
}

/* The file was long enough when it was mapped, but is not when a device comes. */
static void shortened(struct world *world)
{
	struct memory memory = memory_new(4 * PAGE);
	struct vioc_device *device = NULL;
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(map_at(&rig, BASE, &memory), 0);
	assert_int_equal(ftruncate(memory.fd, (off_t)(OFFSET + PAGE)), 0);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, NULL, &device), -EFAULT,
		       VIOC_REASON_BAD_MEMORY);
	expect_maps(rig.ioas, 1, 4 * PAGE);
	assert_int_equal(ftruncate(memory.fd, (off_t)(OFFSET + 4 * PAGE)), 0);
	device = rig_device(&rig, world->first);
	vioc_device_unref(device);
	rig_close(&rig);
	memory_free(&memory);
}

/* One behaviour with other mappings: they may not meet, and are refused where those are. */
static void meets_others(struct world *world)
{
	struct memory memory = memory_new(4 * PAGE);
	struct rig rig;
	uint64_t bytes = 0;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(map_at(&rig, BASE, &memory), 0);
	expect_failure(rig.ctx, map_at(&rig, BASE, &memory), -EEXIST, VIOC_REASON_OVERLAP);
	expect_failure(rig.ctx, map_at(&rig, BASE + 3 * PAGE, &memory), -EEXIST,
		       VIOC_REASON_OVERLAP);
	expect_failure(rig.ctx, map_at(&rig, 0xfee00000, &memory), -ERANGE,
		       VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_ioas_unmap(rig.ioas, BASE, 2 * PAGE, 0, NULL), -EINVAL,
		       VIOC_REASON_CUTS_MAPPING);
	/* Neighbours of it, one of the same file and one of other memory, stay apart. */
	char *other = pages_new(1);
	assert_int_equal(map_at(&rig, BASE + 4 * PAGE, &memory), 0);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE + 8 * PAGE, other, PAGE, RW), 0);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE + 4 * PAGE, 4 * PAGE, 0, &bytes), 0);
	assert_int_equal(bytes, 4 * PAGE);
	expect_maps(rig.ioas, 2, 5 * PAGE);
	assert_int_equal(vioc_ioas_unmap_all(rig.ioas, &bytes), 0);
	assert_int_equal(bytes, 5 * PAGE);
	pages_free(other, 1);
	vioc_device_unref(device);
	rig_close(&rig);
	memory_free(&memory);
}

/* What is mapped where a file's mapping waits is never that one again: the file may be another. */
static void deferred(struct world *world)
{
	struct memory first = memory_new(4 * PAGE), second = memory_new(4 * PAGE);
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	edu_start(edu);
	assert_int_equal(map_at(&rig, BASE, &first), 0);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, 4 * PAGE, VIOC_UNMAP_DEFER, NULL), 0);
	/* The second file takes the first one's place, at the same VA. */
	assert_ptr_equal(mmap(first.va, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			      second.fd, (off_t)OFFSET),
			 first.va);
	assert_int_equal(
		vioc_ioas_map_file_fixed(rig.ioas, BASE, second.fd, OFFSET, first.va, 4 * PAGE, RW),
		0);
	assert_true(edu_reaches(edu, rig.ioas, BASE, second.va));
	assert_int_equal(vioc_ioas_get_stats(rig.ioas, &stats), 0);
	assert_int_equal(stats.n_revived, 0);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, 4 * PAGE, VIOC_UNMAP_DEFER, NULL), 0);
	assert_int_equal(vioc_ioas_flush(rig.ioas), 0);
	expect_maps(rig.ioas, 0, 0);
	vioc_device_unref(edu);
	rig_close(&rig);
	memory_free(&first);
	memory_free(&second);
}

/* A file is open as long as a mapping of it, by whichever way that goes. */
static void fd_goes_with_mapping(struct world *world)
{
	const struct vioc_unmap_request all = { .iova = BASE, .length = 64 * PAGE };
	struct memory memory = memory_new(4 * PAGE);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	unsigned int before = count_fds();

	for (int way = 0; way < 5; way++) {
		assert_int_equal(map_at(&rig, BASE, &memory), 0);
		assert_int_equal(map_at(&rig, BASE + 16 * PAGE, &memory), 0);
		assert_true(count_fds() > before);
		if (way == 0)
			assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, 4 * PAGE, 0, NULL), 0);
		if (way == 0)
			assert_true(count_fds() > before);
		if (way < 2)
			assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, 64 * PAGE, 0, NULL), 0);
		else if (way == 2)
			assert_int_equal(vioc_ioas_unmap_all(rig.ioas, NULL), 0);
		else if (way == 3)
			assert_int_equal(vioc_ioas_unmap_batch(rig.ioas, &all, 1, 0, NULL, NULL),
					 0);
		else
			assert_int_equal(
				vioc_ioas_unmap(rig.ioas, BASE, 64 * PAGE, VIOC_UNMAP_DEFER, NULL),
				0);
		if (way == 4)
			assert_int_equal(vioc_ioas_flush(rig.ioas), 0);
		assert_int_equal(count_fds(), before);
	}

	/* And with those that still wait when the last device goes. */
	assert_int_equal(map_at(&rig, BASE, &memory), 0);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, 4 * PAGE, VIOC_UNMAP_DEFER, NULL), 0);
	before = count_fds();
	vioc_device_unref(device);
	assert_true(count_fds() < before - 1);
	rig_close(&rig);
	memory_free(&memory);
}

/* What vioc_mem has is a file. */
static void mem_is_a_file(struct world *world)
{
	struct vioc_mem *mem;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_mem_new(rig.ioas, 4 * PAGE, NULL, &mem), 0);
	assert_int_equal(count_by_file(rig.ioas), world_maps_files(world));
	vioc_mem_unref(mem);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void beyond_memlock(struct world *world)
{
	struct memory memory = memory_new(32 * PAGE);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	world_limit_memlock(world, 16 * PAGE);
	int error = map_at(&rig, BASE, &memory);
	world_limit_memlock(world, UINT64_MAX);
	expect_failure(rig.ctx, error, -ENOMEM, VIOC_REASON_MEMLOCK);
	expect_maps(rig.ioas, 0, 0);
	vioc_device_unref(device);
	rig_close(&rig);
	memory_free(&memory);
}

const struct contract_case file_cases[] = {
	{ "file is reached by a device", is_reached, NEEDS_EDU },
	{ "file is replayed for devices to come", is_replayed, NEEDS_EDU },
	{ "file outlives its VA where the kernel maps files", outlives_its_va, NEEDS_EDU },
	{ "file has an IOVA like its offset", iova_is_like_offset, 0 },
	{ "file that is no memory: EINVAL, EBADF", bad_files, 0 },
	{ "file mapped misaligned, past its end, or to be written: EINVAL", bad_ranges, 0 },
	{ "file that was shortened: EFAULT", shortened, 0 },
	{ "file among other mappings", meets_others, 0 },
	{ "file deferred is not taken up again", deferred, NEEDS_EDU },
	{ "file is closed with its last mapping", fd_goes_with_mapping, 0 },
	{ "file behind a mem", mem_is_a_file, 0 },
	{ "file beyond memlock: ENOMEM", beyond_memlock, 0 },
	{ 0 },
};
