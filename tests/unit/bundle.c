// SPDX-License-Identifier: MIT
/* Bundles that are not what they should be: bytes, messages and fds. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fds/bundle.h"
#include "unit.h"

/* One of each: an iommufd with an address space, and a device in it. */
static void make_content(struct vioci_content *content)
{
	*content = (struct vioci_content){ 0 };
	struct vioc_bundle_fd *fd = vioci_content_add_fd(content);
	fd->kind = VIOC_FD_IOMMUFD;
	fd = vioci_content_add_fd(content);
	fd->kind = VIOC_FD_CDEV;
	fd->flags = VIOC_FD_IN_USE | VIOC_FD_IN_GROUP;
	fd->group = 2;
	fd->space = 0;
	strcpy(fd->device, FIRST);
	struct vioci_shared *space = vioci_content_add_space(content);
	space->backend = VIOC_BACKEND_IOMMUFD;
	space->id = 7;
	space->ranges = calloc(2, sizeof(*space->ranges));
	space->ranges[0] = (struct vioc_iova_range){ 0, 0xfedfffff };
	space->ranges[1] = (struct vioc_iova_range){ 0xfef00000, UINT64_MAX };
	space->n_ranges = 2;
	space->mappings = calloc(2, sizeof(*space->mappings));
	space->mappings[0] = (struct vioci_shared_mapping){ PAGE, PAGE, VIOC_MAP_READ };
	space->mappings[1] = (struct vioci_shared_mapping){ -PAGE, PAGE, RW };
	space->n_mappings = 2;
}

#define SIZE (8 + 2 * 88 + 24 + 2 * 16 + 2 * 24)

static void make_bytes(unsigned char bytes[SIZE])
{
	struct vioci_content content;
	make_content(&content);
	assert_int_equal(vioci_content_size(&content), SIZE);
	vioci_content_write(&content, bytes);
	vioci_content_free(NULL, &content);
}

static void refuse(const unsigned char *bytes, size_t size, size_t n_fds)
{
	struct vioci_content content;
	const char *mistake = NULL;
	assert_int_equal(vioci_content_parse(bytes, size, n_fds, &content, &mistake), -EBADMSG);
	assert_non_null(mistake);
}

static void bytes_come_through(void **state)
{
	struct vioci_content content;
	unsigned char bytes[SIZE];
	const char *mistake = NULL;
	(void)state;
	make_bytes(bytes);
	assert_int_equal(vioci_content_parse(bytes, SIZE, 2, &content, &mistake), 0);
	assert_null(mistake);
	assert_int_equal(content.n_fds, 2);
	assert_int_equal(content.fds[0].fd, -1);
	assert_int_equal(content.fds[1].group, 2);
	assert_string_equal(content.fds[1].device, FIRST);
	assert_int_equal(content.n_spaces, 1);
	assert_int_equal(content.spaces[0].id, 7);
	assert_int_equal(content.spaces[0].ranges[1].start, 0xfef00000);
	assert_int_equal(content.spaces[0].mappings[1].prot, RW);
	vioci_content_free(NULL, &content);
}

/* Every length but the right one, on memory of just that length. */
static void cut_bytes_are_refused(void **state)
{
	unsigned char bytes[SIZE + 1] = { 0 };
	(void)state;
	make_bytes(bytes);
	for (size_t size = 0; size <= SIZE + 1; size++) {
		unsigned char *cut = malloc(size ? size : 1);
		assert_non_null(cut);
		memcpy(cut, bytes, size);
		if (size != SIZE)
			refuse(cut, size, 2);
		free(cut);
	}
	refuse(bytes, SIZE, 1);
	refuse(bytes, SIZE, 3);
}

struct damage {
	const char *name;
	size_t offset;
	uint64_t value;
	size_t size;
};

#define FD(n)	    (8 + 88 * (n))
#define SPACE	    (8 + 2 * 88)
#define RANGE	    (SPACE + 24)
#define MAPPING	    (RANGE + 2 * 16)
#define HUGE_NUMBER UINT64_C(0xffffffffffffffff)

static void senseless_bytes_are_refused(void **state)
{
	static const struct damage damages[] = {
		{ "fds", 0, 0xffffffff, 4 },
		{ "spaces", 4, 0xffffffff, 4 },
		{ "no spaces", 4, 0, 4 },
		{ "flags", FD(0), 8, 8 },
		{ "no kind", FD(0) + 8, 0, 4 },
		{ "kind", FD(0) + 8, 6, 4 },
		{ "container of another backend", FD(0) + 8, VIOC_FD_CONTAINER, 4 },
		{ "two iommufds", FD(1) + 8, VIOC_FD_IOMMUFD, 4 },
		{ "space", FD(1) + 16, 1, 4 },
		{ "iommufd of a space", FD(0) + 16, 0, 4 },
		{ "reserved", FD(1) + 20, 1, 4 },
		{ "name of no device", FD(0) + 24, 'x', 1 },
		{ "no name of a device", FD(1) + 24, 0, 1 },
		{ "path", FD(1) + 25, '/', 1 },
		{ "name without end", FD(1) + 24 + 63, 'x', 1 },
		{ "backend", SPACE, 9, 4 },
		{ "any backend", SPACE, VIOC_BACKEND_AUTO, 4 },
		{ "backend without ids", SPACE, VIOC_BACKEND_LEGACY, 4 },
		{ "no id", SPACE + 4, 0, 4 },
		{ "ranges", SPACE + 8, HUGE_NUMBER, 8 },
		{ "ranges that wrap", SPACE + 8, UINT64_C(1) << 60, 8 },
		{ "mappings", SPACE + 16, HUGE_NUMBER, 8 },
		{ "mappings that wrap", SPACE + 16, UINT64_C(0x0aaaaaaaaaaaaaab), 8 },
		{ "order of ranges", RANGE + 16, 0x1000, 8 },
		{ "end of a range", RANGE, HUGE_NUMBER, 8 },
		{ "order of mappings", MAPPING + 24, PAGE, 8 },
		{ "no length", MAPPING + 8, 0, 8 },
		{ "length that wraps", MAPPING + 24 + 8, 2 * PAGE, 8 },
		{ "part of a page", MAPPING, 1, 8 },
		{ "no access", MAPPING + 16, 0, 8 },
		{ "access", MAPPING + 16, 4, 8 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		unsigned char bytes[SIZE];
		make_bytes(bytes);
		memcpy(bytes + damages[i].offset, &damages[i].value, damages[i].size);
		print_message("%s\n", damages[i].name);
		refuse(bytes, SIZE, 2);
	}
}

struct meeting {
	struct fake *fake;
	struct vioc_ctx *ctx;
	int ends[2];
};

static void meet(struct meeting *meeting)
{
	meeting->fake = unit_fake((struct fake_config){ 0 });
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(meeting->fake), &meeting->ctx), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, meeting->ends), 0);
}

static void part(struct meeting *meeting)
{
	close(meeting->ends[0]);
	close(meeting->ends[1]);
	vioc_ctx_unref(meeting->ctx);
	assert_int_equal(fake_count_open(meeting->fake), 0);
	fake_free(meeting->fake);
}

/* A message as transfer.c has it, and as a peer can make it. */
struct raw_message {
	char magic[4];
	uint16_t version;
	uint16_t n_fds;
	uint32_t total;
	uint32_t offset;
	uint32_t total_fds;
	uint32_t reserved;
	unsigned char bytes[256];
};

static void send_raw(struct meeting *meeting, const void *bytes, size_t size, const int *fds,
		     size_t n_fds)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	if (n_fds) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(meeting->ends[0], &header, 0), (ssize_t)size);
}

static void expect_refusal(struct meeting *meeting, int error)
{
	struct vioc_bundle_opts opts = VIOC_SIZED(vioc_bundle_opts);
	struct vioc_bundle *bundle = NULL;
	struct vioc_diag *diag = NULL;
	opts.timeout_ms = -1;
	assert_int_equal(vioc_bundle_recv(meeting->ctx, meeting->ends[1], &opts, &bundle), error);
	assert_null(bundle);
	assert_int_equal(vioc_ctx_get_diag(meeting->ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_error(diag), error);
	vioc_diag_unref(diag);
	assert_int_equal(fake_count_open(meeting->fake), 0);
}

/* A bundle of one fd, which is said to be an iommufd, and nothing else. */
static struct raw_message one_fd(void)
{
	struct raw_message message = {
		.magic = { 'v', 'i', 'o', 'c' },
		.version = 1,
		.n_fds = 1,
		.total = 8 + 88,
		.total_fds = 1,
	};
	const uint32_t kind = VIOC_FD_IOMMUFD, space = VIOC_BUNDLE_NO_SPACE;
	message.bytes[0] = 1;
	memcpy(message.bytes + 8 + 8, &kind, sizeof(kind));
	memcpy(message.bytes + 8 + 16, &space, sizeof(space));
	return message;
}

#define HEAD ((size_t)24)

static void wrong_messages_are_refused(void **state)
{
	const struct raw_message good = one_fd();
	struct raw_message message;
	struct meeting meeting;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), many[200];
	(void)state;
	meet(&meeting);
	for (size_t i = 0; i < 200; i++)
		many[i] = null;

	send_raw(&meeting, "x", 1, NULL, 0);
	expect_refusal(&meeting, -EBADMSG);
	send_raw(&meeting, "x", 1, &null, 1);
	expect_refusal(&meeting, -EBADMSG);
	/* More fds than any message has, and more bytes. */
	send_raw(&meeting, &good, HEAD + good.total, many, 200);
	expect_refusal(&meeting, -EBADMSG);
	unsigned char *large = calloc(1, 100000);
	memcpy(large, &good, sizeof(good));
	send_raw(&meeting, large, 100000, &null, 1);
	expect_refusal(&meeting, -EBADMSG);
	free(large);
	/* More than declared, fewer, none. */
	send_raw(&meeting, &good, HEAD + good.total, many, 2);
	expect_refusal(&meeting, -EBADMSG);
	send_raw(&meeting, &good, HEAD + good.total, NULL, 0);
	expect_refusal(&meeting, -EBADMSG);
	message = good;
	message.total_fds = 0;
	send_raw(&meeting, &message, HEAD + good.total, &null, 1);
	expect_refusal(&meeting, -EBADMSG);
	message = good;
	message.version = 2;
	send_raw(&meeting, &message, HEAD + good.total, &null, 1);
	expect_refusal(&meeting, -EPROTONOSUPPORT);
	message = good;
	message.offset = 8;
	send_raw(&meeting, &message, HEAD + good.total, &null, 1);
	expect_refusal(&meeting, -EBADMSG);
	message = good;
	message.total = 1u << 31;
	send_raw(&meeting, &message, HEAD + good.total, &null, 1);
	expect_refusal(&meeting, -EBADMSG);
	/* A head that brings nothing would never end. */
	message = good;
	message.n_fds = 0;
	send_raw(&meeting, &message, HEAD, NULL, 0);
	expect_refusal(&meeting, -EBADMSG);
	/* The fd is not what it is said to be. */
	send_raw(&meeting, &good, HEAD + good.total, &null, 1);
	expect_refusal(&meeting, -EBADMSG);
	close(null);
	part(&meeting);
}

/* Half a bundle, and then nothing, something else, or the end. */
static void broken_off_transfers_are_refused(void **state)
{
	const struct raw_message good = one_fd();
	struct raw_message message;
	struct meeting meeting;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)state;
	meet(&meeting);
	send_raw(&meeting, &good, HEAD + 50, &null, 1);
	expect_refusal(&meeting, -EAGAIN);
	send_raw(&meeting, &good, HEAD + 50, &null, 1);
	send_raw(&meeting, &good, HEAD + 50, &null, 1);
	expect_refusal(&meeting, -EBADMSG);
	message = good;
	message.n_fds = 0;
	message.offset = 50;
	message.total++;
	send_raw(&meeting, &good, HEAD + 50, &null, 1);
	send_raw(&meeting, &message, HEAD + 46, NULL, 0);
	expect_refusal(&meeting, -EBADMSG);
	send_raw(&meeting, &good, HEAD + 50, &null, 1);
	assert_int_equal(shutdown(meeting.ends[0], SHUT_WR), 0);
	expect_refusal(&meeting, -ECONNRESET);
	close(null);
	part(&meeting);
}

#define MANY 300

/* More than one message takes, by far. */
static void many_fds_come_through(void **state)
{
	struct vioc_fd_opts borrowed = VIOC_SIZED(vioc_fd_opts);
	struct vioc_bundle *bundle = NULL, *received = NULL;
	struct vioc_bundle_fd fds[MANY];
	struct meeting meeting;
	(void)state;
	meet(&meeting);
	int node = vioci_sys_open(fake_sys(meeting.fake), "/dev/iommu", O_RDWR);
	borrowed.flags = VIOC_FD_BORROWED;
	assert_int_equal(vioc_bundle_new(meeting.ctx, &bundle), 0);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(vioc_bundle_add_fd(bundle, node, &borrowed), 0);
	assert_int_equal(vioc_bundle_send(bundle, meeting.ends[0], NULL), 0);
	assert_int_equal(vioc_bundle_recv(meeting.ctx, meeting.ends[1], NULL, &received), 0);
	assert_int_equal(vioc_bundle_get_fds(received, fds, MANY), MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(fds[i].kind, VIOC_FD_IOMMUFD);
	assert_int_equal(fake_count_open(meeting.fake), 1 + 2 * MANY);
	vioc_bundle_unref(bundle);
	vioc_bundle_unref(received);
	vioci_sys_close(fake_sys(meeting.fake), &node);
	part(&meeting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_through),
		cmocka_unit_test(cut_bytes_are_refused),
		cmocka_unit_test(senseless_bytes_are_refused),
		cmocka_unit_test(many_fds_come_through),
		cmocka_unit_test(wrong_messages_are_refused),
		cmocka_unit_test(broken_off_transfers_are_refused),
	};
	return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
