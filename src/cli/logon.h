/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logon.h - the account for a server: its options, and the password from a file or the terminal.
 *
 * The names and meanings of the options are those of Samba's tools, but the command line must not hold a password. On
 * this machine nobody has to log on: the options are accepted and have no effect. A password is kept only until the
 * library has it.
 */
#ifndef CLI_LOGON_H
#define CLI_LOGON_H

#include <stdbool.h>

#include "cli/account.h"
#include "cli/options.h"
#include "cli/report.h"
#include "logoff.h"

/* Filled by the option table. */
struct logon_options {
	const char *name;		/* "bob", "EXAMPLE\bob", "bob@EXAMPLE.COM" */
	const char *file;		/* with user name, domain, password */
	const char *kerberos;		/* "required", "desired" or "off" */
	const char *ccache;		/* ticket cache: "FILE:/tmp/krb5cc_0" */
	bool no_password, require_encryption;

	struct account account;		/* the account that logs on; empty: the owner of the ticket */
};

extern struct logon_options arg_logon;

/* The rows of every command that takes /server. */
#ifndef _WIN32
#define LOGON_OPTIONS                                                                                          \
	{ "logon", "logon", 'U', OPTION_ACCOUNT, &arg_logon.name, "name",                                      \
	  N_("The account that logs on to the server: name, DOMAIN\\name or name@REALM.") },                   \
	{ "authfile", "authentication-file", 'A', OPTION_FILE, &arg_logon.file, "filename",                    \
	  N_("A file with that name and the password, which only you can read.") },                            \
	{ "kerberos", "use-kerberos", 0, OPTION_STRING, &arg_logon.kerberos, "when",                           \
	  N_("Whether Kerberos is required, desired or off; desired if not given.") },                         \
	{ "ccache", "use-krb5-ccache", 0, OPTION_STRING, &arg_logon.ccache, "ccache",                          \
	  N_("Logs on with the Kerberos ticket in this cache.") },                                             \
	{ "nopass", "no-pass", 'N', OPTION_FLAG, &arg_logon.no_password, NULL,                                 \
	  N_("Never asks for the password of the server.") },                                                  \
	{ "encrypt", "require-encryption", 0, OPTION_FLAG, &arg_logon.require_encryption, NULL,                \
	  N_("Requires that the whole connection to the server is encrypted.") }

/* Their part of a help's synopsis, behind the server. */
#define LOGON_USAGE                                                           \
	"       [/LOGON:name] [/AUTHFILE:filename] [/KERBEROS:when] [/CCACHE:ccache] [/NOPASS] [/ENCRYPT]\n"
#else
/* Windows itself decides whether it takes Kerberos, and with which tickets, and encrypts. */
#define LOGON_OPTIONS                                                                                          \
	{ "logon", "logon", 'U', OPTION_ACCOUNT, &arg_logon.name, "name",                                      \
	  N_("The account that logs on to the server: name, DOMAIN\\name or name@REALM.") },                   \
	{ "authfile", "authentication-file", 'A', OPTION_FILE, &arg_logon.file, "filename",                    \
	  N_("A file with that name and the password, which only you can read.") },                            \
	{ "nopass", "no-pass", 'N', OPTION_FLAG, &arg_logon.no_password, NULL,                                 \
	  N_("Never asks for the password of the server.") }

#define LOGON_USAGE "       [/LOGON:name] [/AUTHFILE:filename] [/NOPASS]\n"
#endif

/* Checks the words of the options. Returns 0, or -EINVAL and *ret_fault and *ret_culprit. */
int logon_check(enum option_fault *ret_fault, const char **ret_culprit);

/*
 * Opens SERVER (NULL: this machine) as the options say, and asks for a password where one is needed. Reports failures.
 * Returns the exit status, EXIT_ENDED if *ret_host is open.
 */
enum exit_status logon_open(struct logoff_host **ret_host, const char *server);

/* The same; the result and the cause are those of the library, for those who can say more about a failure. */
enum exit_status logon_open_telling(struct logoff_host **ret_host, const char *server, int *ret_result,
				    struct logoff_error *ret_cause);

#endif
