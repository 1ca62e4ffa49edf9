# SPDX-License-Identifier: Apache-2.0
"""awsfedctl credential-process: the document, or nothing but a line."""
import json
import os
import subprocess
import sys
import shutil

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakeagent import *  # noqa: E402,F403

tap = Tap()
GOOD = {"profile": "p", "accessKeyId": "ASIAEXAMPLE", "secretAccessKey":
        "s/+=x", "sessionToken": "t" * 3000, "expiration": stamp(3000),
        "lifetime": 3600, "roleArn": "arn:aws:iam::1:role/R"}


@tap.test
def document():
    """the exact document, one line"""
    with Agent([GOOD]) as a:
        r = run(a, "credential-process", "p")
        equal((r.status, r.err), (0, ""))
        equal(r.out, '{"Version":1,"AccessKeyId":"ASIAEXAMPLE",'
              '"SecretAccessKey":"s/+=x","SessionToken":"%s",'
              '"Expiration":"%s"}\n' % ("t" * 3000, GOOD["expiration"]))
        equal(a.calls, [{"method": IFACE + "Credentials",
                         "parameters": {"profile": "p"}}])


@tap.test
def one_write():
    """one write(2)"""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    with Agent([GOOD]) as a:
        p = subprocess.run([strace, "-f", "-e", "trace=write,writev", "-o",
                            a.dir + "/trace", PROGRAM, "credential-process",
                            "p"], capture_output=True, timeout=20,
                           env=environment(a, ASAN_OPTIONS="detect_leaks=0"))
        equal(p.returncode, 0)
        with open(a.dir + "/trace") as f:
            writes = [x for x in f if "(1," in x]
        equal(len(writes), 1)


@tap.test
def parameters():
    """--min-valid, --profile, AWS_PROFILE"""
    with Agent([GOOD] * 3) as a:
        run(a, "credential-process", "p", "--min-valid", "900")
        run(a, "credential-process", "--profile", "q",
            env={"AWS_PROFILE": "x"})
        run(a, "credential-process", env={"AWS_PROFILE": "x"})
        equal([c["parameters"] for c in a.calls],
              [{"profile": "p", "minValid": 900}, {"profile": "q"},
               {"profile": "x"}])
    for args in ([], [""], ["a", "b"], ["a", "--min-valid", "0"]):
        r = run(None, "credential-process", *args)
        equal((r.status, r.out), (2, ""))


@tap.test
def failures():
    """a failure: nothing on stdout, one line that names the command"""
    for reply, status in (
            (fault("needs-user", "Nobody is signed in.",
                   next="awsfedctl login p"), 3),
            (fault("temporary", "It is\nbeing retried.", request="r-9"), 5),
            (error("NoSuchProfile", profile="p"), 1),
            (None, 6), (b"junk\0", 1), ({}, 1),
            (dict(GOOD, sessionToken="a b"), 1),
            (dict(GOOD, secretAccessKey="a\nb"), 1),
            (dict(GOOD, accessKeyId=3), 1),
            (dict(GOOD, expiration="soon"), 1)):
        with Agent([reply]) as a:
            r = run(a, "credential-process", "p")
            equal((r.status, r.out), (status, ""))
            equal(r.err.count("\n"), 1)
            equal(r.err[:11], "awsfed: p: ")
            has(r.err, " Next: ")
    equal(run(None, "credential-process", "p").err.count("\n"), 1)


@tap.test
def never_asks():
    """it never opens the terminal"""
    with Agent([fault("needs-user", "Nobody is signed in.",
                      next="awsfedctl login p")]) as a:
        t = Terminal(a, "credential-process", "p")
        r = t.wait()
        equal((r.status, r.out, t.screen), (3, "", ""))


@tap.test
def closed_output():
    """a closed or full standard output: exit 1 and a line"""
    for sh in ('exec "$0" credential-process p >&-',
               'exec "$0" credential-process p >/dev/full'):
        with Agent([GOOD]) as a:
            p = subprocess.run(["/bin/sh", "-c", sh, PROGRAM], timeout=20,
                               stderr=subprocess.PIPE, env=environment(a))
            equal(p.returncode, 1)
            has(p.stderr.decode(), "could not be written")
            lacks(p.stderr.decode(), "s/+=x")


@tap.test
def aws_reads_it():
    """botocore reads the document"""
    try:
        import botocore.session
    except ImportError:
        return "botocore is not installed"
    with Agent([GOOD]) as a:
        config = a.dir + "/config"
        with open(config, "w") as f:
            f.write("[profile p]\ncredential_process = %s "
                    "credential-process p\n" % os.path.abspath(PROGRAM))
        saved = dict(os.environ)
        os.environ.update(environment(a, AWS_CONFIG_FILE=config,
                          AWS_SHARED_CREDENTIALS_FILE=a.dir + "/none"))
        try:
            s = botocore.session.Session(profile="p")
            c = s.get_credentials().get_frozen_credentials()
        finally:
            os.environ.clear()
            os.environ.update(saved)
        equal((c.access_key, c.secret_key, c.token),
              ("ASIAEXAMPLE", "s/+=x", "t" * 3000))


tap.main()
