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


def written():
    """awsfed.deliver = process: the agent writes the line itself."""
    with harness.World() as w:
        w.sim.user(harness.USER, roles=[harness.pair(ROLE)])
        w.profile("p", role=ROLE)
        w.login("p")
        plain = w.read(w.config_file).decode()
        asked = plain.rstrip("\n") + "\nawsfed.deliver = process\n"
        line = "credential_process = %s credential-process p\n" % (
            w.program("awsfedctl"))
        w.write(w.config_file, asked)
        r = w.login("p", user=None)
        tap.equal((r.rc, w.read(w.config_file).decode()),
                  (0, asked + line), "the line is in the profile")
        w.wait(lambda: sections(w) == [], "the keys to leave the file", 10)
        who = w.identity("--profile", "p")
        tap.ok("assumed-role/Admin" in str(who), "the AWS CLI goes by it", who)
        w.ctl("refresh", "p")
        tap.equal((w.read(w.config_file).decode(), sections(w)),
                  (asked + line, []), "a renewal changes nothing")
        w.stop_agent(9)
        w.start_agent()
        tap.ok(w.status("p")["profiles"][0]["kept"], "a killed agent's next "
               "one keeps it")
        w.ctl("logout", "p")
        r = w.ctl("credential-process", "p")
        tap.ok(line in w.read(w.config_file).decode() and r.rc == 3,
               "after a logout it stays, and fails with what to do", r)
        w.write(w.config_file, asked.replace("= process", "= file") + line)
        r = w.login("p", user=None)
        tap.equal((r.rc, sections(w), w.read(w.config_file).decode()),
                  (0, ["p"], asked.replace("= process", "= file")),
                  "with deliver = file the line goes and the keys come")
        mine = asked + "credential_process = /opt/mine\n"
        w.write(w.config_file, mine)
        r = w.login("p", user=None)
        tap.ok(r.rc == 1 and "of yours" in r.err and "Next:" in r.err and
               w.read(w.config_file).decode() == mine,
               "another's line is left alone, and that is said", r)
        # q is not kept.
        w.write(w.config_file, asked + asked.replace("profile p", "profile q"))
        for args in (["--stdout"], ["--printenv"]):
            r = w.ctl("login", "q", *args)
            text = w.read(w.config_file).decode()
            tap.ok(r.rc == 0 and "credential-process q" not in text,
                   "login %s writes no line" % args[0], r, text)



def at_once():
    """Asked for while it is kept: never without keys and without the line."""
    with harness.World() as w:
        w.sim.user(harness.USER, roles=[harness.pair(ROLE)])
        w.profile("p", role=ROLE)
        w.login("p")
        plain = w.read(w.config_file).decode()
        line = "credential_process = %s credential-process p\n" % (
            w.program("awsfedctl"))
        w.write(w.config_file, plain.rstrip("\n") +
                "\nawsfed.deliver = process\n")
        bare = []

        def gone():
            # In this order: the line must be there when the keys are not.
            keys, text = sections(w), w.read(w.config_file).decode()
            if not keys and line not in text:
                bare.append(text)
            return not keys

        w.wait(gone, "the keys to leave the file", 10)
        tap.equal(bare, [], "the line is there before the keys leave")
        who = w.identity("--profile", "p")
        tap.ok("assumed-role/Admin" in str(who), "the AWS CLI goes by it", who)
        # So it is when the agent was away.
        w.write(w.config_file, plain)
        r = w.ctl("refresh", "p")
        tap.equal((r.rc, sections(w)), (0, ["p"]), "back to the file")
        w.stop_agent()
        w.write(w.config_file, plain.rstrip("\n") +
                "\nawsfed.deliver = process\n")
        w.start_agent()
        w.wait(gone, "the keys to leave the file again", 10)
        tap.equal(bare, [], "an agent that starts does the same")


tap.run(story, written, at_once)
