/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job.h - what the library (local/user.c) and logoff-user, the program that does what is done as another user, write to
 * each other.
 *
 * The socket is of the kind SOCK_SEQPACKET, which keeps messages apart. The library writes one job: a struct job_head, its
 * texts, each with its NUL, and numbers of processes. The program writes replies of fixed sizes, one message each, and
 * ends; what a job has for replies stands beside its kind. Both are from one build and on one machine. By the time it
 * replies the program is in the hands of the user, so the library checks what it reads.
 */
#ifndef USER_JOB_H
#define USER_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "logoff.h"

/* The socket, of the program. */
#define JOB_FD 3

/* Limits of a job: bytes of one message on the socket, bytes of a name with its NUL, processes. */
#define JOB_SIZE_MAX (128 << 10)
#define JOB_NAME_MAX 256
#define JOB_PROCESSES_MAX 4096

enum job_kind {
	JOB_LOOK_UP,		/* ask the name service, as who the caller is: texts USER, GROUP; one struct job_found */
	JOB_N_KINDS
};

/* What is asked of the name service. */
enum job_question { JOB_USER_NAME, JOB_USER_ID, JOB_GROUP, JOB_MEMBER };

/* Texts by their numbers. */
enum { JOB_USER, JOB_GROUP_NAME };
#define JOB_N_TEXTS 3

struct job_head {
	char version[16];		/* of both */
	uint32_t kind;			/* enum job_kind */
	uint32_t uid;			/* whom the program becomes; LOOK_UP: who is asked about */
	uint32_t question;		/* LOOK_UP: enum job_question */
	uint32_t n_text[JOB_N_TEXTS];	/* bytes of the texts that follow, with NUL; 0: there is none */
	uint32_t n_processes;		/* their numbers follow, int32_t each */
	uint64_t timeout_us;		/* after so long nobody reads a reply any more; 0: the program decides */
};

/* A job as both sides hold it. Texts that are not there are "". */
struct job {
	struct job_head head;
	const char *texts[JOB_N_TEXTS];
	const int32_t *processes;
};

/* LOOK_UP. */
struct job_found {
	int32_t result;			/* 1, 0 or -errno, as in local/nss.h */
	uint32_t uid;
	char name[JOB_NAME_MAX];
};

#endif
