# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts in one command, over real ssh: good hosts and every kind of bad one side by side."""

import re

import pytest

import sessions
from cases import OK, UNREACHABLE
from host import wait_until

LOGON = 8
TIMEOUT = 12  # longer than ssh's own of 10 s

# What is printed about each bad host, and the exit status of a command that asks it alone. The one with a bridge is half good.
BAD = {
    "off": ("cannot be reached (No route to host)", UNREACHABLE),
    "drops": ("cannot be reached (Connection timed out)", UNREACHABLE),
    "silent": ("cannot be reached (Connection timed out during banner exchange)", UNREACHABLE),
    "closed[1-2]": ("cannot be reached (Connection refused)", UNREACHABLE),
    "nameless": ("cannot be reached (Temporary failure in name resolution)", UNREACHABLE),
    "refuses": ("does not accept who you are (Permission denied (password).)", LOGON),
    "changed": ("its host key has changed", LOGON),
    "unknown": ("its host key is not known", LOGON),
    "hangs": ("no answer in time", UNREACHABLE),
    "bridge": ("logoff is not installed there; processes, xrdp clients and idle times are unknown", OK),
    "bare": ("logoff-host is not installed there, nor systemd's bridge", UNREACHABLE),
    "sudoer": ("does not accept who you are (a password is required)", LOGON),
    "disabled": ("answers wrongly (This account is currently not available.)", UNREACHABLE),
    "full": ("cannot be reached (Connection closed)", UNREACHABLE),
}


def query(network, *words, timeout=60, env=None):
    return network.admin.run(["query", *words], timeout=timeout, env=env)


def rows(result):
    """The host and the user of each row."""
    return sorted((line.split()[0], re.sub("^>", "", line.split()[1])) for line in result.out.splitlines()[1:])


def failures(result):
    """What is printed about hosts, by host."""
    found = {}
    for line in result.err.splitlines():
        match = re.fullmatch(r"query: ([\w.,\[\]-]+): (.*)", line)
        if match:
            found[match.group(1)] = match.group(2)
    return found


def test_where_is_she(network):
    """As root, and as somebody who has sudo there. The list is the same for each way to write the hosts."""
    opened = [sessions.ssh(network.login1, "alice"), sessions.ssh(network.login2, "alice")]
    sessions.ssh(network.login1, "bob")
    for words in (["/server:login[1-2]"], ["--server=login1,login2"], ["/server:@good,-noisy"],
                  ["/server:ssh://root@10.77.1.2,login2"]):
        result = query(network, "user", "alice", *words)
        assert (result.status, result.err) == (OK, ""), (words, result)
        first = "10.77.1.2" if "ssh://" in words[0] else "login1"
        assert rows(result) == [(first, "alice"), ("login2", "alice")], (words, result.out)
    assert all("fine" in one.sh("echo fine") for one in opened)


def test_our_own_connection_is_no_session(network):
    sessions.ssh(network.login1, "alice")
    result = query(network, "session", "/server:login[1-2]", "/columns:host,user")
    assert result.status == OK and rows(result) == [("login1", "alice")], result


def test_bad_hosts_and_good_ones(network):
    """One line for each bad host, or for those of the same cause, the rows of the good ones, all of it in time, and nothing that ssh or a host says by itself."""
    for host in network.far:
        sessions.ssh(host, "alice")

    result = query(network, "user", "alice", "/server:@good,@bad", f"/timeout:{TIMEOUT}")

    assert rows(result) == [("login1", "alice"), ("login2", "alice"), ("noisy", "alice")], result
    assert failures(result) == {host: text for host, (text, _) in BAD.items()}, result.err
    assert "query: bridge: the same host as noisy; its sessions count once\n" in result.err, "one tells it by its bus, one by logoff-host"
    assert len(result.err.splitlines()) == len(BAD) + 2, result.err
    assert result.err.splitlines()[-1].startswith("4 of 18 hosts answered, "), result.err
    assert result.status == LOGON
    assert result.seconds < TIMEOUT + 2


def on_a_terminal(network, command, seconds=60):
    """Runs a command with a terminal that ssh could ask a person on. Returns all that it shows."""
    return network.admin.run(["timeout", str(seconds), "script", "--quiet", "--command", command, "/dev/null"], timeout=seconds + 10).text


def test_nobody_is_asked(network):
    """With a terminal, ssh asks about a host key and for a password, and the ssh to a jump host does not know that it must not."""
    shown = on_a_terminal(network, f"query user /server:login1,refuses,unknown,unknown-jumped,sudoer /timeout:{TIMEOUT}")
    for word in ("fingerprint", "yes/no", "assword:", "Host key for", "Warning:", "root@"):
        assert word not in shown, shown
    assert "unknown,unknown-jumped: its host key is not known" in shown
    assert "1 of 5 hosts answered" in shown


def test_hosts_behind_a_crowded_one(network):
    """sshd shuts out some of 32 that connect at once; all are reached in the end."""
    sessions.ssh(network.trouble, "alice")
    result = query(network, "user", "alice", "/server:jumped[01-50]", "/parallel:32", "/timeout:100", timeout=110)
    assert result.status == OK and rows(result) == [("jumped01", "alice")], result
    assert result.err == "query: jumped[02-50]: the same host as jumped01; its sessions count once\n", result.err
    refused = network.trouble.check("journalctl --unit=sshd-2230 --output=cat")
    assert "MaxStartups" in refused, "nobody was shut out, so this case says nothing"


def test_shared_connections(network):
    """The first ssh leaves one behind that the next one uses, as its configuration wants; the command does not wait for it."""
    sessions.ssh(network.login1, "alice")
    config = network.admin.path("/root/.ssh/config")
    before = config.read_text()
    config.write_text(before + "Host *\n\tControlMaster auto\n\tControlPath /root/.ssh/shared-%C\n\tControlPersist 60\n")
    found = [query(network, "user", "alice", "/server:login1", "/columns:user", "/nolegend") for _ in range(2)]
    ended = network.admin.run("ssh -O exit 10.77.1.2")
    config.write_text(before)
    assert ended.status == 0, "there was no shared connection"
    assert [(result.status, result.out.split(), result.err) for result in found] == [(OK, ["alice"], "")] * 2, found
    assert max(result.seconds for result in found) < 5
    wait_until(lambda: not network.children(), 5, "the shared connection ends")


def test_new_logons_are_refused(network):
    """sshd tells why, and there is no second try."""
    network.trouble.path("/run/nologin").write_text("Closed until noon.\n")
    result = query(network, "user", "/server:noisy", f"/timeout:{TIMEOUT}")
    network.trouble.path("/run/nologin").unlink()
    assert (result.status, result.err) == (UNREACHABLE, "query: noisy: cannot be reached (Closed until noon.)\n"), result
    assert result.seconds < 4


@pytest.mark.parametrize("host", BAD)
def test_a_bad_host_alone(network, host):
    text, status = BAD[host]
    result = query(network, "user", f"/server:{host}", f"/timeout:{TIMEOUT}")
    assert (result.status, rows(result)) == (status, []), result
    assert failures(result) == {host: text}, result.err
    assert result.seconds < TIMEOUT + 2
