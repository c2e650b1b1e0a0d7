/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * line.c - see line.h. jansson refuses what is not UTF-8, texts with a null byte, and more than 2048 levels.
 */
#include "server/line.h"

#include <string.h>

static const char *const items[] = { "session", "process", "event", "result", "delivery", "fate" };

const char *line_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	size_t n = json_string_length(value);

	return n > 0 && n <= LINE_MAX_TEXT ? json_string_value(value) : NULL;
}

int64_t line_number(const json_t *object, const char *name, int64_t most)
{
	const json_t *value = json_object_get(object, name);
	json_int_t number = json_integer_value(value);

	return json_is_integer(value) && number >= 0 && number <= most ? number : -1;
}

static enum answer to_answer(const json_t *value)
{
	if (json_is_true(value))
		return ANSWER_YES;
	return json_is_false(value) ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* An older logoff-host would carry out what it is to refuse, as it ignores fields that it does not know. */
static bool take_hello(struct line *line)
{
	const json_t *full_control = json_object_get(line->json, "full_control");

	line->kind = LINE_HELLO;
	line->full_control = to_answer(full_control);
	line->records = full_control;
	return json_integer_value(json_object_get(line->json, "logoff-host")) == 1;
}

static bool take_failure(struct line *line, json_t *value)
{
	line->kind = LINE_FAILURE;
	line->value = value;
	line->word = line_text(value, "kind");
	return line->word;
}

static bool take_reply(struct line *line)
{
	line->kind = LINE_REPLY;
	line->word = line_text(line->json, "reply");
	if (line->word && strcmp(line->word, "cancel") == 0) {
		line->kind = LINE_CANCEL;
		return true;
	}
	line->exit_status = line_number(line->json, "exit_status", 255);
	line->hides = !json_is_false(json_object_get(line->json, "hides_processes"));
	return line->word && line->serial > 0 && line->exit_status >= 0;
}

static bool take_item(struct line *line)
{
	line->kind = LINE_ITEM;
	line->logon_us = line_number(line->json, "logon", LINE_MAX_US);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]) && !line->word; i++) {
		line->value = json_object_get(line->json, items[i]);
		line->word = line->value ? items[i] : NULL;
	}
	return line->serial > 0 && (json_is_object(line->value) || json_is_string(line->value));
}

static bool take(struct line *line)
{
	json_t *failure;

	if (!json_is_object(line->json))
		return false;
	if (json_object_get(line->json, "logoff-host"))
		return take_hello(line);
	line->serial = json_integer_value(json_object_get(line->json, "serial"));
	failure = json_object_get(line->json, "failure");
	if (failure)
		return take_failure(line, failure);
	return json_object_get(line->json, "reply") ? take_reply(line) : take_item(line);
}

bool line_parse(struct line *ret, const char *text, size_t n)
{
	bool right;

	*ret = (struct line){ .logon_us = -1 };
	ret->json = n <= LINE_MAX_BYTES ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	right = ret->json && take(ret);
	if (!right)
		line_done(ret);
	return right;
}

void line_done(struct line *line)
{
	json_decref(line->json);
	line->json = NULL;
}
