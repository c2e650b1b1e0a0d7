/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * farm.h - several hosts of /server, or one that is reached by ssh: what the commands share for them.
 *
 * The order "list" brings the sessions of all hosts into one list; each session knows its host. Failures are reported
 * at the end, hosts with the same cause in one line. doc/json.md, Protocol, has orders and lines.
 */
#ifndef CLI_FARM_H
#define CLI_FARM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/far.h"
#include "cli/report.h"
#include "cli/select.h"
#include "farm/run.h"
#include "logoff.h"

extern uint64_t arg_parallel, arg_timeout_s;
extern bool arg_allow_unreachable;

/* The rows of a command that takes many hosts, what its help says of /server, and its function for them. */
#ifndef _WIN32
#define HELP_SERVERS N_("The session hosts: names, login[01-40], @group. Without it: this machine.")
#define RUN_FARM(FUNCTION) .run_farm = FUNCTION
#define FARM_OPTIONS                                                                                       \
	{ "parallel", "parallel", 0, OPTION_COUNT, &arg_parallel, "number",                              \
	  N_("How many hosts are asked at once; 32 if not given.") },                                      \
	{ "timeout", "timeout", 0, OPTION_SECONDS, &arg_timeout_s, "seconds",                              \
	  N_("How long a host may take to answer; 20 if not given.") },                                    \
	{ "allowunreachable", "allow-unreachable", 0, OPTION_FLAG, &arg_allow_unreachable, NULL,           \
	  N_("Hosts that cannot be reached are reported, but do not count as a failure.") },
#define FARM_USAGE "       [/PARALLEL:number] [/TIMEOUT:seconds] [/ALLOWUNREACHABLE]\n"
#else
#define HELP_SERVERS N_("The session host that is asked. Without it: this machine.")
#define RUN_FARM(FUNCTION) .run_farm = NULL
#define FARM_OPTIONS
#define FARM_USAGE
#endif

/* Of the order "logon" (doc/json.md, Protocol). */
#define LOGONS_TIME_S 60		/* what asking PAM takes, beside the time that a host has to answer */
#define LOGONS_TROUBLES_MAX 256		/* failures, and services, that one host may tell */

/* What has come from one host. */
struct far_host {
	struct logoff_session **sessions;	/* without the one in which logoff-host itself runs; the farm's */
	int64_t *logons_us;		/* which logon each of them is, for orders; -1: unknown */
	size_t n_sessions, n_before;	/* all of them; those of lists before the last */
	char **own;			/* the ids of those in which logoff-host itself runs, or ran */
	size_t n_own;
	bool ended;			/* the last list is whole */
	json_t *hello;			/* of the connection over which they were listed; NULL: not yet */
	uint64_t listed_us;		/* when that was, monotonic */
	struct far_host *twin;		/* the host before it in /server whose machine it says it is; NULL: none */
	bool has_twins;			/* it is that of another */
	bool named;			/* a session of it is: then it counts, also where others are excused */
	bool asked;			/* it has the order of server_farm_list() */
	bool answered;			/* it has been counted, and programs know of it */
	bool listed;			/* it has told all of them */
	bool hides_logins;		/* its list may lack some */
	int status;			/* the highest exit status of what it has reported */
};

/* All zero is the empty farm. */
struct server_farm {
	struct farm_hosts hosts;
	struct reach_how how;
	struct farm *farm;
	struct far_host *items;		/* one for each host, in their order */
	const char *logon[8];		/* see struct reach_how */
	char *logon_texts[8];
	size_t n_asked, n_sessions, n_answered, n_ended; /* for progress and summary: hosts, sessions */
	bool counts_once;		/* the sessions of a machine with several names */
	bool without_sessions;		/* progress and summary tell of hosts only */
	bool drawn;
	bool told_buses;		/* what is not known of hosts that were asked by their bus */
	int cancel_fd;			/* of cancel_open(); -1: not yet */
	bool cancelled;
	bool holds;			/* after server_farm_list() connections are wanted, to hosts with sessions */

	/* Takes a failure of host I that needs no line of its own: returns true. NULL: there is none such. */
	bool (*takes_failure)(size_t i, const struct far_failure *failure, void *data);

	/* Draws something else than how far the hosts are, of one host too: returns true. NULL: there is none such. */
	bool (*draws)(void *data);
	void *data;
};

/*
 * Tells whether /server means many hosts, or one that is not reached by MS-TSTS. Returns 1, 0, or -1: unknown, which
 * has been reported, and *ret_status is the exit status.
 */
int server_farm_is_meant(const char *server, enum exit_status *ret_status);

/*
 * Says how the single SERVER that could not be reached was asked, if that follows from its name alone, and the CAUSE
 * is the way there.
 */
void server_farm_say_unlisted(const char *server, const struct logoff_error *cause);

/* Prints the names of the hosts files, one in a line, for completions. Returns the exit status. */
int server_farm_print_hosts(void);

/*
 * Finds the hosts of SERVER, and prepares to reach them. Reports failures. server_farm_done() frees FARM, also after a
 * failure. Returns the exit status.
 */
enum exit_status server_farm_open(struct server_farm *farm, const char *server);

/*
 * Runs a round with the hosts WHICH (NULL: all), as farm_round(). Ctrl-C cancels it, the second one too. Returns the
 * exit status.
 */
enum exit_status server_farm_round(struct server_farm *farm, const size_t *which, size_t n,
				   const struct farm_calls *calls);

/* What "draw" of a struct farm_calls may be: draws how far the hosts are, if there is a terminal, and several hosts. */
void server_farm_draw(void *view);

/* Notes a Ctrl-C that came between two rounds. */
void server_farm_cancel(struct server_farm *farm);

/*
 * Takes a line of the order "list" of host I: a session, a failure or the reply. Returns false if it is wrong.
 */
bool server_farm_take(struct server_farm *farm, size_t i, const json_t *line);

/* Lists the sessions of the hosts WHICH (NULL: all). Returns the exit status. */
enum exit_status server_farm_list(struct server_farm *farm, const size_t *which, size_t n);

/* To be called when host I has been listed: counts it, and tells programs. */
void server_farm_listed(struct server_farm *farm, size_t i);

/*
 * Tells whether the connection of host I leads to the machine that was listed: a name can stand for several machines.
 * After a restart it is the same one. Unknown: its host name is the same, and its hello does not tell enough.
 */
enum select_answer server_farm_is_same(const struct server_farm *farm, size_t i);

/* Tells whether it is known that the machine was restarted since it was listed. Returns true if so. */
bool server_farm_has_restarted(const struct server_farm *farm, size_t i);

/* The boot in which host I was listed. Returns it, or "": unknown. */
const char *server_farm_boot(const struct server_farm *farm, size_t i);

/*
 * Finds the hosts that say that they are the same machine as one before them, and reports them. To be called when all
 * have been listed. ONCE: their sessions are not counted again. That is for looking only: a host that lies could save
 * the users of another one what was ordered for them.
 */
void server_farm_find_twins(struct server_farm *farm, bool once);

/*
 * Tells whether SESSION of host I is our connection to the same machine by another of its names. Never YES: a host that
 * lies could save the users of another one. Unknown: it is, if both hosts say the truth.
 */
enum select_answer server_farm_is_own(const struct server_farm *farm, size_t i, const struct logoff_session *session);

/* Tells whether the sessions of host I count. Returns false if they have been counted by another name. */
bool server_farm_counts(const struct server_farm *farm, size_t i);

/*
 * All sessions of all hosts that count, without our connections, in one array, to be freed; the sessions are the
 * farm's. Returns it, or NULL without memory.
 */
struct logoff_session **server_farm_sessions(const struct server_farm *farm, size_t *ret_n);

/* Reports a FAILURE that host I has told, in a line. Returns its exit status. */
int server_farm_report_failure(const struct server_farm *farm, size_t i, const struct far_failure *failure);

/* Tells whether host I has failed. Returns true if so. */
bool server_farm_has_failed(const struct server_farm *farm, size_t i);

/*
 * Tells whether host I cannot be reached, and /allowunreachable says that this is no failure. Once it has said hello,
 * it is one. If no host has said hello, nothing was done anywhere, which is a failure.
 */
bool server_farm_is_excused(const struct server_farm *farm, size_t i);

/* Reports that another machine answers for host I. Returns the exit status. */
int server_farm_report_moved(const struct server_farm *farm, size_t i);

/* Reports the hosts that have not answered, those with the same cause in one line. Returns the exit status. */
enum exit_status server_farm_report(struct server_farm *farm);

/* The same for the N hosts WHICH. */
enum exit_status server_farm_report_of(struct server_farm *farm, const size_t *which, size_t n);

/*
 * On a terminal, or if anything failed: "38 of 40 hosts answered, 112 sessions". ENDED: sessions have been logged off.
 */
void server_farm_summarize(const struct server_farm *farm, bool ended);

/* Wipes the line that shows the progress, so that other output can be printed. */
void server_farm_wipe(struct server_farm *farm);

/*
 * Finds the host that ARGUMENT names, "login03:12", and *ret_word, what stands behind the colon. Returns the number of
 * the host, or that of all hosts: it names none, and *ret_word is ARGUMENT.
 */
size_t server_farm_find(const struct server_farm *farm, const char *argument, const char **ret_word);

/* Tells whether ARGUMENT names a host of which nobody is asked: "login99:12", and there is no such host in /server. */
bool server_farm_is_elsewhere(const struct server_farm *farm, const char *argument);

/* Reports it of SHOWN: what that host has is not known. OBJECT is for programs, or NULL. Returns the exit status. */
int server_farm_report_elsewhere(const char *shown, const char *object);

/* Tells whether host I, whose hello has come, has no logoff-host and is asked by its bus. Returns true if so. */
bool server_farm_is_by_bus(const struct server_farm *farm, size_t i);

/*
 * Tells whether host I can be ordered to refuse new logons. MS-TSTS and a bus have no such order; this machine has, by
 * any name. That a host is asked by its bus is known once its hello has come. Returns true if so, or if it is unknown.
 */
bool server_farm_has_logons(const struct server_farm *farm, size_t i);

/* The sentence for a service of PAM that lets users in although the host is drained, or may. Returns it. */
struct safe server_farm_say_service(const char *service, enum select_answer refused);

/* The sentence for a KIND of failure that a host tells. Returns it, or KIND if there is none. */
const char *server_farm_sentence(const char *kind);

#define FARM_ORIGIN_SIZE 160

/* On whose behalf hosts get orders, for their records: "ann@desk". */
void server_farm_name_origin(char origin[static FARM_ORIGIN_SIZE]);

/* The names of the N hosts WHICH in one word, "login[01-03]". Returns it, to be freed, or NULL without memory. */
char *server_farm_fold(const struct server_farm *farm, const size_t *which, size_t n);

/* Prints a SENTENCE about the N hosts WHICH on standard error, in one line. */
void server_farm_say_shared(const struct server_farm *farm, const size_t *which, size_t n, const char *sentence);

/*
 * The same for a failure of KIND; programs get it for each host. Returns STATUS, its exit status, or EXIT_ENDED if N is
 * 0.
 */
int server_farm_report_shared(const struct server_farm *farm, const size_t *which, size_t n, int status,
			      const char *kind, const char *sentence);

/* The name of host I. Returns it. */
const char *server_farm_name(const struct server_farm *farm, size_t i);

/* Ends the connections and frees what FARM holds. */
void server_farm_done(struct server_farm *farm);

#endif
