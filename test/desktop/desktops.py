# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions with a real desktop in them, on a host of the lab, and what their screens show.

    desktop = desktops.rdp(host, "alice", "xfce")       XFCE, GNOME or Plasma on X11, over xrdp
    desktop = desktops.wayland(host, "bob", "gnome")    GNOME or Plasma on Wayland, on a monitor that is not there
    desktop.screenshot("warned")                        a picture below the part's folder
    desktop.read("warned")                              the words in it

A Wayland session is opened as a display manager opens one: by PAM, with a class and a type, and the desktop is started by its
own start program. Only the compositor's command line is another one, as there is no graphics card.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

import sessions
from host import wait_until

HERE = Path(__file__).resolve().parent
UIDS = {"alice": 1000, "bob": 1001, "carol": 1002}
WORK = Path(os.environ.get("LOGOFF_CHECK_DIR") or Path(__file__).resolve().parents[2] / "build-check")
PICTURES = WORK / "desktop"

START = {"xfce": "startxfce4", "gnome": "gnome-session", "plasma": "startplasma-x11"}
ENVIRONMENT = {
    "xfce": "XDG_CURRENT_DESKTOP=XFCE DESKTOP_SESSION=xfce XDG_SESSION_DESKTOP=xfce",
    "gnome": "XDG_CURRENT_DESKTOP=GNOME DESKTOP_SESSION=gnome XDG_SESSION_DESKTOP=gnome",
    "plasma": "XDG_CURRENT_DESKTOP=KDE DESKTOP_SESSION=plasma XDG_SESSION_DESKTOP=KDE",
}
# What the bus of the user knows once the desktop is up, beside its notifications.
READY = {"xfce": "org.xfce.SessionManager", "gnome": "org.gnome.SessionManager", "plasma": "org.kde.ksmserver"}
SIZE = (1280, 800)
# The compositors' own units, with another command line.
COMPOSITOR = {
    "gnome": ("org.gnome.Shell@wayland.service",
              "/usr/bin/gnome-shell --headless --unsafe-mode --virtual-monitor 1280x800"),
    "plasma": ("plasma-kwin_wayland.service",
               "/usr/bin/kwin_wayland_wrapper --virtual --width 1280 --height 800 --xwayland"),
}


def prepare(root):
    """Before the boot: an xrdp session is that of Debian's Xsession, with the desktop its user has chosen."""
    start = root / "etc/xrdp/startwm.sh"
    start.write_text("#!/bin/sh\n. /etc/profile\nset -a\n. \"$HOME/.desktop\"\nset +a\n"
                     "exec /etc/X11/Xsession \"$START\"\n")
    start.chmod(0o755)
    for other in ("org.knopwob.dunst", "org.kde.plasma.Notifications"):  # the bus of XFCE is to start XFCE's daemon
        (root / f"usr/share/dbus-1/services/{other}.service").unlink(missing_ok=True)
    for probe in (HERE / "probes").iterdir():
        shutil.copy2(probe, root / "usr/local/bin" / probe.name)
        (root / "usr/local/bin" / probe.name).chmod(0o755)
    prepare_lightdm(root)
    for unit, command in COMPOSITOR.values():
        folder = root / "etc/systemd/user" / f"{unit}.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "headless.conf").write_text(f"[Service]\nExecStart=\nExecStart={command}\n")


def prepare_lightdm(root):
    """It runs its login screen on a display without a screen, and names no terminal of the machine to logind."""
    (root / "etc/lightdm/lightdm.conf.d").mkdir(exist_ok=True)
    (root / "etc/lightdm/lightdm.conf.d/lab.conf").write_text(
        "[LightDM]\nlogind-check-graphical=false\nminimum-display-number=60\n"
        "[Seat:*]\nxserver-command=/usr/local/bin/x-without-a-screen\ngreeter-session=lightdm-gtk-greeter\n")
    (root / "etc/security/no-terminal.conf").write_text("XDG_VTNR OVERRIDE=0\n")
    rules = root / "etc/pam.d/lightdm-greeter"
    rules.write_text(re.sub(r"(?m)^(session\s.*pam_systemd.so)",
                            r"session required pam_env.so conffile=/etc/security/no-terminal.conf\n\1", rules.read_text()))


def choose(host, user, kind):
    """What the user's next session is to be."""
    file = host.path(f"/home/{user}/.desktop")
    file.write_text(f"START={START[kind]}\nNO_AT_BRIDGE=0\n" + ENVIRONMENT[kind].replace(" ", "\n") + "\n")


class Desktop:
    """What all desktops have: the bus of their user, a screen, and a session manager."""

    def env(self):
        uid = UIDS[self.user]
        return {"XDG_RUNTIME_DIR": f"/run/user/{uid}", "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/run/user/{uid}/bus"}

    def as_user(self, command, timeout=30, **env):
        return self.host.run(command, user=self.user, env={**self.env(), **env}, timeout=timeout)

    def call(self, name, path, method, *arguments, timeout=30):
        """A call over the user's bus, by gdbus. Returns what it prints."""
        done = self.as_user(["gdbus", "call", "--session", "--dest", name, "--object-path", path, "--method", method,
                             *arguments], timeout=timeout)
        assert done.status == 0, done.text
        return done.out.strip()

    def has_name(self, name):
        done = self.as_user(["gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path",
                             "/org/freedesktop/DBus", "--method", "org.freedesktop.DBus.NameHasOwner", name])
        return "true" in done.out

    @staticmethod
    def names(host, user):
        """What is on the user's bus now, but for the connections of whoever looks."""
        uid = UIDS[user]
        listed = host.check(["busctl", "--user", "--no-legend", "--acquired", "list"], user=user,
                            env={"XDG_RUNTIME_DIR": f"/run/user/{uid}",
                                 "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/run/user/{uid}/bus"})
        return {line.split()[0] for line in listed.splitlines()}

    def wait_until_up(self, seconds=90):
        wait_until(lambda: self.has_name(READY[self.kind]), seconds, f"the session manager of {self.kind}")
        wait_until(self.is_settled, seconds, f"{self.kind} is up")
        time.sleep(3)

    def is_settled(self):
        if self.kind != "xfce":
            return self.has_name("org.freedesktop.Notifications")
        state = self.call("org.xfce.SessionManager", "/org/xfce/SessionManager", "org.xfce.Session.Manager.GetState")
        return "uint32 1" in state  # idle: neither starting nor ending

    def listen(self):
        """Writes down from now on what is said on the user's bus about notifications."""
        file = f"/tmp/bus-{self.user}.log"
        self.host.path(file).write_text("")
        os.chmod(self.host.path(file), 0o666)
        self.host.start(f"exec dbus-monitor --session \"interface='org.freedesktop.Notifications'\" "
                        f"\"type='method_return'\" > {file} 2>&1", user=self.user, env=self.env())
        time.sleep(0.5)
        return lambda: self.host.path(file).read_text(errors="replace")

    def screenshot(self, name):
        """A picture of the screen, as a file of this machine."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        picture = PICTURES / f"{self.label}-{name}.png"
        inside = f"/tmp/shot-{self.user}.png"
        self.host.run(["rm", "-f", inside])
        self.shoot(inside)
        picture.write_bytes(self.host.path(inside).read_bytes())
        return picture

    def read(self, name):
        """The words in the half of the screen where notifications are: the picture, enlarged, light letters and dark ones, read
        by tesseract."""
        self.screenshot(name)
        inside, side = f"/tmp/shot-{self.user}.png", "south" if self.kind == "plasma" else "north"
        done = self.host.run(f"for letters in '65% -negate' 35%; do convert {inside} -gravity {side} -crop 100%x50%+0+0 +repage "
                             "-alpha off -colorspace gray -resize 300% -threshold $letters /tmp/big.png; "
                             "tesseract /tmp/big.png - --psm 6 2>/dev/null; done", timeout=60)
        return re.sub(r"\s+", " ", done.out)

    def reads(self, name, *words, without=None, seconds=12):
        """Waits until the screen shows all the words, and not the one it is to be without. Returns what it showed."""
        end = time.monotonic() + seconds
        while True:
            text = self.read(name)
            if all(word in text for word in words) and (not without or without not in text):
                return text
            assert time.monotonic() < end, f"the screen of {self.label} does not say {words} without {without}: {text}"

    def use(self, seconds):
        """Its user moves the mouse. GNOME keeps what it shows until somebody is there."""
        if self.kind == "gnome":
            done = self.as_user(["hand", str(seconds)])
            assert done.status == 0, done.text


class Rdp(Desktop, sessions.RdpSession):
    def __init__(self, host, user, kind):
        self.kind, self.label = kind, f"{kind}-rdp"
        choose(host, user, kind)
        sessions.RdpSession.__init__(self, host, user, program=None)
        self.wait_until_up()

    def shoot(self, inside):
        done = self.as_user(["import", "-window", "root", inside], DISPLAY=self.display,
                            XAUTHORITY=f"/home/{self.user}/.Xauthority")
        assert done.status == 0, done.text


class Wayland(Desktop, sessions.OnHost):
    """Opened by PAM, as gdm's and sddm's workers do it."""

    def __init__(self, host, user, kind, seat=None):
        self.host, self.user, self.kind, self.label = host, user, kind, f"{kind}-wayland"
        before = host.session_ids()
        settings = ["XDG_SESSION_TYPE=wayland", "XDG_SESSION_CLASS=user", "LIBGL_ALWAYS_SOFTWARE=1",
                    *ENVIRONMENT[kind].split()]
        if seat:
            settings.append(f"XDG_SEAT={seat}")
        start = {"gnome": "gnome-session", "plasma": "startplasma-wayland"}[kind]
        log = f"/tmp/{self.label}-{user}.log"
        self.client = host.start(
            ["systemd-run", "--quiet", "--pipe", "--wait", f"--property=PAMName=gdm-password", f"--uid={user}",
             *[f"--setenv={one}" for one in settings], "bash", "-lc", f"exec {start} >{log} 2>&1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.id = wait_until(lambda: self._new_id(before), 20, "a Wayland session")
        self.wait_until_up()

    def _new_id(self, before):
        for identity in self.host.session_ids():
            if identity not in before and self.host.session(identity).get("Type") == "wayland":
                return identity
        return None

    def shoot(self, inside):
        self.call("org.gnome.Shell.Screenshot", "/org/gnome/Shell/Screenshot", "org.gnome.Shell.Screenshot.Screenshot",
                  "false", "false", inside)


def rdp(host, user, kind):
    return Rdp(host, user, kind)


def wayland(host, user, kind, **options):
    return Wayland(host, user, kind, **options)
