/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-port.h - what the unit tests do in another way on each system: an event that cancels, and the text of a stream.
 */
#ifndef BASE_TEST_PORT_H
#define BASE_TEST_PORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/eventfd.h>
#include <unistd.h>
#endif

/* A user and a group that every machine has. */
#ifdef _WIN32
#define TEST_USER getenv("USERNAME")
#define TEST_GROUP "Administrators"
#else
#define TEST_USER "root"
#define TEST_GROUP "root"
#endif

/* Tells whether this is Wine, which takes everybody for an administrator. */
static inline int test_is_wine(void)
{
#ifdef _WIN32
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
#else
	return 0;
#endif
}

/* What can be waited for, and has not happened yet: a descriptor for os_wait(), or -1. */
static inline int test_event_open(void)
{
#ifdef _WIN32
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

	return event ? (int)(intptr_t)event : -1;
#else
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
#endif
}

/* Lets it happen. Returns whether that was possible. */
static inline int test_event_set(int event)
{
#ifdef _WIN32
	return SetEvent((HANDLE)(intptr_t)event) != 0;
#else
	return eventfd_write(event, 1) == 0;
#endif
}

/* It has not happened again. */
static inline int test_event_reset(int event)
{
#ifdef _WIN32
	return ResetEvent((HANDLE)(intptr_t)event) != 0;
#else
	eventfd_t value;

	return eventfd_read(event, &value) == 0;
#endif
}

static inline void test_event_close(int event)
{
#ifdef _WIN32
	CloseHandle((HANDLE)(intptr_t)event);
#else
	close(event);
#endif
}

/* Closes FILE, of tmpfile(). Returns what has been written to it, or NULL. The caller frees it. */
static inline char *test_take_text(FILE *file)
{
	long length = ftell(file);
	char *text = length < 0 ? NULL : (char *)calloc(1, (size_t)length + 1);

	rewind(file);
	if (text && fread(text, 1, (size_t)length, file) < (size_t)length) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

#endif
