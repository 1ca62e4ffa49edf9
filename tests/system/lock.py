# SPDX-License-Identifier: Apache-2.0
"""awsfedctl lock and unlock: nothing starts, chosen keys are out of reach."""

import json
import os
import re
import signal

import buses
import harness
import tap
from harness import PASSWORD, USER, role

ADMIN, DEV = role("111122223333", "Admin"), role("111122223333", "Dev")
DEPLOY = role("444455556666", "Deploy")
OFFER = r"Unlock now\? \[y/N\] $"


def profile_of(w, name):
    return [p for p in w.status()["profiles"] if p["profile"] == name][0]


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(x) for x in (ADMIN, DEV)])
    w.sim.role(DEPLOY, trust=[ADMIN])
    w.profile("prod", role=ADMIN, reload=False, awsfed__blank_on_lock="yes")
    w.profile("dev", role=DEV, reload=False)
    text = w.read(w.config_file).decode()
    w.write(w.config_file, text + "[profile deploy]\nregion = us-east-1\n"
            "role_arn = %s\nsource_profile = prod\nawsfed.deliver = file\n"
            "awsfed.blank_on_lock = yes\n" % DEPLOY)
    w.ctl("reload")
    r = w.login("prod", "dev", "deploy")
    tap.ok(r.rc == 0, "login", r)


def process(w, name):
    return w.ctl("credential-process", name)


def key_of(w, name):
    return json.loads(process(w, name).out)["AccessKeyId"]


def by_hand():
    with harness.World() as w:
        setup(w)
        keys = w.credentials()
        prod = key_of(w, "prod")
        before = w.sim.counters()
        r = w.ctl("lock")
        tap.ok(r.rc == 0 and "prod" in r.out and "deploy" in r.out and
               "dev:" not in r.out, "lock names the profiles that it hides", r)
        now = w.credentials()
        tap.ok("aws_access_key_id" not in now["prod"] and
               "aws_access_key_id" not in now["deploy.live"] and
               prod.encode() not in w.read(w.credentials_file),
               "their keys are out of the file when it returns", now)
        tap.ok("credential-process prod" in now["prod"]["credential_process"],
               "and no tool falls through to another identity", now["prod"])
        tap.equal(now["dev"], keys["dev"], "the others' are as they were")
        r = process(w, "prod")
        tap.ok(r.rc == 4 and "locked" in r.err and
               "Next: awsfedctl unlock" in r.err,
               "who asks for hidden keys is told why, exit 4", r)
        r = w.run([harness.AWS, "sts", "get-caller-identity", "--profile",
                   "prod"]) if os.access(harness.AWS, os.X_OK) else None
        if r is not None:
            tap.ok(r.rc != 0 and "locked" in r.err, "so is the AWS CLI", r)
        tap.ok("ASIA" in process(w, "dev").out, "others are served")
        for verb in (["refresh"], ["refresh", "dev"],
                     ["console", "dev", "--print"],
                     ["console", "prod", "--print"]):
            r = w.ctl(*verb)
            tap.ok(r.rc == 4 and "awsfedctl unlock" in r.err,
                   "no " + " ".join(verb), r)
        r = w.login("dev", user=None, password=None,
                    answers=[(OFFER, "n")])
        tap.ok(r.rc == 4 and "awsfedctl unlock" in r.all and
               re.search(r"was locked by awsfedctl lock at \d\d:\d\d\.",
                         r.all), "no login", r)
        r = w.ctl("login", "--stdin", "dev", stdin="u\np\n")
        tap.ok(r.rc == 4 and "Next: awsfedctl unlock" in r.err,
               "nor by a script, which is not asked", r)
        r = w.ctl("login", "--stdout", "dev")
        tap.ok(r.rc == 0 and "ASIA" in r.out,
               "login --stdout gives what is there", r)
        r = w.ctl("status")
        tap.ok(re.search(r"^locked by awsfedctl lock at \d\d:\d\d: ", r.out) and
               re.search(r"(?m)^dev .*m  +-  +fresh$", r.out) and
               re.search(r"(?m)^prod .*  -  +-  +hidden: locked$", r.out),
               "status says it, and promises no renewal", r)
        r = w.ctl("explain", "prod")
        tap.ok(re.match(r"prod: hidden: locked\n"
                        r"  Since \d\d:\d\d: The agent was locked .*\n"
                        r"  Next: awsfedctl unlock\n\n", r.out),
               "so does explain", r)
        tap.equal(w.status()["agent"]["locked"]["by"], "command",
                  "and --json by whom")
        tap.equal([w.ctl("status", "--check", p).rc for p in
                   ("prod", "dev")], [4, 0], "and --check")
        tap.equal({k: v for k, v in w.sim.since(before).items() if v}, {},
                  "not one request went out")

        # The file is the user's, also now.
        text = w.read(w.credentials_file).decode()
        w.write(w.credentials_file, "# mine\n" + text + "[mine]\n"
                "aws_access_key_id = AKIAMINE\n")
        r = w.ctl("unlock")
        tap.ok(r.rc == 0 and "prod: its keys are back" in r.out,
               "unlock names them", r)
        now = w.credentials()
        tap.equal((now["prod"]["aws_access_key_id"], now["deploy.live"]),
                  (prod, keys["deploy.live"]), "the very same keys are back")
        tap.equal(now["prod"], keys["prod"], "in the section as it was")
        tap.ok(w.read(w.credentials_file).startswith(b"# mine\n") and
               now["mine"]["aws_access_key_id"] == "AKIAMINE",
               "what was edited meanwhile is there")
        tap.equal(key_of(w, "prod"), prod, "and served")
        tap.equal({k: v for k, v in w.sim.since(before).items() if v}, {},
                  "without the network")
        r = w.ctl("unlock")
        tap.ok(r.rc == 0 and "not locked" in r.out, "unlocked twice: said", r)
        tap.ok("locked" not in w.status()["agent"], "status is silent again")
        tap.equal(w.ctl("refresh", "prod").rc, 0, "and it renews")

        # A person at a terminal may end it by a login.
        w.ctl("lock")
        r = w.login("dev", user=None, password=None,
                    answers=[(OFFER, "y")])
        tap.ok(r.rc == 0 and "dev fresh" in r.all, "login offers to unlock", r)
        tap.ok("locked" not in w.status()["agent"], "and has unlocked")

        # Twice, and what is logged out meanwhile stays so.
        w.ctl("lock")
        w.ctl("lock")
        tap.equal(w.ctl("logout", "prod").rc, 0, "logout while locked")
        w.ctl("unlock")
        tap.ok("x_logged_out" in w.credentials()["prod"],
               "stays logged out", w.credentials())
        tap.equal(process(w, "prod").rc, 3, "and says so, not the lock")

        # Everything: the next renewal needs a person.
        r = w.ctl("lock", "--all", "--json")
        tap.ok(r.rc == 0 and json.loads(r.out)["by"] == "command",
               "lock --all --json", r)
        w.ctl("unlock", "--json")
        tap.ok("ASIA" in process(w, "dev").out, "live keys outlive it")
        r = w.ctl("status")
        tap.ok(re.search(r"signed out; keys are valid until \d\d:\d\d\n"
                         r"  Next: awsfedctl login \w+\n", r.out),
               "status says until when, and what comes next", r)
        r = w.ctl("explain", "dev")
        tap.ok(re.match(r"dev: fresh; keys live for \d+m\n"
                        r"  Since \d\d:\d\d: Nobody is signed in.*\n"
                        r"  Next: awsfedctl login dev\n", r.out),
               "and explain, of the profile", r)
        tap.equal(w.ctl("refresh", "dev").rc, 3,
                  "but the sign-in is forgotten")


def running():
    """A login that waits for its person when the agent is locked."""
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ADMIN)])
        w.profile("prod", role=ADMIN, adfs_config__adfs_user="CORP\\jane")
        seen = []

        def lock(text):
            if "assword" in text and not seen:
                seen.append(w.ctl("lock"))
        before = w.sim.counters()
        r = w.login("prod", user=None, show=lock)
        tap.ok(seen and seen[0].rc == 0 and r.rc == 4 and
               "awsfedctl unlock" in r.all,
               "a login that runs ends, and says why", r)
        w.wait(lambda: not w.workers(), "the worker to end")
        tap.ok("password_posts" not in w.sim.since(before),
               "its worker is gone, and what was typed went nowhere",
               w.sim.since(before))
        w.ctl("unlock")
        tap.equal(w.login("prod", user=None).rc, 0, "and then it works")


def killed():
    """A lock outlives its agent, however that ends."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        with harness.World() as w:
            setup(w)
            w.ctl("lock")
            w.stop_agent(sig)
            w.start_agent()
            tap.ok("locked" in w.status()["agent"],
                   "locked after signal %d" % sig)
            tap.equal(process(w, "prod").rc, 4, "and nothing is shown")
            tap.ok("ASIA" in process(w, "dev").out, "but for the others")
            w.ctl("unlock")
            p = profile_of(w, "prod")
            tap.ok(p["kept"], "its profile is still kept", p)
            tap.equal(w.login("prod", user=None).rc, 0, "the next login")
            tap.ok("aws_access_key_id" in w.credentials()["prod"],
                   "brings its keys")
    with harness.World() as w:
        setup(w)
        w.stop_agent(signal.SIGKILL)
        note = os.path.join(w.base, "run/awsfed/locked")
        w.write(note, "garbage\0")
        w.start_agent()
        w.wait(lambda: "aws_access_key_id" not in w.credentials()["prod"],
               "the keys to leave the file")
        tap.ok("locked" in w.status()["agent"],
               "an agent that was killed before it could hide keys hides "
               "them, whatever its note says")
        prod = w.ctl("unlock")
        tap.ok(prod.rc == 0 and "aws_access_key_id" in
               w.credentials()["prod"] and not os.path.exists(note),
               "and gives them back", prod)


def unwritable():
    """The keys cannot be taken out: that is said, and the rest is locked."""
    with harness.World() as w:
        setup(w)
        aws = os.path.dirname(w.credentials_file)
        w.own(aws, 0o500)
        w.own(w.credentials_file, 0o400)
        r = w.ctl("lock")
        tap.ok(r.rc != 0 and w.credentials_file in r.err and
               "prod" in r.out, "a file that cannot be written is named", r)
        tap.equal(process(w, "prod").rc, 4, "the agent is locked all the same")
        w.own(aws, 0o700)
        w.own(w.credentials_file, 0o600)
        r = w.ctl("unlock")
        tap.ok("aws_access_key_id" in w.credentials()["prod"],
               "and unlocks", r)


def timers():
    """Renewals that fall due while it is locked, and keys that end."""
    with harness.World(warp=True) as w:
        setup(w)
        before = w.sim.counters()
        w.ctl("lock")
        w.warp(2400)
        w.wait(lambda: profile_of(w, "dev")["state"] == "backoff",
               "the renewal that is due to be held")
        p = profile_of(w, "dev")
        tap.ok(p["reason"] == "locked" and p["live"],
               "held for the lock, and still served", p)
        tap.equal({k: v for k, v in w.sim.since(before).items() if v}, {},
                  "no request")
        w.ctl("unlock")
        w.wait_states(fresh={"prod", "dev", "deploy"})
        tap.ok(w.wait(lambda: harness.seconds_left(
            w.credentials()["dev"]) > 2400 + 3000, "new keys in the file"),
               "unlocked, it renews at once")
        w.ctl("lock")
        w.warp(2400 + 7200)
        tap.equal(process(w, "dev").rc, 4,
                  "what ended meanwhile cannot be renewed: exit 4")
        w.ctl("unlock")
        w.wait_states(fresh={"prod", "dev"})
        tap.ok(True, "and unlocked, all come back")


def screen():
    """With the screen, and before the machine sleeps, where that is asked."""
    with harness.World(agent=False) as w, buses.Buses(w) as b:
        w.settings(lock_on_screen_lock="yes", lock_on_sleep="yes")
        b.mock("system", "logind")
        b.logind_session()
        w.start_agent(XDG_SESSION_ID="c1")
        w.wait(lambda: w.status()["agent"].get("presence") == "there",
               "the agent to know the session")
        setup(w)
        keys = w.credentials()["prod"]

        def locked():
            return w.status()["agent"].get("locked", {}).get("by")

        def hidden():
            return "aws_access_key_id" not in w.credentials()["prod"]
        b.lock()
        w.wait(lambda: locked() == "screen" and hidden(), "the lock")
        tap.ok(True, "locked with the screen, and keys are hidden")
        b.unlock()
        w.wait(lambda: locked() is None and not hidden(), "the unlock")
        tap.equal(w.credentials()["prod"], keys, "unlocked with it")
        w.wait(lambda: "awsfed" in repr(b.inhibitors()),
               "the machine to wait for us before it sleeps")
        b.sleep(True)
        w.wait(lambda: locked() == "sleep" and hidden(), "the sleep")
        tap.ok(True, "locked before the machine sleeps")
        w.wait(lambda: "awsfed" not in repr(b.inhibitors()),
               "the machine to be let go")
        b.lock()
        b.sleep(False)
        tap.equal(locked(), "sleep", "and still when it wakes up")
        b.unlock()
        w.wait(lambda: locked() is None, "the unlock after it")
        tap.ok(True, "and unlocked with the screen")
        w.ctl("lock")
        b.lock()
        b.unlock()
        w.wait(lambda: w.status()["agent"].get("lastWake", {}).get("what")
               == "unlock", "the screen's unlock")
        tap.equal(locked(), "command",
                  "what a person locked stays so when the screen unlocks")
        w.ctl("unlock")
        b.lock()
        w.wait(lambda: locked() == "screen", "the lock")
        w.ctl("lock")
        tap.equal(locked(), "command", "a person's lock takes it over")
        w.ctl("unlock")
        w.settings()
        w.ctl("reload")
        b.unlock()
        b.lock()
        w.wait(lambda: w.status()["agent"].get("lastWake", {}).get("what")
               == "lock", "the screen's lock")
        tap.equal(locked(), None, "not with the screen by default")


harness.need()
buses.need()
tap.run(by_hand, running, killed, unwritable, timers, screen)
