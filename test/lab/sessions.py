# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of every kind, opened on a host the way people open them, and held open.

    session = sessions.ssh(host, "alice")          with a terminal; tty=False without one
    session.sh("stubborn -d keeper")               runs in the session
    session.processes()                            what the host says is in it

A session here is a client (ssh, su, login, an RDP client...) that runs on the host itself, outside
every session, with a shell at its far end that is spoken to through a pipe. Closing the pipe is the
user's "exit". `clean` ends whatever a case left behind.
"""

import itertools
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import time

import pytest

import roots
from host import NO_AUDIT_SESSION, wait_until

USERS = ("alice", "bob", "carol")
CLIENT_DISPLAY = ":99"  # the X server on which RDP clients draw
PLAIN_SHELL = "PS1= PS2= exec bash --norc --noediting"
HELLO = "echo hello: \"[$XDG_SESSION_ID]\" $$ $(cat /proc/self/sessionid) $(tty)"


class Ended(Exception):
    """The far end of a shell ended during the conversation."""


class Shell:
    """A shell at the far end of a pipe."""

    _marks = itertools.count(1)

    def __init__(self, client):
        self.client = client
        self.heard = ""

    def write(self, text):
        try:
            self.client.stdin.write(text)
            self.client.stdin.flush()
        except BrokenPipeError:
            raise Ended(self.heard)

    def listen(self, seconds):
        """Reads from the far end for at most this time; False at its end."""
        if not select.select([self.client.stdout], [], [], seconds)[0]:
            return True
        piece = os.read(self.client.stdout.fileno(), 65536)
        self.heard += piece.decode(errors="replace").replace("\r", "")
        return bool(piece)

    def expect(self, pattern, seconds=15):
        """Waits for a pattern; returns the output up to its end."""
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.heard)):
            left = end - time.monotonic()
            if left < 0:
                raise AssertionError(f"no {pattern!r} within {seconds} s: {self.heard!r}")
            if not self.listen(left):
                raise Ended(self.heard)
        self.heard = self.heard[match.end():]
        return match

    def answer(self, prompt, reply, seconds=15):
        """Answers a prompt after half a second without output: a program that asks for a password discards earlier input."""
        self.expect(prompt, seconds)
        while select.select([self.client.stdout], [], [], 0.5)[0]:
            if not self.listen(0):
                raise Ended(self.heard)
        self.write(reply + "\n")

    def begin(self, command):
        """Starts a command line; `result` waits for its end."""
        mark = f"mark-{next(self._marks)}"
        # in one line, as a program that asks for a password discards waiting lines
        self.write(f"eval {shlex.quote(command)}; printf '\\n%s %s;' {mark} $?\n")
        return mark

    def result(self, mark, seconds=30):
        """The output and exit status of a command begun."""
        match = self.expect(rf"(?s)^(.*?)\n?\n{mark} (\d+);", seconds)
        return match.group(1).lstrip("\n"), int(match.group(2))

    def run(self, command, seconds=30):
        return self.result(self.begin(command), seconds)


class OnHost:
    """A session as its host sees it, by its `id`."""

    def processes(self):
        return self.host.session_processes(self.id)

    def exists(self):
        return bool(self.host.session(self.id))

    def property(self, name):
        return self.host.session(self.id).get(name, "")


class Session(OnHost):
    """An open session with a shell in it. `id` is logind's or, without one, the kernel's."""

    def __init__(self, host, user, client, greeting=None):
        self.host, self.user, self.client = host, user, client
        self.shell = Shell(client)
        if greeting:  # login discards input that comes before the shell asks for it
            self.shell.expect(r"[$#] $")
            self.shell.write(greeting + "\n")
        self.shell.write(HELLO + "\n")
        hello = self.shell.expect(r"hello: \[(\w*)\] (\d+) (\d+) (.*)\n")
        self.opened = time.monotonic()
        self.pid = int(hello.group(2))
        audit = int(hello.group(3))
        self.audit = None if audit == NO_AUDIT_SESSION else audit
        self.id = hello.group(1) or str(self.audit)
        self.tty = hello.group(4).removeprefix("/dev/") if "/dev/" in hello.group(4) else ""

    def sh(self, command, seconds=30):
        """Runs a command in the session, which must succeed, and returns its output."""
        out, status = self.shell.run(command, seconds)
        assert status == 0, f"{command}: {status}: {out}"
        return out.strip()

    def refuse_messages(self):
        """Does the same as `mesg n`, which not every host has."""
        self.sh("chmod go-w $(tty); test $(stat -c %a $(tty)) = 600")

    def spawn(self, command, name):
        """Starts a command in the background and returns its process, found by that name."""
        before = self.host.named(name)
        self.sh(f"{command} >/dev/null 2>&1 </dev/null &")
        found = wait_until(lambda: [one for one in self.host.named(name) if one not in before],
                           what=f"{name} runs")
        return found[0]

    def processes(self):
        """The processes of the session now, by its cgroup and by its kernel audit session."""
        by_group = super().processes()
        by_audit = self.host.audit_processes(self.audit) if self.audit else []
        return sorted(set(by_group) | set(by_audit))

    def leave(self):
        """Ends the shell, as a user does with `exit`."""
        self.shell.write("exit\n")
        self.client.stdin.close()

    def ended_for_client(self, seconds=10):
        """Whether the client saw its end too."""
        try:
            self.client.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


class FakeSessions(OnHost):
    """Sessions registered with logind without a login; each is one `sleep`."""

    def __init__(self, host, **properties):
        count = properties.get("count", 1)
        options = [f"--{name.rstrip('_').replace('_', '-')}={value}" for name, value in properties.items()]
        self.host = host
        self.client = host.start(["make-sessions", *options], stderr=subprocess.STDOUT)
        shell = Shell(self.client)
        heard = shell.expect(r"(?s)^(.*)ready\n", 20 + count / 20).group(1)
        self.ids = heard.split()
        assert len(self.ids) == count, heard

    @property
    def id(self):
        return self.ids[0]


class RdpSession(OnHost):
    """An xrdp session and the RDP client connected to it. `name` is what the client calls itself,
    `server` the address by which it finds the host, `program` what runs in it when it is up, `at` the host of the
    client, if it is another one, `options` more of its options."""

    def __init__(self, host, user, backend="Xorg", name=None, server="127.0.0.1", program="xterm", at=None, options=()):
        self.host, self.user, self.at = host, user, at or host
        self.client_name, self.server, self.options = name, server, options
        prepare_rdp(host)
        prepare_rdp_client(self.at)
        host.check(f"sed -i 's/^autorun=.*/autorun={backend}/' /etc/xrdp/xrdp.ini")
        before = host.session_ids()
        self.connect()
        self.id = wait_until(lambda: self._new_id(before), 20, "an xrdp session")
        self.display = wait_until(lambda: self.host.session(self.id).get("Display"), 10,
                                  "the display of the xrdp session")
        wait_until(self.connected, 10, "the RDP client is connected")
        wait_until(lambda: not program or program in [one.name for one in self.processes()], 15,
                   "the desktop of the xrdp session")
        wait_until(lambda: not program or self._is_quiet(), 10, "the desktop is quiet")

    def _is_quiet(self):
        """Waits until the shell on the desktop is ready, and the programs of its start have ended."""
        def numbers():
            return {(process.pid, process.start) for process in self.processes()}

        before = numbers()
        time.sleep(0.3)
        return numbers() == before

    def _new_id(self, before):
        for identity in self.host.session_ids():
            if identity not in before:
                session = self.host.session(identity)
                if session.get("Service") == "xrdp-sesman" and session["Name"] == self.user:
                    return identity
        return None

    @property
    def number(self):
        return int(self.display.strip(":").partition(".")[0])

    @property
    def name(self):
        return f"rdp-tcp#{self.number}"

    def connect(self):
        """Connects a client: a new session, or this one again."""
        named = [f"/client-hostname:{self.client_name}"] if self.client_name else []
        self.client = self.at.start(
            [roots.RELEASE.rdp_client, f"/v:{self.server}", f"/u:{self.user}", f"/p:pw-{self.user}",
             "/cert:ignore", "/size:1024x768", "/bpp:24", *named, *self.options],
            env={"DISPLAY": CLIENT_DISPLAY}, stderr=subprocess.STDOUT)

    def move_mouse(self, x):
        """Input of the user, if this is the client in front. Its window is where the screen begins."""
        self.at.check(["xdotool", "mousemove", str(x), "300"], env={"DISPLAY": CLIENT_DISPLAY})

    def reconnect(self, name=None, server=None):
        self.client_name = name or self.client_name
        self.server = server or self.server
        self.connect()
        wait_until(self.connected, 20, "the RDP client is connected again")

    def disconnect(self):
        """The client disconnects; the session stays, without a name."""
        os.killpg(self.client.pid, signal.SIGKILL)
        self.client.wait(10)
        wait_until(lambda: not self.connected(), 10, "the RDP session is disconnected")

    def connected(self):
        # An accepted connection (state 03) on the session's channel socket is a client.
        wanted = re.compile(rf" 03 +\d+ .*/xrdp_chansrv_socket_{self.number}$", re.MULTILINE)
        return bool(wanted.search(self.host.path("/proc/1/net/unix").read_text()))

    def client_log(self, seconds=10):
        """The output of the client until its end."""
        return self.client.communicate(timeout=seconds)[0]

    def leftovers(self):
        """Lock and socket files of the display that are still there."""
        tmp = self.host.path("/tmp")
        files = [tmp / f".X{self.number}-lock", tmp / f".X11-unix/X{self.number}",
                 *self.host.path("/run/xrdp/sockdir").rglob(f"*_{self.number}")]
        return [file.name for file in files if file.exists()]


def bring_jeepney(host):
    """A Python library that speaks D-Bus, for programs that are run with PYTHONPATH=/usr/local/lib/lab."""
    jeepney = pytest.importorskip("jeepney")
    shutil.copytree(os.path.dirname(jeepney.__file__), host.path("/usr/local/lib/lab/jeepney"), dirs_exist_ok=True)


def prepare_rdp(host):
    """Starts, once for a host, xrdp."""
    if host.named("xrdp"):
        return
    host.check("grep -q '^autorun=' /etc/xrdp/xrdp.ini || "
               "sed -i 's/^\\[Globals\\]/[Globals]\\nautorun=Xorg/' /etc/xrdp/xrdp.ini; "
               "systemctl start xrdp xrdp-sesman")
    # It may listen once to try the port, then again, for good, in the process that stays.
    wait_until(lambda: not host.run("ss -ltnp sport = :3389 | "
                                    "grep -q pid=$(systemctl show --property=MainPID --value xrdp),").status,
               10, "xrdp listens")


def prepare_rdp_client(host):
    """Starts, once for a host, the X server for its clients."""
    display = host.path(f"/tmp/.X11-unix/X{CLIENT_DISPLAY[1:]}")
    if display.exists():
        return
    host.start(["Xvfb", CLIENT_DISPLAY, "-screen", "0", "1280x1024x24"],
               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(display.exists, 10, "Xvfb is up")


def _client(host, command, **options):
    return host.start(command, stdin=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def ssh(host, user, tty=True, server="127.0.0.1"):
    """A login over ssh, with or without a terminal."""
    shell = f"stty -echo; {PLAIN_SHELL}" if tty else "exec bash"
    command = ["ssh", "-tt" if tty else "-T", f"{user}@{server}", shell]
    return Session(host, user, _client(host, command))


def login(host, user):
    """A login on a pseudo terminal, as on a serial line."""
    client = _client(host, ["script", "--quiet", "--command", f"exec login -f {user}", "/dev/null"])
    # The login shell echoes the greeting itself, which the expected pattern does not match.
    return Session(host, user, client, greeting=f"stty -echo; {PLAIN_SHELL}")


def su(host, user):
    """`su -` from outside every session, which makes one."""
    return Session(host, user, _client(host, ["su", "-", user]))


def service(host, user):
    """What `machinectl shell` does: a transient unit with PAM."""
    return Session(host, user, _client(host, [
        "systemd-run", "--quiet", "--pipe", "--wait", "--property=PAMName=login",
        f"--uid={user}", "bash"]))


def fake(host, user="alice", **properties):
    """A session registered without a login, with any seat, tty, display, type and class_."""
    return FakeSessions(host, uid=1000 + USERS.index(user), **properties)


def fake_console(host, user="alice", **properties):
    """A session on seat0, as far as a machine without virtual terminals can have one."""
    return fake(host, user, **{"seat": "seat0", "display": ":1", "type": "x11",
                               "service": "gdm", **properties})


def cron_job(host, user):
    """A job that cron runs now, and that runs until it is killed. Returns its process."""
    host.path("/etc/cron.d/lab").write_text(f"@reboot {user} /usr/local/bin/stubborn cron-job\n")
    # cron runs what is @reboot when it starts for the first time.
    start = "systemctl restart cron" if host.flavour.startswith("systemd") else \
        "pkill -x cron; sleep 0.1; cron"
    host.check(f"rm -f /run/crond.reboot /var/run/crond.reboot; {start}")
    return wait_until(lambda: host.named("cron-job"), 15, "cron runs the job")[0]


def clean(host, users=()):
    """Ends every session on a host and everything that users of the lab, and others who are named, still run."""
    names = ",".join((*USERS, *users))
    # Processes first: logind may be waiting for them.
    host.run("pkill -KILL make-sessions; pkill -KILL '^xfreerdp'")
    wait_until(lambda: host.run(["pkill", "-KILL", "-u", names]).status, 10, "no user runs anything")
    if host.flavour.startswith(("systemd", "server", "cockpit")):
        host.run("ids=$(loginctl list-sessions --no-legend | awk '{print $1}'); "
                 "[ -z \"$ids\" ] || loginctl kill-session --signal=KILL $ids; "
                 "systemctl kill --signal=KILL 'user@*.service'; "
                 # While a user's runtime folder is being removed, a login gets no service manager and no bus.
                 "systemctl stop 'user@*.service' 'user-runtime-dir@*.service'; systemctl reset-failed")
        wait_until(lambda: not host.session_ids(), 20, "all sessions are gone")
        # xrdp has only a few displays, so those that it could not remove are removed here. The clients' display stays.
        host.run("rm -f /tmp/.X[1-8]?-lock /tmp/.X11-unix/X[1-8]?; "
                 "find /run/xrdp/sockdir -name '*_[1-8]?' -delete")
