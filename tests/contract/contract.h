/* SPDX-License-Identifier: MIT */
/*
 * The contract suite: one table of cases, run against every backend of the fake and of the real
 * kernel. A case knows the public API and its world, and not which kernel it runs on.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libvioc/vioc.h>

#define PAGE ((uint64_t)4096)

/* What a case can't do without; the device it needs is then not NULL. */
#define NEEDS_EDU	   (1u << 0)  /* edu: a device whose DMA can be watched */
#define NEEDS_SECOND	   (1u << 1)  /* second: a device in another group than first */
#define NEEDS_PAIR	   (1u << 2)  /* pair: two devices of one group */
#define NEEDS_KERNEL_BOUND (1u << 3)  /* kernel_bound: held by a kernel driver */
#define NEEDS_UNBOUND	   (1u << 4)  /* unbound: no driver is bound */
#define NEEDS_NO_GROUP	   (1u << 5)  /* no_group: not behind the IOMMU */
#define NEEDS_BLOCKED	   (1u << 6)  /* blocked: a kernel driver holds a sibling */
#define NEEDS_VF	   (1u << 7)  /* pf and vf: in two groups, on one bus */
#define NEEDS_LARGE	   (1u << 8)  /* large: has a BAR of 4 MiB or more, mappable as a whole */
#define NEEDS_MDEV	   (1u << 9)  /* mdev: a mediated device */
#define NEEDS_SLOT	   (1u << 10) /* slot: where an edu can be plugged in; nothing is there */
#define NEEDS_EVENTS	   (1u << 11) /* a kernel that tells of changes */
#define NEEDS_VF_NETDEV	   (1u << 12) /* vf_netdev: its virtual functions 0 and 1 can be set */

struct world {
	uint32_t backend;
	const char *kernel; /* "fake" or the release */
	struct fake *fake;  /* NULL: the real kernel */
	const char *first;  /* always there, bound to vfio-pci */
	const char *second;
	const char *edu;
	const char *pair[2];
	const char *kernel_bound;
	const char *unbound;
	const char *no_group;
	const char *blocked;
	const char *pf;
	const char *vf;
	const char *large;
	const char *mdev;
	const char *slot;
	const char *vf_netdev; /* interface of a device with virtual functions */
	bool was_open[1024];   /* fds, before the case */
	unsigned int n_left;   /* fds, after it */
};

struct contract_case {
	const char *name;
	void (*run)(struct world *world);
	uint32_t needs;
};

/* Tables, each ended by a case without a name. */
extern const struct contract_case map_cases[];
extern const struct contract_case batch_cases[];
extern const struct contract_case policy_cases[];
extern const struct contract_case attach_cases[];
extern const struct contract_case open_cases[];
extern const struct contract_case device_cases[];
extern const struct contract_case irq_cases[];
extern const struct contract_case mem_cases[];
extern const struct contract_case file_cases[];
extern const struct contract_case reset_cases[];
extern const struct contract_case vf_cases[];
extern const struct contract_case cache_cases[];
extern const struct contract_case found_cases[];
extern const struct contract_case explain_cases[];
extern const struct contract_case monitor_cases[];
extern const struct contract_case bind_cases[];
extern const struct contract_case peer_cases[];
extern const struct contract_case memlock_cases[];
extern const struct contract_case plug_cases[];
extern const struct contract_case fds_cases[];
extern const struct contract_case adopt_cases[];
extern const struct contract_case bundle_cases[];
extern const struct contract_case service_cases[];

/* What nearly every case starts from. */
struct rig {
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
};

void rig_open(struct world *world, struct rig *rig);
void rig_close(struct rig *rig);
/* Opens a device in the rig's ioas; it must succeed. */
struct vioc_device *rig_device(struct rig *rig, const char *name);

struct vioc_ctx *world_new_ctx(struct world *world);
struct vioc_ctx *world_new_ctx_with(struct world *world, const struct vioc_ctx_opts *opts);
struct vioc_container *world_new_container(struct world *world, struct vioc_ctx *ctx);

/* Zeroed memory of whole pages. */
void *pages_new(size_t count);
void pages_free(void *memory, size_t count);

/* The call's result is error, and its diag says so with this reason. */
void expect_failure(struct vioc_ctx *ctx, int result, int error, uint32_t reason);
/* The diag of the last failure has this fact, with this value unless that is NULL. */
void expect_fact(struct vioc_ctx *ctx, const char *key, const char *value);
/* The ioas holds this many mappings and bytes. */
void expect_maps(struct vioc_ioas *ioas, uint64_t mappings, uint64_t bytes);

/* Closes an fd that the library gave away. */
void world_close(struct world *world, int fd);
/* Another process holds the device's group; the pid is returned. */
int world_hold_group(struct world *world, const char *device);
/* The same: it has closed the device, but left BAR 0 mapped. */
int world_leave_mapped(struct world *world, const char *device);
void world_release_group(struct world *world, const char *device, int pid);
/* This process loses, and regains, its rights to open nodes. */
void world_drop_rights(struct world *world, const char *device);
void world_regain_rights(struct world *world, const char *device);
/* The backend's node (/dev/iommu, /dev/vfio/vfio) vanishes, and comes back. */
void world_hide_node(struct world *world);
void world_show_node(struct world *world);
/* Whether this kernel maps files for this backend, by its own word. */
bool world_maps_files(const struct world *world);
/* Locked memory is limited; UINT64_MAX lifts the limit. */
void world_limit_memlock(struct world *world, uint64_t bytes);
/*
 * The open physical function gets its virtual one, and loses it again. While it is open, as QEMU 7.2
 * loses the virtual function when opening or closing resets the physical one.
 */
void world_make_vf(struct world *world);
void world_drop_vf(struct world *world);
/*
 * Somebody takes the device away from its driver, which the kernel lets wait until it is closed; and
 * gives it back then. The pid is returned, of whom it is.
 */
int world_take_away(struct world *world, const char *device);
void world_give_back(struct world *world, const char *device, int pid);
/* Plugs an edu into the slot, and gives it to vfio-pci. */
void world_plug(struct world *world);
/* Somebody begins to unplug it, which waits until it is closed. The pid is returned, of whom it is. */
int world_unplug(struct world *world);
void world_wait_unplugged(struct world *world, int pid);
/* Pulls it out without a word. Unplugging it then tells the kernel. */
void world_pull(struct world *world);
/* The kernel says that something of the device changed. */
void world_tell_change(struct world *world, const char *device);
/* Containers opened from now on take that many mappings. 0: back to the default. */
void world_limit_entries(struct world *world, uint32_t count);
/* That many huge pages of 2 MiB are free; skips the case if they can't be had. 0 takes them back. */
void world_set_huge_pages(struct world *world, uint64_t count);
/* Transparent huge pages of shared memory are there for who asks, or for nobody. */
void world_set_thp(struct world *world, bool on);

/* edu.c: DMA by the edu device, through the public API. IOVAs are below 256 MiB. */
void edu_start(struct vioc_device *edu);
/* Memory at iova goes into edu's buffer; nothing happens if edu can't reach it. */
void edu_read(struct vioc_device *edu, uint64_t iova, uint32_t length);
/* Edu's buffer goes to memory at iova. */
void edu_write(struct vioc_device *edu, uint64_t iova, uint32_t length);
/* The same, without waiting for its end. */
void edu_write_start(struct vioc_device *edu, uint64_t iova, uint32_t length);
/* Whether edu sees at iova what this process sees at va: one page, whose content is changed. */
int edu_reaches(struct vioc_device *edu, struct vioc_ioas *ioas, uint64_t iova, void *va);

#endif
