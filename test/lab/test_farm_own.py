# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm that holds the machine on which the administrator types: a selection never means their own session."""

import shlex

import pytest

import sessions
from host import wait_until

HOSTS = "/etc/logoff/hosts"
# A service starts it, so logoff-host does not know from which session the order comes.
APART = 'self command="systemd-run --quiet --collect --pipe --wait logoff-host"\n'


@pytest.fixture
def host(lend):
    return lend("systemd", "its own farm", prepare)


def prepare(root):
    """alice can run a command as root, in a login session of hers."""
    (root / "usr/local/bin/rootly").write_bytes((root / "usr/bin/python3").resolve().read_bytes())
    (root / "usr/local/bin/rootly").chmod(0o4755)
    (root / "etc/logoff").mkdir()
    (root / "etc/logoff/hosts").write_text(APART)


def as_root(words):
    code = f"import os; os.setgid(0); os.setuid(0); os.execvp({words[0]!r}, {words!r})"
    return f"rootly -c {shlex.quote(code)}"


def test_all_spares_the_own_session(host):
    own, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    own.sh(as_root(["logoff", "/all", "/y", "/server:self", "/grace:2"]))
    assert other.id not in host.session_ids() and own.id in host.session_ids()
    assert own.sh("echo still here") == "still here"


def test_named_is_meant(host):
    """A name means the session, whoever is in it."""
    own, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    own.shell.begin(as_root(["logoff", own.id, "/server:self", "/grace:2"]))
    wait_until(lambda: own.id not in host.session_ids(), 20, "alice is logged off")
    assert other.id in host.session_ids()
