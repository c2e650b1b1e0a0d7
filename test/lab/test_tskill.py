# SPDX-License-Identifier: GPL-3.0-or-later
"""tskill: processes of sessions end, and no others."""

import signal
import time

import sessions
from cases import CANCELLED, DENIED, NO_SESSION, NOT_IN_TIME, OK, UNREACHABLE, assert_untouched
from host import finish, wait_until
from test_hidden import hiding  # noqa: F401


def tskill(host, *words, user=None):
    return host.run(["tskill", *words], user=user)


def test_by_number(any_host):
    session = sessions.ssh(any_host, "alice")
    sleep, other = session.spawn("sleep 4242", "sleep"), session.spawn("sleep 4242", "sleep")

    result = tskill(any_host, str(sleep.pid), "/v")

    assert result.status == OK and str(sleep.pid) in result.out, result.text
    assert not any_host.alive(sleep) and any_host.alive(other)


def test_by_name_in_ones_own_session(any_host):
    """The same program goes on in another session of the same user, and of others."""
    here, there, others = (sessions.ssh(any_host, user) for user in ("alice", "alice", "bob"))
    ours, theirs = here.spawn("stubborn -d keeper", "keeper"), [one.spawn("stubborn -d keeper", "keeper") for one in (there, others)]

    assert here.shell.run("tskill keeper /grace:1")[1] == OK

    assert not any_host.alive(ours)
    assert any_host.survivors(theirs) == theirs


def test_in_one_session_and_in_all(any_host):
    one, two = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "bob")
    first, second, third = one.spawn("sleep 4242", "sleep"), two.spawn("sleep 4242", "sleep"), two.spawn("stubborn -d keeper", "keeper")

    assert tskill(any_host, "sleep", f"/id:{two.id}").status == OK
    assert any_host.alive(first) and not any_host.alive(second)

    assert tskill(any_host, "sl*p", "kee*", "/a", "/grace:0").status == OK
    assert any_host.survivors([first, third]) == []


def test_asked_before_it_is_killed(host):
    """A program that listens to SIGTERM may save; it is not killed meanwhile."""
    session = sessions.ssh(host, "alice")
    session.sh("cat >saver <<'E'\n#!/bin/bash\ntrap 'sleep 1; echo saved >saved; exit' TERM\nwhile :; do sleep 0.1; done\nE\nchmod +x saver")
    saver = session.spawn("./saver", "saver")

    assert tskill(host, str(saver.pid)).status == OK

    assert session.sh("cat saved").startswith("saved")


def test_another_of_that_name_begins(host):
    """A program that starts itself anew when it is asked to end."""
    session = sessions.ssh(host, "alice")
    session.sh("cat >breeder <<'E'\n#!/bin/bash\ntrap './breeder & exit' TERM\nwhile :; do sleep 0.1; done\nE\nchmod +x breeder")
    breeder = session.spawn("./breeder", "breeder")

    result = tskill(host, "breeder", "/a")

    assert result.status == NOT_IN_TIME and "begun" in result.err, result.text
    assert not host.alive(breeder) and host.named("breeder")
    assert tskill(host, "breeder", "/a", "/grace:0").status == OK


RENAMED = "for ((i = 0; ; i++)); do printf $((i % 1000)) >/proc/$$/comm; done"


def test_a_number_is_enough(host):
    """A process that changes its name all the time is not spared for that."""
    session = sessions.ssh(host, "alice")
    for _ in range(8):
        pid = session.sh(f"bash -c '{RENAMED}' >/dev/null 2>&1 & echo $!").split()[-1]
        wait_until(lambda: host.path(f"/proc/{pid}/comm").read_text()[0].isdigit(), what="it has another name")

        result = tskill(host, pid, "/grace:0")

        assert result.status == OK, result.text
        assert int(pid) not in [one.pid for one in host.processes()]


def test_services_are_not_found(host):
    """Not by number, not by name, not by root."""
    session = sessions.ssh(host, "alice")
    session.sh("systemd-run --user --quiet sleep 9999")
    (sleep,) = wait_until(lambda: host.named("sleep"), what="the user's service runs")
    job = sessions.cron_job(host, "bob")

    for word in ("1", str(sleep.pid), str(job.pid), "sleep", "cron-job", "dbus-daemon", "sshd-session-of-nobody"):
        assert tskill(host, word, "/a").status == NO_SESSION, word

    assert host.survivors([sleep, job]) == [sleep, job]


def test_others_processes_need_the_right(any_host):
    here, there = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "bob")
    ours, theirs = here.spawn("sleep 4242", "sleep"), there.spawn("sleep 4242", "sleep")

    out, status = here.shell.run("tskill sleep /a")

    assert status == DENIED and str(theirs.pid) in out
    assert not any_host.alive(ours) and any_host.alive(theirs)


def test_where_proc_hides(hiding):  # noqa: F811
    """What is not seen may be there."""
    here, there = sessions.ssh(hiding, "alice"), sessions.ssh(hiding, "bob")
    ours, theirs = here.spawn("sleep 4242", "sleep"), there.spawn("stubborn -d keeper", "keeper")

    assert here.shell.run("tskill sleep")[1] == OK
    out, status = here.shell.run("tskill keeper /a")

    assert status == UNREACHABLE and "hides" in out, out
    assert not hiding.alive(ours) and hiding.alive(theirs)


def test_where_proc_hides_some(hiding):  # noqa: F811
    """That the caller's own has ended is not all that was meant."""
    here, there = sessions.ssh(hiding, "alice"), sessions.ssh(hiding, "bob")
    ours, theirs = here.spawn("stubborn -d keeper", "keeper"), there.spawn("stubborn -d keeper", "keeper")

    out, status = here.shell.run("tskill keeper /a /v /grace:0")

    assert status == UNREACHABLE and "hides" in out and str(ours.pid) in out, out
    assert not hiding.alive(ours) and hiding.alive(theirs)
    assert tskill(hiding, "keeper", "/a", "/grace:0").status == OK


def test_the_shell_that_started_it(host):
    """It goes on when its own session is taken down by that, and ends what ignores the hangup."""
    session = sessions.ssh(host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")

    session.shell.begin("tskill bash keeper /grace:1")

    assert session.ended_for_client(15)
    wait_until(lambda: not host.alive(keeper), 5, "the daemon has ended")


def test_ctrl_c_kills_nobody(host):
    session = sessions.ssh(host, "alice")
    keeper = session.spawn("stubborn -d keeper", "keeper")
    before = session.processes()
    started = host.start(["tskill", "keeper", "/a"])
    wait_until(lambda: host.named("tskill"), what="tskill runs")
    wait_until(lambda: host.run("pkill -INT -x tskill").status == 0, what="it is interrupted")

    assert started.wait(5) == CANCELLED

    assert host.alive(keeper)
    assert_untouched(session, before)


def test_stopped(host):
    session = sessions.ssh(host, "alice")
    sleep = session.spawn("sleep 4242", "sleep")
    host.check(f"kill -{signal.SIGSTOP.value} {sleep.pid}")

    assert tskill(host, str(sleep.pid), "/grace:1").status == OK

    assert not host.alive(sleep)


def test_a_program_of_a_desktop(host):
    rdp = sessions.RdpSession(host, "alice")
    (xterm,) = [one for one in rdp.processes() if one.name == "xterm"]

    assert tskill(host, "xterm", f"/id:{rdp.id}").status == OK

    assert not host.alive(xterm)


def start_keeper(session, answer):
    """A process "keeper" that answers SIGTERM with a command of bash."""
    session.sh("cp /bin/sleep important; cp /bin/bash keeper")
    session.host.path("/home/alice/act").write_text(f"trap '{answer}' TERM\nwhile :; do sleep 0.1; done\n")
    session.sh("setsid ./keeper act >/dev/null 2>&1 & sleep 0.5")
    keeper, = session.host.named("keeper")
    return keeper


def test_what_becomes_another_program_in_the_grace_is_left_alone(host):
    """It is asked to end, and becomes what nobody has named."""
    alice = sessions.ssh(host, "alice")
    start_keeper(alice, "exec ./important 333")

    result = tskill(host, "keeper", f"/id:{alice.id}", "/grace:2")

    assert result.status == NOT_IN_TIME and "another one by now" in result.err, result.text
    important, = host.named("important")
    host.check(f"kill -KILL {important.pid}")


def test_what_leaves_the_session_in_the_grace_is_left_alone(host):
    """root moves it into a service while it is waited for: it is in nobody's session then."""
    alice = sessions.ssh(host, "alice")
    keeper = start_keeper(alice, ":")
    running = host.start(["tskill", str(keeper.pid), "/grace:4"])
    time.sleep(1)
    host.check(f"echo {keeper.pid} >/sys/fs/cgroup/system.slice/ssh.service/cgroup.procs")

    result = finish(running)

    assert result.status == NOT_IN_TIME and "another one by now" in result.err, result.text
    assert host.alive(keeper)
    host.check(f"kill -KILL {keeper.pid}")
