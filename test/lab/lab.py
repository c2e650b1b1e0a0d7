#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab by hand: boot a host, look around in it, remove it.

    lab.py up [FLAVOUR]                           boots a host and prints its name
    lab.py list                                   the hosts that are up
    lab.py shell [NAME]                           a root shell there, outside every session
    lab.py run [NAME] -- COMMAND...               one command there
    lab.py down [NAME]                            removes it
    lab.py stage FOLDER                           builds this tree for hosts of $LOGOFF_LAB_DEBIAN, installed below FOLDER

Without NAME the one host that is up is meant. With LOGOFF_STAGE=FOLDER, a tree made by
`meson install --destdir FOLDER`, the host has logoff installed.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import host
import roots
import stage as stages


def hosts():
    """The hosts that are up, by name, with what they wrote down about themselves."""
    found = {}
    for folder in sorted((roots.cache() / "hosts").glob("*")):
        state = json.loads((folder / "state.json").read_text())
        if state["leader"] and host.start_time(state["leader"]):
            found[folder.name] = state
    return found


def pick(name):
    running = hosts()
    if name is None and len(running) == 1:
        return running.popitem()
    if name not in running:
        sys.exit("lab.py: which host? up are: " + (", ".join(running) or "none"))
    return name, running[name]


def up(args):
    host.sweep()
    print(host.Host(args.flavour, stage=os.environ.get("LOGOFF_STAGE"), keep=True).name)


def stage(args):
    try:
        stages.build(args.folder.resolve())
    except stages.Failed as why:
        return f"lab.py: {why}"


def show(args):
    for name, state in hosts().items():
        print(f"{name}\tPID 1 is {state['leader']} here")


def enter(args):
    command = args.command or ["bash", "-l"]
    state = pick(args.name)[1]
    return subprocess.run(["nsenter", "--target", str(state["leader"]), "--all", *command],
                          env=host.CLEAN_ENV).returncode


def down(args):
    host.remove(roots.cache() / "hosts" / pick(args.name)[0])


def options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("up")
    verb.add_argument("flavour", nargs="?", default="systemd", choices=host.FLAVOURS)
    verb.set_defaults(act=up)
    verbs.add_parser("list").set_defaults(act=show)
    for word, act in (("shell", enter), ("run", enter), ("down", down)):
        verb = verbs.add_parser(word)
        verb.add_argument("name", nargs="?")
        verb.set_defaults(act=act, command=[])
    verb = verbs.add_parser("stage")
    verb.add_argument("folder", type=Path)
    verb.set_defaults(act=stage)
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:cut])
    args.command = words[cut + 1:]
    return args


def main():
    args = options()
    try:
        return args.act(args)
    except roots.Unavailable as reason:
        return f"lab.py: {reason}"


if __name__ == "__main__":
    sys.exit(main())
