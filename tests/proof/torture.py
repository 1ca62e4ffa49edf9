#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every fallible call of agent, worker and client in a login fails once.

A first login without faults lists the call sites (tests/tools/trip.c); then,
for each of them, a login in which that one call fails, at its first and at its
last visit, with each error that it may plausibly give.  What must hold after
each stands in judge.py.  The short form takes a sample of everything.

    torture.py                   the test, TAP
    torture.py --only PATTERN    points whose text matches, and what they said
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests/system"),
                os.path.join(TOP, "tests/tools")]

import harness  # noqa: E402
import judge  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
import trip  # noqa: E402
from harness import PASSWORD, USER, pair, role  # noqa: E402

PROGRAMS = ("awsfedd", "awsfed-worker", "awsfedctl")
TITLE = {"awsfedd": "agent", "awsfed-worker": "worker",
         "awsfedctl": "client"}
ROOT, OTHER = role("111111111111", "Root"), role("333333333333", "Other")
HOP = role("222222222222", "Hop")
NAMES = ["root", "other", "hop"]
FOREIGN = "# mine\n[theirs]\naws_access_key_id = AKIAEXAMPLE\n\n;end\n"
RUNNERS = 2
SAMPLE = 5  # points of a program in the short form, beside memory
PATIENCE = 40  # seconds for a command; more is a hang


class Bed:
    """A simulator and a HOME that are used again for each point."""

    def __init__(self, deep):
        self.w = w = harness.World(agent=False, check=self.check)
        self.unwell, self.deep = [], deep
        library = w.program("trip.so")
        shutil.copy2(os.path.join(tap.builddir(), "tests/tools/trip.so"),
                     library)
        self.plan = trip.Plan(library)
        self.env = {"LD_PRELOAD": library, "AWSFED_TEST_PRELOAD": "1"}
        w.sim.set(loop_tokens=30, loop_seconds=1)
        w.sim.user(USER, password=PASSWORD, roles=[pair(ROOT), pair(OTHER)])
        w.sim.role(HOP, trust=[ROOT])
        known = {"adfs_config__adfs_user": USER}
        w.profile("root", role=ROOT, reload=False, **known)
        w.profile("other", role=OTHER, reload=False, **known)
        w.profile("hop", host=None, reload=False, role_arn=HOP,
                  source_profile="root", awsfed__deliver="file")
        self.config = w.read(w.config_file)

    def check(self, good, name, *why):
        if not good:
            self.unwell.append("%s %s" % (name, " ".join(map(str, why))))
        return good

    def fresh(self):
        """As on the first day, but for the simulator."""
        w = self.w
        w.write(w.config_file, self.config.decode())
        for folder in ("run", "state", "home/.aws"):
            path = os.path.join(w.base, folder)
            for name in os.listdir(path):
                full = os.path.join(path, name)
                if full == w.config_file:
                    continue
                if os.path.isdir(full):
                    shutil.rmtree(full)
                else:
                    os.unlink(full)
        w.write(w.credentials_file, FOREIGN)
        for log in w.logs:
            if log != "sim":
                with open(w.logs[log], "wb"):
                    pass
        w.children[:] = [p for p in w.children if p.poll() is None]
        w.sim.do("expire-sso")
        w.sim.do("reset")

    def start(self):
        """The agent under the plan; False when it ended instead."""
        w = self.w
        w.start_agent(wait=False, **self.env)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if w.agent.poll() is not None:
                return False
            # The socket is there before the agent is ready to take calls.
            try:
                w.connect().close()
                return True
            except OSError:
                time.sleep(0.003)
        return True

    def login(self):
        return self.w.login(*NAMES, user=None, timeout=PATIENCE, **self.env)

    def ctl(self, *args):
        return self.w.ctl(*args, timeout=PATIENCE, **self.env)

    def close(self):
        self.w.close()


def count(bed, program):
    """The sites of one program in a login without faults."""
    bed.fresh()
    bed.plan.arm(program, deep=bed.deep)
    if not bed.start():
        raise RuntimeError("the agent did not start: " + bed.w.log())
    r = bed.login()
    if r.rc != 0:
        raise RuntimeError("a login without faults: %r" % r)
    bed.ctl("status", "--json")
    judge.settle(bed)
    well = {"fds": judge.descriptors(bed)}
    bed.w.stop_agent()
    well["files"] = judge.listing(bed)
    return bed.plan.sites(), well


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
    place once."""
    seen, out = set(), []
    if not full:
        return sample(program, sites)
    for s in sites:
        key = (s.call,) + tuple(s.frames[:4])
        if s.call in trip.MEMORY:
            if key in seen:
                continue
            seen.add(key)
            out.append(trip.Point(program, s, 1, "ENOMEM"))
            if 1 < s.visits < 1000:
                out.append(trip.Point(program, s, s.visits, "ENOMEM"))
        else:
            out += trip.points(program, [s])
    return out


def runner(number, of, result, only):
    """One of several that work side by side, each in a network of its own."""
    harness.enter(timeout=24 * 3600)
    out = open(result, "a", encoding="utf-8")

    def say(**what):
        out.write(json.dumps(what) + "\n")
        out.flush()

    full = proof.full() or only is not None
    bed = Bed(full)
    try:
        for program in PROGRAMS:
            sites, well = count(bed, program)
            points = chosen(program, sites, full)
            if only is not None:
                points = [p for p in points if re.search(only, str(p))]
            say(program=program, sites=len(sites), points=len(points),
                memory=sum(s.call in trip.MEMORY for s in sites))
            for i, p in enumerate(points):
                if i % of != number:
                    continue
                start = time.monotonic()
                v = judge.point(bed, p, well)
                say(program=program, point=str(p), call=p.site.call,
                    outcome=v.outcome, defects=v.defects,
                    said=v.said if v.defects or only else "",
                    where=trip.where(p.site, tap.program(program))
                    if v.defects or only else "",
                    took=round(time.monotonic() - start, 2))
    finally:
        bed.close()
        say(unwell=bed.unwell)
    sys.stdout.flush()


def run_all(only):
    folder = tempfile.mkdtemp(prefix="awsfed-torture-")
    jobs = []
    for i in range(RUNNERS):
        path = os.path.join(folder, "%d" % i)
        argv = [sys.executable, os.path.abspath(__file__), "--runner",
                str(i), str(RUNNERS), path] + ([only] if only else [])
        jobs.append((path, subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)))
    rows = []
    for path, p in jobs:
        said = p.communicate()[0]
        with open(path, encoding="utf-8") as f:
            mine = [json.loads(line) for line in f]
        if p.returncode != 0 or not mine or "unwell" not in mine[-1]:
            tap.ok(False, "the runner came to its end", said[-3000:])
        elif mine[-1]["unwell"]:
            tap.ok(False, "the runner left a clean place",
                   *mine[-1]["unwell"])
        rows += mine
    shutil.rmtree(folder)
    return rows


def report(part, rows, only):
    for program in PROGRAMS:
        mine = [r for r in rows if r.get("program") == program]
        done = [r for r in mine if "point" in r]
        sites = max([r["sites"] for r in mine if "sites" in r] or [0])
        bad = [r for r in done if r["defects"]]
        for r in done if only else bad:
            tap.diag("%s (%.1f s): %s" % (r["point"], r["took"],
                                          r["outcome"]))
            tap.diag("  at " + r["where"])
            for d in r["defects"]:
                tap.diag("  DEFECT " + d)
            tap.diag(r["said"])
        for r in sorted(done, key=lambda r: -r["took"])[:3]:
            if r["took"] > 8:
                tap.diag("slow: %s (%.1f s)" % (r["point"], r["took"]))
        if only is None:
            tap.ok(done, "%s: there were points" % TITLE[program])
        tap.ok(not bad, "%s: %d points of %d call sites, each failed once"
               % (TITLE[program], len(done), sites),
               "%d have defects" % len(bad))
        for memory, what in ((True, "memory"), (False, "system calls")):
            kind = [r for r in done
                    if (r["call"] in trip.MEMORY) == memory]
            got = {o: sum(r["outcome"] == o for r in kind)
                   for o in judge.OUTCOMES}
            wrong = sum(bool(r["defects"]) for r in kind)
            part.row("%s, %s" % (TITLE[program], what),
                     "%d points: %s; defects %d" % (len(kind), ", ".join(
                         "%d %s" % (n, o) for o, n in got.items() if n),
                         wrong),
                     "no crash, descriptor left, wrong answer or damaged "
                     "file",
                     bool(kind) and wrong == 0, "see the test's log"
                     if wrong else "no point was tried")


def main():
    if sys.argv[1:2] == ["--runner"]:
        only = sys.argv[5] if len(sys.argv) > 5 else None
        runner(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], only)
        return
    for name in harness.PROGRAMS:
        if tap.program(name) is None:
            tap.skip_all("%s is not part of this build" % name)
    if os.environ.get("AWSFED_INSTRUMENTED", "no") != "no":
        tap.skip_all("a sanitizer's own malloc does not go with the preload; "
                     "a plain build runs this")
    only = sys.argv[2] if sys.argv[1:2] == ["--only"] else None
    part = proof.Part("torture", "Torture: every fallible call fails once")
    report(part, run_all(only), only)
    tap.finish()


main()
