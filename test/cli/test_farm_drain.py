# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff /drain and /serial: hosts that are emptied, by peers that speak the protocol, and this machine, by a host in memory.

The promise: exit status 0 means that new logons are refused and nobody is left who is selected. A host that does not refuse them is left
as it is. Each session that was shown is logged off as that logon, and has one result.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

from test_change import LETS_IN, PROVED, REFUSES, services
from test_cli import VALGRIND
from test_farm import SECONDS, TWO, Done, farm, terminal  # noqa: F401: fixtures
from test_json import DOC, strict
from test_logon import Terminal

PEER = '''
hello()
looks = {looks!r}
if connection > 1:
    looks = looks[{skip}:]

def listed(ids):
    for id in ids:
        session(id)

def drained(services=(("sshd", True),), **more):
    services = [dict(service=name, refused=refused) for name, refused in services]
    say(serial=last["serial"], logon={{"mode": "new", "lasting": True, "services": services, **more}})

def ended():
    for one in last["sessions"]:
        result(one["id"])
    reply()

while order():
    with open(FOLDER + "/all", "a") as file:
        file.write(NAME + " " + ("state" if last.get("mode") == "query" else last["order"]) + "\\n")
    if last["order"] == "list":
        ids = looks.pop(0) if looks else []
        #list
        listed(ids)
        reply()
    elif last.get("mode") == "query":
        #state
        drained()
        reply()
    elif last["order"] == "logon":
        #logon
        drained()
        reply()
    elif last["order"] == "log-off":
        #log-off
        ended()
'''
WORDS = ("/all", "/drain", "/y", "/json:lines", "/timeout:3", "/grace:0")


def peer(*looks, skip=99, **hooks):
    """A host whose lists have these ids, one after the other; HOOKS replaces what it does for an order."""
    script = PEER.format(looks=[list(one) for one in looks], skip=skip)
    for order, lines in hooks.items():
        script = script.replace("        #" + order.replace("_", "-"), "\n".join("        " + line for line in lines.split("\n")))
    return script


def told(farm, name):
    """The orders of a host; "state" is the question at the end whether new logons are still refused."""
    return ["state" if order.get("mode") == "query" else order["order"] for order in farm.orders(name)]


def kinds(done, *names):
    return sorted(done.only("failure", *(names or ("host", "kind"))))


# ---- the order of the orders ----


def test_orders(farm):
    """Each host is listed again before the log-off and after it. An empty host is drained too."""
    done = farm.hosts(one=peer("5", "5", ""), two=peer("5", "5", ""), three=peer("")).logoff(*WORDS)
    assert (done.status, done.err) == (0, "")
    assert sorted(done.results()) == [("one", "5", "ended"), ("two", "5", "ended")]
    assert told(farm, "one") == told(farm, "two") == ["list", "logon", "list", "log-off", "list", "state"]
    assert told(farm, "three") == ["list", "logon", "list", "list", "state"]
    assert sorted(done.only("drained", "host")) == [("one",), ("three",), ("two",)]
    order = farm.orders("one")[1]
    assert order["mode"] == "drain" and "@" in order["origin"] and "text" not in order
    assert all(one["select"] == {"all": True} for one in farm.orders("one") if one["order"] == "list")


def test_what_people_read(farm):
    done = farm.hosts(h1=peer("5", "5"), h2=peer("")).logoff("/all", "/drain", "/y")
    assert done.status == 0
    assert done.out.splitlines()[0] == 'New logons are refused on h[1-2]. "change logon /enable" accepts them again.'


@pytest.mark.parametrize("keys", [b"n\n", b"\x03"], ids=["no", "cancel"])
def test_nothing_is_drained_before_a_yes(farm, terminal, keys):
    one = terminal(*farm.hosts(one=peer("5", "5"), two=peer("5", "5"), three=peer("")) and ("logoff", "/all", "/drain"))
    one.wait_for("(y/n) ")
    time.sleep(0.3)
    one.type(keys)
    assert one.end()[1] == 7
    assert [told(farm, name) for name in ("one", "two", "three")] == [["list"]] * 3


def test_a_yes_drains(farm, terminal):
    one = terminal(*farm.hosts(one=peer("5", "5"), two=peer("5", "5")) and ("logoff", "/all", "/drain"))
    one.wait_for("(y/n) ")
    one.type(b"y\n")
    assert one.end()[1] == 0 and told(farm, "one") == ["list", "logon", "list", "log-off", "list", "state"]


def test_nothing_is_drained_without_an_answer(farm):
    done = farm.hosts(one=peer("5", "5"), two=peer("5", "5")).logoff("/all", "/drain")
    assert done.status == 1 and told(farm, "one") == ["list"]


def test_a_dry_run_drains_nothing(farm):
    farm.hosts(h1=peer("5"), h2=peer(""), off="sys.exit(1)\n")
    done = farm.logoff("/all", "/drain", "/dryrun")
    assert done.status == 6 and told(farm, "h1") == told(farm, "h2") == ["list"]
    assert done.out.splitlines() == ["New logons would be refused on h[1-2], if PAM is set up there.", "Session h1:5 of alice, disconnected: would be logged off."]
    for path in farm.folder.glob("*.starts"):
        path.unlink()
    rows = json.loads(farm.logoff("/all", "/drain", "/dryrun", "/json").out)
    assert [(row["host"], row["id"], row["result"]) for row in rows] == [("h1", "5", "would-end")]


def test_a_dry_run_with_hosts_that_cannot_be_drained(farm):
    """By MS-TSTS and over a bus nobody can refuse logons: nobody would be logged off there. localhost is this machine by another name."""
    script = "hello(way='bus', instance=str(os.getpid()))\nwhile order():\n    session('7')\n    reply()\n"
    farm.hosts(here=script, h1=peer("5", skip=0), h2="raw(b'logoff-bus\\n')\nstdin.read()\n")
    program = farm.folder / "program"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -IS {farm.folder}/1.py\n")
    program.chmod(0o755)
    farm.env["LOGOFF_HOST_PROGRAM"] = str(program)
    farm.text += "ts1 tsts\n"
    done = farm.logoff("/all", "/drain", "/dryrun", "/server:h1,h2,localhost,ts1")
    assert done.status == 6 and done.out.splitlines() == [
        "New logons would be refused on h1,localhost, if PAM is set up there.", "Session h1:5 of alice, disconnected: would be logged off.",
        "Session localhost:7 of alice, disconnected: would be logged off."]
    assert "logoff: h2,ts1: this host cannot do that\n" in done.err
    assert "logoff: h2,ts1: new logons could not be refused, so nobody would be logged off there\n" in done.err
    done = farm.logoff("/all", "/drain", "/dryrun", "/server:h1,h2,localhost,ts1", "/json:lines")
    assert sorted(done.results()) == [("h1", "5", "would-end"), ("localhost", "7", "would-end")]
    told_so = [one for one in kinds(done) if one[1] != "spared-unknown"]    # over a bus 7 may be our own
    assert told_so == [(host, kind) for host in ("h2", "ts1") for kind in ("not-drained", "unsupported")]
    (farm.folder / "here.starts").unlink()    # what serves a bus has the descriptors of that too


def test_a_host_that_was_not_listed_is_not_drained(farm):
    script = peer("5").replace("        listed(ids)\n        reply()", "        listed(ids)\n        failure('unreachable')\n        reply(6)")
    done = farm.hosts(one=script, two=peer("5", "5")).logoff(*WORDS)
    assert done.status == 6 and told(farm, "one") == ["list"] and done.results() == [("two", "5", "ended")]


def test_one_document(farm):
    script = peer("5", "5", "7", "")
    done = farm.hosts(one=script, two=peer("5", "5", log_off="result('5', 'not-ended', exit_status=5)\nreply(5)\ncontinue")).logoff(
        "/all", "/drain", "/y", "/json")
    rows = json.loads(done.out)
    jsonschema.validate(rows, strict(json.loads((DOC / "schema/results.json").read_text())))
    assert done.status == 5 and sorted((row["host"], row["id"], row["result"]) for row in rows) == [
        ("one", "5", "ended"), ("one", "7", "ended"), ("two", "5", "not-ended")]


@pytest.mark.parametrize("words,status", [
    (["one:5", "/drain"], 1), (["/drain"], 1), (["/exclude:bob", "/drain"], 1), (["one:5", "/serial:1"], 1), (["/all", "/serial:0"], 1),
    (["/all", "/serial:many"], 1),
], ids=repr)
def test_usage(farm, words, status):
    done = farm.hosts(one=peer("5"), two=peer("5")).logoff("/y", *words)
    assert done.status == status and done.err and told(farm, "one") == []


# ---- those who come ----


def test_who_has_come_before_the_order(farm):
    """They are warned and logged off together with the others."""
    done = farm.hosts(one=peer("5", "57")).logoff(*WORDS, "/warn:1")
    assert done.status == 0 and farm.ordered("one") == [["5", "7"]]


def test_who_has_come_after_the_order(farm):
    """The other host, where nobody has come, is not asked again."""
    done = farm.hosts(one=peer("5", "5", "7"), two=peer("5", "5")).logoff(*WORDS)
    assert done.status == 0 and farm.ordered("one") == [["5"], ["7"]]
    assert told(farm, "one") == ["list", "logon", "list", "log-off", "list", "log-off", "list", "state"]
    assert told(farm, "two") == ["list", "logon", "list", "log-off", "list", "state"]


def test_late_logons_get_their_time(farm):
    """They have their sessions two seconds after the state was set, at the latest."""
    stamp = "open(FOLDER + '/times', 'a').write('%.3f ' % time.monotonic())"
    done = farm.hosts(one=peer("", "", list=stamp)).logoff(*WORDS)
    first, second, third = map(float, (farm.folder / "times").read_text().split())
    assert done.status == 0 and 1.9 <= third - second < 10


def test_somebody_who_comes_again_and_again(farm):
    done = farm.hosts(one=peer("5", "5", "7", "8", "9", ("10", "11")), two=peer("5", "5")).logoff(*WORDS)
    assert done.status == 5 and farm.ordered("one") == [["5"], ["7"], ["8"], ["9"]]
    assert [id for host, id, result in done.results() if host == "one"] == ["5", "7", "8", "9"]
    assert kinds(done, "host", "kind", "object", "exit_status") == [("one", "still-coming", "10", 5), ("one", "still-coming", "11", 5)]
    assert "session one:10" in done.err and "session one:11" in done.err


def test_a_session_that_stays_is_told_once(farm):
    """It is no late one, and is not ordered again."""
    stays = "for one in last['sessions']:\n    result(one['id'], 'not-ended', exit_status=5)\nreply(5)\ncontinue"
    done = farm.hosts(one=peer("5", "5", "57", "57", "57", log_off=stays)).logoff(*WORDS)
    assert done.status == 5 and farm.ordered("one") == [["5"], ["7"]]
    assert done.results() == [("one", "5", "not-ended"), ("one", "7", "not-ended")] and kinds(done) == []


def test_a_session_that_was_ended_and_is_there(farm):
    done = farm.hosts(one=peer("5", "5", "5", "5", "5", "5")).logoff(*WORDS)
    assert done.status == 5 and kinds(done) == [("one", "still-coming")]


def test_a_session_that_has_left_by_itself(farm):
    """The question has shown it, so the command reports its end."""
    leaves = "for one in last['sessions']:\n    failure('no-session', one['id'], 2) if one['id'] == '5' else result(one['id'])\nreply(2)\ncontinue"
    done = farm.hosts(one=peer("56", "6", log_off=leaves)).logoff(*WORDS)
    assert done.status == 0 and farm.ordered("one") == [["5", "6"]]
    assert sorted(done.results()) == [("one", "5", "ended"), ("one", "6", "ended")]


def test_another_logon_has_the_id(farm):
    """The one that was shown has ended by itself. The other one is ordered as what it is."""
    again = peer("5", "5").replace("session(id)", "session(id, LOGON + 10000000 * len(looks))")
    done = farm.hosts(one=again.replace("#list", "ids = ids")).logoff(*WORDS)
    first, second = [order for order in farm.orders("one") if order["order"] == "list"][:2], farm.orders("one")[3]
    assert second["order"] == "log-off" and second["sessions"] == [{"id": "5", "logon": 1741939320000000}]
    assert done.status == 0 and done.results() == [("one", "5", "ended")] * 2 and len(first) == 2


def test_a_session_that_may_be_meant(farm):
    """It is said once, though each list tells of it."""
    done = farm.hosts(one=peer("5", "5", list="failure('spared-unknown', '8', 0)")).logoff(*WORDS)
    assert done.status == 2 and kinds(done, "kind", "object", "exit_status") == [("spared-unknown", "8", 2)]
    assert done.err.count("left alone") == 1


# ---- hosts that do not refuse ----

NO = {
    "denied": ("failure('denied', None, 3)\nreply(3)\ncontinue", "access denied"),
    "unsupported": ("failure('unsupported', None, 6)\nreply(6)\ncontinue", "cannot do that"),
    "read only": ("failure('read-only', 'logon', 3)\ncontinue", "only show"),
    "older": ("failure('unknown-order', 'logon', 1)\ncontinue", "not know this order"),
    "not set up": ("drained((('sshd', False),))\nreply(6)\ncontinue", "logons through sshd are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))"),
}
KEPT = 'the setting stays all the same; "change logon /enable" takes it back\n'
MAY_STAY = 'the setting may stay; "change logon /query" shows it, "change logon /enable" takes it back\n'
UNKNOWN = {
    "not written": "failure('drain-not-written', '/run/logoff/drain', 6)\nreply(6)\ncontinue",    # the new state may stand beside the former one
    "breaks": "sys.exit(0)",
    "breaks late": "drained()\nsys.exit(0)",
    "no word": "reply()\ncontinue",
    "accepts": "drained(mode='enabled')\nreply()\ncontinue",
    "null": "drained(mode=None)\nreply(6)\ncontinue",
    "until restart": "drained(lasting=False)\nreply()\ncontinue",
    "no services": "drained(())\nreply()\ncontinue",
    "list": "say(serial=last['serial'], logon=[])\nreply()\ncontinue",
    "twice": "drained()\ndrained()\nreply()\ncontinue",
    "status": "drained()\nreply(256)\ncontinue",
    "not proved": "drained((('sshd', None),))\nreply(6)\ncontinue",
    "no service": "failure('drain-unproved', None, 6)\ndrained(())\nreply(6)\ncontinue",
    "no list of groups": "failure('drain-unknown', '/etc/logoff/drain.conf', 6)\ndrained(())\nreply(6)\ncontinue",
    "unexplained": "drained()\nreply(6)\ncontinue",
    "hides": "drained((('sshd', False),))\nreply(0)\ncontinue",
    "no name": "drained(((None, False),))\nreply(6)\ncontinue",
    "word": "drained((('sshd', 'yes'),))\nreply()\ncontinue",
    "crashes": "failure('broken', None, 6)\nsys.exit(6)",
}


@pytest.mark.parametrize("name", NO)
def test_a_host_that_refuses_to_be_drained(farm, name):
    """Nobody is logged off there: they would be back at once. What it says is said once for all such hosts."""
    lines, said = NO[name]
    done = farm.hosts(h1=peer("5", "5", logon=lines), h2=peer("", logon=lines), good=peer("5", "5")).logoff(*WORDS)
    assert done.status in (3, 6) and sorted(done.results()) == [("good", "5", "ended"), ("h1", "5", "failed")]
    assert told(farm, "h1") == told(farm, "h2") == ["list", "logon"] and done.only("drained", "host") == [("good",)]
    assert done.err.count(said) == 1 and done.err.count("h[1-2]: ") == 2 + (name == "not set up"), done.err
    assert ("h[1-2]: " + KEPT in done.err) == (name == "not set up") and MAY_STAY not in done.err
    told_so = sorted(one for one in done.only("failure", "host", "kind", "object") if one[1:] == ("not-drained", None))
    assert told_so == [("h1", "not-drained", None), ("h2", "not-drained", None)]


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_host_of_which_nobody_knows(farm, name):
    done = farm.hosts(one=peer("5", "5", logon=UNKNOWN[name]), good=peer("5", "5")).logoff(*WORDS)
    assert done.status == 6 and sorted(done.results()) == [("good", "5", "ended"), ("one", "5", "failed")]
    assert done.only("drained", "host") == [("good",)] and ("one", "not-drained") in kinds(done)
    assert "one: whether new logons are refused is unknown" in done.err and farm.ordered("one") == []
    stays = name in ("breaks late", "no services", "status", "not proved", "no service", "no list of groups", "unexplained", "hides")
    assert ("one: " + KEPT in done.err) == stays and ("one: " + MAY_STAY in done.err) != stays, done.err


@pytest.mark.parametrize("name", [*NO, *UNKNOWN])
def test_none_of_them_alone_is_success(farm, name):
    lines = NO[name][0] if name in NO else UNKNOWN[name]
    assert farm.hosts(one=peer("", logon=lines)).logoff("/all", "/drain", "/y", "/timeout:3").status in (3, 6)


@pytest.mark.parametrize("refused,said", [("False", "logons through sshd are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))"),
                                          ("None", "whether logons through sshd are refused is unknown")])
def test_a_service_that_lets_users_in(farm, refused, said):
    """Another one refuses them, so the host is emptied, and what is not proved is said once for all hosts."""
    lines = f"drained((('sshd', {refused}), ('login', True)))\nreply(6)\ncontinue"
    farm.hosts(h1=peer("5", "5", logon=lines), h2=peer("5", "5", logon=lines), h3=peer("5", "5"))
    done = farm.logoff(*WORDS)
    assert done.status == 6 and len(done.results()) == 3 and {one[2] for one in done.results()} == {"ended"}
    assert done.err == f"logoff: h[1-2]: {said}\n"
    assert kinds(done, "host", "kind", "object", "exit_status") == [("h1", "not-drained", "sshd", 6), ("h2", "not-drained", "sshd", 6)]
    assert len(done.only("drained", "host")) == 3


def test_pam_that_cannot_be_asked(farm):
    """The services are none, so nobody knows, and nobody is logged off."""
    lines = "failure('drain-unproved', None, 6, cause=dict(domain='errno', text='Package not installed', name='ENOPKG', number=65))\ndrained(())\n" \
        "reply(6)\ncontinue"
    done = farm.hosts(h1=peer("5", "5", logon=lines), h2=peer("5", "5", logon=lines)).logoff(*WORDS)
    assert done.status == 6 and [one[2] for one in done.results()] == ["failed", "failed"] and done.only("drained", "host") == []
    assert "logoff: h[1-2]: whether new logons are refused is unknown, so nobody is logged off there\n" in done.err
    assert kinds(done) == [("h1", "drain-unproved"), ("h1", "not-drained"), ("h2", "drain-unproved"), ("h2", "not-drained")]
    assert farm.ordered("h1") == farm.ordered("h2") == []


def test_hostile_words(farm):
    lines = "drained((('\\x1b[2J', False),))\nfailure('drain-unknown', '\\x1b[2J\\n', 6)\nreply(6)\ncontinue"
    done = farm.hosts(one=peer("5", "5", logon=lines)).logoff("/all", "/drain", "/y")
    assert done.status == 6 and "\x1b" not in done.err + done.out and done.err.count("\n") == 5, done.err


def test_many_hosts_that_refuse_the_caller_too(farm):
    """More than connections are held: one that is closed cannot be made again, and its users would stay."""
    shut = "if os.path.exists(FOLDER + '/' + NAME + '.shut'):\n    os.write(2, b'ops@x: Permission denied (publickey).\\n')\n    sys.exit(255)\n"
    refused = "open(FOLDER + '/' + NAME + '.shut', 'w').close()\nfailure('caller-refused', 'ops', 0)\ndrained()\nreply()\ncontinue"
    for i in range(1, 69):
        farm.add(f"h{i}", shut + peer("5", "5", "", skip=1, logon=refused))
    done = farm.logoff("/all", "/drain", "/y", "/json:lines", "/timeout:20", "/grace:0")
    assert done.status == 0 and sorted(done.results()) == sorted((f"h{i}", "5", "ended") for i in range(1, 69)), done.err
    assert done.err == "logoff: h[1-68]: ops: is refused too, and can then not log on to accept logons again\n"


# ---- hosts that accept logons again during the run ----

STILL = {
    "all": "drained(mode='all')\nreply()\ncontinue",
    "until restart": "drained(lasting=False)\nreply()\ncontinue",
}
NOBODY_KNOWS = {
    "null": "failure('drain-unknown', '/run/logoff/drain', 6)\ndrained(mode=None)\nreply(6)\ncontinue",
    "null with success": "drained(mode=None)\nreply()\ncontinue",
    "breaks": "sys.exit(0)",
    "breaks late": "drained()\nsys.exit(0)",
    "no word": "reply()\ncontinue",
    "no number": "drained()\nsay(serial=last['serial'], reply='logon')\ncontinue",
    "other word": "drained(mode='old')\nreply()\ncontinue",
    "twice": "drained()\ndrained(mode='enabled')\nreply()\ncontinue",
    "busy": "failure('busy', 'logon', 6)\ncontinue",
    "service": "drained((('sshd', False),))\nreply(6)\ncontinue",    # the one that was proved when the host was drained
}
UNDONE = "drained((), mode='enabled', lasting=False)\nreply()\ncontinue"


@pytest.mark.parametrize("words", [(), ("/serial:1",)], ids=["all", "in turn"])
def test_logons_are_accepted_again(farm, words):
    """Somebody has changed that while others were warned. People may have logged on since, so that is no success."""
    done = farm.hosts(h1=peer("5", "5", state=UNDONE), h2=peer("", state=UNDONE), good=peer("5", "5")).logoff(*WORDS, *words)
    assert done.status == 6 and sorted(done.results()) == [("good", "5", "ended"), ("h1", "5", "ended")]
    assert done.err == "logoff: h[1-2]: new logons are accepted again: somebody has changed that meanwhile\n"
    assert kinds(done, "host", "kind", "object", "exit_status") == [("h1", "drain-undone", None, 6), ("h2", "drain-undone", None, 6)]


@pytest.mark.parametrize("name", STILL)
def test_another_state_that_refuses(farm, name):
    done = farm.hosts(one=peer("5", "5", state=STILL[name])).logoff(*WORDS)
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("name", NOBODY_KNOWS)
def test_whether_logons_are_still_refused_is_unknown(farm, name):
    done = farm.hosts(one=peer("5", "5", state=NOBODY_KNOWS[name]), good=peer("")).logoff(*WORDS)
    assert done.status == 6 and done.results() == [("one", "5", "ended")]
    assert "one: whether new logons are still refused is unknown" in done.err and "again" not in done.err
    assert ("one", "drain-unknown", None, 6) in kinds(done, "host", "kind", "object", "exit_status") and {one[0] for one in kinds(done)} == {"one"}


def test_what_was_not_proved_is_said_once(farm):
    lines = "drained((('sshd', False), ('login', True)))\nreply(6)\ncontinue"
    done = farm.hosts(one=peer("5", "5", logon=lines, state=lines)).logoff(*WORDS)
    assert done.status == 6 and done.err.count("\n") == 1 and kinds(done) == [("one", "not-drained")]


@pytest.mark.parametrize("services", ["('sshd', False), ('login', False)", "('sshd', False), ('login', None)", ""])
def test_the_proof_of_one_service_is_gone(farm, services):
    """The state is set still, and the exit status is that of before: nobody but the services tells that nothing refuses any more."""
    before, at_end = (f"drained(({one}))\nreply(6)\ncontinue" for one in ("('sshd', False), ('login', True)", services))
    done = farm.hosts(one=peer("5", "5", logon=before, state=at_end)).logoff(*WORDS)
    assert done.status == 6 and done.results() == [("one", "5", "ended")]
    assert "one: whether new logons are still refused is unknown" in done.err and ("one", "drain-unknown") in kinds(done)


def test_another_machine_tells_whether_logons_are_refused(farm):
    """The connection ends after the late list, while the second host has its turn."""
    other = peer("5", "5", "", list="if len(looks) == 0:\n    reply()\n    sys.exit(0)").replace("hello()", "hello(machine=str(connection) * 32)", 1)
    done = farm.hosts(one=other, two=peer("5", "5")).logoff(*WORDS, "/serial:1")
    assert done.status == 6 and "another machine answers now" in done.err and ("one", "drain-unknown") in kinds(done), done


def test_cancel_of_the_last_question(farm, terminal):
    done = cancel(farm, terminal(*farm.hosts(one=peer("5", "5", state="hang()")) and ("logoff", *WORDS)))
    assert done.status == 7 and done.results() == [("one", "5", "ended")] and ("one", "drain-unknown") in kinds(done)


# ---- hosts that break between two lists ----


@pytest.mark.parametrize("at,results", [(1, ["failed"]), (0, ["ended"])], ids=["before", "after"])
def test_a_host_that_is_lost(farm, at, results):
    """Before the order its sessions are not logged off, after it nobody knows who has come. It is said once."""
    lost = peer("5", "5", "5", list=f"if len(looks) == {at}:\n    sys.exit(0)").replace("hello()\n", "hello() if connection == 1 else sys.exit(1)\n", 1)
    done = farm.hosts(one=lost, two=peer("5", "5")).logoff(*WORDS)
    assert done.status == 6 and [one[2] for one in done.results() if one[0] == "one"] == results
    assert [one[0] for one in kinds(done)] == ["one"] and ("two", "5", "ended") in done.results()


def test_a_host_that_was_restarted(farm):
    """Its sessions of before are gone, whoever has their ids now. The connection ends while the first host has its turn."""
    other = peer("5", "5", skip=1, list="if connection == 1:\n    listed(ids)\n    reply()\n    sys.exit(0)").replace(
        "hello()", "hello(boot=str(connection), uptime=0)", 1)
    done = farm.hosts(one=peer("5", "5"), two=other).logoff(*WORDS, "/serial:1")
    assert done.status == 0, done.err
    assert [one for one in done.results() if one[0] == "two"] == [("two", "5", "ended")] * 2
    assert [order["boot"] for order in farm.orders("two") if order["order"] == "log-off"] == ["2"]


@pytest.mark.parametrize("then,results", [("5", [("5", "ended")]), ("6", [("5", "failed"), ("6", "ended")])], ids=["listed", "not listed"])
def test_a_host_that_may_be_another(farm, then, results):
    """A session that the second list lacks may go on elsewhere; one that it has is logged off there."""
    other = peer("5", then, skip=1, list="if connection == 1:\n    listed(ids)\n    reply()\n    sys.exit(0)").replace(
        "hello()", "hello(instance=str(connection))", 1)
    done = farm.hosts(one=peer("5", "5"), two=other).logoff(*WORDS, "/serial:1")
    assert [one[1:] for one in done.results() if one[0] == "two"] == results, done.err
    assert done.status == (6 if len(results) > 1 else 0) and ("what became of it is unknown" in done.err) == (len(results) > 1)
    assert [[one["id"] for one in order["sessions"]] for order in farm.orders("two") if order["order"] == "log-off"] == [[then]]


def test_a_list_that_fails_later(farm):
    """The sessions that were shown are logged off, but nobody knows who has come."""
    fails = "if len(looks) < 2:\n    failure('no-answer')\n    reply(6)\n    continue"
    done = farm.hosts(one=peer("5", "5", "7", list=fails)).logoff(*WORDS)
    assert done.status == 6 and done.results() == [("one", "5", "ended")]


# ---- hosts in turn ----


@pytest.mark.parametrize("number,groups", [(1, ["a", "b", "c"]), (2, ["ab", "c"]), (3, ["abc"]), (9, ["abc"])])
def test_groups(farm, number, groups):
    """A group is drained and emptied before the next one is touched. After the last one all are asked whether they still refuse logons."""
    farm.hosts(a=peer("5", "5"), b=peer("5", "5"), c=peer("5", "5"))
    assert farm.logoff(*WORDS, f"/serial:{number}").status == 0
    lines = [line.split() for line in (farm.folder / "all").read_text().splitlines()]
    assert sorted(lines[:3]) == [["a", "list"], ["b", "list"], ["c", "list"]]
    for group in groups:
        part, lines[3:] = lines[3:3 + 4 * len(group)], lines[3 + 4 * len(group):]
        assert {name for name, order in part} == set(group)
    assert sorted(lines[3:]) == [["a", "state"], ["b", "state"], ["c", "state"]]
    assert all(told(farm, name) == ["list", "logon", "list", "log-off", "list", "state"] for name in "abc")


def test_who_has_come_before_the_turn(farm):
    done = farm.hosts(one=peer("5", "5"), two=peer("5", "57")).logoff(*WORDS, "/serial:1")
    assert done.status == 0 and farm.ordered("two") == [["5", "7"]]


def test_turns_without_drain(farm):
    """Hosts are asked anew when their turn comes. An empty one has no turn."""
    farm.hosts(one=peer("5"), empty=peer(""), two=peer("5", "57"))
    done = farm.logoff("/all", "/y", "/json:lines", "/serial:1")
    assert done.status == 0 and farm.ordered("two") == [["5", "7"]]
    assert [told(farm, name) for name in ("one", "empty", "two")] == [["list", "log-off"], ["list"], ["list", "list", "log-off"]]


def test_a_condition_that_does_not_hold_any_more(farm):
    """The host looks again: it is left alone, and said."""
    changed = peer("5", "", log_off="failure('changed', '5', 5)\nreply(5)\ncontinue")
    done = farm.hosts(one=peer("5"), two=changed).logoff("/user:alice", "/idle:1h", "/y", "/json:lines", "/serial:1")
    assert done.status == 5 and done.results() == [("one", "5", "ended"), ("two", "5", "changed")]


# ---- Ctrl-C ----

SLOW = "mark()\ngiven = last\norder('cancel')\nsay(serial=last['serial'], reply='cancel', running=True)\nlast = given\n"


def cancel(farm, one, name="one"):
    farm.wait_for_mark(name)
    time.sleep(0.1)
    one.type(b"\x03")
    out, status = one.end()
    return Done(out, one.text, status, True)


def test_cancel_in_the_first_group(farm, terminal):
    """The others are left as they are, which is said."""
    asked = SLOW + "result('5', 'cancelled', exit_status=7)\nreply(7)\ncontinue"
    farm.hosts(one=peer("5", "5", log_off=asked), h2=peer("5"), h3=peer(""))
    done = cancel(farm, terminal("logoff", *WORDS, "/serial:1", "/warn:60"))
    assert done.status == 7 and sorted(done.results()) == [("h2", "5", "cancelled"), ("h3", "5", "cancelled")][:1] + [("one", "5", "cancelled")]
    assert told(farm, "h2") == told(farm, "h3") == ["list"] and done.only("drained", "host") == [("one",)]
    assert kinds(done) == [("h2", "not-asked"), ("h3", "not-asked"), ("one", "cancelled")]
    assert "h[2-3]: left as it is" in done.err


def test_cancel_after_the_log_off_was_ordered(farm, terminal):
    """All have ended, but nobody has looked who has come, and the other group has not had its turn."""
    done = cancel(farm, terminal(*farm.hosts(one=peer("5", "5", "7", log_off=SLOW), two=peer("")) and ("logoff", *WORDS, "/serial:1")))
    assert done.status == 7 and done.results() == [("one", "5", "ended")]
    assert kinds(done) == [("one", "cancelled"), ("two", "not-asked")] and told(farm, "one")[-1] == "cancel"


def test_cancel_while_logons_are_refused(farm, terminal):
    """Nothing cancels that. Its answer is awaited, and nobody is logged off."""
    done = cancel(farm, terminal(*farm.hosts(one=peer("5", "5", logon=SLOW), two=peer("5", "5")) and ("logoff", *WORDS)))
    assert done.status == 7 and sorted(done.only("drained", "host")) == [("one",), ("two",)]
    assert sorted(done.results()) == [("one", "5", "cancelled"), ("two", "5", "cancelled")] and farm.ordered("one") == farm.ordered("two") == []


def test_cancel_twice_while_logons_are_refused(farm, terminal):
    one = terminal(*farm.hosts(one=peer("5", "5", logon="hang()"), two=peer("5", "5")) and ("logoff", *WORDS))
    farm.wait_for_mark("one")
    for _ in range(3):
        one.type(b"\x03")
        time.sleep(0.3)
    out, status = one.end()
    done = Done(out, one.text, status, True)
    assert status == 7 and ("one", "not-drained") in kinds(done) and done.only("drained", "host") == [("two",)]
    assert sorted(done.results()) == [("one", "5", "failed"), ("two", "5", "cancelled")]


def test_cancel_while_late_logons_are_awaited(farm, terminal):
    farm.hosts(one=peer("5", "5", "7", log_off="ended()\nmark()\ncontinue"))
    done = cancel(farm, terminal("logoff", *WORDS))
    assert done.status == 7 and done.results() == [("one", "5", "ended")] and kinds(done) == [("one", "cancelled")]
    assert told(farm, "one") == ["list", "logon", "list", "log-off"] and "nobody has looked" in done.err


@pytest.mark.parametrize("at", [1, 0], ids=["before", "after"])
def test_cancel_in_a_later_list(farm, terminal, at):
    farm.hosts(one=peer("5", "5", "7", list=f"if len(looks) == {at}:\n    hang()"))
    done = cancel(farm, terminal("logoff", *WORDS))
    assert done.status == 7 and done.results() == [("one", "5", "cancelled" if at else "ended")]
    assert kinds(done) == [("one", "cancelled")]


# ---- real logoff-hosts over hosts in memory, and real PAM ----


@pytest.fixture
def root(farm):
    """A folder for the state, and for the stacks of PAM."""
    try:
        ctypes.CDLL("libpam.so.0")
    except OSError:
        pytest.skip("no PAM on this machine")
    path = farm.folder / "root"
    for folder in ("run", "var/lib", "etc/pam.d", "usr/lib/pam.d"):
        (path / folder).mkdir(parents=True)
    farm.env["LOGOFF_DRAIN_ROOT"] = str(path)
    return path


SLOWLY = TWO.replace("command=bash", "command=bash term=3000")     # the clock of such a host runs while it waits
LATE = "session id={0} user=bob tty=pts/{0} begins={1} logon=2025-03-14T08:05:00Z\nprocess command=bash term=3000\n"
OURS = "This machine accepts no new logons at present."


def test_real_hosts(farm, root):
    services(root, sshd=REFUSES.format(OURS))
    done = farm.hosts(one=SLOWLY + LATE.format(8, 1000), two=TWO).logoff("/all", "/drain", "/y", "/json:lines")
    assert (done.status, done.err) == (0, "")
    assert sorted(done.results()) == [("one", "5", "ended"), ("one", "6", "ended"), ("one", "8", "ended"), ("two", "5", "ended"), ("two", "6", "ended")]
    assert "mode=drain" in (root / "var/lib/logoff/drain").read_text()


def test_real_hosts_that_let_users_in(farm, root):
    services(root, sshd=REFUSES.format(OURS), login=LETS_IN)
    done = farm.hosts(h1=TWO, h2=TWO).logoff("/all", "/drain", "/y", "/json:lines")
    assert done.status == 6 and len(done.results()) == 4
    assert done.err == "logoff: h[1-2]: logons through login are not refused (PAM is not set up, or drain-refuses is in doubt; see change(1))\n"


def test_hosts_in_memory_have_no_state(farm):
    farm.env["LOGOFF_DRAIN_ROOT"] = ""
    done = farm.hosts(one=TWO, two=TWO).logoff(*WORDS)
    assert done.status == 6 and {one[2] for one in done.results()} == {"failed"} and ("one", "unsupported") in kinds(done)


# ---- this machine ----


class Machine:
    """A host in memory for this machine, and a program in place of change."""

    def __init__(self, binary, folder, valgrind):
        self.binary, self.folder, self.valgrind = binary, folder, valgrind
        (folder / "state").mkdir()
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb", "LOGOFF_DRAIN_ROOT": str(folder / "state"),
                    "LOGOFF_HOST": f"memory:{folder}/host", "LOGOFF_CHANGE_PROGRAM": str(folder / "change"), "FOLDER": str(folder)}
        self.env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
        self.host(TWO)
        self.change(self.says())

    @staticmethod
    def says(mode="new", refused=True, status=0, **others):
        services = [{"service": name, "refused": word} for name, word in {"sshd": refused, **others}.items()]
        logon = {"type": "logon", "host": "vm", "mode": mode, "services": services, "exit_status": status}
        return f"echo '{json.dumps(logon)}'; exit {status}\n"

    def host(self, text):
        (self.folder / "host").write_text(text)

    def change(self, text):
        path = self.folder / "change"
        path.write_text(f'#!/bin/sh\necho "$@" >>{self.folder}/log\n{text}')
        path.chmod(0o755)

    def command(self, *words):
        command = [str(self.binary), *words]
        return VALGRIND + [f"--log-file={self.folder}/valgrind-%p"] + command if self.valgrind else command

    def run(self, *words):
        done = subprocess.run(self.command(*words), env=self.env, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
                              start_new_session=True)
        assert 0 <= done.returncode < 9, done
        return Done(done.stdout, done.stderr, done.returncode, "/json:lines" in words)

    def log(self):
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(binary, tmp_path, request):
    one = Machine(binary, tmp_path, request.config.getoption("--valgrind"))
    if hasattr(request, "param"):
        one.change(request.param)
    if "host" in request.fixturenames:
        one.host(request.getfixturevalue("host"))
    return one


def wait_until(found):
    deadline = time.monotonic() + SECONDS
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ids(done):
    return [one[1:] for one in done.results()]


HERE = ("/all", "/drain", "/y", "/json:lines")


def test_this_machine(machine):
    done = machine.run(*HERE)
    assert (done.status, done.err, ids(done)) == (0, "", [("5", "ended"), ("6", "ended")])
    assert machine.log() == ["logon --drain --json=lines", "logon --query --json=lines"] and len(done.only("drained", "host")) == 1
    assert [one["type"] for one in done.rows][0] == "drained"
    done = machine.run("/all", "/drain", "/y")
    assert done.status == 0 and done.out.startswith('New logons are refused. "change logon /enable" accepts them again.\n')
    rows = json.loads(machine.run("/all", "/drain", "/y", "/json").out)
    assert [row["id"] for row in rows] == ["5", "6"]


def test_this_machine_with_late_logons(machine):
    machine.host(SLOWLY + LATE.format(8, 1000) + LATE.format(9, 4000))
    done = machine.run(*HERE)
    assert done.status == 0 and ids(done) == [("6", "ended"), ("5", "ended"), ("8", "ended"), ("9", "ended")]
    machine.host(SLOWLY + "".join(LATE.format(8 + i, 1000 + 3000 * i) for i in range(4)))
    done = machine.run(*HERE)
    assert done.status == 5 and ids(done)[2:] == [("8", "ended"), ("9", "ended"), ("10", "ended")]
    assert kinds(done, "kind", "object", "exit_status") == [("still-coming", "11", 5)] and "session 11 (pts/11)" in done.err


def test_another_logon_has_the_id_here(machine):
    machine.host(SLOWLY + "session id=5 user=bob tty=pts/9 follows logon=2025-03-14T09:05:00Z\nprocess command=bash\n")
    done = machine.run(*HERE)
    assert (done.status, ids(done)) == (0, [("6", "ended"), ("5", "ended"), ("5", "ended")]), done.err


def test_what_is_protected_is_said_once(machine):
    machine.host(TWO + "session id=2 user=alice tty=tty2 console logon=2025-03-14T08:05:00Z\nprocess command=bash\n")
    done = machine.run(*HERE)
    assert done.status == 4 and sorted(ids(done)) == [("2", "protected"), ("5", "ended"), ("6", "ended")] and kinds(done) == []
    assert done.err.count("\n") == 1


def test_the_own_session_is_never_late(machine):
    """A look without a selection would mean it."""
    machine.host(TWO.replace("tty=pts/4", "tty=pts/4 current"))
    for words in (["user:alice"], ["5"], ["id:5", "user:alice"]):
        done = machine.run("/drain", "/y", "/json:lines", *words)
        assert done.status == 1 and machine.log() == [] and done.results() == [], words
    done = machine.run("/user:alice", "/drain", "/json:lines")
    assert (done.status, ids(done)) == (0, [("5", "ended")])


def test_exclusions_are_looked_up_once(machine):
    done = machine.run(*HERE, "/exclude:" + ",".join(["bob"] * 40))
    assert (done.status, ids(done), done.err) == (0, [("5", "ended")], "")


def test_nothing_happens_before_a_yes(machine):
    assert machine.run("/all", "/drain").status == 1 and machine.log() == []
    done = machine.run("/all", "/drain", "/dryrun")
    assert done.status == 0 and done.out.startswith("New logons would be refused, if PAM is set up.\n") and machine.log() == []


def test_a_host_in_memory_is_not_this_machine(machine):
    del machine.env["LOGOFF_DRAIN_ROOT"]
    done = machine.run(*HERE)
    assert done.status == 6 and machine.log() == [] and done.results() == []


@pytest.mark.parametrize("text,status,known", [
    ("echo refused >&2; exit 3\n", 3, True),
    ("exit 1\n", 1, True),
    ("exit 6\n", 6, False),
    ("exit 0\n", 6, False),
    ("exit 9\n", 6, False),
    ("exit 77\n", 6, False),
    ("kill -9 $$\n", 6, False),
    ("echo nonsense\n", 6, False),
    ("echo '{\"type\":\"logon\"}'\n", 6, False),
    ("echo '[1]'; echo '{\"type\":7}'; echo '{}'; echo\n", 6, False),
    ("yes | head -c 100000\n", 6, False),
    (Machine.says("enabled"), 6, True),
    (Machine.says(None), 6, False),
    ("echo '{\"type\":\"logon\",\"mode\":\"new\",\"services\":[]}'; exit 6\n", 6, False),
], ids=repr)
def test_this_machine_does_not_refuse(machine, text, status, known):
    machine.change(text)
    done = machine.run(*HERE)
    assert done.status == status and done.results() == [] and done.only("drained", "host") == []
    assert kinds(done, "kind", "exit_status") == [("not-drained", status)]
    assert (KEPT in done.err) == ('"services":[]' in text)
    assert (MAY_STAY in done.err) == (not known and KEPT not in done.err)
    assert ("new logons could not be refused" in done.err) == known and ("unknown" in done.err) != known
    assert json.loads(machine.run("/all", "/drain", "/y", "/json").out) == []


def test_change_is_missing(machine):
    (machine.folder / "change").unlink()
    done = machine.run(*HERE)
    assert done.status == 6 and done.results() == [] and "No such file" in done.err


@pytest.mark.parametrize("refused", [False, None])
def test_this_machine_is_not_set_up(machine, refused):
    """No service refuses new logons, or nobody knows: nobody is logged off, as users would be back at once."""
    machine.change(machine.says(refused=refused, status=6))
    done = machine.run(*HERE)
    assert done.status == 6 and done.results() == [] and done.only("drained", "host") == []
    assert kinds(done, "kind", "exit_status") == [("not-drained", 6)] * 2 and set(done.only("failure", "object")) == {("sshd",), (None,)}
    assert machine.log() == ["logon --drain --json=lines"]
    assert done.err == ("logoff: new logons could not be refused, so nobody is logged off\n" if refused is False else
                        "logoff: whether new logons are refused is unknown, so nobody is logged off\n") + "logoff: " + KEPT


@pytest.mark.parametrize("refused", [False, None])
def test_this_machine_lets_users_in(machine, refused):
    """One service does, another refuses them."""
    failure = json.dumps({"type": "failure", "host": "vm", "kind": "drain-unproved", "object": None, "cause": None, "exit_status": 6})
    machine.change(f"echo '{failure}'\n" + machine.says(refused=refused, login=True, status=6))
    done = machine.run(*HERE)
    assert done.status == 6 and len(done.results()) == 2
    assert kinds(done, "kind", "object") in ([("drain-unproved", None), ("not-drained", "sshd")],)


@pytest.mark.parametrize("text,kind,said", [
    (Machine.says("enabled"), "drain-undone", "new logons are accepted again: somebody has changed that meanwhile"),
    ("echo secret >&2; " + Machine.says(None, status=6), "drain-unknown", "whether new logons are still refused is unknown"),
    ("exit 3\n", "drain-unknown", "whether new logons are still refused is unknown"),
    ("exit 0\n", "drain-unknown", "whether new logons are still refused is unknown"),
    ("kill -9 $$\n", "drain-unknown", "whether new logons are still refused is unknown"),
    (Machine.says().split(";")[0] + "; kill -9 $$\n", "drain-unknown", "whether new logons are still refused is unknown"),
    (Machine.says(refused=False, status=6), "drain-unknown", "whether new logons are still refused is unknown"),
    (Machine.says("all"), None, None),
], ids=repr)
def test_this_machine_is_asked_at_the_end(machine, text, kind, said):
    """Somebody may have accepted logons again, and people may have logged on since."""
    machine.change(f'if [ "$2" = --query ]; then\n{text}fi\n' + machine.says())
    done = machine.run(*HERE)
    assert done.status == (6 if kind else 0) and ids(done) == [("5", "ended"), ("6", "ended")]
    assert done.err == (f"logoff: {said}\n" if kind else "")
    assert kinds(done, "kind", "object", "exit_status") == ([(kind, None, 6)] if kind else [])


@pytest.mark.parametrize("at_end", [Machine.says(refused=False, login=False, status=6), Machine.says(refused=None, login=False, status=6),
                                    Machine.says("all", refused=False, login=False, status=6)], ids=repr)
def test_the_proof_of_one_service_here_is_gone(machine, at_end):
    """The exit status is that of before: nobody but the services tells that nothing refuses any more."""
    machine.change(f'if [ "$2" = --query ]; then\n{at_end}fi\n' + machine.says(refused=False, login=True, status=6))
    done = machine.run(*HERE)
    assert done.status == 6 and ids(done) == [("5", "ended"), ("6", "ended")]
    assert done.err == "logoff: whether new logons are still refused is unknown\n" and ("drain-unknown", None) in kinds(done, "kind", "object")


def test_what_this_machine_did_not_prove_is_said_once(machine):
    machine.change("echo said >&2\n" + machine.says(refused=False, login=True, status=6))
    done = machine.run(*HERE)
    assert (done.status, done.err) == (6, "said\n") and kinds(done, "kind", "object") == [("not-drained", "sshd")]


def test_a_starter_that_ignores_its_children(machine):
    command = machine.command(*HERE)
    done = subprocess.run(command, env=machine.env, capture_output=True, timeout=SECONDS,
                          preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert done.returncode == 0, done


@pytest.fixture
def screen(machine, monkeypatch):
    """Starts logoff on a terminal, which is also its standard error."""
    monkeypatch.setattr("test_logon.environment", lambda _: machine.env)
    with Terminal(["sh", "-c", 'exec "$0" "$@" 2>/dev/tty', *machine.command(*HERE)], None) as one:
        yield one


def read_until(one, found):
    """What the command prints; the rest is left to be read."""
    out, deadline = "", time.monotonic() + SECONDS
    while not found(out):
        assert time.monotonic() < deadline, out
        out += os.read(one.process.stdout.fileno(), 1).decode()
    return out


def interrupt(one, out="", times=1):
    for _ in range(times):
        one.type(b"\x03")
        time.sleep(0.3)
    rest, status = one.end()
    return Done(out + rest, one.text, status, True)


WAITS = "trap '' INT; echo '[]'; sleep 2\n"


@pytest.mark.parametrize("machine", [WAITS + Machine.says()], indirect=True)
def test_cancel_while_this_machine_is_drained(machine, screen):
    """What change says is awaited. Nobody is logged off."""
    wait_until(machine.log)
    done = interrupt(screen)
    assert done.status == 7 and done.results() == [] and len(done.only("drained", "host")) == 1 and kinds(done, "kind") == [("cancelled",)]


@pytest.mark.parametrize("machine", ["exec sleep 600\n"], indirect=True)
def test_cancel_twice_while_this_machine_is_drained(machine, screen):
    wait_until(machine.log)
    done = interrupt(screen, times=2)
    assert done.status == 7 and done.results() == done.only("drained", "host") == []
    assert kinds(done, "kind") == [("cancelled",), ("not-drained",)] and "unknown" in done.err


def test_cancel_while_this_machine_waits_for_late_logons(screen):
    done = interrupt(screen, read_until(screen, lambda out: out.count('"result":') == 2 and out.endswith("\n")))
    assert done.status == 7 and len(done.results()) == 2 and kinds(done, "kind") == [("cancelled",)]


@pytest.mark.parametrize("host", ["host realtime\n" + TWO.replace("command=bash", "command=dig term=never")])
def test_cancel_after_this_machine_was_asked(machine, screen, host):
    """Sessions that were asked are followed to their end; nobody looks for others."""
    done = interrupt(screen, read_until(screen, lambda out: '"result":' in out and out.endswith("\n")))
    assert done.status == 7 and ids(done) == [("6", "ended"), ("5", "ended")] and kinds(done, "kind") == [("cancelled",)]
