// SPDX-License-Identifier: MIT
/* The document is made in memory, so that nobody gets a part of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "ls.h"

static void write_number(FILE *out, const char *key, int64_t number, bool is_known)
{
	if (is_known)
		fprintf(out, ",\"%s\":%" PRId64, key, number);
	else
		fprintf(out, ",\"%s\":null", key);
}

static void write_flag(FILE *out, const char *key, bool value)
{
	fprintf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void write_id(FILE *out, const char *key, unsigned int value, int digits)
{
	fprintf(out, ",\"%s\":\"%0*x\"", key, digits, value);
}

static void write_holders(FILE *out, const struct vioc_found_device *device)
{
	fputs(",\"holders\":[", out);
	for (size_t i = 0; i < device->n_holders; i++) {
		fprintf(out, "%s{\"pid\":%" PRIu32, i ? "," : "", device->holders[i].pid);
		write_member(out, "command", device->holders[i].command);
		write_member(out, "node", device->holders[i].node);
		write_flag(out, "mapped", device->holders[i].flags & VIOC_HOLDER_MAPPED);
		putc('}', out);
	}
	putc(']', out);
}

static void write_bars(FILE *out, const struct vioc_found_device *device)
{
	fputs(",\"bar-sizes\":[", out);
	for (int i = 0; i < 6; i++)
		fprintf(out, "%s%" PRIu64, i ? "," : "", device->bar_sizes[i]);
	putc(']', out);
}

static void write_rights(FILE *out, const struct vioc_found_device *device)
{
	bool are_known = device->node_mode || device->node_uid || device->node_gid;
	write_number(out, "node-mode", device->node_mode, are_known);
	write_number(out, "node-uid", device->node_uid, are_known);
	write_number(out, "node-gid", device->node_gid, are_known);
}

static void write_device(FILE *out, const struct vioc_found_device *device)
{
	bool is_vf = device->physical_function;
	fprintf(out, "{\"address\":\"%s\"", device->name);
	write_id(out, "vendor", device->vendor, 4);
	write_id(out, "device", device->device, 4);
	write_id(out, "subsystem-vendor", device->subsystem_vendor, 4);
	write_id(out, "subsystem-device", device->subsystem_device, 4);
	write_id(out, "class", device->class_code, 6);
	write_number(out, "revision", device->revision, true);
	write_member(out, "vendor-name", device->vendor_name);
	write_member(out, "device-name", device->device_name);
	write_member(out, "class-name", device->class_name);
	write_member(out, "parent", device->parent);
	write_member(out, "driver", device->driver);
	write_member(out, "driver-override", device->driver_override);
	write_member(out, "state",
		     device->reason == VIOC_REASON_NONE ? "ready"
							: vioc_reason_name(device->reason));
	write_member(out, "blocker", device->blocker);
	write_member(out, "blocker-driver", device->blocker_driver);
	write_member(out, "iommu", device->unit);
	write_number(out, "group", device->group, device->flags & VIOC_FOUND_GROUP);
	write_member(out, "node", device->cdev);
	write_member(out, "group-node", device->group_node);
	write_number(out, "numa-node", device->numa_node, device->numa_node >= 0);
	write_member(out, "reset-methods", device->reset_methods);
	write_member(out, "physical-function", device->physical_function);
	write_number(out, "virtual-functions", device->n_virtual, !is_vf && device->max_virtual);
	write_number(out, "max-virtual-functions", device->max_virtual,
		     !is_vf && device->max_virtual);
	write_number(out, "msi", device->n_msi, true);
	write_number(out, "msix", device->n_msix, true);
	write_member(out, "netdevs", device->netdevs);
	write_member(out, "block-devices", device->block_devices);
	write_number(out, "dma-mask-bits", device->dma_mask_bits, device->dma_mask_bits > 0);
	write_member(out, "macs", device->macs);
	write_member(out, "acs", device->acs);
	write_flag(out, "suspended", device->flags & VIOC_FOUND_SUSPENDED);
	write_bars(out, device);
	write_rights(out, device);
	write_holders(out, device);
	putc('}', out);
}

static void write_group(FILE *out, const struct vioc_found_group *group)
{
	fprintf(out, "{\"group\":%" PRIu32, group->number);
	write_member(out, "type", group->type);
	write_member(out, "name", group->name);
	fputs(",\"devices\":[", out);
	for (size_t i = 0; i < group->n_devices; i++) {
		fputs(i ? "," : "", out);
		write_string(out, group->devices[i]);
	}
	fputs("],\"reserved-ranges\":[", out);
	for (size_t i = 0; i < group->n_ranges; i++) {
		/* As text: JSON's numbers are good for 53 bits. */
		fprintf(out, "%s{\"start\":\"0x%" PRIx64 "\",\"last\":\"0x%" PRIx64 "\"",
			i ? "," : "", group->ranges[i].start, group->ranges[i].last);
		write_member(out, "kind", group->ranges[i].kind);
		putc('}', out);
	}
	fputs("]}", out);
}

static void write_hex(FILE *out, const char *comma, uint64_t value)
{
	/* As text: JSON's numbers are good for 53 bits. */
	fprintf(out, "%s\"0x%" PRIx64 "\"", comma, value);
}

static void write_fields(FILE *out, const struct vioc_found_unit *unit)
{
	struct vioc_unit_field field;
	fputs(",\"fields\":[", out);
	for (size_t i = 0;
	     vioc_unit_decode(unit->kind, unit->registers, unit->n_registers, i, &field) > 0; i++) {
		fprintf(out, "%s{\"value\":%" PRIu64, i ? "," : "", field.value);
		write_member(out, "register", field.reg);
		write_member(out, "name", field.name);
		write_member(out, "about", field.about);
		putc('}', out);
	}
	putc(']', out);
}

static void write_unit(FILE *out, const struct vioc_found_unit *unit)
{
	char summary[256];
	ls_summarize(unit, summary, sizeof(summary));
	fputs("{\"name\":", out);
	write_string(out, unit->name);
	write_member(out, "kind", vioc_unit_kind_name(unit->kind));
	write_member(out, "device", unit->device);
	write_member(out, "register-base", unit->address);
	write_member(out, "version", unit->version);
	write_number(out, "domains", (int64_t)unit->n_domains, unit->max_domains > 0);
	write_number(out, "max-domains", (int64_t)unit->max_domains, unit->max_domains > 0);
	write_member(out, "summary", *summary ? summary : NULL);
	fputs(",\"registers\":[", out);
	for (uint32_t i = 0; i < unit->n_registers; i++)
		write_hex(out, i ? "," : "", unit->registers[i]);
	putc(']', out);
	write_fields(out, unit);
	putc('}', out);
}

static void write_document(FILE *out, const struct ls_picture *picture)
{
	struct vioc_found_group group = VIOC_SIZED(vioc_found_group);
	fputs("{\"schema\":1,\n\"devices\":[", out);
	for (size_t i = 0; i < picture->n_devices; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_device(out, &picture->devices[i]);
	}
	fputs("],\n\"groups\":[", out);
	for (size_t i = 0; vioc_enumerator_get_group(picture->enumerator, i, &group) > 0; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_group(out, &group);
	}
	fputs("],\n\"iommus\":[", out);
	struct vioc_found_unit unit = VIOC_SIZED(vioc_found_unit);
	for (size_t i = 0; vioc_enumerator_get_unit(picture->enumerator, i, &unit) > 0; i++) {
		fputs(i ? ",\n" : "\n", out);
		write_unit(out, &unit);
	}
	fputs("]}\n", out);
}

static void write_finding(FILE *out, const struct vioc_diag *diag)
{
	const char *key, *value;
	fprintf(out, "{\"hinders\":%s", vioc_diag_get_error(diag) < 0 ? "true" : "false");
	write_member(out, "reason", vioc_reason_name(vioc_diag_get_reason(diag)));
	write_member(out, "obstacle", vioc_diag_get_obstacle(diag));
	write_member(out, "advice", vioc_diag_get_advice(diag));
	fputs(",\"facts\":[", out);
	for (size_t i = 0; vioc_diag_get_fact_at(diag, i, &key, &value); i++) {
		fprintf(out, "%s{\"key\":", i ? "," : "");
		write_string(out, key);
		write_member(out, "value", value);
		putc('}', out);
	}
	fputs("]}", out);
}

int ls_print_json(const struct ls_picture *picture)
{
	struct document document;
	if (document_begin(&document) < 0)
		return -1;
	write_document(document.out, picture);
	return document_print(&document);
}

int ls_print_features_json(struct vioc_ctx *ctx)
{
	struct vioc_system_feature feature = VIOC_SIZED(vioc_system_feature);
	struct document document;
	if (document_begin(&document) < 0)
		return -1;
	fputs("{\"schema\":1,\"library\":", document.out);
	write_string(document.out, vioc_version());
	fputs(",\"features\":[", document.out);
	for (size_t i = 0; vioc_system_get_feature(ctx, i, &feature) > 0; i++) {
		fprintf(document.out, "%s\n{\"name\":\"%s\"", i ? "," : "", feature.name);
		write_member(document.out, "state", ls_feature_state(&feature));
		write_member(document.out, "value", *feature.value ? feature.value : NULL);
		write_member(document.out, "about", feature.about);
		putc('}', document.out);
	}
	fputs("]}\n", document.out);
	return document_print(&document);
}

int ls_print_event_json(const char *kind, const struct vioc_event *event,
			const struct vioc_found_device *device)
{
	struct document document;
	if (document_begin(&document) < 0)
		return -1;
	fputs("{\"schema\":1,\"event\":", document.out);
	write_string(document.out, kind);
	write_member(document.out, "address", event->device);
	write_number(document.out, "group", event->group, event->group >= 0);
	write_member(document.out, "driver", event->driver);
	write_member(document.out, "node", event->node);
	fputs(",\"device\":", document.out);
	if (device)
		write_device(document.out, device);
	else
		fputs("null", document.out);
	fputs("}\n", document.out);
	return document_print(&document);
}

int ls_print_why_json(const char *name, bool can_be_opened, const struct vioc_diag *diag)
{
	struct document document;
	if (document_begin(&document) < 0)
		return -1;
	fputs("{\"schema\":1,\"address\":", document.out);
	write_string(document.out, name);
	fprintf(document.out, ",\"can-be-opened\":%s,\"findings\":[",
		can_be_opened ? "true" : "false");
	for (const char *comma = ""; diag; diag = vioc_diag_get_other(diag), comma = ",") {
		fputs(comma, document.out);
		write_finding(document.out, diag);
	}
	fputs("]}\n", document.out);
	return document_print(&document);
}
