/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rpcd_memory.c - a worker of samba-dcerpcd that serves MS-TSTS over hosts in text files (memory.h), for tests.
 *
 * Samba does SMB, authentication, sealing and fragments; the product's own tables (src/tsts) do the encoding. The address
 * that the client connected to chooses the host: $SERVERS/ADDRESS. Whatever is called is written, a JSON object a line, to
 * "calls" there, with the stubs in hex; what is done, to "deeds". Any answer can be made wrong by a fault in the file.
 *
 * rpc_worker_main() is private to Samba: it is taken by name at run time, as its symbol version changes with each package.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <samba/version.h>
#include <dcesrv_core.h>
#include <dcerpc.h>
#include <gen_ndr/auth.h>
#include <gen_ndr/security.h>
#include <tevent.h>
#include <tsocket.h>

#include "memory.h"
#include "tsts/tsts.h"

#define POLL_US 10000
#define WIN32(code) (UINT32_C(0x80070000) | (code))
#define NO_SESSION WIN32(2)
#define NOT_FOUND WIN32(7022)
#define DENIED WIN32(5)
#define TIMED_OUT WIN32(1460)
#define NO_MORE_ENTRIES UINT32_C(0x8000001a)
#define FULL_DESKTOP { 0x0f0a4bf8, 0x8362, 0x435d, { 0x93, 0x8c }, { 0x22, 0x2a, 0x51, 0x8a, 0x8b, 0x78 } }

/* Rights, MS-TSTS 3.1.1 */
enum { QUERY = 0x1, RESET = 0x4, LOGOFF = 0x40, MESSAGE = 0x80, DISCONNECT = 0x200, ALL = 0x3ff };

/* Types of context handles. */
enum { H_SESSION = 1, H_ENUM, H_NOTIFY, H_LISTENER, H_ICA };

/* One call under way. */
struct call {
	struct call *next;
	struct dcesrv_call_state *state;
	const struct row *row;
	const char *folder;
	struct memory *host;
	struct memory_fault *fault;
	const char *user, *domain;
	bool admin, rdp_user;
	int64_t session;		/* that it is about; -1: none */
	uint32_t *result;		/* where its HRESULT goes, or its status */
	uint32_t *boolean;		/* of IcaApi */
	bool (*ready)(struct call *);	/* of one that waits: whether it can be answered now */
	double logon, deadline;
	uint32_t answer;
	void *r;
};

/* One call that is served. */
struct row {
	uint32_t opnum;
	const char *name;
	uint32_t (*act)(struct call *call, void *r);
	size_t result, boolean;		/* where they are in the structure; boolean 0: none */
};

struct interface {
	const struct ndr_interface_table *table;
	const char *endpoint, *name;
	const struct row *rows;
	size_t n_rows;
};

static struct call *calls;

/* ---- small things ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t filetime(double t)
{
	return tsts_filetime((int64_t)(t * 1e6));
}

static const char *text(const char *text)
{
	return text ? text : "";
}

#define COPY(field, value) snprintf(field, sizeof(field), "%s", text(value))

static struct call *call_of(struct dcesrv_call_state *state)
{
	struct call *call;

	for (call = calls; call && call->state != state; call = call->next)
		;
	return call;
}

static int forget(struct call *call)
{
	struct call **at;

	for (at = &calls; *at && *at != call; at = &(*at)->next)
		;
	if (*at)
		*at = call->next;
	return 0;
}

/* The address that the client connected to. */
static const char *local_address(TALLOC_CTX *mem, struct dcesrv_connection *connection)
{
	char *(*to_text)(const struct tsocket_address *, TALLOC_CTX *) =
		(char *(*)(const struct tsocket_address *, TALLOC_CTX *))dlsym(RTLD_DEFAULT, "tsocket_address_inet_addr_string");
	const struct tsocket_address *address = dcesrv_connection_get_local_address(connection);

	return to_text && address ? to_text(address, mem) : NULL;
}

static const char *folder_of(TALLOC_CTX *mem, struct dcesrv_connection *connection)
{
	const char *address = local_address(mem, connection);

	return talloc_asprintf(mem, "%s/%s", getenv("SERVERS"), address ? address : "none");
}

/* ---- what is written down ---- */

static void put_text(FILE *out, const char *name, const char *value)
{
	fprintf(out, ", \"%s\": \"", name);
	for (; *text(value); value++)
		if ((unsigned char)*value < ' ' || *value == '"' || *value == '\\' || *value == 0x7f)
			fprintf(out, "\\u%04x", (unsigned char)*value);
		else
			fputc(*value, out);
	fputc('"', out);
}

static void put_bytes(FILE *out, const char *name, const uint8_t *bytes, size_t n)
{
	fprintf(out, ", \"%s\": \"", name);
	for (size_t i = 0; i < n && i < 4096; i++)
		fprintf(out, "%02x", bytes[i]);
	fputc('"', out);
}

static FILE *begin_record(TALLOC_CTX *mem, const char *folder, const char *file)
{
	FILE *out = fopen(talloc_asprintf(mem, "%s/%s", folder, file), "ae");

	if (out)
		fprintf(out, "{\"time\": %.6f", now());
	return out;
}

static void end_record(FILE *out)
{
	fputs("}\n", out);
	fclose(out);
}

static void put_caller(FILE *out, struct call *call)
{
	enum dcerpc_AuthType type;
	enum dcerpc_AuthLevel level;

	dcesrv_call_auth_info(call->state, &type, &level);
	put_text(out, "user", call->user);
	put_text(out, "domain", call->domain);
	fprintf(out, ", \"auth_type\": %d, \"auth_level\": %d", type, level);
	fprintf(out, ", \"pipe\": \"%p\", \"call_id\": %u", (void *)call->state->conn, call->state->pkt.call_id);
}

static void record_call(struct call *call, const uint8_t *stub, size_t n)
{
	FILE *out = begin_record(call, call->folder, "calls");

	if (!out)
		return;
	put_text(out, "call", call->row->name);
	put_text(out, "interface", call->state->context->iface->name);
	fprintf(out, ", \"opnum\": %u", call->state->pkt.u.request.opnum);
	put_caller(out, call);
	put_bytes(out, "request", stub, n);
	end_record(out);
}

static void record_answer(struct call *call, const char *kind, const uint8_t *stub, size_t n)
{
	FILE *out = begin_record(call, call->folder, "answers");

	if (!out)
		return;
	put_text(out, "call", call->row->name);
	put_text(out, "kind", kind);
	fprintf(out, ", \"result\": %u, \"session\": %lld, \"size\": %zu", call->result ? *call->result : 0,
		(long long)call->session, n);
	put_bytes(out, "answer", stub, n);
	end_record(out);
}

static FILE *begin_deed(struct call *call, const char *deed)
{
	FILE *out = begin_record(call, call->folder, "deeds");

	if (!out)
		return NULL;
	put_text(out, "deed", deed);
	put_caller(out, call);
	fprintf(out, ", \"session\": %lld", (long long)call->session);
	return out;
}

static void record_deed(struct call *call, const char *deed)
{
	FILE *out = begin_deed(call, deed);

	if (out)
		end_record(out);
}

/* ---- who may what ---- */

static void sid_text(const struct dom_sid *sid, char *to, size_t size)
{
	int n = snprintf(to, size, "S-%u-%u", sid->sid_rev_num, sid->id_auth[5]);

	for (int i = 0; i < sid->num_auths && i < 15 && n < (int)size; i++)
		n += snprintf(to + n, size - (size_t)n, "-%u", sid->sub_auths[i]);
}

static bool has_sid(const struct security_token *token, const char *wanted)
{
	char have[TSTS_SID_TEXT_SIZE];

	for (uint32_t i = 0; i < token->num_sids; i++) {
		sid_text(&token->sids[i], have, sizeof(have));
		if (strcmp(have, wanted) == 0)
			return true;
	}
	return false;
}

/* Returns false for nobody in particular. */
static bool know_caller(struct call *call)
{
	struct auth_session_info *info = dcesrv_call_session_info(call->state);

	if (!info || !info->info || !info->security_token || !dcesrv_call_authenticated(call->state))
		return false;
	call->user = info->info->account_name;
	call->domain = info->info->domain_name;
	call->admin = has_sid(info->security_token, "S-1-5-32-544");
	call->rdp_user = has_sid(info->security_token, "S-1-5-32-555");
	return !has_sid(info->security_token, "S-1-5-7");
}

static bool is_own(const struct call *call, const struct memory_session *session)
{
	return session->user && call->user && strcasecmp(session->user, call->user) == 0 &&
		(!session->domain || strcasecmp(session->domain, text(call->domain)) == 0);
}

/* MS-TSTS 3.1.1 and the defaults of Windows: administrators all, one's own, Remote Desktop Users to look and to write. */
static bool may(const struct call *call, const struct memory_session *session, uint32_t right)
{
	uint32_t rights = 0;

	if (call->admin)
		rights |= ALL;
	if (call->rdp_user)
		rights |= QUERY | MESSAGE;
	if (is_own(call, session))
		rights |= QUERY | RESET | LOGOFF | DISCONNECT;
	return (rights & right) == right;
}

/* ---- waiting ---- */

static void fault(struct call *call, uint32_t code);
static void poll_later(struct call *call, uint32_t us, tevent_timer_handler_t handler);

static void answer_now(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct call *call = data;

	(void)ev, (void)timer, (void)t;
	if (!NT_STATUS_IS_OK(dcesrv_reply(call->state)))
		fprintf(stderr, "%s: no answer could be sent\n", call->row->name);
}

static void poll_ready(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct call *call = data;
	struct memory *host = memory_read(call->folder);

	(void)ev, (void)timer, (void)t;
	if (host && host != call->host) {
		talloc_reference(call, host);
		call->host = host;
	}
	if (!call->state->conn->terminate && !call->ready(call))
		poll_later(call, POLL_US, poll_ready);
	else if (call->fault && call->fault->late_ms && !call->state->conn->terminate)
		poll_later(call, call->fault->late_ms * 1000, answer_now);
	else
		answer_now(NULL, NULL, t, call);
}

static void poll_later(struct call *call, uint32_t us, tevent_timer_handler_t handler)
{
	struct timeval at = tevent_timeval_current_ofs(us / 1000000, us % 1000000);

	if (!tevent_add_timer(call->state->event_ctx, call, at, handler, call))
		fprintf(stderr, "%s: no timer\n", call->row->name);
}

static void wait_for(struct call *call, bool (*ready)(struct call *), double seconds)
{
	call->ready = ready;
	call->deadline = seconds < 0 ? -1 : monotonic() + seconds;
}

static bool is_late(const struct call *call)
{
	return call->deadline >= 0 && monotonic() >= call->deadline;
}

static bool never(struct call *call)
{
	(void)call;
	return false;
}

/* The session the call is about, if it is still that logon. */
static struct memory_session *same_session(struct call *call)
{
	struct memory_session *session = memory_session(call->host, (uint32_t)call->session);

	return session && session->logon == call->logon ? session : NULL;
}

/* Ends a session, now or in a while, whether or not anybody still waits for it then. */
struct ending {
	char *folder;
	uint32_t session;
	double logon;
};

static void end_later(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct ending *ending = data;

	(void)ev, (void)timer, (void)t;
	memory_end(ending->folder, ending->session, ending->logon);
	talloc_free(ending);
}

static void end_session(struct call *call, const struct memory_session *session, uint32_t after_ms)
{
	struct ending *ending;

	if (!after_ms) {
		memory_end(call->folder, session->id, session->logon);
		return;
	}
	ending = talloc_zero(call->state->event_ctx, struct ending);
	ending->folder = talloc_strdup(ending, call->folder);
	ending->session = session->id;
	ending->logon = session->logon;
	tevent_add_timer(call->state->event_ctx, ending, tevent_timeval_current_ofs(after_ms / 1000, after_ms % 1000 * 1000),
		end_later, ending);
}

/* ---- handles ---- */

/* What a handle stands for. */
struct held {
	uint32_t session;
	double logon;
	uint32_t mask, state;
	bool filtered, inverted;
	struct { uint32_t id, state; double logon; } *seen;
	uint32_t n_seen;
};

static struct held *hold(struct call *call, int type, struct policy_handle *ret)
{
	struct dcesrv_handle *handle = dcesrv_handle_create(call->state, (uint8_t)type);
	struct held *held = handle ? talloc_zero(handle, struct held) : NULL;

	if (!held)
		return NULL;
	handle->data = held;
	*ret = handle->wire_handle;
	return held;
}

static struct dcesrv_handle *handle_of(struct call *call, const struct policy_handle *wire, int type)
{
	struct dcesrv_handle *handle = dcesrv_handle_lookup(call->state, wire, (uint8_t)type);

	if (!handle)
		fault(call, DCERPC_FAULT_CONTEXT_MISMATCH);
	return handle;
}

static uint32_t close_handle(struct call *call, struct policy_handle *in, struct policy_handle *out, int type)
{
	struct dcesrv_handle *handle = handle_of(call, in, type);

	talloc_free(handle);
	*out = (struct policy_handle) { 0 };
	return 0;
}

/* The session of a handle if the caller has RIGHT to it; else NULL and the reason in *ret. */
static struct memory_session *session_of(struct call *call, const struct policy_handle *wire, uint32_t right, uint32_t *ret)
{
	struct dcesrv_handle *handle = handle_of(call, wire, H_SESSION);
	struct held *held = handle ? handle->data : NULL;
	struct memory_session *session;

	*ret = NOT_FOUND;
	if (!held)
		return NULL;
	call->session = held->session;
	call->logon = held->logon;
	session = same_session(call);
	if (session && !may(call, session, right)) {
		*ret = DENIED;
		return NULL;
	}
	return session;
}

/* The same by id. */
static struct memory_session *session_by_id(struct call *call, uint32_t id, uint32_t right, uint32_t *ret)
{
	struct memory_session *session = memory_session(call->host, id);

	call->session = id;
	*ret = session ? DENIED : NO_SESSION;
	if (!session || !may(call, session, right))
		return NULL;
	call->logon = session->logon;
	return session;
}

/* Whether what is answered is also done. */
static bool really(const struct call *call)
{
	return !call->fault || !call->fault->undone;
}

/* ---- TermSrvSession ---- */

static uint32_t open_session(struct call *call, void *data)
{
	struct tsts_open_session *r = data;
	struct memory_session *session = memory_session(call->host, r->in.session_id);
	struct held *held;

	call->session = r->in.session_id;
	if (!session)
		return NO_SESSION;
	held = hold(call, H_SESSION, &r->out.handle);
	if (!held)
		return WIN32(14);
	held->session = session->id;
	held->logon = session->logon;
	return 0;
}

static uint32_t close_session(struct call *call, void *data)
{
	struct tsts_close_session *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_SESSION);
}

static uint32_t disconnect(struct call *call, void *data)
{
	struct tsts_disconnect *r = data;
	uint32_t result;

	if (!session_of(call, &r->in.handle, DISCONNECT, &result))
		return result;
	record_deed(call, "disconnect");
	if (really(call))
		memory_set(call->folder, (uint32_t)call->session, "state", "disconnected");
	return 0;
}

static uint32_t logoff(struct call *call, void *data)
{
	struct tsts_logoff *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, LOGOFF, &result);

	if (!session)
		return result;
	record_deed(call, "logoff");
	if (really(call) && !session->logoff_ignored)
		end_session(call, session, session->logoff_after_ms);
	return 0;
}

static uint32_t get_user_name(struct call *call, void *data)
{
	struct tsts_get_user_name *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.user = text(session->user);
	r->out.domain = text(session->domain);
	return 0;
}

static uint32_t get_terminal_name(struct call *call, void *data)
{
	struct tsts_get_terminal_name *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.name = text(session->name);
	return 0;
}

static uint32_t get_state(struct call *call, void *data)
{
	struct tsts_get_state *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.state = session->state;
	return 0;
}

static uint32_t is_locked(struct call *call, void *data)
{
	struct tsts_is_desktop_locked *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	return session ? !session->locked : result;
}

/* Of a message: answered by its user, or too late, or without one. */
static bool is_answered(struct call *call)
{
	struct tsts_show_message_box *r = call->r;
	struct memory_session *session = same_session(call);

	if (session && session->answer && monotonic() - call->deadline >= session->answer_after_ms / 1000.0)
		r->out.response = session->answer;
	else if (session && (!r->in.timeout_s || monotonic() - call->deadline < r->in.timeout_s))
		return false;
	else
		r->out.response = TSTS_ANSWER_TIMEOUT;
	return true;
}

static uint32_t show_message_box(struct call *call, void *data)
{
	struct tsts_show_message_box *r = data;
	uint32_t result;
	FILE *out;

	if (!session_of(call, &r->in.handle, MESSAGE, &result))
		return result;
	out = begin_deed(call, "message");
	if (out) {
		put_text(out, "title", r->in.title);
		put_text(out, "text", r->in.message);
		fprintf(out, ", \"style\": %u, \"timeout\": %u, \"wait\": %d", r->in.style, r->in.timeout_s, !r->in.do_not_wait);
		end_record(out);
	}
	r->out.response = TSTS_ANSWER_ASYNC;
	if (!r->in.do_not_wait)
		wait_for(call, is_answered, 0);	/* its deadline is the beginning */
	return 0;
}

static uint32_t get_times(struct call *call, void *data)
{
	struct tsts_get_times *r = data;
	uint32_t result;
	struct memory_session *session = session_of(call, &r->in.handle, QUERY, &result);

	if (!session)
		return result;
	r->out.connect_time = filetime(session->connect);
	r->out.disconnect_time = filetime(session->disconnect);
	r->out.logon_time = filetime(session->logon);
	return 0;
}

static uint32_t get_info(struct call *call, void *data)
{
	struct tsts_get_info *r = data;
	struct tsts_info *info = &r->out.info;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	if (!session)
		return result;
	info->user = text(session->user);
	info->domain = text(session->domain);
	info->terminal = text(session->name);
	info->state = session->state;
	info->locked = session->locked;
	info->connect_time = filetime(session->connect);
	info->disconnect_time = filetime(session->disconnect);
	info->logon_time = filetime(session->logon);
	return 0;
}

static uint32_t get_info_ex(struct call *call, void *data)
{
	struct tsts_get_info_ex *r = data;
	struct tsts_info_ex *info = &r->out.info;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	info->level = 1;
	if (!session)
		return result;
	info->state = session->state;
	info->flags = session->locked ? TSTS_FLAGS_LOCKED : TSTS_FLAGS_UNLOCKED;
	COPY(info->name, session->name);
	COPY(info->domain, session->domain);
	COPY(info->user, session->user);
	info->connect_time = filetime(session->connect);
	info->disconnect_time = filetime(session->disconnect);
	info->logon_time = filetime(session->logon);
	info->last_input_time = filetime(session->input);
	return 0;
}

static uint32_t get_logged_on_count(struct call *call, void *data)
{
	struct tsts_get_logged_on_count *r = data;

	for (uint32_t i = 0; i < call->host->n_sessions; i++)
		r->out.n_users += call->host->sessions[i].user != NULL;
	return 0;
}

static uint32_t get_session_type(struct call *call, void *data)
{
	struct tsts_get_session_type *r = data;
	struct memory_session *session = memory_session(call->host, r->in.session_id);

	call->session = r->in.session_id;
	if (!session)
		return NO_SESSION;
	r->out.type = session->type;
	return 0;
}

/* ---- TermSrvNotification ---- */

static bool has_state(struct call *call)
{
	struct tsts_wait_for_state *r = call->r;
	struct memory_session *session = same_session(call);

	if (session && session->state != r->in.state && !is_late(call))
		return false;
	*call->result = session && session->state != r->in.state ? TIMED_OUT : 0;
	return true;
}

static uint32_t wait_for_state(struct call *call, void *data)
{
	struct tsts_wait_for_state *r = data;
	uint32_t result;

	if (!session_by_id(call, r->in.session_id, QUERY, &result))
		return result;
	wait_for(call, has_state, r->in.timeout_ms == UINT32_MAX ? -1 : r->in.timeout_ms / 1000.0);
	return 0;
}

static void look(struct call *call, struct held *held)
{
	talloc_free(held->seen);
	held->n_seen = call->host->n_sessions;
	held->seen = talloc_zero_size(held, sizeof(*held->seen) * (held->n_seen + 1));
	for (uint32_t i = 0; i < held->n_seen; i++) {
		held->seen[i].id = call->host->sessions[i].id;
		held->seen[i].state = call->host->sessions[i].state;
		held->seen[i].logon = call->host->sessions[i].logon;
	}
}

static uint32_t register_async(struct call *call, void *data)
{
	struct tsts_register_async *r = data;
	struct held *held = hold(call, H_NOTIFY, &r->out.handle);

	if (!held)
		return WIN32(14);
	held->session = r->in.session_id;
	held->mask = r->in.mask;
	look(call, held);
	return 0;
}

static void add_change(struct tsts_wait_async *r, const struct held *held, uint32_t id, uint32_t mask)
{
	if (held->session == UINT32_MAX || held->session == id) {
		if (mask & held->mask)
			r->out.changes[r->out.n_changes++] = (struct tsts_change) { id, mask & held->mask };
	}
}

static void add_ended(struct call *call, struct tsts_wait_async *r, const struct held *held)
{
	for (uint32_t i = 0; i < held->n_seen; i++) {
		struct memory_session *session = memory_session(call->host, held->seen[i].id);

		if (!session || session->logon != held->seen[i].logon)
			add_change(r, held, held->seen[i].id, TSTS_CHANGE_LOGOFF | TSTS_CHANGE_TERMINATE);
		else if (session->state != held->seen[i].state)
			add_change(r, held, session->id,
				session->state == TSTS_STATE_DISCONNECTED ? TSTS_CHANGE_DISCONNECT : TSTS_CHANGE_CONNECT);
	}
}

static void add_begun(struct call *call, struct tsts_wait_async *r, const struct held *held)
{
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		uint32_t k;

		for (k = 0; k < held->n_seen; k++)
			if (held->seen[k].id == session->id && held->seen[k].logon == session->logon)
				break;
		if (k == held->n_seen)
			add_change(r, held, session->id, TSTS_CHANGE_CREATE | TSTS_CHANGE_LOGON);
	}
}

static bool has_changed(struct call *call)
{
	struct tsts_wait_async *r = call->r;
	struct dcesrv_handle *handle = dcesrv_handle_lookup(call->state, &r->in.handle, H_NOTIFY);
	struct held *held = handle ? handle->data : NULL;

	if (!held) {
		*call->result = WIN32(6);
		return true;
	}
	talloc_free(r->out.changes);
	r->out.n_changes = 0;
	r->out.changes = talloc_zero_array(call, struct tsts_change, held->n_seen + call->host->n_sessions + 1);
	add_ended(call, r, held);
	add_begun(call, r, held);
	if (!r->out.n_changes)
		return false;
	look(call, held);
	return true;
}

static uint32_t wait_async(struct call *call, void *data)
{
	struct tsts_wait_async *r = data;

	if (handle_of(call, &r->in.handle, H_NOTIFY))
		wait_for(call, has_changed, -1);
	return 0;
}

static uint32_t unregister_async(struct call *call, void *data)
{
	struct tsts_unregister_async *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_NOTIFY);
}

/* ---- TermSrvEnumeration ---- */

static uint32_t open_enum(struct call *call, void *data)
{
	struct tsts_open_enum *r = data;

	return hold(call, H_ENUM, &r->out.handle) ? 0 : WIN32(14);
}

static uint32_t close_enum(struct call *call, void *data)
{
	struct tsts_close_enum *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_ENUM);
}

static uint32_t filter_by_state(struct call *call, void *data)
{
	struct tsts_filter_by_state *r = data;
	struct dcesrv_handle *handle = handle_of(call, &r->in.handle, H_ENUM);
	struct held *held = handle ? handle->data : NULL;

	if (held) {
		held->filtered = true;
		held->inverted = r->in.invert;
		held->state = r->in.state;
	}
	return 0;
}

/* Whether a list has it for this caller. */
static bool is_shown(const struct call *call, const struct memory_session *session)
{
	return may(call, session, QUERY) && !(call->fault && call->fault->hides && call->fault->hidden == session->id);
}

static bool is_listed(struct call *call, const struct held *held, const struct memory_session *session)
{
	if (held->filtered && (session->state == held->state) == held->inverted)
		return false;
	return is_shown(call, session);
}

static uint32_t list(struct call *call, struct policy_handle *wire, uint32_t level, struct tsts_session **ret, uint32_t *ret_n)
{
	struct dcesrv_handle *handle = handle_of(call, wire, H_ENUM);

	if (!handle)
		return 0;
	*ret = talloc_zero_array(call, struct tsts_session, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_session *to = &(*ret)[*ret_n];

		if (!is_listed(call, handle->data, session))
			continue;
		to->level = level >= 2 ? 2 : 1;
		to->id = session->id;
		to->state = session->state;
		COPY(to->name, session->name);
		to->full_desktop = 1;
		to->type = (struct GUID) FULL_DESKTOP;
		(*ret_n)++;
	}
	return 0;
}

static uint32_t get_enum_result(struct call *call, void *data)
{
	struct tsts_get_enum_result *r = data;

	return list(call, &r->in.handle, r->in.level, &r->out.sessions, &r->out.n_sessions);
}

static uint32_t get_enum_result_ex(struct call *call, void *data)
{
	struct tsts_get_enum_result_ex *r = data;

	return list(call, &r->in.handle, r->in.level, &r->out.sessions, &r->out.n_sessions);
}

static uint32_t get_session_ids(struct call *call, void *data)
{
	struct tsts_get_session_ids *r = data;

	r->out.ids = talloc_zero_array(call, uint32_t, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions && r->out.n_ids < r->in.max_ids; i++)
		if (is_shown(call, &call->host->sessions[i]))
			r->out.ids[r->out.n_ids++] = call->host->sessions[i].id;
	return 0;
}

static uint32_t get_all_sessions(struct call *call, void *data)
{
	struct tsts_get_all_sessions *r = data;

	r->out.level = r->in.level >= 2 ? 2 : 1;
	r->out.sessions = talloc_zero_array(call, struct tsts_environment, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_environment *to = &r->out.sessions[r->out.n_sessions];

		if (!is_shown(call, session))
			continue;
		to->level = r->out.level;
		to->id = to->abs_id = session->id;
		to->state = session->state;
		COPY(to->name, session->name);
		COPY(to->user, session->user);
		COPY(to->domain, session->domain);
		r->out.n_sessions++;
	}
	return r->in.level > 2;
}

static uint32_t get_all_sessions_ex(struct call *call, void *data)
{
	struct tsts_get_all_sessions_ex *r = data;

	r->out.sessions = talloc_zero_array(call, struct tsts_environment_ex, call->host->n_sessions + 1);
	for (uint32_t i = 0; i < call->host->n_sessions; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_environment_ex *to = &r->out.sessions[r->out.n_sessions];

		if (!is_shown(call, session))
			continue;
		to->level = 1;
		to->id = to->abs_id = session->id;
		to->state = session->state;
		to->name = text(session->name);
		to->user = session->user;
		to->domain = session->domain;
		r->out.n_sessions++;
	}
	return r->in.level != 1;
}

/* ---- RCMPublic, RCMListener ---- */

static uint32_t get_client_data(struct call *call, void *data)
{
	struct tsts_get_client_data *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);
	struct tsts_client client = { .protocol = 2, .width = 1920, .height = 1080, .color_depth = 32 };
	uint8_t *bytes;

	if (!session)
		return result;
	COPY(client.name, session->client);
	COPY(client.user, session->user);
	COPY(client.domain, session->domain);
	COPY(client.address, session->address);
	client.address_family = strchr(text(session->address), ':') ? TSTS_FAMILY_IPV6 : TSTS_FAMILY_IPV4;
	client.protocol = session->client ? 2 : 0;
	bytes = talloc_zero_array(call, uint8_t, TSTS_CLIENT_SIZE);
	if (!tsts_client_push(&client, bytes, TSTS_CLIENT_SIZE))
		return WIN32(87);
	r->out.data = bytes;
	r->out.n_data = TSTS_CLIENT_SIZE;
	return 0;
}

static uint32_t get_last_input(struct call *call, void *data)
{
	struct tsts_get_last_input *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	if (!session)
		return result;
	r->out.last_input_time = filetime(session->input);
	return 0;
}

static uint32_t get_protocol_last_input(struct call *call, void *data)
{
	struct tsts_get_protocol_last_input *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	if (!session)
		return result;
	r->out.n_data = TSTS_PROTOCOL_STATUS_SIZE;
	r->out.data = talloc_zero_array(call, uint8_t, r->out.n_data);
	r->out.last_input_time = filetime(session->input);
	return 0;
}

static uint32_t get_remote_address(struct call *call, void *data)
{
	struct tsts_get_remote_address *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);
	unsigned int a[4];

	r->out.address.family = TSTS_FAMILY_IPV4;
	if (!session)
		return result;
	if (sscanf(text(session->address), "%u.%u.%u.%u", &a[0], &a[1], &a[2], &a[3]) == 4)
		for (int i = 0; i < 4; i++)
			r->out.address.address[i] = (uint8_t)a[i];
	return 0;
}

static uint32_t get_all_listeners(struct call *call, void *data)
{
	struct tsts_get_all_listeners *r = data;

	if (!call->admin && !call->rdp_user)
		return 0;
	r->out.listeners = talloc_zero_array(call, struct tsts_listener, call->host->n_listeners + 1);
	for (uint32_t i = 0; i < call->host->n_listeners; i++) {
		struct tsts_listener *to = &r->out.listeners[r->out.n_listeners++];

		to->level = 1;
		to->id = call->host->listeners[i].id;
		to->listening = 1;
		COPY(to->name, call->host->listeners[i].name);
	}
	return 0;
}

static uint32_t open_listener(struct call *call, void *data)
{
	struct tsts_open_listener *r = data;

	return hold(call, H_LISTENER, &r->out.handle) ? 0 : WIN32(14);
}

static uint32_t close_listener(struct call *call, void *data)
{
	struct tsts_close_listener *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_LISTENER);
}

static uint32_t is_listening(struct call *call, void *data)
{
	struct tsts_is_listening *r = data;

	r->out.listening = handle_of(call, &r->in.handle, H_LISTENER) != NULL;
	return 0;
}

/* ---- IcaApi ---- */

static uint32_t ica_open_server(struct call *call, void *data)
{
	struct tsts_ica_open_server *r = data;

	return hold(call, H_ICA, &r->out.handle) ? 0 : WIN32(14);
}

/* Frees nothing: [in] only, the client keeps its handle. */
static uint32_t ica_close_server(struct call *call, void *data)
{
	struct tsts_ica_close_server *r = data;

	handle_of(call, &r->in.handle, H_ICA);
	return 0;
}

static uint32_t ica_close_server_ex(struct call *call, void *data)
{
	struct tsts_ica_close_server_ex *r = data;

	return close_handle(call, &r->in.handle, &r->out.handle, H_ICA);
}

static uint32_t ica_enumerate(struct call *call, void *data)
{
	struct tsts_ica_enumerate *r = data;
	uint32_t room = r->in.n_data / TSTS_LOGONID_SIZE, i;
	uint8_t *bytes = talloc_zero_array(call, uint8_t, r->in.n_data + 1);

	if (!handle_of(call, &r->in.handle, H_ICA))
		return 0;
	for (i = r->in.index; i < call->host->n_sessions && r->out.n_entries < room; i++) {
		const struct memory_session *session = &call->host->sessions[i];
		struct tsts_logonid logonid = { .session_id = session->id, .state = session->state };

		if (!is_shown(call, session))
			continue;
		COPY(logonid.name, session->name);
		tsts_logonid_push(&logonid, bytes + r->out.n_entries++ * TSTS_LOGONID_SIZE, TSTS_LOGONID_SIZE);
	}
	r->out.data = bytes;
	r->out.n_data = r->in.n_data;
	r->out.index = i;
	return r->out.n_entries ? 0 : NO_MORE_ENTRIES;
}

static bool ica_client(const struct memory_session *session, uint8_t *bytes, size_t n)
{
	struct tsts_client client = { .protocol = session->client ? 2 : 0 };

	COPY(client.name, session->client);
	COPY(client.user, session->user);
	COPY(client.domain, session->domain);
	COPY(client.address, session->address);
	return tsts_client_push(&client, bytes, n);
}

static bool ica_information(const struct memory_session *session, uint8_t *bytes, size_t n)
{
	struct tsts_information information = { .state = session->state, .session_id = session->id };

	COPY(information.name, session->name);
	COPY(information.user, session->user);
	COPY(information.domain, session->domain);
	information.connect_time = filetime(session->connect);
	information.disconnect_time = filetime(session->disconnect);
	information.logon_time = filetime(session->logon);
	information.last_input_time = filetime(session->input);
	information.current_time = filetime(now());
	return tsts_information_push(&information, bytes, n);
}

static uint32_t ica_query_information(struct call *call, void *data)
{
	struct tsts_ica_query_information *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);
	uint8_t *bytes = talloc_zero_array(call, uint8_t, r->in.n_data + TSTS_VARDATA_SIZE);
	size_t n = r->in.n_data > TSTS_VARDATA_SIZE ? r->in.n_data - TSTS_VARDATA_SIZE : 0;
	bool done = false;

	r->out.data = bytes;
	r->out.n_data = r->in.n_data;
	if (!handle_of(call, &r->in.handle, H_ICA) || !session)
		return result;
	tsts_vardata_push(bytes, (uint32_t)n);
	if (r->in.class == TSTS_CLASS_CLIENT && n == TSTS_CLIENT_SIZE)
		done = ica_client(session, bytes + TSTS_VARDATA_SIZE, n);
	else if (r->in.class == TSTS_CLASS_INFORMATION && n == TSTS_INFORMATION_SIZE)
		done = ica_information(session, bytes + TSTS_VARDATA_SIZE, n);
	r->out.returned = done ? r->in.n_data : 0;
	return done ? 0 : UINT32_C(0xc0000003);
}

static bool ica_is_answered(struct call *call)
{
	struct tsts_ica_send_message *r = call->r;
	struct memory_session *session = same_session(call);

	if (session && session->answer && monotonic() - call->deadline >= session->answer_after_ms / 1000.0)
		r->out.response = session->answer;
	else if (session && (!r->in.timeout_s || monotonic() - call->deadline < r->in.timeout_s))
		return false;
	else
		r->out.response = TSTS_ANSWER_TIMEOUT;
	return true;
}

static uint32_t ica_send_message(struct call *call, void *data)
{
	struct tsts_ica_send_message *r = data;
	uint32_t result;
	FILE *out;

	if (!session_by_id(call, r->in.session_id, MESSAGE, &result))
		return result;
	out = begin_deed(call, "message");
	if (out) {
		put_text(out, "title", r->in.title);
		put_text(out, "text", r->in.message);
		fprintf(out, ", \"style\": %u, \"timeout\": %u, \"wait\": %d", r->in.style, r->in.timeout_s, !r->in.do_not_wait);
		end_record(out);
	}
	r->out.response = TSTS_ANSWER_ASYNC;
	if (!r->in.do_not_wait)
		wait_for(call, ica_is_answered, 0);
	return 0;
}

static uint32_t ica_id_from_name(struct call *call, void *data)
{
	struct tsts_ica_id_from_name *r = data;

	for (uint32_t i = 0; i < call->host->n_sessions; i++)
		if (strcasecmp(text(call->host->sessions[i].name), text(r->in.name)) == 0) {
			r->out.session_id = call->host->sessions[i].id;
			return 0;
		}
	return UINT32_C(0xc00a0015);
}

static uint32_t ica_name_from_id(struct call *call, void *data)
{
	struct tsts_ica_name_from_id *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, QUERY, &result);

	r->out.name = text(session ? session->name : NULL);
	r->out.name_size = r->in.name_size;
	return session ? 0 : NOT_FOUND;
}

static uint32_t ica_disconnect(struct call *call, void *data)
{
	struct tsts_ica_disconnect *r = data;
	uint32_t result;

	if (!session_by_id(call, r->in.session_id, DISCONNECT, &result))
		return result;
	record_deed(call, "disconnect");
	if (really(call))
		memory_set(call->folder, r->in.session_id, "state", "disconnected");
	return 0;
}

static bool is_gone(struct call *call)
{
	return !same_session(call);
}

static uint32_t ica_reset(struct call *call, void *data)
{
	struct tsts_ica_reset *r = data;
	uint32_t result;
	struct memory_session *session = session_by_id(call, r->in.session_id, RESET, &result);

	if (!session)
		return result;
	record_deed(call, "reset");
	if (really(call) && !session->reset_ignored)
		end_session(call, session, 0);
	if (r->in.wait)
		wait_for(call, is_gone, -1);
	return 0;
}

static uint32_t ica_terminate_process(struct call *call, void *data)
{
	struct tsts_ica_terminate_process *r = data;
	FILE *out;

	if (!call->admin)
		return DENIED;
	out = begin_deed(call, "terminate");
	if (out) {
		fprintf(out, ", \"pid\": %u", r->in.pid);
		end_record(out);
	}
	memory_end_process(call->folder, r->in.pid);
	return 0;
}

/* The bytes of a SID given as text. */
static uint8_t *sid_bytes(TALLOC_CTX *mem, const char *sid, uint32_t *ret_n)
{
	uint8_t *bytes = talloc_zero_array(mem, uint8_t, 68);
	const char *at = sid;
	unsigned long revision, authority;
	char *end;

	*ret_n = 0;
	if (sscanf(sid, "S-%lu-%lu", &revision, &authority) != 2)
		return NULL;
	bytes[0] = (uint8_t)revision;
	bytes[7] = (uint8_t)authority;
	for (int skipped = 0; skipped < 3; skipped++)
		at = at ? strchr(at + (skipped > 0), '-') : NULL;
	for (; at && *at == '-' && bytes[1] < 15; at = end, bytes[1]++) {
		uint32_t part = (uint32_t)strtoul(at + 1, &end, 10);

		for (int k = 0; k < 4; k++)
			bytes[8 + 4 * bytes[1] + k] = (uint8_t)(part >> 8 * k);
	}
	*ret_n = 8 + 4u * bytes[1];
	return bytes;
}

static bool may_see(struct call *call, const struct memory_process *process)
{
	struct memory_session *session = memory_session(call->host, process->session);

	return session ? may(call, session, QUERY) : call->admin;
}

static struct tsts_process_entry *processes(struct call *call, uint32_t *ret_n)
{
	struct tsts_process_entry *entries = talloc_zero_array(call, struct tsts_process_entry, call->host->n_processes + 1);

	for (uint32_t i = 0; i < call->host->n_processes; i++) {
		const struct memory_process *from = &call->host->processes[i];
		struct tsts_process_entry *entry = &entries[*ret_n];

		if (!may_see(call, from))
			continue;
		entry->process = talloc_zero(entries, struct tsts_process);
		entry->process->pid = from->pid;
		entry->process->parent_pid = from->parent;
		entry->process->session_id = from->session;
		entry->process->create_time = filetime(from->create);
		entry->process->n_threads = 1;
		if (from->image)
			tsts_process_set_image(entry->process, from->image);
		if (from->sid)
			entry->sid = sid_bytes(entries, from->sid, &entry->n_sid);
		(*ret_n)++;
	}
	return entries;
}

static uint32_t ica_get_processes(struct call *call, void *data)
{
	struct tsts_ica_get_processes *r = data;

	if (handle_of(call, &r->in.handle, H_ICA))
		r->out.processes = processes(call, &r->out.n_processes);
	return 0;
}

static uint32_t ica_get_processes_nt6(struct call *call, void *data)
{
	struct tsts_ica_get_processes_nt6 *r = data;

	if (handle_of(call, &r->in.handle, H_ICA))
		r->out.processes = processes(call, &r->out.n_processes);
	return 0;
}

static uint32_t ica_get_process_sid(struct call *call, void *data)
{
	struct tsts_ica_get_process_sid *r = data;

	r->out.n_sid = r->in.n_sid;
	r->out.sid = talloc_zero_array(call, uint8_t, r->in.n_sid + 1);
	for (uint32_t i = 0; i < call->host->n_processes; i++) {
		const struct memory_process *process = &call->host->processes[i];
		uint8_t *sid;

		if (process->pid != r->in.pid || !process->sid || !may_see(call, process))
			continue;
		sid = sid_bytes(call, process->sid, &r->out.needed);
		if (!sid || r->out.needed > r->in.n_sid)
			return WIN32(122);
		memcpy((uint8_t *)r->out.sid, sid, r->out.needed);
		return 0;
	}
	return WIN32(87);
}

/* ---- the tables ---- */

#define ROW(opnum, type, name, act) { opnum, name, act, offsetof(struct type, out.result), 0 }
#define ICA(opnum, type, name, act) \
	{ opnum, name, act, offsetof(struct type, out.status), offsetof(struct type, out.result) }

static const struct row session_rows[] = {
	ROW(TSTS_OPEN_SESSION, tsts_open_session, "OpenSession", open_session),
	ROW(TSTS_CLOSE_SESSION, tsts_close_session, "CloseSession", close_session),
	ROW(TSTS_DISCONNECT, tsts_disconnect, "Disconnect", disconnect),
	ROW(TSTS_LOGOFF, tsts_logoff, "Logoff", logoff),
	ROW(TSTS_GET_USER_NAME, tsts_get_user_name, "GetUserName", get_user_name),
	ROW(TSTS_GET_TERMINAL_NAME, tsts_get_terminal_name, "GetTerminalName", get_terminal_name),
	ROW(TSTS_GET_STATE, tsts_get_state, "GetState", get_state),
	ROW(TSTS_IS_DESKTOP_LOCKED, tsts_is_desktop_locked, "IsSessionDesktopLocked", is_locked),
	ROW(TSTS_SHOW_MESSAGE_BOX, tsts_show_message_box, "ShowMessageBox", show_message_box),
	ROW(TSTS_GET_TIMES, tsts_get_times, "GetTimes", get_times),
	ROW(TSTS_GET_INFO, tsts_get_info, "GetSessionInformation", get_info),
	ROW(TSTS_GET_LOGGED_ON_COUNT, tsts_get_logged_on_count, "GetLoggedOnCount", get_logged_on_count),
	ROW(TSTS_GET_SESSION_TYPE, tsts_get_session_type, "GetSessionType", get_session_type),
	ROW(TSTS_GET_INFO_EX, tsts_get_info_ex, "GetSessionInformationEx", get_info_ex),
};

static const struct row notification_rows[] = {
	ROW(TSTS_WAIT_FOR_STATE, tsts_wait_for_state, "WaitForSessionState", wait_for_state),
	ROW(TSTS_REGISTER_ASYNC, tsts_register_async, "RegisterAsyncNotification", register_async),
	ROW(TSTS_WAIT_ASYNC, tsts_wait_async, "WaitAsyncNotification", wait_async),
	ROW(TSTS_UNREGISTER_ASYNC, tsts_unregister_async, "UnRegisterAsyncNotification", unregister_async),
};

static const struct row enumeration_rows[] = {
	ROW(TSTS_OPEN_ENUM, tsts_open_enum, "OpenEnum", open_enum),
	ROW(TSTS_CLOSE_ENUM, tsts_close_enum, "CloseEnum", close_enum),
	ROW(TSTS_FILTER_BY_STATE, tsts_filter_by_state, "FilterByState", filter_by_state),
	ROW(TSTS_GET_ENUM_RESULT, tsts_get_enum_result, "GetEnumResult", get_enum_result),
	ROW(TSTS_GET_SESSION_IDS, tsts_get_session_ids, "GetSessionIds", get_session_ids),
	ROW(TSTS_GET_ENUM_RESULT_EX, tsts_get_enum_result_ex, "GetEnumResultEx", get_enum_result_ex),
	ROW(TSTS_GET_ALL_SESSIONS, tsts_get_all_sessions, "GetAllSessions", get_all_sessions),
	ROW(TSTS_GET_ALL_SESSIONS_EX, tsts_get_all_sessions_ex, "GetAllSessionsEx", get_all_sessions_ex),
};

static const struct row rcm_public_rows[] = {
	ROW(TSTS_GET_CLIENT_DATA, tsts_get_client_data, "GetClientData", get_client_data),
	ROW(TSTS_GET_LAST_INPUT, tsts_get_last_input, "GetLastInputTime", get_last_input),
	ROW(TSTS_GET_REMOTE_ADDRESS, tsts_get_remote_address, "GetRemoteAddress", get_remote_address),
	ROW(TSTS_GET_ALL_LISTENERS, tsts_get_all_listeners, "GetAllListeners", get_all_listeners),
	ROW(TSTS_GET_PROTOCOL_LAST_INPUT, tsts_get_protocol_last_input, "GetSessionProtocolLastInputTime",
		get_protocol_last_input),
};

static const struct row rcm_listener_rows[] = {
	ROW(TSTS_OPEN_LISTENER, tsts_open_listener, "OpenListener", open_listener),
	ROW(TSTS_CLOSE_LISTENER, tsts_close_listener, "CloseListener", close_listener),
	ROW(TSTS_IS_LISTENING, tsts_is_listening, "IsListening", is_listening),
};

static const struct row ica_rows[] = {
	ICA(TSTS_ICA_OPEN_SERVER, tsts_ica_open_server, "WinStationOpenServer", ica_open_server),
	ICA(TSTS_ICA_CLOSE_SERVER, tsts_ica_close_server, "WinStationCloseServer", ica_close_server),
	ICA(TSTS_ICA_ENUMERATE, tsts_ica_enumerate, "WinStationEnumerate", ica_enumerate),
	ICA(TSTS_ICA_QUERY_INFORMATION, tsts_ica_query_information, "WinStationQueryInformation", ica_query_information),
	ICA(TSTS_ICA_SEND_MESSAGE, tsts_ica_send_message, "WinStationSendMessage", ica_send_message),
	ICA(TSTS_ICA_ID_FROM_NAME, tsts_ica_id_from_name, "LogonIdFromWinStationName", ica_id_from_name),
	ICA(TSTS_ICA_NAME_FROM_ID, tsts_ica_name_from_id, "WinStationNameFromLogonId", ica_name_from_id),
	ICA(TSTS_ICA_DISCONNECT, tsts_ica_disconnect, "WinStationDisconnect", ica_disconnect),
	ICA(TSTS_ICA_RESET, tsts_ica_reset, "WinStationReset", ica_reset),
	ICA(TSTS_ICA_TERMINATE_PROCESS, tsts_ica_terminate_process, "WinStationTerminateProcess", ica_terminate_process),
	ICA(TSTS_ICA_GET_PROCESSES, tsts_ica_get_processes, "WinStationGetAllProcesses", ica_get_processes),
	ICA(TSTS_ICA_GET_PROCESS_SID, tsts_ica_get_process_sid, "WinStationGetProcessSid", ica_get_process_sid),
	ICA(TSTS_ICA_CLOSE_SERVER_EX, tsts_ica_close_server_ex, "WinStationCloseServerEx", ica_close_server_ex),
	ICA(TSTS_ICA_GET_PROCESSES_NT6, tsts_ica_get_processes_nt6, "WinStationGetAllProcesses_NT6", ica_get_processes_nt6),
};

#define INTERFACE(table, endpoint, name, rows) \
	{ &(table), "ncacn_np:[\\pipe\\" endpoint "]", name, rows, sizeof(rows) / sizeof(*(rows)) }

static const struct interface interfaces[] = {
	INTERFACE(tsts_table_session, "LSM_API_service", "TermSrvSession", session_rows),
	INTERFACE(tsts_table_notification, "LSM_API_service", "TermSrvNotification", notification_rows),
	INTERFACE(tsts_table_enumeration, "LSM_API_service", "TermSrvEnumeration", enumeration_rows),
	INTERFACE(tsts_table_rcm_public, "TermSrv_API_service", "RCMPublic", rcm_public_rows),
	INTERFACE(tsts_table_rcm_listener, "TermSrv_API_service", "RCMListener", rcm_listener_rows),
	INTERFACE(tsts_table_ica, "Ctx_WinStation_API_service", "IcaApi", ica_rows),
};

#define N_INTERFACES (sizeof(interfaces) / sizeof(*interfaces))

/* ---- from a packet to an answer ---- */

static void fault(struct call *call, uint32_t code)
{
	call->state->fault_code = code;
	call->ready = NULL;
}

static const struct interface *interface_of(const struct dcesrv_call_state *state)
{
	return state->context->iface->private_data;
}

static const struct row *find_row(const struct interface *interface, uint32_t opnum)
{
	for (size_t i = 0; i < interface->n_rows; i++)
		if (interface->rows[i].opnum == opnum)
			return &interface->rows[i];
	return NULL;
}

/* A fault "bind" with the name of the interface: nobody gets in. */
static NTSTATUS on_bind(struct dcesrv_connection_context *context, const struct dcesrv_interface *dce_interface)
{
	const struct interface *interface = dce_interface->private_data;
	TALLOC_CTX *mem = talloc_new(NULL);
	struct memory *host = memory_read(folder_of(mem, context->conn));
	char *name = talloc_asprintf(mem, "bind-%s", interface->name);
	bool refused = host && memory_fault(host, name, -1);

	talloc_free(mem);
	if (refused)
		return NT_STATUS_ACCESS_DENIED;
	return dcesrv_interface_bind_require_privacy(context, dce_interface);
}

static NTSTATUS refuse(struct dcesrv_call_state *state, uint32_t code)
{
	state->fault_code = code;
	return NT_STATUS_NET_WRITE_FAULT;
}

static struct call *new_call(struct dcesrv_call_state *state, const struct row *row)
{
	static const struct row unknown = { .name = "unknown" };
	struct call *call = talloc_zero(state, struct call);

	if (!call)
		return NULL;
	*call = (struct call) { .next = calls, .state = state, .row = row ? row : &unknown, .session = -1 };
	calls = call;
	talloc_set_destructor(call, forget);
	call->folder = folder_of(call, state->conn);
	call->host = memory_read(call->folder);
	if (call->host)
		talloc_reference(call, call->host);
	return call;
}

static NTSTATUS on_pull(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_pull *pull, void **r)
{
	const struct interface *interface = interface_of(state);
	uint16_t opnum = state->pkt.u.request.opnum;
	const struct row *row = find_row(interface, opnum);
	struct call *call = new_call(state, row);

	state->fault_code = 0;
	if (!call)
		return NT_STATUS_NO_MEMORY;
	if (!know_caller(call) || !call->host)
		return refuse(state, DCERPC_FAULT_ACCESS_DENIED);
	record_call(call, pull->data, pull->data_size);
	if (!row)
		return refuse(state, DCERPC_FAULT_OP_RNG_ERROR);
	*r = talloc_zero_size(mem, interface->table->calls[opnum].struct_size);
	if (!*r)
		return NT_STATUS_NO_MEMORY;
	call->r = *r;
	call->result = (uint32_t *)((char *)*r + row->result);
	call->boolean = row->boolean ? (uint32_t *)((char *)*r + row->boolean) : NULL;
	if (interface->table->calls[opnum].ndr_pull(pull, NDR_IN, *r) != NDR_ERR_SUCCESS)
		return refuse(state, DCERPC_FAULT_NDR);
	return NT_STATUS_OK;
}

static void make_async(struct call *call, uint32_t us, tevent_timer_handler_t handler)
{
	if (!(call->state->state_flags & DCESRV_CALL_STATE_FLAG_MAY_ASYNC)) {
		fprintf(stderr, "%s: cannot wait\n", call->row->name);
		return;
	}
	call->state->state_flags |= DCESRV_CALL_STATE_FLAG_ASYNC;
	poll_later(call, us, handler);
}

static void find_fault(struct call *call)
{
	call->fault = memory_fault(call->host, call->row->name, call->session);
	if (call->fault && call->fault->exit_before)
		_exit(1);
}

/* Which session a call will be about, before anything is done. */
static void find_session(struct call *call, void *r)
{
	struct dcesrv_handle *handle = NULL;
	const struct interface *interface = interface_of(call->state);

	if (interface->table == &tsts_table_session && call->row->opnum >= TSTS_CLOSE_SESSION &&
	    call->row->opnum <= TSTS_GET_TIMES)
		handle = dcesrv_handle_lookup(call->state, (struct policy_handle *)r, H_SESSION);
	if (handle)
		call->session = ((struct held *)handle->data)->session;
	else if (interface->table == &tsts_table_ica && (call->row->opnum == TSTS_ICA_RESET ||
		 call->row->opnum == TSTS_ICA_DISCONNECT || call->row->opnum == TSTS_ICA_SEND_MESSAGE ||
		 call->row->opnum == TSTS_ICA_QUERY_INFORMATION))
		call->session = ((struct tsts_ica_reset *)r)->in.session_id;
	else if (interface->table == &tsts_table_rcm_public || interface->table == &tsts_table_session ||
		 (interface->table == &tsts_table_notification && call->row->opnum <= TSTS_REGISTER_ASYNC))
		call->session = ((struct tsts_open_session *)r)->in.session_id;
}

static NTSTATUS finish(struct call *call)
{
	struct memory_fault *wrong = call->fault;

	if (wrong && wrong->exit_after)
		_exit(1);
	if (wrong && wrong->has_result)
		*call->result = wrong->result;
	if (call->boolean)
		*call->boolean = tsts_ok(*call->result) || *call->result == NO_MORE_ENTRIES;
	if (wrong && wrong->rpc)
		return refuse(call->state, wrong->rpc);
	if (wrong && (wrong->never || wrong->undone))
		call->ready = wrong->never ? never : NULL;
	if (call->ready && !call->ready(call))
		make_async(call, POLL_US, poll_ready);
	else if (wrong && wrong->late_ms)
		make_async(call, wrong->late_ms * 1000, answer_now);
	return NT_STATUS_OK;
}

static NTSTATUS on_dispatch(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	struct call *call = call_of(state);

	(void)mem;
	find_session(call, r);
	find_fault(call);
	*call->result = call->row->act(call, r);
	if (state->fault_code) {
		record_answer(call, "fault", NULL, 0);
		return NT_STATUS_NET_WRITE_FAULT;
	}
	if (!tsts_ok(*call->result))
		call->ready = NULL;
	return finish(call);
}

static NTSTATUS on_reply(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	(void)state, (void)mem, (void)r;
	return NT_STATUS_OK;
}

/* Makes the bytes of an answer wrong. */
static enum ndr_err_code spoil(const struct memory_fault *wrong, struct ndr_push *push)
{
	if (wrong->has_raw) {
		push->offset = 0;
		NDR_CHECK(ndr_push_bytes(push, wrong->raw, (uint32_t)wrong->n_raw));
	}
	if (wrong->poke && wrong->poke_at + wrong->n_poke <= push->offset)
		memcpy(push->data + wrong->poke_at, wrong->poke, wrong->n_poke);
	if (wrong->has_cut && wrong->cut < push->offset)
		push->offset = wrong->cut;
	for (uint32_t i = 0; i < wrong->surplus; i++)
		NDR_CHECK(ndr_push_bytes(push, (const uint8_t *)"\xa5", 1));
	return NDR_ERR_SUCCESS;
}

static NTSTATUS on_push(struct dcesrv_call_state *state, TALLOC_CTX *mem, struct ndr_push *push, const void *r)
{
	const struct interface *interface = interface_of(state);
	struct call *call = call_of(state);

	(void)mem;
	if (interface->table->calls[call->row->opnum].ndr_push(push, NDR_OUT, r) != NDR_ERR_SUCCESS) {
		fprintf(stderr, "%s: the answer cannot be encoded\n", call->row->name);
		return refuse(state, DCERPC_FAULT_NDR);
	}
	if (call->fault && spoil(call->fault, push) != NDR_ERR_SUCCESS)
		return refuse(state, DCERPC_FAULT_NDR);
	if (!state->conn->terminate)	/* else nobody hears it */
		record_answer(call, call->fault ? "spoiled" : "answer", push->data, push->offset);
	return NT_STATUS_OK;
}

static NTSTATUS on_local(struct dcesrv_call_state *state, TALLOC_CTX *mem, void *r)
{
	(void)state, (void)mem, (void)r;
	return NT_STATUS_NOT_IMPLEMENTED;
}

/* ---- the server ---- */

static struct dcesrv_interface dce_interfaces[N_INTERFACES];

static NTSTATUS init_server(struct dcesrv_context *context, const struct dcesrv_endpoint_server *server)
{
	NTSTATUS status = NT_STATUS_OK;

	(void)server;
	for (size_t i = 0; i < N_INTERFACES && NT_STATUS_IS_OK(status); i++) {
		dce_interfaces[i] = (struct dcesrv_interface) {
			.name = interfaces[i].name, .syntax_id = interfaces[i].table->syntax_id, .bind = on_bind,
			.ndr_pull = on_pull, .dispatch = on_dispatch, .reply = on_reply, .ndr_push = on_push, .local = on_local,
			.private_data = &interfaces[i],
		};
		status = dcesrv_interface_register(context, interfaces[i].endpoint, NULL, &dce_interfaces[i], NULL);
	}
	return status;
}

static NTSTATUS shutdown_server(struct dcesrv_context *context, const struct dcesrv_endpoint_server *server)
{
	(void)context, (void)server;
	return NT_STATUS_OK;
}

static bool by_uuid(struct dcesrv_interface *interface, const struct GUID *uuid, uint32_t version)
{
	for (size_t i = 0; i < N_INTERFACES; i++)
		if (GUID_equal(&dce_interfaces[i].syntax_id.uuid, uuid) && dce_interfaces[i].syntax_id.if_version == version)
			return *interface = dce_interfaces[i], true;
	return false;
}

static bool by_name(struct dcesrv_interface *interface, const char *name)
{
	for (size_t i = 0; i < N_INTERFACES; i++)
		if (strcmp(dce_interfaces[i].name, name) == 0)
			return *interface = dce_interfaces[i], true;
	return false;
}

static const struct dcesrv_endpoint_server server = {
	.name = "memory", .init_server = init_server, .shutdown_server = shutdown_server, .interface_by_uuid = by_uuid,
	.interface_by_name = by_name,
};

static const struct dcesrv_endpoint_server *servers[] = { &server };

static size_t get_interfaces(const struct ndr_interface_table ***ret, void *data)
{
	static const struct ndr_interface_table *tables[N_INTERFACES];

	(void)data;
	for (size_t i = 0; i < N_INTERFACES; i++)
		tables[i] = interfaces[i].table;
	*ret = tables;
	return N_INTERFACES;
}

/* From 4.20 the servers are given with a status. */
#if SAMBA_VERSION_MAJOR > 4 || SAMBA_VERSION_MINOR >= 20
typedef NTSTATUS (*get_servers_fn)(struct dcesrv_context *, const struct dcesrv_endpoint_server ***, size_t *, void *);

static NTSTATUS get_servers(struct dcesrv_context *context, const struct dcesrv_endpoint_server ***ret, size_t *ret_n,
	void *data)
{
	(void)context, (void)data;
	*ret = servers;
	*ret_n = 1;
	return NT_STATUS_OK;
}
#else
typedef size_t (*get_servers_fn)(struct dcesrv_context *, const struct dcesrv_endpoint_server ***, void *);

static size_t get_servers(struct dcesrv_context *context, const struct dcesrv_endpoint_server ***ret, void *data)
{
	(void)context, (void)data;
	*ret = servers;
	return 1;
}
#endif

typedef int (*worker_main_fn)(int argc, const char **argv, const char *name, int n_workers, int idle_s,
	size_t (*get_interfaces)(const struct ndr_interface_table ***, void *), get_servers_fn get_servers, void *data);

static void *load_worker(void)
{
	static const char *const names[] = { "libRPC-WORKER-samba4.so.0", "libRPC-WORKER-private-samba.so.0" };
	static const char *const folders[] = { SAMBA_LIBDIR "/samba/", SAMBA_LIBDIR "/" };

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++) {
			char path[512];
			void *library;

			snprintf(path, sizeof(path), "%s%s", folders[k], names[i]);
			library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
			if (library)
				return library;
		}
	return NULL;
}

int main(int argc, const char **argv)
{
	void *library = load_worker();
	worker_main_fn worker_main = library ? (worker_main_fn)dlsym(library, "rpc_worker_main") : NULL;

	if (!worker_main) {
		fprintf(stderr, "rpcd_memory: %s\n", dlerror());
		return 1;
	}
	return worker_main(argc, argv, "rpcd_memory", 1, 3600, get_interfaces, get_servers, NULL);
}
