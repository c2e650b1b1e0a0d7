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


def test_a_login_through_a_server_of_the_session(systemd):
    """bob's processes are in alice's scope, as systemd sees it: whatever ended the one would end the other."""
    host = systemd
    alice = sessions.ssh(host, "alice")
    alice.sh(ROOT + "/usr/sbin/sshd -p 2222 -o PidFile=/run/of-alice")
    host.check("rm -f /run/of-alice")   # it is not a service of the machine
    client = ["ssh", "-p", "2222", "-tt", "bob@127.0.0.1", f"stty -echo; {sessions.PLAIN_SHELL}"]
    bob = sessions.Session(host, "bob", sessions._client(host, client))
    shell = host.named("bash")

    for words in ([alice.id], ["/all", "/exclude:bob", "/y"]):
        result = logoff(host, *words, "/grace:1")
        assert result.status == PROTECTED, result.text
        assert "a login or a service of others that was started in it would end with it; it is left alone (process " in result.err
        assert host.named("bash") == shell
    assert bob.sh("echo fine") == "fine"
    bob.leave()
    wait_until(lambda: len(host.named("bash")) < len(shell), what="bob is gone")
    wait_until(lambda: logoff(host, alice.id, "/grace:1").status == OK, 5, "nobody else is in alice's session")
    assert not alice.exists()


def test_services_that_were_restarted_in_a_session(sysv):
    """"service ssh restart": without systemd the server is in the session of who did that, and so are the logins through it."""
    host = sysv
    alice = sessions.ssh(host, "alice")
    alice.sh(ROOT + "sh -c 'kill $(cat /run/sshd.pid); sleep .3; rm -f /run/sshd.pid; mkdir -p /run/sshd; /usr/sbin/sshd'")
    wait_until(lambda: host.run("kill -0 $(cat /run/sshd.pid)").status == 0, what="the server runs")
    server = {host.check("cat /run/sshd.pid").strip()}
    mine = alice.spawn("sleep 300", "sleep")
    bob = sessions.ssh(host, "bob")
    bobs = host.run("pgrep -u bob").out.split()

    result = logoff(host, "/all", "/exclude:bob", "/y", "/grace:1", "/v")

    assert result.status == OK, result.text
    assert host.survivors([mine]) == [], result.text
    assert not host.run("pgrep -u alice").out, result.text
    assert server <= set(host.run("pgrep -x sshd -P 1").out.split()), result.text
    assert bob.sh("echo fine") == "fine"
    assert set(bobs) <= set(host.run("pgrep -u bob").out.split())
    sessions.ssh(host, "alice")     # it still lets users in
    assert logoff(host, "user:alice", "/grace:1").status == OK
    assert logoff(host, "user:bob", "/grace:1").status == OK
    assert not host.run("pgrep -u bob").out
    assert server <= set(host.run("pgrep -x sshd -P 1").out.split())
