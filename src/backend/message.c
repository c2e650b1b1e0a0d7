/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.c - messages to the users of sessions: which way each takes, and all of them side by side.
 *
 * A session with a display gets a notification of its desktop or else a window, and one of the web console its page, all by
 * logoff-user, a program that becomes the user (user/show.c); one with terminals has all of them written to, as write(1) and wall(1) do, and one that
 * takes it is enough. Nobody who receives can hold the others up: terminals are written to without blocking, programs
 * have a deadline and are killed at it. A terminal's name is only trusted to find it; whose it is, is asked of the device
 * itself before it is opened.
 * The message service (message-service.c) delivers for callers who have the right to log the user off but not to write
 * there, and goes first where a desktop is meant.
 */
#include "backend/here.h"
#include "backend/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "local/proc.h"
#include "local/user.h"

#define MS UINT64_C(1000)

/* How long a terminal may take to swallow the message: it may have been stopped by ^S. */
#define TERMINAL_US (2000 * MS)

/* How long a desktop or display may take to show it. */
#define SHOW_US (5000 * MS)

/* A program that waits for an answer minds the time itself; this much later it is given up. */
#define ANSWER_SLACK_US (2000 * MS)

/* A process and the user who may look into it. */
struct message_process {
	pid_t pid;
	uid_t uid;
};

/* A terminal that is being written to. */
struct writing {
	int fd;				/* or -1: done */
	size_t n_written;
	size_t index;			/* which one of the session's */
};

/* One recipient. Under way while it has a terminal, a program, or a question to the message service. */
struct recipient {
	struct logoff_session *session;
	struct logoff_delivery *delivery;
	struct writing *terminals;
	size_t n_terminals;
	bool written;			/* a terminal has taken it: what became of the others does not matter */
	struct user_child child;	/* the program that shows it */
	bool by_service;
	bool tried_desktop;
	bool shown;			/* the answer is waited for */
	uint64_t deadline_us;
};

/* One delivery. */
struct post {
	struct logoff_host *host;
	struct logoff_message message;	/* harmless */
	char *letter;			/* for terminals */
	struct recipient *recipients;
	size_t n_recipients;
	struct pollfd *fds;		/* cancellation, the bus, terminals, programs */
	size_t n_fds;
	struct message_process *processes;
	size_t n_processes;
	bool knows_processes;
	struct service_call *call;
	bool without_service;		/* it is not there, or is who delivers */
	struct logoff_error service_cause;
};

/* Before the terminals and programs in struct post's fds. */
#define N_OTHER_FDS 2

static int start_desktop(struct post *post, struct recipient *recipient);

static int finish_recipient(struct recipient *recipient, int result)
{
	recipient->delivery->result = result;
	return result;
}

/* Leaves RECIPIENT to the message service; which is asked for all at once. */
static int leave_to_service(struct recipient *recipient)
{
	recipient->by_service = true;
	recipient->deadline_us = UINT64_MAX;	/* the call has its own */
	return 0;
}

/* ---- terminals ---- */

/* What is written: a bell and an empty line set it off from what is on the screen. */
static char *compose_letter(const struct logoff_message *message)
{
	size_t size = strlen(message->title) + 2 * strlen(message->text) + 16;
	char *letter = malloc(size), *at = letter;

	if (!letter)
		return NULL;
	at += sprintf(at, "\a\r\n%s%s", message->title, *message->title ? "\r\n" : "");
	for (const char *in = message->text; *in; in++) {
		if (*in == '\n')
			*at++ = '\r';
		*at++ = *in;
	}
	memcpy(at, "\r\n", sizeof("\r\n"));
	return letter;
}

/* Finds a terminal and proves whose it is, without opening it: some devices act upon being opened. */
static int locate_terminal(const char *name, uid_t uid, struct logoff_error *cause)
{
	char path[PATH_MAX];
	struct stat device;
	int fd = -1, r = 0;

	if (!strstr(name, "..") && snprintf(path, sizeof(path), "/dev/%s", name) < (int)sizeof(path))
		fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &device) < 0)
		r = error_set_errno(cause, -EOPNOTSUPP, -errno, "terminal %s: %s", name, strerror(errno));
	else if (!S_ISCHR(device.st_mode))
		r = error_set_errno(cause, -EOPNOTSUPP, -ENOTTY, "%s is not a terminal", name);
	else if (device.st_uid != uid)
		r = error_set_errno(cause, -EOPNOTSUPP, -ESTALE, "terminal %s belongs to another user", name);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* Opens terminal NAME of user UID. Returns the descriptor, -ENOTTY (a desktop has taken it over), or why not. */
static int open_terminal(const char *name, uid_t uid, struct logoff_error *cause)
{
	int place = locate_terminal(name, uid, cause), fd, mode;
	char path[32];

	if (place < 0)
		return place;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = error_set_errno(cause, errno == EACCES ? -EACCES : -EOPNOTSUPP, -errno, "terminal %s: %s", name,
				     strerror(errno));
	close(place);
	if (fd < 0)
		return fd;
	if (!isatty(fd)) {
		close(fd);
		return error_set_errno(cause, -EOPNOTSUPP, -ENOTTY, "%s is not a terminal", name);
	}
	if (ioctl(fd, KDGETMODE, &mode) == 0 && mode == KD_GRAPHICS) {
		close(fd);
		return -ENOTTY;
	}
	return fd;
}

static bool has_terminals(const struct recipient *recipient)
{
	for (size_t i = 0; i < recipient->n_terminals; i++)
		if (recipient->terminals[i].fd >= 0)
			return true;
	return false;
}

/*
 * Is done with one terminal. R and CAUSE are told only if no terminal has taken the message: the first, or that one has taken part of it.
 */
static void end_terminal(struct recipient *recipient, struct writing *terminal, int r, const struct logoff_error *cause)
{
	close(terminal->fd);
	terminal->fd = -1;
	if (r >= 0) {
		recipient->written = true;
		recipient->delivery->channel = LOGOFF_CHANNEL_TERMINAL;
	} else if (recipient->delivery->result >= 0 || r == -EINPROGRESS) {
		recipient->delivery->cause = *cause;
		recipient->delivery->result = r;
	}
	if (!recipient->written || has_terminals(recipient))
		return;
	recipient->delivery->cause = (struct logoff_error){};
	(void)finish_recipient(recipient, 0);
}

/* Writes what the terminal takes. */
static void write_terminal(const struct post *post, struct recipient *recipient, struct writing *terminal)
{
	size_t length = strlen(post->letter);
	struct logoff_error cause = {};
	ssize_t n = 0;

	while (n >= 0 && terminal->n_written < length) {
		n = write(terminal->fd, post->letter + terminal->n_written, length - terminal->n_written);
		if (n == 0)
			return;
		if (n > 0)
			terminal->n_written += (size_t)n;
		else if (errno == EINTR)
			n = 0;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		(void)error_set_errno(&cause, 0, -errno, "terminal %s: %s",
				      session_terminal(recipient->session, terminal->index), strerror(errno));
	/* What it has taken it shows. */
	end_terminal(recipient, terminal, n >= 0 ? 0 : terminal->n_written > 0 ? -EINPROGRESS : -EOPNOTSUPP, &cause);
}

static void write_terminals(const struct post *post, struct recipient *recipient)
{
	for (size_t i = 0; i < recipient->n_terminals; i++)
		if (recipient->terminals[i].fd >= 0)
			write_terminal(post, recipient, &recipient->terminals[i]);
}

/* Gives up what has not been taken by now. */
static void end_terminals(struct recipient *recipient, int r, const char *why)
{
	for (size_t i = 0; i < recipient->n_terminals; i++) {
		struct writing *terminal = &recipient->terminals[i];
		struct logoff_error cause = {};

		if (terminal->fd < 0)
			continue;
		(void)error_set_errno(&cause, 0, r, "terminal %s: %s",
				      session_terminal(recipient->session, terminal->index), why);
		/* What it has taken it shows when it goes on. */
		end_terminal(recipient, terminal, terminal->n_written > 0 ? -EINPROGRESS : r, &cause);
	}
}

/* Makes room for one more descriptor. */
static int add_poll(struct post *post)
{
	struct pollfd *fds = reallocarray(post->fds, post->n_fds + 1, sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	post->fds = fds;
	post->n_fds++;
	return 0;
}

static int add_terminal(struct post *post, struct recipient *recipient, int fd, size_t index)
{
	struct writing *terminals = reallocarray(recipient->terminals, recipient->n_terminals + 1, sizeof(*terminals));

	if (terminals)
		recipient->terminals = terminals;
	if (!terminals || add_poll(post) < 0) {
		close(fd);
		return -ENOMEM;
	}
	terminals[recipient->n_terminals++] = (struct writing){ .fd = fd, .index = index };
	return 0;
}

/*
 * Opens what can be opened. A reason is reported only if no terminal can be opened: DELIVERY holds the first one.
 * *ret_graphic: a desktop has one of them. Returns 0 or a fatal errno.
 */
static int open_terminals(struct post *post, struct recipient *recipient, bool *ret_graphic)
{
	struct logoff_delivery *delivery = recipient->delivery;
	const char *name;
	int r = 0;

	for (size_t i = 0; r >= 0 && (name = session_terminal(recipient->session, i)); i++) {
		struct logoff_error cause = {};
		int fd = open_terminal(name, recipient->session->uid, &cause);

		*ret_graphic = *ret_graphic || fd == -ENOTTY;
		if (fd >= 0) {
			r = add_terminal(post, recipient, fd, i);
		} else if (fd != -ENOTTY && delivery->result >= 0) {
			delivery->result = fd;
			delivery->cause = cause;
		}
	}
	return r;
}

/* Writes to all terminals of the session, unless a desktop has one of them, which is asked first. */
static int start_terminals(struct post *post, struct recipient *recipient)
{
	struct logoff_delivery *delivery = recipient->delivery, before = *delivery;
	bool graphic = false;
	int r;

	if (delivery->result != -EINPROGRESS)	/* perhaps a desktop shows it: that stays true if no terminal takes it */
		*delivery = (struct logoff_delivery){};
	r = open_terminals(post, recipient, &graphic);
	if (r < 0 || (graphic && !recipient->tried_desktop)) {
		end_terminals(recipient, r < 0 ? r : -ECANCELED, "");
		*delivery = (struct logoff_delivery){};
		return r < 0 ? r : start_desktop(post, recipient);
	}
	if (!has_terminals(recipient)) {
		if (recipient->tried_desktop)
			*delivery = before;	/* that the desktop could not show it says more */
		else if (delivery->result == -EACCES && !here_has_power(recipient->session) && !post->without_service)
			return leave_to_service(recipient);
		return delivery->result;
	}
	recipient->deadline_us = clock_now_us() + TERMINAL_US;
	write_terminals(post, recipient);
	return delivery->result;
}

/* ---- programs that become the user ---- */

static int note_process(pid_t pid, void *userdata)
{
	struct post *post = userdata;
	struct message_process process = { .pid = pid };
	struct stat owner;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &owner) < 0)
		return 0;
	process.uid = owner.st_uid;
	return array_add(&post->processes, &post->n_processes, &process);
}

static bool is_owned_by(const struct post *post, pid_t pid, uid_t uid)
{
	for (size_t i = 0; i < post->n_processes; i++)
		if (post->processes[i].pid == pid)
			return post->processes[i].uid == uid;
	return false;
}

/*
 * Finds the processes of the session that root's program is to be like: it goes beside one, and gets the limits of one of
 * the user's, which may be any of the host. Returns 0, or why there is none.
 */
static int find_place(const struct post *post, struct logoff_session *session, struct job_head *head, struct logoff_error *cause)
{
	const struct host_backend *backend = session->host->backend;
	struct process_list list = {};
	int r = backend->processes(session->host, session, HOST_SESSION, &list, cause);

	for (size_t i = 0; i < list.n_items; i++) {
		pid_t pid = list.items[i].pid;

		if (!head->like && is_owned_by(post, pid, session->uid))
			head->like = pid;
		/* Programs of a desktop may have other places; the leader's is the session's. */
		if (!head->beside || pid == session->leader || (pid == head->like && head->beside != session->leader))
			head->beside = pid;
	}
	process_list_clear(&list);
	for (size_t i = 0; i < post->n_processes && !head->like; i++)
		if (post->processes[i].uid == session->uid)
			head->like = post->processes[i].pid;
	if (!head->beside)
		return error_set_errno(cause, r == -EOPNOTSUPP || r >= 0 ? -ENXIO : r, -ESRCH, "the session has no process");
	return 0;
}

/* Fills PROCESSES with those of user UID, the last ones of them. Returns how many. */
static uint32_t list_own_processes(const struct post *post, uid_t uid, int32_t processes[static JOB_PROCESSES_MAX])
{
	uint32_t n = 0, first = 0;

	for (size_t i = 0; i < post->n_processes; i++)
		n += post->processes[i].uid == uid;
	first = n > JOB_PROCESSES_MAX ? n - JOB_PROCESSES_MAX : 0;
	n = 0;
	for (size_t i = 0; i < post->n_processes; i++)
		if (post->processes[i].uid == uid && (first == 0 || first-- == 0))
			processes[n++] = post->processes[i].pid;
	return n;
}

/* How long the program may take for all of it; 0: as long as the user takes for an answer. */
static uint64_t whole_time(const struct logoff_message *message)
{
	if (!message->wait)
		return SHOW_US;
	if (message->timeout_ms == 0 || message->timeout_ms >= UINT64_MAX / MS / 2)
		return 0;
	return SHOW_US + message->timeout_ms * MS + ANSWER_SLACK_US;
}

/* Whether its user sits at a page of Cockpit, in place of a terminal or a display. */
static bool is_web_console(const struct logoff_session *session)
{
	return session->protocol && strcmp(session->protocol, "cockpit") == 0;
}

static int start_program(struct post *post, struct recipient *recipient)
{
	struct logoff_session *session = recipient->session;
	struct logoff_error *cause = &recipient->delivery->cause;
	int32_t processes[JOB_PROCESSES_MAX];
	struct job job = {
		.head = { .kind = JOB_MESSAGE, .uid = session->uid, .timeout_us = whole_time(&post->message),
			  .wait = post->message.wait, .page = is_web_console(session), .answer_ms = post->message.timeout_ms, .message_kind = post->message.kind },
		.texts = { [JOB_SESSION] = session->id, [JOB_TITLE] = post->message.title, [JOB_TEXT] = post->message.text },
		.processes = processes,
	};
	unsigned display = 0;
	int r;

	job.head.has_display = session->display && user_parse_display(session->display, &display);
	job.head.display = display;
	if (session->display && !job.head.has_display)
		return error_set_errno(cause, -EOPNOTSUPP, -EINVAL, "%s is no display of this machine", session->display);
	if (!post->knows_processes)
		(void)proc_for_each_pid(note_process, post);	/* else only the usual places are looked at */
	post->knows_processes = true;
	r = geteuid() == 0 ? find_place(post, session, &job.head, cause) : 0;
	if (r >= 0)
		r = add_poll(post);
	if (r < 0)
		return r;
	job.head.n_processes = job.head.has_display ? list_own_processes(post, session->uid, processes) : 0;
	recipient->deadline_us = clock_now_us() + SHOW_US;
	r = user_start(&recipient->child, &job, cause);
	return r == -ENOPKG || r == -EMSGSIZE ? -EOPNOTSUPP : r;
}

static bool has_program(const struct recipient *recipient)
{
	return recipient->child.pid > 0;
}

/*
 * Ends the program, and with WINDOWS those it runs; one that has replied may leave its window behind. What the user
 * makes it wait for, such as a file system of theirs that does not answer, may keep it even from being killed.
 */
static void end_program(struct recipient *recipient, bool windows)
{
	if (has_program(recipient) && windows)
		(void)kill(-recipient->child.pid, SIGKILL);
	user_end(&recipient->child);
}

bool message_take_delivery(struct logoff_delivery *to, const struct logoff_delivery *told)
{
	if ((unsigned)told->channel > LOGOFF_CHANNEL_PAGE || (unsigned)told->answer > LOGOFF_ANSWER_TIMEOUT ||
	    (unsigned)told->cause.domain > LOGOFF_ERROR_RPC || told->result > 0)
		return false;
	*to = *told;
	to->cause.name[sizeof(to->cause.name) - 1] = '\0';
	to->cause.text[sizeof(to->cause.text) - 1] = '\0';
	return true;
}

/* After the desktop: what it has not shown can still be written to the terminals in the session. */
static void fall_back(struct post *post, struct recipient *recipient)
{
	if (recipient->delivery->result < 0 && session_terminal(recipient->session, 0))
		(void)finish_recipient(recipient, start_terminals(post, recipient));
}

/* Takes the reply of a program. It was the user's process when it wrote it. */
static void take_reply(struct post *post, struct recipient *recipient, const struct job_message *reply)
{
	if (!message_take_delivery(recipient->delivery, &reply->delivery))
		return;
	if (reply->final) {
		end_program(recipient, false);
		fall_back(post, recipient);
		return;
	}
	recipient->shown = true;
	recipient->deadline_us = UINT64_MAX;
	if (post->message.timeout_ms && post->message.timeout_ms < UINT64_MAX / MS / 2)
		recipient->deadline_us = clock_now_us() + post->message.timeout_ms * MS + ANSWER_SLACK_US;
}

/* Programs that have ended without a last reply: killed by their user, out of memory, or, as OTHER says, of another version. */
static void take_end(struct post *post, struct recipient *recipient, const struct logoff_error *other)
{
	struct logoff_error *cause = &recipient->delivery->cause;
	int r = -EOPNOTSUPP;

	end_program(recipient, true);
	if (recipient->shown) {
		recipient->delivery->answer = LOGOFF_ANSWER_NONE;
		return;
	}
	if (other)
		*cause = *other;
	else
		r = error_set_errno(cause, -EINPROGRESS, -EIO, "the process that was to show it has been ended");
	(void)finish_recipient(recipient, r);
	fall_back(post, recipient);
}

static void read_replies(struct post *post, struct recipient *recipient)
{
	struct logoff_error cause = {};
	struct job_message reply;
	int r = 0;

	while (has_program(recipient) && (r = user_read(&recipient->child, &reply, sizeof(reply), &cause)) == 0)
		take_reply(post, recipient, &reply);
	if (has_program(recipient) && r != -EAGAIN)
		take_end(post, recipient, r == -ENOPKG ? &cause : NULL);
}

/* ---- the way it takes ---- */

/* Nothing can be shown where somebody came in by such a protocol without a terminal. */
static bool may_have_desktop(const struct logoff_session *session)
{
	return session->console || is_web_console(session) || (session->protocol && (strcmp(session->protocol, "local") == 0 ||
							  strcmp(session->protocol, "rdp") == 0));
}

/*
 * To a desktop the message service goes first, also for those who could do without: what it starts begins with nothing of
 * the caller's, where a program that the caller starts can only cut off what is known of (become_cut()).
 */
static int start_desktop(struct post *post, struct recipient *recipient)
{
	recipient->tried_desktop = true;
	if (!post->without_service)
		return leave_to_service(recipient);
	if (!here_has_power(recipient->session)) {
		recipient->delivery->cause = post->service_cause;
		return -EACCES;
	}
	return start_program(post, recipient);
}

static int choose_way(struct post *post, struct recipient *recipient)
{
	struct logoff_session *session = recipient->session;
	bool has_terminal = !session->display && session_terminal(session, 0);

	if (has_terminal)
		return start_terminals(post, recipient);
	if (!session->display && !may_have_desktop(session))
		return error_set_errno(&recipient->delivery->cause, -EOPNOTSUPP, -EOPNOTSUPP,
				       "the session has neither a terminal nor a display");
	return start_desktop(post, recipient);
}

static bool is_under_way(const struct recipient *recipient)
{
	return recipient->by_service || has_program(recipient) || has_terminals(recipient);
}

static void start_recipient(struct post *post, struct recipient *recipient)
{
	(void)finish_recipient(recipient, choose_way(post, recipient));
	if (recipient->tried_desktop && !is_under_way(recipient))
		fall_back(post, recipient);
}

/* Ends what is under way. */
static void give_up_recipient(struct recipient *recipient, int result, const char *why)
{
	bool answered = recipient->shown && result == -ETIMEDOUT;

	if (has_terminals(recipient)) {
		end_terminals(recipient, result, why);
		return;
	}
	recipient->by_service = false;
	end_program(recipient, true);
	if (answered)
		recipient->delivery->answer = LOGOFF_ANSWER_TIMEOUT;
	else
		(void)finish_recipient(recipient, error_set_errno(&recipient->delivery->cause, result, result, "%s", why));
}

static void check_deadlines(struct post *post)
{
	uint64_t now = clock_now_us();

	for (size_t i = 0; i < post->n_recipients; i++) {
		struct recipient *recipient = &post->recipients[i];
		bool by_program = has_program(recipient);

		if (!is_under_way(recipient) || recipient->deadline_us > now)
			continue;
		/* What a desktop has been told it may show yet. */
		give_up_recipient(recipient, by_program && !recipient->shown ? -EINPROGRESS : -ETIMEDOUT,
				  by_program ? "the desktop does not answer" : "it is stopped and takes nothing");
		if (by_program)
			fall_back(post, recipient);
	}
}

/* ---- the message service ---- */

/* What becomes of a recipient whom the service has not served: R and the cause say why. */
static void without_service(struct post *post, struct recipient *recipient, int r, const struct logoff_error *cause)
{
	recipient->by_service = false;
	recipient->delivery->result = 0;
	if (!post->without_service) {	/* nobody knows whether it has delivered */
		recipient->delivery->cause = *cause;
		(void)finish_recipient(recipient, r);
	} else if (recipient->tried_desktop) {
		(void)finish_recipient(recipient, start_desktop(post, recipient));
		if (!is_under_way(recipient))
			fall_back(post, recipient);
	} else {
		recipient->delivery->cause = *cause;
		(void)finish_recipient(recipient, -EACCES);
	}
}

/* The service's word for all who were left to it; DELIVERIES NULL: there is none, because of R. */
static void end_call(struct post *post, const struct logoff_delivery *deliveries, int r, const struct logoff_error *cause)
{
	post->call = service_call_free(post->call);
	if (r == -ENOENT || r == -EACCES) {
		post->without_service = true;
		post->service_cause = *cause;
	}
	for (size_t i = 0, n = 0; i < post->n_recipients; i++) {
		struct recipient *recipient = &post->recipients[i];

		if (!recipient->by_service)
			continue;
		if (deliveries) {
			recipient->by_service = false;
			*recipient->delivery = deliveries[n++];
		} else {
			without_service(post, recipient, r, cause);
		}
	}
}

/* Asks the service for all who are left to it. */
static void ask_service(struct post *post)
{
	struct logoff_session **sessions = calloc(post->n_recipients + 1, sizeof(struct logoff_session *));
	struct logoff_error cause = {};
	size_t n = 0;
	int r = sessions ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < post->n_recipients; i++)
		if (post->recipients[i].by_service)
			sessions[n++] = post->recipients[i].session;
	if (n > 0 && r >= 0)
		r = service_call_new(&post->call, &(struct service_order){ .method = SERVICE_SEND, .message = &post->message,
									   .sessions = sessions, .n = n });
	free(sessions);
	if (r < 0)
		end_call(post, NULL, service_say_absent(&cause), &cause);
}

/* Takes in what the service says. */
static void hear_service(struct post *post)
{
	struct logoff_delivery *deliveries = post->call ? calloc(post->n_recipients + 1, sizeof(*deliveries)) : NULL;
	struct logoff_error cause = {};
	int r = deliveries ? service_call_process(post->call, deliveries, &cause) : 0;

	if (r != 0)
		end_call(post, r > 0 ? deliveries : NULL, r, &cause);
	free(deliveries);
}

/* ---- all of it ---- */

/* Waits for news or the next deadline. Returns -ECANCELED, or 0, or 1 if nothing is under way any more. */
static int wait_once(struct post *post, int cancel_fd)
{
	uint64_t now = clock_now_us(), next_us = UINT64_MAX;
	nfds_t n = N_OTHER_FDS;
	int timeout;
	bool under_way = false;

	post->fds[0] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
	post->fds[1] = (struct pollfd){ .fd = -1 };
	if (post->call)
		service_call_poll(post->call, &post->fds[1].fd, &post->fds[1].events, &next_us);
	for (size_t i = 0; i < post->n_recipients; i++) {
		const struct recipient *recipient = &post->recipients[i];
		for (size_t k = 0; k < recipient->n_terminals; k++)
			if (recipient->terminals[k].fd >= 0)
				post->fds[n++] = (struct pollfd){ .fd = recipient->terminals[k].fd, .events = POLLOUT };
		if (has_program(recipient))
			post->fds[n++] = (struct pollfd){ .fd = recipient->child.fd, .events = POLLIN };
		under_way = under_way || is_under_way(recipient);
		if (is_under_way(recipient) && recipient->deadline_us < next_us)
			next_us = recipient->deadline_us;
	}
	if (!under_way)
		return 1;
	timeout = next_us <= now ? 0 : next_us - now >= INT_MAX * MS ? -1 : (int)((next_us - now) / MS) + 1;
	if (poll(post->fds, n, timeout) > 0 && post->fds[0].revents)
		return -ECANCELED;
	return 0;
}

static void do_step(struct post *post)
{
	hear_service(post);
	for (size_t i = 0; i < post->n_recipients; i++)
		read_replies(post, &post->recipients[i]);
	for (size_t i = 0; i < post->n_recipients; i++)
		write_terminals(post, &post->recipients[i]);
	check_deadlines(post);
}

/* What was under way when the caller cancelled. The service knows best what it has shown so far. */
static void cancel_delivery(struct post *post)
{
	for (size_t i = 0; i < post->n_recipients; i++)
		if (is_under_way(&post->recipients[i]) && !post->recipients[i].by_service)
			give_up_recipient(&post->recipients[i], -ECANCELED, "cancelled");
	if (post->call)
		service_call_cancel(post->call);
	while (post->call && wait_once(post, -1) == 0)
		hear_service(post);
	for (size_t i = 0; i < post->n_recipients; i++)
		if (is_under_way(&post->recipients[i]))
			give_up_recipient(&post->recipients[i], -ECANCELED, "cancelled");
}

static void run_delivery(struct post *post, int cancel_fd)
{
	int r;

	for (size_t i = 0; i < post->n_recipients; i++)
		start_recipient(post, &post->recipients[i]);
	for (size_t i = 0; i < post->n_recipients && !post->call; i++)
		if (post->recipients[i].by_service)
			ask_service(post);
	while ((r = wait_once(post, cancel_fd)) == 0)
		do_step(post);
	if (r < 0)
		cancel_delivery(post);
}

/* ---- the operation ---- */

static int post_init(struct post *post, struct logoff_host *host, const struct logoff_message *message,
		     struct logoff_session *const *sessions, size_t n_sessions, struct logoff_delivery *deliveries)
{
	*post = (struct post){ .host = host, .message = *message, .n_recipients = n_sessions };
	post->without_service = !service_knows(host);
	if (post->without_service)
		(void)error_set_errno(&post->service_cause, 0, -EACCES, "only the user and root may show something there");
	post->recipients = calloc(n_sessions + 1, sizeof(*post->recipients));
	post->n_fds = N_OTHER_FDS;
	post->fds = calloc(post->n_fds, sizeof(*post->fds));
	if (!post->recipients || !post->fds)
		return -ENOMEM;
	post->letter = compose_letter(&post->message);
	if (!post->letter)
		return -ENOMEM;
	for (size_t i = 0; i < n_sessions; i++)
		post->recipients[i] = (struct recipient){ .session = sessions[i], .delivery = &deliveries[i] };
	return 0;
}

static void post_done(struct post *post)
{
	free(post->letter);
	for (size_t i = 0; post->recipients && i < post->n_recipients; i++)
		free(post->recipients[i].terminals);
	service_call_free(post->call);
	free(post->recipients);
	free(post->fds);
	free(post->processes);
}

int message_deliver(struct logoff_host *host, const struct logoff_message *message, struct logoff_session *const *sessions,
		    size_t n_sessions, struct logoff_delivery *deliveries, int cancel_fd)
{
	struct post post;
	int r;

	for (size_t i = 0; host->far && i < n_sessions; i++)
		deliveries[i].result = error_set_errno(&deliveries[i].cause, -EOPNOTSUPP, -EOPNOTSUPP,
						       "terminals and desktops of another machine are not reached");
	if (host->far)
		return 0;
	r = post_init(&post, host, message, sessions, n_sessions, deliveries);
	if (r >= 0)
		run_delivery(&post, cancel_fd);
	post_done(&post);
	return r;
}
