// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "handout.h"

struct opening {
	struct vioc_ctx *ctx;
	const struct handout_request *request;
	FILE *complaints;
	struct vioc_found_device devices[HANDOUT_DEVICES];
	size_t n_devices;
};

bool handout_full_name(const char *name, char ret_name[16])
{
	static const char form[] = "hhhh:hh:hh.o";
	const char *colon = strchr(name, ':');
	bool has_domain = colon && strchr(colon + 1, ':');
	char full[sizeof(form)];
	if (snprintf(full, sizeof(full), "%s%s", has_domain ? "" : "0000:", name) !=
	    (int)strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++) {
		full[i] = (char)tolower((unsigned char)full[i]);
		const char *set = form[i] == 'h'   ? "0123456789abcdef"
				  : form[i] == 'o' ? "01234567"
						   : NULL;
		if (set ? !strchr(set, full[i]) : full[i] != form[i])
			return false;
	}
	strcpy(ret_name, full);
	return true;
}

static int fail_as_diag(const struct opening *opening, int error)
{
	complain(opening->ctx, "", error, opening->complaints);
	return error;
}

static int find_device(struct opening *opening, const struct vioc_enumerator *all, const char *name)
{
	struct vioc_found_device *device = &opening->devices[opening->n_devices];
	char full[16];
	if (!handout_full_name(name, full)) {
		fprintf(opening->complaints, "\"%s\" is no PCI address like 0000:01:00.0\n", name);
		return -EINVAL;
	}
	for (size_t i = 0; i < opening->n_devices; i++) {
		if (strcmp(opening->devices[i].name, full) == 0) {
			fprintf(opening->complaints, "device %s is named twice\n", full);
			return -EINVAL;
		}
	}
	*device = (struct vioc_found_device)VIOC_SIZED(vioc_found_device);
	for (size_t i = 0; vioc_enumerator_get_device(all, i, device) > 0; i++) {
		if (strcmp(device->name, full) == 0) {
			opening->n_devices++;
			return 0;
		}
	}
	fprintf(opening->complaints, "there is no device %s\n", name);
	return -ENODEV;
}

static void say_hindrances(const struct opening *opening, const char *name,
			   const struct vioc_diag *diag)
{
	for (; diag; diag = vioc_diag_get_other(diag)) {
		const char *backend = vioc_diag_get_fact(diag, "backend");
		if (vioc_diag_get_error(diag) == 0)
			continue;
		fprintf(opening->complaints, "%s%s%s: %s (%s)\n", name, backend ? ", by " : "",
			backend ? backend : "", vioc_diag_get_obstacle(diag),
			vioc_reason_name(vioc_diag_get_reason(diag)));
		if (*vioc_diag_get_advice(diag))
			fprintf(opening->complaints, "  %s\n", vioc_diag_get_advice(diag));
	}
}

/* 1: nothing that can be seen keeps this process from opening the device so. */
static int can_open(const struct opening *opening, const char *name, uint32_t backend, bool say)
{
	struct vioc_explain_opts opts = VIOC_SIZED(vioc_explain_opts);
	struct vioc_diag *diag = NULL;
	opts.backend = backend;
	int result = vioc_device_explain(opening->ctx, name, &opts, &diag);
	if (result < 0)
		return fail_as_diag(opening, result);
	if (result == 0 && say)
		say_hindrances(opening, name, diag);
	vioc_diag_unref(diag);
	return result;
}

/* 1: they all can be opened by this backend; 0: else. */
static int can_open_all(const struct opening *opening, uint32_t backend, bool say)
{
	int can = 1;
	for (size_t i = 0; i < opening->n_devices; i++) {
		int result = can_open(opening, opening->devices[i].name, backend, say);
		if (result < 0)
			return result;
		can = can && result;
	}
	return can;
}

static int choose_backend(const struct opening *opening, uint32_t *ret_backend)
{
	static const uint32_t preferred[] = { VIOC_BACKEND_IOMMUFD, VIOC_BACKEND_LEGACY };
	uint32_t wanted = opening->request->backend;
	bool any = wanted == VIOC_BACKEND_AUTO;
	const uint32_t *order = any ? preferred : &wanted;
	for (size_t i = 0; i < (any ? 2 : 1); i++) {
		int result = can_open_all(opening, order[i], !any);
		if (result > 0)
			*ret_backend = order[i];
		if (result)
			return result;
	}
	if (any && can_open_all(opening, wanted, true) > 0)
		fputs("each device can be opened, but not all of them by one backend\n",
		      opening->complaints);
	return -EACCES;
}

static int add(const struct opening *opening, struct handout *handout, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		int error = -errno;
		fprintf(opening->complaints, "%s: %s\n", path, strerror(-error));
		return error;
	}
	handout->fds[handout->n++].fd = fd;
	return 0;
}

/* Before anything is made in it. */
static int set_accounting(const struct opening *opening, int iommufd)
{
	uint32_t asked = opening->request->accounting;
	int error = vioc_fd_set_memlock_mode(opening->ctx, iommufd,
					     asked ? asked : VIOC_MEMLOCK_PROCESS);
	if (error < 0 && (asked || error != -EPERM))
		return fail_as_diag(opening, error);
	if (error < 0)
		fputs("locked memory counts for all processes of the user together, as to change "
		      "that takes CAP_SYS_RESOURCE\n",
		      opening->complaints);
	return 0;
}

static int open_container(const struct opening *opening, struct handout *handout)
{
	bool is_iommufd = handout->backend != VIOC_BACKEND_LEGACY;
	int error = add(opening, handout, is_iommufd ? "/dev/iommu" : "/dev/vfio/vfio");
	if (error < 0)
		return error;
	strcpy(handout->fds[0].name, is_iommufd ? "iommufd" : "container");
	return is_iommufd ? set_accounting(opening, handout->fds[0].fd) : 0;
}

/* The kernel opens a group once only: a second device of it has the fd of the first. */
static bool share_group(const struct opening *opening, struct handout *handout, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (opening->devices[i].group == opening->devices[index].group) {
			handout->fds[handout->n++].fd = handout->fds[1 + i].fd;
			return true;
		}
	}
	return false;
}

static int open_device(const struct opening *opening, struct handout *handout, size_t index)
{
	const struct vioc_found_device *device = &opening->devices[index];
	struct handout_fd *place = &handout->fds[handout->n];
	bool by_cdev = handout->backend == VIOC_BACKEND_IOMMUFD;
	snprintf(place->name, sizeof(place->name), "%s%zu", by_cdev ? "dev" : "group", index);
	snprintf(place->device, sizeof(place->device), "%s", device->name);
	if (by_cdev)
		return add(opening, handout, device->cdev);
	return share_group(opening, handout, index) ? 0 : add(opening, handout, device->group_node);
}

static int open_all(struct opening *opening, const struct vioc_enumerator *all,
		    struct handout *handout)
{
	const struct handout_request *request = opening->request;
	int error = 0;
	for (size_t i = 0; error == 0 && i < request->n_devices; i++)
		error = find_device(opening, all, request->devices[i]);
	if (error < 0)
		return error;
	error = choose_backend(opening, &handout->backend);
	if (error < 0)
		return error;
	error = open_container(opening, handout);
	for (size_t i = 0; error == 0 && i < opening->n_devices; i++)
		error = open_device(opening, handout, i);
	return error;
}

int handout_open(struct vioc_ctx *ctx, const struct handout_request *request, FILE *complaints,
		 struct handout *ret_handout)
{
	struct opening opening = { .ctx = ctx, .request = request, .complaints = complaints };
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *all = NULL;
	struct handout handout = { 0 };
	int error = vioc_enumerator_new(ctx, &opts, &all);
	if (error < 0)
		return fail_as_diag(&opening, error);
	error = open_all(&opening, all, &handout);
	vioc_enumerator_unref(all);
	if (error < 0) {
		handout_close(&handout);
		return error;
	}
	*ret_handout = handout;
	return 0;
}

void handout_close(struct handout *handout)
{
	for (size_t i = 0; i < handout->n; i++) {
		size_t first = 0;
		while (handout->fds[first].fd != handout->fds[i].fd)
			first++;
		if (first == i)
			close(handout->fds[i].fd);
	}
	handout->n = 0;
}
