# SPDX-License-Identifier: GPL-3.0-or-later
"""The bus goes away, or logind does and comes back, at each stage. How a real restart goes is the lab's: see login1.py."""

import pytest

from login1 import DBUS_ERROR, ID, OTHER_ID, UID, after, honest, properties, says, silence

FAILED = rf"session {ID} \(pts/7001\): the host failed"
UNKNOWN = r"; whether the session is still there is unknown, {} left"
NONE, ONE = "0 processes are", r"1 process is"
# Which of them depends on what was seen first: an end of the stream, or an error of the socket.
ANSWER = r" \((the system bus has closed the connection|" + DBUS_ERROR + r"(NoReply|Disconnected): .*|System.Error.E.*: .*)\)"
MANAGER = f"user@{UID}.service"


def killing_the_bus(world):
    """A rule: dbus-daemon dies while it is asked."""
    return after(lambda fake: world.bus.kill(), silence)


# ---- the bus ----


def test_no_bus(world):
    world.address = f"unix:path={world.folder}/nowhere"
    world.run().check(6, r"localhost: cannot be reached \(the system bus: No such file or directory\)", within=1)


def test_bus_dead_before(world):
    """Its socket is there, but nobody listens."""
    world.bus.kill()
    world.run().check(6, r"localhost: cannot be reached \(the system bus: Connection refused\)", within=1)


@pytest.mark.parametrize("method,designator", [
    ("GetSession", ID), ("GetAll", ID), ("ListSessions", "pts/9"), ("GetAll", "pts/9"),
])
def test_bus_dies_at_lookup(world, method, designator):
    world.fake.rules[method] = killing_the_bus(world)
    world.run(designator, "/grace:0", "/wait:20").check(6, f"{designator}: cannot be looked up" + ANSWER, within=1)


def test_bus_dies_at_completion(world):
    world.fake.rules["ListSessions"] = killing_the_bus(world)
    world.run("--complete-sessions").check(6, within=1)


@pytest.mark.parametrize("method,rules", [
    ("TerminateSession", []), ("GetSession", [honest]), ("GetAll", [honest]), ("KillSession", []),
])
def test_bus_dies_in_the_procedure(world, method, rules):
    """While it is asked, verified, killed: whether the session is still there cannot be said."""
    world.fake.stubborn.add(ID)
    world.fake.rules[method] = [*rules, killing_the_bus(world)]
    world.run(ID, "/grace:0", "/wait:20").check(6, FAILED + ANSWER + UNKNOWN.format(NONE), within=1)


def test_bus_dies_while_waiting(world):
    world.fake.stubborn.add(ID)
    world.start(ID, "/grace:15", "/wait:20")
    world.fake.await_call("GetSession", 3)
    world.bus.kill()
    world.finish().check(6, FAILED + ANSWER + UNKNOWN.format(NONE), within=2)


def test_bus_dies_with_processes_left(world):
    """What can be seen without the bus is told."""
    world.become("systemd")
    world.hold(f"session-{ID}.scope", process=True)
    world.fake.stubborn.add(ID)
    world.start(ID, "/grace:15", "/wait:20")
    world.fake.await_call("TerminateSession")
    world.bus.kill()
    world.finish().check(6, FAILED + ANSWER + UNKNOWN.format(ONE) + r": \d+ sleep", within=2)


@pytest.mark.parametrize("method", ["Get:Linger", "Get:Sessions", "TerminateUser"])
def test_bus_dies_at_the_manager(world, method):
    """The session has gone, the service manager has not."""
    world.become("systemd")
    world.hold(MANAGER, process=True)
    world.fake.rules[method] = killing_the_bus(world)
    world.run(ID, "/grace:0", "/wait:20").check(6, FAILED + ANSWER + r"; (the session is gone, .*|whether .*)", within=1)


def test_several_sessions(world):
    """Each gets its own line."""
    world.fake.sessions[OTHER_ID] = properties(OTHER_ID)
    world.fake.rules["TerminateSession"] = killing_the_bus(world)
    done = world.run(ID, OTHER_ID, "/grace:0", "/wait:20")
    assert done.status == 6 and done.seconds < 2 and done.out == ""
    lines = done.err.splitlines()
    assert len(lines) == 2 and ID in lines[0] and OTHER_ID in lines[1]
    assert all("the host failed" in line for line in lines)


# ---- logind ----


def leaving(seconds, gone=True):
    """A rule: logind dies while it is asked and is back after this time; the session has ended meanwhile, or not."""
    def leave(fake):
        if gone:
            fake.sessions.clear()
        fake.restart(seconds)
    return after(leave, silence)


def test_logind_is_not_there(world):
    """Nobody has the name."""
    world.fake.vanish()
    world.fake.restart(60)
    world.run().check(6, rf"{ID}: cannot be looked up \({DBUS_ERROR}(ServiceUnknown|NameHasNoOwner): .*\)", within=1)


@pytest.mark.parametrize("method", ["GetSession", "GetAll"])
def test_logind_leaves_at_lookup(world, method):
    world.fake.rules[method] = [leaving(0.5, False), honest]
    world.run().check(6, rf"{ID}: cannot be looked up \({DBUS_ERROR}NoReply: .*\)", within=1)


@pytest.mark.parametrize("method,rules", [
    ("TerminateSession", []), ("GetSession", [honest]), ("GetAll", [honest]), ("KillSession", []),
])
def test_logind_restarts(world, method, rules):
    """When it is back it knows of no such session: ended."""
    if method != "TerminateSession":
        world.fake.rules["TerminateSession"] = says("")
    world.fake.rules[method] = [*rules, leaving(0.6), honest]
    world.run(ID, "/grace:0", "/wait:10").check(0, within=2)


@pytest.mark.parametrize("method,rules", [("TerminateSession", []), ("GetSession", [honest]), ("KillSession", [])])
def test_logind_restarts_with_the_session(world, method, rules):
    """When it is back the session is still there: asked again, or killed."""
    if method != "TerminateSession":
        world.fake.rules["TerminateSession"] = says("")
    world.fake.rules[method] = [*rules, leaving(0.6, False), honest]
    world.run(ID, "/grace:1", "/wait:10").check(0, within=3)


@pytest.mark.parametrize("method", ["Get:Linger", "Get:Sessions", "TerminateUser"])
def test_logind_restarts_at_the_manager(world, method):
    """The session is gone; what becomes of the service manager is told when logind is back."""
    world.become("systemd")
    world.hold(MANAGER)
    world.fake.rules[method] = [leaving(0.6), honest]
    done = world.run(ID, "/v", "/grace:0", "/wait:10")
    done.check(0, within=2)
    assert world.fake.count("TerminateUser") >= 1
    assert done.out.count("the session is deleted") + done.out.count("the host has deleted it") == 1


def test_logind_restarts_while_waiting(world):
    world.fake.rules["TerminateSession"] = says("")
    world.start(ID, "/grace:15", "/wait:20")
    world.fake.await_call("GetSession", 3)
    world.fake.sessions.clear()
    world.fake.restart(0.6)
    world.finish().check(0, within=3)


@pytest.mark.parametrize("method,rules", [("TerminateSession", []), ("GetSession", [honest]), ("KillSession", [])])
def test_logind_stays_away(world, method, rules):
    world.fake.stubborn.add(ID)
    world.fake.rules[method] = [*rules, after(lambda fake: fake.vanish(), silence)]
    world.run().check(5, rf"session {ID} \(pts/7001\): not ended in time( \({DBUS_ERROR}.*\))?" + UNKNOWN.format(NONE),
                      within=1)


# ---- no other kind of host in its place ----

@pytest.fixture(params=["systemd", "elogind"])
def unforced(world, request):
    """The command finds out what kind of host it is."""
    world.become(request.param)
    world.kind = None
    (world.folder / "run/systemd/seats").mkdir(parents=True)
    return world


@pytest.mark.parametrize("method,words", [
    ("ListSessions", ("--complete-sessions",)), ("GetAll", ("--complete-sessions",)), ("ListSessions", ("/all", "/y", "/wait:1")),
    ("GetAll", ("/all", "/y", "/wait:1")), ("GetSession", (ID, "/wait:1")), ("GetAll", (ID, "/wait:1")),
])
def test_a_logind_that_goes_is_not_replaced(unforced, method, words):
    """It dies while it is asked, in the middle of a list: nothing crashes, and /proc does not stand in for it."""
    unforced.fake.sessions = {f"c{i}": properties(f"c{i}") for i in range(7001, 7101)}
    unforced.fake.rules[method] = [leaving(1, False), silence]	# it dies once, of the many that are asked at a time
    done = unforced.run(*words)
    assert done.status == 6, (done.out, done.err)
    assert unforced.fake.count("TerminateSession") == 0


def test_a_bus_that_is_not_there(unforced, request):
    """Where systemd runs that is no reason to look elsewhere; elsewhere it is."""
    unforced.address = f"unix:path={unforced.folder}/nowhere"
    done = unforced.run("99999")
    assert done.status == (6 if (unforced.folder / "run/systemd/system").exists() else 2), done.err


def test_a_bus_that_has_died(unforced):
    """Its socket is there: it may come back."""
    unforced.bus.kill()
    assert unforced.run("99999").status == 6
