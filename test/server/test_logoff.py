# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log off whom from another machine, and what is left of it: the session, and the record."""

import json

import pytest

import bed
import sessions
import stubs
from bed import HANDLE
from cases import DENIED, NO_SESSION, OK, assert_gone, assert_logged_off, assert_untouched
from host import wait_until

RECORD_ID = "5f3bb5c4e1a64d6d8a3c2c1b9f0e7d42"
ACCESS_DENIED, NO_SUCH_SESSION = 0x80070005, (0x80070002, 0x80071B6E)


def records(one, session):
    """The records of this case about a session."""
    lines = one.host.check(["journalctl", "--output=json", "--no-pager", f"--since=@{one.since:.0f}", f"MESSAGE_ID={RECORD_ID}",
                            f"LOGOFF_SESSION={session.id}"]).splitlines()
    return [json.loads(line) for line in lines]


def assert_recorded(one, session, user, result, n=1):
    """On the session's host, with the account as Windows knows it, its SID, and the address of the desk. N: so many attempts."""
    found = wait_until(lambda: len(records(one, session)) >= n and records(one, session), 5, "the records")
    assert len(found) == n, found
    for record in found:
        assert record["LOGOFF_RESULT"] == result, record
        assert record["LOGOFF_FOR"].lower() == one.windows_name(user).lower(), record
        assert record["LOGOFF_FOR_ADDRESS"] == "10.99.0.210", record
        assert record["LOGOFF_FOR_SID"].startswith("S-1-5-21-"), record


def test_own_session(any_host):
    session, kept = any_host.ssh(any_host.own), any_host.ssh(any_host.own)
    before, others = session.processes(), kept.processes()

    assert_logged_off(any_host.ask(any_host.own, "logoff", str(bed.Managed.number(session))), session, before)

    assert_untouched(kept, others)
    assert_recorded(any_host, session, any_host.own, "ended")


def test_the_help_desk_logs_off_others(any_host):
    session, kept = any_host.ssh(any_host.own), any_host.ssh(any_host.other)
    before, others = session.processes(), kept.processes()

    assert_logged_off(any_host.ask(any_host.helper, "logoff", str(bed.Managed.number(session))), session, before)

    assert_untouched(kept, others)
    assert_recorded(any_host, session, any_host.helper, "ended")


def test_an_administrator_of_the_domain(member):
    """Who is in no group that anybody has made for this."""
    session = member.ssh(member.own)
    before = session.processes()

    assert_logged_off(member.ask(member.administrator, "logoff", str(bed.Managed.number(session))), session, before)

    assert_recorded(member, session, member.administrator, "ended")


def test_reset(any_host):
    session = any_host.ssh(any_host.own)
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    assert_logged_off(any_host.ask(any_host.helper, "rwinsta", str(bed.Managed.number(session))), session, before)


def test_others_are_refused(any_host):
    session = any_host.ssh(any_host.own)
    before = session.processes()

    for command in ("logoff", "rwinsta"):
        result = any_host.ask(any_host.plain, command, str(bed.Managed.number(session)))
        assert result.status in (DENIED, NO_SESSION), result
    assert_untouched(session, before)


def test_others_are_refused_at_each_call(any_host):
    """Calls by number, as no look at the list comes before them."""
    session = any_host.ssh(any_host.own)
    before, number = session.processes(), bed.Managed.number(session)

    answers = any_host.call(any_host.plain, [("OpenSession", number), ("Logoff", HANDLE), ("Disconnect", HANDLE),
                                             ("ShowMessageBox", HANDLE, "title", "text", 0, 1, 1), ("GetUserName", HANDLE)])
    assert [stubs.result(one) for one in answers] == [0] + [ACCESS_DENIED] * 4
    answers = any_host.call(any_host.plain, [("WinStationOpenServer",), ("WinStationReset", HANDLE, number, 1),
                                             ("WinStationDisconnect", HANDLE, number, 0),
                                             ("WinStationTerminateProcess", HANDLE, session.pid, 0)])
    assert [one[-1] for one in answers] == [1, 0, 0, 0], answers
    assert_untouched(session, before)
    assert_recorded(any_host, session, any_host.plain, "denied", 2)    # Logoff and WinStationReset


def test_no_such_session(any_host):
    result = any_host.ask(any_host.helper, "logoff", "4242")

    assert result.status == NO_SESSION, result


def test_a_session_that_a_program_holds_against_its_end(any_host):
    """A daemon that ignores SIGTERM is killed, and it is not over before."""
    session = any_host.ssh(any_host.own)
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    assert_logged_off(any_host.ask(any_host.own, "logoff", str(bed.Managed.number(session))), session, before, within=15)


def assert_all_refused(answers):
    assert answers and all(isinstance(one, str) and one.startswith("error") for one in answers), answers


EVERY_PIPE = [("OpenSession", 0), ("GetAllSessionsEx", 1), ("GetAllListeners", 1), ("WinStationOpenServer",)]


@pytest.mark.parametrize("level", [1, 5], ids=["nothing", "signed"])
def test_calls_that_are_not_sealed_are_refused(any_host, level):
    """Samba says so and, since 4.22, closes the pipe at once: then smbd may see the end before what was said."""
    answers = any_host.call(any_host.helper, EVERY_PIPE, level=level)

    assert_all_refused(answers)
    assert all("access_denied" in one or "STATUS_PIPE_DISCONNECTED" in one for one in answers), answers


@pytest.mark.parametrize("level", [1, 6], ids=["not sealed", "sealed"])
@pytest.mark.parametrize("who", ["", "nobody-knows"], ids=["anonymous", "guest"])
def test_anonymous_and_guests_are_refused(any_host, who, level):
    """Debian's smb.conf makes guests of those whom nobody knows."""
    assert_all_refused(any_host.call(who, EVERY_PIPE, level=level, password=""))


def test_a_wrong_password(alone):
    answer, = alone.call("alice", [("OpenSession", 0)], password="wrong")

    assert isinstance(answer, str) and "LOGON_FAILURE" in answer, answer


@pytest.fixture(params=["Xorg", "Xvnc"])
def rdp(alone, request):
    return sessions.RdpSession(alone.host, "alice", request.param)


def test_the_client_of_a_desktop_is_told(alone, rdp):
    before = rdp.processes()

    assert_logged_off(alone.ask("bob", "logoff", alone.number(rdp)), rdp, before)

    assert "ERRINFO_LOGOFF_BY_USER" in rdp.client_log()
    assert rdp.leftovers() == []


RECONNECTS = ("+auto-reconnect", "/auto-reconnect-max-retries:20")
LOGGED_OFF = 12                  # xfreerdp's status for ERRINFO_LOGOFF_BY_USER


def test_a_client_elsewhere_sees_a_clean_end(alone):
    """Its session is logged off over the pipe. The client is told so: it says why it ends, and does not try to get back in."""
    rdp = sessions.RdpSession(alone.host, "alice", server=alone.address, at=alone.desk, options=RECONNECTS)
    before = rdp.processes()

    assert_logged_off(alone.ask("bob", "logoff", alone.number(rdp)), rdp, before)

    log = rdp.client_log()
    assert "ERRINFO_LOGOFF_BY_USER" in log and "econnect" not in log, log
    assert rdp.client.returncode == LOGGED_OFF, rdp.client.returncode


def test_a_client_elsewhere_whose_connection_breaks_comes_back(alone):
    """So the client of the case before would have done, if it had not been told."""
    rdp = sessions.RdpSession(alone.host, "alice", server=alone.address, at=alone.desk, options=RECONNECTS)

    alone.host.check("ss --kill state established sport = :3389")

    wait_until(rdp.connected, 10, "the client has come back")
    assert rdp.client.poll() is None and rdp.exists()


def test_a_desktop_by_the_name_of_its_session(alone):
    rdp = sessions.RdpSession(alone.host, "alice")
    before = rdp.processes()

    result = alone.ask("bob", "logoff", rdp.name)

    assert result.status == OK, result
    assert_gone(rdp, before)
