/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-display.c - what tells of the clients of xrdp sessions, on any bytes: answers of the kernel's socket diagnosis,
 * datagrams full of them, and lines of xrdp's log, in which clients choose a name.
 *
 * Beside crashes it looks for answers that cannot be: texts without an end, displays and states that do not exist, names
 * that are not in the line. display-client.c is included, not linked, because datagrams are its own affair.
 */
#include "local/display-client.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool has_name(const char *text, size_t size, const char *name)
{
	return memmem(text, size, name, strlen(name)) != NULL;
}

static void try_channel(const char *text, size_t size)
{
	struct display_channel channel;

	if (display_parse_channel(text, size, &channel) < 0)
		return;
	require(size >= sizeof(struct unix_diag_msg) && text[0] == AF_UNIX && text[2] == (channel.listening ? LISTENING : ESTABLISHED));
	require(channel.display <= 65536 && has_name(text, size, channel.screen ? "xrdp_display_" : "xrdp_chansrv_socket_"));
}

static void try_tcp(const char *text, size_t size)
{
	struct display_tcp tcp;
	struct in6_addr address;

	if (display_parse_tcp(text, size, &tcp) < 0)
		return;
	require(tcp.inode != 0 && memchr(tcp.address, '\0', sizeof(tcp.address)));
	require(tcp.listening ? !*tcp.address
			      : inet_pton(AF_INET, tcp.address, &address) == 1 || inet_pton(AF_INET6, tcp.address, &address) == 1);
}

static void try_name(const char *text, size_t size)
{
	char name[64];

	if (display_parse_client_name(text, size, name) < 0)
		return;
	require(*name && strlen(name) < size && memcmp(text + size - strlen(name), name, strlen(name)) == 0);
}

static void try_datagram(const char *text, size_t size)
{
	struct display_clients clients = {};
	struct logoff_session session = { .display = (char *)":10", .uid = 1000 };

	clients.has_journal = true;	/* there is none */
	require(take_datagram(&clients, text, size, add_channel) <= 1);
	require(take_datagram(&clients, text, size, add_tcp) <= 1);
	array_sort(&clients.tcp, sizeof(struct display_tcp));
	require(display_fill_client(&clients, &session) == 0 && !session.address && !session.client);
	free(clients.channels.items);
	free(clients.tcp.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size ? size : 1);	/* of exactly the size, so that the sanitizer sees a read beyond it */

	require(text != NULL);
	if (size)
		memcpy(text, data, size);
	try_channel(text, size);
	try_tcp(text, size);
	try_name(text, size);
	try_datagram(text, size);
	free(text);
	return 0;
}
