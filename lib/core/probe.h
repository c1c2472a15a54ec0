/* SPDX-License-Identifier: MIT */
/*
 * Static probes for tracers, of provider "libvioc": a nop each, and a note that says where it is. Built
 * in where the system has <sys/sdt.h>. vioc_dma(7) lists them; tests/probes compares.
 *
 * Arguments are integers or pointers, worked out whether anybody traces or not: what is at hand anyway.
 */
#ifndef VIOCI_PROBE_H
#define VIOCI_PROBE_H

#ifdef VIOC_SDT
#define SDT_USE_VARIADIC
#include <sys/sdt.h>
#define VIOCI_PROBE(name, ...) STAP_PROBEV(libvioc, name, __VA_ARGS__)
#else
#define VIOCI_PROBE(name, ...) ((void)0)
#endif

#endif
