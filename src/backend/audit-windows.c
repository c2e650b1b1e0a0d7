/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit-windows.c - see audit.h.
 */
#include "backend/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

#include "port/wide.h"

void audit_name_person(char name[static 64])
{
	wchar_t wide[257];
	DWORD n = sizeof(wide) / sizeof(wide[0]);
	char *text = GetUserNameW(wide, &n) ? wide_to_text(wide) : NULL;

	snprintf(name, 64, "%s", text ? text : "");
	free(text);
}
