# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a message: how long it may be, and that what cannot be read is not taken for nothing."""

import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
LONGEST = 8192
TOO_LONG = "msg: the message is longer than 8192 bytes\n"


@pytest.fixture
def send(binary):
    """Sends a message to alice on the memory host "company"; gives the status and what was said of it."""
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LOGOFF_HOST": "memory:hosts/company"}
    env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ})

    def run(*words, **options):
        done = subprocess.run([binary.parent / "msg", "alice", *words], cwd=HERE, env=env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=60, **options)
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize("words", [[LONGEST], [1, LONGEST - 2], [LONGEST - 2, 1], [LONGEST - 1, 0]], ids=str)
def test_the_longest_text(send, words):
    """Also its last word arrives, and not what stood in memory in its place."""
    texts = ["x" * length for length in words]
    assert send(*texts) == (0, "")
    texts[0] += "x"
    assert send(*texts) == (1, TOO_LONG)


def test_the_longest_text_of_standard_input(send):
    assert send(input="x" * LONGEST) == (0, "")
    assert send(input="x" * (LONGEST + 1)) == (1, TOO_LONG)


def test_what_cannot_be_read_is_not_empty(send, tmp_path):
    with open(tmp_path / "file", "w", encoding="ascii") as not_for_reading:
        assert send(stdin=not_for_reading) == (1, "msg: the message cannot be read: Bad file descriptor\n")
    folder = os.open(tmp_path, os.O_RDONLY)
    assert send(stdin=folder) == (1, "msg: the message cannot be read: Is a directory\n")
    os.close(folder)
    assert send(stdin=subprocess.DEVNULL) == (1, "msg: there is no message\n")
