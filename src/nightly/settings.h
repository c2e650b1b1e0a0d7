/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.h - the settings of the nightly rule: a file of lines "name = value".
 *
 * The file is read strictly, as the rule logs users off while nobody looks: a name that is unknown or stands there
 * twice, or a value that is wrong, makes the whole file wrong.
 */
#ifndef NIGHTLY_SETTINGS_H
#define NIGHTLY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/* The first three are the limits. */
enum setting {
	SETTING_DISCONNECTED,
	SETTING_IDLE,
	SETTING_AGE,
	N_LIMITS,
	SETTING_WARN = N_LIMITS,
	SETTING_MESSAGE,
	SETTING_EXCLUDE,
	SETTING_KEEP,
	SETTING_BUSY,
	SETTING_CONSOLE,
	SETTING_RULE,
	SETTING_TRIAL,
	N_SETTINGS
};

/* The values as they stand in the file, without blanks around them and in lists; NULL: not set. */
struct settings {
	char *values[N_SETTINGS];
};

enum settings_fault_kind {
	SETTINGS_NO_LINE,	/* no "name = value", a comment or nothing */
	SETTINGS_UNKNOWN,	/* there is no setting of this name */
	SETTINGS_TWICE,
	SETTINGS_VALUE,		/* the value of this setting is wrong */
	SETTINGS_NO_LIMIT,	/* none is set, so the rule would mean nobody; no line */
	SETTINGS_NO_WARNING	/* there is a message, and no warning; no line */
};

struct settings_fault {
	enum settings_fault_kind kind;
	size_t line;
	char word[256];		/* in question: the line, or the name of the setting */
};

/* The name of a setting, as it stands in the file. */
const char *setting_name(enum setting setting);

/*
 * Reads the lines of TEXT, which it changes. settings_done() frees *RET, after a failure too. Returns 0, -EINVAL and
 * *ret_fault, or -ENOMEM.
 */
int settings_parse(struct settings *ret, char *text, struct settings_fault *ret_fault);

void settings_done(struct settings *settings);

/* The settings as text, in one order, without comments. Returns it (free() it), or NULL without memory. */
char *settings_text(const struct settings *settings);

/* Tells whether SETTING, which can be "spare" or "end", is "end". */
bool settings_end(const struct settings *settings, enum setting setting);

/* The time of SETTING, which is set, in seconds. */
unsigned long settings_seconds(const struct settings *settings, enum setting setting);

/* The days of the trial. */
unsigned settings_trial(const struct settings *settings);

#endif
