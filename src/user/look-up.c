/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * look-up.c - a question to the name service, which runs modules in the process that asks. Source: getgrouplist(3).
 */
#include "user/jobs.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 65536

/* Bytes of one entry: a group of a directory may have tens of thousands of members. A larger one cannot be found out. */
static char buffer[1048576];

static int is_member(const char *name, gid_t primary, gid_t wanted)
{
	gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
	int n = GROUPS_MAX;

	if (!groups || getgrouplist(name, primary, groups, &n) < 0)
		return -E2BIG;
	for (int i = 0; i < n; i++)
		if (groups[i] == wanted)
			return 1;
	return 0;
}

/* Returns 1, 0 or -errno. Other than those without "_r", these functions tell "no" from a module that could not ask. */
static int look_up_name(uid_t uid, struct job_found *found, gid_t *ret_primary)
{
	struct passwd user, *entry = NULL;
	int r = getpwuid_r(uid, &user, buffer, sizeof(buffer), &entry);

	if (r != 0 || !entry)
		return -r;
	if (strlen(user.pw_name) >= sizeof(found->name))
		return -ENAMETOOLONG;
	strcpy(found->name, user.pw_name);
	*ret_primary = user.pw_gid;
	return 1;
}

static int look_up_number(const char *name, struct job_found *found)
{
	struct passwd user, *entry = NULL;
	int r = getpwnam_r(name, &user, buffer, sizeof(buffer), &entry);

	if (r == 0 && entry)
		found->uid = user.pw_uid;
	return entry ? 1 : -r;
}

/* *RET_LISTED tells whether the entry of the group lists MEMBER (NULL: nobody). */
static int look_up_group(const char *name, const char *member, gid_t *ret_gid, bool *ret_listed)
{
	struct group group, *entry = NULL;
	int r = getgrnam_r(name, &group, buffer, sizeof(buffer), &entry);

	*ret_listed = false;
	if (r == 0 && entry)
		*ret_gid = group.gr_gid;
	for (char **one = entry ? group.gr_mem : NULL; member && one && *one; one++)
		*ret_listed = *ret_listed || strcmp(*one, member) == 0;
	return entry ? 1 : -r;
}

static int look_up_member(const struct job *job, struct job_found *found)
{
	gid_t primary = 0, wanted = 0;
	bool listed = false;
	int r = look_up_name(job->head.uid, found, &primary);

	if (r > 0)
		r = look_up_group(job->texts[JOB_GROUP_NAME], job->texts[JOB_USER], &wanted, &listed);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	/* getgrouplist() cannot say that a name service did not answer: it leaves out what that would have told. */
	return listed ? 1 : is_member(job->texts[JOB_USER], primary, wanted);
}

void job_look_up(const struct job *job)
{
	struct job_found found = { .result = -EINVAL };
	bool listed;
	gid_t group;

	switch (job->head.question) {
	case JOB_USER_NAME:
		found.result = look_up_name(job->head.uid, &found, &group);
		break;
	case JOB_USER_ID:
		found.result = look_up_number(job->texts[JOB_USER], &found);
		break;
	case JOB_GROUP:
		found.result = look_up_group(job->texts[JOB_GROUP_NAME], NULL, &group, &listed);
		break;
	case JOB_MEMBER:
		found.result = look_up_member(job, &found);
		break;
	}
	job_reply(&found, sizeof(found));
}
