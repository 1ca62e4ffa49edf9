# SPDX-License-Identifier: Apache-2.0
"""Logins that a person would see, many in one world: what the tours share.

A stop is one login, typed in a terminal: its profile has a user of its own, so
stops of different users may run side by side. What stood on the screen goes to
the test's log; no secret may stand in it.
"""
import concurrent.futures
import itertools
import os
import re

import harness
import tap
from harness import role

ARN = role("908070605040", "MyAdminRole")
PASSWORD = "correct horse battery"
RIGHT, WRONG = "654321", ("000111", "000222", "000333")
PIN, NEXT = "97531", "777888"
SECRETS = (PASSWORD, RIGHT, PIN, NEXT, "123456") + WRONG
# The end of any question; of a choice; of a yes or no.
ASK, CHOOSE, AGREE = r"[:?] $", r"q to quit: $", r"\[y/N\] $"
# As long as the default, so that a busy machine is not a reason.
LONG = int(os.environ.get("TOUR_LONG", 120))
PARALLEL = 16


_numbers = itertools.count(1)


class Stop:
    """One login. before and answers are typed before and behind the password;
    says and never are patterns of the transcript; factor is what the simulator
    counted of the
    user's second factor; user is what simctl's `user add` takes."""

    def __init__(self, name, answers=(), rc=0, says=(), never=(), factor=None,
                 user=None, keys=None, args=(), password=(PASSWORD,),
                 posts=None, before=()):
        self.name, self.rc = name, rc
        self.says, self.never = says, never
        self.factor, self.user = factor, dict(user or {})
        self.keys, self.args = dict(keys or {}), args
        self.posts = len(password) if posts is None else posts
        self.profile = re.sub("[^A-Za-z0-9]+", "-", name).strip("-")
        self.account = "CORP\\jane%d" % next(_numbers)
        self.answers = list(before)
        self.answers += [(r"[Pp]assword[^\n]*: $", p) for p in password]
        self.answers += list(answers)
        self.result = None

    def prepare(self, w):
        more = {"roles": [harness.pair(ARN)], "password": PASSWORD}
        more.update(self.user)
        w.sim.user(self.account, **more)
        keys = {"adfs_config__adfs_user": self.account}
        keys.update(self.keys)
        w.profile(self.profile, role=ARN, reload=False, **keys)

    def go(self, w):
        argv = [w.program("awsfedctl"), "login", self.profile, *self.args]
        self.result = w.type(argv, self.answers, timeout=LONG, whole=True)
        return self.result

    def judge(self, w, counters=None):
        r = self.result
        bad = []
        if r.rc != self.rc:
            bad.append("status %s, not %s" % (r.rc, self.rc))
        bad += ["never asked: " + p for p in r.unasked]
        bad += ["does not say: " + p for p in self.says
                if not re.search(p, r.tty)]
        bad += ["says: " + p for p in self.never if re.search(p, r.tty)]
        if self.rc not in (0, 130) and "Next:" not in r.tty:
            bad.append("does not say what to do next")
        # What is refused with nothing to show for it leaves no keys.
        if (self.profile in w.credentials()) != (self.rc == 0):
            bad.append("keys in the file, or none")
        c = counters or w.sim.counters()
        seen = c["users"].get(self.account, {}).get("password_posts", 0)
        if seen != self.posts:
            bad.append("%d password posts, not %d" % (seen, self.posts))
        if self.factor is not None:
            got = c["factors"].get(self.account, {})
            want = dict(posts=0, rejected=0, pushes=0, passed=0)
            want.update(self.factor)
            bad += ["%s %s, not %s" % (k, got.get(k, 0), v)
                    for k, v in want.items()
                    if v is not None and got.get(k, 0) != v]
        tap.ok(not bad, self.name, *bad)
        tap.diag(screen(r.tty))
        return not bad


def screen(text):
    """What stays on a terminal: lines that were rewritten are seen once."""
    return "\n".join(line.rsplit("\r\x1b[K", 1)[-1].rstrip()
                     for line in text.split("\n")).rstrip()


def prepare(w, stops):
    for s in stops:
        s.prepare(w)
    w.ctl("reload")


def together(w, stops):
    """Side by side; judged in order when all have ended."""
    prepare(w, stops)
    run(w, stops)


def run(w, stops):
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for f in [pool.submit(s.go, w) for s in stops]:
            f.result()
    counters = w.sim.counters()
    for s in stops:
        s.judge(w, counters)
    clean(w, stops)


def tour(w, batches):
    """Batches of (options of the simulator, stops), one after another; start
    among the options is called with the world first."""
    prepare(w, [s for _, stops in batches for s in stops])
    normal = w.sim.do("options")["options"]
    for options, stops in batches:
        start = options.pop("start", None)
        w.sim.set(**options)
        if start is not None:
            start(w)
        run(w, stops)
        w.sim.clear_faults()
        w.sim.set(**{k: normal[k] for k in options})


def clean(w, stops):
    """Nothing improper was sent, and no secret was shown."""
    strange = w.sim.violations()
    if strange:
        tap.ok(False, "nothing improper up to " + stops[-1].name, *strange)
        w.sim.do("reset")
    shown = [(s.name, x) for s in stops for x in SECRETS
             if x in s.result.tty]
    if shown:
        tap.ok(False, "no secret was shown", *shown)


def no_secrets_in_logs(w):
    """Neither the agent's words nor anything it wrote hold what was typed."""
    found = []
    for folder, _, files in os.walk(w.base):
        for name in files:
            path = os.path.join(folder, name)
            if "/bin" in folder or not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                data = f.read()
            found += [(name, x) for x in SECRETS if len(x) > 6 and
                      x.encode() in data]
    tap.ok(not found, "no password in any file", *found)
