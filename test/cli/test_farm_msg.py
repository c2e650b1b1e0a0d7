# SPDX-License-Identifier: GPL-3.0-or-later
"""msg for many hosts: who is meant, which orders hosts get, and what msg reports if they answer wrongly, late or not at all.

The hosts are logoff-hosts over memory hosts, and PEER, which speaks the protocol and breaks it where its word says so.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from test_cli import VALGRIND

SECONDS = 60    # the longest time for anything; only a failing test needs it

ONE = """caller uid=0
user name=alice uid=1000
user name=bob uid=1001
user name=carol uid=1002
user name=12 uid=1003
session id=5 user=alice tty=pts/3 logon=2025-03-14T08:02:00Z
session id=12 user=bob display=:10 rdp=10 logon=2025-03-14T08:03:00Z user-answers=ok
session id=c3 user=carol tty=pts/5 state=disconnected logon=2025-03-14T08:04:00Z
session id=6 user=carol tty=pts/6 state=closing logon=2025-03-14T08:05:00Z
session id=7 user=bob background logon=2025-03-14T08:06:00Z
"""
TWO = """caller uid=0
user name=alice uid=1000
user name=dave uid=1004
session id=5 user=alice tty=pts/1 logon=2025-03-14T09:02:00Z
session id=6 user=alice tty=pts/2 logon=2025-03-14T09:03:00Z
session id=12 user=dave tty=pts/3 logon=2025-03-14T09:04:00Z
session id=13 user=dave tty=pts/3 logon=2025-03-14T09:05:00Z
session id=14 user=dave tty=pts/9 logon=2025-03-14T09:06:00Z message-fails=EACCES
"""

PEER = r"""
import json, os, sys, time

word, log, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
open(log, "a").write("started\n")


def say(**fields):
    print(json.dumps(fields), flush=True)


def session(i, **more):
    row = {"host": "?", "id": str(i), "name": f"pts/{i}", "user": "alice", "domain": None, "uid": 1000, "state": "active", "kind": "user",
           "current": False, "own": False, "console": False, "registered": True, "protocol": None, "terminal": f"pts/{i}",
           "terminals": [f"pts/{i}"], "display": None, "address": None, "client": None, "logon_time": None, "age_seconds": None,
           "idle_seconds": None}
    return {**row, **more}


def deliver(serial, id, result="delivered", **more):
    say(serial=serial, delivery={**session(id), "result": result, "channel": "terminal", "answer": None, "cause": None, "exit_status": 0, **more})


def fail(serial, kind, object, status, cause=None):
    say(serial=serial, failure={"host": "?", "kind": kind, "object": object, "cause": cause, "exit_status": status})


def reply(serial, order, status=0, hides=False):
    say(serial=serial, reply=order, exit_status=status, hides_processes=hides)


CAUSE = {"domain": "errno", "text": "its logon time does not tell", "name": "ENODATA", "number": 61}
first = open(log).read().count("started") == 1
say(**{"logoff-host": 1, "version": "x", "host": "h" if first or word != "moves" else "other", "boot": None if word == "no-boot" else "b-1", "kind": "logind", "euid": 0, "times": True,
       "read_only": False, "instance": log if first or word != "may-move" else None})
for line in sys.stdin:
    order = json.loads(line)
    open(log, "a").write(line)
    serial, what = order["serial"], order["order"]
    if what == "list":
        for i in range(1, n + 1):
            say(serial=serial, session=session(i), logon=1741939320000000 + i)
        if word == "dies-listing":
            sys.exit(1)
        if word in ("slow", "late-list"):
            time.sleep(1 if word == "slow" else 600)
        if word == "list-fails":
            fail(serial, "no-answer", None, 6)
        reply(serial, "list", 6 if word == "list-fails" else 0, word == "hides")
        if word in ("held-dies", "moves", "may-move"):
            sys.exit(1)
        continue
    if what == "cancel":
        if word != "deaf":
            reply(serial, "cancel")
            deliver(waiting, ids[1], "cancelled", exit_status=7)
            deliver(waiting, ids[2], "cancelled", channel=None, exit_status=7)
            reply(waiting, "message", 7)
        continue
    ids = [one["id"] for one in order["sessions"]]
    if word == "for-nobody":
        deliver(serial, "999")
    elif word == "nothing":
        pass
    elif word == "breaks":
        deliver(serial, ids[0])
        os._exit(1)
    elif word in ("late", "waits", "deaf"):
        deliver(serial, ids[0])
        waiting = serial
        open(log, "a").write("waits\n")
        if word == "late":
            time.sleep(600)
        continue
    elif word == "twice":
        deliver(serial, ids[0])
        deliver(serial, ids[0])
    elif word == "strange":
        deliver(serial, ids[0], "shown, perhaps")
    elif word == "no-delivery":
        say(serial=serial, delivery=None)
    elif word == "no-id":
        say(serial=serial, delivery={"result": "delivered"})
    elif word == "noise":
        print("hello")
    elif word == "may-move":
        fail(serial, "no-session", ids[0], 2)
    elif word == "failures":
        fail(serial, "changed", ids[0], 0)
        fail(serial, "changed", ids[1], 5, CAUSE)
        fail(serial, "no-session", ids[2], 2)
        fail(serial, "denied", ids[3], 0)
        fail(serial, "no-answer", ids[4], 0, {**CAUSE, "text": "\x1b[2Jno"})
        fail(serial, "broken", None, 6)
        fail(serial, "no-session", "999", 2)
    else:
        for id in ids:
            deliver(serial, id)
    if word == "fails-then":
        fail(serial, "unreachable", None, 6)
    reply(serial, "message")
"""


class Run:
    """What a msg has printed, and its exit status."""

    def __init__(self, process):
        out, err = process.communicate(timeout=SECONDS)
        self.out, self.err, self.status = out.decode().splitlines(), err.decode().splitlines(), process.returncode
        assert not [one for one in out + err if one < 32 and one != 10], "control characters reached the terminal"

    def is_quiet(self):
        return (self.out, self.err, self.status) == ([], [], 0)


class Farm:
    """A hosts file, and the command."""

    def __init__(self, binary, folder, valgrind):
        self.folder, self.binary, self.started = folder, binary, []
        built = binary.parent.parent / "host/logoff-host"
        self.program = built if built.exists() else binary.parent / "logoff-host"
        self.before = VALGRIND + [f"--log-file={folder}/valgrind-%p"] if valgrind else []
        self.file = folder / "hosts"
        self.file.touch(mode=0o600)
        (folder / "peer").write_text(PEER)
        (folder / "gone").write_text("echo 'ssh: connect to host gone port 22: No route to host' >&2; exit 255\n")
        self.add("gone", f"sh {folder}/gone")

    def add(self, name, command):
        with self.file.open("a") as file:
            file.write(f'{name} command="{command}"\n')

    def memory(self, name, text):
        (self.folder / f"memory-{name}").write_text(text)
        self.add(name, f"env LOGOFF_HOST=memory:{self.folder}/memory-{name} {self.program}")

    def peer(self, name, word, n=1):
        self.add(name, f"{sys.executable} {self.folder}/peer {word} {self.folder}/log-{name} {n}")

    def log(self, name):
        """What a peer has been told; without it, it was not asked."""
        path = self.folder / f"log-{name}"
        return path.read_text().splitlines() if path.exists() else []

    def orders(self, name):
        return [json.loads(line) for line in self.log(name) if line.startswith("{")]

    def start(self, *arguments):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "LOGOFF_HOSTS_FILE": str(self.file), "LOGOFF_HOST": "memory:/nonexistent"}
        env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
        self.started.append(subprocess.Popen([*self.before, self.binary.parent / "msg", *arguments], env=env, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True))
        return self.started[-1]

    def end(self):
        """Ends what a failed test has left: SIGTERM twice, so that the peers end too."""
        for process in self.started:
            for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
                if process.poll() is None:
                    process.send_signal(number)
                    time.sleep(1)
            process.wait()

    def msg(self, *arguments, text=("hello",)):
        found = Run(self.start(*arguments, *text))
        for log in self.folder.glob("valgrind-*"):
            assert log.read_text() == ""
        return found


@pytest.fixture
def farm(binary, tmp_path, request):
    made = Farm(binary, tmp_path, request.config.getoption("--valgrind"))
    made.memory("one", ONE)
    made.memory("two", TWO)
    if made.before:
        made.start("alice", "/server:one", "hello").communicate(timeout=SECONDS)
        for log in tmp_path.glob("valgrind-*"):
            if "unhandled amd64-linux syscall: 434" in log.read_text():
                pytest.skip("this valgrind does not know pidfd_open(2)")
            log.unlink()
    yield made
    made.end()


BOTH = "/server:one,two"


def told(*sessions):
    """What /v says of messages on terminals."""
    return sorted(f"Session {session}: the message to {user} has been written to the terminal." for session, user in sessions)


# ---- who is meant ----


@pytest.mark.parametrize("word", ["alice", "user:alice", "USER:alice"])
def test_a_user_on_all_hosts(farm, word):
    found = farm.msg(word, "/v", BOTH)
    assert sorted(found.out) == told(("one:5 (pts/3)", "alice"), ("two:5 (pts/1)", "alice"), ("two:6 (pts/2)", "alice"))
    assert (found.err, found.status) == ([], 0)
    assert farm.msg(word, BOTH).is_quiet()


def test_everybody(farm):
    found = farm.msg("*", "/v", BOTH)
    assert sorted(line for line in found.out if "left out" not in line) == sorted(
        told(("one:5 (pts/3)", "alice"), ("two:5 (pts/1)", "alice"), ("two:6 (pts/2)", "alice"), ("two:12 (pts/3)", "dave"),
             ("two:13 (pts/3)", "dave"), ("one:c3", "carol")) + ["Session one:12 (rdp-tcp#10): the message to bob is a notification of the desktop."])
    assert sorted(line for line in found.out if "left out" in line) == [
        "Session one:6 of carol: left out, its user has left.", "Session one:7 of bob: left out, nobody works in it."]
    assert found.err == ["msg: session two:14 (pts/9): access denied, dave gets no message (the description of the host wants this to fail)"] and found.status == 3


@pytest.mark.parametrize("word,who", [
    ("one:5", ("one:5 (pts/3)", "alice")), ("ONE:id:5", ("one:5 (pts/3)", "alice")), ("one:pts/3", ("one:5 (pts/3)", "alice")),
    ("two:name:pts/1", ("two:5 (pts/1)", "alice")), ("one:c3", ("one:c3", "carol")), ("one:32770", ("one:c3", "carol")), ("one:carol", ("one:c3", "carol")),
    ("one:user:alice", ("one:5 (pts/3)", "alice")),
])
def test_a_session_of_one_host(farm, word, who):
    farm.peer("three", "right")
    found = farm.msg(word, "/v", "/server:three,two,one,gone")
    assert (found.out, found.err, found.status) == (told(who), [], 0)
    assert farm.log("three") == [], "a host that is not meant was asked"


@pytest.mark.parametrize("word", ["5", "id:5", "pts/3", "name:pts/3", "rdp-tcp#10", ":10", "group:adm"])
def test_a_session_needs_its_host(farm, word):
    """Nobody is asked for it: a word is wrong whoever is logged on."""
    farm.peer("three", "right")
    found = farm.msg(word, "/server:three,one")
    example = f"three:'{word}'" if "#" in word else f"three:{word}"
    assert found.err == [f"msg: {word}: with several hosts write a session with its host, such as {example}, and a user as user:NAME"]
    assert (found.out, found.status, farm.log("three")) == ([], 1, [])


def test_a_host_that_is_not_meant(farm):
    found = farm.msg("login99:5", BOTH)
    assert (found.err, found.status) == (["msg: login99:5: there is no host of this name in /server"], 1)


def test_a_word_that_is_a_session_somewhere(farm):
    """Only the hosts can tell that c3 is a session, and that of another host would be as good."""
    found = farm.msg("c3", BOTH)
    assert found.err == ["msg: c3: with several hosts write a session with its host, such as one:c3, and a user as user:NAME"]
    assert (found.out, found.status) == ([], 1)


def test_a_session_and_a_user_have_one_name(farm):
    farm.memory("three", ONE.replace("user=alice", "user=12"))
    found = farm.msg("three:12", "/server:one,three")
    assert found.err == ["msg: three:12: a session and a user have this name; write three:id:12 or three:user:12"] and found.status == 2
    assert farm.msg("user:12", "/v", "/server:one,three").out == told(("three:5 (pts/3)", "12"))
    found = farm.msg("12", "/server:three")
    assert found.err == ["msg: 12: a session and a user have this name; write id:12 or user:12"] and found.status == 2


def test_users_of_this_machine_are_not_those_of_another(farm):
    farm.memory("three", ONE.replace("tty=pts/3", "tty=root"))
    assert farm.msg("root", "/v", "/server:three").out == told(("5 (root)", "alice"))
    assert farm.msg("three:root", "/v", "/server:one,three").out == told(("three:5 (root)", "alice"))


def test_hosts_with_strange_names(farm):
    """A kind of word comes before a host, and of two hosts the longer name counts."""
    farm.memory("user", ONE)
    assert sorted(farm.msg("user:alice", "/v", "/server:user,two").out) == told(
        ("two:5 (pts/1)", "alice"), ("two:6 (pts/2)", "alice"), ("user:5 (pts/3)", "alice"))
    farm.memory("fe80::1", ONE)
    farm.memory("fe80::1:5", TWO)
    assert farm.msg("fe80::1:5", "/v", "/server:fe80::1,fe80::1:5").out == told(("fe80::1:5 (pts/3)", "alice"))
    assert farm.msg("fe80::1:5:6", "/v", "/server:fe80::1,fe80::1:5").out == told(("fe80::1:5:6 (pts/2)", "alice"))


def test_nobody(farm):
    for word in ("erin", "one:erin", "two:c3", "two:id:99"):
        found = farm.msg(word, BOTH)
        assert found.err == [f"msg: {word}: no such session, and no such user is logged on"] and found.status == 2
    farm.memory("left", ONE.replace("c3", "c4").replace("disconnected", "closing"))
    found = farm.msg("carol", "/server:left,two")
    assert found.err == ["msg: carol: this user has left; only sessions that are closing are still there"] and found.status == 2
    farm.memory("empty", "caller uid=0\n")
    farm.memory("void", "caller uid=0\n")
    found = farm.msg("*", "/server:empty,void")
    assert (found.err, found.status) == (["msg: nobody is logged on"], 2)


def test_names_that_do_not_tell(farm):
    found = farm.msg("two:pts/3", BOTH)
    assert found.err == ["msg: two:pts/3: more than one session has this name; use the id"] and found.status == 2
    found = farm.msg("one:pts/5", BOTH)
    assert found.err == ["msg: one:pts/5: the session of this name is not active; use its id c3"] and found.status == 2


def test_one_far_host_is_as_one_server(farm):
    """No host in the labels, and words as ever."""
    assert farm.msg("5", "/v", "/server:one").out == told(("5 (pts/3)", "alice"))
    assert farm.msg("pts/3", "/v", "/server:one").out == told(("5 (pts/3)", "alice"))
    assert farm.msg("one:5", "/v", "/server:one").out == told(("5 (pts/3)", "alice"))
    assert farm.msg("alice", "/server:one").is_quiet()
    for word, err in (("99", "msg: 99: no such session, and no such user is logged on"),
                      ("pts/5", "msg: pts/5: the session of this name is not active; use its id c3")):
        found = farm.msg(word, "/server:one")
        assert (found.out, found.err, found.status) == ([], [err], 2)
    found = farm.msg("two:5", "/server:one")
    assert (found.out, found.err, found.status) == ([], ["msg: two:5: there is no host of this name in /server"], 1)
    found = farm.msg("pts/3", "/server:two")
    assert found.err == ["msg: pts/3: more than one session has this name; use the id"]
    found = farm.msg("alice", "/server:gone")
    assert (found.out, found.status) == ([], 6) and len(found.err) == 1 and found.err[0].startswith("msg: gone: ")


def test_lists(farm, tmp_path):
    (tmp_path / "list").write_text("alice   # everywhere\n\none:12\ntwo:id:12\ntwo:5\nuser:carol\nerin\n")
    found = farm.msg(f"@{tmp_path}/list", "/v", BOTH)
    assert sorted(found.out) == sorted(
        told(("one:5 (pts/3)", "alice"), ("two:5 (pts/1)", "alice"), ("two:6 (pts/2)", "alice"), ("two:12 (pts/3)", "dave"), ("one:c3", "carol"))
        + ["Session one:12 (rdp-tcp#10): the message to bob is a notification of the desktop."])
    assert found.err == [f"msg: {tmp_path}/list, line 7: erin: no such session, and no such user is logged on"] and found.status == 2


@pytest.mark.parametrize("lines,status,err", [
    ("alice\n5\n", 1, "{list}, line 2: 5: with several hosts write a session with its host, such as three:5, and a user as user:NAME"),
    ("alice\nlogin99:5\n", 1, "the list {list}: line 2 is not a session name, id or user name"),
    ("root:$y$j9T:19000:0:::\n", 1, "the list {list}: line 1 is not a session name, id or user name"),
    ("three:$y$j9T:19000\n", 1, "the list {list}: line 1 is not a session name, id or user name"),
    ("# nobody\n", 2, "the list {list} is empty"),
])
def test_wrong_lists_ask_nobody(farm, tmp_path, lines, status, err):
    (tmp_path / "list").write_text(lines)
    farm.peer("three", "right")
    found = farm.msg(f"@{tmp_path}/list", "/server:three,one")
    assert found.err == ["msg: " + err.format(list=f"{tmp_path}/list")]
    assert (found.out, found.status, farm.log("three")) == ([], status, [])


def test_wrong_command_lines(farm):
    found = farm.msg(BOTH, text=())
    assert found.err[0] == "msg: no recipient is given" and found.status == 1
    found = farm.msg("alice", "/server:@nobody")
    assert found.err[0].startswith("msg: @nobody: ") and found.status == 1
    found = farm.msg("alice", BOTH, text=())
    assert found.err == ["msg: there is no message"] and found.status == 1


# ---- what is not known ----


def test_found_on_none_of_the_hosts_that_answered(farm):
    """A host that does not answer may be where they are."""
    farm.memory("empty", "caller uid=0\n")
    for word, servers in (("erin", "two,gone"), ("carol", "two,gone"), ("*", "empty,gone")):
        found = farm.msg(word, f"/server:{servers}")
        assert found.err[0].startswith("msg: gone: ") and found.status == 6
        assert found.err[1] == f"msg: {word}: found on none of the hosts that answered"
        assert found.err[2].startswith("1 of 2 hosts") and len(found.err) == 3
    found = farm.msg("erin", "/server:two,gone", "/allowunreachable")
    assert found.err[1] == "msg: erin: found on none of the hosts that answered" and found.status == 6


def test_who_is_found_gets_it_all_the_same(farm):
    found = farm.msg("alice", "/v", "/server:one,gone")
    assert found.out == told(("one:5 (pts/3)", "alice")) and found.status == 6
    assert found.err[0].startswith("msg: gone: ")
    found = farm.msg("alice", "/v", "/server:one,gone", "/allowunreachable")
    assert found.out == told(("one:5 (pts/3)", "alice")) and found.status == 0
    assert found.err[0].startswith("msg: gone: ")


@pytest.mark.parametrize("word,first", [("dies-listing", "cannot be reached"), ("late-list", "no answer in time")])
def test_a_list_that_breaks_off_is_none(farm, word, first):
    """A session of half a list gets no message."""
    farm.peer("three", word)
    found = farm.msg("alice", "/v", "/server:one,three", "/timeout:2")
    assert found.out == told(("one:5 (pts/3)", "alice")) and found.status == 6
    assert found.err[0].startswith(f"msg: three: {first}")
    assert [order["order"] for order in farm.orders("three")] == ["list"]


@pytest.mark.parametrize("word", ["list-fails", "hides"])
def test_a_list_that_may_lack_some(farm, word):
    """Listed users get the message. Others may be there."""
    farm.peer("three", word)
    found = farm.msg("alice", "/v", "/server:one,three")
    assert sorted(found.out) == told(("one:5 (pts/3)", "alice"), ("three:1 (pts/1)", "alice"))
    assert found.status == (0 if word == "hides" else 6)
    found = farm.msg("erin", "/server:one,three")
    assert "msg: erin: found on none of the hosts that answered" in found.err and found.status == 6
    assert ("msg: logins that the session manager does not know cannot be seen: /proc hides them (hidepid)" in found.err) == (word == "hides")
    found = farm.msg("three:7", "/server:one,three")
    assert "msg: three:7: not found, but the list of three may lack sessions" in found.err and found.status == 6


# ---- orders ----


def test_the_order(farm):
    farm.peer("three", "right", 2)
    farm.peer("four", "no-boot")
    assert farm.msg("alice", "/server:three,four", "/time:7", text=("a", "b\xe9")).is_quiet()
    orders = farm.orders("three")
    assert [order["order"] for order in orders] == ["list", "message"]
    order = orders[1]
    assert order.pop("title").startswith("Message from ") and order.pop("serial") > orders[0]["serial"]
    assert order == {"order": "message", "text": "a b\xe9", "time": 7, "answers": False, "boot": "b-1",
                     "sessions": [{"id": "1", "logon": 1741939320000001}, {"id": "2", "logon": 1741939320000002}]}
    assert "boot" not in farm.orders("four")[1]
    assert farm.msg("three:2", "/server:three,four", "/w", "/time:0").status == 0
    order = farm.orders("three")[-1]
    assert (order["answers"], order["time"], [one["id"] for one in order["sessions"]]) == (True, 0, ["2"])


def test_more_than_one_order_holds(farm):
    farm.peer("three", "right", 5000)
    found = farm.msg("*", "/v", "/server:one,three")
    assert len([line for line in found.out if " three:" in line]) == 5000 == len(set(line for line in found.out if " three:" in line))
    orders = [order for order in farm.orders("three") if order["order"] == "message"]
    assert [len(order["sessions"]) for order in orders] == [4096, 904]
    assert {one["id"] for order in orders for one in order["sessions"]} == {str(i) for i in range(1, 5001)}
    assert found.status == 0


def test_the_text(farm):
    farm.memory("three", ONE.replace("tty=pts/3", 'tty=pts/3 wants="a\\\\x1b[2J b\\xef\\xbf\\xbd"'))
    assert farm.msg("three:5", "/server:three,one", text=(b"a\x1b[2J", b"b\xff")).is_quiet()
    found = farm.msg("three:5", "/server:three,one", text=("x" * 8193,))
    assert found.err == ["msg: the message is longer than 8192 bytes"] and found.status == 1
    found = farm.msg("three:5", "/server:three,one", text=(b"x" * 8190 + b"\xff",))
    assert found.err == ["msg: the message is longer than 8192 bytes"] and found.status == 1
    farm.memory("four", ONE)
    assert farm.msg("four:5", "/server:four,one", text=("x" * 8192,)).is_quiet()


def test_answers(farm):
    found = farm.msg("*", "/w", "/server:one")
    assert sorted(found.out) == ["Session 12 (rdp-tcp#10): bob has answered OK.", "Session 5 (pts/3): a terminal cannot give the answer of alice.",
                                 "Session c3: a terminal cannot give the answer of carol."]
    assert (found.err, found.status) == ([], 0)


# ---- answers ----

UNKNOWN = "msg: session three:{0} (pts/{0}): nobody can tell whether alice has got the message"


@pytest.mark.parametrize("word,delivered", [
    ("for-nobody", 0), ("nothing", 0), ("breaks", 1), ("twice", 1), ("strange", 0), ("no-delivery", 0), ("no-id", 0), ("noise", 0),
])
def test_wrong_peers(farm, word, delivered):
    """Each recipient has one line, and only those count as delivered whose delivery came. The host has a line too."""
    farm.peer("three", word, 2)
    found = farm.msg("alice", "/v", "/server:one,three")
    assert sorted(found.out) == told(("one:5 (pts/3)", "alice"), *((f"three:{i} (pts/{i})", "alice") for i in range(1, delivered + 1)))
    why = [line for line in found.err if line.startswith("msg: three: ")]
    assert len(why) == (word != "nothing")
    assert found.err == why + [UNKNOWN.format(i) for i in range(delivered + 1, 3)] and found.status == 6
    assert [order["order"] for order in farm.orders("three")].count("message") == 1, "an order was given twice"


def test_a_connection_that_breaks_between_the_orders(farm):
    """The host has no order yet: it is reached again, and gets it once."""
    farm.peer("three", "held-dies", 2)
    farm.peer("four", "slow")
    found = farm.msg("alice", "/v", "/server:three,four")
    assert sorted(found.out) == told(("three:1 (pts/1)", "alice"), ("three:2 (pts/2)", "alice"), ("four:1 (pts/1)", "alice"))
    assert (found.err, found.status) == ([], 0)
    assert farm.log("three").count("started") == 2 and [order["order"] for order in farm.orders("three")] == ["list", "message"]


def test_another_machine_answers_to_the_name(farm):
    """Its sessions are others, whatever their ids, and those of the first machine have not ended."""
    farm.peer("three", "moves")
    farm.peer("four", "slow")
    found = farm.msg("alice", "/v", "/server:three,four")
    assert found.out == told(("four:1 (pts/1)", "alice")) and found.status == 6
    assert found.err == ["msg: session three:1 (pts/1): the message to alice could not be delivered (another machine answers now)"]
    assert [order["order"] for order in farm.orders("three")] == ["list"]


def test_another_machine_may_answer_to_the_name(farm):
    """That it has no such session does not mean that the session has ended."""
    farm.peer("three", "may-move")
    farm.peer("four", "slow")
    found = farm.msg("alice", "/v", "/server:three,four")
    assert found.out == told(("four:1 (pts/1)", "alice")) and found.status == 6
    assert found.err == ["msg: session three:1 (pts/1): the message to alice could not be delivered (another machine may have answered)"]


def test_a_host_that_is_not_reached_again(farm, tmp_path):
    """It has no order, so nobody there has got the message."""
    farm.add("three", f"sh {tmp_path}/once")
    (tmp_path / "once").write_text(f"mkdir {tmp_path}/first && exec {sys.executable} {tmp_path}/peer held-dies {tmp_path}/log-three 1\n"
                                   "echo no route to it >&2; exit 255\n")
    farm.peer("four", "slow")
    found = farm.msg("alice", "/v", "/server:three,four")
    assert found.out == told(("four:1 (pts/1)", "alice")) and found.status == 6
    assert found.err == ["msg: session three:1 (pts/1): the message to alice could not be delivered (no route to it)"]


def test_a_peer_that_is_late(farm):
    farm.peer("three", "late", 2)
    start = time.monotonic()
    found = farm.msg("alice", "/v", "/server:one,three", "/timeout:1")
    assert 10 < time.monotonic() - start < 20
    assert sorted(found.out) == told(("one:5 (pts/3)", "alice"), ("three:1 (pts/1)", "alice"))
    assert found.err[0].startswith("msg: three: ") and found.err[1:] == [UNKNOWN.format(2)] and found.status == 6


def test_failures_of_recipients(farm):
    """They stand for the delivery, whatever exit status the peer gives them."""
    farm.peer("three", "failures", 6)
    found = farm.msg("alice", "/v", "/server:three")
    assert found.out == []
    assert found.err[:5] == [
        "msg: session 1 (pts/1): it has ended, alice gets no message",
        "msg: session 2 (pts/2): the message to alice could not be delivered (its logon time does not tell)",
        "msg: session 3 (pts/3): it has ended, alice gets no message",
        "msg: session 4 (pts/4): access denied, alice gets no message",
        "msg: session 5 (pts/5): the message to alice could not be delivered (\\x1b[2Jno)",
    ]
    assert found.err[5].startswith("msg: three: ") and found.err[6].startswith("msg: three:999: ")
    assert found.err[7:] == ["msg: session 6 (pts/6): nobody can tell whether alice has got the message"]
    assert found.status == 6


def test_a_failure_of_the_host_counts(farm):
    """Whatever it is about, not all may be well."""
    farm.peer("three", "fails-then")
    found = farm.msg("alice", "/v", "/server:one,three")
    assert sorted(found.out) == told(("one:5 (pts/3)", "alice"), ("three:1 (pts/1)", "alice")) and found.status == 6
    assert len(found.err) == 1 and found.err[0].startswith("msg: three: ")


# ---- Ctrl-C ----


def wait_for(wanted):
    end = time.monotonic() + SECONDS
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_cancel_while_hosts_are_asked(farm):
    farm.peer("three", "late-list")
    process = farm.start("alice", "/server:one,three", "hello")
    wait_for(lambda: farm.orders("three"))
    process.send_signal(signal.SIGINT)
    found = Run(process)
    assert found.out == [] and found.status == 7
    assert any(re.match("msg: (one,)?three: cancelled", line) for line in found.err) and "msg: nothing was done" in found.err


def test_cancel_of_the_wait_for_answers(farm):
    """Each host gets a cancel, and reports who has got the message. The second Ctrl-C waits for three seconds."""
    farm.peer("three", "waits", 3)
    farm.peer("four", "deaf", 2)
    process = farm.start("alice", "/v", "/w", "/time:50", "/server:three,four", "hello")
    wait_for(lambda: "waits" in farm.log("three") and "waits" in farm.log("four"))
    process.send_signal(signal.SIGINT)
    wait_for(lambda: farm.orders("four")[-1]["order"] == "cancel")
    time.sleep(0.2)
    assert process.poll() is None
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    found = Run(process)
    assert 2 < time.monotonic() - start < 10
    assert sorted(found.err) == [
        "msg: session four:2 (pts/2): nobody can tell whether alice has got the message",
        "msg: session three:2 (pts/2): the message to alice was delivered, the wait was cancelled",
        "msg: session three:3 (pts/3): cancelled before it was known whether alice got the message"]
    assert found.status == 7


# ---- for programs ----


def test_json(farm):
    jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
    from test_json import DOC, strict

    farm.peer("three", "failures", 6)
    found = farm.msg("*", "/v", "/json", "/server:one,three")
    rows = json.loads("\n".join(found.out))
    jsonschema.Draft202012Validator(strict(json.loads((DOC / "schema/deliveries.json").read_text()))).validate(rows)
    assert sorted((row["host"], row["id"], row["result"], row["exit_status"]) for row in rows) == [
        ("one", "12", "delivered", 0), ("one", "5", "delivered", 0), ("one", "6", "left-out", 0), ("one", "7", "left-out", 0),
        ("one", "c3", "delivered", 0), ("three", "1", "ended", 2), ("three", "2", "failed", 6), ("three", "3", "ended", 2),
        ("three", "4", "denied", 3), ("three", "5", "failed", 6), ("three", "6", "unknown", 6)]
    assert found.status == 6
    kinds = json.loads((DOC / "schema/lines.json").read_text())["oneOf"][-1]["properties"]["kind"]["enum"]
    for word, kind, status in (("5", "usage", 1), ("login99:5", "usage", 1), ("erin", "recipient-unknown", 6), ("three:99", "recipient-unknown", 6)):
        farm.peer("four", "hides")
        found = farm.msg(word.replace("three", "four"), "/json:lines", "/server:one,four")
        failures = [json.loads(line) for line in found.out if '"failure"' in line]
        assert [(one["kind"], one["exit_status"]) for one in failures] == [(kind, status)] and kind in kinds


def test_lines_come_at_once(farm):
    """A host that waits for an answer keeps nobody's line back."""
    farm.peer("three", "deaf", 2)
    process = farm.start("alice", "/w", "/json:lines", "/server:one,three", "hello")
    seen = []
    while len(seen) < 2:
        line = json.loads(process.stdout.readline())
        if line["type"] == "delivery":
            seen.append((line["host"], line["id"], line["result"]))
    assert sorted(seen) == [("one", "5", "delivered"), ("three", "1", "delivered")]
    process.kill()
    process.communicate()
