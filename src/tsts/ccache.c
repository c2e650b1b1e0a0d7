/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccache.c - see ccache.h.
 *
 * Samba's own functions open a ticket cache, but do not copy one. The Kerberos that they use does: MIT's, or the Heimdal that
 * comes with Samba, whose headers are not installed. All that is needed of either takes and gives pointers that nobody looks
 * into, and has been so in both for ever; so these functions are found by their names, in the library that is loaded.
 */
#include "tsts/ccache.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COPY_NAME "MEMORY:logoff-tsts"

static struct {
	int32_t (*init_context)(void **ret_context);
	int32_t (*resolve)(void *context, const char *name, void **ret_ccache);
	int32_t (*open_default)(void *context, void **ret_ccache);
	int32_t (*get_principal)(void *context, void *ccache, void **ret_principal);
	int32_t (*initialize)(void *context, void *ccache, void *principal);
	int32_t (*copy)(void *context, void *from, void *to);
	int32_t (*get_full_name)(void *context, void *ccache, char **ret_name);
} krb5;

static bool find(void *function, const char *name)
{
	*(void **)function = dlsym(RTLD_DEFAULT, name);
	return *(void **)function;
}

static bool find_all(void)
{
	return find(&krb5.init_context, "krb5_init_context") && find(&krb5.resolve, "krb5_cc_resolve") &&
	       find(&krb5.open_default, "krb5_cc_default") && find(&krb5.get_principal, "krb5_cc_get_principal") &&
	       find(&krb5.initialize, "krb5_cc_initialize") &&
	       find(&krb5.get_full_name, "krb5_cc_get_full_name") &&
	       (find(&krb5.copy, "krb5_cc_copy_creds") || find(&krb5.copy, "krb5_cc_copy_cache"));
}

/* What is opened is kept until the program ends. */
static bool open_cache(const char *name, void **ret_context, void **ret_ccache)
{
	if (!find_all() || krb5.init_context(ret_context) != 0)
		return false;
	return (name ? krb5.resolve(*ret_context, name, ret_ccache) : krb5.open_default(*ret_context, ret_ccache)) == 0;
}

const char *ccache_copy(const char *name)
{
	void *context, *from, *to, *principal;

	if (!open_cache(name, &context, &from) || krb5.get_principal(context, from, &principal) != 0 ||
	    krb5.resolve(context, COPY_NAME, &to) != 0 || krb5.initialize(context, to, principal) != 0 ||
	    krb5.copy(context, from, to) != 0)
		return NULL;
	return COPY_NAME;
}

const char *ccache_name(const char *name)
{
	void *context, *ccache;
	char *full;

	return open_cache(name, &context, &ccache) && krb5.get_full_name(context, ccache, &full) == 0 ? full : NULL;
}
