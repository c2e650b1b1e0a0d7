# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-tsts by itself: what it says of servers that are no servers, and that it never hangs, prints or outlives its starter.

The program is $LOGOFF_TSTS, else the one of ./build. It needs nothing but this machine's loopback; what a real server has to
say is asked in test/domain.
"""

import errno
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from program import Ended, Program, pack, size_of, word
from program import command as program_command

PASSWORD = "Kx7-never-to-be-seen"
CLOSED = 1  # tcpmux: nobody listens there
NTLM = {"user": "alice", "domain": "NOWHERE", "password": PASSWORD, "kerberos": "OFF"}


@pytest.fixture
def command():
    return program_command()


@pytest.fixture
def program(command):
    with Program(command) as one:
        yield one
        assert one.printed() == ""


class Peer:
    """Listens on this machine, and does ACT with whoever connects."""

    def __init__(self, act):
        self.act = act
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.met = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.met.set()
            threading.Thread(target=self._meet, args=(client,), daemon=True).start()

    def _meet(self, client):
        with client:
            try:
                self.act(client)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def keep_silent(client):
    while client.recv(65536):
        pass


def frame(data):
    return struct.pack(">I", len(data)) + data


def negotiated(dialect=0x0311, mode=3, blob=b"", offset=128, signature=b"\xfeSMB"):
    """The answer to SMB2 NEGOTIATE (MS-SMB2 2.2.4)."""
    head = signature + struct.pack("<HHIHHIIQIIQ16s", 64, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, b"")
    body = struct.pack("<HHHH16sIIIIQQHHI", 65, mode, dialect, 0, b"g" * 16, 0x7f, 1 << 20, 1 << 20, 1 << 20,
                       0, 0, offset, len(blob), 0)
    return head + body + blob


def answering(*answers, closes=False):
    """Answers each message with the next of ANSWERS, and then says no more or closes."""

    def act(client):
        for answer in answers:
            if not client.recv(65536):
                return
            client.sendall(answer)
        if not closes:
            keep_silent(client)

    return act


def refused(reply, *errnos):
    assert -reply["r"] in errnos, reply
    assert reply["error.domain"] and reply["error.text"], reply
    assert PASSWORD not in reply["error.text"]
    return reply["error.text"]


# -- where there is no server --------------------------------------------------------------------

def test_nobody_listens(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refused(program.logon("127.0.0.1", port=port, **NTLM), errno.EHOSTUNREACH) == "the server refuses the connection"


def test_nobody_listens_at_any_of_several_addresses(program):
    """localhost is two addresses on most machines."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refuses" in refused(program.logon("localhost", port=port, **NTLM), errno.EHOSTUNREACH)


def test_an_unknown_name(program):
    text = refused(program.logon("no-such-host.invalid", **NTLM), errno.EHOSTUNREACH)
    assert text.startswith(("unknown host: ", "the name cannot be looked up: "))


def test_nothing_else_is_tried_without_a_connection(program):
    program.logon("127.0.0.1", port=CLOSED, **NTLM)
    for order in ("LIST", "GET", "DETAILS", "CLIENTS", "PROCESSES", "LOGOFF", "RESET"):
        assert refused(program.order(order), errno.EHOSTUNREACH) == "there is no connection"
    assert refused(program.message(1, "hello"), errno.EHOSTUNREACH) == "there is no connection"


# -- what is no server of SMB --------------------------------------------------------------------

@pytest.mark.parametrize("act", [
    lambda client: client.close(),
    lambda client: client.recv(1),
    answering(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20, closes=True),
    answering(frame(b""), closes=True),
    answering(frame(b"\xfeSMB")),
    answering(frame(b"\xfeSMB" + b"\xff" * 200)),
    answering(frame(b"\xffSMBr" + bytes(27) + b"\0\0\0")),
    answering(frame(negotiated(dialect=0x0999))),
    answering(frame(negotiated(mode=0, dialect=0x02ff))),
    answering(frame(negotiated(blob=b"x" * 10, offset=0xffff))),
    answering(frame(negotiated(blob=b"\x60\x82\xff\xff" * 10, dialect=0x0210))),
    answering(frame(negotiated(dialect=0x0210)), frame(negotiated(dialect=0x0210))),
], ids=["closes", "closes later", "http", "empty", "a stub", "ones", "SMB 1", "unknown dialect", "endless dialect",
        "token outside", "token cut", "answers twice"])
def test_it_is_no_server(program, act):
    with Peer(act) as peer:
        refused(program.logon("127.0.0.1", port=peer.port, **NTLM), errno.EHOSTUNREACH, errno.EPROTO, errno.EKEYREJECTED,
                errno.EOPNOTSUPP)


def test_answers_with_chance_errors(command):
    """Some bytes of an answer are others: it is refused, without a crash."""
    chance = random.Random(7)
    good = negotiated(dialect=0x0210)
    for _ in range(40):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 12)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        with Peer(answering(frame(bytes(bad)), closes=True)) as peer, Program(command) as program:
            assert program.logon("127.0.0.1", port=peer.port, **NTLM)["r"] < 0, bad.hex()
            assert program.close() == 0, bad.hex()


# -- orders ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("send", [
    lambda program: program.send("LIST"),
    lambda program: program.send(99),
    lambda program: program.send("LOGON", bytes(size_of("order_logon") - 1)),
    lambda program: program.send("LOGON", length=0xffffffff),
    lambda program: program.ours.sendall(b"\xff" * 64),
], ids=["not a log-on", "unknown", "too short", "too long", "ones"])
def test_a_wrong_order_is_the_end(program, send):
    send(program)
    with pytest.raises(Ended) as ended:
        program.notice(10)
    assert ended.value.args == (1,)


@pytest.mark.parametrize("stamp", [b"0.2.0-x86_64-01234567".ljust(64, b"\0"), b"\xff" * 64, b"\xff"], ids=["newer", "ones", "one byte"])
def test_a_library_of_another_version(command, stamp):
    """Nothing is done for it; the program shows its own stamp and ends with the socket."""
    with Peer(keep_silent) as peer, Program(command, stamp=stamp) as program:
        program.send_logon("127.0.0.1", port=peer.port, **NTLM)
        assert len(program.ours.recv(65536)) == size_of("stamp")
        assert not select.select([program.ours], [], [], 0.5)[0] and not peer.met.is_set()
        assert program.close() == 0


def test_a_second_log_on_is_the_end(program):
    refused(program.logon("127.0.0.1", user="alice", kerberos="OFF"), errno.EKEYREJECTED)
    with pytest.raises(Ended) as ended:
        program.logon("127.0.0.1", user="alice", kerberos="OFF")
    assert ended.value.args == (1,)


def test_an_order_that_comes_in_pieces(program):
    payload = pack("order_logon", server="127.0.0.1", kerberos=word("OFF"))
    data = pack("order", serial=5, kind=word("LOGON"), length=len(payload)) + payload
    for i in range(0, len(data), 100):
        program.ours.sendall(data[i:i + 100])
        time.sleep(0.001)
    refused(program.reply(5), errno.EKEYREJECTED)


def test_texts_without_an_end(program):
    refused(program.logon(b"x" * 256, user=b"y" * 256, domain=b"z" * 256, password=b"p" * 512, ccache=b"c" * 1024),
            errno.EHOSTUNREACH)


def test_many_orders_at_once(program):
    """More than are carried out side by side; each gets its one reply."""
    program.logon("127.0.0.1", port=CLOSED, **NTLM)
    serials = [program.send("GET", id=i) for i in range(2000)]
    assert all(program.reply(serial)["r"] == -errno.EHOSTUNREACH for serial in reversed(serials))
    assert not program.replies and not program.removed


def test_more_orders_in_one_breath_than_there_is_room_for(program):
    program.logon("127.0.0.1", port=CLOSED, **NTLM)
    serials = range(1000, 1285)
    program.ours.sendall(b"".join(pack("order", serial=n, kind=word("GET"), id=n, timeout_ms=30000) for n in serials))
    assert all(program.reply(serial, timeout=10)["r"] == -errno.EHOSTUNREACH for serial in serials)


# -- who we are -----------------------------------------------------------------------------------

def test_no_password_and_no_kerberos(program):
    assert "password" in refused(program.logon("127.0.0.1", user="alice", kerberos="OFF"), errno.EKEYREJECTED)


def test_a_password_of_nobody(program):
    assert "no user" in refused(program.logon("127.0.0.1", password=PASSWORD), errno.EKEYREJECTED)


@pytest.mark.parametrize("members", [{}, {"user": "alice", "password": PASSWORD, "kerberos": "REQUIRED"}],
                         ids=["a ticket", "Kerberos is a must"])
def test_an_address_is_no_name_for_kerberos(program, members):
    assert "not its address" in refused(program.logon("127.0.0.1", **members), errno.EKEYREJECTED)


def test_no_ticket(program, tmp_path):
    text = refused(program.logon("localhost", ccache=f"FILE:{tmp_path}/none"), errno.EKEYREJECTED)
    assert "there is no Kerberos ticket" in text


def test_a_file_that_is_no_ticket(program, tmp_path):
    (tmp_path / "cache").write_bytes(b"\5\4" + b"\xff" * 100)
    refused(program.logon("localhost", ccache=f"FILE:{tmp_path}/cache"), errno.EKEYREJECTED)


# -- its end --------------------------------------------------------------------------------------

def test_it_ends_when_the_socket_is_closed(program):
    program.logon("no-such-host.invalid", **NTLM)
    assert program.close() == 0


def test_it_ends_even_while_it_connects(program):
    with Peer(keep_silent) as peer:
        program.send_logon("127.0.0.1", port=peer.port, **NTLM)
        assert peer.met.wait(20)
        begun = time.monotonic()
        assert program.close() == 0
        assert time.monotonic() - begun < 5


def test_an_order_waits_while_it_connects(program):
    """The socket is read on, and what comes is not carried out before the log-on is."""
    with Peer(keep_silent) as peer:
        program.send_logon("127.0.0.1", port=peer.port, **NTLM)
        assert peer.met.wait(20)
        program.send("LIST")
        with pytest.raises(TimeoutError):
            program.notice(0.5)
        assert program.close() == 0


def test_it_ends_with_its_starter(command):
    """Even if the socket stays open."""
    ours, theirs = socket.socketpair()
    code = ("import os, subprocess, sys, time\n"
            "child = subprocess.Popen(sys.argv[1:], pass_fds=(3,))\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(60)\n")
    starter = subprocess.Popen([sys.executable, "-c", code, *map(str, command)], stdout=subprocess.PIPE, text=True, pass_fds=(3,),
                               preexec_fn=lambda: os.dup2(theirs.fileno(), 3, inheritable=True))
    try:
        program = os.pidfd_open(int(starter.stdout.readline()))
        payload = pack("order_logon", server="127.0.0.1", kerberos=word("OFF"))
        ours.sendall(ours.recv(size_of("stamp")) + pack("order", serial=1, kind=word("LOGON"), length=len(payload)) + payload)
        assert ours.recv(65536)     # it is up, and has said so to the kernel
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.wait(10)
    assert wait_for_exit(program, 10)


def wait_for_exit(pidfd, seconds):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return poll.poll(seconds * 1000)


def test_a_socket_that_nobody_reads(command):
    """News wait for their reader; they are neither lost nor cut."""
    with Program(command) as program:
        program.logon("127.0.0.1", port=CLOSED, **NTLM)
        program.ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        serials = [program.send("GET", id=i) for i in range(3000)]
        time.sleep(0.3)
        assert [program.reply(serial)["serial"] for serial in serials] == serials


# -- what it says ---------------------------------------------------------------------------------

def test_debugging_says_something_but_no_password(command):
    with Peer(answering(frame(negotiated(dialect=0x0210)))) as peer:
        with Program(command, env={**os.environ, "LOGOFF_TSTS_DEBUG": "99"}) as program:
            with pytest.raises(TimeoutError):
                program.logon("127.0.0.1", 1, port=peer.port, **NTLM)
            program.ours.close()
            program.process.wait(5)
            said = program.printed()
    assert "logoff-tsts: all in all: 0 calls" in said
    assert len(said) > 1000 and PASSWORD not in said
