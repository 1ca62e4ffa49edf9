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
        attempts = os.path.join(w.base, "state/awsfed/attempts")
        if os.path.exists(attempts):
            os.unlink(attempts)
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


def locked():
    """Locked is not missing: nothing is sent, changed or asked."""
    with world() as w, buses.Buses(w, system=False) as b:
        b.keyring(RING)
        w.start_agent()
        tap.equal(w.login("p", user=None).rc, 0, "a login")
        wait_kept(w, held="keyring")
        before = posts(w)
        b.keyring_lock()
        sleep_on(w, restart=True)
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 3 and "keyring is locked" in r.err and
               posts(w) == before, "locked: the reason is told", r)
        tap.equal(w.status()["identities"][0].get("reason"),
                  "keyring-locked", "status has it as a reason")
        tap.ok(kept(w).get("locked") and "locked" in w.ctl("status").out,
               "and beside the password", kept(w))
        tap.ok("asks you to unlock" not in w.log(), "no window was opened")
        r = w.ctl("logout", "--forget", "p")
        tap.ok(r.rc == 3 and "not removed" in r.err,
               "--forget says that it could not", r)
        # A person, at a terminal: the window fails here (there is no
        # desktop), so the terminal asks.
        r = w.login("p", user=None)
        tap.ok(r.rc == 0 and "window of its own" in r.tty + r.err,
               "a person is asked in the terminal", r)
        tap.equal(w.log().count("asks you to unlock"), 2,
                  "after one window for each act of a person")
        tap.ok("was not stored" in w.log(), "nothing is stored")
        # It opens while a renewal waits for it.
        before = posts(w)
        sleep_on(w, restart=True)
        tap.equal(w.ctl("refresh", "p").rc, 3, "waiting")
        b.keyring_unlock(RING)
        w.wait_states(fresh={"p"})
        tap.equal(posts(w), before + 1, "open: the renewal goes on by itself")
        tap.equal(lookup(b), PASSWORD, "and the item is as it was")
        r = w.ctl("logout", "--forget", "p")
        tap.ok(r.rc == 0 and "is removed" in r.out and lookup(b) is None,
               "--forget removes it", r)
        no_trace(w)


def in_background(w, *args):
    """A verb whose end comes later."""
    return w.spawn([w.program("awsfedctl"), *args], "-".join(args))


def dying():
    """Keyring and bus die in the middle of a call: as if there were none."""
    with world() as w, buses.Buses(w, system=False) as b:
        b.keyring(RING)
        b.secret_tool("store", "--label", "x", *ITEM, stdin=PASSWORD)
        w.start_agent()
        wait_kept(w, held="keyring")
        before = posts(w)
        b.ring.send_signal(signal.SIGSTOP)
        r = in_background(w, "refresh", "p")
        w.wait(lambda: w.workers(), "a worker")
        w.wait(lambda: "sign-in at" in w.log(), "its first page")
        tap.equal(w.ctl("status").rc, 0, "a keyring that hangs stops nobody")
        b.ring.kill()
        tap.equal(r.wait(30), 3, "it is killed: a person is needed")
        b.keyring_stop()
        wait_kept(w, unavailable=True)
        # The bus itself.
        sleep_on(w, restart=True)
        b.pause("session")
        r = in_background(w, "refresh", "p")
        w.wait(lambda: w.workers(), "a worker")
        b.stop("session")
        tap.equal(r.wait(30), 3, "the bus is killed: the same")
        tap.equal(posts(w), before, "and no password was sent")
        b.start("session")
        b.keyring(RING)
        wait_kept(w, held="keyring")
        tap.ok(True, "when both are back, what they hold is seen")
        w.stop_agent()
        w.start_agent()
        b.ring.send_signal(signal.SIGSTOP)
        r = in_background(w, "refresh", "p")
        w.wait(lambda: w.workers(), "a worker")
        tap.equal(w.stop_agent(), 0, "the agent ends while it waits")
        r.wait(30)
        b.ring.send_signal(signal.SIGCONT)


def without_a_bus():
    """store_password = keyring on a machine that has none."""
    with world() as w:
        w.start_agent()
        r = w.login("p", user=None)
        tap.ok(r.rc == 0, "a login works", r)
        w.wait(lambda: "was not stored" in w.log(), "the line")
        tap.ok(kept(w).get("unavailable"), "status says it", kept(w))
        w.sim.do("expire-sso")
        tap.equal(w.ctl("refresh", "p").rc, 3, "a renewal needs a person")


def memory():
    with world("memory") as w:
        w.start_agent()
        tap.equal(w.login("p", user=None).rc, 0, "a login")
        tap.equal(kept(w), {"store": "memory", "held": "memory"},
                  "kept in memory")
        before = posts(w)
        w.sim.do("expire-sso")
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 0 and posts(w) == before + 1, "it renews", r)
        w.ctl("logout", "p")
        tap.equal(kept(w).get("held"), "none", "a logout wipes it")
        r = w.ctl("logout", "--forget", "p")
        tap.ok(r.rc == 0 and "no password is kept" in r.out,
               "--forget without a keyring, and nothing to forget", r)
        tap.equal(w.login("p", user=None).rc, 0, "typed again")
        w.stop_agent()
        w.sim.do("expire-sso")
        w.start_agent()
        tap.equal(w.ctl("refresh", "p").rc, 3, "a restart forgets it")
        for root, _, names in os.walk(w.base):
            for name in names:
                path = os.path.join(root, name)
                data = w.read(path) if os.path.isfile(path) else b""
                if "/sim" not in root and PASSWORD.encode() in data:
                    tap.ok(False, "no file has it: " + name)
        no_trace(w)


def credential():
    with world("credential") as w:
        folder = os.path.join(w.base, "credentials")
        w.own(folder, 0o700, folder=True)
        path = os.path.join(folder,
                            "awsfed.password.corp-jane@" + HOST)
        w.write(path, PASSWORD + "\n", 0o400)
        w.start_agent(CREDENTIALS_DIRECTORY=folder)
        tap.equal(kept(w), {"store": "credential", "held": "credential"},
                  "a credential of systemd's")
        r = w.ctl("refresh", "p")
        tap.ok(r.rc == 0 and w.states()["p"] == "fresh", "signs in with it",
               r)
        w.sim.user(USER, password=NEW)
        before = posts(w)
        sleep_on(w, restart=True, CREDENTIALS_DIRECTORY=folder)
        tap.ok(w.ctl("refresh", "p").rc != 0 and posts(w) == before + 1,
               "refused, once")
        w.stop_agent()
        w.start_agent(CREDENTIALS_DIRECTORY=folder)
        r = w.ctl("refresh", "p")
        tap.ok(r.rc in (3, 5) and posts(w) == before + 1,
               "not again by the next agent", r, posts(w) - before)
        r = w.login("p", user=None, password=NEW)
        tap.equal(r.rc, 0, "a person signs in with the new one")
        before = posts(w)
        w.stop_agent()
        w.sim.do("expire-sso")
        w.start_agent(CREDENTIALS_DIRECTORY=folder)
        tap.ok(w.ctl("refresh", "p").rc == 3 and posts(w) == before,
               "the old one stays unused")
        no_trace(w)


def codes():
    """awsfed.totp = keyring."""
    with world("no") as w, buses.Buses(w, system=False) as b:
        b.keyring(RING)
        w.sim.user(USER, mfa="MultiFactorAuthenticationProvider", totp=TOTP)
        w.profile("t", role=ARN, adfs_config__adfs_user=USER,
                  awsfed__totp="keyring", reload=False)
        w.write(w.config_file, w.read(w.config_file).decode().replace(
            "[profile p]", "[profile p]\nawsfed.totp = keyring"))
        b.secret_tool("store", "--label", "x", "application", "awsfed",
                      "type", "totp", "host", HOST, "user", USER.lower(),
                      stdin=TOTP)
        w.start_agent()
        r = w.login("t", user=None)
        tap.ok(r.rc == 0 and w.sim.counters()["mfa_passed"] == 1,
               "a code is made of the secret in the keyring", r)
        no_trace(w)


harness.need(timeout=300)
buses.need(keyring=True)
tap.run(stored_and_used, locked, dying, without_a_bus, memory, credential,
        codes)
