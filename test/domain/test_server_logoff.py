# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff at a server that does what it is asked: who is meant, what is protected, and that what is said is so."""

import json
import re
import subprocess

import pytest

from conftest import finish
from domain import SOURCE
from host import wait_until
from server import ago, fault, following, session
from statuses import DENIED, NO_SESSION, NOT_ENDED, OK, PROTECTED, USAGE

EVERYBODY = [0, 1, 2, 3, 4, 5, 6]


def without(*ids):
    return [identity for identity in EVERYBODY if identity not in ids]


def logged_off(server, result, *ids):
    """These sessions and no others have ended, by RpcLogoff, and the command says that all is well."""
    assert (result.status, result.err) == (OK, ""), result
    assert sorted(server.done()) == sorted(ids)
    assert server.ids() == without(*ids)
    assert server.done("reset") == []


@pytest.mark.parametrize("words, ids", [
    (["2"], [2]), (["rdp-tcp#3"], [3]), (["RDP-TCP#3"], [3]), (["RDP-Tcp#5"], [5]), (["4"], [4]), (["2", "3"], [2, 3]),
    (["2", "2"], [2]), (["/user:carol"], [4]), (["/user:CAROL"], [4]), (["/user:ADLAB\\carol"], [4]),
    (["/user:h*n", "/y"], [5, 6]),
    (["/state:disc", "/y"], [4, 6]), (["/user:helen", "/state:disc"], [6]), (["/all", "/y"], [2, 3, 4, 5, 6]),
    (["/all", "/exclude:helen", "/y"], [2, 3, 4]), (["/idle:1h", "/y"], [3]),
    (["/older:30m", "/y", "/exclude:bob"], [2, 4, 5, 6])],
    ids=lambda what: " ".join(map(str, what)))
def test_who_is_meant(server, run, words, ids):
    logged_off(server, run(server, "logoff", *words), *ids)


def test_a_list_in_a_file(server, run, tmp_path):
    path = tmp_path / "list"
    path.write_text("alice\n4 # carol\nrdp-tcp#3\n")
    logged_off(server, run(server, "logoff", f"@{path}", "/y"), 2, 3, 4)


def test_says_what_was_done(server, run):
    result = run(server, "logoff", "2", "/v")
    logged_off(server, result, 2)
    assert "ADLAB\\alice" in result.out and re.search(r"Session 2 .*deleted", result.out)


def test_is_silent_about_one(server, run):
    result = run(server, "logoff", "2")
    logged_off(server, result, 2)
    assert result.text == ""


def test_json(server, run):
    jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
    found = run.json(server, "logoff", "2", "3")
    schema = json.loads((SOURCE / "doc/schema/results.json").read_text())
    schema["items"]["allOf"][0] = json.loads((SOURCE / "doc/schema/sessions.json").read_text())["items"]
    jsonschema.validate(found, schema)
    assert [one["id"] for one in found] == ["2", "3"]
    assert all(one["result"] == "ended" and one["session_exists"] is False for one in found)
    assert server.done() in ([2, 3], [3, 2])


def test_dryrun(server, run):
    result = run(server, "logoff", "/all", "/dryrun")
    assert result.status == OK and "alice" in result.out
    assert server.ids() == EVERYBODY and server.deeds() == []


@pytest.mark.parametrize("words", [["/all"], ["/user:helen"], ["/state:active"]])
def test_several_are_asked_about(server, run, words):
    assert run(server, "logoff", *words).status == USAGE
    assert server.deeds() == []


def test_a_warning(server, run):
    result = run(server, "logoff", "2", "/warn:2", "save your work", "/v")
    logged_off(server, result, 2)
    messages = server.deeds("message")
    assert messages and all(one["session"] == 2 and "save your work" in one["text"] for one in messages)
    assert not any(one["wait"] for one in messages)
    assert server.deeds()[-1]["deed"] == "logoff" and server.deeds("logoff")[0]["time"] - messages[0]["time"] > 1.9


def test_a_warning_that_nobody_gets(server, run):
    """The user is logged off all the same, and it is told."""
    server.add(fault("ShowMessageBox", result=0x80070005), fault("WinStationSendMessage", result=0xc0000022))
    result = run(server, "logoff", "2", "/warn:1", "save your work")
    assert server.done() == [2] and result.err, result


# -- what is protected ---------------------------------------------------------------------------

@pytest.mark.parametrize("words", [["0"], ["services"], ["0", "/console"], ["0", "/y"]])
def test_session_0(server, run, words):
    result = run(server, "logoff", *words)
    assert result.status in (PROTECTED, NO_SESSION) and (result.status == PROTECTED or words == ["services"]), result
    assert server.deeds() == [] and not server.calls("Logoff")


def test_an_empty_console(server, run):
    for words in (["1"], ["console"], ["1", "/console"]):
        assert run(server, "logoff", *words).status in (PROTECTED, NO_SESSION)
    assert server.deeds() == []


@pytest.mark.parametrize("name", ["Console", "console", "CONSOLE"])
def test_the_console(bare, run, name):
    bare.describe(session(1, name=name, user="carol", domain="ADLAB"), session(2, name="RDP-Tcp#1", user="alice"))
    for words in (["1"], ["console"], ["/user:carol"]):
        result = run(bare, "logoff", *words)
        assert result.status == PROTECTED and "/console" in result.err, result
    assert run(bare, "logoff", "/all", "/y").status == PROTECTED
    assert bare.done() == [2]  # alice was in the selection too
    result = run(bare, "logoff", "console", "/console")  # a Linux host protects it from all clients
    assert result.status == DENIED and bare.done() == [2, 1] and bare.ids() == [1], result


@pytest.mark.parametrize("words", [["77"], ["rdp-tcp#77"], ["carol"], ["65536"], ["/user:nobody-here"], ["4294967298"]])
def test_nobody_is_meant(server, run, words):
    assert run(server, "logoff", *words).status == NO_SESSION
    assert server.deeds() == []


def test_no_session_of_ones_own(server, run):
    """Without a name one's own session is meant; there is none at a server."""
    result = run(server, "logoff")
    assert result.status in (NO_SESSION, USAGE) and server.deeds() == [], result


def test_one_name_twice(bare, run):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice"), session(3, name="rdp-tcp#1", user="bob"))
    assert run(bare, "logoff", "rdp-tcp#1").status == NO_SESSION
    assert bare.deeds() == []


def test_a_name_of_digits_is_an_id(bare, run):
    bare.describe(session(2, name="3", user="alice"), session(3, name="RDP-Tcp#1", user="bob"))
    assert run(bare, "logoff", "3").status == OK
    assert bare.done() == [3]


# -- rights --------------------------------------------------------------------------------------

@pytest.mark.parametrize("user, identity", [("helen", 4), ("alice", 2), ("bob", 3), ("Administrator", 4)])
def test_who_may(server, run, user, identity):
    logged_off(server, run(server, "logoff", identity, user=user), identity)


@pytest.mark.parametrize("user, identity", [("bob", 4), ("bob", 2), ("alice", 4), ("alice", 5)])
def test_who_may_not(server, run, user, identity):
    result = run(server, "logoff", identity, user=user)
    assert result.status in (DENIED, NO_SESSION) and "denied" in result.err, result
    assert server.done() == [] and server.ids() == EVERYBODY


def test_some_may_and_some_not(server, run):
    """One's own among others: that one ends, and the status tells of the others."""
    result = run(server, "logoff", "3", "4", user="bob")
    assert result.status == DENIED and server.done() == [3], result


# -- servers that cannot do everything -----------------------------------------------------------

def test_remote_desktop_is_off(server, run):
    server.only_pipes("LSM_API_service")
    logged_off(server, run(server, "logoff", "2", "3", "/v"), 2, 3)


def test_only_the_legacy_pipe(server, run):
    """There is but RpcWinStationReset, which waits for the end."""
    server.only_pipes("Ctx_WinStation_API_service")
    result = run(server, "logoff", "rdp-tcp#2", "4")
    assert result.status == OK and server.ids() == without(2, 4), result
    assert sorted(server.done("reset")) == [2, 4]


@pytest.mark.parametrize("missing", [
    ["WaitForSessionState"], ["RegisterAsyncNotification"], ["GetAllSessionsEx"], ["CloseSession"], ["GetState"],
    ["WaitForSessionState", "RegisterAsyncNotification", "WaitAsyncNotification"],
    ["GetSessionInformationEx", "GetSessionInformation", "GetAllSessionsEx", "GetAllSessions"]], ids=" ".join)
def test_calls_that_are_not_there(server, run, missing):
    server.add(*(fault(name, rpc=0x1c010002) for name in missing))
    logged_off(server, run(server, "logoff", "2", "3"), 2, 3)


@pytest.mark.parametrize("result", [0, 1, 0x10000000])
def test_other_words_of_success(server, run, result):
    server.add(fault("Logoff", result=result))
    logged_off(server, run(server, "logoff", "2"), 2)


@pytest.mark.parametrize("surplus", [1, 4, 20])
def test_surplus_bytes_do_no_harm(server, run, surplus):
    calls = ["GetSessionInformationEx", "OpenSession", "Logoff", "GetState", "WaitForSessionState", "GetAllSessionsEx"]
    server.add(*(fault(name, surplus=surplus) for name in calls))
    logged_off(server, run(server, "logoff", "2"), 2)


# -- time ----------------------------------------------------------------------------------------

def test_takes_its_time(bare, run):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice", logoff_after=2500), session(3, user="bob"))
    result = run(bare, "logoff", "2", "/v")
    assert result.status == OK and bare.ids() == [3] and bare.done() == [2], result
    assert bare.done("reset") == []


def test_many_at_once(bare, run):
    """Nobody waits for another: thirty are asked before the first one ends."""
    many = range(2, 32)
    bare.describe(*(session(i, name=f"RDP-Tcp#{i}", user=f"u{i}", logoff="ignored") for i in many),
                  session(200, name="RDP-Tcp#200", user="somebody-else"))
    process = run.start(bare, "logoff", "/all", "/exclude:somebody-else", "/y", "/grace:60", "/wait:90")
    wait_until(lambda: len(bare.done()) == len(many), 50, "all have been asked")
    for identity in many:
        bare.end(identity)
    result = finish(process)
    assert result.status == OK and sorted(bare.done()) == list(many), result
    assert bare.done("reset") == [] and bare.ids() == [200]


def test_reset_after_the_grace(bare, run):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice", logoff="ignored"), session(3, user="bob"))
    result = run(bare, "logoff", "2", "/grace:1", "/v")
    assert result.status == OK and bare.ids() == [3], result
    assert [one["deed"] for one in bare.deeds()] == ["logoff", "reset"]


def test_does_not_end(bare, run):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice", logoff="ignored", reset="ignored"), session(3, user="bob"))
    result = run(bare, "logoff", "2", "/grace:1", "/wait:3", "--json")
    one, = json.loads(result.out)
    assert result.status == NOT_ENDED and (one["result"], one["session_exists"]) == ("not-ended", True), result
    assert bare.ids() == [2, 3]


def test_does_not_end_and_cannot_be_reset(server, run):
    """Without the older pipe it is only waited for."""
    server.describe(session(2, name="RDP-Tcp#1", user="alice", logoff="ignored"))
    server.only_pipes("LSM_API_service")
    result = run(server, "logoff", "2", "/grace:1", "/wait:3")
    assert result.status == NOT_ENDED and server.ids() == [2], result


def test_an_id_is_used_again_at_once(bare, run):
    """The next logon is another one: the end of the first was the end, and the second is left in peace."""
    bare.describe(session(2, name="RDP-Tcp#1", user="alice"),
                  following(2, name="RDP-Tcp#9", user="bob", logon=ago(0)))
    result = run(bare, "logoff", "2", "/v")
    assert result.status == OK and bare.done() == [2], result
    assert [one["user"] for one in bare.truth()] == ["bob"]


def test_the_same_user_comes_back(bare, run):
    bare.describe(session(2, name="RDP-Tcp#1", user="alice"),
                  following(2, name="RDP-Tcp#1", user="alice", logon=ago(0)))
    result = run(bare, "logoff", "2")
    assert result.status == OK and bare.done() == [2] and bare.ids() == [2], result
    assert bare.done("reset") == []


def test_ends_by_itself_during_the_warning(server, run):
    process = run.start(server, "logoff", "2", "/warn:6")
    wait_until(lambda: server.deeds("message"), 30, "alice is warned")
    server.end(2)
    result = finish(process)
    assert result.status in (OK, NO_SESSION) and server.done() == [], result


class Peer:
    """logoff-host as a child that serves the server."""

    def __init__(self, server, run, **options):
        self.process, self.serial = run.start(server, "logoff-host", stdin=subprocess.PIPE, **options), 0
        self.hello = json.loads(self.process.stdout.readline())

    def order(self, order, **fields):
        """All lines of the answer, the reply last."""
        self.serial += 1
        self.process.stdin.write(json.dumps({"serial": self.serial, "order": order, **fields}) + "\n")
        self.process.stdin.flush()
        lines = [json.loads(self.process.stdout.readline())]
        while "reply" not in lines[-1]:
            lines.append(json.loads(self.process.stdout.readline()))
        return lines

    def leave(self):
        self.process.stdin.close()
        self.process.stdin = None
        return finish(self.process).status


def test_logoff_host(server, run):
    """One connection lists, another one logs off: those that were listed and still fit."""
    peer = Peer(server, run)
    assert (peer.hello["host"], peer.hello["kind"], peer.hello["boot"]) == (server.name, "tsts", None)
    listed = {line["session"]["id"]: line["logon"] for line in peer.order("list", select={"all": True, "exclude": ["helen"]}) if "session" in line}
    assert sorted(listed) == ["2", "3", "4"] and peer.leave() == OK

    peer = Peer(server, run)
    sessions = [{"id": id, "logon": logon} for id, logon in sorted(listed.items())]
    sessions[0]["logon"] += 1
    lines = peer.order("log-off", sessions=sessions, select={"state": "disc"}, run="0f-7")

    assert [(line["result"]["id"], line["result"]["result"]) for line in lines if "result" in line] == [("4", "ended")]
    told = sorted((line["failure"]["object"], line["failure"]["kind"]) for line in lines if "failure" in line)
    assert told == [("2", "changed"), ("3", "changed")] and server.done() == [4] and server.ids() == without(4)
    fates = [peer.order("fate", boot=None, **one)[0]["fate"] for one in sessions]
    assert fates == ["other", "there", "gone"] and peer.leave() == OK


def test_logoff_host_without_an_account(server, run):
    """Nobody is asked for a password."""
    peer = Peer(server, run, user=None)
    assert (peer.hello["failure"]["kind"], peer.hello["failure"]["exit_status"]) == ("not-accepted", 8)
    assert peer.leave() == 8
