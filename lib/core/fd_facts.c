// SPDX-License-Identifier: MIT
/* What an fd is: by its device number in sysfs, by its link in procfs, and by its own word. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/node.h"
#include "sys/vfio_probe.h"

const char *vioci_fd_kind_name(uint32_t kind)
{
	switch (kind) {
	case VIOC_FD_CONTAINER:
		return "a VFIO container";
	case VIOC_FD_GROUP:
		return "a VFIO group";
	case VIOC_FD_IOMMUFD:
		return "an iommufd";
	case VIOC_FD_CDEV:
		return "a VFIO character device";
	case VIOC_FD_DEVICE:
		return "a device opened through its group";
	default:
		return "something else";
	}
}

static void describe(struct vioci_fd_facts *facts, const char *what, const char *name)
{
	snprintf(facts->what, sizeof(facts->what), "%s%s%.80s", what, *name ? " " : "", name);
}

/* Cuts the last component off the path. */
static const char *pop(char *path)
{
	char *slash = strrchr(path, '/');
	if (!slash)
		return "";
	*slash = '\0';
	return slash + 1;
}

static void set_device(const struct vioci_sys *sys, struct vioci_fd_facts *facts, const char *name)
{
	struct vioci_identity identity;
	snprintf(facts->device, sizeof(facts->device), "%s", name);
	if (vioci_identity_read(sys, name, &identity) < 0)
		return;
	facts->has_group = identity.has_group;
	facts->group = identity.group;
}

/*
 * By the link of /sys/dev/char: ".../misc/iommu", ".../vfio/7", ".../0000:01:00.0/vfio-dev/vfio3".
 */
static void read_link(const struct vioci_sys *sys, char *link, struct vioci_fd_facts *facts)
{
	const char *name = pop(link), *class = pop(link), *device = pop(link);
	char *end;

	describe(facts, "the character device", name);
	if (strcmp(class, "misc") == 0 && strcmp(name, "vfio") == 0) {
		facts->kind = VIOC_FD_CONTAINER;
	} else if (strcmp(class, "misc") == 0 && strcmp(name, "iommu") == 0) {
		facts->kind = VIOC_FD_IOMMUFD;
	} else if (strcmp(class, "vfio") == 0) {
		facts->group = (uint32_t)strtoul(name, &end, 10);
		facts->has_group = end != name && !*end;
		/* Those without an IOMMU are called otherwise. */
		facts->kind = facts->has_group ? VIOC_FD_GROUP : VIOC_FD_NONE;
	} else if (strcmp(class, "vfio-dev") == 0) {
		facts->kind = VIOC_FD_CDEV;
		snprintf(facts->cdev, sizeof(facts->cdev), "%s", name);
		set_device(sys, facts, device);
	}
}

/* Where sysfs can't be seen, its own word has to do for what it is claimed to be. */
static void identify_character(const struct vioci_sys *sys, const struct vioci_fd_stat *stat,
			       uint32_t claimed, struct vioci_fd_facts *facts)
{
	char path[64], link[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", stat->major, stat->minor);
	if (vioci_sys_readlink(sys, path, link, sizeof(link)) == 0) {
		read_link(sys, link, facts);
		return;
	}
	describe(facts, "a character device that is not in", path);
	facts->kind = claimed == VIOC_FD_DEVICE ? VIOC_FD_NONE : claimed;
}

/* Linux 6.18 and newer tell whose it is. */
static void read_device_path(const struct vioci_sys *sys, int fd, struct vioci_fd_facts *facts)
{
	static const char key[] = "vfio-device-syspath:";
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (vioci_sys_read_text(sys, path, text, sizeof(text)) < 0)
		return;
	char *value = strstr(text, key);
	if (!value)
		return;
	value[strcspn(value, "\n")] = '\0';
	set_device(sys, facts, pop(value));
}

static void identify_anonymous(const struct vioci_sys *sys, int fd, uint32_t claimed,
			       struct vioci_fd_facts *facts)
{
	char path[64], link[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bool known = vioci_sys_readlink(sys, path, link, sizeof(link)) == 0;
	describe(facts, known ? link : "an anonymous file", "");
	if (known ? strcmp(link, "anon_inode:[vfio-device]") != 0 : claimed != VIOC_FD_DEVICE)
		return;
	facts->kind = VIOC_FD_DEVICE;
	read_device_path(sys, fd, facts);
}

/* Whether it answers as its kind does. */
static bool probe(const struct vioci_sys *sys, int fd, struct vioci_fd_facts *facts)
{
	switch (facts->kind) {
	case VIOC_FD_CONTAINER:
		return vioci_probe_container(sys, fd, &facts->in_use);
	case VIOC_FD_GROUP:
		return vioci_probe_group(sys, fd, &facts->in_use);
	case VIOC_FD_IOMMUFD:
		return vioci_probe_iommufd(sys, fd);
	case VIOC_FD_CDEV:
		return vioci_probe_device(sys, fd, &facts->in_use);
	case VIOC_FD_DEVICE:
		return vioci_probe_device(sys, fd, &facts->in_use) && facts->in_use;
	default:
		return true;
	}
}

int vioci_fd_identify(const struct vioci_sys *sys, int fd, uint32_t claimed,
		      struct vioci_fd_facts *ret_facts)
{
	static const char *const types[] = {
		[VIOCI_FD_REGULAR] = "a file",	     [VIOCI_FD_FOLDER] = "a folder",
		[VIOCI_FD_BLOCK] = "a block device", [VIOCI_FD_PIPE] = "a pipe",
		[VIOCI_FD_SOCKET] = "a socket",
	};
	struct vioci_fd_facts facts = { 0 };
	struct vioci_fd_stat stat;
	int error = vioci_sys_get_stat(sys, fd, &stat);
	if (error < 0)
		return error;
	if (stat.type == VIOCI_FD_CHARACTER)
		identify_character(sys, &stat, claimed, &facts);
	else if (stat.type == VIOCI_FD_ANONYMOUS)
		identify_anonymous(sys, fd, claimed, &facts);
	else
		describe(&facts, types[stat.type], "");
	if (facts.kind && probe(sys, fd, &facts)) {
		describe(&facts, vioci_fd_kind_name(facts.kind), facts.device);
	} else if (facts.kind) {
		describe(&facts, "what doesn't answer as", vioci_fd_kind_name(facts.kind));
		facts.kind = VIOC_FD_NONE;
	}
	*ret_facts = facts;
	return 0;
}

VIOCI_PRINTF(3, 4)
static int refuse(char refusal[VIOCI_REFUSAL_MAX], int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(refusal, VIOCI_REFUSAL_MAX, format, args);
	va_end(args);
	return error;
}

/* What the claim says, and the facts don't, is believed. */
static int compare(const struct vioci_fd_claim *claim, struct vioci_fd_facts *facts,
		   char refusal[VIOCI_REFUSAL_MAX])
{
	bool of_device = vioci_fd_is_of_device(facts->kind);
	if (!facts->kind || (claim->kind && claim->kind != facts->kind))
		return refuse(refusal, -EBADFD, "%s is wanted, but it is %s",
			      claim->kind ? vioci_fd_kind_name(claim->kind) : "an fd of VFIO",
			      facts->what);
	if (claim->device && of_device && facts->device[0] &&
	    strcmp(claim->device, facts->device) != 0)
		return refuse(refusal, -ENODEV, "that of %s is wanted, but it is %s", claim->device,
			      facts->what);
	if (claim->has_group && facts->has_group && claim->group != facts->group)
		return refuse(refusal, -ENODEV, "IOMMU group %u is wanted, but it is of group %u",
			      claim->group, facts->group);
	if (claim->device && of_device)
		snprintf(facts->device, sizeof(facts->device), "%s", claim->device);
	if (claim->has_group && !facts->has_group) {
		facts->has_group = true;
		facts->group = claim->group;
	}
	return 0;
}

int vioci_fd_check(const struct vioci_sys *sys, int fd, const struct vioci_fd_claim *claim,
		   struct vioci_fd_facts *ret_facts, char refusal[VIOCI_REFUSAL_MAX])
{
	struct vioci_fd_facts facts;
	int error = vioci_fd_identify(sys, fd, claim->kind, &facts);
	if (error < 0)
		return refuse(refusal, error, "fd %d is not open", fd);
	error = compare(claim, &facts, refusal);
	if (error == 0)
		*ret_facts = facts;
	return error;
}
