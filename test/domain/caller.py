# SPDX-License-Identifier: GPL-3.0-or-later
"""caller.py SERVER USER PASSWORD [LEVEL]: another client, impacket's transport, that sends what it is told.

Reads a JSON list of [interface, UUID, pipe, opnum (null: only to bind), stub in hex] and prints the list of answers
in hex, or what was said instead. A "handle" in a stub stands for the context handle that the first answer of the same interface began
with. All calls of one interface go over one pipe.
"""

import json
import sys

from impacket.dcerpc.v5 import rpcrt, transport
from impacket.uuid import uuidtup_to_bin


def connect(server, user, password, uuid, pipe, level):
    way = transport.DCERPCTransportFactory(rf"ncacn_np:{server}[\pipe\{pipe}]")
    way.set_credentials(user, password, "ADLAB" if user else "")
    way.set_connect_timeout(20)
    rpc = way.get_dce_rpc()
    rpc.set_auth_level(level)
    if level > rpcrt.RPC_C_AUTHN_LEVEL_NONE:
        rpc.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
    rpc.connect()
    rpc.bind(uuidtup_to_bin((uuid, "1.0")))
    return rpc


def main():
    server, user, password = sys.argv[1:4]
    level = int(sys.argv[4]) if len(sys.argv) > 4 else rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY
    pipes, handles, answers = {}, {}, []
    for interface, uuid, pipe, opnum, stub in json.load(sys.stdin):
        try:
            if interface not in pipes:
                pipes[interface] = connect(server, user, password, uuid, pipe, level)
            rpc = pipes[interface]
            if opnum is None:
                answers.append("")
                continue
            rpc.call(opnum, bytes.fromhex(stub.replace("handle", handles.get(interface, ""))))
            answer = rpc.recv()
            # IcaApi answers with a status first, 4 bytes.
            handles.setdefault(interface, answer[4:24].hex() if interface == "IcaApi" else answer[:20].hex())
            answers.append(answer.hex())
        except Exception as error:  # whatever impacket calls it
            answers.append(f"error: {type(error).__name__}: {error}")
    json.dump(answers, sys.stdout)


main()
