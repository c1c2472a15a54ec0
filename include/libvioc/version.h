/* SPDX-License-Identifier: MIT */
#ifndef LIBVIOC_VERSION_H
#define LIBVIOC_VERSION_H

#include <libvioc/base.h>

VIOC_BEGIN_DECLS

/* Version of these headers. CMakeLists.txt reads it from here: this is its one home. */
#define VIOC_VERSION_MAJOR 0
#define VIOC_VERSION_MINOR 1
#define VIOC_VERSION_PATCH 0

/* Version of the library in use, as "MAJOR.MINOR.PATCH". Never NULL, never freed. Any thread. */
VIOC_API const char *vioc_version(void);

VIOC_END_DECLS

#endif
