/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bare.c - for test/bench/windows.py: the calls of "query session", and a line for each session, with nothing around them.
 */
#include <stdio.h>

#include "backend/wts-api.h"

int main(void)
{
	struct wts_session_info *rows;
	DWORD level = 1, n = 0, n_own = 0, *own;

	if (!WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, WTS_CURRENT_SESSION, WTSSessionId, (LPWSTR *)(void *)&own, &n_own) ||
	    !WTSEnumerateSessionsExW(WTS_CURRENT_SERVER_HANDLE, &level, 0, &rows, &n))
		return 1;
	for (DWORD i = 0; i < n; i++)
		printf("%c%-17ls %-20ls %5lu %d\n", rows[i].SessionId == *own ? '>' : ' ', rows[i].pSessionName ? rows[i].pSessionName : L"",
		       rows[i].pUserName ? rows[i].pUserName : L"", rows[i].SessionId, rows[i].State);
	WTSFreeMemoryExW(WTS_FREE_SESSIONS, rows, n);
	WTSFreeMemory(own);
	return 0;
}
