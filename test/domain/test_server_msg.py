# SPDX-License-Identifier: GPL-3.0-or-later
"""msg at a server: who gets what text, how long it is shown, what they answer, and who cannot be reached."""

import pytest

from server import fault, session
from statuses import DENIED, NO_SESSION, NOT_ENDED, OK, UNREACHABLE

ICON_INFORMATION = 0x40
OK_BUTTON, CLOSED = 1, 2
RIGHT_AWAY = 32001


def sent(server, *ids):
    """The messages that were shown, which are for these sessions and no others."""
    messages = server.deeds("message")
    assert sorted(one["session"] for one in messages) == sorted(ids)
    return messages


@pytest.mark.parametrize("words, ids", [
    (["2"], [2]), (["alice"], [2]), (["ALICE"], [2]), (["rdp-tcp#3"], [3]), (["helen"], [5, 6]),
    (["*"], [2, 3, 4, 5, 6])],
    ids=lambda what: " ".join(map(str, what)))
def test_who_is_meant(server, run, words, ids):
    result = run(server, "msg", *words, "hello")
    assert result.status == OK, result
    messages = sent(server, *ids)
    assert all("hello" in one["text"] and not one["wait"] for one in messages)
    assert all(one["style"] == ICON_INFORMATION and one["timeout"] == 60 for one in messages)


@pytest.mark.parametrize("words, timeout", [([], 60), (["/time:5"], 5), (["/time:0"], 0), (["/time:86400"], 86400)])
def test_how_long(server, run, words, timeout):
    assert run(server, "msg", "2", *words, "hello").status == OK
    assert [one["timeout"] for one in sent(server, 2)] == [timeout]


def test_the_title_says_who_and_when(server, run):
    assert run(server, "msg", "2", "hello").status == OK
    title = sent(server, 2)[0]["title"]
    assert "dministrator" in title or "root" in title, title


@pytest.mark.parametrize("text", [
    "a", "two words", "Grüße, 王小明 🦀", 'quo"te \\ back', "x" * 1000, "line one\nline two"])
def test_what_is_said(server, run, text):
    assert run(server, "msg", "2", text).status == OK
    assert text in sent(server, 2)[0]["text"].replace("\r\n", "\n")


def test_from_standard_input(server, run):
    process = run.start(server, "msg", "2", stdin=-1)
    process.stdin.write("from a pipe\n")
    process.stdin.close()
    process.stdin = None
    assert process.wait(30) == OK
    assert "from a pipe" in sent(server, 2)[0]["text"]


@pytest.mark.parametrize("answer, words", [(OK_BUTTON, "OK|answer|read|confirm"), (None, "")])
def test_waits_for_the_answer(bare, run, answer, words):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice", answer=answer, answer_after=300))
    result = run(bare, "msg", "2", "/w", "/time:2", "/v", "hello")
    message, = bare.deeds("message")
    assert message["wait"] and message["timeout"] == 2
    assert bare.answers("ShowMessageBox")
    assert result.status == OK if answer else result.status in (OK, NOT_ENDED), result


def test_waits_for_several_at_once(bare, run):
    """Nobody's silence keeps the question from the next: all are asked before the first one answers."""
    bare.describe(*(session(i, name=f"RDP-Tcp#{i}", user=f"u{i}", answer=1, answer_after=4000) for i in range(2, 12)))
    result = run(bare, "msg", "*", "/w", "/time:90", "/v", "hello")
    first, *_, last = (one["time"] for one in sent(bare, *range(2, 12)))
    assert last - first < 4
    assert result.status == OK and all(f"u{i}" in result.text for i in range(2, 12)), result


def test_words_of_options_in_a_text(server, run):
    assert run(server, "msg", "2", "look", "/w", "here").status == OK
    assert "look /w here" in sent(server, 2)[0]["text"]


@pytest.mark.parametrize("identity", [0, 1])
def test_an_empty_session_is_only_meant_by_name(server, run, identity):
    """Of `*` it was none (test_who_is_meant)."""
    result = run(server, "msg", identity, "hello")
    assert result.status == OK or result.err, result
    assert {one["session"] for one in server.deeds("message")} <= {identity}


@pytest.mark.parametrize("words", [["77"], ["nobody-here"], ["rdp-tcp#77"]])
def test_nobody_is_meant(server, run, words):
    assert run(server, "msg", *words, "hello").status == NO_SESSION
    assert server.deeds() == []


# Of Linux hosts it takes Full Control to write to others: who sees all sessions writes to their own.
@pytest.mark.parametrize("user, words, status, ids", [
    ("bob", ["*"], DENIED, [3]), ("helen", ["alice"], OK, [2]), ("alice", ["2"], OK, [2]),
    ("alice", ["5"], None, [])])
def test_who_may(server, run, user, words, status, ids):
    result = run(server, "msg", *words, "hello", user=user)
    assert result.status == status or (status is None and result.status in (DENIED, NO_SESSION)), result
    sent(server, *ids)


def test_one_of_two_is_refused(server, run):
    server.add(fault("ShowMessageBox", session=2, result=0x80070005),
               fault("WinStationSendMessage", session=2, result=0xc0000022))
    result = run(server, "msg", "*", "hello")
    assert result.status == DENIED and "alice" in result.err and "bob" not in result.err, result
    sent(server, 2, 3, 4, 5, 6)  # the worker writes it down before it refuses


def test_refused_for_a_reason_that_nobody_knows(server, run):
    """It is a refusal all the same: no window is open."""
    server.add(fault("ShowMessageBox", result=0x80041234))
    result = run(server, "msg", "2", "hello")
    assert result.status != OK and "could not be delivered" in result.err and "nobody can tell" not in result.err, result
    sent(server, 2)  # the worker writes it down before it refuses


def test_only_the_legacy_pipe(server, run):
    server.only_pipes("Ctx_WinStation_API_service")
    assert run(server, "msg", "2", "Grüße").status == OK
    assert ["Grüße" in one["text"] for one in sent(server, 2)] == [True]
    long = run(server, "msg", "3", "x" * 2000)
    assert long.status == UNREACHABLE and "no text of more than" in long.err and not long.out, long
    sent(server, 2)  # nothing is cut


def test_remote_desktop_is_off(server, run):
    server.only_pipes("LSM_API_service")
    assert run(server, "msg", "2", "hello").status == OK
    sent(server, 2)


@pytest.mark.parametrize("code", [0xd00a0015, 0x80071b6e, 0x80070005, 0x80004005, 0xdeadbeef])
def test_refused(server, run, code):
    server.add(fault("ShowMessageBox", result=code), fault("WinStationSendMessage", result=code))
    result = run(server, "msg", "2", "hello")
    assert result.status != OK and result.err, result
