#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manual covers every key and option that the programs know. TAP."""
import os
import re
import subprocess

import tap

DOCS = os.path.join(os.environ.get("top_srcdir", "."), "docs")


def page(name):
    with open(os.path.join(DOCS, name), encoding="utf-8") as f:
        return f.read()


def run(*args):
    return subprocess.run([tap.program("awsfedd"), *args], check=True,
                          capture_output=True, text=True, timeout=20).stdout


def keys():
    text = page("awsfed.conf.5")
    rest, profiles = text.split(".Sh PROFILES")
    head, sinks = rest.split(".Sh SINKS")
    places = {"awsfed.conf": head, "sink": sinks, "profile": profiles}
    places["policy.conf"] = page("awsfed-policy.conf.5")
    listed = {place: set(re.findall(r"^\.It Ic (\S+)", part, re.M))
              for place, part in places.items()}
    known = {place: {} for place in places}
    for line in run("--keys").splitlines():
        place, key, default, _ = line.split("\t")
        known[place][key] = default
    for place in places:
        tap.equal(sorted(listed[place]), sorted(known[place]),
                  "the manual lists the keys of %s" % place)
    for place in ("awsfed.conf", "sink", "policy.conf"):
        for key, default in known[place].items():
            if default:
                tap.ok(re.search(r"^\.It Ic %s Pq default: %s$" % (
                    re.escape(key), re.escape(default)), places[place], re.M),
                    "the default of %s is %s" % (key, default))


def options():
    text = page("awsfedd.8")
    for option in re.findall(r"^  --([a-z-]+)", run("--help"), re.M):
        tap.ok("Fl Fl " + option in text, "awsfedd(8) has --" + option)


def security():
    """SECURITY.md names tests and targets that there are."""
    text = page("SECURITY.md")
    tests = os.path.join(os.environ.get("top_srcdir", "."), "tests")
    wanted = re.findall(r"`(test-[a-z-]+|[a-z-]+\.py)`", text)
    there = set()
    for folder in ("unit", "system", "proof", "proof/security", "tools"):
        there.update(name[:-2] if name.endswith(".c") else name
                     for name in os.listdir(os.path.join(tests, folder)))
    tap.ok(len(wanted) > 30, "SECURITY.md names tests")
    tap.equal(sorted(set(wanted) - there), [], "and each of them is there")
    rules = ""
    for folder, _, names in os.walk(tests):
        for name in names:
            if name.endswith(".mk"):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    rules += f.read()
    made = set(re.findall(r"^(proof-[a-z]+):", rules, re.M))
    tap.equal(sorted(set(re.findall(r"`make (proof-[a-z]+)`", text)) - made),
              [], "and so is each target")


def reasons():
    """Each word for what went wrong, in the order of the table."""
    path = os.path.join(DOCS, "../lib/fault.c")
    with open(path, encoding="utf-8") as f:
        known = re.findall(r'\[REASON_\w+\] = "([a-z-]+)"', f.read())
    part = page("awsfedctl.1").split(".Sh REASONS")[1].split(".Sh ")[0]
    listed = re.findall(r"^\.It Cm (\S+)$", part, re.M)
    tap.ok(len(known) > 20, "the reasons are found in the source", known)
    tap.equal(listed, known, "awsfedctl(1) explains each reason")


tap.run(keys, options, security, reasons)
