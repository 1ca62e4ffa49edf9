# SPDX-License-Identifier: Apache-2.0
"""Questions in a window: a pinentry, an askpass, and who answers first."""

import json
import os
import time

import buses
import desktop
import harness
import tap
from harness import PASSWORD, USER, role

CURSES = "/usr/bin/pinentry-curses"
ADMIN, OPS = role("111122223333", "Admin"), role("111122223333", "Ops")


class Pinentry:
    """The plan and the log of tests/tools/pinentry.py."""

    def __init__(self, w):
        self.w = w
        self.path = desktop.tool(w, "pinentry.py")
        self.plan = os.path.join(w.home, "plan")
        w.env["FAKE_PINENTRY"] = self.plan
        self.answers()

    def answers(self, *answers):
        self.w.write(self.plan, "".join(json.dumps(a) + "\n"
                                        for a in answers))
        self.w.write(self.plan + ".log", "")

    def log(self):
        return (self.w.read(self.plan + ".log") or b"").decode().splitlines()

    def said(self, what):
        return any(line.startswith(what) for line in self.log())


def need_of(w):
    return w.status()["identities"][0].get("need")


def end_sign_in(w):
    w.sim.admin(do="expire-sso")
    w.ctl("refresh", "a")


def signed_in(w):
    w.wait(lambda: w.status()["identities"][0]["state"] == "signed-in",
           "the sign-in")


def by_pinentry(w, d, p):
    end_sign_in(w)
    n = d.shown(1, "the notification")
    tap.equal(n["actions"][:2], ["sign-in", "Sign in"], "a button that does "
              "something")
    p.answers(["pin", PASSWORD])
    d.click(n["notify"], "sign-in")
    signed_in(w)
    log = p.log()
    tap.ok("SETDESC AWS sign-in: CORP\\jane @ " + harness.HOST in log and
           any(x.startswith("SETPROMPT Password") for x in log) and
           log.count("GETPIN") == 1, "one question, with its text", *log)
    w.wait(lambda: p.said("BYE"), "the end of the conversation")
    tap.ok(not any("BAD" in x for x in log), "the protocol to the letter",
           *log)
    tap.ok(PASSWORD not in "".join(log) + w.log(), "the password is nowhere")
    tap.ok(need_of(w) is None and d.count() == 1, "and that was all")


def refused(w, d, p):
    """A percent sign, a wrong password, a second try."""
    end_sign_in(w)
    n = d.shown(2, "the next notification")
    p.answers(["pin", "50% wrong\u00e9"])
    d.click(n["notify"], "sign-in")
    n = d.shown(3, "word of what became of it")
    tap.ok("refused" in n["body"], "a refusal is told", n)
    tap.equal(w.sim.counters()["passwords_rejected"], 1,
              "one wrong password was sent")
    p.answers(["cancel"])
    d.click(n["notify"], "sign-in")
    n = d.shown(4, "the notification after a cancelled window")
    p.answers(["pin", PASSWORD])
    d.click(n["notify"], "sign-in")
    signed_in(w)
    tap.ok(True, "the third time it goes well")


def first_wins(w, d, p):
    """A window and a terminal have the same question."""
    end_sign_in(w)
    n = d.shown(5, "the next notification")
    p.answers(["wait"])
    posted = w.sim.counters()["password_posts"]
    d.click(n["notify"], "sign-in")
    w.wait(lambda: p.said("# answers GETPIN"), "the window")
    r = w.login("a", user=None)
    tap.equal(r.rc, 0, "the terminal answers")
    w.wait(lambda: not desktop.running(p.path), "the window's end")
    tap.ok(True, "the window goes")
    tap.equal(w.sim.counters()["password_posts"] - posted, 1,
              "one password")
    signed_in(w)
    time.sleep(0.5)
    tap.ok(d.count() == 5 and need_of(w) is None, "and no more questions")


def broken(w, d, p):
    """What is no pinentry is not asked twice."""
    end_sign_in(w)
    n = d.shown(6, "the next notification")
    p.answers(["garbage"])
    d.click(n["notify"], "sign-in")
    n = d.shown(7, "the notification without it")
    tap.ok("sign-in" not in n["actions"] and
           "awsfedctl login a" in n["body"], "the text names the command", n)
    tap.equal(w.log().count("the prompt program"), 1, "one line says why")
    for answer in (["die"],):
        before = d.count()
        lead_in(w)
        w.settings(quiet_hours="none", pinentry=p.path)
        w.ctl("reload")
        end_sign_in(w)
        n = d.shown(before + 1, "a notification")
        p.answers(answer)
        d.click(n["notify"], "sign-in")
        n = d.shown(before + 2, "the notification after " + answer[0])
        tap.ok("sign-in" not in n["actions"], answer[0] + ": not used again")
    lead_in(w)
    if not os.access(CURSES, os.X_OK):
        tap.skip("a real pinentry", "package pinentry-curses")
        return
    w.settings(quiet_hours="none", pinentry=CURSES)
    w.ctl("reload")
    before = d.count()
    end_sign_in(w)
    n = d.shown(before + 1, "a notification")
    d.click(n["notify"], "sign-in")
    n = d.shown(before + 2, "the notification after it")
    said = [x for x in w.log().splitlines() if "prompt program" in x][-1]
    tap.ok("sign-in" not in n["actions"] and CURSES in said and
           "failed with error" in said,
           "a real pinentry is greeted, and says that it has no screen", said)
    lead_in(w)


def lead_in(w):
    r = w.login("a", user=None)
    tap.ok(r.rc == 0, "a sign-in at a terminal", r)


def by_askpass(w, d):
    """The same by an askpass; and yes or no."""
    path = os.path.join(w.home, "askpass")
    w.write(path, "#!/bin/sh\n{ echo \"$SSH_ASKPASS_PROMPT:\"; echo \"$1\"; "
            "} >>%s.log\nwhile [ -e %s.hold ]; do sleep 0.1; done\n"
            "[ -n \"$SSH_ASKPASS_PROMPT\" ] && exit $(cat %s.rc)\n"
            "echo '%s'\n" % (path, path, path, PASSWORD), 0o700)
    w.write(path + ".rc", "0")
    w.settings(quiet_hours="none", askpass=path)
    w.ctl("reload")
    before = d.count()
    end_sign_in(w)
    n = d.shown(before + 1, "the notification")
    d.click(n["notify"], "sign-in")
    signed_in(w)
    said = w.read(path + ".log").decode()
    tap.ok(said.startswith(":\nAWS sign-in: CORP\\jane") and
           "Password" in said, "an askpass has it in its argument", said)
    r = w.ctl("credential-process", "guarded")
    said = w.read(path + ".log").decode()
    tap.ok(r.rc == 0 and "confirm:" in said and "asks for keys of guarded"
           in said, "a protected profile is confirmed in a window", r, said)
    w.write(path + ".rc", "1")
    r = w.ctl("credential-process", "guarded")
    tap.ok(r.rc == 4 and "AccessKeyId" not in r.out, "or denied", r)
    tap.equal(d.count(), before + 1, "without a notification beside it")
    w.write(path + ".rc", "0")
    unanswered(w, path)
    taken(w, d, path)
    failing(w, d, path)


def guarded(w, name="guarded"):
    """Somebody who asks for the keys of the protected profile."""
    return w.spawn([w.program("awsfedctl"), "credential-process", "guarded"],
                   name)


def unanswered(w, path):
    """A window that nobody answers is nobody's no."""
    w.write(path + ".log", "")
    w.write(path + ".hold", "")
    p = guarded(w, "unanswered")
    w.wait(lambda: b"confirm:" in w.read(path + ".log"), "the window")
    w.warp(31)
    tap.equal(p.wait(20), 4, "nobody answers in the window")
    tap.ok("nobody has allowed its use in time" in w.log("unanswered"),
           "and that is what is said", w.log("unanswered"))
    os.unlink(path + ".hold")
    w.wait(lambda: not desktop.running(path), "the window's end")


def failing(w, d, path):
    """Nor does a program that fails decide."""
    before = d.count()
    w.write(path + ".rc", "127")
    p = guarded(w, "failing")
    n = d.shown(before + 1, "the request, elsewhere")
    tap.ok("awsfedctl approve guarded" in n["body"] and p.poll() is None,
           "a program that fails decides nothing", n)
    d.click(n["notify"], "deny")
    tap.equal(p.wait(20), 4, "which can be denied there")
    w.write(path + ".rc", "0")
    w.ctl("reload")


def taken(w, d, path):
    """A window at a time: who asks meanwhile waits a little for its turn."""
    before = d.count()
    end_sign_in(w)
    n = d.shown(before + 1, "the notification")
    w.write(path + ".hold", "")
    w.write(path + ".log", "")
    d.click(n["notify"], "sign-in")
    w.wait(lambda: b"Password" in w.read(path + ".log"), "the window")
    p = w.spawn([w.program("awsfedctl"), "credential-process", "guarded"],
                "guarded")
    n = d.shown(before + 2, "the request")
    tap.ok("awsfedctl approve guarded" in n["body"] and
           b"confirm:" not in w.read(path + ".log"),
           "the window is taken by a sign-in: a notification", n)
    d.click(n["notify"], "deny")
    tap.equal(p.wait(20), 4, "which denies")
    ps = []
    while d.count() == before + 2 and len(ps) < 4:
        ps.append(guarded(w, "line%d" % len(ps)))
        end = time.monotonic() + 3
        while d.count() == before + 2 and time.monotonic() < end:
            time.sleep(0.1)
    tap.ok(d.count() > before + 2, "others in the line do not make it wait "
           "for longer", len(ps))
    for q in ps:
        q.terminate()
        q.wait()
    os.unlink(path + ".hold")
    signed_in(w)


def denied(w, d):
    """Without a window a notification names the command, and can deny."""
    w.settings(quiet_hours="none")
    w.ctl("reload")
    before = d.count()
    p = w.spawn([w.program("awsfedctl"), "credential-process", "guarded"],
                "guarded")
    n = d.shown(before + 1, "the request")
    tap.ok(n["actions"] == ["deny", "Deny"] and
           "awsfedctl approve guarded" in n["body"] and
           "awsfedctl" in n["body"], "no click allows it", n)
    d.click(n["notify"], "deny")
    tap.equal(p.wait(20), 4, "Deny denies")
    p = w.spawn([w.program("awsfedctl"), "credential-process", "guarded"],
                "guarded2")
    n = d.shown(before + 2, "the next request")
    p.terminate()
    p.wait()
    w.wait(lambda: d.closed(n["notify"]), "its end")
    tap.ok(True, "who hangs up is forgotten")


def command(w, d):
    """sign_in_command, once at a time."""
    note = os.path.join(w.home, "note")
    w.settings(quiet_hours="none",
               sign_in_command="echo $AWSFED_PROFILE >>%s" % note)
    w.ctl("reload")
    before = d.count()
    end_sign_in(w)
    n = d.shown(before + 1, "the notification")
    d.click(n["notify"], "sign-in")
    d.shown(before + 2, "the notification after a command that did nothing")
    tap.equal(w.read(note), b"a\n", "the command of the user's choice")
    lead_in(w)


def no_desktop(w, d, p):
    """A program asks, and there is nowhere to leave a notice."""
    w.settings(quiet_hours="none", pinentry=p.path)
    w.profile("b", role=OPS)
    d.stop()
    p.answers(["yes"], ["pin", PASSWORD])
    end_sign_in(w)
    w.wait(lambda: (need_of(w) or {}).get("held") == "unshown", "the need")
    time.sleep(0.5)
    tap.ok(not p.log(), "no window by itself")
    w.wait(lambda: w.ctl("credential-process", "b") and
           p.said("CONFIRM"), "a window for who asks now")
    signed_in(w)
    log = p.log()
    tap.ok("SETOK Sign in" in log and log.index("CONFIRM") <
           log.index("GETPIN"), "asked first, then signed in", *log)
    p.answers(["wait"], ["yes"])
    first, second = guarded(w, "first"), None
    w.wait(lambda: p.said("# answers CONFIRM"), "its window")
    second = guarded(w, "second")
    time.sleep(5)
    first.terminate()
    first.wait()
    tap.equal(second.wait(20), 0, "who can be asked nowhere else stays in the "
              "line")


def main():
    with harness.World(agent=False, warp=True,
                       settings={"quiet_hours": "none"}) as w, \
            buses.Buses(w, system=False) as b:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(ADMIN), harness.pair(OPS)])
        w.sim.set(loop_tokens=30)  # more than a person would fetch
        w.profile("a", role=ADMIN)
        w.profile("guarded", role=OPS, awsfed__protected="yes")
        p = Pinentry(w)
        w.settings(quiet_hours="none", pinentry=p.path)
        d = desktop.Desktop(w, b).start()
        w.start_agent()
        r = w.login("a", "guarded")
        tap.equal(r.rc, 0, "login")
        by_pinentry(w, d, p)
        refused(w, d, p)
        first_wins(w, d, p)
        broken(w, d, p)
        by_askpass(w, d)
        denied(w, d)
        command(w, d)
        no_desktop(w, d, p)
        desktop.strict(w)
        w.stop_agent()


harness.need()
buses.need()
tap.run(main)
