/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reach.c - see reach.h.
 */
#include "farm/reach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

#define ARGUMENTS_MAX 64

/*
 * Where logoff-host is not installed there, the first line is not a hello, and the same connection becomes a bridge to
 * the bus. sh, as the user's shell may be another one. sudo looks for a name in folders of its own (secure_path), which
 * may lack the one where the shell has found it.
 */
#define FAR_COMMAND(BEFORE) \
	"exec sh -c 'a=$(command -v logoff-host 2>/dev/null) && exec " BEFORE "\"$a\"; " \
	"a=$(command -v systemd-stdio-bridge 2>/dev/null) || exit 127; " \
	"echo " REACH_BUS "; exec " BEFORE "\"$a\"'"

/* Arguments; the texts are copied when all are known. */
struct arguments {
	const char *items[ARGUMENTS_MAX];
	size_t n;
};

static void add(struct arguments *arguments, const char *text)
{
	if (arguments->n < ARGUMENTS_MAX)
		arguments->items[arguments->n++] = text;
}

static void add_ssh(struct arguments *arguments, const struct farm_host *host, const char *connect, const char *port)
{
	static const char *const options[] = {
		"BatchMode=yes", "ServerAliveInterval=5", "ServerAliveCountMax=3", "RemoteCommand=none",
		"ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no",
		"UpdateHostKeys=no",
	};
	const char *program = os_environment("LOGOFF_SSH");

	add(arguments, program && *program ? program : "ssh");
	add(arguments, "-T");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		add(arguments, "-o");
		add(arguments, options[i]);
	}
	add(arguments, "-o");
	add(arguments, connect);
	if (host->user) {
		add(arguments, "-l");
		add(arguments, host->user);
	}
	if (host->port) {
		add(arguments, "-p");
		add(arguments, port);
	}
	add(arguments, "--");
	add(arguments, host->address);
	add(arguments, host->sudo ? FAR_COMMAND("sudo -n ") : FAR_COMMAND(""));
}

static void add_machine(struct arguments *arguments, const char *machine)
{
	static const char *const before[] = { "systemd-run", "--quiet", "--no-ask-password", "--collect", "--pipe",
					      "--wait" };

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		add(arguments, before[i]);
	add(arguments, machine);
	add(arguments, "--");
	add(arguments, "logoff-host");
}

/* logoff-host of this machine. */
static const char *local_program(void)
{
	const char *program = os_environment("LOGOFF_HOST_PROGRAM");

	return program && *program ? program : BINDIR "/logoff-host";
}

/* The texts of *ret_place and *ret_file are the caller's, NULL after a failure. */
static int add_server(struct arguments *arguments, const struct farm_host *host, const struct reach_how *how,
		      char **ret_place, char **ret_file)
{
	if (asprintf(ret_place, "--server=%s", host->address) < 0) {
		*ret_place = NULL;
		return -ENOMEM;
	}
	add(arguments, local_program());
	add(arguments, *ret_place);
	if (host->authfile) {
		if (asprintf(ret_file, "--authentication-file=%s", host->authfile) < 0) {
			*ret_file = NULL;
			return -ENOMEM;
		}
		add(arguments, *ret_file);
	}
	for (size_t i = 0; how->logon && how->logon[i]; i++)
		add(arguments, how->logon[i]);
	return 0;
}

/* The array and the texts are one block. */
static int copy(const struct arguments *arguments, char ***ret_argv)
{
	size_t size = (arguments->n + 1) * sizeof(char *);
	char **argv, *text;

	for (size_t i = 0; i < arguments->n; i++)
		size += strlen(arguments->items[i]) + 1;
	argv = malloc(size);
	if (!argv || arguments->n == ARGUMENTS_MAX) {
		free(argv);
		return -ENOMEM;
	}
	text = (char *)(argv + arguments->n + 1);
	for (size_t i = 0; i < arguments->n; i++) {
		argv[i] = text;
		text = stpcpy(text, arguments->items[i]) + 1;
	}
	argv[arguments->n] = NULL;
	*ret_argv = argv;
	return 0;
}

int reach_argv(const struct farm_host *host, const struct reach_how *how, char ***ret_argv)
{
	struct arguments arguments = {};
	char *place = NULL, *file = NULL;
	char connect[40], port[12];
	int r = 0;

	switch (host->way) {
	case FARM_SSH:
		/* Half of the time: so ssh says why before we do, and the login has the other half. */
		snprintf(connect, sizeof(connect), "ConnectTimeout=%u", (unsigned)((how->timeout_ms + 1999) / 2000));
		snprintf(port, sizeof(port), "%u", host->port);
		add_ssh(&arguments, host, connect, port);
		break;
	case FARM_MACHINE:
		r = asprintf(&place, "--machine=%s", host->address);
		place = r < 0 ? NULL : place;
		add_machine(&arguments, place ? place : "");
		break;
	case FARM_COMMAND:
		for (size_t i = 0; host->command[i]; i++)
			add(&arguments, host->command[i]);
		break;
	case FARM_TSTS:
		r = add_server(&arguments, host, how, &place, &file);
		break;
	}
	r = r < 0 ? -ENOMEM : copy(&arguments, ret_argv);
	free(place);
	free(file);
	return r;
}

int reach_bus_argv(const struct farm_host *host, char ***ret_argv)
{
	struct arguments arguments = {};
	char *bus;
	int r;

	if (asprintf(&bus, "--bus=%s", host->name) < 0)
		return -ENOMEM;
	add(&arguments, local_program());
	add(&arguments, bus);
	r = copy(&arguments, ret_argv);
	free(bus);
	return r;
}
