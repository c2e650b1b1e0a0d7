# SPDX-License-Identifier: GPL-3.0-or-later
"""The login screens of lightdm and gdm: shown as what they are, never logged off, never told anything."""

import pytest

from cases import PROTECTED, assert_untouched, logoff
from host import wait_until
from sessions import OnHost

GDM = ["gdbus", "call", "--system", "--dest", "org.gnome.DisplayManager", "--object-path",
       "/org/gnome/DisplayManager/RemoteDisplayFactory", "--method",
       "org.gnome.DisplayManager.RemoteDisplayFactory.CreateRemoteDisplay", "/org/gnome/RemoteDesktop/Rdp/Handovers/lab"]


class Greeter(OnHost):
    def __init__(self, host, manager):
        self.host = host
        self.id = wait_until(self._find, 30, f"the login screen of {manager}")
        wait_until(lambda: host.named("lightdm-gtk-gre") or host.named("gnome-shell"), 30, "it is drawn")

    def _find(self):
        for identity in self.host.session_ids():
            if self.host.session(identity).get("Class") == "greeter":
                return identity
        return None


@pytest.fixture(params=["lightdm", "gdm3"])
def greeter(host, request):
    """gdm has a login screen for remote desktops, which needs no screen."""
    host.check(["systemctl", "start", request.param])
    if request.param == "gdm3":
        wait_until(lambda: host.run(GDM).status == 0, 20, "gdm makes a login screen")
    yield Greeter(host, request.param)
    host.check(["systemctl", "stop", request.param])
    wait_until(lambda: not host.session_ids() or host.run("loginctl terminate-user Debian-gdm lightdm").status >= 0, 10)


def test_login_screen(greeter):
    host, before = greeter.host, greeter.processes()

    for words in ((greeter.id,), (greeter.id, "/console"), (greeter.id, "/console", "/grace:0")):
        result = logoff(host, *words, "/v")
        assert result.status == PROTECTED, result.text
        assert "it is a login screen, which is never logged off" in result.err
        assert "asking the desktop" not in result.out
    assert greeter.id not in logoff(host, "/all", "/dryrun").out
    assert "nobody is logged on" in host.run(["msg", "*", "hello"]).text

    assert_untouched(greeter, before)
