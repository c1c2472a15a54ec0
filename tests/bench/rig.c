// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "fake.h"
#include "rig.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define FAKE_DEVICE "0000:00:02.0"

static bool is_map(unsigned long request)
{
	return request == VIOCI_IOMMU_IOAS_MAP || request == VIOCI_VFIO_IOMMU_MAP_DMA;
}

static bool is_unmap(unsigned long request)
{
	return request == VIOCI_IOMMU_IOAS_UNMAP || request == VIOCI_VFIO_IOMMU_UNMAP_DMA;
}

/* Remembers what the library maps in. */
static void learn(struct rig *rig, int fd, unsigned long request, const void *arg)
{
	rig->raw.fd = fd;
	rig->raw.iommufd = request == VIOCI_IOMMU_IOAS_MAP;
	if (rig->raw.iommufd)
		rig->raw.ioas_id = ((const struct vioci_iommu_ioas_map *)arg)->ioas_id;
}

static int watching_ioctl(void *data, int fd, unsigned long request, void *arg)
{
	struct rig *rig = data;
	if (is_map(request) && rig->raw.fd < 0)
		learn(rig, fd, request, arg);
	if (is_map(request) || is_unmap(request))
		__atomic_fetch_add(&rig->n_ioctls, 1, __ATOMIC_RELAXED);
	return vioci_sys_ioctl(&rig->below, fd, request, arg);
}

/* An unmap of everything has removed what is there; any other one, exactly what it names. */
static uint64_t stub_removed(struct rig *rig, uint64_t length, bool all)
{
	uint64_t removed = all || length > rig->stub_bytes ? rig->stub_bytes : length;
	rig->stub_bytes -= removed;
	return removed;
}

static int stubbed_ioctl(void *data, int fd, unsigned long request, void *arg)
{
	struct rig *rig = data;
	switch (request) {
	case VIOCI_IOMMU_IOAS_MAP:
		rig->stub_bytes += ((struct vioci_iommu_ioas_map *)arg)->length;
		return 0;
	case VIOCI_VFIO_IOMMU_MAP_DMA:
		rig->stub_bytes += ((struct vioci_vfio_dma_map *)arg)->size;
		return 0;
	case VIOCI_IOMMU_IOAS_UNMAP: {
		struct vioci_iommu_ioas_unmap *unmap = arg;
		unmap->length = stub_removed(rig, unmap->length, unmap->length == UINT64_MAX);
		return 0;
	}
	case VIOCI_VFIO_IOMMU_UNMAP_DMA: {
		struct vioci_vfio_dma_unmap *unmap = arg;
		unmap->size = stub_removed(rig, unmap->size, unmap->flags != 0);
		return 0;
	}
	default:
		return vioci_sys_ioctl(&rig->below, fd, request, arg);
	}
}

/* The system below, as the call sees it. */
#define AT(dir) vioci_sys_at(&((struct rig *)data)->below, dir)

/* Everything but ioctls goes straight on: the data that below wants must be put back. */
static int pass_open(void *data, int dir, const char *path, int flags)
{
	struct vioci_sys at = AT(dir);
	return vioci_sys_open(&at, path, flags);
}

static int pass_close(void *data, int fd)
{
	vioci_sys_close(&((struct rig *)data)->below, &fd);
	return 0;
}

static ssize_t pass_pread(void *data, int fd, void *buf, size_t count, uint64_t offset)
{
	return vioci_sys_pread(&((struct rig *)data)->below, fd, buf, count, offset);
}

static ssize_t pass_pwrite(void *data, int fd, const void *buf, size_t count, uint64_t offset)
{
	return vioci_sys_pwrite(&((struct rig *)data)->below, fd, buf, count, offset);
}

static int pass_mmap(void *data, int fd, size_t length, int prot, uint64_t offset,
		     void **ret_address)
{
	return vioci_sys_mmap(&((struct rig *)data)->below, fd, length, prot, offset, ret_address);
}

static int pass_munmap(void *data, void *address, size_t length)
{
	return vioci_sys_munmap(&((struct rig *)data)->below, address, length);
}

static int pass_check_access(void *data, const char *path)
{
	return vioci_sys_check_access(&((struct rig *)data)->below, path);
}

static int pass_get_rights(void *data, int dir, const char *path,
			   struct vioci_file_rights *ret_rights)
{
	struct vioci_sys at = AT(dir);
	return vioci_sys_get_rights(&at, path, ret_rights);
}

static int pass_readlink(void *data, int dir, const char *path, char *buf, size_t size)
{
	struct vioci_sys at = AT(dir);
	return vioci_sys_readlink(&at, path, buf, size);
}

static int pass_list(void *data, int dir, const char *path, vioci_list_fn fn, void *arg)
{
	struct vioci_sys at = AT(dir);
	return vioci_sys_list(&at, path, fn, arg);
}

static int pass_get_memlock_limit(void *data, uint64_t *ret_bytes)
{
	return vioci_sys_get_memlock_limit(&((struct rig *)data)->below, ret_bytes);
}

#define PASS_ALL_BUT_IOCTL                                                                  \
	.open = pass_open, .close = pass_close, .pread = pass_pread, .pwrite = pass_pwrite, \
	.mmap = pass_mmap, .munmap = pass_munmap, .get_rights = pass_get_rights,            \
	.check_access = pass_check_access, .readlink = pass_readlink, .list = pass_list,    \
	.get_memlock_limit = pass_get_memlock_limit

static const struct vioci_sys_ops watching_ops = {
	PASS_ALL_BUT_IOCTL,
	.ioctl = watching_ioctl,
};

static const struct vioci_sys_ops stubbed_ops = {
	PASS_ALL_BUT_IOCTL,
	.ioctl = stubbed_ioctl,
};

void rig_check(struct rig *rig, int result)
{
	struct vioc_diag *diag;
	if (result >= 0)
		return;
	if (vioc_ctx_get_diag(rig->ctx, &diag) == 0)
		bench_die("error %d: %s", -result, vioc_diag_get_text(diag));
	bench_die("error %d", -result);
}

/* A million mappings must fit. */
static struct fake *new_fake(void)
{
	static const struct fake_device_spec devices[] = {
		{ .name = FAKE_DEVICE, .driver = "vfio-pci", .group = 2 },
		{ 0 },
	};
	return fake_new(&(struct fake_config){ .devices = devices, .entry_limit = 1 << 30 });
}

static void open_on(struct rig *rig, const struct vioci_sys_ops *ops, uint32_t backend,
		    const char *device)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	opts.backend = backend;
	rig->intercept = (struct vioci_sys){ .ops = ops, .data = rig };
	if (vioci_ctx_new_with_sys(NULL, &rig->intercept, &rig->ctx) < 0)
		bench_die("no context");
	rig_check(rig, vioc_container_new(rig->ctx, &opts, &rig->container));
	rig_check(rig, vioc_ioas_new(rig->container, NULL, &rig->ioas));
	rig_check(rig, vioc_device_open(rig->ioas, device, NULL, &rig->device));
}

void rig_open(struct rig *rig, const struct bench_args *args)
{
	*rig = (struct rig){ .below = vioci_sys_real, .raw.fd = -1 };
	if (args->fake) {
		rig->fake = new_fake();
		rig->below = *fake_sys(rig->fake);
	}
	if (!args->fake && !args->device)
		bench_die("which device? see --help");
	open_on(rig, &watching_ops, args->backend, args->fake ? FAKE_DEVICE : args->device);

	void *page = bench_memory(PAGE, true);
	rig_map(rig, GIB, page, PAGE);
	rig_unmap(rig, GIB, PAGE);
	bench_memory_free(page, PAGE);
	if (rig->raw.fd < 0)
		bench_die("no map ioctl was seen");
	rig->raw.sys = rig->below;
	rig->ctx->sys = rig->below;
}

void rig_open_stubbed(struct rig *rig, uint32_t backend)
{
	*rig = (struct rig){ .fake = new_fake(), .stubbed = true, .raw.fd = -1 };
	rig->below = *fake_sys(rig->fake);
	open_on(rig, &stubbed_ops, backend, FAKE_DEVICE);
}

void rig_close(struct rig *rig)
{
	rig_check(rig, vioc_ioas_unmap_all(rig->ioas, NULL));
	vioc_device_unref(rig->device);
	vioc_ioas_unref(rig->ioas);
	vioc_container_unref(rig->container);
	vioc_ctx_unref(rig->ctx);
	if (rig->fake)
		fake_free(rig->fake);
}

void rig_count_begin(struct rig *rig)
{
	rig->ctx->sys = rig->intercept;
	rig->n_ioctls = 0;
}

uint64_t rig_count_end(struct rig *rig)
{
	rig->ctx->sys = rig->below;
	return rig->n_ioctls;
}

const char *rig_backend_name(const struct rig *rig)
{
	return vioc_backend_name(vioc_device_get_backend(rig->device));
}

void rig_map(struct rig *rig, uint64_t iova, void *va, uint64_t length)
{
	rig_check(rig, vioc_ioas_map_fixed(rig->ioas, iova, va, length, RW));
}

void rig_unmap(struct rig *rig, uint64_t iova, uint64_t length)
{
	rig_check(rig, vioc_ioas_unmap(rig->ioas, iova, length, 0, NULL));
}
