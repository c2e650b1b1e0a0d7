/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - what runs before main() of each program, which is called with its arguments in UTF-8. The linker lets the C library call
 * __wrap_main() in place of main() (--wrap=main).
 */
#include <windows.h>

#include "port/console.h"
#include "port/wide.h"

/* "msg *" means everybody, not every file of the folder. The name is MinGW's. */
int _dowildcard = 0;

char *program_invocation_short_name = "";

int __wrap_main(void);
int __real_main(int argc, char **argv);

/* Of the C library: cuts the command line as it does for wmain(). */
int __wgetmainargs(int *argc, wchar_t ***argv, wchar_t ***environment, int wildcards, int *start);

static void __attribute__((noreturn)) give_up(void)
{
	ExitProcess(3);		/* there is no memory to say so; as abort() does it */
}

/* Sets the name by which the program was called, "logoff" for "C:\bin\LOGOFF.EXE". */
static void set_name(const wchar_t *path)
{
	const wchar_t *name = path;
	char *dot;

	for (; *path; path++)
		if (*path == L'\\' || *path == L'/' || *path == L':')
			name = path + 1;
	program_invocation_short_name = wide_to_text(name);
	if (!program_invocation_short_name)
		give_up();
	_strlwr(program_invocation_short_name);
	dot = strrchr(program_invocation_short_name, '.');
	if (dot && strcmp(dot, ".exe") == 0)
		*dot = '\0';
}

int __wrap_main(void)
{
	wchar_t **wide, **environment;
	int argc, start = 0;
	char **argv;

	if (__wgetmainargs(&argc, &wide, &environment, _dowildcard, &start) < 0 || argc < 1)
		give_up();
	argv = calloc((size_t)argc + 1, sizeof(*argv));
	for (int i = 0; i < argc; i++)
		if (!argv || !(argv[i] = wide_to_text(wide[i])))
			give_up();
	/* As on Linux, where the help says so for the shell: that of Windows leaves the quotes. */
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "'*'") == 0)
			strcpy(argv[i], "*");
	set_name(wide[0]);
	console_begin();
	return __real_main(argc, argv);
}
