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

#define DRAIN_NOLOGIN_FILES 2

/* All zero knows nothing. drain_answer_done() frees what it holds. */
struct drain_answer {
	bool known;			/* STATE is */
	struct drain_state state;
	struct drain_service *services;	/* those that PAM was asked for */
	size_t n_services;
	const char *nologin[DRAIN_NOLOGIN_FILES];	/* files of PAM and systemd that refuse more; static */
	size_t n_nologin;
	bool counted;			/* N_LEFT is how many sessions of people there are, but for the caller's own */
	size_t n_left;
	int status;			/* the highest exit status of it all */
};

/*
 * Takes note of what failed: the KIND of the failure as in doc/json.md, the file OBJECT (static) or NULL, and -errno or 0
 * in R.
 */
typedef void (*drain_trouble_func)(enum exit_status status, const char *kind, const char *object, int r, void *data);

/* Opens "/", or the folder that LOGOFF_DRAIN_ROOT names. Returns the descriptor, or -errno; *RET_PATH is its name. */
int drain_answer_root(const char **ret_path);

/*
 * Makes TEXT harmless; NULL is a sentence of ours. Returns 0, -E2BIG: it is longer than RET then, or -ENOMEM.
 */
int drain_answer_text(const char *text, char ret[static DRAIN_TEXT_SIZE]);

/* Looks what the state is and, if the caller may change it, whether PAM follows it, which may wait for PAM. */
void drain_answer_get(struct drain_answer *answer, int root, drain_trouble_func trouble, void *data);

/*
 * Does what VERB says, which is not DRAIN_QUERY, for the user BY, with a harmless TEXT for users. Looks then as
 * drain_answer_get(). Returns whether it was done; if not, nothing is known.
 */
bool drain_answer_set(struct drain_answer *answer, int root, enum drain_verb verb, const char *by, const char *text,
		      drain_trouble_func trouble, void *data);

/* Counts the sessions that are left, unless all logons are accepted. Returns a result of the library. */
int drain_answer_count(struct drain_answer *answer, struct logoff_host *host, struct logoff_error *reterr);

/* The answer for programs: doc/json.md, Logons. Returns a new reference, or NULL without memory. */
json_t *drain_answer_to_json(const struct drain_answer *answer);

/* Frees what ANSWER holds. */
void drain_answer_done(struct drain_answer *answer);

#endif
