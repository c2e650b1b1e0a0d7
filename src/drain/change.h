/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change.h - what "change logon" shows of the state, and its proof. ROOT is that of drain.h.
 */
#ifndef DRAIN_CHANGE_H
#define DRAIN_CHANGE_H

#include "drain/drain.h"

/* Reports that the file PATH, whose reading has failed with R, leaves the state unknown. Returns the exit status. */
int change_report_unknown(const char *path, int r);

/* Prints which logons are refused, and for how long. */
void change_show_mode(const struct drain_state *state);

/* Prints who has set STATE, when, and the text for users. */
void change_show_details(const struct drain_state *state);

/* Prints which files of PAM and systemd refuse more. Returns the exit status. */
int change_show_nologin(int root);

/* Prints how many sessions of people there are but for the caller's own. Returns the exit status. */
int change_show_left(void);

/* Reports each service of which it is not proved that it refuses logons while STATE is set. Returns the exit status. */
int change_prove(int root, const struct drain_state *state);

#endif
