/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * messenger.c - logoff-messenger, the message service: a user who may log others off may also send them messages,
 * disconnect their clients and end their processes.
 *
 * polkit grants the right to end everybody's sessions (org.freedesktop.login1.manage), but the kernel lets only root
 * write to the terminals of others, become them, and signal their processes. This service has root's rights, asks
 * polkit about the caller as the bus knows them, and has the library do it. The bus starts it at a call, and it ends
 * when it is idle. So its processes have no login, session, keyring or scope of any caller. It names the sender of a
 * message itself. The interface is in backend/message.h.
 *
 * A caller can use at most: N_CALLS_UID calls, each of one message of MESSENGER_TEXT_MAX bytes and
 * MESSENGER_SESSIONS_MAX sessions, or of MESSENGER_PROCESSES_MAX processes, as long as the caller stays connected.
 * Sources: polkit's interface org.freedesktop.PolicyKit1.Authority.
 */
#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "local/child.h"
#include "local/file.h"
#include "local/proc.h"
#include "local/program.h"
#include "messenger/messenger.h"

#define SECOND_US UINT64_C(1000000)

/* Time after which the idle service ends. */
#define IDLE_US (20 * SECOND_US)

/* Time limit of polkit alone, and with a person who types a password. */
#define POLKIT_US (2 * SECOND_US)
#define PASSWORD_US (120 * SECOND_US)

/* Limits of concurrent calls of users other than root: of one user, and of all. */
#define N_CALLS_UID 8
#define N_CALLS 64

#define ACTION "org.freedesktop.login1.manage"

struct messenger {
	sd_event *event;
	sd_bus *bus;
	sd_event_source *idle;
	struct call *calls;
	size_t n_calls;
};

/* A call that is under way. */
struct call {
	struct messenger *messenger;
	struct call *next;
	sd_bus_message *request;
	sd_bus_track *caller;		/* an event when the caller has gone */
	sd_bus_slot *question;		/* to polkit */
	sd_event_source *answers;
	struct order order;
	pid_t child;			/* the process that carries it out, or 0 */
	int fd;				/* its end of the socket, or -1 */
	char *got;			/* results so far */
	size_t n_got;
};

/* ---- calls ---- */

static void call_free(struct call *call)
{
	struct messenger *messenger = call->messenger;

	for (struct call **at = &messenger->calls; *at; at = &(*at)->next) {
		if (*at != call)
			continue;
		*at = call->next;
		messenger->n_calls--;
		break;
	}
	sd_event_source_unref(call->answers);
	if (call->fd >= 0)
		close(call->fd);
	if (call->child > 0)
		child_end(call->child, SIGKILL, 0);	/* it has not been waited for, so the number is its own */
	sd_bus_slot_unref(call->question);
	sd_bus_track_unref(call->caller);
	sd_bus_message_unref(call->request);
	free(call->order.title);
	free(call->order.text);
	free(call->order.sessions);
	free(call->order.processes);
	free(call->got);
	free(call);
	/* Restarts the idle time. */
	(void)sd_event_source_set_time(messenger->idle, clock_now_us() + IDLE_US);
	(void)sd_event_source_set_enabled(messenger->idle, SD_EVENT_ONESHOT);
}

static void call_fail(struct call *call, const char *name, const char *text)
{
	(void)sd_bus_reply_method_errorf(call->request, name, "%s", text); /* a caller who has gone gets no reply */
	call_free(call);
}

/* ---- the answer ---- */

static int append_delivery(sd_bus_message *reply, const struct logoff_delivery *delivery)
{
	char *name = utf8_harmless(delivery->cause.name, false), *text = utf8_harmless(delivery->cause.text, false);
	int r = name && text ? 0 : -ENOMEM;

	if (r >= 0)
		r = sd_bus_message_append(reply, "(iuuuxss)", delivery->result, (uint32_t)delivery->channel,
					  (uint32_t)delivery->answer, (uint32_t)delivery->cause.domain,
					  delivery->cause.number, name, text);
	free(name);
	free(text);
	return r;
}

static void call_answer(struct call *call)
{
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(call->request, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(iuuuxss)");
	for (size_t i = 0; r >= 0 && i < order_n_results(&call->order); i++) {
		struct logoff_delivery delivery;

		memcpy(&delivery, call->got + i * sizeof(delivery), sizeof(delivery));
		r = append_delivery(reply, &delivery);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	if (r < 0)
		call_fail(call, SD_BUS_ERROR_NO_REPLY, strerror(-r));	/* it has been done */
	else
		call_free(call);
}

/* The program that carries out the order has written something, or has ended. */
static int on_delivery(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct call *call = userdata;
	size_t size = order_n_results(&call->order) * sizeof(struct logoff_delivery);
	ssize_t n = read(fd, call->got + call->n_got, size - call->n_got);

	(void)source;
	(void)events;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	call->n_got += n > 0 ? (size_t)n : 0;
	if (call->n_got == size)
		call_answer(call);
	else if (n <= 0)	/* whether it has done it before, nobody knows */
		call_fail(call, SD_BUS_ERROR_NO_REPLY, "the process that was to do it has ended");
	return 0;
}

/* Of the environment, what says in which language and time the title is written. */
#define N_LANGUAGE 16

static void find_language(char *language[static N_LANGUAGE + 1])
{
	size_t n = 0;

	for (char **at = environ; *at && n < N_LANGUAGE; at++)
		if (strncmp(*at, "LANG", 4) == 0 || strncmp(*at, "LC_", 3) == 0 || strncmp(*at, "TZ=", 3) == 0)
			language[n++] = *at;
	language[n] = NULL;
}

/*
 * A program of its own for each order, so that nobody waits for anybody else's: this one, told to deliver. Its
 * complaints go where those of the service go.
 */
static int start_delivery(struct call *call)
{
	char *argv[] = { (char *)"logoff-messenger", (char *)DELIVER_WORD, NULL }, *language[N_LANGUAGE + 1];
	int fds[2], r;

	find_language(language);
	call->got = calloc(order_n_results(&call->order) + 1, sizeof(struct logoff_delivery));
	if (!call->got)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	call->fd = fds[0];
	r = program_start("/proc/self/exe", argv, language, fds[1], PROGRAM_KEEP_STDERR,
			  &call->child);
	close(fds[1]);
	if (r >= 0)
		r = order_write(&call->order, call->fd);
	if (r >= 0)
		r = sd_event_add_io(call->messenger->event, &call->answers, call->fd, EPOLLIN, on_delivery, call);
	return r;
}

static void call_start(struct call *call)
{
	int r = start_delivery(call);

	if (r < 0)
		call_fail(call, SD_BUS_ERROR_FAILED, strerror(-r));
}

/* ---- polkit ---- */

/* Whether the answer of polkit is unknown. Without polkit it is no. */
static bool is_silence(const sd_bus_error *failure)
{
	return sd_bus_error_has_name(failure, SD_BUS_ERROR_NO_REPLY) ||
	       sd_bus_error_has_name(failure, SD_BUS_ERROR_TIMEOUT);
}

/* Handles polkit's answer. Without its yes only the caller's own sessions are left. */
static int on_polkit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct call *call = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(m);
	int granted = 0, challenge = 0;

	(void)error;
	call->question = sd_bus_slot_unref(call->question);
	call->order.refused = -EACCES;
	if (failure)
		call->order.refused = error_set_dbus(&call->order.refusal, is_silence(failure) ? -ETIMEDOUT : -EACCES,
						     failure->name, failure->message);
	else if (sd_bus_message_enter_container(m, 'r', "bba{ss}") < 0 ||
		 sd_bus_message_read(m, "bb", &granted, &challenge) < 0)
		granted = 0;
	call->order.granted = granted;
	if (!granted && !failure)
		(void)error_set_dbus(&call->order.refusal, 0,
				     challenge ? SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED
					       : SD_BUS_ERROR_ACCESS_DENIED,
				     "the right to log users off (" ACTION ") is needed");
	call_start(call);
	return 0;
}

static int ask_polkit(struct call *call, bool interactive)
{
	sd_bus_message *question = NULL;
	int r = sd_bus_message_new_method_call(call->messenger->bus, &question, "org.freedesktop.PolicyKit1",
					       "/org/freedesktop/PolicyKit1/Authority",
					       "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");

	if (r >= 0)
		r = sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
					  sd_bus_message_get_sender(call->request), ACTION, 0, (uint32_t)interactive,
					  "");
	if (r >= 0)
		r = sd_bus_call_async(call->messenger->bus, &call->question, question, on_polkit, call,
				      interactive ? PASSWORD_US : POLKIT_US);
	sd_bus_message_unref(question);
	return r;
}

/* ---- orders ---- */

static bool is_text(const char *text, size_t max)
{
	return strlen(text) <= max;
}

/*
 * Tells whether TEXT has the form of an id. A name would be looked for among all sessions, and could mean a session
 * that the order also names by its id.
 */
static bool is_id(const char *text)
{
	const char *digits = text + (*text == 'c');

	return is_text(text, MESSENGER_ID_MAX) && *digits && *digits != '0' &&
	       strspn(digits, "0123456789") == strlen(digits);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct addressee *)a)->id, ((const struct addressee *)b)->id);
}

/* Whether a session is named twice: each session takes a process, and one message is enough. Returns 0 or -errno. */
static int check_twins(const struct order *order, sd_bus_error *error)
{
	size_t n = order->n_sessions;
	struct addressee *sorted = calloc(n + 1, sizeof(*sorted));
	int r = sorted ? 0 : -ENOMEM;

	if (sorted && n > 0) {
		memcpy(sorted, order->sessions, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), compare_ids);
	}
	for (size_t i = 1; r >= 0 && i < n; i++)
		if (compare_ids(&sorted[i - 1], &sorted[i]) == 0)
			r = sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "a session is named twice");
	free(sorted);
	return r;
}

static int read_sessions(sd_bus_message *m, struct order *order, sd_bus_error *error)
{
	struct addressee addressee;
	const char *id;
	uint64_t logon;
	int r = sd_bus_message_enter_container(m, 'a', "(st)");

	while (r >= 0 && (r = sd_bus_message_read(m, "(st)", &id, &logon)) > 0) {
		if (order->n_sessions == MESSENGER_SESSIONS_MAX || !is_id(id))
			return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
						"too many sessions, or what is no id");
		addressee = (struct addressee){ .logon = logon };
		strcpy(addressee.id, id);
		r = array_add(&order->sessions, &order->n_sessions, &addressee);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : check_twins(order, error);
}

/*
 * The process that calls, or 0: a process of another PID namespace has no number here. The bus itself is asked, as
 * libsystemd refuses such a caller as a whole, or even ends this process (sd_bus_creds_get_pid() asserts that it is not
 * 0).
 */
static pid_t ask_pid(sd_bus_message *m)
{
	sd_bus_message *reply = NULL;
	uint32_t pid = 0;
	int r = sd_bus_call_method(sd_bus_message_get_bus(m), "org.freedesktop.DBus", "/org/freedesktop/DBus",
				   "org.freedesktop.DBus", "GetConnectionUnixProcessID", NULL, &reply, "s",
				   sd_bus_message_get_sender(m));

	if (r < 0 || sd_bus_message_read(reply, "u", &pid) < 0)
		pid = 0;
	sd_bus_message_unref(reply);
	return (pid_t)pid;
}

/* Reads a file of the process whose folder in /proc is FOLDER. Returns false if it cannot be read. */
static bool read_in(int folder, const char *name, char *text, size_t size)
{
	return file_read(folder, name, 0, text, size) > 0;
}

/*
 * Finds who has logged in and become the user UID, who calls with process PID: now, as the process may have ended when
 * a record is written. Another process may have the number, so it must be the caller's. They control their own
 * processes anyway.
 */
static uid_t find_login(pid_t pid, uid_t uid)
{
	char path[32], text[4096], *line;
	unsigned real, effective;
	uint32_t login = PROC_NO_AUDIT;
	int folder;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return PROC_NO_AUDIT;
	line = read_in(folder, "status", text, sizeof(text)) ? strstr(text, "\nUid:\t") : NULL;
	if (line && sscanf(line, "\nUid:\t%u\t%u", &real, &effective) == 2 && real == uid && effective == uid &&
	    read_in(folder, "loginuid", text, sizeof(text)) && proc_parse_number(text, strlen(text), &login) < 0)
		login = PROC_NO_AUDIT;
	close(folder);
	return login;
}

/* Finds the caller, as the bus knows them. */
static int read_caller(sd_bus_message *m, struct order *order)
{
	sd_bus_creds *creds = NULL;
	int r = sd_bus_query_sender_creds(m, SD_BUS_CREDS_EUID, &creds);

	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, &order->uid);
	sd_bus_creds_unref(creds);
	order->login = r < 0 ? PROC_NO_AUDIT : find_login(ask_pid(m), order->uid);
	return r;
}

/* The service names every sender but root itself. */
static int read_send(sd_bus_message *m, struct order *order, sd_bus_error *error)
{
	const char *title, *text;
	int wait, r = read_sessions(m, order, error);
	uint32_t kind;

	if (r >= 0)
		r = sd_bus_message_read(m, "sstbu", &title, &text, &order->timeout_ms, &wait, &kind);
	if (r < 0)
		return r;
	if (!is_text(title, MESSENGER_TITLE_MAX) || !is_text(text, MESSENGER_TEXT_MAX))
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "the text is too long");
	if (kind > LOGOFF_MESSAGE_ALL_CLEAR)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "there is no such kind of message");
	order->kind = kind;
	order->wait = wait;
	order->text = strdup(text);
	if (order->uid == 0)
		order->title = strdup(title);
	return order->text && (order->uid != 0 || order->title) ? 0 : -ENOMEM;
}

static int read_actor(sd_bus_message *m, struct host_actor *actor, sd_bus_error *error)
{
	const char *name, *sid, *address;
	int r = sd_bus_message_read(m, "(sss)", &name, &sid, &address);

	if (r >= 0 && !host_take_actor(actor, name, sid, address))
		r = sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "that is no name of an actor");
	return r;
}

static int read_disconnect(sd_bus_message *m, struct order *order, sd_bus_error *error)
{
	struct addressee addressee = {};
	const char *id;
	int r = sd_bus_message_read(m, "st", &id, &addressee.logon);

	if (r < 0)
		return r;
	if (!is_id(id) || addressee.logon == 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "a session's id and logon are needed");
	strcpy(addressee.id, id);
	r = array_add(&order->sessions, &order->n_sessions, &addressee);
	return r < 0 ? r : read_actor(m, &order->actor, error);
}

/* A command that was cut would be another one; what is not the kernel's is no command. */
static int read_command(sd_bus_message *m, char *to, size_t size)
{
	const void *bytes;
	size_t n;
	int r = sd_bus_message_read_array(m, 'y', &bytes, &n);

	if (r < 0)
		return r;
	if (n >= size || (n > 0 && memchr(bytes, '\0', n)))
		return -EINVAL;
	if (n > 0)
		memcpy(to, bytes, n);
	return 0;
}

/* Returns 1, 0: there is no further one, or -errno. */
static int read_process(sd_bus_message *m, struct logoff_host_process *ret)
{
	const char *id = "";
	int r = sd_bus_message_enter_container(m, 'r', "ixusay");

	if (r <= 0)
		return r;
	*ret = (struct logoff_host_process){};
	r = sd_bus_message_read(m, "ixus", &ret->pid, &ret->started_us, &ret->uid, &id);
	if (r >= 0 && (ret->pid <= 0 || strlen(id) >= sizeof(ret->session_id)))
		r = -EINVAL;
	if (r < 0)
		return r;
	strcpy(ret->session_id, id);
	r = read_command(m, ret->command, sizeof(ret->command));
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : 1;
}

static int read_end(sd_bus_message *m, struct order *order, sd_bus_error *error)
{
	struct logoff_host_process process;
	int r = sd_bus_message_enter_container(m, 'a', "(ixusay)");

	while (r >= 0 && (r = read_process(m, &process)) > 0) {
		if (order->n_processes == MESSENGER_PROCESSES_MAX)
			return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "too many processes");
		r = array_add(&order->processes, &order->n_processes, &process);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0)
		r = sd_bus_message_read(m, "t", &order->grace_ms);
	if (r < 0)
		return r;
	if (order->grace_ms > MESSENGER_GRACE_MAX_MS)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "the grace is too long");
	return read_actor(m, &order->actor, error);
}

/* Ends a call that was cancelled before anything was done. */
static void call_drop(struct call *call)
{
	struct logoff_delivery *deliveries = calloc(order_n_results(&call->order) + 1, sizeof(*deliveries));

	if (!deliveries) {
		call_fail(call, SD_BUS_ERROR_NO_MEMORY, strerror(ENOMEM));
		return;
	}
	for (size_t i = 0; i < order_n_results(&call->order); i++)
		deliveries[i].result = error_set_errno(&deliveries[i].cause, -ECANCELED, -ECANCELED, "cancelled");
	call->got = (char *)deliveries;
	call_answer(call);
}

/* Asks the process that carries it out for its results so far. A later answer of polkit starts nothing. */
static void call_cancel(struct call *call)
{
	if (call->child > 0)
		(void)shutdown(call->fd, SHUT_WR);
	else
		call_drop(call);
}

/*
 * The caller has gone. Returns 1: after 0 libsystemd would call this again at once, for ever, and handle no other
 * event.
 */
static int on_gone(sd_bus_track *track, void *userdata)
{
	(void)track;
	call_cancel(userdata);
	return 1;
}

static bool has_room(const struct messenger *messenger, uid_t uid)
{
	size_t n = 0, n_all = 0;

	for (const struct call *call = messenger->calls; call; call = call->next) {
		n += call->order.uid == uid;
		n_all += call->order.uid != 0;
	}
	return uid == 0 || (n_all < N_CALLS && n < N_CALLS_UID);
}

/* Begins a call whose arguments READ takes. */
static int begin_call(sd_bus_message *m, struct messenger *messenger, enum service_method method,
		      int (*read)(sd_bus_message *, struct order *, sd_bus_error *), sd_bus_error *error)
{
	struct call *call = calloc(1, sizeof(*call));
	int r;

	if (!call)
		return -ENOMEM;
	*call = (struct call){
		.messenger = messenger, .fd = -1, .request = sd_bus_message_ref(m),
		.order = { .method = method, .uid = (uid_t)-1 }
	};
	r = read_caller(m, &call->order);
	if (r >= 0)
		r = read(m, &call->order, error);
	if (r >= 0 && !has_room(messenger, call->order.uid))
		r = sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many calls are under way");
	if (r >= 0)
		r = sd_bus_track_new(messenger->bus, &call->caller, on_gone, call);
	if (r >= 0)
		r = sd_bus_track_add_sender(call->caller, m);
	if (r >= 0 && call->order.uid != 0)
		r = ask_polkit(call, sd_bus_message_get_allow_interactive_authorization(m) > 0);
	call->next = messenger->calls;
	messenger->calls = call;
	messenger->n_calls++;
	if (r < 0)
		call_free(call);
	else if (call->order.uid == 0)
		call_start(call);
	return r < 0 ? r : 1;
}

static int on_send(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return begin_call(m, userdata, SERVICE_SEND, read_send, error);
}

static int on_disconnect(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return begin_call(m, userdata, SERVICE_DISCONNECT, read_disconnect, error);
}

static int on_end_processes(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return begin_call(m, userdata, SERVICE_END, read_end, error);
}

static int on_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct messenger *messenger = userdata;

	(void)error;
	for (struct call *call = messenger->calls, *next; call; call = next) {
		next = call->next;
		if (strcmp(sd_bus_message_get_sender(call->request), sd_bus_message_get_sender(m)) == 0)
			call_cancel(call);
	}
	return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable interface[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Send", MESSENGER_SEND, MESSENGER_RESULTS, on_send, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Disconnect", MESSENGER_DISCONNECT, MESSENGER_RESULTS, on_disconnect, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("EndProcesses", MESSENGER_END, MESSENGER_RESULTS, on_end_processes, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Cancel", NULL, NULL, on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END
};

/* ---- the service ---- */

static void hear_calls(struct messenger *messenger)
{
	while (sd_bus_process(messenger->bus, NULL) > 0)
		;
}

/*
 * Handles the waiting calls first, and releases the name before it ends, so that the bus starts another service for
 * later calls. Calls that have come in between are served; the service manager waits for that.
 */
static int on_idle(sd_event_source *source, uint64_t us, void *userdata)
{
	struct messenger *messenger = userdata;

	(void)source;
	(void)us;
	hear_calls(messenger);
	if (messenger->n_calls > 0)
		return 0;	/* the last of them sets the time again */
	(void)sd_notify(0, "STOPPING=1");
	(void)sd_bus_release_name(messenger->bus, MESSENGER_NAME);
	hear_calls(messenger);
	return messenger->n_calls > 0 ? 0 : sd_event_exit(messenger->event, 0);
}

static int start_service(struct messenger *messenger)
{
	sigset_t ending;
	int r = sd_event_default(&messenger->event);

	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	if (r >= 0 && sigprocmask(SIG_BLOCK, &ending, NULL) < 0)
		r = -errno;
	if (r >= 0)
		r = sd_event_add_signal(messenger->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(messenger->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_time(messenger->event, &messenger->idle, CLOCK_MONOTONIC, clock_now_us() + IDLE_US, 0,
				      on_idle, messenger);
	if (r >= 0)
		r = sd_bus_open_system(&messenger->bus);
	if (r >= 0)
		r = sd_bus_attach_event(messenger->bus, messenger->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_add_object_vtable(messenger->bus, NULL, MESSENGER_PATH, MESSENGER_INTERFACE, interface,
					     messenger);
	if (r >= 0)
		r = sd_bus_request_name(messenger->bus, MESSENGER_NAME, 0);
	return r;
}

int main(int argc, char **argv)
{
	struct messenger messenger = {};
	int r;

	setlocale(LC_ALL, "");
	bindtextdomain("logoff", LOCALEDIR);
	textdomain("logoff");
	if (argc == 2 && strcmp(argv[1], DELIVER_WORD) == 0)
		return deliver(PROGRAM_FD);
	r = start_service(&messenger);
	if (r >= 0)
		r = sd_event_loop(messenger.event);
	while (messenger.calls)
		call_free(messenger.calls);
	sd_event_source_unref(messenger.idle);
	sd_bus_flush_close_unref(messenger.bus);
	sd_event_unref(messenger.event);
	if (r < 0)
		fprintf(stderr, "logoff-messenger: %s\n", strerror(-r));
	return r < 0;
}
