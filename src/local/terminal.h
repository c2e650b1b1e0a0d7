/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * terminal.h - terminals: their names, and since when nobody has typed in them.
 *
 * Device numbers are those of stat's st_rdev and of field 7 of /proc/PID/stat. Sources: proc(5),
 * Documentation/admin-guide/devices.txt, include/linux/kdev_t.h.
 */
#ifndef LOCAL_TERMINAL_H
#define LOCAL_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TERMINAL_NAME 64	/* bytes, with the NUL */

/* The number of virtual terminal NUMBER (tty1 is 1). */
unsigned terminal_virtual(unsigned number);

/* Tells whether a device is one of tty1 to tty63. */
bool terminal_is_virtual(unsigned device);

/* Names a terminal as in /dev ("pts/3"); "" if it cannot be told. */
void terminal_name(unsigned device, char name[static TERMINAL_NAME]);

/* The number of the virtual terminal in front, 0 for none. */
unsigned terminal_in_front(void);

/* Tells whether NAME may be that of a terminal, as services put other words there ("ftp", "ssh"): a device in /dev, or a pty. */
bool terminal_is_one(const char *name);

/* Tells whether NAME is a character device in /dev that belongs to user UID. */
bool terminal_is_of(const char *name, uid_t uid);

/*
 * Tells whether /dev/NAME belongs to somebody who is neither UID nor root. Then a process of UID's that says it is on it is on
 * another one: a container numbers its own terminals alike, and a login record that nobody took away tells of a former process.
 */
bool terminal_is_foreign(const char *name, uid_t uid);

/*
 * How long nothing has been read from terminal NAME, in microseconds; 0 if its time is in the future. Both times are of a
 * clock that may have been set meanwhile. Returns -1 if it is not known.
 */
int64_t terminal_idle_us(const char *name);

#endif
