# SPDX-License-Identifier: GPL-3.0-or-later
"""What graphical sessions tell of the people before them: how long they are idle, and who sits at the far end.

Input is what an RDP client sends when the mouse moves over its window; the rest is between xrdp, the X servers and
the kernel.
"""

import os
import signal
import subprocess
import time

import pytest

import sessions
from cases import NO_SESSION, OK, logoff
from host import wait_until
from test_query import query

FAKE_CLIENT = """
import os, socket, sys, time
display = sys.argv[1]
folder = "/tmp/.xrdp"
os.makedirs(folder, exist_ok=True)
server = socket.socket(socket.AF_UNIX)
server.bind(f"{folder}/xrdp_chansrv_socket_{display}")
server.listen()
open("/proc/self/comm", "w").write("xrdp")
outside = socket.create_server(("127.0.0.1", 13389))
far = socket.create_connection(("127.0.0.1", 13389))
near, _ = outside.accept()
client = socket.socket(socket.AF_UNIX)
client.connect(f"{folder}/xrdp_chansrv_socket_{display}")
held, _ = server.accept()
print("ready", flush=True)
time.sleep(60)
"""


def look(session):
    """The session as query tells it."""
    found, = query(session.host, "session", session.id)
    return found


def idle(session):
    return look(session)["idle_seconds"]


def client(session):
    found = look(session)
    return found["address"], found["client"]


@pytest.mark.parametrize("backend", ["Xorg", "Xvnc"])
def test_idle_time_is_that_of_the_last_input(host, backend):
    rdp = sessions.RdpSession(host, "alice", backend)
    rdp.move_mouse(200)
    time.sleep(2)  # a new display is not idle either, whether the input has come or not
    before = idle(rdp)
    assert before <= 2
    time.sleep(3)
    assert 3 <= idle(rdp) <= before + 5

    rdp.move_mouse(210)

    wait_until(lambda: idle(rdp) == 0, 2, "the session is in use")


def test_idle_since_before_the_disconnection(host):
    """Whoever has gone away without logging off: the case that selection by idle time is for."""
    rdp = sessions.RdpSession(host, "alice")
    rdp.move_mouse(200)
    wait_until(lambda: idle(rdp) == 0, 5, "the input arrives")
    rdp.disconnect()
    time.sleep(2.5)
    found = look(rdp)
    assert found["state"] == "disconnected"
    assert 2 <= found["idle_seconds"] < 20

    kept = logoff(host, "/state:disc", "/idle:1h", "/dryrun")
    meant = logoff(host, "/state:disc", "/idle:2s", "/dryrun")

    assert kept.status in (OK, NO_SESSION) and rdp.id not in kept.out.split(), kept.text
    assert meant.status == OK and "alice" in meant.out and rdp.id in meant.out.split(), meant.text


def test_address_and_name_of_the_client(host):
    one = sessions.RdpSession(host, "alice", name="PC-ALICE")
    other = sessions.RdpSession(host, "bob", name="LAPTOP", server="[::1]")
    assert client(one) == ("127.0.0.1", "PC-ALICE")
    assert client(other) == ("::1", "LAPTOP")

    one.disconnect()

    assert client(one) == (None, None)
    assert client(other) == ("::1", "LAPTOP")
    one.reconnect("PC-NEW")
    wait_until(lambda: client(one) == ("127.0.0.1", "PC-NEW"), 5, "the new client is seen")


def test_name_full_of_control_characters(host):
    """As bytes, it is whatever the client has sent; as shown, it is harmless."""
    rdp = sessions.RdpSession(host, "alice", name="\x1b]0;x\x07\x9b\n[e\"")
    found = look(rdp)
    assert found["address"] == "127.0.0.1"
    assert found["client"].startswith("\x1b]0;x")
    shown = host.run(["query", "session", rdp.id, "--columns=id,client"]).out
    assert "x07" in shown and not any(ord(letter) < 32 and letter != "\n" for letter in shown), shown


def test_what_other_users_are_told(host):
    """Only root can look behind the sockets of xrdp, and only the user can ask his display."""
    rdp = sessions.RdpSession(host, "alice", name="PC-ALICE")

    def seen_by(user):
        command = f"query session {rdp.id} --json"
        out = host.check(command, user=user)
        return "PC-ALICE" in out, '"idle_seconds": null' not in out

    assert seen_by("root") == (True, True)
    assert seen_by("alice") == (False, True)
    assert seen_by("bob") == (False, False)


def test_nobody_passes_for_the_client_of_another_user(host):
    """bob has sockets and a process that are called like those of xrdp for alice's display."""
    rdp = sessions.RdpSession(host, "alice", name="PC-ALICE")
    fake = host.start(["python3", "-c", FAKE_CLIENT, str(rdp.number)], user="bob")
    try:
        assert fake.stdout.readline() == "ready\n"
        assert client(rdp) == ("127.0.0.1", "PC-ALICE")
        os.killpg(rdp.client.pid, signal.SIGKILL)
        wait_until(lambda: not host.named("xfreerdp"), 5, "the client is gone")
        wait_until(lambda: client(rdp) == (None, None), 5, "no client")
    finally:
        host.check("pkill -KILL -u bob; rm -rf /tmp/.xrdp")
        fake.communicate(timeout=10)


@pytest.fixture
def x_server(host):
    """An X server of alice's whose key is not in the usual place, and a program of hers on it."""
    host.check("install -m 600 -o alice /dev/null /home/alice/elsewhere && "
               "xauth -f /home/alice/elsewhere add $(hostname)/unix:55 . $(mcookie) && chown alice /home/alice/elsewhere")
    settings = {"DISPLAY": ":55", "XAUTHORITY": "/home/alice/elsewhere"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    host.start(["Xvfb", ":55", "-auth", "/home/alice/elsewhere"], user="alice", **quiet)
    wait_until(host.path("/tmp/.X11-unix/X55").exists, 10, "the X server is up")
    host.start(["sleep", "60"], user="alice", env=settings, **quiet)
    yield settings
    host.run("pkill -KILL -u alice; rm -f /home/alice/elsewhere /tmp/.X55-lock /tmp/.X11-unix/X55")


def test_key_that_only_a_program_of_the_user_knows(host, x_server):
    session = sessions.fake(host, "alice", type="x11", display=":55", service="sddm")
    assert idle(session) is not None
    host.check(["xdotool", "mousemove", "50", "60"], user="alice", env=x_server)
    assert idle(session) <= 1
    # No other user gets in by that, and logind's word on whose display it is opens nothing.
    stranger = sessions.fake(host, "bob", type="x11", display=":55", service="sddm")
    assert idle(stranger) is None


def test_a_display_that_hangs(host):
    rdp = sessions.RdpSession(host, "alice")
    server, = [one for one in rdp.processes() if one.name == "Xorg"]
    host.check(f"kill -STOP {server.pid}")
    try:
        begin = time.monotonic()
        assert idle(rdp) is None
        assert 1 <= time.monotonic() - begin < 2
    finally:
        host.check(f"kill -CONT {server.pid}")
    assert idle(rdp) is not None
    assert not [one for one in host.named("query")]


def test_ways_in_are_not_asked_for_logging_off(host):
    """A display that hangs keeps nobody from being logged off, and costs no time."""
    rdp = sessions.RdpSession(host, "alice")
    server, = [one for one in rdp.processes() if one.name == "Xorg"]
    host.check(f"kill -STOP {server.pid}")
    begin = time.monotonic()
    result = logoff(host, rdp.id, "/grace:0")
    assert result.status == OK, result.text
    assert time.monotonic() - begin < 1
