// SPDX-License-Identifier: MIT
/* Lists PCI devices by what VFIO can do with them. Reads only. */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "ls.h"
#include "safely.h"

static bool is_named(const char *name, const char *address)
{
	if (strcasecmp(name, address) == 0)
		return true;
	return strncmp(address, "0000:", 5) == 0 && strcasecmp(name, address + 5) == 0;
}

bool ls_is_named(const char *address, char **names)
{
	for (size_t i = 0; names[i]; i++)
		if (is_named(names[i], address))
			return true;
	return false;
}

static bool is_wanted(const struct ls_options *options, const struct vioc_found_device *device,
		      char **names)
{
	bool is_ready = device->reason == VIOC_REASON_NONE;
	if (options->only_ready && !is_ready)
		return false;
	if (options->only_blocked && (is_ready || !(device->flags & VIOC_FOUND_VFIO)))
		return false;
	if (options->class && !ls_class_matches(options->class, device->class_code))
		return false;
	return !names[0] || ls_is_named(device->name, names);
}

/* Takes those that are wanted out of the enumerator. -ENOMEM. */
static int choose(struct ls_picture *picture, const struct ls_options *options, char **names)
{
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	size_t room = 0;
	for (size_t i = 0; vioc_enumerator_get_device(picture->enumerator, i, &device) > 0; i++) {
		if (!is_wanted(options, &device, names))
			continue;
		if (picture->n_devices == room) {
			room = room ? 2 * room : 64;
			void *devices = realloc(picture->devices, room * sizeof(device));
			if (!devices)
				return -ENOMEM;
			picture->devices = devices;
		}
		picture->devices[picture->n_devices++] = device;
	}
	return 0;
}

/* All groups and units, for those who look at them device by device. -ENOMEM. */
static int take_places(struct ls_picture *picture)
{
	struct vioc_found_group group = VIOC_SIZED(vioc_found_group);
	struct vioc_found_unit unit = VIOC_SIZED(vioc_found_unit);
	while (vioc_enumerator_get_group(picture->enumerator, picture->n_groups, &group) > 0)
		picture->n_groups++;
	while (vioc_enumerator_get_unit(picture->enumerator, picture->n_units, &unit) > 0)
		picture->n_units++;
	picture->groups = calloc(picture->n_groups + 1, sizeof(group));
	picture->units = calloc(picture->n_units + 1, sizeof(unit));
	if (!picture->groups || !picture->units)
		return -ENOMEM;
	for (size_t i = 0; i < picture->n_groups; i++) {
		picture->groups[i].size = sizeof(group);
		vioc_enumerator_get_group(picture->enumerator, i, &picture->groups[i]);
	}
	for (size_t i = 0; i < picture->n_units; i++) {
		picture->units[i].size = sizeof(unit);
		vioc_enumerator_get_unit(picture->enumerator, i, &picture->units[i]);
	}
	return 0;
}

int ls_take_picture(struct vioc_ctx *ctx, const struct ls_options *options, char **names,
		    struct ls_picture *picture)
{
	picture->options = options;
	int error = vioc_enumerator_new(ctx, &options->filter, &picture->enumerator);
	if (error == 0)
		error = choose(picture, options, names);
	return error == 0 ? take_places(picture) : error;
}

void ls_drop_picture(struct ls_picture *picture)
{
	free(picture->devices);
	free(picture->groups);
	free(picture->units);
	vioc_enumerator_unref(picture->enumerator);
}

/* Says which of the named ones are missing; the exit status. */
static int check_names(const struct ls_picture *picture, char **names)
{
	size_t found = 0, n = 0;
	for (; names[n]; n++) {
		size_t i = 0;
		while (i < picture->n_devices && !is_named(names[n], picture->devices[i].name))
			i++;
		if (i < picture->n_devices)
			found++;
		else
			fprintf(stderr, "vioc-ls: there is no device %s\n", names[n]);
	}
	return found == n ? 0 : found ? LS_SOME_FOUND : LS_NONE_FOUND;
}

void ls_print_safely(const char *text)
{
	print_safely(stdout, text);
}

int ls_complain(struct vioc_ctx *ctx, int error)
{
	uint32_t reason = complain(ctx, "vioc-ls: ", error, stderr);
	return reason == VIOC_REASON_BAD_ARGUMENT ? LS_USAGE : LS_ERROR;
}

static int print_picture(const struct ls_picture *picture, const struct ls_options *options)
{
	if (options->json)
		return ls_print_json(picture);
	if (options->view == LS_UNITS)
		return ls_print_units(picture, options);
	return ls_print_table(picture, options);
}

static int list(struct vioc_ctx *ctx, const struct ls_options *options, char **names)
{
	struct ls_picture picture = { 0 };
	int error = ls_take_picture(ctx, options, names, &picture);
	if (error < 0) {
		ls_drop_picture(&picture);
		return ls_complain(ctx, error);
	}
	error = print_picture(&picture, options);
	if (error == 0 && fflush(stdout) != 0)
		error = -1;
	if (error < 0)
		fprintf(stderr, "vioc-ls: the list could not be made or written\n");
	int status = error < 0 ? LS_ERROR : check_names(&picture, names);
	ls_drop_picture(&picture);
	return status;
}

static int run(struct vioc_ctx *ctx, const struct ls_options *options, char **names)
{
	if (options->why)
		return ls_why(ctx, options, options->why);
	if (options->watch)
		return ls_watch(ctx, options, names);
	if (options->features)
		return ls_features(ctx, options);
	return list(ctx, options, names);
}

int main(int argc, char **argv)
{
	struct ls_options options = { 0 };
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_ctx *ctx;
	setlocale(LC_ALL, "");
	ls_parse(&options, argc, argv);
	opts.sysroot = options.sysroot;
	int error = vioc_ctx_new(&opts, &ctx);
	if (error < 0) {
		fprintf(stderr, "vioc-ls: %s\n", strerror(-error));
		return LS_ERROR;
	}
	int status = run(ctx, &options, argv + optind);
	vioc_ctx_unref(ctx);
	return status;
}
