#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Second factors without a person, from scripts, given up, and in a terminal
of tmux, as a person has it."""
import json
import os
import re
import shutil
import time

import harness
import tap
from harness import ASK_PASSWORD
from terminal import CTRL_C
from tourlib import (ASK, PASSWORD, RIGHT, SECRETS, Stop, prepare,
                     screen)

TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
TMUX = "/usr/bin/tmux"


def factors(w, stop):
    """password posts, and of the second factor posts and pushes"""
    c = w.sim.counters()
    f = c["factors"].get(stop.account, {})
    return (c["users"].get(stop.account, {}).get("password_posts", 0),
            f.get("posts", 0), f.get("pushes", 0))


def command(w, name, answer):
    """A command that prints this object, and notes each time it ran."""
    path = os.path.join(w.home, name)
    w.write(path + ".json", json.dumps(answer))
    w.write(path, "#!/bin/sh\necho ran >>%s.ran\ncat %s.json\n" % (
        path, path), 0o700)
    return path


def ran(w, name):
    return (w.read(os.path.join(w.home, name) + ".ran") or b"").count(b"ran")


def unattended(w):
    """A sign-in met a second factor and has ended: nobody is disturbed."""
    for i, (mfa, rest) in enumerate((
            ("AzureMfaAuthentication", dict(mode="push")),
            ("SafeNet-MFA", dict(code=RIGHT)))):
        s = Stop("unattended " + mfa, [(ASK, RIGHT)] if "code" in rest
                 else [], user=dict(rest, mfa=mfa), password=())
        line = command(w, "secret%d" % i, {"username": s.account,
                                           "password": PASSWORD})
        s.keys["adfs_config__username_password_command"] = line
        prepare(w, [s])
        r = s.go(w)
        tap.ok(r.rc == 0, mfa + ": signed in by the stored password", r)
        before = factors(w, s)
        w.sim.do("expire-sso")
        for _ in range(2):
            r = w.ctl("refresh", s.profile)
            tap.ok(r.rc == 3, mfa + ": a refresh needs a login", r)
        tap.equal(factors(w, s), before, mfa + ": no password was posted, "
                  "no code, no push")
        state = next(i for i in w.status()["identities"]
                     if i["user"] == s.account)["state"]
        tap.equal(state, "needs-user", mfa + ": it rests until a person acts")
        # So soon the stored password is not used once more.
        s.answers.insert(0, (ASK_PASSWORD, PASSWORD))
        r = s.go(w)
        tap.ok(r.rc == 0 and not r.unasked, mfa + ": a person mends it", r)


def stored_password(w):
    s = Stop("a stored password that is wrong", password=())
    s.keys["adfs_config__username_password_command"] = command(
        w, "wrong", {"username": s.account, "password": "wrong horse"})
    prepare(w, [s])
    r = w.ctl("login", s.profile)
    tap.ok(r.rc == 4 and "refused the password" in r.err,
           "a stored password is refused", r)
    r = w.ctl("login", s.profile)
    tap.ok(r.rc != 0 and "Next:" in r.err, "and not sent again", r)
    tap.equal(factors(w, s)[0], 1, "it was sent once in all")


def scripts(w):
    """Codes that nobody types."""
    safenet = dict(mfa="SafeNet-MFA", code=RIGHT)
    token = Stop("mfa_token_command", user=safenet)
    token.keys["adfs_config__mfa_token_command"] = command(
        w, "token", {"mfa_token": RIGHT})
    stale = Stop("mfa_token_command, a wrong code", [(ASK, RIGHT)],
                 user=safenet)
    stale.keys["adfs_config__mfa_token_command"] = command(
        w, "stale", {"mfa_token": "999999"})
    made = Stop("totp_command", user=dict(mfa="freeADFSOtp", totp=TOTP))
    made.keys["awsfed__totp_command"] = "echo " + TOTP
    option = Stop("--aad-verification-code", user=dict(
        mfa="AzureMfaAuthentication", mode="code", code=RIGHT),
        args=("--aad-verification-code", RIGHT))
    for s in token, stale, made, option:
        prepare(w, [s])
        r = s.go(w)
        tap.ok(r.rc == 0 and not r.unasked, s.name, r)
        tap.diag(screen(r.tty))
    tap.equal((ran(w, "token"), ran(w, "stale")), (1, 1),
              "each command ran once")
    tap.equal(factors(w, stale)[1], 2, "a refused code was not sent again")
    s = Stop("--stdin", user=safenet)
    prepare(w, [s])
    r = w.ctl("login", s.profile, "--stdin", "--aad-verification-code", RIGHT,
              stdin="%s\n%s\n" % (s.account, PASSWORD))
    tap.ok(r.rc == 0, "--stdin, and a code by an option", r)


def given_up(w):
    """Ctrl-C while a push is awaited."""
    for mfa in "AzureMfaAuthentication", "SilverfortAdfs":
        s = Stop("given up " + mfa, [(r"s left; Ctrl-C gives up", CTRL_C)],
                 user=dict(mfa=mfa, mode="push", answer="ask"))
        prepare(w, [s])
        before = w.read(w.credentials_file)
        started = time.monotonic()
        r = s.go(w)
        tap.diag(screen(r.tty))
        tap.ok(r.rc == 1 and not r.unasked and
               "nothing was written" in r.tty, mfa + ": Ctrl-C", r)
        tap.ok(time.monotonic() - started < 60, mfa + ": at once")
        w.wait(lambda: not w.workers(), "the worker to end")
        tap.equal(w.read(w.credentials_file), before,
                  mfa + ": nothing was written")
        tap.ok(w.status()["profiles"], mfa + ": the agent answers")
        w.sim.user(s.account, answer="approve")
        s.answers = [(ASK_PASSWORD, PASSWORD)]
        r = s.go(w)
        tap.ok(r.rc == 0, mfa + ": the next login succeeds", r)


class Tmux:
    """One session; what a person types and sees."""

    def __init__(self, w):
        self.w, self.socket = w, os.path.join(w.base, "run/tmux")
        self("new-session", "-d", "-x", "100", "-y", "60", "/bin/sh")

    def __call__(self, *args):
        r = self.w.run([TMUX, "-f", "/dev/null", "-S", self.socket, *args],
                       TERM="xterm", SHELL="/bin/sh", PS1="$ ")
        if r.rc != 0:
            raise RuntimeError(r)
        return r.out

    def seen(self):
        # -J: a line that did not fit is one line.
        return self("capture-pane", "-p", "-J").rstrip()

    def type(self, text, pattern):
        """Types it when the pattern is at the end of the screen."""
        self.w.wait(lambda: re.search(pattern, self.seen() + " "), pattern,
                    60)
        self("send-keys", "-l", text)
        self("send-keys", "Enter")


def in_tmux(w):
    if not shutil.which(TMUX):
        tap.skip("logins in tmux", "tmux is not installed (package tmux)")
        return
    push = Stop("tmux push", user=dict(mfa="AzureMfaAuthentication",
                                       mode="push", answer="ask"))
    code = Stop("tmux code", user=dict(mfa="SafeNet-MFA", code=RIGHT))
    prepare(w, [push, code])
    t = Tmux(w)
    try:
        t.type("awsfedctl login " + push.profile, r"\$ $")
        t.type(PASSWORD, r"Password for [^\n]*: $")
        number = w.wait(lambda: next((p["number"] for p in w.sim.push()
                                      if p["user"] == push.account), None),
                        "the push", 60)
        w.wait(lambda: re.search(r"\n    %s\n" % number, t.seen()),
               "the number on the screen", 60)
        w.wait(lambda: "s left; Ctrl-C" in t.seen(), "the countdown", 60)
        waiting = t.seen()
        w.sim.push(push.account, "approve", number)
        t.type("awsfedctl login " + code.profile, r"fresh[^$]*\n\$ $")
        t.type(PASSWORD, r"Password for CORP.%s [^\n]*: $" % code.account[5:])
        t.type("000111", r"password: $")
        t.type(RIGHT, r"again[^\n]*: $")
        w.wait(lambda: t.seen().count("1 profile fresh") == 2, "both", 60)
        tap.ok(True, "two logins in one session of tmux")
        tap.diag(waiting)
        tap.diag("")
        tap.diag(t.seen())
        tap.ok(not any(x in t.seen() for x in SECRETS),
               "and no secret on its screen")
    except TimeoutError:
        tap.diag(t.seen())
        raise
    finally:
        t("kill-server")


def main():
    with harness.World(user=False) as w:
        w.sim.set(loop_tokens=30)
        for part in unattended, stored_password, scripts, given_up, in_tmux:
            part(w)


harness.need()
tap.run(main)
