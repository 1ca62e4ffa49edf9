# SPDX-License-Identifier: Apache-2.0
"""Plants the faults of plants.py one by one, and sees a test turn red.

In `make check`: each fault still has its place in the source, and each test is
there.  In `make proof`: all of them are planted.  Names of faults as arguments
plant those alone.  Works on a copy of the source."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("../system", "../tools"):
    sys.path.insert(0, os.path.join(HERE, folder))

import proof  # noqa: E402
import tap  # noqa: E402
from plants import PLANTS  # noqa: E402

TOP = os.path.abspath(os.environ.get("top_srcdir",
                                     os.path.join(HERE, "../..")))
BUILD = os.path.abspath(os.environ.get("top_builddir",
                                       os.path.join(TOP, "build")))
LIMIT = 300     # seconds for one test; a healthy one takes a tenth
# What scripts run: everything that is built but test programs.
PROGRAMS = ["awsfedd", "awsfed-worker", "awsfedctl", "tests/sim/awsfed-sim",
            "tests/tools/warp.so", "tests/tools/file-edit",
            "tests/proof/crash-act", "tests/proof/soak",
            "tests/proof/load-client", "tests/unit/test-sandbox"]


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
        os.makedirs(self.build)
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.env = dict(os.environ, top_srcdir=self.top,
                        top_builddir=self.build, LC_ALL="C.UTF-8",
                        CMOCKA_MESSAGE_OUTPUT="TAP", AWSFED_INSTRUMENTED="no",
                        PYTHONDONTWRITEBYTECODE="1")
        self.env.pop("AWSFED_PROOF_DIR", None)
        # A make above us has a job server that is none of ours.
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            self.env.pop(name, None)

    def run(self, *command):
        """True when it ended well.  A group of its own, ended with it."""
        self.log.seek(0)
        self.log.truncate()
        child = subprocess.Popen(command, cwd=self.build, env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=self.log,
                                 stderr=subprocess.STDOUT,
                                 start_new_session=True)
        try:
            return child.wait(LIMIT) == 0
        except subprocess.TimeoutExpired:
            return False
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

    def make(self, test):
        wanted = PROGRAMS if test.endswith(".py") else [test]
        return self.run("make", "-s", "-j%d" % len(os.sched_getaffinity(0)),
                        *wanted)

    def passes(self, test):
        if test.endswith(".py"):
            good = self.run("/usr/bin/python3",
                            os.path.join(self.top, test))
        else:
            good = self.run(os.path.join(self.build, test))
        said = self.said()
        return good and "\nnot ok" not in "\n" + said

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
    tests = sorted({t for p in PLANTS for t in p[5]})
    missing = [t for t in tests if not os.path.exists(os.path.join(
        TOP, t if t.endswith(".py") else t + ".c"))]
    tap.equal(missing, [], "each test that is to see one is there")
    tap.equal([p[0] for p in PLANTS if not p[5]], [], "each fault has a test")
    tap.equal(len({p[0] for p in PLANTS}), len(PLANTS), "no name comes twice")


def plant(shop, fault):
    """The test that saw it, or None; what does not compile proves nothing."""
    name, _, path, old, new, tests = fault
    text = source(path)
    shop.write(path, text.replace(old, new))
    try:
        for test in tests:
            if not shop.make(test):
                tap.diag("%s does not build:\n%s" % (name, shop.said()))
                return None
            if not shop.passes(test):
                return test
    finally:
        shop.write(path, text)
    return None


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
        if not shop.run("../configure", "-q", "CFLAGS=-O0 -w"):
            tap.ok(False, "the copy is configured", shop.said())
            tap.finish()
            return
        for test in sorted({t for p in faults for t in p[5]}):
            good = shop.make(test) and shop.passes(test)
            tap.ok(good, "%s passes without a fault" % test, shop.said())
        seen = 0
        for fault in faults:
            test = plant(shop, fault)
            seen += test is not None
            tap.ok(test is not None, "%s: %s" % (fault[0], fault[1]))
            part.row(fault[1], test or "nothing turned red", "seen",
                     test is not None, "" if test else "no test sees it")
        part.row("faults planted", "%d, %d seen" % (len(faults), seen),
                 "all seen, at least 30", seen == len(faults) and seen >= 30,
                 "" if seen == len(faults) and seen >= 30 else
                 "see the rows above")
    finally:
        shop.close()
    tap.finish()


main()
