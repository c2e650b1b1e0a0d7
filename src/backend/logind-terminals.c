/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-terminals.c - the terminals of logind's sessions, by the processes that are on them, and the names that follow.
 *
 * Reading processes is what a list takes its time for, so it reads only those that a name depends on. A desktop is called by its
 * display. Where the login program told logind the terminal, that is the name; the session's other terminals are looked up when
 * somebody wants them, for all sessions of the list at once. A list does not read the processes in the control groups of sessions
 * that have a name already, nor leaders that are not the user's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/logind-read.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/cgroup.h"
#include "local/terminal.h"

/* To read what a control group lists takes as long as to read so many processes. */
#define CGROUP_WORTH 4

/* The processes of a list may be so old when terminals are looked for. */
#define TABLE_AGE_US UINT64_C(1000000)

/* ---- all processes ---- */

int logind_table(struct logoff_host *host, uint64_t since_us, struct table **ret_table)
{
	struct table *table;
	int r;

	if (host->far)
		return -EOPNOTSUPP;
	if (!host->table || host->table->taken_us < since_us) {
		r = table_new(&table, ((const struct logind *)host->data)->elogind);
		if (r < 0)
			return r;
		table_free(host->table);
		host->table = table;
	}
	*ret_table = host->table;
	return 0;
}

/* ---- terminals ---- */

/* A process on a terminal, of the user whose session it is in. */
struct sight {
	struct logoff_session *session;
	struct table_row *row;
	int depth;			/* generations below the leader; -1: its parents have ended */
};

/* Sessions, and what was seen of their terminals. */
struct search {
	const struct table *table;
	struct logoff_session **by_id, **by_leader;
	size_t n_sessions;
	struct sight *sights;
	size_t n_sights;
	uint32_t ambient;		/* the audit session of process 1 */
};

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(struct logoff_session *const *)a)->id, (*(struct logoff_session *const *)b)->id);
}

static int compare_leaders(const void *a, const void *b)
{
	pid_t one = (*(struct logoff_session *const *)a)->leader, two = (*(struct logoff_session *const *)b)->leader;

	return (one > two) - (one < two);
}

/* The nearest to the leader first, and of those the oldest; orphans last. */
static int compare_sights(const void *a, const void *b)
{
	const struct sight *one = a, *two = b;
	unsigned depth = (unsigned)one->depth, other = (unsigned)two->depth;	/* -1 is the greatest */

	if (one->session != two->session)
		return compare_ids(&one->session, &two->session);
	if (depth != other)
		return depth < other ? -1 : 1;
	return (one->row->stat.start_time > two->row->stat.start_time) - (one->row->stat.start_time < two->row->stat.start_time);
}

static struct logoff_session *find_by_id(const struct search *search, const char *id)
{
	struct logoff_session key = { .id = (char *)id }, *key_at = &key;
	struct logoff_session **found = bsearch(&key_at, search->by_id, search->n_sessions, sizeof(key_at), compare_ids);

	return found ? *found : NULL;
}

/* The session whose leader had this number, which may be another process's by now. */
static struct logoff_session *find_by_number(const struct search *search, pid_t pid)
{
	struct logoff_session key = { .leader = pid }, *key_at = &key;
	struct logoff_session **found = bsearch(&key_at, search->by_leader, search->n_sessions, sizeof(key_at), compare_leaders);

	return found ? *found : NULL;
}

/* The leader, unless it has ended: its number may have been given to another process. */
static struct table_row *find_leader(const struct search *search, const struct logoff_session *session)
{
	struct table_row *leader = session->leader > 1 ? table_find(search->table, session->leader) : NULL;

	return leader && table_stat(leader) && table_may_lead(&leader->stat, of(session)->since_us) ? leader : NULL;
}

static struct logoff_session *find_by_leader(const struct search *search, pid_t pid)
{
	struct logoff_session *session = find_by_number(search, pid);

	const struct table_row *row = session ? table_find(search->table, pid) : NULL;

	/* One that is only hidden is there, and nothing says that its number was given again. */
	return row && (find_leader(search, session) || row->stat_error == -EACCES) ? session : NULL;
}

/* Tells whether the user's service manager runs the process, and not a session for which it only holds it. */
static bool is_of_manager(const struct search *search, struct table_row *row)
{
	return table_manager(search->table, row) != (uid_t)-1 && !table_is_moved(search->table, row);
}

/* Tells whether the process was given to a service or scope of the system, other than one in which the leader is. */
static bool is_given_away(const struct search *search, const struct logoff_session *session, pid_t pid)
{
	char unit[CGROUP_UNIT], leaders[CGROUP_UNIT] = "";
	struct cgroup cgroup;

	if (cgroup_read(pid, &cgroup) < 0)
		return true;
	if (!cgroup_parse_system_unit(cgroup.text, unit))
		return false;
	return !find_leader(search, session) || cgroup_read(session->leader, &cgroup) < 0 ||
	       !cgroup_parse_system_unit(cgroup.text, leaders) || strcmp(unit, leaders) != 0;
}

/*
 * The session of a process: by its control group, else that of the nearest leader above it. NULL: none of them, or it, or one between
 * them, was given to the system.
 */
static struct logoff_session *find_session(const struct search *search, struct table_row *row)
{
	struct logoff_session *session = NULL;
	const struct proc_stat *stat;
	const char *id = NULL;
	pid_t given = 0;

	if (is_of_manager(search, row))
		return NULL;
	for (int depth = 0; !session && row && depth < LOGIND_ABOVE_MAX; depth++) {
		id = table_session(search->table, row);
		session = id ? find_by_id(search, id) : find_by_leader(search, row->pid);
		if (id)
			break;
		if (!given && table_is_of_system(search->table, row))
			given = row->pid;
		stat = table_stat(row);
		row = stat ? table_find(search->table, stat->parent) : NULL;
	}
	return session && given && is_given_away(search, session, given) ? NULL : session;
}

/* Tells whether a process need not be read, by what is known of it: no session whose terminals are wanted can have one by it. */
static bool is_settled(const struct search *search, struct table_row *row)
{
	const char *id = table_known_session(row);
	const struct logoff_session *session = id ? find_by_id(search, id) : find_by_number(search, row->pid);

	if (!session)
		return id != NULL;
	return !of(session)->wants_terminals || (session->leader == row->pid && table_uid(row) != session->uid);
}

static int see_terminals(struct search *search)
{
	const struct table *table = search->table;

	for (size_t i = 0; i < table->n_rows; i++) {
		struct table_row *row = &table->rows[i];
		const struct proc_stat *stat = is_settled(search, row) ? NULL : table_stat(row);
		struct logoff_session *session = stat && stat->terminal ? find_session(search, row) : NULL;
		struct sight sight;

		if (!session || !of(session)->wants_terminals || table_uid(row) != session->uid)
			continue;
		sight = (struct sight){ session, row, table_depth(table, row->pid, session->leader) };
		if (array_add(&search->sights, &search->n_sights, &sight) < 0)
			return -ENOMEM;
	}
	if (search->n_sights > 0)
		qsort(search->sights, search->n_sights, sizeof(*search->sights), compare_sights);
	return 0;
}

/*
 * The user of a mosh server works on when the ssh login that started it is over: logind then calls the session closing.
 */
static void find_mosh(const struct search *search, const struct sight *sight)
{
	struct logoff_session *session = sight->session;
	struct table_row *parent = table_find(search->table, sight->row->stat.parent);
	char *protocol;

	if (!of(session)->closing || !parent || !table_stat(parent) || strcmp(parent->stat.command, "mosh-server") != 0)
		return;
	session->state = LOGOFF_STATE_ACTIVE;
	protocol = strdup("mosh");
	if (protocol) {
		free(session->protocol);
		session->protocol = protocol;
	}
}

/* Processes that the caller may not look at are none that are not there. */
static void note_blindness(struct logoff_session *session, bool hides)
{
	of(session)->blind = hides && session->uid != geteuid();
	session->unsure = session->unsure || (of(session)->blind && session->state == LOGOFF_STATE_CLOSING);
}

static int take_sights(struct search *search)
{
	char name[TERMINAL_NAME];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < search->n_sights; i++) {
		find_mosh(search, &search->sights[i]);
		terminal_name(search->sights[i].row->stat.terminal, name);
		if (*name && !terminal_is_foreign(name, search->sights[i].session->uid))
			r = session_add_terminal(search->sights[i].session, name);
	}
	return r;
}

/*
 * The terminals of login records whose process is in a session. Records are hints: without them there are fewer terminals. One
 * that was never taken back may name a process that has its number since, and a terminal that is another user's by now.
 */
static int take_logins(struct search *search)
{
	struct proc_login *logins = NULL;
	size_t n_logins = 0;
	int r = 0;

	if (proc_read_logins(&logins, &n_logins) < 0)
		return 0;
	for (size_t i = 0; r >= 0 && i < n_logins; i++) {
		struct table_row *row = table_find(search->table, logins[i].pid);
		struct logoff_session *session = row ? find_by_leader(search, logins[i].pid) : find_by_number(search, logins[i].pid);

		if (!session && row)
			session = find_session(search, row);
		if (session && of(session)->wants_terminals && terminal_is_of(logins[i].line, session->uid))
			r = session_add_terminal(session, logins[i].line);
	}
	free(logins);
	return r;
}

/* logind's own word comes last: of two ssh terminals it has one, and not always the first. */
static int name_by_terminal(struct logoff_session *session)
{
	struct logind_session *data = of(session);

	session->missing &= ~(unsigned)HOST_TERMINALS;
	if (data->tty && (session->host->far || terminal_is_one(data->tty)) && session_add_terminal(session, data->tty) < 0)
		return -ENOMEM;
	if (session->name || session->graphical || session->n_terminals == 0)
		return 0;
	session->name = strdup(session->terminals[0]);
	return session->name ? 0 : -ENOMEM;
}

static int search_init(struct search *search, const struct table *table, struct logoff_session *const *sessions,
		       size_t n_sessions)
{
	*search = (struct search){ .table = table, .n_sessions = n_sessions };
	search->by_id = calloc(n_sessions + 1, sizeof(struct logoff_session *));
	search->by_leader = calloc(n_sessions + 1, sizeof(struct logoff_session *));
	if (!search->by_id || !search->by_leader)
		return -ENOMEM;
	if (n_sessions > 0) {
		memcpy(search->by_id, sessions, n_sessions * sizeof(*sessions));
		memcpy(search->by_leader, sessions, n_sessions * sizeof(*sessions));
	}
	qsort(search->by_id, n_sessions, sizeof(*sessions), compare_ids);
	qsort(search->by_leader, n_sessions, sizeof(*sessions), compare_leaders);
	return 0;
}

static void search_done(struct search *search)
{
	free(search->by_id);
	free(search->by_leader);
	free(search->sights);
}

/*
 * Gives those of the sessions that want them their terminals, and the names that follow from them, by the processes in TABLE. The
 * other sessions are there to be told from them.
 */
static int find_terminals(const struct table *table, struct logoff_session *const *sessions, size_t n_sessions)
{
	bool hides = proc_hides();
	struct search search;
	int r = search_init(&search, table, sessions, n_sessions);

	if (r >= 0)
		r = see_terminals(&search);
	if (r >= 0)
		r = take_sights(&search);
	if (r >= 0)
		r = take_logins(&search);
	for (size_t i = 0; r >= 0 && i < n_sessions; i++)
		if (of(sessions[i])->wants_terminals) {
			note_blindness(sessions[i], hides);
			r = name_by_terminal(sessions[i]);
		}
	search_done(&search);
	return r;
}

/* ---- of a list ---- */

/* Notes which processes are in the sessions, as far as their control groups tell it sooner than the processes do. */
static int note_sessions(struct table *table, const struct session_list *list)
{
	size_t n_noted = 0, n_others = 0;
	int r = 0;

	for (size_t i = 0; i < list->n_items; i++)
		n_others += !list->items[i]->graphical;
	for (int graphical = 1; r >= 0 && graphical >= 0; graphical--) {	/* desktops have the most processes */
		if (!graphical && (table->n_rows - n_noted) / CGROUP_WORTH <= n_others)
			break;
		for (size_t i = 0; r >= 0 && i < list->n_items; i++) {
			struct logoff_session *session = list->items[i];

			if (session->graphical != (graphical == 1))
				continue;
			r = logind_find_cgroups(session);
			if (r >= 0 && of(session)->cgroup)
				n_noted += table_note_session(table, of(session)->cgroup, session->id);
		}
	}
	return r;
}

/*
 * Remembers the sessions of a list, so that their terminals can be looked up together. Those of a former list are looked up one by
 * one from then on.
 */
static int remember_list(struct logind *logind, const struct session_list *list)
{
	struct logoff_session **listed = calloc(list->n_items + 1, sizeof(*listed));

	if (!listed)
		return -ENOMEM;
	logind_forget_list(logind);
	for (size_t i = 0; i < list->n_items; i++) {
		listed[i] = list->items[i];
		of(listed[i])->listed_at = &listed[i];
	}
	logind->listed = listed;
	logind->n_listed = list->n_items;
	return 0;
}

void logind_forget_list(struct logind *logind)
{
	for (size_t i = 0; i < logind->n_listed; i++)
		if (logind->listed[i])
			of(logind->listed[i])->listed_at = NULL;
	free(logind->listed);
	logind->listed = NULL;
	logind->n_listed = 0;
}

int logind_name_all(struct logoff_host *host, const struct session_list *list)
{
	struct table *table;
	bool wanted = false;
	int r = 0;

	for (size_t i = 0; host->far && r >= 0 && i < list->n_items; i++)
		r = name_by_terminal(list->items[i]);
	if (host->far || r < 0)
		return r;
	r = logind_table(host, clock_now_us(), &table);
	if (r >= 0)
		r = note_sessions(table, list);
	for (size_t i = 0; r >= 0 && i < list->n_items; i++) {
		struct logind_session *data = of(list->items[i]);

		data->wants_terminals = (list->items[i]->missing & HOST_TERMINALS) && !data->has_certain_terminal;
		wanted = wanted || data->wants_terminals;
		if (data->wants_terminals || list->items[i]->graphical)
			continue;
		r = name_by_terminal(list->items[i]);
		list->items[i]->missing |= HOST_TERMINALS;	/* it may have more */
	}
	if (r >= 0 && wanted)
		r = find_terminals(table, list->items, list->n_items);
	return r < 0 ? r : remember_list(host->data, list);
}

/* Looks up the terminals of SESSION, and of all others of its list that have not been looked up. */
static int fill_list(struct logoff_session *session)
{
	struct logind *logind = session->host->data;
	struct session_list list = {};
	struct table *table;
	int r = logind_table(session->host, clock_now_us() - TABLE_AGE_US, &table);

	for (size_t i = 0; r >= 0 && i < logind->n_listed; i++) {
		if (!logind->listed[i])
			continue;
		of(logind->listed[i])->wants_terminals = (logind->listed[i]->missing & HOST_TERMINALS) || logind->listed[i] == session;
		r = array_add(&list.items, &list.n_items, &logind->listed[i]);
	}
	if (r >= 0)
		r = find_terminals(table, list.items, list.n_items);
	free(list.items);
	return r;
}

/* ---- of one session ---- */

/* The processes of one session, by its control group; all processes where the leader is elsewhere. *ret_table: table_free(). */
static int table_of_session(struct logoff_session *session, struct table **ret_table)
{
	struct logind *logind = session->host->data;
	struct logind_session *data = of(session);
	struct process_list list = {};
	struct table_row *leader;
	int r = logind_find_cgroups(session);

	if (r >= 0 && data->cgroup)
		r = proc_list_cgroup(data->cgroup, &list);
	if (r >= 0 && session->leader > 1)
		r = process_list_add(&list, session->leader, NULL);
	if (r >= 0)
		r = table_new_of(ret_table, &list, logind->elogind);
	process_list_clear(&list);
	if (r < 0)
		return r;
	leader = table_find(*ret_table, session->leader);
	if (data->closing || !leader || !table_stat(leader) ||
	    (table_session(*ret_table, leader) && strcmp(table_session(*ret_table, leader), session->id) == 0))
		return 0;
	*ret_table = table_free(*ret_table);
	return table_new(ret_table, logind->elogind);
}

void logind_fill_terminals(struct logoff_host *host, struct logoff_session *session)
{
	struct table *table = NULL;
	int r = 0;

	of(session)->wants_terminals = true;
	if (session->graphical || host->far) {
		(void)name_by_terminal(session);	/* without memory it has none */
		return;
	}
	if (of(session)->listed_at)
		r = fill_list(session);
	else
		r = table_of_session(session, &table);
	if (r >= 0 && table)
		r = find_terminals(table, &session, 1);
	table_free(table);
	if (r >= 0)
		return;
	note_blindness(session, true);
	(void)name_by_terminal(session);
	session->missing |= HOST_TERMINALS;	/* to be looked up again */
}

/* ---- the census ---- */

/* The audit session of a user's service manager, or PROC_NO_AUDIT. */
static uint32_t manager_audit(const struct search *search, uid_t uid)
{
	for (size_t i = 0; i < search->table->n_rows; i++) {
		struct table_row *row = &search->table->rows[i];

		if (table_manager(search->table, row) == uid && table_stat(row) && row->stat.parent == 1 &&
		    strcmp(row->stat.command, "systemd") == 0)
			return table_audit(row);
	}
	return PROC_NO_AUDIT;
}

/*
 * The session whose desktop has the user's manager run the process: the user's graphical one that began before it, or any for what
 * all desktops need. Of several nobody can tell: then NULL, and *RET_UNTOLD.
 */
static const struct logoff_session *find_desktop_of(const struct search *search, struct table_row *row, bool *ret_untold)
{
	const struct logoff_session *found = NULL;
	uint32_t audit = table_audit(row);

	/* It has come by another login, and is not the manager's own. */
	if (audit != PROC_NO_AUDIT && audit != search->ambient && audit != manager_audit(search, row->manager))
		return NULL;
	for (size_t i = 0; i < search->n_sessions; i++) {
		const struct logoff_session *session = search->by_id[i];

		if (!session->graphical || session->uid != row->manager ||
		    (table_start_us(&row->stat) < of(session)->desktop.since_us && !table_is_common(search->table, row)))
			continue;
		*ret_untold = found != NULL;
		if (*ret_untold)
			return NULL;
		found = session;
	}
	return found;
}

/* Tells whether somebody in the audit session is older than the session. */
static bool has_older(const struct search *search, const struct logoff_session *session, uint32_t audit)
{
	struct table_row *leader = find_leader(search, session);

	for (size_t i = 0; i < search->table->n_rows; i++) {
		struct table_row *row = &search->table->rows[i];

		if (table_audit(row) != audit || !table_stat(row))
			continue;
		if (leader ? row->stat.start_time < leader->stat.start_time
			   : table_is_older(&row->stat, of(session)->since_us, 0))
			return true;
	}
	return false;
}

/* The session with that number or, where ids are no numbers of audit sessions, the one whose leader is in it. */
static const struct logoff_session *find_audited(const struct search *search, uint32_t audit)
{
	const struct logoff_session *found;
	char id[16];

	snprintf(id, sizeof(id), "%u", audit);
	found = find_by_id(search, id);
	for (size_t i = 0; !found && i < search->n_sessions; i++) {
		struct table_row *leader = find_leader(search, search->by_id[i]);

		if (leader && table_audit(leader) == audit)
			found = search->by_id[i];
	}
	return found;
}

/*
 * The session of a process that has left its control group and lost its parents: by the audit session, as a log-off
 * finds it (strays.h). If somebody in that is older than the session, it is of another login.
 */
static const struct logoff_session *find_by_audit(const struct search *search, struct table_row *row)
{
	const struct logoff_session *session;
	uint32_t audit;

	if (is_of_manager(search, row))
		return NULL;
	audit = table_audit(row);
	if (audit == PROC_NO_AUDIT || audit == search->ambient)
		return NULL;
	session = find_audited(search, audit);
	if (!session || is_given_away(search, session, row->pid))
		return NULL;
	return has_older(search, session, audit) ? NULL : session;
}

/* The session of a process that is in none by its own control group. *RET_UNTOLD as find_desktop_of() says. */
static const struct logoff_session *find_owner(const struct search *search, struct table_row *row, bool *ret_untold)
{
	bool desktop = table_is_desktop(search->table, row), moved = table_is_moved(search->table, row);
	const struct logoff_session *session;

	if (desktop && !moved)
		return find_desktop_of(search, row, ret_untold);
	/* What a program has moved to the manager has the audit session of its own, or those above it tell. */
	session = moved ? find_by_audit(search, row) : find_session(search, row);
	if (!session)
		session = moved ? find_session(search, row) : find_by_audit(search, row);
	return session || !desktop ? session : find_desktop_of(search, row, ret_untold);
}

/* The id of the session of a process, "?", or NULL: it is in none. */
static const char *find_owner_id(const struct search *search, struct table_row *row)
{
	const char *id = table_session(search->table, row);
	const struct logoff_session *session;
	bool untold = false;

	if (id)
		return id;
	session = find_owner(search, row, &untold);
	return untold ? "?" : session ? session->id : NULL;
}

/* Whether a reader's error leaves open in which session a process is. The group of a container's has no name here, and tells nothing. */
static bool is_blinding(int r)
{
	return r < 0 && r != -EOPNOTSUPP;
}

/* *RET_BLIND: of some processes something could not be read. */
static int census_all(const struct search *search, struct census *census, bool *ret_blind)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < search->table->n_rows; i++) {
		struct table_row *row = &search->table->rows[i];
		const char *id;

		if (!table_stat(row)) {
			*ret_blind = *ret_blind || is_blinding(row->stat_error);
			continue;
		}
		if (row->stat.kernel || table_uid(row) == (uid_t)-1)
			continue;
		id = find_owner_id(search, row);
		*ret_blind = *ret_blind || is_blinding(row->cgroup_error) || is_blinding(row->audit_error);
		r = census_add(census, row->pid, row->uid, NULL, id, row->stat.command,
			       (int64_t)table_start_us(&row->stat));
		if (r >= 0 && id && strcmp(id, "?") == 0)
			census->items[census->n_items - 1].manager_uid = row->manager;
	}
	return r;
}

int logind_census(struct logoff_host *host, struct census *census, struct logoff_error *reterr)
{
	struct session_list list = {};
	struct search search = {};
	int r;

	if (host->far)
		return error_set_errno(reterr, -EOPNOTSUPP, -EOPNOTSUPP, "the processes of another machine are not seen");
	r = logind_list(host, NULL, &list, reterr);
	if (r < 0) {
		session_list_clear(&list);
		return r;
	}
	r = search_init(&search, host->table, list.items, list.n_items);	/* the list was made from this table */
	search.ambient = proc_ambient_audit_session();
	host->hides_processes = host->table->partial;
	if (r >= 0)
		r = census_all(&search, census, &host->hides_processes);
	search_done(&search);
	session_list_clear(&list);
	return r < 0 ? error_set_errno(reterr, r, r, "%s", strerror(-r)) : 0;
}

