# SPDX-License-Identifier: Apache-2.0
"""The journal's message catalog: each id has its text, and systemd takes it."""

import os
import re
import shutil
import subprocess
import tempfile

import tap

CATALOG = os.path.join(tap.srcdir(), "systemd/awsfed.catalog")


def read(name):
    with open(os.path.join(tap.srcdir(), name), encoding="utf-8") as f:
        return f.read()


def ids():
    known = dict(reversed(x) for x in re.findall(
        r'#define (MESSAGE_\w+) "([0-9a-f]{32})"', read("daemon/catalog.h")))
    told = re.findall(r"(?m)^-- ([0-9a-f]{32})$", read(CATALOG))
    tap.ok(len(known) > 10, "there are ids")
    tap.equal(sorted(told), sorted(known), "each id has one entry, and no "
              "entry is of nobody")
    code = "".join(read("daemon/" + n) for n in os.listdir(
        os.path.join(tap.srcdir(), "daemon")) if n.endswith(".c"))
    unused = [n for n in known.values() if n not in code]
    tap.ok(not unused, "each id is used", *unused)
    fields = {f for f in re.findall(r"@(\w+)@", read(CATALOG))}
    tap.ok(fields <= {"PROFILE", "IDENTITY", "REASON"},
           "the texts name fields that are there", fields)


def compiles():
    if not shutil.which("journalctl"):
        tap.skip("journalctl --update-catalog", "journalctl is not installed")
        return
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(root + "/usr/lib/systemd/catalog")
        os.makedirs(root + "/var/lib/systemd/catalog")
        shutil.copy(CATALOG, root + "/usr/lib/systemd/catalog")
        p = subprocess.run(["journalctl", "--root=" + root,
                            "--update-catalog"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=30)
        tap.ok(p.returncode == 0 and not p.stdout.strip(),
               "journalctl --update-catalog has nothing to say", p.stdout)
        p = subprocess.run(["journalctl", "--root=" + root,
                            "--list-catalog"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=30)
        tap.ok("Profile @PROFILE@ needs a login" in p.stdout,
               "and knows the entries then", p.stdout)


tap.run(ids, compiles)
