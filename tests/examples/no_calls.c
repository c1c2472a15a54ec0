// SPDX-License-Identifier: MIT
/*
 * Linked with a program of examples/net, it takes libvioc away while a burst runs: the library's code
 * can't be executed then, so a call into it ends the program with the name of what was called. What is
 * not called takes no lock either, and makes no system call.
 */
#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include <libvioc/version.h>

#include "port.h"

uint32_t __real_net_rx_burst(struct net_port *port, struct net_buf **bufs, uint32_t capacity);
uint32_t __real_net_tx_burst(struct net_port *port, struct net_buf *const *bufs, uint32_t count);
uint32_t __wrap_net_rx_burst(struct net_port *port, struct net_buf **bufs, uint32_t capacity);
uint32_t __wrap_net_tx_burst(struct net_port *port, struct net_buf *const *bufs, uint32_t count);

static uint8_t *code;
static size_t length;
static uint64_t n_bursts;
static sigjmp_buf *trial; /* set: a call is made on purpose */

static void give_up(const char *text)
{
	fprintf(stderr, "no-calls: %s\n", text);
	_exit(EXIT_FAILURE);
}

static void protect(int protection)
{
	if (mprotect(code, length, protection) < 0)
		give_up("the library's code can't be protected");
}

static uint32_t end_burst(uint32_t count)
{
	protect(PROT_READ | PROT_EXEC);
	n_bursts++;
	return count;
}

uint32_t __wrap_net_rx_burst(struct net_port *port, struct net_buf **bufs, uint32_t capacity)
{
	protect(PROT_READ);
	return end_burst(__real_net_rx_burst(port, bufs, capacity));
}

uint32_t __wrap_net_tx_burst(struct net_port *port, struct net_buf *const *bufs, uint32_t count)
{
	protect(PROT_READ);
	return end_burst(__real_net_tx_burst(port, bufs, count));
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	uint8_t *address = info->si_addr;
	Dl_info symbol = { 0 };
	(void)context;

	if (address < code || address >= code + length) {
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
		return; /* an ordinary fault: it comes again */
	}
	protect(PROT_READ | PROT_EXEC);
	if (trial)
		siglongjmp(*trial, 1);
	dladdr(address, &symbol);
	fprintf(stderr, "no-calls: burst %llu called %s() of libvioc\n",
		(unsigned long long)n_bursts, symbol.dli_sname ? symbol.dli_sname : "a function");
	_exit(EXIT_FAILURE);
}

static int find_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	(void)size;
	(void)arg;

	if (!strstr(info->dlpi_name, "/libvioc.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
		code = (uint8_t *)(begin / page * page);
		length = begin % page + segment->p_memsz;
	}
	return 0;
}

/* A trap that catches nothing proves nothing, so a call is made on purpose. */
__attribute__((constructor)) static void set_trap(void)
{
	const struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	sigjmp_buf jump;

	dl_iterate_phdr(find_code, NULL);
	if (!code)
		give_up("there is no libvioc.so");
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(jump, 1) == 0) {
		trial = &jump;
		protect(PROT_READ);
		vioc_version();
		give_up("a call was not noticed");
	}
	trial = NULL;
}

__attribute__((destructor)) static void report(void)
{
	if (!n_bursts)
		give_up("there were no bursts");
	fprintf(stderr, "no-calls: %llu bursts, none of which called libvioc\n",
		(unsigned long long)n_bursts);
}
