# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the README, of real sessions: `tools/update-pictures` calls this with --pictures FOLDER."""

import re
from pathlib import Path

import pytest

import sessions
from host import wait_until

WORDS = {
    "en": ("The disk is being replaced.", "disk"),
    "zh-tw": ("即將更換磁碟，請儲存您的工作。", "更換磁碟"),
}


@pytest.mark.parametrize("language, dark", [("en", False), ("en", True), ("zh-tw", False), ("zh-tw", True)])
def test_pictures(host, open_page, request, language, dark):
    """Three users, one of whom is away, and a countdown for two of them."""
    folder = request.config.getoption("--pictures")
    if not folder:
        pytest.skip("no --pictures FOLDER")
    bob, alice = sessions.ssh(host, "bob"), sessions.ssh(host, "alice")
    sessions.fake_console(host, "alice")
    sessions.fake(host, "bob", type="x11", display=":10", service="xrdp-sesman", remote_host="192.0.2.9")
    page = open_page("carol", admin=True, language=language, dark=dark, width=1280, height=720)
    wait_until(lambda: len(page.rows()) == 5, 30, "five sessions")
    page.pick(alice.id, bob.id)
    page.click("#logoff")
    page.fill("#warn-text", WORDS[language][0])
    page.fill("#reason", WORDS[language][1])
    name = f"cockpit-{'dark' if dark else 'light'}{'' if language == 'en' else '-zh-TW'}"
    page.picture(Path(folder) / f"{name}-question.png")
    page.click("#logoff-do")
    wait_until(lambda: re.search("0:[1-4]", page.text("#jobs .clock")), 50, "some seconds of the countdown have gone")
    page.picture(Path(folder) / f"{name}.png")
    page.click("#jobs button")
    page.await_card("warn")
