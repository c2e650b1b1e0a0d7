# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm that holds the machine on which the administrator types: a selection never means their own session."""

import shlex

import pytest

import sessions
from host import wait_until

HOSTS = "/etc/logoff/hosts"
# A service starts it, so logoff-host does not know from which session the order comes.
APART = 'self command="systemd-run --quiet --collect --pipe --wait logoff-host"\n'
# The same with a line changed: what an older logoff-host does not tell, and what one tells in a container that has this kernel and host name.
TELLS = {
    "older": r's/"instance": *"[^"]*"/"instance":null/',
    "clock": r's/"instance": *"[^"]*"/"instance":null/; s/"logon": *[0-9]+\}/"logon":1000}/',
    "container": r's/"instance": *"[^"]*"/"instance":"another"/',
}


@pytest.fixture
def host(lend):
    return lend("systemd", "its own farm", prepare)


def prepare(root):
    """alice can run a command as root, in a login session of hers."""
    (root / "usr/local/bin/rootly").write_bytes((root / "usr/bin/python3").resolve().read_bytes())
    (root / "usr/local/bin/rootly").chmod(0o4755)
    (root / "etc/logoff").mkdir()
    hosts = APART
    for name, changes in TELLS.items():
        (root / f"usr/local/bin/tells-{name}").write_text(f"#!/bin/sh\nlogoff-host | sed --unbuffered -E '{changes}'\n")
        (root / f"usr/local/bin/tells-{name}").chmod(0o755)
        hosts += APART.replace("self", name).replace("logoff-host", f"tells-{name}")
    (root / "etc/logoff/hosts").write_text(hosts)


def as_root(words):
    code = f"import os; os.setgid(0); os.setuid(0); os.execvp({words[0]!r}, {words!r})"
    return f"rootly -c {shlex.quote(code)}"


def test_all_spares_the_own_session(host):
    own, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    own.sh(as_root(["logoff", "/all", "/y", "/server:self", "/grace:2"]))
    assert other.id not in host.session_ids() and own.id in host.session_ids()
    assert own.sh("echo still here") == "still here"


def test_all_spares_the_own_session_under_another_name(host):
    """As in a container of the administrator's tools, which has the bus of this machine and a host name of its own."""
    own, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    own.sh(as_root(["unshare", "--uts", "sh", "-c", "hostname tools; exec logoff /all /y /server:self /grace:2"]))
    assert other.id not in host.session_ids() and own.id in host.session_ids()
    assert own.sh("echo still here") == "still here"


@pytest.mark.parametrize("name,said", [("older", False), ("clock", True)])
def test_it_may_be_the_own_session(host, name, said):
    """The hello does not tell which machine it is: then the logon tells, if it is the same."""
    own, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    text = own.sh(as_root(["logoff", "/all", "/y", f"/server:{name}", "/grace:2"]) + " 2>&1 || true")
    assert own.id in host.session_ids() and ("left alone" in text) == said, text
    assert said or other.id not in host.session_ids()


def test_the_same_id_in_a_container(host):
    """It is not the caller's session, though the kernel's boot and the host name are the same."""
    own = sessions.ssh(host, "alice")
    own.shell.begin(as_root(["logoff", "/all", "/y", "/server:container", "/grace:2"]))
    wait_until(lambda: own.id not in host.session_ids(), 20, "the session is logged off")


def test_named_is_meant(host):
    """A name means the session, whoever is in it."""
    own, other = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    own.shell.begin(as_root(["logoff", own.id, "/server:self", "/grace:2"]))
    wait_until(lambda: own.id not in host.session_ids(), 20, "alice is logged off")
    assert other.id in host.session_ids()
