#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time passes, stands still, is set and is changed by law: the right renewals
and no stampede. Twelve hours go by in steps; a laptop sleeps; a clock is set
by an hour, to and fro; NTP corrects it; servers are ten minutes off. TAP."""
import json
import re
import time

import harness
import tap
from harness import PASSWORD, USER, role

NAMES = ["p%d" % i for i in range(5)]
ARNS = {n: role("11112222333%d" % i, "R") for i, n in enumerate(NAMES)}
HOUR, STEP, LIFE = 3600, 600, 3600


class Clocks:
    """Where the clocks of the world stand, against this machine's."""

    def __init__(self, w):
        self.w = w
        self.real = self.boot = self.sim = 0

    def _move(self):
        self.w.warp_sim(self.sim, self.boot)
        self.w.warp(self.real, self.boot, sim=False)

    def passes(self, s):
        """For everybody; a machine that slept sees the same."""
        self.real += s
        self.boot += s
        self.sim += s
        slept = "the machine slept for"
        before = self.w.log().count(slept)
        self._move()
        # On a busy machine it may look at its clocks after we look at it.
        self.w.wait(lambda: self.w.log().count(slept) > before,
                    "the agent to see it")

    def is_set(self, s):
        """Our wall clock alone, by hand or by NTP."""
        self.real += s
        self._move()

    def server(self, s):
        self.sim += s
        self._move()

    def now(self):
        return time.time() + self.real


def assertions(w):
    return w.sim.counters()["assertions"]


def gained(w, before, what):
    """Sign-ins since; each redeemed every role once, and nobody typed."""
    got = w.sim.since(before)
    n = got.get("assertions", 0)
    tap.equal(got.get("assume_role_with_saml", 0), n * len(NAMES),
              "%s: profiles share each assertion" % what)
    tap.equal(got.get("password_posts", 0), 0, "%s: nobody is asked" % what)
    return n


def at_rest(w):
    """The profiles, once all are fresh with keys and nobody works."""
    def look():
        s = w.status()
        if w.workers() or any(i["state"] != "signed-in"
                              for i in s["identities"]):
            return None
        good = [p for p in s["profiles"] if p["state"] == "fresh" and
                p["live"]]
        return good if len(good) == len(NAMES) else None
    return w.wait(look, "all profiles to be fresh", 30)


def sign_in(w, **more):
    r = w.login(*NAMES, **more)
    if r.rc != 0:
        raise RuntimeError("login: %r" % r)
    return at_rest(w)


def left(profiles):
    return min(p["left"] for p in profiles)


def clock(w):
    return w.status()["agent"]["clock"]["skew"]


def near(a, b, within=10):
    return abs(a - b) <= within


def stamp(text):
    return int(time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) -
               time.mktime(time.gmtime(0)))


# -- days ---------------------------------------------------------------------

def summer_time(now):
    """A zone that goes to summer time in two hours and back in nine."""
    def rule(s):
        # By the local time that is in force before.
        t = time.gmtime(s)
        leap = t.tm_year % 4 == 0 and t.tm_yday > 59
        return "J%d/%d:%02d" % (t.tm_yday - leap, t.tm_hour, t.tm_min)
    return "STD0DST,%s,%s" % (rule(now + 2 * HOUR),
                              rule(now + 9 * HOUR + HOUR))


def shown(w, name):
    """NEXT of the table, and the same moment of the JSON by that zone."""
    def look():
        # A renewal that is just under way has no such time.
        table = w.ctl("status").out
        line = next(x for x in table.splitlines() if x.startswith(name))
        when = re.findall(r"\b\d\d:\d\d\b", line)
        moment = [p.get("next") for p in w.status()["profiles"]
                  if p["profile"] == name]
        again = w.ctl("status").out
        return (when[-1], moment[0]) if when and moment[0] and \
            line in again else None
    return w.wait(look, "a time in the table", 30)


def local(w, moment):
    return w.run(["/usr/bin/date", "-d", moment, "+%H:%M"],
                 LD_PRELOAD="").out.strip()


def twelve_hours(w, c):
    """In steps of ten minutes, over both changes of summer time."""
    before = w.sim.counters()
    shortest, zones, wrong = LIFE, set(), []
    for i in range(12 * HOUR // STEP):
        c.passes(STEP)
        shortest = min(shortest, left(at_rest(w)))
        if i % 6 == 0:
            when, moment = shown(w, NAMES[0])
            utc = moment[11:16]
            zones.add((int(when[:2]) - int(utc[:2])) % 24)
            if when != local(w, moment):
                wrong.append((when, moment, local(w, moment)))
    n = gained(w, before, "twelve hours")
    tap.ok(22 <= n <= 30, "twelve hours: a renewal at half of each life", n)
    tap.ok(shortest >= LIFE / 2 - 30,
           "twelve hours: never less than half a life is left", shortest)
    tap.ok(not wrong and zones == {0, 1},
           "twelve hours: local times follow summer time", wrong, zones)
    for n in NAMES:
        end = w.credentials()[n]["x_security_token_expires"]
        tap.ok(stamp(end) - c.now() > LIFE / 2 - 30,
               "twelve hours: the file's keys of %s are as fresh" % n, end)


def suspend(w, c):
    before, file = w.sim.counters(), set(w.credentials())
    c.passes(3 * HOUR)
    tap.ok(left(at_rest(w)) > LIFE - 60, "a suspend: new keys at once")
    tap.equal(gained(w, before, "a suspend"), 1, "a suspend: one sign-in")
    tap.equal(set(w.credentials()), file, "a suspend: no section went")
    tap.ok(re.search(r"the machine slept for 108\d\d s", w.log()),
           "a suspend: the log has it")


# -- clocks that are set -------------------------------------------------------

def forward(w, c):
    """An hour ahead by mistake, and back."""
    before = w.sim.counters()
    c.is_set(HOUR)
    tap.ok(left(at_rest(w)) > LIFE - 60, "+1 h: keys that are good by both")
    tap.equal(gained(w, before, "+1 h"), 1, "+1 h: one sign-in")
    tap.ok(near(clock(w), -HOUR), "+1 h: the skew is known", clock(w))
    r = w.ctl("status")
    tap.ok(r.out.startswith("awsfed: WARNING: The clock of this computer is "
                            "60 minutes ahead of that of AWS.") and
           "timedatectl" in r.out, "+1 h: status says so first", r)
    c.is_set(-HOUR)
    tap.ok(near(clock(w), 0), "and back: the skew went, without a request",
           clock(w))
    tap.ok(left(at_rest(w)) > LIFE - 120, "and back: no key is dropped")
    tap.ok("WARNING" not in w.ctl("status").out, "and back: no warning")
    tap.equal(gained(w, before, "and back"), 1, "and back: no other sign-in")


def backward(w, c):
    before, was = w.sim.counters(), left(at_rest(w))
    c.is_set(-HOUR)
    tap.ok(near(left(at_rest(w)), was, 30), "-1 h: no key lives longer")
    tap.equal(gained(w, before, "-1 h"), 0, "-1 h: nothing to do")
    tap.ok(near(clock(w), HOUR), "-1 h: the skew is known", clock(w))
    c.passes(HOUR // 2 + 60)
    tap.ok(left(at_rest(w)) > LIFE - 120, "-1 h: renewed in time all the same")
    tap.equal(gained(w, before, "-1 h"), 1, "-1 h: by one sign-in")
    c.is_set(HOUR)
    tap.ok(left(at_rest(w)) > LIFE - 180, "set right: no key is dropped")
    tap.equal(gained(w, before, "set right"), 1, "set right: no other")


def flapping(w, c):
    """A clock that jumps ahead again and again."""
    c.passes(HOUR)
    at_rest(w)
    before = w.sim.counters()
    for _ in range(6):
        c.is_set(2 * HOUR)
        time.sleep(0.3)
    w.wait(lambda: not w.workers(), "the workers to end")
    tap.ok(gained(w, before, "a flapping clock") <= 1,
           "a flapping clock: one sign-in in five minutes")
    r = w.ctl("credential-process", NAMES[0])
    tap.ok(r.rc == 0 and json.loads(r.out)["SecretAccessKey"],
           "a flapping clock: who asks is served", r.err)
    c.passes(400)
    at_rest(w)
    c.is_set(-12 * HOUR)
    tap.ok(left(at_rest(w)) > LIFE / 2, "a flapping clock: all is well after")


# -- clocks that differ -------------------------------------------------------

def slew(w, c):
    before = w.sim.counters()
    for s in (1, 2, -3, 4, -4):
        c.is_set(s)
    at_rest(w)
    tap.equal(gained(w, before, "a slew"), 0, "a slew of seconds: nothing")
    tap.equal(clock(w), 0, "a slew of seconds: no skew")


def server_off(w, c, s):
    """The world's clock differs from ours by ten minutes; then NTP comes."""
    what = "%+d min" % (s / 60)
    c.server(s)
    p = sign_in(w, user=None, password=None)
    tap.ok(near(left(p), LIFE), "%s: keys live as long as AWS gave" % what,
           left(p))
    tap.ok(near(clock(w), s) and
           near(w.status()["identities"][0]["skew"], s),
           "%s: measured at both" % what)
    tap.ok("10 minutes %s that of AWS. AWS refuses" %
           ("behind" if s > 0 else "ahead of") in w.ctl("status").out,
           "%s: status warns" % what, w.ctl("status").out)
    was, before = left(at_rest(w)), w.sim.counters()
    c.is_set(s)
    tap.ok(near(left(at_rest(w)), was, 30),
           "%s: NTP comes, and no key ends earlier" % what)
    c.passes(20 * 60)
    tap.ok(near(left(at_rest(w)), was - 20 * 60, 40),
           "%s: nor later" % what)
    tap.equal(gained(w, before, what), 0, "%s: no renewal for it" % what)
    tap.ok("that of AWS" not in w.ctl("status").out,
           "%s: the warning went" % what)
    sign_in(w, user=None, password=None)


def all_of_it(w):
    c = Clocks(w)
    w.env["TZ"] = summer_time(time.time())
    w.start_agent()
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(a) for a in ARNS.values()])
    w.sim.set(sso_life=7 * 86400, loop_tokens=30)
    for n, arn in ARNS.items():
        w.profile(n, role=arn, reload=False)
    w.ctl("reload")
    sign_in(w)
    tap.equal(clock(w), 0, "clocks that agree")
    for step in (slew, forward, backward, suspend, flapping):
        step(w, c)
    server_off(w, c, 600)
    server_off(w, c, -600)
    twelve_hours(w, c)
    tap.equal(w.sim.counters()["password_posts"], 1,
              "one password in all of it")


def main():
    with harness.World(warp=True, agent=False) as w:
        all_of_it(w)


harness.need()
tap.run(main)
