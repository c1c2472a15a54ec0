/* SPDX-License-Identifier: MIT */
/*
 * What the NVM Express base specification lays down, as far as this driver uses it: registers in
 * BAR 0, queue entries, opcodes, and offsets in the Identify structures. All is little endian.
 */
#ifndef NVME_REGS_H
#define NVME_REGS_H

#include <assert.h>
#include <stdint.h>

/* Controller registers */
#define NVME_REG_CAP	   0x00u /* 64 bits: what the controller can do */
#define NVME_REG_VS	   0x08u /* version of the specification */
#define NVME_REG_INTMS	   0x0cu /* interrupts to mask */
#define NVME_REG_CC	   0x14u /* configuration: the switch */
#define NVME_REG_CSTS	   0x1cu /* status: the answer */
#define NVME_REG_AQA	   0x24u /* sizes of the admin queues */
#define NVME_REG_ASQ	   0x28u /* 64 bits: where the admin submission queue is */
#define NVME_REG_ACQ	   0x30u /* 64 bits: where the admin completion queue is */
#define NVME_REG_DOORBELLS 0x1000u

/* CAP */
#define NVME_CAP_MQES(cap)   ((uint32_t)(cap)&0xffff)	      /* most entries of a queue, less 1 */
#define NVME_CAP_TO(cap)     ((uint32_t)((cap) >> 24) & 0xff) /* for RDY to change, in 500 ms */
#define NVME_CAP_DSTRD(cap)  ((uint32_t)((cap) >> 32) & 0xf)  /* doorbells are 4 << DSTRD apart */
#define NVME_CAP_CSS_NVM     (UINT64_C(1) << 37)	      /* has the NVM command set */
#define NVME_CAP_MPSMIN(cap) ((uint32_t)((cap) >> 48) & 0xf)  /* smallest page: 4 KiB << MPSMIN */

#define NVME_VERSION(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor) << 8)

/* CC */
#define NVME_CC_EN	   (1u << 0)
#define NVME_CC_MPS(n)	   ((uint32_t)(n) << 7) /* page: 4 KiB << n */
#define NVME_CC_SHN_MASK   (3u << 14)
#define NVME_CC_SHN_NORMAL (1u << 14)		 /* going to switch off: put everything in order */
#define NVME_CC_IOSQES(n)  ((uint32_t)(n) << 16) /* I/O submission entries are 1 << n bytes */
#define NVME_CC_IOCQES(n)  ((uint32_t)(n) << 20) /* I/O completion entries likewise */

/* CSTS. All bits one: nobody answers on the bus. */
#define NVME_CSTS_RDY	    (1u << 0)
#define NVME_CSTS_CFS	    (1u << 1) /* fatal; only a reset helps */
#define NVME_CSTS_SHST_MASK (3u << 2)
#define NVME_CSTS_SHST_DONE (2u << 2)
#define NVME_CSTS_GONE	    UINT32_MAX

/* A submission queue entry, on the wire */
struct nvme_sqe {
	uint8_t opcode;
	uint8_t flags; /* NVME_DATA_*; not fused */
	uint16_t cid;
	uint32_t nsid;
	uint32_t cdw2;
	uint32_t cdw3;
	uint64_t metadata;
	uint64_t prp1;
	uint64_t prp2;
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t cdw12;
	uint32_t cdw13;
	uint32_t cdw14;
	uint32_t cdw15;
};

/* A completion queue entry, on the wire */
struct nvme_cqe {
	uint32_t result;
	uint32_t reserved;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t cid;
	uint16_t status; /* bit 0 is the phase */
};

/* How a command says where its data is */
#define NVME_DATA_PRP 0x00u
#define NVME_DATA_SGL 0x40u
/* The second word of an SGL descriptor for one block of data: its length; type and subtype are 0 */
#define NVME_SGL_DATA_BLOCK(length) ((uint64_t)(uint32_t)(length))

#define NVME_SQE_SHIFT 6
#define NVME_CQE_SHIFT 4
static_assert(sizeof(struct nvme_sqe) == 1 << NVME_SQE_SHIFT, "a submission entry has 64 bytes");
static_assert(sizeof(struct nvme_cqe) == 1 << NVME_CQE_SHIFT, "a completion entry has 16 bytes");

/* Status, after the phase bit is shifted out: code in bits 0 to 7, its type in bits 8 to 10 */
#define NVME_STATUS_MASK	     0x7ffu
#define NVME_STATUS_CODE(status)     ((status)&0xffu)
#define NVME_STATUS_TYPE(status)     ((status) >> 8 & 7u)
#define NVME_STATUS(type, code)	     ((type) << 8 | (code))
#define NVME_STATUS_IS_ERROR(status) (((status)&NVME_STATUS_MASK) != 0)

/* Admin commands */
#define NVME_ADMIN_DELETE_SQ	0x00
#define NVME_ADMIN_CREATE_SQ	0x01
#define NVME_ADMIN_DELETE_CQ	0x04
#define NVME_ADMIN_CREATE_CQ	0x05
#define NVME_ADMIN_IDENTIFY	0x06
#define NVME_ADMIN_SET_FEATURES 0x09

#define NVME_QUEUE_CONTIGUOUS	  1u /* in CDW 11 of both Create commands */
#define NVME_CQ_INTERRUPT(vector) (1u << 1 | (uint32_t)(vector) << 16) /* in that of Create CQ */
#define NVME_FEATURE_N_QUEUES	  0x07u

/* NVM commands */
#define NVME_CMD_FLUSH	0x00
#define NVME_CMD_WRITE	0x01
#define NVME_CMD_READ	0x02
#define NVME_MAX_BLOCKS 65536u /* per command: the field has 16 bits, and is one less */

/* Identify: what to ask for, in CDW 10 */
#define NVME_CNS_NAMESPACE	0x00u
#define NVME_CNS_CONTROLLER	0x01u
#define NVME_CNS_NAMESPACE_LIST 0x02u
#define NVME_IDENTIFY_LENGTH	4096u
#define NVME_NAMESPACE_LIST_MAX 1024u

/* Identify Controller: offsets */
#define NVME_IDC_SN	    4
#define NVME_IDC_MN	    24
#define NVME_IDC_FR	    64
#define NVME_IDC_MDTS	    77
#define NVME_IDC_RTD3E	    88
#define NVME_IDC_NN	    516
#define NVME_IDC_SGLS	    536
#define NVME_SGLS_ANY(sgls) ((sgls)&3u) /* I/O commands take SGLs */
#define NVME_SN_LENGTH	    20
#define NVME_MN_LENGTH	    40
#define NVME_FR_LENGTH	    8

/* Identify Namespace: offsets, and the LBA formats of 4 bytes each */
#define NVME_IDN_NSZE		 0
#define NVME_IDN_FLBAS		 26
#define NVME_IDN_LBAF(n)	 (128 + 4 * (n))
#define NVME_FLBAS_FORMAT(flbas) (((flbas)&0xfu) | ((flbas) >> 1 & 0x30u))
#define NVME_LBAF_MS		 0 /* 16 bits: bytes of metadata per block */
#define NVME_LBAF_DS		 2 /* log2 of the bytes per block */

#endif
