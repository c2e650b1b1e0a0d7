/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nss-windows.c - see nss.h: the accounts of this machine, and of the domain that it is in. Sources: LookupAccountName,
 * NetUserGetLocalGroups in Windows' documentation.
 *
 * Users have no numbers here, so a name that is found has the number of none. The groups of a user are those of this machine,
 * in which they may be by way of a group of the domain: what Windows itself asks for when somebody is to use the machine. A group of
 * the domain that is in none of this machine's groups cannot be looked into: the answer is "unknown". A user is asked for as
 * DOMAIN\name, for this machine and each domain may have one of that name.
 */
#include "local/nss.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <lmaccess.h>
#include <lmapibuf.h>
#include <lmerr.h>

#include "base/error.h"
#include "port/wide.h"

/* netapi32.dll is loaded for these questions only. */
struct netapi {
	HMODULE module;
	NET_API_STATUS(WINAPI *get_groups)(LPCWSTR, LPCWSTR, DWORD, DWORD, LPBYTE *, DWORD, LPDWORD, LPDWORD);
	NET_API_STATUS(WINAPI *release)(LPVOID);
};

/* What is known of a name. */
struct account_entry {
	SID_NAME_USE use;
	union {
		SID sid;
		BYTE bytes[SECURITY_MAX_SID_SIZE];
	};
};

/* Returns 1, 0 (there is no such account) or -errno (it cannot be found out). */
static int find_account(const wchar_t *name, struct account_entry *ret)
{
	wchar_t domain[256];
	DWORD size = sizeof(ret->bytes), n_domain = 256;

	if (LookupAccountNameW(NULL, name, &ret->sid, &size, domain, &n_domain, &ret->use))
		return 1;
	return GetLastError() == ERROR_NONE_MAPPED ? 0 : -EHOSTUNREACH;
}

static int find_name(const char *name, struct account_entry *ret)
{
	wchar_t *wide = wide_from_text(name);
	int r = wide ? find_account(wide, ret) : -ENOMEM;

	free(wide);
	return r;
}

/* Records why the answer R is unknown. Returns R. */
static int answer(int r, struct logoff_error *reterr)
{
	return r < 0 ? error_set_errno(reterr, r, r, "%s", strerror(-r)) : r;
}

int nss_user_name(uid_t uid, char name[static NSS_NAME_MAX])
{
	(void)uid;
	(void)name;
	return 0;
}

int nss_local_user_id(const char *name, uid_t *ret_uid)
{
	(void)name;
	(void)ret_uid;
	return 0;
}

int nss_user_id(const char *name, uid_t *ret_uid, struct logoff_error *reterr)
{
	struct account_entry entry;
	int r = find_name(name, &entry);

	if (r > 0 && entry.use != SidTypeUser)
		return 0;
	if (r > 0)
		*ret_uid = (uid_t)-1;
	return answer(r, reterr);
}

static bool is_group(SID_NAME_USE use)
{
	return use == SidTypeGroup || use == SidTypeAlias || use == SidTypeWellKnownGroup;
}

int nss_has_group(const char *name, struct logoff_error *reterr)
{
	struct account_entry entry;
	int r = find_name(name, &entry);

	return r > 0 ? is_group(entry.use) : answer(r, reterr);
}

/* ---- members ---- */

static bool load_netapi(struct netapi *netapi)
{
	netapi->module = LoadLibraryExW(L"netapi32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
	if (!netapi->module)
		return false;
	netapi->get_groups = (void *)GetProcAddress(netapi->module, "NetUserGetLocalGroups");
	netapi->release = (void *)GetProcAddress(netapi->module, "NetApiBufferFree");
	return netapi->get_groups && netapi->release;
}

/* Tells whether one of the N groups is GROUP. Names are compared by what they mean: an administrator may have renamed it. */
static int has_group(const LOCALGROUP_USERS_INFO_0 *groups, DWORD n, struct account_entry *group)
{
	for (DWORD i = 0; i < n; i++) {
		struct account_entry one;
		int r = find_account(groups[i].lgrui0_name, &one);

		if (r < 0)
			return r;
		if (r > 0 && EqualSid(&one.sid, &group->sid))
			return 1;
	}
	return 0;
}

static int ask_groups(const struct netapi *netapi, const wchar_t *user, struct account_entry *group)
{
	DWORD n = 0, n_all = 0;
	BYTE *groups = NULL;
	NET_API_STATUS status = netapi->get_groups(NULL, user, 0, LG_INCLUDE_INDIRECT, &groups, MAX_PREFERRED_LENGTH, &n, &n_all);
	int r = status == NERR_Success && n == n_all ? has_group((const LOCALGROUP_USERS_INFO_0 *)groups, n, group) : -EHOSTUNREACH;

	if (groups)
		netapi->release(groups);
	return status == NERR_UserNotFound ? -ENOENT : r;
}

/* The user of WHOLE, DOMAIN\name, as groups are asked for: of this machine by the name alone. */
static const wchar_t *name_user(const wchar_t *whole)
{
	const wchar_t *backslash = wcschr(whole, L'\\');
	wchar_t machine[MAX_COMPUTERNAME_LENGTH + 1];
	DWORD n = MAX_COMPUTERNAME_LENGTH + 1;

	if (backslash && GetComputerNameW(machine, &n) && n == (DWORD)(backslash - whole) && _wcsnicmp(machine, whole, n) == 0)
		return backslash + 1;
	return whole;
}

int nss_is_in_group(const char *name, uid_t uid, const char *group, struct logoff_error *reterr)
{
	wchar_t *user = wide_from_text(name);
	struct account_entry entry;
	struct netapi netapi = { 0 };
	int r = user ? find_name(group, &entry) : -ENOMEM;

	(void)uid;
	if (r == 0 || (r > 0 && !is_group(entry.use)))
		r = -ENOENT;
	if (r > 0)
		r = load_netapi(&netapi) ? ask_groups(&netapi, name_user(user), &entry) : -EOPNOTSUPP;
	if (r == 0 && entry.use != SidTypeAlias)
		r = -EOPNOTSUPP;	/* a group of the domain may have the user, and be in no group of this machine */
	if (netapi.module)
		FreeLibrary(netapi.module);
	free(user);
	return answer(r, reterr);
}
