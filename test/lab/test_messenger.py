# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages between people who are not root to each other: what a window inherits, and the message service.

The program with the window is replaced by one that writes down what it was given: it is in the recipient's hands, so
whatever of the sender is in it, the recipient has. The service is asked by its own interface as well, as a caller would
who does not use msg.
"""

import errno
import json
import re
import subprocess
import time
from collections import Counter
from random import Random

import pytest

import sessions
from cases import CANCELLED, DENIED, OK, UNREACHABLE, assert_gone, logoff
from host import finish, wait_until
from test_msg import PASSWORD_PROMPT, as_user, desktop, msg, rdp, shown, start_msg  # noqa: F401: fixtures
from test_stuck import hangfs, hanging  # noqa: F401
from test_whole import two_terminals  # noqa: F401

BUS_FILE = "/usr/local/share/dbus-1/system-services/org.logoff.Messenger1.service"
RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.login1.manage" && subject.user == "bob") return polkit.Result.YES;
});
"""
NOTHING_OF_OURS = {"PATH", "HOME", "DISPLAY", "XAUTHORITY", "LC_ALL", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
                   "NO_AT_BRIDGE"}


@pytest.fixture
def help_desk(host):
    """bob may log everybody off."""
    rule = host.path("/etc/polkit-1/rules.d/50-lab.rules")
    rule.write_text(RULE)
    host.restart("polkit")
    yield "bob"
    rule.unlink()
    host.restart("polkit")


@pytest.fixture
def without_service(host):
    """The message service is not installed."""
    file = host.path(BUS_FILE)
    if not file.exists():
        yield
        return
    host.check(f"systemctl stop logoff-messenger; mv {BUS_FILE} {BUS_FILE}.off && systemctl reload dbus")
    yield
    host.check(f"mv {BUS_FILE}.off {BUS_FILE} && systemctl reload dbus")


@pytest.fixture(params=["service", "no service"])
def with_or_without(request):
    if request.param == "no service":
        request.getfixturevalue("without_service")
    return request.param


@pytest.fixture
def probe(rdp):
    """An xrdp session whose window program writes down what it was given."""
    rdp.host.check("mv /usr/bin/xmessage /usr/bin/xmessage.real && cp /usr/local/bin/window-probe /usr/bin/xmessage; "
                   "rm -f /tmp/window-probe.*")
    yield rdp
    rdp.host.check("pkill -KILL -f '^/usr/bin/python3 /usr/bin/xmessage' || :; mv /usr/bin/xmessage.real /usr/bin/xmessage")


def written_down(session):
    file = session.host.path("/tmp/window-probe.json")
    wait_until(file.exists, 10, "the program has been started")
    return json.loads(file.read_text())


def title(text):
    return text.partition("\n")[0]


# -- several terminals of one session -----------------------------------------------------------

STOP = "python3 -c \"import os, termios; termios.tcflow(os.open('/dev/{}', os.O_RDWR | os.O_NOCTTY), termios.TCOOFF)\""


def test_message_to_all_terminals_of_a_session(host, two_terminals):
    first, second = two_terminals
    assert msg(host, first.id, "to both").status == OK
    for one in two_terminals:
        one.shell.expect("to both\n", 5)
    # a stopped terminal does not affect the others, and is no failure
    host.check(STOP.format(first.tty))
    result = msg(host, first.id, "/v", "to one")
    assert result.status == OK and result.seconds < 4, result.text
    second.shell.expect("to one\n", 5)
    host.check(STOP.format(second.tty))
    result = msg(host, first.id, "to none")
    assert result.status == 5 and first.id in result.err and len(result.err.splitlines()) == 1, result.text


def test_help_desk_writes_to_all_terminals(host, two_terminals, help_desk):
    first, second = two_terminals
    host.check(STOP.format(first.tty))
    assert msg(host, first.id, "to one", user="bob").status == OK
    second.shell.expect("to one\n", 5)


# -- what a window inherits ---------------------------------------------------------------------

def test_window_has_nothing_of_the_sender(probe, with_or_without):
    """carol, who has become root, has a key, a group, limits and more; alice has the window."""
    carol = sessions.ssh(probe.host, "carol")
    audit = carol.sh("cat /proc/self/sessionid")
    mark = carol.shell.begin(
        "su root -c 'exec 9</etc/shadow; trap \"\" USR1 HUP; umask 000; ulimit -c unlimited; ulimit -s 12345; "
        "renice -n 5 -p $$ >/dev/null; echo 300 >/proc/self/oom_score_adj; export LAB_SECRET=1; "
        f"window-probe --key lab-key msg {probe.id} hello'")
    carol.shell.answer(PASSWORD_PROMPT, "pw-root")
    out, status = carol.shell.result(mark)
    assert status == OK, out
    found = written_down(probe)

    status = found["status"]
    assert title(found["text"]).startswith("Message from carol")
    assert found["loginuid"] == "1000"
    assert found["sessionid"] not in (audit, "4294967295")
    assert all(f"session-{carol.id}.scope" not in line for line in found["cgroup"].splitlines())
    assert f"/session-{probe.id}.scope" in found["cgroup"]
    assert not found["key"]
    assert found["fds"] == [0, 1, 2]
    assert {one.partition("=")[0] for one in found["environ"] if one} == NOTHING_OF_OURS
    for line in ("Uid:\t1000\t1000\t1000\t1000", "Groups:\t ", "NoNewPrivs:\t1", "Umask:\t0077", "SigBlk:\t0000000000000000",
                 "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                 "CapAmb:\t0000000000000000"):
        assert line in status.splitlines(), f"{line!r}: {status}"
    ignored, = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn")]
    # Python itself ignores SIGPIPE and SIGXFSZ.
    assert ignored & ~(1 << 12 | 1 << 24) == 0
    after_name = found["stat"].rpartition(")")[2].split()
    assert after_name[4] == "0" and after_name[16] == "0", "a terminal, or a nice value"
    assert found["oom_score_adj"] == "0\n"
    assert found["keyrings"], "this machine shows no keyrings, so nothing was tried"
    limits = {line[:26].strip(): line[26:].split() for line in found["limits"].splitlines()}
    assert limits["Max core file size"][:2] == ["0", "0"]
    assert limits["Max stack size"][0] != str(12345 * 1024)
    assert "hello" not in " ".join(found["arguments"])

    # The window is open, and the sender's session ends with the sender.
    carol.leave()
    wait_until(lambda: not carol.exists(), 5, "carol's session is gone, not closing")
    assert len(probe.host.named("xmessage")) == 1


def test_kernel_that_keeps_the_login_uid(probe, without_service):
    """If an item cannot be dropped, the message is not shown: here the sender may not set the login uid, as where the
    kernel forbids it.
    """
    carol = sessions.ssh(probe.host, "carol")
    mark = carol.shell.begin("su root -c 'setpriv --inh-caps=-all --bounding-set=-audit_control "
                             f"msg {probe.id} hello'")
    carol.shell.answer(PASSWORD_PROMPT, "pw-root")
    out, status = carol.shell.result(mark)
    assert status == 6 and "login uid" in out, out
    assert not probe.host.path("/tmp/window-probe.json").exists()


def test_service_where_the_kernel_keeps_the_login_uid(probe):
    carol = sessions.ssh(probe.host, "carol")
    mark = carol.shell.begin("su root -c 'setpriv --inh-caps=-all --bounding-set=-audit_control "
                             f"msg {probe.id} hello'")
    carol.shell.answer(PASSWORD_PROMPT, "pw-root")
    assert carol.shell.result(mark)[1] == OK
    assert written_down(probe)["loginuid"] == "1000"


def test_second_address_of_a_bus_starts_no_program(rdp, with_or_without):
    """alice's programs say where the bus is; what else they say there is not followed."""
    host = rdp.host
    bait = "unix:path=/nonexistent;unixexec:path=/usr/bin/touch,argv1=/tmp/lab-bait"
    host.check(["systemd-run", "--quiet", "--uid=alice", f"--setenv=DISPLAY={rdp.display}",
                f"--setenv=DBUS_SESSION_BUS_ADDRESS={bait}", "--unit=bait", "sleep", "60"])
    try:
        msg(host, rdp.id, "hello")
        time.sleep(0.3)
        assert not host.path("/tmp/lab-bait").exists()
    finally:
        host.check("systemctl stop bait; rm -f /tmp/lab-bait")


@pytest.mark.parametrize("program", ["zenity", "yad", "gxmessage", "xmessage"])
def test_text_is_on_no_command_line(probe, program):
    """Everybody can read those, in /proc."""
    probe.host.check(f"test -e /usr/bin/{program} || cp /usr/local/bin/window-probe /usr/bin/{program}")
    try:
        assert msg(probe.host, probe.id, "a secret & <b>two</b> \\n").status == OK
        found = written_down(probe)
    finally:
        probe.host.check(f"pkill -KILL -f '^/usr/bin/python3 /usr/bin/{program}' || :; "
                         f"test {program} = xmessage || rm /usr/bin/{program}")
    assert "secret" not in " ".join(found["arguments"]) and "root" not in " ".join(found["arguments"])
    assert title(found["text"]).startswith("Message from root, ")
    assert found["text"].endswith("\n\na secret & <b>two</b> \\n")


def test_warning_means_itself_on_a_desktop(desktop):
    """Its first sentence is what a notification calls the summary, which is never markup; the body may be."""
    running = desktop.host.start(["logoff", desktop.id, "/warn:20", "save <now> & go"])
    wait_until(lambda: as_user(desktop, "dunstctl count displayed").out.strip() == "1", 5, "it is shown")
    ((summary, body, _),) = shown(desktop)
    desktop.host.check("pkill -INT -x logoff")
    finish(running, 10)
    assert summary == "root logs you off in 20 seconds."
    assert body == "Save your work now.\nsave &lt;now&gt; &amp; go"


def test_display_that_another_user_has_taken(host):
    """alice's X server has ended, and bob has one of its number, which lets in everybody: the text is not for bob."""
    session = sessions.fake(host, "alice", type="x11", display=":55", service="sddm")
    host.start(["Xvfb", ":55", "-ac"], user="bob", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(host.path("/tmp/.X11-unix/X55").exists, 10, "bob's X server is up")
    try:
        result = msg(host, session.id, "a secret")
        assert result.status == 6, result.text
        assert not host.named("xmessage")
    finally:
        host.run("pkill -KILL -u bob; rm -f /tmp/.X55-lock /tmp/.X11-unix/X55")


# -- the right to log off is the right to warn --------------------------------------------------

def test_help_desk_writes_to_terminals(host, help_desk):
    bob, alice = sessions.ssh(host, "bob"), sessions.ssh(host, "alice")
    alice.refuse_messages()
    out, status = bob.shell.run(f"msg {alice.id} /v please save")
    assert status == OK and "terminal" in out, out
    heard = alice.shell.expect(r"(?s)(.*)\nplease save\n", 5).group(1)
    assert "Message from bob, " in heard


def test_help_desk_to_a_desktop(desktop, help_desk):
    result = msg(desktop.host, desktop.id, "/v", "please save", user="bob")
    assert result.status == OK and "desktop" in result.out, result.text
    ((summary, body, _),) = shown(desktop)
    assert summary.startswith("Message from bob, ") and body == "please save"


def test_longest_text(desktop):
    """8192 bytes, each of which is shown as four."""
    result = desktop.host.run(f"head -c 8192 /dev/zero | tr '\\0' '\\1' | msg {desktop.id} /v")
    assert result.status == OK and "desktop" in result.out, result.text
    ((_, body, _),) = shown(desktop)
    assert body.startswith("\\x01\\x01")


def test_help_desk_opens_a_window(probe, help_desk):
    result = msg(probe.host, probe.id, "/v", "please save", user="bob")
    assert result.status == OK and "window" in result.out, result.text
    found = written_down(probe)
    assert title(found["text"]).startswith("Message from bob, ") and found["text"].endswith("\n\nplease save")
    assert found["loginuid"] == "1000" and f"/session-{probe.id}.scope" in found["cgroup"]


def test_help_desk_where_proc_hides_others(probe, help_desk):
    """The service sees the processes beside which it puts the window."""
    probe.host.check("mount -o remount,hidepid=2 /proc")
    try:
        result = msg(probe.host, probe.id, "/v", "please save", user="bob")
        assert result.status == OK and "window" in result.out, result.text
        assert f"/session-{probe.id}.scope" in written_down(probe)["cgroup"]
    finally:
        probe.host.check("mount -o remount,hidepid=0 /proc")


def test_help_desk_warns_and_logs_off(host, help_desk):
    alice = sessions.ssh(host, "alice")
    before = alice.processes()
    running = host.start(["logoff", alice.id, "/warn:2", "/v"], user="bob")
    heard = alice.shell.expect(r"(?s)(.*)bob logs you off in 2 seconds", 5).group(1)
    assert "Message from bob, " in heard
    result = finish(running, 20)
    assert result.status == OK, result.text
    assert_gone(alice, before)


def test_answer_to_the_help_desk(desktop, help_desk):
    running = desktop.host.start(["msg", desktop.id, "/w", "hello"], user="bob")
    wait_until(lambda: as_user(desktop, "dunstctl count displayed").out.strip() == "1", 5, "it is shown")
    as_user(desktop, "dunstctl action")
    result = finish(running, 5)
    assert result.status == OK and "OK" in result.out, result.text


def test_help_desk_goes_away(desktop, help_desk):
    """A window that waits for an answer is closed when its caller has gone."""
    running = desktop.host.start(["msg", desktop.id, "/w", "/time:0", "hello"], user="bob")
    wait_until(lambda: as_user(desktop, "dunstctl count displayed").out.strip() == "1", 5, "it is shown")
    desktop.host.check("pkill -KILL -x msg")
    running.communicate(timeout=5)
    wait_until(lambda: len(desktop.host.named("logoff-messenge")) == 1, 5, "the process that waited is gone")


def test_without_the_right(host, help_desk):
    carol, alice = sessions.ssh(host, "carol"), sessions.ssh(host, "alice")
    out, status = carol.shell.run(f"msg {alice.id} hello")
    assert status == DENIED and "org.freedesktop.login1.manage" in out, out
    assert len(out.splitlines()) == 1
    alice.shell.listen(0.3)
    assert "hello" not in alice.shell.heard


def test_without_the_service(host, help_desk, without_service):
    bob, alice = sessions.ssh(host, "bob"), sessions.ssh(host, "alice")
    out, status = bob.shell.run(f"msg {alice.id} hello")
    assert status == DENIED and "logoff-messenger" in out, out
    assert alice.id in out and len(out.splitlines()) == 1


def test_recipient_who_makes_others_wait(rdp, hangfs, with_or_without):
    """alice's key lies on a file system that does not answer; what reads it cannot be killed, so nobody waits for its end."""
    other = sessions.ssh(rdp.host, "bob")
    rdp.host.check(f"rm -f /home/alice/.Xauthority; ln -s {hangfs}/key /home/alice/.Xauthority")
    try:
        running = start_msg(rdp.host, "*", "hello")
        other.shell.expect("hello\n", 3)
        result = finish(running, 15)
        assert result.status == UNREACHABLE and f"session {rdp.id} (" in result.err and "does not answer" in result.err, result.text
        assert f"session {other.id} (" not in result.err and result.seconds < 8
        if with_or_without == "service":
            again = send(rdp.host, "bob", [other.id])
            assert again.status == 0 and again.seconds < 5, again.text
    finally:
        rdp.host.check("rm -f /home/alice/.Xauthority")


# -- the service by its own interface -----------------------------------------------------------

def call_of_send(ids, title="", text="hello", wait=False, timeout=1000):
    """The command line of Send, as anybody can call it."""
    words = [str(len(ids)), *(word for one in ids for word in (one, "0"))]
    return ["busctl", "--system", "call", "org.logoff.Messenger1", "/org/logoff/Messenger1", "org.logoff.Messenger1",
            "Send", "a(st)sstbu", *words, title, text, str(timeout), "true" if wait else "false", "0"]


def send(host, user, ids, **order):
    """Send. Returns busctl's Result."""
    return host.run(call_of_send(ids, **order), user=user)


def test_nobody_can_name_another_sender(host, help_desk):
    alice = sessions.ssh(host, "alice")
    result = send(host, "bob", [alice.id], title="Message from root, now")
    assert result.status == 0, result.text
    heard = alice.shell.expect(r"(?s)(.*)\nhello\n", 5).group(1)
    assert "Message from bob, " in heard and "root" not in heard


def test_person_behind_a_user(host, help_desk):
    """alice has become bob, whose right it is; the kernel knows who has logged in."""
    alice, carol = sessions.ssh(host, "alice"), sessions.ssh(host, "carol")
    mark = alice.shell.begin(f"su bob -c 'msg {carol.id} hello'")
    alice.shell.answer(PASSWORD_PROMPT, "pw-bob")
    assert alice.shell.result(mark)[1] == OK
    assert "Message from alice, " in carol.shell.expect(r"(?s)(.*)\nhello\n", 5).group(1)


def test_service_refuses_who_has_no_right(host):
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    result = send(host, "alice", [bob.id, alice.id])
    assert result.status == 0 and result.out.startswith("a(iuuuxss) 2 -13 "), result.text
    assert "hello" in alice.shell.expect(r"(?s)Message from alice, .*\nhello\n", 5).group(0)
    bob.shell.listen(0.3)
    assert "hello" not in bob.shell.heard


@pytest.mark.parametrize("ids,text", [([""], "x"), (["1" * 65], "x"), (["pts/0"], "x"), (["1", "2", "1"], "x"), (["1"], "x" * (36 * 1024 + 1))],
                         ids=["no-id", "long-id", "a-name", "twice", "long-text"])
def test_service_refuses_what_is_too_much(host, ids, text):
    result = send(host, "alice", ids, text=text)
    assert result.status == 1, result.text


def test_service_takes_only_so_many_calls(desktop):
    waiting = [desktop.host.start(["msg", desktop.id, "/w", "/time:30", f"hello {one}"], user="alice") for one in range(8)]
    # The service, for each call one of it that delivers, and one program that has become alice.
    wait_until(lambda: len(desktop.host.named("logoff-messenge")) == 1 + 8 and len(desktop.host.named("logoff-user")) == 8, 10, "all wait")
    result = send(desktop.host, "alice", [desktop.id])
    assert result.status == 1 and "too many" in result.err, result.text
    assert send(desktop.host, None, [desktop.id]).status == 0
    desktop.host.check("pkill -KILL -x msg")
    for one in waiting:
        one.communicate(timeout=5)


def test_caller_leaves_while_logind_is_asked(host):
    """Slow sessions are not asked one after the other when the caller has gone."""
    assert send(host, "alice", ["1"]).status == 0
    host.check("pkill -STOP -x systemd-logind")
    try:
        running = host.start(call_of_send([str(one) for one in range(5000, 5200)]), user="alice")
        wait_until(lambda: len(host.named("logoff-messenge")) == 2, 5, "one delivers")
        time.sleep(0.5)
        host.check("pkill -KILL -x busctl")
        running.communicate(timeout=5)
        wait_until(lambda: len(host.named("logoff-messenge")) == 1, 10, "it has ended")
    finally:
        host.check("pkill -CONT -x systemd-logind")


@pytest.fixture
def silent_polkit(host):
    """polkitd reads questions and answers none. Returns a function that lets it go on."""
    host.restart("polkit")
    host.check("pkill -STOP -x polkitd")
    yield lambda: host.check("pkill -CONT -x polkitd")
    host.check("pkill -CONT -x polkitd || :")


def test_caller_leaves_while_polkit_is_asked(host, silent_polkit):
    """A caller who has gone gets no window any more, and the service serves others."""
    alice = sessions.ssh(host, "alice")
    running = host.start(call_of_send([alice.id]), user="alice")
    wait_until(lambda: host.named("logoff-messenge"), 5, "the service is there")
    time.sleep(0.5)
    host.check("pkill -KILL -x busctl")
    running.communicate(timeout=5)
    time.sleep(2.5)  # after this time the service has given up polkit
    silent_polkit()
    result = send(host, "bob", [alice.id])
    assert result.status == 0 and result.seconds < 3, result.text
    alice.shell.listen(0.5)
    assert "hello" not in alice.shell.heard
    assert len(host.named("logoff-messenge")) == 1


def test_polkit_that_says_nothing(host, silent_polkit):
    """It is unknown whether bob may send, so nothing is sent, and the report does not say that bob may not."""
    alice = sessions.ssh(host, "alice")
    result = msg(host, alice.id, "hello", user="bob")
    assert result.status == 5 and "denied" not in result.err and result.seconds < 5, result.text
    alice.shell.listen(0.3)
    assert "hello" not in alice.shell.heard
    silent_polkit()
    assert msg(host, alice.id, "hello", user="bob").status == DENIED


def test_cancelled_while_polkit_is_asked(host, help_desk, silent_polkit):
    """A later answer of polkit sends nothing."""
    alice = sessions.ssh(host, "alice")
    running = host.start(["msg", alice.id, "hello"], user="bob")
    wait_until(lambda: host.named("logoff-messenge"), 5, "the service is there")
    time.sleep(0.5)
    host.check("pkill -INT -x msg")
    result = finish(running, 5)
    silent_polkit()
    assert result.status == CANCELLED and "cancelled" in result.err, result.text
    time.sleep(0.5)
    alice.shell.listen(0.5)
    assert "hello" not in alice.shell.heard


def test_service_that_is_slow_to_start(host, help_desk):
    """It has no name on the bus until then, which does not mean that it is not installed."""
    alice = sessions.ssh(host, "alice")
    host.check("""systemctl stop logoff-messenger; mkdir -p /run/systemd/system/logoff-messenger.service.d
        printf '[Service]\\nExecStartPre=/bin/sleep 12\\n' >/run/systemd/system/logoff-messenger.service.d/slow.conf; systemctl daemon-reload""")
    try:
        result = host.run(["tskill", "bash", f"/id:{alice.id}"], user="bob")
        assert result.status == OK, result.text
    finally:
        host.check("rm -r /run/systemd/system/logoff-messenger.service.d; systemctl daemon-reload")


def test_service_that_hangs(host, help_desk):
    alice = sessions.ssh(host, "alice")
    assert send(host, None, [alice.id]).status == 0
    host.check("pkill -STOP -x logoff-messenge")
    try:
        result = msg(host, alice.id, "hello", user="bob")
        assert result.status == 6 and "nobody can tell" in result.err and result.seconds < 12, result.text
    finally:
        host.check("pkill -CONT -x logoff-messenge")


def test_warning_cancelled_while_the_service_hangs(desktop):
    """A caller who cancels, and a user who was warned, need not wait for a slow desktop."""
    bob = sessions.ssh(desktop.host, "bob")
    desktop.host.check("systemctl start logoff-messenger; pkill -STOP -o -x logoff-messenge")
    try:
        running = desktop.host.start(["logoff", desktop.id, bob.id, "/warn:60"])
        bob.shell.expect("root logs you off in 60 seconds", 5)
        desktop.host.check("pkill -INT -x logoff")
        bob.shell.expect("It will not log you off", 3)
        desktop.host.check("pkill -CONT -x logoff-messenge")
        result = finish(running, 5)
        assert result.status == CANCELLED, result.text
        wait_until(lambda: any("has cancelled this log-off" in summary for summary, *_ in shown(desktop)), 5, "alice is told too")
    finally:
        desktop.host.check("pkill -CONT -x logoff-messenge || :")


def test_service_that_hangs_while_all_wait(desktop):
    """A caller who waits without a time limit gets a report when no answer can come any more."""
    running = start_msg(desktop.host, desktop.id, "/w", "/time:0", "hello")
    wait_until(lambda: as_user(desktop, "dunstctl count displayed").out.strip() == "1", 5, "it is shown")
    desktop.host.check("pkill -STOP -o -x logoff-messenge")
    try:
        result = finish(running, 25)
        assert result.status == 6 and "nobody can tell" in result.err, result.text
    finally:
        desktop.host.check("pkill -CONT -x logoff-messenge")


def test_service_ends_when_idle(host):
    alice = sessions.ssh(host, "alice")
    assert send(host, "alice", [alice.id]).status == 0
    assert host.unit_is_active("logoff-messenger")
    wait_until(lambda: not host.unit_is_active("logoff-messenger"), 30, "the service ends")
    assert send(host, "alice", [alice.id]).status == 0


class Outsider:
    """root, who calls from outside the host's PID namespace over a connection that is open already."""

    def __init__(self, host):
        self.jeepney = pytest.importorskip("jeepney")
        blocking = pytest.importorskip("jeepney.io.blocking")
        self.connection = blocking.open_dbus_connection(f"unix:path={host.path('/run/dbus/system_bus_socket')}")

    def start(self, identity, text="hello"):
        self.call("Send", "a(st)sstbu", ([(identity, 0)], "", text, 0, False, 0))

    def call(self, method, signature, body):
        service = self.jeepney.DBusAddress("/org/logoff/Messenger1", "org.logoff.Messenger1", "org.logoff.Messenger1")
        self.serial = next(self.connection.outgoing_serial)
        self.connection.send(self.jeepney.new_method_call(service, method, signature, body), serial=self.serial)

    def answer(self):
        """The results, or the name of an error."""
        fields = self.jeepney.HeaderFields
        while (reply := self.connection.receive(timeout=10)).header.fields.get(fields.reply_serial) != self.serial:
            pass
        if reply.header.message_type == self.jeepney.MessageType.method_return:
            return reply.body[0] if reply.body else []
        return reply.header.fields[fields.error_name]

    def result(self):
        """The result of the one message."""
        (delivery,) = self.answer()
        return delivery[0]


def test_caller_of_another_pid_namespace(host):
    """As from a container that has been given the bus: the caller's process has no number here."""
    alice, caller = sessions.ssh(host, "alice"), Outsider(host)
    caller.start(alice.id)
    assert caller.result() == 0
    alice.shell.expect("hello\n", 5)


def test_call_while_the_service_ends(host):
    """The service becomes idle while the bus is stopped. Then the bus handles the call first, and the release of the
    name after it.
    """
    alice, caller = sessions.ssh(host, "alice"), Outsider(host)
    host.check(STOP.format(alice.tty))
    assert send(host, None, ["999999"]).status == 0
    time.sleep(18)
    host.check("pkill -STOP -x dbus-daemon")
    try:
        caller.start(alice.id)
        time.sleep(4)
    finally:
        host.check("pkill -CONT -x dbus-daemon")
    assert caller.result() == -errno.ETIMEDOUT, "alice's terminal is stopped, which takes two seconds"


TEXTS = ["", "0", "01", "c0", "-1", "2147483648", "9" * 64, "9" * 65, "a\nb", "\x1b[2J", "\u202e\u0301", "\U0010ffff" * 200, "x" * 1025, "x" * 40000]
NUMBERS = {"i": (-2**31, -1, 0, 2**31 - 1), "x": (-2**63, -1, 0, 2**63 - 1), "u": (0, 9, 2**32 - 1), "t": (0, 1, 2**63, 2**64 - 1),
           "b": (False, True)}
BYTES = [b"", b"a\0b", b"\xff" * 15, b"x" * 16, b"x" * 5000]
METHODS = {"Send": "a(st)sstbu", "Disconnect": "st(sss)", "EndProcesses": "a(ixusay)t(sss)", "Cancel": ""}


def any_values(random, signature):
    """A value of each type of a signature, mostly one at a limit."""
    values = []
    for array, part in re.findall(r"(a?)(\(\w+\)|\w)", signature):
        if array and part == "y":
            values.append(random.choice(BYTES))
        elif array:
            values.append([any_values(random, part[1:-1]) for _ in range(random.choice((0, 1, 1, 2, 3, 40)))])
        elif part[0] == "(":
            values.append(any_values(random, part[1:-1]))
        else:
            values.append(random.choice(TEXTS if part == "s" else NUMBERS[part]))
    return tuple(values)


def test_service_takes_any_values(host):
    """What is not right is refused, and what means nothing reaches nothing: each call is answered, and by the same process."""
    alice, caller, random = sessions.ssh(host, "alice"), Outsider(host), Random(7)
    before = host.session_ids()
    caller.start(alice.id)
    assert caller.result() == 0
    service = host.check("systemctl show --property=MainPID logoff-messenger")
    answers = Counter()
    for _ in range(300):
        method = random.choice([*METHODS, "Unknown"])
        right = METHODS.get(method, "s")
        signature = random.choice((right, right, right, right + "s", right[:-1] if right[-1:].isalpha() else right))
        caller.call(method, signature, any_values(random, signature))
        answer = caller.answer()
        assert isinstance(answer, str) or all(delivery[0] < 0 for delivery in answer), (method, answer)
        assert answer != "org.freedesktop.DBus.Error.NoReply", method
        answers[answer if isinstance(answer, str) else "answered"] += 1
    assert answers["answered"] > 20 and answers["org.freedesktop.DBus.Error.InvalidArgs"] > 100, answers
    assert host.check("systemctl show --property=MainPID logoff-messenger") == service and service != "MainPID=0"
    assert host.session_ids() == before
