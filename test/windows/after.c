/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * after.c - logs session 2 of a server off by the library, with a second and a half from start to proof, writes a line into the log
 * of the played host when the result is told, and lives on for a while: nothing is to be ended after that.
 */
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>
#undef far
#undef near

#include "logoff.h"

int main(void)
{
	struct logoff_options how = LOGOFF_OPTIONS_DEFAULT;
	struct logoff_request *request;
	struct logoff_session *session;
	struct logoff_host *host;
	FILE *log;

	how.grace_ms = 100;
	how.wait_ms = 1500;
	if (logoff_host_open(&host, &(struct logoff_address){ .size = sizeof(struct logoff_address), .name = "ts1" }, NULL, NULL) < 0 ||
	    logoff_host_find(host, "2", &session, NULL) < 0 || logoff_request_new(&request, host) < 0 ||
	    logoff_request_add(request, session, LOGOFF_WHY_NAMED) < 0 || logoff_request_run(request, &how, NULL) < 0)
		return 1;
	log = fopen(getenv("LOGOFF_PLAYED_LOG"), "a");
	if (!log)
		return 1;
	fprintf(log, "+0 result %d\n", logoff_request_outcome(request, 0)->result);
	fclose(log);
	Sleep(3000);
	logoff_request_free(request);
	logoff_host_close(host);
	return 0;
}
