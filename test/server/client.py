# SPDX-License-Identifier: GPL-3.0-or-later
"""client.py: on the desk, a client that does what none of Windows' does. It is impacket's transport, as of caller.py.

Reads a JSON list of steps, each with the name of a pipe first, and prints the list of what came of them: an answer in hex, or
what was said instead.

    [PIPE, "open", FILE, UUID, LEVEL]     a pipe, and a bind of that interface. All pipes are of one SMB connection,
                                          unless PIPE has a "/": what stands before it names another
    [PIPE, "bind", UUID]                  that interface too
    [PIPE, "call", OPNUM, STUB, CONTEXT]  CONTEXT null: that of the last bind
    [PIPE, "close"]
    [PIPE, "leave", OPNUM, STUB]          the request is sent, and the process ends before the answer can come

In a stub "<N>" stands for the context handle that the answer to step N begins with; "<N+4>", of IcaApi, whose answers begin with a status.
"""

import json
import os
import re
import sys

from impacket.dcerpc.v5 import rpcrt, transport
from impacket.smbconnection import SMBConnection
from impacket.uuid import uuidtup_to_bin


class Client:
    """One SMB connection of one user."""

    def __init__(self, server, user, password, domain="ADLAB", dialect=None):
        self.smb = SMBConnection(server, server, preferredDialect=dialect, timeout=60)
        self.smb.login(user, password, domain)
        self.server = server

    def pipe(self, file, uuid, level=rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY):
        return Pipe(self, file, uuid, level)


class Pipe:
    def __init__(self, client, file, uuid, level):
        self.way = transport.SMBTransport(client.server, 445, "\\" + file, smb_connection=client.smb)
        rpc = self.way.get_dce_rpc()
        rpc.set_credentials(*client.smb.getCredentials()[:3])
        rpc.set_auth_level(level)
        if level > rpcrt.RPC_C_AUTHN_LEVEL_NONE:
            rpc.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
        rpc.connect()
        rpc.bind(uuidtup_to_bin((uuid, "1.0")))
        self.rpc = rpc

    def bind(self, uuid):
        self.rpc = self.rpc.alter_ctx(uuidtup_to_bin((uuid, "1.0")))

    def send(self, opnum, stub, context=None):
        before = self.rpc._ctx
        self.rpc._ctx = before if context is None else context
        self.rpc.call(opnum, stub)
        self.rpc._ctx = before

    def call(self, opnum, stub, context=None):
        self.send(opnum, stub, context)
        return self.rpc.recv()

    def close(self):
        self.way.get_smb_connection().closeFile(self.way._SMBTransport__tid, self.way._SMBTransport__handle)


def stub_of(text, answers):
    def handle(match):
        return answers[int(match[1])][2 * int(match[2] or 0):][:40]

    return bytes.fromhex(re.sub(r"<(\d+)(\+4)?>", handle, text))


def carry_out(pipes, answers, open_pipe, name, what, *words):
    if what == "open":
        pipes[name] = open_pipe(name, *words)
    elif what == "bind":
        pipes[name].bind(*words)
    elif what == "close":
        pipes.pop(name).close()
    elif what == "leave":
        pipes[name].send(words[0], stub_of(words[1], answers))
        os._exit(0)
    else:
        opnum, stub, context = words
        return pipes[name].call(opnum, stub_of(stub, answers), context).hex()
    return ""


def main():
    server, user, password = sys.argv[1:4]
    clients, pipes, answers = {}, {}, []

    def open_pipe(name, *words):
        connection = name.partition("/")[0] if "/" in name else ""
        if connection not in clients:
            clients[connection] = Client(server, user, password)
        return clients[connection].pipe(*words)

    for step in json.load(sys.stdin):
        try:
            answers.append(carry_out(pipes, answers, open_pipe, *step))
        except Exception as error:  # whatever impacket calls it
            answers.append(f"error: {type(error).__name__}: {error}")
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
