# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that counts down on a terminal: its numbers, and where it is not drawn."""

import fcntl
import os
import struct
import termios
import unicodedata

import pytest

from test_logon import Terminal

HOST = """host realtime
caller uid=0
user name=alice uid=1000
user name=bob uid=1001
session id=2 user=alice console tty=tty2
session id=6 user=bob tty=pts/6
"""


@pytest.fixture
def count_down(binary, monkeypatch, tmp_path):
    """Runs logoff with a countdown of a second; returns the output on the terminal."""
    (tmp_path / "host").write_text(HOST)
    settings = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LOGOFF_HOST": f"memory:{tmp_path}/host"}
    settings.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})

    def run(columns=80, **env):
        monkeypatch.setattr("test_logon.environment", lambda _: settings | env)
        shell = ["sh", "-c", 'read line; exec "$0" "$@" 2>/dev/tty', str(binary), "2", "6", "/warn:1"]
        with Terminal(shell, None) as terminal:
            fcntl.ioctl(terminal.far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            terminal.type(b"\n")
            out, status = terminal.end()
        assert status == 4 and out in ("Session 6 (pts/6): logged off.\n", "工作階段 6 (pts/6)：已登出。\n")
        return terminal.text

    return run


def test_who_has_been_refused_is_not_counted(count_down):
    drawn = count_down(TERM="xterm").split("\r\x1b[K")
    assert drawn[1:4] == ["0 of 2 sessions logged off", "1 session will be logged off in 1 s; Ctrl-C cancels",
                          "1 of 2 sessions logged off"]


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}, {}], ids=str)
def test_a_terminal_that_cannot_wipe_is_spared(count_down, env):
    text = count_down(**env)
    assert "\x1b" not in text and "the console session is protected" in text
    assert text.count("1 session will be logged off in 1 s; Ctrl-C cancels\r\n") == 1, "it is said, once"


def width(text):
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


@pytest.mark.parametrize("columns", [1, 2, 20, 0])
@pytest.mark.parametrize("language", ["C", "zh_TW"])
def test_no_line_is_wider_than_the_terminal(count_down, request, language, columns):
    """Nor does such a line scroll the terminal. 0: a terminal of unknown width."""
    env = request.getfixturevalue("chinese") if language == "zh_TW" else {}
    drawn = count_down(columns, TERM="xterm", **env).split("\r\x1b[K")[1:]
    drawn = [line for line in drawn if "c1" not in line and "session 2" not in line and "工作階段 2" not in line]
    assert drawn and all("\n" not in line and width(line) < (columns or 80) for line in drawn)
