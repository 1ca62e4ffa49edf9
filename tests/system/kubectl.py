# SPDX-License-Identifier: Apache-2.0
"""docs/awsfed-eks-token: never a dead token, and no traffic from those who ask
again and again."""

import base64
import json
import os
import re
import shutil
import urllib.parse

import harness
import tap
from harness import PASSWORD, USER, role

ADMIN = role("111122223333", "Admin")
ARGS = ("--cluster-name", "my-cluster", "--region", "us-east-1")


def wrapper(w):
    """As a user has it; the sources may be closed to the throwaway one."""
    path = os.path.join(w.base, "bin/awsfed-eks-token")
    if not os.path.exists(path):
        shutil.copy2(os.path.join(tap.srcdir(), "docs/awsfed-eks-token"), path)
        os.chmod(path, 0o755)
    return path


def token(w, *args, **env):
    return w.run([wrapper(w), *(args or ("prod",) + ARGS)], **env)


def signer(r):
    """The access key id in the token that was printed."""
    text = json.loads(r.out)["status"]["token"]
    text = text[len("k8s-aws-v1."):]
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    return query["X-Amz-Credential"][0].split("/")[0]


def good(w):
    r = token(w)
    tap.equal(r.rc, 0, "a token")
    tap.equal(signer(r), w.credentials()["prod"]["aws_access_key_id"],
              "signed by the live keys")
    r = token(w, AWS_ACCESS_KEY_ID="AKIAOTHER", AWS_SECRET_ACCESS_KEY="x",
              AWS_PROFILE="other")
    tap.equal(signer(r), w.credentials()["prod"]["aws_access_key_id"],
              "whatever the environment says")
    tap.equal(token(w, "prod").rc, 2, "too few words")


def fifty(w, rc, what):
    """50 calls: the same answer each time, and nothing of them outside."""
    before, log = w.sim.counters(), len(w.log())
    for _ in range(50):
        r = token(w)
        if r.rc != rc or r.out != "" or r.err.count("\n") != 1 or \
                "prod" not in r.err:
            tap.ok(False, what + ": each call fails with one line", r)
            break
    else:
        tap.ok(True, what + ": each of 50 calls fails with one line")
    said = w.log()[log:]
    retries = len(re.findall(r": timer in backoff", said))
    started = len(re.findall(r": [a-z-]+ -> working", said))
    tap.ok(started <= retries, what + ": nobody's call starts a sign-in",
           started, retries)
    gained = {k: v for k, v in w.sim.since(before).items()
              if k not in ("connections", "admin")}
    if started == 0:
        tap.equal(gained, {}, what + ": 50 calls cause no traffic")
    return said


def needs_login(w, hooks):
    w.warp(30000)
    w.wait(lambda: w.ctl("credential-process", "prod").rc == 3,
           "the end of keys and sign-in")
    raw = w.aws("eks", "get-token", "--profile", "prod", *ARGS)
    tap.ok(raw.rc == 0 and "k8s-aws-v1" in raw.out,
           "the AWS CLI alone prints a dead token and exits 0", raw)
    said = fifty(w, 3, "needs-login")
    tap.ok("awsfedctl login prod" in token(w).err, "the line names the login")
    tap.equal([x for x in said.splitlines() if x[:3] in ("<4>", "<5>", "<6>")],
              [], "and no line in the log")
    tap.equal(len((w.read(hooks) or b"").splitlines()), 1,
              "the person was told once")


def backoff(w, hooks):
    w.login("prod", user=None)
    tap.equal(token(w).rc, 0, "after a login there are tokens again")
    w.sim.fault("adfs-get", "status", status=503, count=-1)
    w.warp(30000 + 3700)
    w.wait(lambda: w.states()["prod"] == "backoff", "back-off")
    fifty(w, 5, "back-off")
    tap.equal(len((w.read(hooks) or b"").splitlines()), 1,
              "nobody was told of what mends itself")
    w.sim.clear_faults()
    w.stop_agent()
    r = token(w)
    tap.ok(r.rc == 6 and r.out == "", "without an agent it fails at once", r)


def main():
    with harness.World(warp=True) as w:
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ADMIN)])
        hooks = os.path.join(w.base, "home/hooks")
        w.profile("prod", role=ADMIN,
                  awsfed__on_needs_login="echo $AWSFED_EVENT >>" + hooks)
        w.login("prod")
        r = w.aws("eks", "get-token", "--profile", "prod", *ARGS)
        if r.rc != 0:
            tap.skip("eks get-token", "this AWS CLI cannot: " + r.err)
            return
        good(w)
        needs_login(w, hooks)
        backoff(w, hooks)


harness.need(aws=True)
tap.run(main)
