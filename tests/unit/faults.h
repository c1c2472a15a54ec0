/* SPDX-License-Identifier: MIT */
/* What a driver does in its life, step by step, for unit-faults to let each of it fail. */
#ifndef FAULTS_H
#define FAULTS_H

#include "inject.h"
#include "unit.h"

struct life {
	struct inject inject;
	struct fake *fake;
	uint32_t backend;
	char *memory;
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
	struct vioc_device *first;
	struct vioc_device *second;
	struct vioc_device *third; /* not on the root bus */
	uint64_t iova;
	void *bar;
	struct vioc_mem *huge;
	struct vioc_mem *bound;
	struct vioc_mem *imported;
	struct vioc_cache *cache;
	struct vioc_registration *registration;
};

/* A step that fails must leave everything as it was; run again, it must succeed. */
struct step {
	const char *name;
	int (*run)(struct life *life);
};

/* All of them in their order; the last has no name. */
extern const struct step faults_steps[];

/* Those that need no container. */
int faults_make_ctx(struct life *life);
int faults_enumerate(struct life *life);
int faults_explain(struct life *life);
int faults_monitor(struct life *life);

#endif
