/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notify.c - see show.h: a notification, over the user's bus. Source: the Desktop Notifications Specification 1.2.
 */
#include "user/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "local/user.h"
#include "user/surroundings.h"

#define MS UINT64_C(1000)

/* How long the bus and the notification daemon may take for one answer. */
#define CALL_US (1500 * MS)

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
	bool closed, lost;		/* lost: the daemon has ended */
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
static int check_display(sd_bus *bus, const struct letter *letter, struct logoff_error *cause)
{
	sd_bus_creds *creds = NULL;
	char *text = malloc(SURROUNDINGS_MAX);
	const char *value;
	unsigned display = 0;
	pid_t pid;
	bool other = false;

	if (text && letter->has_display &&
	    sd_bus_get_name_creds(bus, "org.freedesktop.Notifications", SD_BUS_CREDS_PID, &creds) >= 0 &&
	    sd_bus_creds_get_pid(creds, &pid) >= 0) {
		value = surroundings_find(text, surroundings_read(pid, text, SURROUNDINGS_MAX), "DISPLAY");
		other = value && user_parse_display(value, &display) && display != letter->display;
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

size_t show_first_sentence(const char *text)
{
	size_t n = 0, end = 0;

	while (text[n] && text[n] != '\n' && end == 0) {
		end = sentence_end(text + n);
		n += end ? end : 1;
	}
	return n <= TITLE_MAX ? n : strlen(text);
}

/* What of a message stands where. The summary is never markup, the body may be. Returns 0 or -ENOMEM. */
static int divide_text(const struct logoff_message *message, bool markup, struct notification *notification)
{
	size_t n = *message->title ? 0 : show_first_sentence(message->text);
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

/*
 * Sends it in the place of notification->id (0: of none), which becomes its own. Returns 0, -EINPROGRESS: the daemon has been asked
 * and does not answer, so it may show it, or why it is not shown.
 */
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
	if (r < 0) {
		bool silent = r == -ETIMEDOUT || r == -ECONNRESET;

		r = fail_bus(cause, r, &error);
		r = silent ? -EINPROGRESS : r;
	}
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
		/* 3 and 4 say that a program has closed it, or nothing: the user may not have seen it. */
		notification->answer = reason == 1 ? LOGOFF_ANSWER_TIMEOUT : reason == 2 ? LOGOFF_ANSWER_CLOSED : LOGOFF_ANSWER_NONE;
		notification->closed = true;
	}
	return 0;
}

/* The daemon has ended: its notifications have gone, and nobody has answered. */
static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct notification *notification = userdata;
	const char *name, *before;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &before, NULL) >= 0 && strcmp(name, "org.freedesktop.Notifications") == 0 && *before &&
	    !notification->closed) {
		notification->answer = LOGOFF_ANSWER_NONE;
		notification->closed = notification->lost = true;
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
static void send_nudge(sd_bus *bus)
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
			send_nudge(bus);
			nudge_us = clock_now_us() + NUDGE_US;
		}
		wake_us = until_us < nudge_us ? until_us : nudge_us;
		r = sd_bus_wait(bus, wake_us == UINT64_MAX ? UINT64_MAX : wake_us > now ? wake_us - now : 0);
	}
	return r < 0 ? LOGOFF_ANSWER_NONE : notification->answer;	/* the bus is gone */
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

static void find_place(sd_bus *bus, const char *session, struct place *place)
{
	sd_bus_creds *creds = NULL;
	const char *name;
	sd_id128_t id;

	*place = (struct place){};
	if (session[strspn(session, "0123456789abcdefghijklmnopqrstuvwxyz")] || sd_bus_get_bus_id(bus, &id) < 0 ||
	    sd_bus_get_name_creds(bus, "org.freedesktop.Notifications", SD_BUS_CREDS_UNIQUE_NAME, &creds) < 0)
		return;
	if (sd_bus_creds_get_unique_name(creds, &name) >= 0 &&
	    snprintf(place->daemon, sizeof(place->daemon), SD_ID128_FORMAT_STR " %s", SD_ID128_FORMAT_VAL(id), name) <
	    (int)sizeof(place->daemon))
		snprintf(place->path, sizeof(place->path), "/run/user/%u/logoff-warning-%.64s", (unsigned)getuid(), session);
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
	int r = ask_markup(bus, &markup, cause), news;

	while ((news = sd_bus_process(bus, NULL)) > 0)
		;
	if (notification->lost)
		return error_set_errno(cause, -EINPROGRESS, -ECONNRESET, "the user's notification daemon has ended");
	if (r >= 0 && news < 0)
		(void)error_set_errno(cause, news, news, "%s", strerror(-news));
	if (r < 0 || news < 0)	/* it has answered before: whether it shows what it has taken is unknown */
		return -EINPROGRESS;
	if (notification->closed && notification->answer != LOGOFF_ANSWER_OK)
		return error_set_errno(cause, -EOPNOTSUPP, -ECANCELED, "the desktop has closed it at once");
	return 0;
}

static int send_and_check(sd_bus *bus, const struct letter *letter, struct notification *notification,
			  struct logoff_error *cause)
{
	const struct logoff_message *message = &letter->message;
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
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
					"NameOwnerChanged", on_owner, notification);
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

static int notify_over(sd_bus *bus, const struct letter *letter,
		       struct logoff_delivery *delivery)
{
	struct notification notification = {};
	bool markup;
	int r = ask_markup(bus, &markup, &delivery->cause);

	if (r >= 0)
		r = check_display(bus, letter, &delivery->cause);
	if (r >= 0)
		r = divide_text(&letter->message, markup, &notification);
	if (r >= 0)
		r = send_and_check(bus, letter, &notification, &delivery->cause);
	free(notification.summary);
	free(notification.body);
	if (r < 0)
		return r;
	show_report(letter, delivery, LOGOFF_CHANNEL_DESKTOP);
	if (letter->message.wait)
		delivery->answer = await_notification(bus, &notification, show_answer_deadline(&letter->message));
	return 0;
}

int show_notification(const struct letter *letter, struct logoff_delivery *delivery)
{
	sd_bus *bus = NULL;
	int r = surroundings_connect_bus(letter->bus, CALL_US, &bus);

	if (r < 0)
		return fail_bus(&delivery->cause, r, NULL);
	r = notify_over(bus, letter, delivery);
	sd_bus_flush_close_unref(bus);
	return r;
}
