/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * connect.h - the TCP connection of logoff-tsts, which is begun before Samba's libraries are loaded.
 *
 * Loading them takes about as long as a server needs to accept a connection (Samba's makes a process for each), so both
 * happen at the same time. And a program that connects by itself knows why it failed, for which Samba has no words. The name is looked
 * up here, too: Samba would start a process for that and ask DNS for more than the address; /etc/hosts and nsswitch.conf
 * are what users expect to count. Of several addresses the first one that answers is taken.
 *
 * Samba takes no connection from others; so it is handed over where Samba calls connect(2) for the same address, once:
 * this program has a connect() of its own, which is found before that of the C library.
 */
#ifndef TSTS_CONNECT_H
#define TSTS_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logoff.h"

/*
 * Looks up SERVER, and begins to connect. Blocks for the look-up. Returns 0, or -EHOSTUNREACH with the cause if there is no
 * such server; what fails then is told by connecting_finish().
 */
int connecting_begin(const char *server, uint16_t port, struct logoff_error *reterr);

/*
 * Waits until the server is connected, and writes its address, as digits, to ADDRESS. Blocks. Returns 0, or -EHOSTUNREACH
 * with the cause.
 */
int connecting_finish(char *address, size_t size, struct logoff_error *reterr);

/*
 * Whether the last connection to that address, which Samba may have made by itself, is there still: the server has neither closed
 * nor broken it, as far as has been heard. True if nobody knows.
 */
bool connecting_is_connected(void);

#endif
