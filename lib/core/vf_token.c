// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/identity.h"

static uint8_t digit(char c)
{
	return (uint8_t)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

int vioci_vf_token_parse(const char *text, struct vioci_vf_token *ret_token)
{
	static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	struct vioci_vf_token token = { 0 };
	size_t n_digits = 0;

	if (strlen(text) != sizeof(pattern) - 1)
		return -EINVAL;
	for (size_t i = 0; pattern[i]; i++) {
		if (pattern[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return -EINVAL;
		if (pattern[i] == '-')
			continue;
		uint8_t *byte = &token.bytes[n_digits++ / 2];
		*byte = (uint8_t)(*byte << 4 | digit(text[i]));
	}
	memcpy(token.text, text, sizeof(token.text));
	*ret_token = token;
	return 0;
}

bool vioci_takes_vf_token(const struct vioci_sys *sys, const struct vioci_identity *identity)
{
	char path[VIOCI_PATH_MAX], driver[64] = "";
	snprintf(path, sizeof(path), "%s/physfn", identity->path);
	bool is_virtual = vioci_sys_exists(sys, path);
	snprintf(path, sizeof(path), "%s/sriov_totalvfs", identity->path);
	if (!is_virtual && !vioci_sys_exists(sys, path))
		return false;
	snprintf(path, sizeof(path), "%s/%sdriver", identity->path, is_virtual ? "physfn/" : "");
	return vioci_sys_link_name(sys, path, driver, sizeof(driver)) == 0 &&
	       strcmp(driver, "vfio-pci") == 0;
}
