# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection breaks: what logoff-tsts does then, over a relay that hangs up. Questions connect anew, acts do not.

The program is $LOGOFF_TSTS, else the one of ./build.
"""

import errno
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tsts"))

import people  # noqa: E402
from program import Program, command  # noqa: E402
from relay import TcpRelay  # noqa: E402
from server import fault  # noqa: E402

PORT = 4460
NOBODY = 1  # tcpmux
PASSWORD = people.PASSWORDS["Administrator"]
ACTS = ("LOGOFF", "RESET", "DISCONNECT")
REFUSED, UNREACHABLE, LINK, UNSUPPORTED = errno.EKEYREJECTED, errno.EHOSTUNREACH, errno.ENOTCONN, errno.EOPNOTSUPP
PIPES = ("LSM_API_service", "TermSrv_API_service", "Ctx_WinStation_API_service")


class Cut:
    """A logoff-tsts that is logged on through a relay."""

    def __init__(self, server, to=None):
        self.relay = TcpRelay(server, PORT, to=to)
        self.program = Program(server.domain.command(command()))
        reply = self.program.logon(server.name, port=PORT, user="Administrator", domain=people.DOMAIN, password=PASSWORD,
                                   kerberos="OFF")
        assert (reply["r"], reply["link"], self.relay.n_met) == (0, 1, 1), reply

    def ask(self, kind, **members):
        """The errno of an order, and the link of its answer."""
        reply = self.program.order(kind, **members)
        self.text = reply["error.text"]
        return -reply["r"], reply["link"]

    def asks_until(self, kind, **members):
        """The same, asked again while the server is not connected again."""
        answer = self.ask(kind, **members)
        for _ in range(30):
            if answer[0] != UNREACHABLE:
                return answer
            self.program.wait(0.2)
            answer = self.ask(kind, **members)
        return answer

    def breaks(self):
        self.relay.break_all()
        self.program.wait(0.1)


@pytest.fixture
def cut(server):
    one = Cut(server)
    yield one
    assert one.program.close() == 0
    one.relay.close()


def test_the_first_question_after_a_break_is_answered(cut):
    assert cut.ask("LIST") == (0, 1)
    assert cut.ask("PROCESSES") == (0, 1)
    for link in (2, 3):
        cut.breaks()
        assert cut.ask("GET", id=2) == (0, link)
        assert cut.ask("LIST") == (0, link)
        assert cut.ask("PROCESSES") == (0, link)
    assert cut.relay.n_met == 3


def test_a_question_is_about_one_connection(cut):
    """What a list has shown is completed over its connection only."""
    assert cut.ask("LIST") == (0, 1)
    cut.breaks()
    assert cut.ask("DETAILS") == (LINK, 0)
    assert cut.ask("CLIENTS") == (LINK, 0)
    assert cut.ask("LIST") == (0, 2)
    assert cut.ask("DETAILS") == (0, 2)


def test_an_act_needs_the_connection_of_the_last_look(server, cut):
    assert cut.ask("GET", id=2) == (0, 1)
    cut.breaks()
    for kind in ACTS:
        assert cut.ask(kind, id=2)[0] == LINK, kind
    assert cut.ask("TERMINATE", id=2101)[0] == LINK
    assert -cut.program.message(2, "hello")["r"] == LINK
    assert cut.relay.n_met == 1  # an act does not connect
    assert cut.ask("GET", id=2) == (0, 2)
    for kind in ACTS:
        assert cut.ask(kind, id=2, link=1)[0] == LINK, kind
    assert server.done() == []
    assert cut.ask("LOGOFF", id=2)[0] == 0
    assert server.done()


def test_one_task_connects_for_all(cut):
    cut.ask("LIST")
    cut.breaks()
    serials = [cut.program.send("GET", id=id) for id in (2, 3, 4, 5, 6) for _ in range(4)]
    assert {cut.program.reply(serial)["r"] for serial in serials} == {0}
    assert cut.relay.n_met == 2


def test_a_server_that_does_not_answer_is_not_stormed(server, cut):
    cut.ask("LIST")
    cut.relay.to = (server.address, NOBODY)
    cut.breaks()
    for _ in range(20):
        for kind in ("GET", "LIST", "PROCESSES", "CLOCK"):
            assert cut.ask(kind, id=2)[0] == UNREACHABLE, cut.text
    assert cut.relay.n_met <= 4  # once in a second
    cut.relay.to = (server.address, 445)
    assert cut.asks_until("GET", id=2) == (0, 2)


def test_nobody_listens(server, cut):
    cut.ask("LIST")
    cut.relay.close()
    cut.program.wait(0.1)
    for kind in ("GET", "LIST", "PROCESSES", "CLOCK"):
        assert cut.ask(kind, id=2)[0] == UNREACHABLE, cut.text
    cut.relay = TcpRelay(server, PORT)
    assert cut.asks_until("LIST") == (0, 2)


def test_another_server_at_the_address(server, other_smbd):
    """It knows the account, and even the same sessions: its word counts for nothing."""
    one = (server.address, other_smbd(2448, "netbios name = ONE", administrator=PASSWORD))
    two = (server.address, other_smbd(2449, "netbios name = TWO", administrator=PASSWORD))
    cut = Cut(server, to=one)
    try:
        assert cut.ask("GET", id=2) == (0, 1), cut.text
        cut.relay.to = two
        cut.breaks()
        assert cut.ask("GET", id=2)[0] == UNREACHABLE
        assert "another server" in cut.text
        assert cut.ask("GET", id=99)[0] == UNREACHABLE
        assert cut.ask("LOGOFF", id=2)[0] == LINK
        cut.relay.to = one
        assert cut.asks_until("GET", id=2) == (0, 2)
    finally:
        assert cut.program.close() == 0
        cut.relay.close()


def test_a_refused_account_is_not_tried_again(cut, other_smbd):
    """Accounts lock. The relay leads to a server that does not know the account."""
    assert cut.ask("LIST") == (0, 1)
    home, cut.relay.to = cut.relay.to, (cut.relay.to[0], other_smbd(2447))
    cut.breaks()
    assert cut.ask("LIST")[0] == REFUSED, cut.text
    cut.relay.to = home
    cut.program.wait(1.2)
    assert cut.ask("GET", id=2)[0] == REFUSED
    assert cut.relay.n_met == 2


def test_a_refused_pipe_is_no_refused_account(server, cut):
    """What of the server the account may not use says nothing of the rest."""
    assert cut.ask("LIST") == (0, 1)
    server.add(fault("bind-IcaApi"))
    cut.breaks()
    assert cut.ask("PROCESSES")[0] not in (0, REFUSED)
    assert cut.ask("LIST") == (0, 2)


def test_a_pipe_that_is_missing_for_now(server, cut):
    """Only what the first connection shows is lacking: a server that starts has no pipe yet."""
    assert cut.ask("GET", id=2) == (0, 1)
    server.only_pipes(PIPES[0])
    cut.breaks()
    assert cut.ask("LIST") == (0, 2)
    assert cut.ask("PROCESSES")[0] == UNREACHABLE, cut.text
    server.settings()
    cut.breaks()
    assert cut.ask("PROCESSES") == (0, 3)


def test_the_first_pipe_is_missing_for_now(server, cut):
    """The server has not become one of the old ones: a log-off is none that kills."""
    assert cut.ask("GET", id=2) == (0, 1)
    server.only_pipes(*PIPES[1:])
    cut.breaks()
    assert cut.ask("GET", id=2)[0] == UNREACHABLE, cut.text
    server.settings()
    assert cut.asks_until("GET", id=2) == (0, 2)
    assert cut.ask("LOGOFF", id=2)[0] == 0
    calls = [call["call"] for call in server.calls()]
    assert "Logoff" in calls and "WinStationReset" not in calls


def test_a_pipe_that_was_never_there_is_lacking(bare, server):
    server.only_pipes(PIPES[0])
    one = Cut(server)
    try:
        assert one.ask("PROCESSES")[0] == UNSUPPORTED
        one.breaks()
        assert one.ask("PROCESSES")[0] == UNSUPPORTED
    finally:
        assert one.program.close() == 0
        one.relay.close()
