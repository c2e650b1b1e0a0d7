# SPDX-License-Identifier: GPL-3.0-or-later
"""xrdp sessions with a real RDP client, on Xorg and on Xvnc.

xrdp has to take its own display down: if it is killed before it can, its lock and sockets stay and
the next login gets another display.
"""

import pytest

import roots
import sessions
from cases import NO_SESSION, OK, assert_logged_off, assert_untouched, logoff
from host import wait_until
from test_hidden import saved, write_saver

CLEAN_END = "ERRINFO_LOGOFF_BY_USER"


@pytest.fixture(params=["Xorg", "Xvnc"])
def rdp(host, request):
    return sessions.RdpSession(host, "alice", request.param)


def assert_client_is_told(session):
    """The client ends, and knows that its user was logged off. xrdp 0.10 says so only if it learns of the end of the
    desktop before that of its X server."""
    assert CLEAN_END in session.client_log()


def assert_display_is_free(session):
    assert session.leftovers() == []


def test_connected_by_name(rdp):
    before = rdp.processes()

    result = logoff(rdp.host, rdp.name.upper())

    assert_logged_off(result, rdp, before)
    assert_display_is_free(rdp)
    assert_client_is_told(rdp)


def test_next_login_gets_the_same_display(host):
    first = sessions.RdpSession(host, "alice")
    before = first.processes()
    assert_logged_off(logoff(host, first.id), first, before)
    assert_client_is_told(first)

    second = sessions.RdpSession(host, "bob")

    assert second.display == first.display


def test_disconnected(rdp):
    """It has no name any more, only its id."""
    rdp.disconnect()
    before = rdp.processes()

    result = logoff(rdp.host, rdp.name)
    assert result.status == NO_SESSION, result.text
    assert_untouched(rdp, before)

    assert_logged_off(logoff(rdp.host, rdp.id), rdp, before)
    assert_display_is_free(rdp)


def test_connected_again(host):
    """The name comes back with the client."""
    rdp = sessions.RdpSession(host, "alice")
    rdp.disconnect()
    rdp.reconnect()
    before = rdp.processes()

    assert_logged_off(logoff(host, rdp.name), rdp, before)
    assert_client_is_told(rdp)


@pytest.fixture
def desktop_with_a_daemon(host):
    """alice's desktop starts a daemon that only SIGKILL ends."""
    start = host.path("/home/alice/.lab-session")
    start.write_text("#!/bin/sh\nstubborn -d keeper\n")
    start.chmod(0o755)
    yield
    host.path("/home/alice/.lab-session").unlink()


@pytest.mark.parametrize("backend", ["Xorg", "Xvnc"])
def test_stubborn(host, desktop_with_a_daemon, backend):
    rdp = sessions.RdpSession(host, "alice", backend)
    wait_until(lambda: host.named("keeper"), what="the daemon runs")
    before = rdp.processes()
    assert "keeper" in [process.name for process in before]

    result = logoff(host, rdp.id, "/grace:1")

    assert_logged_off(result, rdp, before)
    assert_display_is_free(rdp)
    assert_client_is_told(rdp)


def test_a_pane_in_a_scope_of_its_own(host, desktop_with_a_daemon):
    """Newer versions of tmux have the user's service manager hold each pane, and xrdp's logins have no audit session."""
    other = sessions.ssh(host, "alice")     # the service manager stays for it
    host.path("/home/alice/.lab-session").write_text("#!/bin/sh\nsetsid tmux new -d -s work 'stubborn pane' </dev/null >/dev/null 2>&1\n")
    rdp = sessions.RdpSession(host, "alice")
    (pane,) = wait_until(lambda: host.named("pane"), what="the pane runs")
    if ".scope" not in pane.cgroup or "user@" not in pane.cgroup:
        pytest.skip("this version of tmux makes no scopes")

    result = logoff(host, rdp.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.survivors([pane]), result.text
    assert other.sh("echo fine") == "fine"


def test_programs_that_cannot_be_held_are_asked(host):
    """On a kernel without pidfds: they are asked all the same, and get their time to save."""
    write_saver(host)
    start = host.path("/home/alice/.lab-session")
    start.write_text("#!/bin/sh\nsetsid saver 1 >/dev/null 2>&1 &\n")
    start.chmod(0o755)
    try:
        rdp = sessions.RdpSession(host, "alice", program=None)  # the saver is never quiet
        wait_until(host.path("/tmp/saved/ready").exists, 20, "it listens to SIGTERM")
    finally:
        start.unlink()
    before = rdp.processes()

    result = host.run(["systemd-run", "--quiet", "--wait", "--pipe", "-p", "SystemCallFilter=~pidfd_open",
                       "-p", "SystemCallErrorNumber=ENOSYS", "logoff", rdp.id, "/grace:6"])

    assert saved(host), result.text
    assert_logged_off(result, rdp, before)


def test_two_desktops(host):
    """One is logged off, the other's client stays connected."""
    ended, kept = sessions.RdpSession(host, "alice"), sessions.RdpSession(host, "bob")
    before, others = ended.processes(), kept.processes()
    assert ended.name != kept.name

    assert_logged_off(logoff(host, ended.name), ended, before)

    assert_untouched(kept, others)
    assert kept.connected() and kept.client.poll() is None


def test_from_a_container_that_has_the_hosts_bus(rdp):
    """Numbers of processes are others there: logind asks them all at once, and nobody has to be killed. Then sockets of
    xrdp 0.10 may stay."""
    before = rdp.processes()

    result = rdp.host.run(["unshare", "--pid", "--fork", "--mount-proc", "logoff", rdp.id, "/grace:3", "/v"])

    assert_logged_off(result, rdp, before)
    assert "killing" not in result.out.partition("service manager")[0], result.text
    assert rdp.leftovers() == [] or roots.DEBIAN != "12"
