// SPDX-License-Identifier: MIT
/* Which devices, what shall become of them, and what is against it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"

struct bind_device *bind_add_device(struct bind_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_devices; i++)
		if (strcmp(plan->devices[i].name, name) == 0)
			return &plan->devices[i];
	void *devices = realloc(plan->devices, (plan->n_devices + 1) * sizeof(struct bind_device));
	if (!devices) {
		fprintf(stderr, "vioc-bind: out of memory\n");
		return NULL;
	}
	plan->devices = devices;
	struct bind_device *device = &plan->devices[plan->n_devices++];
	*device = (struct bind_device){
		.before = VIOC_SIZED(vioc_binding),
		.wanted = VIOC_SIZED(vioc_binding),
		.now = VIOC_SIZED(vioc_binding),
	};
	snprintf(device->name, sizeof(device->name), "%s", name);
	return device;
}

void bind_free_plan(struct bind_plan *plan)
{
	for (size_t i = 0; i < plan->n_devices; i++) {
		vioc_diag_unref(plan->devices[i].uses);
		vioc_diag_unref(plan->devices[i].failure);
	}
	free(plan->devices);
}

/* Whether the word is one of a list separated by spaces. */
static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = list; at && *at; at += strspn(at, " ")) {
		size_t here = strcspn(at, " ");
		if (here == length && strncmp(at, word, length) == 0)
			return true;
		at += here;
	}
	return false;
}

/* An address with or without its domain, or the name of an interface or disk. */
static bool is_named(const struct vioc_found_device *device, const char *name)
{
	return strcasecmp(device->name, name) == 0 ||
	       (strncmp(device->name, "0000:", 5) == 0 &&
		strcasecmp(device->name + 5, name) == 0) ||
	       is_listed(device->netdevs, name) || is_listed(device->block_devices, name);
}

/* Bridges stay with the kernel: VFIO does not mind their drivers. */
static int add_group(struct bind_plan *plan, const struct vioc_enumerator *enumerator,
		     uint32_t group)
{
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	for (size_t i = 0; vioc_enumerator_get_device(enumerator, i, &device) > 0; i++)
		if (device.flags & VIOC_FOUND_GROUP && device.group == group &&
		    !(device.flags & VIOC_FOUND_BRIDGE) && !bind_add_device(plan, device.name))
			return BIND_ERROR;
	return 0;
}

static int add_found(struct bind_plan *plan, const struct vioc_enumerator *enumerator,
		     const struct vioc_found_device *device)
{
	if (!bind_add_device(plan, device->name))
		return BIND_ERROR;
	if (!plan->options->whole_group || !(device->flags & VIOC_FOUND_GROUP))
		return 0;
	return add_group(plan, enumerator, device->group);
}

static int add_named(struct bind_plan *plan, const struct vioc_enumerator *enumerator,
		     const char *name)
{
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	struct vioc_binding binding = VIOC_SIZED(vioc_binding);
	for (size_t i = 0; vioc_enumerator_get_device(enumerator, i, &device) > 0; i++)
		if (is_named(&device, name))
			return add_found(plan, enumerator, &device);
	/* Of another bus, or nowhere: then the library says what is wrong with the name. */
	int error = vioc_device_get_binding(plan->ctx, name, &binding);
	if (error < 0)
		return bind_complain(plan->ctx, error);
	fprintf(stderr, "vioc-bind: %s is no PCI device\n", name);
	return BIND_NO_DEVICE;
}

static int add_all_named(struct bind_plan *plan, char **names)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *enumerator;
	opts.flags = VIOC_ENUMERATE_BRIDGES;
	int error = vioc_enumerator_new(plan->ctx, &opts, &enumerator);
	if (error < 0)
		return bind_complain(plan->ctx, error);
	int status = 0;
	for (size_t i = 0; status == 0 && names[i]; i++)
		status = add_named(plan, enumerator, names[i]);
	vioc_enumerator_unref(enumerator);
	return status;
}

static void set_wanted(struct bind_device *device, const struct bind_options *options)
{
	struct vioc_binding *wanted = &device->wanted;
	if (options->action == BIND_BIND) {
		snprintf(wanted->driver, sizeof(wanted->driver), "%s", options->driver);
		snprintf(wanted->driver_override, sizeof(wanted->driver_override), "%s",
			 options->driver);
	} else if (options->action == BIND_UNBIND) {
		/* As it is, so that nothing binds to it that did not before. */
		strcpy(wanted->driver_override, device->before.driver_override);
	} else if (options->action == BIND_RESTORE) {
		wanted->flags = VIOC_BINDING_ANY_DRIVER;
	}
}

static bool is_unchanged(const struct bind_device *device)
{
	const struct vioc_binding *before = &device->before, *wanted = &device->wanted;
	if (strcmp(before->driver_override, wanted->driver_override) != 0)
		return false;
	return wanted->flags & VIOC_BINDING_ANY_DRIVER
		       ? before->driver[0]
		       : strcmp(before->driver, wanted->driver) == 0;
}

int bind_make_plan(struct bind_plan *plan, char **names)
{
	bool is_undo = plan->options->action == BIND_UNDO;
	int status = is_undo ? bind_read_undo(plan, names) : add_all_named(plan, names);
	for (size_t i = 0; status == 0 && i < plan->n_devices; i++) {
		struct bind_device *device = &plan->devices[i];
		int error = vioc_device_get_binding(plan->ctx, device->name, &device->before);
		if (error == -ENODEV && is_undo) {
			device->result = BIND_GONE;
			continue;
		}
		if (error < 0)
			return bind_complain(plan->ctx, error);
		set_wanted(device, plan->options);
		device->result = is_unchanged(device) ? BIND_UNCHANGED : BIND_PLANNED;
	}
	return status;
}

bool bind_can_be_forced(uint32_t reason)
{
	return reason == VIOC_REASON_NETWORK || reason == VIOC_REASON_OTHER_NETNS ||
	       reason == VIOC_REASON_STORAGE || reason == VIOC_REASON_DATA ||
	       reason == VIOC_REASON_CONSOLE || reason == VIOC_REASON_HAS_VFS;
}

bool bind_is_refusal(const struct bind_options *options, const struct vioc_diag *finding)
{
	return vioc_diag_get_error(finding) < 0 &&
	       !(options->forced & UINT64_C(1) << vioc_diag_get_reason(finding));
}

/* A device that keeps its driver loses nothing, as does one that the kernel chose a driver for. */
static bool loses_driver(const struct bind_device *device)
{
	const struct vioc_binding *before = &device->before, *wanted = &device->wanted;
	if (device->result != BIND_PLANNED)
		return false;
	if (wanted->flags & VIOC_BINDING_ANY_DRIVER)
		return strcmp(before->driver, before->driver_override) == 0;
	return strcmp(before->driver, wanted->driver) != 0;
}

int bind_check_uses(struct bind_plan *plan)
{
	int status = 0;
	for (size_t i = 0; i < plan->n_devices; i++) {
		struct bind_device *device = &plan->devices[i];
		if (!loses_driver(device))
			continue;
		int error = vioc_device_get_uses(plan->ctx, device->name, &device->uses);
		if (error < 0)
			return bind_complain(plan->ctx, error);
		for (const struct vioc_diag *use = device->uses; use;
		     use = vioc_diag_get_other(use))
			if (bind_is_refusal(plan->options, use))
				device->result = BIND_IN_USE;
		if (device->result == BIND_IN_USE)
			status = BIND_REFUSED;
	}
	return status;
}
