# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that the caller cannot see: hidden by /proc (hidepid), of another pid namespace, or in folders of a
cgroup with any names and depth. They still belong to their session.
"""

import json
import subprocess

import pytest

import sessions
from cases import (NO_SESSION, NOT_IN_TIME, OK, UNREACHABLE, assert_gone, assert_logged_off, assert_untouched, logoff,
                   not_used_for)
from host import wait_until
from test_audit import record, start  # noqa: F401 (start notes when the case began)
from test_stubborn import leave_behind
from test_whole import MOSH

GROUPS = "/sys/fs/cgroup/user.slice/user-1000.slice"


SAVER = """#!/bin/bash
trap '' HUP
trap 'sleep "$1"; echo all of it >/tmp/saved/file; exit' TERM
echo >/tmp/saved/ready
while :; do sleep 0.05; done
"""


def write_saver(host):
    """A program that needs time to save after the request to end."""
    host.path("/usr/local/bin/saver").write_text(SAVER)
    host.check("chmod 755 /usr/local/bin/saver; rm -rf /tmp/saved; mkdir -m 1777 /tmp/saved")


def start_saver(session, seconds=1):
    """Starts it in the session."""
    host = session.host
    write_saver(host)
    session.spawn(f"saver {seconds}", "saver")
    wait_until(host.path("/tmp/saved/ready").exists, 5, "it listens to SIGTERM")


def saved(host):
    """Whether it has saved."""
    return host.path("/tmp/saved/file").exists()


@pytest.fixture(params=["systemd", "elogind", "bare"])
def hiding(lend, request):
    """A host on which users see no processes but their own."""
    host = lend(request.param)
    host.check("mount -o remount,hidepid=2 /proc")
    yield host
    host.check("mount -o remount,hidepid=0 /proc")


@pytest.fixture(params=["1", "2"], ids=["files", "all"])
def hiding_systemd(host, request):
    """The same with systemd; bob of the help desk may manage sessions."""
    rule = host.path("/etc/polkit-1/rules.d/50-lab.rules")
    rule.write_text("""polkit.addRule(function(action, subject) {
        if (action.id == "org.freedesktop.login1.manage" && subject.user == "bob")
            return polkit.Result.YES;
    });\n""")
    host.check(f"mount -o remount,hidepid={request.param},gid=$(getent group polkitd | cut -d: -f3) /proc")
    host.restart("polkit")
    yield host
    host.check("mount -o remount,hidepid=0,gid=0 /proc")
    rule.unlink()
    host.restart("polkit")


def test_what_proc_hides_gets_its_grace(hiding_systemd):
    """The caller sees no process of the session, and does not take the session for empty."""
    desk, session = sessions.ssh(hiding_systemd, "bob"), sessions.ssh(hiding_systemd, "alice")
    start_saver(session, 3)
    before = session.processes()

    out, status = desk.shell.run(f"logoff {session.id} /v")

    assert status == OK, out
    assert saved(hiding_systemd), out
    assert_gone(session, before)
    record(session, LOGOFF_RESULT="ended", LOGOFF_FORCED="no")


def test_what_proc_hides_is_left(hiding_systemd):
    desk, session = sessions.ssh(hiding_systemd, "bob"), sessions.ssh(hiding_systemd, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")

    out, status = desk.shell.run(f"logoff {session.id} /grace:30 /wait:2 2>&1")

    assert status == NOT_IN_TIME, out
    assert hiding_systemd.alive(keeper)
    assert str(keeper.pid) in out


def test_terminals_that_proc_hides(hiding_systemd):
    """logind knows the terminal of the logon. The user works in another one, which the caller does not see."""
    session = sessions.ssh(hiding_systemd, "alice")
    session.spawn("script --quiet --command 'sleep 100' /dev/null", "script")
    not_used_for(3, session)
    row, = json.loads(hiding_systemd.run(["query", "session", session.id, "--json"], user="bob").out)

    assert row["idle_seconds"] is None
    assert session.id not in logoff(hiding_systemd, "/idle:3", "/dryrun", user="bob").out


def test_a_mosh_user_whom_proc_hides(hiding_systemd):
    """Nobody can tell whether the user of a closing session works on: only who names it ends it."""
    script = hiding_systemd.path("/usr/local/bin/mosh-server")
    script.write_text(MOSH)
    script.chmod(0o755)
    session = sessions.ssh(hiding_systemd, "alice")
    leave_behind(session, "mosh-server", "mosh-server")
    wait_until(lambda: [one for one in session.processes() if one.name == "sh"], what="mosh's shell runs")
    before = session.processes()

    result = logoff(hiding_systemd, "/state:closing", "/y", user="bob")

    assert result.status == NO_SESSION and "1 session is left alone: its state" in result.err, result.text
    assert hiding_systemd.survivors(before) == before
    assert_logged_off(logoff(hiding_systemd, session.id, "/grace:1", user="bob"), session, before)


def test_own_session_where_proc_hides(hiding):
    session = sessions.ssh(hiding, "alice")
    before = session.processes()

    session.shell.begin("logoff")

    assert session.ended_for_client(15), session.shell.heard
    wait_until(lambda: not session.processes(), 5, "all of the session has ended")
    assert_gone(session, before)


def test_own_other_session_where_proc_hides(hiding):
    """The caller cannot see root's processes in the session, so only the visible ones are reported as ended."""
    here, there = sessions.ssh(hiding, "alice"), sessions.ssh(hiding, "alice")
    before = there.processes()

    out, status = here.shell.run(f"logoff {there.id} /wait:5 2>&1")

    if hiding.flavour == "systemd":
        assert status == OK, out
    if status == OK:
        assert_gone(there, before)
    assert "very process has ended" not in out or hiding.survivors(before) == []


def start_roots_daemon(host, session):
    """Has alice start a daemon of root's in her session, by sudo."""
    if not host.path("/etc/sudoers.d").exists():
        pytest.skip("no sudo on this host")
    host.path("/etc/sudoers.d/lab").write_text("alice ALL=(ALL) NOPASSWD: ALL\n")
    return session.spawn("sudo stubborn -d keeper", "keeper")


def test_roots_process_in_ones_own_session_where_proc_hides(hiding):
    """A daemon that sudo has started counts, visible or not."""
    here, there = sessions.ssh(hiding, "alice"), sessions.ssh(hiding, "alice")
    keeper = start_roots_daemon(hiding, there)

    out, status = here.shell.run(f"logoff {there.id} /grace:1 /wait:4 2>&1")

    assert (status == OK) == (not hiding.alive(keeper)), out
    hiding.run(f"kill -9 {keeper.pid}")


def test_a_hidden_program_may_be_one_to_keep(hiding):
    """What sudo has started in the other session cannot be seen, so whether it is to be kept is unknown: it is left alone."""
    here, there = sessions.ssh(hiding, "alice"), sessions.ssh(hiding, "alice")
    keeper = start_roots_daemon(hiding, there)

    out, _ = here.shell.run("logoff /user:alice /keep:keeper /grace:1 /wait:4 /y 2>&1")

    assert hiding.alive(keeper) and there.shell.run("true")[1] == 0, out
    assert ("hidepid" if hiding.flavour == "bare" else "its programs are unknown") in out
    hiding.run(f"kill -9 {keeper.pid}")


def test_a_list_is_not_short_without_a_word(hiding):
    """Users see no processes of others. logind tells of its sessions all the same; nobody else does."""
    here, there = sessions.ssh(hiding, "alice"), sessions.ssh(hiding, "bob")
    before = there.processes()

    listed, query_status = here.shell.run("query session 2>&1")
    out, status = here.shell.run("logoff /all /ifany /y /dryrun 2>&1")
    own, own_status = here.shell.run(f"logoff {here.tty} /dryrun 2>&1")

    if hiding.flavour == "bare":
        assert (query_status, status) == (UNREACHABLE, UNREACHABLE), (listed, out)
        assert "hidepid" in listed and "hidepid" in out
    else:
        assert query_status == OK and "bob" in listed, listed
        assert "bob" in out and "logins" in out, out
    assert own_status == OK, own
    assert_untouched(there, before)


def test_an_id_that_cannot_be_seen(hiding):
    """A login that the session manager does not know could have this number."""
    here = sessions.ssh(hiding, "alice")
    out, status = here.shell.run("logoff 4000000 2>&1")
    assert status == UNREACHABLE and "hidepid" in out, out
    assert here.shell.run("logoff c4000000 2>&1")[1] == (UNREACHABLE if hiding.flavour == "bare" else NO_SESSION)


def folders(host, session, make, leaf):
    """Makes folders in the scope of a session and moves its saver into the last."""
    host.check(f"cd {GROUPS}/session-{session.id}.scope && {make}")
    host.check(f"cd {GROUPS}/session-{session.id}.scope && cd {leaf} && "
               "echo $(pidof -x saver) >cgroup.procs")


@pytest.mark.parametrize("leaf", [".jobs/..1", "/".join(["deep"] * 80)], ids=["dots", "deep"])
def test_processes_in_folders_of_the_scope(host, leaf):
    """As job schedulers make them."""
    session = sessions.ssh(host, "alice")
    start_saver(session)
    before = session.processes()
    folders(host, session, f"mkdir -p {leaf}", leaf)
    # processes left in the scope end at once
    result = logoff(host, session.id, "/v")

    assert result.status == OK, result.text
    assert saved(host), result.text
    assert host.survivors(before) == []
    record(session, LOGOFF_FORCED="no")


def test_a_process_of_another_pid_namespace(host):
    """A process from outside of the container has entered the session's cgroup. It has no number here, but counts."""
    session = sessions.ssh(host, "alice")
    outside = subprocess.Popen(["sleep", "300"], stdin=subprocess.DEVNULL)
    scope = f"user.slice/user-1000.slice/session-{session.id}.scope"
    try:
        for tree in host.cgroups:
            for file in tree.glob(f"*/{scope}/cgroup.procs"):
                file.write_text(str(outside.pid))
        assert "0" in host.check(f"cat /sys/fs/cgroup/{scope}/cgroup.procs").split()

        result = logoff(host, session.id, "/grace:1", "/wait:3")

        assert result.status == (OK if outside.poll() is not None else NOT_IN_TIME), result.text
    finally:
        outside.kill()
        outside.wait(10)


def test_hidden_processes_are_not_absent(hiding):
    """Whatever the question: of processes and logins of others nobody says that there are none."""
    here, there = sessions.ssh(hiding, "alice"), sessions.ssh(hiding, "bob")

    for command in ("query process bob", "query process 1", f"query process {there.tty}", "query process '*'"):
        out, status = here.shell.run(command + " 2>&1")
        assert status == UNREACHABLE and "/proc hides" in out, (command, out)
    if hiding.flavour == "bare":    # there nothing can be listed at all
        return
    for command in ("query process", "query process alice", f"query process {here.processes()[-1].pid}"):
        out, status = here.shell.run(command + " 2>&1")
        assert status == OK and "/proc" not in out, (command, out)
    for command in ("query user carol", "msg carol Lunch"):     # she may be logged on where logind does not know
        out, status = here.shell.run(command + " 2>&1")
        assert status == UNREACHABLE and "hidepid" in out, (command, out)
