# SPDX-License-Identifier: GPL-3.0-or-later
"""The host on which desktops run: one of the lab's, of Debian 13, with a root of its own (roots/desktop.packages)."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("LOGOFF_LAB_DEBIAN", "13")
LAB = Path(__file__).resolve().parents[1] / "lab"
sys.path.insert(0, str(LAB))

import desktops  # noqa: E402

_spec = importlib.util.spec_from_file_location("lab_conftest", LAB / "conftest.py")
_lab = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_lab)
pytest_configure, pytest_report_header = _lab.pytest_configure, _lab.pytest_report_header
stage, lab, lend = _lab.stage, _lab.lab, _lab.lend


@pytest.fixture
def host(lend):
    """A host with XFCE, GNOME and Plasma."""
    return lend("desktop", "", desktops.prepare)
