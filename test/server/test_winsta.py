# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows' own commands send, call by call, packed by hand from the specification and sent by impacket. winsta.dll begins with
OpenSession(0), whoever asks, and takes every interface of a pipe as it needs it.
"""

import json
import struct
import time

import sessions
import stubs
from bed import HANDLE
from cases import assert_gone, assert_untouched
from host import wait_until

PROBE = [("OpenSession", 0), ("CloseSession", HANDLE)]
DOWN, DISCONNECTED = 8, 4
OK, MESSAGE_IS_SHOWN, ACCESS_DENIED = 0, 32001, 0x80070005


def test_the_first_look_at_a_server(any_host):
    """Everybody gets in that far."""
    for user in (any_host.plain, any_host.helper):
        opened, closed = any_host.call(user, PROBE)
        assert stubs.result(opened) == OK and opened[:20] != bytes(20), opened
        assert stubs.result(closed) == OK and closed[:20] == bytes(20), closed


def test_logoff(any_host):
    """WinStationReset with its wait, which has to be over when the session is."""
    session = any_host.ssh(any_host.own)
    before, number, begin = session.processes(), any_host.number(session), time.monotonic()

    answers = any_host.call(any_host.own, [("OpenSession", number), ("Logoff", HANDLE), ("WaitForSessionState", number, DOWN, 120000),
                                           ("CloseSession", HANDLE)])

    assert [stubs.result(one) for one in answers[:3]] == [OK, OK, OK], answers
    assert isinstance(answers[3], bytes), "the handle of a session that is gone can be closed"
    assert_gone(session, before)
    assert time.monotonic() - begin < 20


def test_reset_by_the_legacy_pipe(any_host):
    """Servers without LSM are driven so. With bWait it is over when the answer comes."""
    session = any_host.ssh(any_host.own)
    before, number = session.processes(), any_host.number(session)

    answers = any_host.call(any_host.helper, [("WinStationOpenServer",), ("WinStationReset", HANDLE, number, 1),
                                              ("WinStationCloseServerEx", HANDLE)])

    assert [one[-1] for one in answers] == [1, 1, 1], answers
    assert_gone(session, before)


def test_qwinsta(any_host):
    own, other = any_host.ssh(any_host.own), any_host.ssh(any_host.other)
    numbers = any_host.number(own), any_host.number(other)

    opened, listed, closed, listeners = any_host.call(any_host.helper, [("OpenEnum",), ("GetEnumResult", HANDLE, 1), ("CloseEnum", HANDLE),
                                                                        ("GetAllListeners", 1)])

    assert [stubs.result(one) for one in (opened, listed, closed)] == [OK] * 3
    shown = stubs.sessions(listed)
    assert {numbers[0], numbers[1], 0} <= set(shown), shown
    assert shown[numbers[0]] == (own.tty, 0) and shown[numbers[1]] == (other.tty, 0), shown
    assert stubs.result(listeners) == OK, listeners
    for session, user in ((own, any_host.own), (other, any_host.other)):
        assert_told(any_host, session, user)


def assert_told(one, session, user):
    """The three calls for a line of quser: information (state, times, names), client, and what it has entered last."""
    number = one.number(session)
    _, information, state, name, client, address = one.call(one.helper, [
        ("OpenSession", number), ("GetSessionInformation", number), ("GetState", HANDLE), ("GetUserName", HANDLE),
        ("GetClientData", number), ("GetRemoteAddress", number)])
    assert stubs.result(information) == OK, information
    assert user.lower().encode("utf-16-le") in information.lower(), information
    assert struct.unpack_from("<i", information, 12)[0] == 0, information
    logon = (struct.unpack_from("<q", information, 40)[0] - 116444736000000000) / 1e7
    assert abs(logon - time.time()) < 600, logon
    assert struct.unpack_from("<i", state)[0] == 0 and stubs.result(state) == OK, state
    assert user.lower().encode("utf-16-le") in name.lower(), name
    for other in (client, address):
        assert isinstance(other, bytes), other


def test_msg(any_host):
    session = any_host.ssh(any_host.own)

    answers = any_host.call(any_host.helper, [("OpenSession", any_host.number(session)),
                                              ("ShowMessageBox", HANDLE, "Message", "back at noon", 0, 60, 1), ("CloseSession", HANDLE)])

    assert [stubs.result(one) for one in answers] == [OK] * 3, answers
    assert struct.unpack_from("<I", answers[1])[0] == MESSAGE_IS_SHOWN, answers
    session.shell.expect("back at noon")


def test_tsdiscon(alone):
    rdp = sessions.RdpSession(alone.host, "alice")
    before, number = rdp.processes(), alone.number(rdp)

    answers = alone.call("alice", [("OpenSession", number), ("Disconnect", HANDLE), ("GetState", HANDLE)])

    assert [stubs.result(one) for one in answers] == [OK] * 3, answers
    wait_until(lambda: not rdp.connected(), 5, "the client is gone")
    assert_untouched(rdp, before)


def test_qprocess_and_tskill(any_host):
    session = any_host.ssh(any_host.own)
    sleep = session.spawn("sleep 4242", "sleep")

    opened, listed = any_host.call(any_host.own, [("WinStationOpenServer",), ("WinStationGetAllProcesses_NT6", HANDLE, 0, 0x8000)])
    assert opened[-1] == 1 and listed[-1] == 1, (opened, listed)
    assert "sleep".encode("utf-16-le") in listed and struct.pack("<I", sleep.pid) in listed

    answers = any_host.call(any_host.own, [("WinStationOpenServer",), ("WinStationTerminateProcess", HANDLE, sleep.pid, 0)])
    assert answers[1][-1] == 1, answers
    wait_until(lambda: not any_host.host.alive(sleep), 5, "it has ended")


def test_a_process_of_somebody_else(any_host):
    """The client may not even see it: it is refused, not told that there is none, and that is recorded."""
    session = any_host.ssh(any_host.own)
    sleep = session.spawn("sleep 4242", "sleep")

    answers = any_host.call(any_host.plain, [("WinStationOpenServer",), ("WinStationTerminateProcess", HANDLE, sleep.pid, 0)])

    assert answers[1][-1] == 0 and struct.unpack("<I", answers[1][:4])[0] == ACCESS_DENIED, answers
    assert any_host.host.alive(sleep)
    lines = any_host.host.check(["journalctl", "--output=json", "--no-pager", f"--since=@{any_host.since:.0f}",
                                 f"LOGOFF_PROCESS={sleep.pid}"]).splitlines()
    record, = [json.loads(line) for line in lines]
    assert (record["LOGOFF_ACTION"], record["LOGOFF_RESULT"]) == ("end-process", "denied"), record
    assert record["LOGOFF_FOR"].lower() == any_host.windows_name(any_host.plain).lower(), record


def test_handles_that_are_not_good_any_more(any_host):
    """Closed twice, and one of another client."""
    answers = any_host.call(any_host.own, [*PROBE, ("CloseSession", HANDLE), ("GetState", HANDLE), ("OpenSession", 0)])

    assert [isinstance(one, bytes) for one in answers] == [True, True, False, False, True], answers
    assert "context_mismatch" in answers[2] and "context_mismatch" in answers[3], answers
    other = any_host.call(any_host.helper, [("GetState", answers[4][:20]), ("OpenSession", 0)])
    assert isinstance(other[0], str) and "context_mismatch" in other[0] and stubs.result(other[1]) == OK, other


def test_a_session_that_is_not_there(any_host):
    answers = any_host.call(any_host.helper, [("OpenSession", 4242), ("GetSessionInformation", 4242), ("OpenSession", 0)])

    assert all(stubs.result(one) in (0x80070002, 0x80071B6E) for one in answers[:2]), answers
    assert stubs.result(answers[2]) == OK, answers
