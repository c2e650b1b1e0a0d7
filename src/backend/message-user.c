/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message-user.c - what is done as the user: a notification on their desktop, or a window on their display.
 *
 * Everything here runs in a child process that has given up all other rights first, and all that tied it to the sender,
 * so whatever the user has put in the way (bus, notification daemon, environment) can harm only themselves; the caller's
 * deadline does the rest.
 * Where the desktop is, is known by custom (/run/user/UID/bus, ~/.Xauthority) or else read from the environment of
 * a process of the user that is on the same display. Sources: the Desktop Notifications Specification 1.2; the exit
 * statuses of zenity(1), yad(1), gxmessage(1) and xmessage(1).
 */
#include "backend/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "local/display.h"
#include "local/forked.h"

#define MS UINT64_C(1000)

/* How long the bus and the notification daemon may take for one answer. */
#define CALL_US (1500 * MS)

/* A program that lives longer than this has found the display; one that has not ends with a complaint. */
#define STEADY_US (400 * MS)

/* The way to the user's desktop. "" where it is not known. */
struct surroundings {
	char home[PATH_MAX];
	bool has_display;
	unsigned display;		/* 10 for ":10" */
	char authority[PATH_MAX];
	char bus[PATH_MAX];		/* an address of D-Bus */
};

/* ---- the way to the desktop ---- */

static void take(char *to, size_t size, const char *value)
{
	if (!*to && value && strlen(value) < size)
		memcpy(to, value, strlen(value) + 1);
}

/* Fills what is not known yet from the environments of the user's processes on this display. */
static void look_around(const struct message_letter *letter, struct surroundings *to)
{
	char *text = malloc(USER_ENVIRONMENT_MAX);
	unsigned display;

	for (size_t i = letter->n_processes; text && i-- > 0 && (!*to->bus || !*to->authority);) {
		const struct message_process *process = &letter->processes[i];
		const char *value;
		size_t n;

		if (process->uid != letter->session->uid)
			continue;
		n = user_read_environment(process->pid, text, USER_ENVIRONMENT_MAX);
		value = user_find_variable(text, n, "DISPLAY");
		if (!value || !user_parse_display(value, &display) || display != to->display)
			continue;
		take(to->authority, sizeof(to->authority), user_find_variable(text, n, "XAUTHORITY"));
		value = user_find_variable(text, n, "DBUS_SESSION_BUS_ADDRESS");
		if (value && user_is_bus_address(value))	/* others may run programs */
			take(to->bus, sizeof(to->bus), value);
	}
	free(text);
}

/* Fills in what is usual. */
static void assume_usual(struct surroundings *to)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "unix:path=/run/user/%u/bus", (unsigned)getuid());
	take(to->bus, sizeof(to->bus), path);
	if (snprintf(path, sizeof(path), "%s/.Xauthority", to->home) < (int)sizeof(path))
		take(to->authority, sizeof(to->authority), path);
}

/* ---- reports ---- */

static void report(const struct message_letter *letter, const struct logoff_delivery *delivery, bool final)
{
	struct message_report out;

	memset(&out, 0, sizeof(out));
	out.index = letter->index;
	out.final = final;
	out.delivery = *delivery;
	/* Shorter than PIPE_BUF, so it is written in one piece or the caller is gone. */
	(void)!write(letter->report_fd, &out, sizeof(out));
}

static void report_shown(const struct message_letter *letter, struct logoff_delivery *delivery,
			 enum logoff_channel channel)
{
	delivery->channel = channel;
	delivery->result = 0;
	if (letter->message->wait)
		report(letter, delivery, false);
}

static uint64_t answer_deadline(const struct logoff_message *message)
{
	uint64_t timeout_ms = message->timeout_ms;

	return timeout_ms && timeout_ms < UINT64_MAX / MS / 2 ? clock_now_us() + timeout_ms * MS : UINT64_MAX;
}

/* ---- the notification ---- */

#define NOTIFICATIONS "org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications"

/* How often a desktop that shows one notification at a time is reminded of one that is to be answered. */
#define NUDGE_US (5000 * MS)

/* What desktops show of a title: 40 letters (XFCE) to 60 (GNOME). A long name of an account may be in it. */
#define TITLE_MAX 100

struct notification {
	char *summary, *body;
	uint32_t id;			/* 0: none yet */
	bool one_by_one;		/* the daemon shows one at a time */
	bool all_buttons;		/* it has a button for the click on the text, too */
	bool closed;
	enum logoff_answer answer;
};

static int fail_bus(struct logoff_error *cause, int r, const sd_bus_error *error)
{
	char text[sizeof(cause->text)];

	if (!error || !error->name)
		return error_set_errno(cause, -EOPNOTSUPP, r, "the user's bus: %s", strerror(-r));
	snprintf(text, sizeof(text), "the user's notification daemon: %s", error->message ? error->message : "");
	return error_set_dbus(cause, -EOPNOTSUPP, error->name, text);
}

static int connect_bus(const char *address, sd_bus **ret_bus, struct logoff_error *cause)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, CALL_US);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return fail_bus(cause, r, NULL);
	}
	*ret_bus = bus;
	return 0;
}

/* Asks the daemon whether it reads texts as markup; starts it, if it is one that can be started. */
static int ask_markup(sd_bus *bus, bool *ret_markup, struct logoff_error *cause)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *capability;
	int r = sd_bus_call_method(bus, NOTIFICATIONS, "GetCapabilities", &error, &reply, NULL);

	*ret_markup = false;
	if (r >= 0)
		r = sd_bus_message_enter_container(reply, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read(reply, "s", &capability)) > 0)
		*ret_markup = *ret_markup || strcmp(capability, "body-markup") == 0;
	if (r < 0)
		r = fail_bus(cause, r, &error);
	sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	return r;
}

/* Asks which daemon it is, as two have ways of their own. What another says, or none, is no reason to treat it otherwise. */
static void ask_name(sd_bus *bus, struct notification *notification)
{
	sd_bus_message *reply = NULL;
	const char *name;
	int r = sd_bus_call_method(bus, NOTIFICATIONS, "GetServerInformation", NULL, &reply, NULL);

	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &name);
	if (r > 0) {
		notification->one_by_one = strcmp(name, "gnome-shell") == 0;
		notification->all_buttons = strcmp(name, "Xfce Notify Daemon") == 0;
	}
	sd_bus_message_unref(reply);
}

/* A user has one bus, but may have several displays; the daemon shows things on one of them. */
static int check_display(sd_bus *bus, const struct surroundings *around, struct logoff_error *cause)
{
	sd_bus_creds *creds = NULL;
	char *text = malloc(USER_ENVIRONMENT_MAX);
	const char *value;
	unsigned display = 0;
	pid_t pid;
	bool other = false;

	if (text && around->has_display &&
	    sd_bus_get_name_creds(bus, "org.freedesktop.Notifications", SD_BUS_CREDS_PID, &creds) >= 0 &&
	    sd_bus_creds_get_pid(creds, &pid) >= 0) {
		value = user_find_variable(text, user_read_environment(pid, text, USER_ENVIRONMENT_MAX), "DISPLAY");
		other = value && user_parse_display(value, &display) && display != around->display;
	}
	sd_bus_creds_unref(creds);
	free(text);
	if (other)
		return error_set_errno(cause, -EOPNOTSUPP, -EXDEV, "the user's notifications are shown on display :%u",
				       display);
	return 0;
}

/* Makes TEXT mean itself where it is read as markup. Returns the copy, or NULL. */
static char *escape_markup(const char *text)
{
	char *copy = malloc(strlen(text) * 5 + 1), *at = copy;

	for (; copy && *text; text++) {
		const char *entity = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;

		if (entity)
			at = stpcpy(at, entity);
		else
			*at++ = *text;
	}
	if (copy)
		*at = '\0';
	return copy;
}

static int32_t expiry(const struct logoff_message *message)
{
	return message->timeout_ms > INT32_MAX ? 0 : (int32_t)message->timeout_ms;
}

/* The question that can be answered: by a click on the text, or on a button. */
static char *actions[] = { (char *)"default", (char *)"OK", (char *)"ok", (char *)"OK", NULL };
static char *no_actions[] = { NULL };

/* What ends a sentence: a mark with white space behind it, or one of the full-width marks of Chinese. Returns its length, or 0. */
static size_t sentence_end(const char *text)
{
	static const char *const wide[] = { "\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f", NULL };	/* 。！？ */

	if (*text && strchr(".!?", *text) && (text[1] == ' ' || text[1] == '\n'))
		return 1;
	for (size_t i = 0; wide[i]; i++)
		if (strncmp(text, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

size_t message_first_sentence(const char *text)
{
	size_t n = 0, end = 0;

	while (text[n] && text[n] != '\n' && end == 0) {
		end = sentence_end(text + n);
		n += end ? end : 1;
	}
	return n <= TITLE_MAX ? n : strlen(text);
}

/* What of a message stands where. The summary is never markup, the body may be. Returns 0 or -ENOMEM. */
static int divide(const struct logoff_message *message, bool markup, struct notification *notification)
{
	size_t n = *message->title ? 0 : message_first_sentence(message->text);
	const char *rest = message->text + n;

	notification->summary = *message->title ? strdup(message->title) : strndup(message->text, n);
	rest += n ? strspn(rest, " \n") : 0;
	notification->body = markup ? escape_markup(rest) : strdup(rest);
	return notification->summary && notification->body ? 0 : -ENOMEM;
}

/*
 * What is urgent stays until it is closed. GNOME shows one notification at a time, so there whatever comes after would have
 * to wait for that; what is not urgent leaves the screen when its user has been active for 4 s, and is kept in a list.
 */
static uint8_t urgency(const struct logoff_message *message, bool one_by_one)
{
	bool pressing = message->kind == LOGOFF_MESSAGE_WARNING || message->wait || !one_by_one;

	return message->kind == LOGOFF_MESSAGE_ALL_CLEAR || !pressing ? 1 : 2;
}

static int compose_notification(sd_bus *bus, const struct logoff_message *message,
				const struct notification *notification, sd_bus_message **ret_call)
{
	int r = sd_bus_message_new_method_call(bus, ret_call, NOTIFICATIONS, "Notify");

	if (r >= 0)
		r = sd_bus_message_append(*ret_call, "susss", "msg", notification->id, "dialog-information",
					  notification->summary, notification->body);
	if (r >= 0)
		r = sd_bus_message_append_strv(*ret_call, !message->wait ? no_actions :
							  notification->all_buttons ? actions + 2 : actions);
	if (r >= 0)
		r = sd_bus_message_append(*ret_call, "a{sv}i", 1, "urgency", "y", urgency(message, notification->one_by_one),
					  expiry(message));
	return r;
}

/* Sends it in the place of notification->id (0: of none), which becomes its own. */
static int send_notification(sd_bus *bus, const struct logoff_message *message, struct notification *notification,
			     struct logoff_error *cause)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *call = NULL, *reply = NULL;
	int r = compose_notification(bus, message, notification, &call);

	if (r >= 0)
		r = sd_bus_call(bus, call, CALL_US, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "u", &notification->id);
	if (r < 0)
		r = fail_bus(cause, r, &error);
	sd_bus_message_unref(call);
	sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	return r;
}

static int on_action(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct notification *notification = userdata;
	const char *action;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "us", &id, &action) >= 0 && id == notification->id) {
		notification->answer = LOGOFF_ANSWER_OK;
		notification->closed = true;
	}
	return 0;
}

static int on_closed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct notification *notification = userdata;
	uint32_t id, reason;

	(void)error;
	if (sd_bus_message_read(m, "uu", &id, &reason) >= 0 && id == notification->id && !notification->closed) {
		notification->answer = reason == 1 ? LOGOFF_ANSWER_TIMEOUT : LOGOFF_ANSWER_CLOSED;
		notification->closed = true;
	}
	return 0;
}

static void close_notification(sd_bus *bus, uint32_t id)
{
	(void)sd_bus_call_method(bus, NOTIFICATIONS, "CloseNotification", NULL, NULL, "u", id);	/* it may have gone by itself */
}

/*
 * GNOME without animations (no graphics card, remote desktops) goes on to the next notification only when one more comes. So
 * one more comes, and goes before it can be seen: ours, which is urgent, goes first. Source: gnome-shell 48, messageTray.js,
 * _hideNotification() and _updateState().
 */
static void nudge(sd_bus *bus)
{
	struct notification nothing = { .summary = (char *)"msg", .body = (char *)"" };

	if (send_notification(bus, &(struct logoff_message){ .kind = LOGOFF_MESSAGE_ALL_CLEAR }, &nothing, NULL) >= 0)
		close_notification(bus, nothing.id);
}

static enum logoff_answer await_notification(sd_bus *bus, struct notification *notification, uint64_t until_us)
{
	uint64_t now, nudge_us = notification->one_by_one ? clock_now_us() + NUDGE_US : UINT64_MAX, wake_us;
	int r = 0;

	while (!notification->closed && r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r != 0)
			continue;
		now = clock_now_us();
		if (now >= until_us) {
			close_notification(bus, notification->id);
			return LOGOFF_ANSWER_TIMEOUT;
		}
		if (now >= nudge_us) {
			nudge(bus);
			nudge_us = clock_now_us() + NUDGE_US;
		}
		wake_us = until_us < nudge_us ? until_us : nudge_us;
		r = sd_bus_wait(bus, wake_us == UINT64_MAX ? UINT64_MAX : wake_us > now ? wake_us - now : 0);
	}
	return r < 0 ? LOGOFF_ANSWER_CLOSED : notification->answer;
}

/* ---- the place of the last warning ---- */

/*
 * The next warning takes the place of the last, also if another run has sent that, or other rights: so what it was is kept
 * in the user's folder for such things, by bus, daemon and number. A number alone would be another notification's after a
 * restart of the daemon.
 */
struct place {
	char path[128];			/* "": there is none */
	char daemon[256];		/* the bus and the daemon's name on it, which is not used twice */
};

static void find_place(sd_bus *bus, const struct logoff_session *session, struct place *place)
{
	sd_bus_creds *creds = NULL;
	const char *name;
	sd_id128_t id;

	*place = (struct place){};
	if (session->id[strspn(session->id, "0123456789abcdefghijklmnopqrstuvwxyz")] || sd_bus_get_bus_id(bus, &id) < 0 ||
	    sd_bus_get_name_creds(bus, "org.freedesktop.Notifications", SD_BUS_CREDS_UNIQUE_NAME, &creds) < 0)
		return;
	if (sd_bus_creds_get_unique_name(creds, &name) >= 0 &&
	    snprintf(place->daemon, sizeof(place->daemon), SD_ID128_FORMAT_STR " %s", SD_ID128_FORMAT_VAL(id), name) <
	    (int)sizeof(place->daemon))
		snprintf(place->path, sizeof(place->path), "/run/user/%u/logoff-warning-%.64s", (unsigned)getuid(), session->id);
	sd_bus_creds_unref(creds);
}

/* Returns the number of the last warning that this daemon was sent for the session, or 0. */
static uint32_t read_place(const struct place *place)
{
	char text[sizeof(place->daemon) + 16];
	size_t n = strlen(place->daemon);
	int fd = *place->path ? open(place->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	return strncmp(text, place->daemon, n) == 0 && text[n] == ' ' ? (uint32_t)strtoul(text + n, NULL, 10) : 0;
}

/* What cannot be written down is not replaced: the next one is shown beside it. */
static void write_place(const struct place *place, uint32_t id)
{
	int fd = *place->path ? open(place->path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	(void)dprintf(fd, "%s %u\n", place->daemon, (unsigned)id);
	close(fd);
}

/* ---- the notification, from the sending to the answer ---- */

/*
 * A daemon may close at once what it does not show: its user has switched notifications off. What it has said before it answers
 * the next question has come when that answer has.
 */
static int check_shown(sd_bus *bus, const struct notification *notification, struct logoff_error *cause)
{
	bool markup;
	int r = ask_markup(bus, &markup, NULL);

	while (r >= 0 && (r = sd_bus_process(bus, NULL)) > 0)
		;
	if (notification->closed && notification->answer != LOGOFF_ANSWER_OK)
		return error_set_errno(cause, -EOPNOTSUPP, -ECANCELED, "the desktop has closed it at once");
	return 0;
}

static int show_notification(sd_bus *bus, const struct message_letter *letter, struct notification *notification,
			     struct logoff_error *cause)
{
	const struct logoff_message *message = letter->message;
	struct place place = {};
	int r;

	if (message->kind != LOGOFF_MESSAGE_PLAIN) {
		find_place(bus, letter->session, &place);
		notification->id = read_place(&place);
	}
	ask_name(bus, notification);
	r = sd_bus_match_signal(bus, NULL, NOTIFICATIONS, "NotificationClosed", on_closed, notification);
	if (r >= 0 && message->wait)
		r = sd_bus_match_signal(bus, NULL, NOTIFICATIONS, "ActionInvoked", on_action, notification);
	if (r >= 0 && notification->one_by_one && notification->id) {	/* what only changes does not come to the front */
		close_notification(bus, notification->id);
		notification->id = 0;
	}
	if (r >= 0)
		r = send_notification(bus, message, notification, cause);
	if (r >= 0)
		write_place(&place, notification->id);
	return r < 0 ? r : check_shown(bus, notification, cause);
}

static int notify_over(sd_bus *bus, const struct message_letter *letter, const struct surroundings *around,
		       struct logoff_delivery *delivery)
{
	struct notification notification = {};
	bool markup;
	int r = ask_markup(bus, &markup, &delivery->cause);

	if (r >= 0)
		r = check_display(bus, around, &delivery->cause);
	if (r >= 0)
		r = divide(letter->message, markup, &notification);
	if (r >= 0)
		r = show_notification(bus, letter, &notification, &delivery->cause);
	free(notification.summary);
	free(notification.body);
	if (r < 0)
		return r;
	report_shown(letter, delivery, LOGOFF_CHANNEL_DESKTOP);
	if (letter->message->wait)
		delivery->answer = await_notification(bus, &notification, answer_deadline(letter->message));
	return 0;
}

static int notify(const struct message_letter *letter, const struct surroundings *around,
		  struct logoff_delivery *delivery)
{
	sd_bus *bus = NULL;
	int r = connect_bus(around->bus, &bus, &delivery->cause);

	if (r < 0)
		return r;
	r = notify_over(bus, letter, around, delivery);
	sd_bus_flush_close_unref(bus);
	return r;
}

/* ---- the window ---- */

#define N_ARGUMENTS 24

/* The command line of a program, in memory that is never freed: the process becomes that program. */
struct command {
	char *items[N_ARGUMENTS + 1];
	int n;
};

static void __attribute__((format(printf, 2, 3))) add(struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (command->n < N_ARGUMENTS && vasprintf(&command->items[command->n], format, arguments) >= 0)
		command->n++;
	va_end(arguments);
}

/*
 * All of them read the text from standard input: everybody can read a command line in /proc, so nothing of the message
 * stands there, its title neither, which is the first line of the text.
 */
#define WINDOW_TITLE "msg"

static void command_zenity(struct command *command, unsigned seconds)
{
	add(command, "--text-info");
	add(command, "--title=" WINDOW_TITLE);
	add(command, "--width=480");
	add(command, "--height=240");
	add(command, "--ok-label=OK");
	if (seconds)
		add(command, "--timeout=%u", seconds);
}

static void command_yad(struct command *command, unsigned seconds)
{
	add(command, "--text-info");
	add(command, "--wrap");
	add(command, "--margins=12");
	add(command, "--width=480");
	add(command, "--height=240");
	add(command, "--center");
	add(command, "--on-top");
	add(command, "--button=OK:0");
	add(command, "--title=" WINDOW_TITLE);
	if (seconds)
		add(command, "--timeout=%u", seconds);
}

static void command_gxmessage(struct command *command, unsigned seconds)
{
	add(command, "-center");
	add(command, "-title");
	add(command, WINDOW_TITLE);
	add(command, "-buttons");
	add(command, "OK:101");
	add(command, "-default");
	add(command, "OK");
	if (seconds) {
		add(command, "-timeout");
		add(command, "%u", seconds);
	}
	add(command, "-file");
	add(command, "-");
}

/* The same; without the resource it would take UTF-8 for Latin letters. Chinese needs the fonts of xfonts-base. */
static void command_xmessage(struct command *command, unsigned seconds)
{
	add(command, "-xrm");
	add(command, "*international: true");
	command_gxmessage(command, seconds);
}

/* In order of preference. */
static const struct program {
	const char *path;
	void (*complete)(struct command *command, unsigned seconds);
	int ok, timeout;		/* exit statuses; any other: closed */
} programs[] = {
	{ "/usr/bin/zenity", command_zenity, 0, 5 },
	{ "/usr/bin/yad", command_yad, 0, 70 },
	{ "/usr/bin/gxmessage", command_gxmessage, 101, 0 },
	{ "/usr/bin/xmessage", command_xmessage, 101, 0 },
};

/* The title again, for displays without a window manager, and the text. */
static char *window_text(const struct logoff_message *message)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", message->title, *message->title ? "\n\n" : "", message->text) < 0)
		return NULL;
	return text;
}

/* A descriptor from which TEXT can be read, or -1. */
static int text_as_file(const char *text)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Tells whether TEXT needs more letters than those of Latin-1, which every X server has. */
static bool needs_fonts(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0xc4)
			return true;
	return false;
}

/* Tells whether the program has complained that it has no letters for the text. */
static bool lacks_fonts(int complaints, const struct logoff_message *message)
{
	char text[4096];
	ssize_t n = pread(complaints, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "Missing charsets") && needs_fonts(message->text);
}

static void make_environment(struct command *environment, const struct surroundings *around)
{
	add(environment, "PATH=/usr/local/bin:/usr/bin:/bin");
	add(environment, "HOME=%s", around->home);
	add(environment, "DISPLAY=:%u", around->display);
	add(environment, "XAUTHORITY=%s", around->authority);
	add(environment, "LC_ALL=C.UTF-8");	/* the user's own may not be there or not be UTF-8 */
	add(environment, "XDG_RUNTIME_DIR=/run/user/%u", (unsigned)getuid());
	add(environment, "DBUS_SESSION_BUS_ADDRESS=%s", around->bus);
	add(environment, "NO_AT_BRIDGE=1");	/* GTK would wait for a service of accessibility */
}

/* In a child: becomes the program. */
static void __attribute__((noreturn)) become_program(const struct program *program, const struct message_letter *letter,
						     const struct surroundings *around, int complaints)
{
	const struct logoff_message *message = letter->message;
	uint64_t seconds = (message->timeout_ms + 999) / 1000;
	struct command command = {}, environment = {};
	char *text = window_text(message);
	int in = text ? text_as_file(text) : -1, out = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(complaints >= 0 ? complaints : out, STDERR_FILENO) < 0)
		_exit(127);
	if (message->wait)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	add(&command, "%s", program->path);
	program->complete(&command, seconds > UINT_MAX / 1000 ? 0 : (unsigned)seconds);
	make_environment(&environment, around);
	execve(program->path, command.items, environment.items);
	_exit(127);
}

/* Waits until the child has ended or UNTIL_US has come. Returns its exit status, or -ETIMEDOUT. */
static int await_end(pid_t child, uint64_t until_us)
{
	sigset_t ended;
	int status;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	while (waitpid(child, &status, WNOHANG) == 0) {
		uint64_t now = clock_now_us(), left = until_us - now;
		struct timespec timeout = { .tv_sec = (time_t)(left / 1000000), .tv_nsec = (long)(left % 1000000 * 1000) };

		if (until_us != UINT64_MAX && now >= until_us)
			return -ETIMEDOUT;
		(void)sigtimedwait(&ended, NULL, until_us == UINT64_MAX ? NULL : &timeout);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static enum logoff_answer answer_of(const struct program *program, int status)
{
	if (status == program->ok)
		return LOGOFF_ANSWER_OK;
	return status == program->timeout ? LOGOFF_ANSWER_TIMEOUT : LOGOFF_ANSWER_CLOSED;
}

/* Starts the program. Returns its exit status if it has ended already, -EINPROGRESS, or why it shows nothing. */
static int start_program(const struct program *program, const struct message_letter *letter,
			 const struct surroundings *around, pid_t *ret_child, struct logoff_error *cause)
{
	int complaints = memfd_create("complaints", MFD_CLOEXEC), status;
	bool lacking;

	*ret_child = fork();
	if (*ret_child == 0)
		become_program(program, letter, around, complaints);
	status = *ret_child > 0 ? await_end(*ret_child, clock_now_us() + STEADY_US) : -errno;
	lacking = lacks_fonts(complaints, letter->message);
	if (complaints >= 0)
		close(complaints);
	if (*ret_child < 0)
		return error_set_errno(cause, -EAGAIN, status, "no further process: %s", strerror(-status));
	if (status >= 0 && status != program->ok)
		return error_set_errno(cause, -EOPNOTSUPP, -EIO, "%s cannot use the display (status %d)", program->path,
				       status);
	if (lacking && status < 0) {
		(void)kill(*ret_child, SIGKILL);
		return error_set_errno(cause, -EOPNOTSUPP, -EILSEQ, "%s has no fonts for this text", program->path);
	}
	return status == -ETIMEDOUT ? -EINPROGRESS : status;
}

static int open_window(const struct program *program, const struct message_letter *letter,
		       const struct surroundings *around, struct logoff_delivery *delivery)
{
	sigset_t ended;
	pid_t child;
	int status;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &ended, NULL);
	status = start_program(program, letter, around, &child, &delivery->cause);
	if (status < 0 && status != -EINPROGRESS)
		return status;
	report_shown(letter, delivery, LOGOFF_CHANNEL_DISPLAY);
	if (!letter->message->wait)
		return 0;
	if (status == -EINPROGRESS)
		status = await_end(child, answer_deadline(letter->message));
	if (status == -ETIMEDOUT)
		(void)kill(child, SIGKILL);
	delivery->answer = status < 0 ? LOGOFF_ANSWER_TIMEOUT : answer_of(program, status);
	return 0;
}

static int show_window(const struct message_letter *letter, const struct surroundings *around,
		       struct logoff_delivery *delivery)
{
	/* Else a program that is slow to complain would count as one that shows it. */
	int r = display_try(getuid(), around->display, around->authority);

	if (r == -ENOENT || r == -EACCES)
		return error_set_errno(&delivery->cause, -EOPNOTSUPP, r,
				       r == -ENOENT ? "no X server of root or the user has display :%u" :
				       "display :%u does not let its user in", around->display);
	r = error_set_errno(&delivery->cause, -EOPNOTSUPP, -ENOENT,
			    "no notification daemon, and no program for windows (zenity, yad, gxmessage, xmessage)");
	for (size_t i = 0; r < 0 && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (access(programs[i].path, X_OK) == 0)
			r = open_window(&programs[i], letter, around, delivery);
	return r;
}

/* ---- the whole ---- */

static int show(const struct message_letter *letter, struct logoff_delivery *delivery)
{
	const struct logoff_session *session = letter->session;
	struct surroundings around = {};
	int r = geteuid() == 0 ? user_cut(session->uid, letter->beside, letter->like, &delivery->cause) : 0;

	if (r < 0)
		return r == -EPERM || r == -EACCES ? -EOPNOTSUPP : r;
	r = user_become(session->uid, around.home, sizeof(around.home));
	if (r < 0)
		return error_set_errno(&delivery->cause, r == -ENOENT ? -EOPNOTSUPP : -EACCES, r,
				       "cannot become user %u: %s", (unsigned)session->uid, strerror(-r));
	user_limit(letter->like);
	if (letter->message->wait)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);	/* becoming another user has undone it, had it been set before */
	around.has_display = session->display && user_parse_display(session->display, &around.display);
	if (session->display && !around.has_display)
		return error_set_errno(&delivery->cause, -EOPNOTSUPP, -EINVAL, "%s is no display of this machine",
				       session->display);
	if (around.has_display)
		look_around(letter, &around);
	assume_usual(&around);
	r = notify(letter, &around, delivery);
	return r < 0 && around.has_display ? show_window(letter, &around, delivery) : r;
}

void message_as_user(struct message_letter *letter)
{
	struct logoff_delivery delivery = {};

	if (user_forget_caller(&letter->report_fd) < 0)
		_exit(1);
	delivery.result = show(letter, &delivery);
	if (delivery.result == 0)
		delivery.cause = (struct logoff_error){};
	else
		delivery.channel = LOGOFF_CHANNEL_NONE;
	report(letter, &delivery, true);
	_exit(0);
}
