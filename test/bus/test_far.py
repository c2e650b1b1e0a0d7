# SPDX-License-Identifier: GPL-3.0-or-later
"""Another machine that has no logoff-host and is asked by its bus, which goes away or answers wrongly. ssh is a script here."""

import json
import re
import shutil

import pytest

from login1 import ID, LOGIN1, OTHER_ID, after, fails, honest, properties, says, session_path, silence

pytestmark = pytest.mark.skipif(not shutil.which("systemd-stdio-bridge"), reason="systemd-stdio-bridge is not installed")

OWN_ID = "c7003"
LACKS = "logoff is not installed there; processes, xrdp clients and idle times are unknown"
LOST = r"\((the system bus has closed the connection|org.freedesktop.DBus.Error.NoReply: .*|the connection broke.*)\)"


class Far:
    """The world's bus as that of another machine, with its bridge in a session of its own."""

    def __init__(self, world, binary):
        self.world, self.fake = world, world.fake
        self.ssh = world.folder / "ssh"
        self.set_ssh(f"echo logoff-bus\nexec systemd-stdio-bridge --bus-path={world.address}")
        world.address = f"unix:path={world.folder}/none"    # of this machine there is none
        world.kind = None
        world.more = {"LOGOFF_SSH": str(self.ssh), "LOGOFF_HOST_PROGRAM": str(binary.parent.parent / "host/logoff-host"),
                      "HOME": str(world.folder)}
        self.fake.sessions[OWN_ID] = properties(OWN_ID)
        self.fake.rules["GetSessionByPID"] = says("o", session_path(OWN_ID))

    def set_ssh(self, script):
        self.ssh.write_text(f"#!/bin/sh\n{script}\n")
        self.ssh.chmod(0o755)

    def run(self, *arguments, program="logoff", server="ssh://far"):
        self.world.binary = self.world.binary.with_name(program)
        first, *others = arguments
        return self.world.run(first, f"/server:{server}", *others)

    def session(self, *arguments):
        """The log-off of session ID within a second."""
        return self.run(ID, "/grace:0", "/wait:1", *arguments)


@pytest.fixture
def far(world, binary):
    return Far(world, binary)


def test_sessions(far):
    done = far.run("session", "/json", program="query")

    assert done.status == 0 and done.err == f"query: far: {LACKS}\n", done.err
    assert [(row["host"], row["id"], row["state"], row["idle_seconds"]) for row in json.loads(done.out)] == [("far", ID, "active", None)]


def test_too_many_sessions(far):
    """Each of them would be kept."""
    one = (ID, 4290007001, "someone", "", session_path(ID))
    far.fake.rules["ListSessions"] = says("a(susso)", [one] * 65537)
    done = far.run("session", program="query")

    assert done.status == 6 and "far: answers wrongly (ListSessions" in done.err, done.err


@pytest.mark.parametrize("size,status", [(4096, 0), (4097, 6), (1 << 20, 6)])
def test_long_texts(far, size, status):
    far.fake.sessions[ID] = properties(ID, Name=("s", "x" * size))
    done = far.run("session", "/json", program="query")

    assert done.status == status and ("far: answers wrongly (GetAll" in done.err) == (status == 6), done.err


def test_the_first_failure_is_told(far):
    """One session is answered wrongly, then the other not at all."""
    far.fake.rules["GetAll"] = [honest, says("s", "x"), fails("org.freedesktop.DBus.Error.NoReply")]
    done = far.run("session", program="query")

    assert done.status == 6 and "far: answers wrongly (GetAll" in done.err, done.err


def test_log_off(far):
    done = far.session()

    assert done.status == 0, done.err
    assert done.err == f"logoff: far: {LACKS}\nlogoff: session {ID} (pts/7001): the host has deleted it; its processes could not be seen\n"
    assert ID not in far.fake.sessions


def test_the_bridge_is_spared(far):
    """A user whom the bridge belongs to is logged off, and the bridge stays until its work is done."""
    far.fake.sessions[OTHER_ID] = properties(OTHER_ID)
    done = far.run("/user:someone", "/y", "/grace:0", "/wait:1")

    assert done.status == 0, done.err
    assert list(far.fake.sessions) == [OWN_ID]
    assert not [body for _, body in far.fake.acts() if body[0] == OWN_ID]


def test_the_bridge_is_no_session_to_name(far):
    done = far.run(OWN_ID, "/grace:0")

    assert done.status == 2, done.err
    assert far.fake.acts() == []


@pytest.mark.parametrize("rule", [fails("System.Error.ENODATA"), silence, says("o", "/nowhere"), says("s", "x")])
def test_nobody_is_logged_off_if_the_bridge_may_be_anybody(far, rule):
    far.fake.rules["GetSessionByPID"] = rule
    done = far.run("/all", "/y")

    assert done.status == 6, done.err
    assert far.fake.acts() == []


def test_a_bridge_that_is_in_no_session(far):
    """As where sshd uses no PAM."""
    far.fake.rules["GetSessionByPID"] = fails(LOGIN1 + ".NoSessionForPID")
    del far.fake.sessions[OWN_ID]

    assert far.session().status == 0
    assert ID not in far.fake.sessions


def test_unknown_never_selects(far):
    for condition in ("/idle:1", "/older:1", "/keep:sleep"):
        done = far.run("/user:someone", condition, "/y")
        assert done.status != 0 or "left alone" in done.err, done.err
    done = far.run("/all", "/y", "/exclude:group:staff")
    assert done.status != 0, done.err
    assert far.fake.acts() == []


def test_message(far):
    """It cannot get there, which is said of each session."""
    done = far.run("*", "/time:1", "hello", program="msg")

    assert done.status not in (0, 1) and done.err.count("terminals and desktops of another machine are not reached") == 1, done.err


def test_drain(far):
    """This machine is not drained in its place, even if the far end of the connection is called like it."""
    far.world.more["LOGOFF_DRAIN_ROOT"] = str(far.world.folder / "drained")
    done = far.run("/user:someone", "/drain", "/y", "/grace:0", "/wait:1", server="ssh://localhost")

    assert done.status == 6 and "this host cannot do that" in done.err, done.err
    assert not (far.world.folder / "drained").exists()


def test_refused(far):
    far.fake.rules["TerminateSession"] = fails("org.freedesktop.DBus.Error.AccessDenied")
    done = far.session()

    assert done.status == 3 and "access denied" in done.err, done.err


def test_no_bridge(far):
    far.set_ssh("echo logoff-bus\necho 'sh: exec: systemd-stdio-bridge: not found' >&2\nexit 127")
    done = far.session()

    assert done.status == 6, done.err
    assert re.fullmatch(r"logoff: far: logoff-host is not installed there, nor systemd's bridge \(.*\)\n", done.err), done.err


def test_no_bridge_and_no_marker(far):
    far.set_ssh("exit 127")
    done = far.session()

    assert done.status == 6 and done.err == "logoff: far: logoff-host is not installed there, nor systemd's bridge\n", done.err


def test_no_bus_there(far):
    far.set_ssh(f"echo logoff-bus\nexec systemd-stdio-bridge --bus-path=unix:path={far.world.folder}/none")
    done = far.session()

    # The bridge of systemd 257 does not even begin.
    assert done.status == 6 and re.match("logoff: far: (its sessions cannot be listed|cannot be reached)", done.err), done.err


def test_a_silent_bus(far):
    """It gets five seconds, though the host has twenty."""
    far.set_ssh("echo logoff-bus\nexec sleep 60")
    done = far.session()

    assert done.status == 6 and "Connection timed out" in done.err, done.err
    assert 5 <= done.seconds < 8


def test_the_bus_breaks_while_it_is_asked(far):
    """The session is there afterwards: nothing is said of it that is not known."""
    far.fake.stubborn.add(ID)
    far.fake.rules["TerminateSession"] = after(lambda fake: far.world.bus.kill(), silence)
    done = far.run(ID, "/grace:0", "/wait:1", "/timeout:2")

    assert done.status == 6, done.err
    assert re.search(rf"session {ID} \(pts/7001\): the host failed {LOST}; whether the session is still there is unknown", done.err), done.err


def cut(far, act, then=None):
    """The first connection breaks when logind is asked to end the session, and ACT happens meanwhile; the next one works, or leads to THEN."""
    first = far.world.folder / "first"
    bridge = f"systemd-stdio-bridge --bus-path={far.world.bus.address}"
    again = f"systemd-stdio-bridge --bus-path={(then or far.world).bus.address}"
    far.set_ssh(f"[ ! -e {first} ] || {{ echo logoff-bus; exec {again}; }}\nmkfifo {first}\necho logoff-bus\n"
                f"exec 3<&0\n{bridge} <&3 &\nexec 3<&- <{first}\nread word\nkill $!")

    def breaks(fake):
        act(fake)
        first.write_text("now\n")
    far.fake.rules["TerminateSession"] = after(breaks, silence)


def test_the_fate_is_gone(far):
    cut(far, lambda fake: fake.sessions.pop(ID))
    done = far.session()

    assert done.status == 0, done.err
    assert f"session {ID} (pts/7001): the host has deleted it; its processes could not be seen" in done.err, done.err


def test_the_fate_on_another_bus(far, worlds):
    """A name may lead to another machine, where there never was such a session."""
    other = worlds()
    other.fake.sessions = {}
    cut(far, lambda fake: None, other)
    done = far.session()

    assert done.status == 6, done.err
    assert "what became of it is unknown" in done.err, done.err


def test_the_fate_is_closing(far):
    cut(far, lambda fake: fake.sessions.update({ID: properties(ID, State=("s", "closing"))}))
    done = far.run(ID, "/grace:0", "/wait:1", "/timeout:2")

    assert done.status == 6, done.err
    assert re.search(rf"session {ID} \(pts/7001\): the host failed {LOST}; the session is closing\n", done.err), done.err
