#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that run longer than their keys: by credential_process over three
renewals and through botocore's windows of 15 and 10 minutes; those that have
the file's keys do not reload. endpoint.py has the same by the endpoint. TAP.

Go programs are not here: a static binary does not see the moved clock."""
import json
import os

import harness
import peerlib
import tap
from harness import PASSWORD, USER, role
from peerlib import JS, Program

P, F = role("111122223333", "Process"), role("111122223333", "File")
LIFE = 3600
ADVISORY, MANDATORY = 15 * 60, 10 * 60  # botocore's


class Clock:
    """The moved clock, in seconds from the start."""

    def __init__(self, w):
        self.w, self.moment = w, 0

    def forward(self, seconds):
        self.moment += seconds
        self.w.warp(self.moment)


def held(w):
    """The key that credential-process gives, or None."""
    r = w.ctl("credential-process", "p")
    return json.loads(r.out)["AccessKeyId"] if r.rc == 0 else None


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(P), harness.pair(F)])
    w.sim.set(sso_life=86400, loop_tokens=30, loop_seconds=1)
    w.profile("p", role=P, reload=False, awsfed__deliver="process")
    w.profile("f", role=F, reload=False)
    w.ctl("reload")
    r = w.login("p", "f")
    tap.ok(r.rc == 0, "login", r)


def renewals():
    with harness.World(warp=True) as w:
        setup(w)
        clock, clients, keys = Clock(w), {}, {}
        for peer in filter(peerlib.have, ("boto3", JS)):
            for profile in ("p", "f"):
                clients[peer, profile] = Program(w, peer, AWS_PROFILE=profile)
        for who, c in clients.items():
            keys[who] = [c.ask()[0]]
            tap.ok(keys[who][0] is not None, "%s, %s: let in" % who)
        before = w.sim.counters()
        # Within botocore's ten minutes before the end, within its fifteen,
        # after the end.
        for n, seconds in enumerate((3100, 2800, 3700), 1):
            old = held(w)
            clock.forward(seconds)
            w.wait(lambda: held(w) not in (None, old), "renewal %d" % n, 30)
            for who, c in clients.items():
                if who[1] != "p":
                    continue
                key, said = c.ask()
                tap.ok(key is not None and "assumed-role/Process" in said,
                       "%s is let in after renewal %d" % (who[0], n), said)
                keys[who].append(key)
            if n == 1:
                # The file has new keys now; the old ones live still.
                for peer in {p for p, _ in clients}:
                    key, said = clients[peer, "f"].ask()
                    tap.ok(key == keys[peer, "f"][0] !=
                           w.credentials()["f"]["aws_access_key_id"],
                           "%s does not read the file again" % peer, said)
        for who, c in clients.items():
            if who[1] == "p":
                # JavaScript's waits for the last five minutes.
                least = 4 if who[0] == "boto3" else 2
                tap.ok(len(set(keys[who])) >= least and
                       None not in keys[who],
                       "%s has had %d keys" % (who[0], least), keys[who])
            else:
                key, said = c.ask()
                tap.ok(key is None and "expired" in said,
                       "%s with the file's keys is shut out when they end" %
                       who[0], said)
            tap.equal(c.end(), 0, "%s, %s: ends well" % who)
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "without a password")
        peerlib.clean()


def windows():
    if not peerlib.have("boto3"):
        return
    with harness.World(warp=True) as w:
        setup(w)
        clock = Clock(w)
        c = Program(w, "boto3", AWS_PROFILE="p")
        first, _ = c.ask()
        # 1. A quarter of an hour before the end a failure is tolerated.
        w.stop_agent()
        clock.forward(LIFE - ADVISORY + 180)
        tap.ok(held(w) is None, "the agent is away")
        key, said = c.ask()
        tap.ok(key == first, "12 minutes left: boto3 goes on with its key",
               said)
        clock.forward(180 + ADVISORY - MANDATORY - 180)
        key, said = c.ask()
        tap.ok(key is None and "no agent answers" in said,
               "7 minutes left: boto3 gives up, and shows awsfed's words",
               said)
        w.start_agent()
        r = w.login("p", user=None)
        tap.ok(r.rc == 0, "login at the new agent", r)
        second, said = c.ask()
        tap.ok(second not in (None, first), "and it is let in again", said)
        # 2. What cannot be renewed, but lives, is given all the same.
        w.sim.fault("adfs-get", "close", count=-1)
        clock.forward(LIFE - MANDATORY + 120)
        key, said = c.ask()
        tap.equal(key, second, "8 minutes left, AD FS is gone: boto3 goes on "
                  "with the key that lives")
        tap.diag(said)
        w.sim.clear_faults()
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 0, "AD FS is back", r)
        third, said = c.ask()
        tap.ok(third not in (None, first, second), "and boto3 has its next",
               said)
        tap.equal(c.end(), 0, "it ends well")
    peerlib.clean()


def ready():
    if not os.path.exists(os.path.join(tap.builddir(),
                                       "tests/tools/warp.so")):
        tap.skip_all("the preload that moves the clock was not built")


harness.need()
ready()
tap.run(renewals, windows)
