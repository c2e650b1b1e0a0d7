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

/* Ctrl-C during the question cancels it, and does no more. */
static BOOL WINAPI note_cancel(DWORD type)
{
	return type == CTRL_C_EVENT || type == CTRL_BREAK_EVENT;
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

/* Reads one line. Returns 0, -E2BIG, -ENOMEM, -EIO, or -ECANCELED where nothing was typed. */
static int read_line(HANDLE in, char password[static PASSWORD_SIZE])
{
	wchar_t line[PASSWORD_SIZE];
	DWORD n = 0;
	int r = 0;

	if (!ReadConsoleW(in, line, PASSWORD_SIZE, &n, NULL))
		return GetLastError() == ERROR_OPERATION_ABORTED ? -ECANCELED : -EIO;
	if (n == 0)
		return -ECANCELED;
	if (line[n - 1] != L'\n')
		r = -E2BIG;
	while (n > 0 && (line[n - 1] == L'\r' || line[n - 1] == L'\n'))
		n--;
	if (r == 0 && n == 0)
		r = -ECANCELED;
	n = r == 0 ? (DWORD)WideCharToMultiByte(CP_UTF8, 0, line, (int)n, password, PASSWORD_SIZE - 1, NULL, NULL) : 0;
	password[n] = '\0';
	SecureZeroMemory(line, sizeof(line));
	return r == 0 && n == 0 ? -E2BIG : r;
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
	(void)SetConsoleCtrlHandler(note_cancel, TRUE);
	if (in != INVALID_HANDLE_VALUE && out != INVALID_HANDLE_VALUE)
		r = ask_on(in, out, prompt, password);
	(void)SetConsoleCtrlHandler(note_cancel, FALSE);
	if (in != INVALID_HANDLE_VALUE)
		CloseHandle(in);
	if (out != INVALID_HANDLE_VALUE)
		CloseHandle(out);
	return r;
}
