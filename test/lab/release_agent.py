# SPDX-License-Identifier: GPL-3.0-or-later
"""release_agent.py CGROUP LEADER: tells the systemd of a cgroup v1 host which cgroups are empty.

On a v1 machine the kernel starts a program, the release agent, for every cgroup that loses its last
process, and that program tells systemd (cgroups(7), and systemd's cgroups-agent.c). Within a container
there is no such thing, and systemd waits for sessions and services that ended long ago. This
stands in for it, from outside, for as long as the host's PID 1 lives.

CGROUP is the folder, on this machine, of what the host sees as the root of its hierarchy.
"""

import os
import socket
import sys
import time

PAUSE_SECONDS = 0.02


def cgroups(top):
    """Each cgroup below `top`, with whether it is empty: no processes and no cgroups in it."""
    for folder, children, _ in os.walk(top, topdown=False):
        try:
            with open(f"{folder}/cgroup.procs") as processes:
                yield folder, not children and not processes.read(1)
        except OSError:
            pass  # removed meanwhile


def main(top, leader):
    agent = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told = set()
    while os.path.exists(f"/proc/{leader}/root/run"):
        empty = {folder for folder, is_empty in cgroups(top) if is_empty}
        for folder in empty - told:
            try:
                agent.sendto(folder.removeprefix(top).encode(),
                             f"/proc/{leader}/root/run/systemd/cgroups-agent")
            except OSError:
                empty.discard(folder)  # systemd does not read yet, or is busy: send it again
        told = empty
        time.sleep(PAUSE_SECONDS)


main(sys.argv[1], sys.argv[2])
