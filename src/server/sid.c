/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sid.c - see sid.h. winbind may be slow, and while it is asked nothing else is done here. So its answers are kept,
 * also when it knows none.
 */
#include "server/sid.h"

#include <string.h>

#ifdef HAVE_WBCLIENT
#include <stdbool.h> /* which wbclient.h needs */
#include <wbclient.h>
#endif

#include "base/clock.h"

#define N_KEPT 256
#define KEPT_US UINT64_C(300000000)

struct kept {
	uid_t uid;
	uint32_t n;			/* 0: nothing is kept here */
	uint64_t until_us;
	uint8_t bytes[SID_MAX_BYTES];
};

static void put(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* S-1-22-1-UID. */
static uint32_t of_unix_user(uid_t uid, uint8_t bytes[SID_MAX_BYTES])
{
	memset(bytes, 0, SID_MAX_BYTES);
	bytes[0] = 1;
	bytes[1] = 2;		/* parts */
	bytes[7] = 22;		/* authority */
	put(bytes + 8, 1);
	put(bytes + 12, (uint32_t)uid);
	return 16;
}

#ifdef HAVE_WBCLIENT
static uint32_t ask(uid_t uid, uint8_t bytes[SID_MAX_BYTES])
{
	struct wbcDomainSid sid;

	if (wbcUidToSid(uid, &sid) != WBC_ERR_SUCCESS || sid.num_auths > 15)
		return of_unix_user(uid, bytes);
	memset(bytes, 0, SID_MAX_BYTES);
	bytes[0] = sid.sid_rev_num;
	bytes[1] = sid.num_auths;
	memcpy(bytes + 2, sid.id_auth, 6);
	for (int i = 0; i < sid.num_auths; i++)
		put(bytes + 8 + 4 * i, sid.sub_auths[i]);
	return 8 + 4u * sid.num_auths;
}
#else
static uint32_t ask(uid_t uid, uint8_t bytes[SID_MAX_BYTES])
{
	return of_unix_user(uid, bytes);
}
#endif

uint32_t sid_of_user(uid_t uid, uint8_t bytes[SID_MAX_BYTES])
{
	static struct kept all[N_KEPT];	/* a user has one place */
	struct kept *kept = &all[uid % N_KEPT];
	uint64_t now_us = clock_now_us();

	if (kept->n == 0 || kept->uid != uid || kept->until_us < now_us) {
		kept->uid = uid;
		kept->n = ask(uid, kept->bytes);
		kept->until_us = now_us + KEPT_US;
	}
	memcpy(bytes, kept->bytes, SID_MAX_BYTES);
	return kept->n;
}
