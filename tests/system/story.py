#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The story of a person with two accounts and five roles: configure, login, a
second shell, chained profiles, static keys, logout, undo. TAP."""
import configparser
import json
import shlex

import harness
import tap
from harness import (ASK_PASSWORD, ASK_USER, HOST, PASSWORD, USER, role)

PROD, TEST, AUDIT = "111122223333", "222233334444", "333344445555"
PROFILES = {
    "acme-prod-Admin": role(PROD, "Admin"),
    "acme-prod-Dev": role(PROD, "Dev"),
    "acme-prod-ReadOnly": role(PROD, "ReadOnly"),
    "acme-test-Admin": role(TEST, "Admin"),
    "acme-test-Deploy": role(TEST, "team/x/Deploy"),
}
AUDITOR, SCANNER = role(AUDIT, "Auditor"), role(AUDIT, "Scanner")
SOURCE = "acme-prod-Dev"
MINE = "# mine\n[profile other]\nregion = eu-west-1\n"
DEFAULT = ("[default]\naws_access_key_id = AKIADEFAULT\n"
           "aws_secret_access_key = default\n")
CHAINED = """
[profile audit]
region = us-east-1
role_arn = %s
source_profile = %s

[profile scan]
region = us-east-1
role_arn = %s
source_profile = %s
awsfed.deliver = file
""" % (AUDITOR, SOURCE, SCANNER, SOURCE)
WHICH, WRITE = r"q to quit\): $", r"\[y/N\] $"
# A tool that knows no profiles: nothing but three variables.
NO_FILES = {"AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_DEFAULT_REGION": "us-east-1"}
BOTO = """
import boto3, json, sys
for name in sys.argv[1:]:
    try:
        print(json.dumps([name, boto3.Session(profile_name=name)
                          .client("sts").get_caller_identity()["Arn"]]))
    except Exception as e:
        print(json.dumps([name, "failed: %s" % e]))
"""
STATIC = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(a) for a in PROFILES.values()])
    w.sim.do("alias", account=PROD, name="acme-prod")
    w.sim.do("alias", account=TEST, name="acme-test")
    for arn in (AUDITOR, SCANNER):
        w.sim.role(arn, trust=[PROFILES[SOURCE]])
    # More than a person would fetch in twenty seconds.
    w.sim.set(loop_tokens=30)
    w.write(w.config_file, MINE)
    w.write(w.credentials_file, DEFAULT)


def is_role(who, arn, text):
    """who is what identity() said."""
    account, name = arn.split(":")[4], arn.split("/")[-1]
    tap.ok(isinstance(who, str) and who.startswith(
        "arn:aws:sts::%s:assumed-role/%s/" % (account, name)), text, who)


def boto(w, names):
    """profile -> its ARN or what went wrong, as boto3 says; one process."""
    r = w.run(["/usr/bin/python3", "-c", BOTO, *names])
    return dict(map(json.loads, r.out.splitlines())) if r.rc == 0 else r


def entry(w, name):
    return next((p for p in w.status()["profiles"] if p["profile"] == name),
                None)


def config(w):
    parser = configparser.RawConfigParser(default_section="\0none")
    parser.read_string(w.read(w.config_file).decode())
    return {s: dict(parser.items(s)) for s in parser.sections()}


def configure(w):
    r = w.type([w.program("awsfedctl"), "configure", "--adfs-host", HOST,
                "--region", "us-east-1"],
               [(ASK_USER, USER), (ASK_PASSWORD, PASSWORD), (WHICH, "all"),
                (WRITE, "y")])
    tap.ok(r.rc == 0 and not r.unasked and "Write 5 profiles" in r.tty,
           "configure: sign in, pick all, write", r)
    text = w.read(w.config_file).decode()
    tap.ok(text.startswith(MINE), "what stood in the config stands", text)
    tap.equal({s: k["adfs_config.role_arn"] for s, k in config(w).items()
               if s != "profile other"},
              {"profile " + p: arn for p, arn in PROFILES.items()},
              "five roles of two accounts, by alias")
    tap.equal(w.read(w.credentials_file).decode(), DEFAULT,
              "no keys were written yet")
    listed = w.aws("configure", "list-profiles").out.split()
    tap.equal(sorted(listed), sorted([*PROFILES, "other", "default"]),
              "the AWS CLI lists them")


def login(w):
    r = w.login("--all", user=None, password=None)
    tap.ok(r.rc == 0 and "5 profiles" in r.out + r.err,
           "login --all: without another password", r)
    tap.equal(w.sim.counters()["password_posts"], 1, "one in all")
    tap.equal(w.states(), dict.fromkeys(PROFILES, "fresh"), "all are fresh")
    tap.equal(sorted(w.credentials()), sorted([*PROFILES, "default"]),
              "and in the credentials file")


def second_shell(w):
    """Another terminal, which knows nothing but a name."""
    for name in (SOURCE, "acme-test-Deploy"):
        arn = PROFILES[name]
        r = w.run(["/bin/sh", "-c", "export AWS_PROFILE=%s; "
                   "exec aws sts get-caller-identity" % shlex.quote(name)])
        is_role(json.loads(r.out)["Arn"] if r.rc == 0 else r, arn,
                "AWS_PROFILE=%s in a second shell" % name)
    who = boto(w, PROFILES)
    for name, arn in PROFILES.items():
        is_role(who[name], arn, name + " with boto3")


def chained(w):
    w.write(w.config_file, w.read(w.config_file).decode() + CHAINED)
    w.wait(lambda: entry(w, "scan"), "the agent to see the edit", 10)
    is_role(w.identity("--profile", "audit"), AUDITOR,
            "a plain chained profile: the AWS CLI assumes it")
    tap.ok("audit.live" not in w.credentials(), "nothing is written for it")
    tap.ok(w.identity("--profile", "scan.live").rc != 0,
           "scan.live is not there yet")
    r = w.login("scan", user=None, password=None)
    tap.ok(r.rc == 0, "login scan, without a password", r)
    is_role(w.identity("--profile", "scan.live"), SCANNER,
            "scan.live works from the file")
    is_role(w.identity("--profile", "scan"), SCANNER,
            "and scan as it always did")
    r = w.ctl("status")
    names = [line.split()[0].lstrip("└`- ") for line in r.out.splitlines()
             if "Dev" in line or "Auditor" in line or "Scanner" in line]
    tap.equal(names, [SOURCE, "audit", "scan"],
              "status has both below their source")


def static(w, section):
    keys = w.credentials()[section]
    return w.identity(**{k.upper(): keys[k] for k in STATIC}, **NO_FILES)


def static_keys(w):
    for section, arn in (("acme-test-Deploy", PROFILES["acme-test-Deploy"]),
                         ("scan.live", SCANNER)):
        is_role(static(w, section), arn,
                "the keys of [%s] for a tool without profiles" % section)
    tap.ok(w.identity(**NO_FILES).rc != 0, "which is nobody without them")


def logout(w):
    held = {p: w.credentials()[p]["aws_session_token"] for p in PROFILES}
    r = w.ctl("logout", SOURCE)
    tap.ok(r.rc == 0 and "rm -rf ~/.aws/cli/cache" in r.out,
           "logout of the source says what the CLI's cache may hold", r)
    r = w.run(["/bin/sh", "-c", "rm -rf ~/.aws/cli/cache"])
    tap.equal(r.rc, 0, "its command is run")
    names = (SOURCE, "audit", "scan", "scan.live")
    others = boto(w, names)
    for name in names:
        who = w.identity(AWS_PROFILE=name)
        tap.ok(not isinstance(who, str) and "awsfedctl login" in who.err,
               name + ": nobody, and what to do", who)
        who = others[name]
        tap.ok("arn:" not in who and "awsfedctl login" in who,
               name + ": the same with boto3", who)
    del held[SOURCE]
    now = w.credentials()
    tap.equal({p: now[p]["aws_session_token"] for p in held}, held,
              "the other four keep their keys")
    who = boto(w, held)
    for name in held:
        is_role(who[name], PROFILES[name], name + " works on")
    tap.equal(now["default"], {"aws_access_key_id": "AKIADEFAULT",
                               "aws_secret_access_key": "default"},
              "[default] is the person's own")
    r = w.login(SOURCE, user=None, password=None)
    tap.ok(r.rc == 0, "login brings it back", r)
    is_role(w.identity("--profile", SOURCE), PROFILES[SOURCE], "as it was")
    is_role(w.identity("--profile", "audit"), AUDITOR, "and what hangs below")


def undo(w):
    before = w.read(w.config_file)
    r = w.ctl("configure", "--adfs-host", HOST, "--read-only-twins", "--yes")
    tap.ok(r.rc == 0 and "-ro]" in w.read(w.config_file).decode(),
           "configure with read-only twins", r)
    r = w.ctl("undo")
    tap.ok(r.rc == 0, "and undo", r)
    tap.equal(w.read(w.config_file), before, "the config is as it was")
    is_role(w.identity("--profile", SOURCE), PROFILES[SOURCE],
            "the keys were not touched")


def the_end(w):
    r = w.ctl("logout", "--all")
    tap.ok(r.rc == 0 and "signed out" in r.out, "logout --all", r)
    have = w.credentials()
    tap.equal([s for s in have if "aws_session_token" in have[s]], [],
              "no keys are left")
    for name, who in boto(w, PROFILES).items():
        tap.ok("arn:" not in who and "awsfedctl login" in who,
               name + " is nobody", who)
    tap.ok(w.read(w.credentials_file).decode().startswith(DEFAULT),
           "[default] stands as it stood")


def main():
    with harness.World() as w:
        for step in (setup, configure, login, second_shell, chained,
                     static_keys, logout, undo, the_end):
            step(w)


harness.need(aws=True)
tap.run(main)
