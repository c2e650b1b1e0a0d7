/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-logind.c - what is made of a session's properties, without a logind.
 */
#include "backend/logind-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Properties as they are documented (org.freedesktop.login1(5)): "Remote", "Service", "Type" and "Display". */
static void protocols(void **state)
{
	static const struct {
		struct logind_properties properties;
		const char *protocol;
	} rows[] = {
		{ { .service = "sshd", .type = "tty", .remote = true }, "ssh" },
		{ { .service = "gdm-password", .type = "wayland" }, "local" },
		{ { .service = "gdm-password", .type = "wayland", .remote = true }, "rdp" },
		{ { .service = "gdm-password", .type = "wayland", .remote = true, .display = "" }, "rdp" },
		{ { .service = "gdm-launch-environment", .type = "x11", .remote = true, .display = ":2" }, "rdp" },
		{ { .service = "gdm-password", .type = "x11", .remote = true, .display = "thin7:0" }, "xdmcp" },
		{ { .service = "lightdm", .type = "x11", .remote = true, .display = "thin7:0" }, "xdmcp" },
		{ { .service = "lightdm", .type = "x11", .remote = true, .display = ":2" }, NULL },
		{ { .service = "lightdm", .type = "x11", .display = ":2" }, "local" },
		{ { .service = "login", .type = "tty", .remote = true }, "local" },
		{ { .service = "xrdp-sesman", .type = "x11", .remote = true, .display = ":10" }, "rdp" },
		{ { .service = "tigervnc", .type = "x11", .display = ":1" }, "vnc" },
		{ { .service = "vsftpd", .type = "tty", .remote = true }, "vsftpd" },
		{ { .service = "", .type = "tty" }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *protocol = properties_protocol(&rows[i].properties);

		if (rows[i].protocol)
			assert_string_equal(protocol, rows[i].protocol);
		else
			assert_null(protocol);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
