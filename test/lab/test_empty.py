# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff /drain on real hosts: a user logs on while the machine is emptied, and hosts are emptied in turn from another one."""

import json
import re
import subprocess

import pytest

import sessions
from cases import DENIED, OK, UNREACHABLE
from host import wait_until
from test_drain import ON, assert_let_in, assert_let_in_by_all, assert_refused, change, far, set_up_pam  # noqa: F401: a fixture

STATE = "/var/lib/logoff/drain"
# PAM has decided about bob, and the logon does not go on before /tmp/go is there.
SLOW = """#!/bin/sh
[ "$PAM_USER" = bob ] && [ -e /tmp/slow ] || exit 0
touch /tmp/held
for i in $(seq 400); do [ -e /tmp/go ] && exit 0; sleep 0.05; done
"""
SLOWLY = "account optional pam_exec.so quiet quiet_log /usr/local/bin/slow-logon"
FORGET = "rm -f /tmp/slow /tmp/held /tmp/go"


def set_up(root):
    set_up_pam(root)
    slow_down(root)


def slow_down(root):
    (root / "usr/local/bin/slow-logon").write_text(SLOW)
    (root / "usr/local/bin/slow-logon").chmod(0o755)
    sshd = root / "etc/pam.d/sshd"
    sshd.write_text(sshd.read_text().replace("@include common-account", "@include common-account\n" + SLOWLY))


@pytest.fixture
def host(lend):
    one = lend("systemd", "emptied", set_up)
    yield one
    one.check(f"rm -rf /run/logoff /var/lib/logoff; {FORGET}; {ON}; change logon /query")


def begin_logon(host):
    """bob logs on, and PAM accepts it."""
    host.check("touch /tmp/slow")
    client = host.start(["ssh", "-T", "-o", "BatchMode=yes", "bob@127.0.0.1", "sleep", "1000"], stdin=subprocess.DEVNULL)
    wait_until(host.path("/tmp/held").exists, 10, "bob was let in")
    return client


def begin_log_off(host, *words):
    return host.start(["logoff", "/all", "/drain", "/y", "/json:lines", "/grace:2", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end(command):
    """The lines of the command, what it says, and its exit status."""
    out, err = command.communicate(timeout=90)
    return [json.loads(line) for line in out.splitlines()], err, command.returncode


def results(lines):
    return [(one["host"], one["user"], one["result"]) for one in lines if one["type"] == "result"]


def drained(lines):
    return [one["host"] for one in lines if one["type"] == "drained"]


# ---- this machine ----


def test_a_logon_under_way(host):
    """It had passed PAM before new logons were refused, and becomes a session when the others are gone."""
    alice, client = sessions.ssh(host, "alice"), begin_logon(host)
    command = begin_log_off(host)
    wait_until(lambda: not alice.exists(), 20, "alice is logged off")
    assert host.path(STATE).exists()
    host.check("touch /tmp/go")

    lines, err, status = end(command)

    assert (status, err) == (OK, "")
    assert [one[1:] for one in results(lines)] == [("alice", "ended"), ("bob", "ended")] and len(drained(lines)) == 1
    assert host.session_ids() == []
    client.wait(10)
    assert_refused(host, "alice", "This machine accepts no new logons at present.")
    assert_let_in(host, "root", "carol")
    assert change(host, "/enable").status == OK
    assert_let_in(host, "alice", "bob")


def test_nobody_is_there(host):
    lines, err, status = end(begin_log_off(host))
    assert (status, err, results(lines)) == (OK, "", []) and len(drained(lines)) == 1
    assert_refused(host, "alice", "This machine accepts no new logons at present.")


def test_who_may_not_drain_logs_nobody_off(host):
    alice, own = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    said = own.sh("logoff /user:bob,alice /drain /y 2>&1; echo status $?")
    assert "only root can change" in said and "nobody is logged off" in said and f"status {DENIED}" in said, said
    assert alice.exists() and own.exists() and not host.path(STATE).exists()


def test_a_machine_that_is_not_set_up(host):
    """The state is set, but PAM does not ask for it: nobody is logged off, as they would be back at once."""
    host.check("pam-auth-update --package --remove logoff-drain")
    alice = sessions.ssh(host, "alice")
    result = host.run(["logoff", "/all", "/drain", "/y", "/grace:2"], timeout=60)
    assert_let_in_by_all(host, result)
    assert result.err.endswith('logoff: new logons could not be refused, so nobody is logged off\n'
                               'logoff: the setting stays all the same; "change logon /enable" takes it back\n') and alice.exists()


def test_a_service_that_is_not_set_up(host):
    """sshd refuses new logons, so the machine is emptied. The other service is said."""
    host.check("cp /etc/pam.d/login /root/login.pam; echo 'account required pam_permit.so' >/etc/pam.d/login")
    alice = sessions.ssh(host, "alice")
    try:
        result = host.run(["logoff", "/all", "/drain", "/y", "/grace:2"], timeout=60)
    finally:
        host.check("mv /root/login.pam /etc/pam.d/login")
    assert result.status == UNREACHABLE and not alice.exists()
    assert result.err == "change: logons through login are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))\n"


def test_cancelled_before_the_end_of_the_warning(host):
    alice = sessions.ssh(host, "alice")
    command = begin_log_off(host, "/warn:60")
    wait_until(host.path(STATE).exists, 20, "new logons are refused")
    host.check("sleep 1; pkill -INT -x logoff")
    lines, err, status = end(command)
    assert status == 7 and [one[2] for one in results(lines)] == ["cancelled"] and "nobody has looked" in err
    assert alice.exists() and host.path(STATE).exists()


def test_logons_are_accepted_again_during_the_warning(host):
    """The machine may have people by now whom nobody has seen, so it is not called empty."""
    alice = sessions.ssh(host, "alice")
    command = begin_log_off(host, "/warn:5")
    assert json.loads(command.stdout.readline())["type"] == "drained"    # PAM has been asked by then
    assert change(host, "/enable").status == OK
    lines, err, status = end(command)
    assert status == UNREACHABLE and "new logons are accepted again" in err and not alice.exists()
    assert [one["kind"] for one in lines if one["type"] == "failure"] == ["drain-undone"]


# ---- far hosts ----


@pytest.fixture
def slow(far):
    """login2 lets bob wait."""
    two = far[1]
    two.check("cp /etc/pam.d/sshd /root/sshd.pam")
    slow_down(two.path("/"))
    yield far
    two.check(f"mv /root/sshd.pam /etc/pam.d/sshd; {FORGET}")


def test_hosts_in_turn(network, slow):
    """login2 is drained when login1 is empty. bob gets a session there after the others are gone."""
    one, two = slow
    first, second, client = sessions.ssh(one, "alice"), sessions.ssh(two, "alice"), begin_logon(two)
    command = begin_log_off(network.admin, "/serial:1", "/server:login[1-2]")
    wait_until(lambda: not first.exists(), 20, "login1 is emptied")
    assert second.exists() and one.path(STATE).exists() and not two.path(STATE).exists()
    wait_until(lambda: not second.exists(), 20, "login2 is emptied")
    two.check("touch /tmp/go")

    lines, err, status = end(command)

    assert (status, err) == (OK, "")
    assert results(lines) == [("login1", "alice", "ended"), ("login2", "alice", "ended"), ("login2", "bob", "ended")]
    assert drained(lines) == ["login1", "login2"]
    client.wait(10)
    for each in slow:
        # The connection of logoff leaves root's service manager there for a while.
        assert not re.search(" (alice|bob) ", each.check("loginctl --no-legend list-sessions"))
        assert_refused(each, "alice", "This machine accepts no new logons at present.")
    assert change(network.admin, "/enable", "/server:login[1-2]").status == OK


def test_cancelled_in_the_first_turn(network, far):
    one, two = far
    first, second = sessions.ssh(one, "alice"), sessions.ssh(two, "alice")
    command = begin_log_off(network.admin, "/serial:1", "/warn:60", "/server:login[1-2]")
    wait_until(one.path(STATE).exists, 20, "login1 refuses new logons")
    network.admin.check("sleep 2; pkill -INT -x logoff")
    lines, err, status = end(command)
    assert status == 7 and results(lines) == [("login1", "alice", "cancelled"), ("login2", "alice", "cancelled")] and drained(lines) == ["login1"]
    assert "login2: left as it is" in err and "login1: cancelled; nobody has looked" in err
    assert first.exists() and second.exists() and not two.path(STATE).exists()


def test_hosts_that_cannot_be_drained(network, far):
    """PAM of one is not set up, the far user of another is not root, a third has only its bus: nobody is logged off there."""
    far[1].check("pam-auth-update --package --remove logoff-drain")
    alice, other = sessions.ssh(far[0], "alice"), sessions.ssh(far[1], "alice")
    lines, err, status = end(begin_log_off(network.admin, "/server:login[1-2],noisy"))
    assert status == UNREACHABLE and ("login1", "alice", "ended") in results(lines) and drained(lines) == ["login1"]
    assert {one[2] for one in results(lines) if one[0] != "login1"} == {"failed"}
    assert not alice.exists() and other.exists()
    assert "logoff: login2: logons through sshd are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))" in err, err
    assert "logoff: login2,noisy: new logons could not be refused, so nobody is logged off there" in err, err
    lines, more, status = end(begin_log_off(network.admin, "/server:bridge"))    # the same host as noisy, so it is another run
    assert status == UNREACHABLE and {one[2] for one in results(lines)} <= {"failed"} and drained(lines) == []
    for name, said, err in (("noisy", "access denied", err), ("bridge", "this host cannot do that", more)):
        assert f"logoff: {name}: {said}" in err, err
        assert f"{name}: new logons could not be refused, so nobody is logged off there" in err


def test_the_far_user_has_to_be_let_in(network, far):
    """A user who may run logoff-host and nothing else is refused like others, and could not enable logons again."""
    one = far[0]
    one.check("echo 'bob ALL=(root) NOPASSWD: /usr/local/bin/logoff-host \"\"' >/etc/sudoers.d/ops; chmod 440 /etc/sudoers.d/ops; groupadd -f ops; gpasswd -a bob ops")
    network.admin.check("echo 'login1 ssh host=10.77.1.2 user=bob sudo' >/root/ops")
    alice = sessions.ssh(one, "alice")
    enable = "LOGOFF_HOSTS_FILE=/root/ops change logon /enable /server:login1"
    try:
        # The connection is there when logons are refused, and is used to the end.
        result = network.admin.run("LOGOFF_HOSTS_FILE=/root/ops logoff /all /drain /y /server:login1 /grace:2", timeout=60)
        assert result.status == OK and "login1: bob: is refused too" in result.err and not alice.exists()
        refused = network.admin.run(enable)
        assert refused.status == UNREACHABLE and "accepts no new logons" in refused.err
        one.check("mkdir -p /etc/logoff; echo group ops >/etc/logoff/drain.conf")
        assert network.admin.run(enable).status == OK
        assert_let_in(one, "alice")
    finally:
        one.check("rm -rf /etc/sudoers.d/ops /etc/logoff/drain.conf; gpasswd -d bob ops")
