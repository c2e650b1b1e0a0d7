# SPDX-License-Identifier: GPL-3.0-or-later
"""What session managers and servers do in their own ways, release by release."""

import pytest

import sessions
from cases import NO_SESSION, OK, assert_logged_off, assert_untouched, logoff
from host import wait_until


@pytest.fixture
def elogind(lend):
    return lend("elogind")


# -- elogind, which since 255 ends no process and forgets few sessions ----------------------------

def listed(host):
    """What elogind has a record of."""
    return [line.split()[0] for line in host.check("loginctl list-sessions --no-legend").splitlines()]


@pytest.mark.parametrize("load", ["true", "stubborn -d keeper"], ids=["ordinary", "stubborn"])
def test_elogind_lets_go_of_what_root_has_ended(elogind, load):
    session = sessions.ssh(elogind, "alice")
    session.sh(load)
    before = session.processes()

    assert_logged_off(logoff(elogind, session.id, "/grace:1"), session, before)

    assert session.id not in listed(elogind)


def test_who_has_left_elogind_is_not_logged_on(elogind):
    """Its record of a session may stay when the user has typed `exit`."""
    session, kept = sessions.ssh(elogind, "alice"), sessions.ssh(elogind, "bob")
    session.leave()
    assert session.ended_for_client()
    wait_until(lambda: not session.processes(), 5, "nobody is in it")

    shown = elogind.run(["query", "session", "--no-legend"])

    assert shown.status == OK and [line.split()[2] for line in shown.out.splitlines()] == [kept.id], shown.text


def test_who_has_left_and_whose_groups_are_removed(elogind):
    """Nobody is in a group that is not there."""
    session, kept = sessions.ssh(elogind, "alice"), sessions.ssh(elogind, "bob")
    session.leave()
    assert session.ended_for_client()
    wait_until(lambda: not session.processes(), 5, "nobody is in it")
    elogind.run("find /sys/fs/cgroup/user.slice/user-1000.slice -depth -type d -exec rmdir {} +")

    shown = elogind.run(["query", "session", "--no-legend"])

    assert shown.status == OK and kept.id in shown.out and "alice" not in shown.out, shown.text


# -- callers who are in no session, of which each logind speaks in its own words ------------------

OUTSIDE = {
    "runuser": "runuser -u alice -- {}",
    "pid namespace": "unshare --fork --pid --mount-proc {}",
    "pid and cgroup namespace": "unshare --fork --pid --cgroup --mount-proc {}",
    "service": "systemd-run --quiet --pipe --wait {}",
    "user's service": "systemctl start user@1000; systemd-run --user --machine=alice@ --quiet --pipe --wait {}",
}


@pytest.mark.parametrize("flavour", ["systemd", "elogind"])
@pytest.mark.parametrize("way", OUTSIDE)
def test_in_no_session(lend, flavour, way):
    if flavour == "elogind" and "service" in way:
        pytest.skip("no systemd, no services")
    host = lend(flavour)
    kept = sessions.ssh(host, "alice")
    before = kept.processes()

    result = host.run(OUTSIDE[way].format("/usr/local/bin/logoff"))

    assert result.status == NO_SESSION, result.text
    assert result.text == "logoff: you are not in a session; give a session name or id\n"
    assert_untouched(kept, before)


@pytest.mark.parametrize("flavour", ["systemd", "elogind"])
def test_in_no_session_from_cron(lend, flavour):
    """Its jobs have an audit session each, of which logind knows nothing."""
    host = lend(flavour)
    kept = sessions.ssh(host, "alice")
    before = kept.processes()
    said = host.path("/tmp/said")
    said.unlink(missing_ok=True)
    script = host.path("/usr/local/bin/job")
    script.write_text("#!/bin/sh\n/usr/local/bin/logoff >/tmp/saying 2>&1; echo $? >>/tmp/saying; mv /tmp/saying /tmp/said\n")
    script.chmod(0o755)
    host.path("/etc/cron.d/lab").write_text("@reboot alice /usr/local/bin/job\n")
    host.check("rm -f /run/crond.reboot; " +
               ("systemctl restart cron" if flavour == "systemd" else "pkill -x cron; sleep 0.1; cron"))

    wait_until(said.exists, 15, "the job runs")

    assert said.read_text().splitlines() == ["logoff: you are not in a session; give a session name or id", str(NO_SESSION)]
    assert_untouched(kept, before)


# -- addresses ------------------------------------------------------------------------------------

def test_address_of_ipv4_is_shown_as_such(logind_host):
    """Servers that listen on IPv6 tell the other form of it."""
    session = sessions.fake(logind_host, remote_host="::ffff:10.9.9.9", service="cockpit", type="web", tty="")
    out = logind_host.check(f"query session {session.id} --no-legend --columns=id,address")
    assert out.split() == [session.id, "10.9.9.9"]


# -- sshd, of which a login is another program since OpenSSH 9.8 ----------------------------------

@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "no-terminal"])
def test_ssh_and_all_that_it_runs(host, tty):
    session, kept = sessions.ssh(host, "alice", tty), sessions.ssh(host, "bob", tty)
    session.sh("sleep 9999 >/dev/null 2>&1 & stubborn -d keeper")
    wait_until(lambda: {"sleep", "keeper"} <= {process.name for process in session.processes()}, 5, "all of it runs")
    before, others = session.processes(), kept.processes()
    shown = host.check(f"query session {session.id} --no-legend --columns=id,user,protocol,state")
    assert shown.split() == [session.id, "alice", "ssh", "Active"]

    assert_logged_off(logoff(host, session.id, "/grace:1"), session, before)

    assert_untouched(kept, others)


# -- servers that are not in the usual root -------------------------------------------------------

@pytest.fixture
def servers(lend):
    def prepare(root):
        for name in ("vsftpd.service", "cockpit.socket", "x2goserver.service"):
            for wanted in (root / "etc/systemd/system").glob(f"*.wants/{name}"):
                wanted.unlink()

    return lend("servers", "", prepare)


class Found(sessions.OnHost):
    """The session that a server has made for a user."""

    def __init__(self, host, user, service):
        self.host, self.user = host, user
        self.id = wait_until(lambda: self._find(service), 15, f"a session of {service}")

    def _find(self, service):
        return next((one for one in self.host.session_ids() if self.host.session(one).get("Service") == service and
                     self.host.session(one)["Name"] == self.user), None)

    def shown(self, columns="name,state,protocol,address"):
        """What query says of it, a word for each column."""
        return self.host.check(f"query session {self.id} --no-legend --columns={columns}").split()


@pytest.fixture
def bystander(servers):
    """Another user's session, which must be as it was in the end."""
    session = sessions.ssh(servers, "carol")
    before = session.processes()
    yield session
    assert_untouched(session, before)


FTP = """
import ftplib, time
ftp = ftplib.FTP("127.0.0.1")
ftp.login("bob", "pw-bob")
time.sleep(100)
"""


def test_ftp_is_no_terminal(servers, bystander):
    servers.check("grep -q ^session_support /etc/vsftpd.conf || echo session_support=YES >>/etc/vsftpd.conf; "
                  "systemctl restart vsftpd; timeout 5 sh -c 'until ss -ltn | grep -q :21; do sleep 0.1; done'")
    client = servers.start(["python3", "-c", FTP])
    session = Found(servers, "bob", "vsftpd")
    wait_until(lambda: len(session.processes()) == 2, 5, "the user's process runs")
    before = session.processes()
    assert session.shown() == ["-", "Active", "vsftpd", "127.0.0.1"]

    assert logoff(servers, "ftp").status == NO_SESSION
    assert servers.survivors(before) == before
    assert_logged_off(logoff(servers, session.id), session, before)

    client.kill()
    assert servers.unit_is_active("vsftpd")


COCKPIT = """
import base64, http.client, ssl, time
server = http.client.HTTPSConnection("127.0.0.1", 9090, context=ssl._create_unverified_context())
password = base64.b64encode(b"bob:pw-bob").decode()
server.request("GET", "/cockpit/login", headers={"Authorization": "Basic " + password, "X-Superuser": "none"})
assert server.getresponse().status == 200
time.sleep(100)
"""


def test_cockpit(servers, bystander):
    servers.check("systemctl start cockpit.socket")
    client = servers.start(["python3", "-c", COCKPIT])
    session = Found(servers, "bob", "cockpit")
    wait_until(lambda: len(session.processes()) > 1, 10, "the bridge runs")
    before = session.processes()
    assert session.shown() == ["-", "Active", "cockpit", "127.0.0.1"]

    assert logoff(servers, "web console").status != OK
    assert servers.survivors(before) == before
    assert_logged_off(logoff(servers, session.id), session, before)

    client.kill()
    assert servers.unit_is_active("cockpit.socket")


def start_vnc(host):
    """alice's desktop :1, as its unit starts it."""
    host.check("""grep -q lab.example /etc/hosts || echo "127.0.1.1 $(hostname).lab.example $(hostname)" >>/etc/hosts
        echo :1=alice >/etc/tigervnc/vncserver.users
        for folder in /home/alice/.vnc /home/alice/.config/tigervnc; do
            mkdir -p $folder; printf 'pw-alice\\npw-alice\\nn\\n' | tigervncpasswd $folder/passwd
            printf '#!/bin/sh\\nexec xterm\\n' >$folder/xstartup; chmod 755 $folder/xstartup
        done
        chown -R alice: /home/alice; systemctl start tigervncserver@:1""")
    session = Found(host, "alice", "tigervnc")
    wait_until(lambda: "xterm" in [one.name for one in session.processes()], 15, "the desktop")
    return session


def test_vnc_with_and_without_its_viewer(servers, bystander):
    session = start_vnc(servers)
    before = session.processes()
    assert session.shown("name,state,protocol,address,display") == ["-", "Disc", "vnc", "-", ":1"]
    assert servers.check(f"query session {session.id} --no-legend --columns=state", user="bob") == "Disc"
    viewer = servers.start("(Xvfb :98 & sleep 1; DISPLAY=:98 exec vncviewer -SecurityTypes=VncAuth "
                           "-passwd /home/alice/.vnc/passwd 127.0.0.1:1) >/dev/null 2>&1")
    wait_until(lambda: session.shown() == [":1", "Active", "vnc", "127.0.0.1"], 10, "the viewer is seen")
    assert logoff(servers, "/state:disc", "/y").status == NO_SESSION
    servers.check("pkill -x -f 'vncviewer.*|xtigervncviewer.*'")
    wait_until(lambda: session.shown() == ["-", "Disc", "vnc", "-"], 10, "its end is seen")

    result = logoff(servers, "/state:disc", "/y")

    servers.run("pkill Xvfb")
    viewer.wait(10)
    assert result.status == OK, result.text
    assert servers.survivors(before) == [] and not session.exists()
    assert not servers.path("/tmp/.X1-lock").exists() and not servers.path("/tmp/.X11-unix/X1").exists()


def test_vnc_whose_viewer_listens(servers, bystander):
    """A server that has connected to its viewer has a user, though nobody has come to its port."""
    session = start_vnc(servers)
    before = session.processes()
    viewer = servers.start("(Xvfb :98 & sleep 1; DISPLAY=:98 exec vncviewer -listen 5500) >/dev/null 2>&1")
    servers.check("timeout 10 sh -c 'until ss -ltn | grep -q :5500; do sleep 0.1; done'")
    servers.check("su alice -c 'DISPLAY=:1 XAUTHORITY=/home/alice/.Xauthority tigervncconfig -connect 127.0.0.1:5500'")
    wait_until(lambda: session.shown("name,state") == [":1", "Active"], 10, "it is not disconnected")

    assert logoff(servers, "/state:disc", "/y").status == NO_SESSION

    servers.run("pkill -x -f 'vncviewer.*|xtigervncviewer.*'; pkill Xvfb")
    viewer.wait(10)
    assert_logged_off(logoff(servers, session.id), session, before)


def test_mosh(servers, bystander):
    """Its server outlives the ssh login; it is what the user works in."""
    out = servers.run("ssh -T alice@127.0.0.1 LANG=C.UTF-8 mosh-server new -p 60001").text
    assert "MOSH CONNECT" in out
    session = Found(servers, "alice", "sshd")
    before = session.processes()
    assert session.shown("state,protocol") == ["Active", "mosh"]

    assert_logged_off(logoff(servers, session.id), session, before)


def test_x2go(servers, bystander):
    """Its desktop is in the session of the ssh login that started it, and is closing when that is over."""
    servers.check("x2godbadmin --createdb")
    servers.run("ssh -T alice@127.0.0.1 x2gostartagent 800x600 lan 16m-jpeg-9 unix-kde-depth_24 us pc105 0 D lab", timeout=60)
    session = Found(servers, "alice", "sshd")
    wait_until(lambda: "x2goagent" in [one.name for one in session.processes()], 15, "the agent runs")
    before = session.processes()
    assert session.shown("state,protocol") == ["Closing", "ssh"]

    assert_logged_off(logoff(servers, session.id), session, before)


def test_dropbear_is_not_seen(servers, bystander):
    """It uses no PAM, so that there is no session; nor does logoff touch what runs in it."""
    servers.check("test -e /tmp/dropbear.key || dropbearkey -t ed25519 -f /tmp/dropbear.key >/dev/null; "
                  "pkill -x dropbear || :; dropbear -r /tmp/dropbear.key -p 2222")
    client = servers.start("sleep 100 | ssh -tt -p 2222 bob@127.0.0.1 >/dev/null 2>&1")
    shell = wait_until(lambda: [one for one in servers.named("bash") if one.tty], 10, "a shell")[0]

    assert logoff(servers, "/user:bob", "/y").status == NO_SESSION

    assert servers.alive(shell)
    client.kill()
    servers.check("pkill -x dropbear")
