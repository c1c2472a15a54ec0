/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_CONFIG_H
#define VIOCI_CONFIG_H

#include "sys/sys.h"

/* All take the device's directory in sysfs. */

/* Runtime power management has put it to sleep. */
bool vioci_is_suspended(const struct vioci_sys *here);

/* It reads as all ones: it was pulled out, or its link is down. */
bool vioci_config_is_gone(const struct vioci_sys *here);

/*
 * What of its Access Control Services is switched on: "sv rr cr uf", or "none". False: it has none, or
 * this process may not read so far.
 */
#define VIOCI_ACS_SIZE 24
bool vioci_config_acs(const struct vioci_sys *here, char ret_text[VIOCI_ACS_SIZE]);

#endif
