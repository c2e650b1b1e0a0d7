# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of an administrator's host and hosts that they reach by ssh, good ones and bad ones.

The administrator's host is in the middle: host number N has a cable to it, with the addresses 10.77.N.1 there and
10.77.N.2 at its own end. The administrator knows the hosts' keys and gets in with a key of theirs; their ssh is as ssh
comes, and so asks about an unknown host where it can.

The bad hosts are ports of one host, "trouble", where an sshd or another program listens, or addresses where nobody is.
"""

import socket

import roots
from host import wait_until

ADMIN_CONFIG = """\
Host jumped*
	HostName 10.77.3.2
	ProxyJump jump
Host jump
	HostName 10.77.3.2
	Port 2230
Host unknown-jumped
	HostName 10.77.1.2
	ProxyJump 10.77.3.2:2231
"""

# What is in the hosts file: the good hosts, then a bad one a line.
HOSTS = """\
login1          ssh host=10.77.1.2
login2          ssh host=10.77.2.2 user=carol sudo
noisy           ssh host=10.77.3.2 user=bob
off             ssh host=10.77.3.99
drops           ssh host=10.77.3.98
silent          ssh host=10.77.3.2 port=2221
closed1         ssh host=10.77.3.2 port=2222
closed2         ssh host=10.77.3.2 port=2229
nameless        ssh host=nowhere.invalid
refuses         ssh host=10.77.3.2 port=2223
changed         ssh host=10.77.3.2 port=2224
unknown         ssh host=10.77.3.2 port=2231
hangs           ssh host=10.77.3.2 port=2225
bridge          ssh host=10.77.3.2 port=2226
bare            ssh host=10.77.3.2 port=2227
sudoer          ssh host=10.77.3.2 user=bob sudo
disabled        ssh host=10.77.3.2 user=svc
full            ssh host=10.77.3.2 port=2228
jumped[01-50]   ssh
unknown-jumped  ssh
@good           login[1-2] noisy
@bad            off drops silent closed[1-2] nameless refuses changed unknown hangs bridge bare sudoer disabled full
"""

# The programs of the bad host, by port: more options of an sshd.
SSHDS = {
    2223: "-o PubkeyAuthentication=no -o KbdInteractiveAuthentication=no",
    2224: "-h /etc/ssh/other_key",
    2225: "-o 'ForceCommand=exec sleep 3600'",
    2226: "-o 'ForceCommand=PATH=/usr/bin:/bin; eval \"$SSH_ORIGINAL_COMMAND\"'",
    2227: "-o 'ForceCommand=PATH=/opt/bare; eval \"$SSH_ORIGINAL_COMMAND\"'",
    2228: "-f /etc/ssh/own_config -o MaxStartups=1:100:1 -o LoginGraceTime=600",
    2230: "-f /etc/ssh/own_config -o MaxStartups=10:30:100",
    2231: "-h /etc/ssh/other_key",
}

SILENT = """import socket, time
listener = socket.create_server(("10.77.3.2", 2221), backlog=256)
kept = []
while True:
    kept.append(listener.accept())
"""

NOISE = """echo 'Welcome to NOISE, have a nice day'
printf '\\033]0;title\\007{"logoff-host"\\n{"not":"a hello"}\\n'
echo 'and on standard error' >&2
"""


def settle(root):
    """What all far hosts have: a sudoer who needs no password."""
    (root / "etc/sudoers.d/lab").write_text("carol ALL=(root) NOPASSWD: ALL\n")
    (root / "etc/sudoers.d/lab").chmod(0o440)


def settle_trouble(root):
    """A noisy start of the shell of bob, and what the bad hosts need."""
    settle(root)
    bashrc = root / "home/bob/.bashrc"
    bashrc.write_text(NOISE + bashrc.read_text())
    (root / "opt/bare").mkdir(parents=True)
    (root / "opt/bare/sh").symlink_to("/bin/sh")
    (root / "etc/ssh/own_config").write_text("UsePAM yes\n")  # the usual one has a MaxStartups that counts more than an option
    (root / "root/silent.py").write_text(SILENT)


class Network:
    def __init__(self, lab):
        self.admin = lab("systemd", "administrator")
        self.login1 = lab("systemd", "login1", settle)
        self.login2 = lab("systemd", "login2", settle, max(roots.RELEASES))
        self.trouble = lab("systemd", "trouble", settle_trouble)
        self.far = [self.login1, self.login2, self.trouble]
        for number, one in enumerate(self.far, 1):
            self.admin.connect(one, f"10.77.{number}.1", f"10.77.{number}.2", f"lab{number}")
            self.let_in(one)
        # Nobody has this address of hardware, so packets are lost without a word.
        self.admin.check("ip neigh add 10.77.3.98 lladdr 02:00:00:00:00:99 dev lab3 nud permanent")
        self.start_servers()
        self.know_keys()
        self.admin.check("mkdir -p /etc/logoff")
        self.admin.path("/etc/logoff/hosts").write_text(HOSTS)

    def let_in(self, far):
        """Hosts of one root share a key, those of another release have another one."""
        key = self.admin.path("/root/.ssh/authorized_keys").read_text()
        for home in ("/root", "/home/bob", "/home/carol"):
            with far.path(f"{home}/.ssh/authorized_keys").open("a") as keys:
                keys.write(key)

    def start_servers(self):
        self.trouble.check("ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/other_key; useradd --create-home --shell /usr/sbin/nologin svc; "
                           "cp -r /root/.ssh /home/svc; chown -R svc: /home/svc/.ssh")
        for port, options in SSHDS.items():
            self.trouble.check(f"systemd-run --quiet --unit=sshd-{port} /usr/sbin/sshd -D -p {port} -o PidFile=none {options}")
        self.trouble.check("systemd-run --quiet --unit=silent python3 /root/silent.py")
        for port in (*SSHDS, 2221):
            wait_until(lambda: not self.trouble.run(f"ss -ltn | grep -q ':{port} '").status, 10, f"port {port} is open")
        # The only place of this one is taken by somebody who says nothing.
        self.trouble.check("systemd-run --quiet --unit=taker bash -c 'exec 3<>/dev/tcp/10.77.3.2/2228; exec sleep infinity'")

    def know_keys(self):
        """The keys of all but one port; of another one a key that it does not have."""
        one, two, trouble = (far.path("/etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[1] for far in self.far)
        known = [("10.77.1.2", one), ("10.77.2.2", two), ("10.77.3.2", trouble), ("[10.77.3.2]:2224", trouble),
                 *((f"[10.77.3.2]:{port}", trouble) for port in (2223, 2225, 2226, 2227, 2228, 2230))]
        self.admin.path("/root/.ssh/known_hosts").write_text("".join(f"{place} ssh-ed25519 {key}\n" for place, key in known))
        self.admin.path("/root/.ssh/config").write_text(ADMIN_CONFIG)

    def lose_packets(self, far):
        """From now on nothing gets through between the administrator and this host, and nobody gets an answer."""
        number = self.far.index(far) + 1
        for host, other in ((self.admin, f"10.77.{number}.2"), (far, f"10.77.{number}.1")):
            host.check(f"ip neigh replace {other} lladdr 02:00:00:00:00:98 dev lab{number} nud permanent")

    def mend(self):
        """Undoes lose_packets(). The far hosts get to know at once that what they were connected with is not there any more."""
        for number, far in enumerate(self.far, 1):
            if far.run(f"ip neigh show 10.77.{number}.1 | grep PERMANENT").status == 0:
                far.check(f"ss --kill dst 10.77.{number}.1")
            for host, other in ((self.admin, f"10.77.{number}.2"), (far, f"10.77.{number}.1")):
                host.run(f"ip neigh del {other} dev lab{number}")

    def known_hosts(self):
        return self.admin.path("/root/.ssh/known_hosts").read_bytes()

    def children(self):
        """What the administrator's command has started."""
        return self.admin.named("ssh")
