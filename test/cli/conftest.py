# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the recorded-output tests, and what they need from the machine.

The binary is $LOGOFF, else the one of ./build. The language tests need a real zh_TW locale (gettext translates nothing
in C and C.UTF-8) and the catalogue of this tree instead of the installed one; both are made in a temporary folder.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="record what the command prints now; read the diff")
    parser.addoption("--valgrind", type=int, nargs="?", const=1, metavar="N", help="run each command, or each Nth of a file, under valgrind")


def pytest_collection_modifyitems(config, items):
    """Spreads the files of recorded output, which take longest, evenly over the list: with `pytest -n`, cases that stand
    together are given to one process."""
    if not hasattr(config, "workerinput"):
        return
    recorded = [item for item in items if item.name.startswith("test_recorded[")]
    others = [item for item in items if item not in recorded]
    place = {item: (i + 0.5) / len(group) for group in (recorded, others) for i, item in enumerate(group)}
    items.sort(key=place.get)


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("LOGOFF", TREE / "build/src/cli/logoff")).absolute()
    if not path.exists():
        pytest.fail(f"{path} is not built: set LOGOFF")
    # Installed programs find it by themselves; where it was built nothing tells them.
    os.environ.setdefault("LOGOFF_USER_PROGRAM", str(path.parent.parent / "user/logoff-user"))
    return path


def make(*command, otherwise=pytest.skip):
    """Runs a tool. Skips the test if the tool is missing; a failure of the tool skips it too, or what OTHERWISE says."""
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} on this machine")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        otherwise(f"{command[0]}: {done.stderr.strip()[-200:]}")


@pytest.fixture(scope="session")
def windows(tmp_path_factory):
    """The path of a program that stands in for logoff-tsts and a Windows host."""
    path = tmp_path_factory.mktemp("windows") / "logoff-tsts"
    make("cc", "-std=gnu11", "-D_GNU_SOURCE", f"-I{TREE}/include", f"-I{TREE}/src", "-o", str(path), str(HERE / "windows.c"),
         otherwise=pytest.fail)  # it is ours: a skip would hide that it does not compile
    return str(path)


@pytest.fixture(scope="session")
def chinese(tmp_path_factory):
    """The environment in which the command speaks Traditional Chinese from this tree's catalogue."""
    folder = tmp_path_factory.mktemp("locales")
    messages = folder / "zh_TW/LC_MESSAGES"
    messages.mkdir(parents=True)
    make("msgfmt", "-o", str(messages / "logoff.mo"), str(TREE / "po/zh_TW.po"))
    for charset in ("UTF-8", "BIG5"):
        make("localedef", "-i", "zh_TW", "-f", charset, str(folder / f"zh_TW.{charset}"))
    make("cc", "-shared", "-fPIC", "-o", str(folder / "locales.so"), str(HERE / "locales.c"))
    return {
        "LC_ALL": "zh_TW.UTF-8",
        "LOCPATH": str(folder),
        "LD_PRELOAD": str(folder / "locales.so"),
        "LOGOFF_TEST_LOCALES": str(folder),
        "ASAN_OPTIONS": "verify_asan_link_order=0",
    }
