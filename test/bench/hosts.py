#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of many hosts in one command: what the command itself takes, and query beside xargs and ssh.

    test/bench/hosts.py BUILD_FOLDER [ROUNDS [PART...]]

BUILD_FOLDER is a folder made by `meson setup --buildtype=release -Dprefix=/usr/local`. The parts: simulated, whose hosts are
programs of this machine that wait for 260 ms and have two sessions each; ssh, and warm, with connections that are shared
(ControlMaster), which boot hosts of the lab and need what the lab needs; ansible, which is query beside an ad-hoc command of
Ansible, that apt downloads. Nothing here passes or fails: a table is read by people.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

import host as lab  # noqa: E402
import network as networks  # noqa: E402
import sessions  # noqa: E402

MEMORY_HOST = """user name=alice uid=1000
session id=1 user=alice tty=pts/1
  process command=bash
session id=2 user=alice tty=pts/2
  process command=bash
"""
PAUSE_S = 0.26  # what ssh takes to a host near by
ANSIBLE = ["ansible-core", "python3-jinja2", "python3-markupsafe", "python3-yaml", "libyaml-0-2", "python3-cryptography", "python3-cffi-backend",
           "python3-packaging", "python3-resolvelib"]
SSH = "xargs -P32 -I{} ssh -T -o BatchMode=yes {} loginctl --no-legend list-sessions < /root/names"


# ---- simulated ----

class Run:
    """One command, and what its own process took: not its children, which are what costs most."""

    def __init__(self, command, env):
        begin = time.monotonic()
        pid = os.posix_spawnp(command[0], command, {**os.environ, **env}, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, 1, 2)])
        self.kib = self.files = 0
        while not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self.look(pathlib.Path(f"/proc/{pid}"))
            time.sleep(0.005)
        self.wall_s = time.monotonic() - begin
        # A process that has ended but not been waited for still has its time.
        self.cpu_ms = int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
        self.status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert self.status == 0, self.status

    def look(self, proc):
        for line in (proc / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                self.kib = max(self.kib, int(line.split()[1]))
        self.files = max(self.files, len(os.listdir(proc / "fd")))


def simulated(build, rounds):
    print("\n### Simulated hosts\n\n| hosts | wall s | own CPU ms | a host | peak KiB | a host | descriptors at most |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        where = pathlib.Path(folder)
        (where / "office").write_text(MEMORY_HOST)
        (where / "far").write_text(f"#!/bin/sh\nsleep {PAUSE_S}\nLOGOFF_HOST=memory:{where}/office exec {build}/src/host/logoff-host\n")
        (where / "far").chmod(0o700)
        (where / "hosts").write_text(f"h[0001-2000] command={where}/far\n")
        (where / "hosts").chmod(0o600)
        first = None
        for count in (1, 125, 250, 500, 1000, 2000):
            runs = [Run([f"{build}/src/cli/query", "session", f"/server:h[0001-{count:04}]", "/timeout:60"],
                        {"LOGOFF_HOSTS_FILE": str(where / "hosts")}) for _ in range(max(rounds // 4, 3))]
            wall, cpu, kib = (statistics.median(values) for values in zip(*((run.wall_s, run.cpu_ms, run.kib) for run in runs)))
            first = first or (cpu, kib)
            a_host = [f"{(value - one) / (count - 1):.{digits}f}" if count > 1 else "" for value, one, digits in zip((cpu, kib), first, (2, 1))]
            print(f"| {count} | {wall:.2f} | {cpu:.1f} | {a_host[0]} | {kib:.0f} | {a_host[1]} | {max(run.files for run in runs)} |", flush=True)


# ---- by ssh ----

def boot(build):
    """The network of the lab, where 50 names are the addresses of three hosts."""
    stage = tempfile.TemporaryDirectory()
    subprocess.run(["meson", "install", "-C", build, "--destdir", f"{stage.name}/stage"], check=True, capture_output=True, timeout=300)
    made = []

    def get(flavour, name, prepare=None, debian=lab.roots.DEBIAN):
        made.append(lab.Host(flavour, pathlib.Path(stage.name, "stage"), prepare, debian=debian))
        return made[-1]

    try:
        network = networks.Network(get)
    except BaseException:
        end(made)
        raise
    admin = network.admin
    config = "".join(f"Host host{number:03}\n\tHostName 10.77.{number % 3 + 1}.2\n" for number in range(1, 51))
    admin.path("/root/.ssh/config").write_text(config)
    with admin.path("/etc/logoff/hosts").open("a") as hosts:
        hosts.write("host[001-050] ssh\n")
    for far in network.far:
        sessions.ssh(far, "alice")
    return network, made


def end(made):
    for one in made:
        one.stop()


def beside(network, rounds, title):
    print(f"\n### {title}\n\n| hosts | xargs and ssh, median s | query session, median s | of the first |\n|---|---|---|---|")
    for count in (1, 10, 50):
        network.admin.path("/root/names").write_text("".join(f"host{number:03}\n" for number in range(1, count + 1)))
        ours = ["query", "session", f"/server:host[001-{count:03}]", "/parallel:32", "/timeout:60"]
        seconds = [], []
        for _ in range(rounds):
            for found, command in zip(seconds, (SSH, ours)):
                result = network.admin.run(command, timeout=120)
                assert result.status == 0, result
                found.append(result.seconds)
        theirs, own = (statistics.median(found) for found in seconds)
        print(f"| {count} | {theirs:.2f} | {own:.2f} | {own / theirs:.2f} |", flush=True)


def install_ansible(admin):
    """What the lab's root has not: the packages of this machine's Debian, without their scripts."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", "-qq", *ANSIBLE], cwd=folder, check=True, timeout=300)
        for package in pathlib.Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, admin.root], check=True, timeout=60)
    (admin.root / "etc/ansible").mkdir(exist_ok=True)
    admin.path("/etc/ansible/ansible.cfg").write_text("[defaults]\nforks=32\n")


# Becomes the parent of what a command leaves behind (Ansible's shared connections), ends that, and tells all their time.
TIMED = """import ctypes, os, resource, signal, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
begin = time.monotonic()
status = subprocess.run(sys.argv[1:]).returncode
wall = time.monotonic() - begin
subprocess.run(["pkill", "-x", "ssh"])
try:
    while os.wait():
        pass
except ChildProcessError:
    pass
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, usage.ru_utime + usage.ru_stime, file=sys.stderr)
sys.exit(status)
"""


def timed(admin, command):
    """Wall and CPU seconds there of a command and of all that it has started, on all 50 hosts."""
    result = admin.run(["python3", "-c", TIMED, *command], timeout=300)
    # query shows what is the same machine once: there are three.
    assert result.status == 0 and len(set(re.findall(r"\bhost\d{3}\b", result.out))) in (3, 50), result
    return [float(word) for word in result.err.split()[-2:]]


def beside_ansible(network, rounds):
    admin = network.admin
    install_ansible(admin)
    admin.path("/root/inventory").write_text("host[001:050]\n")
    admin.path("/root/names").write_text("".join(f"host{number:03}\n" for number in range(1, 51)))
    commands = [["ansible", "-i", "/root/inventory", "all", "-m", "command", "-a", "loginctl --no-legend list-sessions"],
                ["sh", "-c", SSH.replace("{} loginctl", "{} echo {}';' loginctl")],
                ["query", "session", "/server:host[001-050]", "/parallel:32", "/timeout:60"]]
    times = [[timed(admin, command) for command in commands] for _ in range(rounds)]
    print("\n### Beside Ansible, 50 hosts by ssh\n\n| median s | ansible -m command | xargs and ssh | query session | of the first |\n|---|---|---|---|---|")
    for which, title in enumerate(("wall", "CPU of the administrator's host")):
        found = [statistics.median(one[i][which] for one in times) for i in range(3)]
        print(f"| {title} | {found[0]:.2f} | {found[1]:.2f} | {found[2]:.2f} | {found[2] / found[0]:.2f} |", flush=True)


def by_ssh(build, rounds, parts):
    network, made = boot(build)
    try:
        if "ansible" in parts:
            beside_ansible(network, 3)
        if "ssh" in parts:
            beside(network, max(rounds // 4, 3), "By ssh")
        if "warm" in parts:
            with network.admin.path("/root/.ssh/config").open("a") as config:
                config.write("Host *\n\tControlPath /root/.ssh/%n\n\tControlMaster auto\n\tControlPersist 600\n")
            network.admin.path("/root/names").write_text("".join(f"host{number:03}\n" for number in range(1, 51)))
            network.admin.check(SSH.replace("-P32", "-P8"), timeout=120)
            beside(network, max(rounds // 2, 5), "By ssh, with shared connections")
    finally:
        end(made)


def main():
    build = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    parts = sys.argv[3:] or ["simulated", "ssh", "warm", "ansible"]
    if "simulated" in parts:
        simulated(build, rounds)
    if {"ssh", "warm", "ansible"} & set(parts):
        by_ssh(build, rounds, parts)


if __name__ == "__main__":
    sys.exit(main())
