# SPDX-License-Identifier: GPL-3.0-or-later
"""change logon for many hosts: logoff-hosts with a folder each in place of "/", and PEER, which breaks the protocol where its word says so.

Exit status 0 means that each host has said, and proved, that it does what was wanted.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

from test_change import LETS_IN, PROVED, REFUSES, TEXT, services
from test_cli import VALGRIND
from test_json import DOC, HERE, strict

SECONDS = 60    # the longest time for anything; only a failing test needs it
REFUSED = "New sessions are refused. Users may reconnect to those that they have."
STAYS = "This remains after a restart."
ACCEPTED = "New logons are accepted."
LINES = jsonschema.Draft202012Validator(strict(json.loads((DOC / "schema/lines.json").read_text())))
DOCUMENT = jsonschema.Draft202012Validator(strict(json.loads((DOC / "schema/logon.json").read_text())))

PEER = r"""
import json, os, signal, sys, time

word, log = sys.argv[1], open(sys.argv[2], "a", buffering=1)


def say(**fields):
    print(json.dumps(fields), flush=True)


def logon(**more):
    row = {"mode": "new", "lasting": True, "since": "2025-11-29T12:00:00Z", "by": "ops", "text": "Kernel update", "sessions_left": 3, "nologin": [],
           "services": [{"service": "sshd", "refused": True}]}
    say(serial=serial, logon={**row, **more})


def fail(kind, object=None, cause=None, status=6):
    say(serial=serial, failure={"host": "?", "kind": kind, "object": object, "cause": cause, "exit_status": status})


def reply(status=0, **more):
    say(**{"serial": serial, "reply": "logon", "exit_status": status, "hides_processes": False, **more})


if word == "silent":
    log.write("started\n")
    time.sleep(600)
say(**{"logoff-host": 1, "version": "0", "host": "peer", "boot": "b", "kind": "logind", "euid": 0, "times": True, "read_only": False, "way": None})
for line in sys.stdin:
    order = json.loads(line)
    log.write(line)
    if order["order"] == "cancel":
        say(serial=None, reply="cancel", running=False)
        continue
    serial = order["serial"]
    if word == "fine":
        logon()
        reply()
    elif word == "hidden":
        logon(sessions_left=0)
        reply(hides_processes=True)
    elif word == "not-done":
        logon(**{"mode": "enabled", "lasting": False} if order["mode"] == "drain" else {})
        reply()
    elif word == "for-a-while":
        logon(lasting=False)
        reply()
    elif word == "stricter":
        logon(mode="all")
        reply()
    elif word in ("let-in", "let-in-unsaid"):
        logon(services=[{"service": "sshd", "refused": False}, {"service": "login", "refused": None}])
        reply(6 if word == "let-in" else 0)
    elif word == "unexplained":
        logon()
        reply(6)
    elif word == "unknown":
        logon(mode=None, lasting=False, since=None, by=None, text=None, services=[], sessions_left=None)
        reply(6)
    elif word == "nothing":
        reply()
    elif word == "twice":
        logon()
        logon()
        reply()
    elif word == "other-reply":
        logon()
        reply(reply="list")
    elif word == "breaks":
        sys.exit(1)
    elif word == "breaks-late":
        logon()
        sys.exit(1)
    elif word == "hangs":
        pass
    elif word == "old":
        fail("unknown-order", None, None, 1)
    elif word in ("told-and-refused", "refused-for-nothing"):
        if word == "told-and-refused":
            logon()
        fail("read-only", "logon", None, 3 if word == "told-and-refused" else 0)
    elif word == "hostile":
        logon(text="\x1b[2J\u202etext\nlogin99: fine", by="\x1b]0;evil\x07\n", services=[{"service": "a\x1b[1m\nb", "refused": False}])
        fail("new-kind", "\x1b[2J\n", {"domain": "errno", "number": 13, "name": "EACCES", "text": "\x1b[2J"})
        reply(6)
    elif word == "floods":
        for i in range(100000):
            fail("drain-unknown", f"/x{i}")
    elif word == "causes":
        fail("drain-unknown", "/run/logoff/drain", {"domain": "errno", "number": 13, "name": "EACCES", "text": "Keine Berechtigung"})
        fail("drain-unknown", "/etc/nologin", {"domain": "errno", "number": 13, "name": "EOTHER", "text": "Other words"})
        fail("drain-unproved", None, {"domain": "errno", "number": 65, "name": "ENOPKG", "text": "Package not installed"})
        reply(6)
    else:
        logon(**json.loads(word))
        reply()
"""


class Farm:
    """Hosts with a folder each below PATH, and a file of them."""

    def __init__(self, binary, path, valgrind):
        self.binary, self.path, self.valgrind = binary, path, valgrind
        self.lines = ["@linux login[01-03]"]
        (path / "peer.py").write_text(PEER)
        self.program = binary.parent.parent / "host/logoff-host"
        self.program = self.program if self.program.exists() else binary.parent / "logoff-host"

    def host(self, name, *arguments, host="office", **stacks):
        """A logoff-host. It never has the state of this machine."""
        root = self.path / name
        for folder in ("run", "var/lib", "etc/pam.d"):
            (root / folder).mkdir(parents=True)
        services(root, **(stacks or {"sshd": PROVED}))
        self.lines.append(f'{name} command="env LOGOFF_DRAIN_ROOT={root} LOGOFF_HOST=memory:{HERE}/hosts/{host} {self.program} {" ".join(arguments)}"')
        return root

    def peer(self, name, word):
        script = self.path / f"{name}.sh"
        script.write_text(f"#!/bin/sh\nexec {sys.executable} {self.path}/peer.py '{word}' {self.path}/{name}.log\n")
        script.chmod(0o755)
        self.lines.append(f'{name} command="{script}"')

    def log(self, name):
        path = self.path / f"{name}.log"
        return path.read_text().splitlines() if path.exists() else []

    def start(self, *words, lang="C", **more):
        hosts = self.path / "hosts"
        hosts.write_text("\n".join(self.lines) + "\n")
        hosts.chmod(0o600)
        (self.path / "here").mkdir(exist_ok=True)
        env = {"LC_ALL": lang, "TZ": "UTC", "PATH": os.environ["PATH"], "LOGOFF_HOSTS_FILE": str(hosts),
               "LOGOFF_DRAIN_ROOT": str(self.path / "here")}    # so that no fault of the program drains this machine
        env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}, **more)
        before = VALGRIND + ["--track-fds=no", f"--log-file={self.path}/valgrind-%p"] if self.valgrind else []
        return subprocess.Popen([*before, self.binary.parent / "change", "logon", *words], env=env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process):
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        assert not (self.path / "here/var").exists() and not (self.path / "here/run").exists()
        return process.returncode, out.splitlines(), err.splitlines()

    def run(self, *words, **more):
        return self.end(self.start(*words, **more))


@pytest.fixture
def farm(binary, tmp_path, request):
    made = Farm(binary, tmp_path, request.config.getoption("--valgrind"))
    if made.valgrind:
        made.peer("probe", "fine")
        made.start("/query", "/server:probe").communicate(timeout=SECONDS)
        for log in tmp_path.glob("valgrind-*"):
            if "unhandled amd64-linux syscall: 434" in log.read_text():
                pytest.skip("this valgrind does not know pidfd_open(2)")
    yield made
    for log in tmp_path.glob("valgrind-*"):
        assert log.read_text() == ""


def state(root):
    path = root / "var/lib/logoff/drain"
    return path.read_text() if path.exists() else None


# ---- hosts that answer ----


def test_one_host_answers_as_this_machine_does(farm):
    root = farm.host("login01")
    assert farm.run("/query", "/server:login01") == (0, [ACCEPTED], [])
    assert farm.run("/drain", "/server:login01", *TEXT.split()) == (0, [REFUSED, STAYS], [])
    assert f"text={TEXT}\n" in state(root)
    status, out, err = farm.run("/query", "/server:login01")
    assert (status, out[:2], out[3:], err) == (0, [REFUSED, STAYS], ["Users are shown:", f"  {TEXT}", "Draining: 7 sessions are left."], [])
    by = state(root).split("\nby=")[1].split("\n")[0]
    assert out[2].startswith("Since 2") and out[2].endswith(f", by {by}.") and " for " in by and by.endswith("@" + os.uname().nodename)
    assert farm.run("/enable", "/server:login01") == (0, [ACCEPTED], []) and state(root) is None


def test_hosts_with_the_same_answer_are_one(farm):
    roots = [farm.host(f"login0{i}") for i in (1, 2, 3)]
    assert farm.run("/query", "/server:@linux") == (0, [f"login[01-03]: {ACCEPTED}"], [])
    assert farm.run("/drain", "/server:login03,login01", TEXT) == (0, [f"login[01,03]: {REFUSED}", f"login[01,03]: {STAYS}"], [])
    assert state(roots[0]) and state(roots[2]) and not state(roots[1])
    status, out, err = farm.run("--drain-until-restart", "--server=login02", TEXT)
    assert (status, out, err) == (0, [REFUSED, "This ends at the next restart."], [])
    status, out, err = farm.run("/disable", "/server:login01", TEXT)
    assert (status, out[0]) == (0, "New sessions are refused. Users may not reconnect to those that they have.")
    status, out, err = farm.run("/query", "/server:@linux")
    assert (status, err) == (0, [])
    assert [line.split(": ")[0] for line in out] == [name for name in ("login01", "login02", "login03") for _ in range(6)]
    assert farm.run("/enable", "/server:@linux") == (0, [f"login[01-03]: {ACCEPTED}"], [])
    assert not any(map(state, roots))


def test_the_order_of_hosts(farm):
    """Groups stand where the first of their hosts does."""
    for name, word in (("b", "fine"), ("c", '{"sessions_left": 1}'), ("a", "fine")):
        farm.peer(name, word)
    status, out, err = farm.run("/query", "/server:b,c,a")
    assert [line.split(": ")[0] for line in out if "left" in line] == ["a,b", "c"] and status == 0, err
    assert out[-1] == "c: Draining: 1 session is left."


def test_services_that_let_users_in(farm):
    farm.host("login01", sshd=PROVED, login=LETS_IN)
    farm.host("login02", sshd=PROVED, login=LETS_IN)
    farm.host("login03", sshd="account requisite pam_deny.so\n")
    for words in (["/drain", TEXT], ["/query"]):
        status, out, err = farm.run(words[0], "/server:@linux", *words[1:])
        assert status == 6
        assert err == ["change: login[01-02]: logons through login are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))",
                       "change: login03: whether logons through sshd are refused is unknown"]
        assert out[0] == f"login[01-02]: {REFUSED}" and f"login03: {REFUSED}" in out
    status, out, err = farm.run("/query", "/server:login01")
    assert (status, err) == (6, ["change: login01: logons through login are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))"])


def test_no_text(farm):
    sentence = "This machine accepts no new logons at present."
    roots = [farm.host(f"login0{i}", sshd=REFUSES.format(sentence)) for i in (1, 2)]
    for words in ([], [""]):
        assert farm.run("/drain", "/server:login[01-02]", *words)[0] == 0
        assert all(f"text={sentence}\n" in state(root) for root in roots)


def test_hosts_that_hide_logins(farm):
    farm.peer("one", "hidden")
    assert farm.run("/query", "/server:one")[1][-1] == "Draining: no session is left of those that can be seen."


def test_this_machine(farm):
    status, out, err = farm.run("/query", "/server:localhost")
    assert (status, out) == (0, [ACCEPTED]) and not err


def test_this_machine_in_a_list(farm):
    """By whatever name it is given, it is no server of MS-TSTS."""
    farm.host("login01")
    root = farm.host("own")
    program = farm.path / "program"
    program.write_text(f"#!/bin/sh\n{farm.lines[-1].partition(chr(34))[2].rstrip(chr(34))} \"$@\"\n")    # with that state
    program.chmod(0o755)
    for way, line in (("/query", ACCEPTED), ("/drain", "New sessions are refused. Users may reconnect to those that they have.")):
        status, out, err = farm.run(way, "/server:localhost,login01", *([TEXT] if way == "/drain" else []), LOGOFF_HOST_PROGRAM=str(program))
        assert (status, out[0], err) == (0, f"localhost,login01: {line}", []), (out, err)
    assert "mode=drain" in state(root)


# ---- hosts that cannot ----


def test_hosts_of_another_protocol_are_not_asked(farm):
    farm.host("login01")
    farm.lines.append("listed tsts")
    line = "this host cannot do that (not over this protocol)"
    assert farm.run("/query", "/server:ts1") == (6, [], [f"change: ts1: {line}"])
    for way in ("/query", "/drain", "/enable"):
        status, out, err = farm.run(way, "/server:ts1,login01,ts2,listed", *([TEXT] if way == "/drain" else []))
        assert (status, err) == (6, [f"change: listed,ts[1-2]: {line}", "1 of 4 hosts answered"]), way
        assert all(one.startswith("login01: ") for one in out) and out
    status, out, err = farm.run("/query", "/server:ts1", "/allowunreachable", "/json:lines")
    failure = json.loads(out[0])
    LINES.validate(failure)
    assert status == 6 and (failure["host"], failure["kind"], failure["cause"]["text"]) == ("ts1", "unsupported", "not over this protocol")


def test_hosts_that_refuse(farm):
    farm.host("login01", "--read-only")
    (farm.host("login02") / "run").rename(farm.path / "away")
    farm.host("login03")
    farm.peer("old", "old")
    farm.lines.append(f'memory command="env LOGOFF_DRAIN_ROOT= LOGOFF_HOST=memory:{HERE}/hosts/office {farm.program}"')
    begun = time.monotonic()
    status, out, err = farm.run("/enable", "/server:@linux,old")
    assert (status, out) == (3, [f"login03: {ACCEPTED}"])
    assert err == ["change: login01: logon: logoff-host may only show sessions there", "change: login02: only root can change whether logons are accepted",
                   "change: old: its logoff-host does not know this order"]
    assert time.monotonic() - begun < 15, "no reply is waited for"
    # Only asked, so that a fault does not change this machine.
    assert farm.run("/query", "/server:memory") == (6, [], ["change: memory: this host cannot do that"])


def test_states_that_are_unknown(farm):
    for name in ("login01", "login02"):
        root = farm.host(name)
        (root / "run/logoff").mkdir()
        (root / "run/logoff/drain").write_text("drain\n")
        (root / "run/nologin").touch()
    status, out, err = farm.run("/query", "/server:login[01-02]")
    assert (status, out) == (6, ["login[01-02]: /run/nologin exists: services that look at it let only root in."])
    assert err == ["change: login[01-02]: whether logons are refused is unknown: /run/logoff/drain is not valid"]


def test_causes(farm):
    """The words of this machine, if it is an error that it knows."""
    farm.peer("one", "causes")
    status, out, err = farm.run("/query", "/server:one")
    assert (status, out) == (6, [])
    assert err == ["change: one: whether logons are refused is unknown: /run/logoff/drain: Permission denied",
                   "change: one: whether logons are refused is unknown: /etc/nologin: Other words",
                   "change: one: whether logons are refused is unknown: PAM cannot be asked: Package not installed"]


def test_hosts_that_are_off(farm):
    farm.host("login01")
    farm.lines.append(f'off[1-2] command="{farm.path}/off"')
    (farm.path / "off").write_text("#!/bin/sh\necho 'ssh: connect to host off port 22: No route to host' >&2\nexit 255\n")
    (farm.path / "off").chmod(0o755)
    for way in ("/query", "/enable"):
        assert farm.run(way, "/server:off[1-2],login01") == (6, [f"login01: {ACCEPTED}"], [
            "change: off[1-2]: cannot be reached (No route to host)", "1 of 3 hosts answered"])
    assert farm.run(way, "/server:off[1-2],login01", "/allowunreachable")[0] == 0


# ---- hosts that answer wrongly ----


@pytest.mark.parametrize("word", [
    "told-and-refused", "refused-for-nothing", "not-done", "for-a-while", "stricter", "let-in-unsaid", "unexplained", "unknown", "nothing", "twice", "other-reply", '{"mode": "drained"}', '{"mode": 1}',
    '{"lasting": null}', '{"since": "yesterday"}', '{"since": null}', '{"by": 7}', '{"services": null}', '{"services": [{"service": "", "refused": true}]}',
    '{"services": [{"service": "sshd", "refused": "yes"}]}', '{"services": [{"service": "sshd"}]}', '{"sessions_left": -1}', '{"sessions_left": "7"}',
    '{"nologin": ["/etc/passwd"]}', '{"nologin": "/etc/nologin"}', json.dumps({"text": "x" * 1025}), json.dumps({"by": "x" * 257}),
    json.dumps({"services": [{"service": "x" * 256, "refused": True}]}), json.dumps({"services": [{"service": "x", "refused": True}] * 257}),
], ids=lambda word: word[:40])
def test_what_is_no_answer(farm, word):
    """It is never taken for success, and never shown; after an order it is unknown what has happened."""
    farm.peer("one", word)
    farm.peer("two", "fine")
    status, out, err = farm.run("/drain", "/server:one,two", TEXT)
    assert status == 6 and {line.split(": ")[0] for line in out} == {"two"}
    assert err[0] == "change: one: answers wrongly" and err[1] == "change: one: it is unknown whether this was done"
    assert len(farm.log("one")) == 1, "nobody is given the order twice"


@pytest.mark.parametrize("word", ["let-in-unsaid", "unexplained", "unknown", "nothing", "twice", '{"mode": 1}'])
def test_what_is_no_answer_to_a_question(farm, word):
    farm.peer("one", word)
    assert farm.run("/query", "/server:one") == (6, [], ["change: one: answers wrongly"])


def test_a_host_that_tells_too_much(farm):
    """Each of its failures is kept to the end."""
    farm.peer("one", "floods")
    status, out, err = farm.run("/drain", "/server:one")
    assert (status, out) == (6, []) and "change: one: answers wrongly" in err and 256 < len(err) < 300


@pytest.mark.parametrize("word", ["breaks", "breaks-late"])
def test_connections_that_break(farm, word):
    farm.peer("one", word)
    assert farm.run("/drain", "/server:one") == (6, [], ["change: one: the connection broke", "change: one: it is unknown whether this was done"])
    status, out, err = farm.run("/drain", "/server:one", "/json:lines")
    failures = [json.loads(line) for line in out]
    for line in failures:
        LINES.validate(line)
    assert [(one["kind"], one["exit_status"]) for one in failures] == [("broken", 6), ("drain-unknown", 6)]
    status, out, err = farm.run("/query", "/server:one")
    assert (status, out, len(err)) == (6, [], 1) and "unknown" not in err[0]


def test_hosts_that_hang(farm):
    farm.peer("one", "hangs")
    farm.peer("two", "silent")
    farm.peer("three", "fine")
    begun = time.monotonic()
    status, out, err = farm.run("/query", "/server:one,two,three", "/timeout:2")
    assert status == 6 and len(out) == 6
    assert err == ["change: one,two: no answer in time", "1 of 3 hosts answered"] and time.monotonic() - begun < 10


def test_foreign_texts_do_no_harm(farm):
    farm.peer("one", "hostile")
    for server in ("one", "one,two"):
        farm.peer("two", "fine")
        status, out, err = farm.run("/query", f"/server:{server}")
        assert status == 6 and "\x1b" not in "".join(out + err)
        out = [line.removeprefix("one: ") for line in out if not line.startswith("two: ")]
        assert r", by \x1b]0;evil\x07\x0a." in out[2] and out[4:6] == [r"  \x1b[2J\xe2\x80\xaetext", "  login99: fine"]
        assert err == [r"change: one: \x1b[2J\x0a: new-kind (\x1b[2J)", r"change: one: logons through a\x1b[1m\x0ab are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))"]


# ---- Ctrl-C ----


def wait_for(wanted):
    end = time.monotonic() + SECONDS
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_cancel_before_the_order(farm):
    farm.peer("one", "silent")
    process = farm.start("/drain", "/server:one")
    wait_for(lambda: farm.log("one"))
    process.send_signal(signal.SIGINT)
    assert farm.end(process) == (7, [], ["change: one: cancelled before it answered"])


def test_a_cancel_after_the_order(farm):
    """The host gets the first one. The second one ends the wait."""
    farm.peer("one", "hangs")
    process = farm.start("/drain", "/server:one")
    wait_for(lambda: farm.log("one"))
    process.send_signal(signal.SIGINT)
    wait_for(lambda: len(farm.log("one")) == 2)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert farm.end(process) == (6, [], ["change: one: no answer in time", "change: one: it is unknown whether this was done"])
    assert time.monotonic() - begun < 10
    assert [json.loads(line)["order"] for line in farm.log("one")][:2] == ["logon", "cancel"]


# ---- for programs ----


def test_json(farm):
    farm.host("login01")
    farm.host("login02", sshd=LETS_IN)
    farm.peer("two", "breaks")
    farm.peer("three", "fine")
    status, out, err = farm.run("/drain", "/server:three,login02,two,login01,ts1", "/json", TEXT)
    found = json.loads("\n".join(out))
    DOCUMENT.validate(found)
    assert [(one["host"], one["mode"], one["exit_status"]) for one in found] == [("three", "new", 0), ("login02", "new", 6), ("login01", "new", 0)]
    assert [one["services"] for one in found[1:]] == [[{"service": "sshd", "refused": False}], [{"service": "sshd", "refused": True}]]
    assert found[0]["since"] == "2025-11-29T12:00:00Z" and {one["text"] for one in found} == {TEXT} and [one["sessions_left"] for one in found] == [3, 7, 7]
    assert status == 6 and len(err) == 4 and not any("sessions are refused" in line for line in err)
    status, out, err = farm.run("/query", "/server:three,ts1,login02", "/json:lines")
    lines = [json.loads(line) for line in out]
    for line in lines:
        LINES.validate(line)
    assert sorted((line["type"], line["host"]) for line in lines) == [
        ("failure", "ts1"), ("host", "login02"), ("host", "three"), ("logon", "login02"), ("logon", "three")]
    assert status == max(line.get("exit_status", 0) for line in lines) == 6


def test_json_of_this_machine(farm):
    here = farm.path / "here"
    (here / "etc/pam.d").mkdir(parents=True)
    (here / "etc/nologin").touch()
    status, out, err = farm.run("/query", "/json")
    found = json.loads("\n".join(out))
    DOCUMENT.validate(found)
    assert (status, err, len(found)) == (0, [], 1)
    assert (found[0]["host"], found[0]["mode"], found[0]["nologin"]) == (os.uname().nodename, "enabled", ["/etc/nologin"])
    assert farm.run("/drain", "/json") == (3, ["[]"], ["change: only root can change whether logons are accepted"])
    status, out, err = farm.run("/drain", "/json:lines")
    LINES.validate(json.loads(out[0]))
    assert status == 3 and (json.loads(out[0])["kind"], json.loads(out[0])["cause"]) == ("denied", None)
    status, out, err = farm.run("/json:lines")
    LINES.validate(json.loads(out[0]))
    assert status == 1 and json.loads(out[0])["kind"] == "usage"


# ---- the command line ----


@pytest.mark.parametrize("words, said", [
    (["/query", "/server:login[01-03"], "login[01-03: neither a host nor a list of hosts"), (["/query", "/server:@none"], "no group of hosts has this name"),
    (["/query", "/server:@linux", "text"], "a text is only for those whose logon is refused"),
    (["/enable", "/server:@linux", "text"], "a text is only for those whose logon is refused"),
    (["/server:@linux"], "one of /query, /enable, /disable, /drain and /drainuntilrestart is needed"),
    (["/drain", "/server:@linux", "x" * 1025], "the text is longer than 1024 bytes"),
    (["/drain", "/server:@linux", "\x1b" * 257], "the text is longer than 1024 bytes"),
    (["/drain", "/server:@linux", "/timeout:0"], "at least one second is needed"), (["/drain", "/server:@linux", "/json:all"], "/json:all"),
])
def test_command_lines_that_are_wrong(farm, words, said):
    for name in ("login01", "login02", "login03"):
        farm.peer(name, "fine")
    status, out, err = farm.run(*words)
    assert (status, out) == (1, []) and said in err[0] and not farm.log("login01")


def test_what_the_hosts_get(farm):
    farm.peer("one", "stricter")
    farm.peer("two", '{"mode": "enabled", "lasting": false}')
    assert farm.run("/disable", "/server:one", "a", "b\x1b")[0] == 6
    assert farm.run("/enable", "/server:two")[0] == farm.run("/query", "/server:two")[0] == 0
    orders = [json.loads(line) for line in farm.log("one") + farm.log("two")]
    origin = orders[0]["origin"]
    assert origin.endswith("@" + os.uname().nodename)
    assert orders == [{"serial": 1, "order": "logon", "mode": "disable", "text": "a b\\x1b", "origin": origin},
                      {"serial": 1, "order": "logon", "mode": "enable", "origin": origin}, {"serial": 1, "order": "logon", "mode": "query"}]
