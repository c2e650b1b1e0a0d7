/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer-json.c - the answer for programs, and back again; see answer.h. Nothing here asks the machine.
 */
#include "drain/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cli/far.h"
#include "cli/json.h"

const char *const drain_nologin_files[DRAIN_NOLOGIN_FILES] = { "/run/nologin", "/etc/nologin" };

static const char *const modes[] = { [DRAIN_ENABLED] = "enabled", [DRAIN_NEW] = "new", [DRAIN_ALL] = "all" };

/* ---- writing ---- */

/* Adds ITEM, which is taken, to *ARRAY; without memory *ARRAY becomes NULL. */
static void add(json_t **array, json_t *item)
{
	if (json_array_append_new(*array, item) < 0) {
		json_decref(*array);
		*array = NULL;
	}
}

static json_t *to_json_services(const struct drain_answer *answer)
{
	json_t *services = json_array();

	for (size_t i = 0; i < answer->n_services; i++) {
		const struct drain_service *service = &answer->services[i];
		bool known = service->proof != DRAIN_UNPROVED;

		add(&services, json_pack("{s:o, s:o}", "service", to_json_text(service->name), "refused",
					 known ? json_boolean(service->proof == DRAIN_PROVED) : json_null()));
	}
	return services;
}

static json_t *to_json_nologin(const struct drain_answer *answer)
{
	json_t *files = json_array();

	for (size_t i = 0; i < DRAIN_NOLOGIN_FILES; i++)
		if (answer->nologin[i])
			add(&files, json_string(drain_nologin_files[i]));
	return files;
}

json_t *drain_answer_to_json(const struct drain_answer *answer)
{
	const struct drain_state *state = &answer->state;
	bool refuses = answer->known && state->mode != DRAIN_ENABLED;

	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "mode",
			 to_json_text(answer->known ? modes[state->mode] : NULL), "lasting", refuses && state->lasting,
			 "since", refuses ? to_json_time(state->since_s * 1000000) : json_null(), "by",
			 to_json_text(refuses && *state->by ? state->by : NULL), "text",
			 to_json_text(refuses && *state->text ? state->text : NULL), "services",
			 to_json_services(answer), "sessions_left",
			 answer->counted ? json_integer((json_int_t)answer->n_left) : json_null(), "nologin",
			 to_json_nologin(answer));
}

/* ---- reading: each returns whether it is right ---- */

/* A text that RET of SIZE bytes holds; "" for null. */
static bool take_text(const json_t *value, char *ret, size_t size)
{
	*ret = '\0';
	if (json_is_null(value))
		return true;
	if (!json_is_string(value) || json_string_length(value) >= size)
		return false;
	strcpy(ret, json_string_value(value));
	return strlen(ret) == json_string_length(value);	/* no NUL in it */
}

static bool take_mode(struct drain_answer *ret, const json_t *value)
{
	const char *word = json_string_value(value);

	for (enum drain_mode mode = DRAIN_ENABLED; word && mode <= DRAIN_ALL; mode++)
		if (strcmp(word, modes[mode]) == 0) {
			ret->known = true;
			ret->state.mode = mode;
		}
	return ret->known || json_is_null(value);
}

static bool take_service(struct drain_service *ret, const json_t *json)
{
	const json_t *refused = json_object_get(json, "refused");

	ret->proof = json_is_true(refused) ? DRAIN_PROVED : json_is_false(refused) ? DRAIN_DISPROVED : DRAIN_UNPROVED;
	return take_text(json_object_get(json, "service"), ret->name, sizeof(ret->name)) && *ret->name &&
	       (json_is_boolean(refused) || json_is_null(refused));
}

static bool take_nologin(struct drain_answer *ret, const json_t *files)
{
	size_t n_found = 0;

	for (size_t k = 0; k < DRAIN_NOLOGIN_FILES; k++)
		for (size_t i = 0; i < json_array_size(files); i++) {
			const char *file = json_string_value(json_array_get(files, i));
			bool is_it = file && strcmp(file, drain_nologin_files[k]) == 0;

			ret->nologin[k] = ret->nologin[k] || is_it;
			n_found += is_it;
		}
	return json_is_array(files) && n_found == json_array_size(files);
}

static bool take_left(struct drain_answer *ret, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	ret->counted = json_is_integer(value) && n >= 0;
	ret->n_left = ret->counted ? (size_t)n : 0;
	return ret->counted || json_is_null(value);
}

static bool take_state(struct drain_answer *ret, const json_t *json)
{
	const json_t *lasting = json_object_get(json, "lasting");
	int64_t since_us;
	bool right;

	ret->state.lasting = json_is_true(lasting);
	right = take_mode(ret, json_object_get(json, "mode")) && json_is_boolean(lasting) &&
		far_time(json_object_get(json, "since"), &since_us) &&
		take_text(json_object_get(json, "by"), ret->state.by, sizeof(ret->state.by)) &&
		take_text(json_object_get(json, "text"), ret->state.text, sizeof(ret->state.text));
	if (right)
		ret->state.since_s = since_us / 1000000;
	return right && (!ret->known || ret->state.mode == DRAIN_ENABLED || since_us >= 0);
}

int drain_answer_from_json(struct drain_answer *ret, const json_t *json)
{
	const json_t *services = json_object_get(json, "services");

	*ret = (struct drain_answer){};
	if (!take_state(ret, json) || !take_left(ret, json_object_get(json, "sessions_left")) ||
	    !take_nologin(ret, json_object_get(json, "nologin")) || !json_is_array(services))
		return -EBADMSG;
	for (size_t i = 0; i < json_array_size(services); i++) {
		struct drain_service service;

		if (!take_service(&service, json_array_get(services, i)))
			return -EBADMSG;
		if (array_add(&ret->services, &ret->n_services, &service) < 0)
			return -ENOMEM;
	}
	return 0;
}

void drain_answer_done(struct drain_answer *answer)
{
	free(answer->services);
	*answer = (struct drain_answer){};
}
