#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credential-process, exec and env in crowds, failures and restarts. TAP."""
import json
import subprocess
import time

import harness
import tap
from harness import PASSWORD, USER, role

DEV = role("111111111111", "Dev")
MANY, MORE = 200, 500
EXIT_NO_AGENT = 6


def setup(w):
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(DEV)])
    # It renews when asked, never by itself: the test says when.
    w.profile("dev", role=DEV, awsfed__autorefresh="no")
    r = w.login("dev")
    tap.ok(r.rc == 0, "signed in", r)


def at_once(w, n, *args):
    """n of them together: (statuses, outputs)."""
    running = [subprocess.Popen(
        [w.program("awsfedctl"), *args], env=w.env, cwd="/", text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, preexec_fn=w._preexec(True))
        for _ in range(n)]
    done = [p.communicate(timeout=120) for p in running]
    return ([p.returncode for p in running], [d[0] for d in done],
            [d[1] for d in done])


def good(w, text):
    """A whole document, still valid for some minutes by the warped clock."""
    try:
        o = json.loads(text)
    except ValueError:
        return None
    return o["AccessKeyId"] if o.get("Version") == 1 and \
        o["Expiration"].endswith("Z") and len(o) == 5 else None


def crowd(w):
    old = good(w, w.ctl("credential-process", "dev").out)
    tap.ok(old, "keys are served")
    w.warp(2500)  # of an hour: less than 20 minutes are left
    w.sim.fault("adfs-get", delay=1500)
    before = w.sim.counters()
    codes, outs, errs = at_once(w, MANY, "credential-process", "dev")
    keys = [good(w, out) for out in outs]
    tap.equal(set(codes), {0}, "%d at once: each ends well" % MANY)
    tap.equal((len(set(keys)), None in keys, old in keys), (1, False, False),
              "%d good answers with the same new keys" % MANY)
    tap.equal(set(errs), {""}, "without a word")
    got = w.sim.since(before)
    tap.equal((got.get("assertions"), got.get("password_posts", 0)), (1, 0),
              "from one assertion")
    w.sim.clear_faults()
    before = w.sim.counters()
    codes, outs, _ = at_once(w, MORE, "credential-process", "dev")
    keys = {good(w, out) for out in outs}
    tap.ok(set(codes) == {0} and len(keys) == 1 and None not in keys,
           "%d callers of fresh keys" % MORE, set(codes), len(keys))
    tap.equal(w.sim.since(before).get("requests", 0), 0, "cause no traffic")


def keeps_the_last_good(w):
    held = good(w, w.ctl("credential-process", "dev").out)
    w.warp(5000)
    w.sim.fault("adfs-get", count=-1, status=503)
    r = w.ctl("credential-process", "dev")
    tap.ok(r.rc == 0 and good(w, r.out) == held and r.err == "",
           "AD FS is down: the live keys are served all the same", r)
    before = w.sim.counters()
    codes, outs, _ = at_once(w, 50, "credential-process", "dev")
    tap.ok(set(codes) == {0} and {good(w, out) for out in outs} == {held},
           "to everybody", set(codes))
    tap.ok(w.sim.since(before).get("requests", 0) <= 1,
           "and nobody breaks the back-off", w.sim.since(before))
    w.warp(2500 + 3600 + 120)
    codes, outs, errs = at_once(w, 20, "credential-process", "dev")
    tap.ok(set(codes) == {5} and set(outs) == {""} and
           all(e.count("\n") == 1 and "Next: " in e for e in errs),
           "past their end: one line, and no keys", set(codes), errs[0])
    r = w.ctl("env", "dev", "--shell", "sh")
    tap.ok(r.rc == 5 and r.out == "", "env prints nothing then", r)
    r = w.ctl("exec", "dev", "--", "/bin/echo", "ran")
    tap.ok(r.rc == 125 and "ran" not in r.out, "exec runs nothing", r)
    w.sim.clear_faults()
    r = w.login("dev", user=None, password=None)
    tap.ok(r.rc == 0 and good(w, w.ctl("credential-process", "dev").out),
           "it is back", r)


def restarts(w):
    held = good(w, w.ctl("credential-process", "dev").out)
    w.stop_agent()
    began = time.monotonic()
    for args in (["credential-process", "dev"], ["env", "dev"],
                 ["console", "dev", "--print"], ["status", "dev", "--check"]):
        r = w.ctl(*args)
        tap.ok(r.rc == EXIT_NO_AGENT and r.out == "",
               "no agent: %s ends with 6" % args[0], r)
    tap.ok(time.monotonic() - began < 20, "at once")
    w.start_agent()
    r = w.ctl("credential-process", "dev")
    tap.equal(good(w, r.out), held,
              "another agent between two calls: the same keys")


def sleeper(w):
    """A client that asks and never reads holds nobody up."""
    lazy = [w.connect() for _ in range(20)]
    for s in lazy:
        s.sendall(b'{"method":"io.awsfed.Control.Credentials","parameters":'
                  b'{"profile":"dev"}}\0')
    tap.ok(good(w, w.ctl("credential-process", "dev").out),
           "twenty callers that never read")
    for s in lazy:
        s.close()


def one_line(w):
    """A sign-in that fails is one line of the log, not one for each profile;
    a strange page is tried again before a person is asked."""
    for name in ("one", "two", "three"):
        w.profile(name, role=DEV)
    r = w.login("one", "two", "three", user=None)
    tap.ok(r.rc == 0, "three more", r)
    before = w.sim.counters()["faults_used"]
    w.sim.fault("adfs-get", "unknown", count=-1)
    start = len(w.log())
    r = w.ctl("refresh", "one", "two", "three")
    tap.ok(r.rc == 5 and "tries again by itself" in r.err and
           "need" not in w.status()["identities"][0],
           "a page that nobody knows: again, and nobody is asked", r)
    lines = [x for x in w.log()[start:].splitlines()
             if "cannot answer" in x and not x.startswith("<7>")]
    tap.ok(len(lines) == 1 and "(3 profiles wait)" in lines[0],
           "one line of the log", *lines)
    for n in range(3):
        w.warp(2500 + 3600 + 120 + 100 * (n + 1))
        w.wait(lambda: w.sim.counters()["faults_used"] > before + n + 1 and
               not w.workers(), "another try")
    w.wait(lambda: w.status()["identities"][0]["state"] == "needs-user",
           "a person to be asked")
    tap.equal(w.sim.counters()["faults_used"] - before, 4,
              "after three more tries a person is")
    w.sim.clear_faults()


def main():
    with harness.World(warp=True) as w:
        setup(w)
        for step in (crowd, keeps_the_last_good, restarts, sleeper,
                     one_line):
            step(w)


harness.need()
tap.run(main)
