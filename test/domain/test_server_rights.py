# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program that speaks to the server has left of the caller's rights, and whose file a password may come from."""

import contextlib
import os
import re
from pathlib import Path

import pytest

import people
from conftest import finish, get_ticket
from host import children, wait_until
from server import fault
from statuses import LOGON, OK, UNREACHABLE, USAGE

NOBODY = 65534


def descendants(pid):
    found = children(pid)
    return [pid, *(one for child in found for one in descendants(child))]


def programs(process):
    """The logoff-tsts of a command."""
    found = []
    for pid in descendants(process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/comm").read_text().startswith("logoff-tsts"):
                found.append(pid)
    return found


def status(pid):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


@pytest.fixture
def everybody_s(server):
    """A folder of the domain that everybody may look into: as it is called there, and here."""
    folder = Path(f"/run/rights-{server.number}")
    server.domain.check(["mkdir", folder])
    yield folder, server.domain.path(folder)
    server.domain.check(["rm", "-r", folder])


@pytest.fixture
def hanging(server, domain):
    """`hanging(words, user, env)`: the pid of a logoff-tsts whose server does not answer its first question."""
    processes = []

    def start(*words, user=None, env=None):
        server.add(fault("GetAllSessionsEx", late="never"))
        secret = {"SSH_AUTH_SOCK": "/run/agent", "PASSWORD_OF_OTHERS": "Kx7-secret"}
        process = domain.start(["query", "session", f"/server:{server.name}", *words], user=user, env={**secret, **(env or {})})
        processes.append(process)
        wait_until(lambda: server.calls("GetAllSessionsEx"), 30, "it was asked")
        pid, = programs(process)
        return pid

    yield start
    for process in processes:
        os.killpg(process.pid, 9)
        process.communicate(timeout=20)


def is_confined(pid):
    now = status(pid)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(now[name], 16) == 0, now
    assert now["NoNewPrivs"] == "1", now
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits), limits
    env = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"Kx7" not in env and b"SSH_AUTH_SOCK" not in env, env
    fds = sorted(int(one.name) for one in Path(f"/proc/{pid}/fd").iterdir())
    assert fds[:4] == [0, 1, 2, 3], fds
    opened = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in fds}
    assert all(name == "/dev/null" or name.startswith(("socket:", "anon_inode:")) for name in opened), opened
    return now


@pytest.mark.parametrize("how", ["ticket", "default-ticket", "password"])
def test_root_is_not_root(server, domain, hanging, ticket, authfile, how):
    """Neither the real user nor a group of it."""
    words, env = {
        "ticket": (["-N", f"--use-krb5-ccache={ticket('Administrator')}"], {}),
        "default-ticket": (["-N"], {"KRB5CCNAME": ticket("Administrator")}),
        "password": (["-A", str(authfile("Administrator")), "--use-kerberos=off"], {})}[how]
    now = is_confined(hanging(*words, env=env))
    ids = {*now["Uid"].split(), *now["Gid"].split()}
    assert len(ids) == 1 and int(ids.pop()) > 2 ** 30 and not now["Groups"].split(), now


def test_others_keep_only_themselves(server, domain, hanging, everybody_s):
    folder, _ = everybody_s
    get_ticket(domain, "alice", folder / "ccache")
    domain.check(["chown", NOBODY, folder / "ccache"])
    now = is_confined(hanging("-N", user=NOBODY, env={"KRB5CCNAME": f"FILE:{folder}/ccache"}))
    assert set(now["Uid"].split()) == {str(NOBODY)}, now


def has_keys(domain):
    return domain.run(["sh", "-c", "command -v keyctl"]).status == 0


@pytest.mark.parametrize("kind", ["FILE", "DIR"])
def test_roots_tickets_are_read_by_root(server, run, domain, tmp_path, kind):
    """From where nobody else can read them; they stay as they were."""
    path = tmp_path / "private"
    path.mkdir(mode=0o700)
    name = f"{kind}:{path}/ccache"
    if kind == "DIR":
        (path / "ccache").mkdir(mode=0o700)
    get_ticket(domain, "alice", name)
    before = domain.check(["klist", "-c", name])
    for _ in range(2):
        result = run(server, "query session", "-N", f"--use-krb5-ccache={name}", user=None)
        if kind == "DIR" and result.status == LOGON:
            pytest.skip("this Kerberos knows no DIR")
        assert result.status == OK and "alice" in result.out, result
    assert domain.check(["klist", "-c", name]) == before
    assert {one["user"] for one in server.calls()} == {"alice"}


def test_settings_of_kerberos_that_others_cannot_read(server, run, ticket, tmp_path):
    """They would be passed over in silence, and others asked than those who are named there."""
    conf = tmp_path / "krb5.conf"
    conf.write_text(Path(__file__).with_name("krb5.conf").read_text())
    tmp_path.chmod(0o755)
    conf.chmod(0o600)
    result = run(server, "query session", env={"KRB5_CONFIG": str(conf)})
    assert result.status == UNREACHABLE and "krb5.conf" in result.err and "readable" in result.err, result
    assert not server.calls()


# -- files of passwords --------------------------------------------------------------------------

def is_refused(server, result):
    assert result.status == USAGE and len(result.err.splitlines()) == 1 and result.out == "", result
    assert not server.calls()


def test_an_authfile_of_another_user(server, run, authfile):
    """Who writes it chooses whom root is there."""
    file = authfile("Administrator")
    os.chown(file, 1000, 1000)
    result = run(server, "query session", "-A", file, user=None)
    is_refused(server, result)
    assert "belongs to another user" in result.err


def test_an_authfile_of_root(server, domain, authfile, everybody_s):
    """Nobody can read it; but root's own is trusted by whom it is given to (an access control list)."""
    folder, here = everybody_s
    (here / "auth").write_bytes(authfile("alice").read_bytes())
    domain.check(["chown", NOBODY, folder / "auth"])
    domain.check(["chmod", "600", folder / "auth"])
    words = ["query", "session", f"/server:{server.name}", "-A", str(folder / "auth")]
    assert domain.run(words, user=NOBODY).status == OK
    assert {one["user"] for one in server.calls()} == {"alice"}


@pytest.mark.parametrize("owner, refused", [(0, False), (1000, True)])
def test_an_authfile_behind_a_link(server, run, authfile, tmp_path, owner, refused):
    file, link = authfile("Administrator"), tmp_path / "link"
    link.symlink_to(file)
    os.lchown(link, owner, owner)
    result = run(server, "query session", "-A", link, user=None)
    if refused:
        is_refused(server, result)
    else:
        assert result.status == OK and {one["user"] for one in server.calls()} == {"Administrator"}, result


@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_an_authfile_that_is_no_file(server, run, tmp_path, kind):
    """Nobody waits for a writer of a pipe who never comes."""
    path = tmp_path / "auth"
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "folder":
        path.mkdir(mode=0o700)
    result = run(server, "query session", "-A", "/dev/null" if kind == "device" else path, user=None, timeout=10)
    is_refused(server, result)
    assert "not a regular file" in result.err


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602])
def test_an_authfile_that_others_can_use(server, run, authfile, mode):
    file = authfile("Administrator")
    file.chmod(mode)
    result = run(server, "query session", "-A", file, user=None)
    is_refused(server, result)
    assert "open to others" in result.err
