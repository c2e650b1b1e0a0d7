# SPDX-License-Identifier: GPL-3.0-or-later
"""Desktops log their users off themselves: their programs save, and other sessions of the same user are left alone."""

import json
import time

import pytest

import desktops
import sessions
from cases import OK, assert_gone, assert_logged_off, assert_untouched, logoff
from host import wait_until

ASKED = {"xfce": "XFCE", "gnome": "GNOME", "plasma": "Plasma"}


@pytest.fixture(params=["xfce-rdp", "gnome-rdp", "gnome-wayland", "plasma-rdp", "plasma-wayland"])
def desktop(host, request):
    kind, way = request.param.split("-")
    return getattr(desktops, way)(host, "alice", kind)


def test_the_desktop_does_it(desktop):
    before = desktop.processes()
    if desktop.label != "plasma-wayland":  # without a graphics card KWin takes no pictures
        desktop.screenshot("before-the-logout")

    result = logoff(desktop.host, desktop.id, "/v")

    assert_logged_off(result, desktop, before, within=15)
    assert f"asking the desktop ({ASKED[desktop.kind]}) to log alice off" in result.out
    assert "the desktop has logged alice off" in result.out
    assert "killing" not in result.out


def test_signals_only(desktop):
    before = desktop.processes()
    result = logoff(desktop.host, desktop.id, "/v", "/nodesktop")
    assert_logged_off(result, desktop, before, within=15)
    assert "the desktop" not in result.out


@pytest.fixture
def gnome(host):
    return desktops.wayland(host, "alice", "gnome")


def start_saver(desktop):
    """A program that saves when its session manager asks it to, and not upon a signal. Returns the file."""
    saved, ready = desktop.host.path(f"/home/{desktop.user}/saved"), desktop.host.path("/tmp/saver-is-ready")
    saved.unlink(missing_ok=True)
    ready.unlink(missing_ok=True)
    started = desktop.as_user(["systemd-run", "--user", "--quiet", "--collect", "saver", f"/home/{desktop.user}/saved"])
    assert started.status == 0, started.text
    wait_until(ready.exists, 15, "the program has told the session manager that it is there")
    return saved


@pytest.mark.parametrize("kind, way", [("xfce", "rdp"), ("gnome", "wayland")])
def test_programs_save(host, kind, way):
    desktop = getattr(desktops, way)(host, "alice", kind)
    saved, before = start_saver(desktop), desktop.processes()

    assert_logged_off(logoff(host, desktop.id), desktop, before, within=20)

    assert saved.read_text() == "saved\n"


def test_programs_that_only_get_signals_do_not(host):
    """So the case above can fail. GNOME has its programs save upon a signal as well."""
    desktop = desktops.rdp(host, "alice", "xfce")
    saved, before = start_saver(desktop), desktop.processes()

    assert_logged_off(logoff(host, desktop.id, "/nodesktop"), desktop, before, within=20)

    assert not saved.exists()


@pytest.mark.parametrize("reason, told", [("Notes are not saved", "Notes are not saved"), ("檔案尚未儲存" * 20, "檔案尚未儲存" * 6)])
def test_who_objects_is_named(gnome, reason, told):
    """The session ends all the same, when the desktop's time is over."""
    gnome.host.start(["gnome-session-inhibit", "--inhibit", "logout", "--app-id", "editor", "--reason", reason,
                      "sleep", "1000"], user="alice", env=gnome.env())
    wait_until(lambda: gnome.host.named("sleep"), 10, "somebody objects")
    before = gnome.processes()

    result = logoff(gnome.host, gnome.id, "/v", "/grace:6")

    assert_logged_off(result, gnome, before, within=25)
    assert f"programs object to the log-off: editor ({told}" in result.out
    assert "\\x" not in result.out, "a character was cut in two"
    assert "the desktop has not logged alice off" in result.out


def test_a_desktop_that_does_not_answer(host):
    """Its time is over when it is over."""
    desktop = desktops.rdp(host, "alice", "xfce")
    host.check("pkill -STOP -x xfce4-session")
    before = desktop.processes()

    result = logoff(host, desktop.id, "/v", "/grace:3")

    assert_logged_off(result, desktop, before, within=10)
    assert "the desktop has not logged alice off" in result.out


@pytest.mark.parametrize("kind, way", [("xfce", "rdp"), ("gnome", "wayland")])
def test_no_other_session_is_logged_off(host, kind, way):
    """Two sessions of one user have one bus: the desktop is not that of the other one."""
    desktop = getattr(desktops, way)(host, "alice", kind)
    other = sessions.fake(host, "alice", type="x11", display=":77", service="lightdm")
    before, others = desktop.processes(), other.processes()
    everything = host.processes()

    result = logoff(host, other.id, "/v")

    assert_logged_off(result, other, others)
    assert "log alice off" not in result.out
    time.sleep(2)
    assert_untouched(desktop, before)
    assert host.survivors([one for one in everything if one not in others]), "the desktop has gone"
    assert desktop.has_name(desktops.READY[kind])


def test_the_right_one_of_two(host):
    """XFCE's session manager is in its session: it is asked though there is another one, which stays."""
    desktop = desktops.rdp(host, "alice", "xfce")
    other = sessions.fake(host, "alice", type="x11", display=":77", service="lightdm")
    before, others = desktop.processes(), other.processes()

    result = logoff(host, desktop.id, "/v")

    assert_logged_off(result, desktop, before, within=15)
    assert "asking the desktop (XFCE) to log alice off" in result.out
    assert_untouched(other, others)


def test_of_two_it_cannot_be_told(host):
    """GNOME's runs in the user's service manager: with a second desktop nobody knows whose it is, and it is not asked."""
    desktop = desktops.wayland(host, "alice", "gnome")
    other = sessions.fake(host, "alice", type="x11", display=":77", service="lightdm")
    before, others = desktop.processes(), other.processes()

    result = logoff(host, desktop.id, "/v")

    assert result.status == OK, result.text
    assert "no desktop is asked (whether it is this session's desktop cannot be told)" in result.out
    assert_gone(desktop, before)
    assert_untouched(other, others)


def test_nothing_is_started(host):
    """A session without a desktop: the bus of its user starts no program for it."""
    shell = sessions.ssh(host, "alice")
    other = sessions.fake(host, "alice", type="x11", display=":77", service="lightdm")
    wait_until(lambda: host.named("dbus-daemon"), 10, "a bus")
    others, before = other.processes(), shell.processes()
    names = desktops.Desktop.names(host, "alice")

    assert_logged_off(logoff(host, other.id, "/v"), other, others)

    assert desktops.Desktop.names(host, "alice") <= names
    assert_untouched(shell, before)


def test_the_users_own_other_session(host):
    """Who may end the session may have its desktop asked: its user too, from another session."""
    shell = sessions.ssh(host, "alice")
    desktop = desktops.rdp(host, "alice", "xfce")
    before = desktop.processes()

    said = shell.sh(f"logoff {desktop.id} /v")

    assert "asking the desktop (XFCE) to log alice off" in said and "the desktop has logged alice off" in said
    assert_gone(desktop, before)
    assert shell.sh("echo here") == "here"


def test_idle_on_wayland(gnome):
    """Mutter tells how long nobody has touched it, and it is asked as the user; `query` shows it."""
    def idle_s():
        shown = gnome.host.check(["query", "session", gnome.id, "--json"])
        return json.loads(shown)[0]["idle_seconds"]

    gnome.use(1)
    begin = time.monotonic()
    assert idle_s() <= 2
    time.sleep(5)
    assert 4 <= idle_s() <= time.monotonic() - begin + 1
    gnome.use(1)
    assert idle_s() <= 2


def test_idle_of_plasma_is_unknown(host):
    """It tells nobody."""
    plasma = desktops.wayland(host, "alice", "plasma")
    time.sleep(3)
    shown = json.loads(plasma.host.check(["query", "session", plasma.id, "--json"]))[0]
    assert shown["idle_seconds"] is None, shown
