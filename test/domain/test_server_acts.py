# SPDX-License-Identifier: GPL-3.0-or-later
"""tsdiscon and tskill at a server: what is asked of it, and that what is said is so."""

import re

import pytest

from server import fault
from statuses import DENIED, NO_SESSION, NOT_ENDED, OK, UNREACHABLE, USAGE


def state(server, identity):
    return next(one["state"] for one in server.truth() if one["id"] == str(identity))


def pids(server):
    return sorted(one["pid"] for one in server.truth("process"))


def terminated(server):
    return [deed["pid"] for deed in server.deeds("terminate")]


@pytest.mark.parametrize("word", ["2", "rdp-tcp#2", "id:2"])
def test_disconnects(server, run, word):
    result = run(server, "tsdiscon", word, "/v")

    assert result.status == OK and "ADLAB\\alice" in result.out, result
    assert server.done("disconnect") == [2] and state(server, 2) == "disconnected"
    assert server.ids() == [0, 1, 2, 3, 4, 5, 6]


def test_has_no_client_already(server, run):
    assert run(server, "tsdiscon", "4").status == OK
    assert server.deeds() == []


def test_disconnects_by_the_old_pipe(server, run):
    server.only_pipes("Ctx_WinStation_API_service")

    assert run(server, "tsdiscon", "2").status == OK
    assert server.done("disconnect") == [2] and state(server, 2) == "disconnected"


def test_a_server_that_says_yes_and_does_nothing(server, run):
    server.add(fault("Disconnect", undone=True))

    assert run(server, "tsdiscon", "2").status == NOT_ENDED
    assert state(server, 2) != "disconnected"


def test_rights_to_disconnect(server, run):
    assert run(server, "tsdiscon", "2", user="bob").status == DENIED
    assert run(server, "tsdiscon", "3", user="bob").status == OK
    assert run(server, "tsdiscon", "99").status == NO_SESSION
    assert server.done("disconnect") == [3]


def test_ends_a_process(server, run):
    result = run(server, "tskill", "2101", "/v")

    assert result.status == OK and re.search(r"2101 .*notepad", result.out), result
    assert terminated(server) == [2101]


@pytest.mark.parametrize("words, ended", [
    (["explorer", "/a"], [2100, 3100]), (["EXPLORER.EXE", "/id:3"], [3100]), (["*", "/id:2"], [2100, 2101]), (["win*", "4100", "/a"], [4100])])
def test_ends_by_name(server, run, words, ended):
    before = pids(server)

    assert run(server, "tskill", *words).status == OK
    assert sorted(terminated(server)) == ended
    assert pids(server) == [pid for pid in before if pid not in ended]


def test_services_and_what_is_not_there(server, run):
    for words in (["4"], ["700"], ["daemon", "/a"], ["99999"], ["notepad", "/id:3"]):
        assert run(server, "tskill", *words).status == NO_SESSION, words
    assert run(server, "tskill", "notepad").status == USAGE
    assert server.deeds() == []


def test_rights_to_end(server, run):
    """One's own, and with Full Control others'. To see it is no right to end it."""
    assert run(server, "tskill", "2101", user="bob").status == DENIED
    assert 2101 in pids(server) and terminated(server) == []
    assert run(server, "tskill", "2101", user="alice").status == OK
    assert 2101 not in pids(server)


def test_a_process_that_stays(server, run):
    """Nothing is ended twice: by then the number may be another's."""
    server.add(fault("WinStationTerminateProcess", undone=True))

    assert run(server, "tskill", "2101").status == NOT_ENDED
    assert len(server.calls("WinStationTerminateProcess")) == 1


def test_a_server_without_the_pipe_for_processes(server, run):
    server.only_pipes("LSM_API_service", "TermSrv_API_service")

    assert run(server, "tskill", "2101").status == UNREACHABLE


def test_one_list_tells_of_all(server, run):
    """Between the list and the end of the last process its number may get to another."""
    def count():
        return len(server.calls("WinStationGetAllProcesses_NT6"))

    def lists(words):
        before = count()
        assert run(server, "tskill", *words).status == OK, words
        return count() - before

    assert lists(["2101"]) == lists(["2100", "3100", "4100"]) > 0
