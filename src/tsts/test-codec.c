/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-codec.c - the walker beyond what vectors show: long lists, hostile stubs, limits, and what must not be printed.
 *
 * All stubs here are made by hand from the rules of NDR 2.0 (C706 chapter 14) and MS-TSTS 6.1 to 6.3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tsts/test-stub.h"

#include <cmocka.h>

/* ---- stubs by hand ---- */

struct stub {
	uint8_t bytes[512];
	size_t n;
};

static struct stub *put32(struct stub *stub, uint32_t value)
{
	for (size_t i = 0; i < 4; i++, value >>= 8)
		stub->bytes[stub->n++] = (uint8_t)value;
	return stub;
}

static void put_words(struct stub *stub, size_t n, const uint32_t *words)
{
	for (size_t i = 0; i < n; i++)
		put32(stub, words[i]);
}

#define STUB(...) stub_of(sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, (uint32_t[]){ __VA_ARGS__ })

static struct stub stub_of(size_t n, const uint32_t *words)
{
	struct stub stub = { .n = 0 };

	put_words(&stub, n, words);
	return stub;
}

static enum ndr_err_code pull(TALLOC_CTX *ctx, const char *interface, uint32_t opnum, int flags, const struct stub *stub,
			      void **ret_r)
{
	const struct ndr_interface_call *call = stub_call(interface, opnum);

	assert_non_null(call);
	return stub_pull(ctx, call, flags, stub->bytes, stub->n, ret_r);
}

/* Encodes R and decodes that; the result hangs from CTX. */
static void *round_trip(TALLOC_CTX *ctx, const char *interface, uint32_t opnum, int flags, const void *r)
{
	const struct ndr_interface_call *call = stub_call(interface, opnum);
	DATA_BLOB blob = { 0 };
	void *again;

	assert_int_equal(stub_push(ctx, call, flags, r, 0, &blob), NDR_ERR_SUCCESS);
	assert_int_equal(stub_pull(ctx, call, flags, blob.data, blob.length, &again), NDR_ERR_SUCCESS);
	return again;
}

static enum ndr_err_code push_fails(const char *interface, uint32_t opnum, int flags, const void *r)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	DATA_BLOB blob = { 0 };
	enum ndr_err_code status = stub_push(ctx, stub_call(interface, opnum), flags, r, 0, &blob);

	talloc_free(ctx);
	return status;
}

/* ---- long lists ---- */

#define MANY 10000

static void test_many_sessions(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct tsts_get_enum_result_ex r = { .out = { .n_sessions = MANY }, .in = { .level = 3 } };
	struct tsts_get_enum_result_ex *again;

	(void)state;
	r.out.sessions = talloc_zero_array(ctx, struct tsts_session, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		struct tsts_session *one = &r.out.sessions[i];

		one->level = 1 + i % 3;
		one->id = i;
		one->state = i % 10;
		snprintf(one->name, sizeof(one->name), "RDP-Tcp#%u", (unsigned)i);
		one->full_desktop = one->level > 1;
		one->n_protocol_data = one->level == 3 ? 4 : 0;
		one->protocol_data = one->level == 3 ? (const uint8_t *)&one->id : NULL;
	}
	again = round_trip(ctx, "TermSrvEnumeration", TSTS_GET_ENUM_RESULT_EX, NDR_OUT, &r);
	assert_int_equal(again->out.n_sessions, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		const struct tsts_session *one = &again->out.sessions[i], *was = &r.out.sessions[i];

		assert_int_equal(one->level, was->level);
		assert_int_equal(one->id, i);
		assert_string_equal(one->name, was->name);
		assert_int_equal(one->full_desktop, was->full_desktop);
		assert_int_equal(one->n_protocol_data, was->n_protocol_data);
		if (was->protocol_data)
			assert_memory_equal(one->protocol_data, was->protocol_data, 4);
		else
			assert_null(one->protocol_data);
	}
	talloc_free(ctx);
}

static void test_many_processes(void **state)
{
	static const uint8_t sid[] = { 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 };
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct tsts_ica_get_processes_nt6 r = { .out = { .n_processes = MANY, .result = 1 } }, *again;

	(void)state;
	r.out.processes = talloc_zero_array(ctx, struct tsts_process_entry, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		struct tsts_process_entry *one = &r.out.processes[i];

		if (i % 7 == 0) /* one that the caller may not see */
			continue;
		one->process = talloc_zero(ctx, struct tsts_process);
		one->process->pid = i;
		one->process->create_time = UINT64_MAX - i;
		tsts_process_set_image(one->process, talloc_asprintf(ctx, "\xe7\xa8\x8b\xe5\xba\x8f %u", (unsigned)i));
		one->sid = i % 3 ? sid : NULL;
		one->n_sid = i % 3 ? sizeof(sid) : 0;
	}
	again = round_trip(ctx, "IcaApi", TSTS_ICA_GET_PROCESSES_NT6, NDR_OUT, &r);
	assert_int_equal(again->out.n_processes, MANY);
	assert_int_equal(again->out.result, 1);
	for (uint32_t i = 0; i < MANY; i++) {
		const struct tsts_process_entry *one = &again->out.processes[i], *was = &r.out.processes[i];

		assert_int_equal(!one->process, !was->process);
		assert_int_equal(one->n_sid, was->n_sid);
		if (!was->process)
			continue;
		assert_int_equal(one->process->pid, i);
		assert_true(one->process->create_time == UINT64_MAX - i);
		assert_string_equal(one->process->image, was->process->image);
	}
	talloc_free(ctx);
}

static void test_too_many(void **state)
{
	struct tsts_session *sessions = calloc(TSTS_MAX_SESSIONS + 1, sizeof(*sessions));
	struct tsts_get_enum_result r = { .out = { .sessions = sessions, .n_sessions = TSTS_MAX_SESSIONS } };

	(void)state;
	assert_non_null(sessions);
	for (size_t i = 0; i <= TSTS_MAX_SESSIONS; i++)
		sessions[i].level = 1;
	assert_int_equal(push_fails("TermSrvEnumeration", TSTS_GET_ENUM_RESULT, NDR_OUT, &r), NDR_ERR_SUCCESS);
	r.out.n_sessions++;
	assert_int_equal(push_fails("TermSrvEnumeration", TSTS_GET_ENUM_RESULT, NDR_OUT, &r), NDR_ERR_ARRAY_SIZE);
	free(sessions);
}

/* ---- hostile stubs ---- */

#define REFERENT 0x00020000

struct hostile {
	const char *what, *interface;
	uint32_t opnum;
	int flags;
	enum ndr_err_code status;
	size_t n;
	uint32_t words[40];
};

#define WORDS(...) sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, { __VA_ARGS__ }
#define ENUM "TermSrvEnumeration", TSTS_GET_ENUM_RESULT, NDR_OUT
#define NAME17 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define HANDLE5 0, 1, 2, 3, 4

static const struct hostile hostiles[] = {
	{ "a list of 4 GiB", ENUM, NDR_ERR_ARRAY_SIZE, WORDS(REFERENT, 0xffffffff, 1, 1) },
	{ "more sessions than there are ids", ENUM, NDR_ERR_ARRAY_SIZE, WORDS(REFERENT, TSTS_MAX_SESSIONS + 1, 1, 1) },
	{ "more sessions than bytes", ENUM, NDR_ERR_BUFSIZE, WORDS(REFERENT, TSTS_MAX_SESSIONS, 1, 1, 1, 1, NAME17) },
	{ "one session too much", ENUM, NDR_ERR_BUFSIZE, WORDS(REFERENT, 2, 1, 1, 1, 1, NAME17, 2, 0) },
	{ "another count behind the list", ENUM, NDR_ERR_ARRAY_SIZE, WORDS(REFERENT, 1, 1, 1, 1, 1, NAME17, 2, 0) },
	{ "no list behind a pointer", ENUM, NDR_ERR_BUFSIZE, WORDS(REFERENT) },
	{ "a level that is not the tag", ENUM, NDR_ERR_BAD_SWITCH, WORDS(REFERENT, 1, 1, 2, 1, 1, NAME17, 1, 0) },
	{ "level 0", ENUM, NDR_ERR_BAD_SWITCH, WORDS(REFERENT, 1, 0, 0, 1, 1, NAME17, 1, 0) },
	{ "a level of another call", ENUM, NDR_ERR_BAD_SWITCH, WORDS(REFERENT, 1, 3, 3, 1, 1, NAME17, 1, 0) },
	{ "a level of 4 GiB", ENUM, NDR_ERR_BAD_SWITCH, WORDS(REFERENT, 1, 0xffffffff, 0xffffffff, 1, 1, NAME17, 1, 0) },
	{ "no result", ENUM, NDR_ERR_BUFSIZE, WORDS(REFERENT, 1, 1, 1, 1, 1, NAME17, 1) },
	{ "nothing", ENUM, NDR_ERR_BUFSIZE, 0, { 0 } },
	{ "a text of 4 GiB", "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(REFERENT, 0xffffffff, 0, 0xffffffff, 0, 0) },
	{ "a text longer than the stub", "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, NDR_ERR_BUFSIZE,
	  WORDS(REFERENT, 8192, 0, 8192, 0, 0) },
	{ "a text longer than its room", "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(REFERENT, 1, 0, 2, 0x00410041, 0) },
	{ "a text with an offset", "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(REFERENT, 4, 2, 2, 0x00000041, 0) },
	{ "an offset that wraps", "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(REFERENT, 2, 0xfffffffe, 2, 0x00000041, 0) },
	{ "a text without a NUL", "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, NDR_ERR_STRING,
	  WORDS(REFERENT, 2, 0, 2, 0x00420041, 0) },
	{ "a text without anything", "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, NDR_ERR_STRING,
	  WORDS(REFERENT, 0, 0, 0, 0) },
	{ "a session name beyond the limit of the IDL", "TermSrvEnumeration", TSTS_GET_ALL_SESSIONS_EX, NDR_OUT,
	  NDR_ERR_ARRAY_SIZE, WORDS(REFERENT, 1, 1, 1, 1, 0, 1, REFERENT, 0, 0, 0, 0, 258, 0, 258, 0, 0) },
	{ "a buffer of 4 GiB", "RCMPublic", TSTS_GET_CLIENT_DATA, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(REFERENT, 0xffffffff, 0, 0xffffffff, 0) },
	{ "a buffer longer than the stub", "RCMPublic", TSTS_GET_CLIENT_DATA, NDR_OUT, NDR_ERR_BUFSIZE,
	  WORDS(REFERENT, 2296, 0, 2296, 0) },
	{ "more bytes than room", "RCMPublic", TSTS_QUERY_SESSION_DATA, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(4, 0, 8, 0, 0, 8, 8, 0) },
	{ "more room than the IDL has", "RCMPublic", TSTS_QUERY_SESSION_DATA, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(8193, 0, 4, 0, 4, 4, 0) },
	{ "a room beyond the range of the IDL", "RCMPublic", TSTS_QUERY_SESSION_DATA, NDR_IN, NDR_ERR_RANGE,
	  WORDS(1, 0, 0, 0, 8193) },
	{ "protocol data that its size does not tell", "TermSrvEnumeration", TSTS_GET_ENUM_RESULT_EX, NDR_OUT,
	  NDR_ERR_ARRAY_SIZE, WORDS(REFERENT, 1, 3, 3, 1, 0, NAME17, 0, 1, 0, 0, 0, 0, 4, REFERENT, 8, 0, 0, 1, 0) },
	{ "counters of 4 GiB", "TermSrvSession", TSTS_GET_COUNTERS, NDR_IN, NDR_ERR_ARRAY_SIZE,
	  WORDS(0x10000000, 0, 1, 0, 0, 0, 0, 0, 0x10000000) },
	{ "more processes than the IDL has", "IcaApi", TSTS_ICA_GET_PROCESSES, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(0, 0x8001, REFERENT, 0x8001, 0, 0, 0, 1) },
	{ "another number of processes", "IcaApi", TSTS_ICA_GET_PROCESSES, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(0, 1, REFERENT, 2, 0, 0, 0, 0, 0, 0, 1) },
	{ "a SID of a mebibyte", "IcaApi", TSTS_ICA_GET_PROCESSES, NDR_OUT, NDR_ERR_ARRAY_SIZE,
	  WORDS(0, 1, REFERENT, 1, 0, 1 << 20, REFERENT, 1 << 20, 1) },
	{ "a title beyond the range of the IDL", "IcaApi", TSTS_ICA_SEND_MESSAGE, NDR_IN, NDR_ERR_ARRAY_SIZE,
	  WORDS(HANDLE5, 12, 1025, 0) },
	{ "a title that its length does not tell", "IcaApi", TSTS_ICA_SEND_MESSAGE, NDR_IN, NDR_ERR_ARRAY_SIZE,
	  WORDS(HANDLE5, 12, 2, 0x00000041, 3, 1, 0, 1, 0, 0, 0) },
	{ "a family that is none", "RCMPublic", TSTS_GET_REMOTE_ADDRESS, NDR_OUT, NDR_ERR_BAD_SWITCH,
	  WORDS(0, 0, 0, 0, 0, 0, 0, 0, 0) },
	{ "a family that is not the tag", "RCMPublic", TSTS_GET_REMOTE_ADDRESS, NDR_OUT, NDR_ERR_BAD_SWITCH,
	  WORDS(0x00170002, 0, 0, 0, 0, 0, 0, 0, 0) },
	{ "half an address", "RCMPublic", TSTS_GET_REMOTE_ADDRESS, NDR_OUT, NDR_ERR_BUFSIZE, WORDS(0x00170017, 0, 0, 0) },
	{ "ids without end", "TermSrvEnumeration", TSTS_GET_SESSION_IDS, NDR_OUT, NDR_ERR_BUFSIZE,
	  WORDS(REFERENT, 65536, 1, 2, 3) },
};

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostiles) / sizeof(*hostiles); i++) {
		const struct hostile *one = &hostiles[i];
		const struct ndr_interface_call *call = stub_call(one->interface, one->opnum);
		struct stub stub = stub_of(one->n, one->words);
		TALLOC_CTX *ctx = talloc_new(NULL);
		enum ndr_err_code status;
		void *r;

		assert_non_null(call);
		status = stub_pull(ctx, call, one->flags, stub.bytes, stub.n, &r);
		if (status != one->status)
			print_error("%s: %s\n", one->what, ndr_errstr(status));
		assert_int_equal(status, one->status);
		assert_true(stub_is_zero(r, call->struct_size));
		/* What is taken for a list of 4 GiB is not much more than what came. */
		assert_true(talloc_total_size(ctx) < 4096 + call->struct_size);
		talloc_free(ctx);
	}
}

/* A stub of more than the limit is not even looked at. */
static void test_long_stub(void **state)
{
	const struct ndr_interface_call *call = stub_call("TermSrvSession", TSTS_LOGOFF);
	uint8_t *bytes = calloc(TSTS_MAX_STUB + 1, 1);
	TALLOC_CTX *ctx = talloc_new(NULL);
	void *r;

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(stub_pull(ctx, call, NDR_OUT, bytes, TSTS_MAX_STUB, &r), NDR_ERR_SUCCESS);
	assert_int_equal(stub_pull(ctx, call, NDR_OUT, bytes, TSTS_MAX_STUB + 1, &r), NDR_ERR_BUFSIZE);
	free(bytes);
	talloc_free(ctx);
}

/* ---- what is tolerated ---- */

static void test_null_list(void **state)
{
	struct stub stub = STUB(0, 5, 0x80070005), processes = STUB(0xc0000022, 5, 0);
	TALLOC_CTX *ctx = talloc_new(NULL);
	void *r;

	(void)state;
	assert_int_equal(pull(ctx, "TermSrvEnumeration", TSTS_GET_ENUM_RESULT, NDR_OUT, &stub, &r), NDR_ERR_SUCCESS);
	assert_int_equal(((struct tsts_get_enum_result *)r)->out.n_sessions, 0);
	assert_null(((struct tsts_get_enum_result *)r)->out.sessions);
	assert_int_equal(((struct tsts_get_enum_result *)r)->out.result, 0x80070005);
	processes.bytes[processes.n++] = 0; /* one byte of result */
	assert_int_equal(pull(ctx, "IcaApi", TSTS_ICA_GET_PROCESSES, NDR_OUT, &processes, &r), NDR_ERR_SUCCESS);
	assert_int_equal(((struct tsts_ica_get_processes *)r)->out.n_processes, 0);
	assert_null(((struct tsts_ica_get_processes *)r)->out.processes);
	talloc_free(ctx);
}

/* The union of a listener has an empty arm for levels to come. */
static void test_other_level_of_listener(void **state)
{
	struct stub stub = STUB(REFERENT, 2, 7, 7, 1, 1, 65536, 1, NAME17, 2, 0);
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct tsts_get_all_listeners *r;
	void *p;

	(void)state;
	assert_int_equal(pull(ctx, "RCMPublic", TSTS_GET_ALL_LISTENERS, NDR_OUT, &stub, &p), NDR_ERR_SUCCESS);
	r = p;
	assert_int_equal(r->out.n_listeners, 2);
	assert_int_equal(r->out.listeners[0].level, 7);
	assert_int_equal(r->out.listeners[0].id, 0);
	assert_int_equal(r->out.listeners[1].id, 65536);
	talloc_free(ctx);
}

/* A NUL may come early, and the maximum count may be anything. */
static void test_ends_of_texts(void **state)
{
	struct stub early = STUB(REFERENT, 4, 0, 4, 0x00000041, 0x00000042, 0),
		    much = STUB(REFERENT, 0xffffffff, 0, 2, 0x00000041, 0);
	struct stub *const stubs[] = { &early, &much };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		void *r;

		assert_int_equal(pull(ctx, "TermSrvSession", TSTS_GET_TERMINAL_NAME, NDR_OUT, stubs[i], &r), NDR_ERR_SUCCESS);
		assert_string_equal(((struct tsts_get_terminal_name *)r)->out.name, "A");
		talloc_free(ctx);
	}
}

static const struct tsts_get_remote_address six = { .out = { .address = { .family = TSTS_FAMILY_IPV6, .port = 0x1234,
	.flow = 5, .scope = 6, .address = { 0xfe, 0x80, [15] = 9 } }, .result = 1 } };
static const struct tsts_get_remote_address four = { .out = { .address = { .family = TSTS_FAMILY_IPV4, .port = 2,
	.address = { 192, 0, 2, 7 } }, .result = 1 } };

/* Both forms of an address, told apart even where the port is the number of the family. */
static void test_address_forms(void **state)
{
	static const size_t lengths[2][2] = { { 24, 28 }, { 36, 40 } };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct tsts_get_remote_address r = i & 1 ? six : four, *again;
		const struct ndr_interface_call *call = stub_call("RCMPublic", TSTS_GET_REMOTE_ADDRESS);
		TALLOC_CTX *ctx = talloc_new(NULL);
		DATA_BLOB blob = { 0 };

		r.out.address.padded = i / 2;
		assert_int_equal(stub_push(ctx, call, NDR_OUT, &r, 0, &blob), NDR_ERR_SUCCESS);
		assert_int_equal(blob.length, lengths[i & 1][i / 2]);
		again = round_trip(ctx, "RCMPublic", TSTS_GET_REMOTE_ADDRESS, NDR_OUT, &r);
		assert_memory_equal(&again->out, &r.out, sizeof(r.out));
		talloc_free(ctx);
	}
}

/* Bytes that are not used may be anything, in pads too. */
static void test_address_pad(void **state)
{
	struct stub stub = STUB(0xeeee0002, 0xffff0002, 0x12340d3d, 0x070200c0, 0, 0, 1);
	struct stub surplus = STUB(0x00020002, 0x00000002, 0x070200c0, 0, 0, 1, 0, 0);
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct tsts_get_remote_address *r;
	void *p;

	(void)state;
	assert_int_equal(pull(ctx, "RCMPublic", TSTS_GET_REMOTE_ADDRESS, NDR_OUT, &stub, &p), NDR_ERR_SUCCESS);
	r = p;
	assert_int_equal(r->out.address.padded, 1);
	assert_int_equal(r->out.address.port, 0x0d3d);
	assert_memory_equal(r->out.address.address, "\xc0\x00\x02\x07", 4);
	assert_int_equal(r->out.result, 1);
	/* Surplus bytes do not make a port that is the number of the family a tag. */
	assert_int_equal(pull(ctx, "RCMPublic", TSTS_GET_REMOTE_ADDRESS, NDR_OUT, &surplus, &p), NDR_ERR_SUCCESS);
	r = p;
	assert_int_equal(r->out.address.padded, 0);
	assert_int_equal(r->out.address.port, 2);
	assert_int_equal(r->out.result, 1);
	talloc_free(ctx);
}

/* A peer whose machine is big endian. */
static void test_big_endian(void **state)
{
	const struct ndr_interface_call *call = stub_call("TermSrvSession", TSTS_SHOW_MESSAGE_BOX);
	struct tsts_show_message_box r = { .in = { .title = "\xe4\xb8\xad", .message = "B", .style = 4, .timeout_s = 60 } };
	struct tsts_show_message_box *again;
	TALLOC_CTX *ctx = talloc_new(NULL);
	DATA_BLOB blob = { 0 };

	(void)state;
	stub_big_endian = true;
	assert_int_equal(stub_push(ctx, call, NDR_IN, &r, 0, &blob), NDR_ERR_SUCCESS);
	assert_int_equal(blob.data[23], 2);
	assert_int_equal(blob.data[32], 0x4e); /* the title */
	again = round_trip(ctx, "TermSrvSession", TSTS_SHOW_MESSAGE_BOX, NDR_IN, &r);
	stub_big_endian = false;
	assert_string_equal(again->in.title, "\xe4\xb8\xad");
	assert_int_equal(again->in.timeout_s, 60);
	talloc_free(ctx);
}

/* ---- what is refused when encoding ---- */

static void test_refused(void **state)
{
	static char text[TSTS_MAX_TEXT + 2];
	struct tsts_show_message_box box = { .in = { .title = "", .message = text } };
	struct tsts_ica_reset reset = { .out = { .result = 256 } };
	struct tsts_get_remote_address address = { .out = { .result = 1 } };
	struct tsts_session session = { .level = 3 };
	struct tsts_get_enum_result list = { .out = { .sessions = &session, .n_sessions = 1 } };
	struct tsts_query_session_data data = { .out = { .data = (const uint8_t *)text, .n_data = 5, .room = 4 } };

	(void)state;
	memset(text, 'x', TSTS_MAX_TEXT - 1); /* with its NUL just not too long */
	assert_int_equal(push_fails("TermSrvSession", TSTS_SHOW_MESSAGE_BOX, NDR_IN, &box), NDR_ERR_SUCCESS);
	text[TSTS_MAX_TEXT - 1] = 'x';
	assert_int_equal(push_fails("TermSrvSession", TSTS_SHOW_MESSAGE_BOX, NDR_IN, &box), NDR_ERR_LENGTH);
	assert_int_equal(push_fails("IcaApi", TSTS_ICA_RESET, NDR_OUT, &reset), NDR_ERR_RANGE);
	assert_int_equal(push_fails("RCMPublic", TSTS_GET_REMOTE_ADDRESS, NDR_OUT, &address), NDR_ERR_BAD_SWITCH);
	assert_int_equal(push_fails("TermSrvEnumeration", TSTS_GET_ENUM_RESULT, NDR_OUT, &list), NDR_ERR_BAD_SWITCH);
	assert_int_equal(push_fails("RCMPublic", TSTS_QUERY_SESSION_DATA, NDR_OUT, &data), NDR_ERR_ARRAY_SIZE);
}

/* Nobody negotiates NDR64 with us; its layout is another. */
static void test_ndr64(void **state)
{
	const struct ndr_interface_call *call = stub_call("TermSrvSession", TSTS_LOGOFF);
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct ndr_push *push = ndr_push_init_ctx(ctx);
	struct tsts_logoff r = { 0 };
	uint8_t bytes[24] = { 0 };
	DATA_BLOB blob = { .data = bytes, .length = sizeof(bytes) };
	struct ndr_pull *ndr = ndr_pull_init_blob(&blob, ctx);

	(void)state;
	push->flags |= LIBNDR_FLAG_NDR64;
	ndr->flags |= LIBNDR_FLAG_NDR64;
	assert_int_equal(call->ndr_push(push, NDR_IN, &r), NDR_ERR_NDR64);
	assert_int_equal(call->ndr_pull(ndr, NDR_IN, &r), NDR_ERR_NDR64);
	talloc_free(ctx);
}

static void test_not_used(void **state)
{
	const struct ndr_interface_call *call = &tsts_table_ica.calls[11];
	uint8_t bytes[8] = { 0 };
	TALLOC_CTX *ctx = talloc_new(NULL);
	DATA_BLOB blob;
	void *r;

	(void)state;
	assert_string_equal(call->name, "NotUsed");
	assert_int_equal(stub_pull(ctx, call, NDR_IN, bytes, sizeof(bytes), &r), NDR_ERR_BAD_SWITCH);
	assert_int_equal(stub_push(ctx, call, NDR_OUT, r, 0, &blob), NDR_ERR_BAD_SWITCH);
	talloc_free(ctx);
}

/* ---- names ---- */

static void test_names_are_cut(void **state)
{
	struct tsts_get_info_ex r = { .out = { .info = { .level = 1 } } }, *again;
	TALLOC_CTX *ctx = talloc_new(NULL);

	(void)state;
	/* 16 characters of two units and one of one: 33 units, one more than fits before the NUL. */
	for (size_t i = 0; i < 16; i++)
		strcat(r.out.info.name, "\xf0\x9f\x98\x80");
	strcat(r.out.info.name, "x");
	strcpy(r.out.info.user, "12345678901234567890x");
	again = round_trip(ctx, "TermSrvSession", TSTS_GET_INFO_EX, NDR_OUT, &r);
	assert_int_equal(strlen(again->out.info.name), 64);
	assert_memory_equal(again->out.info.name, r.out.info.name, 64);
	assert_string_equal(again->out.info.user, "12345678901234567890");
	/* A pair that would be cut in the middle is left out. */
	memmove(r.out.info.name + 1, r.out.info.name, 64);
	r.out.info.name[0] = 'x';
	again = round_trip(ctx, "TermSrvSession", TSTS_GET_INFO_EX, NDR_OUT, &r);
	assert_int_equal(strlen(again->out.info.name), 61);
	talloc_free(ctx);
}

/* ---- memory, print ---- */

/* That memory runs out must be seen to happen, or the other tests of it prove nothing. */
static void test_memory_runs_out(void **state)
{
	struct tsts_session sessions[3] = { { .level = 1 }, { .level = 1 }, { .level = 1 } };
	struct tsts_get_enum_result r = { .out = { .sessions = sessions, .n_sessions = 3 } };
	const struct ndr_interface_call *call = stub_call("TermSrvEnumeration", TSTS_GET_ENUM_RESULT);
	enum ndr_err_code pushed, pulled;
	unsigned n_failures = 0;

	(void)state;
	for (unsigned n_calls = 0; n_calls < 20; n_calls++) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		DATA_BLOB blob = { 0 };
		void *again;

		stub_memory = n_calls;
		pushed = stub_push(ctx, call, NDR_OUT, &r, 0, &blob);
		pulled = NDR_ERR_ALLOC;
		if (pushed == NDR_ERR_SUCCESS)
			pulled = stub_pull(ctx, call, NDR_OUT, blob.data, blob.length, &again);
		stub_memory = UINT_MAX;
		assert_true(pulled == NDR_ERR_SUCCESS || pulled == NDR_ERR_ALLOC);
		n_failures += pulled == NDR_ERR_ALLOC;
		talloc_free(ctx);
	}
	assert_in_range(n_failures, 4, 19); /* the last ones succeed */
}

static void test_print_keeps_secrets(void **state)
{
	struct tsts_connect r = { .in = { .password = "correct horse" } };
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text;

	(void)state;
	for (size_t i = 0; i < N_STUB_TABLES; i++) {
		for (uint32_t opnum = 0; opnum < stub_tables[i]->num_calls; opnum++)
			assert_non_null(stub_tables[i]->calls[opnum].ndr_print);
	}
	text = ndr_print_function_string(ctx, stub_call("TermSrvSession", TSTS_CONNECT)->ndr_print, "RpcConnect", NDR_BOTH, &r);
	assert_non_null(text);
	assert_non_null(strstr(text, "RpcConnect"));
	assert_null(strstr(text, "horse"));
	talloc_free(ctx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_sessions), cmocka_unit_test(test_many_processes), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_long_stub), cmocka_unit_test(test_null_list),
		cmocka_unit_test(test_other_level_of_listener), cmocka_unit_test(test_ends_of_texts),
		cmocka_unit_test(test_address_forms), cmocka_unit_test(test_address_pad),
		cmocka_unit_test(test_big_endian), cmocka_unit_test(test_refused), cmocka_unit_test(test_ndr64),
		cmocka_unit_test(test_not_used), cmocka_unit_test(test_names_are_cut), cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test(test_print_keeps_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
