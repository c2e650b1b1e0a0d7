/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-dispatch.c - the tables of calls: every call of the specification has a row, every row names a right, and every
 * answer can be encoded, also the one of a call that is refused.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#include "server/dispatch.h"

/* The numbers of calls in MS-TSTS 6.1 to 6.3 and 6.7; Windows has private ones beyond them. */
static const struct {
	const struct interface *interface;
	size_t n_calls;
} wanted[] = {
	{ &interface_session, 22 },    { &interface_notification, 4 }, { &interface_enumeration, 12 },
	{ &interface_rcm_public, 12 }, { &interface_rcm_listener, 5 }, { &interface_ica, 76 },
};

static void test_every_call_has_a_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_INTERFACES; i++) {
		assert_ptr_equal(interfaces[i], wanted[i].interface);
		assert_int_equal(interfaces[i]->n_rows, wanted[i].n_calls);
		for (uint32_t opnum = 0; opnum < wanted[i].n_calls; opnum++)
			if (!row_find(interfaces[i], opnum))
				fail_msg("%s has no row %u", interfaces[i]->name, opnum);
		assert_null(row_find(interfaces[i], (uint32_t)wanted[i].n_calls));
		assert_null(row_find(interfaces[i], UINT32_MAX));
	}
}

static void test_every_row_names_a_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_INTERFACES; i++)
		for (size_t k = 0; k < interfaces[i]->n_rows; k++)
			if (interfaces[i]->rows[k].right == RIGHT_UNSET)
				fail_msg("%s %zu names no right", interfaces[i]->name, k);
}

/* What changes a session is never open to every caller. */
static void test_changes_have_their_rights(void **state)
{
	(void)state;
	assert_int_equal(interface_session.rows[TSTS_LOGOFF].right, RIGHT_LOGOFF);
	assert_int_equal(interface_session.rows[TSTS_DISCONNECT].right, RIGHT_DISCONNECT);
	assert_int_equal(interface_session.rows[TSTS_SHOW_MESSAGE_BOX].right, RIGHT_MESSAGE);
	assert_int_equal(interface_ica.rows[TSTS_ICA_RESET].right, RIGHT_RESET);
	assert_int_equal(interface_ica.rows[TSTS_ICA_DISCONNECT].right, RIGHT_DISCONNECT);
	assert_int_equal(interface_ica.rows[TSTS_ICA_SEND_MESSAGE].right, RIGHT_MESSAGE);
}

/* An act needs what the codec has, and a session comes by a handle or by its number. */
static void test_rows_fit_the_codec(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_INTERFACES; i++)
		for (uint32_t k = 0; k < interfaces[i]->n_rows; k++) {
			const struct call_row *row = &interfaces[i]->rows[k];

			if (!row->act)
				continue;
			assert_true(k < interfaces[i]->table->num_calls);
			assert_string_equal(row->name, interfaces[i]->table->calls[k].name);
			assert_true(row->result > 0 && row->result < interfaces[i]->table->calls[k].struct_size);
			assert_int_equal(interfaces[i]->legacy, row->boolean > 0);
			if (row->target == TARGET_SESSION)
				assert_true(row->id > 0 || row->handle == HANDLE_SESSION);
		}
}

static void test_a_refusal_can_be_encoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_INTERFACES; i++)
		for (uint32_t k = 0; k < interfaces[i]->n_rows; k++) {
			const struct call_row *row = &interfaces[i]->rows[k];
			struct call *call = talloc_zero(NULL, struct call);
			struct ndr_push *push = ndr_push_init_ctx(call);

			if (row->act) {
				void *r = talloc_zero_size(call, interfaces[i]->table->calls[k].struct_size);

				if (row->prepare)
					row->prepare(call, r);
				if (interfaces[i]->table->calls[k].ndr_push(push, NDR_OUT, r) != NDR_ERR_SUCCESS)
					fail_msg("%s cannot be refused", row->name);
			}
			talloc_free(call);
		}
}

/* ---- rights ---- */

static struct client client_with(uid_t uid, bool query, enum answer full_control)
{
	return (struct client){ .uid = uid, .in_query_group = query, .full_control = full_control };
}

static void test_rights(void **state)
{
	struct client plain = client_with(1000, false, ANSWER_NO), looker = client_with(1000, true, ANSWER_NO);
	struct client unknown = client_with(1000, false, ANSWER_UNKNOWN), full = client_with(1000, false, ANSWER_YES);
	const enum right changes[] = { RIGHT_LOGOFF, RIGHT_RESET, RIGHT_DISCONNECT, RIGHT_MESSAGE };

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		assert_true(client_may(&plain, changes[i], 1000));
		assert_false(client_may(&plain, changes[i], 1001));
		assert_false(client_may(&looker, changes[i], 1001));
		assert_false(client_may(&unknown, changes[i], 1001));
		assert_true(client_may(&full, changes[i], 1001));
	}
	assert_true(client_may(&plain, RIGHT_QUERY, 1000));
	assert_false(client_may(&plain, RIGHT_QUERY, 1001));
	assert_true(client_may(&looker, RIGHT_QUERY, 1001));
	assert_false(client_may(&full, RIGHT_UNSET, 1000));
}

/* A session of nobody is not that of a client whose number is unknown too. */
static void test_nobodys_session(void **state)
{
	struct client client = client_with((uid_t)-1, false, ANSWER_NO), full = client_with(0, true, ANSWER_YES);
	const struct session services = { .uid = (uid_t)-1 };

	(void)state;
	assert_false(client_may(&client, RIGHT_LOGOFF, (uid_t)-1));
	assert_true(session_allows(&services, &full, RIGHT_QUERY));
	assert_false(session_allows(&services, &full, RIGHT_LOGOFF));
	assert_false(session_allows(&services, &full, RIGHT_MESSAGE));
}

/* ---- changes that are waited for ---- */

/* In place of Samba's: the one handle that there is. */
static struct dcesrv_handle the_handle;

struct dcesrv_handle *dcesrv_handle_lookup(struct dcesrv_call_state *state, const struct policy_handle *wire,
					   uint8_t type)
{
	(void)state, (void)wire, (void)type;
	return &the_handle;
}

/* How many changes the call is answered with, *RET_FIRST the first one. The client can wait for none. */
static uint32_t changes_in(struct session_list *list, struct tsts_change *ret_first)
{
	struct server server = { .settings = settings_default };
	struct client client = { .server = &server, .full_control = ANSWER_YES, .n_waits = settings_default.max_waits };
	struct call *call = talloc_zero(NULL, struct call);
	struct tsts_wait_async r = { .in.handle.handle_type = HANDLE_NOTIFY };
	uint32_t result;

	call->client = &client;
	call->list = list;
	call->r = &r;
	result = interface_notification.rows[TSTS_WAIT_ASYNC].act(call, &r);
	assert_int_equal(result, r.out.n_changes ? RESULT_OK : RESULT_BUSY);
	if (r.out.n_changes)
		*ret_first = r.out.changes[0];
	talloc_free(call);
	return r.out.n_changes;
}

static struct session_list list_of(struct session *items, uint32_t n, bool complete)
{
	return (struct session_list){ .items = items, .n_items = n, .complete = complete };
}

static void test_the_end_of_a_session_whose_begin_does_not_matter(void **state)
{
	struct session session = { .number = 12, .id = "12", .logon_us = 5000000, .uid = 1000 };
	struct session_list one = list_of(&session, 1, true), none = list_of(&session, 0, true);
	struct tsts_change change;

	(void)state;
	the_handle.data = talloc_zero(NULL, struct held);
	*(struct held *)the_handle.data = (struct held){ .number = UINT32_MAX, .mask = TSTS_CHANGE_LOGOFF };
	assert_int_equal(changes_in(&one, &change), 0);
	assert_int_equal(changes_in(&none, &change), 1);
	assert_int_equal(change.session_id, 12);
	assert_int_equal(change.mask, TSTS_CHANGE_LOGOFF);
	assert_int_equal(changes_in(&none, &change), 0);
	TALLOC_FREE(the_handle.data);
}

static void test_a_session_that_a_list_may_lack(void **state)
{
	struct session sessions[] = { { .number = 12, .id = "12", .logon_us = 5000000, .uid = 1000 },
				      { .number = 13, .id = "13", .logon_us = 6000000, .uid = 1000 } };
	struct session_list first = list_of(sessions, 1, true), lacks = list_of(sessions + 1, 1, false);
	struct session_list both = list_of(sessions, 2, true), second = list_of(sessions + 1, 1, true);
	struct tsts_change change;

	(void)state;
	the_handle.data = talloc_zero(NULL, struct held);
	*(struct held *)the_handle.data = (struct held){ .number = UINT32_MAX, .mask = UINT32_MAX };
	assert_int_equal(changes_in(&first, &change), 1);
	assert_int_equal(changes_in(&lacks, &change), 1);
	assert_int_equal(change.session_id, 13);
	assert_int_equal(changes_in(&both, &change), 0);
	assert_int_equal(changes_in(&lacks, &change), 0);
	assert_int_equal(changes_in(&second, &change), 1);
	assert_int_equal(change.session_id, 12);
	assert_int_equal(change.mask, TSTS_CHANGE_LOGOFF | TSTS_CHANGE_TERMINATE);
	TALLOC_FREE(the_handle.data);
}

/* ---- answers of logoff-host ---- */

static bool replied;

/* In place of Samba's. */
NTSTATUS dcesrv_reply(struct dcesrv_call_state *state)
{
	(void)state;
	replied = true;
	return NT_STATUS_OK;
}

static struct tevent_context *loop(void)
{
	static struct tevent_context *ev;	/* a timer of the service stays in it, and looks at the calls */

	ev = ev ? ev : tevent_context_init(NULL);
	return ev;
}

/* Writes SCRIPT into a file PATH, which is to be run in place of logoff-host. */
static void write_script(char *path, const char *script)
{
	int fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0 && fchmod(fd, 0700) == 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\necho '{\"logoff-host\":1,\"full_control\":true}'\n%s\n", script);
	assert_int_equal(fclose(file), 0);
}

/* It answers the first order, which it writes into PATH.order, with LINES. */
static void write_program(char *path, const char *lines)
{
	char *script = talloc_asprintf(NULL, "read -r order\nprintf '%%s\\n' \"$order\" > $0.order\n"
				       "cat << 'END'\n%s\nEND", lines);

	write_script(path, script);
	talloc_free(script);
}

static void remove_program(const char *path)
{
	char *order = talloc_asprintf(NULL, "%s.order", path);

	unlink(path);
	unlink(order);
	talloc_free(order);
}

static struct call *new_call(struct client *client, const struct interface *interface, uint32_t opnum, void *r)
{
	static struct dcesrv_connection connection;
	static struct dcesrv_call_state state = { .conn = &connection };
	struct call *call = talloc_zero(NULL, struct call);

	state.state_flags = DCESRV_CALL_STATE_FLAG_MAY_ASYNC;
	replied = false;
	*call = (struct call){ .state = &state, .interface = interface, .client = client, .r = r, .address = "",
			       .row = row_find(interface, opnum) };
	return call;
}

/* Until the call is answered, and the program has ended. */
static void run_until_idle(const struct client *client)
{
	while (!replied || client->n_peers > 0)
		assert_int_equal(tevent_loop_once(client->server->ev), 0);
}

/* Has call OPNUM of IcaApi carried out by the program at PATH. */
static void ask_program(uint32_t opnum, void *r, const char *path)
{
	struct server server = { .settings = settings_default, .ev = loop(), .program = path };
	struct client client = { .server = &server, .uid = 1000, .gid = 1000, .n_users = 1 };
	struct session_list none = {};
	struct call *call = new_call(&client, &interface_ica, opnum, r);

	call->list = &none;
	if (call->row->prepare)
		call->row->prepare(call, r);
	assert_int_equal(call->row->act(call, r), CALL_LATER);
	run_until_idle(&client);
}

/* Has call OPNUM of IcaApi carried out, whose order is answered with LINES. */
static void ask_host(uint32_t opnum, void *r, const char *lines)
{
	char path[] = "/tmp/logoff-host-XXXXXX";

	write_program(path, lines);
	ask_program(opnum, r, path);
	remove_program(path);
}

/* Asks for all processes. */
static void get_processes(const char *lines, struct tsts_ica_get_processes *ret)
{
	*ret = (struct tsts_ica_get_processes){};
	ask_host(TSTS_ICA_GET_PROCESSES, ret, lines);
}

#define PROCESS "{\"serial\":1,\"process\":{\"pid\":7,\"uid\":1000,\"command\":\"a\"},\"started\":5}\n"
#define REPLY(status) "{\"serial\":1,\"reply\":\"processes\",\"exit_status\":" status ",\"hides_processes\":false}"

/* A part is not answered as all there is. */
static void test_processes_that_could_not_be_listed(void **state)
{
	static const char failure[] = "{\"serial\":1,\"failure\":{\"kind\":\"unreachable\"}}\n";
	struct tsts_ica_get_processes r;
	char *failed = talloc_asprintf(NULL, PROCESS "%s" REPLY("6"), failure);

	(void)state;
	get_processes(PROCESS REPLY("0"), &r);
	assert_int_equal(r.out.status, RESULT_OK);
	assert_int_equal(r.out.result, 1);
	assert_int_equal(r.out.n_processes, 1);
	get_processes(failed, &r);
	assert_int_equal(r.out.status, RESULT_FAILED);
	assert_int_equal(r.out.result, 0);
	get_processes(PROCESS REPLY("6"), &r);
	assert_int_equal(r.out.status, RESULT_FAILED);
	get_processes(PROCESS, &r);
	assert_int_equal(r.out.status, RESULT_FAILED);
	talloc_free(failed);
}

/* The numbers 1 to N of processes, as lines. */
static char *many_processes(unsigned n)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	for (unsigned pid = 1; pid <= n; pid++)
		fprintf(file, "{\"serial\":1,\"process\":{\"pid\":%u,\"uid\":1000},\"started\":5}\n", pid);
	fputs(REPLY("0"), file);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* An answer of the protocol has room for so many. */
static void test_more_processes_than_an_answer_can_have(void **state)
{
	struct tsts_ica_get_processes r;
	char *lines = many_processes(TSTS_MAX_PROCESSES);

	(void)state;
	get_processes(lines, &r);
	assert_int_equal(r.out.status, RESULT_OK);
	assert_int_equal(r.out.n_processes, TSTS_MAX_PROCESSES);
	free(lines);
	lines = many_processes(TSTS_MAX_PROCESSES + 1);
	get_processes(lines, &r);
	assert_int_equal(r.out.status, RESULT_FAILED);
	assert_int_equal(r.out.n_processes, 0);
	free(lines);
}

/* The status of a question for the SID of process 7, which has started 5 s after the kernel. */
static uint32_t sid_status(uint64_t start_time)
{
	struct tsts_ica_get_process_sid r = { .in = { .pid = 7, .start_time = start_time, .n_sid = 68 } };

	ask_host(TSTS_ICA_GET_PROCESS_SID, &r, "{\"serial\":1,\"process\":{\"pid\":6,\"uid\":1000},\"started\":1}\n"
		 "{\"serial\":1,\"process\":{\"pid\":7,\"uid\":1000},\"started\":5000000}\n" REPLY("0"));
	return r.out.status;
}

/* A number may be another process's by now. */
static void test_the_sid_of_a_process_with_another_start(void **state)
{
	struct timespec since;
	int64_t started_us;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &since), 0);
	started_us = clock_real_us() - since.tv_sec * INT64_C(1000000) + 5000000;
	assert_int_equal(sid_status(tsts_filetime(started_us)), RESULT_OK);
	assert_int_equal(sid_status(0), RESULT_OK);	/* the client does not know it */
	assert_int_equal(sid_status(tsts_filetime(started_us - 4000000)), RESULT_INVALID);
	assert_int_equal(sid_status(tsts_filetime(started_us + 4000000)), RESULT_INVALID);
}

/* ---- refusals ---- */

static void read_order(const char *path, char *to, int size)
{
	char *order = talloc_asprintf(NULL, "%s.order", path);
	FILE *file = fopen(order, "r");

	assert_non_null(file);
	assert_non_null(fgets(to, size, file));
	fclose(file);
	talloc_free(order);
}

/* Whatever the worker does with its own. */
static void test_its_program_ignores_no_signal(void **state)
{
	char path[] = "/tmp/logoff-host-XXXXXX", ignored[64];
	struct tsts_ica_get_processes r = {};

	(void)state;
	write_script(path, "read -r order\ngrep '^SigIgn' /proc/self/status > $0.order\necho '" REPLY("0") "'");
	signal(SIGHUP, SIG_IGN);
	ask_program(TSTS_ICA_GET_PROCESSES, &r, path);
	signal(SIGHUP, SIG_DFL);
	read_order(path, ignored, sizeof(ignored));
	remove_program(path);
	assert_string_equal(ignored, "SigIgn:\t0000000000000000\n");
}

/* However many log-offs of the client run, a refusal has its record before it is answered. */
static void test_a_refusal_is_recorded_beyond_the_limit(void **state)
{
	char path[] = "/tmp/logoff-host-XXXXXX", order[512] = "";
	struct server server = { .settings = settings_default, .ev = loop(), .program = path };
	struct client client = { .server = &server, .uid = 1000, .gid = 1000, .n_users = 1, .records = true,
				 .name = "EX\\ann", .sid = "S-1-5-21-1" };
	struct tsts_logoff r = {};
	struct session session = { .number = 12, .id = "12", .logon_us = 5000000, .uid = 1001 };
	struct call *call = new_call(&client, &interface_session, TSTS_LOGOFF, &r);

	(void)state;
	server.settings.max_peers = 0;
	call->session = &session;
	write_program(path, "{\"serial\":1,\"reply\":\"log-off\",\"exit_status\":3,\"hides_processes\":false}");
	assert_int_equal(task_refuse_right(call, RIGHT_LOGOFF), CALL_LATER);
	assert_false(replied);
	run_until_idle(&client);
	assert_int_equal(r.out.result, RESULT_DENIED);
	read_order(path, order, sizeof(order));
	assert_non_null(strstr(order, "\"refused\":true"));
	assert_non_null(strstr(order, "\"sid\":\"S-1-5-21-1\""));
	remove_program(path);
}

/* ---- lists ---- */

struct watcher {
	struct look look;
	struct client *client;
	struct look *asks;		/* for this one it asks when it gets its list */
	bool is_early;			/* gets the first list */
	struct session_list *list;
	unsigned n;
};

static bool is_freed;

static int note_freed(struct session_list *list)
{
	(void)list;
	is_freed = true;
	return 0;
}

static void on_watched(struct look *look, struct session_list *list, uint32_t result)
{
	struct watcher *watcher = (struct watcher *)look;

	assert_int_equal(result, 0);
	assert_false(is_freed && watcher->is_early);
	watcher->list = list;
	watcher->n++;
	if (!watcher->asks)
		return;
	talloc_set_destructor(list, note_freed);
	sessions_get(watcher->client, watcher->asks);
}

/* The list has taken so long that the third one gets another. */
static void test_who_gets_a_list_asks_for_another(void **state)
{
	static struct server server = { .settings.max_all_peers = 1, .host_name = "BOX" };
	struct client *client = talloc_zero(NULL, struct client);	/* its program goes on until this one ends */
	struct watcher third = { .look.got = on_watched }, second = { .look.got = on_watched, .is_early = true };
	struct watcher first = { .look.got = on_watched, .is_early = true, .client = client, .asks = &third.look };
	static char path[] = "/tmp/logoff-host-XXXXXX";

	(void)state;
	server.program = path;
	server.ev = loop();
	*client = (struct client){ .server = &server, .uid = 1000, .gid = 1000, .n_users = 1 };
	write_script(path, "n=0\nwhile read -r order; do sleep 0.3; n=$((n + 1))\n"
		     "echo '{\"serial\":'$n',\"reply\":\"list\",\"exit_status\":0,\"hides_processes\":false}'; done");
	is_freed = false;
	sessions_get(client, &first.look);
	sessions_get(client, &second.look);
	while (third.n == 0)
		assert_int_equal(tevent_loop_once(server.ev), 0);
	assert_true(first.n == 1 && second.n == 1 && third.n == 1);
	assert_ptr_equal(first.list, second.list);
	unlink(path);
}

/* ---- limits ---- */

/* Samba is not asked for a handle beyond the limit: there is no call. */
static void test_a_client_has_so_many_handles(void **state)
{
	struct server server = { .settings = settings_default };
	struct client client = { .server = &server, .n_handles = settings_default.max_handles };
	struct policy_handle wire;

	(void)state;
	assert_null(handle_new(NULL, &client, HANDLE_SESSION, &wire));
	assert_int_equal(client.n_handles, settings_default.max_handles);
}

static void test_the_null_handle_is_none(void **state)
{
	const struct policy_handle null = { 0 };

	(void)state;
	assert_null(handle_find(NULL, &null, HANDLE_SESSION));
}

static void test_a_client_has_so_many_waits(void **state)
{
	struct server server = { .settings = settings_default };
	struct client client = { .server = &server, .n_waits = settings_default.max_waits };
	struct call call = { .client = &client };

	(void)state;
	assert_int_equal(call_wait(&call, 1000, NULL), RESULT_BUSY);
	assert_int_equal(client.n_waits, settings_default.max_waits);
	assert_false(call.later);
}

/* Not even a list is begun for a call beyond the limit. */
static void test_a_client_has_so_many_calls(void **state)
{
	struct server server = { .settings = settings_default };
	struct client client = { .server = &server, .n_later = UINT32_MAX };
	struct tsts_get_all_sessions r = { .in.level = 1 };
	struct call call = { .client = &client, .interface = &interface_enumeration, .r = &r,
			     .row = row_find(&interface_enumeration, TSTS_GET_ALL_SESSIONS) };
	struct dcesrv_interface samba;

	(void)state;
	dispatch_fill(&samba, &interface_enumeration);
	assert_true(NT_STATUS_IS_OK(samba.dispatch(NULL, NULL, &call)));
	assert_int_equal(r.out.result, RESULT_BUSY);
	assert_null(client.listing);
}

/* No process is started for an order beyond the limit. */
static void test_there_are_so_many_processes(void **state)
{
	static const struct order_calls calls;
	struct server server = { .settings = settings_default, .n_peers = settings_default.max_all_peers };
	struct client client = { .server = &server };
	uint32_t result = 0;

	(void)state;
	assert_null(order_give(&client, json_object(), true, 1, &calls, NULL, &result));
	assert_int_equal(result, RESULT_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call_has_a_row), cmocka_unit_test(test_every_row_names_a_right),
		cmocka_unit_test(test_changes_have_their_rights), cmocka_unit_test(test_rows_fit_the_codec),
		cmocka_unit_test(test_a_refusal_can_be_encoded), cmocka_unit_test(test_rights),
		cmocka_unit_test(test_nobodys_session),
		cmocka_unit_test(test_the_end_of_a_session_whose_begin_does_not_matter),
		cmocka_unit_test(test_a_session_that_a_list_may_lack),
		cmocka_unit_test(test_processes_that_could_not_be_listed),
		cmocka_unit_test(test_more_processes_than_an_answer_can_have),
		cmocka_unit_test(test_the_sid_of_a_process_with_another_start),
		cmocka_unit_test(test_its_program_ignores_no_signal),
		cmocka_unit_test(test_a_refusal_is_recorded_beyond_the_limit),
		cmocka_unit_test(test_who_gets_a_list_asks_for_another),
		cmocka_unit_test(test_a_client_has_so_many_handles),
		cmocka_unit_test(test_the_null_handle_is_none), cmocka_unit_test(test_a_client_has_so_many_waits),
		cmocka_unit_test(test_a_client_has_so_many_calls), cmocka_unit_test(test_there_are_so_many_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
