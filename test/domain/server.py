# SPDX-License-Identifier: GPL-3.0-or-later
"""One server of the domain: what a case says of it, and what has become of it.

A server is an address of the domain's controller, with a folder of its own. The MS-TSTS service serves its memory host
(doc/memory-host.md), "host" there, and does wrong as "faults" says (README.md). "calls", "answers" and "deeds" are what
it wrote down. What has become of the sessions is what `query` says of the host.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

import domain as domains  # noqa: E402
from host import wait_until  # noqa: E402

FIRST, LAST = 10, 199


NOBODY, FIRST_UID = "gdm", 70000


def quote(value):
    """A value as the description has it: every byte that could end it is \\xHH."""
    data = str(value).encode()
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7f and byte not in b'"\\' else f"\\x{byte:02x}" for byte in data)
    return f'"{shown}"'


def ago(seconds):
    return int(time.time()) - seconds


def session(id, **keys):
    """`logon` and `input` are Unix times, 0 if nobody knows them. `logoff="ignored"`, `reset="ignored"`: it does not end
    when it is asked, or killed; `logoff_after`: it ends so many ms later. `answer`, `answer_after`: what its user does
    with a message (1: OK)."""
    return "session", {"id": id, "logon": ago(3600 - hash(id) % 3600), "input": ago(60), **keys}


def following(id, **keys):
    """The next logon of that id, which begins when the session has ended."""
    return "session", {"id": id, "follows": True, "input": ago(0), **keys}


def process(session, pid, image):
    return "process", {"session": session, "pid": pid, "image": image}


def fault(call, **keys):
    """`poke` is (offset, bytes), `raw` bytes."""
    if "poke" in keys:
        keys["poke"] = f"{keys['poke'][0]}:{keys['poke'][1].hex()}"
    if "raw" in keys:
        keys["raw"] = keys["raw"].hex()
    told = [name if value is True else f"{name}={value}" for name, value in keys.items() if value is not None]
    return "fault", " ".join([call, *told])


def keys_of(**keys):
    """The keys of a line: one that is true stands alone, one that is None is left out."""
    return "".join(f" {name.replace('_', '-')}" if value is True else
                   f" {name.replace('_', '-')}={value if isinstance(value, int) else quote(value)}"
                   for name, value in keys.items() if value is not None and value is not False)


class Description:
    """A memory host made of sessions and processes."""

    def __init__(self, lines, uids, admins):
        self.uids, self.admins, self.users = uids, admins, {NOBODY: 120}
        self.sessions = [keys for word, keys in lines if word == "session" and keys["id"]]
        self.processes = [keys for word, keys in lines if word == "process"]

    def user_of(self, keys):
        name = keys.get("user")
        if name is None:
            return NOBODY
        full = f"{keys['domain']}\\{name}" if keys.get("domain") else name
        uid = self.uids.get(name, 0)  # no two users have one
        self.users.setdefault(full, uid if uid not in (0, *self.users.values()) else FIRST_UID + len(self.users))
        return full

    def process_lines(self, identity, **keys):
        return ["process" + keys_of(pid=one["pid"], command=one["image"], **keys) for one in self.processes
                if one["session"] == identity]

    def session_lines(self, keys):
        name, idle = keys.get("name"), time.time() - keys["input"] if keys["input"] > 0 else None
        rdp = int(name[8:]) if name and name.lower().startswith("rdp-tcp#") else None
        console = bool(name) and name.lower() == "console"
        ends = not (keys.get("logoff") or keys.get("reset"))
        life = {"term": keys.get("logoff_after", 0) if ends else "never", "kill": "never" if keys.get("reset") else 0}
        logon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(keys["logon"])) if keys.get("logon", 0) > 0 else None
        line = "session" + keys_of(
            id=str(keys["id"]), user=self.user_of(keys), rdp=rdp, console=console, greeter="user" not in keys,
            tty=name if name and rdp is None and not console else None, protocol="rdp" if rdp is not None else None,
            state="disconnected" if keys.get("state") == "disconnected" else None, client=keys.get("client"),
            address=keys.get("address"), logon=logon, idle=max(0, int(idle * 1000)) if idle is not None else None,
            follows=keys.get("follows"), channel="desktop",
            user_answers={1: "ok", 2: "closed"}.get(keys.get("answer")), answers_after=keys.get("answer_after"))
        lines = self.process_lines(keys["id"], **life) if not keys.get("follows") else []
        if not lines and life != {"term": 0, "kill": 0}:
            lines = ["process" + keys_of(command="shell", **life)]
        return [line, *lines]

    def text(self):
        sessions = [line for keys in self.sessions for line in self.session_lines(keys)]
        services = ["user name=root uid=0 manager", *self.process_lines(0)]
        users = [f"user name={quote(name)} uid={uid}" for name, uid in self.users.items() if uid]
        return "\n".join(["host shared", f"caller real admins={self.admins}", *services, *users, *sessions]) + "\n"


def office():
    """Services, an empty console, alice and bob at work over RDP, carol disconnected, helen with two sessions. Alice's
    session takes a moment to end, as a real one does."""
    domain = {"domain": "ADLAB"}
    return [
        session(0, logon=0, input=0),
        session(1, name="Console", logon=0, input=0),
        session(2, name="RDP-Tcp#2", user="alice", client="ALICE-PC", address="10.1.2.3", logoff_after=150, **domain),
        session(3, name="RDP-Tcp#3", user="bob", client="BOB-PC", address="10.1.2.4", logon=ago(9000), input=ago(7200), **domain),
        session(4, state="disconnected", user="carol", **domain),
        session(5, name="RDP-Tcp#5", user="helen", client="HELEN-PC", address="2001:db8::5", **domain),
        session(6, state="disconnected", user="helen", **domain),
        process(0, 4, "System"),
        process(0, 700, "daemon"),
        process(2, 2100, "explorer.exe"),
        process(2, 2101, "notepad.exe"),
        process(3, 3100, "explorer.exe"),
        process(4, 4100, "winword.exe"),
    ]


def turn(domain):
    """The addresses, those last that were in use last: a client of the case before may still close its handles
    there."""
    with (domain.folder / "next").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        begin = int(file.read() or 0)
        file.truncate(0)
        file.write(str(begin + 1))
    n = LAST - FIRST + 1
    return (FIRST + (begin + i) % n for i in range(n))


class Server:
    """A server of its own for one case."""

    def __init__(self, domain):
        self.domain = domain
        self.worker = None
        self.services = False
        for self.number in turn(domain):
            self.folder = domain.folder / "servers" / f"10.99.0.{self.number}"
            try:
                self.folder.mkdir()
                break
            except FileExistsError:
                continue
        else:
            raise RuntimeError("all addresses are in use")
        self.other_folder = domain.folder / "servers" / f"fd00:99::{self.number}"
        self.other_folder.symlink_to(self.folder.name)  # it has another path there
        self.name = f"h{self.number}.ad.lab"
        self.short = f"h{self.number}"
        self.six = f"six{self.number}.ad.lab"  # reached by IPv6 only
        self.address = f"10.99.0.{self.number}"
        self.address6 = f"fd00:99::{self.number}"

    def release(self):
        if self.worker:
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait(10)
        self.other_folder.unlink()
        gone = self.folder.with_name(f"gone-{self.number}")  # a call may still be under way there
        shutil.rmtree(gone, ignore_errors=True)
        self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    # -- what is said of it ----------------------------------------------------------------------

    def describe(self, *lines):
        """Another host is there from now on, and no other faults."""
        self.services = any(word == "session" and not keys["id"] for word, keys in lines if word != "fault")
        self.described = Description(lines, *self.domain.ids())
        part, acts = self.folder / "part", self.folder / "host.acts"
        part.write_text(self.described.text())
        for old in (acts, self.folder / "faults", self.folder / "told"):
            old.unlink(missing_ok=True)
        acts.touch()
        acts.chmod(0o666)  # each client's logoff-host writes there
        part.rename(self.folder / "host")
        self.add(*(one for one in lines if one[0] == "fault"))

    def add(self, *faults):
        with (self.folder / "faults").open("a") as file:
            file.writelines(f"{text}\n" for _, text in faults)

    def end(self, identity):
        """The session ends by itself."""
        number = [keys["id"] for keys in self.described.sessions].index(identity)
        since = time.time_ns() - (self.folder / "host").stat().st_mtime_ns
        with (self.folder / "host.acts").open("a") as file:
            file.write(f"{since // 1000} 5 0 {number} 0\n")

    def settings(self, *lines):
        """Settings of smb.conf that hold for this address only."""
        (self.folder / "smb.conf").write_text("[global]\n" + "".join(f"\t{one}\n" for one in lines))

    def pipes_at(self, folder):
        """A short path, there, of a folder for pipes; for `ncalrpc dir`."""
        inside = f"/run/pipes-{self.number}"
        self.domain.check(["ln", "-sfn", folder, inside])
        return inside

    def only_pipes(self, *names):
        """The server has these pipes and no others."""
        folder = self.folder / "rpc/np"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name.lower()).symlink_to(f"/run/samba/ncalrpc/np/{name.lower()}")
        self.settings(f"ncalrpc dir = {self.pipes_at(folder.parent)}")

    def own_worker(self, ahead=0, pipes=None):
        """A worker for this server alone, which may die. It is ended with the server. Its clock is `ahead` seconds ahead;
        it has these pipes and no others."""
        folder = self.folder / "rpc"
        folder.mkdir()
        inside = self.pipes_at(folder)
        self.worker = self.domain.start(
            ["/usr/libexec/samba/samba-dcerpcd", "--configfile=/run/samba/dc.conf", "--foreground",
             "--no-process-group", f"--option=ncalrpc dir={inside}",
             f"--option=pid directory={inside}",
             f"{self.domain.folder}/libexec/rpcd_logoff"],
            env={**domains.service_environment(self.domain.folder), "AHEAD": ahead}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: (folder / "np/lsm_api_service").is_socket(), 10, "the worker has its pipes")
        self.settings(f"ncalrpc dir = {inside}")
        assert self.domain.wake(self.name)
        for pipe in (folder / "np").iterdir() if pipes is not None else ():
            if pipe.name not in [name.lower() for name in pipes]:
                pipe.unlink()

    # -- what has become of it -------------------------------------------------------------------

    def truth(self, word="session"):
        """The sessions or processes now, as a local `query` shows them; the user without their domain."""
        words = ["*"] if word == "process" else []
        found = self.domain.query(self.folder / "host", word, *words)
        for one in found:
            domain, _, name = (one["user"] or "").rpartition("\\")
            one["user"], one["domain"] = name or None, domain or None
            if one.get("kind") == "greeter":
                one["user"] = None
        return found

    def ids(self):
        """The ids of the sessions that are there."""
        return [0] * self.services + sorted(int(one["id"]) for one in self.truth())

    def calls(self, name=None):
        """What was called, in order, as dictionaries."""
        return self._read("calls", "call", name)

    def answers(self, name=None):
        return self._read("answers", "call", name)

    def deeds(self, name=None):
        """What was done, in order."""
        return self._read("deeds", "deed", name)

    def done(self, deed="logoff"):
        """The ids of the sessions to which that was done, in order."""
        return [record["session"] for record in self.deeds(deed)]

    def _read(self, file, key, name):
        path = self.folder / file
        lines = path.read_text().splitlines() if path.exists() else []
        records = [json.loads(one) for one in lines if one.endswith("}")]  # not one that is being written
        return [record for record in records if name in (None, record[key])]
