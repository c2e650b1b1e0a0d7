#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# page.sh SCDOC VERSION PREFIX LIBEXECDIR SOURCE PAGE LANGUAGE - makes a manual page from its source.
#
# The same source gives the same bytes: the date is that of SOURCE_DATE_EPOCH, else that of the source file, never today.
# scdoc turns hyphenation and adjustment off before the title, which groff 1.23 ignores: HY and AD do it there. groff
# breaks lines between Chinese characters only with zh.tmac, which has to stand behind the title and turns hyphenation on again.
set -e
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date -r "$5" +%s)}
export SOURCE_DATE_EPOCH TZ=UTC
chinese=
case $7 in zh_*) chinese='/^[.]TH /a .mso zh.tmac\n.nh' ;; esac
sed -e "s/@VERSION@/$2/" -e "s:@PREFIX@:$3:g" -e "s:@LIBEXECDIR@:$4:g" "$5" | "$1" | sed -e "$chinese" -e '/^[.]TH /i .nr HY 0' -e '/^[.]TH /i .ds AD l' >"$6"
