# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded output of test/cli, of the programs for Windows: the same words, byte for byte, but for the ends of lines.

A line "windows: skip: REASON" before a command says why it differs. Other servers are asked by another program on Linux, so their cases
are not for Windows. Windows has a change of its own, and ours is for Linux hosts.
"""

import importlib.util
import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).parent
CLI = HERE.parent / "cli"

spec = importlib.util.spec_from_file_location("recorded", CLI / "test_cli.py")
recorded = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recorded)


def all_cases():
    """Each command line over a memory host, named by its file and line."""
    for path in recorded.FILES:
        for case in recorded.parse(path.read_text(encoding="utf-8").split("\n")):
            if case.words[0] in (b"change", b"chglogon", b"rwinsta", b"tsdiscon", b"tskill"):
                continue
            if case.tsts == "none" and not any(word.lower().startswith((b"/server", b"--server")) for word in case.words):
                yield pytest.param(case, id=f"{path.stem}-{case.line + 1}")


def environment(case):
    # Wine takes the charset of the command line from LC_CTYPE.
    env = {"LC_CTYPE": "C.UTF-8", "LC_MESSAGES": case.lang, "LC_TIME": "C", "TZ": "UTC",
           "LOGOFF_HOST": f"memory:hosts/{case.host}"}
    if case.host == "none":
        del env["LOGOFF_HOST"]
    return env


def run(case, wine, programs):
    """Runs the command line; returns what is to be recorded."""
    process = wine.start(programs / f"{case.words[0].decode()}.exe", *case.words[1:], cwd=CLI, env=environment(case))
    try:
        early = recorded.wait_and_interrupt(process, case.interrupt) if case.interrupt else b""
        out, err = process.communicate(case.stdin, timeout=60)
    finally:
        process.kill()
    ended = "SIGKILL" if process.returncode == 128 + signal.SIGKILL else process.returncode
    out, err = ((text.replace(b"\r\n", b"\n") for text in (early + out, err)))
    return recorded.shown("|", out) + recorded.shown("!", err) + [f"= {ended}"]


# How to get more rights differs by system.
SAID_HERE = {
    '! logoff: to get Full Control, run the command as root (sudo), or let a polkit rule grant it; see "Who may log off whom" in logoff(1)':
    "! logoff: to get Full Control, run the command as an administrator",
    "! logoff：若要取得完全控制權限，請以 root（sudo）執行，或由 polkit 規則授予；請參閱 logoff(1) 的「誰可以登出誰」":
    "! logoff：若要取得完全控制權限，請以系統管理員身分執行命令",
}

helps = {}


def find_help(case, wine, programs):
    """The help of the command, as it is elided in what is recorded."""
    command = case.words[:2 if case.words[1:2] and case.words[1] in recorded.SUB_COMMANDS else 1]
    key = tuple(command), case.lang
    if key not in helps:
        helps[key] = run(recorded.Case(case.line, command + [b"/?"], "none", case.lang, None), wine, programs)[:-1]
    return helps[key]


@pytest.mark.parametrize("case", all_cases())
def test_recorded(case, wine, programs):
    if case.not_windows:
        pytest.skip(case.not_windows)
    result = run(case, wine, programs)
    if any("(the help)" in line for line in case.recorded):
        result = recorded.without_help(result, find_help(case, wine, programs))
    assert result == [SAID_HERE.get(line, line) for line in case.recorded]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__] + sys.argv[1:]))
