/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosts-file.c - see hosts-file.h.
 *
 * The names of a line are expanded: the table has each by itself, sorted, so that a name is found by bisection.
 */
#include "farm/hosts-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/os.h"
#include "base/text.h"
#include "base/trusted.h"
#include "farm/words.h"

#define GROUPS_MAX 5000u
#define MEMBERS_MAX 1000000u	/* names in all groups of a file */

/* ---- hosts ---- */

/* Frees WORDS, which end with NULL. */
static void free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

void farm_host_done(struct farm_host *host)
{
	free(host->name);
	free(host->address);
	free(host->user);
	free(host->authfile);
	free_words(host->command);
	*host = (struct farm_host){};
}

static int copy_words(char ***ret, char *const *words)
{
	size_t n = 0;
	int r = 0;

	while (words[n])
		n++;
	*ret = calloc(n + 1, sizeof(**ret));
	for (size_t i = 0; *ret && r >= 0 && i < n; i++)
		r = text_copy(&(*ret)[i], words[i]);
	return *ret ? r : -ENOMEM;
}

/* The address of the host NAME where its line has none. */
static int make_address(struct farm_host *host)
{
	struct host_text text;

	if (host->way == FARM_COMMAND)
		return 0;
	if (host->way != FARM_SSH || !host_text_parse(&text, host->name))
		return text_copy(&host->address, host->name);
	host->address = strndup(text.host, text.length);
	return host->address ? 0 : -ENOMEM;
}

int farm_host_copy(struct farm_host *to, const struct farm_host *from, const char *name)
{
	int r;

	*to = (struct farm_host){ .way = from->way, .port = from->port, .sudo = from->sudo };
	r = text_copy(&to->name, name);
	if (r >= 0)
		r = from->address ? text_copy(&to->address, from->address) : make_address(to);
	if (r >= 0)
		r = text_copy_set(&to->user, from->user);
	if (r >= 0)
		r = text_copy_set(&to->authfile, from->authfile);
	if (r >= 0 && from->command)
		r = copy_words(&to->command, from->command);
	return r;
}

/* ---- the lines of a file ---- */

/* The line that is read. */
struct reading {
	struct hosts_table *table;
	struct farm_fault *fault;
	const char *path;
	size_t line;
	size_t first_group;		/* of this file */
	size_t n_members;
};

/* Records that the line is wrong at WORD. */
static int wrong(const struct reading *reading, const char *word)
{
	return fault_word(reading->fault, FARM_FAULT_LINE, reading->path, reading->line, word, strlen(word));
}

/* Records that with WORD there are too many names or groups. */
static int too_many(const struct reading *reading, const char *word)
{
	return fault_word(reading->fault, FARM_FAULT_TOO_MANY, reading->path, reading->line, word, strlen(word));
}

/* Records why WORD could not be expanded, with R. Returns -EINVAL or -ENOMEM. */
static int expand_failed(const struct reading *reading, int r, const char *word)
{
	if (r == -ENOMEM)
		return r;
	return r == -E2BIG ? too_many(reading, word) : wrong(reading, word);
}

/* The value of WORD if it is "NAME=value", or NULL. */
static const char *value_of(const char *word, const char *name)
{
	size_t length = strlen(name);

	return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

/* Takes the words of a command, without a shell. */
static int take_command(struct farm_host *host, const char *value)
{
	char *text = strdup(value), **words = NULL;
	size_t n = 0;
	int r = text ? split_words(text, false, &words, &n) : -ENOMEM;

	if (r >= 0 && (n == 0 || !*words[0]))
		r = -EINVAL;
	if (r >= 0)
		r = copy_words(&host->command, words);
	free(words);
	free(text);
	return r;
}

/* Takes "host=" of ssh. */
static int take_address(struct farm_host *host, const char *value)
{
	struct host_text text;

	if (!host_text_parse(&text, value) || text.port > 0)
		return -EINVAL;
	host->address = strndup(text.host, text.length);
	return host->address ? 0 : -ENOMEM;
}

/* Takes an option of a line, which may stand there once. Returns 0, -EINVAL or -ENOMEM. */
static int take_option(struct farm_host *host, const char *word)
{
	const char *value;

	if (host->way == FARM_TSTS && (value = value_of(word, "authfile")) && !host->authfile && *value == '/')
		return text_copy(&host->authfile, value);
	if (host->way != FARM_SSH)
		return -EINVAL;
	if (strcmp(word, "sudo") == 0 && !host->sudo) {
		host->sudo = true;
		return 0;
	}
	if ((value = value_of(word, "user")) && !host->user && is_plain_name(value, strlen(value)))
		return text_copy(&host->user, value);
	if ((value = value_of(word, "host")) && !host->address)
		return take_address(host, value);
	if ((value = value_of(word, "port")) && !host->port && port_parse(&host->port, value))
		return 0;
	return -EINVAL;
}

/* Takes the word of a line that says how the hosts are reached. Returns 0, -EINVAL (it is none) or -ENOMEM. */
static int take_way(struct farm_host *host, const char *word)
{
	static const char *const words[] = { [FARM_TSTS] = "tsts", [FARM_SSH] = "ssh", [FARM_MACHINE] = "machine" };
	const char *command = value_of(word, "command");

	if (command) {
		host->way = FARM_COMMAND;
		return take_command(host, command);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			host->way = (enum farm_way)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Tells whether NAME can be a host that is reached as HOST says. */
static bool is_name_for(const struct farm_host *host, const char *name)
{
	struct host_text text;

	if (!host_text_parse(&text, name))
		return false;
	if (host->way == FARM_MACHINE)
		return text.port == 0 && !text.is_ipv6;
	return host->way != FARM_SSH || host->address || text.port == 0;
}

/* Adds the names of WORD to those of the last host of the table. */
static int add_names(const struct reading *reading, const char *word)
{
	struct hosts_table *table = reading->table;
	const char *culprit;
	struct nodeset set;
	size_t n = 0;
	int r = nodeset_expand(&set, word, &culprit);

	if (r < 0)
		return expand_failed(reading, r, word);
	for (; r >= 0 && n < set.n_names; n++) {
		struct table_name name = { set.names[n], table->n_hosts - 1 };

		if (!is_name_for(&table->hosts[name.host], name.text))
			r = wrong(reading, word);
		else if (table->n_names == HOSTS_MAX)
			r = too_many(reading, word);
		else
			r = array_add(&table->names, &table->n_names, &name);
		if (r >= 0)
			set.names[n] = NULL;
	}
	nodeset_done(&set);
	return r;
}

/* Takes "NAME... WAY [OPTION...]". */
static int take_host_line(const struct reading *reading, char **words, size_t n_words)
{
	struct hosts_table *table = reading->table;
	size_t n_before = table->n_names, way = 0;
	struct farm_host host = {};
	int r = -EINVAL;

	while (r == -EINVAL && ++way < n_words)
		r = take_way(&host, words[way]);
	if (r == -EINVAL)
		r = wrong(reading, words[n_words - 1]);
	for (size_t i = way + 1; r >= 0 && i < n_words; i++) {
		r = take_option(&host, words[i]);
		if (r == -EINVAL)
			r = wrong(reading, words[i]);
	}
	if (r >= 0)
		r = array_add(&table->hosts, &table->n_hosts, &host);
	if (r < 0) {
		farm_host_done(&host);
		return r;
	}
	for (size_t i = 0; r >= 0 && i < way; i++)
		r = add_names(reading, words[i]);
	if (r >= 0 && host.address && table->n_names > n_before + 1) /* one address is one host */
		r = wrong(reading, words[0]);
	return r;
}

/* Checks a word of a group: no list in a file, and nothing is left out. */
static int check_member(struct reading *reading, const char *word)
{
	struct host_word host;
	struct nodeset set;
	const char *culprit;
	int r;

	if (*word == '@')
		return is_plain_name(word + 1, strlen(word + 1)) ? 0 : wrong(reading, word);
	r = nodeset_expand(&set, word, &culprit);
	if (r < 0)
		return expand_failed(reading, r, word);
	for (size_t i = 0; r >= 0 && i < set.n_names; i++)
		if (!host_word_parse(&host, set.names[i]))
			r = wrong(reading, word);
	reading->n_members += set.n_names;
	if (r >= 0 && reading->n_members > MEMBERS_MAX)
		r = too_many(reading, word);
	nodeset_done(&set);
	return r;
}

/* Takes "@NAME [WORD...]". */
static int take_group_line(struct reading *reading, char **words, size_t n_words)
{
	struct hosts_table *table = reading->table;
	struct table_group group = { .path = reading->path, .line = reading->line, .n_words = n_words - 1 };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n_words; i++)
		r = check_member(reading, words[i]);
	/* A second group of the name, in the same file, would be passed over. */
	for (size_t i = reading->first_group; r >= 0 && i < table->n_groups; i++)
		if (compare_names(table->groups[i].name, words[0]) == 0)
			r = wrong(reading, words[0]);
	if (r >= 0 && table->n_groups == GROUPS_MAX)
		r = too_many(reading, words[0]);
	if (r >= 0)
		r = text_copy(&group.name, words[0]);
	if (r >= 0)
		r = copy_words(&group.words, words + 1);
	if (r >= 0)
		r = array_add(&table->groups, &table->n_groups, &group);
	if (r < 0) {
		free(group.name);
		free_words(group.words);
	}
	return r;
}

static int take_line(struct reading *reading, char *line)
{
	char **words;
	size_t n = 0;
	int r = split_words(line, true, &words, &n);

	if (r == -EINVAL)
		r = wrong(reading, "");
	else if (r >= 0 && n > 0)
		r = words[0][0] == '@' ? take_group_line(reading, words, n) : take_host_line(reading, words, n);
	free(words);
	return r;
}

/* ---- the files ---- */

/* Records WHY the file PATH was not opened, with R. Returns R. */
static int not_opened(struct farm_fault *fault, int r, enum trusted_fault why, const char *path)
{
	(void)fault_system(fault, r, path);
	switch (why) {
	case TRUSTED_UNREADABLE:
		break;
	case TRUSTED_NO_FILE:
		fault->kind = FARM_FAULT_NO_FILE;
		break;
	case TRUSTED_OF_OTHERS:
		fault->kind = FARM_FAULT_OF_OTHERS;
		break;
	case TRUSTED_OPEN_TO_OTHERS:
		fault->kind = FARM_FAULT_OPEN_TO_OTHERS;
		break;
	}
	return r;
}

/*
 * Tells whether the nearest folder of PATH that can be seen belongs to somebody else: with HOME from another user
 * (runuser, su -m) a file there is not the caller's.
 */
static bool is_in_folder_of_another(const char *path)
{
	char *folder = strdup(path), *end;
	struct stat status;
	bool seen = false;

	while (!seen && folder && (end = strrchr(folder, '/')) && end != folder) {
		*end = '\0';
		seen = stat(folder, &status) == 0;
	}
	free(folder);
	return seen && status.st_uid != geteuid();
}

/* Tells whether it is no fault that the file PATH, which nobody has named, was not opened, with R. */
static bool may_be_missing(const struct hosts_table *table, const char *path, int r)
{
	bool of_user = path == table->paths[0];

	return r == -ENOENT || r == -ENOTDIR || (r == -EACCES && of_user && is_in_folder_of_another(path));
}

/* Reads the file PATH. Only a file that was NAMED has to be there. */
static int read_file(struct hosts_table *table, const char *path, bool named, struct farm_fault *fault)
{
	struct reading reading = { .table = table, .fault = fault, .path = path, .first_group = table->n_groups };
	char *text = NULL, *at, *line;
	enum trusted_fault why;
	int fd = trusted_open(path, TRUSTED_UNCHANGED, &why), r;

	if (!named && why == TRUSTED_UNREADABLE && may_be_missing(table, path, fd))
		return 0;
	if (fd < 0)
		return not_opened(fault, fd, why, path);
	r = read_text(fd, &text);
	close(fd);
	if (r < 0)
		return fault_system(fault, r, path);
	for (at = text; r >= 0 && (line = next_line(&at));) {
		reading.line++;
		r = take_line(&reading, line);
	}
	free(text);
	return r == -ENOMEM ? fault_system(fault, r, NULL) : r;
}

/* The user's file, or NULL if there is no place for it. Returns 0 or -ENOMEM. */
static int make_user_path(char **ret)
{
	const char *config = os_environment("XDG_CONFIG_HOME"), *home = os_environment("HOME");
	int n = 0;

	*ret = NULL;
	if (config && *config == '/')
		n = asprintf(ret, "%s/logoff/hosts", config);
	else if (home && *home == '/')
		n = asprintf(ret, "%s/.config/logoff/hosts", home);
	if (n < 0)
		*ret = NULL;
	return n < 0 ? -ENOMEM : 0;
}

/* Sets the paths of the files, and *ret_named if the user has named the one that there is. Returns 0 or -ENOMEM. */
static int make_paths(struct hosts_table *table, bool *ret_named)
{
	const char *named = os_environment("LOGOFF_HOSTS_FILE");
	int r;

	*ret_named = named && *named;
	if (*ret_named)
		return text_copy(&table->paths[0], named);
	r = make_user_path(&table->paths[0]);
	return r < 0 ? r : text_copy(&table->paths[1], "/etc/logoff/hosts");
}

static int compare_table_names(const void *a, const void *b)
{
	struct table_name *const *one = a, *const *two = b;
	int order = compare_names((*one)->text, (*two)->text);

	return order ? order : (*one > *two) - (*one < *two);
}

static int sort_names(struct hosts_table *table)
{
	table->sorted = calloc(table->n_names + 1, sizeof(*table->sorted));
	if (!table->sorted)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_names; i++)
		table->sorted[i] = &table->names[i];
	qsort(table->sorted, table->n_names, sizeof(*table->sorted), compare_table_names);
	return 0;
}

int hosts_table_read(struct hosts_table *table, struct farm_fault *fault)
{
	bool named;
	int r;

	*table = (struct hosts_table){};
	r = make_paths(table, &named);
	if (r < 0)
		return fault_system(fault, r, NULL);
	for (size_t i = 0; r >= 0 && i < 2; i++)
		if (table->paths[i])
			r = read_file(table, table->paths[i], named, fault);
	if (r >= 0 && sort_names(table) < 0)
		return fault_system(fault, -ENOMEM, NULL);
	return r;
}

const struct table_name *hosts_table_find(const struct hosts_table *table, const char *name)
{
	size_t low = 0, high = table->n_names;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(table->sorted[middle]->text, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->n_names || compare_names(table->sorted[low]->text, name) != 0)
		return NULL;
	return table->sorted[low];
}

size_t hosts_table_find_group(const struct hosts_table *table, const char *name)
{
	size_t i = 0;

	while (i < table->n_groups && compare_names(table->groups[i].name, name) != 0)
		i++;
	return i;
}

void hosts_table_done(struct hosts_table *table)
{
	for (size_t i = 0; i < table->n_hosts; i++)
		farm_host_done(&table->hosts[i]);
	for (size_t i = 0; i < table->n_names; i++)
		free(table->names[i].text);
	for (size_t i = 0; i < table->n_groups; i++) {
		free(table->groups[i].name);
		free_words(table->groups[i].words);
	}
	free(table->hosts);
	free(table->names);
	free(table->sorted);
	free(table->groups);
	free(table->paths[0]);
	free(table->paths[1]);
	*table = (struct hosts_table){};
}
