/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-order.c - orders over a socket: what was written is what is read, and what breaks a limit is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "messenger/messenger.h"

/* As order.c sends them. */
struct lengths {
	size_t title, text, sessions, processes;
};

static void open_pair(int fds[static 2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static void free_order(struct order *order)
{
	free(order->title);
	free(order->text);
	free(order->sessions);
	free(order->processes);
}

static struct order send_through(const struct order *order)
{
	struct order got;
	int fds[2];

	open_pair(fds);
	assert_int_equal(order_write(order, fds[0]), 0);
	assert_int_equal(order_read(&got, fds[1]), 0);
	close(fds[0]);
	close(fds[1]);
	return got;
}

static void test_message(void **state)
{
	struct addressee sessions[] = { { .id = "12", .logon = 7 }, { .id = "c1" } };
	struct order got, order = { .method = SERVICE_SEND, .uid = 1000, .login = 1001, .granted = true,
				    .title = (char *)"from root", .text = (char *)"hello\n\xe4\xbd\xa0",
				    .timeout_ms = 5000, .wait = true, .kind = LOGOFF_MESSAGE_ALL_CLEAR,
				    .sessions = sessions, .n_sessions = 2 };

	(void)state;
	got = send_through(&order);
	assert_int_equal(got.method, SERVICE_SEND);
	assert_int_equal(got.uid, 1000);
	assert_int_equal(got.login, 1001);
	assert_true(got.granted && got.wait);
	assert_string_equal(got.title, "from root");
	assert_string_equal(got.text, order.text);
	assert_int_equal(got.timeout_ms, 5000);
	assert_int_equal(got.kind, LOGOFF_MESSAGE_ALL_CLEAR);
	assert_int_equal(order_n_results(&got), 2);
	assert_memory_equal(got.sessions, sessions, sizeof(sessions));
	free_order(&got);
}

static void test_refused_processes(void **state)
{
	struct logoff_host_process process = { .pid = 200, .started_us = 5, .uid = 1000, .session_id = "12" };
	struct order got, order = { .method = SERVICE_END, .refused = -EACCES, .refusal = { .text = "no" },
				    .grace_ms = 9, .processes = &process, .n_processes = 1 };

	(void)state;
	got = send_through(&order);
	assert_false(got.granted);
	assert_int_equal(got.refused, -EACCES);
	assert_string_equal(got.refusal.text, "no");
	assert_null(got.title);
	assert_null(got.text);
	assert_int_equal(got.grace_ms, 9);
	assert_int_equal(order_n_results(&got), 1);
	assert_memory_equal(got.processes, &process, sizeof(process));
	free_order(&got);
}

/* The longest that messenger.c takes. */
static void test_largest(void **state)
{
	struct order got, order = { .method = SERVICE_SEND, .n_sessions = MESSENGER_SESSIONS_MAX };
	int fds[2], size = 16 << 20;

	(void)state;
	order.sessions = calloc(order.n_sessions, sizeof(*order.sessions));
	order.text = malloc(MESSENGER_TEXT_MAX + 1);
	order.title = malloc(MESSENGER_TITLE_MAX + 1);
	assert_true(order.sessions && order.text && order.title);
	memset(order.text, 'x', MESSENGER_TEXT_MAX);
	memset(order.title, 'y', MESSENGER_TITLE_MAX);
	order.text[MESSENGER_TEXT_MAX] = order.title[MESSENGER_TITLE_MAX] = '\0';
	open_pair(fds);
	if (setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		order.n_sessions = 256;		/* who is not root has room for fewer, as nobody reads meanwhile */
	assert_int_equal(order_write(&order, fds[0]), 0);
	assert_int_equal(order_read(&got, fds[1]), 0);
	assert_int_equal(strlen(got.text), MESSENGER_TEXT_MAX);
	assert_int_equal(strlen(got.title), MESSENGER_TITLE_MAX);
	assert_int_equal(got.n_sessions, order.n_sessions);
	free_order(&got);
	free_order(&order);
	close(fds[0]);
	close(fds[1]);
}

/* Writes ORDER and LENGTHS, then N bytes 'x', and closes. Returns what the reader says. */
static int read_broken(const struct order *order, const struct lengths *lengths, size_t n)
{
	char more[MESSENGER_TEXT_MAX + 4];
	struct order got;
	int fds[2], r;

	assert_true(n <= sizeof(more));
	memset(more, 'x', sizeof(more));
	open_pair(fds);
	assert_int_equal(send(fds[0], order, sizeof(*order), 0), (int)sizeof(*order));
	assert_int_equal(send(fds[0], lengths, sizeof(*lengths), 0), (int)sizeof(*lengths));
	assert_int_equal(send(fds[0], more, n, 0), (int)n);
	close(fds[0]);
	r = order_read(&got, fds[1]);
	close(fds[1]);
	free_order(&got);
	return r;
}

static void test_limits(void **state)
{
	static const struct {
		struct order order;
		struct lengths lengths;
	} cases[] = {
		{ {}, { .title = MESSENGER_TITLE_MAX + 2 } },
		{ {}, { .text = MESSENGER_TEXT_MAX + 2 } },
		{ {}, { .text = SIZE_MAX } },
		{ { .n_sessions = MESSENGER_SESSIONS_MAX + 1 },
		  { .sessions = (MESSENGER_SESSIONS_MAX + 1) * sizeof(struct addressee) } },
		{ { .n_sessions = 2 }, { .sessions = sizeof(struct addressee) } },
		{ { .n_sessions = 1 }, { .sessions = 2 * sizeof(struct addressee) } },
		{ { .n_processes = MESSENGER_PROCESSES_MAX + 1 },
		  { .processes = (MESSENGER_PROCESSES_MAX + 1) * sizeof(struct logoff_host_process) } },
		{ { .n_processes = SIZE_MAX / sizeof(struct logoff_host_process) + 2 },
		  { .processes = sizeof(struct logoff_host_process) } },
		{ {}, { .processes = 1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_broken(&cases[i].order, &cases[i].lengths, 100), -EPROTO);
}

static void test_texts_have_an_end(void **state)
{
	struct order order = {};

	(void)state;
	assert_int_equal(read_broken(&order, &(struct lengths){ .title = 5 }, 5), -EPROTO);
	assert_int_equal(read_broken(&order, &(struct lengths){ .text = MESSENGER_TEXT_MAX + 1 },
				     MESSENGER_TEXT_MAX + 1), -EPROTO);
}

static void test_orders_that_were_cut_off(void **state)
{
	struct order got, order = { .n_sessions = 1 };
	struct lengths lengths = { .sessions = sizeof(struct addressee) };
	int fds[2];

	(void)state;
	assert_int_equal(read_broken(&order, &lengths, sizeof(struct addressee) - 1), -EIO);
	open_pair(fds);
	assert_int_equal(send(fds[0], &order, sizeof(order) - 1, 0), (int)sizeof(order) - 1);
	close(fds[0]);
	assert_int_equal(order_read(&got, fds[1]), -EIO);
	close(fds[1]);
	free_order(&got);
}

/* The reader has ended: no signal. */
static void test_nobody_reads(void **state)
{
	struct order order = {};
	int fds[2];

	(void)state;
	open_pair(fds);
	close(fds[1]);
	assert_int_equal(order_write(&order, fds[0]), -EPIPE);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_refused_processes),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_texts_have_an_end),
		cmocka_unit_test(test_orders_that_were_cut_off),
		cmocka_unit_test(test_nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
