/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker-call.c - one call: what is written down of it, who may what, waiting for something to happen, and the
 * context handles of its client. Waiting is looking again every POLL_US: whatever changes the description may end it,
 * be it another call or a test.
 */
#include "worker.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <gen_ndr/auth.h>
#include <gen_ndr/security.h>
#include <tsocket.h>

/* ---- small things ---- */

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uint64_t filetime(double t)
{
	return tsts_filetime((int64_t)(t * 1e6));
}

const char *known(const char *text)
{
	return text ? text : "";
}

/* The address that the client connected to. */
static const char *local_address(TALLOC_CTX *mem, struct dcesrv_connection *connection)
{
	char *(*to_text)(const struct tsocket_address *, TALLOC_CTX *) =
		(char *(*)(const struct tsocket_address *, TALLOC_CTX *))dlsym(RTLD_DEFAULT, "tsocket_address_inet_addr_string");
	const struct tsocket_address *address = dcesrv_connection_get_local_address(connection);

	return to_text && address ? to_text(address, mem) : NULL;
}

const char *folder_of(TALLOC_CTX *mem, struct dcesrv_connection *connection)
{
	const char *address = local_address(mem, connection);

	return talloc_asprintf(mem, "%s/%s", getenv("SERVERS"), address ? address : "none");
}

/* ---- what is written down ---- */

void put_text(FILE *out, const char *name, const char *value)
{
	fprintf(out, ", \"%s\": \"", name);
	for (; *known(value); value++)
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

void end_record(FILE *out)
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

void record_call(struct call *call, const uint8_t *stub, size_t n)
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

void record_answer(struct call *call, const char *kind, const uint8_t *stub, size_t n)
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

FILE *begin_deed(struct call *call, const char *deed)
{
	FILE *out = begin_record(call, call->folder, "deeds");

	if (!out)
		return NULL;
	put_text(out, "deed", deed);
	put_caller(out, call);
	fprintf(out, ", \"session\": %lld", (long long)call->session);
	return out;
}

void record_deed(struct call *call, const char *deed)
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

bool know_caller(struct call *call)
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
		(!session->domain || strcasecmp(session->domain, known(call->domain)) == 0);
}

bool may(const struct call *call, const struct memory_session *session, uint32_t right)
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

void answer_now(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct call *call = data;

	(void)ev, (void)timer, (void)t;
	if (!NT_STATUS_IS_OK(dcesrv_reply(call->state)))
		fprintf(stderr, "%s: no answer could be sent\n", call->row->name);
}

void poll_ready(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
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

void poll_later(struct call *call, uint32_t us, tevent_timer_handler_t handler)
{
	struct timeval at = tevent_timeval_current_ofs(us / 1000000, us % 1000000);

	if (!tevent_add_timer(call->state->event_ctx, call, at, handler, call))
		fprintf(stderr, "%s: no timer\n", call->row->name);
}

void wait_for(struct call *call, bool (*ready)(struct call *), double seconds)
{
	call->ready = ready;
	call->deadline = seconds < 0 ? -1 : monotonic() + seconds;
}

bool is_late(const struct call *call)
{
	return call->deadline >= 0 && monotonic() >= call->deadline;
}

bool never(struct call *call)
{
	(void)call;
	return false;
}

struct memory_session *same_session(struct call *call)
{
	struct memory_session *session = memory_session(call->host, (uint32_t)call->session);

	return session && session->logon == call->logon ? session : NULL;
}

/* Ends a session, now or in a while, whether or not anybody still waits for it then. */
struct ending {
	char *folder;
	uint32_t session;
	double logon, serial;
};

static void end_later(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data)
{
	struct ending *ending = data;

	(void)ev, (void)timer, (void)t;
	memory_end(ending->folder, ending->session, ending->logon, ending->serial);
	talloc_free(ending);
}

void end_session(struct call *call, const struct memory_session *session, uint32_t after_ms)
{
	struct ending *ending;

	if (!after_ms) {
		memory_end(call->folder, session->id, session->logon, session->serial);
		return;
	}
	ending = talloc_zero(call->state->event_ctx, struct ending);
	ending->folder = talloc_strdup(ending, call->folder);
	ending->session = session->id;
	ending->logon = session->logon;
	ending->serial = session->serial;
	tevent_add_timer(call->state->event_ctx, ending, tevent_timeval_current_ofs(after_ms / 1000, after_ms % 1000 * 1000),
		end_later, ending);
}

/* ---- handles ---- */

void refuse_call(struct call *call, uint32_t code)
{
	call->state->fault_code = code;
	call->ready = NULL;
}

struct held *hold(struct call *call, int type, struct policy_handle *ret)
{
	struct dcesrv_handle *handle = dcesrv_handle_create(call->state, (uint8_t)type);
	struct held *held = handle ? talloc_zero(handle, struct held) : NULL;

	if (!held)
		return NULL;
	handle->data = held;
	*ret = handle->wire_handle;
	return held;
}

/* Samba does not refuse a handle of zeroes: it makes a new one, which is nobody's. */
struct dcesrv_handle *find_handle(struct call *call, const struct policy_handle *wire, int type)
{
	struct dcesrv_handle *handle = dcesrv_handle_lookup(call->state, wire, (uint8_t)type);

	if (!handle || handle->data)
		return handle;
	talloc_free(handle);
	return NULL;
}

struct dcesrv_handle *handle_of(struct call *call, const struct policy_handle *wire, int type)
{
	struct dcesrv_handle *handle = find_handle(call, wire, type);

	if (!handle)
		refuse_call(call, DCERPC_FAULT_CONTEXT_MISMATCH);
	return handle;
}

uint32_t close_handle(struct call *call, struct policy_handle *in, struct policy_handle *out, int type)
{
	struct dcesrv_handle *handle = handle_of(call, in, type);

	talloc_free(handle);
	*out = (struct policy_handle) { 0 };
	return 0;
}

struct memory_session *session_of(struct call *call, const struct policy_handle *wire, uint32_t right, uint32_t *ret)
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

struct memory_session *session_by_id(struct call *call, uint32_t id, uint32_t right, uint32_t *ret)
{
	struct memory_session *session = memory_session(call->host, id);

	call->session = id;
	*ret = session ? DENIED : NO_SESSION;
	if (!session || !may(call, session, right))
		return NULL;
	call->logon = session->logon;
	return session;
}

bool really(const struct call *call)
{
	return !call->fault || !call->fault->undone;
}

bool is_shown(const struct call *call, const struct memory_session *session)
{
	return may(call, session, QUERY) && !(call->fault && call->fault->hides && call->fault->hidden == session->id);
}
