/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts.h - what the files of the back end for Windows share: the host, its sessions as last told (wts-rows.c), how
 * they are ended (wts-end.c), messages (wts-message.c). The head of wts.c has the reasons.
 */
#ifndef BACKEND_WTS_H
#define BACKEND_WTS_H

#include "backend/wts-call.h"
#include "core/host.h"

/* What is remembered of the logon that had an id last. The id is the first member, for array_place(). */
struct wts_known {
	uint32_t id;
	uint64_t logon;			/* 0: not known */
	int64_t seen_us;		/* when it was last seen, by the host's clock */
	struct wts_call *late;		/* a question that hangs at this session */
};

struct wts_host {
	struct wts_link *link;
	int cancel_fd;			/* of the last wait(), while sessions are being ended; wts_cancel_fd() */
	uint64_t timeout_us;
	bool silent;			/* it has not answered the last question in time */
	uint32_t own;			/* the caller's session, on this machine */
	struct wts_row *rows;		/* the last list, and behind it sessions that it lacks */
	size_t n_rows;
	uint64_t listed_us;		/* host->now_us then */
	uint64_t read_us;		/* and the real time */
	uint64_t cost_us;		/* how long that took */
	bool detailed, with_clients;	/* all its rows have been asked for that */
	struct wts_call *programs;	/* the last ones that were looked for */
	uint64_t programs_us;		/* host->now_us then */
	struct wts_known *known;		/* in the order of ids */
	size_t n_known;
	bool unsteady;			/* its logon times tell nothing */
	struct wts_call *late_list, *late_programs, *late_act; /* have not returned in time */
};

/* What a struct logoff_session knows of its log-off. */
struct wts_handle {
	uint32_t id;
	struct wts_call *asking;	/* the log-off, under way */
	bool was_asked;			/* once at least */
	bool seen;			/* programs of a person have been seen in it: the host does not hide them */
	uint64_t alone_us;		/* since when no program can be ended; 0: there are some, or it is not known */
};

/* ---- calls ---- */

/* An answer is not waited for past it. After the request the event may be closed: -1. */
static inline int wts_cancel_fd(const struct logoff_host *host)
{
	return host->n_watched > 0 ? ((const struct wts_host *)host->data)->cancel_fd : -1;
}

/* When the wait for an answer that is asked for now ends: after MOST_US at the latest, and at the request's deadline. */
uint64_t wts_answer_until(const struct logoff_host *host, uint64_t most_us);

/* As long as any answer is waited for. */
#define WTS_ANY_TIME UINT64_MAX

/*
 * Makes CALL (NULL: out of memory), and waits for its answer, for MOST_US at most. *LATE: a call of this kind that has
 * not returned yet: there is never more than one. A call that is left behind stops as soon as it can. Returns 0: CALL is the caller's, or -errno: it is no more. What fails here proves
 * nothing of a session: that is never -ENXIO.
 */
int wts_make_call(struct logoff_host *host, struct wts_call *call, struct wts_call **late, uint64_t most_us,
		  struct logoff_error *reterr);

/* Gives CALL up. NULL is allowed. Returns NULL. */
struct wts_call *wts_call_drop(struct wts_call *call);

/* ---- rows: sessions as last told ---- */

/* Reads all sessions. Returns 0 or -errno. */
int wts_read_list(struct logoff_host *host, struct logoff_error *reterr);

/* The row of the last list with this id, or NULL. */
struct wts_row *wts_find_row(const struct wts_host *wts, uint32_t id);

/*
 * Asks about N ROWS for FACTS (STATION_HAS_*). The question that hangs at a session is left behind there, and another
 * one goes on with the next. What is not told stays unknown, with the reason in the row's error. Times are compared
 * with those that were told before.
 */
void wts_ask_rows(struct logoff_host *host, struct wts_row **rows, size_t n, unsigned facts);

/*
 * Which logon ROW is, or 0: that cannot be told. A row without a user tells of no logon, and says nothing of one that
 * the id had: a session that ends may lose its user before it is gone.
 */
uint64_t wts_logon_of(const struct wts_host *wts, const struct wts_row *row);

/* Tells whether ROW is known to be another logon than SESSION. */
bool wts_is_other(const struct logoff_session *session, const struct wts_row *row);

/*
 * Looks for session ID: in the list of this round of looks if sessions are being ended, else in a new one. Returns 0,
 * -ENXIO: it is gone, or why that cannot be told. *ret_row is valid until the next call.
 */
int wts_look_for(struct logoff_host *host, uint32_t id, const struct wts_row **ret_row, struct logoff_error *reterr);

/* ---- operations of backend.h ---- */

int wts_processes(struct logoff_host *host, struct logoff_session *session, enum host_part part,
		  struct process_list *list, struct logoff_error *reterr);
int wts_ask(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool interactive,
	    struct logoff_error *reterr);
int wts_kill(struct logoff_host *host, struct logoff_session *session, enum host_part part, bool last_act,
	     struct logoff_error *reterr);
int wts_message(struct logoff_host *host, const struct logoff_message *message, struct logoff_session *const *sessions,
		size_t n_sessions, struct logoff_delivery *deliveries, int cancel_fd);

/* Makes the answers to wts_ask() that have come facts. Returns whether there are any. */
bool wts_collect_answers(struct logoff_host *host);

#endif
