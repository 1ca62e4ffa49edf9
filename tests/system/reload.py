# SPDX-License-Identifier: Apache-2.0
"""The AWS files are watched: changes take effect by themselves."""

import os
import re
import time

import harness
import tap
from harness import HOST, PASSWORD, USER, role

A, B = (role("111122223333", n) for n in "AB")


def config(w, **roles):
    return "".join(
        "[profile %s]\nregion = us-east-1\nadfs_config.adfs_host = %s\n"
        "adfs_config.role_arn = %s\nadfs_config.adfs_user = %s\n\n"
        % (name, HOST, arn, USER) for name, arn in roles.items())


def tail(w, name):
    """Without asking the agent to look: a call that does not reload."""
    for p in w.status(name)["profiles"]:
        if p["profile"] == name:
            return p.get("accessKeyTail")
    return None


def reread(w):
    return w.log().count("the configuration was read anew")


def config_file():
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(x) for x in (A, B)])
        w.write(w.config_file, config(w, a=A))
        w.ctl("reload")
        tap.equal(w.login("a", user=None).rc, 0, "login")
        keys = tail(w, "a")
        n = reread(w)
        w.write(w.config_file, config(w, a=A, b=B))
        w.wait(lambda: reread(w) > n, "the agent to see the change")
        tap.ok(True, "a change is seen without being asked")
        tap.equal(w.states(), {"a": "fresh", "b": "idle"},
                  "the new profile is there")
        tap.equal(tail(w, "a"), keys, "unchanged profiles keep their keys")
        r = w.login("b", user=None, password=None)
        tap.equal(r.rc, 0, "the new one can be used")

        # Written beside and renamed over, as editors do.
        n = reread(w)
        w.write(w.config_file + ".new", config(w, a=A, b=A))
        os.rename(w.config_file + ".new", w.config_file)
        w.wait(lambda: reread(w) > n, "the rename to be seen")
        tap.equal(w.status("b")["profiles"][0]["roleArn"], A,
                  "a changed profile takes effect")
        tap.equal(tail(w, "a"), keys, "and leaves the other alone")

        # Its new role is redeemed at once, since the file had keys of it.
        w.wait_states(fresh={"a", "b"})
        # Broken: the old settings stay.
        w.write(w.config_file, config(w, a=A) + "[profile a]\n")
        w.wait(lambda: "appears twice" in w.log(), "the fault")
        s = w.status()
        tap.ok("configFault" in s["agent"], "status says that it is broken",
               s["agent"])
        tap.equal(w.states(), {"a": "fresh", "b": "fresh"},
                  "the old settings are in force")
        tap.equal(tail(w, "a"), keys, "keys are served on")
        n = reread(w)
        w.write(w.config_file, config(w, a=A))
        w.wait(lambda: reread(w) > n, "the mended file to be seen")
        s = w.status()
        tap.ok("configFault" not in s["agent"], "mended, it is in force",
               s["agent"])
        tap.equal(tail(w, "a"), keys, "with the same keys")


def links():
    """A link into another directory; and a directory that comes later."""
    with harness.World(agent=False) as w:
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(A)])
        dots = os.path.join(w.home, "dots")
        w.own(dots, 0o700, folder=True)
        real = os.path.join(dots, "aws-config")
        w.write(real, config(w, a=A))
        os.symlink("../dots/aws-config", w.config_file)
        w.start_agent()
        n = reread(w)
        w.write(real, config(w, a=A, b=B))
        w.wait(lambda: reread(w) > n, "the change behind the link")
        tap.equal(sorted(w.states()), ["a", "b"],
                  "a change of the file behind a link is seen")
        n = reread(w)
        os.unlink(w.config_file)
        w.write(w.config_file, config(w, c=A))
        w.wait(lambda: reread(w) > n, "the link to be replaced")
        tap.equal(sorted(w.states()), ["c"], "and so is a new link")
    with harness.World(agent=False) as w:
        os.rmdir(os.path.dirname(w.config_file))
        w.start_agent()
        n = reread(w)
        w.own(os.path.dirname(w.config_file), 0o700, folder=True)
        time.sleep(0.5)
        w.write(w.config_file, config(w, a=A))
        w.wait(lambda: reread(w) > n, "the new directory")
        tap.equal(sorted(w.states()), ["a"],
                  "a directory that appears later is seen")


def credentials_file():
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(x) for x in (A, B)])
        w.write(w.config_file, config(w, a=A, b=B))
        w.ctl("reload")
        tap.equal(w.login("a", "b", user=None).rc, 0, "login")
        old = w.read(w.credentials_file)
        now = w.credentials()["a"]["aws_access_key_id"]

        def older(key, name):
            """Keys of before: they end sooner."""
            return re.sub(
                r"(?s)(\b%s\n.*?x_security_token_expires = \d\d)\d\d" % name,
                r"\g<1>25", old.decode().replace(key, name), count=1)

        # A program that had read the file before puts old keys back.
        for i in range(3):
            w.write(w.credentials_file, older(now, "ASIAOLD%013d" % i))
            w.wait(lambda: w.credentials()["a"]["aws_access_key_id"] == now,
                   "the keys to be written again")
        tap.ok(True, "old keys that another program put back are replaced")
        w.write(w.credentials_file, older(now, "ASIAOLD"))
        time.sleep(1.5)
        tap.equal(w.credentials()["a"]["aws_access_key_id"], "ASIAOLD",
                  "a few times a minute only: no fight")
        w.write(w.credentials_file, old.decode())

        # A section that vanishes for a moment is no deletion.
        cut = re.sub(r"(?ms)^\[b\]\n.*?(?=^\[|\Z)", "", old.decode())
        w.write(w.credentials_file, cut)
        time.sleep(0.6)
        w.write(w.credentials_file, old.decode())
        time.sleep(2.6)
        kept = {p["profile"]: p["kept"] for p in w.status()["profiles"]}
        tap.equal(kept, {"a": True, "b": True},
                  "a file that is cut off for a moment deletes nothing")

        # Deleted by hand: a person means it.
        w.write(w.credentials_file, cut)
        w.wait(lambda: not [p for p in w.status()["profiles"]
                            if p["profile"] == "b"][0]["kept"],
               "b to be let go", 10)
        tap.ok("taken away" in w.log(), "the log says why")
        tap.equal(sorted(w.credentials()), ["a"], "it is not written again")
        tap.equal(w.login("a", user=None, password=None).rc, 0, "login a")
        tap.equal(sorted(w.credentials()), ["a"],
                  "nor with the next login of another profile")
        tap.equal(w.login("b", user=None, password=None).rc, 0, "login b")
        tap.equal(sorted(w.credentials()), ["a", "b"],
                  "a login keeps it again")


harness.need()
tap.run(config_file, links, credentials_file)
