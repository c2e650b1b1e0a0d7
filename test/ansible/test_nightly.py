# SPDX-License-Identifier: GPL-3.0-or-later
"""The nightly rule while its users are warned: one comes back, and the administrator stops the unit."""

import pytest

import sessions
from cases import assert_gone, assert_untouched, not_used_for, type_in
from host import finish, wait_until

SETTINGS = "idle = 12\nwarn = 5\nmessage = Please save your work.\ntrial = 0\n"


@pytest.fixture
def host(login1):
    login1.check("mkdir -p /etc/logoff; rm -f /var/lib/logoff/nightly")
    login1.path("/etc/logoff/nightly.conf").write_text(SETTINGS)
    yield login1
    login1.run("rm -f /etc/logoff/nightly.conf; systemctl stop logoff-nightly; systemctl reset-failed logoff-nightly")


def away(host, *users):
    """Sessions that have been idle for a while."""
    opened = [sessions.ssh(host, user) for user in users]
    not_used_for(12, *opened)
    host.check("touch -m --date='-1 hour' " + " ".join(f"/dev/{one.tty}" for one in opened))
    return opened, [one.processes() for one in opened]


def said(host):
    return host.check("journalctl --sync; journalctl --no-pager -o cat -u logoff-nightly")


def test_who_comes_back_is_left_alone(host):
    (alice, bob), (kept, ended) = away(host, "alice", "bob")
    unit = host.start("systemctl start logoff-nightly")
    alice.shell.expect(r"Please save your work\.", 20)
    type_in(alice)
    result = finish(unit, 60)
    assert result.status == 0, said(host)
    assert_untouched(alice, kept)
    assert_gone(bob, ended)


def test_stopped_unit_logs_nobody_off(host):
    (alice,), (kept,) = away(host, "alice")
    unit = host.start("systemctl start logoff-nightly")
    alice.shell.expect(r"Please save your work\.", 20)
    host.check("systemctl stop logoff-nightly")
    assert finish(unit, 60).status != 0
    assert_untouched(alice, kept)
    alice.shell.expect("cancelled|cancel", 10)
    wait_until(lambda: not host.named("logoff-nightly") and not host.named("logoff"), 10, "both programs have ended")
    assert host.run("systemctl is-failed logoff-nightly").out.strip() == "failed"
