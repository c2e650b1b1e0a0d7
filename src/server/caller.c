/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * caller.c - see caller.h. Samba has authenticated the caller before; here nobody in particular is refused: anonymous
 * callers, guests, and accounts without a UNIX user.
 */
#include "server/caller.h"

#include <dlfcn.h>
#include <grp.h>
#include <malloc.h>
#include <string.h>

#include <gen_ndr/auth.h>
#include <gen_ndr/security.h>
#include <tsocket.h>

#define MAX_GROUPS 65536
#define ACCOUNTS_SIZE 65536
#define DOMAIN_GUEST 501		/* the last part of the SID of each domain's guest */

static void sid_text(const struct dom_sid *sid, char *to, size_t size)
{
	uint64_t authority = 0;
	int n;

	for (int i = 0; i < 6; i++)
		authority = authority << 8 | sid->id_auth[i];
	n = snprintf(to, size, "S-%u-%llu", sid->sid_rev_num, (unsigned long long)authority);
	for (int i = 0; i < sid->num_auths && i < 15 && n < (int)size; i++)
		n += snprintf(to + n, size - (size_t)n, "-%u", sid->sub_auths[i]);
}

/* Anonymous and the guests: S-1-5-7, S-1-5-32-546, S-1-5-21-...-501. */
static bool is_nobody(const struct security_token *token)
{
	for (uint32_t i = 0; i < token->num_sids; i++) {
		const struct dom_sid *sid = &token->sids[i];
		char text[192];

		sid_text(sid, text, sizeof(text));
		if (strcmp(text, "S-1-5-7") == 0 || strcmp(text, "S-1-5-32-546") == 0)
			return true;
		if (i == 0 && strncmp(text, "S-1-5-21-", 9) == 0 && sid->num_auths > 1 &&
		    sid->sub_auths[sid->num_auths - 1] == DOMAIN_GUEST)
			return true;
	}
	return false;
}

/* What Samba knows of the caller, or NULL if that is not enough. */
static const struct auth_session_info *known_caller(struct dcesrv_call_state *state)
{
	struct auth_session_info *info = dcesrv_call_session_info(state);

	if (!info || !info->info || !info->unix_token || !info->security_token || info->security_token->num_sids == 0)
		return NULL;
	if (!dcesrv_call_authenticated(state) || is_nobody(info->security_token))
		return NULL;
	if (!info->info->account_name || info->unix_token->ngroups > MAX_GROUPS || info->unix_token->uid == (uid_t)-1)
		return NULL;
	return info;
}

static bool is_same(const struct client *client, const struct auth_session_info *info, const char *sid)
{
	const struct security_unix_token *token = info->unix_token;

	return strcmp(client->sid, sid) == 0 && client->uid == token->uid && client->gid == token->gid &&
	       client->n_groups == token->ngroups &&
	       (token->ngroups == 0 || memcmp(client->groups, token->groups, token->ngroups * sizeof(gid_t)) == 0);
}

static bool has_group(const struct client *client, const char *name)
{
	struct group *group = getgrnam(name);

	if (!group)
		return false;
	for (uint32_t i = 0; i < client->n_groups; i++)
		if (client->groups[i] == group->gr_gid)
			return true;
	return client->gid == group->gr_gid;
}

static bool is_in_query_group(const struct client *client)
{
	const char *at = client->server->settings.query;
	char name[256];

	if (strcmp(at, "*") == 0)
		return true;
	while (settings_next_group(&at, name, sizeof(name)))
		if (has_group(client, name))
			return true;
	return false;
}

static int forget(struct client *client)
{
	struct client **at = &client->server->clients;

	while (*at && *at != client)
		at = &(*at)->next;
	if (*at)
		*at = client->next;
	if (!client->server->clients)
		(void)malloc_trim(0);	/* a thousand connections may have been here */
	return 0;
}

static struct client *new_client(struct server *server, const struct auth_session_info *info, const char *sid)
{
	const struct security_unix_token *token = info->unix_token;
	struct client *client = talloc_zero(NULL, struct client);

	if (!client)
		return NULL;
	client->server = server;
	client->account = talloc_strdup(client, info->info->account_name);
	client->domain = talloc_strdup(client, info->info->domain_name ? info->info->domain_name : "");
	client->name = talloc_asprintf(client, "%s\\%s", client->domain, client->account);
	client->sid = talloc_strdup(client, sid);
	client->uid = token->uid;
	client->gid = token->gid;
	client->n_groups = token->ngroups;
	client->groups = talloc_memdup(client, token->groups, token->ngroups * sizeof(gid_t));
	if (!client->name || !client->sid || (token->ngroups > 0 && !client->groups)) {
		talloc_free(client);
		return NULL;
	}
	client->in_query_group = is_in_query_group(client);
	client->next = server->clients;
	server->clients = client;
	talloc_set_destructor(client, forget);
	return client;
}

struct client *client_of(struct server *server, struct dcesrv_call_state *state)
{
	const struct auth_session_info *info = known_caller(state);
	struct client *client;
	char sid[192];

	if (!info)
		return NULL;
	sid_text(&info->security_token->sids[0], sid, sizeof(sid));
	for (client = server->clients; client; client = client->next)
		if (is_same(client, info, sid))
			return client_use(client);
	client = new_client(server, info, sid);
	return client ? client_use(client) : NULL;
}

struct client *client_use(struct client *client)
{
	client->n_users++;
	return client;
}

void client_leave(struct client *client)
{
	if (--client->n_users == 0)
		talloc_free(client);
}

bool client_may(const struct client *client, enum right right, uid_t uid)
{
	unsigned rights = RIGHT_NONE;

	if (client->in_query_group)
		rights |= RIGHT_QUERY;
	if (uid != (uid_t)-1 && uid == client->uid)
		rights |= RIGHT_QUERY | RIGHT_RESET | RIGHT_LOGOFF | RIGHT_DISCONNECT | RIGHT_MESSAGE;
	if (client->full_control == ANSWER_YES)
		rights |= RIGHT_QUERY | RIGHT_RESET | RIGHT_LOGOFF | RIGHT_DISCONNECT | RIGHT_MESSAGE | RIGHT_FULL;
	return right != RIGHT_UNSET && (rights & right) == right;
}

/* Its library is private to Samba, and there since dcesrv_core is: the function is taken by its name. */
const char *client_address(struct dcesrv_call_state *state)
{
	char *(*to_text)(const struct tsocket_address *, TALLOC_CTX *) =
		(char *(*)(const struct tsocket_address *, TALLOC_CTX *))dlsym(RTLD_DEFAULT,
									       "tsocket_address_inet_addr_string");
	const struct tsocket_address *address = dcesrv_connection_get_remote_address(state->conn);
	char *text = to_text && address ? to_text(address, state) : NULL;

	return text ? text : "";
}

/*
 * Samba copies the account of a caller for its cache. A worker has none, and before 4.20 nothing frees the copy then:
 * 8 KB for each bind with NTLM to a machine with accounts of its own. What an earlier bind has left in the cache may be
 * outdated. The functions are not in the installed headers: they are taken by name.
 */
void callers_forget_accounts(void)
{
	void *(*init)(TALLOC_CTX *, size_t) = (void *(*)(TALLOC_CTX *, size_t))dlsym(RTLD_DEFAULT, "memcache_init");
	void (*set_global)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "memcache_set_global");

	if (init && set_global)
		set_global(init(NULL, ACCOUNTS_SIZE));
}
