/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-failure.c - what ssh says, as OpenSSH 9.2 and 10.0 said it in test/lab, and what of it is shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "farm/failure.h"

#define CLOSED "kex_exchange_identification: Connection closed by remote host\r\n"
#define RESET "kex_exchange_identification: read: Connection reset by peer\r\n"
#define UNKNOWN_PORT "Connection closed by UNKNOWN port 65535\r\n"
#define STATUS(N) ((N) < 0 ? -(N) : (N) << 8)

static const struct {
	const char *words;
	int status;			/* -N: ended by the signal N */
	enum farm_failure failure;
	const char *text;
	bool crowd;
} rows[] = {
	{ "ssh: connect to host 10.77.3.99 port 22: No route to host\r\n", 255, FARM_UNREACHABLE, "No route to host",
	  false },
	{ "ssh: connect to host 10.77.3.98 port 22: Connection timed out\r\n", 255, FARM_UNREACHABLE,
	  "Connection timed out", false },
	{ "Connection timed out during banner exchange\r\nConnection to 10.77.3.2 port 2221 timed out\r\n", 255,
	  FARM_UNREACHABLE, "Connection timed out during banner exchange", false },
	/* Shut out, by the host or by a jump host before it; which of the two is said depends on the packets. */
	{ CLOSED "Connection closed by 10.77.3.2 port 2228\r\n", 255, FARM_UNREACHABLE, "Connection closed", true },
	{ RESET "Connection reset by 10.77.3.2 port 2228\r\n", 255, FARM_UNREACHABLE, "Connection closed", true },
	{ CLOSED "Connection closed by 10.77.3.2 port 2230\r\n" CLOSED UNKNOWN_PORT, 255, FARM_UNREACHABLE,
	  "Connection closed", true },
	{ CLOSED UNKNOWN_PORT, 255, FARM_UNREACHABLE, "Connection closed", true },
	{ "debug1: Reading configuration data\r\n" CLOSED UNKNOWN_PORT, 255, FARM_UNREACHABLE, "Connection closed",
	  true },
	{ CLOSED, 1, FARM_UNREACHABLE, "Connection closed", false },
	/* A host that has given a reason would give the same one again. */
	{ "root@10.77.3.2: Permission denied (publickey).\r\n" CLOSED UNKNOWN_PORT, 255, FARM_NOT_LET_IN,
	  "Permission denied (publickey).", false },
	{ "channel 0: open failed: connect failed: No route to host\r\nstdio forwarding failed\r\n"
	  CLOSED UNKNOWN_PORT, 255, FARM_UNREACHABLE, "No route to host", false },
	{ "channel 0: open failed: connect failed: open failed\r\nstdio forwarding failed\r\n" CLOSED UNKNOWN_PORT, 255,
	  FARM_UNREACHABLE, "connect failed", false },
	{ "channel 0: open failed: administratively prohibited: open failed\r\nstdio forwarding failed\r\n"
	  CLOSED UNKNOWN_PORT, 255, FARM_UNREACHABLE, "administratively prohibited", false },
	{ "No ED25519 host key is known for 10.77.1.2 and you have requested strict checking.\r\n"
	  "Host key verification failed.\r\n" CLOSED UNKNOWN_PORT, 255, FARM_KEY_UNKNOWN, "", false },
	{ "Host key verification failed.\r\n" CLOSED UNKNOWN_PORT, 255, FARM_KEY_UNKNOWN, "", false },
	{ "\"System is going down for maintenance.\"\n\nConnection closed by 10.77.3.2 port 22\r\n", 255,
	  FARM_UNREACHABLE,
	  "\"System is going down for maintenance.\"", false },
	/* sudo, in any language: by its name before the line, or that of its file. Any other program may print such. */
	{ "sudo: a password is required\n", 1, FARM_NOT_LET_IN, "a password is required", false },
	{ "sudo: \xe9\x9c\x80\xe8\xa6\x81\xe5\xaf\x86\xe7\xa2\xbc\n", 1, FARM_NOT_LET_IN,
	  "\xe9\x9c\x80\xe8\xa6\x81\xe5\xaf\x86\xe7\xa2\xbc", false },
	{ "ops \xe4\xb8\x8d\xe5\x9c\xa8 sudoers \xe6\xaa\x94\xe6\xa1\x88\xe4\xb8\xad\n", 1, FARM_NOT_LET_IN,
	  "ops \xe4\xb8\x8d\xe5\x9c\xa8 sudoers \xe6\xaa\x94\xe6\xa1\x88\xe4\xb8\xad", false },
	{ "Sorry, user ops is not allowed to execute '/usr/bin/logoff-host' as root on login01.\n", 1, FARM_NOT_LET_IN,
	  "Sorry, user ops is not allowed to execute '/usr/bin/logoff-host' as root on login01.", false },
	{ "sudo: unable to resolve host login01: Name or service not known\nFailed to connect to bus\n", 1,
	  FARM_UNREACHABLE, "Failed to connect to bus", false },
	{ "sudo: unable to resolve host login01: Name or service not known\n", 0, FARM_UNREACHABLE,
	  "Name or service not known", false },
	{ "bash: /etc/profile: line 3: syntax error\n", 2, FARM_UNREACHABLE, "syntax error", false },
	/* Without any word. */
	{ "", 255, FARM_UNREACHABLE, "", false },
	{ "", 0, FARM_WRONG, "", false },
	{ "", -9, FARM_UNREACHABLE, "", false },
	{ "\r\n\n", 127, FARM_MISSING, "", false },
	{ "", 203, FARM_MISSING, "", false },
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[FAILURE_TEXT_SIZE];
		size_t n = strlen(rows[i].words);

		assert_int_equal(failure_find(rows[i].words, n, STATUS(rows[i].status), false, text), rows[i].failure);
		assert_string_equal(text, rows[i].text);
		/* Of ssh only its own status says that nobody was reached. */
		assert_int_equal(failure_find(rows[i].words, n, STATUS(rows[i].status), true, text),
				 rows[i].failure == FARM_UNREACHABLE && rows[i].status >= 0 && rows[i].status != 255 ?
				 FARM_WRONG : rows[i].failure);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(failure_is_crowd(rows[i].words, n, STATUS(rows[i].status)), rows[i].crowd);
	}
}

static void test_copy(void **state)
{
	char text[FAILURE_TEXT_SIZE], line[FAILURE_TEXT_SIZE + 10];

	(void)state;
	failure_copy(text, "a\x1b[2Jb\x9b\n", 8);
	assert_string_equal(text, "a?[2Jb??");
	/* Characters are kept; not a control character, a mark that reorders the line, half a character, a zero. */
	failure_copy(text, "\xe5\xaf\x86 \xc2\x9b \xe2\x80\xae \xe5\xaf\0x", 15);
	assert_string_equal(text, "\xe5\xaf\x86 ?? ??? ???x");
	memset(line, 'x', sizeof(line));
	memcpy(line + FAILURE_TEXT_SIZE - 2, "\xe5\xaf\x86", 3);
	failure_copy(text, line, sizeof(line));
	assert_int_equal(strlen(text), FAILURE_TEXT_SIZE - 2);
	memset(line, 'x', sizeof(line));
	failure_copy(text, line, sizeof(line));
	assert_int_equal(strlen(text), FAILURE_TEXT_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
