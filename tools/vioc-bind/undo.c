// SPDX-License-Identifier: MIT
/*
 * The undo file: a line of heading, then one for each device with what it was before vioc-bind first
 * changed it: address, driver, driver_override; "-" for none. A new file takes the old one's place as a
 * whole, and a lock on the folder keeps two of us from doing that at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind.h"

#define HEADING \
	"# vioc-bind undo 1: address, driver, driver_override of devices before they were changed"

struct entry {
	char name[64];
	char driver[VIOC_BINDING_NAME_SIZE];
	char driver_override[VIOC_BINDING_NAME_SIZE];
};

struct file {
	const char *path;
	int folder; /* locked */
	struct entry *entries;
	size_t n_entries;
};

static int complain(const struct file *file, const char *what)
{
	fprintf(stderr, "vioc-bind: the undo file %s can't be %s: %s\n", file->path, what,
		strerror(errno));
	return BIND_ERROR;
}

static int add_entry(struct file *file, const struct entry *entry)
{
	void *entries = realloc(file->entries, (file->n_entries + 1) * sizeof(*entry));
	if (!entries)
		return complain(file, "read");
	file->entries = entries;
	file->entries[file->n_entries++] = *entry;
	return 0;
}

static struct entry *find(const struct file *file, const char *name)
{
	for (size_t i = 0; i < file->n_entries; i++)
		if (strcmp(file->entries[i].name, name) == 0)
			return &file->entries[i];
	return NULL;
}

/* A word of a line, "-" being none; false if it is too long or missing. */
static bool take_word(char **line, char *word, size_t size)
{
	const char *text = strsep(line, " ");
	if (!text || !*text || strlen(text) >= size)
		return false;
	strcpy(word, strcmp(text, "-") == 0 ? "" : text);
	return true;
}

static bool parse(char *line, struct entry *entry)
{
	return take_word(&line, entry->name, sizeof(entry->name)) && entry->name[0] &&
	       take_word(&line, entry->driver, sizeof(entry->driver)) &&
	       take_word(&line, entry->driver_override, sizeof(entry->driver_override)) && !line;
}

static int read_lines(struct file *file, FILE *stream)
{
	char *line = NULL;
	size_t room = 0, number = 0;
	int status = 0;
	for (ssize_t length; status == 0 && (length = getline(&line, &room, stream)) > 0;) {
		struct entry entry;
		bool is_whole = line[length - 1] == '\n' && strlen(line) == (size_t)length;
		line[length - 1] = '\0';
		bool is_good = is_whole &&
			       (++number == 1 ? strcmp(line, HEADING) == 0 : parse(line, &entry));
		if (!is_good) {
			fprintf(stderr, "vioc-bind: %s: line %zu is none of an undo file\n",
				file->path, number ? number : 1);
			status = BIND_ERROR;
		} else if (number > 1) {
			status = add_entry(file, &entry);
		}
	}
	if (status == 0 && ferror(stream))
		status = complain(file, "read");
	free(line);
	return status;
}

/* Creates the folder, too, where that is only the last part of it. */
static int lock_folder(struct file *file, bool create)
{
	char *copy = strdup(file->path);
	const char *folder = copy ? dirname(copy) : NULL;
	if (folder && create)
		mkdir(folder, 0755);
	file->folder = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(copy);
	if (file->folder < 0 || flock(file->folder, LOCK_EX) < 0)
		return complain(file, "locked");
	return 0;
}

static void close_file(struct file *file)
{
	if (file->folder >= 0)
		close(file->folder);
	free(file->entries);
}

static int open_file(struct file *file, bool create)
{
	int status = lock_folder(file, create);
	if (status != 0)
		return status;
	FILE *stream = fopen(file->path, "re");
	if (!stream)
		return create && errno == ENOENT ? 0 : complain(file, "read");
	status = read_lines(file, stream);
	fclose(stream);
	return status;
}

static void write_word(FILE *stream, const char *word, char end)
{
	fprintf(stream, "%s%c", *word ? word : "-", end);
}

static int write_entries(const struct file *file, FILE *stream)
{
	fprintf(stream, "%s\n", HEADING);
	for (size_t i = 0; i < file->n_entries; i++) {
		write_word(stream, file->entries[i].name, ' ');
		write_word(stream, file->entries[i].driver, ' ');
		write_word(stream, file->entries[i].driver_override, '\n');
	}
	fchmod(fileno(stream), 0644);
	bool complete = !ferror(stream) && fflush(stream) == 0 && fsync(fileno(stream)) == 0;
	return fclose(stream) == 0 && complete ? 0 : -1;
}

static int save(const struct file *file)
{
	char *next;
	if (!file->n_entries)
		return unlink(file->path) < 0 ? complain(file, "removed") : 0;
	if (asprintf(&next, "%s.XXXXXX", file->path) < 0)
		return complain(file, "written");
	int fd = mkostemp(next, O_CLOEXEC);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
	bool written = stream && write_entries(file, stream) == 0 && rename(next, file->path) == 0;
	int status = written ? 0 : complain(file, "written");
	if (fd >= 0 && !written)
		unlink(next);
	free(next);
	return status;
}

static bool is_named(const struct entry *entry, char **names)
{
	for (size_t i = 0; names[i]; i++)
		if (strcasecmp(entry->name, names[i]) == 0 ||
		    (strncmp(entry->name, "0000:", 5) == 0 &&
		     strcasecmp(entry->name + 5, names[i]) == 0))
			return true;
	return !names[0];
}

static int plan_entries(struct bind_plan *plan, const struct file *file, char **names)
{
	/* Last changed, first restored. */
	for (size_t i = file->n_entries; i-- > 0;) {
		const struct entry *entry = &file->entries[i];
		if (!is_named(entry, names))
			continue;
		struct bind_device *device = bind_add_device(plan, entry->name);
		if (!device)
			return BIND_ERROR;
		strcpy(device->wanted.driver, entry->driver);
		strcpy(device->wanted.driver_override, entry->driver_override);
	}
	if (!plan->n_devices) {
		fprintf(stderr, "vioc-bind: %s has no such device\n", file->path);
		return BIND_NO_DEVICE;
	}
	return 0;
}

int bind_read_undo(struct bind_plan *plan, char **names)
{
	struct file file = { .path = plan->options->undo_file, .folder = -1 };
	int status = open_file(&file, false);
	if (status == 0)
		status = plan_entries(plan, &file, names);
	close_file(&file);
	return status;
}

int bind_write_undo(struct bind_plan *plan)
{
	struct file file = { .path = plan->options->undo_file, .folder = -1 };
	int status = open_file(&file, true);
	for (size_t i = 0; status == 0 && i < plan->n_devices; i++) {
		struct bind_device *device = &plan->devices[i];
		struct entry entry = { 0 };
		if (device->result != BIND_PLANNED || find(&file, device->name))
			continue;
		strcpy(entry.name, device->name);
		strcpy(entry.driver, device->before.driver);
		strcpy(entry.driver_override, device->before.driver_override);
		status = add_entry(&file, &entry);
		device->is_noted = true;
	}
	if (status == 0 && file.n_entries)
		status = save(&file);
	close_file(&file);
	return status;
}

static bool is_as_it_was(const struct bind_plan *plan, const struct bind_device *device)
{
	if (plan->options->action == BIND_UNDO)
		return true;
	return device->is_noted && device->result != BIND_IS_LOST;
}

int bind_trim_undo(const struct bind_plan *plan)
{
	struct file file = { .path = plan->options->undo_file, .folder = -1 };
	int status = open_file(&file, false);
	for (size_t i = 0; status == 0 && i < plan->n_devices; i++) {
		struct entry *entry = find(&file, plan->devices[i].name);
		if (!entry || !is_as_it_was(plan, &plan->devices[i]))
			continue;
		struct entry *end = &file.entries[file.n_entries--];
		memmove(entry, entry + 1, (size_t)((char *)end - (char *)(entry + 1)));
	}
	if (status == 0)
		status = save(&file);
	close_file(&file);
	return status;
}
