#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""wire.py: counts what clients send over lo until its standard input ends, then prints it as JSON.

"requests": SMB2 requests by their command; "turns": how often a client had to wait for the server before it could send on (the
round trips); "server_ms": how long it waited in all, from its last packet to the server's next; "connections" to port 445;
"kdc" and "dns": questions to ports 88 and 53. A message that is encrypted counts as one request. Needs CAP_NET_RAW.
"""

import collections
import json
import select
import socket
import struct
import sys

ETH_P_ALL, PACKET_HOST = 3, 0  # what lo carries is seen twice: as it goes out, and as it comes in
SO_TIMESTAMPNS = 35
SMB, KDC, DNS = 445, 88, 53
COMMANDS = ("negotiate", "session setup", "logoff", "tree connect", "tree disconnect", "create", "close", "flush", "read",
            "write", "lock", "ioctl", "cancel", "echo", "query directory", "change notify", "query info", "set info", "break")


class Connection:
    """One TCP connection of a client to an SMB server."""

    def __init__(self):
        self.held = b""
        self.answered = True
        self.asked = None

    def take(self, payload, found):
        self.held += payload
        while len(self.held) >= 4:
            size = struct.unpack(">I", b"\0" + self.held[1:4])[0]
            if len(self.held) < 4 + size:
                return
            count_message(self.held[4:4 + size], found)
            self.held = self.held[4 + size:]


def count_message(message, found):
    """One message may hold several requests."""
    if message[:4] == b"\xfeSMB":
        place = 0
        while True:
            command, = struct.unpack_from("<H", message, place + 12)
            found["requests"][COMMANDS[command]] += 1
            following, = struct.unpack_from("<I", message, place + 20)
            if not following:
                return
            place += following
    found["requests"]["encrypted" if message[:4] == b"\xfdSMB" else "of SMB1"] += 1


def layers(packet, protocol):
    """(the protocol above IP, source, target, what it carries) of an IP packet; None of another."""
    if protocol == 0x0800:
        return packet[9], packet[12:16], packet[16:20], packet[(packet[0] & 15) * 4:]
    if protocol == 0x86dd:
        return packet[6], packet[8:24], packet[24:40], packet[40:]
    return None


def take_tcp(segment, source, target, now, connections, found):
    ports = struct.unpack_from(">HH", segment)
    payload = segment[(segment[12] >> 4) * 4:]
    ask, reply = (source, ports[0], target), (target, ports[1], source)
    if ports[1] in (KDC, DNS) and payload:
        found["kdc" if ports[1] == KDC else "dns"] += 1
    elif ports[1] == SMB and segment[13] & 2:
        connections[ask] = Connection()
        found["connections"] += 1
    elif ports[0] == SMB and payload and reply in connections:
        if not connections[reply].answered:
            found["server_ms"] += (now - connections[reply].asked) * 1e3
        connections[reply].answered = True
    elif ports[1] == SMB and payload and ask in connections:
        connections[ask].asked = now
        found["turns"] += connections[ask].answered
        connections[ask].answered = False
        connections[ask].take(payload, found)


def take_packet(packet, protocol, now, connections, found):
    above, source, target, carried = layers(packet, protocol) or (None,) * 4
    if above == socket.IPPROTO_UDP:
        port, = struct.unpack_from(">H", carried, 2)
        found["kdc"] += port == KDC
        found["dns"] += port == DNS
    elif above == socket.IPPROTO_TCP:
        take_tcp(carried, source, target, now, connections, found)


def main():
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 25)
    sniffer.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sniffer.bind(("lo", ETH_P_ALL))
    found = {"requests": collections.Counter(), "turns": 0, "server_ms": 0.0, "connections": 0, "kdc": 0, "dns": 0}
    connections = {}
    print("ready", flush=True)
    over = False
    while True:
        ready = select.select([sniffer] if over else [sniffer, sys.stdin], [], [], 0.2 if over else None)[0]
        if over and not ready:
            break
        over = over or sys.stdin in ready
        if sniffer not in ready:
            continue
        packet, ancillary, _, (_, protocol, kind, _, _) = sniffer.recvmsg(1 << 17, 256)
        seconds, nanoseconds = next(struct.unpack("@ll", data) for _, type_, data in ancillary if type_ == SO_TIMESTAMPNS)
        if kind == PACKET_HOST:
            take_packet(packet, protocol, seconds + nanoseconds / 1e9, connections, found)
    json.dump(found, sys.stdout)


main()
