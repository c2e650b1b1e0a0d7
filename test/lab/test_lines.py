# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that read during the run: --json=lines on real hosts."""

import json

import sessions
from cases import OK, assert_gone, start_logoff
from host import finish, wait_until

LOST = 9


def quick_and_stubborn(host):
    """Two sessions, one of which has to be killed, and what runs in them."""
    quick, stubborn = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    keeper = stubborn.spawn("stubborn keeper", "keeper")
    return quick, stubborn, keeper, quick.processes(), stubborn.processes()


def test_results_come_before_it_is_over(any_host):
    quick, stubborn, keeper, quick_before, stubborn_before = quick_and_stubborn(any_host)

    process = start_logoff(any_host, stubborn.id, quick.id, "/grace:4", "--json=lines")
    first = json.loads(process.stdout.readline())

    assert any_host.alive(keeper), "the first line came when all was over"
    assert (first["type"], first["id"], first["result"], first["forced"]) == ("result", quick.id, "ended", False)
    assert_gone(quick, quick_before)

    result = finish(process)
    rest = [json.loads(line) for line in result.out.splitlines()]
    assert [(one["type"], one["id"], one["result"], one["forced"]) for one in rest] == [("result", stubborn.id, "ended", True)]
    assert (result.status, result.err) == (OK, "")
    assert_gone(stubborn, stubborn_before)


def test_steps_come_as_they_happen(any_host):
    quick, stubborn, keeper, _, stubborn_before = quick_and_stubborn(any_host)

    process = start_logoff(any_host, stubborn.id, quick.id, "99999", "/grace:4", "/v", "--json=lines")
    lines = []
    while not lines or (lines[-1]["type"], lines[-1].get("id")) != ("result", quick.id):
        lines.append(json.loads(process.stdout.readline()))

    assert any_host.alive(keeper)
    assert (lines[0]["type"], lines[0]["kind"], lines[0]["object"]) == ("failure", "no-session", "99999")
    asked = {one["session_id"]: [each["pid"] for each in one["processes"]] for one in lines if one.get("event") == "ask"}
    assert set(asked) == {quick.id, stubborn.id} and keeper.pid in asked[stubborn.id]

    result = finish(process)
    rest = [json.loads(line) for line in result.out.splitlines()]
    killed = [each["pid"] for one in rest if one.get("event") == "kill" for each in one["processes"]]
    assert keeper.pid in killed
    assert result.status == lines[0]["exit_status"] == 2
    assert_gone(stubborn, stubborn_before)


def test_who_stops_reading_stops_nothing(any_host):
    quick, stubborn, _, quick_before, stubborn_before = quick_and_stubborn(any_host)

    result = any_host.run(f"logoff {quick.id} {stubborn.id} /grace:2 /v --json=lines | head -n 1; echo status ${{PIPESTATUS[0]}}")

    assert result.out.count('"type":"event"') == 1 and result.out.endswith(f"\nstatus {LOST}\n"), result.text
    assert_gone(quick, quick_before)
    assert_gone(stubborn, stubborn_before)


def test_the_own_session_has_a_result(any_host):
    """The shell ends at the request; the command is the last process there, and says so."""
    session = sessions.ssh(any_host, "alice")
    before = session.processes()

    session.shell.write("logoff /v --json=lines >/tmp/told 2>&1\n")

    wait_until(lambda: not any_host.survivors(before) and not any_host.named("logoff"), 15, "all of the session has ended")
    told = [json.loads(line) for line in any_host.path("/tmp/told").read_text().splitlines()]
    assert {one.get("session_id", one.get("id")) for one in told} == {session.id}
    steps = [one.get("event") or one["result"] for one in told]
    assert steps[:2] == ["ask", "alone"] and steps[-1] == "ended"
