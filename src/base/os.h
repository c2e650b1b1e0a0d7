/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * os.h - what has another shape on each operating system. os-linux.c is the only file of this room that is for one system alone.
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <errno.h>
#include <stddef.h>

/* What formats mean: those of the C standard, which the first C library of Windows did not know. */
#ifdef _WIN32
#define OS_PRINTF gnu_printf
#else
#define OS_PRINTF printf
#endif

/* Errors that the C library of Windows lacks. They never leave the program. */
#ifdef _WIN32
#define ESTALE 10116
#define ENOTUNIQ 10076
#endif

/* The name of this machine, ended by a NUL; "" if it has none. */
void os_host_name(char *name, size_t size);

/* The variable NAME of the environment, or NULL; NULL too for a program that has more rights than its caller (setuid). */
const char *os_environment(const char *name);

#endif
