/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-codec-text.c - texts, times, SIDs, results, and the native structures in opaque buffers.
 *
 * Expected values are computed by hand: FILETIMEs and SIDs from MS-DTYP, offsets from MS-TSTS 2.2.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tsts/codec.h"

#include <cmocka.h>

struct text_case {
	size_t n;
	uint16_t units[8];
	const char *text;
};

static const struct text_case text_cases[] = {
	{ 0, { 0 }, "" },
	{ 1, { 0 }, "" },
	{ 3, { 'a', 0, 'b' }, "a" },
	{ 2, { 0x7f, 0x80 }, "\x7f\xc2\x80" },
	{ 3, { 0x7ff, 0x800, 0xffff }, "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf" },
	{ 2, { 0xd83d, 0xde00 }, "\xf0\x9f\x98\x80" },
	{ 2, { 0xdbff, 0xdfff }, "\xf4\x8f\xbf\xbf" },
	{ 1, { 0xd83d }, "\xef\xbf\xbd" },
	{ 1, { 0xde00 }, "\xef\xbf\xbd" },
	{ 2, { 0xde00, 0xd83d }, "\xef\xbf\xbd\xef\xbf\xbd" },
	{ 3, { 0xd83d, 'a', 0xde00 }, "\xef\xbf\xbd" "a\xef\xbf\xbd" },
	{ 3, { 0xd83d, 0xd83d, 0xde00 }, "\xef\xbf\xbd\xf0\x9f\x98\x80" },
	{ 2, { 0xd83d, 0 }, "\xef\xbf\xbd" },
};

static void test_utf8(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(text_cases) / sizeof(*text_cases); i++) {
		const struct text_case *one = &text_cases[i];
		uint8_t little[16], big[16];
		char text[TSTS_TEXT(8)];

		for (size_t k = 0; k < one->n; k++) {
			little[2 * k] = big[2 * k + 1] = (uint8_t)one->units[k];
			little[2 * k + 1] = big[2 * k] = (uint8_t)(one->units[k] >> 8);
		}
		assert_int_equal(wire_utf8(text, little, one->n, false), strlen(one->text));
		assert_string_equal(text, one->text);
		assert_int_equal(wire_utf8(NULL, little, one->n, false), strlen(one->text));
		assert_int_equal(wire_utf8(text, big, one->n, true), strlen(one->text));
		assert_string_equal(text, one->text);
	}
}

static void test_utf16(void **state)
{
	struct wire_utf16 text = { "a\xf0\x9f\x98\x80\xff\xe4\xb8", 0 };
	struct wire_utf16 narrow = { "\xf0\x9f\x98\x80z", 0 };

	(void)state;
	assert_int_equal(wire_utf16_next(&text, 9), 'a');
	assert_int_equal(wire_utf16_next(&text, 9), 0xd83d);
	assert_int_equal(wire_utf16_next(&text, 1), 0xde00);
	assert_int_equal(wire_utf16_next(&text, 9), 0xfffd);
	assert_int_equal(wire_utf16_next(&text, 9), 0xfffd); /* two bytes of a character of three */
	assert_int_equal(wire_utf16_next(&text, 9), 0xfffd);
	assert_int_equal(wire_utf16_next(&text, 9), 0);
	assert_int_equal(wire_utf16_next(&text, 9), 0);
	/* A pair where one unit is left ends the text; what follows it must not take its place. */
	assert_int_equal(wire_utf16_next(&narrow, 1), 0);
	assert_int_equal(wire_utf16_next(&narrow, 9), 0);
}

static void test_size(void **state)
{
	(void)state;
	assert_int_equal(tsts_text_size(NULL), 0);
	assert_int_equal(tsts_text_size(""), 1);
	assert_int_equal(tsts_text_size("console"), 8);
	assert_int_equal(tsts_text_size("\xe4\xb8\xad\xf0\x9f\x98\x80"), 4);
}

static void test_image(void **state)
{
	static char text[40000];
	struct tsts_process process = { 0 };

	(void)state;
	tsts_process_set_image(&process, "cmd.exe");
	assert_int_equal(process.image_length, 14);
	assert_int_equal(process.image_room, 16);
	tsts_process_set_image(&process, NULL);
	assert_int_equal(process.image_length, 0);
	assert_int_equal(process.image_room, 0);
	memset(text, 'x', sizeof(text) - 1);
	tsts_process_set_image(&process, text);
	assert_int_equal(process.image_length, 65532);
	assert_int_equal(process.image_room, 65534);
}

static void test_times(void **state)
{
	(void)state;
	assert_int_equal(tsts_unix_us(0), 0);
	assert_int_equal(tsts_unix_us(1), 0);
	assert_int_equal(tsts_unix_us(UINT64_MAX), 0);
	assert_int_equal(tsts_unix_us(INT64_MAX), 0);
	assert_int_equal(tsts_unix_us(UINT64_C(116444736000000000)), 0); /* 1970-01-01 */
	assert_int_equal(tsts_unix_us(UINT64_C(116444736000000010)), 1);
	assert_int_equal(tsts_unix_us(UINT64_C(125911584000000000)), INT64_C(946684800000000)); /* 2000-01-01 */
	assert_int_equal(tsts_unix_us(UINT64_C(600000000)), 0); /* a minute of 1601, of a session nobody used */
	assert_int_equal(tsts_unix_us(UINT64_C(2650467743999999999)), INT64_C(253402300799999999)); /* 9999-12-31 */
	assert_int_equal(tsts_unix_us(UINT64_C(2650467744000000000)), 0);
	assert_int_equal(tsts_filetime(0), 0);
	assert_int_equal(tsts_filetime(-1), 0);
	assert_int_equal(tsts_filetime(INT64_MAX), 0);
	assert_int_equal(tsts_filetime(INT64_C(946684800000000)), UINT64_C(125911584000000000));
}

static void test_sids(void **state)
{
	static const uint8_t domain[] = { 1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80,
					  0xf4, 1, 0, 0, 9, 9, 9, 9 };
	uint8_t longest[8 + 15 * 4] = { 1, 15, 1, 2, 3, 4, 5, 6 };
	char text[TSTS_SID_TEXT_SIZE];

	(void)state;
	assert_true(tsts_sid_text(domain, sizeof(domain), text)); /* with four bytes too much */
	assert_string_equal(text, "S-1-5-21-67305985-4294967295-2147483648-500");
	assert_true(tsts_sid_text(domain, 28, text));
	assert_false(tsts_sid_text(domain, 27, text));
	assert_string_equal(text, "");
	assert_false(tsts_sid_text(NULL, 0, text));
	assert_false(tsts_sid_text(domain, 7, text));
	memset(longest + 8, 0xff, sizeof(longest) - 8);
	assert_true(tsts_sid_text(longest, sizeof(longest), text));
	assert_int_equal(strlen(text), strlen("S-1-0x010203040506") + 15 * strlen("-4294967295"));
	assert_memory_equal(text, "S-1-0x010203040506-4294967295", 29);
	longest[1] = 16;
	assert_false(tsts_sid_text(longest, sizeof(longest), text));
	longest[0] = 2;
	assert_false(tsts_sid_text(longest, sizeof(longest), text));
}

static void test_results(void **state)
{
	(void)state;
	assert_true(tsts_ok(0) && tsts_ok(1) && tsts_ok(0x10000000) && tsts_ok(0x7fffffff));
	assert_false(tsts_ok(0x80070005) || tsts_ok(0xd00a0015) || tsts_ok(0x80000000));
}

/* ---- native structures ---- */

static void put_text(uint8_t *at, const char *ascii)
{
	for (; *ascii; ascii++, at += 2)
		*at = (uint8_t)*ascii;
}

static void test_client(void **state)
{
	struct tsts_client client, again;
	uint8_t bytes[TSTS_CLIENT_SIZE] = { 0 }, pushed[TSTS_CLIENT_SIZE];

	(void)state;
	put_text(bytes + 4, "LAPTOP");
	put_text(bytes + 46, "CORP");
	put_text(bytes + 82, "alice");
	put_text(bytes + 124, "secret");
	put_text(bytes + 1196, "192.0.2.7");
	bytes[1188] = 3;
	bytes[1192] = TSTS_FAMILY_IPV4;
	bytes[1258] = 0x80, bytes[1259] = 0x07;
	bytes[1260] = 0x38, bytes[1261] = 0x04;
	bytes[1262] = 32;
	bytes[1264] = 2;
	put_text(bytes + 1350, "C:\\");
	bytes[2013] = 0x0a;
	assert_true(tsts_client_pull(&client, bytes, sizeof(bytes)));
	assert_string_equal(client.name, "LAPTOP");
	assert_string_equal(client.domain, "CORP");
	assert_string_equal(client.user, "alice");
	assert_string_equal(client.address, "192.0.2.7");
	assert_string_equal(client.directory, "C:\\");
	assert_int_equal(client.width, 1920);
	assert_int_equal(client.height, 1080);
	assert_int_equal(client.color_depth, 32);
	assert_int_equal(client.protocol, 2);
	assert_int_equal(client.encryption_level, 3);
	assert_int_equal(client.address_family, TSTS_FAMILY_IPV4);
	assert_int_equal(client.build, 2560);
	assert_true(tsts_client_push(&client, pushed, sizeof(pushed)));
	memset(bytes + 124, 0, 30); /* the password does not come back */
	assert_memory_equal(pushed, bytes, sizeof(bytes));
	assert_true(tsts_client_pull(&again, pushed, sizeof(pushed)));
	assert_memory_equal(&again, &client, sizeof(client));
	assert_false(tsts_client_pull(&client, bytes, sizeof(bytes) - 1));
	assert_false(tsts_client_pull(&client, NULL, 0));
	assert_false(tsts_client_push(&client, pushed, sizeof(pushed) - 1));
}

static void test_information(void **state)
{
	struct tsts_information information = { .state = TSTS_STATE_DISCONNECTED, .session_id = 12, .connect_time = 1,
		.disconnect_time = 2, .last_input_time = 3, .logon_time = UINT64_MAX, .current_time = 5, .name = "RDP-Tcp#0",
		.domain = "CORP", .user = "alice" }, again;
	uint8_t bytes[TSTS_VARDATA_SIZE + TSTS_INFORMATION_SIZE];
	const uint8_t *found;
	size_t n = 0;

	(void)state;
	tsts_vardata_push(bytes, TSTS_INFORMATION_SIZE);
	assert_true(tsts_information_push(&information, bytes + TSTS_VARDATA_SIZE, TSTS_INFORMATION_SIZE));
	assert_int_equal(bytes[4], TSTS_STATE_DISCONNECTED);
	assert_int_equal(bytes[4 + 72], 12);
	assert_int_equal(bytes[4 + 80], 1);
	assert_int_equal(bytes[4 + 104 + 7], 0xff);
	assert_int_equal(bytes[4 + 1124], 'C');
	assert_int_equal(bytes[4 + 1160], 'a');
	assert_int_equal(bytes[4 + 1208], 5);
	found = tsts_vardata(bytes, sizeof(bytes), &n);
	assert_ptr_equal(found, bytes + TSTS_VARDATA_SIZE);
	assert_int_equal(n, TSTS_INFORMATION_SIZE);
	assert_true(tsts_information_pull(&again, found, n));
	assert_memory_equal(&again, &information, sizeof(again));
}

static void test_vardata(void **state)
{
	const uint8_t beyond[] = { 2, 0, 4, 0, 1 }, before[] = { 1, 0, 3, 0, 1 }, far[] = { 0, 0, 6, 0, 1 },
		      huge[] = { 0xff, 0xff, 0xff, 0xff, 1 }, good[] = { 1, 0, 4, 0, 1 }, empty[] = { 0, 0, 4, 0 };
	size_t n = 9;

	(void)state;
	assert_null(tsts_vardata(beyond, sizeof(beyond), &n));
	assert_null(tsts_vardata(before, sizeof(before), &n));
	assert_null(tsts_vardata(far, sizeof(far), &n));
	assert_null(tsts_vardata(huge, sizeof(huge), &n));
	assert_null(tsts_vardata(good, 3, &n));
	assert_null(tsts_vardata(NULL, 0, &n));
	assert_int_equal(n, 9);
	assert_ptr_equal(tsts_vardata(good, sizeof(good), &n), good + 4);
	assert_int_equal(n, 1);
	assert_non_null(tsts_vardata(empty, sizeof(empty), &n));
	assert_int_equal(n, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8), cmocka_unit_test(test_utf16), cmocka_unit_test(test_size),
		cmocka_unit_test(test_image), cmocka_unit_test(test_times), cmocka_unit_test(test_sids),
		cmocka_unit_test(test_results), cmocka_unit_test(test_client), cmocka_unit_test(test_information),
		cmocka_unit_test(test_vardata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
