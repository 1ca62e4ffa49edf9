# SPDX-License-Identifier: Apache-2.0
"""awsfed.protected: never in a file, and a person for each use."""

import json
import os
import re
import subprocess
import threading
import time

import harness
import tap
import terminal
from harness import PASSWORD, USER, role

ADMIN, DEPLOY = role("111122223333", "Admin"), role("444455556666", "Deploy")
OPEN = role("111122223333", "Open")
ASK = r"asks for keys of prod.*\[y/N\] $"


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(ADMIN), harness.pair(OPEN)])
    w.sim.role(DEPLOY, trust=[ADMIN])
    w.profile("open", role=OPEN, reload=False)
    w.profile("prod", role=ADMIN, reload=False, awsfed__protected="yes")
    text = w.read(w.config_file).decode()
    w.write(w.config_file, text + "[profile deploy]\nregion = us-east-1\n"
            "role_arn = %s\nsource_profile = prod\n" % DEPLOY)
    w.ctl("reload")
    tap.equal(w.login("prod", "open").rc, 0, "login")


def no_file(w):
    tap.equal(set(w.credentials()), {"open"}, "no file has its keys")
    p = {p["profile"]: p for p in w.status()["profiles"]}
    tap.ok(p["prod"]["live"] and p["prod"]["protected"] and
           p["prod"]["deliver"] == "none" and "protected" not in p["open"],
           "the agent holds them", p["prod"])


class Approver:
    """A person with awsfedctl approve in another terminal."""

    def __init__(self, w, *args, answers):
        self.w, self.seen = w, []
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(args, answers))
        self.thread.start()
        if not self.ready.wait(20):
            raise TimeoutError("approve did not begin")

    def _look(self, text):
        self.seen.append(text)
        if "waiting for requests" in "".join(self.seen):
            self.ready.set()

    def _run(self, args, answers):
        self.result = self.w.type(
            [self.w.program("awsfedctl"), "approve", *args], answers,
            show=self._look, timeout=90)
        self.ready.set()

    def end(self):
        self.thread.join(100)
        return self.result


def nobody(w):
    start = time.monotonic()
    r = w.ctl("credential-process", "prod")
    tap.ok(r.rc == 4 and r.out == "" and "awsfedctl approve prod" in r.err and
           r.err.count("\n") == 1, "nobody there: a line that names the "
           "command", r)
    tap.ok(time.monotonic() - start < 10, "at once")
    tap.equal(w.ctl("credential-process", "open").rc, 0,
              "another profile asks nobody")
    r = w.ctl("exec", "prod", "--", "env")
    tap.ok(r.rc == 125 and "awsfedctl approve prod" in r.err and
           "AWS_SECRET" not in r.out, "exec without a terminal", r)
    r = w.ctl("exec", "deploy", "--", "env")
    tap.ok(r.rc == 125 and "AWS_SECRET" not in r.out,
           "nor are keys assumed from it got without asking", r)
    for args in (("--stdout",), ("--printenv",)):
        r = w.login("prod", *args, user=None)
        tap.ok(r.rc != 0 and "protected" in r.all and
               "SecretAccessKey" not in r.out and "export" not in r.out,
               "login %s does not print them" % args, r)
    for args in (("env", "prod", "--shell", "json"),
                 ("console", "prod", "--print")):
        r = w.ctl(*args)
        tap.ok(r.rc not in (0, 2) and "awsfedctl approve prod" in r.err and
               "SecretAccessKey" not in r.out and "https" not in r.out,
               "%s without a terminal" % args[0], r)
    r = w.ctl("approve", "--list")
    tap.ok(r.rc == 0 and "nothing waits" in r.out, "nothing waits", r)
    r = w.ctl("approve")
    tap.ok(r.rc != 0 and "terminal" in r.err, "approve wants a terminal", r)


def no_endpoint(w):
    """The endpoint has none of it: said before anybody is asked."""
    w.settings(endpoint="on")
    w.ctl("reload")
    for name in ("prod", "deploy"):
        r = w.type([w.program("awsfedctl"), "exec", "--endpoint", name, "--",
                    "env"])
        tap.ok(r.rc == 125 and "is protected" in r.err and "[y/N]" not in r.tty
               and "AWS_CONTAINER" not in r.out,
               "exec --endpoint %s: no, and no question" % name, r)
    w.settings()
    w.ctl("reload")


def by_itself(w):
    """exec at a terminal asks its own person."""
    r = w.type([w.program("awsfedctl"), "exec", "prod", "--", "env"],
               [(ASK, "y")])
    tap.ok(r.rc == 0 and "AWS_SESSION_TOKEN=" in r.out, "exec: y", r)
    tap.ok(re.search(r"awsfedctl.* \(pid \d+.*\) asks for keys of prod, for "
                     r"\"exec env\"\. Allow\?", r.tty),
           "the question names program and purpose", r.tty)
    for args, want in ((("env", "prod", "--shell", "json"),
                        "AWS_SESSION_TOKEN"),
                       (("console", "prod", "--print"), "https://")):
        r = w.type([w.program("awsfedctl"), *args], [(ASK, "n")])
        tap.ok(r.rc != 0 and want not in r.out, args[0] + ": n", r)
        r = w.type([w.program("awsfedctl"), *args],
                   [(ASK, "y"), (r"\[y/N\] $", "y")])
        tap.ok(r.rc == 0 and want.lower() in r.all.lower(),
               args[0] + ": y", r)
    for said in ("n", "", "yo"):
        r = w.type([w.program("awsfedctl"), "exec", "prod", "--", "env"],
                   [(ASK, said)])
        if r.rc != 125 or "AWS_SESSION" in r.out or "not allowed" not in r.err:
            tap.ok(False, "exec: %r is no" % said, r)
            break
    else:
        tap.ok(True, "n, Enter and anything else are no")
    r = w.type([w.program("awsfedctl"), "exec", "prod", "--", "env"],
               [(ASK, terminal.CTRL_C)])
    tap.ok(r.rc != 0 and "AWS_SESSION" not in r.out, "so is Ctrl-C", r)
    log = w.log()
    tap.ok("profile prod: its use by" in log and "allowed by a person" in log
           and "denied by a person" in log, "the log has each decision")


def by_another(w):
    """credential_process waits for awsfedctl approve."""
    a = Approver(w, "prod", "--once", answers=[(ASK, "y")])
    r = w.ctl("credential-process", "prod")
    tap.ok(r.rc == 0 and "SecretAccessKey" in r.out, "it is let through", r)
    said = a.end()
    tap.ok(said.rc == 0 and "allowed, this once" in said.out,
           "approve says so", said)
    tap.ok(re.search(r"python3.* \(pid %d, /.*python3[^)]*\) by awsfedctl "
                     r"\(pid \d+" % os.getpid(), said.tty) or
           "by awsfedctl (pid" in said.tty or "awsfedctl (pid" in said.tty,
           "and had named the program", said.tty)
    r = w.ctl("credential-process", "prod")
    tap.equal(r.rc, 4, "once is once")
    a = Approver(w, "--once", answers=[(ASK, "n")])
    r = w.ctl("credential-process", "prod")
    tap.ok(r.rc == 4 and r.out == "" and "not allowed" in r.err,
           "n is no for it, too", r)
    a.end()
    # By the AWS CLI, which runs us.
    text = w.read(w.config_file).decode()
    line = "credential_process = %s credential-process prod\n" % w.program(
        "awsfedctl")
    w.write(w.config_file, text.replace("[profile prod]\n",
                                        "[profile prod]\n" + line))
    w.ctl("reload")
    a = Approver(w, "--once", answers=[(ASK, "y")])
    got = w.identity("--profile", "prod")
    said = a.end()
    tap.ok("assumed-role/Admin" in str(got), "the AWS CLI is Admin", repr(got))
    tap.ok(re.search(r"\baws(:? |[^\n]*) \(pid \d+, /usr/bin/python3[^)]*\) "
                     r"by awsfedctl \(pid \d+", said.tty),
           "the AWS CLI is named by its executable", said.tty)
    w.write(w.config_file, text)
    w.ctl("reload")


def call(s, method, **parameters):
    s.sendall(json.dumps({"method": "io.awsfed.Control." + method,
                          "parameters": parameters}).encode() + b"\0")


RECEIVED = {}   # of each socket: what came behind the last message


def reply(s):
    """The next message; several may have come in one piece."""
    data = RECEIVED.pop(s, b"")
    while b"\0" not in data:
        more = s.recv(65536)
        if not more:
            return None
        data += more
    message, _, rest = data.partition(b"\0")
    if rest:
        RECEIVED[s] = rest
    return json.loads(message)


def news(s):
    """The next event of requests: others may come in between."""
    while True:
        event = reply(s)["parameters"]
        if event["event"].startswith("request"):
            return event


def odd(w):
    """What a client could try."""
    with w.connect() as s, w.connect() as other:
        call(s, "Credentials", profile="prod", attended=True)
        need = reply(s)
        tap.ok(need["error"].endswith(".NeedsApproval") and
               need["parameters"]["question"]["kind"] == "confirm",
               "who is attended gets the question", need)
        request = need["parameters"]["request"]
        call(other, "Approvals")
        listed = reply(other)["parameters"]["requests"]
        tap.ok([r["request"] for r in listed] == [request] and
               listed[0]["peer"]["pid"] == os.getpid() and
               "python" in listed[0]["peer"]["program"],
               "the list names pid and program", listed)
        r = w.ctl("approve", "--list")
        tap.ok("(pid %d" % os.getpid() in r.out, "so does --list", r)
        call(s, "Credentials", profile="prod", attended=False)
        tap.ok("secretAccessKey" not in json.dumps(reply(s)),
               "asking again is not being allowed")
        call(other, "Approve", request=request, allow=True)
        tap.ok("NoSuchRequest" in reply(other)["error"],
               "and gives up the first request")
        call(s, "Credentials", profile="prod", attended=True)
        request = reply(s)["parameters"]["request"]
        call(other, "Approve", request=request, allow=True)
        tap.ok("error" not in reply(other), "allowed")
        call(other, "Credentials", profile="prod")
        tap.ok("secretAccessKey" not in json.dumps(reply(other)),
               "what was allowed to one is not allowed to another")
        call(s, "Credentials", profile="prod")
        tap.ok("secretAccessKey" in reply(s)["parameters"],
               "the one that was allowed has it")
        call(s, "Credentials", profile="prod")
        tap.ok("secretAccessKey" not in json.dumps(reply(s)), "once")
        for bad in (dict(request=request), dict(request="q1", allow=1),
                    dict(request=7, allow=True), dict(allow=True)):
            call(other, "Approve", **bad)
            if "InvalidParameter" not in reply(other)["error"]:
                tap.ok(False, "bad parameters", bad)
        call(s, "Credentials", profile="prod", attended=True,
             purpose="x\nAllow? yes")
        tap.ok("InvalidParameter" in reply(s)["error"],
               "a purpose is one line")
    # Who waits and goes takes the request along.
    with w.connect() as s:
        s.sendall(b'{"method":"io.awsfed.Control.Monitor","parameters":'
                  b'{"approvals":true},"more":true}\0')
        reply(s)
        p = subprocess.Popen([w.program("awsfedctl"), "credential-process",
                              "prod"], env=w.env, preexec_fn=w._preexec(True),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tap.equal(news(s)["event"], "request", "it waits")
        p.kill()
        p.communicate()
        event = news(s)
        tap.equal((event["event"], event["how"]),
                  ("request-over", "cancelled"), "it went, and so did it")


def lapse(w):
    """Nobody answers."""
    with w.connect() as s:
        s.sendall(b'{"method":"io.awsfed.Control.Monitor","parameters":'
                  b'{"approvals":true},"more":true}\0')
        reply(s)
        p = subprocess.Popen([w.program("awsfedctl"), "credential-process",
                              "prod"], env=w.env, preexec_fn=w._preexec(True),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
        news(s)
        w.warp(40)
        out, err = p.communicate(timeout=60)
        tap.ok(p.returncode == 4 and out == "" and "in time" in err,
               "after 30 s without an answer it is no", err)


def contradiction(w):
    text = w.read(w.config_file).decode()
    w.write(w.config_file, text.replace(
        "[profile prod]\n", "[profile prod]\nawsfed.deliver = file\n"))
    w.ctl("reload")
    fault = w.status("prod")["profiles"][0].get("fault", {})
    tap.ok("never written to a file" in fault.get("text", ""),
           "deliver = file contradicts it", fault)
    tap.ok("prod" not in w.credentials(), "and is not followed")
    w.write(w.config_file, text)
    w.ctl("reload")


def main():
    with harness.World(warp=True) as w:
        setup(w)
        no_file(w)
        nobody(w)
        no_endpoint(w)
        by_itself(w)
        by_another(w)
        odd(w)
        contradiction(w)
        lapse(w)


harness.need(aws=True)
tap.run(main)
