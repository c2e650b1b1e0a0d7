/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.h - the settings of the MS-TSTS service: a file of lines `KEY = VALUE`, logoff-server.conf(5).
 *
 * A file with an unknown key or a wrong value is refused whole: a service with other settings than its administrator
 * believes must not start. Without the file the defaults hold.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_QUERY_SIZE 1024

struct settings {
	char query[SETTINGS_QUERY_SIZE];	/* groups whose members see the sessions of others; "*": all do */
	uint32_t grace_s, warn_s;		/* of RpcLogoff */
	/* What one client can make the service keep. A client is an account, however many connections it has. */
	uint32_t max_handles, max_waits;
	uint32_t max_boxes;			/* messages that wait for an answer */
	uint32_t max_peers;			/* processes of logoff-host that carry out changes */
	uint32_t max_all_peers;			/* processes of all clients */
};

/* The defaults. */
extern const struct settings settings_default;

/* Takes one line, which has no newline, into SETTINGS. Returns NULL, or what is wrong, a static text. */
const char *settings_take_line(struct settings *settings, const char *line);

/*
 * Reads the file PATH. A file that does not exist is an empty one. Returns false, and one line about the fault in WHY
 * of SIZE bytes.
 */
bool settings_read(struct settings *ret, const char *path, char *why, size_t size);

/* Finds the next group of a `query` list at *AT, and sets *AT behind it. Returns false at the end. */
bool settings_next_group(const char **at, char *ret_name, size_t size);

#endif
