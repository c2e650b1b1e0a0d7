#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""peer.py [lean-]{session|user|logoff} SERVER USER [ID]: the same calls to a Windows server by impacket, for comparison.

The transport is impacket's, with packet privacy: NTLM with the password in $PASSWORD, as its Kerberos is not understood by
Samba's RPC server. The calls are described with impacket's NDR classes, as its own modules and tools do, by the layouts of
MS-TSTS 2.2.2.7, 2.2.2.19 and 3.3.4. "lean-" is the least that Python can do with it: the calls packed and read by hand, and SMB 2.1,
which has no encryption in Python. It asks what our commands ask: "session" all sessions in one call, "user" one more for each,
"logoff" looks, logs off, waits on a second pipe for what has not ended at once, and looks twice whether it is true. One SMB
connection serves both pipes.
"""

import os
import struct
import sys
import time

from impacket.dcerpc.v5 import rpcrt, transport
from impacket.smb3structs import SMB2_DIALECT_21
from impacket.smbconnection import SMBConnection
from impacket.uuid import uuidtup_to_bin

SESSION = ("484809d6-4239-471b-b5bc-61df8c23ac48", "1.0")
NOTIFICATION = ("11899a43-2b68-4a76-92e3-a3d6ad8c26ce", "1.0")
ENUMERATION = ("88143fd0-c28d-4b2b-8fef-8d882f6a9390", "1.0")
PIPE = r"\LSM_API_service"
DOWN = 8
EPOCH = 11644473600


def log_on(server, user, dialect):
    smb = SMBConnection(server, server, preferredDialect=dialect)
    smb.login(user, os.environ["PASSWORD"], "ADLAB")
    return smb


class Pipe:
    def __init__(self, smb, interface):
        self.smb = smb
        self.way = transport.SMBTransport(smb.getRemoteHost(), 445, PIPE, smb_connection=smb)
        self.rpc = self.way.get_dce_rpc()
        self.rpc.set_credentials(*smb.getCredentials()[:3])
        self.rpc.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
        self.rpc.set_auth_level(rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
        self.rpc.connect()
        self.rpc.bind(uuidtup_to_bin(interface))

    def also(self, interface):
        """Another interface on the same pipe."""
        other = object.__new__(Pipe)
        other.smb, other.way, other.rpc = self.smb, self.way, self.rpc.alter_ctx(uuidtup_to_bin(interface))
        return other

    def send(self, opnum, stub):
        self.rpc.call(opnum, stub)

    def answer(self):
        """The answer without its HRESULT."""
        stub = self.rpc.recv()
        result, = struct.unpack("<i", stub[-4:])
        if result < 0:
            raise OSError(f"0x{result & 0xffffffff:08x}")
        return stub[:-4]

    def call(self, opnum, stub):
        self.send(opnum, stub)
        return self.answer()


def text(field):
    return field.decode("utf-16-le").partition("\0")[0]


class ByHand:
    """The calls packed and read with struct."""

    @staticmethod
    def all_sessions(pipe):
        """RpcGetAllSessionsEx: (id, state, session, user, domain) each."""
        stub = pipe.call(11, struct.pack("<I", 1))
        count, = struct.unpack_from("<I", stub, 4)
        place, rows = 8 + 40 * count, []
        for number in range(count):
            level, tag, identity, state, absolute, *pointers = struct.unpack_from("<IIiii5I", stub, 8 + 40 * number)
            names = []
            for pointer in pointers:
                name = ""
                if pointer:
                    place = (place + 3) // 4 * 4
                    most, offset, length = struct.unpack_from("<III", stub, place)
                    name = text(stub[place + 12:place + 12 + 2 * length])
                    place += 12 + 2 * length
                names.append(name)
            rows.append((identity, state, names[0], names[2], names[3]))
        return rows

    @staticmethod
    def one_session(pipe, identity):
        """RpcGetSessionInformationEx: (state, user, times)."""
        stub = pipe.call(17, struct.pack("<iI", identity, 1))
        state, = struct.unpack_from("<i", stub, 8)
        return state, text(stub[118:160]), struct.unpack_from("<4Q", stub, 160)

    @staticmethod
    def wait_for_end(pipe, identity):
        pipe.send(0, struct.pack("<iiI", identity, DOWN, 120000))

    @staticmethod
    def open(pipe, identity):
        return pipe.call(0, struct.pack("<i", identity))

    @staticmethod
    def log_off(pipe, handle):
        pipe.call(4, handle)

    @staticmethod
    def is_up(pipe, handle):
        return struct.unpack("<i", pipe.call(7, handle))[0] != DOWN

    @staticmethod
    def close(pipe, handle):
        pipe.call(1, handle)


class ByClasses:
    """The calls as impacket's modules describe theirs; its classes are loaded only for this."""

    def __init__(self):
        import layouts
        self.layouts = layouts

    def request(self, pipe, name, **fields):
        call = getattr(self.layouts, name)()
        for field, value in fields.items():
            call[field] = value
        return pipe.rpc.request(call)

    def all_sessions(self, pipe):
        answer = self.request(pipe, "RpcGetAllSessionsEx", Level=1)
        rows = []
        for one in answer["ppSessionData"]:
            row = one["Data"]["Level1"]
            rows.append((row["ExecEnvId"], row["State"], row["pszSessionName"][:-1], row["pszUserName"][:-1],
                         row["pszDomainName"][:-1]))
        return rows

    def one_session(self, pipe, identity):
        info = self.request(pipe, "RpcGetSessionInformationEx", SessionId=identity, Level=1)["SessionInfo"]["Level1"]
        times = [info[name] for name in ("ConnectTime", "DisconnectTime", "LogonTime", "LastInputTime")]
        return info["SessionState"], text(info["UserName"]), times

    def wait_for_end(self, pipe, identity):
        call = self.layouts.RpcWaitForSessionState()
        call["SessionId"], call["State"], call["Timeout"] = identity, DOWN, 120000
        pipe.rpc.call(call.opnum, call)

    def open(self, pipe, identity):
        return self.request(pipe, "RpcOpenSession", SessionId=identity)["phSession"]

    def log_off(self, pipe, handle):
        self.request(pipe, "RpcLogoff", hSession=handle)

    def is_up(self, pipe, handle):
        return self.request(pipe, "RpcGetState", hSession=handle)["plState"] != DOWN

    def close(self, pipe, handle):
        self.request(pipe, "RpcCloseSession", phSession=handle)


def when(filetime):
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(filetime / 10**7 - EPOCH)) if filetime else "."


def waits(calls, pipe, handle):
    try:
        return calls.is_up(pipe, handle)
    except (OSError, rpcrt.DCERPCException):
        return False


def log_off(calls, pipe, identity):
    """Whether the session is gone, and known to be."""
    calls.one_session(pipe, identity)
    handle = calls.open(pipe, identity)
    calls.log_off(pipe, handle)
    if waits(calls, pipe, handle):
        notification = Pipe(pipe.smb, NOTIFICATION)
        calls.wait_for_end(notification, identity)
        try:
            notification.answer()
        except OSError:
            pass  # a reason to look, whatever it says
    calls.close(pipe, handle)
    try:
        calls.one_session(pipe, identity)
        return False
    except (OSError, rpcrt.DCERPCException):
        return identity not in [row[0] for row in calls.all_sessions(pipe.also(ENUMERATION))]


def main():
    what, server, user = sys.argv[1:4]
    lean = what.startswith("lean-")
    calls = ByHand() if lean else ByClasses()
    smb = log_on(server, user, SMB2_DIALECT_21 if lean else None)
    what = what.removeprefix("lean-")
    if what == "logoff":
        sys.exit(0 if log_off(calls, Pipe(smb, SESSION), int(sys.argv[4])) else 1)
    pipe = Pipe(smb, ENUMERATION)
    rows = calls.all_sessions(pipe)
    if what == "session":
        for identity, state, name, account, domain in rows:
            print(f"{name:20} {account:20} {identity:5} {state}")
        return
    session = pipe.also(SESSION)
    for identity, _, name, account, domain in rows:
        state, account, (connect, disconnect, logon, last) = calls.one_session(session, identity)
        print(f"{account:20} {name:20} {identity:5} {state} {when(last)} {when(logon)}")


main()
