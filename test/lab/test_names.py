# SPDX-License-Identifier: GPL-3.0-or-later
"""How a session is named, several at once, and which server is meant."""

import pytest

import sessions
from cases import (NO_SESSION, OK, PROTECTED, UNREACHABLE, USAGE, assert_gone, assert_logged_off,
                   assert_untouched, logoff)


@pytest.mark.parametrize("designator", ["99999", "c99999", "pts/999", "rdp-tcp#77", "console"])
def test_unknown(any_host, designator):
    bystander = sessions.ssh(any_host, "bob")
    others = bystander.processes()

    result = logoff(any_host, designator)

    assert result.status == NO_SESSION, result.text
    assert len(result.err.splitlines()) == 1 and designator in result.err
    assert result.out == ""
    assert_untouched(bystander, others)


@pytest.mark.parametrize("option", ["/bogus", "/grace:-1", "/wait:x", "--server="])
def test_wrong_usage_touches_nothing(host, option):
    session = sessions.ssh(host, "alice")
    before = session.processes()

    assert logoff(host, session.id, option).status == USAGE
    assert_untouched(session, before)


@pytest.mark.parametrize("case", [str.upper, str.lower, str.title], ids=["PTS", "pts", "Pts"])
def test_names_without_regard_to_case(host, case):
    session = sessions.ssh(host, "alice")
    before = session.processes()
    assert_logged_off(logoff(host, case(session.tty)), session, before)


def test_display_as_name(host):
    session = sessions.fake(host, "alice", display=":7", type="x11")
    before = session.processes()
    assert_logged_off(logoff(host, ":7"), session, before)


def test_names_that_collide(host):
    one = sessions.fake(host, "alice", tty="pts/70")
    two = sessions.fake(host, "bob", tty="pts/70")
    before, before_two = one.processes(), two.processes()

    result = logoff(host, "pts/70")

    assert result.status == NO_SESSION, result.text
    assert_untouched(one, before)
    assert_untouched(two, before_two)
    assert_logged_off(logoff(host, two.id), two, before_two)
    assert_untouched(one, before)


def test_several_at_once(any_host):
    opened = [sessions.ssh(any_host, user) for user in sessions.USERS]
    before = [session.processes() for session in opened]

    result = logoff(any_host, opened[0].id, opened[1].tty, opened[2].id)

    assert result.status == OK, result.text
    for session, processes in zip(opened, before):
        assert_gone(session, processes)
    assert len(result.text.splitlines()) == 3


def test_stubborn_ones_share_the_time(any_host):
    opened = [sessions.ssh(any_host, user) for user in sessions.USERS]
    for session in opened:
        session.spawn("stubborn -d keeper", "keeper")
    before = [session.processes() for session in opened]

    result = logoff(any_host, *[session.id for session in opened], "/grace:2")

    assert result.status == OK, result.text
    assert result.seconds < 4
    for session, processes in zip(opened, before):
        assert_gone(session, processes)


def test_several_with_mixed_results(host):
    """Each gets its line, the highest status wins, and no failure stops the others."""
    first, last = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    console = sessions.fake_console(host, "carol")
    before, before_last, kept = first.processes(), last.processes(), console.processes()

    result = logoff(host, first.id, "99999", "console", last.tty)

    assert result.status == PROTECTED, result.text
    lines = result.text.splitlines()
    assert len(lines) == 4
    for word in (first.id, "99999", "console", last.id):
        assert any(word in line for line in lines), word
    assert_gone(first, before)
    assert_gone(last, before_last)
    assert_untouched(console, kept)


def test_the_same_session_twice(host):
    session = sessions.ssh(host, "alice")
    before = session.processes()
    result = logoff(host, session.id, session.tty)
    assert result.status == OK, result.text
    assert_gone(session, before)


@pytest.mark.parametrize("option", ["/server:localhost", "/SERVER:LocalHost", "--server=localhost",
                                    "/server:{name}"])
def test_this_server(any_host, option):
    session = sessions.ssh(any_host, "alice")
    before = session.processes()

    result = logoff(any_host, session.id, option.format(name=any_host.name))

    assert_logged_off(result, session, before)


def test_another_server(any_host):
    session = sessions.ssh(any_host, "alice")
    before = session.processes()

    result = logoff(any_host, session.id, "/server:elsewhere")

    assert result.status == UNREACHABLE, result.text
    assert "elsewhere" in result.err
    assert_untouched(session, before)
