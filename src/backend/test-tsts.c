/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-tsts.c - the back end for other servers, against a program that plays logoff-tsts and misbehaves.
 *
 * This executable is both: started under the name logoff-tsts it takes orders on its descriptor and answers as the
 * environment variable LOGOFF_TSTS_PLAY tells. What a server of the real protocol does is proved in test/domain.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/request.h"
#include "core/host.h"
#include "tsts/order.h"

/* Long ago, and so is what the server takes for now: one hour later. */
#define LOGON_US INT64_C(1700000000000000)
#define AGE_US INT64_C(3600000000)

/* ---- the player ---- */

static const char *play;
static bool is_gone[16];
static int64_t relogon_us;
static unsigned n_asked;
static bool clock_asked;
static uint32_t link_number = 1;
static bool is_broken;		/* the connection; the next question makes another one */

static bool plays(const char *word)
{
	return strstr(play, word);
}

static void put(const void *data, size_t length)
{
	if (write(ORDER_FD, data, length) != (ssize_t)length)
		_exit(1);
}

static void reply(uint32_t serial, int r, const void *rows, size_t n_rows, size_t row_size)
{
	struct event event = { .serial = serial, .r = r, .link = link_number, .n_rows = (uint32_t)n_rows, .length = (uint32_t)(n_rows * row_size),
			     .now_us = clock_asked && r == 0 && !plays("timeless") ? LOGON_US + AGE_US : 0 };

	if (r < 0)
		event.error = (struct logoff_error){ .domain = LOGOFF_ERROR_NTSTATUS, .number = 0xC000006D,
						    .name = "NT_STATUS_LOGON_FAILURE", .text = "wrong user or password" };
	put(&event, sizeof(event));
	put(rows, n_rows * row_size);
}

static void removed(uint32_t id)
{
	struct event event = { .kind = EVENT_REMOVED, .id = id };

	put(&event, sizeof(event));
}

static struct station_row row_of(uint32_t id)
{
	struct station_row row = { .id = id, .has = STATION_HAS_DETAILS, .logon_us = LOGON_US + id };

	switch (id) {
	case 0:
		row.state = 4;
		strcpy(row.name, "Services");
		break;
	case 1:
		row.state = 1;
		strcpy(row.name, "Console");
		break;
	case 2:
		strcpy(row.name, "RDP-Tcp#2");
		strcpy(row.user, "bob");
		strcpy(row.domain, "EXAMPLE");
		row.input_us = LOGON_US + AGE_US / 2;
		break;
	case 3:
		row.state = 4;
		strcpy(row.user, "carol");
		row.disconnect_us = LOGON_US - 5;	/* on another day, the server says */
		break;
	default:
		row.state = id == 4 ? 7 : 9;
		strcpy(row.user, "dave");
	}
	row.logon_us += relogon_us;
	if (plays("forgets") && (n_asked > 0 || link_number > 1)) {
		row.has = 0;
		row.logon_us = 0;
	}
	if (plays("unended"))
		memset(row.name, 'x', sizeof(row.name));
	return row;
}

static void play_list(const struct order *order)
{
	struct station_row rows[8];
	size_t n = 0;

	for (uint32_t id = 0; id < 6; id++) {
		if (is_gone[id] || (id == 2 && n_asked > 0 && plays("hides")))
			continue;
		rows[n] = row_of(id);
		if (order->kind == ORDER_LIST && plays("lazy"))
			rows[n].has = 0;
		n++;
	}
	rows[n] = row_of(5);
	rows[n++].id = 65536;	/* a listener */
	reply(order->serial, 0, rows, n, sizeof(*rows));
}

static struct order held;

static void play_get(const struct order *order)
{
	struct station_row row;

	if (held.serial) {	/* the answer to a log-off comes while another question is asked */
		reply(held.serial, 0, NULL, 0, 0);
		held.serial = 0;
	}

	if (order->id > 5 || is_gone[order->id]) {
		reply(order->serial, -ENXIO, NULL, 0, 0);
		return;
	}
	row = row_of(plays("other") ? order->id + 1 : order->id);
	reply(order->serial, 0, &row, plays("norow") ? 0 : 1, sizeof(row));
}

static void play_logoff(const struct order *order)
{
	if (plays("denied")) {
		reply(order->serial, -EACCES, NULL, 0, 0);
		return;
	}
	n_asked++;
	if (plays("busy") && n_asked == 1) {
		reply(order->serial, -EAGAIN, NULL, 0, 0);
		relogon_us = plays("then relogon") ? 60000000 : 0;
		return;
	}
	if (plays("pending")) {
		reply(order->serial, -EALREADY, NULL, 0, 0);
		is_gone[order->id] = true;
		return;
	}
	if (plays("crossed") && n_asked == 1) {
		held = *order;
		is_gone[order->id] = true;
		return;
	}
	reply(order->serial, 0, NULL, 0, 0);
	if (plays("stays") || plays("stubborn"))
		return;
	if (plays("again"))
		relogon_us = 60000000;
	else
		is_gone[order->id] = true;
	removed(order->id);
}

static void play_processes(const struct order *order)
{
	struct event_process rows[] = { { .pid = 4, .session = 0, .user = "SYSTEM", .command = "smss.exe" },
				       { .pid = 900, .session = 2, .user = "bob", .command = "notepad.exe" } };

	reply(order->serial, 0, rows, 2, sizeof(*rows));
}

static bool is_act(const struct order *order)
{
	return order->kind == ORDER_DETAILS || order->kind == ORDER_CLIENTS || order->kind > ORDER_PROCESSES;
}

/* The connection breaks before the order that the play names. Returns whether ORDER is not carried out for that. */
static bool play_link(const struct order *order)
{
	static const char *const orders[] = { [ORDER_LOGOFF] = "breaks at logoff", [ORDER_RESET] = "breaks at reset",
					      [ORDER_DISCONNECT] = "breaks at disconnect", [ORDER_TERMINATE] = "breaks at terminate",
					      [ORDER_MESSAGE] = "breaks at message" };

	if (is_act(order) && orders[order->kind] && plays(orders[order->kind]) && link_number == 1)
		is_broken = true;
	if (is_act(order) && (is_broken || order->link != link_number)) {
		reply(order->serial, -ENOTCONN, NULL, 0, 0);
		return true;
	}
	if (is_broken) {
		is_broken = false;
		link_number++;
		relogon_us = plays("rebooted") ? 60000000 : 0;
	}
	if (is_act(order) && plays("rebooted"))
		_exit(1);	/* done to another */
	return false;
}

static void play_order(const struct order *order, const void *data)
{
	const struct order_message *message = data;
	struct event event = { .serial = order->serial, .link = link_number, .answer = 1 };
	const struct event_account account = { "EXAMPLE\\bob" };

	if (play_link(order))
		return;
	switch (order->kind) {
	case ORDER_LOGON:
		reply(order->serial, plays("refused") ? -EKEYREJECTED : 0, &account, !plays("refused"), sizeof(account));
		break;
	case ORDER_CLOCK:
		clock_asked = true;
		reply(order->serial, plays("timeless") ? -EACCES : 0, NULL, 0, 0);
		break;
	case ORDER_LIST:
	case ORDER_DETAILS:
	case ORDER_CLIENTS:
		play_list(order);
		break;
	case ORDER_GET:
		play_get(order);
		break;
	case ORDER_LOGOFF:
		play_logoff(order);
		break;
	case ORDER_RESET:
		if (plays("breaks in reset") && !is_gone[order->id]) {
			is_gone[order->id] = true;
			reply(order->serial, -EINPROGRESS, NULL, 0, 0);
			break;
		}
		is_gone[order->id] = plays("stubborn");
		reply(order->serial, plays("stubborn") ? 0 : -EOPNOTSUPP, NULL, 0, 0);
		break;
	case ORDER_MESSAGE:
		if (plays("mute"))
			break;
		if (strlen(message->text) > 20)	/* a long one has come whole */
			event.r = message->text[strlen(message->text) - 1] == '.' ? 0 : -EPROTO;
		event.answer = message->wait ? 32000 : 32001;
		event.r = order->id == 3 ? -EACCES : event.r;
		put(&event, sizeof(event));
		break;
	case ORDER_PROCESSES:
		play_processes(order);
		break;
	case ORDER_DISCONNECT:
		reply(order->serial, 0, NULL, 0, 0);
		break;
	default:
		_exit(1);
	}
}

static bool get(void *data, size_t length)
{
	for (size_t n = 0; n < length;) {
		ssize_t k = read(ORDER_FD, (char *)data + n, length - n);

		if (k <= 0)
			return false;
		n += (size_t)k;
	}
	return true;
}

/* Some C libraries leave signals of their own ignored in what they start. */
static bool ignores_no_signal(void)
{
	char status[8192] = "";
	int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	return read(file, status, sizeof(status) - 1) > 0 && strstr(status, "\nSigIgn:\t0000000000000000\n");
}

static int player(void)
{
	static char data[sizeof(struct order_message) + sizeof(struct order_logon)];
	struct stamp theirs, ours = stamp_own;
	struct order order;

	play = getenv("LOGOFF_TSTS_PLAY") ? getenv("LOGOFF_TSTS_PLAY") : "";
	if (plays("heedful") && !ignores_no_signal())
		return 1;
	if (plays("newer"))
		strcpy(ours.text, "0.2.0-x86_64-01234567");
	if (plays("gone"))
		return 0;
	put(&ours, plays("half a stamp") ? 10 : sizeof(ours));
	if (!get(&theirs, sizeof(theirs)) || !stamp_is_own(&theirs))
		return 1;
	if (plays("half a stamp"))
		return 0;
	while (!stamp_is_own(&ours) && read(ORDER_FD, data, sizeof(data)) > 0)
		;
	while (get(&order, sizeof(order)) && get(data, order.length)) {
		bool first = order.kind == ORDER_LOGON;

		if (plays("silent") && (!first || plays("deaf")))
			continue;
		if (plays("dies") && !first)
			raise(SIGSEGV);
		if (plays("leaves") && !first)
			return 0;
		if (plays("huge") && !first) {
			struct event event = { .serial = order.serial, .length = UINT32_MAX };

			put(&event, sizeof(event));
			continue;
		}
		play_order(&order, data);
	}
	while (plays("immortal"))
		pause();
	return 0;
}

/* ---- the tests ---- */

int __real_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal);

static pid_t spared = -1;

/* Spares the next one if SPARED is 0, as the kernel spares a process that waits in it. */
int __wrap_kill(pid_t pid, int signal)
{
	if (spared != 0)
		return __real_kill(pid, signal);
	spared = pid;
	return 0;
}

static int open_server(struct logoff_host **ret_host, const char *name, const struct logoff_logon *logon, struct logoff_error *reterr)
{
	struct logoff_address address = { .size = sizeof(address), .name = name };

	return host_open(ret_host, &address, logon, reterr);
}

static struct logoff_host *open_playing(const char *what, uint64_t timeout_ms)
{
	struct logoff_logon logon = { .size = sizeof(logon), .user = "bob", .password = "secret", .timeout_ms = timeout_ms };
	struct logoff_error error = {};
	struct logoff_host *host;
	char caller[64];

	assert_int_equal(setenv("LOGOFF_TSTS_PLAY", what, 1), 0);
	assert_int_equal(open_server(&host, "server1:445", &logon, &error), 0);
	assert_string_equal(logoff_host_kind(host), "tsts");
	logoff_host_name_caller(host, caller, sizeof(caller));
	assert_string_equal(caller, "EXAMPLE\\bob");
	return host;
}

static void test_not_installed(void **state)
{
	const char *path = strdup(getenv("LOGOFF_TSTS"));
	struct logoff_error error = {};
	struct logoff_host *host;

	(void)state;
	assert_non_null(path);
	setenv("LOGOFF_TSTS", "/nonexistent/logoff-tsts", 1);
	assert_int_equal(open_server(&host, "server1", NULL, &error), -EOPNOTSUPP);
	assert_non_null(strstr(error.text, "/nonexistent/logoff-tsts"));
	setenv("LOGOFF_TSTS", path, 1);
	free((char *)path);
}

/* Opens a server in a program that has closed its standard descriptors. Returns the exit status. */
static int open_without_descriptors(void)
{
	struct logoff_host *host;
	int status = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	setenv("LOGOFF_TSTS_PLAY", "heedful", 1);
	if (open_server(&host, "server1", NULL, NULL) < 0)
		return 3;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			status = 4;
	logoff_host_close(host);
	return status;
}

static void test_nothing_of_the_starter(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		_exit(open_without_descriptors());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_names_of_servers(void **state)
{
	static const char *const good[] = { "server1", "ts1.example.com:1445", "192.0.2.7", "192.0.2.7:445", "2001:db8::7",
					    "[2001:db8::7]", "[2001:db8::7]:445", "fe80::1%eth0", "localhost:445" };
	static const char *const bad[] = { ":445", "server1:", "server1:0", "server1:65536", "server1:x", "a b", "[::1",
					   "[::1]x", "server1[seal]", "server1,krb5", "\\\\server1", "fe80::1%", "a%b", "[]",
					   "server1:+5", "::1,sign" };
	struct logoff_error error = {};
	struct logoff_host *host;

	(void)state;
	setenv("LOGOFF_TSTS_PLAY", "", 1);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_false(logoff_is_this_machine(good[i]));
		assert_int_equal(open_server(&host, good[i], NULL, &error), 0);
		logoff_host_close(host);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(open_server(&host, bad[i], NULL, &error), -EINVAL);
	assert_true(logoff_is_this_machine("LOCALHOST"));
}

static void test_refused(void **state)
{
	struct logoff_error error = {};
	struct logoff_host *host;

	(void)state;
	setenv("LOGOFF_TSTS_PLAY", "refused", 1);
	assert_int_equal(open_server(&host, "server1", NULL, &error), -EKEYREJECTED);
	assert_int_equal(error.domain, LOGOFF_ERROR_NTSTATUS);
	assert_string_equal(error.name, "NT_STATUS_LOGON_FAILURE");
}

/* What is said of a program that is not of this build, or that ends before that is known. */
static void test_other_version(void **state)
{
	static const struct {
		const char *what, *said;
	} cases[] = { { "newer", " is of another version (0.2.0-x86_64-01234567) than the library (" },
		      { "gone", "logoff-tsts has ended" }, { "half a stamp", "logoff-tsts has ended" } };
	struct logoff_error error;
	struct logoff_host *host;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error = (struct logoff_error){};
		setenv("LOGOFF_TSTS_PLAY", cases[i].what, 1);
		assert_int_equal(open_server(&host, "server1", NULL, &error), -EHOSTUNREACH);
		assert_non_null(strstr(error.text, cases[i].said));
	}
}

static void test_too_long(void **state)
{
	char password[600];
	struct logoff_host *host;

	(void)state;
	memset(password, 'x', sizeof(password));
	password[sizeof(password) - 1] = '\0';
	setenv("LOGOFF_TSTS_PLAY", "", 1);
	assert_int_equal(open_server(&host, "s", &(struct logoff_logon){ .size = sizeof(struct logoff_logon), .password = password }, NULL), -EINVAL);
}

static void is_about(int64_t us, int64_t wanted)
{
	assert_in_range(us, wanted - 1000000, wanted + 5000000);
}

static void test_list(void **state)
{
	static const struct {
		const char *id, *name, *user, *protocol;
		enum logoff_state state;
		enum logoff_kind kind;
		bool console;
	} wanted[] = {
		{ "0", NULL, "", NULL, LOGOFF_STATE_DISCONNECTED, LOGOFF_KIND_SERVICES, false },
		{ "1", NULL, "", "local", LOGOFF_STATE_CONNECTED, LOGOFF_KIND_GREETER, true },
		{ "2", "RDP-Tcp#2", "bob", "rdp", LOGOFF_STATE_ACTIVE, LOGOFF_KIND_USER, false },
		{ "3", NULL, "carol", NULL, LOGOFF_STATE_DISCONNECTED, LOGOFF_KIND_USER, false },
		{ "4", NULL, "dave", NULL, LOGOFF_STATE_CLOSING, LOGOFF_KIND_USER, false },
		{ "5", NULL, "dave", NULL, LOGOFF_STATE_CONNECTED, LOGOFF_KIND_USER, false },
	};
	struct logoff_session **sessions;
	struct logoff_host *host;
	size_t n;

	(void)state;
	for (int lazy = 0; lazy < 2; lazy++) {
		host = open_playing(lazy ? "lazy" : "", 0);
		assert_int_equal(logoff_host_list(host, &sessions, &n, NULL), 0);
		assert_int_equal(n, 6);
		assert_int_equal(logoff_session_time_us(sessions[2], LOGOFF_TIME_IDLE), -1);	/* not fetched yet */
		assert_int_equal(logoff_session_fetch(sessions, n, LOGOFF_FACTS_IDLE, NULL), LOGOFF_OK);
		for (size_t i = 0; i < n; i++) {
			const char *protocol = logoff_session_detail(sessions[i], LOGOFF_DETAIL_PROTOCOL);

			assert_string_equal(logoff_session_id(sessions[i]), wanted[i].id);
			assert_string_equal(logoff_session_user(sessions[i]), wanted[i].user);
			assert_int_equal(logoff_session_state(sessions[i]), wanted[i].state);
			assert_int_equal(logoff_session_kind(sessions[i]), wanted[i].kind);
			assert_int_equal(logoff_session_is(sessions[i], LOGOFF_IS_CONSOLE), wanted[i].console);
			assert_int_equal(logoff_session_uid(sessions[i]), (uid_t)-1);
			assert_int_equal(logoff_session_time_us(sessions[i], LOGOFF_TIME_LOGON), LOGON_US + (int64_t)i);
			assert_string_equal(protocol ? protocol : "-", wanted[i].protocol ? wanted[i].protocol : "-");
			if (wanted[i].name)
				assert_string_equal(logoff_session_name(sessions[i]), wanted[i].name);
			else
				assert_null(logoff_session_name(sessions[i]));
		}
		assert_true(logoff_session_time_us(sessions[2], LOGOFF_TIME_IDLE) > 0);
		assert_true(logoff_session_time_us(sessions[3], LOGOFF_TIME_IDLE) > 0);
		assert_int_equal(logoff_session_time_us(sessions[5], LOGOFF_TIME_IDLE), -1);
		is_about(logoff_session_time_us(sessions[2], LOGOFF_TIME_IDLE), AGE_US / 2);
		is_about(logoff_session_time_us(sessions[3], LOGOFF_TIME_IDLE), AGE_US);	/* for no longer than it is there */
		is_about(logoff_session_time_us(sessions[5], LOGOFF_TIME_AGE), AGE_US);
		assert_string_equal(logoff_session_detail(sessions[2], LOGOFF_DETAIL_DOMAIN), "EXAMPLE");
		logoff_session_list_free(sessions, n);
		logoff_host_close(host);
	}
}

/* Without the server's clock nobody knows how long ago anything was. */
static void test_no_clock(void **state)
{
	struct logoff_host *host = open_playing("timeless", 0);
	struct logoff_session *session;

	(void)state;
	assert_int_equal(host_find(host, "2", &session, NULL), 0);
	assert_int_equal(logoff_session_fetch(&session, 1, LOGOFF_FACTS_IDLE, NULL), LOGOFF_OK);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), -1);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_AGE), -1);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_LOGON), LOGON_US + 2);
	logoff_session_free(session);
	logoff_host_close(host);
}

static void test_find(void **state)
{
	static const struct {
		const char *designator;
		int r;
	} cases[] = { { "2", 0 }, { "rdp-tcp#2", 0 }, { "RDP-TCP#2", 0 }, { "9", -ENXIO }, { "65536", -ENXIO }, { "c2", -ENXIO },
		      { "99999999999999999999", -ENXIO }, { "nobody", -ENXIO }, { "console", -ESRCH }, { NULL, -ESRCH } };
	struct logoff_host *host = open_playing("", 0);
	struct logoff_session *session;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(host_find(host, cases[i].designator, &session, NULL), cases[i].r);
		if (cases[i].r == 0)
			logoff_session_free(session);
	}
	logoff_host_close(host);
}

/* Whatever the program does, there is one clear errno, and in time. */
static void test_misbehaving(void **state)
{
	static const struct {
		const char *what;
		int get, list;
	} cases[] = { { "silent", -ETIMEDOUT, LOGOFF_E_TIMEOUT }, { "dies", -EHOSTUNREACH, LOGOFF_E_UNREACHABLE },
		      { "leaves", -EHOSTUNREACH, LOGOFF_E_UNREACHABLE }, { "huge", -EHOSTUNREACH, LOGOFF_E_UNREACHABLE },
		      { "other", -EPROTO, 0 }, { "norow", -EPROTO, 0 }, { "unended", 0, 0 } };
	struct logoff_session *session, **sessions;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct logoff_host *host = open_playing(cases[i].what, i == 0 ? 1000 : 20000);
		struct logoff_error error = {};
		size_t n;

		assert_int_equal(host_find(host, "2", &session, &error), cases[i].get);
		if (cases[i].get == 0)
			logoff_session_free(session);
		else
			assert_true(error.text[0]);
		assert_int_equal(logoff_host_list(host, &sessions, &n, &error), cases[i].list);
		if (cases[i].list == 0)
			logoff_session_list_free(sessions, n);
		logoff_host_close(host);
	}
}

static void test_deaf(void **state)
{
	struct logoff_logon logon = { .size = sizeof(struct logoff_logon), .timeout_ms = 200 };
	struct logoff_host *host;

	(void)state;
	setenv("LOGOFF_TSTS_PLAY", "silent deaf", 1);
	assert_int_equal(open_server(&host, "server1:445", &logon, NULL), -ETIMEDOUT);
}

/* A program that even the kernel cannot end is left behind. */
static void test_immortal(void **state)
{
	struct logoff_host *host = open_playing("immortal", 1000);
	uint64_t before = clock_now_us();

	(void)state;
	spared = 0;
	alarm(10);
	logoff_host_close(host);
	alarm(0);
	assert_true(spared > 0);
	assert_true(clock_now_us() - before < 2000000);
	assert_int_equal(kill(spared, SIGKILL), 0);
	assert_int_equal(waitpid(spared, NULL, 0), spared);
	spared = -1;
}

/* Logs off sessions ID... of a host playing WHAT. Returns the result of the first. */
static int log_off(const char *what, const char *ids, bool *ret_forced)
{
	const struct logoff_options options = { .size = sizeof(options), .grace_ms = 100, .wait_ms = 700, .cancel_fd = -1 };
	struct logoff_host *host = open_playing(what, 500);
	struct logoff_request *request;
	struct logoff_session *session;
	char *copy = strdup(ids), *at = copy;
	int r;

	assert_int_equal(logoff_request_new(&request, host), 0);
	for (const char *id = strsep(&at, " "); id; id = strsep(&at, " ")) {
		assert_int_equal(host_find(host, id, &session, NULL), 0);
		assert_int_equal(logoff_request_add(request, session, LOGOFF_WHY_NAMED), 0);
	}
	assert_int_equal(logoff_request_run(request, &options, NULL), 0);
	r = request->jobs[0].result;
	*ret_forced = logoff_request_outcome(request, 0)->forced;
	for (size_t i = 1; i < logoff_request_count(request); i++)
		assert_int_equal(request->jobs[i].result, r);
	logoff_request_free(request);
	logoff_host_close(host);
	free(copy);
	return r;
}

static void test_log_off(void **state)
{
	static const struct {
		const char *what, *ids;
		int r;
		bool forced;
	} cases[] = {
		{ "", "2", 0, false },
		{ "", "2 3 4 5", 0, false },		/* verified by lists */
		{ "", "0", -EPERM, false },
		{ "", "1", -EPERM, false },
		{ "denied", "2", -EACCES, false },
		{ "stays", "2", -ETIMEDOUT, false },	/* it says done and does nothing; no legacy pipe */
		{ "stays", "2 3 4 5", -ETIMEDOUT, false },
		{ "stays hides", "2 3 4 5", -ETIMEDOUT, false },	/* what a list leaves out may be there */
		{ "pending", "2", 0, false },		/* somebody else has asked it to end */
		{ "busy", "2", 0, false },
		{ "busy then relogon", "2", 0, false },
		{ "stays forgets", "2", -ETIMEDOUT, false },	/* since when it is there is not told any more */
		{ "stubborn", "2", 0, true },		/* only the reset ends it */
		{ "again", "2", 0, false },		/* its id belongs to another logon at once */
		{ "breaks at logoff", "2", 0, false },	/* seen to be the same over another connection, it is asked again */
		{ "breaks at logoff", "2 3 4 5", 0, false },
		{ "breaks at logoff rebooted", "2", 0, false },	/* it has ended with the server; nobody is asked */
		{ "breaks at logoff forgets", "2", -ETIMEDOUT, false },	/* it may be another one */
		{ "stubborn breaks at reset", "2", 0, true },
		{ "stubborn breaks in reset", "2", 0, true },	/* perhaps it was that */
		{ "stubborn breaks at reset forgets", "2", -ETIMEDOUT, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool forced;

		assert_int_equal(log_off(cases[i].what, cases[i].ids, &forced), cases[i].r);
		assert_int_equal(forced, cases[i].forced);
	}
}

/* An answer that comes while another question is answered is an event too: no session waits for it until its time is over. */
static void test_crossed(void **state)
{
	const struct logoff_options options = { .size = sizeof(options), .grace_ms = 10000, .wait_ms = 20000, .cancel_fd = -1 };
	struct logoff_host *host = open_playing("crossed", 0);
	struct logoff_request *request;
	struct logoff_session *session;

	(void)state;
	assert_int_equal(logoff_request_new(&request, host), 0);
	for (char id[] = "2"; *id < '4'; ++*id) {
		assert_int_equal(host_find(host, id, &session, NULL), 0);
		assert_int_equal(logoff_request_add(request, session, LOGOFF_WHY_NAMED), 0);
	}
	assert_int_equal(logoff_request_run(request, &options, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(request->jobs[i].result, 0);
		assert_true(logoff_request_outcome(request, i)->elapsed_us < 10000000);
	}
	logoff_request_free(request);
	logoff_host_close(host);
}

static void test_message(void **state)
{
	struct logoff_host *host = open_playing("", 0);
	struct logoff_message message = { .text = "save your work", .timeout_ms = 1000, .wait = true };
	struct logoff_delivery deliveries[6];
	struct logoff_session **sessions;
	size_t n;

	(void)state;
	assert_int_equal(logoff_host_list(host, &sessions, &n, NULL), 0);
	assert_int_equal(host_message(host, &message, sessions, n, deliveries, -1, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(deliveries[i].result, i == 3 ? -EACCES : 0);
		assert_int_equal(deliveries[i].answer, i == 3 ? LOGOFF_ANSWER_NONE : LOGOFF_ANSWER_TIMEOUT);
	}
	message.wait = false;
	assert_int_equal(host_message(host, &message, &sessions[2], 1, deliveries, -1, NULL), 0);
	assert_int_equal(deliveries[0].answer, LOGOFF_ANSWER_NONE);
	assert_int_equal(deliveries[0].channel, LOGOFF_CHANNEL_NONE);	/* a Linux host may have written it to a terminal */
	logoff_session_list_free(sessions, n);
	logoff_host_close(host);
}

/* Over another connection those get it who are the same. */
static void test_message_over_a_break(void **state)
{
	struct logoff_message message = { .text = "save your work" };

	(void)state;
	for (int rebooted = 0; rebooted < 2; rebooted++) {
		struct logoff_host *host = open_playing(rebooted ? "breaks at message rebooted" : "breaks at message", 0);
		struct logoff_delivery deliveries[6];
		struct logoff_session **sessions;
		size_t n;

		assert_int_equal(logoff_host_list(host, &sessions, &n, NULL), 0);
		assert_int_equal(host_message(host, &message, sessions, n, deliveries, -1, NULL), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(deliveries[i].result, rebooted ? -ENXIO : i == 3 ? -EACCES : 0);
		logoff_session_list_free(sessions, n);
		logoff_host_close(host);
	}
}

static void test_disconnect_over_a_break(void **state)
{
	static const struct {
		const char *what;
		int r;
	} cases[] = { { "breaks at disconnect", 0 }, { "breaks at disconnect rebooted", -ENXIO },
		      { "breaks at disconnect forgets", -EHOSTUNREACH } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct logoff_host *host = open_playing(cases[i].what, 0);
		struct logoff_session *session;

		assert_int_equal(host_find(host, "2", &session, NULL), 0);
		assert_int_equal(host->backend->disconnect(host, session, NULL), cases[i].r);
		logoff_session_free(session);
		logoff_host_close(host);
	}
}

/* A number shows no process to be the same: whoever wants it ended has to list them anew. */
static void test_end_process_over_a_break(void **state)
{
	struct logoff_host *host = open_playing("breaks at terminate rebooted", 0);
	struct logoff_host_process **processes;
	enum logoff_result result;
	size_t n;

	(void)state;
	assert_int_equal(logoff_host_list_processes(host, &processes, &n, NULL), 0);
	assert_int_equal(logoff_host_end_processes(host, &processes[1], 1, 0, -1, &result, NULL), 0);
	assert_int_equal(result, LOGOFF_E_UNREACHABLE);
	logoff_host_process_list_free(processes);
	logoff_host_close(host);
}

/* The server gets a long text whole; one that it cannot get whole is refused. */
static void test_long_messages(void **state)
{
	static char text[20000];
	struct logoff_host *host = open_playing("", 0);
	struct logoff_message message = { .text = text };
	struct logoff_delivery delivery;
	struct logoff_session **sessions;
	size_t n;

	(void)state;
	memset(text, 'x', 8192);
	text[8191] = '.';
	assert_int_equal(logoff_host_list(host, &sessions, &n, NULL), 0);
	assert_int_equal(host_message(host, &message, sessions, 1, &delivery, -1, NULL), 0);
	assert_int_equal(delivery.result, 0);
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(host_message(host, &message, sessions, 1, &delivery, -1, NULL), 0);
	assert_int_equal(delivery.result, -E2BIG);
	logoff_session_list_free(sessions, n);
	logoff_host_close(host);
}

/* Nothing comes back: the window may be open. */
static void test_message_without_a_reply(void **state)
{
	struct logoff_host *host = open_playing("mute", 200);
	struct logoff_message message = { .text = "save your work" };
	struct logoff_delivery delivery;
	struct logoff_session **sessions;
	size_t n;

	(void)state;
	assert_int_equal(logoff_host_list(host, &sessions, &n, NULL), 0);
	assert_int_equal(host_message(host, &message, sessions, 1, &delivery, -1, NULL), 0);
	assert_int_equal(delivery.result, -EINPROGRESS);
	assert_string_equal(delivery.cause.text, "the server has not answered in time");
	logoff_session_list_free(sessions, n);
	logoff_host_close(host);
}

static void test_processes(void **state)
{
	struct logoff_host *host = open_playing("", 0);
	struct logoff_host_process **processes;
	size_t n;

	(void)state;
	assert_int_equal(logoff_host_list_processes(host, &processes, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(processes[1]->pid, 900);
	assert_int_equal(processes[1]->uid, (uid_t)-1);
	assert_string_equal(processes[1]->session_id, "2");
	assert_string_equal(processes[1]->user, "bob");
	assert_string_equal(processes[1]->command, "notepad.exe");
	logoff_host_process_list_free(processes);
	logoff_host_close(host);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_installed),
		cmocka_unit_test(test_nothing_of_the_starter),
		cmocka_unit_test(test_names_of_servers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_no_clock),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_misbehaving),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_immortal),
		cmocka_unit_test(test_log_off),
		cmocka_unit_test(test_crossed),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_message_over_a_break),
		cmocka_unit_test(test_disconnect_over_a_break),
		cmocka_unit_test(test_end_process_over_a_break),
		cmocka_unit_test(test_long_messages),
		cmocka_unit_test(test_message_without_a_reply),
		cmocka_unit_test(test_processes),
	};
	char self[4096] = "";

	(void)argc;
	if (strcmp(argv[0], "logoff-tsts") == 0)
		return player();
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_int_equal(setenv("LOGOFF_TSTS", self, 1), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
