/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authfile.h - opening the file of /authfile, which holds a password: only if nobody else can read or change it.
 */
#ifndef CLI_AUTHFILE_H
#define CLI_AUTHFILE_H

/* Why the file is not used. */
enum authfile_fault {
	AUTHFILE_UNREADABLE,	/* the errno says why */
	AUTHFILE_NO_FILE,	/* it is a folder, a device, a named pipe that somebody made */
	AUTHFILE_OF_OTHERS,	/* its author chooses the account that is used */
	AUTHFILE_OPEN_TO_OTHERS
};

/* Opens the file PATH. Returns a descriptor, or -errno and *ret_fault. */
int authfile_open(const char *path, enum authfile_fault *ret_fault);

/* Prints that the file PATH is open to others, and what to do about it. */
void authfile_report_open(const char *path);

#endif
