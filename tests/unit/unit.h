/* SPDX-License-Identifier: MIT */
#ifndef UNIT_H
#define UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libvioc/vioc.h>

#include "core/ctx.h"
#include "fake.h"

#define PAGE ((uint64_t)4096)
#define RW   (VIOC_MAP_READ | VIOC_MAP_WRITE)

/* Two plain devices in groups of their own, and an edu. */
#define FIRST  "0000:00:02.0"
#define SECOND "0000:00:03.0"
#define EDU    "0000:01:04.0"

static inline struct fake *unit_fake(struct fake_config config)
{
	static const struct fake_device_spec devices[] = {
		{ .name = FIRST, .driver = "vfio-pci", .group = 2, .has_reset = true },
		{ .name = SECOND, .driver = "vfio-pci", .group = 3, .sparse = true },
		{ .name = EDU, .driver = "vfio-pci", .group = 4, .kind = FAKE_EDU },
		{ 0 },
	};
	config.devices = devices;
	return fake_new(&config);
}

#endif
