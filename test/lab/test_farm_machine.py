# SPDX-License-Identifier: GPL-3.0-or-later
"""A container that systemd-machined knows, on the administrator's own host: the way "machine" of the hosts file."""

import json
import subprocess

import pytest

import sessions
from cases import OK, UNREACHABLE
from host import finish, wait_until

CONTAINER = ("mkdir -p /mnt/web1; mount --bind / /mnt/web1; "
             "systemd-run --quiet --unit=web1 -p Type=notify -p Delegate=yes -p KillMode=mixed "
             "systemd-nspawn --quiet --boot --keep-unit --directory=/mnt/web1 --volatile=overlay --machine=web1 --private-network "
             "--link-journal=no --resolv-conf=off --timezone=off --settings=no --console=pipe")


# systemd-nspawn gives each container a boot id of its own, other programs do not: what is run by this has the kernel's.
KERNELS_BOOT = """#!/bin/sh
exec unshare --mount sh -c 'umount /proc/sys/kernel/random/boot_id && exec "$@"' sh "$@"
"""


def prepare(root):
    (root / "usr/local/bin/kernels-boot").write_text(KERNELS_BOOT)
    (root / "usr/local/bin/kernels-boot").chmod(0o755)


@pytest.fixture
def outside(lend):
    """The host itself, with a container made of its own root."""
    host = lend("systemd", "with a container", prepare)
    if host.run("machinectl show web1").status:
        host.check(CONTAINER, timeout=60)
        wait_until(lambda: inside(host, "systemctl is-system-running").out.strip() in ("running", "degraded"), 30, "the container is up")
        host.path("/etc/logoff").mkdir(exist_ok=True)
        host.path("/etc/logoff/hosts").write_text("web1 machine\nweb2 machine\n")
    yield host
    inside(host, "pkill -KILL -u alice")


def inside(host, command):
    return host.run(["systemd-run", "--quiet", "--machine=web1", "--pipe", "--wait", "bash", "-c", command])


def log_in(host):
    """By ssh from the container to itself."""
    client = host.start(["systemd-run", "--quiet", "--machine=web1", "--pipe", "--wait", "ssh", "-tt", "alice@127.0.0.1", f"stty -echo; {sessions.PLAIN_SHELL}"],
                        stdin=subprocess.PIPE, stderr=subprocess.STDOUT)
    return sessions.Session(host, "alice", client)


def sessions_inside(host):
    return [line.split()[0] for line in inside(host, "loginctl list-sessions --no-legend").out.splitlines() if "alice" in line]


def test_list_and_log_off(outside):
    """What is logged off is in the container, and not the session of the same user outside."""
    alice, other = log_in(outside), sessions.ssh(outside, "alice")
    for where in ("machine://web1", "web1"):
        result = outside.run(["query", "user", f"/server:{where}", "/columns:user,id", "/nolegend"])
        assert (result.status, result.out.split(), result.err) == (OK, ["alice", alice.id], ""), result

    result = outside.run(["logoff", "/user:alice", "/server:web1", "/y"], timeout=60)

    assert (result.status, result.out) == (OK, f"Session {alice.id} (pts/0): logged off.\n"), result
    assert alice.ended_for_client() and sessions_inside(outside) == []
    assert other.exists() and "fine" in other.sh("echo fine")
    assert "ended" in inside(outside, f"journalctl --output=cat LOGOFF_SESSION={alice.id}").out


def hello(run):
    """What logoff-host says first."""
    return json.loads(run("kernels-boot logoff-host </dev/null").out.splitlines()[-1])


def test_it_is_another_machine(outside):
    """Its root is that of the host, and so is its kernel: it has the same machine id, boot and host name."""
    first, second = (hello(lambda words: inside(outside, words)) for _ in range(2))
    there, here = first, hello(outside.run)
    assert [there[name] for name in ("machine", "boot", "host")] == [here[name] for name in ("machine", "boot", "host")]
    assert there["instance"] and here["instance"] and there["instance"] != here["instance"] and second["instance"] == there["instance"]


def test_the_command_is_killed(outside):
    """systemd-run is ended with it. The program in the container reads the end of its input, and carries on what it has begun."""
    alice = log_in(outside)
    alice.sh("stubborn keeper >/dev/null 2>&1 </dev/null &")
    command = outside.start(["logoff", "/user:alice", "/server:web1", "/y", "/v", "/json:lines", "/grace:3"])
    while '"ask"' not in (line := command.stdout.readline()):
        assert line, command.stderr.read()
    runs = outside.named("systemd-run")
    outside.check("pkill -KILL -x logoff")
    finish(command)
    wait_until(lambda: len(outside.named("systemd-run")) < len(runs), 2, "systemd-run ends")
    wait_until(lambda: not sessions_inside(outside), 15, "the log-off is carried through")
    wait_until(lambda: not outside.named("logoff-host"), 5, "the program ends")


def test_no_such_container(outside):
    result = outside.run(["query", "user", "/server:web[1-2]", "/nolegend"])
    assert (result.status, result.out) == (UNREACHABLE, ""), result
    assert result.err.splitlines()[0].startswith("query: web2: cannot be reached ("), result.err


def test_not_installed_there(outside):
    inside(outside, "mv /usr/local/bin/logoff-host /root")
    result = outside.run(["query", "user", "/server:web1"])
    inside(outside, "mv /root/logoff-host /usr/local/bin")
    assert (result.status, result.err) == (UNREACHABLE, "query: web1: logoff-host is not installed there\n"), result
