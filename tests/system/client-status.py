# SPDX-License-Identifier: Apache-2.0
"""awsfedctl status, list, roles, refresh, logout, reload: what they show."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakeagent import *  # noqa: E402,F403

tap = Tap()
AGENT = {"version": "0.1.0", "pid": 1, "started": stamp(-60),
         "config": "/h/.aws/config", "credentials": "/h/.aws/credentials"}
JANE = {"id": "i1", "user": "CORP\\jane", "host": "adfs.example.com",
        "state": "signed-in", "since": stamp(-60),
        "renewableUntil": stamp(7200), "passwords": 1, "pushes": 0, "skew": 0}
ADMIN = {"profile": "product-prod-admin", "identity": "i1", "kind": "adfs",
         "account": "012345678901", "role": "MyAdminRole",
         "roleArn": "arn:aws:iam::012345678901:role/MyAdminRole",
         "state": "fresh", "live": True, "left": 48 * 60 + 12,
         "expiration": stamp(48 * 60), "next": stamp(1800), "kept": True,
         "deliver": "file", "accessKeyTail": "WXYZ"}
DEPLOY = {"profile": "product-prod-web-deploy", "kind": "chained",
          "source": "product-prod-admin", "root": "product-prod-admin",
          "account": "765432109876", "role": "WebDeploy",
          "roleArn": "arn:aws:iam::765432109876:role/WebDeploy",
          "state": "idle", "live": False, "kept": False, "deliver": "none"}
DEEPER = dict(DEPLOY, profile="deeper", source="product-prod-web-deploy")


def status(identities, profiles, **agent):
    return {"agent": dict(AGENT, **agent), "identities": identities,
            "profiles": profiles}


@tap.test
def issue_look():
    """status looks as the manual shows it"""
    with Agent([status([JANE], [ADMIN, DEPLOY])]) as a:
        r = run(a, "status")
        equal((r.status, r.err), (0, ""))
        equal(r.out.splitlines(), [
            "CORP\\jane @ adfs.example.com   signed in, renews without you "
            "until about " + clock(7200),
            "PROFILE                    ACCOUNT/ROLE              VALID  "
            "NEXT   STATE",
            "product-prod-admin         012345678901/MyAdminRole  48m    "
            "%s  fresh" % clock(1800),
            " └product-prod-web-deploy  765432109876/WebDeploy    -      "
            "-      via AWS CLI"])
        equal(a.calls, [{"method": IFACE + "Status", "parameters": {}}])


@tap.test
def tree():
    """a chain of a chain stands below it; ASCII where UTF-8 is not"""
    with Agent([status([JANE], [ADMIN, DEPLOY, DEEPER])] * 2) as a:
        r = run(a, "status")
        has(r.out, "\n   └deeper ")
        r = run(a, "status", env={"LC_ALL": "C"})
        has(r.out, "\n `product-prod-web-deploy ")


@tap.test
def states():
    """each state is told with its reason and what is left"""
    rows = []
    for i, (state, reason, live, left) in enumerate((
            ("fresh", None, True, 8 * 3600 - 1),
            ("waiting", None, True, 30),
            ("waiting", None, False, 0),
            ("backoff", "unreachable", True, 3600),
            ("needs-login", "expired", False, 0),
            ("failed", "refused", False, 0),
            ("idle", None, False, 0))):
        rows.append(dict(ADMIN, profile="p%d" % i, state=state, live=live,
                         left=left, next=None))
        if reason:
            rows[-1]["reason"] = reason
    with Agent([status([JANE], rows)]) as a:
        r = run(a, "status")
        got = [line.split(None, 4)[2:] for line in r.out.splitlines()[2:]]
        equal(got, [["7h59m", "-", "fresh"], ["<1m", "-", "refreshing"],
                    ["-", "-", "waiting"],
                    ["1h00m", "-", "backoff: unreachable"],
                    ["-", "-", "needs-login: expired"],
                    ["-", "-", "failed: refused"], ["-", "-", "idle"]])


@tap.test
def identities():
    """identities line up; a fault says what to type"""
    other = {"id": "i2", "host": "sts.example.org:8443",
             "state": "needs-user", "reason": "expired", "passwords": 0,
             "pushes": 0, "skew": 0, "fault": {
                 "kind": "needs-user", "text": "The sign-in has ended.",
                 "next": "awsfedctl login p"}}
    with Agent([status([JANE, other], [ADMIN])]) as a:
        lines = run(a, "status").out.splitlines()
        equal(lines[1:4], [
            "sts.example.org:8443" + " " * 8 + "   needs you (expired)",
            "  The sign-in has ended.", "  Next: awsfedctl login p"])
    for need, words in (
            ({"told": True}, None),
            ({"told": False, "held": "unshown"},
             "  No notification: there is no desktop to show it on.\n"),
            ({"told": False, "held": "night", "until": stamp(3600)},
             "  No notification: quiet hours, until ")):
        other["need"] = dict(need, since=stamp(-60), profile="p", profiles=1)
        with Agent([status([JANE, other], [ADMIN])]) as a:
            out = run(a, "status").out
            equal("No notification" in out, words is not None)
            has(out, words or "")
    del other["need"]
    # One that the agent has no advice for is named with a profile of it.
    del other["fault"]["next"]
    theirs = dict(ADMIN, profile="theirs", identity="i2")
    with Agent([status([JANE, other], [ADMIN, theirs])]) as a:
        has(run(a, "status").out,
            "  The sign-in has ended.\n  Next: awsfedctl login theirs\n")


@tap.test
def file_faults():
    """a broken file is told first"""
    fault_ = {"kind": "config", "text": "line 3 is no setting.",
              "next": "mend line 3"}
    with Agent([status([JANE], [ADMIN], configFault=fault_,
                       credentialsFault=fault_)]) as a:
        r = run(a, "status")
        equal(r.out.splitlines()[:4], [
            "awsfed: /h/.aws/config: line 3 is no setting.",
            "  Next: mend line 3",
            "awsfed: /h/.aws/credentials: line 3 is no setting.",
            "  Next: mend line 3"])


@tap.test
def nothing_yet():
    """no profiles: what to type"""
    with Agent([status([], [])]) as a:
        r = run(a, "status")
        equal(r.status, 0)
        has(r.out, "awsfedctl login --profile NAME --adfs-host HOST")


@tap.test
def unknown():
    """an unknown profile: exit 1, named once"""
    with Agent([error("NoSuchProfile", profile="nope")]) as a:
        r = run(a, "status", "nope")
        equal((r.status, r.out), (1, ""))
        has(r.err, "awsfed: nope: there is no such profile.\n  Next: ")
        equal(a.calls[0]["parameters"], {"profile": "nope"})


@tap.test
def as_json():
    """--json is the agent's answer and nothing else"""
    reply = status([JANE], [ADMIN, DEPLOY])
    with Agent([reply]) as a:
        r = run(a, "status", "--json")
        equal(json.loads(r.out), reply)


@tap.test
def colours():
    """colours on a terminal only, and not with NO_COLOR"""
    for env, want in (({}, True), ({"NO_COLOR": "1"}, False),
                      ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)):
        with Agent([status([JANE], [ADMIN])]) as a:
            t = Terminal(a, "status", env=env, both=True)
            t.expect("fresh")
            t.wait()
            equal("\x1b[" in t.screen, want)
    with Agent([status([JANE], [ADMIN])]) as a:
        lacks(run(a, "status").out, "\x1b")


@tap.test
def hostile_names():
    """names of a hostile agent cannot drive the terminal"""
    bad = dict(ADMIN, profile="p\x1b[2J", role="R\u202eole",
               state="fr\x07esh")
    with Agent([status([dict(JANE, user="a\x1b]0;x")], [bad])] * 2) as a:
        for verb in ("status", "list"):
            r = run(a, verb)
            for c in "\x1b\x07\u202e":
                lacks(r.out, c)


@tap.test
def compatible_list():
    """list has aws-adfs's own lines"""
    with Agent([status([JANE], [ADMIN, DEPLOY]), status([], [])]) as a:
        equal(run(a, "list").out, "Available profiles:\n"
              " * product-prod-admin             | "
              "arn:aws:iam::012345678901:role/MyAdminRole\n"
              " * product-prod-web-deploy        | "
              "arn:aws:iam::765432109876:role/WebDeploy\n")
        equal(run(a, "list").out, "No defined profiles\n")


@tap.test
def roles():
    """roles: a table, by profile or host, --json"""
    reply = {"host": "h", "user": "u", "roles": [
        {"account": "012345678901", "role": "MyAdminRole", "profile": "p",
         "alias": "acme",
         "roleArn": ADMIN["roleArn"], "principalArn": "x"},
        {"account": "765432109876", "role": "WebDeploy",
         "roleArn": DEPLOY["roleArn"], "principalArn": "x"}]}
    with Agent([reply, reply, dict(reply, roles=[])]) as a:
        r = run(a, "roles", "--adfs-host", "h")
        equal(r.out.splitlines(), [
            "ACCOUNT       ALIAS  ROLE         PROFILE  ARN",
            "012345678901  acme   MyAdminRole  p        " + ADMIN["roleArn"],
            "765432109876  -      WebDeploy    -        " +
            DEPLOY["roleArn"]])
        equal(json.loads(run(a, "roles", "p", "--json").out), reply)
        has(run(a, "roles").out, "no roles")
        equal([c["parameters"] for c in a.calls],
              [{"host": "h"}, {"profile": "p"}, {}])
    with Agent([fault("needs-user", "Nobody has signed in to h.",
                      next="awsfedctl login")]) as a:
        r = run(a, "roles")
        equal((r.status, r.err), (3, "awsfed: Nobody has signed in to h.\n"
                                  "  Next: awsfedctl login\n"))


@tap.test
def refresh():
    """refresh: the fresh on stdout, the failed on stderr, its exit status"""
    reply = {"profiles": [
        {"profile": "a", "state": "fresh", "expiration": stamp(3600)},
        {"profile": "b", "state": "backoff", "fault": {
            "kind": "temporary", "text": "h does not answer.",
            "next": "nothing: it is tried again"}}]}
    with Agent([reply, {"profiles": []}]) as a:
        r = run(a, "refresh", "a", "--profile", "b")
        equal(r.status, 5)
        equal(r.out, "a fresh until %s\n1 profile fresh\n" % clock(3600))
        has(r.err, "awsfed: b: h does not answer.\n  Next: nothing")
        equal(sorted(a.calls[0]["parameters"]["profiles"]), ["a", "b"])
        r = run(a, "refresh")
        equal((r.status, a.calls[1]["parameters"]), (0, {}))
        has(r.out, "awsfedctl login")


@tap.test
def logout():
    """logout needs a name or --all, and says what it took away"""
    with Agent([{"profiles": ["a"], "identities": ["CORP\\jane @ h"]},
                {"profiles": [], "identities": []}]) as a:
        r = run(a, "logout", "a")
        equal(r.out, "a is no longer kept fresh\n"
              "CORP\\jane @ h is signed out\n")
        r = run(a, "logout", "--all")
        has(r.out, "nothing was kept")
        equal([c["parameters"] for c in a.calls],
              [{"profiles": ["a"]}, {"all": True}])
        for args in ([], ["a", "--all"]):
            r = run(a, "logout", *args, env={"AWS_PROFILE": "a"})
            equal(r.status, 2)


@tap.test
def forget_without_user():
    """logout --forget names a sign-in whose user is not known by its host"""
    gone = [{"host": "h", "removed": False, "unseen": True},
            {"host": "h", "removed": False},
            {"host": "h", "user": "CORP\\jane", "removed": True}]
    with Agent([{"profiles": ["p"], "identities": ["h"]},
                {"passwords": gone}]) as a:
        r = run(a, "logout", "--forget", "p")
        equal((r.status, r.err), (0, ""))
        lacks(r.out, "null")
        has(r.out, "\nh: no password is kept")
        has(r.out, "\nh: no password was stored\n")
        has(r.out, "\nCORP\\jane @ h: the stored password is removed\n")


@tap.test
def watch_stopped():
    """Ctrl-Z in --watch gives the screen and the cursor back; fg draws anew"""
    event = {"event": "status", "status": status([JANE], [ADMIN])}
    with Agent([event]) as a:
        t = Terminal(a, "status", "--watch", both=True, shell=True)
        t.expect("\x1b[?1049h\x1b[?25l")
        t.expect(ADMIN["profile"])
        t.type("\x1a")
        t.expect("\x1b[?25h\x1b[?1049l")
        t.expect("shell: stopped\r\n")
        t.type("fg\n")
        t.expect("\x1b[?1049h\x1b[?25l")
        t.expect(ADMIN["profile"])
        t.type("\x03")
        t.expect("\x1b[?25h\x1b[?1049l")
        t.expect("shell: 0\r\n")
        equal(t.wait().status, 0)


@tap.test
def reload():
    """reload: what changed, and the fault that kept the old state"""
    with Agent([{"changed": ["a", "b"]}, {"changed": []},
                {"changed": [], "fault": {
                    "kind": "config", "text": "line 3 is no setting.",
                    "next": "mend line 3"}}]) as a:
        equal(run(a, "reload").out, "a changed\nb changed\n")
        equal(run(a, "reload").out, "no profile changed\n")
        r = run(a, "reload")
        equal((r.status, r.out), (1, ""))
        has(r.err, "line 3 is no setting.\n  Next: mend line 3\n")


tap.main()
