// SPDX-License-Identifier: MIT
/*
 * A bundle as bytes: counts, a record for each fd, and for each address space a record followed by
 * its ranges and mappings. Of fixed widths, in the byte order of the machine, which both ends are
 * on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fds/bundle.h"

struct wire_counts {
	uint32_t n_fds;
	uint32_t n_spaces;
};

struct wire_fd {
	uint64_t flags;
	uint32_t kind;
	uint32_t group;
	uint32_t space;
	uint32_t reserved;
	char device[64];
};

struct wire_space {
	uint32_t backend;
	uint32_t id;
	uint64_t n_ranges;
	uint64_t n_mappings;
};

/* struct vioc_iova_range and vioci_shared_mapping go as they are. */
_Static_assert(sizeof(struct wire_fd) == 88, "no padding");
_Static_assert(sizeof(struct vioc_iova_range) == 16, "no padding");
_Static_assert(sizeof(struct vioci_shared_mapping) == 24, "no padding");

size_t vioci_content_size(const struct vioci_content *content)
{
	size_t size = sizeof(struct wire_counts) + content->n_fds * sizeof(struct wire_fd);
	for (size_t i = 0; i < content->n_spaces; i++) {
		const struct vioci_shared *space = &content->spaces[i];
		size += sizeof(struct wire_space) + space->n_ranges * sizeof(*space->ranges) +
			space->n_mappings * sizeof(*space->mappings);
	}
	return size;
}

static void put(unsigned char **at, const void *data, size_t size)
{
	if (size)
		memcpy(*at, data, size);
	*at += size;
}

void vioci_content_write(const struct vioci_content *content, unsigned char *bytes)
{
	const struct wire_counts counts = {
		.n_fds = (uint32_t)content->n_fds,
		.n_spaces = (uint32_t)content->n_spaces,
	};
	put(&bytes, &counts, sizeof(counts));
	for (size_t i = 0; i < content->n_fds; i++) {
		const struct vioc_bundle_fd *fd = &content->fds[i];
		struct wire_fd wire = {
			.flags = fd->flags,
			.kind = fd->kind,
			.group = fd->group,
			.space = fd->space,
		};
		memcpy(wire.device, fd->device, sizeof(wire.device));
		put(&bytes, &wire, sizeof(wire));
	}
	for (size_t i = 0; i < content->n_spaces; i++) {
		const struct vioci_shared *space = &content->spaces[i];
		const struct wire_space wire = {
			.backend = space->backend,
			.id = space->id,
			.n_ranges = space->n_ranges,
			.n_mappings = space->n_mappings,
		};
		put(&bytes, &wire, sizeof(wire));
		put(&bytes, space->ranges, space->n_ranges * sizeof(*space->ranges));
		put(&bytes, space->mappings, space->n_mappings * sizeof(*space->mappings));
	}
}

/* What is left to be read, and the first mistake that was met. */
struct reader {
	const unsigned char *bytes;
	size_t left;
	const char *mistake;
};

static int fail(struct reader *reader, const char *mistake)
{
	reader->mistake = mistake;
	return -EBADMSG;
}

static int get(struct reader *reader, void *data, size_t size)
{
	if (size > reader->left)
		return fail(reader, "it ends early");
	memcpy(data, reader->bytes, size);
	reader->bytes += size;
	reader->left -= size;
	return 0;
}

/*
 * An array whose length the message says, so that it may not be believed before its bytes are
 * there.
 */
static int get_array(struct reader *reader, uint64_t count, size_t size, void **ret_array)
{
	if (count > reader->left / size)
		return fail(reader, "it ends early");
	void *array = malloc(count ? count * size : 1);
	if (!array)
		return -ENOMEM;
	*ret_array = array;
	return get(reader, array, count * size);
}

/* Whether it can be the name of a device, or is empty. */
static bool is_device(const char device[64])
{
	size_t length = strnlen(device, 64);
	for (size_t i = 0; i < length; i++)
		if (device[i] <= ' ' || device[i] > '~' || device[i] == '/')
			return false;
	for (size_t i = length; i < 64; i++)
		if (device[i])
			return false;
	return length < 64;
}

static int parse_fd(struct reader *reader, struct vioci_content *content, uint32_t n_spaces)
{
	struct wire_fd wire;
	int error = get(reader, &wire, sizeof(wire));
	if (error < 0)
		return error;
	bool of_device = vioci_fd_is_of_device(wire.kind);
	if (!wire.kind || wire.kind > VIOC_FD_DEVICE)
		return fail(reader, "an fd is of no known kind");
	if ((wire.flags & ~(VIOC_FD_IN_USE | VIOC_FD_IN_GROUP)) || wire.reserved)
		return fail(reader, "an fd has unknown flags");
	if (wire.space != VIOC_BUNDLE_NO_SPACE && wire.space >= n_spaces)
		return fail(reader, "an fd is of an address space that is not there");
	if (!is_device(wire.device) || of_device != (wire.device[0] != '\0'))
		return fail(reader, "an fd has no device's name, or one without being a device");
	struct vioc_bundle_fd *fd = vioci_content_add_fd(content);
	if (!fd)
		return -ENOMEM;
	fd->flags = wire.flags;
	fd->kind = wire.kind;
	fd->group = wire.group;
	fd->space = wire.space;
	memcpy(fd->device, wire.device, sizeof(fd->device));
	return 0;
}

static int check_ranges(struct reader *reader, const struct vioci_shared *space)
{
	for (uint64_t i = 0; i < space->n_ranges; i++) {
		const struct vioc_iova_range *range = &space->ranges[i];
		if (range->last < range->start || (i && range->start <= range[-1].last))
			return fail(reader, "the usable ranges are not in order");
	}
	return 0;
}

static int check_mappings(struct reader *reader, const struct vioci_shared *space)
{
	uint64_t before = 0;
	for (uint64_t i = 0; i < space->n_mappings; i++) {
		const struct vioci_shared_mapping *mapping = &space->mappings[i];
		uint64_t last = mapping->iova + (mapping->length - 1);
		if (!mapping->length || last < mapping->iova ||
		    ((mapping->iova | mapping->length) & 0xfff))
			return fail(reader, "a mapping is empty, wraps, or is not of whole pages");
		if (i && mapping->iova <= before)
			return fail(reader, "the mappings are not in order");
		if (!mapping->prot || (mapping->prot & ~(VIOC_MAP_READ | VIOC_MAP_WRITE)))
			return fail(reader, "a mapping has unknown flags, or none");
		before = last;
	}
	return 0;
}

/* NULL: no backend, or several. */
static const struct vioci_backend_ops *find_ops(uint32_t backend)
{
	const struct vioci_backend_ops *const *candidates = vioci_backend_candidates(backend);
	return candidates && !candidates[1] ? candidates[0] : NULL;
}

static int parse_space(struct reader *reader, struct vioci_content *content)
{
	struct wire_space wire;
	void *array;
	int error = get(reader, &wire, sizeof(wire));
	if (error < 0)
		return error;
	const struct vioci_backend_ops *ops = find_ops(wire.backend);
	if (!ops || (wire.id != 0) != ops->by_cdev)
		return fail(reader, "an address space is of no known backend, or its id is wrong");
	struct vioci_shared *space = vioci_content_add_space(content);
	if (!space)
		return -ENOMEM;
	space->backend = wire.backend;
	space->id = wire.id;
	error = get_array(reader, wire.n_ranges, sizeof(*space->ranges), &array);
	if (error < 0)
		return error;
	space->ranges = array;
	space->n_ranges = wire.n_ranges;
	error = get_array(reader, wire.n_mappings, sizeof(*space->mappings), &array);
	if (error < 0)
		return error;
	space->mappings = array;
	space->n_mappings = wire.n_mappings;
	error = check_ranges(reader, space);
	return error < 0 ? error : check_mappings(reader, space);
}

/* Each address space has its fd: all one iommufd, or, in order, a container each. */
static int check_whole(struct reader *reader, const struct vioci_content *content)
{
	size_t n_containers = 0;
	if (!content->n_spaces)
		return 0;
	uint32_t backend = content->spaces[0].backend;
	bool by_id = content->spaces[0].id != 0;
	uint32_t kind = find_ops(backend)->node_kind;
	for (size_t i = 0; i < content->n_spaces; i++)
		if (content->spaces[i].backend != backend)
			return fail(reader, "its address spaces are of several backends");
	for (size_t i = 0; i < content->n_fds; i++) {
		const struct vioc_bundle_fd *fd = &content->fds[i];
		if (fd->kind != VIOC_FD_CONTAINER && fd->kind != VIOC_FD_IOMMUFD)
			continue;
		if (fd->kind != kind || fd->space != (by_id ? VIOC_BUNDLE_NO_SPACE : n_containers))
			return fail(reader, "the containers are not those of its address spaces");
		n_containers++;
	}
	return n_containers == (by_id ? 1 : content->n_spaces)
		       ? 0
		       : fail(reader, "an address space has no container");
}

static int parse(struct reader *reader, size_t n_fds, struct vioci_content *content)
{
	struct wire_counts counts;
	int error = get(reader, &counts, sizeof(counts));
	if (error == 0 && counts.n_fds != n_fds)
		error = fail(reader, "it has more or fewer fds than it says");
	if (error == 0 &&
	    (counts.n_fds > VIOCI_BUNDLE_FDS || counts.n_spaces > VIOCI_BUNDLE_SPACES))
		error = fail(reader, "it has too many fds or address spaces");
	for (uint32_t i = 0; error == 0 && i < counts.n_fds; i++)
		error = parse_fd(reader, content, counts.n_spaces);
	for (uint32_t i = 0; error == 0 && i < counts.n_spaces; i++)
		error = parse_space(reader, content);
	if (error == 0 && reader->left)
		error = fail(reader, "something follows its end");
	return error < 0 ? error : check_whole(reader, content);
}

int vioci_content_parse(const unsigned char *bytes, size_t length, size_t n_fds,
			struct vioci_content *ret_content, const char **ret_mistake)
{
	struct reader reader = { .bytes = bytes, .left = length };
	struct vioci_content content = { 0 };
	int error = parse(&reader, n_fds, &content);
	if (error == 0) {
		*ret_content = content;
		return 0;
	}
	/* None of its fds is one yet. */
	vioci_content_free(NULL, &content);
	*ret_mistake = reader.mistake;
	return error;
}
