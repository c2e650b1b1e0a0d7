/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.h - what "change logon" finds out and does, without a word of it being printed: for the command, and for
 * logoff-host, which tells it to a command far away. ROOT is that of drain.h.
 */
#ifndef DRAIN_ANSWER_H
#define DRAIN_ANSWER_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/report.h"
#include "drain/drain.h"
#include "logoff.h"

struct drain_service {
	char name[NAME_MAX + 1];
	enum drain_proof proof;
};

/* Files of PAM and systemd that refuse more. */
#define DRAIN_NOLOGIN_FILES 2
extern const char *const drain_nologin_files[DRAIN_NOLOGIN_FILES];

/* All zero knows nothing. drain_answer_done() frees what it holds. */
struct drain_answer {
	bool known;			/* STATE is */
	struct drain_state state;
	struct drain_service *services;	/* those that PAM was asked for */
	size_t n_services;
	bool nologin[DRAIN_NOLOGIN_FILES];	/* which of those files there are */
	bool counted;
	size_t n_left;			/* if COUNTED: sessions of people, but for those known to be the caller's own */
	bool hides_logins;		/* and there may be some more */
	int status;			/* the highest exit status of it all */
};

/* Reports what failed, as stream_failure() has it. */
typedef void (*drain_trouble_func)(enum exit_status status, const char *kind, const char *object,
				   const struct logoff_error *cause, void *data);

/* Tells whether LOGOFF_DRAIN_ROOT names a folder in place of "/". An empty one names none. */
bool drain_answer_is_elsewhere(void);

/* Opens "/", or the folder that LOGOFF_DRAIN_ROOT names. Returns the descriptor, or -errno: that has been reported. */
int drain_answer_root(drain_trouble_func trouble, void *data);

/*
 * Makes TEXT harmless; NULL is a sentence of ours. Returns 0, -E2BIG: it is longer than RET then, or -ENOMEM.
 */
int drain_answer_text(const char *text, char ret[static DRAIN_TEXT_SIZE]);

/* Looks what the state is and, if the caller may change it, whether PAM follows it, which may wait for PAM. */
void drain_answer_get(struct drain_answer *answer, int root, drain_trouble_func trouble, void *data);

/*
 * Does what VERB says, which is not DRAIN_QUERY, with a harmless TEXT for users. BY is noted as whoever has ordered
 * it. Looks then as drain_answer_get(). CALLER has logged on for it; TROUBLE tells, with the status EXIT_ENDED, if they
 * could not do so again. Returns whether it was done; if not, nothing is known.
 */
bool drain_answer_set(struct drain_answer *answer, int root, enum drain_verb verb, const char *by, const char *caller,
		      const char *text, drain_trouble_func trouble, void *data);

/* Counts the sessions that are left, unless all logons are accepted. Returns a result of the library. */
int drain_answer_count(struct drain_answer *answer, struct logoff_host *host, struct logoff_error *reterr);

/* The answer for programs: doc/json.md, Logons. Returns a new reference, or NULL without memory. */
json_t *drain_answer_to_json(const struct drain_answer *answer);

/*
 * Reads such an answer of logoff-host, which is not trusted. RET is the caller's, also after a failure:
 * drain_answer_done(). Returns 0, -EBADMSG or -ENOMEM.
 */
int drain_answer_from_json(struct drain_answer *ret, const json_t *json);

/* Frees what ANSWER holds. */
void drain_answer_done(struct drain_answer *answer);

#endif
