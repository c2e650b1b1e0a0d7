# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of the lab: a container of systemd-nspawn, booted, looked at, and removed.

A host is an overlay on a base root, in a cgroup and a network of its own, and boots in about
half a second. Everything it consists of lies in one folder of the cache, `hosts/NAME`; removing a
host is killing its PID 1, unmounting the overlay and deleting that folder.

What a case may believe comes from here: processes are read from the host's own /proc and told apart
by pid and start time, sessions are read from its logind, by loginctl.
"""

import ctypes
import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import roots
from roots import Unavailable

CLEAN_ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "xterm", "LANG": "C.UTF-8"}
NO_AUDIT_SESSION = 4294967295  # the kernel's "unset"
PR_SET_PDEATHSIG = 1
FREEZER = Path("/sys/fs/cgroup/freezer")  # of cgroup v1, for processes that cannot be ended

# flavour: base root, cgroup version, what runs in place of systemd
FLAVOURS = {
    "systemd": ("systemd", 2, None),
    "systemd-v1": ("systemd", 1, None),
    "elogind": ("elogind", 2, "init-elogind.sh"),
    "bare": ("systemd", 2, "init-bare.sh"),
    "install": ("install", 2, None),
    "packages": ("packages", 2, None),
    "packaged": ("packaged", 2, None),
    "elogind-build": ("elogind-build", 2, "init-elogind.sh"),
    "servers": ("servers", 2, None),
    "server": ("server", 2, None),
    "cockpit": ("cockpit", 2, None),
    "desktop": ("desktop", 2, None),
    "ansible": ("ansible", 2, None),
}

# The flavours on which a case of `any_host` runs, each with the kind of host (LOGOFF_HOST) that it is: every kind for this machine.
KINDS = {"systemd": "logind", "systemd-v1": "logind", "elogind": "logind", "bare": "procfs"}

_counter = itertools.count(1)


class Result(NamedTuple):
    """How a command ended: exit status, standard output, standard error, and seconds taken."""
    status: int
    out: str
    err: str
    seconds: float

    @property
    def text(self):
        return self.out + self.err


@dataclass(frozen=True, order=True)
class Process:
    """A process as the host numbers it. Pid and start time together are never used twice: two
    looks at the same process are equal, whatever else has changed."""
    pid: int
    start: int
    name: str = field(compare=False)
    state: str = field(compare=False)
    tty: int = field(compare=False)
    audit_session: int = field(compare=False)
    cgroup: str = field(compare=False)


def wait_until(condition, seconds=10, what="condition"):
    """Polls until the condition holds and returns what it gave; fails the case if it never does. Many conditions start a program in the
    host, so the pauses grow."""
    end, pause = time.monotonic() + seconds, 0.02
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.3)


def start_time(pid, proc="/proc"):
    """When a process started, in clock ticks; None if there is no such process."""
    try:
        return int(Path(f"{proc}/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None


def cgroup_trees():
    """Where this machine's systemd-style hierarchies are: those a container boots in."""
    top = Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top]
    return [top / name for name in ("unified", "systemd") if (top / name).is_dir()]


def why_unavailable(flavour="systemd"):
    """Why this machine cannot boot a host of this flavour; None if it can."""
    if os.geteuid():
        return "the lab needs root"
    for tool in ("systemd-nspawn", "nsenter", "mount", "ip"):
        if not shutil.which(tool):
            return f"no {tool} on this machine"
    if "overlay" not in Path("/proc/filesystems").read_text() and \
            subprocess.run(["modprobe", "-q", "overlay"], stdin=subprocess.DEVNULL).returncode:
        return "this kernel has no overlayfs"
    trees = cgroup_trees()
    if not trees:
        return "no cgroup hierarchy is mounted at /sys/fs/cgroup"
    if not all(os.access(tree, os.W_OK) for tree in trees):
        return "the cgroup hierarchy is read-only"
    if FLAVOURS[flavour][1] == 1 and roots.RELEASE.no_cgroup_v1:
        return roots.RELEASE.no_cgroup_v1
    lo_up = ["unshare", "--net", "ip", "link", "set", "lo", "up"]
    if subprocess.run(lo_up, capture_output=True, timeout=10).returncode:
        return "a host here could have no network of its own (CAP_NET_ADMIN is missing)"
    if FLAVOURS[flavour][1] == 1 and not Path("/sys/fs/cgroup/systemd").is_dir():
        return "this machine has no cgroup v1 hierarchy for systemd"
    if FLAVOURS[flavour][1] == 2 and not any((tree / "cgroup.procs").exists() for tree in trees):
        return "this machine has no cgroup v2 hierarchy"
    return None


class Host:
    """A booted host. Use it as a context manager, or call `stop` yourself."""

    has_booted = False

    def __init__(self, flavour="systemd", stage=None, prepare=None, keep=False, debian=roots.DEBIAN):
        """Boots. `stage` is a DESTDIR tree to lay over the root; `prepare(root)` may change the
        root's files before the boot; a host to `keep` outlives this process; `debian` is its release."""
        reason = why_unavailable(flavour)
        if reason:
            raise Unavailable(reason)
        self.base_flavour, self.cgroup_version, init = FLAVOURS[flavour]
        self.init = init and (roots.HERE / "roots" / init).read_text()
        self.flavour = flavour
        self.name = f"{flavour}-{os.getpid()}-{next(_counter)}"
        self.folder = roots.cache() / "hosts" / self.name
        self.root = self.folder / "root"
        self.leader = None
        self.nspawn = None
        base = roots.base(self.base_flavour, debian)
        try:
            self._mount(base)
            self._furnish(stage)
            if prepare:
                prepare(self.root)
            self._boot(keep)
            self._write_state(owner=self.nspawn.pid if keep else os.getpid())
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    # -- from nothing to a running host ---------------------------------------------------------

    def _mount(self, base):
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        self._write_state(owner=os.getpid())
        options = f"lowerdir={base},upperdir={self.folder}/upper,workdir={self.folder}/work"
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.root],
                              capture_output=True, text=True, timeout=30)
        if done.returncode:
            raise Unavailable(f"cannot mount an overlay: {done.stderr.strip()}")

    def _furnish(self, stage):
        (self.root / "etc/hostname").write_text(self.name + "\n")
        for probe in probes():
            shutil.copy2(probe, self.root / "usr/local/bin" / probe.name)
        if stage:
            shutil.copytree(stage, self.root, symlinks=True, dirs_exist_ok=True)
            subprocess.run(["chroot", self.root, "ldconfig"], check=True, timeout=30)

    def _boot(self, keep):
        command = ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--register=no",
                   "--keep-unit", f"--machine={self.name}", "--console=pipe", "--private-network",
                   "--link-journal=no", "--resolv-conf=off", "--timezone=off", "--settings=no",
                   "--system-call-filter=@keyring"]
        command += ["--as-pid2", "bash", "-c", self.init] if self.init else ["--boot"]
        self.cgroups = [tree / f"lab-{self.name}" for tree in cgroup_trees()]
        for cgroup in self.cgroups:
            cgroup.mkdir(exist_ok=True)
        libc = ctypes.CDLL(None)

        def in_the_child():
            for cgroup in self.cgroups:
                (cgroup / "cgroup.procs").write_text("0")
            if not keep:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        version = "1" if self.cgroup_version == 2 else "0"
        with (self.folder / "console.log").open("w") as console:
            self.nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=version),
                start_new_session=True, preexec_fn=in_the_child)
        wait_until(self._find_leader, 20, f"{self.name} has a PID 1")
        if self.cgroup_version == 1:
            subprocess.Popen([sys.executable, roots.HERE / "release_agent.py",
                              f"/sys/fs/cgroup/systemd/lab-{self.name}/payload", str(self.leader)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(self._is_up, 60, f"{self.name} is up")
        Host.has_booted = True

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            lines = (self.folder / "console.log").read_text(errors="replace").strip().splitlines()
            why = AssertionError if Host.has_booted else Unavailable    # this machine can, as it has before
            raise why("systemd-nspawn ended: " + (lines or ["no output"])[-1])
        self.leader = find_leader(self.nspawn.pid)
        return self.leader

    def _is_up(self):
        if self.init:
            return self.path("/run/lab-ready").exists()
        if not self.path("/run/systemd/private").exists():
            return False
        state = self.run("systemctl is-system-running --wait", timeout=60).out.strip()
        return state in ("running", "degraded")

    def _write_state(self, owner):
        state = {"owner": owner, "owner_start": start_time(owner), "leader": self.leader,
                 "nspawn": self.nspawn and self.nspawn.pid, "flavour": self.flavour}
        (self.folder / "state.json").write_text(json.dumps(state))

    def reboot(self):
        """The machine restarts by itself: nothing of /run is left."""
        self.run("systemctl reboot --force")
        self.nspawn.wait(60)  # it leaves a new start to whoever has started it
        self._boot(keep=False)
        self._write_state(owner=os.getpid())

    def stop(self):
        """Ends the host at once, with all its processes, and removes its files."""
        if self.nspawn and self.nspawn.poll() is None:
            os.kill(self.leader or self.nspawn.pid, signal.SIGKILL)
            try:
                self.nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait(20)
        remove(self.folder)

    def connect(self, other, address="10.77.0.1", other_address="10.77.0.2", cable="lab0"):
        """A cable between two hosts, removed with them. A host with several has a name for each."""
        subprocess.run(["ip", "link", "add", cable, "netns", str(self.leader), "type", "veth",
                        "peer", "name", cable, "netns", str(other.leader)], check=True, timeout=10)
        for host, own in ((self, address), (other, other_address)):
            host.check(f"ip addr add {own}/24 dev {cable} && ip link set {cable} up")
        with self.path("/etc/hosts").open("a") as hosts:
            hosts.write(f"{other_address} {other.name}\n")
        with other.path("/etc/hosts").open("a") as hosts:
            hosts.write(f"{address} {self.name}\n")

    # -- commands on the host -------------------------------------------------------------------

    def path(self, inside):
        """A file of the running host, as this machine sees it (its /tmp and /run too)."""
        return Path(f"/proc/{self.leader}/root{inside}")

    def _enter(self, command, user, env):
        """The command line, on this machine, of a command there, and the environment that it is given."""
        if isinstance(command, str):
            command = ["bash", "-c", command]
        line = ["nsenter", "--target", str(self.leader), "--all"]
        settings = {**CLEAN_ENV, **(env or {})}
        if user:
            line += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
            settings |= {"HOME": f"/home/{user}", "USER": user, "LOGNAME": user}
        return [*line, *command], settings

    def command(self, command, user=None, env=None):
        """The command line, on this machine, of a command there, outside every session."""
        line, settings = self._enter(command, user, env)
        return ["env", "-i", *(f"{name}={value}" for name, value in settings.items()), *line]

    def start(self, command, user=None, env=None, **popen):
        """Starts a command, outside every session, and returns its Popen."""
        line, settings = self._enter(command, user, env)
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                 "stderr": subprocess.PIPE, "text": True, "errors": "replace", **popen}
        return subprocess.Popen(line, env=settings, start_new_session=True, **popen)

    def run(self, command, user=None, env=None, timeout=30):
        """Runs a command, outside every session, and returns its Result."""
        return finish(self.start(command, user, env), timeout)

    def check(self, command, **options):
        """Runs a command that must succeed and returns its output."""
        result = self.run(command, **options)
        assert result.status == 0, f"{self.name}: {command}: {result.text}"
        return result.out.strip()

    # -- the host's own view --------------------------------------------------------------------

    def processes(self):
        """Every process of the host that has not ended."""
        proc = self.path("/proc")
        found = (read_process(proc, int(pid)) for pid in os.listdir(proc) if pid.isdigit())
        return [process for process in found if process and process.state not in "ZX"]

    def named(self, name):
        """The processes of that name."""
        return [process for process in self.processes() if process.name == name]

    def alive(self, process):
        """Whether this process still runs, and not another of its number."""
        now = read_process(self.path("/proc"), process.pid)
        return bool(now) and now.start == process.start and now.state not in "ZX"

    def survivors(self, processes):
        return [process for process in processes if self.alive(process)]

    def session_ids(self):
        """The ids logind lists, but for those in which systemd 257 keeps the users' service managers."""
        rows = [line.split() for line in self.check("loginctl list-sessions --no-legend").splitlines()]
        ids = [row[0] for row in rows if "manager" not in row[4:]]
        return [one for one in ids if self.session(one)] if self.flavour == "elogind" else ids

    def session(self, identity):
        """logind's properties of a session; an empty dictionary if there is no such session."""
        shown = self.run(["loginctl", "show-session", identity])
        if shown.status:
            return {}
        properties = dict(line.split("=", 1) for line in shown.out.splitlines())
        # elogind 255 keeps most sessions; a user who has left does not count as logged on
        over = self.flavour == "elogind" and properties.get("State") == "closing" and not self.session_processes(identity)
        return {} if over else properties

    def session_processes(self, identity):
        """The processes in the cgroup of a session: its scope or, before elogind 255, a group of its name."""
        tails = f"/session-{identity}.scope", f"/{identity}"
        return [process for process in self.processes() if process.cgroup.endswith(tails)]

    def audit_processes(self, number):
        """The processes with this kernel audit session."""
        assert number != NO_AUDIT_SESSION
        return [process for process in self.processes() if process.audit_session == number]

    def unit_is_active(self, unit):
        return self.run(["systemctl", "is-active", unit]).out.strip() in ("active", "deactivating")

    def restart(self, service):
        """Restarts a service, however often that has been done lately."""
        self.check(f"systemctl reset-failed {service}; systemctl restart {service}")


# -- pieces that need no host -------------------------------------------------------------------

def finish(process, timeout=30):
    """Waits for a started command and returns its Result; kills it when it takes too long."""
    begin = time.monotonic()
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate(timeout=10)
        raise AssertionError(f"took over {timeout} s: {process.args}\n{out}\n{err}")
    return Result(process.returncode, out or "", err or "", time.monotonic() - begin)


def read_process(proc, pid):
    """One process out of a /proc; None if it has ended."""
    try:
        head, _, tail = (proc / f"{pid}/stat").read_text(errors="replace").rpartition(")")
        fields = tail.split()
        session = int((proc / f"{pid}/sessionid").read_text())
        groups = (proc / f"{pid}/cgroup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The hierarchy in which sessions live: v2's, or v1's that is named systemd.
    paths = [line.split(":", 2)[2] for line in groups if line.split(":", 2)[1] == "name=systemd"]
    paths += [line.split(":", 2)[2] for line in groups if line.startswith("0::")]
    own = max(paths, key=len, default="")
    state = "S" if fields[0] == "Z" and int(fields[17]) > 1 else fields[0]  # only its first thread has ended
    return Process(pid, int(fields[19]), head.partition("(")[2], state, int(fields[4]),
                   session, own)


def find_leader(nspawn):
    """The pid, on this machine, of the PID 1 that a systemd-nspawn runs; None before it does."""
    for child in children(nspawn):
        for pid in (child, *children(child)):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if f"NSpid:\t{pid}\t1\n" in status:
                return pid
    return None


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def probes():
    """The small programs of `probes/`, the C ones compiled, ready to be copied into a host."""
    folder = roots.cache() / "probes"
    folder.mkdir(parents=True, exist_ok=True)
    ready = []
    for source in sorted((roots.HERE / "probes").iterdir()):
        if source.suffix != ".c":
            ready.append(source)
            continue
        program = folder / source.stem
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            part = program.with_suffix(f".{os.getpid()}")
            done = subprocess.run(["cc", "-O2", "-static", "-o", part, source], text=True,
                                  capture_output=True, timeout=60)
            if done.returncode:
                raise Unavailable(f"cannot compile {source.name}: {done.stderr.strip()}")
            part.rename(program)
        ready.append(program)
    return ready


def remove(folder):
    """Ends the processes that are left of a host, and removes its files."""
    trees = [tree / f"lab-{folder.name}" for tree in (*cgroup_trees(), FREEZER)]
    groups = [group for tree in trees for group, _, _ in os.walk(tree, topdown=False)]
    for group in groups:
        wait_until(lambda: remove_cgroup(group), 10, f"{group} is empty")
    mounted = folder / "root"
    if os.path.ismount(mounted) and subprocess.run(["umount", mounted], timeout=30).returncode:
        subprocess.run(["umount", "--lazy", mounted], check=True, timeout=30)
    shutil.rmtree(folder, ignore_errors=True)


def remove_cgroup(group):
    """Tries to remove a cgroup, and kills its processes, frozen or not. Returns whether it is gone."""
    try:
        state = Path(group, "freezer.state")
        if state.exists():
            state.write_text("THAWED")
        for pid in Path(group, "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        os.rmdir(group)
    except (FileNotFoundError, ProcessLookupError):
        pass
    except OSError:
        return False
    return not os.path.exists(group)


def make_room():
    """Each systemd takes several inotify instances, of which root has 128 on many machines: too few for twenty hosts."""
    most = Path("/proc/sys/fs/inotify/max_user_instances")
    if int(most.read_text()) < 1024:
        try:
            most.write_text("1024\n")
        except OSError:
            pass  # a host that cannot boot says so


def sweep():
    """Removes the hosts whose owner died without doing so (SIGKILL, a crash). Of several processes one does it at a time."""
    roots.cache().mkdir(parents=True, exist_ok=True)
    with (roots.cache() / "sweep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder in (roots.cache() / "hosts").glob("*"):
            try:
                state = json.loads((folder / "state.json").read_text())
            except (FileNotFoundError, ValueError):
                continue
            if start_time(state["owner"]) != state["owner_start"]:
                remove(folder)
