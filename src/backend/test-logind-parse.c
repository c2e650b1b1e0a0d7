/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-logind-parse.c - what is made of a session's properties, and of the text of its file, without a logind.
 */
#include "backend/logind-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define assert_text(got, wanted)                               \
	do {                                                   \
		const char *got_ = (got), *wanted_ = (wanted); \
		if (wanted_)                                   \
			assert_string_equal(got_, wanted_);    \
		else                                           \
			assert_null(got_);                     \
	} while (0)

/* ---- properties ---- */

/* Properties as they are documented (org.freedesktop.login1(5)): "Remote", "Service", "Type" and "Display". */
static void protocols(void **state)
{
	static const struct {
		struct logind_properties properties;
		const char *protocol;
	} rows[] = {
		{ { .service = "sshd", .type = "tty", .remote = true }, "ssh" },
		{ { .service = "gdm-password", .type = "wayland" }, "local" },
		{ { .service = "gdm-password", .type = "wayland", .remote = true }, "rdp" },
		{ { .service = "gdm-password", .type = "wayland", .remote = true, .display = "" }, "rdp" },
		{ { .service = "gdm-launch-environment", .type = "x11", .remote = true, .display = ":2" }, "rdp" },
		{ { .service = "gdm-password", .type = "x11", .remote = true, .display = "thin7:0" }, "xdmcp" },
		{ { .service = "lightdm", .type = "x11", .remote = true, .display = "thin7:0" }, "xdmcp" },
		{ { .service = "lightdm", .type = "x11", .remote = true, .display = ":2" }, NULL },
		{ { .service = "lightdm", .type = "x11", .display = ":2" }, "local" },
		{ { .service = "sddm", .type = "x11" }, "local" },
		{ { .service = "xdm", .type = "x11" }, "local" },
		{ { .service = "login", .type = "tty", .remote = true }, "local" },
		{ { .service = "su-l", .type = "tty" }, "su" },
		{ { .service = "runuser-l", .type = "tty" }, "su" },
		{ { .service = "systemd-run0", .type = "tty" }, "su" },
		{ { .service = "xrdp-sesman", .type = "x11", .remote = true, .display = ":10" }, "rdp" },
		{ { .service = "tigervnc", .type = "x11", .display = ":1" }, "vnc" },
		{ { .service = "vsftpd", .type = "tty", .remote = true }, "vsftpd" },
		{ { .service = "", .type = "tty" }, NULL },
		{ { .type = "tty" }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_text(properties_protocol(&rows[i].properties), rows[i].protocol);
}

static void names(void **state)
{
	static const struct {
		struct logind_properties properties;
		const char *name;
	} rows[] = {
		{ { .seat = "seat0", .tty = "tty1", .type = "tty" }, "console" },
		{ { .seat = "seat0", .display = ":0", .type = "x11" }, "console" },
		{ { .seat = "", .service = "xrdp-sesman", .display = ":10", .type = "x11" }, "rdp-tcp#10" },
		{ { .service = "xrdp-sesman", .display = ":10", .type = "unspecified" }, "rdp-tcp#10" },
		{ { .service = "xrdp-sesman", .display = "", .type = "x11" }, NULL },
		{ { .service = "xrdp-sesman", .display = "far:10", .type = "x11" }, "far:10" },
		{ { .service = "tigervnc", .display = ":3", .type = "x11", .tty = "pts/4" }, ":3" },
		{ { .service = "sshd", .display = ":3", .type = "tty", .tty = "pts/4" }, NULL },
		{ { .service = "sshd", .type = "tty", .tty = "pts/4" }, NULL },
		{ { .type = "wayland" }, NULL },
		{ {}, NULL },
	};
	char *name;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(properties_name(&rows[i].properties, &name), 0);
		assert_text(name, rows[i].name);
		free(name);
	}
}

static void states(void **state)
{
	static const struct {
		struct logind_properties properties;
		bool needs_client;
		enum logoff_state with, without;
	} rows[] = {
		{ { .state = "active", .type = "tty", .tty = "pts/1" }, false, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_ACTIVE },
		{ { .state = "opening", .type = "tty" }, false, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_ACTIVE },
		{ { .state = "", .type = "" }, false, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_ACTIVE },
		{ { .state = "closing", .type = "tty" }, false, LOGOFF_STATE_CLOSING, LOGOFF_STATE_CLOSING },
		{ { .state = "closing", .type = "x11", .display = ":1" }, false, LOGOFF_STATE_CLOSING, LOGOFF_STATE_CLOSING },
		{ { .state = "closing", .seat = "seat0" }, false, LOGOFF_STATE_CLOSING, LOGOFF_STATE_CLOSING },
		{ { .state = "online", .seat = "seat0", .type = "x11", .display = ":0" }, false, LOGOFF_STATE_DISCONNECTED,
		  LOGOFF_STATE_DISCONNECTED },
		{ { .state = "active", .seat = "seat0", .type = "x11", .display = ":0" }, false, LOGOFF_STATE_ACTIVE,
		  LOGOFF_STATE_ACTIVE },
		{ { .state = "active", .type = "x11", .display = ":1" }, true, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_DISCONNECTED },
		{ { .state = "online", .type = "mir", .display = ":1" }, true, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_DISCONNECTED },
		{ { .state = "active", .type = "unspecified", .service = "xrdp-sesman", .display = ":1" }, true, LOGOFF_STATE_ACTIVE,
		  LOGOFF_STATE_DISCONNECTED },
		{ { .state = "active", .type = "x11", .display = "thin7:0" }, false, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_ACTIVE },
		{ { .state = "active", .type = "wayland" }, false, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_ACTIVE },
		/* ssh -X: its display is no desktop's */
		{ { .state = "active", .type = "tty", .display = ":10" }, false, LOGOFF_STATE_ACTIVE, LOGOFF_STATE_ACTIVE },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(properties_need_client(&rows[i].properties), rows[i].needs_client);
		assert_int_equal(properties_state(&rows[i].properties, true), rows[i].with);
		assert_int_equal(properties_state(&rows[i].properties, false), rows[i].without);
	}
}

static void kinds_of_classes(void **state)
{
	static const struct {
		const char *class;
		enum logoff_kind kind;
		bool manager;
	} rows[] = {
		{ "user", LOGOFF_KIND_USER, false }, { "user-early", LOGOFF_KIND_USER, false },
		{ "user-light", LOGOFF_KIND_USER, false }, { "user-early-light", LOGOFF_KIND_USER, false },
		{ "user-incomplete", LOGOFF_KIND_USER, false }, { "greeter", LOGOFF_KIND_GREETER, false },
		{ "lock-screen", LOGOFF_KIND_GREETER, false }, { "background", LOGOFF_KIND_BACKGROUND, false },
		{ "background-light", LOGOFF_KIND_BACKGROUND, false }, { "manager", LOGOFF_KIND_BACKGROUND, true },
		{ "manager-early", LOGOFF_KIND_BACKGROUND, true }, { "none", LOGOFF_KIND_BACKGROUND, false },
		{ "User", LOGOFF_KIND_BACKGROUND, false }, { "", LOGOFF_KIND_BACKGROUND, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(properties_kind(&(struct logind_properties){ .class = rows[i].class }), rows[i].kind);
		assert_int_equal(logind_is_manager_class(rows[i].class), rows[i].manager);
	}
	assert_int_equal(properties_kind(&(struct logind_properties){}), LOGOFF_KIND_BACKGROUND);
}

static void desktops(void **state)
{
	static const struct {
		struct logind_properties properties;
		bool graphical, xrdp, vnc;
	} rows[] = {
		{ { .type = "x11", .display = ":1", .service = "xrdp-sesman" }, true, true, false },
		{ { .type = "x11", .display = "far:1", .service = "xrdp-sesman" }, true, false, false },
		{ { .type = "x11", .display = ":1", .service = "tigervnc" }, true, false, true },
		{ { .type = "x11", .service = "tigervnc" }, true, false, false },
		{ { .type = "mir" }, true, false, false },
		{ { .type = "wayland" }, true, false, false },
		{ { .type = "tty", .service = "sshd" }, false, false, false },
		{ { .type = "" }, false, false, false },
		{ {}, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(properties_is_graphical(&rows[i].properties), rows[i].graphical);
		assert_int_equal(properties_is_xrdp(&rows[i].properties), rows[i].xrdp);
		assert_int_equal(properties_is_vnc(&rows[i].properties), rows[i].vnc);
	}
}

static void certain_terminals(void **state)
{
	static const struct {
		struct logind_properties properties;
		bool certain;
	} rows[] = {
		{ { .service = "login", .type = "tty", .state = "active", .tty = "ttyS0", .tty_validity = "from-pam" }, true },
		{ { .service = "login", .type = "tty", .state = "online", .tty = "tty2", .seat = "seat0", .tty_validity = "from-pam" }, true },
		/* one of several; not any more; not said (before systemd 248); not known here */
		{ { .service = "sshd", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-utmp" }, false },
		{ { .service = "sshd", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "utmp-inconsistent" }, false },
		{ { .service = "sshd", .type = "tty", .state = "active", .tty = "pts/1" }, false },
		{ { .service = "login", .type = "tty", .state = "active", .tty = "ttyS0", .tty_validity = "" }, false },
		{ { .service = "login", .type = "tty", .state = "active", .tty = "ttyS0", .tty_validity = "from-pam2" }, false },
		{ { .service = "login", .type = "tty", .state = "active", .tty = "ttyS0", .tty_validity = "FROM-PAM" }, false },
		/* the terminal they were called from */
		{ { .service = "su", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		{ { .service = "doas", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		{ { .service = "su-l", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		{ { .service = "sudo-i", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		{ { .service = "runuser-l", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		{ { .service = "systemd-run0", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		{ { .service = "polkit-1", .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		{ { .type = "tty", .state = "active", .tty = "pts/1", .tty_validity = "from-pam" }, false },
		/* a desktop is not called by a terminal; mosh works on in one that is closing */
		{ { .service = "gdm", .type = "x11", .state = "active", .tty = "tty2", .tty_validity = "from-pam" }, false },
		{ { .service = "login", .type = "tty", .state = "closing", .tty = "ttyS0", .tty_validity = "from-pam" }, false },
		{ { .service = "login", .type = "tty", .state = "active", .tty = "", .tty_validity = "from-pam" }, false },
		{ { .service = "login", .type = "tty", .state = "active", .tty_validity = "from-pam" }, false },
		{ {}, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_int_equal(properties_has_certain_terminal(&rows[i].properties), rows[i].certain);
}

#define HOUR UINT64_C(3600000000)
#define TODAY INT64_C(1790000000000000)

static void times(void **state)
{
	static const struct {
		struct logind_properties properties;
		struct logind_times times;
	} rows[] = {
		{ { .type = "tty", .timestamp = TODAY - HOUR, .monotonic = 9 * HOUR }, { TODAY - HOUR, HOUR, -1, 0 } },
		/* the clock has been set forward by two hours, and back by one */
		{ { .type = "tty", .timestamp = TODAY - 3 * HOUR, .monotonic = 9 * HOUR }, { TODAY - 3 * HOUR, HOUR, -1, 2 * HOUR } },
		{ { .type = "tty", .timestamp = TODAY, .monotonic = 9 * HOUR }, { TODAY, HOUR, -1, -(int64_t)HOUR } },
		/* logind does not know the times; it began after we looked at the clock */
		{ { .type = "tty" }, { -1, -1, -1, 0 } },
		{ { .type = "tty", .timestamp = TODAY - HOUR }, { TODAY - HOUR, -1, -1, 0 } },
		{ { .type = "tty", .timestamp = TODAY + 1, .monotonic = 10 * HOUR + 1 }, { TODAY + 1, 0, -1, 0 } },
		/* idleness */
		{ { .type = "x11", .idle_since = 10 * HOUR - 5, .idle_hint = true }, { -1, -1, 5, 0 } },
		{ { .type = "x11", .idle_since = 10 * HOUR - 5, .idle_hint = false }, { -1, -1, 0, 0 } },
		{ { .type = "x11", .idle_since = 0, .idle_hint = false }, { -1, -1, -1, 0 } },
		{ { .type = "x11", .idle_since = 11 * HOUR, .idle_hint = true }, { -1, -1, 0, 0 } },
		{ { .type = "tty", .idle_since = 9 * HOUR, .idle_hint = true }, { -1, -1, -1, 0 } },
	};
	struct logind_times got;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		properties_times(&rows[i].properties, TODAY, 10 * HOUR, &got);
		assert_int_equal(got.logon_us, rows[i].times.logon_us);
		assert_int_equal(got.age_us, rows[i].times.age_us);
		assert_int_equal(got.idle_us, rows[i].times.idle_us);
		assert_int_equal(got.set_us, rows[i].times.set_us);
	}
}

/* ---- the file ---- */

/* As systemd 257 writes it for a login on a serial line. */
#define WHOLE                                                                                       \
	"# This is private data. Do not parse.\nUID=1000\nUSER=alice\nACTIVE=1\nIS_DISPLAY=1\n"    \
	"STATE=active\nREMOTE=0\nLEADER_FD_SAVED=1\nTYPE=tty\nORIGINAL_TYPE=tty\nCLASS=user\n"     \
	"SCOPE=session-c4.scope\nFIFO=/run/systemd/sessions/c4.ref\nTTY=ttyS0\n"                   \
	"TTY_VALIDITY=from-pam\nSERVICE=login\nPOSITION=0\nLEADER=138\nREALTIME=1795892335001083\n" \
	"MONOTONIC=27022926416\n"

/* Parses a copy, which must outlive what is looked at. */
static bool parse(const char *text, char copy[static LOGIND_FILE_MAX], struct logind_properties *p)
{
	*p = (struct logind_properties){ .id = "c4", .user = "alice", .seat = "", .uid = 1000 };
	assert_true(strlen(text) < LOGIND_FILE_MAX);
	strcpy(copy, text);
	return session_file_parse(copy, p);
}

static void a_whole_file(void **state)
{
	char copy[LOGIND_FILE_MAX];
	struct logind_properties p;

	(void)state;
	assert_true(parse(WHOLE, copy, &p));
	assert_string_equal(p.id, "c4");
	assert_string_equal(p.user, "alice");
	assert_string_equal(p.state, "active");
	assert_string_equal(p.type, "tty");
	assert_string_equal(p.class, "user");
	assert_string_equal(p.scope, "session-c4.scope");
	assert_string_equal(p.service, "login");
	assert_string_equal(p.tty, "ttyS0");
	assert_string_equal(p.tty_validity, "from-pam");
	assert_null(p.display);
	assert_null(p.remote_host);
	assert_int_equal(p.uid, 1000);
	assert_int_equal(p.leader, 138);
	assert_int_equal(p.timestamp, 1795892335001083);
	assert_int_equal(p.monotonic, 27022926416);
	assert_true(properties_has_certain_terminal(&p));
}

/* What the shortest file that says enough is made of; rows put lines before and behind. */
#define NEEDED "STATE=active\nTYPE=tty\nCLASS=user\nLEADER=7\nREALTIME=5\n"

static void files_that_say_enough(void **state)
{
	static const struct {
		const char *text;
		const char *tty, *remote_host;
		uint64_t monotonic;
	} rows[] = {
		{ NEEDED, NULL, NULL, 0 },
		{ "STATE=active\nTYPE=tty\nCLASS=user\nREALTIME=5\nLEADER=7", NULL, NULL, 0 },	/* no last newline */
		{ NEEDED "\n\n=\n==\nTTY", NULL, NULL, 0 },
		{ NEEDED "TTY=\nREMOTE_HOST=\n", "", "", 0 },
		{ NEEDED "TTY=pts/1=2\n", "pts/1=2", NULL, 0 },
		{ NEEDED "TTY=pts/1\nTTY=pts/2\n", "pts/2", NULL, 0 },
		{ NEEDED "TTYX=pts/1\nXTTY=pts/2\n TTY=pts/3\ntty=pts/4\nTTY =pts/5\n", NULL, NULL, 0 },
		{ NEEDED "REMOTE_HOST=fe80::1%eth0\nMONOTONIC=9223372036854775807\n", NULL, "fe80::1%eth0", INT64_MAX },
		{ NEEDED "MONOTONIC=9223372036854775808\n", NULL, NULL, 0 },
		{ NEEDED "MONOTONIC=\n", NULL, NULL, 0 },
	};
	char copy[LOGIND_FILE_MAX];
	struct logind_properties p;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_true(parse(rows[i].text, copy, &p));
		assert_text(p.tty, rows[i].tty);
		assert_text(p.remote_host, rows[i].remote_host);
		assert_int_equal(p.monotonic, rows[i].monotonic);
		assert_int_equal(p.leader, 7);
	}
}

/* A reader of one of these asks D-Bus. */
static void files_that_do_not(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		"# This is private data. Do not parse.\n",
		"TYPE=tty\nCLASS=user\nLEADER=7\nREALTIME=5\n",
		"STATE=\nTYPE=tty\nCLASS=user\nLEADER=7\nREALTIME=5\n",
		"STATE=active\nCLASS=user\nLEADER=7\nREALTIME=5\n",
		"STATE=active\nTYPE=tty\nLEADER=7\nREALTIME=5\n",
		"STATE=active\nTYPE=tty\nCLASS=user\nREALTIME=5\n",
		"STATE=active\nTYPE=tty\nCLASS=user\nLEADER=7\n",
		"STATE=active\nTYPE=tty\nCLASS=user\nLEADER=7\nREALTIME=0\n",
		"STATE=active\nTYPE=tty\nCLASS=user\nLEADER=7\nREALTIME=x5\n",
		/* no number of a process */
		NEEDED "LEADER=\n",
		NEEDED "LEADER=0\n",
		NEEDED "LEADER=-7\n",
		NEEDED "LEADER=7 \n",
		NEEDED "LEADER=+7\n",
		NEEDED "LEADER=0x7\n",
		NEEDED "LEADER=2147483648\n",
		NEEDED "LEADER=4294967303\n",
		NEEDED "LEADER=99999999999999999999999\n",
		NEEDED "REALTIME=9223372036854775808\n",
		NEEDED "REALTIME=99999999999999999999999999\n",
		/* escaped; on a display */
		NEEDED "REMOTE_HOST=a\\nb\n",
		NEEDED "DESKTOP=\\\n",
		"STATE=active\nTYPE=x11\nCLASS=user\nLEADER=7\nREALTIME=5\n",
		NEEDED "TYPE=wayland\n",
	};
	char copy[LOGIND_FILE_MAX];
	struct logind_properties p;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_false(parse(rows[i], copy, &p));
}

static void a_very_long_line(void **state)
{
	char text[LOGIND_FILE_MAX], copy[LOGIND_FILE_MAX];
	struct logind_properties p;
	size_t n = strlen(NEEDED "TTY=");

	(void)state;
	strcpy(text, NEEDED "TTY=");
	memset(text + n, 'x', sizeof(text) - n - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(parse(text, copy, &p));
	assert_int_equal(strlen(p.tty), sizeof(text) - n - 1);
}

/* ---- hints ---- */

static void hints(void **state)
{
	static const struct {
		const char *text, *name;
		bool might;
	} rows[] = {
		{ "TTY=pts/3\nDISPLAY=:1\n", "pts/3", true },
		{ "TTY=pts/3\n", "PTS/3", true },
		{ "X=1\nTTY=pts/3", "pts/3", true },
		{ "TTY=pts/3\n", "pts/33", false },
		{ "TTY=pts/33\n", "pts/3", false },
		{ "TTY=pts/3\n", "", false },
		{ "TTY=\n", "", true },
		{ "XTTY=pts/3\nTTYX=pts/3\n", "pts/3", false },
		{ "FIFO=TTY=pts/3\n", "pts/3", false },
		{ "DISPLAY=:1\n", ":1", true },
		{ "DISPLAY=:1\n", ":10", false },
		{ "DISPLAY=:10\n", "rdp-tcp#10", true },
		{ "DISPLAY=:10\n", "RDP-Tcp#10", true },
		{ "DISPLAY=:10\n", "rdp-tcp#1", false },
		{ "DISPLAY=:10\n", "rdp-tcp#", false },
		{ "DISPLAY=:123456789012\n", "rdp-tcp#123456789012", true },
		{ "DISPLAY=:10\n", "rdp-tcp#10000000000000000000000000000000000000000", false },
		{ "TTY=rdp-tcp#10\n", "rdp-tcp#10", false },
		{ "SEAT=seat0\n", "console", true },
		{ "SEAT=seat1\n", "Console", true },
		{ "TTY=console\n", "console", false },
		{ "", "console", false },
		{ "", "pts/3", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_int_equal(session_file_might_be(rows[i].text, rows[i].name), rows[i].might);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocols),
		cmocka_unit_test(names),
		cmocka_unit_test(states),
		cmocka_unit_test(kinds_of_classes),
		cmocka_unit_test(desktops),
		cmocka_unit_test(certain_terminals),
		cmocka_unit_test(times),
		cmocka_unit_test(a_whole_file),
		cmocka_unit_test(files_that_say_enough),
		cmocka_unit_test(files_that_do_not),
		cmocka_unit_test(a_very_long_line),
		cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
