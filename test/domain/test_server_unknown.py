# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server does not say, or says of somebody else, or says at a wrong time: nothing unknown counts as absent, nobody
is ended who was not meant, and the server's times are measured by the server's clock.
"""

import json

import pytest

from conftest import finish
from host import wait_until
from server import ago, fault, following, session
from statuses import NO_SESSION, NOT_ENDED, OK
from truth import check

PENDING, BUSY, WRONG_STATE = 0x80071b5f, 0x80071b70, 0x8007139f
STUBBORN = {"logoff": "ignored", "reset": "ignored"}


def four(**keys):
    """Session 2 as KEYS say, and three that end when they are asked."""
    return [session(2, name="RDP-Tcp#2", user="alice", **keys),
            *(session(i, name=f"RDP-Tcp#{i}", user=f"u{i}") for i in (3, 4, 5))]


# -- what a list leaves out ----------------------------------------------------------------------

def test_a_list_leaves_one_out(bare, run):
    """With so many sessions one list is asked for instead of many questions; but a list is not the whole proof."""
    bare.describe(*four(**STUBBORN), fault("GetAllSessionsEx", hide=2))
    result = run(bare, "logoff", "2", "3", "4", "5", "/grace:1", "/wait:3", "--json")
    told = {one["id"]: (one["result"], one["session_exists"]) for one in json.loads(result.out)}
    assert result.status == NOT_ENDED and bare.ids() == [2], result
    assert told == {"2": ("not-ended", True), "3": ("ended", False), "4": ("ended", False), "5": ("ended", False)}


def test_only_the_legacy_pipe_and_a_list_leaves_one_out(bare, run):
    bare.describe(*four(**STUBBORN), fault("WinStationEnumerate", hide=2))
    bare.only_pipes("Ctx_WinStation_API_service")
    result = run(bare, "logoff", "2", "3", "4", "5", "/grace:1", "/wait:3")
    assert result.status == NOT_ENDED and bare.ids() == [2], result


def test_a_list_leaves_out_who_may_not_be_asked_about(bare, run):
    bare.describe(*four(**STUBBORN), fault("GetAllSessionsEx", hide=2), fault("GetSessionInformationEx", session=2, skip=1, result=0x80070005))
    result = run(bare, "logoff", "2", "3", "4", "5", "/grace:1", "/wait:3")
    assert result.status == NOT_ENDED and bare.ids() == [2], result


def test_a_session_of_an_old_list_that_nobody_knows_by_its_id(bare, run):
    """Servers whose lists have no users are asked about each session. What they then deny is still in the list."""
    bare.describe(*four(), *(fault(call, rpc=0x1c010002) for call in ("GetAllSessionsEx", "GetAllSessions")),
                  fault("GetSessionInformationEx", session=2, result=0x80070002))
    assert [one["id"] for one in run.json(bare, "query session")] == ["0", "2", "3", "4", "5"]


# -- what is under way already -------------------------------------------------------------------

@pytest.mark.parametrize("call", ["Logoff", "OpenSession"])
@pytest.mark.parametrize("words", [["2"], ["2", "3"]], ids=["one", "two"])
def test_it_is_being_ended_already(bare, run, call, words):
    """By its user, or by another administrator: asked is asked."""
    bare.describe(*four(logoff_after=1000), fault(call, session=2, skip=0, result=PENDING))
    process = run.start(bare, "logoff", *words, "/v")
    if call == "OpenSession":
        wait_until(lambda: bare.answers("OpenSession"), 30, "it was asked")
        bare.end(2)
    result = finish(process)
    assert result.status == OK and 2 not in bare.ids() and not bare.done("reset"), result


def test_it_is_being_ended_already_and_does_not_end(bare, run):
    """The grace counts from when it was asked; then it is reset."""
    bare.describe(*four(logoff="ignored"), fault("Logoff", result=PENDING))
    result = run(bare, "logoff", "2", "/grace:1")
    assert result.status == OK and bare.done("reset") == [2], result


def test_it_is_being_ended_already_and_cannot_be_reset(bare, run):
    bare.describe(*four(**STUBBORN), fault("Logoff", result=PENDING), fault("WinStationReset", result=0xc00a0006))
    result = run(bare, "logoff", "2", "/grace:1", "/wait:3", "--json")
    one = check(bare, result)
    assert result.status == NOT_ENDED and one["session_exists"], result


def test_only_the_legacy_pipe_and_it_is_being_ended_already(bare, run):
    bare.describe(*four(reset="ignored"), fault("WinStationReset", result=0xc00a0006))
    bare.only_pipes("Ctx_WinStation_API_service")
    process = run.start(bare, "logoff", "2")
    wait_until(lambda: bare.answers("WinStationReset"), 30, "it was asked")
    bare.end(2)
    assert finish(process).status == OK and bare.ids() == [3, 4, 5]


def test_questions_while_it_ends(bare, run):
    """They fail with the same words, which do not mean that it is gone."""
    bare.describe(*four(**STUBBORN), fault("GetSessionInformationEx", session=2, skip=1, result=PENDING),
                  fault("GetAllSessionsEx", hide=2))
    result = run(bare, "logoff", "2", "/grace:1", "/wait:3", "--json")
    one = check(bare, result)
    assert result.status == NOT_ENDED and one["session_exists"], result


@pytest.mark.parametrize("answer", [BUSY, WRONG_STATE, 0x800706bb], ids=["busy", "state", "server-busy"])
def test_busy_for_a_moment(bare, run, answer):
    """It is asked again, and only what is still the same session."""
    bare.describe(*four(), fault("Logoff", times=3, result=answer, undone=True))
    result = run(bare, "logoff", "2")
    assert result.status == OK and bare.ids() == [3, 4, 5] and not bare.done("reset"), result
    assert len(bare.calls("Logoff")) == 4


def test_busy_for_ever(bare, run):
    bare.describe(*four(**STUBBORN), fault("Logoff", result=BUSY, undone=True))
    result = run(bare, "logoff", "2", "/wait:2", "--json")
    one = check(bare, result)
    assert result.status == NOT_ENDED and one["session_exists"], result


# -- an id that belongs to somebody else ---------------------------------------------------------

def and_then_bob():
    """When session 2 ends its id is given away at once."""
    return following(2, name="RDP-Tcp#2", user="bob", logon=ago(0))


def test_busy_and_then_somebody_else(bare, run):
    bare.describe(*four(), and_then_bob(), fault("Logoff", times=1, result=BUSY, undone=True, late=300))
    process = run.start(bare, "logoff", "2")
    wait_until(lambda: bare.calls("Logoff"), 30, "it was asked")
    bare.end(2)
    result = finish(process)
    assert result.status == OK and bare.ids() == [2, 3, 4, 5], result
    assert len(bare.calls("Logoff")) == 1 and not bare.done("reset")


@pytest.mark.parametrize("untold", [False, True], ids=["told", "not-told"])
def test_somebody_else_before_the_reset(bare, run, untold):
    """Between the look that found the session and the reset there is a question, which is answered late: the id is another's
    by then. Where nobody tells since when it is there, whose it is tells it too."""
    bare.describe(*four(logoff="ignored"), and_then_bob(), fault("WinStationOpenServer", late=1500))
    process = run.start(bare, "logoff", "2", "/grace:1", "/wait:6")
    wait_until(lambda: bare.calls("WinStationOpenServer"), 30, "the reset begins")
    bare.add(fault("GetSessionInformationEx", result=0x80070005)) if untold else None
    bare.end(2)
    result = finish(process)
    assert bare.ids() == [2, 3, 4, 5] and not bare.done("reset"), result
    assert result.status == (NOT_ENDED if untold else OK), result


def test_nobody_tells_who_it_is_before_the_reset(bare, run):
    """The same user, perhaps the same logon, perhaps one that has just begun: nobody is reset for that."""
    bare.describe(*four(logoff="ignored"))
    process = run.start(bare, "logoff", "2", "/grace:2", "/wait:5")
    wait_until(lambda: bare.done(), 30, "it was asked")
    bare.add(fault("GetSessionInformationEx", result=0x80070005))
    result = finish(process)
    assert result.status == NOT_ENDED and not bare.done("reset") and bare.ids() == [2, 3, 4, 5], result


def test_it_hangs_while_it_ends(bare, run):
    """Nobody tells anything then but that it is being ended, and it is reset."""
    bare.describe(*four(logoff="ignored"))
    process = run.start(bare, "logoff", "2", "/grace:2")
    wait_until(lambda: bare.done(), 30, "it was asked")
    bare.add(fault("GetSessionInformationEx", session=2, times=8, result=PENDING))
    result = finish(process)
    assert result.status == OK and bare.done("reset") == [2] and bare.ids() == [3, 4, 5], result


# -- whose clock ---------------------------------------------------------------------------------

HOUR = 3600


def people(ahead):
    """Alice types, bob does not since 50 minutes, by the clock of the server."""
    now = ago(-ahead)
    return [session(2, name="RDP-Tcp#2", user="alice", logon=now - HOUR, input=ago(5)),
            session(3, name="RDP-Tcp#3", user="bob", logon=now - 4 * HOUR, input=ago(3000))]


@pytest.mark.parametrize("ahead", [-86400, -HOUR, HOUR])
def test_a_clock_that_is_wrong(bare, run, ahead):
    bare.own_worker(ahead)
    bare.describe(*people(ahead))
    found = {one["user"]: one for one in run.json(bare, "query user")}
    assert abs(found["alice"]["idle_seconds"] - 5) < 60 and abs(found["bob"]["idle_seconds"] - 3000) < 60, found
    assert run(bare, "logoff", "/idle:55m", "/y").status == NO_SESSION
    assert run(bare, "logoff", "/older:5h", "/y").status == NO_SESSION
    assert run(bare, "logoff", "/idle:30m", "/y").status == OK
    assert bare.done() == [3]


@pytest.mark.parametrize("ahead", [-HOUR, HOUR])
def test_a_clock_that_is_wrong_and_only_the_legacy_pipe(bare, run, ahead):
    bare.own_worker(ahead, pipes=["Ctx_WinStation_API_service"])
    bare.describe(*people(ahead))
    assert run(bare, "logoff", "/idle:30m", "/y").status == OK
    assert bare.ids() == [2]


@pytest.mark.parametrize("wrong", [{"result": 0xc0000022}, {"cut": 20}, {"rpc": 5}], ids=lambda wrong: next(iter(wrong)))
def test_a_clock_that_nobody_tells(bare, run, wrong):
    """Then nobody knows how long anybody has been idle: no condition is fulfilled."""
    bare.describe(*people(0), fault("WinStationQueryInformation", **wrong))
    assert all(one["idle_seconds"] is None and one["logon_time"] for one in run.json(bare, "query user"))
    assert run(bare, "logoff", "/idle:30m", "/y").status == NO_SESSION
    assert run(bare, "logoff", "/older:1h", "/y").status == NO_SESSION
    assert bare.deeds() == []


def test_the_clock_is_not_asked_for_a_name(server, run):
    """Nobody pays for a time that nobody wants."""
    assert run(server, "logoff", "2").status == OK
    assert not server.calls("WinStationQueryInformation") and not server.calls("WinStationOpenServer")


def test_idle_for_longer_than_logged_on(bare, run):
    """Input of another day, a server says of a session that is a minute old."""
    bare.describe(session(2, name="RDP-Tcp#2", user="alice", logon=ago(60), input=ago(9 * HOUR)))
    one, = run.json(bare, "query user")
    assert one["idle_seconds"] < 120
    assert run(bare, "logoff", "/idle:1h", "/y").status == NO_SESSION
