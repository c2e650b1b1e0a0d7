# SPDX-License-Identifier: GPL-3.0-or-later
"""The order "logon" of logoff-host, over memory hosts and a folder in place of "/"."""

import os
import re
import time

import pytest

from test_change import LETS_IN, PROVED, REFUSES, TEXT, root, services, state  # noqa: F401: a fixture
from test_host import Peer, REAL, check, fields, only, program  # noqa: F401

NOTHING = {"mode": "enabled", "lasting": False, "since": None, "by": None, "text": None, "services": [], "sessions_left": None, "nologin": []}
HOST = REAL + "session id=7 user=bob background logon=2025-03-14T08:06:00Z\n"


@pytest.fixture
def peer(program, root, tmp_path):
    """Starts logoff-host with the folder, and reads the hello."""
    peers = []

    def start(*arguments, host=HOST, **more):
        (tmp_path / "host").write_text(host)
        peers.append(Peer(program, f"memory:{tmp_path}/host", *arguments, **{"LOGOFF_DRAIN_ROOT": str(root)} | more))
        peers[-1].hello()
        return peers[-1]

    yield start
    for one in peers:
        one.process.kill()
        one.process.wait()


def logon(one, mode, **more):
    """What the order tells: the answer, the failures, and the exit status."""
    found, reply = one.ask("logon", mode=mode, **more)
    answers = only(found, "logon")
    assert len(answers) <= 1
    return answers[0] if answers else None, fields(found, "failure", "kind", "object", "exit_status"), reply["exit_status"]


def refused(one, mode, **more):
    """The failure of an order that is refused as a whole, which has no reply."""
    serial = one.send("logon", mode=mode, **more)
    failure = one.line()
    assert failure["serial"] == serial
    return tuple(failure["failure"][name] for name in ("kind", "object", "exit_status"))


def test_the_schema_can_fail():
    fine = {"serial": 1, "logon": NOTHING}
    check(fine)
    for wrong in ({"mode": "drain"}, {"lasting": None}, {"nologin": ["/tmp"]}, {"sessions_left": -1}, {"services": [{"service": "sshd"}]}):
        with pytest.raises(Exception, match="not valid"):
            check({"serial": 1, "logon": NOTHING | wrong})


@pytest.mark.parametrize("mode, told, lasting, where", [
    ("drain", "new", True, "var/lib"), ("drain-until-restart", "new", False, "run"), ("disable", "all", False, "run"),
])
def test_what_is_set(peer, root, mode, told, lasting, where):
    services(root, sshd=PROVED, login=PROVED)
    one, begun = peer(), time.time()
    assert logon(one, "query") == (NOTHING, [], 0)
    answer, failures, status = logon(one, mode, text=TEXT, origin="ann@desk")
    assert (failures, status) == ([], 0)
    assert answer == {"mode": told, "lasting": lasting, "since": answer["since"], "by": answer["by"], "text": TEXT, "sessions_left": 2, "nologin": [],
                      "services": [{"service": "login", "refused": True}, {"service": "sshd", "refused": True}]}
    assert answer["by"].endswith(" for ann@desk") and not answer["by"].startswith(" ")
    since = int(re.search(r"since=(\d+)", state(root, where))[1])
    assert begun - 1 <= since <= time.time()
    assert answer["since"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))
    assert f"\nby={answer['by']}\n" in state(root, where)
    assert logon(one, "query") == (answer, [], 0)
    assert logon(one, "enable") == (NOTHING, [], 0)
    assert [name for name in os.listdir(root / where / "logoff") if name != "lock"] == []


def test_nobody_is_named_without_an_origin(peer, root):
    services(root, sshd=PROVED)
    assert " for " not in logon(peer(), "drain", text=TEXT)[0]["by"]


def test_the_longest_names(peer, root):
    """The file must stay one that can be read."""
    services(root, sshd=PROVED)
    one = peer()
    answer, failures, status = logon(one, "drain", text=TEXT, origin="x" * 256)
    assert (failures, status) == ([], 0) and 200 < len(answer["by"]) <= 256
    assert logon(one, "query") == (answer, [], 0)


def test_the_sentence_that_stands_for_a_text(peer, root):
    sentence = "This machine accepts no new logons at present."
    services(root, sshd=REFUSES.format(sentence))
    assert logon(peer(), "drain")[0]["text"] == sentence


def test_texts(peer, root):
    services(root, sshd=REFUSES.format("a"))
    one = peer()
    answer, _, status = logon(one, "drain", text="a\nb\x1b[2J")
    assert (answer["text"], status) == ("a\nb\\x1b[2J", 0)
    assert refused(one, "drain", text="\x1b" * 257) == refused(one, "disable", text="x" * 1025) == ("wrong-order", "text", 1)
    assert logon(one, "query")[0] == answer, "nothing was changed"


def test_services(peer, root):
    """Each that is not proved to refuse makes the status 6, and the state stays."""
    services(root, sshd=PROVED, login=LETS_IN, lightdm="account requisite pam_deny.so\n", cron=LETS_IN)
    one = peer()
    for mode in ("drain", "query"):
        answer, failures, status = logon(one, mode, **({"text": TEXT} if mode == "drain" else {}))
        assert (failures, status) == ([], 6)
        assert answer["services"] == [{"service": "lightdm", "refused": None}, {"service": "login", "refused": False}, {"service": "sshd", "refused": True}]
    assert TEXT in state(root)


def test_no_service(peer, root):
    answer, failures, status = logon(peer(), "drain")
    assert (answer["mode"], answer["services"], failures, status) == ("new", [], [("drain-unproved", None, 6)], 6)


def test_groups_that_cannot_be_read(peer, root):
    services(root, sshd=PROVED)
    (root / "etc/logoff").mkdir()
    (root / "etc/logoff/drain.conf").write_text("sudo\n")
    answer, failures, status = logon(peer(), "drain", text=TEXT)
    assert (answer["mode"], answer["services"], failures, status) == ("new", [], [("drain-unknown", "/etc/logoff/drain.conf", 6)], 6)


def test_a_state_that_is_unknown(peer, root):
    (root / "run/logoff").mkdir()
    (root / "run/logoff/drain").write_text("drain\n")
    (root / "etc/nologin").touch()
    one = peer()
    found, reply = one.ask("logon", mode="query")
    cause = only(found, "failure")[0]["cause"]
    assert (cause["domain"], cause["name"]) == ("errno", "EBADMSG")
    assert fields(found, "failure", "kind", "object", "exit_status") == [("drain-unknown", "/run/logoff/drain", 6)]
    assert only(found, "logon") == [NOTHING | {"mode": None, "nologin": ["/etc/nologin"]}] and reply["exit_status"] == 6


def test_a_folder_that_is_missing(peer, root):
    assert logon(peer(LOGOFF_DRAIN_ROOT="/nonexistent"), "query") == (None, [("drain-unknown", "/nonexistent", 6)], 6)


def test_a_state_that_cannot_be_written(peer, root):
    (root / "var/lib/logoff").touch()
    assert logon(peer(), "drain") == (None, [("drain-not-written", "/var/lib/logoff/drain", 6)], 6)


def test_who_may_not(peer, root):
    """A user who cannot write to /run changes nothing. PAM would not answer that user, so there is no service."""
    one = peer()
    assert logon(one, "drain")[2] == 6
    (root / "run").rename(root / "away")
    for mode in ("enable", "disable", "drain", "drain-until-restart"):
        assert logon(one, mode) == (None, [("denied", None, 3)], 3)
    answer, failures, status = logon(one, "query")
    assert (answer["mode"], answer["services"], failures, status) == ("new", [], [], 0)


def test_whose_sessions_do_not_count(peer, root):
    services(root, sshd=PROVED)
    more = ("session id=8 user=alice tty=pts/8 current\nsession id=9 user=alice tty=pts/9 own\nsession id=10 user=bob greeter\n"
            "session id=11 user=bob tty=pts/11 state=disconnected\n")
    assert logon(peer(host=HOST + more), "drain", text=TEXT)[0]["sessions_left"] == 3


def test_nologin(peer, root):
    (root / "run/nologin").touch()
    (root / "etc/nologin").symlink_to("/nonexistent")
    assert logon(peer(), "enable") == (NOTHING | {"nologin": ["/run/nologin", "/etc/nologin"]}, [], 0)


@pytest.mark.parametrize("host, failure", [("host list-fails=EPROTO realtime\n", "wrong-answer"), ("host list-fails=EACCES\n", "denied")])
def test_sessions_that_cannot_be_counted(peer, root, host, failure):
    """Unknown is not none."""
    services(root, sshd=PROVED)
    answer, failures, status = logon(peer(host=HOST.replace("host realtime\n", host)), "drain", text=TEXT)
    assert (answer["sessions_left"], [one[0] for one in failures]) == (None, [failure]) and status == failures[0][2] > 0


def test_a_host_in_memory_has_no_state(peer):
    """No other mode than this: if it failed, it would change the machine that the test runs on."""
    assert logon(peer(LOGOFF_DRAIN_ROOT=""), "query") == (None, [("unsupported", None, 6)], 6)


def test_read_only(peer, root):
    services(root, sshd=PROVED)
    assert logon(peer(), "drain", text=TEXT)[2] == 0
    one = peer("--read-only")
    for mode in ("enable", "disable", "drain", "drain-until-restart"):
        assert refused(one, mode) == ("read-only", "logon", 3)
    answer, failures, status = logon(one, "query")
    assert (answer["mode"], answer["services"], failures, status) == ("new", [{"service": "sshd", "refused": True}], [], 0)


HANGS = "account required pam_exec.so quiet quiet_log stdout /bin/sleep 30\n"


def test_a_service_that_hangs(peer, root):
    """Nothing cancels the order, no other one comes between, and the next ones go on."""
    services(root, sshd=HANGS, login=PROVED)
    one, begun = peer(), time.monotonic()
    serial = one.send("logon", mode="drain", text=TEXT)
    time.sleep(0.5)
    one.raw(b'{"order":"cancel"}\n')
    assert one.line() == {"serial": None, "reply": "cancel", "running": False}
    other = one.send("list")
    failure = one.line()
    assert failure["failure"]["kind"] == "busy" and failure["serial"] == other
    answer, reply = one.line(), one.line()
    assert answer["logon"]["services"] == [{"service": "login", "refused": True}, {"service": "sshd", "refused": None}]
    assert (reply["serial"], reply["exit_status"]) == (serial, 6) and 4 < time.monotonic() - begun < 15
    assert len(only(one.ask("list")[0], "session")) == 3
    assert one.end() == ([], 0)


def test_a_peer_that_leaves(peer, root):
    """The order is carried out to its end."""
    services(root, sshd=HANGS)
    one = peer()
    one.send("logon", mode="drain", text=TEXT)
    time.sleep(0.3)
    found, status = one.end()
    assert found[-1]["reply"] == "logon" and found[-1]["exit_status"] == 6 and status == 0
    assert TEXT in state(root)


@pytest.mark.parametrize("stack", [
    "account required pam_exec.so quiet quiet_log stdout /usr/bin/printf {\\\"serial\\\":1}\\n\naccount required pam_permit.so\n",
    "account required pam_exec.so quiet quiet_log /bin/sh -c kill\\ -9\\ $PPID\n",
], ids=["prints", "kills"])
def test_modules_that_do_harm(peer, root, stack):
    """What PAM's modules print, and how they end, is not seen by the peer."""
    services(root, sshd=stack, login=PROVED)
    one = peer()
    answer, failures, status = logon(one, "drain", text=TEXT)
    assert failures == [] and status == 6
    assert {service["service"]: service["refused"] for service in answer["services"]}["login"] is True
    assert answer["services"][1]["refused"] is not True
    assert len(only(one.ask("list")[0], "session")) == 3 and one.end() == ([], 0)
