/* SPDX-License-Identifier: MIT */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include <bsd/sys/tree.h>
#include <pthread.h>
#include <stddef.h>

#include "fake.h"

#define MAX_FDS		1024
#define MAX_DEVICES	32
#define MAX_NODES	32
#define MAX_MMAPS	64
#define MAX_SENT	512
#define BAR_SIZE	0x400000
#define FAKE_HUGE_SIZES 2
#define FAKE_IRQS	5
#define FAKE_VECTORS	5 /* of MSI-X */
#define SELF_PID	1 /* of the process under test, in the fake /proc */

/* Device numbers of the nodes. */
#define MAJOR_MISC  10
#define MINOR_VFIO  196
#define MINOR_IOMMU 120
#define MAJOR_GROUP 240 /* the minor is the group */
#define MAJOR_CDEV  511 /* the minor is the one in its name */

/* One mapping of an address space. */
struct fake_map {
	RB_ENTRY(fake_map) node;
	uint64_t iova;
	uint64_t last;
	char *va;
	bool of_file; /* va is the fake's own mapping of a file, */
	uint64_t offset;
	const struct fake_device *device; /* of a dma-buf */
	bool revoked;
	bool readable;
	bool writable;
};

RB_HEAD(fake_map_tree, fake_map);

/* A type1 container's address space, or an IOAS. */
struct fake_space {
	struct fake *fake;
	struct fake_space *next; /* of the same iommufd */
	uint32_t id;		 /* in it */
	struct fake_map_tree maps;
	unsigned int n_maps;
	uint64_t bytes;
	unsigned int n_devices; /* attached, or groups of a type1 container */
	bool per_process;	/* how locked memory counts */
};

/* /dev/vfio/vfio or /dev/iommu, once opened. */
struct fake_container {
	bool is_iommufd;
	bool iommu_set; /* type1 */
	unsigned int refs;
	struct fake_space *spaces; /* type1: exactly one */
	struct fake_space *compat; /* what VFIO ioctls on an iommufd act on */
	uint32_t next_id;
	bool per_process; /* how locked memory of an iommufd counts */
};

/* What the kernel knows of a device's interrupts. */
struct fake_irqs {
	int type; /* which of INTx, MSI and MSI-X is enabled; -1: none */
	uint32_t n_allocated;
	int fds[FAKE_IRQS][FAKE_VECTORS]; /* the kernel's references; -1: none */
	int unmask_fd;
	bool masked;
	uint32_t status; /* edu's; INTx is asserted while it is not 0 */
};

struct fake_device {
	struct fake_device_spec spec;
	int cdev; /* number in its name; -1: none */
	unsigned char config[4096];
	int bar_fd; /* memfd: BAR 0, so that it can be mapped */
	unsigned char *bar;
	unsigned int n_open; /* device fds from the group */
	bool bound;	     /* by its cdev */
	bool wanted;	     /* leaves when it is closed */
	bool pulled;	     /* does not answer */
	struct fake_container *owner;
	struct fake_space *space; /* its DMA goes there */
	struct fake_irqs irqs;
	bool asleep;
	int wakeup_fd;	/* to be signalled when that ends by itself; 0: none */
	char token[37]; /* the VF token of a physical function */
};

struct fake_group {
	int number;
	bool open;
	struct fake_container *container;
};

/* A file of huge pages. The pages it took are its own until it is closed. */
struct fake_huge {
	unsigned int refs;
	uint64_t page_size;
	uint64_t n_taken;
};

enum fake_fd_kind { FD_FILE, FD_CONTAINER, FD_GROUP, FD_DEVICE };

/* What one or several fds are: what the kernel calls an open file. */
struct fake_fd {
	unsigned int refs; /* numbers that stand for it */
	enum fake_fd_kind kind;
	char node[64]; /* what its link in /proc says */
	struct fake_container *container;
	struct fake_group *group;
	struct fake_device *device;
	bool from_cdev;
	struct fake_huge *huge; /* of a file */
	uint64_t offset;	/* of a dma-buf: a file that has a device */
	char path[128];		/* of a file that was opened for writing */
};

/* A node that somebody else holds, or that is forbidden or hidden. */
struct fake_node_rule {
	char path[64];
	int held_by; /* pid; 0: nobody */
	bool forbidden;
	bool hidden;
};

/* A region of a device that the process under test has mapped. */
struct fake_mmap {
	char *address;
	struct fake_device *device; /* NULL: not in use */
	size_t length;
};

/* The failure that fake_fail_ioctl() armed. */
struct fake_failure {
	enum fake_ioctl kind;
	unsigned int countdown; /* 0: not armed */
	int error;
	bool fired;
};

struct fake {
	struct vioci_sys sys;
	struct fake_config config;
	char root[FAKE_TEMPORARY]; /* of /sys and /proc */
	pthread_mutex_t lock;
	struct fake_device devices[MAX_DEVICES];
	struct fake_group groups[MAX_DEVICES];
	unsigned int n_devices;
	unsigned int n_groups;
	struct fake_fd *fds[MAX_FDS]; /* by number; NULL: free */
	struct fake_node_rule rules[MAX_NODES];
	struct fake_mmap mmaps[MAX_MMAPS];
	uint64_t memlock;
	uint64_t locked; /* by type1 */
	uint64_t pinned; /* by iommufd */
	bool unprivileged;
	bool fail_unmap_many;
	uint64_t fail_unmap_iova;
	uint64_t n_huge[FAKE_HUGE_SIZES]; /* free huge pages; UINT64_MAX: no such size */
	uint64_t memory_bytes;		  /* that the library reserved or mapped */

	struct fake_fd *sent[MAX_SENT]; /* on its way through sockets, oldest first */
	size_t n_sent;

	struct fake_failure failure;
	uint64_t trusted_start; /* memory that needs no look */
	uint64_t trusted_last;
};

/* The MSI window of x86: reserved for every device. */
#define MSI_START UINT64_C(0xfee00000)
#define MSI_LAST  UINT64_C(0xfeefffff)

/* The registers of its IOMMU. */
#define FAKE_CAP  UINT64_C(0xd2008c222f0686)
#define FAKE_ECAP UINT64_C(0xf00f4e)

/* files.c */
void fake_make_files(struct fake *fake);
void fake_remove_files(struct fake *fake);
void fake_path(const struct fake *fake, const char *path, char *ret_path, size_t size);
void fake_file_hold(struct fake *fake, const char *node, int pid, const char *command);
void fake_file_mapped(struct fake *fake, const char *node, int pid, const char *command);
void fake_file_release(struct fake *fake, int pid);
void fake_file_open(struct fake *fake, int fd, const char *node);
void fake_file_close(struct fake *fake, int fd);
/* Whether /sys has the device. */
void fake_file_device(struct fake *fake, const struct fake_device *device, bool there);
/* It reads as all ones. */
void fake_file_gone(const struct fake *fake, const struct fake_device *device);
/* Brings /proc/self/status up to date. */
void fake_file_status(struct fake *fake);
void fake_file_huge(struct fake *fake, uint64_t page_size, uint64_t count);
void fake_file_thp(struct fake *fake, const char *state);

void fake_file_override(const struct fake *fake, const char *device, const char *driver);
void fake_file_bind(const struct fake *fake, const struct fake_device *device);
void fake_file_unbind(const struct fake *fake, const struct fake_device *device);

/* driver.c */

/* Those of the PCI bus; the last is NULL. */
extern const char *const fake_drivers[];
/* What a write to this attribute of sysfs does; -EINVAL: there is no such attribute. */
int fake_write_attribute(struct fake *fake, const char *path, const char *text);

/* space.c */
struct fake_space *fake_space_new(struct fake *fake);
void fake_space_free(struct fake_space *space);
void fake_space_clear(struct fake_space *space);
bool fake_space_is_free(struct fake_space *space, uint64_t iova, uint64_t last);
bool fake_space_is_usable(const struct fake_space *space, uint64_t iova, uint64_t last);
/* -EEXIST, -EFAULT, -ENOMEM, as both interfaces do. */
int fake_space_map(struct fake_space *space, uint64_t iova, uint64_t va, uint64_t length,
		   bool readable, bool writable);
/* The same for a file; in addition -EBADF, and -EINVAL if it is no memory or too short. */
int fake_space_map_file(struct fake_space *space, uint64_t iova, int fd, uint64_t offset,
			uint64_t length, bool readable, bool writable);
struct fake_map *fake_space_first(struct fake_space *space, uint64_t iova, uint64_t last);
void fake_space_remove(struct fake_space *space, struct fake_map *map);
/* The device's dma-bufs in it can't be reached any more. */
void fake_space_revoke(struct fake_space *space, const struct fake_device *device);
/* Whether the process has the memory, with that access. */
bool fake_memory_is_there(uint64_t va, uint64_t last, bool write);

void fake_space_for_each(struct fake_space *space,
			 void (*fn)(void *arg, const struct fake_mapping *mapping), void *arg);
/* The memory behind an IOVA, for length bytes; NULL if a device can't reach it so. */
char *fake_space_reach(struct fake_space *space, uint64_t iova, uint64_t length, bool write);

/* type1.c */
int fake_container_ioctl(struct fake *fake, struct fake_container *container, unsigned long request,
			 void *arg);
int fake_group_ioctl(struct fake *fake, struct fake_group *group, unsigned long request, void *arg);
void fake_group_close(struct fake *fake, struct fake_group *group);
void fake_type1_ranges(const struct fake *fake, uint64_t ranges[4]);

/* iommufd.c */
int fake_iommufd_ioctl(struct fake *fake, struct fake_container *container, unsigned long request,
		       void *arg);
struct fake_space *fake_iommufd_find(struct fake_container *container, uint32_t id);
struct fake_space *fake_iommufd_alloc(struct fake *fake, struct fake_container *container);
int fake_device_bind(struct fake *fake, struct fake_fd *fd, void *arg);
int fake_device_attach(struct fake_fd *fd, void *arg);
int fake_device_detach(struct fake_device *device);

/* device.c */
void fake_device_init(struct fake *fake, struct fake_device *device);
void fake_device_free(struct fake_device *device);
int fake_device_ioctl(struct fake_device *device, unsigned long request, void *arg);
ssize_t fake_device_access(struct fake_device *device, void *buf, size_t count, uint64_t offset,
			   bool write);
/* At *address, or anywhere if that is NULL. */
int fake_device_mmap(struct fake_device *device, size_t length, int prot, uint64_t offset,
		     void **address);
void fake_device_close(struct fake *fake, struct fake_fd *fd);
void fake_device_power_on(struct fake_device *device);

bool fake_device_has_memory(const struct fake_device *device);

/* slot.c: lets a device go that is wanted and not open. */
void fake_slot_settle(struct fake *fake, struct fake_device *device);

/* dma_buf.c */
int fake_export_dma_buf(struct fake *fake, struct fake_device *device, const void *arg);
int fake_find_in_file(struct fake *fake, int fd, uint64_t *offset);

/* irq.c */
void fake_irq_init(struct fake_device *device);
int fake_irq_info(const struct fake_device *device, void *arg);
int fake_irq_set(struct fake_device *device, const void *arg);
/* As edu does when these bits are written to its registers. */
void fake_irq_raise(struct fake_device *device, uint32_t bits);
void fake_irq_lower(struct fake_device *device, uint32_t bits);
/* Does what an unmask eventfd asks for. The fake has no thread for it: any access to the device looks. */
void fake_irq_poll(struct fake_device *device);
void fake_irq_request(struct fake_device *device);
void fake_irq_close(struct fake_device *device);

/* vf_token.c: as vfio-pci of Linux 6.12 does it, which asks character devices for none. */
int fake_check_token(struct fake *fake, struct fake_device *device, const char *token);
int fake_set_token(struct fake_device *device, const unsigned char bytes[16]);

/* reset.c */
int fake_hot_reset_info(const struct fake *fake, const struct fake_fd *fd, void *arg);
int fake_hot_reset(struct fake *fake, const struct fake_fd *fd, const void *arg);

/* memory.c */
int fake_make_memory(void *data, const char *name, uint64_t page_size, uint64_t length);
int fake_make_eventfd(void *data);
int fake_dup(void *data, int fd);
int fake_get_file(void *data, int fd, struct vioci_memory_file *ret_file);
int fake_reserve(void *data, size_t length, void **ret_address);
int fake_mmap_fixed(void *data, int fd, void *address, size_t length, int prot, uint64_t offset);
int fake_advise_huge(void *data, void *address, size_t length);
int fake_bind_memory(void *data, void *address, size_t length, uint32_t node, bool strict);
int fake_populate(void *data, void *address, size_t length, bool write);
void fake_memory_unmapped(struct fake *fake, size_t length);
void fake_huge_put(struct fake *fake, struct fake_huge *huge);

/* control.c */
/* The error that this ioctl shall fail with, or 0. */
int fake_injected(struct fake *fake, enum fake_ioctl kind);

/* sockets.c */
ssize_t fake_send(void *data, int socket, const struct vioci_message *message);
ssize_t fake_receive(void *data, int socket, struct vioci_message *message);
int fake_get_peer(void *data, int socket, struct vioci_peer *ret_peer);
/* Lets go of what was sent and nobody received. */
void fake_forget_sent(struct fake *fake);

/* fds.c */
/* Another number less; the last one closes it. */
void fake_fd_put(struct fake *fake, struct fake_fd *fd);
int fake_get_stat(void *data, int fd, struct vioci_fd_stat *ret_stat);
struct fake_fd *fake_fd(struct fake *fake, int fd);
/* A new fd of /dev/null that stands for a node, or for what an ioctl made. */
int fake_fd_new(struct fake *fake, struct fake_fd **ret_fd);
/* What a number that the real kernel gave out stands for: something new of that kind. */
struct fake_fd *fake_fd_set(struct fake *fake, int fd, enum fake_fd_kind kind);
/* Lets /proc show what it is of. */
void fake_show_node(struct fake *fake, int fd, const char *node);
/* Another number stands for it too. */
void fake_fd_share(struct fake *fake, int fd, struct fake_fd *shared);

/* fake.c */
/* The device with that name, or NULL. */
struct fake_device *fake_find(struct fake *fake, const char *name);
/* Replaces what is noted for an address; NULL: a place that is free. False: nothing is noted. */
bool fake_note_mmap(struct fake *fake, const void *address, struct fake_mmap noted);
/* Whose mapped region it is, or NULL. */
const struct fake_device *fake_mapped_device(const struct fake *fake, uint64_t va);
/* What is laid down for a node; made when first asked for. */
struct fake_node_rule *fake_rule(struct fake *fake, const char *path);
void fake_container_put(struct fake_container *container);
/* Whether every device of the group has a driver that leaves it alone. */
bool fake_group_is_viable(const struct fake *fake, int group);

#endif
