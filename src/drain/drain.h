/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * drain.h - whether new logons are accepted on this machine: the state, and the proof that PAM follows it.
 *
 * The state is a file below /run (gone after a restart) or below /var/lib (stays). A program in PAM's account stack,
 * drain-refuses, reads it at each logon; whoever may write there decides. There are three answers: accepted, not
 * accepted, and unknown, if a file cannot be read or is not as drain_write() writes it. Unknown refuses nobody.
 *
 * ROOT is a descriptor of the folder "/", or of another one below which everything is looked for. Paths in results
 * begin with "/" all the same. No function waits for anything but a disk and another writer, except drain_prove() and
 * drain_refuses_user().
 */
#ifndef DRAIN_DRAIN_H
#define DRAIN_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#define DRAIN_NAME_SIZE 257		/* bytes of a user's name, with the NUL */
#define DRAIN_TEXT_SIZE 1025		/* bytes of the text for users, with the NUL */

/* Ordered: the last one is the strictest. */
enum drain_mode {
	DRAIN_ENABLED,			/* all logons are accepted */
	DRAIN_NEW,			/* no new sessions; users may return to those that they have */
	DRAIN_ALL			/* users may not even return from far */
};

struct drain_state {
	enum drain_mode mode;
	bool lasting;			/* stays over a restart */
	int64_t since_s;		/* Unix time of the change */
	char by[DRAIN_NAME_SIZE];	/* who made it; "": unknown */
	char text[DRAIN_TEXT_SIZE];	/* what users are shown, lines of harmless UTF-8; "": a sentence of ours */
};

/*
 * Reads the state. If there are both files, the stricter one counts. Returns 0, or -errno if the state is unknown, and
 * *RET_PATH, the file: -EBADMSG if it is not such a file.
 */
int drain_read(int root, struct drain_state *ret_state, const char **ret_path);

/*
 * Writes STATE in place of any former one; nobody sees half of it. DRAIN_ENABLED removes it. Returns 0, -EINVAL (a text
 * or name that may not be shown), or -errno and *RET_PATH, the file that could not be written or removed.
 */
int drain_write(int root, const struct drain_state *state, const char **ret_path);

/* What "change logon" is to do. */
enum drain_verb {
	DRAIN_QUERY,
	DRAIN_ENABLE,
	DRAIN_DISABLE,
	DRAIN_DRAIN,
	DRAIN_UNTIL_RESTART
};

/* The word for VERB in orders to logoff-host: "drain-until-restart". Returns it. */
const char *drain_verb_word(enum drain_verb verb);

/* Finds the verb that WORD is for. Returns whether there is one. */
bool drain_verb_find(const char *word, enum drain_verb *ret_verb);

/* The state that VERB, which is not DRAIN_QUERY, leads to; without a time, a name and a text. Returns it. */
struct drain_state drain_verb_state(enum drain_verb verb);

#define DRAIN_CONF "/etc/logoff/drain.conf"	/* the exempt groups */

/*
 * Tells whether the exempt groups are known; if not, everybody is let in. Returns 0, or -errno: -EBADMSG if a line is
 * wrong.
 */
int drain_check_conf(int root);

/* What becomes of a logon of an ordinary user. */
enum drain_proof {
	DRAIN_PROVED = 1,		/* refused, with our text */
	DRAIN_DISPROVED,		/* let in */
	DRAIN_UNPROVED			/* unknown: PAM has not answered, or has refused for a reason of its own */
};

/* To be called for each service that has a file in PAM's folders and begins sessions of people. */
typedef void (*drain_proof_func)(const char *service, enum drain_proof proof, void *data);

/*
 * Asks PAM, in a child process, whether each service refuses the user nobody with the text of STATE, which has been
 * written. A service has five seconds. Returns the number of services, or -errno: -ENOPKG if PAM cannot be loaded.
 */
int drain_prove(int root, const struct drain_state *state, drain_proof_func func, void *data);

/*
 * Asks PAM of this machine in the same way, for up to five seconds, whether sshd refuses USER with the text of STATE.
 * Returns true if so, false also if that is unknown.
 */
bool drain_refuses_user(const struct drain_state *state, const char *user);

#endif
