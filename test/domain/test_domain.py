# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain, and the service over a host in memory, are what the other cases take them for: seen by smbclient and by another client,
impacket's, without anything of ours.
"""

import struct

import pytest

import people
from host import wait_until
from server import fault, following, office
from stubs import result, sessions

HANDLE = b"handle"
LIST = [("OpenEnum",), ("GetEnumResult", HANDLE, 1)]
EVERYBODY = {0, 1, 2, 3, 4, 5, 6}
DENIED = 0x80070005


def smbclient(server, *words, name=None, env=None):
    return server.domain.run(["smbclient", f"//{name or server.name}/IPC$", "-c", "exit", *words], env=env)


def test_kerberos(server, ticket):
    for name in (server.name, server.short, server.six):
        done = smbclient(server, "--use-kerberos=required", name=name, env={"KRB5CCNAME": ticket("alice")})
        assert done.status == 0, done.text
    tickets = server.domain.check(["klist", "-c", ticket("alice")])
    assert f"cifs/{server.name}@{people.REALM}" in tickets and f"cifs/{server.six}@{people.REALM}" in tickets


@pytest.mark.parametrize("user", [people.DISABLED, people.MUST_CHANGE])
def test_some_cannot_log_on(server, user):
    done = smbclient(server, "-U", f"ADLAB/{user}%{people.PASSWORDS[user]}")
    assert done.status == 1 and "NT_STATUS_" in done.text, done.text


@pytest.mark.parametrize("by", ["name", "six"])
def test_another_client_lists(server, call, by):
    _, listed = call(server, "Administrator", LIST, name=getattr(server, by))
    assert sessions(listed)[2] == ("rdp-tcp#2", 0)
    assert set(sessions(listed)) == EVERYBODY


@pytest.mark.parametrize("user, seen", [
    ("Administrator", EVERYBODY), ("helen", EVERYBODY), ("bob", EVERYBODY), ("alice", {2})])
def test_who_sees_whom(server, call, user, seen):
    _, listed = call(server, user, LIST)
    assert set(sessions(listed)) == seen


@pytest.mark.parametrize("user, session, ends", [
    ("helen", 4, True), ("bob", 4, False), ("alice", 4, False), ("alice", 2, True), ("bob", 3, True)])
def test_who_ends_whom(server, call, user, session, ends):
    _, answer = call(server, user, [("OpenSession", session), ("Logoff", HANDLE)])
    assert result(answer) == (0 if ends else DENIED)
    if ends:
        wait_until(lambda: session not in server.ids(), 10, "it has ended")
    assert (session not in server.ids()) == ends
    assert server.done() == ([session] if ends else [])


@pytest.mark.parametrize("user, level", [("", 6), ("alice", 1), ("alice", 2), ("alice", 5)],
                         ids=["anonymous", "unauthenticated", "connect", "sign"])
def test_privacy_is_required(server, call, user, level):
    answer, = call(server, user, [("OpenEnum",)], level=level)
    assert "access_denied" in str(answer)
    assert not server.calls()


def test_settings_are_of_one_server(server):
    server.settings("smb encrypt = off")
    words = ["-U", f"ADLAB/alice%{people.PASSWORDS['alice']}", "--client-protection=encrypt"]
    assert smbclient(server, *words).status == 1
    assert smbclient(server, *words, name="dc.ad.lab").status == 0


def test_only_pipes(server, call):
    server.only_pipes("LSM_API_service")
    opened, missing = call(server, "Administrator", [("OpenEnum",), ("WinStationOpenServer",)])
    assert isinstance(opened, bytes) and "OBJECT_NAME_NOT_FOUND" in missing


def test_faults(server, call):
    server.add(fault("OpenEnum", rpc=0x1c010002, times=1), fault("GetEnumResult", poke=(4, bytes(4 * [255])), times=1),
               fault("OpenSession", result=DENIED, session=3, skip=1, times=1),
               fault("GetAllSessionsEx", raw=b"\1\2\3"), fault("GetAllSessions", cut=10, surplus=2))
    answers = call(server, "Administrator", [
        ("OpenEnum",), ("OpenEnum",), ("GetEnumResult", HANDLE, 1), ("GetEnumResult", HANDLE, 1),
        ("GetAllSessionsEx", 1), ("GetAllSessions", 1),
        ("OpenSession", 3), ("OpenSession", 2), ("OpenSession", 3), ("OpenSession", 3)])
    assert "op_rng" in answers[0] and isinstance(answers[1], bytes)
    assert struct.unpack_from("<I", answers[2], 4)[0] == 0xffffffff
    assert set(sessions(answers[3])) == EVERYBODY
    assert answers[4] == b"\1\2\3"
    assert len(answers[5]) == 12 and answers[5].endswith(b"\xa5\xa5")
    assert [result(one) for one in answers[6:]] == [0, 0, DENIED, 0]


def test_waits_do_not_keep_others_waiting(server, call):
    waiting = call.start(server, "Administrator", [("WaitForSessionState", 2, 8, 60000)])
    wait_until(lambda: server.calls("WaitForSessionState"), 20, "somebody waits")
    call(server, "Administrator", [("OpenSession", 2), ("Logoff", HANDLE)])
    assert result(call.finish(waiting)[0]) == 0
    last = server.answers()[-1]
    assert last["call"] == "WaitForSessionState"  # and no sooner than the session had ended


def test_a_wait_has_an_end(server, call):
    answer, = call(server, "Administrator", [("WaitForSessionState", 2, 8, 100)])
    assert result(answer) == 0x800705b4  # ERROR_TIMEOUT


def test_a_handle_of_nobody(server, call):
    """Is refused, and does the worker no harm."""
    answers = call(server, "Administrator", [("Logoff", bytes(20)), ("CloseEnum", bytes(20)), ("OpenSession", 2)])
    assert all("context_mismatch" in one for one in answers[:2]) and result(answers[2]) == 0


def test_an_id_is_used_again(server, call):
    server.describe(*office(), following(3, user="alice", logon=5))
    answers = call(server, "Administrator", [("OpenSession", 3), ("Logoff", HANDLE), ("GetState", HANDLE)])
    assert result(answers[1]) == 0 and result(answers[2]) & 0x80000000
    assert [one["user"] for one in server.truth() if one["id"] == "3"] == ["alice"]
    assert not [one for one in server.truth("process") if one["session_id"] == "3"]


def test_a_worker_of_ones_own_dies_alone(server, call):
    server.own_worker()
    server.add(fault("Logoff", exit="before", times=1))
    calls = [("OpenSession", 2), ("Logoff", HANDLE)]
    assert "PIPE_DISCONNECTED" in call(server, "Administrator", calls)[1]
    assert server.done() == [] and 2 in server.ids()
    assert result(call(server, "Administrator", calls)[1]) == 0
    assert server.done() == [2]
