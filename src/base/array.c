/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * array.c - see array.h.
 */
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *array_grow(void *items, size_t n_items, size_t size)
{
	if ((n_items & (n_items - 1)) != 0)
		return items;
	n_items = n_items ? n_items * 2 : 1;
	return n_items > SIZE_MAX / size ? NULL : realloc(items, n_items * size);
}

int array_append(void *items, size_t *n_items, const void *item, size_t size)
{
	char *array;

	memcpy(&array, items, sizeof(array));	/* a pointer of any type */
	array = array_grow(array, *n_items, size);
	if (!array)
		return -ENOMEM;
	memcpy(items, &array, sizeof(array));
	memcpy(array + (*n_items)++ * size, item, size);
	return 0;
}

int array_add_text(char ***items, size_t *n_items, const char *text)
{
	char *copy = strdup(text);
	int r = copy ? array_add(items, n_items, &copy) : -ENOMEM;

	if (r < 0)
		free(copy);
	return r;
}

int array_compare(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;

	return (one > two) - (one < two);
}

size_t array_place(const void *items, size_t n_items, size_t size, uint32_t number)
{
	const char *array = items;
	size_t low = 0, high = n_items;

	/* Most sources are in this order, too: a new item mostly goes to the end. */
	if (high > 0 && array_compare(array + (high - 1) * size, &number) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (array_compare(array + middle * size, &number) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
