# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs on Windows: the options of the help, dates, consoles, lists that Notepad has written, and what a program is made of."""

import fcntl
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pytest

HERE = pathlib.Path(__file__).parent
CLI = HERE.parent / "cli"
OFFICE = {"LC_CTYPE": "C.UTF-8", "LC_MESSAGES": "C", "LC_TIME": "C", "LOGOFF_HOST": "memory:hosts/office", "TZ": "UTC"}
PROGRAMS = ("logoff", "query", "msg", "qwinsta", "quser", "qprocess")


def run(wine, program, *words, env, stdin=b""):
    """The status, and what was printed on both channels."""
    process = wine.start(program, *words, cwd=CLI, env=env)
    out, err = process.communicate(stdin, timeout=60)
    return process.returncode, out.replace(b"\r\n", b"\n").decode(), err.replace(b"\r\n", b"\n").decode()


@pytest.mark.parametrize("option", ["/kerberos:off", "--use-kerberos=off", "/ccache:FILE:x", "/encrypt"])
def test_no_options_of_kerberos(option, wine, programs):
    status, out, err = run(wine, programs / "query.exe", "session", option, env=OFFICE)
    assert (status, out) == (1, "")
    assert err.startswith("query: there is no option /" if option.startswith("/") else "query: there is no option --")


@pytest.mark.parametrize("words", [("logoff",), ("msg",), ("query", "session"), ("query", "process")])
def test_help_has_the_options_that_there_are(words, wine, programs):
    status, out, err = run(wine, programs / f"{words[0]}.exe", *words[1:], "/?", env=OFFICE)
    assert (status, err) == (0, "")
    assert "/LOGON:name" in out and "/nopass, -N, --no-pass" in out
    assert not re.search("kerberos|ccache|encrypt", out, re.I)


def test_a_star_in_quotes_of_a_shell(wine, programs):
    """The help says '*', for a shell of Linux; that of Windows leaves the quotes."""
    plain, quoted = (run(wine, programs / "query.exe", "process", word, env=OFFICE) for word in ("*", "'*'"))
    assert plain == quoted and plain[0] == 0 and plain[1], (plain, quoted)


@pytest.mark.parametrize("locale, time", [("en_US.UTF-8", "3/14/2025 9:00 AM"), ("zh_TW.UTF-8", "2025/3/14 上午9:00"),
                                          ("C.UTF-8", "2025-03-14 09:00")])
def test_times_have_the_form_of_windows(locale, time, wine, programs):
    env = {"LC_ALL": locale, "LOGOFF_HOST": "memory:hosts/compute", "TZ": "UTC"}
    status, out, err = run(wine, programs / "quser.exe", "dora", env=env)
    assert (status, err) == (0, "")
    assert out.rstrip("\n").endswith(time)


@pytest.mark.parametrize("mode, status, cause", [
    (0o644, 1, "is open to others; only you, administrators and the system may have access to it"), (0o600, 6, "cannot be reached")])
def test_rights_of_the_file_with_a_password(mode, status, cause, wine, programs, tmp_path):
    """Wine makes a list of rights from the mode."""
    path = tmp_path / "secret"
    path.write_text("username = bob\npassword = secret\n")
    path.chmod(mode)
    got, out, err = run(wine, programs / "query.exe", "session", "/server:nowhere.invalid", f"/authfile:{path}", env=OFFICE)
    assert (got, out) == (status, "")
    assert cause in err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_lists_of_notepad(encoding, wine, programs, tmp_path):
    mark = b"" if encoding == "utf-8-sig" else "\ufeff".encode(encoding)
    (tmp_path / "list.txt").write_bytes(mark + "5\r\nbob # 林小美\r\n".encode(encoding))
    status, out, err = run(wine, programs / "logoff.exe", f"@{tmp_path}/list.txt", "/dryrun", env=OFFICE)
    assert (status, err) == (0, "")
    assert "Session 5 (pts/3) of alice, active: would be logged off.\n" in out and " of bob" in out


def test_only_dlls_of_windows_are_needed(programs):
    for name in PROGRAMS:
        listed = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", programs / f"{name}.exe"], capture_output=True, text=True, check=True)
        assert set(re.findall("DLL Name: (.*)", listed.stdout)) <= {"KERNEL32.dll", "ADVAPI32.dll", "msvcrt.dll", "WTSAPI32.dll"}


def test_programs_are_small(programs, tmp_path):
    for name in PROGRAMS:
        subprocess.run(["x86_64-w64-mingw32-strip", "-o", tmp_path / name, programs / f"{name}.exe"], check=True)
        assert (tmp_path / name).stat().st_size <= 350 * 1024


# ---- consoles ----

class Console:
    """A program on a console, which Wine makes out of a terminal of Unix. Its standard output may be something else."""

    def __init__(self, wine, program, *words, env, stdout=None):
        self.fd, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
        self.process = subprocess.Popen(
            [wine.loader, str(program), *words], cwd=CLI, env=wine.env | env | {"TERM": "xterm"}, stdin=terminal,
            stdout=stdout or terminal, stderr=terminal, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(terminal)
        self.text = b""

    def read(self, until=None, timeout=15):
        """Reads what is shown, to the end or until a text has come. Escapes, by which Wine moves the cursor, are left out."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and not (until and until in self.shown()):
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                more = os.read(self.fd, 4096)
            except OSError:  # the terminal is closed at the other end
                break
            self.text += more
            if not more:
                break
        return self.shown()

    def shown(self):
        text = self.text.decode("utf-8", "replace")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07", " ", text)

    def write(self, text, reads=True):
        """Types TEXT, if the program READS once Wine does: before, the terminal would turn the Enter key into another."""
        end = time.monotonic() + (10 if reads else 0)
        while time.monotonic() < end and termios.tcgetattr(self.fd)[3] & termios.ICANON:
            time.sleep(0.05)
        os.write(self.fd, text.encode())

    def end(self):
        status = self.process.wait(timeout=30)
        os.close(self.fd)
        return status


@pytest.fixture
def console(wine):
    """Starts a program on a console; ends it if the test does not."""
    consoles = []

    def start(program, *words, **options):
        consoles.append(Console(wine, program, *words, **options))
        return consoles[-1]

    yield start
    for one in consoles:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.mark.parametrize("answer, status, end", [
    ("y\r", 0, "Session c8: logged off."), ("n\r", 7, "nothing was done"), ("\r", 7, "nothing was done"), ("\x03", 7, "nothing was done")])
def test_question(answer, status, end, console, programs):
    one = console(programs / "logoff.exe", "/user:bob", env=OFFICE)
    one.read(until="(y/n)")
    one.write(answer)
    assert end in one.read(until=end)
    assert one.end() == status


def test_countdown_is_cancelled(console, programs):
    env = OFFICE | {"LOGOFF_HOST": "memory:hosts/realtime"}
    one = console(programs / "logoff.exe", "5", "/warn:60", env=env)
    one.read(until="Ctrl-C cancels")
    one.write("\x03", reads=False)
    shown = one.read(until="cancelled")
    assert one.end() == 7, shown


def test_password_is_not_shown(console, programs):
    one = console(programs / "query.exe", "session", "/server:nowhere.invalid", "/logon:bob", env=OFFICE)
    one.read(until="Password for bob:")
    one.write("secret!\r")
    shown = one.read()
    assert "secret" not in shown and "nowhere.invalid" in shown
    assert one.end() in (6, 8)


def test_question_for_the_password_is_cancelled(console, programs):
    one = console(programs / "query.exe", "session", "/server:nowhere.invalid", "/logon:bob", env=OFFICE)
    one.read(until="Password for bob:")
    one.write("\x03")
    assert "nothing was done" in one.read(until="nothing was done")
    assert one.end() == 7


def test_chinese_on_a_console(console, programs):
    one = console(programs / "logoff.exe", "5", "/v", env=OFFICE | {"LC_MESSAGES": "zh_TW"})
    shown = one.read(until="已刪除")
    assert "工作階段 5" in shown.replace(" ", "").replace("工作階段5", "工作階段 5") and "已刪除" in shown
    assert one.end() == 0


@pytest.mark.parametrize("locale, charset, name, shown", [
    ("zh_TW.UTF-8", "cp950", "林小美", "林小美"),
    ("en_US.UTF-8", "cp437", "é林x", "é?x"),
    ("en_US.UTF-8", "cp437", "a←[2J•b", "a?[2J?b"),  # their bytes in this code page are ESC and BEL
])
def test_a_pipe_has_the_code_page_of_the_console(locale, charset, name, shown, console, programs, tmp_path):
    (tmp_path / "host").write_text(f"caller uid=0\nuser name=\"{name}\" uid=1\nsession id=5 user=\"{name}\" tty=pts/3\n")
    env = {"LC_ALL": locale, "LC_MESSAGES": "C", "LOGOFF_HOST": f"memory:{tmp_path}/host"}
    one = console(programs / "query.exe", "session", "/columns:user", "/nolegend", env=env, stdout=subprocess.PIPE)
    out, _ = one.process.communicate(timeout=30)
    assert out.decode(charset).strip() == shown
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f]", out)
    assert one.end() == 0


def test_message_typed_on_a_console(console, programs):
    """Its end, Ctrl-Z, is nothing that Wine lets one type."""
    one = console(programs / "msg.exe", "alice", "/v", env=OFFICE)
    one.read(until="Ctrl-Z and Enter")
    one.write("hello\r")
    one.read(until="hello")
    one.write("\x03")
    assert "nothing was done" in one.read(until="nothing was done")
    assert one.end() == 7
