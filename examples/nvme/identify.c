// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "admin.h"
#include "identify.h"
#include "message.h"

/* How long a controller may take to shut down: what it says, but within these. */
#define SHUTDOWN_MIN_MS 5000
#define SHUTDOWN_MAX_MS 60000

/* Asks; the answer is in ctrl->page. */
static int identify(struct nvme_ctrl *ctrl, uint32_t cns, uint32_t nsid, const char *what)
{
	const struct nvme_command command = {
		.opcode = NVME_ADMIN_IDENTIFY,
		.nsid = nsid,
		/* A whole page that begins one: no second PRP. */
		.prp1 = ctrl->page.iova,
		.cdw10 = cns,
	};
	return nvme_admin_run(ctrl, &command, what, NULL);
}

static const uint8_t *answer(const struct nvme_ctrl *ctrl)
{
	return ctrl->page.va;
}

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;
	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

/* Text padded with spaces, into a string without them. What is not printable becomes '?'. */
static void get_text(const uint8_t *at, size_t length, char *ret_text)
{
	while (length && (at[length - 1] == ' ' || !at[length - 1]))
		length--;
	for (size_t i = 0; i < length; i++)
		ret_text[i] = at[i] >= ' ' && at[i] <= '~' ? (char)at[i] : '?';
	ret_text[length] = '\0';
}

/* MDTS is a power of two of the smallest page. */
static uint64_t max_transfer(const struct nvme_ctrl *ctrl, uint8_t mdts)
{
	if (!mdts || mdts > 32)
		return UINT64_MAX;
	return (uint64_t)ctrl->page_size << mdts;
}

static uint32_t shutdown_ms(uint32_t rtd3_entry_us)
{
	uint32_t ms = rtd3_entry_us / 1000;
	if (ms < SHUTDOWN_MIN_MS)
		return SHUTDOWN_MIN_MS;
	return ms < SHUTDOWN_MAX_MS ? ms : SHUTDOWN_MAX_MS;
}

int nvme_identify_controller(struct nvme_ctrl *ctrl)
{
	/* Should Identify fail, it has to be shut down all the same. */
	ctrl->shutdown_ms = SHUTDOWN_MIN_MS;
	int error = identify(ctrl, NVME_CNS_CONTROLLER, 0, "Identify Controller");
	if (error < 0)
		return error;
	const uint8_t *data = answer(ctrl);
	get_text(data + NVME_IDC_MN, NVME_MN_LENGTH, ctrl->model);
	get_text(data + NVME_IDC_SN, NVME_SN_LENGTH, ctrl->serial);
	get_text(data + NVME_IDC_FR, NVME_FR_LENGTH, ctrl->firmware);
	ctrl->max_transfer = max_transfer(ctrl, data[NVME_IDC_MDTS]);
	ctrl->shutdown_ms = shutdown_ms(get32(data + NVME_IDC_RTD3E));
	ctrl->n_namespaces = get32(data + NVME_IDC_NN);
	ctrl->has_sgl = NVME_SGLS_ANY(get32(data + NVME_IDC_SGLS)) != 0;
	return 0;
}

/* Before version 1.1 there was no list: all that there may be are active. */
static int list_all(const struct nvme_ctrl *ctrl, uint32_t after,
		    uint32_t ret_ids[NVME_NAMESPACE_LIST_MAX])
{
	int count = 0;
	while (after < ctrl->n_namespaces && count < (int)NVME_NAMESPACE_LIST_MAX)
		ret_ids[count++] = ++after;
	return count;
}

int nvme_identify_list(struct nvme_ctrl *ctrl, uint32_t after,
		       uint32_t ret_ids[NVME_NAMESPACE_LIST_MAX])
{
	if (ctrl->version < NVME_VERSION(1, 1))
		return list_all(ctrl, after, ret_ids);
	/* The last two ids name no namespace, and may not be asked about. */
	if (after > 0xfffffffdu)
		return 0;
	int error = identify(ctrl, NVME_CNS_NAMESPACE_LIST, after, "Identify, namespace list");
	if (error < 0)
		return error;
	int count = 0;
	while (count < (int)NVME_NAMESPACE_LIST_MAX && get32(answer(ctrl) + 4 * count)) {
		ret_ids[count] = get32(answer(ctrl) + 4 * count);
		/* Who asks for more relies on the order. */
		if (ret_ids[count] <= after)
			return fail(-EIO, ctrl->name, "its list of namespaces is not ascending");
		after = ret_ids[count++];
	}
	return count;
}

int nvme_identify_namespace(struct nvme_ctrl *ctrl, uint32_t id,
			    struct nvme_namespace *ret_namespace)
{
	int error = identify(ctrl, NVME_CNS_NAMESPACE, id, "Identify Namespace");
	if (error < 0)
		return error;
	const uint8_t *data = answer(ctrl);
	const uint8_t *format = data + NVME_IDN_LBAF(NVME_FLBAS_FORMAT(data[NVME_IDN_FLBAS]));
	const struct nvme_namespace namespace = {
		.id = id,
		.n_blocks = get64(data + NVME_IDN_NSZE),
		.block_size = format[NVME_LBAF_DS] < 32 ? 1u << format[NVME_LBAF_DS] : 0,
		.metadata_bytes = get16(format + NVME_LBAF_MS),
	};
	if (!namespace.n_blocks)
		return fail(-ENXIO, ctrl->name, "namespace %" PRIu32 " is not active", id);
	if (namespace.block_size < 512 || namespace.n_blocks > UINT64_MAX / namespace.block_size)
		return fail(-EIO, ctrl->name,
			    "namespace %" PRIu32 ": %" PRIu64 " blocks of 2^%u bytes make no "
			    "sense",
			    id, namespace.n_blocks, format[NVME_LBAF_DS]);
	*ret_namespace = namespace;
	return 0;
}
