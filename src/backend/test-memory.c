/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-memory.c - descriptions of hosts, right and wrong, and whether the simulation does what they say.
 *
 * The simulation is driven through the functions of struct host_backend, as the procedure drives it: what is asserted
 * here is what the tests of the procedure build upon. Times are the milliseconds of the virtual clock.
 */
#include "base/clock.h"
#include "backend/table.h"
#include "backend/memory.h"
#include "base/test-port.h"	/* last: <windows.h> takes words for itself */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define MS(n) (UINT64_C(1000) * (n))

#define ALICE "caller uid=0\nuser name=alice uid=1000\nsession id=5 user=alice tty=pts/3\n"

/* ---- hosts from text ---- */

static struct logoff_host *open_text(const char *text)
{
	struct logoff_host *host = calloc(1, sizeof(*host));
	struct logoff_error error = {};
	struct memory_world *world;

	assert_non_null(host);
	host->backend = &host_memory;
	host->kind = host_memory.name;
	if (memory_parse(&world, text, strlen(text), &error) < 0 || memory_attach(host, world) < 0)
		fail_msg("line %d: %s", (int)error.number, error.text);
	return host;
}

static struct logoff_session *get(struct logoff_host *host, const char *id)
{
	struct logoff_session *session;

	assert_int_equal(host->backend->get(host, id, &session, NULL), 0);
	return session;
}

static int get_fails(struct logoff_host *host, const char *id)
{
	struct logoff_session *session = NULL;
	struct logoff_error error = {};
	int r = host->backend->get(host, id, &session, &error);

	assert_true(r < 0);
	assert_null(session);
	assert_int_not_equal(error.domain, LOGOFF_ERROR_NONE);
	return r;
}

/* Watches SESSION and asks PART to end. */
static void ask(struct logoff_session **session, enum host_part part, bool interactive)
{
	static struct host_ending ending;	/* of the session that is watched */
	struct logoff_host *host = (*session)->host;

	host->watched = session;
	host->n_watched = 1;
	if ((*session)->ending != &ending)
		ending = (struct host_ending){};
	ending.asked = HOST_PENDING;
	(*session)->ending = &ending;
	assert_int_equal(host->backend->ask(host, *session, part, interactive, NULL), 0);
}

static void kill_all(struct logoff_session *session)
{
	assert_int_equal(session->host->backend->kill(session->host, session, HOST_SESSION, false, NULL), 0);
}

static size_t count(struct logoff_session *session, enum host_part part)
{
	struct process_list list = {};
	size_t n;

	assert_int_equal(session->host->backend->processes(session->host, session, part, &list, NULL), 0);
	n = list.n_items;
	process_list_clear(&list);
	return n;
}

/* Waits until AT_MS, however often something happens before. */
static void pass(struct logoff_host *host, uint64_t at_ms)
{
	do {
		assert_int_equal(host->backend->wait(host, MS(at_ms), -1, NULL), 0);
	} while (host->now_us < MS(at_ms));
	assert_int_equal(host->now_us, MS(at_ms));
}

/* Waits for the next thing that happens and says when that was. */
static uint64_t next_ms(struct logoff_host *host)
{
	assert_int_equal(host->backend->wait(host, MS(1000000), -1, NULL), 0);
	return host->now_us / 1000;
}

static void close_all(struct logoff_session *session)
{
	struct logoff_host *host = session->host;

	logoff_session_free(session);
	logoff_host_close(host);
}

/* ---- descriptions ---- */

static void test_fields(void **state)
{
	struct logoff_host *host =
		open_text("host kind=elogind\n"
			  "user name=bob uid=1001 # a comment\n"
			  "\n"
			  "\tsession id=c3 user=bob display=:10 rdp=10 state=disconnected by-terminal\n"
			  "session user=bob id=\"7\" greeter=yes console tty=tty1 current=no state=closing");
	struct logoff_session *session = get(host, "c3");

	(void)state;
	assert_string_equal(host->kind, "elogind");
	assert_string_equal(session->name, "rdp-tcp#10");
	assert_string_equal(session->user, "bob");
	assert_int_equal(session->uid, 1001);
	assert_int_equal(session->state, LOGOFF_STATE_DISCONNECTED);
	assert_true(session->by_terminal);
	assert_false(session->console || session->kind != LOGOFF_KIND_USER || session->current);
	logoff_session_free(session);
	session = get(host, "7");
	assert_string_equal(session->name, "console");
	assert_int_equal(session->state, LOGOFF_STATE_CLOSING);
	assert_true(session->console && session->kind == LOGOFF_KIND_GREETER);
	assert_false(session->current || session->by_terminal);
	close_all(session);
}

static void test_names(void **state)
{
	struct logoff_host *host = open_text("user name=a uid=1\nsession id=1 user=a tty=pts/1 display=:1\n"
					     "session id=2 user=a display=:2\nsession id=3 user=a\n"
					     "session id=4 user=a tty=\"\\e[31m\\x01\\xff\\\"\\\\ #\\n\"\n");
	static const char *const names[] = { "pts/1", ":2", NULL, "\033[31m\001\377\"\\ #\n" };
	struct session_list list = {};

	(void)state;
	assert_int_equal(host->backend->list(host, NULL, &list, NULL), 0);
	assert_int_equal(list.n_items, N_ELEMENTS(names));
	for (size_t i = 0; i < list.n_items; i++) {
		if (names[i])
			assert_string_equal(list.items[i]->name, names[i]);
		else
			assert_null(list.items[i]->name);
	}
	session_list_clear(&list);
	logoff_host_close(host);
}

static void test_details(void **state)
{
	struct logoff_host *host = open_text("user name=a uid=1\n"
					     "session id=1 user=a tty=pts/1 protocol=ssh address=192.0.2.7 idle=90000 "
					     "logon=2025-03-14T08:02:00Z\n"
					     "session id=2 user=a rdp=10 client=PC7 age=3600000 background\n");
	struct logoff_session *session = get(host, "1");

	(void)state;
	assert_string_equal(logoff_session_detail(session, LOGOFF_DETAIL_PROTOCOL), "ssh");
	assert_string_equal(logoff_session_detail(session, LOGOFF_DETAIL_ADDRESS), "192.0.2.7");
	assert_string_equal(logoff_session_detail(session, LOGOFF_DETAIL_TERMINAL), "pts/1");
	assert_null(logoff_session_detail(session, LOGOFF_DETAIL_CLIENT));
	assert_null(logoff_session_detail(session, LOGOFF_DETAIL_DISPLAY));
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_LOGON), INT64_C(1741939320000000));
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), 90000000);
	logoff_session_free(session);
	pass(host, 5000);
	session = get(host, "1");
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), 95000000);
	logoff_session_free(session);
	session = get(host, "2");
	assert_string_equal(logoff_session_detail(session, LOGOFF_DETAIL_CLIENT), "PC7");
	assert_string_equal(logoff_session_detail(session, LOGOFF_DETAIL_DISPLAY), ":10");
	assert_null(logoff_session_detail(session, LOGOFF_DETAIL_TERMINAL));
	assert_int_equal(logoff_session_kind(session), LOGOFF_KIND_BACKGROUND);
	assert_int_equal(logoff_session_time_us(session, LOGOFF_TIME_IDLE), -1);
	assert_in_range(time(NULL) - logoff_session_time_us(session, LOGOFF_TIME_LOGON) / 1000000, 3599, 3601);
	close_all(session);
}

static void test_census(void **state)
{
	struct logoff_host *host = open_text("user name=a uid=1 manager\nprocess command=systemd\n"
					     "session id=c1 user=a\nprocess command=gone ends=10\nprocess pid=77 command=bash\n");
	struct logoff_host_process **processes;
	size_t n;

	(void)state;
	pass(host, 20);
	assert_int_equal(logoff_host_list_processes(host, &processes, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(processes[0]->command, "systemd");
	assert_string_equal(processes[0]->session_id, "");
	assert_int_equal(processes[0]->uid, 1);
	assert_string_equal(processes[1]->session_id, "c1");
	assert_int_equal(processes[1]->pid, 77);
	logoff_host_process_list_free(processes);
	logoff_host_close(host);
	host = open_text("host census-fails=EPROTO");
	assert_int_equal(logoff_host_list_processes(host, &processes, &n, NULL), LOGOFF_E_PROTOCOL);
	logoff_host_close(host);
}

static void test_wrong_descriptions(void **state)
{
	static const struct {
		int line;
		const char *text;
	} cases[] = {
		{ 1, "nonsense" },
		{ 1, "hosts" },
		{ 1, "Host" },
		{ 1, "=" },
		{ 1, "\x01" },
		{ 1, "host\r\n" },
		{ 1, "host=x" },
		{ 1, "host colour=red" },
		{ 1, "host term=5" },
		{ 2, "host\nhost" },
		{ 2, "caller uid=0\ncaller uid=0" },
		{ 1, "caller" },
		{ 1, "caller uid" },
		{ 1, "caller uid=" },
		{ 1, "caller uid=-1" },
		{ 1, "caller uid=4294967295" },
		{ 1, "caller uid=18446744073709551616" },
		{ 1, "caller uid=0 uid=0" },
		{ 1, "caller uid=0 control=maybe" },
		{ 1, "caller uid=0control=yes" },
		{ 1, "caller uid=0 proof=soon" },
		{ 1, "caller uid=0 proof=1000000001" },
		{ 1, "host kind=\"" },
		{ 2, "user name=a uid=1\nsession id=1 user=a greeter background" },
		{ 2, "user name=a uid=1\nsession id=1 user=a age=1 logon=2025-03-14T08:02:00Z" },
		{ 2, "user name=a uid=1\nsession id=1 user=a logon=2025-03-14T08:02:00" },
		{ 2, "user name=a uid=1\nsession id=1 user=a logon=2025-13-14T08:02:00Z" },
		{ 2, "user name=a uid=1\nsession id=1 user=a logon=1969-12-31T23:59:59Z" },
		{ 1, "host kind=\"a" },
		{ 1, "host kind=\"a\\" },
		{ 1, "host kind=\"a\"b" },
		{ 1, "host kind=a\"b\"" },
		{ 1, "host kind=\"\\q\"" },
		{ 1, "host kind=\"\\x0\"" },
		{ 1, "host kind=\"\\x00\"" },
		{ 1, "host kind=" },
		{ 1, "host lost" },
		{ 1, "host realtime=perhaps" },
		{ 1, "host get-fails=EWHAT" },
		{ 1, "host get-fails=" },
		{ 1, "host "
		     "get-fails=a.name.that.is.far.too.long.a.name.that.is.far.too.long.a.name.that.is.far.too.long" },
		{ 1, "user name=a" },
		{ 1, "user uid=1" },
		{ 2, "user name=a uid=1\nuser name=b uid=1" },
		{ 1, "user name=\"\" uid=1" },
		{ 1, "process command=x" },
		{ 2, "user name=a uid=1\nsession id=1 user=b" },
		{ 1, "session id=1 user=b\nuser name=b uid=1" },
		{ 2, "user name=a uid=1\nsession user=a" },
		{ 2, "user name=a uid=1\nsession id=1 user=a state=asleep" },
		{ 2, "user name=a uid=1\nsession id=1 user=a rdp=x" },
		{ 3, "user name=a uid=1\nsession id=1 user=a\nsession id=1 user=a" },
		{ 4, "user name=a uid=1\nsession id=1 user=a\nsession id=2 user=a\nsession id=1 user=a" },
		{ 2, "user name=a uid=1\nsession id=1 user=a follows" },
		{ 2, "user name=a uid=1\nsession id=1 user=a follows\nsession id=1 user=a" },
		{ 3, "user name=a uid=1\nsession id=1 user=a\nprocess term=5" },
		{ 3, "user name=a uid=1\nsession id=1 user=a\nprocess command=x hops=0" },
		{ 3, "user name=a uid=1\nsession id=1 user=a\nprocess command=x hops=never" },
		{ 3, "user name=a uid=1\nsession id=1 user=a\nprocess command=x hops=1 forks=1" },
		{ 3, "user name=a uid=1\nsession id=1 user=a\nprocess command=x pid=4294967294" },
		{ 4, "user name=a uid=1\nsession id=1 user=a\nprocess command=x pid=7\nprocess command=y pid=7" },
		{ 4, "user name=a uid=1\nsession id=1 user=a\nprocess command=x caller\nprocess command=y caller" },
		{ 2, "user name=a uid=1\nprocess command=x caller" },
		{ 3, "user name=a uid=1\nsession id=1 user=a current\nsession id=2 user=a current" },
		{ 4,
		  "user name=a uid=1\nsession id=1 user=a current\n\nsession id=2 user=a\nprocess command=x caller" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct logoff_error error = {};
		struct memory_world *world = NULL;
		int r = memory_parse(&world, cases[i].text, strlen(cases[i].text), &error);

		if (r != -EINVAL || world || error.domain != LOGOFF_ERROR_FORMAT || error.number != cases[i].line ||
		    !error.text[0])
			fail_msg("\"%s\": %d, line %d: %s", cases[i].text, r, (int)error.number, error.text);
		assert_int_equal(memory_parse(&world, cases[i].text, strlen(cases[i].text), NULL), -EINVAL);
	}
}

/* HEAD, then N times BYTE, then TAIL. */
static int parse_long(const char *head, size_t n, char byte, const char *tail)
{
	size_t length = strlen(head) + n + strlen(tail);
	char *text = malloc(length + 1);
	struct memory_world *world = NULL;
	int r;

	assert_non_null(text);
	strcpy(text, head);
	memset(text + strlen(head), byte, n);
	strcpy(text + strlen(head) + n, tail);
	r = memory_parse(&world, text, length, NULL);
	memory_world_free(world);
	free(text);
	return r;
}

static void test_limits_of_a_line(void **state)
{
	(void)state;
	assert_int_equal(parse_long("host kind=", MEMORY_VALUE_MAX, 'x', ""), 0);
	assert_int_equal(parse_long("host kind=", MEMORY_VALUE_MAX + 1, 'x', ""), -EINVAL);
	assert_int_equal(parse_long("host kind=\"", MEMORY_VALUE_MAX, 'x', "\""), 0);
	assert_int_equal(parse_long("host kind=\"", MEMORY_VALUE_MAX + 1, 'x', "\""), -EINVAL);
	assert_int_equal(parse_long("host", MEMORY_LINE_MAX - 4, ' ', "\n"), 0);
	assert_int_equal(parse_long("host", MEMORY_LINE_MAX - 3, ' ', "\n"), -EINVAL);
	assert_int_equal(parse_long("", 31, 'x', " "), -EINVAL);
	assert_int_equal(parse_long("", 32, 'x', " "), -EINVAL);
	assert_int_equal(parse_long("", 100000, '\n', ""), 0);
	assert_int_equal(parse_long("", 1, '\0', ""), -EINVAL);
}

/* Describes N sessions, or with PROCESSES one session of N processes. */
static struct memory_world *parse_many(size_t n, bool processes, int *ret_r)
{
	const char *head = "user name=a uid=1\nsession id=first user=a\n";
	size_t length = strlen(head), size = length + n * 32 + 1;
	char *text = malloc(size);
	struct memory_world *world = NULL;

	assert_non_null(text);
	strcpy(text, head);
	for (size_t i = 0; i < n; i++)
		length += (size_t)snprintf(text + length, size - length,
					   processes ? "process command=p%zu\n" : "session id=%zu user=a\n", i);
	*ret_r = memory_parse(&world, text, length, NULL);
	free(text);
	return world;
}

static void test_too_many_users(void **state)
{
	struct memory_world *world = NULL;
	char *text = calloc(MEMORY_USERS_MAX + 1, 32);
	size_t length = 0;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < MEMORY_USERS_MAX; i++)
		length += (size_t)sprintf(text + length, "user name=u%d uid=%d\n", i, i);
	assert_int_equal(memory_parse(&world, text, length, NULL), 0);
	memory_world_free(world);
	length += (size_t)sprintf(text + length, "user name=u uid=1\n");
	assert_int_equal(memory_parse(&world, text, length, NULL), -EINVAL);
	free(text);
}

static void test_pids(void **state)
{
	struct logoff_host *host =
		open_text(ALICE "process command=x\nprocess command=y pid=5000009\nprocess command=z\n");
	struct logoff_session *session = get(host, "5");
	struct process_list list = {};
	static const pid_t expected[] = { 5000001, 5000009, 5000010 };

	(void)state;
	assert_int_equal(host->backend->processes(host, session, HOST_SESSION, &list, NULL), 0);
	assert_int_equal(list.n_items, N_ELEMENTS(expected));
	for (size_t i = 0; i < list.n_items; i++)
		assert_int_equal(list.items[i].pid, expected[i]);
	assert_string_equal(list.items[1].command, "y");
	process_list_clear(&list);
	close_all(session);
}

static void test_limits_of_a_host(void **state)
{
	struct logoff_host host = { .backend = &host_memory };
	struct logoff_session *session;
	struct memory_world *world;
	int r;

	(void)state;
	assert_null(parse_many(MEMORY_SESSIONS_MAX, false, &r));
	assert_int_equal(r, -EINVAL);
	assert_null(parse_many(MEMORY_PROCESSES_MAX + 1, true, &r));
	assert_int_equal(r, -EINVAL);
	world = parse_many(MEMORY_SESSIONS_MAX - 1, false, &r);
	assert_non_null(world);
	assert_int_equal(memory_attach(&host, world), 0);
	session = get(&host, "99998");
	assert_int_equal(session->logon, MEMORY_SESSIONS_MAX);
	logoff_session_free(session);
	host_memory.close(&host);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_files(void **state)
{
	char path[] = "/tmp/test-memory-XXXXXX";
	struct logoff_error error = {};
	struct logoff_host *host;
	char variable[64];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(variable, sizeof(variable), "memory:%s", path);
	setenv("LOGOFF_HOST", variable, 1);
	assert_int_equal(host_open(&host, NULL, NULL, NULL), 0); /* an empty host is a host */
	assert_string_equal(logoff_host_kind(host), "memory");
	assert_int_equal(get_fails(host, NULL), -ESRCH);
	logoff_host_close(host);
	write_file(path, "\nnonsense\n");
	assert_int_equal(host_open(&host, NULL, NULL, &error), -EINVAL);
	assert_int_equal(error.domain, LOGOFF_ERROR_FORMAT);
	assert_int_equal(error.number, 2);
	write_file(path, "host open-fails=EHOSTUNREACH");
	assert_int_equal(host_open(&host, NULL, NULL, &error), -EHOSTUNREACH);
	unlink(path);
	assert_int_equal(host_open(&host, NULL, NULL, &error), -EINVAL);
	assert_int_equal(error.domain, LOGOFF_ERROR_ERRNO);
	assert_int_equal(error.number, ENOENT);
	setenv("LOGOFF_HOST", "memory", 1);
	assert_int_equal(host_open(&host, NULL, NULL, NULL), -EINVAL);
	setenv("LOGOFF_HOST", "memory:/", 1);
	assert_int_equal(host_open(&host, NULL, NULL, &error), -EINVAL);
	assert_int_equal(error.number, EISDIR);
	unsetenv("LOGOFF_HOST");
}

/* ---- asking and ending ---- */

static void test_polite_session(void **state)
{
	struct logoff_host *host = open_text(ALICE "process command=bash term=20\nprocess command=cat\n");
	struct logoff_session *session = get(host, "5");

	(void)state;
	assert_int_equal(count(session, HOST_SESSION), 2);
	ask(&session, HOST_SESSION, false);
	assert_int_equal(session->ending->asked, HOST_PENDING); /* an answer never comes before wait() */
	assert_int_equal(count(session, HOST_SESSION), 1);
	assert_int_equal(next_ms(host), 0);
	assert_int_equal(session->ending->asked, 0);
	assert_false(session->ending->removed);
	assert_int_equal(next_ms(host), 20);
	assert_true(session->ending->removed);
	assert_int_equal(count(session, HOST_SESSION), 0);
	assert_int_equal(get_fails(host, "5"), -ENXIO);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	close_all(session);
}

static void test_state_is_closing_once_asked(void **state)
{
	struct logoff_host *host = open_text(ALICE "process command=x term=never\n");
	struct logoff_session *session = get(host, "5"), *again;

	(void)state;
	assert_int_equal(session->state, LOGOFF_STATE_ACTIVE);
	ask(&session, HOST_SESSION, false);
	again = get(host, "5");
	assert_int_equal(again->state, LOGOFF_STATE_CLOSING);
	assert_int_equal(again->logon, session->logon);
	logoff_session_free(again);
	close_all(session);
}

static void test_stubborn_processes(void **state)
{
	struct logoff_host *host = open_text(ALICE "process command=ignores term=never\n"
						   "process command=slow term=never kill=7\n"
						   "process command=disk term=never kill=never\n"
						   "process command=own term=never ends=3\n");
	struct logoff_session *session = get(host, "5");

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 2);
	assert_int_equal(count(session, HOST_SESSION), 4);
	pass(host, 3);
	assert_int_equal(count(session, HOST_SESSION), 3);
	kill_all(session);
	assert_int_equal(count(session, HOST_SESSION), 2);
	pass(host, 9);
	assert_int_equal(count(session, HOST_SESSION), 2);
	pass(host, 10);
	assert_int_equal(count(session, HOST_SESSION), 1);
	kill_all(session);
	pass(host, 900000);
	assert_int_equal(count(session, HOST_SESSION), 1);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	assert_false(session->ending->removed);
	close_all(session);
}

static void test_stuck_session(void **state)
{
	struct logoff_host *host =
		open_text("caller uid=0\nuser name=a uid=1\nsession id=5 user=a state=closing stuck\n"
			  "process command=daemon\n");
	struct logoff_session *session = get(host, "5");

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 5000);
	assert_int_equal(session->ending->asked, 0);
	assert_int_equal(count(session, HOST_SESSION), 1);
	kill_all(session);
	assert_int_equal(count(session, HOST_SESSION), 0);
	assert_int_equal(get_fails(host, "5"), -ENXIO);
	assert_int_equal(host->backend->wait(host, MS(9000), -1, NULL), 0);
	assert_true(session->ending->removed);
	close_all(session);
}

static void test_empty_session_needs_a_reason(void **state)
{
	struct logoff_host *host = open_text(ALICE);
	struct logoff_session *session = get(host, "5");

	(void)state;
	pass(host, 1000);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	ask(&session, HOST_SESSION, false);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	close_all(session);
}

static void test_answers(void **state)
{
	struct logoff_host *host = open_text("caller uid=0\nuser name=a uid=1\nsession id=1 user=a answer=30\n"
					     "session id=2 user=a answer=never\n"
					     "session id=3 user=a refuse=EPROTO refuse-text=\"bad\\x07\"\n"
					     "session id=4 user=a refuse=org.example.Odd\n"
					     "session id=5 user=a refuse=org.freedesktop.login1.NoSuchSession\n"
					     "session id=6 user=a ask-fails=EIO\n"
					     "session id=7 user=a refuse=EAGAIN refusals=2\n");
	struct logoff_session *session = get(host, "1");
	struct logoff_error error = {};

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 29);
	assert_int_equal(session->ending->asked, HOST_PENDING);
	assert_true(session->ending->removed); /* the effect may be seen before the answer */
	pass(host, 30);
	assert_int_equal(session->ending->asked, 0);
	logoff_session_free(session);

	session = get(host, "2");
	ask(&session, HOST_SESSION, false);
	pass(host, 1000);
	assert_int_equal(session->ending->asked, HOST_PENDING);
	logoff_session_free(session);

	session = get(host, "3");
	ask(&session, HOST_SESSION, false);
	next_ms(host);
	assert_int_equal(session->ending->asked, -EPROTO);
	assert_int_equal(session->ending->asked_error.number, EPROTO);
	assert_string_equal(session->ending->asked_error.text, "bad\a");
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	logoff_session_free(session);

	session = get(host, "4");
	ask(&session, HOST_SESSION, false);
	next_ms(host);
	assert_int_equal(session->ending->asked, -EPROTO);
	assert_int_equal(session->ending->asked_error.domain, LOGOFF_ERROR_DBUS);
	assert_string_equal(session->ending->asked_error.name, "org.example.Odd");
	logoff_session_free(session);

	session = get(host, "5");
	ask(&session, HOST_SESSION, false);
	next_ms(host);
	assert_int_equal(session->ending->asked, -ENXIO);
	logoff_session_free(session);

	session = get(host, "6");
	assert_int_equal(host->backend->ask(host, session, HOST_SESSION, false, &error), -EIO);
	assert_int_equal(error.number, EIO);
	logoff_session_free(session);

	session = get(host, "7");
	for (int i = 0; i < 3; i++) {
		ask(&session, HOST_SESSION, false);
		next_ms(host);
		assert_int_equal(session->ending->asked, i < 2 ? -EAGAIN : 0);
	}
	close_all(session);
}

static void test_asked_after_its_end(void **state)
{
	struct logoff_host *host = open_text(ALICE "process command=x ends=5\n");
	struct logoff_session *session = get(host, "5");

	(void)state;
	pass(host, 6);
	ask(&session, HOST_SESSION, false);
	next_ms(host);
	assert_int_equal(session->ending->asked, -ENXIO);
	pass(host, 100);
	assert_false(session->ending->removed); /* the notice came before anybody listened */
	close_all(session);
}

static void test_notices(void **state)
{
	struct logoff_host *host = open_text("caller uid=0\nuser name=a uid=1\n"
					     "session id=1 user=a notice=40\nprocess command=x\n"
					     "session id=2 user=a notice=never\nprocess command=x\n"
					     "session id=3 user=a early\nprocess command=x term=never\n");
	struct logoff_session *session = get(host, "1");

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 39);
	assert_false(session->ending->removed);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	pass(host, 40);
	assert_true(session->ending->removed);
	logoff_session_free(session);

	session = get(host, "2");
	ask(&session, HOST_SESSION, false);
	pass(host, 1000);
	assert_false(session->ending->removed);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	logoff_session_free(session);

	session = get(host, "3");
	ask(&session, HOST_SESSION, false);
	next_ms(host);
	assert_true(session->ending->removed);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	assert_int_equal(count(session, HOST_SESSION), 1);
	kill_all(session);
	assert_int_equal(count(session, HOST_SESSION), 0);
	close_all(session);
}

static void test_outliving_its_processes(void **state)
{
	struct logoff_host *host = open_text("caller uid=0\nuser name=a uid=1\n"
					     "session id=1 user=a stays=60\nprocess command=x\n"
					     "session id=2 user=a needs-kill\nprocess command=x\n"
					     "session id=3 user=a stays=never\nprocess command=x\n");
	struct logoff_session *session = get(host, "1");

	(void)state;
	ask(&session, HOST_SESSION, false);
	assert_int_equal(count(session, HOST_SESSION), 0);
	pass(host, 59);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	pass(host, 60);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	logoff_session_free(session);

	session = get(host, "2");
	ask(&session, HOST_SESSION, false);
	pass(host, 5000);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	kill_all(session);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	logoff_session_free(session);

	session = get(host, "3");
	ask(&session, HOST_SESSION, false);
	kill_all(session);
	pass(host, 900000);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	close_all(session);
}

static void test_session_leaves_by_itself(void **state)
{
	struct logoff_host *host = open_text("user name=a uid=1\nsession id=1 user=a leaves=15\nprocess command=x\n"
					     "session id=2 user=a leaves=15\n");
	struct logoff_session *session = get(host, "1");

	(void)state;
	assert_int_equal(next_ms(host), 15);
	assert_int_equal(count(session, HOST_SESSION), 0);
	assert_int_equal(get_fails(host, "1"), -ENXIO);
	assert_int_equal(get_fails(host, "2"), -ENXIO);
	close_all(session);
}

static void test_id_is_used_again(void **state)
{
	struct logoff_host *host = open_text("caller uid=0\nuser name=a uid=1\nuser name=b uid=2\n"
					     "session id=1 user=a\nprocess command=x\n"
					     "session id=1 user=b follows\nprocess command=y\nprocess command=z\n");
	struct logoff_session *session = get(host, "1"), *next;
	struct session_list list = {};

	(void)state;
	assert_int_equal(host->backend->list(host, NULL, &list, NULL), 0);
	assert_int_equal(list.n_items, 1);
	session_list_clear(&list);
	ask(&session, HOST_SESSION, false);
	next = get(host, "1");
	assert_string_equal(next->user, "b");
	assert_int_not_equal(next->logon, session->logon);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	assert_int_equal(count(session, HOST_SESSION), 0);
	assert_int_equal(count(next, HOST_SESSION), 2);
	kill_all(session); /* of the old logon: hits nobody */
	assert_int_equal(count(next, HOST_SESSION), 2);
	logoff_session_free(next);
	close_all(session);
}

/* ---- processes that move ---- */

static pid_t first_pid(struct logoff_session *session)
{
	struct process_list list = {};
	pid_t pid;

	assert_int_equal(session->host->backend->processes(session->host, session, HOST_SESSION, &list, NULL), 0);
	assert_true(list.n_items > 0);
	pid = list.items[0].pid;
	process_list_clear(&list);
	return pid;
}

static void test_hopping(void **state)
{
	struct logoff_host *host = open_text(ALICE "process command=x term=never hops=4\n");
	struct logoff_session *session = get(host, "5");
	pid_t pid = first_pid(session), next;

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 3);
	assert_int_equal(first_pid(session), pid);
	pass(host, 4);
	next = first_pid(session);
	assert_int_not_equal(next, pid);
	pass(host, 8);
	assert_int_not_equal(first_pid(session), next);
	assert_int_equal(count(session, HOST_SESSION), 1);
	kill_all(session);
	assert_int_equal(count(session, HOST_SESSION), 0);
	close_all(session);
}

static void test_forking(void **state)
{
	struct logoff_host *host = open_text(ALICE "process command=x term=never kill=25 forks=10 children=3\n");
	struct logoff_session *session = get(host, "5");

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 10);
	assert_int_equal(count(session, HOST_SESSION), 2);
	kill_all(session); /* both live 25 ms longer; their child of 20 ms and that of 30 ms nobody has killed */
	pass(host, 35);
	assert_int_equal(count(session, HOST_SESSION), 2);
	pass(host, 1000);
	assert_int_equal(count(session, HOST_SESSION), 2);
	kill_all(session);
	pass(host, 1025);
	assert_int_equal(host_session_exists(session, NULL, NULL), 0);
	close_all(session);
}

/* The procedure compares no pids: a described process may have the number of a real one, be it the caller's. */
static void test_pids_of_real_processes(void **state)
{
	struct logoff_host *host;
	struct logoff_session *session;
	struct process_list list = {};
	char text[128];

	(void)state;
	snprintf(text, sizeof(text), "user name=a uid=1\nsession id=1 user=a\nprocess command=x pid=%d\n", getpid());
	host = open_text(text);
	session = get(host, "1");
	assert_int_equal(host->backend->processes(host, session, HOST_SESSION, &list, NULL), 0);
	assert_int_equal(list.n_items, 1);
	assert_int_equal(list.items[0].pid, getpid());
	assert_false(list.has_caller);
	process_list_clear(&list);
	close_all(session);
}

/* ---- the caller ---- */

#define OWN "caller uid=1\nuser name=a uid=1\nsession id=1 user=a\nprocess command=sshd term=5\n"

static void test_caller_is_spared(void **state)
{
	struct logoff_host *host = open_text(OWN "process command=logoff caller\n");
	struct logoff_session *session = get(host, NULL);

	(void)state;
	assert_true(session->current);
	ask(&session, HOST_SESSION, false);
	kill_all(session);
	assert_int_equal(count(session, HOST_SESSION), 1);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	close_all(session);
}

/* What the last act does is in core/test-last-act.c: it kills the caller. */
static void test_who_waits_for_the_caller(void **state)
{
	struct logoff_host *host = open_text(OWN "process command=sh waits\nprocess command=logoff caller\n");
	struct logoff_session *session = get(host, "1");
	struct process_list list = {};

	(void)state;
	host->backend->processes(host, session, HOST_SESSION, &list, NULL);
	assert_int_equal(list.n_items, 3);
	assert_true(list.has_caller);
	assert_int_equal(list.n_waiting, 1);
	process_list_clear(&list);
	ask(&session, HOST_SESSION, false);
	kill_all(session);
	assert_int_equal(count(session, HOST_SESSION), 1);
	close_all(session);
}

/* ---- who may ---- */

static int answer(const char *caller, const char *user, bool interactive, bool *ret_may_authorize, uint64_t *ret_ms)
{
	struct logoff_session *session;
	struct logoff_host *host;
	char text[256];
	int asked;

	snprintf(text, sizeof(text), "%s\nuser name=a uid=1\nuser name=b uid=2\nsession id=1 user=%s\n", caller, user);
	host = open_text(text);
	session = get(host, "1");
	ask(&session, HOST_SESSION, interactive);
	*ret_ms = next_ms(host);
	asked = session->ending->asked;
	*ret_may_authorize = session->ending->may_authorize;
	assert_int_equal(asked == 0, host_session_exists(session, NULL, NULL) == 0);
	assert_int_equal(host->backend->kill(host, session, HOST_SESSION, false, NULL), asked);
	close_all(session);
	return asked;
}

static void test_control(void **state)
{
	static const struct {
		const char *caller, *user;
		bool interactive;
		int asked;
		bool may_authorize;
		uint64_t ms;
	} cases[] = {
		{ "caller uid=0", "a", false, 0, false, 0 },
		{ "caller uid=1", "a", false, 0, false, 0 },
		{ "caller uid=1 control=no", "a", false, 0, false, 0 },
		{ "caller uid=1", "b", false, -EACCES, false, 0 },
		{ "caller uid=1", "b", true, -EACCES, false, 0 },
		{ "caller uid=1 control=yes", "b", false, 0, false, 0 },
		{ "caller uid=0 control=no", "b", true, -EACCES, false, 0 },
		{ "caller uid=1 control=proof", "b", false, -EACCES, true, 0 },
		{ "caller uid=1 control=proof proof=3000", "b", true, 0, false, 3000 },
		{ "caller uid=1 control=proof proof=10 proof-fails", "b", true, -EACCES, false, 10 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		bool may_authorize;
		uint64_t ms;
		int r = answer(cases[i].caller, cases[i].user, cases[i].interactive, &may_authorize, &ms);

		if (r != cases[i].asked || may_authorize != cases[i].may_authorize || ms != cases[i].ms)
			fail_msg("case %zu: %d, may authorize %d, %d ms", i, r, may_authorize, (int)ms);
	}
}

/* Over the sessions of others, and without a proof. */
static void test_full_control(void **state)
{
	static const struct {
		const char *caller;
		enum logoff_result result;
	} cases[] = {
		{ "caller uid=0", LOGOFF_OK },
		{ "caller uid=1", LOGOFF_E_DENIED },
		{ "caller uid=0 control=no", LOGOFF_E_DENIED },
		{ "caller uid=1 control=yes", LOGOFF_OK },
		{ "caller uid=1 control=proof", LOGOFF_E_DENIED },
		{ "host lost=0\ncaller uid=0", LOGOFF_E_UNREACHABLE },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct logoff_host *host = open_text(cases[i].caller);

		(void)host->backend->wait(host, 0, -1, NULL);
		assert_int_equal(logoff_host_full_control(host, NULL), cases[i].result);
		logoff_host_close(host);
	}
}

static void test_kill_and_list_failures(void **state)
{
	struct logoff_host *host = open_text("host get-fails=EPROTO list-fails=org.example.Bad\n");
	struct session_list list = {};
	struct logoff_session *session;
	struct process_list processes = {};

	(void)state;
	assert_int_equal(get_fails(host, "1"), -EPROTO);
	assert_int_equal(get_fails(host, NULL), -EPROTO);
	assert_int_equal(host->backend->list(host, NULL, &list, NULL), -EPROTO);
	logoff_host_close(host);
	host = open_text(ALICE "process command=x\n");
	logoff_host_close(host);
	host = open_text("caller uid=0\nuser name=a uid=1\n"
			 "session id=1 user=a kill-fails=EACCES processes-fail=EOPNOTSUPP\n");
	session = get(host, "1");
	assert_int_equal(host->backend->kill(host, session, HOST_SESSION, false, NULL), -EACCES);
	assert_int_equal(host->backend->processes(host, session, HOST_SESSION, &processes, NULL), -EOPNOTSUPP);
	close_all(session);
}

/* ---- service managers ---- */

static enum host_manager manager_of(struct logoff_session *session)
{
	enum host_manager manager;

	assert_int_equal(session->host->backend->manager(session->host, session, &manager, NULL), 0);
	return manager;
}

static void test_managers(void **state)
{
	struct logoff_host *host =
		open_text("caller uid=0\nuser name=none uid=1\nsession id=1 user=none\n"
			  "user name=lingers uid=2 manager lingers\nsession id=2 user=lingers\n"
			  "user name=two uid=3 manager\nsession id=3 user=two\nsession id=4 user=two\n"
			  "user name=one uid=4 manager\nprocess command=systemd term=12\n"
			  "session id=5 user=one\n");
	static const enum host_manager expected[] = { HOST_MANAGER_NONE, HOST_MANAGER_LINGERS, HOST_MANAGER_NEEDED,
						      HOST_MANAGER_NEEDED, HOST_MANAGER_UNNEEDED };
	struct session_list list = {};
	struct logoff_session *session;

	(void)state;
	assert_int_equal(host->backend->list(host, NULL, &list, NULL), 0);
	for (size_t i = 0; i < N_ELEMENTS(expected); i++)
		assert_int_equal(manager_of(list.items[i]), expected[i]);
	session = list.items[2];
	ask(&session, HOST_SESSION, false);
	assert_int_equal(manager_of(list.items[3]), HOST_MANAGER_UNNEEDED);
	session = list.items[4];
	assert_int_equal(count(session, HOST_MANAGER), 1);
	ask(&session, HOST_MANAGER, false);
	pass(host, 11);
	assert_int_equal(session->ending->asked, 0);
	assert_int_equal(count(session, HOST_MANAGER), 1);
	pass(host, 12);
	assert_int_equal(count(session, HOST_MANAGER), 0);
	assert_int_equal(manager_of(session), HOST_MANAGER_NONE);
	assert_int_equal(host_session_exists(session, NULL, NULL), 1);
	session_list_clear(&list);
	logoff_host_close(host);
}

/* ---- the clock ---- */

static void test_lost_connection(void **state)
{
	struct logoff_host *host = open_text("host lost=50\n" ALICE "process command=x term=never\n");
	struct logoff_session *session = get(host, "5");
	struct logoff_error error = {};

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 49);
	assert_int_equal(host->backend->wait(host, MS(60), -1, &error), -EHOSTUNREACH);
	assert_int_equal(host->now_us, MS(50));
	assert_int_equal(error.number, ENOTCONN);
	assert_int_equal(get_fails(host, "5"), -EHOSTUNREACH);
	assert_int_equal(host->backend->ask(host, session, HOST_SESSION, false, NULL), -EHOSTUNREACH);
	assert_int_equal(host->backend->kill(host, session, HOST_SESSION, false, NULL), -EHOSTUNREACH);
	assert_int_equal(count(session, HOST_SESSION), 1);
	close_all(session);
}

static void test_quiet_host(void **state)
{
	struct logoff_host *host =
		open_text("host quiet\n" ALICE "process command=x term=10\nprocess command=y term=20\n");
	struct logoff_session *session = get(host, "5");

	(void)state;
	ask(&session, HOST_SESSION, false);
	assert_int_equal(next_ms(host), 0);  /* the answer */
	assert_int_equal(next_ms(host), 20); /* the removal; not 10, the end of x */
	close_all(session);
}

static void test_cancelling(void **state)
{
	struct logoff_host *host = open_text(ALICE "process command=x term=30\n");
	struct logoff_session *session = get(host, "5");
	int event = test_event_open();

	(void)state;
	assert_true(event >= 0);
	ask(&session, HOST_SESSION, false);
	assert_int_equal(host->backend->wait(host, MS(10), event, NULL), 0);
	assert_true(test_event_set(event));
	assert_int_equal(host->backend->wait(host, MS(100), event, NULL), -ECANCELED);
	assert_true(host->now_us < MS(30));
	test_event_close(event);
	close_all(session);
}

static void test_spinning_and_waiting_for_ever_fail(void **state)
{
	struct logoff_host *host = open_text("");
	struct logoff_error error = {};
	int n = 0;

	(void)state;
	assert_int_equal(host->backend->wait(host, UINT64_MAX, -1, &error), -EHOSTUNREACH);
	assert_int_equal(error.number, EDEADLK);
	while (host->backend->wait(host, 0, -1, &error) == 0)
		assert_true(++n < 100000);
	assert_int_equal(error.number, ELOOP);
	logoff_host_close(host);
}

static void test_real_time(void **state)
{
	struct logoff_host *host = open_text("host realtime\n" ALICE "process command=x term=50\n");
	struct logoff_session *session = get(host, "5");
	uint64_t start_us = clock_now_us();
	int event = test_event_open();

	(void)state;
	ask(&session, HOST_SESSION, false);
	pass(host, 50);
	assert_true(clock_now_us() - start_us >= MS(50) - MS(16));	/* the clock of Windows has 64 ticks a second */
	assert_true(session->ending->removed);
	assert_true(event >= 0);
	assert_true(test_event_set(event));
	assert_int_equal(host->backend->wait(host, MS(3600000), event, NULL), -ECANCELED);
	assert_true(host->now_us < MS(3600000));
	test_event_close(event);
	close_all(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_census),
		cmocka_unit_test(test_wrong_descriptions),
		cmocka_unit_test(test_limits_of_a_line),
		cmocka_unit_test(test_limits_of_a_host),
		cmocka_unit_test(test_too_many_users),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_polite_session),
		cmocka_unit_test(test_state_is_closing_once_asked),
		cmocka_unit_test(test_stubborn_processes),
		cmocka_unit_test(test_stuck_session),
		cmocka_unit_test(test_empty_session_needs_a_reason),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_asked_after_its_end),
		cmocka_unit_test(test_notices),
		cmocka_unit_test(test_outliving_its_processes),
		cmocka_unit_test(test_session_leaves_by_itself),
		cmocka_unit_test(test_id_is_used_again),
		cmocka_unit_test(test_hopping),
		cmocka_unit_test(test_forking),
		cmocka_unit_test(test_pids_of_real_processes),
		cmocka_unit_test(test_caller_is_spared),
		cmocka_unit_test(test_who_waits_for_the_caller),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_full_control),
		cmocka_unit_test(test_kill_and_list_failures),
		cmocka_unit_test(test_managers),
		cmocka_unit_test(test_lost_connection),
		cmocka_unit_test(test_quiet_host),
		cmocka_unit_test(test_cancelling),
		cmocka_unit_test(test_spinning_and_waiting_for_ever_fail),
		cmocka_unit_test(test_real_time),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
