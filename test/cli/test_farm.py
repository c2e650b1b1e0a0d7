# SPDX-License-Identifier: GPL-3.0-or-later
"""query and logoff for many hosts: memory hosts behind real logoff-hosts, and peers that break the protocol, off, or both.

The promise: exit status 0 means that nobody is left who was meant, on any host meant, and only those were logged off.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import uuid

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

from test_host import MAY_BE_OWN
from test_json import DOC, HERE, strict, validate
from test_logon import Terminal

SECONDS = 60     # the longest time for anything; only a failing test needs it
LINES = jsonschema.Draft202012Validator(strict(json.loads((DOC / "schema/lines.json").read_text())))

PRELUDE = '''
import json, os, signal, sys, time
NAME, FOLDER = {name!r}, {folder!r}
BOOT, LOGON = "0f00-boot", 1741939320000000
with open(FOLDER + "/" + NAME + ".starts", "a") as file:
    file.write(" ".join(fd for fd in map(str, range(3, 64)) if os.path.exists("/proc/self/fd/" + fd) and fd != str(file.fileno())) + "\\n")
with open(FOLDER + "/" + NAME + ".starts") as file:
    connection = len(file.readlines())
stdin, last = open(0, "rb", buffering=0, closefd=False), dict()

def raw(data):
    while data:
        data = data[os.write(1, data):]

def say(**line):
    raw(json.dumps(line).encode() + b"\\n")

def hello(**more):
    told = {{"logoff-host": 1, "version": "0", "host": NAME, "machine": "m", "boot": BOOT, "uptime": 10 ** 6, "kind": "memory", "euid": 0,
            "times": True, "read_only": False, **more}}
    say(**{{"instance": "%s %s" % (told["host"], told["boot"]), **told}})

def order(wanted=None):
    global last
    line = stdin.readline()
    if not line:
        sys.exit(0)
    with open(FOLDER + "/" + NAME + ".orders", "ab") as file:
        file.write(line)
    last = json.loads(line)
    if wanted:
        assert last["order"] == wanted, last
    return last

def row(id, user="alice", **more):
    return {{"host": "a lie", "id": id, "name": None, "user": user, "domain": None, "uid": 1000, "state": "disconnected", "kind": "user",
            "current": False, "own": False, "console": False, "registered": True, "protocol": "ssh", "terminal": None, "terminals": [],
            "display": None, "address": None, "client": None, "logon_time": "2025-03-14T08:02:00Z", "age_seconds": 60, "idle_seconds": 60, **more}}

def session(id, logon=LOGON, **more):
    say(serial=last["serial"], session=row(id, **more), logon=logon)

def reply(status=0, **more):
    say(serial=last["serial"], reply=last["order"], exit_status=status, hides_processes=False, **more)

def event(id, word="ask", **more):
    say(serial=last["serial"], event={{"event": word, "host": "x", "session_id": id, "name": None, "user": "alice", "elapsed_s": 0.1,
        "remaining_s": None, "processes": [], "delivery": None, "desktop": None, "held": None, "cause": None, **more}})

def result(id, word="ended", **more):
    ended = word == "ended"
    say(serial=last["serial"], result=row(id, result=word, exit_status=0 if ended else 3, forced=False, warned=False, elapsed_s=0.5,
        session_exists=not ended, left=[], cause=None) | more)

def failure(kind, object=None, status=6, cause=None, **more):
    say(**({{"serial": last.get("serial"), "failure": {{"host": "x", "kind": kind, "object": object, "cause": cause, "exit_status": status}}}} | more))

def listing(*ids, **more):
    hello()
    order("list")
    for id in ids:
        session(id, **more)
    reply()

def mark():
    """Tells the test how far it is."""
    open(FOLDER + "/" + NAME + ".mark", "w").close()

def hang():
    mark()
    while True:
        time.sleep(600)

'''


class Done:
    """What a command has said; the lines for programs are checked."""

    def __init__(self, out, err, status, lines):
        self.out, self.err, self.status = out, err, status
        self.rows = []
        if lines:
            assert not re.search("[^\n -~]", out), "something else than plain ASCII was printed"
            self.rows = [json.loads(line) for line in out.splitlines()]
            for one in self.rows[:1000]:    # the check is slow
                LINES.validate(one)

    def results(self):
        """Host, id, and result of each session."""
        return [(one["host"], one["id"], one["result"]) for one in self.rows if one["type"] == "result"]

    def only(self, type, *names):
        return [tuple(one[name] for name in names) for one in self.rows if one["type"] == type]


class Farm:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.mark = uuid.uuid4().hex
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb", "LOGOFF_HOSTS_FILE": str(folder / "hosts"),
                    "LOGOFF_TEST_MARK": self.mark, "LOGOFF_HOST": "memory:/nonexistent",
                    "LOGOFF_DRAIN_ROOT": str(folder / "state")}    # so that no fault of the program drains this machine
        self.env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
        self.text, self.names = "", []
        built = binary.parent.parent / "host/logoff-host"
        self.program = built if built.exists() else binary.parent / "logoff-host"

    def hosts(self, **hosts):
        """Adds hosts: each is the name of a memory host, its description, or the script of a peer."""
        for name, what in hosts.items():
            self.add(name.replace("__", "."), what)
        return self

    def add(self, name, what, *arguments):
        self.names.append(name)
        if "\n" in what and what.startswith(("host ", "caller ")):
            (self.folder / f"{len(self.names)}.memory").write_text(what)
            what = str(self.folder / f"{len(self.names)}.memory")
        elif not re.fullmatch("[a-z-]+", what):
            script = self.folder / f"{len(self.names)}.py"
            file = re.sub("[^a-z0-9.]", "_", name)
            script.write_text(PRELUDE.format(name=file, folder=str(self.folder)) + what)
            self.text += f'{name} command="{sys.executable} -IS {script}"\n'
            return self
        else:
            what = str(HERE / "hosts" / what)
        self.text += f'{name} command="env LOGOFF_HOST=memory:{what} {self.program} {" ".join(arguments)}"\n'
        return self

    def command(self, name, words):
        (self.folder / "hosts").write_text(self.text)
        command = [str(self.binary.parent / name), *words]
        if not any(os.fsdecode(word).startswith("/server:") for word in words):
            command.append("/server:" + ",".join(self.names))
        return command

    def run(self, name, *words, **options):
        options = {"timeout": SECONDS, "stdin": subprocess.DEVNULL, **options}
        start = time.monotonic()
        done = subprocess.run(self.command(name, words), env=self.env, capture_output=True, start_new_session=True, cwd=self.folder, **options)
        self.seconds = time.monotonic() - start
        assert 0 <= done.returncode < 20 and b"Sanitizer" not in done.stderr and b"runtime error:" not in done.stderr, done
        return Done(done.stdout.decode(), done.stderr.decode(), done.returncode, "/json:lines" in words)

    def query(self, *words, **options):
        return self.run("query", "session", *words, **options)

    def logoff(self, *words, **options):
        return self.run("logoff", *words, **options)

    def wait_for_mark(self, name):
        deadline = time.monotonic() + SECONDS
        while not (self.folder / f"{name}.mark").exists():
            assert time.monotonic() < deadline, f"{name} has not got so far"
            time.sleep(0.02)

    def orders(self, name):
        """What a peer was told, over all its connections."""
        path = self.folder / f"{name}.orders"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ordered(self, name):
        """The ids in its orders to log off, one list for each."""
        return [[one["id"] for one in order["sessions"]] for order in self.orders(name) if order["order"] == "log-off"]

    def check_end(self):
        """Nothing of the command is left, and its children had nothing of it."""
        deadline = time.monotonic() + 5
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert left == {}, "a child was left"
        for path in self.folder.glob("*.starts"):
            assert path.read_text().split() == [], "a child has got more descriptors than three"

    def left(self):
        """The processes that have our mark: number and command line."""
        found = {}
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark.encode() in path.read_bytes():
                    found[int(path.parent.name)] = (path.parent / "cmdline").read_bytes()
            except OSError:
                pass
        return found


@pytest.fixture
def farm(binary, tmp_path):
    one = Farm(binary, tmp_path)
    yield one
    one.check_end()


TWO = """caller uid=0
user name=alice uid=1000
user name=bob uid=1001
session id=5 user=alice tty=pts/3 logon=2025-03-14T08:02:00Z
process command=bash
session id=6 user=bob tty=pts/4 logon=2025-03-14T08:03:00Z
process command=vim
"""
GOOD = "listing('5')\norder('log-off')\nresult('5')\nreply()\norder()\n"


# ---- what is shown ----


def test_query_shows_all_hosts_in_natural_order(farm):
    done = farm.hosts(h10=TWO, h9=TWO, h1=TWO).query()
    assert done.status == 0 and done.err == ""
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0][0] == "HOST" and [line[0] for line in lines[1:]] == ["h1", "h1", "h9", "h9", "h10", "h10"]


def test_a_peer_does_not_choose_its_name(farm):
    done = farm.hosts(one=GOOD, two=TWO).query("/json:lines")
    assert done.status == 0 and done.only("session", "host", "id") == [("one", "5"), ("two", "5"), ("two", "6")]


# ---- what is promised ----


@pytest.mark.parametrize("words", [(), ("/all",), ("/ifany",)], ids=repr)
def test_a_text_alone_means_nobody(farm, words):
    """It is no session: without a selection nobody was meant, which is no success."""
    done = farm.hosts(one=TWO, two=TWO).logoff("we reboot at noon", "/warn:5", "/y", *words)
    assert done.status == (0 if words == ("/all",) else 1)


def test_a_result_that_nobody_asked_for(farm):
    """The second session is named, so it is ordered on its own, after the selected one."""
    early = "hello()\norder()\nsession('5')\nreply()\norder()\nsession('5')\nsession('7')\nreply()\norder('log-off')\nresult('7')\nresult('5')\nreply()\n"
    done = farm.hosts(one=early, two=TWO).logoff("/user:bob", "one:7", "/y", "/json:lines", "/timeout:1", "/grace:0")
    assert done.status == 6 and ("one", "7", "ended") not in done.results() and ("two", "6", "ended") in done.results()


def test_two_fates_in_one_answer(farm):
    """The second "gone" is not that of the next session."""
    lies = """if connection == 1:
    listing('5', '6')
    order('log-off')
else:
    hello()
    order('fate')
    say(serial=last['serial'], fate='gone')
    say(serial=last['serial'], fate='gone')
    hang()
"""
    done = farm.hosts(one=lies, two=TWO).logoff("/user:alice", "/y", "/json:lines", "/timeout:1", "/grace:0")
    assert done.status == 6 and ("one", "6", "ended") not in done.results()


def test_the_second_connection_leads_to_another_machine(farm):
    """A name can stand for several machines. There nothing is gone, as nothing was there."""
    other = """listing('5') if connection == 1 else hello(host='other', boot='1f')
if connection > 1:
    order('fate')
    say(serial=last['serial'], fate='gone')
    reply()
order('log-off')
"""
    done = farm.hosts(one=other, two=TWO).logoff("/user:alice", "/y", "/json:lines", "/timeout:1", "/grace:0")
    assert done.status == 6 and ("one", "5", "ended") not in done.results() and ("two", "5", "ended") in done.results()


# What else than its host name tells machines apart: the hello of the second connection, and whether it is the same machine for certain.
SECOND = {
    "instance": ("", True),
    "container": ("instance='another'", False),     # of the same kernel
    "copy": ("boot='1f'", False),       # of the same image
    "restart": ("boot='1f', uptime=0", True),
    "start of another": ("boot='1f', uptime=0, machine='other'", None),     # which is known to be another one
    "start without machine": ("boot='1f', uptime=0, machine=None", False),
    "start without uptime": ("boot='1f', uptime=None", False),
    "nothing": ("instance=None", False),
}


@pytest.mark.parametrize("order", ["fate", "log-off"])
@pytest.mark.parametrize("what", SECOND)
def test_the_second_connection(farm, order, what):
    """"Gone" is believed only of the machine that was listed."""
    words, certain = SECOND[what]
    peer = f"""if connection == 1:
    listing('5')
    {"order('log-off')" if order == "fate" else ""}
    time.sleep({1.5 if "uptime=0" in words else 0})
    sys.exit(0)
hello({words})
order('{order}')
""" + ("say(serial=last['serial'], fate='gone')\nreply()\norder()\n" if order == "fate" else "failure('no-session', '5', 2)\nreply(2)\norder()\n")
    slow = TWO.replace("order('log-off')", "order('log-off')\ntime.sleep(2)") if order == "fate" else f"hello()\norder('list')\ntime.sleep(2)\nsession('5')\nreply()\norder('log-off')\nresult('5')\nreply()\norder()\n"
    done = farm.hosts(one=peer, two=slow).logoff("/user:alice", "/y", "/json:lines", "/timeout:4", "/grace:0")
    assert dict((host, result) for host, _, result in done.results()) == {"one": "ended" if certain else "failed", "two": "ended"}, done.err
    assert done.status == (0 if certain else 6)
    if certain is None:
        assert farm.orders("one")[-1]["order"] == ("log-off" if order == "fate" else "list"), "another machine got an order"
        assert order == "fate" or "another machine answers now" in done.err
    elif not certain:
        assert "what became of it is unknown" in done.err


# ---- two names of one machine ----


@pytest.fixture
def twins(farm):
    """login1 and login01 are the same machine, so is login001, and other is another one."""
    def peer(number):
        return f"""hello(instance='{number}', host='m{number}')
while order():
    if last['order'] == 'list':
        session('5')
        if 'select' not in last:
            session('6', user='bob')
        reply()
    elif last['order'] == 'processes':
        say(serial=last['serial'], process=dict(host='x', pid=4242, command='vi', user='alice', uid=1000, session_id='5', session_name=None, state=None, kind=None))
        reply()
    elif last['order'] == 'logon':
        say(serial=last['serial'], logon=dict(mode='new', lasting=True, services=[dict(service='sshd', refused=True)]))
        reply()
    elif last['order'] == 'message':
        for one in last['sessions']:
            say(serial=last['serial'], delivery=row(one['id'], result='delivered', channel='terminal', answer=None, cause=None, exit_status=0))
        reply()
    else:
        for one in last['sessions']:
            result(one['id'])
        reply()
"""
    return farm.hosts(login1=peer(1), login01=peer(1), login001=peer(1), other=peer(2))


TWIN = ": login[01,001]: the same host as login1; its sessions count once\n"


@pytest.mark.parametrize("words", [("session",), ("user",), ("process", "*")], ids=["session", "user", "process"])
def test_a_machine_with_several_names_is_shown_once(twins, words):
    done = twins.run("query", *words, "/columns:host", "/nolegend")
    assert sorted(set(done.out.split())) == ["login1", "other"], done.out
    assert (done.status, done.err.splitlines()[0] + "\n") == (0, "query" + TWIN)


def test_a_machine_with_several_names_is_told_programs(twins):
    done = twins.query("/json:lines")
    assert done.only("failure", "host", "kind", "object", "exit_status") == [
        ("login01", "same-host", "login1", 0), ("login001", "same-host", "login1", 0)]
    assert done.only("session", "host", "id") == [("login1", "5"), ("login1", "6"), ("other", "5"), ("other", "6")]


def test_a_copy_of_a_machine_has_a_second_name(farm):
    """Machines that go on from one snapshot have one instance. The name before the second one is not its only one."""
    peer = "hello(instance='1', host='m%s')\nwhile order():\n    session('5')\n    reply()\n"
    farm.hosts(login1=peer % 1, login01=peer % 2, login001=peer % 2, login2=peer % 1)
    done = farm.query("/json:lines")
    assert sorted(done.only("failure", "host", "kind", "object")) == [("login001", "same-host", "login01"), ("login2", "same-host", "login1")]
    assert done.status == 0 and sorted(done.only("session", "host", "id")) == [("login01", "5"), ("login1", "5")]


NAMES = ("login01", "login1", "login001")


def test_a_machine_with_several_names_logs_off_by_each(twins):
    """One after the other. A host that says that it is another one cannot save that one's users the order."""
    done = twins.logoff("/user:alice", "/y", "/json:lines", "/timeout:5", "/grace:0")
    assert sorted(done.results()) == sorted((name, "5", "ended") for name in (*NAMES, "other")) and done.status == 0, done.err
    assert "login[01,001]: the same host as login1, it says\n" in done.err
    assert done.results()[0][0] in ("login1", "other") and {one[0] for one in done.results()[2:]} == {"login01", "login001"}


def test_a_connection_by_another_name_is_not_selected(farm):
    """It would break while the session is logged off. A host that lies could save a user so: it is said."""
    def peer(own, other, instance):
        return f"""hello(instance='{instance}', host='m')
while order():
    if last['order'] == 'list':
        if 'select' not in last:
            session('{own}', user='root', own=True)
        session('{other}', user='root')
        session('5')
        reply(**(dict(own='{own}') if 'select' in last else {{}}))
    else:
        for one in last['sessions']:
            result(one['id'])
        reply()
"""
    farm.hosts(login1=peer('91', '92', '1'), login01=peer('92', '91', '1'), other=peer('91', '92', '2'))
    done = farm.logoff("/all", "/y", "/json:lines", "/timeout:5", "/grace:0")
    assert sorted(done.results()) == [("login01", "5", "ended"), ("login1", "5", "ended"), ("other", "5", "ended"), ("other", "92", "ended")]
    assert [one for name in ("login1", "login01") for order in farm.orders(name) if order["order"] == "log-off"
            for one in order["sessions"] if one["id"] in ("91", "92")] == []
    assert sorted(done.only("failure", "host", "kind", "object")) == [
        ("login01", "same-host", "login1"), ("login01", "spared-unknown", "91"), ("login1", "spared-unknown", "92")]
    assert done.status == 0, done.err


def test_a_machine_with_several_names_is_drained_by_each(twins):
    done = twins.logoff("/user:alice", "/drain", "/y", "/json:lines", "/timeout:5", "/grace:0")
    assert set(done.results()) == {(name, "5", "ended") for name in (*NAMES, "other")} and done.status == 5, done.err   # they are there again
    assert sorted(done.only("drained", "host")) == sorted((name,) for name in (*NAMES, "other"))


@pytest.mark.parametrize("whom,sessions", [("alice", ["5"]), ("*", ["5", "6"])])
def test_a_machine_with_several_names_gets_messages_by_each(twins, whom, sessions):
    twins.env["LOGOFF_HOST"] = f"memory:{HERE}/hosts/office"
    done = twins.run("msg", "/server:" + ",".join(twins.names), whom, "hello")
    assert done.status == 0 and "login[01,001]: the same host as login1, it says\n" in done.err, done.err
    ordered = [[one["id"] for one in order["sessions"]] for name in NAMES
               for order in twins.orders(name) if order["order"] == "message"]
    assert ordered == [sessions] * 3


@pytest.mark.parametrize("tells", ["host='m2'", "machine='other'", "boot='1f'"])
def test_machines_of_one_snapshot(farm, tells):
    """They have the id of one bus that runs in all of them, and each has its users."""
    one = GOOD.replace("listing('5')", "plain = hello\nhello = lambda: plain(instance='1', host='m')\nlisting('5')")
    done = farm.hosts(one=one, two=one.replace("host='m'", tells if "host" in tells else "host='m', " + tells)).logoff("/user:alice", "/y", "/json:lines")
    assert (done.status, done.err, sorted(done.results())) == (0, "", [("one", "5", "ended"), ("two", "5", "ended")])


@pytest.mark.parametrize("number", [1, 66])
def test_the_order_reaches_another_machine(farm, number):
    """Beyond 64 hosts connections are closed and made again."""
    other = """if connection == 1:
    listing('5')
    sys.exit(0)
hello(host='other', boot='1f')
order('log-off')
failure('no-session', '5', 2)
reply(2)
order()
"""
    for i in range(number):
        farm.add(f"h{i}", other)
    done = farm.logoff("/user:alice", "/y", "/json:lines", "/timeout:5", "/grace:0", "/parallel:8")
    assert done.status == 6 and {one[2] for one in done.results()} == {"failed"} and len(done.results()) == number


def test_an_unknown_session_is_not_nobody(farm):
    """As on one machine: nobody is selected, and of one session nobody can tell."""
    spares = "hello()\norder('list')\nfailure('spared-unknown', '5', 0)\nreply()\norder()\n"
    done = farm.hosts(one=spares, two="empty").logoff("/user:alice", "/y")
    assert done.status == 2 and "left alone" in done.err
    assert farm.logoff("/user:alice", "/y", "/ifany").status == 2


def test_what_may_be_our_connection(farm):
    """It is shown. A selection leaves it alone, also where the host has selected it, and the command says so. A name means it."""
    listed = "session('5', current=None, own=None)\nsession('6')\nreply()\n"
    farm.hosts(one=f"hello()\norder('list')\n{listed}order('log-off')\nresult('6')\nreply()\norder()\n", two="empty")
    done = farm.logoff("/user:alice", "/y", "/json:lines")
    assert done.status == 0 and done.results() == [("one", "6", "ended")] and "1 session is left alone" in done.err
    assert [(one["kind"], one["object"], one["host"]) for one in done.rows if one["type"] == "failure"] == [("spared-unknown", "5", "one")]
    done = farm.run("query", "session", "/json:lines")
    assert [(one["id"], one["own"]) for one in done.rows if one["type"] == "session"] == [("5", None), ("6", False)]
    done = farm.hosts(three=MAY_BE_OWN).logoff("three:5", "/all", "/y", "/server:three", "/json:lines")
    assert sorted(done.results()) == [("three", "5", "ended"), ("three", "7", "ended")] and done.status == 0, done.err
    assert [(one["kind"], one["object"]) for one in done.rows if one["type"] == "failure"] == [("spared-unknown", "6")]
    assert "1 session is left alone" in done.err


@pytest.mark.parametrize("name,words", [("query", ("session",)), ("logoff", ("/user:alice", "/ifany"))], ids=["query", "logoff"])
def test_a_list_that_failed_without_a_word(farm, name, words):
    done = farm.hosts(one="hello()\norder('list')\nreply(6)\norder()\n", two="empty").run(name, *words)
    assert done.status == 6 and "one" in done.err


def test_a_broken_list_is_no_list(farm):
    """The first list, of the selected sessions, was whole; of the second one, of all, a part came."""
    breaks = "listing('5')\norder('list')\nsession('5')\nsession('6', name='pts/4', state='active')\n"
    done = farm.hosts(one=breaks, two=TWO).logoff("/user:alice", "one:pts/4", "/y", "/json:lines")
    assert done.status == 6 and done.results() == [("two", "5", "ended")] and farm.ordered("one") == []


FIRST_FAILS = """hello()
order('list')
session('5')
%s
order('list')
session('5')
session('6', name='pts/4', state='active')
reply()
while order():
    if last['order'] == 'log-off':
        for one in last['sessions']:
            result(one['id'])
    reply()
"""


@pytest.mark.parametrize("end,status", [("failure('unreachable', None, 6)\nreply(6)", 6), ("failure('exclusion-unknown', 'bob', 1)\nreply(1)", 1)],
                         ids=["unreachable", "exclusion"])
def test_a_first_list_that_failed(farm, end, status):
    """The selected sessions are unknown, so only the session that is named is logged off. The second list says nothing about the others."""
    farm.hosts(one=FIRST_FAILS % end, two=TWO)
    done = farm.logoff("/user:alice", "one:pts/4", "/y", "/json:lines")
    assert done.status == status and sorted(done.results()) == [("one", "6", "ended"), ("two", "5", "ended")] and farm.ordered("one") == [["6"]]


def test_a_first_list_that_was_refused(farm):
    farm.hosts(one=(FIRST_FAILS % "failure('busy', 'list', 1)").replace("session('5')\nfailure", "failure"), two="empty")
    done = farm.logoff("/user:alice", "one:pts/4", "/y", "/json:lines")
    assert done.status == 1 and done.results() == [("one", "6", "ended")] and "no session is selected" not in done.err


def test_a_first_list_that_failed_tells_nothing_later(farm):
    """Not before its turn either: those who are selected then were never shown."""
    farm.hosts(good=GOOD, one=FIRST_FAILS % "failure('unreachable', None, 6)\nreply(6)")
    done = farm.logoff("/user:alice", "one:6", "/serial:1", "/y", "/json:lines")
    assert done.status == 6 and done.results() == [("good", "5", "ended"), ("one", "6", "ended")]
    assert [order["order"] for order in farm.orders("one")] == ["list", "list", "log-off"]


def test_an_exclusion_that_no_whole_list_knows(farm):
    """A list that has failed knows no exclusion, whatever comes after it."""
    unsure = FIRST_FAILS % "failure('unreachable', None, 6)\nreply(6)"
    done = farm.hosts(one=unsure, two=TWO).logoff("/all", "/exclude:carol", "one:6", "/y", "/json:lines")
    assert done.status == 6 and done.results() == [] and "nothing was done" in done.err


@pytest.mark.parametrize("script,status", [
    ("os.write(2, b'ssh: connect to host a port 22: No route to host\\n')\nsys.exit(255)\n", 0),
    ("hang()\n", 0),
    ("sys.exit(127)\n", 6),
    ("os.write(2, b'a: Permission denied (publickey).\\n')\nsys.exit(255)\n", 8),
    ("hello()\nhang()\n", 6),
    ("hello()\n", 6),
    ("hello()\norder('list')\nsession('5')\n", 6),
    ("hello()\norder('list')\nraw(b'nonsense\\n')\n", 6),
    ("failure('unreachable', serial=None)\n", 6),
], ids=["off", "silent", "missing", "refused", "hangs", "ends", "breaks", "wrong", "fails"])
def test_who_may_be_unreachable(farm, script, status):
    """/allowunreachable is for hosts that are off: what has said hello has been reached."""
    farm.hosts(one=script, two=TWO)
    for name, words in [("query", ["session"]), ("logoff", ["/user:alice", "/y"])]:
        done = farm.run(name, *words, "/allowunreachable", "/timeout:1")
        assert done.status == status and "one: " in done.err, (name, done.err)


@pytest.mark.parametrize("words", [
    ("query", "session"), ("query", "user", "alice"), ("query", "process", "vi"), ("logoff", "/user:alice", "/y"), ("logoff", "/all", "/ifany", "/y"),
    ("logoff", "/all", "/drain", "/y"), ("logoff", "/all", "/dryrun"), ("logoff", "one:5"), ("msg", "*", "hello"), ("change", "logon", "/query"),
    ("change", "logon", "/drain"),
], ids=" ".join)
@pytest.mark.parametrize("servers", ["one", "one,two"])
def test_no_host_is_reached(farm, words, servers):
    """Then nothing was done, and /allowunreachable excuses nobody."""
    off = "os.write(2, b'ssh: connect to host a port 22: No route to host\\n')\nsys.exit(255)\n"
    done = farm.hosts(one=off, two="hang()\n").run(*words[:2], "/allowunreachable", "/timeout:1", f"/server:{servers}", *words[2:])
    assert done.status == 6 and "one: cannot be reached (No route to host)\n" in done.err


@pytest.mark.parametrize("words,status", [((), 2), (("/ifany",), 0), (("/dryrun",), 2)], ids=repr)
def test_nobody_on_the_hosts_that_are_on(farm, words, status):
    off = "os.write(2, b'ssh: connect to host a port 22: No route to host\\n')\nsys.exit(255)\n"
    farm.hosts(one=off, two=TWO)
    assert farm.logoff("/user:carol", "/allowunreachable", *words).status == status
    assert farm.logoff("/user:carol", *words).status == 6


def test_a_host_whose_session_is_named_is_not_excused(farm):
    """What became of that session is unknown, though another one has ended."""
    off = "os.write(2, b'ssh: connect to host a port 22: No route to host\\n')\nsys.exit(255)\n"
    done = farm.hosts(one=off, good=GOOD).logoff("one:7", "good:5", "/allowunreachable", "/json:lines")
    assert done.status == 6 and ("good", "5", "ended") in done.results(), done.err


@pytest.mark.parametrize("words", [["user", "carol"], ["session", "carol"], ["process", "vi"]], ids=repr)
def test_who_is_not_found_may_be_on_another_host(farm, words):
    """It is no "no" while a host has not answered, though that host may be excused."""
    off = "os.write(2, b'ssh: connect to host a port 22: No route to host\\n')\nsys.exit(255)\n"
    two = TWO if words[0] != "process" else "hello()\norder('list')\nreply()\norder('processes')\nreply()\norder()\n"
    farm.hosts(one=off, two=two)
    found = {excused: farm.run("query", *words, *excused, "/json:lines") for excused in ((), ("/allowunreachable",))}
    assert [(done.status, [one["kind"] for one in done.rows if one.get("object") == words[1]]) for done in found.values()] == [(6, ["recipient-unknown"])] * 2, found
    assert all(f"query: {words[1]}: found on none of the hosts that answered\n" in done.err for done in found.values())
    if words[0] != "process":
        done = farm.run("query", words[0], "alice", "/allowunreachable", "/json:lines")
        assert (done.status, done.only("session", "host", "id")) == (0, [("two", "5")])


def test_a_host_that_hides_some_beside_one_that_is_excused(farm):
    """What is found may be less than there is."""
    off = "os.write(2, b'ssh: connect to host a port 22: No route to host\\n')\nsys.exit(255)\n"
    hides = "hello()\nwhile order():\n    say(serial=last['serial'], reply=last['order'], exit_status=0, hides_processes=True)\n"
    farm.hosts(one=off, two=hides, three=off)
    for words in ("process", "vi"), ("user", "carol"):
        done = farm.run("query", *words, "/allowunreachable")
        assert done.status == 6 and "/proc hides " in done.err, done.err


@pytest.mark.parametrize("word", ["one:c3", "one:pts/9", "one:id:9", "one:32769"])
def test_a_session_that_a_host_may_hide(farm, word):
    """It is not said that there is none. A number, which c1 has, may be the id of the hidden one."""
    hides = "hello()\nwhile order():\n    session('c1')\n    say(serial=last['serial'], reply=last['order'], exit_status=0, hides_processes=True)\n"
    farm.hosts(one=hides, two=TWO)
    done = farm.logoff(word, "/json:lines")
    assert (done.status, done.only("failure", "kind", "object")) == (6, [("recipient-unknown", word.partition(":")[2].removeprefix("id:"))]) and farm.ordered("one") == []
    assert done.err.startswith(f"logoff: {word}: not seen, but /proc hides processes of others, and so logins (hidepid)\n"), done.err


# ---- exclusions ----


@pytest.mark.parametrize("words,status,ended", [
    (["/exclude:bob"], 0, ["one 5", "two 7"]),
    (["/exclude:carol"], 0, ["one 5", "one 6", "two 6"]),
    (["/exclude:carol,carol"], 0, ["one 5", "one 6", "two 6"]),
    (["/exclude:nosuchuser"], 1, []),
    (["/exclude:carol,nosuchuser"], 1, []),
    (["/exclude:group:nosuchgroup"], 1, []),
    (["/exclude:6"], 0, ["one 5", "two 7"]),
    (["/exclude:7"], 0, ["one 5", "one 6", "two 6"]),
    (["/exclude:pts/4"], 0, ["one 5", "two 7"]),
], ids=repr)
def test_exclusions(farm, words, status, ended):
    """Known on one host only, on both, on none."""
    other = TWO.replace("name=alice uid=1000", "name=carol uid=1002").replace("id=5 user=alice", "id=7 user=carol")
    done = farm.hosts(one=TWO, two=other).logoff("/all", "/y", "/json:lines", *words)
    assert (done.status, sorted(f"{host} {id}" for host, id, result in done.results() if result == "ended")) == (status, ended)
    if status == 1:
        assert done.only("failure", "kind") == [("no-exclusion",)] and "nothing was done" in done.err
        assert "there is neither such a user" in done.err, "user:NAME is for servers"


def test_an_exclusion_that_a_broken_host_did_not_know(farm):
    """Only hosts that have told everything count: the other one knows it."""
    breaks = "hello()\norder('list')\nfailure('no-exclusion', 'bob', 0)\nfailure('no-exclusion', 'bob', 0)\n"
    done = farm.hosts(one=breaks, two=TWO).logoff("/all", "/exclude:bob", "/y", "/json:lines")
    assert done.status == 6 and done.results() == [("two", "5", "ended")]


def test_an_exclusion_that_a_host_cannot_judge(farm):
    """It leaves all alone, and the others go on."""
    unsure = "hello()\norder('list')\nfailure('exclusion-unknown', 'bob', 1)\nreply(1)\norder()\n"
    done = farm.hosts(one=unsure, two=TWO).logoff("/all", "/exclude:bob", "/y", "/json:lines")
    assert done.status == 1 and done.results() == [("two", "5", "ended")]


# ---- peers that break, hang or lie: one after the other, side by side with good ones ----

AGAIN = "if connection > 1:\n    hello()\n    order('fate')\n    say(serial=last['serial'], fate=%r)\n    reply()\n    order()\n    sys.exit(0)\n"
NEVER = "if connection > 1:\n    sys.exit(0)\n"
ASKED = "listing('5', '6')\norder('log-off')\n"
EARLY = """hello()
order('list')
lines = []
say = lambda **line: lines.append(json.dumps(line) + "\\n")
session('5')
session('6')
reply()
last.update(serial=2, order='log-off')
result('5')
result('6')
reply()
raw("".join(lines).encode())
order('log-off')
"""
PHASES = {    # the script, and what becomes of sessions 5 and 6
    "before": ("sys.exit(0)\n", []),
    "hello": ("hello()\n", []),
    "halfhello": ("raw(b'{\"logoff-host\":1')\n", []),
    "list": ("hello()\norder('list')\nsession('5')\n", []),
    "held": (NEVER + "listing('5', '6')\n", ["failed", "failed"]),
    "unread": (NEVER + "listing('5', '6')\nos.close(0)\ntime.sleep(1)\n", ["failed", "failed"]),
    "ordered": (NEVER + ASKED, ["failed", "failed"]),
    "asked": (NEVER + ASKED + "event('5')\nevent('6')\n", ["failed", "failed"]),
    "result": (NEVER + ASKED + "event('5')\nresult('5')\n", ["ended", "failed"]),
    "half": (NEVER + ASKED + "result('5')\nraw(b'{\"serial\": 2, \"result\": ')\n", ["ended", "failed"]),
    "noreply": (NEVER + ASKED + "result('5')\nresult('6')\n", ["ended", "ended"]),
    "gone": (AGAIN % "gone" + ASKED + "result('6')\n", ["ended", "ended"]),
    "other": (AGAIN % "other" + ASKED + "result('6')\n", ["ended", "ended"]),
    "there": (AGAIN % "there" + ASKED + "result('6')\n", ["failed", "ended"]),
    "unknown": (AGAIN % "unknown" + ASKED + "result('6')\n", ["failed", "ended"]),
    "nonsense": (AGAIN % "maybe" + ASKED + "result('6')\n", ["failed", "ended"]),
    "number": (AGAIN % 1 + ASKED + "result('6')\n", ["failed", "ended"]),
    "silent": (ASKED + "result('5')\nreply()\norder()\n", ["ended", "failed"]),
    "twice": (NEVER + ASKED + "result('5')\nresult('5')\nresult('6')\nreply()\n", ["ended", "failed"]),
    "strange": (NEVER + ASKED + "result('7')\nresult('5')\nresult('6')\nreply()\n", ["failed", "failed"]),
    "noid": (NEVER + ASKED + "result(None)\nresult('5')\nreply()\n", ["failed", "failed"]),
    "left": (AGAIN % "gone" + ASKED + "result('5', left=[dict(pid=7, command='x', stuck=None, tracer=None)])\nresult('6')\n", ["failed", "ended"]),
    "there5": (AGAIN % "gone" + ASKED + "result('5', session_exists=True)\n", ["failed", "ended"]),
    "noword": (AGAIN % "gone" + ASKED + "result('5', 'vanished')\n", ["failed", "ended"]),
    "otherreply": (NEVER + ASKED + "say(serial=last['serial'], reply='list', exit_status=0)\n", ["failed", "failed"]),
    "otherserial": (NEVER + ASKED + "last['serial'] -= 1\nresult('5')\nresult('6')\nreply()\n", ["failed", "failed"]),
    "future": (NEVER + ASKED + "last['serial'] += 1\nresult('5')\nresult('6')\nreply()\n", ["failed", "failed"]),
    "early": (NEVER + EARLY, ["failed", "failed"]),
    "mute": (NEVER + "listing('5', '6')\nos.close(1)\nhang()\n", ["failed", "failed"]),
    "muteasked": (NEVER + ASKED + "result('5')\nos.close(1)\nhang()\n", ["ended", "failed"]),
    "nojson": (NEVER + ASKED + "raw(b'killed by the kernel\\n')\nhang()\n", ["failed", "failed"]),
    "array": (NEVER + ASKED + "raw(b'[]\\n')\nhang()\n", ["failed", "failed"]),
    "empty": (NEVER + ASKED + "raw(b'\\n')\nhang()\n", ["failed", "failed"]),
    "nothing": (NEVER + ASKED + "say(serial=last['serial'])\nhang()\n", ["failed", "failed"]),
    "nul": (NEVER + ASKED + "raw(b'{\"serial\":2,\"result\":{\"id\":\"5\\\\u0000\"}}\\n')\nhang()\n", ["failed", "failed"]),
    "double": (NEVER + ASKED + "raw(b'{\"serial\":2,\"serial\":2,\"reply\":\"log-off\",\"exit_status\":0}\\n')\nhang()\n", ["failed", "failed"]),
    "readonly": ("listing('5', '6')\norder('log-off')\nfailure('read-only', 'log-off', 3)\norder()\n", ["failed", "failed"]),
    "busy": ("listing('5', '6')\norder('log-off')\nfailure('busy', 'log-off', 1)\norder()\n", ["failed", "failed"]),
    "wrongorder": ("listing('5', '6')\norder('log-off')\nfailure('wrong-order', 'wait', 1)\norder()\n", ["failed", "failed"]),
    "ownsession": (ASKED + "failure('own-session', '5', 4)\nresult('6')\nreply(4)\norder()\n", ["failed", "ended"]),
    "changed": (ASKED + "failure('changed', '5', 5)\nresult('6')\nreply(5)\norder()\n", ["changed", "ended"]),
    "nosession": (ASKED + "failure('no-session', '5', 2)\nresult('6')\nreply(2)\norder()\n", ["ended", "ended"]),
    "denied": (ASKED + "failure('denied', '5', 3)\nfailure('denied', '6', 3)\nreply(3)\norder()\n", ["denied", "denied"]),
    "excused": (ASKED + "failure('denied', '5', 0)\nresult('6')\nreply(0)\norder()\n", ["denied", "ended"]),
    "norecord": (ASKED + "failure('no-record', '5', 6)\nresult('5', exit_status=6)\nresult('6')\nreply(6)\norder()\n", ["ended", "ended"]),
    "hostfailure": (ASKED + "failure('unreachable', None, 6)\nreply(6)\norder()\n", ["failed", "failed"]),
    "broken": (AGAIN % "gone" + ASKED + "failure('broken', None, 6)\n", ["ended", "ended"]),
    "badfailure": (NEVER + ASKED + "failure('\\x1b[2J', '5', 2)\n", ["failed", "failed"]),
    "badreply": (ASKED + "result('5')\nresult('6')\nreply(5)\norder()\n", ["ended", "ended"]),
}


def test_phases(farm):
    for name, (script, _) in PHASES.items():
        farm.add(name, script)
    done = farm.hosts(good1=TWO, good2=GOOD).logoff("/user:alice", "/y", "/json:lines", "/timeout:5", "/grace:0", "/parallel:8")
    assert done.status == 6
    found = {}
    for host, id, result in sorted(done.results()):
        found.setdefault(host, []).append(result)
    assert found.pop("good1") == ["ended"] and found.pop("good2") == ["ended"]
    assert {name: found.get(name, []) for name in PHASES} == {name: list(results) for name, (_, results) in PHASES.items()}
    assert [one[1] for one in done.results() if one[0] == "gone"] == ["6", "5"]


@pytest.mark.parametrize("name", [name for name, (_, results) in PHASES.items() if name not in ("nosession", "gone", "other", "broken", "noreply")])
def test_no_phase_alone_is_success(farm, name):
    """The status of each by itself: a good host beside it must not be needed for a failure."""
    done = farm.hosts(**{name: PHASES[name][0]}).logoff("/user:alice", "/y", "/timeout:2", "/grace:0", timeout=40)
    assert done.status > 2, done.err
    assert farm.seconds < 30


@pytest.mark.parametrize("script,cause", [
    (NEVER + ASKED, "the connection broke"),
    (NEVER + ASKED + "result('7')\nhang()\n", "its host has answered wrongly"),
    (NEVER + ASKED + "raw(b'x' * (20 << 20))\nhang()\n", "its host has answered wrongly"),
    ("plain = hello\nhello = lambda: plain(way='bus', instance=None)\n" + AGAIN % "gone" + ASKED + "raw(b'{}\\n')\nhang()\n", "its host has answered wrongly"),
], ids=["breaks", "lies", "floods", "bus"])
def test_why_nothing_is_known(farm, script, cause):
    """A connection that broke is not an answer that is wrong. What became of the session is unknown in both cases."""
    done = farm.hosts(one=script).logoff("5", "/json:lines", "/timeout:1", "/grace:0")
    assert done.only("result", "result", "exit_status", "session_exists") == [("failed", 6, None)] and done.status == 6
    assert [one["cause"]["text"] for one in done.rows if one["type"] == "result"] == [cause + "; what became of it is unknown"]


# ---- words for sessions ----


@pytest.mark.parametrize("words,status,ended,said", [
    (["h1:5"], 0, ["h1 5"], ""),
    (["H1:5"], 0, ["h1 5"], ""),
    (["h1:pts/3"], 0, ["h1 5"], ""),
    (["h1:/dev/pts/3"], 0, ["h1 5"], ""),
    (["h1:id:5", "h10:name:pts/4"], 0, ["h1 5", "h10 6"], ""),
    (["h1:5", "h1:pts/3", "h1:id:5"], 0, ["h1 5"], ""),
    (["h1:5", "h10:5", "h1.example:6"], 0, ["h1 5", "h1.example 6", "h10 5"], ""),
    (["h1:id:pts/3"], 2, [], "no such session"),
    (["h1:name:5"], 2, [], "no such session"),
    (["h1:7"], 2, [], "no such session"),
    (["h1:"], 2, [], "no such session"),
    (["h1:7", "h10:6"], 2, ["h10 6"], "h1:7"),
    (["h1:alice"], 2, [], "/user:alice"),
    (["h1:user:alice"], 2, [], "/user:alice"),
    (["h1:group:staff"], 2, [], "no such session"),
    (["h1:old"], 2, [], "its id h1:8"),
    (["h1:two"], 2, [], "more than one"),
    (["h1:bob"], 2, [], "have this name"),
    (["h1:id:11"], 0, ["h1 11"], ""),
    (["h2:5"], 1, [], "h2:5: there is no host of this name in /server"),
    (["5"], 1, [], "HOST:ID"),
    (["h1"], 1, [], "HOST:ID"),
    (["5", "h1:5"], 1, [], "HOST:ID"),
    (["user:alice"], 1, [], "HOST:ID"),
    (["@list"], 1, [], ""),
    (["h1:7", "/user:carol"], 2, [], "nothing was done"),
    (["h10:6", "/user:alice"], 0, ["h1 5", "h1.example 5", "h10 5", "h10 6"], ""),
    ([], 2, [], ""),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_words(farm, words, status, ended, said):
    """Host names that begin with one another, and sessions that bear the names of others."""
    more = "session id=8 user=bob tty=old state=disconnected logon=2025-03-14T08:04:00Z\nprocess command=x\n" + "".join(
        f"session id={id} user=alice tty={name} logon=2025-03-14T08:04:00Z kind=background\nprocess command=x\n".replace(" kind=background", " background")
        for id, name in ((9, "two"), (10, "two"), (11, "bob")))
    farm.add("h1", TWO + more)
    done = farm.add("h10", TWO).add("h1.example", TWO).logoff("/y", "/json:lines", "/parallel:1", *words)
    assert (done.status, sorted(f"{host} {id}" for host, id, result in done.results() if result == "ended")) == (status, ended), done.err
    assert said in done.err and (status == 0 or done.err)


@pytest.mark.parametrize("text,words,status,ended,said", [
    ("h1:5\n", [], 0, ["h1 5"], ""),
    ("# stuck\n\n H1:pts/3  # of alice\r\nh1.example:id:6\nh1:5\n", [], 0, ["h1 5", "h1.example 6"], ""),
    ("h10:name:pts/4\n", ["h1:5"], 0, ["h1 5", "h10 6"], ""),
    ("h1:7\nh1:5\n", [], 2, ["h1 5"], "list, line 1: h1:7: no such session"),
    ("h1:5\n7\n", [], 1, [], "list, line 2: 7: with several hosts write HOST:ID, such as h1:12;"),
    ("h1:5\nalice\n", [], 1, [], "list, line 2: alice: with several hosts write HOST:ID"),
    ("h1:5\nuser:alice\n", [], 1, [], "for a user's sessions use logoff /user"),
    ("h1:5\nh2:5\n", [], 1, [], "line 2 is not a session name"),
    ("h1:alice\n", [], 2, [], "use logoff /user:alice"),
    ("h1:5\n{secret: h1:5}\n", [], 1, [], "line 2 is not a session name"),
    ("h1:5\nh1:!secret!\n", [], 2, ["h1 5"], "list, line 2: no such session"),
    ("5\n", ["/server:h1"], 0, ["h1 5"], ""),
    ("h1:pts/4\n5\n", ["/server:h1"], 0, ["h1 5", "h1 6"], ""),
    ("bob\n", ["/server:h1"], 2, [], "use logoff /user:bob"),
    ("# nobody\n", [], 2, [], "no session is selected"),
    ("# nobody\n", ["/ifany"], 0, [], ""),
    ("h1:5\n", ["/user:bob"], 0, ["h1 5", "h1 6", "h1.example 6", "h10 6"], ""),
], ids=repr)
def test_lists(farm, text, words, status, ended, said):
    """A line is a word as on the command line. One that is none may be of a file that is no list: nobody is logged off."""
    (farm.folder / "list").write_text(text)
    farm.add("h1", TWO).add("h10", TWO).add("h1.example", TWO)
    done = farm.logoff("@list", "/y", "/json:lines", *words)
    assert (done.status, sorted(f"{host} {id}" for host, id, result in done.results() if result == "ended")) == (status, ended), done.err
    assert said in done.err and "secret" not in done.err + done.out


def test_lists_that_are_none(farm):
    """No host is asked, whatever other words there are."""
    farm.hosts(one=GOOD, two=TWO)
    (farm.folder / "list").write_bytes(b"one:5\0")
    for words in ["@none"], ["@list"], ["one:5", "@list"], ["/user:alice", "@none"], ["@."]:
        done = farm.logoff("/y", "/json:lines", *words)
        assert (done.status, done.results(), farm.orders("one")) == (1, [], []) and "the list " in done.err


MORE = "session id=8 user=bob tty=old state=disconnected logon=2025-03-14T08:04:00Z\nprocess command=x\n" \
    "session id=11 user=alice tty=bob logon=2025-03-14T08:04:00Z background\nprocess command=x\n"


@pytest.mark.parametrize("words,advice,ended", [
    (["h1:bob"], "write (h1:id:11) for the session", [("h1", "11")]),
    (["h1:bob"], "(/user:bob /server:h1) for those", [("h1", "6"), ("h1", "8")]),
    (["h1:old"], "use its id (h1:8)$", [("h1", "8")]),
    (["h1:alice"], "use logoff (/user:alice) for the sessions", [("h1", "5"), ("h2", "5")]),
    (["5"], "such as (h1:12);", None),
    (["bob", "/server:h1"], "write (h1:id:11) for the session", [("h1", "11")]),
    (["bob", "/server:h1"], "(/user:bob /server:h1) for those", [("h1", "6"), ("h1", "8")]),
    (["old", "/server:h1"], "use its id (h1:8)$", [("h1", "8")]),
    (["alice", "/server:h1"], "use logoff (/user:alice) for the sessions", [("h1", "5")]),
], ids=repr)
def test_advice_is_taken(farm, words, advice, ended):
    """A user types the words of a message, and gets what the message has promised."""
    farm.hosts(h1=TWO + MORE, h2=TWO)
    done = farm.logoff("/y", *words)
    assert done.status in (1, 2) and (found := re.search(advice, done.err, re.M)), done.err
    given = found.group(1).split()
    if not any(word.startswith("/server:") for word in given):
        given += [word for word in words if word.startswith("/server:")]
    done = farm.logoff("/y", "/json:lines", *given)
    assert done.status == (0 if ended else 2) and sorted(one[:2] for one in done.results()) == (ended or []), done.err


@pytest.mark.parametrize("words,advice", [
    (["h1:bob"], "write (h1:id:11) or"), (["h1:bob"], "or (h1:user:bob)$"), (["bob", "/server:h1"], "write (id:11) or"),
    (["bob", "/server:h1"], "or (user:bob)$"), (["5"], "such as (h1:5),"), (["id:5"], "such as (h1:id:5),"),
], ids=repr)
def test_advice_of_msg_is_taken(farm, words, advice):
    farm.hosts(h1=TWO + MORE.replace(" background", ""), h2=TWO)
    words = words if len(words) > 1 else [*words, "/server:h1,h2"]
    done = farm.run("msg", words[1], words[0], "text")
    assert done.status in (1, 2) and (found := re.search(advice, done.err, re.M)), done.err
    done = farm.run("msg", words[1], found.group(1), "text")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("word,ended", [("2001:db8::7:5", "2001:db8::7"), ("2001:db8::7:12:5", "2001:db8::7:12"), ("2001:DB8::7:id:5", "2001:db8::7")])
def test_addresses_with_colons(farm, word, ended):
    farm.add("2001:db8::7", TWO).add("2001:db8::7:12", TWO)
    done = farm.logoff(word, "/json:lines")
    assert (done.status, done.results()) == (0, [(ended, "5", "ended")]), done.err


def test_one_host_needs_no_name(farm):
    farm.hosts(h1=TWO)
    assert farm.logoff("5", "/json:lines").results() == [("h1", "5", "ended")]
    assert farm.logoff("h1:pts/4", "/json:lines").results() == [("h1", "6", "ended")]
    assert farm.logoff("5", "we reboot", "/warn:1", "/json:lines").results() == [("h1", "5", "ended")]
    assert farm.logoff("we reboot", "/warn:1", "/json:lines").status == 1


def test_only_hosts_that_are_named_are_asked(farm):
    farm.hosts(one=TWO, two="hello()\nhang()\n")
    done = farm.logoff("one:5", "/json:lines")
    assert done.status == 0 and done.results() == [("one", "5", "ended")] and farm.orders("two") == []


NUMBERED = """caller uid=0
user name=alice uid=1000
user name=bob uid=1001
session id=c1 user=alice tty=pts/3 logon=2025-03-14T08:02:00Z
process command=bash
session id=6 user=bob tty=pts/4 logon=2025-03-14T08:03:00Z
process command=vim
"""
BEYOND = NUMBERED.replace("id=6", "id=32769")


def test_numbers(farm):
    farm.hosts(one=NUMBERED, two=NUMBERED, beyond=BEYOND)
    done = farm.query("32768", "/columns:host,id,number", "/nolegend")
    assert (done.status, done.out.split()) == (0, ["beyond", "c1", "32768", "one", "c1", "32768", "two", "c1", "32768"]), done.out
    assert farm.logoff("two:32768", "/json:lines").results() == [("two", "c1", "ended")]
    assert farm.logoff("two:id:32768", "/json:lines").results() == [("two", "c1", "ended")]
    assert farm.logoff("beyond:32769", "/json:lines").results() == [("beyond", "32769", "ended")]
    for word in "two:name:32768", "two:32769", "beyond:32768":
        done = farm.logoff(word, "/json:lines")
        assert (done.status, done.results()) == (2, []), word
    assert "beyond:32768: session c1 has this number, but an earlier one may have had it as its id; use the id c1" in done.err


def test_a_number_of_a_host_that_has_told_a_part(farm):
    """It may be an id that is not known yet."""
    farm.hosts(one="hello()\norder('list')\nsession('c1', number=32768)\nsys.exit(0)\n", two=NUMBERED)
    done = farm.logoff("one:32768", "/json:lines")
    assert done.status != 0 and done.results() == [] and farm.ordered("one") == []


def test_a_host_that_tells_no_numbers(farm):
    script = "hello()\norder('list')\nsession('c1')\nreply()\norder()\n"
    done = farm.hosts(one=script).query("/columns:id,number", "/nolegend")
    assert (done.status, done.out.split()) == (0, ["c1", "-"]), done
    assert farm.hosts(one=script).logoff("32768").status == 2


def test_named_and_selected(farm):
    """One session is both. It is named then: no condition has to hold any more."""
    script = "hello()\norder('list')\nsession('5')\nreply()\norder('list')\nsession('5')\nsession('7')\nreply()\n" \
        "order('log-off')\nresult('5')\nresult('7')\nreply()\norder()\n"
    done = farm.hosts(one=script).logoff("/user:alice", "7", "5", "/y", "/json:lines")
    assert done.status == 0 and farm.ordered("one") == [["5", "7"]]
    assert "select" not in farm.orders("one")[-1]


def test_names_that_are_no_text(farm):
    """A condition must not be lost on its way."""
    farm.hosts(one=TWO, two=TWO)
    for words in ["/all", b"/exclude:\xff"], ["/all", b"/exclude:\xff,bob"], ["/all", b"/keep:\xff"], [b"/user:\xff"], [b"/user:\xff,alice"]:
        done = farm.logoff("/y", "/json:lines", *words)
        assert (done.results(), done.status) == ([], 1) and "UTF-8" in done.err, (words, done.err)


def test_texts_in_another_charset_are_sent(farm):
    farm.hosts(one=GOOD)
    assert farm.logoff("/user:alice", b"/reason:n\xf6", "/warn:1", b"/message:b\xf6").status == 0
    assert [(one["text"], one["reason"]) for one in farm.orders("one") if one["order"] == "log-off"] == [("b\ufffd", "n\ufffd")]


def test_equal_ids_are_not_mixed_up(farm):
    """The same ids everywhere, and other results on each host, slowly and in turns."""
    script = """listing('5', '6')
order('log-off')
for id, word in %r:
    time.sleep(0.05)
    event(id)
    time.sleep(0.05)
    result(id, word)
reply(3)
order()
"""
    words = [("5", "ended"), ("6", "not-ended")], [("6", "ended"), ("5", "denied")], [("5", "not-ended"), ("6", "ended")], [("5", "cancelled"), ("6", "failed")]
    for i, one in enumerate(words):
        farm.add(f"h{i}", script % (one,))
    done = farm.logoff("/user:alice", "/y", "/v", "/json:lines")
    assert sorted(done.results()) == sorted((f"h{i}", id, word) for i, one in enumerate(words) for id, word in one)
    assert {one[:2] for one in done.only("event", "host", "session_id")} == {(f"h{i}", id) for i in range(4) for id in "56"}
    assert done.status == 7


# ---- showing before doing ----


def test_a_dry_run_does_nothing(farm):
    farm.hosts(h2=GOOD, h10=GOOD, h1="company")
    done = farm.logoff("/all", "/dryrun")
    assert done.status == 0 and not any(farm.ordered(name) for name in ("h2", "h10"))
    lines = done.out.splitlines()
    assert "Session h2:5 of alice, disconnected: would be logged off." in lines
    places = [re.match("Session (h[0-9]+):", line).group(1) for line in lines]
    assert places == sorted(places, key=lambda name: farm.names.index(name)) and set(places) == {"h1", "h2", "h10"}
    rows = validate(farm.logoff("/all", "/dryrun", "/json"), "plans") if (DOC / "schema/plans.json").exists() else \
        json.loads(farm.logoff("/all", "/dryrun", "/json").out)
    assert [(one["host"], one["id"], one["result"]) for one in rows if one["host"] == "h2"] == [("h2", "5", "would-end")]
    assert ("h1", "2", "protected") in [(one["host"], one["id"], one["result"]) for one in rows]
    done = farm.logoff("/all", "/dryrun", "/json:lines")
    assert ("h10", "5", "would-end") in done.results() and len(done.only("host", "host")) == 3


def test_a_dry_run_with_a_host_that_is_off(farm):
    done = farm.hosts(one=GOOD, two="sys.exit(1)\n").logoff("/all", "/dryrun")
    assert done.status == 6 and "one:5" in done.out and "two" in done.err


def test_documents(farm):
    """One array for all hosts, in the order of the hosts for query."""
    farm.hosts(h2=TWO, h10=TWO, h1="company", off="sys.exit(1)\n")
    for people in ("session", "user"):
        done = farm.run("query", people, "/json")
        rows = json.loads(done.out)
        jsonschema.validate(rows, strict(json.loads((DOC / "schema/sessions.json").read_text())))
        hosts = [row["host"] for row in rows]
        assert done.status == 6 and hosts == sorted(hosts, key=["h1", "h2", "h10"].index) and set(hosts) == {"h1", "h2", "h10"}
    done = farm.logoff("/user:alice", "/y", "/json")
    rows = json.loads(done.out)
    jsonschema.validate(rows, strict(json.loads((DOC / "schema/results.json").read_text())))
    assert done.status == 6 and sorted((row["host"], row["id"], row["result"]) for row in rows) == [
        ("h1", "5", "ended"), ("h10", "5", "ended"), ("h2", "5", "ended")]


def test_the_text_of_a_warning(farm):
    farm.hosts(one=GOOD, two=GOOD)
    assert farm.logoff("/user:alice", "/y", "/warn:2m", "we reboot at noon", "/grace:3", "/wait:4", "/console", "/nodesktop", "/reason:kernel").status == 0
    for name in ("one", "two"):
        order = farm.orders(name)[-1]
        assert [order[word] for word in ("warn", "text", "grace", "wait", "console", "no_desktop", "reason")] == [
            120, "we reboot at noon", 3, 4, True, True, "kernel"]
        assert order["select"] == {"user": ["alice"]} and order["sessions"] == [{"id": "5", "logon": 1741939320000000}] and order["boot"] == "0f00-boot"
    assert farm.orders("one")[-1]["run"] == farm.orders("two")[-1]["run"]


def test_warnings(farm):
    """A user who could not be warned is reported, with the host."""
    host = TWO.replace("tty=pts/4", "tty=pts/4 message-fails=EACCES")
    farm.hosts(one=host, two=host)
    done = farm.logoff("/user:bob,alice", "/y", "/warn:60")
    assert done.err.count("session one:6 (pts/4): bob could not be warned") == 1 and "session two:6 (pts/4): bob" in done.err
    done = farm.logoff("/user:bob,alice", "/y", "/warn:60", "/v")
    assert "Session one:5 (pts/3): alice has been warned; 60 seconds left." in done.out and done.status == 0
    done = farm.logoff("/user:bob,alice", "/y", "/warn:60", "/json:lines")
    assert sorted(done.only("event", "host", "session_id")) == [("one", "6"), ("two", "6")] and len(done.results()) == 4


UNWARNED = "listing('5')\norder('log-off')\n%s\nresult('5')\nreply()\norder()\n"


@pytest.mark.parametrize("event", [
    "", "event('5', 'warned', remaining_s=60, processes=None, delivery=dict(result='new word', channel=None, answer=None, cause=None))",
    "event('5', 'warned', remaining_s=60, processes=None, delivery=dict(result='failed', channel=None, answer=None, cause=None))",
], ids=["none", "unknown", "known"])
@pytest.mark.parametrize("words", [(), ("/v",), ("/json:lines",), ("/json:lines", "/v")], ids=repr)
def test_a_user_who_was_not_warned(farm, event, words):
    """The result says so, whatever the event says. It is reported once."""
    farm.hosts(one=UNWARNED % event, two=UNWARNED.replace("result('5')", "result('5', warned=True)") % "")
    done = farm.logoff("/user:alice", "/y", "/warn:60", *words)
    assert done.status == 0 and [line for line in done.err.splitlines() if "warned" in line] == ["logoff: session one:5: alice could not be warned"]


@pytest.mark.parametrize("word,status", [("protected", 4), ("denied", 3), ("changed", 5), ("cancelled", 7)])
def test_users_who_need_no_warning(farm, word, status):
    """Users whose sessions stay, and all users if no warning was asked for."""
    script = UNWARNED.replace("result('5')\nreply()", f"result('5', '{word}', exit_status={status})\nreply({status})") % ""
    done = farm.hosts(one=script, two=UNWARNED % "").logoff("/user:alice", "/y", "/warn:60", "/server:one")
    assert done.status == status and "could not be warned" not in done.err
    assert "could not be warned" not in farm.logoff("/user:alice", "/y", "/server:two").err


def test_what_a_condition_selects_is_judged_there(farm):
    host = TWO.replace("tty=pts/3", "tty=pts/3 idle=7200000").replace("tty=pts/4", "tty=pts/4 idle=60000") + \
        "session id=7 user=bob tty=pts/7 idle=7200000 logon=2025-03-14T08:02:00Z\nprocess command=make\n" \
        "session id=8 user=bob tty=pts/8 idle=7200000 logon=2025-03-14T08:02:00Z\nprocess command=bash\n"
    farm.hosts(one=host, two=host)
    done = farm.logoff("/all", "/y", "/json:lines", "/idle:1h", "/keep:make", "/exclude:a*")
    assert done.status == 0 and sorted(done.results()) == [("one", "8", "ended"), ("two", "8", "ended")]


# ---- the question ----


@pytest.fixture
def terminal(farm, monkeypatch):
    """Starts a command of the farm on a terminal, which is also its standard error."""
    monkeypatch.setattr("test_logon.environment", lambda _: farm.env)
    opened = []

    def start(name, *words):
        shell = ["sh", "-c", 'exec "$0" "$@" 2>/dev/tty', *farm.command(name, words)]
        opened.append(Terminal(shell, None, cwd=farm.folder))
        opened[-1].lost = False
        return opened[-1]

    yield start
    for one in opened:
        if one.lost:
            one.fd = os.open("/dev/null", os.O_RDWR)
        one.__exit__()


QUESTION = "Log off these 3 sessions on 2 hosts? (y/n) "


@pytest.mark.parametrize("keys,status", [(b"y\n", 0), (b"n\n", 7), (b"\n", 7), (b"\x03", 7), (b"\x04", 7)], ids=repr)
def test_question(farm, terminal, keys, status):
    one = terminal(*farm.hosts(one=TWO, two=GOOD, three="empty") and ("logoff", "/user:alice,bob"))
    one.wait_for(QUESTION)
    assert one.text.count("would be logged off") == 3 and "one:6 (pts/4) of bob" in one.text and farm.ordered("two") == []
    one.type(keys)
    out, found = one.end()
    assert found == status and farm.ordered("two") == ([["5"]] if status == 0 else [])
    assert ("nothing was done" in one.text) == (status != 0)


def test_question_with_a_host_that_is_off(farm, terminal):
    """It is said before the question, and in the status after a yes."""
    farm.hosts(one=TWO, two=GOOD, off="os.write(2, b'ssh: connect to host a port 22: No route to host\\n')\nsys.exit(255)\n")
    one = terminal("logoff", "/user:alice,bob")
    one.wait_for(QUESTION)
    assert "off: cannot be reached (No route to host)" in one.text
    one.type(b"y\n")
    assert one.end()[1] == 6 and farm.ordered("two") == [["5"]]


def test_question_without_a_terminal(farm):
    done = farm.hosts(one=TWO, two=GOOD).logoff("/user:alice,bob")
    assert done.status == 1 and farm.ordered("two") == []


def test_question_on_a_lost_terminal(farm, terminal):
    one = terminal(*farm.hosts(one=TWO, two=GOOD) and ("logoff", "/user:alice,bob"))
    one.wait_for(QUESTION)
    os.close(one.fd)
    one.lost = True
    assert one.process.wait(SECONDS) == 7 and farm.ordered("two") == []


def test_a_connection_that_ends_during_the_question(farm, terminal):
    """It is made again; the sessions that were shown are ordered, by their boot and their logon."""
    again = "hello() if connection == 2 else listing('5')\nif connection == 1:\n    sys.exit(0)\n" \
        "order('log-off')\nresult('5')\nreply()\norder()\n"
    one = terminal(*farm.hosts(one=TWO, two=again) and ("logoff", "/user:alice,bob"))
    one.wait_for(QUESTION)
    time.sleep(0.2)
    one.type(b"y\n")
    out, status = one.end()
    assert status == 0 and farm.ordered("two") == [["5"]] and farm.orders("two")[-1]["boot"] == "0f00-boot", one.text


# ---- Ctrl-C ----

REAL = "host realtime\n" + TWO.replace("command=bash", "command=dig term=never")


@pytest.mark.parametrize("name,words", [("query", ("session",)), ("logoff", ("/user:alice", "/y"))], ids=["query", "logoff"])
@pytest.mark.parametrize("script", ["hang()\n", "hello()\norder('list')\nsession('5')\nhang()\n",
                                    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nhello()\norder('list')\nhang()\n"], ids=["hello", "list", "deaf"])
def test_cancel_before_the_list(farm, terminal, name, words, script):
    one = terminal(*farm.hosts(good=GOOD, one=script) and (name, *words))
    farm.wait_for_mark("one")
    start = time.monotonic()
    one.type(b"\x03")
    out, status = one.end()
    assert status == 7 and farm.ordered("good") == [] and time.monotonic() - start < 15
    assert "one: " in one.text and ("nothing was done" in one.text) == (name == "logoff")


def test_cancel_before_a_host_is_asked(farm, terminal):
    one = terminal(*farm.hosts(one="hang()\n", two=GOOD) and ("logoff", "/user:alice", "/y", "/parallel:1"))
    farm.wait_for_mark("one")
    one.type(b"\x03")
    out, status = one.end()
    assert status == 7 and "two: " in one.text and farm.orders("two") == []


@pytest.mark.parametrize("keys", [b"\x03", b"\x1c", signal.SIGTERM, signal.SIGHUP], ids=repr)
def test_cancel_while_users_are_warned(farm, terminal, keys):
    """Nobody is logged off, and each session is reported."""
    warned = "listing('5')\norder('log-off')\nmark()\norder('cancel')\nsay(serial=last['serial'], reply='cancel', running=True)\n" \
        "last.update(serial=last['serial'] - 1, order='log-off')\nresult('5', 'cancelled', exit_status=7)\nreply(7)\norder()\n"
    one = terminal(*farm.hosts(one="host realtime\n" + TWO, two=warned) and ("logoff", "/user:alice,bob", "/y", "/warn:60", "/json:lines"))
    farm.wait_for_mark("two")
    time.sleep(0.3)
    if isinstance(keys, bytes):
        one.type(keys)
    else:
        one.process.send_signal(keys)
    out, status = one.end()
    done = Done(out, "", status, True)
    assert status == 7 and sorted(done.results()) == [("one", "5", "cancelled"), ("one", "6", "cancelled"), ("two", "5", "cancelled")]
    assert [order["order"] for order in farm.orders("two")] == ["list", "log-off", "cancel"]


def test_cancel_is_for_each_name_of_a_machine(farm, terminal):
    """By its other name it would be ordered when the first has answered."""
    warned = "plain = hello\nhello = lambda: plain(instance='1', host='m')\nlisting('5')\norder('log-off')\nmark()\norder('cancel')\n" \
        "say(serial=last['serial'], reply='cancel', running=True)\n" \
        "last.update(serial=last['serial'] - 1, order='log-off')\nresult('5', 'cancelled', exit_status=7)\nreply(7)\norder()\n"
    one = terminal(*farm.hosts(one=warned, two=warned) and ("logoff", "/user:alice", "/y", "/warn:60", "/json:lines"))
    farm.wait_for_mark("one")
    one.type(b"\x03")
    out, status = one.end()
    assert (status, farm.ordered("two")) == (7, []), one.text
    assert sorted(Done(out, "", status, True).results()) == [("one", "5", "cancelled"), ("two", "5", "cancelled")]


@pytest.mark.parametrize("times,status", [(1, 0), (2, 7)])
def test_cancel_after_sessions_were_asked(farm, terminal, times, status):
    """Once: they are followed to their end. Twice: they are left, and that is said."""
    one = terminal(*farm.hosts(one=REAL) and ("logoff", "5", "/grace:4", "/json:lines", "/v"))
    out = b""
    while b'"event":"ask"' not in out:
        out += one.process.stdout.readline()
    for _ in range(times):
        one.type(b"\x03")
        time.sleep(0.5)
    rest, found = one.end()
    done = Done(out.decode() + rest, "", found, True)
    assert (found, done.results()) == (status, [("one", "5", "ended" if times == 1 else "cancelled")])


def test_cancel_a_host_that_does_not_listen(farm, terminal):
    """The first Ctrl-C is sent, after the second one it has three seconds; nobody knows what it does."""
    one = terminal(*farm.hosts(one=TWO, two="listing('5')\norder('log-off')\nhang()\n") and ("logoff", "/user:alice", "/y", "/json:lines"))
    farm.wait_for_mark("two")
    start = time.monotonic()
    one.type(b"\x03")
    time.sleep(0.5)
    for _ in range(5):
        one.type(b"\x03")
        time.sleep(0.6)
    out, status = one.end()
    assert status == 6 and ("two", "5", "failed") in Done(out, "", status, True).results() and time.monotonic() - start < 15


def test_cancel_while_fates_are_asked(farm, terminal):
    there = "if connection > 1:\n    hello()\n    order('fate')\n    say(serial=last['serial'], fate='there')\n    reply()\n    mark()\n    order()\n    sys.exit(0)\n"
    one = terminal(*farm.hosts(one=there + "listing('5')\norder('log-off')\n") and ("logoff", "/user:alice", "/json:lines"))
    farm.wait_for_mark("one")
    start = time.monotonic()
    one.type(b"\x03")
    out, status = one.end()
    assert status == 6 and Done(out, "", status, True).results() == [("one", "5", "failed")] and time.monotonic() - start < 15


def test_cancel_before_the_second_order(farm, terminal):
    """The named session comes in an order of its own. It is not begun any more."""
    script = "hello()\norder('list')\nsession('5')\nreply()\norder('list')\nsession('5')\nsession('6')\nreply()\norder('log-off')\nmark()\norder('cancel')\n" \
        "last.update(serial=3, order='log-off')\nresult('5')\nreply()\norder()\n"
    one = terminal(*farm.hosts(one=script) and ("logoff", "/user:alice", "6", "/y", "/json:lines"))
    farm.wait_for_mark("one")
    one.type(b"\x03")
    out, status = one.end()
    assert status == 7 and Done(out, "", status, True).results() == [("one", "5", "ended"), ("one", "6", "cancelled")]
    assert farm.ordered("one") == [["5"]]


# ---- what a peer can make of the output ----

EVIL = "\\x1b]0;x\\x07\\x1b[2J\\u202e\\u0085\\u200b\\r\\n\\x7f"


def harmless(done):
    assert not re.search("[^\n -~]", done.out.replace("\t", " ")) and not re.search("[^\n -~]", done.err), (done.out, done.err)


def test_terminal_escapes(farm):
    script = """evil = "%s"
def cause():
    return dict(domain="errno", number=5, text=evil, name=evil)
hello(host=evil, version=evil, kind=evil)
order("list")
session("5" + evil, user="alice" + evil, name=evil, state="active", terminals=[evil], terminal=evil, display=evil, address=evil, client=evil, protocol=evil, domain=evil)
session("6", name=evil)
failure("spared-unknown", evil, 0)
failure("no-session", evil, 5, cause())
reply(5) if FAILS else reply(5)
order("log-off")
event("6", "ask", processes=[dict(pid=7, command=evil)])
event("6", "leave-ask", desktop=evil)
event("6", "leave-held", desktop=evil, held=evil)
event("6", "leave-failed", desktop=evil, cause=cause())
event("6", "warned", processes=None, remaining_s=5, delivery=dict(result="failed", channel=None, answer=None, cause=cause()))
event("6", "kill", processes=[dict(pid=7, command=evil)])
result("5" + evil, "failed", cause=cause(), left=[dict(pid=7, command=evil, stuck="traced", tracer=8)])
failure("no-session", evil, 5, cause())
failure("denied", "6", 5, cause())
reply(5)
os.write(2, evil.encode())
""" % EVIL
    farm.hosts(one=script.replace('failure("no-session", evil, 5, cause())\nreply(5) if FAILS else reply(5)', "reply()"), two=script.replace(" if FAILS else reply(5)", ""))
    farm.hosts(three='failure("unreachable", None, 6, dict(domain="errno", number=5, text="%s", name=None), serial=None)\n' % EVIL,
               four='os.write(2, b"%s\\nx%s\\n")\nsys.exit(1)\n' % (r"\x1b[2J\xe2\x80\xae\xff", r"\x1b[2J\x07\x9b2J"))
    for words in ["session"], ["user"], ["session", "/columns:" + "host,id,user,name,address,client,terminal,display,domain,protocol"]:
        harmless(farm.run("query", *words))
    done = farm.logoff("/all", "/y", "/v", "/warn:5", "/timeout:3", "/grace:0")
    harmless(done)
    assert done.status == 6 and "\\x1b[2J" in done.err
    harmless(farm.logoff("/all", "/dryrun"))
    done = farm.logoff("/all", "/y", "/v", "/warn:5", "/json:lines", "/timeout:3", "/grace:0")
    assert done.status == 6 and len([one for one in done.results() if one[0] == "one"]) == 2
    harmless(done)


@pytest.mark.parametrize("name,words", [("query", ("session", "/json:lines")), ("logoff", ("/user:alice", "/y", "/json:lines"))], ids=["query", "logoff"])
def test_the_same_id_twice(farm, name, words):
    """Whatever a host means by that: what it is not seen to end is a failure."""
    script = """hello()
order('list')
session('5')
session('5', logon=LOGON + 1)
session('6')
reply()
given = [one['id'] for one in order('log-off')['sessions']]
for id in dict.fromkeys(given):
    result(id)
reply()
order()
"""
    done = farm.hosts(one=script, two=TWO).run(name, *words)
    assert done.status == 6 and "one" in done.err
    if name == "logoff":
        assert done.results() == [("two", "5", "ended")] and farm.ordered("one") == []


def test_twenty_thousand_sessions(farm):
    """Of one host, in orders of the size that the protocol allows."""
    script = """hello()
order('list')
lines = []
say = lambda **line: lines.append(json.dumps(line) + "\\n")
for i in range(%d):
    session(str(i), user="u%%d" %% (i %% 9))
reply()
raw("".join(lines).encode())
for k in range(99):
    lines = []
    for one in order('log-off')['sessions']:
        result(one['id'])
    reply()
    raw("".join(lines).encode())
""" % 20000
    farm.hosts(one=script, two=TWO)
    done = farm.query("u3", "/nolegend")
    assert done.status == 0 and len(done.out.splitlines()) == len(range(3, 20000, 9))
    assert farm.seconds < 20
    done = farm.logoff("/all", "/y", "/json:lines", timeout=200)
    assert done.status == 0 and len(done.results()) == 20002
    assert {len(one) for one in farm.ordered("one")} >= {4096} and max(len(one) for one in farm.ordered("one")) == 4096
    assert farm.seconds < 60


@pytest.mark.parametrize("id", ["x" * 257, "x" * 200000], ids=len)
def test_long_ids(farm, id):
    """A real host has none. It would refuse the order, or the line would be too long: it is a failure in any case."""
    script = "hello()\norder('list')\nsession('x' * %d)\nsession('6')\nreply()\norder('log-off')\nfailure('wrong-order', 'sessions', 1)\norder()\n" % len(id)
    done = farm.hosts(one=script, two=TWO).logoff("/user:alice", "/y", "/json:lines", "/timeout:3")
    assert done.status == 6 and {one[2] for one in done.results() if one[0] == "one"} == {"failed"}
    assert all(len(json.dumps(order)) < 1 << 20 for order in farm.orders("one"))


# ---- nobody reads, nobody waits ----


@pytest.mark.parametrize("name,words", [("query", ("session",)), ("query", ("session", "/json:lines")), ("logoff", ("/user:alice", "/y")),
                                        ("logoff", ("/user:alice", "/y", "/v")), ("logoff", ("/user:alice", "/y", "/json:lines")),
                                        ("logoff", ("/user:alice", "/y", "/json"))], ids=repr)
def test_a_closed_output(farm, name, words):
    """The log-off goes on to its end, and the status says that the output is lost."""
    good = GOOD.replace("result(", "event('5')\nresult(")
    farm.hosts(one=good, two=good)
    out, end = os.pipe()
    os.close(out)
    done = subprocess.run(farm.command(name, words), env=farm.env, stdin=subprocess.DEVNULL, stdout=end, stderr=subprocess.PIPE, timeout=SECONDS)
    os.close(end)
    assert done.returncode == 9, done
    if name == "logoff":
        assert farm.ordered("one") == farm.ordered("two") == [["5"]]
    full = open("/dev/full", "wb")
    done = subprocess.run(farm.command(name, words), env=farm.env, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=SECONDS)
    assert done.returncode == 9, done


def test_the_command_is_killed(farm):
    """Its children get the end of their input: a host that has not begun cancels by itself."""
    farm.hosts(one="host realtime\n" + TWO, two="listing('5')\norder('log-off')\nmark()\norder()\n")
    process = subprocess.Popen(farm.command("logoff", ("/user:alice", "/y", "/warn:60")), env=farm.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    farm.wait_for_mark("two")
    process.kill()
    process.wait()


@pytest.mark.parametrize("script", ["hang()\n", "hello()\norder('list')\nhang()\n", "listing('5')\norder('log-off')\nhang()\n"],
                         ids=["hello", "list", "log-off"])
def test_the_command_is_killed_with_a_host_that_hangs(farm, script):
    """Its child, as ssh to a host that hangs, does not look at its input: it ends all the same."""
    process = subprocess.Popen(farm.hosts(one=script).command("logoff", ("5",)), env=farm.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    farm.wait_for_mark("one")
    time.sleep(0.3)  # the guard is given a child that has started
    process.kill()
    process.wait()


def test_hidden_logins_are_told(farm):
    """A host whose list may lack logins says so, as one alone does."""
    hides = "hello()\norder('list')\nsession('5')\nsay(serial=last['serial'], reply='list', exit_status=0, hides_processes=True)\norder('log-off')\nresult('5')\nreply()\norder()\n"
    done = farm.hosts(one=hides, two=TWO).logoff("/user:alice", "/y")
    assert done.status == 0 and "hidepid" in done.err and "one" in done.err


def test_what_a_host_hides_is_not_absent(farm):
    """Neither a user nor a process: there may be more than it shows."""
    hides = """hello()
while order():
    if last['order'] == 'list':
        session('5')
    else:
        say(serial=last['serial'], process=dict(host='x', pid=42, command='vi', user='alice', uid=1000, session_id='5', session_name=None, state=None, kind=None))
    say(serial=last['serial'], reply=last['order'], exit_status=0, hides_processes=True)
"""
    farm.hosts(one=hides)
    done = farm.query("carol")
    assert done.status == 6 and "query: carol: not seen, but /proc hides" in done.err
    for word, status in (("vi", 6), ("42", 0), ("emacs", 6)):
        done = farm.run("query", "process", word)
        assert (done.status, "/proc hides" in done.err) == (status, status == 6), done


def test_counts(farm):
    """Sessions that two lists tell are counted once."""
    script = "hello()\norder('list')\nsession('5')\nreply()\norder('list')\nsession('5')\nsession('6')\nreply()\norder('log-off')\nresult('5')\nreply()\norder('log-off')\nresult('6')\nreply()\norder()\n"
    done = farm.hosts(one=script, two="empty", off="sys.exit(1)\n").logoff("/user:alice", "one:6", "/y")
    assert "2 of 3 hosts answered, 2 sessions on 1 host, 2 logged off\n" in done.err


@pytest.mark.parametrize("locale,wanted", [
    ("C.UTF-8", ["1 of 2 hosts answered, 1 session on 1 host\n", "1 of 2 hosts answered, 2 sessions on 1 host\n", "2 of 3 hosts answered, 3 sessions on 2 hosts\n"]),
    ("zh_TW.UTF-8", ["1 / 2 部主機已回應，1 個工作階段在 1 部主機上\n", "1 / 2 部主機已回應，2 個工作階段在 1 部主機上\n", "2 / 3 部主機已回應，3 個工作階段在 2 部主機上\n"]),
])
def test_one_and_many(farm, locale, wanted, request):
    if locale != "C.UTF-8":
        farm.env |= request.getfixturevalue("chinese")
    farm.hosts(one=GOOD, two=TWO, off="sys.exit(1)\n")
    for hosts, sentence in zip(("one,off", "two,off", "one,two,off"), wanted):
        assert sentence in farm.query("/server:" + hosts).err


def test_query_holds_no_connection(farm):
    """Its list was all it wanted: the host is let go while others are waited for."""
    waits = "hello()\norder('list')\nend = time.monotonic() + 30\nwhile not os.path.exists(FOLDER + '/one.mark') and time.monotonic() < end:\n    time.sleep(0.02)\n" \
        "session('5' if os.path.exists(FOLDER + '/one.mark') else 'none')\nreply()\norder()\n"
    done = farm.hosts(one="listing('5')\nif not stdin.readline():\n    mark()\n", two=waits).query("/json:lines", "/timeout:40")
    assert (done.status, sorted(done.only("session", "host", "id"))) == (0, [("one", "5"), ("two", "5")])


# ---- hosts that are emptied ----

EMPTIED = """hello()
lists = [['5'], ['5'], []]
while order():
    if last['order'] == 'list':
        for id in lists.pop(0) if lists else []:
            session(id)
        #listed
        reply()
    if last['order'] == 'logon':
        services = [dict(service='sshd', refused=True)]
        #drained
        say(serial=last['serial'], logon=dict(mode='new', lasting=True, services=services))
        reply()
    if last['order'] == 'log-off':
        for one in last['sessions']:
            result(one['id'])
        reply()
"""


def test_drain(farm):
    done = farm.hosts(one=EMPTIED, two=EMPTIED).logoff("/all", "/drain", "/y", "/json:lines")
    assert (done.status, sorted(done.results())) == (0, [("one", "5", "ended"), ("two", "5", "ended")]), done.err


@pytest.mark.parametrize("reply", ["reply(256)", "reply(-1)", "reply('0')", "reply(None)", "reply(2.5)"], ids=repr)
def test_statuses_beyond_the_table(farm, reply):
    """What a host tells is not the exit status of the command: 256 would be 0."""
    drained = EMPTIED.replace("services=services))\n        reply()", "services=services))\n        " + reply)
    listed = GOOD.replace("listing('5')", "hello()\norder('list')\nsession('5')\n" + reply)
    ended = GOOD.replace("reply()\norder()", reply + "\norder()")
    farm.hosts(one=drained, two=listed, three=ended)
    assert farm.logoff("/all", "/drain", "/y", "/server:one", "/timeout:2", "/grace:0").status == 6
    assert farm.logoff("/all", "/y", "/server:two").status == 6
    assert farm.logoff("/all", "/y", "/server:three").status == 6
    assert farm.query("/server:two").status == 6


@pytest.mark.parametrize("mark,lines,said", [
    ("#drained", "reply()\n        continue", "one"),
    ("#drained", "services = None", "one"),
    ("#drained", "services[0]['refused'] = False", "sshd"),
    ("#drained", "services[0]['refused'] = None", "sshd"),
    ("#drained", "services[0]['refused'] = 'yes'", "one"),
    ("#drained", "failure('read-only', 'logon', 3)\n        continue", "one"),
    ("#drained", "failure('unsupported', None, 6)\n        reply(6)\n        continue", "one"),
    ("#drained", "sys.exit(0)", "one"),
    ("#listed", "if not lists:\n            reply(6)\n            continue", "one"),
    ("#listed", "if not lists:\n            sys.exit(0)", "one"),
    ("#listed", "if len(lists) == 1:\n            sys.exit(0)", "one"),
    ("#listed", "if len(lists) == 2 and connection == 1:\n            reply()\n            sys.exit(0)\n        if len(lists) == 1: sys.exit(0)", "one"),
    ("#listed", "if len(lists) < 2:\n            session('7')", "has begun although"),
], ids=repr)
def test_a_host_that_may_not_be_empty(farm, mark, lines, said):
    done = farm.hosts(one=EMPTIED.replace(mark, lines), two=EMPTIED).logoff("/all", "/drain", "/y", "/json:lines", "/timeout:3", "/grace:0")
    assert done.status in (3, 5, 6) and said in done.err and ("two", "5", "ended") in done.results(), done.err


@pytest.mark.parametrize("lines", ["for i in range(300): failure('drain-unproved', 'x%d' % i, 6)", "services = [dict(service='s%d' % i, refused=False) for i in range(300)]"],
                         ids=["failures", "services"])
def test_a_host_that_tells_too_much(farm, lines):
    """Each sentence is kept to the end."""
    script = EMPTIED.replace("#drained", lines).replace("services=services))\n        reply()", "services=services))\n        reply(6)")
    done = farm.hosts(one=script).logoff("/all", "/drain", "/y")
    assert done.status == 6 and "one: answers wrongly" in done.err and len(done.err) < 30000 and farm.ordered("one") == []


def test_an_unknown_session_of_a_drained_host(farm):
    spares = EMPTIED.replace("[['5'], ['5'], []]", "[]").replace("#listed", "failure('spared-unknown', '7', 0)")
    done = farm.hosts(one=spares).logoff("/all", "/drain", "/y")
    assert done.status == 2 and "left alone" in done.err


def test_another_machine_is_drained(farm):
    """The list is that of one machine, everything else would happen on the other."""
    other = EMPTIED.replace("hello()", "hello(host='m%d' % connection, boot=str(connection))").replace("reply()\n    if last['order'] == 'logon'",
        "reply()\n        if connection == 1:\n            sys.exit(0)\n    if last['order'] == 'logon'")
    done = farm.hosts(first=EMPTIED, one=other).logoff("/all", "/drain", "/y", "/json:lines", "/serial:1")
    assert done.status == 6 and done.results() == [("first", "5", "ended"), ("one", "5", "failed")] and "another machine" in done.err
    assert [order["order"] for order in farm.orders("one")] == ["list"]


def test_hosts_in_turn(farm):
    """The selection means sessions that have come since too. A name means the session that bore it at the start."""
    first = "listing('5')\norder('log-off')\nresult('5')\nreply()\norder()\n"
    second = "hello()\norder('list')\nsession('5')\nreply()\norder('list')\nsession('5')\nsession('6', name='pts/3', state='active')\nreply()\n" \
        "order('list')\nsession('5')\nsession('8')\nreply()\norder('log-off')\nresult('5')\nresult('8')\nreply()\norder('log-off')\nresult('6')\nreply()\norder()\n"
    done = farm.hosts(one=first, two=second).logoff("/user:alice", "two:pts/3", "/serial:1", "/y", "/json:lines")
    assert done.status == 0 and done.results() == [("one", "5", "ended"), ("two", "5", "ended"), ("two", "8", "ended"), ("two", "6", "ended")]
    assert farm.ordered("two") == [["5", "8"], ["6"]]


def test_the_countdown_of_a_turn(farm, terminal):
    """It counts the sessions of the hosts in turn, not those of before as well."""
    both = "listing('5')\norder('list')\nsession('5')\nreply()\norder('log-off')\nresult('5')\nreply()\norder()\n"
    one = terminal(*farm.hosts(one=GOOD, two=both) and ("logoff", "/user:alice", "/serial:1", "/y", "/warn:5"))
    out, status = one.end()
    assert status == 0 and re.findall("[0-9]+ sessions? will", one.text) == ["1 session will"] * 2


def test_cancel_a_turn(farm, terminal):
    """All that were asked have ended, but nobody has looked who has come since."""
    script = EMPTIED.replace("    if last['order'] == 'log-off':\n", "    if last['order'] == 'log-off':\n        mark()\n        given = last\n"
        "        order('cancel')\n        last = given\n")
    one = terminal(*farm.hosts(one=script) and ("logoff", "/all", "/drain", "/y", "/json:lines"))
    farm.wait_for_mark("one")
    one.type(b"\x03")
    out, status = one.end()
    assert status == 7 and Done(out, "", status, True).results() == [("one", "5", "ended")]


# ---- lists that are wrong ----

LIST = "hello()\norder('list')\nsession('5')\n%s\nreply()\norder()\n"


@pytest.mark.parametrize("line", [
    "session(None)", "session('')", "session(7)", "session('7', state='dead')", "session('7', state=None)", "session('7', kind='robot')",
    "session('7', uid=-2)", "session('7', uid=1 << 40)", "session('7', logon=-5)", "session('7', logon='now')", "session('7', logon=1 << 70)",
    "session('7', logon_time='yesterday')", "session('7', own='no')", "session('7', own=None)", "session('7', terminals='pts/3')",
    "session('7', terminals=[7])", "session('7', age_seconds=-1)", "session('7', idle_seconds=1.5)", "session('7', user=7)",
    "session('7' + chr(0))", "session('5')", "say(serial=last['serial'], session='7', logon=None)", "say(serial=last['serial'], session=[], logon=None)",
    "say(serial=last['serial'], fate='gone')", "say(serial=last['serial'])", "say(serial=7, session=row('7'), logon=None)",
    "say(serial=None, session=row('7'), logon=None)", "say(session=row('7'), logon=None)", "say(serial=str(last['serial']), session=row('7'), logon=None)",
    "say(serial=last['serial'], reply='log-off', exit_status=0)", "say(serial=last['serial'], reply='list')", "failure('No-Session', '7')",
    "failure('no-session', 7)", "failure('no-session', '7', 9)", "failure('no-session', '7', 256)", "failure('no-session', '7', True)",
    "failure('no-session', '7', 5, 'why')", "raw(b'\\xff\\n')", "raw(b'{}\\n')", "raw(b'null\\n')", "raw(b'{' * 3000 + b'\\n')", "raw(b'x' * (20 << 20))",
], ids=repr)
def test_wrong_lists(farm, line):
    """No line that is wrong is skipped: it may have been that of somebody who is meant."""
    farm.hosts(one=LIST % line, two=TWO)
    done = farm.query("/json:lines", "/timeout:4")
    assert done.status == 6 and ("two", "6") in done.only("session", "host", "id") and "one: " in done.err
    done = farm.logoff("/user:alice", "/y", "/json:lines", "/timeout:4")
    assert done.status == 6 and done.results() == [("two", "5", "ended")] and farm.ordered("one") == []


def test_failures_are_folded(farm):
    """One line for a cause, one object for each host."""
    for i in range(1, 8):
        farm.add(f"h{i}", "os.write(2, b'ssh: connect to host h%s port 22: %s\\n')\nsys.exit(255)\n" % (i, "No route to host" if i != 5 else "Connection refused"))
    farm.add("good", TWO)
    done = farm.query("/json:lines")
    assert done.status == 6 and done.err.splitlines() == ["query: h5: cannot be reached (Connection refused)", "query: h[1-4,6-7]: cannot be reached (No route to host)"]
    assert sorted(done.only("failure", "host", "kind", "exit_status")) == [(f"h{i}", "unreachable", 6) for i in range(1, 8)]
    assert done.only("host", "host") == [("good",)]


def test_the_highest_status_counts(farm):
    farm.hosts(off="os.write(2, b'x: No route to host\\n')\nsys.exit(255)\n", shut="os.write(2, b'a@b: Permission denied (publickey).\\n')\nsys.exit(255)\n", good=TWO)
    assert farm.query().status == 8 and farm.query("/allowunreachable").status == 8
    assert farm.logoff("/user:alice", "/y").status == 8
    assert farm.query("/server:off,good").status == 6 and farm.query("/server:off,good", "/allowunreachable").status == 0
    assert farm.query("nosuchuser", "/server:off,good").status == 6
    assert farm.query("nosuchuser", "/server:good").status == 2
    assert farm.query("nosuchuser", "/server:off,good", "/allowunreachable").status == 6


def test_a_logon_time_that_is_computed(farm):
    """It differs a little in each list. That is no other logon, so nobody has ended by themselves."""
    second = """hello()
for i in range(2):
    order('list')
    session('5', LOGON + 20 * i, registered=False)
    session('6', LOGON + 5000000 * i)
    reply()
given = order('log-off')['sessions']
for one in given:
    result(one['id'], 'not-ended' if one['id'] == '5' else 'ended')
reply(3)
order()
"""
    done = farm.hosts(one=GOOD, two=second).logoff("/user:alice", "/serial:1", "/y", "/json:lines")
    assert done.results() == [("one", "5", "ended"), ("two", "6", "ended"), ("two", "5", "not-ended"), ("two", "6", "ended")] and done.status == 5


def test_without_standard_files(farm):
    """No pipe to a host takes the place of one."""
    farm.hosts(one=GOOD, two=GOOD)
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *farm.command("logoff", ("/user:alice", "/y", "/v"))]
    status = subprocess.run(command, env=farm.env, timeout=SECONDS).returncode
    assert status in (0, 9) and farm.ordered("one") == farm.ordered("two") == [["5"]]


def test_stopped_and_continued(farm):
    """Ctrl-Z and fg, in each phase. Its hosts go on meanwhile."""
    slow = "hello()\norder('list')\nmark()\ntime.sleep(1)\nsession('5')\nreply()\norder('log-off')\ntime.sleep(1)\nresult('5')\nreply()\norder()\n"
    process = subprocess.Popen(farm.hosts(one=slow, two=GOOD).command("logoff", ("/user:alice", "/y", "/json:lines")), env=farm.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    farm.wait_for_mark("one")
    while process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    out, err = process.communicate()
    done = Done(out.decode(), err.decode(), process.returncode, True)
    assert (done.status, sorted(done.results())) == (0, [("one", "5", "ended"), ("two", "5", "ended")]), done.err


# ---- what a fresh reader found ----


@pytest.mark.parametrize("line", [
    "say(serial=last['serial'], session=dict(id='5'), reply='list', exit_status=0)\norder()\n",
    "failure('busy', 'list', 0)\norder()\n",
], ids=["session-and-reply", "refusal-that-is-success"])
def test_no_list_is_no_success(farm, line):
    """A host that has not told its sessions is not one on which nobody is meant, nor one that has none."""
    done = farm.hosts(one="hello()\norder('list')\n" + line, two=TWO).logoff("/all", "/y", "/json:lines", "/timeout:2")
    assert done.status == 6 and {name for name, _, _ in done.results()} == {"two"}, done.err
    for words in (("session",), ("process", "*")):
        assert farm.run("query", *words, "/timeout:2").status == 6


def test_a_bus_that_may_be_ours(farm):
    """This machine does not tell its sessions, so nobody can tell whether that of the bus is ours. A selection leaves it alone, a name means it."""
    program = farm.folder / "program"
    program.write_text(f"#!{sys.executable} -IS\n" + PRELUDE.format(name="here", folder=str(farm.folder)).replace("range(3, 64)", "range(5, 64)") +
                       "hello(kind='logind', way='bus', boot=None, machine=None, instance='a1')\n"
                       "while order():\n    if last['order'] == 'list':\n        session('5')\n    for one in last.get('sessions', []):\n        result(one['id'])\n    reply()\n")
    program.chmod(0o755)
    farm.env["LOGOFF_HOST_PROGRAM"] = str(program)
    farm.hosts(one="raw(b'logoff-bus\\n')\nstdin.read()\n")
    done = farm.logoff("/user:alice", "/y", "/json:lines", "/timeout:5")
    assert (done.status, done.results()) == (2, []) and "1 session is left alone" in done.err
    assert farm.logoff("one:5", "/y", "/json:lines", "/timeout:5").results() == [("one", "5", "ended")]
    farm.env["LOGOFF_HOST"] = f"memory:{HERE}/hosts/office"
    assert farm.logoff("/user:alice", "/y", "/json:lines", "/timeout:5").results() == [("one", "5", "ended")]


@pytest.mark.parametrize("option", ["/message", "/reason"])
def test_a_text_that_is_too_long_for_an_order(farm, option):
    """It is said before a host is asked, as each would refuse the order, and perhaps be drained by then. What is no UTF-8 becomes longer."""
    fits, long, longer = ("x" * 8192, "x" * 8193, b"\xff" * 2731)
    farm.hosts(one=GOOD)
    for text in (long, longer):
        done = farm.logoff("/user:alice", "/y", "/warn:1", option + ":" + os.fsdecode(text))
        assert (done.status, done.err) == (1, f"logoff: {option}: the text is longer than 8192 bytes\n") and farm.orders("one") == []
    assert farm.logoff("/user:alice", "/y", "/warn:1", option + ":" + fits).status == 0


def test_many_sessions_have_their_time(farm):
    """The host asks 64 at once, and the time of each begins when it is asked."""
    slow = "ids = [str(i) for i in range(256)]\nlisting(*ids)\norder('log-off')\ntime.sleep(18)\nfor id in ids:\n    result(id)\nreply()\norder()\n"
    done = farm.hosts(one=slow).logoff("/all", "/y", "/wait:1", "/grace:1", "/json:lines")
    assert done.status == 0 and len(done.results()) == 256


def test_a_copy_that_began_before_the_list(farm):
    """What it tells of its start is true when its hello comes, however long the connection is held then."""
    copy = "if connection > 1:\n    hello(boot='1f', uptime=3)\n    for fate in ('unknown', 'unknown', 'unknown', 'gone'):\n" \
        "        order('fate')\n        say(serial=last['serial'], fate=fate)\n        reply()\n    order()\n    sys.exit(0)\n"
    done = farm.hosts(one=copy + "listing('5')\norder('log-off')\ntime.sleep(1.5)\n", two=TWO).logoff("/user:alice", "/y", "/json:lines", "/timeout:5", "/grace:0")
    assert (done.status, sorted(done.results())) == (6, [("one", "5", "failed"), ("two", "5", "ended")]), done.err
    assert [one["order"] for one in farm.orders("one")][2:6] == ["fate"] * 4
