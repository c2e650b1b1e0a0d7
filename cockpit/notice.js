// SPDX-License-Identifier: GPL-3.0-or-later
// notice.js - messages to the web console itself. Whoever sends one has a name on the user's bus for as long as it takes; the pages of
// that session take the message from there, which is how the sender knows that it is on a screen (src/user/page.c).
// The page is loaded at login, and shows the message above whatever page the user is at.
import { foreign, node } from "./page.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;

/* The whole of Cockpit, if it may be reached from here. */
function find_document() {
    try {
        return window.top.document.body ? window.top.document : document;
    } catch {
        return document;
    }
}

/* Cockpit's own documents do not know the stylesheet of this page. */
const LOOK = {
    box: "position: fixed; inset: 16px 16px auto auto; z-index: 10000; width: min(420px, calc(100vw - 32px)); max-height: calc(100vh - 32px); " +
        "overflow: auto; padding: 16px 20px; border-radius: 12px; border-inline-start: 4px solid #b98412; box-shadow: 0 8px 32px rgb(0 0 0 / 30%); " +
        "font: 14px/1.5 RedHatText, 'Noto Sans CJK TC', 'PingFang TC', 'Microsoft JhengHei', system-ui, sans-serif; ",
    light: "background: #fff; color: #151515;",
    dark: "background: #292929; color: #fff;",
    title: "font-weight: 500; font-size: 13px; opacity: 0.85;",
    text: "margin: 4px 0 12px; white-space: pre-wrap; overflow-wrap: anywhere;",
    button: "font: inherit; color: inherit; background: none; border: 1px solid currentcolor; border-radius: 999px; padding: 4px 16px; cursor: pointer;",
};

function styled(element, style) {
    element.style.cssText = style;
    return element;
}

/* Shows a message for SECONDS; 0: until it is closed. */
function show_notice(title, text, seconds) {
    const there = find_document();
    const dark = document.documentElement.classList.contains("dark");
    const close = styled(node("button", { type: "button", textContent: _("Close") }), LOOK.button);
    const words = styled(node("div", {}), LOOK.text);
    words.append(node("bdi", { textContent: text }));    // the sender's program has made it harmless
    const box = styled(node("div", { className: "logoff-notice" }, styled(node("div", {}, foreign(title)), LOOK.title), words, close),
                       LOOK.box + (dark ? LOOK.dark : LOOK.light));
    box.setAttribute("role", "alert");
    close.addEventListener("click", () => box.remove());
    for (const other of there.querySelectorAll(".logoff-notice")) other.remove();    // the last one counts
    there.body.append(box);
    if (seconds) setTimeout(() => box.remove(), seconds * 1000);
}

async function take(name) {
    const sender = cockpit.dbus(name, { bus: "session" });
    try {
        const [title, text, seconds] = await sender.call("/org/logoff/Page1", "org.logoff.Page1", "Take", [], { type: "" });
        show_notice(title, text, seconds);
    } catch {
        // the sender has gone, and reports that nobody took it
    }
    sender.close();
}

/* Shows from now on what is sent to SESSION, the one that this page runs in. */
export function follow_messages(session) {
    const name = `org.logoff.Page1.s${session}`;
    const bus = cockpit.dbus("org.freedesktop.DBus", { bus: "session" });
    bus.subscribe({ path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus", member: "NameOwnerChanged", arg0: name },
                  (path, interface_name, signal, args) => args[2] && take(name));
}
