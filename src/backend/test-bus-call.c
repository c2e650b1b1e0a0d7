/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-bus-call.c - signals do not end a call; events that come before its reply reach their callback.
 *
 * The peer is a child at the other end of a socket pair. It sends a signal "Event", waits, and then does what the test wants.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "backend/bus-call.h"
#include "base/clock.h"

#define NAME "org.example.Peer"

enum { REPLIES, REFUSES, LEAVES, IS_SILENT };

static volatile sig_atomic_t n_ticks;
static unsigned n_events;
static pid_t peer;

static void count_tick(int number)
{
	(void)number;
	n_ticks++;
}

static int on_event(sd_bus_message *message, void *data, sd_bus_error *unused)
{
	(void)message;
	(void)data;
	(void)unused;
	n_events++;
	return 0;
}

static void __attribute__((noreturn)) run_peer(int fd, int what)
{
	sd_bus_message *call = NULL;
	sd_bus *bus = NULL;
	sd_id128_t id = {};
	int r;

	alarm(20);
	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 || sd_bus_set_server(bus, 1, id) < 0 ||
	    sd_bus_set_anonymous(bus, 1) < 0 || sd_bus_start(bus) < 0)
		_exit(1);
	while ((r = sd_bus_process(bus, &call)) >= 0 && !call)
		if (r == 0)
			(void)sd_bus_wait(bus, UINT64_MAX);
	(void)sd_bus_emit_signal(bus, "/", NAME, "Event", NULL);
	(void)sd_bus_flush(bus);
	usleep(100000);
	if (what == REPLIES)
		(void)sd_bus_reply_method_return(call, "s", "well");
	else if (what == REFUSES)
		(void)sd_bus_reply_method_errorf(call, NAME ".Error", "no");
	else if (what == IS_SILENT)
		pause();
	(void)sd_bus_flush(bus);
	_exit(0);
}

static sd_bus *start_peer(int what)
{
	sd_bus *bus = NULL;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	peer = fork();
	assert_true(peer >= 0);
	if (peer == 0) {
		close(fds[0]);
		run_peer(fds[1], what);
	}
	close(fds[1]);
	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
	assert_true(sd_bus_set_anonymous(bus, 1) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_match_signal(bus, NULL, NULL, NULL, NAME, "Event", on_event, NULL) >= 0);
	assert_true(sd_bus_set_method_call_timeout(bus, 300000) >= 0);
	return bus;
}

/* Calls a peer that does WHAT, with a signal every 5 ms. */
static int call_peer(int what, sd_bus_error *error, sd_bus_message **reply, bool *others)
{
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = {};
	sd_bus *bus = start_peer(what);
	sd_bus_message *call = NULL;
	int r;

	assert_true(sd_bus_message_new_method_call(bus, &call, NULL, "/", NAME, "Ask") >= 0);
	n_ticks = 0;
	n_events = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	r = bus_call(bus, call, error, reply, others);
	setitimer(ITIMER_REAL, &never, NULL);
	sd_bus_message_unref(call);
	sd_bus_flush_close_unref(bus);
	kill(peer, SIGKILL);
	assert_int_equal(waitpid(peer, NULL, 0), peer);
	return r;
}

static void outlives_signals(void **state)
{
	sd_bus_message *reply = NULL;
	bool others = false;
	const char *text;

	(void)state;
	assert_true(call_peer(REPLIES, NULL, &reply, &others) > 0);
	assert_true(n_ticks > 3);
	assert_true(sd_bus_message_read(reply, "s", &text) > 0);
	assert_string_equal(text, "well");
	assert_int_equal(n_events, 1);
	assert_true(others);
	sd_bus_message_unref(reply);
}

static void passes_errors_on(void **state)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	(void)state;
	assert_true(call_peer(REFUSES, &error, NULL, NULL) < 0);
	assert_string_equal(error.name, NAME ".Error");
	assert_string_equal(error.message, "no");
	sd_bus_error_free(&error);
	assert_int_equal(call_peer(LEAVES, &error, NULL, NULL), -ECONNRESET);
	sd_bus_error_free(&error);
}

static void has_an_end(void **state)
{
	uint64_t before = clock_now_us();

	(void)state;
	assert_int_equal(call_peer(IS_SILENT, NULL, NULL, NULL), -ETIMEDOUT);
	assert_true(clock_now_us() - before < 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outlives_signals),
		cmocka_unit_test(passes_errors_on),
		cmocka_unit_test(has_an_end),
	};
	struct sigaction tick = { .sa_handler = count_tick };	/* without SA_RESTART */

	sigaction(SIGALRM, &tick, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
