/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dispatch-host.c - see dispatch-host.h. The code that carries out orders writes to standard output: that is a text
 * meanwhile.
 */
#include "dispatch-host.h"

#include "backend/memory.h"
#include "backend/table.h"
#include "host/work.c"

static const char description[] =
	"user name=root uid=0 manager\nprocess command=systemd\n"
	"user name=gdm uid=120\nuser name=alice uid=1000\nuser name=bob uid=1001\nuser name=\"ADLAB\\\\carol\" uid=1002\n"
	"session id=c1 user=gdm tty=tty1 console greeter logon=2025-10-01T08:00:00Z\nprocess command=gdm\n"
	"session id=2 user=alice tty=pts/1 logon=2025-10-01T08:00:00Z idle=5000\nprocess pid=200 command=bash\n"
	"process pid=201 command=vi term=never\n"
	"session id=3 user=bob rdp=3 protocol=rdp client=BOB-PC address=10.1.2.4 logon=2025-10-01T09:00:00Z user-answers=ok\n"
	"process pid=300 command=xfce4\n"
	"session id=4 user=\"ADLAB\\\\carol\" display=:4 state=disconnected logon=2025-10-01T10:00:00Z address=2001:db8::5\n"
	"session id=5 user=bob tty=pts/5\nprocess pid=500 command=bash\n"
	"session id=40000 user=alice tty=pts/7 logon=2025-10-01T11:00:00Z stuck\nprocess pid=700 command=sleep term=never kill=never\n"
	"session id=6 user=alice rdp=6 logon=2025-10-01T12:00:00Z\n"
	"session id=6 user=bob rdp=6 logon=2025-10-01T13:00:00Z follows\n"
	"session id=7 user=alice tty=pts/8 logon=2025-10-01T08:00:00Z message-fails=EIO refuse=EACCES\nprocess pid=800 command=top\n";

/* An order that the service never gives. */
int change_logon(struct logoff_host *host, struct order *order)
{
	(void)host, (void)order;
	return EXIT_ENDED;
}

void dispatch_require(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

void *dispatch_host_new(uint32_t uid, const char *control)
{
	struct logoff_host *host = calloc(1, sizeof(*host));
	struct memory_world *world = NULL;
	char *text = NULL;
	int n = asprintf(&text, "caller uid=%u control=%s\n%s", (unsigned)uid, control, description);

	dispatch_require(host && n > 0, "no memory");
	dispatch_require(memory_parse(&world, text, (size_t)n, NULL) == 0, "the description is wrong");
	free(text);
	host->backend = &host_memory;
	host->kind = host_memory.name;
	dispatch_require(memory_attach(host, world) == 0, "no host");
	return host;
}

void *dispatch_host_free(void *host)
{
	logoff_host_close(host);
	return NULL;
}

bool dispatch_host_has(void *data, uint32_t uid, const char *id)
{
	const struct memory_world *world = ((struct logoff_host *)data)->data;

	for (size_t i = 0; id && i < world->n_sessions; i++)
		if (strcmp(world->sessions[i].id, id) == 0 && world->users[world->sessions[i].user].uid == uid)
			return true;
	return false;
}

char *dispatch_host_carry_out(void *host, const char *line)
{
	FILE *before = stdout;
	struct order_fault fault;
	struct order order;
	char *text = NULL;
	size_t n = 0;

	if (order_parse(&order, line, strlen(line), &fault) < 0)
		return NULL;
	stdout = open_memstream(&text, &n);
	dispatch_require(stdout != NULL, "no memory");
	carry_out(host, &order, -1);
	order_done(&order);
	(void)fclose(stdout);
	stdout = before;
	return text;
}
