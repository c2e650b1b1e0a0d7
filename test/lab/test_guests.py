# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has started in their session, and is not theirs: a server by which others log on, a service of the machine."""

import pytest

import sessions
from cases import OK, PROTECTED, logoff
from host import wait_until

ROOT = "rootly -c 'import os, sys; os.setuid(0); os.setgid(0); os.execvp(sys.argv[1], sys.argv[1:])' "


def prepare(root):
    """As sudo does, but without a log-in: a program that alice runs as root."""
    (root / "usr/local/bin/rootly").write_bytes((root / "usr/bin/python3").resolve().read_bytes())
    (root / "usr/local/bin/rootly").chmod(0o4755)


@pytest.fixture
def systemd(lend):
    return lend("systemd", "guests", prepare)


@pytest.fixture(params=["elogind", "bare"])
def sysv(request, lend):
    host = lend(request.param, "guests", prepare)
    yield host
    host.run("kill -0 $(cat /run/sshd.pid) || { mkdir -p /run/sshd; /usr/sbin/sshd; }")


def restart_ssh(session):
    """As "service ssh restart" does."""
    session.sh(ROOT + "sh -c 'kill $(cat /run/sshd.pid); sleep .3; rm -f /run/sshd.pid; mkdir -p /run/sshd; /usr/sbin/sshd'")
    wait_until(lambda: session.host.run("kill -0 $(cat /run/sshd.pid)").status == 0, what="the server runs")


@pytest.fixture
def guest(systemd):
    """alice, and bob, who came by a server that alice started: as systemd sees it, bob's processes are in alice's scope."""
    host = systemd
    alice = sessions.ssh(host, "alice")
    alice.sh(ROOT + "/usr/sbin/sshd -p 2222 -o PidFile=/run/of-alice")
    host.check("rm -f /run/of-alice")   # it is not a service of the machine
    client = ["ssh", "-p", "2222", "-tt", "bob@127.0.0.1", f"stty -echo; {sessions.PLAIN_SHELL}"]
    return alice, sessions.Session(host, "bob", sessions._client(host, client))


def assert_refused(result):
    assert result.status == PROTECTED, result.text
    assert "a login or a service of others that was started in it would end with it; it is left alone (process " in result.err


def test_a_login_through_a_server_of_the_session(guest):
    alice, bob = guest
    shells = alice.host.named("bash")

    for words in ([alice.id], ["/all", "/exclude:bob", "/y"]):
        assert_refused(logoff(alice.host, *words, "/grace:1"))
        assert alice.host.named("bash") == shells
    assert bob.sh("echo fine") == "fine"
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
    assert bob.sh("echo fine") == "fine"
    alice.host.run("pkill -u bob")


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
    assert bob.sh("echo fine") == "fine"
    assert host.alive(daemon) and bobs <= set(host.run("pgrep -u bob").out.split()), result.text
    sessions.ssh(host, "alice")     # it still lets users in
    assert logoff(host, "user:alice", "/grace:1").status == OK
    assert not host.run("pgrep -u alice").out
    result = logoff(host, "user:bob", "/grace:1")
    assert result.status == OK, result.text
    assert not host.run("pgrep -u bob").out, result.text
    assert host.run(f"kill -0 {server}").status == 0


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
