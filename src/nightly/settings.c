/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.c - see settings.h.
 */
#include "nightly/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "farm/words.h"

#define BLANKS " \t\r"
#define DAYS_MAX 366u
#define ITEMS_MAX 32u		/* logoff takes 64 exclusions, and those that are busy need room */
#define TEXT_MAX 1000u
#define TRIAL_DAYS 7u

/* ---- values: each function may shorten VALUE, which is not empty ---- */

static bool read_number(const char *text, size_t length, unsigned long *ret)
{
	*ret = 0;
	if (length == 0 || length > 9)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*ret = *ret * 10 + (unsigned long)(text[i] - '0');
	}
	return true;
}

/* "90", "90s", "15m", "2h", "1d". Returns false if VALUE, which is not empty, is no such time. */
static bool read_time(const char *value, unsigned long *ret_s)
{
	static const struct {
		char unit;
		unsigned long seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t length = strlen(value);
	unsigned long number, seconds = 1;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (value[length - 1] == units[i].unit) {
			seconds = units[i].seconds;
			length--;
			break;
		}
	}
	if (!read_number(value, length, &number) || number > DAYS_MAX * 86400ul / seconds)
		return false;
	*ret_s = number * seconds;
	return true;
}

static bool is_time(char *value)
{
	unsigned long seconds;

	return read_time(value, &seconds);
}

/* A limit of no time would mean everybody. */
static bool is_limit(char *value)
{
	unsigned long seconds;

	return read_time(value, &seconds) && seconds > 0;
}

static bool is_days(char *value)
{
	unsigned long number;

	return read_number(value, strlen(value), &number) && number <= DAYS_MAX;
}

static bool is_text(char *value)
{
	uint32_t character;

	for (const char *at = value; *at;) {
		size_t length = utf8_decode(at, &character);

		if (length == 0 || utf8_is_harmful(character))
			return false;
		at += length;
	}
	return strlen(value) <= TEXT_MAX;
}

static bool is_choice(char *value)
{
	return strcmp(value, "spare") == 0 || strcmp(value, "end") == 0;
}

/* Words with commas between them; a word may hold blanks, as names of groups in a domain do. */
static bool is_list(char *value)
{
	char *to = value, *at = value;
	size_t n_items = 0;

	if (!is_text(value))
		return false;
	while (at) {
		char *item = at + strspn(at, BLANKS), *comma = strchr(item, ',');
		size_t length = comma ? (size_t)(comma - item) : strlen(item);

		while (length > 0 && strchr(BLANKS, item[length - 1]))
			length--;
		if (length == 0 || ++n_items > ITEMS_MAX)
			return false;
		memmove(to, item, length);	/* never behind what is still to be read */
		to += length;
		at = comma ? comma + 1 : NULL;
		*to++ = at ? ',' : '\0';
	}
	return true;
}

static const struct {
	const char *name;
	bool (*is_right)(char *value);
} rows[N_SETTINGS] = {
	[SETTING_DISCONNECTED] = { "disconnected", is_limit },
	[SETTING_IDLE] = { "idle", is_limit },
	[SETTING_AGE] = { "age", is_limit },
	[SETTING_WARN] = { "warn", is_time },
	[SETTING_MESSAGE] = { "message", is_text },
	[SETTING_EXCLUDE] = { "exclude", is_list },
	[SETTING_KEEP] = { "keep", is_list },
	[SETTING_BUSY] = { "busy", is_choice },
	[SETTING_CONSOLE] = { "console", is_choice },
	[SETTING_RULE] = { "rule", is_text },
	[SETTING_TRIAL] = { "trial", is_days },
};

const char *setting_name(enum setting setting)
{
	return rows[setting].name;
}

/* ---- lines ---- */

static int set_fault(struct settings_fault *fault, enum settings_fault_kind kind, size_t line, const char *word)
{
	fault->kind = kind;
	fault->line = line;
	snprintf(fault->word, sizeof(fault->word), "%s", word);
	utf8_cut(fault->word);
	return -EINVAL;
}

/* Removes the blanks around TEXT, in place. Returns its beginning. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		text[--length] = '\0';
	return text;
}

static enum setting find_setting(const char *name)
{
	enum setting setting = 0;

	while (setting < N_SETTINGS && strcmp(rows[setting].name, name) != 0)
		setting++;
	return setting;
}

static int take_line(struct settings *settings, char *line, size_t number, struct settings_fault *fault)
{
	char *name = trim(line), *equals = strchr(name, '='), *value;
	enum setting setting;

	if (!*name || *name == '#')
		return 0;
	if (!equals)
		return set_fault(fault, SETTINGS_NO_LINE, number, name);
	*equals = '\0';
	value = trim(equals + 1);
	name = trim(name);
	setting = find_setting(name);
	if (setting == N_SETTINGS)
		return set_fault(fault, SETTINGS_UNKNOWN, number, name);
	if (settings->values[setting])
		return set_fault(fault, SETTINGS_TWICE, number, name);
	if (!*value || !rows[setting].is_right(value))
		return set_fault(fault, SETTINGS_VALUE, number, name);
	return text_copy(&settings->values[setting], value);
}

int settings_parse(struct settings *ret, char *text, struct settings_fault *ret_fault)
{
	char *at = text, *line;
	int r = 0;

	*ret = (struct settings){};
	for (size_t number = 1; r >= 0 && (line = next_line(&at)); number++)
		r = take_line(ret, line, number, ret_fault);
	if (r < 0)
		return r;
	if (!ret->values[SETTING_DISCONNECTED] && !ret->values[SETTING_IDLE] && !ret->values[SETTING_AGE])
		return set_fault(ret_fault, SETTINGS_NO_LIMIT, 0, "");
	if (ret->values[SETTING_MESSAGE] && (!ret->values[SETTING_WARN] || settings_seconds(ret, SETTING_WARN) == 0))
		return set_fault(ret_fault, SETTINGS_NO_WARNING, 0, "");
	return 0;
}

void settings_done(struct settings *settings)
{
	for (enum setting one = 0; one < N_SETTINGS; one++)
		free(settings->values[one]);
	*settings = (struct settings){};
}

char *settings_text(const struct settings *settings)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	bool failed;

	if (!file)
		return NULL;
	for (enum setting one = 0; one < N_SETTINGS; one++) {
		if (settings->values[one])
			fprintf(file, "%s = %s\n", rows[one].name, settings->values[one]);
	}
	failed = ferror(file);
	if (fclose(file) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}

bool settings_end(const struct settings *settings, enum setting setting)
{
	return settings->values[setting] && strcmp(settings->values[setting], "end") == 0;
}

unsigned long settings_seconds(const struct settings *settings, enum setting setting)
{
	unsigned long seconds = 0;

	(void)read_time(settings->values[setting], &seconds);	/* it was checked */
	return seconds;
}

unsigned settings_trial(const struct settings *settings)
{
	return settings->values[SETTING_TRIAL] ? (unsigned)atoi(settings->values[SETTING_TRIAL]) : TRIAL_DAYS;
}
