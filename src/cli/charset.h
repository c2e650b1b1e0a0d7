/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * charset.h - locales whose charset is not UTF-8, such as zh_TW.Big5.
 *
 * Within the commands every text is UTF-8: widths and harmful characters are found in UTF-8. Output is converted to the
 * locale's charset when it is written. A character that the charset does not have becomes a question mark for each of
 * its columns.
 */
#ifndef CLI_CHARSET_H
#define CLI_CHARSET_H

#include "cli/printable.h"

/* Makes messages, standard output and standard error follow the locale. To be called once. */
void charset_init(void);

/* Makes the formats of times follow the locale too, where they can be UTF-8. */
void charset_init_times(void);

/* Converts TEXT for a descriptor that the program writes to directly. Returns the copy. */
struct safe charset_encode(const char *text);

#endif
