#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What prepare.sh leaves to do in the root on which packages are installed: Samba is there, but serves nobody; nmbd would wait for a
# network at each boot.
set -eu
chroot "$1" systemctl --quiet disable smbd nmbd samba-ad-dc 2>/dev/null || :
