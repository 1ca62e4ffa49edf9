# SPDX-License-Identifier: Apache-2.0
"""Second factors, from the terminal to the simulator's adapters and back."""

import json
import re

import harness
import tap
from harness import PASSWORD, USER, role
from terminal import CTRL_C

ARN = role("111122223333", "Admin")
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def login(w, *args, answers=(), password=PASSWORD, **more):
    return w.login("p", *args, user=None, password=password,
                   answers=answers, **more)


def use(w, name, **user):
    """From nothing: signed out, and this adapter from now on."""
    w.ctl("logout", "--all")
    clean = {"mode": "", "code": "", "next_code": "", "totp": "",
             "answer": "approve"}
    w.sim.user(USER, mfa=name, **dict(clean, **user))


def good(r):
    return r.rc == 0 and "fresh until" in r.out


def codes(w):
    """Each adapter that takes a code: a wrong one, then the right one."""
    rows = [
        ("SecurIDAuthentication", {}, ["999999", "123456"]),
        ("SymantecVipAdapter", {"mode": "code"}, ["999999", "123456"]),
        ("VIPAuthenticationProviderUPN", {}, ["123456"]),
        ("SafeNet-MFA", {}, ["123 456"]),
        ("Defender AD FS Adapter", {}, ["123456"]),
        ("AzureMfaAuthentication", {"mode": "code"}, ["999999", "123456"]),
        ("privacyIDEAADFSProvider", {"mode": "code"}, ["123456"]),
        ("MultiFactorAuthenticationProvider", {"mode": "code"}, ["123456"]),
        ("freeADFSOtp", {}, ["123456"]),
        ("Contoso", {}, ["999999", "123456"]),
        ("Example-OneInput", {}, ["999999", "123456"]),
    ]
    for name, user, typed in rows:
        use(w, name, **user)
        r = login(w, answers=[(r": $", code) for code in typed])
        tap.ok(good(r), "%s: %d code(s)" % (name, len(typed)), r)


def approvals(w):
    for name, user in [("AzureMfaAuthentication", {"answer": "wait-1"}),
                       ("AzureMfaServerAuthentication", {"answer": "wait-1"}),
                       ("SilverfortAdfs", {"answer": "wait-1"}),
                       ("SecurIDv2Authentication", {"mode": "push"}),
                       ("privacyIDEAADFSProvider", {"mode": "push"}),
                       ("Example-Timer", {"mode": "push"}),
                       ("Example-Button", {"mode": "push"})]:
        use(w, name, **user)
        before = w.sim.counters()["pushes"]
        r = login(w)
        tap.ok(good(r) and w.sim.counters()["pushes"] == before + 1 and
               "1 push" in r.out, "%s: approved" % name, r)
    use(w, "AzureMfaAuthentication", answer="deny")
    r = login(w, answers=[("q to quit: $", "q")])
    tap.ok(r.rc == 1 and "You denied" in r.tty and "Call me" in r.tty,
           "Azure: denied, and no other way is wanted", r)
    use(w, "AzureMfaAuthentication", answer="deny")
    r = login(w, answers=[("q to quit: $", "3"), (": $", "123456")])
    tap.ok(good(r), "Azure: denied, then a code by text message", r)
    use(w, "SilverfortAdfs", answer="deny")
    r = login(w)
    tap.ok(r.rc == 4 and "Not authorized" in r.err, "Silverfort: denied", r)


def number_and_cancel(w):
    use(w, "AzureMfaAuthentication", answer="ask")
    r = login(w, answers=[(r"\n    \d+\r?\n", CTRL_C)], whole=True)
    tap.ok(r.rc == 1 and re.search(r"\n    \d+\r?\n", r.all) and
           "nothing was written" in r.all,
           "a number is shown, Ctrl-C while it waits gives up", r)
    w.wait(lambda: not w.workers(), "no worker is left")
    tap.ok(True, "and its worker is gone")


def brought(w):
    """Codes that a script brings: the option, stdin, the command, a secret."""
    use(w, "SecurIDAuthentication")
    r = w.ctl("login", "p", "--stdin", "--aad-verification-code", "123456",
              stdin="%s\n%s\n" % (USER, PASSWORD))
    tap.ok(good(r), "--stdin with --aad-verification-code", r)
    w.ctl("logout", "--all")
    r = login(w, "--aad-verification-code", "999999",
              answers=[(": $", "123456")])
    tap.ok(good(r) and not r.unasked,
           "a wrong one is given once, then the person is asked", r)
    w.ctl("logout", "--all")
    r = login(w, mfa_token="123456")
    tap.ok(good(r), "aws-adfs's variable mfa_token", r)
    w.ctl("logout", "--all")
    r = login(w, "--mfa-token-command",
              "echo '{\"mfa_token\": \"123456\"}'")
    tap.ok(good(r), "--mfa-token-command", r)


def made(w):
    """awsfed.totp_command; a secret that is wrong falls back to a person."""
    use(w, "Contoso", totp=SECRET)
    w.profile("t", role=ARN, adfs_config__adfs_user=USER,
              awsfed__totp_command="echo " + SECRET)
    r = w.login("t", user=None)
    tap.ok(good(r), "a code made of a secret", r)
    tap.ok(SECRET not in w.log(), "and the secret is in no log")


def unattended(w):
    """Cookies die: no stored password is sent where a factor would ring."""
    use(w, "AzureMfaAuthentication")
    secret = w.base + "/home/secret.json"
    w.write(secret, json.dumps({"username": USER, "password": PASSWORD}))
    w.profile("u", role=ARN, adfs_config__adfs_user=USER,
              adfs_config__username_password_command="cat " + secret)
    r = w.login("u", user=None, password=None)
    tap.ok(good(r), "the command's password, and an approval", r)
    posts = w.sim.counters()["password_posts"]
    pushes = w.sim.counters()["pushes"]
    w.sim.do("expire-sso")
    r = w.ctl("refresh", "u")
    tap.ok(r.rc == 3 and w.sim.counters()["password_posts"] == posts and
           w.sim.counters()["pushes"] == pushes,
           "unattended: no password posted, no push sent", r)
    tap.ok(w.status()["identities"][0]["state"] == "needs-user",
           "it rests until a person comes", w.status())


def too_late(w):
    """Nobody answers: the prompt ends by itself and says so."""
    use(w, "SecurIDAuthentication")
    w.settings(login_timeout=5)
    w.ctl("reload")
    r = login(w)
    said = r.tty + r.err
    tap.ok(r.rc == 3 and "(5 s to answer)" in said and
           "The time to answer is over." in said and
           "in time" in said and "killed" not in said,
           "a question's time is shown, and ends the prompt", r)
    w.settings()
    w.ctl("reload")


def whole():
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ARN)])
        w.sim.set(loop_tokens=30, loop_seconds=1)
        w.profile("p", role=ARN, adfs_config__adfs_user=USER)
        for part in [too_late, codes, approvals, number_and_cancel,
                     brought, made,
                     unattended]:
            part(w)
        bad = w.sim.violations()
        tap.ok(not bad, "nothing that a browser would not do", bad)


harness.need(timeout=400)
tap.run(whole)
