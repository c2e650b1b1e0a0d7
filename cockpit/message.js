// SPDX-License-Identifier: GPL-3.0-or-later
// message.js - sends a message to the users of sessions, and says what became of it at each.
import { start } from "./commands.js";
import { $, card, finish_card, node } from "./page.js";
import { delivery_line, failure_line, title } from "./words.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;
const ngettext = cockpit.ngettext;
const format = cockpit.format;

export function ask_message(sessions) {
    const dialog = $("message-dialog");
    $("message-title").textContent = sessions.length === 1 ? format(_("Message to $0"), title(sessions[0]))
        : format(ngettext("Message to $0 session", "Message to $0 sessions", sessions.length), sessions.length);
    dialog.querySelector(".who").replaceChildren(...sessions.map(one => node("li", { textContent: title(one) })));
    dialog.querySelector(".who").hidden = sessions.length === 1;
    $("message-text").value = "";
    dialog.returnValue = "";
    dialog.onclose = () => {
        if (dialog.returnValue === "do") send(sessions, $("message-text").value);
    };
    dialog.showModal();
    $("message-text").focus();
}

/* The recipients go in as a list, the text as one argument behind "--": neither can be an option. */
async function send(sessions, text) {
    const deliveries = [], failures = [];
    const element = card("info", "status");
    element.append(node("strong", { textContent: _("Sending…") }));
    const command = start(["msg", "--json=lines", "@/dev/stdin", "--", text], line => {
        if (line.type === "delivery") deliveries.push(line);
        else if (line.type === "failure") failures.push(line);
    }, sessions.map(one => `id:${one.id}\n`).join(""));
    const end = await command.ended;
    const good = end.status === 0 && deliveries.length === sessions.length && deliveries.every(one => one.result === "delivered");
    const lines = [...failures.map(failure_line), ...deliveries.map(delivery_line)];
    if (!lines.length) lines.push([end.why || _("The command has ended without a result.")]);
    finish_card(element, good ? "good" : "bad", good ? _("The message has been delivered.")
        : deliveries.some(one => one.result === "delivered") ? _("The message has not reached everybody.") : _("The message has not been delivered."), lines);
}
