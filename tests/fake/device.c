// SPDX-License-Identifier: MIT
/* Devices: config space, BAR 0 in a memfd, and the DMA engine of QEMU's edu. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "uapi/vfio.h"

#define N_REGIONS     9
#define REGION_CONFIG 7
#define REGION_ROM    6
#define REGION_SHIFT  40

#define EDU_ID		0x00
#define EDU_INVERSE	0x04
#define EDU_IRQ_STATUS	0x24
#define EDU_IRQ_RAISE	0x60
#define EDU_IRQ_ACK	0x64
#define EDU_SOURCE	0x80
#define EDU_TARGET	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98
#define EDU_BUFFER	0x40000
#define EDU_BUFFER_SIZE 4096
#define EDU_DMA_MASK	((UINT64_C(1) << 28) - 1)
#define EDU_RUN		1u
#define EDU_TO_MEMORY	2u

#define COMMAND_MEMORY 0x02
#define COMMAND_MASTER 0x04

bool fake_device_has_memory(const struct fake_device *device)
{
	return device->config[4] & COMMAND_MEMORY;
}

static uint64_t config_size(const struct fake_device *device)
{
	return device->spec.kind == FAKE_EDU ? 256 : sizeof(device->config);
}

/* Capabilities of edu, which is a conventional device, and of a PCI Express one. */
static void set_caps(struct fake_device *device)
{
	static const unsigned char msi[] = { 0x05, 0x00 };
	static const unsigned char express[] = { 0x10, 0x60, 0x02, 0x00 };
	static const unsigned char msix[] = {
		0x11, 0x00, FAKE_VECTORS - 1, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x30
	};
	static const unsigned char aer[] = { 0x01, 0x00, 0x02, 0x14 }, serial[] = { 0x03 };
	device->config[6] = 0x10;
	device->config[0x34] = 0x40;
	memcpy(device->config + 0x40, msi, sizeof(msi));
	if (device->spec.kind == FAKE_EDU)
		return;
	device->config[0x41] = 0x50;
	memcpy(device->config + 0x50, express, sizeof(express));
	memcpy(device->config + 0x60, msix, sizeof(msix));
	memcpy(device->config + 0x100, aer, sizeof(aer));
	memcpy(device->config + 0x140, serial, sizeof(serial));
}

void fake_device_power_on(struct fake_device *device)
{
	const uint32_t id = device->spec.kind == FAKE_EDU ? 0x11e81234 : 0x00101b36,
		       class = 0x00ff0010, edu_id = 0x010000ed;
	memset(device->config, 0, sizeof(device->config));
	memcpy(device->config, &id, sizeof(id));
	memcpy(device->config + 8, &class, sizeof(class));
	device->config[4] = 0x02;
	set_caps(device);
	if (madvise(device->bar, BAR_SIZE, MADV_REMOVE) < 0)
		abort();
	if (device->spec.kind == FAKE_EDU)
		memcpy(device->bar + EDU_ID, &edu_id, sizeof(edu_id));
}

void fake_device_init(struct fake *fake, struct fake_device *device)
{
	(void)fake;
	device->bar_fd = memfd_create("bar", MFD_CLOEXEC);
	if (device->bar_fd < 0 || ftruncate(device->bar_fd, BAR_SIZE) < 0)
		abort();
	device->bar = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, device->bar_fd, 0);
	if (device->bar == MAP_FAILED)
		abort();
	fake_device_power_on(device);
	fake_irq_init(device);
}

void fake_device_free(struct fake_device *device)
{
	munmap(device->bar, BAR_SIZE);
	close(device->bar_fd);
}

static int get_info(struct vioci_vfio_device_info *info, const struct fake_device *device)
{
	info->flags = VIOCI_VFIO_DEVICE_PCI_FLAG;
	if (device->spec.has_reset)
		info->flags |= VIOCI_VFIO_DEVICE_RESET_FLAG;
	info->num_regions = N_REGIONS;
	info->num_irqs = FAKE_IRQS;
	return 0;
}

/* Puts a capability behind the info, if the caller has room for it. */
static void add_cap(void *arg, uint32_t argsz, const void *cap, size_t size)
{
	struct vioci_vfio_region_info *info = arg;
	info->flags |= VIOCI_VFIO_REGION_CAPS;
	info->argsz = (uint32_t)(sizeof(*info) + size);
	info->cap_offset = 0;
	if (argsz < info->argsz)
		return;
	info->cap_offset = sizeof(*info);
	memcpy(info + 1, cap, size);
}

/* BAR 0 has the MSI-X table. It can be mapped as a whole; of a sparse device, all but the second page. */
static void add_bar_cap(void *arg, uint32_t argsz, bool sparse)
{
	const struct vioci_vfio_cap_header msix = {
		.id = VIOCI_VFIO_REGION_CAP_MSIX_MAPPABLE,
		.version = 1,
	};
	const struct {
		struct vioci_vfio_region_cap_sparse_mmap cap;
		struct vioci_vfio_sparse_mmap_area areas[2];
	} holes = {
		.cap.header = { .id = VIOCI_VFIO_REGION_CAP_SPARSE_MMAP, .version = 1 },
		.cap.nr_areas = 2,
		.areas = { { 0, 0x1000 }, { 0x2000, BAR_SIZE - 0x2000 } },
	};
	if (sparse)
		add_cap(arg, argsz, &holes, sizeof(holes));
	else
		add_cap(arg, argsz, &msix, sizeof(msix));
}

static int get_region_info(struct vioci_vfio_region_info *info, const struct fake_device *device)
{
	uint32_t argsz = info->argsz;
	if (info->index >= N_REGIONS || info->index == N_REGIONS - 1)
		return -EINVAL;
	info->offset = (uint64_t)info->index << REGION_SHIFT;
	info->size = 0;
	info->flags = 0;
	if (info->index == REGION_CONFIG) {
		info->size = config_size(device);
		info->flags = VIOCI_VFIO_REGION_READ | VIOCI_VFIO_REGION_WRITE;
	} else if (info->index == 0) {
		info->size = BAR_SIZE;
		info->flags =
			VIOCI_VFIO_REGION_READ | VIOCI_VFIO_REGION_WRITE | VIOCI_VFIO_REGION_MMAP;
		if (device->spec.kind != FAKE_EDU)
			add_bar_cap(info, argsz, device->spec.sparse);
	}
	return 0;
}

#define FEATURE_SLEEP		   3
#define FEATURE_SLEEP_UNTIL_WAKEUP 4
#define FEATURE_WAKE		   5

static void forget_wakeup(struct fake_device *device)
{
	if (device->wakeup_fd > 0)
		close(device->wakeup_fd);
	device->wakeup_fd = 0;
}

/* An access wakes the device; it goes on sleeping then, unless somebody wanted to know. */
static void wake_for_access(struct fake_device *device)
{
	if (!device->wakeup_fd)
		return;
	eventfd_write(device->wakeup_fd, 1);
	forget_wakeup(device);
	device->asleep = false;
}

static int set_sleep(struct fake_device *device, uint32_t id, const void *data)
{
	int fd = 0;
	if (device->asleep && id != FEATURE_WAKE)
		return -EINVAL;
	if (id == FEATURE_SLEEP_UNTIL_WAKEUP) {
		memcpy(&fd, data, sizeof(fd));
		fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return -EINVAL;
	}
	forget_wakeup(device);
	device->wakeup_fd = fd;
	device->asleep = id != FEATURE_WAKE;
	return 0;
}

static int use_feature(struct fake_device *device, const struct vioci_vfio_device_feature *feature)
{
	uint32_t id = feature->flags & VIOCI_VFIO_FEATURE_MASK;
	bool has_token = id == VIOCI_VFIO_FEATURE_PCI_VF_TOKEN && device->spec.has_vfs;
	if (!has_token && (id < FEATURE_SLEEP || id > FEATURE_WAKE))
		return -ENOTTY;
	if (!(feature->flags & VIOCI_VFIO_FEATURE_SET))
		return -EINVAL;
	if (feature->flags & VIOCI_VFIO_FEATURE_PROBE)
		return 0;
	size_t needed = has_token ? 16 : id == FEATURE_SLEEP_UNTIL_WAKEUP ? 8 : 0;
	if (feature->argsz - sizeof(*feature) < needed)
		return -EINVAL;
	if (has_token)
		return fake_set_token(device, (const unsigned char *)(feature + 1));
	return set_sleep(device, id, feature + 1);
}

int fake_device_ioctl(struct fake_device *device, unsigned long request, void *arg)
{
	switch (request) {
	case VIOCI_VFIO_DEVICE_GET_INFO:
		return get_info(arg, device);
	case VIOCI_VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(arg, device);
	case VIOCI_VFIO_DEVICE_GET_IRQ_INFO:
		return fake_irq_info(device, arg);
	case VIOCI_VFIO_DEVICE_SET_IRQS:
		return fake_irq_set(device, arg);
	case VIOCI_VFIO_DEVICE_FEATURE:
		return use_feature(device, arg);
	case VIOCI_VFIO_DEVICE_RESET:
		if (!device->spec.has_reset)
			return -EINVAL;
		fake_device_power_on(device);
		fake_space_revoke(device->space, device);
		return 0;
	}
	return -ENOTTY;
}

static uint64_t read_register(const struct fake_device *device, size_t offset)
{
	uint64_t value;
	memcpy(&value, device->bar + offset, sizeof(value));
	return value;
}

/* One run of the DMA engine. What can't be reached is not moved, silently, as in hardware. */
static void run_dma(struct fake_device *device)
{
	uint64_t count = read_register(device, EDU_COUNT),
		 command = read_register(device, EDU_COMMAND);
	bool to_memory = command & EDU_TO_MEMORY;
	uint64_t memory = read_register(device, to_memory ? EDU_TARGET : EDU_SOURCE) & EDU_DMA_MASK;
	uint64_t buffer = read_register(device, to_memory ? EDU_SOURCE : EDU_TARGET) - EDU_BUFFER;

	command &= ~(uint64_t)EDU_RUN;
	memcpy(device->bar + EDU_COMMAND, &command, sizeof(command));
	if (buffer > EDU_BUFFER_SIZE || count > EDU_BUFFER_SIZE - buffer || !count ||
	    !(device->config[4] & COMMAND_MASTER) || !device->space)
		return;
	char *reached = fake_space_reach(device->space, memory, count, to_memory);
	unsigned char *own = device->bar + EDU_BUFFER + buffer;
	if (reached)
		memcpy(to_memory ? (void *)reached : own, to_memory ? own : (void *)reached, count);
}

static void after_write(struct fake_device *device, uint64_t offset)
{
	if (device->spec.kind != FAKE_EDU)
		return;
	if (offset == EDU_INVERSE) {
		uint32_t value = (uint32_t)~read_register(device, EDU_INVERSE);
		memcpy(device->bar + EDU_INVERSE, &value, sizeof(value));
	}
	if (offset == EDU_IRQ_RAISE)
		fake_irq_raise(device, (uint32_t)read_register(device, EDU_IRQ_RAISE));
	if (offset == EDU_IRQ_ACK)
		fake_irq_lower(device, (uint32_t)read_register(device, EDU_IRQ_ACK));
	memcpy(device->bar + EDU_IRQ_STATUS, &device->irqs.status, sizeof(device->irqs.status));
	if (offset == EDU_COMMAND && (read_register(device, EDU_COMMAND) & EDU_RUN))
		run_dma(device);
}

ssize_t fake_device_access(struct fake_device *device, void *buf, size_t count, uint64_t offset,
			   bool write)
{
	uint64_t region = offset >> REGION_SHIFT,
		 place = offset & ((UINT64_C(1) << REGION_SHIFT) - 1);
	unsigned char *memory = region == REGION_CONFIG ? device->config : device->bar;
	uint64_t size = region == REGION_CONFIG ? config_size(device) : region == 0 ? BAR_SIZE : 0;

	if (place >= size || count > size - place)
		return -EINVAL;
	if (device->pulled) {
		if (!write)
			memset(buf, 0xff, count);
		return (ssize_t)count;
	}
	if (region == 0 && !fake_device_has_memory(device))
		return -EIO;
	wake_for_access(device);
	fake_irq_poll(device);
	memcpy(write ? memory + place : buf, write ? buf : memory + place, count);
	if (write && region == 0)
		after_write(device, place);
	if (!fake_device_has_memory(device))
		fake_space_revoke(device->space, device);
	return (ssize_t)count;
}

int fake_device_mmap(struct fake_device *device, size_t length, int prot, uint64_t offset,
		     void **address)
{
	if (offset >> REGION_SHIFT || offset + length > BAR_SIZE)
		return -EINVAL;
	int flags = MAP_SHARED | (*address ? MAP_FIXED : 0);
	void *got = mmap(*address, length, prot, flags, device->bar_fd, (off_t)offset);
	if (got == MAP_FAILED)
		return -errno;
	*address = got;
	return 0;
}

void fake_device_close(struct fake *fake, struct fake_fd *fd)
{
	struct fake_device *device = fd->device;
	if (fd->from_cdev) {
		if (!fd->container)
			return;
		if (device->space)
			device->space->n_devices--;
		device->space = NULL;
		device->bound = false;
		device->owner = NULL;
		fake_irq_close(device);
		device->asleep = false;
		forget_wakeup(device);
	} else if (--device->n_open == 0) {
		if (fd->container->is_iommufd)
			device->space->n_devices--;
		device->space = NULL;
		fake_irq_close(device);
		device->asleep = false;
		forget_wakeup(device);
		if (!fd->group->open)
			fake_group_close(fake, fd->group);
	}
	fake_container_put(fd->container);
	fake_slot_settle(fake, device);
}
