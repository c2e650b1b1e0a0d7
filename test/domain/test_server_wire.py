# SPDX-License-Identifier: GPL-3.0-or-later
"""What really goes out, call by call and byte by byte, held against requests that were packed by hand from the
specification (stubs.py); and that no more goes out than is needed.
"""

import re
import struct

import pytest

import stubs
from conftest import finish
from host import wait_until
from relay import PipeRelay, TcpRelay
from server import fault, session
from statuses import NOT_ENDED, OK

HANDLE = object()
# Where the handle is in the answer.
OPENERS = {"OpenSession": 0, "OpenEnum": 0, "RegisterAsyncNotification": 0, "WinStationOpenServer": 4}
EVERYBODY, DOWN, LOGOFF_OR_TERMINATE = 0xffffffff, 8, 0x90
TWO_MINUTES = 120000


def handles(server):
    """Every context handle that the server gave away, by the interface it is of."""
    given = {}
    for answer in server.answers():
        if answer["call"] in OPENERS:
            at = 2 * OPENERS[answer["call"]]
            given.setdefault(stubs.REQUESTS[answer["call"]][0], set()).add(answer["answer"][at:at + 40])
    return given


def compare(server, expected, may_be_missing=()):
    """The calls are those expected, in any order of the pipes; each request has the bytes that the specification
    says."""
    given, left = handles(server), list(expected)
    for call in server.calls():
        name, request = call["call"], bytes.fromhex(call["request"])
        assert name in stubs.REQUESTS, f"not in stubs.py: {call}"
        interface, opnum, pack = stubs.REQUESTS[name]
        assert (call["interface"], call["opnum"]) == (interface, opnum), call
        for one in [one for one in left if one[0] == name]:
            parameters = list(one[1:])
            if HANDLE in parameters:
                assert request[:20].hex() in given[interface], f"not a handle that was given: {call}"
                parameters[parameters.index(HANDLE)] = request[:20]
            if request == pack(*parameters):
                left.remove(one)
                break
        else:
            raise AssertionError(f"{name} with {request.hex()}: not as expected, or once too often: {left}")
    left = [one for one in left if one[0] not in may_be_missing]
    assert not left, f"not called: {left}"


LOOK = [("GetSessionInformationEx", 2)]
END = [("OpenSession", 2), ("Logoff", HANDLE), ("GetState", HANDLE), ("CloseSession", HANDLE)]
PROOF = [("GetSessionInformationEx", 2), ("GetAllSessionsEx", 1)]


def test_logoff(server, run):
    assert run(server, "logoff", "2").status == OK
    looks = len(server.calls("GetSessionInformationEx"))  # now and then it looks by itself
    compare(server, LOOK * looks + END + [("WaitForSessionState", 2, DOWN, TWO_MINUTES), ("GetAllSessionsEx", 1)])
    assert 2 <= looks <= 10


def test_what_has_ended_at_once_is_not_waited_for(bare, run):
    bare.describe(session(2, user="alice"), session(3, user="bob"))
    assert run(bare, "logoff", "2").status == OK
    compare(bare, LOOK + END + PROOF)


def test_many_are_waited_for_before_they_are_asked(server, run):
    assert run(server, "logoff", "2", "3").status == OK
    names = [call["call"] for call in server.calls()]
    assert names.index("RegisterAsyncNotification") < names.index("Logoff")


def test_logoff_of_several(server, run):
    assert run(server, "logoff", "2", "3").status == OK
    calls = [("RegisterAsyncNotification", EVERYBODY, LOGOFF_OR_TERMINATE)]
    for identity in (2, 3):
        look = stubs.request("GetSessionInformationEx", identity)[2].hex()
        looks = len([one for one in server.calls("GetSessionInformationEx") if one["request"] == look])
        assert 2 <= looks <= 10
        calls += [("GetSessionInformationEx", identity)] * looks
        calls += [("OpenSession", identity), ("Logoff", HANDLE), ("CloseSession", HANDLE)]
    # How often it waits and lists depends on whether they end together.
    for name, most in (("WaitAsyncNotification", 3), ("GetAllSessionsEx", 2)):
        n = len(server.calls(name))
        assert 1 <= n <= most, name
        calls += [(name, HANDLE if name.startswith("Wait") else 1)] * n
    compare(server, calls)


def test_query(server, run):
    assert run(server, "query session").status == OK
    compare(server, [("GetAllSessionsEx", 1)])


def test_query_user(server, run):
    """The server's time is in what the older pipe says of a session, a structure of 1216 bytes behind its VARDATA_WIRE."""
    assert run(server, "query user").status == OK
    compare(server, [("GetAllSessionsEx", 1), *(("GetSessionInformationEx", i) for i in range(7)), ("WinStationOpenServer",),
                     ("WinStationQueryInformation", HANDLE, 2, 8, struct.pack("<HH", 1216, 4) + bytes(1216))])


def test_query_process(server, run):
    assert run(server, "query process", "*").status == OK
    compare(server, [("GetAllSessionsEx", 1), ("WinStationOpenServer",),
                     ("WinStationGetAllProcesses_NT6", HANDLE, 0, 0x8000)])


def test_query_older(server, run):
    server.add(fault("GetAllSessionsEx", rpc=0x1c010002), fault("GetAllSessions", rpc=0x1c010002),
               fault("WinStationGetAllProcesses_NT6", rpc=0x1c010002))
    assert run(server, "query user").status == OK
    assert run(server, "query process", "*").status == OK
    seen = {call["call"] for call in server.calls()}
    assert {"OpenEnum", "GetEnumResult", "CloseEnum", "WinStationGetAllProcesses"} <= seen, seen
    allowed = {"GetEnumResult": [(1,), (2,)], "CloseEnum": [()], "WinStationGetAllProcesses": [(0, 0x8000)]}
    for call in (one for name in allowed for one in server.calls(name)):
        interface, _, pack = stubs.REQUESTS[call["call"]]
        request = bytes.fromhex(call["request"])
        assert request[:20].hex() in handles(server)[interface]
        assert request in [pack(request[:20], *parameters) for parameters in allowed[call["call"]]], call


@pytest.mark.parametrize("text", ["hello", "x", "even", "Grüße, 王小明 🦀"])
@pytest.mark.parametrize("wait", [False, True])
def test_message(bare, run, text, wait):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice", answer=1))
    result = run(bare, "msg", "2", "/time:33", *(["/w"] if wait else []), text)
    assert result.status == OK, result
    shown, = bare.deeds("message")
    boxes = [("ShowMessageBox", HANDLE, shown["title"], shown["text"], 0x40, 33, 0 if wait else 1)]
    called = [("OpenSession", 2), *boxes, ("CloseSession", HANDLE)]
    looks = [(call["call"], {"GetAllSessionsEx": 1}.get(call["call"], 2)) for call in bare.calls()
             if call["call"] in ("GetAllSessionsEx", "GetSessionInformationEx")]
    assert len(looks) <= 2
    # The handle is closed with the pipe, if there was no time to do it politely.
    compare(bare, called + looks, may_be_missing={"CloseSession"})


def test_message_by_the_legacy_pipe(server, run):
    server.only_pipes("Ctx_WinStation_API_service")
    assert run(server, "msg", "2", "/time:33", "Grüße").status == OK
    shown, = server.deeds("message")
    call, = server.calls("WinStationSendMessage")
    request = bytes.fromhex(call["request"])
    assert request[:20].hex() in handles(server)[stubs.ICA]
    assert request == stubs.send_message(request[:20], 2, shown["title"], shown["text"], 0x40, 33, 1)


def test_reset(bare, run):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice", logoff="ignored"))
    assert run(bare, "logoff", "2", "/grace:0").status == OK
    call, = bare.calls("WinStationReset")
    request = bytes.fromhex(call["request"])
    assert request in [stubs.REQUESTS["WinStationReset"][2](request[:20], 2, wait) for wait in (0, 1)]


def test_every_call_is_sealed(server, run, authfile):
    """By Kerberos and by NTLM, whatever is asked."""
    for words in ([], ["-A", authfile("helen"), "--use-kerberos=off"]):
        for command in (["query user"], ["query process", "*"], ["msg", "3", "x"], ["logoff", "2" if words else "4"]):
            assert run(server, *command[:1], *words, *command[1:], user=None if words else "Administrator").status == OK
    assert len(server.calls()) > 20 and {call["auth_level"] for call in server.calls()} == {6}
    assert {call["user"] for call in server.calls()} == {"Administrator", "helen"}


def test_no_call_without_need(bare, run):
    """A list of a thousand is one call, and few packets."""
    bare.describe(*(session(i, name=f"RDP-Tcp#{i}", user=f"u{i}") for i in range(2, 1002)))
    with TcpRelay(bare, 4450) as relay:
        assert run(bare, "query session", name=f"{bare.name}:4450").status == OK
    compare(bare, [("GetAllSessionsEx", 1)])
    assert len(relay.heads()) < 40, relay.heads()


def test_large_answers_come_in_fragments(bare, run):
    bare.describe(*(session(i, name=f"RDP-Tcp#{i}", user=f"user{i}") for i in range(2, 3002)))
    answers = []
    with PipeRelay(bare, lambda _, pdu: answers.append(pdu[2]) or pdu):
        result = run(bare, "query session")
    assert result.status == OK and len(re.findall(r"\buser\d+\b", result.out)) == 3000
    assert answers.count(2) > 20


def test_waits_are_not_lengthened(bare, run):
    """A server is not asked to wait for ever, and not much longer than we do."""
    bare.describe(session(2, name="RDP-Tcp#1", user="alice", logoff="ignored", reset="ignored"))
    process = run.start(bare, "logoff", "2", "/wait:2")
    wait_until(lambda: bare.calls("WaitForSessionState"), 30, "it is waited for")
    assert finish(process).status == NOT_ENDED
    call, = bare.calls("WaitForSessionState")
    assert int.from_bytes(bytes.fromhex(call["request"])[8:12], "little") <= TWO_MINUTES
