# SPDX-License-Identifier: GPL-3.0-or-later
#
# What runs instead of an init system on a host whose logind is elogind: the system bus, elogind,
# sshd with a utmp to write to, and cron. Given to bash as PID 2, like init-bare.sh.
mkdir -p /run/sshd /run/dbus
: > /run/utmp
chgrp utmp /run/utmp
chmod 664 /run/utmp
dbus-uuidgen --ensure
dbus-daemon --system --fork
# Where it is in Debian 12, and since.
for daemon in /lib/elogind/elogind /usr/libexec/elogind; do
	[ ! -f $daemon ] || $daemon -D
done
/usr/sbin/sshd
until ss -ltn | grep -q ':22 '; do sleep 0.02; done
/usr/sbin/cron
touch /run/lab-ready
exec sleep infinity
