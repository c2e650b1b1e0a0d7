/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * os.h - what has another shape on each operating system. os-linux.c is the only file of this room that is for one system alone.
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <stddef.h>

/* The name of this machine, ended by a NUL; "" if it has none. */
void os_host_name(char *name, size_t size);

/* The variable NAME of the environment, or NULL; NULL too for a program that has more rights than its caller (setuid). */
const char *os_environment(const char *name);

#endif
