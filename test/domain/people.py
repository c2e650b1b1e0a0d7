# SPDX-License-Identifier: GPL-3.0-or-later
"""Who there is in the domain AD.LAB, for the provision and for cases."""

REALM = "AD.LAB"
DOMAIN = "ADLAB"

PASSWORDS = {
    "Administrator": "Kx7-administrator",
    "alice": "Kx7-for-alice",  # an ordinary user
    "bob": "Kx7-for-bob",  # of Remote Desktop Users: may look and send messages
    "helen": "Kx7-for-helen",  # of Helpdesk, and so of Administrators
    "carol": "Kx7-for-carol",  # an ordinary user
    "dora": "Kx7-for-dora",  # has to change her password first
    "mallory": "Kx7-for-mallory",  # is disabled
}
MUST_CHANGE = "dora"
DISABLED = "mallory"
GROUPS = {
    "Remote Desktop Users": ["bob"],
    "Helpdesk": ["helen"],
    "Administrators": ["Helpdesk"],
}
