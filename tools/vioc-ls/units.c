// SPDX-License-Identifier: MIT
/* IOMMU units, and their registers field by field. */
#include <inttypes.h>
#include <libsmartcols.h>
#include <string.h>

#include "ls.h"

static const struct {
	const char *name;
	int flags;
} unit_columns[] = {
	{ "IOMMU", 0 },
	{ "KIND", 0 },
	{ "DEVICE", 0 },
	{ "VERSION", 0 },
	{ "DOMAINS", SCOLS_FL_RIGHT },
	{ "SUMMARY", SCOLS_FL_TRUNC },
};

#define N_COLUMNS (sizeof(unit_columns) / sizeof(unit_columns[0]))

static int add_unit(struct libscols_table *table, const struct vioc_found_unit *unit)
{
	char domains[48] = "-", summary[256];
	if (unit->max_domains)
		snprintf(domains, sizeof(domains), "%" PRIu64 "/%" PRIu64, unit->n_domains,
			 unit->max_domains);
	ls_summarize(unit, summary, sizeof(summary));
	const char *cells[N_COLUMNS] = {
		unit->name,
		vioc_unit_kind_name(unit->kind),
		unit->device ? unit->device : "-",
		unit->version ? unit->version : "-",
		domains,
		*summary ? summary : "-",
	};
	struct libscols_line *line = scols_table_new_line(table, NULL);
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (!line || scols_line_set_data(line, i, cells[i]) < 0)
			return -1;
	return 0;
}

static int fill(struct libscols_table *table, const struct ls_picture *picture)
{
	struct vioc_found_unit unit = VIOC_SIZED(vioc_found_unit);
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (!scols_table_new_column(table, unit_columns[i].name, 0, unit_columns[i].flags))
			return -1;
	for (size_t i = 0; vioc_enumerator_get_unit(picture->enumerator, i, &unit) > 0; i++)
		if (add_unit(table, &unit) < 0)
			return -1;
	return 0;
}

static void print_registers(const struct vioc_found_unit *unit)
{
	struct vioc_unit_field field;
	const char *last = NULL;
	uint32_t n = 0;
	for (size_t i = 0;
	     vioc_unit_decode(unit->kind, unit->registers, unit->n_registers, i, &field) > 0; i++) {
		if (field.reg != last) {
			fputs(i ? "" : "\n", stdout);
			ls_print_safely(unit->name);
			printf(" %s 0x%016" PRIx64 "\n", field.reg, unit->registers[n++]);
		}
		last = field.reg;
		printf("  %-14s %6" PRIu64 "  %s\n", field.name, field.value, field.about);
	}
}

void ls_summarize(const struct vioc_found_unit *unit, char *text, size_t size)
{
	if (vioc_unit_summarize(unit->kind, unit->registers, unit->n_registers, text, size) < 0)
		*text = '\0';
}

int ls_print_units(const struct ls_picture *picture, const struct ls_options *options)
{
	struct vioc_found_unit unit = VIOC_SIZED(vioc_found_unit);
	struct libscols_table *table = scols_new_table();
	if (!table)
		return -1;
	scols_table_enable_noheadings(table, options->no_headings);
	scols_table_enable_raw(table, options->raw);
	int result = fill(table, picture);
	if (result == 0)
		result = scols_print_table(table);
	scols_unref_table(table);
	for (size_t i = 0; result == 0 && options->verbose &&
			   vioc_enumerator_get_unit(picture->enumerator, i, &unit) > 0;
	     i++)
		print_registers(&unit);
	return result < 0 ? -1 : 0;
}
