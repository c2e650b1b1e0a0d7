# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server is, and as whom it knows us: Kerberos by ticket and by password, NTLM, and everything that is
refused.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import termios
from pathlib import Path

import pytest

import domain as domains
import people
from conftest import get_ticket
from host import wait_until
from relay import TcpRelay
from server import fault
from statuses import CANCELLED, DENIED, LOGON, NOT_ENDED, OK, UNREACHABLE, USAGE

NTLM = b"NTLMSSP\0"
KERBEROS = bytes.fromhex("06092a864886f712010202")  # the OID of Kerberos 5, RFC 4121 4.1
SIGNED = 0x8
CONTROLLER, KDC_PORT = "10.99.0.1", 1088


def knows(result, server, user="alice", sessions="2"):
    """The command has listed what that user may see, and the server was asked by that user."""
    assert result.status == OK, result
    assert {one["user"] for one in server.calls()} == {user}
    listed = re.findall(r"^\s*(?:\S+\s+)?\S+\s+(\d+)\s+(?:Active|Disc|Conn)", result.out, re.M)
    assert not sessions or sessions in listed, result.out


def by_password(server, run, file, kind, name=None):
    return run(server, "query session", "-A", file, f"--use-kerberos={kind}", user=None, name=name)


# -- who -----------------------------------------------------------------------------------------

def test_ticket(server, run):
    with TcpRelay(server, 4450) as relay:
        knows(run(server, "query session", user="alice", name=f"{server.name}:4450"), server)
    assert KERBEROS in relay.from_client and NTLM not in relay.from_client


def test_ticket_of_another_cache(server, run, ticket):
    knows(run(server, "query session", f"--use-krb5-ccache={ticket('alice')}", user=None), server)


def test_ticket_by_an_unprivileged_user(server, run, domain):
    path = Path(f"/run/nobody-{server.number}")
    get_ticket(domain, "alice", path)
    domain.check(["chown", "nobody", path])
    words = ["query", "session", f"/server:{server.name}", f"--use-krb5-ccache=FILE:{path}"]
    knows(domain.run(words, user=65534), server)


@pytest.mark.parametrize("form", ["domain", "realm", "name"])
def test_kerberos_by_password(server, run, authfile, form):
    file = authfile("alice")
    text = {"domain": "username = alice\ndomain = AD.LAB\n", "realm": "username = alice@AD.LAB\n",
            "name": "username = alice\n"}[form]
    file.write_text(text + f"password = {people.PASSWORDS['alice']}\n")
    with TcpRelay(server, 4450) as relay:
        knows(by_password(server, run, file, "required", f"{server.name}:4450"), server)
    assert KERBEROS in relay.from_client and NTLM not in relay.from_client


@pytest.mark.parametrize("by", ["name", "address", "address6"])
def test_ntlm(server, run, authfile, by):
    name = getattr(server, by)
    words = ["--use-kerberos=off"] if by == "name" else []
    name = f"[{name}]" if ":" in name else name
    knows(run(server, "query session", "-A", authfile("alice"), *words, user=None, name=name), server)


def test_ntlm_on_the_wire(server, run, authfile):
    with TcpRelay(server, 4450) as relay:
        knows(by_password(server, run, authfile("alice"), "off", f"{server.name}:4450"), server)
    assert NTLM in relay.from_client and KERBEROS not in relay.from_client


def test_member_of_the_domain(server, run, domain, authfile):
    """Whose smb.conf says which domain is meant by a name alone."""
    path = domain.folder / "member.conf"
    path.write_text("[global]\n\tworkgroup = ADLAB\n\trealm = AD.LAB\n\tsecurity = ads\n")
    words = ["query", "session", f"/server:{server.name}", "-A", str(authfile("alice", domain=None))]
    as_member = 'touch /etc/samba/smb.conf; mount --bind "$0" /etc/samba/smb.conf; "$@"'
    done = domain.run(["unshare", "--mount", "bash", "-c", as_member, path, *words])
    knows(done, server)


def refused(result, server, status=LOGON):
    assert result.status == status, result
    assert result.out == "" and server.name.partition(".")[0] in result.err, result
    assert not server.calls()


KINDS = pytest.mark.parametrize("kind", ["required", "desired", "off"])


@KINDS
def test_wrong_password(server, run, authfile, kind):
    refused(by_password(server, run, authfile("helen", "Kx7-wrong", people.REALM), kind), server)


@KINDS
@pytest.mark.parametrize("user", [people.DISABLED, people.MUST_CHANGE])
def test_accounts_that_may_not(server, run, authfile, user, kind):
    result = by_password(server, run, authfile(user, domain=people.REALM), kind)
    refused(result, server)
    assert re.search("disabled|expired" if user == people.DISABLED else "changed|expired", result.err), result.err


@KINDS
def test_nobody_of_that_name(server, run, authfile, kind):
    refused(by_password(server, run, authfile("nemo", "Kx7", people.REALM), kind), server)


def test_no_ticket(server, run):
    result = run(server, "query session", "-N", user=None)
    refused(result, server)
    assert "kinit" in result.err


def test_expired_ticket(server, run, domain, tmp_path):
    path = tmp_path / "ccache"
    get_ticket(domain, "alice", path, "-l", "1s")
    wait_until(lambda: domain.run(["klist", "-s", "-c", path]).status, 20, "the ticket has expired")
    result = run(server, "logoff", "-N", "2", user=None, env={"KRB5CCNAME": f"FILE:{path}"})
    refused(result, server)
    assert "expired" in result.err and server.done() == []


FAKE = {"LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def faked(domain, offset, folder):
    """The environment of a client whose clock is wrong by so much. Its program is told little of the environment, so a script
    tells it."""
    found = domain.run(["bash", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1"]).out.split()
    if not found:
        pytest.skip("no libfaketime on this machine")
    env = {**FAKE, "LD_PRELOAD": found[0], "FAKETIME": offset}
    script = folder / "logoff-tsts"
    script.write_text("#!/bin/sh\n" + "".join(f"export {name}={value}\n" for name, value in env.items())
                      + f"exec {domains.environment()['LOGOFF_TSTS']}\n")
    script.chmod(0o755)
    return {**env, "LOGOFF_TSTS": str(script)}


@contextlib.contextmanager
def everybody_s(server):
    """A folder of the domain that everybody may look into: as it is called there, and here."""
    folder = Path(f"/run/everybody-{server.number}")
    server.domain.check(["mkdir", folder])
    try:
        yield folder, server.domain.path(folder)
    finally:
        server.domain.check(["rm", "-r", folder])


@pytest.mark.parametrize("uid", [0, 65534], ids=["root", "nobody"])
def test_no_ticket_is_handed_over(server, domain, uid):
    """The domain would give one out, for the server to be the user elsewhere. But nobody asks for it: whose tickets for
    the server are at hand, asks for no more. What root gets is not kept, as nothing may be written then."""
    with everybody_s(server) as (folder, here), TcpRelay(server, KDC_PORT, to=(CONTROLLER, 88)) as kdc:
        cache, conf = folder / "ccache", folder / "krb5.conf"
        get_ticket(domain, "Administrator", cache, "-f")
        domain.check(["chown", uid, cache])
        recorded = f"kdc = tcp/{server.address}:{KDC_PORT}"
        (here / "krb5.conf").write_text(Path(__file__).with_name("krb5.conf").read_text().replace("kdc = dc.ad.lab", recorded))
        sizes = []
        for command in ("query session", "logoff 2"):
            words = [*command.split(), f"/server:{server.name}"]
            done = domain.run(words, user=uid, env={"KRB5CCNAME": f"FILE:{cache}", "KRB5_CONFIG": str(conf)})
            assert done.status == OK, done
            sizes.append(len(kdc.from_client))
            kdc.from_client.clear()
        assert sizes[0] > 0 and (sizes[1] == 0) == (uid != 0), "asked the Kerberos server"
        assert uid != 0 or abs(sizes[1] - sizes[0]) < 100, "as often as for one ticket"


@pytest.mark.parametrize("offset", ["-20m", "+20m"])
def test_clock_skew_with_a_ticket(server, run, domain, tmp_path, offset):
    """A clock that is wrong: refused, or put right by Kerberos itself; never a wrong statement."""
    path = tmp_path / "ccache"
    get_ticket(domain, "alice", path)
    result = run(server, "logoff", "-N", "2", user=None,
                 env={"KRB5CCNAME": f"FILE:{path}", **faked(domain, offset, tmp_path)})
    if result.status == OK:
        assert server.done() == [2] and 2 not in server.ids()
        return
    refused(result, server)
    assert "wrong user name or password" not in result.err, result  # neither was given


@pytest.mark.parametrize("offset", ["-20m", "+20m"])
def test_clock_skew_with_a_password(server, run, domain, authfile, tmp_path, offset):
    words = ["-A", authfile("alice", domain=people.REALM), "--use-kerberos=required"]
    result = run(server, "logoff", *words, "2", user=None, env=faked(domain, offset, tmp_path))
    if result.status == OK:
        assert server.done() == [2]
    else:
        refused(result, server)


def test_a_ticket_of_an_hour_ago(server, run, domain, tmp_path):
    """As expired for the server, whatever the client's clock says."""
    path = tmp_path / "ccache"
    get_ticket(domain, "alice", path, "-l", "1s")
    wait_until(lambda: domain.run(["klist", "-s", "-c", path]).status, 20, "the ticket has expired")
    result = run(server, "query session", "-N", user=None, env={"KRB5CCNAME": f"FILE:{path}", **faked(domain, "-2h", tmp_path)})
    refused(result, server)


def test_anonymous(server, run, tmp_path):
    file = tmp_path / "auth"
    for text in ("username =\npassword =\n", "username =\npassword = x\ndomain = ADLAB\n"):
        file.write_text(text)
        file.chmod(0o600)
        for kind in ("desired", "off"):
            result = run(server, "query session", "-A", file, f"--use-kerberos={kind}", user=None)
            assert result.status in (USAGE, LOGON), result
    assert not server.calls()


def test_a_guest_is_not_who_we_are(server, run, authfile, other_smbd):
    """A server that lets everybody in, as a guest, cannot sign for us."""
    port = other_smbd(2445, "map to guest = Bad User", "guest account = nobody")
    words = ["-A", authfile("nemo", "Kx7"), "--use-kerberos=off"]
    result = run(server, "logoff", "2", *words, user=None, name=f"{server.name}:{port}")
    assert result.status in (LOGON, DENIED), result
    assert not server.calls() and server.done() == []


def test_a_password_on_the_command_line_is_refused(server, run):
    result = run(server, "query session", "-U", "alice%Kx7-for-alice", user=None)
    assert result.status == USAGE and "Kx7-for-alice" not in result.text
    assert not server.calls()


def test_an_authfile_that_others_can_read_is_refused(server, run, authfile):
    file = authfile("alice")
    file.chmod(0o644)
    assert run(server, "query session", "-A", file, user=None).status == USAGE
    assert not server.calls()


def test_no_password_in_what_is_said(server, run, domain, authfile):
    password = people.PASSWORDS["alice"]
    for env in ({}, {"LOGOFF_TSTS_DEBUG": "10"}):
        result = run(server, "query session", "-A", authfile("alice"), user=None, env=env)
        assert result.status == OK and password not in result.text
        assert password.encode("utf-16-le").hex() not in result.text.replace(" ", "").lower()


def on_terminal(run, server, typed, *words):
    """Runs `query session` on a terminal of its own, types when it is asked; gives status and all that was shown."""
    ours, theirs = pty.openpty()
    process = run.start(server, "query session", *words, user=None, stdin=theirs, stdout=theirs, stderr=theirs,
                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(theirs)
    shown = b""
    while True:
        ready = select.select([ours], [], [], 40)[0]
        try:
            data = os.read(ours, 4096) if ready else b""
        except OSError:  # the terminal has no user any more
            data = b""
        if not data:
            break
        shown += data
        if typed and b"assword" in shown and shown.endswith(b": "):
            os.write(ours, typed.pop(0))
    os.close(ours)
    return process.wait(20), shown.decode(errors="replace")


def test_a_password_on_the_terminal(server, run):
    status, shown = on_terminal(run, server, [b"Kx7-for-alice\n"], "-U", "AD.LAB\\alice")
    assert status == OK and "rdp-tcp#2" in shown and "Kx7" not in shown, shown
    assert {one["user"] for one in server.calls()} == {"alice"}


def test_a_wrong_password_on_the_terminal(server, run):
    """Asked once: accounts lock themselves."""
    status, shown = on_terminal(run, server, [b"Kx7-wrong\n", b"Kx7-for-alice\n"], "-U", "ADLAB\\alice")
    assert status == LOGON and shown.count("Password for") == 1 and "Kx7" not in shown, shown
    assert not server.calls()


@pytest.mark.parametrize("typed", [b"\x03", b"\n"], ids=["ctrl-c", "nothing"])
def test_no_password_on_the_terminal(server, run, typed):
    status, shown = on_terminal(run, server, [typed], "-U", "ADLAB\\alice")
    assert status in (CANCELLED, -signal.SIGINT), shown
    assert not server.calls()


def test_never_asked(server, run):
    status, shown = on_terminal(run, server, [b"Kx7-for-alice\n"], "-U", "ADLAB\\alice", "-N")
    assert status == LOGON and "assword" not in shown, shown


# -- rights --------------------------------------------------------------------------------------

def test_no_rights(server, run):
    result = run(server, "logoff", "4", user="alice")
    assert result.status == DENIED and "access denied" in result.err, result
    assert server.done() == [] and 4 in server.ids()


@pytest.mark.parametrize("interface", ["TermSrvSession", "TermSrvEnumeration"])
def test_refused_at_the_bind(server, run, interface):
    server.add(fault(f"bind-{interface}"))
    result = run(server, "logoff", "2")
    assert result.status in (DENIED, UNREACHABLE, LOGON), result
    assert server.done() == [] and "2" not in result.out


def test_refused_at_each_call(server, run):
    calls = ["GetAllSessionsEx", "GetAllSessions", "OpenEnum", "GetSessionInformationEx", "GetSessionInformation",
             "OpenSession"]
    server.add(*(fault(name, rpc=5) for name in calls))
    for command in (["logoff", "2"], ["query session"], ["msg", "2", "hello"]):
        result = run(server, *command)
        assert result.status == DENIED and "AllowRemoteRPC" in result.err, result
    assert server.done() == [] and server.deeds() == []


# -- what is demanded of the wire ----------------------------------------------------------------

def test_everything_is_signed(server, run):
    with TcpRelay(server, 4450) as relay:
        knows(run(server, "query session", user="alice", name=f"{server.name}:4450"), server)
    later = [head for head in relay.heads() if head[1] not in (0, 1)]  # not negotiation and log-on
    assert later and all(flags & SIGNED for protocol, _, flags in later if protocol == b"\xfeSMB"), relay.heads()
    assert not any(protocol == b"\xffSMB" for protocol, _, _ in relay.heads())


def test_nothing_is_readable(server, run):
    """The calls are sealed even where SMB is only signed."""
    with TcpRelay(server, 4450) as relay:
        knows(run(server, "query session", user="alice", name=f"{server.name}:4450"), server)
    stream = bytes(relay.from_server)
    assert "RDP-Tcp#2".encode("utf-16-le") not in stream and "ALICE-PC".encode("utf-16-le") not in stream


def test_encryption_is_required(server, run):
    with TcpRelay(server, 4450) as relay:
        knows(run(server, "query session", "--require-encryption", user="alice", name=f"{server.name}:4450"), server)
    later = [head for head in relay.heads() if head[1] not in (0, 1)]
    assert later and all(protocol == b"\xfdSMB" for protocol, _, _ in later), relay.heads()


def test_encryption_is_not_to_be_had(server, run):
    server.settings("smb encrypt = off")
    result = run(server, "query session", "--require-encryption", user="alice")
    assert result.status in (UNREACHABLE, DENIED) and "encrypt" in result.err, result
    assert not server.calls()
    knows(run(server, "query session", user="alice"), server)


def test_smb1_is_refused(server, run, domain, authfile, other_smbd):
    port = other_smbd(2446, "server min protocol = NT1", "server max protocol = NT1")
    words = ["smbclient", "-L", server.name, "-p", str(port), "-N", "--option=client min protocol=NT1"]
    assert "Anonymous login successful" in domain.run(words).text  # who speaks SMB 1 is understood there
    result = by_password(server, run, authfile("alice"), "off", f"{server.name}:{port}")
    assert result.status == UNREACHABLE, result
    assert not server.calls()


# -- where ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("form", ["{name}", "{short}", "{six}", "{name}:1445", "{six}:1445", "{NAME}"])
def test_names(server, run, form):
    name = form.format(name=server.name, short=server.short, six=server.six, NAME=server.name.upper())
    knows(run(server, "query session", user="alice", name=name), server)


@pytest.mark.parametrize("form", ["{address}", "{address}:1445", "[{address6}]", "[{address6}]:1445", "{address6}"])
def test_addresses(server, run, authfile, form):
    name = form.format(address=server.address, address6=server.address6)
    knows(run(server, "query session", "-A", authfile("alice"), user=None, name=name), server)


@pytest.mark.parametrize("name, words", [
    ("nowhere.ad.lab", "unknown host|looked up"), ("{name}:446", "refuses"), ("{address}:446", "refuses"),
    ("10.99.0.251", "")])
def test_not_there(server, run, authfile, name, words):
    name = name.format(name=server.name, address=server.address)
    result = run(server, "query session", "-A", authfile("alice"), user=None, name=name)
    assert result.status == UNREACHABLE and re.search(words, result.err), result


def test_a_machine_that_never_answers(server, run, authfile):
    result = run(server, "logoff", "2", "/wait:3", "-A", authfile("alice"), user=None, name="silent.ad.lab")
    assert result.status in (UNREACHABLE, NOT_ENDED), result
