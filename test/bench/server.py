#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of the service for Windows' own tools: a call to a real session host beside the listing there, and our commands beside
the same to a server in memory, in the same run.

    sudo test/bench/server.py BUILD_FOLDER [ROUNDS [PART...]]

BUILD_FOLDER is a folder made by `meson setup --buildtype=release -Dprefix=/usr/local -Dlibdir=lib
-Dsamba-worker-dir=/usr/libexec/samba`, on a machine with the hosts' release of Debian. Boots the network of test/server, so it needs what that
needs. Prints the tables of doc/performance.md, or only those of some parts: list, logoff, idle. Nothing here passes or fails.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "server")]

import bed  # noqa: E402
import bench  # noqa: E402
import domain as domains  # noqa: E402
import host as lab  # noqa: E402
import people  # noqa: E402
import roots  # noqa: E402
import server as servers  # noqa: E402
import sessions  # noqa: E402
from remote import stage_into  # noqa: E402

# logoff-host as the worker has it: it runs, and gets one order after the other. A list is late by what a process has waited for.
ORDERS = r"""
import json, subprocess, sys, time
process = subprocess.Popen(["logoff-host", "--as=" + sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
process.stdout.readline()
took = []
for serial in range(1, int(sys.argv[2]) + 1):
    time.sleep(0.25)
    begin = time.perf_counter()
    process.stdin.write(b'{"order":"list","serial":%d}\n' % serial)
    process.stdin.flush()
    while b'"reply"' not in process.stdout.readline():
        pass
    took.append(1000 * (time.perf_counter() - begin))
print(json.dumps(took))
"""


def times_of_calls(one, number, rounds):
    """Calls of one client over pipes that are open (load_client.py): name -> ms."""
    user = one.helper
    process = one.desk.start(["python3", "/root/load_client.py", one.address, user, one.password(user), "time", str(number), str(rounds)],
                             stdin=subprocess.PIPE)
    out, err = process.communicate("\n", timeout=600)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def listing(one, rounds):
    """The same user asks: by a call over the network, by a process of logoff-host, by `query session` on the host itself."""
    rows = []
    identity = one.host.check("printf %s:%s \"$(id -u bob)\" \"$(id -G bob | tr ' ' ,)\"")
    for count in (1, 100, 1000):
        listed = sessions.fake(one.host, "alice", count=count, tty="pts/7{:03}")
        called = times_of_calls(one, one.number(listed), rounds)
        ordered = json.loads(one.host.check(["python3", "-c", ORDERS, identity, str(rounds)], timeout=600))
        local, = bench.measure(one.host, rounds, ["setpriv", "--reuid=bob", "--regid=bob", "--init-groups", "query", "session"])
        nothing, listed_ms = statistics.median(called["nothing"]), statistics.median(called["list"])
        order = statistics.median(ordered)
        rows.append(f"| {count} | {local.wall:.2f} | {order:.2f} | {nothing:.2f} | {listed_ms:.2f} | {listed_ms - order:.2f} |"
                    f" {listed_ms - local.wall:.2f} |")
        sessions.clean(one.host)
        del listed
    print("\n### One enumeration\n\n| sessions | `query session` there, ms | logoff-host, which runs already | a call that asks nothing | "
          "RpcGetAllSessionsEx | above logoff-host | above `query session` |\n|---|---|---|---|---|---|---|\n" + "\n".join(rows), flush=True)


def log_off(one, domain, rounds):
    """By turns: a session of a server in memory, and one of the real host, which ends there."""
    names = ["logoff ID /server, a server in memory", "logoff ID /server, this host", "logoff ID on the host itself"]
    ticket = {"KRB5CCNAME": one.ticket(one.administrator)}
    found = [bench.Runs() for _ in names]
    keeper = sessions.ssh(one.host, one.unix_name("bob"))
    for i in range(rounds):
        memory = servers.Server(domain)
        memory.describe(servers.session(2, name="RDP-Tcp#2", user="alice", domain="ADLAB"))
        one.desk.check(f"grep -q {memory.name} /etc/hosts || echo {memory.address} {memory.name} >> /etc/hosts")
        real = [sessions.ssh(one.host, one.unix_name("alice")) for _ in range(3)]
        far = f"/server:{one.name}.{people.REALM.lower()}"
        done = [*measure_at(one.desk, ticket, ["logoff", "2", f"/server:{memory.name}"]),
                *measure_at(one.desk, ticket, ["logoff", str(one.number(real[0])), far]),
                *bench.measure(one.host, 1, ["logoff", real[1].id])]
        assert not real[0].exists() and not real[1].exists()
        memory.release()
        if i == 0:
            continue      # processes have started, names have been looked up
        for all_runs, runs in zip(found, done):
            all_runs.ms += runs.ms
            all_runs.kib += runs.kib
            all_runs.statuses |= runs.statuses
    keeper.leave()
    bench.table("logoff ID: ended, and known to be gone", list(zip(names, found)))


def measure_at(host, env, command):
    class Asking:
        @staticmethod
        def start(words, **popen):
            return host.start(words, env=env, **popen)

    return bench.measure(Asking, 1, command)


def idle(one):
    one.wake()
    lab.wait_until(lambda: not one.host.named("logoff-host"), 60, "no process of logoff-host is left")

    def used():
        stat = one.host.path(f"/proc/{one.worker().pid}/stat").read_text().rpartition(")")[2].split()
        return int(stat[11]) + int(stat[12])

    before = used()
    time.sleep(30)
    print(f"\n### The worker when nobody calls\n\n{one.memory() / 1024 / 1024:.1f} MB; {10 * (used() - before)} ms of processor time in 30 s.",
          flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    parts = sys.argv[3:] or ["list", "logoff", "idle"]
    with tempfile.TemporaryDirectory() as folder, domains.Domain() as domain:
        stage = stage_into(pathlib.Path(folder) / "stage", sys.argv[1], "measure")
        network = bed.Network(domain)
        running = []

        def boot(name):
            running.append(lab.Host("server", stage, bed.furnish(name)))
            network.add(running[-1], name)
            return running[-1]

        try:
            desk = boot("desk")
            made = {}
            for kind in (["alone"] if {"list", "idle"} & set(parts) else []) + (["member"] if "logoff" in parts else []):
                name, make = bed.KINDS[kind]
                host = boot(name)
                make.install(host)
                made[kind] = make(host, desk, name)
            print(f"Debian {roots.DEBIAN}, Samba " + desk.check("smbd --version | sed 's/.* //'") + f"; medians of {rounds} runs")
            if "list" in parts:
                listing(made["alone"], rounds)
            if "idle" in parts:
                idle(made["alone"])
            if "logoff" in parts:
                log_off(made["member"], domain, rounds)
        finally:
            for host in running:
                host.stop()


if __name__ == "__main__":
    main()
