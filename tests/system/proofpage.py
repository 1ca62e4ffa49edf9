#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page of `make proof`: whose figures they are, and what has none."""

import json
import os
import subprocess
import sys
import tempfile

import tap

TOP = os.path.abspath(tap.srcdir())
REPORT = os.path.join(TOP, "tests/bench/report")
TOOLS = os.path.join(TOP, "tests/tools")
ROW = {"what": "w", "figure": "f", "target": "t", "good": True, "why": ""}


def page(folder):
    return subprocess.run([sys.executable, REPORT, folder], text=True,
                          capture_output=True, check=False)


def put(folder, name, **head):
    with open(os.path.join(folder, name + ".jsonl"), "w",
              encoding="utf-8") as f:
        for line in (dict(head, part=name, title="T " + name), ROW):
            f.write(json.dumps(line) + "\n")


def pages():
    with tempfile.TemporaryDirectory() as d:
        got = page(d)
        tap.ok(got.returncode != 0 and "Next: make proof" in got.stderr,
               "no page of nothing", got)
        put(d, "crash", commit="aaaa", date="2031-01-02")
        put(d, "load", commit="aaaa", date="2031-01-02")
        got = page(d).stdout
        tap.ok("| commit | aaaa |\n| date | 2031-01-02 |\n" in got and
               got.count("aaaa") == 1, "one commit and day: in the head", got)
        tap.ok("\nNot run: sandbox, memory, " in got and
               "crash," not in got.split("Not run:")[1].split("\n")[0] and
               "2 of 2 targets" in got, "parts without a result are named",
               got)
        put(d, "load", commit="bbbb and changes", date="2031-01-03")
        put(d, "soak")
        got = page(d).stdout
        tap.ok("## T crash\n\nCommit aaaa, 2031-01-02.\n" in got and
               "## T load\n\nCommit bbbb and changes, 2031-01-03.\n" in got,
               "two: each part names its own", got)
        tap.ok("## T soak\n\nCommit not known, not known.\n" in got,
               "none: that is said", got)


def run_part(text, d, tools=TOOLS):
    return subprocess.run(
        [sys.executable, "-B", "-c", "import proof\n" + text], check=False,
        env=dict(os.environ, AWSFED_PROOF_DIR=d, PYTHONPATH=tools),
        capture_output=True, text=True)


def parts():
    with tempfile.TemporaryDirectory() as d:
        put(d, "x")
        put(d, "y")
        got = run_part("proof.Part('x', 'X')", d)
        tap.ok(got.returncode == 0 and os.listdir(d) == ["y.jsonl"],
               "a part that begins has no result, others keep theirs", got,
               os.listdir(d))
        run_part("proof.Part('x', 'X').row('w', 1)", d)
        with open(os.path.join(d, "x.jsonl"), encoding="utf-8") as f:
            head = json.loads(f.readline())
        here = subprocess.run(
            ["git", "-C", TOOLS, "log", "-1", "--format=%H", "--",
             "proof.py"], capture_output=True, text=True, check=False)
        if here.returncode == 0 and here.stdout:
            now = subprocess.run(
                ["git", "-C", TOOLS, "rev-parse", "HEAD"],
                capture_output=True, text=True, check=True).stdout
            tap.ok(now.startswith(head["commit"].split()[0]) and
                   len(head["commit"]) >= 12, "it names its commit", head)
        else:
            tap.equal(head["commit"], "not known", "no commit is invented")
        tap.ok(len(head["date"]) == 10, "and its day", head)


def repository():
    """What changed since the commit is told, what is not its own is not."""
    def git(*args):
        subprocess.run(["git", "-C", d, "-c", "user.name=x", "-c",
                        "user.email=x@x", *args], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def commit():
        return run_part("print(proof.source()['commit'])", d,
                        os.path.join(d, "t")).stdout.strip()

    with tempfile.TemporaryDirectory() as d:
        try:
            git("init")
        except (OSError, subprocess.CalledProcessError):
            tap.skip("commits", "git is not installed")
            return
        os.mkdir(os.path.join(d, "t"))
        copy = os.path.join(d, "t", "proof.py")
        with open(os.path.join(TOOLS, "proof.py"), encoding="utf-8") as f:
            text = f.read()
        with open(copy, "w", encoding="utf-8") as f:
            f.write(text)
        git("commit", "--allow-empty", "-m", "x")
        tap.equal(commit(), "not known", "a repository that is not its own")
        git("add", "t")
        git("commit", "-m", "y")
        tap.ok(len(commit()) == 12, "a commit", commit())
        with open(copy, "a", encoding="utf-8") as f:
            f.write("#\n")
        tap.ok(commit().endswith(" and changes"), "and changes", commit())


tap.run(pages, parts, repository)
