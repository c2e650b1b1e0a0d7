// SPDX-License-Identifier: GPL-3.0-or-later
//
// stubborn [-d|-z] NAME: a process that ignores every polite signal and sleeps for ever, so that only
// SIGKILL ends it. With -d it first becomes a daemon in the old way (fork, setsid, fork), which
// takes it out of its terminal, process group and parent, but not out of its login session.
// With -z, after that, its first thread ends and another goes on: /proc says Z, but the process lives.
// NAME is what ps and /proc/PID/comm show.

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void become_daemon(void)
{
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
}

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	static const int polite[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM };
	int headless = argc > 1 && !strcmp(argv[1], "-z");
	int daemon = headless || (argc > 1 && !strcmp(argv[1], "-d"));
	pthread_t thread;

	if (argc != 2 + daemon)
		return 1;
	for (unsigned int i = 0; i < sizeof(polite) / sizeof(*polite); i++)
		signal(polite[i], SIG_IGN);
	if (daemon)
		become_daemon();
	prctl(PR_SET_NAME, argv[1 + daemon]);
	if (headless && pthread_create(&thread, 0, sleep_for_ever, 0) == 0)
		syscall(SYS_exit, 0);	// this thread alone
	sleep_for_ever(0);
}
