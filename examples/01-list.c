// SPDX-License-Identifier: MIT
/*
 * 01-list - the devices behind an IOMMU, by group, and which ways into the kernel this machine has
 *
 * A device can be given away only with its whole group. A container is a way into the kernel: making
 * one by name opens it at once, and the diag says why if that fails.
 */
#define _GNU_SOURCE /* versionsort() */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libvioc/vioc.h>

static void show_device(const char *group, const char *device)
{
	char path[512], target[512];
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", device);
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	const char *driver = strrchr(target, '/');
	printf("  group %3s  %s  %s\n", group, device, driver ? driver + 1 : "no driver");
}

static int is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns how many devices there are. */
static int show_group(const char *group)
{
	char path[512];
	struct dirent **entries;
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/devices", group);
	int count = scandir(path, &entries, is_entry, alphasort);
	for (int i = 0; i < count; i++) {
		show_device(group, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count;
}

static int show_groups(void)
{
	struct dirent **entries;
	int count = scandir("/sys/kernel/iommu_groups", &entries, is_entry, versionsort);
	int n_devices = 0;
	for (int i = 0; i < count; i++) {
		n_devices += show_group(entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return n_devices;
}

/* Returns whether it works. */
static int try_backend(struct vioc_ctx *ctx, uint32_t backend)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	__attribute__((cleanup(vioc_container_unrefp))) struct vioc_container *container = NULL;
	__attribute__((cleanup(vioc_diag_unrefp))) struct vioc_diag *diag = NULL;

	opts.backend = backend;
	if (vioc_container_new(ctx, &opts, &container) == 0) {
		printf("  %s: works\n", vioc_backend_name(backend));
		return 1;
	}
	if (vioc_ctx_get_diag(ctx, &diag) == 0)
		printf("  %s: %s\n", vioc_backend_name(backend), vioc_diag_get_text(diag));
	return 0;
}

int main(void)
{
	__attribute__((cleanup(vioc_ctx_unrefp))) struct vioc_ctx *ctx = NULL;
	int n_backends = 0;

	printf("libvioc %s\ndevices behind an IOMMU:\n", vioc_version());
	int n_devices = show_groups();
	if (!n_devices)
		puts("  none");
	if (vioc_ctx_new(NULL, &ctx) < 0)
		return EXIT_FAILURE;
	puts("backends:");
	for (uint32_t backend = VIOC_BACKEND_LEGACY; backend <= VIOC_BACKEND_COMPAT; backend++)
		n_backends += try_backend(ctx, backend);
	return n_devices && n_backends ? EXIT_SUCCESS : EXIT_FAILURE;
}
