# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shells make of "logoff ...", "rwinsta ...", "tsdiscon ...", "tskill ...", "msg ...", "query ...", "change ..." and the tabulator key.

bash and zsh are driven through a pseudo terminal, as a person does, because what they do with ":" and "=" in words is
decided by their line editors and not by the completion functions. fish can be asked. The sessions are those of a memory
host. The command is taken from $LOGOFF, else from build/. A shell that is not installed is skipped.
"""
import os
import pathlib
import pty
import select
import shlex
import shutil
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETIONS = ROOT / "completions"
COMMAND = pathlib.Path(os.environ.get("LOGOFF", ROOT / "build/src/cli/logoff")).resolve()

HOST = """\
# SPDX-License-Identifier: GPL-3.0-or-later
host
caller uid=0
user name=alice uid=1000
user name=bob uid=1001
user name=erin@example.org uid=1002
session id=12 user=alice tty=pts/3
process command=vi
session id=c3 user=bob rdp=10
process command=xterm
session id=14 user=bob console tty=tty1
session id=15 user=bob rdp=11 state=disconnected
session id=c4 user=alice display=:1
session id=16 user=erin@example.org
"""
HOSTS_FILE = """\
# SPDX-License-Identifier: GPL-3.0-or-later
login[01-02]  ssh
web.example   machine
[2001:db8::7]:445  tsts
@linux        login[01-02]
"""
HOSTS = {"login01", "login02", "web.example", "[2001:db8::7]:445", "@linux"}
IDS = {"12", "c3", "14", "15", "c4", "16"}
NAMES = {"pts/3", "rdp-tcp#10", "console", ":1"}
USERS = {"alice", "bob", "erin@example.org"}
SESSIONS = IDS | NAMES
COLUMNS = {"host", "name", "user", "id", "state", "protocol", "device", "idle", "logon", "current", "uid", "domain", "kind", "address",
           "client", "terminal", "display", "registered", "number"}
SLASH = {
    "logoff": {"/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/parallel:", "/timeout:", "/allowunreachable",
               "/user:", "/state:", "/kind:", "/idle:", "/older:", "/all", "/exclude:", "/keep:", "/ifany", "/drain", "/serial:", "/dryrun", "/y", "/warn:", "/message:",
               "/grace:", "/wait:", "/nodesktop", "/console", "/reason:", "/noaskpassword", "/json", "/json:lines", "/v", "/?", "/version"},
    "rwinsta": {"/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/parallel:", "/timeout:", "/allowunreachable",
                "/console", "/reason:", "/noaskpassword", "/json", "/json:lines", "/v", "/?", "/version"},
    "tsdiscon": {"/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/v", "/?", "/version"},
    "tskill": {"/id:", "/a", "/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/grace:", "/v", "/?", "/version"},
    "msg": {"/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/parallel:", "/timeout:", "/allowunreachable", "/time:", "/json", "/json:lines", "/v", "/w", "/?", "/version"},
    "query session": {"/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/parallel:", "/timeout:", "/allowunreachable", "/json", "/json:lines", "/watch", "/nolegend", "/sort:", "/columns:", "/?", "/version"},
    "query user": {"/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/parallel:", "/timeout:", "/allowunreachable", "/json", "/json:lines", "/watch", "/nolegend", "/sort:", "/columns:", "/?", "/version"},
    "query process": {"/id:", "/server:", "/logon:", "/authfile:", "/kerberos:", "/ccache:", "/nopass", "/encrypt", "/parallel:", "/timeout:", "/allowunreachable", "/json", "/json:lines", "/nolegend", "/sort:", "/columns:", "/?", "/version"},
    "query": {"/?", "/version"},
    "change logon": {"/query", "/enable", "/disable", "/drain", "/drainuntilrestart", "/server:", "/parallel:", "/timeout:", "/allowunreachable", "/json",
                     "/json:lines", "/?", "/version"},
    "change": {"/?", "/version"},
}
DASH = {
    "logoff": {"--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
               "--require-encryption", "--parallel=", "--timeout=", "--allow-unreachable", "--user=", "--state=", "--kind=", "--idle=", "--older=", "--all", "--exclude=", "--keep=", "--if-any", "--drain", "--serial=", "-n", "--dry-run", "-y", "--yes",
               "--warn=", "--message=", "--grace=", "--wait=", "--no-desktop", "--console", "--reason=", "--no-ask-password", "--json", "--json=lines", "-v",
               "--verbose", "-h", "--help", "--version"},
    "rwinsta": {"--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
                "--require-encryption", "--parallel=", "--timeout=", "--allow-unreachable", "--console", "--reason=", "--no-ask-password", "--json",
                "--json=lines", "-v", "--verbose", "-h", "--help", "--version"},
    "tsdiscon": {"--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
                 "--require-encryption", "-v", "--verbose", "-h", "--help", "--version"},
    "tskill": {"--id=", "-a", "--all", "--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
               "--require-encryption", "--grace=", "-v", "--verbose", "-h", "--help", "--version"},
    "msg": {"--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
            "--require-encryption", "--parallel=", "--timeout=", "--allow-unreachable", "--time=", "--json", "--json=lines", "-v", "--verbose", "-w", "--wait", "-h", "--help", "--version"},
    "query session": {"--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
                      "--require-encryption", "--parallel=", "--timeout=", "--allow-unreachable", "--json", "--json=lines", "--watch", "--no-legend", "--sort=", "--columns=", "-h", "--help", "--version"},
    "query user": {"--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
                   "--require-encryption", "--parallel=", "--timeout=", "--allow-unreachable", "--json", "--json=lines", "--watch", "--no-legend", "--sort=", "--columns=", "-h", "--help", "--version"},
    "query process": {"--id=", "--server=", "-U", "--logon=", "-A", "--authentication-file=", "--use-kerberos=", "--use-krb5-ccache=", "-N", "--no-pass",
                      "--require-encryption", "--parallel=", "--timeout=", "--allow-unreachable", "--json", "--json=lines", "--no-legend", "--sort=", "--columns=", "-h", "--help", "--version"},
    "query": {"-h", "--help", "--version"},
    "change logon": {"--query", "--enable", "--disable", "--drain", "--drain-until-restart", "--server=", "--parallel=", "--timeout=", "--allow-unreachable",
                     "--json", "--json=lines", "-h", "--help", "--version"},
    "change": {"-h", "--help", "--version"},
}
OTHER_NAMES = {"qwinsta": "query session", "quser": "query user", "qprocess": "query process", "chglogon": "change logon"}
MACHINE = os.uname().nodename


class Shell:
    """An interactive shell on a terminal of its own; it writes its edited line to a file when asked."""

    def __init__(self, command, folder, environment):
        self.folder = folder
        self.told = folder / "told"
        self.fd = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)

    def read(self, seconds=0.02):
        """Takes what the shell prints, lest it waits for us."""
        while select.select([self.fd], [], [], seconds)[0]:
            if not os.read(self.fd, 65536):
                return

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, is_done, seconds=60):
        end = time.monotonic() + seconds
        while not is_done():
            assert time.monotonic() < end, f"the shell did not answer in {seconds} s"
            self.read()

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Bash(Shell):
    """readline itself says what it makes of a line: C-x d writes the line out, M-* inserts all completions."""

    name = "bash"

    def __init__(self, folder, environment, wordbreaks=None):
        setup = folder / "rc"
        setup.write_text(
            f"source '{COMPLETIONS}/logoff'\n"
            + (f"COMP_WORDBREAKS='{wordbreaks}'\n" if wordbreaks else "")
            + f"PS1='ready> '\nbind 'set bell-style none'\ntell() {{ printf '%s' \"$READLINE_LINE\" >'{folder}/new'; mv '{folder}/new' '{folder}/told'; }}\n"
            + "bind -x '\"\\C-xd\": tell'\n"
        )
        super().__init__(["bash", "--noprofile", "--rcfile", str(setup), "-i"], folder, environment)

    def line_after(self, keys):
        self.told.unlink(missing_ok=True)
        self.type("\x05\x15" + keys + "\x18d")
        self.wait_for(self.told.exists)
        return self.told.read_text()

    def complete(self, line):
        return self.line_after(line + "\t")

    def candidates(self, line):
        # M-* replaces the word (as bash sees it) by all completions of it.
        start = line[: len(line) - len(line.split(" ")[-1])]
        return set(self.line_after(line + "\x1b*")[len(start) :].replace("\\", "").split())


class Zsh(Shell):
    """Every redrawn line is written out; with menu_complete each tabulator shows the next completion in the line."""

    name = "zsh"

    def __init__(self, folder, environment, wordbreaks=None):
        self.lines = folder / "lines"
        self.lines.touch()
        (folder / ".zshrc").write_text(
            f"fpath=('{COMPLETIONS}' $fpath)\nautoload -U compinit\ncompinit -u -d '{folder}/dump'\nPS1='ready> '\n"
            "unsetopt beep\nsetopt menu_complete\nbindkey -e\n"
            f"zle-line-pre-redraw() {{ print -r -- \"$BUFFER\" >>'{self.lines}' }}\nzle -N zle-line-pre-redraw\n"
            f"tell() {{ print -rn -- \"$BUFFER\" >'{folder}/new'; mv '{folder}/new' '{folder}/told' }}\nzle -N tell\n"
            "bindkey '^Xd' tell\n"
        )
        super().__init__(["zsh", "-i"], folder, {**environment, "ZDOTDIR": str(folder)})

    def line_after(self, keys):
        self.told.unlink(missing_ok=True)
        self.type("\x15" + keys + "\x18d")
        self.wait_for(self.told.exists)
        return self.told.read_text()

    def complete(self, line):
        return self.line_after(line + "\t").replace("\\", "")

    def candidates(self, line):
        self.line_after("")
        self.lines.write_text("")
        self.line_after(line + 60 * "\t")
        start = line[: len(line) - len(line.split(" ")[-1])]
        seen = {one.replace("\\", "") for one in self.lines.read_text().splitlines()}
        return {one[len(start) :].strip() for one in seen if one.startswith(start) and len(one) > len(line)}


class Fish:
    """fish prints the completions of a line on request."""

    name = "fish"

    def __init__(self, folder, environment, wordbreaks=None):
        self.environment = {**environment, "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        self.folder = folder

    def candidates(self, line):
        quoted = line.replace("\\", "\\\\").replace("'", "\\'")
        script = f"source '{COMPLETIONS}/logoff.fish'; complete --do-complete '{quoted}'"
        out = subprocess.run(["fish", "--no-config", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60)
        assert out.stderr == ""
        return {one.split("\t")[0] for one in out.stdout.splitlines()}

    def complete(self, line):
        word = line.split(" ")[-1]
        found = self.candidates(line)   # fish 4 tells of words with these letters anywhere as well, and prefers those that begin so
        found = {one for one in found if one.startswith(word)} or found
        common = os.path.commonprefix(sorted(found)) if found else word
        space = " " if len(found) == 1 and common[-1] not in "/=@:.,-" else ""
        return line[: len(line) - len(word)] + common + space

    def close(self):
        pass


@pytest.fixture(scope="module", params=[Bash, Zsh, Fish], ids=lambda kind: kind.name)
def shell(request, tmp_path_factory):
    yield from start(request.param, tmp_path_factory)


def start(kind, tmp_path_factory, wordbreaks=None, host=HOST):
    if not shutil.which(kind.name):
        pytest.skip(f"{kind.name} is not installed")
    assert COMMAND.exists(), f"{COMMAND} is not built; set LOGOFF"
    folder = tmp_path_factory.mktemp(kind.name)
    (folder / "host").write_text(host)
    (folder / "hosts").write_text(HOSTS_FILE)
    (folder / "bin").mkdir()
    for name in ("logoff", "rwinsta", "tsdiscon", "tskill", "msg", "query", "change", *OTHER_NAMES):
        program = OTHER_NAMES.get(name, name).split()[0]
        (folder / "bin" / name).symlink_to(COMMAND.parent / program)
    (folder / "lists").mkdir()
    (folder / "lists/people").touch()
    environment = {
        "PATH": f"{folder}/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "LOGOFF_HOST": f"memory:{folder}/host",
        "LOGOFF_HOSTS_FILE": f"{folder}/hosts",
        "LOGOFF_USER_PROGRAM": str(COMMAND.parent.parent / "user/logoff-user"),
    }
    one = kind(folder, environment, wordbreaks)
    yield one
    one.close()


def test_all_sessions(shell):
    assert shell.candidates("logoff ") == SESSIONS


def test_all_sessions_after_an_option(shell):
    assert shell.candidates("logoff /v /grace:5 ") == SESSIONS
    assert shell.candidates("logoff --wait=5 12 ") == SESSIONS


@pytest.mark.parametrize("command", [*SLASH, *OTHER_NAMES])
def test_options_in_both_styles(shell, command):
    kind = OTHER_NAMES.get(command, command)
    assert shell.candidates(command + " /") == SLASH[kind]
    dash = shell.candidates(command + " -")
    if shell.name == "fish":  # fish adds "=" by itself
        assert dash == {one.removesuffix("lines") if "=lines" in one else one.rstrip("=") for one in DASH[kind]}
    else:
        assert dash == DASH[kind]


@pytest.mark.parametrize(
    "line, wanted",
    [
        ("msg ", SESSIONS | USERS | {"*"}),
        ("msg /v /time:5 ", SESSIONS | USERS | {"*"}),
        ("query ", {"session", "user", "process"}),
        ("query session ", SESSIONS | USERS),
        ("change ", {"logon"}),
        ("qwinsta ", SESSIONS | USERS),
        ("quser /json ", SESSIONS | USERS),
        ("query process ", NAMES | USERS | {"*"}),
        ("qprocess /id ", IDS),
        ("tskill /id:12 ", {"vi", "xterm"}),
        ("tskill /id ", IDS),
        ("logoff /user ", USERS),
        ("logoff /state ", {"active", "disc", "closing"}),
        ("logoff /kerberos ", {"required", "desired", "off"}),
        ("quser --use-kerberos ", {"required", "desired", "off"}),
        ("quser /columns ", COLUMNS),
        ("query session --sort ", COLUMNS | {"-" + one for one in COLUMNS}),
        ("qprocess --columns ", {"name", "user", "id", "pid", "command", "uid", "host", "current"}),
    ],
)
def test_what_there_is(shell, line, wanted):
    assert shell.candidates(line) == wanted


@pytest.mark.parametrize(
    "line, completed",
    [
        ("msg al", "msg alice "),
        ("msg RDP", "msg rdp-tcp#10 "),
        ("msg alice hi", "msg alice hi"),
        ("msg alice co", "msg alice co"),
        ("msg alice ", "msg alice "),
        ("query SESS", "query session "),
        ("change l", "change logon "),
        ("change logon /drainu", "change logon /drainuntilrestart "),
        ("chglogon --en", "chglogon --enable "),
        ("query session con", "query session console "),
        ("query USER al", "query USER alice "),
        ("quser al", "quser alice "),
        ("quser er", "quser erin@example.org "),
        ("quser erin@e", "quser erin@example.org "),
        ("qprocess --id=c3", "qprocess --id=c3 "),
        ("tskill v", "tskill vi "),
        ("logoff /user:al", "logoff /user:alice "),
        ("logoff --user=alice,b", "logoff --user=alice,bob "),
        ("logoff /state:d", "logoff /state:disc "),
        ("logoff /exclude:group:roo", "logoff /exclude:group:root "),
        ("logoff /exclude:con", "logoff /exclude:console "),
        ("query session /columns:id,addr", "query session /columns:id,address "),
        ("query session --sort=-id", "query session --sort=-id"),
        ("logoff @lists/pe", "logoff @lists/people "),
        ("logoff -A lists/pe", "logoff -A lists/people "),
        ("quser /authfile:lists/pe", "quser /authfile:lists/people "),
        ("msg --authentication-file=lists/pe", "msg --authentication-file=lists/people "),
        ("qwinsta -U al", "qwinsta -U al"),
        ("qwinsta /kerberos:re", "qwinsta /kerberos:required "),
        ("msg @lists/pe", "msg @lists/people "),
        ("query user --json=l", "query user --json=lines "),
        ("logoff /json:l", "logoff /json:lines "),
        ("msg /json:", "msg /json:lines "),
    ],
)
def test_one_completion_of_each_command(shell, line, completed):
    if "SESS" in line and shell.name == "fish":
        pytest.skip("fish does not complete in another case before a space")
    assert shell.complete(line) == completed


@pytest.mark.parametrize(
    "typed, completed",
    [
        ("pt", "pts/3 "),
        ("rdp", "rdp-tcp#10 "),
        ("rdp-tcp#", "rdp-tcp#10 "),
        ("con", "console "),
        (":", ":1 "),
        ("15", "15 "),
        ("/gr", "/grace:"),
        ("/GR", "/grace:"),
        ("/serv", "/server:"),
        ("/noa", "/noaskpassword "),
        ("/server:loc", "/server:localhost "),
        ("--verb", "--verbose "),
        ("--server=loc", "--server=localhost "),
        ("/server loc", "/server localhost "),
        ("99", "99"),
    ],
)
def test_one_completion(shell, typed, completed):
    assert shell.complete("logoff " + typed) == "logoff " + completed


def test_sessions_without_regard_to_case(shell):
    if shell.name == "fish":
        assert shell.candidates("logoff RDP") == {"rdp-tcp#10"}
    else:
        assert shell.complete("logoff RDP") == "logoff rdp-tcp#10 "


@pytest.mark.parametrize("words", ["/server:ts1", "/SERVER ts1", "--server=ts1", "--server ts1"])
def test_the_sessions_of_this_machine_are_not_those_of_a_server(shell, words):
    assert shell.complete(f"logoff {words} 1") == f"logoff {words} 1"
    assert shell.complete(f"query user {words} al") == f"query user {words} al"
    assert shell.candidates(f"logoff {words} /") == SLASH["logoff"]


def test_hosts_of_the_hosts_file(shell):
    here = {"localhost", MACHINE}
    assert shell.candidates("logoff /server ") == here | HOSTS
    left_out = {one.rpartition(",")[2] for one in shell.candidates("logoff /server:@linux,-")}
    assert left_out - {""} == {"-" + one for one in here | HOSTS}


@pytest.mark.parametrize(
    "typed, completed",
    [
        ("logoff /server:@l", "logoff /server:@linux "),
        ("quser --server=we", "quser --server=web.example "),
        ("msg /server:web.example,login02,@l", "msg /server:web.example,login02,@linux "),
        ("qwinsta /server:@linux,-login01,-we", "qwinsta /server:@linux,-login01,-web.example "),
        ("change logon /query /server:@l", "change logon /query /server:@linux "), ("chglogon --server=web", "chglogon --server=web.example "),
        ("logoff --server=@linux,-w", "logoff --server=@linux,-web.example "),
        ("logoff /server @linux,we", "logoff /server @linux,web.example "),
    ],
)
def test_one_host_of_the_hosts_file(shell, typed, completed):
    assert shell.complete(typed) == completed


def test_no_hosts_where_the_hosts_file_is_wrong(tmp_path_factory):
    for kind in (Bash, Zsh, Fish):
        if not shutil.which(kind.name):
            continue
        for one in start(kind, tmp_path_factory):
            (one.folder / "hosts").write_text("login01\n")
            assert one.complete("logoff /server:web") == "logoff /server:web"
            assert one.complete("logoff /server:loc") == "logoff /server:localhost "


def test_seconds_are_left_to_the_user(shell):
    for typed in ("/grace:", "/wait:", "/parallel:", "--timeout=", "--grace=", "--wait=", "/grace ", "--wait ", "/warn:", "/idle ", "--older="):
        assert shell.complete("logoff " + typed) == "logoff " + typed
        assert shell.complete("logoff " + typed + "1") == "logoff " + typed + "1"


def test_bash_with_colons_in_words(tmp_path_factory):
    """Some people take ":" and "=" out of COMP_WORDBREAKS."""
    for one in start(Bash, tmp_path_factory, wordbreaks=" \t\n"):
        assert one.complete("logoff /server:loc") == "logoff /server:localhost "
        assert one.complete("logoff --server=loc") == "logoff --server=localhost "
        assert one.complete("logoff :") == "logoff :1 "
        assert one.complete("msg @lists/pe") == "msg @lists/people "


def test_no_answer_where_there_is_no_host(tmp_path_factory):
    for kind in (Bash, Zsh, Fish):
        if not shutil.which(kind.name):
            continue
        for one in start(kind, tmp_path_factory):
            pathlib.Path(one.environment["LOGOFF_HOST"][7:] if kind is Fish else one.told.parent / "host").unlink()
            assert one.complete("logoff ") == "logoff "
            assert one.complete("logoff /gr") == "logoff /grace:"


def test_installed_names_are_what_the_shells_look_for():
    names = " ".join(["logoff", "rwinsta", "tsdiscon", "tskill", "msg", "query", "change", *OTHER_NAMES])
    assert (COMPLETIONS / "logoff").read_text().rstrip().endswith(f"complete -F _logoff {names}")
    assert (COMPLETIONS / "_logoff").read_text().startswith(f"#compdef {names}\n")
    assert f"set --global __logoff_commands {names}\n" in (COMPLETIONS / "logoff.fish").read_text()


AWKWARD = """\
# SPDX-License-Identifier: GPL-3.0-or-later
caller uid=0
user name="EXAMPLE\\\\carl" uid=1000
user name="m$HOME" uid=1001
user name="o'neil" uid=1002
user name="say\\\"so" uid=1003
user name="a:b=c" uid=1004
user name="fr ed" uid=1005
user name="st*r" uid=1006
user name="x$(touch pwned)y" uid=1008
user name="z`touch pwned`]=;touch pwned;" uid=1009
user name="li\\e[31mar" uid=1007
session id=1 user="EXAMPLE\\\\carl" tty="web console"
session id=2 user="m$HOME"
session id=3 user="o'neil"
session id=4 user="say\\\"so"
session id=5 user="a:b=c"
session id=6 user="fr ed"
session id=7 user="st*r"
session id=9 user="x$(touch pwned)y" tty="$(touch pwned)"
session id=10 user="z`touch pwned`]=;touch pwned;"
session id=8 user="li\\e[31mar"
"""


@pytest.fixture(scope="module", params=[Bash, Zsh, Fish], ids=lambda kind: kind.name)
def awkward(request, tmp_path_factory):
    yield from start(request.param, tmp_path_factory, host=AWKWARD)


def words_of(shell, line):
    """The arguments that the command gets once the last one has been completed."""
    if shell.name == "fish":
        found = shell.candidates(line)
        assert len(found) == 1, found
        return [*shlex.split(line)[:-1], found.pop()]
    arguments = shell.line_after(line + "\t").partition(" ")[2]
    got = subprocess.run([shell.name, "-c", "printf '%s\\0' " + arguments], capture_output=True, text=True, timeout=60)
    return got.stdout.split("\0")[:-1]


@pytest.mark.parametrize(
    "line, last",
    [
        ("quser EXA", "EXAMPLE\\carl"),
        ("quser EXAMPLE\\\\c", "EXAMPLE\\carl"),
        ("quser m", "m$HOME"),
        ("quser m\\$H", "m$HOME"),
        ("quser o", "o'neil"),
        ("quser o\\'n", "o'neil"),
        ("quser sa", 'say"so'),
        ("quser a", "a:b=c"),
        ("quser a:b=", "a:b=c"),
        ("quser fr", "fr ed"),
        ("quser fr\\ e", "fr ed"),
        ("quser st", "st*r"),
        ("quser web", "web console"),
        ("logoff web\\ c", "web console"),
        ("logoff /v web\\ ", "web console"),
        ("logoff /user:EXA", "/user:EXAMPLE\\carl"),
        ("logoff /user:EXAMPLE\\\\", "/user:EXAMPLE\\carl"),
        ("logoff --user=fr\\ ", "--user=fr ed"),
        ("logoff --user=m", "--user=m$HOME"),
        ("logoff /user:EXAMPLE\\\\carl,o", "/user:EXAMPLE\\carl,o'neil"),
        ("logoff /exclude:100%,we", "/exclude:100%,web console"),
        ("logoff /user EXA", "EXAMPLE\\carl"),
    ],
)
def test_awkward_names_are_quoted(awkward, line, last):
    assert words_of(awkward, line)[-1] == last


@pytest.mark.parametrize(
    "line, last",
    [("quser 'EXA", "EXAMPLE\\carl"), ('quser "EXA', "EXAMPLE\\carl"), ("quser 'm", "m$HOME"), ('quser "m', "m$HOME"), ('quser "o', "o'neil"),
     ("logoff 'web", "web console"), ('logoff "web c', "web console"), ("logoff /user:'fr e", "/user:fr ed")],
)
def test_awkward_names_after_an_open_quote(awkward, line, last):
    if awkward.name == "fish":
        assert awkward.candidates(line) == {last}
    else:
        assert words_of(awkward, line)[-1] == last


def test_names_that_nobody_can_type_are_not_offered(awkward):
    assert not any("31m" in one for one in awkward.candidates("quser "))


@pytest.mark.parametrize("line", ["quser x", "quser z", "quser $", "logoff /user:x", "logoff --user=a,z", "quser 'x", 'quser "z', "quser "])
def test_names_are_not_run(awkward, line, tmp_path):
    if awkward.name == "fish":
        awkward.candidates(line)
        folder = awkward.folder
    else:
        completed = awkward.line_after(line + ("\t" if line[-1] != " " else "\t\t\t"))
        folder = awkward.told.parent
        if line[-1] != " ":
            subprocess.run([awkward.name, "-c", "printf '%s' " + completed.partition(" ")[2]], cwd=tmp_path, capture_output=True, timeout=20)
    assert not (folder / "pwned").exists() and not (tmp_path / "pwned").exists()


def test_everybody_is_no_pattern_of_files(awkward):
    """A star that is completed means everybody, not the files here."""
    if awkward.name == "bash":  # the others quote by themselves
        assert "\\*" in awkward.line_after("msg \x1b*").split()
