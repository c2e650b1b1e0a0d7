/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number.h - the number of a session: MS-TSTS, and with it Windows' commands, knows sessions by numbers only.
 *
 * Most ids have their number by rule, which can be reversed without knowing anything else:
 *
 *     id "1" to "32767"        1 to 32767
 *     id "c1" to "c16383"      32768 to 49150
 *
 * All other ids, such as "40000", have none by rule. The server of MS-TSTS gives such a session a number from 49152 to
 * 65535 when it first sees it, and writes it into a table, a file that only root can write. All others only read it.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NUMBER_NONE (-1)
#define NUMBER_MAX 65535
#define NUMBER_FIRST_LETTER 32768	/* that of "c1" */
#define NUMBER_FIRST_GIVEN 49152	/* of the table */

#define NUMBER_TABLE_PATH "/run/logoff/numbers"

/*
 * Reads TEXT, digits without a zero before them. Returns the number, or NUMBER_NONE if it is none from 0 to
 * NUMBER_MAX.
 */
int32_t number_parse(const char *text);

/* Returns the number that the session with this ID has by rule, or NUMBER_NONE. */
int32_t number_of_id(const char *id);

/* ---- the table: for Linux ---- */

/* A line of the table: "NUMBER LOGON ID". */
struct number_entry {
	int32_t number;
	int64_t logon_us;	/* when the user logged on: another logon may get the same id */
	char *id;
};

/* All zero is the empty table. */
struct number_table {
	struct number_entry *items;
	size_t n_items;
};

/*
 * Adds an entry; ID is copied. Returns 0, -EINVAL if a line cannot hold it, -EEXIST if its number is taken, or -ENOMEM.
 */
int number_table_add(struct number_table *table, int32_t number, int64_t logon_us, const char *id);

/*
 * The number of the session with this ID, whose user logged on at LOGON_US (-1: unknown, then it has none). Returns the
 * number, or NUMBER_NONE.
 */
int32_t number_table_find(const struct number_table *table, const char *id, int64_t logon_us);

/*
 * Reads a table from FROM into an empty TABLE. One wrong line makes all of it wrong. Returns 0, -EBADMSG, -EIO or
 * -ENOMEM.
 */
int number_table_parse(struct number_table *table, FILE *from);

/*
 * Reads the file at PATH into an empty TABLE, if nobody but root and the caller can have written it. Returns 0 or
 * -errno: -ENOENT if there is none, -EPERM if others can write it.
 */
int number_table_read(struct number_table *table, const char *path);

/* Replaces the file at PATH by TABLE; who reads it sees the old one or the new one. Returns 0 or -errno. */
int number_table_write(const struct number_table *table, const char *path);

/* Empties TABLE. */
void number_table_done(struct number_table *table);

#endif
