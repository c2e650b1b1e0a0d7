# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON: the output of the commands fits doc/schema/, over every memory host and over this machine."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")

HERE = pathlib.Path(__file__).parent
DOC = HERE.parent.parent / "doc"
HOSTS = sorted(path.name for path in (HERE / "hosts").iterdir())
COMMANDS = [("session", "sessions"), ("user", "sessions"), ("process", "processes")]


def schema(name):
    """The schema, made strict: a field that the schema does not know must not be printed."""
    text = json.loads((DOC / f"schema/{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(text)
    text["items"]["additionalProperties"] = False
    return text


def strict(part):
    """A schema with its references resolved, and without unknown fields."""
    if isinstance(part, list):
        return [strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        file, _, path = part["$ref"].partition("#/")
        found = json.loads((DOC / "schema" / file).read_text())
        for step in path.split("/"):
            found = found[int(step) if isinstance(found, list) else step]
        return strict(found)
    part = {name: strict(one) for name, one in part.items()}
    if "allOf" in part:
        part["unevaluatedProperties"] = False
        for one in part["allOf"]:
            one.pop("additionalProperties", None)
            one.pop("unevaluatedProperties", None)
    elif "properties" in part:
        part["additionalProperties"] = False
    return part


def query(binary, host, *arguments, name="query", tsts="/nonexistent", option="--json", text=()):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LOGOFF_HOST": host, "LOGOFF_TSTS": tsts}
    env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
    return subprocess.run([binary.parent / name, *arguments, option, *text], cwd=HERE, env=env, capture_output=True, timeout=60)


def validate(done, name):
    """Checks the output; returns it."""
    assert not re.search(rb"[^\n -~]", done.stdout), "something else than plain ASCII was printed"
    found = json.loads(done.stdout)
    jsonschema.validate(found, schema(name))
    return found


@pytest.mark.parametrize("command,name", COMMANDS)
def test_memory_hosts(binary, command, name):
    n_found = 0
    for host in HOSTS:
        done = query(binary, f"memory:hosts/{host}", command, *(["*"] if command == "process" else []))
        if b"which /proc hides" in done.stderr:     # there may be more
            assert done.returncode == 6, host
            n_found += len(validate(done, name))
            continue
        if done.returncode == 6:    # a host that cannot be asked: nothing is printed
            assert done.stdout == b"" and done.stderr != b"", host
            continue
        assert done.returncode == (2 if done.stdout == b"[]\n" and command == "process" else 0), host
        n_found += len(validate(done, name))
    assert n_found > 20


@pytest.mark.parametrize("command,name", COMMANDS)
def test_servers(binary, windows, command, name):
    """Facts that other machines do not have are null: numbers of users, terminals."""
    done = query(binary, "none", command, "/server:ts1", *(["*"] if command == "process" else []), tsts=windows)
    assert (done.returncode, done.stderr) == (0, b"")
    found = validate(done, name)
    assert {one["host"] for one in found} == {"ts1"} and {one["uid"] for one in found} == {None}
    assert {one["user"] for one in found} >= {"bob", "Carol"} and (None in {one["user"] for one in found}) == (command != "user")


def test_results_of_servers(binary, windows):
    done = query(binary, "none", "2", "4", "6", "/wait:1", "/server:ts1", name="logoff", tsts=windows)
    assert done.returncode == 5
    assert not re.search(rb"[^\n -~]", done.stdout)
    found = json.loads(done.stdout)
    results = json.loads((DOC / "schema/results.json").read_text())["items"]["allOf"][1]
    jsonschema.validate(found, {"items": results})
    jsonschema.validate([{field: one[field] for field in schema("sessions")["items"]["properties"]} for one in found], schema("sessions"))
    assert [(one["id"], one["result"], one["session_exists"]) for one in found] == [
        ("2", "ended", False), ("4", "denied", True), ("6", "not-ended", True)]
    assert found[1]["cause"] == {"domain": "hresult", "text": "access is denied", "name": None, "number": 0x80070005}


@pytest.mark.parametrize("kind", ["procfs", "logind"])
@pytest.mark.parametrize("command,name", COMMANDS)
def test_this_machine(binary, kind, command, name):
    done = query(binary, kind, command, *(["*"] if command == "process" else []))
    if done.returncode == 6:
        pytest.skip(f"no {kind} here")
    assert done.returncode == 0, done.stderr
    found = validate(done, name)
    if command == "process":
        assert {"pid": os.getpid(), "uid": os.getuid()}.items() <= next(one for one in found if one["pid"] == os.getpid()).items()


def lines_of(done):
    """The output of --json=lines, if it fits the schema."""
    assert not re.search(rb"[^\n -~]", done.stdout), "something else than plain ASCII was printed"
    found = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = strict(json.loads((DOC / "schema/lines.json").read_text()))
    jsonschema.Draft202012Validator.check_schema(wanted)
    for one in found:
        jsonschema.Draft202012Validator(wanted).validate(one)
        assert next(iter(one)) == "type"
    return found


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@pytest.mark.parametrize("command,kind", [("session", "session"), ("user", "session"), ("process", "process")])
def test_lines_are_the_rows_of_the_document(binary, command, kind):
    for host in HOSTS:
        words = [command, "*"] if command == "process" else [command]
        start = time.monotonic()
        whole, lines = (query(binary, f"memory:hosts/{host}", *words, option=option) for option in ("--json", "/json:lines"))
        most = time.monotonic() - start + 1     # seconds by which the times may differ: such a host begins anew with each command
        assert (lines.returncode, lines.stderr) == (whole.returncode, whole.stderr), host
        found, rows = lines_of(lines), json.loads(whole.stdout or "[]")
        times = [[seconds(one.pop("logon_time")) for one in some if one.get("logon_time")] for some in (found, rows)]
        assert len(times[0]) == len(times[1]) and all(abs(one - other) <= most for one, other in zip(*times)), host
        for one in found + rows:
            one.pop("age_seconds", None)
            if one.get("pid", 5000000) < 5000000:   # the command itself, which is not the same one
                one.pop("pid")
        assert [one for one in found if one["type"] != "failure"] == [{"type": kind, **row} for row in rows]
        assert max((one["exit_status"] for one in found if one["type"] == "failure"), default=0) == lines.returncode


def test_lines_of_messages_and_results(binary, windows):
    for host in HOSTS:
        lines_of(query(binary, f"memory:hosts/{host}", "*", "/v", "/w", option="/json:lines", name="msg", text=("Hello",)))
        done = query(binary, f"memory:hosts/{host}", "/all", "/y", "/v", "/warn:5", "/wait:3", option="--json=lines", name="logoff")
        found = lines_of(done)
        assert max([one["exit_status"] for one in found if "exit_status" in one], default=0) == done.returncode, host
    found = lines_of(query(binary, "none", "2", "4", "6", "/wait:1", "/v", "/server:ts1", name="logoff", tsts=windows, option="/json:lines"))
    assert [one["result"] for one in found if one["type"] == "result"] == ["ended", "denied", "not-ended"]
    assert {one["processes"] for one in found if one["type"] == "event"} == {None}


def test_own_processes(binary, tmp_path):
    """Without an argument the processes of the user who asks are shown."""
    other = os.getuid() + 1
    (tmp_path / "host").write_text(
        f"user name=me uid={os.getuid()}\nuser name=other uid={other}\n"
        "session id=1 user=me\nprocess command=mine\nsession id=2 user=other\nprocess command=theirs\n")
    found = validate(query(binary, f"memory:{tmp_path}/host", "process"), "processes")
    assert [(one["user"], one["command"], one["session_id"]) for one in found] == [("me", "mine", "1")]
    found = validate(query(binary, f"memory:{tmp_path}/host", "process", "*"), "processes")
    assert len(found) == 2


@pytest.mark.parametrize("name,heading", [("sessions", "Sessions"), ("processes", "Processes")])
def test_the_document_tells_every_field(name, heading):
    text = (DOC / "json.md").read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    told = [field for row in re.findall(r"^\| (`.*?`) \|", text, re.M) for field in re.findall(r"`(\w+)`", row)]
    assert told == list(schema(name)["items"]["properties"]) == schema(name)["items"]["required"]


def test_the_schemas_can_fail():
    """The check itself must be able to fail."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{"id": "5"}], schema("sessions"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{"pid": "5"}], schema("processes"))
