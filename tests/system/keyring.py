# SPDX-License-Identifier: Apache-2.0
"""Passwords that are kept: a real gnome-keyring, memory, systemd credentials.

Always with the simulator's count of posted passwords beside: what was refused
is sent once.
"""

import os
import signal

import buses
import harness
import tap
from harness import HOST, PASSWORD, USER, role

ARN = role("111122223333", "Admin")
ITEM = ("application", "awsfed", "type", "password", "host", HOST,
        "user", USER.lower())
NEW = "battery staple"
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RING = "ring password"


def world(store="keyring", **more):
    w = harness.World(agent=False, settings={"store_password": store}, **more)
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ARN)])
    w.sim.set(loop_tokens=30, loop_seconds=1)
    w.profile("p", role=ARN, adfs_config__adfs_user=USER)
    return w


def kept(w):
    """What status says of the password."""
    return w.status()["identities"][0].get("password", {})


def posts(w):
    return w.sim.counters()["password_posts"]


def wait_kept(w, **want):
    def there():
        have = kept(w)
        return all(have.get(k) == v for k, v in want.items())
    w.wait(there, "%r of %r" % (want, kept(w)))


def sleep_on(w, restart=False, **env):
    """The sign-in ends; with restart, so does all that the agent knows, and
    the hour's budget of stored passwords starts anew."""
    w.sim.do("expire-sso")
    if restart:
        w.stop_agent()
        os.unlink(os.path.join(w.base, "state/awsfed/attempts"))
        w.start_agent(**env)


def no_trace(w):
    for name in w.logs:
        text = w.log(name)
        tap.ok(not any(s in text for s in (PASSWORD, NEW, TOTP, RING)),
               "no secret in the log of " + name)


def lookup(b, *item):
    r = b.secret_tool("lookup", *(item or ITEM))
    return r.out if r.rc == 0 else None


def suspect(b):
    r = b.secret_tool("search", *ITEM)
    return "attribute.suspect" in r.out + r.err


def stored_and_used():
    with world() as w, buses.Buses(w, system=False) as b:
        b.keyring(RING)
        w.start_agent()
        w.wait(lambda: kept(w).get("held") == "none", "a first look")
        r = w.login("p", user=None)
        tap.equal(r.rc, 0, "a login with the typed password")
        wait_kept(w, store="keyring", held="keyring")
        tap.equal(lookup(b), PASSWORD, "it is stored after success")
        tap.ok("is kept in the keyring" in w.log(), "and that is said")
        # Nobody there: the cookies are gone, the keyring helps.
        before = posts(w)
        sleep_on(w, restart=True)
        wait_kept(w, held="keyring")
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 0 and w.states()["p"] == "fresh" and
               posts(w) == before + 1,
               "a renewal signs in with it, nobody there", r)
        # Not twice in a minute.
        sleep_on(w)
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 5 and posts(w) == before + 1,
               "not twice in a minute", r, posts(w) - before)
        # Refused: once, and never again.
        w.sim.user(USER, password=NEW)
        before = posts(w)
        sleep_on(w, restart=True)
        r = w.ctl("refresh", "p")
        tap.ok(r.rc != 0 and posts(w) == before + 1, "refused, once", r)
        w.wait(lambda: suspect(b), "the mark on the item")
        tap.equal(lookup(b), PASSWORD, "it is marked, not removed")
        wait_kept(w, held="keyring", suspect=True)
        tap.ok("suspect" in w.ctl("status").out, "status shows it",
               w.ctl("status"))
        # Another agent, without our memory: the mark is enough.
        sleep_on(w, restart=True)
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 3 and posts(w) == before + 1,
               "a suspect one is not sent by another agent", r)
        tap.ok("refused" in r.err, "the reason is told", r)
        # A person signs in: that replaces it.
        r = w.login("p", user=None, password=NEW)
        tap.equal(r.rc, 0, "a person signs in with the new one")
        w.wait(lambda: lookup(b) == NEW, "the new one in the keyring")
        tap.ok(not suspect(b), "and the mark is gone")
        wait_kept(w, held="keyring", suspect=None)
        before = posts(w)
        sleep_on(w, restart=True)
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 0 and posts(w) == before + 1, "it works", r)
        no_trace(w)


harness.need(timeout=300)
buses.need(keyring=True)
tap.run(stored_and_used)
