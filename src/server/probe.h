/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe.h - what logoff-server-check finds out about this machine: what programs print, files and ports.
 *
 * The parsers take a text and do no I/O. Their sources: testparm(1), pdbedit(8), nsswitch.conf(5), group(5), passwd(5),
 * proc(5), and what Samba's workers print for "--list-interfaces".
 */
#ifndef SERVER_PROBE_H
#define SERVER_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- parsers ---- */

/* Finds KEY in the section [global] that "testparm -sv" prints. Returns false if it is not there. */
bool probe_setting(const char *text, const char *key, char *ret_value, size_t size);

/* Finds the role in the same text: "STANDALONE" of ROLE_STANDALONE. Returns false if it is not there. */
bool probe_role(const char *text, char *ret_role, size_t size);

/* Counts the accounts that "pdbedit -L" prints, and those without a user of this machine. Returns the first number. */
size_t probe_accounts(const char *text, size_t *ret_n_homeless);

/* Tells whether "--list-interfaces" of a worker prints the pipe NAME. */
bool probe_has_pipe(const char *text, const char *name);

/* Tells whether the line of DATABASE in nsswitch.conf has the word SERVICE. */
bool probe_nss_has(const char *text, const char *database, const char *service);

/* Tells whether the line of DATABASE there names only this machine's own sources, or is missing. */
bool probe_nss_is_local(const char *text, const char *database);

/*
 * Tells whether the group NAME has a member in the texts of /etc/group and /etc/passwd, be it as the primary group.
 * Returns 1, 0 or -ENOENT (the group is not there).
 */
int probe_has_member(const char *groups, const char *users, const char *name);

/* Where somebody listens. */
enum probe_listener { PROBE_NOBODY, PROBE_LOOPBACK, PROBE_NETWORK };

/* The widest address on which somebody listens on PORT, in the text of /proc/net/tcp or /proc/net/tcp6. */
enum probe_listener probe_listener(const char *text, unsigned port);

/*
 * The first line in which one of Samba's programs says what is wrong: not blank, no head of an entry of its log,
 * nothing of the files that it has read. Returns false if there is none.
 */
bool probe_cause(const char *text, char *ret_line, size_t size);

/* ---- questions to this machine ---- */

/* What a program has printed, on both outputs. What does not fit is left out. */
struct probe_output {
	char text[131072];
	int status;		/* of its exit; 128 or more: a signal */
};

/*
 * Finds the program NAME in the usual folders, whatever the caller's PATH. A NAME with a slash is a path. Returns
 * false if nobody can run it.
 */
bool probe_find(const char *name, char *ret_path, size_t size);

/*
 * Runs the program ARGV[0], as probe_find() finds it, without input and with LC_ALL=C. It is killed after 20 seconds.
 * Returns 0, -ENOENT if there is no such program, -ETIMEDOUT, or another -errno.
 */
int probe_run(const char *const argv[], struct probe_output *ret);

/* Reads a whole small file. Returns false if it is not there, or cannot be read (errno). */
bool probe_read(const char *path, char *ret_text, size_t size);

/* Finds the running process NAME that has written its number into FOLDER/NAME.pid. Returns the number, 0 or -errno. */
pid_t probe_runs(const char *folder, const char *name);

/* Finds the oldest child NAME of the process PARENT, and its start in Unix time. Returns false if there is none. */
bool probe_child(pid_t parent, const char *name, int64_t *ret_us);

/* Connects to the UNIX socket PATH, and closes it. Returns 0 or -errno. */
int probe_connect(const char *path);

/*
 * Finds the full name of this machine, as others call it in the network, if it leads here. Returns false if it leads
 * nowhere or to another machine; RET_NAME then has the name that was tried.
 */
bool probe_own_name(char *ret_name, size_t size);

#endif
