/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * row.h - a row of a Windows host's list of sessions, with its ids, states and times. backend/station.h makes sessions of rows.
 */
#ifndef TSTS_ROW_H
#define TSTS_ROW_H

#include <stdint.h>

#define STATION_TEXT 128	/* bytes of a name, with the NUL; longer ones are cut at a character */

/* What a row knows. */
enum {
	STATION_HAS_DETAILS = 1,	/* the times; user and domain in any case */
	STATION_HAS_CLIENT = 2		/* client and address */
};

/* Times are in microseconds of Unix time, 0: never or not known (as the server's own zero). */
struct station_row {
	uint32_t id;
	uint32_t state;		/* WINSTATIONSTATECLASS (MS-TSTS 3.3.4.1.8) */
	uint32_t has;		/* STATION_HAS_* */
	char name[STATION_TEXT], user[STATION_TEXT], domain[STATION_TEXT];
	char client[STATION_TEXT], address[STATION_TEXT];
	int64_t connect_us, disconnect_us, logon_us, input_us;
};

#endif
