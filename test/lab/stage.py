# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts have installed: this tree, built for their release of Debian, and the program of test_contract.py.

A program that was built on a newer system than the host's does not start there. So it is built on a host, of the
flavour "install", which has what building takes, unless this machine is of the same release or an older one.
"""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import host as hosts
import roots

SOURCE = Path(__file__).resolve().parents[2]
PROGRAMS = "/usr/local/libexec/lab"
BUILD = r"""set -e
[ -e "$1/build.ninja" ] || meson setup --prefix=/usr/local --libdir=lib --buildtype=release "$1" "$2" $5
meson install -C "$1" --destdir "$3"
contract=$1/src/test-contract
[ -e "$contract" ] || exit 0 # no cmocka
mkdir -p "$3$4"
cp "$contract" $(ldd "$contract" | sed -n 's/.*libcmocka.* => \([^ ]*\) .*/\1/p') "$3$4"
"""


class Failed(Exception):
    """The tree cannot be built; the text says why."""


def build(folder):
    """Builds the tree and installs it below `folder`, which must not exist."""
    if runs_there():
        build_here(folder)
    else:
        build_there(folder)


def runs_there():
    """Whether what is built on this machine is known to start on the hosts."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return False
    return system.get("ID") == "debian" and float(system.get("VERSION_ID", "inf")) <= float(roots.DEBIAN)


def command(tree, source, folder, options=""):
    return ["sh", "-c", BUILD, "sh", str(tree), str(source), str(folder), PROGRAMS, options]


def build_here(folder, options=""):
    """With options of meson. In $LOGOFF_LAB_TREE, which is kept and so is built once for hosts of every release."""
    with tempfile.TemporaryDirectory(prefix="logoff-build-") as once:
        tree = os.environ.get("LOGOFF_LAB_TREE", once)
        done = subprocess.run(command(tree, SOURCE, folder, options), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Failed(f"logoff does not build: {done.stdout}{done.stderr}")


def build_there(folder, options=""):
    with hosts.Host("install", prepare=lambda root: copy_source(root / "tree")) as host:
        done = host.run(command("/build", "/tree", "/stage", options), timeout=600)
        if done.status:
            raise Failed(f"logoff does not build on {host.name}: {done.text}")
        shutil.copytree(host.path("/stage"), folder, symlinks=True)


def compile_program(words, file):
    """Compiles `file` by a command to which tree and file are added ("{tree}", "{file}"), so that it starts on the hosts."""
    if runs_there():
        done = subprocess.run(["sh", "-c", words.format(tree=SOURCE, file=file)], capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise Failed(done.stderr)
        return
    with hosts.Host("install", prepare=lambda root: copy_source(root / "tree")) as host:
        done = host.run(words.format(tree="/tree", file="/program"), timeout=300)
        if done.status:
            raise Failed(done.text)
        shutil.copy(host.path("/program"), file)


def copy_source(target):
    """Copies the tree without what was built in it."""
    shutil.copytree(SOURCE, target, symlinks=True, ignore=shutil.ignore_patterns("build*", ".git", "__pycache__", ".pytest_cache"))
