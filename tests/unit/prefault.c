// SPDX-License-Identifier: MIT
/* Prefaulting on the real operating system: pages are there, content stays, errors are the first's. */
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/prefault.h"
#include "unit.h"

#define UNIT	(UINT64_C(2) << 20)
#define N_PAGES ((size_t)(5 * UNIT / PAGE))
#define LENGTH	(N_PAGES * PAGE)

/* The real system, as a kernel that can't populate has it, or with a part that fails. */
struct shim {
	struct vioci_sys sys;
	struct vioci_sys_ops ops;
	bool cant;
	char *fails[2]; /* -EFAULT for the first, -ENOMEM for the second */
	atomic_uint n_calls;
	atomic_bool crossed; /* a part with several units */
};

static int shim_populate(void *data, void *address, size_t length, bool write)
{
	struct shim *shim = data;
	atomic_fetch_add(&shim->n_calls, 1);
	if ((uintptr_t)address / UNIT != ((uintptr_t)address + length - 1) / UNIT)
		atomic_store(&shim->crossed, true);
	if (shim->cant)
		return -ENOSYS;
	for (int i = 0; i < 2; i++)
		if ((char *)address <= shim->fails[i] && shim->fails[i] < (char *)address + length)
			return i ? -ENOMEM : -EFAULT;
	return vioci_sys_populate(&vioci_sys_real, address, length, write);
}

static void shim_init(struct shim *shim)
{
	memset(shim, 0, sizeof(*shim));
	shim->ops.populate = shim_populate;
	shim->sys = (struct vioci_sys){ .ops = &shim->ops, .data = shim };
}

/* Not aligned to the units. */
static char *memory_new(int prot, int flags)
{
	char *memory = mmap(NULL, LENGTH + 2 * UNIT, prot, flags | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	char *start = memory + (UNIT - (uintptr_t)memory % UNIT) + 3 * PAGE;
	munmap(memory, (size_t)(start - memory));
	munmap(start + LENGTH, 2 * UNIT - (size_t)(start - memory));
	return start;
}

static size_t count_present(char *memory)
{
	unsigned char present[N_PAGES];
	size_t count = 0;
	assert_int_equal(mincore(memory, LENGTH, present), 0);
	for (size_t i = 0; i < N_PAGES; i++)
		count += present[i] & 1;
	return count;
}

static void check(bool cant, int flags, unsigned int n_threads)
{
	struct shim shim;
	shim_init(&shim);
	shim.cant = cant;
	char *memory = memory_new(PROT_READ | PROT_WRITE, flags);
	memory[7 * PAGE] = 'x';
	assert_true(count_present(memory) < N_PAGES);
	assert_int_equal(vioci_prefault(&shim.sys, memory, LENGTH, true, n_threads), 0);
	assert_int_equal(count_present(memory), N_PAGES);
	assert_int_equal(memory[7 * PAGE], 'x');
	assert_int_equal(memory[8 * PAGE], 0);
	assert_int_equal(atomic_load(&shim.n_calls), n_threads > 1 ? 6 : 1);
	assert_int_equal(atomic_load(&shim.crossed), n_threads <= 1);
	munmap(memory, LENGTH);
}

static void populates(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 5; n++) {
		check(false, MAP_PRIVATE, n);
		check(false, MAP_SHARED, n);
	}
	check(false, MAP_SHARED, 1000);
}

static void touches(void **state)
{
	(void)state;
	check(true, MAP_PRIVATE, 0);
	check(true, MAP_SHARED, 0);
	check(true, MAP_SHARED, 3);
}

static void expect_error(bool cant, char *memory, bool write, int error)
{
	struct shim shim;
	shim_init(&shim);
	shim.cant = cant;
	for (unsigned int n = 1; n < 4; n++)
		assert_int_equal(vioci_prefault(&shim.sys, memory, LENGTH, write, n), error);
}

static void bad_memory(void **state)
{
	bool cant = *(bool *)*state;
	char *memory = memory_new(PROT_READ, MAP_SHARED);
	expect_error(cant, memory, true, -EFAULT);
	expect_error(cant, memory, false, 0);
	munmap(memory + LENGTH - PAGE, PAGE);
	expect_error(cant, memory, false, -EFAULT);
	munmap(memory, LENGTH);
	expect_error(cant, memory, false, -EFAULT);
}

/* Past a file's end an access would raise SIGBUS. */
static void short_file(void **state)
{
	bool cant = *(bool *)*state;
	int fd = memfd_create("short", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)PAGE), 0);
	char *memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(memory != MAP_FAILED);
	expect_error(cant, memory, true, -EFAULT);
	expect_error(cant, memory, false, -EFAULT);
	munmap(memory, LENGTH);
	close(fd);
}

static void first_error_wins(void **state)
{
	(void)state;
	char *memory = memory_new(PROT_READ | PROT_WRITE, MAP_SHARED);
	for (int first = 0; first < 2; first++) {
		struct shim shim;
		shim_init(&shim);
		shim.fails[first] = memory + UNIT;
		shim.fails[!first] = memory + 2 * UNIT;
		for (unsigned int n = 2; n < 5; n++)
			assert_int_equal(vioci_prefault(&shim.sys, memory, LENGTH, true, n),
					 first ? -ENOMEM : -EFAULT);
	}
	munmap(memory, LENGTH);
}

static void larger_pages(void **state)
{
	(void)state;
	struct shim shim;
	shim_init(&shim);
	char *memory = memory_new(PROT_READ | PROT_WRITE, MAP_SHARED);
	assert_int_equal(vioci_prefault_pages(&shim.sys, memory, LENGTH, true, 4, UNIT << 9), 0);
	assert_in_range(atomic_load(&shim.n_calls), 1, 2);
	assert_int_equal(count_present(memory), N_PAGES);
	assert_int_equal(vioci_prefault(&shim.sys, memory, 0, true, 4), 0);
	munmap(memory, LENGTH);
}

int main(void)
{
	static bool can = false, cant = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(populates),
		cmocka_unit_test(touches),
		cmocka_unit_test_prestate(bad_memory, &can),
		cmocka_unit_test_prestate(bad_memory, &cant),
		cmocka_unit_test_prestate(short_file, &can),
		cmocka_unit_test_prestate(short_file, &cant),
		cmocka_unit_test(first_error_wins),
		cmocka_unit_test(larger_pages),
	};
	return cmocka_run_group_tests_name("prefault", tests, NULL, NULL);
}
