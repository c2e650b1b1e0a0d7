/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * warning.c - see warning.h.
 *
 * The language is the sender's: nobody knows that of a user who has logged on by ssh.
 */
#include "cli/warning.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/logon.h"
#include "cli/text.h"

/* The kernel's login uid survives sudo and su; (uid_t)-1 where it keeps none. */
static uid_t login_uid(void)
{
	FILE *file = fopen("/proc/self/loginuid", "re");
	unsigned uid = (unsigned)-1;

	if (file && fscanf(file, "%u", &uid) != 1)
		uid = (unsigned)-1;
	if (file)
		fclose(file);
	return (uid_t)uid;
}

void sender_name(char name[static ACCOUNT_NAME_SIZE])
{
	uid_t uid = login_uid();
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user;

	if (*arg_logon.account.user) {
		account_name(&arg_logon.account, name);
		return;
	}
	if (uid == (uid_t)-1 && getuid() == 0 && sudo && *sudo) {
		snprintf(name, ACCOUNT_NAME_SIZE, "%s", sudo);
		return;
	}
	if (uid == (uid_t)-1)
		uid = getuid();
	user = getpwuid(uid);
	if (user)
		snprintf(name, ACCOUNT_NAME_SIZE, "%s", user->pw_name);
	else
		snprintf(name, ACCOUNT_NAME_SIZE, "%u", (unsigned)uid);
}

void warning_compose(int64_t remaining_us, char *text, size_t size, void *userdata)
{
	const struct warning *warning = userdata;
	const char *own = warning->text;
	unsigned long seconds = remaining_us < 0 ? 0 : (unsigned long)((remaining_us + 500000) / 1000000);
	char sender[ACCOUNT_NAME_SIZE];

	sender_name(sender);
	if (remaining_us < 0)
		snprintf(text, size, _("%s has cancelled it: you will not be logged off."), sender);
	else
		snprintf(text, size, ngettext("%s logs you off in %lu second. Save your work now.%s%s",
					      "%s logs you off in %lu seconds. Save your work now.%s%s", seconds),
			 sender, seconds, own ? "\n" : "", own ? own : "");
}

int warning_still(struct logoff_session *session, void *userdata)
{
	const struct warning *warning = userdata;

	for (size_t i = 0; i < warning->n_named; i++)
		if (strcmp(logoff_session_id(logoff_request_session(warning->request, i)), logoff_session_id(session)) == 0)
			return 0;
	return selection_matches(warning->selection, session, selection_now_us()) ? 0 : 1;
}

bool warning_is_text(const char *argument)
{
	for (const char *at = argument; *at && argument[0] != '@'; at++)
		if (*at == ' ' || *at == '\n' || (unsigned char)*at >= 0x80)
			return true;
	return false;
}
