// SPDX-License-Identifier: MIT
/* From the devices' names to open fds. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "run.h"

__attribute__((noreturn)) static void die_of(struct vioc_ctx *ctx, int error)
{
	struct vioc_diag *diag;
	if (vioc_ctx_get_diag(ctx, &diag) == 0)
		run_die("%s", vioc_diag_get_text(diag));
	run_die("%s", strerror(-error));
}

/* Whether the name, with or without its domain, is the address. */
static bool is_named(const char *name, const char *address)
{
	if (strcasecmp(name, address) == 0)
		return true;
	return strncmp(address, "0000:", 5) == 0 && strcasecmp(name, address + 5) == 0;
}

static void find_device(const struct vioc_enumerator *all, const char *name,
			struct vioc_found_device *ret_device)
{
	*ret_device = (struct vioc_found_device)VIOC_SIZED(vioc_found_device);
	for (size_t i = 0; vioc_enumerator_get_device(all, i, ret_device) > 0; i++)
		if (is_named(name, ret_device->name))
			return;
	run_die("there is no device %s", name);
}

static void say_hindrances(const char *name, const struct vioc_diag *diag)
{
	for (; diag; diag = vioc_diag_get_other(diag)) {
		const char *backend = vioc_diag_get_fact(diag, "backend");
		if (vioc_diag_get_error(diag) == 0)
			continue;
		fprintf(stderr, "vioc-run: %s%s%s: %s (%s)\n", name, backend ? ", by " : "",
			backend ? backend : "", vioc_diag_get_obstacle(diag),
			vioc_reason_name(vioc_diag_get_reason(diag)));
		if (*vioc_diag_get_advice(diag))
			fprintf(stderr, "  %s\n", vioc_diag_get_advice(diag));
	}
}

/* Whether nothing that can be seen keeps this process from opening the device so. */
static bool can_open(struct vioc_ctx *ctx, const char *name, uint32_t backend, bool say)
{
	struct vioc_explain_opts opts = VIOC_SIZED(vioc_explain_opts);
	struct vioc_diag *diag = NULL;
	opts.backend = backend;
	int result = vioc_device_explain(ctx, name, &opts, &diag);
	if (result < 0)
		die_of(ctx, result);
	if (result == 0 && say)
		say_hindrances(name, diag);
	vioc_diag_unref(diag);
	return result > 0;
}

static bool can_open_all(struct vioc_ctx *ctx, const struct vioc_found_device *devices, size_t n,
			 uint32_t backend, bool say)
{
	bool can = true;
	for (size_t i = 0; i < n; i++)
		can = can_open(ctx, devices[i].name, backend, say) && can;
	return can;
}

static uint32_t choose_backend(struct vioc_ctx *ctx, const struct run_options *options,
			       const struct vioc_found_device *devices)
{
	static const uint32_t order[] = { VIOC_BACKEND_IOMMUFD, VIOC_BACKEND_LEGACY };
	size_t n = options->n_devices;
	if (options->backend != VIOC_BACKEND_AUTO) {
		if (!can_open_all(ctx, devices, n, options->backend, true))
			run_die("so this can't be opened by %s",
				vioc_backend_name(options->backend));
		return options->backend;
	}
	for (size_t i = 0; i < 2; i++)
		if (can_open_all(ctx, devices, n, order[i], false))
			return order[i];
	if (can_open_all(ctx, devices, n, VIOC_BACKEND_AUTO, true))
		run_die("each device can be opened, but not all of them by one backend");
	run_die("so this can't be opened");
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		run_die("%s: %s", path, strerror(errno));
	return fd;
}

static struct run_fd *add(struct run_hand *hand, int fd)
{
	hand->fds[hand->n].fd = fd;
	return &hand->fds[hand->n++];
}

/* Before anything is made in it. */
static void set_accounting(struct vioc_ctx *ctx, const struct run_options *options, int iommufd)
{
	uint32_t mode = options->accounting ? options->accounting : VIOC_MEMLOCK_PROCESS;
	int error = vioc_fd_set_memlock_mode(ctx, iommufd, mode);
	if (error < 0 && (options->accounting || error != -EPERM))
		die_of(ctx, error);
	if (error < 0)
		fputs("vioc-run: locked memory counts for all processes of the user together, as "
		      "to "
		      "change that takes CAP_SYS_RESOURCE\n",
		      stderr);
}

static void open_container(struct vioc_ctx *ctx, const struct run_options *options,
			   struct run_hand *hand)
{
	bool is_iommufd = hand->backend != VIOC_BACKEND_LEGACY;
	struct run_fd *container =
		add(hand, open_node(is_iommufd ? "/dev/iommu" : "/dev/vfio/vfio"));
	strcpy(container->name, is_iommufd ? "iommufd" : "container");
	if (is_iommufd)
		set_accounting(ctx, options, container->fd);
}

/* The kernel opens a group once only: a second device of it has the fd of the first. */
static int open_group(const struct run_hand *hand, const struct vioc_found_device *devices,
		      size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (devices[i].group == devices[index].group)
			return hand->fds[1 + i].fd;
	return open_node(devices[index].group_node);
}

void run_open(struct vioc_ctx *ctx, const struct run_options *options, struct run_hand *hand)
{
	struct vioc_found_device devices[RUN_MAX_DEVICES];
	struct vioc_enumerator_opts all_opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *all = NULL;
	int error = vioc_enumerator_new(ctx, &all_opts, &all);
	if (error < 0)
		die_of(ctx, error);
	for (size_t i = 0; i < options->n_devices; i++) {
		find_device(all, options->devices[i], &devices[i]);
		for (size_t k = 0; k < i; k++)
			if (devices[k].name == devices[i].name)
				run_die("device %s is named twice", devices[i].name);
	}

	hand->backend = choose_backend(ctx, options, devices);
	if (options->style == RUN_QEMU && hand->backend != VIOC_BACKEND_IOMMUFD)
		run_die("QEMU takes file descriptors of iommufd only, and this is %s",
			vioc_backend_name(hand->backend));
	open_container(ctx, options, hand);
	for (size_t i = 0; i < options->n_devices; i++) {
		bool by_cdev = hand->backend == VIOC_BACKEND_IOMMUFD;
		int fd = by_cdev ? open_node(devices[i].cdev) : open_group(hand, devices, i);
		snprintf(add(hand, fd)->name, sizeof(hand->fds[0].name), "%s%zu",
			 by_cdev ? "dev" : "group", i);
	}
	vioc_enumerator_unref(all);
}
