#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The container endpoint with real SDKs, and with those who should get
nothing: raw requests, too many of them, other users. TAP."""
import json
import os
import re
import resource
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import harness
import tap
from harness import USER, role

A, B = role("111122223333", "Alpha"), role("111122223333", "Beta")
PYTHON = "/usr/bin/python3"
BOTO = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
"""
# Asks again with the same client whenever it is told to.
LONG_BOTO = """
import boto3, sys
session = boto3.Session()
sts = session.client("sts")
for line in sys.stdin:
    arn = sts.get_caller_identity()["Arn"]
    print(session.get_credentials().access_key, arn, flush=True)
"""
LONG_NODE = """
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { createInterface } from "node:readline";
const sts = new STSClient({});
for await (const line of createInterface({ input: process.stdin })) {
  const who = await sts.send(new GetCallerIdentityCommand({}));
  console.log((await sts.config.credentials()).accessKeyId, who.Arn);
}
"""
SECRETS = re.compile(rb"AccessKey|SecretAccess|ASIA")


def call(w, method, **parameters):
    with w.connect() as s:
        s.sendall(json.dumps({"method": "io.awsfed.Control." + method,
                              "parameters": parameters}).encode() + b"\0")
        data = b""
        while not data.endswith(b"\0"):
            more = s.recv(65536)
            if not more:
                break
            data += more
    return json.loads(data[:-1])


class Offer:
    """What exec --endpoint is told, and the token from its file."""

    def __init__(self, w, profile="a"):
        reply = call(w, "Endpoint", profile=profile)
        if "error" in reply:
            raise RuntimeError(repr(reply))
        self.reply = reply["parameters"]
        self.url = self.reply["url"]
        self.file = self.reply["tokenFile"]
        self.token = w.read(self.file).decode()
        self.port = int(self.url.split(":")[2].split("/")[0])
        self.path = "/" + self.url.split("/", 3)[3]

    def env(self, w, file=True):
        env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url,
               "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
               "AWS_CONFIG_FILE": "/dev/null",
               "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token}
        if file:
            env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = self.file
        return env

    def request(self, path=None, token=True, more="", host=None,
                method="GET"):
        text = "%s %s HTTP/1.1\r\nHost: %s\r\n" % (
            method, path or self.path, host or "127.0.0.1:%d" % self.port)
        if token:
            text += "Authorization: %s\r\n" % (
                self.token if token is True else token)
        return (text + more + "\r\n").encode()


def talk(port, *pieces, pause=0.02, timeout=8):
    """All that comes back for these bytes, until the end of the stream."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout) as s:
        try:
            for i, piece in enumerate(pieces):
                if i:
                    time.sleep(pause)
                s.sendall(piece)
            while True:
                more = s.recv(65536)
                if not more:
                    break
                said += more
        except (BrokenPipeError, ConnectionResetError):
            pass
    return said


def status(said):
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.1 ") \
        else None


def body(said):
    return json.loads(said.split(b"\r\n\r\n", 1)[1])


def setup(w, login=True):
    w.sim.user(USER, roles=[harness.pair(A), harness.pair(B)])
    w.sim.set(loop_tokens=30, loop_seconds=1)
    w.profile("a", role=A, reload=False)
    w.profile("b", role=B, reload=False)
    w.ctl("reload")
    if login:
        r = w.login("a", "b")
        tap.ok(r.rc == 0, "login", r)


def on(**more):
    return harness.World(settings=dict(endpoint="on", **more))


# ---- what it is ---------------------------------------------------------------

def opt_in():
    with harness.World() as w:
        setup(w)
        folder = os.path.join(w.base, "run/awsfed/endpoint")
        reply = call(w, "Endpoint", profile="a")
        fault = reply.get("parameters", {})
        tap.ok(reply.get("error") == "io.awsfed.Control.Fault" and
               "off" in fault["text"] and "endpoint = on" in fault["next"],
               "it is off, and says how it is allowed", reply)
        tap.ok(not os.path.exists(folder), "and leaves nothing behind")
        r = w.ctl("exec", "--endpoint", "a", "--", "/bin/true")
        tap.ok(r.rc == 125 and "endpoint = on" in r.err, "exec says so", r)
        w.settings(endpoint="on")
        w.ctl("reload")
        tap.ok(not listens(w), "allowed, it does not listen unasked")
        offer = Offer(w)
        tap.ok(listens(w) == [("127.0.0.1", offer.port)],
               "asked for, it listens on 127.0.0.1 alone", listens(w))
        mode = [stat.S_IMODE(os.stat(p).st_mode) for p in
                (offer.file, folder)]
        tap.equal(mode, [0o600, 0o700], "the token is its owner's alone")
        tap.ok(re.fullmatch("[0-9a-f]{64}", offer.token),
               "256 bits, no newline", offer.token)
        tap.ok(offer.token not in json.dumps(offer.reply),
               "the reply has no token")
        tap.equal((Offer(w).token, Offer(w).url), (offer.token, offer.url),
                  "asked again: the same")
        tap.ok(Offer(w, "b").token != offer.token,
               "another profile has another token")
        for name, error in (("nope", "io.awsfed.Control.NoSuchProfile"),):
            tap.equal(call(w, "Endpoint", profile=name).get("error"), error,
                      "an unknown profile")
        w.settings(endpoint="off")
        w.ctl("reload")
        w.wait(lambda: not listens(w), "the listener to go", 5)
        tap.ok(not os.path.exists(folder), "off again, all of it is gone")


def listens(w):
    """TCP listeners of the agent."""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % w.agent.pid):
        try:
            target = os.readlink("/proc/%d/fd/%s" % (w.agent.pid, fd))
        except OSError:
            continue
        inodes.update(re.findall(r"socket:\[(\d+)\]", target))
    found = []
    for table in ("tcp", "tcp6"):
        if not os.path.exists("/proc/net/" + table):
            continue
        with open("/proc/net/" + table, encoding="ascii") as f:
            for line in f.read().splitlines()[1:]:
                part = line.split()
                if part[3] == "0A" and part[9] in inodes:
                    ip, port = part[1].split(":")
                    found.append((ip if table == "tcp6" else socket.inet_ntoa(
                        bytes.fromhex(ip)[::-1]), int(port, 16)))
    return found


def sdks():
    with on() as w:
        setup(w)
        offer = Offer(w)
        said = talk(offer.port, offer.request())
        got = body(said)
        tap.equal((status(said), sorted(got)), (200, [
            "AccessKeyId", "Expiration", "RoleArn", "SecretAccessKey",
            "Token"]), "the form of the SDKs")
        tap.ok(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
                            got["Expiration"]), "Expiration ends in Z")
        tap.ok(b"Connection: close" in said, "and the connection ends")
        r = w.run([PYTHON, "-c", BOTO], **offer.env(w))
        tap.ok("assumed-role/Alpha" in r.out, "boto3", r)
        env = Offer(w, "b").env(w, file=False)
        who = w.identity(**env)
        tap.ok("assumed-role/Beta" in str(who), "the AWS CLI", who)
        said = talk(offer.port, offer.request(
            host="localhost:%d" % offer.port))
        tap.equal(status(said), 200, "by the name localhost")
        node_once(w, offer)
        by_exec(w)
        r = w.ctl("logout", "a")
        tap.ok(r.rc == 0 and not os.path.exists(offer.file),
               "a logout takes the token away", r)
        tap.equal(status(talk(offer.port, offer.request())), 401,
                  "and who still has it is refused")


DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


def by_exec(w):
    """awsfedctl exec --endpoint sets it up."""
    static = {"AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SECRET_ACCESS_KEY": "old",
              "AWS_SESSION_TOKEN": "old", "AWS_PROFILE": "b",
              "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/old"}
    r = w.ctl("exec", "--endpoint", "a", "--", PYTHON, "-c", DUMP, **static)
    tap.ok(r.rc == 0 and r.err == "", "exec --endpoint", r)
    env, offer = json.loads(r.out), Offer(w)
    tap.equal([env.get("AWS_CONTAINER_" + k) for k in (
        "CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN",
        "AUTHORIZATION_TOKEN_FILE")], [offer.url, offer.token, offer.file],
        "the address, the token and its file")
    tap.equal([k for k in static if k in env], [], "contrary ones are gone")
    tap.equal(env["AWS_REGION"], "us-east-1", "and the region is there")
    tap.ok("AWS_CONFIG_FILE" not in env, "the files are seen still", env)
    # A default profile, which every SDK prefers, must not come in between.
    keep = w.read(w.config_file).decode(), w.read(w.credentials_file).decode()
    more = "[default]\naws_access_key_id = AKIADEFAULT\n" \
        "aws_secret_access_key = default\n"
    for path, text in ((w.config_file, keep[0]), (w.credentials_file,
                                                  keep[1])):
        w.write(path, more + text)
        r = w.ctl("exec", "a", "--endpoint", "--", PYTHON, "-c", BOTO)
        tap.ok("assumed-role/Alpha" in r.out,
               "a default profile in %s is not preferred" %
               os.path.basename(path), r)
        w.write(path, text)
    r = w.ctl("exec", "a", "--endpoint", "--need", "10m", "--", "/bin/true")
    tap.equal(r.rc, 0, "--need that the credentials themselves meet")
    r = w.ctl("exec", "a", "--endpoint", "--need", "3h", "--", "/bin/true")
    tap.equal(r.rc, 0, "--need that only the sign-in's renewals meet")
    r = w.ctl("exec", "a", "--endpoint", "--need", "100h", "--", "/bin/true")
    tap.ok(r.rc == 125 and "sign-in" in r.err, "--need that nothing meets", r)


def node_program(w, text):
    modules = os.environ.get("AWSFED_JS_SDK", "")
    if not os.path.isdir(os.path.join(modules, "@aws-sdk/client-sts")) or \
            shutil.which("node") is None:
        return None
    program = os.path.join(os.path.dirname(modules),
                           "awsfed-endpoint-%d.mjs" % os.getpid())
    with open(program, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(program, 0o644)
    return program


def node_once(w, offer):
    program = node_program(w, LONG_NODE)
    if program is None:
        tap.skip("the JavaScript SDK", "AWSFED_JS_SDK names no node_modules "
                 "with @aws-sdk/client-sts")
        return
    r = w.run(["/usr/bin/env", "node", program], stdin="go\n", timeout=60,
              **dict(offer.env(w), NODE_EXTRA_CA_CERTS=w.sim.ca,
                     **node_to_sim(w)))
    os.unlink(program)
    tap.ok("assumed-role/Alpha" in r.out, "the JavaScript SDK", r)


def node_to_sim(w):
    """It knows no proxy: the simulator by its own address."""
    return {"AWS_ENDPOINT_URL_STS": "https://localhost:%d" % w.sim.port}


# ---- what it is not -------------------------------------------------------------

def attacks(w, offer, other):
    good, host = offer.request(), "127.0.0.1:%d" % offer.port
    auth = "Authorization: %s\r\n" % offer.token
    first = "GET %s HTTP/1.1\r\n" % offer.path
    hidden = other.request()
    length = "Content-Length: %d\r\n" % len(hidden)
    chunked = "Transfer-Encoding: chunked\r\n"
    yield "no token", [offer.request(token=False)]
    yield "a wrong token", [offer.request(token="0" * 64)]
    yield "another profile's token", [offer.request(token=other.token)]
    yield "Bearer and the token", [offer.request(
        token="Bearer " + offer.token)]
    yield "an empty token", [offer.request(token=" ")]
    yield "Origin", [offer.request(more="Origin: http://evil.example\r\n")]
    yield "Sec-Fetch-Site", [offer.request(
        more="Sec-Fetch-Site: cross-site\r\n")]
    yield "Referer", [offer.request(more="Referer: http://x/\r\n")]
    yield "X-Forwarded-For", [offer.request(
        more="X-Forwarded-For: 10.0.0.1\r\n")]
    yield "a rebinding name", [offer.request(
        host="evil.example:%d" % offer.port)]
    yield "a Host without port", [offer.request(host="127.0.0.1")]
    yield "two Hosts", [offer.request(more="Host: %s\r\n" % host)]
    yield "no Host", [(first + auth + "\r\n").encode()]
    for method in ("POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "TRACE"):
        yield method, [offer.request(method=method)]
    for path in ("/", "/v1/credentials/", "/v1/credentials/a/",
                 "/v1/credentials/../credentials/a", "//v1/credentials/a",
                 "/v1/credentials/%61%00", "/v1/credentials/..%2fa",
                 "/v1/credentials/%2e%2e", "/v1//credentials/a",
                 "/v1/credentials/a?x", "/v1/credentials/a;x",
                 "/v1/credentials/a%0d%0aX", "/latest/meta-data/",
                 "/v1/credentials/b", "/v1/credentials/nope",
                 "/v1/credentials/../../../../etc/passwd"):
        yield "the path " + path, [offer.request(path=path)]
    yield "an absolute URI", [offer.request(path=offer.url)]
    yield "bare line feeds", [good.replace(b"\r\n", b"\n")]
    yield "one bare line feed", [good.replace(b"\r\n\r\n", b"\n\r\n")]
    yield "a folded line", [offer.request(more="X: a\r\n b\r\n")]
    yield "a blank before the colon", [offer.request(more="X : a\r\n")]
    yield "NUL in a value", [offer.request(more="X: a\0b\r\n")]
    yield "NUL in the path", [good.replace(b" HTTP", b"\0 HTTP")]
    yield "HTTP/2.0", [good.replace(b"HTTP/1.1", b"HTTP/2.0")]
    yield "HTTP/0.9", [("GET %s\r\n" % offer.path).encode()]
    yield "TLS", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" +
                  b"\r\n\r\n" * 60]
    yield "huge fields", [offer.request(more="X: %s\r\n" % ("y" * 9000))]
    yield "many fields", [offer.request(more="X: y\r\n" * 60)]
    yield "an endless first line", [b"GET /" + b"a" * 100000]
    yield "a body", [offer.request(more="Content-Length: 5\r\n") + b"12345"]
    yield "Content-Length: 0 and 5", [offer.request(
        more="Content-Length: 0\r\nContent-Length: 5\r\n"), b"12345"]
    yield "Expect", [offer.request(more="Expect: 100-continue\r\n")]
    yield "Upgrade", [offer.request(
        more="Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
             "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")]
    # A second request in what the first one might call its body.
    for name, more in (
            ("CL.TE", length + chunked), ("TE.CL", chunked + length),
            ("TE.TE", chunked + "Transfer-encoding: x\r\n"),
            ("TE with a tab", "Transfer-Encoding:\tchunked\r\n"),
            ("TE with a blank", "Transfer-Encoding : chunked\r\n"),
            ("TE folded", "Transfer-Encoding:\r\n chunked\r\n"),
            ("xTE", "X: y\nTransfer-Encoding: chunked\r\n"),
            ("CL", length)):
        head = (first + "Host: %s\r\n" % host + more + "\r\n").encode()
        for chunk in (b"", b"0\r\n\r\n"):
            yield name + " smuggling", [head + chunk + hidden]
            yield name + " smuggling in pieces", [head, chunk + hidden]


def refuses():
    """Nobody gets more than one answer, and nobody who should have none."""
    with on() as w:
        setup(w)
        offer, other = Offer(w), Offer(w, "b")
        for name, pieces in attacks(w, offer, other):
            said = talk(offer.port, *pieces)
            tap.ok(not SECRETS.search(said) and
                   said.count(b"HTTP/1.1 ") <= 1 and
                   (said == b"" or status(said) in (
                       400, 401, 403, 404, 405, 431)),
                   name + ": nothing", said[:400])
        for name, pieces in (
                ("two at once", [offer.request() + other.request()]),
                ("two of its own", [offer.request() * 2]),
                ("one after the other", [offer.request(), other.request()]),
                ("asked to keep alive", [offer.request(
                    more="Connection: keep-alive\r\n"), other.request(),
                    other.request()])):
            said = talk(offer.port, *pieces)
            tap.ok(said.count(b"HTTP/1.1 ") == 1 and
                   said.count(b"Expiration") <= 1 and
                   b"role/Beta" not in said,
                   name + ": at most the first is answered", said[:300])
        tap.equal(status(talk(offer.port, offer.request())), 200,
                  "after all that it serves")
        cut = [bytes([c]) for c in offer.request()]
        tap.equal(status(talk(offer.port, *cut, pause=0)), 200,
                  "also who sends byte by byte")
        tap.ok(offer.token not in w.log() and "evil" not in w.log(),
               "the log quotes none of it")
        other_user(w, offer)


ASK = """
import os, socket, sys
os.setgroups([]); os.setgid(4711); os.setuid(4711)
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
s.sendall(sys.stdin.buffer.read())
while True:
    more = s.recv(65536)
    if not more:
        break
    sys.stdout.buffer.write(more)
"""


def other_user(w, offer):
    if w.uid is None:
        tap.skip("another user with the token", "only root can be one")
        return
    said = subprocess.run([PYTHON, "-c", ASK, str(offer.port)],
                          input=offer.request(), stdout=subprocess.PIPE,
                          timeout=20, check=True).stdout
    tap.ok(status(said) == 403 and not SECRETS.search(said),
           "another user gets nothing, even with the token", said)


# ---- too many -----------------------------------------------------------------------

def ask_all(port, request, n, timeout):
    """n at once; how many got a 200, and the slowest one's seconds."""
    selector, left, good = selectors.DefaultSelector(), set(), 0
    start = time.monotonic()
    for _ in range(n):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        selector.register(s, selectors.EVENT_WRITE, bytearray())
        left.add(s)
    slowest = 0
    while left and time.monotonic() - start < timeout:
        for key, _ in selector.select(1):
            s = key.fileobj
            if key.events == selectors.EVENT_WRITE:
                try:
                    s.sendall(request)
                except OSError:
                    pass
                selector.modify(s, selectors.EVENT_READ, key.data)
                continue
            try:
                more = s.recv(65536)
            except OSError:
                more = b""
            key.data.extend(more)
            if not more:
                good += status(bytes(key.data)) == 200
                slowest = time.monotonic() - start
                selector.unregister(s)
                left.discard(s)
                s.close()
    for s in left:
        s.close()
    return good, slowest


def cpu(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        part = f.read().rsplit(")", 1)[1].split()
    return (int(part[11]) + int(part[12])) / os.sysconf("SC_CLK_TCK")


def crowds():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 2048 if hard == resource.RLIM_INFINITY else min(2048, hard)
    if soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
    with on() as w:
        setup(w)
        offer = Offer(w)
        good, slowest = ask_all(offer.port, offer.request(), 500, 30)
        tap.equal(good, 500, "500 parallel callers are served")
        tap.diag("the slowest took %.2f s" % slowest)
        # Those who never finish do not keep others out.
        slow = []
        for _ in range(400):
            s = socket.create_connection(("127.0.0.1", offer.port), 10)
            s.sendall(b"GET /v1/cred")
            slow.append(s)
        said = talk(offer.port, offer.request(), timeout=20)
        tap.equal(status(said), 200, "400 slow ones keep nobody out")
        w.wait(lambda: slow[-1].recv(4096) is not None, "a timeout", 10)
        for s in slow:
            s.close()
        # Those who do not read.
        for s in [socket.create_connection(("127.0.0.1", offer.port), 10)
                  for _ in range(100)]:
            s.sendall(offer.request())
            slow.append(s)
        tap.equal(status(talk(offer.port, offer.request(), timeout=20)), 200,
                  "nor do 100 who never read")
        for s in slow:
            s.close()


def no_descriptors():
    with harness.World(agent=False, settings={"endpoint": "on"}) as w:
        w.agent = w.spawn(["/bin/sh", "-c", "ulimit -n 48; exec " +
                           w.program("awsfedd")], "awsfedd")
        w.wait(w._listening, "the agent to listen", 10)
        setup(w)
        offer = Offer(w)
        many = []
        for _ in range(100):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", offer.port))
            many.append(s)
        start = cpu(w.agent.pid)
        time.sleep(1)
        spent = cpu(w.agent.pid) - start
        tap.ok(spent < 0.5, "without descriptors it does not spin",
               "%.2f s of processor in 1 s" % spent)
        for s in many:
            s.close()
        w.wait(lambda: status(talk(offer.port, offer.request())) == 200,
               "service with descriptors again", 20)
        tap.ok("no file descriptors are left: the container endpoint" in
               w.log(), "it says so, and serves when there are some again")


# ---- time passes ---------------------------------------------------------------------

def restart():
    with on() as w:
        setup(w)
        offer = Offer(w)
        for sig in (signal.SIGTERM, signal.SIGKILL):
            w.stop_agent(sig)
            w.start_agent()
            said = talk(offer.port, offer.request())
            tap.ok(status(said) in (200, 403, 503),
                   "after %s it listens where it did" % sig.name, said)
            if status(said) != 200:
                w.login("a", user=None)
            said = talk(offer.port, offer.request())
            tap.ok(status(said) == 200, "and the token is good", said)
        again = Offer(w)
        tap.equal((again.url, again.token), (offer.url, offer.token),
                  "who asks is told the same")
        # Somebody else has the port meanwhile: tokens sent there are burnt.
        w.stop_agent()
        with socket.socket() as squatter:
            squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            squatter.bind(("127.0.0.1", offer.port))
            squatter.listen()
            w.start_agent()
            w.login("a", user=None)
            tap.ok("Another program listens on port %d" % offer.port in
                   w.log() and "start them anew" in w.log(),
                   "an occupied port is told", w.log()[-2000:])
            fresh = Offer(w)
            tap.ok(fresh.port != offer.port and fresh.token != offer.token,
                   "another port, another token", fresh.reply)
            tap.equal(status(talk(fresh.port, fresh.request())), 200,
                      "which serve")
            tap.equal(status(talk(fresh.port, fresh.request(
                token=offer.token))), 401, "the old token does not")
            w.settings(endpoint="on", endpoint_port=str(offer.port))
            w.ctl("reload")
            reply = call(w, "Endpoint", profile="a")
            fault = reply.get("parameters", {})
            tap.ok(fault.get("kind") == "config" and
                   "Another program listens" in fault["text"] and
                   "endpoint_port" in fault["next"],
                   "an occupied port of the settings is a clear error",
                   reply)
        reply = call(w, "Endpoint", profile="a")
        tap.equal(reply.get("parameters", {}).get("url", "").split("/")[2:3],
                  ["127.0.0.1:%d" % offer.port], "once free it is taken")


def no_credentials():
    with on() as w:
        setup(w, login=False)
        offer = Offer(w)
        said = talk(offer.port, offer.request())
        before = w.sim.counters()
        start = time.monotonic()
        said = talk(offer.port, offer.request())
        got = body(said)
        tap.ok(status(said) == 403 and got["code"] == got["Code"] and
               "awsfedctl login a" in got["message"],
               "never signed in: an error that names the command", said)
        for _ in range(50):
            talk(offer.port, offer.request())
        tap.equal(w.sim.since(before), {}, "50 more calls cause no traffic")
        tap.ok(time.monotonic() - start < 20, "and none of them waits")
        # A sign-in that takes long: an answer comes all the same.
        w.login("a")
        other = Offer(w, "b")
        w.sim.fault("adfs-get", "delay", delay=3000)
        start = time.monotonic()
        said = talk(other.port, other.request())
        tap.ok(status(said) == 503 and time.monotonic() - start < 2.5,
               "while a sign-in takes long: try again, within a second or so",
               said, time.monotonic() - start)
        w.wait(lambda: status(talk(other.port, other.request())) == 200,
               "the keys", 20)
        tap.ok(True, "and then they are there")


class Long:
    """A program that runs on, asking when it is told to."""

    def __init__(self, w, argv, env):
        self.p = subprocess.Popen(
            argv, env=dict(w.env, **env), cwd="/", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, preexec_fn=w._preexec(True))
        w.children.append(self.p)

    def ask(self):
        self.p.stdin.write(b"\n")
        self.p.stdin.flush()
        line = [b""]
        t = threading.Thread(target=lambda: line.__setitem__(
            0, self.p.stdout.readline()), daemon=True)
        t.start()
        t.join(60)
        part = line[0].decode().split()
        return part if len(part) == 2 else [None, None]

    def end(self):
        self.p.stdin.close()
        return self.p.wait(20)


def renewals():
    """One client object, three renewals, an agent that was restarted."""
    if not os.path.exists(os.path.join(tap.builddir(),
                                       "tests/tools/warp.so")):
        tap.skip("clients that run on", "the preload was not built")
        return
    with harness.World(warp=True, settings={"endpoint": "on"}) as w:
        w.sim.set(sso_life=86400)
        setup(w)
        offer = Offer(w)
        clients = {"boto3": Long(w, [PYTHON, "-c", LONG_BOTO], offer.env(w))}
        program = node_program(w, LONG_NODE)
        if program is not None:
            clients["the JavaScript SDK"] = Long(
                w, ["/usr/bin/env", "node", program],
                dict(offer.env(w), NODE_EXTRA_CA_CERTS=w.sim.ca,
                     **node_to_sim(w)))
        else:
            tap.skip("the JavaScript SDK runs on", "AWSFED_JS_SDK names no "
                     "node_modules with @aws-sdk/client-sts")
        keys = {name: [c.ask()[0]] for name, c in clients.items()}
        passwords = w.sim.counters()
        # Within botocore's ten minutes before the end, where it must renew;
        # within its fifteen, where it would like to; after the end.
        moment = 0
        for n, seconds in enumerate((3100, 2800, 3700), 1):
            before = body(talk(offer.port, offer.request()))["AccessKeyId"]
            moment += seconds
            w.warp(moment)
            w.wait(lambda: status(talk(offer.port, offer.request())) == 200
                   and body(talk(offer.port, offer.request()))
                   ["AccessKeyId"] != before, "the renewal", 20)
            for name, c in clients.items():
                key, arn = c.ask()
                tap.ok(arn is not None and "assumed-role/Alpha" in arn,
                       "%s is let in after renewal %d" % (name, n), arn)
                keys[name].append(key)
            if n == 1:
                w.stop_agent()
                w.start_agent()
                w.login("a", "b", user=None)
                passwords = w.sim.counters()
        for name in clients:
            # JavaScript's waits for the end, botocore does not.
            least = 4 if name == "boto3" else 2
            tap.ok(len(set(keys[name])) >= least and None not in keys[name],
                   "%s has had %d keys" % (name, least), keys[name])
        tap.equal(w.sim.since(passwords).get("password_posts", 0), 0,
                  "without a password")
        for name, c in clients.items():
            tap.equal(c.end(), 0, name + " ends well")
        if program is not None:
            os.unlink(program)


def timed(case):
    def inner():
        start = time.monotonic()
        case()
        tap.diag("%s: %.1f s" % (case.__name__, time.monotonic() - start))
    inner.__name__ = case.__name__
    return inner


harness.need(timeout=400)
tap.run(*map(timed, (opt_in, sdks, refuses, crowds, no_descriptors, restart,
                     no_credentials, renewals)))
