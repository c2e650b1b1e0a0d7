# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook of the collection: a farm of two hosts is emptied and restarted, one host after the other."""

import os
import threading

import sessions
from cases import assert_gone, assert_untouched
from test_modules import let_in

NAME = "logoff.sessions.restart_farm"
WORDS = ("-e", "at_once=1", "-e", "warn=4")


def boot_id(host):
    return host.check("cat /proc/sys/kernel/random/boot_id")


def start_again(ansible, number, host):
    """What the firmware of a machine does: it starts when it has been asked to restart, and finds its cable."""
    host.nspawn.wait(900)
    host._boot(keep=False)
    host._write_state(owner=os.getpid())
    ansible.connect(number, host)


def test_host_that_is_not_emptied_is_not_restarted(ansible, login1, login2):
    """Nobody is logged off where logons are not refused, and the next host is left alone."""
    login1.check("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --remove logoff-drain")
    alice, bob = sessions.ssh(login1, "alice"), sessions.ssh(login2, "bob")
    before = {one: one.processes() for one in (alice, bob)}
    ids = [boot_id(host) for host in (login1, login2)]
    process = ansible.start(*WORDS, file=NAME)
    out = process.communicate(timeout=600)[0]
    assert process.returncode != 0, out
    assert [(one["host"], one["word"]) for one in ansible.results()] == [("login1", "failed")]
    for one in (alice, bob):
        assert_untouched(one, before[one])
    assert [boot_id(host) for host in (login1, login2)] == ids and let_in(login2, "alice").status == 0


def test_farm_is_restarted(ansible, login1, login2):
    alice, bob = sessions.ssh(login1, "alice"), sessions.ssh(login2, "bob")
    before = {one: one.processes() for one in (alice, bob)}
    ids = [boot_id(host) for host in (login1, login2)]
    out = ansible.start("--check", *WORDS, file=NAME).communicate(timeout=600)[0]
    assert {one["host"] for one in ansible.results() if one.get("changed") and one.get("results")} == {"login1", "login2"}, out
    for one in (alice, bob):
        assert_untouched(one, before[one])
    assert [boot_id(host) for host in (login1, login2)] == ids
    assert let_in(login1, "bob").status == 0

    firmware = [threading.Thread(target=start_again, args=(ansible, number, host), daemon=True) for number, host in ((1, login1), (2, login2))]
    for one in firmware:
        one.start()
    process = ansible.start(*WORDS, file=NAME)
    alice.shell.expect("The host restarts\\.", 60)
    assert let_in(login1, "bob").status != 0, "new logons are refused before anybody is logged off"
    assert_untouched(bob, before[bob])
    out = process.communicate(timeout=1000)[0]
    assert process.returncode == 0, out
    for one in firmware:
        one.join(60)
    assert [row["result"] for one in ansible.results() for row in one.get("results", [])] == ["ended", "ended"]
    assert not set(ids) & {boot_id(host) for host in (login1, login2)}
    assert all(let_in(host, "alice").status == 0 for host in (login1, login2)), "users are let in again"
