# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of MS-TSTS packed by hand, and some of its answers taken apart, from the text of the specification
alone: nothing of the product's codec is used, so that it can be compared with this. NDR 2.0, little endian; a
handle_t is not sent, a [string] is maximum count, offset, count and UTF-16 with its NUL, a context handle 20 bytes.
"""

import struct

SESSION, NOTIFICATION, ENUMERATION = "TermSrvSession", "TermSrvNotification", "TermSrvEnumeration"
RCM_PUBLIC, RCM_LISTENER, ICA = "RCMPublic", "RCMListener", "IcaApi"

# MS-TSTS 1.9
UUIDS = {
    SESSION: "484809d6-4239-471b-b5bc-61df8c23ac48",
    NOTIFICATION: "11899a43-2b68-4a76-92e3-a3d6ad8c26ce",
    ENUMERATION: "88143fd0-c28d-4b2b-8fef-8d882f6a9390",
    RCM_PUBLIC: "bde95fdf-eee0-45de-9e12-e5a61cd0d4fe",
    RCM_LISTENER: "497d95a6-2d27-4bf5-9bbd-a6046957133c",
    ICA: "5ca4a760-ebb1-11cf-8611-00a0245420ed",
}
PIPES = {
    SESSION: "LSM_API_service", NOTIFICATION: "LSM_API_service", ENUMERATION: "LSM_API_service",
    RCM_PUBLIC: "TermSrv_API_service", RCM_LISTENER: "TermSrv_API_service", ICA: "Ctx_WinStation_API_service",
}


def numbers(*values):
    return b"".join(struct.pack("<I", value & 0xffffffff) for value in values)


def string(text):
    units = (text + "\0").encode("utf-16-le")
    count = len(units) // 2
    return numbers(count, 0, count) + units


def counted(text):
    """[size_is(n)] WCHAR *: the count, and as much text."""
    units = (text + "\0").encode("utf-16-le")
    return numbers(len(units) // 2) + units


def join(*parts):
    """Each part begins at a multiple of four."""
    joined = b""
    for part in parts:
        joined += bytes(-len(joined) % 4) + part
    return joined


def show_message_box(handle, title, text, style, timeout, do_not_wait):
    return join(handle, string(title), string(text), numbers(style, timeout, do_not_wait))


def send_message(handle, session, title, text, style, timeout, do_not_wait):
    sizes = [counted(words)[:4] for words in (title, text)]
    return join(handle, numbers(session), counted(title), sizes[0], counted(text), sizes[1], numbers(style, timeout),
                bytes([do_not_wait]))


# (interface, opnum): how the request is packed from its parameters. MS-TSTS 3.3.4, 3.5.4, 3.7.4
REQUESTS = {
    "OpenSession": (SESSION, 0, lambda session: numbers(session)),
    "CloseSession": (SESSION, 1, lambda handle: handle),
    "Disconnect": (SESSION, 3, lambda handle: handle),
    "Logoff": (SESSION, 4, lambda handle: handle),
    "GetUserName": (SESSION, 5, lambda handle: handle),
    "GetTerminalName": (SESSION, 6, lambda handle: handle),
    "GetState": (SESSION, 7, lambda handle: handle),
    "IsSessionDesktopLocked": (SESSION, 8, lambda handle: handle),
    "ShowMessageBox": (SESSION, 9, show_message_box),
    "GetTimes": (SESSION, 10, lambda handle: handle),
    "GetSessionInformation": (SESSION, 12, lambda session: numbers(session)),
    "GetSessionType": (SESSION, 16, lambda session: numbers(session)),
    "GetSessionInformationEx": (SESSION, 17, lambda session: numbers(session, 1)),
    "WaitForSessionState": (NOTIFICATION, 0, lambda session, state, timeout: numbers(session, state, timeout)),
    "RegisterAsyncNotification": (NOTIFICATION, 1, lambda session, mask: numbers(session, mask)),
    "WaitAsyncNotification": (NOTIFICATION, 2, lambda handle: handle),
    "UnRegisterAsyncNotification": (NOTIFICATION, 3, lambda handle: handle),
    "OpenEnum": (ENUMERATION, 0, lambda: b""),
    "CloseEnum": (ENUMERATION, 1, lambda handle: handle),
    "FilterByState": (ENUMERATION, 2, lambda handle, state, invert: handle + numbers(state, invert)),
    "GetEnumResult": (ENUMERATION, 5, lambda handle, level: handle + numbers(level)),
    "GetEnumResultEx": (ENUMERATION, 9, lambda handle, level: handle + numbers(level)),
    "GetAllSessions": (ENUMERATION, 10, lambda level: numbers(level)),
    "GetAllSessionsEx": (ENUMERATION, 11, lambda level: numbers(level)),
    "GetClientData": (RCM_PUBLIC, 0, lambda session: numbers(session)),
    "GetLastInputTime": (RCM_PUBLIC, 3, lambda session: numbers(session)),
    "GetRemoteAddress": (RCM_PUBLIC, 4, lambda session: numbers(session)),
    "GetAllListeners": (RCM_PUBLIC, 8, lambda level: numbers(level)),
    "WinStationOpenServer": (ICA, 0, lambda: b""),
    "WinStationCloseServerEx": (ICA, 60, lambda handle: handle),
    "WinStationEnumerate": (ICA, 3, lambda handle, entries, size, index: join(
        handle, numbers(entries, 0x20000, size), bytes(size), numbers(size, index))),
    "WinStationQueryInformation": (ICA, 5, lambda handle, session, kind, data: join(
        handle, numbers(session, kind, 0x20000, len(data)), data, numbers(len(data)))),
    "WinStationSendMessage": (ICA, 7, send_message),
    "WinStationReset": (ICA, 14, lambda handle, session, wait: handle + numbers(session) + bytes([wait])),
    "WinStationDisconnect": (ICA, 13, lambda handle, session, wait: handle + numbers(session) + bytes([wait])),
    "WinStationTerminateProcess": (ICA, 37, lambda handle, pid, code: handle + numbers(pid, code)),
    "WinStationGetAllProcesses": (ICA, 43, lambda handle, level, number: handle + numbers(level, number)),
    "WinStationGetAllProcesses_NT6": (ICA, 70, lambda handle, level, number: handle + numbers(level, number)),
}


def request(call, *parameters):
    """(interface, opnum, stub) of a call."""
    interface, opnum, pack = REQUESTS[call]
    return interface, opnum, pack(*parameters)


def result(answer):
    """The HRESULT, of which it is the last four bytes."""
    assert isinstance(answer, bytes), answer
    return struct.unpack("<I", answer[-4:])[0]


def sessions(answer):
    """{id: (name, state)} of RpcGetEnumResult at level 1 (MS-TSTS 2.2.1.7): 84 bytes each, level and tag before the
    arm."""
    assert isinstance(answer, bytes), answer
    _, count = struct.unpack_from("<II", answer)
    found = {}
    for i in range(count):
        level, tag, identity, state = struct.unpack_from("<IIii", answer, 8 + 84 * i)
        assert (level, tag) == (1, 1), answer.hex()
        name = answer[8 + 84 * i + 16:8 + 84 * i + 82].decode("utf-16-le").partition("\0")[0]
        found[identity] = name, state
    assert struct.unpack_from("<I", answer, 8 + 84 * count)[0] == count
    return found
