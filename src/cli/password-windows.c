/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * password-windows.c - see password.h. The password is read from the console itself (CONIN$), without echo. Source:
 * "Using the high-level input and output functions" in Windows' documentation of consoles.
 */
#include "cli/password.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "cli/printable.h"

static HANDLE cancelled;	/* Ctrl-C during the question cancels it, and does no more */

static BOOL WINAPI note_cancel(DWORD type)
{
	if (type != CTRL_C_EVENT && type != CTRL_BREAK_EVENT)
		return FALSE;
	SetEvent(cancelled);
	return TRUE;
}

/* There is no core. What Windows Error Reporting may send is beyond the program. */
void password_expect(void)
{
}

static HANDLE open_console(const wchar_t *name)
{
	return CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
			   0, NULL);
}

/* What is typed, by a thread that is left behind if Ctrl-C comes: reading from a console cannot be given up. */
static struct {
	HANDLE in;
	wchar_t line[PASSWORD_SIZE];
	DWORD n;
	BOOL ok;
} reading;

static DWORD WINAPI read_console(void *unused)
{
	(void)unused;
	reading.ok = ReadConsoleW(reading.in, reading.line, PASSWORD_SIZE, &reading.n, NULL);
	return 0;
}

/* Returns 0, -E2BIG, or -ECANCELED where nothing was typed. */
static int take_line(char password[static PASSWORD_SIZE])
{
	DWORD n = reading.n;
	int length;

	if (n == 0)
		return -ECANCELED;
	if (reading.line[n - 1] != L'\n')
		return -E2BIG;
	while (n > 0 && (reading.line[n - 1] == L'\r' || reading.line[n - 1] == L'\n'))
		n--;
	if (n == 0)
		return -ECANCELED;
	length = WideCharToMultiByte(CP_UTF8, 0, reading.line, (int)n, password, PASSWORD_SIZE - 1, NULL, NULL);
	password[length] = '\0';
	return length > 0 ? 0 : -E2BIG;
}

/* Reads one line. Returns 0, -E2BIG, -ENOMEM, -EIO or -ECANCELED. */
static int read_line(HANDLE in, char password[static PASSWORD_SIZE])
{
	HANDLE waited[2] = { cancelled };
	int r;

	reading.in = in;
	reading.n = 0;
	waited[1] = CreateThread(NULL, 0, read_console, NULL, 0, NULL);
	if (!waited[1])
		return -ENOMEM;
	r = WaitForMultipleObjects(2, waited, FALSE, INFINITE) == WAIT_OBJECT_0 ? -ECANCELED : 0;
	CloseHandle(waited[1]);
	if (r == 0)
		r = reading.ok ? take_line(password) : -EIO;
	SecureZeroMemory(reading.line, sizeof(reading.line));
	return r;
}

static void write_text(HANDLE out, const char *text)
{
	wchar_t wide[sizeof(struct safe) + 128];
	int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, sizeof(wide) / sizeof(wide[0]));
	DWORD written;

	if (n > 1)
		(void)WriteConsoleW(out, wide, (DWORD)n - 1, &written, NULL);
}

/* Input typed before the question is discarded: it does not answer it. */
static int ask_on(HANDLE in, HANDLE out, const char *prompt, char password[static PASSWORD_SIZE])
{
	DWORD before;
	int r;

	if (!GetConsoleMode(in, &before))
		return -ENXIO;
	(void)FlushConsoleInputBuffer(in);
	if (!SetConsoleMode(in, (before | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT) & ~(DWORD)ENABLE_ECHO_INPUT))
		return -ENXIO;
	write_text(out, prompt);
	r = read_line(in, password);
	(void)SetConsoleMode(in, before);
	(void)FlushConsoleInputBuffer(in);	/* the rest of a line that was too long */
	write_text(out, "\n");
	return r;
}

int password_ask(const char *prompt, char password[static PASSWORD_SIZE])
{
	HANDLE in = open_console(L"CONIN$"), out = open_console(L"CONOUT$");
	int r = -ENXIO;

	*password = '\0';
	fflush(stdout);
	if (!cancelled)
		cancelled = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (in != INVALID_HANDLE_VALUE && out != INVALID_HANDLE_VALUE && cancelled) {
		(void)SetConsoleCtrlHandler(note_cancel, TRUE);
		r = ask_on(in, out, prompt, password);
		(void)SetConsoleCtrlHandler(note_cancel, FALSE);
	}
	if (in != INVALID_HANDLE_VALUE && r != -ECANCELED)	/* a thread may still read from it */
		CloseHandle(in);
	if (out != INVALID_HANDLE_VALUE)
		CloseHandle(out);
	return r;
}
