/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refuse.c - drain-refuses, which pam_exec runs in the account stack at each logon.
 *
 * Exit status 0 means that the logon is refused, with a text for the user on standard output. So a program that is
 * missing or crashes refuses nobody. Some services ask PAM in their only thread (sesman of xrdp 0.9): after a second
 * the user is let in, as is everybody of whom it is unknown whether they may. The log says so.
 *
 * A child decides, since a name service or a file system that hangs may hold a process so that no signal ends it. This
 * process waits for nothing else. pam_exec waits until all have closed its pipe, so the child closes it first.
 *
 * The user may have chosen the environment, of which only PAM's own variables are read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/utf8.h"
#include "drain/decide.h"

#define WAIT_MS 1000

enum { REFUSED = 0, LET_IN = 1 };

/* What the child has found out: a few fields in one write(2), which a pipe takes whole. */
struct answer {
	enum drain_verdict verdict;
	char what[64];			/* that is unknown */
	int r;				/* and why */
	char text[DRAIN_TEXT_SIZE];
};

/* ---- the child ---- */

static void answer(int fd, const char *service, const char *user)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct drain_state state = {};
	struct answer answer = {};
	const char *what = "";

	answer.verdict = drain_decide(root, service, user, &state, &what, &answer.r);
	snprintf(answer.what, sizeof(answer.what), "%s", what);
	strcpy(answer.text, *state.text ? state.text : DRAIN_SENTENCE);
	_exit(write(fd, &answer, sizeof(answer)) < 0);
}

/* *RET_FD: where the answer comes from. Returns the child or -errno. */
static pid_t start_child(const char *service, const char *user, int *ret_fd)
{
	pid_t child;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			close(fd);
		answer(fds[1], service, user);
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return child;
}

/* ---- this process ---- */

/* Tells the log that USER is let in, without waiting for it. */
static void say(const char *service, const char *user, const char *why, const char *cause)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char *name = utf8_harmless(user, false), line[512];

	snprintf(line, sizeof(line), "<%d>drain-refuses: %s lets in %s: %s%s%s", LOG_AUTHPRIV | LOG_WARNING, service,
		 name ? name : "?", why, *cause ? ": " : "", cause);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		(void)send(fd, line, strlen(line), MSG_NOSIGNAL);
	close(fd);
	free(name);
}

static int refuse(const struct answer *answer)
{
	(void)signal(SIGPIPE, SIG_IGN);		/* refused, even if nobody reads why */
	puts(answer->text);
	(void)fflush(stdout);
	return REFUSED;
}

/* What the user may have chosen stands before PAM's own variables. Returns the value or NULL. */
static const char *find_last(const char *name)
{
	const char *found = NULL;
	size_t n = strlen(name);

	for (char **item = environ; item && *item; item++)
		if (strncmp(*item, name, n) == 0 && (*item)[n] == '=')
			found = *item + n + 1;
	return found;
}

int main(void)
{
	const char *service = find_last("PAM_SERVICE"), *user = find_last("PAM_USER");
	struct answer answer;
	pid_t child;
	int fd = -1;

	if (!service || !user || !drain_is_service(service))
		return LET_IN;
	child = start_child(service, user, &fd);
	if (child < 0) {
		say(service, user, "no process", strerror(-child));
	} else if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, WAIT_MS) != 1) {
		(void)kill(child, SIGKILL);
		say(service, user, "no answer within a second", "");
	} else if (read(fd, &answer, sizeof(answer)) != sizeof(answer)) {
		say(service, user, "no answer", "");
	} else if (answer.verdict == DRAIN_UNSURE) {
		say(service, user, answer.what, strerror(-answer.r));
	} else if (answer.verdict == DRAIN_REFUSE) {
		return refuse(&answer);
	}
	return LET_IN;
}
