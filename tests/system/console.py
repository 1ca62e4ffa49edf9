#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""awsfedctl console: a browser signed in as a profile. TAP."""
import html
import http.client
import os
import re
import ssl
import urllib.parse

import harness
import tap
from harness import ASK_PASSWORD, PASSWORD, USER, role

DEV, CN = role("111111111111", "Dev"), "arn:aws-cn:iam::222222222222:role/Cn"
HOP = role("333333333333", "Hop")
ISO = "arn:aws-iso-e:iam::444444444444:role/Iso"
SIGNIN = "https://signin.aws.amazon.com/federation?Action=login&"
EXIT_LOGIN, EXIT_DENIED, EXIT_TEMPORARY = 3, 4, 5
SHOW = r"Print it here\? \[y/N\] $"
NOW = r"Sign in now\? \[Y/n\] $"


def setup(w):
    cn = CN + ",arn:aws-cn:iam::222222222222:saml-provider/ADFS"
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(DEV), cn])
    w.sim.role(HOP, trust=[DEV], external_id="ext-1")
    w.sim.role(ISO, trust=[DEV])
    w.profile("dev", role=DEV, reload=False)
    w.profile("cn", role=CN, reload=False)
    w.profile("hop", host=None, reload=False, role_arn=HOP,
              source_profile="dev", external_id="ext-1")
    w.profile("iso", host=None, reload=False, role_arn=ISO,
              source_profile="dev")
    w.ctl("reload")


def visit(w, url):
    """What a browser would be answered: the status and the headers."""
    parts = urllib.parse.urlsplit(url)
    context = ssl.create_default_context(cafile=w.sim.ca)
    context.check_hostname = False
    c = http.client.HTTPSConnection("127.0.0.1", w.sim.port, context=context,
                                    timeout=20)
    c.request("GET", parts.path + "?" + parts.query,
              headers={"Host": parts.hostname})
    r = c.getresponse()
    r.read()
    c.close()
    return r.status, dict(r.getheaders())


def fake(w, name, text):
    path = os.path.join(w.base, "bin", name)
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)


def prints(w):
    r = w.ctl("console", "dev", "--print")
    tap.ok(r.rc == EXIT_LOGIN and "awsfedctl login dev" in r.err and
           r.out == "", "signed out: the command that helps", r)
    w.login("dev")
    before = w.sim.counters()
    r = w.ctl("console", "dev", "--print", "--service", "s3", "--region",
              "eu-west-1")
    tap.ok(r.rc == 0 and r.err == "" and r.out.startswith(SIGNIN) and
           r.out.count("\n") == 1, "--print: the address and nothing else", r)
    tap.equal([w.sim.since(before).get(k, 0) for k in (
        "federation_posts", "federation_gets", "assertions")], [1, 0, 0],
        "asked once, in a body, with the keys there were")
    url = r.out.strip()
    status, headers = visit(w, url)
    tap.equal((status, headers.get("Location"),
               headers.get("X-Sim-Principal").split("/")[:2]),
              (302, "https://console.aws.amazon.com/s3/home?region=eu-west-1",
               ["arn:aws:sts::111111111111:assumed-role", "Dev"]),
              "it signs in as the profile, on the page that was named")
    tap.equal(headers.get("X-Sim-Duration"), "43200", "for twelve hours")
    tap.equal(headers.get("X-Sim-Issuer"), "https://%s/adfs/ls/"
              "IdpInitiatedSignOn.aspx" % harness.HOST,
              "and leads back to AD FS after that")
    tap.equal(visit(w, url)[0], 400, "and only once")
    for args, want in (([], "console/home?region=us-east-1"),
                       (["--service", "ec2"], "ec2/home?region=us-east-1")):
        r = w.ctl("console", "dev", "--print", *args)
        where = urllib.parse.parse_qs(urllib.parse.urlsplit(
            r.out.strip()).query)["Destination"]
        tap.equal(where, ["https://console.aws.amazon.com/" + want],
                  "console %s" % " ".join(args))


def others(w):
    r = w.ctl("console", "hop", "--print")
    status, headers = visit(w, r.out.strip())
    tap.ok(status == 302 and "assumed-role/Hop" in
           headers["X-Sim-Principal"] and
           int(headers["X-Sim-Duration"]) <= 3600,
           "a chained role: no duration is asked for", r, headers)
    w.login("cn", user=None, password=None)
    r = w.ctl("console", "cn", "--print")
    tap.ok(r.out.startswith("https://signin.amazonaws.cn/federation?") and
           "https%3A%2F%2Fconsole.amazonaws.cn%2F" in r.out,
           "another partition has its own hosts", r)
    r = w.ctl("console", "iso", "--print")
    tap.ok(r.rc == 1 and "no AWS console" in r.err and r.out == "",
           "a partition whose console nobody has named", r)
    w.sim.set(federation_post="no")
    before = w.sim.counters()
    r = w.ctl("console", "dev", "--print")
    tap.ok(visit(w, r.out.strip())[0] == 302 and
           w.sim.since(before).get("federation_gets") == 1,
           "a host that takes no body is asked as documented", r)
    w.sim.set(federation_post="yes")


def by_login(w):
    """aws-adfs's options of login, which print the same address."""
    flag = "--print-console-signin-url"
    before = w.sim.counters()
    r = w.login("dev", flag)
    tap.ok(r.rc == 0 and r.out.startswith(SIGNIN) and r.out.count("\n") == 1
           and visit(w, r.out.strip())[0] == 302,
           "login %s: the address and nothing else" % flag, r)
    tap.equal(w.sim.since(before).get("assume_role", 0), 0,
              "no role in between")
    tap.ok("dev" in w.credentials(), "the profile is fresh as by any login")
    ask = ["login", "dev", flag, "--console-role-arn", HOP]
    r = w.ctl(*ask, "--console-external-id", "ext-1")
    tap.ok(r.rc == 0 and r.out.startswith(SIGNIN) and
           visit(w, r.out.strip())[0] == 302, "with a role in between", r)
    tap.equal(w.sim.since(before).get("assume_role", 0), 1,
              "which was assumed, once")
    for more in ([], ["--console-external-id", "ext-2"]):
        r = w.ctl(*ask, *more)
        tap.ok(r.rc == EXIT_DENIED and HOP in r.err and "Next:" in r.err and
               r.out == "", "a role that wants another external id: said", r)
    r = w.login("new", flag, "--adfs-host", harness.HOST, "--role-arn", DEV)
    tap.ok(r.rc == 0 and r.out.startswith(SIGNIN),
           "a profile that is made by it", r)


def bad(w):
    for kind, count, status, words in (
            (dict(status=500), 1, EXIT_TEMPORARY, "500"),
            (dict(status=400), 3, EXIT_DENIED, "HTTP status 400"),
            (dict(kind="garbage"), 3, 1, "no sign-in token"),
            (dict(kind="empty"), 3, 1, "no sign-in token"),
            (dict(kind="close"), 1, EXIT_TEMPORARY, "signin.aws.amazon.com")):
        w.sim.fault("federation", count=count, **kind)
        r = w.ctl("console", "dev", "--print")
        tap.ok(r.rc == status and words in r.err and "Next:" in r.err and
               r.out == "", "the answer is %r: %d" % (kind, status), r)
        w.sim.clear_faults()
    for args in (["dev", "--service", "S3"], ["dev", "--service", "../x"],
                 ["dev", "--region", "eu west"], ["nobody"],
                 ["dev", "--region", "cn-north-1"],
                 ["dev", "--service", "a" * 65]):
        before = w.sim.counters()
        r = w.ctl("console", "--print", *args)
        tap.ok(r.rc == 1 and "Next:" in r.err and r.out == "" and
               w.sim.since(before).get("requests", 0) == 0,
               "console %s is refused" % " ".join(args)[:40], r)
    for args in (["dev", "--print", "--open"], [], ["a", "b"]):
        tap.equal(w.ctl("console", *args).rc, 2, "usage: %s" % args)


def opens(w):
    seen = os.path.join(w.home, "seen")
    fake(w, "xdg-open", 'echo "$#" "$1" >"%s"\nstat -c %%a "$1" >>"%s"\n'
         'cat "$1" >>"%s"\n' % (seen, seen, seen))
    r = w.ctl("console", "dev", DISPLAY=":9")
    tap.ok(r.rc == 0 and r.out == "" and "Opened https://console" in r.err,
           "on a desktop the browser is opened", r)
    lines = w.read(seen).decode().splitlines()
    count, path = lines[0].split(" ", 1)
    tap.ok(count == "1" and "SigninToken" not in path and
           path.startswith(w.env["XDG_RUNTIME_DIR"] + "/awsfed/"),
           "it is given a file: the address is in no argument", lines[0])
    tap.equal(lines[1], "600", "that only its owner may read")
    url = html.unescape(re.search(r'content="0;url=([^"]*)"',
                                  "\n".join(lines))[1])
    status, headers = visit(w, url)
    tap.equal((status, headers.get("Location")),
              (302, "https://console.aws.amazon.com/console/home"
               "?region=us-east-1"), "which leads to the console")
    folder = os.path.dirname(path)
    tap.ok(os.path.exists(path), "it stays for a while")
    w.warp(61)
    w.wait(lambda: not os.path.exists(path), "the page to go")
    tap.ok(True, "and goes after a minute")
    w.ctl("console", "dev", "--open")
    left = [n for n in os.listdir(folder) if n.startswith("awsfed-console-")]
    tap.equal(len(left), 1, "another one")
    w.stop_agent(9)
    w.start_agent()
    left = [n for n in os.listdir(folder) if n.startswith("awsfed-console-")]
    tap.equal(left, [], "a killed agent's page goes with the next agent")
    fake(w, "xdg-open", "exit 3\n")
    w.login("dev", user=None)
    r = w.ctl("console", "dev", "--open")
    tap.ok(r.rc == 1 and "--print" in r.err, "xdg-open fails: said so", r)


def copies(w):
    seen = os.path.join(w.home, "copied")
    fake(w, "xclip", 'echo "$@" >"%s"\ncat >>"%s"\n' % (seen, seen))
    r = w.ctl("console", "dev", "--copy", DISPLAY=":9")
    args, url = w.read(seen).decode().split("\n")
    tap.ok(r.rc == 0 and r.out == "" and "xclip" in r.err and
           args == "-selection clipboard" and url.startswith(SIGNIN),
           "--copy: the clipboard gets it by standard input", r, url)
    r = w.type([w.program("awsfedctl"), "console", "dev", "--copy"])
    tap.ok(r.rc == 0 and "\x1b]52;c;" in r.tty and "https" not in r.tty,
           "without a desktop by the terminal", r)
    r = w.ctl("console", "dev", "--copy")
    tap.ok(r.rc == 1 and "no clipboard" in r.err and r.out == "",
           "with neither it says so", r)


def asks(w):
    before = w.sim.counters()
    r = w.ctl("console", "dev")
    tap.ok(r.rc == 1 and "--print" in r.err and r.out == "",
           "no desktop, no terminal: not printed", r)
    ctl = [w.program("awsfedctl"), "console", "dev"]
    r = w.type(ctl, [(SHOW, "n")], whole=True)
    tap.ok(r.rc == 1 and "federation" not in r.all, "no is no", r)
    tap.equal(w.sim.since(before).get("federation_posts", 0), 0,
              "and nothing was asked for")
    r = w.type(ctl, [(SHOW, "y")], whole=True)
    tap.ok(r.rc == 0 and SIGNIN in r.all, "yes prints it", r)
    w.ctl("logout", "--all")
    r = w.type(ctl + ["--print"], [(NOW, ""), (ASK_PASSWORD, PASSWORD)])
    tap.ok(r.rc == 0 and r.out.startswith(SIGNIN), "signed out: it offers "
           "to sign in", r)
    tap.ok("SigninToken" not in w.log() and "federation?" not in w.log(),
           "no address is in the log")


def main():
    with harness.World(warp=True) as w:
        setup(w)
        for step in (prints, others, by_login, bad, opens, copies, asks):
            step(w)


harness.need()
tap.run(main)
