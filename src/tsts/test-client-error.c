/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-client-error.c - what codes mean. The numbers are those of MS-ERREF and C706, written out, not taken from Samba's names.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsts/client.h"

static void is(int r, int wanted, const struct logoff_error *error, enum logoff_error_domain domain, uint32_t number)
{
	assert_int_equal(r, wanted);
	assert_int_equal(error->domain, domain);
	assert_int_equal(error->number, number);
	assert_true(*error->text && *error->name);
}

static void test_ntstatus(void **state)
{
	static const struct { uint32_t code; int r; const char *name; } rows[] = {
		{ 0xc000006d, -EKEYREJECTED, "NT_STATUS_LOGON_FAILURE" },
		{ 0xc0000234, -EKEYREJECTED, "NT_STATUS_ACCOUNT_LOCKED_OUT" },
		{ 0xc0000022, -EACCES, "NT_STATUS_ACCESS_DENIED" },
		{ 0xc0000236, -EHOSTUNREACH, "NT_STATUS_CONNECTION_REFUSED" },
		{ 0xc00000b5, -ETIMEDOUT, "NT_STATUS_IO_TIMEOUT" },
		{ 0xc0000034, -EOPNOTSUPP, "NT_STATUS_OBJECT_NAME_NOT_FOUND" },
		{ 0xc00000c3, -EPROTO, "NT_STATUS_INVALID_NETWORK_RESPONSE" },
		{ 0xc0fedcba, -EPROTO, NULL },
	};
	struct logoff_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		is(error_set_ntstatus(&error, NT_STATUS(rows[i].code)), rows[i].r, &error, LOGOFF_ERROR_NTSTATUS, rows[i].code);
		if (rows[i].name)
			assert_string_equal(error.name, rows[i].name);
	}
	assert_int_equal(error_set_ntstatus(NULL, NT_STATUS(0xc000006d)), -EKEYREJECTED);
}

static void test_results(void **state)
{
	static const struct { uint32_t code; int r; } rows[] = {
		{ 0x80070005, -EACCES }, { 0xd0000022, -EACCES }, { 0x80070002, -ENXIO }, { 0x80071b6e, -ENXIO },
		{ 0xd00a0015, -ENXIO }, { 0x8007139f, -EAGAIN }, { 0x80071b5f, -EALREADY }, { 0xd00a0006, -EALREADY },
		{ 0x80071b70, -EAGAIN }, { 0x80004001, -EOPNOTSUPP }, { 0x800705b4, -ETIMEDOUT },
		{ 0x800706ba, -EHOSTUNREACH }, { 0x8007052e, -EKEYREJECTED }, { 0x80004005, -EPROTO }, { 0xffffffff, -EPROTO },
	};
	struct logoff_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is(error_set_result(&error, rows[i].code), rows[i].r, &error, LOGOFF_ERROR_HRESULT, rows[i].code);
	is(error_set_result(&error, 0xc00a0015), -ENXIO, &error, LOGOFF_ERROR_NTSTATUS, 0xc00a0015);
	is(error_set_result(&error, 0xc0000022), -EACCES, &error, LOGOFF_ERROR_NTSTATUS, 0xc0000022);
	assert_null(strstr(error.text, "AllowRemoteRPC"));
}

/* A connection that cannot be made is always that; only the account itself is refused for good. */
static void test_connecting(void **state)
{
	static const struct { uint32_t code; int r; bool of_account; } rows[] = {
		{ 0xc0000017, -EHOSTUNREACH, false }, { 0xc0000236, -EHOSTUNREACH, false }, { 0xc000020c, -EHOSTUNREACH, false },
		{ 0xc000006d, -EKEYREJECTED, true }, { 0xc0000234, -EKEYREJECTED, true }, { 0xc0000071, -EKEYREJECTED, true },
		{ 0xc000015b, -EKEYREJECTED, true }, { 0xc000005e, -EKEYREJECTED, false }, { 0xc00000da, -EKEYREJECTED, false },
		{ 0xc0000022, -EACCES, false },
	};
	struct logoff_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(error_set_connecting(&error, NT_STATUS(rows[i].code)), rows[i].r);
		assert_true(*error.text);
		assert_int_equal(error_is_of_account(NT_STATUS(rows[i].code)), rows[i].of_account);
	}
}

/* As libdcerpc hands them over. */
static void test_faults(void **state)
{
	struct logoff_error error;

	(void)state;
	is(error_set_fault(&error, NT_STATUS(0xc0000022)), -EACCES, &error, LOGOFF_ERROR_RPC, 5);
	assert_non_null(strstr(error.text, "AllowRemoteRPC"));
	assert_non_null(strstr(error.text, "smbpasswd"));
	is(error_set_fault(&error, NT_STATUS(0xc002002e)), -EOPNOTSUPP, &error, LOGOFF_ERROR_RPC, 0x1c010002);
	is(error_set_fault(&error, NT_STATUS(0xc0020012)), -EOPNOTSUPP, &error, LOGOFF_ERROR_RPC, 0x1c010003);
	is(error_set_fault(&error, NT_STATUS(0xc0030005)), -EPROTO, &error, LOGOFF_ERROR_RPC, 0x1c00001a);
	assert_int_equal(error_set_fault(&error, NT_STATUS(0xc0000023)), -EPROTO);
	assert_string_equal(error.text, "an answer of the server cannot be read");
	is(error_set_fault(&error, NT_STATUS(0xc000020c)), -EHOSTUNREACH, &error, LOGOFF_ERROR_NTSTATUS, 0xc000020c);
}

static void test_texts(void **state)
{
	char text[6];

	(void)state;
	text_copy(text, sizeof(text), NULL);
	assert_string_equal(text, "");
	text_copy(text, sizeof(text), "hello");
	assert_string_equal(text, "hello");
	text_copy(text, sizeof(text), "hello!");
	assert_string_equal(text, "hello");
	text_copy(text, sizeof(text), "abc\u20ac");	/* three bytes, of which two would fit */
	assert_string_equal(text, "abc");
	text_copy(text, sizeof(text), "ab\u20ac");
	assert_string_equal(text, "ab\u20ac");
	text_copy(text, sizeof(text), "\U0001f600\u20ac");
	assert_string_equal(text, "\U0001f600");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ntstatus),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_connecting),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
