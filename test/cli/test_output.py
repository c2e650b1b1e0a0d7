# SPDX-License-Identifier: GPL-3.0-or-later
"""Standard output: how wide it is, and failures to write: a full disk, a closed descriptor, a pipe that nobody reads.

Every command reports it in one line, with one exit status. Nothing done to sessions is undone or left out because of
it.
"""

import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import unicodedata

import pytest

HERE = pathlib.Path(__file__).parent
LOST = 9
COMMANDS = {
    "help": ["logoff /?", "msg /?", "query /?", "query session /?", "qprocess /?"],
    "version": ["logoff /version", "msg /version", "query /version", "quser /version"],
    "table": ["query session", "query user /nolegend", "quser /columns:id", "query process '*'"],
    "json": ["query session /json", "query user /json", "query process '*' /json", "logoff 5 /json", "logoff 5 9 -n /json"],
    "lines": ["query session /json:lines", "query process '*' /json:lines", "logoff 5 9 /json:lines", "logoff 5 9 -n /json:lines",
              "msg alice /json:lines hello"],
    "steps": ["logoff 5 /v", "logoff 5 9", "logoff 5 9 -n", "msg alice /v hello"],
}
ALL = [pytest.param(line, id=line) for lines in COMMANDS.values() for line in lines]


def run(binary, tmp_path, line, before="", **options):
    """Runs the command line in a shell, which sets its descriptors."""
    for name in ("qwinsta", "quser", "qprocess"):
        if not (tmp_path / name).exists():
            (tmp_path / name).symlink_to(binary.parent / "query")
    env = {"PATH": f"{tmp_path}:{binary.parent}:{os.environ['PATH']}", "LC_ALL": "C", "LOGOFF_HOST": "memory:hosts/company"}
    env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
    return subprocess.run(["bash", "-c", f"{before}{line}"], cwd=HERE, env=env, stderr=subprocess.PIPE, text=True, timeout=60, **options)


def says(done, line, cause):
    """One line on standard error names the cause, and nothing else is there."""
    name = shlex.split(line)[0]
    assert (done.stderr, done.returncode) == (f"{name}: the output could not be written: {cause}\n", LOST)


@pytest.mark.parametrize("line", ALL)
def test_full(binary, tmp_path, line):
    says(run(binary, tmp_path, f"{line} >/dev/full"), line, "No space left on device")


def test_a_file_size_limit(binary, tmp_path):
    """No signal ends a log-off half-way."""
    says(run(binary, tmp_path, f"logoff 5 /v >{tmp_path}/told", before="ulimit -f 0; "), "logoff", "File too large")


@pytest.mark.parametrize("line", ALL)
def test_closed(binary, tmp_path, line):
    says(run(binary, tmp_path, f"{line} >&-"), line, "Bad file descriptor")


@pytest.mark.parametrize("line", ALL)
def test_nobody_reads_and_no_signal(binary, tmp_path, line):
    """With SIGPIPE ignored, as some programs leave it for those they start."""
    reader, writer = os.pipe()
    os.close(reader)
    says(run(binary, tmp_path, line, before="trap '' PIPE; ", stdout=writer), line, "Broken pipe")
    os.close(writer)


@pytest.mark.parametrize("line", ["logoff /?", "query session", "query user /json", "logoff 5 9 -n", "quser /json:lines", "logoff 5 9 -n /json:lines"])
def test_nobody_reads(binary, tmp_path, line):
    """A command that only shows something ends by the signal, as usual."""
    reader, writer = os.pipe()
    os.close(reader)
    done = run(binary, tmp_path, f"exec {line}", stdout=writer)
    os.close(writer)
    assert (done.stderr, done.returncode) == ("", -signal.SIGPIPE)


@pytest.mark.parametrize("line", ["logoff 5 /v", "msg alice /v hello", "logoff 5 9 /json:lines /v", "msg alice /json:lines hello"])
def test_nobody_reads_but_it_goes_on(binary, tmp_path, line):
    """A reader that closes the pipe does not end a log-off."""
    reader, writer = os.pipe()
    os.close(reader)
    says(run(binary, tmp_path, f"exec {line}", stdout=writer), line, "Broken pipe")
    os.close(writer)


@pytest.mark.parametrize("line", ["logoff 98 99 5 /json:lines", "msg @lists/strangers /json:lines hello"])
def test_failures_that_nobody_reads_end_nothing(binary, tmp_path, line):
    """The users are warned before the first session is asked to end."""
    reader, writer = os.pipe()
    os.close(reader)
    done = run(binary, tmp_path, f"exec {line}", stdout=writer)
    os.close(writer)
    assert done.returncode == 2 and done.stderr.endswith("the output could not be written: Broken pipe\n")


def test_silence_loses_nothing(binary, tmp_path):
    for where in (">/dev/full", ">&-"):
        done = run(binary, tmp_path, f"logoff 5 {where}")
        assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("line, status", [("logoff 5 99 /v", 2), ("query user alice 99", 2), ("logoff 2 /json", 4)])
def test_what_became_of_sessions_counts_more(binary, tmp_path, line, status):
    done = run(binary, tmp_path, f"{line} >/dev/full")
    assert done.returncode == status
    assert re.search(r"^\w+: the output could not be written: No space left on device$", done.stderr, re.M)


def test_nothing_takes_the_number_of_a_closed_descriptor(binary, tmp_path):
    """Otherwise output would go to a file, or to logind."""
    script = "import os, sys; print([os.readlink(f'/proc/{sys.argv[1]}/fd/{n}') for n in (0, 1, 2)])"
    line = f"logoff 5 <&- >&- & sleep 0.5; python3 -c \"{script}\" $!; kill -INT $!; wait"
    env_host = tmp_path / "host"
    env_host.write_text("host realtime\ncaller uid=0\nuser name=alice uid=1000\nsession id=5 user=alice\nprocess command=sh term=never\n")
    env = {"PATH": f"{binary.parent}:{os.environ['PATH']}", "LC_ALL": "C", "LOGOFF_HOST": f"memory:{env_host}"}
    done = subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("['/', '/', 'pipe:"), done.stdout + done.stderr


def test_a_watch_ends_when_nobody_reads_its_socket(binary):
    """A socket, or a descriptor that is none, gives no POLLERR."""
    env = {**os.environ, "LOGOFF_HOST": "memory:hosts/watch-quiet"}
    ours, theirs = socket.socketpair()
    process = subprocess.Popen([binary.parent / "query", "session", "/watch"], cwd=HERE, env=env, stdout=theirs, stderr=subprocess.PIPE)
    theirs.close()
    seen = b""
    while b"there" not in seen:
        seen += ours.recv(4096)

    ours.close()

    assert process.communicate(timeout=20)[1] and process.returncode == LOST


@pytest.mark.parametrize("lang", ["C", "zh_TW"])
@pytest.mark.parametrize("line", ["query session", "query user", "query process", *COMMANDS["help"]])
def test_80_columns(binary, tmp_path, request, line, lang):
    """With usual names: ids of five digits, users of twenty characters."""
    env = {"LC_ALL": "C.UTF-8", **(request.getfixturevalue("chinese") if lang == "zh_TW" else {})}
    words = [str(binary.parent / "query"), "process", "/?"] if line == "qprocess /?" else [str(binary.parent / line.split()[0]), *line.split()[1:]]
    out = subprocess.run(words, cwd=HERE, env={"LOGOFF_HOST": "memory:hosts/compute", "TZ": "UTC", **env}, capture_output=True, text=True, timeout=60).stdout
    assert out.count("\n") > 5 or line == "query process"
    for one in out.splitlines():
        assert sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in one) <= 80, one
        assert not one.endswith(" "), repr(one)


@pytest.mark.parametrize("line", ["query session", "query process *", "logoff --help", "logoff 5 99 nobody /dryrun", "logoff --idle", "query no-such"])
def test_big5(binary, chinese, line):
    """In another charset the output and its columns are the same; a character that the charset does not have is a
    question mark for each column.
    """
    words = line.split()
    said = [subprocess.run([binary.parent / words[0], *words[1:]], cwd=HERE, capture_output=True, timeout=60,
                           env={"LOGOFF_HOST": "memory:hosts/office", "TZ": "UTC", **chinese, "LC_ALL": f"zh_TW.{charset}"})
            for charset in ("UTF-8", "BIG5")]
    for stream in ("stdout", "stderr"):
        want, have = getattr(said[0], stream).decode(), getattr(said[1], stream).decode("big5")
        assert have == "".join(one if one.encode("big5", "ignore") else "??" for one in want)
    assert said[0].stdout or said[0].stderr
    assert said[0].returncode == said[1].returncode


def test_big5_times(binary, chinese):
    env = {"LOGOFF_HOST": "memory:hosts/company", "TZ": "UTC", **chinese, "LC_ALL": "zh_TW.BIG5"}
    out = subprocess.run([binary.parent / "query", "user"], cwd=HERE, env=env, capture_output=True, timeout=60).stdout.decode("big5")
    assert "登入時間" in out and re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d$", out, re.M) and "\\x" not in out


def test_rows_can_be_split_at_blanks(binary):
    """As public PowerShell modules do: a wide gap is a session without a name, two blanks part columns."""
    env = {"LC_ALL": "C.UTF-8", "LOGOFF_HOST": "memory:hosts/company", "TZ": "UTC"}
    out = subprocess.run([binary.parent / "query", "user"], cwd=HERE, env=env, capture_output=True, text=True, timeout=60).stdout
    rows = [re.sub(r"\s{2,}", ",", re.sub(r"\s{20,39}", ",,", line[1:])).split(",") for line in out.splitlines()]
    assert rows[0] == ["USERNAME", "SESSIONNAME", "ID", "STATE", "IDLE TIME", "LOGON TIME"]
    assert {len(row) for row in rows} == {6}
    assert ["bob", "", "c8", "Disc", "1+02:03", "2025-03-12 17:40"] in rows
    assert ["carol", "console", "2", "Active", "none", "2025-03-14 07:55"] in rows
