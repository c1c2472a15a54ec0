// SPDX-License-Identifier: MIT
/* Names from udev's hardware database, which is a file: it takes no udevd. */
#include <libudev.h>
#include <stdio.h>
#include <string.h>

#include "discover/discover.h"

static void take_names(struct vioci_strings *strings, struct vioc_found_device *device,
		       struct udev_list_entry *entry)
{
	for (; entry; entry = udev_list_entry_get_next(entry)) {
		const char *key = udev_list_entry_get_name(entry);
		const char *value = udev_list_entry_get_value(entry);
		if (strcmp(key, "ID_VENDOR_FROM_DATABASE") == 0)
			device->vendor_name = vioci_strings_add(strings, value);
		else if (strcmp(key, "ID_MODEL_FROM_DATABASE") == 0)
			device->device_name = vioci_strings_add(strings, value);
		else if (strcmp(key, "ID_PCI_SUBCLASS_FROM_DATABASE") == 0)
			device->class_name = vioci_strings_add(strings, value);
	}
}

static void look_up(struct vioci_strings *strings, struct vioc_found_device *device,
		    struct udev_hwdb *hwdb)
{
	char alias[96];
	snprintf(alias, sizeof(alias), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		 device->vendor, device->device, device->subsystem_vendor, device->subsystem_device,
		 device->class_code >> 16 & 0xff, device->class_code >> 8 & 0xff,
		 device->class_code & 0xff);
	take_names(strings, device, udev_hwdb_get_properties_list_entry(hwdb, alias, 0));
}

static bool is_alike(const struct vioc_found_device *a, const struct vioc_found_device *b)
{
	return a->vendor == b->vendor && a->device == b->device &&
	       a->subsystem_vendor == b->subsystem_vendor &&
	       a->subsystem_device == b->subsystem_device && a->class_code == b->class_code;
}

#define N_SLOTS 256

static size_t slot_of(const struct vioc_found_device *device)
{
	return (device->vendor * 31u + device->device + device->subsystem_device * 7u) % N_SLOTS;
}

/* A lookup matches patterns of the whole database, and large machines have much of few kinds. */
static void look_all_up(struct vioc_enumerator *enumerator, struct udev_hwdb *hwdb)
{
	const struct vioc_found_device *known[N_SLOTS] = { 0 };
	for (size_t i = 0; i < enumerator->n_devices; i++) {
		struct vioc_found_device *device = &enumerator->devices[i].device;
		const struct vioc_found_device **slot = &known[slot_of(device)];
		if (*slot && is_alike(*slot, device)) {
			device->vendor_name = (*slot)->vendor_name;
			device->device_name = (*slot)->device_name;
			device->class_name = (*slot)->class_name;
		} else {
			look_up(&enumerator->strings, device, hwdb);
			*slot = device;
		}
	}
}

void vioci_read_names(struct vioc_enumerator *enumerator)
{
	struct udev *udev = udev_new();
	struct udev_hwdb *hwdb = udev ? udev_hwdb_new(udev) : NULL;
	if (hwdb)
		look_all_up(enumerator, hwdb);
	udev_hwdb_unref(hwdb);
	udev_unref(udev);
}
