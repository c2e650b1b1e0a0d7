# SPDX-License-Identifier: GPL-3.0-or-later
"""A logoff-user of another version, as between two steps of a package manager: it answers nothing, and people are told why."""

import os

import pytest

from test_host import Peer, only
from test_json import HERE, lines_of, query

PROGRAM = """#!/usr/bin/python3
import socket
job = socket.socket(fileno=3)
job.recv(100000)
job.send(b"9.9.9-x86_64-01234567".ljust(64, b"\\0"))
"""
TOLD = "is of another version (9.9.9-x86_64-01234567) than the library"


@pytest.fixture
def other(tmp_path, monkeypatch):
    """The program in place of this build's. Returns its path."""
    path = tmp_path / "logoff-user"
    path.write_text(PROGRAM)
    path.chmod(0o755)
    monkeypatch.setitem(os.environ, "LOGOFF_USER_PROGRAM", str(path))
    return path


def failures(done):
    return [(row["kind"], row["object"], row["cause"] and row["cause"]["text"]) for row in lines_of(done) if row["type"] == "failure"]


@pytest.mark.parametrize("word,told", [("group:crew", "such a group"), ("nobody-at-all", "such a user")])
def test_exclusion_that_cannot_be_looked_up(binary, other, word, told):
    """Nobody is logged off, and both people and programs get the cause."""
    done = query(binary, "memory:hosts/company", "/all", f"/exclude:{word}", "/y", option="--json=lines", name="logoff")
    assert done.returncode == 1 and f"{told} ({other} {TOLD}" in done.stderr.decode(), done
    (kind, object, cause), = failures(done)
    assert (kind, object) == ("exclusion-unknown", word) and f"{other} {TOLD}" in cause


def test_sessions_whose_groups_are_unknown(binary, other):
    """The group is in this machine's files; who else is in it is not."""
    done = query(binary, "memory:hosts/company", "/all", "/exclude:group:root", "/y", option="--json=lines", name="logoff")
    assert done.returncode == 2 and f"unknown ({other} {TOLD}" in done.stderr.decode(), done
    spared = [row for row in failures(done) if row[0] == "spared-unknown"]
    assert len(spared) > 2 and all(TOLD in cause for _, _, cause in spared), spared
    assert not [row for row in lines_of(done) if row["type"] == "result"]


def test_name_that_may_be_a_user(binary, other, tmp_path):
    (tmp_path / "office").write_text("caller uid=0\nuser name=bob uid=1001\nsession id=c3 user=bob tty=pts/3\nprocess command=vi\n")
    (tmp_path / "leavers").write_text("c3\n")
    host = f"memory:{tmp_path}/office"
    for name, words in (("logoff", [f"@{tmp_path}/leavers", "/y"]), ("msg", ["c3", "hello"])):
        done = query(binary, host, option="--json=lines", name=name, text=words)
        assert done.returncode == 6 and f"has this name too ({other} {TOLD}" in done.stderr.decode(), done
        assert [(kind, TOLD in cause) for kind, _, cause in failures(done)] == [("ambiguous", True)]


def test_far_host_says_so(binary, other):
    one = Peer(binary.parent.parent / "host/logoff-host", "memory:hosts/company")
    one.hello()
    for word, kind in (("group:crew", "exclusion-unknown"), ("nobody-at-all", "exclusion-unknown"), ("group:root", "spared-unknown")):
        found, _ = one.ask("list", select={"all": True, "exclude": [word]})
        told = only(found, "failure")
        assert told and {row["kind"] for row in told} == {kind} and all(TOLD in row["cause"]["text"] for row in told), found
    assert one.end() == ([], 0)
