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
