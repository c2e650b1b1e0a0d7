/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-parse.c - see logind-parse.h.
 */
#include "backend/logind-parse.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- what follows from properties ---- */

static bool is_set(const char *text)
{
	return text && *text;
}

static bool is_own_display(const char *display)
{
	return is_set(display) && display[0] == ':';
}

/* Tells whether a type of sessions is that of desktops. */
static bool is_graphical_type(const char *type)
{
	return strcmp(type, "x11") == 0 || strcmp(type, "wayland") == 0 || strcmp(type, "mir") == 0;
}

bool logind_is_manager_class(const char *class)
{
	return strcmp(class, "manager") == 0 || strcmp(class, "manager-early") == 0;
}

bool properties_is_graphical(const struct logind_properties *p)
{
	return is_set(p->type) && is_graphical_type(p->type);
}

bool properties_is_xrdp(const struct logind_properties *p)
{
	return is_set(p->service) && strncmp(p->service, "xrdp", 4) == 0 && is_own_display(p->display);
}

bool properties_is_vnc(const struct logind_properties *p)
{
	return is_set(p->service) && strncmp(p->service, "tigervnc", 8) == 0 && is_own_display(p->display);
}

int properties_name(const struct logind_properties *p, char **ret)
{
	const char *prefix = "", *name = NULL;

	*ret = NULL;
	if (is_set(p->seat)) {
		name = "console";
	} else if (properties_is_xrdp(p)) {
		prefix = "rdp-tcp#";
		name = p->display + 1;
	} else if (properties_is_graphical(p) && is_set(p->display)) {
		name = p->display;
	}
	return name && asprintf(ret, "%s%s", prefix, name) < 0 ? -ENOMEM : 0;
}

bool properties_has_certain_terminal(const struct logind_properties *p)
{
	static const char *const borrowers[] = { "su", "sudo", "doas", "runuser", "systemd-run", "polkit" };

	if (!is_set(p->tty) || !p->tty_validity || strcmp(p->tty_validity, "from-pam") != 0 || !is_set(p->service))
		return false;
	for (size_t i = 0; i < LENGTH(borrowers); i++)
		if (strncmp(p->service, borrowers[i], strlen(borrowers[i])) == 0)
			return false;
	return !properties_is_graphical(p) && p->state && strcmp(p->state, "closing") != 0;
}

bool properties_need_client(const struct logind_properties *p)
{
	return p->state && strcmp(p->state, "closing") != 0 && !is_set(p->seat) && is_own_display(p->display) &&
	       (properties_is_xrdp(p) || properties_is_graphical(p));
}

enum logoff_state properties_state(const struct logind_properties *p, bool connected)
{
	if (strcmp(p->state, "closing") == 0)
		return LOGOFF_STATE_CLOSING;
	if (is_set(p->seat))	/* "online": another session of the seat is in front */
		return strcmp(p->state, "online") == 0 ? LOGOFF_STATE_DISCONNECTED : LOGOFF_STATE_ACTIVE;
	return properties_need_client(p) && !connected ? LOGOFF_STATE_DISCONNECTED : LOGOFF_STATE_ACTIVE;
}

enum logoff_kind properties_kind(const struct logind_properties *p)
{
	static const struct {
		const char *class;
		enum logoff_kind kind;
	} kinds[] = {
		{ "user", LOGOFF_KIND_USER },		     { "user-early", LOGOFF_KIND_USER },
		{ "user-light", LOGOFF_KIND_USER },	     { "user-early-light", LOGOFF_KIND_USER },
		{ "user-incomplete", LOGOFF_KIND_USER },     { "greeter", LOGOFF_KIND_GREETER },
		{ "lock-screen", LOGOFF_KIND_GREETER },	     { "background", LOGOFF_KIND_BACKGROUND },
		{ "background-light", LOGOFF_KIND_BACKGROUND },
	};

	for (size_t i = 0; is_set(p->class) && i < LENGTH(kinds); i++)
		if (strcmp(p->class, kinds[i].class) == 0)
			return kinds[i].kind;
	return LOGOFF_KIND_BACKGROUND;
}

/*
 * What a display manager lets in from elsewhere: X servers there by XDMCP, whose displays are not this machine's; the desktops of
 * gdm that have none of X, or one of this machine, come by gnome-remote-desktop.
 */
static const char *find_remote_desktop(const struct logind_properties *p)
{
	if (is_set(p->display) && p->display[0] != ':')
		return "xdmcp";
	return strncmp(p->service, "gdm", 3) == 0 ? "rdp" : NULL;
}

const char *properties_protocol(const struct logind_properties *p)
{
	static const struct {
		const char *service, *protocol;
	} protocols[] = {
		{ "sshd", "ssh" },     { "xrdp", "rdp" },      { "login", "local" }, { "gdm", "local" },
		{ "lightdm", "local" }, { "sddm", "local" },   { "xdm", "local" },   { "su", "su" },
		{ "runuser", "su" },   { "systemd-run", "su" },    { "tigervnc", "vnc" },
	};

	if (!is_set(p->service))
		return NULL;
	for (size_t i = 0; i < LENGTH(protocols); i++)
		if (strncmp(p->service, protocols[i].service, strlen(protocols[i].service)) == 0)
			return p->remote && properties_is_graphical(p) && strcmp(protocols[i].protocol, "local") == 0 ?
				find_remote_desktop(p) : protocols[i].protocol;
	return p->service;
}

/* How long ago the monotonic time AT_US was at NOW_US. */
static int64_t elapsed_us(uint64_t now_us, uint64_t at_us)
{
	return now_us > at_us ? (int64_t)(now_us - at_us) : 0;
}

void properties_times(const struct logind_properties *p, int64_t real_us, uint64_t now_us, struct logind_times *ret)
{
	*ret = (struct logind_times){ .logon_us = p->timestamp ? (int64_t)p->timestamp : -1, .age_us = -1, .idle_us = -1 };
	if (p->monotonic) {
		ret->age_us = elapsed_us(now_us, p->monotonic);
		ret->set_us = (int64_t)((uint64_t)real_us - now_us - (p->timestamp - p->monotonic));
	}
	/* A desktop tells logind; one that has never told is not known to be in use. */
	if (properties_is_graphical(p) && p->idle_since > 0)
		ret->idle_us = p->idle_hint ? elapsed_us(now_us, p->idle_since) : 0;
}

/* ---- the file of a session ---- */

/* Which line goes where, by its key and the length of that. */
#define TEXT_LINE(key, field) { key, sizeof(key) - 1, offsetof(struct logind_properties, field) }
static const struct {
	const char *key;
	size_t length, field;
} text_lines[] = {
	TEXT_LINE("TTY", tty),	       TEXT_LINE("TTY_VALIDITY", tty_validity), TEXT_LINE("DISPLAY", display),
	TEXT_LINE("SERVICE", service), TEXT_LINE("SCOPE", scope),		TEXT_LINE("TYPE", type),
	TEXT_LINE("CLASS", class),     TEXT_LINE("STATE", state),		TEXT_LINE("REMOTE_HOST", remote_host),
};

/* Reads a decimal number that is the whole TEXT and at most MOST. Returns 0, which no session has, if it is none. */
static uint64_t parse_number(const char *text, uint64_t most)
{
	uint64_t number = 0;

	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - '0';

		if (digit > 9 || number > (most - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

/* Takes the line KEY (of LENGTH bytes) = VALUE. */
static void take_file_line(const char *key, size_t length, const char *value, struct logind_properties *p)
{
	for (size_t i = 0; i < LENGTH(text_lines); i++)
		if (text_lines[i].length == length && memcmp(key, text_lines[i].key, length) == 0) {
			*(const char **)((char *)p + text_lines[i].field) = value;
			return;
		}
	if (length == 6 && memcmp(key, "LEADER", 6) == 0)
		p->leader = (uint32_t)parse_number(value, INT32_MAX);
	else if (length == 8 && memcmp(key, "REALTIME", 8) == 0)
		p->timestamp = parse_number(value, INT64_MAX);
	else if (length == 9 && memcmp(key, "MONOTONIC", 9) == 0)
		p->monotonic = parse_number(value, INT64_MAX);
}

bool session_file_parse(char *text, struct logind_properties *p)
{
	char *end;

	if (strchr(text, '\\'))
		return false;
	for (char *line = text; *line; line = end) {
		char *newline = strchr(line, '\n'), *equals;

		end = newline ? newline + 1 : line + strlen(line);
		if (newline)
			*newline = '\0';
		equals = strchr(line, '=');
		if (equals)
			take_file_line(line, (size_t)(equals - line), equals + 1, p);
	}
	return is_set(p->state) && is_set(p->class) && is_set(p->type) && p->timestamp && p->leader && !properties_is_graphical(p);
}

/* Tells whether the text has KEY=VALUE as a line; VALUE NULL: any value. */
static bool file_has(const char *text, const char *key, const char *value)
{
	size_t n_key = strlen(key), n_value = value ? strlen(value) : 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n_key) != 0 || line[n_key] != '=')
			continue;
		if (!value)
			return true;
		return strncasecmp(line + n_key + 1, value, n_value) == 0 && strcspn(line + n_key + 1, "\n") == n_value;
	}
	return false;
}

bool session_file_might_be(const char *text, const char *name)
{
	char display[16];

	if (strcasecmp(name, "console") == 0)
		return file_has(text, "SEAT", NULL);
	if (strncasecmp(name, "rdp-tcp#", 8) == 0) {
		snprintf(display, sizeof(display), ":%.12s", name + 8);
		return file_has(text, "DISPLAY", display);
	}
	return file_has(text, "TTY", name) || file_has(text, "DISPLAY", name);
}
