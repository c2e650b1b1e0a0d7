// SPDX-License-Identifier: GPL-3.0-or-later
// page.js - what all parts of the page share: elements, texts that come from others, the theme of Cockpit.
const cockpit = window.cockpit;

export const $ = id => document.getElementById(id);

export function node(name, properties = {}, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
}

/* What cannot be seen, or turns the direction of writing, is shown by its number: a user may have chosen the text freely. */
export function safe(text) {
    return String(text).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu, one => `\\u{${one.codePointAt(0).toString(16)}}`);
}

/* A text of others within a text of ours: an element that it cannot leave. */
export const foreign = text => node("bdi", { textContent: safe(text) });

/* Changes an element only where something is new, so that screen readers and the keyboard's focus are left alone. */
export function put(element, ...children) {
    const fresh = node("div", {}, ...children);
    if (fresh.innerHTML !== element.innerHTML) element.replaceChildren(...fresh.childNodes);
}

/* A card about something that goes on or has ended. */
export function card(kind, role) {
    const element = node("div", { className: `note job ${kind}` });
    element.setAttribute("role", role);
    $("jobs").prepend(element);
    return element;
}

/* Fills a card at the end, with a button that removes it. */
export function finish_card(element, kind, text, lines) {
    const close = node("button", { type: "button", className: "link", textContent: cockpit.gettext("Close") });
    close.addEventListener("click", () => element.remove());
    element.className = `note job ${kind}`;
    element.replaceChildren(node("strong", { textContent: text }), close);
    if (lines.length) element.append(node("ul", {}, ...lines.map(line => node("li", {}, ...line))));
}

function set_theme() {
    const style = localStorage.getItem("shell:style") || "auto";
    const dark = style === "dark" || (style === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.classList.toggle("dark", dark);
}

/* Follows the theme that the user has chosen in Cockpit; Cockpit 337 tells it by an event, older ones by the storage. */
export function follow_theme() {
    set_theme();
    window.addEventListener("storage", event => event.key === "shell:style" && set_theme());
    window.addEventListener("cockpit-style", set_theme);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", set_theme);
}
