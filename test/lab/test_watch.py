# SPDX-License-Identifier: GPL-3.0-or-later
"""/watch on real hosts: the command shows each change of a session once, in order, soon after it has happened; and how it ends.
"""

import json
import os
import queue
import signal
import threading
import time

import pytest

import sessions
from cases import OK, UNREACHABLE
from host import finish, wait_until

SOON = 3        # where there is no signal it is looked once a second
AT_ONCE = 0.9   # where there is one


def end(session):
    """The user of a session without a login has left."""
    os.killpg(session.client.pid, signal.SIGKILL)
    session.host.run(f"loginctl kill-session --signal=KILL {session.id}")


class Watch:
    """A running `query session /watch --json=lines`, and what it has told."""

    def __init__(self, host, *words, user=None):
        self.host = host
        self.process = host.start(["query", "session", "/watch", "--json=lines", *words], user=user)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: host.named("query"), what="query runs")

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def next(self, seconds=SOON):
        """The next change: what, the id, and all of it."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"nothing was told within {seconds} s") from None
        assert line["type"] == "change", line
        return line["change"], line["id"], line

    def expect(self, change, identity, seconds=SOON):
        """The next change is this one; what it says of the session."""
        told = self.next(seconds)
        assert told[:2] == (change, identity), told
        return told[2]

    def until(self, change, identity, seconds=10):
        """The same, after any number of changes of that session."""
        end = time.monotonic() + seconds
        while True:
            told = self.next(max(0.1, end - time.monotonic()))
            assert told[1] == identity, told
            if told[0] == change:
                return told[2]

    def expect_silence(self, seconds=2.5):
        try:
            raise AssertionError(f"told as well: {self.lines.get(timeout=seconds)}")
        except queue.Empty:
            pass

    def interrupt(self):
        self.host.check("pkill -INT -x query")
        return finish(self.process)


@pytest.fixture
def watch(any_host):
    """Of a host on which alice is logged on."""
    alice = sessions.ssh(any_host, "alice")
    watching = Watch(any_host)
    line = watching.expect("there", alice.id)
    assert (line["user"], line["state"], line["name"]) == ("alice", "active", alice.tty)
    watching.alice = alice
    yield watching
    watching.process.kill()


def test_ssh_comes_and_goes(watch):
    bob = sessions.ssh(watch.host, "bob")

    line = watch.until("begun", bob.id)
    assert line["user"] == "bob"
    if line["name"] is None:    # the line comes before the session has a terminal
        line = watch.until("changed", bob.id)
    assert line["name"] == bob.tty
    watch.expect_silence()

    bob.leave()
    line = watch.until("gone", bob.id)
    assert line["user"] == "bob"
    watch.expect_silence()

    watch.alice.leave()
    watch.until("gone", watch.alice.id)
    result = watch.interrupt()
    assert (result.status, result.err) == (OK, "")


def test_signals_are_not_waited_for(host):
    """What logind tells is shown at once, not with the next look."""
    delays = []
    watching = Watch(host)
    for _ in range(4):
        begin = time.monotonic()
        session = sessions.fake(host, "bob")
        begun = time.monotonic()
        watching.expect("begun", session.id)
        delays.append(time.monotonic() - begun)
        end(session)
        watching.until("gone", session.id)
        assert time.monotonic() - begin < 10
    assert max(delays) < AT_ONCE, delays
    assert watching.interrupt().status == OK


def test_brief_session(host):
    """Begun and over between two lists: told all the same."""
    watching = Watch(host)
    host.check("for i in 1 2 3; do systemd-run --quiet --pipe --wait --property=PAMName=login --uid=bob sleep .3; done")
    begun, gone = set(), set()
    while len(gone) < 3:
        change, identity, _ = watching.next()
        assert change == "begun" or identity in begun, (change, identity)
        {"begun": begun, "gone": gone}.get(change, set()).add(identity)
    assert begun == gone
    assert watching.interrupt().status == OK


def test_id_used_again(host):
    """logind counts from c1 again after a restart; the other logon is another one."""
    host.restart("systemd-logind")
    alice = sessions.fake(host, "alice", class_="background")
    watching = Watch(host)
    watching.expect("there", alice.id)
    end(alice)
    wait_until(lambda: not alice.exists(), what="alice's session is gone")
    host.restart("systemd-logind")
    bob = sessions.fake(host, "bob", class_="background")
    assert bob.id == alice.id, "the case needs an id that is given anew"
    assert watching.until("gone", alice.id)["user"] == "alice"
    assert watching.expect("begun", bob.id)["user"] == "bob"
    assert watching.interrupt().status == OK


def test_logind_restarts(host):
    """Sessions stay, the watch stays, and the command shows what happens meanwhile."""
    alice = sessions.ssh(host, "alice")
    watching = Watch(host)
    watching.expect("there", alice.id)
    host.restart("systemd-logind")
    watching.expect_silence()
    bob = sessions.ssh(host, "bob")
    assert watching.until("begun", bob.id)["user"] == "bob"
    assert watching.interrupt().status == OK


def test_logind_is_lost(host):
    """A logind that does not come back is an error, after ten seconds."""
    watching = Watch(host)
    try:
        host.check("systemctl stop dbus.socket; systemctl mask --runtime systemd-logind; systemctl stop systemd-logind")
        result = finish(watching.process, 40)
        assert result.status == UNREACHABLE and "cannot be reached" in result.err, result
    finally:
        host.check("systemctl unmask --runtime systemd-logind; systemctl start dbus.socket systemd-logind")


def test_rdp_client_leaves_and_comes_back(host):
    rdp = sessions.RdpSession(host, "alice")
    watching = Watch(host, rdp.id)
    line = watching.expect("there", rdp.id)
    assert (line["state"], line["name"]) == ("active", rdp.name)

    rdp.disconnect()
    line = watching.expect("changed", rdp.id)
    assert (line["state"], line["name"]) == ("disconnected", None)

    rdp.reconnect()
    line = watching.expect("changed", rdp.id)
    assert (line["state"], line["name"]) == ("active", rdp.name)

    host.check(["logoff", rdp.id])
    assert watching.until("gone", rdp.id)["user"] == "alice"
    watching.expect_silence()
    assert watching.interrupt().status == OK


def test_a_login_that_logind_does_not_know(host):
    """Looked for once a second. As a plain user, and for people."""
    watching = Watch(host, "alice", user="bob")
    alice = sessions.ssh(host, "alice")
    assert watching.until("begun", alice.id)["state"] == "active"
    alice.leave()
    watching.until("gone", alice.id)
    assert watching.interrupt().status == OK


def test_who_stops_reading_ends_it(host):
    process = host.start("query session /watch | head -n 1; echo status ${PIPESTATUS[0]}")
    result = finish(process, 10)
    assert result.out.endswith("\nstatus 9\n"), result
