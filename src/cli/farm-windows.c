/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * farm-windows.c - see farm.h. From Windows one server is reached at a time.
 */
#include "cli/farm.h"

int server_farm_is_meant(const char *server, enum exit_status *ret_status)
{
	(void)server;
	(void)ret_status;
	return 0;
}

void server_farm_say_unlisted(const char *server, const struct logoff_error *cause)
{
	(void)server;
	(void)cause;
}

int server_farm_print_hosts(void)
{
	return EXIT_ENDED;
}
