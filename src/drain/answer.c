/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.c - see answer.h. Who may change the state is decided by the rights of the folders that it is in.
 */
#include "drain/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/os.h"
#include "base/utf8.h"
#include "cli/sessions.h"
#include "cli/stream.h"

/* The folder in place of "/", or NULL. */
static const char *find_folder(void)
{
	const char *folder = os_environment("LOGOFF_DRAIN_ROOT");

	return folder && *folder ? folder : NULL;
}

bool drain_answer_is_elsewhere(void)
{
	return find_folder();
}

int drain_answer_root(drain_trouble_func trouble, void *data)
{
	const char *folder = find_folder();
	struct logoff_error cause;
	int root;

	/* A host in memory, as tests have it, has no state of its own: that of this machine is not meant. */
	if (!folder && os_environment("LOGOFF_HOST") && strncmp(os_environment("LOGOFF_HOST"), "memory:", 7) == 0) {
		cause = stream_cause(-EOPNOTSUPP);
		trouble(EXIT_UNREACHABLE, "unsupported", NULL, &cause, data);
		return -EOPNOTSUPP;
	}
	folder = folder ? folder : "/";
	root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		return root;
	cause = stream_cause(-errno);
	trouble(EXIT_UNREACHABLE, "drain-unknown", folder, &cause, data);
	return -(int)cause.number;
}

int drain_answer_text(const char *text, char ret[static DRAIN_TEXT_SIZE])
{
	bool is_blank = text && !text[strspn(text, " \t\n\v\f\r")];	/* nobody could tell whether PAM shows it */
	char *shown = utf8_harmless(!text ? _("This machine accepts no new logons at present.") : is_blank ? "" : text,
				    true);
	int r = !shown ? -ENOMEM : strlen(shown) < DRAIN_TEXT_SIZE ? 0 : -E2BIG;

	if (r == 0)
		strcpy(ret, shown);
	free(shown);
	return r;
}

/* ---- what is found out ---- */

struct finding {
	struct drain_answer *answer;
	int root;
	drain_trouble_func trouble;
	void *data;
};

static void note_status(struct drain_answer *answer, int status)
{
	answer->status = answer->status > status ? answer->status : status;
}

static void fail(const struct finding *finding, enum exit_status status, const char *kind, const char *object, int r)
{
	struct logoff_error cause = {};

	if (r < 0)
		cause = stream_cause(r);
	note_status(finding->answer, (int)status);
	finding->trouble(status, kind, object, &cause, finding->data);
}

/* Tells whether the caller may change the state: only then PAM answers as it does to services. */
static bool may_change(int root)
{
	return faccessat(root, "run", W_OK, AT_EACCESS) == 0 || (errno == EROFS && geteuid() == 0);
}

static void look_for_nologin(const struct finding *finding)
{
	for (size_t i = 0; i < DRAIN_NOLOGIN_FILES; i++) {
		if (faccessat(finding->root, drain_nologin_files[i] + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			finding->answer->nologin[i] = true;
		else if (errno != ENOENT)
			fail(finding, EXIT_UNREACHABLE, "drain-unknown", drain_nologin_files[i], -errno);
	}
}

static void take_proof(const char *name, enum drain_proof proof, void *data)
{
	const struct finding *finding = data;
	struct drain_answer *answer = finding->answer;
	struct drain_service service = { .proof = proof };

	snprintf(service.name, sizeof(service.name), "%s", name);
	if (proof != DRAIN_PROVED)
		note_status(answer, EXIT_UNREACHABLE);
	if (array_add(&answer->services, &answer->n_services, &service) < 0)
		fail(finding, EXIT_UNREACHABLE, "drain-unproved", NULL, -ENOMEM);
}

static void prove(struct finding *finding)
{
	int r = drain_check_conf(finding->root);

	if (r < 0)
		return fail(finding, EXIT_UNREACHABLE, "drain-unknown", DRAIN_CONF, r);
	r = drain_prove(finding->root, &finding->answer->state, take_proof, finding);
	if (r <= 0)
		fail(finding, EXIT_UNREACHABLE, "drain-unproved", NULL, r);
}

static void find(struct finding *finding)
{
	look_for_nologin(finding);
	if (finding->answer->known && finding->answer->state.mode != DRAIN_ENABLED && may_change(finding->root))
		prove(finding);
}

void drain_answer_get(struct drain_answer *answer, int root, drain_trouble_func trouble, void *data)
{
	struct finding finding = { answer, root, trouble, data };
	const char *path;
	int r = drain_read(root, &answer->state, &path);

	answer->known = r == 0;
	if (r < 0)
		fail(&finding, EXIT_UNREACHABLE, "drain-unknown", path, r);
	find(&finding);
}

/* They could not accept logons again. PAM's check does not read a folder in place of "/". */
static void look_for_caller(const struct finding *finding, const char *caller)
{
	const struct drain_state *state = &finding->answer->state;

	if (state->mode != DRAIN_ENABLED && !drain_answer_is_elsewhere() && drain_refuses_user(state, caller))
		fail(finding, EXIT_ENDED, "caller-refused", caller, 0);
}

bool drain_answer_set(struct drain_answer *answer, int root, enum drain_verb verb, const char *by, const char *caller,
		      const char *text, drain_trouble_func trouble, void *data)
{
	struct finding finding = { answer, root, trouble, data };
	struct drain_state state = drain_verb_state(verb);
	char *name = utf8_harmless(by, false);
	const char *path = NULL;
	int r;

	snprintf(state.by, sizeof(state.by), "%s", name ? name : "");
	utf8_cut(state.by);
	free(name);
	snprintf(state.text, sizeof(state.text), "%s", text);
	state.since_s = (int64_t)time(NULL);
	if (!may_change(root)) {
		fail(&finding, EXIT_DENIED, "denied", NULL, 0);
		return false;
	}
	r = drain_write(root, &state, &path);
	if (r < 0) {
		fail(&finding, EXIT_UNREACHABLE, "drain-not-written", path, r);
		return false;
	}
	answer->known = true;
	answer->state = state;
	find(&finding);
	look_for_caller(&finding, caller);
	return true;
}

int drain_answer_count(struct drain_answer *answer, struct logoff_host *host, struct logoff_error *reterr)
{
	struct logoff_session **sessions;
	size_t n;
	int r;

	if (!answer->known || answer->state.mode == DRAIN_ENABLED)
		return LOGOFF_OK;
	r = logoff_host_list(host, &sessions, &n, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		answer->n_left += session_is_person(sessions[i]) &&
				  !logoff_session_is(sessions[i], LOGOFF_IS_CURRENT) &&
				  !logoff_session_is(sessions[i], LOGOFF_IS_OWN);
	answer->counted = true;
	answer->hides_logins = logoff_host_hides_processes(host);
	logoff_session_list_free(sessions, n);
	return LOGOFF_OK;
}
