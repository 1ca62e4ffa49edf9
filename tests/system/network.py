#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No network, no VPN, somebody else's network: reasons that status shows. A
login fails within five seconds naming them, keys stay served, nobody's
password is asked for or counted, and all is well when the network is. TAP."""
import json
import time

import harness
import roads
import tap
from harness import HOST, PASSWORD, USER, role

NAME, ARN = "prod", role("111122223333", "Admin")
LIMIT = 5.0  # seconds a login may take to say so


def ended(r, text):
    """The words of a login that failed, on either stream."""
    return text in r.out + r.err + getattr(r, "tty", "")


def identity(w):
    return w.status()["identities"][0]


def profile(w):
    return w.status()["profiles"][0]


def login_fails(w, reason, words, what):
    start = time.monotonic()
    r = w.login(NAME, user=None, password=None)
    took = time.monotonic() - start
    tap.equal(r.rc, 5, "%s: login exits with 5" % what)
    tap.ok(took < LIMIT or harness.VALGRIND,
           "%s: within five seconds" % what, "%.2f s" % took)
    tap.ok(ended(r, words) and ended(r, HOST) and
           ended(r, "tries again by itself"),
           "%s: naming it, the host, and what comes next" % what, r)
    i = identity(w)
    tap.equal((i["state"], i.get("reason"), i["passwords"]),
              ("backoff", reason, 0), "%s: the identity's reason" % what)


def still_served(w, reason, what, before):
    p = profile(w)
    tap.ok(p["live"] and p["state"] == "backoff" and p["reason"] == reason and
           "next" in p, "%s: the profile waits, with keys" % what, p)
    tap.equal(w.read(w.credentials_file), before,
              "%s: the file stays as it was" % what)
    r = w.ctl("credential-process", NAME)
    tap.ok(r.rc == 0 and json.loads(r.out)["SecretAccessKey"],
           "%s: the keys are served" % what, r.err)
    # But for the moment in which it tries.
    seen = []

    def shows():
        seen.append(w.ctl("status"))
        return "tries again by itself (%s)" % reason in seen[-1].out and \
            "backoff: %s" % reason in seen[-1].out
    tap.ok(w.wait(shows, "the reason in status"),
           "%s: status shows the reason" % what, seen[-1])


def recovers(w, r, what):
    r.mend()
    done = w.ctl("refresh", NAME)
    w.wait_states(fresh={NAME})
    tap.ok(done.rc == 0 and "fault" not in identity(w),
           "%s: mended, all is well" % what, done)


def trial(w, r, close, reason, words, what):
    before = w.read(w.credentials_file)
    close()
    login_fails(w, reason, words, what)
    still_served(w, reason, what, before)
    recovers(w, r, what)


def spacing(w, r):
    """What never reached AD FS does not count for its spacing."""
    w.settings(spacing=5, connect_timeout=4)
    w.ctl("reload")
    r.no_name()
    w.login(NAME, user=None, password=None)
    start = time.monotonic()
    w.login(NAME, user=None, password=None)
    took = time.monotonic() - start
    tap.ok(took < LIMIT or harness.VALGRIND,
           "a second login waits for no slot", "%.2f s" % took)
    r.mend()
    w.settings(connect_timeout=4)
    w.ctl("reload")
    w.ctl("refresh", NAME)
    w.wait_states(fresh={NAME})


def to_the_end(w, r):
    """Three hours in a dead network: the keys end, the reason stays."""
    r.no_interface()
    w.warp(3 * 3600)
    w.wait(lambda: not profile(w)["live"], "the keys to end")
    w.wait_states(backoff={NAME})
    c = w.ctl("credential-process", NAME)
    tap.ok(c.rc == 5 and c.out == "" and "has no network" in c.err and
           "tries again by itself" in c.err and c.err.count("\n") == 1,
           "offline to the end: credential-process says why, in a line", c)
    e = w.aws("sts", "get-caller-identity", "--profile", NAME)
    tap.ok(e.rc != 0, "offline to the end: no expired key is good", e)
    tap.ok(w.ctl("status", "--check", NAME).rc == 5,
           "offline to the end: status --check says temporary")
    tap.equal(identity(w)["reason"], "offline",
              "offline to the end: nobody is asked for")
    r.mend()
    w.ctl("refresh", NAME)
    w.wait_states(fresh={NAME})
    tap.ok(profile(w)["live"], "offline to the end: renewed without a person")


def restarted(w, r):
    """An agent that starts on the train knows what has worked."""
    w.stop_agent()
    r.no_name()
    w.start_agent()
    login = w.login(NAME, user=None, password=None)
    tap.ok(login.rc == 5 and identity(w)["reason"] == "vpn-down",
           "a new agent remembers what worked before", login)
    r.mend()


def misspelt(w):
    """A host that never worked is a misspelling, not a VPN."""
    w.write(w.config_file, "[profile typo]\nregion = us-east-1\n"
            "adfs_config.adfs_host = adsf.example.com\n"
            "adfs_config.adfs_user = %s\n"
            "adfs_config.role_arn = %s\n" % (USER, ARN))
    w.ctl("reload")
    start = time.monotonic()
    r = w.login("typo", user=None, password=None)
    tap.ok(r.rc == 5 and ended(r, "spelling") and
           time.monotonic() - start < LIMIT,
           "a host that was never there: look at the spelling", r)
    found = next(i for i in w.status()["identities"]
                 if i["host"] == "adsf.example.com")
    tap.equal(found["reason"], "unreachable",
              "a host that was never there: unreachable")


def all_of_it(w):
    r = roads.Roads(w.sim.port)
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ARN)])
    w.sim.set(loop_tokens=30)
    w.profile(NAME, role=ARN)
    tap.equal(w.login(NAME).rc, 0, "a good sign-in to begin with")

    trial(w, r, r.no_interface, "offline", "has no network", "no interface")
    trial(w, r, r.no_name_server, "offline", "No name server answers",
          "black-holed DNS")
    trial(w, r, r.no_route, "vpn-down", "no route from this network",
          "no route")
    trial(w, r, r.no_name, "vpn-down", "is not known in this network",
          "no name")
    trial(w, r, r.no_answer, "vpn-down", "does not answer from this network",
          "black-holed TCP")
    trial(w, r, lambda: r.captured(w.sim.other_port("badtls-port")),
          "captive-portal", "Something else answers", "another certificate")
    trial(w, r, lambda: r.captured(w.sim.other_port("badname-port")),
          "captive-portal", "Something else answers", "another's certificate")
    trial(w, r, lambda: r.captured(roads.portal()), "captive-portal",
          "does not speak TLS", "a portal without TLS")
    spacing(w, r)
    tap.ok(not roads.Portal.seen, "a portal was told nothing",
           *roads.Portal.seen)
    to_the_end(w, r)
    restarted(w, r)
    tap.equal(w.sim.counters()["password_posts"], 1,
              "one password in all of it")
    misspelt(w)


def main():
    # The default, which a login in a dead network lives by.
    with harness.World(warp=True, settings={"connect_timeout": 4}) as w:
        all_of_it(w)


harness.need(aws=True)
roads.need()
tap.run(main)
