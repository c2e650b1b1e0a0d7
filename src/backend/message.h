/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.h - the delivery of messages (message.c), and the message service, which delivers, disconnects clients and ends processes for
 * those who may not do it themselves (message-service.c; the program is src/messenger).
 */
#ifndef BACKEND_MESSAGE_H
#define BACKEND_MESSAGE_H

#include <systemd/sd-bus.h>

#include "core/host.h"

/* Takes over a delivery that another process tells of. Returns false if it is none. */
bool message_take_delivery(struct logoff_delivery *to, const struct logoff_delivery *told);

/*
 * The operation message() of the kinds of host of this machine: by terminals, desktops and displays. Sessions that are not of this
 * machine get none.
 */
int message_deliver(struct logoff_host *host, const struct logoff_message *message, struct logoff_session *const *sessions,
		    size_t n_sessions, struct logoff_delivery *deliveries, int cancel_fd);

/* ---- the message service ---- */

#define MESSENGER_NAME "org.logoff.Messenger1"
#define MESSENGER_PATH "/org/logoff/Messenger1"
#define MESSENGER_INTERFACE "org.logoff.Messenger1"

/*
 * Each call is answered by what became of each session or process: result (0 or -errno), channel, answer, and the cause: domain, number,
 * name, text. Cancel ends the waiting of all calls of the caller; they are answered at once.
 */
#define MESSENGER_RESULTS "a(iuuuxss)"

/*
 * Send: sessions (id, identity as in struct logoff_session or 0), title (used only if root sends it), text, timeout in ms,
 * whether to wait for answers, the kind (enum logoff_message_kind).
 */
#define MESSENGER_SEND "a(st)sstbu"

/* Disconnect: a session (id, identity, which must be known), the actor (name, SID, address, all as in struct host_actor). */
#define MESSENGER_DISCONNECT "st(sss)"

/*
 * EndProcesses: processes (number, when started as in struct logoff_host_process, whose, id of the session, command or nothing), the
 * grace in ms, the actor. A command is bytes, as a process may choose any.
 */
#define MESSENGER_END "a(ixusay)t(sss)"

/* What one call may hold. */
#define MESSENGER_SESSIONS_MAX 16384
#define MESSENGER_PROCESSES_MAX 16384
#define MESSENGER_GRACE_MAX_MS (UINT64_C(86400000) * 366)	/* the longest of tskill */
#define MESSENGER_ID_MAX 64
#define MESSENGER_TITLE_MAX 1024
#define MESSENGER_TEXT_MAX (36 << 10)	/* the longest text of a warning, each byte of which may have become \xNN, and its sentence */

enum service_method { SERVICE_SEND, SERVICE_DISCONNECT, SERVICE_END };

/* What the service is asked for. */
struct service_order {
	enum service_method method;
	struct logoff_session *const *sessions;		/* SEND; DISCONNECT: one */
	struct logoff_host_process *const *processes;	/* END */
	size_t n;					/* of those */
	const struct logoff_message *message;		/* SEND */
	uint64_t grace_ms;				/* END */
	const struct host_actor *actor;			/* DISCONNECT, END */
};

/*
 * Tells whether the service may be asked about HOST: here it is not the service itself, and HOST is what this machine is. A forced kind
 * of host numbers its sessions in its own way; the service looks at the one that is there.
 */
bool service_knows(const struct logoff_host *host);

/*
 * Asks the service, and waits for its results, one for each session or process of ORDER. Returns 0 or: -EACCES: nobody is there who does
 * it, -EBUSY: the caller asks for too much at once: nothing has been done; -EAGAIN: it has been asked for, and nobody knows what has been
 * done; with the cause.
 */
int service_ask(const struct service_order *order, int cancel_fd, struct logoff_delivery *results, struct logoff_error *cause);

/* A call of the service that is under way. */
struct service_call;

/*
 * Starts to ask the service, which is started if it is not there. *ret_call is the caller's. Returns 0 or -errno: the
 * bus is not there.
 */
int service_call_new(struct service_call **ret_call, const struct service_order *order);

/* Records that there is no service here. Returns -ENOENT. */
int service_say_absent(struct logoff_error *cause);

/* NULL is allowed; what is under way is cancelled. Returns NULL. */
struct service_call *service_call_free(struct service_call *call);

/* Tells what to poll for, and until when at most. */
void service_call_poll(const struct service_call *call, int *ret_fd, short *ret_events, uint64_t *ret_until_us);

/* Asks for the answers as far as there are any; service_call_process() goes on to take them. */
void service_call_cancel(struct service_call *call);

/*
 * Takes in what has come. Returns 1 (RESULTS, as many as there were sessions or processes, are filled), 0 (not yet), -ENOENT (it is
 * not installed here, or cannot be started), -EACCES (the bus does not let the caller ask it), -EBUSY (the caller asks for too much at
 * once): nothing has been done; or another errno: nobody knows; with the cause.
 */
int service_call_process(struct service_call *call, struct logoff_delivery *results, struct logoff_error *cause);

#endif
