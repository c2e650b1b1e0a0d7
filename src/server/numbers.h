/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * numbers.h - the number of each session, as Windows' commands know it (base/number.h). Sessions whose id has none by
 * rule get theirs here, and it is written to a file: so a session keeps it when the service starts again, and the
 * local commands show the same.
 */
#ifndef SERVER_NUMBERS_H
#define SERVER_NUMBERS_H

#include "base/number.h"

#define N_GIVEN_NUMBERS (NUMBER_MAX - NUMBER_FIRST_GIVEN + 1)

struct numbers {
	const char *path;		/* the file; NULL: none */
	struct number_table table;
	int32_t last;			/* the last one that was given */
	bool changed;			/* since the file was written */
	uint64_t seen_us[N_GIVEN_NUMBERS];	/* when a session was last there */
};

/* Reads the file PATH. One that is wrong is as good as none. */
void numbers_open(struct numbers *numbers, const char *path);

/*
 * The number of the session ID with that logon, which is there at the time NOW_US; a new one if it has none. 0: there
 * is none left, the logon is unknown (-1), or no memory.
 */
uint32_t numbers_get(struct numbers *numbers, const char *id, int64_t logon_us, uint64_t now_us);

/* Frees the numbers of sessions that have not been there since SINCE_US. */
void numbers_drop(struct numbers *numbers, uint64_t since_us);

/* Writes the file if something has changed. */
void numbers_write(struct numbers *numbers);

#endif
