# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of session on every kind of host, without stubborn programs: logged off at once, and other sessions are
not affected.
"""

import pytest

import sessions
from cases import NO_SESSION, OK, assert_gone, assert_logged_off, assert_untouched, logoff
from host import wait_until

KINDS = {
    "ssh with a terminal": sessions.ssh,
    "ssh without a terminal": lambda host, user: sessions.ssh(host, user, tty=False),
    "login": sessions.login,
    "su": sessions.su,
    "service": sessions.service,
}


# su gives no audit session, so it makes no session where there is no logind; a transient unit
# needs systemd.
WHERE = {"su": ("systemd", "systemd-v1", "elogind"), "service": ("systemd", "systemd-v1")}


@pytest.fixture(params=[(kind, flavour) for kind in KINDS
                        for flavour in WHERE.get(kind, ("systemd", "systemd-v1", "elogind", "bare"))],
                ids=lambda param: "-".join(param).replace(" ", "-"))
def opened(request, lend):
    kind, flavour = request.param
    return KINDS[kind](lend(flavour), "alice")


def test_by_id(opened):
    bystander = sessions.ssh(opened.host, "bob")
    others = bystander.processes()
    opened.sh("sleep 9999 &")
    before = opened.processes()

    result = logoff(opened.host, opened.id)

    assert_logged_off(result, opened, before)
    assert result.text == "", "quiet on success"
    assert opened.ended_for_client()
    assert_untouched(bystander, others)


@pytest.mark.parametrize("opener", [sessions.ssh, sessions.login], ids=["ssh", "login"])
def test_by_name(any_host, opener):
    session = opener(any_host, "alice")
    before = session.processes()
    assert session.tty.startswith("pts/")

    assert_logged_off(logoff(any_host, session.tty.upper()), session, before)


def test_the_same_users_other_session_stays(any_host):
    ended, kept = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "alice")
    before, others = ended.processes(), kept.processes()

    assert_logged_off(logoff(any_host, ended.id), ended, before)
    assert_untouched(kept, others)


def test_cron_jobs_stay(any_host):
    session = sessions.ssh(any_host, "alice")
    job = sessions.cron_job(any_host, "alice")
    before = session.processes()
    assert job not in before

    assert_logged_off(logoff(any_host, session.id), session, before)
    assert any_host.alive(job)


def test_at_jobs_stay(host):
    session = sessions.ssh(host, "alice")
    session.sh("echo 'exec stubborn at-job' | at now")
    job = wait_until(lambda: host.named("at-job"), 10, "at runs the job")[0]
    before = session.processes()

    assert_logged_off(logoff(host, session.id), session, before)
    assert host.alive(job)


@pytest.fixture
def su_without_password(any_host):
    """Nothing has to be typed for su, as long as the case runs."""
    any_host.check("sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su")
    yield
    any_host.check("sed -i '/pam_permit/d' /etc/pam.d/su")


def test_su_within_a_session_belongs_to_it(any_host, su_without_password):
    session = sessions.ssh(any_host, "carol")
    inner = session.spawn("su alice -c 'exec stubborn inner'", "inner")
    before = session.processes()
    assert inner in before

    result = logoff(any_host, session.id, "/grace:1")

    assert_logged_off(result, session, before)


def test_twice(any_host):
    """The second time there is nothing to log off."""
    session = sessions.ssh(any_host, "alice")
    before = session.processes()
    assert logoff(any_host, session.id).status == OK
    assert_gone(session, before)
    assert logoff(any_host, session.id).status == NO_SESSION
