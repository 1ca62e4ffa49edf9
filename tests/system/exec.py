#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""awsfedctl exec: a command with a profile's credentials. TAP."""
import json
import re
import signal

import harness
import tap
from harness import ASK_PASSWORD, PASSWORD, USER, role

DEV, OPS = role("111111111111", "Dev"), role("222222222222", "Ops")
HOP = role("333333333333", "Hop")
NOW = r"(?i)sign in now\? \[Y/n\] $"
OURS, CANNOT, MISSING = 125, 126, 127
CONTRARY = {
    "AWS_PROFILE": "other", "AWS_DEFAULT_PROFILE": "another",
    "AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SECRET_ACCESS_KEY": "old",
    "AWS_SESSION_TOKEN": "old", "AWS_SECURITY_TOKEN": "old",
    "AWS_ACCOUNT_ID": "9", "AWS_ROLE_ARN": "arn:old",
    "AWS_ROLE_SESSION_NAME": "old", "AWS_WEB_IDENTITY_TOKEN_FILE": "/old",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/old",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "old",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/old",
    "AWS_ACCESS_KEY": "old", "AWS_SECRET_KEY": "old",
    "EC2_ACCESS_KEY": "old", "EC2_SECRET_KEY": "old",
    "EC2_SECURITY_TOKEN": "old", "AWS_CREDENTIAL_FILE": "/old",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
}
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"
PYTHON = "/usr/bin/python3"


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(DEV), harness.pair(OPS)])
    w.sim.role(OPS, max_duration=43200, providers=[
        harness.provider("222222222222")])
    w.sim.role(HOP, trust=[DEV])
    w.profile("dev", role=DEV, reload=False)
    w.profile("ops", role=OPS, reload=False,
              adfs_config__session_duration=14400)
    w.profile("hop", host=None, reload=False, role_arn=HOP,
              source_profile="dev")
    w.ctl("reload")


def environment(w):
    r = w.login("dev")
    tap.ok(r.rc == 0, "signed in", r)
    r = w.ctl("exec", "dev", "--", PYTHON, "-c", DUMP, **CONTRARY)
    tap.ok(r.rc == 0 and r.err == "", "a command runs", r)
    env, have = json.loads(r.out), w.credentials()["dev"]
    tap.equal([env.get(k) for k in (
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION", "AWS_REGION", "AWS_DEFAULT_REGION",
        "AWS_SDK_LOAD_CONFIG")],
        [have["aws_access_key_id"], have["aws_secret_access_key"],
         have["aws_session_token"], have["x_security_token_expires"],
         "us-east-1", "us-east-1", "1"], "it has the keys and the region")
    left = [k for k, v in CONTRARY.items() if env.get(k) == v]
    tap.equal(left, [], "nothing of another identity is left")
    tap.equal(env.get("HOME"), w.home, "and the rest stays")
    r = w.ctl("exec", "dev", "--", "/usr/bin/aws", "sts",
              "get-caller-identity", AWS_PROFILE="nonesuch")
    tap.ok(r.rc == 0 and ":assumed-role/Dev/" in r.out, "the AWS CLI works", r)
    r = w.ctl("exec", "--profile", "dev", "--", "/bin/echo", "--need", "--",
              "a b")
    tap.equal(r.out, "--need -- a b\n", "the command's options are its own")
    r = w.ctl("exec", "--", "/bin/echo", "x", AWS_PROFILE="dev")
    tap.equal((r.rc, r.out), (0, "x\n"), "AWS_PROFILE names it, too")


def passed_through(w):
    for status in (0, 1, 3, 42, 255):
        r = w.ctl("exec", "dev", "--", "/bin/sh", "-c", "exit %d" % status)
        tap.equal(r.rc, status, "exit status %d is the command's" % status)
    r = w.ctl("exec", "dev", "--", "/bin/sh", "-c", "kill -TERM $$")
    tap.equal(r.rc, -signal.SIGTERM, "so is death by a signal")
    r = w.ctl("exec", "dev", "--", "/bin/cat", "/proc/self/status")
    blocked, ignored = [int(re.search(name + r":\s*(\w+)", r.out)[1], 16)
                        for name in ("SigBlk", "SigIgn")]
    tap.equal((blocked, ignored & 1 << signal.SIGPIPE - 1,
               ignored & 1 << signal.SIGTERM - 1), (0, 0, 0),
              "no signal is blocked or ignored for it")
    r = w.ctl("exec", "dev", "--", "/bin/cat", stdin="over\n")
    tap.equal(r.out, "over\n", "standard input is the command's")
    r = w.ctl("exec", "dev", "--", PYTHON, "-c",
              "import os; print(sorted(map(int, os.listdir('/proc/self/fd')))"
              "[3:4], os.getppid())")
    tap.ok(r.out.startswith("[3]"), "no descriptor leaks into it", r)


def own_failures(w):
    for args, want, words in (
            (["dev"], OURS, "write -- between"),
            (["dev", "--"], OURS, "after a --"),
            (["dev", "true"], OURS, "write -- between"),
            (["--", "true"], OURS, "name one profile"),
            (["", "--", "true"], OURS, "name one profile"),
            (["a", "b", "--", "true"], OURS, "name one profile"),
            (["--need", "soon", "dev", "--", "true"], OURS, "3h, 90m"),
            (["--needless", "dev", "--", "true"], OURS, "no option"),
            (["nobody", "--", "true"], OURS, "no such profile"),
            (["dev", "--", "/bin/nonesuch"], MISSING, "cannot be run"),
            (["dev", "--", "nonesuch-program"], MISSING, "PATH"),
            (["dev", "--", "/etc/passwd"], CANNOT, "executed"),
            (["dev", "--", "/tmp"], CANNOT, "cannot be run")):
        r = w.ctl("exec", *args)
        tap.ok(r.rc == want and words in r.err and r.out == "",
               "exec %s: %d" % (" ".join(args), want), r)
    r = w.ctl("exec", "dev", "--", "true", XDG_RUNTIME_DIR="/nonexistent")
    tap.ok(r.rc == OURS and "no agent answers" in r.err and "Next:" in r.err,
           "no agent: 125, at once", r)


def chained(w):
    before = w.sim.counters()
    r = w.ctl("exec", "hop", "--", "/usr/bin/aws", "sts",
              "get-caller-identity")
    tap.ok(r.rc == 0 and "333333333333:assumed-role/Hop/" in r.out,
           "a chained profile that is not delivered", r)
    tap.equal(w.sim.since(before).get("assume_role"), 1,
              "the agent assumes it when asked")
    tap.ok("hop.live" not in w.credentials(), "no file has it")
    before = w.sim.counters()
    w.ctl("exec", "hop", "--", "true")
    tap.equal(w.sim.since(before).get("assume_role", 0), 0,
              "and keeps it while it lives")
    who = w.identity("--profile", "hop")
    tap.ok("assumed-role/Hop" in str(who), "the AWS CLI assumes it as ever",
           who)


def need(w):
    before = w.sim.counters()
    r = w.ctl("exec", "--need", "30m", "dev", "--", "/bin/echo", "ran")
    tap.equal((r.rc, r.out), (0, "ran\n"), "they last half an hour")
    r = w.ctl("exec", "--need", "1h", "dev", "--", "/bin/echo", "ran")
    tap.equal((r.rc, r.out), (0, "ran\n"), "new ones last the hour")
    for _ in range(3):
        r = w.ctl("exec", "--need", "3h", "dev", "--", "/bin/echo", "ran")
        tap.ok(r.rc == OURS and "3h00m are needed" in r.err and
               "session_duration" in r.err and "ran" not in r.out,
               "three hours they do not: the reason, and no command", r)
    tap.ok(w.sim.since(before).get("assertions", 0) <= 1,
           "asking again and again renews nothing", w.sim.since(before))
    r = w.ctl("exec", "--need", "3h", "ops", "--", "/bin/echo", "ran")
    tap.equal((r.rc, r.out), (0, "ran\n"), "another role's do")


def offers(w):
    w.ctl("logout", "--all")
    r = w.ctl("exec", "dev", "--", "/bin/echo", "ran")
    tap.ok(r.rc == OURS and "awsfedctl login dev" in r.err and r.out == "",
           "signed out, nobody there: the command that helps", r)
    before = w.sim.counters()
    r = w.type([w.program("awsfedctl"), "exec", "dev", "--", "/bin/echo",
                "ran"], [(NOW, "n")])
    tap.ok(r.rc == OURS and "ran" not in r.all,
           "at a terminal it offers to sign in; no is no", r)
    tap.equal(w.sim.since(before).get("adfs_gets", 0), 0,
              "and nothing was sent")
    r = w.type([w.program("awsfedctl"), "exec", "dev", "--", "/bin/echo",
                "ran"], [(NOW, ""), (ASK_PASSWORD, PASSWORD)])
    tap.ok(r.rc == 0 and r.out.endswith("ran\n") and
           "fresh" not in r.out, "yes signs in and runs it", r)


def main():
    with harness.World() as w:
        setup(w)
        for step in (environment, passed_through, own_failures, chained, need,
                     offers):
            step(w)


harness.need(aws=True)
tap.run(main)
