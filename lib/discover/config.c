// SPDX-License-Identifier: MIT
/* Config space as sysfs has it. Reading it would wake a device that sleeps, so that is left alone. */
#include <stdio.h>
#include <string.h>

#include "discover/config.h"

#define EXTENDED_START 0x100
#define EXTENDED_END   0x1000
#define ID_ACS	       0x000d
#define ACS_CONTROL    6 /* from the start of the capability */

bool vioci_is_suspended(const struct vioci_sys *here)
{
	char text[32];
	return vioci_sys_read_text(here, "power/runtime_status", text, sizeof(text)) == 0 &&
	       strcmp(text, "suspended") == 0;
}

/* How many bytes there were. */
static size_t read_config(const struct vioci_sys *here, void *buf, size_t size)
{
	ssize_t used =
		vioci_is_suspended(here) ? 0 : vioci_sys_read_bytes(here, "config", buf, size);
	return used > 0 ? (size_t)used : 0;
}

bool vioci_config_is_gone(const struct vioci_sys *here)
{
	uint32_t ids;
	return read_config(here, &ids, sizeof(ids)) == sizeof(ids) && ids == UINT32_MAX;
}

static uint32_t get(const uint8_t *config, size_t offset, size_t size)
{
	uint32_t value = 0;
	for (size_t i = size; i > 0; i--)
		value = value << 8 | config[offset + i - 1];
	return value;
}

/* Where the extended capability is; 0: nowhere. Each is looked at once at most, should they form a ring. */
static size_t find_extended(const uint8_t *config, size_t size, uint16_t id)
{
	size_t offset = EXTENDED_START;
	for (int i = 0; i < (EXTENDED_END - EXTENDED_START) / 4; i++) {
		if (offset < EXTENDED_START || offset + 8 > size)
			return 0;
		uint32_t header = get(config, offset, 4);
		if ((header & 0xffff) == id)
			return offset;
		offset = header >> 20 & ~3u;
	}
	return 0;
}

bool vioci_config_acs(const struct vioci_sys *here, char ret_text[VIOCI_ACS_SIZE])
{
	static const char *const names[] = { "sv", "tb", "rr", "cr", "uf", "ec", "dt" };
	uint8_t config[EXTENDED_END];
	size_t size = read_config(here, config, sizeof(config)), used = 0;
	size_t offset = find_extended(config, size, ID_ACS);
	if (!offset)
		return false;
	uint32_t control = get(config, offset + ACS_CONTROL, 2);
	strcpy(ret_text, "none");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (control >> i & 1)
			used += (size_t)snprintf(ret_text + used, VIOCI_ACS_SIZE - used, "%s%s",
						 used ? " " : "", names[i]);
	return true;
}
