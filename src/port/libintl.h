/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libintl.h - gettext over catalogues within the program: see intl.c.
 */
#ifndef PORT_LIBINTL_H
#define PORT_LIBINTL_H

char *gettext(const char *text) __attribute__((format_arg(1)));
char *ngettext(const char *one, const char *many, unsigned long n) __attribute__((format_arg(1), format_arg(2)));

#endif
