# SPDX-License-Identifier: Apache-2.0
"""A network, a machine and a person that come back: what rests for a network
reason is tried again at once, once for each identity, and nothing else is."""

import os
import re
import shutil
import subprocess
import time

import buses
import harness
import netns
import tap
from harness import HOST, PASSWORD, USER, role

harness.need()
buses.need()

A, B, C = (role("111122223333", n) for n in "ABC")
OTHER = "adfs2.example.com"
LOGIND, LOGIND_PATH = buses.LOGIND, buses.LOGIND_PATH


def prepare(w, hosts=(HOST,)):
    """Three profiles of an identity, fresh."""
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(x) for x in (A, B, C)])
    for i, host in enumerate(hosts):
        for name, arn in zip("abc", (A, B, C)):
            w.profile("%s%d" % (name, i), role=arn, host=host, reload=False,
                      adfs_config__adfs_user=USER)
    w.ctl("reload")
    for i in range(len(hosts)):
        r = w.login(*("%s%d" % (n, i) for n in "abc"), user=None)
        tap.equal(r.rc, 0, "a login to identity %d" % i)


def rest(w, hosts=1):
    """The connection breaks, again and again, until the waits are long."""
    w.sim.fault("adfs-get", "close", count=-1)
    for i in range(hosts):
        for _ in range(5):
            r = w.ctl("login", "a%d" % i)
        tap.equal(r.rc, 5, "identity %d rests in back-off" % i)
    w.sim.clear_faults()


def rests(w):
    return w.states()["a0"] == "backoff"


def presence(w):
    return w.status()["agent"]["presence"]


def last(w):
    return w.status()["agent"].get("lastWake", {}).get("what")


def said(w):
    return w.log().count("wake: ")


def back(w, before, what, identities=1):
    w.wait_states(fresh={n + str(i) for n in "a"
                         for i in range(identities)}, timeout=20)
    tap.ok(True, "%s: tried again at once" % what)
    tap.equal(w.sim.since(before).get("assertions"), identities,
              "%s: one sign-in for each identity" % what)


# -- the network -------------------------------------------------------------

def ip(*arguments):
    subprocess.run([shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin"),
                    *arguments], check=True)


def ears(pid):
    """How many sockets of a process hear rtnetlink's groups?"""
    n = 0
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            m = re.match(r"socket:\[(\d+)\]",
                         os.readlink("/proc/%d/fd/%s" % (pid, fd)))
        except OSError:
            continue
        if m:
            inodes.add(m.group(1))
    with open("/proc/%d/net/netlink" % pid, encoding="ascii") as f:
        for line in f.readlines()[1:]:
            field = line.split()
            n += field[-1] in inodes and int(field[3], 16) != 0
    return n


def network():
    if not netns.inside() or not shutil.which(
            "ip", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        tap.skip("routes that change", "no network namespace, or no ip(8)")
        return
    with harness.World() as w:
        prepare(w)
        tap.equal(ears(w.agent.pid), 0, "an idle agent hears no routes")
        rest(w)
        tap.equal(ears(w.agent.pid), 1, "one that rests does")
        before = w.sim.counters()
        ip("route", "add", "unreachable", "192.0.2.0/24")
        back(w, before, "a route")
        tap.equal(last(w), "network", "status says what happened")
        # The next ones find nothing that rests, and are not heard.
        n = said(w)
        ip("route", "del", "unreachable", "192.0.2.0/24")
        w.wait(lambda: ears(w.agent.pid) == 0, "the agent to be deaf")
        tap.equal(said(w), n, "nobody is told of what does not matter")

        # A cable that is half in: many changes, one try.
        w.sim.fault("adfs-get", "close", count=-1)
        for _ in range(5):
            w.ctl("login", "a0")
        before = w.sim.counters()
        for i in range(300):
            ip("route", "add" if i % 2 == 0 else "del", "unreachable",
               "198.51.100.0/24")
        time.sleep(4)  # longer than the flock takes
        tap.ok(w.sim.since(before).get("adfs_gets", 0) <= 1,
               "a flapping network is no storm", w.sim.since(before))
        w.sim.clear_faults()


# -- the clocks --------------------------------------------------------------

def resume():
    with harness.World(warp=True) as w:
        prepare(w, (HOST, OTHER))
        rest(w, hosts=2)
        before = w.sim.counters()
        w.warp(60)  # far less than the back-off has left
        back(w, before, "a resume without logind", identities=2)
        tap.equal(last(w), "resume", "status says so")
        tap.equal(presence(w), "unknown", "and knows of no desktop")
        # The wall clock alone: nobody slept.
        n = said(w)
        rest(w)
        w.warp(120, 60)
        w.wait(lambda: "wall clock was moved" in w.log(), "the step")
        tap.equal(said(w), n, "a clock that is set wakes nobody up")
        tap.ok(rests(w), "and ends no back-off")
        # Three hours: all have expired, and one sign-in each renews all.
        before = w.sim.counters()
        w.warp(3 * 3600 + 120, 3 * 3600 + 60)
        w.wait_states(fresh={n + str(i) for n in "abc" for i in range(2)})
        tap.equal(w.sim.since(before).get("assertions"), 2,
                  "after three hours: one sign-in for each identity")
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "and no password")


# -- logind ------------------------------------------------------------------

def agent_name(w, b):
    """The agent's connection to the system bus."""
    names = re.findall(r"'(:[^']+)'", b.call(
        "system", "org.freedesktop.DBus", "/org/freedesktop/DBus",
        "org.freedesktop.DBus.ListNames"))
    for name in names:
        r = b.call("system", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                   "org.freedesktop.DBus.GetConnectionUnixProcessID",
                   "'%s'" % name, check=False)
        if "uint32 %d," % w.agent.pid in r.out:
            return name
    return None


def becomes(w, want, what):
    w.wait(lambda: presence(w) == want, "presence %s: %s" % (want, what))
    tap.ok(True, what)


def desktop():
    with harness.World(warp=True, agent=False) as w, \
            buses.Buses(w, session=False, system=False) as b:
        w.start_agent()
        prepare(w)
        tap.equal(presence(w), "unknown", "without a bus nobody knows")
        b.start("system")
        w.wait(lambda: agent_name(w, b), "the agent on the bus")
        tap.equal(presence(w), "unknown", "nor without logind")
        b.mock("system", "logind")
        tap.equal(presence(w), "unknown", "nor without a session")
        b.logind_session()
        # logind says so itself; the mock does not.
        b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager",
               "SessionNew", "so", "<'c1'>",
               "<objectpath '%s'>" % b.session_path("c1"))
        becomes(w, "there", "a session on a seat")
        tap.equal(b.inhibitors().strip(), "(@a(ssssuu) [],)",
                  "sleep is not delayed for nothing")

        rest(w)
        b.lock()
        becomes(w, "away", "a locked screen")
        tap.ok(rests(w), "locking retries nothing")
        before = w.sim.counters()
        b.unlock()
        becomes(w, "there", "an unlocked one")
        back(w, before, "unlock")

        rest(w)
        b.sleep(True)
        becomes(w, "away", "the machine is about to sleep")
        tap.equal(last(w), "sleep", "status says so")
        tap.ok(rests(w), "which retries nothing")
        before = w.sim.counters()
        w.warp(60)
        b.sleep(False)
        becomes(w, "there", "and is back")
        back(w, before, "resume")
        tap.equal(w.log().count("wake: resume"), 1,
                  "noticed twice, told once")
        bad_signals(w, b)
        locker_without_hint(w, b)
        bus_troubles(w, b)


def bad_signals(w, b):
    n = said(w)
    path = b.session_path("c1")
    b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager",
           "PrepareForSleep", "s", "<'true'>")
    b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager",
           "PrepareForSleep")
    b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager",
           "SessionRemoved", "i", "<7>")
    b.emit("system", LOGIND, path, LOGIND + ".Session", "Look")
    b.emit("system", LOGIND, path, LOGIND + ".Session", "Unlock", "s",
           "<'again'>")
    for arguments in (("s", "<'x'>"),
                      ("sa{sv}as", "<'%s.Session'>" % LOGIND,
                       "<{'LockedHint': <'yes'>}>", "<@as []>"),
                      ("sa{sv}as", "<'%s.Session'>" % LOGIND,
                       "<{'Active': <true>}>", "<['LockedHint']>"),
                      ("sa{sv}as", "<'org.example.Other'>",
                       "<{'LockedHint': <true>}>", "<@as []>")):
        b.emit("system", LOGIND, path, "org.freedesktop.DBus.Properties",
               "PropertiesChanged", *arguments)
    # Of somebody else's session.
    b.call("system", LOGIND, LOGIND_PATH, buses.MOCK + ".AddSession",
           "c9", "seat1", "4242", "eve", "true")
    b.lock("c9")
    # From somebody who is not logind, to everybody and to us.
    for to in ([], ["--dest", agent_name(w, b)]):
        for where, signal, argument in (
                (LOGIND_PATH, LOGIND + ".Manager.PrepareForSleep", ["true"]),
                (path, LOGIND + ".Session.Lock", []),
                ("/org/freedesktop/DBus",
                 "org.freedesktop.DBus.NameOwnerChanged",
                 [LOGIND, ":1.1", ""])):
            w.run([buses.GDBUS, "emit", "--system", *to, "--object-path",
                   where, "--signal", signal, *argument])
    # Signals arrive in order: after these all others have been seen.
    b.sleep(True)
    w.wait(lambda: last(w) == "sleep", "a true signal")
    b.sleep(False)
    w.wait(lambda: last(w) == "resume", "another one")
    tap.equal(presence(w), "there", "strange signals change nothing")
    tap.equal(said(w), n + 2, "and are not told")


def locker_without_hint(w, b):
    b.lock(hint=False)
    becomes(w, "away", "Lock alone is a lock")
    w.warp(100)
    becomes(w, "unknown", "of a locker that gives no hint nobody knows more")
    b.unlock(hint=False)
    becomes(w, "there", "until Unlock")


def bus_troubles(w, b):
    b.mock_stop("logind")
    becomes(w, "unknown", "logind has gone")
    b.mock("system", "logind")
    b.logind_session()
    b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager", "SessionNew",
           "so", "<'c1'>", "<objectpath '%s'>" % b.session_path("c1"))
    becomes(w, "there", "and is back")
    # The bus hangs, and dies with a call of ours unanswered.
    b.lock()
    becomes(w, "away", "locked")
    b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager", "SessionNew",
           "so", "<'c1'>", "<objectpath '%s'>" % b.session_path("c1"))
    b.pause("system")
    tap.equal(w.ctl("status").rc, 0, "a bus that hangs holds up nobody")
    b.stop("system")
    becomes(w, "unknown", "the bus has gone")
    tap.equal(w.agent.poll(), None, "the agent has not")
    del b.mocks["logind"]
    b.start("system")
    b.mock("system", "logind")
    b.logind_session()
    w.wait(lambda: agent_name(w, b), "the agent to be back on the bus")
    b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager", "SessionNew",
           "so", "<'c1'>", "<objectpath '%s'>" % b.session_path("c1"))
    becomes(w, "there", "a new bus")


tap.run(*map(tap.timed, (network, resume, desktop)))
tap.finish()
