# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's service manager ends with the user's last session, at once; with another session or
with lingering it stays.
"""

import os
import shlex
import signal

import pytest

import sessions
from cases import OK, assert_gone, assert_logged_off, assert_untouched, logoff, start_logoff
from host import finish, wait_until
from test_messenger import help_desk  # noqa: F401: a fixture


def start_user_service(session, command="stubborn"):
    """A service of the user's manager, outside every session."""
    return session.spawn(f"systemd-run --user --quiet {command} user-service", "user-service")


def test_last_session_ends_it(logind_host):
    session = sessions.ssh(logind_host, "alice")
    session.sh("systemd-run --user --quiet --unit=lab sleep 9999")
    service = wait_until(lambda: logind_host.named("sleep"), what="the user service runs")
    before = session.processes()

    result = logoff(logind_host, session.id)

    # logind would take 10 s over it.
    assert_logged_off(result, session, before, within=4)
    assert logind_host.survivors(service) == []
    assert not logind_host.unit_is_active("user@1000")


def test_a_stubborn_user_service_ends_too(logind_host):
    session = sessions.ssh(logind_host, "alice")
    service = start_user_service(session)
    before = session.processes()

    result = logoff(logind_host, session.id, "/grace:1")

    assert_logged_off(result, session, before)
    assert not logind_host.alive(service)
    assert not logind_host.unit_is_active("user@1000")


def test_another_session_keeps_it(logind_host):
    ended, kept = sessions.ssh(logind_host, "alice"), sessions.ssh(logind_host, "alice", tty=False)
    service = start_user_service(ended)
    before, others = ended.processes(), kept.processes()

    assert_logged_off(logoff(logind_host, ended.id), ended, before)

    assert logind_host.alive(service)
    assert logind_host.unit_is_active("user@1000")
    assert_untouched(kept, others)


def test_other_users_keep_theirs(host):
    ended, kept = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    service = start_user_service(kept)
    before = ended.processes()

    assert_logged_off(logoff(host, ended.id), ended, before)

    assert host.alive(service)
    assert host.unit_is_active("user@1001")


@pytest.fixture
def lingering(logind_host):
    """Lets bob's services run on without a session."""
    # What `loginctl enable-linger` does; systemd 257 takes no such order from outside its own cgroups.
    logind_host.check("mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/bob")
    yield
    logind_host.check("rm /var/lib/systemd/linger/bob")


def test_lingering_keeps_it(logind_host, lingering):
    session = sessions.ssh(logind_host, "bob")
    service = start_user_service(session)
    before = session.processes()

    result = logoff(logind_host, session.id, "/v")

    assert_logged_off(result, session, before)
    assert "linger" in result.text
    assert logind_host.alive(service)
    assert logind_host.unit_is_active("user@1001")


def test_both_sessions_at_once(host):
    """Neither is the last when it is looked at; together they are."""
    one, two = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    service = start_user_service(one)
    before, before_two = one.processes(), two.processes()

    result = logoff(host, one.id, two.id, "/grace:1")

    assert result.status == OK, result.text
    assert_gone(one, before)
    assert_gone(two, before_two)
    assert not host.alive(service)


def test_a_user_who_comes_back_within_the_grace(logind_host):
    """systemd starts the next manager when the old one has ended: it ends by the end of the grace, and only it."""
    host = logind_host
    session = sessions.ssh(host, "alice")
    service = start_user_service(session)
    before = session.processes()

    running = start_logoff(host, session.id, "/v", "/grace:3")
    wait_until(lambda: "deactivating" in host.run("systemctl is-active user@1000").out, what="the manager is being stopped")
    again = sessions.ssh(host, "alice")     # waits for the new manager
    result = finish(running)

    assert result.status == OK, result.text
    assert "left alone" not in result.text and "Service manager of alice: ended" in result.text, result.text
    assert_gone(session, before)
    assert not host.alive(service)
    assert again.sh("systemctl --user is-active default.target") == "active"
    assert_untouched(again, again.processes())


def test_a_manager_whose_user_logind_has_forgotten(host):
    """The last session has ended by itself, and logind was started anew: its services are asked to end all the same."""
    session = sessions.ssh(host, "alice")
    script = "trap 'date >/tmp/saved; exit' TERM; touch /tmp/ready; while :; do sleep 0.1; done"
    host.check("rm -f /tmp/saved /tmp/ready; systemd-run --user --quiet --unit=saver sh -c " + shlex.quote(script),
               user="alice", env={"XDG_RUNTIME_DIR": "/run/user/1000"})
    wait_until(host.path("/tmp/ready").exists, 10, "it runs")
    running = start_logoff(host, session.id, "/v", "/warn:3", "/grace:4")
    try:
        wait_until(lambda: host.named("logoff"), 5, "it warns")
        host.check("pkill -STOP -x logoff")
        host.check(f"kill -KILL {session.property('Leader')}; loginctl kill-session --signal=KILL {session.id}")
        wait_until(lambda: not session.exists(), 10, "the session has ended")
        host.restart("systemd-logind")
        host.check("pkill -CONT -x logoff")
        os.killpg(running.pid, signal.SIGCONT)    # nsenter stops and goes on with its child
        result = finish(running)
        assert result.status == OK and "left after" not in result.text, result.text
        assert host.path("/tmp/saved").exists() and not host.unit_is_active("user@1000"), result.text
    finally:
        host.run("rm -f /tmp/saved /tmp/ready; pkill -CONT -x logoff")


def test_what_clears_up_after_a_manager_is_not_killed(host, help_desk):  # noqa: F811
    """A caller with polkit's word alone kills by logind's KillUser, which reaches the user's whole slice."""
    for _ in range(3):
        session = sessions.ssh(host, "alice")
        start_user_service(session)
        result = logoff(host, session.id, "/grace:0", user="bob")
        assert result.status == OK and not host.unit_is_active("user@1000"), result.text
        failed = host.run("systemctl list-units --failed --plain --no-legend 'user-runtime-dir@*'").out
        assert not failed, failed
        wait_until(lambda: not host.path("/run/user/1000").exists(), 10, "the user's folder is removed")
