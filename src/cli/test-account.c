/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-account.c - names of users: their parts, and comparing them as Linux and as Windows do.
 *
 * The three functions below define the session of a test.
 */
#include "base/test-port.h"
#include "cli/account.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *user, *domain;
static uid_t uid;
static const struct logoff_session *const session = (const struct logoff_session *)&user;

const char *__wrap_logoff_session_user(const struct logoff_session *unused);
const char *__wrap_logoff_session_detail(const struct logoff_session *unused, enum logoff_detail detail);
uid_t __wrap_logoff_session_uid(const struct logoff_session *unused);

const char *__wrap_logoff_session_user(const struct logoff_session *unused)
{
	(void)unused;
	return user;
}

const char *__wrap_logoff_session_detail(const struct logoff_session *unused, enum logoff_detail detail)
{
	(void)unused;
	return detail == LOGOFF_DETAIL_DOMAIN ? domain : NULL;
}

uid_t __wrap_logoff_session_uid(const struct logoff_session *unused)
{
	(void)unused;
	return uid;
}

static void set(const char *new_user, const char *new_domain, uid_t new_uid)
{
	user = new_user;
	domain = new_domain;
	uid = new_uid;
}

static void names_are_taken_apart(void **state)
{
	static const struct {
		const char *text, *user, *domain, *name, *bare;
	} cases[] = {
		{ "bob", "bob", "", "bob", "bob" },
		{ "EXAMPLE\\bob", "bob", "EXAMPLE", "EXAMPLE\\bob", "bob" },
		{ "bob@EXAMPLE.COM", "bob@EXAMPLE.COM", "", "bob@EXAMPLE.COM", "bob" },
		{ "\\bob", "bob", "", "bob", "bob" },
		{ ".\\bob", "bob", ".", ".\\bob", "bob" },
		{ "a/b", "a/b", "", "a/b", "a/b" },
	};
	char name[ACCOUNT_NAME_SIZE];
	struct account account;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(account_parse(&account, cases[i].text), 0);
		assert_string_equal(account.user, cases[i].user);
		assert_string_equal(account.domain, cases[i].domain);
		account_name(&account, name);
		assert_string_equal(name, cases[i].name);
		account_bare(&account, name);
		assert_string_equal(name, cases[i].bare);
	}
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const texts[] = { "", "EXAMPLE\\", "\\", "@EXAMPLE.COM", "a\\b\\c", "EXAMPLE\\@x" };
	struct account account = { .user = "as before" };
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(account_parse(&account, texts[i]), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(account_parse(&account, longest), -ENAMETOOLONG);
	assert_string_equal(account.user, "as before");
	longest[255] = '\0';
	assert_int_equal(account_parse(&account, longest), 0);
	longest[255] = longest[256] = '\\';
	longest[257] = 'x';
	longest[258] = '\0';
	assert_int_equal(account_parse(&account, longest), -EINVAL);
	memmove(longest + 256, "\\x", 3);
	longest[255] = 'x';
	assert_int_equal(account_parse(&account, longest), -ENAMETOOLONG);
}

static void linux_knows_case(void **state)
{
	(void)state;
	set("bob", NULL, 1000);
	assert_false(account_is_foreign(session));
	assert_true(account_is(session, "bob") && account_fits(session, "b?b") && account_fits(session, "*"));
	assert_false(account_is(session, "Bob") || account_fits(session, "B*") || account_is(session, "b?b"));
	set("EXAMPLE\\bob", NULL, 1000);	/* as winbind names them */
	assert_true(account_is(session, "EXAMPLE\\bob"));
	assert_false(account_is(session, "bob"));
}

/* Only * and ? are no names: winbind separates by a backslash, and brackets may be in a name. */
static void all_else_is_itself(void **state)
{
	(void)state;
	set("EXAMPLE\\bob", NULL, 1000);
	assert_true(account_fits(session, "EXAMPLE\\bob") && account_fits(session, "EXAMPLE\\*"));
	assert_true(account_fits(session, "*\\b?b") && account_fits(session, "*bob") &&
		    account_fits(session, "**bob**"));
	assert_false(account_fits(session, "EXAMPLEbob") || account_fits(session, "EXAMPLE\\\\bob"));
	assert_false(account_fits(session, "EXAMPLE?") || account_fits(session, "*bo") || account_fits(session, "?"));
	set("x[ab]", NULL, 1000);
	assert_true(account_fits(session, "x[ab]") && account_fits(session, "?[*]"));
	set("xa", NULL, 1000);
	assert_false(account_fits(session, "x[ab]"));
	set("\347\216\213", NULL, 1000);
	assert_true(account_fits(session, "?") && account_fits(session, "*\347\216\213*"));
	assert_false(account_fits(session, "??"));
	set("Bob[1]", "EXAMPLE", (uid_t)-1);
	assert_true(account_fits(session, "bob[1]") && account_fits(session, "example\\*[?]"));
	set("a", NULL, 1000);
	assert_true(account_fits(session, "*a*") && account_fits(session, "a*"));
	assert_false(account_fits(session, "") || account_fits(session, "a?") || account_fits(session, "\\a"));
}

static void a_long_pattern_ends(void **state)
{
	char name[260], pattern[260];

	(void)state;
	memset(name, 'a', 255);
	name[255] = '\0';
	for (size_t i = 0; i < 254; i += 2)
		memcpy(pattern + i, "a*", 2);
	memcpy(pattern + 254, "b", 2);
	set(name, NULL, 1000);
	assert_false(account_fits(session, pattern));
}

static void a_user_of_this_machine_is_found(void **state)
{
	uid_t found = 1;

	(void)state;
	assert_int_equal(account_find(TEST_USER, &found, NULL), 0);
	assert_true(found == 0 || found == (uid_t)-1);	/* on Windows users have no numbers */
	assert_int_equal(account_find("no-such-user-here", &found, NULL), -ENOENT);
}

static void servers_do_not(void **state)
{
	(void)state;
	set("Bob", "EXAMPLE", (uid_t)-1);
	assert_true(account_is_foreign(session));
	assert_true(account_is(session, "bOB") && account_is(session, "example\\bob"));
	assert_true(account_fits(session, "B?B") && account_fits(session, "Exam*\\b*") &&
		    account_fits(session, "*\\bob"));
	assert_false(account_is(session, "OTHER\\bob") || account_fits(session, "OTHER\\*") ||
		     account_is(session, "b*"));
	assert_false(account_is(session, "bob\\example") || account_is(session, "bobby") || account_is(session, ""));
	set("Bob", NULL, (uid_t)-1);
	assert_true(account_is(session, "bob"));
	assert_false(account_is(session, "EXAMPLE\\bob") || account_fits(session, "*\\bob"));
}

static void nobody_has_no_name(void **state)
{
	(void)state;
	set("", "EXAMPLE", (uid_t)-1);
	assert_false(account_is(session, "") || account_fits(session, "*") || account_fits(session, "EXAMPLE\\*"));
}

static void case_is_that_of_the_locale_beyond_ascii(void **state)
{
	(void)state;
	assert_true(account_same("ADMIN", "admin"));
	assert_false(account_same("admin", "admln") || account_same("a", "ab"));
	assert_true(account_same("\xff", "\xff"));
	assert_false(account_same("\xff", "\xfe"));
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_true(account_same("J\303\234RGEN", "j\303\274rgen") && account_same("\377x\303\234", "\377X\303\274"));
	assert_false(account_same("J\303\234RGEN", "jurgen"));
	setlocale(LC_CTYPE, "C");
}

static void what_is_too_long_is_nobody(void **state)
{
	char longest[2000];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(account_same(longest, longest));
	set(longest, NULL, (uid_t)-1);
	assert_false(account_is(session, longest) || account_fits(session, "*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_apart),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(linux_knows_case),
		cmocka_unit_test(all_else_is_itself),
		cmocka_unit_test(a_long_pattern_ends),
		cmocka_unit_test(a_user_of_this_machine_is_found),
		cmocka_unit_test(servers_do_not),
		cmocka_unit_test(nobody_has_no_name),
		cmocka_unit_test(case_is_that_of_the_locale_beyond_ascii),
		cmocka_unit_test(what_is_too_long_is_nobody),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
