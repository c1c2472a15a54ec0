/* SPDX-License-Identifier: MIT */
#ifndef NVME_STATUS_TEXT_H
#define NVME_STATUS_TEXT_H

#include <stdint.h>

/* What the status of a completion means, for people. */
const char *nvme_status_text(uint16_t status);

#endif
