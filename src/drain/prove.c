/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prove.c - see drain.h.
 *
 * A state alone refuses nobody: PAM must ask drain-refuses, and only PAM can say that it does. Its modules may hang,
 * crash or print, so each question has a child of its own. A refusal counts only with our text, as an account can be
 * refused for many reasons (pam_nologin, pam_access).
 */
#include "drain/drain.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/libc.h"
#include "drain/decide.h"
#include "local/child.h"

#define USER "nobody"
#define WAIT_US UINT64_C(5000000)
#define ASKED 0x50			/* added to the exit status, as a module may call exit() */
#define SHOWN_MAX 256			/* bytes of a text that tell it from others; PAM may cut it */

/* ---- PAM, whose headers are not needed to build this ---- */

struct message {
	int style;
	const char *text;
};

struct conversation {
	int (*converse)(int n, const struct message **messages, void **ret_responses, void *data);
	void *data;
};

struct pam {
	int (*start)(const char *service, const char *user, const struct conversation *conversation, void **ret);
	int (*start_confdir)(const char *service, const char *user, const struct conversation *conversation,
			     const char *folder, void **ret);
	int (*check_account)(void *handle, int flags);
	int (*end)(void *handle, int status);
};

enum { PAM_DONE = 0, PAM_CONVERSATION_FAILED = 19 };
enum { PAM_INFORMATION = 4 };		/* a style, pam_exec's; pam_nologin shows errors */

static bool load(struct pam *pam)
{
	void *library = dlopen("libpam.so.0", RTLD_NOW);

	if (!library)
		return false;
	*(void **)&pam->start = dlsym(library, "pam_start");
	*(void **)&pam->start_confdir = dlsym(library, "pam_start_confdir");
	*(void **)&pam->check_account = dlsym(library, "pam_acct_mgmt");
	*(void **)&pam->end = dlsym(library, "pam_end");
	return pam->start && pam->check_account && pam->end;
}

/* ---- one question, in the child ---- */

struct search {
	char line[SHOWN_MAX + 1];	/* the first line of our text that is not empty */
	bool found;
};

/* A line that fills LINE may go on. */
static bool is_our_line(const char *line, const struct message *message)
{
	const char *text = message->style == PAM_INFORMATION ? message->text : NULL;
	size_t n = strlen(line);

	return text && n > 0 && strncmp(text, line, n) == 0 && (n == SHOWN_MAX || text[n] == '\0');
}

static int converse(int n, const struct message **messages, void **ret_responses, void *data)
{
	struct search *search = data;

	for (int i = 0; i < n; i++)
		search->found = search->found || is_our_line(search->line, messages[i]);
	*ret_responses = calloc((size_t)n, sizeof(struct { char *text; int unused; }));
	return *ret_responses ? PAM_DONE : PAM_CONVERSATION_FAILED;
}

/* Returns a value of enum drain_proof. */
static int ask(const struct pam *pam, const char *service, const char *user, const char *folder, const char *text)
{
	const char *shown = *text ? text : DRAIN_SENTENCE;
	struct search search = {};
	struct conversation conversation = { converse, &search };
	void *handle = NULL;
	int r;

	shown += strspn(shown, "\n");
	snprintf(search.line, sizeof(search.line), "%.*s", (int)strcspn(shown, "\n"), shown);
	if (folder && !pam->start_confdir)
		return DRAIN_UNPROVED;
	r = folder ? pam->start_confdir(service, user, &conversation, folder, &handle) :
		     pam->start(service, user, &conversation, &handle);
	if (r != PAM_DONE)
		return DRAIN_UNPROVED;
	r = pam->check_account(handle, 0);
	(void)pam->end(handle, r);
	return r == PAM_DONE ? DRAIN_DISPROVED : search.found ? DRAIN_PROVED : DRAIN_UNPROVED;
}

/* Modules may print. */
static void become_quiet(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i <= STDERR_FILENO; i++)
		if (dup2(fd, i) < 0)
			_exit(DRAIN_UNPROVED);
}

static enum drain_proof ask_in_child(const struct pam *pam, const char *service, const char *user, const char *folder,
				     const char *text)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return DRAIN_UNPROVED;
	if (child == 0) {
		become_quiet();
		_exit(ASKED + ask(pam, service, user, folder, text));
	}
	if (!child_await(child, WAIT_US, &status)) {
		child_end(child, SIGKILL, 0);
		return DRAIN_UNPROVED;
	}
	/* A signal if it has crashed. */
	if (status == (ASKED + DRAIN_PROVED) << 8)
		return DRAIN_PROVED;
	return status == (ASKED + DRAIN_DISPROVED) << 8 ? DRAIN_DISPROVED : DRAIN_UNPROVED;
}

/* ---- all services ---- */

static int is_wanted(const struct dirent *entry)
{
	return drain_is_service(entry->d_name);
}

/* Where PAM looks for the file of a service. The first counts. */
static const char *const folders[] = { "etc/pam.d", "usr/lib/pam.d" };

static bool is_hidden(int root, const char *name, size_t folder)
{
	char path[NAME_MAX + 32];

	if (folder == 0)
		return false;
	snprintf(path, sizeof(path), "%s/%s", folders[0], name);
	return faccessat(root, path, F_OK, 0) == 0;
}

/* PATH is what PAM is to call the folder, if it is not PAM's own. Returns the number of services or -errno. */
static int prove_folder(int root, size_t folder, const char *path, const struct pam *pam,
			const struct drain_state *state, drain_proof_func func, void *data)
{
	struct dirent **entries;
	int n = scandirat(root, folders[folder], &entries, is_wanted, alphasort), n_asked = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (!is_hidden(root, name, folder)) {
			func(name, ask_in_child(pam, name, USER, path, state->text), data);
			n_asked++;
		}
		free(entries[i]);
	}
	free(entries);
	return n_asked;
}

static bool is_top(int root)
{
	struct stat top, status;

	return stat("/", &top) == 0 && fstat(root, &status) == 0 && top.st_dev == status.st_dev &&
	       top.st_ino == status.st_ino;
}

static int prove_all(int root, const struct pam *pam, const struct drain_state *state, drain_proof_func func,
		     void *data)
{
	int n_services = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[64];
		int r;

		snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", root, folders[i]);
		r = prove_folder(root, i, is_top(root) ? NULL : path, pam, state, func, data);
		if (r < 0)
			return r;
		n_services += r;
	}
	return n_services;
}

int drain_prove(int root, const struct drain_state *state, drain_proof_func func, void *data)
{
	void (*former)(int) = signal(SIGCHLD, SIG_DFL);		/* ignored, it would leave no status of a child */
	struct pam pam = {};
	int r = load(&pam) ? prove_all(root, &pam, state, func, data) : -ENOPKG;

	(void)signal(SIGCHLD, former);
	return r;
}

bool drain_refuses_user(const struct drain_state *state, const char *user)
{
	void (*former)(int) = signal(SIGCHLD, SIG_DFL);
	struct pam pam = {};
	bool refuses = load(&pam) && ask_in_child(&pam, "sshd", user, NULL, state->text) == DRAIN_PROVED;

	(void)signal(SIGCHLD, former);
	return refuses;
}
