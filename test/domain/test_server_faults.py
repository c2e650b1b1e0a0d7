# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that do wrong. Whatever they do: the command ends, by itself and in time, and says nothing that is not so."""

import os
import random
import signal
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import server as servers
from conftest import finish
from host import children, wait_until
from relay import PipeRelay, TcpRelay
from server import ago, fault, following, session
from statuses import CANCELLED, DENIED, LOGON, NO_SESSION, NOT_ENDED, OK, UNREACHABLE
from truth import check

# What `logoff ID` calls, in this order, of what takes a moment to end; the wait is one of two.
CALLS = ["GetSessionInformationEx", "OpenSession", "Logoff", "GetState", "WaitForSessionState", "CloseSession", "GetAllSessionsEx"]
LOGOFF = ["logoff", "--json", "/grace:1", "/wait:3"]

FAILURES = {
    "rpc-denied": {"rpc": 5}, "rpc-no-such-call": {"rpc": 0x1c010002}, "rpc-handle": {"rpc": 0x1c00001a},
    "rpc-stub": {"rpc": 0x6f7}, "rpc-busy": {"rpc": 0x1c010014}, "rpc-unheard": {"rpc": 0x12345678},
    "denied": {"result": 0x80070005}, "gone": {"result": 0x80070002}, "gone-too": {"result": 0xd00a0015},
    "failed": {"result": 0x80004005}, "not-implemented": {"result": 0x80004001}, "busy": {"result": 0x80071b70},
    "unheard": {"result": 0xdeadbeef}, "success": {"result": 0x7fffffff},
    "empty": {"raw": b""}, "one-byte": {"raw": b"\0"}, "zeroes": {"raw": bytes(64)}, "ones": {"raw": b"\xff" * 64},
    "large": {"raw": b"\xff" * 60000}, "half": {"cut": 10}, "short": {"cut": 3}, "surplus": {"surplus": 1000},
    "long-text": {"raw": struct.pack("<III", 0x20000, 0xffffffff, 0) + b"A" * 400},
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("call", [call for call in CALLS if call != "Logoff"])
def test_one_call_fails(server, run, call, failure):
    server.add(fault(call, **FAILURES[failure]))
    result = run(server, *LOGOFF, "2", timeout=40)
    check(server, result, liar=failure == "success")


def stubborn(server, *faults):
    """Session 2 does not go away, whatever is answered."""
    server.describe(session(2, name="RDP-Tcp#1", user="alice", logoff="ignored", reset="ignored"),
                    session(3, user="bob"), *faults)


def prompt(server, *faults):
    """Session 2 ends at once when it is asked to. If it ended a moment later, what the command saw of it would not be so
    any more when a case looks."""
    server.describe(session(2, name="RDP-Tcp#1", user="alice"), session(3, user="bob"), *faults)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("ends", [True, False], ids=["ends", "stays"])
def test_the_log_off_fails(server, run, ends, failure):
    """Whatever the server answers to the log-off."""
    faults = [fault("Logoff", **FAILURES[failure])]
    if ends:
        prompt(server, *faults)
    else:
        stubborn(server, *faults)
    result = run(server, *LOGOFF, "2", timeout=40)
    check(server, result)
    assert server.ids() == ([3] if ends else [2, 3])


@pytest.mark.parametrize("failure", [
    "rpc-denied", "rpc-handle", "denied", "gone", "gone-too", "failed", "zeroes", "ones"])
@pytest.mark.parametrize("call", CALLS)
def test_one_call_fails_after_it_went_well(server, run, call, failure):
    """What was known is no longer so, or seems not to be."""
    stubborn(server, fault(call, skip=1, **FAILURES[failure]))
    result = run(server, *LOGOFF, "2", timeout=40)
    check(server, result)
    assert result.status != OK and server.ids() == [2, 3]


@pytest.mark.parametrize("call", CALLS)
def test_late(server, run, call):
    server.add(fault(call, late=700))
    result = run(server, "logoff", "--json", "2")
    check(server, result)
    assert result.status == OK and 2 not in server.ids() and server.done("reset") == [], result


@pytest.mark.parametrize("call", CALLS)
def test_never_an_answer(server, run, call):
    server.add(fault(call, late="never"))
    check(server, run(server, *LOGOFF, "2", timeout=40))


@pytest.mark.parametrize("call", ["GetAllSessionsEx", "GetSessionInformationEx", "WinStationOpenServer",
                                  "WinStationGetAllProcesses_NT6"])
def test_never_an_answer_to_a_query(server, run, call):
    server.add(fault(call, late="never"))
    command = ["query process", "*"] if call.startswith("Win") else ["query user"]
    result = run(server, *command, timeout=100)
    assert result.status in (UNREACHABLE, NOT_ENDED) and result.err, result
    if call == "GetSessionInformationEx":  # only times are missing then
        assert "?" in result.out and "idle" in result.err, result


@pytest.mark.parametrize("selection", ["/idle:1h", "/older:1h"])
def test_nobody_is_chosen_by_times_that_were_not_told(server, run, selection):
    """Nor is it said that there is nobody whom they fit."""
    server.add(fault("GetSessionInformationEx", late="never"))
    result = run(server, "logoff", selection, "/y", timeout=100)
    assert result.status == UNREACHABLE and "idle" in result.err, result
    assert server.done() == [] and "selected" not in result.err


# -- lies ----------------------------------------------------------------------------------------

def test_says_done_and_does_nothing(server, run):
    stubborn(server)
    result = run(server, *LOGOFF, "2")
    said = check(server, result)
    assert result.status == NOT_ENDED and said["session_exists"] is True
    assert server.done() == [2] and set(server.done("reset")) == {2}


def test_says_that_it_is_down_and_it_is_not(server, run):
    stubborn(server, fault("WaitForSessionState", undone=True))
    result = run(server, *LOGOFF, "2")
    check(server, result)
    assert result.status == NOT_ENDED


def test_tells_of_the_end_without_end(server, run):
    """One notice after the other of an end that is none."""
    removed = struct.pack("<IIIIII", 0x20000, 1, 2, 0x90, 1, 0)
    stubborn(server, fault("WaitForSessionState", undone=True),
             fault("WaitAsyncNotification", undone=True, raw=removed))
    result = run(server, *LOGOFF, "2", "3", timeout=40)
    assert result.status == NOT_ENDED and 2 in server.ids(), result
    assert len(server.calls()) < 500, "asked as fast as it answers"


@pytest.mark.parametrize("by", ["id", "list"])
def test_gone_by_one_word_and_there_by_another(server, run, by):
    """By its id, or in the list: both have to say so."""
    stubborn(server, fault("GetSessionInformationEx", session=2, skip=1, result=0x80070002) if by == "id" else
             fault("GetAllSessionsEx", hide=2))
    result = run(server, *LOGOFF, "2")
    check(server, result)
    assert result.status == NOT_ENDED


def test_hidden_from_us(server, run):
    """Whoever may not see a session any more does not know that it is gone."""
    stubborn(server, fault("GetSessionInformationEx", session=2, skip=1, result=0x80070005),
             fault("GetAllSessionsEx", hide=2))
    result = run(server, *LOGOFF, "2")
    check(server, result)
    assert result.status != OK


def test_not_logged_on_any_more(server, run):
    """The id without its logon time: nobody knows whose it is."""
    stubborn(server, fault("GetSessionInformationEx", session=2, skip=1, poke=(176, bytes(8))))
    result = run(server, *LOGOFF, "2")
    check(server, result)
    assert result.status != OK


# -- at the wrong moment -------------------------------------------------------------------------

def test_ends_by_itself_while_it_is_waited_for(server, run):
    stubborn(server)
    process = run.start(server, "logoff", "--json", "2")
    wait_until(lambda: server.done(), 30, "it was asked to end")
    server.end(2)
    result = finish(process)
    check(server, result)
    assert result.status == OK and server.done("reset") == []


def test_the_id_is_used_again_while_it_is_waited_for(server, run):
    stubborn(server, following(2, name="RDP-Tcp#7", user="bob", logon=ago(0)))
    process = run.start(server, "logoff", "2", "/v")
    wait_until(lambda: server.done(), 30, "it was asked to end")
    server.end(2)
    result = finish(process)
    assert result.status == OK and server.ids() == [2, 3], result
    assert server.done("reset") == [] and server.done() == [2]


def test_another_has_it_before_it_is_asked(server, run):
    """Between the look and the question: whoever is there now is not logged off."""
    server.describe(session(2, name="RDP-Tcp#1", user="alice"), following(2, name="RDP-Tcp#1", user="bob", logon=ago(0)),
                    fault("GetSessionInformationEx", late=1500, times=1))
    process = run.start(server, "logoff", "2")
    wait_until(lambda: server.calls("GetSessionInformationEx"), 30, "it was looked for")
    server.end(2)
    result = finish(process)
    # The answer under way is still of alice. The window between it and the question is all that is left.
    assert result.status in (OK, NO_SESSION, NOT_ENDED, UNREACHABLE), result
    if result.status != OK:
        assert server.ids() == [2]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", CALLS)
def test_the_worker_dies(server, run, call, moment):
    server.own_worker()
    prompt(server, fault(call, exit=moment, times=1))
    result = run(server, *LOGOFF, "2", timeout=40)
    check(server, result)


def test_the_worker_dies_and_the_session_does_not_end(server, run):
    server.own_worker()
    stubborn(server, fault("WaitForSessionState", exit="before"), fault("WaitAsyncNotification", exit="before"))
    result = run(server, *LOGOFF, "2", timeout=40)
    check(server, result)
    assert result.status != OK


# -- lengths -------------------------------------------------------------------------------------

LENGTHS = [b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\0\0\0\0", b"\1\0\0\0"]


def of_one_server(domain, jobs, do, at_once=4):
    """Runs do(server, job) for each job with a server of its own, some at a time."""
    def one(job):
        mine = servers.Server(domain)
        try:
            return do(mine, job)
        finally:
            mine.release()

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, jobs))


@pytest.mark.parametrize("command, call, offsets", [
    ("query session", "GetAllSessionsEx", range(0, 120, 4)), ("query session", "GetAllSessionsEx", range(400, 480, 4)),
    ("query user", "GetSessionInformationEx", range(0, 204, 12)),
    ("query session --json", "GetClientData", range(0, 24, 4)),
    ("query process", "WinStationGetAllProcesses_NT6", range(0, 120, 4)),
    ("query process", "WinStationGetAllProcesses_NT6", range(120, 400, 12))],
    ids=lambda what: what if isinstance(what, str) else str(what[0]))
def test_wrong_lengths(domain, run, command, call, offsets):
    """Whatever a number in an answer is made: a table of what can be understood, or words, and no crash."""
    def do(mine, job):
        offset, value = job
        mine.describe(*servers.office(), fault(call, poke=(offset, value)))
        result = run(mine, command, *(["*"] if "process" in command else []), timeout=100)
        assert result.status in (OK, UNREACHABLE, DENIED, NO_SESSION), (job, result)
        assert result.status == OK or result.err, (job, result)

    choose = random.Random(call)
    of_one_server(domain, [(at, value) for at in offsets for value in (choose.choice(LENGTHS[1:]), LENGTHS[0])], do)


def test_damaged_answers(domain, run):
    """Bytes of the answers to logoff are changed at random, always the same way."""
    choose = random.Random(20250314)
    jobs = [(choose.choice(CALLS), choose.randrange(220), choose.randbytes(choose.randrange(1, 9)), choose.randrange(2))
            for _ in range(40)]

    def do(mine, job):
        call, offset, value, skip = job
        stubborn(mine, fault(call, poke=(offset, value), skip=skip or None))
        result = run(mine, *LOGOFF, "2", timeout=40)
        check(mine, result)
        assert result.status != OK, (job, result)

    of_one_server(domain, jobs, do)


# -- fragments -----------------------------------------------------------------------------------

def changed(pdu, offset, value):
    return pdu[:offset] + value + pdu[offset + len(value):]


# C706 12.6: version 0, type 2, flags 3, fragment length 8, authentication length 10, call id 12
SPOILED = {
    "closed": lambda pdu: None,
    "half": lambda pdu: pdu[:len(pdu) // 2],
    "head": lambda pdu: pdu[:10],
    "nothing": lambda pdu: b"",
    "longer": lambda pdu: changed(pdu, 8, b"\xff\xff"),
    "shorter": lambda pdu: changed(pdu, 8, b"\x14\x00"),
    "no-length": lambda pdu: changed(pdu, 8, b"\0\0"),
    "seal": lambda pdu: changed(pdu, 24, bytes([pdu[24] ^ 1])) if len(pdu) > 24 else pdu,
    "token": lambda pdu: changed(pdu, len(pdu) - 1, bytes([pdu[-1] ^ 1])),
    "no-token": lambda pdu: changed(pdu, 10, b"\0\0"),
    "long-token": lambda pdu: changed(pdu, 10, b"\xff\xff"),
    "version": lambda pdu: changed(pdu, 0, b"\x04"),
    "type": lambda pdu: changed(pdu, 2, b"\x0c"),
    "fault": lambda pdu: changed(pdu, 2, b"\x03"),
    "flags": lambda pdu: changed(pdu, 3, b"\0"),
    "not-last": lambda pdu: changed(pdu, 3, b"\1"),
    "call": lambda pdu: changed(pdu, 12, b"\xee\xee\xee\xee"),
    "twice": lambda pdu: pdu + pdu,
    "noise": lambda pdu: random.Random(1).randbytes(len(pdu)),
}

N_FRAGMENTS = 22  # more than an ordinary run has


@pytest.mark.parametrize("how", SPOILED)
def test_fragments(domain, run, how):
    """One fragment of an answer after the other is spoiled, in a run of its own each."""
    def do(mine, number):
        mine.describe(session(2, name="RDP-Tcp#1", user="alice"), session(3, user="bob"))
        with PipeRelay(mine, lambda i, pdu: SPOILED[how](pdu) if i == number else pdu, silent=how == "half"):
            result = run(mine, *LOGOFF, "2", timeout=100)
        check(mine, result)
        return result.status

    statuses = of_one_server(domain, range(N_FRAGMENTS), do, at_once=8)
    assert OK in statuses  # there were not so many


@pytest.mark.parametrize("silent", [False, True], ids=["closed", "silent"])
def test_the_connection_is_cut(bare, run, silent):
    """After each so many bytes of the server's, each in a run of its own, which logs off a session of its own."""
    bare.describe(*(session(i, name=f"RDP-Tcp#{i}", user=f"u{i}") for i in range(2, 40)))
    with TcpRelay(bare, 5000) as relay:
        assert run(bare, "logoff", "39", name=f"{bare.name}:5000").status == OK
    total = len(relay.from_server)

    def do(i):
        with TcpRelay(bare, 5000 + i, cut=total * (i - 1) // 20, silent=silent):
            result = run(bare, *LOGOFF, i, name=f"{bare.name}:{5000 + i}", timeout=100)
        if result.status == OK:
            assert i not in bare.ids(), result
        elif result.out.strip():
            check(bare, result, i)
        return result.status

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(do, range(2, 22)))
    assert statuses[0] in (UNREACHABLE, NOT_ENDED) and set(statuses) <= {OK, UNREACHABLE, NOT_ENDED, LOGON}, statuses


def test_a_port_that_says_nothing(server, run, domain, authfile):
    """Something listens there, and that is all it does; or it speaks another protocol."""
    program = ("import socket, sys, time\n"
               "s = socket.create_server(('', int(sys.argv[1]))); s.listen()\n"
               "kept = []\n"
               "while True:\n"
               "    kept.append(s.accept()[0])\n"
               "    if sys.argv[2]: kept[-1].sendall(sys.argv[2].encode())\n")
    started = []
    try:
        for port, greeting in ((6001, ""), (6002, "SSH-2.0-OpenSSH_9.2p1\r\n")):
            started.append(domain.start(["python3", "-c", program, port, greeting]))
        for port in (6001, 6002):
            wait_until(lambda: domain.listens(port), 10, "it listens")
        runs = [run.start(server, "logoff", "2", name=f"{server.name}:{port}") for port in (6001, 6002)]
        for result in [finish(process, 100) for process in runs]:
            assert result.status in (UNREACHABLE, NOT_ENDED), result
    finally:
        for one in started:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait(10)
    assert server.ids() == [0, 1, 2, 3, 4, 5, 6]


# -- who is in a hurry ---------------------------------------------------------------------------

@pytest.mark.parametrize("command, call", [
    (["logoff", "2", "/wait:60"], "Logoff"), (["logoff", "2", "/warn:60"], "ShowMessageBox"),
    (["msg", "2", "/w", "x"], "ShowMessageBox"), (["query session"], "GetAllSessionsEx"),
    (["logoff", "2"], "GetSessionInformationEx")], ids=lambda what: "".join(what)[:9])
def test_ctrl_c(server, run, command, call):
    stubborn(server)
    if call not in ("Logoff", "ShowMessageBox"):
        server.add(fault(call, late="never"))
    process = run.start(server, *command)
    wait_until(lambda: server.calls(call), 30, f"{call} was called")
    os.killpg(process.pid, signal.SIGINT)
    if call == "Logoff":    # once: who was asked is followed to the end
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode in (CANCELLED, -signal.SIGINT, 128 + signal.SIGINT), (out, err)
    assert 2 in server.ids()


def descendants(pid):
    found = children(pid)
    return [pid, *(one for child in found for one in descendants(child))]


def test_the_program_is_killed(server, run):
    """logoff-tsts, while a session is waited for."""
    stubborn(server)
    process = run.start(server, "logoff", "--json", "2", "/wait:30")
    wait_until(lambda: server.done(), 30, "it was asked to end")
    wanted = [pid for pid in descendants(process.pid)
              if open(f"/proc/{pid}/comm").read().startswith("logoff-tsts")]
    assert len(wanted) == 1
    os.kill(wanted[0], signal.SIGKILL)
    result = finish(process, 20)
    check(server, result)
    assert result.status in (UNREACHABLE, NOT_ENDED), result


def test_nothing_of_it_stays_behind(server, run, domain):
    """The program ends with its starter, however that ends."""
    stubborn(server)
    process = run.start(server, "logoff", "2", "/wait:60")
    wait_until(lambda: server.done(), 30, "it was asked to end")
    mine = descendants(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    process.stderr.close()
    wait_until(lambda: not [pid for pid in mine if os.path.exists(f"/proc/{pid}")], 20, "all of it has ended")
