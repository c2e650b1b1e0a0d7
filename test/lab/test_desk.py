# SPDX-License-Identifier: GPL-3.0-or-later
"""The help desk: bob, whom polkit lets log everybody off, disconnects clients of others and ends their processes, by the message service.

The service is asked by its own interface as well, as a caller would who uses none of the commands.
"""

import errno
import json
import os
import time

import pytest

import sessions
from cases import DENIED, OK, UNREACHABLE, assert_untouched
from host import finish, wait_until
from test_host_as import ACTION_ID, ACTOR, FOR, Served, desk, systemd, token  # noqa: F401: fixtures
from test_msg import PASSWORD_PROMPT
from test_messenger import help_desk, silent_polkit, without_service  # noqa: F401: fixtures
from test_tsdiscon import assert_goes_on, rdp, tsdiscon  # noqa: F401: fixture
from test_tskill import tskill

RIGHT = "org.freedesktop.login1.manage"
SERVICE = ["busctl", "--system", "--", "call", "org.logoff.Messenger1", "/org/logoff/Messenger1", "org.logoff.Messenger1"]


@pytest.fixture(autouse=True)
def since():
    """When the case began."""
    return time.time()


def records(host, since):
    """What the service has recorded in this case, the oldest first."""
    lines = host.check(["journalctl", "--output=json", "--no-pager", f"MESSAGE_ID={ACTION_ID}", "_UID=0"]).splitlines()
    return [one for one in map(json.loads, lines) if int(one["__REALTIME_TIMESTAMP"]) >= since * 1e6]


def assert_recorded(host, since, **wanted):
    """One record, written by root's service, that names the caller."""
    found = wait_until(lambda: records(host, since), 3, "a record")
    assert len(found) == 1, found
    assert {name: found[0].get(name) for name in wanted} == wanted, found


def started(process):
    """The start of a process, as the library tells it: in microseconds since that of the kernel."""
    return process.start * 1000000 // os.sysconf("SC_CLK_TCK")


def end(host, user, process, where, **other):
    """EndProcesses of one process as it is, but for what is OTHER. Returns the errno, or busctl's Result if it has failed."""
    it = {"pid": process.pid, "started": started(process), "uid": 1000, "session": where.id, "command": process.name, **other}
    name = it["command"].encode()
    result = host.run([*SERVICE, "EndProcesses", "a(ixusay)t(sss)", "1", str(it["pid"]), str(it["started"]), str(it["uid"]), it["session"],
                       str(len(name)), *map(str, name), "0", it.get("actor", ""), "", ""], user=user)
    return int(result.out.split()[2]) if result.status == 0 else result


def begin_to_end(host, processes, *options):
    """A tskill of bob's, of which the service has begun to do its part."""
    running = host.start(["tskill", *(str(one.pid) for one in processes), *options], user="bob")
    wait_until(lambda: len(host.named("logoff-messenge")) == 2, 5, "one works")
    return running


def disconnect(host, user, identity, logon):
    """Disconnect. Returns the errno, or busctl's Result if it has failed."""
    result = host.run([*SERVICE, "Disconnect", "st(sss)", identity, str(logon), "", "", ""], user=user)
    return int(result.out.split()[2]) if result.status == 0 else result


# -- clients ------------------------------------------------------------------------------------

def test_disconnects_others(rdp, help_desk, since):  # noqa: F811
    before = rdp.processes()

    result = tsdiscon(rdp.host, rdp.id, "/v", user="bob")

    assert result.status == OK, result.text
    assert_goes_on(rdp, before)
    assert_recorded(rdp.host, since, LOGOFF_ACTION="disconnect", LOGOFF_RESULT="disconnected", LOGOFF_SESSION=rdp.id, LOGOFF_USER="alice",
                    LOGOFF_ACTOR="bob", LOGOFF_ACTOR_UID="1001", LOGOFF_LOGIN_USER="bob", LOGOFF_FOR=None,
                    MESSAGE=f"disconnect of session {rdp.id} of alice by bob: disconnected")
    rdp.reconnect()
    assert_untouched(rdp, before)


def test_one_of_two(host, help_desk):  # noqa: F811
    left, kept = sessions.RdpSession(host, "alice"), sessions.RdpSession(host, "carol")
    before, others = left.processes(), kept.processes()

    assert tsdiscon(host, left.name, user="bob").status == OK

    assert_goes_on(left, before)
    assert_untouched(kept, others)
    assert kept.connected() and kept.client.poll() is None


def test_nobody_else_disconnects(rdp, help_desk, since):  # noqa: F811
    before = rdp.processes()

    result = tsdiscon(rdp.host, rdp.id, user="carol")

    assert result.status == DENIED and RIGHT in result.err, result.text
    assert_untouched(rdp, before)
    assert rdp.connected()
    assert_recorded(rdp.host, since, LOGOFF_ACTION="disconnect", LOGOFF_RESULT="denied", LOGOFF_SESSION=rdp.id, LOGOFF_ACTOR="carol")


def test_another_logon_is_not_disconnected(host, help_desk):  # noqa: F811
    """Only the logon that was meant; and who may not do it is not told whether there is one."""
    rdp = sessions.RdpSession(host, "alice")  # noqa: F811
    before = rdp.processes()

    assert disconnect(host, "bob", rdp.id, 4242) == -errno.ENXIO
    assert disconnect(host, "bob", "987654", 4242) == -errno.ENXIO
    assert disconnect(host, "bob", rdp.id, 0).status != 0
    assert disconnect(host, "bob", rdp.name, 4242).status != 0
    for identity in (rdp.id, "987654"):
        assert disconnect(host, "carol", identity, 4242) == -errno.EACCES
    assert_untouched(rdp, before)
    assert rdp.connected()


# -- processes ----------------------------------------------------------------------------------

def test_ends_a_process_of_another(host, help_desk, since):  # noqa: F811
    alice = sessions.ssh(host, "alice")
    sleep, other = alice.spawn("sleep 4242", "sleep"), alice.spawn("sleep 4242", "sleep")

    result = tskill(host, str(sleep.pid), "/v", user="bob")

    assert result.status == OK and str(sleep.pid) in result.out, result.text
    assert not host.alive(sleep) and host.alive(other)
    assert_recorded(host, since, LOGOFF_ACTION="end-process", LOGOFF_RESULT="ended", LOGOFF_SESSION=alice.id, LOGOFF_USER="alice",
                    LOGOFF_PROCESS=str(sleep.pid), LOGOFF_COMMAND="sleep", LOGOFF_ACTOR="bob", LOGOFF_ACTOR_UID="1001", LOGOFF_FOR=None,
                    MESSAGE=f"end of process {sleep.pid} (sleep) of session {alice.id} of alice by bob: ended")


def test_by_name_with_grace(host, help_desk):  # noqa: F811
    """bob's own and those of others, in one command: all are asked, and what ignores that is killed."""
    alice, bob, carol = (sessions.ssh(host, user) for user in ("alice", "bob", "carol"))
    keepers = [one.spawn("stubborn -d keeper", "keeper") for one in (alice, bob, carol)]
    sleep = alice.spawn("sleep 4242", "sleep")

    out, status = bob.shell.run("tskill keeper /a /grace:1 /v")

    assert status == OK and out.count("Ended") == 3, out
    assert host.survivors(keepers) == [] and host.alive(sleep)


def test_a_name_that_is_no_text(host, help_desk):  # noqa: F811
    """A process may choose any bytes for its name."""
    alice = sessions.ssh(host, "alice")
    pid = alice.sh("cp /bin/sleep $'ke\\377eper'; ./ke?eper 4242 >/dev/null 2>&1 & echo $!").split()[-1]

    result = tskill(host, "ke*", f"/id:{alice.id}", user="bob")

    assert result.status == OK, result.text
    assert pid not in host.check("pgrep -u alice || :").split()


def test_nobody_else_ends(host, help_desk, since):  # noqa: F811
    alice = sessions.ssh(host, "alice")
    sleeps = [alice.spawn("sleep 4242", "sleep") for _ in range(2)]
    before = alice.processes()

    result = tskill(host, "sleep", "/a", user="carol")

    assert result.status == DENIED and RIGHT in result.err, result.text
    assert_untouched(alice, before)
    assert host.survivors(sleeps) == sleeps
    assert_recorded(host, since, LOGOFF_ACTION="end-process", LOGOFF_RESULT="denied", LOGOFF_SESSION=alice.id, LOGOFF_ACTOR="carol")


def test_another_process_is_not_ended(host, help_desk):  # noqa: F811
    """One that is not what the caller has seen: by its start, user, session or name. And nothing that is in no session."""
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    sleep = alice.spawn("sleep 4242", "sleep")
    (logind,) = host.named("systemd-logind")

    for wrong in ({"started": started(sleep) + 10000}, {"uid": 1001}, {"session": bob.id}, {"command": "vi"}, {"started": -1}):
        assert end(host, "bob", sleep, alice, **wrong) == -errno.ESTALE, wrong
    assert end(host, "bob", logind, alice, uid=0, session="") == -errno.EPERM
    assert end(host, "bob", logind, alice, uid=0) == -errno.ESTALE
    assert host.alive(sleep) and host.alive(logind)
    assert end(host, "bob", sleep, alice, command="") == 0
    assert not host.alive(sleep)


def test_of_what_is_not_there_nothing_is_recorded(host, help_desk, since):  # noqa: F811
    """All that is known of it are the caller's words, which could be a record of something else."""
    alice = sessions.ssh(host, "alice")
    sleep = alice.spawn("sleep 4242", "sleep")

    assert end(host, "bob", sleep, alice, pid=4000000, command="sh) of session 14 of carol by root: ended, reason: x") == 0
    assert end(host, "bob", sleep, alice) == 0

    assert_recorded(host, since, LOGOFF_PROCESS=str(sleep.pid), LOGOFF_COMMAND="sleep")


def test_who_may_not_learns_nothing(host, help_desk):  # noqa: F811
    """Whether there is such a process; not even of their own, which the kernel lets them end."""
    alice, carol = sessions.ssh(host, "alice"), sessions.ssh(host, "carol")
    theirs, own = alice.spawn("sleep 4242", "sleep"), carol.spawn("sleep 4242", "sleep")

    answers = {end(host, "carol", theirs, alice, **other) for other in ({}, {"started": 42}, {"pid": 99999}, {"session": "4242"})}
    answers.add(end(host, "carol", own, carol, uid=1002))

    assert answers == {-errno.EACCES}
    assert host.alive(theirs) and host.alive(own)


@pytest.mark.parametrize("other", [{"actor": "a\nb"}, {"actor": "x" * 257}, {"actor": "x: ended"}, {"pid": 0}, {"session": "1" * 30}, {"command": "x" * 64}],
                         ids=["lines", "long", "sentence", "pid", "session", "command"])
def test_what_is_too_much(host, help_desk, other):  # noqa: F811
    alice = sessions.ssh(host, "alice")
    sleep = alice.spawn("sleep 4242", "sleep")

    assert end(host, "bob", sleep, alice, **other).status != 0
    assert host.alive(sleep)


def test_the_help_desk_goes_away(host, help_desk):  # noqa: F811
    """What has been asked is not killed any more, as after Ctrl-C."""
    alice = sessions.ssh(host, "alice")
    keeper = alice.spawn("stubborn -d keeper", "keeper")
    running = begin_to_end(host, [keeper], "/grace:3")

    host.check("pkill -KILL -x tskill")
    running.communicate(timeout=5)

    wait_until(lambda: len(host.named("logoff-messenge")) == 1, 3, "it has left off")
    time.sleep(3.5)
    assert host.alive(keeper)


# Calls EndProcesses, and ends. A child holds its connection, so the caller has not gone for the bus.
CALL_AND_END = """import ctypes, os, sys, time
pid, start, session = sys.argv[1:]
library, bus = ctypes.CDLL("libsystemd.so.0"), ctypes.c_void_p()
assert library.sd_bus_open_system(ctypes.byref(bus)) >= 0
words = [None, b"org.logoff.Messenger1", b"/org/logoff/Messenger1", b"org.logoff.Messenger1", b"EndProcesses", None, None, b"a(ixusay)t(sss)"]
assert library.sd_bus_call_method_async(bus, *words, 1, int(pid), ctypes.c_int64(int(start)), 1000, session.encode(), 0,
                                        ctypes.c_uint64(2000), b"", b"", b"") >= 0
assert library.sd_bus_flush(bus) >= 0
time.sleep(0.5)
if os.fork() == 0:
    time.sleep(5)
os._exit(0)
"""


def test_the_record_has_who_has_logged_on_when_the_caller_has_ended(host, help_desk, since):  # noqa: F811
    """The login of a process that is no more would be nobody's, and the record would name whom they have become."""
    alice, carol = sessions.ssh(host, "alice"), sessions.ssh(host, "carol")
    keeper = alice.spawn("stubborn -d keeper", "keeper")
    host.path("/tmp/call-and-end").write_text(CALL_AND_END)

    mark = carol.shell.begin(f"su bob -c 'python3 /tmp/call-and-end {keeper.pid} {started(keeper)} {alice.id}'")
    carol.shell.answer(PASSWORD_PROMPT, "pw-bob")
    assert carol.shell.result(mark)[1] == OK
    wait_until(lambda: not host.alive(keeper), 5, "it is killed after the grace")

    assert_recorded(host, since, LOGOFF_ACTOR="bob", LOGOFF_LOGIN_USER="carol", LOGOFF_LOGIN_UID="1002", LOGOFF_RESULT="ended")


def test_cancelled(host, help_desk):  # noqa: F811
    alice = sessions.ssh(host, "alice")
    keeper = alice.spawn("stubborn -d keeper", "keeper")
    running = begin_to_end(host, [keeper], "/grace:20")

    host.check("pkill -INT -x tskill")
    result = finish(running, 5)

    assert result.status == 7 and "cancelled" in result.err, result
    assert host.alive(keeper)


# -- what is unknown ----------------------------------------------------------------------------

def test_service_killed_while_it_ends_one(host, help_desk):  # noqa: F811
    """Nobody can tell what it would still have done. What has ended all the same has ended."""
    alice = sessions.ssh(host, "alice")
    keeper = alice.spawn("stubborn -d keeper", "keeper")
    alice.sh("cat >saver <<'E'\n#!/bin/bash\ntrap 'sleep 3; exit' TERM\nwhile :; do sleep 0.1; done\nE\nchmod +x saver")
    saver = alice.spawn("./saver", "saver")
    running = begin_to_end(host, [keeper, saver], "/grace:5", "/v")
    time.sleep(0.5)

    host.check("pkill -KILL -o -x logoff-messenge")
    result = finish(running, 30)

    assert result.status == UNREACHABLE, result
    assert str(saver.pid) in result.out and f"process {keeper.pid} " in result.err and "nobody can tell" in result.err, result
    assert host.alive(keeper) and not host.alive(saver)


def test_service_killed_before_it_disconnects(host, help_desk, silent_polkit):  # noqa: F811
    rdp = sessions.RdpSession(host, "alice")  # noqa: F811
    running = host.start(["tsdiscon", rdp.id], user="bob")
    wait_until(lambda: host.named("logoff-messenge"), 5, "the service is there")
    time.sleep(0.3)

    host.check("pkill -KILL -x logoff-messenge")
    result = finish(running, 20)

    assert result.status == UNREACHABLE and "nobody can tell" in result.err, result
    assert rdp.connected()


def test_polkit_that_says_nothing(host, silent_polkit):  # noqa: F811
    """Whether bob may is unknown: nothing is done, and it is not called denied."""
    rdp, carol = sessions.RdpSession(host, "alice"), sessions.ssh(host, "carol")  # noqa: F811
    sleep = carol.spawn("sleep 4242", "sleep")

    left, ended = tsdiscon(host, rdp.id, user="bob"), tskill(host, str(sleep.pid), user="bob")

    for result in (left, ended):
        assert result.status == UNREACHABLE and "denied" not in result.err, result.text
    assert rdp.connected() and host.alive(sleep)


def test_without_polkit(without_polkit):
    """Nobody has the right then but root, and it is said why."""
    alice = sessions.ssh(without_polkit, "alice")
    sleep = alice.spawn("sleep 4242", "sleep")

    result = tskill(without_polkit, str(sleep.pid), user="bob")

    assert result.status == DENIED and "PolicyKit1" in result.err, result.text
    assert without_polkit.alive(sleep)
    assert tskill(without_polkit, str(sleep.pid)).status == OK


def test_without_the_service(host, help_desk, without_service):  # noqa: F811
    rdp, carol = sessions.RdpSession(host, "alice"), sessions.ssh(host, "carol")  # noqa: F811
    sleep = carol.spawn("sleep 4242", "sleep")

    left, ended = tsdiscon(host, rdp.id, user="bob"), tskill(host, str(sleep.pid), user="bob")

    for result in (left, ended):
        assert result.status == DENIED and "logoff-messenger" in result.err, result.text
    assert rdp.connected() and host.alive(sleep)


# -- for another machine ------------------------------------------------------------------------

def test_for_an_actor(desk, since):  # noqa: F811
    """As the service for Windows' commands does it: the records have the actor, beside the user that the bus knows."""
    rdp, carol = sessions.RdpSession(desk, "alice"), sessions.ssh(desk, "carol")  # noqa: F811
    sleep, kept = carol.spawn("sleep 4242", "sleep"), carol.spawn("sleep 4242", "sleep")
    before = rdp.processes()
    peer = Served(desk, token(desk, "bob"))
    meant = {line["process"]["pid"]: line["started"] for line in peer.order("processes") if "process" in line}

    assert peer.results("disconnect", sessions=[peer.identity(rdp)], actor=ACTOR) == (["disconnected"], 0)
    assert peer.results("end-processes", processes=[{"pid": sleep.pid, "started": meant[sleep.pid]}], grace=0, actor=ACTOR) == (["ended"], 0)

    assert_goes_on(rdp, before)
    assert not desk.alive(sleep) and desk.alive(kept)
    found = wait_until(lambda: len(all := records(desk, since)) >= 2 and all, 3, "records")
    assert [(one["LOGOFF_ACTION"], one["LOGOFF_USER"], one["LOGOFF_RESULT"]) for one in found] == [
        ("disconnect", "alice", "disconnected"), ("end-process", "carol", "ended")]
    for one in found:
        assert {name: one.get(name) for name in FOR} == FOR and (one["LOGOFF_ACTOR"], one["_UID"]) == ("bob", "0"), one
    peer.end()


def test_for_an_actor_without_the_right(desk):  # noqa: F811
    alice, carol = sessions.RdpSession(desk, "alice"), sessions.ssh(desk, "carol")
    sleep = alice.processes()[0]
    peer = Served(desk, token(desk, "carol"))
    meant = {line["process"]["pid"]: line["started"] for line in peer.order("processes") if "process" in line}

    assert peer.results("disconnect", sessions=[peer.identity(alice)], actor=ACTOR) == (["denied"], 3)
    assert peer.results("end-processes", processes=[{"pid": sleep.pid, "started": meant[sleep.pid]}], actor=ACTOR) == (["denied"], 3)

    (logind,) = desk.named("systemd-logind")
    lines = peer.order("end-processes", processes=[{"pid": one.pid, "started": meant[one.pid]} for one in (sleep, logind)], actor=ACTOR)
    results = [(line["result"]["result"], line["result"]["cause"] is not None) for line in lines if "result" in line]
    assert results == [("denied", True), ("protected", False)], "the cause of one is not told of another"
    assert alice.connected() and desk.alive(sleep) and carol.sh("echo fine")
    peer.end()


def test_what_has_left_its_control_group(host, help_desk):  # noqa: F811
    """logind ends the session for the help desk, but not what is outside of its scope: that is refused, and not late."""
    alice = sessions.ssh(host, "alice")
    left = alice.spawn("stubborn -d keeper", "keeper")
    host.check(f"mkdir -p /sys/fs/cgroup/jobs; echo {left.pid} >/sys/fs/cgroup/jobs/cgroup.procs")
    result = host.run(["logoff", alice.id, "/grace:1", "/wait:6"], user="bob")
    assert result.status == DENIED and str(left.pid) in result.text, result.text
    assert "only the user and root" in result.text and not alice.exists() and host.alive(left), result.text
    host.check(f"kill -KILL {left.pid}")
