// SPDX-License-Identifier: GPL-3.0-or-later
// logoff.js - logs sessions off: the question, the countdown with its card, and what became of each.
import { start } from "./commands.js";
import { list, read } from "./list.js";
import { $, card, finish_card, node } from "./page.js";
import { about_session, countdown, failure_line, result_line, step, title } from "./words.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;
const ngettext = cockpit.ngettext;
const format = cockpit.format;

const WARNINGS = [
    [0, _("not at all")], [60, _("1 minute before")], [300, _("5 minutes before")], [900, _("15 minutes before")], [3600, _("1 hour before")],
];
const jobs = new Set();
let show = () => {};

/* ---- the question ---- */

function fill_warnings(own, console_sessions) {
    $("logoff-own").hidden = !own;
    $("logoff-own").textContent = own;
    $("logoff-console").hidden = !console_sessions;
    $("console").checked = false;
}

/* What to say if this page may run in one of SESSIONS; unknown is said too. */
function own_warning(sessions) {
    if (sessions.some(one => one.own === true))
        return _("This page runs in one of these sessions. It will be disconnected, and shows no result.");
    if (sessions.some(one => one.own === null)) return _("Nobody can tell whether this page runs in one of these sessions.");
    return "";
}

const meant = sessions => sessions.filter(one => !one.console || $("console").checked);

/* Asks whether, how and why SESSIONS are to be logged off. A session of the console is meant only with a second tick. */
export function ask_logoff(sessions) {
    const dialog = $("logoff-dialog");
    const at_console = sessions.filter(one => one.console).length;
    const update = () => {
        $("logoff-do").disabled = meant(sessions).length === 0;
        $("warn-more").hidden = $("logoff-close").hidden = $("warn").value === "0";
    };
    $("logoff-title").textContent = sessions.length === 1 ? format(_("Log off $0?"), title(sessions[0]))
        : format(ngettext("Log off $0 session?", "Log off $0 sessions?", sessions.length), sessions.length);
    dialog.querySelector(".who").replaceChildren(...sessions.map(one => node("li", { textContent: title(one) })));
    dialog.querySelector(".who").hidden = sessions.length === 1;
    fill_warnings(own_warning(sessions), at_console);
    $("logoff-console").querySelector("span").textContent =
        sessions.length === 1 ? _("It is a session on the machine's own screen. Log it off all the same.")
            : _("Also log off sessions on the machine's own screen.");
    $("warn-text").value = $("reason").value = "";
    $("warn").value = "60";
    $("warn").onchange = $("console").onchange = update;
    update();
    dialog.returnValue = "";
    dialog.onclose = () => {
        if (dialog.returnValue === "do") log_off(meant(sessions));
    };
    dialog.showModal();
}

/* ---- the run ---- */

/* Words that reach the command as values can be no options. */
function logoff_words(sessions, seconds) {
    const words = ["logoff", "--json=lines", "--verbose", "--yes", "--no-ask-password"];
    const text = $("warn-text").value.trim(), reason = $("reason").value.trim();
    if (seconds) words.push(`--warn=${seconds}`);
    if (seconds && text) words.push(`--message=${text}`);
    if (reason) words.push(`--reason=${reason}`);
    if ($("console").checked) words.push("--console");
    return [...words, "--", ...sessions.map(one => `id:${one.id}`)];
}

function make_job(sessions, seconds) {
    const job = {
        sessions, seconds, until: Date.now() + seconds * 1000, cancelled: false,
        results: new Map(), failures: [], steps: new Map(),
        card: card("warn", "group"), head: node("strong"), clock: node("span", { className: "clock" }), bar: node("progress", { max: seconds || 1 }), lines: node("ul"),
        cancel: node("button", { type: "button", className: "secondary", textContent: _("Cancel") }),
    };
    job.head.setAttribute("role", "status");
    job.bar.setAttribute("aria-label", _("Time until the log-off"));
    job.clock.setAttribute("aria-hidden", "true");
    job.card.append(node("div", {}, job.head, job.clock), job.cancel, job.bar, job.lines);
    jobs.add(job);
    return job;
}

const left = job => Math.max(0, Math.ceil((job.until - Date.now()) / 1000));

/* What the row of a session says while it is being logged off; null: nothing of that kind. */
export function job_text(id) {
    const job = [...jobs].find(one => one.sessions.some(session => session.id === id));
    if (!job) return null;
    if (job.cancelled) return _("Cancelling…");
    return left(job) ? format(_("Logs off in $0"), countdown(left(job))) : _("Logging off…");
}

/* The head is read out when it changes, so it has no seconds. */
function head_text(job) {
    const n = job.sessions.length;
    if (job.cancelled) return _("Cancelling…");
    if (!left(job)) return format(ngettext("Logging off $0 session…", "Logging off $0 sessions…", n), n);
    return format(ngettext("$0 session will be logged off", "$0 sessions will be logged off", n), n);
}

function status_of(job, session) {
    const result = job.results.get(session.id);
    return result ? result_line(result) : [about_session(session), job.steps.get(session.id) || _("waiting")];
}

function show_job(job) {
    const text = head_text(job);
    if (job.head.textContent !== text) job.head.textContent = text;
    job.clock.textContent = left(job) && !job.cancelled ? countdown(left(job)) : "";
    job.cancel.disabled = job.cancelled;
    job.cancel.hidden = !job.seconds || !left(job);
    if (left(job)) job.bar.value = job.seconds - left(job);
    else job.bar.removeAttribute("value");
    const lines = job.sessions.map(session => node("li", {}, ...status_of(job, session)));
    if (lines.map(one => one.textContent).join() !== job.lines.textContent) job.lines.replaceChildren(...lines);
    show();
}

function take_line(job, line) {
    if (line.type === "result") job.results.set(line.id, line);
    else if (line.type === "failure") job.failures.push(line);
    else if (line.type === "event") {
        const text = step(line);
        if (text) job.steps.set(line.session_id, text);
        if (line.remaining_s !== null && line.remaining_s !== undefined) job.until = Date.now() + line.remaining_s * 1000;
    }
}

function log_off(sessions) {
    const seconds = Number($("warn").value);
    const job = make_job(sessions, seconds);
    const command = start(logoff_words(sessions, seconds), line => take_line(job, line));
    job.cancel.addEventListener("click", () => {
        job.cancelled = true;
        command.stop();
        show_job(job);
    });
    const timer = setInterval(show_job, 1000, job);
    show_job(job);
    command.ended.then(async end => {
        clearInterval(timer);
        jobs.delete(job);
        await read();   // what the command has not told is looked up
        finish_job(job, end);
    });
}

/* ---- the end ---- */

/* What can be said of a session without a result: only what a list that was read since then says. */
function line_without_result(session) {
    const text = list.problem ? _("nobody can tell what became of it")
        : list.sessions.some(one => one.id === session.id) ? _("still there") : _("no longer in the list");
    return [about_session(session), text];
}

function headline(job, n_ended) {
    const n = job.sessions.length;
    if (n_ended === n)
        return format(ngettext("$0 session was logged off, and nothing is left of it.",
                               "$0 sessions were logged off, and nothing is left of them.", n), n);
    if (job.cancelled && n_ended === 0) return _("Cancelled.");
    return format(_("$0 of $1 sessions were logged off."), n_ended, n);
}

/* Green only if every session has ended and the command says so. */
function finish_job(job, end) {
    const ended = [...job.results.values()].filter(one => one.result === "ended");
    const lines = job.sessions.map(session => {
        const result = job.results.get(session.id);
        return result ? result_line(result) : line_without_result(session);
    });
    const said = job.failures.map(failure_line);
    const silent = !job.cancelled && !job.failures.length && job.results.size < job.sessions.length;
    if (silent) said.push([end.why || _("The command has ended without a result.")]);
    const good = ended.length === job.sessions.length && end.status === 0;
    finish_card(job.card, good ? "good" : job.cancelled ? "warn" : "bad", headline(job, ended.length), [...said, ...lines]);
    job.card.setAttribute("role", good || job.cancelled ? "status" : "alert");
    show();
}

/* SHOWN is called when a row has another text. Closing the page ends a countdown, so the browser asks before. */
export function follow_jobs(shown) {
    show = shown;
    $("warn").replaceChildren(...WARNINGS.map(([seconds, text]) => node("option", { value: seconds, textContent: text })));
    window.addEventListener("beforeunload", event => {
        if ([...jobs].some(left)) event.preventDefault();
    });
}
