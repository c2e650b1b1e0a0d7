/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc.h - what the kernel and the login records say of processes: /proc, cgroup.procs, utmp, /proc/net/unix.
 *
 * The parsers take a buffer and give a struct; they do no I/O and trust nothing. The readers below them do the I/O.
 * Sources: proc(5), utmp(5), Documentation/admin-guide/cgroup-v2.rst.
 */
#ifndef LOCAL_PROC_H
#define LOCAL_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/process.h"

/* The audit session id and login uid of a process that has none. Never a session. */
#define PROC_NO_AUDIT UINT32_C(4294967295)

/* Displays above ":65536" are none. */
#define PROC_MAX_DISPLAYS 65536u

/* The fields of /proc/PID/stat that tell who a process is and to whom it belongs. */
struct proc_stat {
	pid_t pid;
	char command[32];
	char state;		/* 'Z' and 'X' have ended */
	pid_t parent;
	pid_t group;
	pid_t session;		/* the kernel's session (setsid), not a login session */
	unsigned terminal;	/* device number of the controlling terminal, 0 for none */
	bool kernel;		/* a thread of the kernel's */
	uint64_t start_time;	/* clock ticks since boot: with pid, the identity of a process */
};

/* One user line of utmp. */
struct proc_login {
	char line[33];		/* "pts/3" */
	char user[33];
	char remote[257];	/* host it came from, "" for none */
	pid_t pid;
	int64_t time_s;		/* Unix time of the logon */
};

/* ---- parsers ---- */

/* Parses the text of /proc/PID/stat. Returns 0 or -EPROTO. */
int proc_parse_stat(const char *text, size_t length, struct proc_stat *ret);

/* Parses a decimal number that fills the text but for one trailing newline. Returns 0 or -EPROTO (also on overflow). */
int proc_parse_number(const char *text, size_t length, uint32_t *ret);

/* Parses one utmp record (struct utmp). Returns 0, -ENOENT (not a user's login) or -EPROTO (size). */
int proc_parse_login(const void *record, size_t length, struct proc_login *ret);

/* Which program of an xrdp session has a socket for xrdp. */
enum proc_xrdp {
	PROC_XRDP_NONE,
	PROC_XRDP_CHANNELS,	/* its channel server */
	PROC_XRDP_SCREEN	/* its X server, xorgxrdp */
};

/*
 * Parses one line as those of /proc/net/unix. If it is the connected end of a socket by which xrdp reaches a session (a client is
 * there), returns whose; *ret_display is then N of display ":N". For xrdp 0.9 and 0.10 paths.
 */
enum proc_xrdp proc_parse_xrdp_socket(const char *line, size_t length, unsigned *ret_display);

/* ---- readers ---- */

/* Reads /proc/PID/stat. Returns 0, -ESRCH (no such process), -EACCES (it is there, but hidden from us) or a fatal errno. */
int proc_read_stat(pid_t pid, struct proc_stat *ret);

/* Reads /proc/PID/sessionid; PROC_NO_AUDIT where the kernel keeps none. Returns as proc_read_stat(). */
int proc_read_audit_session(pid_t pid, uint32_t *ret);

/*
 * Reads the audit session of process 1. In a container all processes may inherit it from whoever started the container:
 * it tells nothing of who logged on there. PROC_NO_AUDIT: process 1 has none, or that cannot be told.
 */
uint32_t proc_ambient_audit_session(void);

/* Reads /proc/PID/loginuid: the user who logged in, whoever they have become since. PROC_NO_AUDIT: the kernel does not say. */
uint32_t proc_read_login_uid(pid_t pid);

/* Reads all user lines of utmp. *ret_logins is the caller's: free(). A missing file is an empty list. */
int proc_read_logins(struct proc_login **ret_logins, size_t *ret_n_logins);

/*
 * Tells whether the host shows us no processes but our own (/proc mounted with hidepid): then a walk that has found
 * nobody means nothing.
 */
bool proc_hides(void);

/*
 * Calls FUNC for each running process (threads, zombies and kernel threads left out) with its pid. A non-zero return
 * of FUNC ends the walk and is returned. What is hidden from us is left out. Returns 0 or a fatal errno.
 */
int proc_for_each(int (*func)(const struct proc_stat *stat, void *userdata), void *userdata);

/* The same for each number of a process, kernel threads and zombies too: for those who need less than its state. */
int proc_for_each_pid(int (*func)(pid_t pid, void *userdata), void *userdata);

/* Whose a process is. */
struct proc_identity {
	uint32_t uids[4];	/* real, effective, saved, of files */
	bool contained;		/* it runs in a pid namespace below ours */
};

/* Reads that of PID. Returns 0, -ESRCH if it has ended or is hidden, or a fatal errno. */
int proc_read_identity(pid_t pid, struct proc_identity *ret);

/* The number that was last given to a process of the caller's pid namespace; 0: cannot be told. */
pid_t proc_last_pid(void);

/*
 * Calls FUNC with each number given out since *FROM, those of ended processes too, until no more are given out. A walk over /proc reads
 * numbers in batches and comes too late for a process that lives for microseconds; this comes right after its birth. *FROM is then
 * the last number that was called with. Returns 0: it was called with each of them; -EAGAIN: there are too many, or the numbers have
 * begun anew; -ENODATA: which were given out cannot be told; or what FUNC returned that is not 0.
 */
int proc_for_each_born(pid_t *from, int (*func)(pid_t pid, void *userdata), void *userdata);

/*
 * Adds every process of the cgroup directory PATH and of those below it to LIST. A directory that does not exist is
 * empty. Zombies are not counted. One that /proc hides has no name; one of another pid namespace has the number 0 as well,
 * of which there can be several. Returns 0, -EAGAIN (nobody was found, but the kernel says that somebody is there), or a fatal errno.
 */
int proc_list_cgroup(const char *path, struct process_list *list);

/* Tells whether the kernel says that there are processes in the cgroup PATH or below it. Version 1 does not say. */
bool proc_is_populated(const char *path);

/*
 * Finds out of each process in LIST why it does not end. The kernel tells root more than others: to those, what waits for
 * a file system may seem to wait for a device. A signature of struct host_backend.
 */
void proc_explain(struct process_list *list, struct logoff_host *host);

#endif
