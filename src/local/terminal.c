/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * terminal.c - see terminal.h.
 */
#include "local/terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "local/file.h"

#define VIRTUAL_MAJOR 4
#define UNIX98_MAJOR 136	/* to 143: 256 terminals each, by glibc's and the kernel's reckoning one row of minors */

static unsigned major_of(unsigned device)
{
	return device >> 8 & 0xfff;
}

static unsigned minor_of(unsigned device)
{
	return (device & 0xff) | (device >> 12 & 0xfff00);
}

unsigned terminal_virtual(unsigned number)
{
	return (unsigned)VIRTUAL_MAJOR << 8 | number;
}

bool terminal_is_virtual(unsigned device)
{
	return major_of(device) == VIRTUAL_MAJOR && minor_of(device) >= 1 && minor_of(device) <= 63;
}

void terminal_name(unsigned device, char name[static TERMINAL_NAME])
{
	char path[64], target[256];
	const char *base;
	ssize_t n;

	*name = '\0';
	if (major_of(device) == UNIX98_MAJOR) {
		snprintf(name, TERMINAL_NAME, "pts/%u", minor_of(device));
		return;
	}
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major_of(device), minor_of(device));
	n = readlink(path, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		base = strrchr(target, '/');
		snprintf(name, TERMINAL_NAME, "%.63s", base ? base + 1 : target);
	} else if (terminal_is_virtual(device)) {
		snprintf(name, TERMINAL_NAME, "tty%u", minor_of(device));
	}
}

unsigned terminal_in_front(void)
{
	char text[32];
	unsigned number;

	(void)file_read(AT_FDCWD, "/sys/class/tty/tty0/active", 0, text, sizeof(text));	/* empty: there is none */
	return sscanf(text, "tty%u", &number) == 1 && number >= 1 && number <= 63 ? terminal_virtual(number) : 0;
}

static bool stat_terminal(const char *name, struct stat *ret_device)
{
	char path[sizeof("/dev/") + TERMINAL_NAME];

	if (!*name || strstr(name, "..") || snprintf(path, sizeof(path), "/dev/%s", name) >= (int)sizeof(path))
		return false;
	return stat(path, ret_device) == 0 && S_ISCHR(ret_device->st_mode);
}

bool terminal_is_one(const char *name)
{
	struct stat device;

	/* One that has gone is still what the session is called by. */
	return strncmp(name, "pts/", 4) == 0 || stat_terminal(name, &device);
}

bool terminal_is_of(const char *name, uid_t uid)
{
	struct stat device;

	return stat_terminal(name, &device) && device.st_uid == uid;
}

bool terminal_is_foreign(const char *name, uid_t uid)
{
	struct stat device;

	return stat_terminal(name, &device) && device.st_uid != uid && device.st_uid != 0;
}

int64_t terminal_idle_us(const char *name)
{
	struct stat device;
	int64_t since_us, now_us;

	if (!stat_terminal(name, &device))
		return -1;
	now_us = clock_real_us();
	since_us = (int64_t)device.st_atim.tv_sec * 1000000 + device.st_atim.tv_nsec / 1000;
	return since_us < now_us ? now_us - since_us : 0;
}
