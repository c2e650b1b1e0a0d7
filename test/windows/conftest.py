# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs for Windows, run by Wine.

They are those of $LOGOFF_WINDOWS, a folder that meson has built with tools/windows/x86_64.txt, else of ./build-windows. Each process of
pytest has a Wine of its own, in a temporary folder: nothing of the user's is read or changed.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent
# Debian's "wine" is a script that also speaks of the 32-bit one.
LOADERS = ("/usr/lib/wine/wine64", "/usr/lib/wine/wine", "wine64", "wine")


@pytest.fixture(scope="session")
def programs():
    """The folder of the programs."""
    folder = pathlib.Path(os.environ.get("LOGOFF_WINDOWS", TREE / "build-windows")).absolute() / "src/cli"
    if not (folder / "logoff.exe").exists():
        pytest.fail(f"{folder} has no logoff.exe: set LOGOFF_WINDOWS")
    return folder


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    """The Wine of this process."""
    loader = next((one for one in LOADERS if shutil.which(one)), None)
    if not loader:
        pytest.skip("no Wine on this machine")
    folder = tmp_path_factory.mktemp("wine")
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all",
           "XDG_RUNTIME_DIR": str(folder), "WINEDLLOVERRIDES": "mscoree,mshtml=", "WINELOADER": shutil.which(loader)}
    server = next(one for one in ("/usr/lib/wine/wineserver", "/usr/lib/wine/wineserver64", "wineserver") if shutil.which(one))
    subprocess.run([loader, "wineboot", "--init"], env=env, check=True, capture_output=True, timeout=600)
    # While a program runs, Wine's own services stay: those that start later would keep the pipes of a test open.
    keeper = subprocess.Popen([loader, "cmd"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    keeper.stdout.read(1)  # it runs
    yield Wine(loader, env)
    keeper.kill()
    keeper.wait()
    subprocess.run([server, "-k"], env=env, timeout=60)


class Wine:
    """Starts programs."""

    def __init__(self, loader, env):
        self.loader = loader
        self.env = env

    def start(self, program, *words, env=None, **options):
        """A process of PROGRAM, with pipes."""
        return subprocess.Popen([self.loader, str(program), *words], env=self.env | (env or {}), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)
