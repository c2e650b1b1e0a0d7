/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test-nodeset.c - many names in one text, and back; the same as clustershell's nodeset(1), where it is installed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "farm/nodeset.h"

/* The names of TEXT with a blank before each. */
static char *expand(const char *text)
{
	const char *culprit = NULL;
	struct nodeset set;
	char *names = NULL;
	size_t size;
	FILE *to = open_memstream(&names, &size);

	assert_non_null(to);
	assert_int_equal(nodeset_expand(&set, text, &culprit), 0);
	assert_null(culprit);
	for (size_t i = 0; i < set.n_names; i++)
		fprintf(to, " %s", set.names[i]);
	fclose(to);
	nodeset_done(&set);
	return names;
}

static void assert_expands(const char *text, const char *expected)
{
	char *names = expand(text);

	assert_string_equal(names, expected);
	free(names);
}

static void assert_wrong(const char *text, int r, const char *expected)
{
	struct nodeset set = {};
	const char *culprit = NULL;

	assert_int_equal(nodeset_expand(&set, text, &culprit), r);
	assert_null(set.names);
	assert_non_null(culprit);
	assert_int_equal(nodeset_word_length(culprit), strlen(expected));
	assert_memory_equal(culprit, expected, strlen(expected));
}

static void expands_brackets(void **state)
{
	(void)state;
	assert_expands("ts1", " ts1");
	assert_expands("ts1,login,ts07.example.com", " ts1 login ts07.example.com");
	assert_expands("login[3-5,9]", " login3 login4 login5 login9");
	assert_expands("[1-2]", " 1 2");
	assert_expands("a[7]b", " a7b");
	assert_expands("login[01-03,45].cluster[1-2],ts1",
		       " login01.cluster1 login01.cluster2 login02.cluster1"
		       " login02.cluster2 login03.cluster1 login03.cluster2 login45.cluster1 login45.cluster2 ts1");
	assert_expands("[1-2][3-4][5]", " 135 145 235 245");
}

static void keeps_zeros(void **state)
{
	(void)state;
	assert_expands("a[08-11]", " a08 a09 a10 a11");
	assert_expands("a[8-11]", " a8 a9 a10 a11");
	assert_expands("a[0-1,00-01,000]", " a0 a1 a00 a01 a000");
	assert_expands("a[099-101]", " a099 a100 a101");
	assert_expands("a[000000007]", " a000000007");
	assert_expands("a[999999998-999999999]", " a999999998 a999999999");
}

static void tells_a_name_once(void **state)
{
	(void)state;
	assert_expands("b,a[3,1-4],a2,b,a[03]", " b a3 a1 a2 a4 a03");
}

static void leaves_addresses_alone(void **state)
{
	(void)state;
	assert_expands("[2001:db8::7]:445,ts[1-2]", " [2001:db8::7]:445 ts1 ts2");
	assert_expands("ssh://ops@[fe80::1%eth0]:[22-23]", " ssh://ops@[fe80::1%eth0]:22 ssh://ops@[fe80::1%eth0]:23");
	assert_expands("[a:b,c]x", " [a:b,c]x");
	assert_expands("2001:db8::[8-10]", " 2001:db8::8 2001:db8::9 2001:db8::10");
}

static void refuses_everything_else(void **state)
{
	static const char *const wrong[] = {
		"a[",
		"a]",
		"a[]",
		"a[1",
		"a1]",
		"[",
		"]",
		"a[1]]",
		"a[[1]]",
		"a[1[2]]",
		"[a:[b]",
		"a[1][",
		"a[b]",
		"a[1-]",
		"a[-1]",
		"a[1,]",
		"a[,1]",
		"a[1,,2]",
		"a[1-2-3]",
		"a[1 -2]",
		"a[ 1]",
		"a[1-0x5]",
		"a[2-1]",
		"a[1-10/2]",
		"a[+1]",
		"a[1234567890]",
		"a[1-1234567890]",
		"a[01-100]",
		"a[1-02]",
		"a[09-9]",
		"a[0-010]",
		"a[1-2,5-4]",
		"a[1:2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[64];

		assert_wrong(wrong[i], -EINVAL, wrong[i]);
		/* an open bracket takes the rest with it */
		snprintf(text, sizeof(text), "b[1-2],%s,c", wrong[i]);
		assert_wrong(text, -EINVAL, strrchr(wrong[i], '[') > strrchr(wrong[i], ']') ? text + 7 : wrong[i]);
	}
	assert_wrong("", -EINVAL, "");
	assert_wrong(",a", -EINVAL, "");
	assert_wrong("a,,b", -EINVAL, "");
	assert_wrong("a,", -EINVAL, "");
}

static void refuses_what_is_too_large(void **state)
{
	char name[300], text[320];
	const char *culprit;
	struct nodeset set;

	(void)state;
	assert_int_equal(nodeset_expand(&set, "a[1-99999],b", &culprit), 0);
	assert_int_equal(set.n_names, 100000);
	assert_string_equal(set.names[0], "a1");
	assert_string_equal(set.names[99999], "b");
	nodeset_done(&set);
	assert_wrong("a[1-99999],b,c", -E2BIG, "c");
	assert_wrong("a[1-100001]", -E2BIG, "a[1-100001]");
	assert_wrong("b,[1-999999999][1-999999999][1-999999999]", -E2BIG, "[1-999999999][1-999999999][1-999999999]");
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	assert_int_equal(nodeset_expand(&set, name, &culprit), 0);
	assert_string_equal(set.names[0], name);
	nodeset_done(&set);
	snprintf(text, sizeof(text), "%sa", name);
	assert_wrong(text, -EINVAL, text);
	name[254] = '\0';
	snprintf(text, sizeof(text), "%s[8-10]", name);
	assert_wrong(text, -EINVAL, text);
	name[253] = '\0';
	snprintf(text, sizeof(text), "%s[8-10]", name);
	assert_int_equal(nodeset_expand(&set, text, &culprit), 0);
	assert_int_equal(set.n_names, 3);
	nodeset_done(&set);
	snprintf(text, sizeof(text), "%s[a:b]", name);
	assert_wrong(text, -EINVAL, text);
}

/* ---- back ---- */

static void assert_folds(const char *const *names, const char *expected)
{
	size_t n = 0;
	char *text;

	while (names[n])
		n++;
	text = nodeset_fold(names, n);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

#define FOLDS(expected, ...) assert_folds((const char *const[]){ __VA_ARGS__, NULL }, expected)

static void folds_the_last_number(void **state)
{
	(void)state;
	FOLDS("login[03-05,09]", "login09", "login04", "login03", "login05");
	FOLDS("ts1", "ts1");
	FOLDS("a[1-2].x", "a2.x", "a1.x");
	FOLDS("a1.x[1-2],a2.x1", "a1.x1", "a1.x2", "a2.x1");
	FOLDS("login,ts[9-10]", "ts10", "ts9", "login", "ts9");
	FOLDS("ts,ts[1-2]", "ts2", "ts", "ts1");
	FOLDS("a[1,3],a2b", "a1", "a2b", "a3");
	assert_folds((const char *const[]){ NULL }, "");
}

static void folds_in_natural_order(void **state)
{
	(void)state;
	FOLDS("a2,a10b,b[2,10]", "b10", "a10b", "b2", "a2");
	FOLDS("rack[1-2]x,rack9,rack10z", "rack10z", "rack2x", "rack9", "rack1x");
}

static void folds_zeros_as_they_are(void **state)
{
	(void)state;
	FOLDS("a[08-11]", "a08", "a09", "a10", "a11");
	FOLDS("a[8-11]", "a8", "a9", "a10", "a11");
	FOLDS("a[098-100]", "a098", "a099", "a100");
	FOLDS("a[98,098,99-100]", "a98", "a99", "a100", "a098");
	FOLDS("a[08-09,100]", "a08", "a09", "a100");
	FOLDS("a[9,09-10,010]", "a9", "a09", "a10", "a010");
	FOLDS("a[0-1]", "a0", "a1");
	FOLDS("a[9,010]", "a9", "a010");
}

static void folds_no_part_of_an_address(void **state)
{
	(void)state;
	FOLDS("[2001:db8::7],[2001:db8::8]", "[2001:db8::8]", "[2001:db8::7]");
	FOLDS("[2001:db8::7]:[445-446]", "[2001:db8::7]:446", "[2001:db8::7]:445");
	FOLDS("a1234567890,a1234567891", "a1234567891", "a1234567890");
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of what was folded are those that there were. */
static void folds_and_expands_to_the_same(void **state)
{
	static const char *const frames[] = {
		"login%02u", "a%u", "a%03u.x", "r%u", "%u", "a%u.c1", "[fe80::1]:%u", "x"
	};
	unsigned seed = 1;

	(void)state;
	for (size_t round = 0; round < 300; round++) {
		char names[40][40], *sorted[40], *text;
		const char *given[40], *culprit;
		struct nodeset set;
		size_t n = 0;

		for (size_t i = 0; i < 40; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(names[i], sizeof(names[i]), frames[(size_t)rand_r(&seed) % (1 + round % 8)],
				 (unsigned)rand_r(&seed) % 120);
#pragma GCC diagnostic pop
			given[i] = sorted[i] = names[i];
		}
		text = nodeset_fold(given, 40);
		assert_non_null(text);
		assert_int_equal(nodeset_expand(&set, text, &culprit), 0);
		free(text);
		qsort(sorted, 40, sizeof(*sorted), compare_texts);
		qsort(set.names, set.n_names, sizeof(*set.names), compare_texts);
		for (size_t i = 0; i < 40; i++)
			if (i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0)
				assert_string_equal(set.names[n++], sorted[i]);
		assert_int_equal(set.n_names, n);
		nodeset_done(&set);
	}
}

/* ---- what clustershell makes of it ---- */

/* What nodeset(1) prints, with OPTION, of TEXT, without the newline. */
static void run_nodeset(const char *option, const char *text, char *answer, size_t size)
{
	char command[400];
	FILE *from;

	snprintf(command, sizeof(command), "timeout 30 nodeset %s '%s'", option, text);
	from = popen(command, "r");
	assert_non_null(from);
	assert_non_null(fgets(answer, (int)size, from));
	assert_int_equal(pclose(from), 0);
	answer[strcspn(answer, "\n")] = '\0';
}

/* It puts its names into an order of its own, so they are sorted before they are compared. */
static void assert_same_names(const char *ours, char *theirs)
{
	char *copy = strdup(ours), *sorted[2][64], *at;
	size_t n[2] = { 0, 0 };

	assert_non_null(copy);
	for (char *word = strtok_r(copy, " ", &at); word; word = strtok_r(NULL, " ", &at))
		sorted[0][n[0]++] = word;
	for (char *word = strtok_r(theirs, " ", &at); word; word = strtok_r(NULL, " ", &at))
		sorted[1][n[1]++] = word;
	assert_int_equal(n[0], n[1]);
	for (size_t i = 0; i < 2; i++)
		qsort(sorted[i], n[i], sizeof(char *), compare_texts);
	for (size_t i = 0; i < n[0]; i++)
		assert_string_equal(sorted[0][i], sorted[1][i]);
	free(copy);
}

static void agrees_with_clustershell(void **state)
{
	static const char *const sets[] = {
		"login[01-10,45].cluster[1-2],ts1",
		"a[8-11],b[08-11],c[099-101],b,a9",
		"x[1-2]y[3-4]z[5]",
	};
	static const char *const folded[] = { "login03,login04,login05,login09,ts1", "a8,a9,a10,a11",
					      "b08,b09,b10,c.x1,c.x2" };
	char answer[4096];

	(void)state;
	if (system("command -v nodeset >/dev/null 2>&1") != 0) {
		print_message("clustershell, with its command nodeset, is not installed\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		char *ours = expand(sets[i]);

		run_nodeset("-e", sets[i], answer, sizeof(answer));
		assert_same_names(ours, answer);
		free(ours);
	}
	for (size_t i = 0; i < sizeof(folded) / sizeof(folded[0]); i++) {
		const char *culprit;
		struct nodeset set;
		char *text;

		assert_int_equal(nodeset_expand(&set, folded[i], &culprit), 0);
		text = nodeset_fold((const char *const *)set.names, set.n_names);
		run_nodeset("-f", folded[i], answer, sizeof(answer));
		assert_string_equal(text, answer);
		free(text);
		nodeset_done(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands_brackets),
		cmocka_unit_test(keeps_zeros),
		cmocka_unit_test(tells_a_name_once),
		cmocka_unit_test(leaves_addresses_alone),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(refuses_what_is_too_large),
		cmocka_unit_test(folds_the_last_number),
		cmocka_unit_test(folds_in_natural_order),
		cmocka_unit_test(folds_zeros_as_they_are),
		cmocka_unit_test(folds_no_part_of_an_address),
		cmocka_unit_test(folds_and_expands_to_the_same),
		cmocka_unit_test(agrees_with_clustershell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
