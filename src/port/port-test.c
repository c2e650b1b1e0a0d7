/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * port-test.c - what only the unit tests use: see port.h.
 */
#include <windows.h>

int setenv(const char *name, const char *value, int overwrite)
{
	(void)overwrite;
	return _putenv_s(name, value);
}

int unsetenv(const char *name)
{
	return _putenv_s(name, "");
}

int nanosleep(const struct timespec *time, struct timespec *rest)
{
	(void)rest;
	Sleep((DWORD)(time->tv_sec * 1000 + time->tv_nsec / 1000000 + 1));
	return 0;
}

/*
 * msvcrt's makes its file in the root of the drive, where few users may write. Wine's finds a free name, deletes the file that holds
 * it, and creates it again: if another process takes the name in between, it returns NULL. This one opens the file that holds the name.
 * The file is deleted when it is closed ("D").
 */
FILE *tmpfile(void)
{
	wchar_t folder[MAX_PATH + 1], path[MAX_PATH + 1];

	if (!GetTempPathW(MAX_PATH + 1, folder) || !GetTempFileNameW(folder, L"log", 0, path))
		return NULL;
	return _wfopen(path, L"w+bD");
}
