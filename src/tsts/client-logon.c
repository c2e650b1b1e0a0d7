/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-logon.c - the way to the server, and who we are to be there.
 *
 * Hides how Samba wants to be told that: settings and credentials. The least that is demanded of a server stands here:
 * SMB 2 or 3 with signing, NTLMv2, never anonymous, never a guest, NTLM only with a password; and no ticket is handed to
 * the server with which it could be the user elsewhere. Nothing is weaker because an smb.conf says so: of that file only the
 * names count (realm, workgroup, its name for this machine), so that a member of a domain needs to type no domain; reading it
 * takes a fraction of a millisecond.
 */
#include "tsts/client.h"

#include <credentials.h>
#include <errno.h>
#include <netdb.h>
#include <param.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "tsts/ccache.h"

static bool is_address(const char *server)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST };
	struct addrinfo *address;

	if (getaddrinfo(server, NULL, &hints, &address) != 0)
		return false;
	freeaddrinfo(address);
	return true;
}

/* ---- how ---- */

static struct loadparm_context *make_settings(struct client *client, const struct order_logon *logon)
{
	static const struct { const char *name, *value; } demanded[] = {
		{ "client min protocol", "SMB2_02" },
		{ "client max protocol", "SMB3" },
		{ "client ipc min protocol", "SMB2_02" },
		{ "client ipc max protocol", "SMB3" },
		{ "client signing", "required" },
		{ "client ipc signing", "required" },
		{ "client NTLMv2 auth", "yes" },
		{ "client lanman auth", "no" },
		{ "client plaintext auth", "no" },
		{ "client use spnego", "yes" },
		{ "name resolve order", "host" },
		{ "gensec_gssapi:delegation", "no" },
		{ "gensec_gssapi:delegation_by_kdc_policy", "no" },
	};
	struct loadparm_context *settings = loadparm_init(client);
	char number[16];

	if (!settings)
		return NULL;
	for (size_t i = 0; i < sizeof(demanded) / sizeof(demanded[0]); i++)
		if (!lpcfg_set_cmdline(settings, demanded[i].name, demanded[i].value))
			return NULL;
	snprintf(number, sizeof(number), "%u", logon->port);
	if (!lpcfg_set_cmdline(settings, "smb ports", number))
		return NULL;
	if (logon->require_encryption && !lpcfg_set_cmdline(settings, "client smb encrypt", "required"))
		return NULL;
	snprintf(number, sizeof(number), "%d", client->debug);
	(void)lpcfg_set_cmdline(settings, "log level", number);
	if (access(lp_default_path(), R_OK) == 0)
		(void)lpcfg_load(settings, lp_default_path());	/* what it cannot read there is not needed */
	return settings;
}

/* ---- who ---- */

static int refuse_logon(struct logoff_error *reterr, const char *text)
{
	return error_set_errno(reterr, -EKEYREJECTED, -EKEYREJECTED, "%s", text);
}

/* Error codes of Kerberos (RFC 4120 7.5.9) as libkrb5 numbers them, and two of its own. */
#define KRB5(code) (-1765328384 + (code))

static int refuse_kerberos(struct logoff_error *reterr, int error, const char *text)
{
	size_t length = text ? strcspn(text, "\n") : 0;

	switch (error) {
	case KRB5(6):
		return refuse_logon(reterr, "Kerberos does not know this user");
	case KRB5(18):
		return refuse_logon(reterr, "the account is locked, disabled or expired");
	case KRB5(23):
		return refuse_logon(reterr, "the password has expired");
	case KRB5(24):
	case KRB5(31):
		return refuse_logon(reterr, "wrong password");
	case KRB5(37):
	case KRB5(148):
		return refuse_logon(reterr, "the clocks differ too much for Kerberos");
	case KRB5(156):
		return refuse_logon(reterr, "no Kerberos server (KDC) of the user's realm answers; user@REALM names another realm");
	default:
		return error_set_errno(reterr, -EKEYREJECTED, -EKEYREJECTED, "Kerberos: %.*s", (int)length, text ? text : "");
	}
}

/* The realm of whom has none, as krb5.conf has it; Samba only looks into smb.conf for it. NULL: none is named. */
static const char *default_realm(TALLOC_CTX *memory)
{
	const char *path = secure_getenv("KRB5_CONFIG");
	FILE *file = fopen(path && *path ? path : "/etc/krb5.conf", "re");
	char line[512], realm[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, " default_realm = %255s", realm) == 1;
	if (file)
		fclose(file);
	return found ? talloc_strdup(memory, realm) : NULL;
}

/* Nobody's domain: the server may look for the user among its own, Kerberos in the realm that counts here. */
static void set_user_alone(struct cli_credentials *credentials, const char *user)
{
	const char *realm = default_realm(credentials);
	const char *principal = realm ? talloc_asprintf(credentials, "%s@%s", user, realm) : NULL;

	(void)cli_credentials_set_principal(credentials, principal ? principal : user, CRED_SPECIFIED);
}

/* "bob", "bob" of DOMAIN, or "bob@realm". A machine whose smb.conf names domain and realm is a member of that domain. */
static void set_user(struct access *access, const struct order_logon *logon)
{
	struct cli_credentials *credentials = access->credentials;
	const char *own = cli_credentials_get_domain(credentials), *realm = lpcfg_realm(access->settings);
	const char *at = strchr(logon->user, '@');

	access->is_member = own && *own && realm && *realm;
	(void)cli_credentials_set_username(credentials, logon->user, CRED_SPECIFIED);
	if (at) {
		(void)cli_credentials_set_domain(credentials, logon->domain, CRED_SPECIFIED);
		(void)cli_credentials_set_principal(credentials, logon->user, CRED_SPECIFIED);
		(void)cli_credentials_set_realm(credentials, at + 1, CRED_SPECIFIED);
	} else if (*logon->domain) {
		if (access->is_member && strcasecmp(own, logon->domain) == 0)
			(void)cli_credentials_set_realm(credentials, realm, CRED_SPECIFIED);
		(void)cli_credentials_set_domain(credentials, logon->domain, CRED_SPECIFIED);
	} else if (!access->is_member) {
		set_user_alone(credentials, logon->user);
	}
}

/*
 * Who is not root any more reads only what everybody may. What Kerberos cannot read it passes over, and would ask other servers
 * than those it was told to.
 */
static int check_settings(struct logoff_error *reterr)
{
	const char *paths = secure_getenv("KRB5_CONFIG");
	char path[4096];
	size_t length;

	if (!paths || !*paths)
		paths = "/etc/krb5.conf";
	for (; *paths; paths += length + (paths[length] == ':')) {
		length = strcspn(paths, ":");
		snprintf(path, sizeof(path), "%.*s", (int)length, paths);
		if (*path && access(path, R_OK) < 0 && errno == EACCES)
			return error_set_errno(reterr, -EHOSTUNREACH, -EACCES, "%s must be readable by everybody: who speaks to "
					       "the server is not root", path);
	}
	return 0;
}

/* From here on strangers are listened to. CCACHE is that of the caller, if tickets may be added to it. */
static int give_up_rights(struct client *client, const char *ccache, struct logoff_error *reterr)
{
	bool changes = client->starter->changes_user();
	int r = client->starter->confine(changes ? NULL : ccache, reterr);

	return r == 0 && changes ? check_settings(reterr) : r;
}

/*
 * With a password. Kerberos is tried at once, where its failure still has words; what has failed is not tried again by
 * SMB and by each pipe, for a domain counts wrong passwords. A user whom Kerberos does not know may be the server's own.
 */
static int use_password(struct client *client, struct access *access, const struct order_logon *logon,
			struct logoff_error *reterr)
{
	struct cli_credentials *credentials = access->credentials;
	bool required = logon->kerberos == LOGOFF_KERBEROS_REQUIRED;
	int r = give_up_rights(client, NULL, reterr);
	enum credentials_use_kerberos state = required ? CRED_USE_KERBEROS_REQUIRED : CRED_USE_KERBEROS_DESIRED;
	struct ccache_container *cache;
	const char *text = NULL;
	int error = 0;

	if (r < 0)
		return r;
	if (!*logon->user)
		return refuse_logon(reterr, "a password but no user");
	set_user(access, logon);
	(void)cli_credentials_set_password(credentials, logon->password, CRED_SPECIFIED);
	if (logon->kerberos == LOGOFF_KERBEROS_OFF || (!required && is_address(logon->server)))
		state = CRED_USE_KERBEROS_DISABLED;
	else
		error = cli_credentials_get_ccache(credentials, client->events, access->settings, &cache, &text);
	if (error != 0 && required)
		return refuse_kerberos(reterr, error, text);
	if (error != 0)
		state = CRED_USE_KERBEROS_DISABLED;
	access->has_ticket = state != CRED_USE_KERBEROS_DISABLED;
	if (!access->has_ticket && !*logon->domain && !access->is_member)
		(void)cli_credentials_set_principal(credentials, logon->user, CRED_SPECIFIED);	/* NTLM knows no realms */
	(void)cli_credentials_set_kerberos_state(credentials, state, CRED_SPECIFIED);
	return 0;
}

/* Whether PRINCIPAL, that of a ticket, is the user who is wanted. */
static bool is_user(const char *principal, const char *user)
{
	size_t length = strchr(user, '@') ? strlen(principal) : strcspn(principal, "@");

	return strlen(user) == length && strncasecmp(principal, user, length) == 0;
}

/*
 * The cache from which tickets are taken, which is what the caller names, or has by default (NULL). Who will be another user
 * soon cannot read it any more then, and takes them out of it before: the tickets it gets are not kept for the next command.
 */
static const char *open_ccache(const struct client *client, const char *name)
{
	const char *copy = client->starter->changes_user() ? ccache_copy(name) : NULL;

	return copy ? copy : name;	/* what cannot be copied Samba has words for */
}

/* With a ticket, and nothing else: without this Samba would try NTLM as nobody. */
static int use_ticket(struct client *client, struct access *access, const struct order_logon *logon,
		      struct logoff_error *reterr)
{
	const char *name = *logon->ccache ? logon->ccache : NULL, *text = NULL, *principal;
	struct ccache_container *cache;
	int error, r;

	(void)cli_credentials_set_kerberos_state(access->credentials, CRED_USE_KERBEROS_REQUIRED, CRED_SPECIFIED);
	error = cli_credentials_set_ccache(access->credentials, access->settings, open_ccache(client, name), CRED_SPECIFIED,
					   &text);
	if (error != 0)
		return refuse_kerberos(reterr, error, text);
	r = give_up_rights(client, ccache_name(name), reterr);
	if (r < 0)
		return r;
	if (cli_credentials_is_anonymous(access->credentials))
		return refuse_logon(reterr, "there is no Kerberos ticket: log on with kinit, or name a user");
	principal = cli_credentials_get_principal(access->credentials, access->credentials);
	if (!principal)
		return -ENOMEM;
	if (*logon->user && !is_user(principal, logon->user))
		return error_set_errno(reterr, -EKEYREJECTED, -EKEYREJECTED, "the Kerberos ticket is that of %s", principal);
	/* What has expired Samba tries to renew, which fails without a password. */
	if (cli_credentials_get_ccache(access->credentials, client->events, access->settings, &cache, &text) != 0)
		return refuse_logon(reterr, "the Kerberos ticket has expired: log on with kinit");
	access->has_ticket = true;
	return 0;
}

int access_prepare(struct client *client, const struct order_logon *logon, struct access *ret, struct logoff_error *reterr)
{
	char address[NI_MAXHOST];
	int r;

	if (!logon->has_password && logon->kerberos == LOGOFF_KERBEROS_OFF)
		return refuse_logon(reterr, "without Kerberos a password is needed");
	if ((!logon->has_password || logon->kerberos == LOGOFF_KERBEROS_REQUIRED) && is_address(logon->server))
		return refuse_logon(reterr, "Kerberos needs the name of the server, not its address");
	ret->server = talloc_strdup(client, logon->server);
	ret->settings = make_settings(client, logon);
	ret->credentials = cli_credentials_init(client);
	if (!ret->server || !ret->settings || !ret->credentials)
		return -ENOMEM;
	(void)cli_credentials_set_conf(ret->credentials, ret->settings);
	r = logon->has_password ? use_password(client, ret, logon, reterr) : use_ticket(client, ret, logon, reterr);
	if (r == 0)
		r = client->starter->finish_connecting(address, sizeof(address), reterr);
	if (r < 0)
		return r;
	ret->address = talloc_strdup(client, address);
	return ret->address ? 0 : -ENOMEM;
}
