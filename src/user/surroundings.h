/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * surroundings.h - finding the way to a user's desktop as they would: by what is usual, or else by the environments of their
 * processes, any bytes of which may be hostile.
 */
#ifndef USER_SURROUNDINGS_H
#define USER_SURROUNDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The longest environment of a process that is read. */
#define SURROUNDINGS_MAX (128 << 10)

/*
 * Tells whether TEXT is exactly one address of a socket of this machine, unix:path=... or unix:abstract=...: nothing
 * that starts a program, and no second address behind it.
 */
bool surroundings_is_bus_address(const char *text);

/* Reads the environment of process PID into TEXT, ended by two null bytes. Returns its length, 0 if it may not be read. */
size_t surroundings_read(pid_t pid, char *text, size_t size);

/* Returns the value of variable NAME in an environment that has been read, or NULL. */
const char *surroundings_find(const char *text, size_t length, const char *name);

/*
 * Connects to the bus at ADDRESS; NULL: the usual place of the user who this process is. Calls over it may take TIMEOUT_US each.
 * *ret_bus is the caller's. Returns 0 or -errno.
 */
int surroundings_connect_bus(const char *address, uint64_t timeout_us, sd_bus **ret_bus);

#endif
