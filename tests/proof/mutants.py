# SPDX-License-Identifier: Apache-2.0
"""Plants the faults of plants.py one by one, and sees a test turn red.

In `make check`: each fault still has its place in the source, and each test is
there.  In `make proof`: all of them are planted.  Names of faults as arguments
plant those alone.  Works on a copy of the source."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("../system", "../tools"):
    sys.path.insert(0, os.path.join(HERE, folder))

import proof  # noqa: E402
import tap  # noqa: E402
from plants import HANGS, PLANTS  # noqa: E402

TOP = os.path.abspath(os.environ.get("top_srcdir",
                                     os.path.join(HERE, "../..")))
BUILD = os.path.abspath(os.environ.get("top_builddir",
                                       os.path.join(TOP, "build")))
LIMIT = 300     # seconds for one test; a healthy one takes a tenth
# What scripts run: everything that is built but most test programs.
PROGRAMS = ["awsfedd", "awsfed-worker", "awsfedctl", "tests/sim/awsfed-sim",
            "tests/tools/warp.so", "tests/tools/reach.so",
            "tests/tools/trip.so", "tests/tools/file-edit",
            "tests/proof/crash-act", "tests/proof/soak",
            "tests/proof/load-client", "tests/unit/test-sandbox"]
# Each has a fault that it is the first to see.
INSTRUMENTS = ["tests/unit/test-sandbox", "tests/proof/security/sandbox.py",
               "tests/proof/security/memory.py",
               "tests/proof/security/otheruid.py", "tests/fuzz/replay.sh",
               "tests/proof/crash.py", "tests/proof/crash-agent.py",
               "tests/proof/torture.py", "tests/proof/soak.py",
               "tests/proof/load.py", "tests/proof/matrix.py",
               "tsan:tests/unit/test-files"]
TSAN = "tsan:"
PASSED, FAILED, HUNG = "passed", "failed", "hung"


def source(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


class Workshop:
    """A copy of the source with a build of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="awsfed-mutants-")
        self.top = os.path.join(self.folder, "source")
        self.build = os.path.join(self.top, "build")
        os.chmod(self.folder, 0o755)    # tests run as nobody
        shutil.copytree(
            TOP, self.top, symlinks=True,
            ignore=lambda where, names: [
                n for n in names
                if n in (".git", "autom4te.cache", "_build", "_inst") or
                n.startswith("build") and n != "build-aux" and
                where == TOP or n.startswith("awsfed-0")])
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.env = dict(os.environ, top_srcdir=self.top,
                        top_builddir=self.build, LC_ALL="C.UTF-8",
                        CMOCKA_MESSAGE_OUTPUT="TAP", AWSFED_INSTRUMENTED="no",
                        PYTHONDONTWRITEBYTECODE="1")
        self.env.pop("AWSFED_PROOF_DIR", None)
        # A make above us has a job server that is none of ours.
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            self.env.pop(name, None)

    def run(self, *command, build=None, limit=1800):
        """How it ended.  A group of its own, ended with it."""
        self.log.seek(0)
        self.log.truncate()
        build = build or self.build
        child = subprocess.Popen(command, cwd=build,
                                 env=dict(self.env, top_builddir=build),
                                 stdin=subprocess.DEVNULL, stdout=self.log,
                                 stderr=subprocess.STDOUT,
                                 start_new_session=True)
        try:
            return PASSED if child.wait(limit) == 0 else FAILED
        except subprocess.TimeoutExpired:
            return HUNG
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()

    def said(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()[-1500:]

    def place(self, test):
        """Its build, which is made when it is first asked for."""
        build = self.build + "-tsan" if test.startswith(TSAN) else self.build
        if not os.path.exists(os.path.join(build, "Makefile")):
            os.makedirs(build, exist_ok=True)
            more = ["--enable-sanitizers=thread"] * test.startswith(TSAN)
            if self.run("../configure", "-q", "CFLAGS=-O0 -w", *more,
                        build=build) != PASSED:
                return None
        return build

    def make(self, test):
        build = self.place(test)
        if build is None:
            return False
        name, *args = test.split()
        if name.endswith(".py"):
            wanted = PROGRAMS
        elif name.endswith(".sh"):
            wanted = ["tests/fuzz/replay-" + a for a in args]
        else:
            wanted = [name[len(TSAN):] if name.startswith(TSAN) else name]
        return self.run("make", "-s", "-j%d" % len(os.sched_getaffinity(0)),
                        *wanted, build=build) == PASSED

    def outcome(self, test):
        name, *args = test.split()
        build = self.place(test)
        if name.endswith((".py", ".sh")):
            command = ["/usr/bin/python3" if name.endswith(".py") else
                       "/bin/sh", os.path.join(self.top, name)]
        elif name.startswith(TSAN):
            command = [os.path.join(build, name[len(TSAN):])]
        else:
            command = [os.path.join(build, name)]
        end = self.run(*command, *args, build=build, limit=LIMIT)
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            if end == PASSED and re.search("^not ok", f.read(), re.M):
                return FAILED
        return end

    def write(self, path, text):
        with open(os.path.join(self.top, path), "w", encoding="utf-8") as f:
            f.write(text)

    def close(self):
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def still_there():
    """Each fault has its place, once."""
    gone = [p[0] for p in PLANTS if source(p[2]).count(p[3]) != 1]
    tap.equal(gone, [], "each of %d faults has its place in the source"
              % len(PLANTS))
    tests = {t.split()[0].replace(TSAN, "") for p in PLANTS for t in p[5]}
    missing = [t for t in sorted(tests) if not os.path.exists(os.path.join(
        TOP, t if t.endswith((".py", ".sh")) else t + ".c"))]
    tap.equal(missing, [], "each test that is to see one is there")
    first = {p[5][0].split()[0] for p in PLANTS if p[5]}
    tap.equal([t for t in INSTRUMENTS if t not in first], [],
              "each instrument is to see one before others do")
    tap.equal(HANGS - {p[0] for p in PLANTS}, set(),
              "each fault that makes a test hang is there")
    tap.equal([p[0] for p in PLANTS if not p[5]], [], "each fault has a test")
    tap.equal(len({p[0] for p in PLANTS}), len(PLANTS), "no name comes twice")


def plant(shop, fault):
    """(the test that saw it or None, tests that hung).  What does not compile
    proves nothing, and a test that hangs proves it only where that is what
    the fault is to do."""
    name, _, path, old, new, tests = fault
    text = source(path)
    hung = []
    shop.write(path, text.replace(old, new))
    try:
        for test in tests:
            if not shop.make(test):
                tap.diag("%s does not build:\n%s" % (name, shop.said()))
                return None, hung
            end = shop.outcome(test)
            if end == FAILED or end == HUNG and name in HANGS:
                return test, hung
            if end == HUNG:
                hung.append(test)
                tap.diag("%s: %s did not end:\n%s" % (name, test,
                                                      shop.said()))
    finally:
        shop.write(path, text)
    return None, hung


def main():
    still_there()
    wanted = sys.argv[1:] or ([p[0] for p in PLANTS] if proof.full() else [])
    faults = [p for p in PLANTS if p[0] in wanted]
    if not faults:
        tap.finish()
    part = proof.Part("mutants", "Deliberate faults, and the test that "
                                 "turned red")
    shop = Workshop()
    try:
        sick = set()
        for test in sorted({t for p in faults for t in p[5]}):
            good = shop.make(test) and shop.outcome(test) == PASSED
            tap.ok(good, "%s passes without a fault" % test, shop.said())
            if not good:
                sick.add(test)
        seen, hanging = 0, 0
        for fault in faults:
            begin = time.monotonic()
            # What is red already cannot turn red.
            test, hung = plant(shop, fault[:5] + (
                [t for t in fault[5] if t not in sick],))
            seen += test is not None
            hanging += bool(hung) and test is None
            tap.ok(test is not None, "%s: %s" % (fault[0], fault[1]))
            tap.diag("%s, %.0f s" % (test, time.monotonic() - begin))
            figure = test or "nothing turned red"
            if hung:
                figure += "; did not end: " + ", ".join(hung)
            part.row(fault[1], figure, "seen", test is not None,
                     "" if test else "no test sees it")
        part.row("faults planted", "%d, %d seen%s" % (
            len(faults), seen, ", %d made a test hang that was not meant to, "
            "which is not counted" % hanging if hanging else ""),
                 "all seen, at least 30", seen == len(faults) and seen >= 30,
                 "" if seen == len(faults) and seen >= 30 else
                 "see the rows above")
    finally:
        shop.close()
    tap.finish()


main()
