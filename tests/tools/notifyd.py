#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A notification daemon that shows nothing and tells all.

Strict: what the specification does not allow is answered with an error and a
line {"bad": ...}. Each call is a line of JSON on standard output. The test
clicks and closes through the interface io.awsfed.Test.

    notifyd.py [--caps "body actions ..."] [--mode good|garbage|zero|hang|die]
"""

import argparse
import json
import os
import re

from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
XML = """<node>
 <interface name="org.freedesktop.Notifications">
  <method name="GetCapabilities"><arg direction="out" type="as"/></method>
  <method name="Notify">
   <arg direction="in" type="s"/><arg direction="in" type="u"/>
   <arg direction="in" type="s"/><arg direction="in" type="s"/>
   <arg direction="in" type="s"/><arg direction="in" type="as"/>
   <arg direction="in" type="a{sv}"/><arg direction="in" type="i"/>
   <arg direction="out" type="%s"/>
  </method>
  <method name="CloseNotification"><arg direction="in" type="u"/></method>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
  <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
 </interface>
 <interface name="io.awsfed.Test">
  <method name="Invoke">
   <arg direction="in" type="u"/><arg direction="in" type="s"/>
  </method>
  <method name="Close">
   <arg direction="in" type="u"/><arg direction="in" type="u"/>
  </method>
 </interface>
</node>"""


def say(**what):
    print(json.dumps(what), flush=True)


class Daemon:
    def __init__(self, args):
        self.caps, self.mode = args.caps.split(), args.mode
        self.next, self.shown = 1, {}
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        node = Gio.DBusNodeInfo.new_for_xml(
            XML % ("s" if self.mode == "garbage" else "u"))
        for interface in node.interfaces:
            self.bus.register_object(PATH, interface, self.call, None, None)
        Gio.bus_own_name_on_connection(self.bus, NAME,
                                       Gio.BusNameOwnerFlags.NONE, None,
                                       lambda *_: os._exit(3))

    def emit(self, name, signature, *values):
        self.bus.emit_signal(None, PATH, NAME, name,
                             GLib.Variant(signature, values))

    def end(self, number, reason):
        if self.shown.pop(number, None) is not None:
            self.emit("NotificationClosed", "(uu)", number, reason)

    def problems(self, app, replaces, summary, body, actions, hints, timeout):
        if not app or not summary or "\n" in summary:
            yield "summary %r" % summary
        if replaces and replaces not in self.shown:
            yield "replaces %d, which is not shown" % replaces
        if actions and "actions" not in self.caps:
            yield "actions for a daemon without"
        if len(actions) % 2:
            yield "an action without a label"
        if "body-markup" in self.caps and \
                re.sub(r"&(amp|lt|gt);", "", body).strip("\n") and \
                re.search(r"[<>]|&(?!amp;|lt;|gt;)", body):
            yield "markup that is not escaped: %r" % body
        if "body-markup" not in self.caps and \
                re.search(r"&(amp|lt|gt);", body):
            yield "entities for a daemon without markup"
        if re.search(r"[\x00-\x09\x0b-\x1f\x7f]", summary + body):
            yield "control characters"
        if hints.get("urgency") not in (0, 1, 2) or timeout < -1:
            yield "urgency or timeout"

    def notify(self, app, replaces, _icon, summary, body, actions, hints,
               timeout):
        bad = list(self.problems(app, replaces, summary, body, actions,
                                 hints, timeout))
        if bad:
            say(bad=bad)
        number = replaces or self.next
        self.next = max(self.next, number + 1)
        self.shown[number] = actions[::2]
        say(notify=number, summary=summary, body=body, actions=actions,
            timeout=timeout)
        return number

    def call(self, _bus, _sender, _path, _interface, method, args,
             invocation):
        args = args.unpack()
        if method == "GetCapabilities":
            say(capabilities=True)
            invocation.return_value(GLib.Variant("(as)", (self.caps,)))
        elif method == "Notify":
            if self.mode == "die":
                os._exit(9)
            number = self.notify(*args)
            if self.mode == "good":
                invocation.return_value(GLib.Variant("(u)", (number,)))
            elif self.mode == "zero":
                invocation.return_value(GLib.Variant("(u)", (0,)))
            elif self.mode == "garbage":
                invocation.return_value(GLib.Variant("(s)", ("seven",)))
        elif method == "CloseNotification":
            say(close=args[0], shown=args[0] in self.shown)
            self.end(args[0], 3)
            invocation.return_value(None)
        elif method == "Invoke":
            if args[1] in self.shown.get(args[0], ()):
                self.emit("ActionInvoked", "(us)", *args)
                self.end(args[0], 2)
                invocation.return_value(None)
            else:
                invocation.return_dbus_error("io.awsfed.Test.No",
                                             "no such button")
        elif method == "Close":
            self.end(*args)
            invocation.return_value(None)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--caps", default="body body-markup actions persistence")
    p.add_argument("--mode", default="good")
    daemon = Daemon(p.parse_args())
    say(ready=daemon.next)
    GLib.MainLoop().run()


main()
