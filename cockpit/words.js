// SPDX-License-Identifier: GPL-3.0-or-later
// words.js - sentences for the words and numbers of the commands' JSON. A word that is not known here is shown as it is.
import { foreign, node, safe } from "./page.js";

const cockpit = window.cockpit;
const _ = cockpit.gettext;
const ngettext = cockpit.ngettext;
const format = cockpit.format;

const language = (cockpit.language || "en").replace("_", "-");
const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const clock_time = new Intl.DateTimeFormat(language, { timeStyle: "medium" });

/* What the menu of Cockpit shows; manifest.json has the same words. */
export const MENU = [
    _("Sessions"), _("session"), _("log off"), _("log out"), _("message"), _("rdp"), _("ssh"), _("idle"), _("disconnected"), _("user"),
];

const STATES = { active: _("Active"), connected: _("Login screen"), disconnected: _("Disconnected"), closing: _("Closing") };
const KINDS = { greeter: _("login screen"), background: _("background job"), services: _("services") };
const PROTOCOLS = { local: _("on the machine itself"), cockpit: _("web console") };

export const state = session => STATES[session.state] || session.state;
export const kind = session => KINDS[session.kind] || "";
export const unknown = () => node("span", { className: "quiet", textContent: _("unknown") });
export const time = date => clock_time.format(date);
export const since = session => session.logon_time ? moment.format(new Date(session.logon_time)) : unknown();

/* "bob, session pts/3": one text, for labels and lists. */
export const title = session => format(_("$0, session $1"), safe(session.user || _("nobody")), safe(session.name || session.id));

/* The beginning of a line about SUBJECT. */
const about = subject => subject + _(": ");
export const about_session = session => about(title(session));

export function idle(seconds) {
    if (seconds === null) return unknown();
    const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (minutes < 1) return _("in use");
    if (hours < 1) return format(ngettext("$0 minute", "$0 minutes", minutes), minutes);
    if (days < 2) return format(ngettext("$0 hour", "$0 hours", hours), hours);
    return format(ngettext("$0 day", "$0 days", days), days);
}

/* "0:42" */
export const countdown = seconds => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/* Where the user comes from: a first line, and a small second one. */
export function origin(session) {
    const way = PROTOCOLS[session.protocol] || session.protocol;
    const small = [session.client, session.address ? way : null].filter(Boolean).map(safe).join(", ");
    return [session.address ? foreign(session.address) : safe(way || ""), small ? node("small", { textContent: small }) : ""];
}

const RESULTS = {
    ended: _("logged off"), denied: _("access denied"), protected: _("protected, and left alone"),
    "not-ended": _("has not ended in time"), cancelled: _("cancelled, nothing was ended"),
    changed: _("another logon by now, and left alone"), failed: _("failed"),
};
const DELIVERIES = {
    delivered: _("delivered"), denied: _("access denied"), ended: _("has ended before"), "not-in-time": _("not in time"),
    cancelled: _("cancelled"), "no-way": _("the session has nothing that could show it"), failed: _("failed"),
    unknown: _("nobody can tell whether it has come"), "left-out": _("left out"),
};
const CHANNELS = {
    terminal: _("on the terminal"), desktop: _("on the desktop"), display: _("in a window"), page: _("in the web console"),
};
const STEPS = {
    "leave-ask": _("the desktop was asked to log its user off"), "leave-held": _("programs object"),
    "leave-done": _("the desktop has logged its user off"), "leave-failed": _("the desktop has not logged its user off"),
    ask: _("its programs were asked to end"), kill: _("programs that are left are killed"), gone: _("nothing is left"),
    "desktop-ask": _("the desktop's services were asked to end"), "desktop-kill": _("the desktop's services are killed"),
    "desktop-gone": _("the desktop's services have ended"), "manager-ask": _("the user's services were asked to end"),
    "manager-kill": _("the user's services are killed"), "manager-gone": _("the user's services have ended"),
};
const FAILURES = {
    "no-session": _("There is no such session any more."), "user-left": _("The user has left."),
    "no-record": _("The journal has no record of this."), denied: _("Access denied."),
};

/* " - why", where there is a reason. Those of the host are in its own words. */
const because = cause => cause?.text ? [" — ", foreign(cause.text)] : [];

function left_of(result) {
    if (!result.left?.length) return [];
    const names = result.left.map(one => `${safe(one.command)} ${one.pid}`).join(", ");
    return [" — ", format(_("still there: $0"), names)];
}

/* Lines of a card: arrays of texts and elements. */
export function result_line(result) {
    const forced = result.result === "ended" && result.forced ? _("logged off by force") : null;
    return [about_session(result), forced || RESULTS[result.result] || result.result, ...because(result.cause), ...left_of(result)];
}

export function delivery_line(delivery) {
    const where = delivery.result === "delivered" && CHANNELS[delivery.channel];
    return [about_session(delivery), where || DELIVERIES[delivery.result] || delivery.result, ...because(delivery.cause)];
}

export function failure_line(failure) {
    const text = FAILURES[failure.kind] || format(_("The command reports \"$0\"."), safe(failure.kind));
    return [failure.object ? about(safe(failure.object)) : "", text, ...because(failure.cause)];
}

/* What has just happened to a session that is being logged off; null: nothing worth a word. */
export function step(event) {
    if (event.event !== "warned") return STEPS[event.event] || null;
    const delivery = event.delivery;
    if (delivery.result === "delivered") return format(_("warned $0"), CHANNELS[delivery.channel] || delivery.channel);
    return format(_("could not be warned: $0"), DELIVERIES[delivery.result] || delivery.result);
}
