// SPDX-License-Identifier: GPL-3.0-or-later
//
// hopper CHAINS [MICROSECONDS]: chains of processes that fork and exit for ever, each step a
// new pid that lives so many microseconds (1000 if not said) and ignores SIGTERM and SIGHUP. Whoever
// lists pids and then kills them finds most of them gone already and their children born. The next step waits until
// PID 1 has reaped the last one, or a busy machine would run out of pids.

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void hop_for_ever(useconds_t pause_us)
{
	setsid();
	for (;;) {
		pid_t last = getpid();

		if (fork() > 0)
			_exit(0);
		do
			usleep(pause_us);
		while (last != getpid() && kill(last, 0) == 0);
	}
}

int main(int argc, char **argv)
{
	int n_chains = argc > 1 ? atoi(argv[1]) : 1;
	useconds_t pause_us = argc > 2 ? (useconds_t)atoi(argv[2]) : 1000;

	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < n_chains; i++)
		if (!fork())
			hop_for_ever(pause_us);
	return 0;
}
