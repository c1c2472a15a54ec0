// SPDX-License-Identifier: MIT
/* The fields of IOMMUs' registers: tables from the architectures' manuals. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libvioc/unit.h>

enum meaning {
	AS_IS,
	PLUS_ONE,
	TIMES_16,
	DOMAINS /* 2^(4 + 2n) */
};

struct field {
	unsigned char reg;
	unsigned char low; /* its lowest bit */
	unsigned char width;
	unsigned char meaning;
	const char *name;
	const char *about;
};

static const struct field vtd_fields[] = {
	{ 0, 0, 3, DOMAINS, "ND", "domains" },
	{ 0, 3, 1, AS_IS, "AFL", "advanced fault logging" },
	{ 0, 4, 1, AS_IS, "RWBF", "write buffers must be flushed" },
	{ 0, 5, 1, AS_IS, "PLMR", "protected low memory region" },
	{ 0, 6, 1, AS_IS, "PHMR", "protected high memory region" },
	{ 0, 7, 1, AS_IS, "CM", "caching mode, as emulated units have it" },
	{ 0, 8, 5, AS_IS, "SAGAW",
	  "page table levels: bit 1 three (39-bit), 2 four (48), 3 five (57)" },
	{ 0, 16, 6, PLUS_ONE, "MGAW", "bits of an IOVA at most" },
	{ 0, 22, 1, AS_IS, "ZLR", "reads of no length from write-only pages" },
	{ 0, 23, 1, AS_IS, "ISOCH", "isochrony (deprecated)" },
	{ 0, 24, 10, TIMES_16, "FRO", "offset of the fault recording registers" },
	{ 0, 34, 4, AS_IS, "SLLPS", "large pages: bit 0 2M, 1 1G, 2 512G, 3 1T" },
	{ 0, 39, 1, AS_IS, "PSI", "invalidation by page" },
	{ 0, 40, 8, PLUS_ONE, "NFR", "fault recording registers" },
	{ 0, 48, 6, AS_IS, "MAMV", "largest address mask of an invalidation" },
	{ 0, 54, 1, AS_IS, "DWD", "drains writes" },
	{ 0, 55, 1, AS_IS, "DRD", "drains reads" },
	{ 0, 56, 1, AS_IS, "FL1GP", "first-level 1G pages" },
	{ 0, 59, 1, AS_IS, "PI", "posted interrupts" },
	{ 0, 60, 1, AS_IS, "FL5LP", "first-level five-level paging" },
	{ 0, 61, 1, AS_IS, "ECMDS", "enhanced commands" },
	{ 0, 62, 1, AS_IS, "ESIRTPS", "setting the interrupt table invalidates" },
	{ 0, 63, 1, AS_IS, "ESRTPS", "setting the root table invalidates" },
	{ 1, 0, 1, AS_IS, "C", "page walks are coherent" },
	{ 1, 1, 1, AS_IS, "QI", "queued invalidation" },
	{ 1, 2, 1, AS_IS, "DT", "device TLBs (ATS)" },
	{ 1, 3, 1, AS_IS, "IR", "interrupt remapping" },
	{ 1, 4, 1, AS_IS, "EIM", "extended interrupt mode (x2APIC)" },
	{ 1, 6, 1, AS_IS, "PT", "pass-through" },
	{ 1, 7, 1, AS_IS, "SC", "snoop control" },
	{ 1, 8, 10, TIMES_16, "IRO", "offset of the IOTLB registers" },
	{ 1, 20, 4, AS_IS, "MHMV", "largest handle mask of an interrupt invalidation" },
	{ 1, 25, 1, AS_IS, "MTS", "memory types" },
	{ 1, 26, 1, AS_IS, "NEST", "nested translation" },
	{ 1, 27, 1, AS_IS, "DIS", "deferred invalidation" },
	{ 1, 29, 1, AS_IS, "PRS", "page requests" },
	{ 1, 30, 1, AS_IS, "ERS", "execute requests" },
	{ 1, 31, 1, AS_IS, "SRS", "supervisor requests" },
	{ 1, 33, 1, AS_IS, "NWFS", "no-write flag" },
	{ 1, 34, 1, AS_IS, "EAFS", "extended accessed flag" },
	{ 1, 35, 5, PLUS_ONE, "PSS", "bits of a PASID" },
	{ 1, 40, 1, AS_IS, "PASID", "PASIDs" },
	{ 1, 41, 1, AS_IS, "DIT", "device TLB invalidation throttle" },
	{ 1, 42, 1, AS_IS, "PDS", "page request drain" },
	{ 1, 43, 1, AS_IS, "SMTS", "scalable mode" },
	{ 1, 45, 1, AS_IS, "SLADS", "second-level accessed and dirty bits" },
	{ 1, 46, 1, AS_IS, "SLTS", "second-level translation, in scalable mode" },
	{ 1, 47, 1, AS_IS, "FLTS", "first-level translation, in scalable mode" },
	{ 1, 48, 1, AS_IS, "SMPWC", "page walks are coherent, in scalable mode" },
	{ 1, 49, 1, AS_IS, "RPS", "PASIDs for requests without" },
	{ 1, 51, 1, AS_IS, "PMS", "performance monitoring" },
};

static const struct field amd_fields[] = {
	{ 0, 0, 1, AS_IS, "PreF", "prefetch" },
	{ 0, 1, 1, AS_IS, "PPR", "page requests" },
	{ 0, 2, 1, AS_IS, "X2APIC", "x2APIC" },
	{ 0, 3, 1, AS_IS, "NX", "no-execute" },
	{ 0, 4, 1, AS_IS, "GT", "guest translation, nested" },
	{ 0, 6, 1, AS_IS, "IA", "invalidate all" },
	{ 0, 7, 1, AS_IS, "GA", "guest virtual APIC" },
	{ 0, 8, 1, AS_IS, "HE", "hardware error registers" },
	{ 0, 9, 1, AS_IS, "PC", "performance counters" },
	{ 0, 10, 2, AS_IS, "HATS", "host page table levels: 0 four, 1 five, 2 six" },
	{ 0, 12, 2, AS_IS, "GATS", "guest page table levels: 0 four, 1 five, 2 six" },
	{ 0, 14, 2, AS_IS, "GLX", "levels of the guest CR3 table, less one" },
	{ 0, 16, 2, AS_IS, "SmiF", "SMI filter" },
	{ 0, 18, 3, AS_IS, "SmiFRC", "SMI filter registers" },
	{ 0, 21, 3, AS_IS, "GAM", "guest virtual APIC modes" },
	{ 0, 24, 2, AS_IS, "DualPprLog", "two page request logs" },
	{ 0, 28, 2, AS_IS, "DualEventLog", "two event logs" },
	{ 0, 32, 5, PLUS_ONE, "PASmax", "bits of a PASID" },
	{ 0, 37, 1, AS_IS, "US", "user and supervisor protection" },
	{ 0, 38, 2, AS_IS, "DevTblSeg", "device table segments" },
	{ 0, 40, 1, AS_IS, "PprOvrflwEarly", "early warning of page request overflow" },
	{ 0, 41, 1, AS_IS, "PPRAutoRsp", "automatic page responses" },
	{ 0, 42, 2, AS_IS, "Marc", "memory access routing" },
	{ 0, 44, 1, AS_IS, "BlkStopMrk", "block stop marks" },
	{ 0, 45, 1, AS_IS, "PerfOpt", "performance optimization" },
	{ 0, 46, 1, AS_IS, "MsiCapMmio", "its MSI capability is in MMIO" },
	{ 0, 48, 1, AS_IS, "GIo", "guest I/O protection" },
	{ 0, 49, 1, AS_IS, "HA", "host accessed bits" },
	{ 0, 50, 1, AS_IS, "EPH", "enhanced page request handling" },
	{ 0, 51, 1, AS_IS, "AttrFW", "attribute forwarding" },
	{ 0, 52, 1, AS_IS, "HD", "host dirty bits" },
	{ 0, 54, 1, AS_IS, "InvIotlbType", "types of IOTLB invalidation" },
	{ 0, 63, 1, AS_IS, "SNP", "secure nested paging" },
	{ 1, 5, 3, AS_IS, "SNPAVIC", "virtual APIC with secure nested paging" },
};

static const struct field smmu_fields[] = {
	{ 0, 0, 1, AS_IS, "S2P", "stage 2" },
	{ 0, 1, 1, AS_IS, "S1P", "stage 1" },
	{ 0, 2, 2, AS_IS, "TTF", "table formats: 2 AArch64, 3 AArch32 too" },
	{ 0, 4, 1, AS_IS, "COHACC", "page walks are coherent" },
	{ 0, 6, 2, AS_IS, "HTTU", "hardware updates: 1 accessed, 2 dirty too" },
	{ 0, 9, 1, AS_IS, "HYP", "hypervisor stage 1" },
	{ 0, 10, 1, AS_IS, "ATS", "device TLBs (ATS)" },
	{ 0, 12, 1, AS_IS, "ASID16", "16-bit ASIDs" },
	{ 0, 13, 1, AS_IS, "MSI", "message interrupts" },
	{ 0, 14, 1, AS_IS, "SEV", "wake-up events" },
	{ 0, 16, 1, AS_IS, "PRI", "page requests" },
	{ 0, 18, 1, AS_IS, "VMID16", "16-bit VMIDs" },
	{ 0, 19, 1, AS_IS, "CD2L", "two-level context tables" },
	{ 0, 21, 2, AS_IS, "TTENDIAN", "byte order of tables: 0 both, 2 little, 3 big" },
	{ 0, 24, 2, AS_IS, "STALL_MODEL", "faults: 0 stall or end, 1 end, 2 stall" },
	{ 0, 27, 2, AS_IS, "ST_LEVEL", "levels of the stream table, less one" },
	{ 1, 0, 6, AS_IS, "SIDSIZE", "bits of a stream ID" },
	{ 1, 6, 5, AS_IS, "SSIDSIZE", "bits of a substream ID" },
	{ 1, 11, 5, AS_IS, "PRIQS", "page request queue, as a power of 2" },
	{ 1, 16, 5, AS_IS, "EVENTQS", "event queue, as a power of 2" },
	{ 1, 21, 5, AS_IS, "CMDQS", "command queue, as a power of 2" },
	{ 1, 27, 1, AS_IS, "ATTR_TYPES_OVR", "memory types can be overridden" },
	{ 1, 28, 1, AS_IS, "REL", "addresses of queues and tables are relative" },
	{ 1, 29, 1, AS_IS, "QUEUES_PRESET", "queues have fixed places" },
	{ 1, 30, 1, AS_IS, "TABLES_PRESET", "tables have fixed places" },
	{ 3, 10, 1, AS_IS, "RIL", "invalidation by range" },
	{ 5, 0, 3, AS_IS, "OAS", "output bits: 0 32, 1 36, 2 40, 3 42, 4 44, 5 48, 6 52" },
	{ 5, 4, 1, AS_IS, "GRAN4K", "4K pages" },
	{ 5, 5, 1, AS_IS, "GRAN16K", "16K pages" },
	{ 5, 6, 1, AS_IS, "GRAN64K", "64K pages" },
	{ 5, 10, 2, AS_IS, "VAX", "input bits: 0 48, 1 52" },
	{ 5, 16, 16, AS_IS, "STALL_MAX", "stalled transactions at most" },
};

#define TABLE(fields) fields, sizeof(fields) / sizeof(fields[0])

static const struct kind {
	const char *name;
	const char *registers[VIOC_UNIT_REGISTERS];
	const struct field *fields;
	size_t n_fields;
} kinds[] = {
	[VIOC_UNIT_OTHER] = { .name = "other" },
	[VIOC_UNIT_VTD] = { "vt-d", { "CAP", "ECAP" }, TABLE(vtd_fields) },
	[VIOC_UNIT_AMD] = { "amd-vi", { "EFR", "EFR2" }, TABLE(amd_fields) },
	[VIOC_UNIT_SMMUV3] = { "smmuv3",
			       { "IDR0", "IDR1", "IDR2", "IDR3", "IDR4", "IDR5" },
			       TABLE(smmu_fields) },
	[VIOC_UNIT_VIRTIO] = { .name = "virtio" },
};

static const struct kind *find_kind(uint32_t kind)
{
	return &kinds[kind < sizeof(kinds) / sizeof(kinds[0]) ? kind : VIOC_UNIT_OTHER];
}

VIOC_API const char *vioc_unit_kind_name(uint32_t kind)
{
	return find_kind(kind)->name;
}

static uint64_t bits_of(const struct field *field, const uint64_t *registers)
{
	return registers[field->reg] >> field->low & ((UINT64_C(1) << field->width) - 1);
}

static uint64_t value_of(const struct field *field, uint64_t bits)
{
	switch (field->meaning) {
	case PLUS_ONE:
		return bits + 1;
	case TIMES_16:
		return bits * 16;
	case DOMAINS:
		return UINT64_C(1) << (4 + 2 * bits);
	default:
		return bits;
	}
}

/* The fields stand in the order of their registers. */
VIOC_API int vioc_unit_decode(uint32_t kind, const uint64_t *registers, size_t n, size_t index,
			      struct vioc_unit_field *ret_field)
{
	const struct kind *known = find_kind(kind);
	if ((n && !registers) || !ret_field)
		return -EINVAL;
	if (index >= known->n_fields || known->fields[index].reg >= n)
		return 0;
	const struct field *field = &known->fields[index];
	uint64_t bits = bits_of(field, registers);
	*ret_field = (struct vioc_unit_field){
		.reg = known->registers[field->reg],
		.name = field->name,
		.about = field->about,
		.bits = bits,
		.value = value_of(field, bits),
	};
	return 1;
}

/* The value of a field by name; 0 where its register is not known. */
static uint64_t get(uint32_t kind, const uint64_t *registers, size_t n, const char *name)
{
	struct vioc_unit_field field;
	for (size_t i = 0; vioc_unit_decode(kind, registers, n, i, &field) > 0; i++)
		if (strcmp(field.name, name) == 0)
			return field.value;
	return 0;
}

static const char *has(uint64_t value, const char *yes, const char *no)
{
	return value ? yes : no;
}

static int summarize_vtd(const uint64_t *registers, size_t n, char *text, size_t size)
{
	uint64_t large = get(VIOC_UNIT_VTD, registers, n, "SLLPS");
	unsigned int bits = (unsigned int)get(VIOC_UNIT_VTD, registers, n, "MGAW");
	if (n < 2)
		return snprintf(text, size, "%u-bit IOVA, 4K%s%s pages", bits,
				has(large & 1, "/2M", ""), has(large & 2, "/1G", ""));
	return snprintf(text, size,
			"%u-bit IOVA, 4K%s%s pages, %sinterrupt remapping, %sATS, %snested, "
			"%sPASID, %ssnoop control%s",
			bits, has(large & 1, "/2M", ""), has(large & 2, "/1G", ""),
			has(get(VIOC_UNIT_VTD, registers, n, "IR"), "", "no "),
			has(get(VIOC_UNIT_VTD, registers, n, "DT"), "", "no "),
			has(get(VIOC_UNIT_VTD, registers, n, "NEST"), "", "no "),
			has(get(VIOC_UNIT_VTD, registers, n, "PASID"), "", "no "),
			has(get(VIOC_UNIT_VTD, registers, n, "SC"), "", "no "),
			has(get(VIOC_UNIT_VTD, registers, n, "SC"), "",
			    " (devices that don't snoop need flushes)"));
}

static int summarize_amd(const uint64_t *registers, size_t n, char *text, size_t size)
{
	uint64_t levels = 4 + get(VIOC_UNIT_AMD, registers, n, "HATS");
	return snprintf(text, size,
			"%u-level page tables, %sguest translation, %spage requests, "
			"%sguest virtual APIC, %sdirty bits",
			(unsigned int)levels,
			has(get(VIOC_UNIT_AMD, registers, n, "GT"), "", "no "),
			has(get(VIOC_UNIT_AMD, registers, n, "PPR"), "", "no "),
			has(get(VIOC_UNIT_AMD, registers, n, "GA"), "", "no "),
			has(get(VIOC_UNIT_AMD, registers, n, "HD"), "", "no "));
}

static int summarize_smmu(const uint64_t *registers, size_t n, char *text, size_t size)
{
	return snprintf(text, size, "%s-bit IOVA, %s%s%spages, %sstage 1, %sstage 2, %sATS, %sPRI",
			has(get(VIOC_UNIT_SMMUV3, registers, n, "VAX") == 1, "52", "48"),
			has(get(VIOC_UNIT_SMMUV3, registers, n, "GRAN4K"), "4K ", ""),
			has(get(VIOC_UNIT_SMMUV3, registers, n, "GRAN16K"), "16K ", ""),
			has(get(VIOC_UNIT_SMMUV3, registers, n, "GRAN64K"), "64K ", ""),
			has(get(VIOC_UNIT_SMMUV3, registers, n, "S1P"), "", "no "),
			has(get(VIOC_UNIT_SMMUV3, registers, n, "S2P"), "", "no "),
			has(get(VIOC_UNIT_SMMUV3, registers, n, "ATS"), "", "no "),
			has(get(VIOC_UNIT_SMMUV3, registers, n, "PRI"), "", "no "));
}

VIOC_API int vioc_unit_summarize(uint32_t kind, const uint64_t *registers, size_t n, char *ret_text,
				 size_t size)
{
	if ((n && !registers) || !ret_text || !size)
		return -EINVAL;
	if (kind == VIOC_UNIT_VTD && n >= 1)
		return summarize_vtd(registers, n, ret_text, size);
	if (kind == VIOC_UNIT_AMD && n >= 1)
		return summarize_amd(registers, n, ret_text, size);
	if (kind == VIOC_UNIT_SMMUV3 && n == VIOC_UNIT_REGISTERS)
		return summarize_smmu(registers, n, ret_text, size);
	ret_text[0] = '\0';
	return 0;
}
