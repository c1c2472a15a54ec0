/* SPDX-License-Identifier: MIT */
/*
 * A fake kernel behind the library's system seam: type1 containers, groups, iommufd, VFIO devices,
 * and the parts of /sys and /proc that the library reads. It answers with the real kernel's errnos,
 * differences between the two interfaces included, and is trusted only as far as tests/contract
 * passes on both it and the real kernel.
 *
 * Its fds are real (of /dev/null), so that leaks can be counted as with the real kernel. Memory that
 * is "mapped" is this process' own, so the fake devices' DMA can be checked byte by byte.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/sys.h"

struct fake;

/* Makes a new folder, in memory if there is such a place: thousands are made and removed. */
#define FAKE_TEMPORARY 32
void fake_make_temporary(char ret_path[FAKE_TEMPORARY]);

enum fake_kind {
	FAKE_PLAIN, /* config space and a BAR of scratch registers */
	FAKE_EDU    /* QEMU's edu: a DMA engine in BAR 0 */
};

struct fake_device_spec {
	const char *name;   /* "0000:00:03.0"; NULL ends a list */
	const char *driver; /* NULL: none is bound */
	int group;	    /* -1: not behind an IOMMU */
	enum fake_kind kind;
	bool has_reset;
	const char *pf;	 /* of a virtual function: its physical function */
	bool has_vfs;	 /* it is a physical function */
	const char *bus; /* NULL: pci */
	bool sparse;	 /* BAR 0 can be mapped but for its second page */
	bool in_slot;	 /* not there before fake_plug() */
};

struct fake_config {
	const struct fake_device_spec *devices;
	bool no_type1;	      /* no /dev/vfio/vfio */
	bool no_iommufd;      /* no /dev/iommu */
	bool no_cdev;	      /* no /dev/vfio/devices */
	bool no_isolation;    /* interrupts are not isolated */
	bool no_iommu;	      /* /sys/class/iommu is empty */
	bool no_map_file;     /* iommufd can't map files, as before Linux 6.13 */
	bool no_dma_buf;      /* devices make no dma-bufs, as before Linux 6.19 */
	bool no_populate;     /* madvise() can't populate, as before Linux 5.14 */
	uint64_t last_iova;   /* end of the IOMMU's address space; 0: 2^48 - 1 */
	uint32_t entry_limit; /* of a type1 container; 0: 65535 */
};

/* Aborts on failure: a test can't go on without it. Removes its files when freed. */
struct fake *fake_new(const struct fake_config *config);
void fake_free(struct fake *fake);

const struct vioci_sys *fake_sys(struct fake *fake);

/* Limits locked memory; UINT64_MAX: no limit. */
void fake_set_memlock(struct fake *fake, uint64_t bytes);

/* Lets another process, with this pid and name, hold a node; or let it go. */
void fake_hold(struct fake *fake, const char *node, int pid, const char *command);
/* The same, but that process has closed it, and has memory of it mapped still. */
void fake_hold_mapped(struct fake *fake, const char *node, int pid, const char *command);
void fake_release(struct fake *fake, const char *node, int pid);

/* Makes a node answer -EACCES, or not exist; or no longer. */
void fake_forbid(struct fake *fake, const char *node, bool forbidden);
void fake_hide(struct fake *fake, const char *node, bool hidden);

/* The process has no capabilities, or has them again. */
void fake_drop_capabilities(struct fake *fake, bool dropped);

/* Somebody wants the device back: its device-request interrupt is signalled. */
void fake_request(struct fake *fake, const char *device);

/* What was asked for, and waited for: a device in a slot comes, or goes as soon as nobody has it open. */
void fake_plug(struct fake *fake, const char *device);
void fake_unplug(struct fake *fake, const char *device);
/* It goes at once: all that is read of it is ones. */
void fake_pull(struct fake *fake, const char *device);

/* Limits the mappings of containers opened from now on, as dma_entry_limit does. */
void fake_set_entry_limit(struct fake *fake, uint32_t limit);

#define FAKE_2M (UINT64_C(2) << 20)
#define FAKE_1G (UINT64_C(1) << 30)

/* Sets how many huge pages of a size (FAKE_*) are free, at first none. UINT64_MAX: no such size. */
void fake_set_huge_pages(struct fake *fake, uint64_t page_size, uint64_t count);
/* What shmem_enabled of transparent huge pages reads, at first "always [advise] never". */
void fake_set_thp(struct fake *fake, const char *state);

/* What is still open (fds, mapped regions and memory), and mapped for DMA, in the fake kernel. */
unsigned int fake_count_open(struct fake *fake);
unsigned int fake_count_mappings(struct fake *fake);
uint64_t fake_count_mapped_bytes(struct fake *fake);

/* Fails every unmap ioctl of more than one mapping, or of one at this IOVA (UINT64_MAX: none). */
void fake_fail_unmap(struct fake *fake, bool many, uint64_t iova);

/*
 * Fails the nth map or unmap ioctl from now on with this error, once, before it does anything; nth 0
 * disarms. Returns whether the failure armed before has happened.
 */
enum fake_ioctl { FAKE_MAP, FAKE_UNMAP };
bool fake_fail_ioctl(struct fake *fake, enum fake_ioctl kind, unsigned int nth, int error);

/* Memory that is there, readable and writable, for as long as the fake kernel: saves a look at it. */
void fake_trust_memory(struct fake *fake, const void *va, uint64_t length);

/* One mapping that the fake kernel holds. */
struct fake_mapping {
	uint64_t iova;
	uint64_t last;
	const void *va;
	bool of_file;	 /* va is not the caller's */
	uint64_t offset; /* in the file */
	bool readable;
	bool writable;
};

/* Calls fn for each, ascending within an address space; fn must not call the fake. */
void fake_for_each_mapping(struct fake *fake, void (*fn)(void *arg, const struct fake_mapping *),
			   void *arg);

/* Does behind the library's back what another holder of its fds could do. */
void fake_remove_mapping(struct fake *fake, uint64_t iova);

#endif
