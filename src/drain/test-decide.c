/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-decide.c - who is refused, who is let in, and of whom it is unknown.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "drain/decide.h"
#include "drain/test-root.h"

/* ---- users and groups ---- */

static struct passwd users[] = {
	{ .pw_name = (char *)"root", .pw_uid = 0, .pw_gid = 0 },
	{ .pw_name = (char *)"toor", .pw_uid = 0, .pw_gid = 100 },
	{ .pw_name = (char *)"alice", .pw_uid = 1000, .pw_gid = 1000 },
	{ .pw_name = (char *)"bob", .pw_uid = 1001, .pw_gid = 1001 },
	{ .pw_name = (char *)"carol", .pw_uid = 1002, .pw_gid = 27 },	/* sudo */
	{ .pw_name = (char *)"dave", .pw_uid = 1003, .pw_gid = 1003 },	/* in ops, and in hundreds of others */
};

static struct group groups[] = {
	{ .gr_name = (char *)"sudo", .gr_gid = 27 },
	{ .gr_name = (char *)"ops", .gr_gid = 2000 },
};

static int name_service_r;		/* what it fails with, or 0 */
static int second_source_r;		/* the same of a source of groups that is asked for those that are not above */

struct passwd *__wrap_getpwnam(const char *name);
struct group *__wrap_getgrnam(const char *name);
int __wrap_getgrouplist(const char *name, gid_t group, gid_t *list, int *n);

struct passwd *__wrap_getpwnam(const char *name)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (strcmp(users[i].pw_name, name) == 0)
			return &users[i];
	return NULL;
}

struct group *__wrap_getgrnam(const char *name)
{
	errno = name_service_r;
	for (size_t i = 0; !errno && i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(groups[i].gr_name, name) == 0)
			return &groups[i];
	errno = errno ? errno : second_source_r;
	return NULL;
}

int __wrap_getgrouplist(const char *name, gid_t group, gid_t *list, int *n)
{
	int have = strcmp(name, "dave") == 0 ? 300 : 1, room = *n;

	*n = have;
	for (int i = 0; i < have && i < room; i++)
		list[i] = i == 0 ? group : 2299 - (gid_t)i;	/* the last one is 2000, ops */
	return have <= room ? have : -1;
}

/* ---- the machine ---- */

static void drain(enum drain_mode mode)
{
	const char *path;

	assert_int_equal(drain_write(root, &(struct drain_state){ .mode = mode, .text = "Update" }, &path), 0);
}

static int make_drained(void **state)
{
	int r = make_root(state);

	name_service_r = second_source_r = 0;
	r |= mkdirat(root, "run/systemd", 0755) | mkdirat(root, "run/systemd/sessions", 0755) |
	     mkdirat(root, "etc/logoff", 0755);
	drain(DRAIN_NEW);
	return r;
}

static void add_session(const char *id, unsigned uid, const char *service, const char *state, const char *class)
{
	char name[64], text[256];

	snprintf(name, sizeof(name), "run/systemd/sessions/%s", id);
	snprintf(text, sizeof(text), "# private\nUID=%u\nUSER=someone\nACTIVE=1\nSTATE=%s\nREMOTE=1\nCLASS=%s\n"
		 "SERVICE=%s\nLEADER=12\n", uid, state, class, service);
	write_text(name, text);
}

static void assert_verdict(enum drain_verdict verdict, const char *service, const char *user)
{
	struct drain_state state;
	const char *what;
	int r;

	assert_int_equal(drain_decide(root, service, user, &state, &what, &r), verdict);
	if (verdict == DRAIN_REFUSE)
		assert_string_equal(state.text, "Update");
}

static void assert_unsure(int wanted, const char *about, const char *service, const char *user)
{
	struct drain_state state;
	const char *what = NULL;
	int r = 0;

	assert_int_equal(drain_decide(root, service, user, &state, &what, &r), DRAIN_UNSURE);
	assert_int_equal(r, wanted);
	assert_string_equal(what, about);
}

/* ---- tests ---- */

static void refuses_users_of_services_that_begin_sessions(void **state)
{
	static const char *const services[] = { "sshd", "login", "remote", "xrdp-sesman", "tigervnc", "cockpit",
		"gdm-password", "gdm-smartcard", "gdm-smartcard-sssd-exclusive", "lightdm", "sddm" };

	(void)state;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		assert_verdict(DRAIN_REFUSE, services[i], "alice");
	drain(DRAIN_ALL);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		assert_verdict(DRAIN_REFUSE, services[i], "alice");
}

static void lets_everybody_in_unless_drained(void **state)
{
	(void)state;
	drain(DRAIN_ENABLED);
	assert_verdict(DRAIN_LET_IN, "sshd", "alice");
}

static void lets_services_without_sessions_in(void **state)
{
	static const char *const services[] = { "cron", "crond", "atd", "su", "su-l", "sudo", "sudo-i", "runuser",
		"systemd-user", "polkit-1", "gdm-launch-environment", "lightdm-greeter", "sddm-greeter", "passwd",
		"other", "sshd2", "" };

	(void)state;
	drain(DRAIN_ALL);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		assert_verdict(DRAIN_LET_IN, services[i], "alice");
}

static void lets_administrators_in(void **state)
{
	(void)state;
	drain(DRAIN_ALL);
	assert_verdict(DRAIN_LET_IN, "sshd", "root");
	assert_verdict(DRAIN_LET_IN, "xrdp-sesman", "toor");
	assert_verdict(DRAIN_LET_IN, "sshd", "carol");
	assert_verdict(DRAIN_REFUSE, "sshd", "dave");
}

static void lets_the_groups_of_the_file_in(void **state)
{
	(void)state;
	write_text("etc/logoff/drain.conf", "# who repairs\n\n group  ops\t# all of them\r\ngroup nobodys\n");
	assert_verdict(DRAIN_LET_IN, "sshd", "dave");
	assert_verdict(DRAIN_REFUSE, "sshd", "carol");
	write_text("etc/logoff/drain.conf", "# nobody");
	assert_verdict(DRAIN_REFUSE, "sshd", "dave");
	assert_verdict(DRAIN_REFUSE, "sshd", "carol");
	assert_verdict(DRAIN_LET_IN, "sshd", "root");
}

static void is_unsure_if_the_file_is_wrong(void **state)
{
	static const char *const wrong[] = { "ops\n", "group\n", "group a b\n", "groups a\n", "group ops\nexempt x\n" };
	char many[4096] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_text("etc/logoff/drain.conf", wrong[i]);
		assert_unsure(-EBADMSG, DRAIN_CONF, "sshd", "alice");
		assert_verdict(DRAIN_LET_IN, "sshd", "root");
	}
	for (size_t i = 0; i <= 64; i++)
		strcat(many, "group a\n");
	write_text("etc/logoff/drain.conf", many);
	assert_unsure(-EBADMSG, DRAIN_CONF, "sshd", "alice");
	many[strlen(many) - strlen("group a\n")] = '\0';
	write_text("etc/logoff/drain.conf", many);
	assert_verdict(DRAIN_REFUSE, "sshd", "alice");
}

static void is_unsure_if_the_name_service_fails(void **state)
{
	(void)state;
	assert_unsure(-ENOENT, "the user", "sshd", "nobody-here");
	name_service_r = EIO;
	assert_unsure(-EIO, "the user's groups", "sshd", "alice");
	assert_verdict(DRAIN_LET_IN, "sshd", "root");
	name_service_r = ENOENT;		/* it may say so of a group that is not there */
	assert_verdict(DRAIN_REFUSE, "sshd", "alice");
}

static void is_unsure_if_one_source_of_groups_fails(void **state)
{
	(void)state;
	write_text("etc/logoff/drain.conf", "group sudo\n");	/* the first source has it */
	assert_verdict(DRAIN_REFUSE, "sshd", "alice");
	second_source_r = EIO;
	assert_unsure(-EIO, "the user's groups", "sshd", "alice");
	assert_verdict(DRAIN_LET_IN, "sshd", "carol");
	write_text("etc/logoff/drain.conf", "");
	assert_unsure(-EIO, "the user's groups", "sshd", "alice");
	second_source_r = ENOENT;
	assert_verdict(DRAIN_REFUSE, "sshd", "alice");
}

static void is_unsure_if_the_state_is_unknown(void **state)
{
	(void)state;
	write_text("run/logoff/drain", "drain\n");
	assert_unsure(-EBADMSG, "/run/logoff/drain", "sshd", "alice");
	assert_verdict(DRAIN_LET_IN, "cron", "alice");
}

static void lets_users_return(void **state)
{
	(void)state;
	add_session("c3", 1000, "xrdp-sesman", "active", "user");
	assert_int_equal(mkfifoat(root, "run/systemd/sessions/c3.ref", 0600), 0);
	assert_verdict(DRAIN_LET_IN, "xrdp-sesman", "alice");
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "bob");
	assert_verdict(DRAIN_REFUSE, "sshd", "alice");
	assert_verdict(DRAIN_REFUSE, "tigervnc", "alice");
	add_session("c4", 1001, "tigervnc", "online", "user");
	assert_verdict(DRAIN_LET_IN, "vnc", "bob");
	assert_verdict(DRAIN_REFUSE, "vnc", "alice");
	drain(DRAIN_ALL);
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "alice");
	assert_verdict(DRAIN_REFUSE, "vnc", "bob");
}

static void unlocks_screens(void **state)
{
	(void)state;
	drain(DRAIN_ALL);
	add_session("2", 1000, "gdm-autologin", "active", "user");
	assert_verdict(DRAIN_LET_IN, "gdm-password", "alice");
	assert_verdict(DRAIN_REFUSE, "lightdm", "alice");
	assert_verdict(DRAIN_REFUSE, "gdm-password", "bob");
}

static void unlocks_screens_of_gnome_over_xrdp(void **state)
{
	(void)state;
	add_session("2", 1000, "xrdp-sesman", "active", "user");
	add_session("3", 1001, "sshd", "active", "user");
	for (enum drain_mode mode = DRAIN_NEW; mode <= DRAIN_ALL; mode++) {
		drain(mode);
		assert_verdict(DRAIN_LET_IN, "gdm-password", "alice");
		assert_verdict(DRAIN_LET_IN, "gdm-fingerprint", "alice");
		assert_verdict(DRAIN_REFUSE, "lightdm", "alice");
		assert_verdict(DRAIN_REFUSE, "gdm-password", "bob");
	}
}

/* What a user has chosen comes before the service, and behind all else that counts. */
static void lines_of_a_user_do_not_count(void **state)
{
	static const char lines[] = "# private\nUID=1000\nSTATE=%s\nCLASS=%s\nDISPLAY=:0\nUID=1001\nSTATE=active\n"
				    "CLASS=user\nSERVICE=%s\nREMOTE_HOST=\nSERVICE=%s\nDESKTOP=\n";
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), lines, "active", "user", "xrdp-sesman", "sshd");
	write_text("run/systemd/sessions/5", text);
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "alice");
	snprintf(text, sizeof(text), lines, "closing", "user", "xrdp-sesman", "xrdp-sesman");
	write_text("run/systemd/sessions/5", text);
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "alice");
	snprintf(text, sizeof(text), lines, "active", "background", "xrdp-sesman", "xrdp-sesman");
	write_text("run/systemd/sessions/5", text);
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "alice");
	snprintf(text, sizeof(text), lines, "active", "user", "sshd", "xrdp-sesman");
	write_text("run/systemd/sessions/5", text);
	assert_verdict(DRAIN_LET_IN, "xrdp-sesman", "alice");
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "bob");
}

static void a_long_file_of_a_session_is_its_users_alone(void **state)
{
	char text[10000];

	(void)state;
	snprintf(text, sizeof(text), "# private\nUID=1001\nSTATE=active\nCLASS=user\nDISPLAY=%09000d\nSERVICE=x\n", 0);
	write_text("run/systemd/sessions/5", text);
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "alice");
	assert_verdict(DRAIN_REFUSE, "gdm-password", "alice");
	assert_unsure(-EBADMSG, "the user's sessions", "xrdp-sesman", "bob");
	add_session("6", 1000, "xrdp-sesman", "active", "user");
	assert_verdict(DRAIN_LET_IN, "xrdp-sesman", "alice");
	snprintf(text, sizeof(text), "%09000d\nUID=1001\n", 0);	/* whose is it? */
	write_text("run/systemd/sessions/6", text);
	assert_unsure(-EBADMSG, "the user's sessions", "xrdp-sesman", "alice");
}

static void no_other_session_counts(void **state)
{
	(void)state;
	add_session("1", 1000, "xrdp-sesman", "closing", "user");
	add_session("2", 1000, "xrdp-sesman", "active", "greeter");
	add_session("3", 1000, "xrdp-sesman", "active", "manager");
	add_session("4", 1000, "sshd", "active", "user");
	add_session("5", 100, "xrdp-sesman", "active", "user");
	add_session("6", 10001, "xrdp-sesman", "active", "user");
	add_session(".#7abc", 1000, "xrdp-sesman", "active", "user");
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "alice");
	add_session("8", 1000, "xrdp-sesman", "opening", "user");
	assert_verdict(DRAIN_LET_IN, "xrdp-sesman", "alice");
}

static void is_unsure_if_sessions_are_unknown(void **state)
{
	(void)state;
	assert_int_equal(mkfifoat(root, "run/systemd/sessions/5", 0600), 0);
	assert_unsure(-EBADMSG, "the user's sessions", "xrdp-sesman", "alice");
	add_session("6", 1000, "xrdp-sesman", "active", "user");
	assert_verdict(DRAIN_LET_IN, "xrdp-sesman", "alice");
	assert_verdict(DRAIN_REFUSE, "sshd", "alice");
	assert_int_equal(unlinkat(root, "run/systemd/sessions/5", 0), 0);
	assert_int_equal(unlinkat(root, "run/systemd/sessions/6", 0), 0);
	assert_int_equal(unlinkat(root, "run/systemd/sessions", AT_REMOVEDIR), 0);
	assert_unsure(-ENOENT, "the user's sessions", "xrdp-sesman", "alice");
	drain(DRAIN_ALL);
	assert_verdict(DRAIN_REFUSE, "xrdp-sesman", "alice");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_drained, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_users_of_services_that_begin_sessions),
		TEST(lets_everybody_in_unless_drained),
		TEST(lets_services_without_sessions_in),
		TEST(lets_administrators_in),
		TEST(lets_the_groups_of_the_file_in),
		TEST(is_unsure_if_the_file_is_wrong),
		TEST(is_unsure_if_the_name_service_fails),
		TEST(is_unsure_if_one_source_of_groups_fails),
		TEST(is_unsure_if_the_state_is_unknown),
		TEST(lets_users_return),
		TEST(unlocks_screens),
		TEST(unlocks_screens_of_gnome_over_xrdp),
		TEST(lines_of_a_user_do_not_count),
		TEST(a_long_file_of_a_session_is_its_users_alone),
		TEST(no_other_session_counts),
		TEST(is_unsure_if_sessions_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
