# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of the processes, and what is said where they cannot be seen."""

import json
import subprocess

import pytest

from conftest import FILES_ISOLATED
from login1 import ID, OTHER_ID, UID, after, honest, properties, says

UNSEEN = rf"session {ID} \(pts/7001\): the host has deleted it; its processes could not be seen"


@pytest.fixture
def stray():
    """A process with a kernel audit session of its own, in no scope. Its number."""
    try:
        process = subprocess.Popen(["sh", "-c", "echo 7001 >/proc/self/loginuid && exec sleep 60"], start_new_session=True)
        number = next(line for line in map(str.strip, open(f"/proc/{process.pid}/sessionid")))
    except OSError as error:
        pytest.skip(f"no kernel audit session: {error}")
    for _ in range(100):
        if open(f"/proc/{process.pid}/comm").read() == "sleep\n":
            break
        subprocess.run(["sleep", "0.01"], check=True)
    number = open(f"/proc/{process.pid}/sessionid").read().strip()
    if number == "4294967295" or number == open("/proc/self/sessionid").read().strip():
        process.kill()
        process.wait()
        pytest.skip("no kernel audit session of its own can be begun here")
    yield process, number
    process.kill()
    process.wait()


def race(world, session, others=()):
    """The last process of the scope forks and ends between two reads: nobody is listed, but the kernel says that somebody is there."""
    world.become("systemd")
    world.namespaces = FILES_ISOLATED
    for one in (session, *others):
        world.hold(f"session-{one}.scope")
        events = world.folder / f"cgroup/user.slice/user-{UID}.slice/session-{one}.scope/cgroup.events"
        events.write_text("populated 0\n")
        world.fake.sessions[one] = properties(one, Leader=("u", 0), TimestampMonotonic=("t", 1), Scope=("s", f"session-{one}.scope"))
    events = world.folder / f"cgroup/user.slice/user-{UID}.slice/session-{session}.scope/cgroup.events"
    events.write_text("populated 1\n")
    world.fake.rules["TerminateSession"] = after(lambda fake: events.write_text("populated 0\n"), honest)


def test_an_empty_walk_proves_nothing(world, stray):
    """It says neither that the rest cannot be seen nor that nobody is left: a process elsewhere is found and ended."""
    process, number = stray
    race(world, number)
    done = world.run(number, "/grace:1", "/wait:4")
    assert (done.status, done.err) == (0, ""), done.err
    assert process.wait(timeout=2) < 0


def test_an_empty_walk_is_of_one_session(world):
    race(world, ID, [OTHER_ID])
    done = world.run(ID, OTHER_ID, "/grace:1", "/wait:4")
    assert (done.status, done.err) == (0, ""), done.err


@pytest.mark.parametrize("manager", [False, True])
def test_unseen_stays_unseen(world, manager):
    """What was not seen of the session is said, though all is seen of the user's service manager."""
    world.become("systemd")
    world.hold(f"session-{ID}.scope", process=True)
    if manager:
        world.hold(f"user@{UID}.service", process=True)
    world.fake.rules["TerminateSession"] = after(lambda fake: fake.sessions.update({ID: properties(Timestamp=("t", 2000))}), says(""))
    world.fake.rules["Get:Sessions"] = says("v", ("a(so)", []))
    done = world.run(ID, "/grace:1", "/wait:6", "/json")
    done.check(0, UNSEEN)
    assert json.loads(done.out)[0]["left"] is None
