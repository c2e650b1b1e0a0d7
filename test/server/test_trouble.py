# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the session host: the worker dies, services restart or are missing."""

import time

import pytest

import bed
from cases import NOT_IN_TIME, OK, UNREACHABLE, assert_gone, assert_logged_off, assert_untouched
from host import finish, wait_until

SETTINGS = "/etc/logoff/logoff-server.conf"


@pytest.fixture
def patient(alone):
    """A log-off asks for three seconds before it kills."""
    alone.host.check(f"mkdir -p /etc/logoff && echo 'grace = 3' > {SETTINGS}; pkill -KILL rpcd_logoff; true")
    alone.wake()
    yield alone
    alone.host.check(f"rm {SETTINGS}; pkill -KILL rpcd_logoff; true")
    alone.wake()


def test_the_worker_is_killed_during_a_log_off(patient):
    """The session ends all the same; the client says that it does not know, or what is true."""
    session = patient.ssh("alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()
    running = patient.start("bob", "logoff", str(bed.Managed.number(session)))
    wait_until(lambda: len(patient.host.survivors(before)) < len(before), 10, "the log-off has begun")

    patient.host.check("pkill -KILL rpcd_logoff")
    result = finish(running, 60)

    wait_until(lambda: not patient.host.survivors(before), 15, "the session has ended")
    assert_gone(session, before)
    assert result.status == OK or result.err, result
    wait_until(lambda: patient.host.run("ps -C logoff-host -o ppid= | grep -qx ' *1'").status, 15, "nothing of the worker is left")
    patient.wake()


def test_the_client_vanishes_during_a_log_off(patient):
    session = patient.ssh("alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()
    running = patient.start("bob", "logoff", str(bed.Managed.number(session)))
    wait_until(lambda: len(patient.host.survivors(before)) < len(before), 10, "the log-off has begun")

    patient.desk.check("pkill -KILL -x logoff; pkill -KILL logoff-tsts; true")
    running.communicate(timeout=10)

    wait_until(lambda: not patient.host.survivors(before), 15, "the session has ended")
    assert_gone(session, before)


@pytest.mark.parametrize("service, within", [("smbd", 30), ("systemd-logind", 90)])
def test_a_service_restarts_during_a_log_off(patient, service, within):
    """The session ends all the same. The client says that it does not know, or what is true; after a restart of smbd it asks anew."""
    session = patient.ssh("alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()
    running = patient.start("bob", "logoff", str(bed.Managed.number(session)))
    wait_until(lambda: len(patient.host.survivors(before)) < len(before), 10, "the log-off has begun")

    patient.host.restart(service)
    result = finish(running, within)

    wait_until(lambda: not patient.host.survivors(before), 15, "the session has ended")
    wait_until(lambda: not session.exists(), 5, "logind knows it")
    assert_gone(session, before)
    assert result.status == OK or (result.err and service != "smbd"), result
    patient.wake()


def test_smbd_restarts_before_the_answer(alone):
    """Who is asked y/n takes their time. Those who were shown are warned and logged off all the same."""
    alone.wake()
    both = [alone.ssh("alice"), alone.ssh("alice")]
    before = [session.processes() for session in both]
    shell = alone.at_terminal("bob", "logoff", f"/user:{alone.windows_name('alice')}", "/warn:3", "/v")
    shell.expect("y/n", 30)

    alone.host.restart("smbd")
    alone.wake()
    shell.write("y\n")
    out, _ = shell.client.communicate(timeout=90)

    assert shell.client.returncode == OK, shell.heard + out
    assert "could not be warned" not in out, out
    for session, processes in zip(both, before):
        assert_gone(session, processes)


def connections(host):
    """How many times somebody on the host has begun to connect."""
    names, values = host.check("grep ^Tcp: /proc/net/snmp").splitlines()
    return int(dict(zip(names.split(), values.split()))["ActiveOpens"])


def test_smbd_is_down_during_a_log_off(patient):
    """It is asked for once in a second, not for each question; and then what has become of the session is not known."""
    session = patient.ssh("alice")
    session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()
    running = patient.start("bob", "logoff", str(bed.Managed.number(session)), "/grace:2", "/wait:12")
    wait_until(lambda: len(patient.host.survivors(before)) < len(before), 10, "the log-off has begun")
    try:
        patient.host.check("systemctl stop --no-block smbd; systemctl kill --signal=KILL smbd")
        time.sleep(2)
        begun = connections(patient.desk)
        time.sleep(5)
        n = connections(patient.desk) - begun
        result = finish(running, 60)
    finally:
        patient.host.check("systemctl reset-failed smbd; systemctl start smbd")
    assert 0 < n <= 6, n
    assert result.status in (NOT_IN_TIME, UNREACHABLE), result
    assert "refuses the connection" in result.err or "closed the connection" in result.err, result
    patient.wake()


@pytest.mark.parametrize("services", ["smbd", "winbind", "winbind smbd"])
def test_samba_restarts(member, services):
    member.wake()
    session = member.ssh(member.own)
    before = session.processes()

    member.host.check(f"systemctl reset-failed {services}; systemctl restart {services}", timeout=60)
    member.wake()

    assert_untouched(session, before)
    assert_logged_off(member.ask(member.helper, "logoff", str(bed.Managed.number(session))), session, before)


def test_the_number_of_a_session_outlives_the_worker(alone):
    alone.wake()
    session = alone.ssh("alice")

    def number():
        return next(row["id"] for row in alone.json("bob", "query session") if (row["user"] or "").lower() == "alice")

    before = number()
    alone.host.check("pkill -KILL rpcd_logoff; true")
    alone.wake()

    assert number() == before


def test_logind_restarts(alone):
    alone.wake()
    session = alone.ssh("alice")
    before = session.processes()

    alone.host.restart("systemd-logind")
    wait_until(lambda: session.exists(), 10, "logind knows the session again")

    assert_logged_off(alone.ask("bob", "logoff", str(bed.Managed.number(session))), session, before)


@pytest.fixture
def without_polkit(alone):
    alone.host.check("systemctl mask --runtime --now polkit")
    yield alone
    alone.host.check("systemctl unmask --runtime polkit && systemctl start polkit")


def test_without_polkit_nobody_has_full_control(without_polkit):
    """Own sessions end, those of others do not."""
    own, other = without_polkit.ssh("bob"), without_polkit.ssh("alice")
    before, others = own.processes(), other.processes()

    refused = without_polkit.ask("bob", "logoff", str(bed.Managed.number(other)))
    assert refused.status != OK, refused
    assert_untouched(other, others)

    assert_logged_off(without_polkit.ask("bob", "logoff", str(bed.Managed.number(own))), own, before, within=15)
