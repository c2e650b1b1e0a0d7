# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging off on far hosts when the connection breaks, or somebody presses Ctrl-C, in each phase.

Before a session is asked to end: it stays, and users who were warned are told so. After that: it ends, and has its record
there, whatever becomes of the administrator's side. "Ended" is said only with proof.
"""

import json
import os
import shlex
import signal
import subprocess
import threading
import time

import pytest

import sessions
from cases import CANCELLED, OK, UNREACHABLE, assert_untouched
from host import wait_until
from test_audit import record, start  # noqa: F401, which knows when the case began

CANCELLATION = r"has cancelled this log-off\. It will not log you off\.\n"
KILL = "/etc/systemd/logind.conf.d/lab-kill.conf"


class Run:
    """A logoff of the administrator, read line by line."""

    def __init__(self, network, *words, seconds=60):
        self.network, self.lines = network, []
        self.process = network.admin.start(["logoff", *words, "/json:lines", "/v"])
        self.limit = threading.Timer(seconds, lambda: os.killpg(self.process.pid, signal.SIGKILL))
        self.limit.start()

    def line(self):
        text = self.process.stdout.readline()
        if text:
            self.lines.append(json.loads(text))
        return self.lines[-1] if text else None

    def await_event(self, name):
        while (line := self.line()) and line.get("event") != name:
            pass
        assert line, (self.lines, self.process.stderr.read())

    def interrupt(self):
        self.network.admin.run("pkill -INT -o -x logoff")  # it may have ended

    def finish(self):
        """The lines that are results, by host and id of the session: two hosts may each have a c5."""
        while self.line():
            pass
        self.err = self.process.stderr.read()
        self.status = self.process.wait()
        self.limit.cancel()
        assert self.status >= 0, (self.status, self.lines, self.err)
        return {(getattr(self.network, line["host"]), line["id"]): line for line in self.lines if line["type"] == "result"}


@pytest.fixture(params=["no", "yes"], ids=["as usual", "KillUserProcesses"])
def killing(request, network):
    """Whether logind kills what a session has left, also what root has left."""
    for host in network.far[:2]:
        host.path(KILL).parent.mkdir(exist_ok=True)
        host.path(KILL).write_text(f"[Login]\nKillUserProcesses={request.param}\nKillExcludeUsers=\n")
        host.check("systemctl kill --signal=HUP systemd-logind")
    yield request.param
    for host in network.far[:2]:
        host.path(KILL).unlink()
        host.check("systemctl kill --signal=HUP systemd-logind")


def kill_ssh(network, far):
    network.admin.check("pkill -KILL -x ssh")


def lose_packets(network, far):
    network.lose_packets(far)


def kill_parent(network, far):
    network.admin.check("pkill -KILL -x logoff")


def stubborn_bob(network, name):
    far = getattr(network, name)
    bob = sessions.ssh(far, "bob")
    bob.spawn("stubborn keeper", "keeper")
    return far, bob, bob.processes()


def assert_carried_through(bob, before):
    """The host has ended the session, killed what was stubborn, and written that down. Its program is not there any more."""
    wait_until(lambda: not bob.host.survivors(before) and not bob.exists(), 15, "the log-off is carried through")
    record(bob, LOGOFF_RESULT="ended", LOGOFF_FORCED="yes")
    wait_until(lambda: not bob.host.named("logoff-host"), 15, "the program ends")


@pytest.mark.parametrize("name", ["login1", "login2"], ids=["root", "sudo"])
@pytest.mark.parametrize("cut", [kill_ssh, lose_packets, kill_parent])
def test_cut_after_it_was_asked(network, killing, cut, name):
    far, bob, before = stubborn_bob(network, name)
    run = Run(network, "/user:bob", f"/server:{name}", "/y", "/grace:4", "/timeout:5")
    run.await_event("ask")
    cut(network, far)
    if cut is kill_parent:
        run.process.wait(10)
        run.limit.cancel()
        assert_carried_through(bob, before)
        return
    results = run.finish()
    if cut is lose_packets:
        wait_until(lambda: not far.survivors(before), 15, "the log-off is carried through")
        network.mend()  # so that sshd there gets to know
    assert_carried_through(bob, before)
    if cut is kill_ssh:
        assert (results[bob.host, bob.id]["result"], run.status) == ("ended", OK), (results, run.err)
    else:
        assert (results[bob.host, bob.id]["session_exists"], run.status) == (None, UNREACHABLE), (results, run.err)
        assert results[bob.host, bob.id]["result"] != "ended"


@pytest.mark.parametrize("name", ["login1", "login2"], ids=["root", "sudo"])
@pytest.mark.parametrize("cut", [kill_ssh, lose_packets, kill_parent])
def test_cut_while_the_user_is_warned(network, killing, cut, name):
    far, bob, before = stubborn_bob(network, name)
    run = Run(network, "/user:bob", f"/server:{name}", "/y", "/warn:90", "/timeout:5")
    run.await_event("warned")
    cut(network, far)
    if cut is kill_parent:
        run.process.wait(10)
        run.limit.cancel()
    else:
        results = run.finish()
        assert results[bob.host, bob.id]["result"] != "ended" and run.status == UNREACHABLE, (results, run.err)
    network.mend()
    bob.shell.expect(CANCELLATION, 15)
    wait_until(lambda: not far.named("logoff-host"), 15, "the program ends")
    assert_untouched(bob, before)


def interrupted(network, *words, when, times):
    """A logoff of both hosts' bobs that gets Ctrl-C at an event. Returns it and its results."""
    run = Run(network, "/user:bob", "/server:login[1-2]", "/y", *words)
    for _ in range(2):
        run.await_event(when)
    for _ in range(times):
        run.interrupt()
        time.sleep(0.5)
    return run, run.finish()


def both_bobs(network):
    return [stubborn_bob(network, name) for name in ("login1", "login2")]


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_cancelled_while_users_are_warned(network, times):
    bobs = both_bobs(network)
    run, results = interrupted(network, "/warn:40", when="warned", times=times)
    assert run.status == CANCELLED and len(results) == 2, (run.err, results)
    for far, bob, before in bobs:
        assert results[bob.host, bob.id]["result"] == "cancelled"
        bob.shell.expect(CANCELLATION, 15)
        assert_untouched(bob, before)
        wait_until(lambda: not far.named("logoff-host"), 5, "the program ends")


def test_cancelled_once_after_they_were_asked(network):
    """As on one host: what has begun is followed to its end."""
    bobs = both_bobs(network)
    run, results = interrupted(network, "/grace:4", when="ask", times=1)
    assert run.status == OK, (run.err, results)
    for _, bob, before in bobs:
        assert results[bob.host, bob.id]["result"] == "ended"
        assert_carried_through(bob, before)


def test_cancelled_twice_after_they_were_asked(network):
    """The command leaves at once, and says what is true then: they are closing."""
    bobs = both_bobs(network)
    begin = time.monotonic()
    run, results = interrupted(network, "/grace:30", when="ask", times=2)
    assert run.status == CANCELLED and time.monotonic() - begin < 10, run.err
    for far, bob, before in bobs:
        assert (results[bob.host, bob.id]["result"], results[bob.host, bob.id]["session_exists"]) == ("cancelled", True)
        assert f":{bob.id} (pts/0): cancelled; the session is closing, with 1 process left" in run.err
        assert bob.exists() and far.survivors(before)
        record(bob, LOGOFF_RESULT="cancelled")


def test_cancelled_twice_where_one_does_not_hear_it(network):
    """Three seconds after the second Ctrl-C nobody waits any more. The host that has not answered carries its log-off through."""
    (far, deaf, before), (_, bob, _) = both_bobs(network)
    run = Run(network, "/user:bob", "/server:login[1-2]", "/y", "/grace:20")
    for _ in range(2):
        run.await_event("ask")
    network.lose_packets(far)
    run.interrupt()
    time.sleep(0.5)
    begin = time.monotonic()
    run.interrupt()

    results = run.finish()

    assert time.monotonic() - begin < 3 + 2
    assert results[bob.host, bob.id]["result"] == "cancelled"
    assert (results[deaf.host, deaf.id]["result"], results[deaf.host, deaf.id]["session_exists"]) == ("failed", None), results
    assert results[deaf.host, deaf.id]["exit_status"] == UNREACHABLE and run.status == CANCELLED
    assert f"login1:{deaf.id} (pts/0): the host failed (cancelled; what became of it is unknown)" in run.err, run.err
    wait_until(lambda: not far.survivors(before) and not deaf.exists(), 30, "the log-off is carried through")


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_cancelled_while_hosts_are_asked(network, times):
    """Nobody is logged off, also not on hosts that have answered."""
    far, bob, before = stubborn_bob(network, "login1")
    run = Run(network, "/user:bob", "/server:login1,hangs,silent", "/y", "/timeout:30")
    wait_until(lambda: far.named("logoff-host"), what="it is asked")
    time.sleep(3)
    begin = time.monotonic()
    for _ in range(times):
        run.interrupt()
    results = run.finish()
    assert time.monotonic() - begin < 3
    assert (run.status, results) == (CANCELLED, {}), (run.err, results)
    assert "logoff: hangs,silent: cancelled before it answered\n" in run.err, run.err
    assert_untouched(bob, before)


def at_the_keyboard(network, *words):
    """A logoff with a terminal, and the end of that terminal to talk to."""
    command = shlex.join(["exec", "logoff", *words])
    client = network.admin.start(["script", "--quiet", "--return", "--command", command, "/dev/null"], stdin=subprocess.PIPE, stderr=subprocess.STDOUT)
    return client, sessions.Shell(client)


QUESTION = r"Log off these 2 sessions on 2 hosts\? \(y/n\) "


def test_cancelled_at_the_question(network):
    bobs = both_bobs(network)
    client, shell = at_the_keyboard(network, "/user:bob", "/server:login[1-2]")
    shell.expect(QUESTION)
    shell.write("\x03")
    assert client.wait(10) == CANCELLED
    for far, bob, before in bobs:
        assert_untouched(bob, before)
        wait_until(lambda: not far.named("logoff-host"), 5, "the program ends")


def test_cut_at_the_question(network):
    """The connections that were held are made again."""
    bobs = both_bobs(network)
    client, shell = at_the_keyboard(network, "/user:bob", "/server:login[1-2]", "/grace:1")
    shell.expect(QUESTION)
    kill_ssh(network, None)
    wait_until(lambda: not network.children(), 5, "ssh has ended")
    shell.write("y\n")
    for far, bob, before in bobs:
        shell.expect(r"Session login\d:\w+ \(pts/0\): logged off\.", 30)
    assert client.wait(20) == OK
    for far, bob, before in bobs:
        assert_carried_through(bob, before)


def test_cut_while_hosts_are_asked(network):
    """A host that has not told its sessions is not known, and the others are logged off."""
    far, bob, before = stubborn_bob(network, "login1")
    run = Run(network, "/user:bob", "/server:login1,hangs", "/y", "/grace:1")
    wait_until(lambda: network.trouble.run("pgrep -x sleep").status == 0, what="the other one hangs")
    network.admin.check("pkill -KILL -f 'ssh .*2225'")
    results = run.finish()
    assert "logoff: hangs: cannot be reached\n" in run.err, run.err
    assert (results[bob.host, bob.id]["result"], run.status) == ("ended", UNREACHABLE)
    assert_carried_through(bob, before)


def test_our_connection_by_another_name_of_a_host(network):
    """carol's connections are sessions there too. A selection by the one name does not end that by the other."""
    hosts = network.admin.path("/etc/logoff/hosts")
    before = hosts.read_text()
    carol = sessions.ssh(network.login2, "carol")
    try:
        hosts.write_text(before + "twin ssh host=10.77.2.2 user=carol sudo\n")
        result = network.admin.run("logoff /user:carol /server:login2,twin /y /grace:1 /wait:10 /json:lines", timeout=60)
    finally:
        hosts.write_text(before)
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert {(line["host"], line["id"], line["result"]) for line in lines if line["type"] == "result"} == {
        (name, carol.id, "ended") for name in ("login2", "twin")}, result
    assert result.status == OK and not carol.exists(), result
    assert {line["host"] for line in lines if line.get("kind") == "spared-unknown"}, result
