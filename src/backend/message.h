/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.h - between the delivery of messages (message.c) and the message service, which delivers for those who may not do it
 * themselves (message-service.c; the program is src/messenger).
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
 * Send: sessions (id, identity as in struct logoff_session or 0), title (used only if root sends it), text, timeout in ms,
 * whether to wait for answers, the kind (enum logoff_message_kind). One delivery for each session comes back: result, channel, answer, and the cause: domain,
 * number, name, text. Cancel ends the waiting of all calls of the caller; they are answered at once.
 */
#define MESSENGER_SEND "a(st)sstbu"
#define MESSENGER_DELIVERIES "a(iuuuxss)"

/* What one call may hold. */
#define MESSENGER_SESSIONS_MAX 16384
#define MESSENGER_ID_MAX 64
#define MESSENGER_TITLE_MAX 1024
#define MESSENGER_TEXT_MAX (32 << 10)	/* the longest text of msg, each byte of which may have become \xNN */

/* A call of the service that is under way. */
struct service_call;

/*
 * Starts to ask the service, which is started if it is not there. *ret_call is the caller's. Returns 0 or -errno: the
 * bus is not there.
 */
int service_call_new(struct service_call **ret_call, const struct logoff_message *message,
		     struct logoff_session *const *sessions, size_t n_sessions);

/* Records that there is no service here. Returns -ENOENT. */
int service_say_absent(struct logoff_error *cause);

/* NULL is allowed; what is under way is cancelled. Returns NULL. */
struct service_call *service_call_free(struct service_call *call);

/* Tells what to poll for, and until when at most. */
void service_call_poll(const struct service_call *call, int *ret_fd, short *ret_events, uint64_t *ret_until_us);

/* Asks for the answers as far as there are any; service_call_process() goes on to take them. */
void service_call_cancel(struct service_call *call);

/*
 * Takes in what has come. Returns 1 (DELIVERIES, as many as there were sessions, are filled), 0 (not yet), -ENOENT (it is
 * not installed here, or cannot be started: nothing has been delivered) or another errno; with the cause.
 */
int service_call_process(struct service_call *call, struct logoff_delivery *deliveries, struct logoff_error *cause);

#endif
