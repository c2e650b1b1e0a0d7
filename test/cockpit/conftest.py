# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of the lab with Cockpit, and a browser that stands in the network of that host.

The host has a root of its own (roots/cockpit.packages). The browser runs on this machine, in the network namespace of the host, so it
reaches Cockpit at 127.0.0.1 and nothing else. Each case has a host without sessions and a fresh browser.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[1] / "lab"
sys.path.insert(0, str(LAB))

import browser as browsers  # noqa: E402
import roots  # noqa: E402

_spec = importlib.util.spec_from_file_location("lab_conftest", LAB / "conftest.py")
_lab = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_lab)
pytest_configure, pytest_report_header = _lab.pytest_configure, _lab.pytest_report_header
stage, lab, lend = _lab.stage, _lab.lab, _lab.lend


def pytest_addoption(parser):
    parser.addoption("--pictures", metavar="FOLDER", help="write the pictures of the README there (tools/update-pictures)")


def prepare(root):
    """carol is an administrator. Cockpit trusts the network of the host, so no certificate is needed."""
    (root / "etc/cockpit").mkdir(exist_ok=True)
    settings = ["[WebService]", "AllowUnencrypted = true", "LoginTo = false", "[Basic]", "timeout = 300", "response-timeout = 300"]
    (root / "etc/cockpit/cockpit.conf").write_text("\n".join(settings) + "\n")
    (root / "etc/hostname").write_text("server1\n")


@pytest.fixture(scope="session")
def cockpit_host(lab):
    if not browsers.available():
        pytest.skip("no chromium-driver and python3-selenium to look at Cockpit with")
    host = lab("cockpit", "", prepare)
    host.check("systemctl start cockpit.socket")
    return host


@pytest.fixture
def host(cockpit_host, lend):
    lend("cockpit", "", prepare)   # its sessions are removed afterwards
    yield cockpit_host
    # A page that is closed leaves its session to cockpit-ws for a while.
    cockpit_host.run("systemctl stop 'cockpit-wsinstance-*' cockpit.service; systemctl reset-failed; systemctl start cockpit.socket")


@pytest.fixture
def open_page(host, tmp_path):
    """Logs a user on to Cockpit in a new browser, and opens the page: `open_page("carol", admin=True, language="zh-tw", dark=True)`."""
    opened = []

    def get(user, **options):
        page = browsers.Page(host, tmp_path / f"browser-{len(opened)}", user, **options)
        opened.append(page)
        page.enter()
        return page

    yield get
    failed = os.environ.get("LOGOFF_CHECK_DIR")
    for number, page in enumerate(opened):
        if failed:
            folder = Path(failed) / f"cockpit-{roots.DEBIAN}"
            folder.mkdir(parents=True, exist_ok=True)
            page.picture(folder / f"{os.environ.get('PYTEST_CURRENT_TEST', 'case').split('::')[-1].split(' ')[0]}-{number}.png")
        page.quit()


@pytest.fixture(scope="session")
def axe():
    """The text of axe-core, which npm fetches once into the cache of the lab. The project has no copy."""
    folder = roots.cache() / "axe-core"
    text = folder / "package/axe.min.js"
    if not text.exists():
        if not shutil.which("npm"):
            pytest.skip("no npm to fetch axe-core with")
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", "--silent", "axe-core@4"], cwd=folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            pytest.skip(f"axe-core cannot be fetched: {done.stderr.strip()[-200:]}")
        subprocess.run(["tar", "-xzf", done.stdout.split()[-1]], cwd=folder, check=True, timeout=60)
    return text.read_text()
