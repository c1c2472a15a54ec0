// SPDX-License-Identifier: MIT
/*
 * DMA by QEMU's edu device, to see what a device really reaches. Its addresses have 28 bits; a
 * transfer takes a tenth of a second in QEMU and clears the run bit when done.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract.h"

#define EDU_SOURCE    0x80
#define EDU_TARGET    0x88
#define EDU_COUNT     0x90
#define EDU_COMMAND   0x98
#define EDU_BUFFER    0x40000
#define EDU_RUN	      1u
#define EDU_TO_MEMORY 2u

/* Where edu_reaches() puts the page that edu writes back to. */
#define SINK_IOVA 0xff00000u

static void write64(struct vioc_device *edu, uint64_t offset, uint64_t value)
{
	assert_int_equal(vioc_region_write(edu, VIOC_PCI_BAR(0), offset, &value, 8), 0);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void wait_until_done(struct vioc_device *edu)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	double deadline = seconds() + 30;
	uint32_t command;
	for (;;) {
		assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), EDU_COMMAND, &command, 4),
				 0);
		if (!(command & EDU_RUN))
			return;
		assert_true(seconds() < deadline);
		nanosleep(&pause, NULL);
	}
}

static void start_transfer(struct vioc_device *edu, uint64_t source, uint64_t target,
			   uint32_t length, uint32_t command)
{
	write64(edu, EDU_SOURCE, source);
	write64(edu, EDU_TARGET, target);
	write64(edu, EDU_COUNT, length);
	write64(edu, EDU_COMMAND, command | EDU_RUN);
}

static void transfer(struct vioc_device *edu, uint64_t source, uint64_t target, uint32_t length,
		     uint32_t command)
{
	start_transfer(edu, source, target, length, command);
	wait_until_done(edu);
}

void edu_start(struct vioc_device *edu)
{
	assert_int_equal(vioc_pci_set_bus_master(edu, 1), 0);
}

void edu_read(struct vioc_device *edu, uint64_t iova, uint32_t length)
{
	transfer(edu, iova, EDU_BUFFER, length, 0);
}

void edu_write(struct vioc_device *edu, uint64_t iova, uint32_t length)
{
	transfer(edu, EDU_BUFFER, iova, length, EDU_TO_MEMORY);
}

void edu_write_start(struct vioc_device *edu, uint64_t iova, uint32_t length)
{
	start_transfer(edu, EDU_BUFFER, iova, length, EDU_TO_MEMORY);
}

int edu_reaches(struct vioc_device *edu, struct vioc_ioas *ioas, uint64_t iova, void *va)
{
	static unsigned char stamp;
	unsigned char *sink = pages_new(1);

	assert_int_equal(vioc_ioas_map_fixed(ioas, SINK_IOVA, sink, PAGE, VIOC_MAP_WRITE), 0);
	memset(va, ++stamp, PAGE);
	edu_read(edu, iova, (uint32_t)PAGE - 8);
	edu_write(edu, SINK_IOVA, (uint32_t)PAGE - 8);
	int same = memcmp(sink, va, PAGE - 8) == 0;
	assert_int_equal(vioc_ioas_unmap(ioas, SINK_IOVA, PAGE, 0, NULL), 0);
	pages_free(sink, 1);
	return same;
}
