# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of host has to keep, on real ones: the cases of src/backend/test-contract.c, each host with sessions of several kinds.

The program stands beside what is installed on the hosts if lab.py has built that.
"""

import pytest

import host as hosts
import sessions
from cases import assert_gone, assert_untouched
from stage import PROGRAMS


@pytest.mark.parametrize("user", ["root", "alice"])
def test_contract(any_host, user):
    if any_host.run(["test", "-x", f"{PROGRAMS}/test-contract"]).status:
        pytest.skip("LOGOFF_STAGE is without test-contract: see lab.py stage")
    kept = [sessions.ssh(any_host, "alice"), sessions.login(any_host, "bob")]
    ended = sessions.ssh(any_host, "alice")
    ended.sh("sleep 9999 &")
    before, others = ended.processes(), [one.processes() for one in kept]

    done = any_host.run([f"{PROGRAMS}/test-contract", hosts.KINDS[any_host.flavour], ended.id], user=user, timeout=120,
                        env={"LD_LIBRARY_PATH": PROGRAMS})

    assert done.status == 0, done.text
    assert "SKIPPED" not in done.text, done.text
    assert_gone(ended, before)
    for one, processes in zip(kept, others):
        assert_untouched(one, processes)
