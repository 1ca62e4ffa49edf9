#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What awsfedctl explain says is what the programs do: for each mixture of
sources in a profile, each program that is here is asked whose key it took. TAP.

The sources of one profile are all good and all different, so that the key says
which of them it was."""
import json

import harness
import peerlib
import tap
from harness import PASSWORD, USER, role

FILE, CONFIG, PROCESS, SOURCE = (role("111122223333", n) for n in (
    "InFile", "InConfig", "ByProcess", "Source"))
ASSUMED = role("222233334444", "Assumed")
# The name in explain's answer.
SDKS = {"boto3": "botocore", peerlib.JS: "JavaScript v3",
        peerlib.GO2: "Go v2", peerlib.GO1: "Go v1"}
WHO = {"InFile": "credentials-file", "InConfig": "config-file",
       "ByProcess": "credential-process", "Assumed": "assume-role",
       "Source": "environment"}
CHAIN = "role_arn = %s\nsource_profile = source\n" % ASSUMED
BARE = "role_arn = %s\n" % ASSUMED


def keys(section):
    return "".join("aws_%s = %s\n" % (k, section["aws_" + k]) for k in (
        "access_key_id", "secret_access_key", "session_token"))


def setup(w):
    """name -> (config, credentials), with keys that are good."""
    w.sim.user(USER, password=PASSWORD, roles=[
        harness.pair(r) for r in (FILE, CONFIG, PROCESS, SOURCE)])
    w.sim.role(ASSUMED, trust=[FILE, CONFIG, SOURCE])
    for name, arn in (("file", FILE), ("config", CONFIG), ("proc", PROCESS),
                      ("source", SOURCE)):
        w.profile(name, role=arn, reload=False)
    w.ctl("reload")
    r = w.login("file", "config", "proc", "source")
    tap.ok(r.rc == 0, "login", r)
    have = w.credentials()
    f, c = keys(have["file"]), keys(have["config"])
    p = "credential_process = %s credential-process proc\n" % \
        w.program("awsfedctl")
    cases = {
        "keys": ("", f), "keys-config": (c, ""), "keys-both": (c, f),
        "process": (p, ""), "process-keys": (p, f),
        "process-config": (p + c, ""), "config-process": (c, p),
        "chain": (CHAIN, ""), "chain-keys": (CHAIN, f),
        "bare-keys": (BARE, f), "chain-process": (CHAIN + p, ""),
        "nothing": ("output = json\n", ""),
    }
    config, credentials = (w.read(n).decode() for n in (
        w.config_file, w.credentials_file))
    for name, (one, two) in cases.items():
        config += "[profile %s]\nregion = us-east-1\n%s" % (name, one)
        credentials += "[%s]\n%s" % (name, two) if two else ""
    w.write(w.config_file, config)
    w.write(w.credentials_file, credentials)
    w.ctl("reload")
    return cases, have


def says(w, profile, **env):
    r = w.ctl("explain", profile, "--json", **env)
    if r.rc != 0:
        return {}
    return {name: [s["source"] for s in json.loads(r.out)["sdks"]
                   if name in s["sdk"]][0] for name in SDKS.values()}


def does(w, peer, **env):
    key, said = peerlib.ask(w, peer, AWS_SDK_LOAD_CONFIG="1", **env)
    if key is None:
        return "fails", said
    return WHO[said.split("/")[1]], said


def check(w, peer, name, want, **env):
    got, said = does(w, peer, **env)
    tap.ok(got == want or (got == "fails" and want in ("invalid", "none")),
           "%s, %s: %s" % (peer, name, want), got, said)


def main():
    with harness.World() as w:
        cases, have = setup(w)
        here = [p for p in SDKS if peerlib.have(p)]
        for name in cases:
            want = says(w, name)
            for peer in here:
                check(w, peer, name, want.get(SDKS[peer]), AWS_PROFILE=name)
        own = have["source"]
        env = {"AWS_ACCESS_KEY_ID": own["aws_access_key_id"],
               "AWS_SECRET_ACCESS_KEY": own["aws_secret_access_key"],
               "AWS_SESSION_TOKEN": own["aws_session_token"]}
        want = says(w, "keys", AWS_PROFILE="keys", **env)
        for peer in here:
            check(w, peer, "keys in the environment, too",
                  want.get(SDKS[peer]), AWS_PROFILE="keys", **env)
        peerlib.clean()


harness.need()
tap.run(main)
