# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging off by what one means: "Bob's", "everything disconnected", "all but the administrators".

What is selected is asked of a dry run and of the host after a real one; a dry run touches nobody, and `chosen` makes
sure of its status each time.
"""

import json
import re
from pathlib import Path

import pytest

import sessions
from cases import (CANCELLED, DENIED, NO_SESSION, OK, PROTECTED, USAGE, assert_gone, assert_logged_off,
                   assert_untouched, logoff, not_used_for, type_in)
from host import wait_until
from test_stubborn import leave_behind

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMAS = Path(__file__).resolve().parents[2] / "doc/schema"
QUESTION = r"(?s)^(.*)Log off these (\d+) sessions\? \(y/n\) "


@pytest.fixture(params=["systemd", "elogind", "bare"])
def each_kind(lend, request):
    """Each back end once: to choose is no matter of cgroup versions."""
    return lend(request.param)


def chosen(host, *words, user=None):
    """The ids that a dry run tells, and no id twice."""
    result = logoff(host, *words, "/dryrun", user=user)
    ids = re.findall(r"^Session (\S+) ", result.out, re.M)
    assert result.status == (OK if ids else NO_SESSION), result.text
    assert len(ids) == len(set(ids)), result.text
    return set(ids)


def ids_of(*opened):
    return {session.id for session in opened}


def one_of_each(host):
    """A session of alice, of bob and of carol."""
    return [sessions.ssh(host, user) for user in sessions.USERS]


# -- whose --------------------------------------------------------------------------------------

def test_of_a_user(each_kind):
    ended = [sessions.ssh(each_kind, "alice"), sessions.ssh(each_kind, "alice", tty=False)]
    kept = sessions.ssh(each_kind, "bob")
    before, others = [session.processes() for session in ended], kept.processes()

    result = logoff(each_kind, "/user:alice", "/y")

    assert result.status == OK, result.text
    assert len(result.text.splitlines()) == 2
    for session, processes in zip(ended, before):
        assert_gone(session, processes)
    assert_untouched(kept, others)


def test_users_and_patterns(host):
    alice, bob, carol = one_of_each(host)
    for words, wanted in {
        ("/user:alice",): [alice],
        ("--user=a*",): [alice],
        ("/user:?ob",): [bob],
        ("/USER:*o*",): [bob, carol],
        ("/user:alice,carol",): [alice, carol],
        ("/user:alice", "/user:b*"): [alice, bob],
        ("/user:[ab]*",): [],  # brackets are parts of names
        ("/user:*",): [alice, bob, carol],
        # Two people on Linux.
        ("/user:Alice",): [],
        ("/user:ali",): [],
        ("/user:nobody",): [],
        # a session that is named and selected appears once
        ("/user:alice", bob.id): [alice, bob],
        ("/user:alice", alice.tty): [alice],
    }.items():
        assert chosen(host, *words) == ids_of(*wanted), words


def test_none_selected(host):
    session = sessions.ssh(host, "alice")
    before = session.processes()

    result = logoff(host, "/user:b*", "/y")

    assert result.status == NO_SESSION
    assert len(result.text.splitlines()) == 1
    assert_untouched(session, before)


# -- in which state -----------------------------------------------------------------------------

def test_disconnected(host):
    """One selected session needs no question."""
    gone, here = sessions.RdpSession(host, "alice"), sessions.RdpSession(host, "bob")
    elsewhere = sessions.ssh(host, "carol")
    gone.disconnect()
    before, others, terminal = gone.processes(), here.processes(), elsewhere.processes()

    assert_logged_off(logoff(host, "/state:disc"), gone, before)

    assert_untouched(here, others)
    assert here.connected()
    assert_untouched(elsewhere, terminal)
    assert chosen(host, "/state:DISC") == set()


def test_disconnected_for_a_time(host):
    rdp = sessions.RdpSession(host, "alice")
    connected = sessions.RdpSession(host, "bob")
    rdp.disconnect()
    idle = json.loads(host.check(f"query session {rdp.id} --json"))[0]["idle_seconds"]
    if idle is None:
        pytest.skip("how long an X server has been idle is not asked yet")
    assert chosen(host, "/state:disc", "/idle:1h") == set()

    wait_until(lambda: chosen(host, "/state:disc", "/idle:3s"), 8, "it has been idle for three seconds")

    assert chosen(host, "/state:disc", "/idle:1s") == {rdp.id}
    assert connected.connected()


def test_closing(host):
    """Sessions that their users have left, but that do not end."""
    stuck, kept = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    leave_behind(stuck, "stubborn -d keeper", "keeper")
    before, others = stuck.processes(), kept.processes()
    assert chosen(host, "/state:active") == {kept.id}

    assert_logged_off(logoff(host, "/state:closing", "/grace:1"), stuck, before)

    assert_untouched(kept, others)


# -- for how long -------------------------------------------------------------------------------

def test_idle(each_kind):
    away, here = sessions.ssh(each_kind, "alice"), sessions.ssh(each_kind, "alice")
    not_used_for(4, away)
    before, others = away.processes(), here.processes()
    for time, wanted in {"4": [away], "4s": [away], "1m": [], "1h": [], "1d": [], "0": [away, here]}.items():
        type_in(here)
        assert chosen(each_kind, f"/idle:{time}") == ids_of(*wanted), time
    type_in(here)

    assert_logged_off(logoff(each_kind, "/idle:4"), away, before)

    assert_untouched(here, others)


def test_output_is_no_use(host):
    """The user is away although a program still writes to the terminal."""
    away = sessions.ssh(host, "alice")
    not_used_for(3, away)
    host.check(f"touch -m /dev/{away.tty}")

    assert chosen(host, "/idle:3") == {away.id}


def test_unknown_is_not_idle(host):
    """Without a terminal the idle time is unknown, and fulfils no condition."""
    sessions.ssh(host, "alice", tty=False)
    assert chosen(host, "/idle:0") == set()


def test_older(host):
    old = sessions.ssh(host, "alice")
    wait_until(lambda: chosen(host, "/older:2"), 5, "it is two seconds old")
    young = sessions.ssh(host, "alice")

    assert chosen(host, "/older:2s") == {old.id}
    assert chosen(host, "/older:0") == ids_of(old, young)
    assert chosen(host, "/older:1h") == set()


# -- all, but -----------------------------------------------------------------------------------

def test_all_are_people(host):
    """A login screen and background sessions are only ever named; a console session is protected."""
    people = [sessions.ssh(host, "alice"), sessions.ssh(host, "bob", tty=False),
              sessions.login(host, "carol")]
    background = sessions.fake(host, "bob", **{"class": "background"})
    console = sessions.fake_console(host, "bob")
    greeter = sessions.fake_console(host, "carol", **{"class": "greeter"})
    before = [session.processes() for session in people]
    others = [session.processes() for session in (background, console, greeter)]
    assert chosen(host, "/all") == ids_of(console, *people)

    result = logoff(host, "/all", "/y")

    assert result.status == PROTECTED, result.text
    for session, processes in zip(people, before):
        assert_gone(session, processes)
    for session, processes in zip((background, console, greeter), others):
        assert host.survivors(processes) == processes
        assert session.exists()
    assert_logged_off(logoff(host, background.id), background, others[0])


def test_own_session_is_never_selected(each_kind):
    here, there = sessions.ssh(each_kind, "alice"), sessions.ssh(each_kind, "alice")
    kept, before = here.processes(), there.processes()
    for words in ("/all", "/user:alice", "/state:active", "/idle:0"):
        told, status = here.shell.run(f"logoff {words} /dryrun")
        assert f"Session {there.id} " in told and f"Session {here.id} " not in told, words

    out, status = here.shell.run("logoff /all /y")

    assert status == OK and len(out.splitlines()) == 1 and there.id in out, out
    assert_gone(there, before)
    assert_untouched(here, kept)
    # Now there is only one's own.
    assert here.shell.run("logoff /all /y")[1] == NO_SESSION
    assert_untouched(here, kept)


def test_own_session_named_and_selected(host):
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    before, others = here.processes(), there.processes()

    here.shell.begin(f"logoff /user:alice {here.id} /y")

    assert here.ended_for_client(15), here.shell.heard
    wait_until(lambda: not here.exists(), 5, "the session is gone")
    assert_gone(here, before)
    assert_gone(there, others)


def test_excluded(host):
    alice, bob, carol = one_of_each(host)
    for words, wanted in {
        ("/exclude:bob",): [alice, carol],
        ("/exclude:?o*",): [alice, carol],
        ("/exclude:group:sudo",): [alice, bob],  # carol's further group
        ("/exclude:group:bob",): [alice, carol],  # bob's own
        (f"/exclude:{alice.id}",): [bob, carol],
        (f"/exclude:{bob.tty.upper()}",): [alice, carol],
        (f"/exclude:{alice.id},group:sudo",): [bob],
        ("/exclude:alice", "--exclude=bob"): [carol],
        ("/exclude:*",): [],
    }.items():
        assert chosen(host, "/all", *words) == ids_of(*wanted), words


def test_all_but_administrators(host):
    opened = one_of_each(host)
    before = [session.processes() for session in opened]

    result = logoff(host, "/all", "/exclude:group:sudo", "/y")

    assert result.status == OK, result.text
    assert_gone(opened[0], before[0])
    assert_gone(opened[1], before[1])
    assert_untouched(opened[2], before[2])


@pytest.mark.parametrize("words", [["/all", "/exclude:group:no-such-group"], ["/exclude:bob"]],
                         ids=["no such group", "nothing to exclude from"])
def test_exclusions_that_do_nothing_are_refused(host, words):
    """A wrong name of the administrators' group must not log off the administrators."""
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    kept, others = here.processes(), there.processes()

    mark = here.shell.begin(f"logoff {' '.join(words)} /y 2>&1")
    try:
        out, status = here.shell.result(mark, 5)
    except sessions.Ended:
        pytest.fail("the session that asked has been logged off")

    assert status == USAGE, out
    assert_untouched(here, kept)
    assert_untouched(there, others)


def test_conditions_hold_together(host):
    away, here, other = [sessions.ssh(host, user) for user in ("alice", "alice", "bob")]
    not_used_for(5, away, other)
    type_in(here)

    assert chosen(host, "/idle:5") == ids_of(away, other)
    assert chosen(host, "/idle:5", "/user:alice") == {away.id}
    assert chosen(host, "/idle:5", "/user:alice", "/state:closing") == set()
    assert chosen(host, "/all", "/idle:5", "/exclude:bob") == {away.id}
    assert chosen(host, "/user:alice", "/older:1h") == set()
    assert chosen(host, "/all") == ids_of(away, here, other)


# -- from a file --------------------------------------------------------------------------------

def test_list_in_a_file(each_kind):
    alice, bob, carol = one_of_each(each_kind)
    kept = sessions.ssh(each_kind, "carol")
    before = [session.processes() for session in (alice, bob, carol)]
    others = kept.processes()
    each_kind.path("/root/list").write_text(
        f"# those of the third floor\r\n\nalice\n  {bob.tty.upper()}\t# the window seat\n{carol.id}\n")

    result = logoff(each_kind, "@/root/list", "/y")

    assert result.status == OK, result.text
    for session, processes in zip((alice, bob, carol), before):
        assert_gone(session, processes)
    assert_untouched(kept, others)


def test_what_a_file_names_and_is_not_there(host):
    """Each missing entry is reported, and the others are logged off."""
    session = sessions.ssh(host, "alice")
    before = session.processes()
    host.path("/root/list").write_text(f"nobody-here\n{session.id}\npts/77\n")

    result = logoff(host, "@/root/list", "/y")

    assert result.status == NO_SESSION, result.text
    assert "nobody-here" in result.err and "pts/77" in result.err
    assert_gone(session, before)


def test_what_a_file_names_can_be_excluded(host):
    """A user's name in a list selects."""
    alice, bob, carol = one_of_each(host)
    host.path("/root/list").write_text("alice\ncarol\n")

    assert chosen(host, "@/root/list") == ids_of(alice, carol)
    assert chosen(host, "@/root/list", "/exclude:group:sudo") == {alice.id}


def test_no_file(host):
    session = sessions.ssh(host, "alice")
    before = session.processes()

    result = logoff(host, "@/root/no-such-list")

    assert result.status == USAGE, result.text
    assert "no-such-list" in result.err
    assert_untouched(session, before)


# -- being asked --------------------------------------------------------------------------------

@pytest.mark.parametrize("words", [["/all"], ["/user:a*"], ["@/home/alice/list"]], ids=lambda words: words[0])
def test_several_without_a_terminal_are_refused(host, words):
    opened = [sessions.ssh(host, "alice") for _ in range(2)]
    before = [session.processes() for session in opened]
    host.path("/home/alice/list").write_text("alice\n")

    result = logoff(host, *words)

    assert result.status == USAGE, result.text
    assert "/y" in result.err
    for session, processes in zip(opened, before):
        assert_untouched(session, processes)


def test_several_that_are_named_are_not_asked_for(host):
    opened = [sessions.ssh(host, "alice") for _ in range(2)]
    before = [session.processes() for session in opened]

    result = logoff(host, *[session.id for session in opened])

    assert result.status == OK, result.text
    for session, processes in zip(opened, before):
        assert_gone(session, processes)


@pytest.fixture
def asked(host):
    """alice selects two other sessions of hers, at a terminal, and has been asked."""
    here = sessions.ssh(host, "alice")
    here.there = [sessions.ssh(host, "alice") for _ in range(2)]
    here.before = [session.processes() for session in here.there]
    here.mark = here.shell.begin("logoff /user:alice")
    listed, number = here.shell.expect(QUESTION, 5).groups()
    assert number == "2"
    for session in here.there:
        assert f"Session {session.id} ({session.tty}) of alice" in listed
    assert f"Session {here.id} " not in listed
    return here


def test_asked_and_answered_yes(asked):
    asked.shell.write("y\n")
    out, status = asked.shell.result(asked.mark)

    assert status == OK, out
    for session, processes in zip(asked.there, asked.before):
        assert_gone(session, processes)


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "nothing", "end of file"])
def test_asked_and_not_answered_yes(asked, answer):
    asked.shell.write(answer)
    out, status = asked.shell.result(asked.mark)

    assert status == CANCELLED, out
    for session, processes in zip(asked.there, asked.before):
        assert_untouched(session, processes)


# -- dry runs, failures, many -------------------------------------------------------------------

def test_dry_run_touches_nobody(each_kind):
    opened = [*one_of_each(each_kind), sessions.ssh(each_kind, "alice", tty=False)]
    before = [session.processes() for session in opened]

    for words in (["/all"], ["/all", "/y", "/warn:1", "/grace:0"], [opened[0].id], ["/user:*"]):
        result = logoff(each_kind, *words, "--dry-run")
        assert result.status == OK, result.text
        assert result.seconds < 1
    plan = results(logoff(each_kind, "/all", "/dryrun", "/json").out)
    assert {one["id"]: one["result"] for one in plan} == {session.id: "would-end" for session in opened}

    for session, processes in zip(opened, before):
        assert_untouched(session, processes)
        session.shell.listen(0)
        assert session.shell.heard == "", "somebody has been warned"


def test_dry_run_tells_what_a_run_does(host):
    opened = one_of_each(host)
    console = sessions.fake_console(host, "carol")

    plan = logoff(host, "/all", "-n").out.splitlines()
    result = logoff(host, "/all", "/y")

    assert len(plan) == 4
    for session in opened:
        assert any(line.endswith(": would be logged off.") and session.id in line for line in plan)
        assert not session.exists()
    assert [line for line in plan if "refused" in line and "/console" in line and console.id in line]
    assert console.exists() and result.status == PROTECTED


def test_one_failure_does_not_stop_the_others(each_kind):
    here = sessions.ssh(each_kind, "alice")
    mine, theirs = sessions.ssh(each_kind, "alice"), sessions.ssh(each_kind, "bob")
    before, others = mine.processes(), theirs.processes()

    out, status = here.shell.run("logoff /all /y /noaskpassword 2>&1")

    assert status == DENIED, out
    assert_gone(mine, before)
    assert_untouched(theirs, others)


def results(text):
    """The results that logoff printed as JSON, which are as the schema has them."""
    found = json.loads(text)
    assert not re.search(r"[^\n -~]", text)
    if jsonschema:
        read = {name: json.loads((SCHEMAS / name).read_text()) for name in ("results.json", "sessions.json")}
        resolver = jsonschema.RefResolver("", read["results.json"], store=read)
        jsonschema.Draft202012Validator(read["results.json"], resolver=resolver).validate(found)
    return found


def matches(found, wanted):
    """All that is wanted is as wanted."""
    return {key: found[key] for key in wanted} == wanted


def test_json(host):
    """One object with its result for each session, and nothing else on standard output."""
    ended, stubborn = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    keeper = stubborn.spawn("stubborn -d keeper", "keeper")
    console = sessions.fake_console(host, "carol")

    result = logoff(host, "/all", "/y", "/grace:1", "--json")

    assert result.status == PROTECTED, result.text
    found = {one["id"]: one for one in results(result.out)}
    assert set(found) == ids_of(ended, stubborn, console)
    fields = {"host": host.name, "exit_status": 0, "result": "ended", "session_exists": False,
              "forced": False, "warned": False, "left": [], "cause": None, "state": "active"}
    assert matches(found[ended.id], {**fields, "user": "alice", "name": ended.tty})
    assert matches(found[stubborn.id], {**fields, "user": "bob", "forced": True})
    assert 1 <= found[stubborn.id]["elapsed_s"] < 2 and found[ended.id]["elapsed_s"] < 1
    refused = {**fields, "user": "carol", "name": "console", "exit_status": PROTECTED, "result": "protected",
               "session_exists": True, "cause": {"domain": "errno", "text": "console", "name": None, "number": 1}}
    assert matches(found[console.id], refused)
    assert not host.alive(keeper)


def test_json_of_what_is_left(host):
    session = sessions.ssh(host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")

    result = logoff(host, session.id, "/grace:30", "/wait:1", "--json")

    one, = results(result.out)
    assert one["exit_status"] == result.status == 5
    assert one["result"] == "not-ended" and one["session_exists"] and one["state"] == "closing"
    assert one["left"] == [{"pid": keeper.pid, "command": "keeper", "stuck": None, "tracer": None}]
