// SPDX-License-Identifier: MIT
/* What a device is used for, as far as can be seen from outside. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libvioc/bind.h>

#include "core/explain.h"
#include "discover/use.h"

struct vioci_diag_draft vioci_use_begin(const struct vioci_uses *uses, int error, uint32_t reason)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "take device %s from its driver", uses->device.name);
	vioci_diag_fact(&draft, "device", "%s", uses->device.name);
	return draft;
}

struct entry_search {
	const struct vioci_uses *uses;
	const char *class;
	vioci_list_fn fn;
	void *arg;
};

static int check_entry(void *arg, const char *name)
{
	const struct entry_search *search = arg;
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX], part[80];
	if (strlen(name) > 255)
		return 0;
	snprintf(path, sizeof(path), "/sys/class/%s/%s", search->class, name);
	snprintf(part, sizeof(part), "/%s/", search->uses->device.name);
	if (vioci_sys_readlink(&search->uses->ctx->sys, path, target, sizeof(target)) < 0 ||
	    !strstr(target, part))
		return 0;
	return search->fn(search->arg, name);
}

int vioci_use_list(const struct vioci_uses *uses, const char *class, vioci_list_fn fn, void *arg)
{
	struct entry_search search = { uses, class, fn, arg };
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/class/%s", class);
	return vioci_sys_list(&uses->ctx->sys, path, check_entry, &search);
}

static void add(struct vioci_uses *uses, uint32_t reason, const char *obstacle, const char *advice)
{
	struct vioci_diag_draft draft = vioci_use_begin(uses, -EBUSY, reason);
	vioci_diag_obstacle(&draft, "%s", obstacle);
	vioci_diag_advice(&draft, "%s", advice);
	vioci_findings_finish(&uses->findings, &draft);
}

/* AMD's unit has a class of its own, virtio's an ID; both are IOMMUs even while they are not in use. */
static void check_is_iommu(struct vioci_uses *uses)
{
	const struct vioc_found_device *device = &uses->device;
	if (device->flags & VIOC_FOUND_IS_IOMMU || device->class_code >> 8 == 0x0806 ||
	    (device->vendor == 0x1af4 && device->device == 0x1057))
		add(uses, VIOC_REASON_IS_IOMMU, "it is an IOMMU itself",
		    "leave it alone: unbinding it may crash the kernel");
	if (device->flags & VIOC_FOUND_BRIDGE)
		add(uses, VIOC_REASON_BRIDGE, "it is a bridge to other devices",
		    "leave it to the kernel's driver: VFIO has no need of it");
}

static void add_holders(struct vioci_uses *uses, const struct vioc_found_device *held)
{
	if (!held->n_holders)
		return;
	struct vioci_diag_draft draft = vioci_use_begin(uses, -EBUSY, VIOC_REASON_BUSY);
	vioci_diag_obstacle(&draft, "%s is open by", held->holders[0].node);
	for (size_t i = 0; i < held->n_holders; i++) {
		const struct vioc_holder *holder = &held->holders[i];
		vioci_diag_obstacle(&draft, "%s pid %u (%s)", i ? "," : "", holder->pid,
				    holder->command);
		vioci_diag_fact(&draft, "pid", "%u", holder->pid);
		vioci_diag_fact(&draft, "process", "%s", holder->command);
	}
	if (held->physical_function)
		vioci_diag_obstacle(&draft, "; its virtual function %s", held->name);
	vioci_diag_advice(&draft, "end the process: the kernel would wait for it, for ever");
	vioci_findings_finish(&uses->findings, &draft);
}

static void check_virtual_functions(struct vioci_uses *uses)
{
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	if (!uses->device.n_virtual)
		return;
	for (size_t i = 0; vioc_enumerator_get_device(uses->enumerator, i, &device) > 0; i++)
		if (device.physical_function &&
		    strcmp(device.physical_function, uses->device.name) == 0)
			add_holders(uses, &device);
	struct vioci_diag_draft draft = vioci_use_begin(uses, -EBUSY, VIOC_REASON_HAS_VFS);
	vioci_diag_obstacle(&draft, "it has %u virtual functions, which may go with its driver",
			    uses->device.n_virtual);
	vioci_diag_advice(&draft, "write 0 to /sys/bus/pci/devices/%s/sriov_numvfs",
			  uses->device.name);
	vioci_findings_finish(&uses->findings, &draft);
}

/* Whether the name is one of those that the kernel prints its console to. */
static int check_console(void *arg, const char *name)
{
	struct vioci_uses *uses = arg;
	char text[256], *rest = text;
	if (vioci_sys_read_text(&uses->ctx->sys, "/sys/class/tty/console/active", text,
				sizeof(text)) < 0)
		return 0;
	for (char *console; (console = strsep(&rest, " "));) {
		if (strcmp(console, name) != 0)
			continue;
		struct vioci_diag_draft draft = vioci_use_begin(uses, -EBUSY, VIOC_REASON_CONSOLE);
		vioci_diag_obstacle(&draft, "its serial port %s is the console", name);
		vioci_diag_advice(&draft, "boot with another console=");
		vioci_findings_finish(&uses->findings, &draft);
	}
	return 0;
}

static void check_screen(struct vioci_uses *uses)
{
	char path[VIOCI_PATH_MAX], text[8];
	vioci_use_list(uses, "tty", check_console, uses);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/boot_vga", uses->device.name);
	if (vioci_sys_read_text(&uses->ctx->sys, path, text, sizeof(text)) == 0 &&
	    strcmp(text, "1") == 0)
		add(uses, VIOC_REASON_CONSOLE, "it is the screen that the firmware uses",
		    "make another graphics device the first one, in the firmware's setup");
}

static void look(struct vioci_uses *uses)
{
	check_is_iommu(uses);
	add_holders(uses, &uses->device);
	check_virtual_functions(uses);
	check_screen(uses);
	vioci_use_network(uses);
	vioci_use_disks(uses);
}

/* 0 if it is there. */
static int find(struct vioci_uses *uses, const char *name)
{
	for (size_t i = 0; vioc_enumerator_get_device(uses->enumerator, i, &uses->device) > 0; i++)
		if (strcmp(uses->device.name, name) == 0)
			return 0;
	return -ENODEV;
}

static int read_identity(struct vioc_ctx *ctx, const char *name, struct vioci_identity *identity)
{
	int error = vioci_identity_read(&ctx->sys, name, identity);
	if (error < 0)
		return vioci_fail_name(ctx, error, "see what a device is used for", name);
	if (strncmp(identity->path, "/sys/bus/pci/", 13) != 0)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED,
				  "see what a device is used for", "%s is not on the PCI bus",
				  identity->name);
	return 0;
}

VIOC_API int vioc_device_get_uses(struct vioc_ctx *ctx, const char *name,
				  struct vioc_diag **ret_diag)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioci_uses uses = { .ctx = ctx, .device = VIOC_SIZED(vioc_found_device) };
	struct vioc_enumerator *enumerator;
	struct vioci_identity identity;
	if (!ctx || !name || !ret_diag)
		return -EINVAL;
	int error = read_identity(ctx, name, &identity);
	if (error < 0)
		return error;
	opts.flags = VIOC_ENUMERATE_BRIDGES | VIOC_ENUMERATE_HOLDERS;
	error = vioc_enumerator_new(ctx, &opts, &enumerator);
	if (error < 0)
		return error;
	uses.enumerator = enumerator;
	error = find(&uses, identity.name);
	if (error == 0) {
		look(&uses);
		error = vioci_findings_give(ctx, &uses.findings, ret_diag);
	} else {
		vioci_fail_name(ctx, error, "see what a device is used for", name);
	}
	vioc_enumerator_unref(enumerator);
	return error < 0 ? error : uses.findings.has_hindrance;
}
