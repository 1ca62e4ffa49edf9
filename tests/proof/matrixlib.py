# SPDX-License-Identifier: Apache-2.0
"""One cell of the fault matrix: a fault, at a step, with or without a person.

A cell has an agent of its own, without a past, and shares the simulator and
its network with the other cells of its process. measure() plays it and says
what came of it, in the words of the table (matrix_table.py).
"""

import calendar
import json
import os
import re
import shutil
import subprocess
import time

import harness
import netns
from harness import ASK_PASSWORD, HOST, PASSWORD, USER, role

ROLE, CHAINED = role("111122223333", "Admin"), role("444455556666", "Deploy")
STS, SIGNIN = "sts.us-east-1.amazonaws.com", "signin.aws.amazon.com"
CODE, MFA, PUSH = "123456", "Contoso", "SilverfortAdfs"
LATER = 120  # seconds: a stored password is sent once in a minute
ASK_CODE = r"(?i)(code|answer)[^\n]*: ?$"
# What a person says to whatever is asked.
ANSWERS = [(ASK_PASSWORD, PASSWORD), (ASK_CODE, CODE),
           (r"\[y/N\] ?$", "n"), (r"\[Y/n\] ?$", "n"),
           (r"q to quit: ?$", "2")]
OPTIONS = {"flavour": "2019", "realms": "", "mfa": "", "detailed": "yes",
           "activity": "yes", "loop_tokens": 30, "idp_page": "yes",
           "mfa_tries": 5}
HOSTS_FILE = "/etc/hosts"


class Bench:
    """What the cells of one process share."""

    def __init__(self, world):
        self.w = world
        self.offset = 0
        self.way_out()

    @staticmethod
    def way_out():
        """A route that leads nowhere: a computer with a network, for which a
        name that is not known is not known."""
        if netns.inside():
            subprocess.run(
                ["sh", "-c", "ip link add out type veth peer name beyond && "
                 "ip addr add 10.77.0.2/24 dev out && ip link set out up && "
                 "ip link set beyond up && "
                 "ip route add default via 10.77.0.1"],
                env=dict(os.environ, PATH="/usr/sbin:/sbin:/usr/bin:/bin"),
                stderr=subprocess.DEVNULL, check=False)

    # -- before a cell --------------------------------------------------------
    def clean(self, step, settings):
        """No agent, no files, nothing wrong."""
        w = self.w
        if w.agent is not None and w.agent.poll() is None:
            w.stop_agent()
            w.children.remove(w.agent)
        for name in ("state", "run"):
            path = os.path.join(w.base, name)
            shutil.rmtree(path, ignore_errors=True)
            w.own(path, 0o700, folder=True)
        for path in (w.credentials_file, w.config_file):
            if os.path.exists(path):
                os.unlink(path)
        self.shift(0)
        self.heal(step)
        w.sim.do("expire-sso")
        w.sim.do("reset")
        w.profile("p", role=ROLE, reload=False, adfs_config__adfs_user=USER,
                  **step.get("keys", {}))
        w.profile("c", host=None, reload=False, role_arn=CHAINED,
                  source_profile="p", awsfed__deliver="file")
        w.settings(store_password="memory", **settings)

    def heal(self, step):
        """Nothing is wrong any more."""
        w = self.w
        w.sim.do("fault-clear")
        w.sim.set(**dict(OPTIONS, **step.get("sim", {})))
        w.sim.user(USER, password=PASSWORD, locked=False, expired=False,
                   denied=False, unregistered=False, mfa="none", mode="",
                   code=CODE, answer="approve", drop_roles=True)
        w.sim.user(USER, roles=[harness.pair(ROLE)])
        w.sim.role(ROLE, drop_providers=True,
                   providers=[harness.provider(ROLE.split(":")[4])])
        # There is such a provider, whoever trusts it.
        w.sim.role(ROLE.replace("Admin", "Other"),
                   providers=[harness.provider(ROLE.split(":")[4])])
        w.sim.role(CHAINED, drop_trust=True, trust=[ROLE])
        self.names()

    def shift(self, seconds):
        """All clocks, so far ahead of the real one."""
        self.offset = seconds
        self.w.warp(seconds)

    @staticmethod
    def names(but=(), dead=()):
        """The hosts, without some, and some where nobody listens."""
        if not netns.inside():
            return
        lines = ["127.0.0.1 localhost"]
        lines += ["127.0.0.%d %s" % (9 if h in dead else 1, h)
                  for h in netns.HOSTS if h not in but]
        with open(HOSTS_FILE, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")

    # -- the fault ------------------------------------------------------------
    def plant(self, step, fault, mode):
        w = self.w
        for what, args in fault["do"]:
            args = dict(args)
            if what in ("request", "connect"):
                place = {"place": "connect"} if what == "connect" else {}
                place.update(step["place" if what == "request" else what]
                             [mode], count=-1)
                place.update(args)
                w.sim.do("fault", **place)
            elif what == "user":
                w.sim.user(USER, **args)
            elif what == "role":
                w.sim.role(args.pop("arn"), **args)
            elif what == "set":
                w.sim.set(**args)
            elif what == "names":
                host = step["connect"][mode].get("host", HOST)
                self.names(**{k: (host,) for k in args})
            else:
                raise ValueError(what)

    # -- the cell -------------------------------------------------------------
    def measure(self, step, fault, mode, again=True):
        """Plays it; what came of it, and the Result of the command."""
        w = self.w
        self.clean(step, fault["settings"])
        w.start_agent()
        if mode == "alone" or step.get("signed_in"):
            self.sign_in()
        if step.get("mfa"):
            w.sim.user(USER, mfa=step["mfa"])
        if mode == "alone":
            self.shift(LATER)
            if step.get("ended"):
                w.sim.do("expire-sso")
        before = w.sim.counters()
        held = w.read(w.credentials_file)
        self.plant(step, fault, mode)
        r = self.act(step, fault, mode)
        out = self.outcome(step, mode, r, before)
        if mode == "alone" and r.rc != 0:
            out["untouched"] = w.read(w.credentials_file) == held
        if again and r.rc != 0 and step.get("profile") != "console":
            out["again"] = self.again(step, mode, out)
        return out, r

    def sign_in(self):
        w = self.w
        r = w.type([w.program("awsfedctl"), "login", "p", "c"],
                   otherwise=ANSWERS)
        if r.rc != 0:
            raise RuntimeError("no good sign-in to begin with: %r" % r)

    def act(self, step, fault, mode):
        w = self.w
        verb = step.get("verb", {}).get(mode) or (
            ["login", "p"] if mode == "person" else ["refresh", "p"])
        argv = [w.program("awsfedctl")] + verb
        if mode == "alone":
            return w.run(argv, timeout=90)
        answers = fault.get("answers", [])
        return w.type(argv, answers, timeout=90, otherwise=[
            a for a in ANSWERS if a[0] not in [x[0] for x in answers]])

    def look(self, step):
        status = self.w.status()
        name = step.get("profile", "p")
        return (next(x for x in status["profiles"] if x["profile"] == name),
                status["identities"][0])

    def outcome(self, step, mode, r, before):
        w = self.w
        self.ended(step)
        if mode == "alone":
            self.settle(step)
        p, i = self.look(step)
        after = w.sim.counters()
        fault = p.get("fault") or i.get("fault") or {}
        says, then = words(r)
        good = r.rc == 0 or "signed_in" in step
        return {
            "exit": r.rc, "kind": "-" if good else fault.get("kind", "-"),
            "reason": "-" if good else fault.get("reason", "-"),
            "identity": i["state"], "session": p["state"],
            "live": p["live"], "need": "need" in i,
            "posts": after["password_posts"] - before["password_posts"],
            "requests": after["requests"] - before["requests"],
            "spent": self.spent(mode), "retry": self.retry(p),
            "says": says, "next": then,
            "violations": after["violation_texts"],
        }

    def settle(self, step):
        """What only a person can help with is said within a moment."""
        def said():
            p, i = self.look(step)
            return "need" in i or not (
                i["state"] == "needs-user" or p["state"] == "needs-login")
        self.within(said, "the need")

    def ended(self, step):
        """The last role is told of before the job is over."""
        self.within(lambda: self.look(step)[1]["state"] != "working",
                    "the job's end")

    def within(self, condition, what):
        try:
            self.w.wait(condition, what, 3)
        except TimeoutError:
            pass

    def retry(self, profile):
        """Seconds until the agent goes on by itself, or None."""
        if "next" not in profile:
            return None
        at = calendar.timegm(time.strptime(profile["next"],
                                           "%Y-%m-%dT%H:%M:%SZ"))
        return at - time.time() - self.offset

    def spent(self, mode):
        """What the ledger holds of the password that was sent: "-" none."""
        path = os.path.join(self.w.base, "state/awsfed/attempts")
        first = 1 if mode == "alone" else 0

        def written():
            try:
                with open(path, encoding="utf-8") as f:
                    found = json.load(f)["attempts"][first:]
            except OSError:
                return ["-"]
            last = [a["outcome"] for a in found][-1:] or ["-"]
            return last if last != ["pending"] else None
        try:
            return self.w.wait(written, "the ledger", 3)[0]
        except TimeoutError:
            return "pending"

    # -- and when the fault has gone ------------------------------------------
    def again(self, step, mode, out):
        """"itself": the agent went on when it said; "login": a person signed
        in; else what is wrong."""
        w = self.w
        self.heal(step)
        if step.get("mfa"):
            w.sim.user(USER, mfa=step["mfa"])
        if out["retry"] is not None:
            self.shift(self.offset + max(out["retry"], 0) + 2)
            def rested():
                state = self.look(step)[0]["state"]
                return None if w.workers() or state in (
                    "backoff", "waiting", "failed") else state
            try:
                if w.wait(rested, "it to go on", 10) == "fresh":
                    return "itself"
            except TimeoutError:
                return "it does not go on by itself"
        r = self.act(step, {}, "person")
        if r.rc != 0:
            return "a person cannot sign in: %r" % r
        return "login"


def words(r):
    """The message and its Next line, of standard error."""
    lines = r.err.splitlines() if r.rc != 0 else []
    says = [x for x in lines if x.startswith("awsfed: ")][-1:] or [""]
    then = [x for x in lines if x.startswith("  Next: ")][-1:] or [""]
    return (plain(re.sub("^awsfed: ([pc]: )?", "", says[0])),
            plain(then[0][len("  Next: "):]))


NAMES = [(re.escape(HOST), "HOST"), (re.escape(STS), "STS"),
         (re.escape(SIGNIN), "SIGNIN"), (re.escape(ROLE), "ROLE"),
         (re.escape(CHAINED), "ROLE"), (re.escape(USER), "USER"),
         (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,27}", "ID"),
         (r"HTTP (status )?\d\d\d", "HTTP N"),
         (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
         (r"/tmp/awsfed-[^/]*/state/", "~/.local/state/"),
         (r"\d+ bytes", "N bytes"), (r"within \d+ seconds", "within N seconds"),
         (r"OpenSSL/[0-9.a-z]+: error:[0-9A-F]+:", "OpenSSL: "),
         (r"(-\(SAMLResponse\); ){3,}.*\)\.$", "...)."),
         (r"(broke|be made|be trusted)\. \(.*?\)(?= |$)", r"\1. (...)")]


def plain(text):
    """A message without the names and numbers of one test."""
    for pattern, name in NAMES:
        text = re.sub(pattern, name, text)
    return text.strip()
