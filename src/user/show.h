/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * show.h - between the ways on which a message is shown to a user, by this process that has become them: a notification of
 * their desktop (notify.c), a window on their display (window.c), or the page of their web console (page.c). show.c chooses.
 */
#ifndef USER_SHOW_H
#define USER_SHOW_H

#include <limits.h>
#include <stddef.h>

#include "user/job.h"

/* One message on its way. */
struct letter {
	const char *session;		/* its id */
	struct logoff_message message;	/* harmless already */
	char home[PATH_MAX];
	bool has_display;
	unsigned display;		/* 10 for ":10" */
	char authority[PATH_MAX];	/* "" where it is not known */
	char bus[PATH_MAX];		/* an address of D-Bus, or "" */
};

/* Tells the library that the message is on the screen, and that its answer is waited for, if that is so. */
void show_report(const struct letter *letter, struct logoff_delivery *delivery, enum logoff_channel channel);

/* When an answer is waited for no longer. */
uint64_t show_answer_deadline(const struct logoff_message *message);

/* Each shows the message, and waits for the answer if that is wanted. Returns 0, or why it is not shown. */
int show_notification(const struct letter *letter, struct logoff_delivery *delivery);
int show_window(const struct letter *letter, struct logoff_delivery *delivery);
int show_page(const struct letter *letter, struct logoff_delivery *delivery);

/*
 * The length of the first sentence of TEXT, if that is short enough for the title of a notification, which desktops cut off
 * at one line; else of all of it.
 */
size_t show_first_sentence(const char *text);

#endif
