# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a message: its length; and input that cannot be read is an error, not an empty text."""

import os
import pathlib
import subprocess

import pytest

from test_logon import Terminal

HERE = pathlib.Path(__file__).parent
LONGEST = 8192
TOO_LONG = "msg: the message is longer than 8192 bytes\n"


def settings():
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LOGOFF_HOST": "memory:hosts/company"}
    env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
    return env


@pytest.fixture
def send(binary):
    """Sends a message to alice on the memory host "company"; returns status and output."""
    env = settings()

    def run(*words, **options):
        done = subprocess.run([binary.parent / "msg", "alice", *words], cwd=HERE, env=env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=60, **options)
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize("words", [[LONGEST], [1, LONGEST - 2], [LONGEST - 2, 1], [LONGEST - 1, 0]], ids=str)
def test_the_longest_text(send, words):
    """The last word arrives too, and no old bytes of memory after it."""
    texts = ["x" * length for length in words]
    assert send(*texts) == (0, "")
    texts[0] += "x"
    assert send(*texts) == (1, TOO_LONG)


def test_the_longest_text_of_standard_input(send):
    assert send(input="x" * LONGEST) == (0, "")
    assert send(input="x" * (LONGEST + 1)) == (1, TOO_LONG)


def test_a_warning_is_refused_and_not_cut(binary):
    for length, status in ((LONGEST, 0), (LONGEST + 1, 1)):
        done = subprocess.run([binary, "5", "/warn:1", "/message:" + "x" * length, "/grace:0"], cwd=HERE, env=settings(), text=True, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (status, "logoff: /message: the text is longer than 8192 bytes\n" if status else ""), done


def test_a_reason_has_the_same_length(binary):
    """As on several hosts: what one host refuses every host does."""
    for length, status in ((LONGEST, 0), (LONGEST + 1, 1)):
        done = subprocess.run([binary, "5", "/reason:" + "x" * length, "/grace:0"], cwd=HERE, env=settings(), text=True, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (status, "logoff: /reason: the text is longer than 8192 bytes\n" if status else ""), done


def test_what_cannot_be_read_is_not_empty(send, tmp_path):
    with open(tmp_path / "file", "w", encoding="ascii") as not_for_reading:
        assert send(stdin=not_for_reading) == (1, "msg: the message cannot be read: Bad file descriptor\n")
    folder = os.open(tmp_path, os.O_RDONLY)
    assert send(stdin=folder) == (1, "msg: the message cannot be read: Is a directory\n")
    os.close(folder)
    assert send(stdin=subprocess.DEVNULL) == (1, "msg: there is no message\n")


@pytest.mark.parametrize("keys, said, ended", [
    (b"hello\n\x04", "Session 5 (pts/3): the message to alice has been written to the terminal.\n", 0),
    (b"hello\n\x03", "\nmsg: nothing was done\n", 7),
    (b"hello\x1c", "\nmsg: nothing was done\n", 7),
    (b"\x04", "msg: there is no message\n", 1),
], ids=["text", "Ctrl-C", "Ctrl-backslash", "nothing"])
def test_a_text_is_typed(binary, monkeypatch, keys, said, ended):
    """A message that is cancelled while it is typed is not sent, and has its own status."""
    monkeypatch.setattr("test_logon.environment", lambda _: settings())
    with Terminal(["sh", "-c", 'exec "$0" alice /v 2>&1', str(binary.parent / "msg")], None, cwd=HERE) as terminal:
        out = os.read(terminal.process.stdout.fileno(), 99).decode()
        assert out == "Type the message, then Ctrl-D on a new line:\n"
        terminal.type(keys)
        out, status = terminal.end()
        assert out.startswith(said) and status == ended
