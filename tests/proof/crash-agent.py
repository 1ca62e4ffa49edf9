#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The whole agent, its writer killed in the middle of a login, and its disk
full or read-only under it.  TAP; `make proof-crash` has every call, `make
check` two."""
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for room in ("system", "tools"):
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), room))

import harness  # noqa: E402
import netns  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402

STRACE = "/usr/bin/strace"
harness.need(timeout=1500)

PART = proof.Part("crash-agent", "Crash points of the whole agent")
ROLE = harness.role("111111111111", "admin")
MINE = b"# mine\n[user]\naws_access_key_id = AKIAUSER\n" \
       b"aws_secret_access_key = mine\n\n"
DOES = ("openat", "write", "fsync", "fchmod", "close", "rename", "renameat2",
        "unlinkat", "linkat", "unlink")
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token",
        "x_security_token_expires", "x_principal_arn", "x_managed_by")


def world(**kw):
    w = harness.World(agent=False, **kw)
    # LeakSanitizer and strace both want to trace.
    w.env["ASAN_OPTIONS"] = w.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    w.sim.user(harness.USER, password=harness.PASSWORD,
               roles=[harness.pair(ROLE)])
    w.profile("p", role=ROLE, reload=False,
              adfs_config__adfs_user=harness.USER)
    w.write(w.credentials_file, MINE.decode())
    return w


def tracer(w, *more):
    """strace on the agent, once it says that it is attached. Its writer lives
    while there is something to write: threads to come are followed."""
    p = subprocess.Popen([STRACE, "-f", "-p", str(w.agent.pid), *more],
                         stderr=subprocess.PIPE, text=True)
    line = p.stderr.readline()
    if "attached" not in line:
        p.wait()
        raise RuntimeError(line)
    return p


def calls(w):
    """What the agent's writers do in one login: [(name, k, arguments)]. strace
    counts for each thread; a call that another thread or process makes as
    often is left out."""
    log = os.path.join(w.base, "calls")
    w.start_agent()
    p = tracer(w, "-o", log, "-e", "trace=%s,clone,clone3" % ",".join(DOES))
    w.login("p", user=None)
    w.stop_agent()
    p.communicate()
    seen, found, threads = {}, [], set()
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            made = re.search(r"CLONE_THREAD.*parent_tid=\[(\d+)\]", line) or \
                re.search(r"clone3 resumed.*parent_tid=\[(\d+)\]", line)
            if made is not None:
                threads.add(int(made.group(1)))
            m = re.match(r"^(\d+) +(\w+)\((.*)", line)
            if m is None or m.group(2) not in DOES:
                continue
            key = int(m.group(1)), m.group(2)
            seen[key] = seen.get(key, 0) + 1
            found.append((key[0], key[1], seen[key], m.group(3)))
    out, taken = [], set()
    for tid, name, k, args in found:
        others = max([n for (t, what), n in seen.items()
                      if what == name and t not in threads], default=0)
        if tid in threads and k > others and (name, k) not in taken:
            taken.add((name, k))
            out.append((name, k, args))
    return out


def wrong_now(w):
    data = w.read(w.credentials_file)
    if not data.startswith(MINE):
        return "the person's part is not as it was: %r" % data
    got = w.credentials().get("p")
    if got is not None and sorted(got) != sorted(KEYS):
        return "half a section: %r" % got
    ledger = w.read(os.path.join(w.base, "state/awsfed/attempts"))
    if ledger is not None:
        json.loads(ledger)
    return None


def leftovers(w):
    return [n for n in os.listdir(os.path.dirname(w.credentials_file))
            if re.search(r"awsfed\.|-redo|-saved|\.tmp", n)]


def one_kill(w, name, k):
    """None where it was not reached; else "" or what is wrong."""
    w.write(w.credentials_file, MINE.decode())
    w.start_agent()
    p = tracer(w, "-o", "/dev/null", "-e", "trace=" + name, "-e",
               "inject=%s:signal=KILL:when=%d" % (name, k))
    done = w.login("p", user=None)
    if done.rc == 0 and p.poll() is None:
        try:  # what is written behind the answer
            p.wait(1)
        except subprocess.TimeoutExpired:
            w.stop_agent()
            p.communicate()
            return None
    p.communicate(timeout=20)
    w.agent.wait(20)
    wrong = wrong_now(w)
    w.start_agent()
    end = time.monotonic() + 10
    while leftovers(w) and time.monotonic() < end:
        time.sleep(0.01)
    if leftovers(w):
        wrong = wrong or "not swept at the start: %s" % leftovers(w)
    r = w.login("p", user=None)
    if r.rc != 0:
        wrong = wrong or "the next login: %r" % r
    wrong = wrong or wrong_now(w) or ""
    if "p" not in w.credentials():
        wrong = wrong or "the next login wrote nothing"
    if leftovers(w):
        wrong = wrong or "left behind: %s" % leftovers(w)
    w.stop_agent()
    return wrong


def kills():
    if os.getuid() != 0 or not os.access(STRACE, os.X_OK):
        tap.skip("the agent killed while it writes",
                 "strace as root is needed: the agent lets nobody else look")
        return
    with world() as w:
        try:
            points = calls(w)
        except RuntimeError as e:
            tap.skip("the agent killed while it writes",
                     "nobody may trace here: %s" % e)
            return
        tap.ok(any(c[0] == "renameat2" for c in points),
               "what its writers do is seen", points)
        if not proof.full():
            # The first record of an attempt, and the file itself.
            points = [c for c in points if c[0] in ("rename", "renameat2")
                      and c[1] == 1]
        n, bad = 0, []
        for name, k, args in points:
            wrong = one_kill(w, name, k)
            if wrong is None:
                continue
            n += 1
            if wrong:
                bad.append("%s no. %d (%s): %s" % (name, k, args[:60], wrong))
        figure = "%d points, %d whole and repaired" % (n, n - len(bad))
        tap.ok(n > 0 and not bad, "the agent killed in a login: " + figure,
               *bad)
        PART.row("agent killed in a login, at each writing call of its "
                 "writer", figure, target="all", good=n > 0 and not bad,
                 why="; ".join(bad[:2]) or "nothing was tried")


def mount(w, *options):
    return subprocess.run(["mount", *options], capture_output=True)


def disks():
    if not netns.inside():
        tap.skip("a disk that is full or read-only under the agent",
                 "no mount namespace here")
        return
    with world(warp=True) as w:
        aws = os.path.dirname(w.credentials_file)
        before = {n: w.read(os.path.join(aws, n)) for n in os.listdir(aws)}
        owner = "uid=%d,gid=%d" % (w.uid or 0, w.uid or 0)
        r = mount(w, "-t", "tmpfs", "-o", "size=64k,mode=0700," + owner,
                  "tmpfs", aws)
        if r.returncode != 0:
            tap.skip("a disk that is full or read-only under the agent",
                     "no tmpfs may be mounted here")
            return
        for name, data in before.items():
            w.write(os.path.join(aws, name), data.decode())
        w.start_agent()
        w.login("p", user=None)
        hours, good = 0, {}
        for what, spoil, mend, word in (
                ("a full disk", fill, empty, "No space left on device"),
                ("a disk that was remounted read-only",
                 lambda w, aws: mount(w, "-o", "remount,ro", aws),
                 lambda w, aws: mount(w, "-o", "remount,rw", aws),
                 "Read-only file system")):
            spoil(w, aws)
            old = w.read(w.credentials_file)
            hours += 1
            w.warp(hours * 2400)
            w.ctl("refresh", "p")
            served = w.ctl("credential-process", "p")
            keys = json.loads(served.out)["AccessKeyId"] \
                if served.rc == 0 else None
            good[what] = held = []
            held.append(("new keys are served", tap.ok(
                keys and keys.encode() not in old,
                what + ": new keys are served", served)))
            held.append(("the file is as it was", tap.equal(
                w.read(w.credentials_file), old,
                what + ": the file is as it was")))
            fault = w.status()["agent"].get("credentialsFault") or {}
            held.append(("said in the status", tap.ok(
                word in fault.get("text", "")
                and w.credentials_file in fault.get("text", "")
                and fault.get("next"),
                what + ": status names the file and what to do", fault)))
            tap.ok(word in w.log(), what + ": so does the log")
            mend(w, aws)
            # By itself, a minute later.
            w.warp(hours * 2400 + 90)
            w.wait(lambda: keys.encode() in w.read(w.credentials_file),
                   "the file to be written", 30)
            w.wait(lambda: "credentialsFault" not in w.status()["agent"],
                   "the fault to go", 10)
            held.append(("written later, nothing left over", tap.ok(
                not leftovers(w) and wrong_now(w) is None,
                what + ": written when there is room, nothing left over",
                leftovers(w), wrong_now(w))))
        w.stop_agent()
        subprocess.run(["umount", "-l", aws], check=False)
        for what, held in good.items():
            PART.row(what + " under the agent", ", ".join(
                ("" if yes else "NOT ") + name for name, yes in held),
                     target="all of these", good=all(y for _, y in held),
                     why="see the log")


def fill(w, aws):
    path = os.path.join(aws, "ballast")
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass


def empty(w, aws):
    os.unlink(os.path.join(aws, "ballast"))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    tap.run(tap.timed(kills), tap.timed(disks))
