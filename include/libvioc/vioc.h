/* SPDX-License-Identifier: MIT */
/* Everything. See libvioc(7) for the concepts and one page of section 3 per header. */
#ifndef LIBVIOC_VIOC_H
#define LIBVIOC_VIOC_H

#include <libvioc/base.h>
#include <libvioc/batch.h>
#include <libvioc/bind.h>
#include <libvioc/bundle.h>
#include <libvioc/cache.h>
#include <libvioc/container.h>
#include <libvioc/ctx.h>
#include <libvioc/device.h>
#include <libvioc/diag.h>
#include <libvioc/enumerator.h>
#include <libvioc/explain.h>
#include <libvioc/fds.h>
#include <libvioc/ioas.h>
#include <libvioc/irq.h>
#include <libvioc/mem.h>
#include <libvioc/memlock.h>
#include <libvioc/mmio.h>
#include <libvioc/monitor.h>
#include <libvioc/pci.h>
#include <libvioc/region.h>
#include <libvioc/stats.h>
#include <libvioc/system.h>
#include <libvioc/unit.h>
#include <libvioc/version.h>
#include <libvioc/vf.h>

#endif
