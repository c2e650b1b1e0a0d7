# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs for Windows over a played host (wtsapi32.c), by Wine: what they say, with which status, and which calls they make.

Each case writes its host, a text, and looks at the log of calls. Whatever happens, no program that keeps Windows alive is ended, every
block of memory is freed, and by the right call.
"""

import getpass
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from conftest import LOADERS

HERE = pathlib.Path(__file__).parent
OFFICE = (HERE / "hosts/office.txt").read_text(encoding="utf-8")

# What a program may take beside what it waits for, on a busy machine.
SLACK = 4


class Result:
    """What a command has said, and what its host was asked: a list of (milliseconds, call)."""

    def __init__(self, status, out, err, calls, seconds):
        self.status, self.out, self.err, self.calls, self.seconds = status, out, err, calls, seconds

    def __repr__(self):
        return f"status {self.status} after {self.seconds:.1f} s\n{self.out}{self.err}{self.calls}"

    def all(self, word):
        """The calls that begin so."""
        return [call for _, call in self.calls if call.split()[0] == word]

    def when(self, call):
        """When the host got this call, or what begins with it, for the first time."""
        return next(ms for ms, one in self.calls if (one + " ").startswith(call + " "))

    @property
    def acts(self):
        """The calls that end something."""
        return [call for _, call in self.calls if call.split()[0] in ("logoff", "terminate", "reset")]

    def after(self, call):
        """The calls after the first one that begins so."""
        calls = [one for _, one in self.calls]
        return calls[next(i for i, one in enumerate(calls) if (one + " ").startswith(call + " ")) + 1:]

    def is_proved(self, session):
        """Whether its end was looked for when it was gone: it was listed, asked for by its id, and so were its programs."""
        words = {call.split()[0] for call in self.after(f"gone {session}")}
        return {"list", "programs"} <= words and any(call.startswith(f"query {session} ") for call in self.after(f"gone {session}"))


class Played:
    """Starts programs over a played host."""

    def __init__(self, folder, wine):
        self.folder, self.wine, self.log = folder, wine, folder / "log"

    def start(self, text, command, *words, env=None):
        """A process of COMMAND, whose host is TEXT."""
        (self.folder / "host").write_text(text, encoding="utf-8")
        self.log.unlink(missing_ok=True)
        env = {"WINEDLLOVERRIDES": "mscoree,mshtml=;wtsapi32,winsta=n", "LOGOFF_PLAYED_HOST": str(self.folder / "host"),
               "LOGOFF_PLAYED_LOG": str(self.log), "LC_ALL": "C.UTF-8", "TZ": "UTC"} | (env or {})
        return self.wine.start(self.folder / f"{command}.exe", *words, env=env)

    def await_call(self, call):
        """Waits until CALL stands in the log."""
        end = time.monotonic() + 30
        while not self.log.exists() or call not in self.log.read_text(encoding="utf-8"):
            assert time.monotonic() < end
            time.sleep(0.05)

    def finish(self, process, begin, timeout=60, left=False, stdin=b""):
        """What became of it. LEFT: a call hangs, so what it holds is not freed."""
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        finally:
            process.kill()
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        calls = [(int(ms), call) for ms, call in re.findall(r"^\+(\d+) (.*)$", "\n".join(lines), re.M)]
        result = Result(process.returncode, *(text.decode().replace("\r\n", "\n") for text in (out, err)), calls, time.monotonic() - begin)
        assert not [call for _, call in calls if "Windows stops" in call or "wrong call" in call or "wait=1" in call and "logoff" in call]
        if calls and not left:
            end = re.fullmatch(r"end, 0 blocks and 0 servers left, the last list has seen (-?\d+) handles more", calls[-1][1])
            assert end and int(end[1]) <= 24, calls[-1]     # threads that are under way
        return result

    def __call__(self, text, command, *words, timeout=60, left=False, env=None, stdin=b""):
        begin = time.monotonic()
        return self.finish(self.start(text, command, *words, env=env), begin, timeout, left, stdin)


@pytest.fixture(scope="session")
def played(tmp_path_factory, wine, programs):
    folder = tmp_path_factory.mktemp("played")
    for name in ("logoff", "query", "msg"):
        shutil.copy(programs / f"{name}.exe", folder)
    for name in ("wtsapi32.dll", "winsta.dll", "sleeper.exe"):
        shutil.copy(programs.parent.parent / "test/windows" / name, folder)
    # Wine starts some services with its first program, which hold its pipes, and ends them with the last one.
    with subprocess.Popen([wine.loader, str(folder / "sleeper.exe")], env=wine.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as sleeper:
        yield Played(folder, wine)
        sleeper.kill()


def host(*lines):
    """A host on which the caller is in session 4."""
    return "\n".join(("own 4", "session 0 Services 4 - -", "session 4 RDP-Tcp#12 0 TS1 Administrator", "process 4 0 SYSTEM System",
                      "process 9000 4 Administrator cmd.exe term=-1", *lines, ""))


BOB = "session 2 RDP-Tcp#10 0 EXAMPLE bob ends=200"
PROGRAMS = ("process 700 2 SYSTEM csrss.exe", "process 701 2 SYSTEM winlogon.exe", "process 702 2 DWM dwm.exe",
            "process 703 2 UMFD fontdrvhost.exe")
EXPLORER = "process 5120 2 bob explorer.exe term=100"
STUBBORN = "process 5121 2 bob WINWORD.EXE term=-1"
CAROL = ("session 3 - 4 EXAMPLE carol ends=100", "process 7000 3 carol notepad.exe term=50")


# ---- what there is ----

def test_sessions(played):
    result = played(OFFICE, "query", "session")
    assert (result.status, result.err) == (0, "")
    rows = [line.split() for line in result.out.splitlines()]
    assert rows == [["SESSIONNAME", "USERNAME", "ID", "STATE", "TYPE", "DEVICE"], ["services", "0", "Disc"], ["console", "1", "Conn", "local"],
                    ["rdp-tcp#10", "bob", "2", "Active", "rdp"], ["Carol", "3", "Disc"], [">rdp-tcp#12", "Administrator", "4", "Active", "rdp"],
                    ["5", "Conn", "rdp"], ["rdp-tcp#14", "JÜRGEN", "6", "Active", "rdp"], ["rdp-tcp#15", "林小美", "7", "Active", "rdp"],
                    ["hidden", "8", "Disc"], ["stuck", "9", "Disc"]]
    assert len(result.all("list")) == 1 and not result.all("programs")


def test_users_and_times(played):
    result = played(OFFICE, "query", "user", "/json")
    users = {user["id"]: user for user in json.loads(result.out)}
    assert users["2"]["idle_seconds"] in range(600, 640) and users["2"]["age_seconds"] in range(30000, 30040)
    assert (users["2"]["client"], users["2"]["address"]) == ("BOBS-PC", "192.0.2.9")
    assert users["6"]["address"] == "2001:db8:0:0:0:0:0:7"
    assert users["3"]["idle_seconds"] in range(93780, 93820)     # by the time of the disconnection
    assert users["4"]["current"] and not users["2"]["current"]
    assert users["2"]["domain"] == "EXAMPLE"
    assert len(result.all("list")) == 1


def test_processes(played):
    result = played(OFFICE, "query", "process", "*")
    rows = [line.split() for line in result.out.splitlines()]
    assert ["SYSTEM", "rdp-tcp#10", "2", "700", "csrss.exe"] in rows
    assert any(row[-3:] == ["3", "7712", "WINWORD.EXE"] and row[0].startswith("S-1-5-21-") for row in rows)
    assert not any(row[-2] == "0" for row in rows)      # the row of nobody


def test_a_session_that_hangs_keeps_nobody_waiting(played):
    """Its question is left behind, the others are asked."""
    result = played(host(BOB, "session 5 - 4 EXAMPLE mute query-hang=1", *CAROL), "query", "user", "/json", left=True)
    users = {user["id"]: user for user in json.loads(result.out)}
    assert users["2"]["idle_seconds"] is not None and users["3"]["idle_seconds"] is not None
    assert users["5"]["idle_seconds"] is None and result.seconds < 10 + SLACK


def test_watch(played):
    """What the third list lacks has gone by then."""
    process = played.start(host(BOB, "session 5 - 4 EXAMPLE erna lacks=3-9999"), "query", "session", "/watch")
    begin = time.monotonic()
    while not played.log.exists() or played.log.read_text(encoding="utf-8").count("list") < 4:
        assert time.monotonic() < begin + 30
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    result = played.finish(process, begin, left=True)
    assert "erna" in result.out and "bob" in result.out and result.seconds < 30
    assert len([line for line in result.out.splitlines() if "erna" in line]) == 2, result.out


# ---- logging off ----

def test_polite(played):
    """A session that ends by itself is asked once, and nothing else is done to it."""
    result = played(host(BOB, *PROGRAMS, EXPLORER, *CAROL), "logoff", "2", "/v")
    assert result.status == 0 and "every process has ended, the session is deleted" in result.out
    assert "asking 1 process to end" in result.out       # the host's own works do not count
    assert result.acts == ["logoff 2 wait=0"]
    assert result.is_proved(2)
    # At once after the session has been found, and looked at.
    assert result.calls.index((result.when("logoff 2"), "logoff 2 wait=0")) > [call for _, call in result.calls].index("list")


def test_several(played):
    result = played(host(BOB, EXPLORER, *CAROL), "logoff", "2", "3", "/v")
    assert result.status == 0 and sorted(result.acts) == ["logoff 2 wait=0", "logoff 3 wait=0"]


def test_many(played):
    """No handle is left of any: each session takes several threads."""
    text = host(*(f"session {i} - 0 EXAMPLE user{i} ends=100\nprocess {1000 + i} {i} user{i} a.exe term=50" for i in range(10, 110)))
    result = played(text, "logoff", "/all", "/y")
    assert result.status == 0 and len(result.acts) == 100 and len(result.all("gone")) == 100


def test_selection_spares_the_callers_own(played):
    result = played(host(BOB, EXPLORER, *CAROL), "logoff", "/all", "/y")
    assert result.status == 0 and sorted(result.acts) == ["logoff 2 wait=0", "logoff 3 wait=0"]


def test_own_session(played):
    """It is asked, and nothing in it is ended; it may be gone before the caller is."""
    text = host().replace("Administrator\n", "Administrator ends=300\n").replace("term=-1", "term=0")
    result = played(text, "logoff", "/v")
    assert result.status == 0 and result.acts == ["logoff 4 wait=0"] and "cannot be seen" in result.out


def test_dry_run(played):
    assert played(host(BOB, EXPLORER), "logoff", "2", "/dryrun").acts == []


def test_programs_of_a_server_are_ended_after_the_grace(played):
    result = played(host(BOB, *PROGRAMS, EXPLORER, STUBBORN, *CAROL), "logoff", "2", "/server:ts1", "/grace:1", "/v")
    assert result.status == 0 and "1 process left" in result.out
    assert result.acts == ["logoff 2 wait=0", "terminate 5121 WINWORD.EXE"]
    assert result.when("terminate") - result.when("logoff") >= 1000


def test_programs_of_all_sessions_are_told(played):
    """A host may tell the programs of all sessions, whichever it is asked about."""
    result = played(host("host programs-all=1", BOB, EXPLORER, STUBBORN, *CAROL), "logoff", "2", "/server:ts1", "/grace:0")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0", "terminate 5120 explorer.exe", "terminate 5121 WINWORD.EXE"]


def test_programs_of_this_machine_are_ended(played):
    """Real processes of Wine, which are all in its session 1: the one that stays is ended, and the one of another session is not."""
    text = host("session 1 RDP-Tcp#1 0 EXAMPLE bob ends=100", "process 1 1 bob sleeper.exe real=1", "process 1 1 SYSTEM works.exe real=1",
                "session 3 - 4 EXAMPLE carol", "process 1 3 carol other.exe real=1")
    result = played(text, "logoff", "1", "/grace:1", "/v")
    assert result.status == 0, result.out + result.err
    assert result.acts == ["logoff 1 wait=0"]
    assert [call for call in result.all("ended")] == ["ended sleeper.exe of session 1"]
    assert result.when("ended") - result.when("logoff") >= 1000


def test_a_number_that_is_anothers_by_now(played):
    """The process that has the number runs in another session: it is not ended."""
    text = host(*CAROL[:1], "process 1 3 carol other.exe real=1")
    result = played(text, "logoff", "3", "/grace:0", "/wait:3")
    assert result.status == 5 and not result.all("ended") and "other.exe" in result.out + result.err


@pytest.mark.parametrize("name", ["csrss.exe", "WinLogon.exe", "smss.exe", "wininit.exe", "services.exe", "lsass.exe"])
def test_never_ends_what_windows_needs(played, name):
    """Not even where the host says that it is a person's. The session is reset instead."""
    result = played(host(BOB.replace("ends=200", "ends=-1"), f"process 700 2 bob {name} term=-1"), "logoff", "2", "/server:ts1",
                    "/grace:0", "/wait:20")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0", "reset 2 wait=0"]


HERE_BOB = "session 1 RDP-Tcp#1 0 EXAMPLE bob ends=-1"     # where Wine's processes are


@pytest.mark.parametrize("program", ["CSRSS.EXE real=1", "WinLogon.exe real=1", "a.exe real=1 critical=1"])
def test_never_ends_what_this_machine_needs(played, program):
    """By its name or by what Windows says of it: a real process, which would end."""
    result = played(host(HERE_BOB, f"process 1 1 bob {program}", "process 1 1 bob other.exe real=1"), "logoff", "1", "/grace:0", "/wait:3")
    assert result.status == 5 and result.all("ended") == ["ended other.exe of session 1"], result.out + result.err
    assert result.acts == ["logoff 1 wait=0"]


def test_a_number_of_a_server_is_not_ours(played):
    """A server's program may have the number of the command itself."""
    result = played(host(BOB, "process 1 2 bob same.exe own=1 term=-1"), "logoff", "2", "/server:ts1", "/grace:0", "/wait:5")
    assert result.status == 0 and [act.split()[2] for act in result.acts if "terminate" in act] == ["same.exe"]


def test_acts_are_not_made_late(played):
    """
    To end bob's program takes longer than anybody waits. Meanwhile carol's program ends, and another one has its number: what was
    chosen before is not ended.
    """
    result = played(host(BOB, "process 5121 2 bob WINWORD.EXE term=-1 slow=9000", CAROL[0], "process 7000 3 carol stub.exe term=-1 until=7000",
                         "session 5 - 0 EXAMPLE erin", "process 7000 5 erin ERIN.EXE from=7500"), "logoff", "2", "3", "/server:ts1", "/grace:1",
                    "/wait:20")
    assert result.status == 0 and "terminate 7000 ERIN.EXE" not in result.acts, result.acts


def test_programs_are_looked_at_again_between_acts(played):
    """To end one takes a second. The other one has ended by then, and its number is somebody else's."""
    result = played(host(BOB, "process 5120 2 bob slow.exe term=-1 slow=2500", "process 5121 2 bob WINWORD.EXE term=-1 until=2500",
                         "session 5 - 0 EXAMPLE erin", "process 5121 5 erin ERIN.EXE from=2500"), "logoff", "2", "/server:ts1", "/grace:1",
                    "/wait:20")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0", "terminate 5120 slow.exe"]


def test_nothing_is_ended_after_the_result(played, programs):
    """What was begun before may come to its end; nothing else is begun."""
    shutil.copy(programs.parent.parent / "test/windows/after.exe", played.folder)
    result = played(host(BOB, *(f"process {5121 + i} 2 bob W{i}.EXE term=-1 slow=500" for i in range(8))), "after", left=True)
    (told,) = result.all("result")
    assert result.status == 0 and told != "result 0" and result.all("terminate")
    assert not [call for call in result.after("result") if call.startswith("terminate")]


def test_reset(played):
    """Only a session that stays for five seconds after the grace although nobody is left."""
    result = played(host(BOB.replace("ends=200", "ends=-1"), *PROGRAMS), "logoff", "2", "/grace:1", "/wait:20", "/v")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0", "reset 2 wait=0"]
    assert result.when("reset") - result.when("logoff") >= 6000
    assert "killing it" in result.out       # said when it is done, not when the grace is over
    assert float(re.search(r"still there after ([0-9.]+) s", result.out)[1]) >= 6


def test_reset_counts_from_the_last_program(played):
    result = played(host(BOB.replace("ends=200", "ends=-1"), STUBBORN), "logoff", "2", "/server:ts1", "/grace:1", "/wait:20")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0", "terminate 5121 WINWORD.EXE", "reset 2 wait=0"]
    assert result.when("reset") - result.when("terminate") >= 5000


def test_a_session_that_saves_is_not_reset(played):
    """Log-off scripts and profiles take their time, within the grace and for some seconds more."""
    result = played(host(BOB.replace("ends=200", "ends=3000"), EXPLORER), "logoff", "2", "/grace:1")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0"]


def test_reset_is_refused(played):
    result = played(host(BOB.replace("ends=200", "ends=-1 reset-error=5")), "logoff", "2", "/grace:0", "/wait:7")
    assert result.status in (3, 5) and result.acts == ["logoff 2 wait=0", "reset 2 wait=0"]


def test_wait_ends_before_the_reset(played):
    result = played(host(BOB.replace("ends=200", "ends=-1")), "logoff", "2", "/grace:1", "/wait:3")
    assert result.status == 5 and result.acts == ["logoff 2 wait=0"] and result.seconds < 3 + SLACK


def test_hidden_programs(played):
    """Whose they are is not told: they are nobody's to be ended, and never said to have ended."""
    result = played(host(BOB, "process 5120 2 ? explorer.exe term=500"), "logoff", "2", "/v")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0"]
    assert "every process has ended" not in result.out and "cannot be seen" in result.out


def test_programs_outlive_their_session(played):
    """After the reset. Then nobody says that all have ended, and nothing else is forced: the id may be anybody's."""
    text = host(BOB.replace("ends=200", "ends=-1"), "process 5120 2 bob csrss.exe stays=1 term=-1")
    result = played(text, "logoff", "2", "/server:ts1", "/grace:0", "/wait:7")
    assert result.all("gone") and result.status == 5, result.out + result.err
    assert result.acts == ["logoff 2 wait=0", "reset 2 wait=0"]


def test_hidden_programs_that_stay(played):
    """A session is not reset over programs of which nobody knows whose they are."""
    result = played(host(BOB, "process 5120 2 ? explorer.exe term=-1"), "logoff", "2", "/grace:0", "/wait:8")
    assert result.status == 5 and result.acts == ["logoff 2 wait=0"]


@pytest.mark.parametrize("error", [5, 50])
def test_a_session_is_not_reset_whose_programs_may_not_be_asked_for(played, error):
    result = played(host(f"host programs-error={error}", BOB, STUBBORN), "logoff", "2", "/grace:0", "/wait:8")
    assert result.status == 5 and result.acts == ["logoff 2 wait=0"]


@pytest.mark.parametrize("error", [5, 50])
def test_programs_may_not_be_asked_for(played, error):
    result = played(host(f"host programs-error={error}", BOB, EXPLORER), "logoff", "2", "/v")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0"] and "cannot be seen" in result.out


def test_programs_cannot_be_told_now(played):
    """Then nobody can say that all have ended."""
    result = played(host("host programs-error=1722", BOB, EXPLORER), "logoff", "2", "/grace:0", "/wait:3")
    assert result.status == 5 and result.acts == ["logoff 2 wait=0"] and result.seconds < 3 + SLACK


def test_a_program_that_cannot_be_ended(played):
    result = played(host(BOB, "process 5121 2 bob WINWORD.EXE term=-1 immortal=5"), "logoff", "2", "/server:ts1", "/grace:0", "/wait:2")
    assert result.status == 3 and "Win32 5" in result.err
    assert set(result.acts) == {"logoff 2 wait=0", "terminate 5121 WINWORD.EXE"}


def test_denied(played):
    result = played(OFFICE, "logoff", "7")
    assert result.status == 3 and result.acts == ["logoff 7 wait=0"] and "Win32 5" in result.err
    (session,) = json.loads(played(OFFICE, "logoff", "7", "/json").out)
    assert (session["cause"]["domain"], session["cause"]["number"]) == ("win32", 5) and session["cause"]["text"]


def test_protected(played):
    for session in "0", "1":
        result = played(OFFICE, "logoff", session, "/grace:0")
        assert result.status == 4 and result.acts == []


def test_no_such_session(played):
    assert played(OFFICE, "logoff", "99").status == 2
    assert played(OFFICE, "logoff", "65536").status == 2     # a listener is none


def test_busy(played):
    """7024 is asked again."""
    result = played(host(BOB.replace("ends=200", "ends=200 logoff-busy=2"), EXPLORER), "logoff", "2")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0"] * 3


def test_busy_for_ever(played):
    result = played(host(BOB.replace("ends=200", "logoff-error=7024")), "logoff", "2", "/wait:2")
    assert result.status == 5 and set(result.acts) == {"logoff 2 wait=0"} and result.seconds < 2 + SLACK


@pytest.mark.parametrize("error", [7007, 5, 7024, 1722])
def test_questions_fail_while_it_closes(played, error):
    """It is still there then: only a list that lacks it, and that the host does not know it, say that it is gone."""
    result = played(host(BOB.replace("ends=200", f"ends=1000 query-closing={error}"), EXPLORER), "logoff", "2", "/v")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0"]
    assert result.is_proved(2)


def test_close_pending_is_asked(played):
    """What ends already needs no other asking."""
    result = played(host(BOB.replace("ends=200", "logoff-error=7007")), "logoff", "2", "/grace:1", "/wait:2")
    assert result.status == 5 and result.acts == ["logoff 2 wait=0"]


# ---- a host that lies ----

@pytest.mark.parametrize("times", ["moving", "counting"])
def test_logon_times_that_change(played, times):
    """They show no other logon: the session is there until the list lacks it."""
    result = played(host(BOB.replace("ends=200", f"ends=1500 times={times}"), EXPLORER), "logoff", "2", "/v")
    assert result.is_proved(2) if result.status == 0 else not result.all("gone")
    assert set(result.acts) <= {"logoff 2 wait=0"}


@pytest.mark.parametrize("times", ["moving", "counting"])
def test_logon_times_that_change_and_a_selection(played, times):
    """Between the list and the request a second is waited: nobody is then said to have ended by themselves."""
    result = played(host(BOB.replace("ends=200", f"ends=-1 times={times}"), EXPLORER), "logoff", "/user:bob", "/y", "/warn:1", "/wait:2",
                    "/grace:1")
    assert result.status in (4, 5), result.out + result.err


def test_the_id_is_anothers_at_once(played):
    """The session has ended, and the next logon with its id is left alone."""
    result = played(host(BOB.replace("ends=200", "ends=300 follows=dave"), STUBBORN), "logoff", "2", "/server:ts1", "/grace:0", "/wait:10")
    assert result.status == 0 and result.acts == ["logoff 2 wait=0", "terminate 5121 WINWORD.EXE"]
    assert "query 2 24" in result.after("gone 2")


@pytest.mark.parametrize("number", range(2, 13))
@pytest.mark.parametrize("left", [STUBBORN, ""])
@pytest.mark.parametrize("server", [True, False])
def test_the_id_is_anothers_in_between(played, number, left, server):
    """From some answer on it is another logon: that one is neither asked nor forced."""
    grace = ("/grace:0", "/wait:20") if left else ("/grace:0", "/wait:8")
    session, more = ("2", ("/server:ts1",)) if server else ("1", ())
    if left and not server:
        left = "process 1 1 bob sleeper.exe real=1"
    result = played(host(BOB.replace("ends=200", f"ends=-1 becomes={number}").replace(" 2 ", f" {session} ", 1), left), "logoff", session,
                    *more, *grace)
    calls = [call for _, call in result.calls]
    if "another logon" in calls:
        at = calls.index("another logon")
        assert not [call for call in calls[at:] if call.split()[0] in ("terminate", "reset", "ended")]
        # It can only be seen by a question about the session.
        told = next((i for i in range(at - 1, len(calls)) if calls[i].startswith(f"query {session}")), len(calls))
        assert not [call for call in calls[told:] if call.split()[0] == "logoff"]


@pytest.mark.parametrize("since", [-1, 0, 7200])
@pytest.mark.parametrize("program", [STUBBORN, ""])
def test_nobody_is_logged_on_any_more(played, since, program):
    """
    The session is there, and by its row nobody is logged on in it. That says nothing of the logon that was to end: what is left of it
    is left, and until the session is gone it has not ended.
    """
    result = played(host(BOB.replace("ends=200", f"ends=-1 blank=50 blank-since={since}"), EXPLORER, program), "logoff", "2", "/server:ts1",
                    "/grace:1", "/wait:3")
    assert result.status == 5 and result.all("blank"), result.out + result.err
    assert not program or "WINWORD.EXE" in result.out + result.err


def test_nobody_is_logged_on_for_a_moment(played):
    """The times of the other sessions still tell logons apart: what is left there is ended."""
    result = played(host(BOB.replace("ends=200", "ends=300 blank=50 blank-since=7200"), EXPLORER, CAROL[0],
                         "process 7000 3 carol stub.exe term=-1"), "logoff", "2", "3", "/server:ts1", "/grace:1", "/wait:6")
    assert result.status == 0 and "terminate 7000 stub.exe" in result.acts and result.is_proved(2) and result.is_proved(3)


@pytest.mark.parametrize("bob", ["logon=-1", "times=counting"])
@pytest.mark.parametrize("program", [STUBBORN, ""])
def test_an_unknown_logon_is_not_forced(played, bob, program):
    """It was asked, as it was named. Whether its id has the same logon after the grace cannot be told."""
    result = played(host(BOB.replace("ends=200", f"ends=-1 {bob}"), program), "logoff", "2", "/server:ts1", "/grace:0", "/wait:8")
    assert result.status == 5 and result.acts == ["logoff 2 wait=0"]
    assert "which logon it is cannot be told" in result.err, result.err


def test_lists_that_lack_a_session(played):
    """The host still knows it: it is there."""
    result = played(host(BOB.replace("ends=200", "ends=1500 lacks=3-8"), EXPLORER), "logoff", "2")
    assert result.status == 0 and result.is_proved(2) and result.acts == ["logoff 2 wait=0"]


def test_lists_that_lack_a_session_which_closes(played):
    """"Close pending" means that it is there."""
    result = played(host(BOB.replace("ends=200", "ends=1500 lacks=4-9999 query-closing=7007"), EXPLORER), "logoff", "2")
    assert result.status == 0 and result.is_proved(2) and result.acts == ["logoff 2 wait=0"]


def test_lists_that_lack_a_session_which_hides(played):
    """The list lacks it and the host may not be asked about it: nobody can tell."""
    result = played(host(BOB.replace("ends=200", "ends=-1 lacks=4-9999 query-closing=5"), EXPLORER), "logoff", "2", "/grace:1", "/wait:3")
    assert result.status == 5 and result.seconds < 3 + SLACK


@pytest.mark.parametrize("error", [1722, 2, 87, 7022])
def test_lists_fail_later(played, error):
    """What the host says of a list, it does not say of a session."""
    result = played(host(f"host list-error={error} list-from=4", BOB.replace("ends=200", "ends=-1"), EXPLORER), "logoff", "2", "/wait:3")
    assert result.status in (5, 6) and result.seconds < 3 + SLACK


@pytest.mark.parametrize("error", [2, 7022])
def test_lists_fail(played, error):
    """From the start: then nothing is known of any session."""
    for words in ("query", "session"), ("logoff", "2"), ("logoff", "/user:bob", "/ifany"):
        result = played(host(f"host list-error={error}", BOB, EXPLORER), *words)
        assert result.status == 6 and f"Win32 {error}" in result.err and not result.acts


@pytest.mark.parametrize("what", ["list", "programs"])
def test_an_answer_that_never_comes(played, what):
    """It is left behind at the deadline: unknown, never gone."""
    result = played(host(f"host {what}-hang=1 {what}-from=4", BOB.replace("ends=200", "ends=100"), EXPLORER), "logoff", "2", "/wait:3",
                    left=True)
    assert result.status in (5, 6) and result.seconds < 3 + SLACK
    assert result.all(what) and result.acts == ["logoff 2 wait=0"]


def test_a_log_off_that_never_returns(played):
    """The session is told to be left, and another one is not kept from its end."""
    result = played(host(BOB.replace("ends=200", "ends=-1 logoff-hang=1"), EXPLORER, *CAROL), "logoff", "2", "3", "/wait:3", left=True)
    assert result.status == 5 and result.seconds < 3 + SLACK
    assert "carol" not in result.err and result.when("gone 3") < 2000


def test_a_question_that_never_returns(played):
    """About one session: another one ends meanwhile."""
    result = played(host(BOB.replace("ends=200", "ends=-1 query-hang=1"), EXPLORER, *CAROL), "logoff", "/user:bob", "/user:carol", "/y",
                    "/wait:5", left=True)
    assert result.status != 0 and result.when("gone 3") and result.seconds < 30


def test_a_question_that_never_returns_about_the_only_one(played):
    """It is asked to end all the same, as it was named; that it is gone cannot be told."""
    result = played(host(BOB.replace("ends=200", "ends=200 query-hang=1"), EXPLORER), "logoff", "2", "/wait:3", left=True)
    assert result.status == 5 and result.acts == ["logoff 2 wait=0"] and result.seconds < 5 + 3 + SLACK


# ---- servers ----

def test_a_server_that_never_answers(played):
    """It is given up after half a minute."""
    result = played(OFFICE, "query", "session", "/server:never", left=True)
    assert result.status == 6 and "has not answered in time" in result.err and result.seconds < 30 + SLACK


@pytest.mark.parametrize("server, status", [("down1722", 6), ("down53", 6), ("down5", 3)])
def test_a_server_that_is_down(played, server, status):
    """Opening never fails: the first question's error is the answer."""
    for command in ("query", "session"), ("logoff", "2"):
        result = played(OFFICE, *command, f"/server:{server}")
        assert result.status == status and f"Win32 {server[4:]}" in result.err and result.out == ""


def test_a_server_is_opened_once(played):
    result = played(host(BOB, EXPLORER), "logoff", "2", "/server:ts1")
    assert result.status == 0 and result.all("open") == ["open ts1"]


def test_no_session_of_a_server_is_the_callers(played):
    result = played(OFFICE, "query", "session", "/server:ts1")
    assert result.status == 0 and ">" not in result.out


def test_a_port_cannot_be_chosen(played):
    assert played(OFFICE, "query", "session", "/server:ts1:1445").status == 6


def test_another_account(played, tmp_path):
    """Wine cannot log on as somebody else, so nothing is asked as oneself instead."""
    (tmp_path / "login").write_text("username = bob\npassword = secret\ndomain = EXAMPLE\n")
    (tmp_path / "login").chmod(0o600)
    result = played(OFFICE, "query", "session", "/server:ts1", f"/authfile:Z:{tmp_path}/login")
    assert result.status == 6 and "Win32 6" in result.err and result.out == "" and not result.all("list"), result.err


# ---- messages ----

def test_message(played):
    """Lengths are in bytes, and a title is never empty."""
    result = played(OFFICE, "msg", "bob", "/v", "Grüße 林")
    assert result.status == 0
    (message,) = result.all("message")
    assert message.startswith("message 2 wait=0 seconds=60") and "Grüße 林" in message
    assert "wrong length" not in message and "no title" not in message


def test_messages_wait_side_by_side(played):
    text = host(*(f"session {i} - 0 EXAMPLE user{i} after=1500 answer=1" for i in range(10, 20)))
    result = played(text, "msg", "*", "/w", "hello")
    assert result.status == 0 and len(result.all("message")) >= 10 and result.seconds < 1.5 + SLACK


@pytest.mark.parametrize("answer, word", [("answer=1", "ok"), ("answer=32000", "not-in-time"), ("answer=0", "not-in-time"),
                                          ("answer=32001", None), ("after=5000", "not-in-time")])
def test_answers(played, answer, word):
    """0 is what Server 2008 R2 says after the time."""
    result = played(host(f"session 2 - 0 EXAMPLE bob {answer}"), "msg", "bob", "/w", "/time:1", "/json", "hello")
    (message,) = json.loads(result.out)
    assert (message["result"], message["answer"]) == ("delivered", word)


def test_message_fails(played):
    result = played(OFFICE, "msg", "7", "hello")
    assert result.status != 0 and "Win32 5" in result.err


def wine_version():
    """The first number of "wine-10.0 (Debian ...)"."""
    loader = next(one for one in LOADERS if shutil.which(one))
    return int(re.search(r"wine-(\d+)", subprocess.run([loader, "--version"], capture_output=True, text=True).stdout)[1])


def test_message_that_never_returns(played):
    text = host(BOB.replace("ends=200", "message-hang=1"), *CAROL)
    process = played.start(text, "msg", "bob", "/w", "/time:1", "hello", env={})
    begin = time.monotonic()
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    result = played.finish(process, begin, timeout=20, left=True)
    assert result.err.endswith(": cancelled before it was known whether EXAMPLE\\bob got the message\n") and result.seconds < 3 + SLACK
    # Wine 10 loses the exit status of a program that is interrupted while a call of it hangs.
    assert result.status == 7 or wine_version() >= 10


def test_a_warning_that_never_returns(played):
    """It is waited for, for five seconds, and then left behind; another user is warned meanwhile."""
    result = played(host(BOB.replace("ends=200", "ends=200 message-hang=1"), EXPLORER, *CAROL), "logoff", "2", "3", "/warn:1", "/wait:3",
                    left=True)
    assert result.status == 0 and len(result.all("message")) == 3 and result.when("logoff") < 8000


def test_a_warning_is_cancelled(played):
    process = played.start(host(BOB.replace("ends=200", "ends=200 message-hang=1"), EXPLORER), "logoff", "2", "/warn:1")
    begin = time.monotonic()
    played.await_call("message hangs")
    cancelled = time.monotonic()
    process.send_signal(signal.SIGINT)
    result = played.finish(process, begin, left=True)
    assert result.status == 7 and not result.acts and time.monotonic() < cancelled + 5 + SLACK


def test_warning(played):
    """Whoever is warned is told of it by a message, and then asked."""
    result = played(host(BOB, EXPLORER), "logoff", "2", "/warn:2")
    assert result.status == 0 and result.all("message") and result.when("logoff") - result.when("message") >= 1900


# ---- cancelling, records ----

def test_ctrl_c(played):
    """While a session is waited for: it is followed to its end, or left at the second."""
    process = played.start(host(BOB.replace("ends=200", "ends=3000"), EXPLORER), "logoff", "2", "/v")
    begin = time.monotonic()
    played.await_call("logoff 2")
    process.send_signal(signal.SIGINT)
    result = played.finish(process, begin)
    assert result.status in (0, 7) and result.acts == ["logoff 2 wait=0"]
    assert result.status == 7 or result.when("gone 2")


def test_record(played):
    """Who, whose, why, result: in the Application log, as Wine's own trace shows it."""
    result = played(host(BOB, EXPLORER), "logoff", "2", "/reason:too\nlate", env={"WINEDEBUG": "-all,+eventlog"})
    assert result.status == 0
    for text in ("logoff of session 2 of bob by ", ": ended, reason: too", "LOGOFF_USER=bob", "LOGOFF_RESULT=ended", "LOGOFF_FORCED=no"):
        assert text in result.err, result.err


def test_a_record_inserts_nothing(played):
    """The event log replaces % and a number by a text of its own."""
    result = played(host(BOB, EXPLORER), "logoff", "2", "/reason:100%1 %%2 50%", env={"WINEDEBUG": "-all,+eventlog"})
    assert result.status == 0 and "reason: 100% 1 %% 2 50%" in result.err, result.err


def test_record_of_a_refusal(played):
    result = played(OFFICE, "logoff", "7", env={"WINEDEBUG": "-all,+eventlog"})
    assert "LOGOFF_RESULT=denied" in result.err and "LOGOFF_CAUSE=" in result.err


# ---- who is meant ----

def test_which_logon_it_is_is_known_before_the_question(played):
    """Whoever logs on with the id while somebody reads the question is not meant."""
    log = played.folder / "typescript"
    wine = played.wine
    (played.folder / "host").write_text(host(BOB, EXPLORER, *CAROL), encoding="utf-8")
    played.log.unlink(missing_ok=True)
    env = wine.env | {"WINEDLLOVERRIDES": "mscoree,mshtml=;wtsapi32,winsta=n", "LOGOFF_PLAYED_HOST": str(played.folder / "host"),
                      "LOGOFF_PLAYED_LOG": str(played.log), "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    command = f"{wine.loader} {played.folder}/logoff.exe /user:bob /user:carol"
    with subprocess.Popen(["script", "-qfec", command, str(log)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        begin = time.monotonic()
        while not log.exists() or b"(y/n)" not in log.read_bytes():
            assert time.monotonic() < begin + 30 and process.poll() is None
            time.sleep(0.1)
        time.sleep(1)
        calls = played.log.read_text(encoding="utf-8")
        process.stdin.write(b"n\r")
        process.stdin.flush()
        process.wait(30)
    assert "query 2 24" in calls and "query 3 24" in calls, calls


def test_groups_are_those_of_the_account_in_its_domain(played):
    """EXAMPLE\\root is not root of this machine, whom Wine knows as an administrator. Nobody is asked about who is of no domain."""
    user = getpass.getuser()
    text = host(f"session 2 - 0 EXAMPLE {user} ends=100", f"session 3 - 0 - {user} ends=100")
    result = played(text, "logoff", f"/user:{user}", "/y", "/exclude:group:Administrators", env={"WINEDEBUG": "-all,+netapi32"})
    asked = re.findall(r'NetUserGetLocalGroups \(\(null\), L"([^"]*)"', result.err)
    assert set(asked) == {f"EXAMPLE\\\\{user}"} and result.acts == [], result.err
    assert result.status != 0 and "1 session is left alone" in result.err


# ---- what every kind of host has to keep ----

@pytest.mark.parametrize("kind, more", [("wts", ()), ("//ts1", ("host programs-error=50",)), ("//ts1", ())])
def test_contract(played, programs, kind, more):
    """src/backend/test-contract.c. Of this machine no program can be ended here but real ones: there a session ends by itself."""
    program = programs.parent / "test-contract.exe"
    if not program.exists():
        pytest.skip("built without cmocka")
    shutil.copy(program, played.folder)
    text = host(*more, BOB, *PROGRAMS, EXPLORER, STUBBORN if kind != "wts" and not more else "", *CAROL)
    result = played(text, "test-contract", kind, "2", timeout=120)
    assert result.status == 0, result.out + result.err
    passed = re.search(r"PASSED  \] (\d+) test", result.err)
    assert passed and int(passed[1]) >= 12 and "FAILED" not in result.err, result.err
    assert not [call for call in result.acts if "terminate" in call and "WINWORD" not in call]


# ---- no played host ----

def test_wine_itself_is_no_host(wine, programs):
    """Its wtsapi32 has no sessions: that is said, with status 6."""
    for words in ("query", "session"), ("logoff", "2"), ("logoff", "2", "/server:ts1"), ("msg", "bob", "hello"):
        process = wine.start(programs / f"{words[0]}.exe", *words[1:])
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (6, b""), err
        assert b"cannot be reached" in err or b"cannot be looked up" in err
