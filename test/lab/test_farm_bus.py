# SPDX-License-Identifier: GPL-3.0-or-later
"""A far host without logoff, asked by its bus over ssh: what is known, what is done, and that nothing of this host is touched."""

import json
import re
import subprocess

import pytest

import sessions
from cases import DENIED, NO_SESSION, OK, UNREACHABLE, assert_gone, assert_untouched, logoff
from host import wait_until
from test_two_hosts import OURS

THERE = "/server:ssh://10.77.0.2"
NAME = "10.77.0.2"
LACKS = "logoff is not installed there; processes, xrdp clients and idle times are unknown"
PROGRAMS = ("logoff", "logoff-host", "msg", "query", "qprocess", "quser", "qwinsta")


def without_logoff(root):
    for name in PROGRAMS:
        (root / "usr/local/bin" / name).unlink()
    (root / "usr/bin/logoff-host").unlink(missing_ok=True)
    (root / "etc/sudoers.d/lab").write_text("carol ALL=(root) NOPASSWD: /usr/bin/systemd-stdio-bridge\n")


@pytest.fixture
def far(lend):
    """The host of the administrator, and the other one."""
    here, there = lend("systemd", "beside one without logoff"), lend("systemd", "without logoff", without_logoff)
    if there.run("ip link show lab0").status:
        here.connect(there)
        here.path("/etc/logoff").mkdir()
        here.path("/etc/logoff/hosts").write_text(f"sudoer ssh user=carol sudo host={NAME}\n")
    return here, there


def query(here, *words, **options):
    return here.run(["query", *words], **options)


def left_running(here):
    return [one for one in here.processes() if one.name in ("ssh", "logoff-host")]


def test_list(far):
    here, there = far
    one = sessions.ssh(there, "alice")
    other = sessions.fake(there, "bob", tty="pts/50")

    result = query(here, "session", THERE, "/json:lines")

    assert result.status == OK and result.err == f"query: {NAME}: {LACKS}\n", result
    lines = [json.loads(line) for line in result.out.splitlines()]
    rows = {line["id"]: line for line in lines if line["type"] == "session"}
    assert set(rows) == {one.id, other.id}, "our own connection is a session of nobody, and nothing is missing"
    assert {row["host"] for row in rows.values()} == {NAME}
    assert {row["idle_seconds"] for row in rows.values()} == {None}
    assert rows[other.id]["user"] == "bob" and rows[other.id]["name"] == "pts/50"
    assert [line["way"] for line in lines if line["type"] == "host"] == ["bus"]
    assert left_running(here) == []


def test_as_a_table(far):
    here, there = far
    sessions.fake(there, "bob", tty="pts/50")

    result = query(here, "user", THERE)

    assert result.status == OK, result
    assert len(result.out.splitlines()) == 2 and re.search(r"^ bob +pts/50 +\S+ +Active +\? ", result.out, re.M), result.out


@pytest.mark.parametrize("how", ["root", "sudo"])
def test_log_off_one_that_is_stubborn(far, how):
    here, there = far
    session = sessions.ssh(there, "alice")
    session.spawn("stubborn stays", "stays")
    kept = sessions.ssh(there, "bob")
    before, others = session.processes(), kept.processes()
    server = THERE if how == "root" else "/server:sudoer"

    result = logoff(here, session.id, server, "/grace:2", "/v")

    assert result.status == OK, result.text
    assert "the host has deleted it; its processes could not be seen" in result.err
    assert_gone(session, before)
    assert_untouched(kept, others)
    assert 2 <= result.seconds < 8
    assert left_running(here) == []


def test_record(far):
    """There is one, on the host of the administrator."""
    here, there = far
    session = sessions.fake(there, "bob", tty="pts/50")
    assert logoff(here, session.id, THERE, "/reason:update").status == OK

    records = here.check(f"journalctl --sync; journalctl --output=json LOGOFF_SESSION={session.id} LOGOFF_USER=bob").splitlines()

    fields, = [json.loads(record) for record in records]
    assert (fields["LOGOFF_HOST"], fields["LOGOFF_REASON"], fields["LOGOFF_RESULT"]) == (NAME, "update", "ended")
    assert there.run("journalctl --quiet SYSLOG_IDENTIFIER=logoff").out == ""


def twenty_with_equal_ids(here, there):
    kept, apart = [], 1
    while apart:    # a user's first session may begin a session of their manager, which has an id too
        one, other = sessions.fake(here, "bob"), sessions.fake(there, "bob")
        apart = int(one.id.lstrip("c")) - int(other.id.lstrip("c"))
        kept += [one, other]
        if apart:
            kept.append(sessions.fake(there, "bob", count=apart) if apart > 0 else sessions.fake(here, "bob", count=-apart))
        assert len(kept) < 30
    mine, theirs = sessions.fake(here, "bob", count=20), sessions.fake(there, "bob", count=20)
    assert mine.ids == theirs.ids
    return mine, theirs, kept


def test_twenty_whose_ids_are_here_too(far, tmp_path):
    """From sixteen on root signals the processes of a session itself: of this host there are some of each id."""
    here, there = far
    mine, theirs, _ = twenty_with_equal_ids(here, there)
    running = here.named("sleep")
    trace = tmp_path / "trace"
    command = here.command(["logoff", "/user:bob", "/y", THERE])

    done = subprocess.run(["strace", "-f", "-o", trace, *command], capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)

    assert done.returncode == OK, done.stdout + done.stderr
    assert not set(theirs.ids) & set(there.session_ids())
    assert set(mine.ids) <= set(here.session_ids())
    assert here.survivors(running) == running
    lines = trace.read_text().splitlines()
    start = min(i for i, line in enumerate(lines) if re.search(r'execve\("[^"]*/logoff-host"', line))
    # The command itself looks which session of this host is the caller's; it signals nobody either.
    own = next(line.split()[0] for line in lines if re.search(r'execve\("[^"]*/logoff"', line))
    there_only = [line for line in lines[start:] if line.split()[0] != own]
    assert [line for line in there_only if re.search(OURS, line) and not re.search(r'"/proc/\d+/loginuid"|sun_path=', line)] == []
    assert not [line for line in lines[start:] if re.search(r"\b(kill|tgkill|pidfd_send_signal)\(", line)]


def test_unknown_never_selects(far):
    here, there = far
    session = sessions.ssh(there, "alice")
    before = session.processes()
    for condition in ("/idle:1", "/older:1"):
        result = logoff(here, "/user:alice", condition, "/y", THERE)
        assert result.status == NO_SESSION, result
    assert logoff(here, "/user:alice", "/keep:vim", "/y", THERE).status in (OK, NO_SESSION)
    assert logoff(here, "/all", "/exclude:group:sudo", "/y", THERE).status != OK
    assert_untouched(session, before)


def test_all_spares_the_bridge(far):
    here, there = far
    one, other = sessions.ssh(there, "root"), sessions.ssh(there, "alice")
    before = other.processes()

    result = logoff(here, "/all", "/y", THERE)

    assert result.status == OK, result.text
    assert_gone(other, before)
    assert not one.exists() and result.err.count("the host has deleted it") == 2, result.err


def test_two_administrators(far):
    """Each sees the other's bridge, as a session of the account by which it came."""
    here, there = far
    bridge = here.start(["ssh", NAME, "systemd-stdio-bridge"], stdin=subprocess.PIPE)
    wait_until(lambda: there.named("systemd-stdio-b"), what="the other bridge runs")

    result = query(here, "session", THERE, "/columns:user")

    assert result.out.split() == ["USERNAME", "root"], result
    bridge.stdin.close()
    bridge.wait(10)


def test_without_rights(far):
    here, there = far
    session = sessions.ssh(there, "bob")
    before = session.processes()

    result = here.run(["logoff", session.id, THERE], user="alice")

    assert result.status == DENIED, result
    assert_untouched(session, before)


def test_own_session_without_rights(far):
    here, there = far
    session = sessions.ssh(there, "alice")
    before = session.processes()

    result = here.run(["logoff", session.id, THERE], user="alice")

    assert result.status == OK, result
    assert_gone(session, before)


def test_warning(far):
    """Nobody is reached, which is said of each; the time runs all the same."""
    here, there = far
    session = sessions.ssh(there, "alice")

    result = logoff(here, "/user:alice", "/warn:2", "/y", THERE)

    assert result.status == OK, result
    assert "alice could not be warned (terminals and desktops of another machine are not reached)" in result.err, result.err
    assert result.seconds >= 2 and not session.exists()


def broken_log_off(here, session, meanwhile=None):
    """ssh is killed when the session, which does not end, has been asked to. Returns the log-off's end."""
    process = here.start(["logoff", session.id, THERE, "/grace:6", "/timeout:3"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: session.property("State") == "closing", what="the session was asked to end")
    if meanwhile:
        here.check("pkill -STOP -x ssh")
        meanwhile()
    here.check("pkill -KILL -x ssh")
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def test_broken_connection(far):
    """The session stays as it is, as nobody there kills what is left of it: that is said, and a second log-off does."""
    here, there = far
    session = sessions.ssh(there, "alice")
    stays = session.spawn("stubborn stays", "stays")

    status, text = broken_log_off(here, session)

    assert status == UNREACHABLE, text
    assert "; the session is closing\n" in text, text
    assert there.survivors([stays]) == [stays] and session.property("State") == "closing"
    assert left_running(here) == []
    assert logoff(here, session.id, THERE, "/grace:1").status == OK
    assert there.survivors([stays]) == [] and not session.exists()


def test_broken_connection_and_it_is_gone(far):
    """The second connection leads to the same bus, so it is the same machine."""
    here, there = far
    session = sessions.ssh(there, "alice")
    session.spawn("stubborn stays", "stays")

    def end():
        there.check("pkill -KILL -x stays")
        wait_until(lambda: not session.exists(), what="the session is gone")

    status, text = broken_log_off(here, session, meanwhile=end)

    assert status == OK, text
    assert "the host has deleted it; its processes could not be seen" in text
    assert not session.exists()


def test_killed_command(far):
    """logoff-host here has the connection, and carries the log-off through."""
    here, there = far
    session = sessions.ssh(there, "alice")
    stays = session.spawn("stubborn stays", "stays")
    process = here.start(["logoff", session.id, THERE, "/grace:3"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_until(lambda: session.property("State") == "closing", what="the session was asked to end")

    here.check("pkill -KILL -x logoff")

    process.wait(10)
    wait_until(lambda: not session.exists(), what="the session is gone")
    assert there.survivors([stays]) == []
    wait_until(lambda: left_running(here) == [], what="ssh and logoff-host have ended")
    assert here.check(f"journalctl --sync; journalctl --output=cat LOGOFF_SESSION={session.id} LOGOFF_USER=alice").splitlines()[0].endswith(": ended")


def test_no_bridge(far):
    here, there = far
    there.check("mv /usr/bin/systemd-stdio-bridge /root")
    try:
        result = query(here, "user", THERE)
    finally:
        there.check("mv /root/systemd-stdio-bridge /usr/bin")
    assert result.status == UNREACHABLE
    assert result.err == f"query: {NAME}: logoff-host is not installed there, nor systemd's bridge\n"


def test_no_bus(far):
    """The bridge is there, but dbus is not."""
    here, there = far
    there.check("systemctl stop dbus.socket dbus.service")
    try:
        result = query(here, "user", THERE, "/timeout:10")
    finally:
        there.check("systemctl start dbus.socket dbus.service; systemctl restart systemd-logind")
    assert result.status == UNREACHABLE and len(result.out.splitlines()) == 1, result
    assert len(result.err.splitlines()) == 1 and result.err.startswith(f"query: {NAME}: "), result.err


def test_together_with_others(far):
    """What is not known is said once for the hosts that are asked so; here has logoff-host."""
    here, there = far
    sessions.ssh(there, "alice")
    sessions.ssh(here, "bob")

    result = query(here, "user", f"{THERE},ssh://127.0.0.1", "/columns:host,user")

    assert result.status == OK, result
    assert result.err.splitlines()[0] == f"query: {NAME}: {LACKS}"
    assert sorted(line.split() for line in result.out.splitlines()[1:]) == [[NAME, "alice"], ["127.0.0.1", "bob"]]
