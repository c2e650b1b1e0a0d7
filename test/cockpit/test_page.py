# SPDX-License-Identifier: GPL-3.0-or-later
"""The page "Sessions" of Cockpit, as the people who use it see it: with a browser, on a host with real logins."""

import json
import re
import time

import pytest

import sessions
from browser import Keys
from cases import assert_gone, assert_untouched
from host import wait_until


def listed(host):
    """What query says of the sessions of people."""
    rows = [json.loads(line) for line in host.check("query session --json=lines").splitlines()]
    return [one for one in rows if one["kind"] == "user"]


def journal(host):
    return host.check("journalctl -t logoff -o cat --no-pager | tail -n 3")


def test_list_is_what_query_says(host, open_page):
    sessions.ssh(host, "alice")
    sessions.fake_console(host, "bob")
    page = open_page("carol", admin=True)
    want = {one["id"]: one["user"] for one in listed(host)}
    wait_until(lambda: {row["id"]: row["user"] for row in page.rows()} == want, 20, f"{page.rows()} is {want}")
    assert sorted(want.values()) == ["alice", "bob", "carol"]
    own = page.await_row(user="carol")
    assert "this page" in own["cells"][1] and "web console" in own["cells"][6]
    assert "3 sessions of 3 users" in page.text("#summary")
    assert page.complaints() == []


def test_sessions_come_and_go(host, open_page):
    page = open_page("carol")
    assert page.row(user="alice") is None
    session = sessions.ssh(host, "alice")
    page.await_row(user="alice")
    page.pick(page.row(user="carol")["id"])
    session.leave()
    wait_until(lambda: page.row(user="alice") is None, 20, "alice has left the table")
    assert page.text("#picked") == "1 selected", "what was ticked stays so"


def test_warns_counts_down_and_logs_off(host, open_page):
    alice, bob = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    keeper = alice.spawn("stubborn -d keeper", "keeper")
    before = alice.processes(), bob.processes()
    page = open_page("carol", admin=True)
    page.await_row(user="bob")
    page.pick(alice.id, bob.id)
    page.click("#logoff")
    assert "Log off 2 sessions?" in page.text("#logoff-dialog")
    page.warn_for(30)
    page.fill("#warn-text", "The disk is being <b>replaced</b> & $(reboot).")
    page.fill("#reason", "disk --console `id`")
    page.click("#logoff-do")
    wait_until(lambda: "2 sessions will be logged off" in page.text("#jobs"), 20, "the countdown")
    alice.shell.expect(r"(?s)carol.*The disk is being <b>replaced</b> & \$\(reboot\)\.")
    wait_until(lambda: re.match(r"Logs off in 0:[12]\d$", page.row(user="alice")["cells"][3]), 20, "the row counts down")
    assert page.is_disabled(f"tr[data-id='{alice.id}'] input")
    assert "warned on the terminal" in page.text("#jobs")
    card = page.await_card("good")
    assert "2 sessions were logged off, and nothing is left of them." in card
    assert "logged off by force" in card, "the daemon of alice had to be killed"
    assert_gone(alice, before[0] + [keeper])
    assert_gone(bob, before[1])
    assert "by carol" in journal(host) and "disk --console `id`" in journal(host)
    wait_until(lambda: [row["user"] for row in page.rows()] == ["carol"], 20, "only carol is left")
    assert page.complaints() == []


def start_countdown(page, session, seconds=60):
    page.await_row(id=session.id)
    page.click_row(session.id, 1)
    page.warn_for(seconds)
    page.click("#logoff-do")
    wait_until(lambda: "warned" in page.text("#jobs"), 20, "the user was warned")


def test_cancel(host, open_page):
    alice = sessions.ssh(host, "alice")
    before = alice.processes()
    page = open_page("carol", admin=True)
    start_countdown(page, alice)
    page.click("#jobs button")
    card = page.await_card("warn")
    assert "Cancelled." in card and "still there" in card
    alice.shell.expect("cancelled")
    assert_untouched(alice, before)
    assert not host.named("logoff")
    assert page.row(user="alice")["cells"][3] == "Active"


def test_closed_tab_cancels(host, open_page):
    alice = sessions.ssh(host, "alice")
    before = alice.processes()
    page = open_page("carol", admin=True)
    start_countdown(page, alice)
    page.close()
    wait_until(lambda: not host.named("logoff"), 30, "logoff has ended")
    alice.shell.expect("cancelled")
    assert_untouched(alice, before)
    assert "cancelled" in journal(host)


def test_limited_access(host, open_page):
    alice, own = sessions.ssh(host, "alice"), sessions.ssh(host, "bob")
    before, own_before = alice.processes(), own.processes()
    page = open_page("bob")
    row = page.await_row(user="alice")
    wait_until(lambda: page.is_disabled(f"tr[data-id='{row['id']}'] input"), 20, "alice is out of reach of bob")
    assert "you can log off your own sessions only" in page.text()
    assert page.is_disabled(f"tr[data-id='{row['id']}'] .acts button:last-child")
    page.click_row(own.id, 1)
    page.warn_for(0)
    page.click("#logoff-do")
    assert "nothing is left of it" in page.await_card("good")
    assert_gone(own, own_before)
    assert_untouched(alice, before)


HELP_DESK = """polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.login1.manage" && subject.user == "bob") return polkit.Result.YES;
});
"""


def test_help_desk_without_root(host, open_page):
    rule = host.path("/etc/polkit-1/rules.d/50-help-desk.rules")
    rule.write_text(HELP_DESK)
    host.check("chmod 644 /etc/polkit-1/rules.d/50-help-desk.rules; systemctl restart polkit")
    try:
        alice = sessions.ssh(host, "alice")
        before = alice.processes()
        page = open_page("bob")
        page.await_row(user="alice")
        assert "your own sessions only" not in page.text()
        page.click_row(alice.id, 0)
        page.fill("#message-text", "from the help desk")
        page.click("#message-do")
        assert "delivered" in page.await_card("good")
        alice.shell.expect("from the help desk")
        page.click_row(alice.id, 1)
        page.warn_for(0)
        page.click("#logoff-do")
        assert "nothing is left of it" in wait_until(lambda: "nothing is left" in page.text("#jobs") and page.text("#jobs"), 30, "the end")
        assert_gone(alice, before)
        assert "by bob" in journal(host)
    finally:
        rule.unlink()
        host.check("systemctl restart polkit")


def test_console_needs_a_second_tick(host, open_page):
    console = sessions.fake_console(host, "bob")
    alice = sessions.ssh(host, "alice")
    before = console.processes()
    page = open_page("carol", admin=True)
    page.await_row(user="bob")
    page.click_row(console.id, 1)
    page.warn_for(0)
    assert page.is_disabled("#logoff-do"), "not without the tick"
    page.press(Keys.ESCAPE)
    page.pick(console.id, alice.id)
    page.click("#logoff")
    page.warn_for(0)
    page.click("#logoff-do")
    assert "1 session was logged off" in page.await_card("good"), "the other one alone"
    assert_untouched(console, before)
    page.click_row(console.id, 1)
    page.warn_for(0)
    page.click("#console")
    page.click("#logoff-do")
    wait_until(lambda: not console.exists(), 30, "the console session has ended")
    assert_gone(console, before)


def test_own_session(host, open_page):
    page = open_page("carol", admin=True)
    own = page.await_row(user="carol")["id"]
    before = host.session_processes(own)
    page.click_row(own, 1)
    assert "This page runs in one of these sessions." in page.text("#logoff-dialog")
    page.warn_for(0)
    page.click("#logoff-do")
    wait_until(lambda: own not in host.session_ids(), 30, "the session has ended")
    assert before and host.survivors(before) == []


def test_message(host, open_page):
    alice = sessions.ssh(host, "alice")
    silent = sessions.ssh(host, "bob", tty=False)
    page = open_page("carol", admin=True)
    page.await_row(user="bob")
    page.click_row(alice.id, 0)
    text = "/v --wait $(reboot) `id` <b>午餐好了</b>"
    page.fill("#message-text", text)
    page.click("#message-do")
    assert "on the terminal" in page.await_card("good")
    alice.shell.expect(r"/v --wait \$\(reboot\) `id` <b>午餐好了</b>")
    page.click("#jobs button")
    page.pick(alice.id, silent.id)
    page.click("#message")
    page.fill("#message-text", "to both")
    page.click("#message-do")
    card = page.await_card("bad")
    assert "has not reached everybody" in card and "the session has nothing that could show it" in card
    alice.shell.expect("to both")


def test_web_console_gets_messages(host, open_page):
    """Whatever page its user is at; and nobody is said to have one who has closed the browser."""
    page = open_page("bob")
    own = page.await_row(user="bob")["id"]
    page.load("/system/services")   # as after a login: the user has not been at the page Sessions
    hostile = "Lunch <img src=x onerror=alert(1)>\nis ready. 午餐"

    def delivery():
        row = json.loads(host.run(["msg", "/json:lines", f"id:{own}", hostile]).out)
        return row if row["result"] == "delivered" else None

    assert wait_until(delivery, 60, "the page is loaded, and takes the message")["channel"] == "page"
    notice = wait_until(page.notice, 10, "the message is on the screen")
    assert hostile in notice and "root" in notice
    wait_until(lambda: not host.named("query"), 20, "a page that nobody looks at watches no sessions")
    warned = host.run(["logoff", f"id:{own}", "/warn:10", "/message:Now.", "/v"], timeout=90)
    assert warned.status == 0 and "bob has been warned" in warned.out, warned.text
    assert own not in host.session_ids()


def test_web_console_without_a_page(host, open_page):
    page = open_page("bob")
    own = page.await_row(user="bob")["id"]
    page.script("return window.top.location.replace('about:blank')")
    sent = host.run(["msg", "/json:lines", f"id:{own}", "Hello"])
    row = json.loads(sent.out)
    assert row["result"] in ("no-way", "ended") and row["channel"] is None, sent.text


def test_hostile_names_stay_text(host, open_page):
    name = "<img src=x onerror=window.top.hurt=1>\u202egnp"
    passwd = host.path("/etc/passwd")
    before = passwd.read_text()
    passwd.write_text(f"{before}{name}:x:1003:1003::/tmp:/bin/sh\n")
    try:
        session = sessions.FakeSessions(host, uid=1003, remote_host="<script>window.top.hurt=2</script>", service="sshd<b>", type="tty")
        page = open_page("carol", admin=True)
        row = page.await_row(id=session.id)
        assert row["cells"][1] == name.replace("\u202e", "\\u{202e}")
        assert "<script>" in row["cells"][6]
        page.click_row(session.id, 1)
        assert "onerror" in page.text("#logoff-title")
        page.warn_for(0)
        page.click("#logoff-do")
        assert "onerror" in page.await_card("good")
        assert page.script("return window.top.hurt ?? null") is None
        assert page.script("return document.querySelectorAll('img, #rows script, #rows b').length") == 0
    finally:
        passwd.write_text(before)


def test_unknown_is_not_gone(host, open_page):
    alice = sessions.ssh(host, "alice")
    page = open_page("carol", admin=True)
    page.await_row(id=alice.id)
    query = host.check("command -v query")
    host.check(f"mv {query} {query}.away")
    try:
        page.script("(await import('./list.js')).read()", asynchronous=True)
        problem = wait_until(lambda: page.text("#problem"), 40, "the page says that the list is old")
        assert "what has changed since then is unknown" in problem
        assert page.row(id=alice.id), "the row stays"
    finally:
        host.check(f"mv {query}.away {query}")
    wait_until(lambda: not page.text("#problem"), 60, "the list is read again")
    assert page.row(id=alice.id)


def test_keyboard(host, open_page):
    alice = sessions.ssh(host, "alice")
    page = open_page("carol", admin=True)
    page.await_row(id=alice.id)
    label = f"Log off alice, session {page.row(id=alice.id)['cells'][2].splitlines()[0]}"
    page.script("document.querySelector('#filter').focus()")
    for _ in range(20):
        page.press(Keys.TAB)
        if page.focus() == label:
            break
    assert page.focus() == label, "Tab reaches the button, and the label names whom it means"
    page.press(Keys.ENTER)
    assert page.script("return document.querySelector('#logoff-dialog').contains(document.activeElement)")
    page.press(Keys.ESCAPE)
    assert page.focus() == label, "back at the button"
    assert page.attribute("#summary", "role") == "status"


def test_chinese_and_dark(host, open_page):
    sessions.ssh(host, "alice")
    page = open_page("carol", admin=True, language="zh-tw", dark=True)
    page.await_row(user="alice")
    assert "2 個工作階段，2 位使用者" in page.text("#summary")
    assert page.text("th").strip() == "使用者\n工作階段\n狀態\n閒置\n登入時間\n來自\n動作"
    menu = page.script("return window.top.document.querySelector(\"a[href='/sessions'], a[href^='/sessions']\").innerText")
    assert menu.strip() == "工作階段"
    ground = page.script("return getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(21, 21, 21)"
    english = page.script("return [...document.querySelectorAll('button, label, th, h1, h2')].map(one => one.textContent.trim()).filter(text => /[a-z]{4}/.test(text))")
    assert english == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe(host, open_page, axe, dark):
    """The rules of axe-core find nothing on the page and in its dialogs."""
    alice = sessions.ssh(host, "alice")
    page = open_page("carol", admin=True, dark=dark)
    page.await_row(id=alice.id)
    page.script(axe)
    find = "return (await window.axe.run(document)).violations.map(one => one.id + ': ' + one.nodes[0].html + ': ' + one.nodes[0].failureSummary)"
    assert page.script(find, asynchronous=True) == []
    page.click_row(alice.id, 1)
    time.sleep(0.5)    # the browser has painted the veil
    assert page.script(find, asynchronous=True) == []
    page.warn_for(60)
    page.click("#logoff-do")
    wait_until(lambda: "warned" in page.text("#jobs"), 20, "the countdown")
    assert page.script(find, asynchronous=True) == []
    page.click("#jobs button")
    page.await_card("warn")
    assert page.script(find, asynchronous=True) == []
