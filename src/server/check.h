/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check.h - logoff-server-check: one line for each thing that the service needs on this machine, and how to mend it.
 */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include <stdbool.h>

#include "server/probe.h"

/* What is found of one thing. */
enum finding {
	FINDING_OK,		/* it is as it should be */
	FINDING_NOTE,		/* the service works, but perhaps not as somebody expects */
	FINDING_PROBLEM,	/* the service cannot work */
	FINDING_UNKNOWN,	/* this program could not find it out */
	N_FINDINGS
};

/*
 * Prints a sentence, FORMAT, and below it how to mend that (MEND, NULL: nothing). Both are translated, and harmless:
 * foreign text has gone through safe().
 */
void check_say(enum finding finding, const char *mend, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Formats the MEND of check_say(). For use within one expression. Returns the text. */
struct sentence {
	char text[1536];
};

struct sentence check_write(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How often something was found. */
unsigned check_count(enum finding finding);

/* What is known of Samba. */
struct samba {
	bool installed;
	bool read;			/* its settings: SETTINGS has what testparm has printed */
	struct probe_output settings;
};

/* The parts of Samba, and the worker in it. check-samba.c. */
void check_samba(struct samba *samba);

/* The parts of this project: the program for the callers, the settings, the rights. check-own.c. */
void check_own(void);

#endif
