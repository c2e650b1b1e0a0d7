#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What prepare.sh leaves to do in the root of the desktops' hosts: no login screen starts by itself (there is no
# screen), nothing looks for updates or indexes files, and no desktop asks what it is to look like at its first start.
set -eu
root=$1

for unit in gdm3 gdm lightdm display-manager accounts-daemon.service udisks2 upower packagekit fwupd bluetooth \
	ModemManager NetworkManager avahi-daemon cups colord power-profiles-daemon switcheroo-control; do
	chroot "$root" systemctl --quiet disable "$unit" 2>/dev/null || :
done
chroot "$root" systemctl --quiet set-default multi-user.target
rm -f "$root"/etc/xdg/autostart/*tracker* "$root"/etc/xdg/autostart/*localsearch* \
	"$root"/etc/xdg/autostart/gnome-initial-setup* "$root"/etc/xdg/autostart/gnome-keyring*
