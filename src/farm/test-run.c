/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-run.c - rounds with hosts that are small shell scripts: good ones, and each bad one that a farm may have.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "farm/run.h"

#define N_MAX 600
#define HELLO "echo '{\"logoff-host\":1,\"host\":\"x\",\"boot\":null}'; "
#define LIST \
	"read order; echo '{\"serial\":1,\"session\":{\"id\":\"7\"}}'; " \
	"echo '{\"serial\":1,\"reply\":\"list\",\"exit_status\":0}'; "

/* What a test sees of each host. */
struct seen {
	unsigned n_next, n_sessions, n_lines, n_replies, n_done;
};

struct test {
	struct farm_host items[N_MAX];
	struct farm_hosts hosts;
	struct reach_how how;
	struct farm *farm;
	struct seen seen[N_MAX];
	enum farm_next then;		/* after the first order */
	bool changes;
	int cancel_fd, n_cancels;
	bool cancels_for_ever;
	uint64_t order_ms;		/* for one that changes something */
	unsigned cancel_at;		/* the lines after which it is cancelled */
};

static struct test *test;
static unsigned deaf_at;	/* the call of epoll_ctl() that fails, as for a user who listens to too much; 0: none */

int __real_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event);

int __wrap_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
	if (deaf_at == 0 || --deaf_at > 0)
		return __real_epoll_ctl(epoll, what, fd, event);
	errno = ENOSPC;
	return -1;
}

static struct farm_host *add(const char *script)
{
	struct farm_host *host = &test->items[test->hosts.n_items++];

	host->way = FARM_COMMAND;
	host->name = strdup("x");
	host->command = calloc(4, sizeof(char *));
	host->command[0] = strdup("/bin/sh");
	host->command[1] = strdup("-c");
	host->command[2] = strdup(script);
	return host;
}

static enum farm_next next(size_t i, struct farm_order *ret_order, void *data)
{
	(void)data;
	if (test->seen[i].n_next++ > 0)
		return test->then;
	*ret_order = (struct farm_order){ .json = json_pack("{s:s}", "order", test->changes ? "log-off" : "list"),
					  .changes = test->changes, .time_ms = test->changes ? test->order_ms : 0 };
	return FARM_ORDER;
}

static bool line(size_t i, const json_t *json, void *data)
{
	(void)data;
	test->seen[i].n_lines++;
	test->seen[i].n_sessions += json_object_get(json, "session") != NULL;
	test->seen[i].n_replies += json_object_get(json, "reply") != NULL;
	if (test->seen[i].n_lines == test->cancel_at)
		eventfd_write(test->cancel_fd, 1);
	return true;
}

static void done(size_t i, void *data)
{
	(void)data;
	test->seen[i].n_done++;
}

static void cancelled(void *data)
{
	eventfd_t value;

	(void)data;
	test->n_cancels++;
	if (test->cancels_for_ever)
		usleep(100000);
	else
		eventfd_read(test->cancel_fd, &value);
	if (test->n_cancels < 2 && test->changes)
		eventfd_write(test->cancel_fd, 1);
}

static const struct farm_calls calls = { .next = next, .line = line, .done = done, .cancelled = cancelled };

static void run(void)
{
	if (!test->farm)
		assert_int_equal(farm_new(&test->farm, &test->hosts, &test->how), 0);
	assert_int_equal(farm_round(test->farm, NULL, test->hosts.n_items, &calls, test->cancel_fd), 0);
}

static enum farm_failure failure_of(size_t i)
{
	const char *text;

	return farm_failure(test->farm, i, &text);
}

static const char *text_of(size_t i)
{
	const char *text;

	(void)farm_failure(test->farm, i, &text);
	return text;
}

static int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int set_up(void **state)
{
	(void)state;
	test = calloc(1, sizeof(*test));
	test->hosts.items = test->items;
	test->how = (struct reach_how){ .parallel = 8, .timeout_ms = 2000 };
	test->then = FARM_DONE;
	test->order_ms = 3000;
	test->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	farm_free(test->farm);
	for (size_t i = 0; i < test->hosts.n_items; i++) {
		for (char **word = test->items[i].command; *word; word++)
			free(*word);
		free(test->items[i].command);
		free(test->items[i].name);
	}
	close(test->cancel_fd);
	free(test);
	return 0;
}

/* ---- good hosts ---- */

static void test_each_answers(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		add(HELLO LIST);
	run();
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(failure_of(i), FARM_NO_FAILURE);
		assert_int_equal(test->seen[i].n_sessions, 1);
		assert_int_equal(test->seen[i].n_replies, 1);
		assert_int_equal(test->seen[i].n_done, 1);
		assert_non_null(farm_hello(test->farm, i));
		assert_true(farm_elapsed_ms(test->farm, i) > 0);
	}
}

static void test_what_login_scripts_print_is_skipped(void **state)
{
	(void)state;
	add("echo Welcome; echo '{'; echo '[1]'; echo; " HELLO LIST);
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(test->seen[0].n_sessions, 1);
}

/* Neither ssh nor what it starts may ask a person: no child has a terminal, or opens a window. */
static void test_no_child_can_ask(void **state)
{
	(void)state;
	add("read pid name state parent group session rest </proc/$$/stat; [ $session = $$ ] || exit;"
	    "[ $SSH_ASKPASS_REQUIRE = never ] || exit; " HELLO LIST);
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
}

/* A held connection is the same child; one that has broken meanwhile is made again. */
static void test_connections_are_held(void **state)
{
	(void)state;
	add(HELLO LIST "read order; echo '{\"serial\":2,\"reply\":\"list\"}'; read order");
	add(HELLO LIST);	/* it ends after the first round */
	test->then = FARM_HOLD;
	run();
	usleep(200000);
	test->seen[0].n_next = test->seen[1].n_next = 0;
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(failure_of(1), FARM_NO_FAILURE);
	assert_int_equal(test->seen[0].n_sessions, 1);
	assert_int_equal(test->seen[0].n_replies, 2);
	assert_int_equal(test->seen[1].n_sessions, 2);
}

/* Nothing of any child is left, not even one that ignores the end of its input and SIGTERM. */
static void test_nothing_is_left(void **state)
{
	int before = count_files();
	char command[400];

	(void)state;
	snprintf(command, sizeof(command), "trap '' TERM; " HELLO LIST "exec sleep 1%d", (int)getpid());
	add(command);
	for (int i = 0; i < 40; i++)
		add(HELLO LIST "read order");
	run();
	test->farm = farm_free(test->farm);
	assert_int_equal(count_files(), before);
	snprintf(command, sizeof(command), "pgrep -x -f 'sleep 1%d' >/dev/null", (int)getpid());
	assert_int_not_equal(system(command), 0);
}

/* ---- bad hosts ---- */

static void test_bad_hosts(void **state)
{
	static const struct {
		const char *script;
		enum farm_failure failure;
		const char *text;
	} rows[] = {
		{ "echo 'ssh: connect to host a port 22: No route to host' >&2; exit 255", FARM_UNREACHABLE,
		  "No route to host" },
		{ "echo 'ssh: Could not resolve hostname a: Name or service not known' >&2; exit 255", FARM_UNREACHABLE,
		  "Name or service not known" },
		{ "echo 'a@b: Permission denied (publickey).' >&2; exit 255", FARM_NOT_LET_IN,
		  "Permission denied (publickey)." },
		{ "echo '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @' >&2;"
		  "echo 'Host key verification failed.' >&2; exit 255", FARM_KEY_CHANGED, "" },
		{ "echo 'No ED25519 host key is known for a and you have requested strict checking.' >&2;"
		  "echo 'Host key verification failed.' >&2; exit 255", FARM_KEY_UNKNOWN, "" },
		{ "echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255",
		  FARM_UNREACHABLE,
		  "Connection closed" },
		{ "echo 'sudo: a password is required' >&2; exit 1", FARM_NOT_LET_IN, "a password is required" },
		{ "exit 127", FARM_MISSING, "" },
		{ "echo Hello; printf 'No \033 account.\r\n'; exit 1", FARM_WRONG, "No ? account." },
		{ "sleep 9", FARM_LATE, "" },
		{ "trap '' TERM; while :; do sleep 1; done", FARM_LATE, "" },
		{ "while :; do echo x; done", FARM_WRONG, NULL },
		{ "echo '{\"logoff-host\":2}'; sleep 9", FARM_WRONG, NULL },
		{ HELLO "read order; echo nonsense; sleep 9", FARM_WRONG, NULL },
		{ HELLO "read order; echo '{\"serial\":9,\"session\":{}}'; sleep 9", FARM_WRONG, NULL },
		{ HELLO "read order; echo '{\"serial\":1,\"reply\":\"log-off\"}'; sleep 9", FARM_WRONG, NULL },
		{ HELLO "read order; sleep 9", FARM_LATE, "" },
		{ HELLO "read order; echo '{\"serial\":1,\"session\":{\"id\":\"7\"}}'", FARM_UNREACHABLE, "" },
		{ "echo '{\"serial\":null,\"failure\":{\"kind\":\"unreachable\","
		  "\"cause\":{\"text\":\"no\\u001bbus\"}}}'",
		  FARM_FAILED, "no?bus" },
		{ "echo '{\"serial\":null,\"failure\":{\"kind\":\"not-accepted\",\"cause\":null}}'", FARM_NOT_LET_IN,
		  "not-accepted" },
		{ "exec /no/such/program", FARM_MISSING, NULL },
		{ "printf '{\"logoff-host\":1,\"host\":\"'; head -c 70000 /dev/zero | tr '\\0' x; echo '\"}'; " LIST
		  "sleep 9", FARM_WRONG, NULL },
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);
	uint64_t start_us = clock_now_us();

	(void)state;
	test->how.parallel = 64;
	for (size_t i = 0; i < n; i++)
		add(rows[i].script);
	add(HELLO LIST);
	run();
	assert_true(clock_now_us() - start_us < 8000000);
	for (size_t i = 0; i < n; i++) {
		if (failure_of(i) != rows[i].failure)
			print_error("%s: %d (%s), not %d\n", rows[i].script, failure_of(i), text_of(i),
				    rows[i].failure);
		assert_int_equal(failure_of(i), rows[i].failure);
		if (rows[i].text)
			assert_string_equal(text_of(i), rows[i].text);
		assert_int_equal(test->seen[i].n_done, 1);
	}
	assert_int_equal(failure_of(n), FARM_NO_FAILURE);
}

/* What they say is not kept without a limit, however long it takes to read it. */
static void test_floods(void **state)
{
	static const char *const scripts[] = {
		"head -c 99999999 /dev/zero; sleep 99",
		HELLO "read order; head -c 17000000 /dev/zero | tr '\\0' x; sleep 99",
		HELLO "read order; yes '{\"serial\":1,\"process\":{}}'",
		HELLO "read order; yes '{\"serial\":1,\"reply\":\"cancel\"}'",
	};
	size_t n = sizeof(scripts) / sizeof(scripts[0]);

	(void)state;
	test->how.timeout_ms = 30000;
	for (size_t i = 0; i < n; i++)
		add(scripts[i]);
	run();
	for (size_t i = 0; i < n; i++)
		assert_int_equal(failure_of(i), FARM_WRONG);
}

/* What does not start here says nothing about the host. */
static void test_programs_that_do_not_start(void **state)
{
	struct farm_host *host = add("");

	(void)state;
	free(host->command[0]);
	host->command[0] = strdup("no-such\033program");
	host = add("");
	free(host->command[0]);
	host->command[0] = strdup("/");
	host = add("");
	host->way = FARM_SSH;
	host->address = strdup("x");
	setenv("LOGOFF_SSH", "/no/such/ssh", 1);
	run();
	unsetenv("LOGOFF_SSH");
	free(host->address);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(failure_of(i), FARM_NO_CLIENT);
		assert_int_equal(test->seen[i].n_done, 1);
	}
	assert_string_equal(text_of(0), "no-such?program is not installed");
	assert_string_equal(text_of(1), "/: Permission denied");
	assert_string_equal(text_of(2), "/no/such/ssh is not installed");
}

/* An order that a host refuses has no reply. */
static void test_refusals(void **state)
{
	static const char *const kinds[] = { "read-only", "busy", "wrong-order", "unknown-order" };
	char script[4][200];

	(void)state;
	test->changes = true;
	for (size_t i = 0; i < 4; i++) {
		snprintf(script[i], sizeof(script[i]),
			 HELLO "read order; echo '{\"serial\":1,\"failure\":{\"kind\":\"%s\"}}'; read order", kinds[i]);
		add(script[i]);
	}
	add(HELLO "read order; echo '{\"serial\":1,\"failure\":{\"kind\":\"changed\"}}'; read order");
	run();
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(failure_of(i), FARM_NO_FAILURE);
		assert_int_equal(test->seen[i].n_next, 2);
	}
	assert_int_equal(failure_of(4), FARM_LATE);	/* it had 3 s for its reply */
}

/* A host that has too many connections at once is tried again, and nothing else is. */
static void test_crowd_is_tried_again(void **state)
{
	char file[] = "/tmp/test-run-XXXXXX", script[400];

	(void)state;
	close(mkstemp(file));
	snprintf(script, sizeof(script), "echo x >>%s; if [ $(wc -l <%s) -lt 2 ]; then"
		 " echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255; fi; " HELLO LIST,
		 file, file);
	test->how.timeout_ms = 10000;
	add(script);
	run();
	unlink(file);
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(test->seen[0].n_sessions, 1);
}

/* A child whose end would not be noticed is ended at once: nothing waits for it. */
static void test_children_that_cannot_be_heard(void **state)
{
	int before = count_files();

	(void)state;
	add("sleep 60");
	add(HELLO LIST);
	for (unsigned at = 2; at <= 4; at++) {	/* the first one is that which cancels */
		deaf_at = at;
		run();
		assert_int_equal(failure_of(0), FARM_NO_CLIENT);
		assert_int_equal(failure_of(1), FARM_NO_FAILURE);
		alarm(20);
		test->farm = farm_free(test->farm);
		alarm(0);
		test->seen[1] = test->seen[0] = (struct seen){};
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(count_files(), before);
}

/* ---- hosts that have only their bus ---- */

/*
 * In place of logoff-host here. It says its argument to the far end, and does what that answers; without an answer it
 * fails as logoff-host does.
 */
#define PROGRAM "#!/bin/sh\n" \
	"echo \"$1\" >&4\n" \
	"if read -r code <&3; then eval \"$code\"; exit; fi\n" \
	"echo '{\"serial\":null,\"failure\":{\"kind\":\"unreachable\",\"cause\":{\"text\":\"no bus\"}}}'\n"

static char program[] = "/tmp/test-run-XXXXXX";

static int set_up_program(void **state)
{
	static const char name[] = "/tmp/test-run-XXXXXX";
	int fd;

	memcpy(program, name, sizeof(name));
	fd = mkstemp(program);
	if (fd < 0 || write(fd, PROGRAM, strlen(PROGRAM)) < 0 || fchmod(fd, 0700) < 0)
		return -1;
	close(fd);
	setenv("LOGOFF_HOST_PROGRAM", program, 1);
	return set_up(state);
}

static int tear_down_program(void **state)
{
	unsetenv("LOGOFF_HOST_PROGRAM");
	unlink(program);
	return tear_down(state);
}

/* A far host with a bus: CODE is what the program here does, THEN what the far end does meanwhile. */
#define BUS(CODE, THEN) \
	"echo logoff-bus; read -r word; [ \"$word\" = --bus=x ] || exit 1; cat <<'END'\n" CODE "\nEND\n" THEN

static void test_bus_is_handed_over(void **state)
{
	int before = count_files();

	(void)state;
	for (int i = 0; i < 20; i++)
		add("echo Welcome;" BUS(HELLO LIST, "cat"));
	run();
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(failure_of(i), FARM_NO_FAILURE);
		assert_int_equal(test->seen[i].n_sessions, 1);
		assert_non_null(farm_hello(test->farm, i));
	}
	test->farm = farm_free(test->farm);
	assert_int_equal(count_files(), before);
}

/* A far host that says so itself could save itself the record that is written here. */
static void test_only_a_bus_is_one(void **state)
{
	static const char hello[] = "echo '{\"logoff-host\":1,\"way\":\"bus\"}'; " LIST;

	(void)state;
	add(hello);
	add(BUS("echo '{\"logoff-host\":1,\"way\":\"bus\"}'; " LIST, "cat"));
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(failure_of(1), FARM_NO_FAILURE);
	assert_null(json_object_get(farm_hello(test->farm, 0), "way"));
	assert_string_equal(json_string_value(json_object_get(farm_hello(test->farm, 1), "way")), "bus");
}

/* Whichever of the two ends between two rounds: both are made again. */
static void test_bus_is_held(void **state)
{
	(void)state;
	add(BUS(HELLO LIST "read order; echo '{\"serial\":2,\"reply\":\"list\"}'; read order", "cat"));
	add(BUS(HELLO LIST, "cat"));
	add(BUS(HELLO LIST "echo go >&4; read order", "read word"));
	test->then = FARM_HOLD;
	run();
	usleep(200000);
	for (size_t i = 0; i < 3; i++)
		test->seen[i].n_next = 0;
	run();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(failure_of(i), FARM_NO_FAILURE);
		assert_int_equal(test->seen[i].n_sessions, i == 0 ? 1 : 2);
	}
}

static void test_no_program_for_a_bus(void **state)
{
	(void)state;
	unlink(program);
	add("echo logoff-bus; cat");
	run();
	assert_int_equal(failure_of(0), FARM_NO_CLIENT);
	assert_non_null(strstr(text_of(0), "is not installed"));
}

static void test_bad_buses(void **state)
{
	static const struct {
		const char *script;
		enum farm_failure failure;
		const char *text;
	} rows[] = {
		{ "echo logoff-bus; echo 'sh: 1: exec: systemd-stdio-bridge: not found' >&2; exit 127",
		  FARM_NO_BRIDGE, NULL },
		{ "echo logoff-bus; echo 'sudo: a password is required' >&2; exit 1", FARM_NO_BUS,
		  "a password is required" },
		{ "echo logoff-bus; exit 1", FARM_FAILED, NULL },
		{ "echo logoff-bus; read word; exit 0", FARM_FAILED, "no bus" },
		{ "echo logoff-bus; read word; echo 'ssh: Connection closed by 192.0.2.7' >&2; exit 255",
		  FARM_UNREACHABLE, NULL },
		{ "echo logoff-bus; exec >&-; sleep 9", FARM_FAILED, "no bus" },
		{ "echo logoff-bus; exec sleep 9", FARM_LATE, "" },
		{ "printf 'logoff-bus\\nhello'; sleep 9", FARM_WRONG, "" },
		{ BUS("kill -9 $$", "cat"), FARM_FAILED, "" },
		{ BUS("echo logoff-bus; sleep 9", "cat"), FARM_LATE, "" },
		{ BUS("while :; do echo x; done", "cat"), FARM_WRONG, "" },
		{ BUS(HELLO "read order; sleep 9", "read word"), FARM_LATE, "" },
		{ BUS(HELLO "read order; exit", "cat"), FARM_UNREACHABLE, "" },
		{ BUS(HELLO "read order; echo go >&4; sleep 9", "read word"), FARM_UNREACHABLE, "" },
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);
	uint64_t start_us = clock_now_us();

	(void)state;
	test->how.parallel = 64;
	for (size_t i = 0; i < n; i++)
		add(rows[i].script);
	add(BUS(HELLO LIST, "cat"));
	run();
	assert_true(clock_now_us() - start_us < 8000000);
	for (size_t i = 0; i < n; i++) {
		if (failure_of(i) != rows[i].failure)
			print_error("%s: %d (%s), not %d\n", rows[i].script, failure_of(i), text_of(i),
				    rows[i].failure);
		assert_int_equal(failure_of(i), rows[i].failure);
		if (rows[i].text)
			assert_string_equal(text_of(i), rows[i].text);
		assert_int_equal(test->seen[i].n_done, 1);
	}
	assert_int_equal(failure_of(n), FARM_NO_FAILURE);
}

/* By ssh, the status of which is that of the far command: the bridge fails, or has only warned when it ended. */
static void test_bridges_over_ssh(void **state)
{
	static const struct {
		const char *script;
		enum farm_failure failure;
		const char *text;
	} rows[] = {
		{ "echo 'Failed to connect to bus: No such file or directory' >&2; exit 1", FARM_FAILED,
		  "No such file or directory" },
		{ "read word; echo 'sudo: unable to resolve host x' >&2; exit 0", FARM_FAILED, "no bus" },
		{ "read word; echo 'Killed by earthworms' >&2; exit 255", FARM_UNREACHABLE, NULL },
	};
	char ssh[] = "/tmp/test-run-ssh-XXXXXX";
	int fd = mkstemp(ssh);

	(void)state;
	dprintf(fd, "#!/bin/sh\nwhile [ $# -gt 2 ]; do shift; done\necho logoff-bus\n");
	dprintf(fd, "case $1 in\n");
	for (size_t i = 0; i < 3; i++)
		dprintf(fd, "h%zu) %s;;\n", i, rows[i].script);
	dprintf(fd, "esac\n");
	fchmod(fd, 0700);
	close(fd);
	setenv("LOGOFF_SSH", ssh, 1);
	for (size_t i = 0; i < 3; i++) {
		char *address = NULL;
		struct farm_host *host = add("");

		assert_true(asprintf(&address, "h%zu", i) > 0);
		host->way = FARM_SSH;
		host->address = address;
	}
	run();
	unlink(ssh);
	unsetenv("LOGOFF_SSH");
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(failure_of(i), rows[i].failure);
		if (rows[i].text)
			assert_string_equal(text_of(i), rows[i].text);
		free(test->items[i].address);
	}
}

/* Neither of the two is left, though both ignore the end of their input and SIGTERM. */
static void test_nothing_is_left_of_a_bus(void **state)
{
	char script[700], command[100];

	(void)state;
	snprintf(script, sizeof(script),
		 BUS("trap \"\" TERM; " HELLO LIST "exec sleep 1%d", "trap '' TERM; exec sleep 1%d"),
		 (int)getpid(), (int)getpid());
	add(script);
	run();
	test->farm = farm_free(test->farm);
	snprintf(command, sizeof(command), "pgrep -x -f 'sleep 1%d' >/dev/null", (int)getpid());
	assert_int_not_equal(system(command), 0);
}

static void test_broken_bus_leaves_unknown(void **state)
{
	(void)state;
	test->changes = true;
	add(BUS(HELLO "read order; echo '{\"serial\":1,\"event\":{}}'", "cat"));
	add(BUS(HELLO "read order; echo go >&4; sleep 9", "read word"));
	run();
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(failure_of(i), FARM_BROKEN);
}

/* ---- orders that change something ---- */

static void test_broken_connection_leaves_unknown(void **state)
{
	(void)state;
	test->changes = true;
	test->order_ms = 8000;
	add(HELLO "read order; echo '{\"serial\":1,\"event\":{}}'");
	add(HELLO "read order; sleep 19");
	add(HELLO "read order; echo '{\"serial\":1,\"reply\":\"list\"}'; sleep 19");
	add(HELLO "read order; head -c 17000000 /dev/zero | tr '\\0' x; sleep 19");
	run();
	assert_int_equal(failure_of(0), FARM_BROKEN);
	assert_int_equal(failure_of(1), FARM_LATE);
	assert_int_equal(failure_of(2), FARM_WRONG);
	assert_int_equal(failure_of(3), FARM_WRONG);
}

/* It carries the order through, and is not ended at once for a wrong answer. */
static void test_wrong_answer_ends_no_order(void **state)
{
	char file[] = "/tmp/test-run-XXXXXX", script[300];
	struct stat found;

	(void)state;
	close(mkstemp(file));
	test->changes = true;
	snprintf(script, sizeof(script), HELLO "read order; echo nonsense; sleep 0.3; echo done >%s; sleep 9", file);
	add(script);
	run();
	assert_int_equal(failure_of(0), FARM_WRONG);
	test->farm = farm_free(test->farm);
	assert_int_equal(stat(file, &found), 0);
	unlink(file);
	assert_true(found.st_size > 0);
}

/* ---- cancelling ---- */

static void test_cancel(void **state)
{
	(void)state;
	test->how.parallel = 2;
	test->cancel_at = 2;
	add(HELLO LIST);
	add("sleep 9");
	add(HELLO LIST);
	add(HELLO LIST);
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(test->seen[0].n_replies, 1);
	assert_int_equal(failure_of(1), FARM_CANCELLED);
	assert_int_equal(failure_of(3), FARM_NOT_ASKED);
	assert_int_equal(test->seen[3].n_next, 0);
}

/* An order that changes something is cancelled by both. */
static void test_cancel_twice(void **state)
{
	(void)state;
	test->changes = true;
	test->cancel_at = 2;
	add(HELLO "read order; echo '{\"serial\":1,\"event\":{}}'; echo '{\"serial\":1,\"event\":{}}'; read a; read b;"
	    "case $a$b in *cancel*cancel*) echo '{\"serial\":2,\"reply\":\"cancel\",\"running\":true}';"
	    "echo '{\"serial\":1,\"result\":{}}'; echo '{\"serial\":1,\"reply\":\"log-off\"}';; esac; read c");
	run();
	assert_int_equal(test->n_cancels, 2);
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(test->seen[0].n_replies, 1);
	assert_int_equal(test->seen[0].n_lines, 4);
}

/* Nothing is begun when it has come before the round, not even over a connection that waits. */
static void test_cancel_before_a_round(void **state)
{
	(void)state;
	test->then = FARM_HOLD;
	add(HELLO LIST "read order; echo '{\"serial\":2,\"reply\":\"list\"}'; read order");
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	test->changes = true;
	test->seen[0] = (struct seen){};
	eventfd_write(test->cancel_fd, 1);
	run();
	assert_int_equal(test->seen[0].n_next, 0);
	assert_int_equal(failure_of(0), FARM_CANCELLED);
}

/* After the second one there are three seconds, however often it comes. */
static void test_cancel_again_and_again(void **state)
{
	uint64_t start_us = clock_now_us();

	(void)state;
	test->changes = test->cancels_for_ever = true;
	test->cancel_at = 1;
	add(HELLO "read order; echo '{\"serial\":1,\"event\":{}}'; sleep 29");
	test->order_ms = 29000;
	run();
	assert_true(clock_now_us() - start_us < 9000000);
	assert_int_equal(failure_of(0), FARM_LATE);
}

/* Ctrl-Z, and "fg" when the time of the host would be over: it has answered meanwhile. */
static void test_stopped(void **state)
{
	pid_t pid, parent = getpid();

	(void)state;
	add("sleep 1; " HELLO LIST);
	add("sleep 19");
	test->how.timeout_ms = 4000;
	pid = fork();
	if (pid == 0) {
		usleep(500000);
		(void)kill(parent, SIGSTOP);
		sleep(5);
		(void)kill(parent, SIGCONT);
		_exit(0);
	}
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(failure_of(1), FARM_LATE);
	waitpid(pid, NULL, 0);
}

/* A connection whose output has ended cannot answer: there is another one. */
static void test_silent_connection(void **state)
{
	uint64_t start_us = clock_now_us();

	(void)state;
	test->then = FARM_HOLD;
	add(HELLO LIST "exec >&-; read order; sleep 9");
	run();
	test->seen[0] = (struct seen){};
	usleep(200000);
	run();
	assert_int_equal(failure_of(0), FARM_NO_FAILURE);
	assert_int_equal(test->seen[0].n_replies, 1);
	assert_true(clock_now_us() - start_us < 5000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_login_scripts_print_is_skipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_child_can_ask, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connections_are_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_is_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_hosts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_floods, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_programs_that_do_not_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_crowd_is_tried_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_children_that_cannot_be_heard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bus_is_handed_over, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_only_a_bus_is_one, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_bus_is_held, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_no_program_for_a_bus, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_bad_buses, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_bridges_over_ssh, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_nothing_is_left_of_a_bus, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_broken_bus_leaves_unknown, set_up_program, tear_down_program),
		cmocka_unit_test_setup_teardown(test_broken_connection_leaves_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_answer_ends_no_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancel_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancel_before_a_round, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancel_again_and_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stopped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silent_connection, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
