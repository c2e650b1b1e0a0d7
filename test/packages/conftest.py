# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of this tree for the release $LOGOFF_LAB_DEBIAN, and hosts to build and to install them on.

The packages are those in $LOGOFF_PACKAGES, which tools/package has made, or are made first.
"""
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "test/lab"))

import host as hosts  # noqa: E402
import roots  # noqa: E402


def boot(flavour, **more):
    reason = hosts.why_unavailable(flavour)
    if reason:
        pytest.skip(reason)
    try:
        return hosts.Host(flavour, **more)
    except roots.Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The folder with the packages and build.log."""
    hosts.sweep()
    if "LOGOFF_PACKAGES" in os.environ:
        return Path(os.environ["LOGOFF_PACKAGES"])
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run([SOURCE / "tools/package", roots.DEBIAN, "--output", folder], check=True, timeout=2400)
    return folder / f"debian-{roots.DEBIAN}"


@pytest.fixture(scope="session")
def debs(packages):
    """The packages that are installed, by name."""
    found = {file.name.partition("_")[0]: file for file in packages.glob("*.deb") if "-dbgsym_" not in file.name}
    assert found
    return found


@pytest.fixture(scope="session")
def archive(packages):
    return next(packages.glob("logoff_*.orig.tar.xz"))
