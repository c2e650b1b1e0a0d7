# SPDX-License-Identifier: GPL-3.0-or-later
"""One server in memory: what a case says of it, and what the worker says has become of it.

A server is an address of the domain's controller, with a folder of its own: "host" is the description that
rpcd_memory reads at each call and writes into (README.md tells its lines), "calls", "answers" and "deeds" are what
it wrote down.
"""

import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

from host import wait_until  # noqa: E402

FIRST, LAST = 10, 199


def quote(value):
    """A value as the description has it: every byte that could end it is \\xHH."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    data = value if isinstance(value, bytes) else str(value).encode()
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7f and byte not in b'"\\' else f"\\x{byte:02x}" for byte in data)
    return f'"{shown}"'


def line(word, keys):
    """A line of the description. A key that is true stands alone, one that is None is left out."""
    told = [(name.replace("_", "-"), value) for name, value in keys.items() if value is not None and value is not False]
    return " ".join([word, *(name if value is True else f"{name}={quote(value)}" for name, value in told)])


def ago(seconds):
    return int(time.time()) - seconds


def session(id, **keys):
    """What ends later than its case did must not be taken for a session of the next one: hence the serial number."""
    serial = random.randrange(1, 1 << 48)
    return line("session", {"id": id, "connect": ago(3600), "logon": ago(3600 - id % 3600), "input": ago(60), "serial": serial, **keys})


def process(session, pid, image, **keys):
    return line("process", {"session": session, "pid": pid, "image": image, "create": ago(3000), **keys})


def clock(ahead):
    """The server's clock is wrong by so many seconds."""
    return line("clock", {"ahead": ahead})


def fault(call, **keys):
    """`poke` is (offset, bytes), `raw` bytes."""
    if "poke" in keys:
        keys["poke"] = f"{keys['poke'][0]}:{keys['poke'][1].hex()}"
    if "raw" in keys:
        keys["raw"] = keys["raw"].hex()
    return line("fault", {"call": call, **keys})


def office(sid="S-1-5-21-1-2-3"):
    """Services, an empty console, alice and bob at work over RDP, carol disconnected, helen with two sessions. Alice's
    session takes a moment to end, as a real one does."""
    domain = {"domain": "ADLAB"}
    return [
        session(0, name="Services", state="disconnected", logon=0, input=0),
        session(1, name="Console", state="connected", logon=0, input=0),
        session(2, name="RDP-Tcp#2", user="alice", client="ALICE-PC", address="10.1.2.3", logoff_after=150, **domain),
        session(3, name="RDP-Tcp#3", user="bob", client="BOB-PC", address="10.1.2.4", logon=ago(9000), input=ago(7200), **domain),
        session(4, state="disconnected", user="carol", disconnect=ago(600), **domain),
        session(5, name="RDP-Tcp#5", user="helen", client="HELEN-PC", address="2001:db8::5", **domain),
        session(6, state="disconnected", user="helen", disconnect=ago(60), **domain),
        line("listener", {"id": 65536, "name": "RDP-Tcp"}),
        process(0, 4, "System", sid="S-1-5-18"),
        process(0, 700, "svchost.exe", sid="S-1-5-19"),
        process(2, 2100, "explorer.exe", sid=f"{sid}-1103"),
        process(2, 2101, "notepad.exe", sid=f"{sid}-1103"),
        process(3, 3100, "explorer.exe", sid=f"{sid}-1104"),
        process(4, 4100, "winword.exe", sid=f"{sid}-9999"),
    ]


def parse(text):
    """[(word, {key: value})] of a description."""
    rows = []
    for row in text.splitlines():
        word, _, rest = row.strip().partition(" ")
        if word and not word.startswith("#"):
            keys = re.findall(r'([\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|(\S*)))?', rest)
            rows.append((word, {name: quoted or bare or True for name, quoted, bare in keys}))
    return rows


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
        self.other_folder.symlink_to(self.folder)
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
        self._edit(lambda _: "\n".join(lines) + "\n")

    def add(self, *lines):
        self._edit(lambda text: text + "\n".join(lines) + "\n")

    def end(self, identity):
        """The session ends by itself."""
        mine = re.compile(rf"^(session .*\bid={identity}\b|process .*\bsession={identity}\b).*\n", re.M)
        self._edit(lambda text: mine.sub("", text))

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

    def own_worker(self):
        """A worker for this server alone, which may die. It is ended with the server."""
        folder = self.folder / "rpc"
        folder.mkdir()
        inside = self.pipes_at(folder)
        self.worker = self.domain.start(
            ["/usr/libexec/samba/samba-dcerpcd", "--configfile=/run/samba/dc.conf", "--foreground",
             "--no-process-group", f"--option=ncalrpc dir={inside}",
             f"--option=pid directory={inside}",
             f"{self.domain.folder}/libexec/rpcd_memory"],
            env={"SERVERS": f"{self.domain.folder}/servers"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: (folder / "np/lsm_api_service").is_socket(), 10, "the worker has its pipes")
        self.settings(f"ncalrpc dir = {inside}")
        assert self.domain.wake(self.name)

    def _edit(self, change):
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            host = self.folder / "host"
            text = host.read_text() if host.exists() else ""
            part = self.folder / f"host.{os.getpid()}"
            part.write_text(change(text))
            part.rename(host)

    # -- what has become of it -------------------------------------------------------------------

    def truth(self, word="session"):
        """The keys of the lines of that word now."""
        return [keys for kind, keys in parse((self.folder / "host").read_text()) if kind == word]

    def ids(self):
        """The ids of the sessions that are there."""
        return sorted(int(keys["id"]) for keys in self.truth())

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
        lines = path.read_text(errors="surrogateescape").splitlines() if path.exists() else []
        records = [json.loads(one) for one in lines if one.endswith("}")]  # not one that is being written
        return [record for record in records if name in (None, record[key])]
