# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts: what cannot be done, and what the command says then; the hosts for completions."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent

HOSTS = """\
login[01-03]  command="env LOGOFF_HOST=memory:{here}/hosts/office {program}"
deaf          command="sh deaf"
@linux        login[01-03]
@farm         @linux deaf
@circle       @circle
"""


@pytest.fixture
def run(binary, tmp_path):
    """Runs a command with a hosts file. Returns (status, output, errors)."""
    program = binary.parent.parent / "host/logoff-host"
    (tmp_path / "deaf").write_text("echo No route to host >&2\nexit 255\n")
    (tmp_path / "hosts").write_text(HOSTS.format(here=HERE, program=program))

    def run(name, *arguments, hosts="hosts", **more):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "LOGOFF_HOSTS_FILE": str(tmp_path / hosts), "LOGOFF_TSTS": "/nonexistent",
               **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ}, **more}
        done = subprocess.run([binary.parent / name, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    "command, status, error",
    [
        ("logoff /server:@linux", 2, "logoff: no session was given; write HOST:ID, or select sessions, as with /user"),
        ("logoff 5 /server:@linux", 1, "logoff: 5: with several hosts write HOST:ID"),
        ("logoff nobody:5 /server:@linux", 1, "logoff: nobody:5: there is no host of this name in /server"),
        ("logoff login02:5 /server:login01", 1, "logoff: login02:5: there is no host of this name in /server"),
        ("rwinsta login02:5 /server:login01", 1, "rwinsta: login02:5: there is no host of this name in /server"),
        ("msg login02:5 /server:login01 hello", 1, "msg: login02:5: there is no host of this name in /server"),
        ("logoff login01:99 /server:@linux", 2, "logoff: login01:99: no such session"),
        ("logoff 99 /server:login01", 2, "logoff: 99: no such session"),
        ("logoff @leavers /server:@linux", 1, "logoff: the list leavers cannot be read: No such file or directory"),
        ("logoff @leavers /server:login01", 1, "logoff: the list leavers cannot be read: No such file or directory"),
        ("logoff /server:@linux /warn:60 Good|night.", 1, 'logoff: "Good night." is no session'),
        ("logoff /user:nobody /server:@linux", 2, "logoff: no session is selected"),
        ("query session /watch /server:@linux", 1, "query: /watch is for one server that is reached by MS-TSTS"),
        ("query process /server:@linux", 1, "query: say which processes of these hosts are meant"),
        ("query process /server:login01", 1, "query: say which processes of these hosts are meant"),
        ("query user /server:@linux /parallel:257", 1, "query: not a number from 1 to 256: /parallel:257"),
        ("query user /server:@linux /timeout:0", 1, "query: /timeout: at least one second is needed"),
        ("query user /server:@windows", 1, "query: @windows: no group of hosts has this name in {tmp}/hosts; see logoff-hosts-file(5)\n"),
        ("query user /server:@circle", 1, "hosts, line 5: @circle: this group of hosts contains itself"),
        ("query user /server:login[3-1]", 1, "query: login[3-1]: neither a host nor a list of hosts"),
        ("query user /server:@linux,-login4", 1, "query: -login4: leaves out no host of the list"),
        ("query user /server:@linux,-@linux", 1, "query: @linux,-@linux: no host is left"),
        ("query user /server:login01,ssh://login01", 1, "query: login01: this is the name of two hosts"),
        ("query user /server:@./none", 1, "query: ./none: No such file or directory"),
    ],
)
def test_what_cannot_be_done(run, tmp_path, command, status, error):
    error = error.replace("{tmp}", str(tmp_path))
    done = run(*[word.replace("|", " ") for word in command.split()])
    assert done[0] == status and error in done[2], done
    assert done[1] == ""


def test_no_group_in_either_file(run, tmp_path):
    """As under sudo, where the file is that of root."""
    words = {"LOGOFF_HOSTS_FILE": "", "HOME": str(tmp_path)}
    assert run("query", "user", "/server:@nosuchgroup", **words)[2] == (
        f"query: @nosuchgroup: no group of hosts has this name in {tmp_path}/.config/logoff/hosts, /etc/logoff/hosts; see logoff-hosts-file(5)\n")


@pytest.mark.parametrize("text, error", [
    ("login01 ssh sodu\n", "line 1: sodu: this line of the hosts file is wrong"),
    ('\nlogin01 command="logoff-host\n', "line 2: this line of the hosts file is wrong"),
])
def test_wrong_hosts_file(run, tmp_path, text, error):
    (tmp_path / "wrong").write_text(text)
    status, out, errors = run("query", "user", "/server:login01", hosts="wrong")
    assert (status, out) == (1, "") and errors.endswith(error + "\n")


def test_hosts_file_of_others(run, tmp_path):
    (tmp_path / "open").touch()
    (tmp_path / "open").chmod(0o666)
    status, out, errors = run("query", "user", "/server:login01", hosts="open")
    assert (status, out) == (1, "") and "others may write to this file, so it is not used" in errors


@pytest.mark.parametrize("more, logoff_status, query_status", [([], 6, 6), (["/allowunreachable"], 2, 6)])
def test_nobody_on_the_hosts_that_answered(run, more, logoff_status, query_status):
    """Where a host is deaf, nobody knows that there is no such user; a selection is of the hosts that count."""
    status, _, errors = run("logoff", "/user:nobody", "/server:@farm", *more)
    assert status == logoff_status and "deaf" in errors
    assert ("no session is selected" in errors) == bool(more)
    status, _, errors = run("query", "user", "nobody", "/server:@farm", *more)
    assert status == query_status and "deaf" in errors


SSH_SAYS = {
    "host-key-unknown": ("No ED25519 host key is known for login01 and you have requested strict checking.", 255, 8),
    "host-key-changed": ("@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @", 255, 8),
    "not-accepted": ("ops@login01: Permission denied (publickey).", 255, 8),
    "not-installed": ("sh: 1: exec: logoff-host: not found", 127, 6),
    "unreachable": ("ssh: connect to host login01 port 22: No route to host", 255, 6),
    "not-accepted ": ("sudo: 需要密碼", 1, 8),     # the user's language there
    "wrong-answer": ("bash: /etc/profile: 語法錯誤", 2, 6),
}


@pytest.mark.parametrize("kind", SSH_SAYS)
def test_what_ssh_says(run, tmp_path, kind):
    """ssh's words become a kind, for programs and in one line for people; only some hosts may be unreachable."""
    words, code, status = SSH_SAYS[kind]
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit {code}\n")
    ssh.chmod(0o755)
    for more, wanted in ([], status), (["/allowunreachable"], 0 if kind == "unreachable" else status):
        done = run("query", "session", "/server:ssh://login01,login02", "--json=lines", *more, LOGOFF_SSH=str(ssh))
        rows = [json.loads(line) for line in done[1].splitlines()]
        assert done[0] == wanted
        assert [row["host"] for row in rows if row["type"] == "host"] == ["login02"]
        failures = [(row["host"], row["kind"], row["exit_status"]) for row in rows if row["type"] == "failure"]
        assert failures == [("login01", kind.strip(), wanted)]
        assert words.isascii() or words.rsplit(": ", 1)[1] in done[2]
        assert done[2].startswith("query: login01: ") and done[2].count("\n") == 1


@pytest.mark.parametrize("more", [[], ["/allowunreachable"]], ids=repr)
def test_a_bus_that_may_not_be_used(run, binary, tmp_path, more):
    """The refusal of sudo alone would send readers to the line for logoff-host, which is not there."""
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho logoff-bus\necho 'sudo: a password is required' >&2\nexit 1\n")
    ssh.chmod(0o755)
    words = {"LOGOFF_SSH": str(ssh), "LOGOFF_HOST_PROGRAM": str(binary.parent.parent / "host/logoff-host")}
    status, out, errors = run("query", "session", "/server:ssh://login01", "/json:lines", *more, **words)
    assert [(row["kind"], row["exit_status"]) for row in map(json.loads, out.splitlines())] == [("not-accepted", 8)] and status == 8
    assert errors == ("query: login01: logoff-host is not installed there, and the bus there does not accept who you are "
                      "(a password is required)\n")


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "csh", "fish"])
@pytest.mark.parametrize("way", ["ssh", "ssh sudo"])
def test_where_sudo_does_not_look(run, binary, tmp_path, shell, way):
    """Its secure_path may lack /usr/local/bin, where the user's shell finds logoff-host. The name of a folder may have a blank."""
    if not (found := shutil.which(shell)):
        pytest.skip(f"{shell} is not installed")
    folder, bin = tmp_path / "no 'secure' path", tmp_path / "bin"
    folder.mkdir()
    bin.mkdir()
    real = binary.parent.parent / "host/logoff-host"
    scripts = {
        folder / "logoff-host": f"LOGOFF_HOST=memory:{HERE}/hosts/office exec {real}",
        bin / "sudo": '[ "$1" = -n ] || exit 9\nshift\nPATH=/usr/bin:/bin exec "$@"',
        tmp_path / "ssh": f'for last; do :; done\nPATH="{bin}:{folder}:/usr/bin:/bin" exec {found} -c "$last"',
    }
    for path, script in scripts.items():
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    (tmp_path / "here").write_text(f"login01 {way}\n")
    status, out, errors = run("query", "session", "/server:login01", hosts="here", LOGOFF_SSH=str(tmp_path / "ssh"))
    assert (status, errors) == (0, "") and "alice" in out


TSTS_SAYS = {
    "unreachable": ("unreachable", None, "cannot be reached (why)", 6, 0),
    "unreachable ": ("no-client", None, "cannot be reached from here (why)", 6, 6),     # logoff-tsts has ended
    "no-answer": ("no-answer", None, "no answer in time (why)", 6, 0),
    "not-accepted": ("not-accepted", None, "does not accept who you are (why)", 8, 8),
    "authfile": ("no-client", "/etc/auth", "cannot be reached from here (/etc/auth: why)", 6, 6),
    "no-client": ("no-client", None, "cannot be reached from here (why)", 6, 6),
    "wrong-answer": ("wrong-answer", None, "answers wrongly (why)", 6, 6),
}


@pytest.mark.parametrize("kind", TSTS_SAYS)
def test_what_the_client_of_a_windows_host_says(run, tmp_path, kind):
    """A host that is down is unreachable, however it is reached."""
    told, thing, said, status, excused = TSTS_SAYS[kind]
    cause = {"domain": "errno", "text": "why", "number": 113 if kind == "unreachable" else 104}
    failure = {"failure": {"host": "ts1", "kind": kind.strip(), "object": thing, "cause": cause, "exit_status": 6}}
    program = tmp_path / "logoff-host"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(failure)}'\nexit 6\n")
    program.chmod(0o755)
    for more, wanted in ([], status), (["/allowunreachable"], excused):
        done = run("query", "session", "/server:ts1,login02", "--json=lines", *more, LOGOFF_HOST_PROGRAM=str(program))
        failures = [json.loads(line) for line in done[1].splitlines() if '"failure"' in line]
        assert [(row["host"], row["kind"], row["exit_status"]) for row in failures] == [("ts1", told, wanted)], done
        assert done[0] == wanted and f"query: ts1: {said}\n" in done[2], done


UNLISTED = "no hosts file lists it, so it was asked as a Windows server; ssh://{} asks it by ssh\n"


def test_a_name_that_no_hosts_file_lists(run, tmp_path):
    """It is easily meant as that of a Linux host. Only where nobody was reached that way is it said."""
    program = tmp_path / "logoff-host"
    words = {"LOGOFF_HOST_PROGRAM": str(program)}

    def says(kind, number=113):
        failure = {"failure": {"host": "x", "kind": kind, "object": None, "cause": {"domain": "errno", "text": "why", "number": number}, "exit_status": 6}}
        program.write_text(f"#!/bin/sh\necho '{json.dumps(failure)}'\nexit 6\n")
        program.chmod(0o755)

    (tmp_path / "here").write_text("listed tsts\n")
    says("unreachable")
    for servers, said in (("h1,listed", "h1: " + UNLISTED.format("h1")), ("h[1-2],listed,h3:1445", "h[1-2]: " + UNLISTED.format("NAME")), ("listed", None)):
        status, _, errors = run("query", "session", f"/server:{servers}", hosts="here", **words)
        assert status == 6 and errors.count("no hosts file") == bool(said) and f"query: {said or 'listed: cannot be reached'}" in errors, errors
    for kind, number in (("no-answer", 110), ("unreachable", 104), ("not-accepted", 0), ("wrong-answer", 0)):
        says(kind, number)
        assert "no hosts file" not in run("query", "session", "/server:h[1-2]", hosts="here", **words)[2]


@pytest.mark.parametrize("words,said", [
    (["query", "session", "/server:no-such-host.invalid"], True), (["query", "session", "/server:no-such-host.invalid:445"], False),
    (["tskill", "1", "/server:no-such-host.invalid"], False),
], ids=repr)
def test_a_single_name_that_no_hosts_file_lists(run, binary, tmp_path, words, said):
    client = binary.parent.parent / "tsts/logoff-tsts"
    if not client.exists():
        pytest.skip("built without servers")
    (tmp_path / "auth").write_text("username = x\npassword = y\n")
    (tmp_path / "auth").chmod(0o600)
    status, _, errors = run(*words, "-A", "auth", LOGOFF_TSTS=str(client))
    assert status == 6 and ("no-such-host.invalid: " + UNLISTED.format("no-such-host.invalid") in errors) == said, errors


@pytest.mark.parametrize("hosts,words,said", [
    ("login01 ssh\nlogin02 ssh\n", {"LOGOFF_SSH": "/no/such/ssh"}, "query: login[01-02]: cannot be reached from here (/no/such/ssh is not installed)\n"),
    ('login01,login02 command="/no/such/way logoff-host"\n', {}, "query: login[01-02]: cannot be reached from here (/no/such/way is not installed)\n"),
    ("login01,login02 machine\n", {"PATH": "/no/such/folder"}, "query: login[01-02]: cannot be reached from here (systemd-run is not installed)\n"),
    ("login01,login02 tsts\n", {"LOGOFF_HOST_PROGRAM": "/etc/passwd"}, "query: login[01-02]: cannot be reached from here (/etc/passwd: Permission denied)\n"),
], ids=["ssh", "command", "machine", "tsts"])
def test_what_is_not_installed_here(run, tmp_path, hosts, words, said):
    """It says nothing about the hosts, so they do not count as unreachable ones."""
    (tmp_path / "here").write_text(hosts)
    status, _, errors = run("query", "session", "/server:login[01-02]", "/allowunreachable", hosts="here", **words)
    assert status == 6 and errors.startswith(said)
    status, out, _ = run("query", "session", "/server:login[01-02]", "/json:lines", hosts="here", **words)
    assert [(row["host"], row["kind"], row["exit_status"]) for row in map(json.loads, out.splitlines())] == [(f"login0{i}", "no-client", 6) for i in (1, 2)]


def test_hosts_for_completions(run, tmp_path):
    assert run("query", "--complete-hosts") == (0, "login01\nlogin02\nlogin03\ndeaf\n@linux\n@farm\n@circle\n", "")
    assert run("query", "--complete-hosts", hosts="none")[:2] == (6, "")
    (tmp_path / "wrong").write_text("login01\n")
    assert run("query", "--complete-hosts", hosts="wrong") == (6, "", "")
