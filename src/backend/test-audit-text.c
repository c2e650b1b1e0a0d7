/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-audit-text.c - the sentences of records: whose session it was, on which server, and what came of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/audit.h"
#include "core/session.h"

static void assert_sentence(const char *user, const char *want)
{
	static char server[] = "linux1", id[] = "7";
	struct logoff_session session = { .id = id, .user = (char *)(uintptr_t)user };
	struct logoff_host host = { .server = server };
	struct host_record record = { .action = LOGOFF_ACTION_LOG_OFF, .session = &session, .result = -EACCES };
	char *text = audit_sentence(&host, &record, "root");

	assert_string_equal(text, want);
	free(text);
}

static void names_the_user(void **state)
{
	(void)state;
	assert_sentence("bob", "logoff of session 7 of bob on linux1 by root: denied");
}

static void says_nothing_of_a_user_who_is_not_there(void **state)
{
	(void)state;
	assert_sentence("", "logoff of session 7 on linux1 by root: denied");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_user),
		cmocka_unit_test(says_nothing_of_a_user_who_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
