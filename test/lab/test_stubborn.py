# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that do not end when they are asked to: all of them end, by the end of the grace.
"""

import re
import time

import pytest

import roots
import sessions
from cases import NO_SESSION, OK, assert_gone, assert_logged_off, logoff
from host import wait_until

# What the session runs: a command, and the name of the process that it leaves.
LOADS = {
    "ignores SIGTERM": ("stubborn keeper", "keeper"),
    "daemon": ("stubborn -d keeper", "keeper"),
    "first thread ended": ("stubborn -z keeper", "keeper"),
    "nohup": ("nohup setsid sleep 9999", "sleep"),
    "tmux": ("tmux new-session -d 'exec stubborn keeper'", "keeper"),
}
ids = [name.replace(" ", "-") for name in LOADS]


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "no-terminal"])
@pytest.mark.parametrize("load", LOADS, ids=ids)
def test_ends(any_host, load, tty):
    session = sessions.ssh(any_host, "alice", tty)
    command, name = LOADS[load]
    keeper = session.spawn(command, name)
    before = session.processes()
    assert keeper in before

    result = logoff(any_host, session.id, "/grace:1")

    assert_logged_off(result, session, before, within=3)


def n_born(host):
    """How many processes a host makes in a tenth of a second. A look at the chains themselves would often miss them."""
    def last_pid():
        return int(host.check("cut -d' ' -f5 /proc/loadavg"))

    before = last_pid()
    time.sleep(0.1)
    return last_pid() - before


def test_fork_chains_end(any_host):
    session = sessions.ssh(any_host, "alice")
    session.sh("hopper 2 200 >/dev/null 2>&1 </dev/null")
    before = session.processes()
    wait_until(lambda: n_born(any_host) > 50, what="chains run")

    result = logoff(any_host, session.id, "/grace:1")

    assert_logged_off(result, session, before)
    assert n_born(any_host) < 50 and any_host.named("hopper") == []


def test_what_had_to_be_killed_is_told(any_host):
    session = sessions.ssh(any_host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    result = logoff(any_host, session.id, "/grace:1", "/v")

    assert_logged_off(result, session, before)
    assert re.search(rf"\b{keeper.pid}\b.*\bkeeper\b", result.text)
    for word in (session.id, session.tty, "alice"):
        assert word in result.text


def test_hostile_names_are_harmless(any_host):
    session = sessions.ssh(any_host, "alice")
    session.sh(r"stubborn -d $'\e[31mred\e]0;x\a'")
    before = session.processes()

    result = logoff(any_host, session.id, "/grace:1", "/v")

    assert_logged_off(result, session, before)
    assert "red" in result.text
    assert not re.search(r"[^\n\t -~]", result.text)


def test_a_user_ends_what_has_no_first_thread(any_host):
    """systemd 257 passes over it; whoever may signal it does so themselves."""
    session, here = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "alice")
    session.spawn("stubborn -z keeper", "keeper")
    before = session.processes()

    out, status = here.shell.run(f"logoff {session.id} /grace:1 /wait:5")

    assert status == OK, out
    assert_gone(session, before)


def leave_behind(session, command, name):
    """The user goes, a daemon stays: the session is stuck in `closing`."""
    keeper = session.spawn(command, name)
    session.leave()
    wait_until(lambda: session.property("State") == "closing", 10, "the session is closing")
    return keeper


@pytest.mark.parametrize("load", ["daemon", "first thread ended", "nohup"])
def test_stuck_in_closing(logind_host, load):
    session = sessions.ssh(logind_host, "alice")
    keeper = leave_behind(session, *LOADS[load])
    before = session.processes()
    assert keeper in before

    result = logoff(logind_host, session.id, "/grace:1")

    assert_logged_off(result, session, before)


def test_a_closing_session_has_no_name(host):
    session = sessions.ssh(host, "alice")
    keeper = leave_behind(session, "stubborn -d keeper", "keeper")

    assert logoff(host, session.tty).status == NO_SESSION
    assert host.alive(keeper)


@pytest.mark.parametrize("opener", [sessions.ssh, sessions.login, sessions.su],
                         ids=["ssh", "login", "su"])
def test_leader_killed(logind_host, opener):
    session = opener(logind_host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")
    leader = session.property("Leader")
    logind_host.check(f"kill -KILL {leader}")
    wait_until(lambda: leader not in [str(one.pid) for one in session.processes()],
               what="the leader has ended")
    before = session.processes()
    assert keeper in before

    result = logoff(logind_host, session.id, "/grace:1")

    assert_logged_off(result, session, before)


def test_leader_killed_and_still_active(logind_host):
    """Nothing runs in it, but whoever opened it holds it open."""
    session = sessions.fake(logind_host, "alice", tty="pts/77")
    before = session.processes()
    logind_host.check(f"kill -KILL {session.property('Leader')}")
    wait_until(lambda: not logind_host.survivors(before), what="the leader has ended")
    if roots.RELEASE.no_leaderless_session:
        pytest.skip(roots.RELEASE.no_leaderless_session)
    if not session.exists():
        pytest.fail("this logind removes such a session by itself: the case proves nothing")

    result = logoff(logind_host, session.id, "/grace:1")

    assert_logged_off(result, session, before)


@pytest.fixture(params=["yes", "no"])
def kill_user_processes(request, logind_host):
    """logind's KillUserProcesses, set for one case."""
    file = logind_host.path("/run/systemd/logind.conf.d/lab.conf")
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"[Login]\nKillUserProcesses={request.param}\n")
    logind_host.restart("systemd-logind")
    yield request.param
    file.unlink()
    # A restart of logind waits for sessions whose end has begun.
    sessions.clean(logind_host)
    logind_host.restart("systemd-logind")


def test_kill_user_processes(logind_host, kill_user_processes):
    session = sessions.ssh(logind_host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()

    assert_logged_off(logoff(logind_host, session.id, "/grace:1"), session, before)


def test_kill_user_processes_when_the_user_has_left(logind_host, kill_user_processes):
    """With yes, systemd would take 90 s; with no, for ever."""
    session = sessions.ssh(logind_host, "alice")
    leave_behind(session, "stubborn -d keeper", "keeper")
    before = session.processes()

    assert_logged_off(logoff(logind_host, session.id, "/grace:1"), session, before)


def test_a_process_that_ends_in_its_own_time_is_let(any_host):
    """What needs a moment to clean up after SIGTERM gets it, and nothing waits longer."""
    session = sessions.ssh(any_host, "alice", tty=False)
    any_host.path("/home/alice/cleaned-up").unlink(missing_ok=True)
    session.sh("(trap '' HUP; trap 'sleep 0.7; touch ~/cleaned-up; exit' TERM; "
               "while :; do sleep 0.05; done) >/dev/null 2>&1 </dev/null &")
    before = session.processes()

    result = logoff(any_host, session.id, "/grace:8")

    assert_logged_off(result, session, before, within=4)
    assert any_host.path("/home/alice/cleaned-up").exists()
