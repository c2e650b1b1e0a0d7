/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * task.c - see task.h.
 */
#include "server/task.h"

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "server/call.h"

#define TITLE_MAX 256
#define START_S 10			/* in this time a log-off must have begun, and a message be delivered */
#define WAIT_S 60
#define SLACK_S 60
#define NO_LIMIT_S 86400		/* of a message without a time limit */

/* MessageBox() of Windows. */
enum { STYLE_BUTTONS = 0xf, STYLE_OK = 0, STYLE_OK_CANCEL = 1, BOX_OK = 1, BOX_CANCEL = 2 };

struct task {
	struct client *client;
	struct call *call;		/* NULL: it has been answered, or is gone */
	struct order *order;
	const struct task_calls *calls;
	bool changes;
	uint32_t result;		/* of the last line that had one */
	void *data;
};

/* ---- what the words of logoff-host mean ---- */

/* What a failure or a result that logoff-host tells is as a result of MS-TSTS. */
static uint32_t result_of_line(const struct line *line)
{
	static const struct { const char *word; uint32_t result;
	} words[] = {
		{ "ended", RESULT_OK },
		{ "delivered", RESULT_OK },
		{ "disconnected", RESULT_OK },
		{ "denied", RESULT_DENIED },
		{ "protected", RESULT_DENIED },
		{ "own-session", RESULT_DENIED },
		{ "own-process", RESULT_DENIED },
		{ "changed", RESULT_NOT_FOUND },
		{ "no-session", RESULT_NOT_FOUND },
		{ "no-process", RESULT_INVALID },
		{ "not-ended", RESULT_TIMED_OUT },
		{ "not-in-time", RESULT_TIMED_OUT },
		{ "no-answer", RESULT_TIMED_OUT },
		{ "cancelled", RESULT_CANCELLED },
		{ "no-way", RESULT_NOT_SUPPORTED },
		{ "unsupported", RESULT_NOT_SUPPORTED },
	};
	const char *word = line->kind == LINE_FAILURE ? line->word : line_text(line->value, "result");

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].result;
	return RESULT_FAILED;
}

/* ---- one task ---- */

static void on_line(void *data, const struct line *line)
{
	struct task *task = data;

	if (line->kind == LINE_FAILURE || strcmp(line->word, "result") == 0 || strcmp(line->word, "delivery") == 0)
		task->result = result_of_line(line);
	if (task->calls->line)
		task->calls->line(task, task->call, line);
}

/* An order that only asks has no result of its own: its exit status says whether all of the answer has come. */
static uint32_t done_result(const struct task *task, const struct line *line)
{
	if (task->changes || task->result != RESULT_OK)
		return task->result;
	return line->exit_status == 0 ? RESULT_OK : RESULT_FAILED;
}

/* The sessions are listed again: those who wait for this end must know it at once. */
static void on_end(void *data, enum order_end end, const struct line *line)
{
	struct task *task = data;
	struct client *client = task->client;
	struct call *call = task->call;
	uint32_t result = end == ORDER_DONE	 ? done_result(task, line)
			  : end == ORDER_REFUSED ? RESULT_NOT_SUPPORTED
						 : order_result(end);

	if (task->changes)
		sessions_changed(client);
	if (task->calls->end)
		task->calls->end(task, call, result);
	else if (call)
		call_answer(call, result);
	if (task->call)
		task->call->task = NULL;
	if (task->changes)
		waits_look(client);
	talloc_free(task);
	client_leave(client);
}

/* No name of an account of Windows has these; a UNIX user's may, and then the order would be refused. */
static json_t *actor_of(const struct call *call)
{
	const struct client *client = call->client;
	char *name = talloc_strdup(NULL, client->name);
	json_t *actor;

	for (char *at = name; at && *at; at++)
		if (strchr("\"/[]:;|=,+*?<>", *at))
			*at = '_';
	actor = name ? json_pack("{s:s, s:s, s:s?}", "name", name, "sid", client->sid, "address",
				 *call->address ? call->address : NULL) : NULL;
	talloc_free(name);
	return actor;
}

static const struct order_calls order_calls = { on_line, on_end };

static struct task *start(struct call *call, json_t *order, bool changes, unsigned order_s,
			  const struct task_calls *calls, size_t data_size, uint32_t *ret_result)
{
	struct task *task = talloc_zero(NULL, struct task);

	*ret_result = RESULT_NO_MEMORY;
	if (task)
		task->data = talloc_zero_size(task, data_size + 1);
	if (!task || !task->data || !order || (changes && json_object_set_new(order, "actor", actor_of(call)) < 0)) {
		json_decref(order);
		talloc_free(task);
		return NULL;
	}
	task->client = call->client;
	task->calls = calls;
	task->changes = changes;
	task->result = changes ? RESULT_FAILED : RESULT_OK;
	task->order = order_give(call->client, order, changes, order_s, &order_calls, task, ret_result);
	if (!task->order) {
		talloc_free(task);
		return NULL;
	}
	client_use(task->client);
	if (changes)
		sessions_changed(call->client);
	return task;
}

/* CALL is answered by TASK, in SECONDS (0: no limit). Returns what the act returns. */
static uint32_t attach(struct task *task, struct call *call, unsigned seconds)
{
	if (call_later(call, seconds) != CALL_LATER)
		return RESULT_FAILED;
	task_leave(call->task);
	task->call = call;
	call->task = task;
	return CALL_LATER;
}

uint32_t task_begin(struct call *call, json_t *order, bool changes, unsigned answer_s, unsigned order_s,
		    const struct task_calls *calls, size_t data_size)
{
	uint32_t result = RESULT_FAILED;
	struct task *task = NULL;

	/* Nobody could say which logon is meant. */
	if (changes && call->row->target == TARGET_SESSION &&
	    (call->session->logon_us < 0 || (call->held && call->held->id && call->held->logon_us < 0)))
		json_decref(order);
	else
		task = start(call, order, changes, order_s, calls, data_size, &result);
	return task ? attach(task, call, answer_s) : result;
}

void *task_data(struct task *task)
{
	return task->data;
}

void task_leave(struct task *task)
{
	if (task)
		task->call = NULL;
}

void task_cancel(struct task *task)
{
	if (task)
		order_cancel(task->order);
}

/* {"id":ID,"logon":LOGON} of the session of CALL in an array, as orders have it. */
static json_t *list_session(const struct call *call)
{
	const struct session *session = call->session;
	json_t *logon = session->logon_us < 0 ? json_null() : json_integer(session->logon_us);

	return json_pack("[{s:s, s:o}]", "id", session->id, "logon", logon);
}

/* ---- a refusal ---- */

/* Whatever has become of the record, the call is refused. */
static void on_recorded(struct task *task, struct call *call, uint32_t result)
{
	(void)task, (void)result;
	if (call)
		call_answer(call, RESULT_DENIED);
}

/* It changes nothing, so it waits for no log-off of the client and does not count as one. */
uint32_t task_refuse(struct call *call, json_t *order)
{
	static const struct task_calls calls = { .end = on_recorded };
	struct task *task;
	uint32_t result;

	if (!call->client->records) {
		json_decref(order);
		return RESULT_DENIED;
	}
	if (!order || json_object_set_new(order, "refused", json_true()) < 0 ||
	    json_object_set_new(order, "actor", actor_of(call)) < 0) {
		json_decref(order);
		return RESULT_NO_MEMORY;
	}
	task = start(call, order, false, SLACK_S, &calls, 0, &result);
	return task ? attach(task, call, 0) : result;
}

uint32_t task_refuse_right(struct call *call, enum right right)
{
	const char *word = right == RIGHT_MESSAGE ? "message" : right == RIGHT_DISCONNECT ? "disconnect" : "log-off";
	json_t *order;

	if (!call->session || !call->session->id ||
	    !(right & (RIGHT_MESSAGE | RIGHT_DISCONNECT | RIGHT_LOGOFF | RIGHT_RESET)))
		return RESULT_DENIED;
	order = json_pack("{s:s, s:o}", "order", word, "sessions", list_session(call));
	if (order && right == RIGHT_MESSAGE)
		(void)json_object_set_new(order, "text", json_string("-"));
	return task_refuse(call, order);
}

/* ---- log-off ---- */

/* Any step shows that the log-off has begun. */
static void on_log_off_line(struct task *task, struct call *call, const struct line *line)
{
	if (call && line->kind == LINE_ITEM && strcmp(line->word, "event") == 0)
		call_answer(call, RESULT_OK);
	if (line->kind == LINE_ITEM && strcmp(line->word, "result") == 0) {
		sessions_changed(task->client);
		waits_look(task->client);
	}
}

uint32_t task_log_off(struct call *call, unsigned grace_s, unsigned warn_s, bool wait)
{
	static const struct task_calls soon = { .line = on_log_off_line }, late;
	json_t *order = json_pack("{s:s, s:o, s:i, s:i, s:i}", "order", "log-off", "sessions", list_session(call),
				  "grace", (int)grace_s, "warn", (int)warn_s, "wait", WAIT_S);
	unsigned all_s = grace_s + warn_s + WAIT_S + SLACK_S;

	return task_begin(call, order, true, wait ? all_s : START_S, all_s, wait ? &late : &soon, 0);
}

/* A session that would end with its client is not forbidden to anybody: it cannot be disconnected. */
static void on_disconnect_line(struct task *task, struct call *call, const struct line *line)
{
	const char *result = line->kind == LINE_ITEM ? line_text(line->value, "result") : NULL;

	(void)call;
	if (result && strcmp(result, "protected") == 0)
		task->result = RESULT_NOT_SUPPORTED;
}

uint32_t task_disconnect(struct call *call)
{
	static const struct task_calls calls = { .line = on_disconnect_line };
	json_t *order = json_pack("{s:s, s:o}", "order", "disconnect", "sessions", list_session(call));

	return task_begin(call, order, true, SLACK_S, SLACK_S, &calls, 0);
}

/* ---- messages ---- */

struct box {
	uint32_t *response;		/* in the call's structure */
	bool waits;
};

/* At a terminal nobody can answer: then nobody has let the time pass either. */
static uint32_t response_of(const struct line *line)
{
	const char *answer = line_text(line->value, "answer");

	if (!answer)
		return TSTS_ANSWER_ASYNC;
	if (strcmp(answer, "ok") == 0)
		return BOX_OK;
	return strcmp(answer, "closed") == 0 ? BOX_CANCEL : TSTS_ANSWER_TIMEOUT;
}

static void on_message_line(struct task *task, struct call *call, const struct line *line)
{
	struct box *box = task_data(task);

	if (call && box->waits && line->kind == LINE_ITEM && strcmp(line->word, "delivery") == 0)
		*box->response = response_of(line);
}

static json_t *message_order(struct call *call, const char *title, const char *text, uint32_t timeout_s, bool wait)
{
	char *cut = talloc_strndup(call, title, TITLE_MAX - 1);
	json_t *order;

	if (cut)
		utf8_cut(cut);
	order = json_pack("{s:s, s:o, s:s, s:i, s:b}", "order", "message", "sessions", list_session(call), "text",
			  text, "time", (int)timeout_s, "answers", wait);
	if (order && cut && *cut)
		(void)json_object_set_new(order, "title", json_string(cut));
	return order;
}

uint32_t task_message(struct call *call, const char *title, const char *text, uint32_t style, uint32_t timeout_s,
		      bool wait, uint32_t *ret_response)
{
	static const struct task_calls calls = { .line = on_message_line };
	uint32_t buttons = style & STYLE_BUTTONS, result;

	*ret_response = TSTS_ANSWER_ASYNC;
	if (!*text || strlen(text) > TEXT_FOR_USERS_MAX)
		return RESULT_INVALID;
	if (wait && buttons != STYLE_OK && buttons != STYLE_OK_CANCEL)
		return RESULT_NOT_SUPPORTED;	/* nobody could answer with Yes or Retry */
	if (wait && call->client->n_boxes >= call->client->server->settings.max_boxes)
		return RESULT_BUSY;
	if (timeout_s == 0 || timeout_s > NO_LIMIT_S)
		timeout_s = NO_LIMIT_S;
	result = task_begin(call, message_order(call, title, text, timeout_s, wait), true, wait ? 0 : START_S,
			    wait ? timeout_s + SLACK_S : SLACK_S, &calls, sizeof(struct box));
	if (result != CALL_LATER)
		return result;
	*(struct box *)task_data(call->task) = (struct box){ .response = ret_response, .waits = wait };
	if (wait) {
		call->is_box = true;
		call->client->n_boxes++;
	}
	return CALL_LATER;
}
