// SPDX-License-Identifier: MIT
/* Why a device can or can't be opened. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "ls.h"

/* The user by name or number, with all groups. */
static int set_user(struct vioc_explain_opts *opts, const char *name, gid_t **ret_gids)
{
	char *end;
	unsigned long number = strtoul(name, &end, 10);
	bool is_number = *name >= '0' && *name <= '9' && !*end && number <= UINT32_MAX;
	const struct passwd *user = is_number ? getpwuid((uid_t)number) : getpwnam(name);
	if (!user && !is_number) {
		fprintf(stderr, "vioc-ls: there is no user \"%s\"\n", name);
		return -1;
	}
	opts->flags |= VIOC_EXPLAIN_USER;
	opts->uid = user ? user->pw_uid : (uint32_t)number;
	if (!user)
		return 0;
	int n = 0;
	getgrouplist(user->pw_name, user->pw_gid, NULL, &n);
	gid_t *gids = calloc((size_t)n + 1, sizeof(*gids));
	if (!gids || getgrouplist(user->pw_name, user->pw_gid, gids, &n) < 0) {
		free(gids);
		fprintf(stderr, "vioc-ls: the groups of %s can't be had\n", name);
		return -1;
	}
	opts->gids = gids;
	opts->n_gids = (size_t)n;
	*ret_gids = gids;
	return 0;
}

static void print_finding(const struct vioc_diag *diag)
{
	const char *backend = vioc_diag_get_fact(diag, "backend");
	const char *advice = vioc_diag_get_advice(diag);
	printf("  %s%s%s%s: ", vioc_diag_get_error(diag) < 0 ? "no: " : "note: ",
	       vioc_reason_name(vioc_diag_get_reason(diag)), backend ? ", by " : "",
	       backend ? backend : "");
	ls_print_safely(vioc_diag_get_obstacle(diag));
	if (*advice) {
		fputs("\n      -> ", stdout);
		ls_print_safely(advice);
	}
	putchar('\n');
}

/* Hindrances first. */
static void print_findings(const struct vioc_diag *diag)
{
	for (int notes = 0; notes < 2; notes++)
		for (const struct vioc_diag *d = diag; d; d = vioc_diag_get_other(d))
			if ((vioc_diag_get_error(d) == 0) == notes)
				print_finding(d);
}

int ls_why(struct vioc_ctx *ctx, const struct ls_options *options, const char *name)
{
	struct vioc_explain_opts opts = VIOC_SIZED(vioc_explain_opts);
	struct vioc_diag *diag = NULL;
	gid_t *gids = NULL;
	if (options->as && set_user(&opts, options->as, &gids) < 0)
		return LS_USAGE;
	opts.backend = options->backend;
	opts.memory = options->memory;
	int result = vioc_device_explain(ctx, name, &opts, &diag);
	free(gids);
	if (result < 0)
		return ls_complain(ctx, result);
	if (options->json) {
		result = ls_print_why_json(name, result, diag) < 0 ? LS_ERROR
			 : result				   ? 0
								   : LS_NOT_OPENABLE;
	} else {
		printf("%s %s be opened%s%s\n", name, result ? "can" : "can't",
		       options->as ? " by " : "", options->as ? options->as : "");
		print_findings(diag);
		result = result ? 0 : LS_NOT_OPENABLE;
	}
	vioc_diag_unref(diag);
	return fflush(stdout) == 0 ? result : LS_ERROR;
}
