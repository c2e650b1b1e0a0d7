# SPDX-License-Identifier: GPL-3.0-or-later
"""What query says of real sessions: how people came, from where, since when, how long idle; and of their processes.

Whatever can be known otherwise is asked of the host itself.
"""

import json
import time

import pytest

import sessions
from cases import NO_SESSION, OK
from host import wait_until


def query(host, *words):
    """The objects that a query prints as JSON."""
    result = host.run(["query", *words, "--json"])
    assert result.status == OK, result.text
    return json.loads(result.out)


def seconds_ago(moment):
    return time.time() - time.mktime(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")) + time.timezone


def test_a_login_over_ssh(any_host):
    session = sessions.ssh(any_host, "alice")
    found, = query(any_host, "user", "alice")
    assert (found["id"], found["user"], found["name"]) == (session.id, "alice", session.tty)
    assert (found["state"], found["kind"], found["current"], found["console"]) == ("active", "user", False, False)
    assert (found["protocol"], found["terminal"], found["address"]) == ("ssh", session.tty, "127.0.0.1")
    assert found["idle_seconds"] is not None and found["idle_seconds"] < 20
    assert -2 < seconds_ago(found["logon_time"]) < 60
    lines = any_host.run(["quser", "alice"]).out.splitlines()
    assert lines[0].startswith(" USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME")
    assert lines[1].split()[:5] == ["alice", session.tty, session.id, "Active", "."]


def test_idle_time_is_that_of_the_terminal(any_host):
    session = sessions.ssh(any_host, "alice")
    any_host.check(f"touch -a -d '26 hours ago' /dev/{session.tty}")
    found, = query(any_host, "session", session.id)
    assert 26 * 3600 - 5 < found["idle_seconds"] < 26 * 3600 + 60
    line = any_host.run(["query", "user", session.id, "--no-legend"]).out
    assert line.split()[4] == "1+02:00"


def test_without_a_terminal_idle_is_not_known(any_host):
    session = sessions.ssh(any_host, "alice", tty=False)
    found, = query(any_host, "session", session.id)
    assert (found["protocol"], found["terminal"], found["idle_seconds"]) == ("ssh", None, None)
    assert any_host.run(["query", "user", session.id, "--no-legend"]).out.split()[3] == "?"


def test_the_current_session_is_marked(any_host):
    session, other = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "bob")
    lines = session.sh("query session --no-legend").splitlines()
    assert {line.split()[2]: line[0] for line in lines} == {session.id: ">", other.id: " "}
    marked = session.sh("query process --no-legend").splitlines()
    assert any(line.startswith(">alice") and line.endswith("query") for line in (one.rstrip() for one in marked))


def test_processes_of_a_session(any_host):
    session, other = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "bob")
    session.spawn("stubborn -d keeper", "keeper")
    outside = any_host.start("exec stubborn outside")
    wait_until(lambda: any_host.named("outside"), what="it runs")
    names = {one.pid: one.name for one in session.processes()}

    found = query(any_host, "process", f"/id:{session.id}")
    assert {one["pid"]: one["command"] for one in found} == names
    assert {one["session_name"] for one in found} == {session.tty}
    everything = {one["pid"]: one for one in query(any_host, "process", "*")}
    assert {pid for pid, one in everything.items() if one["session_id"] == session.id} == set(names)
    assert all(everything[one.pid]["session_id"] == other.id for one in other.processes())
    found, = query(any_host, "process", "outside")
    assert (found["session_id"], found["user"]) == (None, "root")
    any_host.check("pkill -KILL outside")
    outside.wait(5)


def test_a_desktop_without_its_client(host):
    rdp = sessions.RdpSession(host, "alice")
    found, = query(host, "session", rdp.id)
    assert (found["state"], found["name"], found["protocol"], found["display"]) == (
        "active", rdp.name, "rdp", f":{rdp.number}")
    rdp.disconnect()
    found, = query(host, "session", rdp.id)
    assert (found["state"], found["name"]) == ("disconnected", None)
    assert host.run(["query", "session", rdp.id, "--no-legend"]).out.split()[:3] == ["alice", rdp.id, "Disc"]


def test_nobody(any_host):
    result = any_host.run(["query", "user", "alice"])
    assert (result.status, result.out) == (NO_SESSION, "")
    assert query(any_host, "user") == []
