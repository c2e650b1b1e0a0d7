# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary of the cases: running logoff, and what must be true afterwards.

The exit statuses are those of the man page. Nothing logoff says is taken as proof: "gone" is
asked of the host.
"""

import re
import time

from host import wait_until

OK, USAGE, NO_SESSION, DENIED, PROTECTED, NOT_IN_TIME, UNREACHABLE, CANCELLED = range(8)


def not_used_for(seconds, *opened):
    """Makes these sessions idle for this time. Waits until they are that old, as no session is idle for longer than it exists."""
    last = max(session.opened for session in opened)
    time.sleep(max(0, last + seconds + 1 - time.monotonic()))
    for session in opened:
        forget_keys(session)


def forget_keys(session):
    """The kernel notes a key only once in eight seconds, unless the time it has noted is an old one."""
    session.host.check(f"touch -a --date='-2 hours' /dev/{session.tty}")


def type_in(session):
    """The user is not idle any more."""
    forget_keys(session)
    session.sh("true")


def logoff(host, *words, user=None, env=None, timeout=40):
    """Runs logoff on a host, outside every session, as root or as a user."""
    return host.run(["logoff", *words], user=user, env=env, timeout=timeout)


def chosen(host, *words):
    """The ids of the sessions that would be logged off."""
    return set(re.findall(r"^Session (\S+) ", logoff(host, *words, "/dryrun").out, re.M))


def start_logoff(host, *words, user=None):
    """Starts logoff and returns its Popen; `finish` waits for it."""
    return host.start(["logoff", *words], user=user)


def interrupt(host, process):
    """Ctrl-C: SIGINT to the logoff that was started."""
    wait_until(lambda: host.named("logoff"), what="logoff runs")
    host.check("pkill -INT -o -x logoff")  # the oldest: it may have a child, which asks a desktop


def assert_gone(session, before):
    """The session is over: none of its processes runs, and its host does not know it any more."""
    host = session.host
    assert before, "the case looked at an empty session"
    assert host.survivors(before) == []
    assert session.processes() == []
    if host.flavour != "bare":
        assert not session.exists()
        assert session.id not in host.session_ids()


def assert_untouched(session, before):
    """The session is as it was."""
    assert before, "the case looked at an empty session"
    assert session.host.survivors(before) == before
    if session.host.flavour != "bare":
        assert session.property("State") in ("active", "online")


def assert_logged_off(result, session, before, within=5):
    """logoff reported success, the host confirms it, and it did not take long."""
    assert result.status == OK, result.text
    assert_gone(session, before)
    assert result.seconds < within, result.text
