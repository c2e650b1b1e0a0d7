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

import roots
import sessions
from cases import NO_SESSION, OK, logoff
from host import wait_until
from test_msg import PASSWORD_PROMPT
from test_query import query
from test_stuck import hangfs, hanging  # noqa: F401: a fixture

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
    """The user has left without logging off, and the desktop is idle: selections by idle time are for this case."""
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
    one.disconnect()
    one.reconnect("PC-THIRD", "[::1]")
    wait_until(lambda: client(one) == ("::1", "PC-THIRD"), 5, "the third client is seen, at its own address")


def test_name_full_of_control_characters(host):
    """As bytes, it is whatever the client has sent; as shown, it is harmless."""
    rdp = sessions.RdpSession(host, "alice", name="\x1b]0;x\x07\x9b\n[e\"")
    found = look(rdp)
    assert found["address"] == "127.0.0.1"
    assert found["client"].startswith("\x1b]0;x")
    shown = host.run(["query", "session", rdp.id, "--columns=id,client"]).out
    assert "x07" in shown and not any(ord(letter) < 32 and letter != "\n" for letter in shown), shown


def test_what_other_users_are_told(host):
    """Only root can look behind the sockets of xrdp, and only the user can ask their display."""
    rdp = sessions.RdpSession(host, "alice", name="PC-ALICE")

    def seen_by(user):
        command = f"query session {rdp.id} --json"
        out = host.check(command, user=user)
        assert ("127.0.0.1" in out) == ("PC-ALICE" in out)
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
        wait_until(lambda: not host.named(roots.RELEASE.rdp_client), 5, "the client is gone")
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
    wait_until(lambda: idle(session) is not None, what="the X server answers")

    def is_active():
        host.check(["xdotool", "mousemove", "50", "60", "mousemove", "60", "50"], user="alice", env=x_server)
        seconds = idle(session)
        return seconds is not None and seconds <= 1

    wait_until(is_active, what="the X server has told of the mouse")
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


def test_what_asks_a_display_has_nothing_of_the_caller(host):
    """carol, who has become root, has a file open, a scope, a login and more; the program that asks is alice's."""
    rdp = sessions.RdpSession(host, "alice")
    server, = [one for one in rdp.processes() if one.name == "Xorg"]
    carol = sessions.ssh(host, "carol")
    audit = carol.sh("cat /proc/self/sessionid")
    host.check(f"kill -STOP {server.pid}")
    try:
        mark = carol.shell.begin("su root -c 'exec 9</etc/shadow; trap \"\" USR1 HUP; umask 000; export LAB_SECRET=1; query user'")
        carol.shell.answer(PASSWORD_PROMPT, "pw-root")
        asking, = wait_until(lambda: host.named("logoff-user"), 10, "a program asks")
        time.sleep(0.3)  # it has become alice by then

        def of(name):
            return host.path(f"/proc/{asking.pid}/{name}").read_text()

        status, files = of("status"), host.path(f"/proc/{asking.pid}/fd")
        held = {int(one.name): os.readlink(one) for one in files.iterdir()}
        found = {name: of(name) for name in ("environ", "loginuid", "sessionid")}
        assert carol.shell.result(mark)[1] == OK
    finally:
        host.check(f"kill -CONT {server.pid}")
    assert [held[one] for one in range(3)] == ["/dev/null"] * 3
    assert all(target.startswith("socket:") for number, target in held.items() if number > 2) and len(held) <= 5
    assert found["environ"] == ""
    assert found["loginuid"] == "1000" and found["sessionid"] not in (audit, "4294967295")
    for line in ("Uid:\t1000\t1000\t1000\t1000", "Groups:\t ", "NoNewPrivs:\t1", "Umask:\t0077", "SigIgn:\t0000000000000000",
                 "SigBlk:\t0000000000000000", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapAmb:\t0000000000000000"):
        assert line in status.splitlines(), f"{line!r}: {status}"
    wait_until(lambda: not host.named("logoff-user"), 3, "nothing of it is left")


def test_ways_in_are_not_asked_for_logging_off(host):
    """A display that hangs does not delay a log-off."""
    rdp = sessions.RdpSession(host, "alice")
    server, = [one for one in rdp.processes() if one.name == "Xorg"]
    host.check(f"kill -STOP {server.pid}")
    begin = time.monotonic()
    result = logoff(host, rdp.id, "/grace:0")
    assert result.status == OK, result.text
    assert time.monotonic() - begin < 1


# -- desktops that tell it themselves -----------------------------------------------------------

FAKE_DESKTOP = """
import sys, time
from jeepney import new_method_return, MessageType
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
names, signature, value = sys.argv[1].split(","), sys.argv[2], int(sys.argv[3])
connection = open_dbus_connection("unix:path=/run/user/1000/bus")
for name in names:
    connection.send_and_get_reply(message_bus.RequestName(name))
print("ready", flush=True)
while True:
    call = connection.receive()
    if call.header.message_type == MessageType.method_call and value >= 0:
        connection.send(new_method_return(call, signature, (value,)))
"""
MUTTER, SCREENSAVER, KDE = "org.gnome.Mutter.IdleMonitor", "org.freedesktop.ScreenSaver", "org.kde.screensaver"


@pytest.fixture
def fake_desktop(host):
    """fake_desktop(names, signature, milliseconds): a program of alice's that has those names on her bus."""
    sessions.bring_jeepney(host)
    running = []

    def start(*words):
        wait_until(host.path("/run/user/1000/bus").exists, 10, "alice's bus is there")
        one = host.start(["python3", "-c", FAKE_DESKTOP, *map(str, words)], user="alice",
                         env={"PYTHONPATH": "/usr/local/lib/lab"})
        running.append(one)
        assert one.stdout.readline() == "ready\n"

    yield start
    for one in running:
        os.killpg(one.pid, signal.SIGKILL)
        one.communicate(timeout=10)


@pytest.mark.parametrize("names,signature,value,seconds", [
    (MUTTER, "t", 2345, 2), (MUTTER, "t", 0, 0), (f"{SCREENSAVER},{KDE}", "u", 2345, 2),
    # KDE says 0 where it does not know; who else has that name may mean seconds.
    (f"{SCREENSAVER},{KDE}", "u", 0, None), (SCREENSAVER, "u", 2, None), (MUTTER, "s", 0, None), (MUTTER, "t", -1, None),
], ids=["gnome", "gnome-in-use", "kde", "kde-unknown", "other", "wrong-type", "silent"])
def test_idle_time_of_a_wayland_desktop(host, fake_desktop, names, signature, value, seconds):
    session = sessions.fake_console(host, "alice", display="", type="wayland")
    fake_desktop(names, signature if signature != "s" else "u", value)
    time.sleep(3)  # nobody is idle for longer than the session exists
    begin = time.monotonic()
    assert idle(session) == seconds
    assert time.monotonic() - begin < 1.5


def test_x_server_of_a_wayland_desktop_is_not_asked(host, fake_desktop, x_server):
    session = sessions.fake_console(host, "alice", display=":55", type="wayland")
    assert idle(session) is None
    fake_desktop(MUTTER, "t", 1000)
    time.sleep(2)
    assert idle(session) == 1


def test_desktop_of_one_of_two_sessions(host, fake_desktop):
    """alice has one bus: it is unknown which of her desktops has answered."""
    one = sessions.fake_console(host, "alice", display="", type="wayland")
    fake_desktop(MUTTER, "t", 0)
    assert idle(one) == 0
    other = sessions.fake(host, "alice", type="wayland", service="sddm")
    assert idle(one) is None and idle(other) is None


def test_asking_for_idleness_starts_nothing(host):
    service = host.path("/usr/share/dbus-1/services/lab-mutter.service")
    service.write_text(f"[D-BUS Service]\nName={MUTTER}\nExec=/usr/bin/touch /tmp/lab-started\n")
    try:
        session = sessions.fake_console(host, "alice", display="", type="wayland")
        wait_until(host.path("/run/user/1000/bus").exists, 10, "alice's bus is there")
        assert idle(session) is None
        time.sleep(0.3)
        assert not host.path("/tmp/lab-started").exists()
    finally:
        service.unlink()


# -- who is connected ---------------------------------------------------------------------------

def test_nobody_connects_the_session_of_another_user(host):
    """bob has a socket that is called like that of alice's channel server, and a client on it."""
    rdp = sessions.RdpSession(host, "alice")
    rdp.disconnect()
    assert look(rdp)["state"] == "disconnected"
    fake = host.start(["python3", "-c", FAKE_CLIENT, str(rdp.number)], user="bob")
    try:
        assert fake.stdout.readline() == "ready\n"
        assert look(rdp)["state"] == "disconnected"
        meant = logoff(host, "/state:disc", "/dryrun")
        assert rdp.id in meant.out.split(), meant.text
    finally:
        host.check("pkill -KILL -u bob; rm -rf /tmp/.xrdp")
        fake.communicate(timeout=10)


def test_everybody_sees_who_is_connected(host):
    rdp = sessions.RdpSession(host, "alice")
    assert '"active"' in host.check(f"query session {rdp.id} --json", user="bob")
    rdp.disconnect()
    assert '"disconnected"' in host.check(f"query session {rdp.id} --json", user="bob")


LOGIN_ON_A_DISPLAY = """
import struct, sys, time
with open("/run/utmp", "ab") as file:
    file.write(struct.pack("hi32s4s32s256shhiii4i20x", 7, int(sys.argv[1]), b":0", b":0", b"alice", b"", 0, 0, 0, 1, 0,
                           0, 0, 0, 0))
"""


@pytest.mark.parametrize("trap", ["mkfifo /tmp/.X0-lock", "ln -s /dev/zero /tmp/.X0-lock"], ids=["fifo", "link"])
def test_lock_file_that_is_none(bare, trap):
    """Everybody may put one into /tmp; who has logged on to the display is alice."""
    alice = sessions.ssh(bare, "alice")
    pid = alice.sh("echo $$")
    bare.check(["python3", "-c", LOGIN_ON_A_DISPLAY, pid])
    bare.check(trap, user="bob")
    try:
        assert bare.run("timeout 5 query session", timeout=10).status == OK
    finally:
        bare.check("rm /tmp/.X0-lock")


def test_key_on_a_file_system_that_does_not_answer(host, hangfs):
    """The process that reads the key as the user cannot be killed; nothing waits for its end."""
    rdp = sessions.RdpSession(host, "alice")
    host.check(f"rm -f /home/alice/.Xauthority; ln -s {hangfs}/key /home/alice/.Xauthority")
    try:
        start = time.monotonic()
        idle(rdp)
        assert time.monotonic() - start < 5
    finally:
        host.check("rm -f /home/alice/.Xauthority")
