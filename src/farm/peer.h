/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peer.h - the child that serves one host: ssh, a program that enters a container, or logoff-host itself.
 *
 * Where ssh leads to a bus, logoff-host here gets ssh's standard output and input, and is the child that serves: then
 * there are two.
 *
 * Its descriptors do not block. It prints lines on standard output. The last of what it prints on standard error may
 * say why it has ended.
 */
#ifndef FARM_PEER_H
#define FARM_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"

/* All zero but the descriptors, which are -1, is none: PEER_NONE. */
struct peer {
	pid_t pid;			/* 0: none */
	int pidfd, in, out, err;	/* readable when it has ended; its standard files; -1: none, or closed */
	struct buffer lines, orders;	/* what it has printed; what is to be written to it */
	struct buffer words;		/* the last of its standard error */
};

#define PEER_NONE { .pidfd = -1, .in = -1, .out = -1, .err = -1 }

/*
 * Starts ARGV in a session of its own: Ctrl-C on the terminal is not for it, and it has no terminal on which it, or
 * what it starts (the ssh to a jump host), could ask for a password. PEER is none. Does not block. Returns 0 or
 * -errno: then PEER is none.
 */
int peer_start(struct peer *peer, char *const argv[]);

/*
 * Starts ARGV as PEER, with the standard output and input of CARRIER, which has been started, as its descriptors 3 and
 * 4. They are closed here. As peer_start() otherwise.
 */
int peer_start_over(struct peer *peer, struct peer *carrier, char *const argv[]);

/* Reads what it has printed on standard error, and keeps the last of it. */
void peer_read_words(struct peer *peer);

/* Closes its standard input, which tells it to end. */
void peer_close_input(struct peer *peer);

/* Sends SIGNAL to its process group. */
void peer_signal(const struct peer *peer, int signal);

/* Tells whether it has ended and can be waited for without blocking. */
bool peer_has_ended(const struct peer *peer);

/*
 * Waits for its end, which PEER->pidfd has announced or a signal will cause, and frees what PEER has but its words.
 * Returns the status as waitpid(2) tells it.
 */
int peer_end(struct peer *peer);

/* Frees its words. */
void peer_forget(struct peer *peer);

#endif
