# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts at once: what is logged off on one is not touched on the other."""

import sessions
from cases import UNREACHABLE, assert_logged_off, assert_untouched, logoff


def test_same_id_on_both(two_hosts):
    here, there = two_hosts
    pairs = [(sessions.fake(here, "alice"), sessions.fake(there, "alice")) for _ in range(2)]
    same = {one.id for one, _ in pairs} & {two.id for _, two in pairs}
    ended = sessions.fake(here, "bob", tty="pts/50")
    kept = sessions.fake(there, "bob", tty="pts/50")
    before, others = ended.processes(), kept.processes()

    assert_logged_off(logoff(here, "pts/50"), ended, before)

    assert_untouched(kept, others)
    for identity in same:
        assert here.session(identity) and there.session(identity)


def test_login_from_one_to_the_other(two_hosts):
    """The far end is logged off; the client on the near host sees it and its session stays."""
    here, there = two_hosts
    home = sessions.ssh(here, "alice")
    away = sessions.ssh(here, "alice", server="10.77.0.2")
    away.host = there
    assert away.property("RemoteHost") == "10.77.0.1"
    before, others = away.processes(), home.processes()

    assert_logged_off(logoff(there, away.id), away, before)

    assert away.ended_for_client()
    assert_untouched(home, others)


def test_the_other_as_server(two_hosts):
    here, there = two_hosts
    session = sessions.ssh(there, "alice")
    before = session.processes()

    result = logoff(here, session.id, f"/server:{there.name}")

    assert result.status == UNREACHABLE, result.text
    assert_untouched(session, before)
