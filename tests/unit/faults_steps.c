// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "faults.h"

#define BASE ((uint64_t)0x100000)

int faults_make_ctx(struct life *life)
{
	return vioci_ctx_new_with_sys(NULL, &life->inject.sys, &life->ctx);
}

static int set_memlock_mode(struct life *life)
{
	int iommufd = vioci_sys_open(&life->inject.sys, "/dev/iommu", O_RDWR);
	if (iommufd < 0)
		return iommufd;
	int error = vioc_fd_set_memlock_mode(life->ctx, iommufd, VIOC_MEMLOCK_PROCESS);
	vioci_sys_close(&life->inject.sys, &iommufd);
	return error;
}

static int make_container(struct life *life)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	opts.backend = life->backend;
	return vioc_container_new(life->ctx, &opts, &life->container);
}

static int make_ioas(struct life *life)
{
	return vioc_ioas_new(life->container, NULL, &life->ioas);
}

static int map_before_attach(struct life *life)
{
	return vioc_ioas_map_fixed(life->ioas, BASE, life->memory, 4 * PAGE, RW);
}

static int open_first(struct life *life)
{
	return vioc_device_open(life->ioas, FIRST, NULL, &life->first);
}

static int map_after_attach(struct life *life)
{
	return vioc_ioas_map(life->ioas, life->memory, 8 * PAGE, RW, &life->iova);
}

static int map_neighbour(struct life *life)
{
	return vioc_ioas_map_fixed(life->ioas, BASE + 4 * PAGE, life->memory, PAGE, RW);
}

static int open_second(struct life *life)
{
	return vioc_device_open(life->ioas, SECOND, NULL, &life->second);
}

static int map_bar(struct life *life)
{
	return vioc_region_map(life->first, VIOC_PCI_BAR(0), 0, 0, &life->bar);
}

/* What the compat backend can't do it can't in each life. */
static int map_bar_for_others(struct life *life)
{
	uint64_t iova;
	int error = vioc_region_map_dma(life->second, VIOC_PCI_BAR(0), 0, PAGE, RW, &iova);
	return error == -EOPNOTSUPP && life->backend == VIOC_BACKEND_COMPAT ? 0 : error;
}

static int export_bar(struct life *life)
{
	int fd = vioc_region_export_dma_buf(life->first, VIOC_PCI_BAR(0), 0, PAGE);
	if (fd < 0)
		return fd;
	vioci_sys_close(fake_sys(life->fake), &fd);
	return 0;
}

static int read_register(struct life *life)
{
	uint32_t value;
	return vioc_region_read(life->first, VIOC_PCI_BAR(0), 0, &value, 4);
}

static int set_master(struct life *life)
{
	return vioc_pci_set_bus_master(life->first, 1);
}

static int find_msix(struct life *life)
{
	struct vioc_pci_msix msix = VIOC_SIZED(vioc_pci_msix);
	return vioc_pci_get_msix(life->first, &msix);
}

static int use_features(struct life *life)
{
	int found = vioc_device_probe_feature(life->first, VIOC_FEATURE_WAKE);
	return found < 0 ? found : vioc_device_set_feature(life->first, VIOC_FEATURE_WAKE, NULL, 0);
}

static int stop_dma(struct life *life)
{
	return vioc_pci_stop_dma(life->first);
}

static int enable_irqs(struct life *life)
{
	return vioc_irq_enable(life->first, VIOC_PCI_MSIX, 3, NULL);
}

/* Whatever fails, the vectors keep working. */
static int set_irqs(struct life *life)
{
	int fds[3] = { vioc_irq_get_fd(life->first, VIOC_PCI_MSIX, 0), -1, -1 };
	fds[1] = fds[0];
	int error = vioc_irq_set(life->first, VIOC_PCI_MSIX, 1, 3, fds);
	uint64_t count;
	if (error < 0)
		assert_int_equal(vioc_irq_trigger(life->first, VIOC_PCI_MSIX, 2, 1), 0);
	int fd = vioc_irq_get_fd(life->first, VIOC_PCI_MSIX, 2);
	assert_int_equal(read(fd, &count, sizeof(count)), error < 0 ? sizeof(count) : (size_t)-1);
	return error;
}

static int disable_irqs(struct life *life)
{
	return vioc_irq_disable(life->first, VIOC_PCI_MSIX);
}

static int reset_first(struct life *life)
{
	return vioc_device_reset(life->first);
}

static int unmap_run(struct life *life)
{
	uint64_t bytes = 0;
	int error = vioc_ioas_unmap(life->ioas, BASE, 8 * PAGE, 0, &bytes);
	if (error == 0)
		assert_int_equal(bytes, 5 * PAGE);
	return error;
}

static int make_huge(struct life *life)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	opts.flags = VIOC_MEM_HUGETLB_2M | VIOC_MEM_THP;
	return vioc_mem_new(life->ioas, PAGE, &opts, &life->huge);
}

static int make_bound(struct life *life)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	opts.flags = VIOC_MEM_THP | VIOC_MEM_FIXED_IOVA;
	opts.iova = BASE << 10;
	opts.node = VIOC_MEM_NODE(0);
	return vioc_mem_new(life->ioas, PAGE, &opts, &life->bound);
}

static int import(struct life *life)
{
	int fd = vioc_mem_get_fd(life->bound);
	return vioc_mem_import(life->ioas, fd, 0, PAGE, NULL, &life->imported);
}

static int map_file(struct life *life)
{
	uint64_t iova;
	return vioc_ioas_map_file(life->ioas, vioc_mem_get_fd(life->bound), 0,
				  vioc_mem_get_va(life->bound), PAGE, RW, &iova);
}

static int make_cache(struct life *life)
{
	struct vioc_cache_opts opts = VIOC_SIZED(vioc_cache_opts);
	opts.max_entries = 1;
	return vioc_cache_new(life->ioas, &opts, &life->cache);
}

static int get_registration(struct life *life)
{
	uint64_t iova;
	return vioc_cache_get(life->cache, life->memory + 100, PAGE, &iova, &life->registration);
}

static int put_registration(struct life *life)
{
	vioc_cache_put(life->cache, life->registration);
	return 0;
}

/* Evicts the other; that may fail without failing this. */
static int get_another(struct life *life)
{
	uint64_t iova;
	return vioc_cache_get(life->cache, life->memory + 4 * PAGE, PAGE, &iova,
			      &life->registration);
}

static int invalidate(struct life *life)
{
	return vioc_cache_invalidate(life->cache, life->memory, 8 * PAGE);
}

static int open_third(struct life *life)
{
	return vioc_device_open(life->ioas, EDU, NULL, &life->third);
}

static int get_affected(struct life *life)
{
	struct vioc_affected_device affected;
	int count = vioc_device_get_affected(life->third, &affected, 1);
	return count < 0 ? count : 0;
}

static int hot_reset(struct life *life)
{
	return vioc_device_hot_reset(life->third);
}

static int close_third(struct life *life)
{
	life->third = vioc_device_unref(life->third);
	return 0;
}

static int close_second(struct life *life)
{
	life->second = vioc_device_unref(life->second);
	return 0;
}

static int close_first(struct life *life)
{
	life->first = vioc_device_unref(life->first);
	return 0;
}

/* What can't be read is missing in the picture; that is no failure. */
int faults_enumerate(struct life *life)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *enumerator;
	opts.flags = VIOC_ENUMERATE_HOLDERS;
	int error = vioc_enumerator_new(life->ctx, &opts, &enumerator);
	if (error == 0)
		vioc_enumerator_unref(enumerator);
	return error;
}

int faults_explain(struct life *life)
{
	struct vioc_diag *diag = NULL;
	int result = vioc_device_explain(life->ctx, FIRST, NULL, &diag);
	vioc_diag_unref(diag);
	return result < 0 ? result : 0;
}

/* The fake kernel sends no events: the way to finding that out. */
int faults_monitor(struct life *life)
{
	struct vioc_monitor *monitor = NULL;
	int error = vioc_monitor_new(life->ctx, NULL, &monitor);
	vioc_monitor_unref(monitor);
	return error == -EOPNOTSUPP ? 0 : error;
}

/* What can't be read of its uses is a note, or counts as used. */
static int get_uses(struct life *life)
{
	struct vioc_diag *diag = NULL;
	int result = vioc_device_get_uses(life->ctx, SECOND, &diag);
	vioc_diag_unref(diag);
	return result < 0 ? result : 0;
}

static int set_driver(struct life *life, const char *driver)
{
	struct vioc_binding before = VIOC_SIZED(vioc_binding), now = VIOC_SIZED(vioc_binding);
	struct vioc_binding wanted = VIOC_SIZED(vioc_binding);
	snprintf(wanted.driver, sizeof(wanted.driver), "%s", driver);
	snprintf(wanted.driver_override, sizeof(wanted.driver_override), "%s", driver);
	int error = vioc_device_get_binding(life->ctx, SECOND, &before);
	if (error < 0)
		return error;
	error = vioc_device_set_binding(life->ctx, SECOND, &wanted);
	if (error == 0)
		return 0;
	/* The failure has happened: this call can't fail. */
	assert_int_equal(vioc_device_get_binding(life->ctx, SECOND, &now), 0);
	assert_string_equal(now.driver, before.driver);
	assert_string_equal(now.driver_override, before.driver_override);
	return error;
}

static int bind_to_kernel(struct life *life)
{
	return set_driver(life, "e1000e");
}

static int bind_to_vfio(struct life *life)
{
	return set_driver(life, "vfio-pci");
}

static int open_first_again(struct life *life)
{
	return open_first(life);
}

const struct step faults_steps[] = {
	{ "make a context", faults_make_ctx },
	{ "set the memlock mode", set_memlock_mode },
	{ "make a container", make_container },
	{ "make an ioas", make_ioas },
	{ "map before attach", map_before_attach },
	{ "open the first device", open_first },
	{ "map after attach", map_after_attach },
	{ "map a neighbour", map_neighbour },
	{ "open the second device", open_second },
	{ "map a BAR", map_bar },
	{ "map a BAR for others", map_bar_for_others },
	{ "export a BAR", export_bar },
	{ "read a register", read_register },
	{ "set bus master", set_master },
	{ "find the MSI-X table", find_msix },
	{ "enable interrupts", enable_irqs },
	{ "set interrupts", set_irqs },
	{ "disable interrupts", disable_irqs },
	{ "use features", use_features },
	{ "stop DMA", stop_dma },
	{ "reset", reset_first },
	{ "unmap a run", unmap_run },
	{ "make memory of huge pages", make_huge },
	{ "make memory of a node", make_bound },
	{ "import memory", import },
	{ "map a file", map_file },
	{ "make a cache", make_cache },
	{ "get a registration", get_registration },
	{ "put it", put_registration },
	{ "get another registration", get_another },
	{ "put that", put_registration },
	{ "invalidate", invalidate },
	{ "open the third device", open_third },
	{ "list what a hot reset affects", get_affected },
	{ "hot reset", hot_reset },
	{ "close the third device", close_third },
	{ "enumerate", faults_enumerate },
	{ "close the second device", close_second },
	{ "see what the second device is used for", get_uses },
	{ "give the second device to the kernel", bind_to_kernel },
	{ "give it back to VFIO", bind_to_vfio },
	{ "close the first device", close_first },
	{ "open the first device again", open_first_again },
	{ NULL, NULL },
};
