/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * password.h - asking for a password on the terminal.
 *
 * The password is read from the terminal itself, without echo, so standard input may hold something else. The
 * terminal's settings are restored at every end of the question: Ctrl-C cancels it, Ctrl-Z stops the program as usual,
 * and after that the question is asked again. From the question on the program writes no core.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#define PASSWORD_SIZE 512	/* with the NUL */

/*
 * Asks with PROMPT. Returns 0, -ENXIO (no terminal), -ECANCELED (a signal, or nothing was typed), -E2BIG (too long for
 * a password) or another errno; then PASSWORD is empty. The caller overwrites it after use.
 */
int password_ask(const char *prompt, char password[static PASSWORD_SIZE]);

/* To be called before a password comes into memory in another way: no core from now on. */
void password_expect(void);

#endif
