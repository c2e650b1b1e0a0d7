/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-connect.c - who is connected, what is handed over to whom, and what is said of a server that is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tsts/connect.h"

/* A listening socket of FAMILY on the loopback, and its address. */
static int listen_at(int family, struct sockaddr_storage *ret)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = sizeof(*ret);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six,
			   family == AF_INET ? sizeof(four) : sizeof(six)) < 0 || listen(fd, 8) < 0)
		return -1;
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &size), 0);
	return fd;
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port :
						     ((const struct sockaddr_in6 *)address)->sin6_port);
}

/* How many connections have come to FD, which takes them all. */
static int n_accepted(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	int n = 0;

	while (poll(&one, 1, 0) == 1 && accept(fd, NULL, NULL) >= 0)
		n++;
	return n;
}

static int connect_to(const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)address,
				 address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)), 0);
	return fd;
}

/* Each case in a process of its own: a program connects once. */
static void in_child(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(20);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* In a child an assertion that fails is the end of the process. */
#define CHECK(condition)                                                        \
	do {                                                                    \
		if (!(condition)) {                                             \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			_exit(1);                                               \
		}                                                               \
	} while (0)

static void hand_over(const char *server, int family)
{
	struct sockaddr_storage address, other;
	int listener = listen_at(family, &address), elsewhere = listen_at(AF_INET, &other);
	char digits[64];
	int fd;

	CHECK(listener >= 0 && elsewhere >= 0);
	CHECK(connecting_begin(server, port_of(&address), NULL) == 0);
	CHECK(connecting_finish(digits, sizeof(digits), NULL) == 0);
	CHECK(strcmp(digits, family == AF_INET ? "127.0.0.1" : "::1") == 0);
	CHECK(n_accepted(listener) == 1);
	(void)connect_to(&other);
	CHECK(n_accepted(elsewhere) == 1);		/* not ours */
	fd = connect_to(&address);
	CHECK(n_accepted(listener) == 0);		/* there already */
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(write(fd, "x", 1) == 1);
	(void)connect_to(&address);
	CHECK(n_accepted(listener) == 1);		/* it is handed over once */
}

static void hand_over_four(void)
{
	hand_over("127.0.0.1", AF_INET);
}

static void hand_over_six(void)
{
	hand_over("::1", AF_INET6);
}

/* Of whose addresses (::1 and 127.0.0.1, as a rule) but one answers. */
static void hand_over_one_of_two(void)
{
	hand_over("localhost", AF_INET);
}

static void refuse(void)
{
	struct logoff_error error = {};
	struct sockaddr_storage address;
	int listener = listen_at(AF_INET, &address);
	char digits[64];

	close(listener);
	CHECK(connecting_begin("127.0.0.1", port_of(&address), NULL) == 0);
	CHECK(connecting_finish(digits, sizeof(digits), &error) == -EHOSTUNREACH);
	CHECK(error.number == ECONNREFUSED && strstr(error.text, "refuses"));
}

/* The server leaves; and what has the number of its socket then is not taken for it. */
static void look_at_it(void)
{
	struct sockaddr_storage address;
	int listener = listen_at(AF_INET, &address), fd, server;
	char digits[64];

	CHECK(connecting_is_connected());		/* nobody knows */
	CHECK(connecting_begin("127.0.0.1", port_of(&address), NULL) == 0);
	CHECK(connecting_finish(digits, sizeof(digits), NULL) == 0);
	for (int i = 0; i < 2; i++) {			/* handed over, and made by Samba */
		fd = connect_to(&address);
		server = accept(listener, NULL, NULL);
		CHECK(server >= 0 && connecting_is_connected());
		CHECK(write(server, "x", 1) == 1 && connecting_is_connected());
		close(server);
		CHECK(!connecting_is_connected());
		CHECK(dup2(listener, fd) == fd && connecting_is_connected());
		close(fd);
		CHECK(connecting_is_connected());
	}
}

static void know_nobody(void)
{
	struct logoff_error error = {};

	CHECK(connecting_begin("no-such-host.invalid", 445, &error) == -EHOSTUNREACH);
	CHECK(*error.text);
}

static void test_handed_over(void **state)
{
	(void)state;
	in_child(hand_over_four);
}

static void test_handed_over_v6(void **state)
{
	struct sockaddr_storage address;
	int fd = listen_at(AF_INET6, &address);

	(void)state;
	if (fd < 0)
		skip();		/* a machine without IPv6 */
	close(fd);
	in_child(hand_over_six);
}

static void test_one_of_two_addresses(void **state)
{
	struct addrinfo hints = { .ai_family = AF_INET }, *addresses;

	(void)state;
	if (getaddrinfo("localhost", NULL, &hints, &addresses) != 0)
		skip();		/* a machine without /etc/hosts */
	freeaddrinfo(addresses);
	in_child(hand_over_one_of_two);
}

static void test_connected(void **state)
{
	(void)state;
	in_child(look_at_it);
}

static void test_refused(void **state)
{
	(void)state;
	in_child(refuse);
}

static void test_unknown(void **state)
{
	(void)state;
	in_child(know_nobody);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_handed_over_v6),
		cmocka_unit_test(test_one_of_two_addresses),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
