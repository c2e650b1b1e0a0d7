# SPDX-License-Identifier: GPL-3.0-or-later
"""tsdiscon: the client of an xrdp session leaves, and the session goes on; others are refused."""

import re

import pytest

import sessions
from cases import DENIED, NO_SESSION, NOT_IN_TIME, OK, PROTECTED, UNREACHABLE, assert_untouched
from host import wait_until
from test_messenger import without_service  # noqa: F401: fixture


@pytest.fixture(params=["Xorg", "Xvnc"])
def rdp(host, request):
    return sessions.RdpSession(host, "alice", request.param)


def tsdiscon(host, *words, user=None, env=None):
    return host.run(["tsdiscon", *words], user=user, env=env)


def assert_goes_on(rdp, before):
    assert not rdp.connected()
    rdp.client.wait(10)
    assert_untouched(rdp, before)
    assert f"{rdp.id}  Disc" in rdp.host.check("query session")


def test_the_session_goes_on(rdp):
    """And its user finds it again, with the programs that they left."""
    before = rdp.processes()

    result = tsdiscon(rdp.host, rdp.name, "/v")

    assert result.status == OK and rdp.id in result.out, result.text
    assert_goes_on(rdp, before)
    assert tsdiscon(rdp.host, rdp.id).status == OK, "it has no client already"
    rdp.reconnect()
    assert_untouched(rdp, before)
    assert tsdiscon(rdp.host, rdp.id).status == OK


def test_by_its_user(rdp):
    """xorgxrdp takes it from the user, Xvnc does not: then the message service does it."""
    before = rdp.processes()

    result = tsdiscon(rdp.host, rdp.id, user="alice")

    assert result.status == OK, result.text
    assert_goes_on(rdp, before)


def test_by_its_user_without_the_service(rdp, without_service):  # noqa: F811
    before, xvnc = rdp.processes(), "Xvnc" in [one.name for one in rdp.processes()] or not rdp.host.named("Xorg")

    result = tsdiscon(rdp.host, rdp.id, user="alice")

    if xvnc:
        assert result.status == DENIED and "logoff-messenger" in result.err, result.text
        assert rdp.connected()
    else:
        assert result.status == OK, result.text
        assert_goes_on(rdp, before)


def test_a_socket_on_which_nobody_acts(host, without_service):  # noqa: F811
    """A user cannot keep root from it, nor direct the message to another's session."""
    rdp, other = sessions.RdpSession(host, "alice", "Xorg"), sessions.RdpSession(host, "bob", "Xorg")
    before, others = rdp.processes(), other.processes()
    own, theirs = (host.check(f"ls -d /run/xrdp/sockdir/xrdp_disconnect_display_{one.number} "
                              f"/run/xrdp/sockdir/*/xrdp_disconnect_display_{one.number} 2>/dev/null || true") for one in (rdp, other))

    for trap in (f"ln -s {theirs} {own}", f"mkfifo {own}", f"mkdir {own}"):
        host.check(f"rm -rf {own}; {trap}", user="alice")
        assert tsdiscon(host, rdp.id, user="alice").status == DENIED, trap
        assert rdp.connected() and other.connected(), trap
    host.check(f"rmdir {own}", user="alice")
    host.start(["systemd-socket-activate", "--datagram", f"--listen={own}", "sleep", "60"], user="alice")
    wait_until(lambda: host.run(f"test -S {own}").status == 0, what="the socket is there")
    assert tsdiscon(host, rdp.id, user="alice").status == NOT_IN_TIME

    result = tsdiscon(host, rdp.id)

    assert result.status == OK, result.text
    assert_goes_on(rdp, before)
    assert_untouched(other, others)
    assert other.connected()


def test_from_within(host):
    """In the session itself nothing has to be named."""
    start = host.path("/home/alice/.lab-session")
    start.write_text("#!/bin/sh\nuntil test -e /tmp/go; do sleep 0.1; done\ntsdiscon >/tmp/said 2>&1; echo $? >>/tmp/said\n")
    start.chmod(0o755)
    try:
        rdp = sessions.RdpSession(host, "alice", program=None)
        host.path("/tmp/go").touch()
        rdp.client.wait(20)
    finally:
        start.unlink()
        host.path("/tmp/go").unlink()

    assert wait_until(host.path("/tmp/said").read_text, 10, "it has ended") == "0\n"
    assert rdp.exists() and not rdp.connected()


def test_one_of_two(host):
    left, kept = sessions.RdpSession(host, "alice"), sessions.RdpSession(host, "bob")
    before, others = left.processes(), kept.processes()

    assert tsdiscon(host, left.name).status == OK

    assert_goes_on(left, before)
    assert_untouched(kept, others)
    assert kept.connected() and kept.client.poll() is None


def test_others_need_the_right(rdp):
    before = rdp.processes()

    result = tsdiscon(rdp.host, rdp.id, user="bob")

    assert result.status == DENIED, result.text
    assert_untouched(rdp, before)
    assert rdp.connected()


def test_others_are_refused(any_host):
    session = sessions.ssh(any_host, "alice")
    before = session.processes()

    assert tsdiscon(any_host, session.id).status == PROTECTED
    assert session.shell.run("tsdiscon")[1] == PROTECTED
    assert tsdiscon(any_host).status == NO_SESSION
    assert_untouched(session, before)


def test_console_is_refused(host):
    console = sessions.fake_console(host, "bob")

    assert tsdiscon(host, console.id).status == PROTECTED
    assert console.exists()


def test_a_channel_server_that_has_crashed(rdp):
    """Then nobody can tell whether a client is connected. Xorg disconnects it if asked; of Xvnc only the channels lead to it."""
    before = rdp.processes()
    xvnc = "Xvnc" in [one.name for one in before]
    channel_server, = [one for one in before if one.name == "xrdp-chansrv"]
    rdp.host.check(f"kill -KILL {channel_server.pid}")
    before = [one for one in before if one != channel_server]

    result = tsdiscon(rdp.host, rdp.id, "/v")

    assert result.status == (PROTECTED if xvnc else UNREACHABLE) and not result.out, result.text
    assert_left(rdp, not xvnc)
    assert_not_selected(rdp, before)


def assert_left(rdp, left):
    if left:
        rdp.client.wait(10)
    else:
        assert rdp.client.poll() is None


def assert_not_selected(rdp, before):
    result = rdp.host.run(["logoff", "/state:disc", "/y"])
    assert result.status != OK and "left alone" in result.err, result.text
    assert_untouched(rdp, before)


WAITS = """
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
time.sleep(60)
"""


def test_a_channel_server_that_waits_beside_a_client(rdp):
    """After a fault of the channels, and for a moment of each connection: xrdp has the screen, and the channel server waits for it."""
    xvnc = "Xvnc" in [one.name for one in rdp.processes()]
    channel_server, = [one for one in rdp.processes() if one.name == "xrdp-chansrv"]
    path = re.search(r"\S*xrdp_chansrv_socket_\S+", rdp.host.check("cat /proc/net/unix")).group()
    rdp.host.check(f"kill -KILL {channel_server.pid}; rm -f {path}")
    waiting = rdp.host.start(["python3", "-c", WAITS, path], user=rdp.user)
    wait_until(lambda: rdp.host.run(f"test -S {path}").status == 0, what="it waits")
    before = [one for one in rdp.processes() if one.name != "xrdp-chansrv"]

    assert_not_selected(rdp, before)
    assert tsdiscon(rdp.host, rdp.id).status == (PROTECTED if xvnc else OK)
    assert_left(rdp, not xvnc)
    waiting.kill()
    waiting.wait()
