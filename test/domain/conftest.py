# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain that cases share, a server of its own for each case, tickets, and the commands under test.

The domain is booted once for a run, also for one of several processes (pytest -n). Where this machine cannot boot one,
cases are skipped and say why.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import domain as domains  # noqa: E402
import people  # noqa: E402
import server as servers  # noqa: E402
import stubs  # noqa: E402
from host import wait_until  # noqa: E402

SIGNALS = range(-64, 0)


def is_one_of_several(config):
    return hasattr(config, "workerinput")


def pytest_configure(config):
    """Before several processes begin, there has to be what they share. What is in the environment they inherit."""
    if is_one_of_several(config):
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.domain_reason = os.environ.get("LOGOFF_DOMAIN") is None and domains.why_unavailable() or None
    if getattr(config.option, "numprocesses", None) and not config.domain_reason:
        boot(config)


def boot(config):
    """Sees to a stage and a domain for this run."""
    if "LOGOFF_STAGE" not in os.environ:
        config.stage = tempfile.TemporaryDirectory(prefix="logoff-domain-")
        os.environ["LOGOFF_STAGE"] = str(build(Path(config.stage.name)))
    if "LOGOFF_DOMAIN" not in os.environ:
        domains.sweep()
        config.domain = domains.Domain()
        os.environ["LOGOFF_DOMAIN"] = str(config.domain.folder)


def build(folder):
    """Builds the tree this file is in and installs it below `folder`."""
    tree, stage = folder / "build", folder / "stage"
    for command in (["meson", "setup", "--prefix=/usr/local", "--libdir=lib", tree, domains.SOURCE],
                    ["meson", "install", "-C", tree, "--destdir", stage]):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        if done.returncode:
            pytest.exit(f"logoff does not build: {done.stdout}{done.stderr}", 1)
    return stage


def pytest_sessionfinish(session):
    """A worker that has crashed is a fault of ours, whatever the cases made of it."""
    one = getattr(session.config, "domain", None)
    for log in one.path("/var/log/samba").glob("log.rpcd_logoff") if one else []:
        text = log.read_text(errors="replace")
        if "INTERNAL ERROR" in text:
            print(f"\n{log.name}: {text[-4000:]}", file=sys.stderr)
            session.exitstatus = 3


def pytest_unconfigure(config):
    if hasattr(config, "domain"):
        config.domain.stop()
    if hasattr(config, "stage"):
        config.stage.cleanup()


@pytest.fixture(scope="session")
def domain(request):
    """The domain of this run: a `domain.Domain`."""
    reason = getattr(request.config, "domain_reason", None)
    if "LOGOFF_DOMAIN" not in os.environ:
        reason = reason or domains.why_unavailable()
        if reason:
            pytest.skip(reason)
        try:
            boot(request.config)
        except domains.Unavailable as why:
            pytest.skip(str(why))
    return domains.Domain.attach(os.environ["LOGOFF_DOMAIN"])


@pytest.fixture
def bare(domain):
    """A server of which nothing is said yet."""
    one = servers.Server(domain)
    yield one
    one.release()


@pytest.fixture
def server(bare):
    """A server with an office in it (server.py)."""
    bare.describe(*servers.office())
    return bare


# -- who asks ------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def ticket(domain):
    """`ticket(user)`: the ticket cache of a user, as KRB5CCNAME has it."""
    def get(user):
        path = domain.folder / f"ticket-{user}"
        with (domain.folder / "tickets.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                get_ticket(domain, user, path)
        return f"FILE:{path}"

    return get


def get_ticket(domain, user, path, *options):
    """Writes a new ticket of the user into the file."""
    done = domain.run(["bash", "-c", 'kinit "$@" <<< "$PASSWORD"', "kinit", "-c", path, *options, user],
                      env={"PASSWORD": people.PASSWORDS[user]})
    assert done.status == 0, done.text


@pytest.fixture
def authfile(tmp_path):
    """`authfile(user)`: a file with the user's name and password, or another password."""
    def make(user, password=None, domain=people.DOMAIN):
        path = tmp_path / f"auth-{user}"
        path.write_text(f"username = {user}\npassword = {password or people.PASSWORDS[user]}\n"
                        + (f"domain = {domain}\n" if domain else ""))
        path.chmod(0o600)
        return path

    return make


# -- the commands --------------------------------------------------------------------------------

class Commands:
    """The commands under test, run in the domain."""

    def __init__(self, domain, ticket):
        self.domain = domain
        self.ticket = ticket

    def start(self, server, command, *words, user="Administrator", name=None, env=None, prefix=(), **popen):
        """Starts a command against a server, known by the ticket of the user (None: without any), by its name or
        another."""
        words = [*command.split(), f"/server:{name or server.name}", *map(str, words)]
        settings = {"KRB5CCNAME": self.ticket(user) if user else "FILE:/nonexistent", **(env or {})}
        return self.domain.start([*prefix, *words], env=settings, **popen)

    def __call__(self, server, command, *words, timeout=60, **options):
        """The same, and waits: a Result."""
        return finish(self.start(server, command, *words, **options), timeout)

    def json(self, server, command, *words, **options):
        """What a command that must succeed prints as JSON."""
        result = self(server, command, "--json", *words, **options)
        assert (result.status, result.err) == (0, ""), result
        return json.loads(result.out)


def finish(process, timeout=60):
    """Waits for a command of ours: it must end, by itself, with a status of its own."""
    result = domains.finish(process, timeout)
    assert result.status not in SIGNALS, f"ended by signal {-result.status}: {result.text}"
    assert 0 <= result.status <= 8, f"no status of ours: {result}"
    assert "ended by signal" not in result.text and "Sanitizer" not in result.text, result.text
    return result


@pytest.fixture
def run(domain, ticket):
    if not os.environ.get("LOGOFF_STAGE"):
        pytest.skip("there is no logoff to run")
    return Commands(domain, ticket)


@pytest.fixture
def other_smbd(domain, tmp_path):
    """`other_smbd(port, settings..., administrator=None)`: another smbd, of no domain, on a port of all addresses, over the same
    worker; it knows the domain's Administrator by that password, as its own root. It cannot ask the domain's winbind."""
    started = []

    def start(port, *settings, administrator=None):
        folder = tmp_path / f"smbd-{port}"
        folder.mkdir()
        config = folder / "smb.conf"
        folders = [f"{kind} dir{end} = {folder}" for kind, end in
                   (("private", ""), ("lock", "ectory"), ("state", "ectory"), ("cache", "ectory"), ("pid", "ectory"))]
        config.write_text("\n\t".join([
            "[global]", "server role = standalone server", "workgroup = ELSEWHERE", "ncalrpc dir = /run/samba/ncalrpc",
            "rpc start on demand helpers = no", "disable spoolss = yes", "load printers = no", f"smb ports = {port}",
            f"log file = {folder}/smbd.log", f"username map = {folder}/names", *folders, *settings]) + "\n")
        (folder / "names").write_text(f"root = Administrator {people.DOMAIN}\\Administrator\n")
        if administrator:
            words = 'printf "$1\\n$1\\n" | smbpasswd -c "$0" -a -s root'
            domain.check(["bash", "-c", words, config, administrator])
        alone = "mount -t tmpfs none /run/samba/winbindd && exec smbd --configfile=$0 --foreground --no-process-group"
        started.append(domain.start(["unshare", "--mount", "sh", "-c", alone, config],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_until(lambda: domain.listens(port), 10, "smbd listens")
        return port

    yield start
    for one in started:
        os.killpg(one.pid, signal.SIGKILL)
        one.wait(10)


class Caller:
    """Another client, impacket's, that sends calls packed by hand (stubs.py)."""

    def __init__(self, domain):
        self.domain = domain

    def start(self, server, user, calls, level=6, name=None):
        orders = []
        for word, *parameters in calls:
            interface, opnum, stub = stubs.request(word, *parameters)
            orders.append([interface, stubs.UUIDS[interface], stubs.PIPES[interface], opnum,
                           stub.hex().replace(b"handle".hex(), "handle")])
        command = ["/usr/bin/python3", domains.HERE / "caller.py", name or server.name, user,
                   people.PASSWORDS.get(user, ""), str(level)]
        process = self.domain.start(command, stdin=subprocess.PIPE)
        process.stdin.write(json.dumps(orders))
        process.stdin.close()
        process.stdin = None
        return process

    def finish(self, process):
        """The answers: bytes, or what was said instead."""
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return [one if one.startswith("error") else bytes.fromhex(one) for one in json.loads(out)]

    def __call__(self, *what, **options):
        return self.finish(self.start(*what, **options))


@pytest.fixture
def call(domain):
    """`call(server, user, [(name of the call, parameter...)...])`, b"handle" being the first handle of that
    interface."""
    return Caller(domain)
