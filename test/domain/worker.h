/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker.h - what the parts of rpcd_memory know of each other.
 *
 * rpcd_memory.c   the worker: from a packet to an answer, and faults on the way
 * worker-call.c   one call: what is written down of it, who may what, waiting, context handles
 * worker-lsm.c    TermSrvSession, TermSrvNotification, TermSrvEnumeration. worker-rcm.c: RCMPublic, RCMListener
 * worker-ica.c    IcaApi
 */
#ifndef DOMAIN_WORKER_H
#define DOMAIN_WORKER_H

#include <stdio.h>

#include <samba/version.h>
#include <dcesrv_core.h>
#include <dcerpc.h>
#include <tevent.h>

#include "memory.h"
#include "tsts/ms-tsts.h"

#define POLL_US 1000
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

/* What a handle stands for. */
struct held {
	uint32_t session;
	double logon;
	uint32_t mask, state;
	bool filtered, inverted;
	struct { uint32_t id, state; double logon; } *seen;
	uint32_t n_seen;
};

#define ROW(opnum, type, name, act) { opnum, name, act, offsetof(struct type, out.result), 0 }
#define ICA(opnum, type, name, act) \
	{ opnum, name, act, offsetof(struct type, out.status), offsetof(struct type, out.result) }

/* ---- worker-call.c ---- */

double now(void);
double monotonic(void);
uint64_t filetime(double t);

/* TEXT, "" for NULL. */
const char *known(const char *text);

#define COPY(field, value) snprintf(field, sizeof(field), "%s", known(value))

/* The folder of the server that the client has come to. */
const char *folder_of(TALLOC_CTX *mem, struct dcesrv_connection *connection);

void record_call(struct call *call, const uint8_t *stub, size_t n);
void record_answer(struct call *call, const char *kind, const uint8_t *stub, size_t n);
void record_deed(struct call *call, const char *deed);

/* The same in parts: what else is to be said of it goes between; NULL if it cannot be written. */
FILE *begin_deed(struct call *call, const char *deed);
void put_text(FILE *out, const char *name, const char *value);
void end_record(FILE *out);

/* Finds out who calls. Returns false for nobody in particular. */
bool know_caller(struct call *call);

/* MS-TSTS 3.1.1 and the defaults of Windows: administrators all, one's own, Remote Desktop Users to look and to
 * write. */
bool may(const struct call *call, const struct memory_session *session, uint32_t right);

/* The call is answered as soon as READY; after so many SECONDS (less than 0: never) is_late() is true. */
void wait_for(struct call *call, bool (*ready)(struct call *), double seconds);
bool is_late(const struct call *call);
bool never(struct call *call);
void poll_later(struct call *call, uint32_t us, tevent_timer_handler_t handler);
void poll_ready(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data);
void answer_now(struct tevent_context *ev, struct tevent_timer *timer, struct timeval t, void *data);

/* The call is answered with a fault of RPC. */
void refuse_call(struct call *call, uint32_t code);

/* A new handle; NULL: no memory. One that came with the call, or NULL; handle_of() refuses the call then. */
struct held *hold(struct call *call, int type, struct policy_handle *ret);
struct dcesrv_handle *find_handle(struct call *call, const struct policy_handle *wire, int type);
struct dcesrv_handle *handle_of(struct call *call, const struct policy_handle *wire, int type);
uint32_t close_handle(struct call *call, struct policy_handle *in, struct policy_handle *out, int type);

/* The session of a handle, or of an id, if the caller has RIGHT to it; else NULL and the reason in *ret. */
struct memory_session *session_of(struct call *call, const struct policy_handle *wire, uint32_t right, uint32_t *ret);
struct memory_session *session_by_id(struct call *call, uint32_t id, uint32_t right, uint32_t *ret);

/* The session the call is about, if it is still that logon. */
struct memory_session *same_session(struct call *call);

/* Ends SESSION, now or in a while, whether or not anybody still waits for it then. */
void end_session(struct call *call, const struct memory_session *session, uint32_t after_ms);

/* Whether what is answered is also done; whether a list has SESSION for this caller. */
bool really(const struct call *call);
bool is_shown(const struct call *call, const struct memory_session *session);

/* ---- worker-lsm.c, worker-rcm.c, worker-ica.c: what is served; a row without a name ends a table ---- */

extern const struct row session_rows[], notification_rows[], enumeration_rows[];
extern const struct row rcm_public_rows[], rcm_listener_rows[];
extern const struct row ica_rows[];

#endif
