/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words.h - what is written in files and on the command line: names, hosts, lines; and what is wrong with it.
 */
#ifndef FARM_WORDS_H
#define FARM_WORDS_H

#include "farm/hosts.h"

/* A host as it is written: "name", "name:port", "[address]", "[address]:port", or an IPv6 address. */
struct host_text {
	const char *host;		/* points into the text; without brackets */
	size_t length;
	bool is_ipv6;
	uint16_t port;			/* 0: none */
};

/* Takes TEXT apart. Returns false if it is no host. */
bool host_text_parse(struct host_text *ret, const char *text);

/* Tells whether TEXT, of LENGTH bytes, is a plain name: of a host, a user, a machine, a group. */
bool is_plain_name(const char *text, size_t length);

/* Compares names, whatever the case of their letters. */
int compare_names(const char *one, const char *two);

/* Reads a port, a number from 1 on. Returns false if TEXT is none. */
bool port_parse(uint16_t *ret, const char *text);

/* A host of a list: a name, "ssh://[user@]host[:port]" or "machine://name". */
struct host_word {
	enum farm_way way;		/* FARM_TSTS: a name, of which the hosts files may say more */
	const char *user;		/* points into the text; NULL: none */
	size_t user_length;
	const char *name;		/* the rest of the text, without scheme and user */
	struct host_text host;
};

/* Takes TEXT apart. Returns false if it is no host. */
bool host_word_parse(struct host_word *ret, const char *text);

/*
 * Cuts TEXT into words, in place: at blanks outside of double quotes. With COMMENTS a word that begins with "#" ends
 * them. The caller frees *RET_WORDS, which ends with NULL, after a failure too. Returns 0, -EINVAL (a quote is missing)
 * or -ENOMEM.
 */
int split_words(char *text, bool comments, char ***ret_words, size_t *ret_n);

/*
 * Reads the text in FD to its end, without a byte order mark. The caller frees *RET. Returns 0, -EFBIG, -EILSEQ (a null
 * byte) or another failure.
 */
int read_text(int fd, char **ret);

/* Cuts the next line off *AT. Returns it, or NULL at the end. */
char *next_line(char **at);

/* ---- faults ---- */

/* Records a fault of LENGTH bytes of WORD, in LINE of PATH (NULL: in the value). Returns -EINVAL. */
int fault_word(struct farm_fault *fault, enum farm_fault_kind kind, const char *path, size_t line, const char *word,
	       size_t length);

/* Records the failure R of the system, with PATH if it is not NULL. Returns R. */
int fault_system(struct farm_fault *fault, int r, const char *path);

#endif
