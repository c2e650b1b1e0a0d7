/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz-nodeset.c - many names in one text: the input is the text.
 *
 * Beside crashes and leaks it looks for names that stand there twice or are too long, and for culprits that are no words
 * of the text. What is folded has to expand to the same names again.
 */
#include "farm/nodeset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the names, after which those that are there twice stand side by side. */
static void check_names(struct nodeset *set)
{
	require(set->n_names > 0 && set->n_names <= NODESET_MAX);
	for (size_t i = 0; i < set->n_names; i++)
		require(*set->names[i] && strlen(set->names[i]) <= NODESET_NAME_MAX);
	qsort(set->names, set->n_names, sizeof(*set->names), compare_texts);
	for (size_t i = 1; i < set->n_names; i++)
		require(strcmp(set->names[i - 1], set->names[i]) != 0);
}

static void check_fold(const struct nodeset *set)
{
	char *text = nodeset_fold((const char *const *)set->names, set->n_names);
	const char *culprit;
	struct nodeset again;

	require(text && nodeset_expand(&again, text, &culprit) == 0);
	check_names(&again);
	require(again.n_names == set->n_names);
	for (size_t i = 0; i < set->n_names; i++)
		require(strcmp(again.names[i], set->names[i]) == 0);
	nodeset_done(&again);
	free(text);
}

/* CULPRIT is a word of TEXT. */
static void check_culprit(const char *text, const char *culprit)
{
	for (; text != culprit; text++) {
		text += nodeset_word_length(text);
		require(*text == ',');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *culprit = NULL;
	struct nodeset set = {};
	char *text = malloc(size + 1);
	int r;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	r = nodeset_expand(&set, text, &culprit);
	require(r == 0 || r == -EINVAL || r == -E2BIG);
	if (r == 0) {
		require(!culprit);
		check_names(&set);
		check_fold(&set);
		nodeset_done(&set);
	} else {
		require(!set.names && culprit);
		check_culprit(text, culprit);
	}
	free(text);
	return 0;
}
