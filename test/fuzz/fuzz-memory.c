/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-memory.c - the text of a memory host, and the procedure upon whatever host it describes.
 *
 * Every description that parses is a host, and every session of it is logged off; then the judge of the unit tests says
 * whether all that was told is true. So the input steers not only a parser but the troubles of a host. The clock is
 * virtual; what would be real (the caller and who waits for it, real sleeping) is taken out before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/table.h"
#include "core/test-truth.h"

#define N_SESSIONS_MAX 70 /* more than the procedure asks at once */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tame(struct memory_world *world)
{
	world->realtime = false;
	/* A user who never types is waited for without end, and rightly so. */
	if (world->proof_us == MEMORY_NEVER)
		world->proof_us = MEMORY_TIME_MAX_MS;
	for (size_t i = 0; i < world->n_processes; i++) {
		struct memory_process *process = &world->processes[i];

		/* Else the last act would be the fuzzer's own. */
		if (process->waits)
			process->pid = world->next_pid++;
		process->waits = false;
		if (process->children > 50)
			process->children = 50;
	}
}

static int agree(void *userdata)
{
	(void)userdata;
	return 0;
}

static void add_sessions(struct logoff_request *request, struct logoff_host *host)
{
	struct logoff_session **sessions = NULL;
	size_t n = 0;

	if (logoff_host_list(host, &sessions, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (i >= N_SESSIONS_MAX || logoff_request_add(request, sessions[i], LOGOFF_WHY_NAMED) < 0)
			logoff_session_free(sessions[i]);
	free(sessions);
}

static void log_off_all(struct logoff_host *host)
{
	struct truth truth = { .host = host, .grace_us = 100000, .wait_us = 1000000 };
	struct logoff_options options = {
		.size = sizeof(options),
		.grace_ms = truth.grace_us / 1000,
		.wait_ms = truth.wait_us / 1000,
		.cancel_fd = -1,
		.event = truth_hear,
		.event_data = &truth,
		.authorize = agree,
	};
	struct logoff_request *request;

	if (logoff_request_new(&request, host) < 0)
		return;
	add_sessions(request, host);
	if (logoff_request_run(request, &options, NULL) == 0 && truth_judge(&truth, request)) {
		fprintf(stderr, "not true: %s\n", truth.lie);
		abort();
	}
	logoff_request_free(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_world *world = NULL;
	struct logoff_host *host;

	if (memory_parse(&world, (const char *)data, size, NULL) < 0)
		return 0;
	tame(world);
	host = calloc(1, sizeof(*host));
	if (!host || world->open_fails.r) {
		free(host);
		memory_world_free(world);
		return 0;
	}
	host->backend = &host_memory;
	host->kind = host_memory.name;
	if (memory_attach(host, world) < 0)
		memory_world_free(world);
	else
		log_off_all(host);
	logoff_host_close(host);
	return 0;
}
