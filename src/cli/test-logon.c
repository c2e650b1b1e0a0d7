/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-logon.c - the options of a logon: what the library gets, and when the user is asked for a password.
 *
 * The functions below stand in for the library and the terminal, and write down their calls. The file of a password and
 * a real terminal are tested in test/cli/test_logon.py.
 */
#include "cli/logon.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/password.h"

static struct {
	int r[2];			/* results of opening, the first and the second time */
	int ask;			/* result of asking */
	unsigned n_opened, n_asked;
	char told[2][256], prompt[256];
} got;

enum logoff_result __wrap_logoff_host_open(struct logoff_host **ret_host, const struct logoff_address *address,
					   const struct logoff_logon *logon, struct logoff_error *reterr);
int __wrap_password_ask(const char *prompt, char password[static PASSWORD_SIZE]);

static const char *shown(const char *text)
{
	return text ? text : "-";
}

enum logoff_result __wrap_logoff_host_open(struct logoff_host **ret_host, const struct logoff_address *address,
					   const struct logoff_logon *logon, struct logoff_error *reterr)
{
	(void)ret_host;
	if (!address) {
		snprintf(got.told[0], sizeof(got.told[0]), "here %s", shown(NULL));
		got.n_opened++;
		return LOGOFF_OK;
	}
	assert_int_equal(address->size, sizeof(*address));
	assert_int_equal(logon->size, sizeof(*logon));
	assert_true(got.n_opened < 2);
	snprintf(got.told[got.n_opened], sizeof(got.told[0]), "%s %s %s %s %s %d %d", address->name,
		 shown(logon->domain), shown(logon->user), shown(logon->password), shown(logon->ccache),
		 (int)logon->kerberos, logon->require_encryption);
	*reterr = (struct logoff_error){ .domain = LOGOFF_ERROR_ERRNO, .text = "because" };
	return got.r[got.n_opened++];
}

int __wrap_password_ask(const char *prompt, char password[static PASSWORD_SIZE])
{
	snprintf(got.prompt, sizeof(got.prompt), "%s", prompt);
	got.n_asked++;
	if (got.ask == 0)
		strcpy(password, "secret");
	return got.ask;
}

static int start(void **state)
{
	(void)state;
	memset(&got, 0, sizeof(got));
	arg_logon = (struct logon_options){};
	return 0;
}

static void for_this_machine_nothing_is_asked(void **state)
{
	struct logoff_host *host;

	(void)state;
	arg_logon = (struct logon_options){ .name = "bob", .file = "/nonexistent", .kerberos = "off" };
	assert_int_equal(logon_open(&host, "localhost"), EXIT_ENDED);
	assert_string_equal(got.told[0], "here -");
	assert_int_equal(logon_open(&host, NULL), EXIT_ENDED);
	assert_string_equal(got.told[0], "here -");
	assert_int_equal(got.n_asked, 0);
	assert_string_equal(arg_logon.account.user, "");
}

static void without_options_the_ticket_counts(void **state)
{
	struct logoff_host *host;

	(void)state;
	assert_int_equal(logon_open(&host, "ts1"), EXIT_ENDED);
	assert_string_equal(got.told[0], "ts1 - - - - 0 0");
	assert_int_equal(got.n_asked, 0);
	assert_string_equal(arg_logon.account.user, "");	/* the owner of the ticket is unknown */
}

static void a_name_has_a_password(void **state)
{
	struct logoff_host *host;

	(void)state;
	arg_logon =
		(struct logon_options){ .name = "EXAMPLE\\bob", .kerberos = "Required", .require_encryption = true };
	assert_int_equal(logon_open(&host, "ts1"), EXIT_ENDED);
	assert_string_equal(got.told[0], "ts1 EXAMPLE bob secret - 1 1");
	assert_string_equal(got.prompt, "Password for EXAMPLE\\bob: ");
	assert_int_equal(got.n_asked, 1);
}

static void a_ticket_cache_needs_none_and_means_kerberos(void **state)
{
	struct logoff_host *host;

	(void)state;
	arg_logon = (struct logon_options){ .name = "bob@EXAMPLE.COM", .ccache = "FILE:/x" };
	assert_int_equal(logon_open(&host, "ts1"), EXIT_ENDED);
	assert_string_equal(got.told[0], "ts1 - bob@EXAMPLE.COM - FILE:/x 1 0");
	start(state);
	arg_logon = (struct logon_options){ .ccache = "FILE:/x", .kerberos = "desired" };
	got.r[0] = LOGOFF_E_NOT_ACCEPTED;
	assert_int_equal(logon_open(&host, "ts1"), EXIT_LOGON);
	assert_string_equal(got.told[0], "ts1 - - - FILE:/x 0 0");
	assert_int_equal(got.n_asked, 0);
}

static void a_refused_ticket_leads_to_the_password(void **state)
{
	struct logoff_host *host;

	(void)state;
	got.r[0] = LOGOFF_E_NOT_ACCEPTED;
	assert_int_equal(logon_open(&host, "ts1"), EXIT_ENDED);
	assert_string_equal(got.told[0], "ts1 - - - - 0 0");
	assert_non_null(strstr(got.told[1], " secret "));
	assert_string_not_equal(arg_logon.account.user, "");
	assert_non_null(strstr(got.prompt, arg_logon.account.user));
}

static void any_other_failure_does_not(void **state)
{
	static const struct {
		int r;
		enum exit_status status;
	} cases[] = {
		{ LOGOFF_E_DENIED, EXIT_DENIED },	  { LOGOFF_E_UNREACHABLE, EXIT_UNREACHABLE },
		{ LOGOFF_E_TIMEOUT, EXIT_UNREACHABLE }, { LOGOFF_E_UNSUPPORTED, EXIT_UNREACHABLE },
		{ LOGOFF_E_PROTOCOL, EXIT_UNREACHABLE },	  { LOGOFF_E_INVALID, EXIT_UNREACHABLE },
	};
	struct logoff_host *host;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(state);
		got.r[0] = cases[i].r;
		assert_int_equal(logon_open(&host, "ts1"), cases[i].status);
		assert_int_equal(got.n_asked, 0);
	}
}

static void nobody_is_asked_twice(void **state)
{
	struct logoff_host *host;

	(void)state;
	arg_logon.name = "bob";
	got.r[0] = LOGOFF_E_NOT_ACCEPTED;
	assert_int_equal(logon_open(&host, "ts1"), EXIT_LOGON);
	assert_int_equal(got.n_opened, 1);
	assert_int_equal(got.n_asked, 1);
	start(state);
	got.r[0] = got.r[1] = LOGOFF_E_NOT_ACCEPTED;
	assert_int_equal(logon_open(&host, "ts1"), EXIT_LOGON);
	assert_int_equal(got.n_opened, 2);
	assert_int_equal(got.n_asked, 1);
}

static void who_cannot_be_asked_is_not_let_in(void **state)
{
	static const struct {
		int ask;
		enum exit_status status;
	} cases[] = {
		{ -ENXIO, EXIT_LOGON }, { -ECANCELED, EXIT_CANCELLED }, { -E2BIG, EXIT_LOGON }, { -EIO, EXIT_LOGON }
	};
	struct logoff_host *host;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(state);
		arg_logon.name = "bob";
		got.ask = cases[i].ask;
		assert_int_equal(logon_open(&host, "ts1"), cases[i].status);
		assert_int_equal(got.n_opened, 0);
		start(state);
		got.ask = cases[i].ask;
		got.r[0] = LOGOFF_E_NOT_ACCEPTED;
		assert_int_equal(logon_open(&host, "ts1"), cases[i].status);
		assert_int_equal(got.n_opened, 1);
	}
}

static void words_are_checked(void **state)
{
	enum option_fault fault;
	const char *culprit;

	(void)state;
	assert_int_equal(logon_check(&fault, &culprit), 0);
	arg_logon = (struct logon_options){ .name = "EXAMPLE\\bob", .kerberos = "OFF" };
	assert_int_equal(logon_check(&fault, &culprit), 0);
	arg_logon.kerberos = "yes";
	assert_int_equal(logon_check(&fault, &culprit), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_KERBEROS);
	assert_string_equal(culprit, "yes");
	arg_logon = (struct logon_options){ .name = "EXAMPLE\\" };
	assert_int_equal(logon_check(&fault, &culprit), -EINVAL);
	assert_int_equal(fault, OPTION_FAULT_ACCOUNT);
	assert_string_equal(culprit, "EXAMPLE\\");
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(for_this_machine_nothing_is_asked),
		TEST(without_options_the_ticket_counts),
		TEST(a_name_has_a_password),
		TEST(a_ticket_cache_needs_none_and_means_kerberos),
		TEST(a_refused_ticket_leads_to_the_password),
		TEST(any_other_failure_does_not),
		TEST(nobody_is_asked_twice),
		TEST(who_cannot_be_asked_is_not_let_in),
		TEST(words_are_checked),
	};

	return cmocka_run_group_tests_name("logon", tests, NULL, NULL);
}
