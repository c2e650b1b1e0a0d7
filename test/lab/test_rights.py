# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log off whom: oneself always, others with Full Control, the console only with /console, a login screen never."""

import pytest

import sessions
from cases import (DENIED, NO_SESSION, OK, PROTECTED, assert_gone, assert_logged_off,
                   assert_untouched, logoff)
from host import wait_until

PASSWORD_PROMPT = r"(?i)password: ?"


def log_off_oneself(session, *words):
    """`logoff` in the session itself, which ends the shell that runs it."""
    before = session.processes()
    session.shell.begin(" ".join(["logoff", *words]))
    assert session.ended_for_client(15), session.shell.heard
    wait_until(lambda: not session.processes(), 5, "all of the session has ended")
    if session.host.flavour != "bare":
        wait_until(lambda: not session.exists(), 5, "the session is gone")
    assert_gone(session, before)


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "no-terminal"])
def test_own_session(any_host, tty):
    session = sessions.ssh(any_host, "alice", tty)
    bystander = sessions.ssh(any_host, "alice")
    others = bystander.processes()

    log_off_oneself(session)

    assert_untouched(bystander, others)


@pytest.mark.parametrize("load", ["stubborn keeper", "stubborn -d keeper"],
                         ids=["stubborn", "daemon"])
def test_own_session_with_stubborn_processes(any_host, load):
    session = sessions.ssh(any_host, "alice")
    session.spawn(load, "keeper")

    log_off_oneself(session, "/grace:1", "/v")


def test_own_last_session_ends_the_user_manager(host):
    session = sessions.ssh(host, "alice")
    session.sh("systemd-run --user --quiet sleep 9999")
    assert host.unit_is_active("user@1000")

    log_off_oneself(session)

    wait_until(lambda: not host.unit_is_active("user@1000"), 5, "the user manager has ended")


def test_own_session_by_id(host):
    session = sessions.ssh(host, "alice")
    log_off_oneself(session, session.id)


def test_own_users_other_session(any_host):
    here, there = sessions.ssh(any_host, "alice"), sessions.ssh(any_host, "alice")
    kept, before = here.processes(), there.processes()

    out, status = here.shell.run(f"logoff {there.id}")

    assert (out, status) == ("", OK)
    assert_gone(there, before)
    assert_untouched(here, kept)


def test_own_users_other_stubborn_session(logind_host):
    here, there = sessions.ssh(logind_host, "alice"), sessions.ssh(logind_host, "alice")
    there.spawn("stubborn -d keeper", "keeper")
    before = there.processes()

    assert here.shell.run(f"logoff {there.id} /grace:1")[1] == OK
    assert_gone(there, before)


def test_no_session_of_ones_own(any_host):
    result = logoff(any_host, user="alice")
    assert result.status == NO_SESSION
    assert len(result.err.splitlines()) == 1


# -- others' sessions ---------------------------------------------------------------------------

def test_another_users_session_is_denied(any_host):
    here = sessions.ssh(any_host, "alice", tty=False)
    there = sessions.ssh(any_host, "bob")
    before = there.processes()

    out, status = here.shell.run(f"logoff {there.id} </dev/null 2>&1")

    assert status == DENIED, out
    denied, advice = out.splitlines()
    assert there.id in denied and "(sudo)" in advice and "polkit rule" in advice
    assert_untouched(there, before)


def test_denied_without_polkit(without_polkit):
    here = sessions.ssh(without_polkit, "alice")
    there = sessions.ssh(without_polkit, "bob")
    own = sessions.ssh(without_polkit, "alice")
    before, own_before = there.processes(), own.processes()

    out, status = here.shell.run(f"logoff {there.id}")
    assert status == DENIED, out
    assert_untouched(there, before)
    # One's own needs no polkit, and root's word is enough.
    assert here.shell.run(f"logoff {own.id}")[1] == OK
    assert_gone(own, own_before)
    assert_logged_off(logoff(without_polkit, there.id), there, before)


@pytest.fixture
def polkit_rule(host):
    """Gives alice Full Control, as an administrator would."""
    rule = host.path("/etc/polkit-1/rules.d/50-lab.rules")
    rule.write_text("""polkit.addRule(function(action, subject) {
        if (action.id == "org.freedesktop.login1.manage" && subject.user == "alice")
            return polkit.Result.YES;
    });\n""")
    host.restart("polkit")
    yield
    rule.unlink()
    host.restart("polkit")


@pytest.mark.parametrize("load", ["stubborn keeper", "stubborn -d keeper"],
                         ids=["stubborn", "daemon"])
def test_allowed_by_a_polkit_rule(host, polkit_rule, load):
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    there.spawn(load, "keeper")
    before = there.processes()

    out, status = here.shell.run(f"logoff {there.id} /grace:1")

    assert status == OK, out
    assert_gone(there, before)


def test_password_given_to_the_agent(host):
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before, kept = there.processes(), here.processes()

    mark = here.shell.begin(f"logoff {there.id}")
    here.shell.answer(PASSWORD_PROMPT, "pw-carol")  # carol is the administrator
    out, status = here.shell.result(mark)

    assert status == OK, out
    assert_gone(there, before)
    assert_untouched(here, kept)


def test_wrong_password_given_to_the_agent(host):
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before = there.processes()

    mark = here.shell.begin(f"logoff {there.id}")
    here.shell.answer(PASSWORD_PROMPT, "not it")
    out, status = here.shell.result(mark)

    assert status == DENIED, out
    assert_untouched(there, before)


@pytest.mark.parametrize("key", ["\x03", "\x1c"], ids=["Ctrl-C", "Ctrl-backslash"])
def test_the_agent_is_interrupted(host, key):
    """The terminal echoes input again, no agent stays, and the next output is not behind the prompt."""
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before = there.processes()
    here.sh("stty echo")

    here.shell.write(f"logoff {there.id}\n")
    here.shell.answer(PASSWORD_PROMPT, key)
    here.shell.expect(r"\nlogoff: session \w+ \(pts/\d+\): cancelled")
    here.shell.write("stty -a >/tmp/stty\n")

    wait_until(lambda: host.run("grep -E '(^| )echo( |;|$)' /tmp/stty").status == 0, 10, "the terminal shows what is typed")
    assert host.named("pkttyagent") == []
    assert_untouched(there, before)


def test_no_ask_password(host):
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before = there.processes()

    out, status = here.shell.run(f"logoff {there.id} --no-ask-password", seconds=5)

    assert status == DENIED
    assert "assword:" not in out
    assert_untouched(there, before)


def test_stubborn_with_a_password(host):
    """One question for the whole procedure, asking and killing."""
    here, there = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    there.spawn("stubborn -d keeper", "keeper")
    before = there.processes()

    mark = here.shell.begin(f"logoff {there.id} /grace:1")
    here.shell.answer(PASSWORD_PROMPT, "pw-carol")
    out, status = here.shell.result(mark, 20)

    assert status == OK, out
    assert_gone(there, before)


# -- the console and the greeter ----------------------------------------------------------------

def test_console_is_protected(logind_host):
    console = sessions.fake_console(logind_host, "bob")
    before = console.processes()

    for designator in (console.id, "console", "CONSOLE"):
        result = logoff(logind_host, designator)
        assert result.status == PROTECTED, result.text
        assert "/console" in result.text
        assert_untouched(console, before)


def test_console_with_the_word(logind_host):
    console = sessions.fake_console(logind_host, "bob")
    before = console.processes()

    assert_logged_off(logoff(logind_host, "console", "/console"), console, before)


def test_the_word_gives_no_rights(host):
    console = sessions.fake_console(host, "bob")
    here = sessions.ssh(host, "alice", tty=False)
    before = console.processes()

    out, status = here.shell.run("logoff console /console 2>&1")

    assert status == DENIED, out
    assert_untouched(console, before)


def test_own_console(logind_host):
    """The caller's own console session needs no /console. The caller is moved into the session."""
    console = sessions.fake_console(logind_host, "bob")
    before = console.processes()
    top = "/sys/fs/cgroup" if logind_host.cgroup_version == 2 else "/sys/fs/cgroup/systemd"
    scope = f"{top}/user.slice/user-1001.slice/session-{console.id}.scope"

    result = logind_host.run(f"echo $$ > {scope}/cgroup.procs && trap '' TERM HUP && exec setpriv "
                             "--reuid=bob --regid=bob --init-groups logoff")

    wait_until(lambda: not console.exists(), 5, f"the session is gone: {result}")
    assert_gone(console, before)


@pytest.mark.parametrize("words", [[], ["/console"]], ids=["plain", "with-the-word"])
def test_greeter_is_never_logged_off(logind_host, words):
    greeter = sessions.fake_console(logind_host, "carol", **{"class": "greeter"})
    before = greeter.processes()

    result = logoff(logind_host, greeter.id, *words)

    assert result.status == PROTECTED, result.text
    assert logind_host.survivors(before) == before
    assert greeter.exists()
