/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * os.h - what differs between operating systems. Only buffer.c, number-table.c, os-linux.c, spawn-plan.c, stamp.c and
 * trusted.c are files of this folder for one system alone.
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The meaning of formats is that of the C standard. The first C library of Windows did not have it. */
#ifdef _WIN32
#define OS_PRINTF gnu_printf
#else
#define OS_PRINTF printf
#endif

/* The name of this machine, ended by a NUL; "" if it has none. */
void os_host_name(char *name, size_t size);

/*
 * The variable NAME of the environment, or NULL. NULL too in a program that has more rights than its caller (setuid).
 */
const char *os_environment(const char *name);

/* Ends this process at once, as if another had killed it. */
void os_end_self(void);

/*
 * To be called first by a program. A closed standard descriptor stays closed for use: no file opened later gets its
 * number.
 */
void os_hold_standard_files(void);

/*
 * Waits until FD (-1: none) is readable or TIMEOUT_US are over (UINT64_MAX: never). On Windows FD is a handle that can
 * be waited for, such as that of an event: only 32 bits of a handle are significant. Returns 1, or 0 if the time is
 * over.
 */
int os_wait(int fd, uint64_t timeout_us);

/* Waits until FD is readable. Returns false if nobody reads standard output any more. */
bool os_wait_with_reader(int fd);

#endif
