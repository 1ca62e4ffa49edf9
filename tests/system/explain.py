#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""awsfedctl explain: what it says, held against botocore. TAP."""
import json
import os
import re

import harness
import tap
from harness import role

DEV, PROD = role("111111111111", "Dev"), role("222222222222", "Prod")
HOP = role("333333333333", "Hop")
BOTO = "AWS CLI, boto3 (botocore)"
STATIC = "aws_access_key_id = AKIDSTATIC\naws_secret_access_key = s\n"
# botocore's names of its providers, and explain's.
METHODS = {"shared-credentials-file": "credentials-file",
           "config-file": "config-file", "env": "environment",
           "custom-process": "credential-process",
           "assume-role": "assume-role"}
ASK_BOTO = """
import botocore.exceptions, botocore.session
try:
    c = botocore.session.Session().get_credentials()
    print(c.method if c is not None else "none")
except botocore.exceptions.BotoCoreError:
    print("invalid")
"""


def setup(w):
    w.sim.user(harness.USER, password=harness.PASSWORD,
               roles=[harness.pair(DEV), harness.pair(PROD)])
    w.sim.role(HOP, trust=[DEV, PROD])
    w.profile("dev", role=DEV, reload=False)
    w.profile("asks", role=DEV, reload=False, awsfed__deliver="process")
    w.profile("prod", role=PROD, reload=False, awsfed__protected="yes")
    w.profile("hop", host=None, reload=False, role_arn=HOP,
              source_profile="dev")
    w.profile("deep", host=None, reload=False, role_arn=HOP,
              source_profile="prod")
    w.profile("twin", host=None, reload=False, role_arn=HOP,
              source_profile="dev", awsfed__deliver="file")
    text = w.read(w.config_file).decode()
    document = os.path.join(w.home, "keys.json")
    w.write(w.config_file, text + "[profile fixed]\n" + STATIC +
            "[profile both]\n" + STATIC +
            "credential_process = /bin/cat %s\n" % document +
            "[profile bare]\n" + STATIC + "role_arn = %s\n" % HOP +
            "[profile empty]\nregion = eu-west-1\n")
    w.write(document, '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}')
    w.ctl("reload")


def explained(w, name, **env):
    r = w.ctl("explain", name, "--json", **env)
    if r.rc != 0:
        raise AssertionError(r)
    o = json.loads(r.out)
    o["boto"] = next(s["source"] for s in o["sdks"] if s["sdk"] == BOTO)
    return o


def as_botocore(w):
    """What it says of botocore is what botocore does."""
    for name in ("dev", "asks", "hop", "twin.live", "fixed", "both", "bare",
                 "empty"):
        said = explained(w, name)["boto"]
        r = w.run(["/usr/bin/python3", "-c", ASK_BOTO], AWS_PROFILE=name,
                  AWS_EC2_METADATA_DISABLED="true")
        did = r.out.strip()
        tap.equal(METHODS.get(did, did), said, "botocore and %s" % name)
    said = explained(w, "dev", AWS_ACCESS_KEY_ID="A")
    tap.ok(said["boto"] == "environment" and
           any("AWS_ACCESS_KEY_ID is set" in n for n in said["notes"]),
           "keys in this shell come first, and it says so", said)


def delivered(w):
    o = explained(w, "twin")
    tap.equal((o["deliver"], o["twin"]), ("file", "twin.live"),
              "a chained profile that is delivered: as its twin")
    r = w.ctl("explain", "twin")
    tap.ok("awsfedctl explain twin.live" in r.out, "and that is said", r)
    o = explained(w, "asks")
    tap.ok(o["sources"] == [{"source": "credential-process", "ours": True}]
           and any("in a container" in n for n in o["notes"]),
           "deliver = process: it, and where it cannot work", o)
    tap.ok(not any("protected" in n for n in o["notes"]) and
           "protected" not in o, "nothing of protection there")


def guarded(w):
    for name in ("prod", "deep"):
        o = explained(w, name)
        tap.ok(o["protected"] is True and
               any("awsfed.protected" in n and "awsfedctl approve" in n and
                   "awsfed.deliver = process" in n
                   for n in o["notes"]), "%s: protected, and what to use"
               % name, o)
    r = w.ctl("explain", "prod")
    tap.ok(r.rc == 0 and "awsfed.protected" in r.out and
           "nothing in this profile" in r.out, "for people, too", r)


def standing(w):
    """First of all how it stands with the profile, and why."""
    o = explained(w, "dev")
    r = w.ctl("explain", "dev")
    tap.ok(o["status"]["state"] == "fresh" and o["status"]["next"] and
           "why" not in o and
           re.match(r"dev: fresh; keys live for \d+m; renewed at \d\d:\d\d\n\n",
                    r.out), "fresh: when it is renewed", r)
    tap.ok("status" not in explained(w, "fixed"),
           "nothing of what is not kept by us")
    w.profile("late", role=DEV)
    r = w.ctl("explain", "late")
    tap.ok(r.out.startswith("late: idle\n  Next: awsfedctl login late\n"),
           "idle: what starts it", r)
    w.sim.do("expire-sso")
    w.ctl("refresh", "dev")
    o = explained(w, "dev")
    r = w.ctl("explain", "dev")
    tap.ok(o["why"]["kind"] == "needs-user" and o["why"]["since"] and
           re.match(r"dev: needs-login: expired; keys live for \d+m\n"
                    r"  Since \d\d:\d\d: .+\n  Next: awsfedctl login dev\n\n",
                    r.out),
           "not to be renewed: since when, why, and what helps", r)


def edges(w):
    r = w.ctl("explain", "nobody")
    tap.ok(r.rc == 1 and r.out == "" and "Next:" in r.err,
           "no such profile", r)
    for args in ([], ["a", "b"], [""]):
        tap.equal(w.ctl("explain", *args).rc, 2, "usage: %s" % args)
    r = w.ctl("explain", AWS_PROFILE="dev")
    tap.ok(r.rc == 0 and "keys of the credentials file" in r.out,
           "AWS_PROFILE is meant", r)
    before = w.sim.counters()
    text = json.dumps(explained(w, "dev"))
    keys = w.credentials()["dev"]
    tap.ok(keys["aws_access_key_id"] not in text and
           keys["aws_secret_access_key"] not in text and
           w.sim.since(before).get("requests", 0) == 0,
           "no key is shown, and nobody is asked")
    os.chmod(w.credentials_file, 0)
    os.rename(w.credentials_file, w.credentials_file + "-")
    os.mkdir(w.credentials_file)
    r = w.ctl("explain", "dev")
    tap.ok(r.rc == 1 and w.credentials_file in r.err and "Next:" in r.err,
           "a file that cannot be read", r)
    os.rmdir(w.credentials_file)
    os.rename(w.credentials_file + "-", w.credentials_file)
    os.chmod(w.credentials_file, 0o600)
    w.stop_agent()
    tap.equal(w.ctl("explain", "dev").rc, 6, "no agent")


def main():
    with harness.World() as w:
        setup(w)
        w.login("dev", "asks", "prod", "twin")
        for step in (as_botocore, delivered, guarded, standing, edges):
            step(w)


harness.need()
tap.run(main)
