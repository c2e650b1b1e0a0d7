/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trusted.h - opening a file whose author is obeyed: only if nobody but root and the caller can be that author.
 *
 * For Linux. On Windows cli/authfile-windows.c uses the faults, and has the rights that there are there.
 */
#ifndef BASE_TRUSTED_H
#define BASE_TRUSTED_H

/* What others must not be able to do with the file. */
enum trusted_use {
	TRUSTED_SECRET,		/* neither read nor change it; a pipe that the caller's shell made will do too */
	TRUSTED_UNCHANGED	/* change it */
};

/* Why the file is not used. */
enum trusted_fault {
	TRUSTED_UNREADABLE,	/* the errno says why */
	TRUSTED_NO_FILE,	/* it is a folder, a device, a named pipe that somebody made */
	TRUSTED_OF_OTHERS,	/* the file, or the link of its name, belongs neither to the caller nor to root */
	TRUSTED_OPEN_TO_OTHERS	/* others can do with it what USE forbids */
};

/*
 * Opens the file PATH for reading. Does not block, but reading a pipe does. The folders above PATH are not looked at.
 * Returns a descriptor, which the caller closes, or -errno and *ret_fault.
 */
int trusted_open(const char *path, enum trusted_use use, enum trusted_fault *ret_fault);

#endif
