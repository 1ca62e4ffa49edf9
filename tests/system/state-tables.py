# SPDX-License-Identifier: Apache-2.0
"""docs/HACKING.md shows the state tables that the agent prints.

With --write it puts them there (make state-tables)."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

BEGIN = "<!-- state-tables: begin -->\n"
END = "<!-- state-tables: end -->"
PAGE = os.path.join(tap.srcdir(), "docs", "HACKING.md")


def printed():
    run = subprocess.run([tap.program("awsfedd"), "--state-table"],
                         stdout=subprocess.PIPE, check=True, timeout=30)
    return "\n" + run.stdout.decode("utf-8") + "\n"


def split(text):
    head, rest = text.split(BEGIN, 1)
    shown, tail = rest.split(END, 1)
    return head, shown, tail


def read():
    with open(PAGE, encoding="utf-8") as f:
        return f.read()


def write():
    head, shown, tail = split(read())
    if shown != printed():
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(head + BEGIN + printed() + END + tail)


def page():
    want = printed()
    tap.equal(len(re.findall(r"^### (?:Identity|Session)$", want, re.M)), 2,
              "the agent prints two tables")
    tap.ok(split(read())[1] == want,
           "docs/HACKING.md has the tables of the source",
           "Next: make state-tables")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        tap.run(page)
