/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * password.h - asking for a password on the terminal.
 *
 * It is read from the terminal itself, so that standard input may hold something else, and not shown. The terminal is
 * left as it was found, whatever ends the asking: Ctrl-C cancels it, Ctrl-Z stops the program as anywhere, and after
 * that the question is asked again. Once a password is expected no core of the program is written any more.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#define PASSWORD_SIZE 512	/* with the NUL */

/*
 * Asks with PROMPT. Returns 0, -ENXIO (there is no terminal), -ECANCELED (by a signal, or nothing was typed), -E2BIG
 * (it is longer than a password can be) or another errno; then PASSWORD holds nothing. To overwrite it is the
 * caller's affair.
 */
int password_ask(const char *prompt, char password[static PASSWORD_SIZE]);

/* To be called before a password comes into memory in another way. */
void password_expect(void);

#endif
