/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failure.h - why a host has not answered, in one line.
 *
 * ssh says why on standard error, and exits with 255. The text here has neither the name nor the address of the host,
 * so that equal texts of many hosts can be reported once. Source: OpenSSH 9.2 and 10.0, as seen.
 */
#ifndef FARM_FAILURE_H
#define FARM_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

enum farm_failure {
	FARM_NO_FAILURE,
	FARM_NOT_ASKED,			/* cancelled before it was asked */
	FARM_CANCELLED,			/* cancelled before it had answered */
	FARM_UNREACHABLE,
	FARM_LATE,			/* it has not answered in time */
	FARM_NOT_LET_IN,		/* it does not accept who we are, or refuses sudo */
	FARM_KEY_UNKNOWN,		/* its host key is not known */
	FARM_KEY_CHANGED,		/* its host key is not the one that ssh knows */
	FARM_NO_CLIENT,			/* the program that leads to it does not start here: ssh, ... */
	FARM_MISSING,			/* logoff-host is not installed there */
	FARM_NO_BRIDGE,			/* nor is what leads to its bus */
	FARM_NO_BUS,			/* nor may we use its bus */
	FARM_WRONG,			/* it answers against the protocol */
	FARM_FAILED,			/* logoff-host there says that its session host cannot be opened */
	FARM_BROKEN			/* the connection broke while it carried out an order */
};

#define FAILURE_TEXT_SIZE 256

/* The word of FAILURE for programs: a kind of failure in doc/json.md. Static. */
const char *failure_word(enum farm_failure failure);

/*
 * Copies a LINE of N bytes so that a terminal shows it and nothing else: other bytes than those of harmless characters
 * of UTF-8 become "?". It is cut if it is too long.
 */
void failure_copy(char text[static FAILURE_TEXT_SIZE], const char *line, size_t n);

/*
 * Tells why a child has ended before it had said hello: by the WORDS of N bytes that it has printed on standard error,
 * and by STATUS, as waitpid(2) tells it. BY_SSH: it is ssh, whose status other than 255 is that of the far command.
 * TEXT becomes one line, without characters that a terminal would obey; "" if nothing is known. Returns the failure,
 * never FARM_NO_FAILURE.
 */
enum farm_failure failure_find(const char *words, size_t n, int status, bool by_ssh,
			       char text[static FAILURE_TEXT_SIZE]);

/*
 * Tells whether such a child was shut out before anybody looked at who it is, as a host does that has too many
 * connections at once (MaxStartups): then it can be tried again. Returns true if so.
 */
bool failure_is_crowd(const char *words, size_t n, int status);

#endif
