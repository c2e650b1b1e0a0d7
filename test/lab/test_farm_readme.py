# SPDX-License-Identifier: GPL-3.0-or-later
"""The chapter "Many hosts" of README.md, as it is written: how hosts are set up, and every command.

The names of the farm are those of the chapter; only login01 to login03 exist, and login03 is switched off.
"""

import json
import re
import shlex
from pathlib import Path

import pytest

import roots
import sessions
from cases import OK, UNREACHABLE
from test_drain import PROFILE, PROGRAM

LOGON = 8
README = Path(__file__).parents[2] / "README.md"

ASKPASS = """#!/bin/sh
case $1 in *yes/no*) echo yes ;; *) echo pw-ops ;; esac
"""


def chapter():
    """The code blocks of the chapter, and the words in its text."""
    text = re.search(r"^## Many hosts\n(.*?)(?=^## )", README.read_text(), re.S | re.M).group(1)
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.S | re.M)
    words = re.findall(r"`([^`\n]+)`", re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.S | re.M))
    assert len(blocks) == 4
    return blocks, words


(HOSTS, SUDOERS, DRAIN, COMMANDS), WORDS = chapter()
COMMANDS = COMMANDS.splitlines()


class Farm:
    def __init__(self, lab):
        self.admin = lab("systemd", "readme-admin")
        self.far = [lab("systemd", "readme-1"), lab("systemd", "readme-2", None, max(roots.RELEASES))]
        for number, one in enumerate(self.far, 1):
            self.admin.connect(one, f"10.78.{number}.1", f"10.78.{number}.2", f"farm{number}")
            self.prepare(one)
        with self.admin.path("/etc/hosts").open("a") as names:
            names.write("10.78.1.2 login01\n10.78.2.2 login02\n10.78.1.99 login03\n")
        self.admin.check("rm -f /root/.ssh/config /root/.ssh/known_hosts; mkdir -p /root/.config/logoff; "
                         "cp /etc/ssh/lab_key.pub /root/.ssh/id_ed25519.pub")
        self.admin.path("/root/askpass").write_text(ASKPASS)
        self.admin.path("/root/askpass").chmod(0o755)
        self.write_hosts("login[01-02]")
        self.has_keys = False

    def prepare(self, far):
        far.check("useradd --create-home --shell /bin/bash ops; echo ops:pw-ops | chpasswd")
        far.path("/etc/sudoers.d/logoff").write_text(SUDOERS)
        far.path("/etc/sudoers.d/logoff").chmod(0o440)

    def write_hosts(self, names):
        self.admin.path("/root/.config/logoff/hosts").write_text(HOSTS.replace("login[01-40]", names))

    def copy_key(self, name):
        """By the command of the chapter; the person at its terminal says yes and types the password."""
        command = next(one for one in WORDS if one.startswith("ssh-copy-id ")).replace("login01", name)
        self.admin.check("setsid --wait " + command, env={"SSH_ASKPASS": "/root/askpass", "SSH_ASKPASS_REQUIRE": "force", "HOME": "/root"})

    def copy_keys(self):
        for name in () if self.has_keys else ("login01", "login02"):
            self.copy_key(name)
        self.has_keys = True

    def run(self, line, timeout=30):
        return self.admin.run(line, env={"HOME": "/root"}, timeout=timeout)


@pytest.fixture(scope="module")
def new_farm(lab):
    return Farm(lab)


@pytest.fixture
def farm(new_farm):
    new_farm.copy_keys()
    return new_farm


@pytest.fixture(autouse=True)
def cleared(new_farm):
    yield
    for one in new_farm.far:
        sessions.clean(one)


def command(beginning):
    return next(line for line in COMMANDS if line.startswith(beginning))


def open_sessions(farm, user):
    return [sessions.ssh(one, user) for one in farm.far]


def test_set_up(new_farm):
    """Before a person has accepted the host's key nothing works; afterwards the key and the line for sudo are enough."""
    farm = new_farm
    result = farm.run("query user /server:login01")
    assert result.status == LOGON and "its host key is not known" in result.err, result
    farm.copy_keys()
    result = farm.run("query user /server:@linux")
    assert (result.status, result.err) == (OK, ""), result
    # The line for sudo allows no option, and no other program.
    for words in ("logoff-host --read-only", "logoff-host --authentication-file=/etc/shadow --server=x", "id"):
        assert farm.run(f"ssh ops@login01 sudo -n {words}").status != OK, words


def test_where_is_she(farm):
    open_sessions(farm, "alice")
    result = farm.run(command("query user"))
    assert (result.status, result.err) == (OK, ""), result
    assert [line.split()[:2] for line in result.out.splitlines()[1:]] == [["login01", "alice"], ["login02", "alice"]]


def runs(host):
    """The runs in the records of a host."""
    lines = host.check("journalctl --identifier=logoff --output=json").splitlines()
    return {record["LOGOFF_RUN"] for record in map(json.loads, lines) if "LOGOFF_RUN" in record}


def test_log_her_off_everywhere(farm):
    """As typed, with a person who answers the one question. Both machines have a record of the same run."""
    opened, others = open_sessions(farm, "alice"), open_sessions(farm, "bob")
    line = command("logoff /user:alice")
    typed = f"timeout 85 script --quiet --return --command {shlex.quote(line)} /dev/null < <(exec 2>&-; sleep 5; echo y; sleep 90)"
    result = farm.run(typed, timeout=110)
    shown = result.text.replace("\r", "")
    assert "Log off these 2 sessions on 2 hosts? (y/n)" in shown, shown
    assert [len(re.findall(rf"Session {name}:.*: logged off", shown)) for name in ("login01", "login02")] == [1, 1], shown
    for one, other, host in zip(opened, others, farm.far):
        assert not one.exists() and other.exists()
        one.shell.expect("The disk is being replaced.")
        assert runs(host) & runs(farm.admin)


def test_two_sessions(farm):
    bobs, carols = open_sessions(farm, "bob"), open_sessions(farm, "carol")
    line = command("logoff login01:").replace("login01:12", f"login01:{bobs[0].id}").replace("login02:c3", f"login02:{bobs[1].id}")
    result = farm.run(line)
    assert (result.status, result.err) == (OK, ""), result
    assert not any(one.exists() for one in bobs) and all(one.exists() for one in carols)


def test_everybody_gets_the_message(farm):
    opened = open_sessions(farm, "alice") + open_sessions(farm, "bob")
    result = farm.run(command("msg "))
    assert (result.status, result.err) == (OK, ""), result
    for one in opened:
        one.shell.expect("The printer is back.")


def test_one_host_is_down(farm):
    """It is no failure with the option of the chapter, and one without it."""
    farm.write_hosts("login[01-03]")
    try:
        line = command("logoff /state:disc")
        result = farm.run(line)
        assert result.status == OK and "login03: cannot be reached (No route to host)" in result.err, result
        result = farm.run(line.replace(" /allowunreachable", ""))
        assert result.status == UNREACHABLE, result
        result = farm.run(command("query user"))
        assert result.status == UNREACHABLE and "2 of 3 hosts answered" in result.err, result
    finally:
        farm.write_hosts("login[01-02]")


def test_empty_and_open_again(farm):
    """As the chapter sets the hosts up: ops is let in, and so can accept logons again."""
    for one in farm.far:
        one.path("/usr/share/pam-configs/logoff-drain").write_text(PROFILE.read_text().replace("@program@", PROGRAM))
        one.check("export DEBIAN_FRONTEND=noninteractive\n" + DRAIN, timeout=60)
    opened = open_sessions(farm, "alice")
    try:
        result = farm.run(command("logoff /all /drain").replace("/warn:15m", "/warn:2"), timeout=90)
        assert result.status == OK and "is refused too" not in result.text, result
        assert not any(one.exists() for one in opened)
        for one in farm.far:
            assert "New sessions are refused" in one.run("change logon /query", timeout=60).text
        result = farm.run(command("change logon"), timeout=90)
        assert result.status == OK, result
        open_sessions(farm, "alice")
    finally:
        for one in farm.far:
            one.check("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --remove logoff-drain; rm -rf /var/lib/logoff /run/logoff/drain /etc/logoff/drain.conf "
                      "/usr/share/pam-configs/logoff-drain")


def test_every_command_is_tried():
    """In one of the cases above."""
    cases = Path(__file__).read_text()
    assert [line for line in COMMANDS if not any(line.startswith(word) for word in re.findall(r'command\("([^"]+)"\)', cases))] == []


def test_a_key_for_this_only(farm):
    """What the chapter puts before a key: the owner reaches logoff-host as root, and nothing else."""
    before = next(one for one in WORDS if one.startswith("restrict,"))
    keys = farm.far[0].path("/home/ops/.ssh/authorized_keys")
    whole = keys.read_text()
    sessions.ssh(farm.far[0], "alice")
    try:
        keys.write_text("".join(f"{before} {line}\n" for line in whole.splitlines()))
        assert "uid=" not in farm.run("ssh ops@login01 id </dev/null").text
        result = farm.run("query user alice /server:login01")
        assert (result.status, result.err) == (OK, "") and "alice" in result.out, result
        assert farm.run("logoff /user:alice /server:login01").status == OK
        assert not farm.far[0].check("loginctl list-sessions --no-legend | grep alice || true")
    finally:
        keys.write_text(whole)
