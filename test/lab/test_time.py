# SPDX-License-Identifier: GPL-3.0-or-later
"""Grace and deadline, and what may happen meanwhile: Ctrl-C, a restart of logind, the session
ending by itself, another logoff.
"""

import time
from pathlib import Path

import pytest

import sessions
from cases import (CANCELLED, NOT_IN_TIME, NO_SESSION, OK, assert_gone, assert_logged_off, interrupt,
                   logoff, start_logoff)
from host import FREEZER, finish, wait_until


@pytest.fixture
def stubborn(any_host):
    """A session with a daemon that only SIGKILL ends."""
    session = sessions.ssh(any_host, "alice")
    session.keeper = session.spawn("stubborn -d keeper", "keeper")
    return session


@pytest.mark.parametrize("option", ["/grace:0", "--grace=0", "/GRACE:0"])
def test_no_grace(stubborn, option):
    before = stubborn.processes()
    result = logoff(stubborn.host, stubborn.id, option)
    assert_logged_off(result, stubborn, before, within=1)


def test_grace_is_given(stubborn):
    before = stubborn.processes()

    running = start_logoff(stubborn.host, stubborn.id, "/grace:2")
    time.sleep(1.2)
    assert stubborn.host.alive(stubborn.keeper)
    result = finish(running)

    assert_logged_off(result, stubborn, before, within=2)


@pytest.fixture
def immortal(stubborn):
    """Makes the session's daemon immortal for the time of the case.

    The freezer of cgroup v1 holds its tasks so fast that even SIGKILL waits until they
    are let go; from within the host it looks like a process stuck in a device or on a dead file
    server.
    """
    if not FREEZER.is_dir():
        pytest.skip("no cgroup v1 freezer on this machine: nothing withstands SIGKILL")
    group = FREEZER / f"lab-{stubborn.host.name}"
    group.mkdir(exist_ok=True)
    (group / "cgroup.procs").write_text(str(pid_here(stubborn.host, stubborn.keeper)))
    (group / "freezer.state").write_text("FROZEN")
    wait_until(lambda: (group / "freezer.state").read_text() == "FROZEN\n", what="it is frozen")
    yield stubborn
    (group / "freezer.state").write_text("THAWED")


def pid_here(host, process):
    """The pid, on this machine, of a host's process."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            numbers = [line.split()[1:] for line in status.read_text().splitlines()
                       if line.startswith("NSpid:")][0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(status.parent.name)
        if numbers[1:] == [str(process.pid)] and \
                Path(f"/proc/{pid}/ns/pid").readlink() == Path(f"/proc/{host.leader}/ns/pid").readlink():
            return pid
    raise AssertionError("no such process")


def test_deadline(immortal):
    result = logoff(immortal.host, immortal.id, "/grace:1", "/wait:3")

    assert result.status == NOT_IN_TIME, result.text
    assert str(immortal.keeper.pid) in result.text
    assert 2.5 < result.seconds < 5
    assert immortal.host.alive(immortal.keeper)


def test_deadline_within_the_grace(stubborn):
    """The deadline counts from the start, the grace included."""
    result = logoff(stubborn.host, stubborn.id, "/grace:30", "/wait:1")

    assert result.status == NOT_IN_TIME, result.text
    assert str(stubborn.keeper.pid) in result.text
    assert 0.8 < result.seconds < 3


def test_ctrl_c(stubborn):
    host = stubborn.host
    running = start_logoff(host, stubborn.id, "/grace:20")
    time.sleep(0.7)
    interrupt(host, running)    # who was asked is followed to the end
    time.sleep(0.5)
    assert running.poll() is None
    interrupt(host, running)    # but not if that is not wanted either
    result = finish(running, 5)

    assert result.status == CANCELLED, result.text
    assert host.alive(stubborn.keeper)
    if host.flavour.startswith("systemd"):
        assert stubborn.exists()
        assert stubborn.property("State") in result.text
    # Nobody goes on killing behind one's back.
    time.sleep(0.5)
    assert host.alive(stubborn.keeper)


def test_ctrl_c_at_the_keyboard(any_host):
    """The terminal sends the signal, to logoff and to nobody else."""
    here, there = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "alice")
    keeper = there.spawn("stubborn -d keeper", "keeper")
    kept = here.processes()

    mark = here.shell.begin(f"logoff {there.id} /grace:20")
    wait_until(lambda: any_host.named("logoff"), what="logoff runs")
    time.sleep(0.5)
    here.shell.write("\x03")
    time.sleep(0.5)
    assert any_host.named("logoff"), "who was asked is followed to the end"
    here.shell.write("\x03")
    out, status = here.shell.result(mark, 5)

    assert status == CANCELLED, out
    assert any_host.alive(keeper)
    assert any_host.survivors(kept) == kept


def test_ends_by_itself_in_the_middle(any_host):
    session = sessions.ssh(any_host, "alice")
    session.sh("(trap '' TERM HUP; sleep 2) >/dev/null 2>&1 </dev/null &")
    session.sh("(trap '' TERM HUP; while [ ! -e /tmp/enough ]; do sleep 0.05; done) "
               ">/dev/null 2>&1 </dev/null &")
    before = session.processes()

    running = start_logoff(any_host, session.id, "/grace:9")
    time.sleep(0.7)
    assert running.poll() is None and any_host.survivors(before)
    any_host.path("/tmp/enough").touch()
    any_host.run("pkill -KILL -u alice sleep")
    result = finish(running)
    any_host.path("/tmp/enough").unlink()

    assert_logged_off(result, session, before, within=3)


def test_ended_by_logind_in_the_middle(host):
    """Somebody else ends the session while logoff waits for it."""
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    running = start_logoff(host, session.id, "/grace:9")
    time.sleep(0.5)
    assert running.poll() is None
    host.check(f"loginctl kill-session --signal=KILL {session.id}")

    assert_logged_off(finish(running), session, before, within=2)


def test_logind_restarted_in_the_middle(logind_host):
    session = sessions.ssh(logind_host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    running = start_logoff(logind_host, session.id, "/grace:2")
    time.sleep(0.7)
    assert running.poll() is None
    logind_host.restart("systemd-logind")
    result = finish(running)

    assert_logged_off(result, session, before)


def test_logind_killed_in_the_middle(logind_host):
    """systemd starts it again, but orders that after the end of the session's scope."""
    session = sessions.ssh(logind_host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    running = start_logoff(logind_host, session.id, "/grace:2")
    time.sleep(0.7)
    assert running.poll() is None
    logind_host.check("systemctl kill --signal=KILL systemd-logind")

    assert_logged_off(finish(running), session, before)


def test_logind_restarted_and_nothing_left(logind_host):
    """logind is stopped during the removal, so no event reports it."""
    session = sessions.ssh(logind_host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    running = start_logoff(logind_host, session.id, "/grace:4")
    time.sleep(0.5)
    assert running.poll() is None
    # Masked, or the bus would start it again for the first who calls it.
    logind_host.check("systemctl mask --runtime --quiet --now systemd-logind")
    logind_host.check(f"kill -KILL {keeper.pid}; sleep 0.2")
    logind_host.check("systemctl unmask --runtime --quiet systemd-logind")
    logind_host.restart("systemd-logind")

    assert_logged_off(finish(running), session, before, within=6)


@pytest.mark.parametrize("times, load", [(6, ""), (1, "stubborn -d keeper")],
                         ids=["plain", "stubborn"])
def test_two_at_once(any_host, times, load):
    for _ in range(times):
        session = sessions.ssh(any_host, "alice")
        if load:
            session.spawn(load, "keeper")
        before = session.processes()

        running = [start_logoff(any_host, session.id, "/grace:1") for _ in range(2)]
        results = [finish(one) for one in running]

        # Both tell the truth: "ended", or, for whoever came late, "no such session".
        assert {result.status for result in results} <= {OK, NO_SESSION}, results
        assert OK in [result.status for result in results]
        assert_gone(session, before)
