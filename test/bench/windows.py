#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""windows.py BUILD: what the programs for Windows cost over a played host (test/windows), by Wine.

BUILD is a folder of meson with tools/windows/x86_64.txt. Two numbers are printed, both of 200 sessions:

- "query session", against bare.c: a program with the same calls and nothing around them. At most 1.2 times as long.
- "logoff /all", sessions of five programs each, from the first request to the proof of the last one, against the time that the
  host itself takes from its first request to its last end. At most 1.5 times as long.

Both kinds of runs take turns, so that a busy machine slows both. Exit status 1 if one is slower than that.
"""

import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(TREE / "test/windows"))
import conftest     # noqa: E402, for its Wine

SESSIONS = 200
RUNS = 61
HOST = ["own 4", "session 0 Services 4 - -", "session 4 RDP-Tcp#12 0 TS1 Administrator"]
LIST = HOST + [f"session {i} RDP-Tcp#{i} 0 EXAMPLE user{i} client=PC{i} address=192.0.2.{i}" for i in range(5, SESSIONS + 4)]
# As Windows does: programs end within half a second, then the profile is saved.
BUSY = LIST[:3] + ["host quiet=1"] + [f"session {i} RDP-Tcp#{i} 0 EXAMPLE user{i} ends={1000 + i * 5}" for i in range(5, SESSIONS + 5)] + [
    f"process {1000 + 8 * i + k} {i} user{i} program{k}.exe term={100 * k}" for i in range(5, SESSIONS + 5) for k in range(5)]


def find(*names):
    return next(name for name in names if shutil.which(name))


class Bench:
    """Programs in a folder with the played host."""

    def __init__(self, build, folder):
        self.folder = folder
        for program in ("logoff", "query"):
            shutil.copy(build / "src/cli" / f"{program}.exe", folder)
        for name in ("wtsapi32.dll", "winsta.dll", "bare.exe", "sleeper.exe"):
            shutil.copy(build / "test/windows" / name, folder)
        self.loader = find(*conftest.LOADERS)
        self.server = find("/usr/lib/wine/wineserver", "/usr/lib/wine/wineserver64", "wineserver")
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all",
                    "XDG_RUNTIME_DIR": str(folder), "WINEDLLOVERRIDES": "mscoree,mshtml=;wtsapi32,winsta=n", "LC_ALL": "C.UTF-8",
                    "LOGOFF_PLAYED_HOST": str(folder / "host")}
        self.run_wine("wineboot", "--init")
        subprocess.run([self.server, "-w"], env=self.env, check=True)
        # Wine starts some services with its first program, and ends them with the last one.
        self.sleeper = subprocess.Popen([self.loader, str(folder / "sleeper.exe")], env=self.env, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def run_wine(self, *words, **more):
        with open(self.folder / "out", "wb") as out:    # to the null device stdio writes each character by itself
            subprocess.run([self.loader, *words], env=self.env | more, stdout=out, stderr=subprocess.DEVNULL, check=True)

    def time(self, *words, **more):
        begin = time.perf_counter()
        self.run_wine(str(self.folder / words[0]), *words[1:], **more)
        return time.perf_counter() - begin

    def query(self):
        (self.folder / "host").write_text("\n".join(LIST))
        self.time("bare.exe"), self.time("query.exe", "session")
        pairs = [(self.time("bare.exe"), self.time("query.exe", "session")) for _ in range(RUNS)]
        return statistics.median(bare for bare, _ in pairs), statistics.median(own for _, own in pairs)

    def logoff(self):
        log = self.folder / "log"
        (self.folder / "host").write_text("\n".join(BUSY))
        self.time("logoff.exe", "/all", "/y", LOGOFF_PLAYED_LOG=str(log))
        calls = [(int(ms), call) for ms, call in re.findall(r"^\+(\d+) (.*)$", log.read_text(), re.M)]
        log.unlink()
        begin = next(ms for ms, call in calls if call.startswith("logoff "))
        gone = [ms for ms, call in calls if call.startswith("gone ")]
        assert len(gone) == SESSIONS and not any(call.startswith(("terminate", "reset")) for _, call in calls)
        # What the host needs: from the last request on, the programs' half second and its own time.
        asked = max(ms for ms, call in calls if call.startswith("logoff "))
        print(f"  requests sent in {asked - begin} ms, {gone[-1] - begin} ms to the last end")
        return 0.4 + (1000 + (SESSIONS + 4) * 5) / 1000, (calls[-1][0] - begin) / 1000


def main():
    build = pathlib.Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(build, pathlib.Path(folder))
        try:
            bare, own = bench.query()
            print(f"query session, {SESSIONS} sessions: {own * 1000:.0f} ms, bare program {bare * 1000:.0f} ms: {own / bare:.2f} times")
            host, all_off = bench.logoff()
            print(f"logoff /all, {SESSIONS} sessions: {all_off:.2f} s, host's own time {host:.2f} s: {all_off / host:.2f} times")
        finally:
            bench.sleeper.kill()
            bench.sleeper.wait()
            subprocess.run([bench.server, "-k"], env=bench.env, check=False)
    return 0 if own <= 1.2 * bare and all_off <= 1.5 * host else 1


if __name__ == "__main__":
    sys.exit(main())
