// SPDX-License-Identifier: MIT
/* Carries a plan out: all of it, or nothing. */
#include "bind.h"

static void note_failure(struct bind_plan *plan, struct bind_device *device,
			 enum bind_result result)
{
	vioc_diag_unref(device->failure);
	device->failure = NULL;
	device->result = result;
	if (vioc_ctx_get_diag(plan->ctx, &device->failure) < 0)
		device->failure = NULL;
	else if (vioc_diag_get_fact(device->failure, "lost"))
		device->result = BIND_IS_LOST;
}

/* Only a vfio driver makes nodes; whether it does is asked of sysfs. */
static int wait_for_nodes(struct bind_plan *plan, struct vioc_monitor *monitor,
			  const struct bind_device *device)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_found_device found = VIOC_SIZED(vioc_found_device);
	struct vioc_enumerator *enumerator;
	opts.slot = device->name;
	int error = vioc_enumerator_new(plan->ctx, &opts, &enumerator);
	if (error < 0)
		return error;
	bool is_vfio = vioc_enumerator_get_device(enumerator, 0, &found) > 0 &&
		       found.flags & VIOC_FOUND_VFIO;
	vioc_enumerator_unref(enumerator);
	return is_vfio ? vioc_monitor_wait_node(monitor, device->name, VIOC_BACKEND_AUTO,
						plan->options->timeout_ms)
		       : 0;
}

static int change(struct bind_plan *plan, struct vioc_monitor *monitor, struct bind_device *device)
{
	int error = vioc_device_set_binding(plan->ctx, device->name, &device->wanted);
	if (error < 0) {
		note_failure(plan, device, BIND_FAILED);
		return error;
	}
	device->result = BIND_DONE;
	error = wait_for_nodes(plan, monitor, device);
	if (error == 0)
		error = vioc_device_get_binding(plan->ctx, device->name, &device->now);
	if (error == 0)
		return 0;
	note_failure(plan, device, BIND_FAILED);
	if (vioc_device_set_binding(plan->ctx, device->name, &device->before) < 0)
		note_failure(plan, device, BIND_IS_LOST);
	return error;
}

static void roll_back(struct bind_plan *plan)
{
	for (size_t i = plan->n_devices; i-- > 0;) {
		struct bind_device *device = &plan->devices[i];
		if (device->result != BIND_DONE)
			continue;
		if (vioc_device_set_binding(plan->ctx, device->name, &device->before) < 0)
			note_failure(plan, device, BIND_IS_LOST);
		else
			device->result = BIND_ROLLED_BACK;
	}
}

static int status_of(const struct bind_plan *plan)
{
	for (size_t i = 0; i < plan->n_devices; i++)
		if (plan->devices[i].result == BIND_IS_LOST)
			return BIND_LOST;
	return BIND_ERROR;
}

static int change_all(struct bind_plan *plan, struct vioc_monitor *monitor)
{
	for (size_t i = 0; i < plan->n_devices; i++) {
		struct bind_device *device = &plan->devices[i];
		if (device->result == BIND_PLANNED && change(plan, monitor, device) < 0) {
			roll_back(plan);
			return status_of(plan);
		}
	}
	return 0;
}

/* Of devices that are as they were, nothing need be noted. */
static int trim_undo(const struct bind_plan *plan, int status)
{
	bool is_undo = plan->options->action == BIND_UNDO;
	if (!plan->options->undo_file || is_undo != (status == 0))
		return status;
	int trimmed = bind_trim_undo(plan);
	return status ? status : trimmed;
}

int bind_carry_out(struct bind_plan *plan)
{
	struct vioc_monitor *monitor;
	int error = vioc_monitor_new(plan->ctx, NULL, &monitor);
	if (error < 0)
		return bind_complain(plan->ctx, error);
	int status = plan->options->undo_file && plan->options->action != BIND_UNDO
			     ? bind_write_undo(plan)
			     : 0;
	if (status == 0)
		status = trim_undo(plan, change_all(plan, monitor));
	vioc_monitor_unref(monitor);
	return status;
}
