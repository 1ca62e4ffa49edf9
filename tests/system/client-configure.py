# SPDX-License-Identifier: Apache-2.0
"""awsfedctl configure and roles, seen from the agent's side of the socket."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakeagent import *  # noqa: E402,F403

tap = Tap()
ARNS = ["arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/B"]
ROLES = [{"account": "111122223333", "role": a[-1], "roleArn": a,
          "principalArn": "x"} for a in ARNS]
SURVEY = done([], survey="L7", roles=ROLES, host="h", user="u")
PLAN = {"path": "/c", "new": 2, "digest": "d1", "diff": "--- /c\n+++ /c\n+x\n",
        "profiles": [dict(r, profile=r["role"], new=True) for r in ROLES],
        "written": False}
WROTE = dict(PLAN, written=True)
WHICH, WRITE = "q to quit): ", "[y/N] "


def calls(a):
    return [(c["method"].rsplit(".", 1)[1],
             {k: v for k, v in c.get("parameters", {}).items()
              if k not in ("config", "credentials", "krb5ccname")})
            for c in a.calls]


@tap.test
def plan_then_write():
    """--yes: a survey, the plan, and the same plan's digest to write it"""
    with Agent([SURVEY, PLAN, WROTE]) as a:
        r = run(a, "configure", "--adfs-host", "h", "--yes", "--region",
                "r-1", "--read-only-twins", "--template", "{role}")
        equal((r.status, r.out), (0, PLAN["diff"]))
        has(r.err, "2 profiles written to /c")
        same = {"survey": "L7", "region": "r-1", "template": "{role}",
                "readOnlyTwins": True}
        equal(calls(a), [("Login", {"host": "h", "survey": True}),
                         ("Configure", same),
                         ("Configure", dict(same, digest="d1"))])


@tap.test
def aliases_asked():
    """aliases are asked for when the template has them, or when told to"""
    for args, want in (([], True), (["--no-aliases"], None),
                       (["--template", "{role}"], None),
                       (["--template", "{role}", "--aliases"], True)):
        with Agent([SURVEY, PLAN]) as a:
            run(a, "configure", "--dry-run", *args)
            equal(calls(a)[0][1].get("aliases"), want)
            equal(len(a.calls), 2)


@tap.test
def picks():
    """the picks go by their place; Ctrl-C and q call nothing"""
    with Agent([SURVEY, dict(PLAN, new=1), dict(WROTE, new=1)]) as a:
        t = Terminal(a, "configure")
        t.expect(WHICH)
        t.type("2\n")
        t.expect("Write 1 profile to /c? " + WRITE)
        t.type("y\n")
        equal(t.wait().status, 0)
        equal([c[1].get("picks") for c in calls(a)], [None, [1], [1]])
    for key in ("q\n", "\x03", "\x04"):
        with Agent([SURVEY]) as a:
            t = Terminal(a, "configure")
            t.expect(WHICH)
            t.type(key)
            r = t.wait()
            equal(r.status, 1)
            has(r.err, "nothing was written")
            equal(len(a.calls), 1)


@tap.test
def account_shortens():
    """an account's number, or a part of it, shortens the list"""
    roles = ROLES + [dict(ROLES[0], account="444455556666", role="C")]
    for typed in ("444455556666", "5555"):
        with Agent([done([], survey="L7", roles=roles), dict(PLAN, new=1),
                    dict(WROTE, new=1)]) as a:
            t = Terminal(a, "configure")
            t.expect(WHICH)
            t.type(typed + "\n")
            t.expect(WHICH)
            t.type("9\n")
            t.expect("The numbers go from 1 to 3")
            t.expect(WHICH)
            t.type("all\n")
            t.expect(WRITE)
            t.type("y\n")
            equal(t.wait().status, 0)
            equal([c[1].get("picks") for c in calls(a)], [None, [2], [2]])


@tap.test
def hostile_texts():
    """no escape sequence reaches the terminal or the output"""
    nasty = "\x1b]0;x\x07"
    roles = [dict(ROLES[0], alias=nasty, role=nasty, profile=nasty)]
    plan = dict(PLAN, path=nasty, diff="+" + nasty + "\n+ok\n",
                profiles=[{"profile": nasty, "new": False}])
    with Agent([done([], survey="L7", roles=roles), plan, plan]) as a:
        t = Terminal(a, "configure")
        t.expect(WHICH)
        t.type("all\n")
        t.expect(WRITE)
        t.type("y\n")
        r = t.wait()
        for text in (r.out, r.err, t.screen):
            lacks(text, "\x1b")
            lacks(text, "\x07")
        has(r.out, "\n+ok\n")


@tap.test
def failures():
    """what goes wrong on the way has its status and its next step"""
    gone = fault("temporary", "The file changed.", next="awsfedctl configure")
    for script, status, text in (
            ([done([], fault={"kind": "rejected", "text": "Refused."})], 4,
             "Refused."),
            ([done([])], 1, "did not say for which roles"),
            ([done([], survey="L7", roles=[])], 4, "no roles"),
            ([SURVEY, error("NoSuchLogin")], 5, "forgotten this sign-in"),
            ([SURVEY, fault("config", "No such template.")], 1, "template"),
            ([SURVEY, PLAN, gone], 5, "The file changed."),
            ([SURVEY, PLAN, None], 6, "agent"),
            ([SURVEY, {}], 0, "nothing to write"),
            ([SURVEY, {"new": "x", "profiles": 3, "diff": []}], 0, ""),
            ([done([], survey=3, roles=[1, None, {"role": 3}]), {}], 0, "")):
        with Agent(script) as a:
            r = run(a, "configure", "--yes")
            equal((r.status, text in r.err), (status, True))


@tap.test
def roles_signs_in():
    """roles: signs in at a terminal, and for aliases; else status 3"""
    needs = fault("needs-user", "Nobody signed in.", next="awsfedctl login")
    with Agent([needs, SURVEY]) as a:
        t = Terminal(a, "roles", "--adfs-host", "h")
        r = t.wait()
        equal(r.status, 0)
        has(r.out, ARNS[1])
        equal(calls(a)[1], ("Login", {"host": "h", "survey": True}))
    with Agent([needs]) as a:
        equal(run(a, "roles").status, 3)
    known = {"host": "h", "user": "u", "aliases": False, "roles": ROLES}
    better = done([], roles=[dict(ROLES[0], alias="acme")], host="h")
    with Agent([known, better]) as a:
        r = run(a, "roles", "--aliases", "--json")
        equal(json.loads(r.out)["roles"][0]["alias"], "acme")
        equal(calls(a)[1][1], {"host": "h", "user": "u", "survey": True,
                               "aliases": True})
    # Names are a nicety: without them the list is still the list.
    with Agent([known, fault("temporary", "No network.")]) as a:
        r = run(a, "roles", "--aliases")
        equal((r.status, ARNS[0] in r.out), (0, True))
        has(r.err, "No network.")
    with Agent([dict(known, aliases=True)]) as a:
        equal(run(a, "roles", "--aliases").status, 0)


tap.main()
