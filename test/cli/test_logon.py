# SPDX-License-Identifier: GPL-3.0-or-later
"""The account for a server: the password typed on a terminal, and the file that holds it; over windows.c."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time

import pytest

ECHO = "/server:echo"


def environment(windows):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "LOGOFF_TSTS": windows, "LOGOFF_HOST": "memory:/nonexistent"}
    env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LOGOFF_USER_PROGRAM") if name in os.environ})
    return env


class Terminal:
    """A command with a terminal of its own; the test holds the other end."""

    def __init__(self, command, windows, **options):
        self.fd, self.far = pty.openpty()
        self.process = subprocess.Popen(
            command, env=environment(windows), stdin=self.far, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        os.close(self.fd)
        os.close(self.far)

    def echoes(self):
        return bool(termios.tcgetattr(self.far)[3] & termios.ECHO)

    def wait_for(self, text, times=1):
        deadline = time.monotonic() + 30
        while self.text.count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} has not come: {self.text!r}, {os.read(self.process.stdout.fileno(), 999)}"
            if select.select([self.fd], [], [], 1)[0]:
                self.text += os.read(self.fd, 4096).decode()

    def type(self, text):
        os.write(self.fd, text)

    def end(self):
        """The output of the command, and its exit status; the terminal must be as before."""
        out = self.process.communicate(timeout=60)[0].decode()
        while select.select([self.fd], [], [], 0)[0]:
            self.text += os.read(self.fd, 4096).decode()
        assert self.echoes(), "the terminal was left without its echo"
        return out, self.process.returncode


def command(binary, *arguments, name="query"):
    words = [str(binary.parent / name)]
    return words + (["session"] if name == "query" else []) + list(arguments)


@pytest.mark.parametrize("arguments,prompt,told", [
    (["-U", "EXAMPLE\\bob"], "Password for EXAMPLE\\bob: ", "user=bob domain=EXAMPLE password=6"),
    (["-Ubob@EXAMPLE.COM"], "Password for bob@EXAMPLE.COM: ", "user=bob@EXAMPLE.COM domain= password=6"),
    (["--logon=bob", "--use-kerberos=off"], "Password for bob: ", "user=bob domain= password=6 ccache= kerberos=2"),
    (["-U", "b\x1b[2Jb"], "Password for b\\x1b[2Jb: ", "password=6"),
])
def test_a_password_is_asked_for_and_not_shown(binary, windows, arguments, prompt, told):
    with Terminal(command(binary, ECHO, *arguments), windows) as terminal:
        terminal.wait_for(prompt)
        assert not terminal.echoes()
        terminal.type(b"secret\n")
        out, status = terminal.end()
    assert told in out and status == 6
    assert "secret" not in terminal.text + out


def test_standard_input_is_left_alone(binary, windows, tmp_path):
    """The text of a message may come from standard input."""
    (tmp_path / "text").write_text("hello\n")
    with Terminal(["sh", "-c", f'exec "$0" bob {ECHO} -U bob <{tmp_path}/text', str(binary.parent / "msg")], windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.type(b"secret\n")
        out, status = terminal.end()
    assert "password=6" in out and status == 6


def test_what_was_typed_before_is_no_password(binary, windows):
    with Terminal(["sh", "-c", f'read line; exec "$0" session {ECHO} -U bob', str(binary.parent / "query")], windows) as terminal:
        terminal.type(b"line\ntoo early\n")
        terminal.wait_for("Password for bob: ")
        terminal.type(b"right\n")
        out, _ = terminal.end()
    assert "password=5" in out


def test_a_ticket_that_is_refused_leads_to_the_password(binary, windows):
    with Terminal(command(binary, "/server:tickets", "2"), windows) as terminal:
        terminal.wait_for("Password for ")
        terminal.type(b"secret\n")
        out, status = terminal.end()
    assert "rdp-tcp#10" in out and status == 0


def test_a_wrong_password_is_not_asked_for_again(binary, windows):
    """Repeated attempts would lock the account."""
    with Terminal(command(binary, "/server:tickets"), windows) as terminal:
        terminal.wait_for("Password for ")
        terminal.type(b"wrong\n")
        out, status = terminal.end()
    assert "NT_STATUS_LOGON_FAILURE 0xc000006d" in out and status == 8
    assert terminal.text.count("Password") == 1


@pytest.mark.parametrize("arguments", [["-N"], ["-U", "bob", "/nopass"], ["/ccache:FILE:/nonexistent"]])
def test_who_does_not_want_to_be_asked_is_not(binary, windows, arguments):
    with Terminal(command(binary, "/server:tickets", *arguments), windows) as terminal:
        out, status = terminal.end()
    assert "the server does not accept who you are (the ticket has expired)" in out and status == 8
    assert "Password" not in terminal.text


def test_this_machine_asks_nobody(binary, windows):
    with Terminal(command(binary, "/server:localhost", "-U", "bob"), windows) as terminal:
        _, status = terminal.end()
    assert status == 6 and "Password" not in terminal.text


@pytest.mark.parametrize("typed", [b"\x03", b"secr\x03", b"\x04", b"\n"])
def test_the_asking_can_be_cancelled(binary, windows, typed):
    """Ctrl-C, the end of the input, or an empty line cancels."""
    with Terminal(command(binary, ECHO, "-U", "bob"), windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.type(typed)
        out, status = terminal.end()
    assert (out, status) == ("query: nothing was done\n", 7)


def test_sigterm_cancels_the_asking(binary, windows):
    with Terminal(command(binary, ECHO, "-U", "bob"), windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == ("query: nothing was done\n", 7)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_other_signals_end_the_command_as_ever(binary, windows, number):
    with Terminal(command(binary, ECHO, "-U", "bob"), windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.process.send_signal(number)
        assert terminal.end() == ("", -number)


def test_after_a_stop_the_question_is_asked_again(binary, windows):
    """As from a shell with job control, which sees the stop, and continues the command."""
    script = f'exec >&0 2>&0; set -m; "$0" session {ECHO} -U bob; echo status $?; fg'
    with Terminal(["bash", "-c", script, str(binary.parent / "query")], windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.type(b"lost\x1a")
        terminal.wait_for(f"status {128 + signal.SIGTSTP}")
        terminal.wait_for("Password for bob: ", times=2)
        assert not terminal.echoes()
        terminal.type(b"secret\n")
        terminal.end()
    assert "password=6" in terminal.text and "lost" not in terminal.text


def test_a_password_has_an_end(binary, windows):
    with Terminal(command(binary, ECHO, "-U", "bob"), windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.type(b"x" * 511 + b"\n")
        assert "password=511" in terminal.end()[0]
    with Terminal(command(binary, ECHO, "-U", "bob"), windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.type(b"x" * 512 + b"\n")
        assert terminal.end() == ("query: echo: the password is too long\n", 8)


# ---- the file ----


def run(binary, windows, tmp_path, text, *arguments, mode=0o600, name="query"):
    path = tmp_path / "authfile"
    path.write_bytes(text)
    path.chmod(mode)
    done = subprocess.run(command(binary, ECHO, f"-A{path}", *arguments, name=name), env=environment(windows),
                          capture_output=True, text=True, timeout=60, start_new_session=True)
    return done.stderr.replace(str(path), "FILE"), done.returncode


@pytest.mark.parametrize("text,told", [
    (b"username = bob\npassword = secret\ndomain = EXAMPLE\n", "user=bob domain=EXAMPLE password=6"),
    (b"\xef\xbb\xbfUserName=bob\r\n\r\npassword=  two words \r\n", "user=bob domain= password=10"),
    (b"# whose it is\nusername = EXAMPLE\\bob \ndomain = OTHER\npassword = a=b", "user=bob domain=EXAMPLE password=3"),
    (b"username = bob\nrealm = EXAMPLE.COM\npassword = x\n", "user=bob@EXAMPLE.COM domain= password=1"),
    (b"username = bob@A.COM\nrealm = B.COM\npassword = x\n", "user=bob@A.COM domain= password=1"),
    (b"username = bob\npassword = p%th\n", "user=bob domain= password=4"),
])
def test_the_file_names_the_user(binary, windows, tmp_path, text, told):
    said, status = run(binary, windows, tmp_path, text)
    assert told in said and status == 6


def test_the_password_alone_may_be_in_the_file(binary, windows, tmp_path):
    said, _ = run(binary, windows, tmp_path, b"password = secret\n", "-U", "EXAMPLE\\bob")
    assert "user=bob domain=EXAMPLE password=6" in said
    me = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
    said, _ = run(binary, windows, tmp_path, b"password = secret\n")
    assert "password=6" in said and "user= " not in said and (me in said or "SUDO_USER" in os.environ or os.getuid() == 0)


def test_the_name_alone_may_be_in_the_file(binary, windows, tmp_path):
    path = tmp_path / "authfile"
    path.write_text("username = bob\n")
    path.chmod(0o600)
    with Terminal(command(binary, ECHO, "-A", str(path)), windows) as terminal:
        terminal.wait_for("Password for bob: ")
        terminal.type(b"secret\n")
        assert "user=bob domain= password=6" in terminal.end()[0]
    assert run(binary, windows, tmp_path, b"username = bob\n", "-N")[0].count("user=bob domain= password=-1") == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644])
def test_a_file_that_others_can_read_is_refused(binary, windows, tmp_path, mode):
    said, status = run(binary, windows, tmp_path, b"username = bob\npassword = secret\n", mode=mode)
    assert said == "query: the file FILE is open to others; only its owner may read and change it (chmod 600)\n"
    assert status == 1


@pytest.mark.parametrize("text,fault", [
    (b"username = bob\npasswd = secret\n", "the file FILE, line 2: not one of username, password, domain and realm"),
    (b"\nsecret\n", "the file FILE, line 2: not one of username, password, domain and realm"),
    (b"username = EXAMPLE\\\npassword = secret\n", "the file FILE: its username is not a valid user name"),
    (b"password = sec\0ret\n", "the file FILE cannot be read: Invalid or incomplete multibyte or wide character"),
    (b"password = " + b"x" * 512 + b"\n", "the file FILE cannot be read: File too large"),
    (b"#" * 8192, "the file FILE cannot be read: File too large"),
])
def test_a_wrong_file_is_told_and_not_shown(binary, windows, tmp_path, text, fault):
    said, status = run(binary, windows, tmp_path, text)
    assert (said, status) == (f"query: {fault}\n", 1)


def test_the_user_is_named_once(binary, windows, tmp_path):
    said, status = run(binary, windows, tmp_path, b"username = bob\npassword = secret\n", "-U", "alice")
    assert (said, status) == ("query: the file FILE and /logon name different users\n", 1)


def test_the_password_may_come_through_a_pipe(binary, windows):
    done = subprocess.run(
        ["bash", "-c", f'"$0" session {ECHO} -A <(printf "username=bob\\npassword=secret\\n")', str(binary.parent / "query")],
        env=environment(windows), capture_output=True, text=True, timeout=60)
    assert "user=bob domain= password=6" in done.stderr


def test_the_sender_is_who_logs_on(binary, windows, tmp_path):
    """The title of a message names the account; windows.c reports what it got."""
    path = tmp_path / "authfile"
    path.write_text("username = EXAMPLE\\alice\npassword = secret\n")
    path.chmod(0o600)
    told = tmp_path / "told"
    done = subprocess.run([str(binary.parent / "msg"), "bob", "/server:ts1", f"/authfile:{path}", "Lunch"], timeout=60,
                          env={**environment(windows), "LOGOFF_TSTS_TOLD": str(told)}, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert told.read_text().startswith("Message from EXAMPLE\\alice, ") and told.read_text().endswith("\nLunch\n")


# ---- where the password is seen ----


@pytest.mark.parametrize("words", [["-U", "EXAMPLE\\bob%secret"], ["-Ubob%secret"], ["/logon:bob%secret"], ["--logon", "%secret"]])
def test_a_password_on_the_command_line_is_overwritten(binary, windows, words):
    """A full pipe stops the command before its message; meanwhile the test reads the list of processes."""
    far, near = os.pipe()
    os.set_blocking(near, False)
    filled = 0
    with pytest.raises(BlockingIOError):
        while True:
            filled += os.write(near, b"." * (4096 if filled < 60000 else 1))
    os.set_blocking(near, True)
    process = subprocess.Popen(command(binary, ECHO, *words), env=environment(windows), stderr=near, start_new_session=True)
    os.close(near)
    try:
        deadline = time.monotonic() + 30
        seen = b""
        while ECHO.encode() not in seen or b"secret" in seen:
            assert time.monotonic() < deadline, f"the password stays in the list of processes: {seen}"
            seen = open(f"/proc/{process.pid}/cmdline", "rb").read()
        assert process.poll() is None and b"%" not in seen
        with open(far, "rb") as pipe:
            said = pipe.read()[filled:].decode()
    finally:
        process.kill()
    assert process.wait() == 1
    assert "no password is accepted on the command line" in said and "secret" not in said and said.count("\n") == 2


def test_no_core_is_written_of_a_password(binary, windows):
    """During the question another user cannot even read the command's files in /proc."""
    with Terminal(command(binary, ECHO, "-U", "bob"), windows) as terminal:
        terminal.wait_for("Password for bob: ")
        assert os.stat(f"/proc/{terminal.process.pid}/environ").st_uid == 0
        if os.getuid() == 0:
            terminal.type(b"\n")
            return
        with pytest.raises(PermissionError):
            open(f"/proc/{terminal.process.pid}/environ", "rb").read()
        terminal.type(b"\n")
