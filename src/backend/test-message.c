/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-message.c - messages on real terminals (pseudo terminals of this test's own) and the refusals before anything is
 * shown, and on hosts in memory. Desktops and displays need a user's session: the lab has them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "backend/table.h"
#include "backend/memory.h"
#include "backend/message.h"

#define MS UINT64_C(1000)

/* Each session has this one. */
static int list_own_process(struct logoff_host *of, struct logoff_session *session, enum host_part part,
			    struct process_list *list, struct logoff_error *reterr)
{
	(void)of;
	(void)session;
	(void)part;
	(void)reterr;
	return process_list_add(list, getpid(), "test");
}

/* A host that can do nothing but deliver. */
static const struct host_backend backend = { .name = "test", .processes = list_own_process, .message = message_deliver };
static struct logoff_host host = { .backend = &backend, .delivers_itself = true };

/* A terminal and a session on it. */
struct desk {
	int master, slave;
	char name[64];
	char *terminal;
	struct logoff_session session;
};

static void desk_open(struct desk *desk)
{
	*desk = (struct desk){};
	assert_int_equal(openpty(&desk->master, &desk->slave, desk->name, NULL, NULL), 0);
	/* The caller's terminal, whoever owns it where the test runs. */
	assert_int_equal(fchmod(desk->slave, 0600), 0);
	desk->session.host = &host;
	desk->terminal = desk->name + strlen("/dev/");
	desk->session.terminals = &desk->terminal;
	desk->session.n_terminals = 1;
	desk->session.uid = geteuid();
}

static void desk_close(struct desk *desk)
{
	close(desk->master);
	close(desk->slave);
}

/* What has come to the terminal. */
static const char *desk_read(const struct desk *desk)
{
	static char text[16384];
	struct pollfd ready = { .fd = desk->master, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	while (poll(&ready, 1, 50) > 0 && (got = read(desk->master, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return text;
}

static struct logoff_delivery send_to(struct logoff_session *session, const char *title, const char *text)
{
	struct logoff_message message = { .title = title, .text = text, .timeout_ms = 1000, .wait = true };
	struct logoff_delivery delivery;

	assert_int_equal(host_message(&host, &message, &session, 1, &delivery, -1, NULL), 0);
	return delivery;
}

static void assert_refused(const struct logoff_session *session, int result, const char *cause)
{
	struct logoff_session copy = *session;
	struct logoff_delivery delivery = send_to(&copy, "t", "x");

	assert_int_equal(delivery.result, result);
	assert_non_null(strstr(delivery.cause.text, cause));
}

/* ---- terminals ---- */

static void writes_to_a_closed_terminal(void **state)
{
	struct logoff_delivery delivery;
	struct desk desk;

	(void)state;
	desk_open(&desk);
	delivery = send_to(&desk.session, "Message from root, 22:00", "登出 soon\nplease save");
	assert_int_equal(delivery.result, 0);
	assert_int_equal(delivery.channel, LOGOFF_CHANNEL_TERMINAL);
	assert_int_equal(delivery.answer, LOGOFF_ANSWER_NONE);
	/* The terminal itself adds a carriage return to each newline. */
	assert_string_equal(desk_read(&desk), "\a\r\r\nMessage from root, 22:00\r\r\n登出 soon\r\r\nplease save\r\r\n");
	desk_close(&desk);
}

static void writes_without_a_title(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk);
	assert_int_equal(send_to(&desk.session, NULL, "x").result, 0);
	assert_string_equal(desk_read(&desk), "\a\r\r\nx\r\r\n");
	desk_close(&desk);
}

static void brings_no_harm(void **state)
{
	struct desk desk;
	const char *text;

	(void)state;
	desk_open(&desk);
	assert_int_equal(send_to(&desk.session, "a\033[2J\nb", "\033]0;x\a\302\233m\rc\b\377\tend").result, 0);
	text = desk_read(&desk);
	assert_string_equal(text, "\a\r\r\na\\x1b[2J\\x0ab\r\r\n\\x1b]0;x\\x07\\xc2\\x9bm\\x0dc\\x08\\xff\tend\r\r\n");
	desk_close(&desk);
}

/* A stopped terminal neither blocks nor keeps the message of others back. */
static void does_not_wait_for_a_stopped_terminal(void **state)
{
	struct logoff_message message = { .title = "t", .text = "x" };
	struct logoff_delivery deliveries[2];
	struct desk stopped, open_desk;
	struct logoff_session *sessions[] = { &stopped.session, &open_desk.session };
	uint64_t start_us = clock_now_us();

	(void)state;
	desk_open(&stopped);
	desk_open(&open_desk);
	assert_int_equal(tcflow(stopped.slave, TCOOFF), 0);
	assert_int_equal(host_message(&host, &message, sessions, 2, deliveries, -1, NULL), 0);
	assert_int_equal(deliveries[0].result, -ETIMEDOUT);
	assert_int_equal(deliveries[1].result, 0);
	assert_true(clock_now_us() - start_us < 4000 * MS);
	assert_string_equal(desk_read(&open_desk), "\a\r\r\nt\r\r\nx\r\r\n");
	desk_close(&stopped);
	desk_close(&open_desk);
}

/* One that goes on while the message waits gets it whole. */
static void waits_a_little_for_a_stopped_terminal(void **state)
{
	struct desk desk;
	pid_t child;

	(void)state;
	desk_open(&desk);
	assert_int_equal(tcflow(desk.slave, TCOOFF), 0);
	child = fork();
	if (child == 0) {
		usleep(300000);
		_exit(tcflow(desk.slave, TCOON));
	}
	assert_int_equal(send_to(&desk.session, "t", "x").result, 0);
	assert_string_equal(desk_read(&desk), "\a\r\r\nt\r\r\nx\r\r\n");
	assert_int_equal(waitpid(child, NULL, 0), child);
	desk_close(&desk);
}

/* What a terminal has taken it shows when it goes on: nobody knows. A pseudo terminal that nobody reads takes some kilobytes. */
static void part_of_a_message(void **state)
{
	struct logoff_delivery delivery;
	char text[40000] = "";
	struct desk desk;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	desk_open(&desk);
	delivery = send_to(&desk.session, "t", text);
	assert_int_equal(delivery.result, -EINPROGRESS);
	assert_int_equal(delivery.channel, LOGOFF_CHANNEL_NONE);
	desk_close(&desk);
}

static void stops_when_cancelled(void **state)
{
	struct logoff_message message = { .title = "t", .text = "x" };
	struct logoff_delivery delivery;
	struct logoff_session *session;
	struct desk desk;
	int fds[2];
	uint64_t start_us = clock_now_us();

	(void)state;
	desk_open(&desk);
	session = &desk.session;
	assert_int_equal(tcflow(desk.slave, TCOOFF), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(host_message(&host, &message, &session, 1, &delivery, fds[0], NULL), 0);
	assert_int_equal(delivery.result, -ECANCELED);
	assert_int_equal(delivery.channel, LOGOFF_CHANNEL_NONE);	/* else it would be said to be delivered */
	assert_true(clock_now_us() - start_us < 1000 * MS);
	close(fds[0]);
	close(fds[1]);
	desk_close(&desk);
}

/* ---- several terminals ---- */

/* Sends to one session that has the terminals of both desks. */
static struct logoff_delivery send_to_both(struct desk *one, struct desk *other, const char *also)
{
	char *terminals[] = { one->terminal, (char *)also, other->terminal };
	struct logoff_session session = one->session;

	session.terminals = terminals;
	session.n_terminals = 3;
	return send_to(&session, "t", "x");
}

static void assert_has_it(const struct desk *desk)
{
	assert_string_equal(desk_read(desk), "\a\r\r\nt\r\r\nx\r\r\n");
}

static void writes_to_every_terminal(void **state)
{
	struct logoff_delivery delivery;
	struct desk one, other;

	(void)state;
	desk_open(&one);
	desk_open(&other);
	delivery = send_to_both(&one, &other, "pts/999999");	/* one that is not there hides none */
	assert_int_equal(delivery.result, 0);
	assert_int_equal(delivery.channel, LOGOFF_CHANNEL_TERMINAL);
	assert_int_equal(delivery.cause.domain, LOGOFF_ERROR_NONE);
	assert_has_it(&one);
	assert_has_it(&other);
	desk_close(&one);
	desk_close(&other);
}

/* The first is another user's, the second is no terminal: the third has it. */
static void a_terminal_of_others_hides_none(void **state)
{
	struct desk one, other;

	(void)state;
	if (geteuid() != 0)
		skip();
	desk_open(&one);
	desk_open(&other);
	assert_int_equal(chown(one.name, 12345, (gid_t)-1), 0);
	assert_int_equal(send_to_both(&one, &other, "null").result, 0);
	assert_string_equal(desk_read(&one), "");
	assert_has_it(&other);
	desk_close(&one);
	desk_close(&other);
}

/* One that is stopped costs its two seconds; the message has arrived all the same. */
static void a_stopped_terminal_hides_none(void **state)
{
	uint64_t start_us = clock_now_us();
	struct desk stopped, other;

	(void)state;
	desk_open(&stopped);
	desk_open(&other);
	assert_int_equal(tcflow(stopped.slave, TCOOFF), 0);
	assert_int_equal(send_to_both(&stopped, &other, "null").result, 0);
	assert_true(clock_now_us() - start_us < 4000 * MS);
	assert_has_it(&other);
	desk_close(&stopped);
	desk_close(&other);
}

/* Only then is said why; the first reason counts. */
static void says_why_no_terminal_took_it(void **state)
{
	struct logoff_delivery delivery;
	struct desk one, other;

	(void)state;
	desk_open(&one);
	desk_open(&other);
	assert_int_equal(tcflow(one.slave, TCOOFF), 0);
	assert_int_equal(tcflow(other.slave, TCOOFF), 0);
	delivery = send_to_both(&one, &other, "pts/999999");
	assert_int_equal(delivery.result, -EOPNOTSUPP);
	assert_non_null(strstr(delivery.cause.text, "pts/999999: No such file"));
	desk_close(&one);
	desk_close(&other);
}

/* A desktop that cannot show it (nor can a program that is slow to say so, where one is installed) leaves the terminals in the session. */
static void falls_back_to_terminals(void **state)
{
	struct logoff_delivery delivery;
	struct desk desk;

	(void)state;
	desk_open(&desk);
	desk.session.display = (char *)":4711";
	delivery = send_to(&desk.session, "t", "x");
	assert_int_equal(delivery.result, 0);
	assert_int_equal(delivery.channel, LOGOFF_CHANNEL_TERMINAL);
	assert_has_it(&desk);
	desk_close(&desk);
}

/* ---- a name is not trusted ---- */

static void refuses_what_is_not_his_terminal(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk);
	desk.session.uid++;
	assert_refused(&desk.session, -EOPNOTSUPP, "belongs to another user");
	assert_string_equal(desk_read(&desk), "");
	desk.session.uid--;
	desk.terminal = (char *)"pts/../pts/0";
	assert_refused(&desk.session, -EOPNOTSUPP, "pts/../pts/0");
	desk.terminal = (char *)"pts/999999";
	assert_refused(&desk.session, -EOPNOTSUPP, "No such file");
	desk.terminal = (char *)"shm";
	assert_refused(&desk.session, -EOPNOTSUPP, "not a terminal");
	desk_close(&desk);
}

/* The owner of /dev/null is root. */
static void refuses_devices_that_are_no_terminals(void **state)
{
	struct logoff_session session = { .host = &host, .terminals = (char *[]){ (char *)"null" }, .n_terminals = 1, .uid = 0 };

	(void)state;
	assert_refused(&session, -EOPNOTSUPP, "not a terminal");
}

static void refuses_symbolic_links(void **state)
{
	struct logoff_session session = { .host = &host, .terminals = (char *[]){ (char *)"fd/0" }, .n_terminals = 1, .uid = geteuid() };

	(void)state;
	assert_refused(&session, -EOPNOTSUPP, "fd/0");
}

/* ---- no way at all ---- */

static void says_when_there_is_no_way(void **state)
{
	struct logoff_session session = { .host = &host, .protocol = (char *)"ssh", .uid = geteuid() };

	(void)state;
	assert_refused(&session, -EOPNOTSUPP, "neither a terminal nor a display");
}

/* A display can be used by its user and root only: another user is refused at once. */
static void refuses_displays_of_others(void **state)
{
	struct logoff_session session = { .host = &host, .display = (char *)":10", .uid = 12345 };
	struct logoff_session *sessions[] = { &session };
	struct logoff_message message = { .title = "t", .text = "x" };
	struct logoff_delivery delivery;
	pid_t child;
	int status;

	(void)state;
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(1);
		if (host_message(&host, &message, sessions, 1, &delivery, -1, NULL) < 0)
			_exit(2);
		_exit(delivery.result == -EACCES ? 0 : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Where nobody is at home the children say so and leave nothing behind. */
static void leaves_no_children(void **state)
{
	struct logoff_session session = { .host = &host, .display = (char *)":4711", .uid = geteuid() };
	struct sigaction before, after;

	(void)state;
	assert_int_equal(sigaction(SIGCHLD, NULL, &before), 0);
	assert_int_equal(send_to(&session, "t", "x").result, -EOPNOTSUPP);
	assert_int_equal(sigaction(SIGCHLD, NULL, &after), 0);
	assert_ptr_equal(before.sa_handler, after.sa_handler);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	session.display = (char *)"elsewhere:0";
	assert_refused(&session, -EOPNOTSUPP, "no display of this machine");
}

/* ---- hosts in memory ---- */

static struct logoff_host *open_text(const char *text)
{
	struct logoff_host *opened = calloc(1, sizeof(*opened));
	struct memory_world *world;

	assert_non_null(opened);
	opened->backend = &host_memory;
	assert_int_equal(memory_parse(&world, text, strlen(text), NULL), 0);
	assert_int_equal(memory_attach(opened, world), 0);
	return opened;
}

static struct logoff_session *get(struct logoff_host *from, const char *id)
{
	struct logoff_session *session;

	assert_int_equal(from->backend->get(from, id, &session, NULL), 0);
	return session;
}

static struct logoff_delivery send_to_id(struct logoff_host *to, const char *id, const char *text, bool wait)
{
	struct logoff_message message = { .title = "t", .text = text, .timeout_ms = 60000, .wait = wait };
	struct logoff_session *session = get(to, id);
	struct logoff_delivery delivery;

	assert_int_equal(host_message(to, &message, &session, 1, &delivery, -1, NULL), 0);
	logoff_session_free(session);
	return delivery;
}

static void assert_channel(struct logoff_host *to, const char *id, enum logoff_channel channel)
{
	struct logoff_delivery delivery = send_to_id(to, id, "x", false);

	assert_int_equal(delivery.result, 0);
	assert_int_equal(delivery.channel, channel);
	assert_int_equal(delivery.answer, LOGOFF_ANSWER_NONE);
}

static void memory_hosts_take_messages(void **state)
{
	struct logoff_host *to = open_text("caller uid=0\nuser name=alice uid=1000\n"
					     "session id=1 user=alice tty=pts/3\n"
					     "session id=2 user=alice display=:1\n"
					     "session id=3 user=alice\n"
					     "session id=4 user=alice tty=pts/4 channel=display\n"
					     "session id=5 user=alice tty=pts/5 message-fails=ETIMEDOUT\n"
					     "session id=6 user=alice tty=pts/6 wants=\"a\\nb\"\n");
	struct logoff_delivery delivery;

	(void)state;
	assert_channel(to, "1", LOGOFF_CHANNEL_TERMINAL);
	assert_channel(to, "2", LOGOFF_CHANNEL_DESKTOP);
	assert_channel(to, "4", LOGOFF_CHANNEL_DISPLAY);
	assert_int_equal(send_to_id(to, "3", "x", false).result, -EOPNOTSUPP);
	assert_int_equal(send_to_id(to, "5", "x", false).result, -ETIMEDOUT);
	assert_int_equal(send_to_id(to, "6", "a\r\nb", false).result, 0);
	delivery = send_to_id(to, "6", "a\033b", false);
	assert_int_equal(delivery.result, -EPROTO);
	assert_string_equal(delivery.cause.text, "it wants \"a\nb\" and got \"a\\x1bb\"");
	logoff_host_close(to);
}

static void memory_hosts_answer(void **state)
{
	struct logoff_host *to = open_text("caller uid=0\nuser name=alice uid=1000\n"
					     "session id=1 user=alice tty=pts/3 user-answers=ok\n"
					     "session id=2 user=alice display=:1 user-answers=ok answers-after=59999\n"
					     "session id=3 user=alice display=:2 user-answers=closed\n"
					     "session id=4 user=alice display=:3 user-answers=ok answers-after=60000\n"
					     "session id=5 user=alice display=:4\n");

	(void)state;
	assert_int_equal(send_to_id(to, "1", "x", true).answer, LOGOFF_ANSWER_NONE);
	assert_int_equal(send_to_id(to, "2", "x", true).answer, LOGOFF_ANSWER_OK);
	assert_int_equal(send_to_id(to, "2", "x", false).answer, LOGOFF_ANSWER_NONE);
	assert_int_equal(send_to_id(to, "3", "x", true).answer, LOGOFF_ANSWER_CLOSED);
	assert_int_equal(send_to_id(to, "4", "x", true).answer, LOGOFF_ANSWER_TIMEOUT);
	assert_int_equal(send_to_id(to, "5", "x", true).answer, LOGOFF_ANSWER_TIMEOUT);
	logoff_host_close(to);
}

static void memory_hosts_refuse(void **state)
{
	struct logoff_host *to = open_text("caller uid=1000\nuser name=alice uid=1000\nuser name=bob uid=1001\n"
					     "session id=1 user=alice tty=pts/3\nsession id=2 user=bob tty=pts/4\n"
					     "session id=3 user=alice tty=pts/5 leaves=10\n");
	struct logoff_message message = { .text = "x" };
	struct logoff_session *session = get(to, "3");
	struct logoff_delivery delivery;

	(void)state;
	assert_int_equal(send_to_id(to, "1", "x", false).result, 0);
	assert_int_equal(send_to_id(to, "2", "x", false).result, -EACCES);
	assert_int_equal(to->backend->wait(to, 20 * MS, -1, NULL), 0);
	assert_int_equal(to->backend->wait(to, 20 * MS, -1, NULL), 0);
	assert_int_equal(host_message(to, &message, &session, 1, &delivery, -1, NULL), 0);
	assert_int_equal(delivery.result, -ENXIO);
	logoff_session_free(session);
	logoff_host_close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_to_a_closed_terminal),
		cmocka_unit_test(writes_without_a_title),
		cmocka_unit_test(brings_no_harm),
		cmocka_unit_test(does_not_wait_for_a_stopped_terminal),
		cmocka_unit_test(waits_a_little_for_a_stopped_terminal),
		cmocka_unit_test(part_of_a_message),
		cmocka_unit_test(stops_when_cancelled),
		cmocka_unit_test(writes_to_every_terminal),
		cmocka_unit_test(a_terminal_of_others_hides_none),
		cmocka_unit_test(a_stopped_terminal_hides_none),
		cmocka_unit_test(says_why_no_terminal_took_it),
		cmocka_unit_test(falls_back_to_terminals),
		cmocka_unit_test(refuses_what_is_not_his_terminal),
		cmocka_unit_test(refuses_devices_that_are_no_terminals),
		cmocka_unit_test(refuses_symbolic_links),
		cmocka_unit_test(says_when_there_is_no_way),
		cmocka_unit_test(refuses_displays_of_others),
		cmocka_unit_test(leaves_no_children),
		cmocka_unit_test(memory_hosts_take_messages),
		cmocka_unit_test(memory_hosts_answer),
		cmocka_unit_test(memory_hosts_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
