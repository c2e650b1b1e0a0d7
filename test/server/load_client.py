# SPDX-License-Identifier: GPL-3.0-or-later
"""load_client.py SERVER USER PASSWORD WHAT...: on the desk, many calls, by one process. It prints a line when it is ready and begins,
or goes on, when it reads one; at the end a line of JSON.

    wait SESSION PIPES CONNECTIONS    as many pipes, each with a call that waits for the end of the session: when each was answered
    calls SESSION N SEED              N calls of every kind that asks, mixed: how many failed, and how
    binds N                           N pipes, one after the other, each bound and closed
    time SESSION N                    N times the same calls: how long each took, in ms
"""

import json
import random
import struct
import sys
import time

from impacket.smb3structs import SMB2_DIALECT_21

sys.path.insert(0, "/root")
import client  # noqa: E402
import stubs  # noqa: E402

DOWN = 8
HANDLE_SIZE = 20
RECONNECT = 400                  # calls, until a client opens its pipes anew


def pause():
    print("ready", flush=True)
    sys.stdin.readline()


def connect(server, user, password):
    return client.Client(server, user, password, dialect=SMB2_DIALECT_21)


def open_pipe(one, interface):
    return one.pipe(stubs.PIPES[interface], stubs.UUIDS[interface])


def call(pipe, word, *parameters):
    _, opnum, stub = stubs.request(word, *parameters)
    return pipe.call(opnum, stub)


def wait(who, session, n_pipes, n_connections):
    connections = [connect(*who) for _ in range(int(n_connections))]
    pipes = [open_pipe(connections[i % len(connections)], stubs.NOTIFICATION) for i in range(int(n_pipes))]
    for pipe in pipes:
        _, opnum, stub = stubs.request("WaitForSessionState", int(session), DOWN, 600000)
        pipe.send(opnum, stub)
    pause()
    answers = [(pipe.rpc.recv(), time.time()) for pipe in pipes]
    return {"results": sorted({stubs.result(answer) for answer, _ in answers}), "last": max(at for _, at in answers)}


class Caller:
    """Calls of one client. It closes what it has opened, and connects anew now and then."""

    def __init__(self, who, session):
        self.who, self.session, self.smb = who, session, None

    def connect(self):
        if self.smb:
            self.smb.smb.close()
        self.smb = connect(*self.who)
        self.pipes = {one: open_pipe(self.smb, one) for one in stubs.UUIDS if one != stubs.RCM_LISTENER}

    def one(self, word, *parameters):
        interface, opnum, stub = stubs.request(word, *parameters)
        answer = self.pipes[interface].call(opnum, stub)
        at = len(answer) - 4 if interface != stubs.ICA else HANDLE_SIZE if word == "WinStationCloseServerEx" else 0
        return struct.unpack_from("<I", answer, at)[0], answer

    def round(self, rng):
        """(calls, results): a handle, what is asked by it, its end."""
        kind = rng.randrange(6)
        if kind == 0:
            calls = [("GetEnumResult", 1), ("GetEnumResult", 2), ("GetEnumResultEx", 3), ("FilterByState", 0, rng.randrange(2))]
            return self.by_handle(("OpenEnum",), rng.sample(calls, 3), "CloseEnum")
        if kind == 1:
            calls = [("GetState",), ("GetUserName",), ("GetTerminalName",), ("GetTimes",)]
            return self.by_handle(("OpenSession", self.session), rng.sample(calls, 3), "CloseSession")
        if kind == 2:
            calls = [("WinStationEnumerate", 20, 2000, 0), ("WinStationGetAllProcesses_NT6", 0, 0x8000),
                     ("WinStationQueryInformation", self.session, 39, bytes(4))]
            return self.by_handle(("WinStationOpenServer",), rng.sample(calls, 2), "WinStationCloseServerEx", 4)
        if kind == 3:
            return self.by_handle(("RegisterAsyncNotification", self.session, 0xff), [], "UnRegisterAsyncNotification")
        calls = [("GetSessionInformation", self.session), ("GetSessionInformationEx", self.session), ("GetSessionType", self.session),
                 ("GetAllSessions", 1), ("GetAllSessionsEx", 1), ("GetClientData", self.session), ("GetRemoteAddress", self.session),
                 ("GetLastInputTime", self.session), ("GetAllListeners", 1), ("GetSessionInformation", 4242)]
        return [self.one(*one)[0] for one in rng.sample(calls, 5)]

    def by_handle(self, opener, calls, closer, at=0):
        """AT: where the handle stands in the answer. A refusal has none to ask by."""
        result, answer = self.one(*opener)
        if result:
            return [result]
        handle = answer[at:at + HANDLE_SIZE]
        return [result, *[self.one(word, handle, *words)[0] for word, *words in [*calls, (closer,)]]]


def mixed(who, session, n, seed):
    rng, caller, n_done, results = random.Random(int(seed)), Caller(who, int(session)), 0, {}
    pause()
    begin, n_connected = time.time(), -RECONNECT
    while n_done < int(n):
        if n_done - n_connected >= RECONNECT:
            caller.connect()
            n_connected = n_done
        for result in caller.round(rng):
            results[f"{result:08x}"] = results.get(f"{result:08x}", 0) + 1
            n_done += 1
    return {"results": results, "seconds": time.time() - begin}


def binds(who, n):
    smb = connect(*who)
    pause()
    for _ in range(int(n)):
        open_pipe(smb, stubs.SESSION).close()
    return {"n": int(n)}


def times(who, session, n):
    """The lists are not fresh any more when the next one is asked for."""
    smb = connect(*who)
    pipes = {one: open_pipe(smb, one) for one in (stubs.SESSION, stubs.ENUMERATION)}
    took = {"nothing": [], "list": [], "session": []}
    pause()
    for _ in range(int(n)):
        for name, interface, words in (("nothing", stubs.SESSION, ("OpenSession", 0)), ("list", stubs.ENUMERATION, ("GetAllSessionsEx", 1)),
                                       ("session", stubs.SESSION, ("GetSessionInformation", int(session)))):
            begin = time.perf_counter()
            answer = call(pipes[interface], *words)
            took[name].append(1000 * (time.perf_counter() - begin))
            assert stubs.result(answer) == 0, (name, answer)
            if name == "nothing":
                call(pipes[stubs.SESSION], "CloseSession", answer[:20])
            time.sleep(0.25)
    return took


def main():
    who, (what, *words) = sys.argv[1:4], sys.argv[4:]
    print(json.dumps({"wait": wait, "calls": mixed, "binds": binds, "time": times}[what](who, *words)), flush=True)


if __name__ == "__main__":
    main()
