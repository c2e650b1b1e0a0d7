/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.h - between the delivery of messages (message.c) and what is done for it as the user (message-user.c).
 *
 * Terminals are written to by the caller itself. A desktop and a display let nobody in but their user, root neither, so
 * a child process becomes the user. It reports through a pipe that all children of one delivery share: one small write
 * for each report, which the kernel keeps in one piece.
 */
#ifndef HOST_MESSAGE_H
#define HOST_MESSAGE_H

#include "host/host.h"

/* A process and the user who may look into it. */
struct message_process {
	pid_t pid;
	uid_t uid;
};

/* One message on its way to one session. */
struct message_letter {
	size_t index;			/* for the reports */
	const struct logoff_session *session;
	const struct logoff_message *message;	/* harmless already */
	const struct message_process *processes;	/* of the host: in some lies the way to the desktop */
	size_t n_processes;
	int report_fd;
};

struct message_report {
	size_t index;
	bool final;			/* else: it is on the screen, and the answer is waited for */
	struct logoff_delivery delivery;
};

/* In a child process: becomes the user of the session, shows the message, reports, and ends. */
void message_as_user(const struct message_letter *letter) __attribute__((noreturn));

#endif
