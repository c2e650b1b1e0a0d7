/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-dispatch.c - the tables of calls: every call of the specification has a row, every row names a right, and every
 * answer can be encoded, also the one of a call that is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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

/* A program in place of logoff-host, which answers the first order with LINES. */
static void write_program(char *path, const char *lines)
{
	int fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0 && fchmod(fd, 0700) == 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\necho '{\"logoff-host\":1,\"full_control\":true}'\nread order\necho '%s'\n", lines);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(setenv("LOGOFF_SERVER_HOST", path, 1), 0);
}

/* Asks for all processes. */
static void get_processes(const char *lines, struct tsts_ica_get_processes *ret)
{
	static struct tevent_context *ev;	/* a timer of the service stays in it, and looks at the calls */
	struct server server = { .settings = settings_default };
	struct client client = { .server = &server, .uid = 1000, .gid = 1000, .n_users = 1 };
	static struct dcesrv_connection connection;
	static struct dcesrv_call_state state = { .conn = &connection };
	struct session_list none = {};
	struct call *call = talloc_zero(NULL, struct call);
	char path[] = "/tmp/logoff-host-XXXXXX";

	state.state_flags = DCESRV_CALL_STATE_FLAG_MAY_ASYNC;
	ev = ev ? ev : tevent_context_init(NULL);
	server.ev = ev;
	write_program(path, lines);
	replied = false;
	*ret = (struct tsts_ica_get_processes){};
	*call = (struct call){ .state = &state, .interface = &interface_ica, .client = &client, .r = ret, .list = &none,
			       .row = row_find(&interface_ica, TSTS_ICA_GET_PROCESSES) };
	assert_int_equal(call->row->act(call, ret), CALL_LATER);
	while (!replied || client.n_peers > 0)
		assert_int_equal(tevent_loop_once(ev), 0);
	unlink(path);
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
	assert_int_equal(setenv("LOGOFF_SERVER_HOST", "/nonexistent", 1), 0);
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
		cmocka_unit_test(test_a_client_has_so_many_handles),
		cmocka_unit_test(test_the_null_handle_is_none), cmocka_unit_test(test_a_client_has_so_many_waits),
		cmocka_unit_test(test_a_client_has_so_many_calls), cmocka_unit_test(test_there_are_so_many_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
