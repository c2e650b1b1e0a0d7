# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command said, held against what has become of the server. A command that fails may have done more than it
knows, but what it says is so must be so, whatever goes wrong.
"""

import json

from statuses import CANCELLED, NOT_ENDED, OK


def check(server, result, identity=2, liar=False):
    """`result` is of `logoff ID --json`, its session ID one that nobody else ends. A liar says that
    sessions are there which are not. Returns what was said, None for nothing."""
    there = identity in server.ids()
    if result.status == OK:
        assert not there, f"says done, and it is not: {result}"
        assert server.done() or server.done("reset"), f"says done, and has not asked: {result}"
    if not result.out.strip():
        assert result.status != OK and result.err, f"says nothing: {result}"
        return None
    said = json.loads(result.out)
    if not said:
        assert result.status != OK, result
        return None
    one, = said
    assert one["id"] == str(identity), result
    if one["session_exists"] is not None and not (liar and one["session_exists"]):
        assert one["session_exists"] == there, f"says {one['session_exists']}, is there: {there}: {result}"
    if one["result"] == "ended":
        assert not there, result
    assert (one["result"] == "ended") == (result.status == OK), result
    assert (one["result"] in ("not-ended", "changed")) == (result.status == NOT_ENDED), result
    assert (one["result"] == "cancelled") == (result.status == CANCELLED), result
    return one
