/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sleeper.c - a program of a played session that is a real process: it sleeps until it is ended.
 */
#include <windows.h>

int main(void)
{
	Sleep(INFINITE);
	return 0;
}
