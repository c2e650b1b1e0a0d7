/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client-run.h - how the program (start.c) runs the client, which it has loaded.
 */
#ifndef TSTS_CLIENT_RUN_H
#define TSTS_CLIENT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tsts/order.h"

/* The name of the client's function in the module. */
#define CLIENT_RUN "tsts_client_run"

/* What the client needs of the program: connecting_finish(), connecting_is_connected(), confine_changes_user(), confine(). */
struct starter {
	int (*finish_connecting)(char *address, size_t size, struct logoff_error *reterr);
	bool (*is_connected)(void);
	bool (*changes_user)(void);
	int (*confine)(const char *ccache, struct logoff_error *reterr);
};

/*
 * Carries out orders until the starter has no more; the first LENGTH bytes of them have been read and are in BEGUN, which is
 * wiped. STARTER is kept. Returns the exit status, if it returns.
 */
typedef int client_run_func(uint8_t *begun, size_t length, const struct starter *starter);

#endif
