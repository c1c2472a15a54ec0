/* SPDX-License-Identifier: MIT */
#ifndef CONTRACT_WORLD_H
#define CONTRACT_WORLD_H

#include "contract.h"

/* The kernel that it is in, for what is done without the library. */
const struct vioci_sys *world_sys(const struct world *world);

/* Makes it a fake world, with every kind of device. */
void world_use_fake(struct world *world);

/* Around each case; tear_down fails the case if it left fds or mappings behind. */
void world_set_up(struct world *world);
int world_tear_down(struct world *world);

/* cases_bundle.c: what the contract program does as the other process of a case. */
int drive_bundle(struct world *world, int socket);

/* What is missing of what a case needs; NULL: nothing. */
const char *world_missing(const struct world *world, uint32_t needs);

#endif
