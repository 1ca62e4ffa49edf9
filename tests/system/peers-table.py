#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which program takes credentials from where: the table of docs/USING.md, each
cell tried with the program itself. TAP."""
import json
import os
import re

import harness
import peerlib
import tap
from harness import PASSWORD, USER, role
from s3stub import S3

ROLES = {name: role("111122223333", name) for name in
         ("File", "Process", "Exec")}
AWS, BOTO, JS, GO1, GO2 = "aws", "boto3", peerlib.JS, peerlib.GO1, peerlib.GO2
SOURCES = ("file", "process", "endpoint", "environment")
S3_TOOLS = {
    # 1.60 refuses to work at all where AWS_CA_BUNDLE is set.
    "rclone": lambda s3, n: [
        "env", "-u", "AWS_CA_BUNDLE", "rclone", "--config", "/dev/null",
        "--retries", "1", "lsd",
        ":s3,provider=Other,env_auth=true,endpoint='%s':" % s3.url],
    "s3cmd": lambda s3, n: [
        "s3cmd", "--no-ssl", "--host=" + s3.host, "--host-bucket=" + s3.host,
        "ls"],
    "restic": lambda s3, n: [
        "restic", "--no-cache", "-r", "s3:%s/bucket%d" % (s3.url, n), "init"],
}
# The name in the table of docs/USING.md.
TITLES = {AWS: "AWS CLI 2.9", BOTO: "boto3 1.26", JS: "JavaScript v3",
          GO1: "Go v1", GO2: "Go v2", "rclone": "rclone 1.60",
          "s3cmd": "s3cmd 2.3", "restic": "restic 0.14"}


def documented():
    """{(title, source): takes it} of the table in docs/USING.md."""
    path = os.path.join(tap.srcdir(), "docs/USING.md")
    with open(path, encoding="utf-8") as f:
        rows = re.findall(r"^\| ([^|]+) \|(.*)\|$", f.read(), re.M)
    table = {}
    for title, rest in rows:
        if title in TITLES.values() and rest.count("|") == 3:
            for source, cell in zip(SOURCES, rest.split("|")):
                table[title, source] = cell.strip().startswith("yes")
    return table


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(arn) for arn in ROLES.values()])
    w.profile("f", role=ROLES["File"], reload=False)
    w.profile("p", role=ROLES["Process"], reload=False,
              awsfed__deliver="process")
    w.profile("x", role=ROLES["Exec"], reload=False)
    w.ctl("reload")
    r = w.login("f", "p", "x")
    tap.ok(r.rc == 0, "login", r)


def keys(w):
    """source -> its key id, secret and token."""
    have = w.credentials()
    r = w.ctl("credential-process", "p")
    got = json.loads(r.out)
    process = [got[k] for k in ("AccessKeyId", "SecretAccessKey",
                                "SessionToken")]
    by = {name: [have[name]["aws_" + k] for k in (
        "access_key_id", "secret_access_key", "session_token")]
        for name in ("f", "x")}
    return dict(zip(SOURCES, (by["f"], process, by["x"], by["x"])))


def how(w, source):
    """The words in front of a command, and its environment."""
    ctl = w.program("awsfedctl")
    return {"file": ([], {"AWS_PROFILE": "f"}),
            "process": ([], {"AWS_PROFILE": "p"}),
            "endpoint": ([ctl, "exec", "--endpoint", "x", "--"], {}),
            "environment": ([ctl, "exec", "x", "--"], {})}[source]


def identity(w, peer, source):
    """An SDK's or the CLI's; (whether it is the wanted role, what it said)."""
    wrap, more = how(w, source)
    if peer == GO1 and not wrap:
        # Else it does not look into the config file; exec sets it.
        more["AWS_SDK_LOAD_CONFIG"] = "1"
    want = {"file": "File", "process": "Process"}.get(source, "Exec")
    if peer == AWS:
        r = w.run([*wrap, harness.AWS, "sts", "get-caller-identity"], **more)
        return "assumed-role/%s/" % want in r.out, r
    said = peerlib.ask(w, peer, wrap, **more)
    return said[0] is not None and \
        "assumed-role/%s/" % want in said[1], said


def sdks():
    table = documented()
    with harness.World(settings={"endpoint": "on"}) as w:
        setup(w)
        for peer in (AWS, BOTO, JS, GO1, GO2):
            if not peerlib.have(peer):
                continue
            for source in SOURCES:
                good, said = identity(w, peer, source)
                tap.ok(good is table.get((TITLES[peer], source)),
                       "%s, %s: %s" % (peer, source,
                                       "yes" if good else "no"), said)
        if peerlib.why_not(GO1) == "":
            # Without the variable there is no config file for it.
            key, said = peerlib.ask(w, GO1, AWS_PROFILE="p")
            tap.ok(key is None, "Go 1 without AWS_SDK_LOAD_CONFIG knows no "
                   "credential_process", said)
        peerlib.clean()


def tools():
    table = documented()
    with harness.World(settings={"endpoint": "on"}) as w:
        setup(w)
        s3, n = S3("one"), 0
        wanted = keys(w)
        for key in wanted.values():
            s3.allow(*key)
        for tool, command in S3_TOOLS.items():
            if not peerlib.have(tool):
                continue
            for source in SOURCES:
                wrap, more = how(w, source)
                n += 1
                r = w.run([*wrap, *command(s3, n)], timeout=20,
                          RESTIC_PASSWORD="x", AWS_REGION="us-east-1", **more)
                signers = s3.signers()
                name = "%s, %s: " % (tool, source)
                if not table.get((TITLES[tool], source)):
                    # It went without keys, or not at all.
                    tap.ok(r.rc != 0 and signers <= {None}, name + "no", r,
                           signers)
                    continue
                tap.ok(r.rc == 0, name + "yes", r)
                tap.equal(signers, {wanted[source][0]},
                          name + "signed by the profile's key alone")
        s3.close()


def a_stub_that_refuses():
    """The recording server lets nobody in who is not allowed."""
    with harness.World() as w:
        setup(w)
        if peerlib.why_not("rclone"):
            tap.skip("the stub refuses", peerlib.why_not("rclone"))
            return
        s3, key = S3("one"), keys(w)["file"]
        for text, allowed, rc in (
                ("its own key", key, 0),
                ("another secret", [key[0], "x" * 40, key[2]], 1),
                ("another token", [key[0], key[1], "t"], 1)):
            s3.allowed.clear()
            s3.allow(*allowed)
            r = w.run(S3_TOOLS["rclone"](s3, 0), AWS_PROFILE="f")
            tap.ok((r.rc != 0) == bool(rc), "the stub, " + text, r)
        s3.close()


harness.need(aws=True)
tap.run(*map(tap.timed, (sdks, tools, a_stub_that_refuses)))
