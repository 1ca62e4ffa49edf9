#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ThreadSanitizer and valgrind have nothing to say.  TAP, by `make
proof-races`, which makes the build that the former needs.

AWSFED_RACES is that build, AWSFED_RACES_UNIT the unit programs with threads in
them.  Under valgrind (memcheck, definite leaks) run all unit programs and, by
AWSFED_VALGRIND=1 of the harness, agent, workers and client of whole logins.
"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"),
                os.path.join(HERE, "..", "tools")]

# pylint: disable=wrong-import-position
import proof  # noqa: E402
import tap  # noqa: E402

BUILD = os.environ.get("AWSFED_RACES", "")
UNIT = os.environ.get("AWSFED_RACES_UNIT", "").split()
# Each has clients, workers, the writer's thread and its end.
SYSTEM = ("spine.py", "crowd.py", "reload.py", "logout.py", "sinks.py",
          "endpoint.py")
PYTHON = "/usr/bin/python3"
LIMIT = 1800
TSAN = "halt_on_error=0:exitcode=66:second_deadlock_stack=1"
# Two compilers' reports, and valgrind's.
SPOKE = re.compile(r"ThreadSanitizer|^==\d+== *(Invalid|Conditional|Use of)",
                   re.M)


# A program, or one test of it, that was not run.
SKIPPED = re.compile(r"^(?:1\.\.0|ok\b[^#\n]*) # SKIP\b *(.*)", re.M | re.I)


def run(argv, **env):
    """(good, what it said, seconds)"""
    begin = time.monotonic()
    try:
        done = subprocess.run(argv, env=dict(os.environ, **env), text=True,
                              stdout=subprocess.PIPE, timeout=LIMIT,
                              stderr=subprocess.STDOUT, errors="replace",
                              check=False)
    except subprocess.TimeoutExpired as e:
        return False, "took too long: %r" % (e.output or b"")[-2000:], LIMIT
    good = done.returncode == 0 and not re.search(
        r"^not ok|^Bail out", done.stdout, re.M) and \
        not SPOKE.search(done.stdout)
    return good, done.stdout, time.monotonic() - begin


def each(part, title, programs):
    """programs: (name, argv, environment); a test each, a row for all."""
    bad, took, out, some = [], 0.0, [], []
    for name, argv, env in programs:
        good, said, seconds = run(argv, **env)
        took += seconds
        skipped = SKIPPED.findall(said)
        if good and re.search("^1\\.\\.0 # SKIP", said, re.M):
            tap.skip("%s: %s" % (title, name), skipped[0])
            out.append("%s (%s)" % (name, skipped[0]))
            continue
        tap.ok(good, "%s: %s" % (title, name), *said.splitlines()[-60:])
        if not good:
            bad.append(name)
        elif skipped:
            some.append("%s: %s" % (name, "; ".join(sorted(set(skipped)))))
    figure = "%d programs in %.0f s, %d with a report" % (
        len(programs) - len(out), took, len(bad))
    if out:
        figure += "; not run: " + ", ".join(out)
    if some:
        figure += "; with tests skipped: " + ", ".join(some)
    part.row(title, figure, target="all run, no report",
             good=not bad and not out, why="reported by %s; not run: %s" % (
                 ", ".join(bad) or "none", ", ".join(out) or "none"))


def left_out(names):
    """Unit programs that did not run all of their tests, and why."""
    found = []
    for name in names:
        with open(os.path.join(tap.builddir(), name + ".valgrind"),
                  encoding="utf-8", errors="replace") as f:
            why = sorted(set(SKIPPED.findall(f.read())))
        if why:
            found.append("%s: %s" % (name, "; ".join(why)))
    return found


def main():
    part = proof.Part("races", "ThreadSanitizer and valgrind")
    threads = {"TSAN_OPTIONS": TSAN, "top_builddir": BUILD,
               "AWSFED_INSTRUMENTED": "yes", "AWSFED_PROOF_DIR": ""}
    each(part, "ThreadSanitizer, unit programs with threads",
         [(name, [os.path.join(BUILD, name)], threads) for name in UNIT])
    each(part, "ThreadSanitizer, agent, workers and client",
         [(name, [PYTHON, os.path.join(HERE, "..", "system", name)], threads)
          for name in SYSTEM])
    good, said, took = run([os.environ.get("MAKE", "make"), "-s", "-C",
                            tap.builddir(), "check-valgrind"])
    tap.ok(good, "valgrind: all unit programs", *said.splitlines()[-60:])
    names = re.findall(r"^ *VALGRIND (\S+)", said, re.M)
    some = left_out(names)
    part.row("valgrind, all unit programs", "%d programs in %.0f s, %s%s" % (
        len(names), took, "clean" if good else "not clean",
        "; with tests skipped: " + ", ".join(some) if some else ""),
        target="clean", good=good and bool(names), why="see the log")
    each(part, "valgrind, agent, workers and client",
         [("a login and what follows", [PYTHON, __file__, "--login"],
           {"AWSFED_VALGRIND": "1", "AWSFED_PROOF_DIR": ""})])


def whole_login():
    """Agent, worker and client, each with patience for what slows them."""
    arn = role("111122223333", "Dev")
    with harness.World(agent=False) as w:
        w.sim.user(harness.USER, password=harness.PASSWORD,
                   roles=[harness.pair(arn)])
        w.profile("dev", role=arn, reload=False)
        w.start_agent(wait=False)
        w.wait(w._listening, "the agent to listen", 300)
        r = w.login("dev", timeout=600)
        tap.ok(r.rc == 0, "login", r)
        for args in (["refresh", "dev"], ["credential-process", "dev"],
                     ["status", "--json"], ["reload"], ["logout", "dev"]):
            r = w.ctl(*args, timeout=600)
            tap.ok(r.rc == 0, " ".join(args), r)
        w.stop(w.agent, timeout=300)


if "--login" in sys.argv:
    import harness  # noqa: E402
    from harness import role  # noqa: E402
    harness.need(timeout=LIMIT)
    tap.run(whole_login)
if not os.path.isdir(BUILD):
    tap.skip_all("make proof-races makes the build that this needs")
tap.run(main)
