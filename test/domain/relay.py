# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between a client and its server and does harm: a relay of TCP in front of smbd, which sees signed SMB
and can cut it, keep silent or read its heads; and a relay of pipes behind smbd, which sees whole fragments of
DCE/RPC.
"""

import ctypes
import os
import socket
import struct
import threading

CLONE_NEWNET = 0x40000000
PIPES = ["lsm_api_service", "termsrv_api_service", "ctx_winstation_api_service"]
RESPONSE = 2  # type of a PDU, C706 12.6


def enter_network(domain):
    """This thread's sockets are those of the domain from now on."""
    with open(f"/proc/{domain.leader}/ns/net", "rb") as there:
        if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


class Relay:
    """Accepts on a socket, and moves bytes in threads of its own until `close`."""

    def __init__(self, domain):
        self.domain = domain
        self.sockets = []
        self.closed = False
        self.n_met = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _serve(self, listener, meet):
        self.sockets.append(listener)
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            self.sockets.append(client)
            self.n_met += 1
            try:
                server = meet()
            except OSError:
                client.close()
                continue
            self.sockets.append(server)
            threading.Thread(target=self._guard, args=(self.upstream, client, server), daemon=True).start()
            threading.Thread(target=self._guard, args=(self.downstream, server, client), daemon=True).start()

    def _guard(self, move, source, target):
        try:
            move(source, target)
        except OSError:
            pass
        hang_up(source, target)

    def upstream(self, source, target):
        while data := source.recv(65536):
            target.sendall(data)

    downstream = upstream

    def break_all(self):
        """Hangs up on everybody, and accepts who comes next."""
        hang_up(*self.sockets[1:])

    def close(self):
        self.closed = True
        hang_up(*self.sockets)
        for one in self.sockets:
            one.close()


def hang_up(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class TcpRelay(Relay):
    """Listens on PORT of a server's address. After `cut` bytes of the server's it hangs up, or says no more if
    `silent`. `to` is another address and port than the server's own."""

    def __init__(self, server, port, cut=None, silent=False, to=None):
        super().__init__(server.domain)
        self.cut, self.silent = cut, silent
        self.address = server.address
        self.to = to or (self.address, 445)
        self.from_client, self.from_server = bytearray(), bytearray()
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(port, ready), daemon=True).start()
        assert ready.wait(10)

    def _listen(self, port, ready):
        enter_network(self.domain)
        listener = socket.create_server((self.address, port))
        ready.set()
        self._serve(listener, lambda: socket.create_connection(self.to, timeout=None))

    def upstream(self, source, target):
        while data := source.recv(65536):
            self.from_client += data
            target.sendall(data)

    def downstream(self, source, target):
        while data := source.recv(65536):
            room = len(data) if self.cut is None else max(0, self.cut - len(self.from_server))
            self.from_server += data
            target.sendall(data[:room])
            if room < len(data) and not self.silent:
                return

    def heads(self, of_client=True):
        """The SMB messages of one direction so far: (protocol, command, flags), protocol b'\\xfeSMB' or, encrypted,
        b'\\xfdSMB'."""
        stream, at, found = bytes(self.from_client if of_client else self.from_server), 0, []
        while at + 4 <= len(stream):
            length = int.from_bytes(stream[at + 1:at + 4], "big")
            message = stream[at + 4:at + 4 + length]
            plain = message[:4] == b"\xfeSMB"
            command = struct.unpack_from("<H", message, 12)[0] if plain else None
            flags = struct.unpack_from("<I", message, 16)[0] if plain else None
            found.append((message[:4], command, flags))
            at += 4 + length
        return found


class PipeRelay(Relay):
    """Stands at the pipes of one server. `spoil(number, pdu)` gets every fragment that the worker answers, counted
    from 0 over all pipes, and its type; it returns the bytes to pass on, or None to close the pipe. `silent` then:
    to say no more."""

    def __init__(self, server, spoil, silent=False, pipes=PIPES):
        super().__init__(server.domain)
        self.spoil, self.silent = spoil, silent
        self.count = 0
        self.lock = threading.Lock()
        folder = server.folder / "rpc"
        (folder / "np").mkdir(parents=True)
        inside = server.pipes_at(folder)
        for name in pipes:
            self._listen(folder / "np", name)
        server.settings(f"ncalrpc dir = {inside}")

    def _listen(self, folder, name):
        listener = socket.socket(socket.AF_UNIX)
        fd = os.open(folder, os.O_PATH)  # a short way to a long path
        listener.bind(f"/proc/self/fd/{fd}/{name}")
        os.close(fd)
        listener.listen()
        target = self.domain.path(f"/run/samba/ncalrpc/np/{name}")

        def meet():
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(target))
            return server

        threading.Thread(target=self._serve, args=(listener, meet), daemon=True).start()

    def downstream(self, source, target):
        """The answer to smbd's greeting, then messages: 2 bytes of length before each."""
        greeting = receive(source, 4)
        target.sendall(greeting + receive(source, int.from_bytes(greeting, "big")))
        while True:
            size = receive(source, 2)
            pdu = receive(source, int.from_bytes(size, "little"))
            with self.lock:
                number = self.count
                self.count += 1
            spoiled = self.spoil(number, pdu)
            if spoiled is not None:
                target.sendall(len(spoiled).to_bytes(2, "little") + spoiled)
            elif not self.silent:
                return


def receive(source, n):
    data = b""
    while len(data) < n:
        more = source.recv(n - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def is_response(pdu):
    return len(pdu) > 2 and pdu[2] == RESPONSE
