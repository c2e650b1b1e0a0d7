#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Samba Active Directory domain on this machine: boot it, look around in it, remove it.

    domain.py up                      boots a domain and prints its name
    domain.py list                    the domains that are up
    domain.py shell [NAME]            a root shell there
    domain.py run [NAME] -- COMMAND   one command there
    domain.py office [NAME]           a server with some sessions there; prints its name
    domain.py down [NAME]             removes it

The controller lives in namespaces of its own (network, mounts, host name, processes); nothing of the machine is
touched but a cache folder. It is provisioned once and kept there; a boot takes some seconds then. Without NAME the
one domain that is up is meant. With LOGOFF_STAGE=FOLDER, a tree made by `meson install --destdir FOLDER`, the
commands there are found by `shell` and `run`.
"""

import argparse
import ctypes
import fcntl
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "lab"))

import people  # noqa: E402
import roots  # noqa: E402
import stubs  # noqa: E402
from host import PR_SET_PDEATHSIG, children, finish, start_time, wait_until  # noqa: E402
from roots import Unavailable  # noqa: E402

SAMBA_PACKAGES = ["samba-ad-dc", "samba-ad-provision", "samba-dsdb-modules", "samba-libs"]
RECIPE = ["boot.sh", "provision.py", "people.py", "krb5.conf"]
# The host name stays the machine's: a client on the controller itself would be at home there. --root is for a machine
# that is itself a root of somebody's.
NAMESPACES = ["--net", "--mount", "--ipc", "--pid", "--root", "--wd"]
SERVERS = Path("/run/servers")  # there: the servers' folders, where every client's logoff-host finds them
LIBRARIES = ["dcerpc", "ndr", "samba-util", "samba-hostconfig", "talloc", "tevent", "jansson", "wbclient"]
STAGE = Path("/run/stage")  # there: $LOGOFF_STAGE, which may lie here where only root may look

_counter = itertools.count(1)


def cache():
    return roots.cache() / "domains"


def why_unavailable():
    """Why this machine cannot boot a domain; None if nothing is in the way."""
    if os.geteuid():
        return "the domain needs root"
    for tool in ("unshare", "nsenter", "mount", "ip", "samba", "samba-tool", "smbclient", "kinit", "cc", "pkg-config"):
        if not shutil.which(tool):
            return f"no {tool} on this machine (tools/install test/domain/packages.txt)"
    done = subprocess.run(["pkg-config", "--exists", *LIBRARIES])
    if done.returncode:
        return "no samba-dev, libwbclient-dev or libjansson-dev on this machine"
    if "overlay" not in Path("/proc/filesystems").read_text() and \
            subprocess.run(["modprobe", "-q", "overlay"], stdin=subprocess.DEVNULL).returncode:
        return "this kernel has no overlayfs"
    cable = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "ip", "link", "add", "wire0", "type", "veth",
             "peer", "name", "wire1"]
    if subprocess.run(cable, capture_output=True, timeout=10).returncode:
        return "no namespaces of one's own, or no cable in them (CAP_SYS_ADMIN, veth)"
    return None


# -- what is made once and kept ------------------------------------------------------------------

def recipe_hash():
    versions = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *SAMBA_PACKAGES],
                              capture_output=True, text=True).stdout
    recipe = [versions, *((HERE / name).read_text() for name in RECIPE)]
    return hashlib.sha256("\n".join(recipe).encode()).hexdigest()[:12]


def base():
    """The folder with a provisioned domain; provisions one if there is none of this recipe yet."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"base-{recipe_hash()}"
    with (folder / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            for old in folder.glob("base-*"):
                shutil.rmtree(old)
            provision(target)
    return target


def provision(target):
    part = target.with_name("part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    with (part / "log").open("w") as log:
        done = subprocess.run(unshare(part), stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=300)
    if done.returncode:
        last = (part / "log").read_text(errors="replace").strip()[-1000:]
        raise Unavailable(f"cannot provision a domain: {last}")
    (part / "base").rename(target)
    shutil.rmtree(part)


def unshare(folder, *words):
    """The command line that runs boot.sh in namespaces of its own."""
    return ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc",
            "bash", str(HERE / "boot.sh"), str(folder), *map(str, words)]


WRAPPED = ["client_of", "task_log_off", "task_disconnect", "task_message", "task_begin", "call_wait", "dcesrv_reply",
           "dispatch_fill", "clock_real_us"]
NO_PART = re.compile(r"/(test-|check|probe)[^/]*$|-windows\.c$")


def worker():
    """The folder with the service and its faults, compiled from the tree as it is now."""
    sources = [HERE / "faults.c", *(path for room in ("server", "tsts", "base") for path in sorted((SOURCE / "src" / room).glob("*.c"))
                                    if not NO_PART.search(str(path)) and (room != "tsts" or path.name.startswith("codec")))]
    headers = [path for room in ("server", "tsts", "base") for path in sorted((SOURCE / "src" / room).glob("*.h"))]
    cache().mkdir(parents=True, exist_ok=True)
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sources + headers)).hexdigest()[:12]
    folder = cache() / f"worker-{state}"
    with (cache() / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            in_use = {os.readlink(link) for link in cache().glob("up/*/libexec")}
            for old in cache().glob("worker-*/"):
                if str(old) not in in_use:
                    shutil.rmtree(old)
            compile_worker(sources, folder)
    return folder


def compile_worker(sources, folder):
    part = folder.with_name(folder.name + ".part")
    part.mkdir(exist_ok=True)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *LIBRARIES], capture_output=True, text=True, check=True).stdout.split()
    flags = [flag.replace("-I", "-isystem", 1) for flag in flags]  # no warnings of Samba's headers
    libdir = subprocess.run(["pkg-config", "--variable=libdir", "samba-util"], capture_output=True, text=True,
                            check=True).stdout.strip()
    words = {"SAMBA_LIBDIR": libdir, "SETTINGS_FILE": "/nonexistent", "BINDIR": "/nonexistent", "LOGOFF_STAMP": "test"}
    command = ["cc", "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I", SOURCE / "src", "-I", SOURCE / "include",
               "-DHAVE_WBCLIENT", "-DHAVE_SPAWN_CLOSEFROM", *(f'-D{name}="{value}"' for name, value in words.items()),
               "-o", part / "rpcd_logoff", *sources, *flags, "-ldcerpc-server-core", "-lsamba-errors", "-ldl",
               "-Wl," + ",".join(f"--wrap={name}" for name in WRAPPED)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise Unavailable(f"the service with its faults does not compile: {done.stderr[-2000:]}")
    part.rename(folder)


def service_environment(folder):
    """What the service is told: where its servers are, and what serves a host there."""
    return {"SERVERS": SERVERS, "LOGOFF_SERVER_HOST": folder / "logoff-host", "LOGOFF_SERVER_CONF": folder / "logoff-server.conf"}


# -- one domain ----------------------------------------------------------------------------------

class Domain:
    """A domain that is up. Use it as a context manager, or call `stop` yourself."""

    def __init__(self, keep=False):
        """Boots. A domain to `keep` outlives this process."""
        reason = why_unavailable()
        if reason:
            raise Unavailable(reason)
        self.name = f"ad-{os.getpid()}-{next(_counter)}"
        self.folder = cache() / "up" / self.name
        self.leader = self.unshare = None
        source = base()
        (self.folder / "servers").mkdir(parents=True)
        try:
            (self.folder / "libexec").symlink_to(worker())
            self._write_service()
            self._boot(source, keep)
            self._find_ids()
        except BaseException:
            self.stop()
            raise

    @classmethod
    def attach(cls, folder):
        """The domain of that folder, which another process keeps."""
        self = cls.__new__(cls)
        self.folder = Path(folder)
        self.name = self.folder.name
        self.leader = json.loads((self.folder / "state.json").read_text())["leader"]
        self.unshare = None
        self._mount_stage()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    def _boot(self, source, keep):
        libc = ctypes.CDLL(None)

        def end_with_us():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        with (self.folder / "console.log").open("w") as console:
            self.unshare = subprocess.Popen(
                unshare(self.folder, source), stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True, preexec_fn=None if keep else end_with_us)
        self.leader = wait_until(self._find_leader, 10, f"{self.name} has a PID 1")
        self._write_state(owner=self.unshare.pid if keep else os.getpid())
        try:
            wait_until(self._is_up, 60, f"{self.name} is up")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._last_words()}") from None
        self._mount_stage()

    def _write_service(self):
        """What the service starts, and its settings: a log-off asks, and its client is the one that resets."""
        found = environment()
        script = self.folder / "logoff-host"
        script.write_text(f"#!/bin/sh\nPATH={found['PATH']}\nLD_LIBRARY_PATH={found.get('LD_LIBRARY_PATH', '')}\n"
                          "export LD_LIBRARY_PATH\nexec logoff-host \"$@\"\n")
        script.chmod(0o755)
        (self.folder / "logoff-server.conf").write_text(
            "query = rds-users\ngrace = 120\nlimit-processes = 128\nlimit-all-processes = 4096\n")

    def _find_ids(self):
        """The numbers of the people, and of the groups that may do more, by which the service knows them."""
        def ask(*words):
            return self.check(["wbinfo", *words])

        uids = {name: int(ask("-i", f"{people.DOMAIN}\\{name}").split(":")[2]) for name in people.PASSWORDS}
        admins, lookers = (int(ask("--sid-to-gid", f"S-1-5-32-{number}")) for number in (544, 555))
        self.check(["sh", "-c", f"echo rds-users:x:{lookers}: >> /etc/group"])
        (self.folder / "ids.json").write_text(json.dumps([uids, admins]))

    def ids(self):
        """({name: uid}, the gid of the administrators)."""
        return json.loads((self.folder / "ids.json").read_text())

    def query(self, host, *words):
        """What a local `query` says of a memory host, as root."""
        found = environment(Path(os.environ["LOGOFF_STAGE"]))
        done = subprocess.run(["query", *words, "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env={**found, "LOGOFF_HOST": f"memory:{host}"}, check=False)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    def _mount_stage(self):
        """Shows the staged logoff to everybody there."""
        stage, seen = os.environ.get("LOGOFF_STAGE"), self.path(STAGE)
        if stage and start_time(self.leader) and not (seen.exists() and seen.samefile(stage)):
            self.check(["sh", "-c", 'mkdir -p "$2" && mount --bind "$1" "$2"', "sh", Path(stage).resolve(), STAGE])

    def _last_words(self):
        """The ends of the logs of a domain that does not come up."""
        logs = [*self.folder.glob("*.log"), *self.path("/var/log/samba").glob("*.*")]
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1000:]}" for log in logs if log.is_file())

    def _alive(self):
        if self.unshare.poll() is not None:
            lines = (self.folder / "console.log").read_text(errors="replace").strip().splitlines()
            raise Unavailable("the domain did not start: " + " / ".join(lines[-3:]))
        return True

    def _find_leader(self):
        return self._alive() and next(iter(children(self.unshare.pid)), None)

    def _is_up(self):
        """Once somebody can log on by Kerberos and reach the worker's pipe."""
        self._alive()
        if not self.path("/run/samba/ncalrpc/np/lsm_api_service").is_socket():
            return False
        probe = self.run('kinit alice <<< "$PASSWORD" && smbclient --use-krb5-ccache="$KRB5CCNAME" "$SHARE" -c exit',
                         env={"PASSWORD": people.PASSWORDS["alice"], "SHARE": "//h10.ad.lab/IPC$",
                              "KRB5CCNAME": f"FILE:{self.folder}/probe.ccache"})
        (self.folder / "probe.log").write_text(probe.text)
        return probe.status == 0 and self.wake("h10.ad.lab")

    def wake(self, name):
        """Sees to it that the worker of that server runs; returns whether it does. Of clients that come before the
        first one has been served, samba-dcerpcd (4.17) keeps some waiting until others come or go."""
        bind = [stubs.ENUMERATION, stubs.UUIDS[stubs.ENUMERATION], stubs.PIPES[stubs.ENUMERATION], None, ""]
        process = self.start(["/usr/bin/python3", HERE / "caller.py", name, "alice", people.PASSWORDS["alice"]],
                             stdin=subprocess.PIPE)
        out, err = process.communicate(json.dumps([bind]), timeout=60)
        (self.folder / "wake.log").write_text(out + err)
        return out == '[""]'

    def _write_state(self, owner):
        state = {"owner": owner, "owner_start": start_time(owner), "leader": self.leader,
                 "leader_start": start_time(self.leader)}
        (self.folder / "state.json").write_text(json.dumps(state))

    def stop(self):
        """Ends the domain at once and removes what it consisted of."""
        remove(self.folder)
        if self.unshare:
            self.unshare.wait(20)

    # -- commands in it ---------------------------------------------------------------------------

    def path(self, inside):
        """A file there, as this machine sees it."""
        return Path(f"/proc/{self.leader}/root{inside}")

    def _enter(self, command, user, env):
        """The command line, on this machine, of a command there, and the environment that it is given."""
        if isinstance(command, str):
            command = ["bash", "-c", command]
        line = ["nsenter", "--target", str(self.leader), *NAMESPACES]
        if user:
            line += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return [*line, *map(str, command)], {name: str(value) for name, value in {**environment(), **(env or {})}.items()}

    def command(self, command, user=None, env=None):
        """The command line, on this machine, of a command there."""
        line, settings = self._enter(command, user, env)
        return ["env", "-i", *(f"{name}={value}" for name, value in settings.items()), *line]

    def start(self, command, user=None, env=None, **popen):
        """Starts a command there and returns its Popen."""
        line, settings = self._enter(command, user, env)
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                 "errors": "replace", **popen}
        return subprocess.Popen(line, env=settings, start_new_session=True, **popen)

    def run(self, command, user=None, env=None, timeout=30):
        """Runs a command there and returns its Result."""
        return finish(self.start(command, user, env), timeout)

    def listens(self, port):
        """Whether somebody listens there on that port of TCP."""
        return self.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"]).status == 0

    def check(self, command, **options):
        """Runs a command that must succeed and returns its output."""
        result = self.run(command, **options)
        assert result.status == 0, f"{self.name}: {command}: {result.text}"
        return result.out.strip()


def environment(seen=STAGE):
    """The environment of commands in a domain: the staged logoff first, if there is one. It is SEEN at that place."""
    plain = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "xterm",
             "LC_ALL": "C.UTF-8", "TZ": "UTC", "KRB5CCNAME": "FILE:/run/krb5cc"}
    plain.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ})
    stage = os.environ.get("LOGOFF_STAGE")
    program = stage and next(Path(stage).glob("**/bin/logoff"), None)
    if program:
        libraries = [seen / path.parent.relative_to(stage) for path in program.parents[1].glob("lib/**/liblogoff.so")]
        prefix = seen / program.parents[1].relative_to(stage)
        plain["PATH"] = f"{prefix}/bin:{plain['PATH']}"
        plain["LD_LIBRARY_PATH"] = ":".join(map(str, libraries))
        plain["LOGOFF_TSTS"] = f"{prefix}/libexec/logoff/logoff-tsts"
    return plain


def remove(folder):
    """Ends what still runs of a domain, and removes what it consisted of."""
    try:
        state = json.loads((folder / "state.json").read_text())
        if start_time(state["leader"]) == state["leader_start"]:
            os.kill(state["leader"], signal.SIGKILL)
            wait_until(lambda: start_time(state["leader"]) != state["leader_start"], 20, f"{folder.name} has ended")
    except (FileNotFoundError, ValueError, ProcessLookupError):
        pass
    shutil.rmtree(folder, ignore_errors=True)


def sweep():
    """Removes the domains whose owner died without doing so."""
    for folder in (cache() / "up").glob("*"):
        try:
            state = json.loads((folder / "state.json").read_text())
        except (FileNotFoundError, ValueError):
            continue
        if start_time(state["owner"]) != state["owner_start"]:
            remove(folder)


# -- the domain by hand --------------------------------------------------------------------------

def domains():
    """The domains that are up, by name."""
    found = {}
    for folder in sorted((cache() / "up").glob("*/state.json")):
        one = Domain.attach(folder.parent)
        if start_time(one.leader):
            found[one.name] = one
    return found


def pick(name):
    running = domains()
    if name is None and len(running) == 1:
        return running.popitem()[1]
    if name not in running:
        sys.exit("domain.py: which domain? up are: " + (", ".join(running) or "none"))
    return running[name]


def up(args):
    sweep()
    print(Domain(keep=True).name)


def show(args):
    for name, one in domains().items():
        print(f"{name}\tPID 1 is {one.leader} here\t{one.folder}")


def enter(args):
    return subprocess.run(pick(args.name).command(args.command or ["bash", "-l"])).returncode


def office(args):
    import server  # which needs a domain, as this one does not

    one = server.Server(pick(args.name))
    one.describe(*server.office())
    print(f"{one.name}\t{one.folder}")


def down(args):
    remove(pick(args.name).folder)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up").set_defaults(act=up)
    verbs.add_parser("list").set_defaults(act=show)
    for word, act in (("shell", enter), ("run", enter), ("office", office), ("down", down)):
        verb = verbs.add_parser(word)
        verb.add_argument("name", nargs="?")
        verb.set_defaults(act=act, command=[])
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:cut])
    args.command = words[cut + 1:]
    return args


def main():
    args = options()
    try:
        return args.act(args)
    except Unavailable as reason:
        return f"domain.py: {reason}"


if __name__ == "__main__":
    sys.exit(main())
