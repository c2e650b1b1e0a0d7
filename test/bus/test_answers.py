# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are errors, or not what the interface promises. No real logind gives them: see login1.py."""

import os
import re
import subprocess
import threading

import jeepney
import pytest

from conftest import FILES_ISOLATED, HARMFUL, TREE, WAIT
from login1 import (DBUS_ERROR, ID, LOGIN1, LOGIN1_PATH, OTHER_ID, UID, USER_PATH, after, fails, honest, properties, says,
                    session_path)

SOURCE = "".join((TREE / "src/backend" / name).read_text() for name in ("logind.c", "logind-bus.c", "logind-read.c"))
ERRORS = [(name.replace('LOGIN1 "', LOGIN1).replace('"', ""), meaning) for name, meaning in re.findall(
    r'^\t\{ ((?:LOGIN1 )?"[\w.]+"), -(E[A-Z]+) \}', SOURCE, re.M)] + [("org.example.Unheard.Of", "EPROTO")]
PROPERTIES = re.findall(r'^\t\{ "(\w+)", "([^"]+)", offsetof', SOURCE, re.M)

NO_SESSION = [LOGIN1 + ".NoSuchSession", LOGIN1 + ".NoSessionForPID"]

LOOKED_UP = f"{ID}: cannot be looked up "
NO_FORM = r"\(.*: not of the promised form\)"
NONE_SUCH = f"{ID}: no such session"
THERE = r"; the session is still active, with 0 processes"
IN_FLIGHT = r" \(the host has not answered\)"      # it was asked once more just before the time was over
UNKNOWN = r"; whether the session is still there is unknown, 0 processes? (is|are) left"


def test_the_tables_were_found():
    """The cases below follow logind.c's own tables."""
    assert len(ERRORS) >= 18 and len(PROPERTIES) >= 13


# ---- errors ----

AT_ONCE = 5


def side_by_side(worlds, prepare):
    """One run for each kind of error, some at once: each may last until its deadline. All at once are late with sanitizers."""
    done = []
    for first in range(0, len(ERRORS), AT_ONCE):
        running = []
        for name, meaning in ERRORS[first:first + AT_ONCE]:
            world = worlds()
            prepare(world, name)
            world.start(ID, "/grace:0", f"/wait:{WAIT}", "--no-ask-password")
            running.append((name, meaning, world))
        done += [(name, meaning, world.finish()) for name, meaning, world in running]
    return done


@pytest.mark.parametrize("name,meaning", ERRORS)
def test_getsession_fails(world, name, meaning):
    """Looking a session up: only "no such session" is one; nothing is ended."""
    world.fake.rules["GetSession"] = fails(name)
    if name in NO_SESSION:
        world.run().check(2, NONE_SUCH, within=1)
    else:
        world.run().check(3 if meaning == "EACCES" else 6, LOOKED_UP + rf"\({re.escape(name)}: because\)", within=1)
    assert world.fake.acts() == []


def test_terminatesession_fails(worlds):
    """Asking a session that goes on living to end."""
    def prepare(world, name):
        world.fake.rules["TerminateSession"] = fails(name)
        world.fake.stubborn.add(ID)
    for name, meaning, done in side_by_side(worlds, prepare):
        terminatesession_fails(name, meaning, done)


def terminatesession_fails(name, meaning, done):
    cause = rf" \({re.escape(name)}: because\)"
    if meaning == "EACCES":
        done.check(3, rf"session {ID} \(pts/7001\): access denied, Full Control is needed{cause}", within=1)
    elif meaning in ("ENXIO", "EAGAIN"):
        done.check(5, rf"session {ID} \(pts/7001\): not ended in time({cause}|{IN_FLIGHT})?{THERE}", within=1)
    else:
        done.check(6, rf"session {ID} \(pts/7001\): the host failed{cause}{THERE}", within=1)


@pytest.mark.parametrize("name,meaning", ERRORS)
def test_terminatesession_fails_though_it_ends(world, name, meaning):
    """Whatever the answer was: a session that is gone, as asking shows, was logged off. But not after a refusal."""
    world.fake.rules["TerminateSession"] = after(lambda fake: fake.sessions.clear(), fails(name))
    done = world.run(ID, "/grace:0", f"/wait:{WAIT}", "--no-ask-password")
    if meaning == "EACCES":
        done.check(3, rf"session {ID} \(pts/7001\): access denied, Full Control is needed .*; the session is gone, "
                      "0 processes are left", within=1)
    else:
        done.check(0, within=1)


def test_verification_fails(worlds):
    """The session is asked to end, but whether it has cannot be found out: never called ended."""
    def prepare(world, name):
        world.fake.rules["GetSession"] = [honest, fails(name)]
        world.fake.stubborn.add(ID)
    for name, meaning, done in side_by_side(worlds, prepare):
        if name in NO_SESSION:
            done.check(0, within=1)
        elif meaning in ("EACCES", "EHOSTUNREACH"):     # it cannot even be asked what is to be killed
            done.check(3 if meaning == "EACCES" else 6, rf"session {ID} \(pts/7001\): .*{UNKNOWN}", within=1)
        else:
            done.check(5, rf"session {ID} \(pts/7001\): not ended in time( \(.*\))?{UNKNOWN}", within=1)


def test_kill_fails(worlds):
    """Killing a session that does not end."""
    def prepare(world, name):
        world.fake.stubborn.add(ID)
        world.fake.rules["KillSession"] = fails(name)
    for _, meaning, done in side_by_side(worlds, prepare):
        if meaning == "EACCES":
            done.check(3, rf"session {ID} \(pts/7001\): access denied, .*because\)", within=1)
        elif meaning == "EHOSTUNREACH":
            done.check(6, rf"session {ID} \(pts/7001\): the host failed \(.*because\){THERE}", within=1)
        else:
            done.check(5, rf"session {ID} \(pts/7001\): not ended in time( \(.*\))?{THERE}", within=1)


def test_hostile_error(world):
    """The text of an error is the peer's: shortened, and harmless on a terminal."""
    world.fake.rules["GetSession"] = fails("org.example.A" + "a" * 200, "\x1b[31m\r\n\u202e" * 100_000)
    world.run().check(6, LOOKED_UP + r"\(org.example.Aa+: (\\x[0-9a-f]{2}|\[31m)+(\.\.\.)?\)", within=1)


def test_denied_interactively(world):
    """With --no-ask-password nobody is asked for one."""
    world.fake.rules["TerminateSession"] = fails(DBUS_ERROR + "InteractiveAuthorizationRequired")
    world.run(ID, "--no-ask-password").check(3, f"session {ID} .*: access denied, .*", within=1)
    assert world.fake.count("TerminateSession") == 1


# ---- wrong types ----


@pytest.mark.parametrize("signature,body", [
    ("s", (session_path(ID),)), ("", ()), ("u", (7,)), ("as", ([session_path(ID)],)), ("v", (("o", session_path(ID)),)),
])
def test_getsession_of_another_type(world, signature, body):
    world.fake.rules["GetSession"] = says(signature, *body)
    world.run().check(6, LOOKED_UP + NO_FORM, within=1)
    assert world.fake.acts() == []


def test_getsession_with_more(world):
    """What comes behind what is promised does no harm."""
    world.fake.rules["GetSession"] = [says("os", session_path(ID), "more"), honest]
    world.run().check(0, within=1)


@pytest.mark.parametrize("signature,body", [
    ("s", ("x",)), ("", ()), ("as", (["Id"],)), ("a{ss}", ({"Id": ID},)), ("a{us}", ({1: ID},)),
    ("a{sv}", ({},)), ("v", (("a{sv}", properties()),)),
])
def test_getall_of_another_type(world, signature, body):
    world.fake.rules["GetAll"] = says(signature, *body)
    world.run().check(6, LOOKED_UP + NO_FORM, within=1)
    assert world.fake.acts() == []


WRONG = [("s", "text"), ("u", 7), ("t", 7), ("b", True), ("as", ["x"]), ("(uo)", (7, "/")), ("(so)", ("", "/")),
         ("v", ("s", "x")), ("(ou)", ("/", 7)), ("o", "/"), ("ay", b"c7")]


@pytest.mark.parametrize("name,right", PROPERTIES, ids=[name for name, _ in PROPERTIES])
def test_property_of_another_type(world, name, right):
    """Each property in each type that it must not have."""
    for signature, value in WRONG:
        if signature == right:
            continue
        world.fake.rules["GetAll"] = says("a{sv}", properties(**{name: (signature, value)}))
        world.run().check(6, LOOKED_UP + NO_FORM, within=1)
    assert world.fake.acts() == []


# Without these it cannot be known what session it is, and whether it is protected.
NEEDED = {"Id", "Name", "State", "User", "Class", "Seat", "Timestamp"}


@pytest.mark.parametrize("name", [name for name, _ in PROPERTIES])
def test_property_missing(world, name):
    world.fake.sessions[ID] = properties(**{name: None})
    done = world.run()
    if name in NEEDED:
        done.check(6, LOOKED_UP + NO_FORM, within=1)
        assert world.fake.acts() == []
    else:
        done.check(0, within=1)


def test_unknown_properties(world):
    """Those of a later logind."""
    more = {"Later": ("a{sv}", {"x": ("v", ("d", 1.5))}), "Idle": ("b", True), "": ("s", ""), "id": ("u", 7)}
    world.fake.sessions[ID] = properties(**more)
    world.run().check(0, within=1)


def test_many_properties(world):
    """100,000 of them."""
    world.fake.sessions[ID] = properties(**{f"More{i}": ("u", i) for i in range(100_000)})
    world.run(ID).check(0, within=10)


def test_property_twice(world):
    """The last one counts, or it is refused: in any case one session is meant, not two."""
    twice = list(properties().items()) + [("Id", ("s", OTHER_ID))]
    world.fake.rules["GetAll"] = says("a{sv}", twice)
    world.run().check(6, LOOKED_UP + r"\(.*\)", within=1)
    assert world.fake.acts() == []


HOSTILE = ["\x1b[31mred\x1b[0m", "two\r\nlines", "\x07\x08\x7f\x9b", "%s%n%d", "\u202eleft", "", "../../etc", "x" * 1_000_000,
           "\U0001f600\ufeff"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:10]))
@pytest.mark.parametrize("name", ["Name", "TTY", "Display", "Service", "Scope", "Type", "Class", "State"])
def test_hostile_text(world, name, text):
    """Printed harmlessly, whether the session ends or not."""
    world.fake.sessions[ID] = properties(**{name: ("s", text)})
    world.fake.stubborn.add(ID)
    done = world.run(ID, "/v", "/grace:0", "/wait:0")
    done.check(5, rf"session {ID}.*: not ended in time \(the host has not answered\){THERE}", within=1)
    assert len(done.out) < 5000


@pytest.mark.parametrize("text", HOSTILE + ["c7001 ", "C7001", "self"], ids=lambda text: ascii(text[:10]))
def test_hostile_id(world, text):
    """Asked for one id, another is answered: not the session that is meant."""
    world.fake.sessions[ID] = properties(Id=("s", text))
    world.run().check(6, LOOKED_UP + r"\(.*\)", within=1)
    assert world.fake.acts() == []


def test_hostile_completion(world):
    """Shells read this: one line per session, three columns."""
    world.fake.sessions = {f"c{i}": properties(f"c{i}", Name=("s", text), TTY=("s", text)) for i, text in enumerate(HOSTILE)}
    done = world.run("--complete-sessions")
    assert done.status == 0 and done.err == ""
    lines = done.out.split("\n")[:-1]
    assert len(lines) == len(HOSTILE)
    for line in lines:
        assert line.count("\t") == 2 and not HARMFUL.search(line.replace("\t", " "))


# ---- the wrong session ----


def test_path_of_another_session(world):
    """GetSession's path leads to another session: that one is not ended."""
    world.fake.sessions[OTHER_ID] = properties(OTHER_ID)
    world.fake.rules["GetSession"] = says("o", session_path(OTHER_ID))
    world.run().check(6, LOOKED_UP + r"\(.*\)", within=1)
    assert world.fake.acts() == []


@pytest.mark.parametrize("path", ["/", LOGIN1_PATH, USER_PATH, session_path("nobody")])
def test_path_of_nothing(world, path):
    """As if it had ended between the two questions."""
    world.fake.rules["GetSession"] = says("o", path)
    world.run().check(2, NONE_SUCH, within=1)
    assert world.fake.acts() == []


def test_id_reused_while_waiting(world):
    """The session has ended and its id was given to another logon: done, and the other one is left alone."""
    def reuse(fake):
        fake.sessions[ID] = properties(Timestamp=("t", 2000))
        fake.stubborn.add(ID)
    world.fake.rules["TerminateSession"] = after(reuse, says(""))
    world.run().check(0, within=1)
    assert world.fake.acts() == [("TerminateSession", (ID,))]


def test_id_reused_while_restarting(world):
    """
    A logind that restarts forgets how far it had counted its "c" ids. The second asking would reach another session.
    """
    def reuse(fake):
        fake.sessions[ID] = properties(Timestamp=("t", 2000))
    world.fake.rules["TerminateSession"] = [after(reuse, fails(DBUS_ERROR + "NoReply")), honest]
    world.run().check(0, within=1)
    assert world.fake.acts() == [("TerminateSession", (ID,))]


def test_id_and_scope_reused(world):
    """The other logon has the same scope too: its processes are there to be seen, and to be left alone."""
    world.become("systemd")
    world.hold(f"session-{ID}.scope", process=True)
    def reuse(fake):
        fake.sessions[ID] = properties(Timestamp=("t", 2000))
    world.fake.rules["TerminateSession"] = after(reuse, says(""))
    done = world.run()
    assert world.fake.acts() == [("TerminateSession", (ID,))]
    done.check(0, rf"session {ID} .*: the host has deleted it; its processes could not be seen", within=1)


def test_id_reused_while_a_held_process_lives(world):
    """The leader is not in the scope and cannot be killed: it is of the old logon, which therefore has not ended."""
    if os.geteuid() != 0:
        pytest.skip("not root: no process can be another user's")
    world.become("systemd")
    world.namespaces = FILES_ISOLATED
    world.hold(f"session-{ID}.scope")
    leader = subprocess.Popen(["sleep", "60"], user=65534)
    world.fake.sessions[ID] = properties(Leader=("u", leader.pid), TimestampMonotonic=("t", 2 ** 60))
    def reuse(fake):
        fake.sessions[ID] = properties(Timestamp=("t", 2000))
    world.fake.rules["TerminateSession"] = after(reuse, says(""))
    world.fake.rules["KillSession"] = says("")
    done = world.run()
    leader.kill()
    leader.wait()
    assert ("KillSession", (ID, "all", 9)) not in world.fake.acts()
    done.check(3, rf"session {ID} .*access denied.*only the user and root may end what has left its control group.*", within=1)


# ---- the service manager ----

MANAGER = f"user@{UID}.service"
GONE = r"; the session is gone, 0 processes are left"


@pytest.fixture
def managed(world):
    """The user's service manager is there, with a process in it."""
    world.become("systemd")
    world.hold(MANAGER, process=True)
    return world


@pytest.mark.parametrize("method,signature,body", [
    (method, signature, body) for method in ("Get:Linger", "Get:Sessions") for signature, body in [
        ("v", (("s", "no"),)), ("v", (("u", 0),)), ("v", (("a(os)", []),)), ("b", (False,)), ("", ()), ("as", ([],))]])
def test_manager_of_another_type(managed, method, signature, body):
    """Lingering and other sessions protect the manager: without a clear answer it is left alone."""
    managed.fake.rules[method] = says(signature, *body)
    managed.run().check(6, rf"session {ID} \(pts/7001\): the host failed \(.*\){GONE}", within=1)
    assert managed.fake.count("TerminateUser") == 0


@pytest.mark.parametrize("method", ["Get:Linger", "Get:Sessions"])
@pytest.mark.parametrize("name,meaning", [pair for pair in ERRORS if pair[1] not in ("ENXIO", "EAGAIN")])
def test_manager_fails(managed, method, name, meaning):
    managed.fake.rules[method] = fails(name)
    done = managed.run()
    done.check(3 if meaning == "EACCES" else 6, rf"session {ID} \(pts/7001\): .*{re.escape(name)}: because\){GONE}", within=1)
    assert managed.fake.count("TerminateUser") == 0


@pytest.mark.parametrize("class_of_other,ended", [("user", False), ("manager", True), (None, False), (7, False)])
def test_manager_of_others(managed, class_of_other, ended):
    """Only the session of a manager itself is no other session; what is unclear ends nothing, and is said."""
    managed.fake.others = [OTHER_ID]
    managed.fake.rules["Get:Class"] = {
        None: fails("org.example.No"), 7: says("v", ("u", 7))}.get(class_of_other, says("v", ("s", class_of_other)))
    done = managed.run()
    assert managed.fake.count("TerminateUser") == ended
    if class_of_other in ("user", "manager"):
        done.check(0, within=1)
    else:
        done.check(6, rf"session {ID} \(pts/7001\): .*{GONE}", within=1)


def test_manager_denied(managed):
    managed.fake.rules["TerminateUser"] = fails(DBUS_ERROR + "AccessDenied")
    managed.run().check(3, rf"session {ID} \(pts/7001\): access denied, .*; the session is gone, but not the user's service "
                        r"manager, with 1 process: \d+ sleep", within=1)


# ---- lists ----

NOT_LISTED = r"pts/9: cannot be looked up \(.*\)"


@pytest.mark.parametrize("signature,body", [
    ("s", ("x",)), ("", ()), ("as", (["c1"],)), ("a(so)", ([(ID, session_path(ID))],)), ("a{sv}", ({},)),
    ("(susso)", ((ID, 7, "x", "", session_path(ID)),)), ("a(sussos)", ([(ID, 7, "x", "", session_path(ID), "more")],)),
])
def test_list_of_another_type(world, signature, body):
    world.fake.rules["ListSessions"] = says(signature, *body)
    world.run("pts/9").check(6, NOT_LISTED, within=1)
    world.run("--complete-sessions").check(6, within=1)


@pytest.mark.parametrize("name,meaning", ERRORS)
def test_list_fails(world, name, meaning):
    """No kind of error is an empty list."""
    world.fake.rules["ListSessions"] = fails(name)
    world.run("pts/9").check(3 if meaning == "EACCES" else 6, rf"pts/9: cannot be looked up \({re.escape(name)}: because\)", within=1)


@pytest.mark.parametrize("name,meaning", ERRORS)
def test_row_fails(world, name, meaning):
    """
    One row's properties cannot be had. If it ended meanwhile all is well; else it might be the one that is meant, or
    another of its name.
    """
    world.fake.sessions[OTHER_ID] = properties(OTHER_ID)
    world.fake.rules["GetAll"] = [fails(name), honest]
    done = world.run("pts/7002", "/grace:0", f"/wait:{WAIT}")
    if meaning == "ENXIO":
        done.check(0, within=1)
    else:
        done.check(3 if meaning == "EACCES" else 6, rf"pts/7002: cannot be looked up \({re.escape(name)}: because\)", within=1)
        assert world.fake.acts() == []


def test_row_of_another_type(world):
    world.fake.sessions[OTHER_ID] = properties(Seat=("s", "seat0"))
    world.run("pts/7001").check(6, r"pts/7001: cannot be looked up " + NO_FORM, within=1)
    assert world.fake.acts() == []


def test_long_list(world):
    """10,000 rows; the one that is meant is found among them, with no more than 64 questions at a time."""
    held = []
    def hold_first(fake, call):
        """Answers nobody until no more questions come."""
        if fake.first is None:
            return honest(fake, call)
        if not held:
            threading.Timer(0.3, release).start()
        held.append(call)
        return None
    def release():
        world.fake.first, most = None, len(held)
        for call in held:
            world.fake.send(honest(world.fake, call))
        held[:] = [most]
    world.fake.sessions = {f"c{i}": properties(f"c{i}", TTY=("s", f"pts/{i}")) for i in range(10_000)}
    world.fake.rules["GetAll"] = hold_first
    world.fake.first = True
    world.run("pts/nowhere").check(2, "pts/nowhere: no such session", within=20)
    assert world.fake.count("GetAll") == 10_000 and held == [64]


def test_rows_alike(world):
    """The same session 1,000 times: more than one of this name, so none is taken."""
    rows = [(ID, 7, "someone", "", session_path(ID))] * 1000
    world.fake.rules["ListSessions"] = says("a(susso)", rows)
    world.run("pts/7001").check(2, "pts/7001: more than one session has this name; use the id", within=3)
    assert world.fake.acts() == []


@pytest.mark.parametrize("answer", [
    fails("org.freedesktop.DBus.Error.UnknownMethod"), says("s", "nonsense"), says("a(uso)", [])],
    ids=["fails", "is of a wrong type", "is empty"])
def test_listusers(world, answer):
    """Whether a user is called like the session is only asked; what was named is logged off, known or not."""
    world.fake.rules["ListUsers"] = answer
    world.run(ID).check(0, "", within=5)


def test_a_user_called_like_the_session_cannot_be_ruled_out(world):
    """logind knows a user of that name, and their sessions cannot be listed: who is meant is unknown, so nobody is ended."""
    world.fake.sessions = {one: properties(one) for one in (ID, OTHER_ID)}
    world.fake.rules["ListUsers"] = says("a(uso)", [(7, ID, USER_PATH)])
    world.fake.rules["GetAll"] = lambda fake, call: (
        honest if call.header.fields[jeepney.HeaderFields.path] == session_path(ID) else fails(DBUS_ERROR + "NoReply"))(fake, call)
    world.run(ID).check(6, rf"{ID}: cannot be looked up \(.*NoReply.*\)", within=2)
    assert world.fake.acts() == []
