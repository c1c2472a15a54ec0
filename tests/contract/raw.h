/* SPDX-License-Identifier: MIT */
#ifndef CONTRACT_RAW_H
#define CONTRACT_RAW_H

#include "contract.h"

int raw_ioctl(struct world *world, int fd, unsigned long request, void *arg);
void raw_close(struct world *world, int fd);
/* Or -errno. */
int raw_open_path(struct world *world, const char *path);
/* The node of a kind; device is whose, of a group or character device. */
int raw_open(struct world *world, uint32_t kind, const char *device);
uint32_t raw_group_of(struct world *world, const char *device);

/* What the library says of an fd. */
struct vioc_fd_info raw_identify(struct vioc_ctx *ctx, int fd);

/* What the backend's container and its devices are opened by. */
uint32_t raw_container_kind(const struct world *world);
uint32_t raw_device_kind(const struct world *world);

/* A device ready to do DMA. */
struct raw_device {
	int container;
	int node;	  /* group or character device */
	int device;	  /* the same as node, of a character device */
	uint32_t ioas_id; /* 0: it has no id */
};

void raw_start(struct world *world, struct raw_device *raw, const char *device);
void raw_stop(struct world *world, struct raw_device *raw);

#endif
