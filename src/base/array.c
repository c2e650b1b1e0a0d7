/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * array.c - see array.h.
 */
#include "base/array.h"

#include <errno.h>
#include <stdint.h>
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
