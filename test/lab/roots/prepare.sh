#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Turns a fresh Debian root into a lab root: users, keys, quiet services. Runs on the machine
# with the root's folder as its only argument, as the last hook of mmdebstrap.
#
# alice, bob and carol have the password pw-NAME and the uids 1000 to 1002. One key opens ssh from
# everybody to everybody. carol is in the group sudo, which makes her an administrator for polkit.
set -eu
root=$1

: > "$root/etc/machine-id"
printf '127.0.0.1 localhost\n::1 localhost\n' > "$root/etc/hosts"

chroot "$root" ssh-keygen -q -t ed25519 -N '' -C lab -f /etc/ssh/lab_key
uid=1000
chroot "$root" groupadd --force --system sudo
echo 'root:pw-root' | chroot "$root" chpasswd
for user in root alice bob carol; do
	home=/root
	if [ "$user" != root ]; then
		home=/home/$user
		chroot "$root" useradd --create-home --shell /bin/bash --uid $uid "$user"
		echo "$user:pw-$user" | chroot "$root" chpasswd
		uid=$((uid + 1))
	fi
	install -d -m 700 "$root$home/.ssh"
	install -m 600 "$root/etc/ssh/lab_key" "$root$home/.ssh/id_ed25519"
	install -m 600 "$root/etc/ssh/lab_key.pub" "$root$home/.ssh/authorized_keys"
	printf '%s\n' 'StrictHostKeyChecking no' 'UserKnownHostsFile /dev/null' \
		'LogLevel ERROR' > "$root$home/.ssh/config"
	chroot "$root" chown -R "$user:$user" "$home/.ssh"
done
chroot "$root" usermod --append --groups sudo carol

# Many sessions open at once; MaxStartups would drop some of them.
printf 'MaxStartups 200\nUseDNS no\n' > "$root/etc/ssh/sshd_config.d/lab.conf"

if [ -d "$root/etc/systemd/system" ]; then
	chroot "$root" systemctl --quiet disable xrdp xrdp-sesman apt-daily.timer \
		apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer 2>/dev/null || :
	chroot "$root" systemctl --quiet mask systemd-networkd-wait-online 2>/dev/null || :
fi

if [ -d "$root/etc/xrdp" ]; then
	# The session of an RDP login: what the case wants to run in it, then a terminal.
	cat > "$root/etc/xrdp/startwm.sh" <<-'EOF'
		#!/bin/sh
		[ -x "$HOME/.lab-session" ] && "$HOME/.lab-session"
		exec xterm
	EOF
	chmod 755 "$root/etc/xrdp/startwm.sh"
	# Lets xrdp read its key, hence speak TLS; RDP's own encryption drops some connections.
	chroot "$root" usermod --append --groups ssl-cert xrdp
fi
