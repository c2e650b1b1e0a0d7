/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts-call.h - the calls of wtsapi32.dll and winsta.dll that wts.c makes, each in a thread (thread-call.h), and what
 * their errors mean. Texts are UTF-8 and times Unix time on this side. Only on Windows.
 */
#ifndef BACKEND_WTS_CALL_H
#define BACKEND_WTS_CALL_H

#include "backend/station.h"
#include "backend/thread-call.h"
#include "backend/wts-api.h"

/* The way to a host. Threads that are left behind keep it. */
struct wts_link {
	LONG refs;
	HANDLE server;		/* WTS_CURRENT_SERVER_HANDLE: this machine, or not opened yet */
	wchar_t *name;		/* of a server; NULL: this machine */
	HANDLE token;		/* of the account by which the server is to know the caller; NULL: their own */
	HANDLE news;		/* an event: an answer has come that nobody waits for by itself */
};

/* A session. */
struct wts_row {
	struct station_row row;
	int64_t now_us;		/* the host's clock when it told the times; 0: it has not */
	DWORD error;		/* of the question about this session alone; 0: answered, or not asked */
	bool asked;		/* that was asked */
	bool listed;		/* the host's list has it */
};

/* Whose program it is. */
enum wts_owner {
	WTS_OWNER_UNKNOWN,	/* the host does not tell */
	WTS_OWNER_HOST,		/* part of the host's own works, which each session has */
	WTS_OWNER_PERSON
};

struct wts_program {
	uint32_t pid, session;
	enum wts_owner owner;
	char command[64];
	char user[64];		/* only if asked for */
	unsigned char sid[SECURITY_MAX_SID_SIZE]; /* of a person */
};

/* A call with all its arguments and results. */
struct wts_call {
	struct thread_call thread;
	struct wts_link *link;
	uint32_t id;			/* the session; of wts_run_programs() also WTS_EVERY_SESSION */
	unsigned facts;			/* STATION_HAS_* */
	bool names, wait;
	uint32_t seconds;
	wchar_t *title, *text;
	uint64_t logon;			/* of wts_run_end(): whose programs they are */
	DWORD error;			/* 0: it has succeeded */
	DWORD answer;
	struct wts_row *rows;
	size_t n_rows;
	LONG n_done;			/* rows that are answered, so far */
	LONG stop;			/* set by the asker: the rest is not to be done */
	struct wts_program *programs;
	size_t n_programs;
};

/* Errors of our own: the call has failed and not told why; it has not returned in time. */
#define WTS_NO_ERROR_TOLD ((DWORD)-1)
#define WTS_NOT_ANSWERED ((DWORD)-2)

/* Opens the way to this machine, or to SERVER. Returns 0 or -errno. */
int wts_link_new(struct wts_link **ret_link, const char *server);

/* Gives LINK up. NULL is allowed. */
void wts_link_drop(struct wts_link *link);

/* Has the server of LINK know the caller by this account, in every call from now on. Returns 0 or -errno. */
int wts_link_log_on(struct wts_link *link, const char *user, const char *domain, const char *password,
		    struct logoff_error *reterr);

/* Makes a call of RUN, one of the functions below; thread_call_drop(). NULL without memory. */
struct wts_call *wts_call_new(struct wts_link *link, void (*run)(struct thread_call *thread));

/* The session in which the caller is on this machine. Does not block. */
uint32_t wts_own_session(void);

/* All sessions, into rows. */
void wts_run_list(struct thread_call *thread);

/* Asks about each of rows, for facts: times, and what else the answer tells of a row that is not listed; the client. */
void wts_run_details(struct thread_call *thread);

/* The programs of a session, or of all, into programs; with names of users. */
void wts_run_programs(struct thread_call *thread);

/* Asks a session to end. */
void wts_run_logoff(struct thread_call *thread);

/*
 * Ends the programs of session id, by the host's own call. A number may be another's by now, as may the session: both
 * are looked at again before. The error is the last of several, the answer how many have been ended.
 */
void wts_run_end(struct thread_call *thread);

/* Resets a session. */
void wts_run_reset(struct thread_call *thread);

/* Shows a message. */
void wts_run_message(struct thread_call *thread);

/* Whose program it is that the process of this handle runs. */
enum wts_owner wts_owner_of(HANDLE process);

/* What ERROR comes to: a negative errno. */
int wts_meaning(DWORD error);

/* Records ERROR. Returns what it means. */
int wts_fail(DWORD error, struct logoff_error *reterr);

/* Converts FROM (NULL: "") to UTF-8; what does not fit is cut at a character. */
void wts_text(char *to, size_t size, const wchar_t *from);

#endif
