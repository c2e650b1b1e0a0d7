# SPDX-License-Identifier: GPL-3.0-or-later
"""Warning the users first: what they read on their terminals, what the administrator sees, and what becomes of a
session that ends, changes or is spared meanwhile.
"""

import re
import shlex
import time

import pytest

import sessions
from cases import (CANCELLED, NOT_IN_TIME, OK, PROTECTED, assert_gone, assert_logged_off, assert_untouched, interrupt,
                   logoff, not_used_for, start_logoff)
from host import finish, wait_until

WARNING = r"root logs you off in (\d+) seconds?\. Save your work now\.\n"
CANCELLATION = r"root has cancelled this log-off\. It will not log you off\.\n"
WIPE = "\x1b[K"


@pytest.fixture(params=["systemd", "elogind", "bare"])
def each_kind(lend, request):
    """Each back end once."""
    return lend(request.param)


@pytest.fixture
def warned(each_kind):
    """A session, and a logoff that has just warned its user for the first time and has a minute to go."""
    session = sessions.ssh(each_kind, "alice")
    session.before = session.processes()
    session.logoff = start_logoff(each_kind, session.id, "/warn:60")
    assert session.shell.expect(WARNING, 5).group(1) == "60"
    return session


def everything_heard(session):
    """What has come to a terminal until it fell silent, or ended."""
    while True:
        before = session.shell.heard
        if not session.shell.listen(0.3) or session.shell.heard == before:
            return session.shell.heard


def at_a_terminal(host, *words):
    """Starts logoff as root with a terminal of its own; `finish` returns what it drew there."""
    line = " ".join(shlex.quote(word) for word in ["logoff", *words])
    return host.start(["script", "--quiet", "--return", "--command", line, "/dev/null"])


# -- the countdown ------------------------------------------------------------------------------

def test_countdown(host):
    """At the start, at half of the time, 10 s before the end; and each second at the administrator's terminal."""
    session, leaving = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    leaving.refuse_messages()
    before, others = session.processes(), leaving.processes()

    running = at_a_terminal(host, session.id, leaving.id, "/warn:22", "The server restarts.")
    start, told = time.monotonic(), {}
    leaving.shell.expect(WARNING + r"The server restarts\.\n", 5)
    leaving.leave()
    for _ in range(3):
        left = session.shell.expect(WARNING + r"The server restarts\.\n", 15).group(1)
        told[int(left)] = time.monotonic() - start
    assert not host.survivors(others), "whoever leaves is not held up"
    assert host.survivors(before) == before
    result = finish(running, 20)

    assert list(told) == [22, 11, 10]
    for left, elapsed in told.items():
        assert elapsed == pytest.approx(22 - left, abs=1.5)
    assert result.status == OK, result.text
    assert_gone(session, before)
    assert_gone(leaving, others)
    drawn = [int(second) for second in re.findall(r"2 sessions will be logged off in (\d+) s; Ctrl-C cancels", result.out)]
    assert drawn == list(range(22, 0, -1))
    assert result.out.count("logged off.") == 2 and WIPE in result.out
    assert "could not be warned" not in result.out, "whoever has left need not be warned again"
    assert everything_heard(session).count("logs you off") == 0


def test_a_short_warning_comes_once(each_kind):
    session = sessions.ssh(each_kind, "alice")
    before = session.processes()

    result = logoff(each_kind, session.id, "/warn:2", "/v")

    assert_logged_off(result, session, before, within=5)
    assert result.seconds > 2
    assert len(re.findall(WARNING, everything_heard(session))) == 1
    assert re.search(r"alice has been warned; 2 seconds left", result.out)
    assert not re.search(r"[^\n -~]", result.text), "a countdown was drawn into a pipe"


def test_nobody_to_read_it(host):
    """The administrator gets a report about a user who cannot be warned, and the user is logged off nevertheless."""
    session = sessions.ssh(host, "alice", tty=False)
    before = session.processes()

    result = logoff(host, session.id, "/warn:1")

    assert_logged_off(result, session, before)
    assert result.seconds > 1
    assert f"session {session.id}: alice could not be warned" in result.err


def test_own_words(host):
    """They may be Chinese, and cannot do anything to the terminal."""
    session = sessions.ssh(host, "alice")
    before = session.processes()

    result = logoff(host, session.id, "/warn:1", "--message=請儲存\x1b]0;owned\x07 \x1b[31mred\u202e")

    assert_logged_off(result, session, before)
    heard = everything_heard(session)
    assert "請儲存\\x1b]0;owned\\x07 \\x1b[31mred\\xe2\\x80\\xae\n" in heard
    assert "\x1b" not in heard and "\u202e" not in heard


def test_by_whom(host):
    """The person, not the root that they have become."""
    here, there = sessions.ssh(host, "carol"), sessions.ssh(host, "alice")
    before = there.processes()
    host.path("/etc/sudoers.d/lab").write_text("carol ALL=(ALL) NOPASSWD: ALL\n")

    out, status = here.shell.run(f"sudo logoff {there.id} /warn:1")

    assert status == OK, out
    assert_gone(there, before)
    assert "carol logs you off in 1 second." in everything_heard(there)


def test_protected_ones_are_not_warned(host):
    """What is refused is refused at once, and nobody is frightened for nothing."""
    console, session = sessions.fake_console(host, "bob"), sessions.ssh(host, "alice")
    kept, before = console.processes(), session.processes()

    alone = logoff(host, "console", "/warn:30", "/v")
    assert alone.status == PROTECTED, alone.text
    assert alone.seconds < 1 and "warned" not in alone.text
    result = logoff(host, "console", session.id, "/warn:1", "/v")

    assert result.status == PROTECTED, result.text
    assert "alice has been warned" in result.out and "bob" not in result.out
    assert_gone(session, before)
    assert_untouched(console, kept)


# -- second thoughts ----------------------------------------------------------------------------

def test_cancelled(warned):
    interrupt(warned.host, warned.logoff)
    result = finish(warned.logoff, 5)

    assert result.status == CANCELLED, result.text
    assert warned.id in result.err
    warned.shell.expect(CANCELLATION, 5)
    assert_untouched(warned, warned.before)
    time.sleep(0.3)
    assert everything_heard(warned) == "", "said once is enough"


def test_asked_counted_down_and_cancelled_at_the_keyboard(host):
    here = sessions.ssh(host, "alice")
    there = [sessions.ssh(host, "alice") for _ in range(2)]
    before = [session.processes() for session in there]

    mark = here.shell.begin("logoff /user:alice /warn:60")
    here.shell.answer(r"\(y/n\) ", "y")
    here.shell.expect("2 sessions will be logged off in 58 s; Ctrl-C cancels", 5)
    here.shell.write("\x03")
    out, status = here.shell.result(mark, 5)

    assert status == CANCELLED, out
    assert out.count("cancelled") == 2 and WIPE in out
    for session, processes in zip(there, before):
        session.shell.expect(r"alice logs you off in 60 seconds\.", 5)
        session.shell.expect("alice has cancelled this log-off", 5)
        assert_untouched(session, processes)


def test_ends_by_itself_meanwhile(each_kind):
    session = sessions.ssh(each_kind, "alice")
    before = session.processes()

    running = start_logoff(each_kind, session.id, "/warn:2")
    session.shell.expect(WARNING, 5)
    session.leave()

    assert_logged_off(finish(running), session, before)


def test_no_longer_what_was_selected(each_kind):
    """The user has come back to their terminal."""
    back, away = sessions.ssh(each_kind, "alice"), sessions.ssh(each_kind, "bob")
    not_used_for(4, back, away)
    before, others = back.processes(), away.processes()

    running = start_logoff(each_kind, "/idle:4", "/warn:2", "/y")
    back.shell.expect(WARNING, 5)
    back.sh("true")
    result = finish(running)

    assert result.status == NOT_IN_TIME, result.text
    assert back.id in result.err and "no longer" in result.err
    back.shell.expect(CANCELLATION, 5)
    assert not re.search(CANCELLATION, everything_heard(away))
    assert_untouched(back, before)
    assert_gone(away, others)


def test_named_stays_meant(host):
    """A session that was named is logged off whatever its user does meanwhile."""
    named, selected = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    not_used_for(4, named, selected)
    before, others = named.processes(), selected.processes()

    running = start_logoff(host, named.id, "/idle:4", "/warn:2")
    named.shell.expect(WARNING, 5)
    named.sh("true")
    selected.sh("true")
    result = finish(running)

    assert result.status == NOT_IN_TIME, result.text
    assert_gone(named, before)
    assert_untouched(selected, others)


def test_connected_again_meanwhile(host):
    rdp = sessions.RdpSession(host, "alice")
    rdp.disconnect()
    before = rdp.processes()

    running = start_logoff(host, "/state:disc", "/warn:6")
    time.sleep(0.5)
    rdp.reconnect()
    result = finish(running)

    assert result.status == NOT_IN_TIME, result.text
    assert host.survivors(before) == before
    assert rdp.exists() and rdp.connected()


def test_host_restarts_its_logind_meanwhile(host):
    session = sessions.ssh(host, "alice")
    before = session.processes()

    running = start_logoff(host, session.id, "/warn:2")
    session.shell.expect(WARNING, 5)
    host.restart("systemd-logind")

    assert_logged_off(finish(running), session, before, within=6)


# -- long work ----------------------------------------------------------------------------------

def test_progress_at_a_terminal(host):
    opened = [sessions.ssh(host, "alice") for _ in range(3)]
    for session in opened[:2]:
        session.spawn("stubborn -d keeper", "keeper")
    before = [session.processes() for session in opened]

    result = finish(at_a_terminal(host, *[session.id for session in opened], "/grace:1"))

    assert result.status == OK, result.text
    for session, processes in zip(opened, before):
        assert_gone(session, processes)
    drawn = re.findall(r"(\d) of 3 sessions logged off(?:, (\d) had to be forced)?", result.out)
    assert ("1", "") in drawn and drawn[-1] == ("3", "2")
    # The line is wiped off before the results are printed.
    assert result.out.rpartition(WIPE)[2].count("logged off.") == 3
