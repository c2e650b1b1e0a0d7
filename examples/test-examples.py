#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-examples.py PROGRAM...: runs the examples on a host in memory, and holds what they print to what is true of it."""
import os
import pathlib
import subprocess
import sys
import tempfile

HOST = """\
user name=alice uid=1000
user name=bob uid=1001
user name=eve\u202e uid=1002
session id=12 user=alice tty=pts/3
process command=bash
session id=13 user=bob tty=pts/4
process command=vi term=never
session id=14 user=alice console tty=tty1
session id=15 user=bob begins=1000 leaves=2000
session id=16 user=eve\u202e tty=pts/6
"""

# program, arguments, exit status, standard output, standard error
CASES = [
    ("list-sessions", [], 0, "12 pts/3 alice\n13 pts/4 bob\n14 console alice\n16 pts/6 eve\\xe2\\x80\\xae\n", ""),
    ("end-sessions", ["bob"], 0, "13: ended\n", ""),
    ("end-sessions", ["alice"], 1, "12: ended\n14: protected\n", ""),
    ("end-sessions", ["nobody"], 0, "", ""),
    ("send-message", ["pts/3", "Hello"], 0, "delivered by the terminal\n", ""),
    ("send-message", ["99", "Hello"], 1, "", "not delivered: no such session\n"),
    ("watch-sessions", [], 1, "session 12 of alice is there\nsession 13 of bob is there\nsession 14 of alice is there\n"
     "session 16 of eve\\xe2\\x80\\xae is there\n"
     "session 15 of bob has begun\nsession 15 of bob is gone\n", "nothing will ever happen any more\n"),
]


def main(programs):
    found = {pathlib.Path(one).name: one for one in programs}
    failed = sorted(set(found) - {case[0] for case in CASES})
    for name in failed:
        print(f"{name}: no case runs it")
    with tempfile.TemporaryDirectory() as folder:
        host = pathlib.Path(folder, "host")
        host.write_text("caller uid=0\n" + HOST)
        for name, arguments, *wanted in CASES:
            environment = {**os.environ, "LOGOFF_HOST": f"memory:{host}", "LC_ALL": "C"}
            done = subprocess.run([found[name], *arguments], env=environment, capture_output=True, text=True, timeout=20)
            have = [done.returncode, done.stdout, done.stderr]
            if have != wanted:
                failed.append(name)
                print(f"{name} {' '.join(arguments)}: {have} instead of {wanted}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
