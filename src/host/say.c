/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * say.c - see say.h. print_json() writes plain ASCII, so no name of a user or a program can harm the reader's terminal.
 */
#include "host/say.h"

#include "cli/command.h"
#include "cli/json.h"

void say(FILE *to, int64_t serial, const char *key, json_t *value)
{
	json_t *line = json_pack("{s:o, s:o}", "serial", serial ? json_integer(serial) : json_null(), key, value);

	(void)print_json(line, true, to);
}

int say_failure(FILE *to, int64_t serial, const char *kind, const char *object, const struct logoff_error *cause,
		enum exit_status status)
{
	say(to, serial, "failure",
	    json_pack("{s:o, s:s, s:o, s:o, s:i}", "host", to_json_host(arg_server), "kind", kind, "object",
		      to_json_text(object), "cause", to_json_cause(cause), "exit_status", (int)status));
	return (int)status;
}

int say_host_failure(FILE *to, int64_t serial, const char *object, int r, const struct logoff_error *cause)
{
	switch (r) {
	case LOGOFF_E_NOT_ACCEPTED:
		return say_failure(to, serial, "not-accepted", object, cause, EXIT_LOGON);
	case LOGOFF_E_DENIED:
		return say_failure(to, serial, "denied", object, cause, EXIT_DENIED);
	case LOGOFF_E_TIMEOUT:
		return say_failure(to, serial, "no-answer", object, cause, EXIT_UNREACHABLE);
	case LOGOFF_E_UNSUPPORTED:
		return say_failure(to, serial, "unsupported", object, cause, EXIT_UNREACHABLE);
	case LOGOFF_E_PROTOCOL:
		return say_failure(to, serial, "wrong-answer", object, cause, EXIT_UNREACHABLE);
	case LOGOFF_E_INVALID:
		return say_failure(to, serial, "wrong-host", object, cause, EXIT_UNREACHABLE);
	default:
		return say_failure(to, serial, "unreachable", object, cause, EXIT_UNREACHABLE);
	}
}

enum exit_status say_status(int r)
{
	switch (r) {
	case LOGOFF_OK:
		return EXIT_ENDED;
	case LOGOFF_E_NO_SESSION:
		return EXIT_NO_SESSION;
	case LOGOFF_E_DENIED:
		return EXIT_DENIED;
	case LOGOFF_E_PROTECTED:
		return EXIT_PROTECTED;
	case LOGOFF_E_CHANGED:
	case LOGOFF_E_TIMEOUT:
		return EXIT_NOT_ENDED;
	case LOGOFF_E_CANCELLED:
		return EXIT_CANCELLED;
	default:
		return EXIT_UNREACHABLE;
	}
}
