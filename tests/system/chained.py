#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Chained profiles: assumed by the agent, delivered as twins, renewed from the
live source. TAP."""
import json

import harness
import tap
import worker_agent
from harness import PASSWORD, USER, role

ROOT, HOP = role("111111111111", "Root"), role("222222222222", "Hop")
DEEP, PROC = role("333333333333", "Deep"), role("444444444444", "Proc")
BAD = role("555555555555", "Bad")
EXIT_REFUSED = 4
BOTO = """
import boto3, sys
print(boto3.Session(profile_name=sys.argv[1]).client("sts", endpoint_url=
      sys.argv[2]).get_caller_identity()["Arn"])
"""


def setup(w):
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ROOT)])
    w.sim.role(HOP, trust=[ROOT])
    w.sim.role(DEEP, trust=[HOP], external_id="ext-1", max_duration=43200)
    w.sim.role(PROC, trust=[ROOT])
    w.sim.role(BAD, trust=["999999999999"])
    w.profile("root", role=ROOT, reload=False)
    chain(w, "hop", HOP, "root")
    chain(w, "deep", DEEP, "hop", external_id="ext-1", duration_seconds=1800,
          role_session_name="deeper", awsfed__deliver="file",
          awsfed__session_tags="team=blue,cost=7",
          awsfed__transitive_tag_keys="team", awsfed__source_identity="jane")
    chain(w, "proc", PROC, "root", awsfed__deliver="process",
          duration_seconds=7200)
    chain(w, "bad", BAD, "root", awsfed__deliver="file")
    chain(w, "round", DEEP, "about", awsfed__deliver="file")
    chain(w, "about", DEEP, "round")
    chain(w, "lost", DEEP, "nowhere")
    w.ctl("reload")


def chain(w, name, arn, source, **more):
    w.profile(name, host=None, reload=False, role_arn=arn,
              source_profile=source, **more)


def is_role(w, who, arn, session, text):
    account, name = arn.split(":")[4], arn.split("/")[-1]
    tap.equal(who, "arn:aws:sts::%s:assumed-role/%s/%s"
              % (account, name, session), text)


def entry(w, name):
    return [p for p in w.status()["profiles"] if p["profile"] == name][0]


def boto(w, profile):
    r = w.run(["/usr/bin/python3", "-c", BOTO, profile,
               "https://sts.us-east-1.amazonaws.com"])
    return r.out.strip() if r.rc == 0 else r


def file_twin(w):
    r = w.login("deep")
    tap.ok(r.rc == 0, "login on a chained profile signs in its root", r)
    tap.ok("deep" in r.out + r.err, "and says so", r)
    have = w.credentials()
    tap.equal(sorted(have), ["deep.live", "root"],
              "the file has the root and the twin of the named one")
    last = w.sim.counters()["roles"][DEEP]["assume_role_last"]
    want = {"ExternalId": "ext-1", "DurationSeconds": "1800",
            "RoleSessionName": "deeper", "SourceIdentity": "jane",
            "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue",
            "Tags.member.2.Key": "cost", "Tags.member.2.Value": "7",
            "TransitiveTagKeys.member.1": "team"}
    tap.equal({k: last.get(k) for k in want}, want,
              "external id, duration, names and tags reach AWS")
    tap.ok(1700 < harness.seconds_left(have["deep.live"]) <= 1800,
           "it lives as long as asked")
    is_role(w, w.identity("--profile", "deep.live"), DEEP, "deeper",
            "the AWS CLI uses the twin")
    is_role(w, boto(w, "deep.live"), DEEP, "deeper", "boto3 uses the twin")
    before = w.sim.counters()
    who = w.identity("--profile", "deep")
    is_role(w, who, DEEP, "deeper", "the plain profile works as ever")
    tap.equal(w.sim.since(before).get("assume_role"), 2,
              "the AWS CLI assumed it itself, over two hops")
    r = w.ctl("credential-process", "deep")
    tap.ok(r.rc == 0 and json.loads(r.out)["AccessKeyId"] ==
           have["deep.live"]["aws_access_key_id"],
           "credential-process serves it by its own name", r)


def process_twin(w):
    before = w.sim.counters()
    r = w.login("proc", user=None, password=None)
    tap.ok(r.rc == 0, "a second one, without a password", r)
    tap.equal(w.sim.since(before).get("password_posts", 0), 0, "none was sent")
    config = w.read(w.config_file).decode()
    line = "credential_process = %s credential-process proc.live" % \
        w.program("awsfedctl")
    tap.ok("[profile proc.live]\n" in config and line in config,
           "the config file has the twin when login returns", config)
    tap.ok("proc.live" not in w.credentials(), "the credentials file has not")
    who = w.identity("--profile", "proc.live")
    is_role(w, who, PROC, str(who).rsplit("/", maxsplit=1)[-1],
            "the AWS CLI runs it")
    last = w.sim.counters()["roles"][PROC]["assume_role_last"]
    tap.equal(last.get("DurationSeconds"), "3600", "an hour at most is asked")
    is_role(w, boto(w, "proc.live"), PROC, last["RoleSessionName"],
            "boto3 runs it")
    tap.ok(w.identity("--profile", "root").endswith(
        "/" + last["RoleSessionName"]), "the session has its source's name")


def long_wish(w):
    """The worker alone: AWS's hour, when more was asked for."""
    keys = w.credentials()["root"]
    job = {"type": "job", "job": "assume", "profile": "x", "roleArn": HOP,
           "sessionName": "tester", "duration": 7200, "region": "us-east-1",
           "caBundle": w.sim.ca, "connectTimeout": 5, "timeout": 20,
           "source": {"accessKeyId": keys["aws_access_key_id"],
                      "secretAccessKey": keys["aws_secret_access_key"],
                      "sessionToken": keys["aws_session_token"]}}
    if w.proxy:
        job["httpsProxy"] = w.proxy.url
    got = worker_agent.Agent(job).run()
    tap.equal(got.types(), ["credentials", "done"], "credentials, then done")
    tap.equal(got.messages[0].get("maxDuration"), 3600,
              "an hour, since AWS refused more")
    job["source"]["secretAccessKey"] = "another"
    got = worker_agent.Agent(job).run()
    tap.ok(got.types() == ["fault", "done"] and
           "signature" in got.messages[0]["fault"]["text"],
           "a bad signature is told", got.messages)


def refused(w):
    r = w.login("bad", user=None, password=None)
    tap.equal(r.rc, EXIT_REFUSED, "a refused role: exit status 4")
    tap.ok("not authorized" in r.out + r.err and "bad" in r.out + r.err,
           "it says who refused what", r)
    p = entry(w, "bad")
    tap.equal((p["state"], p["reason"]), ("failed", "refused"),
              "status: failed, refused")
    now = w.states()
    tap.equal([now[n] for n in ("root", "deep", "proc")], ["fresh"] * 3,
              "its siblings are fresh")
    tap.ok("bad.live" not in w.credentials(), "nothing of it was written")


def shown(w):
    r = w.ctl("status")
    out = r.out
    rows = [l for l in out.splitlines() if "/" in l]
    order = [n for l in rows for n in ("root", "hop", "deep", "proc", "bad")
             if l.split()[0].lstrip("└`") == n]
    tap.equal(order, ["root", "hop", "deep", "proc", "bad"],
              "each stands below its source", )
    hop = [l for l in rows if "hop" in l][0]
    tap.ok("via AWS CLI" in hop, "what is not delivered: via AWS CLI", out)
    deep = entry(w, "deep")
    tap.ok(deep["live"] and deep["next"] and deep["source"] == "hop" and
           deep["root"] == "root" and deep["kind"] == "chained",
           "status knows its life, its next renewal, its source", deep)
    for name, word in (("round", "leads back"), ("about", "leads back"),
                       ("lost", "nowhere")):
        p = entry(w, name)
        tap.ok(p["state"] == "failed" and word in p["fault"]["text"],
               "%s is named as leading nowhere" % name, p)


def token(w, section):
    return w.credentials().get(section, {}).get("aws_session_token")


def renewal(w):
    """The sign-in has ended; the root's keys have not."""
    w.sim.do("expire-sso")
    first, root = token(w, "deep.live"), token(w, "root")
    before = w.sim.counters()
    w.warp(1000)
    w.wait(lambda: token(w, "deep.live") != first, "deep to be renewed")
    tap.ok(True, "it is renewed from its live source")
    gained = w.sim.since(before)
    tap.equal((gained.get("adfs_gets", 0), gained.get("assertions", 0)),
              (0, 0), "without a look at AD FS")
    tap.equal(token(w, "root"), root, "the root was left alone")


def waits(w):
    """Everything has expired: they wait for the root, and come back with it."""
    w.warp(4 * 3600)
    w.wait_states(**{"needs-login": {"root", "deep", "proc"}})
    p = entry(w, "deep")
    tap.ok(p["fault"]["next"] == "awsfedctl login deep" and not p["live"],
           "without a live source it waits, and says what to do", p)
    r = w.ctl("credential-process", "deep")
    tap.equal(r.rc, 3, "credential-process says that a login is needed")
    old = token(w, "deep.live")
    r = w.login("root", user=None)
    tap.ok(r.rc == 0, "login on the root", r)
    w.wait_states(fresh={"root", "deep", "proc"})
    w.wait(lambda: token(w, "deep.live") != old, "the twin to be written")
    tap.ok(True, "what hangs below came back by itself")


def restart(w):
    have = w.credentials()["deep.live"]
    w.stop_agent()
    w.start_agent()
    p = entry(w, "deep")
    tap.ok(p["kept"] and p["state"] == "fresh", "a new agent takes over", p)
    tap.ok(entry(w, "proc")["kept"], "also the twin by process")
    w.wait_states(fresh={"proc"})
    tap.equal(w.credentials()["deep.live"], have, "nothing was written anew")


def logout(w):
    r = w.ctl("logout", "root")
    tap.ok(r.rc == 0, "logout of the root", r)
    tap.equal([s for s, keys in w.credentials().items()
               if "aws_session_token" in keys], [],
              "takes what was assumed with it")
    for twin in ("deep.live", "proc.live"):
        who = w.identity("--profile", twin)
        tap.ok(not isinstance(who, str) and "awsfedctl login" in who.err,
               "%s fails with what to do" % twin, who)


def main():
    with harness.World(warp=True) as w:
        setup(w)
        for step in (file_twin, process_twin, long_wish, refused, shown,
                     renewal, waits,
                     restart, logout):
            step(w)


harness.need(aws=True)
tap.run(main)
