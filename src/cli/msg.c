/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msg.c - the command msg: its options, its text, and one run.
 *
 * The option table is the only list of options: the parser reads it, the help prints it, and a check compares it with
 * the manual pages and the completions. The library delivers the messages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "cli/charset.h"
#include "cli/command.h"
#include "cli/delivery.h"
#include "cli/farm.h"
#include "cli/logon.h"
#include "cli/msg.h"
#include "cli/recipients.h"
#include "cli/stream.h"
#include "cli/terminal.h"
#include "cli/printable.h"
#include "cli/warning-text.h"
#include "cli/when.h"

bool arg_verbose, arg_wait;
uint64_t arg_time_s = 60;

static const struct option_row options[] = {
	{ "server", "server", 0, OPTION_STRING, &arg_server, "servername",
	  N_("The session host whose users are meant. Without it: this machine.") },
	LOGON_OPTIONS,
	FARM_OPTIONS
	{ "time", "time", 0, OPTION_SECONDS, &arg_time_s, "seconds",
	  N_("How long to show the message and wait; 60 if not given, 0: until it is closed.") },
	{ "json", "json", 0, OPTION_WORD, &arg_json, "lines",
	  N_("Prints the result of each message as JSON.") },
	{ "v", "verbose", 'v', OPTION_FLAG, &arg_verbose, NULL, N_("Shows which way each message took.") },
	{ "w", "wait", 'w', OPTION_FLAG, &arg_wait, NULL, N_("Waits for the answers and shows them.") },
	HELP_OPTIONS
	{}
};

static const struct help help = {
	.summary = N_("Sends a message to users of a session host."),
	.usage = "MSG {username | sessionname | sessionid | @filename | '*'} [/SERVER:servername]\n"
		 LOGON_USAGE FARM_USAGE
		 "       [/TIME:seconds] [/JSON[:lines]] [/V] [/W] [/VERSION] [--help] [message]",
	.arguments = {
		{ "username", N_("The name of a user: all sessions of that user.") },
		{ "sessionname", N_("The name of an active session: console, rdp-tcp#10, pts/3.") },
		{ "sessionid", N_("The id of a session: 12, c3.") },
		{ "id:12, user:bob", N_("Says which is meant if a session and a user have the same name.") },
		{ "@filename", N_("A file that lists users and sessions, one on each line.") },
		{ "'*'", N_("Everybody who is logged on.") },
		{ "message", N_("The text. Without it, msg asks for it or reads standard input.") },
	},
	.options = options,
};

/* ---- the text ---- */

static int refuse_text(const char *sentence)
{
	fprintf(stderr, _("%s: %s\n"), program().text, sentence);
	return stream_failure(EXIT_USAGE, "wrong-text", NULL, NULL);
}

/* Joins the words by blanks. Returns the length of the text, even if it does not fit. */
static size_t join_words(int n_words, char **words, char text[static TEXT_FOR_USERS_MAX + 1])
{
	size_t n = 0;

	for (int i = 0; i < n_words; i++) {
		size_t length = strlen(words[i]);

		if (n + length <= TEXT_FOR_USERS_MAX) {
			memcpy(text + n, words[i], length);
			text[n + length] = ' ';
		}
		n += length + 1;
	}
	return n - 1;
}

/* Reads standard input to its end, or one byte more than is allowed. Returns 0, -ECANCELED or another -errno. */
static int read_text(char text[static TEXT_FOR_USERS_MAX + 1], size_t *ret_n)
{
	int fd = cancel_open(false);
	size_t n = 0;
	ssize_t got;

	if (isatty(STDIN_FILENO))
		terminal_invite();
	while (n <= TEXT_FOR_USERS_MAX && (got = cancel_read(fd, text + n, TEXT_FOR_USERS_MAX + 1 - n)) > 0)
		n += (size_t)got;
	cancel_close(fd, got >= 0);
	if (got < 0 && isatty(STDIN_FILENO))
		fputc('\n', stderr);	/* ends the line that was typed */
	*ret_n = n;
	return got < 0 ? (int)got : 0;
}

static int refuse_input(int r)
{
	fprintf(stderr, _("%s: the message cannot be read: %s\n"), program().text, strerror(-r));
	return stream_failure_errno(EXIT_USAGE, "wrong-text", NULL, r);
}

int msg_refuse_length(void)
{
	return refuse_text(_("the message is longer than 8192 bytes"));
}

int msg_take_text(int n_words, char **words, char text[static TEXT_FOR_USERS_MAX + 1])
{
	size_t n = 0;
	int r = 0;

	if (n_words > 0)
		n = join_words(n_words, words, text);
	else
		r = read_text(text, &n);
	if (r < 0)
		return r == -ECANCELED ? (int)report_declined() : refuse_input(r);
	if (n > TEXT_FOR_USERS_MAX)
		return msg_refuse_length();
	while (n > 0 && strchr(" \t\r\n", text[n - 1]))
		n--;
	text[n] = '\0';
	if (strlen(text) != n)
		return refuse_text(_("the message contains a null byte and is no text"));
	return n > 0 ? EXIT_ENDED : refuse_text(_("there is no message"));
}

void msg_compose_title(const struct logoff_host *host, char *title, size_t size)
{
	char sender[ACCOUNT_NAME_SIZE];

	charset_init_times();
	logoff_host_name_caller(host, sender, sizeof(sender));
	snprintf(title, size, _("Message from %s, %s"), sender, when_local((int64_t)time(NULL) * 1000000).text);
}

/* ---- one run ---- */

static int send_to(struct logoff_host *host, const struct recipients *recipients, const char *text)
{
	char title[640];
	struct logoff_message message = {
		.size = sizeof(message), .title = title, .text = text, .timeout_ms = arg_time_s * 1000,
		.wait = arg_wait,
	};
	struct logoff_delivery **deliveries = NULL;
	struct logoff_error error = {};
	int r, status = EXIT_ENDED;

	msg_compose_title(host, title, sizeof(title));
	r = logoff_host_message(host, &message, recipients->all, recipients->n_recipients, cancel_open(false),
				&deliveries,
				&error);
	if (r < 0)
		status = report_host(arg_server, r, &error);
	for (size_t i = 0; r >= 0 && i < recipients->n_recipients; i++) {
		int one = delivery_report(recipients->all[i], deliveries[i], arg_wait, arg_verbose);

		status = one > status ? one : status;
	}
	logoff_delivery_list_free(deliveries);
	return status;
}

int msg_check(int n_arguments)
{
	if (n_arguments == 0) {
		fprintf(stderr, _("%s: no recipient is given\n"), program().text);
		(void)stream_failure(EXIT_USAGE, "usage", NULL, NULL);
		return help_try(&help);
	}
	if (stream_is_lines())
		cancel_outlive_reader();
	return EXIT_ENDED;
}

static int run_msg(struct logoff_host *host, int n_arguments, char **arguments)
{
	char text[TEXT_FOR_USERS_MAX + 1];
	struct recipients recipients;
	int status = msg_check(n_arguments), sent = EXIT_ENDED;

	if (status == EXIT_ENDED)
		status = msg_take_text(n_arguments - 1, arguments + 1, text);
	if (status != EXIT_ENDED)
		return status;
	recipients_find(&recipients, host, arguments[0], arg_verbose);
	status = recipients.status;
	if (recipients.n_recipients > 0)
		sent = send_to(host, &recipients, text);
	stream_end();
	recipients_done(&recipients);
	return sent > status ? sent : status;
}

int main(int argc, char **argv)
{
	static const struct command command = { .help = &help, .n_before_text = 2, .run = run_msg,
						RUN_FARM(msg_farm) };

	return command_main(&command, argc, argv);
}
