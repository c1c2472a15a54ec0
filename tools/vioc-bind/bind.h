/* SPDX-License-Identifier: MIT */
#ifndef BIND_H
#define BIND_H

#include <stdbool.h>
#include <stdio.h>

#include <libvioc/vioc.h>

#define BIND_ERROR     1  /* it failed; everything is as it was */
#define BIND_USAGE     2  /* the options make no sense */
#define BIND_REFUSED   3  /* something is in use */
#define BIND_LOST      4  /* it failed, and not everything could be brought back */
#define BIND_NO_DEVICE 32 /* a device is not there */

#define BIND_UNDO_FILE "/run/vioc/undo"

enum bind_action { BIND_BIND, BIND_UNBIND, BIND_RESTORE, BIND_UNDO };

struct bind_options {
	enum bind_action action;
	const char *driver;
	const char *undo_file;	/* NULL: none */
	const char *sysroot;	/* only to look at: with dry_run */
	const char *group_type; /* to set */
	uint64_t forced;	/* bits by VIOC_REASON_* */
	uint32_t timeout_ms;
	bool whole_group;
	bool show_group_type;
	bool dry_run;
	bool json;
};

enum bind_result {
	BIND_UNCHANGED, /* it is as it shall be */
	BIND_PLANNED,	/* it shall be changed, or would be */
	BIND_IN_USE,	/* it may not */
	BIND_DONE,
	BIND_FAILED,
	BIND_ROLLED_BACK, /* another failed */
	BIND_IS_LOST,	  /* it could not be brought back */
	BIND_GONE	  /* the undo file has it, the machine no longer */
};

/* One device, what it has and what it shall have. */
struct bind_device {
	char name[64];
	struct vioc_binding before;
	struct vioc_binding wanted;
	struct vioc_binding now; /* once it is done */
	struct vioc_diag *uses;
	struct vioc_diag *failure;
	enum bind_result result;
	bool is_noted; /* in the undo file, by this run */
};

struct bind_plan {
	struct vioc_ctx *ctx;
	const struct bind_options *options;
	struct bind_device *devices;
	size_t n_devices;
};

/* plan.c: exit statuses. */

/* Fills the plan with the named devices, or with those of the undo file, and what shall become of them. */
int bind_make_plan(struct bind_plan *plan, char **names);
/* Looks what the devices are used for. BIND_REFUSED: some may not be changed. */
int bind_check_uses(struct bind_plan *plan);
void bind_free_plan(struct bind_plan *plan);
/* Adds a device; NULL: no memory, which has been said. */
struct bind_device *bind_add_device(struct bind_plan *plan, const char *name);
/* Whether the finding may not be ignored. */
bool bind_is_refusal(const struct bind_options *options, const struct vioc_diag *finding);
/* Whether there is an option by which it could be. */
bool bind_can_be_forced(uint32_t reason);

/* change.c: does it, all or nothing. */
int bind_carry_out(struct bind_plan *plan);

/* undo.c: the file of what devices were before. 0 or BIND_ERROR, and why has been said. */

/* Adds the devices of the file to a plan, as they shall be; all, or those with these names. */
int bind_read_undo(struct bind_plan *plan, char **names);
/* Notes the devices that will be changed, unless the file knows how they were before that. */
int bind_write_undo(struct bind_plan *plan);
/* Takes out the devices that are as they were. */
int bind_trim_undo(const struct bind_plan *plan);

/* group_type.c */
int bind_group_types(struct bind_plan *plan);

/* report.c */

/* Says what was planned or done: to people, or as JSON. 0 or BIND_ERROR. */
int bind_report(const struct bind_plan *plan);
/* Says why a call failed. An exit status. */
int bind_complain(struct vioc_ctx *ctx, int error);

#endif
