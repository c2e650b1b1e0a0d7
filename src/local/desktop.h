/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desktop.h - the programs of a desktop that run in the user's service manager.
 *
 * GNOME and Plasma have the manager run the desktop and what its user starts there: user@UID.service has them, not the session.
 * They end with the manager. Where the manager stays (the user lingers, or has another session) those that the desktop has
 * begun belong to its session: what lies in session.slice, applications in app.slice. Services of the user's own, which
 * also lie in app.slice, and what all sessions of a user share (the bus, sound) do not.
 * Sources: systemd.special(7), "Desktop environment integration" of systemd's documentation.
 */
#ifndef LOCAL_DESKTOP_H
#define LOCAL_DESKTOP_H

#include "local/proc.h"

/* Tells whether a unit, by its path below user@UID.service (it may end with the line), is of a desktop. */
bool desktop_is_unit(const char *path);

/* Tells whether a unit is a scope: a program has put what it started there, and not the manager. */
bool desktop_is_scope(const char *path);

/* Tells whether a unit is a scope into which a program of a session put what it started: see table_is_moved(). */
bool desktop_is_moved(const char *path);

/*
 * Tells whether a unit is a service that all desktops of a user need, and the manager has once. Whichever has begun it, it is of the
 * last of them that ends.
 */
bool desktop_is_common(const char *path);

/*
 * The programs of one desktop: when they have started, by the clock of table_start_us(), and its audit session, which programs have
 * that it has moved to the manager. What the manager itself has started has the manager's. One with another has come from
 * another session of the user, by ssh for example; without any, the nearest above it that is in a session tells, as long
 * as it lives. What the manager runs for two desktops of the user at once, nobody can tell, but for the services that
 * all of them need.
 */
struct desktop_span {
	uint64_t since_us, until_us;	/* when it began; from when on programs are of a desktop that has begun since */
	uint64_t shared_us;		/* from when on the user has had another desktop beside it; UINT64_MAX: never */
	uint32_t audit_session;		/* PROC_NO_AUDIT: it has none, or it is not known */
	bool lost_audit;		/* it is not known, as the leader had ended */
	const char *id;			/* of the desktop's session; NULL: not known */
};

/*
 * Adds to LIST the processes below MANAGER, the control group of user@UID.service, that are of a desktop and have started
 * within SPAN. Those that /proc hides from the caller are taken by their unit alone, without a name. Returns 0, -EAGAIN: of some
 * processes it is not known now, LIST has the others, -ENODATA: of those in LIST nobody can tell whether they are, and no others are,
 * or a fatal errno.
 */
int desktop_list(const char *manager, struct desktop_span span, struct process_list *list);

/* Sends SIGNAL to each of them, but never to the calling process. Returns 0, -EPERM if some refused, or a fatal errno. */
int desktop_signal(const char *manager, struct desktop_span span, int signal);

#endif
