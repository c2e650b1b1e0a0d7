# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of MS-TSTS that peer.py makes, in impacket's NDR classes: 2.2.2.7, 2.2.2.19, 3.3.4.1, 3.3.4.2, 3.3.4.3."""

from impacket.dcerpc.v5.dtypes import LARGE_INTEGER, LONG, LPWSTR, ULONG
from impacket.dcerpc.v5.ndr import NDRCALL, NDRPOINTER, NDRSTRUCT, NDRUniConformantArray, NDRUNION
from impacket.dcerpc.v5.rpcrt import DCERPCException


class DCERPCSessionError(DCERPCException):
    """What impacket raises for a result that is not 0; it looks for this name."""


class ContextHandle(NDRSTRUCT):
    structure = (("Data", "20s=b''"),)

    def getAlignment(self):
        return 4


class Characters(NDRSTRUCT):
    """As many as there is room for, which impacket would align by their length."""

    def getAlignment(self):
        return 2


class SessionName(Characters):
    structure = (("Data", "66s=b''"),)


class DomainName(Characters):
    structure = (("Data", "36s=b''"),)


class UserName(Characters):
    structure = (("Data", "42s=b''"),)


class ExecEnvDataExLevel1(NDRSTRUCT):
    structure = (
        ("ExecEnvId", LONG),
        ("State", LONG),
        ("AbsSessionId", LONG),
        ("pszSessionName", LPWSTR),
        ("pszHostName", LPWSTR),
        ("pszUserName", LPWSTR),
        ("pszDomainName", LPWSTR),
        ("pszFarmName", LPWSTR),
    )


class SessionData(NDRUNION):
    commonHdr = (("tag", ULONG),)
    union = {1: ("Level1", ExecEnvDataExLevel1)}


class ExecEnvDataEx(NDRSTRUCT):
    structure = (("Level", ULONG), ("Data", SessionData))


class ExecEnvDataExArray(NDRUniConformantArray):
    item = ExecEnvDataEx


class ExecEnvDataExPointer(NDRPOINTER):
    referent = (("Data", ExecEnvDataExArray),)


class LsmSessionInformationExLevel1(NDRSTRUCT):
    structure = (
        ("SessionState", LONG),
        ("SessionFlags", LONG),
        ("SessionName", SessionName),
        ("DomainName", DomainName),
        ("UserName", UserName),
        ("ConnectTime", LARGE_INTEGER),
        ("DisconnectTime", LARGE_INTEGER),
        ("LogonTime", LARGE_INTEGER),
        ("LastInputTime", LARGE_INTEGER),
        ("ProtocolDataSize", ULONG),
        ("ProtocolData", ULONG),
    )


class LsmSessionInformationEx(NDRUNION):
    commonHdr = (("tag", ULONG),)
    union = {1: ("Level1", LsmSessionInformationExLevel1)}


class RpcGetAllSessionsEx(NDRCALL):
    opnum = 11
    structure = (("Level", ULONG),)


class RpcGetAllSessionsExResponse(NDRCALL):
    structure = (("ppSessionData", ExecEnvDataExPointer), ("pEntries", ULONG), ("ErrorCode", ULONG))


class RpcGetSessionInformationEx(NDRCALL):
    opnum = 17
    structure = (("SessionId", LONG), ("Level", ULONG))


class RpcGetSessionInformationExResponse(NDRCALL):
    structure = (("Level", ULONG), ("SessionInfo", LsmSessionInformationEx), ("ErrorCode", ULONG))


class RpcOpenSession(NDRCALL):
    opnum = 0
    structure = (("SessionId", LONG),)


class RpcOpenSessionResponse(NDRCALL):
    structure = (("phSession", ContextHandle), ("ErrorCode", ULONG))


class RpcCloseSession(NDRCALL):
    opnum = 1
    structure = (("phSession", ContextHandle),)


class RpcCloseSessionResponse(NDRCALL):
    structure = (("phSession", ContextHandle), ("ErrorCode", ULONG))


class RpcLogoff(NDRCALL):
    opnum = 4
    structure = (("hSession", ContextHandle),)


class RpcLogoffResponse(NDRCALL):
    structure = (("ErrorCode", ULONG),)


class RpcGetState(NDRCALL):
    opnum = 7
    structure = (("hSession", ContextHandle),)


class RpcGetStateResponse(NDRCALL):
    structure = (("plState", LONG), ("ErrorCode", ULONG))


class RpcWaitForSessionState(NDRCALL):
    opnum = 0
    structure = (("SessionId", LONG), ("State", LONG), ("Timeout", ULONG))
