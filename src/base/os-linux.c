/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * os-linux.c - see os.h.
 */
#include "base/os.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

void os_host_name(char *name, size_t size)
{
	if (gethostname(name, size) < 0)
		name[0] = '\0';
	name[size - 1] = '\0';
}

const char *os_environment(const char *name)
{
	return secure_getenv(name);
}

void os_end_self(void)
{
	(void)kill(getpid(), SIGKILL); /* cannot fail */
}

void os_hold_standard_files(void)
{
	/* O_PATH: reading and writing fail as on the closed one. */
	while (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0 ||
	       fcntl(STDERR_FILENO, F_GETFD) < 0)
		if (open("/", O_PATH) < 0)
			return;
}

int os_wait(int fd, uint64_t timeout_us)
{
	uint64_t start_us = timeout_us > 0 ? clock_now_us() : 0, left_us = timeout_us;
	struct pollfd waited = { .fd = fd, .events = POLLIN };
	struct timespec timeout;
	int n;

	for (;;) {
		timeout.tv_sec = (time_t)(left_us / 1000000);
		timeout.tv_nsec = (long)(left_us % 1000000 * 1000);
		n = ppoll(&waited, 1, timeout_us == UINT64_MAX ? NULL : &timeout, NULL);
		if (n >= 0 || errno != EINTR)
			return n > 0;
		left_us = clock_now_us() - start_us;
		left_us = left_us < timeout_us ? timeout_us - left_us : 0;
	}
}

bool os_wait_with_reader(int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = STDOUT_FILENO } };

	return poll(fds, 2, -1) < 0 || !fds[1].revents;	/* POLLERR, POLLHUP or POLLNVAL: nobody reads */
}
