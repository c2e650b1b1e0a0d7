# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that uses the library and goes on after what a command ends with."""

import pathlib

from login1 import ID, properties, silence


def test_calls_without_an_answer_are_given_back(world, binary):
    """As many as are under way at once: the next call is not made to wait for one that nobody waits for."""
    first = [f"c{i}" for i in range(64)]
    world.fake.sessions |= {one: properties(one) for one in first}
    world.fake.rules["TerminateSession"] = lambda fake, call: None if call.body[0] in first else fake.end(call)
    world.fake.rules["KillSession"] = silence
    world.binary = pathlib.Path(binary).parents[2] / "test/bus/again"

    done = world.run(*first, ID)

    assert (done.status, done.out) == (0, "ended\n"), done.err
    assert done.seconds < 10 and ID not in world.fake.sessions
