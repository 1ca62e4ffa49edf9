#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long awsfedctl credential-process takes: beside a program that connects,
sends one message and prints the answer, and beside tools that people use."""

import json
import os

import agentlib
from agentlib import harness, proof, tap

FULL = proof.full()
RUNS = 400 if FULL else 5
SLOW_RUNS = 5
CALL = json.dumps({"method": "io.awsfed.Control.Credentials",
                   "parameters": {"profile": "p1"}}, separators=(",", ":"))
# What botocore does to load the keys of a profile, and nothing else.
BOTOCORE = ("import botocore.session, sys; "
            "c = botocore.session.Session(profile='p1').get_credentials();"
            "sys.stdout.write(c.get_frozen_credentials().access_key)")

agentlib.need("agent-ask", "agent-spawn")
part = proof.Part("client", "The client: credential-process")


def spawn(w, runs, *commands):
    """Medians in milliseconds, run in turn."""
    argv = []
    for c in commands:
        argv += (["--"] if argv else []) + list(c)
    r = w.run([agentlib.helper(w, "agent-spawn"), str(runs), *argv],
              timeout=600)
    tap.ok(r.rc == 0, "%d runs of %d commands in turn" %
           (runs, len(commands)), r)
    return [float(us) / 1000 for us in r.out.split()]


def answers(w, ours, floor):
    got = json.loads(w.run(ours).out)
    told = json.loads(w.run(floor).out.rstrip("\0\n"))["parameters"]
    tap.equal((got["Version"], got["AccessKeyId"], got["SessionToken"]),
              (1, told["accessKeyId"], told["sessionToken"]),
              "both print the same keys")


def against_floor(w, ours, floor):
    a, b = spawn(w, RUNS, ours, floor)
    if FULL:
        part.ratio("awsfedctl credential-process", a, b, most=2.0,
                   of="a bare client in C")


def against_peers(w, ours):
    peers = {}
    if os.access(harness.AWS, os.X_OK):
        aws = [harness.AWS, "configure", "export-credentials", "--profile",
               "p1"]
        peers["aws configure export-credentials"] = aws
    peers["botocore, the keys of a profile"] = [
        "/usr/bin/python3", "-c", BOTOCORE]
    for name, argv in peers.items():
        r = w.run(argv)
        if r.rc != 0:
            tap.skip("%s beside it" % name, "it fails here: " +
                     r.err.strip()[-60:].replace("\n", " "))
            continue
        tap.ok("ASIA" in r.out, "%s finds the same profile" % name)
        a, b = spawn(w, SLOW_RUNS, ours, argv)
        part.row("credential-process against " + name,
                 "%.0f × faster (%.2f against %.0f ms)" % (b / a, a, b),
                 "≥ 100 × faster", b / a >= 100,
                 "the ratio of the two medians was below it in this run")
    part.row("aws-adfs, cached", "not measured: it is not in Debian, where "
             "this run takes its peers from. It imports botocore, click and "
             "requests before it looks at its cache; the row of botocore "
             "above has the first of them, and is no figure of aws-adfs")


with harness.World(settings=agentlib.QUIET) as world:
    agentlib.live(world, 3)
    agentlib.settled()
    client = [world.program("awsfedctl"), "credential-process", "p1"]
    bare = [agentlib.helper(world, "agent-ask"), world.socket, CALL]
    answers(world, client, bare)
    against_floor(world, client, bare)
    if FULL:
        against_peers(world, client)
tap.finish()
