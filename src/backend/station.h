/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * station.h - rows of a Windows host become sessions: state, name, kind, client, times.
 *
 * No sockets, no clock, and no operating system. The times of a row are those of the host's clock, which the caller knows.
 */
#ifndef BACKEND_STATION_H
#define BACKEND_STATION_H

#include "core/host.h"
#include "tsts/row.h"

/* With the NUL. */
#define STATION_ID_MAX 11

/* Reads the id of a session. Returns 0, or -ENXIO if no session can have that id. */
int station_parse_id(const char *text, uint32_t *ret_id);

/* Tells whether ROW is a listener, which waits for clients: it has no session's id. */
bool station_is_listener(const struct station_row *row);

/* Ends every text of ROW, which may come from anywhere. */
void station_end_texts(struct station_row *row);

/* Makes SESSION, which is new, what ROW tells. Times and client that ROW lacks are to be asked for. Returns 0 or -ENOMEM. */
int station_fill(struct logoff_session *session, const struct station_row *row);

/* Fills in the times, and by them which logon it is. Ages are to be measured by station_set_ages(). */
void station_set_times(struct logoff_session *session, const struct station_row *row);

/* Fills in the client and its address. What there is no memory for stays unknown. */
void station_set_client(struct logoff_session *session, const struct station_row *row);

/*
 * When somebody did something in the session of ROW for the last time: the last input, or the disconnection if the host tells
 * nothing better. 0: not known.
 */
int64_t station_input_us(const struct station_row *row);

/*
 * Which logon has the id of ROW, whose times are known. The time of the logon tells a user's logons apart; where nobody has logged
 * on, the time of the connection does. 0: not known.
 */
uint64_t station_logon(const struct station_row *row);

/* Measures age and idle time of SESSION, in which nobody has done anything since INPUT_US, by the host's clock: NOW_US (0: not known). */
void station_set_ages(struct logoff_session *session, int64_t input_us, int64_t now_us);

/* Makes the times that are not known tell that the host has not answered, if R says so: that is not the same as not known. */
void station_owe_times(struct logoff_session *session, int r);

/* Tells whether USER and OTHER are two users: then it is two logons, whatever their times. What is not known may be the same. */
bool station_are_others(const char *user, const char *other);

/* Takes from FROM what STATION_HAS_* HAS names into TO, unless it is the row of another logon by now. */
void station_complete(struct station_row *to, const struct station_row *from, uint32_t has);

/*
 * Tells whether NOW (NULL: not told), which has the id of SESSION, is the same logon. What the host never told of SESSION makes no
 * difference.
 * Returns 0, -ENXIO (another logon), or -EAGAIN (it cannot be told).
 */
int station_check_same(const struct logoff_session *session, const struct logoff_session *now);

#endif
