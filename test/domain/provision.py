# SPDX-License-Identifier: GPL-3.0-or-later
"""provision.py FOLDER FIRST LAST: makes the domain AD.LAB on this machine, which is one that boot.sh has prepared,
and leaves what it consists of in FOLDER. The controller answers to the names hFIRST to hLAST and sixFIRST to
sixLAST too.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import ldb
from samba.auth import system_session
from samba.dsdb import UF_ACCOUNTDISABLE
from samba.param import LoadParm
from samba.samdb import SamDB

import people

SAMBA = Path("/var/lib/samba")


def provision():
    command = ["samba-tool", "domain", "provision", f"--realm={people.REALM}", f"--domain={people.DOMAIN}",
               f"--adminpass={people.PASSWORDS['Administrator']}", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL",
               "--host-name=dc", "--host-ip=10.99.0.1", "--host-ip6=fd00:99::1"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit("provision: " + (done.stdout + done.stderr)[-2000:])


def add_people(sam):
    for name, password in people.PASSWORDS.items():
        if name != "Administrator":
            sam.newuser(name, password, force_password_change_at_next_login_req=name == people.MUST_CHANGE)
    sam.newgroup("Helpdesk")
    for group, members in people.GROUPS.items():
        sam.add_remove_group_members(group, members)
    sam.toggle_userAccountFlags(f"(sAMAccountName={people.DISABLED})", UF_ACCOUNTDISABLE, flags_str="Disabled", on=True)
    sam.set_maxPwdAge("0")  # the cache of this domain outlives 42 days


def add_names(sam, first, last):
    names = [f"HOST/{kind}{n}{end}" for n in range(first, last + 1) for kind in ("h", "six") for end in ("", ".ad.lab")]
    controller = sam.search(expression="(sAMAccountName=DC$)", attrs=[])[0].dn
    message = ldb.Message(controller)
    message["names"] = ldb.MessageElement(names, ldb.FLAG_MOD_ADD, "servicePrincipalName")
    sam.modify(message)


def main():
    folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    provision()
    lp = LoadParm("/etc/samba/smb.conf")
    sam = SamDB(session_info=system_session(lp), lp=lp)
    add_people(sam)
    add_names(sam, first, last)
    sid = sam.get_domain_sid()
    del sam
    part = folder.with_name(folder.name + ".part")
    part.mkdir()
    shutil.copy2("/etc/samba/smb.conf", part / "smb.conf")
    (part / "sid").write_text(sid + "\n")
    subprocess.run(["cp", "-a", SAMBA, part / "lib"], check=True)
    os.rename(part, folder)


main()
