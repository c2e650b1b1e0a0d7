/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-order.c - what is an order, what is none and why, and the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "base/text.h"
#include "host/order.h"

static struct order parse(const char *line)
{
	struct order_fault fault;
	struct order order;

	if (order_parse(&order, line, strlen(line), &fault) < 0)
		fail_msg("%s: %s, %s", line, fault.kind, fault.object ? fault.object : "");
	return order;
}

static struct order_fault find_fault(const char *line, size_t n)
{
	struct order_fault fault;
	struct order order;

	if (order_parse(&order, line, n, &fault) != -EINVAL)
		fail_msg("an order: %s", line);
	assert_null(order.json);
	assert_null(order.identities);
	assert_null(order.processes);
	return fault;
}

static void assert_breach(const char *line)
{
	struct order_fault fault = find_fault(line, strlen(line));

	assert_string_equal(fault.kind, "no-json");
	assert_true(fault.breach);
}

static void assert_wrong(const char *line, const char *object)
{
	struct order_fault fault = find_fault(line, strlen(line));

	assert_string_equal(fault.kind, "wrong-order");
	if (!fault.object || strcmp(fault.object, object) != 0)
		fail_msg("%s: %s instead of %s", line, fault.object ? fault.object : "nothing", object);
	assert_false(fault.breach);
}

/* ---- right ones ---- */

static void test_list(void **state)
{
	struct order order = parse("{\"serial\":9007199254740992,\"order\":\"list\",\"people\":true,\"later\":[{}]}");

	(void)state;
	assert_int_equal(order.type, ORDER_LIST);
	assert_true(order.serial == INT64_C(9007199254740992) && order.people && !order_changes(&order));
	order_done(&order);
}

static void test_list_of_a_selection(void **state)
{
	struct order order = parse("{\"serial\":1,\"order\":\"list\",\"select\":{\"state\":\"disc\"},\"sessions\":7}");

	(void)state;
	assert_true(order.selects && !order.people && order.n_identities == 0);
	assert_string_equal(order.selection.state, "disc");
	order_done(&order);
	order = parse("{\"serial\":1,\"order\":\"processes\",\"select\":7}");
	assert_false(order.selects);
	order_done(&order);
}

static void test_log_off_by_selection(void **state)
{
	struct order order = parse(
		"{\"serial\":2,\"order\":\"log-off\",\"grace\":3,\"wait\":20,\"warn\":60,\"text\":\"Kernel\","
		"\"reason\":\"r\",\"origin\":\"ann@desk\",\"run\":\"0f-7A\",\"console\":true,\"no_desktop\":true,"
		"\"select\":{\"all\":true,\"user\":[\"bob\",\"a*\"],\"state\":\"disc\",\"kind\":\"user\",\"idle\":60,"
		"\"older\":0,\"exclude\":[\"group:staff\"],\"keep\":[\"make\"]}}");
	const struct selection *selection = &order.selection;

	(void)state;
	assert_true(order.type == ORDER_LOG_OFF && order.serial == 2 && order_changes(&order));
	assert_true(order.grace_s == 3 && order.wait_s == 20 && order.warn_s == 60);
	assert_true(order.console && order.no_desktop && order.selects && order.n_identities == 0);
	assert_string_equal(order.text, "Kernel");
	assert_string_equal(order.reason, "r");
	assert_string_equal(order.origin, "ann@desk");
	assert_string_equal(order.run, "0f-7A");
	assert_true(selection->all && selection->idle_s == 60 && selection->older_s == 0);
	assert_int_equal(selection->users.n_items, 2);
	assert_string_equal(selection->users.items[1], "a*");
	assert_string_equal(selection->state, "disc");
	assert_string_equal(selection->kind, "user");
	assert_string_equal(selection->excludes.items[0], "group:staff");
	assert_string_equal(selection->keeps.items[0], "make");
	order_done(&order);
}

static void test_log_off_by_identities(void **state)
{
	struct order order = parse("{\"serial\":1,\"order\":\"log-off\",\"boot\":\"b\",\"sessions\":["
				   "{\"id\":\"5\",\"logon\":1741939320000000,\"user\":7},"
				   "{\"id\":\"c1\",\"logon\":null}]}");

	(void)state;
	assert_true(!order.selects && order.n_identities == 2);
	assert_string_equal(order.boot, "b");
	assert_string_equal(order.identities[0].id, "5");
	assert_true(order.identities[0].logon_us == INT64_C(1741939320000000) && order.identities[1].logon_us == -1);
	assert_true(order.grace_s == 10 && order.wait_s == 60 && order.warn_s == 0);
	assert_true(order.selection.idle_s == SELECT_ANY && order.selection.older_s == SELECT_ANY);
	order_done(&order);
}

/* Those of the identities that fit the selection. */
static void test_log_off_by_both(void **state)
{
	struct order order = parse("{\"serial\":1,\"order\":\"log-off\",\"select\":{\"user\":[\"bob\"]},"
				   "\"sessions\":[{\"id\":\"5\",\"logon\":1}]}");

	(void)state;
	assert_true(order.selects && order.n_identities == 1);
	assert_string_equal(order.selection.users.items[0], "bob");
	assert_string_equal(order.identities[0].id, "5");
	order_done(&order);
}

static void test_others(void **state)
{
	struct order order = parse("{\"order\":\"cancel\"}");

	(void)state;
	assert_true(order.type == ORDER_CANCEL && order.serial == 0);
	order_done(&order);
	order = parse("{\"order\":\"fate\",\"serial\":3,\"boot\":\"b\",\"id\":\"5\",\"logon\":7}");
	assert_true(order.type == ORDER_FATE && order.n_identities == 1 && order.identities[0].logon_us == 7);
	order_done(&order);
	order = parse("{\"order\":\"fate\",\"serial\":3,\"boot\":null,\"id\":\"5\",\"logon\":7}");
	assert_null(order.boot);
	order_done(&order);
	order = parse("{\"order\":\"message\",\"serial\":3,\"select\":{\"all\":true},\"text\":\"Hi\\nall\","
		      "\"title\":\"t\",\"time\":5,\"answers\":true}");
	assert_true(order.type == ORDER_MESSAGE && order.time_s == 5 && order.answers && order_changes(&order));
	assert_string_equal(order.text, "Hi\nall");
	order_done(&order);
	order = parse("{\"order\":\"processes\",\"serial\":3}");
	assert_true(order.type == ORDER_PROCESSES && !order_changes(&order));
	order_done(&order);
}

static void test_disconnect(void **state)
{
	struct order order = parse("{\"serial\":1,\"order\":\"disconnect\",\"boot\":\"b\",\"sessions\":["
				   "{\"id\":\"5\",\"logon\":1741939320000000}]}");

	(void)state;
	assert_true(order.type == ORDER_DISCONNECT && order_changes(&order) && order_means_sessions(&order));
	assert_true(!order.selects && order.n_identities == 1 && !order.actor.name && !order.refused);
	assert_string_equal(order.identities[0].id, "5");
	assert_string_equal(order.boot, "b");
	order_done(&order);
}

static void test_end_processes(void **state)
{
	struct order order = parse("{\"serial\":1,\"order\":\"end-processes\",\"boot\":\"b\",\"grace\":0,"
				   "\"processes\":[{\"pid\":2147483647,\"started\":0},{\"pid\":1,\"started\":null}]}");

	(void)state;
	assert_true(order.type == ORDER_END_PROCESSES && order_changes(&order) && !order_means_sessions(&order));
	assert_true(order.n_processes == 2 && order.grace_s == 0);
	assert_true(order.processes[0].pid == INT32_MAX && order.processes[0].started_us == 0);
	assert_true(order.processes[1].pid == 1 && order.processes[1].started_us == -1);
	assert_string_equal(order.boot, "b");
	order_done(&order);
}

#define ACTOR "\"actor\":{\"name\":"

/* Of each order that has a record; a name of Windows may be in any script. */
static void test_actor(void **state)
{
	static const char *const orders[] = {
		"\"log-off\",\"sessions\":[{\"id\":\"5\",\"logon\":1}]",
		"\"message\",\"text\":\"x\",\"sessions\":[{\"id\":\"5\",\"logon\":1}]",
		"\"disconnect\",\"sessions\":[{\"id\":\"5\",\"logon\":1}]",
		"\"end-processes\",\"processes\":[{\"pid\":5,\"started\":1}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		char line[512];
		struct order order;

		snprintf(line, sizeof(line),
			 "{\"serial\":1,\"refused\":true," ACTOR "\"EX-1\\\\J\u00f6rg \u738b$\",\"later\":7,"
			 "\"sid\":\"S-1-5-21-7-1104\",\"address\":\"fe80::1%%eth0\"},\"order\":%s}", orders[i]);
		order = parse(line);
		assert_string_equal(order.actor.name, "EX-1\\Jörg 王$");
		assert_string_equal(order.actor.sid, "S-1-5-21-7-1104");
		assert_string_equal(order.actor.address, "fe80::1%eth0");
		assert_true(order.refused && !order_changes(&order));
		order_done(&order);
		snprintf(line, sizeof(line), "{\"serial\":1," ACTOR "\"ann@desk\",\"sid\":null},\"order\":%s}",
			 orders[i]);
		order = parse(line);
		assert_true(order.actor.name && !order.actor.sid && !order.actor.address && !order.refused);
		order_done(&order);
	}
}

static void test_logon(void **state)
{
	static const struct {
		const char *mode;
		enum drain_verb verb;
		bool changes;
	} modes[] = {
		{ "query", DRAIN_QUERY, false },   { "enable", DRAIN_ENABLE, true },
		{ "disable", DRAIN_DISABLE, true }, { "drain", DRAIN_DRAIN, true },
		{ "drain-until-restart", DRAIN_UNTIL_RESTART, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char line[256];
		struct order order;

		snprintf(line, sizeof(line),
			 "{\"serial\":1,\"order\":\"logon\",\"mode\":\"%s\",\"origin\":\"ann@desk\"%s}", modes[i].mode,
			 i >= 2 ? ",\"text\":\"Kernel\"" : ",\"select\":7,\"sessions\":[]");
		order = parse(line);
		assert_true(order.type == ORDER_LOGON && order.verb == modes[i].verb);
		assert_true(order_changes(&order) == modes[i].changes && !order_means_sessions(&order));
		assert_string_equal(order.origin, "ann@desk");
		assert_true((order.text != NULL) == (i >= 2));
		order_done(&order);
	}
}

/* ---- wrong ones ---- */

static void test_no_json(void **state)
{
	static const char zero[] = "{\"serial\":1,\0\"order\":\"list\"}";
	char *deep = calloc(1, 100001);

	(void)state;
	assert_non_null(deep);
	memset(deep, '[', 100000);
	assert_breach("");
	assert_breach("hello");
	assert_breach("[]");
	assert_breach("7");
	assert_breach("{\"serial\":1,\"order\":\"list\"");
	assert_breach("{\"serial\":1,\"order\":\"list\"} {}");
	assert_breach("{\"serial\":1,\"order\":\"list\",\"order\":\"log-off\"}");
	assert_breach("{\"serial\":99999999999999999999,\"order\":\"list\"}");
	assert_breach("{\"serial\":1,\"order\":\"li\xffst\"}");
	assert_breach("{\"serial\":1,\"order\":\"li\\u0000st\"}");
	assert_breach(deep);
	assert_true(find_fault(zero, sizeof(zero) - 1).breach);
	free(deep);
}

static void test_unknown(void **state)
{
	static const char *const lines[] = {
		"{}", "{\"serial\":4}", "{\"serial\":4,\"order\":\"shut-down\"}", "{\"serial\":4,\"order\":7}",
		"{\"serial\":4,\"order\":\"List\"}", "{\"serial\":4,\"order\":null}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct order_fault fault = find_fault(lines[i], strlen(lines[i]));

		assert_string_equal(fault.kind, "unknown-order");
		assert_true(!fault.breach && fault.serial == (i > 0 ? 4 : 0));
	}
}

static void test_serials(void **state)
{
	(void)state;
	assert_wrong("{\"order\":\"list\"}", "serial");
	assert_wrong("{\"order\":\"list\",\"serial\":0}", "serial");
	assert_wrong("{\"order\":\"list\",\"serial\":-1}", "serial");
	assert_wrong("{\"order\":\"list\",\"serial\":\"1\"}", "serial");
	assert_wrong("{\"order\":\"list\",\"serial\":1.0}", "serial");
	assert_wrong("{\"order\":\"list\",\"serial\":9007199254740993}", "serial");
	assert_wrong("{\"order\":\"cancel\",\"serial\":null}", "serial");
}

#define ALL "\"serial\":1,\"order\":\"log-off\",\"select\":{\"all\":true}"

static void test_fields(void **state)
{
	(void)state;
	assert_wrong("{\"order\":\"list\",\"serial\":1,\"people\":1}", "people");
	assert_wrong("{" ALL ",\"grace\":-1}", "grace");
	assert_wrong("{" ALL ",\"wait\":31622401}", "wait");
	assert_wrong("{" ALL ",\"warn\":1.5}", "warn");
	assert_wrong("{" ALL ",\"warn\":\"60\"}", "warn");
	assert_wrong("{" ALL ",\"warn\":null}", "warn");
	assert_wrong("{" ALL ",\"text\":\"Nobody gets it\"}", "text");
	assert_wrong("{" ALL ",\"reason\":\"\"}", "reason");
	assert_wrong("{" ALL ",\"origin\":\"ann: ended\"}", "origin");
	assert_wrong("{" ALL ",\"run\":\"a.b\"}", "run");
	assert_wrong("{" ALL ",\"run\":\"a\\n\"}", "run");
	assert_wrong("{" ALL ",\"run\":\"\"}", "run");
	assert_wrong("{" ALL ",\"run\":7}", "run");
	assert_wrong("{" ALL ",\"console\":\"yes\"}", "console");
	assert_wrong("{\"order\":\"fate\",\"serial\":1,\"boot\":\"b\",\"id\":\"5\"}", "id");
	assert_wrong("{\"order\":\"fate\",\"serial\":1,\"boot\":\"b\",\"id\":5,\"logon\":1}", "id");
	assert_wrong("{\"order\":\"fate\",\"serial\":1,\"id\":\"5\",\"logon\":1}", "boot");
	assert_wrong("{\"order\":\"fate\",\"serial\":1,\"boot\":\"\",\"id\":\"5\",\"logon\":1}", "boot");
	assert_wrong("{" ALL ",\"boot\":7}", "boot");
	assert_wrong("{\"order\":\"message\",\"serial\":1,\"select\":{\"all\":true}}", "text");
}

static void test_wrong_actors(void **state)
{
	(void)state;
	assert_wrong("{" ALL ",\"actor\":\"ann\"}", "actor");
	assert_wrong("{" ALL ",\"actor\":null}", "actor");
	assert_wrong("{" ALL ",\"actor\":{}}", "actor");
	assert_wrong("{" ALL "," ACTOR "null}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann: ended\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann, reason\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann\\nbob\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"\\u202eann\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann\",\"sid\":\"\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann\",\"sid\":\"S-1 5\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann\",\"sid\":7}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann\",\"address\":\"a b\"}}", "actor");
	assert_wrong("{" ALL "," ACTOR "\"ann\"},\"origin\":\"bob\"}", "origin");
	assert_wrong("{" ALL ",\"refused\":true}", "refused");
	assert_wrong("{" ALL "," ACTOR "\"ann\"},\"refused\":1}", "refused");
}

#define END "{\"serial\":1,\"order\":\"end-processes\""

static void test_wrong_processes(void **state)
{
	(void)state;
	assert_wrong(END "}", "processes");
	assert_wrong(END ",\"processes\":[]}", "processes");
	assert_wrong(END ",\"processes\":{\"pid\":1,\"started\":1}}", "processes");
	assert_wrong(END ",\"processes\":[1]}", "processes");
	assert_wrong(END ",\"processes\":[{\"pid\":1}]}", "processes");
	assert_wrong(END ",\"processes\":[{\"pid\":0,\"started\":1}]}", "processes");
	assert_wrong(END ",\"processes\":[{\"pid\":-1,\"started\":1}]}", "processes");
	assert_wrong(END ",\"processes\":[{\"pid\":2147483648,\"started\":1}]}", "processes");
	assert_wrong(END ",\"processes\":[{\"pid\":\"1\",\"started\":1}]}", "processes");
	assert_wrong(END ",\"processes\":[{\"pid\":1,\"started\":-1}]}", "processes");
	assert_wrong(END ",\"processes\":[{\"pid\":1,\"started\":1.5}]}", "processes");
}

#define LOGON "{\"serial\":1,\"order\":\"logon\""

/* What is not understood changes nothing. */
static void test_modes(void **state)
{
	(void)state;
	assert_wrong(LOGON "}", "mode");
	assert_wrong(LOGON ",\"mode\":null}", "mode");
	assert_wrong(LOGON ",\"mode\":\"\"}", "mode");
	assert_wrong(LOGON ",\"mode\":\"Drain\"}", "mode");
	assert_wrong(LOGON ",\"mode\":\"drainuntilrestart\"}", "mode");
	assert_wrong(LOGON ",\"mode\":[\"drain\"]}", "mode");
	assert_wrong(LOGON ",\"mode\":\"query\",\"text\":\"Kernel\"}", "text");
	assert_wrong(LOGON ",\"mode\":\"enable\",\"text\":\"Kernel\"}", "text");
	assert_wrong(LOGON ",\"mode\":\"drain\",\"text\":\"\"}", "text");
	assert_wrong(LOGON ",\"mode\":\"drain\",\"origin\":\"ann: all\"}", "origin");
}

#define LIST "{\"serial\":1,\"order\":\"list\""
#define LOG_OFF "{\"serial\":1,\"order\":\"log-off\""
#define DISCONNECT "{\"serial\":1,\"order\":\"disconnect\""

/* A selection that is not understood whole would mean too many. */
static void test_targets(void **state)
{
	(void)state;
	assert_wrong(LIST ",\"select\":{}}", "select");
	assert_wrong(LIST ",\"select\":null}", "select");
	assert_wrong(LIST ",\"select\":{\"state\":\"dead\"}}", "state");
	assert_wrong(LIST ",\"select\":{\"kind\":\"greeter\"}}", "kind");
	assert_wrong(LIST ",\"select\":{\"exclude\":[\"bob\"]}}", "select");
	assert_wrong(LIST ",\"select\":{\"all\":true,\"unless\":\"bob\"}}", "select");
	assert_wrong(LIST ",\"select\":{\"idle\":\"2h\"}}", "idle");
	assert_wrong(DISCONNECT "}", "sessions");
	assert_wrong(DISCONNECT ",\"select\":{\"all\":true}}", "select");
	assert_wrong(DISCONNECT ",\"select\":{\"all\":true},\"sessions\":[{\"id\":\"5\",\"logon\":1}]}", "select");
	assert_wrong(LOG_OFF "}", "sessions");
	assert_wrong(LOG_OFF ",\"select\":{\"all\":true},\"sessions\":[]}", "sessions");
	assert_wrong(LOG_OFF ",\"select\":{\"all\":true},\"sessions\":null}", "sessions");
	assert_wrong(LOG_OFF ",\"select\":{},\"sessions\":[{\"id\":\"5\",\"logon\":1}]}", "select");
	assert_wrong(LOG_OFF ",\"select\":null,\"sessions\":[{\"id\":\"5\",\"logon\":1}]}", "select");
	assert_wrong(LOG_OFF ",\"select\":{}}", "select");
	assert_wrong(LOG_OFF ",\"select\":{\"all\":false}}", "select");
	assert_wrong(LOG_OFF ",\"select\":[\"all\"]}", "select");
	assert_wrong(LOG_OFF ",\"select\":{\"exclude\":[\"bob\"]}}", "select");
	assert_wrong(LOG_OFF ",\"select\":{\"all\":true,\"excludes\":[\"bob\"]}}", "select");
	assert_wrong(LOG_OFF ",\"select\":{\"all\":true,\"exclude\":\"bob\"}}", "exclude");
	assert_wrong(LOG_OFF ",\"select\":{\"all\":true,\"exclude\":[]}}", "exclude");
	assert_wrong(LOG_OFF ",\"select\":{\"user\":[\"bob\",7]}}", "user");
	assert_wrong(LOG_OFF ",\"select\":{\"user\":[\"\"]}}", "user");
	assert_wrong(LOG_OFF ",\"select\":{\"idle\":-5}}", "idle");
	assert_wrong(LOG_OFF ",\"sessions\":{\"id\":\"5\",\"logon\":1}}", "sessions");
	assert_wrong(LOG_OFF ",\"sessions\":[]}", "sessions");
	assert_wrong(LOG_OFF ",\"sessions\":[7]}", "sessions");
	assert_wrong(LOG_OFF ",\"sessions\":[{\"id\":\"5\"}]}", "sessions");
	assert_wrong(LOG_OFF ",\"sessions\":[{\"id\":\"\",\"logon\":1}]}", "sessions");
	assert_wrong(LOG_OFF ",\"sessions\":[{\"id\":\"5\",\"logon\":-1}]}", "sessions");
	assert_wrong(LOG_OFF ",\"sessions\":[{\"id\":\"5\",\"logon\":\"1\"}]}", "sessions");
}

/* HEAD, ITEM N times with commas between, and TAIL. The caller frees it. */
static char *repeat(const char *head, const char *item, size_t n, const char *comma, const char *tail)
{
	char *text = malloc(strlen(head) + (strlen(item) + 1) * n + strlen(tail) + 1), *at;

	assert_non_null(text);
	at = stpcpy(text, head);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(stpcpy(at, i ? comma : ""), item);
	strcpy(at, tail);
	return text;
}

static void test_limits(void **state)
{
	static const struct {
		const char *head, *item, *comma, *tail, *object;
		size_t max;
	} limits[] = {
		{ LOG_OFF ",\"sessions\":[", "{\"id\":\"5\",\"logon\":1}", ",", "]}", "sessions",
		  ORDER_IDENTITIES_MAX },
		{ LOG_OFF ",\"select\":{\"user\":[", "\"bob\"", ",", "]}}", "user", 64 },
		{ LOG_OFF ",\"select\":{\"user\":[\"", "b", "", "\"]}}", "user", ORDER_WORD_MAX },
		{ "{" ALL ",\"warn\":1,\"text\":\"", "t", "", "\"}", "text", TEXT_FOR_USERS_MAX },
		{ "{" ALL ",\"origin\":\"", "t", "", "\"}", "origin", ORDER_WORD_MAX },
		{ "{" ALL ",\"run\":\"", "0", "", "\"}", "run", ORDER_RUN_MAX },
		{ DISCONNECT ",\"sessions\":[", "{\"id\":\"5\",\"logon\":1}", ",", "]}", "sessions",
		  ORDER_IDENTITIES_MAX },
		{ END ",\"processes\":[", "{\"pid\":5,\"started\":1}", ",", "]}", "processes", ORDER_IDENTITIES_MAX },
		{ "{" ALL "," ACTOR "\"", "t", "", "\"}}", "actor", ORDER_WORD_MAX },
		{ "{" ALL "," ACTOR "\"t\",\"sid\":\"", "1", "", "\"}}", "actor", ORDER_SID_MAX },
		{ "{" ALL "," ACTOR "\"t\",\"address\":\"", "1", "", "\"}}", "actor", ORDER_ADDRESS_MAX },
		{ LOGON ",\"mode\":\"drain\",\"text\":\"", "t", "", "\"}", "text", DRAIN_TEXT_SIZE - 1 },
		{ LOGON ",\"mode\":\"drain\",\"text\":\"", "\\u001b", "", "\"}", "text", (DRAIN_TEXT_SIZE - 1) / 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		char *most = repeat(limits[i].head, limits[i].item, limits[i].max, limits[i].comma, limits[i].tail);
		char *more =
			repeat(limits[i].head, limits[i].item, limits[i].max + 1, limits[i].comma, limits[i].tail);
		struct order order = parse(most);

		order_done(&order);
		assert_wrong(more, limits[i].object);
		free(most);
		free(more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_of_a_selection),
		cmocka_unit_test(test_log_off_by_selection),
		cmocka_unit_test(test_log_off_by_identities),
		cmocka_unit_test(test_log_off_by_both),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_disconnect),
		cmocka_unit_test(test_end_processes),
		cmocka_unit_test(test_actor),
		cmocka_unit_test(test_logon),
		cmocka_unit_test(test_no_json),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_wrong_actors),
		cmocka_unit_test(test_wrong_processes),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("host/order", tests, NULL, NULL);
}
