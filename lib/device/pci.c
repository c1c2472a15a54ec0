// SPDX-License-Identifier: MIT
/* PCI helpers, on top of the config region. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <libvioc/pci.h>

#include "device/device.h"

#define PCI_COMMAND	   0x04u
#define PCI_COMMAND_MASTER 0x04u

static int check_config_access(struct vioc_device *device, uint32_t width)
{
	static const char tried[] = "access config space";
	if (!device)
		return -EINVAL;
	if (!(device->flags & VIOC_DEVICE_PCI))
		return vioci_fail(vioci_device_ctx(device), -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED,
				  tried, "%s is not a PCI device", device->identity.name);
	if (width != 1 && width != 2 && width != 4)
		return vioci_fail(vioci_device_ctx(device), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  tried, "a config access has a width of 1, 2 or 4 bytes, not %u",
				  width);
	return 0;
}

VIOC_API int vioc_pci_config_read(struct vioc_device *device, uint32_t offset, uint32_t width,
				  uint32_t *ret_value)
{
	int error = check_config_access(device, width);
	if (error < 0)
		return error;
	uint32_t value = 0;
	if (!ret_value)
		return vioci_fail(vioci_device_ctx(device), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  "read config space", "no place for the value is given");
	error = vioc_region_read(device, VIOC_PCI_CONFIG, offset, &value, width);
	if (error < 0)
		return error;
	*ret_value = le32toh(value);
	return 0;
}

VIOC_API int vioc_pci_config_write(struct vioc_device *device, uint32_t offset, uint32_t width,
				   uint32_t value)
{
	int error = check_config_access(device, width);
	if (error < 0)
		return error;
	if (width < 4 && value >> (8 * width))
		return vioci_fail(vioci_device_ctx(device), -ERANGE, VIOC_REASON_BAD_ARGUMENT,
				  "write config space", "0x%x does not fit %u bytes", value, width);
	value = htole32(value);
	return vioc_region_write(device, VIOC_PCI_CONFIG, offset, &value, width);
}

static int change_bus_master(struct vioc_device *device, int enable)
{
	uint32_t command;
	int error = vioc_pci_config_read(device, PCI_COMMAND, 2, &command);
	if (error < 0)
		return error;
	if (enable)
		command |= PCI_COMMAND_MASTER;
	else
		command &= ~PCI_COMMAND_MASTER;
	return vioc_pci_config_write(device, PCI_COMMAND, 2, command);
}

VIOC_API int vioc_pci_set_bus_master(struct vioc_device *device, int enable)
{
	if (!device)
		return -EINVAL;
	pthread_mutex_lock(&device->config_lock);
	int error = change_bus_master(device, enable);
	pthread_mutex_unlock(&device->config_lock);
	return error;
}
