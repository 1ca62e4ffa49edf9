#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The examples of README's sections on using credentials run. The endpoint's is
in endpoint.py. TAP."""
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


def examples(title):
    path = os.path.join(tap.srcdir(), "README.md")
    with open(path, encoding="utf-8") as f:
        part = f.read().split(title + "\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^    (.*)$", part, re.M)


def commands():
    lines = examples(TITLE)
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


def profiles():
    """Using a profile; one by process; a role behind it."""
    shell = examples("## Using a profile")
    tap.equal([line.split()[0] for line in shell if line], [
        "aws", "export", "aws", "awsfedctl", "credential_process"],
        "README has a profile's examples")
    deep = "\n".join(examples("## A role behind a role"))
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ROLE)])
        w.sim.role(role("765432109876", "WebDeploy"), trust=[ROLE])
        w.profile("product-prod-admin", role=ROLE)
        r = w.login("product-prod-admin")
        tap.ok(r.rc == 0, "signed in", r)
        r = w.run(["/bin/bash", "-c", "\n".join(shell[:-1])])
        tap.ok(r.rc == 0 and r.out.count("assumed-role/MyAdminRole") == 2,
               "--profile, AWS_PROFILE, login without a name", r)
        text = w.read(w.config_file).decode().rstrip("\n")
        w.write(w.config_file, "%s\n%s\n\n%s\n" % (
            text, "awsfed.deliver = process", deep.split("\naws ")[0]))
        w.ctl("reload")
        w.wait(lambda: "product-prod-admin" not in w.credentials(),
               "the keys to leave the file", 10)
        line = shell[-1].replace("/usr/local/bin/awsfedctl",
                                 w.program("awsfedctl"))
        tap.ok(line in w.read(w.config_file).decode().splitlines(),
               "deliver = process writes README's line")
        r = w.run(["/bin/bash", "-c", shell[0]])
        tap.ok("assumed-role/MyAdminRole" in r.out, "by which it works", r)
        r = w.run(["/bin/bash", "-c", "aws " + deep.split("\naws ")[1]])
        tap.ok("assumed-role/WebDeploy" in r.out, "and so does the role "
               "behind it", r)


def settings():
    """on_needs_login, and a sink."""
    told = examples("## In your prompt, and as it goes on")
    sink = examples("## Containers and WSL")
    tap.ok(told[0] == "[awsfed]" and sink[0].startswith("[sink "),
           "README has the settings", told, sink)
    with harness.World(warp=True) as w:
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ROLE)])
        w.profile("product-dev-x", role=ROLE)
        said = os.path.join(w.base, "home/said")
        # In place of the system's.
        path = os.path.join(w.base, "bin/mail")
        w.write(path, "#!/bin/sh\ncat >>%s\n" % said, 0o755)
        os.makedirs(os.path.join(w.home, "devcontainer/aws"))
        for name in ("devcontainer", "devcontainer/aws"):
            w.own(os.path.join(w.home, name), 0o700)
        path = os.path.join(w.base, "config/awsfed/awsfed.conf")
        w.write(path, w.read(path).decode() + "\n".join(
            told[1:] + [""] + sink) + "\n")
        r = w.ctl("reload")
        tap.ok(r.rc == 0, "reload", r)
        r = w.login("product-dev-x")
        copy = os.path.join(w.home, "devcontainer/aws/credentials")
        w.wait(lambda: b"[product-dev-x]" in (w.read(copy) or b""),
               "the sink to be written", 10)
        tap.ok(True, "the container's file has the keys")
        w.warp(30000)  # past the sign-in's life
        w.wait(lambda: w.ctl("credential-process", "product-dev-x").rc == 3,
               "the end of keys and sign-in", 20)
        w.wait(lambda: w.read(said), "the notification", 10)
        tap.equal(w.read(said).decode().split("\n")[0],
                  "awsfedctl login product-dev-x", "the need of a login is "
                  "told")
        w.ctl("logout", "--all")
        w.wait(lambda: b"ASIA" not in (w.read(copy) or b""),
               "the sink to lose them", 10)
        tap.ok(True, "and loses them at a logout")


harness.need(aws=True)
tap.run(commands, profiles, settings)
