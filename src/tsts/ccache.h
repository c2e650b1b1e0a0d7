/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccache.h - which the caller's ticket cache is, and taking the tickets out of it while we may still read it.
 */
#ifndef TSTS_CCACHE_H
#define TSTS_CCACHE_H

/*
 * Copies the ticket cache NAME (NULL: the default one) into the memory of this program.
 * Returns the name of the copy, or NULL if there is none that can be read.
 */
const char *ccache_copy(const char *name);

/* The whole name of the ticket cache NAME (NULL: the default one), "FILE:/tmp/krb5cc_1000". Returns NULL if it has none. */
const char *ccache_name(const char *name);

#endif
