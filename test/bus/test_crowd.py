# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sessions at once: their processes are signalled from here, and logind is asked when their scopes are gone.

Here no scope ever goes, as nobody takes the folders away: logind must be asked all the same.
"""

import pytest

from login1 import UID, fails, properties, says, LOGIN1

COUNT = 20
IDS = [f"c{number}" for number in range(8001, 8001 + COUNT)]


@pytest.fixture
def crowd(world):
    """Twenty sessions with a process each, on a machine with systemd and cgroup v2. Takes changes to their properties."""
    def make(populated=True, **changes):
        world.become("systemd")
        world.fake.sessions.clear()
        for identity in IDS:
            scope = f"session-{identity}.scope"
            world.hold(scope, process=True)
            events = world.folder / f"cgroup/user.slice/user-{UID}.slice" / scope / "cgroup.events"
            events.write_text(f"populated {int(populated)}\nfrozen 0\n")
            given = {name: (kind, value.format(identity)) for name, (kind, value) in changes.items()}
            world.fake.sessions[identity] = properties(identity, **given)
        return world
    return make


def terminated(world):
    return sorted(body[0] for key, body in world.fake.acts() if key == "TerminateSession")


def test_signalled_and_handed_over(crowd):
    """The signals alone end the processes; each session is handed to logind once, in the end."""
    world = crowd()
    world.run(*IDS, "/grace:20").check(0, within=8)
    assert terminated(world) == IDS


def test_signals_come_first(crowd):
    """A logind that does nothing at all: the processes are gone nevertheless."""
    world = crowd()
    world.fake.rules["TerminateSession"] = world.fake.rules["KillSession"] = says("")
    done = world.run(*IDS, "/grace:1", "/wait:2")
    assert done.status == 5, done.err
    assert done.err.count("with 0 processes") == COUNT, done.err


def test_not_populated(crowd):
    """What the kernel calls empty is not signalled; logind is asked."""
    world = crowd(populated=False)
    world.fake.rules["TerminateSession"] = world.fake.rules["KillSession"] = says("")
    done = world.run(*IDS, "/grace:9", "/wait:1")
    assert done.status == 5, done.err
    assert done.err.count("with 1 process: ") == COUNT, done.err
    assert terminated(world) == IDS


def test_scope_is_a_name(crowd):
    """A scope that is a way through other folders is not followed to anybody's processes."""
    world = crowd(Scope=("s", f"../user-{UID}.slice/session-{{}}.scope"))
    world.fake.rules["TerminateSession"] = world.fake.rules["KillSession"] = says("")
    done = world.run(*IDS, "/grace:9", "/wait:1")
    assert done.status == 5, done.err
    assert done.err.count("with 1 process: ") == COUNT, done.err
    assert terminated(world) == IDS


def test_gone_meanwhile(crowd):
    """logind has dropped them all by itself when it is asked: done."""
    world = crowd()
    world.fake.rules["TerminateSession"] = fails(LOGIN1 + ".NoSuchSession")
    world.fake.rules["KillSession"] = fails(LOGIN1 + ".NoSuchSession")

    def drop():
        for identity in IDS:
            del world.fake.sessions[identity]
            world.fake.removed(identity)
    world.start(*IDS, "/grace:20")
    world.fake.await_call("GetAll", COUNT)
    world.fake.later(0.05, drop)
    world.finish().check(0, within=8)
