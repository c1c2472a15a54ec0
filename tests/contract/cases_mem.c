// SPDX-License-Identifier: MIT
/* Memory that the library makes, or takes from a file. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract.h"

#define BASE ((uint64_t)0x1000000)
#define MIB  (UINT64_C(1) << 20)

/* A rig with an edu open, or without. */
struct setup {
	struct rig rig;
	struct vioc_device *edu;
};

static void setup_open(struct world *world, struct setup *s)
{
	rig_open(world, &s->rig);
	s->edu = rig_device(&s->rig, world->edu);
	edu_start(s->edu);
}

static void setup_close(struct setup *s)
{
	expect_maps(s->rig.ioas, 0, 0);
	vioc_device_unref(s->edu);
	rig_close(&s->rig);
}

/* What edu can address. */
static struct vioc_mem_opts low_opts(uint64_t flags)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	opts.flags = flags | VIOC_MEM_FIXED_IOVA;
	opts.iova = BASE;
	return opts;
}

static struct vioc_mem_info info_of(const struct vioc_mem *mem)
{
	struct vioc_mem_info info = VIOC_SIZED(vioc_mem_info);
	assert_int_equal(vioc_mem_get_info(mem, &info), 0);
	assert_ptr_equal(info.va, vioc_mem_get_va(mem));
	assert_int_equal(info.iova, vioc_mem_get_iova(mem));
	assert_int_equal(info.reserved, 0);
	return info;
}

/* The context's diag is a note of a fallback, with a failure for this reason behind it. */
static void expect_fallback(struct vioc_ctx *ctx, uint32_t because)
{
	struct vioc_diag *diag;
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_error(diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_FALLBACK);
	assert_non_null(vioc_diag_get_other(diag));
	assert_int_equal(vioc_diag_get_reason(vioc_diag_get_other(diag)), because);
	vioc_diag_unref(diag);
}

static void new_is_reached(struct world *world)
{
	struct setup s;
	struct vioc_mem *mem;
	struct vioc_mem_opts opts = low_opts(0);
	setup_open(world, &s);
	assert_int_equal(vioc_mem_new(s.rig.ioas, 64 * PAGE, &opts, &mem), 0);
	char *va = vioc_mem_get_va(mem);
	for (size_t i = 0; i < 64 * PAGE; i++)
		assert_int_equal(va[i], 0);
	assert_int_equal(vioc_mem_get_iova(mem), BASE);
	assert_true(edu_reaches(s.edu, s.rig.ioas, BASE, va));
	assert_true(edu_reaches(s.edu, s.rig.ioas, BASE + 63 * PAGE, va + 63 * PAGE));
	vioc_mem_unref(mem);
	setup_close(&s);
}

/* The mapping is made without a device, and replayed when one comes. */
static void new_before_attach(struct world *world)
{
	struct rig rig;
	struct vioc_mem *mem;
	struct vioc_mem_opts opts = low_opts(0);
	rig_open(world, &rig);
	assert_int_equal(vioc_mem_new(rig.ioas, 100, &opts, &mem), 0);
	struct vioc_mem_info info = info_of(mem);
	assert_int_equal(info.length, PAGE);
	assert_int_equal(info.page_size, PAGE);
	assert_int_equal(info.flags, VIOC_MEM_SEALED);
	assert_int_equal(info.map_flags, VIOC_MAP_READ | VIOC_MAP_WRITE);
	assert_int_equal(info.node, 0);
	assert_int_equal(info.offset, 0);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	edu_start(edu);
	assert_true(edu_reaches(edu, rig.ioas, BASE, vioc_mem_get_va(mem)));
	vioc_device_unref(edu);
	expect_maps(rig.ioas, 1, PAGE);
	vioc_mem_unref(mem);
	expect_maps(rig.ioas, 0, 0);
	rig_close(&rig);
}

/* Several, where the library chooses; the last reference to the ioas is theirs. */
static void holds_its_ioas(struct world *world)
{
	struct vioc_mem *mems[3];
	struct rig rig;
	rig_open(world, &rig);
	for (size_t i = 0; i < 3; i++) {
		struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
		opts.n_threads = 3;
		opts.name = "three";
		assert_int_equal(vioc_mem_new(rig.ioas, 5 * MIB, &opts, &mems[i]), 0);
		assert_int_not_equal(vioc_mem_get_iova(mems[i]), 0);
		assert_int_equal((uintptr_t)vioc_mem_get_va(mems[i]) % (2 * MIB), 0);
		memset(vioc_mem_get_va(mems[i]), (int)i + 1, 5 * MIB);
	}
	expect_maps(rig.ioas, 3, 15 * MIB);
	struct vioc_device *device = rig_device(&rig, world->first);
	rig_close(&rig);
	assert_ptr_equal(vioc_mem_ref(mems[1]), mems[1]);
	assert_null(vioc_mem_unref(mems[1]));
	vioc_device_unref(device);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(*((char *)vioc_mem_get_va(mems[i]) + 5 * MIB - 1), i + 1);
		vioc_mem_unref(mems[i]);
	}
	assert_null(vioc_mem_unref(NULL));
}

static void expect_bad(struct rig *rig, uint64_t length, const struct vioc_mem_opts *opts)
{
	struct vioc_mem *mem = NULL;
	expect_failure(rig->ctx, vioc_mem_new(rig->ioas, length, opts, &mem), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_null(mem);
}

static void new_bad_options(struct world *world)
{
	char name[300] = { 0 };
	const size_t size = sizeof(struct vioc_mem_opts);
	const struct vioc_mem_opts bad[] = {
		{ .flags = 0 },
		{ .size = size, .flags = VIOC_MEM_SEALED },
		{ .size = size, .flags = UINT64_C(1) << 63 },
		{ .size = size, .map_flags = 4 },
		{ .size = size, .iova = BASE },
		{ .size = size, .iova = BASE + 1, .flags = VIOC_MEM_FIXED_IOVA },
		{ .size = size, .name = name },
		{ .size = size, .n_threads = 100000 },
	};
	struct rig rig;
	rig_open(world, &rig);
	memset(name, 'n', sizeof(name) - 1);
	expect_bad(&rig, 0, NULL);
	expect_bad(&rig, UINT64_MAX, NULL);
	expect_bad(&rig, UINT64_MAX / 2, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_bad(&rig, PAGE, &bad[i]);
	expect_failure(rig.ctx, vioc_mem_new(rig.ioas, PAGE, NULL, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_maps(rig.ioas, 0, 0);
	rig_close(&rig);
}

/* What the map call refuses leaves no memory behind. */
static void new_where_it_cannot_be(struct world *world)
{
	struct vioc_mem_opts opts = low_opts(0);
	struct vioc_mem *mem, *none = NULL;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_mem_new(rig.ioas, 4 * PAGE, &opts, &mem), 0);
	expect_failure(rig.ctx, vioc_mem_new(rig.ioas, 4 * PAGE, &opts, &none), -EEXIST,
		       VIOC_REASON_OVERLAP);
	opts.iova = 0xfee00000;
	expect_failure(rig.ctx, vioc_mem_new(rig.ioas, 4 * PAGE, &opts, &none), -ERANGE,
		       VIOC_REASON_OUT_OF_RANGE);
	assert_null(none);
	expect_maps(rig.ioas, 1, 4 * PAGE);
	vioc_mem_unref(mem);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void new_beyond_memlock(struct world *world)
{
	struct vioc_mem *mem = NULL;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	world_limit_memlock(world, 16 * PAGE);
	int error = vioc_mem_new(rig.ioas, 32 * PAGE, NULL, &mem);
	world_limit_memlock(world, UINT64_MAX);
	expect_failure(rig.ctx, error, -ENOMEM, VIOC_REASON_MEMLOCK);
	assert_null(mem);
	expect_maps(rig.ioas, 0, 0);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void huge_pages(struct world *world)
{
	struct vioc_mem_opts opts = low_opts(VIOC_MEM_HUGETLB_2M);
	struct vioc_mem *mem;
	struct setup s;
	world_set_huge_pages(world, 4);
	setup_open(world, &s);
	assert_int_equal(vioc_mem_new(s.rig.ioas, 3 * MIB, &opts, &mem), 0);
	struct vioc_mem_info info = info_of(mem);
	assert_int_equal(info.length, 4 * MIB);
	assert_int_equal(info.page_size, 2 * MIB);
	assert_int_equal(info.flags, VIOC_MEM_HUGETLB_2M | VIOC_MEM_SEALED);
	assert_int_equal((uintptr_t)info.va % (2 * MIB), 0);
	assert_true(edu_reaches(s.edu, s.rig.ioas, BASE + 3 * MIB, (char *)info.va + 3 * MIB));

	opts.iova = BASE + 16 * MIB;
	struct vioc_mem *more = NULL;
	expect_failure(s.rig.ctx, vioc_mem_new(s.rig.ioas, 6 * MIB, &opts, &more), -ENOMEM,
		       VIOC_REASON_NO_MEMORY);
	expect_fact(s.rig.ctx, "pages-needed", "3");
	expect_fact(s.rig.ctx, "pages-free", "2");
	assert_null(more);
	assert_int_equal(vioc_mem_new(s.rig.ioas, 4 * MIB, &opts, &more), 0);
	vioc_mem_unref(mem);
	vioc_mem_unref(more);
	setup_close(&s);
	world_set_huge_pages(world, 0);
}

static void huge_pages_preferred(struct world *world)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem *mem;
	struct rig rig;
	world_set_huge_pages(world, 1);
	rig_open(world, &rig);
	opts.flags = VIOC_MEM_HUGETLB_2M | VIOC_MEM_PREFER;
	assert_int_equal(vioc_mem_new(rig.ioas, 3 * MIB, &opts, &mem), 0);
	expect_fallback(rig.ctx, VIOC_REASON_NO_MEMORY);
	struct vioc_mem_info info = info_of(mem);
	assert_int_equal(info.length, 3 * MIB);
	assert_int_equal(info.page_size, PAGE);
	assert_int_equal(info.flags, VIOC_MEM_SEALED);
	vioc_mem_unref(mem);
	assert_int_equal(vioc_mem_new(rig.ioas, MIB, &opts, &mem), 0);
	assert_int_equal(info_of(mem).page_size, 2 * MIB);
	vioc_mem_unref(mem);
	rig_close(&rig);
	world_set_huge_pages(world, 0);
}

static void transparent_huge_pages(struct world *world)
{
	struct vioc_mem_opts opts = low_opts(VIOC_MEM_THP);
	struct vioc_mem *mem;
	struct setup s;
	world_set_thp(world, true);
	setup_open(world, &s);
	assert_int_equal(vioc_mem_new(s.rig.ioas, 4 * MIB, &opts, &mem), 0);
	assert_int_equal(info_of(mem).flags, VIOC_MEM_THP | VIOC_MEM_SEALED);
	assert_true(edu_reaches(s.edu, s.rig.ioas, BASE, vioc_mem_get_va(mem)));
	vioc_mem_unref(mem);

	world_set_thp(world, false);
	expect_failure(s.rig.ctx, vioc_mem_new(s.rig.ioas, 4 * MIB, &opts, &mem), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	opts.flags |= VIOC_MEM_PREFER;
	assert_int_equal(vioc_mem_new(s.rig.ioas, 4 * MIB, &opts, &mem), 0);
	expect_fallback(s.rig.ctx, VIOC_REASON_UNSUPPORTED);
	assert_int_equal(info_of(mem).flags, VIOC_MEM_SEALED);
	vioc_mem_unref(mem);
	setup_close(&s);
}

static void numa_node(struct world *world)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem *mem = NULL;
	struct rig rig;
	rig_open(world, &rig);
	opts.node = VIOC_MEM_NODE(0);
	assert_int_equal(vioc_mem_new(rig.ioas, 4 * PAGE, &opts, &mem), 0);
	assert_int_equal(info_of(mem).node, VIOC_MEM_NODE(0));
	vioc_mem_unref(mem);
	mem = NULL;
	for (size_t i = 0; i < 3; i++) {
		static const uint32_t nodes[] = { 57, 100000, UINT32_MAX - 1 };
		opts.node = VIOC_MEM_NODE(nodes[i]);
		expect_bad(&rig, PAGE, &opts);
	}
	rig_close(&rig);
}

static int memfd_new(uint64_t length)
{
	int fd = memfd_create("contract", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)length), 0);
	return fd;
}

static void import_is_reached(struct world *world)
{
	struct vioc_mem_opts opts = low_opts(0);
	struct vioc_mem *mem, *same;
	struct setup s;
	int fd = memfd_new(8 * MIB);
	assert_int_equal(pwrite(fd, "content", 7, 3 * (off_t)PAGE), 7);
	setup_open(world, &s);
	assert_int_equal(vioc_mem_import(s.rig.ioas, fd, 3 * PAGE, 4 * MIB, &opts, &mem), 0);
	struct vioc_mem_info info = info_of(mem);
	assert_int_equal(info.offset, 3 * PAGE);
	assert_int_equal(info.length, 4 * MIB);
	assert_int_equal(info.flags, 0);
	assert_int_equal((uintptr_t)info.va % (2 * MIB), 3 * PAGE);
	assert_memory_equal(info.va, "content", 8);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	opts.iova += 16 * MIB;
	assert_int_equal(vioc_mem_import(s.rig.ioas, fd, 3 * PAGE, PAGE, &opts, &same), 0);
	assert_int_equal(info_of(same).flags, VIOC_MEM_SEALED);
	close(fd);

	/* The same pages through both, and through the file that the mem keeps. */
	char byte = 0;
	assert_true(edu_reaches(s.edu, s.rig.ioas, opts.iova, info.va));
	assert_true(edu_reaches(s.edu, s.rig.ioas, BASE, vioc_mem_get_va(same)));
	assert_int_equal(pread(vioc_mem_get_fd(mem), &byte, 1, 3 * (off_t)PAGE), 1);
	assert_int_equal(byte, *(char *)info.va);
	vioc_mem_unref(mem);
	vioc_mem_unref(same);
	setup_close(&s);
}

static void expect_bad_import(struct rig *rig, int fd, uint64_t offset, uint64_t length,
			      const struct vioc_mem_opts *opts, int error)
{
	struct vioc_mem *mem = NULL;
	expect_failure(rig->ctx, vioc_mem_import(rig->ioas, fd, offset, length, opts, &mem), error,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_null(mem);
	expect_maps(rig->ioas, 0, 0);
}

static void import_bad_files(struct world *world)
{
	struct rig rig;
	int ends[2];
	rig_open(world, &rig);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int folder = open("/dev/shm", O_RDONLY | O_CLOEXEC);
	int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const int fds[] = { null, folder, program, ends[0], ends[1] };
	expect_bad_import(&rig, -1, 0, PAGE, NULL, -EBADF);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			expect_bad_import(&rig, fds[i], 0, PAGE, NULL, -EINVAL);
		close(fds[i]);
	}
	expect_bad_import(&rig, null, 0, PAGE, NULL, -EBADF);
	rig_close(&rig);
}

static void import_bad_ranges(struct world *world)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct rig rig;
	int fd = memfd_new(8 * PAGE - 100);
	rig_open(world, &rig);
	expect_bad_import(&rig, fd, 0, 0, NULL, -EINVAL);
	expect_bad_import(&rig, fd, 0, 100, NULL, -EINVAL);
	expect_bad_import(&rig, fd, 100, PAGE, NULL, -EINVAL);
	expect_bad_import(&rig, fd, 0, 8 * PAGE, NULL, -EINVAL);
	expect_bad_import(&rig, fd, 7 * PAGE, PAGE, NULL, -EINVAL);
	expect_bad_import(&rig, fd, 8 * PAGE, PAGE, NULL, -EINVAL);
	expect_bad_import(&rig, fd, 0 - PAGE, 2 * PAGE, NULL, -EINVAL);
	expect_bad_import(&rig, fd, PAGE, 0 - PAGE, NULL, -EINVAL);
	opts.flags = VIOC_MEM_HUGETLB_2M;
	expect_bad_import(&rig, fd, 0, PAGE, &opts, -EINVAL);
	opts.flags = 0;
	opts.name = "name";
	expect_bad_import(&rig, fd, 0, PAGE, &opts, -EINVAL);
	rig_close(&rig);
	close(fd);
}

static void expect_read_only(struct rig *rig, int fd)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem *mem;
	expect_bad_import(rig, fd, 0, 4 * PAGE, NULL, -EINVAL);
	opts.map_flags = VIOC_MAP_READ;
	assert_int_equal(vioc_mem_import(rig->ioas, fd, 0, 4 * PAGE, &opts, &mem), 0);
	assert_int_equal(info_of(mem).map_flags, VIOC_MAP_READ);
	assert_int_equal(*(char *)vioc_mem_get_va(mem), 'r');
	vioc_mem_unref(mem);
}

static void import_read_only(struct world *world)
{
	char path[64];
	struct rig rig;
	int fd = memfd_new(4 * PAGE);
	assert_int_equal(pwrite(fd, "r", 1, 0), 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int read_only = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read_only >= 0);
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	expect_read_only(&rig, read_only);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	expect_read_only(&rig, fd);
	close(fd);
	close(read_only);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void import_huge_pages(struct world *world)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem *mem, *part;
	struct rig rig;
	world_set_huge_pages(world, 2);
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	opts.flags = VIOC_MEM_HUGETLB_2M;
	assert_int_equal(vioc_mem_new(rig.ioas, 4 * MIB, &opts, &mem), 0);
	int fd = vioc_mem_get_fd(mem);
	assert_int_equal(vioc_mem_import(rig.ioas, fd, 2 * MIB, 2 * MIB, NULL, &part), 0);
	*((char *)vioc_mem_get_va(mem) + 2 * MIB) = 'h';
	assert_int_equal(*(char *)vioc_mem_get_va(part), 'h');
	assert_int_equal(info_of(part).flags, VIOC_MEM_HUGETLB_2M | VIOC_MEM_SEALED);
	vioc_mem_unref(part);
	expect_failure(rig.ctx, vioc_mem_import(rig.ioas, fd, PAGE, 2 * MIB, NULL, &part), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_mem_import(rig.ioas, fd, 0, PAGE, NULL, &part), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	vioc_mem_unref(mem);
	vioc_device_unref(device);
	rig_close(&rig);
	world_set_huge_pages(world, 0);
}

/* Programs that close their standard streams don't get memory in their place. */
static void fds_keep_off(struct world *world)
{
	struct vioc_mem *mem = NULL, *same = NULL;
	struct rig rig;
	rig_open(world, &rig);
	int kept = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(0);
	int made = vioc_mem_new(rig.ioas, PAGE, NULL, &mem);
	int imported =
		made < 0 ? made
			 : vioc_mem_import(rig.ioas, vioc_mem_get_fd(mem), 0, PAGE, NULL, &same);
	assert_int_equal(dup2(kept, 0), 0);
	close(kept);
	assert_int_equal(imported, 0);
	assert_true(vioc_mem_get_fd(mem) > 2 && vioc_mem_get_fd(same) > 2);
	assert_int_equal(fcntl(vioc_mem_get_fd(mem), F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(vioc_mem_get_fd(same), F_GETFD), FD_CLOEXEC);
	vioc_mem_unref(same);
	vioc_mem_unref(mem);
	rig_close(&rig);
}

const struct contract_case mem_cases[] = {
	{ "mem made is reached by a device", new_is_reached, NEEDS_EDU },
	{ "mem made before the first attach", new_before_attach, NEEDS_EDU },
	{ "mem holds its ioas", holds_its_ioas, 0 },
	{ "mem with bad options: EINVAL", new_bad_options, 0 },
	{ "mem where no mapping can be leaves nothing", new_where_it_cannot_be, 0 },
	{ "mem beyond memlock: ENOMEM", new_beyond_memlock, 0 },
	{ "mem of huge pages", huge_pages, NEEDS_EDU },
	{ "mem of huge pages if there are any", huge_pages_preferred, 0 },
	{ "mem of transparent huge pages", transparent_huge_pages, NEEDS_EDU },
	{ "mem of a NUMA node", numa_node, 0 },
	{ "mem imported is reached by a device", import_is_reached, NEEDS_EDU },
	{ "mem imported from what is no memory: EINVAL", import_bad_files, 0 },
	{ "mem imported misaligned or past the end: EINVAL", import_bad_ranges, 0 },
	{ "mem imported for reading only", import_read_only, 0 },
	{ "mem imported of huge pages", import_huge_pages, 0 },
	{ "mem keeps off the standard streams", fds_keep_off, 0 },
	{ 0 },
};
