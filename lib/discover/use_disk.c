// SPDX-License-Identifier: MIT
/*
 * Disks of a device: what they carry, found from below. A disk leads to its partitions and to what is made
 * of those (device mapper, RAID), and so on up; any of it may be mounted or swapped to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/use.h"

/* More of one kind are counted, not named. */
#define MAX_NAMED 4

struct disks {
	struct vioci_uses *uses;
	const struct vioci_sys *sys;
	struct vioci_strings strings;
	const char **names; /* grows while it is walked */
	size_t count;
	size_t room;
	const char *current; /* that something is looked for of */
	char *mounts;	     /* /proc/self/mountinfo; NULL: can't be read */
	char *swaps;	     /* /proc/swaps; likewise */
	size_t n_own;	     /* how many names are the device's own, not made of those */
	bool is_used;	     /* it was found by whom */
};

/* 1 if it is new, 0 if it is known. */
static int add_name(struct disks *disks, const char *name)
{
	for (size_t i = 0; i < disks->count; i++)
		if (strcmp(disks->names[i], name) == 0)
			return 0;
	if (disks->count == disks->room) {
		size_t room = disks->room ? 2 * disks->room : 8;
		const char **names = realloc(disks->names, room * sizeof(*names));
		if (!names)
			return -ENOMEM;
		disks->names = names;
		disks->room = room;
	}
	const char *copy = vioci_strings_add(&disks->strings, name);
	if (!copy)
		return -ENOMEM;
	disks->names[disks->count++] = copy;
	return 1;
}

/* One path to an NVMe disk with several is "nvme0c1n2"; what is mounted is "nvme0n2". */
static int add_own(void *arg, const char *name)
{
	unsigned int subsystem, controller, space;
	char head[64];
	int used = -1;
	struct disks *disks = arg;
	int added = add_name(disks, name);
	sscanf(name, "nvme%uc%un%u%n", &subsystem, &controller, &space, &used);
	if (added >= 0 && used == (int)strlen(name)) {
		snprintf(head, sizeof(head), "nvme%un%u", subsystem, space);
		added = add_name(disks, head);
	}
	return added < 0 ? added : 0;
}

static int read_attribute(const struct disks *disks, const char *name, const char *attribute,
			  char *text, size_t size)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/class/block/%.200s/%.200s", name, attribute);
	return vioci_sys_read_text(disks->sys, path, text, size);
}

static bool is_partition(const struct disks *disks, const char *name)
{
	char text[16];
	return read_attribute(disks, name, "partition", text, sizeof(text)) == 0;
}

/* A folder in that of a disk which is named after it may be a partition. */
static int add_partition(void *arg, const char *name)
{
	struct disks *disks = arg;
	if (strncmp(name, disks->current, strlen(disks->current)) != 0 ||
	    !is_partition(disks, name))
		return 0;
	int added = add_name(disks, name);
	return added < 0 ? added : 0;
}

static struct vioci_diag_draft begin(const struct disks *disks, int error, uint32_t reason,
				     const char *name)
{
	struct vioci_diag_draft draft = vioci_use_begin(disks->uses, error, reason);
	vioci_diag_fact(&draft, "disk", "%s", name);
	return draft;
}

static void finish_use(struct disks *disks, struct vioci_diag_draft *draft)
{
	disks->is_used = true;
	vioci_findings_finish(&disks->uses->findings, draft);
}

static int add_holder(void *arg, const char *name)
{
	struct disks *disks = arg;
	struct vioci_diag_draft draft = begin(disks, -EBUSY, VIOC_REASON_STORAGE, disks->current);
	vioci_diag_obstacle(&draft, "%s is made of %s", name, disks->current);
	vioci_diag_advice(&draft, "take %s apart (lvchange -an, cryptsetup close, mdadm --stop)",
			  name);
	finish_use(disks, &draft);
	int added = add_name(disks, name);
	return added < 0 ? added : 0;
}

static int look_above(struct disks *disks, const char *name)
{
	char path[VIOCI_PATH_MAX];
	disks->current = name;
	snprintf(path, sizeof(path), "/sys/class/block/%s", name);
	int error = vioci_sys_list(disks->sys, path, add_partition, disks);
	snprintf(path, sizeof(path), "/sys/class/block/%s/holders", name);
	if (error != -ENOMEM)
		error = vioci_sys_list(disks->sys, path, add_holder, disks);
	return error == -ENOMEM ? error : 0;
}

/* What a line of mountinfo calls a disk: its number, and its node where the file system knows that. */
struct place {
	char number[32];
	char node[128];
	char mapped[160]; /* the node's other name, of device mapper */
};

static struct place find_place(const struct disks *disks, const char *name)
{
	struct place place = { 0 };
	char text[128];
	if (read_attribute(disks, name, "dev", place.number, sizeof(place.number)) < 0)
		place.number[0] = '\0';
	snprintf(place.node, sizeof(place.node), "/dev/%.120s", name);
	if (read_attribute(disks, name, "dm/name", text, sizeof(text)) == 0)
		snprintf(place.mapped, sizeof(place.mapped), "/dev/mapper/%s", text);
	return place;
}

static bool is_at(const struct place *place, const char *node)
{
	return strcmp(node, place->node) == 0 ||
	       (place->mapped[0] && strcmp(node, place->mapped) == 0);
}

/* The fields of one line of mountinfo that matter. False: it is not one. */
struct mount {
	const char *number, *point, *type, *source;
};

static bool parse_mount(char *line, struct mount *ret_mount)
{
	char *fields = strstr(line, " - ");
	if (!fields)
		return false;
	*fields = '\0';
	fields += 3;
	strsep(&line, " ");
	strsep(&line, " ");
	ret_mount->number = strsep(&line, " ");
	strsep(&line, " ");
	ret_mount->point = strsep(&line, " ");
	ret_mount->type = strsep(&fields, " ");
	ret_mount->source = strsep(&fields, " ");
	return ret_mount->point && ret_mount->source;
}

static void name_mount(struct vioci_diag_draft *draft, size_t n, const struct mount *mount)
{
	if (n == 0)
		vioci_diag_advice(draft, "umount %s", mount->point);
	if (n < MAX_NAMED)
		vioci_diag_obstacle(draft, "%s %s", n ? "," : " is mounted on", mount->point);
	vioci_diag_fact(draft, "mount", "%s", mount->point);
}

static void check_mounts(struct disks *disks, const char *name)
{
	struct place place = find_place(disks, name);
	struct vioci_diag_draft draft = begin(disks, -EBUSY, VIOC_REASON_STORAGE, name);
	struct mount mount;
	size_t n = 0;
	char *copy = disks->mounts ? strdup(disks->mounts) : NULL, *rest = copy;
	if (disks->mounts && !copy)
		disks->uses->findings.out_of_memory = true;
	vioci_diag_obstacle(&draft, "%s", name);
	for (char *line; (line = strsep(&rest, "\n"));)
		if (parse_mount(line, &mount) &&
		    (strcmp(mount.number, place.number) == 0 || is_at(&place, mount.source)))
			name_mount(&draft, n++, &mount);
	if (n > MAX_NAMED)
		vioci_diag_obstacle(&draft, " and %zu more", n - MAX_NAMED);
	free(copy);
	if (n)
		finish_use(disks, &draft);
	else
		vioci_diag_drop(&draft);
}

/* A line of /proc/swaps begins with the node. */
static void check_swaps(struct disks *disks, const char *name)
{
	struct place place = find_place(disks, name);
	for (const char *line = disks->swaps; line && *line;) {
		char node[160];
		size_t length = strcspn(line, " \t\n");
		snprintf(node, sizeof(node), "%.*s", (int)length, line);
		if (is_at(&place, node)) {
			struct vioci_diag_draft draft =
				begin(disks, -EBUSY, VIOC_REASON_STORAGE, name);
			vioci_diag_obstacle(&draft, "%s is swapped to", name);
			vioci_diag_advice(&draft, "swapoff %s", node);
			finish_use(disks, &draft);
		}
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
}

static bool has_partitions(const struct disks *disks, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < disks->count; i++)
		if (strncmp(disks->names[i], name, length) == 0 &&
		    is_partition(disks, disks->names[i]))
			return true;
	return false;
}

/* By its node; of what can't be read, sysfs knows the partitions at least. */
static void check_content(struct disks *disks, const char *name, int fd)
{
	const char *signature = NULL;
	int error = fd < 0 ? fd : vioci_find_signature(disks->sys, fd, &signature);
	if (error < 0 && has_partitions(disks, name)) {
		signature = "partitions";
		error = 0;
	}
	if (error == 0 && !signature)
		return;
	struct vioci_diag_draft draft =
		begin(disks, error < 0 ? 0 : -EBUSY, VIOC_REASON_DATA, name);
	if (error < 0) {
		vioci_diag_obstacle(&draft, "%s can't be read: whether it holds data is not known",
				    name);
	} else {
		vioci_diag_obstacle(&draft, "%s holds %s", name, signature);
		vioci_diag_advice(
			&draft, "see that nobody needs it; wipefs -a /dev/%s takes it away", name);
		vioci_diag_fact(&draft, "signature", "%s", signature);
	}
	vioci_findings_finish(&disks->uses->findings, &draft);
}

/* Somebody has it, or one of its partitions, exclusively: the kernel tells only that. */
static void add_claim(struct disks *disks, const char *name)
{
	struct vioci_diag_draft draft = begin(disks, -EBUSY, VIOC_REASON_STORAGE, name);
	vioci_diag_obstacle(&draft, "%s is claimed by somebody", name);
	vioci_diag_advice(&draft, "look for a mount in another mount namespace, a file system of "
				  "several disks, or a program that has it open");
	vioci_findings_finish(&disks->uses->findings, &draft);
}

static void open_disk(struct disks *disks, const char *name)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/dev/%s", name);
	for (char *mark = path; (mark = strchr(mark, '!'));)
		*mark = '/';
	int fd = vioci_sys_open(disks->sys, path, O_RDONLY | O_EXCL | O_NONBLOCK);
	if (fd == -EBUSY) {
		if (!disks->is_used)
			add_claim(disks, name);
		fd = vioci_sys_open(disks->sys, path, O_RDONLY | O_NONBLOCK);
	}
	check_content(disks, name, fd);
	vioci_sys_close(disks->sys, &fd);
}

static bool is_whole(const struct disks *disks, const char *name)
{
	char text[16];
	bool is_hidden = read_attribute(disks, name, "hidden", text, sizeof(text)) == 0 &&
			 strcmp(text, "1") == 0;
	return !is_hidden && !is_partition(disks, name);
}

static int collect(struct disks *disks)
{
	int error = vioci_use_list(disks->uses, "block", add_own, disks);
	disks->n_own = disks->count;
	for (size_t i = 0; error != -ENOMEM && i < disks->count; i++)
		error = look_above(disks, disks->names[i]);
	if (error != -ENOMEM && disks->count)
		error = vioci_sys_read_whole(disks->sys, "/proc/self/mountinfo", &disks->mounts);
	if (error != -ENOMEM && disks->count)
		error = vioci_sys_read_whole(disks->sys, "/proc/swaps", &disks->swaps);
	return error == -ENOMEM ? error : 0;
}

static void check(struct disks *disks)
{
	for (size_t i = 0; i < disks->count; i++) {
		check_mounts(disks, disks->names[i]);
		check_swaps(disks, disks->names[i]);
	}
	for (size_t i = 0; i < disks->n_own; i++)
		if (is_whole(disks, disks->names[i]))
			open_disk(disks, disks->names[i]);
}

void vioci_use_disks(struct vioci_uses *uses)
{
	struct disks disks = { .uses = uses, .sys = &uses->ctx->sys };
	if (collect(&disks) < 0)
		uses->findings.out_of_memory = true;
	else
		check(&disks);
	free(disks.mounts);
	free(disks.swaps);
	free(disks.names);
	vioci_strings_free(&disks.strings);
}
