/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosts.c - see hosts.h.
 *
 * The value is cut into words, and a list in a file is replaced by its words. The words that name hosts are gathered
 * into one list, in which each host then stays once; after that the others leave out hosts of it.
 */
#include "farm/hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "farm/hosts-file.h"
#include "farm/words.h"

#define DEPTH_MAX 32u		/* of groups in groups */

/* A word of the value, or of a list: hosts or a group. */
struct word {
	char *text;
	bool leaves_out;
	const char *path;		/* of the list, or NULL */
	size_t line;
};

/* What there is of an answer. */
struct resolving {
	struct hosts_table table;
	struct word *words;
	size_t n_words;
	char **paths;			/* of lists, to which the words point */
	size_t n_paths;
	struct farm_fault *fault;
};

static int wrong_word(const struct resolving *resolving, enum farm_fault_kind kind, const struct word *word)
{
	return fault_word(resolving->fault, kind, word->path, word->line, word->text, strlen(word->text));
}

/* ---- the words ---- */

static int collect_words(struct resolving *resolving, const char *text, const struct word *frame);

/* A group is called by its name alone: what looks like a path is a file. */
static bool is_list(const char *text)
{
	return *text == '@' && (text[1] == '/' || strncmp(text + 1, "./", 2) == 0 || strncmp(text + 1, "../", 3) == 0);
}

/* Takes the LINE of a list, which holds one word, or several with commas between them. */
static int collect_line(struct resolving *resolving, char *line, const struct word *frame)
{
	struct word second = *frame;
	char **words;
	size_t n = 0;
	int r = split_words(line, true, &words, &n);

	if (r == -EINVAL || n > 1) {
		second.text = n > 1 ? words[1] : line;
		r = wrong_word(resolving, FARM_FAULT_WORD, &second);
	} else if (r >= 0 && n == 1) {
		r = collect_words(resolving, words[0], frame);
	}
	free(words);
	return r;
}

static int read_list(const char *path, char **ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;

	if (fd < 0)
		return -errno;
	r = read_text(fd, ret_text);
	close(fd);
	return r;
}

/* Takes the words of the file PATH, which the table of paths gets. */
static int collect_list(struct resolving *resolving, const char *path, bool leaves_out)
{
	struct word frame = { .leaves_out = leaves_out };
	char *text = NULL, *copy = strdup(path), *at, *line;
	int r = copy ? array_add(&resolving->paths, &resolving->n_paths, &copy) : -ENOMEM;

	if (r < 0) {
		free(copy);
		return r;
	}
	r = read_list(copy, &text);
	if (r < 0)
		return fault_system(resolving->fault, r, copy);
	frame.path = copy;
	for (at = text; r >= 0 && (line = next_line(&at));) {
		frame.line++;
		r = collect_line(resolving, line, &frame);
	}
	free(text);
	return r;
}

/* Takes WORD, which is given up. */
static int collect_word(struct resolving *resolving, struct word *word)
{
	bool leaves_out = *word->text == '-';
	int r;

	if (leaves_out && word->leaves_out)
		return wrong_word(resolving, FARM_FAULT_WORD, word);
	if (leaves_out) {
		word->leaves_out = true;
		memmove(word->text, word->text + 1, strlen(word->text));
	}
	if (!is_list(word->text)) {
		r = array_add(&resolving->words, &resolving->n_words, word);
		if (r >= 0)
			word->text = NULL;
		return r;
	}
	if (word->path)		/* a list has no other lists, so there is no circle of them */
		return wrong_word(resolving, FARM_FAULT_WORD, word);
	return collect_list(resolving, word->text + 1, word->leaves_out);
}

/* Takes the words of TEXT. The rest of each is that of FRAME. */
static int collect_words(struct resolving *resolving, const char *text, const struct word *frame)
{
	struct word word = *frame;
	size_t length;
	int r;

	for (;; text += length + 1) {
		length = nodeset_word_length(text);
		word.leaves_out = frame->leaves_out;
		word.text = strndup(text, length);
		r = word.text ? collect_word(resolving, &word) : -ENOMEM;
		free(word.text);
		if (r < 0 || !text[length])
			return r;
	}
}

/* ---- from words to hosts ---- */

/* Hosts that are gathered, and which groups are among them. */
struct gathering {
	struct resolving *resolving;
	struct farm_hosts hosts;
	enum { GROUP_NEW, GROUP_OPEN, GROUP_DONE } *groups;
};

/* Fills in a host of the scheme "ssh" or "machine". Returns 0 or -ENOMEM. */
static int make_host(struct farm_host *host, const struct host_word *word)
{
	*host = (struct farm_host){ .way = word->way, .port = word->host.port };
	host->name = strdup(word->name);
	host->address = strndup(word->host.host, word->host.length);
	if (word->user)
		host->user = strndup(word->user, word->user_length);
	return host->name && host->address && (host->user || !word->user) ? 0 : -ENOMEM;
}

/* Adds the host NAME, of WORD. */
static int gather_host(struct gathering *gathering, const char *name, const struct word *word)
{
	static const struct farm_host unlisted = { .way = FARM_TSTS };
	const struct hosts_table *table = &gathering->resolving->table;
	const struct table_name *listed;
	struct host_word parts;
	struct farm_host host;
	int r;

	if (!host_word_parse(&parts, name))
		return wrong_word(gathering->resolving, FARM_FAULT_WORD, word);
	if (gathering->hosts.n_items == HOSTS_MAX)
		return wrong_word(gathering->resolving, FARM_FAULT_TOO_MANY, word);
	if (parts.way == FARM_TSTS) {
		listed = hosts_table_find(table, name);
		r = farm_host_copy(&host, listed ? &table->hosts[listed->host] : &unlisted, name);
		host.unlisted = !listed;
	} else {
		r = make_host(&host, &parts);
	}
	if (r >= 0)
		r = array_add(&gathering->hosts.items, &gathering->hosts.n_items, &host);
	if (r < 0)
		farm_host_done(&host);
	return r;
}

static int gather_hosts(struct gathering *gathering, const struct word *word)
{
	const char *culprit;
	struct nodeset set;
	int r = nodeset_expand(&set, word->text, &culprit);

	if (r == -EINVAL)
		return wrong_word(gathering->resolving, FARM_FAULT_WORD, word);
	if (r == -E2BIG)
		return wrong_word(gathering->resolving, FARM_FAULT_TOO_MANY, word);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < set.n_names; i++)
		r = gather_host(gathering, set.names[i], word);
	nodeset_done(&set);
	return r;
}

static int gather_word(struct gathering *gathering, const struct word *word, unsigned depth);

static int missing_group(struct resolving *resolving, const struct word *word)
{
	char *const *paths = resolving->table.paths;
	struct farm_fault *fault = resolving->fault;
	int r = wrong_word(resolving, FARM_FAULT_NO_GROUP, word);

	snprintf(fault->files, sizeof(fault->files), "%s%s%s", paths[0] ? paths[0] : "",
		 paths[0] && paths[1] ? ", " : "", paths[1] ? paths[1] : "");
	return r;
}

/* Gathers the hosts of the group WORD. A group that has been gathered is not gathered again. */
static int gather_group(struct gathering *gathering, const struct word *word, unsigned depth)
{
	const struct hosts_table *table = &gathering->resolving->table;
	size_t number = hosts_table_find_group(table, word->text);
	const struct table_group *group;
	int r = 0;

	if (number == table->n_groups)
		return missing_group(gathering->resolving, word);
	group = &table->groups[number];
	if (gathering->groups[number] == GROUP_OPEN || depth == DEPTH_MAX)
		return wrong_word(gathering->resolving, FARM_FAULT_CIRCLE, word);
	if (gathering->groups[number] == GROUP_DONE)
		return 0;
	gathering->groups[number] = GROUP_OPEN;
	for (size_t i = 0; r >= 0 && i < group->n_words; i++) {
		struct word member = { .text = group->words[i], .path = group->path, .line = group->line };

		r = gather_word(gathering, &member, depth + 1);
	}
	gathering->groups[number] = GROUP_DONE;
	return r;
}

static int gather_word(struct gathering *gathering, const struct word *word, unsigned depth)
{
	return *word->text == '@' ? gather_group(gathering, word, depth) : gather_hosts(gathering, word);
}

static int gathering_init(struct gathering *gathering, struct resolving *resolving)
{
	*gathering = (struct gathering){ .resolving = resolving };
	gathering->groups = calloc(resolving->table.n_groups + 1, sizeof(*gathering->groups));
	return gathering->groups ? 0 : -ENOMEM;
}

static void gathering_done(struct gathering *gathering)
{
	farm_hosts_done(&gathering->hosts);
	free(gathering->groups);
}

/* ---- each host once ---- */

/* A host of the list. Places are sorted by the names of their hosts. */
struct place {
	struct farm_host *host;
	bool left_out;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *one = a, *two = b;
	int order = compare_names(one->host->name, two->host->name);

	return order ? order : (one->host > two->host) - (one->host < two->host);
}

static int compare_to_place(const void *key, const void *item)
{
	const struct place *place = item;

	return compare_names(key, place->host->name);
}

static bool are_equal(const char *one, const char *two)
{
	return one && two ? strcmp(one, two) == 0 : one == two;
}

/* Tells whether two hosts of one name are the same host. Those of the files are: they come from the same line. */
static bool are_same(const struct farm_host *one, const struct farm_host *two)
{
	bool same_address = one->address && two->address ? compare_names(one->address, two->address) == 0
							 : one->address == two->address;

	return one->way == two->way && one->port == two->port && one->sudo == two->sudo && same_address &&
	       are_equal(one->user, two->user);
}

/* Makes the places of HOSTS, each name once. The second of two hosts loses its name. */
static int make_places(struct place *places, size_t *ret_n, struct farm_hosts *hosts, struct farm_fault *fault)
{
	size_t n = 0;

	for (size_t i = 0; i < hosts->n_items; i++)
		places[i] = (struct place){ .host = &hosts->items[i] };
	qsort(places, hosts->n_items, sizeof(*places), compare_places);
	for (size_t i = 0; i < hosts->n_items; i++) {
		struct farm_host *host = places[i].host;

		if (n == 0 || compare_names(places[n - 1].host->name, host->name) != 0)
			places[n++] = places[i];
		else if (are_same(places[n - 1].host, host))
			farm_host_done(host);
		else
			return fault_word(fault, FARM_FAULT_DIFFERS, NULL, 0, host->name, strlen(host->name));
	}
	*ret_n = n;
	return 0;
}

/*
 * Leaves out what WORD means, and gathers it behind what was left out before. Hosts that were named one by one must be
 * in the list: else a name is misspelt.
 */
static int leave_out(struct gathering *gathering, const struct word *word, struct place *places, size_t n_places)
{
	size_t start = gathering->hosts.n_items;
	bool found = false;
	int r = gather_word(gathering, word, 0);

	for (size_t i = start; r >= 0 && i < gathering->hosts.n_items; i++) {
		struct place *place = bsearch(gathering->hosts.items[i].name, places, n_places, sizeof(*places),
					      compare_to_place);

		if (place)
			place->left_out = found = true;
	}
	if (r >= 0 && !found && !word->path && *word->text != '@')
		r = wrong_word(gathering->resolving, FARM_FAULT_NOT_THERE, word);
	return r;
}

/* Leaves out of the hosts of PLACES what all words mean that do so. */
static int leave_all_out(struct resolving *resolving, struct place *places, size_t n_places)
{
	struct gathering gathering;
	int r = gathering_init(&gathering, resolving);

	for (size_t i = 0; r >= 0 && i < resolving->n_words; i++)
		if (resolving->words[i].leaves_out)
			r = leave_out(&gathering, &resolving->words[i], places, n_places);
	for (size_t i = 0; r >= 0 && i < n_places; i++)
		if (places[i].left_out)
			farm_host_done(places[i].host);
	gathering_done(&gathering);
	return r;
}

/* Removes from HOSTS what is there twice and what is left out. */
static int reduce_hosts(struct resolving *resolving, struct farm_hosts *hosts)
{
	struct place *places = calloc(hosts->n_items + 1, sizeof(*places));
	size_t n_places = 0, n = 0;
	int r = places ? make_places(places, &n_places, hosts, resolving->fault) : -ENOMEM;

	if (r >= 0)
		r = leave_all_out(resolving, places, n_places);
	free(places);
	if (r < 0)
		return r;
	for (size_t i = 0; i < hosts->n_items; i++)
		if (hosts->items[i].name)
			hosts->items[n++] = hosts->items[i];
	hosts->n_items = n;
	return n > 0 ? 0 : fault_word(resolving->fault, FARM_FAULT_NONE, NULL, 0, "", 0);
}

/* Makes the list that the words mean. */
static int resolve_words(struct resolving *resolving, struct farm_hosts *ret)
{
	struct gathering gathering;
	int r = gathering_init(&gathering, resolving);

	for (size_t i = 0; r >= 0 && i < resolving->n_words; i++)
		if (!resolving->words[i].leaves_out)
			r = gather_word(&gathering, &resolving->words[i], 0);
	if (r >= 0)
		r = reduce_hosts(resolving, &gathering.hosts);
	if (r >= 0) {
		*ret = gathering.hosts;
		gathering.hosts = (struct farm_hosts){};
	}
	gathering_done(&gathering);
	return r;
}

static void resolving_done(struct resolving *resolving)
{
	for (size_t i = 0; i < resolving->n_words; i++)
		free(resolving->words[i].text);
	for (size_t i = 0; i < resolving->n_paths; i++)
		free(resolving->paths[i]);
	free(resolving->words);
	free(resolving->paths);
	hosts_table_done(&resolving->table);
}

/* ---- what others call ---- */

int hosts_resolve(struct farm_hosts *ret, const char *value, struct farm_fault *ret_fault)
{
	struct resolving resolving = { .fault = ret_fault };
	int r = hosts_table_read(&resolving.table, ret_fault);

	if (r >= 0)
		r = collect_words(&resolving, value, &(struct word){});
	if (r >= 0)
		r = resolve_words(&resolving, ret);
	if (r == -ENOMEM)
		(void)fault_system(ret_fault, r, NULL);
	resolving_done(&resolving);
	return r;
}

int hosts_is_single_server(const char *value, struct farm_fault *ret_fault)
{
	struct hosts_table table;
	struct host_text host;
	int r;

	if (*value == '@' || *value == '-' || strstr(value, "://"))
		return 0;
	if (strpbrk(value, ",[]") && !host_text_parse(&host, value)) /* an address has brackets, too */
		return 0;
	r = hosts_table_read(&table, ret_fault);
	if (r >= 0)
		r = !hosts_table_find(&table, value);
	hosts_table_done(&table);
	return r;
}

int hosts_names(struct nodeset *ret, struct farm_fault *ret_fault)
{
	struct hosts_table table;
	struct nodeset set = {};
	int r = hosts_table_read(&table, ret_fault);

	for (size_t i = 0; r >= 0 && i < table.n_names; i++)
		if (hosts_table_find(&table, table.names[i].text) == &table.names[i])
			r = array_add_text(&set.names, &set.n_names, table.names[i].text);
	for (size_t i = 0; r >= 0 && i < table.n_groups; i++)
		if (hosts_table_find_group(&table, table.groups[i].name) == i)
			r = array_add_text(&set.names, &set.n_names, table.groups[i].name);
	hosts_table_done(&table);
	if (r == -ENOMEM)
		(void)fault_system(ret_fault, r, NULL);
	if (r >= 0)
		*ret = set;
	else
		nodeset_done(&set);
	return r;
}

void farm_hosts_done(struct farm_hosts *hosts)
{
	for (size_t i = 0; i < hosts->n_items; i++)
		farm_host_done(&hosts->items[i]);
	free(hosts->items);
	*hosts = (struct farm_hosts){};
}
