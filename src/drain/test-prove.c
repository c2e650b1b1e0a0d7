/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-prove.c - what PAM must do so that a refusal counts as ours. PAM is the test's own here; test_change.py and the
 * lab ask a real one.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "drain/decide.h"
#include "drain/test-root.h"

/* ---- PAM ---- */

enum { SUCCESS = 0, DENIED = 7, EXITS = 1000, CRASHES = 2000 };	/* EXITS + 1: a module calls exit(1) */
enum { ERROR = 3, INFORMATION = 4 };

struct message {
	int style;
	const char *text;
};

struct conversation {
	int (*converse)(int n, const struct message **messages, void **ret_responses, void *data);
	void *data;
};

static const struct message *messages[2];	/* what the modules show */
static int result;

static int start(const char *service, const char *user, const struct conversation *conversation, const char *folder,
		 void **ret)
{
	(void)folder;
	*ret = (void *)conversation;
	return strcmp(service, "sshd") == 0 && strcmp(user, "nobody") == 0 ? SUCCESS : DENIED;
}

static int check_account(void *handle, int flags)
{
	const struct conversation *conversation = handle;
	void *responses = NULL;

	(void)flags;
	(void)conversation->converse(messages[1] ? 2 : messages[0] ? 1 : 0, messages, &responses, conversation->data);
	free(responses);
	if (result == CRASHES)
		(void)raise(SIGKILL);
	if (result >= EXITS)
		exit(result - EXITS);
	return result;
}

static int end(void *handle, int status)
{
	(void)handle;
	(void)status;
	return SUCCESS;
}

void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *library, const char *name);

void *__wrap_dlopen(const char *name, int flags)
{
	(void)flags;
	assert_string_equal(name, "libpam.so.0");
	return messages;
}

void *__wrap_dlsym(void *library, const char *name)
{
	static const struct {
		const char *name;
		void (*function)(void);
	} functions[] = {
		{ "pam_start", (void (*)(void))start },
		{ "pam_start_confdir", (void (*)(void))start },
		{ "pam_acct_mgmt", (void (*)(void))check_account },
		{ "pam_end", (void (*)(void))end },
	};

	assert_ptr_equal(library, messages);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, name) == 0)
			return *(void **)&functions[i].function;
	return NULL;
}

/* ---- tests ---- */

static int make_service(void **state)
{
	int r = make_root(state);

	r |= mkdirat(root, "etc/pam.d", 0755);
	write_text("etc/pam.d/sshd", "");
	memset(messages, 0, sizeof(messages));
	return r;
}

static void take_proof(const char *service, enum drain_proof proof, void *data)
{
	assert_string_equal(service, "sshd");
	*(enum drain_proof *)data = proof;
}

/* PAM ends with R after it has shown SHOWN in this style (NULL: nothing), while our text is TEXT. */
static void assert_proof(enum drain_proof wanted, const char *text, int style, const char *shown, int r)
{
	struct drain_state state = { .mode = DRAIN_NEW };
	const struct message message = { style, shown };
	enum drain_proof proof = 0;

	strcpy(state.text, text);
	messages[0] = shown || messages[1] ? &message : NULL;
	result = r;
	assert_int_equal(drain_prove(root, &state, take_proof, &proof), 1);
	assert_int_equal(proof, wanted);
}

static void a_refusal_with_our_text_is_proof(void **state)
{
	(void)state;
	assert_proof(DRAIN_PROVED, "Update", INFORMATION, "Update", DENIED);
	assert_proof(DRAIN_PROVED, "Update\nuntil 18:00", INFORMATION, "Update", DENIED);
	assert_proof(DRAIN_PROVED, "\n\nUpdate", INFORMATION, "Update", DENIED);
	assert_proof(DRAIN_PROVED, "", INFORMATION, DRAIN_SENTENCE, DENIED);
	assert_proof(DRAIN_DISPROVED, "Update", INFORMATION, "Update", SUCCESS);
	assert_proof(DRAIN_DISPROVED, "Update", INFORMATION, NULL, SUCCESS);
}

static void a_refusal_of_another_module_is_none(void **state)
{
	(void)state;
	assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, NULL, DENIED);
	assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, "Maintenance", DENIED);
	assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, "Update until 18:00", DENIED);
	assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, "Upd", DENIED);
	assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, "", DENIED);
	assert_proof(DRAIN_UNPROVED, "\nUpdate", INFORMATION, "", DENIED);
	assert_proof(DRAIN_UNPROVED, "\nUpdate", INFORMATION, "Maintenance", DENIED);
	assert_proof(DRAIN_UNPROVED, "\n", INFORMATION, "Maintenance", DENIED);
	assert_proof(DRAIN_UNPROVED, "\n", INFORMATION, "", DENIED);
	assert_proof(DRAIN_UNPROVED, "Update", ERROR, "Update", DENIED);	/* pam_nologin, with the same text */
}

static void another_message_may_stand_beside_ours(void **state)
{
	const struct message other = { ERROR, "Maintenance" }, ours = { INFORMATION, "Update" };

	(void)state;
	messages[1] = &other;
	assert_proof(DRAIN_PROVED, "Update", INFORMATION, "Update", DENIED);
	assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, "Maintenance", DENIED);
	messages[1] = &ours;
	assert_proof(DRAIN_PROVED, "Update", ERROR, "Maintenance", DENIED);
	assert_proof(DRAIN_PROVED, "Update", INFORMATION, NULL, DENIED);
}

static void a_long_line_may_be_cut(void **state)
{
	char text[601], shown[601];

	(void)state;
	snprintf(text, sizeof(text), "%0600d", 0);
	snprintf(shown, sizeof(shown), "%0511d", 0);	/* as Linux-PAM does */
	assert_proof(DRAIN_PROVED, text, INFORMATION, shown, DENIED);
	shown[255] = '\0';
	assert_proof(DRAIN_UNPROVED, text, INFORMATION, shown, DENIED);
}

/* Whatever status a module leaves with, it is not ours. */
static void a_module_that_exits_proves_nothing(void **state)
{
	(void)state;
	for (int status = 0; status <= DRAIN_UNPROVED; status++)
		assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, "Update", EXITS + status);
	assert_proof(DRAIN_UNPROVED, "Update", INFORMATION, "Update", CRASHES);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_service, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_refusal_with_our_text_is_proof),
		TEST(a_refusal_of_another_module_is_none),
		TEST(another_message_may_stand_beside_ours),
		TEST(a_long_line_may_be_cut),
		TEST(a_module_that_exits_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
