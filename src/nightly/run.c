/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.c - see run.h. systemd and a terminal send a signal that ends a program to logoff as well.
 */
#include "nightly/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/os.h"
#include "cli/printable.h"
#include "cli/report.h"

static volatile sig_atomic_t stopped;

void command_line_add(struct command_line *line, const char *format, ...)
{
	size_t n_max = sizeof(line->words) / sizeof(line->words[0]) - 1;	/* NULL ends them */
	va_list values;

	if (line->n_words == n_max)
		line->failed = true;
	if (line->failed)
		return;
	va_start(values, format);
	if (vasprintf(&line->words[line->n_words], format, values) < 0)
		line->failed = true;
	else
		line->n_words++;
	va_end(values);
}

void command_line_done(struct command_line *line)
{
	for (size_t i = 0; i < line->n_words; i++)
		free(line->words[i]);
	*line = (struct command_line){};
}

static void note_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

void run_init(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_handler = note_stop }, old;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* One that is ignored stays so, for logoff too. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
	(void)signal(SIGCHLD, SIG_DFL);
}

bool run_is_stopped(void)
{
	return stopped;
}

/* Starts logoff with FD as standard output. Returns its process, or -errno. */
static pid_t start_logoff(char *const argv[], int fd, bool quiet)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0 && quiet)
		r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? pid : -r;
}

/* Takes the lines that are complete. Returns false if one is no object. */
static bool take_lines(struct buffer *buffer, void (*take)(const json_t *line, void *data), void *data)
{
	const char *line;
	size_t length;

	while ((line = buffer_line(buffer, &length))) {
		json_t *object = json_loadb(line, length, 0, NULL);

		if (!json_is_object(object)) {
			json_decref(object);
			return false;
		}
		take(object, data);
		json_decref(object);
		buffer_drop(buffer, length);
	}
	return true;
}

/* Reads all that logoff prints. Returns false if it is not what it has to be. */
static bool read_lines(int fd, void (*take)(const json_t *line, void *data), void *data)
{
	struct buffer buffer = {};
	bool right = true;

	while (buffer_read(&buffer, fd)) {
		right = right && take_lines(&buffer, take, data);
		if (!right)
			buffer_drop(&buffer, buffer.n);
	}
	right = right && buffer.n == 0;
	free(buffer.data);
	return right;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_UNREACHABLE;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_UNREACHABLE;
}

static int cannot_run(const char *path, int r)
{
	fprintf(stderr, _("%s: cannot run %s: %s\n"), program().text, safe(path).text, strerror(-r));
	return EXIT_UNREACHABLE;
}

int run_logoff(struct command_line *line, bool quiet, void (*take)(const json_t *line, void *data), void *data)
{
	int fds[2], status;
	bool right;
	pid_t pid;

	if (line->failed || line->n_words == 0)
		return cannot_run("logoff", -E2BIG);
	line->words[line->n_words] = NULL;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cannot_run(line->words[0], -errno);
	pid = start_logoff(line->words, fds[1], quiet);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return cannot_run(line->words[0], pid);
	}
	right = read_lines(fds[0], take, data);
	close(fds[0]);
	status = wait_for(pid);
	if (!right) {
		fprintf(stderr, _("%s: %s has printed something else than results\n"), program().text,
			safe(line->words[0]).text);
		return EXIT_UNREACHABLE;
	}
	return status;
}
