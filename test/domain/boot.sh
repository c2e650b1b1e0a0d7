#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# boot.sh FOLDER [BASE]: PID 1 of a domain, in namespaces of its own that domain.py made. What is written to /etc, /run
# and /var goes to a tmpfs over FOLDER/world that ends with the namespaces. Without BASE a domain is provisioned and
# left in FOLDER/base; with BASE, such a folder, its controller is started.
set -eu
folder=$1
base=${2:-}
here=$(dirname "$0")
samba=/var/lib/samba
config=/run/samba/dc.conf
first=10 last=199

make_world() {
	local world=$folder/world dir

	mount --make-rprivate /
	mkdir -p "$world"
	mount -t tmpfs -o mode=755 domain "$world"
	mkdir "$world/etc" "$world/etc.work"
	mount -t overlay overlay -o "lowerdir=/etc,upperdir=$world/etc,workdir=$world/etc.work" /etc
	for dir in /run $samba /var/cache/samba /var/log/samba; do
		mkdir -p "$dir" "$world$dir"
		mount --bind "$world$dir" "$dir"
	done
	mkdir -p /run/samba /run/lock $samba/private /etc/samba
	rm -f /etc/samba/smb.conf /etc/resolv.conf /etc/krb5.conf
}

# The controller is .1; 10 to 199 are names of the same machine, a host in memory each; nobody answers at .250.
make_network() {
	local n client

	client=$(hostname)
	hostname dc
	ip link set lo up
	ip link add wire0 type veth peer name wire1
	ip link set wire0 up
	ip link set wire1 up
	for n in 1 $(seq $first $last); do
		printf 'addr add 10.99.0.%d/24 dev wire0\naddr add fd00:99::%d/64 dev wire0 nodad\n' "$n" "$n"
	done | ip -batch -
	ip neigh add 10.99.0.250 lladdr 02:00:00:00:00:01 dev wire0 nud permanent
	printf 'nameserver 10.99.0.1\nsearch ad.lab\n' > /etc/resolv.conf
	{
		printf '127.0.0.1 localhost %s\n10.99.0.250 silent.ad.lab\n' "$client"
		printf '10.99.0.1 dc.ad.lab dc\nfd00:99::1 dc.ad.lab dc\n'
		for n in $(seq $first $last); do
			printf '10.99.0.%d h%d.ad.lab h%d\nfd00:99::%d six%d.ad.lab six%d\n' "$n" "$n" "$n" "$n" "$n" "$n"
		done
	} > /etc/hosts
	cp "$here/krb5.conf" /etc/krb5.conf
}

# The rest of the namespaces' life: whoever ends here has lost their parent.
reap() {
	while :; do wait -n || sleep 0.1; done
}

# The controller's settings, where no client looks for its own. A server in memory may have more, by its address.
configure() {
	sed -e "/^\[global\]/r $here/smb.conf" -e '/dns forwarder/d' "$base/smb.conf" > $config # it would ask itself
	sed -i "s,@SERVERS@,$folder/servers," $config
}

start() {
	cp -a "$base/lib/." $samba
	configure
	samba --configfile=$config --interactive --no-process-group > /var/log/samba/samba.out 2>&1 &
	mkdir /run/servers
	mount --bind "$folder/servers" /run/servers
	SERVERS=/run/servers LOGOFF_SERVER_HOST=$folder/logoff-host LOGOFF_SERVER_CONF=$folder/logoff-server.conf \
		/usr/libexec/samba/samba-dcerpcd --configfile=$config --foreground --no-process-group \
		"$folder/libexec/rpcd_logoff" > /var/log/samba/dcerpcd.out 2>&1 &
}

make_world
make_network
if [ -z "$base" ]; then
	exec /usr/bin/python3 "$here/provision.py" "$folder/base" $first $last
fi
start
reap
