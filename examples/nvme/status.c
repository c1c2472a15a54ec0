// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "regs.h"
#include "status.h"

/* Those that a driver like this may meet; the specification has many more. */
static const struct {
	uint16_t status;
	const char *text;
} texts[] = {
	{ NVME_STATUS(0, 0x01), "invalid command opcode" },
	{ NVME_STATUS(0, 0x02), "invalid field in the command" },
	{ NVME_STATUS(0, 0x03), "command identifier in use" },
	{ NVME_STATUS(0, 0x04), "data transfer error: it could not reach the memory" },
	{ NVME_STATUS(0, 0x05), "aborted by a loss of power" },
	{ NVME_STATUS(0, 0x06), "internal error" },
	{ NVME_STATUS(0, 0x07), "aborted on request" },
	{ NVME_STATUS(0, 0x08), "aborted as its queue was deleted" },
	{ NVME_STATUS(0, 0x0b), "invalid namespace or format" },
	{ NVME_STATUS(0, 0x13), "invalid offset in a PRP" },
	{ NVME_STATUS(0, 0x80), "block out of range" },
	{ NVME_STATUS(0, 0x82), "the namespace is not ready" },
	{ NVME_STATUS(1, 0x00), "invalid completion queue" },
	{ NVME_STATUS(1, 0x01), "invalid queue identifier" },
	{ NVME_STATUS(1, 0x02), "invalid queue size" },
	{ NVME_STATUS(2, 0x81), "unrecovered read error" },
	{ NVME_STATUS(2, 0x82), "guard check failed" },
	{ NVME_STATUS(2, 0x86), "access denied" },
	{ NVME_STATUS(2, 0x87), "the block was never written" },
};

const char *nvme_status_text(uint16_t status)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == (status & NVME_STATUS_MASK))
			return texts[i].text;
	return "see the NVM Express specification";
}
