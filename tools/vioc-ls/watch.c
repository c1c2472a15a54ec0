// SPDX-License-Identifier: MIT
/* What there is, and then what changes, until somebody ends it. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "ls.h"

struct watch {
	struct vioc_ctx *ctx;
	const struct ls_options *options;
	char **names;
	struct vioc_monitor *monitor;
};

/* The device as it is now, if it is there and wanted; it lives as long as the picture. */
static int look_at(const struct watch *watch, const char *address, struct ls_picture *picture,
		   const struct vioc_found_device **ret_device)
{
	struct ls_options options = *watch->options;
	if (!options.filter.slot)
		options.filter.slot = address;
	int error = ls_take_picture(watch->ctx, &options, watch->names, picture);
	if (error < 0)
		return error;
	*ret_device = NULL;
	for (size_t i = 0; i < picture->n_devices; i++)
		if (strcmp(picture->devices[i].name, address) == 0)
			*ret_device = &picture->devices[i];
	return 0;
}

static void print_line(const char *kind, const struct vioc_event *event,
		       const struct vioc_found_device *device)
{
	printf("%-12s ", kind);
	if (event->device)
		ls_print_safely(event->device);
	else
		printf("group %d", event->group);
	if (device)
		printf("  %s", device->reason == VIOC_REASON_NONE
				       ? "ready"
				       : vioc_reason_name(device->reason));
	for (int i = 0; i < 2; i++) {
		const char *text = i ? event->node : event->driver;
		if (text) {
			fputs("  ", stdout);
			ls_print_safely(text);
		}
	}
	putchar('\n');
}

/*
 * Devices that went can't be asked whether they were wanted, nor those of other buses, nor groups' nodes.
 */
static bool is_told(const struct watch *watch, const struct vioc_event *event, bool is_there,
		    bool is_pci)
{
	if (is_there)
		return true;
	if (is_pci && event->kind != VIOC_EVENT_REMOVED)
		return false;
	if (!event->device || !watch->names[0])
		return !watch->names[0];
	return ls_is_named(event->device, watch->names);
}

/* Other buses' names are UUIDs, or have no colon. */
static bool is_pci_address(const char *name)
{
	return strchr(name, ':') && !name[strspn(name, "0123456789abcdef:.")];
}

static int tell(const struct watch *watch, const struct vioc_event *event)
{
	const struct vioc_found_device *device = NULL;
	struct ls_picture picture = { 0 };
	const char *kind = vioc_event_name(event->kind);
	bool is_pci = event->device && is_pci_address(event->device);
	int error = is_pci ? look_at(watch, event->device, &picture, &device) : 0;
	if (error == 0 && is_told(watch, event, device != NULL, is_pci)) {
		if (watch->options->json_lines)
			error = ls_print_event_json(kind, event, device) < 0 ? -EIO : 0;
		else
			print_line(kind, event, device);
	}
	ls_drop_picture(&picture);
	return error;
}

/* All there is: at first, and after events were lost. */
static int tell_all(const struct watch *watch)
{
	struct ls_picture picture = { 0 };
	int error = ls_take_picture(watch->ctx, watch->options, watch->names, &picture);
	if (error == 0 && !watch->options->json_lines)
		error = ls_print_table(&picture, watch->options) < 0 ? -EIO : 0;
	for (size_t i = 0; error == 0 && watch->options->json_lines && i < picture.n_devices; i++) {
		struct vioc_event event = { .group = -1, .device = picture.devices[i].name };
		error = ls_print_event_json("present", &event, &picture.devices[i]) < 0 ? -EIO : 0;
	}
	ls_drop_picture(&picture);
	return error;
}

/* 0 when there is nothing to tell for now. */
static int tell_changes(const struct watch *watch)
{
	struct vioc_event event = VIOC_SIZED(vioc_event);
	int result;
	while ((result = vioc_monitor_next(watch->monitor, &event)) != 0) {
		if (result == -ENOBUFS)
			result = tell_all(watch);
		else if (result > 0)
			result = tell(watch, &event);
		if (result < 0)
			return result;
	}
	return 0;
}

static int run(const struct watch *watch)
{
	struct pollfd events = { .fd = vioc_monitor_get_fd(watch->monitor), .events = POLLIN };
	int error = tell_all(watch);
	while (error == 0) {
		if (fflush(stdout) != 0)
			return -EIO;
		if (poll(&events, 1, -1) < 0 && errno != EINTR)
			return -errno;
		error = tell_changes(watch);
	}
	return error;
}

int ls_watch(struct vioc_ctx *ctx, const struct ls_options *options, char **names)
{
	struct watch watch = { .ctx = ctx, .options = options, .names = names };
	/* First, so that nothing falls between it and the picture. */
	int error = vioc_monitor_new(ctx, NULL, &watch.monitor);
	if (error == 0)
		error = run(&watch);
	vioc_monitor_unref(watch.monitor);
	return ls_complain(ctx, error);
}
