// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sys/prefault.h"
#include "sys/threads.h"

#define UNIT (UINT64_C(2) << 20)

struct job {
	const struct vioci_sys *sys;
	uint64_t start;
	uint64_t end;
	uint64_t unit; /* parts are cut where addresses are multiples of it */
	bool write;
	atomic_uint_fast64_t next; /* the part that nobody has taken */
	atomic_bool failed;
	pthread_mutex_t lock; /* what follows */
	uint64_t failed_at;
	int error;
};

/*
 * An access by a system call, which answers -EFAULT where an instruction would raise a signal. To
 * write, the kernel ORs 0 into the page's first word, so it may be in use.
 */
static int touch_page(uint64_t address, bool write)
{
	static const struct timespec now;
	uint32_t own = 0;
	long result;
	if (write)
		result = syscall(SYS_futex, &own, FUTEX_WAKE_OP_PRIVATE, 0, 0, address,
				 FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_LT, 0x800));
	else
		result = syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, UINT32_MAX, &now, NULL, 0);
	return result < 0 && errno == EFAULT ? -EFAULT : 0;
}

static int touch(uint64_t start, uint64_t end, bool write)
{
	for (uint64_t address = start; address < end; address += vioci_page_size()) {
		int error = touch_page(address, write);
		if (error < 0)
			return error;
	}
	return 0;
}

static int populate(const struct vioci_sys *sys, uint64_t start, uint64_t end, bool write)
{
	int error = vioci_sys_populate(sys, (void *)(uintptr_t)start, (size_t)(end - start), write);
	/* Before Linux 5.14. */
	return error == -ENOSYS ? touch(start, end, write) : error;
}

/* Parts are taken in order, so all before one that failed are taken too, and will be finished. */
static void note_failure(struct job *job, uint64_t start, int error)
{
	pthread_mutex_lock(&job->lock);
	if (!job->error || start < job->failed_at) {
		job->error = error;
		job->failed_at = start;
	}
	pthread_mutex_unlock(&job->lock);
	atomic_store(&job->failed, true);
}

static void *work(void *arg)
{
	struct job *job = arg;
	uint64_t first = job->start & ~(job->unit - 1);
	while (!atomic_load(&job->failed)) {
		uint64_t start = first + atomic_fetch_add(&job->next, 1) * job->unit;
		uint64_t end = start + job->unit;
		if (start >= job->end)
			break;
		if (start < job->start)
			start = job->start;
		if (end > job->end)
			end = job->end;
		int error = populate(job->sys, start, end, job->write);
		if (error < 0)
			note_failure(job, start, error);
	}
	return NULL;
}

int vioci_prefault_pages(const struct vioci_sys *sys, void *va, uint64_t length, bool write,
			 unsigned int n_threads, uint64_t page_size)
{
	struct job job = {
		.sys = sys,
		.start = (uintptr_t)va,
		.end = (uintptr_t)va + length,
		.unit = page_size > UNIT ? page_size : UNIT,
		.write = write,
	};
	uint64_t n_units = length / job.unit + 1;
	if (!length)
		return 0;
	if (n_threads > VIOCI_MAX_THREADS)
		n_threads = VIOCI_MAX_THREADS;
	if (n_threads > n_units)
		n_threads = (unsigned int)n_units;
	if (n_threads <= 1)
		return populate(sys, job.start, job.end, write);
	pthread_mutex_init(&job.lock, NULL);
	vioci_run_threads(n_threads, work, &job, 0);
	pthread_mutex_destroy(&job.lock);
	return job.error;
}

int vioci_prefault(const struct vioci_sys *sys, void *va, uint64_t length, bool write,
		   unsigned int n_threads)
{
	return vioci_prefault_pages(sys, va, length, write, n_threads, 0);
}
