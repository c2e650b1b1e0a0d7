# SPDX-License-Identifier: GPL-3.0-or-later
"""What no client of Windows sends: foreign handles, wrong numbers, requests that are too short, clients that vanish. Whoever does that
gets an error, and nobody else notices."""

import concurrent.futures
import re
import struct

import pytest

import bed
import stubs
from bed import HANDLE, step_call, step_open
from cases import assert_gone
from host import wait_until
from test_trouble import SETTINGS

OK, NOT_IMPLEMENTED = 0, 0x80004001
GONE = 0x80071B6E
WRONG_HANDLE, NO_SUCH_CALL, BAD_STUB = "context_mismatch", "op_rng_error", "rpc_x_bad_stub_data"
SERVED = [stubs.SESSION, stubs.NOTIFICATION, stubs.ENUMERATION, stubs.RCM_PUBLIC, stubs.ICA]
INTERFACES = [*SERVED, stubs.RCM_LISTENER]        # of which no call is served
CALLS = {stubs.SESSION: 22, stubs.NOTIFICATION: 4, stubs.ENUMERATION: 12, stubs.RCM_PUBLIC: 12, stubs.RCM_LISTENER: 5, stubs.ICA: 76}
OPENERS = {stubs.SESSION: ("OpenSession", 0), stubs.ENUMERATION: ("OpenEnum",), stubs.ICA: ("WinStationOpenServer",),
           stubs.NOTIFICATION: ("RegisterAsyncNotification", 0xffffffff, 0xffffffff)}
GOOD = {stubs.SESSION: ("OpenSession", 0), stubs.NOTIFICATION: ("WaitForSessionState", 0, 4, 0), stubs.ENUMERATION: ("OpenEnum",),
        stubs.RCM_PUBLIC: ("GetAllListeners", 1), stubs.ICA: ("WinStationOpenServer",)}


@pytest.fixture
def unshaken(any_host):
    """Afterwards the same worker serves others."""
    any_host.wake()
    before = any_host.worker()
    yield any_host
    answer, = any_host.steps(any_host.plain, [step_open("a", stubs.SESSION), step_call("a", "OpenSession", 0)])[1:]
    assert isinstance(answer, bytes) and stubs.result(answer) == OK, answer
    assert any_host.worker() == before, "another worker serves"


def result_of(interface, answer):
    return struct.unpack_from("<I", answer)[0] if interface == stubs.ICA else stubs.result(answer)


def test_a_handle_of_another_connection(unshaken):
    """Of the same user: by another pipe of the connection, and by another connection."""
    answers = unshaken.steps(unshaken.own, [
        step_open("a", stubs.SESSION), step_call("a", "OpenSession", 0),
        step_open("b", stubs.SESSION), step_call("b", "GetState", HANDLE, handle=1),
        step_open("other/c", stubs.SESSION), step_call("other/c", "GetState", HANDLE, handle=1),
        step_call("b", "OpenSession", 0), step_call("other/c", "OpenSession", 0), step_call("a", "CloseSession", HANDLE, handle=1)])

    assert WRONG_HANDLE in answers[3] and WRONG_HANDLE in answers[5], answers
    assert [stubs.result(one) for one in answers[6:]] == [OK] * 3, answers


def test_binds_leave_nothing(unshaken):
    """Samba before 4.20 would keep 8 KB of each."""
    bind = [step_open("a", stubs.SESSION), ["a", "close"]]
    assert set(unshaken.steps(unshaken.own, bind * 100)) == {b""}
    before = unshaken.memory()
    assert set(unshaken.steps(unshaken.own, bind * 400)) == {b""}

    assert unshaken.memory() < before + (1 << 20)


def test_a_handle_of_another_kind(unshaken):
    """The handle of a list is none of a session, also where both interfaces have one pipe."""
    answers = unshaken.steps(unshaken.own, [
        step_open("a", stubs.ENUMERATION), step_call("a", "OpenEnum"), ["a", "bind", stubs.UUIDS[stubs.SESSION]],
        step_call("a", "Logoff", HANDLE, handle=1), step_call("a", "OpenSession", 0)])

    assert WRONG_HANDLE in answers[3] and stubs.result(answers[4]) == OK, answers


def test_the_handle_of_a_session_that_has_ended(unshaken):
    session = unshaken.ssh(unshaken.own)
    before, number = session.processes(), unshaken.number(session)

    answers = unshaken.steps(unshaken.own, [
        step_open("a", stubs.SESSION), step_call("a", "OpenSession", number), step_call("a", "Logoff", HANDLE, handle=1),
        step_open("b", stubs.NOTIFICATION), step_call("b", "WaitForSessionState", number, 8, 60000),
        step_call("a", "GetState", HANDLE, handle=1), step_call("a", "GetUserName", HANDLE, handle=1),
        step_call("a", "Logoff", HANDLE, handle=1), step_call("a", "Disconnect", HANDLE, handle=1),
        step_call("a", "ShowMessageBox", HANDLE, "title", "text", 0, 1, 1, handle=1), step_call("a", "CloseSession", HANDLE, handle=1)])

    assert [stubs.result(answers[i]) for i in (1, 2, 4)] == [OK] * 3, answers
    assert [stubs.result(one) for one in answers[5:10]] == [GONE] * 5, answers
    assert stubs.result(answers[10]) == OK, answers
    assert_gone(session, before)


@pytest.mark.parametrize("interface", INTERFACES)
def test_every_number_of_a_call(unshaken, interface):
    """Without parameters: a call that wants some says that they are missing, one that is not served says so, and there are no others."""
    numbers = [*range(CALLS[interface]), CALLS[interface], 1000, 0xffff]

    answers = unshaken.steps(unshaken.helper, [step_open("a", interface), *(["a", "call", n, "", None] for n in numbers)])[1:]

    for number, answer in zip(numbers, answers):
        if number >= CALLS[interface]:
            assert NO_SUCH_CALL in answer, (number, answer)
        elif isinstance(answer, str):
            assert BAD_STUB in answer, (number, answer)
        else:
            assert result_of(interface, answer) in (OK, NOT_IMPLEMENTED), (number, answer)


def test_a_context_that_nobody_has_bound(unshaken):
    """Samba ends that pipe. The others of the connection go on."""
    wrong = step_call("a", "OpenSession", 0)
    wrong[4] = 77

    answers = unshaken.steps(unshaken.own, [step_open("b", stubs.SESSION), step_open("a", stubs.SESSION), wrong,
                                            step_call("b", "OpenSession", 0)])

    assert isinstance(answers[2], str), answers
    assert stubs.result(answers[3]) == OK, answers


def test_an_interface_that_the_pipe_has_not(unshaken):
    """SAMR, which Samba serves elsewhere, and one of nobody."""
    for uuid in ("12345778-1234-abcd-ef00-0123456789ac", "00000000-1111-2222-3333-444444444444"):
        answers = unshaken.steps(unshaken.own, [["a", "open", stubs.PIPES[stubs.SESSION], uuid, 6], ["a", "call", 0, "", None],
                                                step_open("b", stubs.SESSION), step_call("b", "OpenSession", 0)])
        assert isinstance(answers[0], str), answers
        assert stubs.result(answers[3]) == OK, answers


def requests(interface, number):
    """A good request of each call of the interface that asks."""
    asking = {
        stubs.SESSION: [("OpenSession", number), ("GetUserName", HANDLE), ("GetTerminalName", HANDLE), ("GetState", HANDLE),
                        ("GetTimes", HANDLE), ("GetSessionInformation", number), ("GetSessionType", number),
                        ("GetSessionInformationEx", number)],
        stubs.NOTIFICATION: [("WaitForSessionState", number, 0, 60000), ("RegisterAsyncNotification", number, 0xff)],
        stubs.ENUMERATION: [("GetEnumResult", HANDLE, 1), ("GetEnumResultEx", HANDLE, 1), ("GetAllSessions", 1), ("GetAllSessionsEx", 1),
                            ("FilterByState", HANDLE, 0, 0)],
        stubs.RCM_PUBLIC: [("GetClientData", number), ("GetLastInputTime", number), ("GetRemoteAddress", number), ("GetAllListeners", 1)],
        stubs.ICA: [("WinStationEnumerate", HANDLE, 10, 200, 0), ("WinStationQueryInformation", HANDLE, number, 39, bytes(4)),
                    ("WinStationGetAllProcesses", HANDLE, 0, 0x8000), ("WinStationGetAllProcesses_NT6", HANDLE, 0, 0x8000)],
    }[interface]
    openers = {stubs.SESSION: ("OpenSession", number), stubs.ENUMERATION: ("OpenEnum",), stubs.ICA: ("WinStationOpenServer",)}
    return openers.get(interface), asking


@pytest.mark.parametrize("interface", SERVED)
def test_surplus_bytes_are_passed_over(unshaken, interface):
    """impacket appends some, and perhaps Windows. The answer is the same."""
    session = unshaken.ssh(unshaken.own)
    opener, asking = requests(interface, unshaken.number(session))
    steps = [step_open("a", interface), step_call("a", *(opener or GOOD[interface]))]
    for word, *parameters in asking:
        plain = step_call("a", word, *parameters, handle=1)
        steps += [plain, [*plain[:3], plain[3] + "5a" * 44, None]]

    answers = unshaken.steps(unshaken.own, steps)[2:]

    for i, (word, *_) in enumerate(asking):
        without, surplus = answers[2 * i], answers[2 * i + 1]
        assert isinstance(without, bytes) and isinstance(surplus, bytes), (word, without, surplus)
        assert len(without) == len(surplus) or "Processes" in word, word
        assert result_of(interface, without) == result_of(interface, surplus) == OK, (word, without, surplus)


@pytest.mark.parametrize("interface", SERVED)
def test_requests_that_are_too_short(unshaken, interface):
    """Each call, cut at each place where a parameter may end."""
    steps = [step_open("a", interface), step_call("a", *GOOD[interface])]
    for word, *parameters in requests(interface, 1)[1]:
        opnum, stub = step_call("a", word, *parameters, handle=1)[2:4]
        units = re.findall("<.*?>|.{1,8}", stub)
        steps += [["a", "call", opnum, "".join(units[:n]), None] for n in range(len(units))]

    answers = unshaken.steps(unshaken.own, steps)[2:]

    for step, answer in zip(steps[2:], answers):
        assert isinstance(answer, str) and BAD_STUB in answer, (step, answer)


HUGE = [0x7fffffff, 0x80000000, 0xffffffff, 0x10000000]


def test_huge_counts(unshaken):
    """Numbers that promise more than there is: refused, and nothing is allocated for them."""
    session = unshaken.ssh(unshaken.own)
    number = unshaken.number(session)
    text = stubs.string("text")
    steps = [step_open("a", stubs.SESSION), step_call("a", "OpenSession", number), step_open("e", stubs.ENUMERATION),
             step_open("i", stubs.ICA), step_call("i", "WinStationOpenServer")]
    n = len(steps)
    for count in HUGE:
        four, zero = stubs.numbers(count).hex(), stubs.numbers(0).hex()
        steps += [
            ["a", "call", 9, "<1>" + four + zero + four + "41004100" + text.hex() + zero * 3, None],    # a title of so many characters
            ["a", "call", 9, "<1>" + text.hex() + stubs.numbers(5).hex() + four + stubs.numbers(5).hex() + "41004100" + zero * 3, None],
            ["a", "call", 11, four + "00" * 24 + four, None],                                           # counters
            ["i", "call", 3, "<4+4>" + four + stubs.numbers(0x20000).hex() + four + "00" * 8 + four + zero, None],
            ["i", "call", 5, "<4+4>" + zero + zero + stubs.numbers(0x20000).hex() + four + "00" * 8 + four, None],
            ["i", "call", 7, "<4+4>" + stubs.numbers(number).hex() + four + "41004100" + four + four + "41004100" + four + zero * 2 + "00", None],
            ["i", "call", 8, "<4+4>" + four + "41004100" + four, None],
            ["i", "call", 9, "<4+4>" + stubs.numbers(number).hex() + four + "41004100" + four, None],
        ]
    refused = len(steps)
    for count in HUGE:      # more than there is, by numbers that may be so large or not
        steps += [step_call("i", "WinStationGetAllProcesses_NT6", HANDLE, 0, count, handle=4),
                  ["e", "call", 8, "00000000" + stubs.numbers(count).hex(), None],
                  step_call("e", "GetAllSessionsEx", count)]
    before = unshaken.memory()

    answers = unshaken.steps(unshaken.own, steps)

    for step, answer in zip(steps[n:refused], answers[n:refused]):
        assert isinstance(answer, str) and BAD_STUB in answer, (step, answer)
    assert unshaken.memory() - before < 4 << 20, "the worker has allocated what the counts said"
    assert session.exists()


# Calls that are answered later, or have more to do than to answer. Each is left alone while it is under way.
def leaving(number, pid):
    return [
        *((stubs.SESSION, call) for call in requests(stubs.SESSION, number)[1]),
        *((stubs.ENUMERATION, call) for call in requests(stubs.ENUMERATION, number)[1]),
        *((stubs.RCM_PUBLIC, call) for call in requests(stubs.RCM_PUBLIC, number)[1]),
        *((stubs.ICA, call) for call in requests(stubs.ICA, number)[1]),
        (stubs.SESSION, ("ShowMessageBox", HANDLE, "title", "are you there?", 0, 60, 0)),
        (stubs.SESSION, ("ShowMessageBox", HANDLE, "title", "are you there?", 0, 60, 1)),
        (stubs.SESSION, ("Disconnect", HANDLE)),
        (stubs.NOTIFICATION, ("WaitForSessionState", number, 8, 0xffffffff)),
        (stubs.NOTIFICATION, ("WaitForSessionState", number, 4, 600000)),
        (stubs.NOTIFICATION, ("RegisterAsyncNotification", number, 0xff)),
        (stubs.NOTIFICATION, ("WaitAsyncNotification", HANDLE)),
        (stubs.ICA, ("WinStationTerminateProcess", HANDLE, pid, 0)),
        (stubs.ICA, ("WinStationSendMessage", HANDLE, number, "title", "are you there?", 0, 60, 0)),
        (stubs.ICA, ("WinStationDisconnect", HANDLE, number, 1)),
    ]


def leave(one, interface, call, number):
    """Sends a call, and the client is gone at once."""
    opener = requests(interface, number)[0] or OPENERS.get(interface)
    steps = [step_open("a", interface), *([step_call("a", *opener)] if opener else []), step_call("a", *call, what="leave", handle=1)]
    process = one.begin_steps(one.own, steps)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, ""), (call, out, err)


def test_clients_that_vanish_during_each_call(unshaken):
    session = unshaken.ssh(unshaken.own)
    sleep = session.spawn("sleep 4242", "sleep")
    number = unshaken.number(session)
    before = len(unshaken.descriptors())

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda what: leave(unshaken, *what, number), leaving(number, sleep.pid)))

    # logoff-host stays for a while when it has nothing to do: three descriptors each.
    wait_until(lambda: len(unshaken.descriptors()) <= before + 3 * 8, 20, "the worker has closed their connections")
    assert session.exists()


@pytest.mark.parametrize("call", [("Logoff", HANDLE), ("WinStationReset", HANDLE, None, 1)], ids=["Logoff", "WinStationReset"])
def test_a_client_that_vanishes_when_it_has_asked_for_the_end(unshaken, call):
    """The session ends."""
    session = unshaken.ssh(unshaken.own)
    before, number = session.processes(), unshaken.number(session)
    interface = stubs.REQUESTS[call[0]][0]

    leave(unshaken, interface, tuple(number if word is None else word for word in call), number)

    wait_until(lambda: not session.exists(), 15, "the session has ended")
    assert_gone(session, before)


@pytest.fixture
def narrow(alone):
    """Each client may have little at a time."""
    alone.host.check(f"mkdir -p /etc/logoff && printf 'limit-handles = 3\\nlimit-waits = 2\\nlimit-messages = 1\\n' > {SETTINGS}; "
                     "pkill -KILL rpcd_logoff; true")
    alone.wake()
    yield alone
    alone.host.check(f"rm {SETTINGS}; pkill -KILL rpcd_logoff; true")
    alone.wake()


BUSY = 0x800700AA


def test_a_limit_is_the_clients_own(narrow):
    """Who has reached it is refused, others are not; and it is free again when the client has gone."""
    session = narrow.ssh("alice")
    number = narrow.number(session)
    three = [step_open("a", stubs.SESSION), *([step_call("a", "OpenSession", 0)] * 4)]

    for _ in range(3):
        answers = narrow.steps("alice", three)[1:]
        assert [stubs.result(one) for one in answers] == [OK, OK, OK, BUSY], answers
    for _ in range(3):
        leave(narrow, stubs.NOTIFICATION, ("WaitForSessionState", number, 8, 600000), number)
        leave(narrow, stubs.SESSION, ("ShowMessageBox", HANDLE, "title", "are you there?", 0, 60, 0), number)
    full = [step_open("b", stubs.NOTIFICATION), step_call("b", "WaitForSessionState", number, 8, 1)]
    wait_until(lambda: stubs.result(narrow.steps("alice", [full[0], *([full[1]] * 2)])[2]) != BUSY, 15, "those who have gone do not count")
    waits = [narrow.begin_steps("alice", [step_open("a", stubs.NOTIFICATION), step_call("a", "WaitForSessionState", number, 8, 60000)])
             for _ in range(2)]
    wait_until(lambda: stubs.result(narrow.steps("alice", full)[1]) == BUSY, 15, "the two who wait count")
    # Another client has limits of its own.
    other = narrow.steps("bob", [step_open("a", stubs.NOTIFICATION), step_call("a", "WaitForSessionState", number, 8, 1),
                                 step_open("b", stubs.SESSION), step_call("b", "OpenSession", 0)])
    assert stubs.result(other[1]) == 0x800705B4 and stubs.result(other[3]) == OK, other

    assert narrow.ask("bob", "logoff", number).status == OK

    for one in waits:
        out, err = one.communicate(timeout=20)
        assert out and '"00000000"' in out, (out, err)
