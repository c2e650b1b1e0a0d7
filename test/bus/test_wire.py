# SPDX-License-Identifier: GPL-3.0-or-later
"""A bus that is none: what answers on the system bus's socket is silent, breaks off, or sends what is not D-Bus.

Here there is no dbus-daemon, which would keep malformed messages away: the bytes come straight to the command. What is
asked of it is only to end, with status 6 and a true statement, and under sanitizers without a finding.
"""

import random
import socket
import struct
import threading

import jeepney
import pytest

from login1 import ID, LOGIN1_PATH, properties, session_path

LOOKED_UP = rf"{ID}: cannot be looked up \(.*\)"
NO_BUS = r"localhost: cannot be reached \(the system bus: .*\)"
EITHER = f"({LOOKED_UP}|{NO_BUS})"
NAME = ":1.7"


class Wire:
    """Answers one connection on the socket at PATH with SCRIPT(self)."""

    def __init__(self, path, script):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.script = script
        self.parser = jeepney.Parser()
        self.done = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            self.peer = self.listener.accept()[0]
            self.script(self)
        except OSError:
            pass    # the command has had enough

    def close(self):
        self.done.set()
        self.listener.close()

    def hold(self):
        """Keeps the connection open, and says nothing."""
        self.done.wait(60)

    def greet(self):
        """The authentication of a bus that passes no file descriptors: where it did, libsystemd 257 would leak memory with
        each message that it cannot read. What comes behind BEGIN is kept."""
        got = b""
        while b"BEGIN\r\n" not in got:
            more = self.peer.recv(4096)
            if not more:
                raise OSError("gone")
            got += more
        self.peer.sendall(b"DATA\r\nOK " + b"0123456789abcdef" * 2 + b"\r\nERROR\r\n")
        self.parser.add_data(got.partition(b"BEGIN\r\n")[2])

    def call(self):
        """The next call."""
        while (message := self.parser.get_next_message()) is None:
            more = self.peer.recv(4096)
            if not more:
                raise OSError("gone")
            self.parser.add_data(more)
        return message

    def answer(self, call, signature, *body):
        self.peer.sendall(message_of(call, signature, body))

    def hello(self):
        self.greet()
        self.answer(self.call(), "s", NAME)

    def getall(self):
        """As far as the question for the properties, which is returned."""
        self.hello()
        self.answer(self.call(), "o", session_path(ID))
        return self.call()


def message_of(call, signature, body, serial=1000):
    """The bytes of the answer to CALL."""
    answer = jeepney.new_method_return(call, signature, body)
    answer.header.fields[jeepney.HeaderFields.sender] = ":1.1"
    answer.header.fields[jeepney.HeaderFields.destination] = NAME
    return answer.serialise(serial=serial)


def properties_of(call):
    return message_of(call, "a{sv}", (properties(),))


def at_once(wire):
    wire.peer.close()


def silent(wire):
    wire.hold()


def refused(wire):
    wire.peer.sendall(b"REJECTED EXTERNAL\r\n")
    wire.hold()


def no_words(wire):
    wire.peer.sendall(b"\0\xff" * 100_000)
    wire.hold()


def endless_greeting(wire):
    while True:
        wire.peer.sendall(b"A" * 65536)


def no_hello(wire):
    wire.greet()
    wire.hold()


def wrong_hello(wire):
    wire.greet()
    wire.answer(wire.call(), "u", 7)
    wire.hold()


def hello_of_no_name(wire):
    wire.greet()
    wire.answer(wire.call(), "s", "\x1b[31m")
    wire.hold()


def gone_after_hello(wire):
    wire.hello()
    wire.peer.close()


def answer_to_nobody(wire):
    call = wire.getall()
    call.header.serial += 12345
    wire.peer.sendall(properties_of(call))
    wire.peer.close()


def half_an_answer(wire):
    wire.peer.sendall(properties_of(wire.getall())[:-7])
    wire.peer.close()


def half_an_answer_and_silence(wire):
    wire.peer.sendall(properties_of(wire.getall())[:-7])
    wire.hold()


def changed(offset, new):
    """The answer with other bytes at this place."""
    def script(wire):
        data = bytearray(properties_of(wire.getall()))
        data[offset:offset + len(new)] = new
        wire.peer.sendall(data)
        wire.peer.close()
    return script


def bad_utf8(wire):
    wire.peer.sendall(properties_of(wire.getall()).replace(b"someone", b"some\xff\xfee"))
    wire.peer.close()


def nul_within(wire):
    wire.peer.sendall(properties_of(wire.getall()).replace(b"someone", b"some\0ne"))
    wire.peer.close()


def no_path(wire):
    """An object path that is none."""
    wire.hello()
    call = wire.call()
    wire.peer.sendall(message_of(call, "o", (session_path(ID),)).replace(LOGIN1_PATH.encode(), b"x" * len(LOGIN1_PATH)))
    wire.peer.close()


def array_too_long(wire):
    """The array says that it is longer than the message."""
    call = wire.getall()
    data = properties_of(call)
    body = len(data) - struct.unpack_from("<I", data, 4)[0]
    wire.peer.sendall(data[:body] + struct.pack("<I", 0x03ffffff) + data[body + 4:])
    wire.peer.close()


def deep_variant(wire):
    """A variant in a variant in a variant ..."""
    value = ("s", "x")
    for _ in range(60):
        value = ("v", value)
    wire.answer(wire.getall(), "a{sv}", {"Deep": value})
    wire.peer.close()


SCRIPTS = {
    "closes at once": at_once, "no words": no_words, "endless greeting": endless_greeting,
    "wrong hello": wrong_hello, "hello of no name": hello_of_no_name, "gone after hello": gone_after_hello,
    "answer to nobody": answer_to_nobody, "half an answer": half_an_answer, "bad utf-8": bad_utf8, "nul within": nul_within,
    "no path": no_path, "array too long": array_too_long, "deep variant": deep_variant,
    "no endianness": changed(0, b"x"), "wrong endianness": changed(0, b"B"), "no type": changed(1, b"\0"),
    "unheard type": changed(1, b"\x77"), "protocol 9": changed(3, b"\x09"), "body of 4 GiB": changed(4, b"\xff\xff\xff\xff"),
    "body of 128 MiB": changed(4, b"\0\0\0\x08"), "empty body": changed(4, b"\0\0\0\0"), "no serial": changed(8, b"\0\0\0\0"),
    "fields of 4 GiB": changed(12, b"\xff\xff\xff\xff"), "no fields": changed(12, b"\0\0\0\0"),
}

# These are waited for as long as any question of a look-up.
WAITED_FOR = [silent, refused, no_hello, half_an_answer_and_silence]


@pytest.fixture
def wires(worlds):
    """Starts the command at a bus of this script."""
    made = []

    def make(script):
        world = worlds()
        path = world.folder / "wire"
        world.address = f"unix:path={path}"
        made.append(Wire(path, script))
        world.start(ID, "/grace:0", "/wait:1")
        return world
    yield make
    for wire in made:
        wire.close()


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_bus_at_all(wires, name):
    wires(SCRIPTS[name]).finish().check(6, EITHER, within=1)


def test_silent_bus(wires):
    for world in [wires(script) for script in WAITED_FOR]:
        world.finish().check(6, EITHER, within=5)


def test_flipped_bytes(wires):
    """The properties with three bytes anywhere changed, in 40 ways that are the same each time."""
    def flipped(seed):
        def script(wire):
            chance = random.Random(seed)
            data = bytearray(properties_of(wire.getall()))
            for _ in range(3):
                data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
            wire.peer.sendall(data)
            wire.peer.close()
        return script
    for seed in range(40):
        done = wires(flipped(seed)).finish()
        done.check(6, f"({LOOKED_UP}|{NO_BUS}|session .*: the host failed .*)", within=1)
