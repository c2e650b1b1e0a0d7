# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand sessions on one host: the named one ends, and 999 others are not affected."""

import pytest

import sessions
from host import wait_until
from cases import NO_SESSION, OK, assert_logged_off, assert_untouched, logoff

CROWD = 999


@pytest.fixture(scope="module")
def crowded(lab):
    """A host with 499 sessions of bob and 500 of carol; each is one process."""
    host = lab("systemd", "crowd")
    crowd = {user: sessions.fake(host, user, count=count, tty=tty)
             for user, count, tty in (("bob", 499, "pts/1{:03}"), ("carol", 500, "pts/2{:03}"))}
    yield host, crowd
    sessions.clean(host)


@pytest.fixture
def one_of_many(crowded):
    """One more session, alice's, with a terminal; checks that no other is missed afterwards."""
    host, crowd = crowded
    session = sessions.ssh(host, "alice")
    there, running = set(host.session_ids()), host.named("sleep")
    assert len(there) == CROWD + 1 and len(running) == CROWD
    yield session
    assert set(host.session_ids()) == there - {session.id}
    assert host.survivors(running) == running


@pytest.mark.parametrize("how", ["id", "name"])
def test_one_of_a_thousand(one_of_many, how):
    before = one_of_many.processes()
    designator = one_of_many.id if how == "id" else one_of_many.tty

    result = logoff(one_of_many.host, designator)

    assert_logged_off(result, one_of_many, before, within=2)


def test_unknown_among_a_thousand(crowded):
    host, crowd = crowded
    there = set(host.session_ids())
    assert logoff(host, "pts/99999").status == NO_SESSION
    assert set(host.session_ids()) == there


def test_half_of_a_thousand_by_a_pattern(crowded):
    """The other half do not notice. (The last case of this crowd.)"""
    host, crowd = crowded
    one_more = sessions.ssh(host, "bob")
    kept = one_more.processes()
    assert len(host.named("sleep")) == CROWD

    result = logoff(host, "/user:car*", "/y")

    assert result.status == OK, result.err
    assert set(host.session_ids()) == {*crowd["bob"].ids, one_more.id}
    assert len(result.out.splitlines()) == 500
    assert len(host.named("sleep")) == 499
    assert_untouched(one_more, kept)
    assert result.seconds < 20


def test_many_of_a_crowd(lend):
    """A hundred named on one command line, of three hundred."""
    host = lend("systemd", "crowd of its own")
    crowd = sessions.fake(host, "bob", count=300)

    result = logoff(host, *crowd.ids[:100])

    assert result.status == OK, result.text
    assert set(host.session_ids()) == set(crowd.ids[100:])
    assert len(host.named("sleep")) == 200


def test_signals_come_once(lend):
    """Many at once: a program that ends in time is not killed, one that ignores signals is killed after the grace,
    and neither delays the others.
    """
    host = lend("systemd", "crowd of its own")
    host.check("rm -rf /run/careful; mkdir /run/careful")
    ssh = [sessions.ssh(host, "bob") for _ in range(2)]
    sessions.fake(host, "bob", count=20, leader="careful /run/careful")
    sessions.fake(host, "alice", count=5, leader="stubborn keeper")
    sessions.fake(host, "alice", count=30)
    host.check("pkill -STOP -n sleep")
    kept = sessions.fake(host, "carol", count=3)
    wait_until(lambda: host.run("ls /run/careful | wc -l").out == "0\n" and len(host.named("careful")) == 20,
               what="the programs run")

    result = logoff(host, "/user:alice", "/user:bob", "/y", "/grace:3")

    assert result.status == OK, result.text
    assert set(host.session_ids()) == set(kept.ids)
    assert host.named("careful") == host.named("keeper") == []
    assert len(host.named("sleep")) == 3
    told = [host.path("/run/careful").joinpath(name).read_text() for name in host.check("ls /run/careful").split()]
    assert told == ["SIGHUP SIGTERM"] * 20
    assert not any(session.exists() for session in ssh)


PHOENIX = """#!/bin/sh
trap '"$0" & exit' TERM
trap '' HUP
while :; do sleep 0.02; done
"""


def test_a_program_that_starts_itself_anew(lend):
    """It is outside of its session's scope. Each look finds the last one ended: it may have begun the next since."""
    host = lend("systemd", "crowd of its own")
    script = host.path("/usr/local/bin/phoenix")
    script.write_text(PHOENIX)
    script.chmod(0o755)
    session = sessions.ssh(host, "root")
    session.sh("mkdir -p /sys/fs/cgroup/jobs; sh -c 'echo $$ >/sys/fs/cgroup/jobs/cgroup.procs; exec phoenix' "
               ">/dev/null 2>&1 </dev/null &")
    crowd = sessions.fake(host, "bob", count=20)
    wait_until(lambda: host.named("phoenix"), what="the program runs")

    result = logoff(host, session.id, *crowd.ids, "/grace:2")

    assert result.status == OK, result.text
    assert host.named("phoenix") == []
    assert 2 <= result.seconds
