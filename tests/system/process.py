#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A profile that moves from the file to credential_process and back. TAP."""
import harness
import tap

ROLE = "arn:aws:iam::012345678901:role/Admin"


def sections(w):
    return sorted(w.credentials())


def story():
    with harness.World() as w:
        w.sim.user(harness.USER, roles=[harness.pair(ROLE)])
        w.profile("p", role=ROLE)
        r = w.login("p")
        tap.equal(r.rc, 0, "login")
        tap.equal(sections(w), ["p"], "the keys are in the file")
        config = w.read(w.config_file).decode()
        line = "credential_process = %s credential-process p\n" % (
            w.program("awsfedctl"))
        with open(w.config_file, "w", encoding="utf-8") as f:
            f.write(config.rstrip("\n") + "\n" + line)
        w.wait(lambda: sections(w) == [], "the keys to leave the file", 10)
        tap.ok(True, "with the line, no static keys shadow it")
        tap.equal(w.states()["p"], "fresh", "the profile is held still")
        who = w.identity("--profile", "p")
        tap.ok("assumed-role/Admin" in str(who),
               "the AWS CLI gets its keys by the line", who)
        r = w.ctl("refresh", "p")
        tap.equal((r.rc, sections(w)), (0, []),
                  "a renewal does not put them back")
        tap.equal(w.stop_agent(), 0, "the agent ends")
        w.start_agent()
        tap.ok(w.status("p")["profiles"][0]["kept"],
               "after a restart the line is the record: it is kept")
        with open(w.config_file, "w", encoding="utf-8") as f:
            f.write(config)
        r = w.login("p", user=None)
        tap.equal((r.rc, sections(w)), (0, ["p"]),
                  "without the line a login delivers by file again")


tap.run(story)
