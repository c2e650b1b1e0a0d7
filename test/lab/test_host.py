# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-host on a real host, started by a real ssh: what it sees, and what becomes of a log-off when the connection breaks."""

import json
import signal
import subprocess

import pytest

import sessions
from host import wait_until
from test_audit import record, start  # which knows when the case began

SETTINGS = "/etc/systemd/logind.conf.d/lab-kill.conf"


@pytest.fixture(params=["systemd", "elogind", "bare"])
def host(request, lend):
    return lend(request.param, "logoff-host", prepare)


def prepare(root):
    """As with sudo: alice runs the program as root, in a login session of hers."""
    (root / "usr/local/bin/rootly").write_bytes((root / "usr/bin/python3").resolve().read_bytes())
    (root / "usr/local/bin/rootly").chmod(0o4755)


AS_ROOT = "rootly -c 'import os; os.setgid(0); os.setuid(0); os.execvp(\"logoff-host\", [\"logoff-host\"])'"


class Peer:
    def __init__(self, host, user, command="logoff-host"):
        self.host, self.serial = host, 0
        self.ssh = host.start(["ssh", "-T", f"{user}@127.0.0.1", command], stdin=subprocess.PIPE)
        self.hello = self.line()
        assert self.hello["logoff-host"] == 1, self.hello

    def line(self):
        text = self.ssh.stdout.readline()
        assert text, self.ssh.stderr.read()
        return json.loads(text)

    def begin(self, order, **fields):
        self.serial += 1
        self.ssh.stdin.write(json.dumps({"serial": self.serial, "order": order, **fields}) + "\n")
        self.ssh.stdin.flush()

    def order(self, order, **fields):
        """All lines of the answer, the reply last."""
        self.begin(order, **fields)
        lines = [self.line()]
        while "reply" not in lines[-1]:
            lines.append(self.line())
        return lines

    def await_event(self, name):
        while (line := self.line()).get("event", {}).get("event") != name:
            assert "reply" not in line, line

    def identity(self, session):
        (found,) = [line for line in self.order("list") if line.get("session", {}).get("id") == session.id]
        return {"id": session.id, "logon": found["logon"]}

    def cut(self):
        """The connection breaks: ssh is killed, and sends no last word."""
        self.ssh.send_signal(signal.SIGKILL)
        self.host.run("pkill -KILL -f '^ssh -T '")
        self.ssh.wait(10)


def end_of(peer):
    peer.ssh.stdin.close()
    peer.ssh.wait(10)


def test_over_ssh(host):
    """It sees what is there, and itself; ends who is meant, and tells the same afterwards."""
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before = bob.processes()
    peer = Peer(host, "root")
    listed = {line["session"]["id"]: line["session"] for line in peer.order("list") if "session" in line}
    assert listed[alice.id]["user"] == "alice" and listed[bob.id]["user"] == "bob"
    assert not listed[alice.id]["current"] and not listed[bob.id]["current"]
    identity = peer.identity(bob)

    (result,) = [line["result"] for line in peer.order("log-off", sessions=[identity], grace=1) if "result" in line]

    assert result["exit_status"] == 0 and host.survivors(before) == [] and not bob.exists()
    assert peer.order("fate", boot=peer.hello["boot"], **identity)[0]["fate"] == "gone"
    assert peer.order("fate", boot=peer.hello["boot"], **peer.identity(alice))[0]["fate"] == "there"
    assert "fine" in alice.sh("echo fine")
    end_of(peer)


def test_a_session_that_does_not_fit_any_more(host):
    """Its user starts the program that is to be kept while they are warned. The other one, who does not, is logged off."""
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before = alice.processes()
    peer = Peer(host, "root")
    peer.begin("log-off", sessions=[peer.identity(alice), peer.identity(bob)], select={"user": ["alice", "bob"], "keep": ["keeper"]}, warn=5, grace=1)
    peer.await_event("warned")
    bob.spawn("stubborn keeper", "keeper")

    results = {}
    while "reply" not in (line := peer.line()):
        if "result" in line:
            results[line["result"]["id"]] = line["result"]

    assert results[alice.id]["result"] == "ended" and host.survivors(before) == []
    assert (results[bob.id]["result"], results[bob.id]["cause"], results[bob.id]["session_exists"]) == ("changed", None, True)
    assert "fine" in bob.sh("echo fine")
    (told,) = [line for line in peer.order("log-off", sessions=[peer.identity(bob)], select={"all": True, "keep": ["keeper"]}) if "failure" in line]
    assert (told["failure"]["kind"], told["failure"]["object"]) == ("changed", bob.id)
    end_of(peer)


@pytest.mark.parametrize("user, command", [("root", "logoff-host"), ("alice", AS_ROOT)], ids=["root", "by sudo"])
def test_the_connection_breaks(host, user, command):
    """Before a session is asked: nothing happens. After that: the log-off is carried through."""
    bob = sessions.ssh(host, "bob")
    bob.spawn("stubborn keeper", "keeper")
    before = bob.processes()
    peer = Peer(host, user, command)
    peer.begin("log-off", sessions=[peer.identity(bob)], grace=2, warn=30)
    peer.await_event("warned")
    peer.cut()
    wait_until(lambda: host.run("pgrep -x logoff-host").status != 0, 10, "the program ends")
    assert host.survivors(before) == before and "fine" in bob.sh("echo fine")

    peer = Peer(host, user, command)
    peer.begin("log-off", sessions=[peer.identity(bob)], grace=3)
    peer.await_event("ask")
    peer.cut()

    wait_until(lambda: not host.survivors(before) and not bob.exists(), 10, "the log-off is carried through")
    wait_until(lambda: host.run("pgrep -x logoff-host").status != 0, 10, "the program ends")


def test_the_administrators_session_is_killed(lend):
    """KillUserProcesses: logind sends signals to all that the broken session has left. The record stands."""
    def settle(root):
        prepare(root)
        (root / SETTINGS[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / SETTINGS[1:]).write_text("[Login]\nKillUserProcesses=yes\n")

    host = lend("systemd", "kill-logoff-host", settle)
    bob = sessions.ssh(host, "bob")
    bob.spawn("stubborn keeper", "keeper")
    before = bob.processes()
    peer = Peer(host, "alice", AS_ROOT)
    peer.begin("log-off", sessions=[peer.identity(bob)], grace=3, origin="ann@desk", run="0f-7")
    peer.await_event("ask")

    peer.cut()

    wait_until(lambda: not host.survivors(before) and not bob.exists(), 10, "the log-off is carried through")
    record(bob, LOGOFF_RESULT="ended", LOGOFF_FORCED="yes", LOGOFF_FOR="ann@desk", LOGOFF_RUN="0f-7")
