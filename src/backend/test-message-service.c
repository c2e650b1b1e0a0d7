/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-message-service.c - what the message service is asked for, and what its answers mean: done, not done, or unknown.
 *
 * The bus is a child of the test that answers in place of a bus and of the service.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "backend/here.h"
#include "backend/message.h"

enum answer { ANSWERS, ANSWERS_TOO_LITTLE, ANSWERS_NONSENSE, IS_BUSY, IS_ABSENT, FAILS_TO_START, IS_FORBIDDEN, FAILS, LEAVES };

static char folder[] = "/tmp/test-service-XXXXXX";
static char path[64];
static pid_t peer;

/* ---- the bus and the service ---- */

/* What has come is what was asked for. The numbers are those of the cases below. */
static bool is_as_asked(sd_bus_message *m)
{
	const char *id, *name, *sid, *address;
	const void *command;
	uint64_t grace_ms, logon;
	int64_t started_us;
	int32_t pid;
	uint32_t uid;
	size_t n;
	bool actor;

	if (sd_bus_message_is_method_call(m, MESSENGER_INTERFACE, "Disconnect"))
		return sd_bus_message_read(m, "st(sss)", &id, &logon, &name, &sid, &address) > 0 && strcmp(id, "c3") == 0 &&
		       logon == 77 && strcmp(name, "EXAMPLE\\bob") == 0;
	if (!sd_bus_message_is_method_call(m, MESSENGER_INTERFACE, "EndProcesses") ||
	    sd_bus_message_enter_container(m, 'a', "(ixusay)") <= 0)
		return false;
	for (int32_t i = 0; i < 2; i++)
		if (sd_bus_message_enter_container(m, 'r', "ixusay") <= 0 || sd_bus_message_read(m, "ixus", &pid, &started_us, &uid, &id) <= 0 ||
		    sd_bus_message_read_array(m, 'y', &command, &n) < 0 || sd_bus_message_exit_container(m) < 0 || pid != 100 + i ||
		    started_us != 5000 + i || uid != 1000 || strcmp(id, "12") != 0 || n != (i == 0 ? strlen("ke\377eper") : 0))
			return false;
	actor = sd_bus_message_exit_container(m) >= 0 && sd_bus_message_read(m, "t(sss)", &grace_ms, &name, &sid, &address) > 0;
	return actor && grace_ms == 1500 && strcmp(name, "EXAMPLE\\bob") == 0 && strcmp(sid, "S-1-5-21-7") == 0 &&
	       strcmp(address, "192.0.2.7") == 0;
}

static int answer_all(sd_bus_message *m, unsigned n, int32_t first)
{
	bool right = is_as_asked(m);
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(iuuuxss)");
	for (unsigned i = 0; r >= 0 && i < n; i++)
		r = sd_bus_message_append(reply, "(iuuuxss)", !right ? -EPROTO : i == 0 ? first : -EACCES, 0, 0, LOGOFF_ERROR_ERRNO,
					  (int64_t)EACCES, "EACCES", i == 0 ? "" : "not this one");
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static void answer_call(sd_bus_message *m, enum answer answer)
{
	static const char *const errors[] = {
		[IS_BUSY] = SD_BUS_ERROR_LIMITS_EXCEEDED, [IS_ABSENT] = SD_BUS_ERROR_SERVICE_UNKNOWN,
		[FAILS_TO_START] = "org.freedesktop.DBus.Error.Spawn.ChildExited", [IS_FORBIDDEN] = SD_BUS_ERROR_ACCESS_DENIED,
		[FAILS] = SD_BUS_ERROR_FAILED,
	};
	unsigned n = sd_bus_message_is_method_call(m, MESSENGER_INTERFACE, "Disconnect") ? 1 : 2;

	if (answer == ANSWERS)
		(void)answer_all(m, n, 0);
	else if (answer == ANSWERS_TOO_LITTLE)
		(void)answer_all(m, n - 1, 0);
	else if (answer == ANSWERS_NONSENSE)
		(void)answer_all(m, n, 42);
	else if (answer != LEAVES)
		(void)sd_bus_reply_method_errorf(m, errors[answer], "so it is");
}

static void __attribute__((noreturn)) run_peer(int listener, enum answer answer)
{
	int fd = accept(listener, NULL, NULL), r;
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	sd_id128_t id = {};

	alarm(20);
	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 || sd_bus_set_server(bus, 1, id) < 0 ||
	    sd_bus_set_anonymous(bus, 1) < 0 || sd_bus_start(bus) < 0)
		_exit(1);
	while ((r = sd_bus_process(bus, &m)) >= 0) {
		if (m && sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
			(void)sd_bus_reply_method_return(m, "s", ":1.1");
		else if (m && sd_bus_message_is_method_call(m, NULL, NULL))
			answer_call(m, answer);
		if (m && answer == LEAVES && !sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
			_exit(0);
		m = sd_bus_message_unref(m);
		if (r == 0)
			(void)sd_bus_wait(bus, UINT64_MAX);
	}
	_exit(0);
}

static void start_peer(enum answer answer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)unlink(path);
	strcpy(address.sun_path, path);
	assert_return_code(bind(listener, (const struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(listener, 1), errno);
	peer = fork();
	if (peer == 0)
		run_peer(listener, answer);
	assert_return_code(peer, errno);
	close(listener);
}

static void end_peer(void)
{
	assert_return_code(kill(peer, SIGKILL), errno);
	assert_int_equal(waitpid(peer, NULL, 0), peer);
}

/* ---- the cases ---- */

static struct logoff_host host = { .kind = "test" };

static void fill_host(void)
{
	assert_int_equal(logoff_host_set_actor(&host, "EXAMPLE\\bob", "S-1-5-21-7", "192.0.2.7"), LOGOFF_OK);
}

/* Asks for the end of two processes. */
static void end_two(enum answer answer, int results[static 2], struct logoff_error *cause)
{
	struct logoff_host_process items[] = {
		{ .pid = 100, .uid = 1000, .session_id = "12", .command = "ke\377eper", .started_us = 5000 },
		{ .pid = 101, .uid = 1000, .session_id = "12", .started_us = 5001 },
	};
	struct logoff_host_process *processes[] = { &items[0], &items[1] };

	fill_host();
	*cause = (struct logoff_error){};
	start_peer(answer);
	here_end_others(&host, processes, 2, 1500, -1, results, cause);
	end_peer();
}

static void test_each_has_its_result(void **state)
{
	struct logoff_error cause;
	int results[2];

	(void)state;
	end_two(ANSWERS, results, &cause);
	assert_int_equal(results[0], 0);
	assert_int_equal(results[1], -EACCES);
	assert_string_equal(cause.text, "not this one");
}

/* Nobody knows what has been done by a service that answers wrongly, fails, or leaves. */
static void test_unknown(void **state)
{
	static const enum answer answers[] = { ANSWERS_TOO_LITTLE, ANSWERS_NONSENSE, FAILS, LEAVES };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct logoff_error cause;
		int results[2];

		end_two(answers[i], results, &cause);
		assert_int_equal(results[0], -EAGAIN);
		assert_int_equal(results[1], -EAGAIN);
		assert_int_not_equal(cause.domain, LOGOFF_ERROR_NONE);
	}
}

/* Nothing has been done where the service is not there, or has said so. */
static void test_not_done(void **state)
{
	static const struct { enum answer answer; int result; } cases[] = {
		{ IS_ABSENT, -EACCES }, { FAILS_TO_START, -EACCES }, { IS_FORBIDDEN, -EACCES }, { IS_BUSY, -EBUSY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct logoff_error cause;
		int results[2];

		end_two(cases[i].answer, results, &cause);
		assert_int_equal(results[0], cases[i].result);
		assert_int_equal(results[1], cases[i].result);
		assert_int_not_equal(cause.domain, LOGOFF_ERROR_NONE);
	}
}

static void test_no_bus(void **state)
{
	struct logoff_host_process item = { .pid = 100 }, *process = &item;
	struct logoff_error cause = {};
	int result = 0;

	(void)state;
	(void)unlink(path);
	here_end_others(&host, &process, 1, 0, -1, &result, &cause);
	assert_int_equal(result, -EACCES);
	assert_non_null(strstr(cause.text, "logoff-messenger"));
}

/* A forced kind of host is not what the service looks at; nor is another machine. The service does not ask itself. */
static void test_hosts_that_it_does_not_know(void **state)
{
	struct logoff_host forced = { .forced = true }, far = { .far = true }, itself = { .delivers_itself = true };
	struct logoff_host beside = { .above = &forced };

	(void)state;
	assert_true(service_knows(&host));
	assert_false(service_knows(&forced) || service_knows(&far) || service_knows(&itself) || service_knows(&beside));
}

static int ask_to_disconnect(enum answer answer, uint64_t logon)
{
	static char id[] = "c3";
	struct logoff_session session = { .id = id, .uid = (uint32_t)-2, .logon = logon, .host = &host };
	struct logoff_error cause = {};
	int r;

	fill_host();
	start_peer(answer);
	r = here_disconnect(&session, &cause);
	end_peer();
	return r;
}

/* As who is neither root nor the session's user. */
static void test_disconnect(void **state)
{
	(void)state;
	if (geteuid() == 0)
		assert_return_code(seteuid(65534), errno);
	assert_int_equal(ask_to_disconnect(ANSWERS, 77), 0);
	assert_int_equal(ask_to_disconnect(LEAVES, 77), -EAGAIN);
	assert_int_equal(ask_to_disconnect(IS_ABSENT, 77), -EACCES);
	assert_int_equal(ask_to_disconnect(ANSWERS, 0), -EACCES);
	if (getuid() == 0)
		assert_return_code(seteuid(0), errno);
}

static void test_actor(void **state)
{
	static char longest[258];

	(void)state;
	fill_host();
	memset(longest, 'x', 257);
	assert_int_equal(logoff_host_set_actor(&host, longest, NULL, NULL), LOGOFF_E_INVALID);
	assert_int_equal(logoff_host_set_actor(&host, "bob", "a\nb", NULL), LOGOFF_E_INVALID);
	/* What a record could be misread by: "end of process 7 (sshd) of session 3 of root by carol for bob: ended: denied". */
	assert_int_equal(logoff_host_set_actor(&host, "bob: ended", NULL, NULL), LOGOFF_E_INVALID);
	assert_int_equal(logoff_host_set_actor(&host, "bob", "S 1", NULL), LOGOFF_E_INVALID);
	assert_int_equal(logoff_host_set_actor(&host, "bob", NULL, "192.0.2.7 and others"), LOGOFF_E_INVALID);
	assert_string_equal(host.actor.name, "EXAMPLE\\bob");
	longest[256] = '\0';
	assert_int_equal(logoff_host_set_actor(&host, longest, NULL, NULL), LOGOFF_OK);
	assert_string_equal(host.actor.name, longest);
	assert_string_equal(host.actor.sid, "");
	assert_int_equal(logoff_host_set_actor(&host, NULL, NULL, NULL), LOGOFF_OK);
	assert_string_equal(host.actor.name, "");
}

static int set_up(void **state)
{
	char address[96];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)chmod(folder, 0777);	/* the bus of another user, too */
	snprintf(path, sizeof(path), "%s/bus", folder);
	snprintf(address, sizeof(address), "unix:path=%s", path);
	return setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_has_its_result),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_not_done),
		cmocka_unit_test(test_no_bus),
		cmocka_unit_test(test_hosts_that_it_does_not_know),
		cmocka_unit_test(test_disconnect),
		cmocka_unit_test(test_actor),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
