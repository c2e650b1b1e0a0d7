/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-probe.c - what logoff-server-check understands of other programs' output, and how it runs them.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "server/probe.h"

#define TEST(name) cmocka_unit_test(name)

/* Shortened from testparm -sv of Samba 4.17.12, Debian 12, smb.conf as Debian installs it. */
static const char testparm[] =
	"Load smb config files from /etc/samba/smb.conf\n"
	"Loaded services file OK.\n"
	"Weak crypto is allowed by GnuTLS (e.g. NTLM as a compatibility fallback)\n"
	"\n"
	"Server role: ROLE_STANDALONE\n"
	"\n"
	"# Global parameters\n"
	"[global]\n"
	"\tguest account = nobody\n"
	"\tmap to guest = Bad User\n"
	"\tncalrpc dir = /run/samba/ncalrpc\n"
	"\trealm = \n"
	"\trpc start on demand helpers = Yes\n"
	"\tusername map = \n"
	"\tusername map cache time = 0\n"
	"\n"
	"[homes]\n"
	"\tcomment = Home Directories\n"
	"\tpid directory = /tmp\n";

static void settings_are_those_of_the_global_section(void **state)
{
	char value[64];

	(void)state;
	assert_true(probe_setting(testparm, "map to guest", value, sizeof(value)));
	assert_string_equal(value, "Bad User");
	assert_true(probe_setting(testparm, "rpc start on demand helpers", value, sizeof(value)));
	assert_string_equal(value, "Yes");
	assert_true(probe_setting(testparm, "realm", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(probe_setting(testparm, "pid directory", value, sizeof(value)));
	assert_false(probe_setting(testparm, "username map cache", value, sizeof(value)));
	assert_false(probe_setting("", "realm", value, sizeof(value)));
}

static void the_role_is_found(void **state)
{
	char role[32];

	(void)state;
	assert_true(probe_role(testparm, role, sizeof(role)));
	assert_string_equal(role, "STANDALONE");
	assert_true(probe_role("[global]\n\trealm = X\nServer role: ROLE_DOMAIN_MEMBER\n", role, sizeof(role)));
	assert_string_equal(role, "DOMAIN_MEMBER");
	assert_false(probe_role("\tserver role = standalone server\n", role, sizeof(role)));
}

/* From pdbedit -L of Samba 4.17.12; the second account's user has been deleted. */
static void accounts_without_a_user_are_counted_apart(void **state)
{
	static const char text[] = "Unix username:\talice\nalice:1001:\nghost:4294967295:\nbob:1002:Bob B.\n";
	size_t homeless;

	(void)state;
	assert_int_equal(probe_accounts(text, &homeless), 3);
	assert_int_equal(homeless, 1);
	assert_int_equal(probe_accounts("", &homeless), 0);
	assert_int_equal(homeless, 0);
	assert_int_equal(probe_accounts("Failed to open /var/lib/samba/secrets.tdb\nmessage: 7\n", &homeless), 0);
}

/* From rpcd_lsad --list-interfaces of Samba 4.17.12. */
static void pipes_are_found_by_their_whole_names(void **state)
{
	static const char text[] = "5\n60\n12345778-1234-abcd-ef00-0123456789ab/0x00000000 lsarpc\n"
				   " ncacn_np:[\\pipe\\lsarpc]\n ncacn_np:[\\pipe\\lsass]\n ncacn_ip_tcp:\n ncalrpc:\n";

	(void)state;
	assert_true(probe_has_pipe(text, "lsarpc"));
	assert_true(probe_has_pipe(text, "LSASS"));
	assert_false(probe_has_pipe(text, "lsa"));
	assert_false(probe_has_pipe(text, "ncalrpc:"));
	assert_false(probe_has_pipe("error while loading shared libraries: [\\pipe\\lsarpc]\n", "lsarpc"));
}

static void sources_of_names_are_found(void **state)
{
	static const char text[] = "# passwd: winbind\npasswd:         files systemd winbind\ngroup: files\n"
				   "shadow:\tfiles # winbind\n";

	(void)state;
	assert_true(probe_nss_has(text, "passwd", "winbind"));
	assert_true(probe_nss_has(text, "passwd", "files"));
	assert_false(probe_nss_has(text, "passwd", "win"));
	assert_false(probe_nss_has(text, "passwd", "sss"));
	assert_false(probe_nss_has(text, "group", "winbind"));
	assert_false(probe_nss_has(text, "shadow", "winbind"));
	assert_false(probe_nss_has("passwd:", "passwd", "files"));
}

static void sources_elsewhere_are_told_from_those_of_this_machine(void **state)
{
	static const char text[] = "passwd:\tfiles systemd\ngroup: files [SUCCESS=merge] systemd # sss\n"
				   "initgroups: files sss\nshadow:[ NOTFOUND=return ]file\n";

	(void)state;
	assert_true(probe_nss_is_local(text, "passwd"));
	assert_true(probe_nss_is_local(text, "group"));
	assert_true(probe_nss_is_local(text, "hosts"));
	assert_false(probe_nss_is_local(text, "initgroups"));
	assert_false(probe_nss_is_local(text, "shadow"));
	assert_false(probe_nss_is_local("group: winbind files", "group"));
	assert_true(probe_nss_is_local("group: files [UNAVAIL", "group"));
	assert_true(probe_nss_is_local("group:", "group"));
}

/* Made by hand from group(5) and passwd(5). */
static void members_are_listed_or_have_the_group_as_their_first(void **state)
{
	static const char groups[] = "root:x:0:\nadm:x:4:syslog,alice\nempty:x:100:\nfirst:x:1001:\n"
				     "short\nno-list:x:1002";
	static const char users[] = "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1001:4:/home/bob:/bin/sh\nodd:x\n";

	(void)state;
	assert_int_equal(probe_has_member(groups, users, "adm"), 1);
	assert_int_equal(probe_has_member(groups, users, "first"), 1);
	assert_int_equal(probe_has_member(groups, users, "empty"), 0);
	assert_int_equal(probe_has_member(groups, users, "no-list"), 0);
	assert_int_equal(probe_has_member(groups, users, "emp"), -ENOENT);
	assert_int_equal(probe_has_member(groups, users, "short"), -ENOENT);
	assert_int_equal(probe_has_member("", "", "adm"), -ENOENT);
}

/* Made by hand from proc(5) on a little-endian machine: 445 is 01BD, 0A is LISTEN. */
#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define TAIL " 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 100 0 0 10 0\n"

#define ZEROES "00000000000000000000000000000000"
#define OWN "00000000000000000000000001000000"

static void listeners_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(probe_listener(HEAD "   0: 00000000:01BD 00000000:0000 0A" TAIL, 445), PROBE_NETWORK);
	assert_int_equal(probe_listener(HEAD "   0: 00000000:01BD 00000000:0000 0A" TAIL, 139), PROBE_NOBODY);
	assert_int_equal(probe_listener(HEAD "   0: 0100007F:01BD 00000000:0000 0A" TAIL, 445), PROBE_LOOPBACK);
	assert_int_equal(probe_listener(HEAD "   0: 0100007F:01BD 00000000:0000 0A" TAIL
					     "   1: C900630A:01BD 00000000:0000 0A" TAIL, 445), PROBE_NETWORK);
	assert_int_equal(probe_listener(HEAD "   0: C900630A:01BD D200630A:C350 01" TAIL, 445), PROBE_NOBODY);
	assert_int_equal(probe_listener(HEAD "   0: " ZEROES ":01BD " ZEROES ":0000 0A" TAIL, 445), PROBE_NETWORK);
	assert_int_equal(probe_listener(HEAD "   0: " OWN ":01BD " ZEROES ":0000 0A" TAIL, 445), PROBE_LOOPBACK);
	assert_int_equal(probe_listener(HEAD, 445), PROBE_NOBODY);
}

static void the_cause_is_found_behind_what_says_nothing(void **state)
{
	static const char logged[] = "[2026/11/29 23:57:41,  0] ../../lib/util/debug.c:1264(reopen_one_log)\n"
				     "  reopen_one_log: Unable to open new log file\n";
	char line[64];

	(void)state;
	assert_true(probe_cause("\n \t\n  no such thing \nmore\n", line, sizeof(line)));
	assert_string_equal(line, "no such thing");
	assert_true(probe_cause("Load smb config files from /etc/smb.conf\nError loading services.\n", line,
				sizeof(line)));
	assert_string_equal(line, "Error loading services.");
	assert_true(probe_cause(logged, line, sizeof(line)));
	assert_string_equal(line, "reopen_one_log: Unable to open new log file");
	assert_false(probe_cause("\n\n", line, sizeof(line)));
}

static void a_program_is_run_with_its_status_and_both_outputs(void **state)
{
	static struct probe_output output;
	static const char script[] = "echo out; echo err >&2; cat; printf 'a\\000b'; exit 3";
	static const char *const command[] = { "sh", "-c", script, NULL };
	static const char *const killed[] = { "sh", "-c", "kill -9 $$", NULL };
	static const char *const missing[] = { "no-program-has-this-name", NULL };

	(void)state;
	assert_int_equal(probe_run(command, &output), 0);
	assert_int_equal(output.status, 3);
	assert_string_equal(output.text, "out\nerr\na?b");
	assert_int_equal(probe_run(killed, &output), 0);
	assert_int_equal(output.status, 128 + 9);
	assert_int_equal(probe_run(missing, &output), -ENOENT);
}

/* What does not fit is read all the same: a program whose output nobody reads would never end. */
static void more_output_than_is_kept_does_not_stop_the_program(void **state)
{
	static struct probe_output output;
	static const char *const command[] = { "sh", "-c", "head -c 300000 /dev/zero; exit 4", NULL };

	(void)state;
	assert_int_equal(probe_run(command, &output), 0);
	assert_int_equal(output.status, 4);
	assert_int_equal(strlen(output.text), sizeof(output.text) - 1);
}

static char folder[] = "/tmp/test-probe-XXXXXX";

static void write_pid(const char *name, long pid)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.pid", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%ld\n", pid);
	fclose(file);
}

static void a_number_in_a_file_counts_only_with_its_program(void **state)
{
	(void)state;
	assert_int_equal(probe_runs(folder, "test-server-probe"), 0);
	write_pid("test-server-probe", getpid());
	assert_int_equal(probe_runs(folder, "test-server-probe"), getpid());
	write_pid("smbd", getpid());
	assert_int_equal(probe_runs(folder, "smbd"), 0);
	write_pid("smbd", 4194304);		/* above the highest pid */
	assert_int_equal(probe_runs(folder, "smbd"), 0);
	write_pid("smbd", 0);
	assert_int_equal(probe_runs(folder, "smbd"), -EPROTO);
}

static void a_child_is_found_by_its_name_with_its_start(void **state)
{
	int64_t start_us = 0, before_us = clock_real_us();
	pid_t child = fork();

	(void)state;
	if (child == 0)
		for (;;)
			pause();
	assert_true(probe_child(getpid(), "test-server-pro", &start_us));	/* the kernel keeps 15 letters */
	assert_in_range(start_us, before_us - 20000, clock_real_us());
	assert_false(probe_child(getpid(), "rpcd_logoff", &start_us));
	assert_false(probe_child(child, "test-server-pro", &start_us));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_socket_without_a_listener_is_no_service(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/pipe", folder);
	assert_int_equal(probe_connect(address.sun_path), -ENOENT);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(probe_connect(address.sun_path), -ECONNREFUSED);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(probe_connect(address.sun_path), 0);
	close(fd);
	assert_int_equal(probe_connect(address.sun_path), -ECONNREFUSED);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "smbd.pid", "test-server-probe.pid", "pipe" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(settings_are_those_of_the_global_section),
		TEST(the_role_is_found),
		TEST(accounts_without_a_user_are_counted_apart),
		TEST(pipes_are_found_by_their_whole_names),
		TEST(sources_of_names_are_found),
		TEST(sources_elsewhere_are_told_from_those_of_this_machine),
		TEST(members_are_listed_or_have_the_group_as_their_first),
		TEST(listeners_are_told_apart),
		TEST(the_cause_is_found_behind_what_says_nothing),
		TEST(a_program_is_run_with_its_status_and_both_outputs),
		TEST(more_output_than_is_kept_does_not_stop_the_program),
		TEST(a_number_in_a_file_counts_only_with_its_program),
		TEST(a_child_is_found_by_its_name_with_its_start),
		TEST(a_socket_without_a_listener_is_no_service),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
