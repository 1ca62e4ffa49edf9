#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Crash points: the writes of the agent killed at each of their system calls.
TAP; `make proof-crash` has all of it."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for room in ("system", "tools"):
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), room))

import crashlib  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402

PART = proof.Part("crash", "Crash points of what the agent writes")
OLD = (b"# by hand\n[user]\naws_access_key_id = AKIAUSER\n"
       b"aws_secret_access_key = mine\n\n[prod]\naws_access_key_id = ASIAOLD\n"
       b"aws_secret_access_key = SECRET-OLD\naws_session_token = TOKEN-OLD\n"
       b"x_security_token_expires = 2029-01-01T00:00:00Z\n"
       b"x_managed_by = awsfed\n\n[last]\nregion = eu-west-1\n")
PUT = ["put", "PATH", "prod", "NEW"]
S = crashlib.Scenario


def rewrites():
    """Every kind of rewrite."""
    return [
        S("replaced", PUT, OLD),
        S("made anew", PUT, None),
        S("made anew with its folder", PUT, None, parent="new/.aws"),
        S("behind a symbolic link", PUT, OLD, link=True),
        S("wider mode narrowed", PUT, OLD, mode=0o644),
        S("plain rename", PUT, OLD, ["-p"]),
        S("plain rename, no links", PUT, OLD, ["-l"]),
        S("made anew by a link", PUT, None, ["-p"]),
        S("made anew by rename", PUT, None, ["-l"]),
        S("no leases", PUT, OLD, ["-n"]),
        S("adopted, with a backup", PUT, OLD, ["-b"],
          ours=["credentials.awsfed-backup"]),
        S("in place", PUT, OLD, ["-i"]),
        S("locked (emptied)", ["lock", "PATH", "prod"], OLD),
        S("undone (taken out)", ["remove", "PATH", "prod"], OLD),
        S("a setting of the configuration",
          ["set", "PATH", "profile x", "eu-west-1"],
          b"[profile x]\nregion = us-east-1\n", target="config"),
        S("a file of ours", ["replace", "PATH", "new text"], b"old text"),
    ]


def report(scn, points, bad, what):
    tap.ok(points > 0 and not bad, "%s: killed at %d %s, whole and repaired"
           % (scn.name, points, what), *bad[:10])
    PART.row("%s, killed at each %s" % (scn.name, what.rstrip("s")),
             "%d points, %d whole and repaired" % (points, points - len(bad)),
             target="all", good=not bad, why="see the log")


SHORT = ("replaced", "plain rename", "in place", "a file of ours")


def kills():
    for scn in rewrites():
        if not proof.full() and scn.name not in SHORT:
            scn.close()
            continue
        try:
            calls = scn.calls()
            report(scn, *crashlib.kill_everywhere(scn, calls),
                   "system calls")
        finally:
            scn.close()


if __name__ == "__main__":
    crashlib.need()
    tap.run(kills)
