# SPDX-License-Identifier: GPL-3.0-or-later
"""logoff-server-check on real hosts: it names what is missing, and nothing else, and says 0 only if a call has worked."""

import re
import shlex

import pytest

import bed
from host import wait_until

WORKS, PROBLEM, NOT_PROVED = 0, 2, 3
SETTINGS = "/etc/logoff/logoff-server.conf"
SMB_CONF = "/etc/samba/smb.conf"
RULE = "/etc/polkit-1/rules.d/50-logoff-server.rules"
NO_CALL = "The call over the pipe has failed."
RESTART = "systemctl reset-failed smbd; systemctl restart smbd; systemctl is-active smbd"


def check(one, *words, user=None, env=None):
    """Runs the program on the session host itself, as that user of it with a file, or without any account."""
    if user:
        file = one.host.path(f"/root/check-{user}")
        file.touch(0o600)
        domain, _, name = one.account(user).rpartition("/")
        file.write_text(f"username={name}\npassword={one.password(user)}\n" + (f"domain={domain}\n" if domain else ""))
        words = ("--authentication-file", f"/root/check-{user}", *words)
    return one.host.run(["logoff-server-check", *words], env=env, timeout=120)


def found(result, word):
    """What stands behind this first word of a line."""
    return re.findall(rf"^{word} +(.*)$", result.out, re.M)


def assert_ready(one):
    result = wait_until(lambda: (lambda said: said.status == WORKS and said)(check(one, user=one.own)), 60, "the host is whole again")
    assert found(result, "problem") == [], result
    return result


def test_a_host_that_was_installed_by_the_chapter(any_host):
    result = assert_ready(any_host)

    assert any("A call over the pipe" in line for line in found(result, "ok")), result
    assert any(RULE in line for line in found(result, "ok")), result
    assert "Windows' commands can manage this machine." in result.out, result


def test_without_an_account_nothing_is_proved(any_host):
    result = check(any_host)

    assert result.status == NOT_PROVED, result
    assert any("there is no account to call as" in line for line in found(result, "unknown")), result
    assert found(result, "problem") == [], result


def test_a_wrong_password_proves_nothing(alone):
    file = alone.host.path("/root/check-wrong")
    file.touch(0o600)
    file.write_text("username=alice\npassword=wrong\n")

    result = check(alone, "-A", "/root/check-wrong")

    assert result.status == NOT_PROVED, result
    assert any("the account was not accepted" in line for line in found(result, "unknown")), result


def test_a_password_that_nobody_can_give_is_not_a_wrong_one(alone):
    result = alone.host.run(["setsid", "-w", "logoff-server-check", "-U", "alice"], timeout=120)

    assert result.status == NOT_PROVED, result
    assert any("no password was given" in line for line in found(result, "unknown")), result
    assert "not accepted" not in result.out + result.err, result


def test_with_a_ticket(member):
    member.host.check(f"kinit -c FILE:/root/check-ticket {member.own}@{bed.people.REALM} <<< {shlex.quote(member.password(member.own))}")

    result = check(member, env={"KRB5CCNAME": "FILE:/root/check-ticket"})

    assert result.status == WORKS, result


def test_a_plain_user_is_told_what_only_root_can_see(alone):
    result = alone.host.run(["logoff-server-check"], user="alice", timeout=120)

    assert result.status == NOT_PROVED, result
    assert any("whether the pipe can be reached" in line for line in found(result, "unknown")), result
    assert any("which accounts have a password" in line for line in found(result, "unknown")), result
    assert found(result, "problem") == [], result


def insert(line):
    """A command that adds a line to [global] of smb.conf."""
    return f"cp {SMB_CONF} /root/smb.conf && sed -i 's/^\\[global\\]/[global]\\n\\t{line}/' {SMB_CONF}"


CONF_BACK = f"cp /root/smb.conf {SMB_CONF}; {RESTART}"
WORKER_BACK = f"rm -f {bed.WORKER}; mv /root/rpcd_logoff {bed.WORKER}; {RESTART}"

ANY_CALL = "rpcclient -U alice%pw-alice -c srvinfo 127.0.0.1"  # for this Samba looks for its workers

# What breaks the host, what mends it, and what is said of it.
BREAKS = {
    "smbd": ("systemctl stop smbd", RESTART, ["smbd does not run.", "Nobody listens on port 445, which Windows calls."]),
    "port": (f"{insert('smb ports = 139')}; {RESTART}", CONF_BACK, ["Nobody listens on port 445, which Windows calls."]),
    "loopback": (f"{insert('interfaces = lo')}; sed -i 's/^.interfaces = lo/&\\n\\tbind interfaces only = yes/' {SMB_CONF}; {RESTART}",
                 CONF_BACK, ["On port 445 a program listens for this machine only."]),
    # smbd goes on with what it has read before, so the call works.
    "smb.conf": (insert("security = nonsense"), CONF_BACK,
                 ["Samba's settings are not valid: WARNING: Ignoring invalid value 'nonsense' for parameter 'security'"]),
    "no helpers": (f"{insert('rpc start on demand helpers = no')}; {RESTART}", CONF_BACK,
                   ["Samba may not start samba-dcerpcd itself, and it does not run."]),
    "worker": (f"mv {bed.WORKER} /root/; {RESTART}", WORKER_BACK, ["The worker is not in Samba's folder /usr/libexec/samba."]),
    "another Samba": (f"mv {bed.WORKER} /root/; printf '#!/bin/sh\\necho version not found >&2; exit 1\\n' >{bed.WORKER}; "
                      f"chmod +x {bed.WORKER}; {RESTART}; {ANY_CALL}", WORKER_BACK, ["The worker does not name its pipes: version not found"]),
    "too early": (f"mv {bed.WORKER} /root/; {RESTART}; {ANY_CALL}; mv /root/rpcd_logoff {bed.WORKER}",
                  RESTART, ["Samba looked for its workers before this one was there: the pipe is missing."]),
    "logoff-host": ("mv /usr/local/bin/logoff-host /root/; pkill -x logoff-host; pkill rpcd_logoff; true",
                    "mv /root/logoff-host /usr/local/bin/", ["/usr/local/bin/logoff-host cannot be run: No such file or directory"]),
    "settings": (f"mkdir -p /etc/logoff; echo 'querry = x' >{SETTINGS}; {RESTART}", f"rm {SETTINGS}; {RESTART}",
                 [f"The settings are wrong, and no worker starts with them: {SETTINGS}, line 1: the key is not known"]),
    "open settings": (f"mkdir -p /etc/logoff; echo 'warn = 0' >{SETTINGS}; chmod 666 {SETTINGS}; {RESTART}", f"rm {SETTINGS}; {RESTART}",
                      [f"The settings are wrong, and no worker starts with them: {SETTINGS}: is not a file that only root can change"]),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_missing_is_named(alone, what):
    spoil, mend, said = BREAKS[what]
    alone.host.run(spoil, timeout=60)
    try:
        result = check(alone, user="alice")
        assert result.status == PROBLEM, result
        assert found(result, "problem") == said + ([] if what == "smb.conf" else [NO_CALL]), result
    finally:
        alone.host.run(mend, timeout=60)
    assert_ready(alone)


OLDER = f"The worker runs since before {SETTINGS} was changed, and goes on with what stood there."


def mend_as_told(one, result, said):
    """Runs the line below what was said."""
    one.host.check("systemctl reset-failed smbd winbind; " + result.out.partition(f"{said}\n")[2].partition("\n")[0], timeout=60)


@pytest.mark.parametrize("line, wrong", [("warn = 0", []),
                                         ("querry = x", [f"The settings are wrong, and no worker starts with them: {SETTINGS}, line 1: the key is not known"])])
def test_a_worker_that_is_older_than_its_settings(any_host, line, wrong):
    """It goes on with the former ones; so the call works. Without the file nobody knows what stood there."""
    any_host.wake()
    any_host.host.check(f"mkdir -p /etc/logoff; echo '{line}' >{SETTINGS}")
    try:
        result = check(any_host, user=any_host.own)
        assert result.status == PROBLEM, result
        assert found(result, "problem") == [*wrong, OLDER], result
    finally:
        any_host.host.check(f"rm {SETTINGS}")
    gone = check(any_host, user=any_host.own)
    assert any("If that was logoff-server.conf, the worker goes on" in line for line in found(gone, "unknown")), gone

    mend_as_told(any_host, result, OLDER)
    any_host.wake()
    assert "goes on" not in assert_ready(any_host).out


def test_a_worker_that_is_put_into_its_folder_as_told(any_host):
    any_host.host.check(f"rm {bed.WORKER}; systemctl try-restart 'winbind*'; {RESTART}", timeout=60)
    result = check(any_host, user=any_host.own)
    assert result.status == PROBLEM, result

    mend_as_told(any_host, result, "The worker is not in Samba's folder /usr/libexec/samba.")
    assert_ready(any_host)


def test_nobody_with_a_password(alone):
    alone.host.check("cp /var/lib/samba/private/passdb.tdb /root/ && for user in alice bob carol; do pdbedit -x $user; done")
    try:
        result = check(alone, user="alice")
        assert result.status == PROBLEM, result
        assert "No account of this machine has a password for Samba: nobody can call." in found(result, "problem"), result
        assert result.out.count("First mend the problems above.") == 1 and "says more" not in result.out, result
    finally:
        alone.host.check(f"cp /root/passdb.tdb /var/lib/samba/private/; {RESTART}", timeout=60)
    assert_ready(alone)


# What is no hindrance, but may be unexpected.
NOTES = {
    "rule": (f"mv {RULE} /root/", f"mv /root/50-logoff-server.rules {RULE}", "No rule of polkit gives Full Control"),
    "polkit": ("systemctl mask --runtime --now polkit", "systemctl unmask --runtime polkit; systemctl start polkit", "polkit does not answer"),
    # This host asks winbind too, which does not run: whether winbind knows the group is then unknown.
    "group": ("sed -i 's/^rds-admins:/rds-others:/' /etc/group", "sed -i 's/^rds-others:/rds-admins:/' /etc/group",
              "There is no group rds-admins|It is unknown whether there is a group rds-admins"),
}


@pytest.mark.parametrize("what", NOTES)
def test_who_has_full_control_is_noted(alone, what):
    spoil, mend, said = NOTES[what]
    alone.host.check(spoil)
    try:
        result = check(alone, user="alice")
        assert result.status == WORKS, result
        assert any(re.match(said, line) for line in found(result, "note") + found(result, "unknown")), result
    finally:
        alone.host.check(mend)


NO_MEMBER = "This machine's own files name no member of the group rds-admins."


def test_a_group_without_a_member_is_noted(alone):
    """With winbind it is unknown, as that may know of one."""
    alone.host.check("cp /etc/nsswitch.conf /root/ && sed -Ei '/^(passwd|group):/s/$/ winbind/' /etc/nsswitch.conf && gpasswd -d bob rds-admins")
    try:
        result = check(alone, user="alice")
        assert result.status == WORKS, result
        assert any(line.startswith(NO_MEMBER.rstrip(".")) and "elsewhere" in line for line in found(result, "unknown")), result

        alone.host.check("sed -Ei '/^(passwd|group):/s/ winbind//g' /etc/nsswitch.conf")
        result = check(alone, user="alice")
        assert result.status == WORKS, result
        assert NO_MEMBER in found(result, "note"), result

        alone.host.check(result.out.partition(f"{NO_MEMBER}\n")[2].partition("\n")[0].partition(": ")[2].replace("NAME", "bob"))
        assert "The group rds-admins has members." in found(check(alone, user="alice"), "ok")
    finally:
        alone.host.check("cp /root/nsswitch.conf /etc/ && usermod --append --groups rds-admins bob")


def test_a_domain_that_cannot_be_asked(member):
    member.host.check("systemctl stop winbind", timeout=60)
    try:
        result = check(member, user=member.own)
        assert result.status == PROBLEM, result
        assert "winbind does not answer; a member of a domain needs it." in found(result, "problem"), result
    finally:
        member.host.check(f"systemctl start winbind; {RESTART}", timeout=60)
    member.wake()
