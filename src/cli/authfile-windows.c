/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authfile-windows.c - see authfile.h. Sources: "How DACLs control access to an object" in Windows' documentation.
 *
 * The file may be owned and used by the caller, by administrators and by the system. An entry that lets anybody else
 * read it, change it or change its rights makes it open to others; so does a file system without rights.
 */
#include "cli/authfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <windows.h>
#include <aclapi.h>

#include "cli/printable.h"

/* The rights by which a password gets known, or another password, or these rights get changed. */
#define RIGHTS (FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA | WRITE_DAC | WRITE_OWNER | GENERIC_READ | \
		GENERIC_WRITE | GENERIC_ALL)

/* The SIDs of those who may use the file. */
struct trusted {
	union {
		TOKEN_USER user;
		BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
	} caller;
	union {
		SID sid;
		BYTE bytes[SECURITY_MAX_SID_SIZE];
	} system, administrators, owner_rights;
};

static bool make_known(WELL_KNOWN_SID_TYPE type, void *sid)
{
	DWORD size = SECURITY_MAX_SID_SIZE;

	return CreateWellKnownSid(type, NULL, sid, &size);
}

static bool find_trusted(struct trusted *trusted)
{
	HANDLE token;
	DWORD n;
	BOOL ok;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return false;
	ok = GetTokenInformation(token, TokenUser, &trusted->caller, sizeof(trusted->caller), &n);
	CloseHandle(token);
	return ok && make_known(WinLocalSystemSid, &trusted->system) &&
	       make_known(WinBuiltinAdministratorsSid, &trusted->administrators) &&
	       make_known(WinCreatorOwnerRightsSid, &trusted->owner_rights);
}

static bool is_trusted(struct trusted *trusted, PSID sid)
{
	return EqualSid(sid, trusted->caller.user.User.Sid) || EqualSid(sid, &trusted->system.sid) ||
	       EqualSid(sid, &trusted->administrators.sid);
}

/* Tells whether DACL lets only those who are trusted use the file. Entries of other kinds may let anybody. */
static bool is_closed(struct trusted *trusted, ACL *dacl)
{
	ACCESS_ALLOWED_ACE *entry;

	for (DWORD i = 0; dacl && GetAce(dacl, i, (void **)&entry); i++) {
		if (entry->Header.AceFlags & INHERIT_ONLY_ACE || entry->Header.AceType == ACCESS_DENIED_ACE_TYPE)
			continue;
		if (entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE)
			return false;
		if ((entry->Mask & RIGHTS) && !is_trusted(trusted, &entry->SidStart) &&
		    !EqualSid(&entry->SidStart, &trusted->owner_rights.sid))
			return false;
	}
	return dacl != NULL;		/* without a list everybody may do everything */
}

/* Returns 0, or -errno and *ret_fault. */
static int check_rights(HANDLE file, enum trusted_fault *ret_fault)
{
	PSECURITY_DESCRIPTOR descriptor;
	struct trusted trusted;
	PSID owner = NULL;
	ACL *dacl = NULL;
	int r = 0;

	*ret_fault = TRUSTED_UNREADABLE;
	if (!find_trusted(&trusted) ||
	    GetSecurityInfo(file, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL,
			    &dacl, NULL, &descriptor) != ERROR_SUCCESS)
		return -EACCES;
	if (!owner || !is_trusted(&trusted, owner)) {
		*ret_fault = TRUSTED_OF_OTHERS;
		r = -EPERM;
	} else if (!is_closed(&trusted, dacl)) {
		*ret_fault = TRUSTED_OPEN_TO_OTHERS;
		r = -EPERM;
	}
	LocalFree(descriptor);
	return r;
}

int authfile_open(const char *path, enum trusted_fault *ret_fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r = 0;

	*ret_fault = errno == EISDIR ? TRUSTED_NO_FILE : TRUSTED_UNREADABLE;
	if (fd < 0)
		return -errno;
	*ret_fault = TRUSTED_NO_FILE;
	if (GetFileType((HANDLE)_get_osfhandle(fd)) != FILE_TYPE_DISK)
		r = -EINVAL;
	if (r == 0)
		r = check_rights((HANDLE)_get_osfhandle(fd), ret_fault);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

void authfile_report_open(const char *path)
{
	fprintf(stderr,
		_("%s: the file %s is open to others; only you, administrators and the system may have access to it\n"),
		program().text, safe(path).text);
}
