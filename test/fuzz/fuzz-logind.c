/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-logind.c - the file that logind keeps for a session, of any bytes: for a full list, and as a hint for a name.
 *
 * Beside crashes it looks for answers that cannot be: texts that do not lie in the file, times and leaders that no session has,
 * a terminal that is called certain and does not answer to its name, a name that is empty.
 */
#include "backend/logind-parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* TEXT, if there is one, ends within the file, and holds no end of a line. */
static void check_text(const char *text, const char *file, size_t size)
{
	if (!text)
		return;
	require(text >= file && text <= file + size);
	require(memchr(text, '\0', (size_t)(file + size + 1 - text)) != NULL);
	require(!strpbrk(text, "\n\\"));
}

static void check_session(const struct logind_properties *p)
{
	struct logind_times times;
	char *name;

	properties_times(p, INT64_C(1790000000000000), UINT64_C(36000000000), &times);
	require(times.logon_us > 0 && times.age_us >= -1 && times.idle_us == -1);
	require(properties_name(p, &name) == 0 && (!name || *name));
	free(name);
	require(!properties_is_graphical(p) && (!p->service || !*p->service || properties_protocol(p)));
	require(properties_state(p, true) == LOGOFF_STATE_CLOSING || properties_state(p, true) == LOGOFF_STATE_ACTIVE ||
		*p->seat);
	require(properties_need_client(p) || properties_state(p, true) == properties_state(p, false));
	(void)properties_kind(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct logind_properties p = { .id = "7", .user = "alice", .seat = size % 2 ? "seat0" : "" };
	char *text = malloc(size + 1), *hint = malloc(size + 1);
	bool certain;

	require(text && hint);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	memcpy(hint, text, size + 1);
	size = strlen(text);
	(void)session_file_might_be(hint, "console");
	(void)session_file_might_be(hint, "rdp-tcp#10");
	(void)session_file_might_be(hint, hint);
	if (session_file_parse(text, &p)) {
		check_text(p.tty, text, size);
		check_text(p.tty_validity, text, size);
		check_text(p.display, text, size);
		check_text(p.service, text, size);
		check_text(p.scope, text, size);
		check_text(p.type, text, size);
		check_text(p.class, text, size);
		check_text(p.state, text, size);
		check_text(p.remote_host, text, size);
		require(p.leader > 0 && p.leader <= INT32_MAX && p.timestamp > 0 && p.timestamp <= INT64_MAX && p.monotonic <= INT64_MAX);
		check_session(&p);
		certain = properties_has_certain_terminal(&p);
		require(!certain || (p.tty && *p.tty && strcmp(p.state, "closing") != 0));
	}
	free(text);
	free(hint);
	return 0;
}
