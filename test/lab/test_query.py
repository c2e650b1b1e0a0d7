# SPDX-License-Identifier: GPL-3.0-or-later
"""Output of query about real sessions: how users came, from where, since when, how long idle; and their processes.

Where possible the expected values come from the host itself.
"""

import json
import re
import time
from pathlib import Path

import pytest

import sessions
from cases import NO_SESSION, OK, logoff, not_used_for
from host import wait_until
from test_stubborn import leave_behind

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "doc/schema/sessions.json").read_text())
CONTROLS = re.compile(r"[^\n -~]")  # and what is not ASCII, which nothing here needs
HOSTILE = "ev\x1b]0;owned\x07\x1b[31mil"
HARMLESS = "ev\\x1b]0;owned\\x07\\x1b[31mil"


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
    assert lines[0].startswith(" USERNAME              SESSIONNAME    ID  STATE   IDLE TIME  LOGON TIME")
    assert lines[1].split()[:5] == ["alice", session.tty, session.id, "Active", "."]


def test_idle_time_is_that_of_the_terminal(any_host):
    session = sessions.ssh(any_host, "alice")
    not_used_for(3, session)
    found, = query(any_host, "session", session.id)
    assert 3 <= found["idle_seconds"] < 20


def test_nobody_is_idle_for_longer_than_the_session_exists(any_host):
    """The clock has been set forward since the last key was pressed."""
    session = sessions.ssh(any_host, "alice")
    any_host.check(f"touch -a -d '26 hours ago' /dev/{session.tty}")
    found, = query(any_host, "session", session.id)
    assert found["idle_seconds"] < 30
    line = any_host.run(["query", "user", session.id, "--no-legend"]).out
    assert line.split()[4] == "."


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


# -- the same on every kind of host ---------------------------------------------------------------

def test_fields_are_the_same_everywhere(any_host):
    """All fields of the schema and no others, on every kind of host."""
    jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
    sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "bob", tty=False)

    result = any_host.run(["query", "session", "--json"])

    assert not CONTROLS.search(result.out)
    found = json.loads(result.out)
    assert len(found) == 2
    for one in found:
        assert set(one) == set(SCHEMA["items"]["required"])
        assert one["host"] == any_host.name
    jsonschema.validate(found, SCHEMA)


def test_times_are_right_within_a_second(any_host):
    start = int(time.time())
    session = sessions.ssh(any_host, "alice")
    end = time.time()
    not_used_for(2, session)

    found, = query(any_host, "session", session.id)
    later, = query(any_host, "session", session.id)

    assert time.time() - end < 12, "the machine is too slow for this case"
    logon = time.time() - seconds_ago(found["logon_time"])
    assert start - 1 <= logon <= end + 1
    assert 2 <= found["idle_seconds"] <= time.time() - end + 1
    assert found["logon_time"] == later["logon_time"], "it was as it was"


def test_a_terminal_that_is_used_is_not_idle(any_host):
    session = sessions.ssh(any_host, "alice")
    not_used_for(4, session)
    session.sh("true")
    found, = query(any_host, "session", session.id)
    assert found["idle_seconds"] < 4


# -- states and kinds ---------------------------------------------------------------------------

def test_login_screens_background_and_closing_sessions(host):
    greeter = sessions.fake_console(host, "carol", **{"class": "greeter"})
    background = sessions.fake(host, "bob", **{"class": "background"})
    stuck = sessions.ssh(host, "alice")
    leave_behind(stuck, "stubborn -d keeper", "keeper")

    found = {one["id"]: one for one in query(host, "session")}
    lines = host.check("query session --no-legend --columns=id,state,kind").splitlines()
    people = query(host, "user")

    assert {identity: (one["state"], one["kind"]) for identity, one in found.items()} == {
        greeter.id: ("connected", "greeter"), background.id: ("active", "background"), stuck.id: ("closing", "user")}
    assert sorted(line.split() for line in lines) == sorted([
        [greeter.id, "Conn", "Greeter"], [background.id, "Active", "Background"], [stuck.id, "Closing", "User"]])
    assert [one["id"] for one in people] == [stuck.id]
    assert found[stuck.id]["name"] is None and found[stuck.id]["protocol"] == "ssh"


def test_one_program_of_many_names(host):
    sessions.ssh(host, "alice")
    for name, long_name in (("qwinsta", "query session"), ("quser", "query user"), ("qprocess", "query process")):
        assert host.check(f"{name} alice") == host.check(f"{long_name} alice") != ""


# -- names that are chosen to harm --------------------------------------------------------------

@pytest.fixture
def hostile_host(host):
    """A user, a terminal and a service whose names do something to a terminal that shows them."""
    passwd = host.path("/etc/passwd")
    kept = passwd.read_text()
    passwd.write_text(f"{kept}{HOSTILE}:x:1003:1003::/home/alice:/bin/bash\n")
    yield host
    passwd.write_text(kept)


def test_hostile_users_and_terminals(hostile_host):
    """Of root's making, for logind lets nobody else choose them; and everything that shows them."""
    host = hostile_host
    session = sessions.FakeSessions(host, uid=1003, tty=f"pts/{HOSTILE}", service=HOSTILE)
    for words in (["session"], ["user"], ["session", "--json"], ["user", "--json"]):
        shown = host.run(["query", *words]).text
        assert session.id in shown and not CONTROLS.search(shown), repr(shown)
    found, = query(host, "session", session.id)
    assert (found["user"], found["name"], found["protocol"]) == (HOSTILE, f"pts/{HOSTILE}", HOSTILE)

    for words in (["query", "session", "/columns:user,name,protocol"], ["query", "user", "/columns:user,terminal"],
                  ["query", "process", "*", "/columns:name"], ["query", "user", HOSTILE + "x"],
                  ["logoff", "/user:ev*", "/dryrun"], ["logoff", HOSTILE], ["msg", session.id, "/v", "hello"],
                  ["logoff", "/user:ev*", "/warn:1", "/v"]):
        result = host.run(words)
        assert HARMLESS in result.text, result.text
        assert not CONTROLS.search(result.text), repr(result.text)
    assert not session.exists()


def test_hostile_programs(any_host):
    """These, every user can choose: 15 bytes of them."""
    session = sessions.ssh(any_host, "alice")
    session.sh(r"stubborn -d $'\e[31mred\e]0;x\a'")

    wait_until(lambda: r"\x1b[31mred" in any_host.check("query process alice /columns:command"), what="it has its name")
    result = any_host.run(["query", "process", "alice"])

    assert r"\x1b[31mred\x1b]0;x\x07" in any_host.check("query process alice /columns:command")
    assert "red" in result.out and not CONTROLS.search(result.text)
    found = query(any_host, "process", f"/id:{session.id}")
    assert "\x1b[31mred\x1b]0;x\x07" in [one["command"] for one in found]


@pytest.mark.parametrize("name", ["PC-7", "a\x1b[31m\x07b\x7f"], ids=["plain", "hostile"])
def test_the_client_and_its_address(host, name):
    rdp = sessions.RdpSession(host, "alice", name=name)

    found, = query(host, "session", rdp.id)

    assert (found["protocol"], found["address"]) == ("rdp", "127.0.0.1")
    # xrdp may have written it down in another way; what matters is what the terminal gets.
    assert found["client"] == name or CONTROLS.search(name)
    shown = host.run(f"query session {rdp.id} --no-legend --columns=client,address")
    assert shown.status == OK and not CONTROLS.search(shown.text)
    assert shown.out.split()[-1] == "127.0.0.1"


def test_a_login_that_the_session_manager_does_not_know(logind_host):
    """An unregistered session is shown and marked; the word for its state is the usual one."""
    logind_host.check("mkdir -p /run/sshd-alike")
    # As a daemon does that lets people in without pam_systemd.
    login = logind_host.start("cp /usr/bin/script /run/sshd-alike/sshd; echo $(id -u alice) >/proc/self/loginuid; "
                              "exec /run/sshd-alike/sshd -qc 'exec setpriv --reuid alice --regid alice --clear-groups sleep 7777' /dev/null")
    try:
        asleep, = wait_until(lambda: logind_host.named("sleep"), what="somebody works there")
        number = logind_host.check(f"cat /proc/{asleep.pid}/sessionid").strip()
        found, = query(logind_host, "user", number)
        assert (found["id"], found["user"], found["registered"], found["kind"]) == (number, "alice", False, "user")
        assert found["terminal"].startswith("pts/") and found["terminals"] == [found["terminal"]]

        shown = logind_host.run(["quser", number])
        assert "  Active  " in shown.out and shown.err == f"quser: not registered with the session manager: {number}\n"
        assert logind_host.run(["query", "session", number, "/nolegend"]).out.split()[4].startswith("unreg")
        assert logind_host.run(["query", "user", number, "/nolegend"]).err == ""
    finally:
        login.kill()


def test_no_line_ends_with_blanks(any_host):
    session, left = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "bob")
    left.spawn("stubborn -d keeper", "keeper")
    left.leave()
    for words in (["query", "session"], ["query", "user"], ["query", "process", "*"], ["quser", "/columns:id,address,idle"]):
        lines = any_host.run(words).out.splitlines()
        assert len(lines) > 1 and [line for line in lines if line.endswith(" ")] == [], words
