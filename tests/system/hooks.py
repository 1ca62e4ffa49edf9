# SPDX-License-Identifier: Apache-2.0
"""Commands of the user's, after a renewal and when a login is needed."""

import os
import time

import harness
import tap
from harness import PASSWORD, USER, role

ROLES = [role("111122223333", "R%02d" % i) for i in range(9)]


class Notes:
    """A folder in which hooks leave what they were told."""

    def __init__(self, w):
        self.w = w
        self.dir = os.path.join(w.base, "notes")
        w.own(self.dir, 0o700, folder=True)
        self.program = os.path.join(self.dir, "note")
        w.write(self.program, """#!/bin/sh
[ -z "$1" ] || sleep "$1"
umask 077
env | grep -E '^AWS|ASIA' >>%s/$AWSFED_PROFILE.$AWSFED_EVENT
echo >>%s/$AWSFED_PROFILE.$AWSFED_EVENT
echo "the hook says hello"
echo "to the journal" >&2
""" % (self.dir, self.dir), 0o700)

    def all(self, profile, event):
        """One dict for each time it ran."""
        data = self.w.read(os.path.join(self.dir, profile + "." + event))
        return [dict(line.split("=", 1) for line in part.splitlines()
                     if "=" in line)
                for part in (data or b"").decode().split("\n\n")
                if part.strip()]


def on_refresh(w, notes):
    w.profile("prod", role=ROLES[0], awsfed__on_refresh=notes.program)
    w.login("prod")
    got = w.wait(lambda: notes.all("prod", "refresh"), "the hook")
    end = w.credentials()["prod"]["x_security_token_expires"]
    tap.equal((got[0]["AWSFED_PROFILE"], got[0]["AWSFED_EVENT"],
               got[0]["AWSFED_EXPIRATION"], got[0]["AWSFED_REASON"]),
              ("prod", "refresh", end, ""), "it is told profile and end")
    tap.ok(not any("SECRET" in k or "TOKEN" in k or "ACCESS_KEY" in k or
                   v.startswith("ASIA") for k, v in got[0].items()),
           "and no key", got[0])
    w.wait(lambda: "hook says hello" in w.log(), "its output in the log")
    tap.ok("profile prod: on_refresh: the hook says hello" in w.log() and
           "to the journal" in w.log(), "what it prints goes to the log")
    w.ctl("refresh", "prod")
    w.wait(lambda: len(notes.all("prod", "refresh")) == 2, "the second run")
    w.stop_agent()
    w.start_agent()
    w.wait(lambda: w.states().get("prod") == "fresh", "the keys of the file")
    tap.equal(len(notes.all("prod", "refresh")), 2,
              "keys that a new agent finds are no renewal")


def failing(w):
    """A warning, and the keys are as good as without."""
    w.profile("bad", role=ROLES[1],
              awsfed__on_refresh="echo broken >&2; exit 3")
    r = w.login("bad", user=None)
    tap.equal(r.rc, 0, "a hook that fails does not fail the login")
    w.wait(lambda: "its on_refresh command" in w.log(), "the warning")
    warnings = [x for x in w.log().splitlines() if "its on_refresh" in x]
    tap.ok(len(warnings) == 1 and warnings[0].startswith("<4>") and
           "exit" in warnings[0] and "3" in warnings[0],
           "one warning says how it ended", *warnings)


def coalesced(w, notes):
    """Renewals while it runs: one more run, and never two at a time."""
    w.profile("slow", role=ROLES[2],
              awsfed__on_refresh=notes.program + " 2")
    w.login("slow", user=None)
    for _ in range(4):
        w.ctl("refresh", "slow")
    w.wait(lambda: len(notes.all("slow", "refresh")) == 2, "two runs", 30)
    time.sleep(2.5)  # a third would be here by now
    tap.equal(len(notes.all("slow", "refresh")), 2,
              "five renewals, two runs: during and after")


def many(w, notes):
    """Not all at once."""
    script = os.path.join(notes.dir, "count")
    running = os.path.join(notes.dir, "running")
    os.mkdir(running)
    w.own(running, 0o700)
    w.write(script, "#!/bin/sh\n: >%s/$AWSFED_PROFILE\nls %s | wc -l "
            ">>%s/most\nsleep 0.3\nrm %s/$AWSFED_PROFILE\n"
            "echo >>%s/finished\n" % (running, running, notes.dir, running,
                                      notes.dir), 0o700)
    names = ["m%d" % i for i in range(9)]
    for name, arn in zip(names, ROLES):
        w.profile(name, role=arn, reload=False, awsfed__on_refresh=script)
    w.ctl("reload")
    w.login(*names, user=None)
    w.wait(lambda: len(w.read(os.path.join(notes.dir, "finished")) or b"")
           == len(names), "nine hooks", 30)
    most = max(map(int, w.read(os.path.join(notes.dir, "most")).split()))
    tap.ok(1 <= most <= 4, "nine profiles, four hooks at a time at most",
           most)


def needs_login(w, notes):
    """50 calls in a minute: no traffic, one hook, one line."""
    w.profile("kube", role=ROLES[3],
              awsfed__on_needs_login=notes.program)
    w.login("kube", user=None)
    tap.equal(notes.all("kube", "needs-login"), [], "nothing yet")
    w.warp(30000)  # past sso_life
    w.wait(lambda: w.ctl("credential-process", "kube").rc == 3,
           "the end of keys and sign-in")
    got = w.wait(lambda: notes.all("kube", "needs-login"), "the hook")
    tap.ok(got[0]["AWSFED_REASON"] != "" and
           got[0]["AWSFED_EXPIRATION"] == "", "it is told why", got)
    # It writes the file first, and speaks after that.
    w.wait(lambda: "kube: on_needs_login: the hook says hello" in w.log(),
           "the hook's own line")
    before, log = w.sim.counters(), len(w.log())
    for _ in range(50):
        r = w.ctl("credential-process", "kube")
        if r.rc != 3 or "awsfedctl login kube" not in r.err:
            tap.ok(False, "each call names the fix", r)
            break
    else:
        tap.ok(True, "each of 50 calls names the fix")
    gained = {k: v for k, v in w.sim.since(before).items()
              if k not in ("connections", "admin")}
    tap.equal(gained, {}, "50 calls cause no traffic")
    tap.equal(len(notes.all("kube", "needs-login")), 1, "and one hook")
    tap.equal([x for x in w.log()[log:].splitlines()
               if x.startswith(("<4>", "<5>", "<6>")) and
               "to the journal" not in x], [],
              "and not a line more in the log")
    w.login("kube", user=None)
    tap.equal(w.states()["kube"], "fresh", "a login ends it")


def at_the_end(w, notes):
    """A hook that hangs does not hold the agent up."""
    w.profile("hang", role=ROLES[4], awsfed__on_refresh="sleep 600")
    w.login("hang", user=None)
    start = time.monotonic()
    tap.equal(w.stop_agent(), 0, "the agent ends with a hook running")
    tap.ok(time.monotonic() - start < 8, "and without waiting for it",
           time.monotonic() - start)


def main():
    with harness.World(warp=True) as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(r) for r in ROLES])
        notes = Notes(w)
        on_refresh(w, notes)
        w.login("prod", user=None)
        failing(w)
        coalesced(w, notes)
        many(w, notes)
        needs_login(w, notes)
        at_the_end(w, notes)


harness.need()
tap.run(main)
