/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cancel-windows.c - see cancel.h. Sources: HandlerRoutine and ReadConsole in Windows' documentation.
 *
 * Windows calls the handler in a thread of its own. Ctrl-C and Ctrl-Break cancel; when the window is closed or the
 * session ends, Windows ends the program whatever it does. A program for which Ctrl-C is ignored from the start never
 * gets one.
 */
#include "cli/cancel.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <windows.h>

/* Made once, as the handler may use it at any time. */
static HANDLE cancelled;

static CRITICAL_SECTION held;

static BOOL WINAPI note_cancel(DWORD type)
{
	if (type != CTRL_C_EVENT && type != CTRL_BREAK_EVENT)
		return FALSE;
	SetEvent(cancelled);
	return TRUE;
}

int cancel_open(bool own)
{
	(void)own;
	if (!cancelled)
		cancelled = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (!cancelled || !SetConsoleCtrlHandler(note_cancel, TRUE))
		return -1;
	return (int)(intptr_t)cancelled;
}

void cancel_close(int fd, bool end)
{
	(void)fd;
	if (end)
		SetConsoleCtrlHandler(note_cancel, FALSE);
}

void cancel_again(int fd)
{
	if (fd != -1)
		ResetEvent(cancelled);
}

/* One read, in a thread that is left behind if the command is cancelled meanwhile. */
struct reading {
	char buffer[16384];
	size_t size;
	ssize_t n;
};

static DWORD WINAPI read_input(void *data)
{
	struct reading *reading = data;

	reading->n = read(STDIN_FILENO, reading->buffer, reading->size);
	reading->n = reading->n < 0 ? -errno : reading->n;
	return 0;
}

/* Reading from a console ends without a text when Ctrl-C is typed, perhaps before the handler is called. */
#define HANDLER_MS 100

ssize_t cancel_read(int fd, void *buffer, size_t size)
{
	static struct reading reading;	/* outlives the call, as the thread may */
	HANDLE waited[2] = { cancelled };
	DWORD got;

	reading.size = size < sizeof(reading.buffer) ? size : sizeof(reading.buffer);
	reading.n = 0;
	waited[1] = CreateThread(NULL, 0, read_input, &reading, 0, NULL);
	if (!waited[1])
		return -ENOMEM;
	got = fd == -1 ? WaitForSingleObject(waited[1], INFINITE) + 1 :
			 WaitForMultipleObjects(2, waited, FALSE, INFINITE);
	CloseHandle(waited[1]);
	if (fd != -1 && (got == WAIT_OBJECT_0 ||
			 (reading.n == 0 && WaitForSingleObject(cancelled, HANDLER_MS) == WAIT_OBJECT_0)))
		return -ECANCELED;
	if (reading.n > 0)
		memcpy(buffer, reading.buffer, (size_t)reading.n);
	return reading.n;
}

void cancel_discard_input(void)
{
	(void)FlushConsoleInputBuffer(GetStdHandle(STD_INPUT_HANDLE));
}

/* Writing to a pipe that nobody reads fails, and does no more. */
void cancel_outlive_reader(void)
{
}

static BOOL WINAPI leave(DWORD type)
{
	if (type != CTRL_C_EVENT && type != CTRL_BREAK_EVENT)
		return FALSE;
	EnterCriticalSection(&held);	/* for ever: nobody writes after this */
	TerminateProcess(GetCurrentProcess(), 0);
	return TRUE;
}

void cancel_means_success(void)
{
	InitializeCriticalSection(&held);
	SetConsoleCtrlHandler(leave, TRUE);
}

void cancel_hold(void)
{
	EnterCriticalSection(&held);
}

void cancel_release(void)
{
	LeaveCriticalSection(&held);
}
