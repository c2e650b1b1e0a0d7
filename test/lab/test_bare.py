# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts without logind: kernel audit sessions, and terminals where there are not even those. The other files have the
cases of all kinds of hosts.
"""

import re

import pytest

import sessions
from cases import DENIED, NO_SESSION, OK, UNREACHABLE, assert_logged_off, logoff
from host import wait_until


def test_no_audit_session_is_no_session(bare):
    """4294967295 is the kernel's "unset"; it would be the whole host."""
    everything = bare.processes()
    assert logoff(bare, "4294967295").status == NO_SESSION
    assert bare.survivors(everything) == everything


def test_shells_of_root_outside_any_login_stay(bare):
    session = sessions.ssh(bare, "alice")
    outside = bare.start("exec stubborn outside")
    wait_until(lambda: bare.named("outside"), what="it runs")
    before, others = session.processes(), bare.named("outside")

    assert_logged_off(logoff(bare, session.id), session, before)

    assert bare.survivors(others) == others
    bare.check("pkill -KILL outside")
    outside.wait(5)


@pytest.mark.parametrize("value", ["procfs", "logind"])
def test_back_end_forced_on_systemd(host, value):
    """procfs ends the same session as logind does, and logind sees it end."""
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()
    name = str(session.audit) if value == "procfs" else session.id

    result = logoff(host, name, "/grace:1", env={"LOGOFF_HOST": value})

    assert result.status == OK, result.text
    assert host.survivors(before) == []
    wait_until(lambda: not session.exists(), 5, "logind has noticed")


def test_logind_forced_where_there_is_none(bare):
    session = sessions.ssh(bare, "alice")
    before = session.processes()
    result = logoff(bare, session.id, env={"LOGOFF_HOST": "logind"})
    assert result.status == UNREACHABLE, result.text
    assert bare.survivors(before) == before


def test_sessions_within_a_terminal_multiplexer_fold_together(bare):
    """script(1) writes a login of its own into utmp; it is the same session."""
    session = sessions.ssh(bare, "alice")
    session.spawn("script --quiet --command 'exec stubborn inner' /dev/null", "inner")
    before = session.processes()
    assert "inner" in [process.name for process in before]

    assert_logged_off(logoff(bare, session.id, "/grace:1"), session, before)


# -- terminals as sessions ----------------------------------------------------------------------

@pytest.fixture
def terminal(unaudited):
    session = sessions.ssh(unaudited, "alice")
    assert session.audit is None, "this host was to have no audit sessions"
    return session


def of_terminal(session):
    """The processes with the session's terminal as controlling terminal."""
    device = session.host.path(f"/dev/{session.tty}").stat().st_rdev
    # The encoding of tty_nr in /proc/PID/stat: minor 7-0, major 15-8, minor 31-20.
    number = device & 0xff | (device >> 8 & 0xfff) << 8 | (device >> 20 & 0xfff) << 20
    return [process for process in session.host.processes() if process.tty == number]


def test_terminal(terminal):
    host = terminal.host
    bystander = sessions.ssh(host, "alice")
    others = of_terminal(bystander)
    terminal.spawn("stubborn keeper", "keeper")
    before = of_terminal(terminal)
    assert len(before) >= 2 and others

    result = logoff(host, terminal.tty, "/grace:1")

    assert result.status == OK, result.text
    assert host.survivors(before) == []
    assert terminal.ended_for_client()
    assert host.survivors(others) == others


def test_descendants_of_a_terminal(terminal):
    """A process that has left the terminal, but not its parent, still belongs to it."""
    host = terminal.host
    inner = terminal.spawn("setsid -w stubborn keeper", "keeper")
    assert inner not in of_terminal(terminal)

    result = logoff(host, terminal.tty, "/grace:1")

    assert result.status == OK, result.text
    assert not host.alive(inner)


def test_a_daemon_cannot_be_attributed(terminal):
    """A daemon without terminal and parent cannot be assigned: it stays, and /v says so."""
    host = terminal.host
    daemon = terminal.spawn("stubborn -d keeper", "keeper")
    before = of_terminal(terminal)

    result = logoff(host, terminal.tty, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert host.survivors(before) == []
    assert host.alive(daemon)
    assert re.search("detached|attributed", result.text)


def test_own_terminal(terminal):
    before = of_terminal(terminal)
    terminal.shell.begin("logoff")
    assert terminal.ended_for_client(15), terminal.shell.heard
    wait_until(lambda: not terminal.host.survivors(before), 5, "all have ended")


def test_another_users_terminal(terminal):
    there = sessions.ssh(terminal.host, "bob")
    before = of_terminal(there)
    out, status = terminal.shell.run(f"logoff {there.tty}")
    assert status == DENIED, out
    assert there.host.survivors(before) == before
