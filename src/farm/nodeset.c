/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nodeset.c - see nodeset.h.
 */
#include "farm/nodeset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define DIGITS "0123456789"
#define DIGITS_MAX 9u

/* ---- from the text to the names ---- */

size_t nodeset_word_length(const char *text)
{
	size_t n = 0;

	while (text[n] && text[n] != ',') {
		if (text[n] == '[')
			n += strcspn(text + n, "]");
		if (text[n])
			n++;
	}
	return n;
}

/* A word on its way to names. */
struct expansion {
	struct nodeset *set;
	const char *end;			/* of the word */
	char name[NODESET_NAME_MAX + 1];	/* what there is of the next name */
};

static int expand_rest(struct expansion *expansion, const char *text, size_t length);

/* Reads a number. Returns where it ends, or NULL if there is none or it is too long. */
static const char *parse_number(const char *text, uint32_t *ret_number, size_t *ret_length)
{
	*ret_length = strspn(text, DIGITS);
	if (*ret_length == 0 || *ret_length > DIGITS_MAX)
		return NULL;
	*ret_number = (uint32_t)strtoul(text, NULL, 10);
	return text + *ret_length;
}

/* A range of a bracket. WIDTH is the length of its numbers with zeros, or 0. */
struct range {
	uint32_t first, last;
	int width;
};

/* Reads a range. Returns where it ends, or NULL if it is wrong. */
static const char *parse_range(const char *text, struct range *ret)
{
	size_t first_length, last_length;
	const char *first = text, *last = text;

	text = parse_number(text, &ret->first, &first_length);
	if (text && *text == '-')
		last = text + 1;
	if (text)
		text = parse_number(last, &ret->last, &last_length);
	if (!text || ret->last < ret->first)
		return NULL;
	ret->width = 0;
	if ((*first == '0' && first_length > 1) || (*last == '0' && last_length > 1)) {
		if (first_length != last_length)
			return NULL;
		ret->width = (int)first_length;
	}
	return text;
}

/* Goes on behind the bracket that ends at CLOSE, once with each number of RANGE. */
static int expand_range(struct expansion *expansion, const struct range *range, const char *close, size_t length)
{
	size_t room = sizeof(expansion->name) - length;
	int r = 0, n;

	for (uint32_t number = range->first; r >= 0 && number <= range->last; number++) {
		n = snprintf(expansion->name + length, room, "%0*u", range->width, number);
		r = (size_t)n < room ? expand_rest(expansion, close + 1, length + (size_t)n) : -EINVAL;
	}
	return r;
}

/* The same with each number of the bracket that begins at OPEN. */
static int expand_bracket(struct expansion *expansion, const char *open, const char *close, size_t length)
{
	const char *text = open;
	struct range range;
	int r = 0;

	while (r >= 0 && text < close) {
		text = parse_range(text + 1, &range);
		if (!text || (*text != ',' && text != close))
			return -EINVAL;
		r = expand_range(expansion, &range, close, length);
	}
	return r;
}

static int add_name(struct nodeset *set, const char *name)
{
	return set->n_names == NODESET_MAX ? -E2BIG : array_add_text(&set->names, &set->n_names, name);
}

/* Where the bracket that begins at OPEN ends, or NULL if it does not, or another begins in it. */
static const char *find_close(const struct expansion *expansion, const char *open)
{
	const char *close = open + 1 + strcspn(open + 1, "[]");

	return close < expansion->end && *close == ']' ? close : NULL;
}

/*
 * Expands TEXT behind the first LENGTH bytes of the name. It stops at the first fault, so each bracket is read once for
 * the names that it makes.
 */
static int expand_rest(struct expansion *expansion, const char *text, size_t length)
{
	for (; text < expansion->end; text++) {
		const char *close = *text == '[' ? find_close(expansion, text) : NULL, *last = text;

		if (*text == ']' || (*text == '[' && !close))
			return -EINVAL;
		if (close && !memchr(text, ':', (size_t)(close - text)))
			return expand_bracket(expansion, text, close, length);
		if (close)
			last = close;
		if ((size_t)(last - text) >= NODESET_NAME_MAX - length)
			return -EINVAL;
		memcpy(expansion->name + length, text, (size_t)(last - text) + 1);
		length += (size_t)(last - text) + 1;
		text = last;
	}
	if (length == 0)
		return -EINVAL;
	expansion->name[length] = '\0';
	return add_name(expansion->set, expansion->name);
}

/* In the order of the names; the same names in the order of their places. */
static int compare_places(const void *a, const void *b)
{
	char *const *const *one = a, *const *const *two = b;
	int order = strcmp(**one, **two);

	return order ? order : (*one > *two) - (*one < *two);
}

/* Leaves each name once in SET, where it stands first. */
static int drop_repeated(struct nodeset *set)
{
	char ***places = calloc(set->n_names, sizeof(*places));
	size_t n = 0;

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_names; i++)
		places[i] = &set->names[i];
	qsort(places, set->n_names, sizeof(*places), compare_places);
	for (size_t i = 1, first = 0; i < set->n_names; i++) {
		if (strcmp(*places[i], *places[first]) != 0) {
			first = i;
		} else {
			free(*places[i]);
			*places[i] = NULL;
		}
	}
	free(places);
	for (size_t i = 0; i < set->n_names; i++)
		if (set->names[i])
			set->names[n++] = set->names[i];
	set->n_names = n;
	return 0;
}

int nodeset_expand(struct nodeset *ret, const char *text, const char **ret_culprit)
{
	struct nodeset set = {};
	struct expansion expansion = { .set = &set };
	int r;

	for (;; text = expansion.end + 1) {
		expansion.end = text + nodeset_word_length(text);
		r = expand_rest(&expansion, text, 0);
		if (r < 0 || !*expansion.end)
			break;
	}
	if (r == -EINVAL || r == -E2BIG)
		*ret_culprit = text;
	if (r >= 0)
		r = drop_repeated(&set);
	if (r < 0)
		nodeset_done(&set);
	else
		*ret = set;
	return r;
}

void nodeset_done(struct nodeset *set)
{
	for (size_t i = 0; i < set->n_names; i++)
		free(set->names[i]);
	free(set->names);
	*set = (struct nodeset){};
}

/* ---- and back ---- */

/* A name, cut at its last number. Without one, all of it stands before the number. */
struct part {
	const char *name, *rest;	/* REST: what stands behind the number */
	size_t before;			/* length of what stands before it */
	size_t n_digits;
	uint32_t number;
};

/* Parts that differ in their numbers alone. */
struct group {
	const struct part *parts;
	size_t n_parts;
};

/* A number that is too long, or stands in the bracket of an address, is part of the name. */
static struct part cut_name(const char *name)
{
	struct part part = { .name = name, .before = strlen(name) };
	size_t end = part.before, start;

	part.rest = name + end;
	while (end > 0 && !strchr(DIGITS, name[end - 1]))
		end--;
	for (start = end; start > 0 && strchr(DIGITS, name[start - 1]); start--)
		;
	if (start == end || end - start > DIGITS_MAX || strchr(name + end, ']'))
		return part;
	part.rest = name + end;
	part.before = start;
	(void)parse_number(name + start, &part.number, &part.n_digits);
	return part;
}

/* Compares what stands around the numbers. */
static int compare_frames(const struct part *one, const struct part *two)
{
	size_t n = one->before < two->before ? one->before : two->before;
	int order = memcmp(one->name, two->name, n);

	if (order == 0)
		order = (one->before > two->before) - (one->before < two->before);
	if (order == 0)
		order = (one->n_digits > 0) - (two->n_digits > 0);
	return order ? order : strcmp(one->rest, two->rest);
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *one = a, *two = b;
	int order = compare_frames(one, two);

	if (order == 0)
		order = (one->number > two->number) - (one->number < two->number);
	return order ? order : (one->n_digits > two->n_digits) - (one->n_digits < two->n_digits);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *one = a, *two = b;

	return strverscmp(one->parts->name, two->parts->name);
}

static bool is_padded(const struct part *part)
{
	return part->n_digits > 1 && part->name[part->before] == '0';
}

/* Tells whether a range that begins with FIRST can go on from LAST to NEXT. */
static bool is_next(const struct part *first, const struct part *last, const struct part *next)
{
	return next->number == last->number + 1 &&
	       (next->n_digits == first->n_digits || (!is_padded(first) && !is_padded(next)));
}

static void write_number(FILE *to, const struct part *part)
{
	fprintf(to, "%.*s", (int)part->n_digits, part->name + part->before);
}

static void write_group(FILE *to, const struct group *group)
{
	const struct part *end = group->parts + group->n_parts, *first, *last;

	if (group->n_parts == 1) {
		fputs(group->parts->name, to);
		return;
	}
	fprintf(to, "%.*s[", (int)group->parts->before, group->parts->name);
	for (first = group->parts; first < end; first = last + 1) {
		for (last = first; last + 1 < end && is_next(first, last, last + 1); last++)
			;
		if (first > group->parts)
			fputc(',', to);
		write_number(to, first);
		if (last > first) {
			fputc('-', to);
			write_number(to, last);
		}
	}
	fprintf(to, "]%s", group->parts->rest);
}

/* Cuts NAMES, and puts them in the order of their groups. Returns the number of different ones. */
static size_t sort_parts(struct part *parts, const char *const *names, size_t n_names)
{
	size_t n = 0;

	for (size_t i = 0; i < n_names; i++)
		parts[i] = cut_name(names[i]);
	qsort(parts, n_names, sizeof(*parts), compare_parts);
	for (size_t i = 0; i < n_names; i++)
		if (n == 0 || compare_parts(&parts[n - 1], &parts[i]) != 0)
			parts[n++] = parts[i];
	return n;
}

/* Finds the groups of PARTS, and puts them into their natural order. Returns their number. */
static size_t make_groups(struct group *groups, const struct part *parts, size_t n_parts)
{
	size_t n = 0;

	for (size_t i = 0; i < n_parts; i++) {
		if (i > 0 && compare_frames(&parts[i - 1], &parts[i]) == 0)
			groups[n - 1].n_parts++;
		else
			groups[n++] = (struct group){ &parts[i], 1 };
	}
	qsort(groups, n, sizeof(*groups), compare_groups);
	return n;
}

char *nodeset_fold(const char *const *names, size_t n_names)
{
	struct part *parts = calloc(n_names + 1, sizeof(*parts));
	struct group *groups = calloc(n_names + 1, sizeof(*groups));
	char *text = NULL;
	size_t size, n;
	FILE *to = parts && groups ? open_memstream(&text, &size) : NULL;
	bool complete;

	if (to) {
		n = make_groups(groups, parts, sort_parts(parts, names, n_names));
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				fputc(',', to);
			write_group(to, &groups[i]);
		}
		complete = !ferror(to);
		if (fclose(to) != 0 || !complete) {
			free(text);
			text = NULL;
		}
	}
	free(parts);
	free(groups);
	return text;
}
