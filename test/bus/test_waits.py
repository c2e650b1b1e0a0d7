# SPDX-License-Identifier: GPL-3.0-or-later
"""The user comes back while logind is waited for: their service manager is theirs again, unless it is ending already. No real
logind can be made to fail at just that moment: see login1.py.
"""

import shutil

import pytest

from login1 import (DBUS_ERROR, ID, LOGIN1, LOGIN1_PATH, OTHER_ID, UID, after, fails, honest, late, properties, says,
                    session_path, silence)

AGAIN = DBUS_ERROR + "NoReply"
NOT_MANAGER = r"the session is gone, but not the user's service manager, with 1 process: \d+ sleep"
OTHER_SESSIONS = "someone has other sessions: the service manager is left alone."


@pytest.fixture
def managed(world):
    """The user's service manager is there, with a process in it that does not end."""
    world.become("systemd")
    world.hold(f"user@{UID}.service", process=True)
    return world


def comes_back(fake):
    fake.others.append(OTHER_ID)


def test_back_before_it_is_asked_again(managed):
    """logind restarts while it is asked; when it can be asked again the user has logged on."""
    managed.fake.rules["TerminateUser"] = [after(comes_back, fails(AGAIN)), honest]
    done = managed.run(ID, "/grace:5", "/wait:8", "/v")
    done.check(0, within=1)
    assert OTHER_SESSIONS in done.out
    assert managed.fake.count("TerminateUser") == 1


def test_back_before_it_is_stopped(managed):
    """systemd has not begun to stop it."""
    managed.fake.rules["TerminateUser"] = after(comes_back, says(""))
    done = managed.run(ID, "/grace:1", "/wait:4", "/v")
    done.check(0, within=2)
    assert OTHER_SESSIONS in done.out and "killing" not in done.out


def test_back_while_it_is_stopped(managed):
    """It ends all the same. A process that its folder names, and that says to be elsewhere, is not killed."""
    managed.fake.rules["TerminateUser"] = after(comes_back, says(""))
    managed.fake.rules["Get:ActiveState"] = says("v", ("s", "deactivating"))
    done = managed.run(ID, "/grace:1", "/wait:2", "/v")
    done.check(5, rf"session {ID} \(pts/7001\): not ended in time; {NOT_MANAGER}", within=3)
    assert OTHER_SESSIONS not in done.out and "killing" in done.out
    assert managed.fake.count("KillUser") == 0


@pytest.mark.parametrize("rule", [silence, says("v", ("u", 7)), fails(DBUS_ERROR + "AccessDenied")])
def test_back_and_systemd_does_not_tell(managed, rule):
    managed.fake.rules["TerminateUser"] = after(comes_back, says(""))
    managed.fake.rules["Get:ActiveState"] = rule
    done = managed.run(ID, "/grace:1", "/wait:2", "/v")
    done.check(5, rf"session {ID} \(pts/7001\): not ended in time \(.*\); {NOT_MANAGER}", within=3)
    assert OTHER_SESSIONS not in done.out and "killing" not in done.out


def test_back_with_another_manager(managed):
    """The old one has ended, and its folder with it: nothing of the new one counts."""
    folder = managed.folder / f"cgroup/user.slice/user-{UID}.slice/user@{UID}.service"

    def begin_another(fake):
        comes_back(fake)
        folder.rename(folder.with_suffix(".old"))
        shutil.copytree(folder.with_suffix(".old"), folder)
    managed.fake.rules["TerminateUser"] = after(begin_another, says(""))
    done = managed.run(ID, "/grace:1", "/wait:4", "/v")
    done.check(0, within=1)
    assert "Service manager of someone: ended" in done.out and OTHER_SESSIONS not in done.out


def test_back_with_another_manager_beside_the_old(managed):
    """A process has outlived even systemd's patience: whose the processes in the folder are nobody can tell."""
    def begin_another(fake):
        comes_back(fake)
        managed.begin_run(f"user@{UID}.service", "b")
    managed.fake.rules["TerminateUser"] = after(begin_another, says(""))
    done = managed.run(ID, "/grace:1", "/wait:2", "/v")
    done.check(5, rf"session {ID} \(pts/7001\): not ended in time \(the user is back, and .*\); .*", within=3)
    assert OTHER_SESSIONS not in done.out and "killing" not in done.out


def test_cannot_be_told_before_it_is_killed(managed):
    """Then it is not killed, and that is no success."""
    managed.fake.rules["TerminateUser"] = after(
        lambda fake: fake.rules.update({"Get:Sessions": fails(AGAIN)}), says(""))
    done = managed.run(ID, "/grace:1", "/wait:2", "/v")
    done.check(5, rf"session {ID} \(pts/7001\): not ended in time \({AGAIN}: because\); the session is gone, but not the "
               r"user's service manager, with 1 process: \d+ sleep", within=2)
    assert "killing" not in done.out


def test_cannot_be_told_for_a_while(managed):
    managed.fake.rules["TerminateUser"] = after(
        lambda fake: fake.rules.update({"Get:Sessions": [fails(AGAIN), fails(AGAIN), honest]}), says(""))
    done = managed.run(ID, "/grace:1", "/wait:8", "/v")
    done.check(0, within=3)
    assert "killing" in done.out


def test_back_before_one_of_many_is_asked(world):
    """logind hangs with as many questions as it gets at once; the users of the others log on before it answers."""
    world.become("systemd")
    world.fake.sessions.clear()
    for number in range(66):
        uid, identity = UID + number, f"c{8001 + number}"
        world.hold(f"user@{uid}.service", process=True, uid=uid)
        world.fake.sessions[identity] = properties(identity, User=("(uo)", (uid, f"{LOGIN1_PATH}/user/_{uid}")))
    ids = [*world.fake.sessions]
    nobody, somebody = ([says("v", ("a(so)", rows))] for rows in ([], [(OTHER_ID, session_path(OTHER_ID))]))
    world.fake.rules["Get:Sessions"] = nobody
    world.fake.stubborn.update(ids)

    def end_all(fake):
        fake.sessions.clear()
        for identity in ids:
            fake.removed(identity)

    def end_together(fake):
        if fake.count("TerminateSession") == len(ids):
            fake.later(0.5, lambda: end_all(fake))
    world.fake.rules["TerminateSession"] = after(end_together, honest)

    def come_back(fake):
        if fake.count("TerminateUser") == 1:
            fake.later(1, lambda: fake.rules.update({"Get:Sessions": somebody}))
    world.fake.rules["TerminateUser"] = after(come_back, late(2, says("")))
    done = world.run(*ids, "/grace:20", "/wait:5", "/v")
    assert world.fake.count("TerminateUser") == 64, done.out + done.err
    assert done.out.count("has other sessions: the service manager is left alone.") == 2, done.out


def test_dropped_with_the_session(managed):
    """logind does not know the user any more, and has not ended all that their manager runs."""
    no_user = fails(LOGIN1 + ".NoSuchUser")
    managed.fake.rules.update({"Get:Sessions": no_user, "Get:Linger": no_user, "TerminateUser": no_user})
    done = managed.run(ID, "/grace:1", "/wait:4", "/v")
    done.check(0, within=2)
    assert "killing" in done.out


def test_scope_reused_while_logind_is_away(world):
    """Nobody can tell whose scope of that name it is by now: its processes are not killed."""
    world.become("systemd")
    world.hold(f"session-{ID}.scope", process=True)
    world.fake.stubborn.add(ID)
    scope = world.folder / f"cgroup/user.slice/user-{UID}.slice/session-{ID}.scope"

    def reuse(fake):
        scope.rename(scope.with_suffix(".old"))
        shutil.copytree(scope.with_suffix(".old"), scope)
        fake.rules["GetSession"] = fails(AGAIN)
    world.fake.rules["TerminateSession"] = after(reuse, says(""))
    world.run(ID, "/grace:1", "/wait:3").check(5, r"session .*: not ended in time .*; whether the session is still there is unknown", within=4)
