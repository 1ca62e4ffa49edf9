# SPDX-License-Identifier: Apache-2.0
"""awsfedctl login: the conversation, on a terminal and without one."""
import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakeagent import *  # noqa: E402,F403

tap = Tap()
ARN = "arn:aws:iam::012345678901:role/MyAdminRole"
ARN2 = "arn:aws:iam::765432109876:role/WebDeploy"
ARN3 = "arn:aws:iam::012345678901:role/ReadOnly"
USER = ask("text", "user", "User (DOMAIN\\user or user@domain)", "u")
PASSWORD = ask("secret", "password", "Password of CORP\\jane", "p")
HOST = ask("text", "host", "AD FS host for the profile p", "h")
ROLES = ask("choice", "role", "Role for product-prod-admin", "r", choices=[
    {"value": ARN, "label": "MyAdminRole", "group": "012345678901"},
    {"value": ARN2, "label": "WebDeploy", "group": "765432109876"},
    {"value": ARN3, "label": "ReadOnly", "group": "012345678901"}])


def fresh(name, left=3600, **more):
    return dict(profile=name, state="fresh", expiration=stamp(left),
                roleArn=ARN, named=True, **more)


def failed(name, kind, text, named=True, **more):
    return {"profile": name, "state": "failed", "named": named,
            "fault": dict(kind=kind, text=text, **more)}


@tap.test
def whole():
    """user, password without echo, role, done"""
    end = done([fresh("p")], passwords=1, pushes=1,
               renewableUntil=stamp(8 * 3600))
    with Agent([USER, PASSWORD, ROLES, end]) as a:
        t = Terminal(a, "login", "p")
        t.expect("user@domain): ")
        t.type("CORP\\jane\n")
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.type("s3cret pass \n")
        t.expect("q to quit: ")
        t.wait_echo(True)
        t.type("2\n")
        r = t.wait()
        lacks(t.screen, "s3cret")
        equal(r.err, "")
        equal(r.status, 0)
        equal(r.out.splitlines(), [
            "p fresh until %s as 012345678901/MyAdminRole" % clock(3600),
            "1 profile fresh (1 password, 1 push); renews without you until "
            "about %s" % clock(8 * 3600)])
        equal(a.methods(), ["Login", "Answer", "Answer", "Answer"])
        equal([c["parameters"] for c in a.calls[1:]], [
            {"login": "l1", "question": "u", "value": "CORP\\jane"},
            {"login": "l1", "question": "p", "value": "s3cret pass "},
            {"login": "l1", "question": "r", "value": ARN2}])


@tap.test
def list_of_roles():
    """roles are grouped by account, numbered, with full ARNs"""
    with Agent([ROLES, done([fresh("p")])]) as a:
        t = Terminal(a, "login", "p")
        t.expect("q to quit: ")
        t.type("1\n")
        t.wait()
        shown = t.screen.replace("\r", "").split("q to quit")[0]
        equal(shown.splitlines()[:6], [
            "Role for product-prod-admin:",
            "012345678901",
            "    1  MyAdminRole  " + ARN,
            "    3  ReadOnly     " + ARN3,
            "765432109876",
            "    2  WebDeploy    " + ARN2])


@tap.test
def filter_roles():
    """a part of a name filters, an account does, a full ARN picks"""
    with Agent([ROLES, done([fresh("p")])]) as a:
        t = Terminal(a, "login", "p")
        t.expect("q to quit: ")
        t.type("7654\n")
        t.expect("q to quit: ")
        part = t.screen[:t.mark].split("7654\r\n", 1)[1]
        has(part, "WebDeploy")
        lacks(part, "ReadOnly")
        t.type("nothing like it\n")
        t.expect("Nothing matches")
        t.expect("q to quit: ")
        t.type("99\n")
        t.expect("q to quit: ")
        t.type(ARN3 + "\n")
        equal(t.wait().status, 0)
        equal(a.calls[1]["parameters"]["value"], ARN3)


@tap.test
def quit_roles():
    """q at the list: Cancel, exit 1, nothing written, still signed in"""
    with Agent([ROLES, {}]) as a:
        t = Terminal(a, "login", "p")
        t.expect("q to quit: ")
        t.type("q\n")
        r = t.wait()
        equal(r.status, 1)
        equal(r.out, "")
        has(r.err, "awsfed: p: nothing was written; you stay signed in.\n"
            "  Next: awsfedctl login")
        equal(a.methods(), ["Login", "Cancel"])
        equal(a.calls[1]["parameters"], {"login": "l1"})


@tap.test
def interrupt_password():
    """Ctrl-C at the password: Cancel, echo back, exit 1"""
    with Agent([PASSWORD, {}]) as a:
        t = Terminal(a, "login", "p")
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.type("half\x03")
        t.wait_echo(True)
        r = t.wait()
        equal(r.status, 1)
        has(r.err, "nothing was written")
        equal(a.methods(), ["Login", "Cancel"])


@tap.test
def end_of_file():
    """Ctrl-D at a question gives up as well"""
    with Agent([PASSWORD, {}]) as a:
        t = Terminal(a, "login", "p")
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.type("\x04")
        r = t.wait()
        equal(r.status, 1)
        has(r.err, "nothing was written")
        equal(a.methods(), ["Login", "Cancel"])


@tap.test
def terminated():
    """SIGTERM at the password puts the echo back"""
    with Agent([PASSWORD, {}]) as a:
        t = Terminal(a, "login", "p")
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.signal(signal.SIGTERM)
        t.wait_echo(True)
        equal(t.wait().status, 1)
        equal(a.methods(), ["Login", "Cancel"])


@tap.test
def hung_up():
    """the terminal goes away at the password: Cancel, no zombie prompt"""
    with Agent([PASSWORD, {}]) as a:
        t = Terminal(a, "login", "p")
        t.expect("Password of CORP\\jane: ")
        os.close(t.master)
        t.master = os.open("/dev/null", os.O_RDONLY)
        _, status = os.waitpid(t.pid, 0)
        for fd in t.pipes:
            os.close(fd)
        os.close(t.master)
        equal(os.waitstatus_to_exitcode(status), 1)
        a.wait_calls(2)
        equal(a.methods(), ["Login", "Cancel"])


@tap.test
def interrupt_wait():
    """Ctrl-C while waiting: Cancel on a second connection"""
    wait = step("wait", text="Approve the push on your phone")
    with Agent([wait, Agent.HANG, {}]) as a:
        t = Terminal(a, "login", "p")
        a.wait_calls(2)
        t.type("\x03")
        r = t.wait()
        equal(r.status, 1)
        has(r.err, "Approve the push on your phone\n")
        has(r.err, "nothing was written")
        equal(a.methods(), ["Login", "Await", "Cancel"])


@tap.test
def next_names_it():
    """after Ctrl-C the next step is for the profile that was meant"""
    for args, want in ((["p"], "login p"), ([], "login default"),
                       (["p", "q"], "login")):
        with Agent([PASSWORD, {}]) as a:
            t = Terminal(a, "login", *args)
            t.expect("Password of CORP\\jane: ")
            t.type("\x03")
            has(t.wait().err, "\n  Next: awsfedctl %s\n" % want)


@tap.test
def stopped():
    """Ctrl-Z at the password gives the echo back, fg asks again"""
    with Agent([PASSWORD, done([fresh("p")])]) as a:
        t = Terminal(a, "login", "p", shell=True)
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.type("half\x1a")
        t.expect("shell: stopped\r\n")
        equal(t.echoes(), True)
        t.type("fg\n")
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.type("pw\n")
        t.expect("shell: 0\r\n")
        equal(t.wait().status, 0)
        equal(a.calls[1]["parameters"]["value"], "pw")


@tap.test
def stopped_waiting():
    """Ctrl-Z while waiting stops, and goes on where it was"""
    def late(_):
        released.wait(TIMEOUT)
        return done([fresh("p")])
    released = threading.Event()
    with Agent([step("wait", text="x"), late]) as a:
        t = Terminal(a, "login", "p", shell=True)
        a.wait_calls(2)
        t.type("\x1a")
        t.expect("shell: stopped\r\n")
        released.set()
        t.type("fg\n")
        t.expect("shell: 0\r\n")
        r = t.wait()
        has(r.out, "1 profile fresh")
        equal(a.methods(), ["Login", "Await"])


@tap.test
def tells():
    """texts go to standard error, each once in a row; a number stands out"""
    wait = step("wait", text="Waiting")
    with Agent([step("tell", tell="info", text="A push was sent."), wait,
                wait, step("tell", tell="number-to-show", text="42"),
                done([fresh("p")])]) as a:
        r = run(a, "login", "p")
        equal(r.status, 0)
        equal(r.err, "A push was sent.\nWaiting\n\n    42\n\n")
        equal(a.methods(), ["Login"] + ["Await"] * 4)


@tap.test
def waits():
    """a wait says what for and how long; on a terminal it counts down"""
    wait = step("wait", text="Approve it on your phone", seconds=120)
    number = step("tell", tell="number-to-show", text="42")
    with Agent([wait, wait, number, done([fresh("p")])]) as a:
        r = run(a, "login", "p")
        equal(r.err, "Approve it on your phone (at most 120 s)\n\n    42\n\n")

    def late(_):
        released.wait(TIMEOUT)
        return done([fresh("p")])
    released = threading.Event()
    with Agent([wait, number, late]) as a:
        t = Terminal(a, "login", "p", both=True)
        t.expect("Approve it on your phone\r\n")
        t.expect(" s left; Ctrl-C gives up")
        t.expect("42")
        t.expect(" s left; Ctrl-C gives up")
        t.expect(" s left; Ctrl-C gives up")
        released.set()
        equal(t.wait().status, 0)
        equal(t.screen.count("Approve it on your phone"), 1)
        has(t.screen.split("Ctrl-C gives up ")[-1], "\r\x1b[K")


@tap.test
def waits_narrow():
    """the countdown of a narrow terminal stays in its line"""
    def sized(_):
        size.wait(TIMEOUT)
        return step("wait", text="Wait", seconds=120)

    def late(_):
        released.wait(TIMEOUT)
        return done([fresh("p")])
    for width, want in ((24, "120 s "), (4, "")):
        size, released = threading.Event(), threading.Event()
        with Agent([sized, late]) as a:
            t = Terminal(a, "login", "p", both=True)
            a.wait_calls(1)
            fcntl.ioctl(t.master, termios.TIOCSWINSZ,
                        struct.pack("HHHH", 24, width, 0, 0))
            size.set()
            t.expect("Wait\r\n\r\x1b[K" + want)
            a.wait_calls(2)
            released.set()
            t.wait()
            for text in t.screen.split("\r\x1b[K")[1:-1]:
                equal(len(text) < width, True)


@tap.test
def confirm():
    """a new default profile is confirmed: y, n, and nothing else"""
    q = ask("confirm", "default-profile", "Make the profile default?", "c")
    for typed, value in (("maybe\ny\n", "yes"), ("\n", "no"), ("N\n", "no")):
        with Agent([q, done([fresh("default")])]) as a:
            t = Terminal(a, "login", "--adfs-host", "h.example.com")
            t.expect("[y/N] ")
            t.type(typed)
            t.wait()
            equal(a.calls[1]["parameters"]["value"], value)


@tap.test
def empty_answers():
    """nothing typed is asked again"""
    with Agent([PASSWORD, done([fresh("p")])]) as a:
        t = Terminal(a, "login", "p")
        for _ in range(3):
            t.expect("Password of CORP\\jane: ")
            t.wait_echo(False)
            t.type("\n")
            t.expect("Nothing was typed")
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.type("x\n")
        equal(t.wait().status, 0)
        equal(a.calls[1]["parameters"]["value"], "x")


@tap.test
def hostile_labels():
    """control bytes of a page do not reach the terminal"""
    q = ask("text", "user", "User\x1b]0;owned\x07\u202e name", "u")
    with Agent([q, done([fresh("p")])]) as a:
        t = Terminal(a, "login", "p")
        t.expect("name: ")
        t.type("a@b\n")
        t.wait()
        lacks(t.screen, "\x1b")
        lacks(t.screen, "\x07")
        lacks(t.screen, "\u202e")


@tap.test
def stale():
    """a question answered elsewhere: go on with the step after it"""
    with Agent([PASSWORD, error("StaleQuestion"), done([fresh("p")])]) as a:
        t = Terminal(a, "login", "p")
        t.expect("Password of CORP\\jane: ")
        t.wait_echo(False)
        t.type("pw\n")
        r = t.wait()
        equal(r.status, 0)
        has(r.err, "answered elsewhere")
        equal(a.methods(), ["Login", "Answer", "Await"])


@tap.test
def no_terminal():
    """no terminal: exit 3, the question is named, the sign-in cancelled"""
    for q, name, next_ in ((PASSWORD, "(password)", "--stdin"),
                           (HOST, "(host)", "--adfs-host"),
                           (ROLES, "(role)", "--role-arn")):
        with Agent([q, {}]) as a:
            r = run(a, "login", "p")
            equal(r.status, 3)
            equal(r.out, "")
            has(r.err, name)
            has(r.err, next_)
            equal(a.methods(), ["Login", "Cancel"])


@tap.test
def stdin_answers():
    """--stdin brings both answers, each once"""
    with Agent([USER, PASSWORD, done([fresh("p")], passwords=1)]) as a:
        r = run(a, "login", "p", "--stdin", stdin=b"CORP\\jane\npa ss \n")
        equal((r.status, r.err), (0, ""))
        has(r.out, "1 profile fresh (1 password)\n")
        equal([c["parameters"]["value"] for c in a.calls[1:]],
              ["CORP\\jane", "pa ss "])
    again = dict(PASSWORD)
    with Agent([PASSWORD, again, {}]) as a:
        r = run(a, "login", "p", "--stdin", stdin=b"CORP\\jane\nwrong\n")
        equal(r.status, 3)
        equal(a.methods(), ["Login", "Answer", "Cancel"])


@tap.test
def stdin_short():
    """--stdin with one line, or none, sends nothing"""
    for text in (b"", b"CORP\\jane\n"):
        with Agent([]) as a:
            r = run(a, "login", "p", "--stdin", stdin=text)
            equal((r.status, a.calls), (3, []))
            has(r.err, "two lines")


@tap.test
def brought_user():
    """the user name that came with a password is the one that is meant"""
    with Agent([done([fresh("p")])] * 2) as a:
        run(a, "login", "p", "--stdin", stdin=b" CORP\\jane\r\npw\r\n")
        equal(a.calls[0]["parameters"]["user"], "CORP\\jane")
        run(a, "login", "p", "--stdin", "--user", "CORP\\jane",
            stdin=b"CORP\\jane\npw\n")
        equal(a.calls[1]["parameters"]["user"], "CORP\\jane")
    for args, text in ((["p", "--stdin", "--user", "CORP\\bob"], "differ"),
                       (["p", "q", "--stdin"], "exactly one profile"),
                       (["--all", "--env"], "exactly one profile"),
                       (["--all", "--authfile", "/x"], "exactly one")):
        with Agent([]) as a:
            r = run(a, "login", *args, stdin=b"CORP\\jane\npw\n")
            equal((r.status, a.calls), (2, []))
            has(r.err, text)
    for text in (b"a@b\np\xffw\n", b"a@b\np\x01w\n"):
        with Agent([]) as a:
            r = run(a, "login", "p", "--stdin", stdin=text)
            equal((r.status, a.calls), (1, []))
            has(r.err, "not UTF-8")


@tap.test
def env_answers():
    """--env takes the lower-case variables"""
    with Agent([USER, PASSWORD, done([fresh("p")])]) as a:
        r = run(a, "login", "p", "--env",
                env={"username": "a@b", "password": "pw"})
        equal(r.status, 0)
        equal([c["parameters"]["value"] for c in a.calls[1:]], ["a@b", "pw"])
    with Agent([]) as a:
        r = run(a, "login", "p", "--env", env={"username": "a@b"})
        equal((r.status, a.calls), (3, []))


@tap.test
def authfile_answers():
    """--authfile reads the profile's section, a % is only a %"""
    with Agent([USER, PASSWORD, done([fresh("p")])]) as a:
        path = os.path.join(a.dir, "auth")
        with open(path, "w") as f:
            f.write("[other]\nusername = x\npassword = y\n"
                    "[p]\nusername = a@b\npassword = 100%pw\n")
        os.chmod(path, 0o600)
        r = run(a, "login", "--profile", "p", "--authfile", path)
        equal((r.status, r.err), (0, ""))
        equal([c["parameters"]["value"] for c in a.calls[1:]],
              ["a@b", "100%pw"])
        os.chmod(path, 0o640)
        a.script = [done([fresh("p")])]
        r = run(a, "login", "p", "--authfile", path)
        equal(r.status, 0)
        has(r.err, "warning: others may read " + path)
        r = run(a, "login", "q", "--authfile", path)
        equal((r.status, len(a.calls)), (1, 4))
        has(r.err, "[q]")
    with Agent([]) as a:
        r = run(a, "login", "q", "--authfile", "/nonexistent/auth")
        equal((r.status, a.calls), (1, []))
        has(r.err, "/nonexistent/auth")


@tap.test
def which_profile():
    """flag, AWS_PROFILE, AWS_DEFAULT_PROFILE, default; empty is unset"""
    for args, env, want in (
            (["--profile", "a"], {"AWS_PROFILE": "b"}, ["a"]),
            (["a", "c"], {"AWS_PROFILE": "b"}, ["a", "c"]),
            (["a", "--profile", "a"], {}, ["a"]),
            ([], {"AWS_PROFILE": "b", "AWS_DEFAULT_PROFILE": "c"}, ["b"]),
            ([], {"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "c"}, ["c"]),
            ([], {"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": ""},
             ["default"])):
        with Agent([done([fresh("x")])]) as a:
            run(a, "login", *args, env=env)
            par = a.calls[0]["parameters"]
            equal(par["profiles"], want)
            lacks(par, "newDefault")


@tap.test
def whole_call():
    """aws-adfs's own options arrive under the protocol's names"""
    with Agent([done([fresh("p")])]) as a:
        run(a, "login", "--profile", "default", "--adfs-host", "h:8443",
            "--role-arn", ARN, "--region", "eu-west-1", "--user", "C\\j",
            "--provider-id", "urn:x", "--session-duration", "7200",
            "--no-ssl-verification", "--output-format", "json", "--no-sspi",
            "--sspi", "--no-session-cache", "--force",
            env={"KRB5CCNAME": "FILE:/x",
                 "AWS_CONFIG_FILE": "~/c", "AWS_SHARED_CREDENTIALS_FILE":
                 "/abs/cred"})
        equal(a.calls[0]["parameters"], {
            "profiles": ["default"], "host": "h:8443", "roleArn": ARN,
            "region": "eu-west-1", "user": "C\\j", "providerId": "urn:x",
            "sessionDuration": 7200, "noSslVerification": True,
            "output": "json", "force": True, "newDefault": True,
            "config": a.home + "/c", "credentials": "/abs/cred",
            "krb5ccname": "FILE:/x"})


@tap.test
def all_profiles():
    """--all names nobody; it excludes names and what describes one"""
    with Agent([done([fresh("a"), fresh("b")], passwords=2)]) as a:
        r = run(a, "login", "--all")
        par = a.calls[0]["parameters"]
        equal(par["all"], True)
        lacks(par, "profiles")
        has(r.out, "2 profiles fresh (2 passwords)\n")
    for args in (["--all", "p"], ["--all", "--region", "x"],
                 ["a", "b", "--role-arn", ARN], ["--session-duration", "x"],
                 ["--region", ""], [""], ["a\tb"]):
        with Agent([]) as a:
            r = run(a, "login", *args)
            equal((r.status, a.calls), (2, []))
            has(r.err, "Next: awsfedctl login --help")


@tap.test
def address_interrupted():
    """Ctrl-C while the console's address is awaited: no address, no success"""
    with Agent([done([fresh("p")]), Agent.HANG]) as a:
        t = Terminal(a, "login", "p", "--print-console-signin-url")
        a.wait_calls(2)
        t.type("\x03")
        r = t.wait()
        equal((r.status, r.out), (1, ""))
        has(r.err, "awsfed: p: interrupted before the agent had answered.\n"
            "  Next: ")


@tap.test
def console_usage():
    """the console's options that make no sense together; nothing is sent"""
    url = "--print-console-signin-url"
    for args in (["p", "--console-role-arn", ARN],
                 ["p", url, "--console-external-id", "xy"],
                 ["p", url, "--console-role-arn", "Dev"],
                 ["p", url, "--console-role-arn",
                  "arn:aws:iam::123456789012:saml-provider/x"],
                 ["p", url, "--console-role-arn", ARN,
                  "--console-external-id", "x"],
                 ["p", url, "--stdout"], ["p", url, "--printenv"],
                 ["--all", url], ["p", "q", url]):
        with Agent([]) as a:
            r = run(a, "login", *args)
            equal((r.status, a.calls, r.out), (2, [], ""))
            has(r.err, "Next: awsfedctl login --help")


@tap.test
def options_sent():
    """what each option of aws-adfs becomes in the call"""
    with tempfile.TemporaryDirectory() as d:
        ca = os.path.join(d, "ca.pem")
        saml = os.path.join(d, "saml")
        for path, text in ((ca, "x"), (saml, "QUJD\r\nREVG\n")):
            with open(path, "w") as f:
                f.write(text)
        for args, want in (
                (["--adfs-ca-bundle", ca], {"caBundle": ca}),
                (["--s3-signature-version", "s3v4"],
                 {"s3SignatureVersion": "s3v4"}),
                (["--username-password-command", "a 'b'"],
                 {"usernamePasswordCommand": "a 'b'"}),
                (["--mfa-token-command", "c"], {"mfaTokenCommand": "c"}),
                (["--duo-factor", "PUSH"], {"duoFactor": "Duo Push"}),
                (["--duo-factor", "duo"], {"duoFactor": "Duo Push"}),
                (["--duo-factor", "phone call"],
                 {"duoFactor": "Phone Call"}),
                (["--duo-factor", "security"],
                 {"duoFactor": "WebAuthn Security Key",
                  "duoDevice": "None"}),
                (["--duo-factor", "passcode", "--duo-device", "phone1"],
                 {"duoFactor": "Passcode", "duoDevice": "None"}),
                (["--duo-device", "phone1", "--duo-factor", "Passcode"],
                 {"duoFactor": "Passcode", "duoDevice": "None"}),
                (["--duo-device", "phone1"], {"duoDevice": "phone1"}),
                (["--duo-factor", "Carrier Pigeon"],
                 {"duoFactor": "Carrier Pigeon"}),
                (["--ssl-verification"], {"noSslVerification": False}),
                (["--no-ssl-verification"], {"noSslVerification": True}),
                (["--role-arn", "?"], {"chooseRole": True}),
                (["--role-arn", "?", "--role-arn", ARN], {"roleArn": ARN}),
                (["--role-arn", ARN, "--role-arn", "?"],
                 {"chooseRole": True}),
                (["--assertfile", saml], {"assertion": "QUJDREVG"}),
                (["--stdout"], {"deliver": "none", "renew": False}),
                (["--printenv", "--no-session-cache"],
                 {"deliver": "none", "renew": True}),
                (["--no-session-cache"], {}), (["--no-sspi"], {})):
            with Agent([done([failed("p", "denied", "no.")])]) as a:
                run(a, "login", "p", *args)
                sent = dict(a.calls[0]["parameters"])
                for key in ("profiles", "config", "credentials",
                            "krb5ccname"):
                    sent.pop(key, None)
                equal(sent, want)


@tap.test
def options_at_odds():
    """options that make no sense are refused before anything is sent"""
    for args in (["--stdout", "--printenv"], ["--stdout", "q"],
                 ["--printenv", "--all"], ["--assertfile", "/dev/null", "q"],
                 ["--role-arn", "?", "--enforce-role-arn"],
                 ["--s3-signature-version", "s3"],
                 ["--adfs-ca-bundle", "/nowhere/ca.pem"]):
        with Agent([]) as a:
            names = [] if "--all" in args else ["p"]
            r = run(a, "login", *names, *args)
            equal((r.status, a.calls, r.out), (2, [], ""))
    for args in (["--assertfile", "/nowhere/saml"],
                 ["--assertfile", "/dev/null"],
                 ["--aad-verification-code", ""]):
        with Agent([]) as a:
            r = run(a, "login", "p", *args)
            equal((r.status, a.calls, r.out), (1, [], ""))
            has(r.err, "  Next: ")


KEYS = {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "a'b$(c)`d\\e",
        "sessionToken": "tok+/=\"x\"", "expiration": "2099-01-01T00:00:00Z",
        "lifetime": 3600, "roleArn": ARN}


def with_keys():
    return done([
        {"profile": "o", "state": "fresh", "named": False},
        {"profile": "p", "state": "fresh", "named": True,
         "region": "eu-west-1", "credentials": KEYS}])


@tap.test
def keys_to_stdout():
    """--stdout: one document, and nothing else on standard output"""
    with Agent([with_keys()]) as a:
        r = run(a, "login", "p", "--stdout")
        equal((r.status, r.err), (0, ""))
        equal(json.loads(r.out), {
            "Version": 1, "AccessKeyId": KEYS["accessKeyId"],
            "SecretAccessKey": KEYS["secretAccessKey"],
            "SessionToken": KEYS["sessionToken"],
            "Expiration": KEYS["expiration"]})


@tap.test
def keys_to_a_shell():
    """--printenv: quoted, so that a shell reads back every byte"""
    with Agent([with_keys()]) as a:
        r = run(a, "login", "p", "--printenv")
        equal((r.status, r.err), (0, ""))
    p = subprocess.run(["/bin/sh", "-c", r.out + "exec env"], timeout=20,
                       env={}, capture_output=True, text=True)
    got = dict(x.split("=", 1) for x in p.stdout.splitlines())
    got = {k: v for k, v in got.items() if k.startswith("AWS_")}
    equal(got, {"AWS_ACCESS_KEY_ID": KEYS["accessKeyId"],
                "AWS_SECRET_ACCESS_KEY": KEYS["secretAccessKey"],
                "AWS_SESSION_TOKEN": KEYS["sessionToken"],
                "AWS_DEFAULT_REGION": "eu-west-1"})


@tap.test
def no_keys_no_output():
    """--stdout without keys: the fault, its status, an empty output"""
    with Agent([done([failed("p", "denied", "AWS refused the role.")])]) as a:
        r = run(a, "login", "p", "--stdout")
        equal((r.status, r.out), (4, ""))
        has(r.err, "AWS refused the role.")


@tap.test
def enforce():
    """--enforce-role-arn: a choice of role is a refusal, exit 4"""
    with Agent([ROLES, {}]) as a:
        r = run(a, "login", "p", "--role-arn", ARN, "--enforce-role-arn")
        equal(r.status, 4)
        has(r.err, "--enforce-role-arn")
        equal(a.methods(), ["Login", "Cancel"])


@tap.test
def one_of_twenty():
    """nineteen fresh, one failed: told one by one; its name decides"""
    profiles = [fresh("p%02d" % i) for i in range(19)]
    bad = failed("p19", "denied", "AWS refused the role.", named=False,
                 next="ask for the role", request="r-1")
    for named, status in ((False, 0), (True, 4)):
        bad["named"] = named
        with Agent([done(profiles + [bad], passwords=1)]) as a:
            r = run(a, "login", "p00")
            equal(r.status, status)
            has(r.out, "19 profiles fresh (1 password)\n")
            equal(r.err, "awsfed: p19: AWS refused the role.\n"
                  "  Request r-1\n  Next: ask for the role\n")


@tap.test
def whole_fault():
    """a wrong password: said once, exit 4, nothing on standard output"""
    f = {"kind": "rejected", "reason": "password-refused",
         "text": "adfs.example.com refused the password for CORP\\jane "
         "(sent once).", "next": "awsfedctl login p", "request": "3f2a"}
    prof = {"profile": "p", "state": "needs-login", "named": True, "fault": f}
    for profiles in ([prof], [dict(prof, fault=None)], []):
        with Agent([done(profiles, fault=f, passwords=1)]) as a:
            r = run(a, "login", "p")
            equal((r.status, r.out), (4, ""))
            has(r.err, "refused the password for CORP\\jane (sent once).\n"
                "  Request 3f2a\n  Next: awsfedctl login p\n")
            equal(r.err.count("refused the password"), 1)


@tap.test
def exit_codes():
    """each kind of fault has its exit status"""
    for kind, status in (("temporary", 5), ("rejected", 4), ("denied", 4),
                         ("needs-user", 3), ("config", 1), ("protocol", 1),
                         ("security", 1), ("cancelled", 1), ("internal", 1)):
        with Agent([fault(kind, "It went wrong.", next="do x")]) as a:
            r = run(a, "login", "p")
            equal(r.status, status)
            equal(r.err, "awsfed: p: It went wrong.\n  Next: do x\n")
        with Agent([done([failed("p", kind, "It went wrong.")])]) as a:
            equal(run(a, "login", "p").status, status)


@tap.test
def default_next():
    """a fault without advice gets one"""
    for kind, want in (("needs-user", "awsfedctl login p"),
                       ("rejected", "awsfedctl login p"),
                       ("temporary", "awsfedctl status")):
        with Agent([fault(kind, "It went wrong.")]) as a:
            r = run(a, "login", "p")
            equal(r.err, "awsfed: p: It went wrong.\n  Next: %s\n" % want)


@tap.test
def next_can_be_typed():
    """a next step names profiles as a shell and login take them"""
    f = {"kind": "rejected", "text": "Refused."}
    for names, want in ((["p"], "p"), (["p", "q"], "p q"),
                        (["my prod", "o'x"], "'my prod' 'o'\\''x'"),
                        (["a", "b", "c", "d"], "--all")):
        with Agent([done([{"profile": n, "state": "needs-login",
                           "named": True} for n in names], fault=f)]) as a:
            has(run(a, "login", *names).err,
                "Refused.\n  Next: awsfedctl login %s\n" % want)
    for name, want in (("my prod", "'my prod'"), ("a;id", "'a;id'"),
                       ("j\u00f6rg", "j\u00f6rg")):
        with Agent([fault("needs-user", "Sign in.")]) as a:
            has(run(a, "login", name).err,
                "\n  Next: awsfedctl login %s\n" % want)


@tap.test
def unwritten():
    """fresh, but the file could not be written: exit 1 and why"""
    with Agent([done([fresh("p")], warnings=["An odd account id."],
                     written={"credentials": "/x/credentials", "fault": {
                         "kind": "config", "text": "/x is read-only.",
                         "next": "chmod u+w /x"}})]) as a:
        r = run(a, "login", "p")
        equal(r.status, 1)
        equal(r.err, "awsfed: warning: An odd account id.\n"
              "awsfed: /x is read-only.\n  Next: chmod u+w /x\n")


@tap.test
def under_another_name():
    """called as aws-adfs it is the same program"""
    with Agent([done([fresh("p")])]) as a:
        link = os.path.join(a.dir, "aws-adfs")
        os.symlink(os.path.abspath(PROGRAM), link)
        r = run(a, "login", "--profile", "p", "--no-sspi", program=link)
        equal(r.status, 0)
        equal(a.calls[0]["parameters"]["profiles"], ["p"])


@tap.test
def many_profiles():
    """twenty fresh ones end in the line of the manual"""
    with Agent([done([fresh("p%d" % i) for i in range(20)], passwords=1,
                     pushes=1, renewableUntil=stamp(7200))]) as a:
        r = run(a, "login", "p0")
        equal(r.out.splitlines()[-1], "20 profiles fresh (1 password, 1 "
              "push); renews without you until about " + clock(7200))


tap.main()
