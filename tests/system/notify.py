# SPDX-License-Identifier: Apache-2.0
"""Human time: one notification for a need, its buttons, its end."""

import json
import os
import time

import buses
import harness
import tap
from harness import PASSWORD, USER, role

ROLES = [role("111122223333", "R%02d" % i) for i in range(50)]
NOTIFY, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
TEST = "io.awsfed.Test"


class Desktop:
    """The strict daemon of tests/tools/notifyd.py."""

    def __init__(self, w, b):
        self.w, self.b, self.process, self.n = w, b, None, 0

    def start(self, *args):
        """Its log begins anew."""
        self.n += 1
        self.name = "notifyd%d" % self.n
        source = os.path.join(tap.srcdir(), "tests/tools/notifyd.py")
        with open(source, encoding="utf-8") as f:
            path = os.path.join(self.w.base, "bin/notifyd")
            self.w.write(path, f.read(), 0o755)
        self.process = self.w.spawn(["/usr/bin/python3", path, *args],
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


def need_of(w):
    return w.status()["identities"][0].get("need")


def end_sign_in(w, profile="p00"):
    """The sign-in ends at AD FS; a renewal finds out."""
    w.sim.admin(do="expire-sso")
    w.ctl("refresh", profile)


def lead_out(w):
    """Signs in at a terminal."""
    r = w.login("p00", user=None)
    tap.equal(r.rc, 0, "a sign-in at a terminal")


def fifty(w, d):
    """Fifty profiles, one identity, one notification."""
    for i, arn in enumerate(ROLES):
        w.profile("p%02d" % i, role=arn, reload=False)
    w.ctl("reload")
    r = w.login("--all")
    tap.equal(r.rc, 0, "fifty profiles with one sign-in")
    i = w.status()["identities"][0]
    tap.ok(i["kept"] == 50 and i["validUntil"] > i["since"] and
           i["renewableUntil"] > i["validUntil"] and "need" not in i,
           "status tells both times", i)
    time.sleep(0.5)
    tap.equal(d.count(), 0, "nobody is told while all is well")
    end_sign_in(w)
    n = d.shown(1, "the notification")
    tap.equal(n["summary"], "AWS sign-in needed", "its heading")
    tap.ok(n["body"].startswith("CORP\\jane at %s. 50 profiles stay valid "
                                "until " % harness.HOST) and
           "awsfedctl login p" in n["body"], "who, where, how long", n)
    tap.equal(n["actions"], ["snooze", "Snooze", "quit", "Quit for today"],
              "no button that does nothing")
    w.ctl("refresh")
    w.ctl("credential-process", "p07")
    time.sleep(1)
    tap.equal(d.count(), 1, "one need, one notification")
    tap.equal(need_of(w)["told"], True, "status knows that it is told")
    r = w.ctl("status")
    tap.ok("needs you" in r.out, "status says that it needs you", r.out)
    return n["notify"]


def withdrawn(w, d, number):
    lead_out(w)
    w.wait(lambda: d.closed(number), "its end")
    tap.ok(need_of(w) is None, "signed in elsewhere: withdrawn")


def snoozed(w, d):
    end_sign_in(w)
    n = d.shown(2, "the second need's notification")
    d.click(n["notify"], "snooze")
    w.wait(lambda: need_of(w).get("held") == "snoozed", "the snooze")
    end = need_of(w)["until"]
    left = time.mktime(time.strptime(end, "%Y-%m-%dT%H:%M:%SZ")) - \
        time.mktime(time.gmtime())
    tap.ok(1700 < left <= 1800, "for half an hour", left)
    time.sleep(0.5)
    tap.equal(d.count(), 2, "and it is quiet")
    lead_out(w)


def quit_today(w, d):
    end_sign_in(w)
    n = d.shown(3, "the third need's notification")
    d.click(n["notify"], "quit")
    w.wait(lambda: need_of(w).get("held") == "quit", "the end of the day")
    tap.ok(need_of(w)["until"].endswith("T06:00:00Z"),
           "until the next morning", need_of(w))
    lead_out(w)


def by_hand(w, d):
    """The day that was quit lasts; a new agent begins with a new day."""
    w.stop_agent()
    w.start_agent()
    w.wait(lambda: w.states().get("p00") == "fresh", "the keys of the file")
    w.ctl("refresh")
    n = d.shown(4, "what a new agent finds")
    d.close(n["notify"], 2)
    w.wait(lambda: need_of(w).get("held") == "quit", "a notice that is "
           "closed by hand")
    tap.ok(True, "closed by hand: until the next morning")
    w.ctl("logout", "--all")
    w.wait(lambda: not any("need" in i for i in w.status()["identities"]),
           "no need")
    tap.ok(True, "logged out: no need")
    r = w.login("p00", user=None)
    tap.equal(r.rc, 0, "and in again")


def stranger(w, b, d):
    """Signals of others count for nothing."""
    end_sign_in(w)
    w.stop_agent()
    w.start_agent()
    w.wait(lambda: w.states().get("p00") == "fresh", "the keys of the file")
    before = d.count()
    w.ctl("refresh", "p00")
    n = d.shown(before + 1, "a notification")
    r = w.run(["/usr/bin/gdbus", "emit", "--session", "--object-path", PATH,
               "--signal", NOTIFY + ".ActionInvoked",
               "uint32 %d" % n["notify"], "quit"])
    tap.equal(r.rc, 0, "somebody forges a click")
    time.sleep(0.5)
    tap.ok("held" not in need_of(w), "which is nobody's", need_of(w))
    lead_out(w)


def restarting(w, d):
    """The daemon dies with the notice, and comes back."""
    end_sign_in(w)
    d.shown(d.count(), "a notification")
    w.wait(lambda: (need_of(w) or {}).get("told"), "a need that is told")
    d.stop()
    w.wait(lambda: need_of(w).get("held") == "unshown",
           "a need that cannot be shown")
    d.start()
    n = d.shown(1, "the notification again")
    tap.ok(n["summary"] == "AWS sign-in needed", "shown again by the next "
           "daemon")
    lead_out(w)
    w.wait(lambda: d.closed(n["notify"]), "its end")


def bad_daemons(w, d):
    """Garbage, nothing, death: one line each, and the need stays."""
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("told"), "a need that is told")
    for mode in ("garbage", "zero", "die"):
        d.stop()
        lines = w.log().count("no desktop notification can be shown")
        d.start("--mode", mode)
        w.wait(lambda: w.log().count("no desktop notification can be shown")
               > lines, "the warning about " + mode)
        tap.equal(need_of(w).get("held"), "unshown", mode + ": it stays")
        time.sleep(0.5)
        tap.equal(w.log().count("no desktop notification can be shown"),
                  lines + 1, mode + ": one line")
        if mode != "die":
            tap.equal(d.count(), 1, mode + ": not again and again")
    d.process.wait()
    d.start("--caps", "body")
    n = d.shown(1, "a daemon without actions and markup")
    tap.ok(n["actions"] == [] and "awsfedctl login p" in n["body"],
           "the text names the command", n)
    lead_out(w)
    w.wait(lambda: d.closed(n["notify"]), "its end")


def bus_dies(w, b, d):
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("told"), "a need that is told")
    d.stop()
    b.stop("session")
    w.wait(lambda: need_of(w).get("held") == "unshown", "a bus that is gone")
    b.start("session")
    d.start()
    n = d.shown(1, "the notification on the new bus")
    tap.ok(n["notify"] == 1, "told again when the bus is back")
    lead_out(w)


def night(w, d):
    hour = int(time.strftime("%H", time.gmtime()))
    w.settings(quiet_hours="%02d:00-%02d:00" % ((hour - 1) % 24,
                                                (hour + 2) % 24))
    w.ctl("reload")
    before = d.count()
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("held") == "night", "the night")
    w.ctl("credential-process", "p00")
    time.sleep(0.5)
    tap.equal(d.count(), before, "nobody is told at night")
    w.settings(quiet_hours="none")
    w.ctl("reload")
    d.shown(before + 1, "the notification in the morning")
    tap.ok(True, "and they are in the morning")


def off(w, d):
    w.settings(quiet_hours="none", notifications="no")
    lead_out(w)
    w.ctl("reload")
    before = d.count()
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("held") == "off", "notifications "
           "that are switched off")
    time.sleep(0.5)
    tap.equal(d.count(), before, "switched off: nobody is told")


def strict(w, d):
    bad = [line for name in w.logs if name.startswith("notifyd")
           for line in w.log(name).splitlines()
           if line.startswith('{"bad"') or "Traceback" in line]
    tap.equal(bad, [], "nothing that the specification does not allow")


def main():
    with harness.World(agent=False, settings={"quiet_hours": "none"}) as w, \
            buses.Buses(w, system=False) as b:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(r) for r in ROLES])
        d = Desktop(w, b).start()
        w.start_agent()
        number = fifty(w, d)
        withdrawn(w, d, number)
        snoozed(w, d)
        quit_today(w, d)
        by_hand(w, d)
        stranger(w, b, d)
        restarting(w, d)
        bad_daemons(w, d)
        bus_dies(w, b, d)
        night(w, d)
        off(w, d)
        strict(w, d)
        w.stop_agent()
        d.stop()


harness.need()
buses.need()
tap.run(main)
