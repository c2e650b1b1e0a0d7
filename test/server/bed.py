# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the cases: session hosts with stock Samba, the controller of a domain, and a desk from where they are managed.

    dc      10.99.0.1     the controller of AD.LAB: test/domain
    member  10.99.0.201   linux1, a session host that is a member of the domain
    alone   10.99.0.202   linux2, a session host with accounts of its own
    desk    10.99.0.210   who asks: our commands, impacket's, tickets; no server

Hosts are test/lab's, of the flavour "server". They are installed by the lines of README.md, as somebody pastes them.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
for folder in ("domain", "lab"):
    sys.path.insert(0, str(HERE.parent / folder))

import people  # noqa: E402
import roots  # noqa: E402
import sessions  # noqa: E402
import stubs  # noqa: E402
from host import finish, wait_until  # noqa: E402

README = SOURCE / "README.md"
CHAPTER = "Let Windows manage this Linux host"
RULES = SOURCE / "src/server/50-logoff-server.rules"
ADDRESSES = {"linux1": "10.99.0.201", "linux2": "10.99.0.202", "desk": "10.99.0.210"}
# What people choose for themselves, for the words of the chapter.
CHOICES = {"MYDOMAIN": people.DOMAIN, "my.domain": people.REALM.lower()}
# What the chapter builds with, and without what no case needs.
OPTIONS = "-Dsamba-worker-dir=/usr/libexec/samba -Dserver=enabled -Dtests=disabled -Dman=disabled -Dnls=disabled"
HANDLE = b"handle of that pipe "  # in a call: the context handle that the first answer of the same interface began with; as long as one
WORKER = "/usr/libexec/samba/rpcd_logoff"
TSTOOL = "/usr/share/doc/python3-impacket/examples/tstool.py"


def step_open(pipe, interface, level=6):
    """A pipe that is bound to an interface: a step of client.py."""
    return [pipe, "open", stubs.PIPES[interface], stubs.UUIDS[interface], level]


def step_call(pipe, word, *parameters, what="call", handle=None):
    """A call of stubs.py; HANDLE is that of step number `handle`."""
    interface, opnum, stub = stubs.request(word, *parameters)
    at = f"<{handle}{'+4' if interface == stubs.ICA else ''}>"
    return [pipe, what, opnum, stub.hex().replace(HANDLE.hex(), at), *([None] if what == "call" else [])]


def chapter_lines(*headings):
    """The commands below these headings of the chapter, as somebody pastes them."""
    text = README.read_text().partition(f"\n## {CHAPTER}\n")[2].partition("\n## ")[0]
    lines = ""
    for heading in headings:
        section = text.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
        blocks = re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
        assert blocks, f"no commands below {heading!r}"
        lines += "".join(blocks)
    for word, choice in CHOICES.items():
        lines = lines.replace(word, choice)
    return lines


def paste(host, lines, answers):
    """Runs lines on a host at a terminal, and answers what is asked: [(prompt, reply)...], in that order. What fails ends it."""
    host.path("/root/pasted").write_text("set -ex\nstty -echo\n" + lines)
    client = host.start(["script", "--quiet", "--return", "--command", "bash /root/pasted", "/dev/null"], stdin=subprocess.PIPE,
                        stderr=subprocess.STDOUT)
    shell = sessions.Shell(client)
    for prompt, reply in answers:
        shell.expect(prompt, 60)
        shell.write(reply + "\n")
    out, _ = client.communicate(timeout=120)
    assert client.returncode == 0, shell.heard + out
    return out


def furnish(name):
    """What a host of that name is before somebody installs anything. One key opens ssh, also to accounts of the domain."""
    def prepare(root):
        domain, own = people.REALM.lower(), ADDRESSES[name]
        (root / "etc/hostname").write_text(f"{name}\n")
        # As in test/domain: a controller that has no processor for ten seconds answers no question about names.
        names = {"dc": "10.99.0.1", **{other: address for other, address in ADDRESSES.items() if other != name}}
        hosts = "".join(f"{address} {other}.{domain} {other}\n" for other, address in names.items())
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{own} {name}.{domain} {name}\n{hosts}")
        (root / "etc/resolv.conf").write_text(f"nameserver 10.99.0.1\nsearch {domain}\noptions attempts:5\n")
        keys = "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/lab_key.pub\n"
        (root / "etc/ssh/sshd_config.d/server.conf").write_text(keys)
        if name == "desk":
            (root / "etc/krb5.conf").write_text((HERE.parent / "domain/krb5.conf").read_text())
            (root / "root/caller.py").write_text((HERE.parent / "domain/caller.py").read_text())
            for file in (HERE / "client.py", HERE / "load_client.py", HERE.parent / "domain/stubs.py"):
                (root / "root" / file.name).write_text(file.read_text())
        if name == "linux2":
            (root / "usr/lib/systemd/system/winbind.service").unlink()  # a machine of no domain need not have it
        rules = root / "usr/local/share/logoff" / RULES.name
        if not rules.exists():
            rules.parent.mkdir(parents=True, exist_ok=True)
            rules.write_text(RULES.read_text())

    return prepare


class Network:
    """All hosts are in one network with the controller: a bridge in its namespace."""

    def __init__(self, domain):
        self.domain = domain
        domain.check("ip link add net0 type bridge && ip link set net0 up && ip link set wire1 master net0")

    def add(self, host, name):
        cable = f"to-{name}"
        subprocess.run(["ip", "link", "add", "lab0", "netns", str(host.leader), "type", "veth", "peer", "name", cable,
                        "netns", str(self.domain.leader)], check=True, timeout=10)
        self.domain.check(f"ip link set {cable} master net0 && ip link set {cable} up")
        host.check(f"ip addr add {ADDRESSES[name]}/24 dev lab0 && ip link set lab0 up")
        wait_until(lambda: not host.run("timeout 1 bash -c '</dev/tcp/10.99.0.1/88'").status, 20, "the controller answers")


class Managed:
    """A session host with the service, and who asks it from the desk."""

    def __init__(self, host, desk, name):
        self.host, self.desk, self.name = host, desk, name

    def ask(self, user, command, *words, timeout=60):
        """Runs one of our commands on the desk, as that user of this host."""
        return finish(self.start(user, command, *words), timeout)

    def json(self, user, command, *words):
        """What a command that must succeed prints as JSON."""
        result = self.ask(user, command, "--json", *words)
        assert (result.status, result.err) == (0, ""), result
        return json.loads(result.out)

    def call(self, user, calls, level=6, password=None):
        """Calls packed by hand (stubs.py), by impacket: [(name, parameter...)...]. Bytes, or what was said instead."""
        orders = []
        for word, *parameters in calls:
            interface, opnum, stub = stubs.request(word, *parameters)
            orders.append([interface, stubs.UUIDS[interface], stubs.PIPES[interface], opnum, stub.hex().replace(HANDLE.hex(), "handle")])
        if password is None:
            password = self.password(user) if user else ""
        process = self.desk.start(["python3", "/root/caller.py", self.address, user, password, str(level)], stdin=subprocess.PIPE)
        out, err = process.communicate(json.dumps(orders), timeout=60)
        assert process.returncode == 0, err
        return [one if one.startswith("error") else bytes.fromhex(one) for one in json.loads(out)]

    def begin_steps(self, user, steps):
        """Starts steps that no client of Windows takes: client.py."""
        process = self.desk.start(["python3", "/root/client.py", self.address, user, self.password(user)], stdin=subprocess.PIPE)
        process.stdin.write(json.dumps(steps))
        process.stdin.close()
        process.stdin = None
        return process

    def steps(self, user, steps):
        """The same, to their end. Bytes, or what was said instead."""
        out, err = self.begin_steps(user, steps).communicate(timeout=120)
        assert out, err
        return [one if one.startswith("error") else bytes.fromhex(one) for one in json.loads(out)]

    def tstool(self, user, *words, timeout=60):
        """impacket's own program, unmodified."""
        return self.desk.run(["python3", TSTOOL, f"{self.account(user)}:{self.password(user)}@{self.address}", *words], timeout=timeout)

    @staticmethod
    def number(session):
        """By which number MS-TSTS knows a session: logind's own, and numbers from 32768 for what logind calls c1, c2..."""
        return 32767 + int(session.id[1:]) if session.id.startswith("c") else int(session.id)

    @property
    def address(self):
        return ADDRESSES[self.name]

    def worker(self):
        """The process of the worker that serves calls; None if none runs. Another one may be on its way to tell its interfaces."""
        return next(iter(self.host.named("rpcd_logoff")), None)

    def memory(self):
        """Bytes of memory that the worker has."""
        status = self.host.path(f"/proc/{self.worker().pid}/status").read_text()
        return 1024 * int(re.search(r"^VmRSS:\s+(\d+)", status, re.M).group(1))

    def descriptors(self):
        """The descriptors that the worker has open: what each of them is."""
        folder = self.host.path(f"/proc/{self.worker().pid}/fd")
        return [os.readlink(file) for file in folder.iterdir() if file.is_symlink()]

    def wake(self):
        """Sees to it that somebody answers, as after a restart of Samba."""
        user = self.plain
        wait_until(lambda: not self.ask(user, "query session").status, 20, "the service answers")

    def ssh(self, user):
        """A session of one of its users."""
        return sessions.ssh(self.host, self.unix_name(user))


class Member(Managed):
    """linux1, of the domain. Its users have tickets."""
    own, other, plain, helper, administrator = "alice", "bob", "bob", "helen", "Administrator"

    @staticmethod
    def install(host):
        headings = ["Say who may log off others", "In a Windows domain", "Give rights to a group of the domain", "Start it"]
        paste(host, chapter_lines(*headings), [("Password for ", people.PASSWORDS["Administrator"])])

    def account(self, user):
        return f"{people.DOMAIN}/{user}"

    def password(self, user):
        return people.PASSWORDS[user]

    def unix_name(self, user):
        return f"{people.DOMAIN}\\{user.lower()}"

    def windows_name(self, user):
        return f"{people.DOMAIN}\\{user}"

    def ticket(self, user):
        cache = f"/root/ticket-{user}"
        if not self.desk.path(cache).exists():
            self.desk.check(f"kinit -c {cache} {user} <<< '{self.password(user)}'")
        return f"FILE:{cache}"

    def start(self, user, command, *words):
        return self.desk.start([*command.split(), f"/server:{self.name}.{people.REALM.lower()}", *map(str, words)],
                               env={"KRB5CCNAME": self.ticket(user)})


class Alone(Managed):
    """linux2, of no domain. Its users have passwords for Samba."""
    own, other, plain, helper, administrator = "alice", "carol", "carol", "bob", None

    @staticmethod
    def install(host):
        lines = chapter_lines("Say who may log off others", "Without a domain", "Start it")
        lines = lines.replace("sudo smbpasswd -a bob\n", "sudo smbpasswd -a bob\nsudo smbpasswd -a carol\n")
        answers = [(f"{word} SMB password:", f"pw-{user}") for user in ("alice", "bob", "carol") for word in ("New", "Retype new")]
        paste(host, lines, answers)

    def account(self, user):
        return user

    def password(self, user):
        return f"pw-{user}"

    def unix_name(self, user):
        return user

    def windows_name(self, user):
        return f"LINUX2\\{user}"

    def start(self, user, command, *words):
        return self.desk.start(self.line(user, command, *words))

    def at_terminal(self, user, command, *words):
        """The same at a terminal: a Shell."""
        command = shlex.join(self.line(user, command, *words))
        return sessions.Shell(self.desk.start(["script", "--quiet", "--return", "--command", command, "/dev/null"],
                                              stdin=subprocess.PIPE, stderr=subprocess.STDOUT))

    def line(self, user, command, *words):
        file = self.desk.path(f"/root/auth-{user}")
        if not file.exists():
            file.touch(0o600)
            file.write_text(f"username={user}\npassword={self.password(user)}\n")
        return [*command.split(), f"/server:{self.address}", f"/authfile:/root/auth-{user}", *map(str, words)]


KINDS = {"member": ("linux1", Member), "alone": ("linux2", Alone)}
