// SPDX-License-Identifier: GPL-3.0-or-later
// sessions.js - the page "Sessions" of Cockpit: the table, and what is chosen in it.
import { admin } from "./commands.js";
import { follow, list, may_end, viewer } from "./list.js";
import { ask_logoff, follow_jobs, job_text } from "./logoff.js";
import { ask_message } from "./message.js";
import { follow_messages } from "./notice.js";
import { $, follow_theme, foreign, node, put, safe } from "./page.js";
import { idle, kind, origin, since, state, time, title } from "./words.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;
const ngettext = cockpit.ngettext;
const format = cockpit.format;

const COLUMNS = [_("User"), _("Session"), _("State"), _("Idle"), _("Since"), _("From")];

const picked = new Set();       // ids
const rows = new Map();         // id -> its row, kept while the session lives, so that the keyboard's focus stays

/* ---- which sessions are shown ---- */

const is_at_work = session => session.kind === "user" && session.state !== "connected";

function matches(session) {
    const wanted = $("filter").value.trim().toLowerCase();
    const texts = [session.user, session.name, session.id, session.address, session.client, session.protocol];
    return !wanted || texts.some(text => text?.toLowerCase().includes(wanted));
}

const shown = () => list.sessions.filter(one => ($("everything").checked || is_at_work(one)) && matches(one));
const chosen = () => shown().filter(one => picked.has(one.id));
const by_id = id => list.sessions.find(one => one.id === id);

/* ---- rows ---- */

function tag(text, name) {
    return node("span", { className: `tag ${name}`, textContent: text });
}

function user_cell(session) {
    const domain = session.domain ? [foreign(session.domain), "\\"] : [];
    const marks = [];
    if (session.current) marks.push(tag(_("this page"), "own"));
    else if (session.own) marks.push(tag(_("yours"), "own"));
    else if (session.own === null) marks.push(tag(_("perhaps this page"), "own"));
    if (session.registered === false) marks.push(tag(_("not registered"), "own"));
    return [...domain, session.user ? foreign(session.user) : node("span", { className: "quiet", textContent: _("nobody") }), ...marks];
}

function session_cell(session) {
    const small = [session.name ? session.id : null, kind(session)].filter(Boolean).map(safe).join(", ");
    return [foreign(session.name || session.id), small ? node("small", { textContent: small }) : ""];
}

function state_cell(session) {
    const job = job_text(session.id);
    return [job ? tag(job, "ending") : tag(state(session), session.state)];
}

function make_row(id) {
    const box = node("input", { type: "checkbox" });
    const tell = node("button", { type: "button", className: "link", textContent: _("Message") });
    const end = node("button", { type: "button", className: "link", textContent: _("Log off") });
    const cells = COLUMNS.map(() => node("td"));
    cells.forEach((cell, i) => { cell.dataset.label = COLUMNS[i]; });
    box.addEventListener("change", () => {
        picked[box.checked ? "add" : "delete"](id);
        show();
    });
    tell.addEventListener("click", () => by_id(id) && ask_message([by_id(id)]));
    end.addEventListener("click", () => by_id(id) && ask_logoff([by_id(id)]));
    const row = node("tr", {}, node("td", { className: "pick" }, box), ...cells, node("td", { className: "acts" }, tell, end));
    row.dataset.id = id;
    return { row, box, tell, end, cells };
}

function fill_row({ row, box, tell, end, cells }, session) {
    const busy = job_text(session.id) !== null, may = may_end(session);
    const contents = [user_cell(session), session_cell(session), state_cell(session), [idle(session.idle_seconds)], [since(session)], origin(session)];
    contents.forEach((content, i) => put(cells[i], ...content));
    row.dataset.user = session.user || "";
    box.checked = picked.has(session.id);
    box.disabled = end.disabled = busy || !may;
    tell.disabled = !may || session.kind === "greeter" || session.state === "closing";
    box.title = end.title = may ? "" : _("Administrative access is needed.");
    for (const [control, text] of [[box, _("Select $0")], [tell, _("Message to $0")], [end, _("Log off $0")]])
        control.setAttribute("aria-label", format(text, title(session)));
}

function show_rows(sessions) {
    const ids = new Set(sessions.map(one => one.id));
    for (const [id, parts] of rows) {
        if (ids.has(id)) continue;
        parts.row.remove();
        rows.delete(id);
    }
    sessions.forEach((session, i) => {
        if (!rows.has(session.id)) rows.set(session.id, make_row(session.id));
        const parts = rows.get(session.id);
        fill_row(parts, session);
        if ($("rows").children[i] !== parts.row) $("rows").insertBefore(parts.row, $("rows").children[i] || null);
    });
}

/* ---- around the table ---- */

function show_problem() {
    const { problem, time: last } = list;
    $("problem").hidden = !problem;
    document.body.classList.toggle("stale", !!problem);
    if (!problem) return;
    put($("problem"), last ? format(_("The list cannot be read. It is shown as it was at $0; what has changed since then is unknown."), time(last))
        : _("The list cannot be read, so nobody can tell who is logged on."), problem.why ? node("small", {}, foreign(problem.why)) : "");
}

function show_summary() {
    const people = list.sessions.filter(is_at_work);
    const users = new Set(people.map(one => `${one.domain}\\${one.user}`)).size;
    const text = list.time ? format(_("$0 of $1"),
        format(ngettext("$0 session", "$0 sessions", people.length), people.length),
        format(ngettext("$0 user", "$0 users", users), users)) : "";
    if ($("summary").textContent !== text) $("summary").textContent = text;
}

function show_choice(sessions) {
    const n = chosen().length;
    const free = sessions.filter(one => may_end(one) && job_text(one.id) === null);
    const text = n ? format(ngettext("$0 selected", "$0 selected", n), n) : "";
    if ($("picked").textContent !== text) $("picked").textContent = text;
    $("logoff").disabled = $("message").disabled = n === 0;
    $("all").disabled = free.length === 0;
    $("all").checked = free.length > 0 && free.every(one => picked.has(one.id));
    $("all").indeterminate = n > 0 && !$("all").checked;
}

function show() {
    const sessions = shown();
    for (const id of picked)
        if (!list.problem && (!by_id(id) || job_text(id) !== null)) picked.delete(id);
    show_problem();
    show_rows(sessions);
    show_summary();
    show_choice(sessions);
    $("nobody").hidden = sessions.length > 0 || !list.time;
    $("nobody").textContent = $("filter").value.trim() ? _("No session matches.") : _("Nobody is logged on.");
    $("limited").hidden = admin.allowed !== false || viewer.helps !== false;
    document.body.hidden = false;
}

function pick_all() {
    for (const session of shown())
        picked[$("all").checked && may_end(session) && job_text(session.id) === null ? "add" : "delete"](session.id);
    show();
}

follow_theme();
cockpit.translate();
document.documentElement.lang = (cockpit.language || "en").replace("_", "-");
$("filter").placeholder = _("User, session or address");
$("filter").setAttribute("aria-label", _("Filter"));
$("all").setAttribute("aria-label", _("Select all"));
$("filter").addEventListener("input", show);
$("everything").addEventListener("change", show);
$("all").addEventListener("change", pick_all);
$("logoff").addEventListener("click", () => ask_logoff(chosen()));
$("message").addEventListener("click", () => ask_message(chosen()));
follow_jobs(show);
follow(show).then(() => viewer.session && follow_messages(viewer.session));
