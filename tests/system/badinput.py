# SPDX-License-Identifier: Apache-2.0
"""Everything that can be wrong outside: a clear message, the right exit code,
one password at most, and a credentials file that keeps every byte of others."""

import json
import os
import signal
import socket
import stat

import harness
import tap
from harness import HOST, PASSWORD, USER, role

ARN = role("012345678901", "MyAdminRole")
P = "prod"
FOREIGN = (b"# a comment\r\n[mine]\r\naws_access_key_id = AKIA1\n"
           b"  indented = odd\n\n[ spaced ]\nkey:value\n; last, no newline")
# Exit codes of awsfedctl(1).
OK, FAILED, NEEDS_LOGIN, REFUSED, TEMPORARY, NO_AGENT = 0, 1, 3, 4, 5, 6


def world(**more):
    w = harness.World(**more)
    w.sim.user(USER, roles=[harness.pair(ARN)])
    with open(w.credentials_file, "wb") as f:
        f.write(FOREIGN)
    w.own(w.credentials_file, 0o600)
    return w


def told(r, code, what, *words):
    """Exit code, a message that says what and what next, nothing on stdout."""
    tap.ok(r.rc == code, "%s: status %d" % (what, code), r)
    text = r.err + r.tty
    tap.ok("awsfed" in text and all(w.lower() in text.lower() for w in words),
           "%s: a message with %s" % (what, ", ".join(words) or "its reason"),
           r)
    tap.ok("Next:" in text, "%s: it says what to do next" % what, r)
    tap.ok(PASSWORD not in r.all, "%s: the password is not in it" % what)


def untouched(w, what):
    tap.equal(w.read(w.credentials_file), FOREIGN,
              what + ": the credentials file is byte-identical")


def posts(w, before):
    return w.sim.since(before).get("password_posts", 0)


# -- before the page -------------------------------------------------------
def unreachable():
    with world() as w:
        bad = w.sim.other_port("badtls-port")
        with socket.socket() as closed:
            # Bound and not listening: nobody else takes it, all are refused.
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            for what, host, code, words in (
                    ("unknown host", "nowhere.example.com", TEMPORARY,
                     ["nowhere.example.com"]),
                    ("refused connection", "localhost:%d" % port, TEMPORARY,
                     ["localhost"]),
                    ("unknown certificate", "localhost:%d" % bad, FAILED,
                     ["certificate"])):
                before = w.sim.counters()
                r = w.type([w.program("awsfedctl"), "login", "--profile", P,
                            "--adfs-host", host, "--role-arn", ARN,
                            "--region", "us-east-1"],
                           [(harness.ASK_USER, USER),
                            (harness.ASK_PASSWORD, PASSWORD)], timeout=30)
                told(r, code, what, *words)
                tap.equal(posts(w, before), 0, what + ": no password left")
                untouched(w, what)
        tap.ok(b"localhost" not in (w.read(w.config_file) or b""),
               "a host that failed was not saved")


# -- page, password, assertion, STS ----------------------------------------
# what, place, fault, exit code, words, password posts
FAULTS = (
    ("malformed page", "adfs-get", {"kind": "malformed"}, FAILED, [HOST], 0),
    ("unknown page", "adfs-get", {"kind": "unknown"}, FAILED, [HOST], 0),
    ("no page at all", "adfs-get", {"kind": "empty"}, FAILED, [HOST], 0),
    ("garbage for a page", "adfs-get", {"kind": "garbage"}, FAILED, [HOST], 0),
    ("a page without end", "adfs-get", {"kind": "huge"}, FAILED, [HOST], 0),
    ("a form for another host", "adfs-get", {"kind": "foreign-action"},
     FAILED, [HOST], 0),
    ("sent to another host", "adfs-get", {"kind": "foreign-redirect"},
     TEMPORARY, [HOST], 0),
    ("sent in circles", "adfs-get",
     {"kind": "redirect-loop", "count": -1}, FAILED,
     [HOST], 0),
    ("server error", "adfs-get", {"status": 503}, TEMPORARY, [HOST], 0),
    ("AD FS error page", "adfs-get", {"code": "MSIS7999"}, REFUSED,
     ["MSIS7999"], 0),
    ("connection lost after the password", "adfs-post", {"kind": "close"},
     TEMPORARY, [HOST], 1),
    ("expired password", "adfs-post", {"kind": "password-expired"}, REFUSED,
     [HOST], 1),
    ("expired assertion", "saml", {"kind": "expired"}, TEMPORARY, [], 1),
    ("malformed XML", "saml", {"kind": "malformed-xml"}, FAILED, [], 1),
    ("XML with a DTD", "saml", {"kind": "dtd"}, FAILED, [], 1),
    ("broken base64", "saml", {"kind": "base64"}, FAILED, [], 1),
    ("sign-in refused by AD FS", "saml", {"kind": "status-failure"}, REFUSED,
     [], 1),
    ("assertion for another audience", "saml", {"kind": "audience"}, FAILED,
     [], 1),
    ("assertion without roles", "saml", {"kind": "no-roles"}, REFUSED, [], 1),
    ("AccessDenied", ARN, {"code": "AccessDenied", "count": -1}, REFUSED,
     [P], 1),
    ("ExpiredTokenException", ARN,
     {"code": "ExpiredTokenException", "count": -1}, None, [P], 1),
    ("IDPRejectedClaim", ARN, {"code": "IDPRejectedClaim", "count": -1},
     REFUSED, [P], 1),
    ("STS down", ARN, {"status": 503, "count": -1}, TEMPORARY, [P], 1),
    ("STS answers garbage", ARN, {"kind": "garbage", "count": -1}, None, [P],
     1),
    ("STS leaves a field out", ARN, {"kind": "missing-fields", "count": -1},
     None, [P], 1),
)


def outside_faults():
    with world() as w:
        w.profile(P, role=ARN, adfs_config__adfs_user=USER)
        for what, place, fault, code, words, password in FAULTS:
            w.sim.do("expire-sso")
            w.ctl("logout", "--all")
            w.sim.clear_faults()
            w.sim.fault(place, **dict({"count": 1}, **fault))
            before = w.sim.counters()
            r = w.login(P, user=None, timeout=40)
            if code is None:
                tap.ok(r.rc in (FAILED, REFUSED, TEMPORARY),
                       what + ": the status is a failure's", r)
                code = r.rc
            told(r, code, what, *words)
            tap.equal(posts(w, before), password,
                      "%s: %d password posted" % (what, password))
            untouched(w, what)
            state = w.states()[P]
            tap.ok(state not in ("fresh", "waiting"),
                   what + ": the state says so", state)
        # After all of that, nothing is stuck.
        w.sim.clear_faults()
        r = w.login(P, user=None)
        tap.ok(r.rc == OK, "when the world is well again, so is login", r)
        tap.ok(w.read(w.credentials_file).startswith(FOREIGN),
               "and the foreign bytes still stand")


def wrong_password():
    with world() as w:
        w.profile(P, role=ARN, adfs_config__adfs_user=USER)
        before = w.sim.counters()
        r = w.login(P, user=None, password="not it")
        told(r, REFUSED, "wrong password", HOST, "jane", "password")
        tap.equal(posts(w, before), 1, "wrong password: posted exactly once")
        tap.ok("not it" not in r.all and "not it" not in w.log(),
               "wrong password: in no message and no log")
        untouched(w, "wrong password")
        for command in (["refresh", P], ["credential-process", P]):
            r = w.ctl(*command)
            tap.ok(r.rc != 0, "%s afterwards fails" % command[0], r)
        tap.equal(posts(w, before), 1, "wrong password: never again by itself")
        r = w.login(P, user=None)
        tap.ok(r.rc == OK, "the right one then works", r)
        tap.equal(posts(w, before), 2, "and was posted once")
        tap.ok(PASSWORD not in w.log(), "the right one is in no log")


def no_such_role():
    with world() as w:
        other = role("012345678901", "Nobody")
        w.profile(P, role=other, adfs_config__adfs_user=USER)
        r = w.login(P, user=None)
        told(r, REFUSED, "no such role", P, "Nobody")
        untouched(w, "no such role")
        tap.equal(w.states()[P], "failed", "no such role: failed")


def bare_user():
    """A name without a domain is refused before anything is posted."""
    with world() as w:
        w.profile(P, role=ARN)
        before = w.sim.counters()
        r = w.login(P, user="jane")
        tap.ok(r.rc != OK, "a name without a domain is refused", r)
        tap.ok("DOMAIN" in r.tty + r.err, "the shape is told", r)
        tap.equal(posts(w, before), 0, "and nothing was posted")


# -- inside ------------------------------------------------------------------
def worker_killed():
    """Between two roles: the first is delivered, the second is not lost."""
    with world() as w:
        second = role("012345678902", "Second")
        w.sim.user(USER, roles=[harness.pair(ARN), harness.pair(second)])
        w.profile("one", role=ARN, adfs_config__adfs_user=USER)
        w.profile("two", role=second, adfs_config__adfs_user=USER)
        w.sim.fault(second, "delay", delay=8000)
        pid = os.fork()
        if pid == 0:
            # The hand that kills: as soon as the first role has its keys.
            code = 1
            try:
                w.wait(lambda: w.sim.counters()["roles"].get(ARN, {}).get(
                    "assume_role_with_saml_good"), "the first role", 20)
                w.wait(lambda: w.sim.counters()["roles"][second][
                    "assume_role_with_saml"], "the second to begin", 20)
                for worker in w.wait(w.workers, "a worker"):
                    os.kill(worker, signal.SIGKILL)
                    code = 0
            finally:
                os._exit(code)
        r = w.login("one", "two", user=None)
        tap.equal(os.waitpid(pid, 0)[1], 0,
                  "the worker was killed between two roles")
        tap.ok(r.rc not in (0, 2, 6), "login fails", r)
        tap.ok("two" in r.err, "and names the profile that is missing", r)
        tap.equal(w.states().get("one"), "fresh", "the first role is fresh")
        tap.ok(b"[one]" in w.read(w.credentials_file), "and in the file")
        tap.ok(w.read(w.credentials_file).startswith(FOREIGN),
               "the foreign bytes still stand")
        w.sim.clear_faults()
        w.wait_states(fresh={"one", "two"}, timeout=30)
        tap.ok(True, "the agent mends the second by itself")


def bad_files():
    with world() as w:
        w.profile(P, role=ARN, adfs_config__adfs_user=USER)
        folder = os.path.dirname(w.credentials_file)
        # A folder that may not be written: the keys are held, not filed.
        os.chmod(folder, 0o500)
        r = w.login(P, user=None)
        os.chmod(folder, 0o700)
        told(r, FAILED, "unwritable folder", w.credentials_file)
        untouched(w, "unwritable folder")
        r = w.ctl("credential-process", P)
        tap.ok(r.rc == 0 and json.loads(r.out)["SecretAccessKey"],
               "unwritable folder: the credentials are held all the same",
               r.err)
        w.ctl("logout", "--all")

        # A file that is no INI document.
        broken = b"[unclosed\nkey = value\n\x00\x01\n= nothing\n"
        with open(w.credentials_file, "wb") as f:
            f.write(broken)
        r = w.login(P, user=None)
        told(r, FAILED, "unparseable credentials file", w.credentials_file)
        tap.equal(w.read(w.credentials_file), broken,
                  "unparseable credentials file: byte-identical")

        # A folder in its place.
        os.unlink(w.credentials_file)
        os.mkdir(w.credentials_file)
        w.ctl("logout", "--all")
        r = w.login(P, user=None)
        tap.ok(r.rc == FAILED and w.credentials_file in r.err,
               "a folder in place of the file is told", r)
        told(w.ctl("refresh", P), FAILED, "refresh with a folder there",
             w.credentials_file)
        told(w.ctl("logout", P), FAILED, "logout with a folder there",
             w.credentials_file)
        os.rmdir(w.credentials_file)


def bad_config():
    with world() as w:
        w.write(w.config_file, "[profile x\nbroken")
        r = w.ctl("reload")
        tap.ok(r.rc != 0 and w.config_file in r.err + r.out,
               "a broken config file is told by reload", r)
        r = w.login("x", user=None, password=None)
        told(r, FAILED, "broken config file", w.config_file)
        tap.equal(w.read(w.config_file), b"[profile x\nbroken",
                  "broken config file: byte-identical")


# -- the socket ----------------------------------------------------------------
def second_agent():
    with world() as w:
        w.login("--profile", P, "--adfs-host", HOST, "--role-arn", ARN,
                "--region", "us-east-1")
        argv = [w.program("awsfedd"), "--foreground"]
        r = w.run(argv, timeout=20)
        tap.ok(r.rc not in (0, -9), "a second agent does not start", r)
        tap.ok("awsfed" in r.err and ("already" in r.err or
                                      "another" in r.err),
               "a second agent says why", r)
        tap.equal(len(r.err.splitlines()), 1,
                  "a second agent says no more, and touches nothing")
        tap.ok(w.ctl("status").rc == 0, "the first one answers as before")


def wrong_user():
    """A user name that was wrong once does not bar the way."""
    named = ["--profile", P, "--adfs-host", HOST, "--region", "us-east-1"]
    for what, first in (
            ("a --user without a domain",
             lambda w: w.login(*named, "--user", "jane", user=None,
                               password=None)),
            ("a slip in the user name",
             lambda w: w.login(*named, user="CORP\\jnae"))):
        with world() as w:
            tap.ok(first(w).rc != 0, what + ": no sign-in")
            r = w.login(*named, timeout=20)
            tap.ok(r.rc == 0 and not r.unasked,
                   what + ": the next login asks for it again", r)
            tap.ok(b"adfs_user = CORP\\jane" in w.read(w.config_file),
                   what + ": the right one is saved",
                   w.read(w.config_file))


def declined_then_chosen():
    named = ["--profile", P, "--adfs-host", HOST, "--region", "us-east-1"]
    with world() as w:
        w.sim.user(USER, roles=[harness.pair(ARN), harness.pair(
            role("012345678901", "ReadOnly"))])
        w.login(*named, answers=[(harness.ASK_ROLE, "q")])
        r = w.login(*named, user=None, password=None,
                    answers=[(harness.ASK_ROLE, "1")])
        tap.ok(r.rc == 0, "declined, then chosen", r)
        tap.ok(b"adfs_user = CORP\\jane" in w.read(w.config_file),
               "the user typed at the first is saved with the second",
               w.read(w.config_file))


def stale_socket():
    with world(agent=False) as w:
        run = os.path.dirname(w.socket)
        w.own(run, 0o700, folder=True)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(w.socket)
        w.own(w.socket, 0o600)
        r = w.ctl("status")
        told(r, NO_AGENT, "no agent behind the socket", "agent")
        w.start_agent()
        tap.ok(w.ctl("status").rc == 0, "a stale socket is taken over")
        w.stop_agent(signal.SIGKILL)
        w.start_agent()
        tap.ok(w.ctl("status").rc == 0, "also after a kill")
        mode = stat.S_IMODE(os.stat(w.socket).st_mode)
        tap.equal(mode, 0o600, "the socket is its user's alone")
        tap.equal(stat.S_IMODE(os.stat(run).st_mode), 0o700,
                  "and so is its folder")


def no_agent():
    with world(agent=False) as w:
        r = w.ctl("status")
        told(r, NO_AGENT, "no agent", "awsfedctl login")
        r = w.ctl("credential-process", P)
        tap.equal(r.rc, NO_AGENT, "credential-process without an agent: 6")


GARBAGE = (
    ("no JSON", b"hello\0"), ("an array", b"[1,2]\0"),
    ("an empty message", b"\0"), ("not UTF-8", b'{"method":"\xff\xfe"}\0'),
    ("a key twice", b'{"method":"a","method":"b"}\0'),
    ("nested deep", b'{"method":"a","parameters":' + b"[" * 40 + b"]" * 40 +
     b"}\0"),
    ("an unknown method", b'{"method":"io.awsfed.Control.Nonsense"}\0'),
    ("an unknown parameter", b'{"method":"io.awsfed.Control.Status",'
     b'"parameters":{"canary":1}}\0'),
    ("a wrong type", b'{"method":"io.awsfed.Control.Status",'
     b'"parameters":{"profile":7}}\0'),
    ("far too long", b'{"method":"' + b"canary" * 20000 + b'"}\0'),
    ("binary", bytes(range(1, 256)) * 50 + b"\0"),
)


def send(s, method, **parameters):
    """One call of the control protocol."""
    s.sendall(json.dumps({"method": "io.awsfed.Control." + method,
                          "parameters": parameters}).encode() + b"\0")


def answer(s):
    data = b""
    while not data.endswith(b"\0"):
        more = s.recv(65536)
        if not more:
            return {}
        data += more
    return json.loads(data[:-1])


def shared_question():
    """Two logins wait for one answer; the slower one comes too late."""
    with world() as w:
        w.profile(P, role=ARN)
        with w.connect() as a, w.connect() as b:
            for s in (a, b):
                send(s, "Login", profiles=[P])
            first, second = (answer(s)["parameters"] for s in (a, b))
            question = first["step"]["question"]["id"]
            tap.equal(question, second["step"]["question"]["id"],
                      "two logins are asked the same question")
            # Both at once: before the worker has its next question.
            for s, login in ((a, first), (b, second)):
                send(s, "Answer", login=login["login"], question=question,
                     value=USER)
            # Which of them is read first is the agent's affair.
            late, r = sorted((answer(a), answer(b)),
                             key=lambda reply: "error" not in reply)
            tap.equal(r["parameters"].get("step", {}).get(
                "question", {}).get("name"), "password", "one answer counts")
            tap.equal(late.get("error"), "io.awsfed.Control.StaleQuestion",
                      "the other is stale")
        tap.ok(w.ctl("status").rc == 0, "the agent lives on")


def joins_a_question():
    """A login that comes while another is asked is asked the same."""
    with world() as w:
        w.profile(P, role=ARN)
        with w.connect() as a, w.connect() as b:
            send(a, "Login", profiles=[P])
            first = answer(a)["parameters"]["step"]["question"]["id"]
            send(b, "Login", profiles=[P])
            second = answer(b)["parameters"]
            tap.equal(second["step"]["question"]["id"], first,
                      "a second login is asked what the first is asked")
            a.close()
            send(b, "Answer", login=second["login"], question=first,
                 value=USER)
            tap.equal(answer(b)["parameters"]["step"]["question"]["name"],
                      "password", "it goes on when the first has left")


def garbage_on_the_socket():
    with world() as w:
        for what, data in GARBAGE:
            with w.connect() as s:
                said = b""
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    while len(said) < 1 << 20:
                        more = s.recv(65536)
                        if not more:
                            break
                        said += more
                except (BrokenPipeError, ConnectionResetError):
                    pass
                except socket.timeout:
                    tap.ok(False, what + ": the connection ends")
            tap.ok(said == b"" or b'"error"' in said,
                   what + ": an error or nothing", said[:200])
            tap.ok(b"canarycanary" not in said, what + ": not quoted back",
                   said[:200])
            tap.ok(w.ctl("status").rc == 0, what + ": the agent lives on")
        # Many who say nothing: others are still served.
        silent = []
        for _ in range(40):
            silent.append(w.connect())
        tap.ok(w.ctl("status").rc == 0, "forty silent callers block nobody")
        for s in silent:
            s.close()


harness.need(timeout=500)
tap.run(unreachable, outside_faults, wrong_password, no_such_role, bare_user,
        wrong_user, declined_then_chosen, worker_killed, bad_files,
        bad_config, second_agent, stale_socket,
        shared_question, joins_a_question, no_agent,
        garbage_on_the_socket)
