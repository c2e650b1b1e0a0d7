# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-host: what it says over memory hosts, what a hostile peer gets, and what happens to a log-off when the peer leaves."""

import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

from test_json import DOC, HERE, HOSTS, lines_of, query, strict
from test_logon import Terminal

SECONDS = 20     # the longest time for anything; only a failing test needs it

REAL = """host realtime
caller uid=0
user name=alice uid=1000
user name=bob uid=1001
session id=5 user=alice tty=pts/3 logon=2025-03-14T08:02:00Z
process command=dig term=never
session id=6 user=bob tty=pts/4 logon=2025-03-14T08:03:00Z
process command=bash
"""


class Peer:
    """The far end of a logoff-host. Every line must be plain ASCII and fit the schema."""

    def __init__(self, path, host, *arguments, **more):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LOGOFF_HOST": host}
        env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
        env.update(more)
        self.process = subprocess.Popen([path, *arguments], cwd=HERE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)
        self.lines, self.serial, self.reads, self.deaf = queue.Queue(), 0, threading.Event(), False
        self.reads.set()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        self.reads.wait()
        rest, fd = b"", os.dup(self.process.stdout.fileno())
        self.process.stdout.close()
        while chunk := os.read(fd, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.lines.put(line)
            self.reads.wait()
            if self.deaf:
                os.close(fd)
                return
        assert rest == b""
        os.close(fd)
        self.lines.put(None)

    def line(self):
        """The next object, or None at the end."""
        line = self.lines.get(timeout=SECONDS)
        if line is None:
            return None
        assert not re.search(rb"[^ -~]", line), "something else than plain ASCII was printed"
        return check(json.loads(line))

    def hello(self):
        found = self.line()
        assert "logoff-host" in found, found
        return found

    def raw(self, data):
        self.process.stdin.write(data)

    def send(self, order, **fields):
        self.serial += 1
        self.raw(json.dumps({"serial": self.serial, "order": order, **fields}).encode() + b"\n")
        return self.serial

    def until(self, wanted):
        """The objects up to the one that fits, included. Nothing may be busy, unless that is wanted."""
        found = []
        while not found or not wanted(found[-1]):
            found.append(self.line())
            assert found[-1] is not None, found
            assert wanted(found[-1]) or found[-1].get("failure", {}).get("kind") != "busy", found
        return found

    def ask(self, order, **fields):
        """Sends an order; returns what comes for it, and the reply."""
        serial = self.send(order, **fields)
        found = self.until(lambda one: "reply" in one and one["serial"] == serial)
        assert {one["serial"] for one in found} == {serial}
        return found[:-1], found[-1]

    def leave(self):
        self.process.stdin.close()

    def end(self):
        """Leaves; returns what is still said, and the exit status."""
        if not self.process.stdin.closed:
            self.leave()
        found = []
        while (one := self.line()) is not None:
            found.append(one)
        return found, self.process.wait(SECONDS)

    def child(self):
        pid = self.process.pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text())


SCHEMA = strict(json.loads((DOC / "schema/host.json").read_text()))
CHECKER = jsonschema.Draft202012Validator(SCHEMA)


def check(line):
    CHECKER.validate(line)
    return line


@pytest.fixture
def program(binary):
    built = binary.parent.parent / "host/logoff-host"
    return built if built.exists() else binary.parent / "logoff-host"


@pytest.fixture
def peer(program, tmp_path):
    """Starts logoff-host on a memory host, given by its name or its description, and reads the hello."""
    peers = []

    def start(host, *arguments):
        if "\n" in host:
            (tmp_path / "host").write_text(host)
            path = f"{tmp_path}/host"
        else:
            path = f"hosts/{host}"
        peers.append(Peer(program, f"memory:{path}", *arguments))
        peers[-1].hello()
        return peers[-1]

    yield start
    for one in peers:
        one.reads.set()
        one.process.kill()
        one.process.wait()


def only(found, key):
    return [one[key] for one in found if key in one]


def fields(found, key, *names):
    return [tuple(one[name] for name in names) for one in only(found, key)]


def timeless(rows):
    """Rows without what differs from one run to the next."""
    return [{name: value for name, value in row.items() if name not in ("age_seconds", "idle_seconds", "logon_time", "type")} for row in rows]


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(wanted):
    end = time.monotonic() + SECONDS
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.02)


# ---- asking ----


def test_the_schema_can_fail():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for wrong in ({"serial": 1, "reply": "list"}, {"serial": 1, "fate": "dead"}, {"serial": 1, "session": {"id": "5"}, "logon": None}):
        with pytest.raises(jsonschema.ValidationError):
            check(wrong)


def test_hello(program):
    one = Peer(program, "memory:hosts/company")
    hello = one.hello()
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert hello == {"logoff-host": 1, "version": hello["version"], "host": hello["host"], "machine": hello["machine"], "boot": boot,
                     "uptime": hello["uptime"], "instance": None, "kind": "memory", "euid": os.geteuid(), "full_control": True, "times": True,
                     "read_only": False, "way": None}
    assert abs(hello["uptime"] - time.clock_gettime(time.CLOCK_BOOTTIME)) < SECONDS
    raw = pathlib.Path("/etc/machine-id")
    if raw.exists() and raw.read_text().strip():
        assert re.fullmatch("[0-9a-f]{32}", hello["machine"]) and hello["machine"] != raw.read_text().strip(), "the raw one is confidential"
    assert one.end() == ([], 0)


@pytest.mark.parametrize("host", HOSTS)
def test_lists_are_those_of_query(program, binary, host):
    done = query(binary, f"memory:hosts/{host}", "session")
    one = Peer(program, f"memory:hosts/{host}")
    first = one.line()
    if "failure" in first:
        assert done.returncode == first["failure"]["exit_status"] == 6 and one.end() == ([], 6)
        return
    found, reply = one.ask("list")
    assert reply["exit_status"] == done.returncode
    assert timeless(only(found, "session")) == timeless(json.loads(done.stdout or "[]"))
    for row in found:
        assert ("session" not in row) or (row["logon"] is None) == (row["session"]["logon_time"] is None)
    found, reply = one.ask("processes")
    done = query(binary, f"memory:hosts/{host}", "process", "*")
    rows = [[row for row in rows if row["pid"] >= 5000000] for rows in (only(found, "process"), json.loads(done.stdout or "[]"))]
    assert sorted(map(str, rows[0])) == sorted(map(str, rows[1]))
    assert one.end() == ([], 0)


def test_people_only(peer):
    found, _ = peer("company").ask("list", people=True)
    assert {row["id"] for row in only(found, "session")} == {"2", "5", "9", "12", "13", "14", "c7", "c8"}
    assert [row["id"] for row in only(found, "session") if row["current"]] == ["12"]


@pytest.mark.parametrize("select,arguments", [
    ({"all": True}, ["/all"]), ({"user": ["bob", "al*"]}, ["/user:bob,al*"]), ({"state": "disc"}, ["/state:disc"]),
    ({"kind": "background"}, ["/kind:background"]), ({"idle": 3600}, ["/idle:1h"]), ({"all": True, "keep": ["xrdp-sesman", "mak*"]}, ["/all", "/keep:xrdp-sesman,mak*"]),
    ({"all": True, "exclude": ["console", "b*"]}, ["/all", "/exclude:console,b*"]), ({"older": 1, "user": ["alice"]}, ["/older:1", "/user:alice"]),
], ids=str)
@pytest.mark.parametrize("host", [one for one in HOSTS if one not in ("unreachable", "wrong")])
def test_a_list_of_a_selection_is_what_logoff_would_take(program, binary, host, select, arguments):
    done = query(binary, f"memory:hosts/{host}", *arguments, "/dryrun", option="--json=lines", name="logoff")
    wanted = lines_of(done)
    one = Peer(program, f"memory:hosts/{host}")
    one.hello()
    found, reply = one.ask("list", select=select)
    assert [row["id"] for row in only(found, "session")] == [row["id"] for row in wanted if row["type"] == "result"]
    assert not [row for row in only(found, "session") if row["own"]]
    told = [(row["kind"], row["object"], row["exit_status"]) for row in wanted if row["type"] == "failure" and row["kind"] != "none-selected"]
    assert fields(found, "failure", "kind", "object", "exit_status") == told
    assert reply["exit_status"] == max([status for *_, status in told], default=0)
    for row in found:
        assert ("session" not in row) or (row["logon"] is None) == (row["session"]["logon_time"] is None)
    assert one.end() == ([], 0)


def test_a_list_of_a_selection(peer):
    """If none fits, that is no failure."""
    one = peer("company")
    found, reply = one.ask("list", select={"user": ["bob"]})
    assert {row["session"]["id"]: row["logon"] for row in found} == {"9": None, "c7": 1741914900000000, "c8": 1741801200000000}
    assert reply["exit_status"] == 0
    assert one.ask("list", select={"user": ["nobody"]}) == ([], {"serial": 2, "reply": "list", "exit_status": 0, "hides_processes": False, "own": "12"})
    assert one.ask("list", select={"user": ["alice"], "state": "active"})[0][0]["session"]["id"] == "5", "12 is the program's own"
    one = peer(SPARED)
    found, reply = one.ask("list", select={"state": "disc"})
    assert refused(found) == [("5", "spared-unknown", None, 0)] and len(found) == 1 and reply["exit_status"] == 0


@pytest.mark.parametrize("exclude,told", [
    (["nobody-at-all"], ["nobody-at-all"]), (["group:no-such-group"], ["group:no-such-group"]),
    (["group:no-such-group", "bob", "nobody-at-all", "14", "group:nor-this"], ["group:no-such-group", "group:nor-this", "nobody-at-all"]),
])
def test_a_list_goes_on_after_an_exclusion_that_means_nobody_here(peer, exclude, told):
    """The peer has other hosts, and decides whether the word means nobody anywhere."""
    found, reply = peer("company").ask("list", select={"all": True, "exclude": exclude})
    assert refused(found) == [(object, "no-exclusion", None, 0) for object in told] and reply["exit_status"] == 0
    spared = {"9", "c7", "c8", "14"} if "bob" in exclude else set()
    assert {row["id"] for row in only(found, "session")} == {"2", "5", "9", "13", "14", "c7", "c8"} - spared


def test_a_list_without_an_exclusion_that_is_unknown(program):
    """Without logoff-user nobody can tell whether there is such a group or user, so any session might be excluded."""
    one = Peer(program, "memory:hosts/company", LOGOFF_USER_PROGRAM="/nonexistent")
    one.hello()
    for exclude in ("group:crew", "nobody-at-all"):
        found, reply = one.ask("list", select={"all": True, "exclude": [exclude]})
        assert refused(found) == [(exclude, "exclusion-unknown", None, 1)] and len(found) == 1 and reply["exit_status"] == 1
        assert only(found, "failure")[0]["cause"]["text"] == "/nonexistent: No such file or directory"
    assert one.end() == ([], 0)


def test_orders_may_be_sent_at_once(peer):
    """Those that only ask are carried out one after the other."""
    one = peer("company")
    for order in ("list", "processes", "list"):
        one.send(order)
    found = one.until(lambda row: row.get("serial") == 3 and "reply" in row)
    assert [row["reply"] for row in found if "reply" in row] == ["list", "processes", "list"]
    one.send("list")
    found, status = one.end()
    assert found[-1]["reply"] == "list" and status == 0, "an order before the end is carried out"


def test_after_the_reply_the_next_order_may_come(program):
    """However soon: a peer without a thread, which is quicker than Peer."""
    env = {"LOGOFF_HOST": "memory:hosts/empty"}
    with subprocess.Popen([program], cwd=HERE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        for serial in range(1, 3001):
            process.stdin.write(b'{"serial":%d,"order":"log-off","sessions":[{"id":"9","logon":1}]}\n' % serial)
            process.stdin.flush()
            assert b'"no-session"' in process.stdout.readline() and b'"reply"' in process.stdout.readline()
        process.stdin.close()


def test_fate(peer):
    one = peer("company")
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    found, _ = one.ask("list")
    logon = next(row["logon"] for row in found if row["session"]["id"] == "5")

    def fate(**fields):
        told, reply = one.ask("fate", **{"boot": boot, "id": "5", "logon": logon} | fields)
        assert reply["exit_status"] == (6 if told[0]["fate"] == "unknown" else 0)
        return told[0]["fate"]

    assert fate() == "there" and fate(logon=logon + 1) == fate(logon=1) == "other"
    assert fate(id="99") == fate(boot="another") == fate(id="pts/3") == "gone"
    assert fate(boot=None) == "there" and fate(boot=None, logon=1) == "other", "then the logon alone tells"
    assert fate(logon=None) == fate(id="9") == "unknown", "nobody knows that logon time"
    one.ask("log-off", sessions=[{"id": "5", "logon": logon}])
    assert fate() == "gone"


def test_fate_by_a_time_that_is_computed(peer):
    """Of a login that no session manager knows: it differs a little each time, and changes with the first process or the clock."""
    one = peer("host realtime\ncaller uid=0\nuser name=a uid=1\nsession id=5 user=a unregistered logon=2025-03-14T08:02:00Z\n")
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()

    def fate(logon):
        return one.ask("fate", boot=boot, id="5", logon=logon)[0][0]["fate"]

    logon = 1741939320000000
    assert fate(logon + 900000) == "there" and fate(logon + 2000000) == fate(1) == "unknown"
    found, _ = one.ask("log-off", sessions=[{"id": "5", "logon": 1}])
    assert found[0]["failure"]["kind"] == "changed" and found[0]["failure"]["cause"], found


def test_fate_of_a_host_that_does_not_answer(peer):
    one = peer("host get-fails=EAGAIN\ncaller uid=0\nuser name=a uid=1\nsession id=5 user=a logon=2025-03-14T08:02:00Z\n")
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert one.ask("fate", boot=boot, id="5", logon=1741939320000000)[0] == [{"serial": 1, "fate": "unknown", "state": None}]


# ---- logging off ----


@pytest.mark.parametrize("host", [one for one in HOSTS if one not in ("realtime", "watch-quiet", "unreachable", "wrong")])
def test_log_offs_are_those_of_logoff(program, binary, host):
    """The same events, results and statuses, over all memory hosts."""
    done = query(binary, f"memory:hosts/{host}", "/all", "/y", "/v", "/wait:3", "/warn:5", "/noaskpassword", option="--json=lines",
                 name="logoff")
    wanted = [row for row in lines_of(done) if row.get("exit_status") != 6 or row["type"] == "result"]
    one = Peer(program, f"memory:hosts/{host}")
    if "failure" in one.line():
        assert done.returncode == 6
        return
    found, reply = one.ask("log-off", select={"all": True}, wait=3, warn=5)
    assert reply["exit_status"] == done.returncode
    assert timeless(only(found, "result")) == timeless(row for row in wanted if row["type"] == "result")
    assert only(found, "event") == [{name: value for name, value in row.items() if name != "type"} for row in wanted if row["type"] == "event"]
    assert one.end() == ([], 0)


def test_it_selects(peer):
    one = peer("company")
    found, reply = one.ask("log-off", select={"user": ["alice", "b*"], "state": "active", "exclude": ["c7"]}, reason="r", origin="ann@desk", run="0f-7")
    assert fields(found, "result", "id", "result") == [("5", "ended")], "12 is the program's own"
    assert reply["exit_status"] == 0
    found, reply = one.ask("list")
    assert "5" not in [row["id"] for row in only(found, "session")]
    found, reply = one.ask("log-off", select={"all": True, "idle": 3600, "keep": ["xrdp-sesman"]})
    assert fields(found, "failure", "kind", "exit_status") == [("none-selected", 2)] and reply["exit_status"] == 2


@pytest.mark.parametrize("select,kind,object", [
    ({"all": True, "exclude": ["nobody-at-all"]}, "no-exclusion", "nobody-at-all"),
    ({"all": True, "exclude": ["group:no-such-group"]}, "no-exclusion", "group:no-such-group"),
])
def test_a_wrong_selection_ends_nobody(peer, select, kind, object):
    one = peer("company")
    found, reply = one.ask("log-off", select=select)
    assert fields(found, "failure", "kind", "object") == [(kind, object)] and only(found, "result") == []
    assert reply["exit_status"] == 1 and len(one.ask("list")[0]) == 10


@pytest.mark.parametrize("order", ["list", "log-off", "message"])
@pytest.mark.parametrize("select,object", [({"state": "dead"}, "state"), ({"kind": "greeter"}, "kind")], ids=["state", "kind"])
@pytest.mark.parametrize("sessions", [{}, {"sessions": [{"id": "5", "logon": 1}]}], ids=["selected", "both"])
def test_a_wrong_order_has_no_reply(peer, order, select, object, sessions):
    """The failure is its last line, so what follows belongs to the next order."""
    one = peer("company")
    serial = one.send(order, select=select, text="x", **({"warn": 1} if order == "log-off" else {}), **sessions)
    found = one.line()
    assert (found["serial"], found["failure"]["kind"], found["failure"]["object"]) == (serial, "wrong-order", object)
    assert len(one.ask("list")[0]) == 10 and one.end() == ([], 0)


def test_identities(peer):
    one = peer("company")
    found, _ = one.ask("list")
    logons = {row["session"]["id"]: row["logon"] for row in found}
    meant = [("5", logons["5"]), ("5", logons["5"]), ("13", logons["13"] + 5000000), ("14", None), ("9", None), ("9", 7), ("99", 7),
             ("pts/5", logons["14"]), ("12", logons["12"])]
    found, reply = one.ask("log-off", sessions=[{"id": id, "logon": logon} for id, logon in meant])
    assert fields(found, "result", "id", "result") == [("5", "ended")]
    assert [(row["object"], row["kind"], row["cause"] and row["cause"]["name"]) for row in only(found, "failure")] == [
        ("13", "changed", None), ("14", "changed", "ENODATA"), ("9", "changed", "ENODATA"), ("9", "changed", "ENODATA"),
        ("99", "no-session", None), ("pts/5", "no-session", None), ("12", "own-session", None)]
    assert reply["exit_status"] == 5
    found, _ = one.ask("log-off", sessions=[{"id": "14", "logon": logons["14"]}], boot="another")
    assert fields(found, "failure", "kind", "object") == [("no-session", "14")]
    assert {row["id"] for row in only(one.ask("list")[0], "session")} >= {"9", "12", "13", "14"}


def identities(one, *ids):
    listed = {row["session"]["id"]: row["logon"] for row in one.ask("list")[0]}
    return [{"id": id, "logon": listed[id]} for id in ids or listed]


def refused(found):
    return [(row["object"], row["kind"], row["cause"] and row["cause"]["name"], row["exit_status"]) for row in only(found, "failure")]


def test_identities_that_must_fit(peer):
    """The peer asked a question after the list. Each session that does not fit any more has a line."""
    one = peer("company")
    sessions = identities(one, "5", "14", "c7", "12") + [{"id": "13", "logon": 1}, {"id": "99", "logon": 1}]
    found, reply = one.ask("log-off", sessions=sessions, select={"user": ["alice"]})
    assert fields(found, "result", "id", "result") == [("5", "ended")]
    assert sorted(refused(found)) == [
        ("12", "own-session", None, 4), ("13", "changed", None, 5), ("14", "changed", None, 5), ("99", "no-session", None, 2),
        ("c7", "changed", None, 5)]
    assert reply["exit_status"] == 5
    found, reply = one.ask("log-off", sessions=identities(one, "14"), select={"idle": 3600})
    assert refused(found) == [("14", "changed", None, 5)] and not only(found, "result")


@pytest.mark.parametrize("exclude", [["nobody-at-all"], ["group:no-such-group"], ["group:no-such-group", "nobody-at-all", "group:nor-this", "14"]])
def test_exclusions_that_mean_nobody_here(peer, exclude):
    """The list has told of them; a word behind them counts nevertheless."""
    one = peer("company")
    found, reply = one.ask("log-off", sessions=identities(one, "5", "14"), select={"all": True, "exclude": exclude})
    spared = [("14", "changed", None, 5)] if "14" in exclude else []
    assert fields(found, "result", "id", "result") == [("5", "ended")] + [("14", "ended")] * (not spared)
    assert refused(found) == spared


def test_exclusions_behind_one_that_means_nobody_here(peer):
    """By the number that the name service has for the name."""
    one = peer("caller uid=1\nuser name=admin uid=0\nsession id=5 user=admin tty=pts/3 logon=2025-03-14T08:02:00Z\n")
    found, _ = one.ask("log-off", sessions=identities(one, "5"), select={"all": True, "exclude": ["nobody-at-all", "root"]})
    assert refused(found) == [("5", "changed", None, 5)]


SPARED = """host realtime
caller uid=0
user name=alice uid=3999990
user name=bob uid=3999991
session id=5 user=alice tty=pts/3 unsure logon=2025-03-14T08:02:00Z
session id=6 user=bob tty=pts/4 logon=2025-03-14T08:03:00Z
"""


@pytest.mark.parametrize("select,spared,why", [
    ({"state": "disc"}, "5", "nobody can tell whether it fits the selection"),
    ({"user": ["bob"], "exclude": ["group:root"]}, "6", "name service: no such user or group"),
])
def test_identities_that_may_not_fit(peer, select, spared, why):
    """Nobody can tell: that ends no session, and is said."""
    one = peer(SPARED)
    found, reply = one.ask("log-off", sessions=identities(one, spared), select=select)
    (told,) = only(found, "failure")
    assert (told["object"], told["kind"], told["cause"]["text"]) == (spared, "changed", why)
    assert reply["exit_status"] == 5 and not only(found, "result")
    assert len(one.ask("list")[0]) == 2
    found, reply = one.ask("log-off", select=select)
    assert (spared, "spared-unknown", None, 0) in refused(found) and not only(found, "result")


def test_identities_that_must_fit_after_a_wait(peer):
    one = peer("caller uid=0\nuser name=alice uid=1000\n"
               "session id=5 user=alice tty=pts/3 logon=2025-03-14T08:02:00Z disconnects=2000\nsession id=6 user=alice tty=pts/4 logon=2025-03-14T08:02:00Z\n")
    found, reply = one.ask("log-off", sessions=identities(one), select={"state": "active"}, warn=5)
    assert sorted(fields(found, "result", "id", "result", "exit_status", "session_exists")) == [("5", "changed", 5, True), ("6", "ended", 0, False)]


def test_identities_of_a_host_that_cannot_list(peer):
    """To be told of an exclusion there must be a list; without any, each session is looked up by itself."""
    one = peer("host list-fails=EAGAIN\ncaller uid=0\nuser name=a uid=1\nsession id=5 user=a tty=pts/3 logon=2025-03-14T08:02:00Z\n")
    sessions = [{"id": "5", "logon": 1741939320000000}]
    found, reply = one.ask("log-off", sessions=sessions, select={"user": ["a"], "exclude": ["b"]})
    assert [(row["kind"], row["exit_status"]) for row in only(found, "failure")] == [("unreachable", 6)] and not only(found, "result")
    found, reply = one.ask("log-off", sessions=sessions, select={"user": ["a"]})
    assert fields(found, "result", "id", "result") == [("5", "ended")]


def test_own_session_is_never_ended(peer):
    one = peer("own")
    found, reply = one.ask("log-off", select={"all": True})
    assert fields(found, "result", "id") == [("6",)]


MAY_BE_OWN = """host realtime
caller uid=0
user name=alice uid=1000
user name=bob uid=1001
session id=5 user=alice tty=pts/3 logon=2025-03-14T08:02:00Z own-unsure
session id=6 user=alice tty=pts/4 logon=2025-03-14T08:03:00Z own-unsure
session id=7 user=bob tty=pts/5 logon=2025-03-14T08:04:00Z
"""


def test_what_may_be_the_own_session_is_spared_by_a_selection(peer):
    """Nobody can tell: no selection ends it, in no way, and that is said."""
    one = peer(MAY_BE_OWN)
    assert {row["session"]["id"]: (row["session"]["current"], row["session"]["own"]) for row in one.ask("list")[0]} == {
        "5": (None, None), "6": (None, None), "7": (False, False)}
    spared = [("5", "spared-unknown", None, 0), ("6", "spared-unknown", None, 0)]
    found, reply = one.ask("list", select={"all": True})
    assert refused(found) == spared and fields(found, "session", "id") == [("7",)] and reply["exit_status"] == 0
    found, reply = one.ask("log-off", sessions=identities(one, "5"), select={"user": ["alice"]})
    assert refused(found) == [("5", "changed", "ENODATA", 5)] and not only(found, "result")
    found, reply = one.ask("log-off", select={"all": True})
    assert refused(found) == spared and fields(found, "result", "id", "result") == [("7", "ended")]
    found, _ = one.ask("message", select={"all": True}, text="hello")
    assert {row["id"] for row in only(found, "delivery")} == {"5", "6"}


def test_what_may_be_the_own_session_is_ended_if_it_is_named(peer):
    one = peer(MAY_BE_OWN)
    found, reply = one.ask("log-off", sessions=identities(one, "5"))
    assert fields(found, "result", "id", "result") == [("5", "ended")] and refused(found) == [] and reply["exit_status"] == 0
    assert {row["session"]["id"] for row in one.ask("list")[0]} == {"6", "7"}


def test_messages(peer):
    one = peer("messages")
    found, reply = one.ask("message", select={"all": True}, text="Hello\nall", title="From ann", time=5, answers=True)
    assert len(only(found, "delivery")) > 2 and {"delivered"} < {row["result"] for row in only(found, "delivery")}
    assert reply["exit_status"] == max(row["exit_status"] for row in only(found, "delivery"))
    assert "closing" not in {row["state"] for row in only(found, "delivery")}


def test_messages_to_identities_that_must_fit(peer):
    """A user who has left cannot read it."""
    one = peer("host realtime\ncaller uid=0\nuser name=alice uid=1000\nsession id=5 user=alice tty=pts/3 state=closing logon=2025-03-14T08:02:00Z\n"
               "session id=6 user=alice tty=pts/4 logon=2025-03-14T08:02:00Z\n")
    found, reply = one.ask("message", sessions=identities(one), select={"all": True}, text="Hello")
    assert fields(found, "delivery", "id", "result") == [("6", "delivered")]
    assert refused(found) == [("5", "changed", None, 5)] and reply["exit_status"] == 5


# ---- disconnecting, single processes, and on whose behalf ----


CLIENTS = """caller uid=0
user name=alice uid=1000
user name=bob uid=1001
session id=5 user=alice rdp=10 logon=2025-03-14T08:02:00Z
session id=6 user=bob rdp=11 logon=2025-03-14T08:03:00Z state=disconnected
session id=7 user=bob tty=pts/4 logon=2025-03-14T08:04:00Z
session id=8 user=bob rdp=12 logon=2025-03-14T08:05:00Z state=closing
process command=bash
"""


def test_disconnect(peer):
    """It goes on without its client; a terminal would end with it."""
    one = peer(CLIENTS)
    found, reply = one.ask("disconnect", sessions=identities(one, "5", "6", "7", "8"))
    assert fields(found, "result", "id", "result", "exit_status") == [
        ("5", "disconnected", 0), ("6", "disconnected", 0), ("7", "protected", 4), ("8", "changed", 5)]
    assert reply["reply"] == "disconnect" and reply["exit_status"] == 5
    assert {row["id"]: row["state"] for row in only(one.ask("list")[0], "session")} == {
        "5": "disconnected", "6": "disconnected", "7": "active", "8": "closing"}
    found, reply = one.ask("disconnect", sessions=[{"id": "5", "logon": 1}, {"id": "9", "logon": 1}, {"id": "6", "logon": None}])
    assert [(row["object"], row["kind"]) for row in only(found, "failure")] == [("5", "changed"), ("9", "no-session"), ("6", "changed")]
    assert not only(found, "result") and reply["exit_status"] == 5


def test_disconnect_needs_control(peer):
    one = peer(CLIENTS.replace("uid=0", "uid=1001"))
    found, reply = one.ask("disconnect", sessions=identities(one, "5"))
    assert fields(found, "result", "id", "result") == [("5", "denied")] and reply["exit_status"] == 3
    assert only(found, "result")[0]["cause"]["domain"] == "errno"


def test_a_cancelled_disconnect(peer):
    """The session whose turn it is has its true result; the others are spared."""
    one = peer(CLIENTS + "\n".join(f"session id={n} user=bob rdp={n} logon=2025-03-14T08:05:00Z" for n in range(1000, 3000)) + "\n")
    meant = identities(one)
    one.send("disconnect", sessions=meant)
    one.raw(b'{"order":"cancel"}\n')
    found = one.until(lambda row: row.get("reply") == "disconnect")
    assert [row["running"] for row in found if row.get("reply") == "cancel"] == [True]
    results = [row["result"] for row in only(found, "result")]
    assert len(results) == len(meant) and results[-1] == "cancelled" and results == sorted(results, key=lambda word: word == "cancelled")
    states = {row["id"]: row["state"] for row in only(one.ask("list")[0], "session")}
    assert all((states[row["id"]] == "active") for row in only(found, "result") if row["result"] == "cancelled" and row["state"] == "active")


WORK = """caller uid=0
user name=alice uid=1000 manager
process command=systemd
session id=5 user=alice tty=pts/3 logon=2025-03-14T08:02:00Z
process command=bash
process command=keeper term=never
process command=nfs term=never kill=never
"""


def processes(one, *commands):
    """The identities of processes, as the program lists them."""
    listed = {row["process"]["command"]: {"pid": row["process"]["pid"], "started": row["started"]} for row in one.ask("processes")[0]}
    return [listed[command] for command in commands]


def test_end_processes(peer):
    one = peer(WORK)
    meant = processes(one, "systemd", "bash", "keeper", "nfs")
    found, reply = one.ask("end-processes", processes=meant, grace=1)
    assert fields(found, "result", "command", "result", "exit_status", "session_id") == [
        ("systemd", "protected", 4, None), ("bash", "ended", 0, "5"), ("keeper", "ended", 0, "5"), ("nfs", "not-ended", 5, "5")]
    assert [{name: row[name] for name in ("pid", "started")} for row in only(found, "result")] == meant
    assert reply["exit_status"] == 5 and {row["command"] for row in only(one.ask("processes")[0], "process")} == {"systemd", "nfs"}


def test_a_process_that_is_another_one_by_now(peer):
    """Its number alone says nothing, nor does a start that is unknown, or one of another boot."""
    one = peer(WORK)
    (bash,) = processes(one, "bash")
    meant = [bash | {"started": bash["started"] + 1}, bash | {"started": None}, {"pid": 7, "started": 7}]
    found, reply = one.ask("end-processes", processes=meant)
    assert [(row["object"], row["kind"], row["cause"] and row["cause"]["name"]) for row in only(found, "failure")] == [
        (str(bash["pid"]), "changed", None), (str(bash["pid"]), "changed", "ENODATA"), ("7", "no-process", None)]
    assert not only(found, "result") and reply["exit_status"] == 5
    found, reply = one.ask("end-processes", processes=[bash], boot="another")
    assert fields(found, "failure", "kind", "object") == [("no-process", str(bash["pid"]))] and reply["exit_status"] == 2
    assert bash in processes(one, "bash", "keeper")
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert fields(one.ask("end-processes", processes=[bash], boot=boot)[0], "result", "result") == [("ended",)]


def test_a_cancelled_end_of_processes(peer):
    """One that was asked is not killed."""
    one = peer("host realtime\n" + WORK)
    one.send("end-processes", processes=processes(one, "bash", "keeper"), grace=60)
    time.sleep(0.3)
    one.raw(b'{"order":"cancel"}\n')
    found = one.until(lambda row: row.get("reply") == "end-processes")
    assert fields(found, "result", "command", "result", "exit_status") == [("bash", "ended", 0), ("keeper", "cancelled", 7)]
    assert "keeper" in {row["command"] for row in only(one.ask("processes")[0], "process")}


def test_processes_are_ended_though_the_peer_leaves(peer):
    one = peer("host realtime\n" + WORK)
    one.send("end-processes", processes=processes(one, "keeper"), grace=1)
    found, status = one.end()
    assert fields(found, "result", "command", "result") == [("keeper", "ended")] and status == 0


def test_a_process_of_a_server(served):
    """It does not tell when a process has started, so none is meant."""
    one, _ = served("ts1")
    found, _ = one.ask("processes")
    assert {row["started"] for row in found} == {None}
    pid = found[-1]["process"]["pid"]
    found, reply = one.ask("end-processes", processes=[{"pid": pid, "started": 1}])
    assert [(row["object"], row["kind"], row["cause"]["name"]) for row in only(found, "failure")] == [(str(pid), "changed", "ENODATA")]


ACTOR = {"name": "EXAMPLE\\ann", "sid": "S-1-5-21-7-1104", "address": "192.0.2.7"}


def test_what_the_peer_refuses(peer):
    """Nothing is done, and every result says so."""
    one = peer(WORK.replace("tty=pts/3", "rdp=10"))
    (session,), meant = identities(one, "5"), processes(one, "bash", "keeper")
    before = one.ask("processes")[0]
    for order, key, more in (("log-off", "result", {"sessions": [session]}), ("message", "delivery", {"sessions": [session], "text": "x"}),
                             ("disconnect", "result", {"sessions": [session]}), ("end-processes", "result", {"processes": meant})):
        found, reply = one.ask(order, actor=ACTOR, refused=True, **more)
        assert {(row["result"], row["exit_status"]) for row in only(found, key)} == {("denied", 3)} and reply["exit_status"] == 3
        assert len(found) == len(more.get("processes", [1])) and "refuses" in only(found, key)[0]["cause"]["text"]
    assert [row | {"serial": 0} for row in one.ask("processes")[0]] == [row | {"serial": 0} for row in before]
    assert {row["state"] for row in only(one.ask("list")[0], "session")} == {"active"}


def test_a_record_that_cannot_be_written(peer):
    """It is a failure of its own, and the result stands."""
    one = peer("host record-fails=EIO\n" + WORK.replace("tty=pts/3", "rdp=10"))
    (session,), (bash,) = identities(one, "5"), processes(one, "bash")
    for order, object, more in (("message", "5", {"sessions": [session], "text": "x"}), ("disconnect", "5", {"sessions": [session]}),
                                ("end-processes", str(bash["pid"]), {"processes": [bash]}), ("log-off", "5", {"sessions": [session], "wait": 60})):
        found, reply = one.ask(order, actor=ACTOR, **more)
        assert fields(found, "failure", "kind", "object") == [("no-record", object)] and reply["exit_status"] == 6, order


def test_without_an_actor_only_log_offs_have_records(peer):
    one = peer("host record-fails=EIO\n" + WORK.replace("tty=pts/3", "rdp=10"))
    (session,), (bash,) = identities(one, "5"), processes(one, "bash")
    for order, more in (("message", {"sessions": [session], "text": "x"}), ("disconnect", {"sessions": [session]}), ("end-processes", {"processes": [bash]})):
        found, reply = one.ask(order, **more)
        assert not only(found, "failure") and reply["exit_status"] == 0, order


# ---- cancelling and leaving ----


def starts(one, wanted="ask", select=None, **fields):
    """Begins a log-off and waits for an event of it."""
    one.send("log-off", select=select or {"all": True}, **fields)
    return one.until(lambda row: "event" in row and row["event"]["event"] == wanted)


def outcome(found):
    return sorted((row["id"], row["result"], row["forced"], row["warned"]) for row in only(found, "result"))


def test_cancel_in_the_warning(peer):
    one = peer(REAL)
    starts(one, "warned", warn=60, text="Kernel update")
    one.raw(b'{"order":"cancel","serial":7}\n')
    found = one.until(lambda row: row.get("reply") == "log-off")
    assert {"serial": 7, "reply": "cancel", "running": True} in found
    assert outcome(found) == [("5", "cancelled", False, True), ("6", "cancelled", False, True)] and found[-1]["exit_status"] == 7
    one.serial = 7
    assert len(one.ask("list")[0]) == 2, "and it goes on to serve"
    one.raw(b'{"order":"cancel"}\n')
    assert one.line() == {"serial": None, "reply": "cancel", "running": False}
    found, _ = one.ask("log-off", select={"user": ["bob"]})
    assert fields(found, "result", "id", "result") == [("6", "ended")], "a cancel that came too late cancels nothing else"


@pytest.mark.parametrize("left", [False, True])
def test_cancelled_before_anybody_is_asked(peer, left):
    """Nobody was warned either: there is no wait in which the library would have seen it."""
    one = peer(REAL)
    os.kill(one.child(), signal.SIGSTOP)
    one.send("log-off", select={"all": True})
    if left:
        one.process.stdin.close()
        time.sleep(0.2)
    else:
        one.raw(b'{"order":"cancel"}\n')
        assert one.line()["running"] is True
    os.kill(one.child(), signal.SIGCONT)
    found = one.until(lambda row: row.get("reply") == "log-off")
    assert not only(found, "event") and fields(found, "result", "id", "result", "session_exists") == [
        ("5", "cancelled", True), ("6", "cancelled", True)], found


def test_a_killed_worker_beside_another_child(program):
    """A shell that becomes the program leaves it the children of its own."""
    env = {"PATH": os.environ["PATH"], "LOGOFF_HOST": f"memory:{HERE}/hosts/realtime"}
    process = subprocess.Popen(["sh", "-c", 'sleep 0.3 & exec "$0"', program], env=env, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert b"logoff-host" in process.stdout.readline()
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    time.sleep(0.5)
    (worker,) = [pid for pid in children if "logoff-host" in pathlib.Path(f"/proc/{pid}/comm").read_text()
                 and pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(worker), signal.SIGKILL)
    out, _ = process.communicate(timeout=SECONDS)
    assert b"broken" in out and process.returncode == 6


def test_a_cancel_that_came_too_late(peer):
    """The first order ends without a look at the cancel."""
    one = peer(REAL)
    os.kill(one.child(), signal.SIGSTOP)
    one.send("log-off", sessions=[{"id": "99", "logon": 1}])
    one.raw(b'{"order":"cancel"}\n')
    assert one.line()["running"] is True
    os.kill(one.child(), signal.SIGCONT)
    assert one.until(lambda row: row.get("reply") == "log-off")[-1]["exit_status"] == 2
    found, _ = one.ask("log-off", select={"user": ["bob"]}, warn=1)
    assert fields(found, "result", "id", "result") == [("6", "ended")]


def test_cancel_after_asking(peer):
    """The first cancel follows those that were asked to their end, the second leaves them."""
    one = peer(REAL)
    starts(one, grace=1)
    one.raw(b'{"order":"cancel"}\n')
    found = one.until(lambda row: row.get("reply") == "log-off")
    assert outcome(found)[0] == ("5", "ended", True, False)
    one = peer(REAL)
    starts(one, select={"user": ["alice"]}, grace=60)
    found = []
    while "log-off" not in [row.get("reply") for row in found]:
        one.raw(b'{"order":"cancel"}\n')
        found += one.until(lambda row: row.get("reply") in ("cancel", "log-off"))
        time.sleep(0.1)     # two at once are one
        assert len(found) < 100
    assert outcome(found) == [("5", "cancelled", False, False)]
    assert only(found, "result")[0]["session_exists"] is not False


def test_leaving_in_the_warning_cancels(peer):
    one = peer(REAL)
    starts(one, "warned", warn=60)
    found, status = (one.leave(), one.end())[1]
    assert outcome(found) == [("5", "cancelled", False, True), ("6", "cancelled", False, True)] and status == 0


@pytest.mark.parametrize("rest", [b"", b'{"order":"cancel"', b'{"serial":9,"order":"list"}'], ids=["nothing", "half", "no newline"])
def test_leaving_after_asking_carries_it_through(peer, rest):
    one = peer(REAL)
    starts(one, grace=1)
    one.raw(rest)
    found, status = one.end()
    assert ("5", "ended", True, False) in outcome(found) and status == 0
    assert found[-1]["reply"] == "log-off", "what was cut is no order"


def test_leaving_ends_those_not_asked_yet_too(peer):
    """More than are asked at once: the host has 64 unanswered questions at most."""
    people = "".join(f"session id={i} user=alice tty=pts/{i} answer=300\nprocess command=bash term=200\n" for i in range(1, 101))
    one = peer(f"host realtime\ncaller uid=0\nuser name=alice uid=1000\n{people}")
    starts(one)
    found, status = one.end()
    results = outcome(found)
    assert len(results) == 100 and {row[1] for row in results} == {"ended"}


def test_nobody_reads_any_more(peer):
    """The pipe of the output is closed: as if the peer had left."""
    one = peer(REAL)
    one.deaf = True     # from the first event on
    one.send("log-off", select={"all": True}, grace=3)
    child = one.child()
    one.reader.join(SECONDS)
    time.sleep(0.5)
    assert alive(child), "the log-off goes on"
    assert one.process.wait(SECONDS) == 9
    wait_until(lambda: not alive(child))


def test_a_peer_that_does_not_read_delays_nobody(peer):
    people = "".join(f"session id={i} user=alice tty=pts/{i}\nprocess command=bash term=never\n" for i in range(1, 1001))
    one = peer(f"host realtime\ncaller uid=0\nuser name=alice uid=1000\n{people}")
    child = one.child()
    one.reads.clear()
    one.send("log-off", select={"all": True}, grace=0)
    time.sleep(1)
    one.leave()
    wait_until(lambda: not alive(child))    # which writes more than a pipe holds
    one.reads.set()
    found, status = one.end()
    assert len(only(found, "result")) == 1000 and found[-1]["reply"] == "log-off" and status == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE])
def test_signals_do_not_end_a_log_off(peer, number):
    one = peer(REAL)
    starts(one, grace=1)
    os.kill(one.process.pid, number)
    os.kill(one.child(), number)
    found = one.until(lambda row: row.get("reply") == "log-off")
    assert ("5", "ended", True, False) in outcome(found)
    one.ask("list")
    os.kill(one.process.pid, signal.SIGTERM)
    assert one.process.wait(SECONDS) == -signal.SIGTERM, "idle it ends"


@pytest.mark.parametrize("wanted,fields,lasts", [("ask", {"grace": 3}, True), ("warned", {"warn": 60}, False)])
def test_killed_it_is_as_if_the_peer_had_left(peer, wanted, fields, lasts):
    one = peer(REAL)
    starts(one, wanted, **fields)
    child = one.child()
    one.process.kill()
    time.sleep(0.5)
    assert alive(child) == lasts
    wait_until(lambda: not alive(child))


def test_nobody_knows_when_the_child_is_killed(peer):
    one = peer(REAL)
    starts(one, grace=60)
    os.kill(one.child(), signal.SIGKILL)
    found, status = one.end()
    assert fields(found, "failure", "kind", "exit_status") == [("broken", 6)] and found[-1]["serial"] == 1 and status == 6


# ---- who may what, and wrong lines ----


def test_read_only(program):
    one = Peer(program, "memory:hosts/company", "--read-only")
    assert one.hello()["read_only"] is True
    assert len(one.ask("list")[0]) == 10 and len(one.ask("processes")[0]) > 5
    orders = [("log-off", {"select": {"all": True}}), ("message", {"select": {"all": True}, "text": "x"}), ("cancel", {}),
              ("fate", {"boot": "b", "id": "5", "logon": 1}), ("disconnect", {"sessions": [{"id": "5", "logon": 1}]}),
              ("end-processes", {"processes": [{"pid": 5000000, "started": 0}]})]
    for order, fields in orders:
        one.send(order, **fields)
        refused = one.line()["failure"]
        assert (refused["kind"], refused["object"], refused["exit_status"]) == ("read-only", order, 3)
    assert len(one.ask("list")[0]) == 10 and one.end() == ([], 0)


def test_busy(peer):
    one = peer(REAL)
    starts(one, "warned", warn=60)
    for order, fields in (("log-off", {"select": {"all": True}}), ("list", {}), ("message", {"select": {"all": True}, "text": "x"})):
        serial = one.send(order, **fields)
        assert one.until(lambda row: row["serial"] == serial)[-1]["failure"]["kind"] == "busy"
    one.raw(b'{"order":"cancel"}\n')
    found = one.until(lambda row: row.get("reply") == "log-off")
    assert {row["result"] for row in only(found, "result")} == {"cancelled"}


@pytest.mark.parametrize("data", [
    b"hello\n", b"\n", b"[1]\n", b"7\n", b"\0\n", b'{"serial":1,"order":"li\xffst"}\n', b'{"serial":1,"order":"list"\n',
    b"[" * 100000 + b"\n", b'{"a":' * 100000 + b"\n", b'{"serial":1,"serial":2,"order":"list"}\n',
    b'{"serial":99999999999999999999,"order":"list"}\n',
], ids=lambda data: repr(data[:20]))
def test_what_is_no_json_ends_it(peer, data):
    one = peer("company")
    one.raw(data + b'{"serial":5,"order":"log-off","select":{"all":true}}\n')
    found, status = one.end()
    assert [row["failure"]["kind"] for row in found] == ["no-json"] and status == 1, "and nothing after it is done"


@pytest.mark.parametrize("data", [b"x" * (2 << 20), b'{"order":"' + b"x" * (1 << 20) + b'"}\n'], ids=["no newline", "a newline"])
def test_too_long_a_line_ends_it(peer, data):
    one = peer("company")
    try:
        one.raw(data)
        one.raw(b'\n{"serial":5,"order":"log-off","select":{"all":true}}\n')
    except BrokenPipeError:
        pass
    found, status = one.end()
    assert [row["failure"]["kind"] for row in found] == ["too-long"] and status == 1


def test_the_longest_line(peer):
    one = peer("company")
    order = b'{"serial":1,"order":"list","later":"' + b"x" * ((1 << 20) - 38) + b'"}'
    assert len(order) == 1 << 20
    one.raw(order + b"\n")
    assert one.until(lambda row: "reply" in row)[-1]["exit_status"] == 0


def test_no_json_in_a_log_off(peer):
    """What was asked is carried through, what was not is cancelled, and nothing else is done."""
    one = peer(REAL)
    starts(one, "warned", warn=60)
    one.raw(b"hello\n")
    found, status = one.end()
    assert outcome(found) == [("5", "cancelled", False, True), ("6", "cancelled", False, True)] and status == 1
    one = peer(REAL)
    starts(one, grace=1)
    one.raw(b"hello\n")
    found, status = one.end()
    assert ("5", "ended", True, False) in outcome(found) and status == 1


@pytest.mark.parametrize("line,kind,object", [
    ('{"serial":1}', "unknown-order", None),
    ('{"serial":1,"order":"reboot"}', "unknown-order", None),
    ('{"serial":1,"order":["list"]}', "unknown-order", None),
    ('{"order":"list"}', "wrong-order", "serial"),
    ('{"serial":"1","order":"list"}', "wrong-order", "serial"),
    ('{"serial":1,"order":"log-off"}', "wrong-order", "sessions"),
    ('{"serial":1,"order":"log-off","select":{"all":true,"unless":"bob"}}', "wrong-order", "select"),
    ('{"serial":1,"order":"log-off","select":{"all":true},"grace":1e9}', "wrong-order", "grace"),
    ('{"serial":1,"order":"log-off","select":{"all":true},"wait":99999999}', "wrong-order", "wait"),
    ('{"serial":1,"order":"log-off","sessions":[{"id":5,"logon":1}]}', "wrong-order", "sessions"),
    ('{"serial":1,"order":"message","select":{"all":true},"text":{}}', "wrong-order", "text"),
    ('{"serial":1,"order":"disconnect","select":{"all":true}}', "wrong-order", "select"),
    ('{"serial":1,"order":"end-processes","processes":[{"pid":1}]}', "wrong-order", "processes"),
    ('{"serial":1,"order":"log-off","select":{"all":true},"actor":{"name":"ann: ended"}}', "wrong-order", "actor"),
    ('{"serial":1,"order":"logon","mode":"Drain"}', "wrong-order", "mode"),
    ('{"serial":1,"order":"logon","mode":"drain","text":"' + 257 * "\\u001b" + '"}', "wrong-order", "text"),
])
def test_a_wrong_order_is_refused(peer, line, kind, object):
    one = peer("company")
    one.raw(line.encode() + b"\n")
    refused = one.line()["failure"]
    assert (refused["kind"], refused["object"], refused["exit_status"]) == (kind, object, 1)
    one.serial = 1
    assert len(one.ask("list")[0]) == 10 and one.end() == ([], 0)


def test_serials_grow(peer):
    one = peer("company")
    one.ask("list")
    for serial in (1, 0):
        one.raw(b'{"serial":%d,"order":"log-off","select":{"all":true}}\n' % serial)
        assert one.line()["failure"]["object"] == "serial"
    assert len(one.ask("list")[0]) == 10


def test_foreign_texts_do_no_harm(peer):
    """Peer.line() fails for any byte that is not printable ASCII."""
    one = peer("hostile")
    assert len(one.ask("list")[0]) > 0 and len(one.ask("processes")[0]) > 0
    one.ask("log-off", select={"all": True}, warn=1, text="\x1b[2J\u202e")


# ---- another server ----


@pytest.fixture
def served(program, windows):
    """Starts logoff-host for a server that windows.c plays, and hands over its end and its first line."""
    peers = []

    def start(server, *arguments):
        peers.append(Peer(program, "memory:/nonexistent", f"--server={server}", *arguments, LOGOFF_TSTS=windows))
        return peers[-1], peers[-1].line()

    yield start
    for one in peers:
        one.process.kill()
        one.process.wait()


def test_a_server(served, binary, windows):
    """Its name is in every line, it has no boot, and its lists are those of query."""
    one, hello = served("ts1")
    assert (hello["host"], hello["boot"], hello["kind"], hello["times"]) == ("ts1", None, "tsts", True)
    assert hello["full_control"] is None
    for order, name, arguments in (("list", "session", ["session"]), ("processes", "process", ["process", "*"])):
        found, reply = one.ask(order)
        wanted = query(binary, "none", *arguments, "/server:ts1", tsts=windows)
        assert timeless(only(found, name)) == timeless(json.loads(wanted.stdout)) and reply["exit_status"] == 0 and len(found) > 4
        assert {row["host"] for row in only(found, name)} == {"ts1"}
    assert one.end() == ([], 0)


def test_log_offs_and_messages_of_a_server(served):
    one, _ = served("ts1")
    sessions = identities(one, "2", "3", "4")
    found, reply = one.ask("log-off", sessions=sessions, boot=None, select={"user": ["BOB", "administrator"]}, wait=1)
    assert fields(found, "result", "id", "result", "host") == [("2", "ended", "ts1"), ("4", "denied", "ts1")] and reply["exit_status"] == 5
    assert refused(found) == [("3", "changed", None, 5)] and {row["host"] for row in only(found, "event") + only(found, "failure")} == {"ts1"}

    def fate(session, **more):
        return one.ask("fate", **{"boot": None} | session | more)[0][0]["fate"]

    assert [fate(session) for session in sessions] == ["gone", "there", "there"]
    assert fate(sessions[1], logon=1) == "other" and fate(sessions[1], boot="b") == "unknown" and fate(sessions[0], boot="b") == "gone"
    found, _ = one.ask("log-off", sessions=sessions[1:2], boot="b")
    assert refused(found) == [("3", "changed", "ENODATA", 5)], "nobody can tell which boot it was"
    found, _ = one.ask("message", sessions=sessions[1:], text="Hello")
    assert fields(found, "delivery", "id", "result", "host") == [("3", "denied", "ts1"), ("4", "delivered", "ts1")]
    found, reply = one.ask("logon", mode="query")   # no other mode: a program that took it for its own machine would change that
    assert refused(found) == [(None, "unsupported", None, 6)] and len(found) == 1 and reply["exit_status"] == 6


@pytest.mark.parametrize("select,arguments", [
    ({"all": True}, ["/all"]), ({"user": ["carol"]}, ["/user:carol"]), ({"all": True, "exclude": ["EXAMPLE\\bob"]}, ["/all", "/exclude:EXAMPLE\\bob"]),
    ({"idle": 3600}, ["/idle:1h"]), ({"all": True, "keep": ["winword.exe"]}, ["/all", "/keep:winword.exe"]),
])
def test_a_list_of_a_selection_of_a_server(served, binary, windows, select, arguments):
    done = query(binary, "none", *arguments, "/dryrun", "/server:ts1", option="--json=lines", name="logoff", tsts=windows)
    found, _ = served("ts1")[0].ask("list", select=select)
    assert only(found, "session") and {row["id"] for row in only(found, "session")} == {row["id"] for row in lines_of(done) if row["type"] == "result"}


def test_exclusions_on_a_server(served):
    """Nobody here knows the members of its groups."""
    one, _ = served("ts1")
    found, _ = one.ask("list", select={"all": True, "exclude": ["group:staff"]})
    assert refused(found) == [("group:staff", "exclusion-unknown", None, 1)] and len(found) == 1
    found, _ = one.ask("log-off", sessions=identities(one, "2"), select={"all": True, "exclude": ["group:staff"]})
    assert refused(found) == [("group:staff", "exclusion-unknown", None, 1)] and len(found) == 1
    found, _ = one.ask("list", select={"all": True, "exclude": ["dave"]})
    assert refused(found) == [("dave", "no-exclusion", None, 0)] and len(only(found, "session")) > 2
    found, _ = one.ask("list", select={"all": True, "exclude": ["EXAMPLE\\dave", "user:dave", "root"]})
    assert refused(found) == [("root", "no-exclusion", None, 0)], "a user of this machine is none of the server's"


@pytest.mark.parametrize("server", ["wrong-password", "no-rights", "late", "faulty", "unknown", "hostile", "echo", "tickets", "a b", "x" * 400])
def test_a_server_that_cannot_be_opened(served, binary, windows, server):
    """The failure is the one of the commands; and nobody is asked for a password."""
    one, first = served(server)
    wanted = lines_of(query(binary, "none", "session", "/nopass", f"/server:{server}", option="--json=lines", tsts=windows))
    assert [first | {"failure": first["failure"] | {"type": "failure"}}] == [{"serial": None, "failure": row} for row in wanted]
    assert one.end() == ([], wanted[0]["exit_status"]) and wanted[0]["exit_status"] in (3, 6, 8)


def test_there_is_no_client_for_servers(program):
    one = Peer(program, "none", "--server=ts1", LOGOFF_TSTS="/nonexistent")
    found, status = one.end()
    assert fields(found, "failure", "kind", "exit_status", "host") == [("no-client", 6, "ts1")] and status == 6


def test_the_account_for_a_server(served, tmp_path):
    """Its password comes from a file, and is in no line."""
    path = tmp_path / "auth"
    path.write_text("username = bob\npassword = secret\n")
    path.chmod(0o600)
    one, first = served("echo", f"/authfile:{path}", "/encrypt", "/kerberos:off")
    assert "user=bob domain= password=6 ccache= kerberos=2 encrypted" in first["failure"]["cause"]["text"]
    path.chmod(0o644)
    one, first = served("echo", "-A", str(path))
    assert (first["failure"]["kind"], first["failure"]["object"], first["failure"]["exit_status"]) == ("authfile", str(path), 1)
    assert first["failure"]["cause"]["text"] == "it is open to others"
    assert one.end() == ([], 1)


def test_nobody_is_asked_for_a_password(program, windows):
    with Terminal([program, "--server=tickets", "-U", "bob"], windows) as terminal:
        out, status = terminal.end()
    failure = check(json.loads(out.splitlines()[-1]))["failure"]
    assert (failure["kind"], failure["exit_status"], status) == ("not-accepted", 8, 8) and "Password" not in terminal.text + out


def test_this_machine_as_a_server(program):
    one = Peer(program, "memory:hosts/company", "/SERVER:localhost", "/logon:bob")
    hello = one.hello()
    assert hello["kind"] == "memory" and hello["boot"] and len(one.ask("list")[0]) == 10
    one.end()


# ---- as another user ----


ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())


def processes_of(one):
    return one.process.pid, one.child()


@ROOT
@pytest.mark.parametrize("option", ["--as=4242:4243,7,4243", "/AS:4242:4243,7,4243"])
def test_as(program, option):
    """Nothing is left of root, in neither process; and the rights are those of the user."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as description:    # which everybody can read
        description.write(REAL)
        description.flush()
        os.chmod(description.name, 0o644)
        one = Peer("/bin/sh", f"memory:{description.name}", "-c", f"umask 0; exec 9</etc/shadow; exec {program} {option}")
        hello = one.hello()
    assert (hello["euid"], hello["kind"], one.ask("list")[1]["exit_status"]) == (4242, "memory", 0)
    for pid in processes_of(one):
        status = status_of(pid)
        assert status["Uid"].split() == ["4242"] * 4 and status["Gid"].split() == ["4243"] * 4 and status["Groups"].split() == ["7", "4243", "4243"]
        assert {int(status[f"Cap{name}"], 16) for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0} and status["NoNewPrivs"] == "1"
        assert os.readlink(f"/proc/{pid}/cwd") == "/" and int(status["Umask"], 8) == 0o077
        assert not any("shadow" in os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    assert one.end() == ([], 0)


@ROOT
@pytest.mark.parametrize("what", ["", "4242", "4242:", "bob:staff", "4242:1,,2", "4294967295:1", "1:4294967295", "4242:1\x1b"])
def test_as_nobody(program, what):
    done = subprocess.run([program, f"--as={what}"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (1, b"") and b"\x1b" not in done.stderr


@ROOT
def test_only_root_becomes_another(program):
    build = program.parents[2]      # which may be where only root looks, in /root
    script = 'mount --bind "$1" /mnt && exec setpriv --reuid=4242 --regid="$2" --clear-groups "/mnt/$3" --as=4242:4242'
    for group in ("4242", "0"):
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", build, group, program.relative_to(build)],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
        assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"logoff-host: only root can use /as\n")
    done = subprocess.run([program, "--as=4242:4242", "--bus=x"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (1, b"")


# ---- the command line ----


@pytest.mark.parametrize("arguments,status,said", [
    (["--version"], 0, b"logoff-host 0."), (["--help"], 0, b"--read-only"), (["--nonsense"], 1, b"there is no option --nonsense"),
    (["--kerberos=perhaps"], 1, b"perhaps"), (["--logon="], 1, b"--logon"), (["--server"], 1, b"--server"),
    (["--read-only=x"], 1, b"takes no value"), (["host\x1b"], 1, b"takes no argument: host\\x1b"),
])
def test_command_line(program, arguments, status, said):
    done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env={"LOGOFF_HOST": "memory:/nonexistent"})
    assert done.returncode == status and said in (done.stderr if status else done.stdout)
    assert (done.stdout if status else done.stderr) == b""


def test_a_wrong_host(program):
    one = Peer(program, "memory:/nonexistent")
    found, status = one.end()
    assert fields(found, "failure", "kind") == [("wrong-host",)] and status == 6


@pytest.mark.parametrize("closed", [0, 1])
def test_closed_descriptors(program, closed):
    done = subprocess.run(["sh", "-c", f'exec "$0" {closed}>&-', program], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                          cwd=HERE, env={"LOGOFF_HOST": "memory:hosts/company"})
    assert done.returncode == (0 if closed == 0 else 9)
