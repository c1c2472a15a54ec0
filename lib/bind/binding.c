// SPDX-License-Identifier: MIT
/*
 * Drivers given to devices and taken from them. A write to drivers_probe succeeds whatever comes of it;
 * one to a driver's own "bind" tells more; what counts is whose link is there in the end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libvioc/bind.h>

#include "core/explain.h"
#include "core/sized.h"

struct change {
	struct vioc_ctx *ctx;
	struct vioci_identity identity;
	char bus[32];
	struct vioc_binding before;
	struct vioc_binding wanted;
	struct vioci_diag_draft draft; /* why it failed */
};

static const char *what(const struct change *change)
{
	return change->wanted.driver[0] ? change->wanted.driver
	       : change->wanted.flags	? "the driver that wants it"
					: "no driver";
}

static void begin(struct change *change, int error, uint32_t reason)
{
	change->draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&change->draft, "give device %s to %s", change->identity.name,
			 what(change));
	vioci_diag_fact(&change->draft, "device", "%s", change->identity.name);
	if (change->before.driver[0])
		vioci_diag_fact(&change->draft, "driver", "%s", change->before.driver);
}

static int leave(struct change *change)
{
	return vioci_ctx_leave(change->ctx, &change->draft);
}

/* Begins the draft for a file of sysfs that could not be read or written. Returns its error. */
static int note_failure(struct change *change, const char *verb, const char *path, int error)
{
	bool forbidden = error == -EACCES || error == -EPERM || error == -EROFS;
	begin(change, error, forbidden ? VIOC_REASON_PERMISSION : vioci_reason_for(error));
	vioci_diag_obstacle(&change->draft, "%s can't be %s (%s)", path, verb,
			    strerrorname_np(-error));
	vioci_diag_fact(&change->draft, "path", "%s", path);
	if (forbidden)
		vioci_diag_advice(&change->draft, "do it as root");
	return error;
}

/* Empty: there is none. */
static int read_driver(struct change *change, char driver[VIOC_BINDING_NAME_SIZE])
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "%s/driver", change->identity.path);
	int error = vioci_sys_link_name(&change->ctx->sys, path, driver, VIOC_BINDING_NAME_SIZE);
	if (error == 0)
		return 0;
	driver[0] = '\0';
	return error == -ENOENT ? 0 : note_failure(change, "read", path, error);
}

static int read_override(struct change *change, char override[VIOC_BINDING_NAME_SIZE])
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "%s/driver_override", change->identity.path);
	int error = vioci_read_override(&change->ctx->sys, path, override, VIOC_BINDING_NAME_SIZE);
	if (error == 0)
		return 0;
	override[0] = '\0';
	return error == -ENOENT ? 0 : note_failure(change, "read", path, error);
}

/* Leaves no diag, but the draft of one. */
static int read_binding(struct change *change, struct vioc_binding *binding)
{
	int error = read_driver(change, binding->driver);
	return error < 0 ? error : read_override(change, binding->driver_override);
}

static int find(struct change *change, const char *name)
{
	struct vioci_identity *identity = &change->identity;
	int error = vioci_identity_read(&change->ctx->sys, name, identity);
	if (error < 0)
		return vioci_fail_name(change->ctx, error, "look at a device's driver", name);
	sscanf(identity->path, "/sys/bus/%31[^/]", change->bus);
	error = read_binding(change, &change->before);
	return error < 0 ? leave(change) : 0;
}

VIOC_API int vioc_device_get_binding(struct vioc_ctx *ctx, const char *name,
				     struct vioc_binding *ret_binding)
{
	struct change change = { .ctx = ctx };
	if (!ctx || !name)
		return -EINVAL;
	int error = find(&change, name);
	if (error < 0)
		return error;
	return vioci_ctx_give_sized(ctx, ret_binding, &change.before, sizeof(change.before));
}

/* Writing. Each function leaves the draft of a diag on failure. */

static int write_file(struct change *change, const char *path, const char *text)
{
	int error = vioci_sys_write_text(&change->ctx->sys, path, text);
	return error < 0 ? note_failure(change, "written", path, error) : 0;
}

static int set_override(struct change *change, const char *override)
{
	char path[VIOCI_PATH_MAX], now[VIOC_BINDING_NAME_SIZE];
	int error = read_override(change, now);
	if (error < 0 || strcmp(now, override) == 0)
		return error;
	snprintf(path, sizeof(path), "%s/driver_override", change->identity.path);
	return write_file(change, path, *override ? override : "\n");
}

static int unbind(struct change *change)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "%s/driver/unbind", change->identity.path);
	return write_file(change, path, change->identity.name);
}

static void explain_refusal(struct change *change, const char *driver, int error)
{
	const struct vioci_identity *identity = &change->identity;
	begin(change, -ENXIO, VIOC_REASON_DRIVER_REFUSED);
	vioci_diag_obstacle(&change->draft, "driver %s does not take it (%s)", driver,
			    strerrorname_np(-error));
	if (strstr(driver, "vfio") && !identity->has_group)
		vioci_diag_advice(
			&change->draft,
			vioci_iommu_is_active(&change->ctx->sys)
				? "the device is not behind the IOMMU, and vfio needs that"
				: "enable the IOMMU: in the firmware (VT-d, AMD-Vi) and, on "
				  "Intel, by intel_iommu=on");
	else
		vioci_diag_advice(&change->draft, "the kernel's log may tell why (dmesg)");
}

static int bind(struct change *change, const char *driver)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/bind", change->bus, driver);
	int error = vioci_sys_write_text(&change->ctx->sys, path, change->identity.name);
	if (error == -EACCES || error == -EPERM || error == -ENOENT || error == -ENOMEM)
		return note_failure(change, "written", path, error);
	if (error < 0)
		explain_refusal(change, driver, error);
	return error < 0 ? -ENXIO : 0;
}

static int probe(struct change *change)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers_probe", change->bus);
	return write_file(change, path, change->identity.name);
}

/* Whoever bound it meanwhile: what counts is the link. */
static int verify(struct change *change, const struct vioc_binding *to)
{
	char driver[VIOC_BINDING_NAME_SIZE];
	int error = read_driver(change, driver);
	if (error < 0 || to->flags & VIOC_BINDING_ANY_DRIVER || strcmp(driver, to->driver) == 0)
		return error;
	begin(change, -ENXIO, VIOC_REASON_DRIVER_REFUSED);
	vioci_diag_obstacle(&change->draft, "the kernel reports success, but %s%s has it",
			    *driver ? "driver " : "no driver", driver);
	return -ENXIO;
}

/* Another driver must go first. One that the kernel chose by itself is any driver. */
static bool must_unbind(const struct vioc_binding *from, const struct vioc_binding *to)
{
	if (to->flags & VIOC_BINDING_ANY_DRIVER)
		return from->driver[0] && strcmp(from->driver, from->driver_override) == 0 &&
		       strcmp(from->driver, to->driver_override) != 0;
	return from->driver[0] && strcmp(from->driver, to->driver) != 0;
}

/*
 * Goes from one binding to another. While it does, the override names the driver that shall have the
 * device, so that no other can take it and that one can, even if it doesn't know the device.
 */
static int go(struct change *change, const struct vioc_binding *from, const struct vioc_binding *to)
{
	bool is_bound = from->driver[0];
	int error = set_override(change, to->driver[0] ? to->driver : to->driver_override);
	if (error == 0 && must_unbind(from, to)) {
		error = unbind(change);
		is_bound = false;
	}
	if (error == 0 && !is_bound && to->driver[0])
		error = bind(change, to->driver);
	else if (error == 0 && !is_bound && to->flags & VIOC_BINDING_ANY_DRIVER)
		error = probe(change);
	if (error == 0)
		error = verify(change, to);
	return error < 0 ? error : set_override(change, to->driver_override);
}

/* Back to where it was; the draft goes on saying why it failed. */
static void roll_back(struct change *change)
{
	struct vioci_diag_draft why = change->draft;
	struct vioc_binding now = { 0 };
	change->draft = (struct vioci_diag_draft){ 0 };
	int error = read_driver(change, now.driver);
	if (error == 0)
		error = go(change, &now, &change->before);
	if (error < 0) {
		vioci_diag_obstacle(&why, "; and its old binding could not be brought back: %s",
				    change->draft.obstacle.data ? change->draft.obstacle.data
								: "?");
		vioci_diag_fact(&why, "lost", "%s", change->before.driver);
	}
	vioci_diag_drop(&change->draft);
	change->draft = why;
}

/* Whether it can be done, before anything is. */

static int check_driver(struct change *change)
{
	const char *driver = change->wanted.driver;
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s", change->bus, driver);
	if (!driver[0] || vioci_sys_exists(&change->ctx->sys, path))
		return 0;
	begin(change, -EOPNOTSUPP, VIOC_REASON_NO_INTERFACE);
	vioci_diag_obstacle(&change->draft, "there is no driver %s for that bus", driver);
	vioci_diag_advice(&change->draft, "check its name; if it is a module: modprobe %s", driver);
	return -EOPNOTSUPP;
}

/* The kernel would wait until the holder closes it, and nothing can interrupt that. */
static int check_holders(struct change *change)
{
	const struct vioci_identity *identity = &change->identity;
	char node[VIOCI_NODE_SIZE];
	int found = 0;
	if (!identity->vfio_bound || !must_unbind(&change->before, &change->wanted))
		return 0;
	begin(change, -EBUSY, VIOC_REASON_BUSY);
	vioci_identity_node(identity, false, node);
	found += vioci_explain_holders(change->ctx, &change->draft, node, "its group is held by");
	vioci_identity_node(identity, true, node);
	found += vioci_explain_holders(change->ctx, &change->draft, node, "it is held by");
	if (found) {
		vioci_diag_advice(&change->draft, "end the holder, or let it close the device");
		return -EBUSY;
	}
	vioci_diag_drop(&change->draft);
	return 0;
}

static int check_change(struct change *change)
{
	char path[VIOCI_PATH_MAX];
	if (vioci_is_iommu(&change->ctx->sys, change->identity.name)) {
		begin(change, -EOPNOTSUPP, VIOC_REASON_IS_IOMMU);
		vioci_diag_obstacle(&change->draft, "it is an IOMMU itself");
		vioci_diag_advice(&change->draft,
				  "leave it alone: unbinding it may crash the kernel");
		return -EOPNOTSUPP;
	}
	snprintf(path, sizeof(path), "%s/driver_override", change->identity.path);
	if (!vioci_sys_exists(&change->ctx->sys, path)) {
		begin(change, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
		vioci_diag_obstacle(&change->draft, "bus %s has no driver_override", change->bus);
		return -EOPNOTSUPP;
	}
	int error = check_driver(change);
	return error < 0 ? error : check_holders(change);
}

static bool is_name(const char name[VIOC_BINDING_NAME_SIZE])
{
	size_t length = strnlen(name, VIOC_BINDING_NAME_SIZE);
	return length < VIOC_BINDING_NAME_SIZE && name[0] != '.' && !strpbrk(name, "/\n");
}

static int read_wanted(const struct vioc_binding *given, struct vioc_binding *wanted)
{
	int error = given ? vioci_sized_read(given, wanted, sizeof(*wanted)) : -EINVAL;
	if (error < 0)
		return error;
	bool is_any = wanted->flags & VIOC_BINDING_ANY_DRIVER;
	bool is_good = is_name(wanted->driver) && is_name(wanted->driver_override) &&
		       !(wanted->flags & ~VIOC_BINDING_ANY_DRIVER) &&
		       !(is_any && wanted->driver[0]);
	return is_good ? 0 : -EINVAL;
}

static bool is_there(const struct change *change)
{
	const struct vioc_binding *before = &change->before, *wanted = &change->wanted;
	bool is_right = wanted->flags & VIOC_BINDING_ANY_DRIVER
				? before->driver[0] && !must_unbind(before, wanted)
				: strcmp(before->driver, wanted->driver) == 0;
	return is_right && strcmp(before->driver_override, wanted->driver_override) == 0;
}

VIOC_API int vioc_device_set_binding(struct vioc_ctx *ctx, const char *name,
				     const struct vioc_binding *binding)
{
	struct change change = { .ctx = ctx };
	if (!ctx || !name)
		return -EINVAL;
	int error = read_wanted(binding, &change.wanted);
	if (error < 0)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "set a binding",
				  "it has no size, a flag that is unknown, or no driver's name");
	error = find(&change, name);
	if (error < 0 || is_there(&change))
		return error;
	error = check_change(&change);
	if (error < 0)
		return leave(&change);
	error = go(&change, &change.before, &change.wanted);
	if (error == 0)
		return 0;
	roll_back(&change);
	return leave(&change);
}
