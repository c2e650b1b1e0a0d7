/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trial.h - the days on which the nightly rule only says what it would do.
 *
 * They are counted in a file, with the settings they are about: other settings begin a new trial. A day counts once,
 * whatever the clock does and however often the rule runs.
 */
#ifndef NIGHTLY_TRIAL_H
#define NIGHTLY_TRIAL_H

/*
 * Counts TODAY ("2026-03-14") in the file PATH as a day of the trial of SETTINGS, which has N_DAYS. *ret_day is its
 * number, or 0 if the trial is over. Whatever the file says wrongly begins the trial anew. Returns 0, or -errno: then
 * the day is 1.
 */
int trial_count(const char *path, const char *settings, unsigned n_days, const char *today, unsigned *ret_day);

#endif
