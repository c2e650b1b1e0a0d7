# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's desktop, and a session by ssh beside it: what each has given to the user's service manager is its own."""

import json
import re
import shlex
import time

import pytest

import sessions
from cases import NO_SESSION, OK, UNREACHABLE, assert_gone, assert_untouched, logoff
from host import wait_until
from test_guests import prepare_unaudited

APP = "systemd-run --user --scope --quiet --slice=app.slice --unit=app-org.kde.kate-{}"


@pytest.fixture
def desk(host):
    return sessions.RdpSession(host, "alice")


@pytest.fixture
def shell(host, desk):
    return sessions.ssh(host, "alice")


def of_session(host, pid):
    """The session of a process, as query process says."""
    rows = json.loads(host.check("query process '*' --json"))
    return next(row["session_id"] for row in rows if row["pid"] == pid)


def result_of(host, path):
    """What a program that nobody waits for has written, and its exit status."""
    wait_until(lambda: host.run(f"grep -q ^status: {path}").status == 0, 15, "it has ended")
    text, status = re.fullmatch(r"(?s)(.*)status:(\d+)\s*", host.check(f"cat {path}; rm {path}")).groups()
    return text, int(status)


def run_apart(shell, command):
    """Runs COMMAND as in a terminal multiplexer that systemd-run has put into a scope, and whose parent is gone."""
    script = f"(setsid sh -c {shlex.quote(command + ' >/tmp/apart 2>&1; echo status:$? >>/tmp/apart')} &) ; sleep 0.2"
    shell.sh("systemd-run --user --scope --quiet sh -c " + shlex.quote(script))
    return result_of(shell.host, "/tmp/apart")


def test_in_a_scope_of_their_own(desk, shell):
    """By the audit session it is the session by ssh, whoever adopts the process."""
    before = desk.processes()
    text, status = run_apart(shell, "logoff /dryrun")
    assert status == OK and re.search(rf"\b{shell.id}\b", text) and not re.search(rf"\b{desk.id}\b", text), text
    others, host = shell.processes(), shell.host
    with pytest.raises(sessions.Ended):
        run_apart(shell, "logoff")
    wait_until(lambda: not shell.exists(), 10, "the session by ssh has ended")
    assert host.survivors(others) == []
    assert_untouched(desk, before)


def test_in_a_scope_without_an_audit_session(lend):
    """It may be of any session of its user, so none of them is selected there."""
    host = lend("systemd", "unaudited", prepare_unaudited)
    shell, other = sessions.ssh(host, "alice"), sessions.ssh(host, "alice")
    before, others = shell.processes(), other.processes()
    text, status = run_apart(shell, "logoff /user:alice /y")
    assert status == NO_SESSION and "2 sessions are left alone" in text, text
    assert_untouched(shell, before)
    assert_untouched(other, others)


def test_a_selection_there_means_the_desktop(desk, shell):
    """It spares the caller's own session, which is the one by ssh."""
    before = shell.processes()
    text, status = run_apart(shell, "logoff /user:alice /y")
    assert status == OK, text
    assert not desk.exists()
    assert_untouched(shell, before)


def test_what_the_manager_runs_is_in_no_session(desk, shell):
    """A timer, a service of the user's: nobody can tell from where it was begun, so no session is ended as the caller's own."""
    before, others = desk.processes(), shell.processes()
    for words in ("logoff", "tskill xterm"):
        out, status = shell.shell.run(f"systemd-run --user --quiet --pipe --wait {words}")
        assert status == NO_SESSION and "you are not in a session" in out, out
    assert_untouched(desk, before)
    assert_untouched(shell, others)


def test_of_two_desktops_nobody_can_tell(host, desk):
    """A terminal that the manager runs may be of either: the other's user would lose their work."""
    other = sessions.RdpSession(host, "alice", "Xvnc")
    before, others = desk.processes(), other.processes()
    for words in ("logoff", "logoff /user:alice /y", "tskill xterm"):
        result = host.run(f"systemd-run --user --quiet --collect --unit=org.gnome.Terminal.service --slice=app.slice --pipe --wait {words}",
                          user="alice", env={"XDG_RUNTIME_DIR": "/run/user/1000"})
        assert result.status == NO_SESSION, (words, result.text)
        assert_untouched(other, others)
        assert_untouched(desk, before)


def test_a_terminal_of_an_older_desktop(host, desk, shell):
    """It goes on in the manager when its desktop has ended. The next desktop is not its session, however young its commands are."""
    host.check("rm -f /tmp/apart")    # of a case whose own session has ended
    script = "while [ ! -e /tmp/go ]; do sleep 0.1; done; logoff >/tmp/apart 2>&1; echo status:$? >>/tmp/apart"
    host.check(f"systemd-run --user --quiet --unit=org.gnome.Terminal.service --slice=app.slice sh -c '{script.replace('$', '$$')}'",
               user="alice", env={"XDG_RUNTIME_DIR": "/run/user/1000"})
    host.check(f"loginctl kill-session {desk.id} --signal=KILL")
    wait_until(lambda: not desk.exists(), 15, "the first desktop has ended")
    other = sessions.RdpSession(host, "alice")
    before = other.processes()
    try:
        host.check("touch /tmp/go")
        text, status = result_of(host, "/tmp/apart")
    finally:
        host.check("rm -f /tmp/go")
    assert status == NO_SESSION, text
    assert_untouched(other, before)


@pytest.mark.parametrize("become", ["sudo -i", "sudo su -", "exec sudo -i"])
def test_a_shell_of_root_in_a_terminal_of_a_desktop(host, become):
    """A service of the user's manager holds the terminal, and the shell is in a scope of that; systemd 256 and later makes a session for
    root's. A selection spares the desktop, on which the caller depends."""
    host.path("/etc/sudoers.d/alice").write_text("alice ALL=(ALL) NOPASSWD: ALL\n")
    host.path("/etc/sudoers.d/alice").chmod(0o440)
    desk, other = sessions.RdpSession(host, "alice"), sessions.ssh(host, "bob")
    host.check("rm -f /tmp/typed /tmp/apart; mkfifo -m 666 /tmp/typed")
    shell = "systemd-run --user --scope --quiet --slice=app.slice --unit=vte-spawn-1 bash --norc"
    host.path("/home/alice/window").write_text(f"exec 3<>/tmp/typed\nexec script -q -f -c '{shell}' /dev/null <&3\n")
    host.check("systemd-run --user --quiet --unit=org.gnome.Terminal.service --slice=app.slice bash /home/alice/window",
               user="alice", env={"XDG_RUNTIME_DIR": "/run/user/1000"})
    before = desk.processes()
    try:
        host.check(f"printf '{become}\n' >/tmp/typed")
        wait_until(lambda: host.run("printf 'id -u >/tmp/apart\\n' >/tmp/typed; sleep 0.3; grep -q ^0 /tmp/apart").status == 0, 10, "root's shell")
        host.check("printf 'logoff /all /y /grace:1 >/tmp/apart 2>&1; echo status:$? >>/tmp/apart\n' >/tmp/typed")
        text, status = result_of(host, "/tmp/apart")
        assert status == OK and not other.exists(), text
        assert_untouched(desk, before)
    finally:
        host.check("rm -f /tmp/typed /etc/sudoers.d/alice /home/alice/window")


SERVICE = "systemd-run --user --quiet --unit={1}{0} --slice=app.slice stubborn {0}"


def start(host, name):
    """What a desktop has the manager run, which tells nothing of the desktop but its time."""
    host.check(SERVICE.format(name, "" if "-" in name else "app-"), user="alice", env={"XDG_RUNTIME_DIR": "/run/user/1000"})
    wait_until(lambda: host.named(name), 10, f"{name} runs")
    return host.named(name)[0]


def run_beside(host, process, command):
    """Runs COMMAND as root in the control group of a process, and waits for nothing."""
    group = process.cgroup.split("/payload", 1)[1]
    host.check(f"sh -c 'echo $$ >/sys/fs/cgroup{group}/cgroup.procs; exec setsid -f {command}' </dev/null >/dev/null 2>&1")


def run_in(session, command):
    """The same in that of a session."""
    run_beside(session.host, session.processes()[0], command)


def start_of_root(host, process):
    """A program of root, as by sudo, in the control group of a process."""
    run_beside(host, process, "stubborn rooted")
    wait_until(lambda: host.named("rooted"), 10, "it runs")
    return host.named("rooted")[0]


@pytest.fixture
def two(host, desk, shell):
    """Two desktops of one user, and a third session, by which the manager stays."""
    early = start(host, "early")
    other = sessions.RdpSession(host, "alice", "Xvnc")
    return desk, other, early, start(host, "late")


def test_the_younger_of_two_desktops(host, two):
    """Nobody can tell which of them has begun what has begun since, and so not that every process has ended."""
    desk, other, early, late = two
    before, others = desk.processes(), other.processes()
    result = logoff(host, other.id, "/grace:1", "/wait:20")
    assert_gone(other, others)
    assert_untouched(desk, before)
    assert host.alive(early) and host.alive(late)
    assert result.status == UNREACHABLE and str(late.pid) in result.text and str(early.pid) not in result.text, result.text
    assert "nobody can tell" in result.text and result.seconds < 10, result.text


def test_the_older_of_two_desktops(host, two):
    """What has begun before the other is its own."""
    desk, other, early, late = two
    others = other.processes()
    result = logoff(host, desk.id, "/grace:1", "/wait:20")
    assert_untouched(other, others)
    assert not host.alive(early) and host.alive(late)
    assert result.status == UNREACHABLE and str(late.pid) in result.text and "nobody can tell" in result.text, result.text


def test_a_name_means_no_program_of_either(host, shell, two):
    """tskill ends a program that may be of two desktops by its number only, and /keep spares both."""
    desk, other, early, late = two
    assert of_session(host, early.pid) == desk.id and of_session(host, late.pid) == "?"
    for session in (desk, other):
        result = host.run(["tskill", "late", f"/id:{session.id}"])
        assert result.status == UNREACHABLE and str(late.pid) in result.text and "nobody can tell" in result.text, result.text
    result = logoff(host, "/user:alice", "/keep:late", "/y")
    assert desk.exists() and other.exists() and not shell.exists(), result.text
    assert "2 sessions are left alone" in result.text and host.alive(late), result.text
    assert host.run(["tskill", str(late.pid), "/grace:0"]).status == OK and not host.alive(late)
    assert host.run(["tskill", "early", f"/id:{desk.id}", "/grace:0"]).status == OK and not host.alive(early)


def test_a_program_of_two_desktops_spares_nobody_else(host, two):
    """Root's now, as by sudo: it may be of each desktop of its user, and not of another user's session."""
    desk, other, early, late = two
    bob = sessions.ssh(host, "bob", tty=False)
    rooted = start_of_root(host, late)
    try:
        assert of_session(host, rooted.pid) == "?"
        result = logoff(host, "/user:alice,bob", "/keep:rooted", "/y", "/grace:1")
        assert desk.exists() and other.exists() and not bob.exists() and host.alive(rooted), result.text
        assert "2 sessions are left alone" in result.text, result.text
    finally:
        host.check(f"kill -KILL {rooted.pid}")


def test_what_may_be_of_a_session_is_shown_with_it(host, shell, two):
    """By its id and by its name, with "?" for its session; not with a session that has not begun it."""
    desk, other, early, late = two
    for session, words in ((desk, [f"/id:{desk.id}"]), (other, [f"id:{other.id}"]), (other, [f"/id:{other.id}"]), (shell, [shell.tty])):
        rows = {row["pid"]: row["session_id"] for row in json.loads(host.check(["query", "process", *words, "--json"]))}
        assert (late.pid in rows) == (session is not shell) and set(rows.values()) == {session.id, *(["?"] if late.pid in rows else [])}, rows
        assert (early.pid in rows) == (session is desk), rows
        assert all(pid in rows for pid in [session.processes()[0].pid])


SAVER = "trap '' HUP; trap 'sleep 1.5; touch /tmp/saved; exit' TERM; touch /tmp/ready; while :; do sleep 0.1; done"


def test_what_becomes_certain_has_its_grace(host, desk, shell):
    """A program that may be of both is asked when one of them has ended, and has the whole grace to save."""
    other = sessions.RdpSession(host, "alice", "Xvnc")
    host.check("rm -f /tmp/saved /tmp/ready; systemd-run --user --quiet --unit=app-saver --slice=app.slice sh -c " + shlex.quote(SAVER),
               user="alice", env={"XDG_RUNTIME_DIR": "/run/user/1000"})
    wait_until(host.path("/tmp/ready").exists, 10, "it runs")
    run_in(other, "stubborn keeper")
    wait_until(lambda: host.named("keeper"), 5, "so that it takes its whole grace")
    try:
        result = logoff(host, desk.id, other.id, "/grace:3", "/wait:30", "/v")
        assert result.status == OK and host.path("/tmp/saved").exists(), result.text
    finally:
        host.check("rm -f /tmp/saved /tmp/ready")


def test_the_own_desktop_ends_though_something_is_left(host, two):
    """A shell waits for logoff, and would end with it: the session ends with both."""
    desk, other, early, late = two
    before = other.processes()
    run_in(desk, "sh -c \"trap \\\"\\\" TERM HUP; logoff /grace:1 /wait:10; exec stubborn after\"")
    wait_until(lambda: not desk.exists(), 15, "it has ended")
    assert host.alive(late) and not host.named("after")
    assert_untouched(other, before)


def test_the_own_desktop_ends_though_a_program_of_root_is_left(host, desk, shell):
    """By sudo in a window of a terminal, say: its user may not end it, and the session ends with the shell that waits all the same."""
    window = start(host, "window")
    rooted = start_of_root(host, window)
    before = shell.processes()
    try:
        run_in(desk, "setpriv --reuid=1000 --regid=1000 --clear-groups sh -c \"trap \\\"\\\" TERM HUP; logoff /grace:1 /wait:10; exec stubborn after\"")
        wait_until(lambda: not desk.exists(), 20, "it has ended")
        assert host.alive(rooted) and not host.named("after")
        assert_untouched(shell, before)
    finally:
        host.check(f"kill -KILL {rooted.pid}")


def test_both_desktops_from_one_of_them(host, two):
    """The own session ends last, so nobody waits for it to tell whose the programs are."""
    desk, other, early, late = two
    group = other.processes()[0].cgroup.split("/payload", 1)[1]
    started = time.monotonic()
    host.start(["sh", "-c", f"echo $$ >/sys/fs/cgroup{group}/cgroup.procs; exec logoff {desk.id} {other.id} /grace:1 /wait:40 /y"])
    wait_until(lambda: not desk.exists() and not other.exists(), 20, "both have ended")
    assert time.monotonic() - started < 20 and not host.alive(early)


def test_a_service_of_the_first_desktop(host, desk, shell):
    """What began while it was the only one ends with it, but for what each desktop needs."""
    own, *needed = [start(host, name) for name in ("gnome-lab", "gvfs-lab", "gnome-keyring-x")]
    other = sessions.RdpSession(host, "alice", "Xvnc")
    others = other.processes()
    result = logoff(host, desk.id, "/grace:1")
    assert result.status == OK and not host.alive(own) and all(host.alive(one) for one in needed), result.text
    assert_untouched(other, others)
    result = logoff(host, other.id, "/grace:1")
    assert result.status == OK and not any(host.alive(one) for one in needed), result.text


def test_what_each_desktop_needs_ends_with_the_last(host, desk, shell):
    """Of two that end in one run too, though it began with the older and nobody can tell for whom it runs while both are there."""
    needed = start(host, "gvfs-lab")
    assert of_session(host, needed.pid) == desk.id
    other = sessions.RdpSession(host, "alice", "Xvnc")
    assert of_session(host, needed.pid) == "?"
    before = shell.processes()
    result = logoff(host, desk.id, other.id, "/grace:1", "/wait:20")
    assert result.status == OK and not host.alive(needed), result.text
    assert_untouched(shell, before)


def test_both_desktops(host, shell, two):
    """Of two that end, all programs end."""
    desk, other, early, late = two
    before = shell.processes()
    result = logoff(host, desk.id, other.id, "/grace:1", "/wait:20")
    assert result.status == OK, result.text
    assert not host.alive(early) and not host.alive(late)
    assert_untouched(shell, before)


def test_the_desktop_ends_and_the_other_session_keeps_its_own(desk, shell):
    editor = shell.spawn(APP.format(1) + " stubborn editor", "editor")
    assert "app.slice/app-org.kde.kate-1.scope" in editor.cgroup
    assert of_session(shell.host, editor.pid) == shell.id
    before, others = desk.processes(), shell.processes()

    result = logoff(desk.host, desk.id, "/grace:1", "/v")

    assert result.status == OK, result.text
    assert_gone(desk, before)
    assert_untouched(shell, others)
    assert shell.host.alive(editor) and "editor" not in result.text, result.text
    assert logoff(shell.host, shell.id, "/grace:1").status == OK
    assert not shell.host.alive(editor)


def test_what_was_moved_is_asked_with_the_rest(host):
    """It has the whole grace to save, also beside a process that refuses to end."""
    session = sessions.ssh(host, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    session.sh("(" + APP.format(2) + " setsid sh -c 'trap \"sleep 0.5; date >/tmp/saved; exit\" TERM HUP; : >/tmp/ready; while :; do sleep 0.1; done' &)")
    wait_until(host.path("/tmp/ready").exists, 10, "it runs")
    try:
        result = logoff(host, session.id, "/grace:3")
        assert result.status == OK, result.text
        assert host.path("/tmp/saved").exists(), result.text
    finally:
        host.check("rm -f /tmp/saved /tmp/ready")
