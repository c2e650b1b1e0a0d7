/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * windows.c - a program in place of logoff-tsts and a Windows host behind it, for the recorded output of the commands.
 *
 * The answers depend on the name of the server, so the command line shows them: "ts1" is a host with sessions, the
 * other names refuse in one way each, and "echo" refuses and prints what it got (a password by its length). The
 * sessions are made by hand from MS-TSTS 3.3.4.1.8 and captured output of Windows' own tools. The real program is
 * tested in test/domain.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/stamp.h"
#include "tsts/order.h"

#define MINUTE INT64_C(60000000)
#define LOGON_US INT64_C(1741939320000000) /* 2025-03-14 08:02 */

static const struct {
	struct station_row row;
	int64_t idle_us;
	int asked;			/* what comes of logging it off */
	uint32_t answer;		/* to a message (MS-TSTS 3.5.4.1.10) */
} sessions[] = {
	{ { .id = 0, .state = 4, .name = "Services" } },
	{ { .id = 1, .state = 1, .name = "Console" } },
	{ { .id = 2, .name = "RDP-Tcp#10", .user = "bob", .domain = "EXAMPLE", .client = "BOBS-PC",
	    .address = "192.0.2.9" }, 449 * MINUTE, 0, 1 },
	{ { .id = 3, .state = 4, .user = "Carol", .domain = "EXAMPLE" }, 1563 * MINUTE, 0, 0 },
	{ { .id = 4, .name = "RDP-Tcp#12", .user = "Administrator", .domain = "TS1", .address = "2001:db8::7" },
	  0, -EACCES, 32000 },
	{ { .id = 5, .state = 1, .name = "RDP-Tcp#13" } },
	{ { .id = 6, .name = "RDP-Tcp#14", .user = "J\303\234RGEN", .domain = "EXAMPLE" }, 3 * MINUTE, -ETIMEDOUT, 2 },
	{ { .id = 65536, .state = 6, .name = "RDP-Tcp" } },
};

static const struct event_process processes[] = {
	{ 0, 0, "", "" },
	{ 4, 0, "SYSTEM", "System" },
	{ 5120, 2, "bob", "explorer.exe" },
	{ 6408, 2, "bob", "OnlineBackupClient.exe" },
	{ 7712, 3, "Carol", "WINWORD.EXE" },
	{ 7800, 4, "S-1-5-21-1-2-3-1104", "notepad.exe" },
};

#define N_SESSIONS (sizeof(sessions) / sizeof(sessions[0]))

static const struct {
	const char *server;
	int r;
	struct logoff_error error;
} refusals[] = {
	{ "wrong-password", -EKEYREJECTED, { LOGOFF_ERROR_NTSTATUS, 0xC000006D, "NT_STATUS_LOGON_FAILURE",
					     "the user name or the password is wrong" } },
	{ "no-rights", -EACCES, { LOGOFF_ERROR_HRESULT, 0x80070005, "", "access is denied" } },
	{ "late", -ETIMEDOUT, { LOGOFF_ERROR_ERRNO, ETIMEDOUT, "", "the server has not answered in time" } },
	{ "faulty", -EPROTO, { LOGOFF_ERROR_RPC, 0x000006F7, "", "" } },
	{ "unknown", -EHOSTUNREACH, { LOGOFF_ERROR_NTSTATUS, 0xC00000BE, "NT_STATUS_BAD_NETWORK_NAME", "" } },
	{ "hostile", -EHOSTUNREACH, { LOGOFF_ERROR_NTSTATUS, 0xC0000001, "\033[31m", "\033]0;\302\233\n" } },
};

static bool is_gone[N_SESSIONS], is_cut[N_SESSIONS];
static uint32_t terminated[8];
static size_t n_terminated;
static char server[256];

static void put(const void *data, size_t length)
{
	if (write(ORDER_FD, data, length) != (ssize_t)length)
		_exit(1);
}

static void get(void *data, size_t length)
{
	char *to = data;

	while (length > 0) {
		ssize_t n = read(ORDER_FD, to, length);

		if (n <= 0)
			_exit(0);
		to += n;
		length -= (size_t)n;
	}
}

static void reply(struct event news, const void *rows, size_t n_rows, size_t row_size)
{
	news.n_rows = (uint32_t)n_rows;
	news.length = (uint32_t)(n_rows * row_size);
	put(&news, sizeof(news));
	if (n_rows > 0)
		put(rows, n_rows * row_size);
}

static void refuse(const struct order *order, int r, struct logoff_error error)
{
	reply((struct event){ .serial = order->serial, .r = r, .error = error }, NULL, 0, 0);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct station_row row_of(size_t i)
{
	struct station_row row = sessions[i].row;

	if (is_cut[i]) {
		row.state = 4;
		row.name[0] = '\0';
	}
	row.has = STATION_HAS_DETAILS | STATION_HAS_CLIENT;
	row.logon_us = *row.user ? LOGON_US + row.id * MINUTE : 0;
	if (*row.user)
		row.input_us = now_us() - sessions[i].idle_us;
	return row;
}

static size_t index_of(uint32_t id)
{
	size_t i = 0;

	while (i < N_SESSIONS && (sessions[i].row.id != id || is_gone[i]))
		i++;
	return i;
}

/* "echo" prints what it got. "tickets" accepts the password "secret" only, and no password is an expired ticket. */
static void accept_user(const struct order *order, const struct order_logon *logon)
{
	struct event_account account = {};

	snprintf(account.name, sizeof(account.name), "%.100s%s%.100s", logon->domain, *logon->domain ? "\\" : "",
		 *logon->user ? logon->user : "root@EXAMPLE.COM");
	reply((struct event){ .serial = order->serial }, &account, 1, sizeof(account));
}

static void play_logon(const struct order *order)
{
	struct logoff_error error = { LOGOFF_ERROR_ERRNO, ECONNREFUSED, "", "" };
	struct order_logon logon;

	get(&logon, sizeof(logon));
	strcpy(server, logon.server);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strcmp(server, refusals[i].server) == 0) {
			refuse(order, refusals[i].r, refusals[i].error);
			return;
		}
	if (strcmp(server, "echo") == 0) {
		snprintf(error.text, sizeof(error.text),
			 "%.20s:%u user=%.30s domain=%.20s password=%d ccache=%.20s kerberos=%u%s", server, logon.port,
			 logon.user, logon.domain, logon.has_password ? (int)strlen(logon.password) : -1, logon.ccache,
			 logon.kerberos, logon.require_encryption ? " encrypted" : "");
		refuse(order, -EHOSTUNREACH, error);
	} else if (strcmp(server, "tickets") == 0 && strcmp(logon.password, "secret") != 0) {
		error = logon.has_password ? refusals[0].error :
			(struct logoff_error){ LOGOFF_ERROR_ERRNO, EKEYEXPIRED, "", "the ticket has expired" };
		refuse(order, -EKEYREJECTED, error);
	} else {
		accept_user(order, &logon);
	}
}

static void play_list(const struct order *order)
{
	struct station_row rows[N_SESSIONS];
	size_t n = 0;

	for (size_t i = 0; i < N_SESSIONS; i++)
		if (!is_gone[i])
			rows[n++] = row_of(i);
	reply((struct event){ .serial = order->serial }, rows, n, sizeof(rows[0]));
}

static void play_get(const struct order *order)
{
	size_t i = index_of(order->id);
	struct station_row row;

	if (i == N_SESSIONS) {
		refuse(order, -ENXIO, (struct logoff_error){ LOGOFF_ERROR_HRESULT, 0x80070002, "", "" });
		return;
	}
	row = row_of(i);
	reply((struct event){ .serial = order->serial }, &row, 1, sizeof(row));
}

/* -ETIMEDOUT: the server takes the order, and nothing happens. */
static void play_logoff(const struct order *order)
{
	size_t i = index_of(order->id);

	if (i == N_SESSIONS || (sessions[i].asked < 0 && sessions[i].asked != -ETIMEDOUT)) {
		refuse(order, i == N_SESSIONS ? -ENXIO : sessions[i].asked, refusals[1].error);
		return;
	}
	reply((struct event){ .serial = order->serial }, NULL, 0, 0);
	if (sessions[i].asked < 0)
		return;
	is_gone[i] = true;
	put(&(struct event){ .kind = EVENT_REMOVED, .id = order->id }, sizeof(struct event));
}

static void play_disconnect(const struct order *order)
{
	size_t i = index_of(order->id);

	if (i == N_SESSIONS || (sessions[i].asked < 0 && sessions[i].asked != -ETIMEDOUT)) {
		refuse(order, i == N_SESSIONS ? -ENXIO : sessions[i].asked, refusals[1].error);
		return;
	}
	reply((struct event){ .serial = order->serial }, NULL, 0, 0);
	is_cut[i] = sessions[i].asked == 0;
}

static bool is_terminated(uint32_t pid)
{
	for (size_t i = 0; i < n_terminated; i++)
		if (terminated[i] == pid)
			return true;
	return false;
}

static void play_processes(const struct order *order)
{
	struct event_process rows[sizeof(processes) / sizeof(processes[0])];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(processes) / sizeof(processes[0]); i++)
		if (!is_terminated(processes[i].pid))
			rows[n++] = processes[i];
	reply((struct event){ .serial = order->serial }, rows, n, sizeof(rows[0]));
}

/* Of session 4 none may be ended. */
static void play_terminate(const struct order *order)
{
	if (order->id == 7800) {
		refuse(order, -EACCES, refusals[1].error);
		return;
	}
	terminated[n_terminated++ % 8] = order->id;
	n_terminated = n_terminated > 8 ? 8 : n_terminated;
	reply((struct event){ .serial = order->serial }, NULL, 0, 0);
}

/* Writes down what was shown, if somebody wants to know. */
static void note(const struct order_message *message)
{
	const char *path = getenv("LOGOFF_TSTS_TOLD");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (file) {
		fprintf(file, "%s\n%s\n", message->title, message->text);
		fclose(file);
	}
}

static void play_message(const struct order *order)
{
	struct order_message message;
	size_t i = index_of(order->id);

	get(&message, sizeof(message));
	note(&message);
	if (i == N_SESSIONS || sessions[i].answer == 0)
		refuse(order, -EACCES, refusals[1].error);
	else
		reply((struct event){ .serial = order->serial, .answer = message.wait ? sessions[i].answer : 32001 },
		      NULL, 0, 0);
}

static void play(const struct order *order)
{
	switch ((enum order_kind)order->kind) {
	case ORDER_LOGON:
		play_logon(order);
		break;
	case ORDER_LIST:
	case ORDER_DETAILS:
	case ORDER_CLIENTS:
		play_list(order);
		break;
	case ORDER_GET:
		play_get(order);
		break;
	case ORDER_CLOCK:
		reply((struct event){ .serial = order->serial, .now_us = now_us() }, NULL, 0, 0);
		break;
	case ORDER_PROCESSES:
		if (strcmp(server, "no-rdp") == 0)
			refuse(order, -EOPNOTSUPP, (struct logoff_error){ LOGOFF_ERROR_NTSTATUS, 0xC0000034,
									 "NT_STATUS_OBJECT_NAME_NOT_FOUND", "" });
		else
			play_processes(order);
		break;
	case ORDER_LOGOFF:
		play_logoff(order);
		break;
	case ORDER_RESET:
		refuse(order, -EOPNOTSUPP, (struct logoff_error){ .domain = LOGOFF_ERROR_NONE });
		break;
	case ORDER_DISCONNECT:
		play_disconnect(order);
		break;
	case ORDER_TERMINATE:
		play_terminate(order);
		break;
	case ORDER_MESSAGE:
		play_message(order);
		break;
	}
}

int main(void)
{
	struct stamp stamp;
	struct order order;

	get(&stamp, sizeof(stamp));	/* of the same build as the library, whichever that is */
	put(&stamp, sizeof(stamp));
	for (;;) {
		get(&order, sizeof(order));
		play(&order);
	}
}
