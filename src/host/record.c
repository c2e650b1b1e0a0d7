/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.c - see record.h. A log-off that is carried out has its record from the library.
 */
#include "host/record.h"

#include <errno.h>
#include <stdio.h>

#include "host/say.h"

const struct logoff_error record_refused = { .domain = LOGOFF_ERROR_ERRNO, .number = EACCES, .name = "EACCES",
					     .text = "the program that has sent the order refuses it" };

int record_action(struct logoff_host *host, const struct order *order, enum logoff_action action,
		  const struct logoff_session *session, const struct logoff_host_process *process,
		  enum logoff_result result, const struct logoff_error *cause)
{
	const struct order_actor *actor = &order->actor;
	struct logoff_record record = { .size = sizeof(record), .action = action, .session = session,
					.process = process, .result = result, .cause = cause, .actor = actor->name,
					.actor_sid = actor->sid, .actor_address = actor->address };
	struct logoff_error error = {};
	char number[16];

	if (!actor->name || logoff_host_record(host, &record, &error) == LOGOFF_OK)
		return EXIT_ENDED;
	if (process)
		snprintf(number, sizeof(number), "%d", (int)process->pid);
	return say_failure(stdout, order->serial, "no-record", process ? number : logoff_session_id(session), &error,
			   EXIT_UNREACHABLE);
}
