# SPDX-License-Identifier: GPL-3.0-or-later
"""The base roots of the lab: Debian trees that hosts are laid over, made once and kept.

A root is named by its release and a hash of everything that went into it (packages, the scripts that finish it), so
a changed recipe makes a new root and removes the old one. They live in the cache folder
`$LOGOFF_LAB`, by default `~/.cache/logoff-lab`. The release of Debian is `$LOGOFF_LAB_DEBIAN`, 12 or 13.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class Release(NamedTuple):
    """Facts about the hosts of one release of Debian that the lab needs."""
    suite: str
    rdp_client: str  # the program of FreeRDP
    # Why there is no such thing, or nothing.
    no_cgroup_v1: str = ""
    no_leaderless_session: str = ""
    no_libelogind: str = ""


RELEASES = {
    "12": Release("bookworm", "xfreerdp"),
    "13": Release("trixie", "xfreerdp3", "systemd 257 has no cgroup v1", "systemd 257 removes such a session by itself",
                  "Debian 13 has no libelogind-dev, as programs for libsystemd run with its elogind"),
}
DEBIAN = os.environ.get("LOGOFF_LAB_DEBIAN") or "12"
RELEASE = RELEASES[DEBIAN]
BUILD_SECONDS = {"desktop": 2400}
USUAL_SECONDS = 900


class Unavailable(Exception):
    """This machine cannot run a case; the text says why."""


def cache():
    """The folder that holds roots and running hosts."""
    if "LOGOFF_LAB" in os.environ:
        return Path(os.environ["LOGOFF_LAB"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "logoff-lab"


def packages(flavour, debian=DEBIAN):
    """The Debian packages of a root, in the order of its list. A line "NAME 13" is of that release only, "@SECTION" is
    that section of tools/packages.txt, "+FLAVOUR" all of another list."""
    lines = (HERE / "roots" / f"{flavour}.packages").read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    names = [word[0] for word in words if word[1:] in ([], [debian])]
    return [package for name in names for package in expand(name, debian)]


def expand(name, debian):
    if name[0] == "+":
        return packages(name[1:], debian)
    return section(name[1:]) if name[0] == "@" else [name]


def section(name):
    text = (HERE.parents[1] / "tools/packages.txt").read_text()
    return text.partition(f"[{name}]\n")[2].partition("\n[")[0].split()


def hooks(flavour):
    """The scripts that finish a root."""
    return [file for file in (HERE / "roots/prepare.sh", HERE / f"roots/{flavour}.sh") if file.exists()]


def recipe_hash(flavour, debian=DEBIAN):
    recipe = [RELEASES[debian].suite, *packages(flavour, debian), *[file.read_text() for file in hooks(flavour)]]
    return hashlib.sha256("\n".join(recipe).encode()).hexdigest()[:12]


def build(flavour, target, debian=DEBIAN):
    """Makes a root in `target`, which exists only after success."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    command = [
        "mmdebstrap", "--mode=root", "--variant=minbase", "--components=main",
        "--include=" + ",".join(packages(flavour, debian)),
        *[f"--customize-hook={file} \"$1\"" for file in hooks(flavour)],
        RELEASES[debian].suite, str(part),
    ]
    log = target.with_name(target.name + ".log")
    seconds = BUILD_SECONDS.get(flavour, USUAL_SECONDS)
    with log.open("w") as out:
        try:
            done = subprocess.run(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                  timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"building the {flavour} root took over {seconds} s, see {log}")
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        last = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
        raise Unavailable(f"cannot build the {flavour} root: {last} (see {log})")
    part.rename(target)
    log.unlink()


def remove_unused(old_roots):
    """Removes roots of former recipes, but for those that a running host still lies on."""
    mounts = Path("/proc/mounts").read_text()
    for old in old_roots:
        if f"lowerdir={old}," not in mounts:
            shutil.rmtree(old) if old.is_dir() else old.unlink()


def base(flavour, debian=DEBIAN):
    """The root of a flavour and a release; builds it if there is none of this recipe yet."""
    if not shutil.which("mmdebstrap"):
        raise Unavailable("no mmdebstrap to build a base root with")
    folder = cache() / "roots"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{flavour}-{debian}-{recipe_hash(flavour, debian)}"
    with (folder / f"{flavour}-{debian}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            remove_unused(folder.glob(f"{flavour}-{debian}-*"))
            build(flavour, target, debian)
    return target
