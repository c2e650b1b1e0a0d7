/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosts-file.h - the hosts files, read and checked whole.
 */
#ifndef FARM_HOSTS_FILE_H
#define FARM_HOSTS_FILE_H

#include "farm/hosts.h"

/* A name of a line "NAME... ssh ...". */
struct table_name {
	char *text;
	size_t host;			/* the number of what its line says */
};

/* A line "@NAME WORD...". */
struct table_group {
	char *name;			/* with its "@" */
	char **words;
	size_t n_words;
	const char *path;		/* where it stands */
	size_t line;
};

/* What both files say, those of the user first. All zero is an empty table. */
struct hosts_table {
	struct farm_host *hosts;	/* one for each line, without a name; its address is that of "host=" */
	size_t n_hosts;
	struct table_name *names;	/* in the order of the files */
	size_t n_names;
	struct table_name **sorted;	/* the names in their order, those of the same name in that of the files */
	struct table_group *groups;
	size_t n_groups;
	char *paths[2];
};

/*
 * Reads the hosts files that there are; hosts_table_done() frees TABLE, after a failure too. Returns 0, or -errno and
 * *FAULT.
 */
int hosts_table_read(struct hosts_table *table, struct farm_fault *fault);

/* The first NAME of the table, or NULL. */
const struct table_name *hosts_table_find(const struct hosts_table *table, const char *name);

/* The number of the group NAME ("@linux"), or table->n_groups if there is none. */
size_t hosts_table_find_group(const struct hosts_table *table, const char *name);

void hosts_table_done(struct hosts_table *table);

/* Copies what FROM says about the host NAME. Returns 0 or -ENOMEM: then farm_host_done() frees what there is of it. */
int farm_host_copy(struct farm_host *to, const struct farm_host *from, const char *name);

/* Frees the members of HOST. */
void farm_host_done(struct farm_host *host);

#endif
