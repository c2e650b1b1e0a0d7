/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * start.c - logoff-tsts: connects to the server named in the first order, and loads the client meanwhile.
 *
 * The client (client.c) is a module, tsts-client.so, because its libraries, Samba's, are loaded before a program's first
 * line would be. tsts/order.h says what starter and program tell each other.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "tsts/client-run.h"
#include "tsts/confine.h"
#include "tsts/connect.h"

static struct {
	struct stamp stamp;
	struct order order;
	struct order_logon logon;
} first;

static bool is_logon(void)
{
	return first.order.kind == ORDER_LOGON && first.order.length == sizeof(first.logon);
}

/* Whether all bytes of the stamp that have come are those of our own. */
static bool may_be_own(size_t n_read)
{
	return memcmp(&first.stamp, &stamp_own, n_read < sizeof(stamp_own) ? n_read : sizeof(stamp_own)) == 0;
}

/* Reads the stamp and the first order; what is no log-on, or a wrong one, need not be complete. Returns how many bytes have come. */
static size_t read_first(void)
{
	uint8_t *bytes = (uint8_t *)&first;
	size_t n_read = 0;
	ssize_t n;

	do {
		n = recv(ORDER_FD, bytes + n_read, sizeof(first) - n_read, 0);
		n_read += n > 0 ? (size_t)n : 0;
	} while ((n > 0 || (n < 0 && errno == EINTR)) &&
		 (n_read < offsetof(typeof(first), logon) || (is_logon() && n_read < sizeof(first))) && may_be_own(n_read));
	first.logon.server[sizeof(first.logon.server) - 1] = '\0';
	return n_read;
}

/* Does nothing until the starter has closed the socket. */
static int wait_for_the_end(void)
{
	explicit_bzero(&first, sizeof(first));
	while (recv(ORDER_FD, &first, sizeof(first), 0) > 0)
		;
	return EXIT_SUCCESS;
}

/* Says that we cannot log on, and why; the starter then ends. */
static int give_up(const struct logoff_error *cause)
{
	struct event event = { .serial = first.order.serial, .kind = EVENT_REPLY, .r = -EHOSTUNREACH, .error = *cause };

	(void)send(ORDER_FD, &event, sizeof(event), MSG_NOSIGNAL);
	return wait_for_the_end();
}

int main(void)
{
	static const struct starter starter = { connecting_finish, connecting_is_connected, confine_changes_user, confine };
	struct logoff_error cause = {};
	client_run_func *run;
	size_t length;
	void *module;

	if (confine_begin() < 0)
		return EXIT_FAILURE;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)send(ORDER_FD, &stamp_own, sizeof(stamp_own), MSG_NOSIGNAL);
	length = read_first();
	if (length < sizeof(first.stamp) || !may_be_own(length))
		return wait_for_the_end();
	if (length == sizeof(first) && is_logon() && connecting_begin(first.logon.server, first.logon.port, &cause) < 0)
		return give_up(&cause);
	module = dlopen("tsts-client.so", RTLD_NOW);
	run = module ? (client_run_func *)dlsym(module, CLIENT_RUN) : NULL;
	if (run)
		return run((uint8_t *)&first.order, length - sizeof(first.stamp), &starter);
	(void)error_set_errno(&cause, -EHOSTUNREACH, -ELIBACC, "%s", dlerror());
	return give_up(&cause);
}
