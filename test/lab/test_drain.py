# SPDX-License-Identifier: GPL-3.0-or-later
"""change logon: who can log on to a machine that is drained, by which service, and what the command says of it.

The host has the check in PAM's stacks, as pam-auth-update puts it there from the profile of this tree.
"""

import re
import subprocess
import time
from pathlib import Path

import pytest

import roots
import sessions
from cases import DENIED, OK, UNREACHABLE, USAGE
from host import wait_until
from test_stuck import hangfs, hanging  # noqa: F401: fixtures

PROFILE = Path(__file__).resolve().parents[2] / "src/drain/logoff-drain.in"
PROGRAM = "/usr/local/libexec/logoff/drain-refuses"
TEXT = "Kernel update until 18:00"
BEGIN_SESSIONS = {"sshd", "login", "remote", "xrdp-sesman", "tigervnc"}
ON = "DEBIAN_FRONTEND=noninteractive pam-auth-update --package --enable logoff-drain"


def set_up_pam(root):
    (root / "usr/share/pam-configs/logoff-drain").write_text(PROFILE.read_text().replace("@program@", PROGRAM))
    if roots.DEBIAN != "12":  # OpenSSH 9.8 punishes an address from which logons are refused
        (root / "etc/ssh/sshd_config.d/drain.conf").write_text("PerSourcePenalties no\n")
    subprocess.run(["chroot", root, "sh", "-c", ON], check=True, timeout=30, capture_output=True)


@pytest.fixture
def host(lend, request):
    name = "drain, restarted" if "restart" in request.function.__name__ else "drain"  # one that no other case has used
    one = lend("systemd", name, set_up_pam)
    yield one
    one.check(f"rm -rf /run/logoff /var/lib/logoff /etc/logoff /run/nologin; mv -f {PROGRAM}.away {PROGRAM} 2>/dev/null; {ON}; "
              "grep -q drain-refuses /etc/pam.d/common-account && change logon /query")


def change(host, *words, user=None):
    return host.run(["change", "logon", *words], user=user, timeout=60)


def drain(host, *words):
    """Sets a state, which must be proved."""
    result = change(host, *(words or ("/drain", TEXT)))
    assert result.status == OK, result.text
    assert not result.err
    return result


def assert_let_in_by_all(host, result):
    """The command says so of each service that the host has."""
    has = BEGIN_SESSIONS & {file.name for file in host.path("/etc/pam.d").iterdir()}
    assert {"sshd", "login", "xrdp-sesman"} <= has
    assert result.status == UNREACHABLE
    assert set(re.findall(r"logons through (\S+) are not refused \(PAM is not set up, or drain-refuses is in doubt; see change\(1\)\)", result.err)) == has, result.err


def ssh(host, user):
    """The output of a new login over ssh, and whether it came to be."""
    result = host.run(["ssh", "-T", "-o", "BatchMode=yes", "-o", "LogLevel=INFO", f"{user}@127.0.0.1", "echo", "in"])
    return result.text, result.status == 0 and result.out.endswith("in\n")


def assert_refused(host, user, text=TEXT):
    said, came_in = ssh(host, user)
    assert not came_in
    for line in text.splitlines():
        assert line in said


def assert_let_in(host, *users):
    for user in users:
        said, came_in = ssh(host, user)
        assert came_in, said
        assert TEXT not in said


def journal(host, since):
    return host.check(f"journalctl --sync; journalctl --no-pager -o cat --since=@{since}")


def now(host):
    return host.check("date +%s.%N")


def restart_machine(host):
    host.reboot()
    wait_until(lambda: not host.run("ss -ltn sport = :22 | grep -q LISTEN").status, 20, "sshd listens")


# ---- who is let in ----


def test_a_user_is_refused_with_the_text(host):
    open_before = sessions.ssh(host, "alice")
    result = drain(host)
    assert result.out.startswith("New sessions are refused.")
    assert_refused(host, "alice")
    assert_refused(host, "bob")
    assert_let_in(host, "root", "carol")
    assert open_before.sh("echo fine") == "fine"
    assert change(host, "/enable").status == OK
    assert_let_in(host, "alice", "bob")


def test_a_password_does_not_help(host):
    drain(host)
    host.check("printf '#!/bin/sh\\necho pw-alice\\n' >/tmp/ask; chmod 755 /tmp/ask")
    result = host.run("SSH_ASKPASS=/tmp/ask SSH_ASKPASS_REQUIRE=force setsid ssh -o LogLevel=INFO -o PubkeyAuthentication=no alice@127.0.0.1 echo in")
    assert result.status and TEXT in result.text, result.text


@pytest.mark.parametrize("text", [["Two", "words"], ["First line\nsecond line\n第三行"], ["x" * 1024], ["\x1b[2J"], []],
                         ids=["words", "lines", "long", "hostile", "none"])
def test_texts(host, text):
    drain(host, "/drain", *text)
    shown = {"Two": "Two words", "\x1b[2J": r"\x1b[2J"}.get((text or [""])[0], (text or ["This machine accepts no new logons at present."])[0])
    # PAM cuts a message at 511 bytes.
    assert_refused(host, "alice", shown[:500])
    assert "\x1b" not in ssh(host, "alice")[0]


def test_a_terminal(host):
    """login(1) asks PAM as well."""
    drain(host)
    client = host.start(["script", "--quiet", "--command", "exec login -f alice", "/dev/null"], stdin=subprocess.PIPE)
    sessions.Shell(client).expect(TEXT)
    client.communicate("", timeout=20)
    assert not host.session_ids()
    assert sessions.login(host, "carol").id


def test_what_begins_no_session_goes_on(host):
    drain(host, "/disable", TEXT)
    for command in ("su - alice -c 'echo in'", "su alice -c 'echo in'", "runuser -l alice -c 'echo in'", "sudo -u alice echo in",
                    "setpriv --reuid=carol --regid=carol --init-groups sh -c 'echo pw-carol | sudo -S echo in'"):
        result = host.run(command)
        assert result.out == "in\n", f"{command}: {result.text}"
    assert sessions.cron_job(host, "alice")
    host.check("systemctl start user@1000")
    assert host.unit_is_active("user@1000")
    host.check("systemctl start atd; rm -f /tmp/at-was-here; su bob -c 'echo touch /tmp/at-was-here | at now'")
    wait_until(host.path("/tmp/at-was-here").exists, 10, "at's job has run")


def test_groups_of_the_file(host):
    host.check("mkdir -p /etc/logoff; groupadd -f ops; gpasswd -a bob ops; echo 'group ops # who repairs' >/etc/logoff/drain.conf")
    drain(host)
    assert_let_in(host, "bob", "root")
    assert_refused(host, "alice")
    assert_refused(host, "carol")


# ---- coming back to a session ----


def connects(rdp, seconds=5):
    """Whether a client comes to its desktop."""
    rdp.connect()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not rdp.connected():
        time.sleep(0.1)
    return rdp.connected()


def assert_no_desktop(host, user, text):
    """A new RDP login is refused, and sesman's log has the text."""
    since, before = now(host), host.session_ids()
    client = host.start([roots.RELEASE.rdp_client, "/v:127.0.0.1", f"/u:{user}", f"/p:pw-{user}", "/cert:ignore"],
                        env={"DISPLAY": sessions.CLIENT_DISPLAY}, stderr=subprocess.STDOUT)
    log = "journalctl --sync; { journalctl --no-pager -o cat --since=@%s; cat /var/log/xrdp-sesman.log; } | grep -ac 'pam_acct_mgmt failed'" % since
    wait_until(lambda: int(host.run(log).out or 0) > 0, 15, "sesman has refused")
    time.sleep(1)
    assert host.session_ids() == before, text
    client.kill()
    client.wait(10)


@pytest.mark.parametrize("backend", ["Xorg", "Xvnc"])
def test_a_desktop_of_xrdp(host, backend):
    rdp = sessions.RdpSession(host, "alice", backend)
    host.check(": >/var/log/xrdp-sesman.log")
    rdp.disconnect()
    drain(host)

    rdp.reconnect()
    assert_no_desktop(host, "bob", TEXT)
    rdp.disconnect()
    drain(host, "/disable", TEXT)
    assert not connects(rdp)
    rdp.client.kill()
    drain(host, "/drainuntilrestart", TEXT)
    rdp.reconnect()
    assert host.session_ids() == [rdp.id]


WRITE_LINES = """
import dbus, os, sys
bus = dbus.SystemBus()
manager = dbus.Interface(bus.get_object('org.freedesktop.login1', '/org/freedesktop/login1'), 'org.freedesktop.login1.Manager')
session = dbus.Interface(bus.get_object('org.freedesktop.login1', manager.GetSession(os.environ['XDG_SESSION_ID'])), 'org.freedesktop.login1.Session')
session.TakeControl(False)
session.SetType('x11')
session.SetDisplay(sys.argv[1])
"""


def answers(host, user, *services):
    """Whether the check, which PAM is not asked for here, refuses the user's logons by these services."""
    status = [host.run(f"PAM_SERVICE={one} PAM_USER={user} {PROGRAM}").status for one in services]
    assert set(status) <= {0, 1}
    return ["in" if one else "refused" for one in status]


def test_lines_that_a_user_writes_into_a_file_of_logind(host):
    """logind writes the display that a user has set as it is."""
    alice = sessions.ssh(host, "alice")
    host.path("/tmp/write-lines").write_text(WRITE_LINES)
    sessions.fake(host, "bob", service="xrdp-sesman")
    drain(host)
    alice.sh("python3 /tmp/write-lines ':0\nSERVICE=xrdp-sesman\nX='")
    assert "\nSERVICE=xrdp-sesman\n" in host.path(f"/run/systemd/sessions/{alice.id}").read_text()

    assert answers(host, "alice", "xrdp-sesman", "sshd") == ["refused", "refused"]
    assert answers(host, "bob", "xrdp-sesman", "sshd") == ["in", "refused"]


def test_a_file_of_logind_that_a_user_makes_long(host):
    """It leaves in doubt only whether they themselves have a session to come back to."""
    alice = sessions.ssh(host, "alice")
    host.path("/tmp/write-lines").write_text(WRITE_LINES)
    drain(host)
    alice.sh("python3 /tmp/write-lines :0$(head -c 9000 /dev/zero | tr '\\0' 0)")
    assert host.path(f"/run/systemd/sessions/{alice.id}").stat().st_size > 9000
    since = now(host)

    assert answers(host, "bob", "xrdp-sesman", "gdm-password", "sshd") == ["refused"] * 3
    assert "lets in" not in journal(host, since)
    assert answers(host, "alice", "xrdp-sesman", "sshd") == ["in", "refused"]
    assert "xrdp-sesman lets in alice: the user's sessions: " in journal(host, since)


def test_screens_of_a_desktop_of_xrdp(host):
    """GNOME unlocks them by gdm's service."""
    sessions.fake(host, "alice", service="xrdp-sesman", type="x11", display=":10")
    for way in ("/drain", "/disable"):
        drain(host, way, TEXT)
        assert answers(host, "alice", "gdm-password", "lightdm", "login") == ["in", "refused", "refused"]
        assert answers(host, "bob", "gdm-password") == ["refused"]


# ---- a check that cannot tell ----


# A source of groups whose server is down. getgrouplist() passes over it.
DOWN = """
#include <errno.h>
#include <grp.h>
#include <nss.h>
enum nss_status _nss_down_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, int *error);
enum nss_status _nss_down_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, int *error)
{ (void)name; (void)group; (void)buffer; (void)size; *error = ECONNREFUSED; return NSS_STATUS_UNAVAIL; }
enum nss_status _nss_down_initgroups_dyn(const char *user, gid_t one, long *n, long *size, gid_t **groups, long limit, int *error);
enum nss_status _nss_down_initgroups_dyn(const char *user, gid_t one, long *n, long *size, gid_t **groups, long limit, int *error)
{ (void)user; (void)one; (void)n; (void)size; (void)groups; (void)limit; *error = ECONNREFUSED; return NSS_STATUS_UNAVAIL; }
"""


def test_a_source_of_groups_that_is_down(host, tmp_path):
    """Alice may be in the group there, which the files have as well."""
    (tmp_path / "down.c").write_text(DOWN)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "library", tmp_path / "down.c"], check=True, timeout=60)
    folder = host.check("ls -d /lib/*-linux-gnu | head -n 1")
    host.path(f"{folder}/libnss_down.so.2").write_bytes((tmp_path / "library").read_bytes())
    host.check("mkdir -p /etc/logoff; echo group sudo >/etc/logoff/drain.conf")
    drain(host)
    assert_refused(host, "alice")
    since = now(host)
    host.check("sed -i 's/^group:.*/group: files down/' /etc/nsswitch.conf")
    try:
        assert_let_in(host, "alice", "carol")
    finally:
        host.check("sed -i 's/^group:.*/group: files/' /etc/nsswitch.conf")
    said = journal(host, since)
    assert "sshd lets in alice: the user's groups: Connection refused" in said
    assert "lets in carol" not in said


@pytest.mark.parametrize("spoil", [
    "rm {0}; mkfifo {0}", "echo drain >{0}", "rm {0}; ln -s /etc/passwd {0}", "rm {0}; mkdir {0}", "truncate -s 1G {0}", "chown bob {0}",
], ids=["fifo", "text", "link", "folder", "huge", "owner"])
def test_a_state_that_is_none(host, spoil):
    drain(host)
    since = now(host)
    host.check(spoil.format("/var/lib/logoff/drain"))

    assert_let_in(host, "alice")

    assert "sshd lets in alice: /var/lib/logoff/drain: " in journal(host, since)
    result = change(host, "/query")
    assert result.status == UNREACHABLE
    assert re.search("whether logons are refused is unknown: /var/lib/logoff/drain ", result.err)
    assert not result.out
    host.check("rm -rf /var/lib/logoff/drain")
    drain(host)
    assert_refused(host, "alice")


def test_a_list_of_groups_that_is_wrong(host):
    host.check("mkdir -p /etc/logoff; echo ops >/etc/logoff/drain.conf")
    result = change(host, "/drain")
    assert result.status == UNREACHABLE
    assert "unknown: /etc/logoff/drain.conf " in result.err
    assert_let_in(host, "alice")


@pytest.mark.parametrize("spoil", [
    "rm {0}", "printf '#!/bin/sh\\nkill -SEGV $$\\n' >{0}", "chmod 644 {0}", "printf 'not a program' >{0}", "printf '#!/bin/sh\\nexit 3\\n' >{0}",
], ids=["missing", "crashing", "not-executable", "garbage", "failing"])
def test_a_program_that_does_not_run(host, spoil):
    drain(host)
    host.check(f"cp -a {PROGRAM} {PROGRAM}.away; " + spoil.format(PROGRAM))

    assert_let_in(host, "alice")
    result = change(host, "/drain", TEXT)

    assert_let_in_by_all(host, result)
    assert host.path("/var/lib/logoff/drain").exists()


def test_a_file_system_that_hangs(host, hangfs):
    """A process that asks it cannot be ended."""
    drain(host, "/drainuntilrestart", TEXT)
    assert_refused(host, "alice")
    host.check(f"rm -rf /var/lib/logoff; ln -s {hangfs} /var/lib/logoff")
    since, begun = now(host), time.monotonic()

    said, came_in = ssh(host, "alice")

    assert came_in, said
    assert 0.9 < time.monotonic() - begun < 5
    assert "sshd lets in alice: no answer within a second" in journal(host, since)
    host.check("rm /var/lib/logoff")


def test_a_logon_while_the_state_changes(host):
    """Nobody sees half a state, or none between two."""
    drain(host)
    writer = host.start("for i in $(seq 60); do change logon /drainuntilrestart one; change logon /drain two; done")
    answers = []
    while writer.poll() is None:
        answers.append(host.run(f"PAM_SERVICE=sshd PAM_USER=alice {PROGRAM}"))
    assert len(answers) > 20
    assert {one.status for one in answers} == {0}
    assert {one.out.strip() for one in answers} <= {TEXT, "one", "two"}


def test_the_log_is_quiet(host):
    """pam_exec would log each logon that is not refused as an error."""
    since = now(host)
    assert_let_in(host, "alice")
    host.check("su alice -c true")
    drain(host)
    assert_let_in(host, "carol")
    assert_refused(host, "alice")
    assert not re.search("pam_exec|drain", journal(host, since)), journal(host, since)


# ---- the command ----


def test_restarts(host):
    drain(host, "/drain", TEXT)
    restart_machine(host)
    assert_refused(host, "alice")
    result = change(host, "/query")
    assert result.status == OK
    assert "This remains after a restart." in result.out
    assert re.search(r"^Since \S+ \S+, by root\.$", result.out, re.M)
    assert f"\n  {TEXT}\n" in result.out

    for way in ("/drainuntilrestart", "/disable"):
        drain(host, way, TEXT)
        assert not host.path("/var/lib/logoff/drain").exists()
        assert "This ends at the next restart." in change(host, "/query").out
        assert_refused(host, "alice")
        restart_machine(host)
        assert change(host, "/query").out == "New logons are accepted.\n"
        assert_let_in(host, "alice")


def test_services_that_begin_anew_do_not_enable(host):
    drain(host)
    host.check("systemctl restart systemd-user-sessions ssh")
    assert_refused(host, "alice")


def test_without_the_profile(host):
    host.check("pam-auth-update --package --remove logoff-drain")
    assert "drain" not in host.check("cat /etc/pam.d/common-account")
    result = change(host, "/drain", TEXT)
    assert_let_in_by_all(host, result)
    assert_let_in(host, "alice")
    query = change(host, "/query")
    assert query.status == UNREACHABLE and query.err == result.err
    host.check(ON)
    assert_refused(host, "alice")       # the state has stayed
    assert change(host, "/query").status == OK


def test_a_refusal_for_another_reason_proves_nothing(host):
    host.check("pam-auth-update --package --remove logoff-drain; echo maintenance >/run/nologin")
    result = change(host, "/drain", TEXT)
    assert result.status == UNREACHABLE
    assert "whether logons through sshd are refused is unknown" in result.err
    query = change(host, "/query")
    assert "/run/nologin exists: services that look at it let only root in." in query.out


def test_the_same_text_from_another_module_proves_nothing(host):
    host.check(f"pam-auth-update --package --remove logoff-drain; printf '%s' '{TEXT}' >/run/nologin")
    assert_refused(host, "alice")       # with these words, by pam_nologin
    result = change(host, "/drain", TEXT)
    assert result.status == UNREACHABLE
    assert "whether logons through sshd are refused is unknown" in result.err


def test_other_modules_that_refuse_beside_the_check(host):
    """Refused before the check is asked, its answer is unknown. Refused beside it, it is proved all the same."""
    host.check("echo maintenance >/run/nologin")
    drain(host)
    host.check("rm /run/nologin; cp /etc/pam.d/sshd /root/sshd.pam; echo '- : nobody : ALL' >/root/access.conf; "
               "sed -i '1i account requisite pam_access.so accessfile=/root/access.conf' /etc/pam.d/sshd")
    try:
        for words in (["/drain", TEXT], ["/query"]):
            result = change(host, *words)
            assert (result.status, result.err) == (UNREACHABLE, "change: whether logons through sshd are refused is unknown\n")
        assert_refused(host, "alice")
    finally:
        host.check("mv /root/sshd.pam /etc/pam.d/sshd")


ASK_WITH_VARIABLES = """
import ctypes, sys
pam, handle, shown = ctypes.CDLL('libpam.so.0'), ctypes.c_void_p(), []
class Message(ctypes.Structure):
    _fields_ = [('style', ctypes.c_int), ('text', ctypes.c_char_p)]
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)), ctypes.c_void_p, ctypes.c_void_p)
def converse(n, messages, responses, data):
    shown.append(messages[0].contents.text.decode())
    return 19
class Conversation(ctypes.Structure):
    _fields_ = [('converse', type(converse)), ('data', ctypes.c_void_p)]
conversation = Conversation(converse, None)
assert pam.pam_start(b'sshd', b'alice', ctypes.byref(conversation), ctypes.byref(handle)) == 0
for variable in sys.argv[1:]:
    assert pam.pam_putenv(handle, variable.encode()) == 0
print(pam.pam_acct_mgmt(handle, 0) != 0, *shown)
"""


@pytest.mark.parametrize("variables", [[], ["PAM_USER=carol"], ["PAM_USER=root", "PAM_SERVICE=cron", "PAM_TYPE=session"]], ids=["none", "user", "all"])
def test_variables_that_a_service_has_set(host, variables):
    """pam_exec passes them on, before those of its own."""
    host.path("/tmp/ask-with-variables").write_text(ASK_WITH_VARIABLES)
    drain(host)
    assert host.check(f"python3 /tmp/ask-with-variables {' '.join(variables)}") == f"True {TEXT}"


def test_how_many_sessions_are_left(host):
    drain(host)
    assert "Drained: no session is left." in change(host, "/query").out
    change(host, "/enable")
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    sessions.fake(host, "carol", class_="greeter")
    drain(host)
    assert "Draining: 2 sessions are left." in change(host, "/query").out
    bob.leave()
    wait_until(lambda: not bob.exists(), what="bob has left")
    assert "Draining: 1 session is left." in change(host, "/query").out
    # who asks does not count
    assert "Drained: no session is left." in alice.sh("change logon /query")


def test_who_may(host):
    for way in ("/drain", "/enable", "/disable", "/drainuntilrestart"):
        result = change(host, way, user="carol")
        assert (result.status, result.out) == (DENIED, "")
        assert result.err == "change: only root can change whether logons are accepted\n"
    carol = sessions.ssh(host, "carol")
    carol.sh("echo pw-carol | sudo -S -p '' chglogon /drain Update 2>&1")
    query = change(host, "/query", user="alice")
    assert query.status == OK, query.text
    assert ", by carol." in query.out
    assert_refused(host, "alice", "Update")


def test_usage(host):
    assert change(host).status == USAGE
    assert change(host, "/server:@nobody", "/query").status == USAGE
    assert change(host, "/query").out == change(host, "/server:localhost", "/query").out == "New logons are accepted.\n"


# ---- far hosts, from the administrator's ----


@pytest.fixture
def far(network):
    """The hosts login1, where the administrator is root, and login2, where carol has sudo; PAM is set up there."""
    hosts = [network.login1, network.login2]
    for one in hosts:
        one.path("/usr/share/pam-configs/logoff-drain").write_text(PROFILE.read_text().replace("@program@", PROGRAM))
        one.check(f"{ON}; if sshd -T | grep -qi persourcepenalties; then echo PerSourcePenalties no >/etc/ssh/sshd_config.d/drain.conf; systemctl reload ssh; fi")
    yield hosts
    for one in hosts:
        one.check("rm -rf /run/logoff /var/lib/logoff; pam-auth-update --package --remove logoff-drain; "
                  "rm -f /usr/share/pam-configs/logoff-drain /etc/ssh/sshd_config.d/drain.conf")
    for one in (network.admin, network.trouble):
        assert not one.path("/var/lib/logoff").exists() and not one.path("/run/logoff").exists(), "a host that was not meant"


def test_two_hosts_from_a_third(network, far):
    login1, login2 = far
    alice = sessions.ssh(login1, "alice")
    wait_until(lambda: change(network.admin, "/query", "/server:login[1-2]").out == "login[1-2]: New logons are accepted.\n", what="both accept logons")

    result = change(network.admin, "/drain", "/server:login[1-2]", *TEXT.split())

    assert (result.status, result.err) == (OK, "")
    assert result.out == ("login[1-2]: New sessions are refused. Users may reconnect to those that they have.\n"
                          "login[1-2]: This remains after a restart.\n")
    for one in far:
        assert_refused(one, "alice")
        assert_refused(one, "bob")
        assert_let_in(one, "root", "carol")
        assert change(one, "/query").status == OK
    assert alice.sh("echo fine") == "fine"
    query = change(network.admin, "/query", "/server:login[1-2]")
    assert (query.status, query.err) == (OK, "")
    for name, by, left in (("login1", "root", "Draining: 1 session is left."), ("login2", "carol", "Drained: no session is left.")):
        assert re.search(rf"^{name}: Since \S+ \S+, by {by} for root@\S+\.$", query.out, re.M), query.out
        assert f"{name}:   {TEXT}\n" in query.out and f"{name}: {left}\n" in query.out, query.out

    assert change(network.admin, "/enable", "/server:login[1-2]").out == "login[1-2]: New logons are accepted.\n"
    for one in far:
        assert_let_in(one, "alice", "bob")


def test_one_of_two_is_not_set_up(network, far):
    far[1].check("pam-auth-update --package --remove logoff-drain")
    for words in (["/drain", "/server:login[1-2]", TEXT], ["/query", "/server:login[1-2]"]):
        result = change(network.admin, *words)
        assert result.status == UNREACHABLE
        assert set(re.findall(r"^change: (\S+): logons through \S+ are not refused \(PAM is not set up, or drain-refuses is in doubt; see change\(1\)\)$", result.err, re.M)) == {"login2"}, result.err
    assert_refused(far[0], "alice")
    assert_let_in(far[1], "alice")


def test_a_far_user_who_is_not_root(network, far):
    for way in ("/drain", "/enable"):
        result = change(network.admin, way, "/server:noisy")
        assert (result.status, result.out, result.err) == (DENIED, "", "change: noisy: only root can change whether logons are accepted\n")
    assert change(network.admin, "/query", "/server:noisy").out == "New logons are accepted.\n"


def test_the_user_of_ssh_is_refused_too(network, far):
    """They could not take it back, which is said at once: by "change" as a line, by "logoff /drain" and for programs too."""
    network.admin.path("/root/bob.hosts").write_text("mine ssh host=10.77.1.2 user=bob sudo\n")
    env = {"LOGOFF_HOSTS_FILE": "/root/bob.hosts"}
    sudoers = far[0].path("/etc/sudoers.d/bob")
    said = "mine: bob: is refused too, and can then not log on to accept logons again\n"
    try:
        for words, program in ((["change", "logon", "/drain"], "change"), (["logoff", "/all", "/drain", "/y"], "logoff")):
            sudoers.write_text("bob ALL=(root) NOPASSWD: ALL\n")
            result = network.admin.run([*words, "/server:mine"], env=env)
            assert (result.status, result.err) == (OK, f"{program}: {said}"), result
            assert_refused(far[0], "bob", "accepts no new logons")
            assert change(far[0], "/enable").err == ""
        result = network.admin.run(["change", "logon", "/drain", "/json:lines", "/server:mine"], env=env)
        assert '"kind":"caller-refused","object":"bob","cause":null,"exit_status":0}' in result.out, result
    finally:
        sudoers.unlink()


def test_hosts_that_are_off_or_have_only_their_bus(network, far):
    """What asks the bus runs on the administrator's host, whose logons are not meant."""
    result = change(network.admin, "/drain", "/server:login1,off,bridge,ts1", "/timeout:12", TEXT)
    assert result.status == UNREACHABLE
    assert {line.split(": ")[0] for line in result.out.splitlines()} == {"login1"}
    for name, said in (("off", "cannot be reached (No route to host)"), ("bridge", "this host cannot do that"),
                       ("ts1", "this host cannot do that (not over this protocol)")):
        assert f"change: {name}: {said}\n" in result.err, result.err
    assert "2 of 4 hosts answered" in result.err
    assert_refused(far[0], "alice")


def test_a_connection_that_breaks(network, far):
    """The host carries the order out; the command says that it does not know."""
    far[0].check("cp /etc/pam.d/sshd /root/sshd.pam; sed -i '1i account optional pam_exec.so quiet quiet_log /bin/sleep 3' /etc/pam.d/sshd")
    try:
        command = network.admin.start(["change", "logon", "/drain", "/server:login1", TEXT], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: far[0].path("/var/lib/logoff/drain").exists(), what="the host has the order")
        network.admin.check("pkill -KILL -x ssh")
        out, err = command.communicate(timeout=30)
    finally:
        far[0].check("mv /root/sshd.pam /etc/pam.d/sshd")
    assert (command.returncode, out) == (UNREACHABLE, "")
    assert err == "change: login1: the connection broke\nchange: login1: it is unknown whether this was done\n"
    assert_refused(far[0], "alice")
    assert change(network.admin, "/query", "/server:login1").status == OK
