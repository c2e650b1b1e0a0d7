/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * array.h - arrays that grow by one item at a time.
 *
 * The capacity is the next power of two, so it need not be stored: an array that has grown here once must always grow
 * here. The caller may drop items from its end.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes room for one item of SIZE bytes behind the N_ITEMS that there are. ITEMS is NULL or was made here. Returns the
 * array, which may have moved and which the caller frees by free(); NULL without memory: ITEMS is then unchanged.
 */
void *array_grow(void *items, size_t n_items, size_t size);

/*
 * Copies *ITEM behind the *N_ITEMS items of *ITEMS, whose type is that of ITEM. Returns 0, or -ENOMEM: then nothing has
 * changed.
 */
#define array_add(items, n_items, item) \
	array_append((items), (n_items), 1 ? (item) : *(items), sizeof(**(items)))
int array_append(void *items, size_t *n_items, const void *item, size_t size);

/* The same with a copy of TEXT, to be freed. */
int array_add_text(char ***items, size_t *n_items, const char *text);

/* ---- arrays whose items begin with a number of 32 bits: a pid, an inode ---- */

/* Compares the numbers of two items, for qsort(3) and bsearch(3). */
int array_compare(const void *a, const void *b);

/* The place of NUMBER among ITEMS, which are in the order of their numbers: where it is, or where it would be. */
size_t array_place(const void *items, size_t n_items, size_t size, uint32_t number);

#endif
