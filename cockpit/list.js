// SPDX-License-Identifier: GPL-3.0-or-later
// list.js - the sessions of this machine as they are now. A running "query session --watch" says when to read them again; only
// a list that was read whole replaces the last one, so what is unknown does not look gone.
import { admin, start } from "./commands.js";

const cockpit = window.cockpit;
const CLOCK_MS = 30000;         // how old an idle time may be on a page that is looked at
const CHANGE_MS = 150;          // several changes at once are one

/* The last list that was read: its sessions, when that was, and why there is no newer one (or null). */
export const list = { sessions: [], time: null, problem: null };

/* Who looks at the page: their uid, the session of this page, and whether polkit lets them end others' without root. null: unknown. */
export const viewer = { uid: null, session: null, helps: null };

let show = () => {};
let watch = null;
let reading = null;

/* Whether the viewer may log off SESSION, as far as anybody knows: the command decides. */
export const may_end = session => admin.allowed || session.uid === viewer.uid || viewer.helps !== false;

/* The part of a failure of a command that is worth a line: its line of JSON, or its last words. */
export const why_failed = (failures, end) => failures.map(one => one.cause?.text || one.kind).join("; ") || end.why || null;

async function read_once() {
    const found = [], failures = [];
    const query = start(["query", "session", "--json=lines"], line => {
        if (line.type === "session") found.push(line);
        else if (line.type === "failure") failures.push(line);
    });
    const end = await query.ended;
    if (end.status === 0) Object.assign(list, { sessions: found, time: new Date(), problem: null });
    else list.problem = { why: why_failed(failures, end) };
    show();
}

/* Reads the list, never twice at once; a call during that reads it once more. Returns when what was asked for is there. */
export function read() {
    if (!reading) {
        reading = { now: read_once(), next: null };
        reading.now.finally(() => {
            const waiting = reading.next;
            reading = null;
            if (waiting) read().then(waiting);
        });
        return reading.now;
    }
    const before = reading.next;
    return new Promise(resolve => { reading.next = () => { before?.(); resolve(); }; });
}

let soon = null;
function read_soon() {
    clearTimeout(soon);
    soon = setTimeout(read, CHANGE_MS);
}

function start_watch() {
    const one = start(["query", "session", "--watch", "--json=lines"], line => line.change !== "there" && read_soon());
    watch = one;
    one.ended.then(() => { if (watch === one) watch = null; });   // the clock starts another
}

function stop_watch() {
    const one = watch;
    watch = null;
    one?.stop();
}

/* Only a page that is looked at costs anything. */
function look() {
    if (cockpit.hidden) return stop_watch();
    if (!watch) start_watch();
    return read();
}

/* A process of the viewer in the session of this page; null if there is none. */
async function find_own_process() {
    const own = [];
    const query = start(["query", "process", "--json=lines"], line => {
        if (line.type === "process" && line.current && line.uid === viewer.uid) own.push(line.pid);
    });
    await query.ended;
    return own[0] ?? null;
}

/*
 * Asks polkit whether the viewer has the right that logoff needs for others. No answer is no "no". The subject is a process, as logoff
 * will be: polkit 122 aborts if it is a session.
 */
async function ask_polkit() {
    viewer.helps = null;
    const pid = await find_own_process();
    if (pid === null) return;
    const polkit = cockpit.dbus("org.freedesktop.PolicyKit1", { bus: "system" });
    try {
        const subject = ["unix-process", { pid: { t: "u", v: pid }, "start-time": { t: "t", v: 0 } }];
        const [[yes]] = await polkit.call("/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority",
                                          "CheckAuthorization", [subject, "org.freedesktop.login1.manage", {}, 0, ""],
                                          { type: "(sa{sv})sa{ss}us" });
        viewer.helps = yes;
    } catch {
        // unknown
    }
    polkit.close();
}

async function change_rights() {
    stop_watch();
    if (!admin.allowed) await ask_polkit();
    show();
    look();
}

/* Keeps the list up to date from now on; SHOWN is called after each change. Returns when it is known who looks. */
export async function follow(shown) {
    show = shown;
    viewer.uid = (await cockpit.user()).id;
    await read();
    viewer.session = list.sessions.find(one => one.current)?.id || null;
    await change_rights();
    admin.addEventListener("changed", change_rights);
    cockpit.addEventListener("visibilitychange", look);
    setInterval(() => { if (!cockpit.hidden) look(); }, CLOCK_MS);
}
