# SPDX-License-Identifier: GPL-3.0-or-later
"""impacket's tstool, each of its verbs, as Debian ships it: a client that knows nothing of ours."""

import re

import pytest

import roots
import sessions
from cases import assert_gone, assert_untouched
from host import wait_until

pytestmark = pytest.mark.skipif(roots.DEBIAN == "12", reason="impacket of Debian 12 has no tstool")


def lines(result):
    assert result.status == 0 and "Traceback" not in result.text, result
    return [line.split() for line in result.out.splitlines()]


@pytest.mark.parametrize("words", [[], ["-v"]], ids=["short", "long"])
def test_qwinsta(any_host, words):
    session = any_host.ssh(any_host.own)

    shown = lines(any_host.tstool(any_host.helper, "qwinsta", *words))

    row, = [row for row in shown if str(any_host.number(session)) in row]
    assert row[0] == session.tty and row[1].lower() == any_host.windows_name(any_host.own).lower() and row[3] == "Active", shown


@pytest.mark.parametrize("words", [[], ["-v"]], ids=["short", "long"])
def test_tasklist(any_host, words):
    session = any_host.ssh(any_host.own)
    sleep = session.spawn("sleep 4242", "sleep")

    shown = lines(any_host.tstool(any_host.helper, "tasklist", *words))

    row, = [row for row in shown if str(sleep.pid) in row]
    assert row[:3] == ["sleep", str(sleep.pid), str(any_host.number(session))], row


@pytest.mark.parametrize("by", ["pid", "name"])
def test_taskkill(any_host, by):
    session = any_host.ssh(any_host.own)
    sleep = session.spawn("sleep 4242", "sleep")

    result = any_host.tstool(any_host.own, "taskkill", *(["-pid", str(sleep.pid)] if by == "pid" else ["-name", "sleep"]))

    assert "OK" in result.out, result
    wait_until(lambda: not any_host.host.alive(sleep), 5, "it has ended")


def test_logoff(any_host):
    session = any_host.ssh(any_host.own)
    before = session.processes()

    result = any_host.tstool(any_host.helper, "logoff", "-session", str(any_host.number(session)))

    assert "OK" in result.out, result
    wait_until(lambda: not session.exists(), 10, "the session has ended")
    assert_gone(session, before)


def test_logoff_by_who_may_not(any_host):
    session = any_host.ssh(any_host.own)
    before = session.processes()

    result = any_host.tstool(any_host.plain, "logoff", "-session", str(any_host.number(session)))

    assert "FAIL" in result.out and re.search("denied|0x80070005", result.text, re.I), result
    assert_untouched(session, before)


def test_msg(any_host):
    session = any_host.ssh(any_host.own)

    result = any_host.tstool(any_host.helper, "msg", "-session", str(any_host.number(session)), "-title", "Notice", "-message", "back at noon")

    assert "OK" in result.out, result
    session.shell.expect("back at noon")


def test_tsdiscon(alone):
    rdp = sessions.RdpSession(alone.host, "alice")
    before = rdp.processes()

    result = alone.tstool("alice", "tsdiscon", "-session", str(alone.number(rdp)))

    assert "OK" in result.out, result
    wait_until(lambda: not rdp.connected(), 5, "the client is gone")
    assert_untouched(rdp, before)


def test_what_this_host_does_not_do(any_host):
    """It says so, and goes on: a session cannot be moved to another client, and nobody shuts the machine down from afar."""
    one, two = any_host.ssh(any_host.own), any_host.ssh(any_host.own)
    before = one.processes()
    numbers = "-source", str(any_host.number(one)), "-dest", str(any_host.number(two))

    for words in (("tscon", *numbers, "-password", "x"), ("shutdown", "-reboot")):
        result = any_host.tstool(any_host.helper, *words)
        assert "FAIL" in result.out and "Traceback" not in result.text, result
    assert_untouched(one, before)
    assert any_host.ask(any_host.plain, "query session").status == 0
