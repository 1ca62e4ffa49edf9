# SPDX-License-Identifier: Apache-2.0
"""awsfedctl configure and roles: from a sign-in to a profile for each role."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import configparser  # noqa: E402

import harness  # noqa: E402
import tap  # noqa: E402
from harness import (ASK_PASSWORD, ASK_USER, HOST, PASSWORD,  # noqa: E402
                     USER, role)
from terminal import CTRL_C, CTRL_D  # noqa: E402

ONE, TWO, THREE = "111122223333", "222233334444", "333344445555"
ADMIN, DEV = role(ONE, "Admin"), role(ONE, "Dev")
OPS, DEPLOY = role(TWO, "Admin"), role(THREE, "team/x/Deploy,Prod=1")
ALL = [OPS, ADMIN, DEPLOY, DEV]
RO = "arn:aws:iam::aws:policy/ReadOnlyAccess"
WHICH, WRITE = r"q to quit\): $", r"\[y/N\] $"
SIGN_IN = [(ASK_USER, USER), (ASK_PASSWORD, PASSWORD)]
MINE = "# mine\n[profile other]\nregion = eu-west-1\n"


def setup(w, arns=ALL, mine=MINE):
    w.sim.user(USER, roles=[harness.pair(a) for a in arns])
    w.sim.set(loop_tokens=30)  # more than a person would fetch
    w.sim.do("alias", account=ONE, name="acme-prod")
    w.sim.do("alias", account=TWO, name="acme-test")
    if mine:
        w.write(w.config_file, mine)


def configure(w, *args, answers=(), sign_in=True, timeout=30, **more):
    """At a terminal."""
    return w.type([w.program("awsfedctl"), "configure", *args],
                  (SIGN_IN if sign_in else []) + list(answers),
                  timeout=timeout, **more)


def scripted(w, *args, host=HOST, **more):
    """Without a terminal; somebody has signed in."""
    first = ["--adfs-host", host] if host else []
    return w.ctl("configure", *first, *args, **more)


def config(w):
    parser = configparser.RawConfigParser(default_section="\0none")
    parser.read_string((w.read(w.config_file) or b"").decode())
    return {s: dict(parser.items(s)) for s in parser.sections()}


def added(w):
    """profile -> its keys, without what was there before."""
    return {s[len("profile "):]: k for s, k in config(w).items()
            if s != "profile other"}


def roles_of(w):
    return {p: k["adfs_config.role_arn"] for p, k in added(w).items()}


def the_story():
    with harness.World() as w:
        setup(w)
        before = w.sim.counters()
        r = configure(w, "--adfs-host", HOST, "--region", "eu-west-1",
                      answers=[(WHICH, "1,3-4"), (WRITE, "y")])
        tap.ok(r.rc == 0 and not r.unasked, "sign in, pick, confirm", r)
        tap.equal(w.sim.since(before).get("password_posts"), 1,
                  "one password")
        tap.equal(w.sim.since(before).get("signin_posts"), 1,
                  "the page of aliases is asked once")
        for part in ("acme-prod (%s)\n" % ONE, "acme-test (%s)\n" % TWO,
                     "%s\n" % THREE, "    1  Deploy,Prod=1", "    2  Admin"):
            tap.ok(part in r.tty, "the list has %r" % part, r.tty)
        tap.ok("Write 3 profiles to %s? [y/N]" % w.config_file in r.tty,
               "the question counts them", r.tty)
        tap.ok("3 profiles written" in r.err, "it says so", r.err)
        text = w.read(w.config_file).decode()
        tap.ok(text.startswith(MINE), "what stood there stands", text)
        want = {"acme-test-Admin": OPS, "acme-prod-Dev": DEV,
                THREE + "-Deploy-Prod-1": DEPLOY}
        tap.equal(roles_of(w), want, "names from the template, by alias, by "
                  "account where there is none, without bad characters")
        tap.equal(added(w)["acme-prod-Dev"], {
            "region": "eu-west-1", "adfs_config.adfs_host": HOST,
            "adfs_config.adfs_user": USER, "adfs_config.role_arn": DEV},
            "the keys are those that login writes")
        plus = [line[1:] for line in r.out.splitlines()
                if line.startswith("+") and not line.startswith("+++")]
        tap.equal("\n".join(plus).strip(), text[len(MINE):].strip(),
                  "the diff was what was written")
        r = w.ctl("undo")
        tap.ok(r.rc == 0, "undo takes it back", r)
        tap.equal(w.read(w.config_file).decode(), MINE, "all of it")
        r = scripted(w, "--region", "eu-west-1", "--yes", "--filter", "Dev",
                     "--filter", "Deploy*", "--filter", "acme-test")
        tap.equal((r.rc, w.read(w.config_file).decode()), (0, text),
                  "the same again, without questions")
        r = w.login("acme-prod-Dev", user=None, password=None)
        tap.ok(r.rc == 0, "a new profile logs in without a password", r)
        tap.equal(w.sim.since(before).get("password_posts"), 1, "really")
        # A second time: only the new one.
        r = scripted(w, "--yes")
        tap.ok(r.rc == 0 and "1 profile written" in r.err,
               "a second run adds what is missing", r)
        tap.ok(r.err.count("left alone") == 3, "the others are named", r)
        want["acme-prod-Admin"] = ADMIN
        tap.equal(roles_of(w), want, "and only that")
        once = w.read(w.config_file)
        r = scripted(w, "--yes", host=None)
        tap.ok(r.rc == 0 and "nothing to write" in r.err, "then nothing", r)
        tap.equal(w.read(w.config_file), once, "not a byte")
        tap.equal(w.sim.since(before).get("signin_posts"), 1,
                  "aliases are remembered")
        r = configure(w, "--adfs-host", HOST, sign_in=False,
                      answers=[(WHICH, "q")])
        tap.ok("    3  Dev            profile acme-prod-Dev\n" in r.tty,
               "the list names the profiles that are there", r.tty)
        if os.access(harness.AWS, os.X_OK):
            listed = w.aws("configure", "list-profiles").out.split()
            tap.equal(sorted(listed), sorted([*want, "other"]),
                      "the AWS CLI lists them")


def giving_up():
    with harness.World() as w:
        setup(w)
        for what, answers in (
                ("q at the list", [(WHICH, "q")]),
                ("Ctrl-C at the list", [(WHICH, CTRL_C)]),
                ("Ctrl-D at the list", [(WHICH, CTRL_D)]),
                ("no at the question", [(WHICH, "all"), (WRITE, "")]),
                ("Ctrl-C at the question", [(WHICH, "all"),
                                            (WRITE, CTRL_C)])):
            first = what.startswith("q")
            r = configure(w, "--adfs-host", HOST, answers=answers,
                          sign_in=first)
            tap.ok(r.rc == 1 and "nothing was written" in r.err and
                   "you stay signed in" in r.err, what, r)
            tap.equal(w.read(w.config_file).decode(), MINE,
                      what + " writes nothing")
        r = w.type([w.program("awsfedctl"), "configure", "--adfs-host",
                    "adfs.example.com"], [(ASK_USER, CTRL_C)])
        tap.ok(r.rc == 1 and "awsfedctl configure" in r.err,
               "Ctrl-C at the sign-in", r)
        r = configure(w, "--adfs-host", HOST, sign_in=False, answers=[
            (WHICH, "0"), (WHICH, "2-9"), (WHICH, "nonesuch"),
            (WHICH, "acme-prod"), (WHICH, "all"), (WRITE, "n")])
        tap.ok("The numbers go from 1 to 4" in r.tty, "bad numbers", r.tty)
        tap.ok('Nothing matches "nonesuch"' in r.tty, "no match", r.tty)
        tap.ok("Write 2 profiles" in r.tty, "all is all that is shown",
               r.tty)
        r = scripted(w, "--dry-run")
        tap.ok(r.rc == 0 and r.out.count("\n+[profile ") == 4,
               "--dry-run shows the change", r)
        r = scripted(w, "--dry-run", "--json", "--filter", "acme-p*/ADMIN")
        reply = json.loads(r.out)
        tap.equal([p["profile"] for p in reply["profiles"]],
                  ["acme-prod-Admin"], "a filter may be a glob")
        tap.equal(reply["written"], False, "and says that it did not write")
        r = scripted(w, "--dry-run", "--filter", "nonesuch")
        tap.ok(r.rc == 1 and "none of the 4 roles" in r.err,
               "a filter that nothing matches", r)
        r = scripted(w)
        tap.ok(r.rc == 2 and "--yes" in r.err, "no terminal, no --yes", r)
        r = scripted(w, "--json")
        tap.equal(r.rc, 2, "--json asks nothing")
        tap.equal(w.read(w.config_file).decode(), MINE, "nothing was written")


def no_terminal():
    with harness.World() as w:
        setup(w)
        r = scripted(w, "--yes")
        tap.ok(r.rc == 3 and "awsfedctl configure in a terminal" in r.err,
               "a sign-in without a terminal is status 3", r)
        r = scripted(w, "--yes", host=None)
        tap.ok(r.rc == 3 and "configure --adfs-host" in r.err,
               "so is a server that nobody named", r)
        tap.equal(w.ctl("roles").rc, 3, "roles too")
        r = w.type([w.program("awsfedctl"), "roles", "--adfs-host", HOST],
                   SIGN_IN)
        tap.ok(r.rc == 0, "at a terminal roles signs in", r)
        tap.equal(r.out.split("\n")[0].split(),
                  "ACCOUNT ALIAS ROLE PROFILE ARN".split(), "its columns")
        tap.ok("acme" not in r.out and
               w.sim.counters()["signin_posts"] == 0,
               "AWS is not asked for aliases unless somebody wants them", r)
        r = w.ctl("roles", "--aliases")
        tap.ok(r.rc == 0, "then without a terminal", r)
        rows = [line.split() for line in r.out.splitlines()[1:]]
        tap.equal([row[:3] for row in rows], [
            [THREE, "-", "Deploy,Prod=1"], [ONE, "acme-prod", "Admin"],
            [ONE, "acme-prod", "Dev"], [TWO, "acme-test", "Admin"]],
            "with aliases")
        tap.equal(w.read(w.config_file).decode(), MINE, "roles wrote nothing")
        w.profile("p", role=DEV)
        r = json.loads(w.ctl("roles", "--json", "--profile", "p").out)
        tap.equal([o.get("profile") for o in r["roles"]],
                  [None, None, "p", None], "and the profile that has it")


def aliases_never_fatal():
    with harness.World() as w:
        setup(w)
        configure(w, "--adfs-host", HOST, "--no-aliases",
                  answers=[(WHICH, "q")])
        for kind, more in (("status", {"status": 503}), ("garbage", {}),
                           ("close", {}), ("empty", {}), ("truncated", {}),
                           ("foreign-redirect", {}),
                           ("delay", {"delay": 9000})):
            before = w.sim.counters()
            w.sim.fault("signin", kind, **more)
            start = time.monotonic()
            r = scripted(w, "--dry-run", "--json")
            took = time.monotonic() - start
            tap.ok(r.rc == 0 and json.loads(r.out)["new"] == 4,
                   "a page with %s is not fatal" % kind, r)
            tap.equal(w.sim.since(before).get("signin_posts"), 1,
                      "it was asked (%s)" % kind)
            tap.ok(took < 8, "nor waited for long (%s)" % kind, took)
            w.sim.clear_faults()
        w.sim.set(chooser="interstitial")
        r = scripted(w, "--dry-run", "--json")
        names = {p["profile"] for p in json.loads(r.out)["profiles"]}
        tap.equal(names, {ONE + "-Admin", ONE + "-Dev", TWO + "-Admin",
                          THREE + "-Deploy-Prod-1"},
                  "accounts stand in for aliases")
        w.sim.set(chooser="2023")
        r = scripted(w, "--dry-run")
        tap.ok("+[profile acme-prod-Dev]" in r.out, "the page of 2023", r)
        before = w.sim.counters()
        r = scripted(w, "--dry-run", "--json")
        tap.equal(w.sim.since(before).get("signin_posts", 0), 0,
                  "what was learned is not asked again")


def templates():
    with harness.World() as w:
        more = [role(TWO, "x/Admin"), role(TWO, "default")]
        setup(w, ALL + more)
        configure(w, "--adfs-host", HOST, answers=[(WHICH, "q")])
        w.write(w.credentials_file,
                "[Dev]\naws_access_key_id = A\naws_secret_access_key = b\n")

        def names(template, *args):
            r = scripted(w, "--dry-run", "--json", "--template", template,
                         *args)
            if r.rc != 0:
                return r
            return {p["profile"]: p["roleArn"]
                    for p in json.loads(r.out)["profiles"]}
        tap.equal(names("{role}"), {
            "Admin-" + ONE: ADMIN, "Admin-" + TWO: OPS,
            "Admin-%s-2" % TWO: more[0], "Dev-" + ONE: DEV,
            "Deploy-Prod-1": DEPLOY, "default-" + TWO: more[1]},
            "collisions get the account, then a number; [default] and "
            "sections of the credentials file are taken")
        tap.equal(set(names("{account}")),
                  {ONE, ONE + "-2", TWO, TWO + "-2", TWO + "-3", THREE},
                  "{account} alone")
        tap.equal(set(names("corp/{alias}", "--filter", "Admin")),
                  {"corp/acme-prod", "corp/acme-test",
                   "corp/acme-test-" + TWO} -
                  {"corp/acme-test"} | {"corp/acme-test-%s-2" % TWO},
                  "{alias} alone")
        for bad in ("{role}]", "a b-{role}", "{nope}", "all", "-{role}",
                    "{role}\u00e9", "x" * 130 + "{role}"):
            r = names(bad)
            tap.ok(not isinstance(r, dict) and r.rc == 1 and
                   "Next:" in r.err, "template %r is refused" % bad[:20], r)
        r = scripted(w, "--dry-run", "--region", "Bad Region")
        tap.ok(r.rc == 1 and "region" in r.err, "so is a bad region", r)
        tap.equal(w.read(w.config_file).decode(), MINE, "nothing was written")


def twins():
    with harness.World() as w:
        setup(w)
        r = configure(w, "--adfs-host", HOST, "--read-only-twins",
                      "--template", "{role}", "--filter", "Dev", "--filter",
                      "Deploy", answers=[(WHICH, "all"), (WRITE, "yes")])
        tap.ok(r.rc == 0 and "Write 4 profiles" in r.tty, "two and two", r)
        keys = added(w)
        tap.equal(sorted(keys), ["Deploy-Prod-1", "Deploy-Prod-1-ro", "Dev",
                                 "Dev-ro"], "P and P-ro")
        tap.equal(keys["Dev-ro"].get("awsfed.policy_arns"), RO, "narrowed")
        tap.ok("awsfed.policy_arns" not in keys["Dev"], "the other is not")
        r = w.login("Dev-ro", "Deploy-Prod-1-ro", user=None, password=None)
        tap.ok(r.rc == 0, "the twins log in", r)
        seen = w.sim.counters()["roles"]
        tap.equal([seen[a]["policy_arns"] for a in (DEV, DEPLOY)],
                  [["1.arn=" + RO]] * 2, "STS was asked to narrow them")
        tap.equal(sorted(w.credentials()), ["Deploy-Prod-1-ro", "Dev-ro"],
                  "and the keys are written")
        w.login("Dev", user=None, password=None)
        tap.equal(w.sim.counters()["roles"][DEV]["policy_arns"], [],
                  "the plain profile gets all of the role")
        r = scripted(w, "--yes", "--read-only-twins", "--template", "{role}",
                     "--filter", "Dev")
        tap.ok("nothing to write" in r.err, "they are known again", r)
        r = w.ctl("roles", "--json")
        tap.equal({o["role"]: o.get("profile")
                   for o in json.loads(r.out)["roles"]}["Dev"], "Dev",
                  "roles names the plain one")


def session_policies():
    with harness.World() as w:
        setup(w)
        policy = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                  '"Action":"s3:Get*","Resource":"*"}]}')
        own = "arn:aws:iam::%s:policy/a/b+c" % ONE
        w.profile("p", role=DEV, awsfed__policy=policy,
                  awsfed__policy_arns="%s, %s" % (RO, own))
        r = w.login("p")
        tap.ok(r.rc == 0, "a profile with session policies logs in", r)
        seen = w.sim.counters()["roles"][DEV]
        tap.equal(seen["policy"], policy, "the policy arrived as it stands")
        tap.equal(seen["policy_arns"], ["1.arn=" + RO, "2.arn=" + own],
                  "and the ARNs, in order")
        text = w.read(w.config_file).decode().replace("s3:Get*", "s3:List*")
        w.write(w.config_file, text)
        w.ctl("reload")
        w.ctl("refresh", "p")
        tap.ok("s3:List*" in w.sim.counters()["roles"][DEV]["policy"],
               "a changed policy is used at the next redemption")
        w.write(w.config_file, text.replace('"Statement"', '"Stmt"'))
        w.ctl("reload")
        r = w.ctl("refresh", "p")
        tap.ok(r.rc != 0 and "polic" in r.err.lower(),
               "a policy that AWS does not take is told", r)


def as_its_siblings():
    """New profiles sign in like the one that was there."""
    with harness.World(settings={"ca_bundle": ""}) as w:
        setup(w, mine=None)
        w.profile("old", role=ADMIN, awsfed__ca_bundle=w.sim.ca,
                  awsfed__auth="forms", adfs_config__adfs_user=USER,
                  awsfed__policy_arns=RO, adfs_config__session_duration=1800)
        r = w.type([w.program("awsfedctl"), "configure", "--template",
                    "{role}-{account}"],
                   [(ASK_PASSWORD, PASSWORD), (WHICH, "all"), (WRITE, "y")])
        tap.ok(r.rc == 0, "without --adfs-host the only server is meant", r)
        keys = added(w)["Dev-" + ONE]
        tap.equal(keys, {
            "adfs_config.adfs_host": HOST, "adfs_config.adfs_user": USER,
            "awsfed.ca_bundle": w.sim.ca, "awsfed.auth": "forms",
            "adfs_config.role_arn": DEV},
            "what the sign-in depends on is copied, and nothing else")
        r = w.login("Dev-" + ONE, user=None, password=None)
        tap.ok(r.rc == 0, "it logs in", r)
        tap.equal(len(w.status()["identities"]), 1, "by the same identity")


def many():
    with harness.World() as w:
        arns = [role("%012d" % (900000000000 + i // 10), "Role-%d" % (i % 10))
                for i in range(500)]
        setup(w, arns)
        start = time.monotonic()
        r = configure(w, "--adfs-host", HOST, "--read-only-twins", "--region",
                      "us-east-1", answers=[(WHICH, "2-500"), (WRITE, "y")],
                      timeout=120)
        tap.ok(r.rc == 0 and "998 profiles written" in r.err,
               "499 of 500 roles and their twins", r.err, r.rc)
        tap.diag("%.1f s" % (time.monotonic() - start))
        tap.equal(len(added(w)), 998, "each has its section")
        tap.equal(len(set(roles_of(w).values())), 499, "and its role")
        r = scripted(w, "--yes")
        tap.ok("1 profile written" in r.err, "the last one", r.err)
        tap.equal(len(added(w)), 999, "is added")
        name = "900000000049-Role-9-ro"
        r = w.login(name, user=None, password=None)
        tap.ok(r.rc == 0, "one of them logs in", r)


def killed():
    """The agent dies, or the file changes, between the diff and the yes."""
    with harness.World() as w:
        setup(w)
        args = [w.program("awsfedctl"), "configure", "--adfs-host", HOST]

        def die(text):
            if "[y/N]" in text:
                w.agent.kill()
                w.agent.wait()
        r = w.type(args, SIGN_IN + [(WHICH, "all"), (WRITE, "y")], show=die)
        tap.ok(r.rc in (1, 5, 6) and "written" not in
               r.err.replace("nothing was written", ""),
               "an agent that died is told", r)
        tap.equal(w.read(w.config_file).decode(), MINE,
                  "the config is untouched")
        w.start_agent()

        def change(text):
            if "[y/N]" in text:
                w.write(w.config_file, MINE +
                        "[profile acme-prod-Dev]\nregion = x\n")
        r = w.type(args, SIGN_IN + [(WHICH, "all"), (WRITE, "y")],
                   show=change)
        tap.ok(r.rc == 5 and "nothing was written" in r.err,
               "a file that changed meanwhile is not what was shown", r)
        tap.equal(sorted(added(w)), ["acme-prod-Dev"], "nothing was written")
        # An edit that has nothing to do with it is no obstacle.
        w.write(w.config_file, MINE)

        def comment(text):
            if "[y/N]" in text:
                w.write(w.config_file, "# new\n" + MINE)
        r = w.type(args, [(WHICH, "all"), (WRITE, "y")], show=comment)
        tap.ok(r.rc == 0, "another edit is merged", r)
        text = w.read(w.config_file).decode()
        tap.ok(text.startswith("# new\n" + MINE), "and kept", text)
        w.write(w.config_file, MINE + "[profile other]\n")
        r = scripted(w, "--yes")
        tap.ok(r.rc == 1 and "twice" in r.err,
               "a file that AWS tools cannot read is not built upon", r)


def odd_files():
    with harness.World() as w:
        setup(w, mine=None)
        r = configure(w, "--adfs-host", HOST, "--template", "{role}",
                      "--filter", "Dev",
                      answers=[(WHICH, "all"), (WRITE, "y")])
        tap.ok(r.rc == 0 and w.read(w.config_file).startswith(
            b"[profile Dev]\n"), "a config that did not exist is made", r)
        tap.equal(oct(os.stat(w.config_file).st_mode & 0o777), "0o600",
                  "for nobody else")
        w.write(w.config_file, "[profile k]\r\naws_secret_access_key = "
                "s3cr3t\r\nregion = x")
        r = scripted(w, "--yes", "--filter", "Dev", "--template", "{role}")
        tap.ok(r.rc == 0, "CRLF, no line end at the end", r)
        tap.ok("s3cr3t" not in r.out and "(not shown)" in r.out,
               "the diff shows no secret around it", r.out)
        raw = w.read(w.config_file)
        tap.ok(raw.startswith(b"[profile k]\r\n") and
               raw.count(b"\n") == raw.count(b"\r\n"), "line ends are kept",
               raw)


harness.need(timeout=550)
CASES = (the_story, giving_up, no_terminal, aliases_never_fatal, templates,
         twins, session_policies, as_its_siblings, many, killed, odd_files)
wanted = os.environ.get("CASES", "").split()
tap.run(*[c for c in CASES if not wanted or c.__name__ in wanted])
