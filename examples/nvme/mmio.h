/* SPDX-License-Identifier: MIT */
/*
 * Register access, and the order of memory and registers, each named by what it is for.
 *
 * A device register is reached through a pointer that vioc_region_map() gave. Every access has to
 * happen once, as written and with its own width: these functions are that, and little endian, as
 * PCI is. A plain dereference promises none of it.
 *
 * Registers are one world, memory that the device reads and writes by itself (DMA) is another, and
 * neither compiler nor CPU keeps accesses to the two in order unless told to:
 *
 *	fill the descriptor; dma_before_doorbell(); mmio_write32(doorbell, ...)
 *	see dma_read16(&descriptor->flag) change; dma_after_flag(); read what the flag vouches for
 *
 * No barrier is needed between two register accesses of one device.
 */
#ifndef NVME_MMIO_H
#define NVME_MMIO_H

#include <endian.h>
#include <stdint.h>

static inline uint32_t mmio_read32(const volatile void *reg)
{
	return le32toh(*(const volatile uint32_t *)reg);
}

static inline void mmio_write32(volatile void *reg, uint32_t value)
{
	*(volatile uint32_t *)reg = htole32(value);
}

/*
 * A 64-bit register in two halves, the lower first: right for registers that allow it (those of
 * NVMe do) on every CPU and through every bridge, where one 8-byte access is not.
 */
static inline uint64_t mmio_read64_low_high(const volatile void *reg)
{
	uint64_t low = mmio_read32(reg);
	uint64_t high = mmio_read32((const volatile uint8_t *)reg + 4);
	return low | high << 32;
}

static inline void mmio_write64_low_high(volatile void *reg, uint64_t value)
{
	mmio_write32(reg, (uint32_t)value);
	mmio_write32((volatile uint8_t *)reg + 4, (uint32_t)(value >> 32));
}

/* Reads, once, a flag in memory that the device may be writing right now. */
static inline uint16_t dma_read16(const volatile uint16_t *flag)
{
	return le16toh(*flag);
}

/* What was written to memory before is there for a device that sees a register write after. */
static inline void dma_before_doorbell(void)
{
#if defined(__x86_64__) || defined(__i386__)
	/* Stores stay in order, also those to uncached memory: only the compiler must know. */
	__asm__ volatile("" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("dmb oshst" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile("fence w, ow" ::: "memory");
#else
	__sync_synchronize();
#endif
}

/* What is read from memory after is at least as new as the flag that was read before. */
static inline void dma_after_flag(void)
{
#if defined(__x86_64__) || defined(__i386__)
	/* Loads stay in order. */
	__asm__ volatile("" ::: "memory");
#elif defined(__aarch64__)
	__asm__ volatile("dmb oshld" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile("fence r, r" ::: "memory");
#else
	__sync_synchronize();
#endif
}

/* In a loop that waits for a flag: leaves the core to its other thread for a moment. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
