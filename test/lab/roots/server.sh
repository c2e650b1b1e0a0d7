#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Finishes the root of test/server, after prepare.sh: nothing of Samba runs before a case starts it, and smb.conf is the one that Debian
# installs.
set -eu
root=$1

chroot "$root" systemctl --quiet disable smbd nmbd winbind samba-ad-dc 2>/dev/null || :
