/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-vectors.c - the stubs of three other implementations, in both directions.
 *
 * test/tsts/vectors.txt and vectors-widl.txt hold what impacket, a packer by hand, and widl with Wine's NDR engine make of
 * stated inputs. Each is decoded, the result compared with the inputs where a fact below names them, encoded again, and
 * compared byte by byte. Referent ids may differ: they are where our own encoding changes with the number it starts
 * from. Pad bytes may differ where impacket writes its marks, and the number of them must be the one below. Everything
 * else in which a vector differs from the specification is a named deviation below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tsts/test-stub.h"

#include <cmocka.h>

#define MAX_STUB 2048
#define N_VECTORS (140 + 154)

struct vector {
	char kind[16], interface[32], inputs[512];
	uint32_t opnum;
	uint8_t stub[MAX_STUB];
	size_t n;
};

static const char *folder;

/* ---- deviations ---- */

enum edit_kind { EDIT_NONE, EDIT_DROP, EDIT_INSERT, EDIT_SET };

/* What makes a vector what the specification says: bytes dropped, zeros inserted, bytes set. */
struct edit {
	enum edit_kind kind;
	uint16_t at, n;
	const char *bytes;
};

struct deviation {
	const char *kind, *interface;
	uint32_t opnum;
	const char *inputs;	/* the beginning of them */
	const char *why;
	unsigned n_pads;
	bool unusable;
	struct edit edits[4];
};

#define SURPLUS "a handle that is not in the request, behind it"

/* All of impacket. */
static const struct deviation deviations[] = {
	{ "REQ", "TermSrvSession", 0, "SessionId=12", SURPLUS, .edits = { { EDIT_DROP, 4, 20, NULL } } },
	{ "REQ", "TermSrvSession", 0, "SessionId=0", SURPLUS, .edits = { { EDIT_DROP, 4, 20, NULL } } },
	{ "REQ", "TermSrvSession", 9, "hSession=H,szTitle=\"Hi\"", "marks in pad bytes", 2 },
	{ "REQ", "TermSrvSession", 11, "", "a handle instead of the array", .unusable = true },
	{ "REQ", "TermSrvSession", 15, "", SURPLUS, .edits = { { EDIT_DROP, 0, 20, NULL } } },
	{ "REQ", "TermSrvEnumeration", 0, "", SURPLUS, .edits = { { EDIT_DROP, 0, 20, NULL } } },
	{ "REQ", "TermSrvEnumeration", 8, "", "a handle that is not in the request, before it", 2,
	  .edits = { { EDIT_DROP, 0, 20, NULL } } },
	{ "REQ", "IcaApi", 0, "", SURPLUS, .edits = { { EDIT_DROP, 0, 20, NULL } } },
	{ "REQ", "IcaApi", 3, "", "reference pointers as full pointers", .unusable = true },
	{ "REQ", "IcaApi", 7, "", "marks in pad bytes", 2 },
	{ "REQ", "IcaApi", 8, "hServer=H,Name=\"RDP-Tcp#0\"", "marks in pad bytes", 2 },
	{ "REQ", "IcaApi", 9, "", "marks in pad bytes", 2 },
	{ "RSP", "TermSrvSession", 1, "", "the handle before the result is missing",
	  .edits = { { EDIT_INSERT, 0, 20, NULL } } },
	{ "RSP", "TermSrvSession", 9, "", "an enum of 16 bits where a ULONG is",
	  .edits = { { EDIT_SET, 2, 2, "\0\0" } } },
	{ "RSP", "TermSrvSession", 16, "", "an enum of 16 bits where a ULONG is",
	  .edits = { { EDIT_SET, 2, 2, "\0\0" } } },
	{ "RSP", "TermSrvSession", 17, "", "a referent id where the level is",
	  .edits = { { EDIT_SET, 0, 4, "\1\0\0\0" } } },
	{ "RSP", "TermSrvEnumeration", 5, "Level1", "marks in pad bytes", 6 },
	{ "RSP", "TermSrvEnumeration", 5, "Level2", "a BOOLEAN where a BOOL is", 4,
	  .edits = { { EDIT_SET, 97, 3, "\0\0\0" }, { EDIT_SET, 205, 3, "\0\0\0" } } },
	{ "RSP", "TermSrvEnumeration", 10, "", "marks in pad bytes", 4 },
	{ "RSP", "RCMPublic", 8, "", "marks in pad bytes", 2 },
	{ "RSP", "IcaApi", 43, "", "the name of the image counted in characters", 4,
	  .edits = { { EDIT_SET, 168, 1, "\x10" }, { EDIT_SET, 176, 1, "\x0e" }, { EDIT_INSERT, 196, 12, NULL } } },
};

#define N_DEVIATIONS (sizeof(deviations) / sizeof(*deviations))

static const struct deviation *find_deviation(const struct vector *vector)
{
	for (size_t i = 0; i < N_DEVIATIONS; i++) {
		const struct deviation *one = &deviations[i];

		if (strcmp(one->kind, vector->kind) == 0 && strcmp(one->interface, vector->interface) == 0 &&
		    one->opnum == vector->opnum && strncmp(vector->inputs, one->inputs, strlen(one->inputs)) == 0)
			return one;
	}
	return NULL;
}

static void apply_edit(struct vector *vector, const struct edit *edit)
{
	uint8_t *from = vector->stub + edit->at;

	assert_true(edit->at <= vector->n);
	switch (edit->kind) {
	case EDIT_NONE:
		break;
	case EDIT_DROP:
		assert_true(edit->at + edit->n <= vector->n);
		memmove(from, from + edit->n, vector->n - edit->at - edit->n);
		vector->n -= edit->n;
		break;
	case EDIT_INSERT:
		assert_true(vector->n + edit->n <= MAX_STUB);
		memmove(from + edit->n, from, vector->n - edit->at);
		memset(from, 0, edit->n);
		vector->n += edit->n;
		break;
	case EDIT_SET:
		assert_true(edit->at + edit->n <= vector->n);
		assert_int_not_equal(memcmp(from, edit->bytes, edit->n), 0); /* else it is none */
		memcpy(from, edit->bytes, edit->n);
		break;
	}
}

/* ---- reading the files ---- */

static unsigned hex_digit(char digit)
{
	return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;
}

static void read_stub(struct vector *vector, const char *hex)
{
	vector->n = 0;
	for (; hex[0] && hex[0] != '\n'; hex += 2) {
		assert_true(vector->n < MAX_STUB && strchr("0123456789abcdef", hex[0]) &&
			    strchr("0123456789abcdef", hex[1]));
		vector->stub[vector->n++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
	}
}

static void read_vector(struct vector *vector, char *line)
{
	char *field[6];

	for (size_t i = 0; i < 6; i++) {
		field[i] = strsep(&line, "\t");
		assert_non_null(field[i]);
	}
	assert_null(line);
	memset(vector, 0, sizeof(*vector));
	snprintf(vector->kind, sizeof(vector->kind), "%s", field[0]);
	snprintf(vector->interface, sizeof(vector->interface), "%s", field[1]);
	snprintf(vector->inputs, sizeof(vector->inputs), "%s", field[4]);
	vector->opnum = (uint32_t)strtoul(field[2], NULL, 10);
	read_stub(vector, field[5]);
	assert_non_null(stub_call(vector->interface, vector->opnum));
	/* It says "method" for people; the tables' names come from the specification. */
	assert_string_equal(stub_call(vector->interface, vector->opnum)->name, field[3]);
}

typedef void (*vector_fn)(const struct vector *vector, void *userdata);

static size_t read_file(const char *name, vector_fn on_vector, void *userdata)
{
	static char line[3 * MAX_STUB];
	static struct vector vector;
	size_t n = 0;
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_non_null(strchr(line, '\n')); /* or it was longer than a line can be */
		if (line[0] == '#' || line[0] == '\n')
			continue;
		read_vector(&vector, line);
		on_vector(&vector, userdata);
		n++;
	}
	fclose(file);
	return n;
}

static void for_each_vector(vector_fn on_vector, void *userdata)
{
	size_t n = read_file("vectors.txt", on_vector, userdata) + read_file("vectors-widl.txt", on_vector, userdata);

	assert_int_equal(n, N_VECTORS); /* a test over half a file proves half */
}

static int flags_of(const struct vector *vector)
{
	return strstr(vector->kind, "REQ") ? NDR_IN : NDR_OUT;
}

/* ---- bytes ---- */

struct tally {
	size_t n_used[N_DEVIATIONS];
	size_t n_differ;
};

static bool is_mark(uint8_t byte)
{
	return byte == 0xaa || byte == 0xab || byte == 0xbf;
}

/* Counts the differences that nothing excuses; ONE and OTHER are our encodings with different referent ids. */
static size_t count_differences(const struct vector *vector, const DATA_BLOB *one, const DATA_BLOB *other,
				unsigned *ret_n_pads)
{
	size_t n = 0;

	*ret_n_pads = 0;
	if (one->length != vector->n)
		return SIZE_MAX;
	for (size_t i = 0; i < vector->n; i++) {
		if (vector->stub[i] == one->data[i] || one->data[i] != other->data[i])
			continue;
		if (is_mark(vector->stub[i]) && one->data[i] == 0)
			++*ret_n_pads;
		else
			n++;
	}
	return n;
}

static void tell(const struct vector *vector, const char *what)
{
	print_error("%s %s %u %s: %s\n", vector->kind, vector->interface, (unsigned)vector->opnum, vector->inputs, what);
}

static size_t compare(const struct vector *vector, const struct deviation *deviation)
{
	const struct ndr_interface_call *call = stub_call(vector->interface, vector->opnum);
	TALLOC_CTX *ctx = talloc_new(NULL);
	DATA_BLOB one = { 0 }, other = { 0 };
	unsigned n_pads = 0;
	size_t n = 1;
	void *r;

	if (stub_pull(ctx, call, flags_of(vector), vector->stub, vector->n, &r) != NDR_ERR_SUCCESS) {
		tell(vector, "cannot be decoded");
	} else if (stub_push(ctx, call, flags_of(vector), r, 0, &one) != NDR_ERR_SUCCESS ||
		   stub_push(ctx, call, flags_of(vector), r, 0x01010101, &other) != NDR_ERR_SUCCESS) {
		tell(vector, "cannot be encoded");
	} else {
		n = count_differences(vector, &one, &other, &n_pads);
		if (n > 0)
			tell(vector, "is encoded otherwise");
		if (n_pads != (deviation ? deviation->n_pads : 0)) {
			print_error("%u pad bytes\n", n_pads);
			tell(vector, "has another number of marks in pad bytes");
			n++;
		}
	}
	talloc_free(ctx);
	return n;
}

/* The stub as it came, with what is too much in it, must give what the edited one gives. */
static void compare_surplus(const struct vector *vector, const struct vector *edited)
{
	const struct ndr_interface_call *call = stub_call(vector->interface, vector->opnum);
	TALLOC_CTX *ctx = talloc_new(NULL);
	DATA_BLOB blob = { 0 };
	void *r;

	assert_int_equal(stub_pull(ctx, call, flags_of(vector), vector->stub, vector->n, &r), NDR_ERR_SUCCESS);
	assert_int_equal(stub_push(ctx, call, flags_of(vector), r, 0, &blob), NDR_ERR_SUCCESS);
	assert_int_equal(blob.length, edited->n);
	assert_true(blob.length == 0 || memcmp(blob.data, edited->stub, edited->n) == 0);
	talloc_free(ctx);
}

static void compare_vector(const struct vector *vector, void *userdata)
{
	const struct deviation *deviation = find_deviation(vector);
	struct vector edited = *vector;
	struct tally *tally = userdata;

	if (deviation) {
		tally->n_used[deviation - deviations]++;
		for (size_t i = 0; i < 4; i++)
			apply_edit(&edited, &deviation->edits[i]);
		if (strcmp(deviation->why, SURPLUS) == 0)
			compare_surplus(vector, &edited);
		if (deviation->unusable)
			return;
	}
	tally->n_differ += compare(&edited, deviation) > 0;
}

static void test_bytes(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for_each_vector(compare_vector, &tally);
	assert_int_equal(tally.n_differ, 0);
	for (size_t i = 0; i < N_DEVIATIONS; i++)
		assert_int_equal(tally.n_used[i], 1);
}

/* ---- what is in them ---- */

enum fact_kind { FACT_U32, FACT_U64, FACT_POINTER, FACT_ARRAY };

/* After decoding, MEMBER of the call, or of an element of an array in it, is the number or text. */
struct fact {
	int flags;
	const char *interface;
	uint32_t opnum;
	const char *inputs;	/* in them */
	size_t array;		/* offset of a pointer in the call, or NO_ARRAY */
	size_t offset;
	enum fact_kind kind;
	uint64_t number;
	const char *text;
};

#define NO_ARRAY SIZE_MAX
#define KIND_OF(member) \
	_Generic((member), uint32_t: FACT_U32, uint64_t: FACT_U64, const char *: FACT_POINTER, char *: FACT_ARRAY)
#define TYPE(name) struct tsts_##name
#define MEMBER(name, member) ((TYPE(name) *)NULL)->member
#define FLAGS(call, member) (offsetof(TYPE(call), member) < offsetof(TYPE(call), out) ? NDR_IN : NDR_OUT)

/* The number or text of a member of a call; of a member of an element of an array of it. */
#define IS(interface, opnum, inputs, call, member, number) \
	{ FLAGS(call, member), interface, opnum, inputs, NO_ARRAY, offsetof(TYPE(call), member), \
	  KIND_OF(MEMBER(call, member)), number, NULL }
#define SAYS(interface, opnum, inputs, call, member, text) \
	{ FLAGS(call, member), interface, opnum, inputs, NO_ARRAY, offsetof(TYPE(call), member), \
	  KIND_OF(MEMBER(call, member)), 0, text }
#define HAS(interface, opnum, inputs, call, items, i, is, member, number) \
	{ FLAGS(call, items), interface, opnum, inputs, offsetof(TYPE(call), items), \
	  (i) * sizeof(TYPE(is)) + offsetof(TYPE(is), member), KIND_OF(MEMBER(is, member)), number, NULL }
#define NAMES(interface, opnum, inputs, call, items, i, is, member, text) \
	{ FLAGS(call, items), interface, opnum, inputs, offsetof(TYPE(call), items), \
	  (i) * sizeof(TYPE(is)) + offsetof(TYPE(is), member), KIND_OF(MEMBER(is, member)), 0, text }

#define TIME(n) (UINT64_C(0x01d9000000000000) + (n))
#define H 0x04030201u
#define DESKTOP 0x0f0a4bf8u

static const struct fact facts[] = {
	IS("TermSrvSession", 0, "SessionId=12", open_session, in.session_id, 12),
	IS("TermSrvSession", 0, "phSession=H", open_session, out.handle.uuid.time_low, H),
	IS("TermSrvSession", 0, "phSession=NULL", open_session, out.handle.uuid.time_low, 0),
	IS("TermSrvSession", 0, "phSession=NULL", open_session, out.result, 0x80070002),
	IS("TermSrvSession", 1, "phSession=H", close_session, in.handle.uuid.time_low, H),
	IS("TermSrvSession", 1, "", close_session, out.result, 0),
	IS("TermSrvSession", 2, "", connect, in.handle.uuid.time_low, H),
	IS("TermSrvSession", 2, "", connect, in.target_id, 3),
	SAYS("TermSrvSession", 2, "\"secret\"", connect, in.password, "secret"),
	SAYS("TermSrvSession", 2, "\"\"", connect, in.password, ""),
	IS("TermSrvSession", 2, "hr=1", connect, out.result, 1),
	IS("TermSrvSession", 3, "hSession=H", disconnect, in.handle.uuid.time_low, H),
	IS("TermSrvSession", 4, "hSession=H", logoff, in.handle.uuid.time_low, H),
	IS("TermSrvSession", 4, "0x10000000", logoff, out.result, 0x10000000),
	IS("TermSrvSession", 4, "0x80070005", logoff, out.result, 0x80070005),
	IS("TermSrvSession", 5, "hSession=H", get_user_name, in.handle.uuid.time_low, H),
	SAYS("TermSrvSession", 5, "\"alice\"", get_user_name, out.user, "alice"),
	SAYS("TermSrvSession", 5, "\"CORP\"", get_user_name, out.domain, "CORP"),
	SAYS("TermSrvSession", 5, "\"\",\"\"", get_user_name, out.domain, ""),
	SAYS("TermSrvSession", 6, "\"RDP-Tcp#0\"", get_terminal_name, out.name, "RDP-Tcp#0"),
	IS("TermSrvSession", 7, "plState=4", get_state, out.state, 4),
	IS("TermSrvSession", 8, "hr=1", is_desktop_locked, out.result, 1),
	SAYS("TermSrvSession", 9, "\"Hi\"", show_message_box, in.title, "Hi"),
	SAYS("TermSrvSession", 9, "\"Hi\"", show_message_box, in.message, "Bye now"),
	IS("TermSrvSession", 9, "ulTimeout=60", show_message_box, in.timeout_s, 60),
	IS("TermSrvSession", 9, "bDoNotWait=1", show_message_box, in.do_not_wait, 1),
	IS("TermSrvSession", 9, "ulStyle=4", show_message_box, in.style, 4),
	IS("TermSrvSession", 9, "IDASYNC", show_message_box, out.response, TSTS_ANSWER_ASYNC),
	IS("TermSrvSession", 9, "IDOK", show_message_box, out.response, 1),
	IS("TermSrvSession", 10, "Connect=", get_times, out.connect_time, TIME(1)),
	IS("TermSrvSession", 10, "Disconnect=0", get_times, out.disconnect_time, 0),
	IS("TermSrvSession", 10, "Logon=", get_times, out.logon_time, TIME(2)),
	IS("TermSrvSession", 11, "[4,5]", get_counters, in.n_counters, 2),
	HAS("TermSrvSession", 11, "[4,5]", get_counters, in.counters, 1, counter, id, 5),
	IS("TermSrvSession", 11, "[(4,TRUE,3)", get_counters, out.n_counters, 2),
	HAS("TermSrvSession", 11, "[(4,TRUE,3)", get_counters, out.counters, 0, counter, id, 4),
	HAS("TermSrvSession", 11, "[(4,TRUE,3)", get_counters, out.counters, 0, counter, known, 1),
	HAS("TermSrvSession", 11, "[(4,TRUE,3)", get_counters, out.counters, 0, counter, value, 3),
	HAS("TermSrvSession", 11, "[(4,TRUE,3)", get_counters, out.counters, 1, counter, value, 1),
	IS("TermSrvSession", 12, "SessionId=12", get_info, in.session_id, 12),
	SAYS("TermSrvSession", 12, "\"alice\"", get_info, out.info.user, "alice"),
	SAYS("TermSrvSession", 12, "\"alice\"", get_info, out.info.domain, "CORP"),
	SAYS("TermSrvSession", 12, "\"RDP-Tcp#0\"", get_info, out.info.terminal, "RDP-Tcp#0"),
	IS("TermSrvSession", 12, "\"alice\"", get_info, out.info.connect_time, TIME(1)),
	IS("TermSrvSession", 12, "State=0", get_info, out.info.disconnect_time, 0),
	IS("TermSrvSession", 12, "\"alice\"", get_info, out.info.logon_time, TIME(2)),
	SAYS("TermSrvSession", 12, "State=4", get_info, out.info.terminal, ""),
	IS("TermSrvSession", 12, "State=4", get_info, out.info.state, 4),
	IS("TermSrvSession", 12, "Locked=1", get_info, out.info.locked, 1),
	IS("TermSrvSession", 12, "State=4", get_info, out.info.disconnect_time, TIME(3)),
	SAYS("TermSrvSession", 12, "failure", get_info, out.info.user, NULL),
	IS("TermSrvSession", 12, "failure", get_info, out.result, 0x80070005),
	IS("TermSrvSession", 15, "user=2", get_logged_on_count, out.n_users, 2),
	IS("TermSrvSession", 15, "user=2", get_logged_on_count, out.n_devices, 0),
	IS("TermSrvSession", 16, "type=3", get_session_type, out.type, TSTS_TYPE_DESKTOP),
	IS("TermSrvSession", 17, "SessionId=12", get_info_ex, in.session_id, 12),
	IS("TermSrvSession", 17, "SessionId=12", get_info_ex, in.level, 1),
	IS("TermSrvSession", 17, "State=0", get_info_ex, out.info.state, 0),
	IS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.flags, TSTS_FLAGS_UNLOCKED),
	SAYS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.name, "RDP-Tcp#0"),
	SAYS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.domain, "CORP"),
	SAYS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.user, "alice"),
	IS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.connect_time, TIME(1)),
	IS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.disconnect_time, 0),
	IS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.logon_time, TIME(2)),
	IS("TermSrvSession", 17, "Flags=1", get_info_ex, out.info.last_input_time, TIME(3)),
	IS("TermSrvSession", 17, "no protocol data", get_info_ex, out.info.n_protocol_data, 0),
	IS("TermSrvSession", 17, "00 01 02 03 04", get_info_ex, out.info.n_protocol_data, 5),

	IS("TermSrvNotification", 0, "SessionId=12", wait_for_state, in.session_id, 12),
	IS("TermSrvNotification", 0, "State=8", wait_for_state, in.state, TSTS_STATE_DOWN),
	IS("TermSrvNotification", 0, "Timeout=120000", wait_for_state, in.timeout_ms, 120000),
	IS("TermSrvNotification", 1, "SessionId=12", register_async, in.session_id, 12),
	IS("TermSrvNotification", 1, "Mask=0x90", register_async, in.mask, TSTS_CHANGE_LOGOFF | TSTS_CHANGE_TERMINATE),
	IS("TermSrvNotification", 1, "SessionId=-1", register_async, in.session_id, 0xffffffff),
	IS("TermSrvNotification", 1, "phNotify=H", register_async, out.handle.uuid.time_low, H),
	IS("TermSrvNotification", 2, "pEntries=2", wait_async, out.n_changes, 2),
	HAS("TermSrvNotification", 2, "pEntries=1", wait_async, out.changes, 0, change, session_id, 12),
	HAS("TermSrvNotification", 2, "pEntries=1", wait_async, out.changes, 0, change, mask, TSTS_CHANGE_LOGOFF),
	HAS("TermSrvNotification", 2, "pEntries=2", wait_async, out.changes, 1, change, mask, TSTS_CHANGE_TERMINATE),

	IS("TermSrvEnumeration", 0, "phEnum=H", open_enum, out.handle.uuid.time_low, H),
	IS("TermSrvEnumeration", 2, "State=4", filter_by_state, in.state, 4),
	IS("TermSrvEnumeration", 2, "bInvert=1", filter_by_state, in.invert, 1),
	IS("TermSrvEnumeration", 5, "Level=2", get_enum_result, in.level, 2),
	IS("TermSrvEnumeration", 5, "no sessions", get_enum_result, out.n_sessions, 0),
	IS("TermSrvEnumeration", 5, "Level1: (0,", get_enum_result, out.n_sessions, 3),
	NAMES("TermSrvEnumeration", 5, "Level1: (0,", get_enum_result, out.sessions, 0, session, name, "Services"),
	HAS("TermSrvEnumeration", 5, "Level1: (0,", get_enum_result, out.sessions, 0, session, state, 4),
	HAS("TermSrvEnumeration", 5, "Level1: (0,", get_enum_result, out.sessions, 1, session, level, 1),
	NAMES("TermSrvEnumeration", 5, "Level1: (0,", get_enum_result, out.sessions, 1, session, name, "Console"),
	HAS("TermSrvEnumeration", 5, "Level1: (0,", get_enum_result, out.sessions, 2, session, id, 12),
	NAMES("TermSrvEnumeration", 5, "Level1: (0,", get_enum_result, out.sessions, 2, session, name, ""),
	HAS("TermSrvEnumeration", 5, "Level2: (1,", get_enum_result, out.sessions, 1, session, level, 2),
	HAS("TermSrvEnumeration", 5, "Level2: (1,", get_enum_result, out.sessions, 1, session, source, 0),
	HAS("TermSrvEnumeration", 5, "Level2: (1,", get_enum_result, out.sessions, 1, session, full_desktop, 1),
	HAS("TermSrvEnumeration", 5, "Level2: (1,", get_enum_result, out.sessions, 1, session, type.time_low, DESKTOP),
	IS("TermSrvEnumeration", 8, "MaxEntries=100", get_session_ids, in.max_ids, 100),
	IS("TermSrvEnumeration", 8, "count=2", get_session_ids, out.n_ids, 2),
	{ NDR_OUT, "TermSrvEnumeration", 8, "count=2", offsetof(TYPE(get_session_ids), out.ids), sizeof(uint32_t), FACT_U32,
	  12, NULL },
	HAS("TermSrvEnumeration", 9, "Level3", get_enum_result_ex, out.sessions, 0, session, n_protocol_data, 0),
	HAS("TermSrvEnumeration", 9, "Level3", get_enum_result_ex, out.sessions, 1, session, n_protocol_data, 3),
	NAMES("TermSrvEnumeration", 9, "Level3", get_enum_result_ex, out.sessions, 1, session, name, "RDP-Tcp#0"),
	HAS("TermSrvEnumeration", 9, "Level1", get_enum_result_ex, out.sessions, 1, session, id, 2),
	HAS("TermSrvEnumeration", 9, "Level2", get_enum_result_ex, out.sessions, 1, session, full_desktop, 1),
	IS("TermSrvEnumeration", 10, "Level=2", get_all_sessions, in.level, 2),
	IS("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.level, 2),
	IS("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.n_sessions, 2),
	NAMES("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 0, environment, user, "root"),
	HAS("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, id, 2),
	HAS("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, state, 4),
	HAS("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, abs_id, 2),
	NAMES("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, name, ""),
	NAMES("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, host, "HOST"),
	NAMES("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, user, "alice"),
	NAMES("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, domain, "CORP"),
	NAMES("TermSrvEnumeration", 10, "Level2", get_all_sessions, out.sessions, 1, environment, farm, ""),
	NAMES("TermSrvEnumeration", 10, "Level=1: ", get_all_sessions, out.sessions, 0, environment, name, "Console"),
	NAMES("TermSrvEnumeration", 11, "[(id=2", get_all_sessions_ex, out.sessions, 0, environment_ex, name, "RDP-Tcp#0"),
	NAMES("TermSrvEnumeration", 11, "[(id=2", get_all_sessions_ex, out.sessions, 0, environment_ex, host, NULL),
	NAMES("TermSrvEnumeration", 11, "[(id=2", get_all_sessions_ex, out.sessions, 0, environment_ex, user, "alice"),
	NAMES("TermSrvEnumeration", 11, "[(id=2", get_all_sessions_ex, out.sessions, 0, environment_ex, domain, "CORP"),
	NAMES("TermSrvEnumeration", 11, "[(id=2", get_all_sessions_ex, out.sessions, 0, environment_ex, farm, NULL),
	HAS("TermSrvEnumeration", 11, "[(id=2", get_all_sessions_ex, out.sessions, 0, environment_ex, abs_id, 2),
	NAMES("TermSrvEnumeration", 11, "[(id=1", get_all_sessions_ex, out.sessions, 1, environment_ex, user, "alice"),

	IS("RCMPublic", 0, "opaque 5", get_client_data, out.n_data, 5),
	IS("RCMPublic", 0, "failure", get_client_data, out.result, 0x80070005),
	IS("RCMPublic", 1, "opaque 5", get_config_data, out.n_data, 5),
	IS("RCMPublic", 2, "InfoType=1", get_protocol_status, in.info_type, 1),
	IS("RCMPublic", 3, "0x01d9", get_last_input, out.last_input_time, TIME(3)),
	IS("RCMPublic", 4, "IPv4", get_remote_address, out.address.family, TSTS_FAMILY_IPV4),
	IS("RCMPublic", 4, "IPv4", get_remote_address, out.address.port, 0x0d3d),
	IS("RCMPublic", 4, "IPv6", get_remote_address, out.address.family, TSTS_FAMILY_IPV6),
	IS("RCMPublic", 8, "[(65536", get_all_listeners, out.n_listeners, 1),
	HAS("RCMPublic", 8, "[(65536", get_all_listeners, out.listeners, 0, listener, id, 65536),
	HAS("RCMPublic", 8, "[(65536", get_all_listeners, out.listeners, 0, listener, listening, 1),
	NAMES("RCMPublic", 8, "[(65536", get_all_listeners, out.listeners, 0, listener, name, "RDP-Tcp"),
	IS("RCMPublic", 8, "no listeners", get_all_listeners, out.n_listeners, 0),
	IS("RCMPublic", 9, "opaque 5", get_protocol_last_input, out.last_input_time, TIME(3)),
	IS("RCMPublic", 11, "type=2", query_session_data, in.type, 2),
	IS("RCMPublic", 11, "type=2", query_session_data, in.n_data, 3),
	IS("RCMPublic", 11, "type=2", query_session_data, in.room, 8),
	IS("RCMPublic", 11, "5 bytes", query_session_data, out.room, 8),
	IS("RCMPublic", 11, "5 bytes", query_session_data, out.n_data, 5),
	IS("RCMPublic", 11, "5 bytes", query_session_data, out.n_required, 5),
	SAYS("RCMListener", 0, "RDP-Tcp", open_listener, in.name, "RDP-Tcp"),
	IS("RCMListener", 4, "TRUE", is_listening, out.listening, 1),

	IS("IcaApi", 0, "phServer=H", ica_open_server, out.handle.uuid.time_low, H),
	IS("IcaApi", 0, "TRUE", ica_open_server, out.result, 1),
	IS("IcaApi", 3, "*pEntries=2,buffer", ica_enumerate, in.n_entries, 2),
	IS("IcaApi", 3, "*pEntries=2,buffer", ica_enumerate, in.n_data, 152),
	IS("IcaApi", 3, "0xffffffff", ica_enumerate, in.n_entries, 0xffffffff),
	IS("IcaApi", 3, "LOGONID", ica_enumerate, out.n_entries, 2),
	IS("IcaApi", 3, "LOGONID", ica_enumerate, out.n_data, 152),
	IS("IcaApi", 3, "LOGONID", ica_enumerate, out.index, 2),
	IS("IcaApi", 3, "end of list", ica_enumerate, out.status, 0x8000001a),
	IS("IcaApi", 5, "Class=28", ica_query_information, in.session_id, 12),
	IS("IcaApi", 5, "Class=28", ica_query_information, in.class, TSTS_CLASS_LOCKED),
	IS("IcaApi", 5, "Class=16", ica_query_information, in.n_data, 6),
	IS("IcaApi", 5, "*pReturnLength=4", ica_query_information, out.returned, 4),
	IS("IcaApi", 5, "INVALID_INFO_CLASS", ica_query_information, out.n_data, 6),
	IS("IcaApi", 5, "INVALID_INFO_CLASS", ica_query_information, out.result, 0),
	SAYS("IcaApi", 7, "Title=", ica_send_message, in.title, "Hi"),
	IS("IcaApi", 7, "Title=", ica_send_message, in.title_size, 3),
	SAYS("IcaApi", 7, "Title=", ica_send_message, in.message, "Bye"),
	IS("IcaApi", 7, "Title=", ica_send_message, in.timeout_s, 60),
	IS("IcaApi", 7, "Title=", ica_send_message, in.do_not_wait, 1),
	IS("IcaApi", 7, "pResponse", ica_send_message, out.response, TSTS_ANSWER_ASYNC),
	SAYS("IcaApi", 8, "NameSize=33", ica_id_from_name, in.name, "RDP-Tcp#0"),
	IS("IcaApi", 8, "NameSize=33", ica_id_from_name, in.name_size, 33),
	SAYS("IcaApi", 8, "NameSize=8", ica_id_from_name, in.name, "console"),
	IS("IcaApi", 8, "pLogonId=12", ica_id_from_name, out.session_id, 12),
	SAYS("IcaApi", 9, "RDP-Tcp#0", ica_name_from_id, out.name, "RDP-Tcp#0"),
	IS("IcaApi", 9, "RDP-Tcp#0", ica_name_from_id, out.name_size, 33),
	IS("IcaApi", 13, "LogonId=12", ica_disconnect, in.session_id, 12),
	IS("IcaApi", 14, "LogonId=12,bWait=1", ica_reset, in.session_id, 12),
	IS("IcaApi", 14, "bWait=1", ica_reset, in.wait, 1),
	IS("IcaApi", 14, "bWait=0", ica_reset, in.wait, 0),
	IS("IcaApi", 14, "0xC00A0015", ica_reset, out.status, 0xc00a0015),
	IS("IcaApi", 14, "FALSE", ica_reset, out.result, 0),
	IS("IcaApi", 15, "Flags=6", ica_shutdown, in.flags, 6),
	IS("IcaApi", 37, "ProcessId=4321", ica_terminate_process, in.pid, 4321),
	IS("IcaApi", 37, "ExitCode=1", ica_terminate_process, in.exit_code, 1),
	IS("IcaApi", 43, "0x8000", ica_get_processes, in.max_processes, 0x8000),
	IS("IcaApi", 43, "pResult=0xC0000022", ica_get_processes, out.status, 0xc0000022),
	IS("IcaApi", 44, "pid=4321", ica_get_process_sid, in.pid, 4321),
	IS("IcaApi", 44, "start=", ica_get_process_sid, in.start_time, TIME(0)),
	IS("IcaApi", 44, "dwSidSize=28", ica_get_process_sid, in.n_sid, 28),
	IS("IcaApi", 44, "needed=12", ica_get_process_sid, out.needed, 12),
	IS("IcaApi", 60, "NULL handle", ica_close_server_ex, out.result, 1),
	IS("IcaApi", 70, "two processes", ica_get_processes_nt6, out.n_processes, 2),
};

#define N_FACTS (sizeof(facts) / sizeof(*facts))

static bool is_text(const char *have, const char *want)
{
	return have && want ? strcmp(have, want) == 0 : have == want;
}

static bool is_true(const struct fact *fact, const void *r)
{
	const char *base = r;

	if (fact->array != NO_ARRAY)
		memcpy(&base, base + fact->array, sizeof(base));
	if (!base)
		return false;
	base += fact->offset;
	switch (fact->kind) {
	case FACT_U32:
		return *(const uint32_t *)(const void *)base == fact->number;
	case FACT_U64:
		return *(const uint64_t *)(const void *)base == fact->number;
	case FACT_POINTER:
		return is_text(*(const char *const *)(const void *)base, fact->text);
	case FACT_ARRAY:
		return is_text(base, fact->text);
	}
	return false;
}

static void check_facts(const struct vector *vector, const void *r, size_t *n_applied)
{
	for (size_t i = 0; i < N_FACTS; i++) {
		const struct fact *fact = &facts[i];

		if (fact->flags != flags_of(vector) || fact->opnum != vector->opnum ||
		    strcmp(fact->interface, vector->interface) != 0 || !strstr(vector->inputs, fact->inputs))
			continue;
		n_applied[i]++;
		if (!is_true(fact, r)) {
			print_error("fact %zu\n", i);
			tell(vector, "has another meaning");
			fail();
		}
	}
}

/* Processes are two pointers deep: those of all vectors are known by their ids. */
static void check_processes(const struct tsts_process_entry *entries, uint32_t n)
{
	char sid[TSTS_SID_TEXT_SIZE];

	for (uint32_t i = 0; i < n; i++) {
		const struct tsts_process *process = entries[i].process;
		bool second = process->pid == 77;

		assert_int_equal(process->pid, second ? 77 : 4321);
		assert_string_equal(process->image, second ? "sh" : "cmd.exe");
		assert_int_equal(process->image_length, second ? 4 : 14);
		assert_int_equal(process->image_room, second ? 6 : 16);
		assert_int_equal(process->session_id, 12);
		assert_int_equal(process->n_threads, 7);
		assert_int_equal(process->n_handles, 99);
		assert_int_equal(process->working_set, 4096);
		assert_true(process->create_time == TIME(1));
		assert_int_equal(tsts_sid_text(entries[i].sid, entries[i].n_sid, sid), !second);
		assert_string_equal(sid, second ? "" : "S-1-5-18");
	}
}

static void check_logonids(const uint8_t *data, uint32_t n)
{
	struct tsts_logonid first, second;

	assert_true(tsts_logonid_pull(&first, data, n));
	assert_true(tsts_logonid_pull(&second, data + TSTS_LOGONID_SIZE, n - TSTS_LOGONID_SIZE));
	assert_int_equal(first.session_id, 0);
	assert_int_equal(first.state, TSTS_STATE_DISCONNECTED);
	assert_string_equal(first.name, "Services");
	assert_int_equal(second.session_id, 1);
	assert_int_equal(second.state, TSTS_STATE_ACTIVE);
	assert_string_equal(second.name, "Console");
}

static void check_pointees(const struct vector *vector, const void *r)
{
	const struct tsts_ica_get_processes *processes = r;
	const struct tsts_ica_enumerate *enumerate = r;
	const struct tsts_get_remote_address *address = r;

	if (flags_of(vector) == NDR_IN)
		return;
	if (strcmp(vector->interface, "IcaApi") == 0) {
		/* The two calls for processes have the same layout in C. */
		if (vector->opnum == TSTS_ICA_GET_PROCESSES || vector->opnum == TSTS_ICA_GET_PROCESSES_NT6)
			check_processes(processes->out.processes, processes->out.n_processes);
		if (vector->opnum == TSTS_ICA_ENUMERATE && enumerate->out.n_data > 0)
			check_logonids(enumerate->out.data, enumerate->out.n_data);
	}
	if (strcmp(vector->interface, "RCMPublic") == 0 && vector->opnum == TSTS_GET_REMOTE_ADDRESS) {
		static const uint8_t v4[4] = { 192, 0, 2, 7 }, v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
		bool six = address->out.address.family == TSTS_FAMILY_IPV6;

		assert_memory_equal(address->out.address.address, six ? v6 : v4, six ? 16 : 4);
	}
}

static void check_vector(const struct vector *vector, void *userdata)
{
	const struct deviation *deviation = find_deviation(vector);
	struct vector edited = *vector;
	TALLOC_CTX *ctx = talloc_new(NULL);
	void *r;

	for (size_t i = 0; deviation && i < 4; i++)
		apply_edit(&edited, &deviation->edits[i]);
	if (!deviation || !deviation->unusable) {
		assert_int_equal(stub_pull(ctx, stub_call(vector->interface, vector->opnum), flags_of(vector),
					   edited.stub, edited.n, &r), NDR_ERR_SUCCESS);
		check_facts(vector, r, userdata);
		check_pointees(vector, r);
	}
	talloc_free(ctx);
}

static void test_facts(void **state)
{
	size_t n_applied[N_FACTS] = { 0 };

	(void)state;
	for_each_vector(check_vector, n_applied);
	for (size_t i = 0; i < N_FACTS; i++) {
		if (n_applied[i] == 0)
			print_error("fact %zu is about no vector\n", i);
		assert_int_not_equal(n_applied[i], 0);
	}
}

/* ---- damage ---- */

static void judge(const struct vector *vector, const uint8_t *stub, size_t n, unsigned n_calls)
{
	const char *wrong = stub_judge(stub_call(vector->interface, vector->opnum), flags_of(vector), stub, n, n_calls);

	if (wrong)
		tell(vector, wrong);
	assert_null(wrong);
}

/* Bytes that are changed at each place: counts, tags, referents and texts become small, huge and negative. */
static void damage_vector(const struct vector *vector, void *userdata)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0x7f, 0xff, 0xd8 };
	static const uint8_t words[][4] = { { 0xff, 0xff, 0xff, 0xff }, { 0, 0, 0, 0x80 }, { 0, 0, 0, 0 }, { 0, 0, 1, 0 } };
	struct vector damaged = *vector;

	(void)userdata;
	for (size_t i = 0; i < vector->n; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++) {
			damaged.stub[i] = bytes[k];
			judge(vector, damaged.stub, vector->n, UINT_MAX);
		}
		damaged.stub[i] = vector->stub[i];
	}
	for (size_t i = 0; i + 4 <= vector->n; i += 4) {
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
			memcpy(damaged.stub + i, words[k], 4);
			judge(vector, damaged.stub, vector->n, UINT_MAX);
		}
		memcpy(damaged.stub + i, vector->stub + i, 4);
	}
}

static void test_damage(void **state)
{
	(void)state;
	for_each_vector(damage_vector, NULL);
}

/* At the end of memory, so that a sanitizer or valgrind sees a byte too much. */
static void cut_vector(const struct vector *vector, void *userdata)
{
	(void)userdata;
	for (size_t n = 0; n <= vector->n; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		assert_non_null(cut);
		memcpy(cut, vector->stub, n);
		judge(vector, cut, n, UINT_MAX);
		free(cut);
	}
}

static void test_cut(void **state)
{
	(void)state;
	for_each_vector(cut_vector, NULL);
}

static void starve_vector(const struct vector *vector, void *userdata)
{
	(void)userdata;
	for (unsigned n_calls = 0; n_calls < 40; n_calls++)
		judge(vector, vector->stub, vector->n, n_calls);
}

static void test_no_memory(void **state)
{
	(void)state;
	for_each_vector(starve_vector, NULL);
}

/* ---- which calls there are ---- */

struct coverage {
	bool seen[N_STUB_TABLES][128][2];
};

static void note_vector(const struct vector *vector, void *userdata)
{
	struct coverage *coverage = userdata;

	for (size_t i = 0; i < N_STUB_TABLES; i++) {
		if (strcmp(stub_tables[i]->name, vector->interface) == 0)
			coverage->seen[i][vector->opnum][flags_of(vector) == NDR_OUT] = true;
	}
}

/* Every call of the tables has vectors in both directions. */
static void test_coverage(void **state)
{
	struct coverage coverage = { 0 };

	(void)state;
	for_each_vector(note_vector, &coverage);
	for (size_t i = 0; i < N_STUB_TABLES; i++) {
		for (uint32_t opnum = 0; opnum < stub_tables[i]->num_calls; opnum++) {
			bool used = stub_call(stub_tables[i]->name, opnum);

			if (used != coverage.seen[i][opnum][0] || used != coverage.seen[i][opnum][1])
				print_error("%s %u\n", stub_tables[i]->name, (unsigned)opnum);
			assert_int_equal(used, coverage.seen[i][opnum][0]);
			assert_int_equal(used, coverage.seen[i][opnum][1]);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_coverage),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test-vectors FOLDER\n");
		return 2;
	}
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
