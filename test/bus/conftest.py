# SPDX-License-Identifier: GPL-3.0-or-later
"""A private bus, the wrong-answering logind on it, and the command that meets them.

The binary is $LOGOFF, else the one of ./build. Where the machine allows it (root, or namespaces for users), the command
runs in namespaces of its own: it sees no process of this machine, /run says which kind of host it is, and
/sys/fs/cgroup is a folder of the test. Elsewhere cases that need that are skipped and say so; the ids and the user of
the others exist on no host.
"""

import os
import pathlib
import re
import socket
import subprocess
import threading
import time

import pytest

from login1 import ID, UID, Login1

TREE = pathlib.Path(__file__).parent.parent.parent

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""

# In the namespaces: the test's folders instead of the machine's; the one process that a scope or a manager holds; and
# the command not as process 1, which could not be killed.
INSIDE = """mount --bind "$0/run" /run && mount --bind "$0/cgroup" /sys/fs/cgroup || exit 99
for procs in /sys/fs/cgroup/user.slice/*/*/cgroup.procs; do
	[ ! -e "$procs" ] || ! grep -q wanted "$procs" || {
		events=${procs%procs}events
		(sleep 300 & echo $! >"$procs"; wait; [ ! -e "$events" ] || echo "populated 0" >"$events") >&- 2>&- &
		while grep -q wanted "$procs"; do :; done
	}
done
"$@"
exit $?
"""
FILES_ISOLATED = ["unshare", "--map-root-user", "--mount"]
ISOLATED = [*FILES_ISOLATED, "--pid", "--fork", "--kill-child", "--mount-proc"]

# Controls, and marks that hide text or turn it round.
HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

SLOW = bool(os.environ.get("LOGOFF_TEST_SLOW"))     # a binary with sanitizers
WAIT = 4 if SLOW else 1     # seconds: /wait of a log-off that does not end
MARGIN = WAIT + 4 if SLOW else 1.5      # seconds for a busy machine and a slow binary


class Outcome:
    """What came of one run of the command."""

    def __init__(self, process, out, err, seconds):
        self.status = process.returncode
        self.out = out.decode("utf-8")      # what is not UTF-8 must not have been printed
        self.err = err.decode("utf-8")
        self.seconds = seconds

    def check(self, status, sentence="", within=None):
        """The status, one harmless line on stderr that is wholly SENTENCE (a pattern), before any advice, and the time."""
        shown = f"status {self.status} after {self.seconds:.2f} s: {self.out}{self.err}"
        assert "Sanitizer" not in self.err and "runtime error" not in self.err, self.err
        assert self.status == status, shown
        assert not HARMFUL.search(self.out + self.err), f"not harmless: {shown!r}"
        # What is left of a session that is gone obeys the kernel alone.
        final = "only the user and root may end what has left" in self.err
        advice = re.escape(ADVICE) if "Full Control is needed" in self.err and not final else ""
        assert re.fullmatch(f"logoff: {sentence}\n{advice}" if sentence else "", self.err), shown
        assert len(self.err) < 2000, shown
        if within is not None:
            assert self.seconds < within + MARGIN, shown


# What follows where a right is missing.
ADVICE = ("logoff: to get Full Control, run the command as root (sudo), or let a polkit rule grant it; "
          "see \"Who may log off whom\" in logoff(1)\n")


class Bus:
    """A dbus-daemon of its own."""

    def __init__(self, folder):
        self.address = f"unix:path={folder}/socket"
        config = folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(socket=folder / "socket"))
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Journal:
    """Takes every record, so that no case fails for want of a log, whatever the machine has installed."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        here = os.open(folder, os.O_PATH)   # the whole path may be too long for a socket
        self.listener.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while self.listener.recv(1 << 17):
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)


class World:
    """One bus, one fake, one machine."""

    def __init__(self, folder, binary, isolated):
        self.folder, self.binary, self.isolated = folder, binary, isolated
        self.bus = Bus(folder)
        self.namespaces = ISOLATED
        self.kind = "logind"        # forced; None: the command finds out
        self.more = {}              # more of the environment
        self.fake = Login1(self.bus.address)
        self.address = self.bus.address
        for name in ("run", "cgroup"):
            (folder / name).mkdir()
        self.journal = Journal(folder / "run/systemd/journal")

    def become(self, kind):
        """Makes the machine one with systemd, or with elogind."""
        if not self.isolated:
            pytest.skip("no namespaces: the kind of host cannot be chosen")
        if kind == "systemd":
            (self.folder / "run/systemd/system").mkdir(parents=True)

    def hold(self, leaf, process=False, uid=UID):
        """Makes a cgroup of the user: a scope, or the service manager; with a process in it or empty."""
        folder = self.folder / f"cgroup/user.slice/user-{uid}.slice" / leaf
        folder.mkdir(parents=True)
        (folder / "cgroup.procs").write_text("wanted\n" if process else "")
        if leaf.startswith("user@"):
            self.begin_run(leaf, "a")

    def begin_run(self, unit, name):
        """Gives a run of a unit a name, as systemd does."""
        units = self.folder / "run/systemd/units"
        units.mkdir(parents=True, exist_ok=True)
        (units / f"invocation:{unit}").unlink(missing_ok=True)
        (units / f"invocation:{unit}").symlink_to(name * 32)

    def start(self, *arguments):
        """Starts the command; finish() gives what came of it."""
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "DBUS_SYSTEM_BUS_ADDRESS": self.address, **self.more}
        if self.kind:
            env["LOGOFF_HOST"] = self.kind
        env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
        command = [str(self.binary), *arguments]
        if self.isolated:
            command = [*self.namespaces, "sh", "-c", INSIDE, str(self.folder), *command]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def finish(self):
        try:
            out, err = self.process.communicate(timeout=40)
        finally:
            self.process.kill()
        return Outcome(self.process, out, err, time.monotonic() - self.began)

    def run(self, *arguments):
        """Runs the command; without arguments: ends session ID within a second."""
        self.start(*(arguments or (ID, "/grace:0", "/wait:1")))
        return self.finish()

    def close(self):
        self.fake.close()
        self.bus.kill()
        self.journal.close()


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("LOGOFF", TREE / "build/src/cli/logoff")).absolute()
    if not path.exists():
        pytest.fail(f"{path} is not built: set LOGOFF")
    # Installed programs find it by themselves; where it was built nothing tells them.
    os.environ.setdefault("LOGOFF_USER_PROGRAM", str(path.parent.parent / "user/logoff-user"))
    return path


@pytest.fixture(scope="session")
def isolated(tmp_path_factory):
    """Whether this machine gives namespaces to whoever runs the tests."""
    folder = tmp_path_factory.mktemp("probe")
    for name in ("run", "cgroup"):
        (folder / name).mkdir()
    try:
        return subprocess.run([*ISOLATED, "sh", "-c", INSIDE, str(folder), "true"], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=30).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def worlds(tmp_path, binary, isolated):
    """Makes worlds, for runs side by side."""
    made = []

    def make():
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(World(folder, binary, isolated))
        return made[-1]
    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(worlds):
    return worlds()
