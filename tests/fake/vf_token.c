// SPDX-License-Identifier: MIT
/* The token that users of a physical function and of its virtual functions share. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static struct fake_device *find_pf(struct fake *fake, const struct fake_device *device)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (device->spec.pf && strcmp(fake->devices[i].spec.name, device->spec.pf) == 0)
			return &fake->devices[i];
	return NULL;
}

static bool has_open_vfs(const struct fake *fake, const struct fake_device *pf)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].spec.pf && fake->devices[i].n_open &&
		    strcmp(fake->devices[i].spec.pf, pf->spec.name) == 0)
			return true;
	return false;
}

/* A token is NULL if none was given. */
int fake_check_token(struct fake *fake, struct fake_device *device, const char *token)
{
	const struct fake_device *pf = find_pf(fake, device);
	if (pf)
		return token && strcmp(token, pf->token) == 0 ? 0 : -EACCES;
	if (!device->spec.has_vfs)
		return token ? -EINVAL : 0;
	if (has_open_vfs(fake, device))
		return token && strcmp(token, device->token) == 0 ? 0 : -EACCES;
	if (token)
		snprintf(device->token, sizeof(device->token), "%s", token);
	return 0;
}

int fake_set_token(struct fake_device *device, const unsigned char bytes[16])
{
	size_t used = 0;
	if (!device->spec.has_vfs)
		return -ENOTTY;
	for (int i = 0; i < 16; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;
		used += (size_t)snprintf(device->token + used, sizeof(device->token) - used,
					 dash ? "-%02x" : "%02x", bytes[i]);
	}
	return 0;
}
