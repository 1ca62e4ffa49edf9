# SPDX-License-Identifier: Apache-2.0
"""Human time: one notification for a need, its buttons, its end."""

import time

import buses
import desktop
import harness
import tap
from harness import PASSWORD, USER, role

ROLES = [role("111122223333", "R%02d" % i) for i in range(50)]
NOTIFY, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"

# Fifty roles at once, on a machine that may be busy.
PATIENT = {"worker_timeout": 600, "connect_timeout": 120}


def need_of(w):
    return w.status()["identities"][0].get("need")


def end_sign_in(w, profile="p00"):
    """The sign-in ends at AD FS; a renewal finds out."""
    w.sim.admin(do="expire-sso")
    w.ctl("refresh", profile)


def lead_out(w):
    """Signs in at a terminal."""
    r = w.login("p00", user=None)
    tap.ok(r.rc == 0, "a sign-in at a terminal", r)


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
    w.settings(**PATIENT, quiet_hours="%02d:00-%02d:00" % ((hour - 1) % 24,
                                                (hour + 2) % 24))
    w.ctl("reload")
    before = d.count()
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("held") == "night", "the night")
    w.ctl("credential-process", "p00")
    time.sleep(0.5)
    tap.equal(d.count(), before, "nobody is told at night")
    w.settings(**PATIENT, quiet_hours="none")
    w.ctl("reload")
    d.shown(before + 1, "the notification in the morning")
    tap.ok(True, "and they are in the morning")


def off(w, d):
    w.settings(**PATIENT, quiet_hours="none", notifications="no")
    lead_out(w)
    w.ctl("reload")
    before = d.count()
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("held") == "off", "notifications "
           "that are switched off")
    time.sleep(0.5)
    tap.equal(d.count(), before, "switched off: nobody is told")


def presence(w, b, d):
    """Nobody is told while nobody is there; who comes back is."""
    lead_out(w)
    w.stop_agent()
    b.start("system")
    b.mock("system", "logind")
    b.logind_session()
    w.settings(**PATIENT, quiet_hours="none")
    w.start_agent(XDG_SESSION_ID="c1")
    w.wait(lambda: w.status()["agent"].get("presence") == "there",
           "a person at the desktop")
    b.lock()
    w.wait(lambda: w.status()["agent"].get("presence") == "away",
           "a locked screen")
    before = d.count()
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("held") == "away", "the need")
    time.sleep(0.5)
    tap.equal(d.count(), before, "nobody is told while the screen is locked")
    b.unlock()
    d.shown(before + 1, "the notification after the unlock")
    tap.ok(True, "who unlocks is told")


def main():
    settings = dict(PATIENT, quiet_hours="none")
    with harness.World(agent=False, settings=settings) as w, \
            buses.Buses(w, system=False) as b:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(r) for r in ROLES])
        d = desktop.Desktop(w, b).start()
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
        presence(w, b, d)
        desktop.strict(w)
        w.stop_agent()
        d.stop()


harness.need()
buses.need()
tap.run(main)
