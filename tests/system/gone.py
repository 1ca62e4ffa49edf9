# SPDX-License-Identifier: Apache-2.0
"""Roles come and go; two relying parties of one AD FS share one sign-in."""

import json
import os

import harness
import tap
from harness import HOST, PASSWORD, USER, role

A, B, C, D = (role("111122223333", n) for n in "ABCD")
SECOND = "urn:amazon:webservices:second"


def offer(w, *arns):
    w.sim.user(USER, roles=[harness.pair(a) for a in arns], drop_roles=True)


def fault_of(w, name):
    p = next(p for p in w.status()["profiles"] if p["profile"] == name)
    return p, p.get("fault", {})


def gone_and_back():
    """Short lives: the renewals are what brings the assertions."""
    with harness.World(settings={"min_lifetime": 1}) as w:
        w.sim.set(token_life=8, loop_tokens=30)
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(x) for x in (A, B)])
        w.profile("a", role=A, reload=False)
        w.profile("b", role=B, reload=False)
        w.profile("never", role=D, reload=False)
        w.ctl("reload")
        r = w.login("a", "b")
        tap.equal(r.rc, 0, "login")
        tap.ok("new role" not in r.err, "the first sign-in announces nothing",
               r)
        p, f = fault_of(w, "never")
        tap.ok(p["state"] == "failed" and p.get("reason") == "gone" and
               "since" not in f["text"],
               "a profile whose role was never offered says so", p)

        keys = w.credentials()["b"]["aws_session_token"]
        offer(w, A, C)
        w.wait_states(failed={"b"})
        p, f = fault_of(w, "b")
        tap.ok(p.get("reason") == "gone" and "gone since 20" in f["text"] and
               f["kind"] == "denied" and f.get("next"),
               "the missing role is failed: gone since", p)
        tap.ok(p["live"], "its last keys are served still", p)
        tap.equal(w.credentials()["b"]["aws_session_token"], keys,
                  "and stay in the file")
        tap.equal(w.ctl("credential-process", "b", "--min-valid", "1").rc, 0,
                  "also by credential-process")
        tap.ok("next" not in p, "no renewal is planned for it", p)
        w.wait_states(fresh={"a"})
        tap.ok(True, "its sibling is fresh")
        shown = w.ctl("status")
        tap.ok("failed: gone" in shown.out, "status says failed: gone", shown)

        # The new role, once.
        new = w.status().get("newRoles", [])
        tap.ok([n["roleArn"] for n in new] == [C] and
               new[0]["next"] == "awsfedctl configure --adfs-host " + HOST,
               "status has the new role", new)
        tap.ok(w.log().count("offers a new role, " + C) == 1,
               "the log has it once")
        r = w.login("a", user=None, password=None)
        tap.ok("offers a new role: " + C in r.err and
               "awsfedctl configure --adfs-host" in r.err,
               "the next login warns of it, with the command", r)
        r = w.login("a", user=None, password=None)
        tap.ok("new role" not in r.err, "and the one after does not", r)

        path = os.path.join(w.base, "state/awsfed/roles.json")
        tap.equal(os.stat(path).st_mode & 0o777, 0o600,
                  "what is remembered is for nobody else to read")
        text = w.read(path).decode()
        tap.ok(PASSWORD not in text and "aws_" not in text and
               C in json.dumps(json.loads(text)), "and has no secrets", text)

        # To the end of its keys: then there are none, and no sign-in for it.
        w.wait(lambda: not fault_of(w, "b")[0]["live"], "b's keys to end", 15)
        p, f = fault_of(w, "b")
        tap.ok(p["state"] == "failed" and p["reason"] == "gone",
               "after their end it is failed still", p)
        before = w.sim.counters()
        r = w.ctl("refresh", "b")
        tap.ok(r.rc == 4 and "gone since" in r.err, "refresh says why", r)
        r = w.ctl("credential-process", "b")
        tap.ok(r.rc == 4 and "gone since" in r.err,
               "credential-process says why", r)
        made = w.sim.since(before).get("roles", {}).get(B, {})
        tap.ok(not made, "nobody asked STS for it", made)

        # A restart neither forgets it nor announces anything again.
        since = f["text"]
        w.stop_agent()
        w.start_agent()
        before = w.sim.counters()
        r = w.ctl("refresh", "b")
        tap.ok(r.rc == 4 and "gone since" in r.err, "after a restart", r)
        tap.equal(w.sim.since(before).get("adfs_gets", 0), 0,
                  "no sign-in is made for a role that is gone")
        r = w.login("a", user=None)
        tap.ok(r.rc == 0 and "new role" not in r.err,
               "and nothing is announced twice", r)
        tap.equal(w.states()["b"], "failed", "b is failed")
        tap.equal(fault_of(w, "b")[1]["text"], since, "since the same time")

        # It comes back with somebody else's renewal.
        offer(w, A, B, C)
        w.wait_states(fresh={"a", "b"})
        tap.ok(True, "offered again, it is fresh by itself")


def relying_parties():
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(x) for x in (A, B)])
        w.profile("one", role=A, reload=False)
        w.profile("two", role=B, reload=False,
                  adfs_config__provider_id=SECOND)
        w.ctl("reload")
        r = w.login("one")
        tap.equal(r.rc, 0, "login at the first relying party")
        before = w.sim.counters()
        w.sim.set(rp=SECOND)
        r = w.login("two", user=None, password=None)
        tap.equal(r.rc, 0, "login at the second one asks nothing")
        gained = w.sim.since(before)
        tap.equal(gained.get("password_posts", 0), 0, "no password was posted")
        tap.equal(gained.get("assertions"), 1, "one assertion, its own")
        tap.equal(w.states(), {"one": "fresh", "two": "fresh"},
                  "and takes nothing from the first")
        tap.equal(len({p["identity"] for p in w.status()["profiles"]}), 1,
                  "they are one identity")


harness.need()
tap.run(gone_and_back, relying_parties)
