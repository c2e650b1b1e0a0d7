# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the collection, played over ssh: check mode, second runs, failures and what is unknown."""

import json

import sessions
from cases import assert_gone, assert_untouched

MEMORY = """\
caller uid=0
user name=alice uid=1000
session id=5 user=alice tty=pts/3
process command=bash
session id=6 user=alice tty=pts/4 own-unsure
process command=bash
session id=7 user=alice tty=pts/5 message-fails=EACCES
process command=bash
"""
RECORDS = "MESSAGE_ID=5f3bb5c4e1a64d6d8a3c2c1b9f0e7d42"


def info(**options):
    return {"logoff.sessions.session_info": options}


def log_off(**options):
    return {"logoff.sessions.session_logoff": options}


def message(**options):
    return {"logoff.sessions.session_message": options}


def logon(**options):
    return {"logoff.sessions.session_logon": options}


def in_memory(host, task, text=MEMORY):
    """The task, on a host in memory."""
    host.path("/root/memory").write_text(text)
    return dict(task, environment={"LOGOFF_HOST": "memory:/root/memory"})


def ids(rows):
    return {row["id"] for row in rows}


# -- session_info -------------------------------------------------------------------------------

def test_sessions_are_listed(ansible, login1, login2):
    alice, bob = sessions.ssh(login1, "alice"), sessions.ssh(login2, "bob")
    status, results = ansible.play(info(), info(names=["alice"]), info(names=["nobody-here", "4711"]), hosts="farm")
    assert status == 0 and not any(one["changed"] for one in results)
    found = {(one["host"], one["task"]): {(row["user"], row["id"]) for row in one["sessions"]} for one in results}
    assert ("alice", alice.id) in found["login1", "0"] and ("bob", bob.id) in found["login2", "0"]
    assert found["login1", "1"] == {("alice", alice.id)} and found["login2", "1"] == set()
    assert found["login1", "2"] == found["login2", "2"] == set()


def test_host_that_does_not_answer_is_no_empty_list(ansible, login1):
    failed = ansible.one(in_memory(login1, info(), "host list-fails=EIO\n" + MEMORY))
    assert failed["word"] == "failed" and failed["status"] == 6, failed
    assert failed["failures"][0]["exit_status"] == 6 and failed["failures"][0]["cause"]["text"] and failed["msg"]


def test_host_that_is_off(ansible):
    status, results = ansible.play(info(), hosts="login1,off")
    assert {one["host"]: one["word"] for one in results} == {"login1": "ok", "off": "unreachable"} and status != 0


# -- session_logoff -----------------------------------------------------------------------------

def test_log_off_and_check_mode(ansible, login1, login2):
    """The dry run shows what the log-off then does; a second one finds nothing to do. Ansible's own connection is never meant."""
    opened = {"login1": sessions.ssh(login1, "alice"), "login2": sessions.ssh(login2, "alice")}
    kept = sessions.ssh(login1, "bob")
    before, others = {name: one.processes() for name, one in opened.items()}, kept.processes()
    task = log_off(all=True, user=["alice"], reason="the test", grace=2)

    status, results = ansible.play(task, hosts="farm", words=["--check", "--diff"])
    assert status == 0
    for one in results:
        session = opened[one["host"]]
        assert one["changed"] and [row["result"] for row in one["results"]] == ["would-end"]
        assert one["diff"] == {"before": f"{session.id} alice active\n", "after": ""}
        assert_untouched(session, before[one["host"]])

    status, results = ansible.play(task, task, log_off(sessions=[opened["login1"].id]), log_off(all=True, exclude=["bob"], unknown="warn"),
                                   hosts="login1")
    assert status == 0
    assert [one["changed"] for one in results] == [True, False, False, False], results
    assert [row["result"] for row in results[0]["results"]] == ["ended"] and results[1]["results"] == []
    assert_gone(opened["login1"], before["login1"])
    assert_untouched(kept, others)
    assert_untouched(opened["login2"], before["login2"])
    rows = [json.loads(line) for line in login1.check(f"journalctl --sync; journalctl --no-pager -o json {RECORDS}").splitlines()]
    assert [row["LOGOFF_REASON"] for row in rows if row["LOGOFF_SESSION"] == opened["login1"].id] == ["the test"]

    status, results = ansible.play(task, hosts="login2")
    assert results[0]["changed"] and status == 0
    assert_gone(opened["login2"], before["login2"])


def test_nothing_selected_is_no_log_off(ansible, login1):
    """An empty list never means the own session, and a word is never taken for a list or a text."""
    session = sessions.ssh(login1, "alice")
    before = session.processes()
    status, results = ansible.play(log_off(sessions=[]), log_off(user=[], sessions=[]), log_off(sessions=["@/etc/passwd"]),
                                   log_off(sessions=[session.id, "two words"], warn="1s"), log_off(exclude=["alice"]),
                                   log_off(user=["alice"], exclude=["nobody-here"]), log_off(user=["alice"], idle="soon"))
    assert [one["word"] for one in results] == 7 * ["failed"] and not any(one.get("changed") for one in results)
    assert results[5]["failures"][0]["kind"] == "no-exclusion" and results[5]["status"] == 1
    assert results[6]["failures"][0]["kind"] == "usage"
    assert_untouched(session, before)


def test_denied(ansible, login2):
    session = sessions.ssh(login2, "alice")
    before = session.processes()
    failed = ansible.one(log_off(sessions=[session.id]), hosts="login2", vars={"ansible_become": False})
    assert failed["word"] == "failed" and not failed["changed"] and failed["status"] == 3
    assert [(one["kind"], one["object"], one["exit_status"]) for one in failed["failures"]] == [("denied", session.id, 3)]
    assert failed["failures"][0]["cause"]["text"] and "denied" in failed["msg"].lower(), failed
    assert_untouched(session, before)


def test_not_all_end(ansible, login1):
    """What has ended stays told, and so does what has not."""
    quick, slow = sessions.ssh(login1, "alice"), sessions.ssh(login1, "bob")
    keeper = slow.spawn("stubborn keeper", "keeper")
    before = quick.processes()
    failed = ansible.one(log_off(sessions=[quick.id, slow.id], grace=30, wait=3))
    assert failed["word"] == "failed" and failed["changed"] and failed["status"] == 5
    assert [(one["kind"], one["object"], one["exit_status"]) for one in failed["failures"]] == [("not-ended", slow.id, 5)]
    assert {row["id"]: row["result"] for row in failed["results"]} == {quick.id: "ended", slow.id: "not-ended"}
    assert_gone(quick, before)
    assert login1.alive(keeper)


def test_unknown_is_a_failure(ansible, login1):
    """A session of which nobody can tell whether it is the caller's is left alone, and said."""
    status, results = ansible.play(in_memory(login1, log_off(all=True)), in_memory(login1, log_off(all=True, unknown="warn")))
    failed, warned = results
    assert failed["word"] == "failed" and failed["changed"] and failed["unknown_sessions"] == ["6"]
    assert [(one["kind"], one["object"]) for one in failed["failures"]] == [("spared-unknown", "6")]
    assert warned["word"] == "ok" and warned["unknown_sessions"] == ["6"] and warned["warnings"], warned
    assert ids(warned["results"]) == {"5", "7"}
    status, results = ansible.play(in_memory(login1, log_off(all=True)), words=["--check"])
    assert results[0]["word"] == "failed"


def test_command_that_breaks(ansible, login1):
    """It prints no JSON, it ends with a status that nothing explains, it is not installed."""
    for name, text in (("noise", "echo hello"), ("silence", "exit 5"), ("killed", "kill -KILL $$")):
        login1.check(f"mkdir -p /root/{name}; printf '#!/bin/sh\\n{text}\\n' >/root/{name}/logoff; chmod 755 /root/{name}/logoff")
    tasks = [dict(log_off(all=True), environment={"PATH": f"/root/{name}:/usr/bin:/bin"}) for name in ("noise", "silence", "killed")]
    status, (noise, silence, killed) = ansible.play(*tasks)
    assert noise["word"] == "failed" and "JSON" in noise["msg"]
    assert silence["word"] == "failed" and [(one["kind"], one["exit_status"]) for one in silence["failures"]] == [("unexplained", 5)]
    assert killed["word"] == "failed" and killed["failures"][0]["kind"] == "unexplained"


# -- session_message ----------------------------------------------------------------------------

def test_message(ansible, login1):
    alice = sessions.ssh(login1, "alice")
    task = message(to="alice", text="The printer is back.")
    status, (there, nobody) = ansible.play(task, message(to="bob", text="Hello."), words=["--check"])
    assert (there["changed"], nobody["changed"]) == (True, False) and status == 0
    status, (told, nobody) = ansible.play(task, message(to="bob", text="Hello."))
    assert told["changed"] and [(row["id"], row["result"], row["channel"]) for row in told["deliveries"]] == [(alice.id, "delivered", "terminal")]
    assert not nobody["changed"] and nobody["word"] == "ok" and nobody["deliveries"] == [] and status == 0
    alice.shell.expect(r"The printer is back\.")
    assert "printer" not in alice.shell.heard, "it came once, so not in check mode"


def test_message_that_does_not_arrive(ansible, login1):
    status, (failed, empty) = ansible.play(in_memory(login1, message(to="*", text="Lunch is ready.")), message(to="@/etc/passwd", text="Hello."))
    assert failed["word"] == "failed" and failed["changed"]
    assert [(one["kind"], one["object"]) for one in failed["failures"]] == [("denied", "7")] and failed["failures"][0]["cause"]
    assert {row["id"]: row["result"] for row in failed["deliveries"]} == {"5": "delivered", "6": "delivered", "7": "denied"}
    assert empty["word"] == "failed"


# -- session_logon ------------------------------------------------------------------------------

def let_in(host, user):
    return host.run(["ssh", "-T", "-o", "BatchMode=yes", "-o", "LogLevel=INFO", f"{user}@127.0.0.1", "echo", "in"])


def test_logons(ansible, login1, login2):
    drained = logon(state="drained", text="Kernel update.")
    status, results = ansible.play(drained, hosts="farm", words=["--check", "--diff"])
    assert status == 0 and all(one["changed"] and one["diff"]["before"]["mode"] == "enabled" and one["diff"]["after"]["mode"] == "new" for one in results)
    assert all(let_in(host, "alice").status == 0 for host in (login1, login2))

    status, results = ansible.play(drained, drained, logon(state="drained"), logon(state="drained", text="Soon."), hosts="farm")
    assert status == 0, results
    for name in ("login1", "login2"):
        assert [one["changed"] for one in results if one["host"] == name] == [True, False, False, True]
    assert all(one["logon"]["mode"] == "new" and one["logon"]["lasting"] for one in results)
    assert all(let_in(host, "alice").status != 0 for host in (login1, login2))

    status, results = ansible.play(logon(state="enabled"), logon(state="enabled"), hosts="farm")
    assert status == 0 and sorted(one["changed"] for one in results) == [False, False, True, True]
    assert all(let_in(host, "alice").status == 0 for host in (login1, login2))


def test_logons_that_are_not_refused(ansible, login1):
    """PAM is not set up: the state is written, and the task fails, also when nothing is left to change."""
    login1.check("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --remove logoff-drain")
    status, results = ansible.play(logon(state="drained"), logon(state="drained"), log_off(all=True, drain=True))
    assert [one["word"] for one in results] == 3 * ["failed"] and [one["changed"] for one in results] == [True, False, False]
    assert all(one["status"] == 6 and one["failures"] for one in results), results
    assert "sshd" in results[0]["msg"] and "sshd" in results[2]["msg"]


def test_drain_and_log_off(ansible, login1):
    session = sessions.ssh(login1, "alice")
    before = session.processes()
    task = log_off(all=True, drain=True, grace=2)
    status, results = ansible.play(task, words=["--check"])
    assert status == 0 and results[0]["changed"] and let_in(login1, "bob").status == 0
    assert_untouched(session, before)
    status, results = ansible.play(task, task)
    assert status == 0, results
    assert [(one["changed"], one["drained"], len(one["results"])) for one in results] == [(True, True, 1), (False, True, 0)]
    assert_gone(session, before)
    assert let_in(login1, "bob").status != 0
