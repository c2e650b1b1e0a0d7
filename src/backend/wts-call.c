/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts-call.c - see wts-call.h. Sources: Microsoft's documentation of wtsapi32.h; MS-TSTS 3.7.4.1.13 for the reset,
 * which winsta.dll exports and no header declares.
 *
 * The last error is cleared before each call: some calls fail and leave there what was there before.
 */
#include "backend/wts-call.h"

#include <errno.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/utf8.h"
#include "port/wide.h"

/* Of winbase.h, for LogonUserW(): only what goes out over the network bears the other name. */
#define NEW_CREDENTIALS 9
#define WINNT50 3

/* From 1601 to 1970, in units of 100 ns. */
#define UNIX_EPOCH INT64_C(116444736000000000)

typedef BOOLEAN (WINAPI *reset_func)(HANDLE server, ULONG session, BOOLEAN wait);

/* ---- texts and errors ---- */

void wts_text(char *to, size_t size, const wchar_t *from)
{
	char *text = from ? wide_to_text(from) : NULL;

	if ((size_t)snprintf(to, size, "%s", text ? text : "") >= size)
		utf8_cut(to);
	free(text);
}

int wts_meaning(DWORD error)
{
	switch (error) {
	case ERROR_ACCESS_DENIED:
	case ERROR_CTX_WINSTATION_ACCESS_DENIED:
		return -EACCES;
	case ERROR_FILE_NOT_FOUND:
	case ERROR_CTX_WINSTATION_NOT_FOUND:
		return -ENXIO;
	case ERROR_CTX_CLOSE_PENDING:
		return -EALREADY;
	case ERROR_CTX_WINSTATION_BUSY:
		return -EAGAIN;
	case ERROR_LOGON_FAILURE:
	case ERROR_ACCOUNT_RESTRICTION:
	case ERROR_PASSWORD_EXPIRED:
	case ERROR_ACCOUNT_DISABLED:
	case ERROR_ACCOUNT_LOCKED_OUT:
		return -EKEYREJECTED;
	case ERROR_NOT_SUPPORTED:
	case ERROR_CALL_NOT_IMPLEMENTED:
	case ERROR_INVALID_FUNCTION:
		return -EOPNOTSUPP;
	case ERROR_NOT_ENOUGH_MEMORY:
	case ERROR_OUTOFMEMORY:
		return -ENOMEM;
	case WTS_NOT_ANSWERED:
		return -ETIMEDOUT;
	default:
		return -EHOSTUNREACH;
	}
}

int wts_fail(DWORD error, struct logoff_error *reterr)
{
	wchar_t *wide = NULL;
	char text[176];

	if (error == WTS_NOT_ANSWERED)
		return error_set_errno(reterr, wts_meaning(error), wts_meaning(error),
				       "the host has not answered in time");
	if (error == WTS_NO_ERROR_TOLD)
		return error_set_win32(reterr, wts_meaning(error), 0, "the call has failed and not told why");
	(void)FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
			     FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
			     NULL, error, 0, (LPWSTR)(void *)&wide, 0, NULL);
	wts_text(text, sizeof(text), wide);
	LocalFree(wide);
	for (size_t n = strlen(text); n > 0 && (text[n - 1] == ' ' || text[n - 1] == '.'); n--)
		text[n - 1] = '\0';
	return error_set_win32(reterr, wts_meaning(error), error, text);
}

static DWORD last_error(void)
{
	DWORD error = GetLastError();

	return error ? error : WTS_NO_ERROR_TOLD;
}

/* ---- the way to a host ---- */

int wts_link_new(struct wts_link **ret_link, const char *server)
{
	struct wts_link *link = calloc(1, sizeof(*link));

	if (link) {
		link->refs = 1;
		link->news = CreateEventW(NULL, FALSE, FALSE, NULL);
		link->name = server ? wide_from_text(server) : NULL;
	}
	if (!link || !link->news || (server && !link->name)) {
		wts_link_drop(link);
		return -ENOMEM;
	}
	*ret_link = link;
	return 0;
}

void wts_link_drop(struct wts_link *link)
{
	if (!link || InterlockedDecrement(&link->refs) > 0)
		return;
	if (link->server)
		WTSCloseServer(link->server);
	if (link->token)
		CloseHandle(link->token);
	if (link->news)
		CloseHandle(link->news);
	free(link->name);
	free(link);
}

int wts_link_log_on(struct wts_link *link, const char *user, const char *domain, const char *password,
		    struct logoff_error *reterr)
{
	wchar_t *name = wide_from_text(user), *of = domain ? wide_from_text(domain) : NULL;
	wchar_t *secret = wide_from_text(password);
	int r = 0;

	SetLastError(0);
	if (!name || !secret || (domain && !of))
		r = -ENOMEM;
	else if (!LogonUserW(name, of, secret, NEW_CREDENTIALS, WINNT50, &link->token))
		r = wts_fail(last_error(), reterr);
	if (secret)
		SecureZeroMemory(secret, wcslen(secret) * sizeof(*secret));
	free(name);
	free(of);
	free(secret);
	return r;
}

uint32_t wts_own_session(void)
{
	DWORD *told = NULL, n = 0, own = 0;

	/* By the same library as all else. It knows that by itself and asks nobody. */
	if (WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, WTS_CURRENT_SESSION, WTSSessionId,
					(LPWSTR *)(void *)&told, &n) &&
	    told && n >= sizeof(*told))
		own = *told;
	else if (!ProcessIdToSessionId(GetCurrentProcessId(), &own))
		own = 0;
	WTSFreeMemory(told);
	return own;
}

/* ---- calls ---- */

static void free_call(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;

	wts_link_drop(call->link);
	free(call->title);
	free(call->text);
	free(call->rows);
	free(call->programs);
	free(call);
}

struct wts_call *wts_call_new(struct wts_link *link, void (*run)(struct thread_call *thread))
{
	struct wts_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->thread.run = run;
	call->thread.free = free_call;
	call->link = link;
	InterlockedIncrement(&link->refs);
	return call;
}

/*
 * Begins a call: as whom, and at which host. Opening never tells that there is no such server: the first question
 * does. Only that question opens it, and others wait for its answer. Returns false if that fails; error is set then.
 */
static bool begin(struct wts_call *call)
{
	struct wts_link *link = call->link;

	SetLastError(0);
	if (link->token && !ImpersonateLoggedOnUser(link->token)) {
		call->error = last_error();
		return false;
	}
	if (link->name && !link->server)
		link->server = WTSOpenServerExW(link->name);
	if (link->name && !link->server)
		call->error = last_error();
	SetLastError(0);
	return call->error == 0;
}

static bool is_stopped(struct wts_call *call)
{
	return InterlockedCompareExchange(&call->stop, 0, 0);
}

/* Asks for one fact of a session. Returns whether it was told, in N bytes at least; WTSFreeMemory() in any case. */
static bool query(struct wts_call *call, struct wts_row *row, WTS_INFO_CLASS class, void *ret, DWORD n)
{
	DWORD n_told = 0;

	*(void **)ret = NULL;
	SetLastError(0);
	if (!WTSQuerySessionInformationW(call->link->server, row->row.id, class, ret, &n_told)) {
		row->error = last_error();
		return false;
	}
	if (!*(void **)ret || n_told < n)
		row->error = ERROR_INVALID_DATA;
	return row->error == 0;
}

static int64_t unix_us(LARGE_INTEGER time)
{
	return time.QuadPart > UNIX_EPOCH ? (time.QuadPart - UNIX_EPOCH) / 10 : 0;
}

static void ask_times(struct wts_call *call, struct wts_row *row)
{
	struct station_row *to = &row->row;
	WTSINFOW *info;

	if (query(call, row, WTSSessionInfo, &info, sizeof(*info))) {
		to->connect_us = unix_us(info->ConnectTime);
		to->disconnect_us = unix_us(info->DisconnectTime);
		to->logon_us = unix_us(info->LogonTime);
		to->input_us = unix_us(info->LastInputTime);
		row->now_us = unix_us(info->CurrentTime);
		to->has |= STATION_HAS_DETAILS;
		if (!row->listed) {	/* names are cut here */
			info->WinStationName[WINSTATIONNAME_LENGTH - 1] = info->Domain[DOMAIN_LENGTH - 1] = L'\0';
			info->UserName[USERNAME_LENGTH] = L'\0';
			wts_text(to->name, sizeof(to->name), info->WinStationName);
			wts_text(to->domain, sizeof(to->domain), info->Domain);
			wts_text(to->user, sizeof(to->user), info->UserName);
			to->state = (uint32_t)info->State;
		}
	}
	WTSFreeMemory(info);
}

/* The address begins two bytes into its field, as in a sockaddr without the family. */
static void write_address(char *to, size_t size, const WTS_CLIENT_ADDRESS *address)
{
	const unsigned char *at = address->Address + 2;
	size_t n = 0;

	if (address->AddressFamily == 2)
		snprintf(to, size, "%u.%u.%u.%u", at[0], at[1], at[2], at[3]);
	for (int i = 0; address->AddressFamily == 23 && i < 16 && n < size; i += 2)
		n += (size_t)snprintf(to + n, size - n, "%s%x", i ? ":" : "", (unsigned)at[i] << 8 | at[i + 1]);
}

static void ask_client(struct wts_call *call, struct wts_row *row)
{
	WTS_CLIENT_ADDRESS *address = NULL;
	wchar_t *name = NULL;

	row->row.has |= STATION_HAS_CLIENT;
	if (query(call, row, WTSClientName, &name, sizeof(*name)))
		wts_text(row->row.client, sizeof(row->row.client), name);
	if (row->error == 0 && query(call, row, WTSClientAddress, &address, sizeof(*address)))
		write_address(row->row.address, sizeof(row->row.address), address);
	WTSFreeMemory(name);
	WTSFreeMemory(address);
}

void wts_run_details(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;

	if (!begin(call))
		return;
	for (size_t i = 0; i < call->n_rows && !is_stopped(call); i++) {
		call->rows[i].error = 0;
		call->rows[i].asked = true;
		if (call->facts & STATION_HAS_DETAILS)
			ask_times(call, &call->rows[i]);
		if (call->facts & STATION_HAS_CLIENT)
			ask_client(call, &call->rows[i]);
		InterlockedIncrement(&call->n_done);
	}
}

void wts_run_list(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;
	struct wts_session_info *rows = NULL;
	DWORD level = 1, n = 0;

	if (!begin(call))
		return;
	if (!WTSEnumerateSessionsExW(call->link->server, &level, 0, &rows, &n)) {
		call->error = last_error();
		return;
	}
	call->rows = calloc((size_t)n + 1, sizeof(*call->rows));
	if (!call->rows)
		call->error = ERROR_OUTOFMEMORY;
	for (DWORD i = 0; call->rows && i < n; i++) {
		struct station_row *to = &call->rows[call->n_rows].row;

		to->id = rows[i].SessionId;
		if (rows[i].State == WTSListen || station_is_listener(to))
			continue;
		to->state = (uint32_t)rows[i].State;
		wts_text(to->name, sizeof(to->name), rows[i].pSessionName);
		wts_text(to->user, sizeof(to->user), rows[i].pUserName);
		wts_text(to->domain, sizeof(to->domain), rows[i].pDomainName);
		call->rows[call->n_rows++].listed = true;
	}
	WTSFreeMemoryExW(WTS_FREE_SESSIONS, rows, n);
}

/* ---- programs ---- */

/*
 * SYSTEM and the two accounts of services; the window manager's and the font driver's accounts, one for each session.
 * Without these a session would have programs for as long as it is there.
 */
static enum wts_owner owner_of_sid(PSID sid)
{
	static const SID_IDENTIFIER_AUTHORITY nt = SECURITY_NT_AUTHORITY;
	DWORD first;

	if (!sid || !IsValidSid(sid) || *GetSidSubAuthorityCount(sid) == 0)
		return WTS_OWNER_UNKNOWN;
	if (memcmp(GetSidIdentifierAuthority(sid), &nt, sizeof(nt)) != 0)
		return WTS_OWNER_PERSON;
	first = *GetSidSubAuthority(sid, 0);
	if (*GetSidSubAuthorityCount(sid) == 1)
		return first >= 18 && first <= 20 ? WTS_OWNER_HOST : WTS_OWNER_PERSON;
	return first == 90 || first == 96 ? WTS_OWNER_HOST : WTS_OWNER_PERSON;
}

enum wts_owner wts_owner_of(HANDLE process)
{
	union {
		TOKEN_USER user;
		char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
	} told;
	enum wts_owner owner = WTS_OWNER_UNKNOWN;
	HANDLE token;
	DWORD n;

	if (!OpenProcessToken(process, TOKEN_QUERY, &token))
		return owner;
	if (GetTokenInformation(token, TokenUser, &told, sizeof(told), &n))
		owner = owner_of_sid(told.user.User.Sid);
	CloseHandle(token);
	return owner;
}

/* Names of accounts that were asked for: a domain controller may take its time over each. */
struct account {
	PSID sid;
	const char *name;	/* in the first program that has it */
};

static void name_owner(struct wts_call *call, PSID sid, char name[static 64], struct account **accounts,
		       size_t *n_accounts)
{
	wchar_t user[256], domain[256], *text = NULL;
	DWORD n_user = 256, n_domain = 256;
	SID_NAME_USE use;

	if (!sid || !IsValidSid(sid))
		return;
	for (size_t i = 0; i < *n_accounts; i++)
		if (EqualSid((*accounts)[i].sid, sid)) {
			snprintf(name, 64, "%s", (*accounts)[i].name);
			return;
		}
	if (LookupAccountSidW(call->link->name, sid, user, &n_user, domain, &n_domain, &use))
		wts_text(name, 64, user);
	else if (ConvertSidToStringSidW(sid, &text))
		wts_text(name, 64, text);
	LocalFree(text);
	/* Without memory it is asked again. */
	(void)array_add(accounts, n_accounts, &((struct account){ .sid = sid, .name = name }));
}

void wts_run_programs(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;
	struct account *accounts = NULL;
	WTS_PROCESS_INFOW *rows = NULL;
	DWORD level = 0, n = 0;
	size_t n_accounts = 0;

	if (!begin(call))
		return;
	if (!WTSEnumerateProcessesExW(call->link->server, &level, call->id, (LPWSTR *)(void *)&rows, &n)) {
		call->error = last_error();
		return;
	}
	call->programs = calloc((size_t)n + 1, sizeof(*call->programs));
	if (!call->programs)
		call->error = ERROR_OUTOFMEMORY;
	for (DWORD i = 0; call->programs && i < n; i++) {
		struct wts_program *to = &call->programs[call->n_programs];

		/* The first row may be that of nobody, 0. Some hosts tell of all sessions, whichever was asked for. */
		if (rows[i].ProcessId == 0 || (call->id != WTS_EVERY_SESSION && rows[i].SessionId != call->id))
			continue;
		call->n_programs++;
		to->pid = rows[i].ProcessId;
		to->session = rows[i].SessionId;
		to->owner = owner_of_sid(rows[i].pUserSid);
		if (to->owner == WTS_OWNER_PERSON)
			(void)CopySid(sizeof(to->sid), to->sid, rows[i].pUserSid);
		wts_text(to->command, sizeof(to->command), rows[i].pProcessName);
		if (call->names)
			name_owner(call, rows[i].pUserSid, to->user, &accounts, &n_accounts);
	}
	free(accounts);
	WTSFreeMemoryExW(WTS_FREE_PROCESSES, rows, n);
}

/* ---- acts ---- */

/* Never with wait: the call may then block for ever. Without, it returns at once. */
void wts_run_logoff(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;

	if (begin(call) && !WTSLogoffSession(call->link->server, call->id, FALSE))
		call->error = last_error();
}

/* Whether the session of CALL still is the logon that was meant: told so, or closing, as then it is nobody's new one. */
static bool is_same_logon(struct wts_call *call)
{
	struct wts_row row = { .row.id = call->id };

	ask_times(call, &row);
	return row.error ? wts_meaning(row.error) == -EALREADY : (uint64_t)row.row.logon_us == call->logon;
}

/* Whether the host still has PROGRAM, of the same person in the same session. */
static bool is_still(struct wts_call *call, const struct wts_program *program)
{
	WTS_PROCESS_INFOW *rows = NULL;
	DWORD level = 0, n = 0;
	bool found = false;

	SetLastError(0);
	if (!WTSEnumerateProcessesExW(call->link->server, &level, call->id, (LPWSTR *)(void *)&rows, &n))
		return false;
	for (DWORD i = 0; i < n; i++)
		found = found || (rows[i].ProcessId == program->pid && rows[i].SessionId == program->session &&
				  rows[i].pUserSid && IsValidSid(rows[i].pUserSid) &&
				  EqualSid(rows[i].pUserSid, (PSID)program->sid));
	WTSFreeMemoryExW(WTS_FREE_PROCESSES, rows, n);
	return found;
}

void wts_run_end(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;

	if (!begin(call))
		return;
	/* First the programs, then the session: what is there while it is the same logon is that logon's. */
	for (size_t i = 0; i < call->n_programs && !is_stopped(call); i++) {
		if (!is_still(call, &call->programs[i]))
			continue;
		if (!is_same_logon(call) || is_stopped(call))
			return;
		SetLastError(0);
		if (WTSTerminateProcess(call->link->server, call->programs[i].pid, 1))
			call->answer++;
		else if (GetLastError() != ERROR_INVALID_PARAMETER)	/* it has ended */
			call->error = last_error();
	}
}

/* winsta.dll stays loaded: the thread may be left behind in it. */
void wts_run_reset(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;
	HMODULE winsta = LoadLibraryExW(L"winsta.dll", NULL, 0);
	reset_func reset = winsta ? (reset_func)(void *)GetProcAddress(winsta, "WinStationReset") : NULL;

	if (!reset)
		call->error = ERROR_CALL_NOT_IMPLEMENTED;
	else if (begin(call) && !reset(call->link->server, call->id, FALSE))
		call->error = last_error();
}

/* Lengths are in bytes. An empty title is an error on some versions, and "Error" on others. */
void wts_run_message(struct thread_call *thread)
{
	struct wts_call *call = (struct wts_call *)thread;

	if (begin(call) &&
	    !WTSSendMessageW(call->link->server, call->id, call->title, (DWORD)(wcslen(call->title) * sizeof(wchar_t)),
			     call->text, (DWORD)(wcslen(call->text) * sizeof(wchar_t)),
			     MB_OK | MB_ICONINFORMATION | MB_SETFOREGROUND, call->seconds, &call->answer, call->wait))
		call->error = last_error();
}
