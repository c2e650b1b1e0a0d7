/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.h - what several calls answer: a session in each of the structures that MS-TSTS has for one.
 */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "server/call.h"

/* A FILETIME; 0, never, also for a time that is unknown (-1). */
uint64_t answer_time(int64_t us);

/* Copies TEXT; what does not fit is cut at a character. */
void answer_text(char *to, size_t size, const char *text);

/* Whether CALL's client sees SESSION. */
bool answer_shows(const struct call *call, const struct session *session);

/* Sets the value of a counter that is known. */
void answer_counter(const struct call *call, struct tsts_counter *counter);

/* WINSTATIONCLIENT and WINSTATIONINFORMATION. */
void answer_client(const struct session *session, struct tsts_client *ret);
void answer_information(const struct session *session, struct tsts_information *ret);

#endif
