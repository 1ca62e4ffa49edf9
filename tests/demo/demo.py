# SPDX-License-Identifier: Apache-2.0
"""./bootstrap demo: a sign-in, the AWS CLI, a chained role and a renewal,
against a simulated AD FS and AWS, in a throwaway HOME. Nothing is left."""

import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "system"))

import harness                                          # noqa: E402
import netns                                            # noqa: E402
import tap                                              # noqa: E402
from harness import HOST, PASSWORD, USER, pair, role    # noqa: E402

PROD, CHAIN = "product-prod-admin", "product-prod-web-deploy"
ADMIN = role("012345678901", "MyAdminRole")
DEPLOY = role("765432109876", "WebDeploy")
CONFIG = """
[profile %s]
region = us-east-1
role_arn = %s
source_profile = %s
""" % (CHAIN, DEPLOY, PROD)
# Seconds that the simulated AWS lets keys live: renewal is due at half of it.
LIFE = 8
LOOP = r"""
export AWS_PROFILE=%s
for i in 1 2 3 4 5; do
  printf '%%s  key ..' "$(date +%%T)"
  sed -n 's/^aws_access_key_id.*\(....\)$/\1/p' ~/.aws/credentials | tr '\n' ' '
  aws sts get-caller-identity --query Arn --output text || exit
  sleep 1.7
done
""" % PROD

problems = []


def check(good, name, *why):
    if not good:
        problems.append("\n".join([name] + [str(w) for w in why]))
    return bool(good)


def say(text=""):
    print(text, flush=True)


def head(text):
    say("\n\033[1m%s\033[0m" % text if sys.stdout.isatty() else "\n" + text)


def show(text):
    sys.stdout.write(text.replace("\r\n", "\n"))
    sys.stdout.flush()


def ended(r):
    check(r.rc == 0, "%s ended with status %s" % (" ".join(r.argv), r.rc))
    return r


def command(w, *argv, prefix="", answers=(), **env):
    say("$ %s%s" % (prefix, " ".join(argv)))
    r = w.type([w.program(argv[0]) if argv[0] == "awsfedctl" else
                "/usr/bin/" + argv[0], *argv[1:]], answers, whole=True,
               show=show, **env)
    check(not r.unasked, "a question did not come: %s" % r.unasked)
    return ended(r)


def story(w):
    w.sim.user(USER, roles=[pair(ADMIN), pair(role("012345678901",
                                                   "ReadOnly"))])
    w.sim.role(DEPLOY, trust=[ADMIN])
    # A person would not fetch a token every few seconds; here AD FS allows it.
    w.sim.set(token_life=LIFE, loop_tokens=30)

    head("Sign in once (user %s, password \"%s\")" % (USER, PASSWORD))
    command(w, "awsfedctl", "login", "--profile", PROD, "--role-arn", ADMIN,
            "--region", "us-east-1", "--adfs-host", HOST,
            answers=[(harness.ASK_USER, USER),
                     (harness.ASK_PASSWORD, PASSWORD)])
    command(w, "awsfedctl", "status")

    head("The AWS CLI uses the profile, by option or by AWS_PROFILE")
    for args, env in ((["--profile", PROD], {}), ([], {"AWS_PROFILE": PROD})):
        r = command(w, "aws", "sts", "get-caller-identity", *args, prefix="".
                    join("%s=%s " % pair for pair in env.items()), **env)
        check("assumed-role/MyAdminRole/" in r.all, "not MyAdminRole", r)

    head("A role behind it: four lines in ~/.aws/config, as ever")
    say("$ cat >>~/.aws/config <<EOF%sEOF" % CONFIG)
    before = w.read(w.config_file).decode()
    w.write(w.config_file, before + CONFIG)
    r = command(w, "aws", "sts", "get-caller-identity", "--profile", CHAIN)
    check("assumed-role/WebDeploy/" in r.all, "not WebDeploy", r)

    head("Keys live %d seconds here. A shell goes on; nobody signs in again"
         % LIFE)
    for line in LOOP.strip().splitlines():
        say(("$ " if not line.startswith((" ", "done")) else "> ") + line)
    seen = []
    r = ended(w.type(["/bin/sh", "-c", LOOP], whole=True, show=show))
    seen = re.findall(r"key \.\.(\S{4}) ", r.all)
    check(len(set(seen)) > 1, "the keys were not renewed", seen)
    command(w, "awsfedctl", "status")
    counted = w.sim.counters()
    check(counted["password_posts"] == 1, "more than one password was posted")
    say("\nThe simulated AD FS saw %d password and gave %d assertions; "
        "%d different keys in the loop." % (
            counted["password_posts"], counted["assertions"],
            len(set(seen))))


def main():
    harness.enter(timeout=120)
    for name in harness.PROGRAMS:
        if tap.program(name) is None:
            sys.exit("demo: %s was not built.\n  Next: ./bootstrap demo"
                     % name)
    begin = time.monotonic()
    try:
        with harness.World(settings={"min_lifetime": 1, "log_debug": "no"},
                           check=check) as w:
            say("A throwaway HOME: %s. AD FS, AWS sign-in and STS are "
                "simulated %s." % (w.home, "in a private network" if
                                   netns.inside() else "behind a proxy"))
            story(w)
    except Exception as e:
        problems.append("%s: %s" % (type(e).__name__, e))
    if problems:
        say("\nThe demo failed:\n" + "\n".join(problems))
        sys.exit(1)
    say("""
%d seconds; nothing is left running, and %s is gone.

What to type next, for your own company's AD FS:
  ./bootstrap install
  systemctl --user daemon-reload
  systemctl --user enable --now awsfedd.socket awsfedd.service
  awsfedctl login --profile NAME --adfs-host YOUR-HOST --region REGION"""
        % (time.monotonic() - begin, w.base))


main()
