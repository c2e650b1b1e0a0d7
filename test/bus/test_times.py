# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are late or never come, and news that are false. No real logind does so for long: see login1.py.

Looking up a session has times of its own (5 s for each question); from the asking on, /wait counts.
"""

import struct
import threading
import time

import jeepney
import pytest
from jeepney.io.blocking import open_dbus_connection

from conftest import WAIT, World
from login1 import (DBUS_ERROR, ID, LOGIN1, LOGIN1_PATH, OTHER_ID, UID, after, fails, honest, late, properties, says,
                    session_path, silence)

LOOKUP = 5
NOT_ENDED = rf"session {ID} \(pts/7001\): not ended in time"
THERE = r"; the session is still active, with 0 processes"
UNKNOWN = r"; whether the session is still there is unknown, 0 processes are left"
NO_REPLY = r" \(.*(NoReply|Timeout|ETIMEDOUT|Connection timed out).*\)"
MANAGER = f"user@{UID}.service"


def lookup(method, rule=silence, designator=ID):
    """The method is silent from the start."""
    def prepare(world):
        world.fake.rules[method] = rule
        world.start(designator, "/grace:0", f"/wait:{WAIT}")
    return prepare


def procedure(method, rule=silence, stubborn=True):
    """The method is silent from the asking on."""
    def prepare(world):
        world.fake.rules[method] = rule
        if stubborn:
            world.fake.stubborn.add(ID)
        world.start(ID, "/grace:0", f"/wait:{WAIT}")
    return prepare


def manager(method, process=False):
    """The session ends, but what is to become of the service manager is not told."""
    def prepare(world):
        world.become("systemd")
        world.hold(MANAGER, process)
        world.fake.rules[method] = silence
        world.fake.others = [OTHER_ID] if method == "Get:Class" else []
        world.start(ID, "/grace:0", f"/wait:{WAIT}")
    return prepare


def many_rows(world):
    world.fake.sessions = {f"c{i}": properties(f"c{i}") for i in range(1000)}
    lookup("GetAll", designator="pts/9")(world)


def by_login(world):
    """A login record on the terminal leads to GetSessionByPID."""
    world.become("elogind")
    record = struct.pack("<hxxi32s4s32s256shhiii4i20x", 7, 1, b"pts/9", b"9", b"someone", b"", 0, 0, 0, 1, 0, 0, 0, 0, 0)
    (world.folder / "run/utmp").write_bytes(record)
    lookup("GetSessionByPID", designator="pts/9")(world)


def cannot(designator):
    return f"{designator}: cannot be looked up" + NO_REPLY


# Name: how it begins, exit status, the line, the longest time.
SILENT = {
    "GetSession": (lookup("GetSession"), 6, cannot(ID), LOOKUP),
    "GetAll": (lookup("GetAll"), 6, cannot(ID), LOOKUP),
    "ListSessions": (lookup("ListSessions", designator="pts/9"), 6, cannot("pts/9"), LOOKUP),
    "GetAll of a row": (lookup("GetAll", designator="pts/9"), 6, cannot("pts/9"), LOOKUP),
    "GetAll of 1,000 rows": (many_rows, 6, cannot("pts/9"), LOOKUP),
    # Only a hint: the list of all sessions, which is answered, says that there is none of that name.
    "GetSessionByPID": (by_login, 2, "pts/9: no such session", LOOKUP),
    "TerminateSession": (procedure("TerminateSession"), 5, NOT_ENDED + r" \(the host has not answered\)" + THERE, 1),
    "GetSession, verifying": (procedure("GetSession", [honest, silence]), 5, NOT_ENDED + rf"({NO_REPLY})?" + UNKNOWN, 1),
    "GetAll, verifying": (procedure("GetAll", [honest, silence]), 5, NOT_ENDED + rf"({NO_REPLY})?" + UNKNOWN, 1),
    "KillSession": (procedure("KillSession"), 5, NOT_ENDED + rf"({NO_REPLY})?" + THERE, 1),
    "all after TerminateSession": (
        procedure("TerminateSession", after(lambda fake: fake.rules.update(GetSession=silence), says(""))), 5,
        NOT_ENDED + rf"({NO_REPLY})?" + UNKNOWN, 1),
    "Linger": (manager("Get:Linger"), 5, f"session {ID} .*; the session is gone, .*", 1),
    "Sessions": (manager("Get:Sessions"), 5, f"session {ID} .*; the session is gone, .*", 1),
    "Class": (manager("Get:Class"), 5, f"session {ID} .*; the session is gone, .*", 1),
    "TerminateUser": (manager("TerminateUser", True), 5, f"session {ID} .*; the session is gone, but not the user's "
                      "service manager, with 1 process: .* sleep", 1),
}

# Seconds, and what comes of each answer of the procedure being late by that.
LATE = {
    "in time": (0.2, 4, 0, ""),
    "too late": (2, 1, 5, NOT_ENDED + r" \(the host has not answered\)" + UNKNOWN),
}


# All at once are late with sanitizers.
AT_ONCE = 5


@pytest.fixture(scope="module")
def silences(request, tmp_path_factory, binary, isolated):
    """Some of them side by side: what came of each, by name."""
    finished, skipped, names = {}, {}, list(SILENT)
    for first in range(0, len(names), AT_ONCE):
        worlds = {}
        for name in names[first:first + AT_ONCE]:
            world = World(tmp_path_factory.mktemp("silent"), binary, isolated)
            request.addfinalizer(world.close)
            try:
                SILENT[name][0](world)
                worlds[name] = world
            except pytest.skip.Exception as reason:
                skipped[name] = reason
        threads = [threading.Thread(target=lambda name=name, world=world: finished.update({name: world.finish()}))
                   for name, world in worlds.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return finished, skipped


@pytest.mark.parametrize("name", SILENT)
def test_silence(silences, name):
    """One question is never answered: the command ends in time, with a true statement."""
    finished, skipped = silences
    if name in skipped:
        raise skipped[name]
    _, status, sentence, within = SILENT[name]
    finished[name].check(status, sentence, within)


@pytest.mark.parametrize("name", LATE)
def test_late(world, name):
    seconds, wait, status, sentence = LATE[name]
    for method in ("TerminateSession", "KillSession"):
        world.fake.rules[method] = late(seconds, honest)
    for method in ("GetSession", "GetAll"):
        world.fake.rules[method] = [honest, late(seconds, honest)]
    world.run(ID, "/grace:1", f"/wait:{wait}").check(status, sentence, within=wait)


def test_late_refusal(world):
    """A refusal that comes when nobody waits for it any more."""
    world.fake.rules["TerminateSession"] = late(1.2, fails(DBUS_ERROR + "AccessDenied"))
    world.fake.rules["GetSession"] = [honest, late(0.1, honest)]
    world.run().check(5, NOT_ENDED + r" \(the host has not answered\)" + THERE, within=1)


# ---- news ----


def test_removal_of_another(world):
    """Another session ends: no news of this one."""
    world.fake.stubborn.add(ID)
    world.start(ID, "/grace:5", f"/wait:{WAIT}")
    world.fake.await_call("TerminateSession")
    for session_id in (OTHER_ID, "", ID + "0", ID[:-1], "c" * 100_000):
        world.fake.removed(session_id)
    world.finish().check(5, NOT_ENDED + THERE, within=1)


def test_removal_that_is_none(world):
    """SessionRemoved, but asked again the session is there: not believed."""
    world.fake.stubborn.add(ID)
    world.fake.rules["TerminateSession"] = after(lambda fake: fake.removed(ID), says(""))
    world.run(ID, "/grace:5", f"/wait:{WAIT}").check(5, NOT_ENDED + THERE, within=1)


def test_removal_never_told(world):
    """No SessionRemoved: found by asking, long before the end of the grace."""
    world.fake.silent_end = True
    world.run(ID, "/grace:10", "/wait:20").check(0, within=0.5)


@pytest.mark.parametrize("signature,body", [
    ("", ()), ("s", (ID,)), ("u", (7,)), ("as", ([ID],)), ("os", (session_path(ID), ID))])
def test_removal_of_another_type(world, signature, body):
    """Not a signal of logind's: no news, and no harm."""
    emitter = jeepney.DBusAddress(LOGIN1_PATH, interface=LOGIN1 + ".Manager")
    world.fake.rules["TerminateSession"] = after(
        lambda fake: fake.send(jeepney.new_signal(emitter, "SessionRemoved", signature or None, body)), honest)
    world.run().check(0, within=1)


def forge(world, stop=None):
    """Another peer of the bus says SessionRemoved, to all and to the command alone; once, or until STOP."""
    emitter = jeepney.DBusAddress(LOGIN1_PATH, interface=LOGIN1 + ".Manager")
    body = ID, session_path(ID)
    caller = world.fake.caller
    with open_dbus_connection(bus=world.address) as peer:
        alone = jeepney.new_signal(emitter, "SessionRemoved", "so", body)
        alone.header.fields[jeepney.HeaderFields.destination] = caller
        peer.send(jeepney.new_signal(emitter, "SessionRemoved", "so", body))
        peer.send(alone)
        data = b"".join(alone.serialise(serial=serial) for serial in range(10, 1010))
        try:
            while stop and not stop.is_set():
                peer.sock.sendall(data)
        except OSError:
            pass


def test_removal_forged(world):
    """A peer that is not logind says it: not believed."""
    world.fake.stubborn.add(ID)
    world.start(ID, "/grace:5", f"/wait:{WAIT}")
    world.fake.await_call("TerminateSession")
    forge(world)
    world.finish().check(5, NOT_ENDED + THERE, within=1)


def test_removal_forged_endlessly(world):
    """And as fast as it can: the command still ends, and in time."""
    world.fake.stubborn.add(ID)
    stop = threading.Event()
    world.start(ID, "/grace:0", "/wait:2")
    world.fake.await_call("TerminateSession")
    peer = threading.Thread(target=forge, args=(world, stop))
    peer.start()
    done = world.finish()
    stop.set()
    peer.join()
    done.check(5, NOT_ENDED + r"( \(.*\))?(; the session .*|; whether .*)", within=2 + 1)


def test_removal_before_the_answer(world):
    """logind says that it is gone before it answers the asking; and answers it with an error."""
    world.fake.rules["TerminateSession"] = after(
        lambda fake: (fake.sessions.clear(), fake.removed(ID), time.sleep(0.2)), fails(LOGIN1 + ".NoSuchSession"))
    world.run().check(0, within=1)
