#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Input that is unusual and has to work: one role in two profiles, odd account
ids, commas and paths in roles, files with odd modes and links, and a config
file of 10,000 profiles; control characters are refused. TAP."""
import os
import stat
import time

import harness
import tap
from harness import HOST, PASSWORD, USER, role

ARN, OTHER = role("111122223333", "Admin"), role("111122223333", "Other")
SHORT, LONG = role("1234567", "Short"), role("12345678901234", "Long")
COMMA = role("111122223333", "team/x,y/Deploy,Prod=1")
BOTO = """
import boto3, json, sys
print(json.dumps({p: boto3.Session(profile_name=p).client("sts")
                  .get_caller_identity()["Arn"] for p in sys.argv[1:]}))
"""
ASK_ROLE = harness.ASK_ROLE


def offer(w, *arns, **more):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(a) for a in arns], **more)


def named(arn):
    """What STS calls one who has this role, without the session."""
    return "arn:aws:sts::%s:assumed-role/%s/" % (
        arn.split(":")[4], arn.rsplit("/", maxsplit=1)[-1])


def boto(w, *names):
    r = w.run(["/usr/bin/python3", "-c", BOTO, *names])
    return r.out + r.err


def one_role_twice():
    with harness.World() as w:
        offer(w, ARN)
        for name in ("one", "two"):
            w.profile(name, role=ARN, reload=False)
        w.ctl("reload")
        before = w.sim.counters()
        r = w.login("one", "two")
        tap.ok(r.rc == 0, "two profiles with one role log in", r)
        tap.equal(w.states(), {"one": "fresh", "two": "fresh"},
                  "both are fresh")
        gained = w.sim.since(before)
        tap.equal([gained.get(k) for k in ("assertions", "password_posts",
                                           "assume_role_with_saml")],
                  [1, 1, 2], "one sign-in, one redemption each")
        have = w.credentials()
        tap.ok(have["one"]["aws_session_token"] !=
               have["two"]["aws_session_token"], "each has its own keys")
        r = w.ctl("logout", "one")
        tap.ok(r.rc == 0 and w.credentials()["two"] == have["two"] and
               w.states()["two"] == "fresh",
               "logout of one leaves the other", r, w.credentials())


def odd_arns():
    arns = {"short": SHORT, "long": LONG, "comma": COMMA}
    for order in ("role-first", "provider-first"):
        with harness.World() as w:
            offer(w, *arns.values())
            w.sim.set(order=order)
            for name, arn in arns.items():
                w.profile(name, role=arn, reload=False)
            w.ctl("reload")
            r = w.login("--all")
            tap.ok(r.rc == 0, order + ": they log in", r)
            tap.ok("1234567 in" in r.err and "12345678901234 in" in r.err and
                   "does not have 12 digits" in r.err,
                   order + ": odd account ids are remarked upon", r)
            tap.ok("111122223333 in" not in r.err, order + ": others not", r)
            tap.equal(w.states(), dict.fromkeys(arns, "fresh"),
                      order + ": all are fresh")
            said = boto(w, *arns)
            for name, arn in arns.items():
                tap.ok(named(arn) in said, "%s: %s is %s"
                       % (order, name, arn), said)


def comma_chosen():
    """From the list of roles, and by its ARN, into a new profile."""
    with harness.World() as w:
        offer(w, ARN, COMMA)
        args = ["--adfs-host", HOST, "--region", "us-east-1"]
        r = w.login("--profile", "a", *args,
                    answers=[(ASK_ROLE, "Deploy,Prod"), (ASK_ROLE, "2")])
        tap.ok(r.rc == 0 and "2  %s\n" % COMMA in r.tty,
               "chosen from the list", r)
        r = w.login("--profile", "b", *args, "--role-arn", COMMA, user=None,
                    password=None)
        tap.ok(r.rc == 0, "named by its ARN", r)
        text = w.read(w.config_file).decode()
        tap.equal(text.count("adfs_config.role_arn = %s\n" % COMMA), 2,
                  "both have the whole ARN")
        said = boto(w, "a", "b")
        tap.equal(said.count(named(COMMA)), 2, "and both work")


def control_characters():
    with harness.World() as w:
        offer(w, ARN)
        w.profile("p", role=ARN, adfs_config__adfs_user=USER)
        before = w.read(w.config_file)
        for what, args in (
                ("a newline in a name", ["--profile", "a\n[b]"]),
                ("an escape in a name", ["--profile", "a\x1b[31m"]),
                ("a bracket in a name", ["--profile", "a]b"]),
                ("a newline in a region",
                 ["--profile", "p", "--region", "x\ncredential_process = y"]),
                ("a carriage return in a host",
                 ["--profile", "p", "--adfs-host", "a.example.com\rx"]),
                ("a newline in a role",
                 ["--profile", "p", "--role-arn", ARN + "\nregion = x"]),
                ("a newline in a format",
                 ["--profile", "p", "--output-format", "json\nregion = x"])):
            more = [] if "p" in args else ["--adfs-host", HOST, "--role-arn",
                                           ARN, "--region", "us-east-1"]
            r = w.login(*args, *more, user=None, password=None, timeout=10)
            tap.ok(r.rc in (1, 2, 4) and "awsfed" in r.err,
                   what + " is refused", r)
            tap.ok("\x1b[31m" not in r.all and "\r" not in r.err,
                   what + ": and not echoed raw", r)
            tap.equal(w.read(w.config_file), before,
                      what + ": the config is untouched")
            tap.equal(w.read(w.credentials_file), None,
                      what + ": no keys are written")


# mode before, mode after one write
MODES = ((0o644, 0o600), (0o664, 0o600), (0o640, 0o600), (0o666, 0o600),
         (0o600, 0o600), (0o755, 0o700))


def modes():
    with harness.World() as w:
        offer(w, ARN)
        w.sim.set(loop_tokens=30)
        w.profile("p", role=ARN)
        mine = "[mine]\naws_access_key_id = AKIAMINE\n"
        first = True
        for before, after in MODES:
            w.write(w.credentials_file, mine, before)
            r = w.login("p", user=USER if first else None,
                        password=PASSWORD if first else None)
            first = False
            tap.ok(r.rc == 0 and "p" in w.credentials(),
                   "%04o: login writes" % before, r)
            mode = stat.S_IMODE(os.stat(w.credentials_file).st_mode)
            tap.equal("%04o" % mode, "%04o" % after,
                      "%04o: nobody else may read it then" % before)


def links():
    with harness.World() as w:
        offer(w, ARN)
        folder = os.path.join(w.home, "dots")
        w.own(folder, 0o700, folder=True)
        mine = "# mine\n[mine]\naws_access_key_id = AKIAMINE\n"
        for name, path in (("keys", w.credentials_file),
                           ("conf", w.config_file)):
            real = os.path.join(folder, name)
            w.write(real, mine if name == "keys" else "# mine\n")
            os.symlink(os.path.join("../dots", name), path)
        r = w.login("--profile", "p", "--adfs-host", HOST, "--role-arn", ARN,
                    "--region", "us-east-1")
        tap.ok(r.rc == 0, "login with linked files", r)
        for name, path, has in (
                ("keys", w.credentials_file, b"aws_session_token"),
                ("conf", w.config_file, b"[profile p]")):
            tap.equal(os.path.islink(path) and os.readlink(path),
                      "../dots/" + name, "%s: the link stays" % name)
            real = os.path.join(folder, name)
            text = w.read(real)
            tap.ok(text.startswith(b"# mine\n") and has in text,
                   "%s: what it leads to was written" % name, text)
            tap.ok(not os.path.islink(real), "%s: a file still" % name)
        r = w.ctl("logout", "p")
        tap.ok(r.rc == 0 and os.path.islink(w.credentials_file) and
               b"aws_session_token" not in w.read(w.credentials_file),
               "logout follows it, too", r)
        # A hard link: replacing the file would part the two.
        twin = os.path.join(folder, "twin")
        os.link(os.path.join(folder, "keys"), twin)
        before = w.read(twin)
        r = w.login("p", user=None)
        tap.ok(r.rc == 1 and "hard links" in r.err and "Next:" in r.err,
               "a hard link is told", r)
        tap.equal(w.read(twin), before, "and nothing is written")
        os.unlink(twin)


def many():
    """Ten thousand; a build with sanitizers gets fewer, for its slowness."""
    with open(tap.program("awsfedd"), "rb") as f:
        return 1500 if b"__asan_init" in f.read() else 10000


def timed(what, run):
    """Each call has its own limit; how long it took is for the reader."""
    start = time.monotonic()
    r = run()
    print("# %s took %.1f s" % (what, time.monotonic() - start))
    return r


def ten_thousand():
    count = many()
    with harness.World(agent=False) as w:
        offer(w, ARN)
        text = "".join(
            "[profile team-%05d]\nregion = us-east-1\n"
            "adfs_config.adfs_host = %s\nadfs_config.adfs_user = %s\n"
            "adfs_config.role_arn = %s\n\n" % (
                i, HOST, USER, ARN if i == 777 else
                role("%012d" % (100000000000 + i), "Admin"))
            for i in range(count))
        w.write(w.config_file, text)
        timed("a start with %d profiles" % count, w.start_agent)
        r = timed("reload", lambda: w.ctl("reload"))
        tap.ok(r.rc == 0, "reload", r)
        r = timed("login of one", lambda: w.login("team-00777", user=None))
        tap.ok(r.rc == 0 and "team-00777" in w.credentials(),
               "login of one", r)
        r = timed("status of one", lambda: w.ctl("status", "team-00777"))
        tap.ok(r.rc == 0 and "fresh" in r.out, "status of one", r)
        r = timed("status", lambda: w.ctl("status"))
        tap.ok(r.rc == 0 and r.out.count("team-") == count,
               "status has them all", r.rc, r.err, r.out[:300])
        r = timed("status --json", lambda: w.ctl("status", "--json"))
        tap.ok(r.rc == 0 and r.out.count('"roleArn"') >= count,
               "status --json has them all", r.rc, r.err, r.out[:300])
        w.write(w.config_file, text + "[profile late]\nregion = us-east-1\n"
                "adfs_config.adfs_host = %s\nadfs_config.adfs_user = %s\n"
                "adfs_config.role_arn = %s\n" % (HOST, USER, ARN))
        r = timed("one more", lambda: w.ctl("reload"))
        r = timed("its login", lambda: w.login("late", user=None,
                                                password=None))
        tap.ok(r.rc == 0, "one more profile is used", r)


harness.need()
CASES = (one_role_twice, odd_arns, comma_chosen, control_characters, modes,
         links, ten_thousand)
wanted = os.environ.get("CASES", "").split()
tap.run(*[c for c in CASES if not wanted or c.__name__ in wanted])
