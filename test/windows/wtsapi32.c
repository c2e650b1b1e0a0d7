/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wtsapi32.c - a wtsapi32.dll that plays a session host from the text file in %LOGOFF_PLAYED_HOST%. It stands beside the programs, and
 * Wine prefers it with WINEDLLOVERRIDES=wtsapi32,winsta=n. Each program that loads it has a host of its own, from the beginning. A
 * line is one of these, with times in milliseconds:
 *
 *   own ID                           the session of the caller
 *   host KEY=VALUE...
 *       delay=MS                     each call takes so long
 *       list-error=E list-hang=1     lists fail, or never come, from number list-from=N (of 1) on
 *       programs-error=E programs-hang=1  the same of programs
 *       programs-all=1               of all sessions, whichever is asked for
 *       quiet=1                      questions are no lines in the log: for measuring
 *   session ID NAME STATE DOMAIN USER KEY=VALUE...   "-": none. STATE: WTS_CONNECTSTATE_CLASS
 *       logon=S idle=S               seconds ago; -1: never
 *       times=moving|counting        a host that lies: the logon time is computed anew from now, or grows with each answer
 *       client=TEXT address=TEXT
 *       ends=MS                      after it was asked and its last program has ended; -1: only by a reset
 *       logoff-error=E logoff-busy=N log-offs fail, the first N with "busy"; logoff-hang=1: never return
 *       query-error=E query-closing=E  questions about it fail, or do once it is asked to end; query-hang=1: never return
 *       lacks=N-M                    lists number N to M lack it
 *       reset-error=E
 *       blank=MS                     so long after it was asked to end, nobody is logged on in it; blank-since=S: by a connection of then
 *       message-error=E answer=ID after=MS  message-hang=1
 *       becomes=N                    from question number N on, about it or about programs, it is another logon
 *       follows=USER                 another logon has its id as soon as it is gone
 *   process PID SESSION USER COMMAND KEY=VALUE...    USER: SYSTEM, LOCAL, NETWORK, DWM, UMFD, "?" (not told), or a name
 *       stays=1                      outlives its session
 *       term=MS                      ends so long after the session was asked to; -1: only by force
 *       immortal=E                   force fails
 *       slow=MS                      to end it by force takes so long
 *       from=MS until=MS             it begins and ends by itself, so long after the first call
 *       own=1                        it has the number of the program that asks
 *       real=1                       a process of Wine, whose number it has; the session must be that of Wine's processes, 1
 *       critical=1                   IsProcessCritical() says so of a real one
 *
 * A server called down1722 fails each question with that error, one called never answers none. Each call is a line in
 * %LOGOFF_PLAYED_LOG%, after the time since the first; the last line counts what was not freed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/wts-api.h"

#include <sddl.h>

#define MAX 1024
#define N_PROCESSES (8 * MAX)

struct session {
	DWORD id, state;
	wchar_t name[33], domain[64], user[64], client[64], follows[64];
	char address[64], times[16];
	long logon, idle, ends, logoff_error, logoff_busy, logoff_hang, query_error, query_closing, query_hang, lacks_from, lacks_to,
		reset_error, becomes, message_error, answer, after, message_hang, blank, blank_since,
		n_queries, n_questions;
	LONGLONG logon_at, idle_at;
	ULONGLONG asked, empty;		/* ticks; 0: not */
	BOOL gone, reset;
};

struct process {
	DWORD pid, session;
	wchar_t command[64];
	BYTE sid[SECURITY_MAX_SID_SIZE];
	long term, immortal, real, stays, slow, from, until, own, critical;
	BOOL person, has_sid, ended;
	ULONGLONG end;			/* tick; 0: not yet */
	HANDLE handle;			/* of a real one */
};

static struct session sessions[MAX];
static struct process processes[N_PROCESSES];
static unsigned n_sessions, n_processes, n_lists, n_program_lists;
static LONG n_blocks, n_servers;
static UINT_PTR first_handle, last_handle;
static DWORD own;
static long delay, list_error, list_hang, list_from = 1, programs_error, programs_hang, programs_from = 1, programs_all, quiet;
static ULONGLONG start;
static CRITICAL_SECTION lock;
static HINSTANCE self;
static FILE *log_file;

/* ---- the description ---- */

struct key {
	const char *name;
	long *number;
	wchar_t *wide;
	char *text;
};

static void to_wide(wchar_t *to, int size, const char *from)
{
	MultiByteToWideChar(CP_UTF8, 0, strcmp(from, "-") == 0 ? "" : from, -1, to, size);
}

/* Takes KEY=VALUE words; a word that nobody knows ends the program: it is a fault of the test. */
static void take_keys(char *rest, const struct key *keys)
{
	for (char *word = strtok(rest, " \t\r\n"); word; word = strtok(NULL, " \t\r\n")) {
		char *value = strchr(word, '=');
		const struct key *key = keys;

		if (value)
			*value++ = '\0';
		while (key->name && (!value || strcmp(key->name, word) != 0))
			key++;
		if (!key->name) {
			fprintf(stderr, "played host: %s?\n", word);
			TerminateProcess(GetCurrentProcess(), 99);
		}
		if (key->number)
			*key->number = atol(value);
		else if (key->wide)
			to_wide(key->wide, 64, value);
		else
			snprintf(key->text, 64, "%.63s", value);
	}
}

static LONGLONG ago(long seconds)
{
	LARGE_INTEGER t;
	FILETIME time;

	GetSystemTimeAsFileTime(&time);
	t.LowPart = time.dwLowDateTime;
	t.HighPart = (LONG)time.dwHighDateTime;
	return seconds < 0 ? 0 : t.QuadPart - (LONGLONG)seconds * 10000000;
}

static void take_session(char *rest)
{
	struct session *s = &sessions[n_sessions];
	char name[128] = "", domain[128] = "", user[128] = "", lacks[64] = "", address[64] = "", times[64] = "";
	int n = 0;
	const struct key keys[] = {
		{ "logon", &s->logon }, { "idle", &s->idle }, { "ends", &s->ends }, { "logoff-error", &s->logoff_error },
		{ "logoff-busy", &s->logoff_busy }, { "logoff-hang", &s->logoff_hang }, { "query-error", &s->query_error },
		{ "query-closing", &s->query_closing }, { "query-hang", &s->query_hang }, { "reset-error", &s->reset_error }, { "becomes", &s->becomes },
		{ "message-error", &s->message_error }, { "answer", &s->answer }, { "after", &s->after },
		{ "message-hang", &s->message_hang }, { "blank", &s->blank }, { "blank-since", &s->blank_since },
		{ "client", NULL, s->client }, { "follows", NULL, s->follows },
		{ "address", NULL, NULL, address }, { "times", NULL, NULL, times }, { "lacks", NULL, NULL, lacks }, { NULL } };

	*s = (struct session){ .logon = 3600, .idle = 60, .answer = IDOK, .blank_since = -1 };
	if (sscanf(rest, "%lu %127s %lu %127s %127s%n", &s->id, name, &s->state, domain, user, &n) != 5)
		TerminateProcess(GetCurrentProcess(), 98);
	to_wide(s->name, 33, name);
	to_wide(s->domain, 64, domain);
	to_wide(s->user, 64, user);
	take_keys(rest + n, keys);
	snprintf(s->address, sizeof(s->address), "%.63s", address);
	snprintf(s->times, sizeof(s->times), "%.15s", times);
	sscanf(lacks, "%ld-%ld", &s->lacks_from, &s->lacks_to);
	s->logon_at = ago(s->logon);
	s->idle_at = ago(s->idle);
	n_sessions++;
}

/* A SID for a name: always the same one. */
static void make_sid(struct process *p, const char *user)
{
	static const struct {
		const char *user, *sid;
	} known[] = { { "SYSTEM", "S-1-5-18" }, { "LOCAL", "S-1-5-19" }, { "NETWORK", "S-1-5-20" }, { "DWM", "S-1-5-90-0-2" },
		      { "UMFD", "S-1-5-96-0-2" } };
	unsigned long hash = 1000;
	char text[64];
	PSID sid;

	p->has_sid = strcmp(user, "?") != 0;
	p->person = TRUE;
	for (const char *at = user; *at; at++)
		hash = hash * 31 % 100000 + (unsigned char)*at;
	snprintf(text, sizeof(text), "S-1-5-21-1-2-3-%lu", hash);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(user, known[i].user) == 0) {
			p->person = FALSE;
			snprintf(text, sizeof(text), "%s", known[i].sid);
		}
	if (ConvertStringSidToSidA(text, &sid)) {
		CopySid(sizeof(p->sid), p->sid, sid);
		LocalFree(sid);
	}
}

static void note(const char *format, ...);

/* A process that sleeps until it is ended, by whomever; with this one at the latest. */
static void start_real(struct process *p)
{
	static HANDLE job;
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { .BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE };
	STARTUPINFOW info = { .cb = sizeof(info) };
	PROCESS_INFORMATION made;
	wchar_t path[MAX_PATH + 16];

	if (!job) {
		job = CreateJobObjectW(NULL, NULL);
		SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
	}
	GetModuleFileNameW(self, path, MAX_PATH);
	wcscpy(wcsrchr(path, L'\\') + 1, L"sleeper.exe");
	if (!CreateProcessW(path, NULL, NULL, NULL, FALSE, 0, NULL, NULL, &info, &made))
		TerminateProcess(GetCurrentProcess(), 97);
	AssignProcessToJobObject(job, made.hProcess);
	CloseHandle(made.hThread);
	p->handle = made.hProcess;
	p->pid = made.dwProcessId;
}

static BOOL WINAPI played_critical(HANDLE process, BOOL *ret)
{
	*ret = FALSE;
	for (unsigned i = 0; i < n_processes; i++)
		*ret = *ret || (processes[i].critical && processes[i].pid == GetProcessId(process));
	return TRUE;
}

static FARPROC WINAPI played_address(HMODULE module, const char *name)
{
	if ((UINT_PTR)name > UINT16_MAX && strcmp(name, "IsProcessCritical") == 0)
		return (FARPROC)(void *)played_critical;
	return GetProcAddress(module, name);
}

/* The program asks the system for IsProcessCritical(): it is given the one above. */
static void play_critical(void)
{
	BYTE *base = (BYTE *)GetModuleHandleW(NULL);
	IMAGE_NT_HEADERS *head = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
	IMAGE_DATA_DIRECTORY *at = &head->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
	DWORD before;

	for (IMAGE_IMPORT_DESCRIPTOR *from = (IMAGE_IMPORT_DESCRIPTOR *)(base + at->VirtualAddress); from->Name; from++)
		for (ULONG_PTR *to = (ULONG_PTR *)(base + from->FirstThunk); *to; to++)
			if (*to == (ULONG_PTR)GetProcAddress && VirtualProtect(to, sizeof(*to), PAGE_READWRITE, &before))
				*to = (ULONG_PTR)played_address;
}

static void take_process(char *rest)
{
	struct process *p = &processes[n_processes];
	char user[128] = "", command[128] = "";
	int n = 0;
	const struct key keys[] = { { "term", &p->term }, { "immortal", &p->immortal }, { "real", &p->real }, { "stays", &p->stays },
				    { "slow", &p->slow }, { "from", &p->from }, { "until", &p->until }, { "own", &p->own },
				    { "critical", &p->critical }, { NULL } };

	*p = (struct process){ 0 };
	if (sscanf(rest, "%lu %lu %127s %127s%n", &p->pid, &p->session, user, command, &n) != 4)
		TerminateProcess(GetCurrentProcess(), 98);
	to_wide(p->command, 64, command);
	make_sid(p, user);
	take_keys(rest + n, keys);
	if (p->own)
		p->pid = GetCurrentProcessId();
	if (p->real)
		start_real(p);
	if (p->critical)
		play_critical();
	n_processes++;
}

/* The next handle: the lowest that is free, so leaks show in it. */
static UINT_PTR free_handle(void)
{
	HANDLE handle = CreateEventW(NULL, FALSE, FALSE, NULL);

	CloseHandle(handle);
	return (UINT_PTR)handle;
}

static void load(void)
{
	const struct key keys[] = { { "delay", &delay }, { "list-error", &list_error }, { "list-hang", &list_hang },
				    { "list-from", &list_from }, { "programs-error", &programs_error },
				    { "programs-hang", &programs_hang }, { "programs-from", &programs_from },
				    { "programs-all", &programs_all }, { "quiet", &quiet }, { NULL } };
	const char *path = getenv("LOGOFF_PLAYED_HOST"), *log = getenv("LOGOFF_PLAYED_LOG");
	FILE *file = path ? fopen(path, "r") : NULL;
	char line[1024];

	first_handle = free_handle();
	start = GetTickCount64();
	log_file = log ? fopen(log, "a") : NULL;
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "own ", 4) == 0)
			own = (DWORD)atol(line + 4);
		else if (strncmp(line, "host ", 5) == 0)
			take_keys(line + 5, keys);
		else if (strncmp(line, "session ", 8) == 0 && n_sessions < MAX)
			take_session(line + 8);
		else if (strncmp(line, "process ", 8) == 0 && n_processes < N_PROCESSES)
			take_process(line + 8);
	}
	if (file)
		fclose(file);
}

/* ---- the host lives ---- */

static ULONGLONG now(void)
{
	return GetTickCount64() + 1;
}

static void note(const char *format, ...)
{
	va_list arguments;

	if (!log_file)
		return;
	fprintf(log_file, "+%llu ", GetTickCount64() - start);
	va_start(arguments, format);
	vfprintf(log_file, format, arguments);
	va_end(arguments);
	fflush(log_file);
}

static BOOL has_ended(struct process *p, ULONGLONG tick)
{
	if (!p->ended && (p->handle ? WaitForSingleObject(p->handle, 0) == WAIT_OBJECT_0 : p->end && p->end <= tick)) {
		p->ended = TRUE;
		note("ended %ls of session %lu\n", p->command, p->session);
	}
	return p->ended;
}

static BOOL has_begun(const struct process *p)
{
	return now() >= start + (ULONGLONG)p->from;
}

/* Whether lists of the programs of session ID tell of it. */
static BOOL is_told(const struct process *p, DWORD id)
{
	return has_begun(p) && !p->ended && (id == WTS_EVERY_SESSION || programs_all || p->session == id);
}

static void make_blank(struct session *s)
{
	*s->user = *s->name = 0;
	s->blank = 0;
	if (s->blank_since >= 0)
		s->logon_at = ago(s->blank_since);
	note("blank %lu\n", s->id);
}

/* Lets the time pass. */
static void step(void)
{
	static ULONGLONG last;
	ULONGLONG tick = now();

	if (tick == last)
		return;
	last = tick;
	for (unsigned i = 0; i < n_sessions; i++) {
		struct session *s = &sessions[i];

		s->empty = s->asked ? s->empty ? s->empty : tick : 0;
	}
	for (unsigned k = 0; k < n_processes; k++) {
		if (processes[k].until && tick >= start + (ULONGLONG)processes[k].until && !processes[k].end)
			processes[k].end = tick;
		if (has_begun(&processes[k]) && !has_ended(&processes[k], tick) && processes[k].person)
			for (unsigned i = 0; i < n_sessions; i++)
				if (sessions[i].id == processes[k].session && !sessions[i].gone)
					sessions[i].empty = 0;
	}
	for (unsigned i = 0; i < n_sessions; i++) {
		struct session *s = &sessions[i];

		if (s->blank && s->asked && tick >= s->asked + (ULONGLONG)s->blank)
			make_blank(s);
		if (s->gone || !(s->reset || (s->empty && s->ends >= 0 && tick >= s->empty + (ULONGLONG)s->ends)))
			continue;
		note("gone %lu\n", s->id);
		for (unsigned k = 0; k < n_processes; k++) {
			if (processes[k].session != s->id || processes[k].ended || processes[k].stays)
				continue;
			processes[k].ended = TRUE;
			if (processes[k].handle)
				TerminateProcess(processes[k].handle, 1);
		}
		if (*s->follows) {
			struct session other = { .id = s->id, .logon_at = ago(0), .idle_at = ago(0), .answer = IDOK };

			wcscpy(other.name, s->name);
			wcscpy(other.user, s->follows);
			*s = other;
		} else {
			s->gone = TRUE;
		}
	}
}

/* Every call begins so: the host's time passes, and a server may be down. The lock is held after it. */
static BOOL enter(HANDLE server)
{
	DWORD error = (DWORD)(UINT_PTR)server;

	if (error > 1) {
		if (error == 0xffff)
			Sleep(INFINITE);
		SetLastError(error);
		return FALSE;
	}
	EnterCriticalSection(&lock);
	if (!start)
		load();
	if (delay) {
		LeaveCriticalSection(&lock);
		Sleep((DWORD)delay);
		EnterCriticalSection(&lock);
	}
	step();
	return TRUE;
}

static BOOL leave(DWORD error)
{
	LeaveCriticalSection(&lock);
	if (error)
		SetLastError(error);
	return error == 0;
}

/* A call that does not return. The lock is held before, and not after. */
static void hang(const char *what)
{
	note("%s hangs\n", what);
	LeaveCriticalSection(&lock);
	Sleep(INFINITE);
}

static struct session *find(DWORD id)
{
	for (unsigned i = 0; i < n_sessions; i++)
		if (sessions[i].id == (id == WTS_CURRENT_SESSION ? own : id) && !sessions[i].gone)
			return &sessions[i];
	return NULL;
}

/* ---- memory, which the caller has to free by the right call ---- */

struct block {
	int type;
	ULONG n;
	LONGLONG data[];
};

enum { PLAIN = -1 };

static void *block_new(int type, ULONG n, size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	block->type = type;
	block->n = n;
	InterlockedIncrement(&n_blocks);
	return block->data;
}

static BOOL block_free(void *memory, int type, ULONG n)
{
	struct block *block = memory ? (struct block *)((char *)memory - sizeof(*block)) : NULL;

	if (!block)
		return TRUE;
	if (block->type != type || (type != PLAIN && block->n != n))
		note("freed by the wrong call\n");
	InterlockedDecrement(&n_blocks);
	free(block);
	return TRUE;
}

VOID WINAPI WTSFreeMemory(PVOID memory)
{
	block_free(memory, PLAIN, 0);
}

BOOL WINAPI WTSFreeMemoryExW(int type, PVOID memory, ULONG n)
{
	return block_free(memory, type, n);
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
	(void)reserved;
	self = instance;
	if (reason == DLL_PROCESS_ATTACH)
		InitializeCriticalSection(&lock);
	if (reason == DLL_PROCESS_DETACH) {
		note("end, %ld blocks and %ld servers left, the last list has seen %lld handles more\n", n_blocks, n_servers,
		     (long long)(last_handle - first_handle) / 4);
		for (unsigned i = 0; i < n_processes; i++)
			if (processes[i].handle)
				TerminateProcess(processes[i].handle, 1);
	}
	return TRUE;
}

/* ---- servers ---- */

HANDLE WINAPI WTSOpenServerExW(LPWSTR server)
{
	LPWSTR end = server;

	EnterCriticalSection(&lock);
	if (!start)
		load();
	note("open %ls\n", server);
	LeaveCriticalSection(&lock);
	InterlockedIncrement(&n_servers);
	if (wcscmp(server, L"never") == 0)
		return (HANDLE)0xffff;
	return (HANDLE)(UINT_PTR)(wcsncmp(server, L"down", 4) == 0 ? wcstoul(server + 4, &end, 10) : 1);
}

VOID WINAPI WTSCloseServer(HANDLE server)
{
	(void)server;
	InterlockedDecrement(&n_servers);
}

/* ---- questions ---- */

BOOL WINAPI WTSEnumerateSessionsExW(HANDLE server, DWORD *level, DWORD filter, struct wts_session_info **ret, DWORD *ret_n)
{
	struct wts_session_info *rows;
	DWORD n = 0;

	if (*level != 1 || filter != 0) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	if (!enter(server))
		return FALSE;
	if (!quiet)
		note("list\n");
	last_handle = free_handle();
	if ((long)++n_lists >= list_from && list_hang)
		hang("list");
	if ((long)n_lists >= list_from && list_error)
		return leave((DWORD)list_error);
	for (unsigned i = 0; i < n_sessions; i++)
		n += !sessions[i].gone && !((long)n_lists >= sessions[i].lacks_from && (long)n_lists <= sessions[i].lacks_to);
	*ret = rows = block_new(WTS_FREE_SESSIONS, n, (n + 1) * sizeof(*rows));
	*ret_n = n;
	for (unsigned i = 0; i < n_sessions; i++) {
		struct session *s = &sessions[i];

		if (s->gone || ((long)n_lists >= s->lacks_from && (long)n_lists <= s->lacks_to))
			continue;
		*rows++ = (struct wts_session_info){ i, (WTS_CONNECTSTATE_CLASS)(s->asked ? WTSDisconnected : s->state), s->id,
						     *s->name ? s->name : NULL, NULL, *s->user ? s->user : NULL,
						     *s->domain ? s->domain : NULL, NULL };
	}
	return leave(0);
}

static void tell_info(struct session *s, WTSINFOW *info)
{
	info->State = (WTS_CONNECTSTATE_CLASS)(s->asked ? WTSDisconnected : s->state);
	info->SessionId = s->id;
	wcsncpy(info->WinStationName, s->name, WINSTATIONNAME_LENGTH - 1);
	wcsncpy(info->Domain, s->domain, DOMAIN_LENGTH - 1);
	wcsncpy(info->UserName, s->user, USERNAME_LENGTH);
	info->LogonTime.QuadPart = !*s->user ? 0 : strcmp(s->times, "moving") == 0 ? ago(s->logon) :
				   strcmp(s->times, "counting") == 0 ? s->logon_at + s->n_queries * 72000000000 : s->logon_at;
	info->ConnectTime.QuadPart = s->logon_at;
	info->LastInputTime.QuadPart = s->state == WTSDisconnected ? 0 : s->idle_at;
	info->DisconnectTime.QuadPart = s->state == WTSDisconnected ? s->idle_at : 0;
	info->CurrentTime.QuadPart = ago(0);
	s->n_queries++;
}

/* One question more that may be the one at which the session becomes another logon. */
static void count_question(struct session *s)
{
	if (++s->n_questions != s->becomes)
		return;
	s->logon_at = ago(0);
	note("another logon\n");
}

static DWORD tell(struct session *s, WTS_INFO_CLASS class, void **ret, DWORD *ret_n)
{
	WTS_CLIENT_ADDRESS *address;
	unsigned a, b, c, d, words[8];

	switch (class) {
	case WTSSessionInfo:
		*ret = block_new(PLAIN, 0, *ret_n = sizeof(WTSINFOW));
		tell_info(s, *ret);
		return 0;
	case WTSSessionId:
		*ret = block_new(PLAIN, 0, *ret_n = sizeof(DWORD));
		*(DWORD *)*ret = s->id;
		return 0;
	case WTSClientName:
		*ret = block_new(PLAIN, 0, *ret_n = (DWORD)(wcslen(s->client) + 1) * 2);
		wcscpy(*ret, s->client);
		return 0;
	case WTSClientAddress:
		*ret = address = block_new(PLAIN, 0, *ret_n = sizeof(*address));
		if (sscanf(s->address, "%u.%u.%u.%u", &a, &b, &c, &d) == 4) {
			address->AddressFamily = 2;
			address->Address[2] = (BYTE)a, address->Address[3] = (BYTE)b;
			address->Address[4] = (BYTE)c, address->Address[5] = (BYTE)d;
		} else if (sscanf(s->address, "%x:%x:%x:%x:%x:%x:%x:%x", &words[0], &words[1], &words[2], &words[3], &words[4], &words[5],
				  &words[6], &words[7]) == 8) {
			address->AddressFamily = 23;
			for (int i = 0; i < 8; i++)
				address->Address[2 + 2 * i] = (BYTE)(words[i] >> 8), address->Address[3 + 2 * i] = (BYTE)words[i];
		}
		return 0;
	default:
		return ERROR_NOT_SUPPORTED;
	}
}

BOOL WINAPI WTSQuerySessionInformationW(HANDLE server, DWORD id, WTS_INFO_CLASS class, LPWSTR *ret, DWORD *ret_n)
{
	struct session *s;

	if (!enter(server))
		return FALSE;
	s = find(id);
	if (!quiet)
		note("query %ld %d\n", (long)id, class);
	if (!s)
		return leave(ERROR_CTX_WINSTATION_NOT_FOUND);
	count_question(s);
	if (class != WTSSessionId && s->query_hang)
		hang("query");
	if (class != WTSSessionId && s->query_error)
		return leave((DWORD)s->query_error);
	if (s->asked && s->query_closing)
		return leave((DWORD)s->query_closing);
	return leave(tell(s, class, (void **)ret, ret_n));
}

/* The first row is nobody's, as on some hosts. */
BOOL WINAPI WTSEnumerateProcessesExW(HANDLE server, DWORD *level, DWORD id, LPWSTR *ret, DWORD *ret_n)
{
	WTS_PROCESS_INFOW *rows;
	DWORD n = 1;

	if (*level != 0) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	if (!enter(server))
		return FALSE;
	if (!quiet)
		note("programs %ld\n", (long)id);
	for (unsigned i = 0; i < n_sessions; i++)
		count_question(&sessions[i]);
	if ((long)++n_program_lists >= programs_from && programs_hang)
		hang("programs");
	if ((long)n_program_lists >= programs_from && programs_error)
		return leave((DWORD)programs_error);
	for (unsigned i = 0; i < n_processes; i++)
		n += (DWORD)is_told(&processes[i], id);
	rows = block_new(WTS_FREE_PROCESSES, n, n * sizeof(*rows));
	*ret = (LPWSTR)rows;
	*ret_n = n;
	*rows = (WTS_PROCESS_INFOW){ 0, 0, NULL, NULL };
	for (unsigned i = 0; i < n_processes; i++) {
		struct process *p = &processes[i];

		if (is_told(p, id))
			*++rows = (WTS_PROCESS_INFOW){ p->session, p->pid, p->command, p->has_sid ? (PSID)p->sid : NULL };
	}
	return leave(0);
}

/* ---- acts ---- */

BOOL WINAPI WTSLogoffSession(HANDLE server, DWORD id, BOOL wait)
{
	struct session *s;

	if (!enter(server))
		return FALSE;
	s = find(id);
	note("logoff %lu wait=%d\n", id, wait);
	if (!s)
		return leave(ERROR_CTX_WINSTATION_NOT_FOUND);
	if (s->logoff_hang)
		hang("logoff");
	if (s->logoff_busy-- > 0)
		return leave(ERROR_CTX_WINSTATION_BUSY);
	if (s->logoff_error)
		return leave((DWORD)s->logoff_error);
	if (!s->asked)
		s->asked = now();
	for (unsigned i = 0; i < n_processes; i++)
		if (processes[i].session == s->id && processes[i].term >= 0 && processes[i].person && !processes[i].handle &&
		    !processes[i].end)
			processes[i].end = now() + (ULONGLONG)processes[i].term;
	return leave(0);
}

BOOL WINAPI WTSTerminateProcess(HANDLE server, DWORD pid, DWORD code)
{
	(void)code;
	if (!enter(server))
		return FALSE;
	for (unsigned i = 0; i < n_processes; i++) {
		if (processes[i].pid != pid || processes[i].ended || !has_begun(&processes[i]))
			continue;
		note("terminate %lu %ls%s\n", pid, processes[i].command, processes[i].person ? "" : ": Windows stops");
		if (processes[i].immortal)
			return leave((DWORD)processes[i].immortal);
		if (processes[i].slow) {
			LeaveCriticalSection(&lock);
			Sleep((DWORD)processes[i].slow);
			EnterCriticalSection(&lock);
		}
		processes[i].end = 1;
		has_ended(&processes[i], now());
		return leave(0);
	}
	note("terminate %lu: nobody\n", pid);
	return leave(ERROR_INVALID_PARAMETER);
}

/* The winsta.dll beside this one calls it. */
BOOLEAN WINAPI PlayedWinStationReset(HANDLE server, ULONG id, BOOLEAN wait)
{
	struct session *s;

	if (!enter(server))
		return FALSE;
	s = find(id);
	note("reset %lu wait=%d\n", id, wait);
	if (s && !s->reset_error)
		s->reset = TRUE;
	return (BOOLEAN)leave(s ? (DWORD)s->reset_error : ERROR_CTX_WINSTATION_NOT_FOUND);
}

BOOL WINAPI WTSSendMessageW(HANDLE server, DWORD id, LPWSTR title, DWORD title_bytes, LPWSTR text, DWORD text_bytes,
			    DWORD style, DWORD seconds, DWORD *ret, BOOL wait)
{
	struct session *s;
	DWORD pause;
	char utf8[1024] = "";

	(void)style;
	if (!enter(server))
		return FALSE;
	s = find(id);
	WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof(utf8), NULL, NULL);
	note("message %lu wait=%d seconds=%lu%s%s: %s\n", id, wait, seconds, *title ? "" : " no title",
	     title_bytes == wcslen(title) * 2 && text_bytes == wcslen(text) * 2 ? "" : " wrong length", utf8);
	if (!s)
		return leave(ERROR_CTX_WINSTATION_NOT_FOUND);
	if (s->message_hang)
		hang("message");
	if (s->message_error)
		return leave((DWORD)s->message_error);
	pause = !wait ? 0 : seconds && (DWORD)s->after > seconds * 1000 ? seconds * 1000 : (DWORD)s->after;
	*ret = !wait ? IDASYNC : seconds && (DWORD)s->after >= seconds * 1000 ? IDTIMEOUT : (DWORD)s->answer;
	leave(0);
	Sleep(pause);
	return TRUE;
}
