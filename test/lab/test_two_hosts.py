# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts at once: what is logged off on one is not touched on the other."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import sessions
from cases import UNREACHABLE, assert_gone, assert_logged_off, assert_untouched, logoff


def test_same_id_on_both(two_hosts):
    here, there = two_hosts
    pairs = [(sessions.fake(here, "alice"), sessions.fake(there, "alice")) for _ in range(2)]
    same = {one.id for one, _ in pairs} & {two.id for _, two in pairs}
    ended = sessions.fake(here, "bob", tty="pts/50")
    kept = sessions.fake(there, "bob", tty="pts/50")
    before, others = ended.processes(), kept.processes()

    assert_logged_off(logoff(here, "pts/50"), ended, before)

    assert_untouched(kept, others)
    for identity in same:
        assert here.session(identity) and there.session(identity)


def test_login_from_one_to_the_other(two_hosts):
    """The far end is logged off; the client on the near host sees it and its session stays."""
    here, there = two_hosts
    home = sessions.ssh(here, "alice")
    away = sessions.ssh(here, "alice", server="10.77.0.2")
    away.host = there
    assert away.property("RemoteHost") == "10.77.0.1"
    before, others = away.processes(), home.processes()

    assert_logged_off(logoff(there, away.id), away, before)

    assert away.ended_for_client()
    assert_untouched(home, others)


def test_the_other_as_server(two_hosts):
    here, there = two_hosts
    session = sessions.ssh(there, "alice")
    before = session.processes()

    result = logoff(here, session.id, f"/server:{there.name}")

    assert result.status == UNREACHABLE, result.text
    assert_untouched(session, before)


RELAY = """
import socket, sys, threading
listener = socket.socket(fileno=int(sys.argv[1]))

def copy(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)

while True:
    near, _ = listener.accept()
    far = socket.socket(socket.AF_UNIX)
    far.connect(sys.argv[2])
    for pair in ((near, far), (far, near)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""


class Relay:
    """Lets a socket in one host lead to the bus of another, by a process of that other: of it, logind there knows that it is in no session."""

    def __init__(self, here, there):
        self.path = here.path("/run/other-bus")
        group = there.cgroups[0].parent / Path(f"/proc/{there.leader}/cgroup").read_text().split("::/")[1].strip()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.path))
            listener.listen()
            self.process = subprocess.Popen(
                ["nsenter", f"--target={there.leader}", "--pid", sys.executable, "-c", RELAY, str(listener.fileno()),
                 str(there.path("/run/dbus/system_bus_socket"))], pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL,
                preexec_fn=lambda: (group / "cgroup.procs").write_text("0"))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # nsenter has started it as a child
        subprocess.run(["pkill", "-KILL", "-P", str(self.process.pid)], timeout=10)
        self.process.wait(10)
        self.path.unlink()


def number(session):
    return int(session.id.lstrip("c"))


def pair_of_one_id(here, there):
    """A session on each host, of other users, that have one id. Other cases may have used up many more ids on one of the hosts."""
    mine, theirs = sessions.fake(here, "alice", tty="pts/50"), sessions.fake(there, "bob", tty="pts/51")
    kept = []
    for _ in range(20):
        behind = number(theirs) - number(mine)
        if behind == 0:
            return mine, theirs
        kept.append((mine, theirs))
        if abs(behind) > 1:  # by one program: the bus lets root have 256 connections
            kept.append(sessions.fake(here if behind > 0 else there, "carol", count=abs(behind) - 1))
        if behind > 0:
            mine = sessions.fake(here, "alice", tty="pts/50")
        else:
            theirs = sessions.fake(there, "bob", tty="pts/51")
    raise AssertionError("no two sessions got one id")


# What says who is in a session, or is in one: of this machine, nothing of that may be looked at for another's sessions.
OURS = r'"/(run/systemd/(sessions|users)|sys/fs/cgroup|dev/(pts|tty)|run/(utmp|xrdp)|var/run/(utmp|xrdp)|tmp/\.X11|proc/\d+)'


@pytest.mark.parametrize("words", [["logoff", "@ID"], ["query", "session", "@ID"], ["logoff", "/user:bob", "/y"], ["query", "user", "bob"],
                                   ["logoff", "pts/51"]], ids=lambda words: "-".join(words).replace("/", "_"))
def test_a_bus_of_another_host(two_hosts, tmp_path, words):
    """Its sessions are read and ended; nothing of this host is looked at, and nobody here is signalled, though an id is the same."""
    here, there = two_hosts
    mine, theirs = pair_of_one_id(here, there)
    before, others = theirs.processes(), mine.processes()
    trace = tmp_path / "trace"
    command = here.command([word.replace("@ID", theirs.id) for word in words], env={"LOGOFF_HOST": "logind:unix:path=/run/other-bus"})

    with Relay(here, there):
        done = subprocess.run(["strace", "-f", "-o", trace, *command], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    assert done.returncode == 0, done.stdout + done.stderr
    assert_untouched(mine, others)
    if words[0] == "logoff":
        assert_gone(theirs, before)
    else:
        assert "bob" in done.stdout and "alice" not in done.stdout
    # From the start of the command itself on; the record says who asked, by the login uid of the command's own process.
    lines = trace.read_text().splitlines()
    start = max(i for i, line in enumerate(lines) if "execve(" in line and re.search(r'"[^"]*/(logoff|query)"', line))
    assert [line for line in lines[start:] if re.search(OURS, line) and not re.search(r'"/proc/\d+/loginuid"|sun_path=', line)] == []
    assert not [line for line in lines[start:] if re.search(r"\b(kill|tgkill|pidfd_open|pidfd_send_signal)\(", line)]


def test_a_message_over_a_bus_of_another_host(two_hosts):
    """No terminal of this host of the same name gets it."""
    here, there = two_hosts
    mine = sessions.ssh(here, "alice")
    theirs = sessions.fake(there, "bob", tty=mine.tty)

    with Relay(here, there):
        done = here.run(["msg", theirs.id, "not for this terminal"], env={"LOGOFF_HOST": "logind:unix:path=/run/other-bus"})

    assert done.status not in (0, 1), done.text
    assert "terminals and desktops of another machine are not reached" in done.text
    mine.sh("true")
    mine.shell.listen(1)
    assert "not for this terminal" not in mine.shell.heard
