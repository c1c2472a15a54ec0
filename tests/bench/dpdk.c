// SPDX-License-Identifier: MIT
/*
 * The bookkeeping of DPDK's VFIO code against the library's, with ioctls that return at once on both
 * sides. DPDK takes 256 mappings at most. It finds no vfio here, so open(2), stat(2) and ioctl(2) of
 * this program tell its library about one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_vfio.h>

#include "rig.h"
#include "uapi/vfio.h"

#define BDF	"0000:00:02.0"
#define N_PAIRS 2000
#define STRIDE	(2 * PAGE)

/* These take the place of libc's. */
int open64(const char *path, int flags, ...);
int stat64(const char *path, struct stat64 *ret_status);
int ioctl(int fd, unsigned long request, ...);

int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	unsigned int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned int) : 0;
	va_end(args);
	if (strncmp(path, "/dev/vfio/", 10) == 0)
		path = "/dev/null";
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int stat64(const char *path, struct stat64 *ret_status)
{
	if (strncmp(path, "/sys/module/vfio", 16) == 0)
		path = "/";
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, ret_status, 0);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	switch (request) {
	case VIOCI_VFIO_CHECK_EXTENSION:
		return 1;
	case VIOCI_VFIO_GROUP_GET_STATUS:
		((struct vioci_vfio_group_status *)arg)->flags = VIOCI_VFIO_GROUP_VIABLE;
		return 0;
	case VIOCI_VFIO_GROUP_GET_DEVICE_FD:
		return open64("/dev/null", O_RDWR | O_CLOEXEC);
	case VIOCI_VFIO_GET_API_VERSION:
	case VIOCI_VFIO_SET_IOMMU:
	case VIOCI_VFIO_GROUP_SET_CONTAINER:
	case VIOCI_VFIO_DEVICE_GET_INFO:
	case VIOCI_VFIO_IOMMU_MAP_DMA:
	case VIOCI_VFIO_IOMMU_UNMAP_DMA:
		return 0;
	default:
		return (int)syscall(SYS_ioctl, fd, request, arg);
	}
}

struct world {
	struct rig rig;
	uint64_t n;
	uint64_t n_pairs;
	uint32_t *victims;
};

/* Neighbours would be merged; these are none. */
static uint64_t va_of(uint64_t place)
{
	return (UINT64_C(1) << 45) + place * STRIDE;
}

static uint64_t iova_of(uint64_t place)
{
	return OUR_IOVA + place * STRIDE;
}

static void dpdk_map(uint64_t place)
{
	if (rte_vfio_container_dma_map(RTE_VFIO_DEFAULT_CONTAINER_FD, va_of(place), iova_of(place),
				       PAGE) < 0)
		bench_die("DPDK can't map: %s", rte_strerror(rte_errno));
}

static void dpdk_unmap(uint64_t place)
{
	if (rte_vfio_container_dma_unmap(RTE_VFIO_DEFAULT_CONTAINER_FD, va_of(place),
					 iova_of(place), PAGE) < 0)
		bench_die("DPDK can't unmap: %s", rte_strerror(rte_errno));
}

static void ours(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		uint32_t place = world->victims[i];
		rig_unmap(&world->rig, iova_of(place), PAGE);
		rig_map(&world->rig, iova_of(place), (void *)(uintptr_t)va_of(place), PAGE);
	}
}

static void dpdk(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		dpdk_unmap(world->victims[i]);
		dpdk_map(world->victims[i]);
	}
}

/* A sysfs of its own, as DPDK is told where that is. */
static void set_up_device(void)
{
	char root[] = "/tmp/bench-dpdk-XXXXXX", dir[64], link[96];
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int fd;
	if (!mkdtemp(root))
		bench_die("no temporary folder");
	snprintf(dir, sizeof(dir), "%s/" BDF, root);
	snprintf(link, sizeof(link), "%s/iommu_group", dir);
	if (mkdir(dir, 0700) < 0 || symlink("../iommu_groups/2", link) < 0)
		bench_die("can't write to %s", root);
	int result = rte_vfio_setup_device(root, BDF, &fd, &info);
	unlink(link);
	rmdir(dir);
	rmdir(root);
	if (result != 0)
		bench_die("DPDK can't set up its device: %s", rte_strerror(rte_errno));
}

static void init_dpdk(char *program)
{
	char *argv[] = { program,
			 "--no-huge",
			 "--no-pci",
			 "--no-shconf",
			 "-m",
			 "64",
			 "-l",
			 "0",
			 "--no-telemetry",
			 "--no-hpet",
			 "--log-level=error",
			 "--iova-mode=va",
			 NULL };
	if (rte_eal_init((int)(sizeof(argv) / sizeof(*argv)) - 1, argv) < 0)
		bench_die("DPDK can't start: %s", rte_strerror(rte_errno));
}

static void compare(const struct bench_args *args, uint64_t n)
{
	struct world world = { .n = n, .n_pairs = bench_size(args, N_PAIRS, 16) };
	rig_open_stubbed(&world.rig, VIOC_BACKEND_LEGACY);
	world.victims = bench_alloc(world.n_pairs, sizeof(*world.victims));
	uint32_t *order = bench_shuffled(n);
	for (uint64_t i = 0; i < n; i++) {
		dpdk_map(order[i]);
		rig_map(&world.rig, iova_of(order[i]), (void *)(uintptr_t)va_of(order[i]), PAGE);
	}
	for (uint64_t i = 0; i < world.n_pairs; i++)
		world.victims[i] = (uint32_t)bench_random_below(n);
	struct bench_side own = { "unmap+map", NULL, ours, NULL, &world, world.n_pairs };
	struct bench_side peer = { "DPDK", NULL, dpdk, NULL, &world, world.n_pairs };
	struct bench_case about = {
		.bench = "bookkeeping",
		.variant = "dpdk",
		.backend = rig_backend_name(&world.rig),
		.n = n,
	};
	bench_compare(args, &about, BENCH_SPEEDUP, &own, &peer);
	for (uint64_t i = 0; i < n; i++)
		dpdk_unmap(i);
	rig_close(&world.rig);
	free(order);
	free(world.victims);
}

int main(int argc, char **argv)
{
	struct bench_args args = { .quick = argc > 1 && strcmp(argv[1], "--quick") == 0 };
	init_dpdk(argv[0]);
	set_up_device();
	compare(&args, 16);
	compare(&args, 256);
	return 0;
}
