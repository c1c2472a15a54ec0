/* SPDX-License-Identifier: MIT */
#ifndef SOUND_H
#define SOUND_H

#include "tree/tree.h"

/* Does all hold that must always hold in a tree? */
bool tree_sound(const struct vioci_tree *tree);

#endif
