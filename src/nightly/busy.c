/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * busy.c - see busy.h.
 *
 * The kernel notes output of a terminal as the time its file was changed, in steps of eight seconds. What a process
 * uses, and the children that it has waited for, stands in /proc/PID/stat (proc(5)).
 */
#include "nightly/busy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "logoff.h"

#define OUTPUT_S 600
#define MEASURE_S 2
#define BUSY_PER_SECOND 20	/* of the ticks of a second, one in so many */

/* A process at the first look; its pid comes first, for array_place(). */
struct process {
	uint32_t pid;
	uint64_t start, ticks;
};

enum busy busy_terminal(const char *terminal)
{
	char path[64];
	struct stat file;
	time_t now = time(NULL);

	if ((size_t)snprintf(path, sizeof(path), "/dev/%s", terminal) >= sizeof(path) || strstr(path, "..") ||
	    lstat(path, &file) < 0 || !S_ISCHR(file.st_mode))
		return BUSY_UNKNOWN;
	return now - file.st_mtime < OUTPUT_S ? BUSY_YES : BUSY_NO;	/* a time to come is no proof of peace */
}

/*
 * Returns 1, 0 if the process has ended, or -1: what it uses cannot be read. Its name may have any bytes, newlines and
 * brackets too; the last bracket of the file ends it.
 */
static int read_process(uint32_t pid, struct process *ret)
{
	unsigned long long user, system, child_user, child_system, start;
	char path[32], text[1024];
	const char *tail;
	FILE *file;
	size_t n;
	int error;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : -1;
	errno = 0;
	n = fread(text, 1, sizeof(text) - 1, file);
	error = errno;
	fclose(file);
	text[n] = '\0';
	tail = strrchr(text, ')');
	if (!tail || sscanf(tail + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu"
			    " %*d %*d %*d %*d %llu", &user, &system, &child_user, &child_system, &start) != 5)
		return error == ESRCH ? 0 : -1;
	*ret = (struct process){ pid, start, user + system + child_user + child_system };
	return 1;
}

static struct busy_session *find_session(struct busy_session *sessions, size_t n_sessions, const char *id)
{
	for (size_t i = 0; i < n_sessions; i++) {
		if (sessions[i].busy == BUSY_NO && strcmp(sessions[i].id, id) == 0)
			return &sessions[i];
	}
	return NULL;
}

/*
 * The first look notes in *BEFORE what there is, the second one adds up what was used since. Returns false without an
 * answer.
 */
static bool count_ticks(struct logoff_host *host, struct busy_session *sessions, size_t n_sessions,
			struct process **before, size_t *n_before, bool first)
{
	struct logoff_host_process **processes;
	bool enough = true;
	size_t n = 0;

	if (logoff_host_list_processes(host, &processes, &n, NULL) != LOGOFF_OK)
		return false;
	if (logoff_host_hides_processes(host)) {	/* what is hidden may be what works */
		logoff_host_process_list_free(processes);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct busy_session *session = find_session(sessions, n_sessions, processes[i]->session_id);
		struct process now, *then;
		size_t place;
		int r = session ? read_process((uint32_t)processes[i]->pid, &now) : 0;

		if (r < 0)
			session->busy = BUSY_UNKNOWN;
		if (r <= 0)
			continue;
		if (first) {
			enough = enough && array_add(before, n_before, &now) == 0;
			continue;
		}
		place = array_place(*before, *n_before, sizeof(now), now.pid);
		then = place < *n_before ? &(*before)[place] : NULL;
		session->ticks += now.ticks;
		if (then && then->pid == now.pid && then->start == now.start)
			session->ticks -= then->ticks;
	}
	if (first && *n_before > 0)
		qsort(*before, *n_before, sizeof(**before), array_compare);
	logoff_host_process_list_free(processes);
	return enough;
}

static bool measure_ticks(struct logoff_host *host, struct busy_session *sessions, size_t n_sessions)
{
	struct timespec pause = { .tv_sec = MEASURE_S };
	struct process *before = NULL;
	size_t n_before = 0;
	bool told;

	told = count_ticks(host, sessions, n_sessions, &before, &n_before, true);
	while (told && nanosleep(&pause, &pause) < 0 && errno == EINTR)
		;
	told = told && count_ticks(host, sessions, n_sessions, &before, &n_before, false);
	free(before);
	return told;
}

void busy_measure(struct busy_session *sessions, size_t n_sessions)
{
	uint64_t limit = MEASURE_S * (uint64_t)sysconf(_SC_CLK_TCK) / BUSY_PER_SECOND;
	struct logoff_host *host = NULL;
	size_t n_quiet = 0;
	bool told;

	for (size_t i = 0; i < n_sessions; i++)
		n_quiet += sessions[i].busy == BUSY_NO;
	if (n_quiet == 0)
		return;
	told = logoff_host_open(&host, NULL, NULL, NULL) == LOGOFF_OK && measure_ticks(host, sessions, n_sessions);
	logoff_host_close(host);
	for (size_t i = 0; i < n_sessions; i++) {
		if (sessions[i].busy == BUSY_NO && (!told || sessions[i].ticks > limit))
			sessions[i].busy = told ? BUSY_YES : BUSY_UNKNOWN;
	}
}
