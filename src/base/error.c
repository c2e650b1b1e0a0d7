/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error.c - see error.h.
 *
 * Texts may come from peers. They are cut to the size of the record at the end of a UTF-8 character.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
	if (strlen(to) == size - 1)
		utf8_cut(to);
}

static void __attribute__((format(printf, 4, 0)))
set(struct logoff_error *reterr, enum logoff_error_domain domain, int64_t number, const char *format, va_list arguments)
{
	reterr->domain = domain;
	reterr->number = number;
	reterr->name[0] = '\0';
	if (vsnprintf(reterr->text, sizeof(reterr->text), format, arguments) >= (int)sizeof(reterr->text))
		utf8_cut(reterr->text);
}

int error_set_errno(struct logoff_error *reterr, int r, int cause, const char *format, ...)
{
	va_list arguments;

	if (!reterr)
		return r;
	va_start(arguments, format);
	set(reterr, LOGOFF_ERROR_ERRNO, -(int64_t)cause, format, arguments);
	va_end(arguments);
	return r;
}

int error_set_dbus(struct logoff_error *reterr, int r, const char *name, const char *message)
{
	if (!reterr)
		return r;
	reterr->domain = LOGOFF_ERROR_DBUS;
	reterr->number = 0;
	copy_text(reterr->name, sizeof(reterr->name), name);
	copy_text(reterr->text, sizeof(reterr->text), message);
	return r;
}

int error_set_format(struct logoff_error *reterr, int r, unsigned line, const char *format, ...)
{
	va_list arguments;

	if (!reterr)
		return r;
	va_start(arguments, format);
	set(reterr, LOGOFF_ERROR_FORMAT, line, format, arguments);
	va_end(arguments);
	return r;
}

int error_set_win32(struct logoff_error *reterr, int r, uint32_t number, const char *text)
{
	if (!reterr)
		return r;
	reterr->domain = LOGOFF_ERROR_WIN32;
	reterr->number = number;
	reterr->name[0] = '\0';
	copy_text(reterr->text, sizeof(reterr->text), text);
	return r;
}
