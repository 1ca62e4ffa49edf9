# SPDX-License-Identifier: Apache-2.0
"""The agent as a user service, under a real systemd --user."""

import json
import os
import random
import re
import signal
import subprocess
import time

import harness
import sdbed
import tap
from harness import PASSWORD, USER, role

A, B = role("111122223333", "A"), role("111122223333", "B")


def two(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(x) for x in (A, B)])
    w.profile("a", role=A, reload=False)
    w.profile("b", role=B, reload=False)


def life():
    with harness.World(agent=False, settings={"idle_exit": 600}) as w, \
            sdbed.Bed(w) as bed:
        two(w)
        bed.install()
        r = bed.ctl("enable", "--now", "awsfedd.socket")
        tap.equal(r.rc, 0, "systemctl --user enable --now awsfedd.socket")
        tap.equal((bed.ctl("is-enabled", "awsfedd.service").out.strip(),
                   bed.show("ActiveState")), ("enabled", "inactive"),
                  "enables the service for the next login, starts nothing")
        r = w.login("a", "b")
        tap.equal(r.rc, 0, "a login starts it by the socket")
        tap.equal(bed.show("ActiveState"), "active", "it is ready")
        w.wait(lambda: bed.show("StatusText") == "2 profiles fresh", "STATUS")
        tap.ok(True, "STATUS= tells 2 profiles fresh")
        tap.equal(bed.show("NFileDescriptorStore"), "1",
                  "one descriptor is in the store")

        # The journal, with its fields.
        found = bed.journal("PROFILE=a", "STATE=fresh")
        tap.ok(len(found) == 1 and
               found[0]["MESSAGE"].startswith("profile a:") and
               found[0]["MESSAGE_ID"] == "3b5bb65403244683a7419361574a55db"
               and found[0]["SYSLOG_IDENTIFIER"] == "awsfedd",
               "the journal has the change with its fields", found)
        tap.ok(bed.journal("IDENTITY=%s @ %s" % (USER, harness.HOST)),
               "and that of the identity",
               [e.get("IDENTITY") for e in bed.journal()])
        text = repr(bed.journal())
        tap.ok(PASSWORD not in text and
               w.credentials()["a"]["aws_secret_access_key"] not in text,
               "and no secret")

        # Reload, restart, upgrade, stop.
        before = w.sim.counters()
        r = bed.ctl("reload", "awsfedd")
        tap.equal(r.rc, 0, "systemctl --user reload")
        first = bed.pid()
        had = w.credentials()["a"]["aws_access_key_id"]
        tap.equal(bed.ctl("restart", "awsfedd").rc, 0, "restart")
        tap.equal(w.states(), {"a": "fresh", "b": "fresh"},
                  "both are fresh after it")
        tap.ok(bed.pid() != first, "in another process")
        os.rename(w.program("awsfedd"), w.program("awsfedd.old"))
        with open(w.program("awsfedd.old"), "rb") as old, \
                open(w.program("awsfedd"), "wb") as new:
            new.write(old.read())
        os.chmod(w.program("awsfedd"), 0o755)
        tap.equal(bed.ctl("restart", "awsfedd").rc, 0,
                  "an upgrade: the program is another file")
        tap.equal(w.ctl("refresh", "a", "b").rc, 0, "renewed after it")
        tap.ok(w.credentials()["a"]["aws_access_key_id"] != had,
               "with new keys")
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "without a password in all that")
        tap.ok(bed.journal("MESSAGE_ID=906ff059ded4433aa9365d9a4b735fa1"),
               "the journal says what was taken over")

        # The watchdog.
        bed.drop_in("watchdog", WatchdogSec="1s", RestartSec="100ms",
                    TimeoutAbortSec="2s")
        bed.ctl("restart", "awsfedd")
        before, pid = w.sim.counters(), bed.pid()
        time.sleep(2.5)
        tap.equal(bed.pid(), pid, "an agent that runs feeds its watchdog")
        os.kill(pid, signal.SIGSTOP)
        w.wait(lambda: bed.pid() not in (0, pid), "another agent", 20)
        w.wait(lambda: bed.show("ActiveState") == "active", "its readiness")
        tap.ok(bed.show("NRestarts") != "0",
               "one that hangs is killed and started again")
        tap.equal(w.states(), {"a": "fresh", "b": "fresh"}, "both fresh still")
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "without a password")

        tap.equal(bed.ctl("stop", "awsfedd").rc, 0, "stop")
        tap.equal(bed.show("ActiveState", "awsfedd.socket"), "active",
                  "the socket stays")
        w.wait(lambda: w.ctl("status").rc == 0, "an agent")
        tap.equal(bed.show("ActiveState"), "active", "and starts it again")
        bed.ctl("stop", "awsfedd.socket", "awsfedd.service")
        tap.equal((bed.show("Result"), bed.show("Result", "awsfedd.socket")),
                  ("success", "success"), "both end well")
        tap.equal(w.ctl("status").rc, 6, "then there is no agent")


def idle():
    with harness.World(agent=False, settings={"idle_exit": 1}) as w, \
            sdbed.Bed(w) as bed:
        two(w)
        bed.install()
        bed.ctl("start", "awsfedd.socket")
        tap.equal(w.ctl("status").rc, 0, "status starts the agent")
        w.wait(lambda: bed.show("ActiveState") == "inactive",
               "it to end because it holds nothing", 20)
        tap.equal(bed.show("Result"), "success", "and ends when it is idle")
        tap.ok(bed.journal("MESSAGE_ID=9766b6f219a448b996c28acaec371ced"),
               "with a line")
        tap.equal(w.login("a").rc, 0, "a login starts it again")
        pid = bed.pid()
        time.sleep(3)
        tap.equal(bed.pid(), pid, "with a kept profile it stays")
        w.ctl("logout", "a")
        w.wait(lambda: bed.show("ActiveState") == "inactive",
               "it to end after the logout", 20)
        tap.ok(True, "after the logout it ends")


def installed():
    """What ./bootstrap install leaves, at its place: one command is all."""
    with open(os.path.join(tap.builddir(), "Makefile"), encoding="utf-8") as f:
        prefix = re.search(r"(?m)^prefix = (.*)$", f.read())[1]
    if prefix != "/usr/local":
        tap.skip("the installed layout", "this build is for " + prefix)
        return
    with harness.World(agent=False) as w:
        root = os.path.join(w.base, "root")
        p = subprocess.run(
            ["make", "-s", "-C", tap.builddir(), "install", "DESTDIR=" + root],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        tap.equal(p.returncode, 0, "make install")
        # Ours may be closed to the throwaway user by a umask.
        subprocess.run(["chmod", "-R", "a+rX", root], check=True)
        with sdbed.Bed(w, local=root + "/usr/local",
                       AWSFED_WORKER=None) as bed:
            two(w)
            r = bed.ctl("enable", "--now", "awsfedd.socket")
            tap.equal(r.rc, 0, "systemctl --user enable --now awsfedd.socket")
            tap.equal(w.login("a").rc, 0, "and a login is all")
            tap.equal(bed.ctl("restart", "awsfedd").rc, 0, "a restart")
            tap.equal(bed.run(["/usr/local/bin/awsfedctl", "refresh",
                               "a"]).rc, 0, "and a renewal")
            tap.equal(bed.ctl("reload", "awsfedd").rc, 0, "a reload")
            units = ["/usr/local/lib/systemd/user/awsfedd." + x
                     for x in ("service", "socket")]
            r = bed.run(["systemd-analyze", "--user", "--man=no", "verify",
                         *units])
            tap.ok(r.rc == 0 and "awsfedd" not in r.out + r.err,
                   "systemd-analyze verify has nothing to say", r)
            # 0 is best, 100 worst; it believes the unit to run as root.
            r = bed.run(["systemd-analyze", "security", "--user",
                         "--offline=yes", "--threshold=70", "--no-pager",
                         units[0]])
            tap.equal(r.rc, 0, "systemd-analyze security stays below 7")
            r = bed.run(["journalctl", "--update-catalog"], user=False)
            r = bed.run(["journalctl", "-x", "-q", "--no-pager",
                         "PROFILE=a", "STATE=fresh"], user=False)
            tap.ok("The profile a can be used" in r.out,
                   "the catalog explains what the journal says", r)


def sanitized(path):
    with open(path, "rb") as f:
        return b"__asan_init" in f.read()


def refresh(w):
    """Asks for a renewal and does not wait for it."""
    call = {"method": "io.awsfed.Control.Refresh",
            "parameters": {"profiles": ["a", "b"]}}
    s = w.connect()
    s.sendall(json.dumps(call).encode() + b"\0")
    return s


def working(pid):
    """Has the agent a worker?"""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid),
                  encoding="ascii") as f:
            return f.read().split()
    except OSError:
        return []


def catch(w, pid):
    """Waits for a worker; one that nobody saw has come and gone."""
    try:
        w.wait(lambda: working(pid), "a worker", 3)
    except TimeoutError:
        pass


def hundred_kills():
    """Each at another moment of a renewal, mostly while a worker is at it."""
    with harness.World(agent=False, settings={"min_lifetime": 1}) as w, \
            sdbed.Bed(w) as bed:
        n = 25 if sanitized(w.program("awsfedd")) else 100
        w.sim.set(token_life=60, loop_tokens=30, loop_seconds=1)
        two(w)
        bed.install(RestartSec="0")
        bed.drop_in("limit", "Unit", StartLimitIntervalSec="0")
        bed.ctl("start", "awsfedd.socket")
        tap.equal(w.login("a", "b").rc, 0, "login")
        before, gaps, amid = w.sim.counters(), [], 0
        dice = random.Random(6)
        for kill in range(n):
            with refresh(w):
                pid = w.wait(bed.pid, "an agent")
                # A renewal that comes to its end, now and then.
                if kill % 10 == 9:
                    w.wait(lambda: all(harness.seconds_left(
                        w.credentials()[p]) > 40 for p in "ab"), "new keys")
                elif kill % 3:
                    catch(w, pid)
                time.sleep(dice.random() * 0.05)
                amid += bool(working(pid))
                bed.ctl("kill", "-s", "KILL", "awsfedd")
                w.wait(lambda p=pid: bed.pid() not in (0, p),
                       "the next agent", 20)
            gaps += [p for p in "ab" if harness.seconds_left(
                w.credentials()[p]) <= 0]
        gained = w.sim.since(before)
        tap.ok(amid >= n // 3, "killed %d times, %d of them with a worker at "
               "work" % (n, amid))
        tap.ok(not gaps, "no profile was ever without valid keys", *gaps)
        w.wait_states(fresh={"a", "b"})
        for name in "ab":
            if os.access(harness.AWS, os.X_OK):
                arn = w.identity("--profile", name)
                tap.ok("assumed-role" in str(arn), name + " can be used", arn)
        tap.equal(w.ctl("refresh", "a", "b").rc, 0, "both can be renewed")
        gained = w.sim.since(before)
        tap.equal((gained.get("password_posts", 0),
                   gained.get("form_gets", 0)), (0, 0),
                  "no sign-in was asked of anybody")
        tap.ok(gained.get("assertions", 0) >= 2,
               "and renewals went on meanwhile", gained)
        tap.equal(bed.show("NFileDescriptorStore"), "1",
                  "one descriptor is in the store after it")


harness.need()
sdbed.need()
tap.run(life, idle, installed, hundred_kills)
