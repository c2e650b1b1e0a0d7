# SPDX-License-Identifier: GPL-3.0-or-later
r"""Recorded output: what the command prints, on which channel, and its exit status, over memory hosts.

A file of cases/ holds command lines and what came of them:

    # why this case is here
    host: stubborn          the memory host hosts/stubborn, from here on ("host: none" for none)
    root: drained           the files of this machine that "change logon" reads are those of roots/drained ("root: none": there are none)
    tsts: windows           from here on other servers are played by windows.c ("tsts: none": nothing reaches them)
    lang: zh_TW             the language, from here on ("lang: C")
    interrupt: asking       Ctrl-C as soon as this text is on stdout; for the next command only
    stdin: some\x0atext     what the next command is given on standard input; else there is none
    windows: skip: REASON   why the next command says something else on Windows (test/windows); here it makes no difference
    $ logoff 5 /v           the words of the line as a shell would split them; \xHH in them is a byte
    | a line of stdout
    ! a line of stderr
    = 0                     the exit status, or the name of the signal

What changes is replaced: the name of this machine in JSON, <host>, and times that are real, <seconds>. The help is recorded as "(the help)" where it is that of /?, word by word. Run with --update to record anew.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent
MANUAL = TREE / "doc/memory-host.md"
OTHER_NAMES = {b"qwinsta": "query", b"quser": "query", b"qprocess": "query", b"chglogon": "change"}
SUB_COMMANDS = (b"session", b"user", b"process", b"logon")
FILES = sorted((HERE / "cases").glob("*.txt"))
VALGRIND = [
    "valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
    "--show-leak-kinds=definite,indirect,possible", "--child-silent-after-fork=yes",
]


class Case:
    """One command line of a file, with the settings in force."""

    def __init__(self, line, words, host, lang, interrupt, stdin=b"", tsts="none", not_windows=None, root="none"):
        self.line = line            # its index in the file
        self.words = words
        self.host = host
        self.lang = lang
        self.interrupt = interrupt
        self.stdin = stdin
        self.tsts = tsts
        self.not_windows = not_windows
        self.root = root
        self.recorded = []


def unescape(text):
    """The text as bytes."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda byte: bytes([int(byte[1], 16)]), text.encode())


def split(line):
    """The words of a command line as bytes."""
    return [unescape(word) for word in shlex.split(line)]


def parse(lines):
    """Reads the lines of a file into cases."""
    cases, host, lang, interrupt, stdin, tsts, not_windows, root = [], "none", "C", None, b"", "none", None, "none"
    for number, line in enumerate(lines):
        if line.startswith("$ "):
            cases.append(Case(number, split(line[2:]), host, lang, interrupt, stdin, tsts, not_windows, root))
            interrupt, stdin, not_windows = None, b"", None
        elif line.startswith(("| ", "! ", "= ")) or line in ("|", "!"):
            cases[-1].recorded.append(line)
        elif line.startswith("host: "):
            host = line.removeprefix("host: ")
        elif line.startswith("root: "):
            root = line.removeprefix("root: ")
        elif line.startswith("tsts: "):
            tsts = line.removeprefix("tsts: ")
        elif line.startswith("lang: "):
            lang = line.removeprefix("lang: ")
        elif line.startswith("interrupt: "):
            interrupt = line.removeprefix("interrupt: ")
        elif line.startswith("windows: skip: "):
            not_windows = line.removeprefix("windows: skip: ")
        elif line.startswith("stdin: "):
            stdin = unescape(line.removeprefix("stdin: "))
        else:
            assert line == "" or line.startswith("#"), f"line {number + 1} is neither: {line}"
    return cases


def own_root(name, tmp_path):
    """A copy of a root that belongs to the user who runs the test, as only such files count."""
    copy = tmp_path / f"root-{name}"
    if name != "none" and not copy.exists():
        shutil.copytree(HERE / "roots" / name, copy)
    return copy


def environment(case, request):
    env = {"PATH": os.environ["PATH"], "LC_ALL": case.lang, "TZ": "UTC", "LOGOFF_HOST": f"memory:hosts/{case.host}"}
    env["LOGOFF_TSTS"] = request.getfixturevalue("windows") if case.tsts == "windows" else "/nonexistent/logoff-tsts"
    env["LOGOFF_DRAIN_ROOT"] = str(own_root(case.root, request.getfixturevalue("tmp_path")))  # never this machine itself
    env["LOGOFF_CHANGE_PROGRAM"] = str(request.getfixturevalue("binary").parent / "change")
    if case.host == "none":
        del env["LOGOFF_HOST"]
    if case.lang == "zh_TW":
        env.update(request.getfixturevalue("chinese"))
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM"):
        if name in os.environ:
            env[name] = ":".join(filter(None, (env.get(name), os.environ[name])))
    return env


def shown(channel, data, real_time=False):
    """The lines of one channel as they are recorded. What is not UTF-8 must not have been printed at all."""
    text = data.decode("utf-8")
    text = re.sub(rf'"host":( ?)"{re.escape(socket.gethostname())}"', r'"host":\1"<host>"', text)
    if real_time:
        text = re.sub(r"\b\d+\.\d{3} s\b", "<seconds> s", text)
        text = re.sub(r'"elapsed_s":[\d.e-]+', '"elapsed_s":<seconds>', text)
    assert text == "" or text.endswith("\n"), f"the last line has no end: {text!r}"
    text = re.sub(r'"age_seconds":( ?)\d+', r'"age_seconds":\1<seconds>', text)  # since a date long ago
    assert channel == "!" or not re.search(r" $", text, re.M), f"a line ends with blanks: {text!r}"
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text), f"control characters reached the terminal: {text!r}"
    return [f"{channel} {line}".rstrip() for line in text.split("\n")[:-1]]


def wait_and_interrupt(process, text):
    """Reads stdout until TEXT has come, sends Ctrl-C, and returns what was read."""
    early = b""
    while text.encode() not in early:
        more = os.read(process.stdout.fileno(), 4096)
        assert more, f"{text!r} was never printed"
        early += more
    process.send_signal(signal.SIGINT)
    return early


def program(name, binary, tmp_path):
    """The path of a command. Another name of a command exists only where it is installed."""
    path = tmp_path / name.decode()
    if name not in OTHER_NAMES:
        return binary.parent / name.decode()
    if not path.exists():
        path.symlink_to(binary.parent / OTHER_NAMES[name])
    return path


def run(case, binary, request, tmp_path):
    """Runs the command line; returns what is to be recorded."""
    command = [str(program(case.words[0], binary, tmp_path))] + case.words[1:]
    log = tmp_path / f"valgrind-{case.line}"
    if request.config.getoption("--valgrind"):
        command = VALGRIND + [f"--log-file={log}"] + command
    process = subprocess.Popen(
        command, cwd=HERE, env=environment(case, request), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True)  # without a terminal to ask on
    try:
        early = wait_and_interrupt(process, case.interrupt) if case.interrupt else b""
        out, err = process.communicate(case.stdin, timeout=60)
    finally:
        process.kill()
    status = process.returncode
    assert status != 99, log.read_text()
    ended = str(status) if status >= 0 else signal.Signals(-status).name
    real_time = case.tsts == "windows"  # memory hosts have a clock of their own
    return shown("|", early + out, real_time) + shown("!", err, real_time) + [f"= {ended}"]


def without_help(result, help_lines):
    """Elides the help, on either channel."""
    for channel in "|!":
        wanted = [channel + line[1:] for line in help_lines]
        for start in range(len(result)):
            if result[start:start + len(wanted)] == wanted:
                return result[:start] + [f"{channel} (the help)"] + result[start + len(wanted):]
    return result


def run_all(cases, binary, request, tmp_path):
    """Runs the cases of a file: what is to be recorded, by line. The help itself is recorded where "/?" asks for it."""
    helps, results = {}, {}
    for case in cases:
        results[case.line] = run(case, binary, request, tmp_path)
        command = case.words[:2 if case.words[1:2] and case.words[1] in SUB_COMMANDS else 1]
        if case.words == command + [b"/?"] or len(results[case.line]) < 10:
            continue
        key = tuple(command), case.lang
        if key not in helps:
            asked = Case(case.line, command + [b"/?"], "none", case.lang, None)
            helps[key] = run(asked, binary, request, tmp_path)[:-1]
        results[case.line] = without_help(results[case.line], helps[key])
    return results


def rewrite(path, lines, results):
    """Replaces the recorded output by the new output."""
    new = []
    for number, line in enumerate(lines):
        if line[:1] in ("|", "!", "="):
            continue
        new.append(line)
        new.extend(results.get(number, []))
    path.write_text("\n".join(new))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recorded(path, binary, request, tmp_path):
    lines = path.read_text(encoding="utf-8").split("\n")
    cases = parse(lines)[::request.config.getoption("--valgrind") or 1]
    results = run_all(cases, binary, request, tmp_path)
    if request.config.getoption("--update"):
        rewrite(path, lines, results)
        return
    for case in cases:
        # under valgrind a program that starts another does not see that the file is missing
        if request.config.getoption("--valgrind") and any("/nonexistent/logoff-tsts" in line for line in case.recorded):
            continue
        assert results[case.line] == case.recorded, f"{path.name}, line {case.line + 1}: {lines[case.line]}"


def test_every_host_is_used():
    """A host that no case uses proves nothing."""
    used = {case.host for path in FILES for case in parse(path.read_text(encoding="utf-8").split("\n"))}
    assert {path.name for path in (HERE / "hosts").iterdir()} == used - {"none"} - {"missing"}


def test_every_exit_status_is_recorded():
    """0 to 8, each at least once."""
    got = {line for path in FILES for line in path.read_text(encoding="utf-8").split("\n") if line.startswith("= ")}
    assert {f"= {status}" for status in range(9)} <= got


# These need a person who answers (test_question.py), a name service that fails, and a host that refuses the question.
NOT_RECORDED = {"declined", "exclusion-unknown"}
# These need several hosts, or one that is far: test_farm_usage.py, test_farm.py, test_farm_msg.py.
NOT_RECORDED |= {"busy", "same-host", "not-asked", "cancelled", "recipient-unknown", "host-key-unknown", "host-key-changed", "not-installed", "broken", "changed", "own-session",
                 "read-only", "unknown-order", "wrong-order"}
# This one needs a folder that can be written to in part: test_host_logon.py.
NOT_RECORDED |= {"drain-not-written"}
# This one needs PAM of a machine that is drained: test/lab/test_drain.py.
NOT_RECORDED |= {"caller-refused"}
# These need a host that changes while sessions end: test_farm_drain.py.
NOT_RECORDED |= {"still-coming", "drain-undone"}


def test_every_kind_of_failure_is_recorded():
    """The kinds of failures in the recorded output are those of doc/schema/lines.json."""
    got = set(re.findall(r'^\| {"type":"failure",.*?"kind":"([a-z-]+)"', (HERE / "cases/lines.txt").read_text(), re.M))
    kinds = json.loads((TREE / "doc/schema/lines.json").read_text())["oneOf"][-1]["properties"]["kind"]["enum"]
    assert got == set(kinds) - NOT_RECORDED


def test_the_example_of_the_manual(binary, tmp_path):
    """The example of doc/memory-host.md prints what the page shows."""
    blocks = re.findall(r"((?:^    .*\n|^\n)+)", MANUAL.read_text().partition("## A complete example")[2], re.M)
    description, output = (re.sub("^    ", "", block, flags=re.M).strip() + "\n" for block in blocks if block.strip())
    (tmp_path / "host").write_text(description)
    env = {"LC_ALL": "C", "LOGOFF_HOST": f"memory:{tmp_path}/host"}
    done = subprocess.run([binary, "5", "/v"], env=env, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == (output, "", 0)


def test_the_manual_tells_every_key():
    """Every key of the parser's tables stands in doc/memory-host.md."""
    keys = re.findall(r'^\t\{ "([a-z-]+)", VALUE_', (TREE / "src/backend/memory-file.c").read_text(), re.M)
    assert len(keys) > 40
    assert [key for key in keys if not re.search(rf"`{key}[`=]", MANUAL.read_text())] == []


if __name__ == "__main__":
    sys.exit(pytest.main([__file__] + sys.argv[1:]))
