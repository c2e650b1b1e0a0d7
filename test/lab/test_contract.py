# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of host has to keep, on real ones: the cases of src/backend/test-contract.c, each host with sessions of several kinds.

LOGOFF_CONTRACT is that program, as built beside what is installed on the hosts.
"""

import os
import re
import shutil
import subprocess

import pytest

import sessions
from cases import assert_gone, assert_untouched

PROGRAM = os.environ.get("LOGOFF_CONTRACT")
KIND = {"systemd": "logind", "systemd-v1": "logind", "elogind": "logind", "bare": "procfs"}


@pytest.mark.skipif(not PROGRAM, reason="LOGOFF_CONTRACT does not name the program")
@pytest.mark.parametrize("user", ["root", "alice"])
def test_contract(any_host, user):
    kept = [sessions.ssh(any_host, "alice"), sessions.login(any_host, "bob")]
    ended = sessions.ssh(any_host, "alice")
    ended.sh("sleep 9999 &")
    before, others = ended.processes(), [one.processes() for one in kept]
    for path in [PROGRAM, *re.findall(r"=> (\S*libcmocka\S*)", subprocess.check_output(["ldd", PROGRAM], text=True))]:
        shutil.copy(path, any_host.path("/run"))

    done = any_host.run(["/run/test-contract", KIND[any_host.flavour], ended.id], user=user, timeout=120, env={"LD_LIBRARY_PATH": "/run"})

    assert done.status == 0, done.text
    assert "SKIPPED" not in done.text, done.text
    assert_gone(ended, before)
    for one, processes in zip(kept, others):
        assert_untouched(one, processes)
