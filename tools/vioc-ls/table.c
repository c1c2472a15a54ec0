// SPDX-License-Identifier: MIT
/* Tables and trees. Libsmartcols escapes what would harm a terminal. */
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "ls.h"

struct printer {
	const struct ls_picture *picture;
	const struct ls_options *options;
	struct libscols_table *table;
	size_t columns[LS_MAX_COLUMNS];
	size_t n_columns;
	struct libscols_line **lines; /* of the devices, where they may be parents */
};

static const char *colour_of(const struct vioc_found_device *device)
{
	switch (device->reason) {
	case VIOC_REASON_NONE:
		return "green";
	case VIOC_REASON_NOIOMMU:
	case VIOC_REASON_IS_IOMMU:
		return "red";
	case VIOC_REASON_SIBLING_BOUND:
	case VIOC_REASON_BYPASS:
		return "yellow";
	default:
		return NULL;
	}
}

/* One cell; NULL data leaves it empty. */
static int set_cell(struct printer *printer, struct libscols_line *line, size_t cell,
		    const struct vioc_found_device *device)
{
	const struct ls_column *column = &ls_columns[printer->columns[cell]];
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return -1;
	column->write(out, device, printer->picture);
	if (fclose(out) != 0 || !text) {
		free(text);
		return -1;
	}
	if (!length) {
		free(text);
		return scols_line_set_data(line, cell, printer->options->raw ? NULL : "-");
	}
	if (scols_line_refer_data(line, cell, text) < 0) {
		free(text);
		return -1;
	}
	if (printer->options->colour && strcmp(column->name, "STATE") == 0)
		scols_cell_set_color(scols_line_get_cell(line, cell), colour_of(device));
	return 0;
}

static struct libscols_line *add_device(struct printer *printer, struct libscols_line *parent,
					const struct vioc_found_device *device)
{
	struct libscols_line *line = scols_table_new_line(printer->table, parent);
	if (!line)
		return NULL;
	for (size_t i = 0; i < printer->n_columns; i++)
		if (set_cell(printer, line, i, device) < 0)
			return NULL;
	return line;
}

static struct libscols_line *add_heading(struct printer *printer, struct libscols_line *parent,
					 const char *text)
{
	struct libscols_line *line = scols_table_new_line(printer->table, parent);
	if (!line || scols_line_set_data(line, 0, text) < 0)
		return NULL;
	return line;
}

static int fill_table(struct printer *printer)
{
	for (size_t i = 0; i < printer->picture->n_devices; i++)
		if (!add_device(printer, NULL, &printer->picture->devices[i]))
			return -1;
	return 0;
}

/* An order by unit and group; devices without come last. */
static int compare_places(const void *a, const void *b)
{
	const struct vioc_found_device *left = *(const struct vioc_found_device *const *)a;
	const struct vioc_found_device *right = *(const struct vioc_found_device *const *)b;
	int order = !left->unit - !right->unit;
	if (order == 0 && left->unit)
		order = strcmp(left->unit, right->unit);
	if (order == 0)
		order = !(left->flags & VIOC_FOUND_GROUP) - !(right->flags & VIOC_FOUND_GROUP);
	if (order == 0)
		order = (left->group > right->group) - (left->group < right->group);
	/* They are in one array, by address. */
	return order ? order : (left > right) - (left < right);
}

static bool same_unit(const struct vioc_found_device *a, const struct vioc_found_device *b)
{
	return a && (a->unit && b->unit ? strcmp(a->unit, b->unit) == 0 : a->unit == b->unit);
}

static bool same_group(const struct vioc_found_device *a, const struct vioc_found_device *b)
{
	return (a->flags & VIOC_FOUND_GROUP) == (b->flags & VIOC_FOUND_GROUP) &&
	       a->group == b->group;
}

static int fill_places(struct printer *printer, struct vioc_found_device **order)
{
	struct libscols_line *unit = NULL, *group = NULL;
	const struct vioc_found_device *last = NULL;
	for (size_t i = 0; i < printer->picture->n_devices; i++) {
		const struct vioc_found_device *device = order[i];
		bool unit_stays = same_unit(last, device);
		char text[32];
		if (!unit_stays)
			unit = add_heading(printer, NULL, device->unit ? device->unit : "no IOMMU");
		if (!unit_stays || !same_group(last, device)) {
			snprintf(text, sizeof(text), "group %" PRIu32, device->group);
			group = device->flags & VIOC_FOUND_GROUP ? add_heading(printer, unit, text)
								 : unit;
		}
		if (!unit || !group || !add_device(printer, group, device))
			return -1;
		last = device;
	}
	return 0;
}

/* By unit, group, device. */
static int fill_tree(struct printer *printer)
{
	size_t n = printer->picture->n_devices;
	struct vioc_found_device **order = calloc(n + 1, sizeof(*order));
	if (!order)
		return -1;
	for (size_t i = 0; i < n; i++)
		order[i] = &printer->picture->devices[i];
	qsort(order, n, sizeof(*order), compare_places);
	int result = fill_places(printer, order);
	free(order);
	return result;
}

static int compare_names(const void *key, const void *element)
{
	return strcmp(key, ((const struct vioc_found_device *)element)->name);
}

/* The device's line, made after that of the bridge above it. A made-up tree may have a loop. */
static struct libscols_line *place_below(struct printer *printer, size_t index, unsigned int depth)
{
	const struct ls_picture *picture = printer->picture;
	const struct vioc_found_device *device = &picture->devices[index];
	struct libscols_line *above = NULL;
	if (printer->lines[index])
		return printer->lines[index];
	const struct vioc_found_device *bridge =
		device->parent && depth < 256
			? bsearch(device->parent, picture->devices, picture->n_devices,
				  sizeof(*bridge), compare_names)
			: NULL;
	if (bridge) {
		above = place_below(printer, (size_t)(bridge - picture->devices), depth + 1);
		if (!above)
			return NULL;
	}
	if (!printer->lines[index])
		printer->lines[index] = add_device(printer, above, device);
	return printer->lines[index];
}

/* By bridge. */
static int fill_topology(struct printer *printer)
{
	size_t n = printer->picture->n_devices;
	int result = 0;
	printer->lines = calloc(n + 1, sizeof(struct libscols_line *));
	if (!printer->lines)
		return -1;
	for (size_t i = 0; result == 0 && i < n; i++)
		result = place_below(printer, i, 0) ? 0 : -1;
	free(printer->lines);
	return result;
}

static const struct {
	const char *name;
	int flags;
} holder_columns[] = {
	{ "ADDRESS", 0 }, { "NODE", 0 }, { "BY", 0 }, { "PID", SCOLS_FL_RIGHT }, { "COMMAND", 0 }
};

#define N_HOLDER_COLUMNS (sizeof(holder_columns) / sizeof(holder_columns[0]))

static int add_holder(struct printer *printer, const struct vioc_found_device *device,
		      const struct vioc_holder *holder)
{
	struct libscols_line *line = scols_table_new_line(printer->table, NULL);
	char pid[16];
	snprintf(pid, sizeof(pid), "%" PRIu32, holder->pid);
	const char *by = holder->flags & VIOC_HOLDER_MAPPED ? "mapping" : "fd";
	const char *cells[N_HOLDER_COLUMNS] = { device->name, holder->node, by, pid,
						holder->command };
	for (size_t i = 0; i < N_HOLDER_COLUMNS; i++)
		if (!line || scols_line_set_data(line, i, cells[i]) < 0)
			return -1;
	return 0;
}

/* Device to process. */
static int fill_holders(struct printer *printer)
{
	for (size_t i = 0; i < printer->picture->n_devices; i++) {
		const struct vioc_found_device *device = &printer->picture->devices[i];
		for (size_t j = 0; j < device->n_holders; j++)
			if (add_holder(printer, device, &device->holders[j]) < 0)
				return -1;
	}
	return 0;
}

static int add_columns(struct printer *printer)
{
	const struct ls_options *options = printer->options;
	bool is_tree = options->view == LS_TREE || options->view == LS_TOPOLOGY;
	for (size_t i = 0; options->view == LS_HOLDERS && i < N_HOLDER_COLUMNS; i++)
		if (!scols_table_new_column(printer->table, holder_columns[i].name, 0,
					    holder_columns[i].flags))
			return -1;
	for (size_t i = 0; options->view != LS_HOLDERS && i < printer->n_columns; i++) {
		const struct ls_column *column = &ls_columns[printer->columns[i]];
		int flags = is_tree && i == 0 ? SCOLS_FL_TREE : column->flags;
		if (!scols_table_new_column(printer->table, column->name, 0, flags))
			return -1;
	}
	return 0;
}

static int fill(struct printer *printer)
{
	switch (printer->options->view) {
	case LS_TREE:
		return fill_tree(printer);
	case LS_TOPOLOGY:
		return fill_topology(printer);
	case LS_HOLDERS:
		return fill_holders(printer);
	default:
		return fill_table(printer);
	}
}

int ls_print_table(const struct ls_picture *picture, const struct ls_options *options)
{
	struct printer printer = { .picture = picture, .options = options };
	int n = ls_columns_parse(options->columns, printer.columns);
	printer.n_columns = n > 0 ? (size_t)n : 0;
	printer.table = scols_new_table();
	if (!printer.table)
		return -1;
	scols_table_enable_noheadings(printer.table, options->no_headings);
	scols_table_enable_raw(printer.table, options->raw);
	scols_table_enable_colors(printer.table, options->colour);
	int result = add_columns(&printer);
	if (result == 0)
		result = fill(&printer);
	if (result == 0)
		result = scols_print_table(printer.table);
	scols_unref_table(printer.table);
	return result < 0 ? -1 : 0;
}
