# SPDX-License-Identifier: Apache-2.0
"""Whose is a section of the credentials file, and how a write is taken back."""

import os

import harness
import tap
from harness import HOST, PASSWORD, USER, role

A, B = (role("111122223333", n) for n in "AB")
LONG = ("[p]\n# mine\naws_access_key_id = AKIALONGTERM\n"
        "aws_secret_access_key = long\nregion = eu-west-1\n")
TEMPORARY = ("[p]\naws_access_key_id = ASIAOLD\naws_secret_access_key = old\n"
             "aws_session_token = oldtoken\naws_security_token = stale\n")
NEIGHBOUR = "[q]\naws_access_key_id = AKIAQ\naws_secret_access_key = q\n"
BACKUP = ".awsfed-backup"


def world(text, **keys):
    w = harness.World()
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(x) for x in (A, B)])
    w.profile("p", role=A, adfs_config__adfs_user=USER, **keys)
    w.write(w.credentials_file, text)
    return w


def text_of(w):
    return w.read(w.credentials_file).decode()


def backup(w):
    return w.read(w.credentials_file + BACKUP)


# name, the file before, words of the refusal, does --force help
REFUSED = (
    ("long-term keys", LONG, "holds long-term keys", True),
    ("another tool's marker", TEMPORARY + "x_managed_by = other\n",
     "managed by another tool", True),
    ("a credential_process", "[p]\ncredential_process = /bin/mine\n",
     "has a credential_process", True),
    ("blanks in the header", "[ p ]\nregion = eu-west-1\n",
     "spelled with blanks", False),
    ("a role_arn", "[p]\nrole_arn = %s\nsource_profile = q\n" % B,
     "has a role_arn", False),
    ("sso", "[p]\nsso_session = mine\n", "has sso_session", False),
    ("[DEFAULT] with a token",
     "[DEFAULT]\naws_security_token = x\n\n[p]\nregion = eu-west-1\n",
     "from [DEFAULT]", False),
    ("a section twice", NEIGHBOUR + "[q]\nregion = x\n", "appears twice",
     False),
    ("a line that is none", NEIGHBOUR + "nonsense\n", "cannot be parsed",
     False),
    ("a key twice", "[q]\nregion = x\nregion = y\n", "appears twice", False),
)


def refused():
    for name, before, words, force in REFUSED:
        with world(before) as w:
            r = w.login("p", user=None)
            tap.equal(r.rc, 1, name + ": login says that it failed")
            tap.ok(words in r.err and "Next:" in r.err,
                   name + ": with the reason and what to do", r)
            tap.equal(text_of(w), before, name + ": the file is untouched")
            agent = w.status()["agent"]
            tap.ok(words in agent.get("credentialsFault", {}).get("text", ""),
                   name + ": status says it as well", agent)
            tap.equal(w.ctl("credential-process", "p").rc, 0,
                      name + ": the keys are served all the same")
            r = w.login("p", "--force", user=None, password=None)
            if not force:
                tap.ok(r.rc == 1 and text_of(w) == before,
                       name + ": not even by force", r)
                continue
            tap.equal(r.rc, 0, name + ": --force takes it over")
            tap.equal(backup(w).decode(), before, name + ": with a backup")
            have = w.credentials()["p"]
            tap.ok(have["x_managed_by"] == "awsfed" and
                   have["aws_access_key_id"].startswith("ASIA") and
                   "credential_process" not in have,
                   name + ": it is ours", have)
            tap.ok("credentialsFault" not in w.status()["agent"],
                   name + ": and all is well")
            r = w.ctl("undo")
            tap.ok(r.rc == 0 and "[p] of" in r.out, name + ": undo", r)
            tap.equal(sorted(text_of(w).splitlines()),
                      sorted(before.splitlines()),
                      name + ": every line is back")
            tap.ok(not w.status("p")["profiles"][0]["kept"],
                   name + ": and it is kept no more")


def in_config():
    """Sources of keys in the config file, which ours would shadow."""
    for key, value in (("credential_process", "/bin/mine"),
                       ("sso_session", "mine"),
                       ("web_identity_token_file", "/tmp/t")):
        with world(NEIGHBOUR, **{key: value}) as w:
            r = w.login("p", user=None)
            tap.ok(r.rc == 1 and "in the configuration" in r.err and
                   "awsfed.deliver" in r.err, key + " in the config file", r)
            tap.equal(text_of(w), NEIGHBOUR, key + ": nothing is written")


def adopted():
    with world(NEIGHBOUR + "\n" + TEMPORARY) as w:
        before = text_of(w)
        tap.equal(w.login("p", user=None).rc, 0, "temporary keys are adopted")
        have = w.credentials()["p"]
        tap.ok("aws_security_token" not in have, "the stale token is gone")
        tap.equal(backup(w).decode(), before, "a backup is kept")
        os.unlink(w.credentials_file + BACKUP)
        tap.equal(w.login("p", user=None, password=None).rc, 0, "once more")
        tap.equal(w.ctl("refresh", "p").rc, 0, "and a renewal")
        tap.equal(backup(w), None, "one backup, at the adoption")
        # Somebody adds a profile meanwhile; undo keeps it.
        w.write(w.credentials_file, text_of(w) + "\n[new]\nregion = x\n")
        r = w.ctl("undo")
        tap.equal(r.rc, 0, "undo after a renewal")
        tap.equal(w.credentials()["p"],
                  {"aws_access_key_id": "ASIAOLD",
                   "aws_secret_access_key": "old",
                   "aws_session_token": "oldtoken",
                   "aws_security_token": "stale"},
                  "leads back to before the adoption")
        tap.ok("[new]" in text_of(w) and NEIGHBOUR in text_of(w),
               "what others wrote stays")
        r = w.ctl("undo")
        tap.ok(r.rc == 1 and "nothing to undo" in r.err, "then there is "
               "nothing more", r)


def undo():
    with world(NEIGHBOUR) as w:
        r = w.ctl("undo")
        tap.ok(r.rc == 1 and "nothing to undo" in r.err and "Next" in r.err,
               "nothing to undo yet", r)
        config = w.read(w.config_file)
        r = w.login("--profile", "new", "--adfs-host", HOST, "--role-arn", B,
                    "--region", "us-east-1", user=None)
        tap.equal(r.rc, 0, "a new profile")
        r = w.ctl("undo")
        tap.ok(r.rc == 0 and "[profile new] was taken out of" in r.out,
               "the config file was written last", r)
        tap.equal(w.read(w.config_file).rstrip(), config.rstrip(),
                  "the config file is as before")
        tap.equal(sorted(w.states()), ["new", "p"],
                  "the profile lives on while its keys do")
        r = w.ctl("undo", "--json")
        tap.ok(r.rc == 0 and '"credentials"' in r.out and
               '"removed"' in r.out, "before that its keys", r)
        tap.equal(text_of(w), NEIGHBOUR, "the credentials file is as before")

        # Changed since.
        r = w.login("p", user=None, password=None)
        if r.rc != 0:
            r = w.login("p", user=None)
        tap.equal(r.rc, 0, "login p")
        key = w.credentials()["p"]["aws_access_key_id"]
        w.write(w.credentials_file, text_of(w).replace(key, "AKIAMINE") \
            .replace("x_managed_by = awsfed\n", ""))
        changed = text_of(w)
        r = w.ctl("undo")
        tap.ok(r.rc == 1 and "changed since" in r.err and "Next" in r.err,
               "a section that somebody changed is refused", r)
        tap.equal(text_of(w), changed, "and untouched")

    with world(NEIGHBOUR) as w:
        tap.equal(w.login("p", user=None).rc, 0, "login")
        w.stop_agent()
        w.start_agent()
        tap.equal(w.ctl("logout", "p").rc, 0, "logout after a restart")
        r = w.ctl("undo")
        tap.ok(r.rc == 1 and "not brought back" in r.err and
               "awsfedctl login p" in r.err,
               "undo brings back no keys that were logged out of", r)
        # The emptied section, a login, and back to the emptied one.
        emptied = w.credentials()["p"]
        tap.equal(w.login("p", user=None).rc, 0, "login again")
        tap.equal(w.ctl("undo").rc, 0, "undo of that login")
        tap.equal(w.credentials()["p"], emptied, "is the emptied section")
        p = w.status("p")["profiles"][0]
        tap.ok(p.get("loggedOut") and not p["kept"], "logged out", p)
        r = w.ctl("credential-process", "p")
        tap.ok(r.rc == 0 or "login p" in r.err, "credential-process", r)


def undo_configure():
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(x) for x in (A, B)])
        w.write(w.config_file, "# mine\n")
        r = w.type([w.program("awsfedctl"), "configure", "--adfs-host", HOST,
                    "--yes"], [(harness.ASK_USER, USER),
                               (harness.ASK_PASSWORD, PASSWORD)])
        tap.ok(r.rc == 0 and w.read(w.config_file).count(b"[profile ") == 2,
               "configure writes two profiles", r)
        tap.equal(w.ctl("undo").rc, 0, "undo of configure")
        tap.equal(w.read(w.config_file), b"# mine\n", "is the file before")


harness.need()
tap.run(refused, in_config, adopted, undo, undo_configure)
