# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the cases (bed.py), booted and installed when the first case asks for one, and shared. After each case they have no
session any more."""

import importlib.util
import os
import platform
import tempfile
import time
from pathlib import Path

import pytest

import bed
import domain as domains
import host as hosts
import roots
import sessions
import stage as stages

_spec = importlib.util.spec_from_file_location("lab_conftest", bed.HERE.parent / "lab/conftest.py")
_lab = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_lab)
pytest_configure, pytest_report_header, lab = _lab.pytest_configure, _lab.pytest_report_header, _lab.lab
SERVED = "usr/local/libexec/logoff/rpcd_logoff"


@pytest.fixture(scope="session")
def stage():
    """A DESTDIR tree with logoff, built for the hosts' version of Samba."""
    if "LOGOFF_STAGE" in os.environ:
        yield Path(os.environ["LOGOFF_STAGE"]).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="logoff-server-") as folder:
        built = Path(folder) / "stage"
        here = platform.freedesktop_os_release().get("VERSION_ID") == roots.DEBIAN
        try:
            (stages.build_here if here else stages.build_there)(built, bed.OPTIONS)
        except stages.Failed as why:
            pytest.exit(str(why), 1)
        except roots.Unavailable as why:
            pytest.skip(str(why))
        yield built


@pytest.fixture(scope="session")
def network(stage):
    """The controller and its network."""
    reason = domains.why_unavailable()
    if reason:
        pytest.skip(reason)
    if not (stage / SERVED).exists():
        pytest.skip("this tree was built without the service")
    domains.sweep()
    try:
        domain = domains.Domain()
    except roots.Unavailable as why:
        pytest.skip(str(why))
    with domain:
        yield bed.Network(domain)


@pytest.fixture(scope="session")
def boot(network, lab):
    """`boot(name)`: that host, in the network."""
    running = {}

    def get(name):
        if name not in running:
            running[name] = lab("server", name, bed.furnish(name))
            network.add(running[name], name)
        return running[name]

    return get


@pytest.fixture(scope="session")
def managed(boot):
    """`managed(kind)`: "member" or "alone", with the service."""
    running = {}

    def get(kind):
        if kind not in running:
            name, make = bed.KINDS[kind]
            host = boot(name)
            make.install(host)
            running[kind] = make(host, boot("desk"), name)
        return running[kind]

    return get


def lend(managed, kind):
    one = managed(kind)
    one.since = time.time()
    yield one
    one.desk.run("pkill -KILL '^xfreerdp'")
    sessions.clean(one.host, [one.unix_name(user) for user in (one.own, one.other, one.helper, one.administrator) if user])


@pytest.fixture
def member(managed):
    yield from lend(managed, "member")


@pytest.fixture
def alone(managed):
    yield from lend(managed, "alone")


@pytest.fixture(params=["member", "alone"])
def any_host(managed, request):
    """Both in turn."""
    yield from lend(managed, request.param)
