# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers by which Windows' commands know sessions."""

import json
import subprocess

import sessions
from cases import NO_SESSION, OK, assert_logged_off, assert_untouched, logoff

TABLE = "/run/logoff/numbers"


def numbers(host, user=None):
    """The numbers of the sessions, by their ids."""
    done = host.run("query session --json", user=user)
    assert done.status == OK, done.text
    return {row["id"]: row["number"] for row in json.loads(done.out)}


def logon_us(host, identity):
    """When a session began, as logoff-host tells it."""
    done = host.run("echo '{\"serial\":1,\"order\":\"list\"}' | logoff-host")
    rows = [line for line in map(json.loads, done.out.splitlines()) if line.get("session", {}).get("id") == identity]
    assert len(rows) == 1, done.text
    return rows[0]["logon"]


def test_rule(logind_host):
    host = logind_host
    one, bystander = sessions.fake(host, "alice"), sessions.fake(host, "bob")
    before, others = one.processes(), bystander.processes()
    number = 32767 + int(one.id.removeprefix("c"))

    assert numbers(host)[one.id] == number
    assert numbers(host, "carol")[one.id] == number
    shown = host.run(f"query session {number} /columns:id,number /nolegend")
    assert shown.out.split() == [one.id, str(number)]
    assert_logged_off(logoff(host, str(number)), one, before)
    assert_untouched(bystander, others)
    assert logoff(host, str(number)).status == NO_SESSION
    assert_untouched(bystander, others)


def test_first(lend):
    host = lend("systemd", "first session", lambda root: None)
    one = sessions.fake(host, "alice")
    before = one.processes()

    assert numbers(host) == {"c1": 32768}
    assert_logged_off(logoff(host, "32768"), one, before)


def test_audit_session(any_host):
    """The kernel's number of the session is its number, where the session is named by it. It counts for the whole machine that runs the lab."""
    session = sessions.ssh(any_host, "alice")
    if session.id.isdigit() and int(session.id) < 32768:
        assert numbers(any_host)[session.id] == int(session.id)
    elif session.id.startswith("c"):
        assert numbers(any_host)[session.id] == 32767 + int(session.id[1:])


def open_beyond(host):
    """A login whose id, c and the pid of its first process, has no number by rule."""
    pid_max = int(host.path("/proc/sys/kernel/pid_max").read_text())
    assert pid_max > 25000
    subprocess.run(["nsenter", "--target", str(host.leader), "--pid", "sh", "-c", "echo 20000 >/proc/sys/kernel/ns_last_pid"],
                   check=True, timeout=10)  # /proc/sys of the host is read-only
    before = numbers(host)
    session = sessions.ssh(host, "alice")
    return session, next(identity for identity in numbers(host) if identity not in before and int(identity[1:]) > 16383)


def write_table(host, text, mode=0o644):
    host.path("/run/logoff").mkdir(exist_ok=True)
    host.path(TABLE).write_text(text)
    host.path(TABLE).chmod(mode)


def test_table(unaudited):
    host = unaudited
    session, identity = open_beyond(host)
    bystander = sessions.ssh(host, "bob")
    began = logon_us(host, identity)
    assert numbers(host)[identity] is None
    assert logoff(host, "50000").status == NO_SESSION

    for wrong in (f"50000 {began + 5000000} {identity}\n", f"50000 {began} {identity}\nno line\n", f"50000 {began} {identity}"):
        write_table(host, wrong)
        assert numbers(host)[identity] is None, wrong
        assert logoff(host, "50000").status == NO_SESSION
    write_table(host, f"50000 {began} {identity}\n", 0o666)
    assert numbers(host)[identity] is None, "anybody can write it"
    host.check(f"chmod 644 {TABLE}; chown alice {TABLE}")
    assert numbers(host)[identity] is None, "alice can write it"
    assert logoff(host, "50000").status == NO_SESSION

    host.check(f"chown root {TABLE}")
    assert numbers(host)[identity] == 50000
    assert numbers(host, "alice").get(identity, 50000) == 50000
    result = logoff(host, "50000")
    assert result.status == OK, result.text
    assert session.ended_for_client()
    assert identity not in numbers(host)
    assert bystander.sh("echo there") == "there"
    host.check(f"rm {TABLE}")
