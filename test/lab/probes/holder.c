// SPDX-License-Identifier: GPL-3.0-or-later
//
// holder PID: a debugger that does not answer. It traces a process and stops it when it ends, so that even SIGKILL ends
// the process only after the holder has ended.

#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 2 || ptrace(PTRACE_SEIZE, atoi(argv[1]), NULL, PTRACE_O_TRACEEXIT) < 0) {
		perror("holder");
		return 1;
	}
	for (;;)
		pause();
}
