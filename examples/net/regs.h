/* SPDX-License-Identifier: MIT */
/*
 * The Intel 82574 (e1000e) and 82576 (igb), as far as this driver uses them: registers in BAR 0, and
 * descriptors in memory. All is little endian. Names are those of the datasheets. What only the 82576 has,
 * or has in another way, says so. Its virtual functions have CTRL.RST, STATUS, queue 0 and what is under
 * their name, and nothing else.
 */
#ifndef NET_REGS_H
#define NET_REGS_H

#include <assert.h>
#include <stdint.h>

#define NET_VENDOR_INTEL    0x8086u
#define NET_DEVICE_82574    0x10d3u
#define NET_DEVICE_82576    0x10c9u
#define NET_DEVICE_82576_VF 0x10cau
#define NET_GONE	    UINT32_MAX /* what every register reads as when nobody answers */

/* General */
#define NET_REG_CTRL		  0x0000u
#define NET_CTRL_FD		  (1u << 0)
#define NET_CTRL_MASTER_DISABLE	  (1u << 2) /* start no more DMA */
#define NET_CTRL_SLU		  (1u << 6) /* set link up */
#define NET_CTRL_RST		  (1u << 26)
#define NET_REG_STATUS		  0x0008u
#define NET_STATUS_LU		  (1u << 1)  /* link up */
#define NET_STATUS_MASTER_ENABLED (1u << 19) /* DMA may be under way */
#define NET_REG_EECD		  0x0010u
#define NET_EECD_AUTO_RD	  (1u << 9) /* it has read its settings from its memory */
#define NET_REG_CTRL_EXT	  0x0018u
#define NET_CTRL_EXT_DRV_LOAD	  (1u << 28) /* tells firmware that a driver is there */

/* 82576: its PHY, by MDI control */
#define NET_REG_MDIC	      0x0020u
#define NET_MDIC_DATA	      0xffffu
#define NET_MDIC_PHY	      (1u << 21) /* the address of the one inside */
#define NET_MDIC_WRITE	      (1u << 26)
#define NET_MDIC_READ	      (2u << 26)
#define NET_MDIC_READY	      (1u << 28)
#define NET_MDIC_ERROR	      (1u << 30)
#define NET_PHY_CONTROL	      (0u << 16) /* a register of the PHY, and bits of it */
#define NET_PHY_RESTART	      (1u << 9)
#define NET_PHY_AUTONEGOTIATE (1u << 12)

/* Interrupts */
#define NET_REG_ICR 0x00c0u /* reading clears it */
#define NET_REG_IMC 0x00d8u

/* Receive */
#define NET_REG_RCTL	0x0100u
#define NET_RCTL_EN	(1u << 1)
#define NET_RCTL_UPE	(1u << 3)  /* all unicast */
#define NET_RCTL_MPE	(1u << 4)  /* all multicast */
#define NET_RCTL_LBM	(1u << 6)  /* MAC loopback */
#define NET_RCTL_BAM	(1u << 15) /* broadcast */
#define NET_RCTL_SECRC	(1u << 26) /* strip the CRC; BSIZE 0: buffers have 2048 bytes */
#define NET_REG_RDBAL	0x2800u
#define NET_REG_RDBAH	0x2804u
#define NET_REG_RDLEN	0x2808u
#define NET_REG_RDH	0x2810u
#define NET_REG_RDT	0x2818u
#define NET_REG_RXCSUM	0x5000u
#define NET_REG_RFCTL	0x5008u
#define NET_RFCTL_EXTEN (1u << 15) /* extended receive descriptors */
#define NET_REG_MTA	0x5200u	   /* 128 words of multicast hash */
#define NET_MTA_WORDS	128u
#define NET_REG_RAL0	0x5400u
#define NET_REG_RAH0	0x5404u
#define NET_RAL_GROUP	(1u << 0)  /* an address that is no single card's */
#define NET_RAH_AV	(1u << 31) /* address valid */

/* Transmit */
#define NET_REG_TCTL	      0x0400u
#define NET_TCTL_EN	      (1u << 1)
#define NET_TCTL_PSP	      (1u << 3) /* pad short frames */
#define NET_TCTL_CT(n)	      ((uint32_t)(n) << 4)
#define NET_TCTL_COLD(n)      ((uint32_t)(n) << 12)
#define NET_REG_TIPG	      0x0410u
#define NET_TIPG_COPPER	      (8u | 8u << 10 | 6u << 20)
#define NET_REG_TDBAL	      0x3800u
#define NET_REG_TDBAH	      0x3804u
#define NET_REG_TDLEN	      0x3808u
#define NET_REG_TDH	      0x3810u
#define NET_REG_TDT	      0x3818u
#define NET_REG_TXDCTL	      0x3828u
#define NET_TXDCTL_COUNT_DESC (1u << 22) /* reserved, and has to be 1 */
#define NET_TXDCTL_GRAN	      (1u << 24) /* thresholds count descriptors */

/* 82576: queue 0. ENABLE is in RXDCTL and TXDCTL. */
#define NET_REG_SRRCTL	    0x280cu
#define NET_SRRCTL_KIB(n)   ((uint32_t)(n)) /* the size of buffers */
#define NET_SRRCTL_ADVANCED (1u << 25)	    /* descriptors of the advanced kind, one buffer each */
#define NET_REG_RXDCTL	    0x2828u
#define NET_QUEUE_ENABLE    (1u << 25)

/*
 * Virtual functions. The mailbox has room for one message, of either side: who wants it takes it first,
 * and gives it back by REQ or ACK.
 */
#define NET_REG_VMBMEM	     0x0800u
#define NET_REG_V2PMAILBOX   0x0c40u
#define NET_V2PMAILBOX_REQ   (1u << 0) /* there is a message for the physical function */
#define NET_V2PMAILBOX_ACK   (1u << 1) /* its message was read */
#define NET_V2PMAILBOX_VFU   (1u << 2) /* taken by the virtual function */
#define NET_V2PMAILBOX_PFSTS (1u << 4) /* there is a message from it; reading clears this */
#define NET_V2PMAILBOX_RSTI  (1u << 6) /* the physical function is in reset, or has no driver */
/* What is said there is not the device's, but what the two drivers have agreed on. */
#define NET_MESSAGE_TYPE  0xffffu
#define NET_MESSAGE_RESET 0x0001u
#define NET_MESSAGE_YES	  (1u << 31) /* in an answer */

#define NET_REG_VFGPRC 0x0f10u /* frames received and sent; nothing clears these */
#define NET_REG_VFGPTC 0x0f14u
#define NET_REG_VTEIMC 0x1528u
#define NET_VTEIMC_ALL 7u /* all its vectors */

/* Statistics; reading clears them. */
#define NET_REG_CRCERRS 0x4000u
#define NET_REG_MPC	0x4010u /* missed: no descriptor was free */
#define NET_REG_GPRC	0x4074u
#define NET_REG_GPTC	0x4080u
#define NET_REG_TPR	0x40d0u
#define NET_REG_TPT	0x40d4u

/*
 * A receive descriptor, in words as the device writes them back. All kinds begin as an address of 64
 * bits and zeroes; where status and length come back is what tells them apart:
 *
 *		legacy				extended; and advanced, of the 82576
 *	w[2]	length, checksum		status and errors
 *	w[3]	status, errors, VLAN tag	length, VLAN tag
 */
union net_rx_desc {
	uint64_t address[2];
	uint32_t w[4];
};

#define NET_RX_DD	       (1u << 0) /* in the status of all: done */
#define NET_RX_EOP	       (1u << 1) /* the frame ends in this buffer */
#define NET_RX_ERRORS_LEGACY   0x00009700u
#define NET_RX_ERRORS_EXTENDED 0x97000000u
#define NET_RX_ERRORS_ADVANCED 0x80000000u

/*
 * A transmit descriptor, likewise: an address, then length and command, then status; where an advanced one
 * has the length of the whole frame at first.
 */
struct net_tx_desc {
	uint64_t address;
	uint32_t command;
	uint32_t status;
};

#define NET_TX_DTYP_DATA     (1u << 20) /* with DEXT: an extended data descriptor */
#define NET_TX_DTYP_ADVANCED (3u << 20) /* with DEXT: an advanced data descriptor */
#define NET_TX_PAYLEN_BYTE   (1u << 14) /* of that length */
#define NET_TX_EOP	     (1u << 24)
#define NET_TX_IFCS	     (1u << 25) /* append the CRC */
#define NET_TX_RS	     (1u << 27) /* report status: set DD when sent */
#define NET_TX_DEXT	     (1u << 29)
#define NET_TX_DD	     (1u << 0)

static_assert(sizeof(union net_rx_desc) == 16, "a receive descriptor has 16 bytes");
static_assert(sizeof(struct net_tx_desc) == 16, "a transmit descriptor has 16 bytes");

#endif
