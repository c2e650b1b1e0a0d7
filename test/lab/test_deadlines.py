# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that do not answer hold no log-off: the journal, syslog, the name service, the password agent."""

import subprocess
import time

import pytest

import sessions
from cases import DENIED, OK, UNREACHABLE, assert_gone, logoff, start_logoff
from host import finish, wait_until
from test_audit import record, start  # noqa: F401 (start notes when the case began)
from test_messenger import RULE
from test_tskill import tskill

# Fills the queue of the journal, as any user can. One sender may not have as much under way as the queue holds.
FLOOD = """
import socket, time
senders = []
def send(sender):
    try:
        sender.send(b"MESSAGE=flood\\n")
        return True
    except BlockingIOError:
        return False
for _ in range(20):
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sender.connect("/run/systemd/journal/socket")
    senders.append(sender)
    n = 0
    while send(sender):
        n += 1
assert n == 0, "the journal still takes entries"
"""


@pytest.fixture
def quiet(lend):
    """A host whose logind and service managers of users tell the journal nothing: else they wait for it, ten seconds a line."""
    def prepare(root):
        for file, text in (("system/systemd-logind.service.d", "[Service]\nEnvironment=SYSTEMD_LOG_TARGET=null\n"),
                           ("user.conf.d", "[Manager]\nLogTarget=null\n")):
            folder = root / "etc/systemd" / file
            folder.mkdir()
            (folder / "quiet.conf").write_text(text)

    return lend("systemd", "quiet logind", prepare)


@pytest.fixture
def silence(quiet):
    """Stops the journal, with its queue full, once it is called."""
    pid = quiet.check("systemctl show --property=MainPID --value systemd-journald")

    def stop():
        quiet.check(f"kill -STOP {pid}")
        quiet.check(["python3", "-c", FLOOD], user="bob")

    yield stop
    quiet.check(f"pkill -KILL -x logoff; kill -CONT {pid}; journalctl --sync")


def test_a_journal_that_hangs(quiet, silence):
    """The session ends, and in time."""
    session = sessions.ssh(quiet, "alice")
    before = session.processes()
    silence()

    result = logoff(quiet, session.id, "/wait:10", timeout=30)

    assert_gone(session, before)
    assert result.seconds < 5, result.text


def test_that_no_record_stands_is_said(quiet, silence):
    session = sessions.ssh(quiet, "alice")
    silence()

    result = logoff(quiet, session.id, timeout=30)

    assert result.status != OK and "record" in result.err, result.text


def test_records_wait_together(quiet, silence):
    fakes = sessions.fake(quiet, "alice", count=8)
    silence()

    result = logoff(quiet, *fakes.ids, timeout=40)

    assert set(fakes.ids) & set(quiet.session_ids()) == set()
    assert result.seconds < 6, result.text


def test_no_record_makes_it_late(quiet, silence):
    session = sessions.ssh(quiet, "alice")
    session.spawn("stubborn -d keeper", "keeper")
    silence()

    result = logoff(quiet, session.id, "/grace:30", "/wait:2", timeout=20)

    assert "not ended in time" in result.err, result.text
    assert result.seconds < 3.5, result.text


def test_ctrl_c_while_the_journal_hangs(quiet, silence):
    session, other = sessions.ssh(quiet, "alice"), sessions.ssh(quiet, "bob")
    session.spawn("stubborn -d keeper", "keeper")
    before = other.processes()
    silence()
    running = start_logoff(quiet, session.id, other.id, "/grace:30")
    wait_until(lambda: not quiet.survivors(before), 5, "one of them has ended")
    for _ in range(20):     # the first may leave what has been asked to its end; whoever insists is obeyed
        quiet.run("pkill -INT -x logoff")
        if running.poll() is not None:
            break
        time.sleep(0.2)

    result = finish(running, 10)

    assert result.status != OK and result.seconds < 5, result.text


# A name service whose server is down: every question that is not for a user of this machine takes ten minutes.
HANG = """
#include <nss.h>
#include <pwd.h>
#include <grp.h>
#include <stddef.h>
#include <unistd.h>
enum nss_status _nss_hang_getpwuid_r(uid_t u, struct passwd *p, char *b, size_t n, int *e);
enum nss_status _nss_hang_getpwuid_r(uid_t u, struct passwd *p, char *b, size_t n, int *e)
{ (void)u; (void)p; (void)b; (void)n; (void)e; sleep(600); return NSS_STATUS_UNAVAIL; }
enum nss_status _nss_hang_getpwnam_r(const char *u, struct passwd *p, char *b, size_t n, int *e);
enum nss_status _nss_hang_getpwnam_r(const char *u, struct passwd *p, char *b, size_t n, int *e)
{ (void)u; (void)p; (void)b; (void)n; (void)e; sleep(600); return NSS_STATUS_UNAVAIL; }
enum nss_status _nss_hang_getgrnam_r(const char *u, struct group *g, char *b, size_t n, int *e);
enum nss_status _nss_hang_getgrnam_r(const char *u, struct group *g, char *b, size_t n, int *e)
{ (void)u; (void)g; (void)b; (void)n; (void)e; sleep(600); return NSS_STATUS_UNAVAIL; }
enum nss_status _nss_hang_initgroups_dyn(const char *u, gid_t g, long *s, long *z, gid_t **p, long l, int *e);
enum nss_status _nss_hang_initgroups_dyn(const char *u, gid_t g, long *s, long *z, gid_t **p, long l, int *e)
{ (void)u; (void)g; (void)s; (void)z; (void)p; (void)l; (void)e; sleep(600); return NSS_STATUS_UNAVAIL; }
"""


@pytest.fixture
def nameless(host, tmp_path):
    """A host with such a name service, added when the case says so: logins wait for it as well."""
    source, library = tmp_path / "hang.c", tmp_path / "libnss_hang.so.2"
    source.write_text(HANG)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, source], check=True, timeout=60)
    conf = host.path("/etc/nsswitch.conf")
    before = conf.read_text()
    target = host.check("ls -d /lib/*-linux-gnu | head -n 1")
    host.path(f"{target}/libnss_hang.so.2").write_bytes(library.read_bytes())

    def hang():
        host.check(r"sed -i 's/^\(passwd\|group\):.*/\1: files hang/' /etc/nsswitch.conf")
    host.hang = hang
    yield host
    conf.write_text(before)
    host.check("pkill -KILL -x logoff; pkill -KILL -x query; true")


def test_a_group_that_cannot_be_found_out_spares(nameless):
    kept, ended = sessions.ssh(nameless, "alice"), sessions.ssh(nameless, "bob")
    nameless.check("groupadd -f operators; gpasswd -a alice operators; groupadd -f others")
    before, gone = kept.processes(), ended.processes()
    nameless.hang()

    result = logoff(nameless, "/all", "/exclude:group:others", "/y", timeout=60)

    # Of both nobody can say that they are in no such group.
    assert result.seconds < 10, result.text
    assert nameless.survivors(before + gone) == before + gone
    result = logoff(nameless, "/user:bob", "/y", timeout=60)
    assert result.status == OK, result.text
    assert_gone(ended, gone)


def test_a_person_whom_no_file_names(nameless):
    """The record names them by number then."""
    session = sessions.ssh(nameless, "alice")
    before = session.processes()
    nameless.hang()

    result = nameless.run(f"echo 4242 >/proc/self/loginuid && exec logoff {session.id}", timeout=60)

    assert result.status == OK and result.seconds < 10, result.text
    assert_gone(session, before)
    record(session, LOGOFF_LOGIN_UID="4242", LOGOFF_LOGIN_USER="4242", LOGOFF_RESULT="ended")


# An agent that is ready at once and ignores every signal but SIGKILL.
AGENT = """#!/bin/bash
trap '' TERM HUP INT
[ "$1" = --notify-fd ] && eval "exec $2>&-"
while :; do sleep 1; done
"""


def test_an_agent_that_does_not_end(host):
    agent = host.path("/usr/bin/pkttyagent")
    before = agent.read_bytes()
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    agent.unlink()
    agent.write_text(AGENT)
    agent.chmod(0o755)
    try:
        out, status = here.shell.run(f"logoff {there.id} /wait:2", seconds=20)
    finally:
        agent.unlink()
        agent.write_bytes(before)
        agent.chmod(0o755)

    assert status == DENIED, out
    assert host.named("pkttyagent") == []


# Something that listens on /dev/log and takes nothing, with as much in its queue as it holds.
DEAF_SYSLOG = """
import os, socket, time
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/dev/log")
os.chmod("/dev/log", 0o666)
senders = []
def send(sender):
    try:
        sender.send(b"<13>flood")
        return True
    except BlockingIOError:
        return False
n = 1
while n:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sender.connect("/dev/log")
    senders.append(sender)
    n = 0
    while send(sender):
        n += 1
print("deaf", os.getpid(), flush=True)
time.sleep(300)
"""


@pytest.mark.parametrize("flavour", ["bare", "elogind"])
def test_a_syslog_that_hangs(lend, flavour):
    host = lend(flavour)
    session = sessions.ssh(host, "alice")
    before = session.processes()
    host.check("rm -f /dev/log")
    syslog = sessions.Shell(host.start(["python3", "-c", DEAF_SYSLOG]))
    pid = syslog.expect(r"deaf (\d+)\n", 5).group(1)
    try:
        # sshd waits for it for ever and has to be killed.
        result = logoff(host, session.id, "/grace:1", timeout=20)
    finally:
        host.check(f"kill {pid}; rm -f /dev/log")
        syslog.client.wait(5)

    assert_gone(session, before)
    assert result.seconds < 5, result.text


def test_what_the_help_desk_ends_without_a_record(quiet, silence):
    """bob, who may: the process has ended, and that no record stands is said."""
    rule = quiet.path("/etc/polkit-1/rules.d/50-lab.rules")
    rule.write_text(RULE)
    quiet.restart("polkit")
    alice = sessions.ssh(quiet, "alice")
    first, second = alice.spawn("sleep 4242", "sleep"), alice.spawn("sleep 4243", "sleep")
    assert tskill(quiet, str(first.pid), user="bob").status == OK       # so the service runs: the bus could not start it now
    silence()

    result = quiet.run(["tskill", str(second.pid)], user="bob", timeout=30)

    assert not quiet.alive(second)
    assert result.status == UNREACHABLE and "its record could not be written" in result.err, result.text
