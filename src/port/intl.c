/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intl.c - gettext over catalogues within the program, one resource for each language, named as its .mo file is. Source: the
 * manual of GNU gettext, "The Format of GNU MO Files".
 *
 * Each language that there is has one form for all numbers. One with more would need the rule of plurals in the catalogue's head.
 * The language: as on Linux if a variable says so, otherwise that of Windows' menus.
 */
#include <libintl.h>

#include <stdbool.h>

#include <windows.h>

#include "port/wide.h"

#define MAGIC 0x950412deu

struct catalogue {
	uint32_t magic, revision, n_texts, originals, translations;
};

/* Returns the language of the environment, "zh_TW" or "C", or NULL. Not of os_environment(): the library needs no language. */
static const wchar_t *language_of_environment(void)
{
	static const wchar_t *const names[] = { L"LC_ALL", L"LC_MESSAGES", L"LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const wchar_t *value = _wgetenv(names[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

/* Hong Kong and Macao read the same as Taiwan until they have catalogues of their own. */
static void name_language(wchar_t name[static LOCALE_NAME_MAX_LENGTH])
{
	const wchar_t *wanted = language_of_environment();

	name[0] = L'\0';
	if (wanted) {
		wcsncpy(name, wanted, LOCALE_NAME_MAX_LENGTH - 1);
		name[wcscspn(wanted, L".@")] = L'\0';
		return;
	}
	if (LCIDToLocaleName(GetUserDefaultUILanguage(), name, LOCALE_NAME_MAX_LENGTH, 0) == 0)
		return;
	if (wcsncmp(name, L"zh-Hant", 7) == 0 || wcscmp(name, L"zh-HK") == 0 || wcscmp(name, L"zh-MO") == 0)
		wcscpy(name, L"zh_TW");
	if (wcschr(name, L'-'))
		*wcschr(name, L'-') = L'_';
}

/* The catalogue of the language, or NULL. It is looked for once; to do that twice, in two threads, does no harm. */
static const char *find_catalogue(void)
{
	static const char *catalogue;
	static bool looked;
	wchar_t name[LOCALE_NAME_MAX_LENGTH] = L"";
	HRSRC resource;

	if (looked)
		return catalogue;
	name_language(name);
	resource = *name ? FindResourceW(NULL, name, (LPCWSTR)RT_RCDATA) : NULL;
	if (resource)
		catalogue = LockResource(LoadResource(NULL, resource));
	if (catalogue && ((const struct catalogue *)catalogue)->magic != MAGIC)
		catalogue = NULL;
	looked = true;
	return catalogue;
}

/* The originals are sorted. Each entry of the two tables is a length and an offset. */
static const char *find_text(const char *text)
{
	const char *start = find_catalogue();
	const struct catalogue *head = (const struct catalogue *)start;
	const uint32_t *originals, *translations;
	uint32_t low = 0, high = head ? head->n_texts : 0;

	if (!head)
		return NULL;
	originals = (const uint32_t *)(start + head->originals);
	translations = (const uint32_t *)(start + head->translations);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(text, start + originals[2 * middle + 1]);

		if (order == 0)
			return start + translations[2 * middle + 1];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The empty text is the catalogue's head. */
char *gettext(const char *text)
{
	const char *found = *text ? find_text(text) : NULL;

	return (char *)(found ? found : text);
}

char *ngettext(const char *one, const char *many, unsigned long n)
{
	const char *found = find_text(one);

	return (char *)(found ? found : n == 1 ? one : many);
}
