/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-hosts.c - the value of /server, which is the first line of the input, and a hosts file, which is the rest.
 *
 * Beside crashes and leaks it looks for names, addresses and users that must not stand on a command line, for hosts that
 * are there twice or without what their way needs, and for three functions that do not agree. No list in a file is read,
 * as that could be any file.
 */
#include "farm/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Makes TEXT the hosts file. */
static void set_file(const char *text)
{
	static int fd = -1;
	char path[64];

	if (fd < 0) {
		fd = memfd_create("hosts", MFD_CLOEXEC);
		require(fd >= 0 && fchmod(fd, 0600) == 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		require(setenv("LOGOFF_HOSTS_FILE", path, 1) == 0);
	}
	require(ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text));
}

/* What may stand on a command line, as the program that starts ssh trusts this. */
static void check_text(const char *text, const char *more)
{
	require(*text && *text != '-');
	for (; *text; text++)
		require((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			(*text >= '0' && *text <= '9') || strchr("._-", *text) || strchr(more, *text));
}

static void check_host(const struct farm_host *host)
{
	check_text(host->name, ":%[]");
	require(host->way <= FARM_COMMAND);
	require(!host->address == (host->way == FARM_COMMAND) && !host->command == (host->way != FARM_COMMAND));
	if (host->address)
		check_text(host->address, host->way == FARM_TSTS ? ":%[]" : host->way == FARM_SSH ? ":%" : "");
	if (host->command)
		require(host->command[0] && *host->command[0]);
	require(host->way == FARM_SSH || (!host->user && !host->port && !host->sudo));
	if (host->user)
		check_text(host->user, "");
	require(!host->authfile || (host->way == FARM_TSTS && *host->authfile == '/'));
}

static int compare_names(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each name is there once. */
static void check_names(const char **names, size_t n)
{
	if (n > 0)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++)
		require(compare_names(&names[i - 1], &names[i]) != 0);
}

static void check_hosts(const struct farm_hosts *hosts)
{
	const char **names = calloc(hosts->n_items + 1, sizeof(*names));

	require(names && hosts->n_items > 0 && hosts->n_items <= HOSTS_MAX);
	for (size_t i = 0; i < hosts->n_items; i++) {
		check_host(&hosts->items[i]);
		names[i] = hosts->items[i].name;
	}
	check_names(names, hosts->n_items);
	free(names);
}

static void check_fault(int r, const struct farm_fault *fault)
{
	require(fault->kind <= FARM_FAULT_NONE && fault->error < 0);
	require(r == -EINVAL || fault->kind == FARM_FAULT_SYSTEM);
	require(memchr(fault->word, '\0', sizeof(fault->word)) && memchr(fault->path, '\0', sizeof(fault->path)));
	require(fault->line == 0 || *fault->path);
}

static void try_value(const char *value, bool readable)
{
	struct farm_fault fault = {};
	struct farm_hosts hosts = {};
	int r = hosts_resolve(&hosts, value, &fault), single;

	if (r == 0)
		check_hosts(&hosts);
	else
		check_fault(r, &fault);
	require(r == 0 ? readable : r < 0 && !hosts.items);
	single = hosts_is_single_server(value, &fault);
	require(single == 0 || (single > 0) == readable);
	if (single > 0 && r == 0)
		require(hosts.n_items == 1 && hosts.items[0].way == FARM_TSTS &&
			strcmp(hosts.items[0].name, value) == 0 && !hosts.items[0].authfile);
	farm_hosts_done(&hosts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct farm_fault fault = {};
	struct nodeset names = {};
	char *text = malloc(size + 1), *file;
	int r;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	file = strchr(text, '\n');
	if (file)
		*file++ = '\0';
	set_file(file ? file : "");
	r = hosts_names(&names, &fault);
	if (r == 0)
		check_names((const char **)names.names, names.n_names);
	else
		check_fault(r, &fault);
	if (!strstr(text, "@/") && !strstr(text, "@."))
		try_value(text, r == 0);
	nodeset_done(&names);
	free(text);
	return 0;
}
