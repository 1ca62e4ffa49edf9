# SPDX-License-Identifier: Apache-2.0
"""What root lets users set: hosts, lives, files, hooks; a bad policy.conf."""

import os

import harness
import tap
from harness import HOST, PASSWORD, USER, role

ADMIN, LAB = role("111122223333", "Admin"), role("444455556666", "Lab")


class Etc:
    """/etc/awsfed of this world."""

    def __init__(self, w):
        self.w = w
        self.dir = os.path.join(w.base, "etc")
        os.mkdir(self.dir, 0o755)
        self.file = os.path.join(self.dir, "policy.conf")
        w.env["AWSFED_TEST_ETC"] = self.dir

    def write(self, text, name="policy.conf", mode=0o644):
        """Root's file, if we are root; the agent sees it by itself."""
        path = os.path.join(self.dir, name)
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)


def profile_of(w, name):
    return [p for p in w.status()["profiles"] if p["profile"] == name][0]


def notes(w, name):
    r = w.ctl("explain", name)
    return r.out if r.rc == 0 else r


def limits():
    with harness.World(agent=False) as w:
        etc = Etc(w)
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(x) for x in (ADMIN, LAB)])
        w.sim.role(ADMIN, max=43200)
        etc.write("[awsfed]\nadfs_host = %s\nregion = eu-west-1\n" % HOST,
                  "awsfed.conf")
        hook = os.path.join(w.base, "home/ran")
        w.profile("prod", role=ADMIN, reload=False,
                  adfs_config__session_duration=14400,
                  awsfed__on_refresh="touch " + hook)
        w.profile("lab", role=LAB, host=None, reload=False)
        w.profile("evil", role=LAB, host="evil.example.org", reload=False)
        w.start_agent()
        tap.equal(w.login("lab").rc, 0,
                  "the fleet's file gives the host of a profile without one")
        tap.equal(profile_of(w, "prod").get("policy"), None,
                  "no policy, no word of one")
        tap.ok("policy" not in w.status()["agent"], "nor of the agent's")

        etc.write("[policy]\nallowed_hosts = %s\nmax_duration = 1800\n"
                  "hooks = no\nendpoint = no\n"
                  "never_file_accounts = 444455556666\n" % HOST)
        w.wait(lambda: w.status()["agent"].get("policy"), "the policy")
        tap.ok(True, "a policy that comes is seen by itself")
        tap.equal(profile_of(w, "lab")["state"], "fresh",
                  "keys that were live are kept")
        w.wait(lambda: "lab" not in w.credentials(),
               "the account's keys to leave the file")
        tap.equal(profile_of(w, "lab")["deliver"], "process",
                  "an account that is in no file is delivered by process")
        tap.ok(etc.file in str(profile_of(w, "lab")["policy"]),
               "status says why, and names the file")
        r = w.ctl("credential-process", "lab")
        tap.ok(r.rc == 0 and "ASIA" in r.out, "and its keys are there", r)

        r = w.login("evil", user=None, password=None)
        tap.ok(r.rc == 4 and "policy of this machine: %s allows sign-ins at %s"
               % (etc.file, HOST) in r.all, "another host is refused", r)
        r = w.login("--profile", "new", "--adfs-host", "evil.example.org",
                    "--role-arn", LAB, user=None, password=None)
        tap.ok(r.rc == 4 and etc.file in r.all and
               "[profile new]" not in w.read(w.config_file).decode(),
               "so it is in a new profile, which is not written", r)
        tap.equal(w.login("prod", user=None, password=None).rc, 0, "login")
        left = harness.seconds_left(w.credentials()["prod"])
        tap.ok(1700 < left <= 1800, "the life is the policy's", left)
        tap.ok("max_duration" in notes(w, "prod") and
               "awsfed.on_refresh does nothing" in notes(w, "prod") and
               etc.file in notes(w, "prod"), "explain says what it did",
               notes(w, "prod"))
        tap.ok(not os.path.exists(hook), "no hook ran")
        r = w.ctl("exec", "--endpoint", "prod", "--", "true")
        tap.ok(r.rc != 0 and etc.file in r.err, "no endpoint, and why", r)


def broken():
    with harness.World(agent=False) as w:
        etc = Etc(w)
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ADMIN)])
        etc.write("[policy]\nmax_duration = 1800\n")
        w.profile("prod", role=ADMIN, reload=False)
        w.start_agent()
        tap.equal(w.login("prod").rc, 0, "login")
        keys = w.read(w.credentials_file)
        before = w.sim.counters()

        etc.write("[policy]\nmax_duration = 1800\nno_such_key = 1\n")
        w.wait(lambda: w.status()["agent"]["policy"].get("fault"),
               "the bad policy")
        r = w.ctl("status")
        tap.ok(etc.file in r.out and "line 3" in r.out,
               "status names file and line", r)
        tap.equal(w.read(w.credentials_file), keys, "keys stay in the file")
        r = w.ctl("credential-process", "prod")
        tap.ok(r.rc == 0 and "ASIA" in r.out, "live keys are served", r)
        r = w.ctl("refresh", "prod")
        tap.ok("line 3" in r.out + r.err, "nothing is renewed, and why", r)
        r = w.login("prod", user=None, password=None)
        tap.ok(r.rc == 1 and "line 3" in r.all and etc.file in r.all,
               "nothing new is signed in", r)
        gained = {k: v for k, v in w.sim.since(before).items() if v}
        tap.equal(gained, {}, "not one request went out")

        # Another start knows no policy before: it is as strict.
        w.stop_agent()
        w.start_agent()
        r = w.ctl("credential-process", "prod")
        tap.ok(r.rc == 0 and "ASIA" in r.out,
               "an agent that starts with it serves what is live", r)
        tap.ok("policy" in profile_of(w, "prod")["fault"]["reason"],
               "and knows why it does no more")
        etc.write("[policy]\nmax_duration = 1800\n", mode=0o666)
        w.wait(lambda: "must be root's" in str(w.status()["agent"]["policy"]),
               "the mode to be seen")
        tap.ok(True, "a file that others may write is not trusted")
        os.chmod(etc.file, 0o644)
        w.wait(lambda: "fault" not in w.status()["agent"]["policy"],
               "the mended mode to be seen")
        tap.equal(w.login("prod", user=None, password=PASSWORD).rc, 0,
                  "mended, it is in force")
        etc.write("[policy]\nallowed_hosts = other.example.com\n")
        w.wait(lambda: "fault" in profile_of(w, "prod"), "the new rule")
        tap.ok(profile_of(w, "prod")["live"], "live under a new rule as well")
        os.unlink(etc.file)
        w.wait(lambda: "policy" not in w.status()["agent"], "its end")
        tap.equal(w.ctl("refresh", "prod").rc, 0, "without a policy: free")


harness.need()
tap.run(limits, broken)
