# SPDX-License-Identifier: GPL-3.0-or-later
"""The first hour of somebody new: ./demo, then the lines of README's "Install", to the letter, in a small Debian; then what
these installed, used from a login. The release is $LOGOFF_LAB_DEBIAN, as in the lab.

The root has from tools/packages.txt what README's first line gets, so that this line finds everything there: a package
that is missing in the list is missing here.
"""
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "test/lab"))

import host as hosts  # noqa: E402
import roots  # noqa: E402
import sessions  # noqa: E402
import stage  # noqa: E402

README = (SOURCE / "README.md").read_text()
TREE = "/home/alice/logoff"
COMMANDS = {"logoff": "logoff", "msg": "msg", "query": "query", "qwinsta": "query", "quser": "query", "qprocess": "query",
            "rwinsta": "rwinsta", "tsdiscon": "tsdiscon", "tskill": "tskill"}
PROGRAM = """\
#include <logoff.h>

int main(void)
{
	struct logoff_host *host;

	return logoff_host_open(&host, NULL, NULL, NULL) ? 1 : 0;
}
"""


def install_lines():
    """The lines of README's section, as somebody pastes them."""
    return re.search(r"^## Install\n\n```sh\n(.*?)^```", README, re.M | re.S).group(1)


def uninstall_line():
    return re.search(r"`(sudo ninja [^`]* uninstall)`", README).group(1)


def prepare(root):
    """Gives alice the tree and sudo, and the root locales of Taiwan and Hong Kong and the name of a server that does not listen."""
    stage.copy_source(root / TREE[1:])
    with (root / "etc/hosts").open("a") as names:
        names.write("127.0.0.1 server1\n")
    (root / "etc/sudoers.d/lab").write_text("alice ALL=(ALL) NOPASSWD: ALL\n")
    subprocess.run(["chroot", root, "sh", "-c", f"chown -R alice:alice {TREE}; for one in TW HK; do localedef -i zh_$one -f UTF-8 zh_$one.UTF-8; done"],
                         check=True, timeout=60)


def files(host):
    """What an installation could have put somewhere, without what the system notes by itself."""
    found = host.check("find /usr /etc -not -type d -not -path /etc/ld.so.cache -not -name '*.pyc'").splitlines()
    return set(found)


@pytest.fixture(scope="module")
def host():
    reason = hosts.why_unavailable("install")
    if reason:
        pytest.skip(reason)
    hosts.sweep()
    try:
        one = hosts.Host("install", prepare=prepare)
    except roots.Unavailable as why:
        pytest.skip(str(why))
    yield one
    one.stop()


@pytest.fixture(scope="module")
def demo(host):
    """The demo runs first, as it does in README."""
    return host.run(f"cd {TREE} && ./demo", user="alice", timeout=300)


@pytest.fixture(scope="module")
def installed(host, demo):
    """The host after the lines of README; what they printed, and the files that were there before."""
    before = files(host)
    log = host.run(f"cd {TREE} && set -e\n{install_lines()}", user="alice", timeout=300)
    return host, log, before


@pytest.fixture
def run(installed):
    """Runs a command line in a login over ssh, without a terminal, in the login shell."""
    host = installed[0]

    def ssh(command, user="alice", terminal=False):
        return host.run(["ssh", "-tt" if terminal else "-T", f"{user}@127.0.0.1", command], timeout=60)

    return ssh


def test_demo(demo):
    assert demo.status == 0, demo.text
    assert "What is left of session" in demo.out and demo.out.endswith("\nnothing\n"), demo.text


def test_readme_lines_pass(installed):
    log = installed[1]
    assert log.status == 0, log.text
    assert "warning:" not in log.text and "WARNING" not in log.text, log.text
    for part in ("unit tests", "the MS-TSTS client", "the message service", "manual pages"):
        assert re.search(rf"{part} *: .*YES", log.text), log.text


def test_units(installed):
    done = installed[0].run(f"cd {TREE} && meson test -C build --print-errorlogs", user="alice", timeout=300)
    assert done.status == 0, done.text
    assert re.search(r"^Ok: +[1-9]", done.out, re.M)


def test_programs_are_hardened(installed):
    """A fault in them ends them. All have something that the compiler guards."""
    host, _, before = installed
    added = [file for file in files(host) - before if host.path(file).is_file() and not host.path(file).is_symlink()]
    programs = [file for file in added if host.path(file).read_bytes()[:4] == b"\x7fELF"]
    assert {"logoff-host", "logoff-messenger", "logoff-tsts", "liblogoff.so"} <= {re.sub(r"\.so.*", ".so", Path(file).name) for file in programs}
    for file in programs:
        said = host.check(["readelf", "-hldW", "--dyn-syms", file])
        lacks = [part for part in (r"Type: +DYN", "GNU_RELRO", "BIND_NOW", "__stack_chk_fail", r"__\w+_chk@") if not re.search(part, said)]
        assert lacks == [], file


@pytest.mark.parametrize("command", COMMANDS)
def test_command_starts(run, command):
    done = run(f"{command} --version")
    assert done.status == 0 and re.match(r"\w+ .*\d+\.\d+\.\d+", done.out), done.text


def test_sessions_are_seen_told_and_logged_off(installed, run):
    host = installed[0]
    session = sessions.ssh(host, "bob")
    assert re.search(rf"^ *bob .* {session.id} ", run("query user").out, re.M)
    assert run("sudo msg bob hello").status == 0
    session.shell.expect("hello")
    done = run(f"sudo logoff {session.id} /v")
    assert done.status == 0 and "the session is deleted" in done.text, done.text
    assert session.id not in host.session_ids()
    journal = run(re.search(r"`(sudo journalctl [^`]*)`", README).group(1)).out
    assert f"logoff of session {session.id} of bob by alice: ended" in journal, journal


def test_scheduled_commands_are_there(installed):
    """README's line for cron names the program by its path, and the lines for the nightly rule work as they stand there."""
    host = installed[0]
    paths = re.findall(r"(/\S+/logoff) /idle", README)
    assert len(paths) == 1 and all(host.path(path).exists() for path in paths)
    lines = re.search(r"^```sh\n(sudo install -D .*?)^```", README, re.M | re.S).group(1)
    done = host.run(f"set -e\n{lines}", user="alice", timeout=60)
    said = host.run("journalctl --sync; journalctl -u logoff-nightly").out
    host.run("systemctl disable --now logoff-nightly.timer; rm -rf /etc/logoff /var/lib/logoff")
    assert done.status == 0 and "Trial, day 1 of 7" in said, done.text + said


def test_message_service_is_found(run):
    """bob may not write to alice's terminal, hence asks the service; polkit is not there and bob has no right: it answers."""
    assert run("busctl --system introspect org.logoff.Messenger1 /org/logoff/Messenger1").status == 0


def test_server_is_spoken_to(run):
    """What the module of Samba says comes from there: that nobody listens, or that it has no ticket."""
    done = run("query session /server:server1 -N")
    assert done.status in (6, 8) and "server1" in done.text, done.text


@pytest.mark.parametrize("language", ["C.UTF-8", "zh_TW.UTF-8", "zh_HK.UTF-8"])
@pytest.mark.parametrize("page", [*COMMANDS, "liblogoff"])
def test_manual_page(run, page, language):
    done = run(f"LC_ALL={language} man {page}")
    assert done.status == 0 and done.err == "", done.text
    assert COMMANDS.get(page, page) in done.out
    assert ("語法" in done.out or "概要" in done.out) == language.startswith("zh"), done.out[:500]


@pytest.mark.parametrize("language", ["zh_TW", "zh_HK"])
def test_translation(run, language):
    assert "工作階段" in run(f"LC_ALL={language}.UTF-8 logoff nobody-is-this").err


@pytest.mark.parametrize("command", COMMANDS)
def test_bash_completes(run, command):
    done = run(f"bash -ic '_completion_loader {command}; complete -p {command}'", terminal=True)
    assert re.search(rf"complete .*-F _\w+ {command}\s", done.out), done.text


@pytest.mark.parametrize("command", COMMANDS)
def test_zsh_completes(run, command):
    done = run(f"zsh -fc 'autoload -U compinit; compinit -u; print found: $_comps[{command}]'")
    assert "found: _logoff" in done.out, done.text


@pytest.mark.parametrize("command", COMMANDS)
def test_fish_completes(run, command):
    done = run(f"fish -c 'complete --do-complete \"{command} --ver\"'")
    assert "--version" in done.out, done.text


def test_pkg_config(installed, run):
    installed[0].path("/tmp/program.c").write_text(PROGRAM)
    options = re.search(r"`(pkg-config [^`]*)`", README).group(1)
    done = run(f"cc -o /tmp/program /tmp/program.c $({options}) && /tmp/program")
    assert done.status == 0, done.text


def test_uninstall(installed):
    """The last one: nothing stays."""
    host, _, before = installed
    assert any("bin/logoff" in file for file in files(host) - before)
    done = host.run(f"cd {TREE} && {uninstall_line()}", user="alice", timeout=60)
    assert done.status == 0, done.text
    assert files(host) - before == set()
