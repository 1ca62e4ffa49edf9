# SPDX-License-Identifier: Apache-2.0
"""What the tests of the container endpoint share: its offers, raw requests."""
import json
import re
import selectors
import socket
import time

import harness
import tap
from harness import USER, role

A, B = role("111122223333", "Alpha"), role("111122223333", "Beta")
DEEP = role("222233334444", "Deep")
PYTHON = "/usr/bin/python3"
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


def ask_all(port, request, n, timeout):
    """n at once; how many got a 200, and the slowest one's seconds. As the SDKs
    do, one asks again whose connection ends without an answer: who is slow to
    say what they want loses their place to others."""
    selector, left, good = selectors.DefaultSelector(), set(), 0
    start = time.monotonic()

    def begin(tries):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        selector.register(s, selectors.EVENT_WRITE, (bytearray(), tries))
        left.add(s)

    for _ in range(n):
        begin(1)
    slowest = 0
    while left and time.monotonic() - start < timeout:
        for key, _ in selector.select(1):
            s, (data, tries) = key.fileobj, key.data
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
            data.extend(more)
            if more:
                continue
            selector.unregister(s)
            left.discard(s)
            s.close()
            if not data and tries < 3:
                begin(tries + 1)
                continue
            good += status(bytes(data)) == 200
            slowest = time.monotonic() - start
    for s in left:
        s.close()
    return good, slowest
