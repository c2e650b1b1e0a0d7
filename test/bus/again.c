/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * again.c - a program that goes on when sessions have not ended in time, over the public header (test_library.py).
 *
 * again FIRST... LAST    a request for the sessions FIRST with 300 ms, which is freed; then one for LAST. Prints its result.
 */
#include <logoff.h>
#include <stdio.h>
#include <unistd.h>

static enum logoff_result end_sessions(struct logoff_host *host, char *const *ids, size_t n_ids)
{
	struct logoff_options options = LOGOFF_OPTIONS_DEFAULT;
	struct logoff_request *request = NULL;
	enum logoff_result r = logoff_request_new(&request, host);

	options.grace_ms = 0;
	options.wait_ms = 300;
	for (size_t i = 0; i < n_ids && r >= 0; i++) {
		struct logoff_session *session = NULL;

		r = logoff_host_find(host, ids[i], &session, NULL);
		if (r >= 0)
			r = logoff_request_add(request, session, LOGOFF_WHY_NAMED);
	}
	if (r >= 0)
		r = logoff_request_run(request, &options, NULL);
	if (r >= 0)
		r = logoff_request_outcome(request, 0)->result;
	logoff_request_free(request);
	return r;
}

int main(int argc, char **argv)
{
	struct logoff_host *host = NULL;
	size_t n_first = argc > 2 ? (size_t)argc - 2 : 0;

	alarm(60);
	if (argc < 2 || logoff_host_open(&host, NULL, NULL, NULL) < 0)
		return 1;
	if (n_first > 0)
		(void)end_sessions(host, argv + 1, n_first);
	printf("%s\n", logoff_result_word(end_sessions(host, argv + 1 + n_first, 1)));
	logoff_host_close(host);
	return 0;
}
