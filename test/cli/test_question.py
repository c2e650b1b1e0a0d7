# SPDX-License-Identifier: GPL-3.0-or-later
"""The question before several selected sessions are logged off: what it shows and counts, and the effect of a no."""

import os
import pathlib
import signal

import pytest

from test_logon import Terminal

HERE = pathlib.Path(__file__).parent


@pytest.fixture
def ask(binary, monkeypatch):
    """Runs logoff on the memory host "selection" with an answer, keys or a signal; returns output and status."""
    settings = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LOGOFF_HOST": "memory:hosts/selection"}
    settings.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
    monkeypatch.setattr("test_logon.environment", lambda _: settings)

    def run(answer, *words, typed_before=b""):
        # the question goes to standard error, which must be a terminal
        shell = ["sh", "-c", 'echo ready >/dev/tty; head -n 1 >/dev/null; exec "$0" "$@" 2>/dev/tty', str(binary), *words]
        with Terminal(shell, None, cwd=HERE) as terminal:
            terminal.wait_for("ready")
            terminal.type(b"\n" + typed_before)
            terminal.wait_for("(y/n) ")
            if isinstance(answer, signal.Signals):
                terminal.process.send_signal(answer)
            else:
                terminal.type(answer)
            out, status = terminal.end()
            return terminal.text.replace("\r", "") + out, status

    return run


NOTHING = "\nlogoff: nothing was done\n"


def test_only_what_would_end_is_shown_and_counted(ask):
    """The console session of carol is protected."""
    text, status = ask(b"n\n", "/all")
    assert "Log off these 6 sessions? (y/n) " in text
    assert "carol" not in text
    assert "Session 3 (pts/3) of alice, active: would be logged off." in text
    assert "Session 6 of bob, closing (make): would be logged off." in text
    assert text.endswith("logoff: nothing was done\n") and status == 7


def test_programs_are_told_of_a_no(ask):
    text, status = ask(b"n\n", "/all", "--json=lines")
    assert '"kind":"declined","object":null,"cause":null,"exit_status":7}' in text
    assert '"type":"result"' not in text and status == 7


def test_with_the_console(ask):
    text, status = ask(b"n\n", "/all", "/console")
    assert "Log off these 7 sessions? (y/n) " in text
    assert "Session 2 (console) of carol, active: would be logged off." in text and status == 7


def test_who_is_named_as_well_is_counted(ask):
    text, status = ask(b"y\n", "3", "/user:alice,albert")
    assert "Log off these 3 sessions? (y/n) " in text
    assert text.count("logged off.\n") == 6 and status == 0


def test_kept_sessions_are_not_counted(ask):
    text, status = ask(b"n\n", "/user:bob,alice", "/keep:make")
    assert "Log off these 3 sessions? (y/n) " in text and "closing" not in text and status == 7


@pytest.mark.parametrize("keys", [b"\x03", b"\x1c", b"\x04", b"y\x03", b"y\x04\x04"], ids=repr)
def test_what_is_no_answer_is_a_no(ask, keys):
    """Ctrl-C, Ctrl-\\, Ctrl-D, and an answer without Enter."""
    text, status = ask(keys, "/all")
    assert text.endswith(NOTHING) and status == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_signals_are_a_no(ask, number):
    text, status = ask(number, "/all")
    assert text.endswith(NOTHING) and status == 7


def test_what_was_typed_before_is_no_answer(ask):
    """Lines that were pasted behind the command: the next of them may begin with y."""
    text, status = ask(b"n\n", "/all", typed_before=b"yum update\n")
    assert text.endswith(NOTHING) and status == 7
