/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory.h - a Windows host that exists only in a text file, for rpcd_memory.
 *
 * The file is the truth: it is read again whenever it has changed, and what a call does (a session ends, a fault has
 * been told often enough) is written into it at once, so that a worker that dies loses nothing and a test reads the
 * outcome. What the lines mean is written in README.md. Nothing here knows of RPC.
 */
#ifndef DOMAIN_MEMORY_H
#define DOMAIN_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include <talloc.h>

struct memory_session {
	uint32_t id, state, type;
	const char *name, *user, *domain, *client, *address, *sid;
	double connect, disconnect, logon, input;	/* Unix time; 0: never */
	double serial;			/* of all the sessions that cases have ever described */
	bool locked;
	bool logoff_ignored, reset_ignored;
	uint32_t logoff_after_ms;
	uint32_t answer, answer_after_ms;		/* of its user to a message; 0: none */
};

struct memory_process {
	uint32_t pid, parent, session;
	const char *image, *sid;			/* sid NULL: not told */
	double create;
};

struct memory_listener {
	uint32_t id;
	const char *name;
};

/* What goes wrong with a call, once. Of two of a kind the first in the file counts. */
struct memory_fault {
	const char *line;
	const char *call;
	bool of_session, never, exit_before, exit_after, undone, hides, has_result, has_raw, has_cut;
	uint32_t session, skip, times, late_ms, rpc, result, cut, surplus, hidden;
	const uint8_t *raw;
	size_t n_raw;
	uint32_t poke_at;
	const uint8_t *poke;
	size_t n_poke;
};

struct memory {
	const char *folder;
	double ahead;			/* of this machine's clock is the host's, in seconds */
	struct memory_session *sessions;
	struct memory_process *processes;
	struct memory_listener *listeners;
	struct memory_fault *faults;
	uint32_t n_sessions, n_processes, n_listeners, n_faults;
	/* of the file it was read from */
	uint64_t ino, mtime_ns, size;
	struct memory *next;
};

/*
 * The host in FOLDER as it is now; references keep an older one alive. A file that is wrong is complained of on stderr.
 * Returns NULL if there is no such host.
 */
struct memory *memory_read(const char *folder);

/* The session ID of HOST. Returns NULL if there is none. */
struct memory_session *memory_session(struct memory *host, uint32_t id);

/* The fault that CALL on SESSION (-1: on none) is to have now; counted as told. Returns NULL if all goes well. */
struct memory_fault *memory_fault(struct memory *host, const char *call, int64_t session);

/* Ends SESSION and its processes, if it is still that logon of that description; the next logon of its id begins. */
void memory_end(const char *folder, uint32_t session, double logon, double serial);

/* Gives SESSION another value of KEY. */
void memory_set(const char *folder, uint32_t session, const char *key, const char *value);

/* Ends the process PID. */
void memory_end_process(const char *folder, uint32_t pid);

#endif
