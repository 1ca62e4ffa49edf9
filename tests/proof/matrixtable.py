# SPDX-License-Identifier: Apache-2.0
"""The expectations of the fault matrix, and the page that shows them.

matrix.table holds what must come of each cell, in blocks of those that end
alike.  The test judges by it, and docs/FAULTS.md is made of it, so that the
page says what happens.
"""

import collections
import os
import re

from matrix_faults import FAULTS, MODES, STEPS, cells, fault_of, modes

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "matrix.table")
# name: of the line in the file, then the members of an outcome.
LINES = (("ends", ("kind", "reason", "exit")),
         ("state", ("identity", "session")),
         ("password", ("posts", "spent")), ("retry", ("retry",)),
         ("need", ("need",)), ("again", ("again",)),
         ("says", ("says",)), ("next", ("next",)))
FIELDS = [f for _, fields in LINES for f in fields]
# When the agent goes on by itself: seconds, at least and at most.
RETRIES = {"soon": (-2, 6), "20 s": (18, 40), "60 s": (55, 100),
           "renewal": (1000, 2000), "hour": (3500, 4600)}


def retry_class(seconds):
    """The word of RETRIES, "never", or the number that fits none."""
    if seconds is None:
        return "never"
    return next((word for word, (least, most) in RETRIES.items()
                 if least <= seconds <= most), "%d s" % seconds)


def normal(out):
    """What the table holds of an outcome: strings."""
    return {"kind": out["kind"], "reason": out["reason"],
            "exit": str(out["exit"]), "identity": out["identity"],
            "session": out["session"], "posts": str(out["posts"]),
            "spent": out["spent"], "retry": retry_class(out["retry"]),
            "need": "yes" if out["need"] else "no",
            "again": out.get("again") or "-", "says": out["says"] or "-",
            "next": out["next"] or "-"}


def read(path=FILE):
    """(step, fault, mode): outcome"""
    table = {}
    with open(path, encoding="utf-8") as f:
        blocks = f.read().split("\n\n")
    for block in blocks:
        lines = [x for x in block.splitlines() if x and x[0] != "#"]
        if not lines:
            continue
        _, step, mode = lines[0].split()
        values = dict(x.split(": ", 1) for x in lines[1:])
        out = {}
        for name, fields in LINES:
            parts = [values[name]] if len(fields) == 1 else \
                values[name].split(" ")
            out.update(zip(fields, parts))
        for fault in values["faults"].split():
            if (step, fault, mode) in table:
                raise ValueError("twice: %s %s %s" % (step, fault, mode))
            table[step, fault, mode] = out
    return table


def grouped(table):
    """(step, mode, [fault], outcome) of those that end alike, in order."""
    for step in STEPS:
        for mode in MODES:
            alike = collections.OrderedDict()
            for s, _, fault in cells():
                out = table.get((s, fault, mode))
                if s == step and out is not None:
                    key = tuple(out[f] for f in FIELDS)
                    alike.setdefault(key, []).append(fault)
            for key, faults in alike.items():
                yield step, mode, faults, dict(zip(FIELDS, key))


def write(table, path=FILE):
    with open(path, "w", encoding="utf-8") as f:
        f.write("# SPDX-License-Identifier: Apache-2.0\n"
                "# What must come of each cell of the fault matrix; see "
                "matrix.py.\n")
        for step, mode, faults, out in grouped(table):
            f.write("\n@ %s %s\nfaults: %s\n" % (step, mode,
                                                 " ".join(faults)))
            for name, fields in LINES:
                f.write("%s: %s\n" % (name, " ".join(out[x]
                                                     for x in fields)))


# ---- the page ----------------------------------------------------------------
HEAD = """# When something fails

What awsfed does with each fault at each step of a sign-in: what it says, how
the command ends, and what happens next. Look for the step that failed, then
for the message. This page is made from the table that `make proof-matrix`
plays against the simulator ({cells} cells, each with an agent of its own);
`make check` compares the two and plays a sample.

Whatever the row says, these hold in every cell:

* A password is posted once at most, and to AD FS alone.
* Keys that live are served to their end, and a failed renewal leaves the
  credentials file as it was.
* When the fault is gone all is well again: by itself, or with the next
  `awsfedctl login`.

| column | |
|---|---|
| exit | of `awsfedctl login` (with a person) or `refresh` (without): 1 failed, 3 a person is needed, 4 refused, 5 temporary |
| password | `-` was not sent; `accepted`; `rejected` and `unknown` are spent: a stored one is not sent again until a person has signed in |
| goes on | when the agent tries again by itself: `soon` is within 4 seconds, then 16, 64, 256, and every 7.5 to 15 minutes; `60 s` is what the server asked for, and then up to half as much or the wait of before, whichever is longer; `hour` up to a quarter more; `never` waits for a person |
| then | who puts it right once the fault has gone: the agent `itself` or a `login` |
| asks | whether a person is told that a sign-in is needed |

HOST is the AD FS host, STS and SIGNIN are AWS's, ROLE and USER what they say.
"""
WITH = {"person": "With a person (`awsfedctl login`)",
        "alone": "Without a person (a renewal)"}


def text(s):
    return s.replace("|", "\\|").replace("<", "&lt;")


def row(step, faults, out, mode):
    titles = []
    for group in STEPS[step]["groups"]:
        titles += [fault_of(group, f)["title"] for f in faults
                   if f in FAULTS[group]]
    what = "; ".join(titles)
    if out["exit"] == "0":
        return "| %s | *no failure* | | 0 | %s | | | |" % (
            text(what), out["spent"])
    says = text(out["says"])
    if out["next"] != "-":
        says += "<br>*Next:* " + text(out["next"])
    kind = out["kind"] if out["reason"] in ("-", "") else "%s, %s" % (
        out["kind"], out["reason"])
    return "| %s | %s | %s | %s | %s | %s | %s | %s |" % (
        text(what), says, kind if kind != "-" else "", out["exit"],
        out["spent"], out["retry"], out["again"].replace("-", ""),
        "yes" if out["need"] == "yes" else "")


def page(table):
    lines = [HEAD.format(cells=len(table))]
    lines += ["* [%s](#%s)" % (s["title"], anchor(s["title"]))
              for s in STEPS.values()]
    for step, s in STEPS.items():
        lines += ["", "## " + s["title"], "", s["text"]]
        for mode in MODES:
            lines += ["", "### %s: %s" % (s["title"], WITH[mode].lower()
                      if mode == "alone" else WITH[mode][0].lower() +
                      WITH[mode][1:]), ""]
            if mode not in modes(step):
                lines.append("Does not happen: " + s["never"][mode])
                continue
            lines += ["| what happens | it says | kind | exit | password | "
                      "goes on | then | asks |", "|---|---|---|---|---|---|"
                      "---|---|"]
            lines += [row(step, faults, out, mode) for st, m, faults, out
                      in grouped(table) if st == step and m == mode]
    lines += ["", "## What is not in these tables", ""]
    lines += ["* %s" % x for x in NOT_HERE]
    return "\n".join(lines) + "\n"


NOT_HERE = (
    "TLS at the password and at the code: the connection of the page before "
    "is used again, or a new one fails as at the first step, and then "
    "nothing was sent.",
    "Pages of AD FS at STS and at the console, and answers of STS at AD FS: "
    "other hosts, with certificates of their own.",
    "A network that leads nowhere (no interface, no route, no name server, "
    "silence): `tests/system/network.py`.",
    "Clocks that are wrong: `tests/system/clocks.py`.",
    "Pages that mean harm: `tests/system/hostile.py`.",
    "Files that cannot be written: `tests/proof/crash.py`.",
)


def anchor(title):
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
