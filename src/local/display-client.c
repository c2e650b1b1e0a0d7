/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * display-client.c - who sits at the far end of an xrdp session: address and name of the client.
 *
 * Only xrdp's own process for the connection knows both. It is found by what the kernel says: the channel server of
 * display N, a process of the session's user, holds one end of a UNIX socket (xrdp_chansrv_socket_N); who holds the
 * other is the process; its TCP socket on the port where xrdp listens leads to the client. The folder of those sockets is
 * open to all users, so a process counts only if it is xrdp's by name and user, and a channel server only if it is the
 * session's user's. Two answers to one question are none.
 * The client's own name is in no place but the log. The journal keeps with each line which process has written it,
 * which is asked of the kernel, so a name cannot be passed off as another session's. Where xrdp logs elsewhere, it stays
 * unknown: a line of the file does not say to whom it belongs.
 * Sources: sock_diag(7), linux/unix_diag.h, linux/inet_diag.h; xrdp 0.9.21, libxrdp/xrdp_sec.c (the line of the log).
 */
#include "local/display.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "local/nss.h"
#include "local/proc.h"
#include "local/user.h"

/* States of sockets as linux/tcp_states.h numbers them; UNIX sockets use the same. */
#define ESTABLISHED 1
#define LISTENING 10

/* Linux 5.3; older headers lack it. */
#define SHOW_UID 0x40
#define ATTRIBUTE_UID 7

/* The port of display 0 (RFC 6143). */
#define VNC_PORT 5900

/* Where viewers listen for servers that are told to connect to them (vncviewer -listen). */
#define VIEWER_PORT 5500
#define N_VIEWER_PORTS 100

/* How often the kernel is asked for its sockets if they change meanwhile. */
#define N_LOOKS 5

/* A socket that a process of xrdp holds. */
struct held {
	uint32_t inode;
	pid_t pid;
};

/* A growing array. */
struct array {
	void *items;
	size_t n_items;
};

struct display_clients {
	struct array channels;		/* struct display_channel */
	struct array tcp;		/* struct display_tcp, by inode */
	struct array held;		/* struct held, by inode */
	bool told;			/* the kernel has told of all channels, and whose they are */
	bool asked_tcp, told_tcp;	/* the kernel was asked for TCP sockets, and has told of all */
	bool looked;			/* at xrdp's processes */
	uid_t xrdp;			/* the user xrdp, or root */
	sd_journal *journal;		/* opened for the first name */
	bool has_journal;
};

static int add_to(struct array *array, const void *item, size_t size)
{
	return array_append(&array->items, &array->n_items, item, size);
}

static void array_sort(struct array *array, size_t size)
{
	if (array->n_items)
		qsort(array->items, array->n_items, size, array_compare);
}

/* ---- what the kernel answers ---- */

/* Finds an attribute that follows the first SIZE bytes of an answer and has at least N bytes. Returns its length or 0. */
static size_t find_attribute(const void *answer, size_t length, size_t size, unsigned short type, size_t n,
			     const void **ret)
{
	const char *at = (const char *)answer + NLMSG_ALIGN(size), *end = (const char *)answer + length;
	struct nlattr attribute;

	while (length >= NLMSG_ALIGN(size) && (size_t)(end - at) >= sizeof(attribute)) {
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > end - at)
			return 0;
		if ((attribute.nla_type & NLA_TYPE_MASK) == type && attribute.nla_len >= sizeof(attribute) + n) {
			*ret = at + sizeof(attribute);
			return attribute.nla_len - sizeof(attribute);
		}
		if ((size_t)NLA_ALIGN(attribute.nla_len) >= (size_t)(end - at))
			return 0;
		at += NLA_ALIGN(attribute.nla_len);
	}
	return 0;
}

/* The paths are known to the reader of /proc/net/unix, where this would be such a line. */
static enum proc_xrdp parse_path(const char *path, size_t length, unsigned *ret_display)
{
	char line[160];
	int n;

	length = strnlen(path, length);
	if (length == 0 || length > 108)
		return PROC_XRDP_NONE;
	n = snprintf(line, sizeof(line), "0: 2 0 0 1 03 0 %.*s", (int)length, path);
	return proc_parse_xrdp_socket(line, (size_t)n, ret_display);
}

int display_parse_channel(const void *answer, size_t length, struct display_channel *ret)
{
	struct display_channel channel = {};
	struct unix_diag_msg head;
	const void *name, *peer, *uid;
	enum proc_xrdp whose;
	size_t n_name;
	uint32_t number;

	if (length < sizeof(head))
		return -EPROTO;
	memcpy(&head, answer, sizeof(head));
	channel.listening = head.udiag_state == LISTENING;
	if (head.udiag_family != AF_UNIX || (!channel.listening && head.udiag_state != ESTABLISHED))
		return -ENOENT;
	n_name = find_attribute(answer, length, sizeof(head), UNIX_DIAG_NAME, 1, &name);
	whose = n_name == 0 ? PROC_XRDP_NONE : parse_path(name, n_name, &channel.display);
	channel.screen = whose == PROC_XRDP_SCREEN;
	if (whose == PROC_XRDP_NONE || (channel.screen && channel.listening))
		return -ENOENT;
	if (!find_attribute(answer, length, sizeof(head), ATTRIBUTE_UID, sizeof(number), &uid))
		return -ENODATA;
	if (!channel.listening) {
		/* Without it nobody is at the other end any more. */
		if (!find_attribute(answer, length, sizeof(head), UNIX_DIAG_PEER, sizeof(channel.peer), &peer))
			return -ENOENT;
		memcpy(&channel.peer, peer, sizeof(channel.peer));
	}
	channel.inode = head.udiag_ino;
	memcpy(&number, uid, sizeof(number));
	channel.uid = number;
	*ret = channel;
	return 0;
}

/* A server that listens on IPv6 sees clients of IPv4 as ::ffff:192.0.2.1; they are shown as what they are. */
static bool print_address(uint8_t family, const uint32_t address[4], char text[static 46])
{
	struct in6_addr six;

	memcpy(&six, address, sizeof(six));
	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six))
		return inet_ntop(AF_INET, &six.s6_addr[12], text, 46);
	return (family == AF_INET || family == AF_INET6) && inet_ntop(family, address, text, 46);
}

int display_parse_tcp(const void *answer, size_t length, struct display_tcp *ret)
{
	struct display_tcp tcp = {};
	struct inet_diag_msg head;

	if (length < sizeof(head))
		return -EPROTO;
	memcpy(&head, answer, sizeof(head));
	tcp.listening = head.idiag_state == LISTENING;
	if ((!tcp.listening && head.idiag_state != ESTABLISHED) || head.idiag_inode == 0)
		return -ENOENT;
	if (!tcp.listening && !print_address(head.idiag_family, head.id.idiag_dst, tcp.address))
		return -ENOENT;
	tcp.inode = head.idiag_inode;
	tcp.uid = head.idiag_uid;
	tcp.port = ntohs(head.id.idiag_sport);
	tcp.peer_port = tcp.listening ? 0 : ntohs(head.id.idiag_dport);
	*ret = tcp;
	return 0;
}

static int add_channel(struct display_clients *clients, const void *answer, size_t length)
{
	struct display_channel channel;
	int r = display_parse_channel(answer, length, &channel);

	if (r == -ENODATA)
		clients->told = false;	/* a kernel before 5.3 */
	return r < 0 ? 0 : add_to(&clients->channels, &channel, sizeof(channel));
}

static int add_tcp(struct display_clients *clients, const void *answer, size_t length)
{
	struct display_tcp tcp;

	if (display_parse_tcp(answer, length, &tcp) < 0)
		return 0;
	return add_to(&clients->tcp, &tcp, sizeof(tcp));
}

typedef int (*add_func)(struct display_clients *clients, const void *answer, size_t length);

/*
 * Takes in one datagram of answers. Returns 1 after the last answer, 0 if more follow, or -errno; -EOPNOTSUPP: a kernel
 * without this diagnosis.
 */
static int take_datagram(struct display_clients *clients, const char *datagram, size_t size, add_func add)
{
	struct nlmsghdr head;
	int r = 0;

	for (size_t at = 0; r >= 0 && size - at >= sizeof(head); at += NLMSG_ALIGN(head.nlmsg_len)) {
		memcpy(&head, datagram + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > size - at)
			return -EPROTO;
		if (head.nlmsg_type == NLMSG_ERROR)
			return -EOPNOTSUPP;
		if (head.nlmsg_flags & NLM_F_DUMP_INTR)
			return -EAGAIN;	/* sockets have come and gone meanwhile: some may be missing */
		if (head.nlmsg_type == NLMSG_DONE)
			return 1;
		if (head.nlmsg_type == SOCK_DIAG_BY_FAMILY)
			r = add(clients, datagram + at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
		if (NLMSG_ALIGN(head.nlmsg_len) > size - at)
			break;
	}
	return r;
}

/* Asks the kernel for all sockets that REQUEST describes. Returns 0 if it has told all, or -errno. */
static int ask_sockets(struct display_clients *clients, const void *request, size_t size, add_func add)
{
	struct nlmsghdr head = {
		.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)request, size } };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr message = {
		.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = parts, .msg_iovlen = 2,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), r = 0;
	size_t room = 32 << 10;		/* what the kernel fills at once */
	char *answers = malloc(room);
	ssize_t n;

	if (!answers)
		r = -ENOMEM;
	else if (fd < 0 || sendmsg(fd, &message, 0) < 0)
		r = -errno;
	while (r == 0) {
		n = recv(fd, answers, room, MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || (size_t)n > room)
			r = n < 0 ? -errno : -EPROTO;
		else
			r = take_datagram(clients, answers, (size_t)n, add);
	}
	free(answers);
	if (fd >= 0)
		close(fd);
	return r < 0 ? r : 0;
}

/* Looks again where sockets have come and gone while the kernel told of them. */
static int ask_channels(struct display_clients *clients)
{
	struct unix_diag_req request = {
		.sdiag_family = AF_UNIX,
		.udiag_states = 1 << ESTABLISHED | 1 << LISTENING,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | SHOW_UID,
	};
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < N_LOOKS; i++) {
		clients->channels.n_items = 0;
		clients->told = true;
		r = ask_sockets(clients, &request, sizeof(request), add_channel);
	}
	if (r < 0)
		clients->told = false;
	return r == -ENOMEM ? r : 0;
}

static int ask_tcp_of(struct display_clients *clients, uint8_t family)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = 1 << ESTABLISHED | 1 << LISTENING,
	};

	return ask_sockets(clients, &request, sizeof(request), add_tcp);
}

/* Asks once. What the kernel does not tell is unknown. Returns 0 or -ENOMEM. */
static int ask_tcp(struct display_clients *clients)
{
	int r = -EAGAIN;

	if (clients->asked_tcp)
		return 0;
	clients->asked_tcp = true;
	for (int i = 0; r == -EAGAIN && i < N_LOOKS; i++) {
		clients->tcp.n_items = 0;
		r = ask_tcp_of(clients, AF_INET);
		if (r >= 0)
			r = ask_tcp_of(clients, AF_INET6);
	}
	clients->told_tcp = r >= 0;
	array_sort(&clients->tcp, sizeof(struct display_tcp));
	return r == -ENOMEM ? r : 0;
}

/* ---- xrdp's processes ---- */

/* Adds the sockets among the descriptors of a process. */
static int add_held(struct display_clients *clients, pid_t pid)
{
	char path[40], target[64];
	struct held held = { .pid = pid };
	struct dirent *entry;
	DIR *folder;
	ssize_t n;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	while (r >= 0 && folder && (entry = readdir(folder))) {
		n = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%" SCNu32 "]", &held.inode) == 1)
			r = add_to(&clients->held, &held, sizeof(held));
	}
	if (folder)
		closedir(folder);
	return r;
}

/* Adds the sockets of a process if it is xrdp. Most processes are told apart by their user, which is cheapest. */
static int look_at(pid_t pid, void *userdata)
{
	struct display_clients *clients = userdata;
	struct proc_stat stat_;
	struct stat owner;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &owner) < 0 || (owner.st_uid != 0 && owner.st_uid != clients->xrdp))
		return 0;
	if (proc_read_stat(pid, &stat_) < 0 || strcmp(stat_.command, "xrdp") != 0)
		return 0;
	return add_held(clients, pid);
}

/* ---- the snapshot ---- */

static const void *array_find(const struct array *array, uint32_t inode, size_t size)
{
	return array->n_items ? bsearch(&inode, array->items, array->n_items, size, array_compare) : NULL;
}

/* Looks at xrdp's side, once. Returns 0 or a fatal errno. */
static int look_for_xrdp(struct display_clients *clients)
{
	int r = 0;

	if (clients->looked)
		return 0;
	clients->looked = true;
	/* Distributions that do not run it as root call its user so, in this machine's files. */
	(void)nss_local_user_id("xrdp", &clients->xrdp);
	if (clients->channels.n_items)
		r = proc_for_each_pid(look_at, clients);
	if (r >= 0 && clients->held.n_items)
		r = ask_tcp(clients);
	array_sort(&clients->held, sizeof(struct held));
	return r;
}

int display_clients_new(struct display_clients **ret_clients)
{
	struct display_clients *clients = calloc(1, sizeof(*clients));
	int r = clients ? ask_channels(clients) : -ENOMEM;

	if (r < 0)
		display_clients_free(clients);
	else
		*ret_clients = clients;
	return r;
}

/* Tells whether TCP may lead from a VNC server to a viewer that listens, which help desks have their users do. */
static bool may_lead_to_viewer(const struct display_tcp *tcp)
{
	return !tcp->listening && tcp->peer_port >= VIEWER_PORT && tcp->peer_port < VIEWER_PORT + N_VIEWER_PORTS;
}

int display_has_viewer(struct display_clients *clients, uid_t uid, unsigned number, const char **ret_address)
{
	const struct display_tcp *tcp;
	const char *address = NULL;
	bool listens = false, sure = true;
	size_t n_viewers = 0;

	if (number > UINT16_MAX - VNC_PORT || ask_tcp(clients) < 0)
		return -ENODATA;
	tcp = clients->tcp.items;
	for (size_t i = 0; i < clients->tcp.n_items; i++) {
		if (tcp[i].uid != uid)
			continue;
		sure = sure && !may_lead_to_viewer(&tcp[i]);
		if (tcp[i].port != VNC_PORT + number)
			continue;
		listens = listens || tcp[i].listening;
		n_viewers += !tcp[i].listening;
		address = tcp[i].listening ? address : tcp[i].address;
	}
	if (ret_address)
		*ret_address = n_viewers == 1 ? address : NULL;
	return n_viewers > 0 ? 1 : listens && sure && clients->told_tcp ? 0 : -ENODATA;
}

/*
 * A channel server that waits for xrdp has no client, unless xrdp has the screen: that of Xorg by a socket of its own, that of Xvnc
 * as a viewer. Without a channel server nobody knows: it has not begun yet, or has crashed.
 */
int display_is_connected(struct display_clients *clients, uid_t uid, unsigned number)
{
	const struct display_channel *channels = clients->channels.items;
	bool waits = false, drawn = false;

	for (size_t i = 0; i < clients->channels.n_items; i++) {
		if (channels[i].display != number || channels[i].uid != uid)
			continue;
		if (!channels[i].screen && !channels[i].listening)
			return 1;
		waits = waits || channels[i].listening;
		drawn = drawn || channels[i].screen;
	}
	if (!clients->told || !waits || drawn || display_has_viewer(clients, uid, number, NULL) == 1)
		return -ENODATA;
	return clients->told_tcp ? 0 : -ENODATA;
}

struct display_clients *display_clients_free(struct display_clients *clients)
{
	if (!clients)
		return NULL;
	sd_journal_close(clients->journal);
	free(clients->channels.items);
	free(clients->tcp.items);
	free(clients->held.items);
	free(clients);
	return NULL;
}

/* ---- one session ---- */

/* The one process of xrdp that holds a socket, or 0. */
static pid_t find_holder(const struct display_clients *clients, uint32_t inode)
{
	const struct held *held = array_find(&clients->held, inode, sizeof(*held)), *all = clients->held.items;
	size_t at;

	if (!held)
		return 0;
	at = (size_t)(held - all);
	while (at > 0 && all[at - 1].inode == inode)
		at--;
	for (; at < clients->held.n_items && all[at].inode == inode; at++)
		if (all[at].pid != held->pid)
			return 0;
	return held->pid;
}

/* The process at the other end of the channel of DISPLAY, or 0: none, or not known for sure. */
static pid_t find_process(const struct display_clients *clients, unsigned display, uid_t uid)
{
	const struct display_channel *channels = clients->channels.items;
	pid_t found = 0;

	for (size_t i = 0; i < clients->channels.n_items; i++) {
		pid_t holder;

		if (channels[i].listening || channels[i].screen || channels[i].display != display || channels[i].uid != uid)
			continue;
		holder = find_holder(clients, channels[i].peer);
		if (holder == 0 || (found && found != holder))
			return 0;
		found = holder;
	}
	return found;
}

int display_find_server(struct display_clients *clients, uid_t uid, unsigned number, pid_t *ret_pid)
{
	pid_t pid;

	if (look_for_xrdp(clients) < 0)
		return -ENOMEM;
	pid = find_process(clients, number, uid);
	if (pid == 0)
		return -ENOENT;
	*ret_pid = pid;
	return 0;
}

/* Tells whether xrdp listens on PORT. */
static bool is_port(const struct display_clients *clients, uint16_t port)
{
	const struct display_tcp *tcp = clients->tcp.items;

	for (size_t i = 0; i < clients->tcp.n_items; i++)
		if (tcp[i].listening && tcp[i].port == port && array_find(&clients->held, tcp[i].inode, sizeof(struct held)))
			return true;
	return false;
}

/* The address at the other end of a connection that process PID has accepted, or NULL: none, or not known for sure. */
static const char *find_address(const struct display_clients *clients, pid_t pid)
{
	const struct held *held = clients->held.items;
	const char *found = NULL;

	for (size_t i = 0; i < clients->held.n_items; i++) {
		const struct display_tcp *tcp;

		if (held[i].pid != pid)
			continue;
		tcp = array_find(&clients->tcp, held[i].inode, sizeof(*tcp));
		if (!tcp || tcp->listening || !is_port(clients, tcp->port))
			continue;
		if (found)
			return NULL;
		found = tcp->address;
	}
	return found;
}

/* ---- the name in the journal ---- */

#define NAME_LINE "Connected client computer name: "

/* Lines of one process that are looked at; the name is among the first ten. */
#define N_LINES_MAX 500

int display_parse_client_name(const char *line, size_t length, char name[static 64])
{
	const char *at = line, *end = line + length;

	/* The level, as in "[INFO ] ". */
	if (at < end && *at == '[') {
		at = memchr(at, ']', (size_t)(end - at));
		if (!at || at - line > 8 || end - at < 2 || at[1] != ' ')
			return -ENOENT;
		at += 2;
	}
	if ((size_t)(end - at) < strlen(NAME_LINE) || memcmp(at, NAME_LINE, strlen(NAME_LINE)) != 0)
		return -ENOENT;
	at += strlen(NAME_LINE);
	length = (size_t)(end - at);
	if (length == 0 || length > 63 || memchr(at, '\0', length))
		return -EPROTO;
	memcpy(name, at, length);
	name[length] = '\0';
	return 0;
}

/*
 * The time of the journal's clock (which stands still while the machine sleeps) before which process PID cannot have
 * written: its number may have been another's. Returns UINT64_MAX if it has ended.
 */
static uint64_t earliest_us(pid_t pid)
{
	struct timespec awake, all;
	struct proc_stat stat_;
	uint64_t start_us, slept_us;

	if (proc_read_stat(pid, &stat_) < 0 || clock_gettime(CLOCK_MONOTONIC, &awake) < 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &all) < 0)
		return UINT64_MAX;
	start_us = stat_.start_time * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	slept_us = (uint64_t)(all.tv_sec - awake.tv_sec + 1) * 1000000;
	return start_us > slept_us ? start_us - slept_us : 0;
}

/* Has the journal give the lines that process PID has logged as xrdp since the machine started. */
static int select_lines(sd_journal *journal, pid_t pid)
{
	char boot[9 + SD_ID128_STRING_MAX] = "_BOOT_ID=", process[24];
	sd_id128_t id;
	int r;

	r = sd_id128_get_boot(&id);
	if (r < 0)
		return r;
	sd_id128_to_string(id, boot + 9);
	snprintf(process, sizeof(process), "_PID=%d", (int)pid);
	sd_journal_flush_matches(journal);
	r = sd_journal_add_match(journal, boot, 0);
	if (r >= 0)
		r = sd_journal_add_match(journal, process, 0);
	if (r >= 0)
		r = sd_journal_add_match(journal, "SYSLOG_IDENTIFIER=xrdp", 0);
	return r < 0 ? r : sd_journal_seek_head(journal);
}

/* Reads the line that the journal stands at. Returns as display_parse_client_name(). */
static int read_line(sd_journal *journal, uint64_t since_us, char name[static 64])
{
	const size_t n_prefix = strlen("MESSAGE=");
	const void *data;
	size_t length;
	uint64_t us;

	if (sd_journal_get_monotonic_usec(journal, &us, NULL) < 0 || us < since_us ||
	    sd_journal_get_data(journal, "MESSAGE", &data, &length) < 0 || length < n_prefix)
		return -ENOENT;
	return display_parse_client_name((const char *)data + n_prefix, length - n_prefix, name);
}

/* Finds the name that the client of process PID has given. Returns false if it is not known. */
static bool find_name(struct display_clients *clients, pid_t pid, char name[static 64])
{
	uint64_t since_us = earliest_us(pid);
	int r = -ENOENT;

	if (!clients->has_journal) {
		clients->has_journal = true;
		if (sd_journal_open(&clients->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0)
			clients->journal = NULL;
	}
	if (!clients->journal || select_lines(clients->journal, pid) < 0)
		return false;
	for (unsigned i = 0; r == -ENOENT && i < N_LINES_MAX && sd_journal_next(clients->journal) > 0; i++)
		r = read_line(clients->journal, since_us, name);
	return r == 0;
}

/* ---- filling in ---- */

int display_fill_client(struct display_clients *clients, struct logoff_session *session)
{
	const char *address;
	char name[64];
	unsigned display;
	pid_t pid;
	int r;

	if (!session->display || !user_parse_display(session->display, &display))
		return 0;
	r = display_find_server(clients, session->uid, display, &pid);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	address = find_address(clients, pid);
	if (address && !session->address && !(session->address = strdup(address)))
		return -ENOMEM;
	if (!session->client && find_name(clients, pid, name) && !(session->client = strdup(name)))
		return -ENOMEM;
	return 0;
}
