# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of each logoff, and of each attempt: who asked, whose session, why, forced or not, and what came of it.

Read from the journal of the host, where journald itself vouches for the fields that begin with an underscore.
"""

import json
import time

import pytest

import sessions
from cases import (CANCELLED, DENIED, NOT_IN_TIME, OK, PROTECTED, UNREACHABLE, interrupt, logoff, start_logoff)
from host import finish, wait_until

RECORD_ID = "5f3bb5c4e1a64d6d8a3c2c1b9f0e7d42"


@pytest.fixture(autouse=True)
def start():
    """When the case began: a restarted logind gives ids like c1 anew."""
    global START_US
    START_US = time.time() * 1e6


def records(session):
    """All records that the case has made about a session."""
    lines = session.host.check(["journalctl", "--output=json", "--no-pager", f"MESSAGE_ID={RECORD_ID}",
                                f"LOGOFF_SESSION={session.id}"]).splitlines()
    found = [json.loads(line) for line in lines]
    return [one for one in found if int(one["__REALTIME_TIMESTAMP"]) >= START_US]


def record(session, **wanted):
    """Waits for the one record about a session, and compares the wanted fields."""
    found = wait_until(lambda: records(session), 3, "a record")
    assert len(found) == 1, found
    one = found[0]
    assert {name: one.get(name) for name in wanted} == wanted
    return one


def whose(session):
    """The fields of the session in a record."""
    return {"LOGOFF_USER": session.user, "LOGOFF_UID": str(1000 + sessions.USERS.index(session.user)),
            "LOGOFF_SESSION_NAME": session.tty, "LOGOFF_HOST": session.host.name}


def by(login, actor=None):
    return {"LOGOFF_ACTOR": actor or login, "LOGOFF_LOGIN_USER": login}


def test_ended(logind_host):
    session = sessions.ssh(logind_host, "alice")
    assert logoff(logind_host, session.id, "/reason:weekly restart").status == OK

    one = record(session, **whose(session), **by("root"), LOGOFF_RESULT="ended", LOGOFF_FORCED="no",
                 LOGOFF_REASON="weekly restart", LOGOFF_ACTOR_UID="0", PRIORITY="5", SYSLOG_IDENTIFIER="logoff",
                 _UID="0", _TRANSPORT="journal")

    assert one["MESSAGE"] == f"logoff of session {session.id} of alice by root: ended, reason: weekly restart"
    assert "LOGOFF_CAUSE" not in one


def test_forced(host):
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    assert logoff(host, session.id, "/grace:1").status == OK

    one = record(session, **whose(session), LOGOFF_RESULT="ended", LOGOFF_FORCED="yes")

    assert "LOGOFF_REASON" not in one


def test_reset(host):
    """rwinsta leaves the same record."""
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn -d keeper", "keeper")

    assert host.run(["rwinsta", session.id, "/reason:hangs"]).status == OK

    record(session, **whose(session), **by("root"), LOGOFF_RESULT="ended", LOGOFF_FORCED="yes", LOGOFF_REASON="hangs")


def test_refused(host):
    """An attempt without the right has a record too, with the reason."""
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    assert here.shell.run(f"logoff {there.id} /noaskpassword '/reason:curiosity' 2>&1")[1] == DENIED

    one = record(there, **whose(there), **by("alice"), LOGOFF_RESULT="denied", LOGOFF_FORCED="no",
                 LOGOFF_REASON="curiosity", PRIORITY="4", _UID="1000")

    assert one["LOGOFF_CAUSE"].startswith("org.freedesktop.DBus.Error.")
    assert records(here) == []


@pytest.mark.parametrize("kind", ["console", "greeter"])
def test_protected(host, kind):
    session = sessions.fake_console(host, "bob", **({"class": "greeter"} if kind == "greeter" else {}))
    assert logoff(host, session.id).status == PROTECTED
    record(session, **by("root"), LOGOFF_USER="bob", LOGOFF_RESULT="protected", LOGOFF_CAUSE=kind, PRIORITY="4")


def test_by_sudo(host):
    """The record names the person, not only root."""
    here, there = sessions.ssh(host, "carol"), sessions.ssh(host, "bob")
    host.path("/etc/sudoers.d/lab").write_text("carol ALL=(ALL) NOPASSWD: ALL\n")
    assert here.shell.run(f"sudo logoff {there.id}")[1] == OK
    record(there, **whose(there), **by("carol", "root"), LOGOFF_ACTOR_UID="0", LOGOFF_LOGIN_UID="1002",
           LOGOFF_RESULT="ended", _UID="0")


def test_a_name_in_the_environment_is_not_believed(host):
    """The login user is the kernel's, where the kernel keeps one."""
    here, there = sessions.ssh(host, "carol"), sessions.ssh(host, "bob")
    host.path("/etc/sudoers.d/lab").write_text("carol ALL=(ALL) NOPASSWD: ALL\n")
    assert here.shell.run(f"sudo env SUDO_USER=alice LOGNAME=alice USER=alice logoff {there.id}")[1] == OK
    record(there, **by("carol", "root"))


def test_own_session(host):
    """The record of the own session is written before the session ends."""
    session = sessions.ssh(host, "alice")
    session.shell.begin("logoff /reason:home")
    assert session.ended_for_client(15)
    record(session, **whose(session), **by("alice"), LOGOFF_RESULT="ended", LOGOFF_REASON="home")


def test_one_for_each_of_several(host):
    first, second = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    console = sessions.fake_console(host, "carol")

    assert logoff(host, "/all", "/y", "/reason:evening").status == PROTECTED

    for session, result in ((first, "ended"), (second, "ended"), (console, "protected")):
        record(session, LOGOFF_RESULT=result, LOGOFF_REASON="evening")


def test_cancelled_in_the_countdown(host):
    session = sessions.ssh(host, "alice")
    running = start_logoff(host, session.id, "/warn:60")
    session.shell.expect("logs you off", 5)
    interrupt(host, running)
    assert finish(running).status == CANCELLED
    record(session, **whose(session), LOGOFF_RESULT="cancelled", LOGOFF_FORCED="no")


def test_not_in_time(host):
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    assert logoff(host, session.id, "/grace:30", "/wait:1").status == NOT_IN_TIME
    record(session, **whose(session), LOGOFF_RESULT="not-ended", LOGOFF_FORCED="no", PRIORITY="4")


def test_nothing_was_tried(host):
    session = sessions.ssh(host, "alice")
    logoff(host, session.id, "/dryrun")
    logoff(host, session.id, "/bogus")
    logoff(host, "/all", "/user:nobody")
    host.check("journalctl --sync")
    assert records(session) == []


def test_hostile_words_make_no_fields(host):
    """A line in the reason is text of the reason, not a field of its own; and the terminal gets none of it."""
    session = sessions.ssh(host, "alice")
    reason = "spring\nLOGOFF_LOGIN_USER=nobody\nMESSAGE=all is well \x1b]0;owned\x07 清理"

    result = logoff(host, session.id, f"--reason={reason}", "/v")

    assert result.status == OK
    assert "\x1b" not in result.text and "owned" not in result.text
    one = record(session, **whose(session), **by("root"))
    # journalctl writes as numbers what is not plain text.
    assert bytes(one["LOGOFF_REASON"]).decode() == reason
    assert one["MESSAGE"] == f"logoff of session {session.id} of alice by root: ended, reason: " \
        r"spring\x0aLOGOFF_LOGIN_USER=nobody\x0aMESSAGE=all is well \x1b]0;owned\x07 清理"
    # else the line for people would be "[blob data]", which hides the caller
    assert "owned" in host.check(["journalctl", "--no-pager", f"LOGOFF_SESSION={session.id}"])


# What a host without a journal has: something that listens on /dev/log.
SYSLOG = """
import os, socket
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/dev/log")
os.chmod("/dev/log", 0o666)
print("pid", os.getpid(), flush=True)
while True:
    print(listener.recv(65536).decode(errors="replace").rstrip("\\n"), flush=True)
"""


@pytest.fixture(params=["bare", "elogind"])
def syslog(lend, request):
    host = lend(request.param)
    host.check("rm -f /dev/log")
    host.syslog = sessions.Shell(host.start(["python3", "-c", SYSLOG]))
    pid = host.syslog.expect(r"pid (\d+)\n", 5).group(1)
    yield host
    host.check(f"kill {pid}; rm -f /dev/log")
    host.syslog.client.wait(5)


def test_syslog_where_there_is_no_journal(syslog):
    here, there = sessions.ssh(syslog, "alice"), sessions.ssh(syslog, "bob")
    assert here.shell.run(f"logoff {there.id} /noaskpassword '/reason:curiosity' 2>&1")[1] == DENIED
    # 84 and 85 are authpriv.warning and authpriv.notice.
    syslog.syslog.expect(rf"<84>.*logoff.*: logoff of session {there.id} of bob by alice: denied, reason: curiosity", 5)

    assert logoff(syslog, there.id, "--reason=x\x1b[31m\nforged line").status == OK

    syslog.syslog.expect(rf"<85>.*logoff.*: logoff of session {there.id} of bob by root: ended, "
                         r"reason: x\\x1b\[31m\\x0aforged line\n", 5)


@pytest.mark.parametrize("flavour", ["bare", "elogind"])
def test_a_machine_without_any_log(lend, flavour):
    """It has no record, and logoff says nothing of that. A log that has been stopped is a failure."""
    host = lend(flavour)
    first, second = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    host.check("rm -f /dev/log")

    result = logoff(host, first.id)

    assert (result.status, result.text) == (OK, ""), result.text
    host.check("ln -s /bin/true /usr/sbin/rsyslogd")
    try:
        result = logoff(host, second.id)
    finally:
        host.check("rm /usr/sbin/rsyslogd")
    assert result.status == UNREACHABLE, result.text
    assert "its record could not be written" in result.text


# A service, as one in any language would be: it logs off session ARGV[1] for somebody else.
SERVICE = r'''
import ctypes, sys

C = ctypes
class Options(C.Structure):
    _fields_ = [("size", C.c_size_t), ("grace_ms", C.c_uint64), ("wait_ms", C.c_uint64), ("no_desktop", C.c_bool),
                ("console", C.c_bool), ("cancel_fd", C.c_int), ("warning_ms", C.c_uint64), ("functions", C.c_void_p * 8),
                ("reason", C.c_char_p), ("actor", C.c_char_p), ("actor_address", C.c_char_p), ("run", C.c_char_p)]

library = C.CDLL("liblogoff.so.0")
host, session, request = C.c_void_p(), C.c_void_p(), C.c_void_p()
assert library.logoff_host_open(C.byref(host), None, None, None) == 0
assert library.logoff_host_find(host, sys.argv[1].encode(), C.byref(session), None) == 0
assert library.logoff_request_new(C.byref(request), host) == 0
assert library.logoff_request_add(request, session, 0) == 0
options = Options(size=C.sizeof(Options), grace_ms=1000, wait_ms=20000, cancel_fd=-1, reason=b"asked on the page",
                  actor=b"erin", actor_address=b"192.0.2.7", run=b"0f-7")
assert library.logoff_request_run(request, C.byref(options), None) == 0
library.logoff_request_free(request)
library.logoff_host_close(host)
'''


def test_on_behalf_of_somebody(host):
    """A service names who has asked it; who the service is stays in the record."""
    session = sessions.ssh(host, "alice")
    host.path("/root/service.py").write_text(SERVICE)
    host.check(["python3", "/root/service.py", session.id])
    one = record(session, **whose(session), **by("root"), LOGOFF_RESULT="ended", LOGOFF_REASON="asked on the page",
                 LOGOFF_FOR="erin", LOGOFF_FOR_ADDRESS="192.0.2.7", LOGOFF_RUN="0f-7", _UID="0")
    assert one["MESSAGE"].startswith(f"logoff of session {session.id} of alice by root for erin: ended")
