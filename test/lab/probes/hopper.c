// SPDX-License-Identifier: GPL-3.0-or-later
//
// hopper CHAINS [MICROSECONDS]: chains of processes that fork and exit for ever, each step a
// new pid that lives so many microseconds (1000 if not said) and ignores SIGTERM and SIGHUP. Whoever
// lists pids and then kills them finds most of them gone already and their children born.

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void hop_for_ever(useconds_t pause_us)
{
	setsid();
	for (;;) {
		if (fork() > 0)
			_exit(0);
		usleep(pause_us);
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
