// SPDX-License-Identifier: GPL-3.0-or-later
//
// stubborn [-d] NAME: a process that ignores every polite signal and sleeps for ever, so that only
// SIGKILL ends it. With -d it first becomes a daemon in the old way (fork, setsid, fork), which
// takes it out of its terminal, process group and parent, but not out of its login session.
// NAME is what ps and /proc/PID/comm show.

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void become_daemon(void)
{
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
}

int main(int argc, char **argv)
{
	static const int polite[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM };
	int daemon = argc > 1 && !strcmp(argv[1], "-d");

	if (argc != 2 + daemon)
		return 1;
	for (unsigned int i = 0; i < sizeof(polite) / sizeof(*polite); i++)
		signal(polite[i], SIG_IGN);
	if (daemon)
		become_daemon();
	prctl(PR_SET_NAME, argv[1 + daemon]);
	for (;;)
		pause();
}
