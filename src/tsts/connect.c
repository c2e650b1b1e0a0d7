/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * connect.c - see connect.h.
 *
 * What is relied on of Samba (test: test-connect-samba.c):
 * - it calls connect(2) by the dynamic linker, which finds that of this program first;
 * - for SMB that is to the address and the port that it was given, on a socket to which it has done nothing that the new one lacks;
 * - it looks at the socket afterwards as after any connect(2) that was done at once.
 */
#include "tsts/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

/* So long one address of several is tried before the next one is tried beside it, and so many are tried. */
#define NEXT_ADDRESS_MS 250
#define ADDRESSES_MAX 8

static struct {
	const struct addrinfo *next;	/* not tried yet */
	struct pollfd fds[ADDRESSES_MAX];
	const struct addrinfo *tried[ADDRESSES_MAX];
	size_t n_tried;
	int error;			/* of the first that failed */
	int fd;				/* connected, and not handed over yet */
	const struct addrinfo *connected;
	int last;			/* the socket that was connected last; Samba may have closed it since */
	ino_t last_is;			/* which one it is, for numbers are used again */
} connecting = { .fd = -1, .last = -1 };

/* ---- connecting ---- */

static void note_error(int error)
{
	if (connecting.error == 0)
		connecting.error = error;
}

/* Begins to connect to the next address. What cannot even be begun (no IPv6 here) is passed over. */
static void try_next(void)
{
	const struct addrinfo *address;
	int fd;

	while (connecting.next && connecting.n_tried < ADDRESSES_MAX) {
		address = connecting.next;
		connecting.next = address->ai_next;
		fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 && (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)) {
			connecting.fds[connecting.n_tried] = (struct pollfd){ .fd = fd, .events = POLLOUT };
			connecting.tried[connecting.n_tried++] = address;
			return;
		}
		note_error(errno);
		if (fd >= 0)
			close(fd);
	}
	connecting.next = NULL;
}

static bool goes_on(void)
{
	for (size_t i = 0; i < connecting.n_tried; i++)
		if (connecting.fds[i].fd >= 0)
			return true;
	return false;
}

/* Takes the first that is connected by now. Those that have failed are no longer looked at. */
static void find_connected(void)
{
	for (size_t i = 0; i < connecting.n_tried && connecting.fd < 0; i++) {
		struct pollfd *one = &connecting.fds[i];
		socklen_t size = sizeof(int);
		int error = 0;

		if (one->fd < 0 || !one->revents)
			continue;
		if (getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
		if (error == 0) {
			connecting.fd = one->fd;
			connecting.connected = connecting.tried[i];
		} else {
			note_error(error);
			close(one->fd);
		}
		one->fd = -1;
	}
}

int connecting_begin(const char *server, uint16_t port, struct logoff_error *reterr)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *addresses;
	char service[8];
	int error;

	snprintf(service, sizeof(service), "%u", port);
	error = getaddrinfo(server, service, &hints, &addresses);
	if (error != 0)
		return error_set_errno(reterr, -EHOSTUNREACH, -EHOSTUNREACH, "%s: %s",
				       error == EAI_NONAME || error == EAI_NODATA ? "unknown host" : "the name cannot be looked up",
				       error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
	connecting.next = addresses;	/* kept until the end */
	try_next();
	return 0;
}

static int explain_failure(struct logoff_error *reterr)
{
	int error = connecting.error;

	return error_set_errno(reterr, -EHOSTUNREACH, -error, "%s", error == ECONNREFUSED ? "the server refuses the connection" :
			       error == ETIMEDOUT ? "the server does not answer" : strerror(error));
}

int connecting_finish(char *address, size_t size, struct logoff_error *reterr)
{
	int error;

	while (connecting.fd < 0 && (connecting.next || goes_on())) {
		(void)poll(connecting.fds, (nfds_t)connecting.n_tried, connecting.next ? NEXT_ADDRESS_MS : -1);
		find_connected();
		if (connecting.fd < 0)
			try_next();
	}
	for (size_t i = 0; i < connecting.n_tried; i++)
		if (connecting.fds[i].fd >= 0)
			close(connecting.fds[i].fd);
	if (connecting.fd < 0)
		return explain_failure(reterr);
	error = getnameinfo(connecting.connected->ai_addr, connecting.connected->ai_addrlen, address, (socklen_t)size, NULL, 0,
			    NI_NUMERICHOST);
	return error == 0 ? 0 : error_set_errno(reterr, -EHOSTUNREACH, -EHOSTUNREACH, "%s", gai_strerror(error));
}

/* ---- handing over ---- */

static bool is_connected_to(const struct sockaddr *address)
{
	const struct sockaddr *own = connecting.connected->ai_addr;
	const struct sockaddr_in *four = (const struct sockaddr_in *)address, *own_four = (const struct sockaddr_in *)own;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address, *own_six = (const struct sockaddr_in6 *)own;

	if (address->sa_family != own->sa_family)
		return false;
	if (address->sa_family == AF_INET)
		return four->sin_port == own_four->sin_port && four->sin_addr.s_addr == own_four->sin_addr.s_addr;
	return six->sin6_port == own_six->sin6_port && IN6_ARE_ADDR_EQUAL(&six->sin6_addr, &own_six->sin6_addr);
}

static void remember(int fd)
{
	struct stat status;

	connecting.last = fstat(fd, &status) == 0 ? fd : -1;
	connecting.last_is = status.st_ino;
}

/*
 * connect(2) of everything in this program. FD, which nobody has done anything with yet, becomes the connection that is
 * there already, if that is to the same address.
 */
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int r;

	if (!connecting.connected || !is_connected_to(address))
		return (int)syscall(SYS_connect, fd, address, length);
	if (connecting.fd < 0) {
		remember(fd);
		return (int)syscall(SYS_connect, fd, address, length);
	}
	r = dup3(connecting.fd, fd, O_CLOEXEC);
	close(connecting.fd);
	connecting.fd = -1;
	remember(fd);
	return r < 0 ? -1 : 0;
}

/* ---- afterwards ---- */

bool connecting_is_connected(void)
{
	struct pollfd last = { .fd = connecting.last, .events = POLLRDHUP };
	struct stat status;

	if (last.fd < 0 || fstat(last.fd, &status) < 0 || status.st_ino != connecting.last_is)
		return true;
	return poll(&last, 1, 0) <= 0;
}
