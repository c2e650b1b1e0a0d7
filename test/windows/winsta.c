/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * winsta.c - the one function of winsta.dll that is used, played by the wtsapi32.dll beside it.
 */
#include <windows.h>

typedef BOOLEAN (WINAPI *reset_func)(HANDLE server, ULONG id, BOOLEAN wait);

BOOLEAN WINAPI WinStationReset(HANDLE server, ULONG id, BOOLEAN wait);

BOOLEAN WINAPI WinStationReset(HANDLE server, ULONG id, BOOLEAN wait)
{
	reset_func reset = (reset_func)(void *)GetProcAddress(GetModuleHandleW(L"wtsapi32.dll"), "PlayedWinStationReset");

	return reset(server, id, wait);
}
