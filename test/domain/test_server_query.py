# SPDX-License-Identifier: GPL-3.0-or-later
"""query session, query user and query process of a server: what it says is what is shown, and what it cannot say is
told.
"""

import calendar
import json
import re
import struct
import time

import pytest

from domain import SOURCE
from server import ago, fault, process, session
from statuses import DENIED, NO_SESSION, OK, UNREACHABLE

# Controls, and marks that hide text or turn it round.
HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
OLD = 0x1c010002  # nca_s_op_rng_error: there is no such call


def rows(result):
    """The rows of a table without its heading, as lists of words."""
    assert result.status == OK, result
    return [line.split() for line in result.out.splitlines()[1:] if line.strip()]


def by_id(found):
    return {one["id"]: one for one in found}


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_session(server, run):
    found = rows(run(server, "query session"))
    assert ["services", "0", "Disc"] in found
    assert ["console", "1", "Conn", "local"] in found
    assert ["rdp-tcp#2", "alice", "2", "Active", "rdp"] in found
    assert ["carol", "4", "Disc"] in found
    assert len(found) == 7


def test_user(server, run):
    found = rows(run(server, "query user"))
    assert [row[0] for row in found] == ["alice", "bob", "carol", "helen", "helen"]
    bob = next(row for row in found if row[0] == "bob")
    assert bob[1:4] == ["rdp-tcp#3", "3", "Active"] and re.fullmatch("2:0[0-4]", bob[4])
    logon = next(seconds(one["logon_time"]) for one in server.truth() if one["id"] == "3")
    assert bob[5:] == time.strftime("%Y-%m-%d %H:%M", time.gmtime(logon)).split()


@pytest.mark.parametrize("command, words, ids", [
    ("session", ["helen"], ["5", "6"]), ("session", ["HELEN"], ["5", "6"]), ("session", ["RDP-TCP#3"], ["3"]),
    ("session", ["4"], ["4"]), ("session", ["2", "carol"], ["2", "4"]), ("user", ["Helen"], ["5", "6"]),
    ("session", ["console"], ["1"])])
def test_who_is_meant(server, run, command, words, ids):
    assert sorted(by_id(run.json(server, f"query {command}", *words))) == ids


@pytest.mark.parametrize("words", [["nobody-here"], ["77"], ["65536"], ["-1"], ["99999999999"]])
def test_nobody_is_meant(server, run, words):
    result = run(server, "query session", *words)
    assert result.status == NO_SESSION or (result.status == 1 and words == ["-1"]), result


@pytest.mark.parametrize("user, ids", [("alice", {"2"}), ("bob", set("0123456")), ("helen", set("0123456"))])
def test_what_one_may_see(server, run, user, ids):
    assert set(by_id(run.json(server, "query session", user=user))) == ids


def test_process(server, run):
    found = rows(run(server, "query process", "*"))
    assert ["alice", "rdp-tcp#2", "2", "2101", "notepad.exe"] in found
    assert ["services", "0", "4", "System"] == found[0][-4:]
    assert ["services", "0", "700", "daemon"] == found[1][-4:]
    assert len(found) == 6


@pytest.mark.parametrize("words, pids", [
    (["alice"], [2100, 2101]), (["/id:3"], [3100]), (["EXPLORER.EXE"], [2100, 3100]), (["rdp-tcp#3"], [3100]),
    (["4100"], [4100])])
def test_which_processes(server, run, words, pids):
    assert [one["pid"] for one in run.json(server, "query process", *words)] == pids


@pytest.mark.parametrize("command, words, schema", [
    ("query session", [], "sessions"), ("query user", [], "sessions"), ("query process", ["*"], "processes")])
def test_json_has_the_fields_of_a_local_host(server, run, command, words, schema):
    jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
    strict = json.loads((SOURCE / f"doc/schema/{schema}.json").read_text())
    strict["items"]["additionalProperties"] = False
    found = run.json(server, command, *words)
    jsonschema.validate(found, strict)
    assert found and all(one["host"] == server.name for one in found)
    assert set(found[0]) == set(strict["items"]["properties"])


def test_json_says_what_the_server_says(server, run):
    found = by_id(run.json(server, "query session"))
    told = by_id(server.truth())
    assert set(found) == {"0", *told}
    assert found["0"]["kind"] == "services" and found["0"]["state"] == "disconnected"
    for identity, truth in told.items():
        one = found[identity]
        assert one["user"] == truth["user"] and (one["domain"] or None) == truth["domain"]
        assert one["client"] == truth["client"] and one["address"] == truth["address"]
        assert one["state"] == {"1": "connected"}.get(identity, truth["state"])
        assert one["kind"] == {"1": "greeter"}.get(identity, "user")
        assert one["uid"] is None and one["current"] is False
        assert one["logon_time"] == truth["logon_time"] and bool(truth["user"]) == bool(truth["logon_time"])
    assert found["2"]["name"].lower() == "rdp-tcp#2" and found["4"]["name"] is None
    assert abs(found["3"]["idle_seconds"] - 7200) < 120


def test_times_that_are_not_known(bare, run):
    bare.describe(session(2, name="RDP-Tcp#2", user="alice", logon=0, input=0, connect=0),
                  session(3, name="RDP-Tcp#3", user="bob", logon=-11644473000, input=-11644473000))
    for one in run.json(bare, "query session"):
        assert one["logon_time"] is None and one["idle_seconds"] is None
    assert run(bare, "query user").status == OK


def test_times_of_the_future(bare, run):
    """The last input is at 184 of the answer."""
    bare.describe(session(2, name="RDP-Tcp#2", user="alice", logon=ago(-86400)), session(3, name="RDP-Tcp#3", user="bob", logon=ago(0)),
                  fault("GetSessionInformationEx", session=2, poke=(184, struct.pack("<Q", (ago(-86400) + 11644473600) * 10 ** 7))),
                  fault("GetSessionInformationEx", session=3, poke=(184, b"\xff" * 7 + b"\x7f")))
    for one in run.json(bare, "query session"):
        assert one["idle_seconds"] in (0, None)
    assert run(bare, "query user").status == OK


NAMES = ["王小明", "Łukasz", "o'brien", "a b", "\x1b[31mred", "a\nb", "\u202egpj.exe", 'q"uote', "\\back", 20 * "x",
         "🦀"]


def test_names_of_all_kinds(bare, run):
    bare.describe(*(session(2 + i, name=f"RDP-Tcp#{i}", user=name, domain="ADLAB", client=name[:15])
                    for i, name in enumerate(NAMES)),
                  *(process(2 + i, 1000 + i, name + ".exe") for i, name in enumerate(NAMES)))
    found = by_id(run.json(bare, "query session"))
    assert [found[str(2 + i)]["user"] for i in range(len(NAMES))] == NAMES
    assert [found[str(2 + i)]["client"] for i in range(len(NAMES))] == [name[:15] for name in NAMES]
    assert [one["command"] for one in run.json(bare, "query process", "*")] == [name + ".exe" for name in NAMES]
    for command in (["query session"], ["query user"], ["query process", "*"], ["msg", "*", "/v", "x"],
                    ["logoff", "3", "/v"]):
        result = run(bare, *command)
        assert not HARMFUL.search(result.text.replace("\n", "")), result


# -- servers that cannot do everything -----------------------------------------------------------

def test_long_names_are_whole_where_the_server_tells_them(bare, run):
    """RpcGetSessionInformationEx cuts at 20 characters, other calls do not."""
    user, domain = "a-user-of-more-than-20-characters", "A-DOMAIN-OF-MORE-THAN-17"
    bare.describe(session(2, name="RDP-Tcp#2", user=user, domain=domain))
    one, = run.json(bare, "query session", "2")
    assert (one["user"], one["domain"]) == (user, domain)


@pytest.mark.parametrize("missing", [
    ["GetAllSessionsEx"], ["GetAllSessionsEx", "GetAllSessions"], ["GetSessionInformationEx"],
    ["GetAllSessionsEx", "GetAllSessions", "GetSessionInformationEx"],
    ["GetSessionInformationEx", "GetSessionInformation"], ["WinStationGetAllProcesses_NT6"]],
    ids=lambda missing: str(len(missing)) + missing[-1])
def test_older_servers(server, run, missing):
    server.add(*(fault(name, rpc=OLD) for name in missing))
    found = rows(run(server, "query session"))
    assert ["rdp-tcp#2", "alice", "2", "Active", "rdp"] in found and len(found) == 7
    assert len(rows(run(server, "query user"))) == 5
    assert len(rows(run(server, "query process", "*"))) == 6


def test_remote_desktop_is_off(server, run):
    """Only the pipe of the session manager is there."""
    server.only_pipes("LSM_API_service")
    found = rows(run(server, "query session"))
    assert len(found) == 7 and any(row[:3] == ["rdp-tcp#2", "alice", "2"] for row in found)
    assert len(rows(run(server, "query user"))) == 5
    result = run(server, "query process", "*")
    assert result.status != OK and result.out == "", result
    assert "pipe" in result.err or "Remote Desktop" in result.err


def test_only_the_legacy_pipe(server, run):
    server.only_pipes("Ctx_WinStation_API_service")
    found = rows(run(server, "query session"))
    assert any(row[:3] == ["rdp-tcp#2", "alice", "2"] for row in found) and len(found) == 7
    assert len(rows(run(server, "query user"))) == 5
    assert len(rows(run(server, "query process", "*"))) == 6


def test_no_pipe_at_all(server, run):
    server.only_pipes()
    for command in (["query session"], ["query process", "*"], ["logoff", "2"], ["msg", "2", "x"]):
        result = run(server, *command)
        assert result.status in (UNREACHABLE, DENIED) and result.out == "", result
        assert "Remote Desktop" in result.err and "not installed" not in result.err


def test_nobody_is_there(bare, run):
    bare.describe()
    result = run(bare, "query session")
    assert result.status in (OK, NO_SESSION) and "rdp" not in result.text
    assert [one["kind"] for one in run.json(bare, "query session")] == ["services"]


def test_nine_thousand_sessions(bare, run):
    bare.describe(*(session(i, name=f"RDP-Tcp#{i}", user=f"user{i}", domain="ADLAB") for i in range(2, 9002)))
    result = run(bare, "query session", timeout=120)
    assert len(rows(result)) == 9001


def test_times_of_many_sessions(bare, run):
    bare.describe(*(session(i, name=f"RDP-Tcp#{i}", user=f"user{i}") for i in range(2, 502)))
    found = run.json(bare, "query user")
    assert len(found) == 500 and all(one["logon_time"] for one in found)
    assert run(bare, "logoff", "/user:user477", "/y").status == OK and bare.done() == [477]


def test_as_many_ids_as_there_are(bare, run):
    """The last one by rule, the last of those with a letter, and the first that the service gives."""
    bare.describe(session(32767, user="alice"), session("c16383", user="bob", logon=ago(60)), session(65535, user="carol"))
    assert {id: one["user"] for id, one in by_id(run.json(bare, "query user")).items()} == {
        "32767": "alice", "49150": "bob", "49152": "carol"}
