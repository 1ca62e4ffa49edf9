#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The examples of README's section on commands, shells and browsers run. TAP."""
import os
import re

import harness
import tap
from harness import PASSWORD, USER, role

TITLE = "## For one command, a shell, a browser"
ROLE = role("012345678901", "MyAdminRole")
# What each example must show; an example that is not here fails the test.
SHOWS = {
    "awsfedctl exec product": "assumed-role/MyAdminRole",
    "awsfedctl exec --need": "assumed-role/MyAdminRole",
    "eval": "assumed-role/MyAdminRole",
    "awsfedctl env": "AWS_SESSION_TOKEN=",
    "awsfedctl console": "https://signin.aws.amazon.com/federation?",
    "awsfedctl status": "",
    "awsfedctl explain": "botocore",
}


def examples():
    path = os.path.join(tap.srcdir(), "README.md")
    with open(path, encoding="utf-8") as f:
        part = f.read().split(TITLE, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^    (.*)$", part, re.M)


def main():
    lines = examples()
    tap.ok(len(lines) >= 7, "README has the examples", lines)
    used = set()
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ROLE)])
        w.profile("product-prod-admin", role=ROLE)
        r = w.login("product-prod-admin")
        tap.ok(r.rc == 0, "signed in", r)
        for line in lines:
            start = [s for s in SHOWS if line.startswith(s)]
            # What the variables are good for.
            more = "; aws sts get-caller-identity" if start == ["eval"] else ""
            r = w.run(["/bin/bash", "-c", line + more])
            used.update(start)
            tap.ok(start and r.rc == 0 and SHOWS[start[0]] in r.out,
                   line[:70], r)
    tap.equal(sorted(used), sorted(SHOWS), "each was there")


harness.need(aws=True)
tap.run(main)
