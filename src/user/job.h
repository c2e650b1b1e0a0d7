/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job.h - what the library (local/user.c) and logoff-user, the program that does what is done as another user, write to
 * each other.
 *
 * The socket is of the kind SOCK_SEQPACKET, which keeps messages apart. The library writes one job: a struct job_head, its
 * texts, each with its NUL, and numbers of processes. The program writes replies of fixed sizes, one message each, and
 * ends; what a job has for replies stands beside its kind. Both are on one machine and should be from one build: to a job with the stamp
 * of another the program replies with its own stamp, and ends. By the time it replies the program is in the hands of the user, so
 * the library checks what it reads.
 */
#ifndef USER_JOB_H
#define USER_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/stamp.h"
#include "logoff.h"

/* The socket, of the program. */
#define JOB_FD 3

/* Limits of a job: bytes of one message on the socket, bytes of a name with its NUL, processes. */
#define JOB_SIZE_MAX (128 << 10)
#define JOB_NAME_MAX 256
#define JOB_PROCESSES_MAX 4096

enum job_kind {
	JOB_LOOK_UP,		/* ask the name service, as who the caller is: texts USER, GROUP; one struct job_found */
	JOB_IDLE_DISPLAY,	/* ask the X server of DISPLAY for its user's idle time; one struct job_idle */
	JOB_IDLE_DESKTOP,	/* ask the desktop of text SESSION over its user's bus for the same; starts nothing */
	JOB_LOGOUT,		/* have the desktop of text SESSION log its user off; struct job_logout, several */
	JOB_RELEASE,		/* as root: enter the cgroup CGROUP (its folder) and have elogind let go of text SESSION; struct
				   job_released */
	JOB_MESSAGE,		/* show TITLE and TEXT on the desktop of text SESSION, on DISPLAY, or in the web console with PAGE; struct
				   job_message, one that is not final if an answer is waited for */
	JOB_N_KINDS
};

/* What is asked of the name service. */
enum job_question { JOB_USER_NAME, JOB_USER_ID, JOB_GROUP, JOB_MEMBER };

/* Texts by their numbers. */
enum { JOB_USER, JOB_GROUP_NAME };
enum { JOB_SESSION, JOB_CGROUP };
enum { JOB_TITLE = 1, JOB_TEXT };		/* beside JOB_SESSION */
#define JOB_N_TEXTS 3

struct job_head {
	struct stamp stamp;		/* of the library */
	uint32_t kind;			/* enum job_kind */
	uint32_t uid;			/* whom the program becomes; LOOK_UP: who is asked about */
	uint32_t question;		/* LOOK_UP: enum job_question */
	uint32_t display;		/* 10 for ":10" */
	bool has_display;
	bool wait;			/* MESSAGE: for an answer */
	bool page;			/* MESSAGE: the session is of the web console */
	bool unused;			/* nothing that was in memory before goes out in a gap */
	uint32_t message_kind;		/* enum logoff_message_kind */
	int32_t beside, like;		/* MESSAGE: processes, see user/become.h; 0: none */
	uint64_t answer_ms;		/* so long an answer is waited for; 0: for ever */
	uint32_t n_text[JOB_N_TEXTS];	/* bytes of the texts that follow, with NUL; 0: there is none */
	uint32_t n_processes;		/* their numbers follow, int32_t each */
	uint64_t timeout_us;		/* after so long nobody reads a reply any more; 0: the program decides */
};

/* A job as both sides hold it. Texts that are not there are "". */
struct job {
	struct job_head head;
	const char *texts[JOB_N_TEXTS];
	const int32_t *processes;	/* MESSAGE: the user's, in some of which lies the way to their desktop; perhaps not aligned */
};

/* LOOK_UP. */
struct job_found {
	int32_t result;			/* 1, 0 or -errno, as in local/nss.h */
	uint32_t uid;
	char name[JOB_NAME_MAX];
};

/* IDLE_*. */
struct job_idle {
	int64_t idle_ms;		/* -1 or another negative number: not known */
};

/* LOGOUT. */
struct job_logout {
	uint32_t what;			/* enum job_logout_what */
	int32_t result;			/* OVER: 0, -ECANCELED: the desktop says no; or why it was not asked */
	char text[200];			/* its name; what objects; why */
};

enum job_logout_what { JOB_LOGOUT_ASKED, JOB_LOGOUT_HELD, JOB_LOGOUT_OVER };

/* The text of an OVER without an error, if the desktop itself has ended. */
#define JOB_LOGOUT_ENDED "ended"

/* MESSAGE. */
struct job_message {
	bool final;			/* else: it is on the screen, and the answer is waited for */
	struct logoff_delivery delivery;
};

/* RELEASE. */
struct job_released {
	int32_t result;			/* 0 or -errno */
};

/* So a stamp is no other reply. */
_Static_assert(sizeof(struct job_found) != sizeof(struct stamp) && sizeof(struct job_idle) != sizeof(struct stamp) &&
	       sizeof(struct job_logout) != sizeof(struct stamp) && sizeof(struct job_message) != sizeof(struct stamp) &&
	       sizeof(struct job_released) != sizeof(struct stamp), "each reply is known by its size");

#endif
