// SPDX-License-Identifier: MIT
/* What this kernel and library can do. */
#include <libsmartcols.h>

#include "ls.h"

static const char *const columns[] = { "FEATURE", "STATE", "VALUE", "MEANING" };

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

const char *ls_feature_state(const struct vioc_system_feature *feature)
{
	return feature->state == VIOC_SYSTEM_YES  ? "yes"
	       : feature->state == VIOC_SYSTEM_NO ? "no"
						  : "unknown";
}

static int add_row(struct libscols_table *table, const char *const cells[N_COLUMNS])
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (!line || scols_line_set_data(line, i, cells[i]) < 0)
			return -1;
	return 0;
}

static int fill(struct vioc_ctx *ctx, struct libscols_table *table)
{
	struct vioc_system_feature feature = VIOC_SIZED(vioc_system_feature);
	const char *const library[N_COLUMNS] = { "libvioc", "yes", vioc_version(), "this library" };
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (!scols_table_new_column(table, columns[i], 0, 0))
			return -1;
	if (add_row(table, library) < 0)
		return -1;
	for (size_t i = 0; vioc_system_get_feature(ctx, i, &feature) > 0; i++) {
		const char *const cells[N_COLUMNS] = { feature.name, ls_feature_state(&feature),
						       *feature.value ? feature.value : "-",
						       feature.about };
		if (add_row(table, cells) < 0)
			return -1;
	}
	return 0;
}

static int print_features(struct vioc_ctx *ctx, const struct ls_options *options)
{
	struct libscols_table *table = scols_new_table();
	if (!table)
		return -1;
	scols_table_enable_noheadings(table, options->no_headings);
	scols_table_enable_raw(table, options->raw);
	int result = fill(ctx, table);
	if (result == 0)
		result = scols_print_table(table);
	scols_unref_table(table);
	return result < 0 ? -1 : 0;
}

int ls_features(struct vioc_ctx *ctx, const struct ls_options *options)
{
	int result = options->json ? ls_print_features_json(ctx) : print_features(ctx, options);
	if (result == 0 && fflush(stdout) == 0)
		return 0;
	fputs("vioc-ls: the list could not be made or written\n", stderr);
	return LS_ERROR;
}
