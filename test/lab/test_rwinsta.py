# SPDX-License-Identifier: GPL-3.0-or-later
"""rwinsta: sessions that end at once, without a grace, and are proved to be gone."""

import pytest

import sessions
from cases import DENIED, NO_SESSION, PROTECTED, USAGE, assert_gone, assert_logged_off, assert_untouched
from host import wait_until
from test_stubborn import LOADS


def rwinsta(host, *words, user=None):
    return host.run(["rwinsta", *words], user=user)


@pytest.mark.parametrize("load", ["ignores SIGTERM", "tmux"])
def test_ends_at_once(any_host, load):
    """With the grace of logoff it would take ten seconds."""
    session, other = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "alice")
    session.spawn(*LOADS[load])
    before, others = session.processes(), other.processes()

    result = rwinsta(any_host, session.id)

    assert_logged_off(result, session, before, within=3)
    assert_untouched(other, others)


def test_own_session_only_if_it_is_named(host):
    session = sessions.ssh(host, "alice")
    before = session.processes()

    assert session.shell.run("rwinsta")[1] == USAGE
    assert_untouched(session, before)

    session.shell.begin(f"rwinsta {session.id}")
    assert session.ended_for_client(15)
    wait_until(lambda: not session.processes(), 5, "all of the session has ended")
    assert_gone(session, before)


def test_rights_are_those_of_logoff(host):
    session = sessions.ssh(host, "alice")
    console = sessions.fake_console(host, "bob")
    before = session.processes()

    assert rwinsta(host, session.id, "/noaskpassword", user="bob").status == DENIED
    assert rwinsta(host, "console").status == PROTECTED
    assert rwinsta(host, "99999").status == NO_SESSION

    assert_untouched(session, before)
    assert console.exists()


def test_xrdp(host):
    rdp = sessions.RdpSession(host, "alice")
    before = rdp.processes()

    assert_logged_off(rwinsta(host, rdp.name), rdp, before, within=3)
