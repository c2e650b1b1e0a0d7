/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * faults.c - what makes the MS-TSTS service one that tests can order to do wrong: a thin layer between Samba and
 * dispatch.c, for a worker that is never installed.
 *
 * The address that the client connected to chooses the server: the folder $SERVERS/ADDRESS. Each has a memory host of
 * its own, which is described in "host" there, and faults in the file "faults", a line each: the call, and what is
 * wrong with it (README.md). What comes and goes is written there: "calls", "answers", and "deeds", what the service
 * wants done.
 *
 * The linker puts the functions with __wrap_ in place of those of the service (domain.py).
 */
#include "server/dispatch.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tsocket.h>

#include "base/clock.h"

#define GONE_US 100000			/* so often a call that is never answered looks for its client */

/* ---- servers ---- */

struct place {
	struct place *next;
	char *folder;
	ino_t inode;			/* a later case has another folder of that name */
	struct server server;
};

static struct place *places;
static TALLOC_CTX *of_places;		/* one parent for all: Samba looks through what has none, for each connection */

static char *folder_of(TALLOC_CTX *mem, struct dcesrv_connection *connection)
{
	char *(*to_text)(const struct tsocket_address *, TALLOC_CTX *) =
		(char *(*)(const struct tsocket_address *, TALLOC_CTX *))dlsym(RTLD_DEFAULT,
									       "tsocket_address_inet_addr_string");
	const struct tsocket_address *address = dcesrv_connection_get_local_address(connection);
	char *text = to_text && address ? to_text(address, mem) : NULL;
	char *folder = talloc_asprintf(mem, "%s/%s", getenv("SERVERS"), text ? text : "none");

	talloc_free(text);
	return folder;
}

/* Returns NULL if there is no such server. */
static struct server *server_at(const struct server *base, struct dcesrv_connection *connection)
{
	char *folder = folder_of(NULL, connection);
	struct place *place;
	struct stat st;

	if (stat(folder, &st) < 0) {
		talloc_free(folder);
		return NULL;
	}
	for (place = places; place; place = place->next)
		if (place->inode == st.st_ino && strcmp(place->folder, folder) == 0)
			break;
	if (!place) {
		of_places = of_places ? of_places : talloc_new(NULL);
		place = talloc_zero(of_places, struct place);
		*place = (struct place){ .next = places, .folder = talloc_strdup(place, folder), .inode = st.st_ino,
					 .server = *base };
		place->server.memory = talloc_asprintf(place, "memory:%s/host", folder);
		place->server.clients = NULL;
		numbers_open(&place->server.numbers, NULL);
		places = place;
	}
	place->server.ev = base->ev;
	talloc_free(folder);
	return &place->server;
}

struct client *__real_client_of(struct server *server, struct dcesrv_call_state *state);
struct client *__wrap_client_of(struct server *server, struct dcesrv_call_state *state);

struct client *__wrap_client_of(struct server *server, struct dcesrv_call_state *state)
{
	struct server *own = server_at(server, state->conn);

	return own ? __real_client_of(own, state) : NULL;
}

/* ---- faults ---- */

struct fault {
	bool exit_before, exit_after, undone, never, has_result, has_cut, hides;
	uint32_t late_ms, rpc, result, cut, surplus, hidden, poke_at;
	char *raw, *poke;		/* in hex; NULL: none */
};

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

static void take_word(struct fault *fault, char *key, char *value)
{
	if (strcmp(key, "exit") == 0)
		*(strcmp(value, "before") == 0 ? &fault->exit_before : &fault->exit_after) = true;
	else if (strcmp(key, "undone") == 0)
		fault->undone = true;
	else if (strcmp(key, "late") == 0 && strcmp(value, "never") == 0)
		fault->never = true;
	else if (strcmp(key, "late") == 0)
		fault->late_ms = number(value);
	else if (strcmp(key, "rpc") == 0)
		fault->rpc = number(value);
	else if (strcmp(key, "result") == 0)
		fault->has_result = true, fault->result = number(value);
	else if (strcmp(key, "cut") == 0)
		fault->has_cut = true, fault->cut = number(value);
	else if (strcmp(key, "surplus") == 0)
		fault->surplus = number(value);
	else if (strcmp(key, "hide") == 0)
		fault->hides = true, fault->hidden = number(value);
	else if (strcmp(key, "raw") == 0)
		fault->raw = talloc_strdup(fault, value);
	else if (strcmp(key, "poke") == 0)
		fault->poke_at = number(value), fault->poke = talloc_strdup(fault, strchr(value, ':') + 1);
	else
		fprintf(stderr, "faults: %s: there is no such word\n", key);
}

/* How often the fault of that line has fitted before. A file has it, as the worker may die of a fault. */
static unsigned count_told(const char *folder, unsigned line)
{
	char *path = talloc_asprintf(NULL, "%s/told", folder);
	FILE *file = fopen(path, "a+e");
	unsigned one, n = 0;

	talloc_free(path);
	if (!file)
		return 0;
	while (fscanf(file, "%u", &one) == 1)
		n += one == line;
	fprintf(file, "%u\n", line);
	fclose(file);
	return n;
}

/* Parses TEXT, a line of the file, if it is for CALL on SESSION (-1: none). Returns NULL if it is not. */
static struct fault *parse_fault(TALLOC_CTX *mem, const char *folder, char *text, unsigned line, const char *call,
				 int64_t session)
{
	struct fault *fault = talloc_zero(mem, struct fault);
	char *rest, *word = strtok_r(text, " \n", &rest);
	unsigned skip = 0, times = 0, told;

	if (!word || strcmp(word, call) != 0)
		goto out;
	while ((word = strtok_r(NULL, " \n", &rest))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		if (strcmp(word, "skip") == 0)
			skip = number(value);
		else if (strcmp(word, "times") == 0)
			times = number(value);
		else if (strcmp(word, "session") != 0)
			take_word(fault, word, value);
		else if (number(value) != session)
			goto out;
	}
	if (skip == 0 && times == 0)
		return fault;
	told = count_told(folder, line);
	if (told >= skip && (times == 0 || told < skip + times))
		return fault;
out:
	talloc_free(fault);
	return NULL;
}

/* The first fault that fits, or NULL. */
static struct fault *find_fault(TALLOC_CTX *mem, const char *folder, const char *call, int64_t session)
{
	char *path = talloc_asprintf(mem, "%s/faults", folder), *text = NULL;
	FILE *file = fopen(path, "re");
	struct fault *fault = NULL;
	size_t size = 0;

	for (unsigned line = 0; !fault && file && getline(&text, &size, file) > 0; line++)
		fault = parse_fault(mem, folder, text, line, call, session);
	free(text);
	if (file)
		fclose(file);
	return fault;
}

/* ---- calls under way ---- */

struct watched {
	struct watched *next;
	struct dcesrv_call_state *state;
	const char *name, *folder;
	int64_t session;		/* that it is about; -1: none */
	struct fault *fault;		/* NULL: all goes well */
};

static struct watched *watched;

static int forget(struct watched *one)
{
	struct watched **at = &watched;

	while (*at && *at != one)
		at = &(*at)->next;
	if (*at)
		*at = one->next;
	return 0;
}

static struct watched *watched_of(const struct dcesrv_call_state *state)
{
	struct watched *one = watched;

	while (one && one->state != state)
		one = one->next;
	return one;
}

static const struct fault *fault_of(const struct call *call)
{
	static const struct fault none;
	const struct watched *one = watched_of(call->state);

	return one && one->fault ? one->fault : &none;
}

/* The name without "Rpc". */
static const char *name_of(const struct interface *interface, uint32_t opnum)
{
	const struct call_row *row = row_find(interface, opnum);

	if (!row)
		return "unknown";
	return strncmp(row->name, "Rpc", 3) == 0 ? row->name + 3 : row->name;
}

/* ---- what is written down ---- */

static void write_record(const char *folder, const char *name, json_t *record)
{
	char *path = talloc_asprintf(NULL, "%s/%s", folder, name);
	FILE *file = fopen(path, "ae");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (file && json_object_set_new(record, "time", json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9)) == 0) {
		char *text = json_dumps(record, JSON_COMPACT);

		fprintf(file, "%s\n", text ? text : "");
		free(text);
	}
	if (file)
		fclose(file);
	json_decref(record);
	talloc_free(path);
}

static json_t *hex(const uint8_t *bytes, size_t n)
{
	char text[8193] = "";

	for (size_t i = 0; i < n && i < sizeof(text) / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static void record_call(const struct watched *one, const struct client *client, const struct interface *interface,
			const struct ndr_pull *pull)
{
	enum dcerpc_AuthType type;
	enum dcerpc_AuthLevel level;

	dcesrv_call_auth_info(one->state, &type, &level);
	write_record(one->folder, "calls", json_pack("{s:s, s:s, s:i, s:s, s:s, s:i, s:i, s:o}", "call", one->name,
		"interface", interface->name, "opnum", (int)one->state->pkt.u.request.opnum, "user", client->account,
		"domain", client->domain, "auth_type", (int)type, "auth_level", (int)level, "request",
		hex(pull->data, pull->data_size)));
}

static void record_answer(const struct watched *one, uint32_t result, const struct ndr_push *push)
{
	write_record(one->folder, "answers", json_pack("{s:s, s:I, s:I, s:i, s:o}", "call", one->name, "result",
		(json_int_t)result, "session", (json_int_t)one->session, "size", (int)push->offset, "answer",
		hex(push->data, push->offset)));
}

/* MORE is stolen. */
static void record_deed(const struct call *call, const char *deed, json_t *more)
{
	const struct watched *one = watched_of(call->state);
	json_t *record = json_pack("{s:s, s:s, s:I}", "deed", deed, "user", call->client->account, "session",
				   (json_int_t)(one ? one->session : -1));

	(void)json_object_update_new(record, more);
	if (one)
		write_record(one->folder, "deeds", record);
}

/* ---- what the service does, and pretends to do ---- */

uint32_t __real_task_log_off(struct call *call, unsigned grace_s, unsigned warn_s, bool wait);
uint32_t __wrap_task_log_off(struct call *call, unsigned grace_s, unsigned warn_s, bool wait);
uint32_t __real_task_disconnect(struct call *call);
uint32_t __wrap_task_disconnect(struct call *call);
uint32_t __real_task_message(struct call *call, const char *title, const char *text, uint32_t style, uint32_t timeout_s,
			     bool wait, uint32_t *ret_response);
uint32_t __wrap_task_message(struct call *call, const char *title, const char *text, uint32_t style, uint32_t timeout_s,
			     bool wait, uint32_t *ret_response);
uint32_t __real_task_begin(struct call *call, json_t *order, bool changes, unsigned answer_s, unsigned order_s,
			   const struct task_calls *calls, size_t data_size);
uint32_t __wrap_task_begin(struct call *call, json_t *order, bool changes, unsigned answer_s, unsigned order_s,
			   const struct task_calls *calls, size_t data_size);
uint32_t __real_call_wait(struct call *call, uint32_t milliseconds,
			  bool (*is_ready)(struct call *call, const struct session_list *list, uint32_t *ret_result));
uint32_t __wrap_call_wait(struct call *call, uint32_t milliseconds,
			  bool (*is_ready)(struct call *call, const struct session_list *list, uint32_t *ret_result));
NTSTATUS __real_dcesrv_reply(struct dcesrv_call_state *state);
NTSTATUS __wrap_dcesrv_reply(struct dcesrv_call_state *state);
void __real_dispatch_fill(struct dcesrv_interface *ret, const struct interface *interface);
void __wrap_dispatch_fill(struct dcesrv_interface *ret, const struct interface *interface);

uint32_t __wrap_task_log_off(struct call *call, unsigned grace_s, unsigned warn_s, bool wait)
{
	record_deed(call, call->interface->legacy ? "reset" : "logoff", json_object());
	return fault_of(call)->undone ? RESULT_OK : __real_task_log_off(call, grace_s, warn_s, wait);
}

uint32_t __wrap_task_disconnect(struct call *call)
{
	record_deed(call, "disconnect", json_object());
	return fault_of(call)->undone ? RESULT_OK : __real_task_disconnect(call);
}

uint32_t __wrap_task_message(struct call *call, const char *title, const char *text, uint32_t style, uint32_t timeout_s,
			     bool wait, uint32_t *ret_response)
{
	record_deed(call, "message", json_pack("{s:s, s:s, s:I, s:I, s:b}", "title", title, "text", text, "style",
		    (json_int_t)style, "timeout", (json_int_t)timeout_s, "wait", wait));
	return __real_task_message(call, title, text, style, timeout_s, wait, ret_response);
}

/* Only the end of a process comes here as a change. */
uint32_t __wrap_task_begin(struct call *call, json_t *order, bool changes, unsigned answer_s, unsigned order_s,
			   const struct task_calls *calls, size_t data_size)
{
	const json_t *process = json_array_get(json_object_get(order, "processes"), 0);

	if (changes)
		record_deed(call, "terminate", json_pack("{s:O}", "pid", json_object_get(process, "pid")));
	if (!changes || !fault_of(call)->undone)
		return __real_task_begin(call, order, changes, answer_s, order_s, calls, data_size);
	json_decref(order);
	return RESULT_OK;
}

uint32_t __wrap_call_wait(struct call *call, uint32_t milliseconds,
			  bool (*is_ready)(struct call *call, const struct session_list *list, uint32_t *ret_result))
{
	return fault_of(call)->undone ? RESULT_OK : __real_call_wait(call, milliseconds, is_ready);
}

/* ---- the clock of a server that has a worker of its own ---- */

int64_t __real_clock_real_us(void);
int64_t __wrap_clock_real_us(void);

int64_t __wrap_clock_real_us(void)
{
	const char *ahead_s = getenv("AHEAD");

	return __real_clock_real_us() + (ahead_s ? strtoll(ahead_s, NULL, 10) * 1000000 : 0);
}

/* ---- when it is answered ---- */

static void answer_now(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	(void)ev, (void)timer, (void)t;
	(void)__real_dcesrv_reply(data);
}

/* Samba keeps the connection until all calls are answered: this one is when nobody hears it. */
static void answer_nobody(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct dcesrv_call_state *state = data;

	(void)timer, (void)t;
	if (state->conn->terminate)
		(void)__real_dcesrv_reply(state);
	else
		(void)tevent_add_timer(ev, state, tevent_timeval_current_ofs(0, GONE_US), answer_nobody, state);
}

/* Returns whether the answer is put off. */
static bool put_off(struct dcesrv_call_state *state)
{
	const struct watched *one = watched_of(state);
	struct timeval at;

	if (!one || !one->fault || (!one->fault->never && !one->fault->late_ms))
		return false;
	at = tevent_timeval_current_ofs(one->fault->late_ms / 1000, one->fault->late_ms % 1000 * 1000);
	return tevent_add_timer(state->event_ctx, state, at, one->fault->never ? answer_nobody : answer_now, state);
}

NTSTATUS __wrap_dcesrv_reply(struct dcesrv_call_state *state)
{
	return put_off(state) ? NT_STATUS_OK : __real_dcesrv_reply(state);
}

/* ---- from a packet to an answer ---- */

static struct dcesrv_interface originals[N_INTERFACES];

static const struct dcesrv_interface *original(const struct interface *interface)
{
	size_t i = 0;

	while (originals[i].private_data != interface)
		i++;
	return &originals[i];
}

static NTSTATUS on_bind(struct dcesrv_connection_context *context, const struct dcesrv_interface *dce)
{
	const struct interface *interface = dce->private_data;
	TALLOC_CTX *mem = talloc_new(NULL);
	char *name = talloc_asprintf(mem, "bind-%s", interface->name);
	bool refused = find_fault(mem, folder_of(mem, context->conn), name, -1);

	talloc_free(mem);
	return refused ? NT_STATUS_ACCESS_DENIED : original(interface)->bind(context, dce);
}

static int64_t session_of(struct call *call)
{
	const struct held *held;

	if (!call->row->act || call->row->target != TARGET_SESSION)
		return -1;
	if (call->row->id)
		return *(const uint32_t *)((const char *)call->r + call->row->id - 1);
	held = handle_find(call->state, call->r, call->row->handle);
	return held && held->id ? number_of_id(held->id) : -1;
}

static NTSTATUS on_pull(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_pull *pull, void **r)
{
	const struct interface *interface = state->context->iface->private_data;
	NTSTATUS status = original(interface)->ndr_pull(state, mem, pull, r);
	struct watched *one = talloc_zero(state, struct watched);

	if (!NT_STATUS_IS_OK(status))
		return status;
	*one = (struct watched){ .next = watched, .state = state, .session = session_of(*r),
				 .name = name_of(interface, state->pkt.u.request.opnum),
				 .folder = folder_of(one, state->conn) };
	watched = one;
	talloc_set_destructor(one, forget);
	record_call(one, ((struct call *)*r)->client, interface, pull);
	one->fault = find_fault(one, one->folder, one->name, one->session);
	return status;
}

static NTSTATUS on_dispatch(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	const struct interface *interface = state->context->iface->private_data;
	struct watched *one = watched_of(state);
	NTSTATUS status;

	if (one->fault && one->fault->exit_before)
		_exit(1);
	status = original(interface)->dispatch(state, mem, r);
	if (NT_STATUS_IS_OK(status) && !(state->state_flags & DCESRV_CALL_STATE_FLAG_ASYNC) && put_off(state))
		state->state_flags |= DCESRV_CALL_STATE_FLAG_ASYNC;
	return status;
}

/* ---- answers that are wrong ---- */

/* Takes a session out of the list of RpcGetAllSessionsEx or RpcWinStationEnumerate. */
static void hide(const struct watched *one, void *data)
{
	struct tsts_get_all_sessions_ex *all = data;
	struct tsts_ica_enumerate *legacy = data;
	uint32_t n = 0;

	if (strcmp(one->name, "GetAllSessionsEx") == 0) {
		for (uint32_t i = 0; i < all->out.n_sessions; i++)
			if (all->out.sessions[i].id != one->fault->hidden)
				all->out.sessions[n++] = all->out.sessions[i];
		all->out.n_sessions = n;
	} else if (strcmp(one->name, "WinStationEnumerate") == 0) {
		uint8_t *bytes = (uint8_t *)(uintptr_t)legacy->out.data;
		struct tsts_logonid logonid;

		for (uint32_t i = 0; i < legacy->out.n_entries; i++)
			if (!tsts_logonid_pull(&logonid, bytes + i * TSTS_LOGONID_SIZE, TSTS_LOGONID_SIZE) ||
			    logonid.session_id != one->fault->hidden)
				memmove(bytes + n++ * TSTS_LOGONID_SIZE, bytes + i * TSTS_LOGONID_SIZE, TSTS_LOGONID_SIZE);
		legacy->out.n_entries = n;
	}
}

static uint32_t *result_of(const struct call *call)
{
	return (uint32_t *)((char *)call->r + call->row->result);
}

static void set_result(const struct call *call, uint32_t result)
{
	*result_of(call) = result;
	if (call->interface->legacy && call->row->act)
		*(uint32_t *)((char *)call->r + call->row->boolean) = tsts_ok(result) || result == RESULT_NO_MORE_ENTRIES;
}

static void put_bytes(struct ndr_push *push, uint32_t at, const char *text)
{
	for (; text[0] && text[1] && at < push->offset; at++, text += 2)
		push->data[at] = (uint8_t)strtoul((char[]){ text[0], text[1], '\0' }, NULL, 16);
}

static enum ndr_err_code spoil(const struct fault *fault, struct ndr_push *push)
{
	if (fault->raw) {
		push->offset = 0;
		NDR_CHECK(ndr_push_zero(push, (uint32_t)strlen(fault->raw) / 2));
		put_bytes(push, 0, fault->raw);
	}
	if (fault->poke && fault->poke_at + strlen(fault->poke) / 2 <= push->offset)
		put_bytes(push, fault->poke_at, fault->poke);
	if (fault->has_cut && fault->cut < push->offset)
		push->offset = fault->cut;
	for (uint32_t i = 0; i < fault->surplus; i++)
		NDR_CHECK(ndr_push_bytes(push, (const uint8_t *)"\xa5", 1));
	return NDR_ERR_SUCCESS;
}

static NTSTATUS on_push(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_push *push, const void *r)
{
	const struct interface *interface = state->context->iface->private_data;
	const struct call *call = r;
	const struct watched *one = watched_of(state);
	const struct fault *fault = one->fault;
	NTSTATUS status;

	if (fault && fault->exit_after)
		_exit(1);
	if (fault && fault->has_result)
		set_result(call, fault->result);
	if (fault && fault->hides)
		hide(one, call->r);
	status = original(interface)->ndr_push(state, mem, push, r);
	if (NT_STATUS_IS_OK(status) && fault && (fault->rpc || spoil(fault, push) != NDR_ERR_SUCCESS)) {
		state->fault_code = fault->rpc ? fault->rpc : DCERPC_FAULT_NDR;
		return NT_STATUS_NET_WRITE_FAULT;
	}
	if (NT_STATUS_IS_OK(status) && !state->conn->terminate)	/* else nobody hears it */
		record_answer(one, *result_of(call), push);
	return status;
}

void __wrap_dispatch_fill(struct dcesrv_interface *ret, const struct interface *interface)
{
	static size_t n;

	__real_dispatch_fill(ret, interface);
	originals[n++ % N_INTERFACES] = *ret;
	ret->bind = on_bind;
	ret->ndr_pull = on_pull;
	ret->dispatch = on_dispatch;
	ret->ndr_push = on_push;
}
