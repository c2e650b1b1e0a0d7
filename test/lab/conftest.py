# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that cases run on, and logoff installed on them.

Hosts are booted when the first case asks for one and shared by all that come after; each case gets
its host without any session on it. A case whose host this machine cannot boot is skipped and says
why.
"""

import os
import signal
import tempfile
from pathlib import Path

import pytest

import host as hosts
import network as networks
import roots
import sessions
import stage as stages


def pytest_configure(config):
    # SIGTERM must not leave hosts behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_header(config):
    reason = hosts.why_unavailable()
    return f"lab: Debian {roots.DEBIAN}, {roots.cache()}" + (f" (skipped: {reason})" if reason else "")


@pytest.fixture(scope="session")
def stage():
    """A DESTDIR tree with logoff: that of $LOGOFF_STAGE, or one built now."""
    if "LOGOFF_STAGE" in os.environ:
        yield Path(os.environ["LOGOFF_STAGE"]).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="logoff-lab-") as folder:
        built = Path(folder) / "stage"
        try:
            stages.build(built)
        except stages.Failed as why:
            pytest.exit(str(why), 1)
        except roots.Unavailable as why:
            pytest.skip(str(why))
        yield built


@pytest.fixture(scope="session")
def lab(request):
    """Boots hosts on demand: `lab(flavour, name, prepare, debian)` gives the same host for the same
    flavour and name."""
    reason = hosts.why_unavailable()
    if reason:
        pytest.skip(reason)
    stage = request.getfixturevalue("stage")
    hosts.sweep()
    hosts.make_room()
    running, failed = {}, {}

    def get(flavour, name="", prepare=None, debian=roots.DEBIAN):
        key = flavour, name
        if key in failed:
            pytest.skip(failed[key])
        if key not in running:
            try:
                running[key] = hosts.Host(flavour, stage, prepare, debian=debian)
            except roots.Unavailable as why:
                failed[key] = str(why)
                pytest.skip(str(why))
        return running[key]

    yield get
    for one in running.values():
        one.stop()


@pytest.fixture
def lend(lab):
    """Gives hosts to a case, `lend(flavour, ...)`, and removes its sessions afterwards."""
    used = []

    def get(*which):
        one = lab(*which)
        used.append(one)
        return one

    yield get
    for one in used:
        sessions.clean(one)


@pytest.fixture
def host(lend):
    """systemd, cgroup v2."""
    return lend("systemd")


@pytest.fixture(params=["systemd", "systemd-v1"])
def logind_host(lend, request):
    """systemd on cgroup v2, then on v1."""
    return lend(request.param)


@pytest.fixture(params=hosts.KINDS)
def any_host(lend, request):
    """Every kind of host in turn."""
    return lend(request.param)


@pytest.fixture
def bare(lend):
    """sshd and cron, no logind at all."""
    return lend("bare")


@pytest.fixture
def unaudited(lend):
    """Bare, and logins get no audit session, as in an unprivileged container."""
    def prepare(root):
        for file in (root / "etc/pam.d").iterdir():
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if "pam_loginuid" not in line))

    return lend("bare", "unaudited", prepare)


@pytest.fixture
def without_polkit(lend):
    """systemd without polkitd."""
    def prepare(root):
        (root / "usr/lib/systemd/system/polkit.service").unlink()
        (root / "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service").unlink()

    return lend("systemd", "without polkit", prepare)


@pytest.fixture
def two_hosts(lend):
    """Two hosts at once, with a cable between them."""
    here, there = lend("systemd"), lend("systemd", "neighbour")
    if there.run("ip link show lab0").status:
        here.connect(there)
    return here, there


@pytest.fixture(scope="session")
def built(lab):
    return networks.Network(lab)


@pytest.fixture
def network(built):
    """An administrator's host and the hosts that they reach by ssh. A command must leave no child, and accept no host key."""
    before = built.known_hosts()
    yield built
    left = built.children()
    built.mend()
    for host in built.far:
        sessions.clean(host)
    assert left == []
    assert built.known_hosts() == before, "a host key was accepted"
