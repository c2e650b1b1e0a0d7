# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as their users and administrators make them: what has the number of a session, of a terminal or of a process, and
is something else.
"""

import struct
import time

import pytest

import sessions
from cases import NO_SESSION, OK, assert_gone, assert_untouched, chosen, logoff
from host import wait_until
from test_whole import listed


@pytest.fixture
def one_of(lend, request):
    return lend(request.param)


both = pytest.mark.parametrize("one_of", ["systemd", "bare"], indirect=True)

# -- an audit session that is older than the session -----------------------------------------------

SCRIPT = """#!/bin/sh
su - alice -c 'exec stubborn dump'
touch /run/next-step
exec /usr/local/bin/stubborn next-step
"""


@pytest.mark.parametrize("one_of", ["systemd", "elogind"], indirect=True)
def test_a_cron_job_that_uses_su(one_of):
    """The session of su has the audit session of the job and, where logind takes it (systemd 257 does not in a
    container), its number as id. The job goes on with its next step."""
    host = one_of
    script = host.path("/usr/local/bin/nightly")
    script.write_text(SCRIPT)
    script.chmod(0o755)
    host.path("/etc/cron.d/lab").write_text("@reboot root /usr/local/bin/nightly\n")
    host.check("rm -f /run/crond.reboot /var/run/crond.reboot /run/next-step; pkill -x cron; sleep 0.1; "
               + ("systemctl restart cron" if host.flavour == "systemd" else "cron"))
    dump, = wait_until(lambda: host.named("dump"), 15, "the job runs")
    identity, = wait_until(host.session_ids, 10, "the session of su")
    job, = host.named("nightly")
    assert dump.audit_session == job.audit_session
    assert identity == str(dump.audit_session) or identity.startswith("c")

    result = logoff(host, identity, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.alive(dump)
    assert wait_until(lambda: host.named("next-step"), 5, "the job goes on") == [job]
    assert host.path("/run/next-step").exists()
    host.check("pkill -KILL next-step")


# -- terminals of others ---------------------------------------------------------------------------

INSIDE = """mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts; mount --bind /dev/pts/ptmx /dev/ptmx
exec script -q -c 'tty >/tmp/inner-tty; exec stubborn inner' /dev/null
"""


@both
def test_a_terminal_of_a_container(one_of):
    """It has the number of somebody else's."""
    host = one_of
    bob, alice = sessions.ssh(host, "bob"), sessions.ssh(host, "alice")
    host.path("/home/alice/inside").write_text(INSIDE)
    alice.shell.begin("unshare -Urm sh /home/alice/inside </dev/tty")
    wait_until(lambda: host.named("inner"), what="the container runs")
    assert host.path("/tmp/inner-tty").read_text().strip() == f"/dev/{bob.tty}"

    rows = listed(host, "user")

    assert rows[alice.id]["terminals"] == [alice.tty]
    assert rows[bob.id]["terminals"] == [bob.tty]
    assert bob.id in chosen(host, bob.tty)


def login_record(line, pid, seconds_ago):
    """A record of utmp(5)."""
    text = line.encode()
    return struct.pack("hi32s4s32s256shhiii4i20s", 7, pid, text, text[-4:], b"carol", b"192.0.2.1", 0, 0, 0,
                       int(time.time()) - seconds_ago, 0, 0, 0, 0, 0, b"")


@both
def test_a_login_record_that_nobody_took_away(one_of):
    """The number of its process has been given to another one, and its terminal to another user."""
    host = one_of
    bob, alice = sessions.ssh(host, "bob"), sessions.ssh(host, "alice")
    first = min(one.pid for one in host.audit_processes(bob.audit))
    with host.path("/run/utmp").open("ab") as file:
        file.write(login_record(alice.tty, first, 86400))

    rows = listed(host, "user")

    assert (rows[bob.id]["name"], rows[bob.id]["terminals"]) == (bob.tty, [bob.tty])
    assert alice.id in chosen(host, alice.tty)
    assert bob.id in chosen(host, bob.tty)


# -- desktops --------------------------------------------------------------------------------------

def in_manager(host, *words):
    """systemd-run of alice's service manager."""
    host.check(["runuser", "-u", "alice", "--", "env", "XDG_RUNTIME_DIR=/run/user/1000",
                "systemd-run", "--user", "--quiet", *words])


@pytest.fixture
def desktop(host):
    """alice has a desktop, and another session, for which her manager stays."""
    kept = sessions.ssh(host, "alice")
    return kept, sessions.fake(host, "alice", type="x11", display=":8", service="gdm", leader="/usr/bin/tail -f /dev/null")


def test_a_program_of_a_desktop_that_is_restarted(host, desktop):
    """As those of GNOME's and Plasma's that are restarted when they crash."""
    in_manager(host, "--slice=app.slice", "--unit=plasma-shell", "--property=Restart=on-failure", "stubborn", "panel")
    in_manager(host, "--slice=session.slice", "--unit=kwin", "--property=Restart=always", "sleep", "9993")
    wait_until(lambda: host.named("panel") and host.named("sleep"), what="its programs run")

    result = logoff(host, desktop[1].id, "/grace:1", "/v")

    assert result.status == OK, result.text
    time.sleep(1)
    assert host.named("panel") + host.named("sleep") == []


def test_a_new_desktop_while_the_old_one_ends(host, desktop):
    in_manager(host, "--slice=app.slice", "--unit=app-old", "stubborn", "old")
    running = host.start(["logoff", desktop[1].id, "/grace:3", "/v"])
    wait_until(lambda: not desktop[1].exists(), what="the session has ended")
    sessions.fake(host, "alice", type="x11", display=":9", service="gdm", leader="/usr/bin/tail -f /dev/null")
    in_manager(host, "--slice=app.slice", "--unit=app-new", "stubborn", "new")
    new = wait_until(lambda: host.named("new"), what="the new desktop runs something")

    out, err = running.communicate(timeout=20)

    assert host.survivors(new) == new, out + err


# -- the caller ------------------------------------------------------------------------------------

def records(host, what="LOGOFF_RESULT"):
    """What the journal has of each log-off, the oldest first."""
    host.check("journalctl --sync")
    return host.run(["journalctl", "--quiet", "--output=cat", f"--output-fields={what}",
                     "MESSAGE_ID=5f3bb5c4e1a64d6d8a3c2c1b9f0e7d42"]).out.split()


def test_the_caller_in_a_scope_of_its_own(host):
    """The last act ends what waits for the caller, and the caller as well."""
    host.path("/etc/sudoers.d/lab").write_text("alice ALL=(ALL) NOPASSWD: ALL\n")
    session = sessions.ssh(host, "alice")
    before, n_records = host.audit_processes(session.audit), len(records(host))
    session.shell.begin("sudo systemd-run --quiet --scope logoff /grace:1 2>/tmp/lab-said")
    wait_until(lambda: not session.exists(), what="the session has ended")
    time.sleep(0.5)

    assert host.survivors(before) == []
    assert host.named("logoff") == []
    assert "not ended" not in host.path("/tmp/lab-said").read_text()
    assert records(host)[n_records:] == ["ended"]


@pytest.mark.parametrize("manager", ["", "--user "])
def test_from_a_service_that_has_the_terminal_of_a_session(host, manager):
    """systemd-run --pipe: no terminal of its own, and the client's is lent."""
    session, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    host.path("/etc/polkit-1/rules.d/lab.rules").write_text("polkit.addRule(function() { return polkit.Result.YES; });\n")
    host.run("systemctl restart polkit")
    said = session.sh(f"systemd-run {manager}--quiet --pipe --wait logoff /all /dryrun", 20)
    host.path("/etc/polkit-1/rules.d/lab.rules").unlink()
    host.run("systemctl restart polkit")
    assert f"Session {other.id} " in said and f"Session {session.id} " not in said


# -- panes of tmux -----------------------------------------------------------------------------------

# tmux 3.4 has the user's service manager run each pane in a scope of its own. It ends by SIGTERM, as tmux does.
SERVER = """#!/usr/bin/python3
import ctypes, os, signal
if os.fork(): os._exit(0)
os.setsid()
ctypes.CDLL(None).prctl(15, b"tmux: server")
scope = "tmux-spawn-5f3bb5c4-e1a6-4d6d-8a3c-2c1b9f0e7d42"
for words in (["stubborn", "pane"], ["hopper", "2"]):
    if not os.fork():
        os.execvp("systemd-run", ["systemd-run", "--user", "--quiet", "--scope", "--unit=" + scope + words[0], *words])
signal.pause()
"""


def test_panes_of_a_tmux_whose_users_manager_stays(host):
    script = host.path("/usr/local/bin/tmux-server")
    script.write_text(SERVER)
    script.chmod(0o755)
    kept, session = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    in_manager(host, "--scope", "--unit=tmux-spawn-00000000-e1a6-4d6d-8a3c-2c1b9f0e7d42", "sh", "-c",
               "stubborn others >/dev/null 2>&1 & sleep 0.1")
    session.sh("tmux-server >/dev/null 2>&1")
    pane, = wait_until(lambda: host.named("pane"), what="a pane runs")
    wait_until(lambda: host.named("hopper"), what="the other runs")
    assert "tmux-spawn" in pane.cgroup

    assert session.id in host.run(["query", "process", str(pane.pid)]).out
    assert session.id not in chosen(host, "/all", "/keep:pane")
    result = logoff(host, session.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert host.named("pane") + host.named("hopper") == [], result.text
    assert host.named("others"), "it is of no session's tmux"
    assert kept.sh("echo here") == "here"


# -- other numbers of processes --------------------------------------------------------------------

def test_from_a_container_that_has_the_hosts_bus(host):
    """What logind says is the session's leader is a number; in there it is another process's."""
    session = sessions.fake(host, "alice")
    leader = host.session(session.id)["Leader"]
    inside = (f"echo $(({leader} - 1)) >/proc/sys/kernel/ns_last_pid; stubborn bystander & "
              f"logoff {session.id} /grace:0 /v; kill -0 {leader}")

    result = host.run(["unshare", "--pid", "--fork", "--mount-proc", "bash", "-c", inside])

    assert result.status == 0, result.text
    host.run("pkill -KILL bystander")
    assert not session.exists()


def test_own_session_in_a_container_that_has_the_hosts_bus(host):
    """A caller without a session there has none, even if the number of a session's leader is the command's."""
    session = sessions.ssh(host, "alice")
    before = session.processes()
    leader = host.session(session.id)["Leader"]

    result = host.run(["unshare", "--pid", "--fork", "--mount-proc", "bash", "-c",
                       f"echo $(({leader} - 1)) >/proc/sys/kernel/ns_last_pid; logoff; exit $?"])

    assert result.status == NO_SESSION, result.text
    assert_untouched(session, before)


@pytest.mark.parametrize("way", ["unshare --cgroup", "unshare --fork --pid --mount-proc", "unshare --fork --pid"])
def test_from_a_container_that_sees_other_groups_or_numbers(host, way):
    """What was given to the system lives on. What cannot be told is not counted as gone without a word."""
    session, other = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    session.sh("systemd-run --user --scope -q --unit tmux-spawn-lab.scope stubborn pane >/dev/null 2>&1 & sleep 0.3")
    session.sh("setsid sleep 7002 >/dev/null 2>&1 & sleep 0.3")
    pane, = wait_until(lambda: host.named("pane"), what="the pane runs")
    given, = [one for one in session.processes() if one.name == "sleep"]
    host.check(f"mkdir -p /sys/fs/cgroup/system.slice/given.scope && echo {given.pid} >/sys/fs/cgroup/system.slice/given.scope/cgroup.procs")

    result = host.run(f"systemd-run --quiet --pipe --wait {way} logoff {session.id} /grace:1 /wait:6")

    assert host.alive(given), result.text
    assert other.exists()
    assert result.status != OK or not host.alive(pane) or "could not be seen" in result.err, result.text
    host.run(f"kill -9 {pane.pid} {given.pid}")


# -- few descriptors -------------------------------------------------------------------------------


@pytest.mark.parametrize("one_of", ["systemd", "elogind"], indirect=True)
def test_too_few_descriptors(one_of):
    """Whatever cannot be done for want of a descriptor, the reason is said, and nobody is called logged off who is not."""
    for most in range(5, 13):
        session = sessions.ssh(one_of, "alice")
        before = session.processes()

        result = one_of.run(f"ulimit -n {most}; logoff {session.id} /grace:1")

        if result.status == OK:
            assert_gone(session, before)
        else:
            assert "Too many open files" in result.err, f"{most}: {result.text}"
