# SPDX-License-Identifier: GPL-3.0-or-later
"""The nightly rule, started by its unit: whom it logs off and whom it leaves alone.

One night is played for all cases: first with wrong settings, then on the day of a trial, then for good. Each case looks
at one of the sessions, or at one of the three runs.
"""

import json
import os
import re
import signal
from typing import NamedTuple

import pytest

import sessions
from cases import assert_gone, not_used_for
from host import wait_until

SETTINGS = """\
disconnected = 1s
idle = 3
exclude = group:sudo
keep = tmux
rule = the idle rule
trial = 1
"""
RECORDS = "MESSAGE_ID=5f3bb5c4e1a64d6d8a3c2c1b9f0e7d42"


class Run(NamedTuple):
    """What systemd says of the unit, what stands in the journal, and the sessions that have lost a process."""
    succeeded: bool
    said: str
    hurt: set


class Night:
    """A host with sessions of each kind, and what became of them."""

    def __init__(self, host):
        self.host = host
        self.opened = {
            "desktop": sessions.RdpSession(host, "alice"),
            "unused": sessions.RdpSession(host, "dave"),
            "used": sessions.RdpSession(host, "bob"),  # the last one: its client is in front, and gets the mouse
            "idle": sessions.ssh(host, "bob"),
            "output": sessions.ssh(host, "bob"),
            "work": sessions.ssh(host, "bob"),
            "tmux": sessions.ssh(host, "alice"),
            "administrator": sessions.ssh(host, "carol"),
            "multiplexed": self.multiplexed("master", "-M"),
        }
        self.second = self.multiplexed("second")
        assert self.second.id == self.opened["multiplexed"].id
        self.opened["tmux"].sh("tmux new-session -d -s lab")
        self.opened["output"].shell.begin("while sleep 0.5; do date; done")
        # Any bytes can be a name. The kernel gives them as they are, in a file whose fields are counted from the last bracket.
        self.opened["work"].shell.begin("cp /bin/sh $'a)\\nb'; timeout 120 ./$'a)\\nb' -c 'while :; do :; done'")
        self.opened["desktop"].disconnect()
        terminals = [one for one in self.opened.values() if not isinstance(one, sessions.RdpSession)]
        not_used_for(3, *terminals)
        quiet = " ".join(f"/dev/{one.tty}" for one in terminals if one is not self.opened["output"])
        host.check(f"touch -m --date='-1 hour' {quiet}")
        self.before = {name: one.processes() for name, one in self.opened.items()}
        host.check("mkdir -p /etc/logoff")

        # Somebody types in the second terminal of that connection all the time.
        typing = host.start(f"while touch -a /dev/{self.second.tty}; do sleep 0.3; done")
        moving = host.start("while xdotool mousemove 200 300 mousemove 210 300; do sleep 0.3; done", env={"DISPLAY": sessions.CLIENT_DISPLAY})
        self.wrong = self.run(SETTINGS + "exlcude = alice\n")
        self.trial = self.run(SETTINGS)
        host.check("sed -i '1s/ .*/ 1999-12-31/' /var/lib/logoff/nightly")
        self.good = self.run(SETTINGS)
        host.run("pkill -f '[w]hile :;'")
        for program in (typing, moving):
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(10)

    def multiplexed(self, name, *options):
        """A terminal of one ssh connection of alice."""
        shell = f"stty -echo; {sessions.PLAIN_SHELL}"
        command = ["ssh", "-tt", "-S", "/tmp/nightly-mux", *options, "alice@127.0.0.1", shell]
        return sessions.Session(self.host, "alice", self.host.start(command, stdin=-1, stderr=-2))

    def run(self, settings):
        """Starts the unit with settings."""
        self.host.path("/etc/logoff/nightly.conf").write_text(settings)
        since = self.host.check("date +%s.%N")
        status = self.host.run("systemctl start logoff-nightly", timeout=60).status
        said = self.host.check(f"journalctl --sync; journalctl --no-pager -o cat -t logoff-nightly --since=@{since}")
        kept = [name for name in self.before if name not in ("output", "work")]  # programs come and go there
        hurt = [name for name in kept if self.host.survivors(self.before[name]) != self.before[name]]
        return Run(status == 0, said, set(hurt) | {name for name in self.opened if not self.opened[name].exists()})

    def records(self):
        lines = self.host.check(f"journalctl --no-pager -o json {RECORDS}").splitlines()
        return {row["LOGOFF_SESSION"]: row for row in map(json.loads, lines)}


@pytest.fixture(scope="module")
def night(lab):
    host = lab("systemd")
    sessions.clean(host)
    host.check("rm -rf /var/lib/logoff /etc/logoff; useradd --create-home --shell /bin/bash dave; echo dave:pw-dave | chpasswd")
    try:
        yield Night(host)
    finally:
        host.run("rm -rf /var/lib/logoff /etc/logoff; systemctl reset-failed logoff-nightly")
        sessions.clean(host)
        host.run("userdel --remove dave")


def assert_left_alone(night, name):
    assert name not in night.good.hurt
    assert night.opened[name].exists() and night.opened[name].id not in night.records()


def test_disconnected_desktop_is_logged_off(night):
    desktop = night.opened["desktop"]
    assert_gone(desktop, night.before["desktop"])
    wait_until(lambda: desktop.leftovers() == [], 5, "xrdp has cleaned up")
    record = night.records()[desktop.id]
    assert (record["LOGOFF_RESULT"], record["LOGOFF_REASON"]) == ("ended", "the idle rule (disconnected = 1s)")


def test_idle_terminal_is_logged_off(night):
    idle = night.opened["idle"]
    assert_gone(idle, night.before["idle"])
    record = night.records()[idle.id]
    assert (record["LOGOFF_RESULT"], record["LOGOFF_REASON"]) == ("ended", "the idle rule (idle = 3)")
    assert f"Session {idle.id} of bob (idle = 3): logged off." in night.good.said


@pytest.mark.parametrize("name", ["output", "work"])
def test_busy_terminal_is_left_alone(night, name):
    assert_left_alone(night, name)
    assert f"Session {night.opened[name].id} (idle = 3): busy" in night.good.said


def test_idle_desktop_is_logged_off(night):
    """Nobody has used its mouse or keyboard; its client is connected, and logind takes it for active."""
    unused = night.opened["unused"]
    assert_gone(unused, night.before["unused"])
    record = night.records()[unused.id]
    assert (record["LOGOFF_RESULT"], record["LOGOFF_REASON"]) == ("ended", "the idle rule (idle = 3)")


@pytest.mark.parametrize("name", ["tmux", "administrator", "multiplexed", "used"])
def test_is_left_alone(night, name):
    """A program that keeps the session; the group; an ssh connection of which one terminal is in use; a desktop whose user moves the mouse."""
    assert_left_alone(night, name)
    assert f"Session {night.opened[name].id} " not in night.good.said


def test_good_run(night):
    assert night.good.succeeded and night.good.hurt == {"desktop", "idle", "unused"}, night.good


def test_trial_ends_nobody_and_tells(night):
    assert night.trial.succeeded and night.trial.hurt == set(), night.trial
    assert "Trial, day 1 of 1: nobody is logged off." in night.trial.said
    told = set(re.findall(r"^Session (\S+) of .*: would be logged off\.$", night.trial.said, re.M))
    assert told == {night.opened[name].id for name in ("desktop", "idle", "unused")}, night.trial.said


def test_wrong_settings_end_nobody(night):
    assert not night.wrong.succeeded and night.wrong.hurt == set(), night.wrong
    assert night.wrong.said == "logoff-nightly: /etc/logoff/nightly.conf, line 7: there is no such setting: exlcude"


def test_timer_is_not_enabled(night):
    assert night.host.run("systemctl is-enabled logoff-nightly.timer").out.strip() == "disabled"
