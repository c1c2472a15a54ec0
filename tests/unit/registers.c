// SPDX-License-Identifier: MIT
/* Decoding IOMMUs' registers. */
#include <string.h>

#include "unit.h"

static uint64_t get(uint32_t kind, const uint64_t *registers, size_t n, const char *name)
{
	struct vioc_unit_field field;
	for (size_t i = 0; vioc_unit_decode(kind, registers, n, i, &field) > 0; i++)
		if (strcmp(field.name, name) == 0)
			return field.value;
	fail_msg("there is no field %s", name);
	return 0;
}

#define EXPECT(kind, registers, name, value) \
	assert_int_equal(get(kind, registers, sizeof(registers) / 8, name), value)

/* What QEMU's unit with caching mode has. */
static void vtd_fields(void **state)
{
	(void)state;
	const uint64_t registers[] = { 0xd2008c222f0686, 0xf00f4e };
	EXPECT(VIOC_UNIT_VTD, registers, "ND", 65536);
	EXPECT(VIOC_UNIT_VTD, registers, "CM", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "SAGAW", 6);
	EXPECT(VIOC_UNIT_VTD, registers, "MGAW", 48);
	EXPECT(VIOC_UNIT_VTD, registers, "FRO", 0x220);
	EXPECT(VIOC_UNIT_VTD, registers, "SLLPS", 3);
	EXPECT(VIOC_UNIT_VTD, registers, "PSI", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "NFR", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "MAMV", 18);
	EXPECT(VIOC_UNIT_VTD, registers, "DWD", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "DRD", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "FL1GP", 0);
	EXPECT(VIOC_UNIT_VTD, registers, "QI", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "DT", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "IR", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "EIM", 0);
	EXPECT(VIOC_UNIT_VTD, registers, "PT", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "IRO", 0xf0);
	EXPECT(VIOC_UNIT_VTD, registers, "MHMV", 15);
}

static void vtd_scalable_mode(void **state)
{
	(void)state;
	const uint64_t registers[] = { 0x1d2008c222f0686, 0x880000f00f4a };
	EXPECT(VIOC_UNIT_VTD, registers, "FL1GP", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "QI", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "DT", 0);
	EXPECT(VIOC_UNIT_VTD, registers, "IR", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "SMTS", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "FLTS", 1);
	EXPECT(VIOC_UNIT_VTD, registers, "SLTS", 0);
}

/* The kernel prints for it: PreF PPR GT IA GA HE. */
static void amd_fields(void **state)
{
	(void)state;
	const uint64_t registers[] = { 0x29d3, 0 };
	static const char *const set[] = { "PreF", "PPR", "GT", "IA", "GA", "HE" };
	static const char *const clear[] = { "X2APIC", "NX", "PC", "HA", "HD", "SNP" };
	for (size_t i = 0; i < 6; i++) {
		EXPECT(VIOC_UNIT_AMD, registers, set[i], 1);
		EXPECT(VIOC_UNIT_AMD, registers, clear[i], 0);
	}
	EXPECT(VIOC_UNIT_AMD, registers, "HATS", 2);
}

static void smmu_fields(void **state)
{
	(void)state;
	const uint64_t registers[VIOC_UNIT_REGISTERS] = {
		[0] = 1 << 0 | 1 << 1 | 2 << 2 | 1 << 10 | 1 << 27,
		[1] = 16 | 20 << 6,
		[5] = 5 | 1 << 4 | 1 << 6,
	};
	EXPECT(VIOC_UNIT_SMMUV3, registers, "S1P", 1);
	EXPECT(VIOC_UNIT_SMMUV3, registers, "TTF", 2);
	EXPECT(VIOC_UNIT_SMMUV3, registers, "ATS", 1);
	EXPECT(VIOC_UNIT_SMMUV3, registers, "PRI", 0);
	EXPECT(VIOC_UNIT_SMMUV3, registers, "SIDSIZE", 16);
	EXPECT(VIOC_UNIT_SMMUV3, registers, "SSIDSIZE", 20);
	EXPECT(VIOC_UNIT_SMMUV3, registers, "OAS", 5);
	EXPECT(VIOC_UNIT_SMMUV3, registers, "GRAN64K", 1);
}

/* All registers have names, all fields bits, and no name is there twice. */
static void fields_are_complete_and_do_not_repeat(void **state)
{
	(void)state;
	const uint64_t registers[VIOC_UNIT_REGISTERS] = { UINT64_MAX, UINT64_MAX, UINT64_MAX,
							  UINT64_MAX, UINT64_MAX, UINT64_MAX };
	for (uint32_t kind = VIOC_UNIT_VTD; kind <= VIOC_UNIT_SMMUV3; kind++) {
		struct vioc_unit_field a, b;
		size_t n = kind == VIOC_UNIT_SMMUV3 ? VIOC_UNIT_REGISTERS : 2;
		for (size_t i = 0; vioc_unit_decode(kind, registers, n, i, &a) > 0; i++) {
			assert_true(a.bits > 0);
			assert_non_null(a.reg);
			for (size_t j = 0; j < i; j++) {
				vioc_unit_decode(kind, registers, n, j, &b);
				assert_string_not_equal(a.name, b.name);
			}
		}
	}
}

static void unknown_registers_have_no_fields(void **state)
{
	(void)state;
	const uint64_t cap = 0xd2008c222f0686;
	struct vioc_unit_field field;
	size_t n = 0;
	while (vioc_unit_decode(VIOC_UNIT_VTD, &cap, 1, n, &field) > 0)
		assert_string_equal((n++, field.reg), "CAP");
	assert_true(n > 20);
	assert_int_equal(vioc_unit_decode(VIOC_UNIT_VTD, NULL, 0, 0, &field), 0);
	assert_int_equal(vioc_unit_decode(VIOC_UNIT_VIRTIO, &cap, 1, 0, &field), 0);
	assert_int_equal(vioc_unit_decode(77, &cap, 1, 0, &field), 0);
	assert_int_equal(vioc_unit_decode(VIOC_UNIT_VTD, NULL, 1, 0, &field), -EINVAL);
	assert_string_equal(vioc_unit_kind_name(77), "other");
}

static void summaries_are_words(void **state)
{
	(void)state;
	const uint64_t vtd[] = { 0xd2008c222f0686, 0xf00f4e }, amd[] = { 0x29d3, 0 };
	char text[256], tiny[8];
	int length = vioc_unit_summarize(VIOC_UNIT_VTD, vtd, 2, text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_string_equal(text,
			    "48-bit IOVA, 4K/2M/1G pages, interrupt remapping, ATS, no nested, "
			    "no PASID, no snoop control (devices that don't snoop need flushes)");
	assert_int_equal(vioc_unit_summarize(VIOC_UNIT_VTD, vtd, 2, tiny, sizeof(tiny)), length);
	assert_string_equal(tiny, "48-bit ");
	vioc_unit_summarize(VIOC_UNIT_AMD, amd, 2, text, sizeof(text));
	assert_non_null(strstr(text, "6-level page tables, guest translation"));
	assert_int_equal(vioc_unit_summarize(VIOC_UNIT_VIRTIO, NULL, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(vioc_unit_summarize(VIOC_UNIT_VTD, vtd, 2, NULL, 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vtd_fields),
		cmocka_unit_test(vtd_scalable_mode),
		cmocka_unit_test(amd_fields),
		cmocka_unit_test(smmu_fields),
		cmocka_unit_test(fields_are_complete_and_do_not_repeat),
		cmocka_unit_test(unknown_registers_have_no_fields),
		cmocka_unit_test(summaries_are_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
