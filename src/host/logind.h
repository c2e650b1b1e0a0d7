/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind.h - what the two halves of the logind back end share: logind.c (connection, asking, killing, waiting) and
 * logind-read.c (what sessions there are, and what they are). Nobody else includes it.
 */
#ifndef HOST_LOGIND_H
#define HOST_LOGIND_H

#include <systemd/sd-bus.h>

#include "host/host.h"

#define LOGIN1 "org.freedesktop.login1"
#define LOGIN1_PATH "/org/freedesktop/login1"
#define MANAGER LOGIN1 ".Manager"
#define SESSION LOGIN1 ".Session"
#define USER LOGIN1 ".User"

/* Calls under way at once; beyond a few hundred the bus answers with errors. */
#define MAX_CALLS 64

/* A call that logind answers by itself takes 1 ms; a restart of logind takes a second or two. */
#define CALL_TIMEOUT_US UINT64_C(5000000)
/* A call during which a person types a password. */
#define AUTHORIZE_TIMEOUT_US UINT64_C(180000000)

struct family;

struct logind {
	sd_bus *bus;
	bool elogind;
	bool subscribed;
	bool hurried;			/* see KILL_TIMEOUT_US */
	bool silent;			/* the last question was not answered in time */
	unsigned n_calls;		/* asynchronous calls under way */
	uint64_t scope_look_us;		/* when to look for the scopes of a crowd; 0: not to */
	unsigned *displays;		/* with an xrdp client; read when the first xrdp session is met */
	size_t n_displays;
	bool has_displays;
	bool knows_own_id;
	char *own_id;			/* the caller's session by cgroup; NULL: none */
};

/* session->data */
struct logind_session {
	char *user_path;		/* object path; NULL: not asked for yet */
	char *scope;			/* "session-5.scope"; NULL on elogind */
	char *cgroup;			/* directory of the session's processes; NULL: cannot be seen */
	char *manager_cgroup;
	bool graphical;
	bool not_a_session;		/* class "manager": the user's service manager, in systemd 256 and later */
	bool superseded;		/* another logon has got the id, and with it scope and cgroup */
	uint64_t signalled_us;		/* when its processes were signalled from here; 0: logind has been asked */
	sd_bus_slot *call;
	struct family *family;		/* elogind only */
};

static inline struct logind_session *of(const struct logoff_session *session)
{
	return session->data;
}

/*
 * What ERROR (not set: R) means to the procedure; records the cause. -EAGAIN: logind may answer later. Returns the errno.
 */
int logind_error(const sd_bus_error *error, int r, struct logoff_error *reterr);

/* For answers that are not what the interface promises. Returns -EPROTO, or -ENOMEM. */
int logind_bad_answer(int r, const char *what, struct logoff_error *reterr);

/* Sets how long the next question may wait for its answer, from now on. */
void logind_set_timeout(struct logoff_host *host);

/* The id of the session the caller runs in by its cgroup, or NULL. Owned by LOGIND. */
const char *logind_own_id(struct logind *logind);

/* The back end's get() and list(). */
int logind_get(struct logoff_host *host, const char *id, struct logoff_session **ret_session,
	       struct logoff_error *reterr);
int logind_list(struct logoff_host *host, const char *name, struct session_list *list, struct logoff_error *reterr);

#endif
