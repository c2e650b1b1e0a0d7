/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * os-windows.c - see os.h.
 */
#include "base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <windows.h>

#include "port/wide.h"

/* The exit status of a process that SIGKILL has ended, as a shell on Linux tells it. */
#define STATUS_KILLED 137

void os_host_name(char *name, size_t size)
{
	wchar_t wide[256];
	DWORD n = sizeof(wide) / sizeof(wide[0]);
	char *text = GetComputerNameExW(ComputerNameDnsHostname, wide, &n) ? wide_to_text(wide) : NULL;

	snprintf(name, size, "%s", text ? text : "");
	free(text);
}

/* The values that os_environment() has returned. They are never freed: its callers may keep them. */
static struct variable {
	struct variable *next;
	const char *name;
	char *value;
} *variables;
static SRWLOCK variables_lock = SRWLOCK_INIT;

static const char *keep_variable(const char *name, const char *value)
{
	struct variable *variable = variables;

	while (variable && (strcmp(variable->name, name) != 0 || strcmp(variable->value, value) != 0))
		variable = variable->next;
	if (variable)
		return variable->value;
	variable = calloc(1, sizeof(*variable));
	if (!variable)
		return NULL;
	*variable = (struct variable){ variables, strdup(name), strdup(value) };
	if (!variable->name || !variable->value) {
		free((char *)variable->name);
		free(variable->value);
		free(variable);
		return NULL;
	}
	variables = variable;
	return variable->value;
}

/* No program has more rights than its caller here. */
const char *os_environment(const char *name)
{
	wchar_t *wide_name = wide_from_text(name), *wide = wide_name ? _wgetenv(wide_name) : NULL;
	char *text = wide ? wide_to_text(wide) : NULL;
	const char *value = NULL;

	if (text) {
		AcquireSRWLockExclusive(&variables_lock);
		value = keep_variable(name, text);
		ReleaseSRWLockExclusive(&variables_lock);
	}
	free(wide_name);
	free(text);
	return value;
}

void os_end_self(void)
{
	TerminateProcess(GetCurrentProcess(), STATUS_KILLED);
}

void os_hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (_get_osfhandle(fd) == -1)
			(void)_wopen(L"NUL", O_RDONLY);	/* takes the lowest number; writing to it fails */
}

int os_wait(int fd, uint64_t timeout_us)
{
	DWORD ms = timeout_us / 1000 >= INFINITE - 1 ? INFINITE : (DWORD)((timeout_us + 999) / 1000);

	if (fd != -1)
		return WaitForSingleObject((HANDLE)(intptr_t)fd, ms) == WAIT_OBJECT_0;
	Sleep(ms);
	return 0;
}

/* Only writing shows that the reader of a pipe has gone. */
bool os_wait_with_reader(int fd)
{
	(void)os_wait(fd, UINT64_MAX);
	return true;
}
