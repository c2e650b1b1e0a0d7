/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory-file.c - the text that describes a memory host, parsed: a function from bytes to struct memory_world.
 *
 * A line is a keyword and its keys. Each keyword is a row with a table of keys; each key says into which member its
 * value goes and how it is read. So a new trouble for the simulation is one member and one row here. The format is
 * written up in doc/memory-host.md; every limit is in memory.h. More than 800 lines: half of them are the tables.
 */
#include "backend/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/text.h"

enum value_type {
	VALUE_FLAG,	/* bool: the key alone, "yes" or "no" */
	VALUE_TEXT,	/* char * */
	VALUE_NUMBER,	/* uint32_t */
	VALUE_TIME,	/* uint64_t in microseconds, milliseconds in the text, or "never" */
	VALUE_PERIOD,	/* the same, neither 0 nor never */
	VALUE_DATE,	/* int64_t in microseconds of Unix time: "2025-03-14T08:02:00Z" */
	VALUE_FAULT,	/* struct memory_fault */
	VALUE_STATE,	/* enum logoff_state */
	VALUE_CONTROL,	/* enum memory_control */
	VALUE_CHANNEL,	/* struct memory_mail's channel and has_channel */
	VALUE_ANSWER,	/* enum logoff_answer */
	VALUE_STUCK,	/* enum logoff_stuck */
	VALUE_DISPLAY	/* uint32_t, and the bool behind it is set: struct memory_session's rdp and has_rdp */
};

struct key {
	const char *name;
	enum value_type type;
	size_t offset;
	bool required;
};

/* What is being read. */
struct reader {
	struct memory_world *world;
	struct logoff_error *reterr;
	const char *at, *end;		/* the rest of the line */
	unsigned line;
	char value[MEMORY_VALUE_MAX + 1];
	size_t value_length;
	bool has_value;
	enum host_part part;		/* to whom the next process belongs */
	bool has_owner;
};

static int wrong(struct reader *reader, const char *what)
{
	return error_set_format(reader->reterr, -EINVAL, reader->line, "%s", what);
}

static int wrong_name(struct reader *reader, const char *what, const char *name)
{
	return error_set_format(reader->reterr, -EINVAL, reader->line, "%s: %s", name, what);
}

/* ---- words ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end && is_space(*reader->at))
		reader->at++;
}

static bool at_end(struct reader *reader)
{
	skip_space(reader);
	return reader->at == reader->end || *reader->at == '#';
}

/* Reads a keyword or key into NAME. */
static int read_name(struct reader *reader, char name[32])
{
	size_t n = 0;

	while (reader->at < reader->end && ((*reader->at >= 'a' && *reader->at <= 'z') || *reader->at == '-')) {
		if (n == 31)
			return wrong(reader, "the word is too long");
		name[n++] = *reader->at++;
	}
	name[n] = '\0';
	return n > 0 ? 0 : wrong(reader, "a word of small letters is expected");
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads what follows a backslash. */
static int read_escape(struct reader *reader, char *ret_c)
{
	static const char names[] = "nrte\"\\", bytes[] = "\n\r\t\033\"\\";
	const char *at = reader->at, *name;

	if (at == reader->end)
		return wrong(reader, "the quotation has no end");
	name = memchr(names, *at, sizeof(names) - 1);
	if (name) {
		*ret_c = bytes[name - names];
		reader->at++;
		return 0;
	}
	if (*at != 'x' || reader->end - at < 3 || digit_of(at[1]) < 0 || digit_of(at[2]) < 0)
		return wrong(reader, "no such escape; there are \\n \\r \\t \\e \\\" \\\\ and \\xHH");
	*ret_c = (char)(digit_of(at[1]) << 4 | digit_of(at[2]));
	reader->at += 3;
	return *ret_c ? 0 : wrong(reader, "a value cannot hold a null byte");
}

static int add_to_value(struct reader *reader, char c)
{
	if (reader->value_length == MEMORY_VALUE_MAX)
		return wrong(reader, "the value is too long");
	reader->value[reader->value_length++] = c;
	return 0;
}

static int read_quoted(struct reader *reader)
{
	int r = 0;

	while (r == 0 && reader->at < reader->end) {
		char c = *reader->at++;

		if (c == '"')
			return 0;
		if (c == '\\')
			r = read_escape(reader, &c);
		if (r == 0)
			r = add_to_value(reader, c);
	}
	return r < 0 ? r : wrong(reader, "the quotation has no end");
}

static int read_plain(struct reader *reader)
{
	int r = 0;

	while (r == 0 && reader->at < reader->end && !is_space(*reader->at)) {
		if (*reader->at == '"' || *reader->at == '\\')
			return wrong(reader, "quotes must stand around the whole value");
		r = add_to_value(reader, *reader->at++);
	}
	return r;
}

/* Reads "=value", "=\"value\"" or nothing. */
static int read_value(struct reader *reader)
{
	int r;

	reader->value_length = 0;
	reader->has_value = reader->at < reader->end && *reader->at == '=';
	reader->value[0] = '\0';
	if (reader->has_value) {
		reader->at++;
		if (reader->at < reader->end && *reader->at == '"') {
			reader->at++;
			r = read_quoted(reader);
		} else {
			r = read_plain(reader);
		}
		if (r < 0)
			return r;
		reader->value[reader->value_length] = '\0';
	}
	if (reader->at < reader->end && !is_space(*reader->at))
		return wrong(reader, "a space must stand between the words");
	return 0;
}

/* ---- values ---- */

static const struct {
	const char *name;
	int r;
} faults[] = {
	{ "EACCES", -EACCES },	     { "EPERM", -EPERM },	  { "ENXIO", -ENXIO },	       { "ESRCH", -ESRCH },
	{ "EPROTO", -EPROTO },	     { "EAGAIN", -EAGAIN },	  { "EIO", -EIO },	       { "ENOMEM", -ENOMEM },
	{ "EOPNOTSUPP", -EOPNOTSUPP }, { "ETIMEDOUT", -ETIMEDOUT }, { "EHOSTUNREACH", -EHOSTUNREACH },
	/* What the names mean that a host on D-Bus answers with. */
	{ "org.freedesktop.login1.NoSuchSession", -ENXIO },
	{ "org.freedesktop.DBus.Error.UnknownObject", -ENXIO },
	{ "org.freedesktop.DBus.Error.AccessDenied", -EACCES },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES },
	{ "org.freedesktop.DBus.Error.NoReply", -EHOSTUNREACH },
	{ "org.freedesktop.DBus.Error.Disconnected", -EHOSTUNREACH },
	{ "org.freedesktop.DBus.Error.ServiceUnknown", -EHOSTUNREACH },
};

static int take_fault(struct reader *reader, const char *key, struct memory_fault *fault)
{
	bool dbus = strchr(reader->value, '.');

	for (size_t i = 0; fault->r == 0 && i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(reader->value, faults[i].name) == 0)
			fault->r = faults[i].r;
	if (fault->r == 0 && !dbus)
		return wrong_name(reader, "the value is neither an errno nor a D-Bus error name", key);
	if (fault->r == 0)
		fault->r = -EPROTO;
	if (!dbus)
		return 0;
	if (reader->value_length >= sizeof(fault->name))
		return wrong_name(reader, "the value is too long", key);
	memcpy(fault->name, reader->value, reader->value_length + 1);
	return 0;
}

static int take_flag(struct reader *reader, const char *key, bool *flag)
{
	*flag = !reader->has_value || strcmp(reader->value, "yes") == 0;
	if (*flag || strcmp(reader->value, "no") == 0)
		return 0;
	return wrong_name(reader, "the value is neither yes nor no", key);
}

static int take_text(struct reader *reader, const char *key, char **text)
{
	if (strlen(reader->value) == 0)
		return wrong_name(reader, "the value is empty", key);
	*text = strdup(reader->value);
	return *text ? 0 : -ENOMEM;
}

static int take_number(struct reader *reader, const char *key, uint32_t *number)
{
	uint64_t n = 0;

	for (const char *at = reader->value; *at; at++) {
		if (*at < '0' || *at > '9')
			return wrong_name(reader, "the value is not a number", key);
		n = n * 10 + (uint64_t)(*at - '0');
		if (n >= UINT32_MAX)
			return wrong_name(reader, "the number is too large", key);
	}
	if (reader->value_length == 0)
		return wrong_name(reader, "the value is not a number", key);
	*number = (uint32_t)n;
	return 0;
}

static int take_time(struct reader *reader, const char *key, bool period, uint64_t *time_us)
{
	uint32_t ms;
	int r;

	if (!period && strcmp(reader->value, "never") == 0) {
		*time_us = MEMORY_NEVER;
		return 0;
	}
	r = take_number(reader, key, &ms);
	if (r < 0)
		return r;
	if (ms > MEMORY_TIME_MAX_MS || (period && ms == 0))
		return wrong_name(reader, "no such time is possible", key);
	*time_us = (uint64_t)ms * 1000;
	return 0;
}

static int take_date(struct reader *reader, const char *key, int64_t *time_us)
{
	static const char pattern[] = "dddd-dd-ddTdd:dd:ddZ";
	struct tm tm = {};
	size_t i = 0;

	while (pattern[i] && (pattern[i] == 'd' ? reader->value[i] >= '0' && reader->value[i] <= '9'
						: reader->value[i] == pattern[i]))
		i++;
	if (pattern[i] || reader->value_length != i || !strptime(reader->value, "%Y-%m-%dT%H:%M:%SZ", &tm) ||
	    tm.tm_year < 70)
		return wrong_name(reader, "the value is not a time like 2025-03-14T08:02:00Z", key);
	*time_us = (int64_t)timegm(&tm) * 1000000;
	return 0;
}

/* Returns the number of the value among WORDS, which end with NULL, or -EINVAL. */
static int take_word(struct reader *reader, const char *key, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(reader->value, words[i]) == 0)
			return i;
	return wrong_name(reader, "no such value", key);
}

static int take_state(struct reader *reader, const char *key, enum logoff_state *state)
{
	static const char *const words[] = { "active", "disconnected", "closing", NULL };
	static const enum logoff_state states[] = { LOGOFF_STATE_ACTIVE, LOGOFF_STATE_DISCONNECTED,
						    LOGOFF_STATE_CLOSING };
	int i = take_word(reader, key, words);

	if (i < 0)
		return i;
	*state = states[i];
	return 0;
}

static int take_control(struct reader *reader, const char *key, enum memory_control *control)
{
	static const char *const words[] = { "no", "yes", "proof", NULL };
	static const enum memory_control controls[] = { MEMORY_CONTROL_NO, MEMORY_CONTROL_YES, MEMORY_CONTROL_PROOF };
	int i = take_word(reader, key, words);

	if (i < 0)
		return i;
	*control = controls[i];
	return 0;
}

static int take_channel(struct reader *reader, const char *key, struct memory_mail *mail)
{
	static const char *const words[] = { "none", "terminal", "desktop", "display", "page", NULL };
	static const enum logoff_channel channels[] = { LOGOFF_CHANNEL_NONE, LOGOFF_CHANNEL_TERMINAL,
							LOGOFF_CHANNEL_DESKTOP, LOGOFF_CHANNEL_DISPLAY, LOGOFF_CHANNEL_PAGE };
	int i = take_word(reader, key, words);

	if (i < 0)
		return i;
	mail->has_channel = true;
	mail->channel = channels[i];
	return 0;
}

static int take_stuck(struct reader *reader, const char *key, enum logoff_stuck *stuck)
{
	static const char *const words[] = { "device", "fuse", "network", "frozen", "stopped", "traced", NULL };
	int i = take_word(reader, key, words);

	if (i < 0)
		return i;
	*stuck = LOGOFF_STUCK_DEVICE + (enum logoff_stuck)i;
	return 0;
}

static int take_answer(struct reader *reader, const char *key, enum logoff_answer *answer)
{
	static const char *const words[] = { "ok", "closed", NULL };
	static const enum logoff_answer answers[] = { LOGOFF_ANSWER_OK, LOGOFF_ANSWER_CLOSED };
	int i = take_word(reader, key, words);

	if (i < 0)
		return i;
	*answer = answers[i];
	return 0;
}

static int take_display(struct reader *reader, const char *key, struct memory_session *session)
{
	session->has_rdp = true;
	return take_number(reader, key, &session->rdp);
}

static int take(struct reader *reader, const struct key *key, void *object)
{
	void *member = (char *)object + key->offset;

	if (!reader->has_value && key->type != VALUE_FLAG)
		return wrong_name(reader, "it needs a value", key->name);
	switch (key->type) {
	case VALUE_FLAG:
		return take_flag(reader, key->name, member);
	case VALUE_TEXT:
		return take_text(reader, key->name, member);
	case VALUE_NUMBER:
		return take_number(reader, key->name, member);
	case VALUE_TIME:
		return take_time(reader, key->name, false, member);
	case VALUE_PERIOD:
		return take_time(reader, key->name, true, member);
	case VALUE_DATE:
		return take_date(reader, key->name, member);
	case VALUE_FAULT:
		return take_fault(reader, key->name, member);
	case VALUE_STATE:
		return take_state(reader, key->name, member);
	case VALUE_CONTROL:
		return take_control(reader, key->name, member);
	case VALUE_CHANNEL:
		return take_channel(reader, key->name, member);
	case VALUE_ANSWER:
		return take_answer(reader, key->name, member);
	case VALUE_STUCK:
		return take_stuck(reader, key->name, member);
	case VALUE_DISPLAY:
		return take_display(reader, key->name, object);
	}
	return -EINVAL;
}

/* ---- keywords ---- */

#define UNIT_KEYS(type, unit)                                                       \
	{ "ask-fails", VALUE_FAULT, offsetof(type, unit.ask_fails), false },             \
	{ "refuse", VALUE_FAULT, offsetof(type, unit.refuse), false },                   \
	{ "refuse-text", VALUE_TEXT, offsetof(type, unit.refuse_text), false },          \
	{ "refusals", VALUE_NUMBER, offsetof(type, unit.refusals), false },              \
	{ "kill-fails", VALUE_FAULT, offsetof(type, unit.kill_fails), false },           \
	{ "processes-fail", VALUE_FAULT, offsetof(type, unit.processes_fails), false },  \
	{ "answer", VALUE_TIME, offsetof(type, unit.answer_us), false },                 \
	{ "notice", VALUE_TIME, offsetof(type, unit.notice_us), false },                 \
	{ "stays", VALUE_TIME, offsetof(type, unit.stays_us), false },                   \
	{ "stuck", VALUE_FLAG, offsetof(type, unit.stuck), false },                      \
	{ "early", VALUE_FLAG, offsetof(type, unit.early), false },                      \
	{ "needs-kill", VALUE_FLAG, offsetof(type, unit.needs_kill), false }

static const struct key host_keys[] = {
	{ "kind", VALUE_TEXT, offsetof(struct memory_world, kind), false },
	{ "realtime", VALUE_FLAG, offsetof(struct memory_world, realtime), false },
	{ "shared", VALUE_FLAG, offsetof(struct memory_world, shared), false },
	{ "quiet", VALUE_FLAG, offsetof(struct memory_world, quiet), false },
	{ "hides", VALUE_FLAG, offsetof(struct memory_world, hides), false },
	{ "by-id", VALUE_FLAG, offsetof(struct memory_world, by_id), false },
	{ "silent", VALUE_TIME, offsetof(struct memory_world, silent_us), false },
	{ "speaks", VALUE_TIME, offsetof(struct memory_world, speaks_us), false },
	{ "lost", VALUE_TIME, offsetof(struct memory_world, lost_us), false },
	{ "open-fails", VALUE_FAULT, offsetof(struct memory_world, open_fails), false },
	{ "get-fails", VALUE_FAULT, offsetof(struct memory_world, get_fails), false },
	{ "list-fails", VALUE_FAULT, offsetof(struct memory_world, list_fails), false },
	{ "census-fails", VALUE_FAULT, offsetof(struct memory_world, census_fails), false },
	{ "manager-fails", VALUE_FAULT, offsetof(struct memory_world, manager_fails), false },
	{ "record-fails", VALUE_FAULT, offsetof(struct memory_world, record_fails), false },
	{},
};

static const struct key caller_keys[] = {
	{ "uid", VALUE_NUMBER, offsetof(struct memory_world, caller_uid), false },
	{ "real", VALUE_FLAG, offsetof(struct memory_world, caller_real), false },
	{ "admins", VALUE_NUMBER, offsetof(struct memory_world, admins), false },
	{ "control", VALUE_CONTROL, offsetof(struct memory_world, control), false },
	{ "proof", VALUE_TIME, offsetof(struct memory_world, proof_us), false },
	{ "proof-fails", VALUE_FLAG, offsetof(struct memory_world, proof_fails), false },
	{},
};

static const struct key user_keys[] = {
	{ "name", VALUE_TEXT, offsetof(struct memory_user, name), true },
	{ "uid", VALUE_NUMBER, offsetof(struct memory_user, uid), true },
	{ "manager", VALUE_FLAG, offsetof(struct memory_user, has_manager), false },
	{ "lingers", VALUE_FLAG, offsetof(struct memory_user, lingers), false },
	UNIT_KEYS(struct memory_user, manager),
	{},
};

static const struct key session_keys[] = {
	{ "id", VALUE_TEXT, offsetof(struct memory_session, id), true },
	{ "user", VALUE_TEXT, offsetof(struct memory_session, user_name), true },
	{ "tty", VALUE_TEXT, offsetof(struct memory_session, tty), false },
	{ "display", VALUE_TEXT, offsetof(struct memory_session, display), false },
	{ "rdp", VALUE_DISPLAY, offsetof(struct memory_session, rdp), false },
	{ "state", VALUE_STATE, offsetof(struct memory_session, state), false },
	{ "console", VALUE_FLAG, offsetof(struct memory_session, console), false },
	{ "greeter", VALUE_FLAG, offsetof(struct memory_session, greeter), false },
	{ "background", VALUE_FLAG, offsetof(struct memory_session, background), false },
	{ "unsure", VALUE_FLAG, offsetof(struct memory_session, unsure), false },
	{ "protocol", VALUE_TEXT, offsetof(struct memory_session, protocol), false },
	{ "address", VALUE_TEXT, offsetof(struct memory_session, address), false },
	{ "client", VALUE_TEXT, offsetof(struct memory_session, client), false },
	{ "idle", VALUE_TIME, offsetof(struct memory_session, idle_us), false },
	{ "logon", VALUE_DATE, offsetof(struct memory_session, logon_us), false },
	{ "age", VALUE_TIME, offsetof(struct memory_session, age_us), false },
	{ "by-terminal", VALUE_FLAG, offsetof(struct memory_session, by_terminal), false },
	{ "unregistered", VALUE_FLAG, offsetof(struct memory_session, unregistered), false },
	{ "current", VALUE_FLAG, offsetof(struct memory_session, current), false },
	{ "own", VALUE_FLAG, offsetof(struct memory_session, own), false },
	{ "own-unsure", VALUE_FLAG, offsetof(struct memory_session, own_unsure), false },
	{ "begins", VALUE_TIME, offsetof(struct memory_session, unit.born_us), false },
	{ "leaves", VALUE_TIME, offsetof(struct memory_session, leaves_us), false },
	{ "disconnects", VALUE_TIME, offsetof(struct memory_session, disconnects_us), false },
	{ "follows", VALUE_FLAG, offsetof(struct memory_session, follows), false },
	{ "desktop", VALUE_TEXT, offsetof(struct memory_session, desktop.name), false },
	{ "logout", VALUE_TIME, offsetof(struct memory_session, desktop.logout_us), false },
	{ "logout-found", VALUE_TIME, offsetof(struct memory_session, desktop.find_us), false },
	{ "logout-fails", VALUE_FAULT, offsetof(struct memory_session, desktop.fails), false },
	{ "objects", VALUE_TEXT, offsetof(struct memory_session, desktop.objects), false },
	{ "message-fails", VALUE_FAULT, offsetof(struct memory_session, mail.fails), false },
	{ "channel", VALUE_CHANNEL, offsetof(struct memory_session, mail), false },
	{ "wants", VALUE_TEXT, offsetof(struct memory_session, mail.wants), false },
	{ "user-answers", VALUE_ANSWER, offsetof(struct memory_session, mail.answer), false },
	{ "answers-after", VALUE_TIME, offsetof(struct memory_session, mail.answer_us), false },
	UNIT_KEYS(struct memory_session, unit),
	{},
};

static const struct key process_keys[] = {
	{ "pid", VALUE_NUMBER, offsetof(struct memory_process, pid), false },
	{ "command", VALUE_TEXT, offsetof(struct memory_process, command), true },
	{ "term", VALUE_TIME, offsetof(struct memory_process, term_us), false },
	{ "kill", VALUE_TIME, offsetof(struct memory_process, kill_us), false },
	{ "ends", VALUE_TIME, offsetof(struct memory_process, end_us), false },
	{ "hops", VALUE_PERIOD, offsetof(struct memory_process, hops_us), false },
	{ "forks", VALUE_PERIOD, offsetof(struct memory_process, forks_us), false },
	{ "children", VALUE_NUMBER, offsetof(struct memory_process, children), false },
	{ "caller", VALUE_FLAG, offsetof(struct memory_process, caller), false },
	{ "waits", VALUE_FLAG, offsetof(struct memory_process, waits), false },
	{ "stuck", VALUE_STUCK, offsetof(struct memory_process, stuck), false },
	{ "foreign", VALUE_FLAG, offsetof(struct memory_process, foreign), false },
	{},
};

/* Reads the keys of a line into OBJECT. */
static int read_keys(struct reader *reader, const struct key *keys, void *object)
{
	char name[32];
	uint64_t given = 0;
	size_t i;
	int r;

	while (!at_end(reader)) {
		r = read_name(reader, name);
		if (r < 0)
			return r;
		for (i = 0; keys[i].name && strcmp(keys[i].name, name) != 0; i++)
			;
		if (!keys[i].name)
			return wrong_name(reader, "no such key here", name);
		if (given >> i & 1)
			return wrong_name(reader, "given twice", name);
		given |= UINT64_C(1) << i;
		r = read_value(reader);
		if (r == 0)
			r = take(reader, &keys[i], object);
		if (r < 0)
			return r;
	}
	for (i = 0; keys[i].name; i++)
		if (keys[i].required && !(given >> i & 1))
			return wrong_name(reader, "it is missing", keys[i].name);
	return 0;
}

static int read_host(struct reader *reader)
{
	if (reader->world->host_line)
		return wrong(reader, "there can be only one line \"host\"");
	reader->world->host_line = reader->line;
	return read_keys(reader, host_keys, reader->world);
}

static int read_caller(struct reader *reader)
{
	int r;

	if (reader->world->caller_line)
		return wrong(reader, "there can be only one line \"caller\"");
	reader->world->caller_line = reader->line;
	reader->world->caller_uid = reader->world->admins = UINT32_MAX;		/* no number that can be given */
	r = read_keys(reader, caller_keys, reader->world);
	reader->world->has_admins = reader->world->admins != UINT32_MAX;
	if (r == 0 && (reader->world->caller_uid == UINT32_MAX) != reader->world->caller_real)
		return wrong(reader, "the caller needs either uid or real");
	return r;
}

static void unit_init(struct memory_unit *unit)
{
	unit->term_us = MEMORY_NEVER;
	unit->gone_us = MEMORY_NEVER;
}

static int read_user(struct reader *reader)
{
	struct memory_world *world = reader->world;
	struct memory_user *users = array_grow(world->users, world->n_users, sizeof(*users));
	int r;

	if (!users)
		return -ENOMEM;
	world->users = users;
	if (world->n_users == MEMORY_USERS_MAX)
		return wrong(reader, "too many users");
	users += world->n_users++;
	*users = (struct memory_user){ .line = reader->line };
	unit_init(&users->manager);
	reader->part = HOST_MANAGER;
	reader->has_owner = true;
	r = read_keys(reader, user_keys, users);
	for (size_t i = 0; r == 0 && i + 1 < world->n_users; i++)
		if (world->users[i].uid == users->uid)
			r = wrong(reader, "another user has this uid");
	return r;
}

static int find_user(struct reader *reader, struct memory_session *session)
{
	for (size_t i = reader->world->n_users; i-- > 0;) {
		if (strcmp(reader->world->users[i].name, session->user_name) == 0) {
			session->user = i;
			return 0;
		}
	}
	return wrong(reader, "the user must be described before the session");
}

static int read_session(struct reader *reader)
{
	struct memory_world *world = reader->world;
	struct memory_session *sessions = array_grow(world->sessions, world->n_sessions, sizeof(*sessions));
	int r;

	if (!sessions)
		return -ENOMEM;
	world->sessions = sessions;
	if (world->n_sessions == MEMORY_SESSIONS_MAX)
		return wrong(reader, "too many sessions");
	sessions += world->n_sessions++;
	*sessions = (struct memory_session){
		.line = reader->line,
		.leaves_us = MEMORY_NEVER,
		.disconnects_us = MEMORY_NEVER,
		.idle_us = MEMORY_NEVER,
		.age_us = MEMORY_NEVER,
		.logon_us = -1,
		.desktop.found_us = MEMORY_NEVER,
		.desktop.done_us = MEMORY_NEVER,
	};
	unit_init(&sessions->unit);
	reader->part = HOST_SESSION;
	reader->has_owner = true;
	r = read_keys(reader, session_keys, sessions);
	if (r == 0 && sessions->greeter && sessions->background)
		return wrong(reader, "a session is either a greeter or a background session");
	if (r == 0 && sessions->logon_us >= 0 && sessions->age_us != MEMORY_NEVER)
		return wrong(reader, "either logon or age tells when the logon was");
	return r < 0 ? r : find_user(reader, sessions);
}

/* Fills in what follows from the keys of a process. */
static int complete_process(struct reader *reader, struct memory_process *process)
{
	struct memory_world *world = reader->world;

	if ((process->caller || process->waits) && process->part == HOST_MANAGER)
		return wrong(reader, "the caller, and who waits for it, are in a session");
	if (process->caller || process->waits)
		process->term_us = MEMORY_NEVER; /* it ignores the signal, or cannot act upon it yet */
	if (process->pid == 0)
		process->pid = world->next_pid++;
	if (process->pid > MEMORY_PID_MAX)
		return wrong(reader, "the pid is too large");
	if (process->pid >= world->next_pid)
		world->next_pid = process->pid + 1;
	if (process->hops_us && process->forks_us)
		return wrong(reader, "a process either hops or forks");
	if (process->forks_us && process->children == 0)
		process->children = 1;
	process->next_us = process->hops_us ? process->hops_us : process->forks_us ? process->forks_us : MEMORY_NEVER;
	if (process->part == HOST_SESSION)
		world->sessions[process->owner].unit.peopled = true;
	else
		world->users[process->owner].manager.peopled = true;
	return 0;
}

static int read_process(struct reader *reader)
{
	struct memory_world *world = reader->world;
	struct memory_process *processes;
	int r;

	if (!reader->has_owner)
		return wrong(reader, "a process belongs to the session or the user above it: there is none");
	processes = array_grow(world->processes, world->n_processes, sizeof(*processes));
	if (!processes)
		return -ENOMEM;
	world->processes = processes;
	if (world->n_processes == MEMORY_PROCESSES_MAX)
		return wrong(reader, "too many processes");
	processes += world->n_processes++;
	*processes = (struct memory_process){
		.line = reader->line,
		.part = reader->part,
		.owner = (reader->part == HOST_SESSION ? world->n_sessions : world->n_users) - 1,
		.end_us = MEMORY_NEVER,
	};
	r = read_keys(reader, process_keys, processes);
	return r < 0 ? r : complete_process(reader, processes);
}

static const struct {
	const char *name;
	int (*read)(struct reader *reader);
} keywords[] = {
	{ "host", read_host },	     { "caller", read_caller },	  { "user", read_user },
	{ "session", read_session }, { "process", read_process },
};

static int read_line(struct reader *reader)
{
	char name[32];
	int r;

	for (const char *at = reader->at; at < reader->end; at++)
		if ((unsigned char)*at < 0x20 && *at != '\t')
			return wrong(reader, "the line holds a control character");
	if (at_end(reader))
		return 0;
	r = read_name(reader, name);
	if (r < 0)
		return r;
	if (reader->at < reader->end && !is_space(*reader->at))
		return wrong(reader, "a space must follow the keyword");
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(keywords[i].name, name) == 0)
			return keywords[i].read(reader);
	return wrong_name(reader, "no such keyword", name);
}

static int read_lines(struct reader *reader, const char *text, size_t length)
{
	const char *end = text + length;
	int r = 0;

	while (r == 0 && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		reader->at = text;
		reader->end = newline ? newline : end;
		reader->line++;
		if (reader->end - reader->at > MEMORY_LINE_MAX)
			return wrong(reader, "the line is too long");
		text = newline ? newline + 1 : end;
		r = read_line(reader);
	}
	return r;
}

/* ---- the whole ---- */

static int compare_ids(const void *a, const void *b, void *data)
{
	const struct memory_world *world = data;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = strcmp(world->sessions[i].id, world->sessions[j].id);

	return order ? order : (i > j) - (i < j);
}

static int compare_pids(const void *a, const void *b, void *data)
{
	const struct memory_world *world = data;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	uint32_t p = world->processes[i].pid, q = world->processes[j].pid;

	return p != q ? (p > q) - (p < q) : (i > j) - (i < j);
}

/* Makes an array of the numbers from 0 to N - 1, sorted by COMPARE. Returns NULL when out of memory. */
static size_t *sorted(struct memory_world *world, size_t n, int (*compare)(const void *, const void *, void *))
{
	size_t *order = reallocarray(NULL, n ? n : 1, sizeof(*order));

	if (!order)
		return NULL;
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare, world);
	return order;
}

/* Sessions of one id must follow each other. */
static int check_ids(struct reader *reader)
{
	struct memory_world *world = reader->world;
	size_t *order = sorted(world, world->n_sessions, compare_ids);
	int r = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < world->n_sessions; i++) {
		struct memory_session *session = &world->sessions[order[i]];
		bool again = i > 0 && strcmp(session->id, world->sessions[order[i - 1]].id) == 0;

		reader->line = session->line;
		if (again && !session->follows)
			r = wrong(reader, "there is a session of this id already, and this one does not follow it");
		else if (!again && session->follows)
			r = wrong(reader, "there is no session of this id that it could follow");
		if (session->follows) {
			session->before = order[i - (again ? 1 : 0)];
			session->unit.born_us = MEMORY_NEVER;
		}
	}
	free(order);
	return r;
}

static int check_pids(struct reader *reader)
{
	struct memory_world *world = reader->world;
	size_t *order = sorted(world, world->n_processes, compare_pids);
	int r = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 1; r == 0 && i < world->n_processes; i++) {
		const struct memory_process *process = &world->processes[order[i]];

		reader->line = process->line;
		if (process->pid == world->processes[order[i - 1]].pid)
			r = wrong(reader, "there is a process of this pid already");
	}
	free(order);
	return r;
}

/* The caller is one process, and in the one session that is current. */
static int check_caller(struct reader *reader)
{
	struct memory_world *world = reader->world;
	size_t n_callers = 0, n_current = 0;

	for (size_t i = 0; i < world->n_processes; i++) {
		const struct memory_process *process = &world->processes[i];

		reader->line = process->line;
		if (process->caller && ++n_callers > 1)
			return wrong(reader, "there can be only one caller");
		if (process->caller || process->waits)
			world->sessions[process->owner].current = true;
	}
	for (size_t i = 0; i < world->n_sessions; i++) {
		reader->line = world->sessions[i].line;
		if (world->sessions[i].current && ++n_current > 1)
			return wrong(reader, "the caller can be in one session only");
	}
	return 0;
}

int memory_parse(struct memory_world **ret_world, const char *text, size_t length, struct logoff_error *reterr)
{
	struct reader reader = { .reterr = reterr };
	int r;

	reader.world = calloc(1, sizeof(*reader.world));
	if (!reader.world)
		return -ENOMEM;
	reader.world->lost_us = MEMORY_NEVER;
	reader.world->silent_us = reader.world->speaks_us = MEMORY_NEVER;
	reader.world->next_pid = MEMORY_FIRST_PID;
	r = read_lines(&reader, text, length);
	if (r == 0)
		r = check_ids(&reader);
	if (r == 0)
		r = check_pids(&reader);
	if (r == 0)
		r = check_caller(&reader);
	if (r < 0) {
		memory_world_free(reader.world);
		return r;
	}
	*ret_world = reader.world;
	return 0;
}

int memory_load(struct memory_world **ret_world, const char *path, struct logoff_error *reterr)
{
	char *text = NULL;
	size_t length = 0;
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_set_errno(reterr, -EINVAL, -errno, "%s: %s", path, strerror(errno));
	r = text_read(&text, &length, fd, MEMORY_FILE_MAX);
	close(fd);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return error_set_errno(reterr, -EINVAL, r, "%s: %s", path, strerror(-r));
	r = memory_parse(ret_world, text, length, reterr);
	free(text);
	return r;
}

struct memory_world *memory_world_free(struct memory_world *world)
{
	if (!world)
		return NULL;
	for (size_t i = 0; i < world->n_users; i++) {
		free(world->users[i].name);
		free(world->users[i].manager.refuse_text);
	}
	for (size_t i = 0; i < world->n_sessions; i++) {
		struct memory_session *session = &world->sessions[i];

		free(session->id);
		free(session->user_name);
		free(session->tty);
		free(session->display);
		free(session->protocol);
		free(session->address);
		free(session->client);
		free(session->mail.wants);
		free(session->desktop.name);
		free(session->desktop.objects);
		free(session->unit.refuse_text);
	}
	for (size_t i = 0; i < world->n_processes; i++)
		free(world->processes[i].command);
	free(world->users);
	free(world->sessions);
	free(world->processes);
	free(world->kind);
	memory_share_close(world->share);
	free(world);
	return NULL;
}
