// SPDX-License-Identifier: MIT
/* Which devices are asked for, in the grammar of lspci(8). */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "discover/discover.h"

/*
 * Reads a hexadecimal number up to the end of the text, or "*" or nothing, which are VIOCI_ANY.
 * -EINVAL: neither, or larger than max.
 */
static int parse_number(const char *text, size_t length, uint32_t max, uint32_t *ret_number)
{
	uint32_t number = 0;
	if (length == 0 || (length == 1 && *text == '*')) {
		*ret_number = VIOCI_ANY;
		return 0;
	}
	if (length > 8)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int c = tolower((unsigned char)text[i]);
		if (!isxdigit(c))
			return -EINVAL;
		number = number << 4 | (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	if (number > max)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

/* Cuts what is up to the last such character off the text: [domain:]bus: of an address. */
static size_t before_last(const char *text, size_t length, char separator)
{
	while (length && text[length - 1] != separator)
		length--;
	return length;
}

static int parse_slot(const char *text, struct vioci_filter *filter)
{
	size_t length = strlen(text), bus_end = before_last(text, length, ':');
	const char *slot = text + bus_end, *dot = strchr(slot, '.');
	size_t slot_length = dot ? (size_t)(dot - slot) : strlen(slot);

	if (parse_number(slot, slot_length, 0x1f, &filter->slot) < 0)
		return -EINVAL;
	if (dot && parse_number(dot + 1, strlen(dot + 1), 7, &filter->function) < 0)
		return -EINVAL;
	if (!bus_end)
		return 0;
	size_t domain_end = before_last(text, bus_end - 1, ':');
	if (parse_number(text + domain_end, bus_end - 1 - domain_end, 0xff, &filter->bus) < 0)
		return -EINVAL;
	/* One that doesn't say the domain means the first, where nearly all are. */
	if (!domain_end) {
		filter->domain = filter->bus == VIOCI_ANY ? VIOCI_ANY : 0;
		return 0;
	}
	return parse_number(text, domain_end - 1, UINT32_MAX - 1, &filter->domain);
}

static int parse_id(const char *text, struct vioci_filter *filter)
{
	size_t vendor = strcspn(text, ":");
	if (!text[vendor])
		return -EINVAL;
	const char *rest = text + vendor + 1;
	size_t device = strcspn(rest, ":");
	const char *class = rest[device] ? rest + device + 1 : "";
	if (parse_number(text, vendor, 0xffff, &filter->vendor) < 0 ||
	    parse_number(rest, device, 0xffff, &filter->device) < 0)
		return -EINVAL;
	return parse_number(class, strlen(class), 0xffff, &filter->class);
}

int vioci_filter_parse(struct vioc_ctx *ctx, const struct vioc_enumerator_opts *opts,
		       struct vioci_filter *ret_filter)
{
	struct vioci_filter filter = { VIOCI_ANY, VIOCI_ANY, VIOCI_ANY, VIOCI_ANY,
				       VIOCI_ANY, VIOCI_ANY, VIOCI_ANY, opts };
	if (opts->slot && parse_slot(opts->slot, &filter) < 0)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "list devices",
				  "\"%s\" is no PCI address: [[[domain]:]bus:][device][.function], "
				  "in hexadecimal",
				  opts->slot);
	if (opts->id && parse_id(opts->id, &filter) < 0)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "list devices",
				  "\"%s\" is no ID: [vendor]:[device][:class], in hexadecimal",
				  opts->id);
	*ret_filter = filter;
	return 0;
}

static bool is(uint32_t wanted, uint64_t value)
{
	return wanted == VIOCI_ANY || wanted == value;
}

bool vioci_filter_match(const struct vioci_filter *filter, const struct vioci_found *found)
{
	const struct vioc_found_device *device = &found->device;
	const struct vioc_enumerator_opts *opts = filter->opts;
	if ((device->flags & VIOC_FOUND_BRIDGE) && !(opts->flags & VIOC_ENUMERATE_BRIDGES))
		return false;
	if (opts->driver && strcmp(opts->driver, device->driver ? device->driver : "") != 0)
		return false;
	if ((opts->flags & VIOC_ENUMERATE_GROUP) &&
	    (!(device->flags & VIOC_FOUND_GROUP) || device->group != opts->group))
		return false;
	return is(filter->function, found->key & 7) && is(filter->slot, found->key >> 3 & 0x1f) &&
	       is(filter->bus, found->key >> 8 & 0xff) && is(filter->domain, found->key >> 16) &&
	       is(filter->vendor, device->vendor) && is(filter->device, device->device) &&
	       is(filter->class, device->class_code >> 8);
}
