/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer-json.c - the answer for programs; see answer.h.
 */
#include "drain/answer.h"

#include "cli/json.h"

static const char *const modes[] = { [DRAIN_ENABLED] = "enabled", [DRAIN_NEW] = "new", [DRAIN_ALL] = "all" };

static json_t *to_json_service(const struct drain_service *service)
{
	json_t *refused = service->proof == DRAIN_UNPROVED ? json_null() : json_boolean(service->proof == DRAIN_PROVED);

	return json_pack("{s:o, s:o}", "service", to_json_text(service->name), "refused", refused);
}

json_t *drain_answer_to_json(const struct drain_answer *answer)
{
	bool on = answer->known && answer->state.mode != DRAIN_ENABLED;
	json_t *services = json_array(), *nologin = json_array();

	for (size_t i = 0; i < answer->n_services; i++)
		if (json_array_append_new(services, to_json_service(&answer->services[i])) < 0) {
			json_decref(services);
			services = NULL;	/* json_pack() has no object then */
		}
	for (size_t i = 0; i < answer->n_nologin; i++)
		if (json_array_append_new(nologin, json_string(answer->nologin[i])) < 0) {
			json_decref(nologin);
			nologin = NULL;
		}
	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "mode",
			 to_json_text(answer->known ? modes[answer->state.mode] : NULL), "lasting",
			 on && answer->state.lasting, "since",
			 on ? to_json_time(answer->state.since_s * 1000000) : json_null(), "by",
			 to_json_text(on && *answer->state.by ? answer->state.by : NULL), "text",
			 to_json_text(on && *answer->state.text ? answer->state.text : NULL), "services", services,
			 "sessions_left", answer->counted ? json_integer((json_int_t)answer->n_left) : json_null(),
			 "nologin", nologin);
}
