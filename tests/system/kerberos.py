# SPDX-License-Identifier: Apache-2.0
"""Sign-in by a Kerberos ticket, against a real KDC and a real acceptor: with a
ticket, without one, with one that is over; whose cache it is, and a renewal
with nobody there."""

import calendar
import contextlib
import os
import time

import harness
import realm
import tap
from harness import PASSWORD, USER, role

ARN = role("111122223333", "Admin")


@contextlib.contextmanager
def rig(auth="auto", **keys):
    """A world whose AD FS asks Windows browsers for a ticket."""
    with harness.World(agent=False, user=False,
                       sim_args=["--plain"]) as w:
        r = realm.Realm(w)
        w.sim.set(wia="yes", remote_user="yes", loop_tokens=30)
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ARN)],
                   upn="jane@" + realm.REALM)
        apache = realm.Apache(w, r)
        settings = {"ca_bundle": apache.ca}
        if w.proxy:
            settings["no_proxy"] = "localhost"
        w.settings(**settings)
        w.start_agent(KRB5_CONFIG=r.config)
        w.profile("p", role=ARN, host=apache.host, awsfed__auth=auth, **keys)
        yield w, r


def login(w, r, cache=None, **more):
    return w.login("p", KRB5CCNAME=cache or r.cache, **more)


def quiet(w, r, cache=None):
    """A login that must not ask anything."""
    return login(w, r, cache, user=None, password=None)


def by_ticket():
    for auth in ("auto", "kerberos"):
        with rig(auth) as (w, r):
            r.kinit()
            before = w.sim.counters()
            got = quiet(w, r)
            tap.ok(got.rc == 0, auth + ": login with a ticket, nothing asked",
                   got)
            gained = w.sim.since(before)
            tap.equal(gained.get("password_posts", 0), 0,
                      auth + ": no password was posted")
            tap.equal(gained.get("tickets"), 1, auth + ": one ticket was seen")
            tap.ok("p" in w.credentials(), auth + ": the keys are in the file")
            # Cookies come first: nobody is shown a ticket that need not be.
            before = w.sim.counters()
            w.ctl("refresh", "p")
            tap.equal(w.sim.since(before).get("tickets", 0), 0,
                      auth + ": a live sign-in needs no ticket")


def caches():
    """The worker may write to the cache: the service's ticket is kept."""
    with rig("kerberos") as (w, r):
        os.mkdir(r.path("dir"), 0o700)
        w.own(r.path("dir"), 0o700)
        for cache in ("FILE:" + r.path("file"), "DIR:" + r.path("dir")):
            kind = cache.split(":")[0]
            r.kinit(cache=cache)
            w.ctl("logout", "--all")
            got = quiet(w, r, cache)
            tap.ok(got.rc == 0, "login with a ticket in a cache of kind " +
                   kind, got)
            held = r.run("klist", KRB5CCNAME=cache).out
            tap.ok("HTTP/" in held, kind + ": the service's ticket is kept",
                   held)


def unattended():
    """The sign-in has ended, the ticket lives: renewed with nobody there, by
    the cache that the login named."""
    with rig() as (w, r):
        private = "FILE:" + r.path("private")
        r.kinit(cache=private)
        got = quiet(w, r, private)
        tap.ok(got.rc == 0, "the client's KRB5CCNAME is the one used", got)
        first = w.credentials()["p"]["aws_session_token"]
        # The realm's tickets live 10 hours, an AD FS sign-in 8.
        until = w.status()["identities"][0]["renewableUntil"]
        left = calendar.timegm(time.strptime(until, "%Y-%m-%dT%H:%M:%SZ")) - \
            time.time()
        tap.ok(abs(left - 36000) < 300,
               "renewable until the ticket ends", until)
        w.sim.do("expire-sso")
        before = w.sim.counters()
        got = w.ctl("refresh", "p")
        tap.ok(got.rc == 0, "refresh after the sign-in has ended", got)
        gained = w.sim.since(before)
        tap.equal((gained.get("tickets"), gained.get("password_posts", 0)),
                  (1, 0), "by the ticket, without a password")
        tap.ok(w.credentials()["p"]["aws_session_token"] != first,
               "with new keys")
        # Without a ticket it waits for a person, and keeps what it has.
        r.kdestroy(private)
        w.sim.do("expire-sso")
        got = w.ctl("refresh", "p")
        tap.equal(got.rc, 3, "without the ticket: needs login")
        tap.ok("p" in w.credentials(), "and the keys stay")


def no_ticket():
    with rig() as (w, r):
        got = login(w, r)
        tap.ok(got.rc == 0, "auto: no ticket falls back to the form", got)
        tap.equal(w.sim.counters()["tickets"], 0, "auto: none was shown")
    with rig("kerberos") as (w, r):
        before = w.sim.counters()
        got = quiet(w, r)
        tap.ok(got.rc == 3 and "kinit" in got.err,
               "kerberos: says that there is none, and kinit", got)
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "kerberos: and asks for no password")


def expired():
    with rig() as (w, r):
        r.kinit("jane", "-l", "2s")
        time.sleep(3)
        got = login(w, r)
        tap.ok(got.rc == 0 and "expired" in got.all,
               "auto: an expired ticket is told, then the form", got)
        w.ctl("logout", "p")
        w.profile("k", role=ARN, host=w.status()["identities"][0]["host"],
                  awsfed__auth="kerberos")
        got = w.login("k", KRB5CCNAME=r.cache, user=None, password=None)
        tap.ok(got.rc == 3 and "jane@EXAMPLE.TEST has expired" in got.err and
               "kinit" in got.err, "kerberos: it is named, with kinit", got)


def trouble():
    """A ticket that is nobody's account, and a KDC that is gone."""
    with rig("kerberos") as (w, r):
        r.kinit("mary")
        got = quiet(w, r)
        tap.ok(got.rc == 4 and "mary@EXAMPLE.TEST" in got.err,
               "kerberos: another person's ticket is refused by name", got)
        r.kinit()
        r.stop()
        got = quiet(w, r)
        tap.ok(got.rc == 5 and "Kerberos server" in got.err,
               "kerberos: a KDC out of reach is temporary", got)
    with rig() as (w, r):
        r.kinit("mary")
        got = login(w, r)
        tap.ok(got.rc == 0, "auto: another person's ticket, then the form",
               got)


if realm.missing():
    tap.skip_all("not installed: " + ", ".join(realm.missing()))
harness.need(timeout=300)
tap.run(by_ticket, caches, unattended, no_ticket, expired, trouble)
