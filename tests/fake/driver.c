// SPDX-License-Identifier: MIT
/* Drivers of the PCI bus, as sysfs binds and unbinds them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* pcieport takes only bridges, of which there are none. */
const char *const fake_drivers[] = { "vfio-pci", "e1000e", "pcieport", NULL };

static const char *find_driver(const char *name)
{
	for (const char *const *driver = fake_drivers; *driver; driver++)
		if (strcmp(*driver, name) == 0)
			return *driver;
	return NULL;
}

static void read_override(const struct fake *fake, const char *device, char override[64])
{
	char path[VIOCI_PATH_MAX], full[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", device);
	fake_path(fake, path, full, sizeof(full));
	if (vioci_sys_read_text(&vioci_sys_real, full, override, 64) < 0 ||
	    strcmp(override, "(null)") == 0)
		override[0] = '\0';
}

static int bind(struct fake *fake, struct fake_device *device, const char *driver)
{
	char override[64];
	if (device->spec.driver)
		return -EBUSY;
	read_override(fake, device->spec.name, override);
	bool is_wanted =
		override[0] ? strcmp(override, driver) == 0 : strcmp(driver, "vfio-pci") != 0;
	if (!is_wanted || strcmp(driver, "pcieport") == 0)
		return -ENODEV;
	if (strcmp(driver, "vfio-pci") == 0 && device->spec.group < 0)
		return -EINVAL;
	device->spec.driver = driver;
	fake_file_bind(fake, device);
	return 0;
}

static int unbind(struct fake *fake, struct fake_device *device)
{
	if (!device->spec.driver)
		return -ENODEV;
	fake_file_unbind(fake, device);
	device->spec.driver = NULL;
	return 0;
}

/* Whatever comes of it, the write succeeds. */
static int probe(struct fake *fake, struct fake_device *device)
{
	for (const char *const *driver = fake_drivers; *driver; driver++)
		if (bind(fake, device, *driver) == 0)
			break;
	return 0;
}

int fake_write_attribute(struct fake *fake, const char *path, const char *text)
{
	char name[64] = "";
	struct fake_device *device = fake_find(fake, text);
	if (sscanf(path, "/sys/bus/pci/drivers/%63[^/]/bind", name) == 1 && find_driver(name))
		return device ? bind(fake, device, find_driver(name)) : -ENODEV;
	if (strcmp(path, "/sys/bus/pci/drivers_probe") == 0)
		return device ? probe(fake, device) : -ENODEV;
	if (sscanf(path, "/sys/bus/pci/devices/%63[^/]/", name) != 1 || !fake_find(fake, name))
		return -EINVAL;
	const char *attribute = strrchr(path, '/') + 1;
	if (strcmp(attribute, "unbind") == 0)
		return device ? unbind(fake, device) : -ENODEV;
	if (strcmp(attribute, "driver_override") != 0)
		return -EINVAL;
	fake_file_override(fake, name, text[0] == '\n' ? "" : text);
	return 0;
}
