/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * far.h - what logoff-host on another machine says in JSON becomes the structs of the library again: the inverse of
 * json.h.
 *
 * So everything that shows, selects or reports works for far hosts as for this machine. doc/json.md has the fields.
 * The peer is not trusted: a field that is missing or of the wrong type, a number out of range and a word that is not
 * known are -EBADMSG. Memory is in proportion to the JSON; whoever reads the line limits that. What the fields do not
 * say stays unknown: of a session LOGOFF_IS_STATE_UNSURE and LOGOFF_IS_BY_TERMINAL, of an outcome is_manager; they
 * are false.
 */
#ifndef CLI_FAR_H
#define CLI_FAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "logoff.h"

/* The id of the session that ROW is about: a session, an event, a result or a delivery. Returns it, or NULL. */
const char *far_id(const json_t *row);

/*
 * Makes a session of ROW and of LOGON, which stands beside it (NULL: nothing does) and is more exact than the time in
 * ROW. HOST is the name of its host here (LOGOFF_DETAIL_HOST): what the peer says about that does not count.
 * *ret_session is the caller's: logoff_session_free(). Returns 0, -EBADMSG or -ENOMEM.
 */
int far_session(const json_t *row, const json_t *logon, const char *host, struct logoff_session **ret_session);

/* Reads a moment of Unix time; null, and what is none, is -1. Returns whether it is a moment or null. */
bool far_time(const json_t *value, int64_t *ret_us);

/* Reads the cause of a failure; null is none. Returns 0 or -EBADMSG. */
int far_cause(const json_t *json, struct logoff_error *ret);

/* Reads what became of a message. A recipient that was left out is no delivery. Returns 0 or -EBADMSG. */
int far_delivery(const json_t *json, struct logoff_delivery *ret);

/* A process of the order "processes". */
struct far_process {
	struct logoff_host_process process;
	char user[256];			/* "" if unknown; longer names are cut */
};

/* Reads such a process. Returns 0 or -EBADMSG. */
int far_process(struct far_process *ret, const json_t *row);

/* Processes of an event or an outcome. */
struct far_processes {
	struct logoff_process *items;
	const struct logoff_process **pointers;	/* to each of them */
	size_t n_items;
};

/* An event with all that it points to. Its texts belong to the JSON. */
struct far_event {
	struct logoff_event event;
	struct logoff_delivery delivery;
	struct logoff_error cause;
	struct far_processes processes;
};

/*
 * Reads an event of SESSION, which the caller has found by far_id(). RET is the caller's, and stays where it is:
 * far_event_done(). Returns 0, -EBADMSG or -ENOMEM.
 */
int far_event(struct far_event *ret, const json_t *json, const struct logoff_session *session);

/* Frees what EVENT holds. */
void far_event_done(struct far_event *event);

/* What became of a session, with the processes that were left. Its record is the far host's: it counts as recorded. */
struct far_outcome {
	struct logoff_outcome outcome;
	int exit_status;		/* as the far host has it; counts a record that could not be written there */
	struct far_processes left;
};

/*
 * Reads the result of a session. A word that is not known is -EBADMSG, and so is "ended" for a session that is still
 * there or has processes left. RET as above: far_outcome_done(). Returns 0, -EBADMSG or -ENOMEM.
 */
int far_outcome(struct far_outcome *ret, const json_t *json);

/* Frees what OUTCOME holds. */
void far_outcome_done(struct far_outcome *outcome);

/* A failure that is not the result of a session. Its texts belong to the JSON. */
struct far_failure {
	const char *kind;		/* small letters and "-"; new kinds may come, so any such word is one */
	const char *object;		/* NULL: none */
	struct logoff_error cause;
	int exit_status;
};

/* Reads a failure. Returns 0 or -EBADMSG. */
int far_failure(struct far_failure *ret, const json_t *json);

#endif
