# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-tsts at a server of the domain (test/domain): which calls it makes, and what it makes of the answers.

What users see of servers is asked in test/domain; here are the ways around what a server lacks, which a command does not show,
and the numbers of calls. The program is $LOGOFF_TSTS, else the one of ./build.
"""

import calendar
import errno
import os
import re
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "domain"))

import domain as domains  # noqa: E402
import people  # noqa: E402
import server as servers  # noqa: E402
from program import Program, command, word  # noqa: E402
from server import fault, session  # noqa: E402

UNKNOWN_CALL = 0x1c010002
DENIED, NOT_THERE, WRONG_STATE = 0x80070005, 0x80070002, 0x8007139f
ALL = [0, 1, 2, 3, 4, 5, 6]
NAMES = ("name", "user", "domain", "state")
TIMES = ("connect_us", "disconnect_us", "logon_us", "input_us")


@pytest.fixture(scope="session")
def domain():
    if "LOGOFF_DOMAIN" in os.environ:
        yield domains.Domain.attach(os.environ["LOGOFF_DOMAIN"])
        return
    reason = domains.why_unavailable()
    if reason:
        pytest.skip(reason)
    domains.sweep()
    with domains.Domain() as one:
        yield one


@pytest.fixture
def server(domain):
    one = servers.Server(domain)
    one.describe(*servers.office())
    yield one
    one.release()


@pytest.fixture
def start(server):
    """`start(...)`: a logoff-tsts that is logged on to the server."""
    started = []

    def begin(user="Administrator", debug=1, env=None, name=server.name, refused=None, **members):
        program = Program(server.domain.command(command(), env={"LOGOFF_TSTS_DEBUG": debug, **(env or {})}))
        started.append(program)
        members = {"user": user, "domain": people.DOMAIN, "password": people.PASSWORDS[user.partition("@")[0]], "kerberos": "OFF", **members}
        reply = program.logon(name, **members)
        if refused:
            return bad(reply, refused)
        good(reply)
        return program

    yield begin
    for program in started:
        assert program.close() == 0


def good(reply):
    assert reply["r"] == 0, reply
    return reply["rows"]


def bad(reply, number):
    assert reply["r"] == -number and reply["error.text"] and not reply["rows"], reply
    return reply


def wait_for_notices(program, ids):
    """Each is told about, some perhaps twice (that it logs off, that it has ended), and nobody else."""
    left = set(ids)
    while left:
        id = program.notice()
        assert id in ids
        left.discard(id)


def names(server):
    return [call["call"] for call in server.calls()]


def by_id(rows):
    return {row["id"]: row for row in rows}


# -- lists ---------------------------------------------------------------------------------------

def test_a_list_is_one_call(server, start):
    rows = good(start().order("LIST"))
    assert [row["id"] for row in rows] == ALL
    assert [by_id(rows)[2][name] for name in NAMES] == ["rdp-tcp#2", "alice", "ADLAB", 0]
    assert [by_id(rows)[4][name] for name in NAMES] == ["", "carol", "ADLAB", 4]
    assert names(server) == ["GetAllSessionsEx"]


@pytest.mark.parametrize("missing, made", [
    (["GetAllSessionsEx"], ["GetAllSessions"]),
    (["GetAllSessionsEx", "GetAllSessions"],
     ["GetAllSessions", "OpenEnum", "GetEnumResult", "CloseEnum", *["GetSessionInformationEx"] * 7])], ids=["2008 R2", "2008"])
@pytest.mark.parametrize("how", [
    lambda call: {"rpc": UNKNOWN_CALL}, lambda call: {"result": 0x80004001}, lambda call: {"cut": 30},
    lambda call: {"poke": (4 if call == "GetAllSessionsEx" else 8, b"\xff\xff\xff\xff")}],
    ids=["unknown", "not implemented", "cut", "4 GiB"])
def test_older_lists(server, start, missing, made, how):
    program = start()
    wanted = good(program.order("LIST"))
    server.add(*[fault(call, **how(call)) for call in missing])
    before = len(server.calls())
    rows = good(program.order("LIST"))
    assert [[row[name] for name in NAMES] for row in rows] == [[row[name] for name in NAMES] for row in wanted]
    assert names(server)[before:] == ["GetAllSessionsEx", *made]


def test_no_list_can_be_read(server, start):
    server.add(*[fault(call, cut=30) for call in ("GetAllSessionsEx", "GetAllSessions", "GetEnumResult")])
    program = start()
    assert bad(program.order("LIST"), errno.EPROTO)["error.domain"] == word("RPC")
    good(program.order("GET", id=2))


def test_who_has_few_rights_sees_himself(server, start):
    assert [row["id"] for row in good(start(user="alice").order("LIST"))] == [2]


def test_nine_thousand_sessions_and_a_slow_reader(server, start):
    """The details of fewer: the service lists its sessions for each of these calls anew, unless they come together."""
    server.describe(*[session(i, name=f"RDP-Tcp#{i}", user=f"user{i}", domain="ADLAB") for i in range(1, 9000)])
    program = start()
    serial = program.send("LIST")
    time.sleep(1)  # the socket is full by then
    rows = [(row["id"], row["user"]) for row in good(program.reply(serial, 60))]
    assert rows == [(0, ""), *((i, f"user{i}") for i in range(1, 9000))]


def test_details_of_many(server, start):
    server.describe(*[session(i, name=f"RDP-Tcp#{i}", user=f"user{i}", domain="ADLAB") for i in range(1, 500)])
    program = start()
    good(program.order("LIST"))
    rows = good(program.order("DETAILS", timeout=120))
    assert len(rows) == 500 and all(row["has"] & word("HAS_DETAILS") for row in rows)


# -- one session ---------------------------------------------------------------------------------

@pytest.mark.parametrize("missing, made", [
    ([], []),
    (["GetSessionInformationEx"], ["GetSessionInformation"]),
    (["GetSessionInformationEx", "GetSessionInformation"],
     ["GetSessionInformation", "OpenSession", "GetState", "GetUserName", "GetTerminalName", "GetTimes", "CloseSession"])])
def test_one_session(server, start, missing, made):
    server.add(*[fault(call, rpc=UNKNOWN_CALL) for call in missing])
    row, = good(start().order("GET", id=4))
    said = next(one for one in server.truth() if one["id"] == "4")
    assert [row[name] for name in NAMES] == ["", "carol", "ADLAB", 4] and row["has"] == word("HAS_DETAILS")
    logon_us = calendar.timegm(time.strptime(said["logon_time"], "%Y-%m-%dT%H:%M:%SZ")) * 1000000
    # A Linux host does not know when a session was disconnected, and when it was connected but by its logon.
    assert [row[name] for name in TIMES[:3]] == [logon_us, 0, logon_us]
    assert row["input_us"] == 0 if missing else abs(row["input_us"] / 1e6 - (time.time() - said["idle_seconds"])) < 5
    assert names(server) == ["GetSessionInformationEx", *made]


def test_names_that_the_short_form_cuts(server, start):
    long = "someone.with.a.long.name", "A-DOMAIN-OF-20-CHARS"
    server.describe(session(9, user=long[0], domain=long[1]))
    row, = good(start().order("GET", id=9))
    assert (row["user"], row["domain"]) == long and row["input_us"] > 0
    assert names(server) == ["GetSessionInformationEx", "GetSessionInformation"]


def test_times_of_nobody(server, start):
    server.describe(session(9, logon=0, input=0))
    row, = good(start().order("GET", id=9))
    assert [row[name] for name in TIMES] == [0, 0, 0, 0] and row["has"] == word("HAS_DETAILS")


def test_not_there_only_if_two_say_so(server, start):
    program = start()
    assert bad(program.order("GET", id=99), errno.ENXIO)["error.number"] == NOT_THERE
    assert names(server) == ["GetSessionInformationEx", "GetAllSessionsEx"]
    server.add(fault("GetSessionInformationEx", result=NOT_THERE))
    row, = good(program.order("GET", id=2))
    assert (row["user"], row["has"]) == ("alice", 0)


def test_not_there_but_no_list(server, start):
    server.add(*[fault(call, result=DENIED) for call in ("GetAllSessionsEx", "GetAllSessions", "OpenEnum")])
    bad(start().order("GET", id=99), errno.EACCES)


@pytest.mark.parametrize("user, id, number", [("Administrator", 2, 0), ("alice", 3, errno.EACCES), ("alice", 99, errno.ENXIO)])
def test_no_right_to_know(server, start, user, id, number):
    """Shown in the list, it is there without details. Not shown, it is asked whether it can be opened."""
    server.add(fault("GetSessionInformationEx", result=DENIED))
    reply = start(user=user).order("GET", id=id)
    if number:
        bad(reply, number)
        assert names(server) == ["GetSessionInformationEx", "GetAllSessionsEx", "OpenSession"] + ["CloseSession"] * (id == 3)
    else:
        assert good(reply)[0]["has"] == 0


def test_details_and_clients_of_all(server, start):
    program = start()
    rows = good(program.order("LIST"))
    assert not any(row["has"] for row in rows)
    server.end(6)
    time.sleep(0.4)     # the service has a list that is younger than 0.2 s
    details = by_id(good(program.order("DETAILS")))
    assert sorted(details) == ALL[:-1] and details[2]["input_us"] > 0
    clients = by_id(good(program.order("CLIENTS")))
    assert (clients[2]["client"], clients[2]["address"]) == ("ALICE-PC", "10.1.2.3")
    assert (clients[5]["client"], clients[5]["address"]) == ("HELEN-PC", "2001:db8::5")
    assert (clients[4]["client"], clients[4]["address"]) == ("", "")


def test_addresses_that_only_the_other_call_knows(server, start):
    program = start()
    good(program.order("LIST"))
    six = struct.pack("<HHHxxI", 23, 23, 0, 0) + socket.inet_pton(socket.AF_INET6, "2001:db8::5") + bytes(8)
    server.add(fault("GetClientData", rpc=UNKNOWN_CALL), fault("GetRemoteAddress", session=5, raw=six))
    clients = by_id(good(program.order("CLIENTS")))
    assert [clients[id]["address"] for id in (1, 2, 5)] == ["", "10.1.2.3", "2001:db8::5"]


def test_one_that_cannot_be_read_does_not_hide_the_others(server, start):
    program = start()
    good(program.order("LIST"))
    server.add(fault("GetClientData", cut=10, session=3), fault("GetRemoteAddress", cut=2, session=3))
    clients = by_id(good(program.order("CLIENTS")))
    assert clients[2]["client"] == "ALICE-PC" and clients[3]["has"] == 0


# -- logging off ---------------------------------------------------------------------------------

def test_the_wait_begins_while_it_ends(server, start):
    server.describe(session(2, user="alice", logoff_after=500))
    program = start()
    good(program.order("LOGOFF", id=2))
    assert program.notice() == 2
    assert server.ids() == [] and server.done() == [2]
    assert names(server)[:3] == ["OpenSession", "Logoff", "GetState"] and "WaitForSessionState" in names(server)
    assert not program.removed


def test_what_has_ended_at_once_is_told_at_once(server, start):
    server.describe(session(2, user="alice"))
    program = start()
    good(program.order("LOGOFF", id=2))
    assert program.notice() == 2
    assert server.ids() == [] and "WaitForSessionState" not in names(server)


def test_many_are_waited_for_at_once(server, start):
    server.describe(*[session(i, user=f"user{i}", logoff_after=100 * i) for i in range(1, 6)])
    program = start()
    serials = [program.send("LOGOFF", id=i, many=1) for i in range(1, 6)]
    for serial in serials:
        good(program.reply(serial))
    wait_for_notices(program, [1, 2, 3, 4, 5])
    assert server.ids() == []
    assert names(server).count("RegisterAsyncNotification") == 1 and "WaitForSessionState" not in names(server)


@pytest.mark.parametrize("many", [0, 1])
def test_without_notifications(server, start, many):
    server.add(fault("WaitForSessionState", rpc=UNKNOWN_CALL), fault("RegisterAsyncNotification", rpc=UNKNOWN_CALL))
    program = start()
    for id in (2, 3):
        good(program.order("LOGOFF", id=id, many=many))
        program.removed = [one for one in program.removed if one == id]
        wait_for_notices(program, [id])     # that is: look yourself
    assert server.done() == [2, 3]


@pytest.mark.parametrize("how, number", [({"result": DENIED}, errno.EACCES), ({"result": WRONG_STATE}, errno.EAGAIN),
                                         ({"rpc": 5}, errno.EACCES), ({"result": 0xd0000022}, errno.EACCES)])
def test_a_refusal(server, start, how, number):
    server.add(fault("Logoff", undone=True, **how))
    bad(start().order("LOGOFF", id=2), number)
    assert 2 in server.ids()


def test_success_has_more_than_one_face(server, start):
    server.add(fault("Logoff", result=0x10000000))
    good(start().order("LOGOFF", id=2))


def test_a_log_off_that_hangs_is_alone(server, start):
    server.add(fault("Logoff", late="never", undone=True, session=2))
    program = start()
    program.send("LOGOFF", id=2, many=1)
    for id in (3, 5, 6):
        good(program.order("LOGOFF", id=id, many=1))
    wait_for_notices(program, [3, 5, 6])


def test_the_pipe_breaks(server, start):
    server.own_worker()
    server.add(fault("Logoff", exit="before", times=1))
    program = start()
    bad(program.order("LOGOFF", id=2), errno.EHOSTUNREACH)
    assert server.done() == []
    good(program.order("LOGOFF", id=2))
    assert server.done() == [2]


def test_reset(server, start):
    program = start()
    good(program.order("RESET", id=2))
    assert server.done("reset") == [2]
    bad(program.order("RESET", id=2), errno.ENXIO)
    assert names(server) == ["WinStationOpenServer", "WinStationReset", "WinStationReset"]


# -- messages ------------------------------------------------------------------------------------

def test_a_message(server, start):
    reply = start().message(2, "Wartung um 17 Uhr \u2013 \u7dad\u8b77", title="Hinweis", timeout_s=5)
    assert good(reply) == [] and reply["answer"] == 32001
    said, = server.deeds("message")
    assert said["text"] == "Wartung um 17 Uhr \u2013 \u7dad\u8b77" and said["title"] == "Hinweis"


def test_answers_are_waited_for_side_by_side(server, start):
    """More of them than pipes that wait; and other calls go on."""
    server.describe(*[session(i, user=f"user{i}", answer=1, answer_after=300) for i in range(1, 41)])
    program = start()
    serials = [program.send_message(i, "now?", wait=1) for i in range(1, 41)]
    good(program.order("GET", id=3))
    assert [program.reply(serial)["answer"] for serial in serials] == [1] * 40


def test_nobody_answers(server, start):
    assert start().message(2, "now?", timeout_s=1, wait=1)["answer"] == 32000


def test_waits_of_more_than_a_minute(server, start):
    """Samba gives a call up after 60 seconds, and the pipe with it, unless its timers are put off (client-timer.c)."""
    server.describe(session(1, user="a", answer=1, answer_after=65000), session(2, user="b", answer=1, answer_after=66000),
                    session(3, user="c", logoff_after=67000))
    program = start()
    serials = [program.send_message(i, "now?", wait=1) for i in (1, 2)]
    good(program.order("LOGOFF", id=3))
    assert [program.reply(serial, 90)["answer"] for serial in serials] == [1, 1]
    assert program.notice(30) == 3 and server.ids() == [1, 2]


# -- processes -----------------------------------------------------------------------------------

@pytest.mark.parametrize("missing", [[], ["WinStationGetAllProcesses_NT6"]])
def test_processes(server, start, missing):
    server.add(*[fault(call, rpc=UNKNOWN_CALL) for call in missing])
    rows = good(start().order("PROCESSES"))
    found = {row["pid"]: (row["session"], row["user"], row["command"]) for row in rows}
    assert found[4] == (0, "Administrator", "System") and found[700] == (0, "Administrator", "daemon")  # root's, here
    assert found[4100] == (4, "carol", "winword.exe")
    assert {one[1:] for one in found.values() if one[0] == 2} == {("alice", "explorer.exe"), ("alice", "notepad.exe")}


# -- old servers and missing services ------------------------------------------------------------

def test_only_the_legacy_pipe(server, start):
    server.only_pipes("Ctx_WinStation_API_service")
    program = start()
    rows = good(program.order("LIST"))
    assert [row["id"] for row in rows] == ALL and all(row["has"] == word("HAS_DETAILS") for row in rows)
    assert [by_id(rows)[2][name] for name in NAMES] == ["rdp-tcp#2", "alice", "ADLAB", 0]
    assert good(program.order("GET", id=2)) == [by_id(rows)[2]]
    bad(program.order("GET", id=99), errno.ENXIO)
    bad(program.order("CLIENTS"), errno.EOPNOTSUPP)
    assert len(good(program.order("PROCESSES"))) == 6
    assert program.message(2, "hello")["answer"] == 32001
    bad(program.message(2, "x" * 4095, title="y" * 511), errno.E2BIG)
    good(program.message(2, "x" * 4095, title="y" * 511, may_cut=1))  # a warning
    good(program.order("LOGOFF", id=2))
    bad(program.order("LOGOFF", id=2), errno.ENXIO)
    assert server.done("reset") == [2]
    assert set(name[:10] for name in names(server)) == {"WinStation"}


def test_no_legacy_pipe(server, start):
    server.only_pipes("LSM_API_service")
    program = start()
    assert len(good(program.order("LIST"))) == 7
    for order in ("CLIENTS", "PROCESSES", "RESET"):
        assert "the pipe for this is not there" in bad(program.order(order, id=2), errno.EOPNOTSUPP)["error.text"]
    good(program.order("LOGOFF", id=2))
    assert program.notice() == 2


def test_no_pipe_at_all(server, start):
    server.only_pipes()
    text = start(refused=errno.EOPNOTSUPP)["error.text"]
    assert text.startswith("the server's Remote Desktop services do not answer")


# -- Kerberos ------------------------------------------------------------------------------------

def test_a_name_that_kerberos_does_not_know(start):
    """The domain's own name is an address of the controller, but no service's."""
    text = start(name="ad.lab", refused=errno.EKEYREJECTED, domain="AD.LAB", kerberos="REQUIRED")["error.text"]
    assert text == "Kerberos does not know a server of this name: use its full name"


@pytest.mark.parametrize("conf", ["workgroup = ADLAB\nrealm = AD.LAB\n", "workgroup = WORKGROUP\n", None],
                         ids=["member", "no member", "no smb.conf"])
@pytest.mark.parametrize("members", [{}, {"domain": ""}, {"domain": "AD.LAB"}, {"user": "alice@AD.LAB", "domain": ""}],
                         ids=["short domain", "no domain", "realm", "principal"])
@pytest.mark.parametrize("kerberos", ["REQUIRED", "DESIRED", "OFF"])
def test_forms_of_a_user(server, start, tmp_path, conf, members, kerberos):
    """Only a member knows the realm behind the short name of a domain."""
    if conf:
        (tmp_path / "smb.conf").write_text(f"[global]\n{conf}")
    env = {"SMB_CONF_PATH": tmp_path / "smb.conf"}
    members = {"user": "alice", "kerberos": kerberos, **members}
    if (not conf or "realm" not in conf) and kerberos == "REQUIRED" and "domain" not in members:
        assert "realm" in start(env=env, refused=errno.EKEYREJECTED, **members)["error.text"]
        return
    good(start(env=env, **members).order("LIST"))
    assert {call["user"] for call in server.calls()} == {"alice"}


def test_no_kerberos_server_answers(server, start):
    """Then NTLM is not much later. The settings are read by who is not root any more."""
    with tempfile.NamedTemporaryFile("w") as conf:
        os.fchmod(conf.fileno(), 0o644)
        conf.write("[libdefaults]\n\tdefault_realm = AD.LAB\n\tdns_lookup_kdc = false\n"
                   "[realms]\n\tAD.LAB = {\n\t\tkdc = 127.0.0.9\n\t}\n")
        conf.flush()
        good(start(env={"KRB5_CONFIG": conf.name}, domain="", kerberos="DESIRED").order("LIST"))


# -- the connection ------------------------------------------------------------------------------

def test_everything_is_sealed(server, start):
    program = start()
    for order in ("LIST", "GET", "CLIENTS", "PROCESSES", "LOGOFF", "RESET"):
        good(program.order(order, id=3 if order == "RESET" else 2))
    assert {call["auth_level"] for call in server.calls()} == {6}


@pytest.mark.parametrize("orders, report", [
    (["LIST"], "1 calls, 1 binds, 1 pipes"),
    (["LIST", "DETAILS"], "8 calls, 2 binds, 1 pipes"), (["LIST", "CLOCK"], "3 calls, 2 binds, 2 pipes"),
    (["GET", "LOGOFF"], "6 calls, 3 binds, 2 pipes"),
    (["LIST", "PROCESSES"], "6 calls, 3 binds, 3 pipes")], ids=["list", "details", "clock", "logoff", "processes"])
def test_how_many_calls(start, orders, report):
    """OpenServer, GetAllProcesses_NT6, OpenPolicy2, LookupSids, Close are five of the last."""
    program = start()
    for order in orders:
        good(program.order(order, id=2))
    if "LOGOFF" in orders:
        program.notice()
    program.ours.close()
    program.process.wait(5)
    assert f"logoff-tsts: all in all: {report}\n" in program.printed()


def test_the_password_is_not_in_the_log(start):
    program = start(debug=99)
    good(program.order("LIST"))
    program.ours.close()
    program.process.wait(5)
    said = program.printed()
    assert "GetAllSessionsEx" in said or len(said) > 10000
    assert people.PASSWORDS["Administrator"] not in said
