/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nss.c - see nss.h. Sources: nsswitch.conf(5), getgrouplist(3), fgetpwent(3).
 *
 * This machine's files are asked first whatever nsswitch.conf says of the order: who is in them is of this machine. They can say yes;
 * no is said by the name service, as it may have more sources. logoff-user asks it, one program for one question, which
 * ends before the answer is used: it never counts among the processes of a session.
 * What is remembered here is all that the library keeps between its calls. It belongs to the process and not to a host, as there
 * is one name service for all threads: if it is silent, they wait for it once, one of them for the answer and the others for the lock.
 */
#include "local/nss.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "local/user.h"

/* What a slow server needs on a bad day; who waits for the command must not think that it hangs. */
#define DEADLINE_US UINT64_C(3000000)

/* Names that are remembered: each record names the same two persons, a list the same users again and again. */
#define N_NAMES 64

/* For so long names are remembered, and that the service was silent: a command is done by then, a program may run for weeks. */
#define MEMORY_US UINT64_C(60000000)

struct question {
	enum job_question kind;
	uid_t uid;
	const char *name, *group;
};

struct answer {
	char name[NSS_NAME_MAX];
	uid_t uid;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t silent_until_us;	/* it has not answered, and is not asked again before */
static struct {
	uid_t uid;
	uint64_t until_us;
	char name[NSS_NAME_MAX];
} names[N_NAMES];

/* ---- this machine's files ---- */

/* A line that is included from elsewhere ("+", nsswitch's compat) is none of ours. */
static bool is_plain(const char *name)
{
	return name[0] != '+' && name[0] != '-';
}

/* Finds a user by NAME or, if that is NULL, UID. The texts of *ret point into BUFFER. */
static bool find_user(const char *name, uid_t uid, struct passwd *ret, char *buffer, size_t size)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *found = NULL;

	while (file && fgetpwent_r(file, ret, buffer, size, &found) == 0)
		if (is_plain(found->pw_name) && (name ? strcmp(found->pw_name, name) == 0 : found->pw_uid == uid))
			break;
		else
			found = NULL;
	if (file)
		fclose(file);
	return found;
}

/* Tells whether GROUP is there; and, with NAME, whether that user is among its members or has it as their PRIMARY group. */
static bool find_group(const char *group, const char *name, gid_t primary)
{
	FILE *file = fopen("/etc/group", "re");
	char buffer[65536];
	struct group entry, *got;
	bool found = false;

	while (file && !found && fgetgrent_r(file, &entry, buffer, sizeof(buffer), &got) == 0) {
		if (!is_plain(got->gr_name) || strcmp(got->gr_name, group) != 0)
			continue;
		found = !name || got->gr_gid == primary;
		for (char **member = got->gr_mem; !found && *member; member++)
			found = strcmp(*member, name) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

static bool answer_from_files(const struct question *question, struct answer *answer)
{
	char buffer[4096];
	struct passwd user;

	switch (question->kind) {
	case JOB_GROUP:
		return find_group(question->group, NULL, 0);
	case JOB_USER_NAME:
		if (!find_user(NULL, question->uid, &user, buffer, sizeof(buffer)) || strlen(user.pw_name) >= NSS_NAME_MAX)
			return false;
		strcpy(answer->name, user.pw_name);
		return true;
	case JOB_USER_ID:
		return nss_local_user_id(question->name, &answer->uid) > 0;
	case JOB_MEMBER:
		return find_user(NULL, question->uid, &user, buffer, sizeof(buffer)) &&
		       find_group(question->group, question->name, user.pw_gid);
	}
	return false;
}

/* ---- the program that asks the modules ---- */

/* Records that it was the name service that gave no answer. Returns R. */
static int no_answer(struct logoff_error *reterr, int r)
{
	return error_set_errno(reterr, r, r, "name service: %s", r == -ENOENT ? "no such user or group" : strerror(-r));
}

static int answer_from_modules(const struct question *question, struct answer *answer, struct logoff_error *reterr)
{
	struct job job = {
		.head = { .kind = JOB_LOOK_UP, .uid = question->uid, .question = question->kind, .timeout_us = DEADLINE_US },
		.texts = { [JOB_USER] = question->name, [JOB_GROUP_NAME] = question->group },
	};
	struct job_found found;
	int r = user_ask(&job, &found, sizeof(found), reterr);

	silent_until_us = r == -ETIMEDOUT ? clock_now_us() + MEMORY_US : 0;
	if (r < 0)
		return r == -ETIMEDOUT ? no_answer(reterr, r) : r;
	found.name[sizeof(found.name) - 1] = '\0';
	memcpy(answer->name, found.name, sizeof(answer->name));
	answer->uid = found.uid;
	return found.result < 0 ? no_answer(reterr, found.result) : found.result;
}

static int ask(const struct question *question, struct answer *answer, struct logoff_error *reterr)
{
	int r;

	if (answer_from_files(question, answer))
		return 1;
	pthread_mutex_lock(&lock);
	r = clock_now_us() < silent_until_us ? no_answer(reterr, -ETIMEDOUT) : answer_from_modules(question, answer, reterr);
	pthread_mutex_unlock(&lock);
	return r;
}

/* ---- questions ---- */

static bool find_remembered(uid_t uid, char name[static NSS_NAME_MAX])
{
	bool found;

	pthread_mutex_lock(&lock);
	found = names[uid % N_NAMES].uid == uid && clock_now_us() < names[uid % N_NAMES].until_us;
	if (found)
		strcpy(name, names[uid % N_NAMES].name);
	pthread_mutex_unlock(&lock);
	return found;
}

static void remember_name(uid_t uid, const char name[static NSS_NAME_MAX])
{
	pthread_mutex_lock(&lock);
	names[uid % N_NAMES].uid = uid;
	names[uid % N_NAMES].until_us = clock_now_us() + MEMORY_US;
	strcpy(names[uid % N_NAMES].name, name);
	pthread_mutex_unlock(&lock);
}

int nss_user_name(uid_t uid, char name[static NSS_NAME_MAX])
{
	struct question question = { .kind = JOB_USER_NAME, .uid = uid };
	struct answer answer = {};
	int r;

	if (find_remembered(uid, name))
		return 1;
	r = ask(&question, &answer, NULL);
	if (r <= 0 || !answer.name[0])
		return r < 0 ? r : 0;
	strcpy(name, answer.name);
	remember_name(uid, name);
	return 1;
}

int nss_local_user_id(const char *name, uid_t *ret_uid)
{
	char buffer[4096];
	struct passwd user;

	if (!find_user(name, 0, &user, buffer, sizeof(buffer)))
		return 0;
	*ret_uid = user.pw_uid;
	return 1;
}

int nss_user_id(const char *name, uid_t *ret_uid, struct logoff_error *reterr)
{
	struct question question = { .kind = JOB_USER_ID, .name = name };
	struct answer answer = {};
	int r = ask(&question, &answer, reterr);

	if (r > 0)
		*ret_uid = answer.uid;
	return r;
}

int nss_has_group(const char *name, struct logoff_error *reterr)
{
	struct question question = { .kind = JOB_GROUP, .group = name };
	struct answer answer = {};

	return ask(&question, &answer, reterr);
}

int nss_is_in_group(const char *name, uid_t uid, const char *group, struct logoff_error *reterr)
{
	struct question question = { .kind = JOB_MEMBER, .uid = uid, .name = name, .group = group };
	struct answer answer = {};

	return ask(&question, &answer, reterr);
}
