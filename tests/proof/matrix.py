#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The fault matrix: each fault of the simulator, at each step of a sign-in,
with a person and without. TAP.

In `make check` a sample that has every fault and every step once; in
`make proof-matrix` all of it, with what happens when the fault is gone.

    matrix.py --write       makes docs/FAULTS.md of matrix.table
    matrix.py --learn       plays all and writes matrix.table: read the diff
    matrix.py STEP[:FAULT]  plays these
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "system"), os.path.join(TESTS, "tools"),
                HERE]
import harness  # noqa: E402
import matrixlib  # noqa: E402
import matrixtable  # noqa: E402
import netns  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from matrix_faults import STEPS, cells, fault_of, modes  # noqa: E402

PAGE = os.path.join(tap.srcdir(), "docs/FAULTS.md")
WORKERS = 3
SLOW = ("stall", "tls-stall", "push-silence", "MSIS7042", "slow")
STORM = 14  # requests of one command: three tries of a role are the most
POLLS = 10  # a push is asked for once a second, 10 s long


def every():
    return [(s, g, f, m) for s, g, f in cells() for m in modes(s)]


def sample():
    """Every fault once, at a step and in a mode that change; every step."""
    found, seen, steps = [], set(), {}
    for step, group, fault in sorted(cells(), key=lambda c: c[2]):
        steps.setdefault((group, fault), []).append(step)
    for n, ((group, fault), where) in enumerate(sorted(steps.items())):
        if fault in SLOW:
            continue
        step = where[n % len(where)]
        mode = modes(step)[n % 4 == 0 and len(modes(step)) > 1]
        found.append((step, group, fault, mode))
        seen.add((step, mode))
    for cell in every():
        if (cell[0], cell[3]) not in seen and cell[2] not in SLOW:
            seen.add((cell[0], cell[3]))
            found.append(cell)
    return found


def judge(want, out, again):
    """What is not as it should be."""
    got = matrixtable.normal(out)
    bad = []
    if want is None:
        bad.append("the table has no such cell: %r" % got)
    else:
        bad += ["%s: %r, not %r" % (f, got[f], want[f])
                for f in matrixtable.FIELDS if got[f] != want[f] and
                (again or f != "again")]
    failed = out["exit"] != 0
    if out["posts"] > 1:
        bad.append("a password was posted %d times" % out["posts"])
    if out["requests"] > STORM + (POLLS if out["step"] == "push" else 0):
        bad.append("%d requests" % out["requests"])
    if out["violations"]:
        bad.append("improper: %r" % out["violations"])
    if failed and not (out["says"] and out["next"]):
        bad.append("no message, or no Next line")
    if out["mode"] == "alone" and not out["live"]:
        bad.append("keys that live are not served")
    if not out.get("untouched", True):
        bad.append("the credentials file has changed")
    if out["kind"] == "temporary" and out["retry"] is None:
        bad.append("nobody tries again")
    return bad


# ---- one process of several --------------------------------------------------
def worker(source, result, again):
    """Plays the cells of a file; outcomes go to another, one a line."""
    signal.alarm(0)
    harness.enter(36000)
    with open(source, encoding="utf-8") as f:
        todo = json.load(f)
    with open(result, "w", encoding="utf-8") as f, harness.World(
            agent=False, user=False, warp=True) as w:
        bench = matrixlib.Bench(w)
        for step, group, fault, mode in todo:
            out = {}
            try:
                out, r = bench.measure(STEPS[step], fault_of(group, fault),
                                       mode, again)
                out["said"] = r.all[-2000:]
            except Exception:
                out["error"] = traceback.format_exc()
            f.write(json.dumps(dict(out, step=step, fault=fault,
                                    mode=mode)) + "\n")
            f.flush()
    tap.finish()


def play(todo, again):
    """The outcomes of these cells, from several processes."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        running = []
        for n in range(WORKERS):
            part = os.path.join(folder, "cells.%d" % n)
            with open(part, "w", encoding="utf-8") as f:
                json.dump(todo[n::WORKERS], f)
            running.append(subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), "--worker", part,
                 part + ".out", "again" if again else "once"],
                stdout=subprocess.PIPE, text=True))
        outs = []
        for n, p in enumerate(running):
            said = p.communicate()[0]
            tap.ok(p.returncode == 0, "process %d: nothing is left behind, "
                   "no sanitizer spoke" % n, said)
            with open(os.path.join(folder, "cells.%d.out" % n),
                      encoding="utf-8") as f:
                outs += [json.loads(line) for line in f]
    return outs


# ---- the test ----------------------------------------------------------------
def the_page():
    table = matrixtable.read()
    with open(PAGE, encoding="utf-8") as f:
        tap.ok(f.read() == matrixtable.page(table), "docs/FAULTS.md is made "
               "of the table", "matrix.py --write makes it anew")
    missing = {(s, f, m) for s, _, f, m in every()} ^ set(table)
    tap.ok(not missing, "the table has each cell and no other", *missing)


def the_cells(todo, again):
    """How many were good, and all outcomes."""
    table = matrixtable.read()
    outs = play(todo, again)
    tap.equal(len(outs), len(todo), "every cell was played")
    good = 0
    for out in outs:
        key = (out["step"], out["fault"], out["mode"])
        bad = [out["error"]] if "error" in out else judge(
            table.get(key), out, again)
        good += not bad
        tap.ok(not bad, "%s: %s, %s" % key, *bad,
               out.get("said", "") if bad else "")
    return good, outs


def rows(part, wanted, good, outs):
    ends = {}
    for out in outs:
        kind = out.get("kind", "error")
        ends[kind] = ends.get(kind, 0) + 1
    part.row("cells (fault, step, with or without a person) that end as "
             "docs/FAULTS.md says", "%d of %d" % (good, wanted),
             target="all", good=good == wanted, why="see the test's output")
    part.row("how they end", ", ".join(
        "%s %d" % ("well" if kind == "-" else kind, n)
        for kind, n in sorted(ends.items(), key=lambda x: -x[1])))
    seen = [out["posts"] for out in outs if "posts" in out]
    twice = sum(n > 1 for n in seen)
    part.row("cells in which a password was posted twice", "%d of %d; posted "
             "once in %d, never in %d" % (twice, len(seen), seen.count(1),
                                          seen.count(0)),
             target="0", good=twice == 0 and len(seen) == wanted,
             why="see the test's output")


def learn(todo):
    outs = play(todo, True)
    table = {}
    if os.path.exists(matrixtable.FILE):
        known = {(s, f, m) for s, _, f, m in every()}
        table = {k: v for k, v in matrixtable.read().items() if k in known}
    for out in outs:
        if "error" in out:
            tap.diag(out["error"])
            continue
        table[out["step"], out["fault"], out["mode"]] = \
            matrixtable.normal(out)
    matrixtable.write(table)


def main():
    args = sys.argv[1:]
    if args[:1] == ["--worker"]:
        worker(args[1], args[2], args[3] == "again")
    if args == ["--write"]:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(matrixtable.page(matrixtable.read()))
        return
    wanted = [c for c in every() if any(
        a in (c[0], c[0] + ":" + c[2]) for a in args)]
    if args[:1] == ["--learn"]:
        learn(wanted or every())
        return
    part = proof.Part("matrix", "Faults against the simulator")
    the_page()
    if not netns.possible() and not netns.inside():
        tap.skip("the cells", "no network namespace may be made here")
    elif os.environ.get("AWSFED_INSTRUMENTED", "no") != "no" and \
            not proof.full():
        tap.skip("the cells", "the plain build plays them")
    else:
        todo = wanted or (every() if proof.full() else sample())
        result = the_cells(todo, proof.full() or bool(wanted))
        if proof.full():
            rows(part, len(todo), *result)
    tap.finish()


if __name__ == "__main__":
    main()
