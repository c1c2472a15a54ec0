// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/diag.h"

static const char *const reason_names[] = {
	[VIOC_REASON_NONE] = "none",
	[VIOC_REASON_BAD_ARGUMENT] = "bad-argument",
	[VIOC_REASON_NO_DEVICE] = "no-device",
	[VIOC_REASON_NO_IOMMU] = "no-iommu",
	[VIOC_REASON_BYPASS] = "bypass",
	[VIOC_REASON_NOIOMMU] = "noiommu",
	[VIOC_REASON_NOT_BOUND] = "not-bound",
	[VIOC_REASON_OTHER_DRIVER] = "other-driver",
	[VIOC_REASON_SIBLING_BOUND] = "sibling-bound",
	[VIOC_REASON_BUSY] = "busy",
	[VIOC_REASON_OTHER_IOAS] = "other-ioas",
	[VIOC_REASON_PERMISSION] = "permission",
	[VIOC_REASON_NO_ISOLATION] = "no-isolation",
	[VIOC_REASON_NO_INTERFACE] = "no-interface",
	[VIOC_REASON_NO_CDEV] = "no-cdev",
	[VIOC_REASON_ADDRESS_CONFLICT] = "address-conflict",
	[VIOC_REASON_OVERLAP] = "overlap",
	[VIOC_REASON_OUT_OF_RANGE] = "out-of-range",
	[VIOC_REASON_CUTS_MAPPING] = "cuts-mapping",
	[VIOC_REASON_NO_SPACE] = "no-space",
	[VIOC_REASON_MEMLOCK] = "memlock",
	[VIOC_REASON_BAD_MEMORY] = "bad-memory",
	[VIOC_REASON_UNSUPPORTED] = "unsupported",
	[VIOC_REASON_CLOSED] = "closed",
	[VIOC_REASON_FALLBACK] = "fallback",
	[VIOC_REASON_KERNEL] = "kernel",
	[VIOC_REASON_NO_MEMORY] = "no-memory",
	[VIOC_REASON_OUT_OF_STEP] = "out-of-step",
	[VIOC_REASON_VF_TOKEN] = "vf-token",
	[VIOC_REASON_IN_EXTENT] = "in-extent",
	[VIOC_REASON_IN_USE] = "in-use",
	[VIOC_REASON_NOT_OWNED] = "not-owned",
	[VIOC_REASON_IS_IOMMU] = "is-iommu",
	[VIOC_REASON_STALE_OVERRIDE] = "stale-override",
	[VIOC_REASON_IDENTITY] = "identity",
	[VIOC_REASON_DIRECT_REGION] = "direct-region",
	[VIOC_REASON_SUSPENDED] = "suspended",
	[VIOC_REASON_LOCKDOWN] = "lockdown",
	[VIOC_REASON_NETWORK] = "network",
	[VIOC_REASON_OTHER_NETNS] = "other-netns",
	[VIOC_REASON_STORAGE] = "storage",
	[VIOC_REASON_DATA] = "data",
	[VIOC_REASON_CONSOLE] = "console",
	[VIOC_REASON_HAS_VFS] = "has-vfs",
	[VIOC_REASON_BRIDGE] = "bridge",
	[VIOC_REASON_DRIVER_REFUSED] = "driver-refused",
	[VIOC_REASON_NO_FD] = "no-fd",
	[VIOC_REASON_WRONG_FD] = "wrong-fd",
	[VIOC_REASON_GONE] = "gone",
};

VIOC_API const char *vioc_reason_name(uint32_t reason)
{
	if (reason >= sizeof(reason_names) / sizeof(reason_names[0]))
		return "unknown";
	return reason_names[reason];
}

void vioci_diag_fact(struct vioci_diag_draft *draft, const char *key, const char *format, ...)
{
	vioci_text_add(&draft->facts, "%s%c", key, '\0');
	va_list args;
	va_start(args, format);
	vioci_text_addv(&draft->facts, format, args);
	va_end(args);
	vioci_text_add(&draft->facts, "%c", '\0');
}

static void compose_one(struct vioci_text *text, const struct vioc_diag *diag)
{
	if (diag->error) {
		const char *name = strerrorname_np(-diag->error);
		vioci_text_add(text, "can't %s: %s (%s, %s)", diag->tried, diag->obstacle,
			       vioc_reason_name(diag->reason), name ? name : "?");
	} else {
		vioci_text_add(text, "%s: %s (%s)", diag->tried, diag->obstacle,
			       vioc_reason_name(diag->reason));
	}
	if (diag->advice[0])
		vioci_text_add(text, "\n  %s", diag->advice);
}

/* The diag as lines for a person; other attempts follow. */
static char *compose(const struct vioc_diag *diag)
{
	struct vioci_text text = { 0 };
	compose_one(&text, diag);
	for (diag = diag->other; diag; diag = diag->other) {
		vioci_text_add(&text, "\nalso tried: ");
		compose_one(&text, diag);
	}
	return vioci_text_take(&text);
}

static void diag_free(struct vioc_diag *diag)
{
	free(diag->tried);
	free(diag->obstacle);
	free(diag->advice);
	free(diag->facts);
	free(diag->text);
	vioc_diag_unref(diag->other);
	free(diag);
}

struct vioc_diag *vioci_diag_new(struct vioci_diag_draft *draft)
{
	size_t facts_length = draft->facts.length;
	struct vioc_diag made = {
		.refs = 1,
		.error = draft->error,
		.reason = draft->reason,
		.tried = vioci_text_take(&draft->tried),
		.obstacle = vioci_text_take(&draft->obstacle),
		.advice = vioci_text_take(&draft->advice),
		.facts = vioci_text_take(&draft->facts),
		.facts_length = facts_length,
	};

	struct vioc_diag *diag = malloc(sizeof(*diag));
	if (diag && made.tried && made.obstacle && made.advice && made.facts) {
		*diag = made;
		diag->text = compose(diag);
		if (diag->text)
			return diag;
	}
	free(diag);
	free(made.tried);
	free(made.obstacle);
	free(made.advice);
	free(made.facts);
	return NULL;
}

void vioci_diag_drop(struct vioci_diag_draft *draft)
{
	vioc_diag_unref(vioci_diag_new(draft));
}

struct vioc_diag *vioci_diag_chain(struct vioc_diag *diag, struct vioc_diag *other)
{
	if (!diag) {
		vioc_diag_unref(other);
		return NULL;
	}
	if (!other)
		return diag;
	struct vioc_diag *end = diag;
	while (end->other)
		end = end->other;
	end->other = other;

	char *text = compose(diag);
	if (text) {
		free(diag->text);
		diag->text = text;
	} else {
		end->other = vioc_diag_unref(other);
	}
	return diag;
}

VIOC_API struct vioc_diag *vioc_diag_ref(struct vioc_diag *diag)
{
	if (diag)
		vioci_ref_get(&diag->refs);
	return diag;
}

VIOC_API struct vioc_diag *vioc_diag_unref(struct vioc_diag *diag)
{
	if (diag && vioci_ref_put(&diag->refs))
		diag_free(diag);
	return NULL;
}

VIOC_API int vioc_diag_get_error(const struct vioc_diag *diag)
{
	return diag->error;
}

VIOC_API uint32_t vioc_diag_get_reason(const struct vioc_diag *diag)
{
	return diag->reason;
}

VIOC_API const char *vioc_diag_get_tried(const struct vioc_diag *diag)
{
	return diag->tried;
}

VIOC_API const char *vioc_diag_get_obstacle(const struct vioc_diag *diag)
{
	return diag->obstacle;
}

VIOC_API const char *vioc_diag_get_advice(const struct vioc_diag *diag)
{
	return diag->advice;
}

VIOC_API const char *vioc_diag_get_text(const struct vioc_diag *diag)
{
	return diag->text;
}

VIOC_API const struct vioc_diag *vioc_diag_get_other(const struct vioc_diag *diag)
{
	return diag->other;
}

VIOC_API int vioc_diag_get_fact_at(const struct vioc_diag *diag, size_t index, const char **ret_key,
				   const char **ret_value)
{
	const char *end = diag->facts + diag->facts_length;
	for (const char *key = diag->facts; key < end; index--) {
		const char *value = key + strlen(key) + 1;
		if (index == 0) {
			*ret_key = key;
			*ret_value = value;
			return 1;
		}
		key = value + strlen(value) + 1;
	}
	return 0;
}

VIOC_API const char *vioc_diag_get_fact(const struct vioc_diag *diag, const char *key)
{
	const char *found, *value;
	for (size_t i = 0; vioc_diag_get_fact_at(diag, i, &found, &value); i++)
		if (strcmp(found, key) == 0)
			return value;
	return NULL;
}
