# SPDX-License-Identifier: Apache-2.0
"""What an instrument measured, for the table of tests/bench/report.

    part = proof.Part("crash", "Crash points of the credentials rewrite")
    part.row("killed at each system call", "143 points, 143 whole",
             target="old or new file, whole", good=True)
    part.ratio("credential-process", ours, floor, most=2.0, of="a bare client")

In `make proof` AWSFED_PROOF_DIR names a folder: each part writes its rows
there, one JSON object a line, whole or not at all.  Elsewhere (`make check`)
nothing is written, and full() says that the short form is wanted.  A row that
missed its target has to say why; it fails nobody, since the table is there to
tell the truth.  What must hold is a test, and fails as tests do.

The first line of a file says of which commit and day its figures are.  What an
earlier run has left is gone as soon as the part begins.
"""

import json
import os
import subprocess
import time

FOLDER = os.environ.get("AWSFED_PROOF_DIR")


def full():
    """True in `make proof`: the long form, with the numbers of the issue."""
    return bool(FOLDER)


def _git(*args):
    """What git says of the sources; None where they are not its own."""
    try:
        done = subprocess.run(
            ["git", "-C", os.path.dirname(os.path.abspath(__file__)), *args],
            capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def source():
    """What is measured now: {"commit": ..., "date": ...}."""
    commit = None
    # An unpacked archive may lie in a repository that is not its own.
    if _git("ls-files", "--error-unmatch", os.path.basename(__file__)):
        commit = _git("rev-parse", "--short=12", "HEAD")
        if commit and _git("status", "--porcelain", "-uno") != "":
            commit += " and changes"
    return {"commit": commit or "not known",
            "date": time.strftime("%Y-%m-%d", time.gmtime())}


class Part:
    """One instrument: `name` is its file, `title` its heading.  `of` is what
    source() said when its figures were taken, if that was not now."""

    def __init__(self, name, title, of=None):
        self.name = name
        self.title = title
        self.rows = []
        if not FOLDER:
            return
        self.of = of or source()
        os.makedirs(FOLDER, exist_ok=True)
        try:
            os.unlink(self._path())
        except FileNotFoundError:
            pass

    def _path(self):
        return os.path.join(FOLDER, self.name + ".jsonl")

    def row(self, what, figure, target="", good=None, why=""):
        """good: True, False (then `why`), or None where nothing was aimed at.
        """
        if good is False and not why:
            raise ValueError("a missed target needs its reason: " + what)
        self.rows.append({"what": what, "figure": str(figure),
                          "target": target, "good": good,
                          "why": why if good is not True else ""})
        self._write()
        print("# %s: %s%s%s" % (
            what, figure, " (target %s)" % target if target else "",
            "" if good is None else ": met" if good else ": MISSED: " + why),
            flush=True)
        return good is not False

    def ratio(self, what, ours, floor, most=None, least=None, of="the floor",
              unit="ms", why="", digits=2):
        """Two medians of the same run: ours beside a floor or a peer.

        ours and floor are in `unit`; `most` and `least` bound ours / floor.
        Returns the ratio."""
        ratio = ours / floor
        good = None
        target = ""
        if most is not None:
            good = ratio <= most
            target = "≤ %g × %s" % (most, of)
        elif least is not None:
            good = ratio >= least
            target = "≥ %g × %s" % (least, of)
        figure = "%.*f × (%.*f against %.*f %s)" % (
            digits, ratio, digits, ours, digits, floor, unit)
        if good is False and not why:
            why = "not yet explained"
        self.row(what, figure, target, good, why)
        return ratio

    def _write(self):
        if not FOLDER:
            return
        path = self._path()
        with open(path + ".new", "w", encoding="utf-8") as out:
            json.dump({"part": self.name, "title": self.title, **self.of},
                      out)
            out.write("\n")
            for row in self.rows:
                json.dump(row, out, ensure_ascii=False)
                out.write("\n")
        os.replace(path + ".new", path)
