/* SPDX-License-Identifier: MIT */
#ifndef LS_H
#define LS_H

#include <stdbool.h>
#include <stdio.h>

#include <libvioc/vioc.h>

/* Exit codes, after lsblk(8). */
#define LS_ERROR	1
#define LS_USAGE	2
#define LS_NOT_OPENABLE 3 /* --why */
#define LS_NONE_FOUND	32
#define LS_SOME_FOUND	64

enum ls_view { LS_TABLE, LS_TREE, LS_TOPOLOGY, LS_HOLDERS, LS_UNITS };

struct ls_options {
	struct vioc_enumerator_opts filter;
	const char *sysroot;
	const char *columns; /* NULL: the default ones */
	const char *class;   /* NULL: any; else checked by ls_class_is_known() */
	const char *why;     /* the device to explain; NULL: list */
	const char *as;	     /* for this user; NULL: who runs it */
	uint32_t backend;
	uint64_t memory; /* to be mapped; 0: not known */
	enum ls_view view;
	bool json;
	bool json_lines; /* one object a line: for watch */
	bool watch;
	bool features;
	bool no_headings;
	bool raw;
	bool full_paths;
	bool verbose;
	bool only_ready;
	bool only_blocked;
	bool colour;
};

/* What there is, after all filters. */
struct ls_picture {
	const struct ls_options *options;
	struct vioc_enumerator *enumerator;
	struct vioc_found_device *devices;
	size_t n_devices;
	struct vioc_found_group *groups; /* by number */
	size_t n_groups;
	struct vioc_found_unit *units;
	size_t n_units;
};

/* options.c: ends the program where there is nothing to list, or the options make no sense. */
void ls_parse(struct ls_options *options, int argc, char **argv);

/* columns.c */

struct ls_column {
	const char *name;
	const char *help;
	/* Writes nothing where there is nothing to say. */
	void (*write)(FILE *out, const struct vioc_found_device *device,
		      const struct ls_picture *picture);
	int flags;	/* SCOLS_FL_* */
	uint64_t wants; /* VIOC_ENUMERATE_* */
};

extern const struct ls_column ls_columns[];
extern const size_t ls_n_columns;

#define LS_MAX_COLUMNS 64

/*
 * The columns of a comma-separated list: indexes, and how many; with a leading "+" they come after the
 * default ones. NULL: the default ones. -1: a name is unknown (said on stderr) or there are too many.
 */
int ls_columns_parse(const char *list, size_t indexes[LS_MAX_COLUMNS]);

bool ls_class_is_known(const char *name);
bool ls_class_matches(const char *name, uint32_t class_code);

/* table.c: 0 or -1. */
int ls_print_table(const struct ls_picture *picture, const struct ls_options *options);

/* units.c: 0 or -1. */
int ls_print_units(const struct ls_picture *picture, const struct ls_options *options);
void ls_summarize(const struct vioc_found_unit *unit, char *text, size_t size);

/* watch.c: the exit status */
int ls_watch(struct vioc_ctx *ctx, const struct ls_options *options, char **names);

/* features.c: the exit status */
int ls_features(struct vioc_ctx *ctx, const struct ls_options *options);
const char *ls_feature_state(const struct vioc_system_feature *feature);

/* json.c: the document, complete or not at all. 0 or -1. */
int ls_print_json(const struct ls_picture *picture);
/* A line of its own; device is NULL where it went, or is a group. */
int ls_print_event_json(const char *kind, const struct vioc_event *event,
			const struct vioc_found_device *device);
int ls_print_features_json(struct vioc_ctx *ctx);
int ls_print_why_json(const char *name, bool can_be_opened, const struct vioc_diag *diag);

/* why.c: the exit status */
int ls_why(struct vioc_ctx *ctx, const struct ls_options *options, const char *name);

/* main.c */

/* All that is wanted; dropped in any case. 0, or the error. */
int ls_take_picture(struct vioc_ctx *ctx, const struct ls_options *options, char **names,
		    struct ls_picture *picture);
void ls_drop_picture(struct ls_picture *picture);
/* Whether one of the names, with or without its domain, is the address. */
bool ls_is_named(const char *address, char **names);

/* The context's last diag, on standard error; the exit status. */
int ls_complain(struct vioc_ctx *ctx, int error);
/* Prints text; control characters as \xNN. */
void ls_print_safely(const char *text);

#endif
