// SPDX-License-Identifier: MIT
/* Why memory can't be had. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem/backing.h"

static struct vioci_diag_draft draft_for(const struct vioci_mem_request *request, int error,
					 uint32_t reason)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "%s %" PRIu64 " bytes of memory",
			 request->fd < 0 ? "make" : "import", request->length);
	vioci_diag_fact(&draft, "length", "%" PRIu64, request->length);
	return draft;
}

int vioci_mem_refuse(const struct vioci_mem_request *request, int error, uint32_t reason,
		     const char *format, ...)
{
	struct vioci_diag_draft draft = draft_for(request, error, reason);
	va_list args;
	va_start(args, format);
	vioci_text_addv(&draft.obstacle, format, args);
	va_end(args);
	return vioci_ctx_leave(request->ctx, &draft);
}

#define HUGE_PATH "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s"

static uint64_t read_pool(struct vioc_ctx *ctx, uint64_t page_size, const char *name)
{
	char path[128], text[32];
	snprintf(path, sizeof(path), HUGE_PATH, page_size / 1024, name);
	if (vioci_sys_read_text(&ctx->sys, path, text, sizeof(text)) < 0)
		return 0;
	return strtoull(text, NULL, 10);
}

int vioci_mem_refuse_huge(const struct vioci_mem_request *request, uint64_t page_size,
			  uint64_t length)
{
	struct vioci_diag_draft draft = draft_for(request, -ENOMEM, VIOC_REASON_NO_MEMORY);
	uint64_t needed = length / page_size;
	uint64_t free = read_pool(request->ctx, page_size, "free_hugepages");
	/* Others have a right to these already. */
	uint64_t promised = read_pool(request->ctx, page_size, "resv_hugepages");

	free = free > promised ? free - promised : 0;
	vioci_diag_obstacle(
		&draft, "%" PRIu64 " huge pages of %" PRIu64 " kB are needed, %" PRIu64 " are free",
		needed, page_size / 1024, free);
	if (free < needed)
		vioci_diag_advice(&draft,
				  "write a larger number to " HUGE_PATH
				  ", soon after boot, as free memory gets scattered",
				  page_size / 1024, "nr_hugepages");
	else
		vioci_diag_advice(&draft, "they may be of another NUMA node, or a cgroup limits "
					  "how many this process may have");
	vioci_diag_advice(&draft, "; or do without by VIOC_MEM_PREFER");
	vioci_diag_fact(&draft, "page-size", "%" PRIu64, page_size);
	vioci_diag_fact(&draft, "pages-needed", "%" PRIu64, needed);
	vioci_diag_fact(&draft, "pages-free", "%" PRIu64, free);
	return vioci_ctx_leave(request->ctx, &draft);
}

#define THP_PATH "/sys/kernel/mm/transparent_hugepage/"

/* Whether the file's selected word, which is in brackets, is one of these. -ENOENT: no such file. */
static int selects(struct vioc_ctx *ctx, const char *path, const char *words)
{
	char text[128];
	int error = vioci_sys_read_text(&ctx->sys, path, text, sizeof(text));
	if (error < 0)
		return error;
	char *word = strchr(text, '[');
	char *end = word ? strchr(word, ']') : NULL;
	if (!end)
		return 0;
	end[1] = '\0';
	return strstr(words, word) != NULL;
}

#define THP_ON "[always] [within_size] [advise] [force]"

int vioci_mem_check_thp(const struct vioci_mem_request *request)
{
	static const char all[] = THP_PATH "shmem_enabled";
	/* Since 6.11 each size has its own switch, which may leave it to the other. */
	static const char own[] = THP_PATH "hugepages-2048kB/shmem_enabled";
	int on = selects(request->ctx, own, THP_ON);
	if (on < 0 || (on == 0 && selects(request->ctx, own, "[inherit]") > 0))
		on = selects(request->ctx, all, THP_ON);
	if (on > 0)
		return 0;

	struct vioci_diag_draft draft = draft_for(request, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
	vioci_diag_obstacle(&draft, "transparent huge pages are switched off for shared memory");
	vioci_diag_advice(&draft, "write advise to %s; or do without by VIOC_MEM_PREFER", all);
	vioci_diag_fact(&draft, "path", "%s", all);
	return vioci_ctx_leave(request->ctx, &draft);
}
