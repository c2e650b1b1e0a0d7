# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has started in their session, and is not theirs: a server by which others log on, a service of the machine."""

import json
import re
import subprocess
import time

import pytest

import sessions
from cases import OK, PROTECTED, logoff
from host import wait_until
from test_rights import PASSWORD_PROMPT

ROOT = "rootly -c 'import os, sys; os.setuid(0); os.setgid(0); os.execvp(sys.argv[1], sys.argv[1:])' "
RESTART_CRON = ROOT + "sh -c 'kill $(cat /run/crond.pid); sleep .3; rm -f /run/crond.pid; /usr/sbin/cron'"


def prepare(root):
    """As sudo does, but without a log-in: a program that alice runs as root."""
    (root / "usr/local/bin/rootly").write_bytes((root / "usr/bin/python3").resolve().read_bytes())
    (root / "usr/local/bin/rootly").chmod(0o4755)


@pytest.fixture
def systemd(lend):
    return lend("systemd", "guests", prepare)


def keep_ssh(host):
    """For the cases that follow."""
    host.run("kill -0 $(cat /run/sshd.pid) || { mkdir -p /run/sshd; /usr/sbin/sshd; }")


@pytest.fixture(params=["elogind", "bare"])
def sysv(request, lend):
    host = lend(request.param, "guests", prepare)
    yield host
    keep_ssh(host)


def restart_ssh(session, way=ROOT):
    """As "service ssh restart" does."""
    session.sh(way + "sh -c 'kill $(cat /run/sshd.pid); sleep .3; rm -f /run/sshd.pid; mkdir -p /run/sshd; /usr/sbin/sshd'")
    wait_until(lambda: session.host.run("kill -0 $(cat /run/sshd.pid)").status == 0, what="the server runs")


def start_server(session):
    """A server of theirs by which others log on. It is not a service of the machine."""
    session.sh(ROOT + "/usr/sbin/sshd -p 2222 -o PidFile=/run/of-theirs")
    session.host.check("rm -f /run/of-theirs")


def log_on_there(host, user):
    """As systemd sees it, their processes are in the scope of who started the server."""
    client = ["ssh", "-p", "2222", "-tt", f"{user}@127.0.0.1", f"stty -echo; {sessions.PLAIN_SHELL}"]
    return sessions.Session(host, user, sessions._client(host, client))


@pytest.fixture
def guest(systemd):
    """alice, and bob, who came by a server that alice started."""
    alice = sessions.ssh(systemd, "alice")
    start_server(alice)
    return alice, log_on_there(systemd, "bob")


def assert_refused(result):
    assert result.status == PROTECTED, result.text
    assert "a login or a service of others that was started in it would end with it; it is left alone (process " in result.err


def test_a_login_through_a_server_of_the_session(guest):
    alice, bob = guest
    shells = alice.host.named("bash")

    for words in ([alice.id], ["/all", "/exclude:bob", "/y"]):
        assert_refused(logoff(alice.host, *words, "/grace:1"))
        assert alice.host.named("bash") == shells
    assert "fine" in bob.sh("echo fine")
    bob.leave()
    wait_until(lambda: len(alice.host.named("bash")) < len(shells), what="bob is gone")
    wait_until(lambda: logoff(alice.host, alice.id, "/grace:1").status == OK, 5, "nobody else is in alice's session")
    assert not alice.exists()


def test_a_guest_outlives_the_leader(guest):
    """The session's user has left. Whose audit session it was, nobody can tell by the leader any more."""
    alice, bob = guest
    alice.leave()
    wait_until(lambda: alice.property("State") == "closing", 10, "alice has left")

    assert_refused(logoff(alice.host, alice.id, "/grace:1"))
    assert "fine" in bob.sh("echo fine")
    alice.host.run("pkill -u bob")


def test_a_guest_comes_while_the_password_is_typed(systemd):
    alice, bob = sessions.ssh(systemd, "alice"), sessions.ssh(systemd, "bob")
    start_server(bob)
    mark = alice.shell.begin("logoff /user:bob /grace:1")
    alice.shell.expect(PASSWORD_PROMPT)
    carol = log_on_there(systemd, "carol")
    alice.shell.write("pw-carol\n")

    text, status = alice.shell.result(mark)

    assert status == PROTECTED and "a login or a service of others" in text, text
    assert "fine" in carol.sh("echo fine") and bob.exists()


def prepare_unaudited(root):
    """As in most unprivileged containers: nobody gets an audit session."""
    prepare(root)
    for file in (root / "etc/pam.d").iterdir():
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if "pam_loginuid" not in line))


def test_a_guest_without_an_audit_session(lend):
    host = lend("systemd", "unaudited", prepare_unaudited)
    alice = sessions.ssh(host, "alice")
    start_server(alice)
    bob = log_on_there(host, "bob")

    assert_refused(logoff(host, alice.id, "/grace:1"))
    assert "fine" in bob.sh("echo fine")
    bob.leave()
    wait_until(lambda: logoff(host, alice.id, "/grace:1").status == OK, 5, "nobody else is in alice's session")


def test_a_scope_in_a_slice_without_an_audit_session(lend):
    """A program of the session has put it there, as terminals do with each window: it is found while that program lives."""
    host = lend("systemd", "unaudited", prepare_unaudited)
    alice, other = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    window = alice.spawn("systemd-run --user --scope --quiet --unit=vte-spawn-window --slice=app.slice stubborn slicewindow", "slicewindow")
    assert "app.slice/vte-spawn-window.scope" in window.cgroup

    result = logoff(host, alice.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.survivors([window]), result.text
    assert other.sh("echo fine") == "fine"


def test_who_restarted_it_without_an_audit_session(lend):
    """Nothing but the session tells who has restarted the server."""
    host = lend("elogind", "unaudited", prepare_unaudited)
    alice = sessions.ssh(host, "alice")
    restart_ssh(alice)
    again, bob = sessions.ssh(host, "alice", tty=False), sessions.ssh(host, "bob")
    again.spawn("stubborn herkeeper", "herkeeper")

    result = logoff(host, alice.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.run("pgrep -u alice").out, result.text
    assert "fine" in bob.sh("echo fine")
    keep_ssh(host)


def test_others_who_become_root_below_what_root_has_restarted(lend):
    """Without audit sessions the users tell: a program that bob runs as root is no program of root's login."""
    host = lend("elogind", "unaudited", prepare_unaudited)
    root = sessions.ssh(host, "root")
    restart_ssh(root, way="")
    bob = sessions.ssh(host, "bob")
    work = bob.spawn(ROOT + "stubborn bobswork", "bobswork")

    result = logoff(host, root.id, "/grace:1", "/v", "/y")

    assert result.status == OK, result.text
    assert host.alive(work) and "fine" in bob.sh("echo fine")
    host.run("pkill -KILL bobswork; pkill -KILL -u bob")


def test_a_name_is_no_guest(systemd):
    """A user may call a program sshd, and set a login uid that is not set."""
    alice = sessions.su(systemd, "alice")
    alice.sh("cp /bin/sleep /tmp/sshd")
    alice.sh("sh -c 'echo 1000 >/proc/self/loginuid && exec /tmp/sshd 900' </dev/null >/dev/null 2>&1 &")
    wait_until(lambda: systemd.run("pgrep -f '^/tmp/sshd 900'").status == 0, what="it runs")

    result = logoff(systemd, alice.id, "/grace:1")

    assert result.status == OK, result.text
    assert systemd.run("pgrep -f '^/tmp/sshd 900'").status != 0


def test_services_that_were_restarted_in_a_session(sysv):
    """Without systemd the server is in the session of who restarted it, and so are the logins through it."""
    host = sysv
    alice = sessions.ssh(host, "alice")
    restart_ssh(alice)
    server = host.check("cat /run/sshd.pid").strip()
    mine = alice.spawn("sleep 300", "sleep")
    bob = sessions.ssh(host, "bob")
    daemon = bob.spawn("stubborn -d bobsdaemon", "bobsdaemon")
    bobs = set(host.run("pgrep -u bob").out.split())

    result = logoff(host, "/all", "/exclude:bob", "/y", "/grace:1", "/v")

    assert result.status == OK, result.text
    assert host.survivors([mine]) == [], result.text
    assert not host.run("pgrep -u alice").out, result.text
    assert host.check("cat /run/sshd.pid").strip() == server and host.run(f"kill -0 {server}").status == 0, result.text
    assert "fine" in bob.sh("echo fine")
    assert host.alive(daemon) and bobs <= set(host.run("pgrep -u bob").out.split()), result.text
    sessions.ssh(host, "alice")     # it still lets users in
    assert logoff(host, "user:alice", "/grace:1").status == OK
    assert not host.run("pgrep -u alice").out
    result = logoff(host, "user:bob", "/grace:1")
    assert result.status == OK, result.text
    assert not host.run("pgrep -u bob").out, result.text
    assert host.run(f"kill -0 {server}").status == 0


LEASE = """import fcntl, os, signal, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = os.open("/run/lock/a.pid", os.O_RDWR | os.O_CREAT)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
open("/tmp/leased", "w")
time.sleep(60)
"""


def test_a_user_makes_a_pid_file_that_cannot_be_opened(sysv):
    """Their lease makes the kernel keep everybody else waiting, root too."""
    host = sysv
    host.check("mkdir -p -m 1777 /run/lock; rm -f /tmp/leased")     # as Debian's own start-up does
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    restart_ssh(alice)
    server = host.check("cat /run/sshd.pid").strip()
    bob.sh(f"cat >/tmp/lease.py <<'END'\n{LEASE}END")
    bob.sh("setsid python3 /tmp/lease.py </dev/null >/dev/null 2>&1 &")
    wait_until(lambda: host.run("test -e /tmp/leased").status == 0, what="the lease is there")

    result = logoff(host, "user:alice", "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.run("pgrep -u alice").out, result.text
    assert host.run(f"kill -0 {server}").status == 0, result.text
    host.run("pkill -f lease.py; rm -f /run/lock/a.pid")


def test_a_number_of_a_leader_that_has_ended(lend):
    """It was given to another process of the user, who has set the login uid of that one: it does not tell whose the session is."""
    host = lend("elogind", "guests", prepare)
    audited = "echo 1000 >/proc/self/loginuid && exec sleep"
    alice = sessions.su(host, "alice")
    alice.sh(f"setsid sh -c '{audited} 900' </dev/null >/dev/null 2>&1 & sleep .5")
    leader = int(alice.property("Leader"))
    time.sleep(2)   # logind's times are rounded, and nobody is given all numbers of a machine in a second
    alice.leave()
    wait_until(lambda: host.run(f"kill -0 {leader}").status != 0, what="the leader has ended")
    command = f"echo {leader - 1} >/proc/sys/kernel/ns_last_pid; setpriv --reuid 1000 --clear-groups sh -c '{audited} 901'"
    other = subprocess.Popen(["nsenter", "-t", str(host.leader), "-p", "sh", "-c", command])
    wait_until(lambda: host.run("pgrep -f '^sleep 901'").status == 0, what="it runs")
    if not alice.exists() or host.check("pgrep -f '^sleep 901'").strip() != str(leader):
        host.run("pkill -f '^sleep 90'")
        other.wait(5)
        pytest.skip("elogind has dropped the session, or the number was not given again")

    result = logoff(host, alice.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert host.run("pgrep -f '^sleep 900'").status != 0, result.text
    host.run("pkill -f '^sleep 901'")
    other.wait(5)


def test_who_restarted_it_logs_on_through_it(sysv):
    """The kernel gives them no new audit session: what they run then is theirs, though the server has started it."""
    host = sysv
    alice = sessions.ssh(host, "alice")
    restart_ssh(alice)
    again = sessions.ssh(host, "alice", tty=False)
    again.spawn("stubborn herkeeper", "herkeeper")

    result = logoff(host, "user:alice", "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.run("pgrep -u alice").out, result.text
    assert host.run("kill -0 $(cat /run/sshd.pid)").status == 0, result.text


@pytest.fixture
def apart(lend):
    """alice has restarted the server, and bob came by it: elogind makes no session of that."""
    host = lend("elogind", "guests", prepare)
    alice = sessions.ssh(host, "alice")
    restart_ssh(alice)
    yield alice, sessions.ssh(host, "bob")
    keep_ssh(host)


def test_a_login_through_a_restarted_server_is_listed(apart):
    alice, bob = apart
    host = alice.host

    for present in (True, False):
        listed = host.run("query session").out
        assert "bob" in listed, listed
        assert "bob" in logoff(host, "/all", "/dryrun").out
        if present:
            alice.leave()
            wait_until(lambda: not re.search(r"alice.*Active", host.run("query session").out), 5, "alice has left")
    result = logoff(host, "user:bob", "/grace:1", "/v")
    assert result.status == OK, result.text
    assert not host.run("pgrep -u bob").out, result.text
    assert host.run("kill -0 $(cat /run/sshd.pid)").status == 0


@pytest.mark.parametrize("way", ["", ROOT], ids=["themselves", "as root"])
def test_who_came_through_a_restarted_server_logs_off(apart, way):
    """They end their own session, as root or not, and not the one in whose control group they are."""
    alice, bob = apart
    host = alice.host
    work = alice.spawn("sleep 300", "sleep")

    assert re.search(r"(?m)^>.*bob", bob.sh("query session")), bob.sh("query session")
    bob.shell.write(way + "logoff /grace:1\n")
    wait_until(lambda: not host.run("pgrep -u bob").out, 15, "bob is gone")
    assert host.alive(work) and "fine" in alice.sh("echo fine")
    assert re.search(r"(?m)^>.*alice", alice.sh("query session"))


@pytest.fixture
def doubtful(lend):
    """As `apart`, but alice's session has no audit session of its own, and bob may not see who has opened it."""
    host = lend("elogind", "guests", prepare)
    host.check("cp /etc/pam.d/login /tmp/login; sed -i /pam_loginuid/d /etc/pam.d/login")
    alice = sessions.login(host, "alice")
    restart_ssh(alice)
    bob = sessions.ssh(host, "bob")
    host.check("mount -o remount,hidepid=2 /proc")
    yield alice, bob
    host.check("mount -o remount,hidepid=0 /proc; cp /tmp/login /etc/pam.d/login")
    keep_ssh(host)


def test_whose_session_nobody_can_tell(doubtful):
    """bob is in the control group of alice's session, and may be of it: a selection spares it, and that is said."""
    alice, bob = doubtful
    row, = [one for one in json.loads(bob.sh("query session --json")) if one["id"] == alice.id]
    said, _ = bob.shell.run("logoff /all /dryrun 2>&1")

    assert (row["current"], row["own"]) == (None, None), row
    assert f"Session {alice.id} " not in said and "1 session is left alone: it is unknown whether it is your own" in said, said
    assert re.search(rf"(?m)^\?.*alice +{alice.id} ", bob.sh("query session")), said
    assert f"Session {alice.id} " in bob.sh(f"logoff {alice.id} /dryrun"), "a name means it"
    assert f"Session {alice.id} " in logoff(alice.host, "/all", "/dryrun").out, "it is not root's"


def test_keep_and_services_in_a_login_through_a_restarted_server(apart):
    """What runs in it is its own: it spares nobody else by /keep; and services that were restarted from it stay."""
    alice, bob = apart
    host = alice.host
    bob.spawn("stubborn keepme", "keepme")
    bob.sh(RESTART_CRON)

    result = logoff(host, "/all", "/keep:keepme", "/y", "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.run("pgrep -u alice").out and "fine" in bob.sh("echo fine"), result.text
    result = logoff(host, "user:bob", "/grace:1", "/v")
    assert result.status == OK and not host.run("pgrep -u bob").out, result.text
    assert host.run("kill -0 $(cat /run/crond.pid)").status == 0, result.text


def test_a_job_of_a_restarted_cron(lend):
    """Root's nightly job logs everybody off, whoever has restarted cron."""
    host = lend("elogind", "guests", prepare)
    alice = sessions.ssh(host, "alice")
    host.path("/etc/cron.d/lab").write_text("@reboot root /usr/local/bin/logoff /all /y /ifany /grace:1 >/tmp/said 2>&1; echo st=$? >>/tmp/said\n")
    host.path("/tmp/said").unlink(missing_ok=True)
    host.run("rm -f /run/crond.reboot")     # by which cron knows that it has run such jobs
    try:
        alice.sh(RESTART_CRON)
        wait_until(lambda: host.path("/tmp/said").exists() and "st=" in host.path("/tmp/said").read_text(), 15, "cron has run its job")
    finally:
        host.path("/etc/cron.d/lab").unlink()

    assert "st=0" in host.path("/tmp/said").read_text(), host.path("/tmp/said").read_text()
    assert not host.run("pgrep -u alice").out
    assert host.run("kill -0 $(cat /run/crond.pid)").status == 0


@pytest.mark.parametrize("tty", [True, False])
def test_root_logs_on_through_what_root_has_restarted(sysv, tty):
    """No new audit session, and no user of another number: what is below the server's own programs is root's login."""
    host = sysv
    root = sessions.ssh(host, "root")
    restart_ssh(root, way="")
    again = sessions.ssh(host, "root", tty=tty)
    keeper = again.spawn("stubborn rootskeeper", "rootskeeper")

    result = logoff(host, "user:root", "/grace:1", "/v", "/y")

    assert result.status == OK, result.text
    assert not host.survivors([keeper]), result.text
    assert host.run("kill -0 $(cat /run/sshd.pid)").status == 0, result.text


def test_a_service_that_is_restarted_in_the_grace(sysv):
    """It is neither waited for nor killed."""
    host = sysv
    alice = sessions.ssh(host, "alice")
    alice.sh(f"cat >/tmp/restart.sh <<'END'\ntrap \"{RESTART_CRON}; exit\" TERM HUP\nwhile :; do sleep .1; done\nEND".replace("$", "\\$"))
    alice.sh("setsid -f bash /tmp/restart.sh </dev/null >/tmp/restart.out 2>&1")
    before = host.check("cat /run/crond.pid")

    result = logoff(host, alice.id, "/grace:4", "/v")

    assert result.status == OK and "killing" not in result.text, result.text
    assert host.check("cat /run/crond.pid") != before, host.run("cat /tmp/restart.out").text
    assert host.run("kill -0 $(cat /run/crond.pid)").status == 0, host.run("cat /tmp/restart.out").text


def test_a_service_when_the_clock_was_set_forward(sysv):
    """As its pid file is older than its process then, its name tells."""
    host = sysv
    alice = sessions.ssh(host, "alice")
    alice.sh(RESTART_CRON)
    host.check("touch -d '-1 hour' /run/crond.pid")

    result = logoff(host, alice.id, "/grace:1")

    assert result.status == OK, result.text
    assert host.run("kill -0 $(cat /run/crond.pid)").status == 0
    host.run("touch /run/crond.pid")


def test_a_login_uid_of_another(lend):
    """Where nobody has one, a user may set it for their own programs. Their session stays theirs."""
    host = lend("bare", "unaudited", prepare_unaudited)
    alice = sessions.ssh(host, "alice")
    daemon = alice.spawn("sh -c 'echo 0 >/proc/self/loginuid; exec stubborn -d hersdaemon'", "hersdaemon")

    result = logoff(host, "/all", "/exclude:root", "/y", "/grace:1", "/v")

    assert result.status == OK, result.text
    assert not host.survivors([daemon]), result.text
