/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * as.c - see as.h. user/become.c gives up everything but the environment.
 *
 * Of that the language of texts for users stays, and what tests and administrators say of the host by LOGOFF_...: only
 * root can have said it.
 */
#include "host/as.h"

#include <errno.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/printable.h"
#include "user/become.h"

#define SAFE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define N_KEPT 32

/* Reads a number, behind which there is one of ENDS, or nothing. -1 is nobody's. Returns whether it is one. */
static bool take_number(const char **at, const char *ends, uint32_t *ret)
{
	uint64_t number = 0;
	const char *start = *at;

	for (; **at >= '0' && **at <= '9' && number <= UINT32_MAX; (*at)++)
		number = number * 10 + (uint64_t)(**at - '0');
	*ret = (uint32_t)number;
	return *at > start && number < UINT32_MAX && (strchr(ends, **at) || !**at);
}

int as_parse(const char *text, uid_t *ret_uid, gid_t **ret_groups, size_t *ret_n_groups)
{
	const char *at = text;
	size_t n = 1;
	gid_t *groups;

	if (!take_number(&at, ":", ret_uid) || *at != ':')
		return -EINVAL;
	for (const char *comma = at; (comma = strchr(comma + 1, ',')); n++)
		;
	groups = n <= AS_GROUPS_MAX ? calloc(n, sizeof(*groups)) : NULL;
	if (!groups)
		return n <= AS_GROUPS_MAX ? -ENOMEM : -EINVAL;
	for (size_t i = 0; i < n; i++) {
		at++;
		if (take_number(&at, ",", &groups[i]))
			continue;
		free(groups);
		return -EINVAL;
	}
	*ret_groups = groups;
	*ret_n_groups = n;
	return 0;
}

static bool is_kept(const char *variable)
{
	static const char *const names[] = { "LANG=", "LANGUAGE=", "LC_", "TZ=", "LOGOFF_HOST=", "LOGOFF_USER_PROGRAM=",
					     "LOGOFF_TSTS=", "LOGOFF_DRAIN_ROOT=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The texts stay where the starter has put them: on the stack of the process. Returns 0 or -errno. */
static int clear_environment(void)
{
	char *kept[N_KEPT];
	size_t n = 0;
	int r;

	for (char **at = environ; at && *at && n < N_KEPT; at++)
		if (is_kept(*at))
			kept[n++] = *at;
	r = clearenv() != 0 || setenv("PATH", SAFE_PATH, 1) < 0 ? -ENOMEM : 0;
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = putenv(kept[i]) != 0 ? -ENOMEM : 0;
	return r;
}

static enum exit_status fail(const char *text, int r, const struct logoff_error *cause)
{
	fprintf(stderr, _("%s: cannot become %s: %s\n"), program().text, safe(text).text,
		cause->domain == LOGOFF_ERROR_NONE ? strerror(-r) : safe(cause->text).text);
	return EXIT_UNREACHABLE;
}

enum exit_status as_become(const char *text)
{
	struct logoff_error cause = {};
	gid_t *groups = NULL;
	size_t n_groups;
	uid_t uid;
	int r;

	if (getuid() != 0 || geteuid() != 0) {
		fprintf(stderr, _("%s: only root can use /as\n"), program().text);
		return EXIT_DENIED;
	}
	r = as_parse(text, &uid, &groups, &n_groups);
	if (r == -EINVAL) {
		fprintf(stderr, _("%s: not a user and their groups, in numbers, uid:gid[,gid...]: %s\n"),
			program().text, safe(text).text);
		return EXIT_USAGE;
	}
	if (r >= 0)
		r = clear_environment();
	if (r >= 0)
		r = become_exactly(uid, groups, n_groups, &cause);
	free(groups);
	return r < 0 ? fail(text, r, &cause) : EXIT_ENDED;
}
