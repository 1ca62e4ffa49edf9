# SPDX-License-Identifier: Apache-2.0
"""A desktop for the tests: its notification daemon, and who clicks there."""

import json
import os

import tap

NOTIFY, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
TEST = "io.awsfed.Test"


def tool(w, name):
    """A copy of a program of tests/tools that the World's user may run."""
    with open(os.path.join(tap.srcdir(), "tests/tools", name),
              encoding="utf-8") as f:
        path = os.path.join(w.base, "bin", name)
        w.write(path, f.read(), 0o755)
    return path


def running(path):
    """Does any process have this program in its command line?"""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                if path.encode() in f.read().split(b"\0"):
                    return True
        except OSError:
            pass
    return False


class Desktop:
    """The strict daemon of tests/tools/notifyd.py."""

    def __init__(self, w, b):
        self.w, self.b, self.process, self.n = w, b, None, 0

    def start(self, *args):
        """Its log begins anew."""
        self.n += 1
        self.name = "notifyd%d" % self.n
        self.process = self.w.spawn([tool(self.w, "notifyd.py"), *args],
                                    self.name)
        self.b.wait_name("session", NOTIFY)
        return self

    def stop(self):
        self.w.stop(self.process)

    def lines(self, key):
        found = []
        for line in self.w.log(self.name).splitlines():
            if line.startswith("{") and key in (o := json.loads(line)):
                found.append(o)
        return found

    def shown(self, n, what):
        """Waits for the n-th notification; it."""
        self.w.wait(lambda: len(self.lines("notify")) >= n, what)
        return self.lines("notify")[n - 1]

    def count(self):
        return len(self.lines("notify"))

    def closed(self, number):
        return any(o["close"] == number for o in self.lines("close"))

    def click(self, number, key):
        self.b.call("session", NOTIFY, PATH, TEST + ".Invoke",
                    "uint32 %d" % number, "'%s'" % key)

    def close(self, number, reason):
        self.b.call("session", NOTIFY, PATH, TEST + ".Close",
                    "uint32 %d" % number, "uint32 %d" % reason)


def strict(w):
    bad = [line for name in w.logs if name.startswith("notifyd")
           for line in w.log(name).splitlines()
           if line.startswith('{"bad"') or "Traceback" in line]
    tap.equal(bad, [], "nothing that the specification does not allow")
