/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-display.c - idleness asked of X servers of our own making, and who is taken for the client of an xrdp session.
 *
 * The servers speak just enough X11 (X Window System Protocol, sections 8 and "QueryExtension"; saver.xml of xcb-proto)
 * and listen without a file, so no X is needed and none is disturbed. Where libxcb is not installed those cases are
 * skipped. Samples marked "captured" come from Debian 12 (kernel 6.18, xrdp 0.9.21.1), 2026-11-22, by a dump of
 * sock_diag(7); all others are made by hand. display-client.c is included, not linked: what it concludes from what the
 * kernel says is its own, and so is seen from here alone.
 */
#include "base/clock.h"
#include "backend/table.h"
#include "local/display-client.c"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

/* ---- texts and answers of the kernel ---- */

#define CHANNEL_SIZE 88

/* captured: xrdp_chansrv_socket_12 of carol (1002), inode 9551461, peer 9552711 */
static const char channel_answer[] =
	"0101010065be910045000000000000002d0000002f72756e2f787264702f736f636b6469722f787264705f6368616e7372765f736f"
	"636b65745f3132000000000800020047c39100050006000000000008000700ea030000";
/* captured: the system bus */
static const char bus_answer[] =
	"01010100c9418b001910000000000000200000002f72756e2f646275732f73797374656d5f6275735f736f636b65740008000200"
	"93458b0005000600000000000800070064000000";
/* captured: 127.0.0.1 on port 3389 of a server that listens on IPv6, inode 9548029; that server, inode 9136539 */
static const char tcp_answer[] =
	"0a0102000d3dc75200000000000000000000ffff7f00000100000000000000000000ffff7f000001000000003a0000000000"
	"0000fc136d00000000000000000065000000fdb091000500080000000000";
static const char listen_answer[] =
	"0a0a00000d3d00000000000000000000000000000000000000000000000000000000000000000000000000005b1000000000"
	"0000000000000000000002000000650000009b698b000500080000000000";

static size_t from_hex(const char *text, char *to)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		to[n] = (char)byte;
	return n;
}

static void channel_of_a_channel_server(void **state)
{
	struct display_channel channel;
	char bytes[128];
	size_t n = from_hex(channel_answer, bytes);

	(void)state;
	assert_int_equal(n, CHANNEL_SIZE);
	assert_int_equal(display_parse_channel(bytes, n, &channel), 0);
	assert_int_equal(channel.display, 12);
	assert_int_equal(channel.uid, 1002);
	assert_int_equal(channel.inode, 9551461);
	assert_int_equal(channel.peer, 9552711);
	n = from_hex(bus_answer, bytes);
	assert_int_equal(display_parse_channel(bytes, n, &channel), -ENOENT);
}

static void channel_without_owner_or_peer_is_none(void **state)
{
	struct display_channel channel;
	char bytes[128], *exact;
	size_t n = from_hex(channel_answer, bytes);
	int r;

	(void)state;
	/* Whose it is comes last: with the name and without that, it is not known. */
	assert_int_equal(display_parse_channel(bytes, n - 8, &channel), -ENODATA);
	/* Cut anywhere, it lacks its owner; the copy lets a sanitizer see a read beyond it. */
	for (size_t size = 0; size < n; size++) {
		exact = malloc(size + 1);
		memcpy(exact + 1, bytes, size);
		r = display_parse_channel(exact + 1, size, &channel);
		assert_true(size < 16 ? r == -EPROTO : r == -ENOENT || r == -ENODATA);
		free(exact);
	}
	bytes[2] = LISTENING;
	assert_int_equal(display_parse_channel(bytes, n, &channel), 0);
	assert_true(channel.listening && channel.peer == 0);
	bytes[2] = 7;	/* closed */
	assert_int_equal(display_parse_channel(bytes, n, &channel), -ENOENT);
}

static void channel_with_lengths_that_lie(void **state)
{
	struct display_channel channel;
	char bytes[128];
	size_t n = from_hex(channel_answer, bytes);
	int r;

	(void)state;
	for (unsigned length = 0; length < 65536; length += length < 100 ? 1 : 509) {
		memcpy(bytes + 16, &(uint16_t){ (uint16_t)length }, 2);
		r = display_parse_channel(bytes, n, &channel);
		if (length < 45 || length > 48)		/* its end, and that of its padding */
			assert_true(r == -ENOENT || r == -ENODATA);
	}
}

static void tcp_socket_and_its_other_end(void **state)
{
	struct display_tcp tcp;
	char bytes[128];
	size_t n = from_hex(tcp_answer, bytes);

	(void)state;
	assert_int_equal(display_parse_tcp(bytes, n, &tcp), 0);
	assert_int_equal(tcp.inode, 9548029);
	assert_int_equal(tcp.port, 3389);
	assert_false(tcp.listening);
	assert_string_equal(tcp.address, "127.0.0.1");
	for (size_t size = 0; size < sizeof(struct inet_diag_msg); size++)
		assert_int_equal(display_parse_tcp(bytes, size, &tcp), -EPROTO);
	inet_pton(AF_INET6, "2001:db8::7", bytes + 24);
	assert_int_equal(display_parse_tcp(bytes, n, &tcp), 0);
	assert_string_equal(tcp.address, "2001:db8::7");
	bytes[0] = AF_UNIX;
	assert_int_equal(display_parse_tcp(bytes, n, &tcp), -ENOENT);
	n = from_hex(listen_answer, bytes);
	assert_int_equal(display_parse_tcp(bytes, n, &tcp), 0);
	assert_true(tcp.listening);
	assert_int_equal(tcp.inode, 9136539);
	assert_string_equal(tcp.address, "");
}

static size_t add_message(char *to, uint16_t type, const char *hex, uint32_t lie)
{
	size_t size = from_hex(hex, to + NLMSG_HDRLEN);
	struct nlmsghdr head = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size) + lie, .nlmsg_type = type };

	memcpy(to, &head, sizeof(head));
	return NLMSG_ALIGN(NLMSG_HDRLEN + size);
}

static void datagrams(void **state)
{
	struct display_clients clients = {};
	char bytes[512];
	size_t n;

	(void)state;
	n = add_message(bytes, SOCK_DIAG_BY_FAMILY, channel_answer, 0);
	n += add_message(bytes + n, SOCK_DIAG_BY_FAMILY, bus_answer, 0);
	assert_int_equal(take_datagram(&clients, bytes, n, add_channel), 0);
	assert_int_equal(clients.channels.n_items, 1);
	n += add_message(bytes + n, NLMSG_DONE, "00000000", 0);
	assert_int_equal(take_datagram(&clients, bytes, n, add_channel), 1);
	assert_int_equal(clients.channels.n_items, 2);
	assert_int_equal(take_datagram(&clients, bytes, 0, add_channel), 0);
	add_message(bytes, SOCK_DIAG_BY_FAMILY, channel_answer, 1000);
	assert_int_equal(take_datagram(&clients, bytes, n, add_channel), -EPROTO);
	add_message(bytes, SOCK_DIAG_BY_FAMILY, channel_answer, (uint32_t)-(NLMSG_HDRLEN + CHANNEL_SIZE));
	assert_int_equal(take_datagram(&clients, bytes, n, add_channel), -EPROTO);
	assert_int_equal(clients.channels.n_items, 2);
	free(clients.channels.items);
}

#define NAME(text) display_parse_client_name(text, sizeof(text) - 1, name)

static void names_in_the_log(void **state)
{
	char name[64];

	(void)state;
	assert_int_equal(NAME("[INFO ] Connected client computer name: PC-alice"), 0);	/* captured */
	assert_string_equal(name, "PC-alice");
	assert_int_equal(NAME("Connected client computer name: x"), 0);
	assert_string_equal(name, "x");
	assert_int_equal(NAME("[INFO ] connecting to sesman on 127.0.0.1:3350"), -ENOENT);
	assert_int_equal(NAME(""), -ENOENT);
	assert_int_equal(NAME("["), -ENOENT);
	assert_int_equal(NAME("[INFO ]"), -ENOENT);
	assert_int_equal(NAME("[INFO ] "), -ENOENT);
	assert_int_equal(NAME("[INFO ] Connected client computer name:"), -ENOENT);
}

static void names_that_clients_may_think_of(void **state)
{
	char name[64], line[200];
	int n;

	(void)state;
	assert_int_equal(NAME("[INFO ] Connected client computer name: \033[31m\n\xff]"), 0);
	assert_string_equal(name, "\033[31m\n\xff]");
	assert_int_equal(NAME("[INFO ] Connected client computer name: "), -EPROTO);
	assert_int_equal(NAME("[INFO ] Connected client computer name: a\0b"), -EPROTO);
	/* Where a client's text comes later in a line, it is not the name. */
	assert_int_equal(NAME("[INFO ] user Connected client computer name: other"), -ENOENT);
	assert_int_equal(NAME("[user x] Connected client computer name: other"), 0);
	assert_int_equal(NAME("[user xyz] Connected client computer name: other"), -ENOENT);
	for (int length = 60; length < 70; length++) {
		n = snprintf(line, sizeof(line), "[INFO ] Connected client computer name: %0*d", length, 7);
		assert_int_equal(display_parse_client_name(line, (size_t)n, name), length <= 63 ? 0 : -EPROTO);
	}
}

/* ---- who is the client ---- */

/* xrdp listens (inode 1) by its daemon; 100 serves display 10 of user 1000 from 192.0.2.1, 200 display 11 of 1001. */
static struct display_clients *make_clients(void)
{
	static const struct display_tcp tcp[] = {
		{ 1, 3389, true, "" }, { 20, 3389, false, "192.0.2.1" }, { 21, 40000, false, "127.0.0.1" },
		{ 30, 3389, false, "2001:db8::7" }, { 90, 22, true, "" },
	};
	static const struct display_channel channels[] = { { 10, 1000, 24, 25 }, { 11, 1001, 34, 35 } };
	static const struct held held[] = {
		{ 1, 50 }, { 20, 100 }, { 21, 100 }, { 25, 100 }, { 30, 200 }, { 35, 200 },
	};
	struct display_clients *clients = calloc(1, sizeof(*clients));

	clients->has_journal = true;	/* there is none */
	clients->asked_tcp = clients->told_tcp = true;
	for (size_t i = 0; i < sizeof(tcp) / sizeof(tcp[0]); i++)
		assert_int_equal(add_to(&clients->tcp, &tcp[i], sizeof(tcp[i])), 0);
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
		assert_int_equal(add_to(&clients->channels, &channels[i], sizeof(channels[i])), 0);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		assert_int_equal(add_to(&clients->held, &held[i], sizeof(held[i])), 0);
	return clients;
}

/* Frees CLIENTS and tells whether they lead to ADDRESS (NULL: unknown) for a session of UID on DISPLAY. */
static bool leads_to(struct display_clients *clients, uid_t uid, const char *display, const char *address)
{
	struct logoff_session session = { .uid = uid, .display = (char *)display };
	bool same;

	array_sort(&clients->tcp, sizeof(struct display_tcp));
	array_sort(&clients->held, sizeof(struct held));
	assert_int_equal(display_fill_client(clients, &session), 0);
	same = address ? session.address && strcmp(session.address, address) == 0 : !session.address;
	assert_null(session.client);
	free(session.address);
	display_clients_free(clients);
	return same;
}

static void client_of_a_session(void **state)
{
	(void)state;
	assert_true(leads_to(make_clients(), 1000, ":10", "192.0.2.1"));
	assert_true(leads_to(make_clients(), 1001, ":11.0", "2001:db8::7"));
	assert_true(leads_to(make_clients(), 1000, ":12", NULL));
	assert_true(leads_to(make_clients(), 1000, "far:10", NULL));
	assert_true(leads_to(make_clients(), 1000, ":", NULL));
}

/* The server of display 3 of user 1000 listens on 5903; what others do on that port is not its viewer. */
static void viewer_of_a_display(void **state)
{
	const struct display_tcp viewer = { 41, 5903, false, "192.0.2.1", 1000 }, other = { 42, 5903, false, "192.0.2.1", 1001 };
	const struct display_tcp listens = { 40, 5903, true, "", 1000 };
	const struct display_tcp leads = { 43, 40000, false, "192.0.2.7", 1000, 5500 };
	struct display_clients *clients = make_clients();
	const char *address;

	(void)state;
	assert_int_equal(display_has_viewer(clients, 1000, 3, NULL), -ENODATA);
	add_to(&clients->tcp, &listens, sizeof(listens));
	add_to(&clients->tcp, &other, sizeof(other));
	assert_int_equal(display_has_viewer(clients, 1000, 3, NULL), 0);
	assert_int_equal(display_has_viewer(clients, 1000, 4, NULL), -ENODATA);
	assert_int_equal(display_has_viewer(clients, 1000, 4000000000, NULL), -ENODATA);
	add_to(&clients->tcp, &leads, sizeof(leads));	/* the server has perhaps connected to a viewer that listens */
	assert_int_equal(display_has_viewer(clients, 1000, 3, &address), -ENODATA);
	assert_null(address);
	clients->tcp.n_items--;
	clients->told_tcp = false;
	assert_int_equal(display_has_viewer(clients, 1000, 3, NULL), -ENODATA);
	add_to(&clients->tcp, &viewer, sizeof(viewer));
	assert_int_equal(display_has_viewer(clients, 1000, 3, &address), 1);
	assert_string_equal(address, "192.0.2.1");
	add_to(&clients->tcp, &viewer, sizeof(viewer));	/* a second one */
	assert_int_equal(display_has_viewer(clients, 1000, 3, &address), 1);
	assert_null(address);
	display_clients_free(clients);
}

static void sockets_of_other_users_do_not_count(void **state)
{
	struct display_clients *clients = make_clients();

	(void)state;
	assert_true(leads_to(make_clients(), 1001, ":10", NULL));
	/* 1001 holds a socket that is called like that of display 10, and has xrdp connect to it. */
	add_to(&clients->channels, &(struct display_channel){ 10, 1001, 36, 35 }, sizeof(struct display_channel));
	assert_true(leads_to(clients, 1000, ":10", "192.0.2.1"));
}

static void unsure_is_unknown(void **state)
{
	struct display_clients *clients;

	(void)state;
	clients = make_clients();	/* two processes serve one display */
	add_to(&clients->channels, &(struct display_channel){ 10, 1000, 26, 35 }, sizeof(struct display_channel));
	assert_true(leads_to(clients, 1000, ":10", NULL));
	clients = make_clients();	/* a process that is not xrdp's */
	add_to(&clients->channels, &(struct display_channel){ 10, 1000, 26, 99 }, sizeof(struct display_channel));
	assert_true(leads_to(clients, 1000, ":10", NULL));
	for (pid_t other = 99; other <= 101; other += 2) {
		clients = make_clients();	/* one socket in two processes */
		add_to(&clients->held, &(struct held){ 25, other }, sizeof(struct held));
		assert_true(leads_to(clients, 1000, ":10", NULL));
	}
	clients = make_clients();	/* two connections from outside in one process */
	add_to(&clients->held, &(struct held){ 30, 100 }, sizeof(struct held));
	assert_true(leads_to(clients, 1000, ":10", NULL));
}

static void only_what_came_in_where_xrdp_listens(void **state)
{
	struct display_clients *clients = make_clients();

	(void)state;
	((struct held *)clients->held.items)[0].inode = 90;	/* it listens elsewhere */
	assert_true(leads_to(clients, 1000, ":10", NULL));
}

/* What is said of display 10 of user 1000 if those are all sockets. */
static int said_of(const struct display_channel *channels, size_t n_channels, const struct display_tcp *tcp, bool told_tcp)
{
	struct display_clients clients = { .told = true, .asked_tcp = true, .told_tcp = told_tcp };
	int r;

	for (size_t i = 0; i < n_channels; i++)
		assert_int_equal(add_to(&clients.channels, &channels[i], sizeof(channels[i])), 0);
	if (tcp)
		assert_int_equal(add_to(&clients.tcp, tcp, sizeof(*tcp)), 0);
	r = display_is_connected(&clients, 1000, 10);
	free(clients.channels.items);
	free(clients.tcp.items);
	return r;
}

static void channel_server_that_waits(void **state)
{
	static const struct display_channel channels[] = {
		{ .display = 10, .uid = 1000, .listening = true }, { .display = 10, .uid = 1000, .screen = true },
		{ .display = 10, .uid = 1000, .peer = 25 },
	};
	static const struct display_channel others[] = {
		{ .display = 10, .uid = 1000, .listening = true }, { .display = 11, .uid = 1000, .screen = true },
		{ .display = 10, .uid = 1001, .screen = true },
	};
	static const struct display_tcp waits = { 7, 5910, true, "", 1000 }, viewer = { 8, 5910, false, "127.0.0.1", 1000, 40000 };

	(void)state;
	assert_int_equal(said_of(channels, 1, NULL, true), 0);
	assert_int_equal(said_of(channels, 1, &waits, true), 0);
	assert_int_equal(said_of(others, 3, NULL, true), 0);
	assert_int_equal(said_of(channels, 0, NULL, true), -ENODATA);
	assert_int_equal(said_of(channels, 2, NULL, true), -ENODATA);	/* xrdp has the screen of Xorg */
	assert_int_equal(said_of(channels, 1, &viewer, true), -ENODATA);	/* or that of Xvnc */
	assert_int_equal(said_of(channels, 1, NULL, false), -ENODATA);	/* or that is not known */
	assert_int_equal(said_of(channels, 3, &viewer, true), 1);
}

static void what_the_host_has_said_stays(void **state)
{
	struct display_clients *clients = make_clients();
	struct logoff_session session = { .uid = 1000, .display = (char *)":10", .address = strdup("pc.example") };

	(void)state;
	assert_int_equal(display_fill_client(clients, &session), 0);
	assert_string_equal(session.address, "pc.example");
	free(session.address);
	display_clients_free(clients);
}

/* The real thing, on whatever machine this is: it must not fail, and every user may ask. */
static void snapshot_of_this_machine(void **state)
{
	struct display_clients *clients;

	(void)state;
	assert_int_equal(display_clients_new(&clients), 0);
	display_clients_free(clients);
}

/* ---- X servers ---- */

#define IDLE_MS 123456
#define PATIENCE_MS 400

/* A server of our own making, on a display that nobody has. */
struct server {
	unsigned number;
	int fd;
	pid_t process;
	const char *key;	/* that it wants to see, or NULL */
	uint8_t extension;	/* number of MIT-SCREEN-SAVER, or 0 */
};

/* Listens as user UID (root may choose). */
static void server_open(struct server *server, uid_t uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n;

	server->number = 100000000 + (unsigned)getpid();
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "/tmp/.X11-unix/X%u", server->number);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)), 0);
	assert_int_equal(seteuid(uid), 0);
	assert_int_equal(listen(server->fd, 8), 0);
	assert_int_equal(seteuid(getuid()), 0);
}

static void send_all(int fd, const void *data, size_t size)
{
	if (write(fd, data, size) != (ssize_t)size)
		_exit(1);
}

/* Takes the greeting; lets in who has the key. */
static bool greet(const struct server *server, int fd)
{
	static const struct {
		uint8_t ok, n_reason;
		uint16_t major, minor, length;
	} yes = { 1, 0, 11, 0, 18 }, no = { 0, 2, 11, 0, 1 };
	uint32_t rest[18] = { [4] = UINT32_C(0xffff0000), [5] = 1, [8] = 77 };	/* one screen, its root is 77 */
	char greeting[512];
	uint16_t n_name;
	ssize_t n = recv(fd, greeting, sizeof(greeting), 0);

	if (n < 12)
		return false;
	memcpy(&n_name, greeting + 6, sizeof(n_name));
	if (server->key && (n < 12 + (n_name + 3) / 4 * 4 + 16 ||
			    memcmp(greeting + 12 + (n_name + 3) / 4 * 4, server->key, 16) != 0)) {
		send_all(fd, &no, sizeof(no));
		send_all(fd, "no\0\0", 4);
		return false;
	}
	send_all(fd, &yes, sizeof(yes));
	send_all(fd, rest, sizeof(rest));
	return true;
}

/* Answers QueryExtension (98) and the one question of the extension. */
static void serve(const struct server *server, int fd)
{
	uint8_t request[64];
	uint16_t sequence = 0, size;

	if (!greet(server, fd))
		return;
	while (recv(fd, request, 4, MSG_WAITALL) == 4) {
		uint32_t reply[8] = { 1 | (uint32_t)++sequence << 16 };

		memcpy(&size, request + 2, sizeof(size));
		if (size < 1 || size > 16 || (size > 1 && recv(fd, request + 4, (size - 1u) * 4, MSG_WAITALL) < 0))
			_exit(1);
		if (request[0] == 98)
			reply[2] = server->extension ? 1 | (uint32_t)server->extension << 8 : 0;
		else if (request[0] == server->extension && request[1] == 1)
			reply[4] = IDLE_MS;
		send_all(fd, reply, sizeof(reply));
	}
}

static void server_start(struct server *server)
{
	server_open(server, geteuid());
	server->process = fork();
	if (server->process == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0; close(fd))
			serve(server, fd);
		_exit(0);
	}
	close(server->fd);
}

static void server_stop(struct server *server)
{
	kill(server->process, SIGKILL);
	assert_int_equal(waitpid(server->process, NULL, 0), server->process);
}

static void skip_without_libraries(void)
{
	void *library = dlopen("libxcb-screensaver.so.0", RTLD_NOW);

	if (!library || !getpwuid(getuid())) {
		print_message("no libxcb-screensaver here, or no name for this user\n");
		skip();
	}
	dlclose(library);
}

/* What logoff-user says of display NUMBER to user UID, within TIMEOUT_MS. */
static int64_t ask_display(uid_t uid, unsigned number, uint64_t timeout_ms)
{
	struct job job = {
		.head = { .kind = JOB_IDLE_DISPLAY, .uid = uid, .display = number, .timeout_us = timeout_ms * 1000 },
	};
	struct job_idle idle;

	return user_ask(&job, &idle, sizeof(idle), NULL) < 0 || idle.idle_ms < 0 ? -1 : idle.idle_ms * 1000;
}

static void idleness_of_a_display(void **state)
{
	struct server server = { .extension = 140 };

	(void)state;
	skip_without_libraries();
	server_start(&server);
	assert_int_equal(ask_display(getuid(), server.number, 5000), IDLE_MS * INT64_C(1000));
	assert_int_equal(ask_display(getuid(), server.number + 1, 5000), -1);
	server_stop(&server);
}

static void idleness_of_a_session(void **state)
{
	struct logoff_host host = {};
	struct logoff_session session = { .host = &host, .uid = getuid(), .id = (char *)"c4711" };
	struct server server = { .extension = 140 };
	char display[32];

	(void)state;
	skip_without_libraries();
	assert_int_equal(display_idle_us(&session), -1);
	server_start(&server);
	snprintf(display, sizeof(display), ":%u.0", server.number);
	session.display = display;
	assert_int_equal(display_idle_us(&session), IDLE_MS * INT64_C(1000));
	session.kind = LOGOFF_KIND_GREETER;
	assert_int_equal(display_idle_us(&session), -1);
	server_stop(&server);
}

static void asked_once_and_only_if_the_host_does_not_know(void **state)
{
	struct logoff_host host = { .backend = &host_procfs };
	struct logoff_session session = { .host = &host, .uid = getuid(), .graphical = true, .logon_us = -1, .age_us = -1, .idle_us = 5 };
	struct logoff_session *one = &session;
	struct server server = { .extension = 140 };
	char display[32];

	(void)state;
	skip_without_libraries();
	server_start(&server);
	snprintf(display, sizeof(display), ":%u", server.number);
	session.display = display;
	assert_int_equal(logoff_session_fetch(&one, 1, LOGOFF_FACTS_IDLE, NULL), LOGOFF_OK);
	assert_int_equal(logoff_session_time_us(&session, LOGOFF_TIME_IDLE), 5);
	session.missing = HOST_IDLE;
	assert_int_equal(logoff_session_fetch(&one, 1, LOGOFF_FACTS_IDLE, NULL), LOGOFF_OK);
	assert_int_equal(logoff_session_time_us(&session, LOGOFF_TIME_IDLE), IDLE_MS * INT64_C(1000));
	server_stop(&server);
	assert_int_equal(logoff_session_fetch(&one, 1, LOGOFF_FACTS_IDLE, NULL), LOGOFF_OK);
	assert_int_equal(logoff_session_time_us(&session, LOGOFF_TIME_IDLE), IDLE_MS * INT64_C(1000));
}

static void server_without_the_extension(void **state)
{
	struct server server = {};

	(void)state;
	skip_without_libraries();
	server_start(&server);
	assert_int_equal(ask_display(getuid(), server.number, 5000), -1);
	server_stop(&server);
}

/* A key file with one key, for this machine and the display: Xau(3). */
static void write_key(const char *path, unsigned number, const char *key)
{
	char host[256] = "", text[16];
	FILE *file = fopen(path, "w");
	int n = snprintf(text, sizeof(text), "%u", number);

	assert_non_null(file);
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	fprintf(file, "\001%c%c%c%s%c%c%s%c%cMIT-MAGIC-COOKIE-1%c%c%s", 0, 0, (char)strlen(host), host, 0, n, text, 0, 18, 0,
		16, key);
	assert_int_equal(fclose(file), 0);
}

/* The key is in no usual place; a process on the display knows where. */
static void key_that_a_process_knows(void **state)
{
	struct server server = { .extension = 131, .key = "0123456789abcdef" };
	char path[] = "/tmp/test-display-XXXXXX", display[64], authority[64];
	pid_t process;
	int64_t idle_us = -1;

	(void)state;
	skip_without_libraries();
	server_start(&server);
	close(mkstemp(path));
	write_key(path, server.number, server.key);
	assert_int_equal(ask_display(getuid(), server.number, 5000), -1);
	snprintf(display, sizeof(display), "DISPLAY=:%u", server.number);
	snprintf(authority, sizeof(authority), "XAUTHORITY=%s", path);
	process = fork();
	if (process == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		execle("/bin/sleep", "sleep", "60", NULL, (char *[]){ display, authority, NULL });
		_exit(127);
	}
	for (unsigned i = 0; idle_us < 0 && i < 50; i++) {
		idle_us = ask_display(getuid(), server.number, 5000);
		usleep(20000);
	}
	assert_int_equal(idle_us, IDLE_MS * INT64_C(1000));
	kill(process, SIGKILL);
	assert_int_equal(waitpid(process, NULL, 0), process);
	unlink(path);
	server_stop(&server);
}

/* libxcb prints why a server has refused. The reason is the server's own text, so it could hold anything. */
static void server_that_refuses_cannot_speak_on_our_terminal(void **state)
{
	struct server server = { .extension = 131, .key = "0123456789abcdef" };
	int file = memfd_create("stderr", MFD_CLOEXEC), saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	(void)state;
	skip_without_libraries();
	server_start(&server);
	assert_true(file >= 0 && saved >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO);
	assert_int_equal(ask_display(getuid(), server.number, 5000), -1);
	assert_true(dup2(saved, STDERR_FILENO) == STDERR_FILENO);
	assert_int_equal(lseek(file, 0, SEEK_END), 0);
	close(file);
	close(saved);
	server_stop(&server);
}

static unsigned n_caught;

static void catch(int number)
{
	(void)number;
	n_caught++;
}

/* It accepts (the kernel does) and says nothing. */
static void server_that_never_answers(void **state)
{
	struct sigaction mine = { .sa_handler = catch }, now;
	struct server server = {};
	uint64_t begin_us;
	int64_t took_ms;

	(void)state;
	skip_without_libraries();
	server_open(&server, geteuid());
	assert_int_equal(sigaction(SIGCHLD, &mine, NULL), 0);
	begin_us = clock_now_us();
	assert_int_equal(ask_display(getuid(), server.number, PATIENCE_MS), -1);
	took_ms = (int64_t)(clock_now_us() - begin_us) / 1000;
	assert_true(took_ms >= PATIENCE_MS);	/* else it was not asked at all */
	assert_true(took_ms < PATIENCE_MS + 500);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(sigaction(SIGCHLD, NULL, &now), 0);
	assert_ptr_equal(now.sa_handler, catch);
	assert_int_equal(n_caught, 1);
	signal(SIGCHLD, SIG_DFL);
	close(server.fd);
}

/* Callers that never wait for children: the kernel takes them away itself. */
static void caller_without_interest_in_children(void **state)
{
	struct server server = { .extension = 140 };

	(void)state;
	skip_without_libraries();
	server_start(&server);
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(ask_display(getuid(), server.number, 5000), IDLE_MS * INT64_C(1000));
	signal(SIGCHLD, SIG_DFL);
	server_stop(&server);
}

/* After three seconds without an answer the others get less. */
static void many_that_never_answer(void **state)
{
	struct logoff_host host = { .in_vain_us = 3000000 };
	struct logoff_session session = { .host = &host, .uid = getuid(), .id = (char *)"c4711" };
	struct server server = {};
	uint64_t begin_us;
	char display[32];

	(void)state;
	skip_without_libraries();
	server_open(&server, geteuid());
	snprintf(display, sizeof(display), ":%u", server.number);
	session.display = display;
	begin_us = clock_now_us();
	assert_int_equal(display_idle_us(&session), -1);
	assert_true(clock_now_us() - begin_us < 600000);
	assert_true(host.in_vain_us >= 3100000);
	close(server.fd);
}

/* Needs root, to play another user. */
static void server_of_a_stranger_sees_no_key(void **state)
{
	struct server server = {};
	struct pollfd wait;
	char byte;

	(void)state;
	skip_without_libraries();
	if (geteuid() != 0) {
		print_message("only root can play another user\n");
		skip();
	}
	server_open(&server, 65534);
	assert_int_equal(ask_display(0, server.number, 5000), -1);
	wait = (struct pollfd){ .fd = server.fd, .events = POLLIN };
	assert_int_equal(poll(&wait, 1, 0), 1);
	wait.fd = accept(server.fd, NULL, NULL);
	assert_int_equal(recv(wait.fd, &byte, 1, 0), 0);
	close(wait.fd);
	close(server.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_of_a_channel_server),
		cmocka_unit_test(channel_without_owner_or_peer_is_none),
		cmocka_unit_test(channel_with_lengths_that_lie),
		cmocka_unit_test(tcp_socket_and_its_other_end),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(names_in_the_log),
		cmocka_unit_test(names_that_clients_may_think_of),
		cmocka_unit_test(client_of_a_session),
		cmocka_unit_test(viewer_of_a_display),
		cmocka_unit_test(sockets_of_other_users_do_not_count),
		cmocka_unit_test(unsure_is_unknown),
		cmocka_unit_test(only_what_came_in_where_xrdp_listens),
		cmocka_unit_test(channel_server_that_waits),
		cmocka_unit_test(what_the_host_has_said_stays),
		cmocka_unit_test(snapshot_of_this_machine),
		cmocka_unit_test(idleness_of_a_display),
		cmocka_unit_test(idleness_of_a_session),
		cmocka_unit_test(asked_once_and_only_if_the_host_does_not_know),
		cmocka_unit_test(server_without_the_extension),
		cmocka_unit_test(key_that_a_process_knows),
		cmocka_unit_test(server_that_refuses_cannot_speak_on_our_terminal),
		cmocka_unit_test(server_that_never_answers),
		cmocka_unit_test(caller_without_interest_in_children),
		cmocka_unit_test(many_that_never_answer),
		cmocka_unit_test(server_of_a_stranger_sees_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
