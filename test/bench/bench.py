#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: logoff beside loginctl, on a real host, in the same run.

    sudo test/bench/bench.py BUILD_FOLDER [ROUNDS [PART...]]

BUILD_FOLDER is a folder made by `meson setup --buildtype=release -Dprefix=/usr/local`. Boots a host of the lab, so it
needs what the lab needs (test/lab/README.md). Prints the tables of doc/performance.md, or only those of some parts:
unknown, ssh, stubborn, crowd, list, farm, many, hundred. Nothing here passes or fails: a table is read by people.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

import host as lab  # noqa: E402
import sessions  # noqa: E402

# The fastest way to learn by a shell that loginctl's session is gone: no process is started for a look.
LOGINCTL_AND_POLL = ["sh", "-c",
                     "loginctl terminate-session @N; while [ -e /run/systemd/sessions/@N ]; do :; done"]


# With many ids: a look is cheap against what the host has to do, and leaves it the processors.
WAIT_FOR_ALL = "for id in $(cat /run/ids); do while [ -e /run/systemd/sessions/$id ]; do sleep 0.02; done; done"
ALL_IN_ONE_CALL = ["sh", "-c", f"loginctl terminate-session $(cat /run/ids); {WAIT_FOR_ALL}"]
ONE_BY_ONE = ["sh", "-c", f"for id in $(cat /run/ids); do loginctl terminate-session $id; done; {WAIT_FOR_ALL}"]

MANY = 1000


class Runs:
    """What one command took, run after run."""

    def __init__(self):
        self.ms, self.kib, self.statuses = [], [], set()

    @property
    def wall(self):
        return statistics.median(self.ms)

    @property
    def rss(self):
        return max(self.kib)


def measure(host, rounds, *commands, ids=()):
    """Runs the commands by turns on the host; the ids feed their "@N"."""
    words = [str(rounds)]
    for command in commands:
        words += command + ["---"]
    with tempfile.TemporaryFile("w+") as names:
        names.write("".join(f"{identity}\n" for identity in ids))
        names.seek(0)
        process = host.start(["measure", *words[:-1]], stdin=names)
        out = process.communicate(timeout=600)[0]
    found = [Runs() for _ in commands]
    for line in out.splitlines():
        number, ms, kib, status = line.split()
        runs = found[int(number)]
        runs.ms.append(float(ms))
        runs.kib.append(int(kib))
        runs.statuses.add(int(status))
    assert all(len(runs.ms) == rounds for runs in found), out
    return found


def table(title, rows):
    print(f"\n### {title}\n\n| command | median ms | fastest | slowest | peak KiB | wall against the first |")
    print("|---|---|---|---|---|---|")
    first = rows[0][1]
    for name, runs in rows:
        print(f"| `{name}` | {runs.wall:.2f} | {min(runs.ms):.2f} | {max(runs.ms):.2f} | {runs.rss} |"
              f" {runs.wall / first.wall:.2f} |")
        assert runs.statuses <= {0, 1, 2}, (name, runs.statuses)
    sys.stdout.flush()


def unknown_session(host, rounds):
    theirs, ours, floor = measure(host, rounds * 10, ["loginctl", "terminate-session", "99999"], ["logoff", "99999"],
                                  ["true"])
    assert ours.statuses == {2}
    table("A session that does not exist", [("loginctl terminate-session 99999", theirs), ("logoff 99999", ours),
                                            ("true", floor)])
    print(f"\nPeak memory: {ours.rss / theirs.rss:.2f} of loginctl's.")


def end_ssh(host, rounds, title):
    """Ends plain ssh sessions: three open at a time, one for each command."""
    found = [Runs() for _ in range(3)]
    keeper = sessions.ssh(host, "bob")  # so that no session ended here is bob's last
    for _ in range(rounds):
        open_ones = [sessions.ssh(host, "bob") for _ in found]
        done = measure(host, 1, LOGINCTL_AND_POLL, ["logoff", "@N"], ["bare", "@N"],
                       ids=[one.id for one in open_ones])
        for all_runs, runs in zip(found, done):
            all_runs.ms += runs.ms
            all_runs.kib += runs.kib
            all_runs.statuses |= runs.statuses
        assert not any(one.exists() for one in open_ones)
    assert found[1].statuses == {0}
    table(title, list(zip(["loginctl terminate-session ID, then looking until it is gone", "logoff ID",
                           "the bare call and SessionRemoved, nothing verified"], found)))
    print(f"\nlogoff takes {found[1].wall - found[2].wall:.2f} ms more than the bare call.")
    keeper.leave()


def crowd(host, rounds):
    """The same with few and with a thousand sessions of other users on the host; ends fake ones, by id and by name."""
    names = []
    for count in (1, 1000):
        others = sessions.fake(host, "carol", count=count, tty=f"pts/{count}{{:04}}")
        ended = sessions.fake(host, "alice", count=3 * rounds, tty=f"pts/9{count}{{:04}}")
        terminals = [host.session(identity)["TTY"] for identity in ended.ids[:rounds]]
        by_name, = measure(host, rounds, ["logoff", "@N"], ids=terminals)
        by_id, theirs = measure(host, rounds, ["logoff", "@N"], LOGINCTL_AND_POLL, ids=ended.ids[rounds:])
        assert by_name.statuses == by_id.statuses == {0}
        names += [(f"logoff ID, {count} others", by_id), (f"logoff NAME, {count} others", by_name),
                  (f"loginctl and looking, {count} others", theirs)]
        sessions.clean(host)
        del others
    table("One session among many", names)


def stubborn(host):
    keeper, session = sessions.ssh(host, "bob"), sessions.ssh(host, "bob")
    session.spawn("stubborn keeper", "keeper")
    runs, = measure(host, 1, ["logoff", "@N", "/grace:1"], ids=[session.id])
    assert runs.statuses == {0} and not session.exists()
    print(f"\n### A process that ignores SIGTERM\n\n`logoff ID /grace:1`: gone, and proved, after {runs.wall:.0f} ms."
          " `loginctl terminate-session` returns at once and the session stays 90 s (systemd's TimeoutStopSec).")
    keeper.leave()


def listing(host, rounds):
    """What a person waits for: who is there."""
    peaks = []
    for count, times in ((1, rounds), (MANY, max(rounds // 3, 3))):
        listed = sessions.fake(host, "alice", count=count, tty="pts/7{:03}")
        rows = [("loginctl list-sessions", ["loginctl", "list-sessions"]), ("query session", ["query", "session"]),
                ("query user", ["query", "user"]), ("query session --json", ["query", "session", "--json"])]
        found = measure(host, times, *[command for _, command in rows])
        assert all(runs.statuses == {0} for runs in found)
        table(f"Listing {count} session{'s' * (count > 1)}", [(name, runs) for (name, _), runs in zip(rows, found)])
        peaks.append([runs.rss for runs in found[1:]])
        assert host.check("query session --no-legend | wc -l") == str(count)
        sessions.clean(host)
        del listed
    print("\nMemory for each further session: " +
          ", ".join(f"`{name}` {(many - one) / (MANY - 1):.2f} KiB" for (name, _), one, many in
                    zip(rows[1:], *peaks)) + ".")


BUSY = "#!/bin/sh\nfor i in $(seq 150); do sleep 100000 & done\nwait\n"


def farm(host, rounds):
    """Who is there on a host with few sessions and many processes."""
    host.path("/usr/local/bin/busy").write_text(BUSY)
    host.path("/usr/local/bin/busy").chmod(0o755)
    desktops = sessions.fake(host, "alice", count=20, type="x11", display=":1{}", service="xrdp-sesman", leader="busy")
    shells = [sessions.ssh(host, "bob") for _ in range(2)]
    lab.wait_until(lambda: len(host.named("sleep")) == 3000, 60, "all their processes run")
    rows = [("loginctl list-sessions", ["loginctl", "list-sessions"]), ("query session", ["query", "session"]),
            ("query user", ["query", "user"])]
    table("Listing 20 desktops of 150 processes each, and 2 ssh sessions",
          list(zip([name for name, _ in rows], measure(host, rounds, *[command for _, command in rows]))))
    assert host.check("query session --no-legend | wc -l") == "22"
    host.run("pkill -KILL -x busy; pkill -KILL -x sleep")
    del desktops, shells


def end_many(host, command, count, **properties):
    """Makes sessions, ends all of them by the command, and makes sure that they are gone. Returns its Runs."""
    # Not selected, and the reason why no user manager has to be ended too.
    keeper = sessions.fake(host, "alice", **{"class": "background"})
    ended = sessions.fake(host, "alice", count=count, tty="pts/8{:03}", **properties)
    host.path("/run/ids").write_text("\n".join(ended.ids))
    runs, = measure(host, 1, command)
    assert runs.statuses == {0} and host.session_ids() == keeper.ids, command
    sessions.clean(host)
    return runs


def many(host, rounds):
    """All of a thousand plain sessions; a new thousand for each run."""
    log_off = ["logoff", "/all", "/y"]
    rows = [("loginctl terminate-session with all ids, then looking until all are gone", ALL_IN_ONE_CALL),
            ("a shell loop of loginctl terminate-session, then looking", ONE_BY_ONE), ("logoff /all /y", log_off)]
    found = [Runs() for _ in rows]
    for _ in range(max(rounds // 10, 1)):
        for (_, command), all_runs in zip(rows, found):
            runs = end_many(host, command, MANY)
            all_runs.ms += runs.ms
            all_runs.kib += runs.kib
            all_runs.statuses |= runs.statuses
    one = end_many(host, log_off, 1)
    table(f"Ending {MANY} sessions", [(name, runs) for (name, _), runs in zip(rows, found)])
    print(f"\nlogoff takes {found[2].wall / found[1].wall:.2f} of the shell loop. Memory for each further session: "
          f"{(found[2].rss - one.rss) / (MANY - 1):.2f} KiB.")


def hundred(host):
    """None of the processes heeds SIGTERM."""
    runs = end_many(host, ["logoff", "/all", "/y", "/grace:2"], 100, leader="stubborn keeper")
    print("\n### A hundred sessions with a process that ignores SIGTERM\n\n"
          f"`logoff /all /y /grace:2`: all gone, and proved, {runs.wall - 2000:.0f} ms after the grace of 2 s."
          " systemd would take 90 s (TimeoutStopSec).")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    parts = {"unknown": lambda: unknown_session(host, rounds),
             "ssh": lambda: end_ssh(host, rounds, "A plain ssh session: ended, and known to be gone"),
             "stubborn": lambda: stubborn(host), "crowd": lambda: crowd(host, rounds),
             "list": lambda: listing(host, rounds), "farm": lambda: farm(host, rounds), "many": lambda: many(host, rounds),
             "hundred": lambda: hundred(host)}
    chosen = sys.argv[3:] or list(parts)
    if not set(chosen) <= set(parts):
        sys.exit(__doc__)
    reason = lab.why_unavailable()
    if reason:
        sys.exit(f"bench.py: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder) / "stage"  # not FOLDER itself: its mode would become that of the root
        subprocess.run(["meson", "install", "-C", build, "--destdir", stage], check=True, capture_output=True)
        (stage / "usr/local/bin").mkdir(parents=True, exist_ok=True)
        for name, libraries in (("measure", []), ("bare", ["-lsystemd"])):
            subprocess.run(["cc", "-O2", "-o", stage / "usr/local/bin" / name, HERE / f"{name}.c", *libraries],
                           check=True)
        with lab.Host("systemd", stage) as host:
            print(f"{os.cpu_count()} cores; " + host.check("loginctl --version | head -1") +
                  "; medians of " + str(rounds) + " runs, taken by turns")
            for part in chosen:
                parts[part]()
                sessions.clean(host)


if __name__ == "__main__":
    main()
