/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsts-program.h - the program logoff-tsts: its start, orders to it, events from it (tsts/order.h), and its end.
 *
 * Nothing that a server or Samba's libraries do can keep the caller longer than it wants to wait: the program is a child with a
 * socket that never blocks, and it is killed when the host is closed.
 */
#ifndef BACKEND_TSTS_PROGRAM_H
#define BACKEND_TSTS_PROGRAM_H

#include <sys/types.h>

#include "tsts/order.h"

/* All zero but FD, which is -1: not started. */
struct tsts_program {
	pid_t pid;		/* 0: it has ended */
	int fd;
	uint32_t serial;	/* of the last order */
	bool is_known;		/* its stamp has come, and is ours */
	char *buffer;		/* events that have come, the last one perhaps in part */
	size_t n_buffer, room;
};

/* Starts the program. Returns 0, -EOPNOTSUPP (it is not installed) or -EHOSTUNREACH. */
int tsts_program_start(struct tsts_program *program, struct logoff_error *reterr);

/* Ends the program, with all that it has and knows; half a second at most. */
void tsts_program_end(struct tsts_program *program);

/*
 * Sends ORDER with the order.length bytes of DATA, of which UNTIL_US is the last moment that a reply is waited for. *RET_SERIAL is
 * what the reply will bear. Returns 0 or -EHOSTUNREACH.
 */
int tsts_program_send(struct tsts_program *program, struct order order, const void *data, uint64_t until_us, uint32_t *ret_serial,
		 struct logoff_error *reterr);

/* Waits until bytes have come. Returns 1, 0 if UNTIL_US has passed, -ECANCELED if CANCEL_FD (-1: none) is readable. */
int tsts_program_wait(struct tsts_program *program, int cancel_fd, uint64_t until_us);

/* Reads what has come. Returns 0, or -EHOSTUNREACH when the program has ended. */
int tsts_program_read(struct tsts_program *program, struct logoff_error *reterr);

/* Copies the head of the next event, if it has come whole. Returns 1, 0 (it has not) or -EHOSTUNREACH (not one of this version). */
int tsts_program_peek(struct tsts_program *program, struct event *ret_event, struct logoff_error *reterr);

/* Copies the rows that follow the next event, EVENT. The caller frees *RET_ROWS. Returns 0 or -ENOMEM. */
int tsts_program_copy_rows(const struct tsts_program *program, const struct event *event, void **ret_rows);

/* Drops the next event, EVENT, with its rows. */
void tsts_program_drop(struct tsts_program *program, const struct event *event);

#endif
