/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query-watch.c - "query session /watch" and "query user /watch": a line for each session that is there, begins,
 * changes or goes.
 *
 * Each line is written as soon as it is known. So Ctrl-C, which is how the command ends, loses nothing. A session of
 * which one line was shown is followed to its end, even if it loses the name by which the user asked for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/os.h"
#include "cli/cancel.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/report.h"
#include "cli/sessions.h"
#include "cli/stream.h"
#include "cli/when.h"

#define TIME_WIDTH 8	/* "14:03:22" */

/* The words for programs; those for people are their translations. */
static const char *const words[] = {
	[LOGOFF_CHANGE_THERE] = N_("there"),
	[LOGOFF_CHANGE_BEGUN] = N_("begun"),
	[LOGOFF_CHANGE_CHANGED] = N_("changed"),
	[LOGOFF_CHANGE_GONE] = N_("gone"),
};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

/* ---- which sessions are shown ---- */

/* The ids of the sessions that were shown and are not gone yet. */
struct shown {
	char **ids;
	size_t n_ids;
};

static size_t find_shown(const struct shown *shown, const char *id)
{
	size_t i = 0;

	while (i < shown->n_ids && strcmp(shown->ids[i], id) != 0)
		i++;
	return i;
}

static void add_shown(struct shown *shown, const char *id)
{
	output_note(array_add_text(&shown->ids, &shown->n_ids, id));
}

static void remove_shown(struct shown *shown, size_t i)
{
	free(shown->ids[i]);
	shown->ids[i] = shown->ids[--shown->n_ids];
}

/* Tells whether CHANGE is to be shown, if its session IS_MEANT, and takes note of that. */
static bool is_shown(struct shown *shown, const struct logoff_change *change, bool is_meant)
{
	const char *id = logoff_session_id(change->session);
	size_t i = find_shown(shown, id);
	bool known = i < shown->n_ids;

	if (known && change->type == LOGOFF_CHANGE_GONE)
		remove_shown(shown, i);
	else if (!known && is_meant && change->type != LOGOFF_CHANGE_GONE)
		add_shown(shown, id);
	return known || (is_meant && change->type != LOGOFF_CHANGE_GONE);
}

/* ---- lines ---- */

/* Prints the two columns that stand before those of the table, as wide as their widest word. */
static void print_columns(const char *time, const char *word)
{
	size_t width = text_width(_("EVENT"));

	for (size_t i = 0; i < N_WORDS; i++)
		if (text_width(_(words[i])) > width)
			width = text_width(_(words[i]));
	printf("%s%*s%s%*s", time, (int)(TIME_WIDTH + 2 - text_width(time)), "", word,
	       (int)(width + 1 - text_width(word)), "");
}

static void print_headings(const struct table *table)
{
	if (arg_json || !table->legend)
		return;
	print_columns(_("TIME"), _("EVENT"));
	table_print(table, NULL, 0, stdout);
	output_flush();
}

static void write_change(const struct table *table, const struct logoff_change *change)
{
	struct table row = *table;
	const void *session = change->session;
	json_t *line;

	row.legend = false;
	if (arg_json) {
		line = json_pack("{s:s, s:o}", "change", words[change->type], "time", to_json_time(change->time_us));
		if (line && json_object_update_new(line, to_json_session(change->session, arg_server)) < 0) {
			json_decref(line);
			line = NULL;
		}
		stream_line("change", line);
		return;
	}
	print_columns(when_clock(change->time_us).text, _(words[change->type]));
	table_print(&row, &session, 1, stdout);
	output_flush();
}

/* Ctrl-C ends the command before or after a line, not within. */
static void print_change(const struct table *table, const struct logoff_change *change)
{
	cancel_hold();
	write_change(table, change);
	cancel_release();
}

/* ---- watching ---- */

/* Waits until there may be something to tell. Returns false if nobody reads the output any more. */
static bool await_change(const struct logoff_monitor *monitor)
{
	if (os_wait_with_reader(logoff_monitor_fd(monitor)))
		return !ferror(stdout);
	output_note(-EPIPE);
	return false;
}

static int show_changes(struct logoff_monitor *monitor, const struct table *table, bool people, int n_arguments,
			char **arguments)
{
	const struct logoff_change *change;
	struct logoff_error error = {};
	struct shown shown = {};
	int r;

	do {
		while ((r = logoff_monitor_next(monitor, &change, &error)) >= 0 && change)
			if (is_shown(&shown, change, (!people || session_is_person(change->session)) &&
							     query_means(change->session, n_arguments, arguments)))
				print_change(table, change);
	} while (r >= 0 && await_change(monitor));
	while (shown.n_ids > 0)
		remove_shown(&shown, 0);
	free(shown.ids);
	return r < 0 ? (int)report_host(arg_server, r, &error) : EXIT_ENDED;
}

int query_watch(struct logoff_host *host, const struct table *table, bool people, int n_arguments, char **arguments)
{
	struct logoff_monitor *monitor;
	struct logoff_error error = {};
	int r, status;

	cancel_means_success();
	cancel_outlive_reader();
	r = logoff_monitor_new(&monitor, host, &error);
	if (r < 0)
		return report_host(arg_server, r, &error);
	charset_init_times();		/* for the logon times */
	print_headings(table);
	status = show_changes(monitor, table, people, n_arguments, arguments);
	logoff_monitor_free(monitor);
	return status;
}
