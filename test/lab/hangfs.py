# SPDX-License-Identifier: GPL-3.0-or-later
"""hangfs.py PID FOLDER: a FUSE file system that reads every request and answers only the first, mounted at FOLDER as
the process PID sees it. It prints "asked" at a request. The process with that request cannot be ended until this
program ends, not even by SIGKILL.
"""

import ctypes
import os
import struct
import sys

INIT = 26
libc = ctypes.CDLL(None, use_errno=True)


def main(pid, folder):
    fuse = os.open("/dev/fuse", os.O_RDWR)
    names = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    if libc.setns(names, 0) < 0:
        raise OSError(ctypes.get_errno(), "setns")
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"hangfs", folder.encode(), b"fuse.hangfs", 0, options) < 0:
        raise OSError(ctypes.get_errno(), "mount")
    print("mounted", flush=True)
    while True:
        question = os.read(fuse, 1 << 17)
        _, operation, unique = struct.unpack_from("=IIQ", question)
        if operation == INIT:
            # struct fuse_out_header, then fuse_init_out: version 7.31, the largest write, and zeros.
            os.write(fuse, struct.pack("=IiQ", 80, 0, unique) + struct.pack("=IIIIHHI", 7, 31, 0, 0, 0, 0, 65536) + bytes(40))
        else:
            print("asked", flush=True)


main(int(sys.argv[1]), sys.argv[2])
