/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-journal.c - entries as the journal and syslog want them, and daemons that do not listen.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "local/journal.h"

static char folder[] = "/tmp/test-journal-XXXXXX", path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int listen_at(int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	unlink(path);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static void writes_the_protocol_of_the_journal(void **state)
{
	char *fields[] = { "MESSAGE=all is well", "REASON=two\nlines", "EMPTY=", "SUM=1+1=2" };
	static const char expected[] = "MESSAGE=all is well\nREASON\n\011\0\0\0\0\0\0\0two\nlines\nEMPTY=\nSUM=1+1=2\n";
	char got[512];
	int fd = listen_at(SOCK_DGRAM);

	(void)state;
	assert_int_equal(journal_send(path, fields, 4, 1000000), 0);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), sizeof(expected) - 1);
	assert_memory_equal(got, expected, sizeof(expected) - 1);
	close(fd);
}

/* Half a character would hide the line from people. N_BEFORE blanks move where the cut comes. */
static void cut_after(int fd, size_t n_before)
{
	char text[8192] = "MESSAGE=", got[16384], *fields[] = { text, "NEXT=1" };
	ssize_t n;

	memset(text + 8, ' ', n_before);
	while (strlen(text) + 4 < sizeof(text))
		strcat(text, "登");
	assert_int_equal(journal_send(path, fields, 2, 0), 0);
	n = recv(fd, got, sizeof(got), MSG_DONTWAIT) - 8;
	assert_true(n <= 8 + JOURNAL_FIELD_MAX && n > 8 + JOURNAL_FIELD_MAX - 3);
	assert_int_equal((size_t)(n - 8) % 3, n_before % 3);
	assert_memory_equal(got, text, (size_t)n);
	assert_memory_equal(got + n, "\nNEXT=1\n", 8);
}

static void cuts_long_fields_at_a_character(void **state)
{
	int fd = listen_at(SOCK_DGRAM);

	(void)state;
	for (size_t n = 0; n < 3; n++)
		cut_after(fd, n);
	close(fd);
}

/* A daemon that has stopped: after some datagrams its queue takes no more. */
static int fill(void)
{
	char *fields[] = { "MESSAGE=more" };
	int r;

	for (int i = 0; i < 100000; i++) {
		r = journal_send(path, fields, 1, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

static void gives_up_a_full_queue(void **state)
{
	char *fields[] = { "MESSAGE=late" };
	int fd = listen_at(SOCK_DGRAM);
	uint64_t before;

	(void)state;
	assert_int_equal(fill(), -ETIMEDOUT);
	before = clock_now_us();
	assert_int_equal(journal_send(path, fields, 1, 200000), -ETIMEDOUT);
	assert_int_equal(journal_send_line(path, "logoff", 85, "late", 200000), -ETIMEDOUT);
	assert_true(clock_now_us() - before >= 400000 && clock_now_us() - before < 3000000);
	close(fd);
}

static void gives_up_a_full_stream(void **state)
{
	int fd = listen_at(SOCK_STREAM), waiting[2];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t before;

	(void)state;
	strcpy(address.sun_path, path);
	for (int i = 0; i < 2; i++) {	/* as many as it lets wait, and nobody is let in */
		waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (const struct sockaddr *)&address, sizeof(address));
	}
	before = clock_now_us();
	assert_int_equal(journal_send_line(path, "logoff", 85, "late", 200000), -ETIMEDOUT);
	assert_true(clock_now_us() - before < 3000000);
	close(waiting[0]);
	close(waiting[1]);
	close(fd);
}

static void says_who_is_not_there(void **state)
{
	char *fields[] = { "MESSAGE=hello" };

	(void)state;
	close(listen_at(SOCK_DGRAM));
	assert_int_equal(journal_send(path, fields, 1, 1000000), -ECONNREFUSED);
	unlink(path);
	assert_int_equal(journal_send(path, fields, 1, 1000000), -ENOENT);
	assert_int_equal(journal_send_line(path, "logoff", 85, "hello", 1000000), -ENOENT);
}

static void writes_a_line_for_syslog(void **state)
{
	char got[512] = "", wanted[64];
	int fd = listen_at(SOCK_DGRAM), stream, accepted;

	(void)state;
	snprintf(wanted, sizeof(wanted), " logoff[%d]: hello", (int)getpid());
	assert_int_equal(journal_send_line(path, "logoff", 85, "hello", 1000000), 0);
	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 4 + 15 + strlen(wanted));
	assert_memory_equal(got, "<85>", 4);
	assert_string_equal(got + 4 + 15, wanted);
	close(fd);
	stream = listen_at(SOCK_STREAM);
	assert_int_equal(journal_send_line(path, "logoff", 85, "hello", 1000000), 0);
	accepted = accept(stream, NULL, NULL);
	assert_int_equal(recv(accepted, got, sizeof(got), 0), 4 + 15 + strlen(wanted) + 1);
	assert_string_equal(got + 4 + 15, wanted);
	close(accepted);
	close(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_protocol_of_the_journal),
		cmocka_unit_test(cuts_long_fields_at_a_character),
		cmocka_unit_test(gives_up_a_full_queue),
		cmocka_unit_test(gives_up_a_full_stream),
		cmocka_unit_test(says_who_is_not_there),
		cmocka_unit_test(writes_a_line_for_syslog),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
