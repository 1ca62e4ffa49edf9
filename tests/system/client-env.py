# SPDX-License-Identifier: Apache-2.0
"""awsfedctl env and status --check against an agent that plays a script."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakeagent import *  # noqa: E402,F403

tap = Tap()
# A quote in each place where AWS might have one some day.
GOOD = {"profile": "p", "accessKeyId": "ASIAEXAMPLE", "secretAccessKey":
        "s/+='\\$x`\"", "sessionToken": "t" * 3000, "expiration": stamp(3000),
        "lifetime": 3600, "roleArn": "arn:aws:iam::1:role/R",
        "region": "eu-west-1"}
WANT = {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": GOOD["secretAccessKey"],
        "AWS_SESSION_TOKEN": "t" * 3000, "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_SDK_LOAD_CONFIG": "1",
        "AWS_CREDENTIAL_EXPIRATION": GOOD["expiration"]}
STALE = {"AWS_PROFILE": "x", "AWS_SECURITY_TOKEN": "old",
         "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
         "AWS_ROLE_ARN": "arn:old", "KEEP": "kept"}
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


def text(shell, **change):
    with Agent([dict(GOOD, **change)]) as a:
        r = run(a, "env", "p", "--shell", shell)
        equal((r.status, r.err), (0, ""))
        return r.out


def evaluated(argv):
    """The environment that a shell has after it."""
    with tempfile.TemporaryDirectory() as home:  # fish writes there
        p = subprocess.run(argv, env=environment(None, **dict(
            STALE, HOME=home)), text=True, capture_output=True, timeout=20)
    equal((p.returncode, p.stderr), (0, ""))
    env = json.loads(p.stdout)
    equal({k: env.get(k) for k in WANT}, WANT)
    equal({k: env.get(k) for k in STALE},
          dict.fromkeys(STALE, None) | {"KEEP": "kept"})


@tap.test
def posix_shells():
    """sh, bash and dash evaluate it"""
    out = text("sh")
    for shell in ("/bin/sh", "/bin/bash", "/bin/dash", "/bin/zsh"):
        if os.access(shell, os.X_OK):
            evaluated([shell, "-c", 'set -eu; eval "$1"; '
                       "/usr/bin/python3 -c '%s'" % DUMP, "sh", out])


@tap.test
def fish():
    """fish sources it"""
    out = text("fish")
    has(out, "set -e AWS_PROFILE;\n")
    has(out, "set -gx AWS_SECRET_ACCESS_KEY 's/+=\\'\\\\$x`\"';\n")
    if shutil.which("fish") is None:
        return "fish is not installed (its quoting was compared)"
    evaluated(["fish", "--no-config", "-c", "printf %%s $argv[1] | source; "
               "/usr/bin/python3 -c '%s'" % DUMP, out])


@tap.test
def powershell():
    """PowerShell's quotes are doubled"""
    out = text("powershell")
    has(out, "$Env:AWS_SECRET_ACCESS_KEY = 's/+=''\\$x`\"'\n")
    has(out, "Remove-Item -ErrorAction SilentlyContinue Env:AWS_PROFILE\n")


@tap.test
def as_json():
    """JSON: null for what has to go"""
    got = json.loads(text("json"))
    equal({k: v for k, v in got.items() if v is not None}, WANT)
    equal([got[k] for k in ("AWS_PROFILE", "AWS_ROLE_ARN")], [None, None])


@tap.test
def dotenv():
    """dotenv: bare lines, as docker's --env-file reads them"""
    lines = text("dotenv").splitlines()
    equal(dict(line.split("=", 1) for line in lines), WANT)


@tap.test
def regions():
    """a profile without a region, or with a strange one, sets none"""
    for region in (None, "", "a b", "x';reboot;'", "a\u20acb"):
        with Agent([{k: v for k, v in dict(GOOD, region=region).items()
                     if v is not None}]) as a:
            lacks(run(a, "env", "p", "--shell", "sh").out, "AWS_REGION")


@tap.test
def default_shell():
    """the shell is that of SHELL"""
    for shell, part in (("/bin/bash", "export AWS_R"), ("/usr/bin/fish",
                        "set -gx AWS_R"), ("/usr/bin/pwsh", "$Env:AWS_R"),
                        (None, "export AWS_R"), ("", "export AWS_R")):
        with Agent([GOOD]) as a:
            has(run(a, "env", "p", env={"SHELL": shell}).out, part)
    for args, env in ((["p"], {"SHELL": "/bin/tcsh"}),
                      (["p", "--shell", "tcsh"], {}), ([], {}), ([""], {}),
                      (["p", "q"], {}), (["p", "--need", "1y"], {})):
        r = run(None, "env", *args, env=env)
        equal((r.status, r.out), (2, ""))
        has(r.err, "Next: ")


@tap.test
def nothing_on_failure():
    """a failure prints nothing that could be evaluated"""
    for reply, status in (
            (fault("needs-user", "Nobody is signed in.",
                   next="awsfedctl login p"), 3),
            (fault("temporary", "It is being retried."), 5),
            (error("NoSuchProfile", profile="p"), 1),
            (None, 6), (b"junk\0", 1), ({}, 1),
            (dict(GOOD, sessionToken="a b"), 1),
            (dict(GOOD, secretAccessKey="a\nb"), 1)):
        with Agent([reply]) as a:
            r = run(a, "env", "p", "--shell", "sh")
            equal((r.status, r.out), (status, ""))
            has(r.err, "Next: ")
    for sh in ('exec "$0" env p >&-', 'exec "$0" env p >/dev/full'):
        with Agent([GOOD]) as a:
            p = subprocess.run(["/bin/sh", "-c", sh, PROGRAM], timeout=20,
                               stderr=subprocess.PIPE, env=environment(a))
            equal(p.returncode, 1)
            has(p.stderr.decode(), "could not be written")


@tap.test
def exec_odd_answers():
    """exec with an odd answer runs nothing: 125"""
    for reply in (fault("denied", "No."), None, b"junk\0", {},
                  dict(GOOD, sessionToken="a b"), error("Busy2")):
        with Agent([reply]) as a:
            r = run(a, "exec", "p", "--", "/bin/echo", "ran")
            equal((r.status, r.out), (125, ""))
            has(r.err, "Next: ")


@tap.test
def needs():
    """--need: what is asked of the agent, and the reasons"""
    for need, seconds in (("45m", 2700), ("2700", 2700), ("1d", 43200),
                          ("0h45m0s", 2700)):
        with Agent([dict(GOOD, lifetime=3600)]) as a:
            run(a, "exec", "p", "--need", need, "--", "true")
            par = a.calls[0]["parameters"]
            equal((par["profile"], par["minValid"]), ("p", seconds))
    for need in ("", "h", "3", "3h3h", "30m1h", "1h30", "8d", "-1h", "0",
                 "99999999s", "1.5h"):
        r = run(None, "exec", "p", "--need", need, "--", "true")
        equal(r.status, 125)
        if need != "3":
            has(r.err, "--need takes")
    for change, words in ((dict(lifetime=3600, maxDuration=3600),
                           "AWS gives its role 1h00m at most"),
                          (dict(lifetime=3600), "session_duration"),
                          (dict(lifetime=43200), "new ones would last")):
        with Agent([dict(GOOD, **change)]) as a:
            r = run(a, "exec", "p", "--need", "3h", "--", "/bin/echo", "ran")
            equal((r.status, r.out), (125, ""))
            has(r.err, words)


def profile(**more):
    return dict({"profile": "p", "kind": "adfs", "state": "fresh",
                 "live": True, "left": 1800, "deliver": "file"}, **more)


def status_of(*profiles):
    return {"agent": {}, "identities": [], "profiles": list(profiles)}


@tap.test
def check():
    """status --check: 0, 3, 5, 6, 7 and not a word"""
    dead = {"live": False, "left": 0}
    chained = profile(profile="c", kind="chained", source="p", state="idle",
                      deliver="none", **dead)
    for reply, args, want in (
            (status_of(profile()), ["p"], 0),
            (status_of(profile()), ["p", "--min", "30m"], 0),
            (status_of(profile()), ["p", "--min", "31m"], 7),
            (status_of(profile(state="backoff")), ["p"], 0),
            (status_of(profile(state="needs-login", **dead)), ["p"], 3),
            (status_of(profile(state="idle", **dead)), ["p"], 3),
            (status_of(profile(state="backoff", **dead)), ["p"], 5),
            (status_of(profile(state="waiting", **dead)), ["p"], 5),
            (status_of(profile(state="failed", fault={
                "kind": "denied", "text": "No."}, **dead)), ["p"], 4),
            (status_of(profile(), chained), ["c"], 0),
            (status_of(profile(), chained), ["c", "--min", "1h"], 7),
            (status_of(profile(state="needs-login", **dead), chained),
             ["c"], 3),
            (status_of(profile(), dict(chained, source="c")), ["c"], 3),
            (status_of(profile(), dict(chained, deliver="file")),
             ["c.live"], 3),
            (status_of(), ["p"], 1),
            ({}, ["p"], 1),
            (error("NoSuchProfile", profile="p"), ["p"], 1),
            (None, ["p"], 6)):
        with Agent([reply]) as a:
            r = run(a, "status", "--check", *args)
            equal((args, r.status, r.out, r.err), (args, want, "", ""))
    equal(run(None, "status", "p", "--check").status, 6)
    for args in (["--check"], ["p", "--min", "1h"],
                 ["p", "--check", "--json"], ["p", "--check", "--min", "x"]):
        equal(run(None, "status", *args).status, 2)


@tap.test
def who():
    """status P says who P is"""
    arn = "arn:aws:sts::1:assumed-role/R/jane@example.com"
    with Agent([dict(status_of(profile(
            account="1", role="R", roleArn="arn:aws:iam::1:role/R",
            identity="i", principal=arn, sessionName="jane@example.com",
            lifetime=3600, maxDuration=3600)), identities=[
                {"id": "i", "user": "CORP\\jane", "host": "h"}])]) as a:
        out = run(a, "status", "p").out
        for part in ("Principal    " + arn, "Session      jane@example.com",
                     "Source       CORP\\jane @ h", "Account      1\n",
                     "refused more than 1h00m"):
            has(out, part)


tap.main()
