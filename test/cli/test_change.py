# SPDX-License-Identifier: GPL-3.0-or-later
"""change logon: what it writes, and how it proves that PAM refuses logons. PAM itself is asked, with stacks of the test's own."""

import ctypes
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

TEXT = "Kernel update"
REFUSES = "account [success=ignore default=1] pam_exec.so quiet quiet_log stdout /bin/echo {}\naccount requisite pam_deny.so\naccount required pam_permit.so\n"
PROVED = REFUSES.format(TEXT)
LETS_IN = "account required pam_permit.so\n"
FILES_ISOLATED = ["unshare", "--map-root-user", "--mount"]


@pytest.fixture
def root(tmp_path):
    for folder in ("run", "var/lib", "etc/pam.d", "usr/lib/pam.d"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def change(root, binary):
    try:
        ctypes.CDLL("libpam.so.0")
    except OSError:
        pytest.skip("no PAM on this machine")

    def run(*words, before=(), **options):
        return subprocess.run([*before, binary.parent / "change", "logon", *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"], "LOGOFF_DRAIN_ROOT": str(root)}, **options)
    return run


def services(root, folder="etc/pam.d", **stacks):
    for name, stack in stacks.items():
        (root / folder / name.replace("_", "-")).write_text(stack)


def state(root, where="var/lib"):
    return (root / where / "logoff/drain").read_text()


def test_proved(root, change):
    services(root, sshd=PROVED, gdm_password=PROVED)
    begun = int(time.time())
    result = change("/drain", *TEXT.split())
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "New sessions are refused. Users may reconnect to those that they have.\nThis remains after a restart.\n"
    found = re.fullmatch(rf"logoff drain 1\nmode=drain\nsince=(\d+)\nby=.+\ntext={TEXT}\n", state(root))
    assert begun <= int(found[1]) <= time.time()
    query = change("/query")
    assert (query.returncode, query.stderr) == (0, "")


@pytest.mark.parametrize("way, where, mode", [("/drain", "var/lib", "drain"), ("--drain-until-restart", "run", "drain"), ("/disable", "run", "disable")])
def test_where_the_state_is(root, change, way, where, mode):
    change("--drain" if where == "run" else "/disable")
    change(way, TEXT)
    assert f"\nmode={mode}\n" in state(root, where)
    assert not (root / {"run": "var/lib", "var/lib": "run"}[where] / "logoff/drain").exists()
    assert [name for name in os.listdir(root / where / "logoff") if name != "lock"] == ["drain"]
    result = change("/enable")
    assert (result.returncode, result.stdout, result.stderr) == (0, "New logons are accepted.\n", "")
    assert [name for name in os.listdir(root / where / "logoff") if name != "lock"] == []


def test_the_sentence_that_stands_for_a_text(root, change):
    services(root, sshd=REFUSES.format("This machine accepts no new logons at present."))
    assert change("/drain").returncode == 0
    assert "text=This machine accepts no new logons at present.\n" in state(root)
    assert change("/drain", "").returncode == 0
    assert state(root).endswith("\ntext=\n")
    services(root, sshd=REFUSES.format("Maintenance"))
    assert change("/query").returncode == 6


def test_hostile_text(root, change):
    services(root, sshd=REFUSES.format("a"))
    assert change("/drain", "a\nb\x1b[2J").returncode == 0
    assert state(root).endswith("text=a\nb\\x1b[2J\n")
    assert "\n  a\n  b\\x1b[2J\n" in change("/query").stdout


def test_services_that_let_users_in(root, change):
    """Only those that begin sessions count, and of two files the one that PAM reads."""
    services(root, sshd=PROVED, lightdm=LETS_IN, xrdp_sesman=PROVED, cron=LETS_IN, sudo=LETS_IN, gdm_launch_environment=LETS_IN)
    services(root, "usr/lib/pam.d", sshd=LETS_IN, login=LETS_IN, systemd_user=LETS_IN)
    for words in (["/drain", TEXT], ["/query"]):
        result = change(*words)
        assert result.returncode == 6
        assert result.stderr.splitlines() == [f"change: logons through {one} are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))" for one in ("lightdm", "login")]
    assert TEXT in state(root)


@pytest.mark.parametrize("stack", [
    "account requisite pam_deny.so\n", REFUSES.format("Maintenance"), "account required pam_no_such_module.so\n",
    "account required pam_exec.so quiet quiet_log stdout /bin/sleep 8\n", REFUSES.format(TEXT + " at six"), REFUSES.format(TEXT[:-1]),
    "account requisite pam_deny.so\n" + PROVED,
], ids=["denied", "another-text", "broken", "hanging", "longer-text", "shorter-text", "denied-before"])
def test_what_proves_nothing(root, change, stack):
    services(root, sshd=stack, login=PROVED)
    begun = time.monotonic()
    result = change("/drain", TEXT)
    assert result.returncode == 6
    assert result.stderr == "change: whether logons through sshd are refused is unknown\n"
    assert time.monotonic() - begun < 8


def test_a_text_without_words(root, change):
    services(root, sshd=REFUSES.format("This machine accepts no new logons at present."))
    assert change("/drain", " \n\n").returncode == 0


def test_a_text_whose_first_line_is_empty(root, change):
    services(root, sshd=REFUSES.format("Maintenance"), login=REFUSES.format("{}"), gdm_password=PROVED)
    result = change("/drain", f"\n{TEXT}")
    assert result.returncode == 6
    assert result.stderr.splitlines() == [f"change: whether logons through {one} are refused is unknown" for one in ("login", "sshd")]


def test_a_check_that_shows_the_text_and_fails(root, change):
    """Its status says that the user is let in."""
    (root / "check").write_text(f"#!/bin/sh\necho {TEXT}\nexit 1\n")
    (root / "check").chmod(0o755)
    services(root, sshd=PROVED.replace(f"/bin/echo {TEXT}", str(root / "check")))
    result = change("/drain", TEXT)
    assert (result.returncode, result.stderr) == (6, "change: logons through sshd are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))\n")


def test_a_caller_that_ignores_its_children(root, change):
    """The kernel would keep no status of a child then."""
    ignore = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    services(root, sshd=PROVED)
    assert change("/drain", TEXT, preexec_fn=ignore).returncode == 0
    services(root, sshd=LETS_IN)
    assert "sshd are not refused" in change("/query", preexec_fn=ignore).stderr


def test_no_service(root, change):
    services(root, cron=PROVED)
    result = change("/drain", TEXT)
    assert (result.returncode, result.stderr) == (6, "change: whether logons are refused is unknown: PAM has no service for sessions\n")


def test_groups_that_cannot_be_read(root, change):
    services(root, sshd=PROVED)
    (root / "etc/logoff").mkdir()
    (root / "etc/logoff/drain.conf").write_text("sudo\n")
    result = change("/drain", TEXT)
    assert (result.returncode, result.stderr) == (6, "change: whether logons are refused is unknown: /etc/logoff/drain.conf is not valid\n")


def test_a_state_that_cannot_be_written(root, change):
    (root / "var/lib/logoff").touch()
    result = change("/drain", TEXT)
    assert (result.returncode, result.stdout) == (6, "")
    assert result.stderr == "change: /var/lib/logoff/drain cannot be changed: Not a directory\n"


# ---- writers at once, and places that cannot be written ----


def test_two_changes_at_once(root, change):
    """One of them is the last, and what it has written is there in full, alone."""
    for _ in range(100):
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda words: change(*words), (("/drain", "one"), ("/disable", "two"))))
        assert [one.stderr for one in done] == ["change: whether logons are refused is unknown: PAM has no service for sessions\n"] * 2
        places = {where: root / where / "logoff/drain" for where in ("run", "var/lib")}
        found = {where: path.read_text() for where, path in places.items() if path.exists()}
        ((where, text),) = found.items()
        mode, shown = {"run": ("disable", "two"), "var/lib": ("drain", "one")}[where]
        assert re.fullmatch(rf"logoff drain 1\nmode={mode}\nsince=\d+\nby=.+\ntext={shown}\n", text)


READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


@pytest.fixture
def read_only(root, change):
    """The command, for which the folder WHERE can only be read."""
    def run(where, *words):
        return change(*words, before=[*FILES_ISOLATED, "sh", "-c", READ_ONLY, "sh", root / where])

    if subprocess.run([*FILES_ISOLATED, "sh", "-c", READ_ONLY, "sh", root / "run", "true"], capture_output=True, timeout=10).returncode:
        pytest.skip("this machine does not let us mount")
    services(root, sshd=PROVED)
    return run


def files(root):
    return {str(path.relative_to(root)): path.read_text() for path in root.glob("**/logoff/*")}


@pytest.mark.parametrize("way", ["/drainuntilrestart", "/disable", "/enable"])
def test_a_read_only_place_that_has_no_state(root, read_only, way):
    """Linux says of a file that there is not that it cannot be removed there."""
    (root / "var/lib/logoff").mkdir()
    result = read_only("var/lib", way, *([TEXT] if way != "/enable" else []))
    assert (result.returncode, result.stderr) == (0, "")
    assert ("run/logoff/drain" in files(root)) == (way != "/enable")


@pytest.mark.parametrize("former, where, way", [
    ("/drain", "var/lib", "/drainuntilrestart"), ("/drain", "var/lib", "/disable"), ("/drain", "var/lib", "/enable"), ("/drain", "var/lib", "/drain"),
    ("/disable", "var/lib", "/drain"), ("/disable", "run", "/drain"), ("/disable", "run", "/drainuntilrestart"), ("/disable", "run", "/enable"),
    ("/enable", "run", "/drainuntilrestart"), ("/enable", "var/lib", "/drain"),
])
def test_a_read_only_place(root, change, read_only, former, where, way):
    """The state stays as it was, wholly."""
    change(former, *([] if former == "/enable" else ["former"]))
    (root / "run/logoff").mkdir(exist_ok=True)
    (root / "run/logoff/lock").touch()
    before = files(root)
    result = read_only(where, way, *([] if way == "/enable" else [TEXT]))
    assert (result.returncode, result.stdout) == (6, "")
    assert result.stderr == f"change: /{where}/logoff/drain cannot be changed: Read-only file system\n"
    assert files(root) == before


def test_enabling_both_places_of_which_one_is_read_only(root, change, read_only):
    change("/drain", "one")
    (root / "run/logoff").mkdir(exist_ok=True)
    (root / "run/logoff/drain").write_text(state(root).replace("one", "two"))
    before = files(root)
    result = read_only("var/lib", "/enable")
    assert (result.returncode, result.stderr) == (6, "change: /var/lib/logoff/drain cannot be changed: Read-only file system\n")
    assert files(root) == before


def test_the_proof_while_run_is_read_only(root, change, read_only):
    change("/drain", TEXT)
    services(root, login=LETS_IN)
    result = read_only("run", "/query")
    assert (result.returncode, result.stderr) == (6, "change: logons through login are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))\n")
