/* SPDX-License-Identifier: MIT */
/*
 * Bringing a device and the mappings together. With a window over everything; identity is the device
 * that is being attached. The int functions leave a diag on failure.
 */
#ifndef VIOCI_REPLAY_H
#define VIOCI_REPLAY_H

#include "ioas/ioas.h"

/* Finds a conflict before the kernel is touched, and with both sides' names. -EADDRINUSE. */
int vioci_check_reserved(struct vioc_ioas *ioas, const struct vioci_identity *identity);

/*
 * The first mapping that the limits don't allow: misaligned for their page size, or out of range. Of
 * what waits too, if the kernel is to decide, which has it still.
 */
bool vioci_find_outside(const struct vioc_ioas *ioas, const struct vioci_limits *limits,
			bool waiting, struct vioci_record *ret_record, bool *ret_aligned);

/* Finds mappings that the attached devices couldn't reach. -EADDRINUSE. */
int vioci_check_limits(struct vioc_ioas *ioas, const struct vioci_identity *identity,
		       const struct vioci_limits *limits);

/* Maps every extent, the way it was. */
int vioci_replay(struct vioc_ioas *ioas, struct vioci_kioas *kioas,
		 const struct vioci_identity *identity);

#endif
