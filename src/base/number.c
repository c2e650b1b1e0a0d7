/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number.c - see number.h: what has a number by rule.
 */
#include "base/number.h"

#include <string.h>

#define LETTER_MAX (NUMBER_FIRST_GIVEN - 1 - NUMBER_FIRST_LETTER)	/* of "c16383"; 49151 is nobody's */

int32_t number_parse(const char *text)
{
	size_t n = strspn(text, "0123456789");
	int32_t number = 0;

	if (n == 0 || n > 5 || text[n] || (*text == '0' && n > 1))
		return NUMBER_NONE;
	for (size_t i = 0; i < n; i++)
		number = number * 10 + (text[i] - '0');
	return number <= NUMBER_MAX ? number : NUMBER_NONE;
}

int32_t number_of_id(const char *id)
{
	bool letter = *id == 'c';
	int32_t number = number_parse(id + letter);

	if (number < 1 || number > (letter ? LETTER_MAX : NUMBER_FIRST_LETTER - 1))
		return NUMBER_NONE;
	return letter ? NUMBER_FIRST_LETTER - 1 + number : number;
}
