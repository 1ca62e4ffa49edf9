#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The container endpoint and those who should get nothing from it: raw
requests, too many of them, other users. TAP."""
import os
import resource
import socket
import subprocess
import time

import harness
import tap
from endpointlib import (A, DEEP, PYTHON, SECRETS, Offer, ask_all, body, on,
                         setup, status, talk)


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


# ---- too many ----

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


def joined():
    """A crowd that comes while the keys are being renewed; a chained one."""
    with on() as w:
        w.sim.role(DEEP, trust=[A])
        setup(w)
        w.profile("deep", host=None, role_arn=DEEP, source_profile="a")
        offer = Offer(w, "deep")
        w.wait(lambda: status(talk(offer.port, offer.request())) == 200,
               "the keys of a chained profile", 20)
        said = talk(offer.port, offer.request())
        tap.ok(body(said)["RoleArn"] == DEEP, "a chained profile", said)
        r = w.ctl("logout", "b")
        tap.equal(r.rc, 0, "one is logged out")
        r = w.login("b", user=None, password=None)
        tap.equal(r.rc, 0, "and in again, by the sign-in that lives")
        offer = Offer(w, "b")
        good, slowest = ask_all(offer.port, offer.request(), 300, 30)
        tap.equal(good, 300, "300 at once are served")
        # No keys at all, and a sign-in that takes its time.
        w.sim.set(sso_life=86400)
        w.stop_agent()
        os.unlink(w.credentials_file)
        w.start_agent()
        before = w.sim.counters()
        w.sim.fault("adfs-get", "delay", delay=700)
        good, slowest = ask_all(offer.port, offer.request(), 300, 30)
        tap.ok(slowest < 8, "nobody waits for long", slowest)
        tap.equal(w.sim.since(before).get("adfs_gets"), 1,
                  "300 callers, one visit")


harness.need(timeout=400)
tap.run(*map(tap.timed, (refuses, crowds, no_descriptors, joined)))
