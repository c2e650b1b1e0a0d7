# SPDX-License-Identifier: GPL-3.0-or-later
"""A list reads only the processes that a name depends on. All other facts of a session must be as true as if it had
read all: its other terminals, the time since somebody has typed in any of them, and the logins that its session
manager does not know.
"""

import json

import pytest

import sessions
from cases import OK, assert_logged_off, chosen, forget_keys, logoff, not_used_for
from host import wait_until
from test_whole import listed


@pytest.fixture
def one_of(lend, request):
    return lend(request.param)


with_logind = pytest.mark.parametrize("one_of", ["systemd", "systemd-v1", "elogind"], indirect=True)


def second_terminal(session, name="inner"):
    """A terminal that a program in the session opens. Returns its name."""
    inner = session.spawn(f"script --quiet --command 'exec stubborn {name}' /dev/null", name)
    return f"pts/{inner.tty & 0xff}"


@with_logind
def test_a_login_with_a_second_terminal(one_of):
    """login(1) tells logind the first one: its name needs no process, its idle time does."""
    host = one_of
    session, other = sessions.login(host, "alice"), sessions.login(host, "bob")
    assert "TTY_VALIDITY=from-pam" in host.path(f"/run/systemd/sessions/{session.id}").read_text()
    second = second_terminal(session)
    assert second != session.tty
    shown = host.check(["query", "session", "/nolegend"]).splitlines()
    assert sorted(line.split()[0] for line in shown) == sorted([session.tty, other.tty])

    not_used_for(4, session, other)
    host.check(f"touch -a --date='-2 hours' /dev/{second}")
    row = listed(host, "user")[session.id]
    assert (row["name"], row["terminal"], row["terminals"]) == (session.tty, session.tty, [session.tty, second])
    assert row["idle_seconds"] >= 4
    assert session.id in chosen(host, "/idle:4")
    host.check(f"touch -a /dev/{second}")
    assert listed(host, "user")[session.id]["idle_seconds"] < 4, "somebody types in the second"
    assert chosen(host, "/idle:4") == {other.id}

    assert [one["id"] for one in json.loads(host.check(["query", "session", second, "--json"]))] == [session.id]
    before = session.processes()
    assert_logged_off(logoff(host, second, "/grace:1"), session, before)
    assert other.exists()


@with_logind
def test_a_message_reaches_the_second_terminal_of_a_login(one_of):
    host = one_of
    session = sessions.login(host, "alice")
    host.check("rm -f /tmp/heard")
    session.spawn("script --quiet --flush --command 'exec stubborn inner' /tmp/heard", "inner")
    assert host.run(["msg", "alice", "go home"]).status == OK
    wait_until(lambda: "go home" in host.path("/tmp/heard").read_text(errors="replace"), 5, "the second terminal shows it")


def test_panes_of_a_login(host):
    """tmux in a login whose name needs no process: its panes are terminals of the session."""
    session = sessions.login(host, "alice")
    session.sh("tmux new-session -d -s lab 'tty >/tmp/pane; exec stubborn pane'")
    wait_until(lambda: host.named("pane"), what="the pane's program runs")
    pane = host.path("/tmp/pane").read_text().strip().removeprefix("/dev/")
    not_used_for(4, session)
    host.check(f"touch -a /dev/{pane}")
    row = listed(host, "user")[session.id]
    assert (row["name"], row["terminals"]) == (session.tty, [session.tty, pane])
    assert row["idle_seconds"] < 4
    forget_keys(session)
    before = session.processes()
    assert_logged_off(logoff(host, pane, "/grace:1"), session, before)


BUSY = "#!/bin/sh\nfor i in $(seq 60); do sleep 7070 & done\nwait\n"


@pytest.fixture
def busy(one_of):
    """A host with three desktops of sixty processes each, which a list has not to read."""
    script = one_of.path("/usr/local/bin/busy")
    script.write_text(BUSY)
    script.chmod(0o755)
    desktops = sessions.fake(one_of, "carol", count=3, type="x11", display=":2{}", service="xrdp-sesman", leader="busy")
    wait_until(lambda: len(one_of.named("sleep")) >= 180, 20, "all their programs run")
    yield one_of, desktops
    one_of.run("pkill -KILL -x busy; pkill -KILL -f '^sleep 70'")


@with_logind
def test_who_is_beside_busy_desktops(busy):
    """Somebody over ssh, somebody without a terminal, a login, and somebody who was let in without logind."""
    host, desktops = busy
    ssh, silent, login = sessions.ssh(host, "alice"), sessions.ssh(host, "bob", tty=False), sessions.login(host, "alice")
    second = second_terminal(ssh)
    host.check("mkdir -p /run/sshd-alike; cp /usr/bin/script /run/sshd-alike/sshd")
    unknown = host.start("echo $(id -u bob) >/proc/self/loginuid; exec /run/sshd-alike/sshd -qc "
                         "'exec setpriv --reuid bob --regid bob --clear-groups stubborn asleep' /dev/null")
    try:
        asleep, = wait_until(lambda: host.named("asleep"), what="somebody works there")
        rows = listed(host)
        assert rows[ssh.id]["terminals"] == [ssh.tty, second] and rows[ssh.id]["name"] == ssh.tty
        assert rows[silent.id]["terminals"] == [] and rows[silent.id]["name"] is None
        assert rows[login.id]["name"] == login.tty
        beside, = [row for row in rows.values() if not row["registered"]]
        assert (beside["user"], beside["terminals"]) == ("bob", [f"pts/{asleep.tty & 0xff}"])
        assert [rows[one]["terminals"] for one in desktops.ids] == [[]] * 3
        processes = json.loads(host.check(["query", "process", "*", "--json"]))
        assert sum(one["session_id"] in desktops.ids for one in processes) >= 183
    finally:
        unknown.kill()


@with_logind
def test_many_processes_in_each_session(busy):
    """More than their number is worth: the control groups say whose they are."""
    host, desktops = busy
    first, login = sessions.ssh(host, "alice"), sessions.login(host, "bob")
    for one in (first, login):
        one.sh("for i in $(seq 40); do sleep 7071 >/dev/null 2>&1 </dev/null & done")
    second, inner = second_terminal(first), second_terminal(login, "inner2")
    rows = listed(host, "user")
    assert (rows[first.id]["name"], rows[first.id]["terminals"]) == (first.tty, [first.tty, second])
    assert (rows[login.id]["name"], rows[login.id]["terminals"]) == (login.tty, [login.tty, inner])
    assert rows[first.id]["idle_seconds"] is not None and rows[login.id]["idle_seconds"] is not None
