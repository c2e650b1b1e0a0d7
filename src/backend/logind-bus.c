/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logind-bus.c - the connection of a logind host with the system bus: opening it, calls with a deadline, and what errors mean.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/bus-call.h"
#include "backend/here.h"
#include "backend/logind.h"
#include "base/clock.h"
#include "base/error.h"

/* A logind that cannot even be asked to kill by then is not there; see kill_session(). */
#define KILL_TIMEOUT_US UINT64_C(1000000)

/* Grace after the deadline: for a logind that has answered before, so that it can say what is left, and for one that has not. */
#define LAST_TIMEOUT_US UINT64_C(250000)
#define SILENT_TIMEOUT_US UINT64_C(5000)

#define DBUS "org.freedesktop.DBus"
#define POLKIT "org.freedesktop.PolicyKit1"

/* An answer without a person comes at once; a polkit that has to be started takes longer. */
#define POLKIT_TIMEOUT_US UINT64_C(2000000)

/* How the address of a bus begins that is spoken with by descriptors; see struct logoff_address. */
#define FDS "fd:"

/* ---- errors ---- */

/* D-Bus errors that mean something to the procedure. What is not here is a breach of the protocol. */
static const struct {
	const char *name;
	int meaning;
} dbus_errors[] = {
	{ LOGIN1 ".NoSuchSession", -ENXIO },
	{ LOGIN1 ".NoSuchUser", -ENXIO },
	{ LOGIN1 ".NoSessionForPID", -ENXIO },
	{ "org.freedesktop.DBus.Error.UnknownObject", -ENXIO },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES },
	{ "org.freedesktop.DBus.Error.AccessDenied", -EACCES },
	{ "org.freedesktop.systemd1.UnitMasked", -EACCES },	/* polkit is masked */
	{ "org.freedesktop.DBus.Error.FileNotFound", -EAGAIN },	/* the scope has just gone, the session goes next */
	{ "org.freedesktop.DBus.Error.NoReply", -EAGAIN },
	{ "org.freedesktop.DBus.Error.Timeout", -EAGAIN },
	{ "org.freedesktop.DBus.Error.ServiceUnknown", -EAGAIN },
	{ "org.freedesktop.DBus.Error.NameHasNoOwner", -EAGAIN },
	{ "org.freedesktop.DBus.Error.Disconnected", -EHOSTUNREACH },
	{ "System.Error.ENOTCONN", -EHOSTUNREACH },
	{ "System.Error.ECONNRESET", -EHOSTUNREACH },
	{ "org.freedesktop.DBus.Error.NoMemory", -ENOMEM },
	{ "System.Error.ENOMEM", -ENOMEM },
};

int logind_error(const sd_bus_error *error, int r, struct logoff_error *reterr)
{
	int meaning = -EPROTO;

	if (!sd_bus_error_is_set(error)) {
		if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE || r == -ESHUTDOWN)
			return error_set_errno(reterr, -EHOSTUNREACH, r, "the system bus has closed the connection");
		return error_set_errno(reterr, r == -ENOMEM ? r : -EPROTO, r, "%s", strerror(-r));
	}
	for (size_t i = 0; i < sizeof(dbus_errors) / sizeof(dbus_errors[0]); i++)
		if (strcmp(error->name, dbus_errors[i].name) == 0)
			meaning = dbus_errors[i].meaning;
	return error_set_dbus(reterr, meaning, error->name, error->message);
}

int logind_bad_answer(int r, const char *what, struct logoff_error *reterr)
{
	if (r == -ENOMEM)
		return r;
	return error_set_errno(reterr, -EPROTO, r, "%s: not of the promised form", what);
}

/* Sets how long the next question may wait for its answer, from now on. */
static void set_timeout(struct logoff_host *host)
{
	struct logind *logind = host->data;
	uint64_t now = clock_now_us(), most = logind->hurried ? KILL_TIMEOUT_US : CALL_TIMEOUT_US;
	uint64_t least = logind->silent ? SILENT_TIMEOUT_US : LAST_TIMEOUT_US;
	uint64_t left = host->deadline_us > now ? host->deadline_us - now : 0;

	if (host->deadline_us > 0 && left < most)
		most = left > least ? left : least;
	(void)sd_bus_set_method_call_timeout(logind->bus, most);	/* the default is only longer */
}

/* ---- calls ---- */

int logind_new_call(struct logoff_host *host, sd_bus_message **ret_call, const char *path, const char *interface,
		    const char *method)
{
	struct logind *logind = host->data;
	int r = sd_bus_message_new_method_call(logind->bus, ret_call, LOGIN1, path, interface, method);

	return r < 0 ? r : sd_bus_message_set_auto_start(*ret_call, false);
}

int logind_call(struct logoff_host *host, sd_bus_message *call, int r, sd_bus_message **ret_answer, struct logoff_error *reterr)
{
	struct logind *logind = host->data;
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (r >= 0) {
		set_timeout(host);
		r = bus_call(logind->bus, call, &error, ret_answer, &logind->has_events);
		logind->silent = r == -ETIMEDOUT;
	}
	if (r < 0)
		r = logind_error(&error, r, reterr);
	sd_bus_message_unref(call);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

int logind_get_property(struct logoff_host *host, const char *path, const char *interface, const char *name,
			const char *type, sd_bus_message **ret_answer, struct logoff_error *reterr)
{
	sd_bus_message *call = NULL, *answer = NULL;
	int r;

	r = logind_new_call(host, &call, path, "org.freedesktop.DBus.Properties", "Get");
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", interface, name);
	r = logind_call(host, call, r, &answer, reterr);
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(answer, 'v', type);
	if (r < 0) {
		sd_bus_message_unref(answer);
		return logind_bad_answer(r, name, reterr);
	}
	*ret_answer = answer;
	return 0;
}

/* ---- connecting ---- */

/* Waits for the bus to greet us. sd-bus would do so by itself, but for 90 s where we give 5. */
static int await_bus(sd_bus *bus)
{
	uint64_t now = clock_now_us(), until = now + CALL_TIMEOUT_US;
	int r = 0;

	for (; r >= 0 && now < until; now = clock_now_us()) {
		r = sd_bus_process(bus, NULL);
		if (r < 0 || sd_bus_is_ready(bus) > 0)
			return r;
		if (r == 0)
			r = sd_bus_wait(bus, until - now);
		if (r == -EINTR)
			r = 0;
	}
	return r < 0 ? r : -ETIMEDOUT;
}

/* Asks the bus itself, whom nobody starts. *RET_OTHERS as for bus_call(). Returns what sd-bus says. */
static int ask_bus(sd_bus *bus, const char *method, bool *ret_others, sd_bus_message **ret_answer)
{
	sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(bus, &call, DBUS, "/org/freedesktop/DBus", DBUS, method);

	if (r >= 0)
		r = bus_call(bus, call, NULL, ret_answer, ret_others);
	sd_bus_message_unref(call);
	return r;
}

/* Tells whether the list of METHOD has logind's name in it. Returns 1, 0 or what sd-bus says. */
static int bus_lists(sd_bus *bus, const char *method)
{
	sd_bus_message *answer = NULL;
	const char *name;
	int found = 0, r = ask_bus(bus, method, NULL, &answer);

	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'a', "s");
	while (r >= 0 && !found && (r = sd_bus_message_read(answer, "s", &name)) > 0)
		found = strcmp(name, LOGIN1) == 0;
	sd_bus_message_unref(answer);
	return r < 0 ? r : found;
}

/*
 * The id of the bus, which it draws at its start: a copy of the machine, or another container, has another one, though its machine
 * id may be the same, and its boot id too.
 */
void logind_identify(struct logoff_host *host, char instance[static 64])
{
	struct logind *logind = host->data;
	sd_bus_message *answer = NULL;
	const char *id;
	int r;

	set_timeout(host);
	r = ask_bus(logind->bus, "GetId", &logind->has_events, &answer);
	if (r >= 0)
		r = sd_bus_message_read(answer, "s", &id);
	if (r > 0 && strlen(id) == 32 && id[strspn(id, "0123456789abcdef")] == '\0')
		snprintf(instance, 64, "%s", id);
	sd_bus_message_unref(answer);
}

/* Asks polkit whether this connection may do ACTION, as things are: nobody is to prove anything. Returns what sd-bus says. */
static int ask_polkit(struct logind *logind, const char *action, sd_bus_error *ret_error, int *ret_granted)
{
	sd_bus_message *call = NULL, *answer = NULL;
	const char *name;
	int r = sd_bus_get_unique_name(logind->bus, &name);

	if (r >= 0)
		r = sd_bus_message_new_method_call(logind->bus, &call, POLKIT, "/org/freedesktop/PolicyKit1/Authority", POLKIT ".Authority",
						   "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", name, action, 0, 0U, "");
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(logind->bus, POLKIT_TIMEOUT_US);
	if (r >= 0)
		r = bus_call(logind->bus, call, ret_error, &answer, &logind->has_events);
	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'r', "bba{ss}");
	if (r >= 0)
		r = sd_bus_message_read(answer, "b", ret_granted);
	sd_bus_message_unref(call);
	sd_bus_message_unref(answer);
	return r;
}

/* Where polkit is not installed, or must not run, logind lets nobody but root end sessions of others. */
static bool is_without_polkit(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) || sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
	       sd_bus_error_has_name(error, "org.freedesktop.systemd1.UnitMasked");
}

/* The right that logind itself asks polkit for. As whom a far bus knows this program is not known here: there polkit alone can say yes. */
int logind_control(struct logoff_host *host, struct logoff_error *reterr)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r, granted = 0;

	if (!host->far && geteuid() == 0)
		return 1;
	r = ask_polkit(host->data, LOGIN1 ".manage", &error, &granted);
	if (r >= 0)
		r = granted != 0;
	else if (!host->far && is_without_polkit(&error))
		r = 0;
	else
		r = logind_error(&error, r, reterr);
	sd_bus_error_free(&error);
	return r;
}

/*
 * Tells whether this machine's sessions are not logind's after all: without systemd, where the bus knows neither a logind nor
 * how to start one, or where there is no bus. Only a clear answer counts: who would read a logind's machine by /proc would
 * see other sessions than it has.
 */
static bool is_without_logind(const struct logind *logind, int connected)
{
	if (!logind->elogind)
		return false;
	if (connected < 0)
		return connected == -ENOENT;	/* a socket to which nobody listens may be a bus that restarts */
	return bus_lists(logind->bus, "ListNames") == 0 && bus_lists(logind->bus, "ListActivatableNames") == 0;
}

/* systemd makes one at its start, logind and elogind the other. Where neither is, there never was a logind. */
static bool is_logind_made(void)
{
	return access("/run/systemd/system", F_OK) == 0 || access("/run/systemd/seats", F_OK) == 0;
}

/* Connects with a bus that is not this machine's own; the bus tells who may do what there. */
static int open_far(const char *address, sd_bus **ret_bus)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		bus = sd_bus_unref(bus);
	*ret_bus = bus;
	return r;
}

/* Speaks with a bus by FDS, which it reads and writes. They are closed with the bus, or after a failure. */
static int open_fds(const int fds[static 2], sd_bus **ret_bus)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_fd(bus, fds[0], fds[1]);
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
	}
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		bus = sd_bus_unref(bus);
	*ret_bus = bus;
	return r;
}

/* "fd:3,4,login07" in parts. Returns whether it is one such, of descriptors that are open. */
static bool parse_fds(const char *address, int fds[static 2], const char **ret_name)
{
	int n = 0;

	if (sscanf(address, FDS "%d,%d,%n", &fds[0], &fds[1], &n) != 2 || n == 0 || address[n] == '\0')
		return false;
	*ret_name = address + n;
	return fds[0] != fds[1] && fcntl(fds[0], F_GETFD) >= 0 && fcntl(fds[1], F_GETFD) >= 0;
}

/* Notes that HOST is another machine, by the ADDRESS of its bus. Returns 0, -ENOMEM or -EINVAL. */
static int set_far(struct logoff_host *host, const char *address)
{
	struct logind *logind = host->data;
	const char *name = address;

	host->far = true;
	logind->has_fds = strncmp(address, FDS, strlen(FDS)) == 0;
	if (logind->has_fds && !parse_fds(address, logind->fds, &name))
		return -EINVAL;
	host->server = strdup(name);
	return host->server ? 0 : -ENOMEM;
}

int logind_open_bus(const struct logoff_host *host, sd_bus **ret_bus)
{
	const struct logind *logind = host->data;
	int r;

	if (logind->has_fds)
		r = logind->bus ? -EOPNOTSUPP : open_fds(logind->fds, ret_bus);	/* there is only one such connection */
	else
		r = host->far ? open_far(host->server, ret_bus) : sd_bus_open_system(ret_bus);
	return r < 0 ? r : await_bus(*ret_bus);
}

void logind_poll_bus(const struct logind *logind, struct pollfd fds[static LOGIND_N_FDS])
{
	short events = (short)sd_bus_get_events(logind->bus);

	fds[0] = (struct pollfd){ .fd = logind->has_fds ? logind->fds[0] : sd_bus_get_fd(logind->bus), .events = events };
	fds[1] = (struct pollfd){ .fd = logind->has_fds ? logind->fds[1] : -1, .events = events & POLLOUT };
	if (logind->has_fds)
		fds[0].events &= POLLIN;
}

int logind_open(struct logoff_host *host, const char *argument, struct logoff_error *reterr)
{
	bool probes = argument && strcmp(argument, "probe") == 0, far = argument && !probes;
	struct logind *logind;
	int r;

	if (probes && !is_logind_made())
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no logind");
	logind = calloc(1, sizeof(*logind));
	if (!logind)
		return -ENOMEM;
	host->data = logind;
	logind->elogind = !far && access("/run/systemd/system", F_OK) < 0;
	if (logind->elogind)
		host->kind = "elogind";
	r = far ? set_far(host, argument) : 0;
	if (r < 0)
		return error_set_errno(reterr, r, r, "%s: %s", argument, strerror(-r));
	r = logind_open_bus(host, &logind->bus);
	if (r >= 0)
		set_timeout(host);
	if (probes && is_without_logind(logind, r))	/* nobody says that it is a logind's machine */
		return error_set_errno(reterr, -ENXIO, -ENXIO, "no logind");
	if (r < 0)
		return error_set_errno(reterr, -EHOSTUNREACH, r, "%s: %s", far && !logind->has_fds ? argument : "the system bus", strerror(-r));
	return 0;
}

void logind_close(struct logoff_host *host)
{
	struct logind *logind = host->data;

	here_close(host);
	if (!logind)
		return;
	sd_bus_close_unref(logind->bus);
	logind_forget_list(logind);
	caller_done(&logind->caller);
	free(logind->own);
	free(logind);
	host->data = NULL;
}
