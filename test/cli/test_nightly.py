# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-nightly on hosts in memory: what the settings mean, what is said, and that nobody is logged off by wrong ones or in the trial."""

import os
import re
import stat
import subprocess

import pytest

HOST = """\
caller uid=0
user name=alice uid=1000
user name=bob uid=1001
user name="\\e[2Jeve" uid=1002
session id=3 user=alice tty=pts/3 idle=100000000
process command=bash
session id=4 user=bob tty=pts/4 idle=100000000
process command="tmux: client"
session id=5 user=bob tty=pts/5 idle=60000
process command=bash
session id=6 user="\\e[2Jeve" tty=pts/6 idle=100000000
process command=bash
session id=7 user=alice console tty=tty1 idle=100000000
process command=bash
session id=c8 user=alice rdp=10 state=disconnected protocol=rdp idle=8000000 age=90000000
process command=xterm
session id=9 user=bob
process command=job
"""
LIVE = "busy = end\ntrial = 0\n"  # what is busy is a matter of real processes


@pytest.fixture
def nightly(binary, tmp_path):
    """Runs the program with settings, on HOST."""
    def run(settings, *words, host=HOST, **env):
        (tmp_path / "host").write_text(host)
        file = tmp_path / "nightly.conf"
        if settings is not None:
            file.write_text(settings)
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LOGOFF_HOST": f"memory:{tmp_path}/host", "LOGOFF_PROGRAM": str(binary),
               "STATE_DIRECTORY": str(tmp_path), **env}
        env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
        return subprocess.run([binary.parent.parent / "nightly/logoff-nightly", *(words or [f"--settings={file}"])], capture_output=True, text=True, timeout=60, env=env)
    return run


def results(done):
    """{session: what became of it}"""
    return dict(re.findall(r"^Session (\S+) of .*: (logged off|would be logged off)\.$", done.out if hasattr(done, "out") else done.stdout, re.M))


def test_idle(nightly):
    done = nightly("idle = 8h\nwarn = 10m\n" + LIVE)
    assert results(done) == {"3": "logged off", "4": "logged off", "6": "logged off"}, done.stdout
    assert "Session 3 of alice (idle = 8h): logged off.\n" in done.stdout
    assert r"\x1b[2Jeve" in done.stdout and "\x1b" not in done.stdout + done.stderr
    # who sits at the console is protected, which is no failure of the rule
    assert done.returncode == 0 and "session 7" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_each_limit(nightly):
    done = nightly("disconnected = 2h\nage = 1d\n" + LIVE)
    assert done.stdout == "Session c8 of alice (disconnected = 2h): logged off.\nSession c8 of alice (age = 1d): logged off.\n"  # a new host for each run
    assert (done.returncode, done.stderr) == (0, "")
    done = nightly("disconnected = 3h\nage = 2d\n" + LIVE)
    assert done.stdout == "No session (disconnected = 3h).\nNo session (age = 2d).\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_spared(nightly):
    done = nightly("idle = 1h\nkeep = tmux, screen\nexclude = alice\n" + LIVE)
    assert results(done) == {"6": "logged off"}, done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_console_if_it_is_meant(nightly):
    done = nightly("idle = 1h\nkeep = tmux\nexclude = *eve\nconsole = end\n" + LIVE)
    assert results(done) == {"3": "logged off", "7": "logged off", "c8": "logged off"}, done.stdout
    assert done.returncode == 0


def test_failures_count(nightly):
    done = nightly("idle = 8h\n" + LIVE, host=HOST.replace("command=bash", "command=bash term=never kill=never"))
    assert done.returncode == 5 and "session 3" in done.stderr and results(done) == {"4": "logged off"}
    done = nightly("idle = 8h\nexclude = nobody-here\n" + LIVE)
    assert done.returncode == 1 and "nobody-here" in done.stderr and results(done) == {}
    done = nightly("idle = 8h\n" + LIVE, host="host list-fails=EIO\n" + HOST)
    assert done.returncode == 6 and done.stderr and results(done) == {}
    done = nightly("idle = 8h\ntrial = 0\n", host="host list-fails=EIO\n" + HOST)
    assert done.returncode == 6 and "so none is logged off" in done.stderr and len(done.stderr.splitlines()) == 2, done.stderr
    done = nightly("idle = 8h\n" + LIVE, LOGOFF_PROGRAM="/nonexistent/logoff")
    assert done.returncode == 6 and "cannot run /nonexistent/logoff" in done.stderr
    done = nightly("idle = 8h\n" + LIVE, LOGOFF_PROGRAM="/bin/echo")
    assert done.returncode == 6 and "something else than results" in done.stderr


def test_trial(nightly, tmp_path):
    """Nobody is logged off on the days of the trial, which a day of the clock makes, and other settings begin anew."""
    settings = "idle = 8h\nbusy = end\nkeep = tmux\ntrial = 2\n"

    for _ in range(2):
        done = nightly(settings)
        assert done.stdout.startswith("Trial, day 1 of 2: nobody is logged off.\n"), done.stdout
        assert results(done) == {"3": "would be logged off", "6": "would be logged off"}
        assert done.returncode == 0
    state = tmp_path / "nightly"
    assert stat.S_IMODE(state.stat().st_mode) == 0o644

    def yesterday():
        text = state.read_text()
        state.write_text(re.sub(r" \d{4}-", " 1999-", text, count=1))

    yesterday()
    done = nightly(settings)
    assert done.stdout.startswith("Trial, day 2 of 2: ") and "logged off" in results(done)["3"]
    yesterday()
    done = nightly("# a comment changes nothing\n" + settings)
    assert "Trial" not in done.stdout and results(done) == {"3": "logged off", "6": "logged off"}
    done = nightly(settings.replace("8h", "7h"))
    assert done.stdout.startswith("Trial, day 1 of 2: ") and results(done)["3"] == "would be logged off"


def test_trial_that_cannot_be_counted(nightly):
    done = nightly("idle = 8h\nbusy = end\n", STATE_DIRECTORY="/proc/none")
    assert done.returncode == 6 and "nobody is logged off" in done.stderr
    assert set(results(done).values()) == {"would be logged off"}


@pytest.mark.parametrize("settings,told", [
    ("idel = 8h\n", "line 1: there is no such setting: idel"),
    ("idle = 8h\nwarn = soon\n", "line 2: wrong value of warn"),
    ("idle = 8h\n\nidle = 9h\n", "line 3: set for the second time: idle"),
    ("idle = 8h\nspare tmux\n", "line 2: no \"name = value\": spare tmux"),
    ("idle = 8h\n\x1b[2J = 1\n", r"line 2: there is no such setting: \x1b[2J"),
    ("keep = tmux\n", "sets no limit"),
    ("idle = 8h\nmessage = Save.\n", "sets a message"),
    ("idle = 8h\n\0", ""),
    (None, "No such file or directory"),
])
def test_wrong_settings_do_nothing(nightly, settings, told, tmp_path):
    done = nightly(settings and settings + ("" if "\0" in settings else LIVE))
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1 and told in done.stderr and "nightly.conf" in done.stderr, done.stderr
    assert not (tmp_path / "nightly").exists()


def test_settings_of_others(nightly, tmp_path):
    file = tmp_path / "own.conf"
    file.write_text("idle = 8h\n" + LIVE)
    file.chmod(0o666)
    done = nightly(None, f"/settings:{file}")
    assert (done.returncode, done.stdout) == (1, "") and "others can change it" in done.stderr
    done = nightly(None, "--settings", tmp_path)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


def test_command_line(nightly):
    for words, status, told in ((["--help"], 0, "LOGOFF-NIGHTLY"), (["/?"], 0, "LOGOFF-NIGHTLY"), (["--version"], 0, "logoff-nightly "),
                                (["--nonsense"], 1, "--nonsense"), (["a"], 1, "a")):
        done = nightly(None, *words)
        assert done.returncode == status and told in done.stdout + done.stderr, (words, done)


def test_chinese(nightly, chinese):
    done = nightly("idle = 8h\nbusy = end\n", **chinese)
    assert "試行" in done.stdout and "Session" not in done.stdout, done.stdout
