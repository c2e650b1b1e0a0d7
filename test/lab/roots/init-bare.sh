# SPDX-License-Identifier: GPL-3.0-or-later
#
# What runs instead of an init system on a host without any logind: sshd with a utmp to write
# to, and cron. Given to bash as PID 2, beneath the stub init of systemd-nspawn.
mkdir -p /run/sshd
: > /run/utmp
chgrp utmp /run/utmp
chmod 664 /run/utmp
/usr/sbin/sshd
until ss -ltn | grep -q ':22 '; do sleep 0.02; done
/usr/sbin/cron
touch /run/lab-ready
exec sleep infinity
