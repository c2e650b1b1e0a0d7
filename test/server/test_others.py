# SPDX-License-Identifier: GPL-3.0-or-later
"""The other commands over /server: query, msg, tsdiscon, tskill."""

import json
import re

import pytest

import bed
import sessions
from cases import DENIED, NO_SESSION, OK, assert_untouched
from host import wait_until


ACTION_ID = "7b7bed8cf7be4b628cad27431d716493"


def assert_service_recorded(one, user, session, action, result):
    """What the message service has done for somebody has a record by root, with the account as Windows knows it."""
    def found():
        lines = one.host.check(["journalctl", "--output=json", "--no-pager", f"--since=@{one.since:.0f}", f"MESSAGE_ID={ACTION_ID}",
                                f"LOGOFF_SESSION={session.id}", "_UID=0"]).splitlines()
        return [json.loads(line) for line in lines]

    record, = wait_until(found, 5, "the record")
    assert (record["LOGOFF_ACTION"], record["LOGOFF_RESULT"], record["_UID"]) == (action, result, "0"), record
    assert record["LOGOFF_FOR"].lower() == one.windows_name(user).lower() and record["LOGOFF_FOR_ADDRESS"] == "10.99.0.210", record
    assert record["LOGOFF_ACTOR"].lower() == one.unix_name(user).lower(), record


def table(result):
    assert result.status == OK, result
    return result.out


def test_query_session_shows_what_the_host_shows(any_host):
    """The same ids, users and states on both sides, so that they speak of the same session."""
    own, other = any_host.ssh(any_host.own), any_host.ssh(any_host.other)
    there = any_host.host.check("query session --json")

    rows = {row["id"]: row for row in any_host.json(any_host.helper, "query session")}

    assert {str(bed.Managed.number(own)), str(bed.Managed.number(other))} <= set(rows), rows
    for session in (own, other):
        user = any_host.own if session is own else any_host.other
        assert rows[str(bed.Managed.number(session))]["user"].lower() == user.lower(), rows
        assert rows[str(bed.Managed.number(session))]["state"] == "active", rows
        assert f'"{session.id}"' in there


def test_query_user(any_host):
    session = any_host.ssh(any_host.own)

    shown = table(any_host.ask(any_host.helper, "query user"))

    assert re.search(rf"^ {any_host.own} +\S+ +{bed.Managed.number(session)} +Active ", shown, re.M | re.I), shown


def test_query_process(any_host):
    session = any_host.ssh(any_host.own)
    sleep = session.spawn("sleep 4242", "sleep")

    shown = table(any_host.ask(any_host.helper, "query process", f"/id:{bed.Managed.number(session)}"))

    assert re.search(rf"\b{bed.Managed.number(session)} +{sleep.pid} +sleep\b", shown), shown


def test_a_plain_user_sees_only_their_own(any_host):
    own, other = any_host.ssh(any_host.plain), any_host.ssh(any_host.own)

    shown = {row["id"] for row in any_host.json(any_host.plain, "query session")}

    assert str(bed.Managed.number(own)) in shown and str(bed.Managed.number(other)) not in shown, shown


def test_a_message_without_waiting(any_host):
    session = any_host.ssh(any_host.own)

    result = any_host.ask(any_host.helper, "msg", str(bed.Managed.number(session)), "the machine restarts at noon")

    assert result.status == OK, result
    session.shell.expect("the machine restarts at noon")


def test_a_message_to_ones_own_session(any_host):
    """As msg does on the host itself: it needs no right over others."""
    session = any_host.ssh(any_host.plain)

    result = any_host.ask(any_host.plain, "msg", str(bed.Managed.number(session)), "do not forget the tea")

    assert result.status == OK, result
    session.shell.expect("do not forget the tea")


def test_a_message_with_an_answer_that_cannot_come(any_host):
    """A terminal shows it and cannot answer: the command ends at once, and does not say that anybody has answered or let the time pass."""
    session = any_host.ssh(any_host.own)

    result = any_host.ask(any_host.helper, "msg", str(bed.Managed.number(session)), "/w", "/v", "/time:60", "do you hear?")

    session.shell.expect(re.escape("do you hear?"))
    assert result.seconds < 10 and "has been delivered" in result.out, result
    assert "nobody knows whether" in result.out and "in time" not in result.out, result


def test_a_message_to_a_desktop_is_answered(alone):
    rdp = sessions.RdpSession(alone.host, "alice")
    running = alone.start("bob", "msg", alone.number(rdp), "/w", "/time:30", "/v", "do you hear?")
    window = wait_until(lambda: alone.host.run(["xdotool", "search", "--name", "."], env={"DISPLAY": rdp.display}, user="alice").out, 10,
                        "there is a window")
    assert window
    wait_until(lambda: "xterm" not in alone.host.run(
        ["xdotool", "getwindowfocus", "getwindowname"], env={"DISPLAY": rdp.display}, user="alice").out, 10, "the message has the keyboard")
    alone.host.check(["xdotool", "key", "Return"], env={"DISPLAY": rdp.display}, user="alice")

    out, err = running.communicate(timeout=40)

    assert running.returncode == OK, out + err


def test_a_plain_user_sends_no_message(any_host):
    session = any_host.ssh(any_host.own)

    result = any_host.ask(any_host.plain, "msg", str(bed.Managed.number(session)), "hello")

    assert result.status in (DENIED, NO_SESSION), result
    assert "hello" not in session.sh("true")


@pytest.fixture(params=["Xorg", "Xvnc"])
def rdp(alone, request):
    return sessions.RdpSession(alone.host, "alice", request.param)


@pytest.mark.parametrize("user", ["alice", "bob"], ids=["own", "help desk"])
def test_disconnect(alone, rdp, user):
    before = rdp.processes()

    result = alone.ask(user, "tsdiscon", alone.number(rdp))

    assert result.status == OK, result
    rdp.client.wait(10)
    assert not rdp.connected()
    assert_untouched(rdp, before)
    assert {row["id"]: row["state"] for row in alone.json("bob", "query session")}[str(alone.number(rdp))] == "disconnected"
    if user == "bob":
        assert_service_recorded(alone, user, rdp, "disconnect", "disconnected")


def test_a_plain_user_disconnects_nobody(alone, rdp):
    before = rdp.processes()

    result = alone.ask("carol", "tsdiscon", alone.number(rdp))

    assert result.status in (DENIED, NO_SESSION), result
    assert rdp.connected()
    assert_untouched(rdp, before)


def end_one_of_two(host, user):
    """USER ends one process of a session, and no other. Returns the session."""
    session = host.ssh(host.own)
    sleep, kept = session.spawn("sleep 4242", "sleep"), session.spawn("sleep 4242", "sleep")

    result = host.ask(user, "tskill", sleep.pid)

    assert result.status == OK, result
    assert not host.host.alive(sleep) and host.host.alive(kept)
    return session


def test_end_a_process_of_ones_own(any_host):
    end_one_of_two(any_host, any_host.own)


def test_the_help_desk_ends_a_process(any_host):
    session = end_one_of_two(any_host, any_host.helper)

    assert_service_recorded(any_host, any_host.helper, session, "end-process", "ended")


def test_processes_of_others_are_left_alone(any_host):
    session = any_host.ssh(any_host.own)
    sleep = session.spawn("sleep 4242", "sleep")

    result = any_host.ask(any_host.plain, "tskill", sleep.pid)

    assert result.status != OK and result.err, result
    assert any_host.host.alive(sleep)
