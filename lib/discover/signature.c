// SPDX-License-Identifier: MIT
/* What a disk holds, by the marks that file systems and others leave in its first blocks. */
#include <errno.h>
#include <string.h>

#include "discover/use.h"

struct signature {
	uint64_t offset; /* in bytes */
	const char *mark;
	size_t length;
	const char *name;
};

/* A GPT comes with an MBR, so the more telling one is first. LVM's label is in one of four sectors. */
static const struct signature signatures[] = {
	{ 512, "EFI PART", 8, "a GPT partition table" },
	{ 4096, "EFI PART", 8, "a GPT partition table" },
	{ 0, "LUKS\xba\xbe", 6, "a LUKS volume" },
	{ 0, "LABELONE", 8, "an LVM volume" },
	{ 512, "LABELONE", 8, "an LVM volume" },
	{ 1024, "LABELONE", 8, "an LVM volume" },
	{ 1536, "LABELONE", 8, "an LVM volume" },
	{ 0, "XFSB", 4, "an XFS file system" },
	{ 1024 + 56, "\x53\xef", 2, "an ext file system" },
	{ 0x10040, "_BHRfS_M", 8, "a btrfs file system" },
	{ 1024, "\x10\x20\xf5\xf2", 4, "an F2FS file system" },
	{ 4096 + 24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca", 8, "a bcache device" },
	{ 4096, "\xfc\x4e\x2b\xa9", 4, "a RAID member" },
	{ 0, "\xfc\x4e\x2b\xa9", 4, "a RAID member" },
	{ 4096 - 10, "SWAPSPACE2", 10, "swap space" },
	{ 65536 - 10, "SWAPSPACE2", 10, "swap space" },
	{ 3, "NTFS    ", 8, "an NTFS file system" },
	{ 3, "EXFAT   ", 8, "an exFAT file system" },
	{ 0, "hsqs", 4, "a squashfs file system" },
	{ 0x8001, "CD001", 5, "an ISO 9660 file system" },
	{ 0, "bluestore block device", 22, "a Ceph OSD" },
	{ 510, "\x55\xaa", 2, "an MBR partition table or FAT file system" },
};

/* ZFS has no mark at the start, but a ring of uberblocks: 1 KiB apart, the larger ones also. */
#define ZFS_RING  0x20000
#define ZFS_SLOTS 128
#define ZFS_MARK  UINT64_C(0x00bab10c)

static int find_zfs(const struct vioci_sys *sys, int fd, const char **ret_name)
{
	for (uint64_t i = 0; i < ZFS_SLOTS; i++) {
		uint64_t mark;
		ssize_t count = vioci_sys_pread(sys, fd, &mark, sizeof(mark), ZFS_RING + i * 1024);
		if (count < 0)
			return (int)count;
		if (count < (ssize_t)sizeof(mark))
			return 0;
		if (mark != ZFS_MARK && mark != __builtin_bswap64(ZFS_MARK))
			continue;
		*ret_name = "a ZFS pool's member";
		return 0;
	}
	return 0;
}

int vioci_find_signature(const struct vioci_sys *sys, int fd, const char **ret_name)
{
	*ret_name = NULL;
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		const struct signature *signature = &signatures[i];
		char bytes[32];
		ssize_t count =
			vioci_sys_pread(sys, fd, bytes, signature->length, signature->offset);
		if (count < 0)
			return (int)count;
		if (count < (ssize_t)signature->length ||
		    memcmp(bytes, signature->mark, signature->length) != 0)
			continue;
		*ret_name = signature->name;
		return 0;
	}
	return find_zfs(sys, fd, ret_name);
}
