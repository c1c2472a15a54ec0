// SPDX-License-Identifier: MIT
/* Telling who holds a node. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain.h"
#include "core/holders.h"

/* Enough to act on. */
#define MAX_HOLDERS 8

struct holder_search {
	struct vioc_ctx *ctx;
	struct vioci_diag_draft *draft;
	const char *node; /* what is looked for; NULL: what is of the group */
	uint32_t group;
	const char *verb; /* introduces the first one */
	char self[32];	  /* pid of this process */
	char last[32];	  /* pid of the last one found */
	int found;
};

static void add_holder(struct holder_search *search, const struct vioci_held *held)
{
	char command[64];
	vioci_read_command(&search->ctx->sys, held->pid, command, sizeof(command));
	vioci_diag_obstacle(
		search->draft, "%s pid %s (%s%s%s)", search->found ? "," : search->verb, held->pid,
		command, strcmp(held->pid, search->self) == 0 ? ", this process" : "",
		held->is_mapped ? ", which closed it but still has memory of it mapped" : "");
	vioci_diag_fact(search->draft, "pid", "%s", held->pid);
	vioci_diag_fact(search->draft, "process", "%s", command);
	snprintf(search->last, sizeof(search->last), "%s", held->pid);
	search->found++;
}

/* The group of a character device is that of the device above it. */
static bool is_of_group(const struct holder_search *search, const char *node)
{
	char path[VIOCI_PATH_MAX], group[16], text[32];
	const char *name = strrchr(node, '/');
	snprintf(group, sizeof(group), "%u", search->group);
	if (!name)
		return false;
	if (strncmp(node, "/dev/vfio/devices/", 18) != 0)
		return strcmp(name + 1, group) == 0;
	snprintf(path, sizeof(path), "/sys/class/vfio-dev%s/../../iommu_group", name);
	return vioci_sys_link_name(&search->ctx->sys, path, text, sizeof(text)) == 0 &&
	       strcmp(text, group) == 0;
}

/* Once per process is enough; its fds and mappings come together. */
static int check_held(void *arg, const struct vioci_held *held)
{
	struct holder_search *search = arg;
	if (strcmp(held->pid, search->last) == 0)
		return 0;
	if (search->node ? strcmp(held->node, search->node) == 0 : is_of_group(search, held->node))
		add_holder(search, held);
	return search->found >= MAX_HOLDERS;
}

static int explain(struct holder_search *search)
{
	vioci_sys_link_name(&search->ctx->sys, "/proc/self", search->self, sizeof(search->self));
	vioci_list_held(&search->ctx->sys, check_held, search);
	return search->found;
}

int vioci_explain_holders(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, const char *node,
			  const char *verb)
{
	struct holder_search search = { .ctx = ctx, .draft = draft, .node = node, .verb = verb };
	return explain(&search);
}

int vioci_explain_group_holders(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
				uint32_t group)
{
	struct holder_search search = { .ctx = ctx, .draft = draft, .group = group };
	search.verb = "its group, or a device of it, is held by";
	return explain(&search);
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
