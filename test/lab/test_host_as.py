# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-host --as: what a process is that serves a user, what logind, polkit and the kernel let it do, and what the journal has of it."""

import json
import subprocess
import time

import pytest

import sessions
from host import wait_until
from test_audit import record, start, whose  # noqa: F401: which knows when the case began
from test_host import Peer

ACTION_ID = "7b7bed8cf7be4b628cad27431d716493"
RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.login1.manage" && subject.isInGroup("desk")) return polkit.Result.YES;
});
"""
ACTOR = {"name": "EXAMPLE\\Jörg", "sid": "S-1-5-21-7-1104", "address": "192.0.2.7"}
FOR = {"LOGOFF_FOR": ACTOR["name"], "LOGOFF_FOR_SID": ACTOR["sid"], "LOGOFF_FOR_ADDRESS": ACTOR["address"]}


class Served(Peer):
    """As a service starts it: by root, outside every session, with what it has open."""

    def __init__(self, host, who, option="--as="):
        self.host, self.serial = host, 0
        self.ssh = host.start(f"exec 7</etc/shadow; umask 0; nice -n -5 logoff-host {option}{who}", stdin=subprocess.PIPE)
        self.hello = self.line()

    def results(self, order, key="result", **fields):
        """The words of the results, and the exit status."""
        lines = self.order(order, **fields)
        return [line[key]["result"] for line in lines if key in line], lines[-1]["exit_status"]

    def end(self):
        self.ssh.stdin.close()
        assert self.ssh.wait(10) == 0


@pytest.fixture(params=["systemd", "elogind", "bare"])
def host(request, lend):
    return lend(request.param)


@pytest.fixture
def systemd(lend):
    return lend("systemd")


def token(host, user):
    """UID:GID,GID... as the host knows the user."""
    return host.check(f"echo $(id -u {user}):$(id -G {user} | tr ' ' ,)")


@pytest.fixture
def desk(systemd):
    """A host whose polkit lets a group end everybody's sessions; bob is in it, and alice is not."""
    systemd.check("groupadd -f desk && usermod -aG desk bob")
    rule = systemd.path("/etc/polkit-1/rules.d/50-desk.rules")
    rule.write_text(RULE)
    systemd.restart("polkit")
    yield systemd
    rule.unlink()
    systemd.check("gpasswd -d bob desk")
    systemd.restart("polkit")


def test_what_it_is(host):
    """The user in all ids and groups, without a capability, a descriptor or a folder of root's: in both processes."""
    peer = Served(host, "1001:1001,4,4242")
    assert peer.hello["euid"] == 1001 and peer.hello["full_control"] is False
    pids = host.check("pgrep -x logoff-host").split()
    assert len(pids) == 2
    for pid in pids:
        status = dict(line.split(":\t", 1) for line in host.check(f"cat /proc/{pid}/status").splitlines())
        assert status["Uid"].split() == ["1001"] * 4 and status["Gid"].split() == ["1001"] * 4 and status["Groups"].split() == ["4", "1001", "4242"]
        assert {int(status[f"Cap{name}"], 16) for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
        assert status["NoNewPrivs"] == "1" and int(status["SigBlk"], 16) == 0 and int(status["Umask"], 8) == 0o077
        links = host.check(f"readlink /proc/{pid}/cwd /proc/{pid}/fd/*").splitlines()
        assert links[0] == "/" and not any("shadow" in link for link in links)
        assert host.check(f"cut -d')' -f2- /proc/{pid}/stat").split()[16] == "0", "its priority"
        traced = host.run(f"cat /proc/{pid}/environ", user="bob")
        assert traced.status != 0, "the user cannot look into it"
    peer.end()


def test_the_user_is_the_limit(host):
    """Their own session is logged off, another user's is not: denied, and nothing has happened there."""
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    theirs, own = alice.processes(), bob.processes()
    peer = Served(host, token(host, "bob"), "/AS:")

    assert peer.results("log-off", sessions=[peer.identity(alice)], grace=1) == (["denied"], 3)
    assert host.survivors(theirs) == theirs and "fine" in alice.sh("echo fine")
    assert peer.results("log-off", sessions=[peer.identity(bob)], grace=1) == (["ended"], 0)

    assert host.survivors(own) == []
    peer.end()


def test_processes_of_others(host):
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    theirs, own = alice.spawn("sleep 4242", "sleep"), bob.spawn("stubborn -d keeper", "keeper")
    peer = Served(host, token(host, "bob"))
    started = {line["process"]["pid"]: line["started"] for line in peer.order("processes") if "process" in line}
    pids = [theirs.pid, own.pid]

    results = peer.results("end-processes", grace=1, processes=[{"pid": pid, "started": started[pid]} for pid in pids])

    assert results == (["denied", "ended"], 3) and host.alive(theirs) and not host.alive(own)
    wrong = [line["failure"] for line in peer.order("end-processes", processes=[{"pid": pids[0], "started": started[pids[0]] + 10000}]) if "failure" in line]
    assert [one["kind"] for one in wrong] == ["changed"] and host.alive(theirs)
    peer.end()


def test_a_rule_of_polkit(desk):
    """Members of the group have Full Control, as the hello tells; nobody else has."""
    alice, carol = sessions.ssh(desk, "alice"), sessions.ssh(desk, "carol")
    before = carol.processes()
    peer = Served(desk, token(desk, "alice"))
    assert peer.hello["full_control"] is False
    assert peer.results("log-off", sessions=[peer.identity(carol)]) == (["denied"], 3)
    peer.end()

    peer = Served(desk, token(desk, "bob"))
    assert peer.hello["full_control"] is True
    assert peer.results("log-off", sessions=[peer.identity(carol)], grace=1) == (["ended"], 0)
    assert desk.survivors(before) == [] and "fine" in alice.sh("echo fine")
    peer.end()


def test_root(host):
    peer = Served(host, "0:0")
    assert (peer.hello["euid"], peer.hello["full_control"]) == (0, True)
    bob = sessions.ssh(host, "bob")
    assert peer.results("log-off", sessions=[peer.identity(bob)], grace=1) == (["ended"], 0)
    peer.end()


def test_without_polkit(without_polkit):
    """Then logind obeys nobody but root, which is no secret."""
    peer = Served(without_polkit, token(without_polkit, "bob"))
    assert peer.hello["full_control"] is False
    peer.end()


def test_polkit_that_says_nothing(systemd):
    """Unknown is not no, and the hello comes nevertheless."""
    systemd.restart("polkit")
    systemd.check("pkill -STOP -x polkitd")
    try:
        begin = time.monotonic()
        peer = Served(systemd, token(systemd, "bob"))
        assert peer.hello["full_control"] is None and time.monotonic() - begin < 5
        peer.end()
    finally:
        systemd.check("pkill -CONT -x polkitd || :")


def actions(host, begin):
    """The records of actions since then, the oldest first."""
    lines = host.check(["journalctl", "--output=json", "--no-pager", f"MESSAGE_ID={ACTION_ID}"]).splitlines()
    return [one for one in map(json.loads, lines) if int(one["__REALTIME_TIMESTAMP"]) >= begin * 1e6]


def test_records(systemd):
    """Of every action for an actor, the refused ones too: who it was for, the SID and the address, each a field."""
    begin = time.time()
    alice, bob = sessions.ssh(systemd, "alice"), sessions.ssh(systemd, "bob")
    sleep = bob.spawn("sleep 4242", "sleep")
    peer = Served(systemd, token(systemd, "bob"))
    started = {line["process"]["pid"]: line["started"] for line in peer.order("processes") if "process" in line}
    own, theirs = [peer.identity(bob)], [peer.identity(alice)]

    assert peer.results("message", "delivery", sessions=own, text="Hello", actor=ACTOR) == (["delivered"], 0)
    assert peer.results("message", "delivery", sessions=theirs, text="Hello", actor=ACTOR) == (["denied"], 3)
    assert peer.results("disconnect", sessions=own, actor=ACTOR) == (["protected"], 4)
    assert peer.results("disconnect", sessions=theirs, actor=ACTOR, refused=True) == (["denied"], 3)
    assert peer.results("end-processes", processes=[{"pid": sleep.pid, "started": started[sleep.pid]}], actor=ACTOR) == (["ended"], 0)
    assert peer.results("log-off", sessions=theirs, actor=ACTOR) == (["denied"], 3)
    assert peer.results("log-off", sessions=own, grace=1, actor=ACTOR) == (["ended"], 0)
    assert peer.results("message", "delivery", sessions=theirs, text="Hello") == (["denied"], 3)

    found = wait_until(lambda: len(all := actions(systemd, begin)) >= 5 and all, 3, "records")
    assert [(one["LOGOFF_ACTION"], one["LOGOFF_USER"], one["LOGOFF_RESULT"]) for one in found] == [
        ("message", "bob", "delivered"), ("message", "alice", "denied"), ("disconnect", "bob", "protected"), ("disconnect", "alice", "denied"),
        ("end-process", "bob", "ended")], "none without an actor"
    for one in found:
        assert {name: one.get(name) for name in FOR} == FOR and (one["LOGOFF_ACTOR"], one["_UID"]) == ("bob", "1001")
        assert "LOGOFF_FORCED" not in one
    assert (found[-1]["LOGOFF_PROCESS"], found[-1]["LOGOFF_COMMAND"]) == (str(sleep.pid), "sleep")
    assert found[0]["MESSAGE"] == f"message to session {bob.id} of bob by {found[0]['LOGOFF_LOGIN_USER']} for EXAMPLE\\Jörg: delivered"
    record(alice, **whose(alice), **FOR, LOGOFF_ACTION="log-off", LOGOFF_RESULT="denied")
    record(bob, **FOR, LOGOFF_ACTION="log-off", LOGOFF_RESULT="ended")
    peer.end()
