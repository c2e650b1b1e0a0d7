# SPDX-License-Identifier: GPL-3.0-or-later
"""msg: messages that really arrive, on terminals, desktops and X displays.

What arrived is asked of whoever shows it: the far end of the terminal, the notification daemon's own history, the
program that has the window. Nothing msg says is taken as proof.
"""

import json
import os
import signal
import time

import pytest

import sessions
from cases import CANCELLED, DENIED, NO_SESSION, OK
from host import finish, wait_until

PASSWORD_PROMPT = r"(?i)password: ?"
CHINESE = "伺服器將在五分鐘後重新啟動，請儲存您的工作。"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31mred <b>bold</b> & \u202egnp.exe \\n %s"
HARMLESS = "\\x1b]0;owned\\x07\\x1b[2J\\x1b[31mred <b>bold</b> & \\xe2\\x80\\xaegnp.exe \\n %s"


def msg(host, *words, user=None, timeout=40):
    """Runs msg outside every session, as root or as a user."""
    return host.run(["msg", *words], user=user, timeout=timeout)


def start_msg(host, *words):
    return host.start(["msg", *words])


# -- terminals ----------------------------------------------------------------------------------

def test_terminal_closed_with_mesg_n(any_host):
    session = sessions.ssh(any_host, "alice")
    session.refuse_messages()

    result = msg(any_host, session.tty, "/v", "please save your work")

    assert result.status == OK, result.text
    assert session.tty in result.out and "alice" in result.out
    heard = session.shell.expect(r"(?s)\a\n?(.*)\nplease save your work\n", 5).group(1)
    assert "root" in heard


def test_chinese_text_on_a_terminal(host):
    session = sessions.ssh(host, "alice")
    assert msg(host, session.id, CHINESE).status == OK
    session.shell.expect(CHINESE + "\n", 5)


def test_hostile_text_on_a_terminal(host):
    session = sessions.ssh(host, "alice")
    session.sh("true")

    assert msg(host, session.id, HOSTILE).status == OK

    session.shell.expect("gnp.exe", 5)
    session.shell.listen(0.2)
    session.shell.heard = ""
    assert msg(host, session.id, HOSTILE).status == OK
    heard = session.shell.expect(r"(?s)^.*%s", 5).group(0)
    assert HARMLESS in heard
    assert "\x1b" not in heard and heard.count("\a") == 1


def test_text_from_standard_input(host):
    session = sessions.ssh(host, "alice")
    done = host.run(f"printf 'first line\\r\\nsecond line\\n' | msg {session.id}")
    assert done.status == OK, done.text
    session.shell.expect("first line\nsecond line\n", 5)


def test_stopped_terminal_keeps_nobody_waiting(host):
    """^S at one terminal: it is reported, and the other terminal gets the message at once."""
    stopped, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    host.check(f"python3 -c \"import os, termios; termios.tcflow(os.open('/dev/{stopped.tty}', "
               "os.O_RDWR | os.O_NOCTTY), termios.TCOOFF)\"")

    running = start_msg(host, "*", "hello")
    other.shell.expect("hello\n", 2)
    result = finish(running, 10)

    assert result.status == 5, result.text
    assert f"session {stopped.id} (" in result.err and f"session {other.id} (" not in result.err, result.text
    assert result.seconds < 5


def test_everybody(host):
    """All who work get it at once; login screens are left out and reported."""
    people = [sessions.ssh(host, user) for user in ("alice", "alice", "bob")]
    greeter = sessions.fake_console(host, "carol", class_="greeter")

    result = msg(host, "*", "/v", "all of you")

    assert result.status == OK, result.text
    for session in people:
        session.shell.expect("all of you\n", 5)
    assert f"Session {greeter.id} " in result.out and "left out" in result.out
    assert len(result.out.splitlines()) == 4


def test_user_and_list(host):
    here, there, other = (sessions.ssh(host, user) for user in ("alice", "alice", "bob"))

    assert msg(host, "alice", "by user").status == OK
    for session in (here, there):
        session.shell.expect("by user\n", 5)

    host.path("/root/list").write_text(f"# who\n{other.tty}  # bob\nalice\r\nnobody-there\n{other.id}\n")
    result = msg(host, "@/root/list", "by list")
    assert result.status == NO_SESSION and "nobody-there" in result.err
    for session in (here, there, other):
        session.shell.expect("by list\n", 5)
    other.shell.listen(0.3)
    assert "by list" not in other.shell.heard
    assert "by user" not in other.shell.heard


def test_no_terminal_and_no_display(host):
    session = sessions.ssh(host, "alice", tty=False)
    result = msg(host, session.id, "hello")
    assert result.status == 6
    assert session.id in result.err and len(result.err.splitlines()) == 1


def test_answers_cannot_come_from_terminals(host):
    session = sessions.ssh(host, "alice")
    result = msg(host, session.id, "/w", "/time:30", "hello")
    assert result.status == OK and result.seconds < 5
    assert session.id in result.out


def test_wayland_without_a_notification_daemon(host):
    """Such a desktop has no display to open a window on."""
    session = sessions.fake_console(host, "alice", display="", type="wayland")
    result = msg(host, session.id, "hello")
    assert result.status == 6
    assert session.id in result.err and len(result.err.splitlines()) == 1
    # The user's service manager, which has the bus, may have started already or not.
    assert "notification daemon" in result.err or "the user's bus" in result.err


SILENT_DAEMON = """
from jeepney import new_method_return, MessageType
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
answers = {"GetCapabilities": ("as", ([],)), "GetServerInformation": ("ssss", ("silent", "lab", "1", "1.2"))}
connection = open_dbus_connection("unix:path=/run/user/1000/bus")
connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.Notifications"))
print("ready", flush=True)
while True:
    call = connection.receive()
    if call.header.message_type == MessageType.method_call:
        member = next(value for name, value in call.header.fields.items() if name.name == "member")
        if member in answers:
            connection.send(new_method_return(call, *answers[member]))
"""


def test_a_notification_that_is_not_answered(host):
    """The daemon has been asked to show it, and may do so later: nobody knows."""
    session = sessions.fake_console(host, "alice", display="", type="wayland")
    sessions.bring_jeepney(host)
    wait_until(host.path("/run/user/1000/bus").exists, 10, "alice's bus is there")
    daemon = host.start(["python3", "-c", SILENT_DAEMON], user="alice", env={"PYTHONPATH": "/usr/local/lib/lab"})
    assert daemon.stdout.readline() == "ready\n"
    try:
        result = msg(host, session.id, "hello")
        assert result.status == 6 and "nobody can tell whether alice has got the message" in result.err, result.text
    finally:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.communicate(timeout=10)


# -- rights -------------------------------------------------------------------------------------

def test_plain_user_to_his_own_terminal(any_host):
    here, there = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "alice")
    there.refuse_messages()
    out, status = here.shell.run(f"msg {there.id} hello from myself")
    assert (out, status) == ("", OK)
    heard = there.shell.expect(r"(?s)(.*)\nhello from myself\n", 5).group(1)
    assert "alice" in heard


def test_plain_user_to_others_is_denied(any_host):
    here, there = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "bob")
    out, status = here.shell.run(f"msg {there.id} hello")
    assert status == DENIED, out
    assert there.id in out and len(out.splitlines()) == 1
    there.shell.listen(0.3)
    assert "hello" not in there.shell.heard


def test_plain_user_to_anothers_desktop_is_denied(host, rdp):
    result = msg(host, rdp.id, "hello", user="bob")
    assert result.status == DENIED, result.text
    assert windows(rdp) == []


def test_sender_who_has_become_root(host):
    """The title names the user who has logged on, not root."""
    admin, session = sessions.ssh(host, "carol"), sessions.ssh(host, "alice")

    mark = admin.shell.begin(f"su root -c 'msg {session.id} hello'")
    admin.shell.answer(PASSWORD_PROMPT, "pw-root")
    assert admin.shell.result(mark)[1] == OK

    assert "carol" in session.shell.expect(r"(?s)(.*)\nhello\n", 5).group(1)


# -- desktops -----------------------------------------------------------------------------------

def as_user(session, command):
    """A command on the desktop of an xrdp session, as its user."""
    uid = 1000 + sessions.USERS.index(session.user)
    return session.host.run(command, user=session.user, env={
        "DISPLAY": session.display, "XAUTHORITY": f"/home/{session.user}/.Xauthority",
        "XDG_RUNTIME_DIR": f"/run/user/{uid}", "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/run/user/{uid}/bus"})


def shown(session):
    """The notifications dunst shows or has shown: summary, body, and for how many seconds."""
    as_user(session, "dunstctl close-all")
    history = as_user(session, "dunstctl history")
    assert history.status == 0, history.text
    return [(one["summary"]["data"], one["body"]["data"], one["timeout"]["data"] / 1e6)
            for one in json.loads(history.out)["data"][0]]


def windows(session):
    """The processes of message windows."""
    return [one for one in session.host.processes() if one.name == "xmessage"]


@pytest.fixture
def rdp(host):
    """An xrdp session without a notification daemon, and none that D-Bus could start."""
    services = list(host.path("/usr/share/dbus-1/services").glob("*unst*"))
    for service in services:
        service.rename(str(service) + ".off")
    yield sessions.RdpSession(host, "alice")
    for service in services:
        os.rename(str(service) + ".off", service)


@pytest.fixture
def desktop(host):
    """An xrdp session whose desktop has a notification daemon."""
    start = host.path("/home/alice/.lab-session")
    start.write_text("#!/bin/sh\ndunst >/tmp/dunst.log 2>&1 &\n")
    start.chmod(0o755)
    session = sessions.RdpSession(host, "alice")
    wait_until(lambda: as_user(session, "dunstctl count").status == 0, 10, "dunst answers")
    yield session
    host.path("/home/alice/.lab-session").unlink()


@pytest.mark.parametrize("text,markup", [(CHINESE, CHINESE), (HOSTILE, None)], ids=["chinese", "hostile"])
def test_notification(desktop, text, markup):
    result = msg(desktop.host, desktop.name, "/v", text)

    assert result.status == OK, result.text
    assert "desktop" in result.out
    ((title, body, seconds),) = shown(desktop)
    assert "root" in title and seconds == 60
    # dunst reads markup, so what is not meant as such has to come as entities.
    assert body == (markup or HARMLESS.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def test_notification_reaches_only_its_display(desktop):
    """One bus, two displays of one user: the daemon shows what is for its own."""
    terminal = sessions.ssh(desktop.host, "alice")
    assert msg(desktop.host, terminal.id, "for the terminal").status == OK
    terminal.shell.expect("for the terminal\n", 5)
    assert shown(desktop) == []


def test_notification_closed(desktop):
    running = start_msg(desktop.host, desktop.id, "/w", "hello")
    wait_until(lambda: as_user(desktop, "dunstctl count displayed").out.strip() == "1", 5, "it is shown")
    assert running.poll() is None
    as_user(desktop, "dunstctl close")
    result = finish(running, 5)
    assert result.status == OK and "closed" in result.out, result.text


def test_notification_confirmed(desktop):
    running = start_msg(desktop.host, desktop.id, "/w", "hello")
    wait_until(lambda: as_user(desktop, "dunstctl count displayed").out.strip() == "1", 5, "it is shown")
    as_user(desktop, "dunstctl action")
    result = finish(running, 5)
    assert result.status == OK and "OK" in result.out, result.text


def test_notification_not_answered(desktop):
    result = msg(desktop.host, desktop.id, "/w", "/time:2", "hello")
    assert result.status == OK and "not answered" in result.out, result.text
    assert 2 <= result.seconds < 4
    assert as_user(desktop, "dunstctl count displayed").out.strip() == "0"


def test_daemon_that_ends_before_the_answer(desktop):
    """Its notifications go with it: nobody has closed one, and no time was over."""
    running = start_msg(desktop.host, desktop.id, "/w", "/time:20", "hello")
    wait_until(lambda: as_user(desktop, "dunstctl count displayed").out.strip() == "1", 5, "it is shown")
    desktop.host.check("pkill -KILL -x dunst")
    result = finish(running, 10)
    assert result.status == OK and "nobody knows" in result.out and result.seconds < 12, result.text


def test_daemon_that_hangs(desktop):
    """A daemon that does not answer costs little time; a window takes its place."""
    desktop.host.check("pkill -STOP -x dunst")
    other = sessions.ssh(desktop.host, "bob")

    running = start_msg(desktop.host, "*", "/v", "hello")
    other.shell.expect("hello\n", 2)
    result = finish(running, 10)

    assert result.status == OK and "window" in result.out, result.text
    assert result.seconds < 6


# -- windows ------------------------------------------------------------------------------------

def window_text(session):
    """The text that the program with the window got."""
    (window,) = wait_until(lambda: windows(session), 5, "there is a window")
    return (session.host.path(f"/proc/{window.pid}/fd/0")).read_text()


def is_mapped(session):
    found = as_user(session, "xwininfo -root -tree")
    return "xmessage" in found.out.lower()


def press(session, *keys):
    assert as_user(session, "xdotool search --class xmessage windowfocus").status == 0
    assert as_user(session, "xdotool key " + " ".join(keys)).status == 0


@pytest.mark.parametrize("text,wanted", [(CHINESE, CHINESE), (HOSTILE, HARMLESS), ("-file /etc/shadow",) * 2],
                         ids=["chinese", "hostile", "option"])
def test_window(rdp, text, wanted):
    result = msg(rdp.host, rdp.name, "/v", "--", text)

    assert result.status == OK, result.text
    assert "window" in result.out
    title, _, body = window_text(rdp).partition("\n\n")
    assert "root" in title and body == wanted
    wait_until(lambda: is_mapped(rdp), 5, "the window is on the display")
    (window,) = windows(rdp)
    status = rdp.host.path(f"/proc/{window.pid}/status").read_text()
    assert "\nUid:\t1000\t1000\t1000\t1000\n" in status and "\nGroups:\t \n" in status


@pytest.fixture
def without_fonts(host):
    """X servers here have the Latin letters they are built with, no others."""
    host.check("chmod 700 /usr/share/fonts/X11")
    yield
    host.check("chmod 755 /usr/share/fonts/X11")


def test_window_without_fonts(without_fonts, rdp):
    """A window that cannot be shown counts as no message."""
    result = msg(rdp.host, rdp.id, CHINESE)
    assert result.status == 6 and "fonts" in result.err, result.text
    wait_until(lambda: windows(rdp) == [], 2, "the unreadable window is gone")
    assert msg(rdp.host, rdp.id, "hello").status == OK


@pytest.mark.parametrize("end,said", [("exit 252", "closed"), ("kill -KILL $$", "nobody knows")], ids=["escape", "killed"])
def test_window_of_yad(rdp, end, said):
    """yad ends with 252 when its user presses Esc or closes the window."""
    yad = rdp.host.path("/usr/bin/yad")
    yad.write_text(f"#!/bin/sh\nsleep 1\n{end}\n")
    yad.chmod(0o755)
    try:
        result = msg(rdp.host, rdp.id, "/w", "hello")
    finally:
        yad.unlink()
    assert result.status == OK and said in result.out, result.text


def test_window_confirmed(rdp):
    running = start_msg(rdp.host, rdp.id, "/w", "hello")
    wait_until(lambda: is_mapped(rdp), 5, "the window is on the display")
    press(rdp, "Return")
    result = finish(running, 5)
    assert result.status == OK and "OK" in result.out, result.text


def test_window_closed(rdp):
    running = start_msg(rdp.host, rdp.id, "/w", "hello")
    wait_until(lambda: is_mapped(rdp), 5, "the window is on the display")
    time.sleep(0.5)  # a program that ends sooner has failed
    as_user(rdp, "xdotool search --class xmessage windowkill")
    result = finish(running, 5)
    assert result.status == OK and "closed" in result.out, result.text


def test_window_not_answered(rdp):
    result = msg(rdp.host, rdp.id, "/w", "/time:2", "hello")
    assert result.status == OK and "not answered" in result.out, result.text
    assert 2 <= result.seconds < 5
    wait_until(lambda: not windows(rdp), 2, "the window is gone")


def test_window_outlives_msg_and_goes_in_time(rdp):
    assert msg(rdp.host, rdp.id, "/time:3", "hello").status == OK
    wait_until(lambda: is_mapped(rdp), 2, "the window is on the display")
    wait_until(lambda: not windows(rdp), 6, "the window is gone")
    assert [one for one in rdp.host.processes() if one.name == "msg"] == []


def test_cancelled(rdp):
    """Ctrl-C ends the wait, and closes the windows."""
    running = start_msg(rdp.host, rdp.id, "/w", "/time:0", "hello")
    wait_until(lambda: is_mapped(rdp), 5, "the window is on the display")
    rdp.host.check("pkill -INT -x -o msg")
    result = finish(running, 5)
    assert result.status == CANCELLED, result.text
    wait_until(lambda: not windows(rdp), 2, "the window is gone")


def test_all_are_asked_side_by_side(rdp):
    """Two users who do not answer take the time of one."""
    other = sessions.RdpSession(rdp.host, "bob")
    begin = time.monotonic()
    result = msg(rdp.host, "*", "/w", "/time:3", "hello")
    assert result.status == OK and result.out.count("not answered") == 2, result.text
    assert time.monotonic() - begin < 5.5
    assert rdp.id in result.out and other.id in result.out


def test_user_without_rights_to_his_own_display(rdp):
    """The users themselves need no root for their own display."""
    result = msg(rdp.host, rdp.id, "/v", "hello", user="alice")
    assert result.status == OK and "window" in result.out, result.text
    assert window_text(rdp).endswith("\n\nhello")
