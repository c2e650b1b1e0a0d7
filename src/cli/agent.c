/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.c - see agent.h. Source: pkttyagent(1); --notify-fd is closed by it once it has registered.
 */
#include "cli/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/printable.h"
#include "local/child.h"

#define AGENT "/usr/bin/pkttyagent"

/* Becomes the agent, which then ends with its starter (util-linux). */
#define SETPRIV "/usr/bin/setpriv"

/* polkit answers within milliseconds; without polkit the agent ends at once. */
#define READY_TIMEOUT_MS 5000

/* The agent needs it to restore the terminal. */
#define STOP_TIMEOUT_US 1000000

/* The agent's process; not above 0: it cannot be started. The terminal's settings before. */
struct agent {
	pid_t pid;
	struct termios terminal;
};

/*
 * Starts the agent with no signal blocked, HUP and TERM as usual, and the descriptor that it closes when it is ready.
 * Without setpriv, nothing ends the agent of a command that is killed.
 */
static pid_t spawn_agent(int notify_fd)
{
	char number[16], *argv[] = { (char *)SETPRIV, (char *)"--pdeathsig", (char *)"TERM", (char *)AGENT,
				     (char *)"--notify-fd", number, (char *)"--fallback", NULL };
	char **start = argv + (access(SETPRIV, X_OK) == 0 ? 0 : 3);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	pid_t pid = -1;
	int r;

	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
		return -1;		/* in no library known here does either take memory */
	snprintf(number, sizeof(number), "%d", notify_fd);
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGHUP);
	sigaddset(&usual, SIGTERM);
	r = posix_spawn_file_actions_adddup2(&actions, notify_fd, notify_fd);	/* the same: it stays open */
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attributes, &usual);
	if (r == 0)
		r = posix_spawn(&pid, start[0], &actions, &attributes, start, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? pid : -1;
}

/* Starts the agent and waits until it is ready. */
static void start(struct agent *agent, int pipe_fds[2])
{
	struct pollfd ready = { .fd = pipe_fds[0] };

	(void)tcgetattr(STDIN_FILENO, &agent->terminal);
	agent->pid = spawn_agent(pipe_fds[1]);
	close(pipe_fds[1]);
	if (agent->pid > 0)
		(void)poll(&ready, 1, READY_TIMEOUT_MS);	/* if it is not ready the host refuses again */
	close(pipe_fds[0]);
}

void agent_start(struct agent **agent)
{
	int pipe_fds[2];

	if (*agent)
		return;
	*agent = calloc(1, sizeof(**agent));
	if (*agent && isatty(STDIN_FILENO) && access(AGENT, X_OK) == 0 && pipe2(pipe_fds, O_CLOEXEC) == 0)
		start(*agent, pipe_fds);
}

/* The agent restores the terminal itself when Ctrl-C ends it, but not when Ctrl-\ does. */
static bool restore_terminal(const struct agent *agent)
{
	struct termios now;

	if (tcgetattr(STDIN_FILENO, &now) < 0 || now.c_lflag == agent->terminal.c_lflag ||
	    tcgetpgrp(STDIN_FILENO) != getpgrp())
		return false;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &agent->terminal);
	return true;
}

void agent_advise(void)
{
	fprintf(stderr,
		_("%s: to get Full Control, run the command as root (sudo), or let a polkit rule grant it; "
		  "see \"Who may log off whom\" in logoff(1)\n"),
		program().text);
}

void agent_stop(struct agent *agent, bool cancelled)
{
	int status = 0;

	if (!agent || agent->pid <= 0) {
		free(agent);
		return;
	}
	if (waitpid(agent->pid, &status, WNOHANG) == 0)
		child_end(agent->pid, SIGTERM, STOP_TIMEOUT_US);
	/* If Ctrl-C is just ending the agent, only the result of waitpid() shows that it was interrupted. */
	if (restore_terminal(agent) || WIFSIGNALED(status) || cancelled)
		fputc('\n', stderr);
	free(agent);
}
