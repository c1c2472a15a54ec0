// SPDX-License-Identifier: MIT
/* Which processes hold a node, as far as /proc shows. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/explain.h"

/* Enough to act on; a node shared by a hundred threads' worth of fds needs no longer list. */
#define MAX_HOLDERS 8

struct holder_search {
	struct vioc_ctx *ctx;
	struct vioci_diag_draft *draft;
	const char *target; /* what the fd's link says */
	const char *verb;   /* introduces the first one */
	const char *pid;    /* being looked at */
	char self[32];	    /* pid of this process */
	int found;
};

static void add_holder(struct holder_search *search)
{
	char path[VIOCI_PATH_MAX], command[64];
	snprintf(path, sizeof(path), "/proc/%s/comm", search->pid);
	if (vioci_sys_read_text(&search->ctx->sys, path, command, sizeof(command)) < 0)
		strcpy(command, "?");

	const char *who = strcmp(search->pid, search->self) == 0 ? ", this process" : "";
	vioci_diag_obstacle(search->draft, "%s pid %s (%s%s)", search->found ? "," : search->verb,
			    search->pid, command, who);
	vioci_diag_fact(search->draft, "pid", "%s", search->pid);
	vioci_diag_fact(search->draft, "process", "%s", command);
	search->found++;
}

/* Stops at the first fd of the process that is the file: once per process is enough. */
static int check_fd(void *arg, const char *name)
{
	struct holder_search *search = arg;
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%s/fd/%s", search->pid, name);
	if (vioci_sys_readlink(&search->ctx->sys, path, target, sizeof(target)) < 0)
		return 0;
	if (strcmp(target, search->target) != 0)
		return 0;
	add_holder(search);
	return 1;
}

static int check_process(void *arg, const char *name)
{
	struct holder_search *search = arg;
	char path[VIOCI_PATH_MAX];

	if (!isdigit((unsigned char)name[0]))
		return 0;
	search->pid = name;
	snprintf(path, sizeof(path), "/proc/%s/fd", name);
	vioci_sys_list(&search->ctx->sys, path, check_fd, search);
	return search->found >= MAX_HOLDERS;
}

int vioci_explain_holders(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, const char *target,
			  const char *verb)
{
	struct holder_search search = {
		.ctx = ctx,
		.draft = draft,
		.target = target,
		.verb = verb,
	};
	vioci_sys_link_name(&ctx->sys, "/proc/self", search.self, sizeof(search.self));
	vioci_sys_list(&ctx->sys, "/proc", check_process, &search);
	return search.found;
}

struct group_holders {
	struct vioc_ctx *ctx;
	struct vioci_diag_draft *draft;
	uint32_t group;
	int found;
};

static int check_group_member(void *arg, const char *name)
{
	struct group_holders *holders = arg;
	char path[VIOCI_PATH_MAX], cdev[64];
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices/%s", holders->group,
		 name);
	if (vioci_find_cdev(&holders->ctx->sys, path, cdev, sizeof(cdev)) < 0)
		return 0;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", cdev);
	holders->found +=
		vioci_explain_holders(holders->ctx, holders->draft, path,
				      "somebody uses its group: character device held by");
	return 0;
}

int vioci_explain_group_holders(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
				uint32_t group)
{
	struct group_holders holders = { .ctx = ctx, .draft = draft, .group = group };
	char path[VIOCI_PATH_MAX];

	snprintf(path, sizeof(path), "/dev/vfio/%u", group);
	holders.found = vioci_explain_holders(ctx, draft, path, "its group is held by");
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", group);
	vioci_sys_list(&ctx->sys, path, check_group_member, &holders);
	return holders.found;
}

static int any_entry(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 1;
}

bool vioci_sees_all_processes(struct vioc_ctx *ctx)
{
	return vioci_sys_list(&ctx->sys, "/proc/1/fd", any_entry, NULL) >= 0;
}
