/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * locales.c - preloaded by the recorded-output tests: the catalogue comes from a folder of theirs.
 *
 * The command finds its catalogues where it is installed, and nothing in its environment changes that. A test must not
 * depend on an installation, nor read a stale one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

char *bindtextdomain(const char *domain, const char *folder);

char *bindtextdomain(const char *domain, const char *folder)
{
	char *(*real)(const char *, const char *) =
		(char *(*)(const char *, const char *))dlsym(RTLD_NEXT, "bindtextdomain");
	const char *other = getenv("LOGOFF_TEST_LOCALES");

	return real(domain, other ? other : folder);
}
