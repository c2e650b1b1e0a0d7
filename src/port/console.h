/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console.h - the standard streams, before main() of a program uses them.
 */
#ifndef PORT_CONSOLE_H
#define PORT_CONSOLE_H

/* Finds out where standard output and standard error go: see console.c. What is buffered is written when the program ends. */
void console_begin(void);

#endif
