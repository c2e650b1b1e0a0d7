/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.c - see messenger.h: sends an order from one process of this program to the next. Both run the same file, so
 * the order is written as it is in memory; allocated parts follow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "messenger/messenger.h"

/* How long the reader may let the service wait. */
#define WRITE_S 2

/* Bytes of what follows. */
struct lengths {
	size_t title, text;	/* with the NUL; 0: there is none */
	size_t sessions, processes;
};

size_t order_n_results(const struct order *order)
{
	return order->n_sessions + order->n_processes;
}

static int write_all(int fd, const void *data, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		data = (const char *)data + (n > 0 ? n : 0);
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int order_write(const struct order *order, int fd)
{
	struct lengths lengths = {
		.title = order->title ? strlen(order->title) + 1 : 0,
		.text = order->text ? strlen(order->text) + 1 : 0,
		.sessions = order->n_sessions * sizeof(*order->sessions),
		.processes = order->n_processes * sizeof(*order->processes),
	};
	const struct {
		const void *data;
		size_t size;
	} parts[] = { { order, sizeof(*order) }, { &lengths, sizeof(lengths) }, { order->title, lengths.title },
		      { order->text, lengths.text }, { order->sessions, lengths.sessions },
		      { order->processes, lengths.processes } };
	int r = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_sec = WRITE_S }, sizeof(struct timeval));

	for (size_t i = 0; r >= 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		r = write_all(fd, parts[i].data, parts[i].size);
	return r;
}

static int read_all(int fd, void *data, size_t size)
{
	return size == 0 || recv(fd, data, size, MSG_WAITALL) == (ssize_t)size ? 0 : -EIO;
}

/* Reads SIZE bytes into memory of their own. With TEXT they must end with a NUL. */
static int read_new(int fd, void **ret, size_t size, bool text)
{
	char *data = calloc(1, size + 1);
	int r = data ? read_all(fd, data, size) : -ENOMEM;

	if (r >= 0 && text && (size == 0 || data[size - 1]))
		r = -EPROTO;
	if (r < 0)
		free(data);
	else
		*ret = data;
	return r;
}

int order_read(struct order *ret, int fd)
{
	struct lengths lengths;
	int r = read_all(fd, ret, sizeof(*ret));

	if (r >= 0)
		r = read_all(fd, &lengths, sizeof(lengths));
	ret->title = ret->text = NULL;
	ret->sessions = NULL;
	ret->processes = NULL;
	if (r >= 0 &&
	    (lengths.title > MESSENGER_TITLE_MAX + 1 || lengths.text > MESSENGER_TEXT_MAX + 1 ||
	     ret->n_sessions > MESSENGER_SESSIONS_MAX || lengths.sessions != ret->n_sessions * sizeof(*ret->sessions) ||
	     ret->n_processes > MESSENGER_PROCESSES_MAX ||
	     lengths.processes != ret->n_processes * sizeof(*ret->processes)))
		r = -EPROTO;
	if (r >= 0 && lengths.title)
		r = read_new(fd, (void **)&ret->title, lengths.title, true);
	if (r >= 0 && lengths.text)
		r = read_new(fd, (void **)&ret->text, lengths.text, true);
	if (r >= 0)
		r = read_new(fd, (void **)&ret->sessions, lengths.sessions, false);
	return r < 0 ? r : read_new(fd, (void **)&ret->processes, lengths.processes, false);
}
