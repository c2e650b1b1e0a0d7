# SPDX-License-Identifier: GPL-3.0-or-later
"""Warnings and messages as people see them: each case takes a picture of the screen and reads it."""

import time

import pytest

import desktops
from cases import CANCELLED, assert_untouched, interrupt, start_logoff
from host import finish

OWN = "The disk in the basement is replaced tonight, and nobody knows how long that takes."


@pytest.fixture(params=["xfce-rdp", "gnome-rdp", "gnome-wayland", "plasma-rdp"])
def desktop(host, request):
    kind, way = request.param.split("-")
    opened = getattr(desktops, way)(host, "alice", kind)
    opened.use(6)   # what the desktop itself had to say is off the screen
    return opened


def test_warnings_take_each_others_place(host, desktop):
    """The last warning is on the screen, whole, and no other; and the word that it is called off after it."""
    before = desktop.processes()
    running = start_logoff(host, desktop.id, "/warn:60", f"/message:{OWN}", "/v")

    desktop.reads("warning", "logs you off in 60 seconds", "Save your work now", "nobody knows how long")
    desktop.reads("half", "logs you off in", "Save your work now", "nobody knows how long", without="60 seconds", seconds=45)

    interrupt(host, running)
    result = finish(running, 10)
    desktop.reads("called-off", "has cancelled this log-off", "It will not log you off", without="logs you off")
    assert result.status == CANCELLED, result.text
    assert f"the desktop of alice has the warning; 60 seconds left" in result.out
    assert_untouched(desktop, before)


def test_a_question_behind_a_message(host, desktop):
    """A message does not keep the next one, nor a question, from being seen."""
    assert host.run(["msg", desktop.id, "The first message."]).status == 0
    desktop.reads("message", "The first message")
    assert host.run(["msg", desktop.id, "The second message."]).status == 0
    desktop.use(6)
    desktop.use(1)
    asking = host.start(["msg", desktop.id, "/w", "/time:40", "Shall the printer be restarted now?"])
    desktop.use(6)

    desktop.reads("question", "Shall the printer be restarted now", seconds=20)

    assert asking.poll() is None
    host.run(["pkill", "-INT", "-x", "msg"])
    finish(asking, 10)


def test_the_answer_of_a_click(host):
    """XFCE shows every action as a button: there is one, and it answers."""
    desktop = desktops.rdp(host, "alice", "xfce")
    asking = host.start(["msg", desktop.id, "/w", "/time:60", "Shall the printer be restarted now?"])
    desktop.reads("one-button", "Shall the printer be restarted now")

    clicked = desktop.as_user(["xdotool", "mousemove", "950", "129", "click", "1"], DISPLAY=desktop.display,
                              XAUTHORITY="/home/alice/.Xauthority")

    assert clicked.status == 0, clicked.text
    assert "alice has answered OK" in finish(asking, 20).out
