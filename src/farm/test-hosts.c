/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-hosts.c - which hosts /server means, and what the hosts files say of them; which files and words are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/trusted.h"
#include "farm/hosts.h"

#define SYSTEM_FILE "/etc/logoff/hosts"

static char folder[] = "/tmp/test-hosts-XXXXXX", user_file[128], system_file[128], list[96];

int __real_trusted_open(const char *path, enum trusted_use use, enum trusted_fault *ret_fault);
int __wrap_trusted_open(const char *path, enum trusted_use use, enum trusted_fault *ret_fault);

static const char *denied;	/* the file that must not be opened, or NULL */

/* The file of this machine is one in the test's folder. */
int __wrap_trusted_open(const char *path, enum trusted_use use, enum trusted_fault *ret_fault)
{
	if (denied && strcmp(path, denied) == 0) {
		*ret_fault = TRUSTED_UNREADABLE;
		return -EACCES;
	}
	return __real_trusted_open(strcmp(path, SYSTEM_FILE) == 0 ? system_file : path, use, ret_fault);
}

static int make_folder(void **state)
{
	char path[64];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/logoff", folder);
	snprintf(user_file, sizeof(user_file), "%s/hosts", path);
	snprintf(system_file, sizeof(system_file), "%s/system", folder);
	snprintf(list, sizeof(list), "%s/list", folder);
	return mkdir(path, 0700) < 0 || setenv("XDG_CONFIG_HOME", folder, 1) < 0 || unsetenv("LOGOFF_HOSTS_FILE") < 0
		       ? -1
		       : 0;
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/logoff", folder);
	unlink(list);
	return rmdir(path) < 0 || rmdir(folder) < 0 ? -1 : 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file;

	unlink(path);
	if (!text)
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

/* The files hold these texts; NULL: there is none. */
static void set_files(const char *user, const char *system)
{
	write_file(user_file, user);
	write_file(system_file, system);
}

static int remove_files(void **state)
{
	(void)state;
	set_files(NULL, NULL);
	unlink(list);
	return 0;
}

/* What is known of a host, in one line. */
static void write_host(FILE *to, const struct farm_host *host)
{
	static const char *const ways[] = { "tsts", "ssh", "machine", "command" };

	fprintf(to, "%s %s", host->name, ways[host->way]);
	if (host->address && strcmp(host->address, host->name) != 0)
		fprintf(to, " address=%s", host->address);
	if (host->user)
		fprintf(to, " user=%s", host->user);
	if (host->port)
		fprintf(to, " port=%u", host->port);
	if (host->sudo)
		fputs(" sudo", to);
	if (host->authfile)
		fprintf(to, " authfile=%s", host->authfile);
	for (size_t i = 0; host->command && host->command[i]; i++)
		fprintf(to, " <%s>", host->command[i]);
	assert_true(!host->address == (host->way == FARM_COMMAND));
	assert_true(!host->command == (host->way != FARM_COMMAND));
	fputs("\n", to);
}

static void assert_means(const char *value, const char *expected)
{
	struct farm_fault fault = {};
	struct farm_hosts hosts;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int r = hosts_resolve(&hosts, value, &fault);

	assert_non_null(to);
	if (r < 0)
		print_message("%s: fault %d, %s:%zu, %s\n", value, fault.kind, fault.path, fault.line, fault.word);
	assert_int_equal(r, 0);
	for (size_t i = 0; i < hosts.n_items; i++)
		write_host(to, &hosts.items[i]);
	fclose(to);
	assert_string_equal(text, expected);
	free(text);
	farm_hosts_done(&hosts);
}

static void assert_fault(const char *value, enum farm_fault_kind kind, const char *path, size_t line, const char *word)
{
	struct farm_hosts hosts = {};
	struct farm_fault fault;

	assert_int_equal(hosts_resolve(&hosts, value, &fault), -EINVAL);
	assert_null(hosts.items);
	assert_int_equal(fault.kind, kind);
	assert_string_equal(fault.path, path);
	assert_int_equal(fault.line, line);
	assert_string_equal(fault.word, word);
}

/* That the only line of the user's file is wrong at WORD. */
static void assert_wrong_line(const char *line, const char *word)
{
	set_files(line, NULL);
	assert_fault("ts1", FARM_FAULT_LINE, user_file, 1, word);
}

#define EXAMPLE                                                                                                        \
	"# the farm\n"                                                                                                 \
	"login[01-03].cluster   ssh user=ops port=2222 sudo\n"                                                         \
	"\n"                                                                                                           \
	"ts1 ts2\ttsts authfile=/etc/logoff.auth   # Windows\n"                                                        \
	"web1                   machine\r\n"                                                                           \
	"build                  command=\"docker exec -i build logoff-host\"\n"                                        \
	"@linux                 login[01-03].cluster web1\n"                                                           \
	"@farm                  @linux ts1,ts2"

static void knows_what_the_file_says(void **state)
{
	(void)state;
	set_files(NULL, EXAMPLE);
	assert_means("@farm", "login01.cluster ssh user=ops port=2222 sudo\n"
			      "login02.cluster ssh user=ops port=2222 sudo\n"
			      "login03.cluster ssh user=ops port=2222 sudo\n"
			      "web1 machine\n"
			      "ts1 tsts authfile=/etc/logoff.auth\n"
			      "ts2 tsts authfile=/etc/logoff.auth\n");
	assert_means("build", "build command <docker> <exec> <-i> <build> <logoff-host>\n");
	assert_means("ts3,@linux,login03.cluster", "ts3 tsts\n"
						   "login01.cluster ssh user=ops port=2222 sudo\n"
						   "login02.cluster ssh user=ops port=2222 sudo\n"
						   "login03.cluster ssh user=ops port=2222 sudo\n"
						   "web1 machine\n");
	set_files("\xef\xbb\xbf"
		  "ts1 tsts\n",
		  NULL);
	assert_means("ts1", "ts1 tsts\n");
}

static void knows_hosts_without_a_file(void **state)
{
	(void)state;
	assert_means("ts1", "ts1 tsts\n");
	assert_means("ts[1-2],ts1:1445,192.0.2.7", "ts1 tsts\nts2 tsts\nts1:1445 tsts\n192.0.2.7 tsts\n");
	assert_means("[2001:db8::7]:445,2001:db8::8,a", "[2001:db8::7]:445 tsts\n2001:db8::8 tsts\na tsts\n");
	assert_means("ssh://login01", "login01 ssh\n");
	assert_means("ssh://ops@login[01-02]:2222", "login01:2222 ssh address=login01 user=ops port=2222\n"
						    "login02:2222 ssh address=login02 user=ops port=2222\n");
	assert_means("ssh://[2001:db8::7]", "[2001:db8::7] ssh address=2001:db8::7\n");
	assert_means("ssh://ops@[fe80::1%eth0]:22", "[fe80::1%eth0]:22 ssh address=fe80::1%eth0 user=ops port=22\n");
	assert_means("machine://web[1-2]", "web1 machine\nweb2 machine\n");
}

static void takes_the_first_line(void **state)
{
	(void)state;
	set_files("login07 ssh port=23\nlogin[01-09] ssh\n@a login07\n",
		  "login[05-12] machine\n@a x\n@b login05 login12 @a\n");
	assert_means("login[04-07],login12",
		     "login04 ssh\nlogin05 ssh\nlogin06 ssh\nlogin07 ssh port=23\nlogin12 machine\n");
	assert_means("@a", "login07 ssh port=23\n");
	assert_means("@b", "login05 ssh\nlogin12 machine\nlogin07 ssh port=23\n");
}

static void knows_options_of_lines(void **state)
{
	(void)state;
	set_files("gate ssh host=192.0.2.7\n"
		  "six ssh host=[2001:db8::7] port=65535\n"
		  "2001:db8::8 [2001:db8::9] ssh\n"
		  "odd:1 command=\"sh -c \\\"echo \\\\\\\"a b\\\\\\\" # \\\\\\\\\\\" \"\n"
		  "bare command=\"logoff-host # 1\"\n"
		  "quo\"t\"ed tsts \"authfile=/etc/my \\\"file\"\\\n",
		  NULL);
	assert_means("gate,six,2001:db8::8,[2001:db8::9]", "gate ssh address=192.0.2.7\n"
							   "six ssh address=2001:db8::7 port=65535\n"
							   "2001:db8::8 ssh\n"
							   "[2001:db8::9] ssh address=2001:db8::9\n");
	assert_means("odd:1,bare", "odd:1 command <sh> <-c> <echo \"a b\" # \\>\nbare command <logoff-host> <#> <1>\n");
	assert_means("quoted", "quoted tsts authfile=/etc/my \"file\\\n");
}

static void compares_names_without_case(void **state)
{
	(void)state;
	set_files("login01 ssh\n@Linux login01\n", NULL);
	assert_means("LOGIN01,@linux", "LOGIN01 ssh\n");
	assert_means("TS1,ts1,@LINUX,-Login01", "TS1 tsts\n");
}

static void tells_each_host_once(void **state)
{
	(void)state;
	set_files("a ssh user=ops\nb ssh host=c\nc ssh port=22\nd ssh sudo\ne command=x\n", NULL);
	assert_means("ts2,ts1,ts[1-3],ts2", "ts2 tsts\nts1 tsts\nts3 tsts\n");
	assert_means("ssh://ops@a,a", "a ssh user=ops\n");
	assert_fault("a,ssh://a", FARM_FAULT_DIFFERS, "", 0, "a");
	assert_fault("x,ssh://root@a,a", FARM_FAULT_DIFFERS, "", 0, "a");
	assert_fault("b,ssh://b", FARM_FAULT_DIFFERS, "", 0, "b");
	assert_fault("c,ssh://c", FARM_FAULT_DIFFERS, "", 0, "c");
	assert_fault("d,ssh://d", FARM_FAULT_DIFFERS, "", 0, "d");
	assert_fault("e,ssh://e", FARM_FAULT_DIFFERS, "", 0, "e");
	assert_means("e,E", "e command <x>\n");
	assert_fault("web1,machine://web1", FARM_FAULT_DIFFERS, "", 0, "web1");
	assert_means("ssh://n:22,ssh://n:23,ssh://n",
		     "n:22 ssh address=n port=22\nn:23 ssh address=n port=23\nn ssh\n");
}

static void leaves_hosts_out(void **state)
{
	(void)state;
	set_files("login[1-4] ssh\n@all login[1-4] ts1\n@odd login[1,3]\n@none\n@others x[1-3]\n", NULL);
	assert_means("@all,-login2", "login1 ssh\nlogin3 ssh\nlogin4 ssh\nts1 tsts\n");
	assert_means("-login[2-9],@all", "login1 ssh\nts1 tsts\n");
	assert_means("@all,-@odd,-ts1", "login2 ssh\nlogin4 ssh\n");
	assert_means("login1,-@none,-@others", "login1 ssh\n");
	assert_means("ssh://u@h:22,x,-h:22", "x tsts\n");
	assert_fault("@all,-login5", FARM_FAULT_NOT_THERE, "", 0, "login5");
	assert_fault("@all,-login[5-6]", FARM_FAULT_NOT_THERE, "", 0, "login[5-6]");
	assert_fault("login1,-login1", FARM_FAULT_NONE, "", 0, "");
	assert_fault("@all,-@all", FARM_FAULT_NONE, "", 0, "");
	assert_fault("-@all", FARM_FAULT_NONE, "", 0, "");
	assert_fault("@none", FARM_FAULT_NONE, "", 0, "");
	assert_fault("a,--a", FARM_FAULT_WORD, "", 0, "-a");
}

static void reads_lists(void **state)
{
	char value[128], line[128];

	(void)state;
	set_files("@g ts4\n", NULL);
	write_file(list, "# hosts\nts[1-2]\n\n  login01,login02  # two\r\n-ts2\nssh://ops@x\n@g");
	snprintf(value, sizeof(value), "@%s", list);
	assert_means(value, "ts1 tsts\nlogin01 tsts\nlogin02 tsts\nx ssh user=ops\nts4 tsts\n");
	write_file(list, "ts1\nts8\n");
	snprintf(value, sizeof(value), "ts[1-2],-@%s", list);
	assert_means(value, "ts2 tsts\n");
	snprintf(value, sizeof(value), "@%s", list);
	write_file(list, "a\n-b\n");
	assert_means(value, "a tsts\n");
	write_file(list, "");
	assert_fault(value, FARM_FAULT_NONE, "", 0, "");
	write_file(list, "a\n\nb c\n");
	assert_fault(value, FARM_FAULT_WORD, list, 3, "c");
	write_file(list, "a\n@nobody\n");
	assert_fault(value, FARM_FAULT_NO_GROUP, list, 2, "@nobody");
	snprintf(line, sizeof(line), "a\n@%s\n", list);
	write_file(list, line);
	assert_fault(value, FARM_FAULT_WORD, list, 2, "");
	write_file(list, "-a\n");
	snprintf(value, sizeof(value), "a,-@%s", list);
	assert_fault(value, FARM_FAULT_WORD, list, 1, "-a");
}

static void tells_no_secrets_of_lists(void **state)
{
	static const char *const lines[] = {
		"root:$y$j9T$abc:19000:0:99999:7:::",
		"password = x",
		"MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfnygWyF8PbnGy0A/B7MhgwMbRvI0MBZhpF",
		"[MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfnygWyF8PbnGy0AbB7MhgwMbRvI0MBZhpFxxx",
		"\x1b[2J",
	};
	char value[128], text[128];

	(void)state;
	snprintf(value, sizeof(value), "@%s", list);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "\n%s\n", lines[i]);
		write_file(list, text);
		assert_fault(value, FARM_FAULT_WORD, list, 2, "");
		set_files(text, NULL);
		assert_fault("a", FARM_FAULT_LINE, user_file, 2, i == 1 ? "x" : "");
		set_files(NULL, NULL);
	}
}

static void refuses_lists_that_cannot_be_read(void **state)
{
	struct farm_hosts hosts = {};
	struct farm_fault fault;
	char value[128];
	FILE *file;

	(void)state;
	assert_int_equal(hosts_resolve(&hosts, "a,@/nonexistent/list", &fault), -ENOENT);
	assert_int_equal(fault.kind, FARM_FAULT_SYSTEM);
	assert_int_equal(fault.error, -ENOENT);
	assert_string_equal(fault.path, "/nonexistent/list");
	assert_int_equal(hosts_resolve(&hosts, "@/", &fault), -EISDIR);
	assert_int_equal(hosts_resolve(&hosts, "@./nonexistent", &fault), -ENOENT);
	assert_string_equal(fault.path, "./nonexistent");
	assert_int_equal(hosts_resolve(&hosts, "-@../nonexistent", &fault), -ENOENT);
	assert_int_equal(hosts_resolve(&hosts, "@/dev/zero", &fault), -EFBIG);
	file = fopen(list, "w");
	assert_non_null(file);
	assert_int_equal(fwrite("a\n\0b\n", 1, 5, file), 5);
	fclose(file);
	snprintf(value, sizeof(value), "@%s", list);
	assert_int_equal(hosts_resolve(&hosts, value, &fault), -EILSEQ);
}

static void refuses_words(void **state)
{
	static const char *const wrong[] = {
		"a/b",
		"a b",
		"a[1",
		"a]",
		"[a]",
		"[1-2",
		"a@b",
		"b\xc3\xbcro",
		"a$b",
		"a:b",
		"a:0",
		"a:65536",
		"a:",
		":1",
		"a:1:x",
		"ssh://",
		"ssh://-a",
		"ssh://-u@a",
		"ssh://@a",
		"ssh://u@",
		"ssh://u u@a",
		"ssh://a/",
		"ssh://u:p@a",
		"ssh://a@b@c",
		"ssh://a:x",
		"ssh://[a]",
		"[a:1]",
		"::1xeth0",
		"a:22x",
		"ssh://[1::2",
		"ssh://[1::2]x",
		"machine://",
		"machine://a:1",
		"machine://::1",
		"machine://u@a",
		"tsts://a",
		"http://a",
		"command://a",
		"a%b",
		"fe80::1%",
		"fe80::1%-x",
		"::%1%2",
		"",
		"[::1]:0",
		"[::1]:99999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[64];

		assert_fault(wrong[i], FARM_FAULT_WORD, "", 0, wrong[i]);
		snprintf(text, sizeof(text), "ts1,%s", wrong[i]);
		assert_fault(text, FARM_FAULT_WORD, "", 0, wrong[i]);
	}
	assert_fault("a,,b", FARM_FAULT_WORD, "", 0, "");
	assert_fault("-", FARM_FAULT_WORD, "", 0, "");
	assert_fault("@", FARM_FAULT_NO_GROUP, "", 0, "@");
	assert_fault("a,@nobody", FARM_FAULT_NO_GROUP, "", 0, "@nobody");
	assert_fault("a[1-100001]", FARM_FAULT_TOO_MANY, "", 0, "a[1-100001]");
	assert_fault("a[1-60000],b[1-60000]", FARM_FAULT_TOO_MANY, "", 0, "b[1-60000]");
}

static void refuses_lines(void **state)
{
	(void)state;
	assert_wrong_line("ts1", "ts1");
	assert_wrong_line("ssh", "ssh");
	assert_wrong_line("ts1 ts2", "ts2");
	assert_wrong_line("ts1 rsh", "rsh");
	assert_wrong_line("a ssh nosuch", "nosuch");
	assert_wrong_line("a ssh machine", "machine");
	assert_wrong_line("a ssh user=", "");
	assert_wrong_line("a ssh user=-x", "");
	assert_wrong_line("a ssh user=a user=b", "");
	assert_wrong_line("a ssh sudo sudo", "sudo");
	assert_wrong_line("a ssh port=0", "");
	assert_wrong_line("a ssh port=1 port=2", "");
	assert_wrong_line("a ssh port=x", "");
	assert_wrong_line("a ssh host=-x", "");
	assert_wrong_line("a ssh host=x:22", "");
	assert_wrong_line("a ssh host=x host=y", "");
	assert_wrong_line("a ssh authfile=/x", "");
	assert_wrong_line("a[1-2] ssh host=x", "a[1-2]");
	assert_wrong_line("a:22 ssh", "a:22");
	assert_wrong_line("-a ssh", "-a");
	assert_wrong_line("a/b ssh", "");
	assert_wrong_line("a[2-1] ssh", "a[2-1]");
	assert_wrong_line("\"\" ssh", "");
	assert_wrong_line("a tsts authfile=x", "");
	assert_wrong_line("a tsts authfile=/x authfile=/y", "");
	assert_wrong_line("a tsts user=x", "");
	assert_wrong_line("a machine sudo", "sudo");
	assert_wrong_line("a:1 machine", "a:1");
	assert_wrong_line("[::1] machine", "[::1]");
	assert_wrong_line("a command=", "");
	assert_wrong_line("a command=\"\\\"x\"", "");
	assert_wrong_line("a command=\"x y", "");
	assert_wrong_line("a command=\"\\\"\\\" y\"", "");
	assert_wrong_line("a command=x y", "y");
	assert_wrong_line("@a/b x", "");
	assert_wrong_line("@ x", "@");
	assert_wrong_line("@a -x", "-x");
	assert_wrong_line("@a x @/etc/hosts", "");
	assert_wrong_line("@a x y[", "y[");
	assert_wrong_line("@a x/y", "");
	assert_wrong_line("@a ssh://", "");
	set_files("# 1\n@a x\n@b y\n@A z\n", NULL);
	assert_fault("ts1", FARM_FAULT_LINE, user_file, 4, "@A");
	set_files("ts1 tsts\n", "ts2 tsts\nts3\n");
	assert_fault("ts1", FARM_FAULT_LINE, SYSTEM_FILE, 2, "ts3");
	set_files("a[1-60000] ssh\nb[1-60000] ssh\n", NULL);
	assert_fault("ts1", FARM_FAULT_TOO_MANY, user_file, 2, "b[1-60000]");
	set_files("a[1-999999999] ssh\n", NULL);
	assert_fault("ts1", FARM_FAULT_TOO_MANY, user_file, 1, "a[1-999999999]");
}

/* Up to the limit, and one more. */
static void refuses_too_many_groups(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	assert_non_null(to);
	for (unsigned i = 1; i <= 5000; i++)
		fprintf(to, "@g%u x\n", i);
	fflush(to);
	set_files(text, NULL);
	assert_means("@g5000", "x tsts\n");
	fprintf(to, "@g5001\n");
	fflush(to);
	set_files(text, NULL);
	assert_fault("x", FARM_FAULT_TOO_MANY, user_file, 5001, "@g5001");
	fclose(to);
	free(text);
	/* ten times 100,000 names */
	set_files("@a a[0-99999] a[0-99999] a[0-99999] a[0-99999] a[0-99999]\n@b a[0-99999] a[0-99999] a[0-99999]\n"
		  "@c a[0-99999] a[0-99999]\n",
		  NULL);
	assert_means("x", "x tsts\n");
	set_files("@a a[0-99999] a[0-99999] a[0-99999] a[0-99999] a[0-99999]\n@b a[0-99999] a[0-99999] a[0-99999]\n"
		  "@c a[0-99999] a[0-99999] y\n",
		  NULL);
	assert_fault("x", FARM_FAULT_TOO_MANY, user_file, 3, "y");
}

static void refuses_circles_and_strange_groups(void **state)
{
	char text[4000] = "";

	(void)state;
	set_files("@a x @b\n@b y @c\n@c @a\n@self @self\n@d @nobody x\n@e x @d\n", NULL);
	assert_fault("@a", FARM_FAULT_CIRCLE, user_file, 3, "@a");
	assert_fault("z,-@b", FARM_FAULT_CIRCLE, user_file, 1, "@b");
	assert_fault("@self", FARM_FAULT_CIRCLE, user_file, 4, "@self");
	assert_fault("@e", FARM_FAULT_NO_GROUP, user_file, 5, "@nobody");
	assert_means("x", "x tsts\n");
	/* many times the same is no circle */
	set_files("@a @b @b @c\n@b @c @c @c\n@c x\n", NULL);
	assert_means("@a,@b,@c,@a", "x tsts\n");
	for (unsigned i = 0; i < 40; i++)
		sprintf(text + strlen(text), "@g%u @g%u h%u\n", i, i + 1, i);
	strcat(text, "@g40 h40\n");
	set_files(text, NULL);
	assert_fault("@g0", FARM_FAULT_CIRCLE, user_file, 32, "@g32");
	assert_means("@g39", "h40 tsts\nh39 tsts\n");
}

/* That the file PATH is refused, by each function. */
static void assert_file_fault(const char *path, int r, enum farm_fault_kind kind)
{
	struct farm_hosts hosts = {};
	struct nodeset names = {};
	struct farm_fault fault[3];

	assert_int_equal(hosts_resolve(&hosts, "ssh://a", &fault[0]), r);
	assert_int_equal(hosts_is_single_server("a", &fault[1]), r);
	assert_int_equal(hosts_names(&names, &fault[2]), r);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(fault[i].kind, kind);
		assert_string_equal(fault[i].path, path);
	}
}

static void refuses_files_that_others_may_write(void **state)
{
	(void)state;
	set_files("a ssh\n", "b ssh\n");
	assert_int_equal(chmod(user_file, 0664), 0);
	assert_file_fault(user_file, -EPERM, FARM_FAULT_OPEN_TO_OTHERS);
	assert_int_equal(chmod(user_file, 0644), 0);
	assert_means("a,b", "a ssh\nb ssh\n");
	assert_int_equal(chmod(system_file, 0646), 0);
	assert_file_fault(SYSTEM_FILE, -EPERM, FARM_FAULT_OPEN_TO_OTHERS);
	set_files(NULL, NULL);
	assert_int_equal(mkfifo(user_file, 0600), 0);
	assert_file_fault(user_file, -EINVAL, FARM_FAULT_NO_FILE);
	unlink(user_file);
	if (geteuid() == 0) {
		set_files("a ssh\n", NULL);
		assert_int_equal(chown(user_file, 65534, 65534), 0);
		assert_file_fault(user_file, -EPERM, FARM_FAULT_OF_OTHERS);
	} else {
		set_files("a ssh\n", NULL);
		assert_int_equal(chmod(user_file, 0), 0);
		assert_file_fault(user_file, -EACCES, FARM_FAULT_SYSTEM);
	}
}

static void finds_the_files(void **state)
{
	char config[64];

	(void)state;
	set_files("a ssh\n", "b ssh\n");
	assert_means("a,b", "a ssh\nb ssh\n");
	assert_int_equal(setenv("LOGOFF_HOSTS_FILE", system_file, 1), 0);
	assert_means("a,b", "a tsts\nb ssh\n");
	assert_int_equal(setenv("LOGOFF_HOSTS_FILE", "/nonexistent/hosts", 1), 0);
	assert_file_fault("/nonexistent/hosts", -ENOENT, FARM_FAULT_SYSTEM);
	assert_int_equal(setenv("LOGOFF_HOSTS_FILE", "", 1), 0);
	assert_means("a,b", "a ssh\nb ssh\n");
	assert_int_equal(unsetenv("LOGOFF_HOSTS_FILE"), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
	snprintf(config, sizeof(config), "%s/.config", folder);
	assert_int_equal(symlink(".", config), 0);
	assert_int_equal(setenv("HOME", folder, 1), 0);
	assert_means("a,b", "a ssh\nb ssh\n");
	unlink(config);
	assert_means("a,b", "a tsts\nb ssh\n");
	assert_int_equal(unsetenv("HOME"), 0);
	assert_means("a,b", "a tsts\nb ssh\n");
	/* a file where the folder would be */
	assert_int_equal(setenv("XDG_CONFIG_HOME", user_file, 1), 0);
	assert_means("a,b", "a tsts\nb ssh\n");
	assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
}

/* As runuser and su -m leave HOME. What the user themself has made unreadable may list the host. */
static void leaves_a_folder_of_another_alone(void **state)
{
	(void)state;
	set_files("a ssh\n", "b ssh\n");
	denied = user_file;
	assert_file_fault(user_file, -EACCES, FARM_FAULT_SYSTEM);
	denied = SYSTEM_FILE;
	assert_file_fault(SYSTEM_FILE, -EACCES, FARM_FAULT_SYSTEM);
	denied = "/proc/logoff/hosts";
	assert_int_equal(setenv("XDG_CONFIG_HOME", "/proc", 1), 0);
	if (geteuid() != 0) {
		assert_means("a,b", "a tsts\nb ssh\n");
	} else {
		char path[64];

		assert_file_fault(denied, -EACCES, FARM_FAULT_SYSTEM);
		snprintf(path, sizeof(path), "%s/logoff", folder);
		assert_int_equal(chown(path, 65534, 65534), 0);
		denied = user_file;
		assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
		assert_means("a,b", "a tsts\nb ssh\n");
		assert_int_equal(chown(path, 0, 0), 0);
	}
	denied = NULL;
	assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
}

static void knows_a_single_server(void **state)
{
	static const char *const single[] = { "ts1",	"ts1:1445", "[2001:db8::7]:445", "2001:db8::7", "b\xc3\xbcro",
					      "login3", "" };
	static const char *const several[] = {
		"ts1,ts2",  "@g",  "-a",     "ts[1-2]", "ts1,",	 "ssh://a", "machine://a",
		"http://a", "@/x", "login1", "LOGIN2",	"[ts1]", "a]",
	};
	struct farm_fault fault;

	(void)state;
	set_files("login[1-2] ssh\n", NULL);
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		assert_int_equal(hosts_is_single_server(single[i], &fault), 1);
	for (size_t i = 0; i < sizeof(several) / sizeof(several[0]); i++)
		assert_int_equal(hosts_is_single_server(several[i], &fault), 0);
	set_files(NULL, NULL);
	assert_int_equal(hosts_is_single_server("login1", &fault), 1);
}

static void lists_all_names(void **state)
{
	static const char *const expected[] = { "b", "a1", "a2", "a3", "@g", "@h" };
	struct farm_fault fault;
	struct nodeset names;

	(void)state;
	set_files("b ssh\na[1-2] ssh\n@g b\n", "A[1-3] machine\n@G a1\n@h\n");
	assert_int_equal(hosts_names(&names, &fault), 0);
	assert_int_equal(names.n_names, 6);
	assert_string_equal(names.names[3], "A3");
	names.names[3][0] = 'a';
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(names.names[i], expected[i]);
	nodeset_done(&names);
	set_files(NULL, NULL);
	assert_int_equal(hosts_names(&names, &fault), 0);
	assert_int_equal(names.n_names, 0);
	nodeset_done(&names);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, remove_files, remove_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(knows_what_the_file_says),
		TEST(knows_hosts_without_a_file),
		TEST(takes_the_first_line),
		TEST(knows_options_of_lines),
		TEST(compares_names_without_case),
		TEST(tells_each_host_once),
		TEST(leaves_hosts_out),
		TEST(reads_lists),
		TEST(tells_no_secrets_of_lists),
		TEST(refuses_lists_that_cannot_be_read),
		TEST(refuses_words),
		TEST(refuses_lines),
		TEST(refuses_too_many_groups),
		TEST(refuses_circles_and_strange_groups),
		TEST(refuses_files_that_others_may_write),
		TEST(finds_the_files),
		TEST(leaves_a_folder_of_another_alone),
		TEST(knows_a_single_server),
		TEST(lists_all_names),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
