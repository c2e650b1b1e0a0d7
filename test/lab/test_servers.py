# SPDX-License-Identifier: GPL-3.0-or-later
"""What session managers and servers do in their own ways, release by release."""

import pytest

import sessions
from cases import OK, assert_logged_off, logoff
from host import wait_until


@pytest.fixture
def elogind(lend):
    return lend("elogind")


# -- elogind, which since 255 ends no process and forgets few sessions ----------------------------

def listed(host):
    """What elogind has a record of."""
    return [line.split()[0] for line in host.check("loginctl list-sessions --no-legend").splitlines()]


@pytest.mark.parametrize("load", ["true", "stubborn -d keeper"], ids=["ordinary", "stubborn"])
def test_elogind_lets_go_of_what_root_has_ended(elogind, load):
    session = sessions.ssh(elogind, "alice")
    session.sh(load)
    before = session.processes()

    assert_logged_off(logoff(elogind, session.id, "/grace:1"), session, before)

    assert session.id not in listed(elogind)


def test_who_has_left_elogind_is_not_logged_on(elogind):
    """Its record of a session may stay when the user has typed `exit`."""
    session, kept = sessions.ssh(elogind, "alice"), sessions.ssh(elogind, "bob")
    session.leave()
    assert session.ended_for_client()
    wait_until(lambda: not session.processes(), 5, "nobody is in it")

    shown = elogind.run(["query", "session", "--no-legend"])

    assert shown.status == OK and kept.id in shown.out and session.id not in shown.out


# -- addresses ------------------------------------------------------------------------------------

def test_address_of_ipv4_is_shown_as_such(logind_host):
    """Servers that listen on IPv6 tell the other form of it."""
    session = sessions.fake(logind_host, remote_host="::ffff:10.9.9.9", service="cockpit", type="web", tty="")
    out = logind_host.check(f"query session {session.id} --no-legend --columns=id,address")
    assert out.split() == [session.id, "10.9.9.9"]
