/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-json.c - the output for programs: every field, null for unknown values, and nothing that could harm a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/os.h"
#include "base/test-port.h"
#include "cli/json.h"

static const char description[] =
	"user name=\"al\\e\\xff\\x7fice\" uid=1000\n"
	"session id=5 user=\"al\\e\\xff\\x7fice\" tty=pts/3,pts/4 protocol=ssh address=192.0.2.7 idle=61999 "
	"age=90500 unregistered current\n"
	"session id=c7 user=\"al\\e\\xff\\x7fice\" rdp=10 client=\xe9\x9b\xbb\xe8\x85\xa6 state=disconnected own\n"
	"session id=c1 user=\"al\\e\\xff\\x7fice\" greeter console\n"
	"session id=6 user=\"al\\e\\xff\\x7fice\" own-unsure\n"
	"session id=9 user=\"al\\e\\xff\\x7fice\" background state=closing\n";

static struct logoff_host *host;

static int open_host(void **state)
{
	char path[] = "/tmp/test-json-XXXXXX", variable[64];
	int fd = mkstemp(path), r;

	(void)state;
	if (fd < 0 || write(fd, description, strlen(description)) < 0 || close(fd) < 0)
		return -1;
	snprintf(variable, sizeof(variable), "memory:%s", path);
	setenv("LOGOFF_HOST", variable, 1);
	r = logoff_host_open(&host, NULL, NULL, NULL);
	unlink(path);
	return r;
}

static int close_host(void **state)
{
	(void)state;
	logoff_host_close(host);
	return 0;
}

/* The session in one line as printed, without the fields that do not matter. */
static void assert_session(const char *id, const char *wanted)
{
	struct logoff_session *session;
	json_t *json;
	char *text;

	assert_int_equal(logoff_host_find(host, id, &session, NULL), 0);
	json = to_json_session(session, "Server1");
	assert_non_null(json);
	if (json_is_string(json_object_get(json, "logon_time")))
		json_object_del(json, "logon_time");	/* which is real; when_iso() has its own test */
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(json);
	logoff_session_free(session);
}

/* All fields from "user" on are the same; the details of sessions that have none. */
#define USER "\"user\":\"al\\u001B\357\277\275\177ice\",\"domain\":null,\"uid\":1000,"
#define NO_DETAILS                                                                                                     \
	"\"protocol\":null,\"terminal\":null,\"terminals\":[],\"display\":null,\"address\":null,\"client\":"           \
	"null," NO_TIMES
#define NO_TIMES "\"logon_time\":null,\"age_seconds\":null,\"idle_seconds\":null}"

static void every_field(void **state)
{
	(void)state;
	assert_session(
		"5", "{\"host\":\"Server1\",\"id\":\"5\",\"number\":5,\"name\":\"pts/3\"," USER
		     "\"state\":\"active\",\"kind\":\"user\",\"current\":true,\"own\":true,\"console\":false,"
		     "\"registered\":false,"
		     "\"protocol\":\"ssh\",\"terminal\":\"pts/3\",\"terminals\":[\"pts/3\",\"pts/4\"],\"display\":null,"
		     "\"address\":\"192.0.2.7\",\"client\":null,"
		     "\"age_seconds\":90,\"idle_seconds\":61}");
}

static void what_is_not_known_is_null(void **state)
{
	(void)state;
	assert_session("c7", "{\"host\":\"Server1\",\"id\":\"c7\",\"number\":32774,\"name\":null," USER
			     "\"state\":\"disconnected\",\"kind\":\"user\",\"current\":false,\"own\":true,\"console\":"
			     "false,\"registered\":true,"
			     "\"protocol\":null,\"terminal\":null,\"terminals\":[],\"display\":\":10\","
			     "\"address\":null,\"client\":\"電腦\"," NO_TIMES);
}

/* Whether the caller depends on it, and so whether the caller is in it. */
static void what_may_be_own_is_null(void **state)
{
	(void)state;
	assert_session("6", "{\"host\":\"Server1\",\"id\":\"6\",\"number\":6,\"name\":null," USER
			    "\"state\":\"active\",\"kind\":\"user\",\"current\":null,\"own\":null,\"console\":"
			    "false,\"registered\":true," NO_DETAILS);
}

static void states_and_kinds(void **state)
{
	(void)state;
	assert_session("c1", "{\"host\":\"Server1\",\"id\":\"c1\",\"number\":32768,\"name\":\"console\"," USER
			     "\"state\":\"connected\",\"kind\":\"greeter\",\"current\":false,\"own\":false,\"console\":"
			     "true,\"registered\":true," NO_DETAILS);
	assert_session("9", "{\"host\":\"Server1\",\"id\":\"9\",\"number\":9,\"name\":null," USER
			    "\"state\":\"closing\",\"kind\":\"background\",\"current\":false,\"own\":false,\"console\":"
			    "false,\"registered\":true," NO_DETAILS);
}

static void only_plain_ascii_is_printed(void **state)
{
	FILE *to = tmpfile();
	char *text;

	(void)state;
	assert_non_null(to);
	assert_int_equal(print_json(json_pack("[o]", to_json_text("a\177\033\302\233\342\200\256\377電")), false, to),
			 0);
	text = test_take_text(to);
	assert_non_null(text);
	assert_string_equal(text, "[\n  \"a\\u007F\\u001B\\u009B\\u202E\\uFFFD\\u96FB\"\n]\n");
	free(text);
	assert_true(print_json(NULL, false, stdout) < 0);
}

static void hosts_have_a_name(void **state)
{
	char name[256] = "";
	json_t *json = to_json_host(NULL);

	(void)state;
	os_host_name(name, sizeof(name));
	assert_string_equal(json_string_value(json), name);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(what_may_be_own_is_null),
		cmocka_unit_test(states_and_kinds),
		cmocka_unit_test(only_plain_ascii_is_printed),
		cmocka_unit_test(hosts_have_a_name),
	};

	return cmocka_run_group_tests_name("json", tests, open_host, close_host);
}
