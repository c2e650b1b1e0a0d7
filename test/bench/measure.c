/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure.c - runs commands by turns and tells, for each run, the wall time and the peak memory.
 *
 *     measure ROUNDS COMMAND [--- COMMAND]...
 *
 * The commands take turns so that what else the machine does falls on all alike. Each word "@N" of a command is replaced
 * by the next unused line of standard input: a session that this run may end. Prints one line a run: number of the
 * command, milliseconds, KiB, exit status. From fork to wait, with the output thrown away.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_WORDS 64

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Replaces "@N" in the words by the next line of standard input. */
static void fill_in(char **words, int n_words, char **filled)
{
	static char line[64], texts[MAX_WORDS][512];
	const char *place;

	line[0] = '\0';
	for (int i = 0; i < n_words; i++) {
		filled[i] = words[i];
		while ((place = strstr(filled[i], "@N"))) {
			char before[512];

			if (!line[0] && !fgets(line, sizeof(line), stdin))
				exit(3);
			line[strcspn(line, "\n")] = '\0';
			snprintf(before, sizeof(before), "%s", filled[i]);
			snprintf(texts[i], sizeof(texts[i]), "%.*s%s%s", (int)(place - filled[i]), before, line,
				 before + (place - filled[i]) + 2);
			filled[i] = texts[i];
		}
	}
	filled[n_words] = NULL;
}

static void run(int number, char **words, int n_words)
{
	char *filled[MAX_WORDS + 1];
	struct rusage usage;
	double start;
	int status;
	pid_t pid;

	fill_in(words, n_words, filled);
	start = now_ms();
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(filled[0], filled);
		_exit(127);
	}
	wait4(pid, &status, 0, &usage);
	printf("%d %.3f %ld %d\n", number, now_ms() - start, usage.ru_maxrss, WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0;

	if (rounds <= 0 || argc > MAX_WORDS)
		return 2;
	for (int round = 0; round < rounds; round++) {
		int number = 0;

		for (int start = 2, end; start < argc; start = end + 1) {
			for (end = start; end < argc && strcmp(argv[end], "---") != 0; end++)
				;
			run(number++, argv + start, end - start);
		}
	}
	return 0;
}
