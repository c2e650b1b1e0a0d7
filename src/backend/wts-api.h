/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wts-api.h - what wtsapi32.dll exports since Windows 7 and Server 2008 R2. The headers of MinGW 10 do not declare it, and those of
 * MinGW 12 do, with other names of types. Source: Microsoft's documentation of wtsapi32.h.
 */
#ifndef BACKEND_WTS_API_H
#define BACKEND_WTS_API_H

#include <windows.h>
#undef far	/* names of ours that pointers once had */
#undef near

/* The header's own declarations, if it has any, are out of the way. */
#define WTSOpenServerExW header_open_server
#define WTSEnumerateSessionsExW header_enumerate_sessions
#define WTSEnumerateProcessesExW header_enumerate_processes
#define WTSFreeMemoryExW header_free_memory
#include <wtsapi32.h>
#undef WTSOpenServerExW
#undef WTSEnumerateSessionsExW
#undef WTSEnumerateProcessesExW
#undef WTSFreeMemoryExW

/* WTS_SESSION_INFO_1W. */
struct wts_session_info {
	DWORD ExecEnvId;
	WTS_CONNECTSTATE_CLASS State;
	DWORD SessionId;
	LPWSTR pSessionName, pHostName, pUserName, pDomainName, pFarmName;
};

/* WTS_TYPE_CLASS: what WTSFreeMemoryExW() frees. */
enum { WTS_FREE_PROCESSES = 0, WTS_FREE_SESSIONS = 2 };

/* WTS_ANY_SESSION. */
#define WTS_EVERY_SESSION ((DWORD)-2)

HANDLE WINAPI WTSOpenServerExW(LPWSTR server);
BOOL WINAPI WTSEnumerateSessionsExW(HANDLE server, DWORD *level, DWORD filter, struct wts_session_info **ret,
				    DWORD *ret_n);
BOOL WINAPI WTSEnumerateProcessesExW(HANDLE server, DWORD *level, DWORD session, LPWSTR *ret, DWORD *ret_n);
BOOL WINAPI WTSFreeMemoryExW(int type, PVOID memory, ULONG n);

#endif
