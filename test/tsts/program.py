# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-tsts by itself: sends it orders over a socket pair and reads its events, as backend/tsts.c does (src/tsts/order.h).

Where the members of the structures are is asked of the compiler (layout.c), so nothing here repeats the header.
"""

import functools
import json
import os
import select
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
FD = 3
SIZES = {1: "B", 2: "H", 4: "I", 8: "Q"}


@functools.cache
def layout():
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "layout"
        subprocess.run(["cc", "-std=gnu11", "-I", SOURCE / "include", "-I", SOURCE / "src", "-o", program, HERE / "layout.c"],
                       check=True, timeout=60)
        return json.loads(subprocess.run([program], capture_output=True, check=True, timeout=10).stdout)


def word(name):
    return layout()["words"][name]


def pack(structure, **members):
    """The bytes of a structure, all zero but MEMBERS."""
    shape = layout()["structures"][structure]
    data = bytearray(shape["size"])
    for name, value in members.items():
        offset, size, kind = shape["members"][name]
        if kind == "text":
            encoded = value if isinstance(value, bytes) else value.encode()
            assert len(encoded) <= size
            data[offset:offset + len(encoded)] = encoded
        else:
            struct.pack_into("=" + SIZES[size], data, offset, value)
    return bytes(data)


def unpack(structure, data):
    """The members of a structure as a dictionary."""
    members = {}
    for name, (offset, size, kind) in layout()["structures"][structure]["members"].items():
        if kind == "text":
            members[name] = data[offset:offset + size].split(b"\0")[0].decode()
        else:
            code = SIZES[size].lower() if kind == "signed" else SIZES[size]
            members[name] = struct.unpack_from("=" + code, data, offset)[0]
    return members


def size_of(structure):
    return layout()["structures"][structure]["size"]


def command():
    """The program that is tested: $LOGOFF_TSTS, else the one of ./build."""
    path = Path(os.environ.get("LOGOFF_TSTS", SOURCE / "build/src/tsts/logoff-tsts"))
    if not path.exists():
        pytest.skip(f"{path} is not built (it needs samba-dev)")
    return [path]


class Ended(Exception):
    """The program has closed the socket."""


class Program:
    """A logoff-tsts. COMMAND runs it, somewhere else if need be; descriptor 3 must reach it. STAMP is that of the library."""

    def __init__(self, command, env=None, stamp=None):
        self.ours, theirs = socket.socketpair()
        self.serial = 0
        self.link = 0          # of the last reply: what it has shown, the next orders are about
        self.buffer = b""
        self.removed = []      # ids of notices
        self.replies = {}      # serial: reply
        self.errors = tempfile.TemporaryFile()

        def at_three():
            os.dup2(theirs.fileno(), FD, inheritable=True)

        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
                                        preexec_fn=at_three, pass_fds=(FD,), env=env)
        theirs.close()
        if stamp is None:      # its own, which it shows first
            self.ours.settimeout(20)
            stamp = self.ours.recv(size_of("stamp"), socket.MSG_WAITALL)
            self.ours.settimeout(None)
        self.ours.sendall(stamp)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.ours.close()
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(5)

    def printed(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def send(self, kind, payload=b"", **members):
        """Sends an order and returns its serial."""
        self.serial += 1
        number = word(kind) if isinstance(kind, str) else kind
        members = {"timeout_ms": 30000, "link": self.link, "length": len(payload), **members}
        self.ours.sendall(pack("order", serial=self.serial, kind=number, **members) + payload)
        return self.serial

    def logon(self, server, timeout=30, **members):
        """Logs on, and returns the reply."""
        return self.reply(self.send_logon(server, **members), timeout)

    def send_logon(self, server, **members):
        members = {"port": 445, **members}
        if "password" in members:
            members["has_password"] = 1
        if "kerberos" in members:
            members["kerberos"] = word(members["kerberos"])
        return self.send("LOGON", pack("order_logon", server=server, **members))

    def order(self, kind, payload=b"", timeout=30, **members):
        """Sends an order and returns its reply."""
        return self.reply(self.send(kind, payload, **members), timeout)

    def message(self, session, text, timeout=30, title="", **members):
        return self.reply(self.send_message(session, text, title=title, **members), timeout)

    def send_message(self, session, text, title="", **members):
        return self.send("MESSAGE", pack("order_message", title=title, text=text, **members), id=session)

    def reply(self, serial, timeout=30):
        """The reply to an order: its members, with the rows as dictionaries (of the bytes, by the caller)."""
        until = time.monotonic() + timeout
        while serial not in self.replies:
            self._read(until)
        return self.replies.pop(serial)

    def wait(self, seconds):
        """Reads what comes in that time."""
        try:
            self._read_until(lambda: False, seconds)
        except TimeoutError:
            pass

    def _read_until(self, is_done, seconds):
        until = time.monotonic() + seconds
        while not is_done():
            self._read(until)

    def notice(self, timeout=30):
        """The id of the next notice."""
        until = time.monotonic() + timeout
        while not self.removed:
            self._read(until)
        return self.removed.pop(0)

    def _read(self, until):
        left = until - time.monotonic()
        if left <= 0 or not select.select([self.ours], [], [], left)[0]:
            raise TimeoutError("no event in time")
        try:
            data = self.ours.recv(1 << 20)
        except ConnectionResetError:  # it has ended before it had read everything
            data = b""
        if not data:
            raise Ended(self.process.wait(5))
        self.buffer += data
        while self._take():
            pass

    def _take(self):
        size = size_of("event")
        if len(self.buffer) < size:
            return False
        event = unpack("event", self.buffer)
        if len(self.buffer) < size + event["length"]:
            return False
        rows = self.buffer[size:size + event["length"]]
        self.buffer = self.buffer[size + event["length"]:]
        if event["kind"] == word("REMOVED"):
            assert event["serial"] == 0
            self.removed.append(event["id"])
            return True
        assert event["serial"] not in self.replies, "two replies to one order"
        self.link = event["link"] or self.link
        self.replies[event["serial"]] = {**event, "rows": self._rows(rows, event["n_rows"])}
        return True

    @staticmethod
    def _rows(data, n):
        if n == 0:
            return []
        size = len(data) // n
        structure = next(name for name in ("station_row", "event_process", "event_account") if size_of(name) == size)
        return [unpack(structure, data[i * size:(i + 1) * size]) for i in range(n)]
