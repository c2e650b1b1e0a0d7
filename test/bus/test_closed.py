# SPDX-License-Identifier: GPL-3.0-or-later
"""Standard descriptors that are closed when the command starts: what it prints must not go to logind."""

import pytest

from login1 import ID


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_what_is_printed_does_not_reach_the_bus(world, tmp_path, closed):
    program = tmp_path / "closed"
    program.write_text(f'#!/bin/sh\nexec "{world.binary}" "$@" {closed}\n')
    program.chmod(0o755)
    world.binary = program
    done = world.run(ID, "/v", "/grace:0", "/wait:3")
    assert world.fake.sessions == {}
    assert done.status == 9, done.err
    assert done.err == ("" if "2>" in closed else "logoff: the output could not be written: Bad file descriptor\n")
