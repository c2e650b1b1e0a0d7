/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * threads.c - threads of one program use the library side by side, each with hosts of its own.
 *
 * threads ROUNDS         8 threads: each opens the host of LOGOFF_HOST (in memory) ROUNDS times, does there all that the public
 *                        header offers, and logs everybody off
 * threads list USER...   on this machine: 4 threads list, look up and send messages, until one further thread for each USER
 *                        has logged that user off
 *
 * Meanwhile a timer interrupts whatever any thread waits for. In the end the program must be as it was before: signals, folder,
 * umask, environment, descriptors, children. Built with the thread sanitizer it finds what two threads share.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "logoff.h"

#define N_THREADS 8
#define N_LISTING 4
#define TIMER_US 2000

static atomic_int n_faults, n_ticks, n_to_end;

static void __attribute__((format(printf, 1, 2))) report_fault(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	n_faults++;
}

/* Reports a call that has failed. Returns whether it has. */
static bool has_failed(const char *call, int r, const struct logoff_error *cause)
{
	if (r != 0)
		report_fault("%s: %d: %s", call, r, cause ? cause->text : "");
	return r != 0;
}

/* ---- what one thread does ---- */

/* Asks everything that a session can tell, and looks it up once more by its id. */
static void read_session(struct logoff_host *host, struct logoff_session *session)
{
	struct logoff_session *again = NULL;
	struct logoff_error cause = {};
	int r;

	(void)has_failed("fetch", logoff_session_fetch(&session, 1, LOGOFF_FACTS_IDLE | LOGOFF_FACTS_CLIENT |
						    LOGOFF_FACTS_TERMINALS, &cause), &cause);
	(void)logoff_session_name(session);
	(void)logoff_session_user(session);
	(void)logoff_session_time_us(session, LOGOFF_TIME_AGE);
	(void)logoff_session_time_us(session, LOGOFF_TIME_LOGON);
	(void)logoff_session_time_us(session, LOGOFF_TIME_IDLE);
	(void)logoff_session_is(session, LOGOFF_IS_OWN);
	for (int detail = LOGOFF_DETAIL_PROTOCOL; detail <= LOGOFF_DETAIL_DOMAIN; detail++)
		(void)logoff_session_detail(session, (enum logoff_detail)detail);
	for (size_t i = 0; logoff_session_terminal(session, i); i++)
		;
	r = logoff_host_find(host, logoff_session_id(session), &again, &cause);
	if (r != LOGOFF_E_NO_SESSION)	/* another thread may have logged it off */
		(void)has_failed("find", r, &cause);
	logoff_session_free(again);
}

static void send_message(struct logoff_host *host, struct logoff_session *const *sessions, size_t n)
{
	struct logoff_message message = { .size = sizeof(message), .title = "Notice", .text = "All threads are well.", .timeout_ms = 1000 };
	struct logoff_delivery **deliveries = NULL;
	struct logoff_error cause = {};

	(void)has_failed("message", logoff_host_message(host, &message, sessions, n, -1, &deliveries, &cause), &cause);
	logoff_delivery_list_free(deliveries);
}

static void count_event(const struct logoff_event *event, void *data)
{
	(void)event;
	++*(unsigned *)data;
}

static void compose_warning(int64_t remaining_us, char *text, size_t size, void *data)
{
	(void)data;
	snprintf(text, size, "%lld", (long long)remaining_us);
}

/* Logs off the SESSIONS of USER, or all with NULL; takes them out of the array. */
static void log_off_sessions(struct logoff_host *host, struct logoff_session **sessions, size_t n, const char *user)
{
	struct logoff_request *request = NULL;
	struct logoff_error cause = {};
	unsigned n_events = 0;
	const struct logoff_options options = {
		.size = sizeof(options),
		.grace_ms = 3000,
		.wait_ms = 30000,
		.cancel_fd = -1,
		.warning_ms = 1000,
		.compose = compose_warning,
		.event = count_event,
		.event_data = &n_events,
	};

	if (has_failed("request_new", logoff_request_new(&request, host), NULL))
		return;
	for (size_t i = 0; i < n; i++)
		if (!user || strcmp(logoff_session_user(sessions[i]), user) == 0) {
			(void)has_failed("request_add", logoff_request_add(request, sessions[i], LOGOFF_WHY_NAMED), NULL);
			sessions[i] = NULL;
		}
	(void)has_failed("request_run", logoff_request_run(request, &options, &cause), &cause);
	for (size_t i = 0; i < logoff_request_count(request); i++) {
		const struct logoff_outcome *outcome = logoff_request_outcome(request, i);

		(void)has_failed(logoff_session_id(logoff_request_session(request, i)), outcome->result, &outcome->cause);
	}
	if (n_events < logoff_request_count(request))
		report_fault("%u events of %zu sessions", n_events, logoff_request_count(request));
	logoff_request_free(request);
}

/* Opens a host, does everything there, and closes it. With LOG_OFF that user is logged off (""  : everybody). */
static void visit_host(const char *log_off)
{
	struct logoff_host_process **processes = NULL;
	struct logoff_session **sessions = NULL;
	struct logoff_error cause = {};
	struct logoff_host *host = NULL;
	size_t n = 0, n_processes = 0;
	char name[256];

	if (has_failed("open", logoff_host_open(&host, NULL, NULL, &cause), &cause))
		return;
	if (log_off && !*log_off && strcmp(logoff_host_kind(host), "memory") != 0) {
		report_fault("everybody is logged off in memory only");
		logoff_host_close(host);
		return;
	}
	logoff_host_name_caller(host, name, sizeof(name));
	if (!*name)
		report_fault("the caller has no name");
	if (!has_failed("list", logoff_host_list(host, &sessions, &n, &cause), &cause) && n == 0 && log_off)
		report_fault("there is no session");
	for (size_t i = 0; i < n; i++)
		read_session(host, sessions[i]);
	(void)has_failed("list_processes", logoff_host_list_processes(host, &processes, &n_processes, &cause), &cause);
	logoff_host_process_list_free(processes);
	send_message(host, sessions, n);
	if (log_off)
		log_off_sessions(host, sessions, n, *log_off ? log_off : NULL);
	logoff_session_list_free(sessions, n);
	logoff_host_close(host);
}

/* ---- threads ---- */

/* Runs with signals blocked as no other thread has them: they must be so afterwards. */
static void begin_thread(sigset_t *ret_mask)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, ret_mask);
}

static void end_thread(const sigset_t *mask)
{
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	for (int number = 1; number < SIGRTMIN; number++)
		if (sigismember(mask, number) != sigismember(&now, number))
			report_fault("a thread has signal %d blocked otherwise than before", number);
}

static void *run_rounds(void *data)
{
	sigset_t mask;

	begin_thread(&mask);
	for (int i = 0; i < *(const int *)data; i++)
		visit_host("");
	end_thread(&mask);
	return NULL;
}

static void *run_listing(void *data)
{
	sigset_t mask;

	begin_thread(&mask);
	while (n_to_end > 0)
		visit_host(NULL);
	end_thread(&mask);
	return data;
}

static void *run_log_off(void *user)
{
	sigset_t mask;

	begin_thread(&mask);
	visit_host(user);
	n_to_end--;
	end_thread(&mask);
	return NULL;
}

static void run_threads(int n_users, char **users, int rounds)
{
	size_t n = n_users > 0 ? (size_t)n_users + N_LISTING : N_THREADS;
	pthread_t *threads = calloc(n, sizeof(*threads));

	n_to_end = n_users;
	for (size_t i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, n_users == 0 ? run_rounds : i < N_LISTING ? run_listing : run_log_off,
				   n_users == 0 ? (void *)&rounds : i < N_LISTING ? NULL : users[i - N_LISTING]) != 0)
			abort();
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	free(threads);
}

/* ---- the program before and after ---- */

static void count_tick(int number)
{
	(void)number;
	n_ticks++;
}

/* What the library must leave as it is, as a text. */
static char *describe_program(void)
{
	size_t size = 0;
	char *text = NULL, folder[4096] = "";
	FILE *file = open_memstream(&text, &size);
	DIR *fds = opendir("/proc/self/fd");
	mode_t mask = umask(022);
	int n_fds = 0;

	umask(mask);
	while (readdir(fds))
		n_fds++;
	closedir(fds);
	fprintf(file, "umask %o, folder %s, %d descriptors\n", (unsigned)mask, getcwd(folder, sizeof(folder)), n_fds);
	for (char **variable = environ; *variable; variable++)
		fprintf(file, "%s\n", *variable);
	for (int number = 1; number < SIGRTMIN; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0)
			fprintf(file, "signal %d: %p %x\n", number, (void *)action.sa_handler, (unsigned)action.sa_flags);
	}
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	struct sigaction tick = { .sa_handler = count_tick };	/* without SA_RESTART */
	struct itimerval often = { { 0, TIMER_US }, { 0, TIMER_US } }, never = {};
	bool is_list = argc > 2 && strcmp(argv[1], "list") == 0;
	char *before, *after;

	if (argc < 2 || (!is_list && atoi(argv[1]) <= 0))
		return EXIT_FAILURE;
	tzset();	/* not in a thread: describe_program() looks at what it may leave open */
	if (sigaction(SIGALRM, &tick, NULL) < 0)
		return EXIT_FAILURE;
	before = describe_program();
	setitimer(ITIMER_REAL, &often, NULL);
	run_threads(is_list ? argc - 2 : 0, argv + 2, atoi(argv[1]));
	setitimer(ITIMER_REAL, &never, NULL);
	after = describe_program();
	if (strcmp(before, after) != 0)
		report_fault("before:\n%safter:\n%s", before, after);
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
		report_fault("a child is left");
	if (n_ticks == 0)
		report_fault("nobody was interrupted");
	free(before);
	free(after);
	printf("%d faults, interrupted %d times\n", n_faults, n_ticks);
	return n_faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
