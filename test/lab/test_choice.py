# SPDX-License-Identifier: GPL-3.0-or-later
"""The meaning of words on a real host: users with names like sessions, like domain users, or like texts; and sessions
that are left alone.

In each case one session must stay untouched.
"""

import itertools
import re
import time

import pytest

import sessions
from cases import (NO_SESSION, OK, UNREACHABLE, USAGE, assert_gone, assert_logged_off, assert_untouched, logoff, start_logoff)
from host import finish, wait_until
from test_deadlines import nameless  # noqa: F401, a fixture
from test_hidden import hiding_systemd  # noqa: F401, a fixture
from test_select import chosen
from test_stubborn import leave_behind
from test_warn import WARNING

UIDS = itertools.count(2500)  # none twice: logind keeps the name of a number for a while
ASKED = r"{0}: a session and a user have this name; write id:{0} or user:{0}"


@pytest.fixture
def make_user(host):
    """Makes users of any name, and takes them away again."""
    made = []

    def make(name):
        uid = next(UIDS)
        host.check(["useradd", "--badname", "--no-create-home", "--shell", "/bin/bash", f"--uid={uid}", name])
        made.append((name, uid))
        return uid

    yield make
    for name, uid in made:
        host.run(f"pkill -KILL make-sessions; pkill -KILL -u {uid}")
        wait_until(lambda: host.run(["userdel", "--force", name]).status in (0, 6), 10, "the user is gone")


def fake_of(host, uid, **properties):
    return sessions.FakeSessions(host, uid=uid, **properties)


# -- a number is not always an id ---------------------------------------------------------------

def test_a_user_called_like_a_session(host, make_user):
    """A list names users who have left; a session with such an id belongs to another user."""
    session = sessions.ssh(host, "bob")
    before = session.processes()
    uid = make_user(session.id)
    host.path("/root/leavers").write_text(f"{session.id}\n")

    result = logoff(host, "@/root/leavers", "/y")

    assert result.status == NO_SESSION, result.text
    assert re.search(ASKED.format(session.id), result.err)
    assert_untouched(session, before)
    # no such user is logged on: as an argument of logoff the word can only mean the session
    assert chosen(host, session.id) == {session.id}
    assert host.run(["msg", session.id, "hello"]).status == NO_SESSION
    session.shell.listen(0.2)
    assert "hello" not in session.shell.heard

    theirs = fake_of(host, uid)
    result = logoff(host, session.id)
    assert result.status == NO_SESSION, result.text
    assert re.search(ASKED.format(session.id), result.err)
    assert_untouched(session, before)
    assert chosen(host, f"user:{session.id}") == {theirs.id}
    assert chosen(host, f"id:{session.id}") == {session.id}
    assert chosen(host, "/all", f"/exclude:user:{session.id}") == {session.id}
    assert host.run(["msg", f"id:{session.id}", "hello"]).status == OK
    session.shell.expect("hello", 5)
    assert logoff(host, f"user:{session.id}").status == OK
    assert not theirs.exists()
    assert_logged_off(logoff(host, f"id:{session.id}"), session, before)


def test_whether_there_is_such_a_user_cannot_be_found_out(nameless):  # noqa: F811
    """If it is unknown whether there is such a user, nothing is ended or sent, and the message says so."""
    session = sessions.ssh(nameless, "bob")
    before = session.processes()
    nameless.path("/root/leavers").write_text(f"{session.id}\n")
    nameless.path("/root/ids").write_text(f"id:{session.id}\n")
    nameless.hang()

    for words in (["logoff", "@/root/leavers"], ["msg", session.id, "hello"]):
        result = nameless.run(words, timeout=60)
        assert result.status == UNREACHABLE and result.seconds < 10, result.text
        assert "cannot find out whether a user has this name too" in result.err and f"id:{session.id}" in result.err
    session.shell.listen(0.2)
    assert "hello" not in session.shell.heard
    for word, told in (("bbo", "cannot find out whether there is such a user"),
                       ("group:bbo", "cannot find out whether there is such a group")):
        result = logoff(nameless, "/all", f"/exclude:{word}", "/y", timeout=60)
        assert result.status == USAGE and result.seconds < 10 and told in result.err, result.text
    assert_untouched(session, before)

    assert_logged_off(logoff(nameless, "@/root/ids"), session, before)


# -- text is not a pattern ----------------------------------------------------------------------

@pytest.mark.parametrize("name", ["EXAMPLE\\bob", "lab[1]"])
def test_a_user_with_a_name_like_a_pattern(host, make_user, name):
    session = sessions.ssh(host, "alice")
    before = session.processes()
    domain = fake_of(host, make_user(name))
    host.path("/root/list").write_text(name + "\n")

    assert chosen(host, "/all", f"/exclude:{name}") == {session.id}
    assert chosen(host, f"/user:{name}") == {domain.id}
    assert chosen(host, "/user:" + name[:4] + "*") == {domain.id}
    assert chosen(host, "@/root/list") == {domain.id}
    assert logoff(host, "/all", f"/exclude:{name}", f"/user:{name}").status == NO_SESSION
    assert domain.exists()

    assert logoff(host, "@/root/list").status == OK
    assert not domain.exists()
    assert_untouched(session, before)


def test_another_name_of_an_excluded_user(host):
    """The user whom the name service means is excluded, even if the session has another name for the user."""
    session = sessions.ssh(host, "alice")
    host.check("useradd --badname --non-unique --uid 1000 --no-create-home ALICE")
    try:
        assert chosen(host, "/all", "/exclude:ALICE") == set()
    finally:
        host.check("userdel ALICE || true")
    assert session.exists()


# -- a word with a blank --------------------------------------------------------------------------

def test_the_terminal_of_a_web_console(host):
    """Cockpit has such a word in place of a terminal. From an ssh login it must not mean the caller's own session either."""
    here = sessions.ssh(host, "alice")
    web = sessions.fake(host, "alice", tty="web console", service="cockpit")
    before, others = here.processes(), web.processes()
    assert len(others) == 1

    out, status = here.shell.run("logoff 'web console' /warn:1 2>&1")

    assert status == USAGE, out
    assert_untouched(web, others)
    assert_untouched(here, before)


@pytest.mark.parametrize("words", ["'reboot now' /warn:1", "'重新開機' /warn:1", "/warn:1 'a b' 'c d'", "'reboot now' /warn:1 /y"])
def test_a_text_does_not_mean_the_own_session(host, words):
    here = sessions.ssh(host, "alice")
    before = here.processes()

    out, status = here.shell.run(f"logoff {words} 2>&1")

    assert status == USAGE and len(out.splitlines()) == 1, out
    assert_untouched(here, before)


def test_which_of_the_own_sessions_ends(host):
    """tmux runs in the one session and is attached from the other."""
    first = sessions.ssh(host, "alice")
    first.sh("tmux new-session -d -s lab")
    first.leave()
    wait_until(lambda: first.property("State") == "closing", 10, "the first session is closing")
    second = sessions.ssh(host, "alice")
    second.shell.begin("TERM=xterm tmux attach -t lab")
    wait_until(lambda: host.run("tmux list-clients -t lab", user="alice").out, what="the client is attached")
    host.check("rm -f /tmp/done; tmux send-keys -t lab 'sleep 1; logoff /dryrun >/tmp/plan 2>&1; touch /tmp/done' Enter", user="alice")
    wait_until(host.path("/tmp/done").exists, 15, "the command has run")
    plan = host.path("/tmp/plan").read_text()

    assert f"session {first.id} ends; session {second.id} ({second.tty}), which is yours too, stays\n" in plan
    assert re.search(rf"Session {first.id} .*would be logged off", plan)


def test_attached_elsewhere_during_the_warning(host):
    """What has become the caller's own meanwhile is not ended by a selection."""
    first, here, there = [sessions.ssh(host, "alice") for _ in range(3)]
    first.sh("tmux new-session -d -s lab")
    here.shell.begin("TERM=xterm tmux attach -t lab")
    wait_until(lambda: host.run("tmux list-clients -t lab", user="alice").out, what="the client is attached")
    host.check("rm -f /tmp/done; tmux send-keys -t lab "
               "'logoff /user:alice /warn:6 /y >/tmp/plan 2>&1; touch /tmp/done' Enter", user="alice")
    wait_until(lambda: host.named("logoff"), what="logoff runs")
    time.sleep(1)
    host.check("tmux detach-client -s lab", user="alice")
    there.shell.begin("TERM=xterm tmux attach -t lab")
    wait_until(lambda: there.tty in host.run("tmux list-clients -t lab", user="alice").out, 4, "the other client is attached")
    wait_until(host.path("/tmp/done").exists, 15, "the command has run")

    assert there.exists(), host.path("/tmp/plan").read_text()


# -- what is not understood ---------------------------------------------------------------------

@pytest.mark.parametrize("words, status", [
    (["@/root/no-such-list"], USAGE), (["99999", "@/root/no-such-list"], NO_SESSION), (["reboot now"], USAGE),
    (["/user:bob", "alice"], NO_SESSION), (["/user:bob", "reboot now"], USAGE), (["/user:bob", "/exclude:bbo"], USAGE),
    (["/user:bob", "99999"], NO_SESSION)])
def test_nothing_is_done(host, words, status):
    opened = [sessions.ssh(host, "alice"), sessions.ssh(host, "bob")]
    before = [session.processes() for session in opened]

    result = logoff(host, opened[0].id, *words, "/y")

    assert result.status == status, result.text
    for session, processes in zip(opened, before):
        assert_untouched(session, processes)


def test_each_named_by_itself(host):
    session = sessions.ssh(host, "alice")
    before = session.processes()

    result = logoff(host, session.id, "99999")

    assert result.status == NO_SESSION and "99999" in result.err, result.text
    assert_gone(session, before)


@pytest.mark.parametrize("command", [["logoff", "@/etc/shadow"], ["logoff", "@/etc/shadow", "/y", "/dryrun"],
                                     ["msg", "@/etc/shadow", "hello"], ["logoff", "@/root/secrets"]])
def test_no_line_of_another_file_is_shown(host, command):
    host.path("/root/secrets").write_text("password = hunter2\n$y$j9T$abcdefgh\nMIIEpAIBAAKCAQEA+/==\n")
    result = host.run(command)
    assert result.status in (USAGE, NO_SESSION)
    assert not re.search(r"\$y\$|root:|hunter2|MIIE", result.text), result.text
    assert re.search(r"line \d", result.err)


# -- why a session was chosen -------------------------------------------------------------------

def test_users_of_a_list_are_still_meant_after_the_warning(host):
    bob, alice = sessions.ssh(host, "bob"), sessions.ssh(host, "alice")
    kept = sessions.ssh(host, "carol")
    before, others, rest = bob.processes(), alice.processes(), kept.processes()
    host.path("/root/people").write_text(f"bob\n{alice.id}\n")

    running = start_logoff(host, "@/root/people", "/warn:2", "/y")
    bob.shell.expect(WARNING, 5)
    alice.shell.expect(WARNING, 5)
    result = finish(running)

    assert result.status == OK, result.text
    assert_gone(bob, before)
    assert_gone(alice, others)
    assert_untouched(kept, rest)


def test_named_in_a_list_that_selects_it_too(host):
    """bob is excluded, bob's session is named."""
    first, second = sessions.ssh(host, "bob"), sessions.ssh(host, "bob")
    before, others = first.processes(), second.processes()
    host.path("/root/people").write_text(f"bob\n{first.id}\n")

    result = logoff(host, "@/root/people", "/exclude:bob", "/warn:1")

    assert result.status == OK, result.text
    assert_gone(first, before)
    assert_untouched(second, others)


# -- who is spared ------------------------------------------------------------------------------

def test_a_multiplexer_left_behind_is_kept(host):
    """The user of a closing session has left, and wants the programs to go on."""
    left, stuck = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    leave_behind(left, "stubborn -d tmux", "tmux")
    leave_behind(stuck, "stubborn -d keeper", "keeper")
    before, others = left.processes(), stuck.processes()

    plan = logoff(host, "/state:closing", "/dryrun").out
    assert f"Session {left.id} of alice, closing (tmux): would be logged off." in plan
    assert f"Session {stuck.id} of bob, closing (keeper): would be logged off." in plan
    result = logoff(host, "/state:closing", "/keep:tmux,screen,mosh-server", "/grace:0", "/warn:1", "/y")

    assert result.status == OK, result.text
    assert host.survivors(before) == before and left.exists()
    assert_gone(stuck, others)


def test_a_multiplexer_begun_in_the_countdown_is_kept(host):
    session = sessions.ssh(host, "alice")

    running = start_logoff(host, "/user:alice", "/keep:tmux", "/warn:3")
    session.shell.expect(WARNING, 5)
    session.spawn("stubborn tmux", "tmux")
    result = finish(running)

    assert "no longer fits the selection" in result.err, result.text
    assert session.exists() and host.named("tmux")


def test_what_runs_there_cannot_be_seen(hiding_systemd):  # noqa: F811
    """The help desk may end sessions and cannot see processes: a tmux may be among them."""
    host = hiding_systemd
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn tmux", "tmux")
    before = session.processes()

    result = logoff(host, "/user:alice", "/keep:tmux", user="bob")

    assert result.status == NO_SESSION, result.text
    assert "1 session is left alone: its programs are unknown" in result.err
    assert_untouched(session, before)


def test_groups_of_a_user_who_is_gone(host, make_user):
    """The groups of the user are unknown: the session is left alone, and the message says so."""
    uid = make_user("gone")
    session = fake_of(host, uid)
    other = sessions.ssh(host, "alice")
    host.check("sed -i /^gone:/d /etc/passwd")
    try:
        result = logoff(host, "/all", "/exclude:group:sudo", "/dryrun")
        assert result.status == OK, result.text
        assert f"Session {other.id} " in result.out and f"Session {session.id} " not in result.out
        assert "1 session is left alone: its state, or the name or the groups of its user are unknown" in result.err
        assert logoff(host, f"id:{other.id}", "/y").status == OK
        assert logoff(host, "/all", "/exclude:group:sudo", "/ifany", "/y").status == NO_SESSION
    finally:
        host.run("pkill -KILL make-sessions; grep -q ^gone: /etc/passwd || "
                 f"echo gone:x:{uid}:{uid}::/nonexistent:/bin/bash >>/etc/passwd")
    assert chosen(host, "/user:nobody-here") == set()


def test_a_quiet_night(host):
    session = sessions.ssh(host, "alice")

    result = logoff(host, "/idle:8h", "/ifany", "/y")

    assert (result.status, result.text) == (OK, ""), result.text
    assert session.exists()


def test_a_background_session_with_a_terminal(host):
    """An access proxy's."""
    person = sessions.ssh(host, "alice")
    proxy = sessions.fake(host, "bob", tty="pts/77", class_="background")
    job = sessions.fake(host, "bob", class_="background")

    assert chosen(host, "/all") == {person.id}
    assert chosen(host, "/kind:background") == {proxy.id}
    assert chosen(host, "/kind:background", "/user:alice") == set()
    assert logoff(host, "/kind:background").status == OK
    assert not proxy.exists() and job.exists() and person.exists()
