#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Crash points: the writes of the agent killed at each of their system calls,
refused at each, and cut off by a power failure.  TAP; `make proof-crash` has
every kind of write, `make check` a few."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for room in ("system", "tools"):
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), room))

import crashfaults  # noqa: E402
import crashkinds  # noqa: E402
import crashlib  # noqa: E402
import powerloss  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402

PART = proof.Part("crash", "Crash points of what the agent writes")
SHORT_KILLS = ("replaced", "plain rename", "in place")
IDLE = ("geteuid", "rt_sigaction", "brk", "getrandom", "mmap", "munmap")
SHORT_WRITES = ("replaced", "in place")
SHORT_FAULTS = ("write", "fsync", "rename", "renameat2")


def kinds(short=None, of=crashkinds.rewrites):
    for scn in of():
        try:
            if proof.full() or short is None or scn.name in short:
                yield scn
        finally:
            scn.close()


def report(name, figure, n, bad, target="all"):
    tap.ok(n > 0 and not bad, "%s: %s" % (name, figure), *bad[:10])
    PART.row(name, figure, target=target, good=n > 0 and not bad,
             why="; ".join(b[:100] for b in bad[:2]) or "nothing was tried")


def thin(calls):
    """Every third of those that do something."""
    return [c for c in calls if c.name not in IDLE][::3]


def killed(name, n, bad):
    report(name + ", killed at each system call",
           "%d points, %d whole and repaired" % (n, n - len(bad)), n, bad)


@tap.timed
def kills():
    for scn in kinds(SHORT_KILLS):
        calls = scn.calls()
        if not proof.full() and scn.name != "replaced":
            calls = thin(calls)
        killed(scn.name, *crashlib.kill_everywhere(scn, calls))


@tap.timed
def torn_writes():
    for scn in kinds(SHORT_WRITES):
        scn.calls()
        step = 29 if not proof.full() else 1 if scn.name in SHORT_WRITES else 7
        n, bad = crashlib.kill_in_writes(scn, step)
        report(scn.name + ", killed inside a write",
               "%d points, %d whole%s, %d repaired"
               % (n, n - scn.torn, " (else noted)" if scn.torn else "",
                  n - len(bad)), n, bad)


def edits():
    yield crashkinds.Meddled("an edit at the swap")
    yield crashkinds.Meddled("an edit at the swap, plain rename", ["-p"])


@tap.timed
def kills_with_an_edit():
    for scn in kinds(("an edit at the swap",), edits):
        calls = scn.calls()
        if not proof.full():
            came = [c.name for c in calls].index("wait4")
            calls = thin(calls[came:])
        killed(scn.name, *crashlib.kill_everywhere(scn, calls))


@tap.timed
def ledger():
    for scn in kinds(("password attempt",), crashkinds.ledgers):
        calls = scn.calls()
        if not proof.full():
            calls = thin(calls)
        n, bad = crashlib.kill_everywhere(scn, calls)
        report(scn.name + ", killed at each system call",
               "%d points, %d without a second one" % (n, n - len(bad)), n,
               bad)


@tap.timed
def state():
    n, bad = crashkinds.State().kills()
    report("state over a restart, killed at each system call",
           "%d points, %d whole" % (n, n - len(bad)), n, bad)


# ---- a call fails ------------------------------------------------------------
# Those whose calls are those of "replaced".
ALIKE = ("wider mode narrowed", "locked (emptied)", "undone (taken out)",
         "a setting of the configuration", "in place, shorter")


def written():
    for scn in crashkinds.rewrites():
        if scn.name not in ALIKE:
            yield scn
        else:
            scn.close()
    yield from crashkinds.ledgers()


@tap.timed
def refused():
    for scn in kinds(("replaced", "password attempt"), written):
        calls = scn.calls()
        if not proof.full():
            calls = [c for c in calls if c.name in SHORT_FAULTS]
        n, bad = crashfaults.refuse_everywhere(scn, calls)
        report(scn.name + ", each call refused",
               "%d cases, %d whole, said and repaired" % (n, n - len(bad)),
               n, bad)


# ---- the power fails ---------------------------------------------------------
def fails(scn, said, world):
    """What is wrong with this world, or None. Cheap: nothing is run."""
    name = os.path.join(scn.parent, scn.target).lstrip("/")
    data, mode = world.get(name, (None, scn.mode))
    if isinstance(scn, crashkinds.Ledger):
        if "go" in said and (data is None
                             or b'"%s"' % crashkinds.TAG.encode() not in data):
            return "go was said, and the attempt is not recorded"
        return "a refusal is gone" if scn.before and (
            data is None or b'"rejected"' not in data) else None
    if data is not None and mode & 0o600 != 0o600:
        return "mode %o" % mode
    if isinstance(scn, crashkinds.Meddled):
        if "meddled" in said and not any(
                crashkinds.MINE in d for d, _ in world.values()):
            return "the edit is nowhere"
        return None if data in (
            crashkinds.OLD, crashkinds.OLD + crashkinds.MINE, scn.after,
            scn.after.replace(crashkinds.MINE, b"")) else "torn: %r" % data
    if data in (scn.before, scn.after):
        return None
    # In place it can be torn: then the next start has to mend it.
    return "-i" not in scn.flags and "torn: %r" % data or None


def mends(scn, world):
    scn.found(world)
    done = scn.plain(scn.next_flags())
    if done.returncode != 0 or crashlib.read(scn.real()) != scn.after:
        return "the next start: %s %r" % (done.stderr,
                                          crashlib.read(scn.real()))
    return None


def power(scn, loose, flags=None):
    """(worlds, those in which the next start was tried, what is wrong)"""
    lines = scn.trace(flags)
    meddle = None
    if isinstance(scn, crashkinds.Meddled):
        meddle = (scn.target, crashkinds.OLD + crashkinds.MINE)
    files, folders = scn.start()
    n, bad, tried = 0, [], 0
    for said, world in powerloss.after(os.path.join(scn.base, "d"), files,
                                       lines, loose, folders, meddle):
        n += 1
        wrong = fails(scn, said, world)
        name = os.path.join(scn.parent, scn.target).lstrip("/")
        torn = world.get(name, (None,))[0] not in (scn.before, scn.after)
        if not wrong and type(scn) is crashlib.Scenario and (
                torn or proof.full()):
            tried += 1
            wrong = mends(scn, world)
        if wrong:
            bad.append("%s %s" % (wrong, sorted(world)))
    if type(scn) is not crashlib.Scenario:
        return n, tried, bad
    # What was said to be done stays done.
    name = os.path.join(scn.parent, scn.target).lstrip("/")
    for world in powerloss.at_the_end(os.path.join(scn.base, "d"), files,
                                      lines, loose, folders, meddle):
        n += 1
        if world.get(name, (None,))[0] != scn.after:
            bad.append("%s: written, and gone with the power" % scn.name)
    return n, tried, bad


def powered():
    yield from crashkinds.rewrites()
    yield from crashkinds.ledgers()
    yield from edits()


@tap.timed
def power_fails():
    for scn in kinds(("replaced", "in place", "password attempt",
                      "first password attempt", "an edit at the swap"),
                     powered):
        n, tried, bad = 0, 0, []
        for loose in (False, True):
            more, ran, wrong = power(scn, loose)
            n += more
            tried += ran
            bad += wrong
        report(scn.name + ", the power fails",
               "%d disks, %d right; the next start was run on %d" % (
                   n, n - len(bad), tried), n, bad)


@tap.timed
def checker_sees_a_missing_fsync():
    for scn in kinds(("replaced", "password attempt"), powered):
        if scn.name not in ("replaced", "password attempt"):
            continue
        n, _, bad = power(scn, False, ["-F"])
        tap.ok(bad, "%s without fsync: %d of %d disks are wrong"
               % (scn.name, len(bad), n))


# ---- real disks -------------------------------------------------------------
def full_disk(scn, base):
    """Room for the file as it is, and not for another."""
    scn.fresh()
    ballast = os.path.join(base, "ballast")
    with open(ballast, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    done = scn.plain()
    said = done.stderr
    wrong = scn.whole() or (done.returncode != 1 and "it was written") or \
        ("No space left" not in said and said) or \
        (scn.leftovers() and "left: %s" % scn.leftovers())
    os.unlink(ballast)
    return wrong or scn.repaired()


def read_only_disk(scn, base):
    scn.fresh()
    subprocess.run(["mount", "-o", "remount,ro", base], check=True)
    done = scn.plain()
    subprocess.run(["mount", "-o", "remount,rw", base], check=True)
    wrong = scn.whole() or (done.returncode != 1 and "it was written") or \
        ("Read-only file system" not in done.stderr and done.stderr)
    return wrong or scn.repaired()


@tap.timed
def disks():
    if not crashfaults.own_mounts():
        tap.skip("disks that are full or read-only",
                 "no mount namespace here (unshare -m)")
        return
    for what, act in (("a full disk", full_disk),
                      ("remounted read-only", read_only_disk)):
        n, bad = 0, []
        for scn in kinds(("replaced", "in place", "made anew")):
            scn.calls()
            if not crashfaults.mounted(scn.base, "size=64k,mode=0700"):
                tap.skip(what, "no tmpfs may be mounted here")
                return
            wrong = act(scn, scn.base)
            n += 1
            subprocess.run(["umount", scn.base], check=True)
            if wrong:
                bad.append("%s: %s" % (scn.name, wrong))
        report(what, "%d kinds, %d whole, said and repaired"
               % (n, n - len(bad)), n, bad)


if __name__ == "__main__":
    crashlib.need()
    crashfaults.own_mounts()
    tap.run(kills, torn_writes, kills_with_an_edit, ledger, state, refused,
            power_fails, checker_sees_a_missing_fsync, disks)
