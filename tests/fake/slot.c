// SPDX-License-Identifier: MIT
/* A device that comes and goes. It is asked for, and leaves when nobody has it open; or is pulled out. */
#include <string.h>

#include "internal.h"

void fake_slot_settle(struct fake *fake, struct fake_device *device)
{
	if (!device->wanted || device->n_open || device->bound)
		return;
	device->wanted = false;
	fake_file_device(fake, device, false);
}

void fake_plug(struct fake *fake, const char *name)
{
	pthread_mutex_lock(&fake->lock);
	struct fake_device *device = fake_find(fake, name);
	device->pulled = false;
	fake_device_power_on(device);
	fake_file_device(fake, device, true);
	pthread_mutex_unlock(&fake->lock);
}

void fake_unplug(struct fake *fake, const char *name)
{
	pthread_mutex_lock(&fake->lock);
	struct fake_device *device = fake_find(fake, name);
	device->wanted = true;
	fake_irq_request(device);
	fake_slot_settle(fake, device);
	pthread_mutex_unlock(&fake->lock);
}

void fake_pull(struct fake *fake, const char *name)
{
	pthread_mutex_lock(&fake->lock);
	struct fake_device *device = fake_find(fake, name);
	device->pulled = true;
	memset(device->bar, 0xff, BAR_SIZE);
	fake_file_gone(fake, device);
	pthread_mutex_unlock(&fake->lock);
}
