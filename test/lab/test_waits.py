# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens while logoff waits: for an answer to its question, for the end of a countdown, for a logind that does not
answer, for the grace. The world goes on meanwhile, and terminals are lost: whatever was looked at before is looked at
again, and nobody who was asked or warned is forgotten.
"""

import json
import os
import re
import shlex
import signal
import time

import pytest

import sessions
from cases import (CANCELLED, DENIED, NOT_IN_TIME, OK, assert_gone, assert_untouched, interrupt, logoff, not_used_for,
                   start_logoff, type_in)
from host import finish, wait_until
from test_rights import PASSWORD_PROMPT
from test_warn import CANCELLATION, WARNING, everything_heard


@pytest.fixture(params=["systemd", "elogind", "bare"])
def each_kind(lend, request):
    """Each back end once."""
    return lend(request.param)


def at_a_terminal(host, *words):
    """logoff as root at a terminal of its own, outside every session, spoken to as a shell is."""
    line = " ".join(shlex.quote(word) for word in ["exec", "logoff", *words])
    client = host.start(["script", "--quiet", "--return", "--command", line, "/dev/null"], stdin=-1)
    return sessions.Shell(client)


def end_of(shell, seconds=30):
    """All that was still said, and the exit status."""
    while shell.listen(seconds):
        pass
    return shell.heard, shell.client.wait(10)


def records(host, since):
    """The records in the journal, (session, user, result) each, from a moment of the host's clock on."""
    host.check("journalctl --sync")
    lines = host.check(f"journalctl --since=@{since} -o json SYSLOG_IDENTIFIER=logoff").splitlines()
    return [(entry["LOGOFF_SESSION"], entry["LOGOFF_USER"], entry["LOGOFF_RESULT"]) for entry in map(json.loads, lines)
            if "LOGOFF_SESSION" in entry]


# -- the question -------------------------------------------------------------------------------

def test_id_given_anew_while_the_question_stands(host):
    """Bob's c1 ends, logind restarts, alice gets c1. Yes means bob's."""
    host.restart("systemd-logind")     # it counts from c1 again
    first, second = sessions.fake(host, "bob"), sessions.fake(host, "bob")
    since, others = time.time(), second.processes()

    shell = at_a_terminal(host, "/user:bob")
    shell.expect(r"\(y/n\) ")
    os.killpg(first.client.pid, signal.SIGKILL)
    host.run(f"loginctl kill-session --signal=KILL {first.id}")
    wait_until(lambda: not first.exists(), what="bob's session is gone")
    host.restart("systemd-logind")
    alice = sessions.fake(host, "alice")
    assert alice.id == first.id, "the case needs an id that is given anew"
    before = alice.processes()
    shell.write("y\n")
    out, status = end_of(shell)

    assert status == OK, out
    assert_untouched(alice, before)
    assert_gone(second, others)
    assert set(records(host, since)) == {(first.id, "bob", "ended"), (second.id, "bob", "ended")}


def test_back_while_the_question_stands(each_kind):
    """Yes means those who are idle; who is back by then is not."""
    back, away = sessions.ssh(each_kind, "alice"), sessions.ssh(each_kind, "bob")
    before, others = back.processes(), away.processes()
    not_used_for(4, back, away)

    shell = at_a_terminal(each_kind, "/idle:4")
    shell.expect(r"\(y/n\) ")
    back.sh("true")
    time.sleep(0.4)    # nobody answers faster
    shell.write("y\n")
    out, status = end_of(shell)

    assert status == NOT_IN_TIME, out
    assert "no longer fits the selection" in out
    assert_untouched(back, before)
    assert_gone(away, others)


# -- the password -------------------------------------------------------------------------------

def test_back_while_the_password_is_typed(host):
    """It is right, but bob has come back before it was."""
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before = there.processes()
    not_used_for(4, there)

    mark = here.shell.begin("logoff /user:bob /idle:4")
    here.shell.expect(PASSWORD_PROMPT)
    there.sh("true")
    time.sleep(0.5)
    here.shell.write("pw-carol\n")
    out, status = here.shell.result(mark)

    assert status == NOT_IN_TIME, out
    assert "no longer fits the selection" in out
    assert_untouched(there, before)


def test_selected_with_a_password(host):
    """One password serves two sessions and the killing too."""
    here = sessions.ssh(host, "alice")
    there = [sessions.ssh(host, "bob"), sessions.ssh(host, "bob")]
    there[0].spawn("stubborn -d keeper", "keeper")
    before = [session.processes() for session in there]

    mark = here.shell.begin("logoff /user:bob /y /grace:1")
    here.shell.answer(PASSWORD_PROMPT, "pw-carol")
    out, status = here.shell.result(mark)

    assert status == OK, out
    for session, processes in zip(there, before):
        assert_gone(session, processes)


def test_wrong_password_for_a_selection(host):
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before = there.processes()

    mark = here.shell.begin("logoff /user:bob")
    here.shell.answer(PASSWORD_PROMPT, "not it")
    out, status = here.shell.result(mark)

    assert status == DENIED, out
    assert_untouched(there, before)


@pytest.mark.parametrize("words", ["/user:bob", "{}"], ids=["selected", "named"])
def test_cancelled_at_the_password(host, words):
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before, since = there.processes(), time.time()

    mark = here.shell.begin("logoff " + words.format(there.id))
    here.shell.expect(PASSWORD_PROMPT)
    time.sleep(0.5)
    here.shell.write("\x03")
    out, status = here.shell.result(mark, 10)

    assert status == CANCELLED, out
    assert_untouched(there, before)
    assert records(host, since) == [(there.id, "bob", "cancelled")]


# -- the end of the countdown -------------------------------------------------------------------

@pytest.fixture
def stop_logind(host):
    """Stops logind for as long as the case wants, at most until its end."""
    yield lambda: host.check("systemctl kill --signal=STOP systemd-logind")
    host.check("systemctl kill --signal=CONT systemd-logind")


def test_back_while_logind_does_not_answer(host, stop_logind):
    """Idle when selected, back before the end of the countdown, and logind says so only seconds later."""
    session = sessions.ssh(host, "bob")
    before = session.processes()
    not_used_for(4, session)

    running = start_logoff(host, "/idle:4", "/warn:3", "/y", "/wait:30")
    session.shell.expect(WARNING, 5)
    stop_logind()
    session.sh("true")
    time.sleep(6)
    type_in(session)
    host.check("systemctl kill --signal=CONT systemd-logind")
    result = finish(running, 40)

    assert result.status == NOT_IN_TIME, result.text
    assert "no longer fits the selection" in result.err
    session.shell.expect(CANCELLATION, 5)
    assert_untouched(session, before)


def test_nobody_can_tell_until_the_time_is_over(host, stop_logind):
    session = sessions.ssh(host, "bob")
    before, since = session.processes(), time.time()
    not_used_for(4, session)

    running = start_logoff(host, "/idle:4", "/warn:2", "/y", "/wait:4")
    session.shell.expect(WARNING, 5)
    stop_logind()
    result = finish(running, 40)
    host.check("systemctl kill --signal=CONT systemd-logind")

    assert result.status == NOT_IN_TIME, result.text
    assert "could not be checked again" in result.err
    assert 5 < result.seconds < 11
    session.shell.expect(CANCELLATION, 5)
    assert_untouched(session, before)
    assert records(host, since) == [(session.id, "bob", "changed")]


def test_named_goes_on_when_logind_answers_again(host, stop_logind):
    session = sessions.ssh(host, "bob")
    before = session.processes()

    running = start_logoff(host, session.id, "/warn:2", "/wait:30")
    session.shell.expect(WARNING, 5)
    stop_logind()
    time.sleep(5)
    host.check("systemctl kill --signal=CONT systemd-logind")
    result = finish(running, 40)

    assert result.status == OK, result.text
    assert_gone(session, before)


# -- whoever started it goes away ---------------------------------------------------------------

def lose(session):
    """The connection breaks: the ssh client is killed."""
    os.killpg(session.client.pid, signal.SIGKILL)
    session.client.wait(10)


def test_terminal_lost_in_the_countdown(each_kind):
    """The users are told, and it stands in the journal."""
    here, there = sessions.ssh(each_kind, "root"), sessions.ssh(each_kind, "alice")
    before, since = there.processes(), time.time()

    here.shell.begin(f"logoff {there.id} /warn:60")
    there.shell.expect(WARNING, 5)
    lose(here)

    there.shell.expect(CANCELLATION, 5)
    wait_until(lambda: not each_kind.named("logoff"), what="logoff ends")
    assert_untouched(there, before)
    if each_kind.flavour == "systemd":
        assert records(each_kind, since) == [(there.id, "alice", "cancelled")]


def test_terminal_lost_after_asking(each_kind):
    """A session that was asked already is followed to its end: killed after the grace, and recorded."""
    here, there = sessions.ssh(each_kind, "root"), sessions.ssh(each_kind, "alice")
    keeper = there.spawn("stubborn -d keeper", "keeper")
    before, since = there.processes(), time.time()

    here.shell.begin(f"logoff {there.id} /grace:3 /v")
    here.shell.expect("asking", 5)
    lose(here)

    wait_until(lambda: not each_kind.named("logoff"), what="logoff ends")
    assert not each_kind.alive(keeper)
    assert_gone(there, before)
    if each_kind.flavour == "systemd":
        assert records(each_kind, since) == [(there.id, "alice", "ended")]


@pytest.mark.parametrize("name", ["QUIT", "TERM", "HUP"])
def test_signals_in_the_countdown(host, name):
    session = sessions.ssh(host, "alice")
    before = session.processes()

    running = start_logoff(host, session.id, "/warn:60")
    session.shell.expect(WARNING, 5)
    host.check(f"kill -{name} {host.named('logoff')[0].pid}")
    result = finish(running, 5)

    assert result.status == CANCELLED, result.text
    session.shell.expect(CANCELLATION, 5)
    assert_untouched(session, before)


def test_nohup(host):
    """A caller who starts it with SIGHUP ignored wants it to go on."""
    session = sessions.ssh(host, "alice")
    before = session.processes()

    running = host.start(["nohup", "logoff", session.id, "/warn:2"])
    session.shell.expect(WARNING, 5)
    host.check(f"kill -HUP {host.named('logoff')[0].pid}")

    assert finish(running).status == OK
    assert_gone(session, before)


def test_cancelled_once_and_twice(host):
    """The first Ctrl-C has those who were asked followed to their end, the second leaves them."""
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    before, since = session.processes(), time.time()

    shell = at_a_terminal(host, session.id, "/grace:30")
    wait_until(lambda: session.property("State") == "closing", what="it was asked")
    shell.write("\x03")
    shell.expect("1 session was already asked to end; waiting for it, Ctrl-C again stops that", 5)
    host.check(f"kill -HUP {host.named('logoff')[0].pid}")     # a lost terminal is no second wish
    time.sleep(0.5)
    assert host.named("logoff"), "it left at once"
    shell.write("\x03")
    out, status = end_of(shell, 5)

    assert status == CANCELLED, out
    assert re.search(rf"session {session.id}.*: cancelled; the session is closing, with 1 process left: \d+ keeper", out)
    assert host.survivors(before)
    assert records(host, since) == [(session.id, "alice", "cancelled")]


def test_cancelled_once(host):
    asked = sessions.ssh(host, "alice")
    asked.spawn("stubborn -d keeper", "keeper")
    before = asked.processes()

    running = start_logoff(host, asked.id, "/grace:2")
    wait_until(lambda: asked.property("State") == "closing", what="it was asked")
    interrupt(host, running)
    result = finish(running)

    assert result.status == OK, result.text
    assert_gone(asked, before)


# -- the user's bus -----------------------------------------------------------------------------

SILENCE = """import os, signal, socket
os.unlink("/run/user/1000/bus")
bus = socket.socket(socket.AF_UNIX)
bus.bind("/run/user/1000/bus")
bus.listen(50)
print("silent", flush=True)
signal.pause()
"""


@pytest.fixture
def silent(host):
    """A session that logind takes for a desktop of alice, and a bus of hers that reads requests and never answers. She has
    another session."""
    kept, desktop = sessions.ssh(host, "alice"), sessions.fake(host, "alice", type="x11", display=":77", service="lightdm")
    bus = host.path("/run/user/1000/bus")
    wait_until(bus.exists, what="a bus")
    program = host.start(["python3", "-c", SILENCE], user="alice")
    assert program.stdout.readline() == "silent\n"
    yield desktop
    assert kept.sh("echo here") == "here"
    program.kill()


def test_a_bus_that_does_not_answer(host, silent):
    """Whether there is a desktop that can be asked is not waited for as long as one that has been asked."""
    before = silent.processes()

    result = logoff(host, silent.id, "/v", "/grace:20")

    assert result.status == OK, result.text
    assert "no desktop is asked (whether there is one cannot be told in time)" in result.out
    assert_gone(silent, before)
    assert result.seconds < 8


def test_cancelled_while_the_bus_does_not_answer(host, silent):
    """Nobody has been asked, and nobody is asked after that."""
    before = silent.processes()

    running = start_logoff(host, silent.id)
    time.sleep(1)
    interrupt(host, running)
    result = finish(running)

    assert result.status == CANCELLED, result.text
    assert_untouched(silent, before)


def test_who_asks_the_bus_is_not_of_the_callers_login(host, silent):
    """The user's process that asks, which may hang in what the user has put in its way, has a login of its own."""
    host.path("/etc/sudoers.d/lab").write_text("carol ALL=(ALL) NOPASSWD: ALL\n")
    session = sessions.ssh(host, "carol")

    asked = session.shell.begin(f"sudo logoff {silent.id}")
    child = wait_until(lambda: host.run("pgrep -u alice -x logoff-user").out.strip(), what="a process asks as alice")
    time.sleep(0.3)  # it has become alice
    login, audit = (host.path(f"/proc/{child}/{file}").read_text() for file in ("loginuid", "sessionid"))

    assert login == "1000" and audit != str(session.audit)
    assert session.shell.result(asked)[1] == OK


# -- one's own ----------------------------------------------------------------------------------

def test_own_session_with_a_daemon_of_root(host):
    """What sudo has started obeys only root; logind ends it for the session's user, who goes with it."""
    host.path("/etc/sudoers.d/lab").write_text("carol ALL=(ALL) NOPASSWD: ALL\n")
    session = sessions.ssh(host, "carol")
    keeper = session.spawn("sudo stubborn -d keeper", "keeper")
    before = session.processes()

    session.shell.begin("logoff /grace:1")

    wait_until(lambda: not host.survivors(before), 15, "the session is over")
    assert not host.alive(keeper)
    wait_until(lambda: not session.exists(), 5, "logind has let it go")
