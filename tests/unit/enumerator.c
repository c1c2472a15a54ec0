// SPDX-License-Identifier: MIT
/* The enumerator on trees of sysfs: made up, broken, large. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define PRINTF(index) __attribute__((format(printf, index, index + 1)))

static char root[FAKE_TEMPORARY];

static int set_up(void **state)
{
	(void)state;
	fake_make_temporary(root);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(root, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

/* Makes the folders above the last slash. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

PRINTF(2) static void put(const char *text, const char *format, ...)
{
	char path[512];
	int used = snprintf(path, sizeof(path), "%s/sys/", root);
	va_list args;
	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - (size_t)used, format, args);
	va_end(args);
	make_folders(path);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

PRINTF(2) static void point(const char *target, const char *format, ...)
{
	char path[512];
	int used = snprintf(path, sizeof(path), "%s/sys/", root);
	va_list args;
	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - (size_t)used, format, args);
	va_end(args);
	make_folders(path);
	assert_int_equal(symlink(target, path), 0);
}

#define DEVICE "bus/pci/devices/0000:01:00.0"

static struct vioc_enumerator *look(const struct vioc_enumerator_opts *opts)
{
	struct vioc_ctx_opts ctx_opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_ctx *ctx;
	struct vioc_enumerator *enumerator;
	ctx_opts.sysroot = root;
	assert_int_equal(vioc_ctx_new(&ctx_opts, &ctx), 0);
	assert_int_equal(vioc_enumerator_new(ctx, opts, &enumerator), 0);
	vioc_ctx_unref(ctx);
	return enumerator;
}

static size_t count(const struct vioc_enumerator_opts *opts)
{
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	struct vioc_enumerator *enumerator = look(opts);
	size_t n = 0;
	while (vioc_enumerator_get_device(enumerator, n, &device) > 0)
		n++;
	vioc_enumerator_unref(enumerator);
	return n;
}

static struct vioc_enumerator *look_at_first(struct vioc_found_device *ret_device)
{
	*ret_device = (struct vioc_found_device)VIOC_SIZED(vioc_found_device);
	struct vioc_enumerator *enumerator = look(NULL);
	assert_int_equal(vioc_enumerator_get_device(enumerator, 0, ret_device), 1);
	return enumerator;
}

static void no_sysfs_is_an_error_that_says_so(void **state)
{
	(void)state;
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_ctx *ctx;
	struct vioc_enumerator *enumerator = NULL;
	struct vioc_diag *diag;
	opts.sysroot = root;
	assert_int_equal(vioc_ctx_new(&opts, &ctx), 0);
	assert_int_equal(vioc_enumerator_new(ctx, NULL, &enumerator), -EOPNOTSUPP);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_NO_INTERFACE);
	assert_null(enumerator);
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void captured_trees_do_not_change(void **state)
{
	(void)state;
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_ctx *ctx;
	struct vioc_monitor *monitor = NULL;
	struct vioc_diag *diag;
	opts.sysroot = root;
	put("1", "kernel/uevent_seqnum");
	assert_int_equal(vioc_ctx_new(&opts, &ctx), 0);
	assert_int_equal(vioc_monitor_new(ctx, NULL, &monitor), -EOPNOTSUPP);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_UNSUPPORTED);
	assert_null(monitor);
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void long_sysroots_are_refused(void **state)
{
	(void)state;
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_ctx *ctx = NULL;
	char text[400];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	opts.sysroot = text;
	assert_int_equal(vioc_ctx_new(&opts, &ctx), -ENAMETOOLONG);
	assert_null(ctx);
}

static void empty_attributes_count_as_missing(void **state)
{
	(void)state;
	struct vioc_found_device device;
	put("", DEVICE "/uevent");
	put("", DEVICE "/numa_node");
	put("\n", DEVICE "/driver_override");
	put("", DEVICE "/revision");
	struct vioc_enumerator *enumerator = look_at_first(&device);
	assert_string_equal(device.name, "0000:01:00.0");
	assert_int_equal(device.vendor, 0);
	assert_int_equal(device.numa_node, -1);
	assert_null(device.driver_override);
	assert_null(device.driver);
	assert_int_equal(device.reason, VIOC_REASON_NO_IOMMU);
	vioc_enumerator_unref(enumerator);
}

static void fill(const char *path, int byte, size_t length)
{
	char full[512];
	snprintf(full, sizeof(full), "%s/sys/%s", root, path);
	FILE *file = fopen(full, "we");
	assert_non_null(file);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(fputc(byte < 0 ? (int)(i * 7 % 256) : byte, file),
				 byte < 0 ? (int)(i * 7 % 256) : byte);
	assert_int_equal(fclose(file), 0);
}

static void huge_and_binary_attributes_do_no_harm(void **state)
{
	(void)state;
	struct vioc_found_device device;
	put("", DEVICE "/uevent");
	put("", "kernel/iommu_groups/5/reserved_regions");
	point("../../../../kernel/iommu_groups/5", DEVICE "/iommu_group");
	fill(DEVICE "/uevent", 'A', 1 << 20);
	fill(DEVICE "/reset_method", 'r', 1 << 20);
	fill(DEVICE "/numa_node", '9', 5000);
	fill(DEVICE "/driver_override", -1, 200);
	fill(DEVICE "/revision", -1, 20);
	fill("kernel/iommu_groups/5/reserved_regions", '0', 1 << 20);
	fill("kernel/iommu_groups/5/type", -1, 64);
	struct vioc_enumerator *enumerator = look_at_first(&device);
	assert_null(device.reset_methods);
	assert_int_equal(device.numa_node, -1);
	assert_int_equal(device.group, 5);
	vioc_enumerator_unref(enumerator);
}

static void loops_and_pipes_do_not_hang(void **state)
{
	(void)state;
	struct vioc_found_device device;
	char path[512];
	put("PCI_ID=1234:11E8\n", DEVICE "/uevent");
	point("driver", DEVICE "/driver");
	point("../0000:01:00.0/iommu", DEVICE "/iommu");
	point("iommu_group", DEVICE "/iommu_group");
	point(".", DEVICE "/vfio-dev");
	point("msi_irqs", DEVICE "/msi_irqs");
	point("0000:02:00.0", "bus/pci/devices/0000:02:00.0");
	snprintf(path, sizeof(path), "%s/sys/" DEVICE "/reset_method", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	struct vioc_enumerator *enumerator = look_at_first(&device);
	assert_int_equal(device.vendor, 0x1234);
	assert_int_equal(device.device, 0x11e8);
	assert_int_equal(vioc_enumerator_get_device(enumerator, 1, &device), 0);
	vioc_enumerator_unref(enumerator);
}

static void other_names_are_no_devices(void **state)
{
	(void)state;
	put("", DEVICE "/uevent");
	put("", "bus/pci/devices/power/uevent");
	put("", "bus/pci/devices/0000:01:20.0/uevent");
	put("", "bus/pci/devices/0000:01:00.8/uevent");
	put("", "bus/pci/devices/0000:01:00.0x/uevent");
	assert_int_equal(count(NULL), 1);
}

static void a_picture_has_its_own_life(void **state)
{
	(void)state;
	struct vioc_found_device device;
	struct vioc_found_group group = VIOC_SIZED(vioc_found_group);
	put("PCI_CLASS=20000\nPCI_ID=8086:10D3\n", DEVICE "/uevent");
	point("../../../../kernel/iommu_groups/7", DEVICE "/iommu_group");
	point("../../../../bus/pci/drivers/e1000e", DEVICE "/driver");
	point("x", "kernel/iommu_groups/7/devices/0000:01:00.0");
	put("0x1000 0x1fff direct-relaxable\n0xfee00000 0xfeefffff msi\nrubbish\n",
	    "kernel/iommu_groups/7/reserved_regions");
	struct vioc_enumerator *enumerator = look_at_first(&device);
	struct vioc_enumerator *same = vioc_enumerator_ref(enumerator);
	vioc_enumerator_unref(enumerator);
	assert_string_equal(device.driver, "e1000e");
	assert_int_equal(device.class_code, 0x020000);
	assert_int_equal(device.reason, VIOC_REASON_OTHER_DRIVER);
	assert_int_equal(vioc_enumerator_get_group(same, 0, &group), 1);
	assert_int_equal(group.number, 7);
	assert_int_equal(group.n_devices, 1);
	assert_int_equal(group.n_ranges, 2);
	assert_int_equal(group.ranges[0].start, 0x1000);
	assert_string_equal(group.ranges[1].kind, "msi");
	assert_int_equal(vioc_enumerator_get_group(same, 1, &group), 0);
	group.size = 0;
	assert_int_equal(vioc_enumerator_get_group(same, 0, &group), -EINVAL);
	device.size = 0;
	assert_int_equal(vioc_enumerator_get_device(same, 0, &device), -EINVAL);
	assert_null(vioc_enumerator_unref(same));
	assert_null(vioc_enumerator_unref(NULL));
}

static size_t count_slot(const char *slot)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	opts.slot = slot;
	return count(&opts);
}

static size_t count_id(const char *id)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	opts.id = id;
	return count(&opts);
}

static void expect_malformed(const char *slot, const char *id)
{
	struct vioc_ctx_opts ctx_opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *enumerator = NULL;
	struct vioc_ctx *ctx;
	ctx_opts.sysroot = root;
	opts.slot = slot;
	opts.id = id;
	assert_int_equal(vioc_ctx_new(&ctx_opts, &ctx), 0);
	assert_int_equal(vioc_enumerator_new(ctx, &opts, &enumerator), -EINVAL);
	assert_null(enumerator);
	vioc_ctx_unref(ctx);
}

static void filters_read_what_lspci_reads(void **state)
{
	(void)state;
	put("PCI_CLASS=20000\nPCI_ID=8086:10D3\n", "bus/pci/devices/0000:01:00.0/uevent");
	put("PCI_CLASS=20000\nPCI_ID=8086:10D3\n", "bus/pci/devices/0000:01:00.1/uevent");
	put("PCI_CLASS=10802\nPCI_ID=1B36:10\n", "bus/pci/devices/0000:02:1f.0/uevent");
	put("PCI_CLASS=10802\nPCI_ID=1B36:10\n", "bus/pci/devices/10000:01:00.0/uevent");
	put("PCI_CLASS=60400\nPCI_ID=1B36:C\n", "bus/pci/devices/0000:00:01.0/uevent");
	assert_int_equal(count(NULL), 4);
	assert_int_equal(count_slot("01:00.0"), 1);
	assert_int_equal(count_slot("01:"), 2);
	assert_int_equal(count_slot(".0"), 3);
	assert_int_equal(count_slot("*:*:00.0"), 2);
	assert_int_equal(count_slot("10000:01:00.0"), 1);
	assert_int_equal(count_slot("1f"), 1);
	assert_int_equal(count_slot(""), 4);
	assert_int_equal(count_id("8086:"), 2);
	assert_int_equal(count_id(":10"), 2);
	assert_int_equal(count_id("1b36:0010:0108"), 2);
	assert_int_equal(count_id("::0200"), 2);
	static const char *const malformed_slots[] = { "x",	  "01:00.8",  "01:20.0", "100:00.0",
						       "a:b:c:d", "1:1.1.1",  "-1:0.0",	 "0x1:0.0",
						       " ",	  "01:00.0\n" };
	static const char *const malformed_ids[] = { "",   "8086",    "10000:",
						     ":g", "1:2:3:4", "::10000" };
	for (size_t i = 0; i < sizeof(malformed_slots) / sizeof(malformed_slots[0]); i++)
		expect_malformed(malformed_slots[i], NULL);
	for (size_t i = 0; i < sizeof(malformed_ids) / sizeof(malformed_ids[0]); i++)
		expect_malformed(NULL, malformed_ids[i]);
}

/* Device number i of a large machine: four to a group. */
static void put_device(unsigned int i)
{
	char name[16], group[64], target[96], text[160];
	snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", i >> 16, i >> 8 & 0xff, i >> 3 & 0x1f,
		 i & 7);
	snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s", name);
	point(target, "bus/pci/devices/%s", name);
	snprintf(text, sizeof(text),
		 "DRIVER=vfio-pci\nPCI_CLASS=20000\nPCI_ID=8086:%04X\nPCI_SUBSYS_ID=8086:0001\n",
		 0x1000 + i % 64);
	put(text, "devices/pci0000:00/%s/uevent", name);
	put("0\n", "devices/pci0000:00/%s/numa_node", name);
	put("flr bus\n", "devices/pci0000:00/%s/reset_method", name);
	put("vfio-pci\n", "devices/pci0000:00/%s/driver_override", name);
	point("../../../bus/pci/drivers/vfio-pci", "devices/pci0000:00/%s/driver", name);
	snprintf(group, sizeof(group), "../../../kernel/iommu_groups/%u", i / 4);
	point(group, "devices/pci0000:00/%s/iommu_group", name);
	point("../../virtual/iommu/dmar0", "devices/pci0000:00/%s/iommu", name);
	put("511:0\n", "devices/pci0000:00/%s/vfio-dev/vfio%u/dev", name, i);
	snprintf(target, sizeof(target), "../../../../devices/pci0000:00/%s", name);
	point(target, "kernel/iommu_groups/%u/devices/%s", i / 4, name);
	if (i % 4 == 0) {
		put("DMA-FQ\n", "kernel/iommu_groups/%u/type", i / 4);
		put("0xfee00000 0xfeefffff msi\n", "kernel/iommu_groups/%u/reserved_regions",
		    i / 4);
	}
}

/* The operating system, with its calls counted. */
static struct vioci_sys_ops counting_ops;
static size_t n_calls;

#define REAL vioci_sys_real.ops

static int count_open(void *data, int dir, const char *path, int flags)
{
	n_calls++;
	return REAL->open(data, dir, path, flags);
}

static int count_close(void *data, int fd)
{
	n_calls++;
	return REAL->close(data, fd);
}

static ssize_t count_pread(void *data, int fd, void *buf, size_t size, uint64_t offset)
{
	n_calls++;
	return REAL->pread(data, fd, buf, size, offset);
}

static int count_rights(void *data, int dir, const char *path, struct vioci_file_rights *ret_rights)
{
	n_calls++;
	return REAL->get_rights(data, dir, path, ret_rights);
}

static int count_readlink(void *data, int dir, const char *path, char *buf, size_t size)
{
	n_calls++;
	return REAL->readlink(data, dir, path, buf, size);
}

/* Four system calls: to open, to read twice, to close. */
static int count_list(void *data, int dir, const char *path, vioci_list_fn fn, void *arg)
{
	n_calls += 4;
	return REAL->list(data, dir, path, fn, arg);
}

/* How many system calls a picture of so many devices takes. */
static size_t count_calls(size_t n_devices)
{
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	struct vioc_enumerator *enumerator;
	struct vioc_ctx *ctx;
	counting_ops = *REAL;
	counting_ops.open = count_open;
	counting_ops.close = count_close;
	counting_ops.pread = count_pread;
	counting_ops.get_rights = count_rights;
	counting_ops.readlink = count_readlink;
	counting_ops.list = count_list;
	opts.sysroot = root;
	assert_int_equal(
		vioci_ctx_new_with_sys(&opts, &(struct vioci_sys){ .ops = &counting_ops }, &ctx),
		0);
	n_calls = 0;
	assert_int_equal(vioc_enumerator_new(ctx, NULL, &enumerator), 0);
	assert_int_equal(vioc_enumerator_get_device(enumerator, n_devices - 1, &device), 1);
	assert_int_equal(vioc_enumerator_get_device(enumerator, n_devices, &device), 0);
	vioc_enumerator_unref(enumerator);
	vioc_ctx_unref(ctx);
	return n_calls;
}

static void the_work_is_linear_in_the_devices(void **state)
{
	(void)state;
	point("../../devices/virtual/iommu/dmar0", "class/iommu/dmar0");
	for (unsigned int i = 0; i < 1024; i++)
		put_device(i);
	size_t small = count_calls(1024);
	for (unsigned int i = 1024; i < 2048; i++)
		put_device(i);
	size_t large = count_calls(2048);
	print_message("%zu system calls for 1024 devices, %zu for 2048\n", small, large);
	assert_in_range(small, 1024 * 10, 1024 * 40);
	assert_in_range(large, small, 2 * small + 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_sysfs_is_an_error_that_says_so, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(captured_trees_do_not_change, set_up, tear_down),
		cmocka_unit_test(long_sysroots_are_refused),
		cmocka_unit_test_setup_teardown(empty_attributes_count_as_missing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(huge_and_binary_attributes_do_no_harm, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(loops_and_pipes_do_not_hang, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_names_are_no_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_picture_has_its_own_life, set_up, tear_down),
		cmocka_unit_test_setup_teardown(filters_read_what_lspci_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_work_is_linear_in_the_devices, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
