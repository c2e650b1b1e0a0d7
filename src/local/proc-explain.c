/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc-explain.c - see proc.h: why a process does not end, even if it is killed.
 */
#include "local/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local/file.h"

/*
 * The functions of the kernel in which a thread waits: parts of their names, and what they mean.
 */
static const struct {
	const char *part;
	enum logoff_stuck stuck;
} waits[] = {
	{ "refrigerator", LOGOFF_STUCK_FROZEN },
	{ "fuse_", LOGOFF_STUCK_FUSE },
	{ "request_wait_answer", LOGOFF_STUCK_FUSE },	/* FUSE's, in /proc/PID/wchan */
	{ "nfs", LOGOFF_STUCK_NETWORK },
	{ "rpc_wait", LOGOFF_STUCK_NETWORK },
	{ "cifs", LOGOFF_STUCK_NETWORK },
	{ "smb2_", LOGOFF_STUCK_NETWORK },
};

/* Reads the file NAME of a thread as a text, cut where BUFFER ends. Returns whether there is anything in it. */
static bool read_of_thread(pid_t pid, pid_t thread, const char *name, char *buffer, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)thread, name);
	return file_read(AT_FDCWD, path, 0, buffer, size) > 0;
}

/* What a thread waits for that cannot be interrupted. Only root may read its stack. */
static enum logoff_stuck explain_wait(pid_t pid, pid_t thread)
{
	char text[4096];

	if (!read_of_thread(pid, thread, "stack", text, sizeof(text)) &&
	    !read_of_thread(pid, thread, "wchan", text, sizeof(text)))
		return LOGOFF_STUCK_DEVICE;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (strstr(text, waits[i].part))
			return waits[i].stuck;
	return LOGOFF_STUCK_DEVICE;
}

static void explain_thread(struct logoff_process *process, pid_t thread)
{
	char text[4096];
	const char *state, *tracer;

	if (!read_of_thread(process->pid, thread, "status", text, sizeof(text)))
		return;
	/* The name in the first line holds no newline: the kernel writes "\n" for it. */
	state = strstr(text, "\nState:\t");
	tracer = strstr(text, "\nTracerPid:\t");
	switch (state ? state[strlen("\nState:\t")] : '\0') {
	case 'D':
		process->stuck = explain_wait(process->pid, thread);
		break;
	case 'T':
		process->stuck = LOGOFF_STUCK_STOPPED;
		break;
	case 't':
		process->stuck = LOGOFF_STUCK_TRACED;
		process->tracer = tracer ? (pid_t)atoi(tracer + strlen("\nTracerPid:\t")) : 0;
		break;
	default:
		break;
	}
}

/* One thread that is stuck is enough. */
static void explain_process(struct logoff_process *process)
{
	struct dirent *entry;
	uint32_t thread;
	char path[40];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process->pid);
	threads = opendir(path);
	while (threads && process->stuck == LOGOFF_STUCK_NOT && (entry = readdir(threads)))
		if (proc_parse_number(entry->d_name, strlen(entry->d_name), &thread) == 0)
			explain_thread(process, (pid_t)thread);
	if (threads)
		closedir(threads);
}

void proc_explain(struct process_list *list, struct logoff_host *host)
{
	(void)host;
	for (size_t i = 0; i < list->n_items; i++)
		explain_process(&list->items[i]);
}
