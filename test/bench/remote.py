#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of /server: our commands beside the same calls by impacket, against a Samba domain, in the same run.

    sudo test/bench/remote.py BUILD_FOLDER [ROUNDS [OLD_BUILD_FOLDER]]

BUILD_FOLDER is a folder made by `meson setup --buildtype=release -Dprefix=/usr/local -Dlibdir=lib`; OLD_BUILD_FOLDER one of a
version before there was /server, to see what that has cost a local log-off. Boots a domain (test/domain) and, for the
latter, a host of the lab. The tool that impacket has of its own runs in a root of Debian 13, which is made once (mmdebstrap,
the network) and kept beside the lab's; without one its rows are left out. Prints the tables of doc/performance.md. Nothing here
passes or fails.
"""

import contextlib
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lab"), str(HERE.parent / "domain"), str(HERE)]

import bench  # noqa: E402
import domain as domains  # noqa: E402
import host as lab  # noqa: E402
import people  # noqa: E402
import roots  # noqa: E402
import server as servers  # noqa: E402
import sessions  # noqa: E402

MANY = 200
LOOKS = 7  # runs in which the memory of all processes is looked at
USER = "Administrator"
PEER = ["/usr/bin/python3", str(HERE / "peer.py")]
TOOL = "/usr/share/doc/python3-impacket/examples/tstool.py"


class InDomain:
    """Commands in the domain with what they need to log on, as bench.measure() wants a host."""

    def __init__(self, domain, folder):
        self.domain = domain
        self.cache = folder / "tickets"
        self.env = {"KRB5CCNAME": f"FILE:{self.cache}", "PASSWORD": people.PASSWORDS[USER]}
        self.authfile = folder / "authfile"
        self.authfile.write_text(f"username = {USER}\npassword = {people.PASSWORDS[USER]}\ndomain = {people.DOMAIN}\n")
        self.authfile.chmod(0o600)
        self.renew()

    def renew(self):
        """A cache with nothing but the first ticket."""
        self.domain.check(f'kinit -c "$KRB5CCNAME" {USER} <<< "$PASSWORD"', env=self.env)

    def start(self, command, **popen):
        return self.domain.start(command, env=self.env, **popen)


def peak(host, command):
    """The largest sum, in KiB, that the processes of a command had at one time, looked at about every millisecond."""
    largest = 0
    process = host.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        # nsenter, which is the first, is none of the command's.
        largest = max(largest, sum(sum_of(pid, "nsenter") for pid in lab.children(process.pid)))
        time.sleep(0.0005)
    return largest


def sum_of(pid, parent):
    """What a process and those below it have in memory. One that is still a copy of its parent has nothing of its own."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        name = status.split(maxsplit=2)[1]
        own = int(status.split("VmRSS:")[1].split()[0]) if name != parent else 0
        return own + sum(sum_of(child, name) for child in lab.children(pid))
    return 0


def count(host, command):
    """What a command sends over the wire (wire.py)."""
    wire = host.start(["/usr/bin/python3", HERE / "wire.py"], stdin=subprocess.PIPE)
    assert wire.stdout.readline() == "ready\n", wire.stderr.read()
    status = host.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(60)
    assert status == 0, command
    return json.loads(wire.communicate(timeout=10)[0])


def describe(server, ids):
    server.describe(*(servers.session(n, name=f"RDP-Tcp#{n}", user=f"user{n}", domain="ADLAB", client=f"PC-{n}",
                                      address="10.1.2.3") for n in ids))


def table(title, names, runs, peaks):
    print(f"\n### {title}\n\n| command | median ms | fastest | slowest | KiB of all processes | of the largest | wall against the first |"
          " memory |")
    print("|---|---|---|---|---|---|---|---|")
    for name, one, kib in zip(names, runs, peaks):
        assert one.statuses == {0}, (name, one.statuses)
        print(f"| `{name}` | {one.wall:.1f} | {min(one.ms):.1f} | {max(one.ms):.1f} | {kib} | {one.rss} |"
              f" {one.wall / runs[0].wall:.2f} | {kib / peaks[0]:.2f} |")
    sys.stdout.flush()


def compare(host, rounds, title, names, commands, ids=()):
    """By turns; the ids, one for each run of each command, feed their "@N"."""
    ids = list(ids)
    peaks = []
    for command in commands:
        looks = []
        for _ in range(LOOKS):
            one = str(ids.pop()) if ids else ""
            looks.append(peak(host, [word.replace("@N", one) for word in command]))
        peaks.append(max(looks))
    runs = bench.measure(host, rounds, *commands, ids=ids)
    # What is looked at may be missed; the largest process is known for sure.
    table(title, names, runs, [max(kib, one.rss) for kib, one in zip(peaks, runs)])


def wire_table(rows):
    print("\n### On the wire\n\nTurns: how often the client had to wait for the server, the round trips.\n\n"
          "| command | turns | waited for the server, ms | SMB requests | of them | connections | questions to the KDC |")
    print("|---|---|---|---|---|---|---|")
    for name, found in rows:
        kinds = ", ".join(f"{number} {kind}" for kind, number in found["requests"].items())
        print(f"| `{name}` | {found['turns']} | {found['server_ms']:.0f} | {sum(found['requests'].values())} | {kinds} | {found['connections']} |"
              f" {found['kdc']} |")
    sys.stdout.flush()


@functools.cache
def make_tool_root():
    """A root of Debian 13 with impacket and its tools, or None."""
    root = roots.cache() / "roots" / "impacket-trixie"
    if not root.exists():
        part = root.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mmdebstrap", "--mode=root", "--variant=minbase", "--components=main", "--include=python3-impacket",
                               "trixie", part], capture_output=True, text=True, timeout=900)
        if done.returncode:
            print(f"without impacket's own tool: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
        part.rename(root)
    return root


def tool(server, *words):
    """A command of impacket's own tool for Remote Desktop hosts; none if it cannot be had."""
    root = make_tool_root()
    who = f"{people.DOMAIN}/{USER}:{people.PASSWORDS[USER]}@{server.name}"
    return [["chroot", str(root), "python3", TOOL, "-target-ip", server.address, who, *words]] if root else []


def against_server(host, server, rounds):
    ntlm = ["-A", str(host.authfile), "--use-kerberos=off"]
    to = f"/server:{server.name}"
    wire = []
    for what, title in (("session", f"query session of {MANY} sessions of a server"),
                        ("user", f"query user of {MANY} sessions of a server, one question for each more")):
        describe(server, range(2, MANY + 2))
        names = [f"impacket: {what}", f"impacket, as lean as can be: {what}", f"query {what} /server", f"query {what} /server, NTLM"]
        commands = [[*PEER, what, server.name, USER], [*PEER, f"lean-{what}", server.name, USER], ["query", what, to],
                    ["query", what, to, *ntlm]]
        if what == "session":  # what it takes to log on to a server and leave it
            names.append("smbclient -c exit")
            commands.append(["smbclient", f"//{server.name}/IPC$", f"--use-krb5-ccache={host.cache}", "-c", "exit"])
        own = tool(server, "qwinsta")
        compare(host, rounds, title, names + ["impacket's tstool qwinsta"] * len(own), commands + own)
        wire += [(name, count(host, command)) for name, command in zip(names, commands)]
    names = ["impacket: logoff ID", "impacket, as lean as can be: logoff ID", "logoff ID /server", "logoff ID /server, NTLM"]
    commands = [[*PEER, word, server.name, USER, "@N"] for word in ("logoff", "lean-logoff")]
    commands += [["logoff", "@N", to], ["logoff", "@N", to, *ntlm]]
    own = tool(server, "logoff", "-session", "@N")
    n_ids = (len(commands) + len(own)) * (rounds + LOOKS)
    ids = range(2, 2 + n_ids + MANY)
    describe(server, ids)
    compare(host, rounds, "logoff ID of a server, ended and known to be gone (tstool: asked for)",
            names + ["impacket's tstool logoff"] * len(own), commands + own, ids[MANY:])
    for name, command in zip(names, commands):
        describe(server, range(2, MANY + 2))
        wire.append((name, count(host, [word.replace("@N", "7") for word in command])))
    host.renew()
    wire.append(("query session /server, the first with a ticket", count(host, ["query", "session", to])))
    wire_table(wire)


def stage_into(folder, build, *programs):
    subprocess.run(["meson", "install", "-C", build, "--destdir", folder], check=True, capture_output=True)
    (folder / "usr/local/bin").mkdir(parents=True, exist_ok=True)
    for name in programs:
        subprocess.run(["cc", "-O2", "-o", folder / "usr/local/bin" / name, HERE / f"{name}.c"], check=True)
    return folder


def against_old(stage, old, rounds):
    """A local log-off of both versions, by turns on one host."""
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder) / "stage"
        for name, source in (("new", stage), ("old", stage_into(pathlib.Path(folder) / "old", old))):
            (whole / "opt").mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", source / "usr/local", whole / "opt" / name], check=True)
        (whole / "usr/local/bin").mkdir(parents=True)
        subprocess.run(["cp", stage / "usr/local/bin/measure", whole / "usr/local/bin/measure"], check=True)
        commands = [["env", f"LD_LIBRARY_PATH=/opt/{name}/lib", f"/opt/{name}/bin/logoff", "@N"] for name in ("old", "new")]
        with lab.Host("systemd", whole) as host:
            runs = bench.measure(host, rounds * 10, *commands, ids=["99999"] * (rounds * 20))
            bench.table("A local log-off before and after /server: a session that does not exist",
                        [("logoff 99999, before", runs[0]), ("logoff 99999, now", runs[1])])
            keeper = sessions.fake(host, "alice", **{"class": "background"})
            ended = sessions.fake(host, "alice", count=rounds * 8, tty="pts/8{:03}")
            runs = bench.measure(host, rounds * 4, *commands, ids=ended.ids)
            assert runs[0].statuses == runs[1].statuses == {0} and host.session_ids() == keeper.ids
            bench.table("The same: a plain session", [("logoff ID, before", runs[0]), ("logoff ID, now", runs[1])])
            sessions.clean(host)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    reason = domains.why_unavailable() or len(sys.argv) > 3 and lab.why_unavailable()
    if reason:
        sys.exit(f"remote.py: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        stage = stage_into(folder / "stage", sys.argv[1], "measure")
        os.environ["LOGOFF_STAGE"] = str(stage)
        with domains.Domain() as domain:
            print(f"{os.cpu_count()} cores; Samba " + domain.check("smbd --version | sed 's/.* //'") + ", impacket " +
                  domain.check("dpkg-query -W -f '${Version}' python3-impacket") + f"; medians of {rounds} runs, taken by turns")
            server = servers.Server(domain)
            against_server(InDomain(domain, folder), server, rounds)
            server.release()
        if len(sys.argv) > 3:
            against_old(stage, sys.argv[3], rounds)


if __name__ == "__main__":
    main()
