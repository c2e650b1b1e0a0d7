/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-connect-samba.c - Samba takes over the connection that connect.c has made.
 *
 * Fails if a new Samba does not call connect(2) any more where our connect() is found, or not for the address that it is given:
 * then it makes a second connection. The server is a child that counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <cmocka.h>

#include <credentials.h>
#include <dcerpc.h>
#include <param.h>
#include <talloc.h>
#include <tevent.h>

#include "tsts/connect.h"
#include "tsts/ms-tsts.h"

struct report {
	unsigned n_connections;
	char begin[8];		/* of what came over the first one */
};

/* Reads the first message of each connection and closes it, until nobody has come for a second. */
static void __attribute__((noreturn)) run_server(int listener, int report_fd)
{
	struct report report = {};
	struct pollfd ready = { .fd = listener, .events = POLLIN };

	alarm(30);
	while (poll(&ready, 1, report.n_connections ? 1000 : 10000) > 0) {
		int fd = accept(listener, NULL, NULL);
		char data[1024];
		struct pollfd said = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&said, 1, 2000) > 0 ? recv(fd, data, sizeof(data), 0) : 0;

		if (report.n_connections++ == 0 && n >= (ssize_t)sizeof(report.begin))
			memcpy(report.begin, data, sizeof(report.begin));
		close(fd);
	}
	_exit(write(report_fd, &report, sizeof(report)) != sizeof(report));
}

static uint16_t start_server(int *ret_fd, pid_t *ret_pid)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), fds[2];
	socklen_t size = sizeof(address);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(pipe(fds), 0);
	*ret_pid = fork();
	assert_true(*ret_pid >= 0);
	if (*ret_pid == 0)
		run_server(listener, fds[1]);
	close(listener);
	close(fds[1]);
	*ret_fd = fds[0];
	return ntohs(address.sin_port);
}

/* Connects as client-link.c does. Returns whether that was a success, which it cannot be here. */
static bool connect_samba(const char *address, uint16_t port)
{
	TALLOC_CTX *memory = talloc_new(NULL);
	struct tevent_context *events = tevent_context_init(memory);
	struct loadparm_context *settings = loadparm_init(memory);
	struct cli_credentials *credentials = cli_credentials_init_anon(memory);
	struct dcerpc_binding *binding;
	struct dcerpc_pipe *pipe;
	char number[8];
	bool done;

	snprintf(number, sizeof(number), "%u", port);
	assert_true(lpcfg_set_cmdline(settings, "smb ports", number));
	assert_true(NT_STATUS_IS_OK(dcerpc_parse_binding(memory, "ncacn_np:", &binding)));
	assert_true(NT_STATUS_IS_OK(dcerpc_binding_set_string_option(binding, "host", address)));
	assert_true(NT_STATUS_IS_OK(dcerpc_binding_set_string_option(binding, "endpoint", "\\pipe\\LSM_API_service")));
	done = NT_STATUS_IS_OK(dcerpc_init()) &&
	       NT_STATUS_IS_OK(dcerpc_pipe_connect_b(memory, &pipe, binding, &tsts_table_enumeration, credentials, events, settings));
	talloc_free(memory);
	return done;
}

static void test_one_connection(void **state)
{
	struct logoff_error error = {};
	struct report report = {};
	char address[64];
	pid_t server;
	int fd;
	uint16_t port = start_server(&fd, &server);

	(void)state;
	assert_int_equal(connecting_begin("127.0.0.1", port, &error), 0);
	assert_int_equal(connecting_finish(address, sizeof(address), &error), 0);
	assert_false(connect_samba(address, port));
	assert_int_equal(read(fd, &report, sizeof(report)), sizeof(report));
	assert_int_equal(report.n_connections, 1);
	assert_memory_equal(report.begin + 5, "SMB", 3);	/* after a length of four bytes and one of 0xfe or 0xff */
	close(fd);
	assert_int_equal(waitpid(server, NULL, 0), server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
