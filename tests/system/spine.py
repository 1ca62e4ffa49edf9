# SPDX-License-Identifier: Apache-2.0
"""Twenty profiles, one login; renewal by itself; one role of twenty refused."""

import os
import time

import harness
import tap
from harness import PASSWORD, USER, role

NAMES = ["team-%02d" % i for i in range(20)]
ARNS = {name: role("%012d" % (100000000000 + i), "Admin")
        for i, name in enumerate(NAMES)}
FOREIGN = b"# mine\r\n[other]\naws_access_key_id=AKIAEXAMPLE\n\n\n;end"


class Rewrites:
    """Counts how often a file becomes another one: each write of the agent's
    is a rename, so a new inode; watched from the kernel's side by inotify."""

    IN_MOVED_TO, IN_CREATE, IN_CLOSE_WRITE, NONBLOCK = 0x80, 0x100, 0x8, 0o4000

    def __init__(self, path):
        self.name = os.path.basename(path).encode()
        self.fd = harness._libc.inotify_init1(self.NONBLOCK)
        wanted = self.IN_MOVED_TO | self.IN_CLOSE_WRITE
        if harness._libc.inotify_add_watch(
                self.fd, os.path.dirname(path).encode(), wanted) < 0:
            raise OSError("inotify_add_watch")
        self.count = 0

    def total(self):
        try:
            data = os.read(self.fd, 1 << 20)
        except BlockingIOError:
            return self.count
        while data:
            length = int.from_bytes(data[12:16], "little")
            if data[16:16 + length].rstrip(b"\0") == self.name:
                self.count += 1
            data = data[16 + length:]
        return self.count

    def close(self):
        os.close(self.fd)


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(a) for a in ARNS.values()])
    w.write(w.credentials_file, "")
    with open(w.credentials_file, "wb") as f:
        f.write(FOREIGN)
    w.own(w.credentials_file, 0o600)
    for name in NAMES:
        w.profile(name, role=ARNS[name], reload=False)
    w.ctl("reload")


def check_foreign(w, text):
    tap.ok(w.read(w.credentials_file).startswith(FOREIGN), text,
           w.read(w.credentials_file)[:200])


def one_login():
    with harness.World() as w:
        setup(w)
        before = w.sim.counters()
        rewrites = Rewrites(w.credentials_file)
        start = time.monotonic()
        r = w.login("--all")
        took = time.monotonic() - start
        tap.ok(r.rc == 0, "login --all ends well", r)
        tap.ok("20 profiles fresh (1 password" in r.out + r.err,
               "it says 20 profiles fresh (1 password", r)
        gained = w.sim.since(before)
        tap.equal(gained.get("password_posts"), 1, "one password was posted")
        tap.equal(gained.get("assertions"), 1, "one assertion was issued")
        tap.equal(gained.get("assume_role_with_saml"), 20,
                  "20 times AssumeRoleWithSAML")
        n = rewrites.total()
        # While keys trickle in: after 0.25 s, 1.25 s, then every 4 s.
        tap.ok(1 <= n <= 3 + took / 4, "the credentials file was rewritten "
               "at most three times", "rewritten %d times in %.1f s"
               % (n, took))
        rewrites.close()
        tap.equal(w.states(), dict.fromkeys(NAMES, "fresh"),
                  "all 20 are fresh")
        have = w.credentials()
        tap.equal(sorted(have), sorted(NAMES + ["other"]),
                  "all 20 are in the file when the command returns")
        tokens = {have[n]["aws_session_token"] for n in NAMES}
        tap.equal(len(tokens), 20, "each has keys of its own")
        check_foreign(w, "what was not ours stands as it stood")
        tap.equal(os.stat(w.credentials_file).st_mode & 0o777, 0o600,
                  "nobody else may read the file")
        # A second login in the same breath: nothing is posted again.
        before = w.sim.counters()
        r = w.login("--all", user=None, password=None)
        tap.ok(r.rc == 0, "a second login needs no password", r)
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "and posts none")


def renewal():
    """Short lives: each profile is renewed by itself, without a password."""
    with harness.World(settings={"min_lifetime": 1}) as w:
        # Far more tokens than a person would fetch: AD FS must not mind here.
        w.sim.set(token_life=6, loop_tokens=30)
        arns = [role("111122223333", n) for n in ("A", "B")]
        w.sim.user(USER, roles=[harness.pair(a) for a in arns])
        for name, arn in zip("ab", arns):
            w.profile(name, role=arn, reload=False)
        w.ctl("reload")
        r = w.login("a", "b")
        tap.ok(r.rc == 0, "login", r)
        first = w.credentials()
        before = w.sim.counters()

        def renewed():
            now = w.credentials()
            return all(now[p]["aws_session_token"] !=
                       first[p]["aws_session_token"] for p in "ab")
        w.wait(renewed, "both to be renewed", 15)
        tap.ok(True, "both were renewed by themselves")
        gained = w.sim.since(before)
        tap.equal(gained.get("password_posts", 0), 0, "without a password")
        tap.equal(gained.get("assertions"), 1, "with one assertion for both")
        for p in "ab":
            tap.ok(harness.seconds_left(w.credentials()[p]) > 0,
                   p + " was never left to expire")
        # The sign-in ends: what is held stays until its end, and no password
        # is sent by anyone.
        w.sim.do("expire-sso")
        held = w.credentials()
        w.wait(lambda: "needs-login" in w.states().values(),
               "a sign-in to be asked for", 20)
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "an ended sign-in is not answered by a password")
        tap.equal(sorted(w.credentials()), sorted(held),
                  "a failed renewal removes nothing")
        r = w.ctl("refresh", "a")
        tap.equal(r.rc, 3, "refresh says 3: needs login")


def one_refused():
    with harness.World() as w:
        setup(w)
        bad = NAMES[7]
        w.sim.fault(ARNS[bad], "code", code="AccessDenied", count=-1)
        r = w.login("--all")
        tap.equal(r.rc, 4, "one named profile refused: status 4")
        tap.ok(bad in r.err, "it is named", r)
        states = w.states()
        tap.equal(states.pop(bad), "failed", "the refused one is failed")
        tap.equal(states, {n: "fresh" for n in NAMES if n != bad},
                  "the other nineteen are fresh")
        fault = next(p for p in w.status()["profiles"]
                     if p["profile"] == bad).get("fault", {})
        tap.ok(fault.get("kind") == "denied" and fault.get("text"),
               "the reason is told", fault)
        tap.equal(sorted(w.credentials()),
                  sorted([n for n in NAMES if n != bad] + ["other"]),
                  "nineteen sections in the file")
        check_foreign(w, "what was not ours stands as it stood")
        before = w.sim.counters()
        w.sim.clear_faults()
        r = w.login(bad, user=None, password=None)
        tap.ok(r.rc == 0, "when it is allowed again, login mends it", r)
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "without a password")


def refresh_of_the_dead_clock():
    """A laptop sleeps through the life of the keys: renewed on waking."""
    if not os.path.exists(os.path.join(tap.builddir(),
                                       "tests/tools/warp.so")):
        tap.skip("a laptop that slept", "the preload was not built")
        return
    with harness.World(warp=True) as w:
        w.sim.user(USER, roles=[harness.pair(ARNS[NAMES[0]])])
        w.sim.set(sso_life=86400)
        w.profile(NAMES[0], role=ARNS[NAMES[0]])
        r = w.login(NAMES[0])
        tap.ok(r.rc == 0, "login", r)
        first = w.credentials()[NAMES[0]]["aws_session_token"]
        before = w.sim.counters()
        w.warp(3 * 3600)
        w.wait(lambda: w.credentials()[NAMES[0]]["aws_session_token"] !=
               first, "the renewal after sleep", 15)
        tap.ok(True, "three hours of sleep are noticed on waking")
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "without a password")


harness.need(timeout=400)
tap.run(one_login, renewal, one_refused, refresh_of_the_dead_clock)
