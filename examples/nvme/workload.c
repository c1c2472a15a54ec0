// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "io.h"
#include "message.h"
#include "workload.h"

/* A part of a run, that all workers have to finish before the next begins. */
struct phase {
	bool write;
	bool random;
	bool measured;
	bool flush;
	uint64_t ms; /* 0: until each slot was had once */
};

/* The range is slots of the size of an operation; each worker has its own. */
struct worker {
	const struct workload *workload;
	const struct nvme_namespace *namespace;
	const struct phase *phase;
	atomic_bool *stop; /* shared: somebody failed */
	struct nvme_io io;
	struct nvme_dma buffers;
	uint64_t first_slot;
	uint64_t n_slots;
	uint32_t *rounds; /* by slot: how often it was written; NULL: nobody checks */
	bool *busy; /* by slot, where rounds are counted: one command at a time keeps them exact */
	uint64_t next;
	uint64_t n_started;
	uint64_t random;
	uint64_t slots[WORKLOAD_DEPTH_MAX];  /* by tag */
	uint64_t begins[WORKLOAD_DEPTH_MAX]; /* by tag, in ns */
	uint64_t n_checked;
	struct histogram latency;
	pthread_t thread;
	int error;
};

static uint8_t *buffer_of(const struct worker *worker, uint16_t tag)
{
	return (uint8_t *)worker->buffers.va + (size_t)tag * worker->workload->op_bytes;
}

static uint64_t word_of(uint64_t slot, uint32_t round, size_t index)
{
	return (slot * 0x100000001 + round + 1) * UINT64_C(0x9e3779b97f4a7c15) +
	       index * UINT64_C(0xbf58476d1ce4e5b9);
}

static void fill(const struct worker *worker, uint16_t tag, uint64_t slot, uint32_t round)
{
	uint64_t *words = (uint64_t *)(void *)buffer_of(worker, tag);
	for (size_t i = 0; i < worker->workload->op_bytes / sizeof(*words); i++)
		words[i] = word_of(worker->first_slot + slot, round, i);
}

static int check(struct worker *worker, uint16_t tag, uint64_t slot)
{
	const uint64_t *words = (const uint64_t *)(const void *)buffer_of(worker, tag);
	uint32_t op_bytes = worker->workload->op_bytes;

	for (size_t i = 0; i < op_bytes / sizeof(*words); i++)
		if (words[i] != word_of(worker->first_slot + slot, worker->rounds[slot], i))
			return fail(-EBADMSG, worker->io.ctrl->name,
				    "byte %" PRIu64
				    " of the namespace is not what was written last",
				    (worker->first_slot + slot) * op_bytes + i * sizeof(*words));
	worker->n_checked++;
	return 0;
}

/* xorshift64: as good as a disk can tell. */
static uint64_t random_next(struct worker *worker)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return worker->random;
}

static uint64_t pick_slot(struct worker *worker)
{
	uint64_t slot = worker->phase->random ? random_next(worker) % worker->n_slots
					      : worker->next++ % worker->n_slots;
	/* There are more slots than commands under way. */
	while (worker->busy && worker->busy[slot])
		slot = (slot + 1) % worker->n_slots;
	return slot;
}

static int start_op(struct worker *worker, uint16_t tag)
{
	const struct nvme_namespace *namespace = worker->namespace;
	uint32_t n_blocks = worker->workload->op_bytes / namespace->block_size;
	uint64_t slot = pick_slot(worker);
	uint64_t lba = (worker->first_slot + slot) * n_blocks;
	uint64_t iova = worker->buffers.iova + (uint64_t)tag * worker->workload->op_bytes;

	worker->slots[tag] = slot;
	if (worker->busy)
		worker->busy[slot] = true;
	if (worker->rounds && worker->phase->write)
		fill(worker, tag, slot, ++worker->rounds[slot]);
	worker->n_started++;
	worker->begins[tag] = clock_ns();
	int error = worker->phase->write
			    ? nvme_io_write(&worker->io, tag, namespace, lba, n_blocks, iova)
			    : nvme_io_read(&worker->io, tag, namespace, lba, n_blocks, iova);
	return error < 0 ? fail(error, worker->io.ctrl->name, "can't queue a command: %s",
				strerror(-error))
			 : 0;
}

static int end_op(struct worker *worker, const struct nvme_io_done *done, uint64_t now)
{
	uint64_t slot = worker->slots[done->tag];

	if (done->error < 0)
		return done->error;
	if (worker->phase->measured)
		histogram_add(&worker->latency, now - worker->begins[done->tag]);
	if (worker->busy)
		worker->busy[slot] = false;
	return worker->rounds && !worker->phase->write ? check(worker, done->tag, slot) : 0;
}

static bool goes_on(const struct worker *worker, uint64_t deadline, uint64_t now)
{
	if (atomic_load_explicit(worker->stop, memory_order_relaxed) || stop_wanted())
		return false;
	return worker->phase->ms ? now < deadline : worker->n_started < worker->n_slots;
}

static int wait_ops(struct worker *worker, uint64_t deadline, uint32_t *in_flight)
{
	struct nvme_io_done dones[WORKLOAD_DEPTH_MAX];
	int count = nvme_io_wait(&worker->io, dones, WORKLOAD_DEPTH_MAX);
	uint64_t now = clock_ns();
	int error = count < 0 ? count : 0;

	for (int i = 0; error == 0 && i < count; i++) {
		(*in_flight)--;
		error = end_op(worker, &dones[i], now);
		if (error < 0 || !goes_on(worker, deadline, now))
			continue;
		error = start_op(worker, dones[i].tag);
		(*in_flight)++;
	}
	nvme_io_kick(&worker->io);
	return error;
}

static int flush(struct worker *worker)
{
	struct nvme_io_done done;
	int error = nvme_io_flush(&worker->io, 0, worker->namespace);
	if (error < 0)
		return fail(error, worker->io.ctrl->name, "can't queue a flush: %s",
			    strerror(-error));
	nvme_io_kick(&worker->io);
	int count = nvme_io_wait(&worker->io, &done, 1);
	return count < 0 ? count : done.error;
}

static int run_phase(struct worker *worker)
{
	uint64_t now = clock_ns(), deadline = now + worker->phase->ms * 1000000;
	uint32_t in_flight = 0;
	int error = 0;

	worker->n_started = 0;
	worker->next = 0;
	while (error == 0 && in_flight < worker->workload->depth && goes_on(worker, deadline, now))
		error = start_op(worker, (uint16_t)in_flight++);
	nvme_io_kick(&worker->io);
	while (error == 0 && in_flight)
		error = wait_ops(worker, deadline, &in_flight);
	return error == 0 && worker->phase->flush ? flush(worker) : error;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	worker->error = run_phase(worker);
	if (worker->error < 0)
		atomic_store(worker->stop, true);
	return NULL;
}

static int run_workers(struct worker *workers, uint16_t n_workers, const struct phase *phase)
{
	uint16_t n_threads = 0;
	int error = 0;

	for (; n_threads < n_workers; n_threads++) {
		workers[n_threads].phase = phase;
		error = -pthread_create(&workers[n_threads].thread, NULL, work,
					&workers[n_threads]);
		if (error < 0) {
			fail(error, "threads", "can't start one: %s", strerror(-error));
			atomic_store(workers->stop, true);
			break;
		}
	}
	for (uint16_t i = 0; i < n_threads; i++) {
		pthread_join(workers[i].thread, NULL);
		error = error < 0 ? error : workers[i].error;
	}
	return error;
}

static int run_phases(struct worker *workers, const struct workload *workload, double *ret_seconds)
{
	const struct phase prepare = { .write = true };
	const struct phase run = {
		.write = workload->write,
		.random = workload->random,
		.measured = true,
		.flush = workload->write,
		.ms = workload->ms,
	};
	const struct phase compare = { 0 };
	int error = workload->verify ? run_workers(workers, workload->n_queues, &prepare) : 0;
	if (error < 0)
		return error;
	uint64_t begin = clock_ns();
	error = run_workers(workers, workload->n_queues, &run);
	*ret_seconds = (double)(clock_ns() - begin) / 1e9;
	if (error < 0 || !workload->verify)
		return error;
	return run_workers(workers, workload->n_queues, &compare);
}

static int open_worker(struct worker *worker, struct nvme_ctrl *ctrl, uint16_t id)
{
	const struct workload *workload = worker->workload;
	const struct nvme_io_config config = {
		.id = id,
		.depth = workload->depth,
		.max_length = workload->op_bytes,
		.sgl = workload->sgl,
	};
	if (workload->verify) {
		worker->rounds = calloc(worker->n_slots, sizeof(*worker->rounds));
		worker->busy = calloc(worker->n_slots, sizeof(*worker->busy));
		if (!worker->rounds || !worker->busy)
			return fail(-ENOMEM, ctrl->name, "out of memory");
	}
	int error = nvme_ctrl_alloc(ctrl, (size_t)workload->depth * workload->op_bytes,
				    VIOC_MAP_READ | VIOC_MAP_WRITE, &worker->buffers);
	return error < 0 ? error : nvme_io_open(&worker->io, ctrl, &config);
}

/* In this order: after an error commands may be under way, and into these buffers. */
static void close_worker(struct worker *worker)
{
	nvme_io_close(&worker->io);
	nvme_dma_free(&worker->buffers);
	free(worker->busy);
	free(worker->rounds);
}

static int plan(const struct nvme_ctrl *ctrl, const struct nvme_namespace *namespace,
		const struct workload *workload, uint64_t *ret_slots)
{
	uint64_t size = namespace->n_blocks * namespace->block_size;
	uint64_t n_bytes = workload->n_bytes && workload->n_bytes < size ? workload->n_bytes : size;

	if (workload->op_bytes % namespace->block_size)
		return fail(-EINVAL, ctrl->name,
			    "operations of %" PRIu32 " bytes: its blocks have %" PRIu32,
			    workload->op_bytes, namespace->block_size);
	if (workload->n_queues > ctrl->n_io_queues)
		return fail(-EINVAL, ctrl->name, "%u queues: it gave us %u", workload->n_queues,
			    ctrl->n_io_queues);
	*ret_slots = n_bytes / workload->op_bytes / workload->n_queues;
	if (*ret_slots <= workload->depth)
		return fail(-EINVAL, ctrl->name,
			    "%" PRIu64
			    " bytes are too few for %u queues of %u operations of %" PRIu32
			    " bytes",
			    n_bytes, workload->n_queues, workload->depth, workload->op_bytes);
	return 0;
}

static void collect(const struct worker *workers, uint16_t n_workers,
		    struct workload_result *result)
{
	for (uint16_t i = 0; i < n_workers; i++) {
		histogram_merge(&result->latency, &workers[i].latency);
		result->n_checked += workers[i].n_checked;
	}
	result->n_ops = result->latency.n_values;
}

int workload_run(struct nvme_ctrl *ctrl, const struct nvme_namespace *namespace,
		 const struct workload *workload, struct workload_result *ret_result)
{
	uint64_t n_slots = 0;
	int error = plan(ctrl, namespace, workload, &n_slots);
	if (error < 0)
		return error;
	struct worker *workers = calloc(workload->n_queues, sizeof(*workers));
	if (!workers)
		return fail(-ENOMEM, ctrl->name, "out of memory");

	struct workload_result result = { 0 };
	atomic_bool stop = false;
	for (uint16_t i = 0; error == 0 && i < workload->n_queues; i++) {
		workers[i] = (struct worker){
			.workload = workload,
			.namespace = namespace,
			.stop = &stop,
			.first_slot = i * n_slots,
			.n_slots = n_slots,
			.random = i + 1,
		};
		error = open_worker(&workers[i], ctrl, (uint16_t)(i + 1));
	}
	if (error == 0)
		error = run_phases(workers, workload, &result.seconds);
	if (error == 0 && stop_wanted())
		error = -ECANCELED;
	collect(workers, workload->n_queues, &result);
	for (uint16_t i = 0; i < workload->n_queues; i++)
		close_worker(&workers[i]);
	free(workers);
	if (error == 0)
		*ret_result = result;
	return error;
}
