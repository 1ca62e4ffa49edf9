#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A month of renewals in compressed time, and nothing that grows.  TAP; the
month itself in `make proof-soak`, some days of it in `make check`.

soak (soak.c) is the engine on its fakes; its counts at midnight must be equal
each day, and so must the heap but for what HEAP says.  The real agent with real
workers, files and threads has a share of it: its memory, descriptors, threads
and children are looked at from outside.
"""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"),
                os.path.join(HERE, "..", "tools")]

# pylint: disable=wrong-import-position
import harness  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from harness import role  # noqa: E402

FULL = proof.full()
DAYS, IDENTITIES = (30, 15) if FULL else (5, 2)
RENEWALS = 150 if FULL else 5  # of the real agent, of two identities each
SETTLED = 3  # days, until all that is remembered once is remembered
COUNTS = ("timers", "armed", "profiles", "live", "identities", "jobs",
          "files", "descriptors")
# Bytes between day 3 and the last: outcomes of the last renewals differ (a
# fault's text is held here, not there), and hash tables are of another age.
HEAP = 48 * 1024
# Kilobytes of the real agent: pages that its heap touched once.
GROWTH = 512
ARNS = [role("111122223333", "R%d" % i) for i in range(5)]


def month(part):
    begin = time.monotonic()
    done = subprocess.run(
        [os.path.join(tap.builddir(), "tests/proof/soak"), str(DAYS),
         str(IDENTITIES)], capture_output=True, text=True, timeout=3000,
        check=False)
    took = time.monotonic() - begin
    days = [json.loads(line) for line in done.stdout.splitlines()]
    tap.ok(done.returncode == 0 and len(days) == DAYS,
           "%d days of %d identities pass" % (DAYS, IDENTITIES),
           done.returncode, done.stderr[-2000:])
    if len(days) != DAYS:
        return
    first, last = days[SETTLED - 1], days[-1]
    for what in COUNTS:
        tap.equal({d[what] for d in days[SETTLED - 1:]}, {first[what]},
                  "%s: the same each midnight" % what)
    tap.equal(last["live"], last["profiles"], "all profiles have live keys")
    grown = last["heap"] + last["mapped"] - first["heap"] - first["mapped"]
    if first["heap"] > 0:  # a sanitizer has a heap of its own
        tap.ok(grown < HEAP, "the heap does not grow", first["heap"],
               last["heap"])
    part.row("%d days in %.0f s" % (DAYS, took),
             "%(signins)d sign-ins, %(redeemed)d roles redeemed, %(failed)d "
             "sign-ins and %(refused)d roles failed, %(logins)d logins, "
             "%(requests)d requests, %(reloads)d reloads, %(written)d writes"
             % last, target="20,000 sign-ins, 200,000 roles",
             good=None if not FULL else last["signins"] >= 20000 and
             last["redeemed"] >= 200000, why="see soak.c")
    part.row("heap from day %d to day %d" % (SETTLED, DAYS),
             "%d to %d bytes, %d to %d mapped" % (
                 first["heap"], last["heap"], first["mapped"],
                 last["mapped"]),
             target="less than %d bytes more in all: outcomes of the last "
             "renewals differ" % HEAP, good=grown < HEAP, why="see the test")
    part.row("timers, profiles, identities, descriptors from day %d to day %d"
             % (SETTLED, DAYS), ", ".join(
                 "%d" % last[w] for w in ("timers", "profiles", "identities",
                                          "descriptors")),
             target="the same each midnight", good=all(
                 d[w] == first[w] for d in days[SETTLED - 1:]
                 for w in COUNTS), why="see the test")


def look(w):
    """Memory in kB, descriptors, threads, children."""
    base = "/proc/%d/" % w.agent.pid
    with open(base + "status", encoding="ascii") as f:
        rss = [int(line.split()[1]) for line in f
               if line.startswith("VmRSS:")][0]
    with open(base + "task/%d/children" % w.agent.pid,
              encoding="ascii") as f:
        children = len(f.read().split())
    return (rss, len(os.listdir(base + "fd")), len(os.listdir(base + "task")),
            children)


def rests(w, threads):
    """No worker, and no thread that writes."""
    return look(w)[2:] == (threads, 0)


def settle(w, names, since):
    """All have keys that came after since (by the agent's clock)."""
    def renewed():
        s = w.status()
        return all(p["state"] == "fresh" and p.get("left", 0) > since
                   for p in s["profiles"] if p["profile"] in names)
    w.wait(renewed, "all to be renewed", 120)


def real(part):
    """Renewals by real workers, one after another."""
    with harness.World(warp=True, settings={"log_debug": "no"}) as w:
        w.sim.set(sso_life=7 * 86400)
        names = []
        for who in ("ann", "bob"):
            w.sim.user("CORP\\" + who, password="secret",
                       roles=[harness.pair(a) for a in ARNS])
            for i, arn in enumerate(ARNS):
                names.append("%s-%d" % (who, i))
                w.profile(names[-1], role=arn, reload=False,
                          adfs_config__adfs_user="CORP\\" + who)
        w.ctl("reload")
        threads = look(w)[2]    # the tool that moves the clock has one
        for who in ("ann", "bob"):
            r = w.login(*[n for n in names if n.startswith(who)], user=None,
                        password="secret")
            tap.ok(r.rc == 0, "%s signs in" % who, r)
        offset, early = 0, None
        for n in range(RENEWALS):
            offset += 2000
            w.warp(offset)
            settle(w, names, 2400)
            if n == max(3, RENEWALS // 4):
                w.wait(lambda: rests(w, threads),
                       "workers and the writer to end")
                early = look(w)
        w.wait(lambda: rests(w, threads), "workers and the writer to end")
        w.wait(lambda: look(w)[1:] == early[1:], "descriptors to be closed")
        late = look(w)
        c = w.sim.counters()
        tap.ok(c["assertions"] >= 2 * RENEWALS, "each renewal was a sign-in",
               c["assertions"])
        tap.equal(late[1:], early[1:],
                  "descriptors, threads and children are as they were")
        if os.environ.get("AWSFED_INSTRUMENTED") != "yes":
            tap.ok(late[0] - early[0] < GROWTH, "memory does not grow",
                   early, late)
        part.row("the real agent, real workers",
                 "%d sign-ins, %d roles redeemed; resident %d to %d kB, %d to "
                 "%d descriptors, %d to %d threads, %d to %d children" % (
                     c["assertions"], c["assume_role_with_saml"],
                     early[0], late[0], early[1], late[1], early[2], late[2],
                     early[3], late[3]), target="less than %d kB "
                 "more; descriptors, threads and children the same" % GROWTH,
                 good=late[0] - early[0] < GROWTH and late[1:] == early[1:],
                 why="see the test")


def main():
    part = proof.Part("soak", "Soak: a month of renewals")
    month(part)
    real(part)


harness.need(timeout=3600)
tap.run(main)
