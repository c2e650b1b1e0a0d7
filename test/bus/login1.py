# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong-answering org.freedesktop.login1, and as much of systemd as logoff asks.

It stands for a misbehaving logind only. That logoff works with a real one is shown by the lab (test/lab), never by
this: what is "honest" here is merely what surrounds the one fault a case is about.

Each method has a rule (or a list of them, one per call, the last for all that come after): a function of the fake and
the call that gives the message to send back, or None for silence. Every call is recorded.
"""

import threading
import time

import jeepney
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

LOGIN1 = "org.freedesktop.login1"
SYSTEMD1 = "org.freedesktop.systemd1"
LOGIN1_PATH = "/org/freedesktop/login1"
DBUS_ERROR = "org.freedesktop.DBus.Error."

# No account and no session of a real host: numbers without "c" could be audit sessions that the kernel knows.
ID, OTHER_ID = "c7001", "c7002"
UID = 4290007001
USER_PATH = f"{LOGIN1_PATH}/user/_{UID}"


def session_path(session_id):
    return f"{LOGIN1_PATH}/session/_{session_id}"


def properties(session_id=ID, **changes):
    """The properties of a session, each a (type, value); those given as None are left out."""
    all_of_them = {
        "Id": ("s", session_id), "Name": ("s", "someone"), "TTY": ("s", f"pts/{session_id[1:]}"), "Display": ("s", ""),
        "Service": ("s", "sshd"), "Scope": ("s", f"session-{session_id}.scope"), "Type": ("s", "tty"),
        "Class": ("s", "user"), "State": ("s", "active"), "Leader": ("u", 1), "Timestamp": ("t", 1000),
        "User": ("(uo)", (UID, USER_PATH)), "Seat": ("(so)", ("", "/")),
    }
    all_of_them.update(changes)
    return {name: value for name, value in all_of_them.items() if value is not None}


# ---- rules ----


def says(signature, *body):
    return lambda fake, call: jeepney.new_method_return(call, signature, body)


def fails(name, text="because"):
    return lambda fake, call: jeepney.new_error(call, name, "s", (text,))


def silence(fake, call):
    """Never an answer."""


def late(seconds, rule):
    """The answer comes after this time; others go ahead meanwhile."""
    def answer(fake, call):
        fake.later(seconds, lambda: fake.send(rule(fake, call)))
    return answer


def after(act, rule):
    """Does something first."""
    def answer(fake, call):
        act(fake)
        return rule(fake, call)
    return answer


def honest(fake, call):
    """What a logind does that ends sessions at once."""
    return getattr(fake, "answer_" + key_of(call).lower().replace(":", "_"))(call)


def key_of(call):
    """The name of the method; for a single property "Get:" and its name."""
    member = call.header.fields[jeepney.HeaderFields.member]
    return f"Get:{call.body[1]}" if member == "Get" else member


class Login1:
    """The fake, on a connection and a thread of its own."""

    def __init__(self, address):
        self.address = address
        self.sessions = {ID: properties()}
        self.others = []            # the user's sessions besides, for the user's property
        self.stubborn = set()       # ids that do not end
        self.silent_end = False     # no SessionRemoved
        self.rules = {}
        self.calls = []             # (method, arguments)
        self.timers = []
        self.caller = None          # the unique name of who called last
        self.lock = threading.Lock()
        self.connection = None
        self.appear()

    # -- on the bus

    def appear(self):
        """Connects and takes the name; also after having vanished."""
        self.connection = open_dbus_connection(bus=self.address)
        for name in (LOGIN1, SYSTEMD1):
            self.connection.send_and_get_reply(message_bus.RequestName(name), timeout=10)
        threading.Thread(target=self.serve, args=(self.connection,), daemon=True).start()

    def vanish(self):
        """As when logind dies: the name is free, its answers never come."""
        try:
            self.connection.sock.shutdown(2)
        except OSError:
            pass

    def restart(self, seconds):
        """Dies, and is there again after this time."""
        self.later(seconds, self.appear)
        self.vanish()

    def later(self, seconds, act):
        timer = threading.Timer(seconds, act)
        timer.start()
        self.timers.append(timer)

    def close(self):
        for timer in self.timers:
            timer.cancel()
        for timer in self.timers:
            timer.join()
        self.vanish()

    def send(self, message):
        if message is None:
            return
        with self.lock:
            try:
                self.connection.send(message)
            except OSError:
                pass    # the bus has gone, as the case wanted

    def serve(self, connection):
        while True:
            try:
                call = connection.receive()
            except (OSError, ValueError):
                return
            if call.header.message_type == jeepney.MessageType.method_call:
                self.caller = call.header.fields[jeepney.HeaderFields.sender]
                self.calls.append((key_of(call), call.body))
                self.send(self.rule_for(key_of(call))(self, call))

    def rule_for(self, key):
        rule = self.rules.get(key, honest)
        if isinstance(rule, list):
            return rule.pop(0) if len(rule) > 1 else rule[0]
        return rule

    def removed(self, session_id):
        """Says SessionRemoved."""
        emitter = jeepney.DBusAddress(LOGIN1_PATH, interface=LOGIN1 + ".Manager")
        self.send(jeepney.new_signal(emitter, "SessionRemoved", "so", (session_id, session_path(session_id))))

    # -- what was asked

    def count(self, key):
        return sum(1 for called, _ in list(self.calls) if called == key)

    def acts(self):
        """The calls that end something."""
        return [(key, body) for key, body in list(self.calls) if key.startswith(("Terminate", "Kill"))]

    def await_call(self, key, n=1):
        """Waits until a method was called N times."""
        for _ in range(1000):
            if self.count(key) >= n:
                return
            time.sleep(0.01)
        raise AssertionError(f"{key} was never called")

    # -- the honest answers

    def answer_getsession(self, call):
        if call.body[0] not in self.sessions:
            return fails(LOGIN1 + ".NoSuchSession")(self, call)
        return says("o", session_path(call.body[0]))(self, call)

    def answer_getsessionbypid(self, call):
        return fails(LOGIN1 + ".NoSessionForPID")(self, call)

    def answer_getall(self, call):
        values = self.sessions.get(call.header.fields[jeepney.HeaderFields.path].rpartition("/_")[2])
        if values is None:
            return fails(DBUS_ERROR + "UnknownObject")(self, call)
        return says("a{sv}", values)(self, call)

    def answer_listsessions(self, call):
        rows = [(session_id, UID, "someone", "", session_path(session_id)) for session_id in self.sessions]
        return says("a(susso)", rows)(self, call)

    def answer_listusers(self, call):
        return says("a(uso)", [(UID, "someone", USER_PATH)] if self.sessions else [])(self, call)

    def answer_terminatesession(self, call):
        return self.end(call)

    def answer_killsession(self, call):
        return self.end(call)

    def end(self, call):
        session_id = call.body[0]
        if session_id not in self.sessions:
            return fails(LOGIN1 + ".NoSuchSession")(self, call)
        if session_id not in self.stubborn:
            del self.sessions[session_id]
            if not self.silent_end:
                self.removed(session_id)
        return says("")(self, call)

    def answer_terminateuser(self, call):
        return says("")(self, call)

    def answer_get_sessions(self, call):
        rows = [(session_id, session_path(session_id)) for session_id in [*self.sessions, *self.others]]
        return says("v", ("a(so)", rows))(self, call)

    def answer_get_linger(self, call):
        return says("v", ("b", False))(self, call)

    def answer_get_class(self, call):
        return says("v", ("s", "user"))(self, call)

    def answer_get_activestate(self, call):
        """Of the unit of the user's service manager, for systemd."""
        return says("v", ("s", "active"))(self, call)
