/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.c - see agent.h. Source: pkttyagent(1); --notify-fd is closed by it once it has registered.
 */
#include "cli/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "local/child.h"

#define AGENT "/usr/bin/pkttyagent"

/* polkit answers within milliseconds; without polkit the agent ends at once. */
#define READY_TIMEOUT_MS 5000

/* The agent needs it to restore the terminal. */
#define STOP_TIMEOUT_US 1000000

/* In the child: becomes the agent. */
static void __attribute__((noreturn)) become_agent(int notify_fd)
{
	char number[16];
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(number, sizeof(number), "%d", notify_fd);
	execl(AGENT, AGENT, "--notify-fd", number, "--fallback", (char *)NULL);
	_exit(127);
}

void agent_start(struct agent *agent)
{
	int pipe_fds[2];
	struct pollfd ready;

	if (agent->pid != 0)
		return;
	agent->pid = -1;
	if (!isatty(STDIN_FILENO) || access(AGENT, X_OK) < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
		return;
	(void)tcgetattr(STDIN_FILENO, &agent->terminal);
	agent->pid = fork();
	if (agent->pid == 0) {
		(void)fcntl(pipe_fds[1], F_SETFD, 0);
		become_agent(pipe_fds[1]);
	}
	close(pipe_fds[1]);
	ready = (struct pollfd){ .fd = pipe_fds[0] };
	if (agent->pid > 0)
		(void)poll(&ready, 1, READY_TIMEOUT_MS);	/* if it is not ready the host refuses again */
	close(pipe_fds[0]);
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

void agent_stop(struct agent *agent, bool cancelled)
{
	int status = 0;

	if (agent->pid <= 0)
		return;
	if (waitpid(agent->pid, &status, WNOHANG) == 0)
		child_end(agent->pid, SIGTERM, STOP_TIMEOUT_US);
	/* If Ctrl-C is just ending the agent, only the result of waitpid() shows that it was interrupted. */
	if (restore_terminal(agent) || WIFSIGNALED(status) || cancelled)
		fputc('\n', stderr);
	agent->pid = 0;
}
