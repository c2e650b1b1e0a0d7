# SPDX-License-Identifier: GPL-3.0-or-later
"""A session is more than its scope: the leader, the kernel's audit session, the terminals and the login records each know
a part of it, and the caller's own session is wherever the caller depends on one.
"""

import json
import re
import struct
import subprocess
import time

import pytest

import sessions
from cases import (DENIED, NO_SESSION, NOT_IN_TIME, OK, UNREACHABLE, assert_gone, assert_logged_off, assert_untouched, chosen, logoff,
                   not_used_for)
from host import finish, wait_until
from test_stubborn import leave_behind, n_born
from test_waits import records


def listed(host, what="session", *words):
    """The rows of `query session` or `query user`, by id."""
    result = host.run(["query", what, "--json", *words])
    return {one["id"]: one for one in json.loads(result.out or "[]")}


# -- the leader ---------------------------------------------------------------------------------

def prepare_scheduler(root):
    """A job scheduler's PAM module, after pam_systemd, moves each login into a control group of its own."""
    script = root / "usr/local/bin/adopt"
    script.write_text("#!/bin/sh\n[ \"$PAM_TYPE\" = open_session ] || exit 0\nmkdir -p /sys/fs/cgroup/jobs\n"
                      "echo $PPID >/sys/fs/cgroup/jobs/cgroup.procs\n")
    script.chmod(0o755)
    with (root / "etc/pam.d/sshd").open("a") as file:
        file.write("session optional pam_exec.so /usr/local/bin/adopt\n")


@pytest.fixture
def scheduler(lend):
    return lend("systemd", "scheduler", prepare_scheduler)


def of_audit(session):
    return wait_until(lambda: session.host.audit_processes(session.audit), what="it runs something")


def test_a_leader_that_was_moved_elsewhere(scheduler):
    session, kept = sessions.ssh(scheduler, "alice"), sessions.ssh(scheduler, "bob")
    session.sh("stubborn -d keeper")
    wait_until(lambda: scheduler.named("keeper"), what="the daemon runs")
    before, others = of_audit(session), of_audit(kept)
    assert {"bash", "keeper"} <= {one.name for one in before} and len(before) > 3

    result = logoff(scheduler, session.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert scheduler.survivors(before) == [], result.text
    assert session.ended_for_client()
    assert scheduler.survivors(others) == others
    assert kept.sh("echo here") == "here"


def test_an_orphan_beside_a_leader_without_an_audit_session(lend):
    """It may be of another login that was moved there. That every process has ended is not said."""
    def prepare(root):
        prepare_scheduler(root)
        for file in (root / "etc/pam.d").iterdir():    # as in most unprivileged containers
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if "pam_loginuid" not in line))

    host = lend("systemd", "unaudited-scheduler", prepare)
    session, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    result = logoff(host, session.id, "/grace:1", "/v")
    assert result.status == OK and "every process has ended, the session is deleted" in result.out and not result.err, result.text

    session = sessions.ssh(host, "alice")
    session.sh("stubborn -d keeper")
    wait_until(lambda: host.named("keeper"), what="the daemon runs")
    result = logoff(host, session.id, "/grace:1", "/v")
    assert "every process has ended, the session is deleted" not in result.out and "could not be seen" in result.err, result.text
    assert host.named("keeper") and other.sh("echo here") == "here"
    host.check("pkill -KILL keeper")


def test_it_is_named_by_its_terminal_and_knows_itself(scheduler):
    session, other = sessions.ssh(scheduler, "alice"), sessions.ssh(scheduler, "bob")
    before, others = of_audit(session), of_audit(other)
    rows = listed(scheduler, "user")
    assert rows[session.id]["name"] == session.tty
    shown = json.loads(session.sh("query session --json"))
    assert [one["id"] for one in shown if one["current"]] == [session.id]

    assert logoff(scheduler, session.tty).status == OK
    assert scheduler.survivors(before) == []
    assert scheduler.survivors(others) == others


def test_its_user_may_end_it_too(scheduler):
    """The leader is root's; it goes with what the user may end."""
    session, here = sessions.ssh(scheduler, "alice"), sessions.ssh(scheduler, "alice")
    session.sh("stubborn -d keeper")
    wait_until(lambda: scheduler.named("keeper"), what="the daemon runs")
    before, others = of_audit(session), of_audit(here)

    out, status = here.shell.run(f"logoff {session.id} /grace:1")

    assert status == OK, out
    assert scheduler.survivors(before) == [], out
    assert scheduler.survivors(others) == others


@pytest.fixture
def slow_manager(host):
    """alice's service manager takes minutes to start."""
    folder = host.path("/run/systemd/system/user@1000.service.d")
    folder.mkdir(parents=True)
    (folder / "slow.conf").write_text("[Service]\nExecStartPre=/usr/bin/sleep 600\nTimeoutStartSec=700\n")
    host.check("systemctl daemon-reload")
    yield host
    host.run("systemctl kill --signal=KILL user@1000.service")
    (folder / "slow.conf").unlink()
    host.check("systemctl daemon-reload; systemctl reset-failed user@1000.service || true")


def test_a_session_that_is_still_opening(slow_manager):
    host = slow_manager
    client = host.start(["ssh", "-tt", "alice@127.0.0.1", "touch /tmp/completed; sleep 600"], stdin=subprocess.PIPE)
    identity = wait_until(lambda: host.session_ids() or None, 10, "the session is there")[0]
    assert host.session(identity)["State"] == "opening"
    leader = int(host.session(identity)["Leader"])
    before = [one for one in host.processes() if one.pid == leader]
    assert before

    result = logoff(host, identity, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert host.survivors(before) == [], result.text
    client.wait(10)
    assert not host.path("/tmp/completed").exists()


def test_what_an_administrator_has_the_system_run(host):
    """It has the audit session of whoever started it, and was given to the system's service manager to outlive that."""
    session = sessions.ssh(host, "root")
    session.sh("setsid systemd-run --scope --quiet --slice=machine.slice --unit=container.scope sleep 9995 </dev/null "
               ">/dev/null 2>&1 &")
    kept = wait_until(lambda: host.named("sleep"), what="it runs")
    assert host.check(f"cat /proc/{kept[0].pid}/sessionid").strip() == str(session.audit)
    before = [one for one in session.processes() if one not in kept]

    result = logoff(host, session.id)

    assert result.status == OK, result.text
    assert host.survivors(before) == [], result.text
    assert host.survivors(kept) == kept
    host.check("systemctl stop container.scope")


def test_what_was_given_away_is_nobodys_to_tskill(host):
    """Also while what has started it is in the session."""
    session = sessions.ssh(host, "root")
    session.sh("systemd-run --scope --quiet --slice=machine.slice --unit=container.scope sleep 9994 </dev/null >/dev/null 2>&1 &")
    kept = wait_until(lambda: host.named("sleep"), what="it runs")
    try:
        rows = json.loads(host.check("query process '*' --json"))
        assert next(row["session_id"] for row in rows if row["pid"] == kept[0].pid) is None
        assert host.run(["tskill", "sleep", f"/id:{session.id}"]).status == NO_SESSION
        assert host.survivors(kept) == kept
    finally:
        host.check("systemctl stop container.scope")


@pytest.mark.parametrize("pause_us", [200, 1000])
def test_a_chain_of_forks_elsewhere(host, pause_us):
    """One process at a time, which most looks at /proc miss: the session is not called ended while the chain goes on."""
    session = sessions.ssh(host, "root")
    session.sh("mkdir -p /sys/fs/cgroup/jobs; sh -c 'echo $$ >/sys/fs/cgroup/jobs/cgroup.procs; "
               f"exec hopper 1 {pause_us}' >/dev/null 2>&1 </dev/null")
    wait_until(lambda: n_born(host) > 30, what="the chain runs")

    result = logoff(host, session.id, "/grace:1", "/wait:3")

    if result.status == OK:
        assert n_born(host) < 30, result.text
    else:
        assert result.status == NOT_IN_TIME, result.text
    host.check("for i in $(seq 1000); do echo 1 >/sys/fs/cgroup/jobs/cgroup.kill; done")
    assert n_born(host) < 30


# -- terminals ----------------------------------------------------------------------------------

def test_root_over_ssh_has_a_name_and_an_idle_time(host):
    session = sessions.ssh(host, "root")
    not_used_for(3, session)
    row = listed(host, "user")[session.id]
    assert row["name"] == session.tty
    assert 3 <= row["idle_seconds"] < 15
    before = session.processes()

    assert_logged_off(logoff(host, session.tty), session, before)


@pytest.fixture
def two_terminals(host):
    """One ssh connection with two shells."""
    first = sessions.Session(host, "alice", sessions._client(host, [
        "ssh", "-tt", "-M", "-S", "/run/lab-mux", "alice@127.0.0.1", f"stty -echo; {sessions.PLAIN_SHELL}"]))
    second = sessions.Session(host, "alice", sessions._client(host, [
        "ssh", "-tt", "-S", "/run/lab-mux", "alice@127.0.0.1", f"stty -echo; {sessions.PLAIN_SHELL}"]))
    assert first.id == second.id and first.tty != second.tty
    return first, second


def test_one_connection_with_two_terminals(host, two_terminals):
    first, second = two_terminals
    not_used_for(4, first, second)
    second.sh("true")
    row = listed(host, "user")[first.id]
    assert row["idle_seconds"] < 4, "somebody types in the other"
    assert first.id not in chosen(host, "/idle:4")
    assert row["name"] == json.loads(host.check(["query", "session", first.id, "--json"]))[0]["name"]
    for one in (first, second):
        assert first.id in chosen(host, one.tty)
    before = first.processes()

    assert_logged_off(logoff(host, second.tty), first, before)


def test_a_login_record_that_was_never_taken_back(host):
    """Its process number is given again, to one of alice; its terminal is bob's by now."""
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    record = struct.pack("hi32s4s32s256shhiii4i20s", 7, alice.processes()[0].pid, bob.tty.encode(), b"", b"carol", b"", 0, 0, 0,
                         1700000000, 0, 0, 0, 0, 0, b"")
    with open(host.path("/run/utmp"), "ab") as file:
        file.write(record)
    assert bob.tty not in listed(host)[alice.id]["terminals"]
    assert bob.tty in listed(host)[bob.id]["terminals"]
    assert bob.id in chosen(host, bob.tty)


MOSH = """#!/usr/bin/python3
import os, pty, signal
if os.fork(): os._exit(0)
os.setsid()
signal.signal(signal.SIGHUP, signal.SIG_IGN)
null = os.open("/dev/null", os.O_RDWR)
for fd in (0, 1, 2): os.dup2(null, fd)
pid, master = pty.fork()
if not pid: os.execv("/bin/sh", ["sh"])
while os.read(master, 100): pass
"""


def test_a_mosh_user_is_at_work(host):
    """The ssh login that has started mosh-server is over, and its user works on."""
    script = host.path("/usr/local/bin/mosh-server")
    script.write_text(MOSH)
    script.chmod(0o755)
    session = sessions.ssh(host, "alice")
    leave_behind(session, "mosh-server", "mosh-server")
    shell, = wait_until(lambda: [one for one in session.processes() if one.name == "sh"], what="mosh's shell runs")
    row = listed(host, "user")[session.id]
    assert (row["state"], row["protocol"], row["name"]) == ("active", "mosh", f"pts/{shell.tty & 0xff}")
    assert row["idle_seconds"] is not None
    assert session.id not in chosen(host, "/state:closing")
    before = session.processes()

    assert_logged_off(logoff(host, row["name"], "/grace:1"), session, before)


def test_a_desktop_is_not_its_terminal(host):
    session = sessions.ssh(host, "bob")
    desktop = sessions.fake(host, type="x11", display=":7", tty=session.tty, service="gdm")
    row = listed(host)[desktop.id]
    assert (row["name"], row["idle_seconds"]) == (":7", None)
    assert desktop.id not in chosen(host, session.tty)
    assert desktop.id in chosen(host, ":7")


def test_a_pane_that_the_users_manager_holds(host):
    """tmux of Debian 13 puts each pane into a scope of the user's manager; what users put there by systemd-run is theirs."""
    kept, session = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    session.sh("systemd-run --user --scope --quiet --unit=tmux-spawn-1 stubborn pane >/dev/null 2>&1 </dev/null &")
    session.sh("systemd-run --user --scope --quiet stubborn mine >/dev/null 2>&1 </dev/null &")
    session.sh("systemd-run --user --scope --quiet --unit=myjob stubborn named >/dev/null 2>&1 </dev/null &")
    pane = wait_until(lambda: host.named("pane"), what="the pane's program runs")
    mine = wait_until(lambda: host.named("mine"), what="the user's own runs")
    mine += wait_until(lambda: host.named("named"), what="another one runs, in a scope with a name")
    before, others = session.processes(), kept.processes()

    result = logoff(host, session.id, "/grace:1")

    assert result.status == OK, result.text
    assert host.survivors(pane) == [], result.text
    assert host.survivors([one for one in before if one not in mine]) == []
    assert host.survivors(mine) == mine
    assert_untouched(kept, others)


def test_what_has_left_its_group_and_parents_is_still_kept(host):
    """A log-off would end it, by the audit session; so query process and /keep know it too."""
    session = sessions.ssh(host, "alice")
    job = session.spawn("stubborn -d kjob", "kjob")
    host.check(f"mkdir -p /sys/fs/cgroup/jobs/x && echo {job.pid} >/sys/fs/cgroup/jobs/x/cgroup.procs")

    listed = host.check(["query", "process", "kjob", "/columns:id", "/nolegend"]).split()
    result = logoff(host, "/all", "/keep:kjob", "/ifany", "/y")

    assert listed == [session.id]
    assert result.status == OK and host.alive(job) and session.exists(), result.text
    host.check(f"kill -KILL {job.pid}")
    wait_until(lambda: not host.alive(job), 5, "it has ended")
    host.run("rmdir /sys/fs/cgroup/jobs/x /sys/fs/cgroup/jobs")


# -- logins that logind does not know -----------------------------------------------------------

@pytest.fixture
def unregistered(lend):
    """pam_systemd is not used, as on compute nodes."""
    def prepare(root):
        for file in (root / "etc/pam.d").iterdir():
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if "pam_systemd" not in line))

    return lend("systemd", "unregistered", prepare)


def test_logins_that_logind_does_not_know(unregistered):
    host = unregistered
    session, kept = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    assert not session.exists()
    session.sh("stubborn -d keeper")
    before, others = of_audit(session), of_audit(kept)
    rows = listed(host, "user")
    assert set(rows) == {str(session.audit), str(kept.audit)}
    row = rows[str(session.audit)]
    assert (row["user"], row["name"], row["state"], row["protocol"]) == ("alice", session.tty, "active", "ssh")
    shown = json.loads(kept.sh("query session --json"))
    assert [one["id"] for one in shown if one["current"]] == [str(kept.audit)]
    processes = json.loads(host.check(["query", "process", "*", "--json"]))
    assert {one["session_id"] for one in processes if one["pid"] in {p.pid for p in before}} == {str(session.audit)}

    result = logoff(host, "/user:alice", "/grace:1")

    assert result.status == OK, result.text
    assert host.survivors(before) == []
    assert host.survivors(others) == others


def test_a_service_manager_is_no_session(host):
    """It has a kernel audit session like a login."""
    host.check("systemctl start user@1001")
    host.check("runuser -u bob -- env XDG_RUNTIME_DIR=/run/user/1001 systemd-run --user --quiet --unit=lab sleep 9998")
    service = wait_until(lambda: host.named("sleep"), what="bob's service runs")
    assert listed(host) == {}
    result = host.run(["logoff", "/all", "/y"], env={"LOGOFF_HOST": "procfs"})
    assert result.status == NO_SESSION, result.text
    assert host.survivors(service) == service


# -- a logind that does not answer --------------------------------------------------------------

def test_a_silent_logind_is_not_replaced(host):
    session = sessions.ssh(host, "alice")
    before = session.processes()
    logind, = host.named("systemd-logind")
    host.check(f"kill -STOP {logind.pid}")
    try:
        result = logoff(host, "/all", "/y", timeout=60)
    finally:
        host.check(f"kill -CONT {logind.pid}")
    assert result.status == UNREACHABLE, result.text
    assert_untouched(session, before)


def test_looking_starts_nothing(lend):
    host = lend("systemd", "stopped logind")
    host.check("systemctl stop systemd-logind")
    for words in (["query", "session"], ["query", "user"], ["logoff", "/all", "/y"], ["logoff", "99999"], ["logoff"]):
        result = host.run(words)
        assert result.status == UNREACHABLE, result.text
    assert host.run("systemctl is-active systemd-logind").out.strip() == "inactive"
    host.check("systemctl start systemd-logind")


# -- whose session is it ------------------------------------------------------------------------

def test_from_a_multiplexer(host):
    """Its server is in a session that is over, its client in another."""
    first = sessions.ssh(host, "alice")
    first.sh("tmux new-session -d -s lab")
    first.leave()
    wait_until(lambda: first.property("State") == "closing", 10, "the first session is closing")
    second, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    client = second.shell.begin("TERM=xterm tmux attach -t lab")
    wait_until(lambda: host.run("tmux list-clients -t lab", user="alice").out, what="the client is attached")
    host.check("rm -f /tmp/done; tmux send-keys -t lab 'logoff /all /dryrun >/tmp/plan 2>&1; "
               "query session --json >/tmp/rows; touch /tmp/done' Enter", user="alice")
    wait_until(host.path("/tmp/done").exists, 15, "the commands have run")
    plan, rows = host.path("/tmp/plan").read_text(), json.loads(host.path("/tmp/rows").read_text())

    meant = set(re.findall(r"Session (\w+)", plan))
    assert meant == {other.id}
    assert [one["id"] for one in rows if one["current"]] == [first.id]
    assert client


def test_from_one_of_two_multiplexers(host):
    """Only the servers know which client is whose: each client's session may be the caller's, which is said."""
    clients = {}
    for name in ("one", "two"):
        clients[name] = sessions.ssh(host, "alice")
        clients[name].shell.begin(f"TERM=xterm tmux -L {name} new-session -s lab")
        wait_until(lambda: host.run(f"tmux -L {name} list-clients -t lab", user="alice").out, what="the client is attached")
    other = sessions.ssh(host, "bob")
    host.check("rm -f /tmp/done4; tmux -L one send-keys -t lab 'logoff /all /dryrun >/tmp/plan4 2>&1; "
               "query session --json >/tmp/rows4; touch /tmp/done4' Enter", user="alice")
    wait_until(host.path("/tmp/done4").exists, 15, "the commands have run")
    plan, own = host.path("/tmp/plan4").read_text(), {one["id"]: one["own"] for one in json.loads(host.path("/tmp/rows4").read_text())}

    assert set(re.findall(r"Session (\w+)", plan)) == {other.id}, plan
    assert own[clients["one"].id] is True and own[clients["two"].id] is None and own[other.id] is False
    assert "1 session is left alone: it is unknown whether it is your own" in plan


def test_from_a_service_that_a_session_started(host):
    """As with run0 and machinectl shell: process 1 is the parent, the terminal is held by the client."""
    here, there = sessions.ssh(host, "root"), sessions.ssh(host, "bob")
    kept, before = here.processes(), there.processes()
    here.sh("systemd-run --quiet --wait -t logoff /all /y", 40)
    assert_untouched(here, kept)
    assert_gone(there, before)


def test_from_run0(host):
    if host.run("command -v run0").status:
        pytest.skip("no run0 before systemd 256")
    here, there = sessions.ssh(host, "root"), sessions.ssh(host, "bob")
    kept, before = here.processes(), there.processes()
    here.sh("run0 --background= logoff /all /y", 40)
    assert_untouched(here, kept)
    assert_gone(there, before)


def test_from_the_users_manager(host):
    """Terminals of GNOME and Plasma run there; they are of the user's graphical session."""
    desktop = sessions.fake(host, "alice", type="x11", display=":8", service="gdm")
    other = sessions.ssh(host, "bob")
    host.check("systemctl start user@1000")
    host.check("runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --quiet --wait --unit=lab "
               "sh -c 'logoff /all /dryrun >/tmp/plan2 2>&1; query session --json >/tmp/rows2'; true")
    meant = set(re.findall(r"Session (\w+)", host.path("/tmp/plan2").read_text()))
    rows = json.loads(host.path("/tmp/rows2").read_text())
    assert [one["id"] for one in rows if one["current"]] == [desktop.id]
    assert meant == {other.id}


def test_the_own_session_is_not_told(host):
    """logind is silent when it is asked for the caller's desktop, and answers again when it is asked for the list."""
    desktop, other = sessions.fake(host, "alice", type="x11", display=":8", service="gdm"), sessions.ssh(host, "alice")
    kept, before = desktop.processes(), other.processes()
    host.check("systemctl start user@1000; systemctl kill --signal=STOP systemd-logind")
    running = host.start("env XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --quiet --wait --pipe logoff /all /y /grace:1",
                         user="alice")
    time.sleep(7)   # a question takes 5 s at most
    host.check("systemctl kill --signal=CONT systemd-logind")
    result = finish(running, 40)
    assert result.status == UNREACHABLE, result.text
    assert_untouched(desktop, kept)
    assert_untouched(other, before)


def test_from_a_multiplexer_attached_in_the_terminal_of_a_desktop(host):
    """Its server is in an ssh session, its client is a service of the user's manager."""
    first, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    first.sh("tmux new-session -d -s lab")
    desktop = sessions.fake(host, "alice", type="x11", display=":8", service="gdm")
    second = sessions.ssh(host, "alice")
    client = second.shell.begin("TERM=xterm systemd-run --user --quiet -t -E TERM=xterm tmux attach -t lab")
    wait_until(lambda: host.run("tmux list-clients -t lab", user="alice").out, what="the client is attached")
    host.check("tmux send-keys -t lab 'logoff /all /dryrun >/tmp/plan3 2>&1; touch /tmp/done3' Enter", user="alice")
    wait_until(host.path("/tmp/done3").exists, 15, "the command has run")

    meant = set(re.findall(r"Session (\w+)", host.path("/tmp/plan3").read_text()))
    assert desktop.id not in meant
    assert meant == {other.id}
    assert client


def test_classes_that_are_nobodys_work(host):
    locked = sessions.fake(host, "bob", class_="lock-screen")
    background = sessions.fake(host, "bob", class_="background")
    assert listed(host)[locked.id]["kind"] == "greeter"
    assert "Session" not in logoff(host, "/all", "/dryrun").out
    assert background.exists() and locked.exists()


# -- desktops -----------------------------------------------------------------------------------

def as_user(host, user, command):
    uid = 1000 + sessions.USERS.index(user)
    return host.check(f"runuser -u {user} -- env XDG_RUNTIME_DIR=/run/user/{uid} {command}")


def test_what_a_desktop_has_the_users_manager_run(host):
    """The user has another session, so the manager stays; the desktop's programs in it do not."""
    kept = sessions.ssh(host, "alice")
    as_user(host, "alice", "systemd-run --user --quiet --unit=own sleep 9997")
    own = wait_until(lambda: host.named("sleep"), what="the user's own service runs")
    desktop = sessions.fake(host, "alice", type="x11", display=":8", service="gdm", leader="/usr/bin/tail -f /dev/null")
    host.start("runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --scope --quiet --slice=app.slice "
               "--unit=app-gnome-editor-1.scope stubborn editor")
    as_user(host, "alice", "systemd-run --user --quiet --slice=session.slice --unit=gnome-shell sleep 9996")
    editor = wait_until(lambda: host.named("editor"), what="a program of the desktop runs")
    shell = [one for one in wait_until(lambda: len(host.named("sleep")) == 2 and host.named("sleep")) if one not in own]
    others = kept.processes()
    processes = {one["pid"]: one["session_id"] for one in json.loads(host.check(["query", "process", "*", "--json"]))}
    assert {processes[one.pid] for one in editor + shell} == {desktop.id}
    assert processes[own[0].pid] is None

    result = logoff(host, desktop.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert host.survivors(editor + shell) == [], result.text
    assert host.survivors(own) == own
    assert_untouched(kept, others)


def test_the_next_desktop_is_not_the_last_one(host):
    """The user has logged on anew while the programs of the desktop that has ended get their grace."""
    kept = sessions.ssh(host, "alice")
    desktop = sessions.fake(host, "alice", type="x11", display=":8", service="gdm", leader="/usr/bin/tail -f /dev/null")
    host.start("runuser -u alice -- env XDG_RUNTIME_DIR=/run/user/1000 systemd-run --user --scope --quiet --slice=app.slice "
               "--unit=app-gnome-editor-1.scope stubborn editor")
    editor = wait_until(lambda: host.named("editor"), what="a program of the desktop runs")
    running = host.start(["logoff", desktop.id, "/grace:5", "/v"])
    wait_until(lambda: not desktop.exists(), what="the session is gone")
    again = sessions.fake(host, "alice", type="x11", display=":9", service="gdm", leader="/usr/bin/tail -f /dev/null")
    as_user(host, "alice", "systemd-run --user --quiet --slice=session.slice --unit=gnome-shell sleep 9996")
    shell = wait_until(lambda: host.named("sleep"), what="a program of the next desktop runs")

    assert running.wait(20) == OK
    assert host.survivors(editor) == []
    assert host.survivors(shell) == shell
    assert again.exists() and kept.exists()


def test_from_a_terminal_that_the_users_manager_runs(host):
    """As in GNOME: the last session ends, and the manager with the caller in it, which is written down before."""
    desktop = sessions.fake(host, "alice", type="x11", display=":8", service="gdm", leader="/usr/bin/tail -f /dev/null")
    before, since = desktop.processes(), time.time()
    wait_until(host.path("/run/user/1000/bus").exists, what="a bus")

    begin = time.monotonic()
    as_user(host, "alice", "systemd-run --user --quiet bash -c "
                           "'systemd-run --user --scope --quiet bash -c \"logoff /grace:15; true\"'")
    wait_until(lambda: not host.unit_is_active("user@1000.service"), 25, "the manager has ended")

    assert time.monotonic() - begin < 8
    assert_gone(desktop, before)
    assert records(host, since) == [(desktop.id, "alice", "ended")]
