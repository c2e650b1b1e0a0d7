# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients at once, and one worker for all of them. These cases take minutes, and are no part of ./check:

    LOGOFF_LAB_DEBIAN=12 /usr/bin/python3 -m pytest -q -s test/server/load.py

They print what they have measured.
"""

import json
import subprocess
import time

import bed
import stubs
from bed import step_call, step_open
from cases import OK, assert_gone
from host import wait_until

USERS = ("alice", "bob")
# The results of calls: other ones, a limit that is reached or a failure, nobody gets.
DONE, DENIED, MISSING, NOTHING_SHOWN = "00000000", "80070005", "80070002", "8000001a"
IDLE_S = 30                      # of a process of logoff-host that has nothing to do


def begin(one, user, *words):
    """Starts load_client.py, which waits for a line when it is ready."""
    return one.desk.start(["python3", "/root/load_client.py", one.address, user, one.password(user), *map(str, words)],
                          stdin=subprocess.PIPE)


def go(processes):
    for process in processes:
        line = process.stdout.readline()
        assert line == "ready\n", process.communicate(timeout=60)
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def results(processes, timeout):
    found = []
    for process in processes:
        out, err = process.communicate(timeout=timeout)
        assert process.returncode == 0, err[-2000:]
        found.append(json.loads(out.splitlines()[-1]))
    return found


class Look:
    """The worker now."""

    def __init__(self, one):
        self.kib = one.memory() // 1024
        self.n_descriptors = len(one.descriptors())
        hosts = one.host.named("logoff-host")
        self.n_hosts = len(hosts)
        stat = one.host.path(f"/proc/{one.worker().pid}/stat").read_text().rpartition(")")[2].split()
        self.cpu_s = (int(stat[11]) + int(stat[12])) / 100
        ended = one.host.run("ps -e -o stat=,comm= | grep -c '^Z.*logoff-host'").out.strip()
        self.n_zombies = int(ended)

    def __str__(self):
        return (f"{self.kib} KiB, {self.n_descriptors} descriptors, {self.n_hosts} processes of logoff-host, {self.n_zombies} not waited for, "
                f"{self.cpu_s:.2f} s of processor time")


def assert_at_rest(one, before):
    """Nothing is left of all clients that have gone."""
    wait_until(lambda: not one.host.named("logoff-host"), IDLE_S + 15, "no process of logoff-host is left")
    wait_until(lambda: len(one.descriptors()) <= before.n_descriptors, 15, "smbd has closed the pipes of all clients")
    after = Look(one)
    print("at rest:", after)
    assert after.n_zombies == 0
    return after


def latency(one, session, n=8):
    process = begin(one, "carol" if one.name == "linux2" else one.plain, "time", session, n)
    go([process])
    took, = results([process], 120)
    return {name: sorted(ms)[len(ms) // 2] for name, ms in took.items()}


def rest(one):
    """The worker when nobody has called for a while."""
    one.wake()
    wait_until(lambda: not one.host.named("logoff-host"), IDLE_S + 15, "no process of logoff-host is left")
    return Look(one)


def test_an_idle_worker(alone):
    before = rest(alone)
    time.sleep(20)
    after = Look(alone)
    print("\nidle:", before)
    assert after.cpu_s - before.cpu_s == 0 and after.kib < 25 * 1024


def test_a_thousand_clients_wait(alone):
    """Others are answered as before, and all of them when the session has ended."""
    before = rest(alone)
    kept, session = alone.ssh("carol"), alone.ssh("alice")
    gone = session.processes()
    alone_ms = latency(alone, alone.number(kept))
    waiting = [begin(alone, USERS[i % 2], "wait", alone.number(session), 250, 5) for i in range(4)]
    for process in waiting:
        line = process.stdout.readline()
        assert line == "ready\n", process.communicate(timeout=60)
    time.sleep(2)
    busy = Look(alone)
    time.sleep(5)
    later = Look(alone)
    print(f"\n1,000 wait: {later}; in 5 s {later.cpu_s - busy.cpu_s:.2f} s of processor time")
    with_ms = latency(alone, alone.number(kept))
    print("one client's calls, ms, without them and with them:", alone_ms, with_ms)
    for process in waiting:
        process.stdin.write("\n")
        process.stdin.flush()

    begun = time.time()
    result = alone.ask("bob", "logoff", alone.number(session))
    ended = time.time()
    assert result.status == OK, result
    assert_gone(session, gone)
    found = results(waiting, 60)
    last = max(one["last"] for one in found)
    print(f"logoff took {ended - begun:.2f} s; the last of 1,000 was answered {last - ended:.2f} s after it")

    assert all(one["results"] == [0] for one in found), found
    assert last - ended < 5
    assert with_ms["list"] < 3 * alone_ms["list"] + 20
    assert_at_rest(alone, before)


def day(one, number):
    """100,000 calls of 50 clients, of every kind that asks. People come and go meanwhile. Returns what the worker was like."""
    clients = [begin(one, ("alice", "bob", "carol")[i % 3], "calls", number, 2000, i) for i in range(50)]
    go(clients)
    begun, looks = time.time(), []
    while any(client.poll() is None for client in clients) and time.time() - begun < 1500:
        session = one.ssh("alice")
        time.sleep(3)
        looks.append(Look(one))
        print(f"\n{time.time() - begun:4.0f} s:", looks[-1], end="", flush=True)
        assert one.ask("bob", "logoff", one.number(session)).status == OK
    took = time.time() - begun
    totals = {}
    for found in results(clients, 60):
        for result, n in found["results"].items():
            totals[result] = totals.get(result, 0) + n
    n = sum(totals.values())
    print(f"\n{n} calls in {took:.0f} s, {n / took:.0f} a second; results: {totals}")
    assert n >= 100000 and set(totals) == {DONE, DENIED, MISSING, NOTHING_SHOWN}
    return looks


def test_long_days(alone):
    """The second day needs no more memory than the first."""
    before = rest(alone)
    kept = alone.ssh("carol")
    first, second = day(alone, alone.number(kept)), day(alone, alone.number(kept))
    early, late = first[len(first) // 4], second[-1]
    assert late.kib < 1.05 * early.kib + 512, (str(early), str(late))
    after = assert_at_rest(alone, before)
    assert after.kib < before.kib + 4096, (str(before), str(after))


def test_ten_thousand_binds(alone):
    before = rest(alone)
    clients = [begin(alone, ("alice", "bob", "carol")[i % 3], "binds", 1250) for i in range(8)]
    go(clients)
    begun = time.time()
    time.sleep(5)
    early = Look(alone)
    assert sum(one["n"] for one in results(clients, 900)) == 10000
    took = time.time() - begun
    late = Look(alone)
    print(f"\n10,000 binds in {took:.0f} s; after 5 s: {early}; at the end: {late}")

    assert late.kib < 1.05 * early.kib + 512
    assert_at_rest(alone, before)


def test_ten_thousand_binds_of_one_connection(alone):
    """As many contexts on one pipe, which is closed then."""
    before = rest(alone)
    steps = [step_open("a", stubs.SESSION), *[["a", "bind", stubs.UUIDS[stubs.SESSION]]] * 10000, step_call("a", "OpenSession", 0)]
    process = alone.begin_steps("alice", steps)
    out, err = process.communicate(timeout=900)
    answers = json.loads(out)
    refused = [one for one in answers[1:-1] if one]
    print(f"\n{len(answers) - 2 - len(refused)} of 10,000 contexts on one pipe, then: {(refused or [answers[-1]])[0]}; {Look(alone)}")

    answer = alone.steps("bob", [step_open("a", stubs.SESSION), step_call("a", "OpenSession", 0)])[1]
    assert isinstance(answer, bytes) and stubs.result(answer) == OK, answer
    after = assert_at_rest(alone, before)
    assert after.kib < before.kib + 8192
