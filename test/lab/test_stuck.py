# SPDX-License-Identifier: GPL-3.0-or-later
"""What not even SIGKILL ends: it is named with the reason why it does not end, which is read on the spot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import sessions
from cases import NOT_IN_TIME, logoff
from host import FREEZER, finish, wait_until
from test_time import pid_here


@pytest.fixture
def host(logind_host):
    return logind_host


@pytest.fixture
def hanging(host):
    """What keeps a file system in the host, at /mnt/hang, that does not answer; it says each time that it was asked."""
    if not Path("/dev/fuse").exists():
        pytest.skip("no FUSE on this machine")
    host.check("mkdir -p /mnt/hang")
    program = [sys.executable, str(Path(__file__).with_name("hangfs.py")), str(host.leader), "/mnt/hang"]
    running = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        if running.stdout.readline() != "mounted\n":
            pytest.skip("FUSE cannot be mounted here")
        yield running
    finally:
        running.kill()
        running.wait(10)
        host.run("umount -l /mnt/hang")


@pytest.fixture
def hangfs(hanging):
    """Where that file system is."""
    return "/mnt/hang"


@pytest.fixture
def hang(hanging):
    """hang(session): a process of the session that waits for it."""
    def hang(session):
        stuck = session.spawn("setsid cat /mnt/hang/file </dev/null >/dev/null 2>&1", "cat")
        # Before it has asked, SIGTERM would end it.
        assert hanging.stdout.readline() == "asked\n"
        return stuck

    return hang


def test_a_file_system_that_does_not_answer(host, hang):
    session = sessions.ssh(host, "alice")
    stuck = hang(session)

    result = logoff(host, session.id, "/grace:1", "/wait:3")

    assert result.status == NOT_IN_TIME, result.text
    assert f"{stuck.pid} cat (waits for a FUSE file system)" in result.err
    assert host.alive(stuck)


def test_in_json(host, hang):
    session = sessions.ssh(host, "alice")
    stuck = hang(session)

    result = logoff(host, session.id, "/grace:1", "/wait:3", "/json")

    assert result.status == NOT_IN_TIME, result.text
    assert {"pid": stuck.pid, "command": "cat", "stuck": "fuse", "tracer": None} in json.loads(result.out)[0]["left"]


def test_to_its_own_user(host, hang):
    """The kernel shows the function that a thread waits in, but not its stack, to whom the process belongs to."""
    session, here = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    stuck = hang(session)

    out, status = here.shell.run(f"logoff {session.id} /grace:1 /wait:3")

    assert status == NOT_IN_TIME, out
    assert f"{stuck.pid} cat (waits for a" in out.replace("\r\n", "") and "file system)" in out


def test_a_debugger_that_holds_it(host):
    session = sessions.ssh(host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")
    holding = host.start(["holder", str(keeper.pid)])
    holder, = wait_until(lambda: host.named("holder"), what="it is traced")
    try:
        wait_until(lambda: f"TracerPid:\t{holder.pid}\n" in host.check(f"cat /proc/{keeper.pid}/status") + "\n", what="it is traced")

        result = logoff(host, session.id, "/grace:1", "/wait:3")

        assert result.status == NOT_IN_TIME, result.text
        assert f"{keeper.pid} keeper (is held by its tracer, process {holder.pid})" in result.err
    finally:
        host.check(f"kill -KILL {holder.pid}")
        finish(holding)


def test_a_frozen_one(host):
    if not FREEZER.is_dir():
        pytest.skip("no cgroup v1 freezer on this machine")
    session = sessions.ssh(host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")
    group = FREEZER / f"lab-{host.name}"
    group.mkdir(exist_ok=True)
    (group / "cgroup.procs").write_text(str(pid_here(host, keeper)))
    (group / "freezer.state").write_text("FROZEN")
    try:
        wait_until(lambda: (group / "freezer.state").read_text() == "FROZEN\n", what="it is frozen")

        result = logoff(host, session.id, "/grace:1", "/wait:3")

        assert result.status == NOT_IN_TIME, result.text
        assert f"{keeper.pid} keeper (is frozen)" in result.err
    finally:
        (group / "freezer.state").write_text("THAWED")
