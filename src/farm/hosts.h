/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosts.h - which hosts the value of /server means, and how to reach each: logoff-hosts-file(5).
 *
 * The hosts files are read anew by each function, and no host is asked. A fault in a file or a word ends the function:
 * a list is either all that was meant or nothing. Names of hosts and groups are the same whatever the case of their
 * letters. Only letters, digits and ".", "_", "-", and what an IPv6 address or a port needs, are in a name; it never
 * begins with "-". So a name, an address and a user may stand on command lines.
 */
#ifndef FARM_HOSTS_H
#define FARM_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "farm/nodeset.h"

#define HOSTS_MAX 100000u		/* hosts of a list, names of the hosts files */

/* How a host is reached. */
enum farm_way {
	FARM_TSTS,		/* MS-TSTS: any name that the hosts files do not list */
	FARM_SSH,
	FARM_MACHINE,		/* a container that systemd-machined(8) knows */
	FARM_COMMAND		/* a command of the hosts file speaks the protocol of logoff-host */
};

struct farm_host {
	char *name;		/* for people: as given in /server, without a scheme and the user of "ssh://" */
	enum farm_way way;
	char *address;		/* ssh: without brackets; MS-TSTS: with its port, if given; NULL for a command */
	char *user;		/* ssh; NULL: not given */
	uint16_t port;		/* ssh; 0: not given */
	bool sudo;		/* ssh */
	char **command;		/* the words of the command, ended by NULL; no shell reads them */
	char *authfile;		/* MS-TSTS: an absolute path; NULL: not given */
	bool unlisted;		/* MS-TSTS: as no hosts file has the name */
};

/* A list of hosts, each once, in the order in which they were given. All zero is the empty list. */
struct farm_hosts {
	struct farm_host *items;
	size_t n_items;
};

/* Why there is no list. */
enum farm_fault_kind {
	FARM_FAULT_SYSTEM,		/* ERROR; of the file PATH, if there is a path */
	FARM_FAULT_NO_FILE,		/* PATH is no regular file */
	FARM_FAULT_OF_OTHERS,		/* PATH, or the link of that name, belongs neither to the caller nor to root */
	FARM_FAULT_OPEN_TO_OTHERS,	/* others may write to PATH */
	FARM_FAULT_LINE,		/* LINE of the hosts file PATH is wrong, at WORD */
	FARM_FAULT_WORD,		/* WORD is no host, nodeset, group or list */
	FARM_FAULT_TOO_MANY,		/* more than HOSTS_MAX names with WORD */
	FARM_FAULT_NO_GROUP,		/* no group is called WORD ("@linux") */
	FARM_FAULT_CIRCLE,		/* the group WORD holds itself, or groups are nested too deep */
	FARM_FAULT_DIFFERS,		/* WORD is the name of two hosts that are reached in different ways */
	FARM_FAULT_NOT_THERE,		/* WORD leaves out hosts, of which the list has none */
	FARM_FAULT_NONE			/* no host is left */
};

/*
 * PATH and LINE are those of the file with WORD; "" and 0: it stands in the value itself. A WORD of a file is "" if it
 * may be a secret. FILES are the hosts files that were looked for, of FARM_FAULT_NO_GROUP alone.
 */
struct farm_fault {
	enum farm_fault_kind kind;
	int error;			/* a negative errno */
	char path[4096];
	size_t line;
	char word[256];
	char files[400];
};

/*
 * Finds the hosts that VALUE, that of /server, means. farm_hosts_done() frees them. Returns 0, or -errno (-EINVAL: what
 * was given or a file is wrong) and *ret_fault.
 */
int hosts_resolve(struct farm_hosts *ret, const char *value, struct farm_fault *ret_fault);

/*
 * Tells whether VALUE is a single name that the hosts files do not list, so that it means one server of MS-TSTS.
 * Returns 1, 0, or -errno and *ret_fault: the files cannot be read, so nobody knows.
 */
int hosts_is_single_server(const char *value, struct farm_fault *ret_fault);

/*
 * All names of the hosts files, in their order, and their groups ("@linux"), each once. nodeset_done() frees them.
 * Returns 0, or -errno and *ret_fault.
 */
int hosts_names(struct nodeset *ret, struct farm_fault *ret_fault);

/* Frees the hosts. */
void farm_hosts_done(struct farm_hosts *hosts);

#endif
