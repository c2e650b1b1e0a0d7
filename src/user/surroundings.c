/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * surroundings.c - see surroundings.h. Source: D-Bus specification "Server Addresses".
 */
#include "user/surroundings.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether TEXT up to END may stand for a path: what the specification lets stand unescaped, or escapes. */
static bool is_value(const char *text, const char *end)
{
	for (const char *at = text; at < end; at++) {
		if (*at == '%' && (end - at < 3 || !isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2])))
			return false;
		if (!isalnum((unsigned char)*at) && !strchr("-_/.\\*%", *at))
			return false;
	}
	return end > text;
}

bool surroundings_is_bus_address(const char *text)
{
	static const char *const keys[] = { "path=", "abstract=" }, guid[] = ",guid=";
	const char *end;

	if (strncmp(text, "unix:", 5) != 0)
		return false;
	text += 5;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strncmp(text, keys[i], strlen(keys[i])) != 0)
			continue;
		text += strlen(keys[i]);
		end = text + strcspn(text, ",;");
		if (!is_value(text, end) || (i == 0 && *text != '/'))
			return false;
		if (strncmp(end, guid, strlen(guid)) == 0 && strspn(end + strlen(guid), "0123456789abcdefABCDEF") == 32)
			end += strlen(guid) + 32;
		return *end == '\0';
	}
	return false;
}

size_t surroundings_read(pid_t pid, char *text, size_t size)
{
	char path[32];
	size_t n = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && n < size - 2 && (got = read(fd, text + n, size - 2 - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[n] = text[n + 1] = '\0';
	return n;
}

const char *surroundings_find(const char *text, size_t length, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; at < text + length; at += strlen(at) + 1)
		if (strncmp(at, name, n) == 0 && at[n] == '=')
			return at + n + 1;
	return NULL;
}

int surroundings_connect_bus(const char *address, uint64_t timeout_us, sd_bus **ret_bus)
{
	char usual[64];
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	snprintf(usual, sizeof(usual), "unix:path=/run/user/%u/bus", (unsigned)getuid());
	if (r >= 0)
		r = sd_bus_set_address(bus, address ? address : usual);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, timeout_us);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret_bus = bus;
	return 0;
}
