/* SPDX-License-Identifier: MIT */
/*
 * Registers that are mapped into the process, and the order of accesses between them and memory that
 * the device reads and writes by DMA. Everything here is inline: no call, no lock, no system call.
 * It needs no context and may be used from any thread. All of it: since libvioc 0.1.
 *
 * A register access is one access of its width, in the given place of the program, little endian as
 * PCI is. Register accesses of one thread reach one device in the order of the program, so they need
 * no barrier between them. Against memory the order is not kept unless it is asked for, by use:
 *
 *	fill a descriptor
 *	vioc_dma_before_flag()		if the device polls an owner bit in it
 *	set its owner bit
 *	vioc_dma_before_doorbell()	everything above is there when the device sees the doorbell
 *	vioc_mmio_write32(doorbell, tail)
 *
 *	see vioc_dma_read32(&descriptor->status) change
 *	vioc_dma_after_flag()		what the flag vouches for is there too
 *	read the data
 */
#ifndef LIBVIOC_MMIO_H
#define LIBVIOC_MMIO_H

#include <libvioc/base.h>

VIOC_BEGIN_DECLS

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define VIOC_LE16_(value) (value)
#define VIOC_LE32_(value) (value)
#define VIOC_LE64_(value) (value)
#else
#define VIOC_LE16_(value) __builtin_bswap16(value)
#define VIOC_LE32_(value) __builtin_bswap32(value)
#define VIOC_LE64_(value) __builtin_bswap64(value)
#endif

static inline uint8_t vioc_mmio_read8(const volatile void *reg)
{
	return *(const volatile uint8_t *)reg;
}

static inline uint16_t vioc_mmio_read16(const volatile void *reg)
{
	return VIOC_LE16_(*(const volatile uint16_t *)reg);
}

static inline uint32_t vioc_mmio_read32(const volatile void *reg)
{
	return VIOC_LE32_(*(const volatile uint32_t *)reg);
}

static inline uint64_t vioc_mmio_read64(const volatile void *reg)
{
	return VIOC_LE64_(*(const volatile uint64_t *)reg);
}

static inline void vioc_mmio_write8(volatile void *reg, uint8_t value)
{
	*(volatile uint8_t *)reg = value;
}

static inline void vioc_mmio_write16(volatile void *reg, uint16_t value)
{
	*(volatile uint16_t *)reg = VIOC_LE16_(value);
}

static inline void vioc_mmio_write32(volatile void *reg, uint32_t value)
{
	*(volatile uint32_t *)reg = VIOC_LE32_(value);
}

static inline void vioc_mmio_write64(volatile void *reg, uint64_t value)
{
	*(volatile uint64_t *)reg = VIOC_LE64_(value);
}

/*
 * A register of 64 bits in two accesses of 32, the lower half first: for devices that take no wider
 * ones. Nothing keeps the device from changing the value in between.
 */
static inline uint64_t vioc_mmio_read64_low_high(const volatile void *reg)
{
	uint64_t low = vioc_mmio_read32(reg);
	uint64_t high = vioc_mmio_read32((const volatile uint8_t *)reg + 4);
	return low | high << 32;
}

static inline void vioc_mmio_write64_low_high(volatile void *reg, uint64_t value)
{
	vioc_mmio_write32(reg, (uint32_t)value);
	vioc_mmio_write32((volatile uint8_t *)reg + 4, (uint32_t)(value >> 32));
}

/* Reads, once, little-endian memory that the device may be writing right now. */
static inline uint8_t vioc_dma_read8(const volatile void *memory)
{
	return *(const volatile uint8_t *)memory;
}

static inline uint16_t vioc_dma_read16(const volatile void *memory)
{
	return VIOC_LE16_(*(const volatile uint16_t *)memory);
}

static inline uint32_t vioc_dma_read32(const volatile void *memory)
{
	return VIOC_LE32_(*(const volatile uint32_t *)memory);
}

static inline uint64_t vioc_dma_read64(const volatile void *memory)
{
	return VIOC_LE64_(*(const volatile uint64_t *)memory);
}

/*
 * A barrier, by what it takes on arm64 and riscv64. On x86 loads stay in order, and so do stores: only the
 * compiler must know.
 */
#if defined(__x86_64__) || defined(__i386__)
#define VIOC_BARRIER_(arm64, riscv64) __asm__ volatile("" ::: "memory")
#elif defined(__aarch64__)
#define VIOC_BARRIER_(arm64, riscv64) __asm__ volatile("dmb " arm64 ::: "memory")
#elif defined(__riscv)
#define VIOC_BARRIER_(arm64, riscv64) __asm__ volatile("fence " riscv64 ::: "memory")
#else
#define VIOC_BARRIER_(arm64, riscv64) __sync_synchronize()
#endif

/* What was written to memory before is there when the device sees a register write after. */
static inline void vioc_dma_before_doorbell(void)
{
	VIOC_BARRIER_("oshst", "w, ow");
}

/* What was written to memory before is there when the device reads what is written after. */
static inline void vioc_dma_before_flag(void)
{
	VIOC_BARRIER_("oshst", "w, w");
}

/* What is read from memory after is at least as new as the flag that was read before. */
static inline void vioc_dma_after_flag(void)
{
	VIOC_BARRIER_("oshld", "r, r");
}

/* What is read from memory after is at least as new as the register that was read before. */
static inline void vioc_dma_after_register(void)
{
	VIOC_BARRIER_("oshld", "ir, r");
}

/* In a loop that waits for a flag: leaves the core to its other thread for a moment. */
static inline void vioc_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

VIOC_END_DECLS

#endif
