/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-loop.c - the event loop, in which Samba's synchronous calls run loops of their own.
 *
 * What is relied on of Samba (tests: test-client-loop.c; every log-on of test/domain with a password and Kerberos):
 * - where Kerberos has to ask for a ticket with a password, libdcerpc runs the loop of our context from within; tevent aborts the
 *   program then, unless tevent_loop_allow_nesting() was called, which is deprecated and still there;
 * - handlers that run in such a loop return to it: none of ours waits, they only wake tasks;
 * - tasks go on from the top of the outermost loop alone, so that no task runs on top of another's stack or of Samba's.
 */
#define TEVENT_DEPRECATED 1	/* for tevent_loop_allow_nesting() */
#include "tsts/client.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
struct tevent_context *loop_new(TALLOC_CTX *memory)
{
	struct tevent_context *events = tevent_context_init(memory);

	if (events)
		tevent_loop_allow_nesting(events);
	return events;
}
#pragma GCC diagnostic pop

void loop_run(struct client *client)
{
	do
		tasks_run(client->tasks);
	while (tevent_loop_once(client->events) == 0);
}
