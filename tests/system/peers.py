#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The real AWS CLI and boto3 on files that awsfed wrote, and as writers of the
same files while awsfed writes: nothing of either is lost or torn. TAP."""
import configparser
import json
import os
import time

import harness
import tap
from harness import HOST, PASSWORD, USER, role

PLAIN, DEEP = role("111122223333", "Plain"), role("222233334444", "Deep")
LIVE = role("222233334444", "Live")
FORMATS = ("text", "json")
PYTHON = "/usr/bin/python3"
# In one process, since each start of Python takes its time.
BOTO = """
import boto3, botocore.session, json, os, sys
def who(**more):
    return boto3.Session(**more).client("sts").get_caller_identity()["Arn"]
said = {name: who(profile_name=name) for name in sys.argv[1:]}
for key in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
    os.environ[key] = sys.argv[1]
    said[key] = who()
    del os.environ[key]
said["list"] = boto3.Session().available_profiles
print(json.dumps(said))
"""
# The AWS CLI's own writer, as "aws configure set" has it: a key more each
# time, in two profiles of each file, and a look whether all are still there.
WRITER = """
import configparser, sys, time
from awscli.customizations.configure.writer import ConfigFileWriter
config, credentials, seconds = sys.argv[1:]
end, n = time.monotonic() + float(seconds), 0
def keys(path):
    p = configparser.RawConfigParser(default_section="none")
    p.read(path)
    return {(s, k) for s in p.sections() for k, v in p.items(s)
            if k.startswith("key_")}
def missing(path, sections):
    have = keys(path)
    return [n for n, s in enumerate(sections)
            if (s, "key_%d" % n) not in have]
done = {config: [], credentials: []}
while time.monotonic() < end:
    for path, names in ((config, ("profile mine", "default")),
                        (credentials, ("mine", "another"))):
        section = names[n % 2]
        ConfigFileWriter().update_config(
            {"__section__": section, "key_%d" % n: "value"}, path)
        done[path].append(section)
    n += 1
    time.sleep(0.02)
    for path in done:
        lost = missing(path, done[path])
        if lost:
            print("LOST", path, n, lost, flush=True)
            sys.exit(1)
print("DONE", n, flush=True)
"""
# Reads as fast as it can: whatever is there must be all there.
READER = """
import configparser, os, sys
stop, files = sys.argv[1], [a.split("=") for a in sys.argv[2:]]
reads, seen = 0, {}
while not os.path.exists(stop):
    for path, sections in files:
        with open(path) as f:
            text = f.read()
        p = configparser.RawConfigParser(default_section="none")
        p.read_string(text)
        torn = set(sections.split(",")) - set(p.sections())
        torn |= {s for s in p.sections() if p.has_option(s, "x_managed_by")
                 and not p.has_option(s, "aws_session_token")}
        if torn or "# the end" not in text:
            print("TORN", path, sorted(torn), len(text), flush=True)
            sys.exit(1)
        seen.setdefault(path, set()).add(text)
        reads += 1
print("DONE", reads, *[len(seen[path]) for path, _ in files], flush=True)
"""
CREDENTIALS = """# mine
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = default

[mine]
aws_access_key_id = AKIAMINE
aws_secret_access_key = mine

[another]
region = eu-west-1
# the end
"""
CONFIG = """[default]
region = eu-west-1

[profile mine]
region = eu-west-1
s3 =
    max_concurrent_requests = 20
# the end

"""


def is_role(who, arn, text):
    account, name = arn.split(":")[4], arn.split("/")[-1]
    tap.ok(isinstance(who, str) and who.startswith(
        "arn:aws:sts::%s:assumed-role/%s/" % (account, name)), text, who)


def parsed(w, path):
    parser = configparser.RawConfigParser(default_section="\0none")
    parser.read_string(w.read(path).decode())
    return {s: dict(parser.items(s)) for s in parser.sections()}


def setup(w, **more):
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(PLAIN)])
    w.sim.role(DEEP, trust=[PLAIN])
    w.sim.role(LIVE, trust=[PLAIN])
    w.sim.set(loop_tokens=30, loop_seconds=1, **more)
    w.write(w.config_file, CONFIG)
    w.write(w.credentials_file, CREDENTIALS)


def first_login(w):
    """awsfed makes the profile itself."""
    r = w.login("--profile", "p", "--adfs-host", HOST, "--role-arn", PLAIN,
                "--region", "us-east-1", "--output-format", "json")
    tap.ok(r.rc == 0, "login makes the profile", r)


def as_readers(elsewhere):
    where = "elsewhere" if elsewhere else "at home"
    with harness.World(agent=False) as w:
        if elsewhere:
            folder = os.path.join(w.base, "elsewhere")
            w.own(folder, 0o700, folder=True)
            w.config_file = os.path.join(folder, "my config")
            w.credentials_file = os.path.join(folder, "keys")
            w.env.update(AWS_CONFIG_FILE=w.config_file,
                         AWS_SHARED_CREDENTIALS_FILE=w.credentials_file)
        setup(w)
        w.start_agent()
        first_login(w)
        w.profile("deep", host=None, role_arn=DEEP, source_profile="p")
        w.profile("tool", host=None, role_arn=LIVE, source_profile="p",
                  awsfed__deliver="file")
        r = w.login("tool", user=None, password=None)
        tap.ok(r.rc == 0, "login of the chained one", r)
        names = ["another", "deep", "default", "mine", "p", "tool",
                 "tool.live"]
        r = w.aws("configure", "list-profiles")
        tap.equal(sorted(r.out.split()), names, where +
                  ": aws configure list-profiles")
        have = w.credentials()["p"]
        for key, want in (
                ("region", "us-east-1"), ("output", "json"),
                ("aws_access_key_id", have["aws_access_key_id"]),
                ("aws_session_token", have["aws_session_token"])):
            r = w.aws("configure", "get", key, "--profile", "p")
            tap.equal(r.out.strip(), want, where +
                      ": aws configure get " + key)
        for how, args, env in (("--profile", ["--profile", "%s"], {}),
                               ("AWS_PROFILE", [], {"AWS_PROFILE": "%s"}),
                               ("AWS_DEFAULT_PROFILE", [],
                                {"AWS_DEFAULT_PROFILE": "%s"})):
            for name, arn in (("p", PLAIN), ("deep", DEEP),
                              ("tool.live", LIVE)):
                if elsewhere and how != "AWS_PROFILE":
                    continue
                who = w.identity(*[a.replace("%s", name) for a in args],
                                 **{k: name for k in env})
                is_role(who, arn, "%s: aws, %s %s" % (where, how, name))
        r = w.run([PYTHON, "-c", BOTO, "p", "deep", "tool", "tool.live"])
        said = json.loads(r.out) if r.rc == 0 else {}
        tap.ok(r.rc == 0, where + ": boto3", r)
        for what, arn in (("p", PLAIN), ("deep", DEEP), ("tool", LIVE),
                          ("tool.live", LIVE), ("AWS_PROFILE", PLAIN),
                          ("AWS_DEFAULT_PROFILE", PLAIN)):
            is_role(said.get(what), arn, "%s: boto3, %s" % (where, what))
        tap.equal(sorted(said.get("list", [])), names,
                  where + ": boto3's list of profiles")
        if elsewhere:
            left = [f for f in os.listdir(os.path.join(w.home, ".aws"))
                    if f != "cli"]
            tap.equal(left, [], "nothing was written at home")


def at_home():
    as_readers(False)


def elsewhere():
    as_readers(True)


def save(w, output):
    """A login that changes the config file as well."""
    return w.login("--profile", "p", "--output-format", output, user=None,
                   password=None)


def said(w, log):
    return w.log(log).strip()


def a_reader():
    """awsfed alone writes, as often as it can be made to."""
    with harness.World() as w:
        setup(w)
        first_login(w)
        stop = os.path.join(w.base, "stop")
        reader = w.spawn(
            [PYTHON, "-c", READER, stop,
             w.credentials_file + "=default,mine,another,p",
             w.config_file + "=default,profile mine,profile p"], "reader")
        for i in range(12):
            for r in (w.ctl("refresh", "p"), save(w, FORMATS[i % 2])):
                if r.rc != 0:
                    tap.ok(False, "refresh and login", r)
        w.write(stop, "")
        w.wait(lambda: reader.poll() is not None, "the reader to end", 10)
        words = said(w, "reader").split()
        tap.diag(" ".join(words))
        tap.ok(reader.returncode == 0 and words[0] == "DONE",
               "a reader never saw a torn file", said(w, "reader"))
        tap.ok(int(words[2]) >= 5 and int(words[3]) >= 2 and
               int(words[1]) > 100,
               "and has seen several of each", words)


def file_is_current(w):
    """The file has what the agent holds."""
    p = next(p for p in w.status()["profiles"] if p["profile"] == "p")
    key = w.credentials().get("p", {}).get("aws_access_key_id", "")
    return p["live"] and key.endswith(p["accessKeyTail"])


def both_write():
    with harness.World(settings={"min_lifetime": 1}) as w:
        setup(w, token_life=4)
        first_login(w)
        before = w.sim.counters()
        for i in range(2):
            for profile in ("mine", "default"):
                for key in ("cli_key_%d" % i, "aws_secret_access_key"):
                    r = w.aws("configure", "set", key, "real%d" % i,
                              "--profile", profile)
                    if r.rc != 0:
                        tap.ok(False, "aws configure set", r)
        writer = w.spawn([PYTHON, "-c", WRITER, w.config_file,
                          w.credentials_file, "6"], "writer")
        n = 0
        while writer.poll() is None:
            # awsfed writes the config file as well.
            r = save(w, FORMATS[n % 2])
            if r.rc != 0:
                tap.ok(False, "login while the other one writes", r)
            n += 1
            time.sleep(0.3)
        words = said(w, "writer")
        tap.diag("%s; %d logins; %r" % (words, n, w.sim.since(before)))
        tap.ok(writer.returncode == 0 and words.startswith("DONE"),
               "nothing of the AWS CLI's is lost", words)
        tap.ok(int(words.split()[-1]) > 20 and n >= 3,
               "and both wrote often", words, n)
        w.wait(lambda: file_is_current(w), "the file to be current", 10)
        tap.ok(True, "the credentials file has what awsfed holds")
        tap.equal(parsed(w, w.config_file)["profile p"].get("output"),
                  FORMATS[(n - 1) % 2], "the config file has what awsfed saved "
                  "last")
        have = parsed(w, w.credentials_file)
        conf = parsed(w, w.config_file)
        tap.ok(all(conf[s].get("cli_key_%d" % i) == "real%d" % i
                   for s in ("profile mine", "default") for i in range(2)),
               "what aws configure set wrote to the config is there", conf)
        made = {"key_%d" % i for i in range(int(words.split()[-1]))}
        for f in (have, conf):
            tap.equal({k for s in f.values() for k in s
                       if k.startswith("key_")}, made,
                      "nor was any of it lost later")
        tap.equal([have[s].get("aws_secret_access_key")
                   for s in ("mine", "default")], ["real1", "real1"],
                  "and to the credentials file")
        tap.equal([sorted(have), sorted(conf)],
                  [["another", "default", "mine", "p"],
                   ["default", "profile mine", "profile p"]],
                  "no section is lost or doubled")
        tap.ok("# mine\n" in w.read(w.credentials_file).decode() and
               "# the end\n" in w.read(w.config_file).decode() and
               conf["profile mine"]["s3"].strip() ==
               "max_concurrent_requests = 20", "nor a comment or a block")
        is_role(w.identity("--profile", "p", "--output", "json"),
                PLAIN, "the AWS CLI goes on")


harness.need(aws=True)
CASES = (at_home, elsewhere, a_reader, both_write)
wanted = os.environ.get("CASES", "").split()
tap.run(*[c for c in CASES if not wanted or c.__name__ in wanted])
