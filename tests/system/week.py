#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A working week in compressed time: fifty profiles of five identities, a
laptop that is closed at lunch and at night, outages, a password that changes on
Wednesday.  Its log has every act that was asked of a person.  TAP.

    AWSFED_WEEK_LIFE=3600 tests/system/week.py    the long form: keys live 1 h
"""
import datetime
import json
import os
import time

import harness
import tap
from harness import role

LIFE = int(os.environ.get("AWSFED_WEEK_LIFE", "14400"))  # seconds, of keys
STEP = max(300, LIFE // 16)  # seconds between two looks

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
MINUTE, HOUR, DAY = 60, 3600, 86400
SSO = 10 * HOUR  # of a sign-in without KMSI
OPEN, LUNCH, BACK, SHUT = (8.75 * HOUR, 12.5 * HOUR, 13.25 * HOUR,
                           18.5 * HOUR)
ARRIVES = 9 * HOUR  # when the person looks at the screen

# Who, how they sign in, and how often a person must act in this week: the
# least that AD FS allows.
#   command: a username_password_command; once on Monday, once with the new
#            password
#   cookies: a sign-in ends after ten hours: once a day
#   kmsi:    "Keep me signed in", five days: once
LEAST = {"ann": ("command", 2), "bob": ("cookies", 5), "cid": ("cookies", 5),
         "dot": ("cookies", 5), "eve": ("kmsi", 1)}


def roles():
    """Of each identity: ten, and two for programs that a sanitizer slows."""
    with open(tap.program("awsfedd"), "rb") as f:
        return 2 if b"__asan_init" in f.read() else 10


class Week:
    def __init__(self, w):
        self.w = w
        self.roles = roles()
        self.now = 0  # seconds of the week by the plan; Monday 00:00 is 0
        self.asked = []  # (when, who, why)
        self.passwords = dict.fromkeys(LEAST, "old one")
        self.out = False  # an outage
        self.socket = None
        self.gaps = {}  # profile: seconds without keys that could have been
        self.offset = 0.0
        self.ends = {}  # who: when AD FS's sign-in ends
        self.knows = {}  # who: the password that their command prints

    def stamp(self):
        day, rest = divmod(int(self.now), DAY)
        return "%s %02d:%02d" % (DAYS[day % 5] if day < 5 else "Sat",
                                 rest // HOUR, rest % HOUR // MINUTE)

    def say(self, text):
        tap.diag("%s  %s" % (self.stamp(), text))

    # -- time ----------------------------------------------------------------
    def pass_time(self, seconds):
        """Also while the laptop is shut: both clocks move."""
        self.now += seconds
        self.offset += seconds
        self.w.warp(self.offset)
        time.sleep(0.03)  # the shim tells of it within 5 ms

    def clock(self):
        """What time it is for the agent, seconds since 1970."""
        return time.time() + self.offset

    # -- the agent -----------------------------------------------------------
    def status(self):
        """What awsfedctl status --json says, without a process for each."""
        if self.socket is None:
            self.socket = self.w.connect()
        self.socket.sendall(b'{"method":"io.awsfed.Control.Status"}\0')
        data = b""
        while not data.endswith(b"\0"):
            more = self.socket.recv(1 << 20)
            if not more:
                raise RuntimeError("the agent hung up")
            data += more
        return json.loads(data[:-1])["parameters"]

    def settle(self, limit=60):
        """Until no identity is at work; the status."""
        end = time.monotonic() + limit
        while True:
            s = self.status()
            if not any(i["state"] in ("working", "asking")
                       for i in s["identities"]) and \
                    not any(p["state"] == "waiting" for p in s["profiles"]):
                return s
            if time.monotonic() > end:
                raise TimeoutError("%s: not settled: %r" % (
                    self.stamp(), [(p["profile"], p["state"])
                                   for p in s["profiles"]]))
            time.sleep(0.02)

    def live(self, who):
        """Could its keys be renewed without a person?"""
        if who in self.knows:
            return self.knows[who] == self.passwords[who]
        return self.now < self.ends.get(who, 0)

    def look(self, status, seconds):
        """Counts what is missing, after `seconds` in which it may have been."""
        now = self.clock()
        for p in status["profiles"]:
            who = p["profile"].split("-")[0]
            end = p.get("expiration")
            left = 0 if end is None else datetime.datetime.strptime(
                end, "%Y-%m-%dT%H:%M:%SZ").replace(
                    tzinfo=datetime.timezone.utc).timestamp() - now
            if left <= 0 and self.live(who):
                self.gaps[p["profile"]] = \
                    self.gaps.get(p["profile"], 0) + seconds
                self.say("%s has no keys: %s %r" % (
                    p["profile"], p["state"], p.get("fault")))

    def step(self, seconds=STEP):
        self.pass_time(seconds)
        status = self.settle()
        self.look(status, seconds)
        if not self.out and ARRIVES <= self.now % DAY < SHUT:
            self.person(status)

    # -- the person ----------------------------------------------------------
    def person(self, status):
        """Signs in wherever the status asks for it, and nowhere else."""
        who = {p["profile"].split("-")[0]: (p.get("fault") or {}).get(
            "text", "the first login") for p in status["profiles"]
            if p["state"] == "needs-login" or
            (p["state"] == "idle" and self.now < DAY)}
        for name, why in sorted(who.items()):
            self.log_in(name, why)

    def log_in(self, who, why):
        self.asked.append((self.stamp(), who, why))
        self.say("%s is asked to sign in (%s)" % (who, why))
        known = LEAST[who][0] == "command" and not self.refused(who)
        r = self.w.login(*["%s-%d" % (who, i) for i in range(self.roles)],
                         user=None, timeout=60,
                         password=None if known else self.passwords[who])
        tap.ok(r.rc == 0, "%s: %s signs in" % (self.stamp(), who), r)
        self.ends[who] = self.now + (5 * DAY if LEAST[who][0] == "kmsi"
                                     else SSO)
        if LEAST[who][0] == "command":
            self.command(who)

    def refused(self, who):
        users = self.w.sim.counters().get("users", {})
        return users.get("CORP\\" + who, {}).get("rejected", 0) > 0

    def command(self, who):
        """The person puts the password where the command finds it."""
        if self.ends.get(who):
            self.knows[who] = self.passwords[who]
        path = os.path.join(self.w.base, "pw-" + who)
        self.w.write(path, "#!/bin/sh\nprintf '%%s\\n' "
                     "'{\"username\":\"CORP\\\\%s\","
                     "\"password\":\"%s\"}'\n"
                     % (who, self.passwords[who]), 0o700)
        return path


def build(w):
    week = Week(w)
    w.sim.set(sso_life=SSO, kmsi_life=5 * DAY, kmsi="yes",
              assertion_life=300)
    arns = [role("1111222233%02d" % i, "R") for i in range(week.roles)]
    for who, (kind, _) in LEAST.items():
        w.sim.user("CORP\\" + who, password=week.passwords[who],
                   roles=[harness.pair(a) for a in arns])
        keys = {"adfs_config__adfs_user": "CORP\\" + who,
                "adfs_config__session_duration": LIFE}
        if kind == "command":
            keys["adfs_config__username_password_command"] = week.command(who)
        if kind == "kmsi":
            keys["awsfed__keep_signed_in"] = "yes"
        for i, arn in enumerate(arns):
            w.profile("%s-%d" % (who, i), role=arn, reload=False, **keys)
    for arn in arns:
        w.sim.role(arn, max_duration=LIFE)
    w.start_agent()
    return week


def outage(week, begins):
    """A fault of AD FS and STS, or of the network between."""
    kinds = {1: dict(kind="status", status=503), 3: dict(kind="close")}
    if begins:
        for place in ("adfs-get", "adfs-post", "sts"):
            week.w.sim.fault(place, count=-1,
                             **kinds[int(week.now // DAY)])
        week.out = True
        week.say("AD FS and STS are out of order")
    else:
        week.w.sim.clear_faults()
        week.out = False
        week.say("and are back")
        # A retry is never more than five minutes away.
        week.pass_time(5 * MINUTE + 1)
        week.settle()


def work(week, until):
    """Steps until that second of the day; the last one may be short."""
    while week.now % DAY < until:
        week.step(min(STEP, until - week.now % DAY))


def sleep(week, until):
    """The lid is closed; what is due comes when it opens."""
    week.say("the laptop sleeps")
    week.pass_time(until - week.now)
    week.say("and wakes")
    begin = time.monotonic()
    status = week.settle()
    week.look(status, 1)
    tap.diag("         after %.2f s everything is settled"
             % (time.monotonic() - begin))


def day(week, n):
    work(week, 10 * HOUR)
    if n in (1, 3):
        outage(week, True)
        # Shorter than what is left of keys when they are renewed at half
        # of their life.
        work(week, 10 * HOUR + min(20 * MINUTE, LIFE // 4))
        outage(week, False)
    work(week, LUNCH)
    sleep(week, n * DAY + BACK)
    if n == 2:
        for who in LEAST:
            week.passwords[who] = "new one"
            week.w.sim.user("CORP\\" + who, password="new one")
        week.say("the passwords change")
    work(week, SHUT)


def main():
    with harness.World(agent=False, warp=True) as w:
        week = build(w)
        week.now = OPEN
        for n in range(5):
            day(week, n)
            sleep(week, (n + 1) * DAY + OPEN)
        asked = {who: sum(1 for a in week.asked if a[1] == who)
                 for who in LEAST}
        tap.diag("asked of a person, in five days:")
        for line in week.asked:
            tap.diag("  %s  %-4s %s" % line)
        for who, (kind, least) in LEAST.items():
            tap.equal(asked[who], least, "%s (%s) is asked %d times, which "
                      "is the least" % (who, kind, least))
        tap.equal(week.gaps, {}, "zero seconds in which a live sign-in had "
                  "no keys")
        c = w.sim.counters()
        tap.diag("%d sign-ins, %d roles redeemed, %d passwords posted" % (
            c["assertions"], c["assume_role_with_saml"],
            c["password_posts"]))
        rejected = {who: c["users"]["CORP\\" + who]["rejected"]
                    for who in LEAST}
        tap.equal(rejected, {"ann": 1, "bob": 0, "cid": 0, "dot": 0,
                             "eve": 0},
                  "the old password was refused once, and not sent again")


harness.need(timeout=1800)
tap.run(main)
