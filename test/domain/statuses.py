# SPDX-License-Identifier: GPL-3.0-or-later
"""The exit statuses of the commands (logoff(1), EXIT STATUS)."""

OK, USAGE, NO_SESSION, DENIED, PROTECTED, NOT_ENDED, UNREACHABLE, CANCELLED, LOGON = range(9)
