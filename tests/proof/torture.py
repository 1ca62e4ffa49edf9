#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every fallible call of agent, worker and client in a login fails once.

A first login without faults lists the call sites (tests/tools/trip.c); then,
for each of them, a login in which that one call fails, at its first and at its
last visit, with each error that it may plausibly give.  What must hold after
each stands in judge.py.  The same for the calls that are made only where the
client finds no agent and starts one.  The short form takes a sample of
everything.  In a build with sanitizers the system calls fail alone: what leaks
on the way out, or is undefined, is told by them.

    torture.py                   the test, TAP
    torture.py --only PATTERN    points whose text matches, and what they said
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests/system"),
                os.path.join(TOP, "tests/tools")]

import harness  # noqa: E402
import judge  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
import trip  # noqa: E402
import torturebed  # noqa: E402
from torturebed import Bed, Launched  # noqa: E402

PROGRAMS = ("awsfedd", "awsfed-worker", "awsfedctl")
# Whose calls fail, and whether the client starts the agent: then only those
# that are not made otherwise.
PARTS = (("agent that the client starts", "awsfedd", True),
         ("client that starts the agent", "awsfedctl", True),
         ("agent", "awsfedd", False), ("worker", "awsfed-worker", False),
         ("client", "awsfedctl", False))
RUNNERS, RUNNERS_FULL = 2, 8  # a login waits more than it computes
WHOLE = 8  # of so many points of a worker's memory one has all of judge.py
LEAKS = 4  # of so many sites one has to fail with a sanitizer
TRIES = 3
# After that only what must be tried is.
MINUTES = float(os.environ.get("AWSFED_TORTURE_MINUTES", 60))
MISSED_MAX = 0.05  # of the points of a program
SANITIZED = os.environ.get("AWSFED_INSTRUMENTED", "no") != "no"
PART = ("torture-leaks", "Torture with sanitizers: a system call of each site "
        "fails once") if SANITIZED else \
    ("torture", "Torture: every fallible call fails once")
TARGET = ("no leak, crash, wrong answer or undefined behaviour" if SANITIZED
          else "no crash, descriptor left, wrong answer or damaged file")
# Points of a program in the short form, beside memory.
SAMPLE = 5 if os.environ.get("AWSFED_INSTRUMENTED", "no") == "no" else 2


def count(bed, program):
    """The sites of one program in a login without faults."""
    bed.end()
    bed.fresh()
    bed.plan.arm(program, deep=bed.deep)
    if not bed.start():
        raise RuntimeError("the agent did not start: " + bed.w.log())
    r = bed.login()
    if r.rc != 0:
        raise RuntimeError("a login without faults: %r" % r)
    judge.alive(bed)
    bed.ctl("status", "--json")
    judge.settle(bed)
    well = {"fds": judge.descriptors(bed)}
    bed.w.stop_agent()
    well["files"] = judge.listing(bed)
    return bed.plan.sites(), well


def survey(bed, program, runs):
    """Of several such logins: what is met by chance is met now and then."""
    sites, well = {}, {"fds": {}, "files": set()}
    for _ in range(runs):
        found, w = count(bed, program)
        for s in found:
            known = sites.setdefault(s.id, s)
            known.visits = min(known.visits, s.visits)
        for kind, n in w["fds"].items():
            well["fds"][kind] = max(n, well["fds"].get(kind, 0))
        well["files"] |= set(w["files"])
    well["files"] = sorted(well["files"])
    return sorted(sites.values(), key=lambda s: s.id), well


def sample(program, sites):
    """The short form: a third and two thirds of the way through the calls for
    memory, and some of the other calls, each of another kind."""
    kinds, out = {}, []
    for s in sites:
        if s.call == "malloc":
            out += [trip.Point(program, s, s.visits * i // 3 + 1, "ENOMEM")
                    for i in (1, 2)]
        elif s.call not in trip.MEMORY:
            for p in trip.points(program, [s]):
                kinds.setdefault((p.site.call, p.error), p)
    # Site names are hashes already: their order is as good as random.
    return out + sorted(kinds.values(), key=lambda p: p.site.id)[:SAMPLE]


def chosen(program, sites, full):
    """Memory that xalloc guards ends in the same sentence everywhere: each
    pair of callers in any case; then each three, and all places while there is
    time.  With a sanitizer,
    which has its own memory, each system call once and with one of its errors,
    some of them in any case."""
    seen, out = set(), []
    if not full:
        return sample(program, sites)
    for s in sites:
        if s.call in trip.MEMORY:
            for nth in sorted({1, s.visits} if s.visits < 1000 else {1}):
                p = trip.Point(program, s, nth, "ENOMEM")
                keys = [(s.call,) + tuple(s.frames[:n]) for n in (2, 3)]
                p.rank = sum(key in seen for key in keys)
                seen.update(keys)
                out.append(p)
        elif SANITIZED:
            few = list(trip.points(program, [s]))
            for p in few[s.id % len(few):][:1] if few else ():
                p.rank = int(s.id % LEAKS != 0)
                out.append(p)
        else:
            out += trip.points(program, [s])
    return out


def new_bed(launched, only):
    full = proof.full() or only is not None
    return (Launched if launched else Bed)(full and not SANITIZED)


def make_list(folder, only):
    """What is to be done, for all runners."""
    harness.enter(timeout=3600)
    full = proof.full() or only is not None
    everything, ids = [], {}
    for title, program, launched in sorted(PARTS, key=lambda p: p[2]):
        bed = new_bed(launched, only)
        try:
            sites, well = survey(bed, program, 3 if full else 1)
        finally:
            bed.close()
        if bed.unwell:
            raise RuntimeError("; ".join(bed.unwell))
        if launched:
            sites = [s for s in sites if s.id not in ids[program]]
        ids[program] = {s.id for s in sites}
        points = chosen(program, sites, full)
        if only is not None:
            points = [p for p in points if re.search(only, str(p))]
        memory = [s for s in sites if s.call in trip.MEMORY]
        everything.append(
            {"title": title, "launched": launched, "well": well,
             "sites": {"memory": len(memory),
                       "calls": len(sites) - len(memory)},
             "points": [p.pack() for p in points]})
    with open(os.path.join(folder, "list.new"), "w", encoding="utf-8") as f:
        json.dump(everything, f)
    os.replace(os.path.join(folder, "list.new"), os.path.join(folder, "list"))


def numbers(folder):
    """Each number once, whichever runner asks."""
    with open(os.path.join(folder, "next"), "a+", encoding="ascii") as f:
        while True:
            fcntl.flock(f, fcntl.LOCK_EX)
            f.seek(0)
            n = int(f.read() or 0)
            f.truncate(0)
            f.write("%d" % (n + 1))
            f.flush()
            fcntl.flock(f, fcntl.LOCK_UN)
            yield n


def done_before(folder):
    """The rows of an earlier run of the same programs, by point; what was not
    well is looked at again."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.startswith("done."):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                found.update((row["point"], row) for row in map(json.loads, f)
                             if "point" in row)
    return found


def judged(bed, p, well, number):
    """What is not reached, since chance has a share in it, is tried again."""
    if p.program == "awsfed-worker" and p.site.call in trip.MEMORY and \
            bed.deep and number % WHOLE != 0:
        v = judge.quick(bed, p, well)
        if v is not None:
            return v, False
    for _ in range(TRIES):
        v = judge.point(bed, p, well)
        if v.outcome != "not reached":
            break
    return v, True


def runner(number, folder, only):
    """One of several that work side by side, each in a network of its own."""
    harness.enter(timeout=24 * 3600)
    # Later rows are read later.
    out = open(os.path.join(folder, "done.%d.%d" % (time.time(), number)),
               "w", encoding="utf-8")

    def say(**what):
        out.write(json.dumps(what) + "\n")
        out.flush()

    with open(os.path.join(folder, "list"), encoding="utf-8") as f:
        todo = [(trip.Point.unpack(p), part)
                for part in json.load(f) for p in part["points"]]
    # What is of most interest first, and what needs another bed last.
    todo.sort(key=lambda t: (t[0].rank, t[1]["launched"],
                             t[0].site.call in trip.MEMORY))
    end = time.monotonic() + MINUTES * 60
    before = {point for point, row in done_before(folder).items()
              if row["outcome"] not in ("defect", "not reached")}
    bed = None
    try:
        for i in numbers(folder):
            if i >= len(todo):
                break
            p, part = todo[i]
            name = "%s: %s" % (part["title"], p)
            if p.rank > 0 and time.monotonic() > end:
                break
            if name in before:
                continue
            if bed is None or bed.launched != part["launched"]:
                if bed is not None:
                    bed.close()
                bed = new_bed(part["launched"], only)
            start = time.monotonic()
            try:
                v, whole = judged(bed, p, part["well"], i)
            except Exception:  # it is told, and the others have their turn
                v, whole = judge.Verdict(), True
                v.outcome = "defect"
                v.defects = bed.unwell + [traceback.format_exc()]
                bed.close()
                bed = None
            tell = bool(v.defects or only or v.outcome == "not reached")
            say(title=part["title"], point=name, call=p.site.call,
                outcome=v.outcome, defects=v.defects, whole=whole,
                said=v.said if tell else "",
                where=trip.where(p.site, tap.program(p.program))
                if tell else "", took=round(time.monotonic() - start, 2))
    finally:
        if bed is not None:
            bed.close()
    if bed is not None and bed.unwell:
        sys.exit("unwell in the end: " + "; ".join(bed.unwell))
    sys.stdout.flush()


def digest():
    """Of all that has a part in a result: the programs and the judge."""
    h = hashlib.sha256()
    for path in [tap.program(p) for p in PROGRAMS] + \
            [os.path.join(tap.builddir(), "tests/tools/trip.so")] + \
            [m.__file__ for m in (judge, torturebed, trip,
                               sys.modules[__name__])]:
        with open(path, "rb") as f:
            h.update(f.read())
    return h.hexdigest()[:16]


def workplace(only):
    """In `make proof` a folder that the next run goes on with when this one is
    ended early, and the programs and this test are still the same."""
    if not proof.full() or only is not None:
        return tempfile.mkdtemp(prefix="awsfed-torture-")
    folder = os.path.join(proof.FOLDER, "torture-" + digest())
    os.makedirs(folder, exist_ok=True)
    if os.path.exists(os.path.join(folder, "next")):
        os.unlink(os.path.join(folder, "next"))
    return folder


def run_all(only):
    folder = workplace(only)
    me = [sys.executable, os.path.abspath(__file__)]
    more = [only] if only else []
    if not os.path.exists(os.path.join(folder, "list")):
        r = subprocess.run(me + ["--list", folder] + more, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True)
        if r.returncode != 0:
            tap.ok(False, "a login without faults", r.stdout[-3000:])
            return [], []
    with open(os.path.join(folder, "list"), encoding="utf-8") as f:
        parts = json.load(f)
    jobs = []
    for i in range(RUNNERS_FULL if proof.full() else RUNNERS):
        jobs.append(subprocess.Popen(
            me + ["--runner", str(i), folder] + more,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for p in jobs:
        said = p.communicate()[0]
        if p.returncode != 0:
            tap.ok(False, "the runner came to its end", said[-3000:])
    wanted = {"%s: %s" % (part["title"], trip.Point.unpack(p))
              for part in parts for p in part["points"]}
    rows = [row for name, row in done_before(folder).items()
            if name in wanted]
    if len(rows) == len(wanted):
        shutil.rmtree(folder)
    return parts, rows


def figure(kind, want):
    """The outcomes in words."""
    got = {o: sum(r["outcome"] == o for r in kind) for o in judge.OUTCOMES}
    missed, wrong = got.pop("not reached"), got.pop("defect")
    said = "%d points failed once: %s; %d defects" % (
        len(kind) - missed,
        ", ".join("%d %s" % (n, o) for o, n in got.items() if n) or "none",
        wrong)
    if missed:
        said += ("; %d were not reached in %d tries each, since chance "
                 "decides whether that way is taken" % (missed, TRIES))
    if want > len(kind):
        said += "; %d of %d were not tried for want of time" % (
            want - len(kind), want)
    short = sum(not r["whole"] for r in kind)
    if short:
        said += ("; %d of them share an agent, so that the next login is the "
                 "next point's" % short)
    return said


def blame(kind):
    """Where it went wrong, for a reader of the table."""
    return "; ".join("%s at %s: %s" % (
        re.sub(r"^.*?: \S+ (\S+) visit.*", r"\1", r["point"]),
        " < ".join(r["where"].split(" < ")[:8]),
        "; ".join(d.splitlines()[-1] for d in r["defects"]))
        for r in kind if r["defects"])


def report(part, parts, rows, only):
    for listed in parts:
        title = listed["title"]
        done = [r for r in rows if r["title"] == title]
        bad = [r for r in done if r["defects"]]
        missed = [r for r in done if r["outcome"] == "not reached"]
        for r in done if only else bad:
            tap.diag("%s (%.1f s): %s" % (r["point"], r["took"],
                                          r["outcome"]))
            tap.diag("  at " + r["where"])
            for d in r["defects"]:
                tap.diag("  DEFECT " + d)
            tap.diag(r["said"])
        for r in missed:
            tap.diag("not reached: %s at %s" % (r["point"], r["where"]))
        for r in sorted(done, key=lambda r: -r["took"])[:3]:
            if r["took"] > 8:
                tap.diag("slow: %s (%.1f s)" % (r["point"], r["took"]))
        if only is None:
            tap.ok(len(done) > len(missed), "%s: points were reached"
                   % title)
            # Of a handful a busy machine may miss more.
            tap.ok(len(missed) <= len(done) * (
                MISSED_MAX if proof.full() else 0.5),
                   "%s: few points were not reached" % title,
                   "%d of %d" % (len(missed), len(done)))
        tap.ok(not bad, "%s: %d points of %d call sites, each failed once"
               % (title, len(done) - len(missed),
                  sum(listed["sites"].values())),
               "%d have defects" % len(bad))
        for memory, what in ((True, "memory"), (False, "system calls")):
            if memory and SANITIZED:
                continue
            kind = [r for r in done
                    if (r["call"] in trip.MEMORY) == memory]
            want = [p for p in listed["points"]
                    if (p["call"] in trip.MEMORY) == memory]
            wrong = sum(bool(r["defects"]) for r in kind)
            must = {"%s: %s" % (title, trip.Point.unpack(p))
                    for p in want if p["rank"] <= memory}
            tried = {r["point"] for r in kind}
            if part is None:
                continue
            part.row("%s, %s, %d call sites" % (
                title, what,
                listed["sites"]["memory" if memory else "calls"]),
                     figure(kind, len(want)), TARGET,
                     wrong == 0 and bool(must) and tried >= must,
                     blame(kind) if wrong else
                     "%d places were not tried for want of time"
                     % len(must - tried))


def main():
    if sys.argv[1:2] == ["--runner"]:
        runner(int(sys.argv[2]), sys.argv[3],
               sys.argv[4] if len(sys.argv) > 4 else None)
        return
    if sys.argv[1:2] == ["--list"]:
        make_list(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
        return
    for name in harness.PROGRAMS:
        if tap.program(name) is None:
            tap.skip_all("%s is not part of this build" % name)
    only = sys.argv[2] if sys.argv[1:2] == ["--only"] else None
    part = proof.Part(*PART) if only is None else None
    parts, rows = run_all(only)
    report(part, parts, rows, only)
    tap.finish()


if __name__ == "__main__":
    main()
